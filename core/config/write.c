#include "config/write.h"

#include "model/words.h"

#include <string.h>
#include <strings.h>

/* ---- scalars --------------------------------------------------------------------------------- */

/* Words that other readers of YAML take for something else. */
static bool
is_word_of_yaml(const char *text)
{
    static const char *const words[] = {"true", "false", "yes", "no", "on",
                                        "off",  "null",  "y",   "n",  "~"};
    for (size_t i = 0; i < DR_COUNT(words); i++)
        if (strcasecmp(text, words[i]) == 0)
            return true;
    return false;
}

static bool
is_plain(const char *text)
{
    static const char good[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/:@+-";
    size_t n = strlen(text);
    bool letter = strpbrk(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != NULL;
    return n && letter && strspn(text, good) == n && !strchr(".:@+-", text[0]) &&
           text[n - 1] != ':' && !is_word_of_yaml(text);
}

void
dr_yaml_quote(struct dr_str *out, const char *text)
{
    if (is_plain(text)) {
        dr_str_add(out, text);
        return;
    }
    dr_str_add(out, "\"");
    for (const char *c = text; *c; c++)
        if (*c == '"' || *c == '\\')
            dr_str_printf(out, "\\%c", *c);
        else if ((unsigned char)*c < 0x20 || *c == 0x7f)
            dr_str_printf(out, "\\x%02x", (unsigned)(unsigned char)*c);
        else
            dr_str_addn(out, c, 1);
    dr_str_add(out, "\"");
}

/* ---- trees ----------------------------------------------------------------------------------- */

static void
indent_by(struct dr_str *out, unsigned n)
{
    dr_str_printf(out, "%*s", (int)n, "");
}

/* A scalar that was a word or number of YAML stays one; others are quoted where they must be. */
static void
write_scalar(struct dr_str *out, const struct dr_yaml *node)
{
    if (node->null)
        dr_str_add(out, "~");
    else if (*node->text && (is_word_of_yaml(node->text) ||
                             strspn(node->text, "0123456789") == strlen(node->text)))
        dr_str_add(out, node->text);
    else
        dr_yaml_quote(out, node->text);
}

static void
write_items(struct dr_str *out, const struct dr_yaml *node, unsigned indent)
{
    for (size_t i = 0; i < node->n_items; i++) {
        const struct dr_yaml *item = node->items[i];
        indent_by(out, indent);
        dr_str_add(out, "-");
        if (item->kind != DR_YAML_MAP || !item->n_pairs) {
            dr_yaml_write(out, item, indent + 2);
            continue;
        }
        for (size_t k = 0; k < item->n_pairs; k++) { /* the first key stands behind the dash */
            if (k)
                indent_by(out, indent + 1);
            dr_str_printf(out, " %s:", item->pairs[k].key);
            dr_yaml_write(out, item->pairs[k].value, indent + 4);
        }
    }
}

void
dr_yaml_write(struct dr_str *out, const struct dr_yaml *node, unsigned indent)
{
    if (node->kind == DR_YAML_SCALAR) {
        dr_str_add(out, " ");
        write_scalar(out, node);
        dr_str_add(out, "\n");
    } else if (node->kind == DR_YAML_LIST && !node->n_items) {
        dr_str_add(out, " []\n");
    } else if (node->kind == DR_YAML_LIST) {
        dr_str_add(out, "\n");
        write_items(out, node, indent);
    } else if (!node->n_pairs) {
        dr_str_add(out, " {}\n");
    } else {
        dr_str_add(out, "\n");
        for (size_t i = 0; i < node->n_pairs; i++) {
            indent_by(out, indent);
            dr_str_printf(out, "%s:", node->pairs[i].key);
            dr_yaml_write(out, node->pairs[i].value, indent + 2);
        }
    }
}

/* ---- a mapping ------------------------------------------------------------------------------- */

struct writer {
    struct dr_str *out;
    unsigned indent;
    bool comment; /* a gap */
    bool first;   /* of an entry: the dash */
};

static void
line_begin(struct writer *w)
{
    indent_by(w->out, w->indent);
    if (w->comment)
        dr_str_add(w->out, "# ");
}

static void
entry_begin(struct writer *w, bool gap)
{
    w->comment = gap;
    w->first = true;
}

/* VALUE NULL: to be filled in, where REQUIRED, else left out. */
static void
put(struct writer *w, const char *key, const char *value, bool required)
{
    if (!value && !required)
        return;
    line_begin(w);
    dr_str_printf(w->out, "%s%s:", w->first ? "- " : "  ", key);
    w->first = false;
    if (value) {
        dr_str_add(w->out, " ");
        dr_yaml_quote(w->out, value);
    }
    dr_str_add(w->out, value ? "\n" : " # fill in\n");
}

static void
put_word(struct writer *w, const char *key, const char *word)
{
    line_begin(w);
    dr_str_printf(w->out, "%s%s: %s\n", w->first ? "- " : "  ", key, word);
    w->first = false;
}

static void
put_number(struct writer *w, const char *key, int64_t n)
{
    dr_auto(dr_str_freep) struct dr_str text = {0};
    dr_str_printf(&text, "%lld", (long long)n);
    if (n >= 0)
        put_word(w, key, text.s);
}

/* False is what an absent one means. */
static void
put_flag(struct writer *w, const char *key, bool value)
{
    if (value)
        put_word(w, key, "true");
}

/* A list of which every entry is a gap is a key without a value, which is read as an empty one. */
static void
list_key(struct writer *w, const char *key, size_t n, size_t gaps)
{
    w->comment = false;
    if (!n)
        return;
    line_begin(w);
    dr_str_printf(w->out, "%s:%s\n", key, n == gaps ? " # all of them are gaps" : "");
}

static void
write_pairs(struct writer *w, const char *key, const struct dr_pair_map *maps, size_t n)
{
    size_t gaps = 0;
    for (size_t i = 0; i < n; i++)
        gaps += !maps[i].to;
    list_key(w, key, n, gaps);
    for (size_t i = 0; i < n; i++) {
        entry_begin(w, !maps[i].to);
        put(w, "primary_name", maps[i].from, true);
        put(w, "secondary_name", maps[i].to, true);
    }
}

static void
write_networks(struct writer *w, const struct dr_mapping *m)
{
    size_t gaps = 0;
    for (size_t i = 0; i < m->n_vnics; i++)
        gaps += !m->vnics[i].to_network;
    list_key(w, "dr_network_mappings", m->n_vnics, gaps);
    for (size_t i = 0; i < m->n_vnics; i++) {
        const struct dr_vnic_map *v = &m->vnics[i];
        entry_begin(w, !v->to_network);
        put(w, "primary_network_name", v->from_network, true);
        put(w, "primary_network_dc", v->from_data_center, false);
        put(w, "primary_profile_name", v->from_profile, true);
        put(w, "primary_profile_id", v->from_profile_id, false);
        put(w, "secondary_network_name", v->to_network, true);
        put(w, "secondary_network_dc", v->to_data_center, false);
        put(w, "secondary_profile_name", v->to_profile, true);
        put(w, "secondary_profile_id", v->to_profile_id, false);
    }
}

static bool
is_file(enum dr_domain_type type)
{
    return type == DR_DOMAIN_NFS || type == DR_DOMAIN_GLUSTERFS || type == DR_DOMAIN_POSIXFS;
}

/* Has the engine everything it needs to find the domain at this side? */
static bool
side_whole(enum dr_domain_type type, const struct dr_import_side *s)
{
    return s->name && s->dc_name && !is_file(type) && type != DR_DOMAIN_UNKNOWN &&
           (type != DR_DOMAIN_ISCSI || (s->address && s->n_targets));
}

static void
write_side(struct writer *w, const char *word, enum dr_domain_type type,
           const struct dr_import_side *s)
{
    dr_auto(dr_str_freep) struct dr_str key = {0};
#define KEY(name) (key.n = 0, dr_str_printf(&key, "dr_%s_%s", word, name), key.s)
    put(w, KEY("name"), s->name, true);
    put_word(w, KEY("master_domain"), s->master ? "true" : "false");
    put(w, KEY("dc_name"), s->dc_name, true);
    if (is_file(type))
        put(w, KEY("path"), s->path, true);
    if (type == DR_DOMAIN_ISCSI || type == DR_DOMAIN_NFS || type == DR_DOMAIN_GLUSTERFS)
        put(w, KEY("address"), s->address, true);
    if (type == DR_DOMAIN_POSIXFS)
        put(w, KEY("vfs_type"), s->vfs_type, true);
    if (type != DR_DOMAIN_ISCSI)
        return;
    put_number(w, KEY("port"), s->port);
    put(w, KEY("username"), s->username, false);
    dr_auto(dr_str_freep) struct dr_str list = {0};
    dr_str_add(&list, "[");
    for (size_t i = 0; i < s->n_targets; i++) {
        dr_str_add(&list, i ? ", " : "");
        dr_yaml_quote(&list, s->targets[i]);
    }
    dr_str_add(&list, s->n_targets ? "]" : "] # fill in");
    put_word(w, KEY("target"), list.s);
#undef KEY
}

static void
write_storages(struct writer *w, const struct dr_mapping *m)
{
    size_t gaps = 0;
    for (size_t i = 0; i < m->n_storages; i++)
        gaps += !side_whole(m->storages[i].type, &m->storages[i].from) ||
                !side_whole(m->storages[i].type, &m->storages[i].to);
    list_key(w, "dr_import_storages", m->n_storages, gaps);
    for (size_t i = 0; i < m->n_storages; i++) {
        const struct dr_import_storage *s = &m->storages[i];
        entry_begin(w, !side_whole(s->type, &s->from) || !side_whole(s->type, &s->to));
        put_word(w, "dr_domain_type", dr_name(&dr_domain_type_names, (int)s->type));
        put(w, "dr_domain_id", s->id, !is_file(s->type));
        put_word(w, "dr_storage_domain_type", "data");
        put_flag(w, "dr_wipe_after_delete", s->wipe_after_delete);
        put_flag(w, "dr_backup", s->backup);
        put_flag(w, "dr_discard_after_delete", s->discard_after_delete);
        put_number(w, "dr_critical_space_action_blocker", s->critical_space_gib);
        put_number(w, "dr_warning_low_space", s->warning_space_percent);
        write_side(w, "primary", s->type, &s->from);
        write_side(w, "secondary", s->type, &s->to);
    }
}

static bool
lun_whole(const struct dr_lun_side *l)
{
    return l->id && (l->type != DR_DOMAIN_ISCSI || (l->address && l->target));
}

static void
write_lun_side(struct writer *w, const char *word, const struct dr_lun_side *l)
{
    dr_auto(dr_str_freep) struct dr_str key = {0};
#define KEY(name) (key.n = 0, dr_str_printf(&key, "%s_%s", word, name), key.s)
    put(w, KEY("logical_unit_id"), l->id, true);
    put_word(w, KEY("storage_type"), l->type == DR_DOMAIN_ISCSI ? "iscsi" : "fcp");
    if (l->type == DR_DOMAIN_ISCSI) {
        put(w, KEY("logical_unit_address"), l->address, true);
        put_number(w, KEY("logical_unit_port"), l->port);
        put(w, KEY("logical_unit_portal"), l->portal, false);
        put(w, KEY("logical_unit_target"), l->target, true);
        put(w, KEY("logical_unit_username"), l->username, false);
    }
#undef KEY
}

static void
write_luns(struct writer *w, const struct dr_mapping *m)
{
    size_t gaps = 0;
    for (size_t i = 0; i < m->n_luns; i++)
        gaps += !lun_whole(&m->luns[i].from) || !lun_whole(&m->luns[i].to);
    list_key(w, "dr_lun_mappings", m->n_luns, gaps);
    for (size_t i = 0; i < m->n_luns; i++) {
        const struct dr_lun_map *l = &m->luns[i];
        entry_begin(w, !lun_whole(&l->from) || !lun_whole(&l->to));
        put(w, "logical_unit_alias", l->alias, false);
        put(w, "logical_unit_description", l->description, false);
        put_flag(w, "wipe_after_delete", l->wipe_after_delete);
        put_flag(w, "shareable", l->shareable);
        write_lun_side(w, "primary", &l->from);
        write_lun_side(w, "secondary", &l->to);
    }
}

static void
write_engine(struct writer *w, const char *word, const struct dr_mapping_side *s)
{
    dr_auto(dr_str_freep) struct dr_str key = {0};
#define KEY(name) (key.n = 0, dr_str_printf(&key, "dr_sites_%s_%s", word, name), key.s)
    const char *value[] = {s->url, s->username, s->ca_file};
    const char *const names[] = {"url", "username", "ca_file"};
    w->comment = false;
    for (size_t i = 0; i < DR_COUNT(value); i++) {
        if (!value[i])
            continue;
        line_begin(w);
        dr_str_printf(w->out, "%s: ", KEY(names[i]));
        dr_yaml_quote(w->out, value[i]);
        dr_str_add(w->out, "\n");
    }
#undef KEY
}

void
dr_config_write_mapping(struct dr_str *out, const struct dr_mapping *m, unsigned indent)
{
    struct writer w = {.out = out, .indent = indent};
    write_engine(&w, "primary", &m->primary);
    write_engine(&w, "secondary", &m->secondary);
    write_storages(&w, m);
    write_pairs(&w, "dr_cluster_mappings", m->clusters, m->n_clusters);
    write_networks(&w, m);
    write_pairs(&w, "dr_affinity_group_mappings", m->affinity_groups, m->n_affinity_groups);
    write_pairs(&w, "dr_affinity_label_mappings", m->affinity_labels, m->n_affinity_labels);
    write_pairs(&w, "dr_role_mappings", m->roles, m->n_roles);
    write_pairs(&w, "dr_domain_mappings", m->domains, m->n_domains);
    write_luns(&w, m);
}
