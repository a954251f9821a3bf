/*
 * Which step may start now. The graph is the plan's; steps run beside each other wherever nothing
 * holds them apart. One thread decides, each step does its calls on a task of its own.
 */
#include "run/internal.h"

#include "base/str.h"

#include <string.h>

static enum dr_step_end
execute(struct dr_step *s)
{
    switch (s->plan->kind) {
    case DR_STEP_PRESYNC:
        return dr_step_presync(s);
    case DR_STEP_DRAIN:
        return dr_step_drain(s);
    case DR_STEP_RELEASE:
        return dr_step_release(s);
    case DR_STEP_DEMOTE:
        return dr_step_demote(s);
    case DR_STEP_FINALSYNC:
        return dr_step_finalsync(s);
    case DR_STEP_FENCE:
        return dr_step_fence(s);
    case DR_STEP_COMMIT:
        return dr_step_commit(s);
    case DR_STEP_PROMOTE:
        return dr_step_promote(s);
    case DR_STEP_TAG:
        return dr_step_tag(s);
    case DR_STEP_WITHDRAW:
        return dr_step_withdraw(s);
    case DR_STEP_SNAPSHOT:
        return dr_step_snapshot(s);
    case DR_STEP_INTEND:
        return dr_step_intend(s);
    case DR_STEP_REVERSE:
    case DR_STEP_RESYNC:
        return dr_step_resync(s);
    case DR_STEP_FOLLOW:
        return dr_step_follow(s);
    case DR_STEP_PAUSE:
        return dr_step_pause(s);
    case DR_STEP_UNPAUSE:
        return dr_step_unpause(s);
    case DR_STEP_TRANSFER:
        return dr_step_transfer(s);
    case DR_STEP_CLONE:
        return dr_step_clone(s);
    case DR_STEP_REHEARSE:
        return dr_step_rehearse(s);
    case DR_STEP_UNCLONE:
        return dr_step_unclone(s);
    case DR_STEP_UNSTAGE:
        return dr_step_unstage(s);
    case DR_STEP_EXPOSE:
        return dr_step_expose(s);
    case DR_STEP_HANDOVER:
        return dr_step_handover(s);
    case DR_STEP_STAGE:
        return dr_step_stage(s);
    case DR_STEP_SETTLE:
        return dr_step_settle(s);
    case DR_STEP_CLOSE:
        return dr_step_close(s);
    case DR_STEP_CLEAN:
        return dr_step_clean(s);
    case DR_STEP_GIVEBACK:
        return dr_step_give_back(s);
    case DR_STEP_UNKNOWN:
        break;
    }
    (void)dr_fail(&s->err, DRSTOR_E_INTERNAL, "step %s is of no known kind", s->plan->id);
    return DR_STEP_END_FAILED;
}

static const char *
end_word(enum dr_step_end end)
{
    switch (end) {
    case DR_STEP_END_DONE:
        return "done";
    case DR_STEP_END_REFUSED:
        return "refused";
    case DR_STEP_END_FAILED:
        return "failed";
    case DR_STEP_END_UNKNOWN:
        return "unknown";
    case DR_STEP_END_INTERRUPTED:
        return "interrupted";
    case DR_STEP_END_NONE:
        break;
    }
    return "waiting";
}

/* What a step leaves behind. An intent or a job without an end stays as it is: a resume takes it
 * up. */
static void
leave(struct dr_step *s)
{
    bool open = dr_streq(s->row.state, "sent") || dr_streq(s->row.state, "job") ||
                dr_streq(s->row.state, "unclear");
    if (s->result == DR_STEP_END_DONE || !open)
        s->row.state = end_word(s->result);
    s->row.answered = dr_stamp_now(s->run->s->env);
    if (s->err && s->result != DR_STEP_END_DONE && !open) {
        dr_auto(dr_json_putp) struct json_object *before = NULL;
        struct json_object *o = json_object_new_object();
        if (s->row.answer) /* what became of each VM stays to be told */
            (void)dr_json_parse(s->row.answer, strlen(s->row.answer), &dr_json_inventory, &before,
                                NULL);
        if (dr_json_get(before, "vms"))
            dr_json_set(o, "vms", json_object_get(dr_json_get(before, "vms")));
        dr_json_set_str(o, "status", dr_status_name(dr_error_status(s->err)));
        dr_json_set_str(o, "error", dr_error_message(s->err));
        dr_json_set_str(o, "hint", dr_error_hint(s->err));
        dr_json_set_str(o, "rule", dr_error_rule(s->err));
        s->row.answer = dr_arena_str(s->arena, dr_json_text(o));
        (void)json_object_put(o);
    }
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    int r = dr_store_step_put(s->run->s->store, &s->row, &err);
    if (r < 0 && s->result == DR_STEP_END_DONE) { /* done, and nobody would know: not done */
        s->result = DR_STEP_END_FAILED;
        dr_error_move(&s->err, &err);
    }
}

