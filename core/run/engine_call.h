/* One action of the stage, as one blocking call to the engine. */
#ifndef DR_RUN_ENGINE_CALL_H
#define DR_RUN_ENGINE_CALL_H

#include "plan/stage.h"
#include "rhv/calls.h"

/* FOUND: domains, for DISCOVER only. */
int dr_engine_call(struct dr_env *env, struct dr_rhv *rhv, const struct dr_mapping *mapping,
                   const struct dr_stage_action *x, const struct dr_cancel *cancel,
                   struct dr_arena *a, struct dr_inv_domain **found, size_t *n_found,
                   struct drstor_error **err);

/* A copy in A that shares nothing with FROM. */
void dr_engine_action_copy(struct dr_arena *a, const struct dr_stage_action *from,
                           struct dr_stage_action *to);

#endif
