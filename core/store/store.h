/*
 * What drstor knows and did: group records, runs and their steps, the audit chain, the last facts,
 * locks. Two kinds: SQLite on one machine (safety 5.1), and one in memory for simulated runs. All
 * meaning is written once, above a small table of operations (store/ops.h), so they cannot differ.
 *
 * Writing. A call outside of dr_store_begin() is a transaction of its own; when it returns OK it is
 * on disk. BUSY: another process is writing or reading just now, nothing was changed, the same call
 * may be repeated. INTERNAL from a writing call is fatal: whether it was written is not known, the
 * store accepts no further write, and the caller stops before it sends anything (safety 5.1).
 *
 * Reading. REFUSED with rule R090: the database is damaged; R091: this group's record is (S13).
 * Nothing is handed out half.
 *
 * Threads: any. Results live in the arena the caller gives.
 */
#ifndef DR_STORE_STORE_H
#define DR_STORE_STORE_H

#include "base/arena.h"
#include "base/env.h"
#include "base/error.h"
#include "model/record.h"

struct dr_store;

enum dr_store_mode {
    DR_STORE_UNKNOWN = 0,
    DR_STORE_READ,   /* never creates, never changes; NOTFOUND when there is no database */
    DR_STORE_WRITE,  /* creates the directory (0700) and the database (0600) when there is none */
    DR_STORE_SALVAGE /* as READ, of a damaged database whatever can still be read: for export */
};

/* R090 damaged, R093 written by a newer drstor, R094 on a network file system. */
int dr_store_open(struct dr_env *env, const char *path, enum dr_store_mode mode,
                  struct dr_store **ret, struct drstor_error **err);
/* A lock that was not unlocked counts as one whose owner died. NULL is fine. */
void dr_store_close(struct dr_store *s);
void dr_store_closep(struct dr_store **s);
/* How long a call waits for other processes before BUSY; default 5000. */
void dr_store_patience(struct dr_store *s, int ms);
/* Has a write failed? Then nothing may be sent any more. */
bool dr_store_broken(struct dr_store *s);

/* ---- in memory: one world, a handle per simulated controller --------------------------------- */

struct dr_store_world;

struct dr_store_world *dr_store_world_new(void);
void dr_store_world_free(struct dr_store_world *w); /* after all its handles */
struct dr_store *dr_store_memory(struct dr_env *env, struct dr_store_world *w,
                                 enum dr_store_mode mode);
/* As SIGKILL: an open transaction is gone, locks are free, every later call on S is INTERNAL. */
void dr_store_memory_kill(struct dr_store *s);
/* The same for all handles of a virtual process that was killed, wherever its tasks stopped. */
void dr_store_world_kill(struct dr_store_world *w, struct dr_env *env);
/* The lock of GROUP is free, and who held it goes on without knowing that. */
void dr_store_world_unlock(struct dr_store_world *w, const char *group);
/* A world with the same rows, and nobody who holds a lock. */
struct dr_store_world *dr_store_world_copy(const struct dr_store_world *w);
/* Alters the stored record of GROUP as a fault of the disk would, or takes that back. */
void dr_store_world_damage(struct dr_store_world *w, const char *group, bool damaged);
/* FN is told each row that a commit changed, in order (VALUE NULL: it is gone), then TABLE NULL.
 * TABLE as in an export. Must not call back into the store. */
typedef void (*dr_store_watch_fn)(void *user, const char *table, const char *id, const char *sub,
                                  const char *value);
void dr_store_world_watch(struct dr_store_world *w, dr_store_watch_fn fn, void *user);

/* ---- several things at once (S7) ------------------------------------------------------------- */

/*
 * Everything this thread calls between begin and commit is written together or not at all; other
 * threads wait, so nothing in between may wait for them or for the world. A write that failed in
 * between makes commit undo everything and answer that failure. Not around lock and unlock.
 */
int dr_store_begin(struct dr_store *s, struct drstor_error **err);
int dr_store_commit(struct dr_store *s, struct drstor_error **err);
void dr_store_rollback(struct dr_store *s); /* nothing happens when none is open */

/* ---- who holds a group ----------------------------------------------------------------------- */

