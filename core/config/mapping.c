/* ovirt-dr's variables, from its own file or written into the configuration. */
#include "config/parts.h"

#include "base/file.h"
#include "base/str.h"
#include "config/secret.h"
#include "model/words.h"

#include <string.h>
#include <sys/stat.h>

/* DR_SITES are the two words of every key that exists once per site. */
enum side { SIDE_PRIMARY = 0, SIDE_SECONDARY, SIDES };

enum target { TARGET_UNKNOWN = 0, TARGET_PRIMARY, TARGET_SECONDARY };
static const char *const target_words[] = {"unknown", "primary", "secondary"};
static const struct dr_names target_names = {"side", target_words, DR_COUNT(target_words)};

struct sides_read {
    const char *url, *username, *ca_file;
    struct dr_secret *password;
};

struct mapping_read {
    struct sides_read side[SIDES];
    const struct dr_yaml *storages, *clusters, *affinity_groups, *affinity_labels, *domains, *roles,
        *networks, *luns;
    unsigned target_host, source_map;
    bool partial_import, reset_mac_pool;
    struct dr_ovirt_dr_options options;
};

#define SIDE(word, i)                                                                              \
    DR_CONF_ROW("dr_sites_" word "_url", struct mapping_read, side[i].url, DR_CONF_TEXT),          \
        DR_CONF_ROW("dr_sites_" word "_username", struct mapping_read, side[i].username,           \
                    DR_CONF_TEXT),                                                                 \
        DR_CONF_ROW("dr_sites_" word "_ca_file", struct mapping_read, side[i].ca_file,             \
                    DR_CONF_PATH),                                                                 \
        DR_CONF_ROW("dr_sites_" word "_password", struct mapping_read, side[i].password,           \
                    DR_CONF_SECRET)
#define NODE(key, f) DR_CONF_ROW(key, struct mapping_read, f, DR_CONF_NODE)
#define FLAG(key, f) DR_CONF_ROW(key, struct mapping_read, f, DR_CONF_BOOL)

static const struct dr_conf_key mapping_keys[] = {
    SIDE("primary", SIDE_PRIMARY),
    SIDE("secondary", SIDE_SECONDARY),
    NODE("dr_import_storages", storages),
    NODE("dr_cluster_mappings", clusters),
    NODE("dr_affinity_group_mappings", affinity_groups),
    NODE("dr_affinity_label_mappings", affinity_labels),
    NODE("dr_domain_mappings", domains),
    NODE("dr_role_mappings", roles),
    NODE("dr_network_mappings", networks),
    NODE("dr_lun_mappings", luns),
    DR_CONF_CHOICE("dr_target_host", struct mapping_read, target_host, target_names),
    DR_CONF_CHOICE("dr_source_map", struct mapping_read, source_map, target_names),
    FLAG("dr_partial_import", partial_import),
    FLAG("dr_reset_mac_pool", reset_mac_pool),
    FLAG("dr_ignore_error_clean", options.ignore_error_clean),
    FLAG("dr_ignore_error_recover", options.ignore_error_recover),
    DR_CONF_SPAN("dr_cleanup_retries_maintenance", struct mapping_read,
                 options.cleanup_retries_maintenance, DR_CONF_COUNT, 0, 1000),
    DR_CONF_SPAN("dr_cleanup_delay_maintenance", struct mapping_read, options.cleanup_delay_s,
                 DR_CONF_DURATION, 0, 86400),
    FLAG("dr_clean_orphaned_vms", options.clean_orphaned_vms),
    FLAG("dr_clean_orphaned_disks", options.clean_orphaned_disks),
    DR_CONF_ROW("dr_report_file", struct mapping_read, options.report_file, DR_CONF_TEXT),
    DR_CONF_ROW("dr_running_vms", struct mapping_read, options.running_vms, DR_CONF_TEXT),
    FLAG("dr_force", options.force),
};

DR_CONF_TABLE(dr_conf_mapping_table, "rhv.mapping", mapping_keys);

/* ---- two names ------------------------------------------------------------------------------- */

