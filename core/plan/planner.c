#include "plan/planner.h"

#include "plan/planner_internal.h"

#include "plan/evidence.h"
#include "plan/loss.h"
#include "plan/remains.h"

#include "base/str.h"

/* The proof that the old copy cannot be written, as far as it can be foreseen. False: refused. */
static bool
foresee_fence(struct planner *pl, const struct dr_guard_case *c, struct dr_evidence *expected)
{
    struct dr_fence fence;
    dr_guard_fence(c, &fence);
    if (fence.verdict == DR_FENCE_REFUSED) {
        dr_arena_push(pl->a, pl->p->refusals, pl->p->n_refusals) = fence.refusal;
        return false;
    }
    *expected = fence.evidence;
    pl->flip->evidence = fence.evidence.kind;
    pl->flip->proof = fence.evidence.detail;
    pl->fence_s = fence.verdict == DR_FENCE_WAIT     ? fence.wait_left_s
                  : fence.verdict == DR_FENCE_PROVEN ? 0
                                                     : 2;
    if (fence.verdict == DR_FENCE_WAIT && /* when the run will have it in hand */
        pl->p->earliest < pl->in->facts->now.utc + fence.wait_left_s)
        pl->p->earliest = pl->in->facts->now.utc + fence.wait_left_s;
    return true;
}

static void
no_loss(const struct dr_guard_case *c, const char *method, const char *text, struct dr_loss *ret)
{
    dr_map_clear(&dr_loss_type, ret);
    *ret = (struct dr_loss){.group = c->group->name,
                            .seconds = 0,
                            .bytes = 0,
                            .since = -1,
                            .until = -1,
                            .confidence = DR_CONFIDENCE_PROVEN,
                            .method = method,
                            .text = text};
}

static bool
serves_its_own(const struct planner *pl, const struct dr_guard_case *c, struct dr_loss *ret)
{
    if (pl->flip->point)
        no_loss(c, "as it was agreed to",
                "nothing more is lost than was agreed to when it was promoted", ret);
    else
        no_loss(c, "the primary's own copy", "nothing is lost: it is the primary's own copy", ret);
    return true;
}

/* What the operation gives up or overwrites. False: refused, or it touches no data. */
static bool
weigh_loss(struct planner *pl, const struct dr_guard_case *c, struct dr_loss *ret)
{
    struct dr_evidence expected;
    dr_map_clear(&dr_evidence_type, &expected);
    switch (c->operation) {
    case DR_OPERATION_SWITCHOVER:
        no_loss(c, "final sync after the demotion",
                "nothing is lost: the final sync comes after the demotion", ret);
        return true;
    case DR_OPERATION_SERVE:
        if (!c->adopts)
            return foresee_fence(pl, c, &expected) && serves_its_own(pl, c, ret);
        __attribute__((fallthrough)); /* who made it writable, and from what, nobody here knows */
    case DR_OPERATION_PROMOTE:
    case DR_OPERATION_SURVIVOR:
        if (!foresee_fence(pl, c, &expected))
            return false;
        dr_loss_estimate(pl->a,
                         &(struct dr_loss_case){
                             .group = c->group,
                             .old = c->old,
                             .target = c->target,
                             .record = &c->record->record,
                             .adopted = c->adopts,
                             .facts = pl->in->facts,
                             .evidence = expected.kind != DRSTOR_EVIDENCE_NONE ? &expected : NULL,
                             .point = dr_guard_point(c)},
                         ret);
        return true;
    case DR_OPERATION_REPROTECT:
        dr_loss_destroyed(pl->a, c->group, c->old, c->target, &c->record->record, pl->in->facts,
                          ret);
        return true;
    case DR_OPERATION_DEMOTE:
    case DR_OPERATION_SUSPEND:
    case DR_OPERATION_RESUME:
    case DR_OPERATION_SYNC:
    case DR_OPERATION_DRILL_START:
    case DR_OPERATION_DRILL_PROMOTE:
    case DR_OPERATION_DRILL_CLEAN:
    case DR_OPERATION_GUARD:
    case DR_OPERATION_ADOPT:
    case DR_OPERATION_UNKNOWN:
        break;
    }
    return false;
}

/* What only the victim has must be kept, or given up by name. */
static bool
snapshot_possible(struct planner *pl, const struct dr_guard_case *c, const struct dr_loss *loss)
{
    if (c->operation != DR_OPERATION_REPROTECT || loss->proven_zero ||
        pl->in->goal->waive_snapshot || dr_plan_array_can(pl->in, c->old->array->name, "snapshot"))
        return true;
    dr_arena_push(pl->a, pl->p->refusals, pl->p->n_refusals) = (struct dr_refusal){
        .id = "R043",
        .group = c->group->name,
        .text = dr_arena_printf(pl->a,
                                "array %s cannot keep what only it has of group %s before it is "
                                "overwritten",
                                c->old->array->name, c->group->name),
        .evidence = dr_arena_printf(pl->a, "plugin %s declares no snapshot; %s",
                                    c->old->array->plugin, loss->text),
        .remedy = "copy it away by other means, then --waive-snapshot REASON"};
    return false;
}

