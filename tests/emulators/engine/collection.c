/*
 * Plain collections: kept as the trees they are shown as, listed, searched, added, changed and
 * removed alike. Below an object a collection shows what refers to it.
 */
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct kind {
    const char *path; /* URL segment and key in the configuration */
    const char *type;
    const char *plural;
    const char *parent; /* the reference every entry needs */
} kinds[] = {
    {"clusters", "cluster", "clusters", "data_center"},
    {"networks", "network", "networks", "data_center"},
    {"vnicprofiles", "vnic_profile", "vnic_profiles", "network"},
    {"affinitygroups", "affinity_group", "affinity_groups", "cluster"},
    {"affinitylabels", "affinity_label", "affinity_labels", NULL},
    {"macpools", "mac_pool", "mac_pools", NULL},
    {"quotas", "quota", "quotas", "data_center"},
    {"roles", "role", "roles", NULL},
    {"permissions", "permission", "permissions", "role"},
    {"domains", "domain", "domains", NULL},
    {"users", "user", "users", NULL},
    {"groups", "group", "groups", NULL},
    {"tags", "tag", "tags", NULL},
    {"storageconnections", "storage_connection", "storage_connections", NULL},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static const struct {
    const char *key;
    const char *path;
} references[] = {
    {"data_center", "datacenters"},
    {"network", "networks"},
    {"cluster", "clusters"},
    {"mac_pool", "macpools"},
    {"role", "roles"},
    {"user", "users"},
    {"group", "groups"},
    {"vm", "vms"},
    {"host", "hosts"},
    {"quota", "quotas"},
    {"vnic_profile", "vnicprofiles"},
};

static struct json_object *
kind_list(struct emu_engine *e, const char *path)
{
    return js_get(e->collections, path);
}

struct json_object *
collection_get(struct emu_engine *e, const char *path, const char *id_or_name)
{
    struct json_object *list = kind_list(e, path);
    struct json_object *o = js_find(list, "id", id_or_name);
    return o ? o : js_find(list, "name", id_or_name);
}

/* ---- references ------------------------------------------------------------------------------ */

static const char *
reference_path(const char *key)
{
    for (size_t i = 0; i < sizeof(references) / sizeof(references[0]); i++)
        if (emu_same(references[i].key, key))
            return references[i].path;
    return NULL;
}

/* The id of what TEXT, an id or a name, means; NULL when nothing has it. */
static const char *
reference_id(struct emu_engine *e, const char *path, const char *text)
{
    if (emu_same(path, "datacenters")) {
        struct json_object *dcs = js_get(e->conf, "data_centers");
        struct json_object *o = js_find(dcs, "id", text);
        o = o ? o : js_find(dcs, "name", text);
        struct emu_dc *dc = o ? NULL : dc_get(e, text);
        return o ? js_str(o, "id") : dc ? dc->id : NULL;
    }
    if (emu_same(path, "vms"))
        return vm_get(e, false, text) ? text : NULL;
    if (emu_same(path, "hosts")) {
        struct emu_host *h = host_get(e, text);
        return h ? h->id : NULL;
    }
    return js_str(collection_get(e, path, text), "id");
}

static const char *
reference_text(struct json_object *value)
{
    if (!json_object_is_type(value, json_type_object))
        return json_object_get_string(value);
    return js_str(value, "id") ? js_str(value, "id") : js_str(value, "name");
}

/* false: it names nothing. At the start a configuration may name what only comes later. */
static bool
member_set(struct emu_engine *e, struct json_object *o, const char *key, struct json_object *value,
           bool strict)
{
    static const char *const ours[] = {"id", "href", "link", "actions", NULL};
    for (const char *const *k = ours; *k; k++)
        if (emu_same(*k, key))
            return true;
    const char *path = reference_path(key);
    if (!path) {
        js_add(o, key, js_copy(value));
        return true;
    }
    const char *text = reference_text(value);
    const char *id = text ? reference_id(e, path, text) : NULL;
    if (!id && strict)
        return false;
    if (text)
        js_add(o, key, tree_ref(id ? id : text, path));
    return true;
}

static void
href_set(const struct kind *k, struct json_object *o)
{
    const char *cluster = js_str(o, "cluster.id");
    char *href =
        emu_same(k->path, "affinitygroups") && cluster
            ? emu_printf("%s/clusters/%s/affinitygroups/%s", EMU_API, cluster, js_str(o, "id"))
            : emu_printf("%s/%s/%s", EMU_API, k->path, js_str(o, "id"));
    js_add_str(o, "href", href);
    free(href);
}

/* ---- the start ------------------------------------------------------------------------------- */

static void
cluster_defaults(struct json_object *o)
{
    js_default_int(o, "version.major", 4);
    js_default_int(o, "version.minor", 7);
    js_default_str(o, "cpu.architecture", "x86_64");
    js_default_str(o, "cpu.type", "Secure Intel Cascadelake Server Family");
    js_default_bool(o, "ha_reservation", false);
    js_default_int(o, "memory_policy.over_commit.percent", 100);
    js_default_str(o, "error_handling.on_error", "migrate");
    js_default_bool(o, "fencing_policy.enabled", true);
    js_default_bool(o, "fencing_policy.skip_if_sd_active.enabled", false);
    js_default_bool(o, "fencing_policy.skip_if_connectivity_broken.enabled", false);
    js_default_int(o, "fencing_policy.skip_if_connectivity_broken.threshold", 50);
    js_default_bool(o, "ballooning_enabled", true);
    js_default_bool(o, "virt_service", true);
    js_default_bool(o, "gluster_service", false);
}

static void
entry_defaults(const struct kind *k, struct json_object *o)
{
    if (emu_same(k->type, "cluster")) {
        cluster_defaults(o);
    } else if (emu_same(k->type, "network")) {
        js_default_int(o, "mtu", 0);
        js_default_bool(o, "stp", false);
        if (!js_get(o, "usages"))
            json_object_array_add(js_list(js_sub(o, "usages"), "usage"),
                                  json_object_new_string("vm"));
    } else if (emu_same(k->type, "vnic_profile")) {
        js_default_str(o, "pass_through.mode", "disabled");
        js_default_bool(o, "port_mirroring", false);
    } else if (emu_same(k->type, "affinity_group")) {
        affinity_defaults(o);
    } else if (emu_same(k->type, "role")) {
        js_default_bool(o, "administrative", false);
        js_default_bool(o, "mutable", true);
    }
}

static struct json_object *
entry_new(struct emu_engine *e, const struct kind *k, struct json_object *from)
{
    char id[EMU_ID];
    if (js_str(from, "id"))
        EMU_SET(id, js_str(from, "id"));
    else
        emu_new_id(e, id);
    struct json_object *o = tree_ref(id, k->path);
    json_object_array_add(kind_list(e, k->path), o);
    return o;
}

static void
kind_init(struct emu_engine *e, const struct kind *k, struct json_object *conf, const char *cluster)
{
    for (size_t i = 0; i < js_len(conf); i++) {
        struct json_object *entry = js_at(conf, i);
        struct json_object *o = entry_new(e, k, entry);
        json_object_object_foreach(entry, key, value)
        {
            if (emu_same(key, "hosts") || emu_same(key, "vms") || emu_same(key, "clusters"))
                continue;
            if (!emu_same(key, "affinitygroups"))
                member_set(e, o, key, value, false);
        }
        if (cluster)
            js_add(o, "cluster", tree_ref(cluster, "clusters"));
        js_add(o, "_hosts", js_copy(js_get(entry, "hosts")));
        js_add(o, "_vms", js_copy(js_get(entry, "vms")));
        js_add(o, "_clusters", js_copy(js_get(entry, "clusters")));
        entry_defaults(k, o);
        href_set(k, o);
    }
}

static const struct kind *
kind_of(const char *path, size_t n)
{
    for (size_t k = 0; k < KINDS; k++)
        if (strlen(kinds[k].path) == n && strncmp(kinds[k].path, path, n) == 0)
            return &kinds[k];
    return NULL;
}

void
collections_init(struct emu_engine *e)
{
    e->collections = json_object_new_object();
    for (size_t k = 0; k < KINDS; k++)
        js_list(e->collections, kinds[k].path);
    for (size_t k = 0; k < KINDS; k++)
        kind_init(e, &kinds[k], js_get(e->conf, kinds[k].path), NULL);
    struct json_object *clusters = js_get(e->conf, "clusters");
    for (size_t i = 0; i < js_len(clusters); i++)
        kind_init(e, kind_of("affinitygroups", 14), js_get(js_at(clusters, i), "affinitygroups"),
                  js_str(js_at(clusters, i), "id"));
    mac_init(e);
}

/* ---- which collection, below what ------------------------------------------------------------ */

/* The last segment that names a kind; *RET_ITEM tells whether an id follows it. */
static const struct kind *
op_kind(const struct emu_op *op, bool *ret_item)
{
    const char *last = strrchr(op->path, '/');
    const char *name = last ? last + 1 : op->path;
    const struct kind *k = kind_of(name, strlen(name));
    if (ret_item)
        *ret_item = !k;
    if (k || !last)
        return k;
    const char *before = last;
    while (before > op->path && before[-1] != '/')
        before--;
    return kind_of(before, (size_t)(last - before));
}

/* The id of the object above, NULL at the top. */
static const char *
op_parent(const struct emu_op *op, bool item)
{
    size_t own = item ? 1 : 0;
    return op->args_count > own ? op->args[op->args_count - own - 1] : NULL;
}

static bool
below_parent(const struct kind *k, struct json_object *o, const char *parent)
{
    char path[64];
    if (!parent)
        return true;
    if (k->parent && !emu_same(k->path, "permissions")) {
        snprintf(path, sizeof(path), "%s.id", k->parent);
        return emu_same(js_str(o, path), parent);
    }
    return emu_same(js_str(o, "vm.id"), parent) || emu_same(js_str(o, "cluster.id"), parent);
}

static bool
parent_known(struct emu_engine *e, const struct kind *k, const char *parent)
{
    return !parent || !k->parent || emu_same(k->path, "permissions") ||
           reference_id(e, reference_path(k->parent), parent);
}

static struct json_object *
shown(struct emu_engine *e, const struct kind *k, struct json_object *o)
{
    if (emu_same(k->type, "affinity_group") || emu_same(k->type, "affinity_label"))
        return affinity_tree(e, o);
    return js_copy(o);
}

/* ---- operations ------------------------------------------------------------------------------ */

static void
collection_search(struct emu_engine *e, void *object, const char *field, struct json_object *texts)
{
    const char *text = js_str(object, field);
    if (emu_same(field, "datacenter") || emu_same(field, "datacenter.name")) {
        struct emu_dc *dc = dc_get(e, js_str(object, "data_center.id"));
        text = dc ? dc->name : NULL;
    } else if (emu_same(field, "usrname")) {
        text = js_str(object, "user_name");
    }
    if (text)
        json_object_array_add(texts, json_object_new_string(text));
}

void
collection_list(struct emu_op *op)
{
    const struct kind *k = op_kind(op, NULL);
    const char *parent = op_parent(op, false);
    if (!op_search_ok(op))
        return;
    if (!parent_known(op->e, k, parent)) {
        op_empty(op, 404);
        return;
    }
    struct json_object *all = kind_list(op->e, k->path);
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < js_len(all); i++)
        if (below_parent(k, js_at(all, i), parent) &&
            op_search(op, collection_search, js_at(all, i)))
            json_object_array_add(list, shown(op->e, k, js_at(all, i)));
    op_list(op, k->type, k->plural, list);
}

