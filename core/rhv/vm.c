/* VMs: how they are told, offered, started and stopped. */
#include "base/mem.h"
#include "base/str.h"
#include "model/words.h"
#include "rhv/api.h"
#include "rhv/calls.h"
#include "rhv/document.h"

#include <string.h>

/* ---- reading --------------------------------------------------------------------------------- */

static enum dr_vm_status
status_of(struct json_object *o)
{
    return (enum dr_vm_status)rhv_word(&dr_vm_status_names, dr_json_str(o, "status"));
}

static int64_t
priority_of(struct json_object *o)
{
    int64_t priority;
    return dr_json_i64(dr_json_get(o, "high_availability"), "priority", &priority) ? priority : -1;
}

static bool
is_ha(struct json_object *o)
{
    bool ha = false; /* no state but a setting: absent is off */
    (void)dr_json_bool(dr_json_get(o, "high_availability"), "enabled", &ha);
    return ha;
}

static const char *
cluster_of(struct dr_arena *a, struct json_object *o, const struct dr_inventory *v)
{
    const char *name = rhv_inner(o, "cluster", "name");
    if (name)
        return dr_arena_str(a, name);
    const char *id = rhv_inner(o, "cluster", "id");
    return v ? rhv_cluster_name(v, id) : dr_arena_str(a, id);
}

void
rhv_read_vm(struct dr_arena *a, struct json_object *o, const struct dr_inventory *v,
            struct dr_inv_vm *vm)
{
    struct json_object *lease = dr_json_get(o, "lease");
    int64_t memory;
    *vm = (struct dr_inv_vm){
        .id = dr_arena_str(a, dr_json_str(o, "id")),
        .name = dr_arena_str(a, dr_json_str(o, "name")),
        .cluster = cluster_of(a, o, v),
        .template_id = dr_arena_str(a, rhv_inner(o, "template", "id")),
        .status = status_of(o),
        .ha = is_ha(o),
        .priority = priority_of(o),
        .lease = dr_arena_str(a, rhv_inner(lease, "storage_domain", "id")),
        .memory = dr_json_i64(o, "memory", &memory) ? memory : -1,
        .host = dr_arena_str(a, rhv_inner(o, "host", "id")),
        .pinned = dr_streq(rhv_inner(o, "placement_policy", "affinity"), "pinned"),
    };
}

int
rhv_read_vms(struct dr_arena *a, struct json_object *doc, bool parts, struct dr_inventory *v,
             struct drstor_error **err)
{
    struct json_object *items;
    int e = rhv_items(doc, "vm", RHV_VMS_MAX, &items, err);
    if (e < 0)
        return e;
    v->vms = NULL;
    v->n_vms = 0;
    for (size_t i = 0; i < dr_json_length(items); i++) {
        struct dr_inv_vm vm;
        rhv_read_vm(a, rhv_item(items, i), v, &vm);
        if (parts)
            rhv_read_vm_parts(a, rhv_item(items, i), &vm);
        dr_arena_push(a, v->vms, v->n_vms) = vm;
    }
    return DRSTOR_OK;
}

static int
by_id(const void *x, const void *y)
{
    const struct dr_inv_vm *const *vx = x, *const *vy = y;
    return strcmp((*vx)->id, (*vy)->id);
}

static void
add_domain(struct dr_arena *a, struct dr_inv_vm *vm, const char *domain)
{
    for (size_t i = 0; i < vm->n_domains; i++)
        if (dr_streq(vm->domains[i], domain))
            return;
    dr_arena_push(a, vm->domains, vm->n_domains) = domain;
}

int
rhv_read_domain_vms(struct dr_arena *a, struct json_object *doc, const char *domain,
                    struct dr_inventory *v, struct drstor_error **err)
{
    struct json_object *items;
    int e = rhv_items(doc, "vm", RHV_VMS_MAX, &items, err);
    if (e < 0)
        return e;
    struct dr_inv_domain *d = rhv_domain_find(v, domain);
    const char *id = d ? d->id : dr_arena_str(a, domain);
    dr_auto(dr_freep) struct dr_inv_vm **sorted = dr_alloc0(v->n_vms, sizeof(*sorted));
    for (size_t i = 0; i < v->n_vms; i++)
        sorted[i] = &v->vms[i];
    qsort(sorted, v->n_vms, sizeof(*sorted), by_id);
    for (size_t i = 0; i < dr_json_length(items); i++) {
        struct json_object *o = rhv_item(items, i);
        const struct dr_inv_vm key = {.id = dr_json_str(o, "id")}, *k = &key;
        struct dr_inv_vm **vm = bsearch(&k, sorted, v->n_vms, sizeof(*sorted), by_id);
        if (vm) /* else it came after the list of all VMs was read */
            add_domain(a, *vm, id);
        const char *origin = dr_json_str(o, "origin");
        if (d && (dr_streq(origin, "hosted_engine") || dr_streq(origin, "managed_hosted_engine")))
            d->type = RHV_TYPE_HOSTED_ENGINE;
    }
    return DRSTOR_OK;
}

