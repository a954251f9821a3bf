/* Hosts: what they see of the storage, and whether there is one up. */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

struct emu_host *
host_get(struct emu_engine *e, const char *id_or_name)
{
    for (struct emu_host *h = e->hosts; h; h = h->next)
        if (emu_same(h->id, id_or_name) || emu_same(h->name, id_or_name))
            return h;
    return NULL;
}

const char *
host_dc(struct emu_engine *e, const struct emu_host *h)
{
    return cluster_dc(e, h->cluster);
}

bool
host_up(const struct emu_host *h)
{
    return h && emu_same(h->status, "up");
}

struct emu_host *
host_up_in_dc(struct emu_engine *e, const char *id)
{
    struct emu_dc *dc = dc_get(e, id);
    struct emu_host *spm = dc ? host_get(e, dc->spm) : NULL;
    if (host_up(spm))
        return spm;
    struct emu_host *best = NULL;
    for (struct emu_host *h = e->hosts; h; h = h->next)
        if (host_up(h) && emu_same(host_dc(e, h), id) &&
            (!best || h->spm_priority > best->spm_priority))
            best = h;
    return best;
}

/* Hosts get the lowest free number of their data centre when they are added. */
static int
host_number(struct emu_engine *e, const struct emu_host *host)
{
    for (int n = 1;; n++) {
        bool taken = false;
        for (struct emu_host *h = e->hosts; h; h = h->next)
            taken =
                taken || (h != host && h->spm_id == n && emu_same(host_dc(e, h), host_dc(e, host)));
        if (!taken)
            return n;
    }
}

struct emu_host *
host_new(struct emu_engine *e, struct json_object *conf)
{
    struct emu_host *h = emu_alloc(sizeof(*h));
    h->conf = json_object_get(conf);
    h->logins = json_object_new_object();
    EMU_SET(h->id, js_str(conf, "id"));
    EMU_SET(h->name, js_str(conf, "name"));
    EMU_SET(h->cluster, js_str(cluster_get(e, js_str(conf, "cluster")), "id"));
    EMU_SET(h->status, js_str(conf, "status") ? js_str(conf, "status") : "up");
    h->spm_priority = (int)js_int(conf, "spm_priority", 5);
    h->memory = js_int(conf, "memory", 256LL << 30);
    struct emu_host **p = &e->hosts;
    while (*p)
        p = &(*p)->next;
    *p = h;
    h->spm_id = (int)js_int(conf, "host_number", 0);
    if (h->spm_id == 0)
        h->spm_id = host_number(e, h);
    return h;
}

static struct json_object *
host_tree(struct emu_engine *e, struct emu_host *h)
{
    struct json_object *o = tree_ref(h->id, "hosts");
    const char *address = js_str(h->conf, "address");
    js_add_str(o, "name", h->name);
    js_add_str(o, "address", address ? address : h->name);
    js_add_str(o, "status", h->status);
    js_add_str(o, "external_status", "ok");
    js_add_str(o, "type", "rhel");
    js_add_int(o, "memory", h->memory);
    js_add(o, "cluster", tree_ref(h->cluster, "clusters"));
    struct json_object *spm = js_sub(o, "spm");
    struct emu_dc *dc = dc_get(e, host_dc(e, h));
    js_add_int(spm, "id", h->spm_id);
    js_add_int(spm, "priority", h->spm_priority);
    js_add_str(spm, "status", dc && emu_same(dc->spm, h->id) ? "spm" : "none");
    struct json_object *power = js_sub(o, "power_management");
    js_add_bool(power, "enabled", js_bool(h->conf, "power_management", false));
    js_add_bool(power, "automatic_pm_enabled", true);
    js_add_bool(power, "kdump_detection", true);
    js_add_str(js_sub(o, "iscsi"), "initiator", js_str(h->conf, "initiator"));
    int64_t active = 0;
    for (struct emu_vm *vm = e->vms; vm; vm = vm->next)
        active += emu_same(vm->host, h->id) && vm->status != VM_DOWN;
    struct json_object *summary = js_sub(o, "summary");
    js_add_int(summary, "active", active);
    js_add_int(summary, "migrating", 0);
    js_add_int(summary, "total", active);
    js_add_bool(o, "update_available", false);
    return o;
}

