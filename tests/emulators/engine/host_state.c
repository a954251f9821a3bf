/*
 * The life of a host: maintenance and back, power, SPM; and what a host that is lost does to its
 * VMs. What the engine believes is the status; whether the machine runs is another matter.
 */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

bool
host_fenceable(const struct emu_host *h)
{
    struct json_object *power = js_get(h->conf, "power_management");
    return json_object_is_type(power, json_type_object)
               ? js_bool(power, "enabled", false)
               : js_bool(h->conf, "power_management", false);
}

static bool
host_is(const struct emu_host *h, const char *status)
{
    return emu_same(h->status, status);
}

static struct emu_dc *
host_center(struct emu_engine *e, const struct emu_host *h)
{
    return dc_get(e, host_dc(e, h));
}

/* ---- up -------------------------------------------------------------------------------------- */

/* What ran there is known to be gone, or, when the machine never stopped, still to run. */
static void
vms_settle(struct emu_engine *e, struct emu_host *h)
{
    for (struct emu_vm *vm = e->vms; vm; vm = vm->next) {
        if (!emu_same(vm->host, h->id) || vm->status != VM_UNKNOWN)
            continue;
        if (vm->writer)
            vm->status = VM_UP;
        else
            vm_died(e, vm, true);
    }
}

void
host_goes_up(struct emu_engine *e, struct emu_host *h)
{
    struct emu_dc *dc = host_center(e, h);
    EMU_SET(h->status, "up");
    h->alive = true;
    h->lost_ns = 0;
    h->run++;
    vms_settle(e, h);
    for (struct emu_sd *sd = e->sds; dc && sd; sd = sd->next)
        if (sd->status == SD_ACTIVE && emu_same(sd->dc, dc->id))
            lease_join_host(e, sd, h);
    if (dc && dc->status == DC_UP && !dc->spm[0])
        dc_elect(e, dc);
    monitor_start(e);
}

static void
rise_step(struct emu_op *op)
{
    struct emu_host *h = op->host;
    if (!h || h->run != op->run)
        return;
    if (!h->alive) {
        host_lost(op->e, h, false);
        return;
    }
    host_goes_up(op->e, h);
    event_add(op->e, op, 13, "normal", "Status of host %s was set to Up.", h->name);
}

/* Up after a while, unless something else happens to it before. */
void
host_rises(struct emu_engine *e, struct emu_host *h, int64_t ms)
{
    struct emu_op *op = op_background(e, "host_rises", rise_step);
    op->host = h;
    op->run = ++h->run;
    op_sleep(op, ms);
}

void
host_activate(struct emu_op *op)
{
    if (!op_host(op))
        return;
    struct emu_host *h = op->host;
    if (!host_is(h, "maintenance") && !host_is(h, "preparing_for_maintenance") &&
        !host_is(h, "non_operational") && !host_is(h, "install_failed") && !host_is(h, "error")) {
        op_fault(op, 409, "[Cannot activate Host. The Host status is %s.]", h->status);
        return;
    }
    job_start(op, "Activating Host %s", h->name);
    EMU_SET(h->status, "unassigned");
    event_add(op->e, op, 16, "normal", "Activation of host %s initiated.", h->name);
    host_rises(op->e, h, op->e->latency.host_up);
    op_action(op, NULL);
}

/* ---- maintenance ----------------------------------------------------------------------------- */

static size_t
host_vms(struct emu_engine *e, const struct emu_host *h)
{
    size_t n = 0;
    for (struct emu_vm *vm = e->vms; vm; vm = vm->next)
        n += emu_same(vm->host, h->id) && vm->status != VM_DOWN;
    return n;
}

static void
spm_leaves(struct emu_engine *e, struct emu_host *h)
{
    struct emu_dc *dc = host_center(e, h);
    if (!dc || !emu_same(dc->spm, h->id))
        return;
    dc->spm[0] = '\0';
    dc_elect(e, dc);
}

static void
maintenance_step(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    struct emu_host *h = op->host;
    if (!h || h->run != op->run || !host_is(h, "preparing_for_maintenance"))
        return;
    for (struct emu_vm *vm = e->vms; vm; vm = vm->next)
        if (emu_same(vm->host, h->id) && vm->status == VM_UP)
            vm_migrate_away(op, vm, NULL);
    if (host_vms(e, h) > 0) {
        op_sleep(op, e->latency.refresh);
        return;
    }
    EMU_SET(h->status, "maintenance");
    spm_leaves(e, h);
    lease_host_leaves(e, h);
    event_add(e, op, 15, "normal", "Host %s was switched to Maintenance Mode.", h->name);
}

