/* The life of a running VM: start, boot, stop, and being a writer on its LUNs meanwhile. */
#include "engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Registers the VM as writer on every LUN of every domain that holds one of its disks (and on its
 * direct LUNs), or takes it back. All or nothing: on an error nothing stays registered.
 */
static int
writer_lun(struct emu_engine *e, const char *who, const char *wwid, bool begin)
{
    if (begin)
        return e->luns->writer_add(e->luns->ctx, e->site, wwid, who);
    e->luns->writer_remove(e->luns->ctx, e->site, wwid, who);
    return 0;
}

static int
writer_luns(struct emu_engine *e, struct emu_vm *vm, const char *who, bool begin)
{
    struct json_object *disks = js_get(vm->conf, "disks");
    struct json_object *done = json_object_new_object();
    int r = 0;
    for (size_t i = 0; i < js_len(disks) && r == 0; i++) {
        struct json_object *disk = js_at(disks, i);
        const char *direct = js_str(disk, "lun.wwid");
        struct emu_sd *sd = sd_get(e, js_str(disk, "storage_domain"));
        if (direct)
            r = writer_lun(e, who, direct, begin);
        if (!sd || js_get(done, sd->id))
            continue;
        js_add_bool(done, sd->id, true);
        for (size_t l = 0; l < js_len(sd->luns) && r == 0; l++)
            r = writer_lun(e, who, js_str(js_at(sd->luns, l), "wwid"), begin);
    }
    json_object_put(done);
    return r;
}

int
vm_write(struct emu_engine *e, struct emu_vm *vm, bool begin)
{
    if (vm->writer == begin || !e->luns)
        return 0;
    char *who = emu_printf("engine-%s/%s", e->site, vm->id);
    int r = writer_luns(e, vm, who, begin);
    if (r < 0)
        writer_luns(e, vm, who, false);
    vm->writer = begin && r == 0;
    free(who);
    return r;
}

/* An orderly end: nothing of it is left on the host or in the leases. */
void
vm_gone(struct emu_engine *e, struct emu_vm *vm)
{
    vm_write(e, vm, false);
    lease_vm(e, vm, false);
    vm->host[0] = '\0';
    vm->run_once = false;
    vm->paused_eio = false;
    vm->stopped_ns = e->now;
    vm->run++;
}

static bool
vm_ha(struct emu_vm *vm)
{
    return js_bool(vm->conf, "high_availability.enabled", false);
}

/* The engine loses sight of it. A leased HA VM may start elsewhere: its lease is the guard. */
void
vm_lost(struct emu_engine *e, struct emu_vm *vm, bool still_alive)
{
    if (!still_alive)
        vm_write(e, vm, false);
    if (vm->template || vm->status == VM_DOWN || vm->status == VM_SUSPENDED)
        return;
    vm->status = VM_UNKNOWN;
    vm->run++;
    if (vm_ha(vm) && js_str(vm->conf, "lease.storage_domain.id"))
        ha_queue(e, vm, "");
}

/*
 * The engine takes it for dead. Not GONE: it was told so and believes it, but the process goes on
 * where it was. The lease, if there is one, is what the dead left behind.
 */
void
vm_died(struct emu_engine *e, struct emu_vm *vm, bool gone)
{
    if (gone)
        vm_write(e, vm, false);
    else
        EMU_SET(vm->ghost, vm->host);
    vm->host[0] = '\0';
    vm->paused_eio = false;
    vm->status = VM_DOWN;
    vm->stopped_ns = e->now;
    vm->run++;
    struct json_object *o =
        event_add(e, NULL, 119, "error", "VM %s is down with error. Exit message: Lost.", vm->name);
    struct json_object *ref = tree_ref(vm->id, "vms");
    js_add_str(ref, "name", vm->name);
    js_add(o, "vm", ref);
    if (vm_ha(vm))
        ha_queue(e, vm, "");
}

/* ---- the storage below it ends, and comes back ----------------------------------------------- */

void
vm_storage_lost(struct emu_engine *e, struct emu_vm *vm)
{
    vm_write(e, vm, false);
    vm->status = VM_PAUSED;
    vm->paused_eio = true;
    vm->run++;
    event_add(e, NULL, 139, "error", "VM %s has been paused due to storage I/O problem.", vm->name);
}