static void
host_search(struct emu_engine *e, void *object, const char *field, struct json_object *texts)
{
    struct emu_host *h = object;
    struct emu_dc *dc = dc_get(e, host_dc(e, h));
    const char *text = NULL;
    if (emu_same(field, "name"))
        text = h->name;
    else if (emu_same(field, "id"))
        text = h->id;
    else if (emu_same(field, "status"))
        text = h->status;
    else if (emu_same(field, "datacenter") || emu_same(field, "datacenter.name"))
        text = dc ? dc->name : NULL;
    else if (emu_same(field, "cluster") || emu_same(field, "cluster.name"))
        text = js_str(cluster_get(e, h->cluster), "name");
    else if (emu_same(field, "address"))
        text = js_str(h->conf, "address");
    if (text)
        json_object_array_add(texts, json_object_new_string(text));
}

void
host_list(struct emu_op *op)
{
    if (!op_search_ok(op))
        return;
    struct json_object *list = json_object_new_array();
    for (struct emu_host *h = op->e->hosts; h; h = h->next)
        if (op_search(op, host_search, h))
            json_object_array_add(list, host_tree(op->e, h));
    op_list(op, "host", "hosts", list);
}

/* By id only: a name in the path is unknown. */
static bool
op_host(struct emu_op *op)
{
    op->host = host_get(op->e, op->args[0]);
    if (op->host && emu_same(op->host->id, op->args[0]))
        return true;
    op->host = NULL;
    op_empty(op, 404);
    return false;
}

void
host_item(struct emu_op *op)
{
    if (op_host(op))
        op_object(op, 200, "host", host_tree(op->e, op->host));
}

static struct json_object *
iscsi_target_of(struct emu_engine *e, const char *wwid)
{
    struct json_object *targets = js_get(e->conf, "iscsi_targets");
    for (size_t i = 0; i < js_len(targets); i++) {
        struct json_object *luns = js_get(js_at(targets, i), "luns");
        for (size_t l = 0; l < js_len(luns); l++)
            if (emu_same(json_object_get_string(js_at(luns, l)), wwid))
                return js_at(targets, i);
    }
    return NULL;
}

static struct json_object *
lun_tree(struct emu_engine *e, struct emu_op *op, struct json_object *lun)
{
    const char *wwid = js_str(lun, "wwid");
    struct json_object *target = iscsi_target_of(e, wwid);
    struct json_object *host_storage = json_object_new_object();
    js_add_str(host_storage, "id", wwid);
    js_add_str(host_storage, "type", target ? "iscsi" : "fcp");
    js_add(host_storage, "host", tree_ref(op->host->id, "hosts"));
    struct json_object *o = json_object_new_object();
    const char *vg = js_str(lun, "content.vg.id");
    const char *sd_id = js_str(lun, "content.domain.id");
    struct json_object *direct = js_find(e->lun_disks, "wwid", wwid);
    js_add_str(o, "id", wwid);
    js_add_int(o, "lun_mapping", js_int(lun, "lun", 0));
    js_add_int(o, "paths", 4);
    js_add_int(o, "active_paths", 4);
    js_add_str(o, "vendor_id", js_str(lun, "vendor") ? js_str(lun, "vendor") : "DRSTOR");
    js_add_str(o, "product_id", js_str(lun, "product") ? js_str(lun, "product") : "VOLUME");
    js_add_str(o, "serial", js_str(lun, "serial"));
    js_add_int(o, "size", js_int(lun, "size", 0));
    if (js_bool(op->query, "report_status", true))
        js_add_str(o, "status", vg || direct ? "used" : "free");
    js_add_str(o, "volume_group_id", vg);
    if (sd_get(e, sd_id))
        js_add_str(o, "storage_domain_id", sd_id);
    if (target) {
        js_add_str(o, "address", js_str(target, "address"));
        js_add_int(o, "port", js_int(target, "port", 3260));
        js_add_str(o, "portal", js_str(target, "portal"));
        js_add_str(o, "target", js_str(target, "target"));
    }
    json_object_array_add(js_list(js_sub(host_storage, "logical_units"), "logical_unit"), o);
    return host_storage;
}

