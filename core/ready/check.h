/*
 * Is everything ready for a promotion, today, before it is needed? Rules over what was observed;
 * each names what was read and what to do, and has an id that `drstor explain` knows. Pure.
 */
#ifndef DR_PLAN_CHECK_H
#define DR_PLAN_CHECK_H

#include "plan/guard.h"
#include "plan/verify.h"

/* When GROUP was last tried out, as the store remembers; -1: never. */
struct dr_last_drill {
    const char *group;
    int64_t utc;
};

struct dr_check_input {
    const struct dr_model *model;
    const struct dr_facts *facts; /* with detailed inventories */
    const struct dr_plan_record *records;
    size_t n_records;
    const struct dr_last_drill *drills;
    size_t n_drills;
    const char *const *groups; /* NULL: all */
    size_t n_groups;
    bool root; /* drstor runs as root */
};

struct dr_check_group {
    const char *group;
    bool ready;
    struct dr_check *checks;
    size_t n_checks;
};

struct dr_check_result {
    struct dr_check *checks; /* of no single group */
    size_t n_checks;
    struct dr_check_group *groups;
    size_t n_groups;
    bool ready; /* nothing but advice is open */
};

void dr_check_all(struct dr_arena *a, const struct dr_check_input *in, struct dr_check_result *ret);

/* ---- for the files of check*.c --------------------------------------------------------------- */

struct dr_checks {
    struct dr_arena *a;
    const struct dr_check_input *in;
    struct dr_check *list;
    size_t n;
};

/* One group: where it serves now, and one place it may have to go to. */
struct dr_check_move {
    const struct dr_group *group;
    const struct dr_plan_record *record; /* NULL: not read */
    const struct dr_copy *here, *there;
    const struct dr_copy_facts *here_facts, *there_facts;  /* NULL: never seen */
    const struct dr_inventory *here_engine, *there_engine; /* NULL: not read now */
    const struct dr_inv_domain **domains;                  /* its, at HERE */
    size_t n_domains;
    const struct dr_inv_vm **vms; /* with disks on them */
    size_t n_vms;
};

/* REMEDY is left out where it holds. The result may be made an advice. */
struct dr_check *dr_check_add(struct dr_checks *c, const char *id, enum drstor_tristate ok,
                              const char *text, const char *evidence, const char *remedy);
enum drstor_tristate dr_check_yes_if(bool known, bool holds);
bool dr_check_move_of(struct dr_checks *c, const struct dr_group *g, size_t copy,
                      struct dr_check_move *ret); /* false: COPY is where it serves */

void dr_check_storage(struct dr_checks *c, const struct dr_check_move *m); /* check_storage.c */
void dr_check_vms(struct dr_checks *c, const struct dr_check_move *m);     /* check_vms.c */
void dr_check_places(struct dr_checks *c);                                 /* check_places.c */

#endif
