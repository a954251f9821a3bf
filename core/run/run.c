/* One go at a run, from wherever it stands, and what came of it. */
#include "run/internal.h"

#include "base/str.h"

#include <string.h>

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

/* VMs that it shut down run nowhere: it is not over. Damage in the store: nobody knows. */
static bool
owes_vms(struct dr_run *run)
{
    for (size_t i = 0; i < run->plan.n_flips; i++) {
        const struct dr_plan_group *f = &run->plan.flips[i];
        struct dr_guests ran;
        struct dr_record rec;
        if (f->operation != DR_OPERATION_SWITCHOVER || f->nothing_to_do)
            continue;
        if (dr_guests_load(run->s->store, run->arena, run->id, f->name, &ran, NULL) < 0 ||
            dr_store_load(run->s->store, run->arena, f->name, &rec, NULL, NULL) < 0)
            return true;
        if (ran.owed && !dr_record_committed_by(&rec, run->id, f->to, f->epoch))
            return true;
    }
    return false;
}

/* A record that cannot be written now (it is damaged) goes on saying what this run began. */
static bool
gave_up(struct dr_step *s)
{
    int r = dr_record_unfence(s, NULL);
    return r == DRSTOR_OK || r == DRSTOR_E_NOTFOUND;
}

static void
conclude(struct dr_run *run, struct dr_step *steps, struct dr_run_result *ret)
{
    const struct dr_step *worst = NULL;
    size_t left = 0;
    bool refused_only = true; /* a refused group gave up in order; nothing of another one is left */
    for (size_t i = 0; i < run->plan.n_steps; i++) {
        struct dr_step *s = &steps[i];
        left += s->end != DR_STEP_END_DONE;
        if (s->end == DR_STEP_END_REFUSED)
            refused_only &= gave_up(s);
        int e = dr_exit_of_end(s);
        if (e && (!worst || dr_exit_worse(e, ret->exit) == e)) {
            ret->exit = dr_exit_worse(e, ret->exit);
            worst = s;
        }
    }
    for (size_t i = 0; i < run->plan.n_steps; i++)
        refused_only &=
            steps[i].end == DR_STEP_END_DONE || was_refused(steps, run->plan.n_steps, &steps[i]);
    if (left && !worst) /* stopped before anything else was begun */
        ret->exit = dr_cancelled(run->s->cancel) ? 130 : run->timed_out ? 8 : 4;
    ret->run = run->id;
    ret->state = dr_run_state_of_exit(ret->exit);
    if (ret->state == DR_RUN_REFUSED &&
        (!refused_only || run->timed_out || dr_cancelled(run->s->cancel)))
        ret->state = DR_RUN_FAILED;
    bool owes = ret->state == DR_RUN_REFUSED && owes_vms(run);
    if (owes) {
        ret->state = DR_RUN_FAILED;
        ret->exit = 4;
    }
    if (worst) {
        ret->text =
            dr_arena_printf(run->arena, "%s: %s", worst->plan->id, dr_error_message(worst->err));
        ret->hint = dr_arena_str(run->arena, dr_error_hint(worst->err));
        ret->rule = dr_arena_str(run->arena, dr_error_rule(worst->err));
    }
    if (owes)
        ret->hint = dr_arena_printf(run->arena,
                                    "VMs are down: drstor run resume %s goes on, drstor run abort "
                                    "%s starts them where they ran",
                                    run->id, run->id);
    if (ret->exit == 130)
        ret->text = "interrupted; the journal is intact";
    if (ret->exit == 8)
        ret->text = "time is up; no new call is sent, what arrays were given goes on";
}

void
dr_run_ready(struct dr_run *run)
{
    (void)pthread_mutex_init(&run->lock, NULL);
    (void)pthread_mutex_init(&run->telling, NULL);
    run->started_ns = dr_now_ns(run->s->env);
    run->box = dr_mailbox_new(run->s->env);
}

