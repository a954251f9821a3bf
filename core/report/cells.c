#include "report/cells.h"

#include "base/str.h"

#include <stdint.h>
#include <string.h>

struct range {
    uint32_t first, last;
};

/* Width does not come from the locale: a library must not depend on what its application set. */
static const struct range zero[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x0610, 0x061a}, {0x064b, 0x065f},
    {0x200b, 0x200d}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
};
static const struct range two[] = {
    {0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},
    {0x4e00, 0x9fff},   {0xa000, 0xa4cf},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},
    {0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x1f300, 0x1f64f},
    {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
};
/* Line and paragraph separators, what reverses the order of what follows, and what is no character.
 */
static const struct range steering[] = {
    {0x0000, 0x001f}, {0x007f, 0x009f}, {0x061c, 0x061c}, {0x200e, 0x200f}, {0x2028, 0x202e},
    {0x2066, 0x2069}, {0xfdd0, 0xfdef}, {0xfeff, 0xfeff}, {0xfffe, 0xffff},
};

static bool
among(const struct range *ranges, size_t n, uint32_t c)
{
    for (size_t i = 0; i < n; i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

/* Bytes of the character at S and its code; 0 when it is no UTF-8. */
static size_t
decode(const char *s, uint32_t *ret)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *u = (const unsigned char *)s;
    size_t n = *u < 0x80 ? 1 : *u >> 5 == 6 ? 2 : *u >> 4 == 14 ? 3 : *u >> 3 == 30 ? 4 : 0;
    if (n < 2) {
        *ret = *u;
        return n;
    }
    uint32_t c = *u & (0x7fU >> n);
    for (size_t i = 1; i < n; i++) {
        if ((u[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (u[i] & 0x3f);
    }
    if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *ret = c;
    return n;
}

static size_t
width_of(uint32_t c)
{
    return among(zero, DR_COUNT(zero), c) ? 0 : among(two, DR_COUNT(two), c) ? 2 : 1;
}

const char *
dr_cells_clean(struct dr_arena *a, const char *s)
{
    dr_auto(dr_str_freep) struct dr_str b = {0};
    while (*s) {
        uint32_t c = 0;
        size_t n = decode(s, &c);
        if (*s == '\n' || *s == '\t')
            dr_str_add(&b, " ");
        else if (n == 0 || among(steering, DR_COUNT(steering), c))
            dr_str_add(&b, "?");
        else
            dr_str_addn(&b, s, n);
        s += n ? n : 1;
    }
    return dr_arena_str(a, b.s ? b.s : "");
}

size_t
dr_cells_width(const char *s)
{
    size_t w = 0;
    while (*s) {
        uint32_t c = 0;
        size_t n = decode(s, &c);
        w += width_of(c);
        s += n ? n : 1;
    }
    return w;
}

const char *
dr_cells_cut(struct dr_arena *a, const char *s, size_t n)
{
    if (dr_cells_width(s) <= n)
        return s;
    if (n == 0)
        return "";
    size_t w = 0;
    const char *p = s;
    while (*p) {
        uint32_t c = 0;
        size_t bytes = decode(p, &c);
        if (w + width_of(c) > n - 1)
            break;
        w += width_of(c);
        p += bytes ? bytes : 1;
    }
    while (p > s && p[-1] == ' ')
        p--;
    return dr_arena_printf(a, "%.*s…", (int)(p - s), s);
}
