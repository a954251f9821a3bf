/*
 * A site that comes back: what its arrays show there, held against the records (safety 3.2). Says
 * which copies must be closed, and in words what was found and what became of it. Pure.
 */
#ifndef DR_PLAN_HELD_H
#define DR_PLAN_HELD_H

#include "plan/guard.h"

enum dr_held {
    DR_HELD_UNKNOWN = 0, /* it was not read, and its record does not allow everything */
    DR_HELD_FINE,        /* as the record allows it, or nobody can write it */
    DR_HELD_OPEN,        /* it may be written there, and no record allows that */
    DR_HELD_SHOWN        /* it cannot be written, but hosts of a held site see it */
};

/*
 * The copy of GROUP at SITE, which was read as V, or not (NULL). RECORD present or not, damaged or
 * not. The primary's copy is always fine, and so is a leg of an active-active pair that nobody left
 * out. A drill's clone is no copy of the group: it is never looked at.
 */
enum dr_held dr_held_judge(const struct dr_group *group, const char *site,
                           const struct dr_plan_record *record, const struct dr_copy_view *v);

/* "writable, exposed to rhv-milan; its primary is rome since epoch 5" */
const char *dr_held_found(struct dr_arena *a, const struct dr_plan_record *record,
                          const struct dr_copy_view *v);
/* "not writable, read back; withdrawn from rhv-milan". AFTER NULL: it was not read again. */
const char *dr_held_did(struct dr_arena *a, const struct dr_copy_view *before,
                        const struct dr_copy_view *after);

/*
 * The old copy, as the record shall have it once V was seen at SITE: one that hosts could write
 * while it was left behind may hold writes of after the flip.
 */
enum dr_old_copy dr_held_old_copy(const struct dr_record *r, const struct dr_copy_view *v);

/* VMs of GROUP that may run there: "db1, erp1 and 3 more"; NULL: none. COPY NULL: never read. */
const char *dr_held_vms(struct dr_arena *a, const struct dr_group *group,
                        const struct dr_copy_facts *copy, const struct dr_inventory *v);

#endif
