/*
 * A plan: steps as a graph, the conditions it rests on, the loss it means; or the refusals. The
 * same object is printed by --dry-run, saved by `plan -O` and executed. It lives in one arena.
 */
#ifndef DR_PLAN_PLAN_H
#define DR_PLAN_PLAN_H

#include "plan/goal.h"

#include "model/facts.h"
#include "model/record.h"

/* A condition that held when the plan was made; `apply` checks it again by (group, require). */
struct dr_plan_condition {
    const char *text, *fact;
    int64_t observed_at;
    const char *group, *site;
    int64_t require; /* enum dr_require */
    bool open;       /* can exist only during the run: evidence */
};

struct dr_refusal {
    const char *id, *group, *text, *evidence, *remedy;
    bool capability; /* exit 12 instead of 3 */
};

/* How far a loss can be relied on. */
enum dr_confidence {
    DR_CONFIDENCE_UNKNOWN = 0, /* there is no number */
    DR_CONFIDENCE_ESTIMATE,    /* a bound, from times that several parties gave */
    DR_CONFIDENCE_ARRAY,       /* the array says what is missing, with the source in its sight */
    DR_CONFIDENCE_PROVEN       /* read in sync after the fence, or the source stops when alone */
};

struct dr_loss {
    const char *group;
    int64_t seconds, bytes; /* -1: unknown; 0 only where proven */
    const char *method, *text;
    enum dr_confidence confidence;
    /* The interval: last recovery point at the target, last write possible at the old copy. */
    int64_t since, until;
    bool proven_zero;
    bool needs_consent;
};

/* A VM of nobody's group. */
struct dr_plan_vm {
    const char *id, *name;
    bool away; /* it is down already, for another group */
};

/* Room at the site that VMs go to, in one cluster. Bytes, -1: not known. */
struct dr_plan_room {
    const char *site, *cluster, *text;
    int64_t vms, need, room, freed;
    bool enough; /* or not known */
};

struct dr_plan_step {
    const char *id;
    enum dr_step_kind kind;
    const char *group, *site, *array, *text;
    const char **needs;
    size_t n_needs;
    int64_t expect_s;
    const char **domains; /* stage: what is expected */
    size_t n_domains;
    const char **vms; /* stage: names expected to run, in start order */
    size_t n_vms;
    const char **hosts; /* clean: names of those to be restarted */
    size_t n_hosts;
    const char **hooks; /* that run around it, in words */
    size_t n_hooks;
    /* stage: that are shut down before the group's are started; give-back: that are started again
     */
    struct dr_plan_vm *others;
    size_t n_others;
};

/* What is done with one group. FROM: the site of the old copy, TO: of the target. */
struct dr_plan_group {
    const char *name, *from, *to;
    const char *primary; /* of the record the plan was made for */
    enum dr_operation operation;
    int64_t epoch; /* of the record the plan was made for */
    bool nothing_to_do;
    const char *text;  /* what is done, or what holds already */
    const char *point; /* the target goes back to it, or is cloned from it; NULL: the newest */
    int64_t point_at;  /* the moment that is; the same name of another moment is another point */
    bool adopt;        /* it has no record: the run makes the first one, from the target's facts */
    enum drstor_evidence_kind
        evidence;      /* what can be foreseen of it; NONE: it is made by the run */
    const char *proof; /* in words; of E7 with all that answers */
    /* For the report, which has to tell them when all of it has long changed: the last sign of life
     * of the old copy's array (-1: it answers), and what was wanted of the group then. */
    int64_t last_answer, rpo_s, rto_s;
};

struct dr_plan {
    const char *id;
    struct dr_goal goal;
    const char **groups;
    size_t n_groups;
    struct dr_plan_group *flips;
    size_t n_flips;
    struct dr_plan_condition *conditions;
    size_t n_conditions;
    struct dr_loss loss; /* the worst */
    struct dr_loss *losses;
    size_t n_losses;
    struct dr_refusal *refusals;
    size_t n_refusals;
    struct dr_plan_step *steps;
    size_t n_steps;
    struct dr_plan_room *rooms;
    size_t n_rooms;
    int64_t expect_s;
    int64_t earliest; /* when the commit can come at the earliest; -1: at once */
    int64_t made_at;
};

extern const struct dr_names dr_confidence_names;
extern const struct dr_type dr_plan_vm_type;
extern const struct dr_type dr_plan_type;
extern const struct dr_type dr_refusal_type;
extern const struct dr_type dr_loss_type;

/* Digest over what consent is bound to: goal with its bound, epochs, conditions, steps, points. */
const char *dr_plan_digest(struct dr_arena *a, const struct dr_plan *p);

/* Is the fence of one of its groups to be waived (E7)? NULL: no. */
const struct dr_plan_group *dr_plan_waived(const struct dr_plan *p);

const struct dr_plan_step *dr_plan_step_find(const struct dr_plan *p, const char *id);
const struct dr_loss *dr_plan_loss(const struct dr_plan *p, const char *group);

#endif
