#include "config/schema.h"

#include "base/str.h"
#include "base/timetext.h"
#include "config/secret.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

void
dr_conf_problem(struct dr_conf *c, const struct dr_yaml *node, const char *hint, const char *format,
                ...)
{
    va_list ap;
    va_start(ap, format);
    const char *text = dr_arena_vprintf(c->arena, format, ap);
    va_end(ap);
    dr_problems_add(c->problems, &node->place, hint, "%s", text);
}

const char *
dr_conf_word(struct dr_conf *c, const char *text)
{
    return c->quiet ? "(not shown)" : dr_problems_word(c->problems, text);
}

/* Templates of other tools would otherwise become names that exist nowhere. */
static bool
conf_is_template(struct dr_conf *c, const struct dr_yaml *node)
{
    if (!strstr(node->text, "{{") && !strstr(node->text, "{%"))
        return false;
    dr_conf_problem(c, node, "write the value itself",
                    "\"{{\" begins a Jinja template, and those are not evaluated here");
    return true;
}

/* The common part of every scalar: there is one, of the right kind, and it is no template. */
static bool
conf_scalar(struct dr_conf *c, const struct dr_yaml *node, const char *label, const char *must_be)
{
    if (node->kind != DR_YAML_SCALAR) {
        dr_conf_problem(c, node, NULL, "%s must be %s, not %s", label, must_be,
                        dr_yaml_kind_text(node));
        return false;
    }
    if (node->null) {
        dr_conf_problem(c, node, NULL, "%s has no value", label);
        return false;
    }
    return !conf_is_template(c, node);
}

bool
dr_conf_text(struct dr_conf *c, const struct dr_yaml *node, const char *label, const char **ret)
{
    if (!conf_scalar(c, node, label, "text"))
        return false;
    if (!*node->text) {
        dr_conf_problem(c, node, NULL, "%s is empty", label);
        return false;
    }
    for (const char *t = node->text; *t; t++)
        if ((unsigned char)*t < 0x20 || *t == 0x7f) {
            dr_conf_problem(c, node, NULL, "%s must be one line without control characters", label);
            return false;
        }
    *ret = node->text;
    return true;
}

static bool
conf_name_is_safe(const char *name)
{
    static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    size_t n = strlen(name);
    return n >= 1 && n <= 128 && strchr(first, name[0]) &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:/-") ==
               n &&
           !strstr(name, "..");
}

bool
dr_conf_check_name(struct dr_conf *c, const struct dr_place *place, const char *label,
                   const char *name)
{
    if (conf_name_is_safe(name))
        return true;
    dr_problems_add(
        c->problems, place,
        "use a letter or digit first, then letters, digits and . _ : / -, at most 128, no \"..\"",
        "%s cannot be \"%s\"", label, dr_conf_word(c, name));
    return false;
}

bool
dr_conf_name(struct dr_conf *c, const struct dr_yaml *node, const char *label, const char **ret)
{
    const char *text;
    if (!dr_conf_text(c, node, label, &text) || !dr_conf_check_name(c, &node->place, label, text))
        return false;
    *ret = text;
    return true;
}

const char *
dr_conf_path(struct dr_conf *c, const char *path)
{
    if (path[0] == '/' || !*c->folder)
        return path;
    return dr_arena_printf(c->arena, "%s/%s", dr_streq(c->folder, "/") ? "" : c->folder, path);
}

/* The address itself is not shown when a password may be in it. */
static bool
conf_url(struct dr_conf *c, const struct dr_yaml *node, bool ssh_too, const char *label,
         const char **ret)
{
    static const char https[] = "https://", ssh[] = "ssh://";
    const char *url;
    if (!dr_conf_text(c, node, label, &url))
        return false;
    const char *scheme_end = strstr(url, "://");
    const char *host = scheme_end ? scheme_end + 3 : url;
    size_t host_n = strcspn(host, "/?#");
    bool is_ssh = ssh_too && strncmp(url, ssh, sizeof(ssh) - 1) == 0;
    if (memchr(host, '@', host_n)) {
        dr_conf_problem(c, node, "give them as user and password",
                        "%s must not hold a user or a password", label);
        return false;
    }
    if (!is_ssh && strncmp(url, https, sizeof(https) - 1) != 0) {
        dr_conf_problem(c, node, NULL, "%s must begin with https://%s", label,
                        ssh_too ? " or ssh://" : "");
        return false;
    }
    if (!host_n || host[0] == ':' || strpbrk(url, is_ssh ? " ?#\"\\<>%" : " ?#\"\\<>") ||
        (is_ssh && host[host_n])) {
        dr_conf_problem(c, node, NULL,
                        is_ssh ? "%s must be ssh://HOST or ssh://HOST:PORT"
                               : "%s must be https://HOST, https://HOST:PORT or one with a path",
                        label);
        return false;
    }
    *ret = url;
    return true;
}

