/* Disks: images on domains, direct LUNs, and disks no VM has. */
#include "engine.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct json_object *
disk_tree(struct emu_engine *e, struct json_object *disk)
{
    const char *wwid = js_str(disk, "lun.wwid");
    struct json_object *o = tree_ref(js_str(disk, "id"), "disks");
    const char *name = js_str(disk, "name");
    js_add_str(o, "name", name ? name : js_str(disk, "id"));
    js_add_str(o, "alias", name ? name : js_str(disk, "id"));
    const char *content = js_str(disk, "content_type");
    js_add_str(o, "content_type", content ? content : "data");
    js_add_str(o, "description", js_str(disk, "description"));
    js_add_bool(o, "shareable", js_bool(disk, "shareable", false));
    js_add_bool(o, "wipe_after_delete", js_bool(disk, "wipe_after_delete", false));
    if (wwid || js_get(disk, "wwid")) {
        struct json_object *lun = wwid ? js_get(disk, "lun") : disk;
        const char *type = js_str(lun, "storage_type");
        js_add_str(o, "storage_type", "lun");
        struct json_object *storage = js_sub(o, "lun_storage");
        js_add_str(storage, "type", type ? type : "fcp");
        struct json_object *unit = json_object_new_object();
        js_add_str(unit, "id", js_str(lun, "wwid"));
        static const char *const keys[] = {"address", "port", "portal", "target", "username", NULL};
        for (const char *const *k = keys; *k; k++)
            js_add(unit, *k, js_copy(js_get(lun, *k)));
        json_object_array_add(js_list(js_sub(storage, "logical_units"), "logical_unit"), unit);
        return o;
    }
    const char *sd = js_str(disk, "storage_domain");
    js_add_str(o, "storage_type", "image");
    js_add_str(o, "status", "ok");
    js_add_str(o, "format", js_str(disk, "format") ? js_str(disk, "format") : "raw");
    js_add_bool(o, "sparse", js_bool(disk, "sparse", false));
    js_add_int(o, "provisioned_size", js_int(disk, "provisioned_size", 10LL << 30));
    js_add_int(o, "actual_size", js_int(disk, "actual_size", js_int(disk, "provisioned_size", 0)));
    js_add_int(o, "total_size", js_int(disk, "actual_size", js_int(disk, "provisioned_size", 0)));
    js_add_bool(o, "backup", false);
    (void)e;
    if (sd)
        json_object_array_add(js_list(js_sub(o, "storage_domains"), "storage_domain"),
                              tree_ref(sd, "storagedomains"));
    return o;
}

struct json_object *
disk_attachments(struct emu_engine *e, const char *vm, struct json_object *conf)
{
    struct json_object *list = json_object_new_array();
    struct json_object *disks = js_get(conf, "disks");
    for (size_t i = 0; i < js_len(disks); i++) {
        struct json_object *disk = js_at(disks, i);
        struct json_object *o = tree_new(js_str(disk, "id"), "vms/%s/diskattachments", vm);
        js_add_bool(o, "active", true);
        js_add_bool(o, "bootable", js_bool(disk, "bootable", i == 0));
        js_add_str(o, "interface", "virtio_scsi");
        js_add_bool(o, "read_only", js_bool(disk, "read_only", false));
        js_add(o, "disk", disk_tree(e, disk));
        js_add(o, "vm", tree_ref(vm, "vms"));
        json_object_array_add(list, o);
    }
    return list;
}

struct disk_row {
    struct json_object *disk;
    int64_t vms;
};

static void
disk_search(struct emu_engine *e, void *object, const char *field, struct json_object *texts)
{
    struct disk_row *row = object;
    const char *text = js_str(row->disk, field);
    bool lun = js_get(row->disk, "lun.wwid") || js_get(row->disk, "wwid");
    if (emu_same(field, "disk_type"))
        text = lun ? "lun" : "image";
    else if (emu_same(field, "alias"))
        text = js_str(row->disk, "name");
    if (emu_same(field, "number_of_vms")) {
        json_object_array_add(texts, json_object_new_int64(row->vms));
        return;
    }
    if (emu_same(field, "storage") || emu_same(field, "storage.name")) {
        struct emu_sd *sd = sd_get(e, js_str(row->disk, "storage_domain"));
        text = sd ? sd->name : NULL;
    }
    if (text)
        json_object_array_add(texts, json_object_new_string(text));
}

struct disk_rows {
    struct disk_row *rows;
    size_t n;
    size_t size;
    struct json_object *index; /* id -> place, so that thousands are no trouble */
};

static struct disk_row *
row_of(struct disk_rows *all, struct json_object *disk)
{
    struct json_object *place = NULL;
    const char *id = js_str(disk, "id");
    if (json_object_object_get_ex(all->index, id, &place))
        return &all->rows[json_object_get_int64(place)];
    if (all->n == all->size) {
        all->size = all->size ? all->size * 2 : 64;
        struct disk_row *more = realloc(all->rows, all->size * sizeof(*more));
        if (!more)
            abort();
        all->rows = more;
    }
    js_add_int(all->index, id, (int64_t)all->n);
    all->rows[all->n] = (struct disk_row){.disk = disk};
    return &all->rows[all->n++];
}

