/* ovirt-dr's file becomes a configuration of our own. */
#include "config/write.h"

#include "base/file.h"
#include "config/secret.h"

#include <stdlib.h>
#include <string.h>

static const char *const words[] = {"primary", "secondary"};

struct import {
    struct dr_arena *a;
    struct dr_str notes, out;
    const char *path;
    const char *folder; /* where relative paths of the file start */
    unsigned n_secrets;
};

static bool
ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* In ovirt-dr's files a key without a value is the same as no key; in ours it is a slip. */
static bool
is_absent(const struct dr_yaml *node)
{
    return node->kind == DR_YAML_SCALAR && (node->null || !*node->text);
}

static const char *
from_folder(struct import *x, const char *path)
{
    return path[0] == '/' ? path : dr_arena_printf(x->a, "%s/%s", x->folder, path);
}

/* A password is never copied: a reference stays one, anything else has to be put into a file. */
static const struct dr_yaml *
secret_node(struct import *x, const struct dr_yaml *from, const char *name)
{
    struct dr_yaml *map = dr_arena_new0(x->a, struct dr_yaml),
                   *value = dr_arena_new0(x->a, struct dr_yaml);
    struct dr_yaml_pair *pair = dr_arena_new0(x->a, struct dr_yaml_pair);
    bool reference = from && dr_conf_is_secret(from);
    if (reference && !dr_streq(from->pairs[0].key, "file"))
        return from;
    value->kind = DR_YAML_SCALAR;
    value->text = reference ? from_folder(x, from->pairs[0].value->text)
                            : dr_arena_printf(x->a, "secrets/%s", name);
    *pair = (struct dr_yaml_pair){.key = "file", .value = value};
    *map = (struct dr_yaml){.kind = DR_YAML_MAP, .pairs = pair, .n_pairs = 1};
    if (from && !reference)
        dr_str_printf(&x->notes, "# put the password of line %u into secrets/%s, mode 0600\n",
                      from->place.line, name);
    return map;
}

/* NODE with passwords replaced and paths made absolute; the rest is shared. KEY is its own. */
static const struct dr_yaml *
convert(struct import *x, const struct dr_yaml *node, const char *key)
{
    if (ends_with(key, "_password"))
        return secret_node(x, node, dr_arena_printf(x->a, "lun-%u", ++x->n_secrets));
    struct dr_yaml *copy = dr_arena_new0(x->a, struct dr_yaml);
    *copy = *node;
    copy->items = dr_arena_alloc(x->a, node->n_items + 1, sizeof(*copy->items));
    for (size_t i = 0; i < node->n_items; i++)
        copy->items[i] = convert(x, node->items[i], key);
    copy->pairs = dr_arena_alloc(x->a, node->n_pairs + 1, sizeof(*copy->pairs));
    copy->n_pairs = 0;
    for (size_t i = 0; i < node->n_pairs; i++) {
        const struct dr_yaml_pair *p = &node->pairs[i];
        if (!is_absent(p->value))
            copy->pairs[copy->n_pairs++] =
                (struct dr_yaml_pair){p->key, p->place, convert(x, p->value, p->key)};
    }
    return copy;
}

static const char *
value_of(const struct dr_yaml *root, const char *word, const char *what)
{
    dr_auto(dr_str_freep) struct dr_str key = {0};
    dr_str_printf(&key, "dr_sites_%s_%s", word, what);
    const struct dr_yaml *node = dr_yaml_get(root, key.s);
    return node && node->kind == DR_YAML_SCALAR && !is_absent(node) ? node->text : NULL;
}

static void
line(struct import *x, const char *key, const char *value)
{
    dr_str_printf(&x->out, "      %s: ", key);
    dr_yaml_quote(&x->out, value);
    dr_str_add(&x->out, "\n");
}

