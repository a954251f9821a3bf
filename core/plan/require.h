/*
 * Whether one condition of the role-flip table holds, from what is in hand. Pure and total: the run
 * asks before every step, and tests/model asks the same function of every state it can think of.
 */
#ifndef DR_PLAN_REQUIRE_H
#define DR_PLAN_REQUIRE_H

#include "plan/plan.h"

#include "model/table.h"

/*
 * What a run has in hand before a step. Everything is borrowed, and everything may be left out:
 * what is NULL was not read, and what was not read or is UNKNOWN satisfies nothing.
 */
struct dr_require_case {
    const struct dr_group *group;
    const struct dr_record *record; /* as the store has it now; NULL: none, or it is damaged */
    const char *run;
    const struct dr_plan_group *plan;
    const struct dr_copy_view *old, *target; /* read for this step, not remembered */
    /* Made by this run and not in the record yet: a planned flip's, which the commit writes. */
    const struct dr_evidence *evidence;
    bool transferred; /* by this run: a transfer that began after the demotion ended well. A
                         synchronous pair needs none: true */
    enum drstor_tristate vms_at_old;      /* NO also where --storage-only says not to look */
    enum drstor_tristate attached_at_old; /* likewise */
    const struct dr_loss *loss;           /* weighed now; of a resync: what it destroys */
    const struct dr_accept_loss *accepted, *standing; /* by the person, by the configuration */
    bool kept; /* the snapshot of the old copy is there, or it was waived by name */
};

/* ONE is one bit. */
bool dr_require_holds(enum dr_require one, const struct dr_require_case *c);
/* Those of NEEDS that do not hold; 0: the step may start. */
unsigned dr_require_missing(unsigned needs, const struct dr_require_case *c);

#endif