static struct json_object *
op_entry(struct emu_op *op, const struct kind **ret_kind)
{
    bool item = true;
    const struct kind *k = op_kind(op, &item);
    struct json_object *o = js_find(kind_list(op->e, k->path), "id", op->args[op->args_count - 1]);
    if (o && !below_parent(k, o, op_parent(op, true)))
        o = NULL;
    if (!o)
        op_empty(op, 404);
    *ret_kind = k;
    return o;
}

void
collection_item(struct emu_op *op)
{
    const struct kind *k = NULL;
    struct json_object *o = op_entry(op, &k);
    if (o)
        op_object(op, 200, k->type, shown(op->e, k, o));
}

static bool
name_free(struct emu_op *op, const struct kind *k, struct json_object *self, const char *name,
          const char *parent)
{
    struct json_object *all = kind_list(op->e, k->path);
    for (size_t i = 0; i < js_len(all); i++)
        if (js_at(all, i) != self && below_parent(k, js_at(all, i), parent) &&
            emu_same(js_str(js_at(all, i), "name"), name)) {
            op_fault(op, 409, "[Cannot %s %s. The name is already in use.]", self ? "edit" : "add",
                     k->type);
            return false;
        }
    return true;
}

/* Every member of the body; false: answered, something it refers to is not there. */
static bool
entry_fill(struct emu_op *op, struct json_object *o)
{
    json_object_object_foreach(op->body, key, value)
    {
        if (member_set(op->e, o, key, value, true))
            continue;
        op_fault(op, 404, "[The %s %s does not exist.]", key, reference_text(value));
        return false;
    }
    return true;
}

