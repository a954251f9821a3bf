/* Storage domains as the engine knows them, and how they are shown. */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
    [SD_UNATTACHED] = "unattached",   [SD_LOCKED] = "locked",
    [SD_MAINTENANCE] = "maintenance", [SD_ACTIVATING] = "activating",
    [SD_ACTIVE] = "active",           [SD_PREPARING] = "preparing_for_maintenance",
    [SD_DETACHING] = "detaching",     [SD_INACTIVE] = "inactive",
    [SD_UNKNOWN] = "unknown",
};

static const char *const flags[] = {"critical_space_action_blocker",
                                    "warning_low_space_indicator",
                                    "wipe_after_delete",
                                    "discard_after_delete",
                                    "backup",
                                    NULL};

const char *
sd_status_name(enum sd_status s)
{
    return names[s];
}

struct emu_sd *
sd_get(struct emu_engine *e, const char *id)
{
    for (struct emu_sd *sd = e->sds; sd; sd = sd->next)
        if (emu_same(sd->id, id))
            return sd;
    return NULL;
}

struct emu_sd *
sd_by_name(struct emu_engine *e, const char *name)
{
    for (struct emu_sd *sd = e->sds; sd; sd = sd->next)
        if (emu_same_nocase(sd->name, name))
            return sd;
    return NULL;
}

struct emu_sd *
sd_master(struct emu_engine *e, const char *dc)
{
    for (struct emu_sd *sd = e->sds; sd; sd = sd->next)
        if (sd->master && emu_same(sd->dc, dc))
            return sd;
    return NULL;
}

size_t
sd_count(struct emu_engine *e, const char *dc, enum sd_status status)
{
    size_t n = 0;
    for (struct emu_sd *sd = e->sds; sd; sd = sd->next)
        if (emu_same(sd->dc, dc) && (status == 0 || sd->status == status))
            n++;
    return n;
}

/* DOC is the document of the domain, LUNS what the hosts see (both borrowed). */
struct emu_sd *
sd_new(struct emu_engine *e, struct json_object *doc, struct json_object *luns)
{
    struct emu_sd *sd = emu_alloc(sizeof(*sd));
    EMU_SET(sd->id, js_str(doc, "domain.id"));
    EMU_SET(sd->name, js_str(doc, "domain.name"));
    EMU_SET(sd->type, js_str(doc, "domain.type"));
    EMU_SET(sd->storage_type, js_str(doc, "domain.storage_type"));
    EMU_SET(sd->format, js_str(doc, "domain.storage_format"));
    EMU_SET(sd->vg, js_str(doc, "vg.id"));
    if (!sd->type[0])
        EMU_SET(sd->type, "data");
    if (!sd->storage_type[0])
        EMU_SET(sd->storage_type, "fcp");
    if (!sd->format[0])
        EMU_SET(sd->format, "v5");
    sd->status = SD_UNATTACHED;
    sd->luns = json_object_new_array();
    for (size_t i = 0; i < js_len(luns); i++) {
        struct json_object *lun = json_object_new_object();
        js_add_str(lun, "wwid", js_str(js_at(luns, i), "wwid"));
        js_add_str(lun, "serial", js_str(js_at(luns, i), "serial"));
        js_add_int(lun, "size", js_int(js_at(luns, i), "size", 0));
        js_add_int(lun, "lun", js_int(js_at(luns, i), "lun", 0));
        sd->size += js_int(lun, "size", 0);
        json_object_array_add(sd->luns, lun);
    }
    sd->conf = json_object_new_object();
    js_add_int(sd->conf, "critical_space_action_blocker", 5);
    js_add_int(sd->conf, "warning_low_space_indicator", 10);
    js_add_bool(sd->conf, "wipe_after_delete", false);
    js_add_bool(sd->conf, "discard_after_delete", false);
    js_add_bool(sd->conf, "backup", false);
    struct emu_sd **p = &e->sds;
    while (*p)
        p = &(*p)->next;
    *p = sd;
    return sd;
}

void
sd_delete(struct emu_engine *e, struct emu_sd *sd)
{
    for (struct emu_sd **p = &e->sds; *p; p = &(*p)->next)
        if (*p == sd) {
            *p = sd->next;
            break;
        }
    for (struct emu_op *op = e->ops; op; op = op->next)
        if (op->sd == sd)
            op->sd = NULL;
    unregistered_drop(e, sd->id, false, NULL);
    json_object_put(sd->luns);
    json_object_put(sd->conf);
    free(sd);
}

static struct json_object *
storage_tree(struct emu_sd *sd)
{
    struct json_object *storage = json_object_new_object();
    js_add_str(storage, "type", sd->storage_type);
    struct json_object *vg = js_sub(storage, "volume_group");
    js_add_str(vg, "id", sd->vg);
    struct json_object *list = js_list(js_sub(vg, "logical_units"), "logical_unit");
    for (size_t i = 0; i < js_len(sd->luns); i++) {
        struct json_object *lun = js_at(sd->luns, i);
        struct json_object *o = json_object_new_object();
        js_add_str(o, "id", js_str(lun, "wwid"));
        js_add_int(o, "lun_mapping", js_int(lun, "lun", 0));
        js_add_int(o, "paths", 4);
        js_add_str(o, "serial", js_str(lun, "serial"));
        js_add_int(o, "size", js_int(lun, "size", 0));
        js_add_str(o, "storage_domain_id", sd->id);
        js_add_str(o, "volume_group_id", sd->vg);
        json_object_array_add(list, o);
    }
    return storage;
}

