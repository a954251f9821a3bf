/* A run begins: nobody else is at work, the records are those of the plan, and it is written. */
#include "run/internal.h"

#include "plan/adopt.h"

#include "base/str.h"

#include "net/uuid.h"

bool
dr_run_gives_way(const struct dr_run_row *row)
{
    return dr_streq(row->verb, dr_name(&dr_verb_names, DR_VERB_GUARD));
}

static bool
is_superseded(const struct dr_run *run, const char *id)
{
    for (size_t i = 0; i < run->n_superseded; i++)
        if (dr_streq(run->superseded[i], id))
            return true;
    return false;
}

static void
take_place(struct dr_run *run, const struct dr_run_row *open)
{
    if (!is_superseded(run, open->id))
        dr_arena_push(run->arena, run->superseded, run->n_superseded) = open->id;
}

/* A group of a run that ends, and not of this one, must not stay in the middle of what is nobody's
 * any more. */
static int
leave_group(struct dr_run *run, const struct dr_run_row *open, const char *group,
            struct drstor_error **err)
{
    struct dr_lock lock;
    for (size_t i = 0; i < run->plan.n_flips; i++)
        if (dr_streq(run->plan.flips[i].name, group) && run->locks[i].token > 0)
            return DRSTOR_OK;
    int r = dr_store_lock(run->s->store, run->arena, group, &run->s->who, run->id,
                          dr_name(&dr_verb_names, (int)run->plan.goal.verb), 0, run->s->cancel,
                          &lock, err);
    if (r < 0)
        return r;
    dr_arena_push(run->arena, run->left, run->n_left) =
        (struct dr_left_group){.group = group, .run = open->id, .token = lock.token};
    return DRSTOR_OK;
}

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
    if (!*ret || is_superseded(run, open->id))
        return DRSTOR_OK;
    dr_arena_push(run->arena, run->superseded, run->n_superseded) = open->id;
    for (size_t i = 0; i < open->n_groups; i++) {
        int r = leave_group(run, open, open->groups[i], err);
        if (r < 0)
            return r;
    }
    return DRSTOR_OK;
}

/* A run that brought all its groups to their end, and failed at what comes beside, is over when
 * somebody else goes on with one of them: afterwards nobody could tell. */
static int
overtake(struct dr_run *run, const struct dr_run_row *open, struct drstor_error **err)
{
    for (size_t i = 0; i < open->n_groups; i++) {
        struct dr_record rec;
        int r = dr_store_load(run->s->store, run->arena, open->groups[i], &rec, NULL, err);
        if (r < 0)
            return r;
        if (!dr_record_settled_by(&rec, open->id))
            return DRSTOR_OK;
    }
    take_place(run, open);
    return DRSTOR_OK;
}

