/*
 * Which proof can be had that the old copy cannot be written, from what is known now (safety 3.2).
 * Pure: the run collects facts and asks again.
 */
#ifndef DR_PLAN_EVIDENCE_H
#define DR_PLAN_EVIDENCE_H

#include "plan/plan.h"

enum dr_fence_verdict {
    DR_FENCE_UNKNOWN = 0,
    DR_FENCE_PROVEN,  /* evidence is in hand */
    DR_FENCE_TRY,     /* the array answers: demote it there, then ask again */
    DR_FENCE_WAIT,    /* a declaration counts, but the silence is too young: until ret_until */
    DR_FENCE_REFUSED  /* nothing that can be had is enough; see the refusal */
};

struct dr_fence {
    enum dr_fence_verdict verdict;
    struct dr_evidence evidence; /* PROVEN */
    struct dr_stamp wait_from;   /* WAIT: start of the silence */
    int64_t wait_left_s;
    struct dr_refusal refusal;   /* REFUSED */
};

/*
 * RECORD is the group's record; PERSON who asks ("anna@ops1"). Facts must have been read in this
 * run: a probe that was not asked counts for nothing.
 */
void dr_evidence_weigh(struct dr_arena *a, const struct dr_model *m, const struct dr_group *g,
                       const struct dr_copy *old, const struct dr_goal *goal,
                       const struct dr_record *record, const struct dr_facts *facts,
                       const char *person, struct dr_fence *ret);

/*
 * An array that cannot be used though something there answers ("wrong password", or the group is
 * not among its own) is not silent: no declaration counts for it. Says what it answers, or NULL
 * when it is silent or was not asked.
 */
const char *dr_evidence_alive(struct dr_arena *a, const struct dr_group *g,
                              const struct dr_copy *copy, const struct dr_facts *facts,
                              const char **ret_remedy);

#endif
