/* Inside of the world, for the files of sim_world only. */
#ifndef SIMULATED_STATE_H
#define SIMULATED_STATE_H

#include "world.h"

#include <pthread.h>

#define SIM_COPIES 4
#define SIM_MEMBERS 32
#define SIM_HOST_GROUPS 16
#define SIM_VIOLATIONS_KEPT 64
#define SIM_JOBS_KEPT 64

/* A document is shared by all points that hold it; text never changes. */
struct sim_doc {
    uint32_t refs;
    uint32_t length;
    char text[];
};

/*
 * What a copy of a volume holds: all writes on the way from the root to COUNT on SEGMENT.
 * Segments form a tree: whoever writes on top of something that is not the tip it owns begins one.
 */
struct sim_point {
    uint32_t segment;
    uint32_t reserved;
    uint64_t count;
    uint64_t at_ns;      /* this is the volume as of then */
    uint64_t written_ns; /* time of the last write in it */
    struct sim_doc *doc;
};

struct sim_segment {
    uint32_t parent;
    uint32_t owner;    /* copy that extends it */
    uint64_t fork;     /* count in the parent where it begins */
    uint64_t length;   /* count of its tip */
    uint64_t given_up; /* writes up to here were given up by a promotion */
};

struct sim_segments {
    struct sim_segment *v;
    size_t n, size;
};

struct sim_writer {
    char who[SIM_TEXT];
};

struct sim_member {
    char id[SIM_NAME];
    char wwid[SIM_NAME];
    char serial[SIM_NAME];
    int64_t bytes;
    uint32_t access;     /* enum drstor_access */
    uint32_t exposed;    /* bit per host group of the copy */
    uint64_t basis_ns;   /* point it was promoted to */
    uint32_t basis_open; /* nothing was missing then: it is also any later point */
    uint32_t reserved;
    uint64_t rest; /* part of a write not yet made, in write-nanoseconds */
    struct sim_point point;
    struct sim_point incoming; /* what the transfer under way brings */
    struct sim_writer *writers;
    size_t n_writers;
};

struct sim_host_group {
    char name[SIM_NAME];
    char protocol[16];
    char portal[SIM_NAME];
    char target[SIM_TEXT];
    int32_t lun; /* of the first member */
    uint32_t reserved;
};

struct sim_copy {
    char id[SIM_NAME];
    uint32_t array;
    uint32_t relation; /* enum drstor_relation, as this array believes */
    uint32_t peer;     /* destination, detached leg: the copy it follows */
    uint32_t insync;   /* synchronous: follows every write */
    uint32_t whole;    /* the link was lost while it followed every write; until anything changes */
    uint32_t detached; /* active-active: this leg is out */
    uint32_t split;    /* both sides were written by an injected fault */
    char probe[SIM_NAME];   /* what a probe wrote here last */
    char arrived[SIM_NAME]; /* and what came of the other leg's */
    uint64_t epoch;
    uint64_t token;
    uint64_t peer_seen_ns;  /* as of the last look; while the link lives it is now */
    uint64_t next_ns;       /* asynchronous: next transfer */
    uint64_t next_point_ns; /* next periodic snapshot */
    uint64_t begun_ns;      /* transfer under way since; 0: none */
    uint64_t end_ns;
    uint64_t job; /* that transfer is this job's */
    struct sim_host_group *host_groups;
    size_t n_host_groups;
    struct sim_member *members;
};

/* A snapshot, or with CLONE a writable clone that hosts may see. */
struct sim_image {
    char name[SIM_NAME];
    char op_id[SIM_NAME];
    uint32_t copy;
    uint32_t clone;
    uint32_t exposed;  /* host groups of the copy */
    uint32_t periodic; /* it goes when newer ones come */
    struct sim_member *members;
};

struct sim_group {
    char name[SIM_NAME];
    char preferred[SIM_NAME];
    uint32_t sync; /* 0: asynchronous */
    uint32_t stops_when_alone;
    uint32_t stepwise;
    uint32_t active_active;
    uint32_t paused;
    uint32_t arbiter;
    uint32_t dual_writable; /* seen and counted, until it ends */
    uint32_t dual_writers;
    uint64_t period_ns;
    uint64_t bandwidth;      /* bytes per second */
    uint64_t point_every_ns; /* a snapshot of every copy that follows; 0: none */
    uint64_t points_kept;    /* of these, per copy */
    size_t n_copies;
    size_t n_members;
    struct sim_copy *copies;
    struct sim_segments *segments; /* one per member */
    struct sim_image *images;
    size_t n_images;
    uint64_t image_moves; /* how often one came or went; not saved */
};

