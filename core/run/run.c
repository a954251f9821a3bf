#include "run/internal.h"

#include "base/str.h"
#include "net/uuid.h"

#include <string.h>

/* ---- exit codes (design 7) ------------------------------------------------------------------- */

int
dr_exit_worse(int x, int y)
{
    static const int worst_first[] = {130, 1, 5, 4, 9, 12, 11, 7, 3, 8};
    for (size_t i = 0; i < DR_COUNT(worst_first); i++)
        if (x == worst_first[i] || y == worst_first[i])
            return worst_first[i];
    return x ? x : y;
}

int
dr_exit_of_status(int status)
{
    switch ((enum drstor_status)status) {
    case DRSTOR_OK:
        return 0;
    case DRSTOR_E_BUSY:
        return 7;
    case DRSTOR_E_UNREACHABLE:
    case DRSTOR_E_REFUSED:
        return 3;
    case DRSTOR_E_UNKNOWN:
        return 5;
    case DRSTOR_E_CONFLICT:
        return 11;
    case DRSTOR_E_AUTH:
        return 9;
    case DRSTOR_E_INVALID:
    case DRSTOR_E_NOTFOUND:
        return 2;
    case DRSTOR_E_UNSUPPORTED:
        return 12;
    case DRSTOR_E_CANCELLED:
        return 130;
    case DRSTOR_E_TIMEOUT:
        return 8;
    case DRSTOR_E_PROTOCOL:
        return 4;
    case DRSTOR_E_NOMEM:
    case DRSTOR_E_INTERNAL:
        break;
    }
    return 1;
}

static int
exit_of_end(const struct dr_step *s)
{
    switch (s->end) {
    case DR_STEP_END_NONE:
    case DR_STEP_END_DONE:
        return 0;
    case DR_STEP_END_REFUSED:
        return 3;
    case DR_STEP_END_FAILED:
        if (dr_error_status(s->err) == DRSTOR_E_INTERNAL)
            return 1;
        return dr_error_status(s->err) == DRSTOR_E_AUTH ? 9 : 4;
    case DR_STEP_END_UNKNOWN:
        return 5;
    case DR_STEP_END_INTERRUPTED:
        return dr_error_status(s->err) == DRSTOR_E_TIMEOUT ? 8 : 130;
    }
    return 1;
}

static enum dr_run_state
state_of_exit(int exit)
{
    switch (exit) {
    case 0:
        return DR_RUN_DONE;
    case 3:
        return DR_RUN_REFUSED;
    case 5:
        return DR_RUN_UNKNOWN;
    case 8:
        return DR_RUN_WAITING;
    case 130:
        return DR_RUN_INTERRUPTED;
    default:
        return DR_RUN_FAILED;
    }
}

/* ---- locks ----------------------------------------------------------------------------------- */

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

static void
unlock_all(struct dr_run *run)
{
    for (size_t i = 0; i < run->plan.n_flips; i++)
        if (run->locks[i].token > 0)
            (void)dr_store_unlock(run->s->store, run->plan.flips[i].name, run->locks[i].token,
                                  NULL);
}

/* In alphabetical order, or two runs wait for each other; nobody waits long for a person's run. */
static int
lock_all(struct dr_run *run, struct drstor_error **err)
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
            unlock_all(run);
            return r;
        }
    }
    return DRSTOR_OK;
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
static bool
settle_after_death(struct dr_run *run)
{
    const struct dr_copy *copies[2];
    uint64_t ms = 0;
    bool died = false;
    for (size_t i = 0; i < run->plan.n_flips; i++) {
        died |= run->locks[i].owner_died;
        for (size_t k = copies_of(run, i, copies); run->locks[i].owner_died && k > 0; k--) {
            uint64_t one = dr_settle_ms(run->s, copies[k - 1]->array);
            ms = one > ms ? one : ms;
        }
    }
    if (!died)
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
    return true;
}

/* ---- steps from the plan and the store ------------------------------------------------------- */

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

static int
steps_make(struct dr_run *run, struct dr_step **ret, struct drstor_error **err)
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

/* ---- one go ---------------------------------------------------------------------------------- */