static void
plan_group(struct planner *pl, const struct dr_guard_case *c)
{
    size_t refused = pl->p->n_refusals;
    struct dr_loss loss;
    dr_map_clear(&dr_loss_type, &loss);
    bool weighed = weigh_loss(pl, c, &loss);
    if (pl->p->n_refusals > refused || (weighed && !snapshot_possible(pl, c, &loss)))
        return;
    if (weighed) {
        dr_arena_push(pl->a, pl->p->losses, pl->p->n_losses) = loss;
        if (pl->p->n_losses == 1 || dr_loss_worse(&loss, &pl->p->loss))
            pl->p->loss = loss;
    }
    pl->destroys = &loss;
    dr_planner_conditions(pl, c);
    dr_planner_steps(pl, c);
}

/* Nothing is owed, and a point that is asked for is the one that was promoted. */
static bool
went_back(const struct planner *pl, const struct dr_record *r)
{
    const char *point = pl->in->goal->point;
    return !r->left.owed && (!point || dr_streq(point, r->left.point));
}

const char *
dr_planner_owed_point(const struct dr_guard_case *c)
{
    const struct dr_copy_facts *t = c->target_facts;
    const struct dr_left *left = &c->record->record.left;
    bool went = t && t->fresh && dr_view_writable(&t->view);
    return c->operation == DR_OPERATION_SERVE && left->owed && !went ? left->point : NULL;
}

/* The point that the operation goes back to, or clones: as it is listed, or as it is owed. */
static void
plan_point(const struct planner *pl, const struct dr_guard_case *c, struct dr_plan_group *f)
{
    const struct dr_point *p = dr_guard_point(c);
    bool serve = c->operation == DR_OPERATION_SERVE;
    f->point_at = -1;
    if (f->nothing_to_do)
        return;
    f->point = serve ? dr_planner_owed_point(c) : pl->in->goal->point;
    f->point_at = serve && f->point ? c->record->record.left.since : p ? p->at : -1;
}

/* Hosts see all of the target, or nobody here could show it to them. */
static bool
shown(const struct planner *pl, const struct dr_guard_case *c)
{
    return dr_view_exposed_to_all(&c->target_facts->view, c->target) ||
           !dr_plan_array_can(pl->in, c->target->array->name, "expose");
}

/* The engine of the copy that follows has nothing of it in use, as far as it says anything. */
static bool
cleaned(const struct dr_guard_case *c)
{
    struct dr_remains left;
    if (!dr_remains_matter(c) || dr_remains_of_drill(c, c->old->site->name))
        return true;
    dr_remains_at_old(c, &left);
    for (size_t i = 0; i < left.n_domains; i++)
        if (left.domains[i]->status != DR_SD_UNATTACHED)
            return false;
    return left.n_vms == 0;
}

/* Does what was asked for hold already, seen just now? */
static bool
holds_already(const struct planner *pl, const struct dr_guard_case *c)
{
    const struct dr_record *r = &c->record->record;
    const struct dr_copy_facts *o = c->old_facts, *t = c->target_facts;
    bool target = t && t->fresh, old = o && o->fresh;
    struct dr_refusal stale;
    if (!c->record->present || c->adopts || c->record->damaged || !dr_record_at_rest(r) ||
        c->record->open_run || dr_guard_epoch_current(c, &stale))
        return false;
    switch (c->operation) {
    case DR_OPERATION_SERVE:
        /* Writable and seen by nobody is what a run leaves that was given up before its end. */
        return target && dr_view_writable(&t->view) && went_back(pl, r) &&
               dr_planner_vms_run(pl->in, c) && shown(pl, c);
    case DR_OPERATION_DEMOTE:
        return old && dr_view_not_writable(&o->view) &&
               (!dr_view_exposed(&o->view) ||
                !dr_plan_array_can(pl->in, c->old->array->name, "withdraw"));
    case DR_OPERATION_REPROTECT:
        return old && target && r->old_copy == DR_OLD_COPY_NONE && dr_view_not_writable(&o->view) &&
               dr_view_writable(&t->view) && dr_view_keeps_up(&o->view) && cleaned(c);
    case DR_OPERATION_SUSPEND:
        return target && t->view.sync == DRSTOR_SYNC_PAUSED && r->exposed_since >= 0;
    case DR_OPERATION_RESUME:
        return target && dr_view_keeps_up(&t->view) && r->exposed_since < 0;
    case DR_OPERATION_DRILL_CLEAN:
        return !r->drill.name;
    case DR_OPERATION_SURVIVOR: /* it goes on alone already, and the record has it so */
        return target && dr_streq(r->primary, c->target->site->name) &&
               r->old_copy != DR_OLD_COPY_NONE && dr_view_writable(&t->view) &&
               t->view.leg != DRSTOR_LEG_JOINED && shown(pl, c);
    case DR_OPERATION_SWITCHOVER:
    case DR_OPERATION_PROMOTE:
    case DR_OPERATION_SYNC:
    case DR_OPERATION_DRILL_START:
    case DR_OPERATION_DRILL_PROMOTE:
    case DR_OPERATION_GUARD: /* whoever asks has seen that it does not: plan/held.h */
    case DR_OPERATION_ADOPT:
    case DR_OPERATION_UNKNOWN:
        break;
    }
    return false;
}

