/* Bringing what an attached domain offers into the engine. */
#include "base/mem.h"
#include "base/str.h"
#include "rhv/api.h"
#include "rhv/calls.h"

static void
set_profile(struct json_object *o, const char *profile, const char *network)
{
    dr_json_set_str(o, "name", profile);
    if (!network)
        return;
    struct json_object *net = json_object_new_object();
    dr_json_set_str(net, "name", network);
    dr_json_set(o, "network", net);
}

/* LIST as "WHAT_mappings": { "registration_WHAT_mapping": [..] } into CONFIGURATION; none when
 * empty. */
static void
set_mappings(struct json_object *configuration, const char *what, struct json_object *list)
{
    dr_auto(dr_str_freep) struct dr_str outer = {0}, inner = {0};
    if (!dr_json_length(list)) {
        (void)json_object_put(list);
        return;
    }
    dr_str_printf(&outer, "%s_mappings", what);
    dr_str_printf(&inner, "registration_%s_mapping", what);
    struct json_object *o = json_object_new_object();
    dr_json_set(o, inner.s, list);
    dr_json_set(configuration, outer.s, o);
}

/* The inner form; the outer list of older clients is ignored by the engine beside it. */
static struct json_object *
vnic_mappings(const struct dr_rhv_register *what)
{
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < what->n_vnics; i++) {
        const struct dr_vnic_map *m = &what->vnics[i];
        struct json_object *one = json_object_new_object(), *from = json_object_new_object();
        set_profile(from, m->from_profile, m->from_network);
        dr_json_set(one, "from", from);
        /* Without a target the NIC stays and is on no network, which is what drills want. */
        if (m->to_profile_id || m->to_profile) {
            struct json_object *to = json_object_new_object();
            if (m->to_profile_id)
                dr_json_set_str(to, "id", m->to_profile_id);
            else
                set_profile(to, m->to_profile, m->to_network);
            dr_json_set(one, "to", to);
        }
        json_object_array_add(list, one);
    }
    return list;
}

static struct json_object *
named(const char *name)
{
    struct json_object *o = json_object_new_object();
    dr_json_set_str(o, "name", name);
    return o;
}

static struct json_object *
pair_mappings(const struct dr_pair_map *maps, size_t n)
{
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < n; i++) {
        struct json_object *one = json_object_new_object();
        dr_json_set(one, "from", named(maps[i].from));
        dr_json_set(one, "to", named(maps[i].to));
        json_object_array_add(list, one);
    }
    return list;
}

/*
 * One LUN as a disk of the engine. The target replaces the whole LUN, with all that leads to it:
 * configurations on storage keep no passwords, so they come from the mapping.
 */
static struct json_object *
lun_disk(const struct dr_lun_side *lun, bool whole)
{
    struct json_object *unit = json_object_new_object(), *units = json_object_new_array();
    dr_json_set_str(unit, "id", lun->id);
    if (whole && lun->type == DR_DOMAIN_ISCSI) {
        dr_auto(dr_str_freep) struct dr_str port = {0};
        dr_str_printf(&port, "%lld", (long long)lun->port);
        dr_json_set_str(unit, "address", lun->address);
        dr_json_set_str(unit, "port", port.s);
        dr_json_set_str(unit, "portal", lun->portal);
        dr_json_set_str(unit, "target", lun->target);
        dr_json_set_str(unit, "username", lun->username);
        if (lun->password)
            dr_json_set_str(unit, "password", dr_secret_bytes(lun->password));
    }
    json_object_array_add(units, unit);
    struct json_object *list = json_object_new_object(), *storage = json_object_new_object(),
                       *disk = json_object_new_object();
    dr_json_set(list, "logical_unit", units);
    dr_json_set_str(storage, "type", lun->type == DR_DOMAIN_ISCSI ? "iscsi" : "fcp");
    dr_json_set(storage, "logical_units", list);
    dr_json_set(disk, "lun_storage", storage);
    return disk;
}

static struct json_object *
lun_mappings(const struct dr_mapping *maps)
{
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < maps->n_luns; i++) {
        struct json_object *one = json_object_new_object();
        dr_json_set(one, "from", lun_disk(&maps->luns[i].from, false));
        dr_json_set(one, "to", lun_disk(&maps->luns[i].to, true));
        json_object_array_add(list, one);
    }
    return list;
}

/* The caller puts it. Templates have no LUNs and are in no affinity group. */
static struct json_object *
configuration(const struct dr_rhv_register *what, bool vm)
{
    static const struct dr_mapping none;
    const struct dr_mapping *maps = what->maps ? what->maps : &none;
    struct json_object *o = json_object_new_object();
    if (!what->cluster)
        set_mappings(o, "cluster", pair_mappings(maps->clusters, maps->n_clusters));
    set_mappings(o, "vnic_profile", vnic_mappings(what));
    set_mappings(o, "role", pair_mappings(maps->roles, maps->n_roles));
    set_mappings(o, "domain", pair_mappings(maps->domains, maps->n_domains));
    if (!vm)
        return o;
    set_mappings(o, "lun", lun_mappings(maps));
    set_mappings(o, "affinity_group",
                 pair_mappings(maps->affinity_groups, maps->n_affinity_groups));
    set_mappings(o, "affinity_label",
                 pair_mappings(maps->affinity_labels, maps->n_affinity_labels));
    return o;
}

static const char *
word(bool value)
{
    return value ? "true" : "false";
}

static int
register_one(struct dr_rhv *r, const struct dr_rhv_how *how, const struct dr_rhv_register *what,
             bool vm, struct dr_rhv_answer *ret, struct drstor_error **err)
{
    dr_auto(dr_freep) char *path = NULL;
    dr_auto(dr_json_putp) struct json_object *body = json_object_new_object();
    if (vm) {
        dr_json_set_str(body, "allow_partial_import", word(what->allow_partial));
        dr_json_set_str(body, "reassign_bad_macs", word(what->reassign_bad_macs));
    }
    dr_json_set_str(body, "name", what->name);
    if (what->cluster) {
        struct json_object *cluster = json_object_new_object();
        dr_json_set_str(cluster, "name", what->cluster);
        dr_json_set(body, "cluster", cluster);
    }
    struct json_object *maps = configuration(what, vm);
    if (json_object_object_length(maps))
        dr_json_set(body, "registration_configuration", maps);
    else
        (void)json_object_put(maps);
    const char *form =
        vm ? "/storagedomains/%/vms/%/register" : "/storagedomains/%/templates/%/register";
    int e = rhv_path(&path, err, form, what->domain, what->id);
    if (e == DRSTOR_OK)
        e = rhv_act(r, how, "POST", path, body, ret, err);
    return e < 0 ? dr_context(err, e, "cannot register %s %s", vm ? "VM" : "template",
                              what->name ? what->name : what->id)
                 : e;
}

int
dr_rhv_register_vm(struct dr_rhv *r, const struct dr_rhv_how *how,
                   const struct dr_rhv_register *what, struct dr_rhv_answer *ret,
                   struct drstor_error **err)
{
    return register_one(r, how, what, true, ret, err);
}

int
dr_rhv_register_template(struct dr_rhv *r, const struct dr_rhv_how *how,
                         const struct dr_rhv_register *what, struct dr_rhv_answer *ret,
                         struct drstor_error **err)
{
    return register_one(r, how, what, false, ret, err);
}
