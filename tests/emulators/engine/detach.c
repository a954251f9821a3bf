/* The way out: deactivate (queued, asynchronous) and detach. */
#include "engine.h"

/* ---- deactivate ------------------------------------------------------------------------------ */

static struct emu_sd *
master_heir(struct emu_engine *e, struct emu_sd *old)
{
    for (struct emu_sd *sd = e->sds; sd; sd = sd->next)
        if (sd != old && emu_same(sd->dc, old->dc) && sd->status == SD_ACTIVE &&
            emu_same(sd->type, "data"))
            return sd;
    return NULL;
}

static void
deactivated(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    struct emu_sd *sd = op->sd;
    struct emu_sd *heir = sd->master ? master_heir(e, sd) : NULL;
    struct json_object *doc = content_read(e, sd->id);
    if (doc) {
        lease_release_all(e, doc, op->dc->id);
        content_pool(doc, op->dc, sd->master && !heir);
        content_write(e, sd->id, doc);
        json_object_put(doc);
    }
    lease_leave_hosts(sd);
    sd->status = SD_MAINTENANCE;
    if (heir) {
        sd->master = false;
        heir->master = true;
        dc_elect(e, op->dc);
    } else if (sd->master) {
        op->dc->status = DC_MAINTENANCE;
        op->dc->spm[0] = '\0';
    }
    event_add(e, op, 968, "normal", "Storage Domain %s (Data Center %s) was deactivated.", sd->name,
              op->dc->name);
}

static void
deactivate_failed(struct emu_op *op)
{
    op->sd->status = op->before;
    event_add(op->e, op, 969, "error", "Failed to deactivate Storage Domain %s (Data Center %s).",
              op->sd->name, op->dc->name);
    job_end(op, false);
}

static void
deactivate_step(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    switch (op->phase) {
    case 0:
        op->phase++;
        op_sleep(op, e->latency.ovf);
        return;
    case 1: {
        bool written =
            op->before == SD_ACTIVE && !op_has(op, FAULT_EXEC) && ovf_write(e, op->sd) == 0;
        if (written)
            event_add(e, op, 199, "normal", "OVF_STORE of Storage Domain %s was updated.",
                      op->sd->name);
        else if (op->before == SD_ACTIVE)
            event_add(e, op, 1005, "warning",
                      "Failed to update VMs/Templates OVF data for Storage Domain %s.",
                      op->sd->name);
        if (!written && op->before == SD_ACTIVE && !js_bool(op->body, "force", false)) {
            deactivate_failed(op);
            return;
        }
        op->sd->status = SD_PREPARING;
        op->phase++;
    }
        __attribute__((fallthrough));
    case 2:
        if (!op_spm(op))
            return;
        op->phase++;
        op_sleep(op, e->latency.deactivate);
        return;
    default:
        deactivated(op);
    }
}

static bool
sd_idle(struct emu_op *op)
{
    for (struct emu_vm *vm = op->e->vms; vm; vm = vm->next) {
        bool lease = emu_same(js_str(vm->conf, "lease.storage_domain.id"), op->sd->id);
        if (vm->template || vm->status == VM_DOWN || (!lease && !vm_on_sd(vm->conf, op->sd->id)))
            continue;
        op_fault(op, 409,
                 "[Cannot deactivate Storage. There are running VMs on the Storage Domain: "
                 "%s.]",
                 vm->name);
        return false;
    }
    return true;
}

void
deactivate_start(struct emu_op *op)
{
    if (op_attached(op) < 0)
        return;
    struct emu_sd *sd = op->sd;
    if (op_lock(op, true, "sd", sd->id) < 0 || op_lock(op, sd->master, "dc", op->dc->id) < 0)
        return;
    if (sd->status != SD_ACTIVE && sd->status != SD_INACTIVE && sd->status != SD_UNKNOWN) {
        op_fault(op, 409,
                 "[Cannot deactivate Storage. The relevant Storage Domain's status is %s.]",
                 sd_status_name(sd->status));
        return;
    }
    if (!host_up_in_dc(op->e, op->dc->id)) {
        op_fault(op, 409,
                 "[Cannot deactivate Storage. There is no active Host in the Data Center.]");
        return;
    }
    if (!sd_idle(op))
        return;
    op->before = sd->status;
    sd->status = SD_LOCKED;
    job_start(op, "Deactivating Storage Domain %s in Data Center %s", sd->name, op->dc->name);
    op->step = deactivate_step;
    op->wake_ns = op->e->now;
    op_action(op, NULL); /* queued, no more */
}

