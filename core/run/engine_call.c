#include "run/engine_call.h"

static const uint64_t ovf_first_ns = 250 * DR_MS;
static const uint64_t ovf_pause_most_ns = 4 * DR_S;
static const uint64_t ovf_most_ns = 600 * DR_S;

/*
 * The engine only begins to write, and its job tells the end. A job it has forgotten ended well:
 * one that failed is kept for an hour.
 */
static int
update_ovf(struct dr_env *env, struct dr_rhv *rhv, const struct dr_rhv_how *how, const char *sd,
           struct drstor_error **err)
{
    struct dr_rhv_answer answer = {0};
    enum drstor_job_state state = DRSTOR_JOB_UNKNOWN;
    int r = dr_rhv_update_ovf(rhv, how, sd, &answer, err);
    uint64_t now = dr_now_ns(env), until = now + ovf_most_ns, pause = ovf_first_ns;
    if (r < 0 || !answer.job[0])
        return r;
    for (; now < until; now = dr_now_ns(env)) {
        r = dr_rhv_job(rhv, how, answer.job, &state, err);
        if (r == DRSTOR_E_NOTFOUND) {
            dr_error_freep(err);
            return DRSTOR_OK;
        }
        if (r < 0 && r != DRSTOR_E_UNREACHABLE && r != DRSTOR_E_BUSY)
            return r;
        dr_error_freep(err);
        if (r == DRSTOR_OK && state == DRSTOR_JOB_SUCCEEDED)
            return DRSTOR_OK;
        if (r == DRSTOR_OK && state == DRSTOR_JOB_FAILED)
            return dr_fail(err, DRSTOR_E_REFUSED,
                           "%s could not write what storage domain %s says of its VMs",
                           dr_rhv_name(rhv), sd);
        if (dr_sleep_until(env, now + pause, how->cancel) != DRSTOR_OK)
            return dr_fail(err, DRSTOR_E_CANCELLED, "interrupted");
        pause = pause < ovf_pause_most_ns ? pause * 2 : pause;
    }
    return dr_fail(err, DRSTOR_E_UNKNOWN,
                   "%s has not told yet whether storage domain %s was written", dr_rhv_name(rhv),
                   sd);
}

int
dr_engine_call(struct dr_env *env, struct dr_rhv *rhv, const struct dr_mapping *mapping,
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
                                         .name = x->as,
                                         .cluster = x->cluster,
                                         .vnics = x->vnics,
                                         .n_vnics = x->n_vnics,
                                         .maps = x->as ? NULL : &maps, /* no LUN but the clone's */
                                         .allow_partial = x->partial,
                                         .reassign_bad_macs = x->reassign_bad_macs};
    const struct dr_rhv_import import = {.id = x->id,
                                         .name = x->as ? x->as : x->name,
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
    case DR_STAGE_SHUTDOWN:
        return dr_rhv_shutdown_vm(rhv, &how, x->id, NULL, err);
    case DR_STAGE_POWER_OFF:
        return dr_rhv_stop_vm(rhv, &how, x->id, NULL, err);
    case DR_STAGE_UPDATE_OVF:
        return update_ovf(env, rhv, &how, x->id, err);
    case DR_STAGE_DEACTIVATE:
        return dr_rhv_deactivate(rhv, &how, x->dc, x->id, x->force, NULL, err);
    case DR_STAGE_DETACH:
        return dr_rhv_detach(rhv, &how, x->dc, x->id, NULL, err);
    case DR_STAGE_SELECT_SPM:
        return dr_rhv_select_spm(rhv, &how, x->id, NULL, err);
    case DR_STAGE_REMOVE:
        return dr_rhv_remove(rhv, &how, x->id, NULL, err);
    case DR_STAGE_REMOVE_VM:
        return dr_rhv_remove_vm(rhv, &how, x->id, NULL, err);
    case DR_STAGE_HOST_OFF:
    case DR_STAGE_HOST_ON:
        return dr_rhv_host_power(rhv, &how, x->id, x->kind == DR_STAGE_HOST_ON, NULL, err);
    case DR_STAGE_HOOK: /* is nobody's call: dr_hook_run() */
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
