/*
 * Giving a run up. Before its commit nothing was given up, so the record goes back to rest; from
 * the commit on there is only forward, and the run is parked where it stands. Nothing is sent to an
 * array here: an old primary that was demoted serves again by a flip of its own, with a fence and
 * an epoch. One that was never closed needs none, and only its VMs are given back.
 */
#include "run/internal.h"

#include "base/str.h"
#include "model/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void add(struct dr_run *run, const char ***list, size_t *n, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void
add(struct dr_run *run, const char ***list, size_t *n, const char *format, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, format);
    int r = vasprintf(&text, format, ap);
    va_end(ap);
    if (r < 0)
        return;
    dr_arena_push(run->arena, *list, *n) = dr_arena_str(run->arena, text);
    free(text);
}

/* Does the group stand where this run left it, and how? */
enum where { NOT_BEGUN, FENCING, COMMITTED, RESYNCING, DRILLING, NO_DRILL, ENDED };

static enum where
where(const struct dr_run *run, const struct dr_plan_group *f, const struct dr_record *rec)
{
    if (dr_record_settled_by(rec, run->id) && f->operation == DR_OPERATION_DRILL_START)
        /* Forgotten: by an abort before this one, which saw that there is no clone, and died. */
        return dr_streq(rec->drill.run, run->id) ? DRILLING : NO_DRILL;
    if (dr_record_settled_by(rec, run->id))
        return ENDED;
    if (!dr_streq(rec->op.id, run->id))
        return NOT_BEGUN;
    if (rec->phase == DR_PHASE_RESYNCING)
        return RESYNCING;
    return rec->epoch > f->epoch ? COMMITTED : FENCING;
}

static int
park(struct dr_step *s, struct dr_record *r, void *user, struct drstor_error **err)
{
    (void)user;
    (void)err;
    if (!dr_streq(r->op.id, s->run->id) || dr_record_at_rest(r))
        return 1;
    if (r->phase == DR_PHASE_RESYNCING)
        r->old_copy = r->old_copy == DR_OLD_COPY_DIVERGED ? r->old_copy : DR_OLD_COPY_STALE;
    dr_record_rest(r);
    return DRSTOR_OK;
}

static void
tell(struct dr_run *run, const struct dr_plan_group *f, const struct dr_record *rec,
     struct dr_abort_result *ret)
{
    switch (where(run, f, rec)) {
    case NOT_BEGUN:
        add(run, &ret->undone, &ret->n_undone, "%s: the record was not touched", f->name);
        break;
    case FENCING:
        add(run, &ret->undone, &ret->n_undone, "%s: not committed; %s is the primary as before",
            f->name, rec->primary);
        break;
    case COMMITTED:
        add(run, &ret->stays, &ret->n_stays,
            "%s: committed, %s is the primary at epoch %lld; going back is a promote of its own",
            f->name, rec->primary, (long long)rec->epoch);
        break;
    case RESYNCING:
        add(run, &ret->stays, &ret->n_stays,
            "%s: what was overwritten at %s stays overwritten; drstor reprotect %s begins anew",
            f->name, f->from, f->name);
        break;
    case DRILLING: /* tell_drill() */
        break;
    case NO_DRILL:
        add(run, &ret->undone, &ret->n_undone, "%s: no clone was made at %s", f->name, f->to);
        break;
    case ENDED:
        add(run, &ret->stays, &ret->n_stays, "%s: was done before: %s", f->name,
            f->text ? f->text : "?");
        break;
    }
}

static int
forget_drill(struct dr_step *s, struct dr_record *r, void *user, struct drstor_error **err)
{
    (void)user;
    (void)err;
    if (!r->drill.name || !dr_streq(r->drill.run, s->run->id))
        return 1;
    r->drill = (struct dr_drill){.started = -1};
    return DRSTOR_OK;
}

/* What was sent for the clone has ended, one way or the other: whether it is there is a fact now.
 */
static int
tell_drill(struct dr_run *run, struct dr_step *s, const struct dr_record *rec,
           struct dr_abort_result *ret, struct drstor_error **err)
{
    dr_auto(dr_error_freep) struct drstor_error *trouble = NULL;
    const struct dr_drill *d = &rec->drill;
    const char *group = s->group->name;
    s->hasty = true;
    int there = dr_drill_there(s, d->name, &trouble);
    if (there == 0) {
        add(run, &ret->undone, &ret->n_undone, "%s: no clone was made at %s", group, d->site);
        return dr_record_change(s, "no drill", forget_drill, NULL, err);
    }
    if (there > 0)
        add(run, &ret->stays, &ret->n_stays, "%s: clone %s at %s; drstor drill clean %s", group,
            d->name, d->site, group);
    else
        add(run, &ret->unknown, &ret->n_unknown,
            "%s: whether clone %s is at %s: %s; drstor drill clean %s", group, d->name, d->site,
            dr_error_message(trouble), group);
    return DRSTOR_OK;
}

