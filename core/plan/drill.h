/*
 * Where a drill's clone is, and what an engine has of it. The clone carries the identities of the
 * group's domains and VMs; what tells them apart are the LUNs, whose WWIDs the record keeps.
 */
#ifndef DR_PLAN_DRILL_H
#define DR_PLAN_DRILL_H

#include "plan/guard.h"

/* Do the drills of GOAL at SITE, of a copy that hosts can be shown, have VMs? */
bool dr_drill_with_vms(const struct dr_goal *goal, const struct dr_copy *at);
/* Hosts of SITE may see the clone of R's drill. */
bool dr_drill_shown_at(const struct dr_record *r, const char *site);
/* Its domains may be at the engine of SITE, too. */
bool dr_drill_staged_at(const struct dr_record *r, const char *site);

bool dr_drill_has_domain(const struct dr_drill *d, const struct dr_inv_domain *domain);
/* Is VM of V on such a domain? */
bool dr_drill_has_vm(const struct dr_drill *d, const struct dr_inventory *v,
                     const struct dr_inv_vm *vm);
/* What V has of drill D, of GROUP: domains on its LUNs, and every VM on those. */
void dr_drill_at_engine(struct dr_arena *a, const struct dr_model *m, const struct dr_inventory *v,
                        const struct dr_drill *d, const char *group, struct dr_stage_group *ret);

#endif
