/* Networks of clusters, vNIC profiles, and MAC addresses. */
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct json_object *
profile_find(struct emu_engine *e, const char *network, const char *profile)
{
    struct json_object *all = js_get(e->collections, "vnicprofiles");
    for (size_t i = 0; i < js_len(all); i++) {
        struct json_object *p = js_at(all, i);
        struct json_object *n = collection_get(e, "networks", js_str(p, "network.id"));
        if (emu_same(js_str(p, "name"), profile) && emu_same(js_str(n, "name"), network))
            return p;
    }
    return NULL;
}

/* The profile of a NIC, told by id or, as an OVF does, by the names. */
struct json_object *
nic_profile(struct emu_engine *e, struct json_object *nic)
{
    struct json_object *p =
        js_find(js_get(e->collections, "vnicprofiles"), "id", js_str(nic, "vnic_profile"));
    return p ? p : profile_find(e, js_str(nic, "network"), js_str(nic, "profile"));
}

/* ---- clusters/C/networks --------------------------------------------------------------------- */

/* A network of the configuration is in every cluster of its data centre unless it says which. */
bool
network_in_cluster(struct emu_engine *e, const char *network, const char *cluster)
{
    struct json_object *n = collection_get(e, "networks", network);
    struct json_object *c = collection_get(e, "clusters", cluster);
    struct json_object *list = js_get(n, "_clusters");
    if (!n || !c || !emu_same(js_str(n, "data_center.id"), js_str(c, "data_center.id")))
        return false;
    if (!list)
        return true;
    for (size_t i = 0; i < js_len(list); i++) {
        const char *text = json_object_get_string(js_at(list, i));
        if (emu_same(text, js_str(c, "id")) || emu_same(text, js_str(c, "name")))
            return true;
    }
    return false;
}

static struct json_object *
cluster_network_tree(struct json_object *network, const char *cluster)
{
    struct json_object *o = js_copy(network);
    char *href = emu_printf("%s/clusters/%s/networks/%s", EMU_API, cluster, js_str(o, "id"));
    js_add_str(o, "href", href);
    free(href);
    js_add(o, "cluster", tree_ref(cluster, "clusters"));
    js_add_str(o, "status", "operational");
    return o;
}

void
cluster_networks(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    struct json_object *all = js_get(e->collections, "networks");
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < js_len(all); i++)
        if (network_in_cluster(e, js_str(js_at(all, i), "id"), op->args[0]))
            json_object_array_add(list, cluster_network_tree(js_at(all, i), op->args[0]));
    op_list(op, "network", "networks", list);
}

static struct json_object *
op_network(struct emu_op *op, const char *id)
{
    struct json_object *n = collection_get(op->e, "networks", id);
    struct json_object *c = js_find(js_get(op->e->collections, "clusters"), "id", op->args[0]);
    if (n && c && emu_same(js_str(n, "data_center.id"), js_str(c, "data_center.id")))
        return n;
    op_empty(op, 404);
    return NULL;
}

void
cluster_network_add(struct emu_op *op)
{
    const char *id = js_str(op->body, "id");
    struct json_object *n = op_network(op, id ? id : js_str(op->body, "name"));
    if (!n)
        return;
    if (network_in_cluster(op->e, js_str(n, "id"), op->args[0])) {
        op_fault(op, 409, "[Cannot attach Network. It is already attached to the Cluster.]");
        return;
    }
    json_object_array_add(js_list(n, "_clusters"), json_object_new_string(op->args[0]));
    js_add_bool(n, "required", js_bool(op->body, "required", true));
    op_object(op, 201, "network", cluster_network_tree(n, op->args[0]));
}

void
cluster_network_remove(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    struct json_object *n = op_network(op, op->args[1]);
    if (!n)
        return;
    struct json_object *kept = json_object_new_array();
    struct json_object *clusters = js_get(e->collections, "clusters");
    bool there = false;
    for (size_t i = 0; i < js_len(clusters); i++) {
        const char *id = js_str(js_at(clusters, i), "id");
        if (!network_in_cluster(e, js_str(n, "id"), id))
            continue;
        if (emu_same(id, op->args[0]))
            there = true;
        else
            json_object_array_add(kept, json_object_new_string(id));
    }
    js_add(n, "_clusters", kept);
    if (there)
        op_action(op, NULL);
    else
        op_empty(op, 404);
}

