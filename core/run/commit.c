#include "run/internal.h"

#include "plan/command.h"

#include "base/str.h"
#include "base/timetext.h"
#include "model/words.h"

/* ---- the commit: one atomic write (S7) ------------------------------------------------------- */

struct flip {
    const char *generation;       /* planned: of the old copy, at the final sync */
    struct dr_evidence *evidence; /* planned: made here; NULL: those of the fence stay */
    const struct dr_loss *loss;
};

static bool
committed_before(const struct dr_step *s, const struct dr_record *r)
{
    return dr_record_committed_by(r, s->run->id, s->target->site->name, s->flip->epoch);
}

/* The target is primary now: nothing there is held any more, and the old site is named once. */
static void
release(struct dr_step *s, struct dr_record *r)
{
    const char **held = r->site_hold;
    size_t n = r->n_site_hold;
    r->site_hold = NULL;
    r->n_site_hold = 0;
    bool stale = s->flip->operation == DR_OPERATION_SERVE && r->old_copy != DR_OLD_COPY_NONE &&
                 !s->run->plan.goal.unplanned;
    for (size_t i = 0; i < n; i++)
        if (!dr_streq(held[i], s->target->site->name) &&
            (stale || !dr_streq(held[i], s->old->site->name)))
            dr_arena_push(s->arena, r->site_hold, r->n_site_hold) = held[i];
}

static int
flip(struct dr_step *s, struct dr_record *r, void *user, struct drstor_error **err)
{
    struct flip *f = user;
    if (committed_before(s, r))
        return 1;
    int x = dr_record_still_ours(s, r, err);
    if (x < 0)
        return x;
    if (f->evidence) {
        r->evidence = f->evidence;
        r->n_evidence = 1;
    }
    if (r->n_evidence == 0 || !dr_streq(r->evidence[0].run, s->run->id))
        return dr_fail(err, DRSTOR_E_INTERNAL,
                       "group %s would be committed without evidence of this run", s->group->name);
    r->epoch += DR_CANARY("half-a-commit") ? 0 : 1;
    r->primary = s->target->site->name;
    r->target = s->target->site->name;
    r->phase = DR_PHASE_PROMOTING;
    dr_record_op(s, r);
    r->consent = s->run->consent;
    r->consent.loss = f->loss->text;
    release(s, r);
    if (s->flip->operation != DR_OPERATION_SERVE) {
        r->old_copy = DR_OLD_COPY_STALE; /* until it follows the new primary */
        r->left = (struct dr_left){.epoch = r->epoch,
                                   .since = f->loss->since,
                                   .seconds = f->loss->seconds,
                                   .bytes = f->loss->bytes,
                                   .text = f->loss->text,
                                   .generation = f->generation,
                                   .point = s->flip->point,
                                   .owed = s->flip->point != NULL,
                                   .untaken = true};
        r->exposed_since = dr_now_utc(s->run->s->env);
    }
    if (s->run->plan.goal.unplanned)
        dr_arena_push(s->arena, r->site_hold, r->n_site_hold) = s->old->site->name;
    return DRSTOR_OK;
}

/* What the fence of this run did to an old copy that answered: it stays so. NULL: nothing. */
static const char *
left_at_old(struct dr_step *s, const struct dr_record *rec)
{
    const char *how = NULL;
    bool legs = s->group->topology == DR_TOPOLOGY_ACTIVE_ACTIVE;
    if (rec->n_evidence && rec->evidence[0].kind == DRSTOR_EVIDENCE_E1_READ_BACK)
        how = "is read-only";
    else if (rec->n_evidence && rec->evidence[0].kind == DRSTOR_EVIDENCE_E2_MASKED)
        how = "is seen by no host";
    return how ? dr_arena_printf(s->arena,
                                 "nothing was promoted, but %s %s at %s now; to serve it there "
                                 "again: drstor promote %s --to %s%s",
                                 s->group->name, how, s->old->site->name, s->group->name,
                                 s->old->site->name, legs ? " --unplanned" : "")
               : NULL;
}

static enum dr_step_end
give_up(struct dr_step *s)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    int r = dr_record_unfence(s, &err);
    return r < 0 ? dr_step_fail(s, dr_step_end_of_status(r), &err) : DR_STEP_END_NONE;
}

static enum dr_step_end
too_much(struct dr_step *s, const struct dr_loss *loss, const struct dr_record *rec)
{
    enum { ROOM_S = 120 }; /* it goes on growing where the fence is made anew */
    const char *left = left_at_old(s, rec);
    enum dr_step_end end = give_up(s);
    if (end != DR_STEP_END_NONE)
        return end;
    const char *bound =
        loss->seconds < 0
            ? "unknown"
            : dr_arena_printf(s->arena, "%llds", (long long)loss->seconds + (left ? ROOM_S : 0));
    (void)dr_refuse(&s->err, "R060", "group %s: the loss is larger than agreed: %s", s->group->name,
                    loss->text);
    dr_hint(&s->err, "%s; to accept the loss: %s", left ? left : "nothing was promoted",
            dr_command_text(s->arena, &s->run->plan.goal,
                            &(struct dr_command_change){.accept_loss = bound}));
    return DR_STEP_END_REFUSED;
}

