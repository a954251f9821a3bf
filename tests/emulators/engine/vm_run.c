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

static void
vm_gone(struct emu_engine *e, struct emu_vm *vm)
{
    vm_write(e, vm, false);
    lease_vm(e, vm, false);
    vm->host[0] = '\0';
    vm->run++;
}

void
vm_lost(struct emu_engine *e, struct emu_vm *vm)
{
    vm_write(e, vm, false);
    if (vm->template || vm->status == VM_DOWN)
        return;
    vm->status = VM_UNKNOWN;
    vm->run++;
}

/* ---- after the start was accepted ------------------------------------------------------------ */

static void
boot_step(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    struct emu_vm *vm = op->vm;
    if (!vm || vm->run != op->run ||
        (vm->status != VM_WAIT_FOR_LAUNCH && vm->status != VM_POWERING_UP))
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
        vm->status = VM_POWERING_UP;
        op_sleep(op, e->latency.boot);
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

static int64_t
host_memory_free(struct emu_engine *e, const struct emu_host *h)
{
    int64_t free_bytes = h->memory;
    for (struct emu_vm *vm = e->vms; vm; vm = vm->next)
        if (emu_same(vm->host, h->id))
            free_bytes -= js_int(vm->conf, "memory", 1LL << 30);
    return free_bytes;
}

static bool
host_wanted(struct emu_op *op, const struct emu_host *h)
{
    struct json_object *hosts = js_get(op->body, "vm.placement_policy.hosts.host");
    if (!hosts)
        return true;
    return js_find(hosts, "id", h->id) || js_find(hosts, "name", h->name);
}

/* The host with most memory left among those that pass every filter. */
static struct emu_host *
vm_schedule(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    struct emu_vm *vm = op->vm;
    struct emu_sd *lease = sd_get(e, js_str(vm->conf, "lease.storage_domain.id"));
    int64_t memory = js_int(vm->conf, "memory", 1LL << 30);
    struct emu_host *best = NULL;
    for (struct emu_host *h = e->hosts; h; h = h->next) {
        if (!host_up(h) || !emu_same(h->cluster, vm->cluster) || !host_wanted(op, h) ||
            host_memory_free(e, h) < memory)
            continue;
        if (lease && (!lease_host_ready(e, lease, h) || !lease_vm_ready(e, lease, h, vm->id)))
            continue;
        if (!best || host_memory_free(e, h) > host_memory_free(e, best))
            best = h;
    }
    return best;
}

/* The process exists from here on, whatever becomes of it. */
static void
process_create(struct emu_op *op, bool falls)
{
    struct emu_engine *e = op->e;
    struct emu_vm *vm = op->vm;
    bool doomed = vm_write(e, vm, true) < 0 || falls;
    vm->run++;
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
    if (vm->status != VM_WAIT_FOR_LAUNCH) {
        op_fault(op, 400, "[Failed to run VM %s: the Host was lost.]", vm->name);
        return;
    }
    if (op_has(op, FAULT_EXEC)) {
        vm->status = VM_DOWN;
        vm->host[0] = '\0';
        event_add(e, op, 54, "error", "Failed to run VM %s.", vm->name);
        op_fault(op, 400, "[Failed to run VM %s.]", vm->name);
        return;
    }
    process_create(op, op_has(op, FAULT_FALLS));
    op_action(op, NULL);
}

static const char *
start_refused(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    struct emu_vm *vm = op->vm;
    struct json_object *disks = js_get(vm->conf, "disks");
    if (vm->status == VM_IMAGE_LOCKED)
        return "VM is locked.";
    if (vm->status != VM_DOWN && vm->status != VM_PAUSED)
        return "VM is running.";
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

/* Engines since 4.5.3 go on by themselves after an explicit start of an HA VM found no host. */
static void
ha_step(struct emu_op *op)
{
    struct emu_vm *vm = op->vm;
    if (!vm || vm->status != VM_DOWN || vm->run != op->run || op->phase++ >= HA_TRIES)
        return;
    struct emu_host *h = start_refused(op) ? NULL : vm_schedule(op);
    if (!h || op_lock(op, true, "vm", vm->id) < 0) {
        op_sleep(op, op->e->latency.ha_runner);
        return;
    }
    EMU_SET(vm->host, h->id);
    vm->status = VM_WAIT_FOR_LAUNCH;
    op->host = h;
    process_create(op, false);
}

static void
ha_queue(struct emu_op *start)
{
    struct emu_engine *e = start->e;
    struct emu_vm *vm = start->vm;
    if (!js_bool(e->conf, "ha_autostart", true) ||
        !js_bool(vm->conf, "high_availability.enabled", false))
        return;
    for (struct emu_op *op = e->ops; op; op = op->next)
        if (op->step == ha_step && op->vm == vm)
            return;
    struct emu_op *op = op_background(e, "ha_start", ha_step);
    op->vm = vm;
    op->run = vm->run;
    EMU_SET(op->correlation, start->correlation);
    op_sleep(op, e->latency.ha_runner);
}

void
vm_start(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    struct emu_vm *vm = op->vm = vm_get(e, false, op->args[0]);
    if (!vm) {
        op_empty(op, 404);
        return;
    }
    if (op_lock(op, true, "vm", vm->id) < 0)
        return;
    const char *why = start_refused(op);
    if (why) {
        op_fault(op, 409, "[Cannot run VM. %s]", why);
        return;
    }
    struct emu_host *h = vm->status == VM_PAUSED ? host_get(e, vm->host) : vm_schedule(op);
    if (!h) {
        ha_queue(op);
        op_fault(op, 409,
                 "[Cannot run VM. There is no host that satisfies current scheduling "
                 "constraints. See below for details:]");
        return;
    }
    EMU_SET(vm->host, h->id);
    vm->stop_reason[0] = '\0';
    vm->status = VM_WAIT_FOR_LAUNCH;
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

/* ---- stop, shutdown -------------------------------------------------------------------------- */

static void
stop_step(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    struct emu_vm *vm = op->vm;
    if (!vm)
        return;
    switch (op->phase++) {
    case 0:
        if (op_has(op, FAULT_EXEC)) {
            vm->status = VM_UP;
            op_fault(op, 400, "[Failed to stop VM %s.]", vm->name);
            return;
        }
        vm_gone(e, vm); /* destroyed on the host; the status follows with the monitoring */
        op->run = vm->run;
        op_action(op, NULL);
        op_unlock(op);
        op_sleep(op, e->latency.refresh);
        return;
    default:
        if (vm->run != op->run)
            return;
        vm->status = VM_DOWN;
        event_add(e, op, 61, "normal",
                  "VM %s is down. Exit message: Admin shut down from the "
                  "engine",
                  vm->name);
    }
}

static bool
op_running_vm(struct emu_op *op, const char *what)
{
    op->vm = vm_get(op->e, false, op->args[0]);
    if (!op->vm) {
        op_empty(op, 404);
        return false;
    }
    if (op_lock(op, true, "vm", op->vm->id) < 0)
        return false;
    if (op->vm->status == VM_DOWN || op->vm->status == VM_IMAGE_LOCKED) {
        op_fault(op, 409, "[Cannot %s VM. VM is not running.]", what);
        return false;
    }
    return true;
}

void
vm_stop(struct emu_op *op)
{
    if (!op_running_vm(op, "stop"))
        return;
    struct emu_host *h = host_get(op->e, op->vm->host);
    if (h && !host_up(h)) {
        op_fault(op, 409, "[Cannot stop VM. The Host it runs on is not up.]");
        return;
    }
    if (js_str(op->body, "reason"))
        EMU_SET(op->vm->stop_reason, js_str(op->body, "reason"));
    op->vm->status = VM_POWERING_DOWN;
    job_start(op, "Stopping VM %s", op->vm->name);
    op->step = stop_step;
    op_sleep(op, op->e->latency.stop);
}

static void
shutdown_step(struct emu_op *op)
{
    struct emu_vm *vm = op->vm;
    if (!vm || vm->run != op->run)
        return;
    vm_gone(op->e, vm);
    vm->status = VM_DOWN;
    event_add(op->e, op, 61, "normal",
              "VM %s is down. Exit message: User shut down from within "
              "the guest",
              vm->name);
}

void
vm_shutdown(struct emu_op *op)
{
    if (!op_running_vm(op, "shut down"))
        return;
    struct emu_vm *vm = op->vm;
    if (vm->status != VM_UP && vm->status != VM_POWERING_UP && vm->status != VM_POWERING_DOWN) {
        op_fault(op, 409, "[Cannot shut down VM. VM is %s.]", vm_status_name(vm->status));
        return;
    }
    if (!js_bool(vm->conf, "ignores_shutdown", false) && vm->status != VM_POWERING_DOWN) {
        vm->status = VM_POWERING_DOWN;
        struct emu_op *later = op_background(op->e, "shutdown", shutdown_step);
        later->vm = vm;
        later->run = vm->run;
        EMU_SET(later->correlation, op->correlation);
        op_sleep(later, op->e->latency.shutdown);
    }
    job_start(op, "Shutting down VM %s", vm->name);
    op_action(op, NULL);
}
