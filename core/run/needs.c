/*
 * Before a step starts, what its row of the table needs is looked at: not what was read when the
 * plan was made, not what an earlier step brought about. The predicate is plan/require.h, which the
 * model checker walks, too.
 */
#include "run/internal.h"

#include "plan/guard.h"

#include "base/str.h"

/* What must be read for a condition to be judged. */
enum {
    OF_OLD = DR_REQUIRE_OLD_REACHABLE | DR_REQUIRE_OLD_NOT_WRITABLE | DR_REQUIRE_SYNCED_AFTER |
             DR_REQUIRE_OLD_WITHDRAWN | DR_REQUIRE_FOLLOWS,
    OF_TARGET = DR_REQUIRE_TARGET_REACHABLE | DR_REQUIRE_RELATION_HEALTHY |
                DR_REQUIRE_SYNCED_AFTER | DR_REQUIRE_TARGET_WRITABLE | DR_REQUIRE_EXPOSED |
                DR_REQUIRE_CONSISTENT
};

static const struct dr_table_step *
table_step(const struct dr_step *s)
{
    const struct dr_table_row *row = dr_table_find(s->flip->operation);
    for (size_t i = 0; row && i < row->n_steps; i++)
        if (row->steps[i].kind == s->plan->kind)
            return &row->steps[i];
    return NULL;
}

/* Did a step of KIND of this group end well, in this life or an earlier one? */
static bool
step_done(const struct dr_step *s, enum dr_step_kind kind)
{
    for (size_t i = 0; i < s->run->plan.n_steps; i++) {
        const struct dr_step *x = &s->run->steps[i];
        if (x->plan->kind == kind && x->group == s->group)
            return x->end == DR_STEP_END_DONE;
    }
    return false;
}

/*
 * VMs may have been started since the plan was made: asked again right before storage is taken from
 * under them. YES with a refusal in the step's error; UNKNOWN when the store failed.
 */
static enum drstor_tristate
vms_at_old(struct dr_step *s, const struct dr_record *rec)
{
    struct dr_run *run = s->run;
    if (run->plan.goal.storage_only || !s->old->site->engine)
        return DRSTOR_TRI_NO;
    const char *group = s->group->name, *site = s->old->site->name;
    const struct dr_observe_what what = {
        .groups = &group, .n_groups = 1, .sites = &site, .n_sites = 1, .engines = true};
    struct dr_facts facts;
    struct dr_refusal refusal;
    struct dr_guard_case c;
    const struct dr_plan_record record = {.group = group, .present = true, .record = *rec};
    const struct dr_plan_input in = {.model = run->s->model,
                                     .facts = &facts,
                                     .records = &record,
                                     .n_records = 1,
                                     .goal = &run->plan.goal,
                                     .own_run = run->id};
    dr_observe(run->s->ends, run->s->env, run->s->model, &what, NULL, run->s->cancel, s->arena,
               &facts);
    dr_guard_case_init(&c, s->arena, &in, s->group);
    if (!dr_guard_vms_at_old(&c, &refusal))
        return DRSTOR_TRI_NO;
    (void)dr_refuse(&s->err, "R019", "%s (%s)", refusal.text, refusal.evidence);
    dr_hint(&s->err, "%s", refusal.remedy);
    return DRSTOR_TRI_YES;
}

/*
 * What this run has drained and released is looked at again, patiently: it cannot be refused any
 * more, because what was shut down has to run somewhere in the end.
 */
static int
look_at_engine(struct dr_step *s, struct dr_require_case *c, struct drstor_error **err)
{
    struct dr_stage_group now;
    c->vms_at_old = c->attached_at_old = DRSTOR_TRI_NO;
    if (s->run->plan.goal.storage_only || !s->old->site->engine)
        return DRSTOR_OK;
    int r = dr_guests_look(s, &now, &c->attached_at_old, err);
    for (size_t i = 0; r == DRSTOR_OK && i < now.n_vms; i++)
        if (now.vms[i].start)
            c->vms_at_old = DRSTOR_TRI_YES;
    return r;
}