static void
step_main(void *arg)
{
    struct dr_step *s = arg;
    DR_FP("step.start");
    struct dr_require_case c = {0};
    /* What the step rests on is read after its hooks, which may take an hour. */
    s->result = dr_hooks_at(s, true);
    if (s->result == DR_STEP_END_DONE && !dr_step_weighs_itself(s))
        s->result = dr_step_needs(s, &c);
    if (s->result == DR_STEP_END_DONE)
        s->result = execute(s);
    if (s->result == DR_STEP_END_DONE)
        s->result = dr_hooks_at(s, false);
    leave(s);
    pthread_mutex_lock(&s->run->lock);
    s->awaited = s->coming = false;
    pthread_mutex_unlock(&s->run->lock);
    DR_FP("step.end");
    dr_mailbox_post(s->run->box, s);
}

static const struct dr_step *
find(const struct dr_step *steps, size_t n, const char *id)
{
    for (size_t i = 0; i < n; i++)
        if (dr_streq(steps[i].plan->id, id))
            return &steps[i];
    return NULL;
}

/* on_error: stop: after a failure of such a group no other group is begun. */
static bool
held_back(const struct dr_step *steps, size_t n, const struct dr_step *s)
{
    bool begun = false, stop = false;
    for (size_t i = 0; i < n; i++) {
        begun |= steps[i].group == s->group && steps[i].started;
        stop |= steps[i].end != DR_STEP_END_NONE && steps[i].end != DR_STEP_END_DONE &&
                steps[i].group->on_error == DR_ON_ERROR_STOP;
    }
    return stop && !begun;
}

static bool
may_start(const struct dr_step *steps, size_t n, const struct dr_step *s)
{
    for (size_t i = 0; i < s->plan->n_needs; i++) {
        const struct dr_step *on = find(steps, n, s->plan->needs[i]);
        if (!on || on->end != DR_STEP_END_DONE)
            return false;
    }
    /*
     * From the first commit of an unplanned promote on, nothing contacts the lost site
     * (safety 3.2). So every group's fence has to have ended before, one way or the other.
     */
    for (size_t i = 0; s->plan->kind == DR_STEP_COMMIT && i < n; i++)
        if (steps[i].plan->kind == DR_STEP_FENCE && steps[i].end == DR_STEP_END_NONE)
            return false;
    /* VMs go down in one order over all groups, so they begin together. */
    for (size_t i = 0; s->plan->kind == DR_STEP_DRAIN && i < n; i++)
        if (steps[i].plan->kind == DR_STEP_PRESYNC && steps[i].end == DR_STEP_END_NONE &&
            !held_back(steps, n, &steps[i]))
            return false;
    return true;
}

/* Those that leave an engine wait there until all of them are there, or have ended before. */
static void
await_each_other(struct dr_run *run, struct dr_step *const *begun, size_t n)
{
    pthread_mutex_lock(&run->lock);
    for (size_t i = 0; i < n; i++)
        begun[i]->awaited = begun[i]->plan->kind == DR_STEP_DRAIN ||
                            begun[i]->plan->kind == DR_STEP_CLEAN ||
                            begun[i]->plan->kind == DR_STEP_UNSTAGE;
    pthread_mutex_unlock(&run->lock);
}

/* Needs stand before what needs them, so one pass tells who can still begin. */
static void
tell_who_comes(struct dr_run *run, struct dr_step *steps, size_t n)
{
    pthread_mutex_lock(&run->lock);
    bool *may = dr_arena_alloc(run->arena, n + 1, sizeof(*may)); /* shared with the steps */
    for (size_t i = 0; i < n; i++) {
        may[i] = steps[i].end == DR_STEP_END_DONE ||
                 (steps[i].end == DR_STEP_END_NONE && !held_back(steps, n, &steps[i]));
        for (size_t k = 0; may[i] && k < steps[i].plan->n_needs; k++) {
            const struct dr_step *on = find(steps, n, steps[i].plan->needs[k]);
            may[i] = on && may[on - steps];
        }
        if (!steps[i].started)
            steps[i].coming = may[i] && steps[i].end == DR_STEP_END_NONE;
    }
    pthread_mutex_unlock(&run->lock);
}

void
dr_run_schedule(struct dr_run *run, struct dr_step *steps, size_t n)
{
    size_t running = 0;
    struct dr_step **begun = dr_arena_alloc(run->arena, n + 1, sizeof(*begun));
    for (;;) {
        size_t n_begun = 0;
        tell_who_comes(run, steps, n);
        for (size_t i = 0; i < n; i++) {
            struct dr_step *s = &steps[i];
            if (s->started || s->end != DR_STEP_END_NONE || !may_start(steps, n, s) ||
                held_back(steps, n, s) || dr_step_must_stop(s))
                continue;
            s->started = true;
            begun[n_begun++] = s;
        }
        await_each_other(run, begun, n_begun);
        for (size_t i = 0; i < n_begun; i++) {
            begun[i]->row.started = dr_stamp_now(run->s->env);
            dr_run_event(run, begun[i], "started", "%s", begun[i]->plan->text);
            running++;
            dr_spawn(run->s->env, step_main, begun[i]);
        }
        if (running == 0)
            return;
        struct dr_step *ended = dr_mailbox_wait(run->box, UINT64_MAX, NULL);
        running--;
        ended->end = ended->result;
        dr_run_event(run, ended, end_word(ended->end), "%s",
                     ended->end == DR_STEP_END_DONE ? ended->plan->text
                                                    : dr_error_message(ended->err));
    }
}
