/*
 * drstor's own decisions, asked with its own structs: the conditions of the table
 * (dr_require_missing()), evidence (dr_evidence_weigh(), dr_evidence_counts()), loss and consent
 * (dr_loss_estimate(), dr_loss_destroyed(), dr_loss_covered()).
 */
#include "real.h"

#include "plan/evidence.h"
#include "plan/loss.h"
#include "plan/require.h"

#include "base/str.h"

/* ---- what a step needs ----------------------------------------------------------------------- */

static const struct dr_accept_loss *
accepted(unsigned code)
{
    static struct dr_accept_loss a;
    a = (struct dr_accept_loss){.seconds =
                                    code && code != BOUND_UNKNOWN ? (int64_t)code * BOUND_S : -1,
                                .bytes = -1,
                                .unknown = code == BOUND_UNKNOWN};
    return &a;
}

static bool
step_done(const struct run *r, enum dr_step_kind kind)
{
    for (unsigned k = 0; k < STEPS_MOST; k++)
        if ((r->steps & (1u << k)) && step_row(r, k)->kind == kind)
            return (r->done & (1u << k)) != 0;
    return false;
}

static void
weigh(struct dr_arena *a, const struct state *s, unsigned run, struct kept *k, struct known *f,
      struct dr_loss *ret)
{
    const struct run *r = &s->runs[run];
    real_know(s, f);
    if (r->op == DR_OPERATION_REPROTECT) {
        dr_loss_destroyed(a, &real_group, &real_copies[r->old], &real_copies[r->to], &k->record,
                          &f->facts, ret);
        return;
    }
    /* From the fence on the old copy is not asked again: what it is, the evidence says. */
    for (size_t i = 0; i < f->facts.n_copies; i++)
        f->copies[i].fresh = dr_streq(f->copies[i].site, real_sites[r->to]);
    const struct dr_loss_case c = {.group = &real_group,
                                   .old = &real_copies[r->old],
                                   .target = &real_copies[r->to],
                                   .record = &k->record,
                                   .facts = &f->facts,
                                   .evidence = k->record.n_evidence ? k->record.evidence : NULL};
    dr_loss_estimate(a, &c, ret);
}

void
real_loss(const struct state *s, unsigned run, struct real_loss *ret)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct kept k;
    struct known f;
    struct dr_loss loss;
    real_record(s, &k);
    weigh(a, s, run, &k, &f, &loss);
    ret->proven = loss.proven_zero;
    ret->covered = dr_loss_covered(&loss, accepted(s->runs[run].accepts));
}

/* As needs.c of core/run reads it: the old copy is looked at where something depends on it. */
unsigned
real_missing(const struct state *s, unsigned run, unsigned needs, bool weighs)
{
    enum {
        OF_OLD = DR_REQUIRE_OLD_REACHABLE | DR_REQUIRE_OLD_NOT_WRITABLE | DR_REQUIRE_SYNCED_AFTER |
                 DR_REQUIRE_OLD_WITHDRAWN | DR_REQUIRE_FOLLOWS,
        OF_TARGET = DR_REQUIRE_TARGET_REACHABLE | DR_REQUIRE_RELATION_HEALTHY |
                    DR_REQUIRE_SYNCED_AFTER | DR_REQUIRE_TARGET_WRITABLE | DR_REQUIRE_EXPOSED |
                    DR_REQUIRE_CONSISTENT
    };
    const struct run *r = &s->runs[run];
    struct dr_arena *a = NULL;
    struct kept k;
    struct known f;
    struct seen old, target;
    struct dr_plan_group flip;
    struct dr_evidence made;
    struct dr_loss loss;
    bool there = r->op == DR_OPERATION_SWITCHOVER || (r->op == DR_OPERATION_SERVE && !r->unplanned);
    bool sees_old = world_sees(s, r->old), sees_target = world_sees(s, r->to);
    if (((needs & OF_OLD) && !sees_old) || ((needs & OF_TARGET) && !sees_target))
        return needs & (OF_OLD | OF_TARGET);
    real_record(s, &k);
    real_flip(r, &flip);
    struct dr_require_case c = {.group = &real_group,
                                .record = &k.record,
                                .run = real_runs[run],
                                .plan = &flip,
                                .transferred = scene->sync || step_done(r, DR_STEP_FINALSYNC),
                                .kept = step_done(r, DR_STEP_SNAPSHOT),
                                .vms_at_old = scene->storage_only   ? DRSTOR_TRI_NO
                                              : !sees_old           ? DRSTOR_TRI_UNKNOWN
                                              : s->site[r->old].vms ? DRSTOR_TRI_YES
                                                                    : DRSTOR_TRI_NO,
                                .attached_at_old = scene->storage_only   ? DRSTOR_TRI_NO
                                                   : !sees_old           ? DRSTOR_TRI_UNKNOWN
                                                   : s->site[r->old].att ? DRSTOR_TRI_YES
                                                                         : DRSTOR_TRI_NO};
    if ((needs & OF_OLD) || (there && (needs & DR_REQUIRE_EVIDENCE) && sees_old)) {
        real_see(s, r->old, &old);
        c.old = &old.view;
    }
    if (needs & OF_TARGET) {
        real_see(s, r->to, &target);
        c.target = &target.view;
    }
    if (weighs && r->op == DR_OPERATION_SWITCHOVER) {
        real_proof(s, DRSTOR_EVIDENCE_E1_READ_BACK, run, r->old, (unsigned)r->epoch, false, &made);
        c.evidence = &made;
    }
    if (weighs && (needs & (DR_REQUIRE_LOSS_COVERED | DR_REQUIRE_OLD_KEPT))) {
        a = dr_arena_new();
        weigh(a, s, run, &k, &f, &loss);
        c.loss = &loss;
        c.accepted = accepted((unsigned)r->accepts);
    }
    unsigned missing = dr_require_missing(needs, &c);
    dr_arena_free(a);
    return missing;
}

