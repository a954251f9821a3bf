/*
 * How much acknowledged data the target lacks. An interval: from the last consistent point at the
 * target to the last moment at which the old side can have written. Zero only when proven (safety
 * 3.3.5).
 */
#ifndef DR_PLAN_LOSS_H
#define DR_PLAN_LOSS_H

#include "plan/plan.h"

struct dr_loss_case {
    const struct dr_group *group;
    const struct dr_copy *old, *target;
    const struct dr_record *record;
    bool adopted; /* it was made from the target's facts alone: nobody knows who followed whom */
    /* Of the target now; of the old copy, and of its array, whatever was ever heard. */
    const struct dr_facts *facts;
    const struct dr_evidence *evidence; /* NULL: the estimate before the fence */
    const struct dr_point *point;       /* of the target, which goes back to it; NULL: the newest */
};

/*
 * The end of the interval: where the old copy was fenced or is silent, that moment, otherwise now.
 * Bytes only from an array that has the source in sight; what was missing when it was last seen
 * says nothing of what came after.
 */
void dr_loss_estimate(struct dr_arena *a, const struct dr_loss_case *c, struct dr_loss *ret);

/*
 * The primary of the record was promoted and never opened: it is the destination of TARGET, the
 * copy that was left behind for it, as before. O and T: how both copies were last seen.
 */
bool dr_loss_never_taken(const struct dr_record *record, const struct dr_copy *target,
                         const struct dr_copy_facts *o, const struct dr_copy_facts *t);

/*
 * What --accept-loss must say to cover all of P until its commit: an old copy that still takes
 * writes loses more until it is fenced.
 */
const char *dr_loss_bound(struct dr_arena *a, const struct dr_plan *p);

/*
 * What a resync of the old copy destroys: all that only it has. From the point its site was left at
 * (the record's `left`) to the last write it can have taken; zero only when it was left with
 * nothing, and shows the generation it was left with.
 */
void dr_loss_destroyed(struct dr_arena *a, const struct dr_group *g, const struct dr_copy *old,
                       const struct dr_copy *target, const struct dr_record *record,
                       const struct dr_facts *facts, struct dr_loss *ret);

/* Read-only or not exposed, the group as a whole and every volume of it. */
bool dr_view_not_writable(const struct dr_copy_view *v);

/* Read-write, the group as a whole and every volume of it. */
bool dr_view_writable(const struct dr_copy_view *v);

/* Some host sees a member of it. */
bool dr_view_exposed(const struct dr_copy_view *v);
/* Every host group that COPY is for sees every member of it. */
bool dr_view_exposed_to_all(const struct dr_copy_view *v, const struct dr_copy *copy);
/* It follows, and is in sync or behind by what is on its way: a whole copy, not a first one. */
bool dr_view_keeps_up(const struct dr_copy_view *v);

/* Does BOUND cover LOSS? A proven zero needs no bound. */
bool dr_loss_covered(const struct dr_loss *loss, const struct dr_accept_loss *bound);

/* The larger of two, for "one question with the worst bound". Unknown is worse than any number. */
bool dr_loss_worse(const struct dr_loss *a, const struct dr_loss *b);

#endif
