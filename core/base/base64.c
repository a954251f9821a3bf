#include "base/base64.h"

#include "base/mem.h"

#include <string.h>

static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *
dr_base64(const void *bytes, size_t n)
{
    const unsigned char *in = bytes;
    char *out = dr_alloc0(n / 3 * 4 + 5, 1);
    size_t o = 0;
    for (size_t i = 0; i < n; i += 3) {
        unsigned v = (unsigned)in[i] << 16;
        v |= i + 1 < n ? (unsigned)in[i + 1] << 8 : 0;
        v |= i + 2 < n ? in[i + 2] : 0;
        out[o++] = set[v >> 18];
        out[o++] = set[v >> 12 & 63];
        out[o++] = i + 1 < n ? set[v >> 6 & 63] : '=';
        out[o++] = i + 2 < n ? set[v & 63] : '=';
    }
    return out;
}

unsigned char *
dr_base64_bytes(const char *text, size_t n, size_t *ret_n)
{
    size_t pad = 0;
    while (pad < 2 && pad < n && text[n - 1 - pad] == '=')
        pad++;
    if (n % 4)
        return NULL;
    dr_auto(dr_freep) unsigned char *out = dr_alloc0(n / 4 * 3 + 1, 1);
    for (size_t i = 0; i < n; i++) {
        const char *at = i < n - pad ? memchr(set, text[i], 64) : set;
        if (!at)
            return NULL;
        unsigned v = (unsigned)(at - set) << (18 - 6 * (i % 4));
        for (size_t b = 0; b < 3; b++)
            out[i / 4 * 3 + b] |= (unsigned char)(v >> (16 - 8 * b));
    }
    *ret_n = n / 4 * 3 - pad;
    return dr_steal(out);
}