/* Nothing left that has to look at the old site, and a commit done: R040 holds from the start. */
static void
forbid_again(struct dr_run *run, const struct dr_step *steps)
{
    for (size_t f = 0; run->plan.goal.unplanned && f < run->plan.n_flips; f++) {
        bool fences_left = false, committed = false;
        for (size_t i = 0; i < run->plan.n_steps; i++) {
            if (!dr_streq(steps[i].flip->from, run->plan.flips[f].from))
                continue;
            fences_left |= steps[i].plan->kind == DR_STEP_FENCE && steps[i].end != DR_STEP_END_DONE;
            committed |= steps[i].plan->kind == DR_STEP_COMMIT && steps[i].end == DR_STEP_END_DONE;
        }
        if (committed && !fences_left)
            dr_contact_forbid(run->s->contact, run->plan.flips[f].from);
    }
}

/* What leads up to the one write that decides: the commit of a flip, the intent of a resync. */
static bool
before_decision(enum dr_step_kind kind)
{
    return kind == DR_STEP_PRESYNC || kind == DR_STEP_DEMOTE || kind == DR_STEP_FINALSYNC ||
           kind == DR_STEP_FENCE || kind == DR_STEP_COMMIT || kind == DR_STEP_WITHDRAW ||
           kind == DR_STEP_SNAPSHOT || kind == DR_STEP_INTEND;
}

static bool
decided(const struct dr_step *s, const struct dr_record *rec, const char *run)
{
    if (s->flip->operation == DR_OPERATION_REPROTECT)
        return dr_streq(rec->op.id, run) &&
               (rec->phase == DR_PHASE_RESYNCING || dr_record_settled_by(rec, run));
    return dr_record_committed_by(rec, run, s->flip->to, s->flip->epoch);
}

/*
 * What an earlier process proved is believed only as far as the record goes. Decided: everything
 * up to there is over, whatever its rows say, and is never done again. Not decided: what was seen
 * is not carried over a crash (safety 3.1), so the fence, or demotion and what follows, begins
 * anew. Operations without such a write set states; each step looks again.
 */
static int
believe(struct dr_run *run, struct dr_step *steps, struct drstor_error **err)
{
    for (size_t i = 0; i < run->plan.n_steps; i++) {
        struct dr_step *s = &steps[i];
        struct dr_record rec;
        if (!before_decision(s->plan->kind))
            continue;
        int r = dr_store_load(run->s->store, run->arena, s->group->name, &rec, NULL, err);
        if (r < 0)
            return r;
        if (decided(s, &rec, run->id) || dr_record_settled_by(&rec, run->id))
            s->end = DR_STEP_END_DONE;
        else if (s->plan->kind != DR_STEP_PRESYNC)
            s->end = DR_STEP_END_NONE;
    }
    return DRSTOR_OK;
}

static int
take_facts(struct dr_run *run, const struct dr_facts *facts, const struct dr_step *steps,
           struct drstor_error **err)
{
    run->facts_arena = dr_arena_new();
    if (facts) {
        dr_map_copy(run->facts_arena, &dr_facts_type, facts, &run->facts);
        return DRSTOR_OK;
    }
    struct dr_facts before;
    int r = dr_store_facts_load(run->s->store, run->facts_arena, &before, err);
    if (r < 0)
        return r;
    bool left = false;
    for (size_t i = 0; i < run->plan.n_steps; i++)
        left |= steps[i].plan->kind == DR_STEP_FENCE && steps[i].end != DR_STEP_END_DONE;
    run->facts = before;
    if (!left)
        return DRSTOR_OK; /* every other step looks for itself */
    const struct dr_observe_what what = {
        .groups = run->plan.groups, .n_groups = run->plan.n_groups, .engines = true};
    dr_observe(run->s->ends, run->s->env, run->s->model, &what, &before, run->s->cancel,
               run->facts_arena, &run->facts);
    return dr_store_facts_save(run->s->store, &run->facts, err);
}

static bool
was_refused(const struct dr_step *steps, size_t n, const struct dr_step *s)
{
    for (size_t i = 0; i < n; i++)
        if (steps[i].group == s->group && steps[i].end == DR_STEP_END_REFUSED)
            return true;
    return false;
}