/* Every disk once, with the number of VMs that have it. */
static void
rows_fill(struct emu_engine *e, struct json_object *stores, struct disk_rows *ret)
{
    *ret = (struct disk_rows){.index = json_object_new_object()};
    for (struct emu_vm *vm = e->vms; vm; vm = vm->next) {
        struct json_object *disks = js_get(vm->conf, "disks");
        for (size_t i = 0; i < js_len(disks); i++)
            row_of(ret, js_at(disks, i))->vms += !vm->template;
    }
    struct json_object *const rest[] = {e->floating, e->lun_disks, stores};
    for (size_t k = 0; k < 3; k++)
        for (size_t i = 0; i < js_len(rest[k]); i++)
            row_of(ret, js_at(rest[k], i));
}

/*
 * The disks that hold the OVF_STOREs are disks like others; their description is where a client
 * reads how old the store is.
 */
struct json_object *
ovf_disks(struct emu_engine *e, const char *sd_id)
{
    struct json_object *list = json_object_new_array();
    for (struct emu_sd *sd = e->sds; sd; sd = sd->next) {
        struct json_object *doc =
            sd->dc[0] && (!sd_id || emu_same(sd->id, sd_id)) ? content_read(e, sd->id) : NULL;
        int64_t written = js_int(doc, "ovf_store.written_at", 0);
        json_object_put(doc);
        if (!written)
            continue;
        char date[64];
        time_t seconds = (time_t)(written / 1000);
        struct tm tm;
        gmtime_r(&seconds, &tm);
        strftime(date, sizeof(date), "%a %b %d %H:%M:%S UTC %Y", &tm);
        struct json_object *about = json_object_new_object();
        js_add_bool(about, "Updated", true);
        js_add_int(about, "Size", 10240);
        js_add_str(about, "Last Updated", date);
        struct json_object *domain = json_object_new_object();
        js_add_str(domain, "uuid", sd->id);
        json_object_array_add(js_list(about, "Storage Domains"), domain);
        js_add_str(about, "Disk Description", "OVF_STORE");
        char *id = emu_printf("0f5e0000%s", sd->id + strcspn(sd->id, "-"));
        struct json_object *disk = json_object_new_object();
        js_add_str(disk, "id", id);
        js_add_str(disk, "name", "OVF_STORE");
        js_add_str(disk, "content_type", "ovf_store");
        js_add_str(disk, "description", json_object_to_json_string_ext(about, 0));
        js_add_str(disk, "storage_domain", sd->id);
        js_add_int(disk, "provisioned_size", 134217728);
        js_add_int(disk, "actual_size", 134217728);
        json_object_array_add(list, disk);
        json_object_put(about);
        free(id);
    }
    return list;
}

/* SD: only what is there; NULL: what ?search finds. */
static void
disks_show(struct emu_op *op, const char *sd)
{
    struct disk_rows all;
    struct json_object *stores = ovf_disks(op->e, sd);
    rows_fill(op->e, stores, &all);
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < all.n; i++)
        if (sd ? emu_same(js_str(all.rows[i].disk, "storage_domain"), sd)
               : op_search(op, disk_search, &all.rows[i]))
            json_object_array_add(list, disk_tree(op->e, all.rows[i].disk));
    free(all.rows);
    json_object_put(all.index);
    json_object_put(stores);
    op_list(op, "disk", "disks", list);
}

void
disk_list(struct emu_op *op)
{
    if (op_search_ok(op))
        disks_show(op, NULL);
}

static struct json_object *
disk_by_id(struct emu_engine *e, const char *id)
{
    struct json_object *found = js_find(e->floating, "id", id);
    found = found ? found : js_find(e->lun_disks, "id", id);
    for (struct emu_vm *vm = e->vms; vm && !found; vm = vm->next)
        found = js_find(js_get(vm->conf, "disks"), "id", id);
    return found;
}

void
disk_item(struct emu_op *op)
{
    struct json_object *disk = disk_by_id(op->e, op->args[0]);
    struct json_object *stores = disk ? NULL : ovf_disks(op->e, NULL);
    if (!disk)
        disk = js_find(stores, "id", op->args[0]);
    if (disk)
        op_object(op, 200, "disk", disk_tree(op->e, disk));
    else
        op_empty(op, 404);
    json_object_put(stores);
}

void
attached_disks(struct emu_op *op)
{
    if (op_attached(op) == 0)
        disks_show(op, op->args[1]);
}

void
disk_remove(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    const char *id = op->args[0];
    for (struct emu_vm *vm = e->vms; vm; vm = vm->next)
        if (vm->status != VM_DOWN && js_find(js_get(vm->conf, "disks"), "id", id)) {
            op_fault(op, 409, "[Cannot remove Virtual Disk. The VM %s is not down.]", vm->name);
            return;
        }
    bool known = js_find(e->floating, "id", id) || js_find(e->lun_disks, "id", id);
    js_remove(e->floating, "id", id);
    js_remove(e->lun_disks, "id", id);
    for (struct emu_vm *vm = e->vms; vm; vm = vm->next) {
        known = known || js_find(js_get(vm->conf, "disks"), "id", id);
        js_remove(js_get(vm->conf, "disks"), "id", id);
    }
    if (known)
        op_action(op, NULL);
    else
        op_empty(op, 404);
}

