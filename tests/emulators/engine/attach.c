/* Domains inside a data centre: list, attach, activate. */
#include "engine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The engine's SPM proxy and VDSM's pool lock make these one at a time in a data centre. */
bool
op_spm(struct emu_op *op)
{
    char key[EMU_ID + 16];
    snprintf(key, sizeof(key), "spm:%s", op->dc->id);
    return op_lane(op, key);
}

int
op_attached(struct emu_op *op)
{
    op->dc = dc_get(op->e, op->args[0]);
    op->sd = op->dc && op->args_count > 1 ? sd_get(op->e, op->args[1]) : NULL;
    if (op->sd && emu_same(op->sd->dc, op->dc->id))
        return 0;
    op->sd = NULL;
    op_empty(op, 404);
    return -ENOENT;
}

void
attached_list(struct emu_op *op)
{
    struct emu_dc *dc = dc_get(op->e, op->args[0]);
    if (!dc) {
        op_empty(op, 404);
        return;
    }
    struct json_object *list = json_object_new_array();
    for (struct emu_sd *sd = op->e->sds; sd; sd = sd->next)
        if (emu_same(sd->dc, dc->id))
            json_object_array_add(list, sd_tree(op->e, sd, true));
    op_list(op, "storage_domain", "storage_domains", list);
}

void
attached_item(struct emu_op *op)
{
    if (op_attached(op) == 0)
        op_object(op, 200, "storage_domain", sd_tree(op->e, op->sd, true));
}

bool
op_dc_usable(struct emu_op *op, const char *what)
{
    struct emu_host *h = host_up_in_dc(op->e, op->dc->id);
    struct emu_sd *master = sd_master(op->e, op->dc->id);
    if (!h) {
        op_fault(op, 409, "[Cannot %s Storage. There is no active Host in the Data Center.]", what);
        return false;
    }
    if (op->dc->status != DC_UNINITIALIZED && op->sd != master &&
        (!master || master->status != SD_ACTIVE)) {
        op_fault(op, 409, "[Cannot %s Storage. The Master Storage Domain is not active.]", what);
        return false;
    }
    /* Only its master can bring a data centre back. */
    if (op->sd != master &&
        (op->dc->status == DC_PROBLEMATIC || op->dc->status == DC_NOT_OPERATIONAL ||
         op->dc->status == DC_CONTEND)) {
        op_fault(op, 409, "[Cannot %s Storage. The Data Center is not up.]", what);
        return false;
    }
    return true;
}

/* ---- activation, also as the second half of an attach ---------------------------------------- */

static void
activation_answer(struct emu_op *op)
{
    if (op->first || op->flag)
        op_object(op, 201, "storage_domain", sd_tree(op->e, op->sd, true));
    else
        op_action(op, NULL);
}

static void
activation_failed(struct emu_op *op, enum sd_status status)
{
    op_lane_release(op);
    op->sd->status = status;
    event_add(op->e, op, 967, "error", "Failed to activate Storage Domain %s (Data Center %s).",
              op->sd->name, op->dc->name);
    if (op->flag)
        op_object(op, 201, "storage_domain", sd_tree(op->e, op->sd, true));
    else
        op_fault(op, 400, "[Error in activating a Storage Domain.: (u'%s',)]", op->sd->id);
}

void
activation_done(struct emu_op *op)
{
    struct emu_sd *sd = op->sd;
    sd->status = SD_ACTIVE;
    sd->lost_ns = 0;
    lease_join_hosts(op->e, sd);
    event_add(op->e, op, 966, "normal", "Storage Domain %s (Data Center %s) was activated.",
              sd->name, op->dc->name);
    monitor_start(op->e);
}