/* Evidence is looked at once more, by its age and by what it was made for (safety 3.2). */
static enum dr_step_end
still_counts(struct dr_step *s, const struct dr_record *rec)
{
    static const struct dr_evidence none = {0};
    const struct dr_stamp now = dr_stamp_now(s->run->s->env);
    struct dr_refusal refusal;
    const char *left = left_at_old(s, rec);
    if (dr_evidence_counts(s->arena, rec->n_evidence ? &rec->evidence[0] : &none, s->group->name,
                           s->old->site->name, s->run->id, s->flip->epoch, &now, &refusal))
        return DR_STEP_END_DONE;
    enum dr_step_end end = give_up(s);
    if (end != DR_STEP_END_NONE)
        return end;
    (void)dr_refuse(&s->err, refusal.id, "%s (%s)", refusal.text, refusal.evidence);
    dr_hint(&s->err, "%s; to prove it anew: %s", left ? left : "nothing was promoted",
            dr_command_text(s->arena, &s->run->plan.goal, NULL));
    return DR_STEP_END_REFUSED;
}

/* A group's own standing consent, given by the configuration (safety 3.3.6). */
void
dr_step_standing(const struct dr_group *g, struct dr_accept_loss *ret)
{
    dr_map_clear(&dr_accept_loss_type, ret);
    ret->seconds = g->loss_max_s;
    ret->bytes = g->loss_max_bytes;
}

bool
dr_step_consent_covers(const struct dr_step *s, const struct dr_loss *loss)
{
    if (dr_loss_covered(loss, &s->run->plan.goal.accept_loss) || DR_CANARY("any-loss"))
        return true;
    struct dr_accept_loss standing;
    dr_step_standing(s->group, &standing);
    return dr_loss_covered(loss, &standing);
}

/*
 * Counter-evidence, as late as it can be had: a declaration speaks of a site that is gone, and an
 * array that sees its peer now says that it came back since the last probe began (safety 3.2).
 */
static int
still_gone(struct dr_step *s, const struct dr_record *rec, const struct dr_copy_view *target,
           struct drstor_error **err)
{
    if (!rec->n_evidence || rec->evidence[0].kind != DRSTOR_EVIDENCE_E6_DECLARED ||
        target->peer_seen != DRSTOR_TRI_YES)
        return DRSTOR_OK;
    int r = dr_record_unfence(s, err);
    if (r < 0)
        return r;
    r = dr_refuse(err, "R025",
                  "%s was declared lost, but array %s sees its peer again: group %s may be "
                  "written there",
                  s->old->site->name, s->target->array->name, s->group->name);
    dr_hint(err, "nothing was promoted; run the same command again: array %s is then asked itself",
            s->old->array->name);
    return r;
}

/*
 * The target as it is now; of the old copy what the evidence says, and what was ever heard of it:
 * it is not asked again.
 */
static int
weigh_loss(struct dr_step *s, const struct dr_record *rec, struct dr_loss *ret,
           struct drstor_error **err)
{
    struct dr_facts facts;
    int r = dr_store_facts_load(s->run->s->store, s->arena, &facts, err);
    if (r < 0)
        return r;
    facts.now = dr_stamp_now(s->run->s->env);
    struct dr_copy_facts *t = NULL;
    for (size_t i = 0; i < facts.n_copies; i++)
        if (dr_streq(facts.copies[i].group, s->group->name) &&
            dr_streq(facts.copies[i].site, s->target->site->name))
            t = &facts.copies[i];
    if (!t) {
        t = &dr_arena_push(s->arena, facts.copies, facts.n_copies);
        dr_map_clear(&dr_copy_facts_type, t);
        t->group = s->group->name;
        t->site = s->target->site->name;
        t->array = s->target->array->name;
    }
    r = dr_step_look_patiently(s, s->target, &t->view, err);
    if (r == DRSTOR_OK)
        r = still_gone(s, rec, &t->view, err);
    if (r < 0)
        return r;
    t->fresh = true;
    t->seen = dr_stamp_now(s->run->s->env);
    if (t->view.epoch > s->flip->epoch)
        return dr_refuse(err, "R050",
                         "array %s knows epoch %lld of group %s, this controller only %lld",
                         s->target->array->name, (long long)t->view.epoch, s->group->name,
                         (long long)s->flip->epoch);
    struct dr_point point;
    r = s->flip->point ? dr_step_point_planned(s, &point, err) : DRSTOR_OK;
    if (r < 0)
        return r;
    const struct dr_loss_case c = {.group = s->group,
                                   .old = s->old,
                                   .target = s->target,
                                   .record = rec,
                                   .adopted = s->flip->adopt,
                                   .facts = &facts,
                                   .evidence = rec->n_evidence ? &rec->evidence[0] : NULL,
                                   .point = s->flip->point ? &point : NULL};
    dr_loss_estimate(s->arena, &c, ret);
    return DRSTOR_OK;
}

