/*
 * Which proof can be had that the old copy cannot be written, from what is known now (safety 3.2).
 * Pure: the run collects facts, does what is asked for, and asks again.
 */
#ifndef DR_PLAN_EVIDENCE_H
#define DR_PLAN_EVIDENCE_H

#include "plan/plan.h"

enum dr_fence_verdict {
    DR_FENCE_UNKNOWN = 0,
    DR_FENCE_PROVEN,   /* evidence is in hand */
    DR_FENCE_DEMOTE,   /* the array answers: make the copy read-only there, then ask again */
    DR_FENCE_WITHDRAW, /* it does not do that: take the copy away from every host there */
    DR_FENCE_SETTLE,   /* nothing of ours has to be sent: wait until nothing sent earlier can act */
    DR_FENCE_WAIT,     /* a declaration counts, but the silence is too young */
    DR_FENCE_REFUSED   /* nothing that can be had is enough; see the refusal */
};

/* What this run has done at the old array so far. */
struct dr_fence_tried {
    bool demoted, withdrawn;                 /* carried out: what is read back carries our token */
    bool settled;                            /* what was sent by others cannot act any more */
    const char *not_demoted, *not_withdrawn; /* tried, and why it was not done */
};

struct dr_fence_case {
    const struct dr_model *model;
    const struct dr_group *group;
    const struct dr_copy *old, *target; /* target NULL: none is configured */
    const struct dr_goal *goal;
    const struct dr_record *record;
    /* Read in this run: a probe that was not asked counts for nothing. */
    const struct dr_facts *facts;
    const char *person, *second; /* "anna@ops1"; who else agreed to waive the fence, or NULL */
    bool can_withdraw;           /* the old copy's array */
    const struct dr_fence_tried *tried; /* NULL: a plan is made; what will be tried is assumed */
};

struct dr_fence {
    enum dr_fence_verdict verdict;
    struct dr_evidence evidence; /* PROVEN; of WAIT the kind it will be, and what answers */
    struct dr_stamp wait_from;   /* WAIT: start of the silence */
    int64_t wait_left_s;
    struct dr_refusal refusal; /* REFUSED */
};

void dr_evidence_weigh(struct dr_arena *a, const struct dr_fence_case *c, struct dr_fence *ret);

/*
 * May E still be acted on: made by RUN for this copy at this epoch, not older than
 * DR_EVIDENCE_VALID_S of this boot? Otherwise *RET says what is wrong with it.
 */
bool dr_evidence_counts(struct dr_arena *a, const struct dr_evidence *e, const char *group,
                        const char *site, const char *run, int64_t epoch,
                        const struct dr_stamp *now, struct dr_refusal *ret);

/*
 * An array that cannot be used though something there answers ("wrong password", or the group is
 * not among its own) is not silent: no declaration counts for it. Says what it answers, or NULL
 * when it is silent or was not asked.
 */
const char *dr_evidence_alive(struct dr_arena *a, const struct dr_group *g,
                              const struct dr_copy *copy, const struct dr_facts *facts,
                              const char **ret_remedy);

#endif