static void
activate_step(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    struct emu_sd *sd = op->sd;
    switch (op->phase) {
    case 0:
        sd->status = sd->master ? SD_LOCKED : SD_ACTIVATING;
        op->phase++;
        __attribute__((fallthrough));
    case 1:
        if (!op_spm(op))
            return;
        op->phase++;
        op_sleep(op, e->latency.activate);
        return;
    case 2: {
        struct json_object *g = content_group(e, sd->id);
        bool good = g && js_bool(g, "writable", false) && host_up_in_dc(e, op->dc->id) &&
                    !op_has(op, op->flag ? FAULT_ACTIVATION : FAULT_EXEC) &&
                    !op_has(op, FAULT_ACTIVATION);
        json_object_put(g);
        if (!good) {
            activation_failed(op, op->before);
            return;
        }
        op_lane_release(op);
        if (!sd->master || op->dc->status == DC_UP) {
            activation_done(op);
            activation_answer(op);
            return;
        }
        op->dc->status = DC_CONTEND;
        op->phase++;
        op_sleep(op, e->latency.contend);
        return;
    }
    default:
        op->dc->status = DC_UP;
        dc_elect(e, op->dc);
        activation_done(op);
        activation_answer(op);
    }
}

void
activate_start(struct emu_op *op)
{
    struct emu_sd *sd = NULL;
    if (op_attached(op) < 0)
        return;
    sd = op->sd;
    if (sd->status != SD_MAINTENANCE && sd->status != SD_INACTIVE && sd->status != SD_UNKNOWN) {
        if (sd->status == SD_LOCKED || sd->status == SD_ACTIVATING || sd->status == SD_PREPARING ||
            sd->status == SD_DETACHING)
            op_lock(op, true, "sd", sd->id);
        if (!op->replied)
            op_fault(op, 409,
                     "[Cannot activate Storage. The relevant Storage Domain's status is "
                     "%s.]",
                     sd_status_name(sd->status));
        return;
    }
    if (!op_dc_usable(op, "activate") || op_lock(op, true, "sd", sd->id) < 0)
        return;
    op->before = sd->status;
    job_start(op, "Activating Storage Domain %s in Data Center %s", sd->name, op->dc->name);
    op->step = activate_step;
    op->wake_ns = op->e->now;
}

/* ---- attach ---------------------------------------------------------------------------------- */

static void
attach_failed(struct emu_op *op, const char *why)
{
    struct emu_sd *sd = op->sd;
    op_lane_release(op);
    event_add(op->e, op, 963, "error", "Failed to attach Storage Domain %s to Data Center %s.",
              sd->name, op->dc->name);
    sd->dc[0] = '\0';
    sd->master = false;
    sd->status = SD_UNATTACHED;
    if (op->first)
        op->dc->status = DC_UNINITIALIZED;
    op_fault(op, 400, "[%s: %s]", why, sd->id);
}

/* The former pool is forgotten, the leases become ours: what makes a plain replica attachable. */
static int
attach_write(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    struct emu_host *h = host_up_in_dc(e, op->dc->id);
    struct json_object *doc = h ? content_read(e, op->sd->id) : NULL;
    if (!doc)
        return -ENOENT;
    const char *pool = js_str(doc, "pool");
    if (pool && *pool && !emu_same(pool, op->dc->id))
        js_count(e->counters, "forced_detaches");
    lease_take_slot(doc, h);
    if (op->first)
        lease_take_cluster(doc, h);
    else
        json_object_object_del(js_sub(doc, "leases"), "cluster");
    content_pool(doc, op->dc, op->first);
    int r = content_write(e, op->sd->id, doc);
    json_object_put(doc);
    return r;
}

static int64_t
attach_wait_ms(struct emu_op *op)
{
    struct emu_host *h = host_up_in_dc(op->e, op->dc->id);
    struct json_object *doc = h ? content_read(op->e, op->sd->id) : NULL;
    int64_t wait = -1;
    if (doc)
        wait = lease_slot_wait_ms(op->e, doc, h) + lease_cluster_wait_ms(op->e, doc, h);
    json_object_put(doc);
    return wait;
}