/* A person or program that acts. */
struct dr_actor {
    int64_t uid, pid;
    const char *user, *host;
    const char *origin; /* "terminal", "timer", "library" ... */
};
extern const struct dr_type dr_actor_type;
struct dr_actor dr_actor_self(struct dr_env *env, struct dr_arena *a, const char *origin);

struct dr_owner {
    const char *group;
    struct dr_actor who;
    const char *run, *verb;
    int64_t token;
    struct dr_stamp since; /* took the lock */
    struct dr_stamp seen;  /* last wrote to the store */
    bool released;         /* unlocked in order */
    bool held;             /* by a living process, now; not stored */
};

struct dr_lock {
    int64_t token;
    bool owner_died;        /* the one before did not unlock: settle first (safety 4.2) */
    struct dr_owner before; /* group NULL: there was none */
};

/*
 * Takes the group's lock for WHO, waiting until WAIT_DEADLINE_NS (0: not at all). BUSY names the
 * holder. The token is greater than any before, on disk when this returns. Several groups: in
 * alphabetical order, or two runs wait for each other.
 */
int dr_store_lock(struct dr_store *s, struct dr_arena *a, const char *group,
                  const struct dr_actor *who, const char *run, const char *verb,
                  uint64_t wait_deadline_ns, const struct dr_cancel *cancel, struct dr_lock *ret,
                  struct drstor_error **err);
/* The lock is free, also where workers hold it: none of their calls may be under way for it. A
 * process that dies, or closes the store with the lock taken, leaves it to them until they end. */
int dr_store_unlock(struct dr_store *s, const char *group, int64_t token,
                    struct drstor_error **err);
/*
 * The lock is free, and the next holder is told that its owner died: something it sent may still
 * act, or may have been sent before it, and was not waited for. Never fails.
 */
void dr_store_forsake(struct dr_store *s, const char *group, int64_t token);
/* For worker processes to hold it, too (safety 5.1); -1: none. Borrowed until it is unlocked. */
int dr_store_lock_fd(struct dr_store *s, const char *group);
/* NOTFOUND when nobody ever locked it. */
int dr_store_owner(struct dr_store *s, struct dr_arena *a, const char *group, struct dr_owner *ret,
                   struct drstor_error **err);
/* REFUSED R092 unless TOKEN is the current one (S8). Inside a transaction it guards all of it. */
int dr_store_guard(struct dr_store *s, const char *group, int64_t token, struct drstor_error **err);

/* ---- records --------------------------------------------------------------------------------- */

/* NOTFOUND when there is none (adopt); REFUSED R091 when it is damaged or of a higher major. */
int dr_store_load(struct dr_store *s, struct dr_arena *a, const char *group, struct dr_record *ret,
                  int64_t *ret_version, struct drstor_error **err);
/*
 * Writes R if the stored version is still VERSION (0: there is none) and TOKEN is current. seq and
 * token of the stored text are set here. CONFLICT: the version is stale. REFUSED R092: the lock is
 * lost. REFUSED R091: what is stored is damaged. Members this drstor does not know stay.
 */
int dr_store_cas(struct dr_store *s, const struct dr_record *r, int64_t version, int64_t token,
                 int64_t *ret_version, struct drstor_error **err);
/* Names of all groups that have a record, damaged ones too. */
int dr_store_groups(struct dr_store *s, struct dr_arena *a, const char ***ret, size_t *ret_n,
                    struct drstor_error **err);
/* Moves a damaged record out of the way, kept for export, so that the group can be adopted anew. A
 * sound one is REFUSED, unless SOUND_TOO: what arrays show is newer. */
int dr_store_set_aside(struct dr_store *s, const char *group, int64_t token, bool sound_too,
                       struct drstor_error **err);

/* ---- runs, steps, events --------------------------------------------------------------------- */

enum dr_run_state {
    DR_RUN_UNKNOWN = 0, /* the outcome is: observe first */
    DR_RUN_PLANNED,
    DR_RUN_RUNNING,
    DR_RUN_WAITING,
    DR_RUN_DONE,
    DR_RUN_FAILED,
    DR_RUN_REFUSED,
    DR_RUN_INTERRUPTED,
    DR_RUN_ABORTED
};
extern const struct dr_names dr_run_state_names;
/* Is something of it left to do, or to find out? A failed run is one that can be resumed (exit
 * 4). */
