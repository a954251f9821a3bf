/* What the judge is told, in order. Plain values, so that it shares nothing with whom it judges. */
#ifndef TESTS_SEEDS_CHECK_HISTORY_H
#define TESTS_SEEDS_CHECK_HISTORY_H

#include "trace.h"

#include <stdbool.h>
#include <stdint.h>

enum history_kind {
    HISTORY_UNKNOWN = 0,
    HISTORY_WORLD,   /* arrays and hosts: world */
    HISTORY_RECORD,  /* a group's record was written */
    HISTORY_LOCK,    /* a group's lock was taken or given back */
    HISTORY_INTENT,  /* what is about to be sent was written down */
    HISTORY_CONSENT, /* a run was written, with what the person agreed to */
    HISTORY_REFUSAL, /* a person was told no */
    HISTORY_DONE,    /* a person was told that a group is served at a site */
    HISTORY_DAMAGE,  /* a group's record was altered from outside; released: no more */
    HISTORY_RUNS,    /* so many runs have not ended: token */
    HISTORY_WRONG,   /* from now on somebody acts on a wrong belief about a site */
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
    /* RECORD */
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
};

#endif
