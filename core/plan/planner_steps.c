/* The steps of a group: which of its row, after what, and how long each is expected to take. */
#include "plan/planner_internal.h"

#include "plan/drill.h"
#include "plan/hook.h"
#include "plan/remains.h"
#include "plan/stage.h"

#include "base/str.h"

static const char *
step_id(struct dr_arena *a, enum dr_step_kind kind, const char *group)
{
    return dr_arena_printf(a, "%s:%s", dr_name(&dr_step_kind_names, (int)kind), group);
}

static struct dr_plan_step *
step_find(struct dr_plan *p, enum dr_step_kind kind, const char *group)
{
    for (size_t i = 0; i < p->n_steps; i++)
        if (p->steps[i].kind == kind && dr_streq(p->steps[i].group, group))
            return &p->steps[i];
    return NULL;
}

static void
need(struct planner *pl, struct dr_plan_step *s, enum dr_step_kind kind)
{
    const struct dr_plan_step *on = step_find(pl->p, kind, s->group);
    if (on)
        dr_arena_push(pl->a, s->needs, s->n_needs) = on->id;
}

/*
 * What must be over before a step of KIND starts: the steps that its row puts before it. Only after
 * the promotion things run beside each other: nothing that serves waits for the old copy to follow.
 */
static void
needs(struct planner *pl, struct dr_plan_step *s)
{
    switch (s->kind) {
    case DR_STEP_UNKNOWN:
    case DR_STEP_PRESYNC:
    case DR_STEP_FENCE:
    case DR_STEP_PAUSE:
    case DR_STEP_UNPAUSE:
    case DR_STEP_TRANSFER:
    case DR_STEP_CLONE:
    case DR_STEP_REHEARSE:
    case DR_STEP_CLOSE:
    case DR_STEP_CLEAN:
    case DR_STEP_UNSTAGE:
        break;
    case DR_STEP_UNCLONE:
        need(pl, s, DR_STEP_COMMIT); /* of a flip: only then does its array obey the new epoch */
        need(pl, s, DR_STEP_TAG);
        need(pl, s, DR_STEP_UNSTAGE);
        break;
    case DR_STEP_DRAIN:
        need(pl, s, DR_STEP_PRESYNC);
        break;
    case DR_STEP_RELEASE:
        need(pl, s, DR_STEP_DRAIN);
        break;
    case DR_STEP_DEMOTE:
        need(pl, s, DR_STEP_CLEAN);
        need(pl, s, DR_STEP_PRESYNC);
        need(pl, s, DR_STEP_RELEASE);
        break;
    case DR_STEP_FINALSYNC:
    case DR_STEP_WITHDRAW:
        need(pl, s, DR_STEP_DEMOTE);
        break;
    case DR_STEP_SNAPSHOT:
        need(pl, s, DR_STEP_DEMOTE);
        need(pl, s, DR_STEP_WITHDRAW);
        break;
    case DR_STEP_INTEND:
        need(pl, s, DR_STEP_DEMOTE);
        need(pl, s, DR_STEP_WITHDRAW);
        need(pl, s, DR_STEP_SNAPSHOT);
        break;
    case DR_STEP_RESYNC:
        need(pl, s, DR_STEP_INTEND);
        break;
    case DR_STEP_FOLLOW:
        need(pl, s, DR_STEP_RESYNC);
        break;
    case DR_STEP_COMMIT:
        need(pl, s, DR_STEP_FINALSYNC);
        need(pl, s, DR_STEP_FENCE);
        break;
    case DR_STEP_TAG:
        need(pl, s, DR_STEP_COMMIT);
        break;
    case DR_STEP_PROMOTE:
        need(pl, s, DR_STEP_COMMIT);
        need(pl, s, DR_STEP_TAG);
        break;
    case DR_STEP_REVERSE:
        need(pl, s, DR_STEP_PROMOTE);
        break;
    case DR_STEP_EXPOSE:
    case DR_STEP_GIVEBACK:
        need(pl, s, DR_STEP_PROMOTE);
        need(pl, s, DR_STEP_UNCLONE);
        break;
    case DR_STEP_HANDOVER:
        need(pl, s, DR_STEP_PROMOTE);
        need(pl, s, DR_STEP_EXPOSE);
        need(pl, s, DR_STEP_UNCLONE);
        break;
    case DR_STEP_STAGE:
        need(pl, s, DR_STEP_HANDOVER);
        need(pl, s, DR_STEP_REHEARSE);
        break;
    case DR_STEP_SETTLE: {
        /* Not for the old copy to follow: what is served is served, even if that site dies now. */
        static const enum dr_step_kind last[] = {DR_STEP_PROMOTE,  DR_STEP_EXPOSE,  DR_STEP_STAGE,
                                                 DR_STEP_WITHDRAW, DR_STEP_FOLLOW,  DR_STEP_PAUSE,
                                                 DR_STEP_TRANSFER, DR_STEP_CLONE,   DR_STEP_UNCLONE,
                                                 DR_STEP_UNPAUSE,  DR_STEP_REHEARSE};
        for (size_t i = 0; i < DR_COUNT(last); i++)
            need(pl, s, last[i]);
        if (!s->n_needs)
            need(pl, s, DR_STEP_DEMOTE);
        break;
    }
    }
}

