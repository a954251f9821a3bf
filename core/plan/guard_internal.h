/* The guards one by one, for the table in guard.c, and what they share. */
#ifndef DR_PLAN_GUARD_INTERNAL_H
#define DR_PLAN_GUARD_INTERNAL_H

#include "plan/evidence.h"
#include "plan/guard.h"

/* "seen 3 s ago" */
const char *dr_guard_age(const struct dr_guard_case *c, const struct dr_stamp *seen);
const char *dr_guard_access_word(const struct dr_copy_facts *f);
/* Why an endpoint does not answer. */
const char *dr_guard_trouble(const struct dr_guard_case *c, enum dr_endpoint_kind kind,
                             const char *name);

/* What there is to prove for this group, with what can be foreseen of the run. */
void dr_guard_fence(const struct dr_guard_case *c, struct dr_fence *ret);

/* What the engine of the old site says, or NULL and a refusal: nothing can be told of VMs without
 * it. */
const struct dr_engine_facts *dr_guard_engine_of_old(const struct dr_guard_case *c,
                                                     struct dr_refusal *r);

/* true: refused, and R says why. */
bool dr_guard_needs_record(const struct dr_guard_case *c, struct dr_refusal *r);
bool dr_guard_record_sound(const struct dr_guard_case *c, struct dr_refusal *r);
bool dr_guard_no_open_run(const struct dr_guard_case *c, struct dr_refusal *r);
bool dr_guard_known_primary(const struct dr_guard_case *c, struct dr_refusal *r);
bool dr_guard_active_passive(const struct dr_guard_case *c, struct dr_refusal *r);
bool dr_guard_epoch_current(const struct dr_guard_case *c, struct dr_refusal *r);
bool dr_guard_no_vms_at_old(const struct dr_guard_case *c, struct dr_refusal *r);
bool dr_guard_can_clean(const struct dr_guard_case *c, struct dr_refusal *r);
bool dr_guard_can_restart(const struct dr_guard_case *c, struct dr_refusal *r);
bool dr_guard_target_cleaned(const struct dr_guard_case *c, struct dr_refusal *r);
bool dr_guard_can_drain(const struct dr_guard_case *c, struct dr_refusal *r);
bool dr_guard_vms_seen_alive(const struct dr_guard_case *c, struct dr_refusal *r);
bool dr_guard_target_answers(const struct dr_guard_case *c, struct dr_refusal *r);
bool dr_guard_old_answers(const struct dr_guard_case *c, struct dr_refusal *r);
bool dr_guard_relation_healthy(const struct dr_guard_case *c, struct dr_refusal *r);
bool dr_guard_direction_as_recorded(const struct dr_guard_case *c, struct dr_refusal *r);
bool dr_guard_members_whole(const struct dr_guard_case *c, struct dr_refusal *r);
bool dr_guard_target_consistent(const struct dr_guard_case *c, struct dr_refusal *r);
bool dr_guard_target_not_in_use(const struct dr_guard_case *c, struct dr_refusal *r);
bool dr_guard_primary_serves(const struct dr_guard_case *c, struct dr_refusal *r);
bool dr_guard_can_do(const struct dr_guard_case *c, struct dr_refusal *r);
bool dr_guard_leg_not_out(const struct dr_guard_case *c, struct dr_refusal *r);
bool dr_guard_evidence_possible(const struct dr_guard_case *c, struct dr_refusal *r);
bool dr_guard_point_there(const struct dr_guard_case *c, struct dr_refusal *r);
bool dr_guard_no_drill(const struct dr_guard_case *c, struct dr_refusal *r);
bool dr_guard_site_not_held(const struct dr_guard_case *c, struct dr_refusal *r);
bool dr_guard_drill_shown(const struct dr_guard_case *c, struct dr_refusal *r);
bool dr_guard_drill_alone(const struct dr_guard_case *c, struct dr_refusal *r);
bool dr_guard_drill_network(const struct dr_guard_case *c, struct dr_refusal *r);
bool dr_guard_drill_room(const struct dr_guard_case *c, struct dr_refusal *r);
bool dr_guard_drill_whole(const struct dr_guard_case *c, struct dr_refusal *r);
bool dr_guard_drill_there(const struct dr_guard_case *c, struct dr_refusal *r);

#endif
