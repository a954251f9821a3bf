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

static bool
is_ssh(const char *url)
{
    return strncmp(url, "ssh://", 6) == 0;
}

/* KEY of NODE belongs to the other way of reaching an array. */
static void
endpoint_not_here(struct dr_conf *c, const struct dr_yaml *node, const char *key, const char *what,
                  const char *why)
{
    const struct dr_yaml *value = dr_yaml_get(node, key);
    if (value)
        dr_conf_problem(c, value, NULL, "\"%s\" of %s %s", key, what, why);
}

/* Without its known hosts nobody knows who answers, and there is no trust on first use. */
static void
endpoint_ssh(struct dr_conf *c, const struct dr_yaml *node, const char *what,
             const struct dr_conf_endpoint *e)
{
    bool key = dr_yaml_get(node, "key") != NULL;
    endpoint_not_here(c, node, "ca", what, "is for https; ssh knows a host by \"known_hosts\"");
    endpoint_not_here(c, node, "pin", what, "is for https; ssh knows a host by \"known_hosts\"");
    if (!dr_yaml_get(node, "user"))
        dr_conf_problem(c, node, NULL, "%s is reached by ssh and needs \"user\"", what);
    if (!dr_yaml_get(node, "known_hosts"))
        dr_conf_problem(c, node, "a file as ssh keeps it, with the host's key in it",
                        "%s is reached by ssh and needs \"known_hosts\"", what);
    if (!key && !e->at.agent)
        dr_conf_problem(c, node, "write key: { file: ... }",
                        "%s is reached by ssh and needs \"key\", or \"agent: true\"", what);
    if (!key)
        endpoint_not_here(c, node, "password", what,
                          "is the passphrase of \"key\", and there is no key");
}

static void
endpoint_scheme(struct dr_conf *c, const struct dr_yaml *node, const char *what,
                const struct dr_conf_endpoint *e)
{
    static const char why[] = "is for ssh, and its url does not begin with ssh://";
    size_t n_ssh = 0;
    for (size_t i = 0; i < e->at.n_urls; i++)
        n_ssh += is_ssh(e->at.urls[i]);
    if (n_ssh && n_ssh < e->at.n_urls)
        dr_conf_problem(c, e->urls, NULL, "\"urls\" of %s are some https:// and some ssh://", what);
    else if (n_ssh)
        endpoint_ssh(c, node, what, e);
    else if (e->at.n_urls || !(e->url || e->urls)) { /* else that was told */
        endpoint_not_here(c, node, "key", what, why);
        endpoint_not_here(c, node, "known_hosts", what, why);
        endpoint_not_here(c, node, "agent", what, why);
    }
}

static void
endpoint_urls(struct dr_conf *c, const struct dr_yaml *node, const char *what, bool ssh,
              struct dr_conf_endpoint *e)
{
    struct urls {
        const char *url;
        const char **urls;
        size_t n_urls;
    } read = {0};
    static const struct dr_conf_key https_rows[] = {
        DR_CONF_KEY(struct urls, url, DR_CONF_URL),
        DR_CONF_MANY("urls", struct urls, urls, DR_CONF_URLS),
    };
    static const struct dr_conf_key ssh_rows[] = {
        DR_CONF_KEY(struct urls, url, DR_CONF_ADDRESS),
        DR_CONF_MANY("urls", struct urls, urls, DR_CONF_ADDRESSES),
    };
    const struct dr_conf_table table = {"", ssh ? ssh_rows : https_rows, DR_COUNT(ssh_rows), NULL};

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
}

void
dr_conf_endpoint(struct dr_conf *c, const struct dr_yaml *node, const char *what, bool ssh,
                 struct dr_conf_endpoint *e)
{
    if (e->url && e->urls)
        dr_conf_problem(c, e->urls, "give one of them", "%s has both \"url\" and \"urls\"", what);
    endpoint_urls(c, node, what, ssh, e);
    for (size_t i = 0; i < e->at.n_urls; i++)
        for (size_t k = 0; k < i; k++)
            if (dr_streq(e->at.urls[i], e->at.urls[k]))
                dr_conf_problem(c, e->urls, NULL, "\"urls\" of %s lists %s twice", what,
                                dr_conf_word(c, e->at.urls[i]));
    if (e->at.pin && !endpoint_pin_is_sound(e->at.pin))
        dr_conf_problem(c, dr_yaml_get(node, "pin"), "drstor trust show prints the key to compare",
                        "\"pin\" of %s must be sha256// and 44 characters of base64", what);
    if (ssh)
        endpoint_scheme(c, node, what, e);
}
