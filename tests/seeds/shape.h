/* The worlds that seeds begin from: one to three groups between milan and rome, adopted. */
#ifndef TESTS_SEEDS_SHAPE_H
#define TESTS_SEEDS_SHAPE_H

#include "support/house.h"

enum { SHAPE_GROUPS_MOST = 3, SHAPES = 64, SHAPES_WITH_ENGINES = 4 };

struct shape {
    struct house_plan plan;   /* its groups are adopted */
    struct house_plan virgin; /* the same, before */
    unsigned n_groups;
    bool engines;
    uint64_t standing_ns[SHAPE_GROUPS_MOST]; /* loss that the configuration agrees to */
    bool fenced;                             /* every array refuses older controllers */
};

bool shape_make(struct shape *s, unsigned number, bool engines);
void shape_clear(struct shape *s);

/* Applications of GROUP begin, or end, to write at SITE (0 milan, 1 rome). */
void shape_writers(struct house *h, unsigned group, unsigned site, bool on);

const char *shape_site(unsigned site);
const char *shape_array(unsigned site);
const char *shape_group(unsigned group);
/* The id of a group's copy at its array. */
const char *shape_copy(unsigned group, unsigned site);

#endif
