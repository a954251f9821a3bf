/*
 * First records: which copy is the primary, from what the arrays say. Pure, as every guard.
 */
#ifndef DR_PLAN_ADOPT_H
#define DR_PLAN_ADOPT_H

#include "plan/guard.h"

/*
 * From all copies of G: R034, R036, R037, or the primary in *RET. Legs of an active-active pair are
 * both writable by design; the preferred one is put down as primary.
 */
bool dr_adopt_refuses(struct dr_arena *a, const struct dr_group *g, const struct dr_facts *facts,
                      const struct dr_copy **ret_primary, struct dr_refusal *ret);

/*
 * The record that adopting writes: PRIMARY, with the members of SEEN, at the highest epoch that any
 * array ever showed for the group, or 1.
 */
void dr_adopt_record(const struct dr_group *g, const struct dr_copy *primary,
                     const struct dr_copy *seen, const struct dr_facts *facts,
                     struct dr_record *ret);

/*
 * One site is dark and no record is left: may an unplanned promote of C make the first one, from
 * the target's facts alone? Its group is named, the other site declared lost, and that site's array
 * does not answer.
 */
bool dr_adopt_one_sided(const struct dr_guard_case *c);

#endif