/* ---- detach ---------------------------------------------------------------------------------- */

/* VMs and templates that live only here go; of the others the disks here go. */
static void
detach_entities(struct emu_engine *e, struct emu_sd *sd)
{
    for (struct emu_vm *vm = e->vms, *next = NULL; vm; vm = next) {
        next = vm->next;
        if (vm_only_on_sd(vm->conf, sd->id)) {
            vm_delete(e, vm);
        } else if (vm_on_sd(vm->conf, sd->id)) {
            struct json_object *disks = js_get(vm->conf, "disks");
            js_remove(disks, "storage_domain", sd->id);
        }
    }
    js_remove(e->floating, "storage_domain", sd->id);
    unregistered_drop(e, sd->id, false, NULL);
}

static void
detach_step(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    struct emu_sd *sd = op->sd;
    if (op->phase == 0) {
        if (!op_spm(op))
            return;
        op->phase++;
        op_sleep(op, e->latency.detach);
        return;
    }
    struct json_object *doc = content_read(e, sd->id);
    int r = -1;
    if (doc && !op_has(op, FAULT_EXEC)) {
        content_pool(doc, NULL, false);
        lease_release_all(e, doc, op->dc->id);
        r = content_write(e, sd->id, doc);
    }
    json_object_put(doc);
    if (r < 0) {
        sd->status = SD_MAINTENANCE;
        event_add(e, op, 965, "error", "Failed to detach Storage Domain %s from Data Center %s.",
                  sd->name, op->dc->name);
        op_fault(op, 400, "[Error in detaching a Storage Domain: %s]", sd->id);
        return;
    }
    event_add(e, op, 964, "normal", "Storage Domain %s was detached from Data Center %s.", sd->name,
              op->dc->name);
    detach_entities(e, sd);
    sd->dc[0] = '\0';
    sd->master = false;
    sd->status = SD_UNATTACHED;
    if (sd_count(e, op->dc->id, 0) == 0) {
        op->dc->status = DC_UNINITIALIZED;
        op->dc->spm[0] = '\0';
    }
    op_action(op, NULL);
}

static bool
detach_entities_allow(struct emu_op *op)
{
    for (struct emu_vm *vm = op->e->vms; vm; vm = vm->next) {
        bool only = vm_only_on_sd(vm->conf, op->sd->id);
        const char *why = NULL;
        if (only && js_bool(vm->conf, "delete_protected", false))
            why = "is delete protected";
        else if (only && js_get(vm->conf, "vm_pool"))
            why = "belongs to a pool";
        else if (vm_on_sd(vm->conf, op->sd->id) && js_bool(vm->conf, "in_preview", false))
            why = "is in snapshot preview";
        if (!why)
            continue;
        op_fault(op, 409, "[Cannot detach Storage. %s %s.]", vm->name, why);
        return false;
    }
    return true;
}

void
detach_start(struct emu_op *op)
{
    if (op_attached(op) < 0)
        return;
    struct emu_engine *e = op->e;
    struct emu_sd *sd = op->sd;
    struct emu_sd *master = sd_master(e, op->dc->id);
    if (op_lock(op, true, "sd", sd->id) < 0)
        return;
    if (sd->status != SD_MAINTENANCE) {
        op_fault(op, 409, "[Cannot detach Storage. The relevant Storage Domain's status is %s.]",
                 sd_status_name(sd->status));
        return;
    }
    if (sd->master && sd_count(e, op->dc->id, 0) > 1) {
        op_fault(op, 409, "[Cannot detach the Master Storage Domain while there are others.]");
        return;
    }
    if (!sd->master && (!master || master->status != SD_ACTIVE)) {
        op_fault(op, 409, "[Cannot detach Storage. The Master Storage Domain is not active.]");
        return;
    }
    if (!host_up_in_dc(e, op->dc->id)) {
        op_fault(op, 409, "[Cannot detach Storage. There is no active Host in the Data Center.]");
        return;
    }
    if (!detach_entities_allow(op))
        return;
    sd->status = SD_DETACHING;
    job_start(op, "Detaching Storage Domain %s from Data Center %s", sd->name, op->dc->name);
    op->step = detach_step;
    op->wake_ns = e->now;
}