/* A report counts the outage from there. */
static int64_t
last_answer(const struct dr_facts *facts, const struct dr_copy *old)
{
    const struct dr_endpoint_facts *e =
        old ? dr_facts_endpoint(facts, DR_ENDPOINT_ARRAY, old->array->name) : NULL;
    return e && !e->answers ? e->last_answer.utc : -1;
}

void
dr_plan_make(struct dr_arena *a, const struct dr_plan_input *in, struct dr_plan *ret)
{
    struct planner pl = {.a = a, .in = in, .p = ret};
    dr_map_clear(&dr_plan_type, ret);
    dr_map_copy(a, &dr_goal_type, in->goal, &ret->goal);
    ret->groups = ret->goal.groups;
    ret->n_groups = ret->goal.n_groups;
    ret->made_at = in->facts->now.utc;
    ret->expect_s = 0;

    size_t busy = 0;
    for (size_t i = 0; i < in->goal->n_groups; i++) {
        const struct dr_group *g = dr_model_group(in->model, in->goal->groups[i]);
        struct dr_guard_case c;
        dr_guard_case_init(&c, a, in, g);
        bool there = holds_already(&pl, &c);
        pl.row = dr_table_find(c.operation);
        dr_arena_push(a, ret->flips, ret->n_flips) =
            (struct dr_plan_group){.name = g->name,
                                   .from = c.old ? c.old->site->name : c.record->record.primary,
                                   .to = c.target ? c.target->site->name : in->goal->to,
                                   .primary = c.record->present ? c.record->record.primary : NULL,
                                   .operation = c.operation,
                                   .epoch = c.record->present ? c.record->record.epoch : 0,
                                   .nothing_to_do = there,
                                   .text = dr_planner_flip_text(&pl, &c, there),
                                   .adopt = c.adopts,
                                   .last_answer = last_answer(in->facts, c.old),
                                   .rpo_s = g->rpo_s,
                                   .rto_s = g->rto_s};
        pl.flip = &ret->flips[ret->n_flips - 1];
        plan_point(&pl, &c, pl.flip);
        busy += !there;
        if (!there && dr_guard_group(&c, &ret->refusals, &ret->n_refusals) == 0)
            plan_group(&pl, &c);
    }
    dr_planner_rooms(&pl);
    if (busy)
        (void)dr_guard_goal(a, in, &ret->refusals, &ret->n_refusals);
    if (ret->n_refusals) { /* one answer for all: nothing is started for some of them */
        ret->steps = NULL;
        ret->n_steps = 0;
        ret->conditions = NULL;
        ret->n_conditions = 0;
        ret->earliest = -1;
    }
    if (ret->n_losses == 0) { /* not "unknown": no step overwrites or gives up anything */
        ret->loss.seconds = ret->loss.bytes = 0;
        ret->loss.proven_zero = true;
        ret->loss.confidence = DR_CONFIDENCE_PROVEN;
        ret->loss.method = "nothing is promoted or overwritten";
        ret->loss.text = "no data is touched";
    }
    ret->expect_s = dr_planner_longest(a, ret);
    ret->id = dr_plan_digest(a, ret);
}

int
dr_plan_still_holds(const struct dr_plan *then, const struct dr_plan *fresh,
                    struct drstor_error **err)
{
    if (fresh->n_refusals) {
        const struct dr_refusal *r = &fresh->refusals[0];
        int s = dr_fail(err, DRSTOR_E_CONFLICT, "the plan is stale: %s (%s)", r->text, r->id);
        dr_hint(err, "make a new plan");
        return s;
    }
    for (size_t i = 0; i < then->n_conditions; i++) {
        const struct dr_plan_condition *c = &then->conditions[i];
        bool holds = c->open;
        for (size_t j = 0; j < fresh->n_conditions && !holds; j++)
            holds = dr_streq(c->text, fresh->conditions[j].text);
        if (!holds) {
            int s = dr_fail(err, DRSTOR_E_CONFLICT, "the plan is stale: \"%s\" no longer holds",
                            c->text);
            dr_hint(err, "make a new plan");
            return s;
        }
    }
    for (size_t i = 0; i < fresh->n_steps; i++)
        if (!dr_plan_step_find(then, fresh->steps[i].id)) {
            int s = dr_fail(err, DRSTOR_E_CONFLICT,
                            "the plan is stale: now it would need the step \"%s\"",
                            fresh->steps[i].text);
            dr_hint(err, "make a new plan");
            return s;
        }
    return DRSTOR_OK;
}
