/* The worlds that seeds begin from: one to three groups between milan and rome, adopted. */
#ifndef TESTS_SEEDS_SHAPE_H
#define TESTS_SEEDS_SHAPE_H

#include "support/house.h"

enum { SHAPE_GROUPS_MOST = 3 };

enum shape_kind {
    SHAPE_PLAIN = 0, /* active-passive groups; hosts are told what to write */
    SHAPE_STAGED,    /* an engine at each site */
    SHAPE_LEGS,      /* the first group is active-active */
    SHAPE_KINDS,
};

struct shape {
    struct house_plan plan;   /* its groups are adopted */
    struct house_plan virgin; /* the same, before */
    unsigned n_groups;
    bool engines;
    bool legs;                               /* group 0 is active-active */
    uint64_t standing_ns[SHAPE_GROUPS_MOST]; /* loss that the configuration agrees to */
    bool fenced;                             /* every array refuses older controllers */
};

bool shape_make(struct shape *s, unsigned number, enum shape_kind kind);
void shape_clear(struct shape *s);

/* Applications of GROUP begin, or end, to write at SITE (0 milan, 1 rome). */
void shape_writers(struct house *h, const struct shape *s, unsigned group, unsigned site, bool on);

const char *shape_site(unsigned site);
const char *shape_array(unsigned site);
const char *shape_group(unsigned group);
/* The id of a group's copy at its array. */
const char *shape_copy(unsigned group, unsigned site);

#endif
