/*
 * What the engine of a site still has of a group whose primary is elsewhere: after a disaster it
 * remembers domains and VMs, and may have restarted them. Pure; the planner and the guards ask.
 */
#ifndef DR_PLAN_REMAINS_H
#define DR_PLAN_REMAINS_H

#include "plan/guard.h"

struct dr_remains {
    const struct dr_inv_domain **domains; /* attached or not */
    size_t n_domains;
    const struct dr_inv_vm **vms; /* with a disk on one of them, or of the same id as one here */
    size_t n_vms;
    /* Of the data centres to which domains are attached: they may hold devices, leases and
     * processes of before. None that is off or in maintenance. */
    const struct dr_inv_host **hosts;
    size_t n_hosts;
};

/* V: of the site of COPY; HERE: of the primary's engine. Either may be NULL. */
void dr_remains_find(struct dr_arena *a, const struct dr_group *g, const struct dr_copy_facts *copy,
                     const struct dr_inventory *v, const struct dr_copy_facts *copy_here,
                     const struct dr_inventory *here, struct dr_remains *ret);

/* Does the operation of C clean the engine of its old site? Not one that serves both sites. */
bool dr_remains_matter(const struct dr_guard_case *c);
/* At the old site of C, as far as facts tell. */
void dr_remains_at_old(const struct dr_guard_case *c, struct dr_remains *ret);
/* Are they a drill's, which has the ids of what it was made from? It removes them itself. */
bool dr_remains_of_drill(const struct dr_guard_case *c, const char *site);
/* Has somebody said that the hosts of the old site were restarted? */
bool dr_remains_restarted(const struct dr_guard_case *c);
/* Does VM, of the old site, run at the target too, as its engine was just seen? */
bool dr_remains_twice(const struct dr_guard_case *c, const struct dr_inv_vm *vm);

#endif