static const char *
missing_text(struct dr_step *s, unsigned missing)
{
    struct dr_str text = {0};
    for (unsigned bit = 1; bit && bit <= missing; bit <<= 1)
        if (missing & bit)
            dr_str_printf(&text, "%s\"%s\"", text.n ? ", " : "",
                          dr_require_text((enum dr_require)bit));
    const char *kept = dr_arena_str(s->arena, text.s ? text.s : "");
    dr_str_freep(&text);
    return kept;
}

/* Fills in what can be read; what the caller weighed itself stays. */
static int
read_case(struct dr_step *s, unsigned needs, struct dr_require_case *c, struct drstor_error **err)
{
    struct dr_record *rec = dr_arena_alloc(s->arena, 1, sizeof(*rec));
    struct dr_copy_view *views = dr_arena_alloc(s->arena, 2, sizeof(*views));
    int r = dr_store_load(s->run->s->store, s->arena, s->group->name, rec, NULL, err);
    if (r < 0)
        return r;
    c->group = s->group;
    c->record = rec;
    c->run = s->run->id;
    c->plan = s->flip;
    c->transferred = s->group->mode == DR_MODE_SYNC || step_done(s, DR_STEP_FINALSYNC);
    c->kept = step_done(s, DR_STEP_SNAPSHOT) || s->run->plan.goal.waive_snapshot != NULL;
    if (!c->old && (needs & OF_OLD)) {
        r = dr_step_look_patiently(s, s->old, &views[0], err);
        if (r < 0)
            return r;
        c->old = &views[0];
    }
    if (!c->target && (needs & OF_TARGET)) {
        r = dr_step_look_patiently(s, s->target, &views[1], err);
        if (r < 0)
            return r;
        c->target = &views[1];
    }
    /* A copy that answers is believed as it is now, whatever was proven of it; one that does not is
     * not waited for. */
    bool there = s->flip->operation == DR_OPERATION_SWITCHOVER ||
                 (s->flip->operation == DR_OPERATION_SERVE && !s->run->plan.goal.unplanned);
    if (!c->old && there && (needs & DR_REQUIRE_EVIDENCE) &&
        dr_step_look(s, s->old, &views[0], NULL) == DRSTOR_OK)
        c->old = &views[0];
    if (s->flip->operation == DR_OPERATION_SWITCHOVER &&
        (needs & (DR_REQUIRE_NO_VMS_AT_OLD | DR_REQUIRE_OLD_DETACHED)))
        return look_at_engine(s, c, err);
    if (needs & DR_REQUIRE_NO_VMS_AT_OLD)
        c->vms_at_old = vms_at_old(s, rec);
    return DRSTOR_OK;
}

enum dr_step_end
dr_step_needs(struct dr_step *s, struct dr_require_case *c)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    const struct dr_table_step *t = table_step(s);
    if (!t || DR_CANARY("no-fence") || DR_CANARY("no-snapshot") || DR_CANARY("no-final-sync") ||
        DR_CANARY("any-loss") || DR_CANARY("first-member") || DR_CANARY("believe-unknown"))
        return DR_STEP_END_DONE;
    int r = read_case(s, t->needs, c, &err);
    if (r < 0)
        return dr_step_fail(s, dr_step_end_of_status(r), &err);
    if (s->err)
        return DR_STEP_END_REFUSED;
    unsigned missing = dr_require_missing(t->needs, c);
    if (!missing)
        return DR_STEP_END_DONE;
    if ((missing & DR_REQUIRE_RECORD) && dr_record_still_ours(s, c->record, &err) < 0)
        return dr_step_fail(s, DR_STEP_END_REFUSED, &err);
    (void)dr_fail(&err, DRSTOR_E_CONFLICT, "group %s: what this step rests on does not hold: %s",
                  s->group->name, missing_text(s, missing));
    dr_hint(&err, "see drstor status %s; resume when it holds again, or abort the run",
            s->group->name);
    return dr_step_fail(s, DR_STEP_END_FAILED, &err);
}

/* A commit weighs evidence and loss itself, and an intent what it destroys. */
bool
dr_step_weighs_itself(const struct dr_step *s)
{
    return s->plan->kind == DR_STEP_COMMIT || s->plan->kind == DR_STEP_INTEND;
}
