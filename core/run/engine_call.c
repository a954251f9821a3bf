#include "run/engine_call.h"

int
dr_engine_call(struct dr_rhv *rhv, const struct dr_mapping *mapping,
               const struct dr_stage_action *x, const struct dr_cancel *cancel, struct dr_arena *a,
               struct dr_inv_domain **found, size_t *n_found, struct drstor_error **err)
{
    const struct dr_rhv_how how = {.cancel = cancel};
    const struct dr_rhv_target target = {x->portal, x->target};
    struct dr_mapping maps;
    /* Here and not in the action, which is kept: passwords of LUNs stay where they are. */
    dr_mapping_direct(a, mapping, x->from, x->to, &maps);
    bool iscsi = x->protocol && x->protocol[0] == 'i' && x->target;
    const struct dr_rhv_register what = {.domain = x->domain,
                                         .id = x->id,
                                         .cluster = x->cluster,
                                         .vnics = x->vnics,
                                         .n_vnics = x->n_vnics,
                                         .maps = &maps,
                                         .allow_partial = x->partial,
                                         .reassign_bad_macs = x->reassign_bad_macs};
    const struct dr_rhv_import import = {.id = x->id,
                                         .name = x->name,
                                         .host = x->host,
                                         .protocol = iscsi ? "iscsi" : "fcp",
                                         .targets = &target,
                                         .n_targets = iscsi ? 1 : 0};
    switch (x->kind) {
    case DR_STAGE_DISCOVER:
        return dr_rhv_discover(rhv, &how, x->id, &target, iscsi ? 1 : 0, a, found, n_found, err);
    case DR_STAGE_LOGIN:
        return dr_rhv_iscsi_login(rhv, &how, x->id, &target, err);
    case DR_STAGE_IMPORT:
        return dr_rhv_import(rhv, &how, &import, NULL, err);
    case DR_STAGE_ATTACH:
        return dr_rhv_attach(rhv, &how, x->dc, x->id, NULL, err);
    case DR_STAGE_ACTIVATE:
        return dr_rhv_activate(rhv, &how, x->dc, x->id, NULL, err);
    case DR_STAGE_REGISTER_TEMPLATE:
        return dr_rhv_register_template(rhv, &how, &what, NULL, err);
    case DR_STAGE_REGISTER_VM:
        return dr_rhv_register_vm(rhv, &how, &what, NULL, err);
    case DR_STAGE_START:
        return dr_rhv_start_vm(rhv, &how, x->id, NULL, err);
    case DR_STAGE_UNKNOWN:
        break;
    }
    return dr_fail(err, DRSTOR_E_INTERNAL, "no such call of the stage");
}

void
dr_engine_action_copy(struct dr_arena *a, const struct dr_stage_action *from,
                      struct dr_stage_action *to)
{
    dr_map_copy(a, &dr_stage_action_type, from, to);
}
