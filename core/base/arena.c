#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct chunk {
    struct chunk *next;
    size_t used;
    size_t size;
    _Alignas(max_align_t) unsigned char data[];
};

struct dr_arena {
    struct chunk *head;
};

static const size_t chunk_min = 8192;

static _Noreturn void
out_of_memory(void)
{
    static const char text[] = "drstor: out of memory; stopping. Runs can be resumed.\n";
    (void)!fwrite(text, 1, sizeof(text) - 1, stderr);
    abort();
}

void *
dr_alloc0(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size ? size : 1);
    if (!p)
        out_of_memory();
    return p;
}

void *
dr_realloc(void *p, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes))
        out_of_memory();
    void *q = realloc(p, bytes ? bytes : 1);
    if (!q)
        out_of_memory();
    return q;
}

char *
dr_strdup(const char *s)
{
    if (!s)
        return NULL;
    char *d = strdup(s);
    if (!d)
        out_of_memory();
    return d;
}

void
dr_freep(void *pp)
{
    void **p = pp;
    free(*p);
    *p = NULL;
}

struct dr_arena *
dr_arena_new(void)
{
    return dr_new0(struct dr_arena);
}

void
dr_arena_free(struct dr_arena *a)
{
    if (!a)
        return;
    for (struct chunk *c = a->head; c;) {
        struct chunk *next = c->next;
        free(c);
        c = next;
    }
    free(a);
}

void
dr_arena_freep(struct dr_arena **a)
{
    dr_arena_free(*a);
    *a = NULL;
}

void *
dr_arena_alloc(struct dr_arena *a, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes) || bytes > SIZE_MAX / 2)
        out_of_memory();
    bytes = (bytes + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);

    struct chunk *c = a->head;
    if (!c || c->size - c->used < bytes) {
        size_t want = bytes > chunk_min ? bytes : chunk_min;
        c = dr_alloc0(1, sizeof(*c) + want);
        c->size = want;
        c->next = a->head;
        a->head = c;
    }
    void *p = c->data + c->used;
    c->used += bytes;
    return p;
}

char *
dr_arena_strn(struct dr_arena *a, const char *s, size_t n)
{
    if (!s)
        return NULL;
    char *d = dr_arena_alloc(a, n + 1, 1);
    memcpy(d, s, n);
    return d;
}

char *
dr_arena_str(struct dr_arena *a, const char *s)
{
    return s ? dr_arena_strn(a, s, strlen(s)) : NULL;
}

char *
dr_arena_vprintf(struct dr_arena *a, const char *format, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (n < 0)
        return dr_arena_str(a, "");
    char *d = dr_arena_alloc(a, (size_t)n + 1, 1);
    (void)vsnprintf(d, (size_t)n + 1, format, ap);
    return d;
}

char *
dr_arena_printf(struct dr_arena *a, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    char *d = dr_arena_vprintf(a, format, ap);
    va_end(ap);
    return d;
}

void *
dr_arena_grow(struct dr_arena *a, void *array, size_t n, size_t size)
{
    if (n && (n & (n - 1)))
        return array;
    void *bigger = dr_arena_alloc(a, n ? n * 2 : 1, size);
    if (n)
        memcpy(bigger, array, n * size);
    return bigger;
}
