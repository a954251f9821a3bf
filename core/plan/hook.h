/*
 * Hooks: programs of the configuration that run before or after a step. Which stand where; pure.
 * They belong to the steps of a plan. What is given back when a move comes to nothing, and drills,
 * have none.
 */
#ifndef DR_PLAN_HOOK_H
#define DR_PLAN_HOOK_H

#include "base/arena.h"
#include "model/model.h"
#include "model/table.h"

/* Does H run BEFORE, or after, all that a step of KIND does? */
bool dr_hook_at_step(const struct dr_hook *h, enum dr_step_kind kind, bool before);
/* Does it run inside of the stage, between what that does for one group? */
bool dr_hook_in_stage(const struct dr_hook *h);
/* Do runs of OP have hooks? */
bool dr_hook_of_operation(enum dr_operation op);

/* "before drain: /etc/drstor/hooks/lb-off (at most 1 min, or it stops there)". */
const char *dr_hook_text(struct dr_arena *a, const struct dr_hook *h);
/* What a plan says of a step of KIND: those that will run. Returns how many. */
size_t dr_hook_texts(struct dr_arena *a, const struct dr_model *m, enum dr_step_kind kind,
                     enum dr_operation op, const char ***ret);

#endif
