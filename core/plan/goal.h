/* What was asked. */
#ifndef DR_PLAN_GOAL_H
#define DR_PLAN_GOAL_H

#include "base/map.h"
#include "model/model.h"
#include "model/table.h"

enum dr_verb { DR_VERB_UNKNOWN = 0, DR_VERB_PROMOTE };

/* What a person says about a site (safety 3.2). */
enum dr_declared {
    DR_DECLARED_UNKNOWN = 0,
    DR_DECLARED_SITE_LOST,
    DR_DECLARED_OUTAGE,
    DR_DECLARED_PARTITION
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
    const char *to;
    bool storage_only, unplanned;
    struct dr_declaration *declare;
    size_t n_declare;
    struct dr_accept_loss accept_loss;
    const char *waive_fence, *reason;
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

enum dr_operation dr_goal_operation(const struct dr_goal *g);

/* The declaration made about SITE, or UNKNOWN. */
enum dr_declared dr_goal_declared(const struct dr_goal *g, const char *site);

#endif