/* ---- direct LUNs, and disks a VM gets -------------------------------------------------------- */

/* What a request says of a LUN disk, in the form the emulator keeps; NULL when it says nothing. */
static struct json_object *
lun_disk_of(struct json_object *body)
{
    struct json_object *units = js_get(body, "lun_storage.logical_units.logical_unit");
    const char *wwid = js_len(units) ? js_str(js_at(units, 0), "id") : NULL;
    if (!wwid)
        return NULL;
    struct json_object *disk = js_copy(js_at(units, 0));
    json_object_object_del(disk, "id");
    js_add_str(disk, "wwid", wwid);
    js_add_str(disk, "storage_type", js_str(body, "lun_storage.type"));
    js_add_str(disk, "name", js_str(body, "alias") ? js_str(body, "alias") : js_str(body, "name"));
    return disk;
}

static struct json_object *
lun_disk_new(struct emu_op *op, struct json_object *body)
{
    struct emu_engine *e = op->e;
    struct json_object *disk = lun_disk_of(body);
    struct json_object *luns = content_luns(e, NULL);
    const char *wwid = js_str(disk, "wwid");
    struct json_object *lun = js_find(luns, "wwid", wwid);
    if (!disk)
        op_fault(op, 400,
                 "Disk [lunStorage.logicalUnits.id] required for add: only LUN disks are made");
    else if (!lun)
        op_fault(op, 400, "[Cannot add Virtual Disk. LUN %s is not seen.]", wwid);
    else if (js_str(lun, "content.vg.id") || js_find(e->lun_disks, "wwid", wwid))
        op_fault(op, 409, "[Cannot add Virtual Disk. LUN %s is already in use.]", wwid);
    json_object_put(luns);
    if (op->replied) {
        json_object_put(disk);
        return NULL;
    }
    char id[EMU_ID];
    emu_new_id(e, id);
    js_add_str(disk, "id", id);
    json_object_array_add(e->lun_disks, disk);
    return disk;
}

void
disk_add(struct emu_op *op)
{
    struct json_object *disk = lun_disk_new(op, op->body);
    if (disk)
        op_object(op, 201, "disk", disk_tree(op->e, disk));
}

/* The form a VM keeps of a disk that exists on its own. */
static struct json_object *
disk_for_vm(struct emu_engine *e, const char *id)
{
    struct json_object *floating = js_find(e->floating, "id", id);
    struct json_object *lun = js_find(e->lun_disks, "id", id);
    if (!lun)
        return js_copy(floating);
    struct json_object *disk = json_object_new_object();
    js_add_str(disk, "id", id);
    js_add_str(disk, "name", js_str(lun, "name"));
    js_add(disk, "lun", js_copy(lun));
    return disk;
}

void
disk_attach(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    struct emu_vm *vm = vm_get(e, false, op->args[0]);
    const char *id = js_str(op->body, "disk.id");
    if (!id)
        id = js_str(op->body, "id");
    if (!vm) {
        op_empty(op, 404);
        return;
    }
    if (!id) {
        struct json_object *made = lun_disk_new(op, js_get(op->body, "disk"));
        if (!made)
            return;
        id = js_str(made, "id");
    }
    if (js_find(js_get(vm->conf, "disks"), "id", id)) {
        op_fault(op, 409, "[Cannot attach Virtual Disk. It is already attached to the VM.]");
        return;
    }
    struct json_object *disk = disk_for_vm(e, id);
    if (!disk) {
        op_fault(op, 404, "[The Virtual Disk does not exist.]");
        return;
    }
    js_add_bool(disk, "bootable", js_bool(op->body, "bootable", false));
    json_object_array_add(js_list(vm->conf, "disks"), disk);
    js_remove(e->floating, "id", id);
    struct json_object *list = disk_attachments(e, vm->id, vm->conf);
    struct json_object *o = json_object_get(js_find(list, "id", js_str(disk, "id")));
    json_object_put(list);
    op_object(op, 201, "disk_attachment", o);
}

/* detach_only keeps the disk, on its own. */
void
disk_detach(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    struct emu_vm *vm = vm_get(e, false, op->args[0]);
    struct json_object *disks = vm ? js_get(vm->conf, "disks") : NULL;
    struct json_object *disk = js_find(disks, "id", op->args[1]);
    if (!disk) {
        op_empty(op, 404);
        return;
    }
    if (vm->status != VM_DOWN) {
        op_fault(op, 409, "[Cannot detach Virtual Disk. The VM %s is not down.]", vm->name);
        return;
    }
    if (!js_get(disk, "lun"))
        json_object_array_add(e->floating, js_copy(disk));
    js_remove(disks, "id", op->args[1]);
    op_action(op, NULL);
}
