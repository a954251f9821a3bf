/* What the files of the planner share: steps that are about VMs and their domains. */
#ifndef DR_PLAN_PLANNER_INTERNAL_H
#define DR_PLAN_PLANNER_INTERNAL_H

#include "plan/guard.h"

/* Does a step of KIND work at an engine? */
bool dr_planner_has_vms(enum dr_step_kind kind);
/* Fills S with what is expected, in the order of the step. Returns how many VMs there are, those
 * that did not run included. */
size_t dr_planner_vms(struct dr_arena *a, const struct dr_plan_input *in,
                      const struct dr_guard_case *c, struct dr_plan_step *s);
const char *dr_planner_vms_text(struct dr_arena *a, const struct dr_plan_input *in,
                                const struct dr_guard_case *c, const struct dr_plan_step *s,
                                size_t n_known);
int64_t dr_planner_vms_expect_s(struct dr_arena *a, const struct dr_plan_input *in,
                                const struct dr_guard_case *c, const struct dr_plan_step *s);
/* Is everything there again that a run had taken away which is undone? Yes where none is. */
bool dr_planner_vms_run(const struct dr_plan_input *in, const struct dr_guard_case *c);

#endif
