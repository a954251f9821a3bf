/* Bringing a VM or template from the OVF_STORE into the engine. */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

/* What could not be kept; told in event 1188 and nowhere else. */
static void
missing_add(struct emu_op *op, const char *what, const char *name)
{
    js_list(op->work, "missing");
    char *text = emu_printf("%s: %s", what, name ? name : "?");
    json_object_array_add(js_list(op->work, "missing"), json_object_new_string(text));
    free(text);
}

static bool
disk_present(struct emu_engine *e, struct emu_dc *dc, struct json_object *disk)
{
    struct emu_sd *sd = sd_get(e, js_str(disk, "storage_domain"));
    if (!sd || !dc || !emu_same(sd->dc, dc->id) || sd->status != SD_ACTIVE)
        return false;
    struct json_object *doc = content_read(e, sd->id);
    bool found = js_find(js_get(doc, "volumes"), "id", js_str(disk, "id")) != NULL;
    json_object_put(doc);
    return found;
}

/* false: a disk is missing and that is not allowed. */
static bool
register_disks(struct emu_op *op, struct json_object *conf, struct emu_dc *dc)
{
    struct json_object *registration = js_get(op->body, "registration_configuration");
    struct json_object *disks = js_get(conf, "disks");
    bool partial = js_bool(op->body, "allow_partial_import", false);
    for (size_t i = js_len(disks); i > 0; i--) {
        struct json_object *disk = js_at(disks, i - 1);
        const char *wwid = js_str(disk, "lun.wwid");
        if (wwid) {
            struct json_object *lun = mapping_lun(registration, wwid);
            if (lun)
                js_add(disk, "lun", lun);
            continue;
        }
        if (disk_present(op->e, dc, disk))
            continue;
        if (!partial)
            return false;
        missing_add(op, "disk", js_str(disk, "name") ? js_str(disk, "name") : js_str(disk, "id"));
        json_object_array_del_idx(disks, i - 1, 1);
    }
    return true;
}

static void
register_nics(struct emu_op *op, struct json_object *conf, const char *cluster)
{
    struct json_object *nics = js_get(conf, "nics");
    for (size_t i = 0; i < js_len(nics); i++) {
        struct json_object *nic = js_at(nics, i);
        struct json_object *profile = mapping_vnic(op->e, op->body, nic);
        struct json_object *network =
            js_find(js_get(op->e->collections, "networks"), "id", js_str(profile, "network.id"));
        if (!js_str(nic, "network"))
            continue;
        if (profile && network_in_cluster(op->e, js_str(network, "id"), cluster)) {
            js_add_str(nic, "vnic_profile", js_str(profile, "id"));
            js_add_str(nic, "profile", js_str(profile, "name"));
            js_add_str(nic, "network", js_str(network, "name"));
        } else {
            missing_add(op, "vNIC", js_str(nic, "name"));
            json_object_object_del(nic, "network");
            json_object_object_del(nic, "profile");
            json_object_object_del(nic, "vnic_profile");
        }
    }
}

/* Addresses of a clone are given out anew; bad ones only on demand. false: answered. */
static bool
register_macs(struct emu_op *op, struct json_object *conf, const char *cluster)
{
    bool reassign = js_bool(op->body, "reassign_bad_macs", false);
    struct json_object *nics = js_get(conf, "nics");
    char fresh[18];
    for (size_t i = 0; i < js_len(nics); i++) {
        struct json_object *nic = js_at(nics, i);
        const char *mac = js_str(nic, "mac");
        if (mac && !mac_bad(op->e, cluster, mac))
            continue;
        if (mac && !reassign) {
            if (!mac_taken(op->e, cluster, mac))
                continue; /* out of range only: it is kept */
            op_fault(op, 409, "[Cannot import VM. The MAC Address %s is in use.]", mac);
            return false;
        }
        if (!mac_next(op->e, cluster, nics, fresh)) {
            op_fault(op, 409, "[Cannot import VM. Not enough MAC addresses left in the pool.]");
            return false;
        }
        js_add_str(nic, "mac", fresh);
    }
    return true;
}

