#include "cells.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Bytes of the character at S; 0: no UTF-8. */
static size_t
decode(const char *s, uint32_t *ret)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *u = (const unsigned char *)s;
    size_t n = *u < 0x80 ? 1 : *u >> 5 == 6 ? 2 : *u >> 4 == 14 ? 3 : *u >> 3 == 30 ? 4 : 0;
    *ret = *u;
    if (n < 2)
        return n;
    uint32_t c = *u & (0x7fU >> n);
    for (size_t i = 1; i < n; i++) {
        if ((u[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (u[i] & 0x3f);
    }
    *ret = c;
    return c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ? 0 : n;
}

static bool
steers(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

static size_t
width_of(uint32_t c)
{
    if ((c >= 0x300 && c <= 0x36f) || (c >= 0x200b && c <= 0x200d) || (c >= 0xfe00 && c <= 0xfe0f))
        return 0;
    return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) ||
                   (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) ||
                   (c >= 0xff00 && c <= 0xff60) || (c >= 0x1f300 && c <= 0x1faff) || c >= 0x20000
               ? 2
               : 1;
}

void
cells_clean(char *s)
{
    char *to = s;
    while (*s) {
        uint32_t c;
        size_t n = decode(s, &c);
        if (*s == '\n' || *s == '\t')
            *to++ = ' ';
        else if (n == 0 || steers(c))
            *to++ = '?';
        else
            for (size_t i = 0; i < n; i++)
                *to++ = s[i];
        s += n ? n : 1;
    }
    *to = '\0';
}

size_t
cells_cut(char *s, size_t n)
{
    size_t w = 0;
    while (*s) {
        uint32_t c;
        size_t bytes = decode(s, &c);
        if (w + width_of(c) > n) {
            *s = '\0';
            break;
        }
        w += width_of(c);
        s += bytes ? bytes : 1;
    }
    return w;
}
