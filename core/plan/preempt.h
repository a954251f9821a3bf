/*
 * Preemption: VMs that the configuration gives up at a site, so that those of a group have room
 * there (`rhv.preempt`). Pure.
 */
#ifndef DR_PLAN_PREEMPT_H
#define DR_PLAN_PREEMPT_H

#include "plan/capacity.h"
#include "plan/plan.h"

/*
 * Those that run at SITE and may be shut down there, the first to go first: as the patterns stand,
 * and of one pattern the largest. Never one with a disk on a domain of a group, whoever is served
 * there, or on the engine's own; nor one of which the disks are not known; none at all where the
 * domains of a group with a copy there cannot be told. Borrowed from NOW, what the site's engine
 * has. FACTS NULL, for who only weighs a mapping: nobody's group is looked at.
 */
size_t dr_preempt_list(struct dr_arena *a, const struct dr_model *m, const struct dr_facts *facts,
                       const char *site, const struct dr_inventory *now,
                       const struct dr_inv_vm ***ret);

/* Rooms at a site, and who is shut down for them. */
struct dr_room {
    struct dr_capacity *clusters; /* with what that frees */
    size_t n_clusters;
    const struct dr_inv_vm **preempted;
    size_t n_preempted;
};

/*
 * Room for VMS of FROM at TO: of those that may be shut down there so many, from the front, as make
 * each cluster wide enough; all of a cluster of which the room is not known. Nothing is known
 * without NOW, from which the answer is borrowed.
 */
void dr_room_for(struct dr_arena *a, const struct dr_model *m, const struct dr_facts *facts,
                 const char *from, const char *to, const struct dr_inventory *now,
                 const struct dr_inv_vm *const *vms, size_t n, struct dr_room *ret);

#endif
