/* What the files of the planner share: planner.c plans group by group, the others tell a group's
 * conditions, its steps, and both in words. */
#ifndef DR_PLAN_PLANNER_INTERNAL_H
#define DR_PLAN_PLANNER_INTERNAL_H

#include "plan/guard_internal.h"

struct planner {
    struct dr_arena *a;
    const struct dr_plan_input *in;
    const struct dr_table_row *row;
    struct dr_plan *p;
    int64_t fence_s; /* of the group at hand: how long its fence is expected to take */
    const struct dr_loss *destroys; /* of the group at hand: what a resync overwrites */
    struct dr_plan_group *flip;     /* of the group at hand */
    struct arrivals *arrivals;      /* planner_room.c */
    size_t n_arrivals;
};

/* The point that a primary has yet to go back to; once it is writable, it went. */
const char *dr_planner_owed_point(const struct dr_guard_case *c);

void dr_planner_conditions(struct planner *pl, const struct dr_guard_case *c);

void dr_planner_steps(struct planner *pl, const struct dr_guard_case *c);
/* The longest way through the graph; steps come after what they need. */
int64_t dr_planner_longest(struct dr_arena *a, const struct dr_plan *p);

/* ---- planner_vms.c ----------------------------------------------------------------------------
 */

/* Does a step of KIND work at an engine? */
bool dr_planner_has_vms(enum dr_step_kind kind);
/* Fills S with what is expected, in the order of the step. Returns how many VMs there are, those
 * that did not run included. */
size_t dr_planner_vms(struct dr_arena *a, const struct dr_plan_input *in,
                      const struct dr_guard_case *c, struct dr_plan_step *s);
const char *dr_planner_vms_text(struct dr_arena *a, const struct dr_plan_input *in,
                                const struct dr_guard_case *c, const struct dr_plan_step *s,
                                size_t n_known);
int64_t dr_planner_vms_expect_s(struct dr_arena *a, const struct dr_plan_input *in,
                                const struct dr_guard_case *c, const struct dr_plan_step *s);
/* Is everything there again that a run had taken away which is undone? Yes where none is. */
bool dr_planner_vms_run(const struct dr_plan_input *in, const struct dr_guard_case *c);

/* What comes up: as it was noted when it was shut down, else as the stored facts say. */
void dr_planner_expected(struct dr_arena *a, const struct dr_plan_input *in,
                         const struct dr_guard_case *c, struct dr_stage_group *ret);

/* ---- planner_room.c -------------------------------------------------------------------------- */

/* The VMs of a group that has a stage come to its target. */
void dr_planner_arrive(struct planner *pl, const struct dr_guard_case *c);
/* When all groups have their steps: the rooms, who makes them, and R053. */
void dr_planner_rooms(struct planner *pl);
/* Did others make room for the group where it leaves? */
bool dr_planner_took_room(const struct dr_guard_case *c);
/* Those of them that nobody's room depends on any more. Returns how many. */
size_t dr_planner_give_back(struct planner *pl, const struct dr_guard_case *c,
                            struct dr_plan_vm **ret);

/* ---- planner_words.c ------------------------------------------------------------------------- */

/* N_KNOWN: the VMs that a stage knows of, those that did not run included. */
const char *dr_planner_step_text(struct planner *pl, const struct dr_guard_case *c,
                                 const struct dr_plan_step *s, size_t n_known);
/* THERE: what was asked for holds already. */
const char *dr_planner_flip_text(struct planner *pl, const struct dr_guard_case *c, bool there);
/* Which moment the point of the group at hand is. */
const char *dr_planner_point_moment(struct planner *pl);

#endif
