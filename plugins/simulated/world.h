/*
 * The simulated world: sites, arrays, replicated groups and the hosts that write them.
 *
 * One world lives either in memory (one process, any clock, microseconds per call) or in a file
 * that several processes share. Both are the same code: a file world is loaded, advanced and saved
 * between sim_enter() and sim_leave(). Nothing here waits: a call is begun, it takes effect at its
 * end time whether or not the caller still lives, and the caller fetches the answer later.
 *
 * Every function but those of "making and sharing" is called between sim_enter() and sim_leave().
 * Times are nanoseconds of the world's clock. Functions return 0 or a status of types.h; the
 * sentence behind a failure is sim_why().
 */
#ifndef SIMULATED_WORLD_H
#define SIMULATED_WORLD_H

#include "trace.h"

#include <drstor/types.h>

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_NAME 64
#define SIM_TEXT 128
#define SIM_WORDS 200
#define SIM_NEVER UINT64_MAX
#define SIM_SECOND UINT64_C(1000000000)
#define SIM_MS UINT64_C(1000000)

struct sim_world;

/* ---- making and sharing -------------------------------------------------------------------- */

typedef uint64_t (*sim_clock_fn)(void *user);

/* From a specification (README.md) or a saved world; the text of a refusal goes to WHY. */
int sim_world_new(struct json_object *spec, struct sim_world **ret, char why[SIM_WORDS]);
/* The same world again under another seed; much quicker than reading the specification again. */
int sim_world_copy(const struct sim_world *w, uint64_t seed, struct sim_world **ret);
void sim_world_free(struct sim_world *w);
/* Everything but the log, as it would be saved. */
struct json_object *sim_world_save(struct sim_world *w);

/* Writes a new world to PATH (a file that exists is replaced). */
int sim_file_create(const char *path, struct json_object *spec, char why[SIM_WORDS]);
int sim_file_open(const char *path, struct sim_world **ret, char why[SIM_WORDS]);

/*
 * A world of this process under a name of its own, for a plugin that is linked into the same
 * program: WHERE of sim_world_open() is then "memory:NAME". W NULL takes it back. One thread.
 */
int sim_world_lend(const char *name, struct sim_world *w);
/* WHERE is the path of a file, or names a lent world. */
int sim_world_open(const char *where, struct sim_world **ret, char why[SIM_WORDS]);
void sim_world_close(struct sim_world *w); /* a lent one stays its owner's */
/* FN is called, in place of dying by SIGKILL, where an injected crash kills the caller. */
void sim_world_crash(struct sim_world *w, void (*fn)(void *user), void *user);
void sim_crash(struct sim_world *w);
/*
 * Who calls now, as a number of the program's own: what it has begun is known as its, so that its
 * connections can be cut when it dies. What was sent still acts, within settle_ms from here.
 */
void sim_world_caller(struct sim_world *w, uint64_t (*fn)(void *user), void *user);
void sim_hang_up(struct sim_world *w, uint64_t caller);

/* Another clock than the specification's; it must not go back. */
void sim_world_clock(struct sim_world *w, sim_clock_fn fn, void *user);
/* A clock shared by processes: one file with a decimal number of nanoseconds. */
int sim_clock_read(const char *path, uint64_t *ret_ns);
int sim_clock_write(const char *path, uint64_t ns);
/* Moves the world's own virtual clock or its clock file; INVALID for any other clock. */
int sim_advance(struct sim_world *w, uint64_t ns);

/* Locks, loads, advances to now. One thread at a time is inside. */
int sim_enter(struct sim_world *w);
/* The same for a caller who has CLOCK_BOOTTIME from elsewhere; a virtual clock does not care. */
int sim_enter_at(struct sim_world *w, uint64_t boottime_ns);
/* A virtual clock: it moves only by sim_advance(). */
bool sim_virtual(const struct sim_world *w);
/* Saves when something was changed since sim_enter() and unlocks. */
int sim_leave(struct sim_world *w);

uint64_t sim_now(const struct sim_world *w);
int64_t sim_utc(const struct sim_world *w, uint64_t ns);
const char *sim_why(const struct sim_world *w);

/* ---- calls to arrays ----------------------------------------------------------------------- */

