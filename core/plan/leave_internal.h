/* What the files of the way out share. */
#ifndef DR_PLAN_LEAVE_INTERNAL_H
#define DR_PLAN_LEAVE_INTERNAL_H

#include "plan/leave.h"
#include "plan/stage_internal.h"

struct leave {
    struct stage s; /* whose helpers know what was tried */
    const struct dr_leave_group *groups;
    size_t n_groups;
};

/* One step further for one domain of G, whose VMs are down. True when it is not attached. */
bool dr_leave_domain_forward(struct leave *l, const struct dr_leave_group *g,
                             const struct dr_stage_domain *d);

#endif
