/* Data centres: status, master, who is SPM; and the monitoring of their domains. */
#include "engine.h"

#include <stdlib.h>

static const char *const names[] = {
    [DC_UNINITIALIZED] = "uninitialized",
    [DC_MAINTENANCE] = "maintenance",
    [DC_CONTEND] = "contend",
    [DC_UP] = "up",
    [DC_NOT_OPERATIONAL] = "not_operational",
    [DC_PROBLEMATIC] = "problematic",
};

const char *
dc_status_name(enum dc_status s)
{
    return names[s];
}

struct emu_dc *
dc_get(struct emu_engine *e, const char *id)
{
    for (struct emu_dc *dc = e->dcs; dc; dc = dc->next)
        if (emu_same(dc->id, id))
            return dc;
    return NULL;
}

struct emu_dc *
dc_new(struct emu_engine *e, struct json_object *conf)
{
    struct emu_dc *dc = emu_alloc(sizeof(*dc));
    dc->conf = json_object_get(conf);
    EMU_SET(dc->id, js_str(conf, "id"));
    EMU_SET(dc->name, js_str(conf, "name"));
    dc->status = DC_UNINITIALIZED;
    struct emu_dc **p = &e->dcs;
    while (*p)
        p = &(*p)->next;
    *p = dc;
    return dc;
}

/* The up host with the highest priority becomes SPM. */
void
dc_elect(struct emu_engine *e, struct emu_dc *dc)
{
    struct emu_host *best = NULL;
    for (struct emu_host *h = e->hosts; h; h = h->next)
        if (host_up(h) && emu_same(host_dc(e, h), dc->id) &&
            (!best || h->spm_priority > best->spm_priority))
            best = h;
    EMU_SET(dc->spm, best ? best->id : "");
    struct emu_sd *master = sd_master(e, dc->id);
    struct json_object *doc = best && master ? content_read(e, master->id) : NULL;
    if (!doc)
        return;
    lease_take_cluster(doc, best);
    content_pool(doc, dc, true);
    content_write(e, master->id, doc);
    json_object_put(doc);
}

static struct json_object *
version_tree(void)
{
    struct json_object *o = json_object_new_object();
    js_add_int(o, "major", 4);
    js_add_int(o, "minor", 7);
    return o;
}

static struct json_object *
dc_tree(struct emu_dc *dc)
{
    struct json_object *o = tree_ref(dc->id, "datacenters");
    const char *format = js_str(dc->conf, "storage_format");
    js_add_str(o, "name", dc->name);
    js_add_str(o, "description", js_str(dc->conf, "description"));
    js_add_str(o, "status", names[dc->status]);
    js_add_bool(o, "local", js_bool(dc->conf, "local", false));
    js_add_str(o, "storage_format", format ? format : "v5");
    js_add_str(o, "quota_mode", "disabled");
    js_add(o, "version", version_tree());
    json_object_array_add(js_list(js_sub(o, "supported_versions"), "version"), version_tree());
    static const char *const subs[] = {"clusters", "networks", "storagedomains", NULL};
    struct json_object *links = js_list(o, "link");
    for (const char *const *s = subs; *s; s++) {
        struct json_object *link = json_object_new_object();
        char *href = emu_printf("%s/datacenters/%s/%s", EMU_API, dc->id, *s);
        js_add_str(link, "href", href);
        js_add_str(link, "rel", *s);
        json_object_array_add(links, link);
        free(href);
    }
    return o;
}

static void
dc_search(struct emu_engine *e, void *object, const char *field, struct json_object *texts)
{
    struct emu_dc *dc = object;
    const char *text = NULL;
    if (emu_same(field, "name"))
        text = dc->name;
    else if (emu_same(field, "id"))
        text = dc->id;
    else if (emu_same(field, "status"))
        text = names[dc->status];
    if (text)
        json_object_array_add(texts, json_object_new_string(text));
    if (emu_same(field, "storage.name"))
        for (struct emu_sd *sd = e->sds; sd; sd = sd->next)
            if (emu_same(sd->dc, dc->id))
                json_object_array_add(texts, json_object_new_string(sd->name));
}

void
dc_list(struct emu_op *op)
{
    if (!op_search_ok(op))
        return;
    struct json_object *list = json_object_new_array();
    for (struct emu_dc *dc = op->e->dcs; dc; dc = dc->next)
        if (op_search(op, dc_search, dc))
            json_object_array_add(list, dc_tree(dc));
    op_list(op, "data_center", "data_centers", list);
}

void
dc_item(struct emu_op *op)
{
    struct emu_dc *dc = dc_get(op->e, op->args[0]);
    if (!dc)
        op_empty(op, 404);
    else
        op_object(op, 200, "data_center", dc_tree(dc));
}