/* Under the locks: the records are still those the plan was made for, and nobody else began. A
 * guard does not mind what others began: it ends none of it. */
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
        if (f->adopt && r == DRSTOR_E_NOTFOUND) {
            dr_error_freep(err);
            continue;
        }
        if (r < 0)
            return r;
        if (f->adopt || rec.epoch != f->epoch || !dr_streq(rec.primary, f->primary))
            return dr_fail(err, DRSTOR_E_CONFLICT,
                           "the plan is stale: group %s is at epoch %lld, primary %s", f->name,
                           (long long)rec.epoch, rec.primary ? rec.primary : "nobody");
        r = dr_store_run_open(run->s->store, run->arena, f->name, &open, &n_open, err);
        if (r < 0)
            return r;
        for (size_t k = 0; k < n_open && f->operation != DR_OPERATION_GUARD; k++) {
            if (dr_run_gives_way(&open[k])) {
                take_place(run, &open[k]);
                continue;
            }
            bool holds = true;
            r = dr_run_holds(run->s->store, run->arena, &open[k], f->name, &rec, &holds, err);
            if (r < 0)
                return r;
            if (!holds) {
                r = overtake(run, &open[k], err);
                if (r < 0)
                    return r;
                continue;
            }
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
rest(struct dr_run *run, const char *group, int64_t token, const char *of,
     struct drstor_error **err)
{
    struct dr_record rec;
    int64_t version = 0;
    int r = dr_store_load(run->s->store, run->arena, group, &rec, &version, err);
    if (r < 0 || dr_record_at_rest(&rec) || (of && !dr_streq(rec.op.id, of)))
        return r;
    dr_record_rest(&rec);
    return dr_store_cas(run->s->store, &rec, version, token, NULL, err);
}

/* Nobody waited until what was sent for them can no longer act: the next holder does. */
static void
unlock_left(struct dr_run *run)
{
    for (size_t i = 0; i < run->n_left; i++)
        dr_store_forsake(run->s->store, run->left[i].group, run->left[i].token);
    run->n_left = 0;
}

/* The group has no record, and one site is dark: the first one, from what the target shows. */
static int
adopt(struct dr_run *run, size_t flip, const struct dr_facts *facts, struct drstor_error **err)
{
    const struct dr_plan_group *f = &run->plan.flips[flip];
    const struct dr_group *g = dr_model_group(run->s->model, f->name);
    struct dr_record rec;
    dr_adopt_record(g, dr_group_copy(g, f->primary), dr_group_copy(g, f->to), facts, &rec);
    rec.epoch = f->epoch;
    const struct dr_audit entry = {
        .who = run->s->who,
        .what = "adopt",
        .group = f->name,
        .epoch = rec.epoch,
        .token = run->locks[flip].token,
        .plan = run->plan.id,
        .run = run->id,
        .outcome = "adopted",
        .detail = dr_arena_printf(run->arena, "%s, from what %s holds alone: %s was declared lost",
                                  rec.primary, f->to, f->from)};
    int r = dr_store_cas(run->s->store, &rec, 0, run->locks[flip].token, NULL, err);
    return r < 0 ? r : dr_store_audit(run->s->store, &entry, NULL, err);
}

/* In one write with the run that takes their place. */
static int
end_superseded(struct dr_run *run, struct drstor_error **err)
{
    int r = DRSTOR_OK;
    for (size_t i = 0; r == DRSTOR_OK && i < run->n_superseded; i++) {
        const char *text = dr_arena_printf(run->arena, "run %s took its place", run->id);
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

/* What the run before had shut down and not started again, nobody else knows. */
static int
take_over_vms(struct dr_run *run, struct drstor_error **err)
{
    for (size_t i = 0; i < run->plan.n_flips; i++) {
        const char *group = run->plan.flips[i].name, *before = NULL;
        struct dr_guests ran;
        int r = run->plan.flips[i].nothing_to_do
                    ? DRSTOR_OK
                    : dr_guests_owed(run->s->store, run->arena, group, run->id, &before, &ran, err);
        if (r == DRSTOR_OK && before)
            r = dr_guests_write(run, run->arena, &ran.what, false, err);
        if (r < 0)
            return r;
    }
    return DRSTOR_OK;
}

static int
write_run(struct dr_run *run, const struct dr_facts *facts, struct drstor_error **err)
{
    struct dr_store *st = run->s->store;
    dr_auto(dr_json_putp) struct json_object *goal = dr_map_write(&dr_goal_type, &run->plan.goal);
    dr_auto(dr_json_putp) struct json_object *plan = dr_map_write(&dr_plan_type, &run->plan);
    dr_auto(dr_json_putp) struct json_object *consent =
        dr_map_write(&dr_consent_type, &run->consent);
    const char **busy = NULL; /* those that this run holds */
    size_t n_busy = 0;
    for (size_t i = 0; i < run->plan.n_flips; i++)
        if (!run->plan.flips[i].nothing_to_do)
            dr_arena_push(run->arena, busy, n_busy) = run->plan.flips[i].name;
    const struct dr_run_row row = {.id = run->id,
                                   .verb = dr_name(&dr_verb_names, (int)run->plan.goal.verb),
                                   .who = run->consent.by,
                                   .state = DR_RUN_PLANNED,
                                   .started = run->started_utc,
                                   .ended = -1,
                                   .groups = busy,
                                   .n_groups = n_busy,
                                   .goal = dr_json_text(goal),
                                   .plan = dr_json_text(plan),
                                   .consent = dr_json_text(consent)};
    int r = dr_store_begin(st, err);
    if (r < 0)
        return r;
    r = dr_store_run_new(st, &row, err);
    if (r == DRSTOR_OK)
        r = end_superseded(run, err);
    for (size_t i = 0; r == DRSTOR_OK && i < run->n_left; i++)
        r = rest(run, run->left[i].group, run->left[i].token, run->left[i].run, err);
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
            r = run->plan.flips[i].adopt ? adopt(run, i, facts, err)
                : run->plan.flips[i].operation == DR_OPERATION_GUARD
                    ? DRSTOR_OK
                    : rest(run, run->plan.flips[i].name, run->locks[i].token, NULL, err);
    }
    if (r == DRSTOR_OK)
        r = take_over_vms(run, err);
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

    int r = dr_run_lock(&run, err);
    if (r < 0)
        return r;
    DR_FP("run.locked");
    r = records_unchanged(&run, err);
    if (r == DRSTOR_OK)
        r = write_run(&run, facts, err);
    unlock_left(&run);
    DR_FP("run.written");
    if (r == DRSTOR_OK)
        r = dr_run_go(&run, facts, ret, err);
    dr_run_unlock(&run);
    return r;
}
