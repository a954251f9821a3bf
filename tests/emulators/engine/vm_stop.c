/* What is done to a running VM: stop, shutdown, suspend, reboot, migrate. */
#include "engine.h"

#include <stdlib.h>

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

static bool
op_vm_is(struct emu_op *op, const char *what, enum vm_status wanted)
{
    if (!op_running_vm(op, what))
        return false;
    if (op->vm->status == wanted)
        return true;
    op_fault(op, 409, "[Cannot %s VM. VM is %s.]", what, vm_status_name(op->vm->status));
    return false;
}

void
vm_stop(struct emu_op *op)
{
    if (!op_running_vm(op, "stop"))
        return;
    struct emu_host *h = host_get(op->e, op->vm->host);
    if (op->vm->status == VM_SUSPENDED) {
        op->vm->status = VM_DOWN; /* the saved state is dropped */
        op_action(op, NULL);
        return;
    }
    if (h && !host_up(h) && !emu_same(h->status, "preparing_for_maintenance")) {
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

/* ---- suspend --------------------------------------------------------------------------------- */

static void
suspend_step(struct emu_op *op)
{
    struct emu_vm *vm = op->vm;
    if (!vm || vm->run != op->run || vm->status != VM_SAVING_STATE)
        return;
    vm_gone(op->e, vm);
    vm->status = VM_SUSPENDED;
    event_add(op->e, op, 503, "normal", "VM %s is suspended.", vm->name);
}

void
vm_suspend(struct emu_op *op)
{
    if (!op_vm_is(op, "suspend", VM_UP))
        return;
    op->vm->status = VM_SAVING_STATE;
    struct emu_op *later = op_background(op->e, "suspend", suspend_step);
    later->vm = op->vm;
    later->run = op->vm->run;
    op_sleep(later, op->e->latency.suspend);
    job_start(op, "Suspending VM %s", op->vm->name);
    op_action(op, NULL);
}

/* ---- reboot, reset --------------------------------------------------------------------------- */

static void
reboot_step(struct emu_op *op)
{
    struct emu_vm *vm = op->vm;
    if (vm && vm->run == op->run && vm->status == VM_REBOOT_IN_PROGRESS)
        vm->status = VM_UP;
}

/* The process stays; only the guest begins anew. */
void
vm_reboot(struct emu_op *op)
{
    bool reset = emu_same(op->name, "reset");
    if (!op_vm_is(op, reset ? "reset" : "reboot", VM_UP))
        return;
    op->vm->status = VM_REBOOT_IN_PROGRESS;
    struct emu_op *later = op_background(op->e, "reboot", reboot_step);
    later->vm = op->vm;
    later->run = op->vm->run;
    op_sleep(later, op->e->latency.boot);
    job_start(op, "Rebooting VM %s", op->vm->name);
    op_action(op, NULL);
}

/* ---- migrate --------------------------------------------------------------------------------- */

static void
migrate_step(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    struct emu_vm *vm = op->vm;
    if (!vm || !op->host || vm->run != op->run || vm->status != VM_MIGRATING)
        return;
    vm->status = VM_UP;
    if (!host_up(op->host)) {
        event_add(e, op, 65, "error", "Migration of VM %s failed.", vm->name);
        return;
    }
    EMU_SET(vm->host, op->host->id);
    lease_vm(e, vm, true);
    event_add(e, op, 63, "normal", "Migration of VM %s to host %s completed.", vm->name,
              op->host->name);
}

bool
vm_migrate_away(struct emu_op *cause, struct emu_vm *vm, struct json_object *wanted)
{
    struct emu_engine *e = cause->e;
    struct emu_host *to = schedule_host(e, vm, wanted, vm->host, NULL);
    if (!to)
        return false;
    vm->status = VM_MIGRATING;
    struct emu_op *op = op_background(e, "migrate", migrate_step);
    op->vm = vm;
    op->host = to;
    op->run = vm->run;
    EMU_SET(op->correlation, cause->correlation);
    event_add(e, op, 62, "normal", "Migration of VM %s to host %s started.", vm->name, to->name);
    op_sleep(op, e->latency.migrate);
    return true;
}

void
vm_migrate(struct emu_op *op)
{
    if (!op_vm_is(op, "migrate", VM_UP))
        return;
    const char *affinity = js_str(op->vm->conf, "placement_policy.affinity");
    struct json_object *host = js_get(op->body, "host");
    struct json_object *wanted = host ? json_object_new_array() : NULL;
    if (wanted)
        json_object_array_add(wanted, json_object_get(host));
    job_start(op, "Migrating VM %s", op->vm->name);
    if (emu_same(affinity, "pinned") ||
        (emu_same(affinity, "user_migratable") && !js_bool(op->body, "force", false)))
        op_fault(op, 409, "[Cannot migrate VM. VM is pinned to Host.]");
    else if (vm_migrate_away(op, op->vm, wanted))
        op_action(op, NULL);
    else
        op_fault(op, 409,
                 "[Cannot migrate VM. There is no host that satisfies current scheduling "
                 "constraints.]");
    json_object_put(wanted);
}

/* Out of its pool, which none of these VMs is in. */
void
vm_detach(struct emu_op *op)
{
    struct emu_vm *vm = op->vm = vm_get(op->e, false, op->args[0]);
    if (!vm)
        op_empty(op, 404);
    else if (!js_get(vm->conf, "vm_pool"))
        op_fault(op, 409, "[Cannot detach VM from VM-Pool. VM is not in a VM-Pool.]");
    else {
        json_object_object_del(vm->conf, "vm_pool");
        op_action(op, NULL);
    }
}
