/*
 * Look, act, look again: how one copy is brought into a wanted state, whatever happens on the way.
 * What the array answered is never believed; what is read back is. Every attempt is bounded.
 */
#include "run/internal.h"

enum { ATTEMPTS = 6 };
static const uint64_t pause_first_ns = 200 * DR_MS;
static const uint64_t pause_most_ns = 5 * DR_S;
/* Waiting for an array that is busy or catching up by itself is no attempt, but it ends too. */
static const uint64_t patience_ns = 1800 * DR_S;

/* The last answer as an error, for the moment when nothing else explains the end. */
static void
remember(struct drstor_error **why, const struct dr_copy *at, const struct dr_reply *reply)
{
    dr_error_freep(why);
    (void)dr_fail(why, reply->status ? reply->status : DRSTOR_E_UNKNOWN, "array %s: %s",
                  at->array->name, reply->error ? reply->error : "no clear answer");
    if (reply->hint)
        dr_hint(why, "%s", reply->hint);
}

static bool
worth_repeating(const struct dr_reply *reply)
{
    return reply->outcome != DRSTOR_OUTCOME_REFUSED || reply->status == DRSTOR_E_BUSY ||
           reply->status == DRSTOR_E_UNREACHABLE;
}

enum dr_step_end
dr_step_drive(struct dr_step *s, const struct dr_drive *d)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    dr_auto(dr_error_freep) struct drstor_error *why = NULL;
    uint64_t pause = pause_first_ns, until = dr_now_ns(s->run->s->env) + patience_ns;
    bool acted = false;

    enum dr_step_end sent = dr_step_finish_sent(s, d->at);
    if (sent != DR_STEP_END_NONE)
        return sent;
    for (int attempt = 0;; attempt++) {
        struct dr_copy_view view;
        int r = dr_step_look_patiently(s, d->at, &view, &err);
        if (r == DRSTOR_E_NOTFOUND && d->may_be_absent) {
            dr_map_clear(&dr_copy_view_type, &view);
            r = DRSTOR_OK;
        }
        if (r < 0) {
            (void)dr_context(&err, r, "cannot read group %s back", s->group->name);
            /* Before the first call of ours nothing is under way: that is a plain failure. */
            return dr_step_fail(
                s, s->row.attempt > 0 ? DR_STEP_END_UNKNOWN : dr_step_end_of_status(r), &err);
        }
        r = d->holds(s, d, &view, &err);
        if (r < 0)
            return dr_step_fail(s, dr_step_end_of_status(r), &err);
        if (r > 0 && (acted || !d->always))
            return DR_STEP_END_DONE;
        if (attempt >= ATTEMPTS || dr_now_ns(s->run->s->env) > until) {
            if (!why)
                (void)dr_fail(&why, DRSTOR_E_CONFLICT,
                              "group %s at %s is still not %s after %d attempts", s->group->name,
                              d->at->site->name, d->wanted, attempt);
            return dr_step_fail(s, DR_STEP_END_FAILED, &why);
        }
        if (attempt > 0 && !dr_step_wait(s, dr_now_ns(s->run->s->env) + pause))
            return dr_step_stopped(s);
        if (attempt > 0 && pause < pause_most_ns)
            pause *= 2;
        if (dr_step_must_stop(s))
            return dr_step_stopped(s);

        struct dr_call call = {0};
        struct dr_reply reply;
        const struct dr_copy *to = d->at;
        r = d->prepare(s, d, &view, &call, &to, &err);
        if (r == DRSTOR_OK && call.operation == DR_ARRAY_OP_UNKNOWN) {
            attempt = attempt > 0 ? attempt - 1 : 0; /* only time is needed */
            continue;
        }
        if (r == DRSTOR_OK)
            r = dr_step_act(s, to, &call, &reply, &err);
        if (r < 0)
            return dr_step_fail(s, dr_step_end_of_status(r), &err);
        if (DR_CANARY("believe-unknown") && reply.outcome == DRSTOR_OUTCOME_UNKNOWN)
            return DR_STEP_END_DONE;
        acted |= reply.outcome != DRSTOR_OUTCOME_REFUSED; /* unclear ones have settled */
        if (reply.outcome == DRSTOR_OUTCOME_REFUSED &&
            (reply.status == DRSTOR_E_BUSY || reply.status == DRSTOR_E_UNREACHABLE))
            attempt = attempt > 0 ? attempt - 1 : 0; /* it was not sent, or not taken */
        if (reply.outcome == DRSTOR_OUTCOME_DONE) {
            if (d->done)
                *d->done = true;
            continue; /* believed when it is read back */
        }
        remember(&why, to, &reply);
        if (reply.status == DRSTOR_E_UNSUPPORTED && to == d->at && !s->source_drives &&
            (call.operation == DR_ARRAY_OP_SYNC_ONCE || call.operation == DR_ARRAY_OP_RESYNC)) {
            s->source_drives = true; /* the contract: the target's array first, then the source's */
            continue;
        }
        if (!worth_repeating(&reply))
            return dr_step_fail(s, DR_STEP_END_FAILED, &why);
        dr_run_event(s->run, s, "retrying", "%s", dr_error_message(why));
    }
}