/* ---- evidence -------------------------------------------------------------------------------- */

void
real_goal(unsigned op, unsigned to, bool unplanned, const struct dr_declaration *lost,
          struct dr_goal *g)
{
    static const char *names[] = {"erp"};
    static const enum dr_verb verbs[] = {[DR_OPERATION_SWITCHOVER] = DR_VERB_PROMOTE,
                                         [DR_OPERATION_PROMOTE] = DR_VERB_PROMOTE,
                                         [DR_OPERATION_SERVE] = DR_VERB_PROMOTE,
                                         [DR_OPERATION_SURVIVOR] = DR_VERB_PROMOTE,
                                         [DR_OPERATION_DEMOTE] = DR_VERB_DEMOTE,
                                         [DR_OPERATION_REPROTECT] = DR_VERB_REPROTECT,
                                         [DR_OPERATION_SUSPEND] = DR_VERB_SUSPEND,
                                         [DR_OPERATION_RESUME] = DR_VERB_RESUME,
                                         [DR_OPERATION_SYNC] = DR_VERB_SYNC,
                                         [DR_OPERATION_DRILL_START] = DR_VERB_DRILL_START,
                                         [DR_OPERATION_DRILL_PROMOTE] = DR_VERB_DRILL_PROMOTE,
                                         [DR_OPERATION_DRILL_CLEAN] = DR_VERB_DRILL_CLEAN,
                                         [DR_OPERATION_GUARD] = DR_VERB_GUARD};
    *g = (struct dr_goal){.verb = verbs[op],
                          .groups = names,
                          .n_groups = 1,
                          .within_s = -1,
                          .unplanned = unplanned,
                          .storage_only = scene->storage_only,
                          .accept_loss = {.seconds = -1, .bytes = -1},
                          .reason = "fire"};
    if (g->verb == DR_VERB_PROMOTE)
        g->to = real_sites[to];
    if (g->verb == DR_VERB_DEMOTE || g->verb == DR_VERB_GUARD)
        g->at = real_sites[to];
    if (lost->kind) {
        g->declare = (struct dr_declaration *)(uintptr_t)lost;
        g->n_declare = 1;
    }
}

unsigned
real_fence(const struct state *s, unsigned run, const struct thread *t, unsigned *ret_kind)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    const struct run *r = &s->runs[run];
    const struct dr_declaration lost = {r->lost ? DR_DECLARED_SITE_LOST : DR_DECLARED_UNKNOWN,
                                        real_sites[r->old]};
    struct dr_goal goal;
    struct kept k;
    struct known f;
    struct dr_fence fence;
    real_goal(r->op, r->to, r->unplanned, &lost, &goal);
    real_record(s, &k);
    real_know(s, &f);
    const struct dr_fence_tried tried = {.demoted = t->dem == 1,
                                         .withdrawn = t->wd == 1,
                                         .settled = t->settled,
                                         .not_demoted = t->dem == 2 ? "no" : NULL,
                                         .not_withdrawn = t->wd == 2 ? "no" : NULL};
    const struct dr_fence_case c = {.model = &real_model,
                                    .group = &real_group,
                                    .old = &real_copies[r->old],
                                    .target = &real_copies[r->to],
                                    .goal = &goal,
                                    .record = &k.record,
                                    .facts = &f.facts,
                                    .person = "anna",
                                    .can_withdraw = !scene->no_hiding,
                                    .tried = &tried};
    dr_evidence_weigh(a, &c, &fence);
    *ret_kind = (unsigned)fence.evidence.kind;
    return (unsigned)fence.verdict;
}

bool
real_evidence_counts(const struct state *s, unsigned run)
{
    static const struct dr_evidence none;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    const struct run *r = &s->runs[run];
    struct kept k;
    struct dr_refusal refusal;
    real_record(s, &k);
    if (!guard_on(G_EVIDENCE_AGE) && k.record.n_evidence)
        k.evidence.at = real_now(s);
    const struct dr_stamp now = real_now(s);
    return dr_evidence_counts(a, k.record.n_evidence ? &k.evidence : &none, "erp",
                              real_sites[r->old], real_runs[run], (int64_t)r->epoch, &now,
                              &refusal);
}