int
rhv_read_vm_disks(struct dr_arena *a, struct json_object *doc, struct dr_inv_vm *vm,
                  struct drstor_error **err)
{
    struct json_object *items;
    int e = rhv_items(doc, "disk_attachment", RHV_LUNS_MAX, &items, err);
    if (e < 0)
        return e;
    for (size_t i = 0; i < dr_json_length(items); i++) {
        struct json_object *disk = dr_json_get(rhv_item(items, i), "disk");
        struct json_object *domains =
            dr_json_get(dr_json_get(disk, "storage_domains"), "storage_domain");
        if (!domains && !dr_streq(dr_json_str(disk, "storage_type"), "lun"))
            return dr_fail(err, DRSTOR_E_PROTOCOL, "it is not told where disk %zu of the VM is",
                           i + 1);
        for (size_t j = 0; j < dr_json_length(domains) && j < RHV_LUNS_MAX; j++) {
            const char *id = dr_json_str(rhv_item(domains, j), "id");
            if (id)
                add_domain(a, vm, dr_arena_str(a, id));
        }
    }
    return DRSTOR_OK;
}

int
rhv_read_offers(struct dr_arena *a, struct json_object *doc, const char *key, const char *domain,
                struct dr_inventory *v, struct dr_inv_offer **offers, size_t *n_offers,
                struct drstor_error **err)
{
    struct json_object *items;
    int e = rhv_items(doc, key, RHV_VMS_MAX, &items, err);
    if (e < 0)
        return e;
    const char *id = dr_arena_str(a, domain);
    for (size_t i = 0; i < dr_json_length(items); i++) {
        struct json_object *o = rhv_item(items, i);
        const struct dr_inv_offer offer = {
            .domain = id,
            .id = dr_arena_str(a, dr_json_str(o, "id")),
            .name = dr_arena_str(a, dr_json_str(o, "name")),
            .cluster = cluster_of(a, o, v),
            .template_id = dr_arena_str(a, rhv_inner(o, "template", "id")),
            .status = status_of(o),
            .ha = is_ha(o),
            .priority = priority_of(o),
        };
        dr_arena_push(a, *offers, *n_offers) = offer;
    }
    return DRSTOR_OK;
}

/* ---- calls ----------------------------------------------------------------------------------- */

static int
vm_act(struct dr_rhv *r, const struct dr_rhv_how *how, const char *form, const char *vm,
       const char *verb, struct dr_rhv_answer *ret, struct drstor_error **err)
{
    dr_auto(dr_freep) char *path = NULL;
    int e = rhv_path(&path, err, form, vm);
    if (e == DRSTOR_OK)
        e = rhv_act(r, how, "POST", path, NULL, ret, err);
    return e < 0 ? dr_context(err, e, "cannot %s VM %s", verb, vm) : e;
}

int
dr_rhv_start_vm(struct dr_rhv *r, const struct dr_rhv_how *how, const char *vm,
                struct dr_rhv_answer *ret, struct drstor_error **err)
{
    return vm_act(r, how, "/vms/%/start", vm, "start", ret, err);
}

int
dr_rhv_stop_vm(struct dr_rhv *r, const struct dr_rhv_how *how, const char *vm,
               struct dr_rhv_answer *ret, struct drstor_error **err)
{
    return vm_act(r, how, "/vms/%/stop", vm, "stop", ret, err);
}

int
dr_rhv_shutdown_vm(struct dr_rhv *r, const struct dr_rhv_how *how, const char *vm,
                   struct dr_rhv_answer *ret, struct drstor_error **err)
{
    return vm_act(r, how, "/vms/%/shutdown", vm, "shut down", ret, err);
}

int
dr_rhv_remove_vm(struct dr_rhv *r, const struct dr_rhv_how *how, const char *vm,
                 struct dr_rhv_answer *ret, struct drstor_error **err)
{
    dr_auto(dr_freep) char *path = NULL;
    int e = rhv_path(&path, err, "/vms/%?detach_only=true", vm);
    if (e == DRSTOR_OK)
        e = rhv_act(r, how, "DELETE", path, NULL, ret, err);
    return e < 0 ? dr_context(err, e, "cannot remove VM %s from the engine", vm) : e;
}

int
dr_rhv_get_vm(struct dr_rhv *r, const struct dr_rhv_how *how, const char *vm, struct dr_arena *a,
              struct dr_inv_vm *ret, struct drstor_error **err)
{
    dr_auto(dr_freep) char *path = NULL;
    dr_auto(dr_json_putp) struct json_object *o = NULL;
    int e = rhv_path(&path, err, "/vms/%", vm);
    const struct rhv_request q = {.method = "GET", .path = path};
    if (e == DRSTOR_OK)
        e = rhv_call(r, how, &q, &o, NULL, err);
    if (e == DRSTOR_OK && !dr_streq(dr_json_str(o, "id"), vm))
        e = dr_fail(err, DRSTOR_E_PROTOCOL, "%s answered with something else", dr_rhv_name(r));
    if (e < 0)
        return dr_context(err, e, "cannot read VM %s", vm);
    rhv_read_vm(a, o, NULL, ret);
    return DRSTOR_OK;
}
