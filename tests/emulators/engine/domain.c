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

static void
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

/* ---- import ---------------------------------------------------------------------------------- */

static void
import_end(struct emu_op *op)
{
    if (op->host)
        op->host->imports--;
}

static void
import_step(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    const char *id = js_str(op->body, "id");
    const char *name = js_str(op->body, "name");
    import_end(op);
    if (op_has(op, FAULT_EXEC)) {
        op_fault(op, 400, "[Error reading the metadata of Storage Domain %s]", id);
        return;
    }
    struct json_object *groups = content_groups(e, op->host);
    struct json_object *found = NULL;
    for (size_t i = 0; i < js_len(groups) && !found; i++) {
        struct json_object *g = js_at(groups, i);
        if (!js_bool(g, "broken", false) && emu_same(js_str(g, "doc.domain.id"), id) &&
            emu_same(js_str(g, "doc.domain.storage_type"), js_str(op->body, "storage.type")))
            found = g;
    }
    bool direct = false;
    for (size_t i = 0; i < js_len(js_get(found, "luns")); i++)
        direct = direct ||
                 js_find(e->lun_disks, "wwid", js_str(js_at(js_get(found, "luns"), i), "wwid"));
    if (!found) {
        op_fault(op, 404, "[Storage Domain %s was not found on the Host]", id);
    } else if (direct) {
        op_fault(op, 409, "[Cannot add Storage. A LUN of it is already used by a Disk.]");
    } else {
        struct emu_sd *sd = sd_new(e, js_get(found, "doc"), js_get(found, "luns"));
        if (name)
            EMU_SET(sd->name, name);
        sd_flags(sd, op->body);
        op->sd = sd;
        event_add(e, op, 956, "normal", "Storage Domain %s was added.", sd->name);
        op_object(op, 201, "storage_domain", sd_tree(e, sd, false));
    }
    json_object_put(groups);
}

void
sd_import(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    const char *id = js_str(op->body, "id");
    const char *name = js_str(op->body, "name");
    const char *type = js_str(op->body, "storage.type");
    const char *host = js_str(op->body, "host.id");
    if (!host)
        host = js_str(op->body, "host.name");
    if (!host || !js_str(op->body, "type") || !type) {
        op_fault(op, 400, "StorageDomain [host.id|name, type, storage.type] required for add");
        return;
    }
    if (!js_bool(op->body, "import", false) || !id ||
        (!emu_same(type, "fcp") && !emu_same(type, "iscsi"))) {
        op_fault(op, 400, "StorageDomain [id, import] required: only block domains are emulated");
        return;
    }
    op->host = host_get(e, host);
    if (!op->host) {
        op_fault(op, 404, "[Host %s does not exist.]", host);
        return;
    }
    if (!host_up(op->host)) {
        op->host = NULL;
        op_fault(op, 409, "[Cannot add Storage. The Host is not up.]");
        return;
    }
    if (sd_get(e, id)) {
        op_fault(op, 409, "[Cannot add Storage. The Storage Domain already exists.]");
        return;
    }
    if (name && sd_by_name(e, name)) {
        op_fault(op, 409, "[Cannot add Storage. The Storage Domain name is already in use.]");
        return;
    }
    if (op_lock(op, true, "sd", id) < 0)
        return;
    struct json_object *groups = content_groups(e, op->host);
    int64_t scans = (int64_t)js_len(groups);
    json_object_put(groups);
    for (struct emu_sd *sd = e->sds; sd; sd = sd->next)
        scans--;
    if (scans < 1)
        scans = 1;
    op->host->imports++;
    op->step = import_step;
    op_sleep(op, e->latency.import_vg * scans * op->host->imports);
}

/* ---- removal --------------------------------------------------------------------------------- */

static void
sd_forget(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    struct emu_sd *sd = op->sd;
    struct emu_dc *dc = dc_get(e, sd->dc);
    for (struct emu_vm *vm = e->vms, *next = NULL; vm; vm = next) {
        next = vm->next;
        if (vm_on_sd(vm->conf, sd->id)) {
            vm_write(e, vm, false);
            vm_delete(e, vm);
        }
    }
    sd_delete(e, sd);
    if (dc && sd_count(e, dc->id, 0) == 0)
        dc->status = DC_UNINITIALIZED;
    op_action(op, NULL);
}

static void
remove_step(struct emu_op *op)
{
    struct emu_sd *sd = op->sd;
    if (js_bool(op->query, "destroy", false)) {
        event_add(op->e, op, 981, "warning", "Storage Domain %s was forcibly removed.", sd->name);
        sd_forget(op);
        return;
    }
    if (op_has(op, FAULT_EXEC)) {
        op_fault(op, 400, "[Failed to remove Storage Domain %s]", sd->name);
        return;
    }
    if (js_bool(op->query, "format", false)) {
        js_count(op->e->counters, "formatted");
        content_wipe(op->e, sd->id);
    }
    event_add(op->e, op, 960, "normal", "Storage Domain %s was removed.", sd->name);
    sd_forget(op);
}

void
sd_remove(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    struct emu_sd *sd = op->sd = sd_get(e, op->args[0]);
    const char *host = js_str(op->query, "host");
    bool destroy = js_bool(op->query, "destroy", false);
    if (!sd) {
        op_empty(op, 404);
        return;
    }
    if (!destroy && !host) {
        op_fault(op, 400, "StorageDomain [host.id|name] required for remove");
        return;
    }
    op->host = host ? host_get(e, host) : NULL;
    if (!destroy && !op->host)
        op_fault(op, 404, "[Host %s does not exist.]", host);
    else if (!destroy && !host_up(op->host))
        op_fault(op, 409, "[Cannot remove Storage. The Host is not up.]");
    else if (!destroy && sd->dc[0])
        op_fault(op, 409, "[Cannot remove Storage. The Storage Domain is attached.]");
    else if (destroy && sd->status == SD_ACTIVE)
        op_fault(op, 409, "[Cannot destroy Storage. The Storage Domain is active.]");
    else if (op_lock(op, true, "sd", sd->id) == 0) {
        op->step = remove_step;
        op_sleep(op, e->latency.remove);
    }
}
