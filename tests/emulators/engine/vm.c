/* VMs and templates as objects: shown, searched, changed, removed. */
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
    [VM_DOWN] = "down",
    [VM_WAIT_FOR_LAUNCH] = "wait_for_launch",
    [VM_POWERING_UP] = "powering_up",
    [VM_UP] = "up",
    [VM_POWERING_DOWN] = "powering_down",
    [VM_PAUSED] = "paused",
    [VM_IMAGE_LOCKED] = "image_locked",
    [VM_UNKNOWN] = "unknown",
    [VM_SUSPENDED] = "suspended",
    [VM_SAVING_STATE] = "saving_state",
    [VM_RESTORING_STATE] = "restoring_state",
    [VM_MIGRATING] = "migrating",
    [VM_REBOOT_IN_PROGRESS] = "reboot_in_progress",
    [VM_NOT_RESPONDING] = "not_responding",
};

const char *
vm_status_name(enum vm_status s)
{
    return names[s];
}

struct emu_vm *
vm_get(struct emu_engine *e, bool template, const char *id)
{
    for (struct emu_vm *vm = e->vms; vm; vm = vm->next)
        if (vm->template == template && emu_same(vm->id, id))
            return vm;
    return NULL;
}

struct emu_vm *
vm_new(struct emu_engine *e, bool template, struct json_object *conf)
{
    struct emu_vm *vm = emu_alloc(sizeof(*vm));
    vm->template = template;
    vm->conf = js_copy(conf);
    vm->status = VM_DOWN;
    vm->created_ns = e->now;
    EMU_SET(vm->id, js_str(conf, "id"));
    EMU_SET(vm->name, js_str(conf, "name"));
    EMU_SET(vm->cluster, js_str(cluster_get(e, js_str(conf, "cluster")), "id"));
    struct emu_vm **p = &e->vms;
    while (*p)
        p = &(*p)->next;
    *p = vm;
    return vm;
}

void
vm_delete(struct emu_engine *e, struct emu_vm *vm)
{
    for (struct emu_vm **p = &e->vms; *p; p = &(*p)->next)
        if (*p == vm) {
            *p = vm->next;
            break;
        }
    for (struct emu_op *op = e->ops; op; op = op->next)
        if (op->vm == vm)
            op->vm = NULL;
    json_object_put(vm->conf);
    free(vm);
}

bool
vm_on_sd(struct json_object *conf, const char *sd)
{
    return js_find(js_get(conf, "disks"), "storage_domain", sd) != NULL;
}

bool
vm_only_on_sd(struct json_object *conf, const char *sd)
{
    struct json_object *disks = js_get(conf, "disks");
    for (size_t i = 0; i < js_len(disks); i++) {
        const char *other = js_str(js_at(disks, i), "storage_domain");
        if (other && !emu_same(other, sd))
            return false;
    }
    return vm_on_sd(conf, sd);
}

/* ---- trees ----------------------------------------------------------------------------------- */

static void
defaults_add(struct json_object *o, struct json_object *conf)
{
    struct json_object *topology = js_sub(js_sub(o, "cpu"), "topology");
    static const char *const parts[] = {"cores", "sockets", "threads", NULL};
    for (const char *const *p = parts; *p; p++)
        if (!js_get(topology, *p))
            js_add_int(topology, *p, 1);
    if (!js_get(o, "os.type"))
        js_add_str(js_sub(o, "os"), "type", "other");
    if (!js_get(o, "bios.type"))
        js_add_str(js_sub(o, "bios"), "type", "q35_sea_bios");
    if (!js_get(o, "bios.boot_menu"))
        js_add_bool(js_sub(js_sub(o, "bios"), "boot_menu"), "enabled", false);
    int64_t memory = js_int(conf, "memory", 1LL << 30);
    struct json_object *policy = js_sub(o, "memory_policy");
    js_add_int(policy, "guaranteed", js_int(conf, "memory_policy.guaranteed", memory));
    js_add_int(policy, "max", js_int(conf, "memory_policy.max", memory * 4));
    js_add_bool(policy, "ballooning", true);
    struct json_object *ha = js_sub(o, "high_availability");
    js_add_bool(ha, "enabled", js_bool(conf, "high_availability.enabled", false));
    js_add_int(ha, "priority", js_int(conf, "high_availability.priority", 1));
    js_add_bool(js_sub(o, "usb"), "enabled", false);
    js_add_int(js_sub(o, "io"), "threads", 0);
    js_list(js_sub(js_sub(o, "sso"), "methods"), "method");
}

