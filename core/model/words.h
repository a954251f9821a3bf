/* The text names of every enum that people and JSON see. */
#ifndef DR_MODEL_WORDS_H
#define DR_MODEL_WORDS_H

#include "base/names.h"

#include <drstor/types.h>

extern const struct dr_names dr_access_names;
extern const struct dr_names dr_sync_names;
extern const struct dr_names dr_arbiter_names;
extern const struct dr_names dr_relation_names;
extern const struct dr_names dr_tristate_names;
extern const struct dr_names dr_leg_names;
extern const struct dr_names dr_waive_names;
extern const struct dr_names dr_outcome_names;
extern const struct dr_names dr_point_kind_names;
extern const struct dr_names dr_evidence_names; /* "E1" ... */
extern const struct dr_names dr_mode_names;
extern const struct dr_names dr_topology_names;
extern const struct dr_names dr_on_error_names;
extern const struct dr_names dr_role_names;
extern const struct dr_names dr_domain_type_names;
extern const struct dr_names dr_hook_verdict_names;
extern const struct dr_names dr_hook_step_names; /* what a hook may stand before or after */
extern const struct dr_names dr_stop_policy_names;
extern const struct dr_names dr_phase_names;
extern const struct dr_names dr_old_copy_names;
extern const struct dr_names dr_condition_names;
extern const struct dr_names dr_operation_names;
extern const struct dr_names dr_job_state_names;
extern const struct dr_names dr_sd_status_names;
extern const struct dr_names dr_vm_status_names;

#endif