/* Clones get LUN numbers above those of the group's own volumes; snapshots come and go beside
 * them. */
static inline size_t
sim_image_lun(const struct sim_group *g, size_t image)
{
    size_t clones = 0;
    for (size_t i = 0; i < image; i++)
        clones += g->images[i].clone != 0;
    return 128 + SIM_MEMBERS * clones;
}

struct sim_site {
    char name[SIM_NAME];
    uint32_t state;
    uint32_t reserved;
};

struct sim_link {
    uint32_t a, b;
    uint32_t up;
    uint32_t reserved;
};

struct sim_array {
    char name[SIM_NAME];
    uint32_t site;
    uint32_t latency_ms;
    uint32_t jitter_ms;
    uint32_t access_ms; /* set_access is a job of this length; 0: done when it answers */
    uint32_t parallel_calls;
    uint32_t calls_per_s;
    uint32_t settle_ms;
    uint32_t native_fence;
    uint32_t guards; /* 0: obeys everything, so that a controller's mistake does harm */
    uint32_t drives_from_source;
    uint64_t window_ns; /* calls_per_s: this second */
    uint64_t window_calls;
    struct sim_counters counters;
};

struct sim_job {
    uint64_t id;
    uint32_t array, group, copy;
    uint32_t op;
    int32_t state; /* enum drstor_job_state */
    uint32_t reserved;
    uint64_t begun_ns;
    uint64_t end_ns;
    char op_id[SIM_NAME];
    char words[SIM_WORDS];
};

enum sim_flight_state { SIM_FLIGHT_UNDER_WAY = 0, SIM_FLIGHT_ANSWERED, SIM_FLIGHT_MUTE };

/* A call between its sending and the fetching of its answer. */
struct sim_flight {
    uint64_t id;
    uint64_t call; /* number of the call */
    uint64_t begun_ns;
    uint64_t end_ns;
    uint32_t state;
    uint32_t op;
    uint32_t array, group, copy;
    int32_t member;
    uint32_t found; /* group and copy are known */
    uint32_t planned;
    uint32_t access, expected;
    uint32_t n_evidence;
    uint32_t host_groups; /* mask */
    uint32_t unknown_host_group;
    uint32_t fault;
    uint32_t ghost; /* nobody waits: a duplicate, or the work of a job */
    uint32_t mute;  /* the answer is lost on the way */
    uint64_t epoch, token;
    uint64_t job;    /* this flight is the work of that job */
    uint64_t caller; /* not saved */
    char actor[SIM_NAME];
    char op_id[SIM_NAME];
    char group_id[SIM_NAME];
    char source[SIM_TEXT];
    char target[SIM_TEXT];
    char expect[SIM_NAME];
    char name[SIM_NAME];
    char point[SIM_NAME];
    char job_id[SIM_NAME];
    char fault_code[SIM_NAME];
    struct sim_reply reply;
};

struct sim_violation_entry {
    uint64_t time_ns;
    uint32_t kind;
    uint32_t reserved;
    char group[SIM_NAME];
    char text[SIM_WORDS];
};

struct sim_world {
    uint64_t seed;
    uint64_t now_ns;
    uint64_t shift_ns; /* world time = clock + shift; grows when the machine was restarted */
    int64_t utc_base_s;
    uint64_t calls;        /* calls numbered so far */
    uint64_t ids;          /* jobs and flights numbered so far */
    uint64_t writes_per_s; /* per writer */
    uint64_t write_bytes;
    uint64_t transfer_ms; /* shortest transfer */
    uint64_t log_seq, log_bytes;
    uint64_t save_seq;
    uint64_t violations[SIM_V_COUNT];

