/*
 * Affinity groups and labels: who belongs to them, and what they allow the scheduler. A VM belongs
 * to what its configuration names (as its OVF carries it) and to what was told here.
 */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

static bool
listed(struct json_object *list, const char *id, const char *name)
{
    for (size_t i = 0; i < js_len(list); i++) {
        struct json_object *o = js_at(list, i);
        const char *text =
            json_object_is_type(o, json_type_object) ? js_str(o, "id") : json_object_get_string(o);
        if (emu_same(text, id) || emu_same(text, name))
            return true;
    }
    return false;
}

static bool
is_label(struct json_object *o)
{
    return js_get(o, "hosts_rule") == NULL;
}

static const char *
conf_key(struct json_object *o)
{
    return is_label(o) ? "affinity_labels" : "affinity_groups";
}

static bool
has_vm(struct json_object *o, const struct emu_vm *vm)
{
    const char *cluster = js_str(o, "cluster.id");
    if (vm->template || (cluster && !emu_same(cluster, vm->cluster)))
        return false;
    return listed(js_get(o, "_vms"), vm->id, vm->name) ||
           listed(js_get(vm->conf, conf_key(o)), js_str(o, "name"), NULL);
}

static bool
has_host(struct json_object *o, const struct emu_host *h)
{
    return listed(js_get(o, "_hosts"), h->id, h->name);
}

/* Old engines know one rule, for VMs; the new ones one for VMs and one for hosts. */
void
affinity_defaults(struct json_object *o)
{
    js_default_bool(o, "enforcing", js_bool(o, "vms_rule.enforcing", false));
    js_default_bool(o, "positive", js_bool(o, "vms_rule.positive", false));
    js_default_bool(o, "vms_rule.enabled", js_get(o, "vms_rule.positive") != NULL);
    js_default_bool(o, "vms_rule.enforcing", js_bool(o, "enforcing", false));
    js_default_bool(o, "vms_rule.positive", js_bool(o, "positive", false));
    js_default_bool(o, "hosts_rule.enabled", js_len(js_get(o, "_hosts")) > 0);
    js_default_bool(o, "hosts_rule.enforcing", false);
    js_default_bool(o, "hosts_rule.positive", true);
    if (!js_get(o, "priority"))
        js_add(o, "priority", json_object_new_double(1.0));
}

struct json_object *
affinity_tree(struct emu_engine *e, struct json_object *from)
{
    struct json_object *o = js_copy(from);
    struct json_object *hosts = js_list(js_sub(o, "hosts"), "host");
    struct json_object *vms = js_list(js_sub(o, "vms"), "vm");
    for (struct emu_host *h = e->hosts; h; h = h->next)
        if (has_host(from, h))
            json_object_array_add(hosts, tree_ref(h->id, "hosts"));
    for (struct emu_vm *vm = e->vms; vm; vm = vm->next)
        if (has_vm(from, vm))
            json_object_array_add(vms, tree_ref(vm->id, "vms"));
    return o;
}

/* ---- members: .../affinitygroups/G/vms, affinitylabels/L/hosts, vms/V/affinitylabels --------- */

static struct json_object *
op_group(struct emu_op *op)
{
    bool label = strstr(op->path, "affinitylabels/") != NULL;
    size_t at = label ? 0 : op->args_count > 1 ? 1 : 0;
    struct json_object *o =
        js_find(js_get(op->e->collections, label ? "affinitylabels" : "affinitygroups"), "id",
                op->args[at]);
    if (!o)
        op_empty(op, 404);
    return o;
}

static bool
op_hosts(const struct emu_op *op)
{
    return strstr(op->path, "/hosts") != NULL;
}

void
affinity_members(struct emu_op *op)
{
    struct json_object *o = op_group(op);
    if (!o)
        return;
    struct json_object *tree = affinity_tree(op->e, o);
    bool hosts = op_hosts(op);
    struct json_object *list = json_object_get(js_get(tree, hosts ? "hosts.host" : "vms.vm"));
    json_object_put(tree);
    op_list(op, hosts ? "host" : "vm", hosts ? "hosts" : "vms", list);
}