bool dr_run_state_open(enum dr_run_state state);

/* Texts in JSON are one JSON value each, or NULL. */
struct dr_run_row {
    const char *id, *verb, *who;
    enum dr_run_state state;
    int64_t started, ended; /* UTC; -1: not yet */
    const char **groups;
    size_t n_groups;
    const char *goal, *plan, *consent, *result; /* JSON; NULL in lists */
};

/* CONFLICT when the id is taken. */
int dr_store_run_new(struct dr_store *s, const struct dr_run_row *run, struct drstor_error **err);
/* RESULT NULL: stays as it is; ENDED -1: likewise. */
int dr_store_run_update(struct dr_store *s, const char *id, enum dr_run_state state,
                        const char *result, int64_t ended, struct drstor_error **err);
int dr_store_run_load(struct dr_store *s, struct dr_arena *a, const char *id,
                      struct dr_run_row *ret, struct drstor_error **err);
/* Newest first; at most LIMIT. */
int dr_store_run_list(struct dr_store *s, struct dr_arena *a, size_t limit, struct dr_run_row **ret,
                      size_t *ret_n, struct drstor_error **err);
/* Open runs that touch GROUP (NULL: any), oldest first. */
int dr_store_run_open(struct dr_store *s, struct dr_arena *a, const char *group,
                      struct dr_run_row **ret, size_t *ret_n, struct drstor_error **err);

/* One step of a run; the words of STATE are the engine's. */
struct dr_step_row {
    const char *run, *id, *state;
    int64_t attempt;
    const char *op;     /* operation id the array saw */
    const char *job;    /* the array's handle, stored before polling */
    const char *intent; /* JSON: what was about to be sent */
    const char *answer; /* JSON: what came back */
    struct dr_stamp started, sent, answered, deadline;
    int64_t order; /* given by the store: first put, first listed */
};

/* Writes the whole row. NOTFOUND when the run is not there. */
int dr_store_step_put(struct dr_store *s, const struct dr_step_row *step,
                      struct drstor_error **err);
int dr_store_step_list(struct dr_store *s, struct dr_arena *a, const char *run,
                       struct dr_step_row **ret, size_t *ret_n, struct drstor_error **err);

struct dr_event_row {
    const char *run;
    int64_t seq; /* 1, 2, ... per run, given by the store */
    int64_t time;
    const char *step, *state, *text;
    int64_t elapsed_s;
};
extern const struct dr_type dr_event_row_type;

int dr_store_event(struct dr_store *s, const struct dr_event_row *event, int64_t *ret_seq,
                   struct drstor_error **err);
/* Events with a seq greater than AFTER, at most LIMIT. */
int dr_store_event_list(struct dr_store *s, struct dr_arena *a, const char *run, int64_t after,
                        size_t limit, struct dr_event_row **ret, size_t *ret_n,
                        struct drstor_error **err);

/* ---- the audit chain (safety 7) -------------------------------------------------------------- */

struct dr_audit {
    struct dr_actor who;
    const char *what;  /* "promote intent", "promote refused", ... */
    const char *group; /* NULL: none */
    int64_t epoch, token;
    const char *plan, *run;
    const char *outcome, *detail;
};

struct dr_audit_head {
    int64_t seq;   /* 0: no line yet */
    char hash[65]; /* SHA-256 of the last line, in hex */
};

int dr_store_audit(struct dr_store *s, const struct dr_audit *entry, struct dr_audit_head *ret,
                   struct drstor_error **err);
int dr_store_audit_head(struct dr_store *s, struct dr_audit_head *ret, struct drstor_error **err);

/* 0 goes on; anything else ends the walk and is what it answers. */
typedef int (*dr_audit_fn)(void *user, int64_t seq, const char *line);
/* Lines with a seq greater than AFTER, in order. No transaction is open while FN runs. */
int dr_store_audit_walk(struct dr_store *s, int64_t after, dr_audit_fn fn, void *user,
                        struct drstor_error **err);