static bool
conf_span(struct dr_conf *c, const struct dr_yaml *node, const struct dr_conf_key *key,
          const char *label, int64_t v)
{
    if (key->most <= 0 || (v >= key->least && v <= key->most))
        return true;
    const char *unit = key->kind == DR_CONF_DURATION ? " s" : "";
    dr_conf_problem(c, node, NULL, "%s must be between %lld%s and %lld%s", label,
                    (long long)key->least, unit, (long long)key->most, unit);
    return false;
}

static void
conf_duration(struct dr_conf *c, const struct dr_yaml *node, const struct dr_conf_key *key,
              const char *label, int64_t *out)
{
    int64_t v;
    if (!conf_scalar(c, node, label, "a duration"))
        return;
    if (!dr_duration_parse(node->text, &v))
        dr_conf_problem(c, node, "write it as 30s, 5m, 2h or 90d",
                        "%s is \"%s\", which is no duration", label, dr_conf_word(c, node->text));
    else if (conf_span(c, node, key, label, v))
        *out = v;
}

static void
conf_count(struct dr_conf *c, const struct dr_yaml *node, const struct dr_conf_key *key,
           const char *label, int64_t *out)
{
    if (!conf_scalar(c, node, label, "a number"))
        return;
    char *end;
    errno = 0;
    long long v = strtoll(node->text, &end, 10);
    if (errno || end == node->text || *end)
        dr_conf_problem(c, node, NULL, "%s is \"%s\", which is no number", label,
                        dr_conf_word(c, node->text));
    else if (conf_span(c, node, key, label, v))
        *out = v;
}

static void
conf_bool(struct dr_conf *c, const struct dr_yaml *node, const char *label, bool *out)
{
    static const char *const words[2][3] = {{"false", "no", "off"}, {"true", "yes", "on"}};
    if (!conf_scalar(c, node, label, "true or false"))
        return;
    for (size_t v = 0; v < 2; v++)
        for (size_t i = 0; i < DR_COUNT(words[v]); i++)
            if (strcasecmp(node->text, words[v][i]) == 0) {
                *out = v == 1;
                return;
            }
    dr_conf_problem(c, node, NULL, "%s is \"%s\"; it must be true or false", label,
                    dr_conf_word(c, node->text));
}

static const char *
conf_choices(struct dr_conf *c, const struct dr_names *names)
{
    const char *all = names->names[1];
    for (size_t i = 2; i < names->n; i++)
        all = dr_arena_printf(c->arena, "%s%s%s", all, i + 1 == names->n ? " or " : ", ",
                              names->names[i]);
    return all;
}

static void
conf_enum(struct dr_conf *c, const struct dr_yaml *node, const struct dr_names *names,
          const char *label, unsigned *out)
{
    if (!conf_scalar(c, node, label, conf_choices(c, names)))
        return;
    /* Value 0 is "unknown" in every list and cannot be asked for. */
    int v = dr_name_value(names, node->text);
    if (v > 0)
        *out = (unsigned)v;
    else
        dr_conf_problem(
            c, node,
            dr_problems_did_you_mean(c->problems, node->text, names->names + 1, names->n - 1),
            "%s is \"%s\"; it must be %s", label, dr_conf_word(c, node->text),
            conf_choices(c, names));
}

bool
dr_conf_is_map(struct dr_conf *c, const struct dr_yaml *node, const char *label)
{
    if (node->kind == DR_YAML_MAP || (node->kind == DR_YAML_SCALAR && node->null))
        return true;
    dr_conf_problem(c, node, NULL, "%s must be a map, not %s", label, dr_yaml_kind_text(node));
    return false;
}

bool
dr_conf_is_list(struct dr_conf *c, const struct dr_yaml *node, const char *label)
{
    if (node->kind == DR_YAML_LIST || (node->kind == DR_YAML_SCALAR && node->null))
        return true;
    dr_conf_problem(c, node, "write [ ... ]", "%s must be a list, not %s", label,
                    dr_yaml_kind_text(node));
    return false;
}

static bool
conf_list_item(struct dr_conf *c, const struct dr_yaml *node, enum dr_conf_kind each,
               const char *label, const char **ret)
{
    if (each == DR_CONF_NAME)
        return dr_conf_name(c, node, label, ret);
    if (each == DR_CONF_URL || each == DR_CONF_ADDRESS)
        return conf_url(c, node, each == DR_CONF_ADDRESS, label, ret);
    return dr_conf_text(c, node, label, ret);
}

bool
dr_conf_texts(struct dr_conf *c, const struct dr_yaml *node, enum dr_conf_kind each,
              const char *label, const char ***ret, size_t *ret_n)
{
    if (!dr_conf_is_list(c, node, label))
        return false;
    if (!node->n_items) {
        dr_conf_problem(c, node, NULL, "%s is empty", label);
        return false;
    }
    const char **list = dr_arena_alloc(c->arena, node->n_items, sizeof(*list));
    const char *item_label = dr_arena_printf(c->arena, "an entry of %s", label);
    for (size_t i = 0; i < node->n_items; i++)
        if (!conf_list_item(c, node->items[i], each, item_label, &list[i]))
            return false;
    *ret = list;
    *ret_n = node->n_items;
    return true;
}