static bool
name_exists(struct emu_engine *e, const char *kind, const char *cluster, const char *name)
{
    struct json_object *groups = js_get(e->collections, "affinitygroups");
    if (emu_same(kind, "affinity_group")) {
        for (size_t i = 0; i < js_len(groups); i++)
            if (emu_same(js_str(js_at(groups, i), "name"), name) &&
                emu_same(js_str(js_at(groups, i), "cluster.id"), cluster))
                return true;
        return false;
    }
    const char *key = emu_same(kind, "affinity_label") ? "affinitylabels"
                      : emu_same(kind, "role")         ? "roles"
                                                       : "users";
    return js_find(js_get(e->collections, key), "name", name) != NULL;
}

/* Affinity groups and labels, roles, users: kept when they exist here, else silently dropped. */
static void
register_names(struct emu_op *op, struct json_object *conf, const char *cluster)
{
    static const struct {
        const char *key;
        const char *kind;
    } lists[] = {{"affinity_groups", "affinity_group"},
                 {"affinity_labels", "affinity_label"},
                 {"roles", "role"},
                 {"users", "domain"}};
    struct json_object *registration = js_get(op->body, "registration_configuration");
    for (size_t k = 0; k < sizeof(lists) / sizeof(lists[0]); k++) {
        struct json_object *names = js_get(conf, lists[k].key);
        struct json_object *kept = json_object_new_array();
        for (size_t i = 0; i < js_len(names); i++) {
            const char *name = json_object_get_string(js_at(names, i));
            const char *to = emu_same(lists[k].kind, "domain")
                                 ? name
                                 : mapping_name(registration, lists[k].kind, name);
            if (name_exists(op->e, lists[k].kind, cluster, to))
                json_object_array_add(kept, json_object_new_string(to));
            else
                missing_add(op, lists[k].kind, name);
        }
        js_add(conf, lists[k].key, kept);
    }
}

static struct json_object *
register_cluster(struct emu_op *op, struct json_object *conf)
{
    struct emu_engine *e = op->e;
    struct json_object *registration = js_get(op->body, "registration_configuration");
    const char *asked = js_str(op->body, "cluster.id");
    if (!asked)
        asked = js_str(op->body, "cluster.name");
    if (asked)
        return cluster_get(e, asked);
    const char *from = js_str(conf, "cluster");
    struct json_object *mapped = cluster_get(e, mapping_name(registration, "cluster", from));
    return mapped ? mapped : cluster_get(e, from);
}

static struct emu_vm *
named(struct emu_engine *e, bool template, const char *name, const char *dc)
{
    for (struct emu_vm *vm = e->vms; vm; vm = vm->next)
        if (vm->template == template && emu_same(vm->name, name) &&
            (template || emu_same(cluster_dc(e, vm->cluster), dc)))
            return vm;
    return NULL;
}

static void
unlock_step(struct emu_op *op)
{
    if (op->vm && op->vm->status == VM_IMAGE_LOCKED)
        op->vm->status = VM_DOWN;
}

static void
clone_ids(struct emu_engine *e, struct json_object *conf)
{
    char id[EMU_ID];
    emu_new_id(e, id);
    js_add_str(conf, "id", id);
    struct json_object *nics = js_get(conf, "nics");
    for (size_t i = 0; i < js_len(nics); i++)
        json_object_object_del(js_at(nics, i), "mac");
}

static void
register_step(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    bool template = op->flag;
    struct json_object *conf = js_get(op->work, "conf");
    if (!op->sd) {
        op_fault(op, 400, "[The Storage Domain is gone.]");
        return;
    }
    if (op_has(op, FAULT_EXEC)) {
        op_fault(op, 400, "[Failed to import from configuration.]");
        return;
    }
    if (op_has(op, FAULT_PARTIAL)) {
        struct json_object *nics = js_get(conf, "nics");
        for (size_t i = 0; i < js_len(nics); i++) {
            json_object_object_del(js_at(nics, i), "vnic_profile");
            json_object_object_del(js_at(nics, i), "network");
        }
        missing_add(op, "injected", js_str(conf, "name"));
    }
    const char *old = op->args[1];
    struct emu_vm *vm = op->vm = vm_new(e, template, conf);
    EMU_SET(vm->cluster, js_str(op->work, "cluster"));
    json_object_object_del(vm->conf, "status");
    unregistered_drop(e, NULL, template, old);
    event_add(e, op, 174, "normal", "%s %s was successfully imported from the given configuration.",
              template ? "Template" : "VM", vm->name);
    struct json_object *missing = js_get(op->work, "missing");
    if (js_len(missing) > 0)
        event_add(e, op, 1188, "warning",
                  "%s %s was registered but some of its entities are "
                  "missing: %s",
                  template ? "Template" : "VM", vm->name, json_object_to_json_string(missing));
    if (!template) {
        vm->status = VM_IMAGE_LOCKED;
        struct emu_op *later = op_background(e, "unlock", unlock_step);
        later->vm = vm;
        op_sleep(later, e->latency.image_locked);
    }
    op_action(op, NULL);
}