/* From the form of an OVF entry, whoever holds it. */
struct json_object *
vm_conf_tree(struct emu_engine *e, struct json_object *conf, bool template)
{
    (void)e;
    static const char *const plain[] = {"description", "comment",           "cpu", "os",
                                        "bios",        "custom_properties", NULL};
    const char *id = js_str(conf, "id");
    struct json_object *o = tree_ref(id, template ? "templates" : "vms");
    js_add_str(o, "name", js_str(conf, "name"));
    for (const char *const *k = plain; *k; k++)
        js_add(o, *k, js_copy(js_get(conf, *k)));
    js_add_int(o, "memory", js_int(conf, "memory", 1LL << 30));
    js_add_str(o, "type", js_str(conf, "type") ? js_str(conf, "type") : "server");
    js_add_str(o, "origin", "ovirt");
    js_add_bool(o, "stateless", js_bool(conf, "stateless", false));
    js_add_bool(o, "delete_protected", js_bool(conf, "delete_protected", false));
    js_add(o, "quota", js_copy(js_get(conf, "quota")));
    defaults_add(o, conf);
    const char *lease = js_str(conf, "lease.storage_domain.id");
    if (lease)
        js_add(js_sub(o, "lease"), "storage_domain", tree_ref(lease, "storagedomains"));
    const char *resume = js_str(conf, "storage_error_resume_behaviour");
    js_add_str(o, "storage_error_resume_behaviour",
               resume  ? resume
               : lease ? "kill"
                       : "auto_resume");
    struct json_object *placement = js_copy(js_get(conf, "placement_policy"));
    js_add(o, "placement_policy", placement ? placement : json_object_new_object());
    if (!js_get(o, "placement_policy.affinity"))
        js_add_str(js_sub(o, "placement_policy"), "affinity", "migratable");
    if (!template) {
        const char *base = js_str(conf, "template.id");
        js_add(o, "template", tree_ref(base ? base : EMU_BLANK_TEMPLATE, "templates"));
        js_add_bool(o, "next_run_configuration_exists", false);
    }
    return o;
}

static struct json_object *
display_tree(struct emu_engine *e, struct emu_vm *vm)
{
    struct json_object *o = json_object_new_object();
    struct emu_host *h = vm->status == VM_DOWN ? NULL : host_get(e, vm->host);
    js_add_str(o, "type", "vnc");
    js_add_int(o, "monitors", 1);
    js_add_bool(o, "allow_override", false);
    js_add_bool(o, "smartcard_enabled", false);
    if (h) {
        js_add_str(o, "address", js_str(h->conf, "address") ? js_str(h->conf, "address") : h->name);
        js_add_int(o, "port", 5900);
    }
    return o;
}

struct json_object *
vm_tree(struct emu_engine *e, struct emu_vm *vm)
{
    struct json_object *o = vm_conf_tree(e, vm->conf, vm->template);
    js_add_str(o, "name", vm->name);
    js_add_str(o, "status", vm->template ? "ok" : names[vm->status]);
    if (vm->cluster[0])
        js_add(o, "cluster", tree_ref(vm->cluster, "clusters"));
    js_add_int(o, "creation_time", emu_epoch_ms(e, vm->created_ns));
    if (vm->host[0])
        js_add(o, "host", tree_ref(vm->host, "hosts"));
    if (!vm->template)
        js_add(o, "display", display_tree(e, vm));
    if (vm->started_ns && vm->status != VM_DOWN)
        js_add_int(o, "start_time", emu_epoch_ms(e, vm->started_ns));
    if (vm->stop_reason[0])
        js_add_str(o, "stop_reason", vm->stop_reason);
    if (vm->stopped_ns && vm->status == VM_DOWN)
        js_add_int(o, "stop_time", emu_epoch_ms(e, vm->stopped_ns));
    if (vm->paused_eio)
        js_add_str(o, "status_detail", "eio");
    if (!vm->template)
        js_add_bool(o, "run_once", vm->run_once);
    if (vm_agent_answers(vm))
        js_add_str(o, "fqdn", vm->name);
    return o;
}

