#include "run/internal.h"

#include "plugin/info.h"

#include "base/str.h"
#include "base/timetext.h"
#include "model/words.h"

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
 * The old array answers: nothing less than E1 or E2 is accepted. A refusal or an unclear end of
 * what was tried is looked at again, because the array may go silent under our hands.
 */
static enum dr_step_end
try_there(struct dr_step *s, bool demote, struct dr_fence_tried *tried, struct dr_facts *facts)
{
    dr_run_event(
        s->run, s, "acting", "array %s answers: %s", s->old->array->name,
        demote ? dr_arena_printf(s->arena, "making %s read-only there", s->group->name)
               : dr_arena_printf(s->arena, "taking %s away from every host there", s->group->name));
    enum dr_step_end end = demote
                               ? dr_step_set_access(s, s->old, DRSTOR_ACCESS_READ_ONLY, false, true)
                               : dr_step_take_hosts(s, s->old, false, true);
    dr_auto(dr_error_freep) struct drstor_error *why = NULL;
    dr_error_move(&why, &s->err);
    if (end == DR_STEP_END_INTERRUPTED)
        return dr_step_fail(s, end, &why);

    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    int r = ask_again(s, facts, &err);
    if (r < 0)
        return dr_step_fail(s, dr_step_end_of_status(r), &err);
    const char *text =
        end == DR_STEP_END_DONE ? NULL : dr_arena_str(s->arena, dr_error_message(why));
    if (demote) {
        tried->demoted = end == DR_STEP_END_DONE;
        tried->not_demoted = text;
    } else {
        tried->withdrawn = end == DR_STEP_END_DONE;
        tried->not_withdrawn = text;
    }
    if (text)
        dr_run_event(s->run, s, "retrying", "%s", text);
    return DR_STEP_END_NONE; /* weigh again with what is known now */
}

/* Nothing of ours has to be sent there: what others sent must not act after we have looked. */
static enum dr_step_end
settle_there(struct dr_step *s, struct dr_fence_tried *tried, struct dr_facts *facts)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    const struct dr_run_setup *setup = s->run->s;
    uint64_t over = dr_now_ns(setup->env) + dr_settle_ms(setup, s->old->array) * DR_MS;
    dr_run_event(s->run, s, "settling", "waiting until nothing sent to array %s can still act",
                 s->old->array->name);
    if (!dr_step_wait(s, over) || !dr_jobs_ended(setup, s->old, s->arena))
        return dr_step_stopped(s);
    tried->settled = true;
    int r = ask_again(s, facts, &err);
    return r < 0 ? dr_step_fail(s, dr_step_end_of_status(r), &err) : DR_STEP_END_NONE;
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

static bool
can_withdraw(struct dr_step *s)
{
    const struct dr_plugin *p = NULL;
    return dr_endpoints_plugin(s->run->s->ends, s->old->array, &p, NULL) == DRSTOR_OK &&
           dr_plugin_can(p, DR_ARRAY_OP_WITHDRAW);
}

/* The weakest proof stands in the audit log by its name. */
static int
audit_waiver(struct dr_step *s, const struct dr_evidence *e, struct drstor_error **err)
{
    const struct dr_audit entry = {.who = s->run->s->who,
                                   .what = "fence waived",
                                   .group = s->group->name,
                                   .epoch = e->epoch,
                                   .token = s->token,
                                   .plan = s->run->plan.id,
                                   .run = s->run->id,
                                   .outcome = dr_name(&dr_evidence_names, (int)e->kind),
                                   .detail = e->detail};
    if (e->kind != DRSTOR_EVIDENCE_E7_WAIVED)
        return DRSTOR_OK;
    dr_run_event(s->run, s, "warning", "%s", e->detail);
    return dr_store_audit(s->run->s->store, &entry, NULL, err);
}

static enum dr_step_end
keep(struct dr_step *s, struct dr_evidence *e)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    int r = audit_waiver(s, e, &err);
    if (r == DRSTOR_OK)
        r = dr_record_change(s, "evidence", keep_evidence, e, &err);
    if (r == DRSTOR_OK)
        r = dr_step_keep(s, "proven", dr_map_write(&dr_evidence_type, e), &err);
    if (r < 0)
        return dr_step_fail(s, dr_step_end_of_status(r), &err);
    dr_run_event(s->run, s, "proven", "%s", e->detail);
    return DR_STEP_END_DONE;
}

