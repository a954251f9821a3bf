/*
 * What is wrong with the mapping, held against both engines. Every finding has an id that `drstor
 * explain` knows, the entry's place where there is one, and what to do. Pure.
 */
#ifndef DR_PLAN_MAPPING_H
#define DR_PLAN_MAPPING_H

#include "model/facts.h"
#include "model/model.h"

struct dr_finding {
    const char *id; /* "M03" */
    const char *text, *remedy;
    struct dr_place place; /* file NULL: of no entry */
    bool advice;           /* worth knowing; nothing fails by it */
};

/* From FROM's inventory to TO's, both detailed. FACTS: for the copies of the groups. */
struct dr_map_case {
    const struct dr_model *model;
    const struct dr_facts *facts;
    const char *from, *to; /* sites */
    const struct dr_inventory *here, *there;
};

size_t dr_map_check(struct dr_arena *a, const struct dr_map_case *c, struct dr_finding **ret);
/* The sites a mapping is between: its own, or the first two that have an engine. False: none. */
bool dr_map_sites(const struct dr_model *m, const char **ret_from, const char **ret_to);

/* ---- for the files of map_*.c ---------------------------------------------------------------- */

struct dr_map {
    const struct dr_map_case *c;
    struct dr_arena *a;
    struct dr_mapping p; /* as this move reads it */
    struct dr_finding *list;
    size_t n;
    const struct dr_inv_domain **domains; /* that would move */
    size_t n_domains;
    const struct dr_inv_vm **vms; /* with disks on them */
    size_t n_vms;
};

struct dr_finding *dr_map_add_text(struct dr_map *m, const char *id, const struct dr_place *place,
                                   const char *remedy, const char *text);
/* The same of a format and what goes into it. */
#define dr_map_add(m, id, place, remedy, ...)                                                      \
    dr_map_add_text((m), (id), (place), (remedy), dr_arena_printf((m)->a, __VA_ARGS__))
/* "primary" or "secondary": how the file calls the site we come from, or that of the target. */
const char *dr_map_word(const struct dr_map *m, bool target);
void dr_map_names(struct dr_map *m);    /* map_names.c */
void dr_map_networks(struct dr_map *m); /* map_names.c */
void dr_map_storages(struct dr_map *m); /* map_storage.c */
void dr_map_luns(struct dr_map *m);     /* map_storage.c */

#endif
