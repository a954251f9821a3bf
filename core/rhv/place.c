/* Data centers, clusters, hosts, vNIC profiles, templates: what the stage only looks up. */
#include "base/str.h"
#include "rhv/document.h"

static const char *
text(struct dr_arena *a, struct json_object *o, const char *key)
{
    return dr_arena_str(a, dr_json_str(o, key));
}

static int64_t
number(struct json_object *o, const char *key)
{
    int64_t n;
    return dr_json_i64(o, key, &n) ? n : -1;
}

static const char *
inner_text(struct dr_arena *a, struct json_object *o, const char *inner, const char *key)
{
    return dr_arena_str(a, rhv_inner(o, inner, key));
}

/* "4.7" */
static const char *
version_text(struct dr_arena *a, struct json_object *version)
{
    int64_t major = number(version, "major"), minor = number(version, "minor");
    return major < 0 || minor < 0
               ? NULL
               : dr_arena_printf(a, "%lld.%lld", (long long)major, (long long)minor);
}

int
rhv_read_dcs(struct dr_arena *a, struct json_object *doc, struct dr_inventory *v,
             struct drstor_error **err)
{
    struct json_object *items;
    int e = rhv_items(doc, "data_center", RHV_PLACES_MAX, &items, err);
    if (e < 0)
        return e;
    v->dcs = NULL;
    v->n_dcs = 0;
    for (size_t i = 0; i < dr_json_length(items); i++) {
        struct json_object *o = rhv_item(items, i);
        dr_arena_push(a, v->dcs, v->n_dcs) = (struct dr_inv_dc){
            .id = text(a, o, "id"), .name = text(a, o, "name"), .status = text(a, o, "status")};
    }
    return DRSTOR_OK;
}

int
rhv_read_clusters(struct dr_arena *a, struct json_object *doc, struct dr_inventory *v,
                  struct drstor_error **err)
{
    struct json_object *items;
    int e = rhv_items(doc, "cluster", RHV_PLACES_MAX, &items, err);
    if (e < 0)
        return e;
    v->clusters = NULL;
    v->n_clusters = 0;
    for (size_t i = 0; i < dr_json_length(items); i++) {
        struct json_object *o = rhv_item(items, i);
        dr_arena_push(a, v->clusters, v->n_clusters) =
            (struct dr_inv_cluster){.id = text(a, o, "id"),
                                    .name = text(a, o, "name"),
                                    .dc = inner_text(a, o, "data_center", "id"),
                                    .version = version_text(a, dr_json_get(o, "version")),
                                    .cpu = inner_text(a, o, "cpu", "type")};
    }
    return DRSTOR_OK;
}

int
rhv_read_hosts(struct dr_arena *a, struct json_object *doc, struct dr_inventory *v,
               struct drstor_error **err)
{
    struct json_object *items;
    int e = rhv_items(doc, "host", RHV_PLACES_MAX, &items, err);
    if (e < 0)
        return e;
    v->hosts = NULL;
    v->n_hosts = 0;
    for (size_t i = 0; i < dr_json_length(items); i++) {
        struct json_object *o = rhv_item(items, i);
        dr_arena_push(a, v->hosts, v->n_hosts) =
            (struct dr_inv_host){.id = text(a, o, "id"),
                                 .name = text(a, o, "name"),
                                 .status = text(a, o, "status"),
                                 .cluster = inner_text(a, o, "cluster", "id"),
                                 .memory = number(o, "memory"),
                                 .room = number(o, "max_scheduling_memory"),
                                 .spm_id = number(dr_json_get(o, "spm"), "id"),
                                 .spm_priority = number(dr_json_get(o, "spm"), "priority"),
                                 .spm = dr_streq(rhv_inner(o, "spm", "status"), "spm")};
        (void)dr_json_bool(dr_json_get(o, "power_management"), "enabled",
                           &v->hosts[v->n_hosts - 1].power);
    }
    return DRSTOR_OK;
}

static const char *
name_of(struct json_object *items, const char *id)
{
    for (size_t i = 0; id && i < dr_json_length(items); i++)
        if (dr_streq(dr_json_str(rhv_item(items, i), "id"), id))
            return dr_json_str(rhv_item(items, i), "name");
    return NULL;
}

int
rhv_read_profiles(struct dr_arena *a, struct json_object *profiles, struct json_object *networks,
                  struct dr_inventory *v, struct drstor_error **err)
{
    struct json_object *items = NULL, *nets = NULL;
    int e = rhv_items(profiles, "vnic_profile", RHV_PLACES_MAX, &items, err);
    if (e == DRSTOR_OK)
        e = rhv_items(networks, "network", RHV_PLACES_MAX, &nets, err);
    if (e < 0)
        return e;
    v->profiles = NULL;
    v->n_profiles = 0;
    for (size_t i = 0; i < dr_json_length(items); i++) {
        struct json_object *o = rhv_item(items, i);
        const char *network = rhv_inner(o, "network", "name");
        if (!network)
            network = name_of(nets, rhv_inner(o, "network", "id"));
        dr_arena_push(a, v->profiles, v->n_profiles) =
            (struct dr_inv_profile){.id = text(a, o, "id"),
                                    .name = text(a, o, "name"),
                                    .network = dr_arena_str(a, network)};
    }
    return DRSTOR_OK;
}

int
rhv_read_templates(struct dr_arena *a, struct json_object *doc, struct dr_inventory *v,
                   struct drstor_error **err)
{
    struct json_object *items;
    int e = rhv_items(doc, "template", RHV_VMS_MAX, &items, err);
    if (e < 0)
        return e;
    v->templates = NULL;
    v->n_templates = 0;
    for (size_t i = 0; i < dr_json_length(items); i++)
        dr_arena_push(a, v->templates, v->n_templates) = (struct dr_inv_named){
            .id = text(a, rhv_item(items, i), "id"), .name = text(a, rhv_item(items, i), "name")};
    return DRSTOR_OK;
}

const char *
rhv_read_version(struct dr_arena *a, struct json_object *doc)
{
    struct json_object *version = dr_json_get(dr_json_get(doc, "product_info"), "version");
    const char *full = dr_json_str(version, "full_version");
    if (full)
        return dr_arena_str(a, full);
    return version_text(a, version);
}

int64_t
rhv_read_clock(struct json_object *doc)
{
    int64_t ms = number(doc, "time");
    return ms < 0 ? -1 : ms / 1000;
}

const char *
rhv_cluster_name(const struct dr_inventory *v, const char *id)
{
    for (size_t i = 0; id && i < v->n_clusters; i++)
        if (dr_streq(v->clusters[i].id, id))
            return v->clusters[i].name;
    return NULL;
}