    struct sim_site *sites;
    size_t n_sites;
    struct sim_link *links;
    size_t n_links;
    struct sim_array *arrays;
    size_t n_arrays;
    struct sim_group *groups;
    size_t n_groups;
    struct sim_job *jobs;
    size_t n_jobs, size_jobs;
    struct sim_flight *flights;
    size_t n_flights, size_flights;
    struct sim_fault *faults;
    size_t n_faults, size_faults;
    struct sim_loss *losses;
    size_t n_losses, size_losses;
    struct sim_violation_entry *seen;
    size_t n_seen, size_seen;
    struct sim_log_entry *log; /* of a file world: what is not yet in the file */
    size_t n_log, size_log;

    /* Not saved. */
    sim_clock_fn clock;
    void *clock_user;
    sim_trace_fn trace;
    void *trace_user;
    struct sim_told *told;
    uint64_t (*caller)(void *user);
    void *caller_user;
    void (*crash)(void *user);
    void *crash_user;
    char clock_path[SIM_WORDS]; /* "": see virtual */
    uint32_t clock_virtual;
    uint32_t changed;
    bool broken; /* memory ran out inside a change: nothing more is saved */
    char *path;
    int lock_fd;
    char why[SIM_WORDS];
    /* Last: others may be waiting for it while a new world moves in before it. */
    pthread_mutex_t mutex;
};

