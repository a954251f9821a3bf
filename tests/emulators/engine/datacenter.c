/* Data centres: status, master, who is SPM. */
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
    dc->conf = js_copy(conf);
    EMU_SET(dc->id, js_str(conf, "id"));
    EMU_SET(dc->name, js_str(conf, "name"));
    dc->status = DC_UNINITIALIZED;
    struct emu_dc **p = &e->dcs;
    while (*p)
        p = &(*p)->next;
    *p = dc;
    return dc;
}

/* The up host with the highest priority becomes SPM; one with -1 never does. */
void
dc_elect(struct emu_engine *e, struct emu_dc *dc)
{
    struct emu_host *best = NULL;
    for (struct emu_host *h = e->hosts; h; h = h->next)
        if (host_up(h) && h->spm_priority >= 0 && emu_same(host_dc(e, h), dc->id) &&
            (!best || h->spm_priority > best->spm_priority))
            best = h;
    dc_spm(e, dc, best);
}

void
dc_spm(struct emu_engine *e, struct emu_dc *dc, const struct emu_host *h)
{
    EMU_SET(dc->spm, h ? h->id : "");
    struct emu_sd *master = sd_master(e, dc->id);
    struct json_object *doc = h && master ? content_read(e, master->id) : NULL;
    if (!doc)
        return;
    lease_take_cluster(doc, h);
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
    js_add_str(o, "quota_mode",
               js_str(dc->conf, "quota_mode") ? js_str(dc->conf, "quota_mode") : "disabled");
    js_add(o, "version", version_tree());
    json_object_array_add(js_list(js_sub(o, "supported_versions"), "version"), version_tree());
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

static struct emu_dc *
dc_named(struct emu_engine *e, const char *name)
{
    for (struct emu_dc *dc = e->dcs; dc; dc = dc->next)
        if (emu_same(dc->name, name))
            return dc;
    return NULL;
}

void
dc_add(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    const char *name = js_str(op->body, "name");
    if (!name) {
        op_fault(op, 400, "DataCenter [name] required for add");
        return;
    }
    if (dc_named(e, name)) {
        op_fault(op, 409, "[Cannot add Data Center. The name is already in use.]");
        return;
    }
    char id[EMU_ID];
    emu_new_id(e, id);
    struct json_object *conf = js_copy(op->body);
    js_add_str(conf, "id", id);
    struct emu_dc *dc = dc_new(e, conf);
    json_object_put(conf);
    op_object(op, 201, "data_center", dc_tree(dc));
}

void
dc_put(struct emu_op *op)
{
    struct emu_dc *dc = dc_get(op->e, op->args[0]);
    const char *name = js_str(op->body, "name");
    if (!dc) {
        op_empty(op, 404);
        return;
    }
    if (name && dc_named(op->e, name) && dc_named(op->e, name) != dc) {
        op_fault(op, 409, "[Cannot edit Data Center. The name is already in use.]");
        return;
    }
    if (name)
        EMU_SET(dc->name, name);
    static const char *const keys[] = {"description", "comment", "quota_mode", NULL};
    for (const char *const *k = keys; *k; k++)
        js_add_str(dc->conf, *k, js_str(op->body, *k));
    op_object(op, 200, "data_center", dc_tree(dc));
}

void
dc_remove(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    struct emu_dc *dc = dc_get(e, op->args[0]);
    if (!dc) {
        op_empty(op, 404);
        return;
    }
    if (sd_count(e, dc->id, 0) > 0 ||
        js_find(js_get(e->collections, "clusters"), "data_center.id", dc->id)) {
        op_fault(op, 409, "[Cannot remove Data Center. It has Clusters or Storage Domains.]");
        return;
    }
    for (struct emu_dc **p = &e->dcs; *p; p = &(*p)->next)
        if (*p == dc) {
            *p = dc->next;
            break;
        }
    json_object_put(dc->conf);
    free(dc);
    op_action(op, NULL);
}

void
dc_clean_tasks(struct emu_op *op)
{
    if (dc_get(op->e, op->args[0]))
        op_action(op, NULL);
    else
        op_empty(op, 404);
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