static void
conf_value(struct dr_conf *c, const struct dr_conf_key *key, const struct dr_yaml *node,
           const char *what, void *out)
{
    void *at = (char *)out + key->offset;
    const char *label = dr_arena_printf(c->arena, "\"%s\" of %s", key->name, what);
    switch (key->kind) {
    case DR_CONF_NODE:
        *(const struct dr_yaml **)at = node;
        return;
    case DR_CONF_TEXT:
        (void)dr_conf_text(c, node, label, at);
        return;
    case DR_CONF_NAME:
        (void)dr_conf_name(c, node, label, at);
        return;
    case DR_CONF_PATH:
        if (dr_conf_text(c, node, label, at))
            *(const char **)at = dr_conf_path(c, *(const char **)at);
        return;
    case DR_CONF_URL:
    case DR_CONF_ADDRESS:
        (void)conf_url(c, node, key->kind == DR_CONF_ADDRESS, label, at);
        return;
    case DR_CONF_DURATION:
        conf_duration(c, node, key, label, at);
        return;
    case DR_CONF_COUNT:
        conf_count(c, node, key, label, at);
        return;
    case DR_CONF_BOOL:
        conf_bool(c, node, label, at);
        return;
    case DR_CONF_ENUM:
        conf_enum(c, node, key->names, label, at);
        return;
    case DR_CONF_TEXTS:
    case DR_CONF_NAMES:
    case DR_CONF_URLS:
    case DR_CONF_ADDRESSES:
        (void)dr_conf_texts(c, node,
                            key->kind == DR_CONF_NAMES       ? DR_CONF_NAME
                            : key->kind == DR_CONF_URLS      ? DR_CONF_URL
                            : key->kind == DR_CONF_ADDRESSES ? DR_CONF_ADDRESS
                                                             : DR_CONF_TEXT,
                            label, at, (size_t *)(void *)((char *)out + key->n_offset));
        return;
    case DR_CONF_SECRET:
        (void)dr_conf_secret(c, node, label, at);
        return;
    case DR_CONF_UNKNOWN:
        return;
    }
}

/* The row that was meant, or table->n: a slip in a needed key is not told as a missing key as
 * well. */
static size_t
conf_unknown_key(struct dr_conf *c, const struct dr_conf_table *table,
                 const struct dr_yaml_pair *pair, const char *what)
{
    const char **names = dr_arena_alloc(c->arena, table->n, sizeof(*names));
    for (size_t i = 0; i < table->n; i++)
        names[i] = table->keys[i].name;
    const char *hint = dr_problems_did_you_mean(c->problems, pair->key, names, table->n);
    const char *near = hint ? dr_nearest(pair->key, names, table->n) : NULL;
    dr_problems_add(c->problems, &pair->place, hint, "unknown key \"%s\" in %s",
                    dr_conf_word(c, pair->key), what);
    size_t k = 0;
    while (k < table->n && table->keys[k].name != near)
        k++;
    return k;
}

static bool
conf_absent(const struct dr_conf *c, const struct dr_yaml *value)
{
    return c->nulls_are_absent && value->kind == DR_YAML_SCALAR && (value->null || !*value->text);
}

void
dr_conf_read(struct dr_conf *c, const struct dr_conf_table *table, const struct dr_yaml *node,
             const char *what, void *out)
{
    if (!dr_conf_is_map(c, node, what))
        return;
    uint64_t seen = 0;
    assert(table->n <= 64); /* one bit of `seen` each */
    for (size_t i = 0; i < node->n_pairs; i++) {
        const struct dr_yaml_pair *pair = &node->pairs[i];
        size_t k = 0;
        while (k < table->n && !dr_streq(table->keys[k].name, pair->key))
            k++;
        if (k == table->n && table->other) {
            table->other(c, pair, what, out);
        } else if (k == table->n) {
            k = conf_unknown_key(c, table, pair, what);
            seen |= k < table->n ? UINT64_C(1) << k : 0;
        } else if (!conf_absent(c, pair->value)) {
            seen |= UINT64_C(1) << k;
            conf_value(c, &table->keys[k], pair->value, what, out);
        }
    }
    for (size_t k = 0; k < table->n; k++)
        if (table->keys[k].required && !(seen & UINT64_C(1) << k))
            dr_conf_problem(c, node, NULL, "%s needs \"%s\"", what, table->keys[k].name);
}

void
dr_conf_missing(struct dr_conf *c, const struct dr_yaml *node, const char *what, const char *name,
                const char *const *candidates, size_t n)
{
    bool told = c->problems->n >= DR_PROBLEMS_MAX; /* nobody would see the hint */
    const char *near = told ? NULL : dr_nearest(name, candidates, n);
    dr_conf_problem(c, node, near ? dr_arena_printf(c->arena, "did you mean %s?", near) : NULL,
                    "%s %s is not defined", what, dr_conf_word(c, name));
}
