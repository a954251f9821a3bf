/*
 * The way out of an engine: VMs shut down in the reverse of the start order, then domains put into
 * maintenance and detached. A sibling of the stage (stage.h), and like it without memory of its
 * own: it looks at what the engine has now and at what was tried, and answers with the calls that
 * can be made now.
 */
#ifndef DR_PLAN_LEAVE_H
#define DR_PLAN_LEAVE_H

#include "plan/stage.h"

/* How far a group goes. */
enum dr_leave_until {
    DR_LEAVE_UNKNOWN = 0,
    DR_LEAVE_DOWN,     /* none of its VMs runs */
    DR_LEAVE_DETACHED, /* and none of its domains is attached */
    /*
     * What this engine has of it is given up: a copy that is stale, or about to be deleted. Its VMs
     * are switched off, also such as are in no list, nothing is written for later, and the engine
     * forgets its domains, by force where their storage or a host is not there.
     */
    DR_LEAVE_REMOVED
};

struct dr_leave_group {
    struct dr_stage_group what; /* FROM: the site of this engine; VMs with START are its guests */
    enum dr_leave_until until;
    bool hurry;           /* the site is about to go: a VM that does not stop is switched off */
    const char **restart; /* REMOVED: names of hosts that are switched off and on before domains
                             leave */
    size_t n_restart;
};

extern const struct dr_type dr_leave_group_type;

/*
 * RET: as of dr_stage_expand(). DONE are groups that went as far as they should. A group that is
 * STUCK can go no further: until DOWN, what was shut down of it should be started again. As long as
 * a VM that may stop the whole move is not down, no group is done with DOWN.
 */
void dr_leave_expand(struct dr_arena *a, const struct dr_model *m, const struct dr_inventory *now,
                     const struct dr_leave_group *groups, size_t n_groups,
                     const struct dr_stage_progress *progress, struct dr_stage_result *ret);

/* In the order in which they are shut down. */
void dr_leave_sort_vms(struct dr_stage_vm *vms, size_t n);
/* The longest that shutting those down can take that ran, with their limits; -1: no bound. */
int64_t dr_leave_most_s(struct dr_arena *a, const struct dr_model *m, const struct dr_stage_vm *vms,
                        size_t n);
/* How long it usually takes. */
int64_t dr_leave_usual_s(struct dr_arena *a, const struct dr_model *m,
                         const struct dr_stage_vm *vms, size_t n);

#endif
