/*
 * What the engine does by itself: it looks after the domains whose storage goes away and comes
 * back, and writes the OVF_STOREs from time to time.
 */
#include "engine.h"

#include <stdlib.h>

static void
sd_returned(struct emu_engine *e, struct emu_sd *sd, struct emu_dc *dc)
{
    bool was_lost = sd->lost_ns != 0;
    sd->lost_ns = 0;
    if (sd->status != SD_ACTIVE) {
        sd->status = SD_ACTIVE;
        lease_join_hosts(e, sd);
        if (sd->master) {
            dc->status = DC_UP;
            dc_elect(e, dc);
        }
    } else if (!was_lost) {
        return;
    }
    for (struct emu_vm *vm = e->vms, *next = NULL; vm; vm = next) {
        next = vm->next;
        if (vm->paused_eio && vm_on_sd(vm->conf, sd->id))
            vm_storage_back(e, vm);
    }
}

static void
sd_monitor(struct emu_engine *e, struct emu_sd *sd, struct json_object *groups)
{
    struct emu_dc *dc = dc_get(e, sd->dc);
    if (!host_up_in_dc(e, sd->dc)) {
        sd->status = SD_UNKNOWN;
        if (sd->master)
            dc->status = DC_PROBLEMATIC;
        return;
    }
    struct json_object *g = js_find(groups, "doc.domain.id", sd->id);
    if (g && !js_bool(g, "broken", false) && js_bool(g, "writable", false)) {
        sd_returned(e, sd, dc);
        return;
    }
    for (struct emu_vm *vm = e->vms; vm; vm = vm->next)
        if (vm->writer && vm_on_sd(vm->conf, sd->id))
            vm_storage_lost(e, vm);
    if (sd->lost_ns == 0)
        sd->lost_ns = e->now;
    if (e->now - sd->lost_ns < emu_scaled(e, e->latency.sd_failure) || sd->status == SD_INACTIVE)
        return;
    sd->status = SD_INACTIVE;
    lease_leave_hosts(sd);
    if (sd->master)
        dc->status = DC_PROBLEMATIC;
}

/* Looking costs the backend a read of everything, so a small factor does not make it frantic. */
#define MONITOR_MIN_NS 200000000

static void
monitor_later(struct emu_op *op, int64_t ms)
{
    int64_t period = emu_scaled(op->e, ms);
    op->wake_ns = op->e->now + (period > MONITOR_MIN_NS ? period : MONITOR_MIN_NS);
}

static void
monitor_step(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    bool watched = false;
    bool inactive = false;
    struct json_object *groups = content_groups(e, NULL);
    for (struct emu_sd *sd = e->sds; sd; sd = sd->next) {
        if (sd->status != SD_ACTIVE && sd->status != SD_UNKNOWN && sd->status != SD_INACTIVE)
            continue;
        sd_monitor(e, sd, groups);
        watched = watched || sd->status != SD_INACTIVE;
        inactive = inactive || sd->status == SD_INACTIVE;
    }
    json_object_put(groups);
    /* Where all is lost already there is no hurry: recovery is tried every few minutes. */
    if (watched)
        monitor_later(op, e->latency.monitor);
    else if (inactive)
        monitor_later(op, e->latency.recovery);
    else
        e->monitoring = false;
}

void
monitor_start(struct emu_engine *e)
{
    if (e->monitoring)
        return;
    e->monitoring = true;
    monitor_later(op_background(e, "monitor", monitor_step), e->latency.monitor);
}

/* ---- the engine's own OVF updates ------------------------------------------------------------ */

#define OVF_PERIOD_MIN_NS 1000000000

static bool
ovf_due(struct emu_engine *e, struct emu_sd *sd)
{
    if (sd->status != SD_ACTIVE || sd->lost_ns || !host_up_in_dc(e, sd->dc))
        return false;
    for (struct emu_lock *l = e->locks; l; l = l->next)
        if (l->op->sd == sd)
            return false;
    return true;
}

static void
ovf_period_later(struct emu_op *op)
{
    int64_t minutes = js_int(op->e->conf, "options.OvfUpdateIntervalInMinutes", 0);
    int64_t period = emu_scaled(op->e, minutes > 0 ? minutes * 60000 : op->e->latency.ovf_period);
    op->wake_ns = op->e->now + (period > OVF_PERIOD_MIN_NS ? period : OVF_PERIOD_MIN_NS);
}

static void
ovf_period_step(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    for (struct emu_sd *sd = e->sds; sd && op->phase > 0; sd = sd->next)
        if (ovf_due(e, sd) && !ovf_current(e, sd) && ovf_write(e, sd) < 0)
            event_add(e, NULL, 1005, "warning",
                      "Failed to update VMs/Templates OVF data for Storage Domain %s.", sd->name);
    op->phase = 1;
    ovf_period_later(op);
}

void
ovf_period_start(struct emu_engine *e)
{
    if (e->latency.ovf_period > 0)
        op_background(e, "ovf_period", ovf_period_step);
}