struct dr_audit_verdict {
    int64_t lines;             /* found to be as they were written */
    int64_t bad;               /* seq of the first that is not; 0: none */
    struct dr_audit_head head; /* after the last good one */
};
/* OK, or CONFLICT with the place of the first line that is altered, missing or out of order. */
int dr_store_audit_verify(struct dr_store *s, struct dr_audit_verdict *ret,
                          struct drstor_error **err);
/* The same with a WITNESS (NULL: none), a head that was kept elsewhere: the chain must contain its
 * line. */
int dr_store_audit_prove(struct dr_store *s, const struct dr_audit_head *witness,
                         struct dr_audit_verdict *ret, struct drstor_error **err);
/*
 * The same for one LINE from anywhere, given the head before it; moves HEAD on. A line that does
 * not belong there is CONFLICT. Pure.
 */
int dr_audit_check(const char *line, struct dr_audit_head *head, struct drstor_error **err);
/* Is HEAD, just reached, the one that was KEPT, if it is of that line? CONFLICT otherwise. Pure. */
int dr_audit_meets(const struct dr_audit_head *head, const struct dr_audit_head *kept,
                   struct drstor_error **err);
/* At the end: has HEAD reached what was KEPT? Pure. */
int dr_audit_reaches(const struct dr_audit_head *head, const struct dr_audit_head *kept,
                     struct drstor_error **err);

/* ---- consent of two persons (safety X13) ----------------------------------------------------- */

struct dr_asked {
    const char *plan, *text; /* text: the command */
    struct dr_actor who;
    struct dr_stamp at;
};
/*
 * WHO agrees to PLAN. Has another user agreed to it within VALID_S of this boot, *RET is that one,
 * and neither row is left. Otherwise WHO is put down and waits for one.
 */
int dr_store_consent(struct dr_store *s, struct dr_arena *a, const char *plan,
                     const struct dr_actor *who, const char *text, int64_t valid_s,
                     struct dr_asked *ret, bool *ret_found, struct drstor_error **err);

/* ---- the last facts -------------------------------------------------------------------------- */

/*
 * Folds one observation into what is stored. For an endpoint that was asked, last_answer is when it
 * answered, or silent_since the start of this very probe when it did not. Copies and engines count
 * when fresh. What is older than what is stored changes nothing it could make wrong.
 */
int dr_store_facts_save(struct dr_store *s, const struct dr_facts *f, struct drstor_error **err);
/* Everything ever read; nothing of it fresh or asked. `now` is now. */
int dr_store_facts_load(struct dr_store *s, struct dr_arena *a, struct dr_facts *ret,
                        struct drstor_error **err);

/* ---- for a person in a disaster -------------------------------------------------------------- */

typedef int (*dr_export_fn)(void *user, const char *line);
/*
 * Everything as JSON lines, damaged rows as text: { table, id, sub, value | text, crc }. A crc is
 * of its line, begun with the crc of the line before: none can be altered, moved or lost by
 * accident unseen. The last line, { table: "end", lines, damage, crc }, shows that nothing was cut
 * off. No transaction is open while FN runs, which answers 0 to go on. A damaged table keeps no
 * other from being read: its damage is what is answered at the end. Of a store opened for salvage
 * the answer is never OK.
 */
int dr_store_export(struct dr_store *s, dr_export_fn fn, void *user, struct drstor_error **err);

/* Reads such lines again, from anywhere. Pure. */
struct dr_export_verdict {
    int64_t lines;    /* found to be as they were written */
    int64_t bad_line; /* number of the first that is not, from 1; 0: none */
    struct dr_audit_verdict audit;
    char damage[256]; /* of the store they came from; "": none */
};
struct dr_export_check;
/* WITNESS (NULL: none): the chain must contain this line. */
struct dr_export_check *dr_export_check_new(const struct dr_audit_head *witness);
void dr_export_check_free(struct dr_export_check *c);
void dr_export_check_freep(struct dr_export_check **c);
/* LINE of N bytes without its line end. CONFLICT when it is not as it was written; then it ends. */
int dr_export_check_line(struct dr_export_check *c, const char *line, size_t n,
                         struct drstor_error **err);
/* After the last line: CONFLICT when something is missing. */
int dr_export_check_end(struct dr_export_check *c, struct drstor_error **err);
void dr_export_check_verdict(const struct dr_export_check *c, struct dr_export_verdict *ret);

#endif
