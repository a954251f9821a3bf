/* A group's entry in the store (safety 2): who may write, since which epoch, and what is under
 * way. */
#ifndef DR_MODEL_RECORD_H
#define DR_MODEL_RECORD_H

#include "base/map.h"
#include "model/facts.h"

enum dr_phase {
    DR_PHASE_UNKNOWN = 0,
    DR_PHASE_STEADY,
    DR_PHASE_FENCING,
    DR_PHASE_PROMOTING,
    DR_PHASE_RESYNCING,
    DR_PHASE_TESTING
};

enum dr_old_copy { DR_OLD_COPY_NONE = 0, DR_OLD_COPY_STALE, DR_OLD_COPY_DIVERGED };

/* Shown to people, computed from record and facts, never stored. */
enum dr_condition {
    DR_CONDITION_UNKNOWN = 0,
    DR_CONDITION_PROTECTED,
    DR_CONDITION_EXPOSED,
    DR_CONDITION_FENCED,
    DR_CONDITION_BLOCKED,
    DR_CONDITION_DIVERGED,
    DR_CONDITION_TESTING,
    DR_CONDITION_DUAL_VERIFIED,
    DR_CONDITION_DUAL_UNVERIFIED,
    DR_CONDITION_UNADOPTED
};

/* Proof that one copy cannot be written, bound to run, epoch, copy and time. Made by core only. */
struct dr_evidence {
    enum drstor_evidence_kind kind;
    const char *group, *site, *array, *run, *by, *detail;
    int64_t epoch;
    struct dr_stamp at;
    struct dr_stamp silent_since; /* E6, E7: start of the silence it rests on */
    const char **answering;       /* what still answers there: a line each; a writer only in E7 */
    size_t n_answering;
};

/* Older than this no evidence is acted on (safety 3.1). */
enum { DR_EVIDENCE_VALID_S = 900 };

struct dr_consent {
    const char *plan;
    const char *loss;             /* the interval as it was shown */
    int64_t bound_s, bound_bytes; /* -1: none given in this unit */
    bool bound_unknown;           /* "unknown" was accepted */
    const char *by, *how;         /* how: "terminal", "flag", "configuration" */
    const char *confirmed_by;     /* the other person, where the fence takes two to be waived */
    const char *waive_fence;      /* why it was waived; NULL: nobody waived it */
    const char *reason;
    int64_t at;
};

struct dr_op {
    const char *type, *id, *by;
    int64_t started;
};

/* A drill: a clone beside the copy, which itself stays as it is. */
struct dr_drill {
    const char *name; /* of the clone, at the array of SITE; NULL: no drill */
    const char *site, *run, *by;
    const char *point; /* it holds; NULL: the newest of then */
    int64_t started;
    bool shown;        /* hosts of SITE may see the clone, from the moment it is made */
    const char **luns; /* the clone's WWIDs, once its domains may be at the engine of SITE */
    size_t n_luns;
};

/* What only the copy left behind may hold, as it was estimated when it was left. */
struct dr_left {
    int64_t epoch;          /* whose flip left it; 0: none did */
    int64_t since;          /* the recovery point promoted instead; -1: unknown */
    int64_t seconds, bytes; /* -1: unknown */
    const char *text;
    const char *generation; /* of the copy, when it was read for the last time; NULL: not read */
    const char *point;      /* what was promoted, where that was not the newest: its name */
    bool owed;              /* the primary has yet to go back to POINT */
    bool
        untaken; /* the primary was never seen whole and writable since: nobody has written there */
};

/* A VM of nobody's group that was shut down at SITE so that those of this one have room there. */
struct dr_away {
    const char *site, *id, *name;
};

struct dr_record {
    const char *schema; /* "1.0" */
    const char *group;
    int64_t seq, epoch, token;
    const char *primary, *target;
    enum dr_phase phase;
    struct dr_op op;
    struct dr_member *members;
    size_t n_members;
    struct dr_evidence *evidence;
    size_t n_evidence;
    struct dr_consent consent;
    enum dr_old_copy old_copy;
    struct dr_left left;
    struct dr_drill drill;
    int64_t exposed_since; /* nothing follows the primary by our own doing; -1: not so */
    const char **site_hold;
    size_t n_site_hold;
    struct dr_away *away; /* to be started again once the group has left that site */
    size_t n_away;
};

/* Has RUN committed this group's flip to TO, which began at EPOCH? */
bool dr_record_committed_by(const struct dr_record *r, const char *run, const char *to,
                            int64_t epoch);
/* Has RUN brought this group to its end? It may be open for other groups. */
bool dr_record_settled_by(const struct dr_record *r, const char *run);

/* Nothing is under way: STEADY, or TESTING, which stands beside everything else. */
bool dr_record_at_rest(const struct dr_record *r);
void dr_record_rest(struct dr_record *r);

extern const struct dr_type dr_evidence_type;
extern const struct dr_type dr_consent_type;
extern const struct dr_type dr_record_type;

/*
 * Canonical text (members in table order, one line) with its CRC32C as a member "crc". Reading
 * refuses a text whose CRC does not match byte for byte, and a higher major version (S13).
 */
char *dr_record_text(const struct dr_record *r); /* the caller frees */
/* The same for a document that carries members this drstor does not know; a "crc" in it is
 * replaced. */
char *dr_record_seal(struct json_object *o); /* the caller frees */
int dr_record_parse(struct dr_arena *a, const char *text, size_t n, struct dr_record *ret,
                    struct drstor_error **err);

#endif