static bool
wanted(const struct planner *pl, const struct dr_guard_case *c, const struct dr_table_step *t)
{
    const struct dr_copy *at = t->at_target ? c->target : c->old;
    bool engine = c->target && c->target->site->engine && !pl->in->goal->storage_only;
    const struct dr_record *rec = &c->record->record;
    switch (t->kind) {
    case DR_STEP_UNSTAGE: /* also where VMs are left alone: they are the drill's, and in the way */
        return at->site->engine && dr_drill_staged_at(rec, at->site->name);
    case DR_STEP_UNCLONE:
        if (c->operation != DR_OPERATION_DRILL_CLEAN)
            return dr_drill_shown_at(rec, at->site->name);
        break;
    case DR_STEP_HANDOVER:
    case DR_STEP_STAGE:
        return engine;
    case DR_STEP_DRAIN:
    case DR_STEP_RELEASE:
        return c->old->site->engine && !pl->in->goal->storage_only;
    case DR_STEP_CLEAN:
        return dr_remains_matter(c);
    case DR_STEP_GIVEBACK:
        return c->old->site->engine && !pl->in->goal->storage_only && dr_planner_took_room(c);
    case DR_STEP_EXPOSE:
        return at->n_expose > 0;
    case DR_STEP_PRESYNC:
        /* A synchronous pair has nothing to transfer; that it is in sync is read after the
         * demotion. */
        return c->group->mode == DR_MODE_ASYNC;
    case DR_STEP_FINALSYNC:
        return true;
    case DR_STEP_SNAPSHOT:
        /* Nothing that only this copy has: nothing to keep. */
        return !pl->destroys->proven_zero &&
               dr_plan_array_can(pl->in, at->array->name, t->capability);
    case DR_STEP_UNKNOWN:
    case DR_STEP_DEMOTE:
    case DR_STEP_FENCE:
    case DR_STEP_COMMIT:
    case DR_STEP_TAG:
    case DR_STEP_PROMOTE:
    case DR_STEP_REVERSE:
    case DR_STEP_WITHDRAW:
    case DR_STEP_INTEND:
    case DR_STEP_RESYNC:
    case DR_STEP_FOLLOW:
    case DR_STEP_PAUSE:
    case DR_STEP_UNPAUSE:
    case DR_STEP_TRANSFER:
    case DR_STEP_CLONE:
    case DR_STEP_REHEARSE:
    case DR_STEP_SETTLE:
    case DR_STEP_CLOSE:
        break;
    }
    return !t->optional || !t->capability ||
           dr_plan_array_can(pl->in, at->array->name, t->capability);
}

static int64_t
expect(struct planner *pl, const struct dr_guard_case *c, const struct dr_table_step *t,
       const struct dr_plan_step *s)
{
    const struct dr_copy *at = t->at_target ? c->target : c->old;
    if (dr_planner_has_vms(s->kind))
        return dr_planner_vms_expect_s(pl->a, pl->in, c, s);
    if (s->kind == DR_STEP_FENCE)
        return pl->fence_s;
    if (s->kind == DR_STEP_FINALSYNC && c->group->mode == DR_MODE_SYNC)
        return 1; /* one look, no transfer */
    return t->capability ? dr_plan_array_expect_s(pl->in, at->array->name, t->capability) : 0;
}

void
dr_planner_steps(struct planner *pl, const struct dr_guard_case *c)
{
    for (size_t i = 0; i < pl->row->n_steps; i++) {
        const struct dr_table_step *t = &pl->row->steps[i];
        if (!wanted(pl, c, t))
            continue;
        const struct dr_copy *at = t->at_target ? c->target : c->old;
        struct dr_plan_step s = {.id = step_id(pl->a, t->kind, c->group->name),
                                 .kind = t->kind,
                                 .group = c->group->name,
                                 .site = at->site->name,
                                 .array =
                                     dr_planner_has_vms(t->kind) || t->kind == DR_STEP_COMMIT ||
                                             t->kind == DR_STEP_GIVEBACK ||
                                             t->kind == DR_STEP_SETTLE || t->kind == DR_STEP_INTEND
                                         ? NULL
                                         : at->array->name};
        size_t n_known = dr_planner_has_vms(t->kind) ? dr_planner_vms(pl->a, pl->in, c, &s) : 0;
        if (t->kind == DR_STEP_STAGE)
            dr_planner_arrive(pl, c);
        if (t->kind == DR_STEP_GIVEBACK)
            s.n_others = dr_planner_give_back(pl, c, &s.others);
        s.text = dr_planner_step_text(pl, c, &s, n_known);
        s.expect_s = expect(pl, c, t, &s);
        s.n_hooks = dr_hook_texts(pl->a, pl->in->model, t->kind, c->operation, &s.hooks);
        needs(pl, &s);
        dr_arena_push(pl->a, pl->p->steps, pl->p->n_steps) = s;
    }
}

int64_t
dr_planner_longest(struct dr_arena *a, const struct dr_plan *p)
{
    int64_t most = 0;
    int64_t *end = dr_arena_alloc(a, p->n_steps ? p->n_steps : 1, sizeof(*end));
    for (size_t i = 0; i < p->n_steps; i++) {
        for (size_t j = 0; j < p->steps[i].n_needs; j++)
            for (size_t k = 0; k < i; k++)
                if (dr_streq(p->steps[k].id, p->steps[i].needs[j]) && end[k] > end[i])
                    end[i] = end[k];
        end[i] += p->steps[i].expect_s > 0 ? p->steps[i].expect_s : 0;
        if (end[i] > most)
            most = end[i];
    }
    return most;
}
