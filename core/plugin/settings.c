#include "plugin/settings.h"

#include "base/str.h"
#include "base/timetext.h"

#include <string.h>

static bool
integer_fits(const char *s)
{
    size_t n = strlen(s);
    if (*s == '-') {
        s++;
        n--;
    }
    return n > 0 && n <= 18 && strspn(s, "0123456789") == n;
}

bool
dr_setting_fits(enum drstor_key_type type, const char *value)
{
    int64_t seconds;
    switch (type) {
    case DRSTOR_KEY_STRING:
        return true;
    case DRSTOR_KEY_INTEGER:
        return integer_fits(value);
    case DRSTOR_KEY_BOOLEAN:
        return dr_streq(value, "true") || dr_streq(value, "false") || dr_streq(value, "yes") ||
               dr_streq(value, "no");
    case DRSTOR_KEY_DURATION:
        return dr_duration_parse(value, &seconds);
    case DRSTOR_KEY_PATH:
        return *value != '\0';
    }
    return false;
}

const char *
dr_setting_value(struct dr_arena *a, enum drstor_key_type type, const char *value)
{
    int64_t seconds;
    if (type == DRSTOR_KEY_BOOLEAN)
        return dr_streq(value, "true") || dr_streq(value, "yes") ? "true" : "false";
    if (type == DRSTOR_KEY_DURATION && dr_duration_parse(value, &seconds))
        return dr_arena_printf(a, "%lld", (long long)seconds);
    return dr_arena_str(a, value);
}

static const char *
type_example(enum drstor_key_type type)
{
    switch (type) {
    case DRSTOR_KEY_STRING:
        return "a text";
    case DRSTOR_KEY_INTEGER:
        return "a whole number, like 8";
    case DRSTOR_KEY_BOOLEAN:
        return "true or false";
    case DRSTOR_KEY_DURATION:
        return "a duration, like 30s or 5m";
    case DRSTOR_KEY_PATH:
        return "the path of a file";
    }
    return "something else";
}

/* "dr.yaml:12:5: array milan-a" */
static const char *
where(struct dr_arena *a, const struct dr_setting *s, const char *what)
{
    if (!s->place.file)
        return dr_arena_str(a, what);
    return dr_arena_printf(a, "%s:%u:%u: %s", s->place.file, s->place.line, s->place.column, what);
}

static const struct dr_plugin_key *
find_key(const struct dr_plugin *p, enum drstor_key_scope scope, const char *name)
{
    for (size_t i = 0; i < p->info.n_keys; i++)
        if (p->info.keys[i].scope == scope && dr_streq(p->info.keys[i].name, name))
            return &p->info.keys[i];
    return NULL;
}

static int
unknown_key(const struct dr_plugin *p, enum drstor_key_scope scope, const char *at, const char *key,
            struct dr_arena *a, struct drstor_error **err)
{
    const char **names = NULL;
    size_t n = 0;
    dr_auto(dr_str_freep) struct dr_str list = {0};
    for (size_t i = 0; i < p->info.n_keys; i++)
        if (p->info.keys[i].scope == scope) {
            dr_arena_push(a, names, n) = p->info.keys[i].name;
            dr_str_printf(&list, "%s%s", list.n ? ", " : "", p->info.keys[i].name);
        }
    int r = dr_fail(err, DRSTOR_E_INVALID, "%s: plugin %s has no key %s", at, p->info.name, key);
    const char *near = n ? dr_nearest(key, names, n) : NULL;
    if (near)
        dr_hint(err, "did you mean %s?", near);
    else if (n)
        dr_hint(err, "its keys are: %s", list.s);
    else
        dr_hint(err, "it has no keys for %s settings", dr_name(&dr_key_scope_names, (int)scope));
    return r;
}

static int
check_setting(const struct dr_plugin *p, enum drstor_key_scope scope, const struct dr_setting *s,
              const char *what, struct dr_arena *a, struct drstor_error **err)
{
    const char *at = where(a, s, what);
    if (!s->key)
        return dr_fail(err, DRSTOR_E_INVALID, "%s: a setting has no key", at);
    const struct dr_plugin_key *k = find_key(p, scope, s->key);
    if (!k)
        return unknown_key(p, scope, at, s->key, a, err);
    if (k->secret && !s->secret) {
        int r = dr_fail(err, DRSTOR_E_INVALID,
                        "%s: %s is a secret and must not stand in the configuration", at, s->key);
        dr_hint(err, "name the file or credential that holds it");
        return r;
    }
    if (!k->secret && s->secret)
        return dr_fail(err, DRSTOR_E_INVALID, "%s: %s is no secret; give its value", at, s->key);
    if (!k->secret && !s->value)
        return dr_fail(err, DRSTOR_E_INVALID, "%s: %s has no value", at, s->key);
    if (!k->secret && !dr_setting_fits(k->type, s->value))
        return dr_fail(err, DRSTOR_E_INVALID, "%s: %s is \"%.64s\"; it must be %s", at, s->key,
                       s->value, type_example(k->type));
    return DRSTOR_OK;
}

int
dr_plugin_check_settings(const struct dr_plugin *p, enum drstor_key_scope scope,
                         const struct dr_setting *settings, size_t n, const char *what,
                         struct drstor_error **err)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    for (size_t i = 0; i < n; i++) {
        int r = check_setting(p, scope, &settings[i], what, a, err);
        if (r < 0)
            return r;
        for (size_t k = 0; k < i; k++)
            if (dr_streq(settings[k].key, settings[i].key))
                return dr_fail(err, DRSTOR_E_INVALID, "%s: %s is given twice",
                               where(a, &settings[i], what), settings[i].key);
    }
    for (size_t k = 0; k < p->info.n_keys; k++) {
        const struct dr_plugin_key *key = &p->info.keys[k];
        bool given = key->scope != scope || !key->required;
        for (size_t i = 0; i < n && !given; i++)
            given = dr_streq(settings[i].key, key->name);
        if (given)
            continue;
        int r = dr_fail(err, DRSTOR_E_INVALID, "%s: the key %s of plugin %s is missing", what,
                        key->name, p->info.name);
        if (key->help)
            dr_hint(err, "%s: %s", key->name, key->help);
        return r;
    }
    return DRSTOR_OK;
}