static void
conclude(struct dr_run *run, struct dr_step *steps, struct dr_run_result *ret)
{
    const struct dr_step *worst = NULL;
    size_t left = 0;
    for (size_t i = 0; i < run->plan.n_steps; i++) {
        struct dr_step *s = &steps[i];
        left += s->end != DR_STEP_END_DONE;
        if (s->end == DR_STEP_END_REFUSED)
            (void)dr_record_unfence(s, NULL);
        int e = exit_of_end(s);
        if (e && (!worst || dr_exit_worse(e, ret->exit) == e)) {
            ret->exit = dr_exit_worse(e, ret->exit);
            worst = s;
        }
    }
    bool refused_only = true; /* a refused group gave up in order; nothing of another one is left */
    for (size_t i = 0; i < run->plan.n_steps; i++)
        refused_only &=
            steps[i].end == DR_STEP_END_DONE || was_refused(steps, run->plan.n_steps, &steps[i]);
    if (left && !worst) /* stopped before anything else was begun */
        ret->exit = dr_cancelled(run->s->cancel) ? 130 : run->timed_out ? 8 : 4;
    ret->run = run->id;
    ret->state = state_of_exit(ret->exit);
    if (ret->state == DR_RUN_REFUSED &&
        (!refused_only || run->timed_out || dr_cancelled(run->s->cancel)))
        ret->state = DR_RUN_FAILED;
    if (worst) {
        ret->text =
            dr_arena_printf(run->arena, "%s: %s", worst->plan->id, dr_error_message(worst->err));
        ret->hint = dr_arena_str(run->arena, dr_error_hint(worst->err));
        ret->rule = dr_arena_str(run->arena, dr_error_rule(worst->err));
    }
    if (ret->exit == 130)
        ret->text = "interrupted; the journal is intact";
    if (ret->exit == 8)
        ret->text = "time is up; no new call is sent, what arrays were given goes on";
}

static int
go(struct dr_run *run, const struct dr_facts *facts, struct dr_run_result *ret,
   struct drstor_error **err)
{
    struct dr_step *steps = NULL;
    (void)pthread_mutex_init(&run->lock, NULL);
    (void)pthread_mutex_init(&run->telling, NULL);
    run->started_ns = dr_now_ns(run->s->env);
    run->box = dr_mailbox_new(run->s->env);
    bool settled = settle_after_death(run);
    int r = steps_make(run, &steps, err);
    if (r == DRSTOR_OK)
        r = believe(run, steps, err);
    if (r == DRSTOR_OK) {
        forbid_again(run, steps);
        r = take_facts(run, facts, steps, err);
    }
    if (r == DRSTOR_OK)
        r = dr_store_run_update(run->s->store, run->id, DR_RUN_RUNNING, NULL, -1, err);
    if (r == DRSTOR_OK) {
        if (settled)
            dr_run_schedule(run, steps, run->plan.n_steps);
        conclude(run, steps, ret);
        struct json_object *o = json_object_new_object();
        dr_json_set_i64(o, "exit", ret->exit);
        dr_json_set_str(o, "text", ret->text);
        dr_json_set_str(o, "hint", ret->hint);
        dr_json_set_str(o, "rule", ret->rule);
        const struct dr_audit entry = {.who = run->s->who,
                                       .what = "run ended",
                                       .plan = run->plan.id,
                                       .run = run->id,
                                       .outcome = dr_name(&dr_run_state_names, (int)ret->state),
                                       .detail = ret->text};
        bool over = !dr_run_state_open(ret->state);
        r = dr_store_run_update(run->s->store, run->id, ret->state, dr_json_text(o),
                                over ? dr_now_utc(run->s->env) : -1, err);
        if (r == DRSTOR_OK)
            r = dr_store_audit(run->s->store, &entry, NULL, err);
        (void)json_object_put(o);
        dr_run_event(run, NULL, dr_name(&dr_run_state_names, (int)ret->state), "%s",
                     ret->text ? ret->text : "everything was done and read back");
    }
    for (size_t i = 0; steps && i < run->plan.n_steps; i++) {
        dr_arena_free(steps[i].arena);
        dr_error_free(steps[i].err);
    }
    dr_stage_free(run->stage);
    dr_arena_free(run->facts_arena);
    dr_mailbox_free(run->box);
    (void)pthread_mutex_destroy(&run->lock);
    (void)pthread_mutex_destroy(&run->telling);
    return r;
}

/* ---- start ----------------------------------------------------------------------------------- */

/*
 * An unplanned promote takes the place of a run that committed nothing (dr_guard_supersedes). That
 * run is dead, or we would not have the lock it held.
 */