void
vm_storage_back(struct emu_engine *e, struct emu_vm *vm)
{
    struct json_object *disks = js_get(vm->conf, "disks");
    const char *behaviour = js_str(vm->conf, "storage_error_resume_behaviour");
    if (!behaviour)
        behaviour = js_str(vm->conf, "lease.storage_domain.id") ? "kill" : "auto_resume";
    for (size_t i = 0; i < js_len(disks); i++) {
        struct emu_sd *sd = sd_get(e, js_str(js_at(disks, i), "storage_domain"));
        if (sd && (sd->status != SD_ACTIVE || sd->lost_ns))
            return;
    }
    if (emu_same(behaviour, "kill")) {
        vm_died(e, vm, true);
    } else if (emu_same(behaviour, "auto_resume") && vm_write(e, vm, true) == 0) {
        vm->status = VM_UP;
        vm->paused_eio = false;
        vm->run++;
        event_add(e, NULL, 142, "normal", "VM %s has recovered from paused back to up.", vm->name);
    }
}

/* ---- after the start was accepted ------------------------------------------------------------ */

static void
boot_step(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    struct emu_vm *vm = op->vm;
    if (!vm || vm->run != op->run ||
        (vm->status != VM_WAIT_FOR_LAUNCH && vm->status != VM_POWERING_UP &&
         vm->status != VM_RESTORING_STATE))
        return; /* stopped, lost or removed meanwhile */
    switch (op->phase++) {
    case 0:
        op_sleep(op, e->latency.launch);
        return;
    case 1:
        if (op->flag) {
            event_add(e, op, 119, "error",
                      "VM %s is down with error. Exit message: Cannot open "
                      "the disk image for writing.",
                      vm->name);
            vm_gone(e, vm);
            vm->status = VM_DOWN;
            return;
        }
        if (vm->start_paused) {
            vm->status = VM_PAUSED;
            return;
        }
        vm->status = VM_POWERING_UP;
        op_sleep(op,
                 js_bool(vm->conf, "guest_agent", true) ? e->latency.boot : e->latency.no_agent);
        return;
    default:
        vm->status = VM_UP;
        event_add(e, op, 153, "normal", "VM %s started.", vm->name);
    }
}

static void
boot_begin(struct emu_op *start, bool doomed)
{
    struct emu_op *op = op_background(start->e, "boot", boot_step);
    op->vm = start->vm;
    op->run = start->vm->run;
    op->flag = doomed;
    EMU_SET(op->correlation, start->correlation);
}

/* ---- start ----------------------------------------------------------------------------------- */

/* The process exists from here on, whatever becomes of it. */
static void
process_create(struct emu_op *op, bool falls)
{
    struct emu_engine *e = op->e;
    struct emu_vm *vm = op->vm;
    if (vm->writer) {
        /* The storage sees one writer as before, but two processes write. */
        js_count(e->counters, "running_twice");
        event_add(e, op, 55, "alert", "VM %s runs on two hosts.", vm->name);
    }
    bool doomed = vm_write(e, vm, true) < 0 || falls;
    vm->run++;
    vm->paused_eio = false;
    vm->started_ns = e->now;
    lease_vm(e, vm, true);
    js_count(e->vm_starts, vm->id);
    event_add(e, op, 32, "normal", "VM %s was started (Host: %s).", vm->name, vm->host);
    boot_begin(op, doomed);
}

static void
start_step(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    struct emu_vm *vm = op->vm;
    if (!vm)
        return;
    if (vm->status != VM_WAIT_FOR_LAUNCH && vm->status != VM_RESTORING_STATE) {
        op_fault(op, 400, "[Failed to run VM %s: the Host was lost.]", vm->name);
        return;
    }
    if (op_has(op, FAULT_EXEC)) {
        vm->status = op->flag ? VM_SUSPENDED : VM_DOWN;
        vm->host[0] = '\0';
        event_add(e, op, 54, "error", "Failed to run VM %s.", vm->name);
        op_fault(op, 400, "[Failed to run VM %s.]", vm->name);
        return;
    }
    process_create(op, op_has(op, FAULT_FALLS));
    op_action(op, NULL);
}

static const char *
start_refused(struct emu_engine *e, struct emu_vm *vm, bool ha)
{
    struct json_object *disks = js_get(vm->conf, "disks");
    if (vm->status == VM_IMAGE_LOCKED)
        return "VM is locked.";
    if (vm->status != VM_DOWN && vm->status != VM_PAUSED && vm->status != VM_SUSPENDED &&
        !(ha && vm->status == VM_UNKNOWN))
        return "VM is running.";
    if (vm->status == VM_PAUSED && vm->paused_eio)
        return "VM is paused because of its storage.";
    for (size_t i = 0; i < js_len(disks); i++) {
        const char *id = js_str(js_at(disks, i), "storage_domain");
        struct emu_sd *sd = sd_get(e, id);
        if (id && (!sd || sd->status != SD_ACTIVE))
            return "The Storage Domain of a disk is not active.";
    }
    const char *lease = js_str(vm->conf, "lease.storage_domain.id");
    struct emu_sd *sd = sd_get(e, lease);
    if (lease && (!sd || sd->status != SD_ACTIVE))
        return "The Storage Domain of the lease is not active.";
    return NULL;
}

