/* What ovirt-dr's file says of storage domains and direct LUNs. */
#include "config/parts.h"

#include "base/str.h"
#include "model/words.h"

enum side { SIDE_PRIMARY = 0, SIDE_SECONDARY, SIDES };
static const char *const side_words[SIDES] = {"primary", "secondary"};

static bool
domain_is_file(unsigned type)
{
    return type == DR_DOMAIN_NFS || type == DR_DOMAIN_GLUSTERFS || type == DR_DOMAIN_POSIXFS;
}

static bool
domain_is_block(unsigned type)
{
    return type == DR_DOMAIN_FCP || type == DR_DOMAIN_ISCSI;
}

static void
storages_need(struct dr_conf *c, const struct dr_yaml *node, const char *what, const char *prefix,
              enum side side, const char *key, bool there)
{
    if (!there)
        dr_conf_problem(c, node, NULL, "%s needs \"%s%s_%s\"", what, prefix, side_words[side], key);
}

/* ---- storage domains ------------------------------------------------------------------------- */

enum { KIND_UNKNOWN = 0, KIND_DATA };
static const char *const kind_words[] = {"unknown", "data"};
static const struct dr_names kind_names = {"storage domain type", kind_words, DR_COUNT(kind_words)};

struct storage_read {
    unsigned type, kind;
    const char *id;
    bool wipe_after_delete, backup, discard_after_delete;
    int64_t critical, warning;
    struct dr_import_side side[SIDES];
};

#define FLAG(key, f) DR_CONF_ROW(key, struct storage_read, f, DR_CONF_BOOL)
#define TEXT(key, f) DR_CONF_ROW(key, struct storage_read, f, DR_CONF_TEXT)
#define NEED(key, f)                                                                               \
    {                                                                                              \
        .name = key, .kind = DR_CONF_TEXT, .required = true,                                       \
        .offset = offsetof(struct storage_read, f)                                                 \
    }
#define SIDE(word, i)                                                                              \
    NEED("dr_" word "_name", side[i].name), FLAG("dr_" word "_master_domain", side[i].master),     \
        NEED("dr_" word "_dc_name", side[i].dc_name),                                              \
        TEXT("dr_" word "_address", side[i].address), TEXT("dr_" word "_path", side[i].path),      \
        TEXT("dr_" word "_vfs_type", side[i].vfs_type),                                            \
        DR_CONF_SPAN("dr_" word "_port", struct storage_read, side[i].port, DR_CONF_COUNT, 1,      \
                     65535),                                                                       \
        {.name = "dr_" word "_target",                                                             \
         .kind = DR_CONF_TEXTS,                                                                    \
         .offset = offsetof(struct storage_read, side[i].targets),                                 \
         .n_offset = offsetof(struct storage_read, side[i].n_targets)},                            \
        TEXT("dr_" word "_username", side[i].username),                                            \
        DR_CONF_ROW("dr_" word "_password", struct storage_read, side[i].password, DR_CONF_SECRET)

static const struct dr_conf_key storage_keys[] = {
    {.name = "dr_domain_type",
     .kind = DR_CONF_ENUM,
     .required = true,
     .offset = offsetof(struct storage_read, type),
     .names = &dr_domain_type_names},
    DR_CONF_ROW("dr_domain_id", struct storage_read, id, DR_CONF_NAME),
    DR_CONF_CHOICE("dr_storage_domain_type", struct storage_read, kind, kind_names),
    FLAG("dr_wipe_after_delete", wipe_after_delete),
    FLAG("dr_backup", backup),
    FLAG("dr_discard_after_delete", discard_after_delete),
    DR_CONF_SPAN("dr_critical_space_action_blocker", struct storage_read, critical, DR_CONF_COUNT,
                 0, 1 << 30),
    DR_CONF_SPAN("dr_warning_low_space", struct storage_read, warning, DR_CONF_COUNT, 0, 100),
    SIDE("primary", SIDE_PRIMARY),
    SIDE("secondary", SIDE_SECONDARY),
};

DR_CONF_TABLE(dr_conf_storage_table, "rhv.mapping.dr_import_storages", storage_keys);

