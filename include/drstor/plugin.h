/*
 * The contract of an array plugin. This header (with types.h) is all a plugin needs: there is
 * nothing to link. A plugin is one shared object made with the DRSTOR_PLUGIN macro; everything it
 * may do to the world goes through the host table it is given.
 *
 * Rules that hold for every call
 *
 *   - Calls are local to one endpoint: "make YOUR copy of this group read-write". The core decides
 *     order, sides and retries. A plugin never repeats a mutation on its own.
 *   - Inputs are borrowed for the length of the call. Results go to host sinks, which copy; no
 *     memory changes hands.
 *   - A value that was not read is UNKNOWN (0, NULL, -1), never a default and never a guess.
 *   - A mutating call names the wanted end state; asking twice is harmless. It reports exactly one
 *     outcome by host->outcome() and returns a status that says why. Without an outcome the host
 *     takes UNKNOWN.
 *   - After change->deadline_ns the plugin sends nothing more.
 *   - Threads: one call at a time per handle, unless describe() said otherwise. Calls on different
 *     handles may run at the same time. host functions may be called only from the thread that
 *     runs the call, with the call that was given.
 *   - Times: *_ns are CLOCK_BOOTTIME nanoseconds from host->now_ns(); *_utc are seconds since
 *     1970-01-01 UTC; *_s are seconds; -1 means not known.
 */
#ifndef DRSTOR_PLUGIN_H
#define DRSTOR_PLUGIN_H

#include <drstor/types.h>

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* 0 until frozen: such a plugin loads only into the build it came from. 1 will be kept for
 * years. */
#define DRSTOR_PLUGIN_API 0u
#define DRSTOR_PLUGIN_MAGIC 0x64727374u /* "drst" */

/* Identifies the build while the API number is 0; the build system sets it. */
#ifndef DRSTOR_PLUGIN_BUILD
#define DRSTOR_PLUGIN_BUILD "none"
#endif

struct drstor_call; /* one call in progress; opaque */

enum drstor_log_level { DRSTOR_LOG_ERROR = 0, DRSTOR_LOG_WARN, DRSTOR_LOG_INFO, DRSTOR_LOG_DEBUG };

/* ---- describe() ------------------------------------------------------------------------------ */

/* How well this array keeps a stale controller out (safety P8). */
enum drstor_fence_class { DRSTOR_FENCE_NONE = 0, DRSTOR_FENCE_SHIM, DRSTOR_FENCE_NATIVE };

/* Does a group call change all members at once? (safety P7) */
enum drstor_group_class { DRSTOR_GROUP_STEPWISE = 0, DRSTOR_GROUP_ATOMIC };

enum drstor_thread_model { DRSTOR_THREADS_SERIAL = 0, DRSTOR_THREADS_PARALLEL };

struct drstor_limits {
    uint32_t size;
    uint32_t parallel_calls;    /* per handle, >= 1; above 1 needs DRSTOR_THREADS_PARALLEL */
    uint32_t calls_per_s;       /* 0: no limit */
    uint32_t volumes_per_group; /* 0: no limit */
    uint32_t settle_ms;         /* how long after a closed connection a command may still act */
    uint32_t fence_class;       /* enum drstor_fence_class */
    uint32_t group_class;       /* enum drstor_group_class */
    uint32_t thread_model;      /* enum drstor_thread_model */
};

/* Typical and worst duration of one operation; worst_ms is its deadline D. */
struct drstor_duration {
    uint32_t size;
    uint32_t typical_ms;
    uint32_t worst_ms;
    const char *operation; /* the callback's name: "observe", "set_access" ... */
};

enum drstor_key_type {
    DRSTOR_KEY_STRING = 0,
    DRSTOR_KEY_INTEGER,
    DRSTOR_KEY_BOOLEAN,
    DRSTOR_KEY_DURATION, /* "30s", "5m"; given to the plugin as seconds */
    DRSTOR_KEY_PATH
};

enum drstor_key_scope { DRSTOR_KEY_ARRAY = 0, DRSTOR_KEY_COPY };