static void
write_site(struct import *x, const struct dr_yaml *root, const char *word)
{
    const char *url = value_of(root, word, "url"), *user = value_of(root, word, "username"),
               *ca = value_of(root, word, "ca_file");
    dr_auto(dr_str_freep) struct dr_str key = {0};
    dr_str_printf(&key, "dr_sites_%s_password", word);
    const struct dr_yaml *password = dr_yaml_get(root, key.s);
    const struct dr_yaml *secret = secret_node(x, password && is_absent(password) ? NULL : password,
                                               dr_arena_printf(x->a, "engine-%s", word));
    if (!url || !user)
        dr_str_printf(&x->notes, "# the engine of site %s is not in the file: correct it\n", word);
    dr_str_printf(&x->out, "  %s:\n    engine:\n", word);
    line(x, "url", url ? url : "https://engine.invalid/ovirt-engine");
    line(x, "user", user ? user : "admin@internal");
    dr_str_printf(&x->out, "      password: { %s: ", secret->pairs[0].key);
    dr_yaml_quote(&x->out, secret->pairs[0].value->text);
    dr_str_add(&x->out, " }\n");
    if (ca)
        line(x, "ca", from_folder(x, ca));
}

/* The mapping's own keys: what the sites have taken over is left out, but for the addresses. */
static void
write_keys(struct import *x, const struct dr_yaml *root)
{
    size_t n = 0;
    for (size_t i = 0; i < root->n_pairs; i++) {
        const struct dr_yaml_pair *p = &root->pairs[i];
        bool site = strncmp(p->key, "dr_sites_", 9) == 0 && !ends_with(p->key, "_url");
        if (site || is_absent(p->value))
            continue;
        dr_str_printf(&x->out, "    %s:", p->key);
        dr_yaml_write(&x->out, convert(x, p->value, p->key), 6);
        n++;
    }
    if (!n)
        dr_str_add(&x->out, "    {}\n");
}

/* Is it one of ovirt-dr's files at all, and sound? Judged as a configuration that names it. */
static int
check(struct import *x, struct dr_problems *problems)
{
    static const struct dr_config_options options = {.skip_secrets = true};
    dr_auto(dr_str_freep) struct dr_str text = {0};
    dr_str_add(&text, "version: 1\ncontroller: { name: import, site: primary }\nsites:\n");
    for (size_t i = 0; i < DR_COUNT(words); i++)
        dr_str_printf(
            &text,
            "  %s: { engine: { url: https://%s.invalid, user: u, password: { file: none } } "
            "}\n",
            words[i], words[i]);
    dr_str_add(&text, "rhv: { mapping: ");
    dr_yaml_quote(&text, x->path);
    dr_str_add(&text, " }\n");
    return dr_config_check_text(text.s, text.n, "/import", &options, problems);
}

int
dr_config_import(const char *path, char **ret, struct dr_problems *ret_problems,
                 struct drstor_error **err)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    dr_auto(dr_freep) char *real = realpath(path, NULL), *text = NULL;
    struct import x = {.a = a, .path = real};
    size_t n = 0;
    if (!real)
        return dr_fail(err, DRSTOR_E_INVALID, "cannot read %s: %m", path);
    char *folder = dr_arena_str(a, real);
    *strrchr(folder, '/') = '\0';
    x.folder = folder;
    if (check(&x, ret_problems) < 0)
        return dr_fail(err, DRSTOR_E_INVALID, "%s is no sound file of ovirt-dr", path);
    int r = dr_file_read(real, DR_YAML_BYTES_MAX, &text, &n, err);
    if (r < 0)
        return r;
    const struct dr_yaml *root = dr_yaml_parse(a, text, n, path, ret_problems);
    if (root) {
        dr_str_printf(&x.notes,
                      "# From %s. To be added: arrays, groups, and where the state is kept.\n",
                      real);
        dr_str_add(&x.out, "version: 1\ncontroller: { name: drstor-1, site: secondary }\nsites:\n");
        for (size_t i = 0; i < DR_COUNT(words); i++)
            write_site(&x, root, words[i]);
        dr_str_add(&x.out, "rhv:\n  mapping:\n");
        write_keys(&x, root);
        dr_str_add(&x.notes, x.out.s);
        *ret = dr_str_take(&x.notes);
        dr_str_freep(&x.out);
    }
    explicit_bzero(text, n);
    return root ? DRSTOR_OK : dr_fail(err, DRSTOR_E_INVALID, "%s is no YAML", path);
}