static int
supersede(struct dr_run *run, const struct dr_run_row *open, bool *ret, struct drstor_error **err)
{
    *ret = run->plan.goal.unplanned;
    for (size_t i = 0; *ret && i < open->n_groups; i++) {
        struct dr_record rec;
        int r = dr_store_load(run->s->store, run->arena, open->groups[i], &rec, NULL, err);
        if (r < 0)
            return r;
        *ret = !dr_streq(rec.primary, run->plan.goal.to) || dr_record_at_rest(&rec) ||
               rec.phase == DR_PHASE_FENCING;
    }
    for (size_t i = 0; i < run->n_superseded; i++)
        if (dr_streq(run->superseded[i], open->id))
            return DRSTOR_OK;
    if (*ret)
        dr_arena_push(run->arena, run->superseded, run->n_superseded) = open->id;
    return DRSTOR_OK;
}

/* Under the locks: the records are still those the plan was made for, and nobody else began. */
static int
records_unchanged(struct dr_run *run, struct drstor_error **err)
{
    for (size_t i = 0; i < run->plan.n_flips; i++) {
        const struct dr_plan_group *f = &run->plan.flips[i];
        struct dr_record rec;
        struct dr_run_row *open = NULL;
        size_t n_open = 0;
        if (f->nothing_to_do)
            continue;
        int r = dr_store_load(run->s->store, run->arena, f->name, &rec, NULL, err);
        if (r < 0)
            return r;
        if (rec.epoch != f->epoch || !dr_streq(rec.primary, f->primary))
            return dr_fail(err, DRSTOR_E_CONFLICT,
                           "the plan is stale: group %s is at epoch %lld, primary %s", f->name,
                           (long long)rec.epoch, rec.primary ? rec.primary : "nobody");
        r = dr_store_run_open(run->s->store, run->arena, f->name, &open, &n_open, err);
        if (r < 0)
            return r;
        for (size_t k = 0; k < n_open; k++) {
            if (dr_record_settled_by(&rec, open[k].id))
                continue;
            bool takes_place = false;
            r = supersede(run, &open[k], &takes_place, err);
            if (r < 0)
                return r;
            if (takes_place)
                continue;
            r = dr_refuse(err, "R013", "run %s of group %s has not ended", open[k].id, f->name);
            dr_hint(err, "drstor run resume %s", open[k].id);
            return r;
        }
    }
    return DRSTOR_OK;
}

/*
 * What a run that is gone was in the middle of is nobody's any more: the record is at rest, and the
 * new run is an operation of its own, with a proof and an epoch of its own.
 */
static int
rest(struct dr_run *run, size_t flip, struct drstor_error **err)
{
    const char *group = run->plan.flips[flip].name;
    struct dr_record rec;
    int64_t version = 0;
    int r = dr_store_load(run->s->store, run->arena, group, &rec, &version, err);
    if (r < 0 || dr_record_at_rest(&rec))
        return r;
    dr_record_rest(&rec);
    return dr_store_cas(run->s->store, &rec, version, run->locks[flip].token, NULL, err);
}

/* In one write with the run that takes their place. */
static int
end_superseded(struct dr_run *run, struct drstor_error **err)
{
    int r = DRSTOR_OK;
    for (size_t i = 0; r == DRSTOR_OK && i < run->n_superseded; i++) {
        const char *text = dr_arena_printf(run->arena, "unplanned run %s took its place", run->id);
        dr_auto(dr_json_putp) struct json_object *o = json_object_new_object();
        const struct dr_audit entry = {.who = run->s->who,
                                       .what = "run ended",
                                       .run = run->superseded[i],
                                       .outcome = dr_name(&dr_run_state_names, DR_RUN_ABORTED),
                                       .detail = text};
        dr_json_set_i64(o, "exit", 4);
        dr_json_set_str(o, "text", text);
        r = dr_store_run_update(run->s->store, run->superseded[i], DR_RUN_ABORTED, dr_json_text(o),
                                run->started_utc, err);
        if (r == DRSTOR_OK)
            r = dr_store_audit(run->s->store, &entry, NULL, err);
    }
    return r;
}

