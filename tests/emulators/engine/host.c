/* Hosts as objects: shown, searched, added with the lowest free number, changed, removed. */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

struct emu_host *
host_get(struct emu_engine *e, const char *id_or_name)
{
    for (struct emu_host *h = e->hosts; h; h = h->next)
        if (emu_same(h->id, id_or_name) || emu_same(h->name, id_or_name))
            return h;
    return NULL;
}

const char *
host_dc(struct emu_engine *e, const struct emu_host *h)
{
    return cluster_dc(e, h->cluster);
}

bool
host_up(const struct emu_host *h)
{
    return h && emu_same(h->status, "up");
}

struct emu_host *
host_up_in_dc(struct emu_engine *e, const char *id)
{
    struct emu_dc *dc = dc_get(e, id);
    struct emu_host *spm = dc ? host_get(e, dc->spm) : NULL;
    if (host_up(spm))
        return spm;
    struct emu_host *best = NULL;
    for (struct emu_host *h = e->hosts; h; h = h->next)
        if (host_up(h) && emu_same(host_dc(e, h), id) &&
            (!best || h->spm_priority > best->spm_priority))
            best = h;
    return best;
}

/* Hosts get the lowest free number of their data centre when they are added. */
static int
host_number(struct emu_engine *e, const struct emu_host *host)
{
    for (int n = 1;; n++) {
        bool taken = false;
        for (struct emu_host *h = e->hosts; h; h = h->next)
            taken =
                taken || (h != host && h->spm_id == n && emu_same(host_dc(e, h), host_dc(e, host)));
        if (!taken)
            return n;
    }
}

struct emu_host *
host_new(struct emu_engine *e, struct json_object *conf)
{
    struct emu_host *h = emu_alloc(sizeof(*h));
    h->conf = js_copy(conf);
    h->logins = json_object_new_object();
    EMU_SET(h->id, js_str(conf, "id"));
    EMU_SET(h->name, js_str(conf, "name"));
    EMU_SET(h->cluster, js_str(cluster_get(e, js_str(conf, "cluster")), "id"));
    EMU_SET(h->status, js_str(conf, "status") ? js_str(conf, "status") : "up");
    h->alive = !js_bool(conf, "powered_off", false);
    h->spm_priority = (int)js_int(conf, "spm_priority", 5);
    h->memory = js_int(conf, "memory", 256LL << 30);
    struct emu_host **p = &e->hosts;
    while (*p)
        p = &(*p)->next;
    *p = h;
    h->spm_id = (int)js_int(conf, "host_number", 0);
    if (h->spm_id == 0)
        h->spm_id = host_number(e, h);
    return h;
}

void
host_free(struct emu_host *h)
{
    json_object_put(h->conf);
    json_object_put(h->logins);
    free(h);
}

static struct json_object *
host_tree(struct emu_engine *e, struct emu_host *h)
{
    struct json_object *o = tree_ref(h->id, "hosts");
    const char *address = js_str(h->conf, "address");
    js_add_str(o, "name", h->name);
    js_add_str(o, "address", address ? address : h->name);
    js_add_str(o, "status", h->status);
    js_add_str(o, "comment", js_str(h->conf, "comment"));
    js_add_str(o, "external_status", "ok");
    js_add_str(o, "type", "rhel");
    js_add_int(o, "memory", h->memory);
    js_add_int(o, "max_scheduling_memory", host_memory_free(e, h));
    js_add_str(js_sub(o, "version"), "full_version", "vdsm-4.50.5.1-1.el8");
    js_add_str(js_sub(o, "os"), "type", "rhel");
    struct json_object *topology = js_sub(js_sub(o, "cpu"), "topology");
    js_add_int(topology, "sockets", js_int(h->conf, "cpu.topology.sockets", 2));
    js_add_int(topology, "cores", js_int(h->conf, "cpu.topology.cores", 16));
    js_add_int(topology, "threads", js_int(h->conf, "cpu.topology.threads", 2));
    js_add_str(js_sub(o, "certificate"), "organization", e->site);
    char *subject = emu_printf("O=%s.test,CN=%s", e->site, address ? address : h->name);
    js_add_str(js_sub(o, "certificate"), "subject", subject);
    free(subject);
    js_add(o, "cluster", tree_ref(h->cluster, "clusters"));
    struct json_object *spm = js_sub(o, "spm");
    struct emu_dc *dc = dc_get(e, host_dc(e, h));
    js_add_int(spm, "id", h->spm_id);
    js_add_int(spm, "priority", h->spm_priority);
    js_add_str(spm, "status",
               !dc || !emu_same(dc->spm, h->id) ? "none"
               : dc->status == DC_CONTEND       ? "contending"
                                                : "spm");
    struct json_object *power = js_sub(o, "power_management");
    js_add_bool(power, "enabled", host_fenceable(h));
    js_add_bool(power, "automatic_pm_enabled",
                js_bool(h->conf, "power_management.automatic_pm_enabled", true));
    js_add_bool(power, "kdump_detection", true);
    js_add_str(js_sub(o, "iscsi"), "initiator", js_str(h->conf, "initiator"));
    int64_t active = 0;
    int64_t migrating = 0;
    for (struct emu_vm *vm = e->vms; vm; vm = vm->next) {
        active += emu_same(vm->host, h->id) && vm->status != VM_DOWN;
        migrating += emu_same(vm->host, h->id) && vm->status == VM_MIGRATING;
    }
    struct json_object *summary = js_sub(o, "summary");
    js_add_int(summary, "active", active);
    js_add_int(summary, "migrating", migrating);
    js_add_int(summary, "total", active);
    js_add_bool(o, "update_available", false);
    return o;
}

