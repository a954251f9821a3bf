/* How a domain comes into the engine and leaves it: import, creation, growth, removal. */
#include "engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

static void
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

/* ---- creation, growth ------------------------------------------------------------------------ */

/* The LUNs of a request as the host sees them; NULL: answered, one is missing or in use. */
static struct json_object *
op_free_luns(struct emu_op *op, const struct emu_host *host, struct json_object *units)
{
    struct json_object *all = content_luns(op->e, host);
    struct json_object *luns = json_object_new_array();
    bool force = js_bool(op->body, "storage.override_luns", false);
    for (size_t i = 0; i < js_len(units) && !op->replied; i++) {
        const char *wwid = js_str(js_at(units, i), "id");
        struct json_object *lun = js_find(all, "wwid", wwid);
        if (!lun)
            op_fault(op, 400, "[Error creating a storage domain: LUN %s is not seen.]", wwid);
        else if ((js_str(lun, "content.vg.id") && !force) ||
                 js_find(op->e->lun_disks, "wwid", wwid))
            op_fault(op, 409, "[Cannot add Storage. LUN %s is already in use.]", wwid);
        else
            json_object_array_add(luns, json_object_get(lun));
    }
    json_object_put(all);
    if (!op->replied)
        return luns;
    json_object_put(luns);
    return NULL;
}

static struct json_object *
wwids_of(struct json_object *luns)
{
    struct json_object *wwids = json_object_new_array();
    for (size_t i = 0; i < js_len(luns); i++)
        json_object_array_add(wwids, json_object_new_string(js_str(js_at(luns, i), "wwid")));
    return wwids;
}

static void
create_step(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    char id[EMU_ID];
    char vg[EMU_ID];
    struct json_object *seed = json_object_new_object();
    emu_new_id(e, id);
    emu_new_id(e, vg);
    js_add(seed, "domain", json_object_new_object());
    struct json_object *domain = js_get(seed, "domain");
    js_add_str(domain, "id", id);
    js_add_str(domain, "name", js_str(op->body, "name"));
    js_add_str(domain, "type", js_str(op->body, "type"));
    js_add_str(domain, "storage_type", js_str(op->body, "storage.type"));
    js_add_str(domain, "storage_format", js_str(op->body, "storage_format"));
    js_add_str(js_sub(seed, "vg"), "id", vg);
    struct json_object *luns = js_get(op->work, "luns");
    struct emu_sd *sd = sd_new(e, seed, luns);
    struct json_object *wwids = wwids_of(luns);
    int r = op_has(op, FAULT_EXEC) ? -EIO : content_create(e, sd, wwids);
    json_object_put(wwids);
    json_object_put(seed);
    if (r < 0) {
        sd_delete(e, sd);
        op_fault(op, 400, "[Error creating a storage domain]");
        return;
    }
    sd_flags(sd, op->body);
    op->sd = sd;
    event_add(e, op, 956, "normal", "Storage Domain %s was added.", sd->name);
    op_object(op, 201, "storage_domain", sd_tree(e, sd, false));
}

static void
sd_create(struct emu_op *op)
{
    const char *host = js_str(op->body, "host.id");
    op->host = host_get(op->e, host ? host : js_str(op->body, "host.name"));
    const char *name = js_str(op->body, "name");
    struct json_object *units = js_get(op->body, "storage.logical_units.logical_unit");
    if (js_len(units) == 0)
        units = js_get(op->body, "storage.volume_group.logical_units.logical_unit");
    if (!name || !op->host || js_len(units) == 0) {
        op_fault(op, 400,
                 "StorageDomain [name, host.id|name, storage.logicalUnits] required for add");
    } else if (!host_up(op->host)) {
        op_fault(op, 409, "[Cannot add Storage. The Host is not up.]");
    } else if (sd_by_name(op->e, name)) {
        op_fault(op, 409, "[Cannot add Storage. The Storage Domain name is already in use.]");
    } else {
        struct json_object *luns = op_free_luns(op, op->host, units);
        if (!luns)
            return;
        op->work = json_object_new_object();
        js_add(op->work, "luns", luns);
        op->step = create_step;
        op_sleep(op, op->e->latency.remove);
    }
}

