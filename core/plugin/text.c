#include "plugin/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Length of the UTF-8 character at S, 0 when it is none (RFC 3629: no overlong, no surrogates). */
static size_t
utf8_length(const unsigned char *s, size_t n)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (s[0] < 0x80)
        return 1;
    size_t len = s[0] >= 0xf0 && s[0] < 0xf5   ? 4
                 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
                 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
                                               : 0;
    if (len == 0 || len > n)
        return 0;
    uint32_t c = s[0] & (0xffu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (s[i] & 0x3f);
    }
    return c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : len;
}

bool
dr_utf8_valid(const char *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t len = utf8_length((const unsigned char *)s + i, n - i);
        if (len == 0)
            return false;
        i += len;
    }
    return true;
}

char *
dr_text_clean(struct dr_arena *a, const char *s)
{
    if (!s)
        return NULL;
    size_t n = strnlen(s, DR_TEXT_MAX);
    bool cut = n == DR_TEXT_MAX;
    if (cut)
        n -= 8; /* room for the dots */
    char *out = dr_arena_alloc(a, n + 8, 1);
    size_t o = 0;
    for (size_t i = 0; i < n;) {
        unsigned char c = (unsigned char)s[i];
        size_t len = utf8_length((const unsigned char *)s + i, n - i);
        if (len == 0 && cut && n - i < 4)
            break; /* a character that our own cut went through */
        if (len == 0 || (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f ||
            (c == 0xc2 && (unsigned char)s[i + 1] < 0xa0)) {
            out[o++] = '?';
            i += len ? len : 1;
            continue;
        }
        memcpy(out + o, s + i, len);
        o += len;
        i += len;
    }
    if (cut)
        memcpy(out + o, "...", 3);
    return out;
}

char *
dr_text_vprintf(struct dr_arena *a, const char *format, va_list ap)
{
    char text[DR_TEXT_MAX + 1];
    if (vsnprintf(text, sizeof(text), format, ap) < 0)
        return dr_arena_str(a, "(a message that could not be formatted)");
    return dr_text_clean(a, text);
}