/* One configuration key. The core validates the file against these before open(). */
struct drstor_key {
    uint32_t size;
    uint32_t type;  /* enum drstor_key_type */
    uint32_t scope; /* enum drstor_key_scope */
    uint32_t required;
    uint32_t secret; /* its value is only reachable through host->secret_use() */
    uint32_t reserved;
    const char *name;
    const char *fallback; /* value used when absent; NULL: none */
    const char *help;     /* one sentence */
};

/* ---- open() ---------------------------------------------------------------------------------- */

struct drstor_setting {
    const char *key;
    const char *value;
};

struct drstor_open {
    uint32_t size;
    uint32_t read_only; /* 1: no mutating call will follow; ask for the least rights */
    const char *array;  /* the array's name in the configuration */
    const char *site;
    const struct drstor_setting *settings;
    size_t n_settings;
};

/* ---- observe() ------------------------------------------------------------------------------- */

/*
 * One copy of one group, as the array says it is. Report it before its members.
 * DRSTOR_GROUP_INFO_INIT sets every field to "not read".
 */
struct drstor_group_info {
    uint32_t size;
    int32_t access;   /* enum drstor_access: the weakest true statement over all members */
    int32_t sync;     /* enum drstor_sync */
    int32_t relation; /* enum drstor_relation */
    int32_t arbiter;  /* enum drstor_arbiter */
    /* enum drstor_tristate: does the source stop when it cannot replicate? */
    int32_t stops_when_alone;
    int32_t peer_seen; /* enum drstor_tristate: does this array see its peer now? */
    int32_t reserved;
    const char *id;         /* as configured at this array */
    const char *preferred;  /* which side survives, in the array's words; NULL not read */
    const char *generation; /* changes whenever data that the other side lacks is written */
    int64_t point_utc;      /* last consistent point held by THIS copy */
    int64_t lag_s;          /* behind its source, as the array says */
    int64_t lag_bytes;      /* missing here when the source was last seen: 0 with a source out of
                               sight means that this copy followed every write until then */
    int64_t progress_permille;
    int64_t peer_seen_utc; /* when this array last saw its peer; counter-evidence */
    int64_t epoch;         /* epoch tag kept at the array */
    int32_t leg; /* enum drstor_leg, active-active only. SURVIVOR is taken as proof that the other
                    leg cannot be written: report it only where the array guarantees that */
    int32_t reserved2;
};
#define DRSTOR_GROUP_INFO_INIT                                                                     \
    {                                                                                              \
        sizeof(struct drstor_group_info), 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, -1, -1, -1, -1,   \
            -1, -1, 0, 0                                                                           \
    }

struct drstor_member_info {
    uint32_t size;
    int32_t access; /* enum drstor_access */
    int32_t sync;   /* enum drstor_sync */
    int32_t reserved;
    const char *group; /* id of the group reported before */
    const char *id;    /* the array's name of this volume */
    const char *pair;  /* the other array's name of the volume it replicates with */
    const char *wwid;  /* as hosts at this site see it */
    const char *serial;
    int64_t bytes; /* size */
};
#define DRSTOR_MEMBER_INFO_INIT                                                                    \
    {                                                                                              \
        sizeof(struct drstor_member_info), 0, 0, 0, NULL, NULL, NULL, NULL, NULL, -1               \
    }

/* One way in which hosts reach a member. None reported after a full observe: not exposed. */
struct drstor_path_info {
    uint32_t size;
    int32_t lun;            /* LUN number, -1 not read */
    const char *member;     /* id of a member reported before */
    const char *host_group; /* igroup, storage view, target ACL */
    const char *protocol;   /* "iscsi" or "fcp" */
    const char *portal;     /* "10.0.0.5:3260", iSCSI only */
    const char *target;     /* IQN or FC target port */
};
#define DRSTOR_PATH_INFO_INIT                                                                      \
    {                                                                                              \
        sizeof(struct drstor_path_info), -1, NULL, NULL, NULL, NULL, NULL                          \
    }

struct drstor_job_info {
    uint32_t size;
    int32_t state; /* enum drstor_job_state */
    const char *id;
    const char *group;
    const char *operation;
    int64_t progress_permille;
};
#define DRSTOR_JOB_INFO_INIT                                                                       \
    {                                                                                              \
        sizeof(struct drstor_job_info), 0, NULL, NULL, NULL, -1                                    \
    }