#define HA_TRIES 600

/*
 * The auto-start runner: after an explicit start of an HA VM found no host (engines since 4.5.3),
 * and after an HA VM was lost.
 */
static void
ha_step(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    struct emu_vm *vm = op->vm;
    if (!vm || (vm->status != VM_DOWN && vm->status != VM_UNKNOWN) || vm->run != op->run ||
        op->phase++ >= HA_TRIES)
        return;
    struct emu_host *h =
        start_refused(e, vm, true) ? NULL : schedule_host(e, vm, NULL, vm->host, NULL);
    if (!h || op_lock(op, true, "vm", vm->id) < 0) {
        op_sleep(op, e->latency.ha_runner);
        return;
    }
    if (vm->status == VM_UNKNOWN)
        event_add(e, op, 9603, "warning", "VM %s is restarted on another host.", vm->name);
    EMU_SET(vm->host, h->id);
    vm->status = VM_WAIT_FOR_LAUNCH;
    op->host = h;
    process_create(op, false);
}

void
ha_queue(struct emu_engine *e, struct emu_vm *vm, const char *correlation)
{
    if (!js_bool(e->conf, "ha_autostart", true) || !vm_ha(vm))
        return;
    for (struct emu_op *op = e->ops; op; op = op->next)
        if (op->step == ha_step && op->vm == vm && op->run == vm->run)
            return;
    struct emu_op *op = op_background(e, "ha_start", ha_step);
    op->vm = vm;
    op->run = vm->run;
    EMU_SET(op->correlation, correlation);
    op_sleep(op, e->latency.ha_runner);
}

/* A paused VM only goes on; its process is there. */
static void
vm_unpause(struct emu_op *op)
{
    struct emu_vm *vm = op->vm;
    vm->status = VM_POWERING_UP;
    vm->start_paused = false;
    struct emu_op *later = op_background(op->e, "boot", boot_step);
    later->vm = vm;
    later->run = vm->run;
    later->phase = 2;
    op_sleep(later, op->e->latency.boot);
    op_action(op, NULL);
}

void
vm_start(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    struct emu_vm *vm = op->vm = vm_get(e, false, op->args[0]);
    char *why_not = NULL;
    if (!vm) {
        op_empty(op, 404);
        return;
    }
    if (op_lock(op, true, "vm", vm->id) < 0)
        return;
    const char *why = start_refused(e, vm, false);
    if (why) {
        op_fault(op, 409, "[Cannot run VM. %s]", why);
        return;
    }
    if (vm->status == VM_PAUSED) {
        vm_unpause(op);
        return;
    }
    struct emu_host *h =
        schedule_host(e, vm, js_get(op->body, "vm.placement_policy.hosts.host"), NULL, &why_not);
    if (!h) {
        ha_queue(e, vm, op->correlation);
        op_fault(op, 409,
                 "[Cannot run VM. There is no host that satisfies current scheduling "
                 "constraints. See below for details:%s]",
                 why_not ? why_not : "");
        free(why_not);
        return;
    }
    free(why_not);
    op->flag = vm->status == VM_SUSPENDED;
    EMU_SET(vm->host, h->id);
    vm->stop_reason[0] = '\0';
    vm->run_once = js_get(op->body, "vm") != NULL || js_bool(op->body, "pause", false);
    vm->start_paused = js_bool(op->body, "pause", false);
    vm->status = op->flag ? VM_RESTORING_STATE : VM_WAIT_FOR_LAUNCH;
    op->host = h;
    job_start(op, "Launching VM %s", vm->name);
    op->step = start_step;
    op_sleep(op, e->latency.schedule);
}

/* What the engine finds when it starts with VMs that are up already. */
void
vm_run_initially(struct emu_engine *e, struct emu_vm *vm)
{
    for (struct emu_host *h = e->hosts; h && !vm->host[0]; h = h->next)
        if (host_up(h) && emu_same(h->cluster, vm->cluster))
            EMU_SET(vm->host, h->id);
    vm->status = VM_UP;
    vm->started_ns = e->now;
    vm_write(e, vm, true);
    lease_vm(e, vm, true);
}
