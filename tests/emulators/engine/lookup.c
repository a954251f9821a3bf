/* What rarely changes: root, clusters, networks, vNIC profiles, roles, AAA domains, options. */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

/* The arrays of the configuration that are shown as they are. */
static const struct {
    const char *path; /* URL segment and key in the configuration */
    const char *type;
    const char *plural;
} kinds[] = {
    {"clusters", "cluster", "clusters"},
    {"networks", "network", "networks"},
    {"vnicprofiles", "vnic_profile", "vnic_profiles"},
    {"roles", "role", "roles"},
    {"domains", "domain", "domains"},
    {"affinitylabels", "affinity_label", "affinity_labels"},
    {"storageconnections", "storage_connection", "storage_connections"},
    {"users", "user", "users"},
    {"groups", "group", "groups"},
};

/* A reference in the configuration may be a name. */
static void
reference_add(struct json_object *o, const char *key, const char *collection,
              struct json_object *among, struct json_object *value)
{
    const char *text = json_object_is_type(value, json_type_object) ? js_str(value, "id")
                                                                    : json_object_get_string(value);
    struct json_object *found = js_find(among, "id", text);
    if (!found)
        found = js_find(among, "name", text);
    if (text)
        js_add(o, key, tree_ref(found ? js_str(found, "id") : text, collection));
}

void
lookup_init(struct emu_engine *e)
{
    e->clusters = json_object_new_object();
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        struct json_object *list = js_list(e->clusters, kinds[k].path);
        struct json_object *conf = js_get(e->conf, kinds[k].path);
        for (size_t i = 0; i < js_len(conf); i++) {
            struct json_object *entry = js_at(conf, i);
            char id[EMU_ID];
            if (js_str(entry, "id"))
                EMU_SET(id, js_str(entry, "id"));
            else
                emu_new_id(e, id);
            struct json_object *o = tree_ref(id, kinds[k].path);
            json_object_object_foreach(entry, key, value)
            {
                if (emu_same(key, "data_center"))
                    reference_add(o, key, "datacenters", js_get(e->conf, "data_centers"), value);
                else if (emu_same(key, "network"))
                    reference_add(o, key, "networks", js_get(e->clusters, "networks"), value);
                else if (emu_same(key, "affinitygroups"))
                    js_add(o, "_affinitygroups", js_copy(value));
                else if (!emu_same(key, "id"))
                    js_add(o, key, js_copy(value));
            }
            json_object_array_add(list, o);
        }
    }
}

struct json_object *
cluster_get(struct emu_engine *e, const char *id_or_name)
{
    struct json_object *clusters = js_get(e->clusters, "clusters");
    struct json_object *c = js_find(clusters, "id", id_or_name);
    return c ? c : js_find(clusters, "name", id_or_name);
}

const char *
cluster_dc(struct emu_engine *e, const char *cluster)
{
    return js_str(cluster_get(e, cluster), "data_center.id");
}

static void
lookup_search(struct emu_engine *e, void *object, const char *field, struct json_object *texts)
{
    const char *text = js_str(object, field);
    if (emu_same(field, "datacenter") || emu_same(field, "datacenter.name")) {
        struct emu_dc *dc = dc_get(e, js_str(object, "data_center.id"));
        text = dc ? dc->name : NULL;
    }
    if (text)
        json_object_array_add(texts, json_object_new_string(text));
}

static size_t
op_kind(const struct emu_op *op)
{
    size_t k = 0;
    size_t n = strcspn(op->path, "/");
    while (k < sizeof(kinds) / sizeof(kinds[0]) &&
           (strlen(kinds[k].path) != n || strncmp(kinds[k].path, op->path, n) != 0))
        k++;
    return k;
}

void
lookup_list(struct emu_op *op)
{
    size_t k = op_kind(op);
    if (!op_search_ok(op))
        return;
    struct json_object *all = js_get(op->e->clusters, kinds[k].path);
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < js_len(all); i++) {
        if (op_search(op, lookup_search, js_at(all, i)))
            json_object_array_add(list, json_object_get(js_at(all, i)));
    }
    op_list(op, kinds[k].type, kinds[k].plural, list);
}

void
lookup_item(struct emu_op *op)
{
    size_t k = op_kind(op);
    struct json_object *o = js_find(js_get(op->e->clusters, kinds[k].path), "id", op->args[0]);
    if (!o)
        op_empty(op, 404);
    else
        op_object(op, 200, kinds[k].type, json_object_get(o));
}