/* ---- points() -------------------------------------------------------------------------------- */

/*
 * A recovery point that the copy can be taken back to (set_access) or cloned from (test_start),
 * beside the newest one, which report_group tells. Two things must be true of it, or it is left
 * out:
 *
 *   - It is whole: every member of the group, as of this one moment.
 *   - The copy came from it: it is an earlier state of the data that the copy holds now. A snapshot
 *     of what a resync has overwritten since is none.
 */
struct drstor_point_info {
    uint32_t size;
    int32_t kind; /* enum drstor_point_kind */
    const char *group;
    const char *id;    /* the array's name of it, at most 255 bytes. The same id never comes to mean
                          another moment: not "hourly.0" where names move on */
    const char *label; /* for people: of which schedule, what for; likewise; NULL: none */
    int64_t utc;       /* the moment whose data it holds, not the one at which it was made */
};
#define DRSTOR_POINT_INFO_INIT                                                                     \
    {                                                                                              \
        sizeof(struct drstor_point_info), 0, NULL, NULL, NULL, -1                                  \
    }

/* ---- mutating calls -------------------------------------------------------------------------- */

struct drstor_evidence {
    uint32_t size;
    int32_t kind;     /* enum drstor_evidence_kind */
    const char *site; /* whose copy cannot be written */
    const char *by;
    int64_t at_utc;
};

/* What every mutating call carries. Fields a callback does not speak of are 0 or NULL. */
struct drstor_change {
    uint32_t size;
    uint32_t planned;  /* 1: the other side takes part; 0: it is gone */
    const char *op;    /* operation id; the same id means the same wish */
    const char *group; /* the copy's id at this array */
    uint64_t epoch;    /* an array or plugin that knows a higher one refuses */
    uint64_t token;
    uint64_t deadline_ns;    /* CLOCK_BOOTTIME; send nothing after it */
    int32_t access_wanted;   /* set_access: enum drstor_access, READ_ONLY or READ_WRITE */
    int32_t access_expected; /* enum drstor_access; UNKNOWN: no expectation */
    const struct drstor_evidence *evidence; /* about the other copy; NULL when planned */
    size_t n_evidence;
    const char *const *host_groups; /* expose, withdraw; test_start: who sees it; 0: nobody */
    size_t n_host_groups;
    const char *source; /* resync: ids at their arrays, never "the writable one" */
    const char *target;
    const char *expect; /* resync: generation the target must still have; probe_write: what the
                           other leg wrote; NULL: it is not looked at */
    const char *name;   /* snapshot, test_start: name of what is made; carries the operation id;
                           probe_write: what is written */
    /*
     * set_access (read-write, not planned), test_start: id of a point that points() lists; NULL:
     * the newest. Never given to a plugin without points().
     *
     * set_access: every member that is not writable is taken back to the point, and becomes
     * writable only then. One that is writable already was taken back before: it is left as it is,
     * because hosts may have written since. So the same wish may come again, after whatever became
     * of the first, and ends at the same point. NOTFOUND, and nothing changed, when there is no
     * such point any more.
     */
    const char *point;
};

/* ---- the host table -------------------------------------------------------------------------- */

struct drstor_http_header {
    const char *name;
    const char *value;
};

struct drstor_http_request {
    uint32_t size;
    uint32_t mutating; /* 1: no answer is UNKNOWN; 0: no answer may be repeated */
    uint32_t large;    /* 1: inventory class, 64 MiB; 0: 1 MiB */
    uint32_t reserved;
    const char *method;
    const char *path; /* appended to the array's url */
    const char *body; /* NULL: none */
    size_t n_body;
    const struct drstor_http_header *headers;
    size_t n_headers;
};

/* Valid until the next call of host->http() with the same call, or its end. */
struct drstor_http_reply {
    uint32_t size;
    int32_t code;
    const char *body; /* NUL-terminated, and checked for size, depth and count when it is JSON */
    size_t n_body;
    const char *location;
};

struct drstor_ssh_request {
    uint32_t size;
    uint32_t mutating; /* 1: no answer is UNKNOWN; 0: no answer may be repeated */
    const char *const *argv;
    size_t n_argv;
    const char *in; /* its standard input; NULL: none */
    size_t n_in;
    uint32_t large; /* 1: up to 64 MiB of output; 0: 1 MiB */
    uint32_t reserved;
};