enum sim_op {
    SIM_OP_UNKNOWN = 0,
    SIM_OP_DISCOVER,
    SIM_OP_OBSERVE,
    SIM_OP_VERIFY_DUAL_WRITE,
    SIM_OP_JOBS,
    SIM_OP_POLL,
    SIM_OP_POINTS,
    SIM_OP_SET_ACCESS, /* the first that mutates */
    SIM_OP_FORCE_ACCESS,
    SIM_OP_SYNC_ONCE,
    SIM_OP_SUSPEND,
    SIM_OP_RESUME,
    SIM_OP_RESYNC,
    SIM_OP_EXPOSE,
    SIM_OP_WITHDRAW,
    SIM_OP_SNAPSHOT,
    SIM_OP_TEST_START,
    SIM_OP_TEST_STOP,
    SIM_OP_SET_PREFERRED,
    SIM_OP_CANCEL,
    SIM_OP_TAG,
    SIM_OP_PROBE_WRITE,
    SIM_OP_COUNT
};
const char *sim_op_name(enum sim_op op);
enum sim_op sim_op_find(const char *name);
static inline bool
sim_op_mutates(enum sim_op op)
{
    return op >= SIM_OP_SET_ACCESS;
}

struct sim_request {
    enum sim_op op;
    int member; /* -1: the whole group; else one member of a stepwise group */
    bool planned;
    const char *array;
    const char *actor; /* who calls, for the log */
    const char *op_id;
    const char *group; /* the copy's id at this array */
    uint64_t epoch;
    uint64_t token;
    uint64_t deadline_ns; /* 0: none; only the fault "late" and a violation look at it */
    enum drstor_access access;
    enum drstor_access expected;
    size_t n_evidence;
    const char *const *host_groups;
    size_t n_host_groups;
    const char *source; /* resync */
    const char *target;
    const char *expect;
    const char *name;  /* snapshot, tests; set_preferred: a site */
    const char *point; /* set_access, test_start: a recovery point; NULL: the newest */
    const char *job;   /* poll, cancel */
};

struct sim_ticket {
    uint64_t id;
    uint64_t look_ns; /* ask sim_poll() then; SIM_NEVER: no answer will come */
    bool crash;       /* an injected crash: the calling process is to die now */
};

struct sim_reply {
    int status;
    enum drstor_outcome outcome; /* of a mutating call */
    uint32_t changed;            /* members that changed, when PARTIAL; bit per member */
    char job[SIM_NAME];
    char code[SIM_NAME]; /* the array's own code and words */
    char words[SIM_WORDS];
};

/* In how many calls a group operation goes out: 1, or one per member of a stepwise group. */
int sim_steps(struct sim_world *w, const struct sim_request *request);
/* Sends a call. BUSY when the array is at a limit, NOTFOUND when there is no such array. */
int sim_begin(struct sim_world *w, const struct sim_request *request, struct sim_ticket *ret);
/* 1: answered. 0: look again at *RET_LOOK_NS. */
int sim_poll(struct sim_world *w, uint64_t ticket, uint64_t *ret_look_ns);
/* Takes the answer. NOTFOUND when there is none (yet). */
int sim_finish(struct sim_world *w, uint64_t ticket, struct sim_reply *ret);
/* The caller stops waiting; the call may still take effect. */
void sim_abandon(struct sim_world *w, uint64_t ticket);

/* ---- what an array says about a copy, after an answered observe ----------------------------- */

struct sim_view_member {
    char id[SIM_NAME];
    char pair[SIM_NAME];
    char wwid[SIM_NAME];
    char serial[SIM_NAME];
    int64_t bytes;
    enum drstor_access access;
    enum drstor_sync sync;
};

struct sim_view_path {
    size_t member;
    int lun;
    char host_group[SIM_NAME];
    char protocol[16];
    char portal[SIM_NAME];
    char target[SIM_TEXT];
};

struct sim_view_job {
    char id[SIM_NAME];
    char group[SIM_NAME];
    enum sim_op op;
    int state; /* as enum drstor_job_state: 1 running, 2 succeeded, 3 failed */
    int64_t permille;
    char words[SIM_WORDS];
};

struct sim_view {
    char id[SIM_NAME];
    char preferred[SIM_NAME];
    char generation[32];
    enum drstor_access access;
    enum drstor_sync sync;
    enum drstor_relation relation;
    enum drstor_arbiter arbiter;
    enum drstor_tristate stops_when_alone;
    enum drstor_tristate peer_seen;
    enum drstor_leg leg;
    int64_t point_utc;
    int64_t lag_s;
    int64_t lag_bytes;
    int64_t permille;
    int64_t peer_seen_utc;
    int64_t epoch;
    size_t n_members;
    struct sim_view_member *members;
    size_t n_paths;
    struct sim_view_path *paths;
    size_t n_jobs;
    struct sim_view_job *jobs;
};

