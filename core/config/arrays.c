#include "config/parts.h"

#include "base/str.h"
#include "config/secret.h"

#include <string.h>

enum { ARRAYS_MAX = 1024 };

struct array_read {
    const char *plugin;
    const struct dr_yaml *site;
    struct dr_conf_endpoint endpoint;
    struct dr_conf_settings settings;
};

static const struct dr_conf_key array_keys[] = {
    DR_CONF_NEED(struct array_read, plugin, DR_CONF_NAME),
    DR_CONF_NEED(struct array_read, site, DR_CONF_NODE),
    DR_CONF_ENDPOINT_KEYS(struct array_read, endpoint, false),
    DR_CONF_SSH_KEYS(struct array_read, endpoint),
};

static void
array_other(struct dr_conf *c, const struct dr_yaml_pair *pair, const char *what, void *out)
{
    dr_conf_setting(c, pair, what, &((struct array_read *)out)->settings);
}

const struct dr_conf_table dr_conf_array_table = {"arrays.NAME", array_keys, DR_COUNT(array_keys),
                                                  array_other};

/* Does a key of this name hold a secret, whatever the plugin calls it? */
static bool
setting_sounds_secret(const char *key)
{
    static const char *const ends[] = {"password", "passwd", "passphrase", "secret", "token"};
    size_t n = strlen(key);
    for (size_t i = 0; i < DR_COUNT(ends); i++) {
        size_t e = strlen(ends[i]);
        if (n >= e && dr_streq(key + n - e, ends[i]))
            return true;
    }
    return false;
}

static const char *
setting_list(struct dr_conf *c, const struct dr_yaml *node, const char *label)
{
    const char **items, *all = NULL;
    size_t n;
    if (!dr_conf_texts(c, node, DR_CONF_TEXT, label, &items, &n))
        return NULL;
    for (size_t i = 0; i < n; i++) {
        if (strchr(items[i], ',')) {
            dr_conf_problem(c, node->items[i], NULL, "an entry of %s must not hold a comma", label);
            return NULL;
        }
        all = all ? dr_arena_printf(c->arena, "%s,%s", all, items[i]) : items[i];
    }
    return all;
}

void
dr_conf_setting(struct dr_conf *c, const struct dr_yaml_pair *pair, const char *what,
                struct dr_conf_settings *out)
{
    /* Most likely a slip, and then the value is a password that no message may ever repeat. */
    static const char *const password[] = {"password"};
    const char *near = dr_problems_did_you_mean(c->problems, pair->key, password, 1);
    if (near && !setting_sounds_secret(pair->key)) {
        dr_problems_add(c->problems, &pair->place, near, "unknown key \"%s\" in %s",
                        dr_conf_word(c, pair->key), what);
        return;
    }
    if (!dr_conf_check_name(c, &pair->place, "a key", pair->key))
        return;
    const char *label = dr_arena_printf(c->arena, "\"%s\" of %s", pair->key, what);
    struct dr_setting s = {.key = pair->key, .place = pair->value->place};
    if (setting_sounds_secret(pair->key) || dr_conf_is_secret(pair->value)) {
        if (!dr_conf_secret(c, pair->value, label, &s.secret))
            return;
    } else if (pair->value->kind == DR_YAML_LIST) {
        s.value = setting_list(c, pair->value, label);
        if (!s.value)
            return;
    } else if (!dr_conf_text(c, pair->value, label, &s.value)) {
        return;
    }
    dr_arena_push(c->arena, out->list, out->n) = s;
}

static void
array_read(struct dr_conf *c, const struct dr_yaml_pair *pair, struct dr_array *array)
{
    const char *what = dr_arena_printf(c->arena, "array %s", dr_conf_word(c, pair->key));
    struct array_read read = {0};
    (void)dr_conf_check_name(c, &pair->place, "an array's name", pair->key);
    dr_conf_read(c, &dr_conf_array_table, pair->value, what, &read);
    dr_conf_endpoint(c, pair->value, what, true, &read.endpoint);
    *array = (struct dr_array){
        .name = pair->key,
        .plugin = read.plugin,
        .at = read.endpoint.at,
        .settings = read.settings.list,
        .n_settings = read.settings.n,
        .place = pair->place,
    };
    /* The plugin's name becomes a part of a file name. */
    if (read.plugin && strpbrk(read.plugin, "/:"))
        dr_conf_problem(c, dr_yaml_get(pair->value, "plugin"), "write the plugin's name alone",
                        "\"plugin\" of %s must not hold / or :", what);
    if (read.site)
        array->site = dr_conf_site(c, read.site, dr_arena_printf(c->arena, "\"site\" of %s", what));
}

void
dr_conf_arrays(struct dr_conf *c, const struct dr_yaml *node)
{
    if (!node || !dr_conf_is_map(c, node, "\"arrays\""))
        return;
    if (node->n_pairs > ARRAYS_MAX) {
        dr_conf_problem(c, node, NULL, "more than %d arrays", ARRAYS_MAX);
        return;
    }
    struct dr_array *list = dr_arena_alloc(c->arena, node->n_pairs, sizeof(*list));
    for (size_t i = 0; i < node->n_pairs; i++)
        array_read(c, &node->pairs[i], &list[i]);
    c->model->arrays = list;
    c->model->n_arrays = node->n_pairs;
}
