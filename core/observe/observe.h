/*
 * Asks arrays, engines and probes in parallel and builds the fact base. One question per array for
 * all its groups. A failed probe is a fact, dated by its start (safety 3.2).
 */
#ifndef DR_OBSERVE_OBSERVE_H
#define DR_OBSERVE_OBSERVE_H

#include "model/facts.h"
#include "observe/endpoints.h"

struct dr_observe_what {
    const char *const *groups; /* NULL: all */
    size_t n_groups;
    const char *const *sites; /* NULL: all */
    size_t n_sites;
    bool engines; /* inventories too */
    bool details; /* of inventories, for checks: slower */
    bool points;  /* recovery points too, one more call for each copy that is not writable */
};

/*
 * BEFORE is what was stored (may be NULL): what cannot be read now stays, marked as not fresh, with
 * its own age. Never fails: what could not be asked is in the facts. Takes as long as the slowest
 * endpoint, at most the configured observe time-out.
 */
void dr_observe(struct dr_endpoints *e, struct dr_env *env, const struct dr_model *m,
                const struct dr_observe_what *what, const struct dr_facts *before,
                const struct dr_cancel *cancel, struct dr_arena *a, struct dr_facts *ret);

struct dr_stamp dr_stamp_now(struct dr_env *env);

#endif