struct pair_read {
    const char *primary_name, *secondary_name;
};

static const struct dr_conf_key pair_keys[] = {
    DR_CONF_NEED(struct pair_read, primary_name, DR_CONF_TEXT),
    DR_CONF_NEED(struct pair_read, secondary_name, DR_CONF_TEXT),
};

DR_CONF_TABLE(dr_conf_pair_table, "rhv.mapping.PAIRS", pair_keys);

static const char *
mapping_item(struct dr_conf *c, const char *key, size_t i)
{
    return dr_arena_printf(c->arena, "entry %zu of %s", i + 1, key);
}

/* The list under KEY; an absent one is empty. */
static bool
mapping_list(struct dr_conf *c, const char *key, const struct dr_yaml *node)
{
    return node && dr_conf_is_list(c, node, dr_arena_printf(c->arena, "\"%s\"", key));
}

static void
mapping_pairs(struct dr_conf *c, const char *key, const struct dr_yaml *node,
              const struct dr_pair_map **ret, size_t *ret_n)
{
    const struct dr_mapping *m = &c->model->mapping;
    struct dr_pair_map *list = NULL;
    size_t n = 0;
    if (!mapping_list(c, key, node))
        return;
    for (size_t i = 0; i < node->n_items; i++) {
        struct pair_read read = {0};
        dr_conf_read(c, &dr_conf_pair_table, node->items[i], mapping_item(c, key, i), &read);
        if (!read.primary_name || !read.secondary_name || !m->primary.site)
            continue;
        for (size_t k = 0; k < n; k++)
            if (dr_streq(list[k].from, read.primary_name))
                dr_conf_problem(c, node->items[i], NULL, "%s maps \"%s\" a second time",
                                mapping_item(c, key, i), dr_conf_word(c, read.primary_name));
        dr_arena_push(c->arena, list, n) =
            (struct dr_pair_map){m->primary.site->name, read.primary_name, m->secondary.site->name,
                                 read.secondary_name, node->items[i]->place};
    }
    *ret = list;
    *ret_n = n;
}

/* ---- networks -------------------------------------------------------------------------------- */

struct network_read {
    const char *network[SIDES], *profile[SIDES], *id[SIDES], *dc[SIDES];
};

#define NETWORK(word, i)                                                                           \
    {.name = word "_network_name",                                                                 \
     .kind = DR_CONF_TEXT,                                                                         \
     .required = true,                                                                             \
     .offset = offsetof(struct network_read, network[i])},                                         \
        DR_CONF_ROW(word "_network_dc", struct network_read, dc[i], DR_CONF_TEXT),                 \
        DR_CONF_ROW(word "_profile_name", struct network_read, profile[i], DR_CONF_TEXT),          \
        DR_CONF_ROW(word "_profile_id", struct network_read, id[i], DR_CONF_TEXT)

static const struct dr_conf_key network_keys[] = {NETWORK("primary", SIDE_PRIMARY),
                                                  NETWORK("secondary", SIDE_SECONDARY)};

DR_CONF_TABLE(dr_conf_network_table, "rhv.mapping.dr_network_mappings", network_keys);

static void
mapping_networks(struct dr_conf *c, const struct dr_yaml *node)
{
    static const char key[] = "dr_network_mappings";
    struct dr_mapping *m = &c->model->mapping;
    struct dr_vnic_map *list = NULL;
    size_t n = 0;
    if (!mapping_list(c, key, node))
        return;
    for (size_t i = 0; i < node->n_items; i++) {
        struct network_read r = {0};
        dr_conf_read(c, &dr_conf_network_table, node->items[i], mapping_item(c, key, i), &r);
        if (!r.network[0] || !r.network[1] || !m->primary.site)
            continue;
        for (size_t k = 0; k < n; k++)
            if (dr_streq(list[k].from_network, r.network[0]) &&
                dr_streq(list[k].from_profile, r.profile[0]) &&
                dr_streq(list[k].from_data_center, r.dc[0]))
                dr_conf_problem(c, node->items[i], NULL, "%s maps \"%s\" a second time",
                                mapping_item(c, key, i), dr_conf_word(c, r.network[0]));
        dr_arena_push(c->arena, list, n) = (struct dr_vnic_map){
            .from_site = m->primary.site->name,
            .from_network = r.network[0],
            .from_profile = r.profile[0],
            .from_profile_id = r.id[0],
            .from_data_center = r.dc[0],
            .to_site = m->secondary.site->name,
            .to_network = r.network[1],
            .to_profile = r.profile[1],
            .to_profile_id = r.id[1],
            .to_data_center = r.dc[1],
            .place = node->items[i]->place,
        };
    }
    m->vnics = list;
    m->n_vnics = n;
}

