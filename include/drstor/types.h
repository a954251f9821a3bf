/*
 * Words shared by applications (drstor.h) and plugins (plugin.h). Value 0 of every state enum is
 * UNKNOWN, so that a forgotten field shows, and UNKNOWN is never safe.
 */
#ifndef DRSTOR_TYPES_H
#define DRSTOR_TYPES_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What a function answers: 0, or one of these. They are sorted by what the caller may do next.
 * The list is closed: a new value is a new API number.
 */
enum drstor_status {
    DRSTOR_OK = 0,

    /* Nothing happened; the same call may be repeated. */
    DRSTOR_E_BUSY = -1,        /* locked by somebody else, or the endpoint is at its limit */
    DRSTOR_E_UNREACHABLE = -2, /* the request never left us */

    /* It left us and no answer came: observe, then decide. Never a failure, never a success. */
    DRSTOR_E_UNKNOWN = -3,

    /* Nothing was changed; a person has to do something first. */
    DRSTOR_E_REFUSED = -4,     /* a safety rule, ours or the array's, says no */
    DRSTOR_E_CONFLICT = -5,    /* the state is not the one the caller expected (stale plan) */
    DRSTOR_E_AUTH = -6,        /* credentials or certificate */
    DRSTOR_E_INVALID = -7,     /* the input is wrong */
    DRSTOR_E_NOTFOUND = -8,    /* no such object */
    DRSTOR_E_UNSUPPORTED = -9, /* the endpoint cannot do this */

    /* Stop in order. */
    DRSTOR_E_CANCELLED = -10, /* the caller asked to stop */
    DRSTOR_E_NOMEM = -11,     /* out of memory */

    /* A bug: theirs, then ours. */
    DRSTOR_E_PROTOCOL = -12, /* the answer broke its protocol */
    DRSTOR_E_INTERNAL = -13, /* drstor itself */

    DRSTOR_E_TIMEOUT =
        -14 /* waiting for something else took longer than allowed; nothing is wrong */
};

/* May applications write this copy? */
enum drstor_access {
    DRSTOR_ACCESS_UNKNOWN = 0,
    DRSTOR_ACCESS_NONE, /* suspended, offline, not exposed */
    DRSTOR_ACCESS_READ_ONLY,
    DRSTOR_ACCESS_READ_WRITE
};

/* How far is this copy from its source? */
enum drstor_sync {
    DRSTOR_SYNC_UNKNOWN = 0,
    DRSTOR_SYNC_IN_SYNC,
    DRSTOR_SYNC_SYNCING, /* a transfer or resync is under way */
    DRSTOR_SYNC_LAGGING, /* asynchronous, behind by lag_s */
    DRSTOR_SYNC_PAUSED,  /* replication suspended on purpose */
    DRSTOR_SYNC_BROKEN,  /* no relation, or the peer is not seen */
    DRSTOR_SYNC_DIVERGED /* both sides have writes the other lacks (split brain) */
};

/* The arbiter (witness, mediator, quorum) of an active-active pair. */
enum drstor_arbiter {
    DRSTOR_ARBITER_UNKNOWN = 0,
    DRSTOR_ARBITER_OK,
    DRSTOR_ARBITER_DEGRADED,
    DRSTOR_ARBITER_ABSENT
};

/* Which way does data flow, seen from this copy? */
enum drstor_relation {
    DRSTOR_RELATION_UNKNOWN = 0,
    DRSTOR_RELATION_NONE,        /* not replicated now */
    DRSTOR_RELATION_SOURCE,      /* this copy feeds the other */
    DRSTOR_RELATION_DESTINATION, /* this copy follows the other */
    DRSTOR_RELATION_MUTUAL       /* active-active */
};

/* One leg of an active-active pair, as preference and arbiter of the arrays left it. */
enum drstor_leg {
    DRSTOR_LEG_UNKNOWN = 0,
    DRSTOR_LEG_JOINED,   /* both legs take writes, and each has those of the other */
    DRSTOR_LEG_SURVIVOR, /* this leg goes on alone: the other one is detached, and takes no write
                            until it was joined again, also when it comes back */
    DRSTOR_LEG_DETACHED, /* this leg is out, the other one went on without it */
    DRSTOR_LEG_SUSPENDED /* nobody decided: this leg takes no write */
};

enum drstor_tristate { DRSTOR_TRI_UNKNOWN = 0, DRSTOR_TRI_NO, DRSTOR_TRI_YES };

/* What became of one mutating call (safety P1). */
enum drstor_outcome {
    DRSTOR_OUTCOME_UNKNOWN = 0, /* it may have happened */
    DRSTOR_OUTCOME_DONE,        /* it holds now, also when nothing was to do */
    DRSTOR_OUTCOME_JOB,         /* accepted; the array works on it under a handle */
    DRSTOR_OUTCOME_REFUSED,     /* certainly no effect */
    DRSTOR_OUTCOME_PARTIAL      /* some members changed, some did not */
};

/* What an array says of a job it was given. */
enum drstor_job_state {
    DRSTOR_JOB_UNKNOWN = 0,
    DRSTOR_JOB_RUNNING,
    DRSTOR_JOB_SUCCEEDED,
    DRSTOR_JOB_FAILED
};

/* How a recovery point came about. */
enum drstor_point_kind {
    DRSTOR_POINT_UNKNOWN = 0,
    DRSTOR_POINT_ON_REQUEST, /* somebody asked for it; it stays until somebody deletes it */
    DRSTOR_POINT_PERIODIC    /* of the array's own schedule: it goes when newer ones come */
};

/* Proof that the other copy cannot be written (docs/safety.md). */
enum drstor_evidence_kind {
    DRSTOR_EVIDENCE_NONE = 0,
    DRSTOR_EVIDENCE_E1_READ_BACK,  /* every member read back as not writable */
    DRSTOR_EVIDENCE_E2_MASKED,     /* host access removed, read back */
    DRSTOR_EVIDENCE_E3_HOSTS_OFF,  /* reserved */
    DRSTOR_EVIDENCE_E4_SELF_FENCE, /* reserved */
    DRSTOR_EVIDENCE_E5_QUORUM,     /* the arbiter detached the other leg */
    DRSTOR_EVIDENCE_E6_DECLARED,   /* a named person, after assert_min of silence */
    DRSTOR_EVIDENCE_E7_WAIVED      /* a named person, although something answers */
};

#ifdef __cplusplus
}
#endif
#endif