/* What the engine needs to find the domain, as its type wants it. */
static void
storage_check(struct dr_conf *c, const struct dr_yaml *node, const char *what,
              const struct storage_read *r)
{
    if (domain_is_block(r->type) && !r->id)
        dr_conf_problem(c, node, NULL, "%s needs \"dr_domain_id\", as it is on block storage",
                        what);
    for (enum side i = SIDE_PRIMARY; i < SIDES; i++) {
        const struct dr_import_side *s = &r->side[i];
        if (domain_is_file(r->type))
            storages_need(c, node, what, "dr_", i, "path", s->path != NULL);
        if (r->type == DR_DOMAIN_NFS || r->type == DR_DOMAIN_GLUSTERFS ||
            r->type == DR_DOMAIN_ISCSI)
            storages_need(c, node, what, "dr_", i, "address", s->address != NULL);
        if (r->type == DR_DOMAIN_POSIXFS)
            storages_need(c, node, what, "dr_", i, "vfs_type", s->vfs_type != NULL);
        if (r->type == DR_DOMAIN_ISCSI)
            storages_need(c, node, what, "dr_", i, "target", s->n_targets > 0);
        if (dr_streq(s->name, "hosted_storage"))
            dr_conf_problem(c, node, "remove the entry",
                            "%s is the hosted engine's own storage domain, which is never imported",
                            what);
    }
}

static void
storage_data_center(struct dr_conf *c, const struct dr_yaml *node, const struct storage_read *r)
{
    struct dr_mapping *m = &c->model->mapping;
    const char *from = r->side[SIDE_PRIMARY].dc_name, *to = r->side[SIDE_SECONDARY].dc_name;
    if (!from || !to || !m->primary.site)
        return;
    for (size_t i = 0; i < m->n_data_centers; i++)
        if (dr_streq(m->data_centers[i].from, from) && dr_streq(m->data_centers[i].to, to))
            return;
    struct dr_pair_map *list =
        dr_arena_grow(c->arena, c->data_centers, m->n_data_centers, sizeof(*list));
    list[m->n_data_centers++] =
        (struct dr_pair_map){m->primary.site->name, from, m->secondary.site->name, to, node->place};
    c->data_centers = list;
    m->data_centers = list;
}

static void
storage_refuse_twin(struct dr_conf *c, const struct dr_yaml *node, const char *what,
                    const struct dr_import_storage *list, size_t n)
{
    const struct dr_import_storage *s = &list[n];
    for (size_t i = 0; i < n; i++)
        if ((s->id && dr_streq(list[i].id, s->id)) ||
            (s->from.name && dr_streq(list[i].from.name, s->from.name) &&
             dr_streq(list[i].from.dc_name, s->from.dc_name))) {
            dr_conf_problem(c, node, NULL, "%s is the same storage domain as entry %zu", what,
                            i + 1);
            return;
        }
}

void
dr_conf_storages(struct dr_conf *c, const struct dr_yaml *node)
{
    struct dr_mapping *m = &c->model->mapping;
    struct dr_import_storage *list = dr_arena_alloc(c->arena, node->n_items, sizeof(*list));
    for (size_t i = 0; i < node->n_items; i++) {
        const char *what = dr_arena_printf(c->arena, "entry %zu of dr_import_storages", i + 1);
        struct storage_read r = {.critical = -1, .warning = -1};
        r.side[SIDE_PRIMARY].port = r.side[SIDE_SECONDARY].port = 3260;
        dr_conf_read(c, &dr_conf_storage_table, node->items[i], what, &r);
        storage_check(c, node->items[i], what, &r);
        storage_data_center(c, node->items[i], &r);
        list[i] = (struct dr_import_storage){
            .type = (enum dr_domain_type)r.type,
            .id = r.id,
            .wipe_after_delete = r.wipe_after_delete,
            .backup = r.backup,
            .discard_after_delete = r.discard_after_delete,
            .critical_space_gib = r.critical,
            .warning_space_percent = r.warning,
            .from = r.side[SIDE_PRIMARY],
            .to = r.side[SIDE_SECONDARY],
            .place = node->items[i]->place,
        };
        storage_refuse_twin(c, node->items[i], what, list, i);
    }
    m->storages = list;
    m->n_storages = node->n_items;
}

#undef FLAG
#undef TEXT
#undef NEED
#undef SIDE

/* ---- direct LUNs ----------------------------------------------------------------------------- */