static void
host_search(struct emu_engine *e, void *object, const char *field, struct json_object *texts)
{
    struct emu_host *h = object;
    struct emu_dc *dc = dc_get(e, host_dc(e, h));
    const char *text = NULL;
    if (emu_same(field, "name"))
        text = h->name;
    else if (emu_same(field, "id"))
        text = h->id;
    else if (emu_same(field, "status"))
        text = h->status;
    else if (emu_same(field, "datacenter") || emu_same(field, "datacenter.name"))
        text = dc ? dc->name : NULL;
    else if (emu_same(field, "cluster") || emu_same(field, "cluster.name"))
        text = js_str(cluster_get(e, h->cluster), "name");
    else if (emu_same(field, "address"))
        text = js_str(h->conf, "address");
    else if (emu_same(field, "comment"))
        text = js_str(h->conf, "comment");
    else if (emu_same(field, "spm_id"))
        json_object_array_add(texts, json_object_new_int(h->spm_id));
    if (text)
        json_object_array_add(texts, json_object_new_string(text));
}

void
host_list(struct emu_op *op)
{
    if (!op_search_ok(op))
        return;
    struct json_object *list = json_object_new_array();
    for (struct emu_host *h = op->e->hosts; h; h = h->next)
        if (op_search(op, host_search, h))
            json_object_array_add(list, host_tree(op->e, h));
    op_list(op, "host", "hosts", list);
}

/* By id only: a name in the path is unknown. */
bool
op_host(struct emu_op *op)
{
    op->host = host_get(op->e, op->args[0]);
    if (op->host && emu_same(op->host->id, op->args[0]))
        return true;
    op->host = NULL;
    op_empty(op, 404);
    return false;
}

void
host_item(struct emu_op *op)
{
    if (op_host(op))
        op_object(op, 200, "host", host_tree(op->e, op->host));
}

/* ---- add, change, remove --------------------------------------------------------------------- */

void
host_add(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    const char *name = js_str(op->body, "name");
    const char *address = js_str(op->body, "address");
    const char *wanted = js_str(op->body, "cluster.id");
    struct json_object *cluster =
        cluster_get(e, wanted ? wanted : js_str(op->body, "cluster.name"));
    if (!name || !address || !cluster) {
        op_fault(op, 400, "Host [name, address, cluster] required for add");
        return;
    }
    if (host_get(e, name)) {
        op_fault(op, 409, "[Cannot add Host. The Host name is already in use.]");
        return;
    }
    char id[EMU_ID];
    emu_new_id(e, id);
    struct json_object *conf = js_copy(op->body);
    js_add_str(conf, "id", id);
    js_add_str(conf, "status", "installing");
    js_add_str(conf, "cluster", js_str(cluster, "id"));
    struct emu_host *h = host_new(e, conf);
    json_object_put(conf);
    host_rises(e, h, e->latency.install);
    op_object(op, 201, "host", host_tree(e, h));
}