static void
attach_finish(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    struct emu_sd *sd = op->sd;
    struct json_object *doc = content_read(e, sd->id);
    if (op_has(op, FAULT_OVF) || !doc)
        event_add(e, op, 1017, "warning",
                  "Failed to retrieve VMs and Templates from the OVF disk "
                  "of Storage Domain %s.",
                  sd->name);
    else
        ovf_read(e, sd, doc);
    json_object_put(doc);
    op_lane_release(op);
    event_add(e, op, 962, "normal", "Storage Domain %s was attached to Data Center %s.", sd->name,
              op->dc->name);
    op->flag = true;
    op->before = SD_MAINTENANCE;
    op->phase = 0;
    op->step = activate_step;
    if (!op->first)
        sd->status = SD_MAINTENANCE;
    op->wake_ns = e->now;
}

static void
attach_step(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    switch (op->phase) {
    case 0: /* the hosts connect to the storage; not serial */
        op->phase++;
        op_sleep(op, e->latency.connect);
        return;
    case 1: {
        if (!op_spm(op))
            return;
        int64_t wait = attach_wait_ms(op);
        if (wait < 0) {
            attach_failed(op, "Storage domain does not exist");
            return;
        }
        op->phase++;
        op_sleep(op, wait);
        return;
    }
    case 2: {
        if (op_has(op, FAULT_EXEC)) {
            attach_failed(op, "Error in attaching a Storage Domain");
            return;
        }
        int r = attach_write(op);
        if (r < 0) {
            attach_failed(op, r == -EROFS ? "Cannot write to the metadata of the Storage Domain"
                                          : "Storage domain does not exist");
            return;
        }
        op->phase++;
        op_sleep(op, e->latency.volumes);
        return;
    }
    default:
        attach_finish(op);
    }
}

static int
format_number(const char *format)
{
    return format && format[0] == 'v' ? format[1] - '0' : 0;
}

static bool
attach_valid(struct emu_op *op)
{
    struct emu_sd *sd = op->sd;
    const char *newest = js_str(op->dc->conf, "storage_format");
    if (sd->dc[0]) {
        op_fault(op, 409,
                 "[Cannot attach Storage. The Storage Domain is already attached to a Data "
                 "Center.]");
        return false;
    }
    if (newest && format_number(sd->format) > format_number(newest)) {
        op_fault(op, 409,
                 "[Cannot attach Storage. The Storage Domain format %s is not supported by "
                 "the Data Center.]",
                 sd->format);
        return false;
    }
    if (op->dc->status == DC_UNINITIALIZED && !emu_same(sd->type, "data")) {
        op_fault(op, 409,
                 "[Cannot attach Storage. The first Storage Domain must be a Data Domain.]");
        return false;
    }
    return true;
}

void
attach_start(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    const char *id = js_str(op->body, "id");
    const char *name = js_str(op->body, "name");
    op->dc = dc_get(e, op->args[0]);
    if (!op->dc) {
        op_empty(op, 404);
        return;
    }
    if (!id && !name) {
        op_fault(op, 400, "StorageDomain [id|name] required for add");
        return;
    }
    struct emu_sd *sd = op->sd = id ? sd_get(e, id) : sd_by_name(e, name);
    if (!sd) {
        op_fault(op, 404, "[The Storage Domain does not exist.]");
        return;
    }
    /* A busy domain tells that it is busy, whatever else is wrong. */
    if (op_lock(op, true, "sd", sd->id) < 0 || !attach_valid(op) || !op_dc_usable(op, "attach"))
        return;
    op->first = op->dc->status == DC_UNINITIALIZED;
    EMU_SET(sd->dc, op->dc->id);
    sd->status = SD_LOCKED;
    sd->master = op->first;
    if (op->first)
        op->dc->status = DC_MAINTENANCE;
    job_start(op, "Attaching Storage Domain %s to Data Center %s", sd->name, op->dc->name);
    op->step = attach_step;
    op->wake_ns = e->now;
}