/* Valid until the next call of host->ssh() with the same call, or its end. Any bytes, and a NUL
 * behind them. */
struct drstor_ssh_reply {
    uint32_t size;
    int32_t exit; /* -1: it was ended by a signal */
    const char *out;
    size_t n_out;
    const char *err;
    size_t n_err;
};

struct drstor_host {
    uint32_t size;
    uint32_t api;

    uint64_t (*now_ns)(struct drstor_call *call);
    int64_t (*now_utc)(struct drstor_call *call);
    /* OK at the time; CANCELLED when the call was cancelled before. */
    int (*sleep_until)(struct drstor_call *call, uint64_t ns);
    int (*cancelled)(struct drstor_call *call);
    /* The call's own deadline; for reads too. */
    uint64_t (*deadline_ns)(struct drstor_call *call);

    void (*log)(struct drstor_call *call, enum drstor_log_level level, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
    void (*progress)(struct drstor_call *call, int64_t permille, const char *text);
    /* Says what went wrong, in a sentence; returns STATUS for `return host->fail(...)`. */
    int (*fail)(struct drstor_call *call, int status, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
    /* What the admin can do about it. */
    void (*hint)(struct drstor_call *call, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
    /* The array's own code and words, kept beside our sentence. */
    void (*array_said)(struct drstor_call *call, const char *code, const char *words);

    /* The array's management addresses, credentials and TLS are the host's business. */
    int (*http)(struct drstor_call *call, const struct drstor_http_request *request,
                struct drstor_http_reply *ret_reply);
    /* One command at the array's ssh service. OK: it ended, whatever it said. Its words are quoted
     * by the host, so that none of them is ever read as shell. */
    int (*ssh)(struct drstor_call *call, const struct drstor_ssh_request *request,
               struct drstor_ssh_reply *ret_reply);
    /* Shows the secret of KEY to USE for the length of USE; the memory is wiped after. */
    int (*secret_use)(struct drstor_call *call, const char *key,
                      int (*use)(const char *secret, size_t n, void *user), void *user);

    /* Sinks. They return OK, or INVALID when what they were given breaks the contract. */
    int (*report_limits)(struct drstor_call *call, const struct drstor_limits *limits);
    int (*report_duration)(struct drstor_call *call, const struct drstor_duration *duration);
    int (*report_key)(struct drstor_call *call, const struct drstor_key *key);
    int (*report_group)(struct drstor_call *call, const struct drstor_group_info *group);
    int (*report_member)(struct drstor_call *call, const struct drstor_member_info *member);
    int (*report_path)(struct drstor_call *call, const struct drstor_path_info *path);
    int (*report_job)(struct drstor_call *call, const struct drstor_job_info *job);

    /* The outcome of a mutating call; JOB needs a handle. PARTIAL: name members by
     * report_member. */
    void (*outcome)(struct drstor_call *call, enum drstor_outcome outcome, const char *job);

    /* Only in points(). */
    int (*report_point)(struct drstor_call *call, const struct drstor_point_info *point);
};

/* ---- the plugin table ------------------------------------------------------------------------ */

/*
 * Required: describe open close discover observe set_access. The rest is optional; an absent one
 * is a capability this array does not have. Every callback returns a status of types.h.
 */
struct drstor_plugin {
    uint32_t magic;
    uint32_t api;
    uint32_t size;
    uint32_t reserved;
    const char *build;
    const char *name;
    const char *version;

    /* Works without a handle: limits, durations, keys. Required durations: every callback given. */
    int (*describe)(struct drstor_call *call);
    int (*open)(struct drstor_call *call, const struct drstor_open *how, void **ret_handle);
    void (*close)(void *handle);
    /* Every group (and lone volume) this user can see, by report_group and report_member. */
    int (*discover)(void *handle, struct drstor_call *call);
    /* GROUPS as configured; report_group, _member, _path and _job for each. One that does not
     * exist: leave it out and go on. */
    int (*observe)(void *handle, struct drstor_call *call, const char *const *groups,
                   size_t n_groups);
    int (*set_access)(void *handle, struct drstor_call *call, const struct drstor_change *change);

    /* Bring the copy up to date once. Called at whichever array drives the transfer; core asks the
     * target's first, then the source's. */
    int (*sync_once)(void *handle, struct drstor_call *call, const struct drstor_change *change);
    int (*suspend)(void *handle, struct drstor_call *call, const struct drstor_change *change);
    int (*resume)(void *handle, struct drstor_call *call, const struct drstor_change *change);
    /* Make TARGET follow SOURCE (also the reverse direction after a flip). Reads the target again
     * right before, and refuses when it is writable, has hosts, or does not match expect. */
    int (*resync)(void *handle, struct drstor_call *call, const struct drstor_change *change);
    int (*expose)(void *handle, struct drstor_call *call, const struct drstor_change *change);
    int (*withdraw)(void *handle, struct drstor_call *call, const struct drstor_change *change);
    int (*snapshot)(void *handle, struct drstor_call *call, const struct drstor_change *change);
    int (*test_start)(void *handle, struct drstor_call *call, const struct drstor_change *change);
    int (*test_stop)(void *handle, struct drstor_call *call, const struct drstor_change *change);
    int (*verify_dual_write)(void *handle, struct drstor_call *call, const char *group);
    /* Writes change->name where no data is (a volume that is tagged for it), and reads it back past
     * every cache; so too what the other leg wrote. DONE: both are there. REFUSED: one is not, or
     * there is no such place; a probe that was written is no effect. Epoch and token are not
     * compared: both legs are written at the same time. */
    int (*probe_write)(void *handle, struct drstor_call *call, const struct drstor_change *change);
    int (*set_preferred)(void *handle, struct drstor_call *call,
                         const struct drstor_change *change);
    /* Take this side over although the array's own rules object; only with evidence. */
    int (*force_access)(void *handle, struct drstor_call *call, const struct drstor_change *change);
    /* Unfinished jobs for GROUP, by report_job. */
    int (*jobs)(void *handle, struct drstor_call *call, const char *group);
    /* One job by its handle, by report_job. Short: the core waits between polls. */
    int (*poll)(void *handle, struct drstor_call *call, const char *job);
    int (*cancel)(void *handle, struct drstor_call *call, const char *job);
    /* Keep change->epoch at the array. */
    int (*tag)(void *handle, struct drstor_call *call, const struct drstor_change *change);
    /* The recovery points of the copy GROUP beside the newest, by report_point, in any order.
     * Whoever has this honours change->point. */
    int (*points)(void *handle, struct drstor_call *call, const char *group);
};

#define DRSTOR_PLUGIN_ENTRY_NAME "drstor_plugin_entry"
typedef const struct drstor_plugin *(*drstor_plugin_entry_fn)(const struct drstor_host *host);

/*
 * The host table, for every source file of the plugin: host->fail(call, ...). It is one table per
 * plugin for the life of the process. The host itself defines DRSTOR_PLUGIN_HOST_SIDE.
 */
#ifndef DRSTOR_PLUGIN_HOST_SIDE
extern const struct drstor_host *host __attribute__((visibility("hidden")));
#endif

/* The one exported function. It must only hand over the table; it runs before anything is
 * checked. */
#define DRSTOR_PLUGIN(...)                                                                         \
    const struct drstor_host *host;                                                                \
    static const struct drstor_plugin drstor_plugin_table = {.magic = DRSTOR_PLUGIN_MAGIC,         \
                                                             .api = DRSTOR_PLUGIN_API,             \
                                                             .size = sizeof(struct drstor_plugin), \
                                                             .build = DRSTOR_PLUGIN_BUILD,         \
                                                             __VA_ARGS__};                         \
    __attribute__((visibility("default"))) const struct drstor_plugin *drstor_plugin_entry(        \
        const struct drstor_host *table);                                                          \
    const struct drstor_plugin *drstor_plugin_entry(const struct drstor_host *table)               \
    {                                                                                              \
        host = table;                                                                              \
        return &drstor_plugin_table;                                                               \
    }                                                                                              \
    struct drstor_call /* lets the macro end with a semicolon */

#ifdef __cplusplus
}
#endif
#endif