static struct json_object *
op_vm_tree(struct emu_op *op, struct emu_vm *vm)
{
    struct json_object *o = vm_tree(op->e, vm);
    if (op->all_content) {
        js_add_str(js_sub(js_sub(o, "initialization"), "configuration"), "type", "ovf");
        js_add_bool(js_sub(o, "console"), "enabled", false);
    }
    return o;
}

/* ---- search and lists ------------------------------------------------------------------------ */

static void
text_add(struct json_object *texts, const char *text)
{
    if (text)
        json_object_array_add(texts, json_object_new_string(text));
}

static void
vm_search(struct emu_engine *e, void *object, const char *field, struct json_object *texts)
{
    struct emu_vm *vm = object;
    struct emu_dc *dc = dc_get(e, cluster_dc(e, vm->cluster));
    if (emu_same(field, "name")) {
        text_add(texts, vm->name);
    } else if (emu_same(field, "id")) {
        text_add(texts, vm->id);
    } else if (emu_same(field, "status")) {
        text_add(texts, vm->template ? "ok" : names[vm->status]);
    } else if (emu_same(field, "datacenter") || emu_same(field, "datacenter.name")) {
        text_add(texts, dc ? dc->name : NULL);
    } else if (emu_same(field, "cluster") || emu_same(field, "cluster.name")) {
        text_add(texts, js_str(cluster_get(e, vm->cluster), "name"));
    } else if (emu_same(field, "host") || emu_same(field, "host.name")) {
        struct emu_host *h = host_get(e, vm->host);
        text_add(texts, h ? h->name : NULL);
    } else if (emu_same(field, "storage") || emu_same(field, "storage.name")) {
        struct json_object *disks = js_get(vm->conf, "disks");
        for (size_t i = 0; i < js_len(disks); i++) {
            struct emu_sd *sd = sd_get(e, js_str(js_at(disks, i), "storage_domain"));
            text_add(texts, sd ? sd->name : NULL);
        }
    } else {
        text_add(texts, js_str(vm->conf, field));
    }
}

bool
op_template(const struct emu_op *op)
{
    return strncmp(op->path, "templates", 9) == 0;
}

/* The template that every engine has. */
static struct json_object *
blank_tree(struct emu_engine *e)
{
    struct json_object *conf = json_object_new_object();
    js_add_str(conf, "id", EMU_BLANK_TEMPLATE);
    js_add_str(conf, "name", "Blank");
    js_add_str(conf, "description", "Blank template");
    struct json_object *o = vm_conf_tree(e, conf, true);
    js_add_str(o, "status", "ok");
    js_add_int(o, "creation_time", 1206921600000);
    json_object_put(conf);
    return o;
}

static void
blank_search(struct emu_engine *e, void *object, const char *field, struct json_object *texts)
{
    (void)e;
    (void)object;
    if (emu_same(field, "name"))
        text_add(texts, "Blank");
    else if (emu_same(field, "status"))
        text_add(texts, "ok");
}

void
vm_list(struct emu_op *op)
{
    if (!op_search_ok(op))
        return;
    bool template = op_template(op);
    struct json_object *list = json_object_new_array();
    if (template && op_search(op, blank_search, NULL))
        json_object_array_add(list, blank_tree(op->e));
    for (struct emu_vm *vm = op->e->vms; vm; vm = vm->next)
        if (vm->template == template && op_search(op, vm_search, vm))
            json_object_array_add(list, op_vm_tree(op, vm));
    op_list(op, template ? "template" : "vm", template ? "templates" : "vms", list);
}

void
vm_item(struct emu_op *op)
{
    bool template = op_template(op);
    struct emu_vm *vm = vm_get(op->e, template, op->args[0]);
    if (template && emu_same(op->args[0], EMU_BLANK_TEMPLATE))
        op_object(op, 200, "template", blank_tree(op->e));
    else if (!vm)
        op_empty(op, 404);
    else
        op_object(op, 200, template ? "template" : "vm", op_vm_tree(op, vm));
}

/* ---- changes --------------------------------------------------------------------------------- */

