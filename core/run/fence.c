#include "run/internal.h"

#include "base/str.h"
#include "base/timetext.h"

/* An observation a moment old is this command's own; an older one is asked again. */
static const uint64_t facts_fresh_ns = 5 * DR_S;

/* What this command knows: a copy for this step, in its arena. `now` stays when it was read. */
static void
facts_now(struct dr_step *s, struct dr_facts *ret)
{
    pthread_mutex_lock(&s->run->lock);
    dr_map_copy(s->arena, &dr_facts_type, &s->run->facts, ret);
    pthread_mutex_unlock(&s->run->lock);
}

static uint64_t
facts_age_ns(const struct dr_step *s, const struct dr_facts *facts)
{
    uint64_t now = dr_now_ns(s->run->s->env);
    if (facts->now.boot_ns < 0 || (uint64_t)facts->now.boot_ns > now ||
        !dr_streq(facts->now.boot, dr_boot_id(s->run->s->env)))
        return UINT64_MAX;
    return now - (uint64_t)facts->now.boot_ns;
}

/* Asks the old site and the target again, bounded, and keeps what they said. */
static int
ask_again(struct dr_step *s, struct dr_facts *facts, struct drstor_error **err)
{
    struct dr_run *run = s->run;
    const char *group = s->group->name;
    const char *sites[] = {s->old->site->name, s->target->site->name};
    const struct dr_observe_what what = {
        .groups = &group, .n_groups = 1, .sites = sites, .n_sites = 2, .engines = true};
    struct dr_facts before = *facts, fresh;
    dr_observe(run->s->ends, run->s->env, run->s->model, &what, &before, run->s->cancel, s->arena,
               &fresh);
    *facts = fresh;
    return dr_store_facts_save(run->s->store, &fresh, err);
}

static int
keep_evidence(struct dr_step *s, struct dr_record *r, void *user, struct drstor_error **err)
{
    struct dr_evidence *e = user;
    int x = dr_record_still_ours(s, r, err);
    if (x < 0)
        return x;
    e->run = s->run->id;
    r->phase = DR_PHASE_FENCING;
    r->evidence = e;
    r->n_evidence = 1;
    return DRSTOR_OK;
}

static int
begin_fencing(struct dr_step *s, struct dr_record *r, void *user, struct drstor_error **err)
{
    (void)user;
    int x = dr_record_still_ours(s, r, err);
    if (x < 0)
        return x;
    r->phase = DR_PHASE_FENCING;
    r->target = s->target->site->name;
    dr_record_op(s, r);
    if (s->run->plan.goal.carries) /* weighed by its age, run and epoch */
        return DRSTOR_OK;
    r->evidence = NULL; /* gathered again: none is carried over a crash (safety 3.1) */
    r->n_evidence = 0;
    return DRSTOR_OK;
}

static enum dr_step_end
refused(struct dr_step *s, const struct dr_refusal *r)
{
    (void)dr_refuse(&s->err, r->id, "%s (%s)", r->text, r->evidence ? r->evidence : "no evidence");
    dr_hint(&s->err, "%s", r->remedy);
    return DR_STEP_END_REFUSED;
}

/*
 * The old array answers: nothing less than E1 is accepted. A refusal or an unclear end of that is
 * looked at again, because the array may go silent under our hands.
 */
static enum dr_step_end
demote_there(struct dr_step *s, struct dr_facts *facts)
{
    dr_run_event(s->run, s, "acting", "array %s answers: making %s read-only there",
                 s->old->array->name, s->group->name);
    enum dr_step_end end = dr_step_set_access(s, s->old, DRSTOR_ACCESS_READ_ONLY, false, true);
    dr_auto(dr_error_freep) struct drstor_error *why = NULL;
    dr_error_move(&why, &s->err);
    if (end == DR_STEP_END_INTERRUPTED)
        return dr_step_fail(s, end, &why);

    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    int r = ask_again(s, facts, &err);
    if (r < 0)
        return dr_step_fail(s, dr_step_end_of_status(r), &err);
    const struct dr_copy_facts *c = dr_facts_copy(facts, s->group->name, s->old->site->name);
    if (end == DR_STEP_END_DONE || !c || !c->fresh)
        return DR_STEP_END_NONE; /* weigh again with what is known now */
    (void)dr_refuse(&s->err, "R035", "array %s answers but did not make group %s read-only: %s",
                    s->old->array->name, s->group->name, dr_error_message(why));
    dr_hint(&s->err,
            "remove its host access at the array by hand, or reach what refused; then run again");
    return DR_STEP_END_REFUSED;
}

