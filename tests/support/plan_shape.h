/* What a plan does, without its names: a line for each group, its operation and its steps in order.
 */
#ifndef TESTS_SUPPORT_PLAN_SHAPE_H
#define TESTS_SUPPORT_PLAN_SHAPE_H

#include "plan/plan.h"

#include <stdio.h>

void plan_shape_print(const struct dr_plan *p, FILE *out);

#endif
