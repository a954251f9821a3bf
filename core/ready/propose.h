/* What could be configured, from what engines and arrays show. Pure. */
#ifndef DR_PLAN_PROPOSE_H
#define DR_PLAN_PROPOSE_H

#include "ready/mapping.h"

/*
 * A mapping between C's engines: what is mapped stays so, the same names map to each other, and
 * what has no counterpart is an entry without a target: a gap. *RET_GAPS: a sentence for each.
 */
void dr_propose_mapping(struct dr_arena *a, const struct dr_map_case *c, struct dr_mapping *ret,
                        const char ***ret_gaps, size_t *ret_n_gaps);

/* One array's groups, as it lists and shows them. */
struct dr_found_array {
    const struct dr_array *array;
    const struct dr_copy_view *views;
    size_t n_views;
};

struct dr_proposed_copy {
    const struct dr_array *array;
    const struct dr_copy_view *view;
};

struct dr_proposed_group {
    const char *name;
    enum dr_mode mode;
    enum dr_topology topology;
    struct dr_proposed_copy copies[2]; /* first the one that serves */
    const char **notes;                /* what a person has to look at */
    size_t n_notes;
};

struct dr_proposal {
    struct dr_proposed_group *groups;
    size_t n_groups;
    const char **gaps; /* of no group */
    size_t n_gaps;
};

/*
 * Groups: pairs of what two arrays show, named after the storage domain on them. Gaps: what is
 * replicated to nowhere, domains and VMs that are on no pair or on several.
 */
void dr_propose_groups(struct dr_arena *a, const struct dr_model *m, const struct dr_facts *facts,
                       const struct dr_found_array *arrays, size_t n, struct dr_proposal *ret);

#endif
