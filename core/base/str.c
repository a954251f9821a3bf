#include "base/str.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

void
dr_str_addn(struct dr_str *b, const char *text, size_t n)
{
    if (b->n + n + 1 > b->cap) {
        size_t cap = b->cap ? b->cap * 2 : 128;
        while (cap < b->n + n + 1)
            cap *= 2;
        b->s = dr_realloc(b->s, cap, 1);
        b->cap = cap;
    }
    memcpy(b->s + b->n, text, n);
    b->n += n;
    b->s[b->n] = '\0';
}

void
dr_str_add(struct dr_str *b, const char *text)
{
    dr_str_addn(b, text, strlen(text));
}

void
dr_str_printf(struct dr_str *b, const char *format, ...)
{
    char small[512];
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(small, sizeof(small), format, ap);
    va_end(ap);
    if (n < 0)
        return;
    if ((size_t)n < sizeof(small)) {
        dr_str_addn(b, small, (size_t)n);
        return;
    }
    char *big = dr_alloc0((size_t)n + 1, 1);
    va_start(ap, format);
    (void)vsnprintf(big, (size_t)n + 1, format, ap);
    va_end(ap);
    dr_str_addn(b, big, (size_t)n);
    free(big);
}

char *
dr_str_take(struct dr_str *b)
{
    char *s = b->s ? b->s : dr_strdup("");
    b->s = NULL;
    b->n = b->cap = 0;
    return s;
}

void
dr_str_freep(struct dr_str *b)
{
    free(b->s);
    b->s = NULL;
    b->n = b->cap = 0;
}

bool
dr_glob(const char *pattern, const char *text)
{
    const char *star = NULL, *mark = NULL;
    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            mark = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++mark;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}
