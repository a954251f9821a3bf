/*
 * Refusals. Every guard reads only its input and has an id that `drstor explain` knows. A guard
 * says no by filling a refusal: what, the evidence with its age, the smallest remedy.
 */
#ifndef DR_PLAN_GUARD_H
#define DR_PLAN_GUARD_H

#include "plan/stage.h"

struct dr_controller;

/* What a plugin declared, as far as planning cares. */
struct dr_plan_duration {
    const char *operation;
    int64_t typical_ms;
};

struct dr_plan_array {
    const char *name;
    const char **capabilities; /* callback names */
    size_t n_capabilities;
    struct dr_plan_duration *durations;
    size_t n_durations;
    bool refuses_older; /* by token, what comes from an older controller; of no matter to a plan */
};

/* A group's record as the store gave it. */
struct dr_plan_record {
    const char *group;
    bool present;
    const char *damaged;  /* why it cannot be trusted; NULL: it can */
    const char *open_run; /* a run that has not ended */
    struct dr_record record;
    /* Which VMs ran, as the last run of the group noted it, where that shut them down and started
     * them nowhere; not known: the facts say it. */
    struct dr_stage_group ran;
};

struct dr_plan_input {
    const struct dr_model *model;
    const struct dr_facts *facts;
    const struct dr_plan_array *arrays;
    size_t n_arrays;
    const struct dr_plan_record *records;
    size_t n_records;
    const struct dr_goal *goal;
    const char *person;
    const struct dr_controller *controller; /* as stored; NULL: the configuration alone decides */
    const char *own_run; /* when a run checks its own conditions again: not "another run" */
};

extern const struct dr_type dr_plan_array_type;
extern const struct dr_type dr_plan_record_type;

/* One group of one goal, with everything a guard looks at found already. */
struct dr_guard_case {
    const struct dr_plan_input *in;
    struct dr_arena *arena;
    const struct dr_group *group;
    const struct dr_plan_record *record; /* never NULL; present may be false */
    bool adopts; /* there is none; RECORD is the one that this run would begin with */
    enum dr_operation operation;
    const struct dr_copy *old, *target; /* dr_goal_copies(); NULL: there is none */
    const struct dr_copy_facts *old_facts, *target_facts; /* NULL: never read */
};

/* Fills CASE for GROUP; borrowed from IN. */
void dr_guard_case_init(struct dr_guard_case *c, struct dr_arena *a, const struct dr_plan_input *in,
                        const struct dr_group *group);

/*
 * Runs every guard of the operation. Refusals are pushed to the list; several may speak at once.
 * Returns how many spoke.
 */
size_t dr_guard_group(const struct dr_guard_case *c, struct dr_refusal **refusals, size_t *n);
/* The recovery point that the goal names, as the target's array lists it; NULL: none, or none such.
 */
const struct dr_point *dr_guard_point(const struct dr_guard_case *c);
/* R019 alone: does anything of the group run, or is a domain active, at the old site? */
bool dr_guard_vms_at_old(const struct dr_guard_case *c, struct dr_refusal *r);
/* R019 alone: may what the engine of the old site has of the group be given up? */
bool dr_guard_stale_at_old(const struct dr_guard_case *c, struct dr_refusal *r);
/* What concerns the whole goal: the target's engine, the controller's role. */
size_t dr_guard_goal(struct dr_arena *a, const struct dr_plan_input *in,
                     struct dr_refusal **refusals, size_t *n);
/*
 * May this goal take the place of the open run RUN? An unplanned promote may: a site can be lost in
 * the middle of anything, and waiting for a run that needs it would be a dead end. It is a new
 * flip, with a fence and an epoch of its own. Only a run that has committed to the very same site
 * is not replaced but resumed.
 */
bool dr_guard_supersedes(const struct dr_plan_input *in, const char *run);
/* The answer to the one question: does the consent cover the loss of the plan? */
bool dr_guard_consent(struct dr_arena *a, const struct dr_plan *p,
                      const struct dr_accept_loss *bound, struct dr_refusal *ret);

bool dr_plan_array_can(const struct dr_plan_input *in, const char *array, const char *capability);
int64_t dr_plan_array_expect_s(const struct dr_plan_input *in, const char *array,
                               const char *operation);

/* "VMs of the group": those whose disks are on its domains, at the site where it is primary. */
bool dr_vm_of_group(const struct dr_inventory *v, const struct dr_inv_vm *vm,
                    const struct dr_inv_domain *const *domains, size_t n_domains);
/* The group's domains in an inventory: by configured id, or by the WWIDs of the copy's members. */
size_t dr_group_domains(struct dr_arena *a, const struct dr_group *g,
                        const struct dr_copy_facts *copy, const struct dr_inventory *v,
                        const struct dr_inv_domain ***ret);

/* Is there anything by which they could be found? Without it nothing is known of its VMs. */
bool dr_group_findable(const struct dr_group *g, const struct dr_copy_facts *copy);

/* Every id a guard, the store or the run may print, for tests and for `explain`. */
const char *const *dr_guard_ids(size_t *ret_n);

#endif
