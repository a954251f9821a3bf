/*
 * The role-flip state table, as data. The planner builds plans from it, the documentation prints it
 * and a checker can walk it: an operation is a row of steps, each with what must be known before it
 * and what holds after it.
 */
#ifndef DR_MODEL_TABLE_H
#define DR_MODEL_TABLE_H

#include <drstor/types.h>

#include <stdbool.h>
#include <stddef.h>

enum dr_operation {
    DR_OPERATION_UNKNOWN = 0,
    DR_OPERATION_SWITCHOVER, /* promote, planned; failback */
    DR_OPERATION_PROMOTE,    /* promote --unplanned */
    DR_OPERATION_SERVE,      /* promote to the site that is primary and does not serve; abort */
    DR_OPERATION_DEMOTE,
    DR_OPERATION_REPROTECT,
    DR_OPERATION_SUSPEND,
    DR_OPERATION_RESUME,
    DR_OPERATION_SYNC,
    DR_OPERATION_DRILL_START,
    DR_OPERATION_DRILL_PROMOTE,
    DR_OPERATION_DRILL_CLEAN,
    DR_OPERATION_ADOPT,
    DR_OPERATION_SURVIVOR, /* promote --unplanned of an active-active group: one leg goes on alone
                            */
    DR_OPERATION_GUARD     /* what the record does not allow at a site that came back is closed */
};

/*
 * What a step does, to one group. Every operation speaks of two copies: the target, and the old
 * one. Which they are: dr_goal_copies().
 */
enum dr_step_kind {
    DR_STEP_UNKNOWN = 0,
    DR_STEP_PRESYNC,   /* target brought up to date while applications run */
    DR_STEP_DRAIN,     /* VMs at the old site shut down */
    DR_STEP_RELEASE,   /* domains detached from the old site's engine */
    DR_STEP_DEMOTE,    /* old copy not writable, read back: E1 */
    DR_STEP_FINALSYNC, /* last transfer, after the demotion */
    DR_STEP_FENCE,     /* evidence that the old copy cannot be written */
    DR_STEP_COMMIT,    /* the one atomic write of a flip */
    DR_STEP_TAG,       /* the new epoch, kept at the target's array */
    DR_STEP_PROMOTE,   /* target read-write, every member read back */
    DR_STEP_REVERSE,   /* old copy follows the new primary */
    DR_STEP_EXPOSE,    /* hosts of the target site see the LUNs */
    DR_STEP_HANDOVER,  /* what the stage needs to know of each LUN, read after the flip */
    DR_STEP_STAGE,     /* domains, templates, VMs at the target's engine */
    DR_STEP_WITHDRAW,  /* no host sees the old copy */
    DR_STEP_SNAPSHOT,  /* the old copy kept as it is, before it is overwritten */
    DR_STEP_INTEND,  /* record: resyncing, with source and victim, before anything is overwritten */
    DR_STEP_RESYNC,  /* old copy follows the primary of the record */
    DR_STEP_FOLLOW,  /* until the old copy has everything */
    DR_STEP_PAUSE,   /* replication stopped */
    DR_STEP_UNPAUSE, /* replication goes on */
    DR_STEP_TRANSFER, /* the target brought up to date, once */
    DR_STEP_CLONE,    /* a drill's clone of the target, shown to its hosts */
    DR_STEP_REHEARSE, /* the clone's LUNs, read for whoever starts VMs from them, isolated */
    DR_STEP_UNCLONE,  /* nothing left that carries the drill's name */
    DR_STEP_SETTLE,   /* record back to STEADY */
    DR_STEP_CLOSE, /* guard: record notes it; old copy not writable, or seen by no host; both where
                      the array can */
    DR_STEP_UNSTAGE, /* nothing left at the target's engine of what a drill brought there */
    DR_STEP_CLEAN,   /* what the engine of a site that came back has of the group is given up */
    DR_STEP_GIVEBACK /* what made room for the group's VMs at the old site is started again */
};

/* Conditions over (record, facts, evidence), named so that guard, checker and page use one word. */
enum dr_require {
    DR_REQUIRE_RECORD = 1 << 0, /* the group has a record, STEADY or of this run */
    DR_REQUIRE_OLD_REACHABLE = 1 << 1,
    DR_REQUIRE_TARGET_REACHABLE = 1 << 2,
    DR_REQUIRE_RELATION_HEALTHY = 1 << 3,
    DR_REQUIRE_OLD_NOT_WRITABLE = 1 << 4, /* every member read back */
    DR_REQUIRE_SYNCED_AFTER = 1 << 5,     /* target has everything since the demotion */
    DR_REQUIRE_EVIDENCE = 1 << 6,         /* E1..E7 for the old copy, this run, this epoch */
    DR_REQUIRE_LOSS_COVERED = 1 << 7,     /* loss proven zero or within the consent */
    DR_REQUIRE_COMMITTED = 1 << 8,        /* record: primary is the target, by this run */
    DR_REQUIRE_TARGET_WRITABLE = 1 << 9,  /* every member read back */
    DR_REQUIRE_NO_VMS_AT_OLD = 1 << 10,   /* nothing runs on the group at the old site */
    DR_REQUIRE_EXPOSED = 1 << 11,
    DR_REQUIRE_OLD_WITHDRAWN = 1 << 12, /* no host sees a member of the old copy */
    DR_REQUIRE_OLD_KEPT = 1 << 13,      /* a snapshot of it, or waived, or nothing only it has */
    DR_REQUIRE_INTENDED = 1 << 14,      /* record: RESYNCING by this run, the target is primary */
    DR_REQUIRE_FOLLOWS = 1 << 15,       /* the old copy is the target's destination */
    DR_REQUIRE_CONSISTENT = 1 << 16,    /* the target holds a consistent point in time */
    DR_REQUIRE_CLONED = 1 << 17,        /* record: TESTING, the clone of this drill is there */
    DR_REQUIRE_OLD_CLOSED = 1 << 18,    /* old copy not writable, or no host sees a member of it */
    DR_REQUIRE_OLD_DETACHED = 1 << 19   /* the engine there has no domain of the group attached */
};

struct dr_table_step {
    enum dr_step_kind kind;
    bool at_target;         /* which site's endpoint it talks to; false: the old one */
    bool mutating;          /* it calls an array or engine to change something */
    unsigned needs;         /* enum dr_require, must hold when it starts */
    unsigned gives;         /* enum dr_require, holds after it is done */
    bool optional;          /* left out when the array lacks the capability, or by --storage-only */
    const char *capability; /* the plugin callback it calls; NULL: none */
    const char *text;       /* for the printed table; %s: none */
};

struct dr_table_row {
    enum dr_operation operation;
    const char *name;
    unsigned needs; /* before anything is touched */
    const struct dr_table_step *steps;
    size_t n_steps;
    const char *after;
    const char *interrupted;
};

extern const struct dr_names dr_step_kind_names;

const struct dr_table_row *dr_table_find(enum dr_operation op);
const struct dr_table_row *dr_table_rows(size_t *ret_n);
/* "the group has a record, the target's array answers" for needs and gives. */
const char *dr_require_text(enum dr_require one);

#endif
