/* What is below a VM: NICs, disks, snapshots, what its guest agent tells. */
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
vm_agent_answers(const struct emu_vm *vm)
{
    return !vm->template && vm->status == VM_UP && js_bool(vm->conf, "guest_agent", true);
}

static const char *
nic_id(const struct emu_vm *vm, struct json_object *nic, size_t i, char *buffer, size_t size)
{
    snprintf(buffer, size, "nic-%.40s-%zu", vm->id, i);
    return js_str(nic, "id") ? js_str(nic, "id") : buffer;
}

static struct json_object *
nic_tree(struct emu_engine *e, struct emu_vm *vm, size_t i)
{
    char buffer[EMU_ID + 32];
    struct json_object *nic = js_at(js_get(vm->conf, "nics"), i);
    struct json_object *profile = nic_profile(e, nic);
    struct json_object *o = tree_new(nic_id(vm, nic, i, buffer, sizeof(buffer)), "%s/%s/nics",
                                     vm->template ? "templates" : "vms", vm->id);
    js_add_str(o, "name", js_str(nic, "name"));
    js_add_str(o, "interface", "virtio");
    js_add_bool(o, "linked", js_bool(nic, "linked", true));
    js_add_bool(o, "plugged", js_bool(nic, "plugged", true));
    js_add_str(js_sub(o, "mac"), "address", js_str(nic, "mac"));
    if (profile)
        js_add(o, "vnic_profile", tree_ref(js_str(profile, "id"), "vnicprofiles"));
    js_add(o, "vm", tree_ref(vm->id, vm->template ? "templates" : "vms"));
    return o;
}

static struct json_object *
nics_tree(struct emu_engine *e, struct emu_vm *vm)
{
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < js_len(js_get(vm->conf, "nics")); i++)
        json_object_array_add(list, nic_tree(e, vm, i));
    return list;
}

static struct json_object *
snapshots_tree(struct emu_vm *vm)
{
    struct json_object *list = json_object_new_array();
    struct json_object *o = tree_new(vm->id, "vms/%s/snapshots", vm->id);
    bool preview = js_bool(vm->conf, "in_preview", false);
    js_add_str(o, "description", "Active VM");
    js_add_str(o, "snapshot_status", preview ? "in_preview" : "ok");
    js_add_str(o, "snapshot_type", "active");
    js_add(o, "vm", tree_ref(vm->id, "vms"));
    json_object_array_add(list, o);
    return list;
}

/* Only a guest agent that answers knows addresses. */
static struct json_object *
devices_tree(struct emu_vm *vm)
{
    struct json_object *list = json_object_new_array();
    struct json_object *nics = js_get(vm->conf, "nics");
    for (size_t i = 0; i < js_len(nics) && vm_agent_answers(vm); i++) {
        char *id = emu_printf("%s-%zu", vm->id, i);
        struct json_object *o = tree_new(id, "vms/%s/reporteddevices", vm->id);
        free(id);
        js_add_str(o, "name", "eth0");
        js_add_str(o, "type", "network");
        js_add_str(js_sub(o, "mac"), "address", js_str(js_at(nics, i), "mac"));
        struct json_object *ip = json_object_new_object();
        js_add_str(ip, "address", js_str(js_at(nics, i), "address"));
        js_default_str(ip, "address", "192.0.2.1");
        js_add_str(ip, "version", "v4");
        json_object_array_add(js_list(js_sub(o, "ips"), "ip"), ip);
        json_object_array_add(list, o);
    }
    return list;
}

static struct json_object *
labels_tree(struct emu_engine *e, struct emu_vm *vm)
{
    struct json_object *list = json_object_new_array();
    struct json_object *labels = js_get(e->collections, "affinitylabels");
    for (size_t i = 0; i < js_len(labels); i++) {
        struct json_object *o = affinity_tree(e, js_at(labels, i));
        if (js_find(js_get(o, "vms.vm"), "id", vm->id))
            json_object_array_add(list, o);
        else
            json_object_put(o);
    }
    return list;
}

void
vm_sub(struct emu_op *op)
{
    struct emu_vm *vm = vm_get(op->e, op_template(op), op->args[0]);
    if (!vm)
        op_empty(op, 404);
    else if (emu_same(op->name, "get_disk_attachments"))
        op_list(op, "disk_attachment", "disk_attachments",
                disk_attachments(op->e, vm->id, vm->conf));
    else if (emu_same(op->name, "get_nics"))
        op_list(op, "nic", "nics", nics_tree(op->e, vm));
    else if (emu_same(op->name, "get_snapshots"))
        op_list(op, "snapshot", "snapshots", snapshots_tree(vm));
    else if (emu_same(op->name, "get_vm_labels"))
        op_list(op, "affinity_label", "affinity_labels", labels_tree(op->e, vm));
    else
        op_list(op, "reported_device", "reported_devices", devices_tree(vm));
}