void
host_put(struct emu_op *op)
{
    if (!op_host(op))
        return;
    struct emu_host *h = op->host;
    static const char *const keys[] = {"address", "comment", "power_management", NULL};
    for (const char *const *k = keys; *k; k++)
        js_add(h->conf, *k, js_copy(js_get(op->body, *k)));
    if (js_str(op->body, "name"))
        EMU_SET(h->name, js_str(op->body, "name"));
    h->spm_priority = (int)js_int(op->body, "spm.priority", h->spm_priority);
    op_object(op, 200, "host", host_tree(op->e, h));
}

/* Its number is free from then on: the next host that is added gets it. */
void
host_remove(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    if (!op_host(op))
        return;
    struct emu_host *h = op->host;
    if (!emu_same(h->status, "maintenance") && !emu_same(h->status, "install_failed")) {
        op_fault(op, 409, "[Cannot remove Host. The Host is not in Maintenance mode.]");
        return;
    }
    for (struct emu_host **p = &e->hosts; *p; p = &(*p)->next)
        if (*p == h) {
            *p = h->next;
            break;
        }
    for (struct emu_op *o = e->ops; o; o = o->next)
        if (o->host == h)
            o->host = NULL;
    op->host = NULL;
    host_free(h);
    op_action(op, NULL);
}

/* ---- what is below a host -------------------------------------------------------------------- */

static void
statistic_add(struct json_object *list, struct emu_host *h, const char *name, const char *unit,
              int64_t value)
{
    char *id = emu_printf("%s-%s", h->id, name);
    struct json_object *o = tree_new(id, "hosts/%s/statistics", h->id);
    free(id);
    js_add_str(o, "name", name);
    js_add_str(o, "kind", "gauge");
    js_add_str(o, "type", "integer");
    js_add_str(o, "unit", unit);
    struct json_object *datum = json_object_new_object();
    js_add(datum, "datum", json_object_new_double((double)value));
    json_object_array_add(js_list(js_sub(o, "values"), "value"), datum);
    json_object_array_add(list, o);
}

void
host_statistics(struct emu_op *op)
{
    if (!op_host(op))
        return;
    struct emu_host *h = op->host;
    int64_t used = host_memory_used(op->e, h);
    struct json_object *list = json_object_new_array();
    statistic_add(list, h, "memory.total", "bytes", h->memory);
    statistic_add(list, h, "memory.used", "bytes", used);
    statistic_add(list, h, "memory.free", "bytes", h->memory > used ? h->memory - used : 0);
    statistic_add(list, h, "cpu.current.idle", "percent", 90);
    op_list(op, "statistic", "statistics", list);
}

/* Every network of the host's cluster is attached, but those the configuration says are missing. */
void
host_attachments(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    if (!op_host(op))
        return;
    struct emu_host *h = op->host;
    bool nics = strstr(op->path, "/nics") != NULL;
    struct json_object *list = json_object_new_array();
    struct json_object *networks = js_get(e->collections, "networks");
    if (nics) {
        struct json_object *o = tree_new("bond0", "hosts/%s/nics", h->id);
        js_add_str(o, "name", "bond0");
        js_add_str(o, "status", host_up(h) ? "up" : "down");
        js_add(o, "host", tree_ref(h->id, "hosts"));
        json_object_array_add(list, o);
    }
    for (size_t i = 0; i < js_len(networks) && !nics; i++) {
        const char *id = js_str(js_at(networks, i), "id");
        if (!host_has_network(e, h, id))
            continue;
        struct json_object *o = tree_new(id, "hosts/%s/networkattachments", h->id);
        js_add(o, "network", tree_ref(id, "networks"));
        js_add(o, "host", tree_ref(h->id, "hosts"));
        js_add_bool(o, "in_sync", true);
        json_object_array_add(list, o);
    }
    op_list(op, nics ? "host_nic" : "network_attachment",
            nics ? "host_nics" : "network_attachments", list);
}

bool
host_has_network(struct emu_engine *e, const struct emu_host *h, const char *network)
{
    struct json_object *missing = js_get(h->conf, "networks_missing");
    struct json_object *n = collection_get(e, "networks", network);
    for (size_t i = 0; i < js_len(missing); i++)
        if (emu_same(json_object_get_string(js_at(missing, i)), js_str(n, "name")))
            return false;
    return n && network_in_cluster(e, js_str(n, "id"), h->cluster);
}