/* world.c */
int sim_fail(struct sim_world *w, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void sim_copy_text(char *to, size_t size, const char *from);
#define SIM_SET(to, from) sim_copy_text((to), sizeof(to), (from))
/* Makes room for one more element of SIZE in *V; NULL when there is no memory. */
void *sim_grow(void *v, size_t n, size_t *size, size_t element);
uint64_t sim_hash(uint64_t a, uint64_t b, uint64_t c);
int sim_site_index(const struct sim_world *w, const char *name);
int sim_array_index(const struct sim_world *w, const char *name);
bool sim_copy_find(const struct sim_world *w, uint32_t array, const char *id, uint32_t *ret_group,
                   uint32_t *ret_copy);
uint32_t sim_copy_site(const struct sim_world *w, const struct sim_copy *c);
struct sim_image *sim_image_find(struct sim_group *g, uint32_t copy, const char *name);
void sim_members_free(struct sim_member *members, size_t n);
void sim_group_clear(struct sim_group *g);

/* clock.c */
uint64_t sim_clock_now(const struct sim_world *w);

/* history.c */
struct sim_doc *sim_doc_new(const char *text);
struct sim_doc *sim_doc_ref(struct sim_doc *doc);
void sim_doc_unref(struct sim_doc *doc);
void sim_point_set(struct sim_point *to, const struct sim_point *from);
void sim_point_clear(struct sim_point *p);
/* Where the two ways part: writes up to there are in both. */
uint64_t sim_common(const struct sim_segments *s, const struct sim_point *a,
                    const struct sim_point *b, uint32_t *ret_segment);
bool sim_contains(const struct sim_segments *s, const struct sim_point *a,
                  const struct sim_point *b);
bool sim_equal(const struct sim_point *a, const struct sim_point *b);
/* N more writes by copy OWNER on top of P. */
bool sim_write_on(struct sim_segments *s, struct sim_point *p, uint32_t owner, uint64_t n,
                  uint64_t now_ns);
/* Marks writes of P after COUNT on SEGMENT's way as given up by a promotion. */
void sim_give_up(struct sim_segments *s, const struct sim_point *p, uint64_t after);
/* Writes of P after AFTER that no promotion gave up. */
uint64_t sim_not_given_up(const struct sim_segments *s, const struct sim_point *p, uint64_t after);
bool sim_segments_init(struct sim_segments *s);

/* flow.c: replication and time */
void sim_run_to(struct sim_world *w, uint64_t now_ns);
/* After any change of links, sites, relations or access: what follows at once. RETURNED: because
 * the ground moved, not because somebody called. */
void sim_settle(struct sim_world *w, bool ground);
bool sim_link_live(const struct sim_world *w, const struct sim_copy *a, const struct sim_copy *b);
/* The copy that C follows now, or NULL when nothing flows. */
struct sim_copy *sim_flow_source(const struct sim_world *w, const struct sim_group *g,
                                 const struct sim_copy *c);
bool sim_io_ok(const struct sim_world *w, const struct sim_group *g, const struct sim_copy *c,
               const struct sim_member *m);
/* Hands member I of C to every copy that follows each write. */
void sim_follow(struct sim_world *w, struct sim_group *g, const struct sim_copy *c, size_t i);
uint64_t sim_behind(const struct sim_group *g, const struct sim_copy *source,
                    const struct sim_copy *c);
uint64_t sim_transfer_ns(const struct sim_world *w, const struct sim_group *g,
                         const struct sim_copy *source, const struct sim_copy *c);
void sim_transfer_begin(struct sim_world *w, struct sim_group *g, struct sim_copy *source,
                        struct sim_copy *c, uint64_t job);
void sim_transfer_abort(struct sim_world *w, struct sim_group *g, struct sim_copy *c,
                        const char *why);

/* job.c */
struct sim_job *sim_job_add(struct sim_world *w, const struct sim_flight *f, uint64_t end_ns);
struct sim_job *sim_job_by_id(struct sim_world *w, uint64_t id);
struct sim_job *sim_job_find(struct sim_world *w, uint32_t array, const char *name);
void sim_job_end(struct sim_world *w, uint64_t id, int state, const char *words);
void sim_job_name(const struct sim_job *job, char *to, size_t size);
int64_t sim_job_permille(const struct sim_world *w, const struct sim_job *job);

/* call.c */
struct sim_flight *sim_flight_add(struct sim_world *w, const struct sim_flight *f);

/* access.c, relation.c, hostmap.c, image.c: effects at the array; they fill F->reply */
void sim_effect(struct sim_world *w, struct sim_flight *f);
void sim_refuse(struct sim_flight *f, int status, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void sim_done(struct sim_flight *f);
/* Members this call speaks of; a fault may leave some out. */
uint32_t sim_selected(const struct sim_flight *f, const struct sim_group *g);
void sim_done_members(struct sim_flight *f, const struct sim_group *g, uint32_t mask);
void sim_effect_access(struct sim_world *w, struct sim_flight *f);
void sim_effect_force(struct sim_world *w, struct sim_flight *f);
void sim_effect_sync(struct sim_world *w, struct sim_flight *f);
void sim_effect_pause(struct sim_world *w, struct sim_flight *f);
void sim_effect_resync(struct sim_world *w, struct sim_flight *f);
void sim_effect_preferred(struct sim_world *w, struct sim_flight *f);
void sim_effect_expose(struct sim_world *w, struct sim_flight *f);
void sim_effect_snapshot(struct sim_world *w, struct sim_flight *f);
void sim_effect_test_start(struct sim_world *w, struct sim_flight *f);
void sim_effect_test_stop(struct sim_world *w, struct sim_flight *f);
void sim_effect_verify(struct sim_world *w, struct sim_flight *f);
void sim_effect_probe(struct sim_world *w, struct sim_flight *f);
/* image.c: the snapshot that the call names, as a point its copy came from; NULL and a refusal when
 * there is none. */
const struct sim_image *sim_point_named(struct sim_world *w, struct sim_flight *f);
/* Is the snapshot whole, and an earlier state of what its copy holds? */
bool sim_image_is_point(const struct sim_group *g, const struct sim_image *image);
/* The periodic snapshot of copy INDEX, when it shows something new; the oldest goes. */
void sim_point_periodic(struct sim_world *w, struct sim_group *g, uint32_t index);

/* view.c */
void sim_generation(const struct sim_group *g, const struct sim_copy *c, char *to, size_t size);

/* record.c: log, counters, violations, losses */
void sim_log(struct sim_world *w, const struct sim_flight *f, bool effect, const char *note);
void sim_violate(struct sim_world *w, enum sim_violation v, const char *group, const char *format,
                 ...) __attribute__((format(printf, 4, 5)));

/* trace.c: what changed since the last scan, and one call */
void sim_trace_scan(struct sim_world *w, enum sim_trace_cause cause);
void sim_trace_call(struct sim_world *w, const struct sim_flight *f, bool effect);

/* A world without anything; and free everything but the world itself, its file and lock. */
struct sim_world *sim_world_blank(void);
void sim_world_clear(struct sim_world *w);

/* shape_read.c, file.c */
int sim_decode(struct sim_world *w, struct json_object *from);
int sim_file_load(struct sim_world *w);
int sim_file_unload(struct sim_world *w, bool save);

#endif
