#include "shim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *
memory_of(size_t n)
{
    void *p = calloc(n ? n : 1, 1);
    if (!p)
        abort();
    return p;
}

void
text_addn(struct text *t, const char *s, size_t n)
{
    if (t->n + n + 1 > t->cap) {
        size_t cap = (t->n + n + 1) * 2;
        char *more = realloc(t->s, cap);
        if (!more)
            abort();
        t->s = more;
        t->cap = cap;
    }
    if (n)
        memcpy(t->s + t->n, s, n);
    t->n += n;
    t->s[t->n] = '\0';
}

void
text_add(struct text *t, const char *s)
{
    text_addn(t, s, strlen(s));
}

static char *__attribute__((format(printf, 1, 0))) formatted(const char *format, va_list ap)
{
    char *s = NULL;
    if (vasprintf(&s, format, ap) < 0)
        abort();
    return s;
}

void
text_printf(struct text *t, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    char *s = formatted(format, ap);
    va_end(ap);
    text_add(t, s);
    free(s);
}

char *
text_format(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    char *s = formatted(format, ap);
    va_end(ap);
    return s;
}

const char *
text_of(const struct text *t)
{
    return t->s ? t->s : "";
}

void
text_clear(struct text *t)
{
    free(t->s);
    *t = (struct text){0};
}

bool
text_same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}