void
host_deactivate(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    if (!op_host(op))
        return;
    struct emu_host *h = op->host;
    if (host_is(h, "maintenance") || host_is(h, "preparing_for_maintenance")) {
        op_fault(op, 409, "[Cannot switch Host to Maintenance mode. The Host status is %s.]",
                 h->status);
        return;
    }
    for (struct emu_vm *vm = e->vms; vm; vm = vm->next) {
        if (!emu_same(vm->host, h->id) || vm->status == VM_DOWN)
            continue;
        if (!host_up(h) || emu_same(js_str(vm->conf, "placement_policy.affinity"), "pinned")) {
            op_fault(op, 409,
                     "[Cannot switch Host to Maintenance mode. VM %s runs on it and cannot be "
                     "migrated.]",
                     vm->name);
            return;
        }
    }
    job_start(op, "Moving Host %s to Maintenance", h->name);
    EMU_SET(h->status, "preparing_for_maintenance");
    struct emu_op *later = op_background(e, "maintenance", maintenance_step);
    later->host = h;
    later->run = ++h->run;
    EMU_SET(later->correlation, op->correlation);
    op_action(op, NULL);
}

/* ---- lost ------------------------------------------------------------------------------------ */

static bool
cluster_fences(struct emu_engine *e, const struct emu_host *h)
{
    return js_bool(cluster_get(e, h->cluster), "fencing_policy.enabled", true);
}

static struct emu_host *
fence_proxy(struct emu_engine *e, const struct emu_host *h)
{
    for (struct emu_host *other = e->hosts; other; other = other->next)
        if (other != h && host_up(other) && emu_same(host_dc(e, other), host_dc(e, h)))
            return other;
    return NULL;
}

static void
autofence_step(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    struct emu_host *h = op->host;
    if (!h || h->run != op->run || !host_is(h, "non_responsive") || !fence_proxy(e, h))
        return;
    event_add(e, op, 9001, "warning", "Host %s became non responsive. It is fenced.", h->name);
    host_power(e, h, false);
    host_power(e, h, true);
}

/*
 * The engine loses sight of a host. STILL_ALIVE: the machine and its VMs go on, and so do its
 * leases; else it is dead and says nothing.
 */
void
host_lost(struct emu_engine *e, struct emu_host *h, bool still_alive)
{
    struct emu_dc *dc = host_center(e, h);
    EMU_SET(h->status, "non_responsive");
    h->alive = still_alive;
    h->run++;
    h->lost_ns = e->now;
    if (dc && emu_same(dc->spm, h->id)) {
        dc->spm[0] = '\0';
        if (fence_proxy(e, h))
            dc_elect(e, dc);
    }
    for (struct emu_vm *vm = e->vms; vm; vm = vm->next)
        if (!vm->template && emu_same(vm->host, h->id) && vm->status != VM_DOWN)
            vm_lost(e, vm, still_alive);
    if (!host_fenceable(h) || !cluster_fences(e, h) || !fence_proxy(e, h) ||
        !js_bool(h->conf, "power_management.automatic_pm_enabled", true))
        return;
    struct emu_op *op = op_background(e, "autofence", autofence_step);
    op->host = h;
    op->run = h->run;
    op_sleep(op, e->latency.fence);
}

/* The whole site loses its hosts: nothing is said goodbye to. */
void
hosts_lost(struct emu_engine *e)
{
    for (struct emu_host *h = e->hosts; h; h = h->next) {
        EMU_SET(h->status, "non_responsive");
        h->alive = false;
        h->run++;
        h->lost_ns = e->now;
    }
    for (struct emu_vm *vm = e->vms; vm; vm = vm->next)
        vm_lost(e, vm, false);
    for (struct emu_sd *sd = e->sds; sd; sd = sd->next) {
        lease_leave_hosts(sd);
        if (sd->status == SD_ACTIVE)
            sd->status = SD_UNKNOWN;
    }
    for (struct emu_dc *dc = e->dcs; dc; dc = dc->next) {
        dc->spm[0] = '\0';
        if (dc->status == DC_UP || dc->status == DC_CONTEND)
            dc->status = DC_PROBLEMATIC;
    }
}

/* ---- power ----------------------------------------------------------------------------------- */

