/* Bringing the target up to date, and stopping that. Nothing here overwrites anything of its own.
 */
#include "run/internal.h"

#include "plan/guard.h"

#include "base/str.h"
#include "model/words.h"

const struct dr_copy *
dr_step_driver(struct dr_step *s, enum dr_array_op op)
{
    const struct dr_plugin *p = NULL;
    bool can = dr_endpoints_plugin(s->run->s->ends, s->target->array, &p, NULL) == DRSTOR_OK &&
               dr_plugin_can(p, op);
    return can && !s->source_drives ? s->target : s->old;
}

static void
transfer_call(struct dr_step *s, struct dr_call *call, const struct dr_copy **to)
{
    *to = dr_step_driver(s, DR_ARRAY_OP_SYNC_ONCE);
    call->operation = DR_ARRAY_OP_SYNC_ONCE;
    call->planned = true;
    call->epoch = (uint64_t)s->flip->epoch;
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
    enum dr_step_end sent = dr_step_finish_sent(s, s->target);
    if (sent != DR_STEP_END_NONE)
        return sent;
    transfer_call(s, &call, &to);
    int r = dr_step_act(s, to, &call, &reply, &err);
    if (r < 0)
        return dr_step_fail(s, dr_step_end_of_status(r), &err);
    if (reply.outcome != DRSTOR_OUTCOME_DONE)
        dr_run_event(s->run, s, "skipped", "array %s: %s; the final sync will take longer",
                     to->array->name, reply.error ? reply.error : "no clear answer");
    return DR_STEP_END_DONE;
}

/* What was read back is not so any more, and must not count later (--within). */
static int
forget_proof(struct dr_step *s, struct dr_record *r, void *user, struct drstor_error **err)
{
    (void)user;
    (void)err;
    if (!dr_streq(r->op.id, s->run->id) || r->n_evidence == 0)
        return 1;
    r->evidence = NULL;
    r->n_evidence = 0;
    return DRSTOR_OK;
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
        (void)dr_record_change(s, "undone", forget_proof, NULL, NULL);
    if (!dr_view_access_is(&old, DRSTOR_ACCESS_READ_ONLY))
        return dr_fail(err, DRSTOR_E_CONFLICT,
                       "group %s at %s is %s again: somebody undid the demotion", s->group->name,
                       s->old->site->name, dr_name(&dr_access_names, (int)old.access));
    return *d->done && v->relation == DRSTOR_RELATION_DESTINATION &&
           v->sync == DRSTOR_SYNC_IN_SYNC && v->lag_bytes <= 0;
}

static int
transfer(struct dr_step *s, const struct dr_drive *d, const struct dr_copy_view *v,
         struct dr_call *call, const struct dr_copy **to, struct drstor_error **err)
{
    (void)d;
    if (s->group->mode == DR_MODE_SYNC && v->sync == DRSTOR_SYNC_SYNCING)
        return DRSTOR_OK; /* it catches up by itself */
    (void)err;
    transfer_call(s, call, to);
    return DRSTOR_OK;
}

enum dr_step_end
dr_step_finalsync(struct dr_step *s)
{
    if (DR_CANARY("no-final-sync"))
        return DR_STEP_END_DONE;
    bool transferred = s->group->mode != DR_MODE_ASYNC;
    const struct dr_drive drive = {.at = s->target,
                                   .wanted = "in sync",
                                   .holds = all_there,
                                   .prepare = transfer,
                                   .done = &transferred};
    enum dr_step_end end = dr_step_drive(s, &drive);
    if (end != DR_STEP_END_DONE)
        return end;
    /* What the old copy is now; if it is something else when it shall follow, somebody wrote to it.
     */
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_copy_view old;
    int r = dr_step_look_patiently(s, s->old, &old, &err);
    if (r == DRSTOR_OK && !dr_view_access_is(&old, DRSTOR_ACCESS_READ_ONLY))
        r = dr_fail(&err, DRSTOR_E_CONFLICT, "group %s at %s is writable again", s->group->name,
                    s->old->site->name);
    if (r == DRSTOR_OK) {
        struct json_object *o = json_object_new_object();
        dr_json_set_str(o, "generation", old.generation);
        r = dr_step_keep(s, "in-sync", o, &err);
    }
    return r < 0 ? dr_step_fail(s, dr_step_end_of_status(r), &err) : DR_STEP_END_DONE;
}

/* ---- sync, as a verb of its own -------------------------------------------------------------- */

/* A transfer that began after we did has brought everything written until then. */
static int
transferred(struct dr_step *s, const struct dr_drive *d, const struct dr_copy_view *v,
            struct drstor_error **err)
{
    (void)err;
    return (*d->done || (s->group->mode == DR_MODE_SYNC && v->sync == DRSTOR_SYNC_IN_SYNC)) &&
           dr_view_keeps_up(v);
}

enum dr_step_end
dr_step_transfer(struct dr_step *s)
{
    bool done = false;
    const struct dr_drive drive = {.at = s->target,
                                   .wanted = "up to date",
                                   .holds = transferred,
                                   .prepare = transfer,
                                   .done = &done};
    return dr_step_drive(s, &drive);
}

/* ---- suspend and resume ---------------------------------------------------------------------- */

static int
is_paused(struct dr_step *s, const struct dr_drive *d, const struct dr_copy_view *v,
          struct drstor_error **err)
{
    (void)s;
    (void)d;
    (void)err;
    return v->sync == DRSTOR_SYNC_PAUSED;
}

static int
goes_on(struct dr_step *s, const struct dr_drive *d, const struct dr_copy_view *v,
        struct drstor_error **err)
{
    (void)s;
    (void)d;
    (void)err;
    return v->relation == DRSTOR_RELATION_DESTINATION &&
           (v->sync == DRSTOR_SYNC_SYNCING || dr_view_keeps_up(v));
}

static int
pause_call(struct dr_step *s, const struct dr_drive *d, const struct dr_copy_view *v,
           struct dr_call *call, const struct dr_copy **to, struct drstor_error **err)
{
    if (v->relation != DRSTOR_RELATION_DESTINATION) /* there it may mean a resync (S5) */
        return dr_fail(err, DRSTOR_E_CONFLICT, "group %s at %s does not follow anything",
                       s->group->name, s->target->site->name);
    call->operation = d->holds == is_paused ? DR_ARRAY_OP_SUSPEND : DR_ARRAY_OP_RESUME;
    call->planned = true;
    call->epoch = (uint64_t)s->flip->epoch;
    *to = dr_step_driver(s, call->operation);
    return DRSTOR_OK;
}

enum dr_step_end
dr_step_pause(struct dr_step *s)
{
    const struct dr_drive drive = {
        .at = s->target, .wanted = "paused", .holds = is_paused, .prepare = pause_call};
    return dr_step_drive(s, &drive);
}

enum dr_step_end
dr_step_unpause(struct dr_step *s)
{
    const struct dr_drive drive = {
        .at = s->target, .wanted = "following again", .holds = goes_on, .prepare = pause_call};
    return dr_step_drive(s, &drive);
}