/* ---- which site is which --------------------------------------------------------------------- */

static const struct dr_site *
mapping_site_by_url(struct dr_conf *c, const char *url)
{
    const struct dr_model *m = c->model;
    if (!url)
        return NULL;
    const char *plain = dr_url_plain(c->arena, url);
    for (size_t i = 0; i < m->n_sites; i++)
        for (size_t u = 0; m->sites[i].engine && u < m->sites[i].engine->at.n_urls; u++)
            if (dr_streq(plain, dr_url_plain(c->arena, m->sites[i].engine->at.urls[u])))
                return &m->sites[i];
    return NULL;
}

static const struct dr_site *
mapping_other_site(const struct dr_model *m, const struct dr_site *not_this)
{
    for (size_t i = 0; i < m->n_sites; i++)
        if (&m->sites[i] != not_this)
            return &m->sites[i];
    return NULL;
}

/* By the engines' addresses; what these leave open, by the order of the sites. */
static void
mapping_sites(struct dr_conf *c, const struct dr_yaml *node, const struct mapping_read *read)
{
    struct dr_mapping *m = &c->model->mapping;
    if (c->model->n_sites < 2) {
        if (c->model->n_sites)
            dr_conf_problem(c, node, NULL, "a mapping needs two sites, and only one is defined");
        return;
    }
    const struct dr_site *primary = mapping_site_by_url(c, read->side[SIDE_PRIMARY].url);
    const struct dr_site *secondary = mapping_site_by_url(c, read->side[SIDE_SECONDARY].url);
    if (primary && primary == secondary) {
        dr_conf_problem(
            c, dr_yaml_get(node, "dr_sites_secondary_url"), NULL,
            "dr_sites_primary_url and dr_sites_secondary_url are both the engine of site %s",
            primary->name);
        return;
    }
    if (!primary)
        primary = secondary ? mapping_other_site(c->model, secondary) : &c->model->sites[0];
    if (!secondary)
        secondary = mapping_other_site(c->model, primary);
    const struct dr_site *site[SIDES] = {primary, secondary};
    struct dr_mapping_side *out[SIDES] = {&m->primary, &m->secondary};
    for (size_t i = 0; i < SIDES; i++)
        *out[i] = (struct dr_mapping_side){.site = site[i],
                                           .url = read->side[i].url,
                                           .username = read->side[i].username,
                                           .ca_file = read->side[i].ca_file,
                                           .password = read->side[i].password};
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void
mapping_map(struct dr_conf *c, const struct dr_yaml *node)
{
    struct dr_mapping *m = &c->model->mapping;
    struct mapping_read read = {
        .target_host = TARGET_SECONDARY,
        .source_map = TARGET_PRIMARY,
        .partial_import = m->partial_import,
        .reset_mac_pool = m->reassign_bad_macs,
        .options = m->options,
    };
    dr_conf_read(c, &dr_conf_mapping_table, node, "the mapping", &read);
    mapping_sites(c, node, &read);
    mapping_pairs(c, "dr_cluster_mappings", read.clusters, &m->clusters, &m->n_clusters);
    mapping_pairs(c, "dr_affinity_group_mappings", read.affinity_groups, &m->affinity_groups,
                  &m->n_affinity_groups);
    mapping_pairs(c, "dr_affinity_label_mappings", read.affinity_labels, &m->affinity_labels,
                  &m->n_affinity_labels);
    mapping_pairs(c, "dr_domain_mappings", read.domains, &m->domains, &m->n_domains);
    mapping_pairs(c, "dr_role_mappings", read.roles, &m->roles, &m->n_roles);
    mapping_networks(c, read.networks);
    if (mapping_list(c, "dr_import_storages", read.storages))
        dr_conf_storages(c, read.storages);
    if (mapping_list(c, "dr_lun_mappings", read.luns))
        dr_conf_luns(c, read.luns);
    m->partial_import = read.partial_import;
    m->reassign_bad_macs = read.reset_mac_pool;
    m->options = read.options;
    m->options.target_is_primary = read.target_host == TARGET_PRIMARY;
    m->options.source_is_secondary = read.source_map == TARGET_SECONDARY;
    if (read.target_host == read.source_map)
        dr_conf_problem(c, node, NULL, "dr_target_host and dr_source_map are the same side");
}

/*
 * The file, read through the descriptor that was checked. When it may be read by others it is still
 * a good mapping as long as no password is in it; the reason is kept for the moment one is met.
 */
static int
mapping_open(struct dr_conf *c, const char *path, char **ret_text, size_t *ret_n,
             struct drstor_error **err)
{
    dr_auto(dr_error_freep) struct drstor_error *why = NULL;
    dr_auto(dr_closep) int fd = -1;
    c->clear_text_refusal = "";
    c->clear_text_hint = NULL;
    if (dr_file_open_trusted(path, true, &fd, &why) < 0) {
        c->clear_text_refusal = dr_arena_str(c->arena, dr_error_message(why));
        c->clear_text_hint = dr_arena_str(c->arena, dr_error_hint(why));
        struct stat st;
        if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) /* a pipe could keep us for ever */
            return dr_fail(err, DRSTOR_E_INVALID, "%s is not a regular file", path);
        return dr_file_read(path, DR_YAML_BYTES_MAX, ret_text, ret_n, err);
    }
    return dr_file_read_fd(fd, path, DR_YAML_BYTES_MAX, ret_text, ret_n, err);
}

