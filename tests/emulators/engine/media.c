/* Which representation an answer has: what the client accepts best, XML when it does not say. */
#include "engine.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static enum emu_media
range_media(const char *range, size_t n)
{
    static const struct {
        const char *range;
        enum emu_media media;
    } known[] = {
        {"application/xml", MEDIA_XML}, {"text/xml", MEDIA_XML},          {"*/*", MEDIA_XML},
        {"application/*", MEDIA_XML},   {"application/json", MEDIA_JSON}, {"text/json", MEDIA_JSON},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strlen(known[i].range) == n && strncasecmp(known[i].range, range, n) == 0)
            return known[i].media;
    return MEDIA_NONE;
}

static double
range_quality(const char *range, size_t length)
{
    for (size_t i = 0; i + 2 < length; i++)
        if (range[i] == ';') {
            const char *s = range + i + 1;
            while (*s == ' ')
                s++;
            if (strncasecmp(s, "q=", 2) == 0)
                return strtod(s + 2, NULL);
        }
    return 1.0;
}

enum emu_media
media_choose(const char *accept)
{
    if (!accept || !*accept)
        return MEDIA_XML;
    enum emu_media best = MEDIA_NONE;
    double quality = 0;
    for (const char *s = accept; *s;) {
        while (*s == ' ' || *s == ',')
            s++;
        size_t length = strcspn(s, ",");
        size_t n = strcspn(s, ",; ");
        enum emu_media media = range_media(s, n);
        double q = range_quality(s, length);
        if (media != MEDIA_NONE && q > quality) {
            best = media;
            quality = q;
        }
        s += length;
    }
    return best;
}

/* What a body says it is. Nothing said: JSON, or XML when it begins like XML. */
enum emu_media
media_of(const char *content_type, const char *body)
{
    if (content_type && *content_type) {
        size_t n = strcspn(content_type, "; ");
        return strchr(content_type, '*') ? MEDIA_NONE : range_media(content_type, n);
    }
    while (*body == ' ' || *body == '\n' || *body == '\r' || *body == '\t')
        body++;
    return *body == '<' ? MEDIA_XML : MEDIA_JSON;
}
