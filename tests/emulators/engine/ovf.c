/* The OVF_STORE of a domain and the entities known only from it. */
#include "engine.h"

#include <stdlib.h>

static const char *
ovf_status(enum vm_status s)
{
    switch (s) {
    case VM_WAIT_FOR_LAUNCH:
    case VM_POWERING_UP:
    case VM_UP:
    case VM_UNKNOWN:
    case VM_MIGRATING:
    case VM_REBOOT_IN_PROGRESS:
    case VM_RESTORING_STATE:
    case VM_NOT_RESPONDING:
        return "up";
    case VM_PAUSED:
        return "paused";
    case VM_POWERING_DOWN:
        return "powering_down";
    case VM_DOWN:
    case VM_IMAGE_LOCKED:
    case VM_SUSPENDED:
    case VM_SAVING_STATE:
        break;
    }
    return "down";
}

struct json_object *
ovf_store(struct emu_engine *e, const struct emu_sd *sd)
{
    struct json_object *store = json_object_new_object();
    js_add_int(store, "written_at", emu_epoch_ms(e, e->now));
    struct json_object *vms = js_list(store, "vms");
    struct json_object *templates = js_list(store, "templates");
    for (struct emu_vm *vm = e->vms; vm; vm = vm->next) {
        if (!vm_on_sd(vm->conf, sd->id))
            continue;
        struct json_object *entry = js_copy(vm->conf);
        js_add_str(entry, "id", vm->id);
        js_add_str(entry, "name", vm->name);
        js_add_str(entry, "cluster", js_str(cluster_get(e, vm->cluster), "name"));
        js_add_str(entry, "status", vm->template ? "ok" : ovf_status(vm->status));
        json_object_array_add(vm->template ? templates : vms, entry);
    }
    for (struct emu_unregistered *u = e->unregistered; u; u = u->next)
        if (emu_same(u->sd, sd->id))
            json_object_array_add(u->template ? templates : vms, json_object_get(u->conf));
    return store;
}

int
ovf_write(struct emu_engine *e, struct emu_sd *sd)
{
    struct json_object *doc = content_read(e, sd->id);
    if (!doc)
        return -1;
    js_add(doc, "ovf_store", ovf_store(e, sd));
    int r = content_write(e, sd->id, doc);
    json_object_put(doc);
    return r;
}

/* Nothing has changed since it was written; what is written then is only its time. */
bool
ovf_current(struct emu_engine *e, struct emu_sd *sd)
{
    struct json_object *doc = content_read(e, sd->id);
    struct json_object *now = ovf_store(e, sd);
    bool same = true;
    static const char *const keys[] = {"vms", "templates", NULL};
    for (const char *const *k = keys; *k; k++)
        same = same && json_object_equal(js_get(js_get(doc, "ovf_store"), *k), js_get(now, *k));
    json_object_put(now);
    json_object_put(doc);
    return same;
}

static void
ovf_entries(struct emu_engine *e, struct emu_sd *sd, struct json_object *entries, bool template)
{
    for (size_t i = 0; i < js_len(entries); i++) {
        struct json_object *conf = js_at(entries, i);
        const char *id = js_str(conf, "id");
        if (!id || vm_get(e, template, id) || unregistered_get(e, template, sd->id, id))
            continue;
        struct emu_unregistered **p = &e->unregistered;
        while (*p)
            p = &(*p)->next;
        *p = emu_alloc(sizeof(**p));
        (*p)->template = template;
        (*p)->conf = js_copy(conf);
        EMU_SET((*p)->id, id);
        EMU_SET((*p)->sd, sd->id);
    }
}

void
ovf_read(struct emu_engine *e, struct emu_sd *sd, struct json_object *doc)
{
    ovf_entries(e, sd, js_get(doc, "ovf_store.templates"), true);
    ovf_entries(e, sd, js_get(doc, "ovf_store.vms"), false);
}

struct emu_unregistered *
unregistered_get(struct emu_engine *e, bool template, const char *sd, const char *id)
{
    for (struct emu_unregistered *u = e->unregistered; u; u = u->next)
        if (u->template == template && emu_same(u->id, id) && (!sd || emu_same(u->sd, sd)))
            return u;
    return NULL;
}

/* SD or ID may be NULL: of every domain, every entity. */
void
unregistered_drop(struct emu_engine *e, const char *sd, bool template, const char *id)
{
    for (struct emu_unregistered **p = &e->unregistered; *p;) {
        struct emu_unregistered *u = *p;
        if ((id && (u->template != template || !emu_same(u->id, id))) ||
            (sd && !emu_same(u->sd, sd))) {
            p = &u->next;
            continue;
        }
        *p = u->next;
        json_object_put(u->conf);
        free(u);
    }
}

static bool
op_templates(const struct emu_op *op)
{
    const char *p = op->path;
    for (; *p; p++)
        if (*p == '/' && p[1] == 't')
            return true;
    return false;
}

static struct json_object *
unregistered_tree(struct emu_engine *e, struct emu_unregistered *u)
{
    struct json_object *o = vm_conf_tree(e, u->conf, u->template);
    char *href = emu_printf("%s/storagedomains/%s/%s/%s", EMU_API, u->sd,
                            u->template ? "templates" : "vms", u->id);
    js_add_str(o, "href", href);
    free(href);
    const char *status = js_str(u->conf, "status");
    js_add_str(o, "status", status ? status : u->template ? "ok" : "down");
    js_add(o, "storage_domain", tree_ref(u->sd, "storagedomains"));
    return o;
}