/* Off: whatever ran there is dead, and known to be. On: it boots and comes up by itself. */
void
host_power(struct emu_engine *e, struct emu_host *h, bool on)
{
    h->run++;
    if (on) {
        h->alive = true;
        if (!host_is(h, "maintenance")) {
            EMU_SET(h->status, "reboot");
            host_rises(e, h, e->latency.host_boot);
        }
        return;
    }
    h->alive = false;
    h->lost_ns = e->now;
    for (struct emu_vm *vm = e->vms; vm; vm = vm->next)
        if (!vm->template && emu_same(vm->host, h->id) && vm->status != VM_DOWN)
            vm_died(e, vm, true);
    spm_leaves(e, h);
    if (!host_is(h, "maintenance"))
        EMU_SET(h->status, "down");
}

static void
fence_done(struct emu_op *op)
{
    struct json_object *extra = json_object_new_object();
    js_add_str(js_sub(extra, "power_management"), "status", op->host->alive ? "on" : "off");
    op_action(op, extra);
}

static void
fence_step(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    struct emu_host *h = op->host;
    const char *type = js_str(op->body, "fence_type");
    if (!h)
        return;
    if (op_has(op, FAULT_EXEC)) {
        op_fault(op, 400, "[Power management of Host %s failed.]", h->name);
        return;
    }
    if (!emu_same(type, "status") && !emu_same(type, "start"))
        host_power(e, h, false);
    if (emu_same(type, "start") || emu_same(type, "restart"))
        host_power(e, h, true);
    if (!emu_same(type, "status"))
        event_add(e, op, 147, "normal", "Power management %s of host %s succeeded.", type, h->name);
    fence_done(op);
}

/* "The host has been rebooted", a person says; the engine believes it. */
static void
fence_manual(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    struct emu_host *h = op->host;
    if (host_up(h)) {
        op_fault(op, 409, "[Cannot confirm 'Host has been rebooted'. The Host is up.]");
        return;
    }
    event_add(e, op, 18, "warning", "Host %s was confirmed to be rebooted.", h->name);
    for (struct emu_vm *vm = e->vms; vm; vm = vm->next)
        if (!vm->template && emu_same(vm->host, h->id) && vm->status != VM_DOWN)
            vm_died(e, vm, !h->alive);
    spm_leaves(e, h);
    op_action(op, NULL);
}

void
host_fence(struct emu_op *op)
{
    if (!op_host(op))
        return;
    struct emu_host *h = op->host;
    const char *type = js_str(op->body, "fence_type");
    static const char *const types[] = {"status", "start", "stop", "restart", "manual", NULL};
    const char *const *t = types;
    while (*t && !emu_same(*t, type))
        t++;
    if (!*t) {
        op_fault(op, 400, "Action [fenceType] required for fence");
    } else if (emu_same(type, "manual")) {
        fence_manual(op);
    } else if (!host_fenceable(h)) {
        op_fault(op, 409, "[Cannot fence Host. Power Management is not enabled.]");
    } else if (!fence_proxy(op->e, h)) {
        op_fault(op, 409,
                 "[Cannot fence Host. There is no other Host in the Data Center to do it.]");
    } else if (op_lock(op, true, "host", h->id) == 0) {
        job_start(op, "Power management %s of Host %s", type, h->name);
        op->step = fence_step;
        op_sleep(op, op->e->latency.power);
    }
}

/* ---- SPM, refresh ---------------------------------------------------------------------------- */

static void
spm_step(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    struct emu_dc *dc = dc_get(e, js_str(op->work, "dc"));
    struct emu_host *h = host_get(e, js_str(op->work, "host"));
    if (!dc || dc->status != DC_CONTEND)
        return;
    if (op->phase++ == 0) {
        op_sleep(op, e->latency.contend);
        return;
    }
    dc->status = DC_UP;
    if (host_up(h))
        dc_spm(e, dc, h);
    else
        dc_elect(e, dc);
}

/* Answered when the former one was told to stop; until the new one is there, the centre contends.
 */
void
host_forceselectspm(struct emu_op *op)
{
    if (!op_host(op))
        return;
    struct emu_engine *e = op->e;
    struct emu_host *h = op->host;
    struct emu_dc *dc = host_center(e, h);
    if (!host_up(h) || h->spm_priority < 0 || !dc || emu_same(dc->spm, h->id) ||
        dc->status != DC_UP) {
        op_fault(op, 409, "[Cannot select Host as SPM.]");
        return;
    }
    dc->status = DC_CONTEND;
    EMU_SET(dc->spm, "");
    struct emu_op *electing = op_background(e, "spm", spm_step);
    electing->work = json_object_new_object();
    js_add_str(electing->work, "dc", dc->id);
    js_add_str(electing->work, "host", h->id);
    op_action(op, NULL);
}

void
host_refresh(struct emu_op *op)
{
    if (op_host_up(op))
        op_action(op, NULL);
}