/* Waits until the silence is old enough, with the last probe ending just then. */
static enum dr_step_end
wait_silence(struct dr_step *s, const struct dr_fence *f, struct dr_facts *facts)
{
    struct dr_run *run = s->run;
    uint64_t now = dr_now_ns(run->s->env);
    uint64_t over = now + (uint64_t)f->wait_left_s * DR_S;
    uint64_t probe = (uint64_t)run->s->model->observe_timeout_s * DR_S;
    dr_run_event(run, s, "waiting", "%s must be silent for %s: %s to go", s->old->site->name,
                 dr_duration_text(s->arena, run->s->model->assert_min_s),
                 dr_duration_text(s->arena, f->wait_left_s));
    if (over > now + probe && !dr_step_wait(s, over - probe))
        return dr_step_stopped(s);
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    int r = ask_again(s, facts, &err);
    if (r < 0)
        return dr_step_fail(s, dr_step_end_of_status(r), &err);
    /* A probe that failed at once leaves time: it must be silent at the end of it, too. */
    if (dr_now_ns(run->s->env) < over) {
        if (!dr_step_wait(s, over))
            return dr_step_stopped(s);
        r = ask_again(s, facts, &err);
    }
    return r < 0 ? dr_step_fail(s, dr_step_end_of_status(r), &err) : DR_STEP_END_NONE;
}

enum dr_step_end
dr_step_fence(struct dr_step *s)
{
    enum { ROUNDS = 12 };
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_facts facts;
    int64_t said = dr_now_utc(s->run->s->env) - s->run->consent.at;
    if (said < 0 || said > s->run->s->model->consent_valid_s) {
        (void)dr_refuse(&s->err, "R060",
                        "what was declared and agreed to for group %s is %s old: too old to "
                        "act on",
                        s->group->name, dr_duration_text(s->arena, said));
        dr_hint(&s->err, "look at %s again and give the command anew", s->old->site->name);
        return DR_STEP_END_REFUSED;
    }
    int r = dr_record_change(s, "fencing", begin_fencing, NULL, &err);
    if (r < 0)
        return dr_step_fail(
            s, r == DRSTOR_E_REFUSED ? DR_STEP_END_REFUSED : dr_step_end_of_status(r), &err);
    DR_FP("fence.begun");
    s->hasty = true;
    dr_step_finish_sent(s, s->old);
    facts_now(s, &facts);
    bool demoted = false;

    for (int round = 0; round < ROUNDS; round++) {
        if (dr_step_must_stop(s))
            return dr_step_stopped(s);
        /* What was seen before a question was answered, or in another life, proves nothing now. */
        if (facts_age_ns(s, &facts) > facts_fresh_ns) {
            r = ask_again(s, &facts, &err);
            if (r < 0)
                return dr_step_fail(s, dr_step_end_of_status(r), &err);
        }
        struct dr_record rec;
        r = dr_store_load(s->run->s->store, s->arena, s->group->name, &rec, NULL, &err);
        if (r < 0)
            return dr_step_fail(s, dr_step_end_of_status(r), &err);
        struct dr_fence f;
        dr_evidence_weigh(s->arena, s->run->s->model, s->group, s->old, &s->run->plan.goal, &rec,
                          &facts, s->run->consent.by, &f);
        enum dr_step_end end = DR_STEP_END_NONE;
        /* E1 is read back after our own demotion, which carried our token (safety 3.2). */
        const struct dr_copy_facts *now = dr_facts_copy(&facts, s->group->name, s->old->site->name);
        if (f.verdict == DR_FENCE_PROVEN && f.evidence.kind == DRSTOR_EVIDENCE_E1_READ_BACK &&
            now && now->fresh && !demoted)
            f.verdict = DR_FENCE_TRY;
        switch (f.verdict) {
        case DR_FENCE_PROVEN:
            r = dr_record_change(s, "evidence", keep_evidence, &f.evidence, &err);
            if (r == DRSTOR_OK)
                r = dr_step_keep(s, "proven", dr_map_write(&dr_evidence_type, &f.evidence), &err);
            if (r < 0)
                return dr_step_fail(s, dr_step_end_of_status(r), &err);
            dr_run_event(s->run, s, "proven", "%s", f.evidence.detail);
            return DR_STEP_END_DONE;
        case DR_FENCE_TRY:
            end = demote_there(s, &facts);
            demoted = true;
            break;
        case DR_FENCE_WAIT:
            end = wait_silence(s, &f, &facts);
            break;
        case DR_FENCE_REFUSED:
            end = refused(s, &f.refusal);
            break;
        case DR_FENCE_UNKNOWN:
            break;
        }
        if (end != DR_STEP_END_NONE)
            return end;
    }
    (void)dr_refuse(&s->err, "R035", "the old copy of group %s could not be proven not writable",
                    s->group->name);
    dr_hint(&s->err, "array %s comes and goes; cut its hosts off, then run again",
            s->old->array->name);
    return DR_STEP_END_REFUSED;
}