void
unregistered_list(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    struct emu_sd *sd = sd_get(e, op->args[0]);
    if (!sd) {
        op_empty(op, 404);
        return;
    }
    bool template = op_templates(op);
    struct json_object *list = json_object_new_array();
    if (js_bool(op->query, "unregistered", false)) {
        for (struct emu_unregistered *u = e->unregistered; u; u = u->next)
            if (u->template == template && emu_same(u->sd, sd->id))
                json_object_array_add(list, unregistered_tree(e, u));
    } else {
        for (struct emu_vm *vm = e->vms; vm; vm = vm->next)
            if (vm->template == template && vm_on_sd(vm->conf, sd->id))
                json_object_array_add(list, vm_tree(e, vm));
    }
    op_list(op, template ? "template" : "vm", template ? "templates" : "vms", list);
}

void
unregistered_item(struct emu_op *op)
{
    bool template = op_templates(op);
    struct emu_vm *vm = vm_get(op->e, template, op->args[1]);
    struct emu_unregistered *u = unregistered_get(op->e, template, op->args[0], op->args[1]);
    const char *type = template ? "template" : "vm";
    if (u)
        op_object(op, 200, type, unregistered_tree(op->e, u));
    else if (vm && vm_on_sd(vm->conf, op->args[0]))
        op_object(op, 200, type, vm_tree(op->e, vm));
    else
        op_empty(op, 404);
}

void
unregistered_delete(struct emu_op *op)
{
    bool template = op_templates(op);
    struct emu_sd *sd = sd_get(op->e, op->args[0]);
    if (!sd || !unregistered_get(op->e, template, sd->id, op->args[1])) {
        op_empty(op, 404);
        return;
    }
    unregistered_drop(op->e, sd->id, template, op->args[1]);
    if (ovf_write(op->e, sd) < 0)
        op_fault(op, 400, "[Failed to update the OVF store of Storage Domain %s.]", sd->name);
    else
        op_action(op, NULL);
}

/* ---- disks of a domain ----------------------------------------------------------------------- */

static bool
disk_known(struct emu_engine *e, const char *id)
{
    for (struct emu_vm *vm = e->vms; vm; vm = vm->next)
        if (js_find(js_get(vm->conf, "disks"), "id", id))
            return true;
    return js_find(e->floating, "id", id) != NULL;
}

void
sd_disks(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    struct emu_sd *sd = sd_get(e, op->args[0]);
    if (!sd) {
        op_empty(op, 404);
        return;
    }
    struct json_object *list = json_object_new_array();
    bool unregistered = js_bool(op->query, "unregistered", false);
    struct json_object *doc = sd->dc[0] ? content_read(e, sd->id) : NULL;
    struct json_object *volumes = js_get(doc, "volumes");
    for (size_t i = 0; i < js_len(volumes); i++) {
        struct json_object *disk = js_at(volumes, i);
        if (disk_known(e, js_str(disk, "id")) == unregistered)
            continue;
        struct json_object *copy = js_copy(disk);
        js_add_str(copy, "storage_domain", sd->id);
        json_object_array_add(list, disk_tree(e, copy));
        json_object_put(copy);
    }
    json_object_put(doc);
    struct json_object *stores = unregistered ? NULL : ovf_disks(e, sd->id);
    for (size_t i = 0; i < js_len(stores); i++)
        json_object_array_add(list, disk_tree(e, js_at(stores, i)));
    json_object_put(stores);
    op_list(op, "disk", "disks", list);
}

void
unregistered_disk_register(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    struct emu_sd *sd = sd_get(e, op->args[0]);
    const char *id = js_str(op->body, "id");
    if (!sd || !js_bool(op->query, "unregistered", false)) {
        op_empty(op, sd ? 400 : 404);
        return;
    }
    struct json_object *doc = content_read(e, sd->id);
    struct json_object *disk = id ? js_find(js_get(doc, "volumes"), "id", id) : NULL;
    if (!disk) {
        op_fault(op, 404, "[Disk %s is not on the Storage Domain.]", id ? id : "");
    } else if (disk_known(e, id)) {
        op_fault(op, 409, "[Cannot register Disk. The Disk is already registered.]");
    } else {
        struct json_object *copy = js_copy(disk);
        js_add_str(copy, "storage_domain", sd->id);
        json_object_array_add(e->floating, copy);
        op_object(op, 201, "disk", disk_tree(e, copy));
    }
    json_object_put(doc);
}

/* ---- POST storagedomains/SD/updateovfstore: starts, the job tells the end -------------------- */

static void
update_ovf_step(struct emu_op *op)
{
    if (op->phase++ == 0) {
        op_sleep(op, op->e->latency.ovf);
        return;
    }
    if (!op->sd)
        return;
    if (op_has(op, FAULT_EXEC) || ovf_write(op->e, op->sd) < 0) {
        event_add(op->e, op, 1005, "warning",
                  "Failed to update VMs/Templates OVF data for Storage "
                  "Domain %s.",
                  op->sd->name);
        job_end(op, false);
        return;
    }
    event_add(op->e, op, 199, "normal", "OVF_STORE of Storage Domain %s was updated.",
              op->sd->name);
}

void
sd_update_ovf(struct emu_op *op)
{
    struct emu_sd *sd = op->sd = sd_get(op->e, op->args[0]);
    if (!sd) {
        op_empty(op, 404);
        return;
    }
    if (sd->status != SD_ACTIVE) {
        op_fault(op, 409, "[Cannot update OVF_STORE. The Storage Domain is not active.]");
        return;
    }
    job_start(op, "Updating OVF_STORE of Storage Domain %s", sd->name);
    op->step = update_ovf_step;
    op->wake_ns = op->e->now;
    op_action(op, NULL);
}
