/*
 * How much acknowledged data the target lacks. An interval: from the last consistent point at the
 * target to the last moment at which the old side can have written. Zero only when proven (safety
 * 3.3.5).
 */
#ifndef DR_PLAN_LOSS_H
#define DR_PLAN_LOSS_H

#include "plan/plan.h"

/*
 * Evidence NULL: the estimate before the fence. Then the end of the interval is the beginning of
 * the silence of the old copy's array where it is silent, and now where it is not.
 */
void dr_loss_estimate(struct dr_arena *a, const struct dr_model *m, const struct dr_group *g,
                      const struct dr_copy *old, const struct dr_copy *target,
                      const struct dr_facts *facts, const struct dr_evidence *evidence,
                      struct dr_loss *ret);

/* Read-only or not exposed, the group as a whole and every volume of it. */
bool dr_view_not_writable(const struct dr_copy_view *v);

/* Does BOUND cover LOSS? A proven zero needs no bound. */
bool dr_loss_covered(const struct dr_loss *loss, const struct dr_accept_loss *bound);

/* The larger of two, for "one question with the worst bound". Unknown is worse than any number. */
bool dr_loss_worse(const struct dr_loss *a, const struct dr_loss *b);

#endif