static bool
template_missing(struct emu_op *op, struct json_object *conf)
{
    const char *base = js_str(conf, "template.id");
    return base && !emu_same(base, EMU_BLANK_TEMPLATE) &&
           !js_bool(conf, "template.copied", false) && !vm_get(op->e, true, base);
}

static bool
register_valid(struct emu_op *op, struct json_object *conf)
{
    struct emu_engine *e = op->e;
    const char *what = op->flag ? "Template" : "VM";
    struct json_object *cluster = register_cluster(op, conf);
    if (!cluster) {
        op_fault(op, 409, "[Cannot import %s. The cluster does not exist.]", what);
        return false;
    }
    const char *dc_id = js_str(cluster, "data_center.id");
    if (!emu_same(dc_id, op->sd->dc)) {
        op_fault(op, 409, "[Cannot import %s. The cluster is in another Data Center.]", what);
        return false;
    }
    if (named(e, op->flag, js_str(conf, "name"), dc_id)) {
        op_fault(op, 409, "[Cannot import %s. The name is already in use.]", what);
        return false;
    }
    if (!op->flag && template_missing(op, conf)) {
        op_fault(op, 409, "[Cannot import VM. The template it is based on does not exist.]");
        return false;
    }
    if (!register_disks(op, conf, dc_get(e, dc_id))) {
        op_fault(op, 409, "[Cannot import %s. A disk of it does not exist here.]", what);
        return false;
    }
    register_nics(op, conf, js_str(cluster, "id"));
    if (!op->flag && !register_macs(op, conf, js_str(cluster, "id")))
        return false;
    if (!op->flag)
        register_names(op, conf, js_str(cluster, "id"));
    js_add_str(op->work, "cluster", js_str(cluster, "id"));
    js_add_str(conf, "cluster", js_str(cluster, "name"));
    return true;
}

void
register_start(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    const char *reason = NULL;
    op->flag = emu_same(op->name, "register_template");
    op->sd = sd_get(e, op->args[0]);
    struct emu_unregistered *u =
        op->sd ? unregistered_get(e, op->flag, op->sd->id, op->args[1]) : NULL;
    if (!op->sd) {
        op_empty(op, 404);
        return;
    }
    bool clone = js_bool(op->body, "clone", false);
    if (vm_get(e, op->flag, op->args[1]) && !clone) {
        op_fault(op, 409, "[Cannot import %s. It is already registered.]",
                 op->flag ? "Template" : "VM");
        return;
    }
    if (!u) {
        op_empty(op, 404);
        return;
    }
    if (!mapping_check(js_get(op->body, "registration_configuration"), &reason)) {
        op_fault(op, 400, "Both from and to are required in a %s mapping", reason);
        return;
    }
    if (op->sd->status != SD_ACTIVE) {
        op_fault(op, 409, "[Cannot import VM. The Storage Domain is not active.]");
        return;
    }
    op->work = json_object_new_object();
    struct json_object *conf = js_copy(u->conf);
    js_add(op->work, "conf", conf);
    if (js_str(op->body, "name"))
        js_add_str(conf, "name", js_str(op->body, "name"));
    if (clone)
        clone_ids(e, conf);
    if (op_lock(op, true, op->flag ? "template" : "vm", op->args[1]) < 0 ||
        op_lock(op, true, op->flag ? "template_name" : "vm_name", js_str(conf, "name")) < 0 ||
        !register_valid(op, conf))
        return;
    job_start(op, "Importing %s %s from configuration", op->flag ? "Template" : "VM",
              js_str(conf, "name"));
    op->step = register_step;
    op_sleep(op, e->latency.register_vm);
}
