/* A growing string. */
#ifndef DR_BASE_STR_H
#define DR_BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct dr_str {
    char *s; /* NUL-terminated, or NULL while empty */
    size_t n;
    size_t cap;
};

void dr_str_add(struct dr_str *b, const char *text);
void dr_str_addn(struct dr_str *b, const char *text, size_t n);
void dr_str_printf(struct dr_str *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *dr_str_take(struct dr_str *b); /* never NULL; the caller frees */
void dr_str_freep(struct dr_str *b);

static inline bool
dr_streq(const char *a, const char *b)
{
    return a == b || (a && b && __builtin_strcmp(a, b) == 0);
}

/* Shell-like match of "*" and "?" only, as VM names are given in the configuration. */
bool dr_glob(const char *pattern, const char *text);

#endif
