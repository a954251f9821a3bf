#include "span.h"

#include <string.h>

struct ld_span
ld_span(const char *s)
{
    return (struct ld_span){s, s ? strlen(s) : 0};
}

bool
ld_is(struct ld_span a, const char *text)
{
    return ld_same(a, ld_span(text));
}

bool
ld_same(struct ld_span a, struct ld_span b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.s, b.s, a.n) == 0);
}

bool
ld_begins(struct ld_span a, const char *text)
{
    size_t n = strlen(text);
    return a.n >= n && (n == 0 || memcmp(a.s, text, n) == 0);
}

bool
ld_holds(struct ld_span a, const char *text, struct ld_span *ret_after)
{
    size_t n = strlen(text);
    const char *at = a.n >= n && n > 0 ? memmem(a.s, a.n, text, n) : NULL;
    if (at && ret_after)
        *ret_after = (struct ld_span){at + n, a.n - (size_t)(at - a.s) - n};
    return at != NULL;
}

bool
ld_cut(struct ld_span a, char c, struct ld_span *ret_left, struct ld_span *ret_right)
{
    const char *at = a.n ? memchr(a.s, c, a.n) : NULL;
    if (!at)
        return false;
    size_t n = (size_t)(at - a.s);
    if (ret_left)
        *ret_left = (struct ld_span){a.s, n};
    if (ret_right)
        *ret_right = (struct ld_span){at + 1, a.n - n - 1};
    return true;
}

bool
ld_line(struct ld_span *rest, struct ld_span *ret)
{
    struct ld_span all = *rest;
    if (all.n == 0)
        return false;
    if (!ld_cut(all, '\n', ret, rest)) {
        *ret = all;
        *rest = (struct ld_span){all.s + all.n, 0};
    }
    return true;
}

bool
ld_word(struct ld_span *rest, struct ld_span *ret)
{
    while (rest->n && (*rest->s == ' ' || *rest->s == '\t')) {
        rest->s++;
        rest->n--;
    }
    size_t n = 0;
    while (n < rest->n && rest->s[n] != ' ' && rest->s[n] != '\t')
        n++;
    if (n == 0)
        return false;
    *ret = (struct ld_span){rest->s, n};
    rest->s += n;
    rest->n -= n;
    return true;
}

bool
ld_value(struct ld_span a, const char *key, char end, struct ld_span *ret)
{
    for (struct ld_span one, name, value; a.n;) {
        if (!ld_cut(a, end, &one, &a)) {
            one = a;
            a.n = 0;
        }
        if (!ld_cut(one, '=', &name, &value) || !ld_is(name, key))
            continue;
        *ret = value;
        return true;
    }
    return false;
}

static unsigned
digit(char c)
{
    return c >= '0' && c <= '9'   ? (unsigned)(c - '0')
           : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
           : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                  : 99;
}

bool
ld_number(struct ld_span a, unsigned base, uint64_t *ret)
{
    uint64_t v = 0;
    if (a.n == 0 || a.n > 20)
        return false;
    for (size_t i = 0; i < a.n; i++) {
        unsigned d = digit(a.s[i]);
        if (d >= base || v > (UINT64_MAX - d) / base)
            return false;
        v = v * base + d;
    }
    *ret = v;
    return true;
}