/*
 * Did this run close the primary's copy, or begin to? A primary that somebody else demoted on
 * purpose is not made writable by giving up something else.
 */
static bool
took_away(struct dr_run *run, const struct dr_plan_group *f, const struct dr_record *rec)
{
    struct dr_step_row *rows = NULL;
    size_t n = 0;
    /* Committed there, and perhaps given up before anything was done about it. */
    if (dr_record_committed_by(rec, run->id, f->to, f->epoch))
        return true;
    if (dr_store_step_list(run->s->store, run->arena, run->id, &rows, &n, NULL) < 0)
        return false;
    for (size_t i = 0; i < n; i++) {
        const char *const kinds[] = {
            dr_arena_printf(run->arena, "%s:%s", dr_name(&dr_step_kind_names, DR_STEP_DEMOTE),
                            f->name),
            dr_arena_printf(run->arena, "%s:%s", dr_name(&dr_step_kind_names, DR_STEP_FENCE),
                            f->name),
            dr_arena_printf(run->arena, "%s:%s", dr_name(&dr_step_kind_names, DR_STEP_PROMOTE),
                            f->name)};
        for (size_t k = 0; k < DR_COUNT(kinds); k++) {
            const char *closed = k < 2 ? f->from : f->to; /* or never opened: committed there */
            if (dr_streq(rows[i].id, kinds[k]) && dr_streq(closed, rec->primary) &&
                (rows[i].attempt > 0 || k == 2))
                return true;
        }
    }
    return false;
}

/* What became of what was sent, and whether the primary serves: only looking tells. */
static void
look(struct dr_run *run, struct dr_step *s, const struct dr_record *rec, bool took_away,
     struct dr_abort_result *ret)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    const struct dr_copy *copy = dr_group_copy(s->group, rec->primary);
    struct dr_copy_view view;
    if (!copy)
        return;
    s->hasty = true;
    if (dr_step_look(s, copy, &view, &err) < 0) {
        add(run, &ret->unknown, &ret->n_unknown, "%s at %s: %s", s->group->name, rec->primary,
            dr_error_message(err));
        return;
    }
    if (dr_view_writable(&view))
        return;
    if (dr_view_not_writable(&view) && !took_away)
        add(run, &ret->stays, &ret->n_stays, "%s: not writable at %s, and not by this run",
            s->group->name, rec->primary);
    else if (dr_view_not_writable(&view))
        dr_arena_push(run->arena, ret->not_served, ret->n_not_served) = s->group->name;
    else
        add(run, &ret->unknown, &ret->n_unknown, "%s at %s: its volumes are not all alike (%s)",
            s->group->name, rec->primary, dr_name(&dr_access_names, (int)view.access));
}

static int
abort_group(struct dr_run *run, struct dr_step *steps, size_t flip, struct dr_abort_result *ret,
            struct drstor_error **err)
{
    const struct dr_plan_group *f = &run->plan.flips[flip];
    struct dr_step *first = NULL;
    struct dr_record rec;
    for (size_t i = 0; i < run->plan.n_steps; i++) {
        struct dr_step *s = &steps[i];
        if (s->flip != f)
            continue;
        first = first ? first : s;
        if (dr_step_finish_sent(s, s->old ? s->old : s->target) != DR_STEP_END_NONE) {
            int e = dr_error_status(s->err);
            dr_error_move(err, &s->err);
            return dr_context(err, e, "run %s is still open", run->id);
        }
    }
    if (!first)
        return DRSTOR_OK; /* nothing to do for it from the start */
    int r = dr_store_load(run->s->store, run->arena, f->name, &rec, NULL, err);
    if (r < 0)
        return r;
    if (f->operation == DR_OPERATION_DRILL_PROMOTE && rec.drill.n_luns)
        add(run, &ret->stays, &ret->n_stays,
            "%s: what the drill has brought to the engine of %s; drstor drill clean %s", f->name,
            rec.drill.site, f->name);
    else
        tell(run, f, &rec, ret);
    if (where(run, f, &rec) == FENCING)
        r = dr_record_unfence(first, err);
    else if (where(run, f, &rec) == DRILLING)
        r = tell_drill(run, first, &rec, ret, err);
    else
        r = dr_record_change(first, "aborted", park, NULL, err);
    if (r == DRSTOR_OK)
        look(run, first, &rec, took_away(run, f, &rec), ret);
    return r;
}

