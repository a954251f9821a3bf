/*
 * (model, facts, records, goal) -> plan | refusals. Pure and total: the same input always gives the
 * same plan, and there is no input without an answer.
 */
#ifndef DR_PLAN_PLANNER_H
#define DR_PLAN_PLANNER_H

#include "plan/guard.h"

/* The plan lives in A. The goal has passed dr_goal_check(). */
void dr_plan_make(struct dr_arena *a, const struct dr_plan_input *in, struct dr_plan *ret);

/*
 * Does a plan made earlier still hold? FRESH is the plan made now for the same goal. Conditions
 * that were open stay open. CONFLICT (exit 11) names the first that no longer holds.
 */
int dr_plan_still_holds(const struct dr_plan *then, const struct dr_plan *fresh,
                        struct drstor_error **err);

#endif