void
dr_run_over(struct dr_run *run)
{
    for (size_t i = 0; run->steps && i < run->plan.n_steps; i++) {
        dr_arena_free(run->steps[i].arena);
        dr_error_free(run->steps[i].err);
    }
    dr_stage_free(run->stages);
    dr_arena_free(run->facts_arena);
    dr_mailbox_free(run->box);
    (void)pthread_mutex_destroy(&run->lock);
    (void)pthread_mutex_destroy(&run->telling);
}

/* In one write, and only as long as the locks are ours: or another holder goes on with this run. */
static int
end_go(struct dr_run *run, enum dr_run_state state, const char *result,
       const struct dr_audit *entry, struct drstor_error **err)
{
    struct dr_store *st = run->s->store;
    bool over = !dr_run_state_open(state);
    int r = dr_store_begin(st, err);
    if (r < 0)
        return r;
    r = dr_run_still_holds(run, err);
    if (r == DRSTOR_OK)
        r = dr_store_run_update(st, run->id, state, result, over ? dr_now_utc(run->s->env) : -1,
                                err);
    if (r == DRSTOR_OK)
        r = dr_store_audit(st, entry, NULL, err);
    if (r < 0) {
        dr_store_rollback(st);
        return r;
    }
    return dr_store_commit(st, err);
}

int
dr_run_go(struct dr_run *run, const struct dr_facts *facts, struct dr_run_result *ret,
          struct drstor_error **err)
{
    struct dr_step *steps = NULL;
    dr_run_ready(run);
    bool settled = false;
    int r = dr_run_steps(run, &steps, err);
    if (r == DRSTOR_OK)
        r = dr_run_believe(run, steps, err);
    if (r == DRSTOR_OK) {
        forbid_again(run, steps); /* before anything is asked, of that site as well */
        settled = dr_run_settle(run);
        r = take_facts(run, facts, steps, err);
    }
    if (r == DRSTOR_OK)
        r = dr_store_run_update(run->s->store, run->id,
                                DR_CANARY("forget-run") ? DR_RUN_DONE : DR_RUN_RUNNING, NULL, -1,
                                err);
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
        r = end_go(run, ret->state, dr_json_text(o), &entry, err);
        (void)json_object_put(o);
        dr_run_event(run, NULL, dr_name(&dr_run_state_names, (int)ret->state), "%s",
                     ret->text ? ret->text : "everything was done and read back");
    }
    dr_run_over(run);
    return r;
}

/* ---- resume ---------------------------------------------------------------------------------- */

int
dr_run_read(struct dr_arena *a, const char *text, const struct dr_type *type, void *ret,
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
dr_run_take_up(const struct dr_run_setup *setup, struct dr_arena *a, const char *id,
               struct dr_run *ret, struct dr_run_row *row, struct drstor_error **err)
{
    *ret = (struct dr_run){.s = setup, .arena = a};
    int r = dr_store_run_load(setup->store, a, id, row, err);
    if (r < 0 || !dr_run_state_open(row->state))
        return r;
    ret->id = row->id;
    ret->started_utc = row->started;
    r = dr_run_read(a, row->plan, &dr_plan_type, &ret->plan, err);
    if (r == DRSTOR_OK)
        r = dr_run_read(a, row->consent, &dr_consent_type, &ret->consent, err);
    if (r < 0)
        return dr_context(err, r, "run %s", id);
    r = dr_run_lock(ret, err);
    if (r < 0)
        return r;
    /* Somebody else may have ended it before we had the locks; roles may have moved on since. */
    r = dr_store_run_load(setup->store, a, id, row, err);
    if (r < 0 || !dr_run_state_open(row->state))
        dr_run_unlock(ret);
    return r;
}

int
dr_run_resume(const struct dr_run_setup *setup, struct dr_arena *a, const char *id,
              struct dr_run_result *ret, struct drstor_error **err)
{
    struct dr_run_row row;
    struct dr_run run;
    int r = dr_run_take_up(setup, a, id, &run, &row, err);
    if (r < 0)
        return r;
    *ret = (struct dr_run_result){.run = row.id, .state = row.state};
    if (!dr_run_state_open(row.state)) {
        nothing_left(a, &row, ret);
        return DRSTOR_OK;
    }
    r = dr_run_go(&run, NULL, ret, err);
    dr_run_unlock(&run);
    return r;
}