int sim_view(struct sim_world *w, const char *array, const char *group, struct sim_view *ret);
void sim_view_clear(struct sim_view *view);
/* Ids of everything an array shows, clones included; the array and its strings in one block. */
int sim_discover(struct sim_world *w, const char *array, char (**ret_ids)[SIM_NAME], size_t *ret_n);
int sim_view_job(struct sim_world *w, const char *array, const char *job, struct sim_view_job *ret);

/* A snapshot that the copy can be taken back to, or cloned from. */
struct sim_view_point {
    char id[SIM_NAME];
    char label[SIM_TEXT];
    enum drstor_point_kind kind;
    int64_t utc;
};
/* Newest first; the caller frees. */
int sim_view_points(struct sim_world *w, const char *array, const char *group,
                    struct sim_view_point **ret, size_t *ret_n);

struct sim_array_info {
    uint32_t parallel_calls;
    uint32_t calls_per_s;
    uint32_t settle_ms;
    bool native_fence;
    char site[SIM_NAME];
};
int sim_array_info(struct sim_world *w, const char *array, struct sim_array_info *ret);

/* ---- the ground under the arrays ------------------------------------------------------------ */

enum sim_site_state { SIM_SITE_UNKNOWN = 0, SIM_SITE_UP, SIM_SITE_SILENT, SIM_SITE_DEAD };

/* UP also brings a dead site back, with the roles it had. */
int sim_site_set(struct sim_world *w, const char *site, enum sim_site_state state);
enum sim_site_state sim_site_get(struct sim_world *w, const char *site);
/* A and B NULL: every link. */
int sim_link_set(struct sim_world *w, const char *a, const char *b, bool up);
int sim_arbiter_set(struct sim_world *w, const char *group, enum drstor_arbiter arbiter);
/* Somebody at the array deletes a snapshot. */
int sim_snapshot_delete(struct sim_world *w, const char *array, const char *group,
                        const char *name);

/* ---- hosts ----------------------------------------------------------------------------------- */

/* As struct lunview: 0 or a negative errno value. */
int sim_lun_list(struct sim_world *w, const char *site, struct json_object **ret_luns);
int sim_lun_write(struct sim_world *w, const char *site, const char *wwid, struct json_object *doc);
int sim_lun_writer(struct sim_world *w, const char *site, const char *wwid, const char *who,
                   bool add);
/* The document as it lies on the volume, exposed or not. */
int sim_doc_get(struct sim_world *w, const char *array, const char *volume,
                struct json_object **ret);
int sim_doc_put(struct sim_world *w, const char *array, const char *volume,
                struct json_object *doc);

/* ---- faults ---------------------------------------------------------------------------------- */

enum sim_fault_kind {
    SIM_FAULT_UNKNOWN = 0,
    SIM_FAULT_LOST_BEFORE,  /* no effect, no answer */
    SIM_FAULT_LOST_AFTER,   /* effect, no answer */
    SIM_FAULT_LATE,         /* no answer; effect after the deadline, within settle_ms */
    SIM_FAULT_DUPLICATE,    /* effect and answer, and the effect again within settle_ms */
    SIM_FAULT_SLOW,         /* delay_ms more */
    SIM_FAULT_REFUSE,       /* refused with code */
    SIM_FAULT_CRASH,        /* the caller dies after sending; the effect comes */
    SIM_FAULT_CRASH_BEFORE, /* the caller dies before sending */
    SIM_FAULT_SPLIT,        /* effect, and the group's other copies gain writes of their own */
    SIM_FAULT_PARTIAL,      /* only the first members change */
    SIM_FAULT_HALFWAY,      /* no answer; a promotion cuts the relation and takes members back to
                               their point, and makes none of them writable */
    SIM_FAULT_COUNT
};
const char *sim_fault_name(enum sim_fault_kind kind);
enum sim_fault_kind sim_fault_find(const char *name);