static void
network_added(struct emu_engine *e, struct json_object *network, struct json_object *body)
{
    js_add(network, "_clusters", json_object_new_array());
    if (!js_bool(body, "profile_required", true))
        return;
    const struct kind *k = kind_of("vnicprofiles", 12);
    struct json_object *empty = json_object_new_object();
    struct json_object *profile = entry_new(e, k, empty);
    json_object_put(empty);
    js_add_str(profile, "name", js_str(network, "name"));
    js_add(profile, "network", tree_ref(js_str(network, "id"), "networks"));
    entry_defaults(k, profile);
}

void
collection_add(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    const struct kind *k = op_kind(op, NULL);
    const char *parent = op_parent(op, false);
    const char *name = js_str(op->body, "name");
    bool permission = emu_same(k->type, "permission");
    if (!parent_known(e, k, parent)) {
        op_empty(op, 404);
        return;
    }
    if ((!name && !permission) || (k->parent && !parent && !js_get(op->body, k->parent))) {
        op_fault(op, 400, "%s [%s%s%s] required for add", k->type, permission ? "" : "name",
                 k->parent && !permission ? ", " : "", k->parent ? k->parent : "");
        return;
    }
    struct json_object *o = tree_ref("new", k->path);
    if (!entry_fill(op, o)) {
        json_object_put(o);
        return;
    }
    if (parent && k->parent && !permission)
        js_add(o, k->parent, tree_ref(parent, reference_path(k->parent)));
    char above[64];
    snprintf(above, sizeof(above), "%s.id", k->parent ? k->parent : "none");
    if (!permission && !name_free(op, k, NULL, name, js_str(o, above))) {
        json_object_put(o);
        return;
    }
    char id[EMU_ID];
    emu_new_id(e, id);
    js_add_str(o, "id", id);
    entry_defaults(k, o);
    href_set(k, o);
    json_object_array_add(kind_list(e, k->path), o);
    if (emu_same(k->type, "network"))
        network_added(e, o, op->body);
    op_object(op, 201, k->type, shown(e, k, o));
}

