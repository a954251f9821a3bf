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
    struct json_object *inner = json_object_new_object(), *outer = json_object_new_object();
    dr_json_set(inner, "registration_vnic_profile_mapping", list);
    dr_json_set(outer, "vnic_profile_mappings", inner);
    return outer;
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
    if (what->n_vnics)
        dr_json_set(body, "registration_configuration", vnic_mappings(what));
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