static void
mapping_file(struct dr_conf *c, const struct dr_yaml *node)
{
    static const char vault[] = "$ANSIBLE_VAULT";
    const char *path;
    if (!dr_conf_text(c, node, "\"mapping\" of rhv", &path))
        return;
    path = dr_conf_path(c, path);
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    dr_auto(dr_freep) char *text = NULL;
    size_t n = 0;
    if (mapping_open(c, path, &text, &n, &err) < 0) {
        dr_conf_problem(c, node, NULL, "\"mapping\" of rhv: %s", dr_error_message(err));
        return;
    }
    c->model->mapping.file = path;
    if (strncmp(text, vault, sizeof(vault) - 1) == 0) {
        dr_conf_problem(c, node, "decrypt it, and name passwords as { file: ... }",
                        "\"mapping\" of rhv: %s is encrypted by ansible-vault", path);
    } else {
        const char *folder = c->folder, *slash = strrchr(path, '/');
        if (slash)
            c->folder = slash == path ? "/" : dr_arena_strn(c->arena, path, (size_t)(slash - path));
        c->nulls_are_absent = true;
        const struct dr_yaml *root = dr_yaml_parse(c->arena, text, n, path, c->problems);
        if (root)
            mapping_map(c, root);
        c->nulls_are_absent = false;
        c->folder = folder;
    }
    explicit_bzero(text, n);
    c->clear_text_refusal = NULL;
}

void
dr_conf_mapping(struct dr_conf *c, const struct dr_yaml *node)
{
    struct dr_mapping *m = &c->model->mapping;
    m->reassign_bad_macs = true;
    m->options = (struct dr_ovirt_dr_options){
        .ignore_error_recover = true,
        .cleanup_retries_maintenance = 3,
        .cleanup_delay_s = 120,
        .clean_orphaned_vms = true,
        .clean_orphaned_disks = true,
    };
    if (!node)
        return;
    if (node->kind == DR_YAML_MAP)
        mapping_map(c, node);
    else
        mapping_file(c, node);
}