/* ---- MAC addresses --------------------------------------------------------------------------- */

void
mac_init(struct emu_engine *e)
{
    struct json_object *pools = js_get(e->collections, "macpools");
    if (js_len(pools) > 0)
        return;
    /* Nothing said about ranges: no address is outside of one. */
    struct json_object *pool = tree_ref("58ca604b-017d-0374-0220-00000000014e", "macpools");
    js_add_str(pool, "name", "Default");
    js_add_bool(pool, "default_pool", true);
    js_add_bool(pool, "allow_duplicates", false);
    js_add_bool(pool, "_open", true);
    struct json_object *range = json_object_new_object();
    js_add_str(range, "from", "56:6f:c0:de:00:00");
    js_add_str(range, "to", "56:6f:c0:de:ff:ff");
    json_object_array_add(js_list(js_sub(pool, "ranges"), "range"), range);
    json_object_array_add(pools, pool);
}

static int64_t
mac_number(const char *text)
{
    int64_t n = 0;
    for (int i = 0; i < 6; i++) {
        char *end = NULL;
        unsigned long byte = text ? strtoul(text, &end, 16) : 256;
        if (!text || end == text || byte > 255 || (i < 5 && *end != ':'))
            return -1;
        n = n << 8 | (int64_t)byte;
        text = end + 1;
    }
    return n;
}

static struct json_object *
mac_pool(struct emu_engine *e, const char *cluster)
{
    struct json_object *c = collection_get(e, "clusters", cluster);
    struct json_object *pools = js_get(e->collections, "macpools");
    struct json_object *pool = js_find(pools, "id", js_str(c, "mac_pool.id"));
    for (size_t i = 0; i < js_len(pools) && !pool; i++)
        if (js_bool(js_at(pools, i), "default_pool", false))
            pool = js_at(pools, i);
    return pool ? pool : js_at(pools, 0);
}

static bool
mac_in_range(struct json_object *pool, int64_t mac)
{
    struct json_object *ranges = js_get(pool, "ranges.range");
    for (size_t i = 0; i < js_len(ranges); i++)
        if (mac >= mac_number(js_str(js_at(ranges, i), "from")) &&
            mac <= mac_number(js_str(js_at(ranges, i), "to")))
            return true;
    return js_bool(pool, "_open", false);
}

static bool
mac_among(struct json_object *nics, const char *mac)
{
    for (size_t i = 0; i < js_len(nics); i++)
        if (emu_same_nocase(js_str(js_at(nics, i), "mac"), mac))
            return true;
    return false;
}

static bool
mac_used(struct emu_engine *e, const char *mac, struct json_object *more)
{
    for (struct emu_vm *vm = e->vms; vm; vm = vm->next)
        if (mac_among(js_get(vm->conf, "nics"), mac))
            return true;
    return mac_among(more, mac);
}

bool
mac_taken(struct emu_engine *e, const char *cluster, const char *mac)
{
    return !js_bool(mac_pool(e, cluster), "allow_duplicates", false) && mac_used(e, mac, NULL);
}

/* Outside of the pool of the cluster, or taken: what reassign_bad_macs is about. */
bool
mac_bad(struct emu_engine *e, const char *cluster, const char *mac)
{
    return mac_number(mac) < 0 || !mac_in_range(mac_pool(e, cluster), mac_number(mac)) ||
           mac_taken(e, cluster, mac);
}

/* The next free address of the pool that none of NICS has either; false: the pool is empty. */
bool
mac_next(struct emu_engine *e, const char *cluster, struct json_object *nics, char ret[18])
{
    struct json_object *ranges = js_get(mac_pool(e, cluster), "ranges.range");
    for (size_t i = 0; i < js_len(ranges); i++) {
        int64_t from = mac_number(js_str(js_at(ranges, i), "from"));
        int64_t to = mac_number(js_str(js_at(ranges, i), "to"));
        for (int64_t n = from; n >= 0 && n <= to; n++) {
            snprintf(ret, 18, "%02x:%02x:%02x:%02x:%02x:%02x", (unsigned)(n >> 40 & 255),
                     (unsigned)(n >> 32 & 255), (unsigned)(n >> 24 & 255),
                     (unsigned)(n >> 16 & 255), (unsigned)(n >> 8 & 255), (unsigned)(n & 255));
            if (!mac_used(e, ret, nics))
                return true;
        }
    }
    return false;
}