void
host_storage(struct emu_op *op)
{
    if (!op_host(op))
        return;
    if (!host_up(op->host)) {
        op_fault(op, 400, "[Network error during communication with the Host.]");
        return;
    }
    struct json_object *luns = content_luns(op->e, op->host);
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < js_len(luns); i++)
        json_object_array_add(list, lun_tree(op->e, op, js_at(luns, i)));
    json_object_put(luns);
    op_list(op, "host_storage", "host_storages", list);
}

/* ---- iSCSI ----------------------------------------------------------------------------------- */

static bool
target_matches(struct json_object *t, struct json_object *iscsi)
{
    const char *name = js_str(iscsi, "target");
    return emu_same(js_str(t, "address"), js_str(iscsi, "address")) &&
           js_int(t, "port", 3260) == js_int(iscsi, "port", 3260) &&
           (!name || emu_same(js_str(t, "target"), name));
}

static void
discover_step(struct emu_op *op)
{
    struct json_object *targets = js_get(op->e->conf, "iscsi_targets");
    struct json_object *extra = json_object_new_object();
    struct json_object *iqns = js_list(js_sub(extra, "iscsi_targets"), "iscsi_target");
    struct json_object *details = js_list(js_sub(extra, "discovered_targets"), "iscsi_details");
    for (size_t i = 0; i < js_len(targets); i++) {
        struct json_object *t = js_at(targets, i);
        if (!target_matches(t, js_get(op->body, "iscsi")))
            continue;
        const char *name = js_str(t, "target");
        if (name)
            json_object_array_add(iqns, json_object_new_string(name));
        struct json_object *d = json_object_new_object();
        js_add_str(d, "address", js_str(t, "address"));
        js_add_int(d, "port", js_int(t, "port", 3260));
        js_add_str(d, "portal", js_str(t, "portal"));
        js_add_str(d, "target", name);
        json_object_array_add(details, d);
    }
    op_action(op, extra);
}

static bool
op_host_up(struct emu_op *op)
{
    if (!op_host(op))
        return false;
    if (host_up(op->host))
        return true;
    op_fault(op, 409, "[Cannot %s. The Host is not up.]", op->name);
    return false;
}

void
host_discover(struct emu_op *op)
{
    if (!op_host_up(op))
        return;
    if (!js_str(op->body, "iscsi.address")) {
        op_fault(op, 400, "Action [iscsi.address] required for iscsiDiscover");
        return;
    }
    op->step = discover_step;
    op_sleep(op, op->e->latency.iscsi);
}

static void
login_step(struct emu_op *op)
{
    struct json_object *targets = js_get(op->e->conf, "iscsi_targets");
    struct json_object *iscsi = js_get(op->body, "iscsi");
    struct json_object *found = NULL;
    for (size_t i = 0; i < js_len(targets) && !found; i++)
        if (target_matches(js_at(targets, i), iscsi))
            found = js_at(targets, i);
    const char *user = js_str(found, "username");
    if (!found || op_has(op, FAULT_EXEC)) {
        op_fault(op, 400, "[Failed to login to the iSCSI target]");
    } else if (user && *user &&
               (!emu_same(user, js_str(iscsi, "username")) ||
                !emu_same(js_str(found, "password"), js_str(iscsi, "password")))) {
        op_fault(op, 400, "[Failed to login to the iSCSI target: authentication failure]");
    } else {
        js_add_bool(op->host->logins, js_str(iscsi, "target"), true);
        op_action(op, NULL);
    }
}

