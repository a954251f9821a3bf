/*
 * Preemption: VMs that the configuration gives up at a site, so that those of a group have room
 * there (`rhv.preempt`). Pure.
 */
#ifndef DR_PLAN_PREEMPT_H
#define DR_PLAN_PREEMPT_H

#include "plan/capacity.h"
#include "plan/plan.h"

/* Rooms at a site, and who is shut down for them. */
struct dr_room {
    struct dr_capacity *clusters; /* with what that frees */
    size_t n_clusters;
    const struct dr_inv_vm **preempted;
    size_t n_preempted;
    const char *unknown; /* nobody may be shut down: which domains this group has is not known */
};

/*
 * Room for VMS of FROM at TO, whose engine has NOW; without that nothing is known. Of those that
 * run there and may be shut down so many as make each cluster wide enough, as the patterns stand,
 * and of one pattern the largest first; all of a cluster of which the room is not known. Never one
 * with a disk on a domain of a group, whoever is served there, or on the engine's own, nor one of
 * which the disks are not known. Borrowed from NOW. FACTS NULL, for who only weighs a mapping:
 * nobody's group is looked at.
 */
void dr_room_for(struct dr_arena *a, const struct dr_model *m, const struct dr_facts *facts,
                 const char *from, const char *to, const struct dr_inventory *now,
                 const struct dr_inv_vm *const *vms, size_t n, struct dr_room *ret);

#endif