static int
write_run(struct dr_run *run, struct drstor_error **err)
{
    struct dr_store *st = run->s->store;
    dr_auto(dr_json_putp) struct json_object *goal = dr_map_write(&dr_goal_type, &run->plan.goal);
    dr_auto(dr_json_putp) struct json_object *plan = dr_map_write(&dr_plan_type, &run->plan);
    dr_auto(dr_json_putp) struct json_object *consent =
        dr_map_write(&dr_consent_type, &run->consent);
    const struct dr_run_row row = {.id = run->id,
                                   .verb = dr_name(&dr_verb_names, (int)run->plan.goal.verb),
                                   .who = run->consent.by,
                                   .state = DR_RUN_PLANNED,
                                   .started = run->started_utc,
                                   .ended = -1,
                                   .groups = run->plan.groups,
                                   .n_groups = run->plan.n_groups,
                                   .goal = dr_json_text(goal),
                                   .plan = dr_json_text(plan),
                                   .consent = dr_json_text(consent)};
    int r = dr_store_begin(st, err);
    if (r < 0)
        return r;
    r = dr_store_run_new(st, &row, err);
    if (r == DRSTOR_OK)
        r = end_superseded(run, err);
    for (size_t i = 0; r == DRSTOR_OK && i < run->plan.n_flips; i++) {
        const struct dr_audit entry = {.who = run->s->who,
                                       .what = "consent",
                                       .group = run->plan.flips[i].name,
                                       .epoch = run->plan.flips[i].epoch,
                                       .token = run->locks[i].token,
                                       .plan = run->plan.id,
                                       .run = run->id,
                                       .outcome = "given",
                                       .detail = dr_json_text(consent)};
        if (run->plan.flips[i].nothing_to_do)
            continue;
        r = dr_store_audit(st, &entry, NULL, err);
        if (r == DRSTOR_OK)
            r = rest(run, i, err);
    }
    if (r < 0) {
        dr_store_rollback(st);
        return r;
    }
    return dr_store_commit(st, err);
}

int
dr_run_start(const struct dr_run_setup *setup, struct dr_arena *a, const struct dr_plan *plan,
             const struct dr_facts *facts, const struct dr_consent *consent,
             struct dr_run_result *ret, struct drstor_error **err)
{
    char uuid[37];
    dr_uuid(setup->env, uuid);
    struct dr_run run = {.s = setup, .arena = a, .plan = *plan, .consent = *consent};
    run.id = dr_arena_printf(a, "r%.8s", uuid);
    run.started_utc = dr_now_utc(setup->env);
    *ret = (struct dr_run_result){.run = run.id};

    int r = lock_all(&run, err);
    if (r < 0)
        return r;
    DR_FP("run.locked");
    r = records_unchanged(&run, err);
    if (r == DRSTOR_OK)
        r = write_run(&run, err);
    DR_FP("run.written");
    if (r == DRSTOR_OK)
        r = go(&run, facts, ret, err);
    unlock_all(&run);
    return r;
}

/* ---- resume ---------------------------------------------------------------------------------- */

static int
read_json(struct dr_arena *a, const char *text, const struct dr_type *type, void *ret,
          struct drstor_error **err)
{
    dr_auto(dr_json_putp) struct json_object *o = NULL;
    int r = text ? dr_json_parse(text, strlen(text), &dr_json_inventory, &o, err)
                 : dr_fail(err, DRSTOR_E_INTERNAL, "nothing stored");
    return r < 0 ? r : dr_map_read(a, type, o, false, ret, err);
}

static void
nothing_left(struct dr_arena *a, const struct dr_run_row *row, struct dr_run_result *ret)
{
    ret->state = row->state;
    ret->text = dr_arena_printf(a, "run %s is %s; nothing to resume", row->id,
                                dr_name(&dr_run_state_names, (int)row->state));
}

int
dr_run_resume(const struct dr_run_setup *setup, struct dr_arena *a, const char *id,
              struct dr_run_result *ret, struct drstor_error **err)
{
    struct dr_run_row row;
    struct dr_run run = {.s = setup, .arena = a};
    int r = dr_store_run_load(setup->store, a, id, &row, err);
    if (r < 0)
        return r;
    *ret = (struct dr_run_result){.run = row.id, .state = row.state};
    if (!dr_run_state_open(row.state)) {
        nothing_left(a, &row, ret);
        return DRSTOR_OK;
    }
    run.id = row.id;
    run.started_utc = row.started;
    r = read_json(a, row.plan, &dr_plan_type, &run.plan, err);
    if (r == DRSTOR_OK)
        r = read_json(a, row.consent, &dr_consent_type, &run.consent, err);
    if (r < 0)
        return dr_context(err, r, "run %s", id);
    r = lock_all(&run, err);
    if (r < 0)
        return r;
    /* Somebody else may have ended it before we had the locks; roles may have moved on since. */
    r = dr_store_run_load(setup->store, a, id, &row, err);
    if (r == DRSTOR_OK && !dr_run_state_open(row.state))
        nothing_left(a, &row, ret);
    else if (r == DRSTOR_OK)
        r = go(&run, NULL, ret, err);
    unlock_all(&run);
    return r;
}
