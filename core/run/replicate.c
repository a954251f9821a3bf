#include "run/internal.h"

#include "base/str.h"
#include "model/words.h"

/* The array that drives a transfer: the target's, or the source's where that one cannot. */
static int
transfer_call(struct dr_step *s, struct dr_call *call, const struct dr_copy **to, struct drstor_error **err)
{
    const struct dr_plugin *p = NULL;
    int r = dr_endpoints_plugin(s->run->s->ends, s->target->array, &p, err);
    if (r < 0)
        return r;
    *to = dr_plugin_can(p, DR_ARRAY_OP_SYNC_ONCE) ? s->target : s->old;
    call->operation = DR_ARRAY_OP_SYNC_ONCE;
    call->planned = true;
    call->epoch = (uint64_t)s->flip->epoch;
    return DRSTOR_OK;
}

/* Makes the final sync short. When it does not work, the final one will say why. */
enum dr_step_end
dr_step_presync(struct dr_step *s)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_call call = {0};
    struct dr_reply reply;
    const struct dr_copy *to = NULL;
    if (dr_step_must_stop(s))
        return dr_step_stopped(s);
    dr_step_finish_sent(s, s->target);
    int r = transfer_call(s, &call, &to, &err);
    if (r == DRSTOR_OK)
        r = dr_step_act(s, to, &call, &reply, &err);
    if (r < 0)
        return dr_step_fail(s, dr_step_end_of_status(r), &err);
    if (reply.outcome != DRSTOR_OUTCOME_DONE)
        dr_run_event(s->run, s, "skipped", "array %s: %s; the final sync will take longer", to->array->name,
                     reply.error ? reply.error : "no clear answer");
    return DR_STEP_END_DONE;
}

/*
 * Proven means: while the old copy is not writable, the target is read in sync. An asynchronous
 * target counts only after a transfer that began after the demotion.
 */
static int
all_there(struct dr_step *s, const struct dr_drive *d, const struct dr_copy_view *v,
          struct drstor_error **err)
{
    struct dr_copy_view old;
    int r = dr_step_look_patiently(s, s->old, &old, err);
    if (r < 0)
        return r;
    if (!dr_view_access_is(&old, DRSTOR_ACCESS_READ_ONLY))
        return dr_fail(err, DRSTOR_E_CONFLICT, "group %s at %s is %s again: somebody undid the demotion",
                       s->group->name, s->old->site->name, dr_name(&dr_access_names, (int)old.access));
    return *d->done && v->relation == DRSTOR_RELATION_DESTINATION && v->sync == DRSTOR_SYNC_IN_SYNC &&
           v->lag_bytes <= 0;
}

static int
transfer(struct dr_step *s, const struct dr_drive *d, const struct dr_copy_view *v, struct dr_call *call,
         const struct dr_copy **to, struct drstor_error **err)
{
    (void)d;
    if (s->group->mode == DR_MODE_SYNC && v->sync == DRSTOR_SYNC_SYNCING)
        return DRSTOR_OK; /* it catches up by itself */
    return transfer_call(s, call, to, err);
}

enum dr_step_end
dr_step_finalsync(struct dr_step *s)
{
    bool transferred = s->group->mode != DR_MODE_ASYNC;
    const struct dr_drive drive = {.at = s->target, .wanted = "in sync", .holds = all_there,
                                   .prepare = transfer, .done = &transferred};
    return dr_step_drive(s, &drive);
}

static int
follows(struct dr_step *s, const struct dr_drive *d, const struct dr_copy_view *v,
        struct drstor_error **err)
{
    (void)s;
    (void)d;
    (void)err;
    return v->relation == DRSTOR_RELATION_DESTINATION;
}

static void
add_host_group(struct dr_step *s, struct dr_call *call, const char *name)
{
    for (size_t i = 0; i < call->n_host_groups; i++)
        if (dr_streq(call->host_groups[i], name))
            return;
    if (name)
        dr_arena_push(s->arena, call->host_groups, call->n_host_groups) = name;
}

/* The source is the primary of the record, never what looks writable or newer (S5). */
static int
reverse(struct dr_step *s, const struct dr_drive *d, const struct dr_copy_view *v, struct dr_call *call,
        const struct dr_copy **to, struct drstor_error **err)
{
    const struct dr_plugin *p = NULL;
    (void)d;
    (void)to;
    int r = dr_endpoints_plugin(s->run->s->ends, s->old->array, &p, err);
    if (r < 0)
        return r;
    call->epoch = (uint64_t)s->flip->epoch + 1;
    /* Somebody made it writable since: what was written there would be overwritten. */
    if (!dr_view_access_is(v, DRSTOR_ACCESS_READ_ONLY))
        return dr_fail(err, DRSTOR_E_CONFLICT, "group %s at %s is %s; it is not overwritten", s->group->name,
                       s->old->site->name, dr_name(&dr_access_names, (int)v->access));
    /* A copy that is about to be overwritten must not be in anybody's hands (P6). */
    for (size_t m = 0; m < v->n_members; m++)
        for (size_t i = 0; i < v->members[m].n_paths; i++)
            add_host_group(s, call, v->members[m].paths[i].host_group);
    if (call->n_host_groups && dr_plugin_can(p, DR_ARRAY_OP_WITHDRAW)) {
        call->operation = DR_ARRAY_OP_WITHDRAW;
        call->planned = true;
        return DRSTOR_OK;
    }
    call->host_groups = NULL;
    call->n_host_groups = 0;
    call->operation = DR_ARRAY_OP_RESYNC;
    call->planned = true;
    call->source = s->target->id;
    call->target = s->old->id;
    call->expect = v->generation;
    return DRSTOR_OK;
}

enum dr_step_end
dr_step_reverse(struct dr_step *s)
{
    const struct dr_drive drive = {.at = s->old, .wanted = "following the new primary", .holds = follows,
                                   .prepare = reverse};
    return dr_step_drive(s, &drive);
}
