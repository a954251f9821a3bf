/*
 * One arena for things that live and go together: a model, a fact base, a plan and all its strings.
 * Not for sharing between threads while it is written.
 */
#ifndef DR_BASE_ARENA_H
#define DR_BASE_ARENA_H

#include "base/mem.h"

#include <stdarg.h>

struct dr_arena;

struct dr_arena *dr_arena_new(void);
void dr_arena_free(struct dr_arena *a);
void dr_arena_freep(struct dr_arena **a);

/* Zeroed, aligned for any type. Never NULL. */
void *dr_arena_alloc(struct dr_arena *a, size_t n, size_t size);
#define dr_arena_new0(a, type) ((type *)dr_arena_alloc((a), 1, sizeof(type)))

/* NULL stays NULL. */
char *dr_arena_str(struct dr_arena *a, const char *s);
char *dr_arena_strn(struct dr_arena *a, const char *s, size_t n);
char *dr_arena_printf(struct dr_arena *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
char *dr_arena_vprintf(struct dr_arena *a, const char *format, va_list ap)
    __attribute__((format(printf, 2, 0)));

/* Grows an array that lives in the arena: doubles when N is 0 or a power of two. */
void *dr_arena_grow(struct dr_arena *a, void *array, size_t n, size_t size);
#define dr_arena_push(a, array, n)                                                                 \
    (*({                                                                                           \
        (array) = dr_arena_grow((a), (array), (n), sizeof((array)[0]));                            \
        &(array)[(n)++];                                                                           \
    }))

#endif