/* A VM without disks, from a template in name only. */
void
vm_add(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    const char *name = js_str(op->body, "name");
    const char *wanted = js_str(op->body, "cluster.id");
    struct json_object *cluster =
        cluster_get(e, wanted ? wanted : js_str(op->body, "cluster.name"));
    if (!name || !cluster) {
        op_fault(op, 400, "Vm [name, cluster.id|name] required for add");
        return;
    }
    for (struct emu_vm *o = e->vms; o; o = o->next)
        if (!o->template && emu_same(o->name, name)) {
            op_fault(op, 409, "[Cannot add VM. The VM name is already in use.]");
            return;
        }
    char id[EMU_ID];
    emu_new_id(e, id);
    struct json_object *conf = js_copy(op->body);
    static const char *const foreign[] = {"status", "host", "nics", "disk_attachments", NULL};
    for (const char *const *k = foreign; *k; k++)
        json_object_object_del(conf, *k);
    js_add_str(conf, "id", id);
    js_add_str(conf, "cluster", js_str(cluster, "name"));
    js_add(conf, "disks", json_object_new_array());
    struct emu_vm *vm = op->vm = vm_new(e, false, conf);
    json_object_put(conf);
    event_add(e, op, 34, "normal", "VM %s was created.", vm->name);
    op_object(op, 201, "vm", op_vm_tree(op, vm));
}

void
vm_put(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    struct emu_vm *vm = op->vm = vm_get(e, false, op->args[0]);
    const char *name = js_str(op->body, "name");
    if (!vm) {
        op_empty(op, 404);
        return;
    }
    if (op_lock(op, true, "vm", vm->id) < 0)
        return;
    for (struct emu_vm *o = e->vms; o && name; o = o->next)
        if (o != vm && !o->template && emu_same(o->name, name)) {
            op_fault(op, 409, "[Cannot edit VM. The VM name is already in use.]");
            return;
        }
    const char *lease = js_str(op->body, "lease.storage_domain.id");
    struct emu_sd *sd = lease ? sd_get(e, lease) : NULL;
    if (lease && (!sd || sd->status != SD_ACTIVE)) {
        op_fault(op, 409, "[Cannot edit VM. The Storage Domain of the lease is not active.]");
        return;
    }
    if (name)
        EMU_SET(vm->name, name);
    static const char *const keys[] = {"memory",
                                       "description",
                                       "comment",
                                       "cpu",
                                       "os",
                                       "lease",
                                       "storage_error_resume_behaviour",
                                       "placement_policy",
                                       "delete_protected",
                                       NULL};
    for (const char *const *k = keys; *k; k++)
        js_add(vm->conf, *k, js_copy(js_get(op->body, *k)));
    if (js_get(op->body, "high_availability.enabled"))
        js_add_bool(js_sub(vm->conf, "high_availability"), "enabled",
                    js_bool(op->body, "high_availability.enabled", false));
    if (js_get(op->body, "high_availability.priority"))
        js_add_int(js_sub(vm->conf, "high_availability"), "priority",
                   js_int(op->body, "high_availability.priority", 1));
    op_object(op, 200, "vm", op_vm_tree(op, vm));
}

void
vm_remove(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    bool template = op_template(op);
    struct emu_vm *vm = op->vm = vm_get(e, template, op->args[0]);
    if (!vm) {
        op_empty(op, 404);
        return;
    }
    if (op_lock(op, true, template ? "template" : "vm", vm->id) < 0)
        return;
    if (vm->status != VM_DOWN) {
        op_fault(op, 409, "[Cannot remove VM. VM is not down.]");
        return;
    }
    if (js_bool(vm->conf, "delete_protected", false)) {
        op_fault(op, 409, "[Cannot remove VM. Delete protection is enabled.]");
        return;
    }
    struct json_object *disks = js_get(vm->conf, "disks");
    for (size_t i = 0; i < js_len(disks); i++) {
        struct json_object *disk = js_at(disks, i);
        struct emu_sd *sd = sd_get(e, js_str(disk, "storage_domain"));
        if (js_bool(op->query, "detach_only", false)) {
            json_object_array_add(e->floating, js_copy(disk));
            continue;
        }
        struct json_object *doc = sd ? content_read(e, sd->id) : NULL;
        if (doc) {
            js_remove(js_list(doc, "volumes"), "id", js_str(disk, "id"));
            content_write(e, sd->id, doc);
            json_object_put(doc);
        }
    }
    vm_delete(e, vm);
    op_action(op, NULL);
}