struct lun_read {
    const char *alias, *description;
    bool wipe_after_delete, shareable;
    struct lun_side_read {
        const char *id;
        unsigned type;
        const char *address, *portal, *target, *username;
        int64_t port;
        struct dr_secret *password;
    } side[SIDES];
};

static const char *const lun_type_words[] = {"unknown", "fcp", "iscsi"};
static const struct dr_names lun_type_names = {"storage type", lun_type_words,
                                               DR_COUNT(lun_type_words)};

#define TEXT(key, f) DR_CONF_ROW(key, struct lun_read, f, DR_CONF_TEXT)
#define SIDE(word, i)                                                                              \
    {.name = word "_logical_unit_id",                                                              \
     .kind = DR_CONF_NAME,                                                                         \
     .required = true,                                                                             \
     .offset = offsetof(struct lun_read, side[i].id)},                                             \
        {.name = word "_storage_type",                                                             \
         .kind = DR_CONF_ENUM,                                                                     \
         .required = true,                                                                         \
         .offset = offsetof(struct lun_read, side[i].type),                                        \
         .names = &lun_type_names},                                                                \
        TEXT(word "_logical_unit_address", side[i].address),                                       \
        DR_CONF_SPAN(word "_logical_unit_port", struct lun_read, side[i].port, DR_CONF_COUNT, 1,   \
                     65535),                                                                       \
        TEXT(word "_logical_unit_portal", side[i].portal),                                         \
        TEXT(word "_logical_unit_target", side[i].target),                                         \
        TEXT(word "_logical_unit_username", side[i].username),                                     \
        DR_CONF_ROW(word "_logical_unit_password", struct lun_read, side[i].password,              \
                    DR_CONF_SECRET)

static const struct dr_conf_key lun_keys[] = {
    TEXT("logical_unit_alias", alias),
    TEXT("logical_unit_description", description),
    DR_CONF_ROW("wipe_after_delete", struct lun_read, wipe_after_delete, DR_CONF_BOOL),
    DR_CONF_ROW("shareable", struct lun_read, shareable, DR_CONF_BOOL),
    SIDE("primary", SIDE_PRIMARY),
    SIDE("secondary", SIDE_SECONDARY),
};

DR_CONF_TABLE(dr_conf_lun_table, "rhv.mapping.dr_lun_mappings", lun_keys);

static struct dr_lun_side
lun_side(struct dr_conf *c, const struct dr_yaml *node, const char *what, enum side side,
         const struct lun_side_read *r)
{
    if (r->type == DR_DOMAIN_ISCSI) {
        storages_need(c, node, what, "", side, "logical_unit_address", r->address != NULL);
        storages_need(c, node, what, "", side, "logical_unit_target", r->target != NULL);
    }
    return (struct dr_lun_side){
        .id = r->id,
        .type = (enum dr_domain_type)r->type, /* the first values of both lists are the same */
        .address = r->address,
        .portal = r->portal,
        .target = r->target,
        .port = r->port,
        .username = r->username,
        .password = r->password,
    };
}

void
dr_conf_luns(struct dr_conf *c, const struct dr_yaml *node)
{
    struct dr_mapping *m = &c->model->mapping;
    struct dr_lun_map *list = dr_arena_alloc(c->arena, node->n_items, sizeof(*list));
    for (size_t i = 0; i < node->n_items; i++) {
        const struct dr_yaml *item = node->items[i];
        const char *what = dr_arena_printf(c->arena, "entry %zu of dr_lun_mappings", i + 1);
        struct lun_read r = {
            .side = {{.portal = "1", .port = 3260}, {.portal = "1", .port = 3260}}};
        dr_conf_read(c, &dr_conf_lun_table, item, what, &r);
        list[i] = (struct dr_lun_map){
            .alias = r.alias,
            .description = r.description,
            .wipe_after_delete = r.wipe_after_delete,
            .shareable = r.shareable,
            .from = lun_side(c, item, what, SIDE_PRIMARY, &r.side[SIDE_PRIMARY]),
            .to = lun_side(c, item, what, SIDE_SECONDARY, &r.side[SIDE_SECONDARY]),
            .place = item->place,
        };
        for (size_t k = 0; k < i; k++)
            if (list[k].from.id && dr_streq(list[k].from.id, list[i].from.id))
                dr_conf_problem(c, item, NULL, "%s is the same LUN as entry %zu", what, k + 1);
    }
    m->luns = list;
    m->n_luns = node->n_items;
}
