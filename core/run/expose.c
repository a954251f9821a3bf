#include "run/internal.h"

#include "base/str.h"

static int
exposed(struct dr_step *s, const struct dr_drive *d, const struct dr_copy_view *v,
        struct drstor_error **err)
{
    (void)s;
    (void)err;
    return dr_view_exposed_to_all(v, d->at);
}

static int
expose(struct dr_step *s, const struct dr_drive *d, const struct dr_copy_view *v,
       struct dr_call *call, const struct dr_copy **to, struct drstor_error **err)
{
    (void)to;
    (void)v;
    (void)err;
    call->operation = DR_ARRAY_OP_EXPOSE;
    call->host_groups = d->at->expose;
    call->n_host_groups = d->at->n_expose;
    call->planned = true;
    call->epoch = (uint64_t)s->flip->epoch + 1;
    return DRSTOR_OK;
}

enum dr_step_end
dr_step_expose(struct dr_step *s)
{
    const struct dr_drive drive = {.at = s->target,
                                   .wanted = "exposed to every host group",
                                   .holds = exposed,
                                   .prepare = expose};
    return dr_step_drive(s, &drive);
}

/* ---- the other way --------------------------------------------------------------------------- */

static void
add_host_group(struct dr_step *s, struct dr_call *call, const char *name)
{
    for (size_t i = 0; i < call->n_host_groups; i++)
        if (dr_streq(call->host_groups[i], name))
            return;
    if (name)
        dr_arena_push(s->arena, call->host_groups, call->n_host_groups) = name;
}

bool
dr_call_withdraw(struct dr_step *s, const struct dr_copy_view *v, struct dr_call *call)
{
    for (size_t m = 0; m < v->n_members; m++)
        for (size_t i = 0; i < v->members[m].n_paths; i++)
            add_host_group(s, call, v->members[m].paths[i].host_group);
    if (call->n_host_groups)
        call->operation = DR_ARRAY_OP_WITHDRAW;
    return call->n_host_groups > 0;
}

static int
withdrawn(struct dr_step *s, const struct dr_drive *d, const struct dr_copy_view *v,
          struct drstor_error **err)
{
    (void)s;
    (void)d;
    (void)err;
    return !dr_view_exposed(v);
}

static int
withdraw(struct dr_step *s, const struct dr_drive *d, const struct dr_copy_view *v,
         struct dr_call *call, const struct dr_copy **to, struct drstor_error **err)
{
    (void)to;
    (void)err;
    /* None sees it: sent all the same where that must carry our token, to those it is meant for. */
    if (!dr_call_withdraw(s, v, call)) {
        call->operation = DR_ARRAY_OP_WITHDRAW;
        call->host_groups = d->at->expose;
        call->n_host_groups = d->at->n_expose;
    }
    call->planned = d->planned;
    call->epoch = (uint64_t)s->flip->epoch;
    return DRSTOR_OK;
}

enum dr_step_end
dr_step_take_hosts(struct dr_step *s, const struct dr_copy *copy, bool planned, bool always)
{
    const struct dr_drive drive = {.at = copy,
                                   .wanted = "withdrawn",
                                   .holds = withdrawn,
                                   .prepare = withdraw,
                                   .planned = planned,
                                   .always = always};
    return dr_step_drive(s, &drive);
}

enum dr_step_end
dr_step_withdraw(struct dr_step *s)
{
    return dr_step_take_hosts(s, s->old, true, false);
}

enum dr_step_end
dr_step_handover(struct dr_step *s)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_copy_view view;
    int r = dr_step_look_patiently(s, s->target, &view, &err);
    for (size_t i = 0; r == DRSTOR_OK && i < view.n_members; i++)
        if (!view.members[i].wwid)
            r = dr_fail(&err, DRSTOR_E_PROTOCOL,
                        "array %s does not say under which WWID hosts see volume %s",
                        s->target->array->name, view.members[i].id);
    if (r < 0)
        return dr_step_fail(s, dr_step_end_of_status(r), &err);
    struct dr_handover h;
    dr_handover_make(s->arena, s->group->name, s->target->site->name, &view,
                     dr_now_utc(s->run->s->env), &h);
    r = dr_step_keep(s, "read", dr_map_write(&dr_handover_type, &h), &err);
    return r < 0 ? dr_step_fail(s, dr_step_end_of_status(r), &err) : DR_STEP_END_DONE;
}