/* Kept, so that whoever reads of the run later is told the same. */
static void
keep_texts(struct json_object *o, const char *key, const char *const *list, size_t n)
{
    struct json_object *all = json_object_new_array();
    for (size_t i = 0; i < n; i++)
        (void)json_object_array_add(all, json_object_new_string(list[i]));
    dr_json_set(o, key, all);
}

static int
end_run(struct dr_run *run, const struct dr_abort_result *ret, struct drstor_error **err)
{
    dr_auto(dr_json_putp) struct json_object *o = json_object_new_object();
    const char *text = dr_arena_printf(run->arena, "given up by %s", run->s->who.user);
    const struct dr_audit entry = {.who = run->s->who,
                                   .what = "run aborted",
                                   .plan = run->plan.id,
                                   .run = run->id,
                                   .outcome = dr_name(&dr_run_state_names, DR_RUN_ABORTED),
                                   .detail = text};
    dr_json_set_i64(o, "exit", 4);
    dr_json_set_str(o, "text", text);
    keep_texts(o, "undone", ret->undone, ret->n_undone);
    keep_texts(o, "stays", ret->stays, ret->n_stays);
    keep_texts(o, "unknown", ret->unknown, ret->n_unknown);
    int r = dr_store_begin(run->s->store, err);
    if (r < 0)
        return r;
    r = dr_run_still_holds(run, err); /* or it is somebody else's to end */
    if (r == DRSTOR_OK)
        r = dr_store_run_update(run->s->store, run->id, DR_RUN_ABORTED, dr_json_text(o),
                                dr_now_utc(run->s->env), err);
    if (r == DRSTOR_OK)
        r = dr_store_audit(run->s->store, &entry, NULL, err);
    if (r < 0) {
        dr_store_rollback(run->s->store);
        return r;
    }
    return dr_store_commit(run->s->store, err);
}

/* Do VMs of F run nowhere that this run shut down, and nobody after it started? */
static bool
owes(struct dr_run *run, const struct dr_plan_group *f, struct dr_step *s)
{
    struct dr_guests ran;
    struct dr_record rec;
    const char *last = NULL;
    if (f->operation != DR_OPERATION_SWITCHOVER || f->nothing_to_do || !s)
        return false;
    if (dr_guests_owed(run->s->store, run->arena, f->name, NULL, &last, &ran, NULL) < 0 ||
        !dr_streq(last, run->id) ||
        dr_store_load(run->s->store, run->arena, f->name, &rec, NULL, NULL) < 0)
        return false;
    return dr_streq(rec.primary, f->from) && dr_record_at_rest(&rec);
}

/* They are started where the primary is writable. Where it is not, what makes it serve again starts
 * them; where that cannot be seen, nobody does. */
static bool
can_return(struct dr_run *run, struct dr_step *s, struct dr_abort_result *ret)
{
    struct dr_copy_view view;
    for (size_t i = 0; i < ret->n_not_served; i++)
        if (dr_streq(ret->not_served[i], s->group->name))
            return false;
    if (dr_step_look(s, s->old, &view, NULL) == DRSTOR_OK && dr_view_writable(&view))
        return true;
    add(run, &ret->stays, &ret->n_stays,
        "%s: its VMs are not started at %s: it cannot be seen that it is writable there; drstor "
        "run abort %s tries again",
        s->group->name, s->old->site->name, run->id);
    ret->left_over = true;
    return false;
}

/* KIND UNKNOWN: any. */
static struct dr_step *
step_of(const struct dr_run *run, struct dr_step *steps, const struct dr_plan_group *f,
        enum dr_step_kind kind)
{
    for (size_t i = 0; i < run->plan.n_steps; i++)
        if (steps[i].flip == f && (!kind || steps[i].plan->kind == kind))
            return &steps[i];
    return NULL;
}

/* The domains and VMs of groups of one old site, in the start order. */
static void
give_back_at(struct dr_run *run, struct dr_step *const *list, size_t n, struct dr_abort_result *ret)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    int r = dr_stage_return(run, list, n, &err);
    for (size_t i = 0; i < n; i++) {
        struct dr_guests ran;
        bool back = dr_guests_load(run->s->store, run->arena, run->id, list[i]->group->name, &ran,
                                   NULL) == DRSTOR_OK &&
                    !ran.owed;
        if (back)
            add(run, &ret->undone, &ret->n_undone, "%s: its VMs run at %s again",
                list[i]->group->name, list[i]->flip->from);
        else
            add(run, &ret->stays, &ret->n_stays,
                "%s: not all VMs that were shut down run at %s again: %s; drstor run abort %s "
                "tries again",
                list[i]->group->name, list[i]->flip->from,
                r < 0 ? dr_error_message(err) : "not known why", run->id);
        ret->left_over |= !back;
    }
}

