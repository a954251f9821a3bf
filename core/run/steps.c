/* The steps of a run, from its plan and from what the store knows of them. */
#include "run/internal.h"

#include "base/str.h"

static const struct dr_plan_group *
flip_of(const struct dr_plan *p, const char *group, size_t *ret_at)
{
    for (size_t i = 0; i < p->n_flips; i++)
        if (dr_streq(p->flips[i].name, group)) {
            *ret_at = i;
            return &p->flips[i];
        }
    return NULL;
}

int
dr_run_steps(struct dr_run *run, struct dr_step **ret, struct drstor_error **err)
{
    struct dr_step_row *rows = NULL;
    size_t n_rows = 0;
    int r = dr_store_step_list(run->s->store, run->arena, run->id, &rows, &n_rows, err);
    if (r < 0)
        return r;
    struct dr_step *steps = dr_arena_alloc(run->arena, run->plan.n_steps + 1, sizeof(*steps));
    for (size_t i = 0; i < run->plan.n_steps; i++) {
        struct dr_step *s = &steps[i];
        size_t at = 0;
        s->run = run;
        s->plan = &run->plan.steps[i];
        s->group = dr_model_group(run->s->model, s->plan->group);
        s->flip = flip_of(&run->plan, s->plan->group, &at);
        if (s->group && s->flip) {
            s->old = dr_group_copy(s->group, s->flip->from);
            s->target = dr_group_copy(s->group, s->flip->to);
        }
        if ((!s->old && s->flip && s->flip->from) || (!s->target && s->flip && s->flip->to) ||
            !s->group || !s->flip)
            return dr_fail(err, DRSTOR_E_CONFLICT,
                           "the configuration no longer has group %s as run %s "
                           "needs it",
                           s->plan->group, run->id);
        s->token = run->locks[at].token;
        s->arena = dr_arena_new();
        dr_map_clear(&dr_stamp_type, &s->row.started);
        s->row.sent = s->row.answered = s->row.deadline = s->row.started;
        s->row.run = run->id;
        s->row.id = s->plan->id;
        s->row.state = "waiting";
        for (size_t k = 0; k < n_rows; k++)
            if (dr_streq(rows[k].id, s->plan->id))
                s->row = rows[k];
        /* A commit's own word is written together with the record: from then on it is done. */
        if (dr_streq(s->row.state, "done") || dr_streq(s->row.state, "committed"))
            s->end = DR_STEP_END_DONE;
    }
    run->steps = steps;
    *ret = steps;
    return DRSTOR_OK;
}

/* What leads up to the one write that decides: the commit of a flip, the intent of a resync. */
static bool
before_decision(enum dr_step_kind kind)
{
    return kind == DR_STEP_PRESYNC || kind == DR_STEP_DRAIN || kind == DR_STEP_RELEASE ||
           kind == DR_STEP_DEMOTE || kind == DR_STEP_FINALSYNC || kind == DR_STEP_FENCE ||
           kind == DR_STEP_COMMIT || kind == DR_STEP_WITHDRAW || kind == DR_STEP_SNAPSHOT ||
           kind == DR_STEP_INTEND || kind == DR_STEP_CLEAN;
}

static bool
decided(const struct dr_step *s, const struct dr_record *rec, const char *run)
{
    if (s->flip->operation == DR_OPERATION_REPROTECT)
        return dr_streq(rec->op.id, run) &&
               (rec->phase == DR_PHASE_RESYNCING || dr_record_settled_by(rec, run));
    return dr_record_committed_by(rec, run, s->flip->to, s->flip->epoch);
}

static bool
is_flip(enum dr_operation op)
{
    return op == DR_OPERATION_SWITCHOVER || op == DR_OPERATION_PROMOTE ||
           op == DR_OPERATION_SURVIVOR || op == DR_OPERATION_SERVE;
}

static const struct dr_step *
step_of(const struct dr_run *run, const struct dr_step *steps, const struct dr_group *g,
        enum dr_step_kind kind)
{
    for (size_t i = 0; i < run->plan.n_steps; i++)
        if (steps[i].group == g && steps[i].plan->kind == kind)
            return &steps[i];
    return NULL;
}

/*
 * This run had decided here, and the record is another operation's now: the group has moved on, and
 * nothing of this run is to be done with it any more.
 */
static bool
moved_on(const struct dr_run *run, const struct dr_step *steps, const struct dr_step *s,
         const struct dr_record *rec)
{
    if (dr_streq(rec->op.id, run->id))
        return false;
    const enum dr_step_kind kinds[] = {DR_STEP_COMMIT, DR_STEP_SETTLE};
    for (size_t i = 0; i < DR_COUNT(kinds); i++) {
        const struct dr_step *x = step_of(run, steps, s->group, kinds[i]);
        if (x && (dr_streq(x->row.state, "done") || dr_streq(x->row.state, "committed")))
            return true;
    }
    return false;
}

/*
 * What an earlier process proved is believed only as far as the record goes. Decided: everything
 * up to there is over, whatever its rows say, and is never done again. Not decided: what was seen
 * is not carried over a crash (safety 3.1), so the fence, or demotion and what follows, begins
 * anew. Operations without such a write set states; each step looks again.
 */
int
dr_run_believe(struct dr_run *run, struct dr_step *steps, struct drstor_error **err)
{
    for (size_t i = 0; i < run->plan.n_steps; i++) {
        struct dr_step *s = &steps[i];
        struct dr_record rec;
        int r = dr_store_load(run->s->store, run->arena, s->group->name, &rec, NULL, err);
        if (r < 0)
            return r;
        bool settled = dr_record_settled_by(&rec, run->id);
        if (moved_on(run, steps, s, &rec))
            s->end = DR_STEP_END_DONE;
        /* The record's last write of a resync takes away what its own step rests on. */
        else if (s->plan->kind == DR_STEP_SETTLE && s->flip->operation == DR_OPERATION_REPROTECT)
            s->end = settled ? DR_STEP_END_DONE : DR_STEP_END_NONE;
        else if (!before_decision(s->plan->kind))
            continue;
        else if (decided(s, &rec, run->id) || (settled && !is_flip(s->flip->operation)))
            s->end = DR_STEP_END_DONE;
        else if (s->plan->kind != DR_STEP_PRESYNC)
            s->end = DR_STEP_END_NONE;
    }
    return DRSTOR_OK;
}
