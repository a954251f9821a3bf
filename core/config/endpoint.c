#include "config/parts.h"

#include "base/str.h"

#include <string.h>

static bool
endpoint_pin_is_sound(const char *pin)
{
    static const char prefix[] = "sha256//";
    /* 32 bytes in base64: 43 characters and one "=". */
    enum { DIGITS = 43 };
    if (strncmp(pin, prefix, sizeof(prefix) - 1) != 0)
        return false;
    pin += sizeof(prefix) - 1;
    return strspn(pin, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") ==
               DIGITS &&
           dr_streq(pin + DIGITS, "=");
}

void
dr_conf_endpoint(struct dr_conf *c, const struct dr_yaml *node, const char *what,
                 struct dr_conf_endpoint *e)
{
    struct urls {
        const char *url;
        const char **urls;
        size_t n_urls;
    } read = {0};
    static const struct dr_conf_key rows[] = {
        DR_CONF_KEY(struct urls, url, DR_CONF_URL),
        DR_CONF_MANY("urls", struct urls, urls, DR_CONF_URLS),
    };
    static const struct dr_conf_table table = {"", rows, DR_COUNT(rows), NULL};

    if (e->url && e->urls)
        dr_conf_problem(c, e->urls, "give one of them", "%s has both \"url\" and \"urls\"", what);
    /* Read as a map of its own, so that the same rows check both ways of writing it. */
    struct dr_yaml_pair pairs[2];
    struct dr_yaml some = {.kind = DR_YAML_MAP, .place = node->place, .pairs = pairs};
    if (e->url)
        pairs[some.n_pairs++] = (struct dr_yaml_pair){"url", e->url->place, e->url};
    if (e->urls)
        pairs[some.n_pairs++] = (struct dr_yaml_pair){"urls", e->urls->place, e->urls};
    dr_conf_read(c, &table, &some, what, &read);

    if (read.url) {
        e->at.urls = dr_arena_alloc(c->arena, 1, sizeof(*e->at.urls));
        e->at.urls[0] = read.url;
        e->at.n_urls = 1;
    } else {
        e->at.urls = read.urls;
        e->at.n_urls = read.n_urls;
    }
    for (size_t i = 0; i < e->at.n_urls; i++)
        for (size_t k = 0; k < i; k++)
            if (dr_streq(e->at.urls[i], e->at.urls[k]))
                dr_conf_problem(c, e->urls, NULL, "\"urls\" of %s lists %s twice", what,
                                dr_conf_word(c, e->at.urls[i]));
    if (e->at.pin && !endpoint_pin_is_sound(e->at.pin))
        dr_conf_problem(c, dr_yaml_get(node, "pin"), "drstor trust show prints the key to compare",
                        "\"pin\" of %s must be sha256// and 44 characters of base64", what);
}