/* clusters/C/affinitygroups, also below a data centre */
void
cluster_affinity(struct emu_op *op)
{
    const char *id = op->args[op->args_count - 1];
    struct json_object *c = js_find(js_get(op->e->clusters, "clusters"), "id", id);
    if (!c) {
        op_empty(op, 404);
        return;
    }
    struct json_object *groups = js_get(c, "_affinitygroups");
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < js_len(groups); i++) {
        struct json_object *g = js_at(groups, i);
        const char *gid = js_str(g, "id");
        struct json_object *o = tree_new(gid ? gid : "0", "clusters/%s/affinitygroups", id);
        json_object_object_foreach(g, key, value)
        {
            if (!emu_same(key, "id"))
                js_add(o, key, js_copy(value));
        }
        json_object_array_add(list, o);
    }
    op_list(op, "affinity_group", "affinity_groups", list);
}

void
root_get(struct emu_op *op)
{
    static const char *const links[] = {"clusters",       "datacenters",    "disks",     "domains",
                                        "events",         "hosts",          "jobs",      "networks",
                                        "roles",          "storagedomains", "templates", "vms",
                                        "affinitylabels", "vnicprofiles",   NULL};
    struct emu_engine *e = op->e;
    struct json_object *o = json_object_new_object();
    struct json_object *list = js_list(o, "link");
    for (const char *const *l = links; *l; l++) {
        struct json_object *link = json_object_new_object();
        char *href = emu_printf("%s/%s", EMU_API, *l);
        js_add_str(link, "href", href);
        js_add_str(link, "rel", *l);
        json_object_array_add(list, link);
        free(href);
    }
    struct json_object *info = js_sub(o, "product_info");
    js_add_str(info, "name", "oVirt Engine");
    js_add_str(info, "vendor", "ovirt.org");
    struct json_object *version = js_sub(info, "version");
    js_add_int(version, "major", 4);
    js_add_int(version, "minor", 5);
    js_add_int(version, "build", 6);
    js_add_int(version, "revision", 0);
    js_add_str(version, "full_version", "4.5.6-1.el8");
    js_add_str(js_sub(js_sub(o, "special_objects"), "blank_template"), "id", EMU_BLANK_TEMPLATE);
    struct json_object *summary = js_sub(o, "summary");
    int64_t hosts = 0, up = 0, vms = 0, running = 0, sds = 0, active = 0;
    for (struct emu_host *h = e->hosts; h; h = h->next, hosts++)
        up += host_up(h);
    for (struct emu_vm *vm = e->vms; vm; vm = vm->next) {
        vms += !vm->template;
        running += !vm->template && vm->status != VM_DOWN;
    }
    for (struct emu_sd *sd = e->sds; sd; sd = sd->next, sds++)
        active += sd->status == SD_ACTIVE;
    js_add_int(js_sub(summary, "hosts"), "active", up);
    js_add_int(js_sub(summary, "hosts"), "total", hosts);
    js_add_int(js_sub(summary, "storage_domains"), "active", active);
    js_add_int(js_sub(summary, "storage_domains"), "total", sds);
    js_add_int(js_sub(summary, "vms"), "active", running);
    js_add_int(js_sub(summary, "vms"), "total", vms);
    js_add_int(o, "time", emu_epoch_ms(e, e->now));
    op_object(op, 200, "api", o);
}

void
option_get(struct emu_op *op)
{
    struct json_object *options = js_get(op->e->conf, "options");
    struct json_object *given = NULL;
    const char *value = NULL;
    if (options && json_object_object_get_ex(options, op->args[0], &given))
        value = json_object_get_string(given);
    else if (emu_same(op->args[0], "OvfUpdateIntervalInMinutes"))
        value = "60";
    if (!value) {
        op_empty(op, 404);
        return;
    }
    struct json_object *o = tree_ref(op->args[0], "options");
    js_add_str(o, "name", op->args[0]);
    struct json_object *v = json_object_new_object();
    js_add_str(v, "value", value);
    js_add_str(v, "version", "general");
    json_object_array_add(js_list(js_sub(o, "values"), "system_option_value"), v);
    op_object(op, 200, "system_option", o);
}
