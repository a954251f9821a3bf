/* What only checks want to know: parts of VMs, names that mappings speak of, what hosts see. */
#include "base/str.h"
#include "rhv/document.h"

static const char *
text(struct dr_arena *a, struct json_object *o, const char *key)
{
    return dr_arena_str(a, dr_json_str(o, key));
}

int
rhv_read_named(struct dr_arena *a, struct json_object *doc, const char *key,
               struct dr_inv_named **ret, size_t *ret_n, struct drstor_error **err)
{
    struct json_object *items;
    int e = rhv_items(doc, key, RHV_PLACES_MAX, &items, err);
    for (size_t i = 0; e == DRSTOR_OK && i < dr_json_length(items); i++)
        dr_arena_push(a, *ret, *ret_n) = (struct dr_inv_named){
            .id = text(a, rhv_item(items, i), "id"), .name = text(a, rhv_item(items, i), "name")};
    return e;
}

int
rhv_read_networks(struct dr_arena *a, struct json_object *doc, struct dr_inventory *v,
                  struct drstor_error **err)
{
    struct json_object *items;
    int e = rhv_items(doc, "network", RHV_PLACES_MAX, &items, err);
    for (size_t i = 0; e == DRSTOR_OK && i < dr_json_length(items); i++) {
        struct json_object *o = rhv_item(items, i);
        dr_arena_push(a, v->networks, v->n_networks) =
            (struct dr_inv_network){.id = text(a, o, "id"),
                                    .name = text(a, o, "name"),
                                    .dc = dr_arena_str(a, rhv_inner(o, "data_center", "id"))};
    }
    return e;
}

int
rhv_read_affinity(struct dr_arena *a, struct json_object *doc, const char *cluster,
                  struct dr_inventory *v, struct drstor_error **err)
{
    struct json_object *items;
    int e = rhv_items(doc, "affinity_group", RHV_PLACES_MAX, &items, err);
    for (size_t i = 0; e == DRSTOR_OK && i < dr_json_length(items); i++) {
        struct json_object *o = rhv_item(items, i);
        dr_arena_push(a, v->affinity_groups, v->n_affinity_groups) = (struct dr_inv_affinity){
            .id = text(a, o, "id"), .name = text(a, o, "name"), .cluster = cluster};
    }
    return e;
}

/* NULL when LIST is none, or empty. */
static struct json_object *
first_of(struct json_object *list)
{
    return dr_json_length(list) ? rhv_item(list, 0) : NULL;
}

/* The first LUN of a disk; engines have no disk of several. */
static const char *
disk_wwid(struct json_object *disk)
{
    struct json_object *units =
        dr_json_get(dr_json_get(dr_json_get(disk, "lun_storage"), "logical_units"), "logical_unit");
    return dr_json_str(first_of(units), "id");
}

int
rhv_read_lun_disks(struct dr_arena *a, struct json_object *doc, struct dr_inventory *v,
                   struct drstor_error **err)
{
    struct json_object *items;
    int e = rhv_items(doc, "disk", RHV_VMS_MAX, &items, err);
    for (size_t i = 0; e == DRSTOR_OK && i < dr_json_length(items); i++) {
        struct json_object *o = rhv_item(items, i);
        if (dr_streq(dr_json_str(o, "storage_type"), "lun"))
            dr_arena_push(a, v->lun_disks, v->n_lun_disks) = (struct dr_inv_lun_disk){
                .id = text(a, o, "id"),
                .name = text(a, o, "name"),
                .wwid = dr_arena_str(a, disk_wwid(o)),
                .type = dr_arena_str(a, rhv_inner(o, "lun_storage", "type"))};
    }
    return e;
}

int
rhv_read_host_luns(struct dr_arena *a, struct json_object *doc, struct dr_inv_host *host,
                   struct drstor_error **err)
{
    struct json_object *items;
    int e = rhv_items(doc, "host_storage", RHV_VMS_MAX, &items, err);
    if (e < 0)
        return e;
    for (size_t i = 0; i < dr_json_length(items); i++) {
        struct json_object *units =
            dr_json_get(dr_json_get(rhv_item(items, i), "logical_units"), "logical_unit");
        for (size_t k = 0; k < dr_json_length(units) && k < RHV_LUNS_MAX; k++)
            dr_arena_push(a, host->luns, host->n_luns) = text(a, rhv_item(units, k), "id");
    }
    host->luns_read = true;
    return e;
}

/* {"values":{"system_option_value":[{"value":"60"}]}} */
int64_t
rhv_read_minutes(struct json_object *doc)
{
    struct json_object *values = dr_json_get(dr_json_get(doc, "values"), "system_option_value");
    int64_t minutes;
    return dr_json_i64(first_of(values), "value", &minutes) && minutes >= 0 &&
                   minutes <= INT64_MAX / 60
               ? minutes * 60
               : -1;
}

int
rhv_read_ovf_events(struct json_object *doc, int64_t code, struct dr_inventory *v,
                    struct drstor_error **err)
{
    struct json_object *items;
    int e = rhv_items(doc, "event", RHV_VMS_MAX, &items, err);
    for (size_t i = 0; e == DRSTOR_OK && i < dr_json_length(items); i++) {
        struct json_object *o = rhv_item(items, i);
        struct dr_inv_domain *d = rhv_domain_find(v, rhv_inner(o, "storage_domain", "id"));
        int64_t is, ms;
        /* Also when the engine did not understand the question. */
        if (d && dr_json_i64(o, "code", &is) && is == code && dr_json_i64(o, "time", &ms) &&
            ms / 1000 > d->ovf_written)
            d->ovf_written = ms / 1000;
    }
    return e;
}

/*
 * The NICs and direct LUNs of VM, of an object that was asked for with both. Engines before 4.2
 * leave them out: then nothing is known of them.
 */
void
rhv_read_vm_parts(struct dr_arena *a, struct json_object *o, struct dr_inv_vm *vm)
{
    struct json_object *nics = dr_json_get(o, "nics"), *disks = dr_json_get(o, "disk_attachments");
    vm->parts_read =
        json_object_is_type(nics, json_type_object) && json_object_is_type(disks, json_type_object);
    nics = dr_json_get(nics, "nic");
    for (size_t i = 0; i < dr_json_length(nics) && i < RHV_LUNS_MAX; i++) {
        const char *profile = rhv_inner(rhv_item(nics, i), "vnic_profile", "id");
        dr_arena_push(a, vm->profiles, vm->n_profiles) = profile ? dr_arena_str(a, profile) : "";
    }
    disks = dr_json_get(disks, "disk_attachment");
    for (size_t i = 0; i < dr_json_length(disks) && i < RHV_LUNS_MAX; i++) {
        struct json_object *disk = dr_json_get(rhv_item(disks, i), "disk");
        const char *wwid = disk_wwid(disk);
        if (dr_streq(dr_json_str(disk, "storage_type"), "lun") && wwid)
            dr_arena_push(a, vm->luns, vm->n_luns) = dr_arena_str(a, wwid);
    }
}