static void
give_back(struct dr_run *run, struct dr_step *steps, struct dr_abort_result *ret)
{
    struct dr_step **owed = NULL;
    size_t n_owed = 0;
    for (size_t i = 0; i < run->plan.n_flips; i++) {
        struct dr_step *drain = step_of(run, steps, &run->plan.flips[i], DR_STEP_DRAIN);
        if (owes(run, &run->plan.flips[i], drain) && can_return(run, drain, ret))
            dr_arena_push(run->arena, owed, n_owed) = drain;
    }
    for (size_t i = 0; i < n_owed; i++) {
        struct dr_step **list = NULL;
        size_t n = 0;
        for (size_t k = i; k < n_owed; k++)
            if (owed[k] && owed[i] && owed[k]->old->site == owed[i]->old->site)
                dr_arena_push(run->arena, list, n) = owed[k];
        for (size_t k = i + 1; k < n_owed; k++)
            for (size_t m = 0; m < n; m++)
                owed[k] = owed[k] == list[m] ? NULL : owed[k];
        if (n)
            give_back_at(run, list, n, ret);
    }
}

/* Asked again, because the first time ended before everything was served again. */
static int
given_up_before(struct dr_run *run, const struct dr_run_row *row, bool leave_vms,
                struct dr_abort_result *ret, struct drstor_error **err)
{
    struct dr_step *steps = NULL;
    run->id = row->id;
    int r = dr_run_read(run->arena, row->plan, &dr_plan_type, &run->plan, err);
    if (r == DRSTOR_OK)
        r = dr_run_lock(run, err);
    if (r < 0)
        return r;
    ret->goal = run->plan.goal;
    dr_run_ready(run);
    r = dr_run_settle(run) ? dr_run_steps(run, &steps, err)
                           : dr_fail(err, DRSTOR_E_CANCELLED, "interrupted");
    for (size_t i = 0; r == DRSTOR_OK && i < run->plan.n_flips; i++) {
        const struct dr_plan_group *f = &run->plan.flips[i];
        struct dr_step *s = step_of(run, steps, f, DR_STEP_UNKNOWN);
        struct dr_record rec;
        const char *last = NULL;
        if (f->nothing_to_do || !s)
            continue;
        r = dr_store_load(run->s->store, run->arena, f->name, &rec, NULL, err);
        if (r == DRSTOR_OK)
            r = dr_run_last_of(run->s->store, run->arena, f->name, NULL, &last, err);
        /* It may have closed the primary and died before the record had a word of it. */
        if (r == DRSTOR_OK && dr_streq(last, run->id))
            look(run, s, &rec, took_away(run, f, &rec), ret);
    }
    if (r == DRSTOR_OK && !leave_vms)
        give_back(run, steps, ret);
    dr_run_over(run);
    dr_run_unlock(run);
    return r;
}

int
dr_run_abort(const struct dr_run_setup *setup, struct dr_arena *a, const char *id, bool leave_vms,
             struct dr_abort_result *ret, struct drstor_error **err)
{
    struct dr_run_row row;
    struct dr_run run;
    struct dr_step *steps = NULL;
    *ret = (struct dr_abort_result){0};
    int r = dr_run_take_up(setup, a, id, &run, &row, err);
    if (r < 0)
        return r;
    ret->run = row.id;
    ret->state = row.state;
    if (row.state == DR_RUN_ABORTED)
        return given_up_before(&run, &row, leave_vms, ret, err);
    if (!dr_run_state_open(row.state))
        return DRSTOR_OK;
    ret->goal = run.plan.goal;
    dr_run_ready(&run);
    r = dr_run_settle(&run)
            ? dr_run_steps(&run, &steps, err)
            : dr_fail(err, DRSTOR_E_CANCELLED, "interrupted; the run is still open");
    for (size_t i = 0; r == DRSTOR_OK && i < run.plan.n_flips; i++)
        if (!run.plan.flips[i].nothing_to_do)
            r = abort_group(&run, steps, i, ret, err);
    DR_FP("abort.looked");
    if (r == DRSTOR_OK)
        dr_clean_left_off(&run, &ret->stays, &ret->n_stays);
    if (r == DRSTOR_OK && !leave_vms)
        give_back(&run, steps, ret);
    if (r == DRSTOR_OK)
        r = end_run(&run, ret, err);
    if (r == DRSTOR_OK)
        ret->state = DR_RUN_ABORTED;
    dr_run_over(&run);
    dr_run_unlock(&run);
    return r;
}
