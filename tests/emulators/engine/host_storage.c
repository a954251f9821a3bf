/* What a host sees of the storage: LUNs, iSCSI targets, domains that nobody knows yet. */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

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

bool
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