void
collection_put(struct emu_op *op)
{
    const struct kind *k = NULL;
    struct json_object *o = op_entry(op, &k);
    const char *name = js_str(op->body, "name");
    char above[64];
    if (!o)
        return;
    snprintf(above, sizeof(above), "%s.id", k->parent ? k->parent : "none");
    if ((name && !name_free(op, k, o, name, js_str(o, above))) || !entry_fill(op, o))
        return;
    op_object(op, 200, k->type, shown(op->e, k, o));
}

/* Who still needs it, or NULL. */
static const char *
entry_user(struct emu_engine *e, const struct kind *k, struct json_object *o)
{
    const char *id = js_str(o, "id");
    if (emu_same(k->type, "cluster")) {
        for (struct emu_host *h = e->hosts; h; h = h->next)
            if (emu_same(h->cluster, id))
                return h->name;
    }
    for (struct emu_vm *vm = e->vms; vm; vm = vm->next) {
        if (emu_same(k->type, "cluster") && emu_same(vm->cluster, id))
            return vm->name;
        struct json_object *nics = js_get(vm->conf, "nics");
        for (size_t i = 0; i < js_len(nics); i++) {
            struct json_object *profile = nic_profile(e, js_at(nics, i));
            if ((emu_same(k->type, "vnic_profile") && profile == o) ||
                (emu_same(k->type, "network") && emu_same(js_str(profile, "network.id"), id)))
                return vm->name;
        }
    }
    return NULL;
}

void
collection_remove(struct emu_op *op)
{
    const struct kind *k = NULL;
    struct json_object *o = op_entry(op, &k);
    const char *user = o ? entry_user(op->e, k, o) : NULL;
    if (!o)
        return;
    if (user) {
        op_fault(op, 409, "[Cannot remove %s. It is used by %s.]", k->type, user);
        return;
    }
    if (emu_same(k->type, "network"))
        js_remove(kind_list(op->e, "vnicprofiles"), "network.id", js_str(o, "id"));
    js_remove(kind_list(op->e, k->path), "id", op->args[op->args_count - 1]);
    op_action(op, NULL);
}