/* One look at what is known, and what follows from it. NONE: once more. */
static enum dr_step_end
one_round(struct dr_step *s, bool can, struct dr_fence_tried *tried, struct dr_facts *facts)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_record rec;
    struct dr_fence f;
    int r = dr_store_load(s->run->s->store, s->arena, s->group->name, &rec, NULL, &err);
    if (r < 0)
        return dr_step_fail(s, dr_step_end_of_status(r), &err);
    const struct dr_fence_case c = {.model = s->run->s->model,
                                    .group = s->group,
                                    .old = s->old,
                                    .target = s->target,
                                    .goal = &s->run->plan.goal,
                                    .record = &rec,
                                    .facts = facts,
                                    .person = s->run->consent.by,
                                    .second = s->run->consent.confirmed_by,
                                    .can_withdraw = can,
                                    .tried = tried};
    dr_evidence_weigh(s->arena, &c, &f);
    if (DR_CANARY("no-fence")) {
        f.verdict = DR_FENCE_PROVEN;
        f.evidence.kind = DRSTOR_EVIDENCE_E1_READ_BACK;
        f.evidence.group = s->group->name;
        f.evidence.site = s->old->site->name;
        f.evidence.epoch = s->flip->epoch;
        f.evidence.at = dr_stamp_now(s->run->s->env);
    }
    switch (f.verdict) {
    case DR_FENCE_PROVEN:
        return keep(s, &f.evidence);
    case DR_FENCE_DEMOTE:
        return try_there(s, true, tried, facts);
    case DR_FENCE_WITHDRAW:
        return try_there(s, false, tried, facts);
    case DR_FENCE_SETTLE:
        return settle_there(s, tried, facts);
    case DR_FENCE_WAIT:
        return wait_silence(s, &f, facts);
    case DR_FENCE_REFUSED:
        return refused(s, &f.refusal);
    case DR_FENCE_UNKNOWN:
        break;
    }
    return DR_STEP_END_NONE;
}

bool
dr_step_consent_young(struct dr_step *s)
{
    int64_t said = dr_now_utc(s->run->s->env) - s->run->consent.at;
    if (said >= 0 && said <= s->run->s->model->consent_valid_s)
        return true;
    (void)dr_refuse(&s->err, "R060",
                    "what was declared and agreed to for group %s is %s old: too old to act on",
                    s->group->name, dr_duration_text(s->arena, said));
    dr_hint(&s->err, "look at %s again and give the command anew", s->old->site->name);
    return false;
}

enum dr_step_end
dr_step_fence(struct dr_step *s)
{
    enum { ROUNDS = 12 };
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_fence_tried tried = {0};
    struct dr_facts facts;
    if (!dr_step_consent_young(s))
        return DR_STEP_END_REFUSED;
    int r = dr_record_change(s, "fencing", begin_fencing, NULL, &err);
    if (r < 0)
        return dr_step_fail(
            s, r == DRSTOR_E_REFUSED ? DR_STEP_END_REFUSED : dr_step_end_of_status(r), &err);
    DR_FP("fence.begun");
    s->hasty = true;
    enum dr_step_end sent = dr_step_finish_sent(s, s->old);
    if (sent != DR_STEP_END_NONE)
        return sent;
    facts_now(s, &facts);
    bool can = can_withdraw(s);
    for (int round = 0; round < ROUNDS; round++) {
        if (dr_step_must_stop(s))
            return dr_step_stopped(s);
        /* What was seen before a question was answered, or in another life, proves nothing now. */
        if (facts_age_ns(s, &facts) > facts_fresh_ns) {
            r = ask_again(s, &facts, &err);
            if (r < 0)
                return dr_step_fail(s, dr_step_end_of_status(r), &err);
        }
        enum dr_step_end end = one_round(s, can, &tried, &facts);
        if (end != DR_STEP_END_NONE)
            return end;
    }
    (void)dr_refuse(&s->err, "R035", "the old copy of group %s could not be proven not writable",
                    s->group->name);
    dr_hint(&s->err, "array %s comes and goes; switch it off and declare it, then run again",
            s->old->array->name);
    return DR_STEP_END_REFUSED;
}