/* What the plan said of this group. */
static void
planned_loss(struct dr_step *s, struct dr_loss *ret)
{
    const struct dr_loss *of = dr_plan_loss(&s->run->plan, s->group->name);
    *ret = of ? *of : s->run->plan.loss;
}

void
dr_step_read_back(struct dr_step *s, const char *detail, struct dr_evidence *ret)
{
    dr_map_clear(&dr_evidence_type, ret);
    ret->kind = DRSTOR_EVIDENCE_E1_READ_BACK;
    ret->group = s->group->name;
    ret->site = s->old->site->name;
    ret->array = s->old->array->name;
    ret->run = s->run->id;
    ret->by = s->run->consent.by;
    ret->detail = detail;
    ret->epoch = s->flip->epoch;
    ret->at = dr_stamp_now(s->run->s->env);
}

static void
planned_evidence(struct dr_step *s, struct dr_evidence *e, struct dr_loss *loss)
{
    dr_step_read_back(
        s, "demoted by this run, every member read back, then synchronised to the end", e);
    planned_loss(s, loss);
    loss->proven_zero = true;
    loss->confidence = DR_CONFIDENCE_PROVEN;
    loss->text = "nothing is lost: the final sync came after the demotion";
}

enum dr_step_end
dr_step_commit(struct dr_step *s)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_evidence evidence;
    struct dr_loss loss;
    struct dr_record rec;
    int r = dr_store_load(s->run->s->store, s->arena, s->group->name, &rec, NULL, &err);
    if (r < 0)
        return dr_step_fail(s, dr_step_end_of_status(r), &err);
    bool again = committed_before(s, &rec);

    struct flip f = {.loss = &loss};
    bool fenced = s->flip->operation != DR_OPERATION_SWITCHOVER;
    if (!again && fenced) {
        enum dr_step_end counts = still_counts(s, &rec);
        if (counts != DR_STEP_END_DONE)
            return counts;
    }
    if (again || s->flip->operation == DR_OPERATION_SERVE) {
        planned_loss(s, &loss);
    } else if (fenced) {
        r = weigh_loss(s, &rec, &loss, &err);
        if (r < 0)
            return dr_step_fail(
                s, r == DRSTOR_E_REFUSED ? DR_STEP_END_REFUSED : dr_step_end_of_status(r), &err);
        if (!dr_step_consent_covers(s, &loss))
            return too_much(s, &loss, &rec);
        s->row.answer = NULL;
    } else {
        planned_evidence(s, &evidence, &loss);
        f.evidence = &evidence;
        r = dr_step_kept_generation(s, DR_STEP_FINALSYNC, &f.generation, &err);
        if (r < 0)
            return dr_step_fail(s, dr_step_end_of_status(r), &err);
    }
    if (!again) {
        struct dr_accept_loss standing;
        dr_step_standing(s->group, &standing);
        struct dr_require_case c = {.evidence = f.evidence,
                                    .loss = &loss,
                                    .accepted = &s->run->plan.goal.accept_loss,
                                    .standing = &standing};
        enum dr_step_end end = dr_step_needs(s, &c);
        if (end != DR_STEP_END_DONE)
            return end;
        struct json_object *o = dr_map_write(&dr_loss_type, &loss);
        s->row.answer = dr_arena_str(s->arena, dr_json_text(o));
        (void)json_object_put(o);
        s->row.state = "committed";
        s->row.answered = dr_stamp_now(s->run->s->env);
        DR_FP("commit.before");
        r = dr_step_tell_standby(s, &err);
        if (r == DRSTOR_OK)
            r = dr_record_change(s, "commit", flip, &f, &err);
        if (r < 0)
            return dr_step_fail(
                s, r == DRSTOR_E_REFUSED ? DR_STEP_END_REFUSED : dr_step_end_of_status(r), &err);
        DR_FP("commit.after");
    }
    if (s->run->plan.goal.unplanned)
        dr_contact_forbid(s->run->s->contact, s->old->site->name);
    /* It counts; but who is told only now that another one took over promotes nothing. */
    r = dr_step_tell_standby(s, &err);
    if (r < 0)
        return dr_step_fail(s, DR_STEP_END_REFUSED, &err);
    dr_run_event(s->run, s, "committed", "epoch %lld, primary %s; %s",
                 (long long)s->flip->epoch + 1, s->target->site->name, loss.text);
    return DR_STEP_END_DONE;
}
