/* The end of an operation: looked at once more, then the record is at rest. */
#include "run/internal.h"

#include "base/str.h"
#include "model/words.h"

static void
let_go(struct dr_step *s, struct dr_record *r, const char *site)
{
    const char **held = r->site_hold;
    size_t n = r->n_site_hold;
    r->site_hold = NULL;
    r->n_site_hold = 0;
    for (size_t i = 0; i < n; i++)
        if (!dr_streq(held[i], site))
            dr_arena_push(s->arena, r->site_hold, r->n_site_hold) = held[i];
}

/* Deleting its clone was a step of this run, and this one comes after it. */
static bool
ends_drill(const struct dr_step *s)
{
    for (size_t i = 0; i < s->run->plan.n_steps; i++)
        if (s->run->plan.steps[i].kind == DR_STEP_UNCLONE &&
            dr_streq(s->run->plan.steps[i].group, s->group->name))
            return true;
    return false;
}

static int
steady(struct dr_step *s, struct dr_record *r, void *user, struct drstor_error **err)
{
    const struct dr_copy_view *view = user;
    (void)err;
    dr_record_op(s, r);
    switch (s->flip->operation) {
    case DR_OPERATION_SWITCHOVER:
    case DR_OPERATION_PROMOTE:
    case DR_OPERATION_SERVE:
    case DR_OPERATION_SURVIVOR:
        r->members = view->members;
        r->n_members = view->n_members;
        break;
    case DR_OPERATION_REPROTECT:
        r->old_copy = DR_OLD_COPY_NONE;
        r->left = (struct dr_left){.since = -1, .seconds = -1, .bytes = -1};
        r->exposed_since = -1;
        let_go(s, r, s->old->site->name);
        break;
    case DR_OPERATION_SUSPEND:
        if (r->exposed_since < 0)
            r->exposed_since = dr_now_utc(s->run->s->env);
        break;
    case DR_OPERATION_RESUME:
        r->exposed_since = -1;
        break;
    case DR_OPERATION_DRILL_CLEAN: /* ends_drill() */
    case DR_OPERATION_DEMOTE:
    case DR_OPERATION_SYNC:
    case DR_OPERATION_DRILL_START:
    case DR_OPERATION_DRILL_PROMOTE:
    case DR_OPERATION_GUARD:
    case DR_OPERATION_ADOPT:
    case DR_OPERATION_UNKNOWN:
        break;
    }
    if (ends_drill(s))
        r->drill = (struct dr_drill){.started = -1};
    dr_record_rest(r);
    return DRSTOR_OK;
}

/* Is it, now, what the operation was for? */
static int
last_look(struct dr_step *s, struct dr_copy_view *ret, struct drstor_error **err)
{
    enum dr_operation op = s->flip->operation;
    bool flip = op == DR_OPERATION_SWITCHOVER || op == DR_OPERATION_PROMOTE ||
                op == DR_OPERATION_SERVE || op == DR_OPERATION_SURVIVOR;
    bool closed = op == DR_OPERATION_DEMOTE || op == DR_OPERATION_REPROTECT;
    if (!flip && !closed)
        return DRSTOR_OK;
    const struct dr_copy *at = flip ? s->target : s->old;
    int r = dr_step_look_patiently(s, at, ret, err);
    if (r < 0 || DR_CANARY("believe-unknown") || DR_CANARY("first-member") ||
        (flip ? dr_view_writable(ret) : dr_view_not_writable(ret)))
        return r;
    return dr_fail(err, DRSTOR_E_CONFLICT, "group %s at %s is %s, although it was %s",
                   s->group->name, at->site->name, dr_name(&dr_access_names, (int)ret->access),
                   flip ? "promoted" : "demoted");
}

enum dr_step_end
dr_step_settle(struct dr_step *s)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_copy_view view;
    /* What was still under way to the engine when the drill was removed from it may have come. */
    if (s->flip->operation == DR_OPERATION_DRILL_CLEAN && s->target->site->engine) {
        enum dr_step_end end = dr_step_unstage(s);
        if (end != DR_STEP_END_DONE)
            return end;
    }
    int r = last_look(s, &view, &err);
    if (r == DRSTOR_OK)
        r = dr_record_change(s, "steady", steady, &view, &err);
    return r < 0 ? dr_step_fail(s, dr_step_end_of_status(r), &err) : DR_STEP_END_DONE;
}