struct sim_fault {
    uint32_t kind;        /* enum sim_fault_kind */
    uint32_t op;          /* enum sim_op; 0: every mutating one */
    char array[SIM_NAME]; /* "": every array */
    char group[SIM_NAME]; /* "": every group */
    char code[SIM_NAME];  /* refuse: the array's code */
    uint32_t nth;         /* strikes from the nth matching call on (1 first) */
    uint32_t times;       /* so often; 0: always */
    uint32_t permille;    /* and then with this chance, drawn from seed and call number */
    uint32_t delay_ms;    /* slow */
    uint32_t seen;        /* matching calls so far */
    uint32_t struck;      /* faults so far */
};
/* nth 0 is 1, permille 0 is 1000. */
int sim_fault_add(struct sim_world *w, const struct sim_fault *fault);
void sim_fault_clear(struct sim_world *w);
const struct sim_fault *sim_faults(const struct sim_world *w, size_t *ret_n);

/* ---- what the world has seen ------------------------------------------------------------------
 */

enum sim_violation {
    SIM_V_UNKNOWN = 0,
    SIM_V_DUAL_WRITABLE,  /* two sites could write one pair (read-write and exposed) after a call */
    SIM_V_DUAL_RETURN,    /* the same, because a lost site came back or a link was cut: a window */
    SIM_V_DUAL_WRITERS,   /* running writers at two sites of one pair */
    SIM_V_UNEQUAL_POINTS, /* members of one group were promoted to different points in time */
    SIM_V_RESYNC_WRITABLE, /* a resync ran over a writable target (guards off) */
    SIM_V_RESYNC_EXPOSED,  /* a resync ran over a target that hosts can see (guards off) */
    SIM_V_STALE,           /* a call with an older epoch or token took effect (fence none) */
    SIM_V_PLANNED_LOSS,    /* a planned promotion lost acknowledged writes */
    SIM_V_DESTROYED,       /* the last place of acknowledged writes that no promotion had given up
                              was overwritten */
    SIM_V_INCONSISTENT,    /* a copy was made writable in the middle of a resync */
    SIM_V_START_PARTIAL,   /* a writer started while part of the group was not writable there */
    SIM_V_SENT_LATE,       /* a call was sent after its own deadline */
    SIM_V_COUNT
};
const char *sim_violation_name(enum sim_violation v);
/* What it is, in one sentence. */
const char *sim_violation_text(enum sim_violation v);
uint64_t sim_violations(const struct sim_world *w, enum sim_violation v);
/* All but DUAL_RETURN, which no controller can prevent, only shorten. */
uint64_t sim_violations_total(const struct sim_world *w);
/* The last ones as text, newest last: [ { time_ns, kind, group, text } ] */
struct json_object *sim_violations_list(const struct sim_world *w);

struct sim_loss {
    char group[SIM_NAME];
    char site[SIM_NAME];
    uint64_t time_ns;
    uint64_t writes; /* acknowledged writes given up by this promotion */
    uint64_t ns;     /* from the point promoted to the last write given up */
    uint32_t planned;
};
const struct sim_loss *sim_losses(const struct sim_world *w, size_t *ret_n);

struct sim_counters {
    uint64_t calls;    /* sent to the array, answered or not */
    uint64_t mutating; /* of these, calls that could change something */
    uint64_t effects;  /* mutating calls that took effect (JOB, DONE or PARTIAL) */
    uint64_t refused;
    uint64_t busy;    /* turned away at a limit */
    uint64_t fenced;  /* refused for an older epoch or token */
    uint64_t last_ns; /* last contact; 0: none */
};
int sim_counters(const struct sim_world *w, const char *array, struct sim_counters *ret);

/* Append-only: a line when a call is sent, and one when a mutating call takes effect or is refused.
 */
struct sim_log_entry {
    uint64_t seq;
    uint64_t time_ns;
    uint64_t call;   /* number of the call; a duplicate has that of its first */
    uint32_t effect; /* 0: sent; 1: done at the array */
    uint32_t op;
    uint32_t outcome; /* of an effect */
    int32_t status;
    uint64_t epoch;
    uint64_t token;
    char actor[SIM_NAME];
    char op_id[SIM_NAME];
    char array[SIM_NAME];
    char group[SIM_NAME];
    char note[SIM_NAME]; /* the array's code, or the fault that struck */
};
typedef int (*sim_log_fn)(const struct sim_log_entry *entry, void *user);
/* Oldest first; stops when FN does not return 0 and returns that. */
int sim_log_each(struct sim_world *w, sim_log_fn fn, void *user);

/* From now on, beginning with how everything is. FN must not call back into the world. NULL: no
 * more. */
int sim_world_trace(struct sim_world *w, sim_trace_fn fn, void *user);

/* Writes at a volume since the beginning of the world, as its copy at ARRAY holds them. */
int sim_writes(struct sim_world *w, const char *array, const char *volume, uint64_t *ret);

#endif