void
host_login(struct emu_op *op)
{
    if (!op_host_up(op))
        return;
    if (!js_str(op->body, "iscsi.address") || !js_str(op->body, "iscsi.target")) {
        op_fault(op, 400, "Action [iscsi.address, iscsi.target] required for iscsiLogin");
        return;
    }
    op->step = login_step;
    op_sleep(op, op->e->latency.iscsi);
}

/* ---- unregisteredstoragedomainsdiscover ------------------------------------------------------ */

static void
unregistered_step(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    bool iscsi = js_str(op->body, "iscsi.address") != NULL;
    struct json_object *extra = json_object_new_object();
    struct json_object *list = js_list(js_sub(extra, "storage_domains"), "storage_domain");
    struct json_object *groups = content_groups(e, op->host);
    for (size_t i = 0; i < js_len(groups); i++) {
        struct json_object *g = js_at(groups, i);
        const char *type = js_str(g, "doc.domain.storage_type");
        if (js_bool(g, "broken", false) || sd_get(e, js_str(g, "doc.domain.id")) ||
            !emu_same(type ? type : "fcp", iscsi ? "iscsi" : "fcp"))
            continue;
        struct emu_sd *sd = sd_new(e, js_get(g, "doc"), js_get(g, "luns"));
        json_object_array_add(list, sd_tree(e, sd, false));
        sd_delete(e, sd);
    }
    json_object_put(groups);
    op_action(op, extra);
}

void
host_unregistered(struct emu_op *op)
{
    if (!op_host_up(op))
        return;
    struct json_object *groups = content_groups(op->e, op->host);
    int64_t count = (int64_t)js_len(groups);
    json_object_put(groups);
    op->step = unregistered_step;
    op_sleep(op, op->e->latency.import_vg * (count > 0 ? count : 1));
}

/* ---- activate, deactivate, refresh, forceselectspm, fence ------------------------------------ */

void
host_simple(struct emu_op *op)
{
    if (!op_host(op))
        return;
    struct emu_engine *e = op->e;
    struct emu_host *h = op->host;
    struct emu_dc *dc = dc_get(e, host_dc(e, h));
    if (emu_same(op->name, "host_activate")) {
        if (host_up(h)) {
            op_fault(op, 409, "[Cannot activate Host. The Host is already up.]");
            return;
        }
        EMU_SET(h->status, "up");
        for (struct emu_sd *sd = e->sds; sd; sd = sd->next)
            if (dc && sd->status == SD_ACTIVE && emu_same(sd->dc, dc->id))
                lease_join_hosts(e, sd);
    } else if (emu_same(op->name, "host_deactivate")) {
        for (struct emu_vm *vm = e->vms; vm; vm = vm->next)
            if (vm->status != VM_DOWN && emu_same(vm->host, h->id)) {
                op_fault(op, 409, "[Cannot switch Host to Maintenance mode. VMs are running.]");
                return;
            }
        EMU_SET(h->status, "maintenance");
        if (dc && emu_same(dc->spm, h->id))
            dc_elect(e, dc);
    } else if (emu_same(op->name, "host_forceselectspm") && dc && host_up(h)) {
        EMU_SET(dc->spm, h->id);
    } else if (emu_same(op->name, "host_fence")) {
        struct json_object *extra = json_object_new_object();
        js_add_str(js_sub(extra, "power_management"), "status", host_up(h) ? "on" : "unknown");
        op_action(op, extra);
        return;
    }
    op_action(op, NULL);
}

/* The whole site loses its hosts: nothing is said goodbye to. */
void
hosts_lost(struct emu_engine *e)
{
    for (struct emu_host *h = e->hosts; h; h = h->next)
        EMU_SET(h->status, "non_responsive");
    for (struct emu_vm *vm = e->vms; vm; vm = vm->next)
        vm_lost(e, vm);
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
