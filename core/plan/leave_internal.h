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

/* A call that failed is not repeated where there is another way. */
enum { TRIES_GIVEN_UP = 1 };

/* One step further for one domain of G, whose VMs are down. True when it is as far as it goes. */
bool dr_leave_domain_forward(struct leave *l, const struct dr_leave_group *g,
                             const struct dr_stage_domain *d);

/* leave_hosts.c: one step further for the hosts that G has restarted. True: all of them are. */
bool dr_leave_hosts_forward(struct leave *l, const struct dr_leave_group *g);

/* leave_hosts.c: nothing reaches VM where it is, and its host is about to be switched off. */
bool dr_leave_dies_with_host(const struct leave *l, const struct dr_inv_vm *vm);

/* leave_removed.c: GROUPS; those that are given up with the VMs on their domains that no list has.
 */
const struct dr_leave_group *dr_leave_learn(struct dr_arena *a, const struct dr_model *m,
                                            const struct dr_inventory *now,
                                            const struct dr_leave_group *groups, size_t n);
/* leave_removed.c: one step further for what is left of G without its domains. True: nothing. */
bool dr_leave_forget_vms(struct leave *l, const struct dr_leave_group *g);

#endif