void
affinity_member_add(struct emu_op *op)
{
    struct json_object *o = op_group(op);
    const char *id = js_str(op->body, "id");
    bool hosts = op_hosts(op);
    if (!o)
        return;
    if (!id || !(hosts ? host_get(op->e, id) != NULL : vm_get(op->e, false, id) != NULL)) {
        op_fault(op, id ? 404 : 400, "[The %s does not exist.]", hosts ? "Host" : "VM");
        return;
    }
    json_object_array_add(js_list(o, hosts ? "_hosts" : "_vms"), json_object_new_string(id));
    op_object(op, 201, hosts ? "host" : "vm", tree_ref(id, hosts ? "hosts" : "vms"));
}

static void
text_remove(struct json_object *list, const char *text)
{
    for (size_t i = js_len(list); i > 0; i--)
        if (emu_same(json_object_get_string(js_at(list, i - 1)), text))
            json_object_array_del_idx(list, i - 1, 1);
}

void
affinity_member_remove(struct emu_op *op)
{
    struct json_object *o = op_group(op);
    const char *id = op->args[op->args_count - 1];
    if (!o)
        return;
    struct emu_vm *vm = op_hosts(op) ? NULL : vm_get(op->e, false, id);
    struct emu_host *h = op_hosts(op) ? host_get(op->e, id) : NULL;
    if ((vm && has_vm(o, vm)) || (h && has_host(o, h))) {
        text_remove(js_get(o, vm ? "_vms" : "_hosts"), id);
        text_remove(js_get(o, vm ? "_vms" : "_hosts"), vm ? vm->name : h->name);
        if (vm)
            text_remove(js_get(vm->conf, conf_key(o)), js_str(o, "name"));
        op_action(op, NULL);
    } else {
        op_empty(op, 404);
    }
}

/* ---- the scheduler --------------------------------------------------------------------------- */

static bool
vms_rule_allows(struct emu_engine *e, struct json_object *group, const struct emu_vm *vm,
                const struct emu_host *h)
{
    bool positive = js_bool(group, "vms_rule.positive", false);
    for (struct emu_vm *other = e->vms; other; other = other->next) {
        if (other == vm || !other->host[0] || !has_vm(group, other))
            continue;
        if (emu_same(other->host, h->id) != positive)
            return false;
    }
    return true;
}

/* Only what is enforced keeps a VM from a host. */
bool
affinity_allows(struct emu_engine *e, const struct emu_vm *vm, const struct emu_host *h)
{
    struct json_object *groups = js_get(e->collections, "affinitygroups");
    for (size_t i = 0; i < js_len(groups); i++) {
        struct json_object *g = js_at(groups, i);
        if (!has_vm(g, vm))
            continue;
        if (js_bool(g, "hosts_rule.enabled", false) && js_bool(g, "hosts_rule.enforcing", false) &&
            has_host(g, h) != js_bool(g, "hosts_rule.positive", true))
            return false;
        if (js_bool(g, "vms_rule.enabled", false) && js_bool(g, "vms_rule.enforcing", false) &&
            !vms_rule_allows(e, g, vm, h))
            return false;
    }
    return true;
}

/* How many soft rules speak for this host. */
int
affinity_weight(struct emu_engine *e, const struct emu_vm *vm, const struct emu_host *h)
{
    struct json_object *groups = js_get(e->collections, "affinitygroups");
    int weight = 0;
    for (size_t i = 0; i < js_len(groups); i++) {
        struct json_object *g = js_at(groups, i);
        if (has_vm(g, vm) && js_bool(g, "hosts_rule.enabled", false) &&
            has_host(g, h) == js_bool(g, "hosts_rule.positive", true))
            weight++;
    }
    return weight;
}
