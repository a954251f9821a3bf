/*
 * Ownership in the code itself: dr_auto(fn) frees on every path, dr_steal() hands over.
 *
 * Small allocations do not return NULL: when memory is gone the process stops. Every point at which
 * the controller may stop is one it can resume from (docs/architecture.md), so this is the crash we
 * already prove, instead of a second, untested way through every function.
 */
#ifndef DR_BASE_MEM_H
#define DR_BASE_MEM_H

#include <stddef.h>
#include <stdlib.h>

#define dr_auto(fn) __attribute__((cleanup(fn)))
#define dr_steal(p)                                                                                \
    ({                                                                                             \
        __typeof__(p) dr_steal_ = (p);                                                             \
        (p) = NULL;                                                                                \
        dr_steal_;                                                                                 \
    })
#define DR_COUNT(a) (sizeof(a) / sizeof((a)[0]))

void *dr_alloc0(size_t n, size_t size);
void *dr_realloc(void *p, size_t n, size_t size);
char *dr_strdup(const char *s);
#define dr_new0(type) ((type *)dr_alloc0(1, sizeof(type)))

/* Grows ARRAY (count N, capacity CAP) by one and yields the new, zeroed last element. */
#define dr_push(array, n, cap)                                                                     \
    (*({                                                                                           \
        if ((n) == (cap)) {                                                                        \
            (cap) = (cap) ? (cap)*2 : 8;                                                           \
            (array) = dr_realloc((array), (cap), sizeof((array)[0]));                              \
        }                                                                                          \
        __builtin_memset(&(array)[(n)], 0, sizeof((array)[0]));                                    \
        &(array)[(n)++];                                                                           \
    }))

void dr_freep(void *pp); /* for dr_auto: char *, void * */
void dr_closep(int *fd);

#endif