static void
dc_members(struct emu_op *op, const char *key, const char *type, const char *plural)
{
    if (!dc_get(op->e, op->args[0])) {
        op_empty(op, 404);
        return;
    }
    struct json_object *list = json_object_new_array();
    struct json_object *all = js_get(op->e->clusters, key);
    for (size_t i = 0; i < js_len(all); i++)
        if (emu_same(js_str(js_at(all, i), "data_center.id"), op->args[0]))
            json_object_array_add(list, json_object_get(js_at(all, i)));
    op_list(op, type, plural, list);
}

void
dc_clusters(struct emu_op *op)
{
    dc_members(op, "clusters", "cluster", "clusters");
}

void
dc_networks(struct emu_op *op)
{
    dc_members(op, "networks", "network", "networks");
}

static void
setmaster_step(struct emu_op *op)
{
    struct emu_sd *old = sd_master(op->e, op->dc->id);
    if (op_has(op, FAULT_EXEC)) {
        op_fault(op, 400, "[Error in setting the master Storage Domain]");
        return;
    }
    if (old)
        old->master = false;
    op->sd->master = true;
    struct json_object *doc = old ? content_read(op->e, old->id) : NULL;
    if (doc) {
        content_pool(doc, op->dc, false);
        json_object_object_del(js_sub(doc, "leases"), "cluster");
        content_write(op->e, old->id, doc);
        json_object_put(doc);
    }
    dc_elect(op->e, op->dc);
    op_action(op, NULL);
}

void
dc_setmaster(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    op->dc = dc_get(e, op->args[0]);
    op->sd = sd_get(e, js_str(op->body, "storage_domain.id"));
    if (!op->dc) {
        op_empty(op, 404);
    } else if (!op->sd || !emu_same(op->sd->dc, op->dc->id)) {
        op_fault(op, 404, "[The Storage Domain is not attached to the Data Center.]");
    } else if (op->sd->status != SD_ACTIVE || op->sd->master || op->dc->status != DC_UP) {
        op_fault(op, 409, "[Cannot set the master Storage Domain.]");
    } else if (op_lock(op, true, "sd", op->sd->id) == 0 &&
               op_lock(op, true, "dc", op->dc->id) == 0) {
        job_start(op, "Setting %s as the master Storage Domain", op->sd->name);
        op->step = setmaster_step;
        op_sleep(op, e->latency.contend);
    }
}

/* ---- monitoring: what happens to a domain whose storage goes away ---------------------------- */

static void
sd_monitor(struct emu_engine *e, struct emu_sd *sd, struct json_object *groups)
{
    struct emu_dc *dc = dc_get(e, sd->dc);
    if (!host_up_in_dc(e, sd->dc)) {
        sd->status = SD_UNKNOWN;
        if (sd->master)
            dc->status = DC_PROBLEMATIC;
        return;
    }
    struct json_object *g = js_find(groups, "doc.domain.id", sd->id);
    if (g && !js_bool(g, "broken", false) && js_bool(g, "writable", false)) {
        sd->lost_ns = 0;
        if (sd->status == SD_UNKNOWN) {
            sd->status = SD_ACTIVE;
            lease_join_hosts(e, sd);
            if (sd->master) {
                dc->status = DC_UP;
                dc_elect(e, dc);
            }
        }
        return;
    }
    for (struct emu_vm *vm = e->vms; vm; vm = vm->next)
        if (vm->writer && vm_on_sd(vm->conf, sd->id)) {
            vm_write(e, vm, false);
            vm->status = VM_PAUSED;
            vm->run++;
        }
    if (sd->lost_ns == 0)
        sd->lost_ns = e->now;
    if (e->now - sd->lost_ns < emu_scaled(e, e->latency.sd_failure))
        return;
    sd->status = SD_INACTIVE;
    lease_leave_hosts(sd);
    if (sd->master)
        dc->status = DC_PROBLEMATIC;
}

/* Looking costs the backend a read of everything, so a small factor does not make it frantic. */
#define MONITOR_MIN_NS 200000000

static void
monitor_later(struct emu_op *op)
{
    int64_t period = emu_scaled(op->e, op->e->latency.monitor);
    op->wake_ns = op->e->now + (period > MONITOR_MIN_NS ? period : MONITOR_MIN_NS);
}

static void
monitor_step(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    bool any = false;
    struct json_object *groups = content_groups(e, NULL);
    for (struct emu_sd *sd = e->sds; sd; sd = sd->next) {
        if (sd->status != SD_ACTIVE && sd->status != SD_UNKNOWN)
            continue;
        sd_monitor(e, sd, groups);
        any = true;
    }
    json_object_put(groups);
    if (any)
        monitor_later(op);
    else
        e->monitoring = false;
}

void
monitor_start(struct emu_engine *e)
{
    if (e->monitoring)
        return;
    e->monitoring = true;
    monitor_later(op_background(e, "monitor", monitor_step));
}