/* An import says so, with the id; without, the engine makes a domain on the LUNs that are named. */
void
sd_post(struct emu_op *op)
{
    const char *type = js_str(op->body, "storage.type");
    bool block = emu_same(type, "fcp") || emu_same(type, "iscsi");
    if (block && !js_bool(op->body, "import", false) && !js_str(op->body, "id"))
        sd_create(op);
    else
        sd_import(op);
}

static int
luns_rewrite(struct emu_engine *e, struct emu_sd *sd, struct json_object *wwids,
             struct json_object *doc)
{
    int r = 0;
    for (size_t i = 0; i < js_len(wwids) && r == 0; i++) {
        struct json_object *part = i == 0 ? json_object_get(doc) : json_object_new_object();
        if (i > 0) {
            js_add_int(part, "format", 1);
            js_add(part, "domain", js_copy(js_get(doc, "domain")));
        }
        js_add_str(js_sub(part, "vg"), "id", sd->vg);
        js_add_int(js_sub(part, "vg"), "count", (int64_t)js_len(wwids));
        js_add_int(js_sub(part, "vg"), "index", (int64_t)i);
        r = e->luns->write(e->luns->ctx, e->site, json_object_get_string(js_at(wwids, i)), part);
        json_object_put(part);
    }
    return r;
}

/* Logical units that are not part of the domain yet are added to it. < 0: answered. */
int
sd_extend(struct emu_op *op, struct json_object *units)
{
    struct emu_engine *e = op->e;
    struct emu_sd *sd = op->sd;
    struct json_object *fresh = json_object_new_array();
    for (size_t i = 0; i < js_len(units); i++)
        if (!js_find(sd->luns, "wwid", js_str(js_at(units, i), "id")))
            json_object_array_add(fresh, json_object_get(js_at(units, i)));
    struct json_object *luns =
        js_len(fresh) ? op_free_luns(op, host_up_in_dc(e, sd->dc), fresh) : json_object_new_array();
    json_object_put(fresh);
    if (!luns)
        return -EINVAL;
    struct json_object *wwids = wwids_of(sd->luns);
    struct json_object *doc = js_len(luns) ? content_read(e, sd->id) : NULL;
    for (size_t i = 0; i < js_len(luns); i++)
        json_object_array_add(wwids, json_object_new_string(js_str(js_at(luns, i), "wwid")));
    int r = js_len(luns) == 0 ? 0 : doc ? luns_rewrite(e, sd, wwids, doc) : -ENOENT;
    for (size_t i = 0; i < js_len(luns) && r == 0; i++) {
        json_object_array_add(sd->luns, js_copy(js_at(luns, i)));
        sd->size += js_int(js_at(luns, i), "size", 0);
    }
    json_object_put(doc);
    json_object_put(wwids);
    json_object_put(luns);
    if (r < 0)
        op_fault(op, 400, "[Failed to extend Storage Domain %s]", sd->name);
    return r;
}

/* Sizes as the hosts see them now. */
void
sd_refresh_luns(struct emu_op *op)
{
    struct emu_sd *sd = op->sd = sd_get(op->e, op->args[0]);
    if (!sd) {
        op_empty(op, 404);
        return;
    }
    struct json_object *all = content_luns(op->e, NULL);
    sd->size = 0;
    for (size_t i = 0; i < js_len(sd->luns); i++) {
        struct json_object *lun = js_at(sd->luns, i);
        struct json_object *seen = js_find(all, "wwid", js_str(lun, "wwid"));
        js_add_int(lun, "size", js_int(seen, "size", js_int(lun, "size", 0)));
        sd->size += js_int(lun, "size", 0);
    }
    json_object_put(all);
    op_action(op, NULL);
}

/* Moving data off a LUN is not emulated: the engine refuses what it could not do either. */
void
sd_reduce_luns(struct emu_op *op)
{
    struct emu_sd *sd = sd_get(op->e, op->args[0]);
    if (!sd)
        op_empty(op, 404);
    else
        op_fault(op, 409,
                 "[Cannot reduce Storage. The Storage Domain is not in Maintenance mode or "
                 "its LUNs are not empty.]");
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
