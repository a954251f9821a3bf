/* What was asked. */
#ifndef DR_PLAN_GOAL_H
#define DR_PLAN_GOAL_H

#include "base/map.h"
#include "model/model.h"
#include "model/record.h"
#include "model/table.h"

enum dr_verb {
    DR_VERB_UNKNOWN = 0,
    DR_VERB_PROMOTE,
    DR_VERB_FAILBACK, /* a planned promote of each group to its preferred site */
    DR_VERB_DEMOTE,
    DR_VERB_REPROTECT,
    DR_VERB_SUSPEND,
    DR_VERB_RESUME,
    DR_VERB_SYNC,
    DR_VERB_DRILL_START,
    DR_VERB_DRILL_PROMOTE,
    DR_VERB_DRILL_CLEAN,
    DR_VERB_GUARD /* made by drstor_guard() alone; nobody can ask for it in words */
};

/* What a person says about a site (safety 3.2). */
enum dr_declared {
    DR_DECLARED_UNKNOWN = 0,
    DR_DECLARED_SITE_LOST,
    DR_DECLARED_OUTAGE,
    DR_DECLARED_PARTITION,
    DR_DECLARED_RESTARTED /* reprotect: its hosts were, since the group was promoted elsewhere */
};

struct dr_declaration {
    enum dr_declared kind;
    const char *site;
};

/* A bound on loss given in advance. Nothing given: every field as after dr_map_clear. */
struct dr_accept_loss {
    int64_t seconds, bytes;
    bool unknown;
};

struct dr_goal {
    enum dr_verb verb;
    const char **groups; /* resolved: --all, --only and --except are gone */
    size_t n_groups;
    const char *selection; /* "--all --except web": how they were chosen; NULL: by name */
    const char *to;        /* promote, drill start: the site; NULL where the verb knows by itself */
    const char *at;        /* demote, guard: the site whose copy is meant */
    const char *point; /* promote --unplanned, drill start: a recovery point by the array's name;
                          NULL: the newest */
    int64_t within_s;  /* the old site is about to go: planned until then; -1: no such bound */
    bool storage_only, unplanned;
    struct dr_declaration *declare;
    size_t n_declare;
    struct dr_accept_loss accept_loss;
    const char *waive_fence, *waive_snapshot, *reason;
    /* A planned run that this takes the place of (--within): what it proved counts here. Set by the
     * library alone. */
    const char *carries;
    bool hurry; /* the planned part of --within: nobody waits for a VM. Likewise */
};

extern const struct dr_names dr_verb_names;
extern const struct dr_names dr_declared_names;
extern const struct dr_type dr_goal_type;
extern const struct dr_type dr_accept_loss_type;

/*
 * Checks a goal against the model: INVALID with "did you mean" for an unknown group or site, for
 * words that contradict each other, for a declaration without a reason. No facts needed.
 */
int dr_goal_check(const struct dr_goal *g, const struct dr_model *m, struct drstor_error **err);

/* "site-lost:milan" -> declaration; "30s", "64MiB", "unknown" -> bound. */
int dr_declaration_parse(struct dr_arena *a, const char *text, struct dr_declaration *ret,
                         struct drstor_error **err);
int dr_accept_loss_parse(const char *text, struct dr_accept_loss *ret, struct drstor_error **err);

/*
 * What the goal means for one group, by its record (NULL: none). SERVE: the site asked for is the
 * primary already. SURVIVOR: unplanned, and the group is active-active.
 */
enum dr_operation dr_goal_operation(const struct dr_goal *g, const struct dr_group *group,
                                    const struct dr_record *record);
/*
 * The two copies an operation speaks of. A flip: the target is where the group goes, the old copy
 * is the primary, or the other one where that is the target, or where no record says and the goal
 * is unplanned. Demote: the old copy is the one demoted. Guard: the one closed; the target is the
 * primary. Reprotect: the old copy is the one that
 * shall follow, the target is the primary. All others: the target is the copy that follows. Either
 * may be NULL when configuration or record name none.
 */
void dr_goal_copies(const struct dr_goal *g, const struct dr_group *group,
                    const struct dr_record *record, const struct dr_copy **ret_old,
                    const struct dr_copy **ret_target);

/* The declaration made about SITE, or UNKNOWN. */
enum dr_declared dr_goal_declared(const struct dr_goal *g, const char *site);

#endif
