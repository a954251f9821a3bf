/*
 * Which controller may act, what a standby must prove before it does, and which of the records it
 * was sent are behind (safety 3, takeover; 4.3). Pure: the library looks, does what is asked for,
 * and asks again.
 */
#ifndef DR_PLAN_TAKEOVER_H
#define DR_PLAN_TAKEOVER_H

#include "plan/guard.h"

#include "model/controller.h"

/* R031 on a standby, R052 where another one has taken over. HERE: as stored; NULL: nothing is. */
bool dr_role_refuses(struct dr_arena *a, const struct dr_model *m, const struct dr_controller *here,
                     struct dr_refusal *ret);

enum dr_takeover_verdict {
    DR_TAKEOVER_UNKNOWN = 0,
    DR_TAKEOVER_REFUSED, /* see the refusal */
    DR_TAKEOVER_WAIT,    /* the silence is too young */
    DR_TAKEOVER_FENCE,   /* make every array that can refuse the other controller, then ask again */
    DR_TAKEOVER_PROVEN
};

/* What became of making one array refuse the other controller for one copy. */
struct dr_takeover_fence {
    const char *group, *site, *array;
    bool done;
    const char *why_not; /* NULL: done */
};

struct dr_takeover_case {
    const struct dr_model *model;
    const struct dr_controller *here; /* as stored */
    const struct dr_facts *facts;     /* read by this command */
    const struct dr_goal *goal;       /* declarations, waiver, reason: the rest is not looked at */
    const char *person, *second;
    const struct dr_plan_array *arrays;
    size_t n_arrays;
    const struct dr_takeover_fence *fences; /* of every copy; NULL: not tried yet */
    size_t n_fences;
};

struct dr_takeover {
    enum dr_takeover_verdict verdict;
    const char *site, *other;    /* where the active controller is, and its name ("": not known) */
    struct dr_evidence evidence; /* PROVEN, and FENCE where it is in hand; kind NONE: the arrays
                                    refuse it, and nothing else proves anything */
    struct dr_stamp wait_from;
    int64_t wait_left_s;
    struct dr_refusal refusal;
};

void dr_takeover_weigh(struct dr_arena *a, const struct dr_takeover_case *c,
                       struct dr_takeover *ret);

/* Can COPY's array be made to refuse an older controller, and does it answer just now? */
bool dr_takeover_fences(const struct dr_takeover_case *c, const struct dr_copy *copy,
                        const struct dr_group *g);

/*
 * Why RECORD is older than what arrays show, and must not be acted on; NULL: nothing says that. An
 * array knows a later epoch, or another copy than the recorded primary's is the writable one.
 */
const char *dr_takeover_behind(struct dr_arena *a, const struct dr_group *g,
                               const struct dr_record *record, const struct dr_facts *facts);

#endif
