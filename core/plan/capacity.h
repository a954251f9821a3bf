/*
 * Is there room for VMs at another engine? Memory, cluster by cluster, because a VM goes to the
 * cluster it is mapped to. Pure.
 */
#ifndef DR_PLAN_CAPACITY_H
#define DR_PLAN_CAPACITY_H

#include "model/inventory.h"
#include "model/model.h"

/* One cluster of the target; bytes, -1: not known. */
struct dr_capacity {
    const char *cluster;
    size_t n_vms;    /* that would come */
    int64_t need;    /* by them together */
    int64_t room;    /* on hosts that are up, with what is shut down for them */
    int64_t freed;   /* of it: by VMs that are shut down */
    int64_t biggest; /* the largest of them, and the host with the most room */
    const char *biggest_vm;
    int64_t roomiest;
    size_t n_hosts_up;
};

/* What HOST could still take: as its scheduler says, else what its VMs leave; -1: not told. */
int64_t dr_capacity_host(const struct dr_inventory *now, const struct dr_inv_host *host);

/*
 * VMS of site FROM; those that run, or would be started again, count, unless NOW has them running
 * already. One entry per cluster that something goes to; a VM whose cluster NOW does not have is
 * left out. Nothing is shut down for them yet: preempt.h.
 */
size_t dr_capacity_of(struct dr_arena *a, const struct dr_model *m, const char *from,
                      const char *to, const struct dr_inv_vm *const *vms, size_t n,
                      const struct dr_inventory *now, struct dr_capacity **ret);

#endif
