/*
 * One call of a plugin, and its answer, as plain data. Nothing here points into a plugin, so both
 * can cross to another process.
 */
#ifndef DR_PLUGIN_CALL_H
#define DR_PLUGIN_CALL_H

#include "model/facts.h"
#include "plugin/operation.h"

struct dr_call_evidence {
    enum drstor_evidence_kind kind;
    const char *site, *by;
    int64_t at_utc;
};

/* Fields an operation does not speak of stay zero; see struct drstor_change. */
struct dr_call {
    enum dr_array_op operation;
    uint64_t deadline_ns; /* CLOCK_BOOTTIME; needed for mutations, reads may leave it 0: worst_ms
                             from now */

    const char **groups; /* observe: ids at the array */
    size_t n_groups;
    const char *group; /* changes, verify_dual_write, jobs, points */
    const char *job;   /* poll, cancel */

    const char *op; /* operation id; the same id means the same wish */
    bool planned;
    uint64_t epoch, token;
    enum drstor_access access_wanted, access_expected;
    const struct dr_call_evidence *evidence;
    size_t n_evidence;
    const char **host_groups;
    size_t n_host_groups;
    const char *source, *target, *expect, *name, *point;
};

/*
 * What came of it. Strings and views live in the arena that was given.
 *
 * A read (and open): status tells all; views are there only with OK. A mutation: `outcome` decides,
 * status says why. REFUSED means certainly no effect, also when the request was never sent. UNKNOWN
 * always has the status UNKNOWN, so that nobody repeats it by its status.
 */
struct dr_reply {
    int status;
    enum drstor_outcome outcome; /* mutations only */
    bool sent;                   /* the plugin was called */
    bool late;                   /* it answered after the deadline */
    bool fault;                  /* the plugin broke its contract; error says how */
    /* With JOB; with UNKNOWN also, when a handle was named before things went wrong. */
    const char *job;
    const char *error, *hint; /* sentences; NULL none */
    const char *array_code, *array_words;
    /* observe: in the order asked for, those that do not exist left out */
    struct dr_copy_view *views;
    size_t n_views;
    struct dr_job *jobs; /* jobs that were reported without a group: jobs(), poll() */
    size_t n_jobs;
    struct dr_point *points; /* points() */
    size_t n_points;
    int64_t progress_permille; /* -1: none said */
    const char *progress;
};

/* ---- on the wire ----------------------------------------------------------------------------- */

struct dr_wire_setting {
    const char *key, *value;
    bool secret;
};

/* What open() needs; read by the side that runs the plugin. */
struct dr_wire_open {
    const char *array, *site;
    bool read_only;
    struct dr_wire_setting *settings;
    size_t n_settings;
    bool reachable; /* the fields below are there */
    const char **urls;
    size_t n_urls;
    const char *user, *password, *ca, *pin;
    const char *key;         /* a private key as in its file */
    const char *known_hosts; /* the text, not its file's name */
    bool agent;
};

struct dr_request {
    struct dr_call call;
    struct dr_wire_open open;
};

/* What happened when the callback ran; what it means is for dr_verdict(). */
struct dr_served {
    int status;
    enum drstor_outcome outcome;
    int64_t outcomes; /* how often one was given */
    const char *job, *error, *hint, *array_code, *array_words;
    const char *fault; /* the first way in which it broke the contract */
    int64_t ended_ns;
    struct dr_copy_view *views;
    size_t n_views;
    struct dr_job *jobs;
    size_t n_jobs;
    struct dr_point *points;
    size_t n_points;
    int64_t progress_permille;
    const char *progress;
};

extern const struct dr_type dr_request_type;
extern const struct dr_type dr_served_type;

#endif
