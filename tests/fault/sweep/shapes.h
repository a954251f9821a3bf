/* Everything that a run can be about, and what the world was before it. */
#ifndef TESTS_FAULT_SWEEP_SHAPES_H
#define TESTS_FAULT_SWEEP_SHAPES_H

#include "support/house.h"

/* ---- what is asked --------------------------------------------------------------------------- */

#define GOAL(words) "{\"storage_only\":true,\"verb\":" words "}"
#define BARE(words) "{\"verb\":" words "}"
#define PLANNED GOAL("\"promote\",\"all\":true,\"to\":\"rome\"")
#define UNPLANNED GOAL("\"promote\",\"all\":true,\"to\":\"rome\",\"unplanned\":true")
#define FORCED(groups) BARE("\"promote\"," groups ",\"to\":\"rome\",\"unplanned\":true")
#define MOVED BARE("\"promote\",\"all\":true,\"to\":\"rome\"")
#define BACK GOAL("\"promote\",\"all\":true,\"to\":\"rome\",\"unplanned\":true,\"point\":\"p1\"")

enum before {
    AS_IT_IS,
    LOST,           /* milan is dead, and was observed so */
    BLIND,          /* the same, and nothing was ever read from its engine */
    LOST_OPENED,    /* the same, and somebody made rome's copies writable */
    AT_ROME,        /* moved there, planned */
    MOVED_TO_ROME,  /* the same, with VMs */
    DEMOTED,        /* made read-only at milan by hand */
    LEFT,           /* promoted at rome without milan, which is back, writable */
    RETURNED,       /* the same with VMs, which its engine has started anew */
    CLEANED,        /* and then reprotected */
    PAUSED,         /* suspended */
    STOPPED,        /* somebody stopped replication at the array of rome */
    DRILL,          /* a drill is under way */
    DRILLED,        /* and its VMs run */
    HALF_WAY,       /* a planned promote whose controller died after some of it */
    HALF_UNPLANNED, /* the same, unplanned, milan answering */
    HALF_BACK,      /* the same, to a point of before */
    HALF_MOVED      /* planned, its VMs down and some of their domains detached */
};

struct shape {
    const char *name;
    enum before before;
    const char *goal;
    const char *accept_loss, *declare;
    bool engines, abort, guard, unfenced;
    unsigned every; /* point of it: engines take their time; 0: each. See tests/house/test_move.c */
    bool point;     /* of rome's copies an older state was kept, as p1 */
    bool hosts;     /* engines with hosts, and no VM */
    bool down;      /* no VM runs */
    bool unrecorded; /* nothing was adopted */
    bool legs;       /* active-active groups, too */
    bool shown;      /* that nobody has to show */
    bool bare;       /* no engine at rome */
    bool power;      /* milan's engine can restart its hosts */
    bool own;        /* rome runs VMs of its own, and has no room for ours beside all of them */
};

enum { SHAPES_MOST = 64 };
extern const struct shape shapes[];
extern const size_t n_shapes;

/* The houses they begin in, made once. False: one cannot be made. */
bool shapes_prepare(void);
const struct house_plan *shape_plan(const struct shape *s);

#endif