static int64_t
sd_used(struct emu_engine *e, const char *id)
{
    int64_t used = 0;
    for (struct emu_vm *vm = e->vms; vm; vm = vm->next) {
        struct json_object *disks = js_get(vm->conf, "disks");
        for (size_t i = 0; i < js_len(disks); i++)
            if (emu_same(js_str(js_at(disks, i), "storage_domain"), id))
                used += js_int(js_at(disks, i), "actual_size", 0);
    }
    return used;
}

/* An attached domain tells its status only below its data centre. */
struct json_object *
sd_tree(struct emu_engine *e, struct emu_sd *sd, bool attached)
{
    struct json_object *o = attached ? tree_new(sd->id, "datacenters/%s/storagedomains", sd->dc)
                                     : tree_ref(sd->id, "storagedomains");
    js_add_str(o, "name", sd->name);
    js_add_str(o, "description", js_str(sd->conf, "description"));
    js_add_str(o, "comment", js_str(sd->conf, "comment"));
    js_add_str(o, "type", sd->type);
    js_add_bool(o, "master", sd->master);
    if (attached || !sd->dc[0])
        js_add_str(o, "status", names[sd->status]);
    js_add_str(o, "external_status", "ok");
    js_add_str(o, "storage_format", sd->format);
    if (sd->status == SD_ACTIVE) {
        int64_t used = sd_used(e, sd->id);
        js_add_int(o, "available", sd->size > used ? sd->size - used : 0);
        js_add_int(o, "used", used);
        js_add_int(o, "committed", used);
    }
    for (const char *const *f = flags; *f; f++)
        js_add_ref(o, *f, js_get(sd->conf, *f));
    js_add_int(o, "block_size", 512);
    js_add_bool(o, "import", true);
    js_add(o, "storage", storage_tree(sd));
    if (sd->dc[0]) {
        struct json_object *list = js_list(js_sub(o, "data_centers"), "data_center");
        json_object_array_add(list, tree_ref(sd->dc, "datacenters"));
        if (attached)
            js_add(o, "data_center", tree_ref(sd->dc, "datacenters"));
    }
    return o;
}

void
sd_search(struct emu_engine *e, void *object, const char *field, struct json_object *texts)
{
    struct emu_sd *sd = object;
    const char *text = NULL;
    if (emu_same(field, "name"))
        text = sd->name;
    else if (emu_same(field, "id"))
        text = sd->id;
    else if (emu_same(field, "status"))
        text = names[sd->status];
    else if (emu_same(field, "type"))
        text = sd->type;
    else if (emu_same(field, "datacenter") || emu_same(field, "datacenter.name"))
        text = sd->dc[0] ? dc_get(e, sd->dc)->name : NULL;
    if (text)
        json_object_array_add(texts, json_object_new_string(text));
}

void
sd_list(struct emu_op *op)
{
    if (!op_search_ok(op))
        return;
    struct json_object *list = json_object_new_array();
    for (struct emu_sd *sd = op->e->sds; sd; sd = sd->next)
        if (op_search(op, sd_search, sd))
            json_object_array_add(list, sd_tree(op->e, sd, false));
    op_list(op, "storage_domain", "storage_domains", list);
}

void
sd_item(struct emu_op *op)
{
    struct emu_sd *sd = sd_get(op->e, op->args[0]);
    if (!sd)
        op_empty(op, 404);
    else
        op_object(op, 200, "storage_domain", sd_tree(op->e, sd, false));
}

void
sd_flags(struct emu_sd *sd, struct json_object *body)
{
    static const char *const texts[] = {"description", "comment", NULL};
    for (const char *const *f = texts; *f; f++)
        js_add_str(sd->conf, *f, js_str(body, *f));
    for (size_t i = 0; flags[i]; i++) {
        if (!js_get(body, flags[i]))
            continue;
        if (i < 2)
            js_add_int(sd->conf, flags[i], js_int(body, flags[i], 0));
        else
            js_add_bool(sd->conf, flags[i], js_bool(body, flags[i], false));
    }
}

void
sd_put(struct emu_op *op)
{
    struct emu_sd *sd = op->sd = sd_get(op->e, op->args[0]);
    if (!sd) {
        op_empty(op, 404);
        return;
    }
    if (op_lock(op, true, "sd", sd->id) < 0)
        return;
    const char *name = js_str(op->body, "name");
    struct emu_sd *other = name ? sd_by_name(op->e, name) : NULL;
    if (other && other != sd) {
        op_fault(op, 409, "[Cannot edit Storage. The Storage Domain name is already in use.]");
        return;
    }
    struct json_object *units = js_get(op->body, "storage.logical_units.logical_unit");
    if (js_len(units) == 0)
        units = js_get(op->body, "storage.volume_group.logical_units.logical_unit");
    if (js_len(units) > 0 && sd_extend(op, units) < 0)
        return;
    if (name)
        EMU_SET(sd->name, name);
    sd_flags(sd, op->body);
    op_object(op, 200, "storage_domain", sd_tree(op->e, sd, false));
}

void
sd_is_attached(struct emu_op *op)
{
    struct emu_sd *sd = sd_get(op->e, op->args[0]);
    if (!sd) {
        op_empty(op, 404);
        return;
    }
    struct json_object *doc = content_read(op->e, sd->id);
    if (!doc) {
        op_fault(op, 400, "[Storage domain does not exist: %s]", sd->id);
        return;
    }
    const char *pool = js_str(doc, "pool");
    struct json_object *extra = json_object_new_object();
    js_add_bool(extra, "is_attached", pool && *pool);
    json_object_put(doc);
    op_action(op, extra);
}
