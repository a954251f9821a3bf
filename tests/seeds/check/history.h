/* What the judge is told, in order. Plain values, so that it shares nothing with whom it judges. */
#ifndef TESTS_SEEDS_CHECK_HISTORY_H
#define TESTS_SEEDS_CHECK_HISTORY_H

#include "trace.h"

#include <stdbool.h>
#include <stdint.h>

enum history_kind {
    HISTORY_UNKNOWN = 0,
    HISTORY_WORLD,   /* arrays and hosts: world */
    HISTORY_RECORD,  /* a group's record was written, by the run TEXT */
    HISTORY_LOCK,    /* a group's lock was taken or given back */
    HISTORY_INTENT,  /* what is about to be sent was written down */
    HISTORY_CONSENT, /* a run was written, with what the person agreed to */
    HISTORY_REFUSAL, /* a person was told no */
    HISTORY_DONE,    /* a person was told that a group is served at a site */
    HISTORY_DAMAGE,  /* a group's record was altered from outside; released: no more */
    HISTORY_RUNS,    /* so many runs have not ended: token */
    HISTORY_WRONG,   /* from now on somebody acts on a wrong belief about a site */
    HISTORY_SHOWN,   /* a person was shown what a plan says of a group: epoch, primary */
    HISTORY_SAID,    /* and what they agree to lose: bound */
    HISTORY_OVER,    /* a person was told that the run TEXT has ended, and nothing is left of it */
    HISTORY_VERDICT, /* that a group can be written at both sites, and for how long: bound */
    HISTORY_TAKEN,   /* this store's controller is the active one from now on */
    HISTORY_LEFT,    /* that nobody but them can say which copy counts */
    HISTORY_CLAIM,   /* a person was told that a copy, at site PRIMARY, obeys nobody else */
};

enum history_phase {
    HISTORY_PHASE_UNKNOWN = 0,
    HISTORY_PHASE_STEADY,
    HISTORY_PHASE_FENCING,
    HISTORY_PHASE_PROMOTING,
    HISTORY_PHASE_OTHER,
};

#define HISTORY_ANY UINT64_MAX /* a bound of loss: any */

struct history_entry {
    enum history_kind kind;
    uint64_t time_ns;
    const struct sim_trace_entry *world;
    uint32_t group;
    uint32_t store; /* in which it is written, or whose controller sends: 0, or 1 of a standby */
    uint32_t actor; /* the process in which a person works */
    /* RECORD, LOCK: as the other store has it, decided by nobody here */
    bool copied;
    bool gone; /* RECORD: there is none any more */
    int64_t epoch;
    uint32_t primary; /* site; also of DONE */
    enum history_phase phase;
    uint32_t evidence; /* how many pieces */
    bool consented;
    /* LOCK */
    uint64_t token;
    bool released;
    /* INTENT, CONSENT: text is the operation's id, or the run's; REFUSAL: what lacks */
    const char *text;
    bool audited; /* INTENT: in the audit chain, by the same write */
    bool planned;
    uint64_t bound_ns;
    /* CONSENT */
    uint32_t groups;   /* bit for each */
    bool move;         /* a planned one, of its groups */
    bool drill;        /* of the verbs of a drill */
    uint64_t since_ns; /* VERDICT, DONE: when it was asked for */
};

#endif
