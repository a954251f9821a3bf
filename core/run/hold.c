/* The groups that a run holds: their locks, and what a holder before it may have left behind. */
#include "run/internal.h"

#include "base/str.h"

#include <string.h>

static size_t
by_name(const struct dr_plan *p, size_t *order)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n_flips; i++)
        if (!p->flips[i].nothing_to_do)
            order[n++] = i;
    for (size_t i = 1; i < n; i++)
        for (size_t j = i;
             j > 0 && strcmp(p->flips[order[j]].name, p->flips[order[j - 1]].name) < 0; j--) {
            size_t t = order[j];
            order[j] = order[j - 1];
            order[j - 1] = t;
        }
    return n;
}

/* May something still act that was sent under this lock, or under the one before it? */
static bool
unsettled(const struct dr_run *run, size_t flip)
{
    if (run->locks[flip].owner_died && !run->settled)
        return true;
    for (size_t i = 0; run->steps && i < run->plan.n_steps; i++) {
        const char *state = run->steps[i].row.state;
        if (run->steps[i].flip == &run->plan.flips[flip] && run->steps[i].end != DR_STEP_END_DONE &&
            (dr_streq(state, "sent") || dr_streq(state, "job") || dr_streq(state, "unclear")))
            return true;
    }
    return false;
}

void
dr_run_unlock(struct dr_run *run)
{
    for (size_t i = 0; i < run->plan.n_flips; i++) {
        const char *group = run->plan.flips[i].name;
        if (run->locks[i].token <= 0)
            continue;
        dr_endpoints_let_go(run->s->ends, dr_store_lock_fd(run->s->store, group));
        if (unsettled(run, i))
            dr_store_forsake(run->s->store, group, run->locks[i].token);
        else
            (void)dr_store_unlock(run->s->store, group, run->locks[i].token, NULL);
        run->locks[i].token = 0;
    }
}

/* In alphabetical order, or two runs wait for each other; nobody waits long for a person's run. */
int
dr_run_lock(struct dr_run *run, struct drstor_error **err)
{
    size_t *order = dr_arena_alloc(run->arena, run->plan.n_flips + 1, sizeof(*order));
    size_t n = by_name(&run->plan, order);
    run->locks = dr_arena_alloc(run->arena, run->plan.n_flips + 1, sizeof(*run->locks));
    for (size_t i = 0; i < n; i++) {
        int r =
            dr_store_lock(run->s->store, run->arena, run->plan.flips[order[i]].name, &run->s->who,
                          run->id, dr_name(&dr_verb_names, (int)run->plan.goal.verb), 0,
                          run->s->cancel, &run->locks[order[i]], err);
        if (r < 0) {
            dr_run_unlock(run);
            return r;
        }
        dr_endpoints_hold(run->s->ends,
                          dr_store_lock_fd(run->s->store, run->plan.flips[order[i]].name));
    }
    return DRSTOR_OK;
}

int
dr_run_still_holds(struct dr_run *run, struct drstor_error **err)
{
    int r = DRSTOR_OK;
    for (size_t i = 0; r == DRSTOR_OK && i < run->plan.n_flips; i++)
        if (run->locks[i].token > 0)
            r = dr_store_guard(run->s->store, run->plan.flips[i].name, run->locks[i].token, err);
    return r;
}

/* The copies that this run speaks of, each once. */
static size_t
copies_of(const struct dr_run *run, size_t flip, const struct dr_copy *ret[2])
{
    const struct dr_plan_group *f = &run->plan.flips[flip];
    const struct dr_group *g = dr_model_group(run->s->model, f->name);
    const struct dr_copy *both[2] = {g && f->from ? dr_group_copy(g, f->from) : NULL,
                                     g && f->to ? dr_group_copy(g, f->to) : NULL};
    size_t n = 0;
    for (size_t i = 0; i < 2; i++)
        if (both[i] && (n == 0 || ret[0] != both[i]))
            ret[n++] = both[i];
    return n;
}

/*
 * After an owner's death the next holder waits until nothing it sent can still act (safety 5.1):
 * settle_ms is over, and no array has an unfinished job of a group. False: stopped before that.
 */
bool
dr_run_settle(struct dr_run *run)
{
    const struct dr_copy *copies[2];
    uint64_t ms = 0;
    bool died = false;
    for (size_t i = 0; i < run->plan.n_flips; i++) {
        /* Of a run whose place this one takes, nobody looked what it had sent. */
        run->locks[i].owner_died |= run->n_superseded > 0 && run->locks[i].token > 0;
        died |= run->locks[i].owner_died;
        for (size_t k = copies_of(run, i, copies); run->locks[i].owner_died && k > 0; k--) {
            uint64_t one = dr_settle_ms(run->s, copies[k - 1]->array);
            ms = one > ms ? one : ms;
        }
    }
    run->settled = !died || DR_CANARY("no-settle");
    if (run->settled)
        return true;
    dr_run_event(run, NULL, "settling",
                 "the run before died with its lock held; waiting until nothing it "
                 "sent can still act");
    if (dr_sleep_until(run->s->env, dr_now_ns(run->s->env) + ms * DR_MS, run->s->cancel) < 0)
        return false;
    for (size_t i = 0; i < run->plan.n_flips; i++)
        for (size_t k = copies_of(run, i, copies); run->locks[i].owner_died && k > 0; k--)
            if (!dr_jobs_ended(run->s, copies[k - 1], run->arena))
                return false;
    run->settled = true;
    return true;
}

/* ---- a run that has not ended ---------------------------------------------------------------- */

static bool
is_kind(const struct dr_step_row *row, enum dr_step_kind kind)
{
    const char *name = dr_name(&dr_step_kind_names, (int)kind);
    size_t n = strlen(name);
    return strncmp(row->id, name, n) == 0 && row->id[n] == ':';
}

/*
 * Whatever a resume does with a group of which this says no, it does to a record that is not its
 * own any more, and is refused there; or it begins anew, by looking.
 */
int
dr_run_holds(struct dr_store *store, struct dr_arena *a, const struct dr_run_row *run,
             const char *group, const struct dr_record *record, bool *ret,
             struct drstor_error **err)
{
    struct dr_step_row *rows = NULL;
    size_t n = 0;
    *ret = !dr_record_settled_by(record, run->id);
    if (!*ret || !dr_record_at_rest(record))
        return DRSTOR_OK;
    int r = dr_store_step_list(store, a, run->id, &rows, &n, err);
    bool refused = false, under_way = false, over = false;
    for (size_t i = 0; r == DRSTOR_OK && i < n; i++) {
        const char *colon = strchr(rows[i].id, ':'), *state = rows[i].state;
        if (!colon || !dr_streq(colon + 1, group))
            continue;
        bool done = dr_streq(state, "done") || dr_streq(state, "committed");
        over |= done && (is_kind(&rows[i], DR_STEP_COMMIT) || is_kind(&rows[i], DR_STEP_SETTLE));
        refused |= dr_streq(state, "refused");
        under_way |= !done && !dr_streq(state, "refused") && !dr_streq(state, "waiting");
    }
    *ret = r < 0 || !(over || (refused && !under_way));
    return r;
}