/* One of them: vms/ID/nics/N, diskattachments/D, snapshots/S */
void
vm_sub_item(struct emu_op *op)
{
    struct emu_vm *vm = vm_get(op->e, op_template(op), op->args[0]);
    bool nic = emu_same(op->name, "get_nic");
    bool disk = emu_same(op->name, "get_disk_attachment");
    struct json_object *list = !vm    ? NULL
                               : nic  ? nics_tree(op->e, vm)
                               : disk ? disk_attachments(op->e, vm->id, vm->conf)
                                      : snapshots_tree(vm);
    struct json_object *o = json_object_get(js_find(list, "id", op->args[1]));
    json_object_put(list);
    if (o)
        op_object(op, 200, nic ? "nic" : disk ? "disk_attachment" : "snapshot", o);
    else
        op_empty(op, 404);
}

/* ---- NICs are changed ------------------------------------------------------------------------ */

static bool
nic_fill(struct emu_op *op, struct json_object *nic)
{
    struct emu_engine *e = op->e;
    const char *profile_id = js_str(op->body, "vnic_profile.id");
    struct json_object *profile = collection_get(e, "vnicprofiles", profile_id);
    if (profile_id && !profile) {
        op_fault(op, 404, "[The vNIC profile does not exist.]");
        return false;
    }
    js_add_str(nic, "name", js_str(op->body, "name"));
    js_add_str(nic, "mac", js_str(op->body, "mac.address"));
    if (profile) {
        struct json_object *network = collection_get(e, "networks", js_str(profile, "network.id"));
        js_add_str(nic, "vnic_profile", profile_id);
        js_add_str(nic, "profile", js_str(profile, "name"));
        js_add_str(nic, "network", js_str(network, "name"));
    }
    return true;
}

void
nic_add(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    struct emu_vm *vm = vm_get(e, false, op->args[0]);
    const char *mac = js_str(op->body, "mac.address");
    char fresh[18];
    if (!vm) {
        op_empty(op, 404);
        return;
    }
    struct json_object *nics = js_list(vm->conf, "nics");
    if (!js_str(op->body, "name")) {
        op_fault(op, 400, "Nic [name] required for add");
        return;
    }
    if (mac && mac_taken(e, vm->cluster, mac)) {
        op_fault(op, 409, "[Cannot add Interface. The MAC Address %s is in use.]", mac);
        return;
    }
    if (!mac && !mac_next(e, vm->cluster, NULL, fresh)) {
        op_fault(op, 409, "[Cannot add Interface. Not enough MAC addresses left in the pool.]");
        return;
    }
    struct json_object *nic = json_object_new_object();
    char id[EMU_ID];
    emu_new_id(e, id);
    js_add_str(nic, "id", id);
    if (!nic_fill(op, nic)) {
        json_object_put(nic);
        return;
    }
    js_default_str(nic, "mac", fresh);
    json_object_array_add(nics, nic);
    op_object(op, 201, "nic", nic_tree(e, vm, js_len(nics) - 1));
}

void
nic_put(struct emu_op *op)
{
    char buffer[EMU_ID + 32];
    struct emu_vm *vm = vm_get(op->e, false, op->args[0]);
    struct json_object *nics = vm ? js_get(vm->conf, "nics") : NULL;
    for (size_t i = 0; i < js_len(nics); i++)
        if (emu_same(nic_id(vm, js_at(nics, i), i, buffer, sizeof(buffer)), op->args[1])) {
            if (nic_fill(op, js_at(nics, i)))
                op_object(op, 200, "nic", nic_tree(op->e, vm, i));
            return;
        }
    op_empty(op, 404);
}

void
nic_remove(struct emu_op *op)
{
    char buffer[EMU_ID + 32];
    struct emu_vm *vm = vm_get(op->e, false, op->args[0]);
    struct json_object *nics = vm ? js_get(vm->conf, "nics") : NULL;
    for (size_t i = 0; i < js_len(nics); i++)
        if (emu_same(nic_id(vm, js_at(nics, i), i, buffer, sizeof(buffer)), op->args[1])) {
            if (vm->status != VM_DOWN) {
                op_fault(op, 409, "[Cannot remove Interface. The VM is not down.]");
                return;
            }
            json_object_array_del_idx(nics, i, 1);
            op_action(op, NULL);
            return;
        }
    op_empty(op, 404);
}
