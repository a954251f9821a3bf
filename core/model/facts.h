/*
 * What endpoints said, when, and who said it. Facts are the only thing a decision may rest on; a
 * value that was not read is UNKNOWN, and what nobody answered is a fact too: since when.
 */
#ifndef DR_MODEL_FACTS_H
#define DR_MODEL_FACTS_H

#include "base/map.h"
#include "model/inventory.h"

#include <drstor/types.h>

/* A moment. Ages come from boot_ns and only within one boot (safety 2); utc is for people. */
struct dr_stamp {
    int64_t utc;     /* -1: never */
    int64_t boot_ns; /* -1: never */
    const char *boot;
};

struct dr_path {
    const char *host_group, *protocol, *portal, *target;
    int64_t lun;
};

struct dr_member {
    const char *id, *pair, *wwid, *serial;
    enum drstor_access access;
    enum drstor_sync sync;
    int64_t size;
    struct dr_path *paths;
    size_t n_paths;
};

struct dr_job {
    const char *id, *operation;
    enum drstor_job_state state;
    int64_t progress_permille;
};

/* A recovery point of a copy beside its newest one, by the array's name. */
struct dr_point {
    const char *id, *label;
    enum drstor_point_kind kind;
    int64_t at; /* the moment whose data it holds; -1: not known */
};

/* One copy of one group, as its array says it is. */
struct dr_copy_view {
    const char *id; /* at the array */
    enum drstor_access access;
    enum drstor_sync sync;
    enum drstor_relation relation;
    enum drstor_arbiter arbiter;
    enum drstor_tristate stops_when_alone;
    enum drstor_tristate peer_seen;
    enum drstor_leg leg;
    const char *preferred, *generation;
    int64_t point, lag_s, lag_bytes, progress_permille, peer_seen_at, epoch;
    struct dr_member *members;
    size_t n_members;
    struct dr_job *jobs;
    size_t n_jobs;
};

enum { DR_POINTS_MOST = 256 }; /* of one copy: the newest are kept */

/* `seen` is when this view was read; after a failed probe it is the last one there was. */
struct dr_copy_facts {
    const char *group, *site, *array;
    struct dr_stamp seen;
    bool fresh; /* read by this very observation */
    struct dr_copy_view view;
    struct dr_point *points; /* beside the newest one, newest first */
    size_t n_points;
    int64_t points_more;         /* older ones that were not kept */
    struct dr_stamp points_seen; /* when they were read, which is not always; never: not yet */
    const char *points_error;    /* why they could not be read just now, in a sentence */
};

enum dr_endpoint_kind {
    DR_ENDPOINT_UNKNOWN = 0,
    DR_ENDPOINT_ARRAY,
    DR_ENDPOINT_ENGINE,
    DR_ENDPOINT_PROBE
};

/*
 * One endpoint's life. `silent_since` is the start of the first failed probe after which none
 * succeeded (safety 3.2); it is "never" while the endpoint answers.
 */
struct dr_endpoint_facts {
    enum dr_endpoint_kind kind;
    const char *name, *site;
    bool answers;           /* in this observation */
    bool asked;             /* false: not probed now, the rest is what was stored */
    const char *error;      /* why not, in a sentence */
    const char *error_word; /* the status's name: "unreachable", "auth" ... */
    int64_t took_ms;
    struct dr_stamp last_answer;
    struct dr_stamp silent_since;
    int64_t trusted_until; /* the first end of a certificate it showed, UTC; -1: not known */
};

struct dr_engine_facts {
    const char *site;
    struct dr_stamp seen;
    bool fresh;
    struct dr_inventory inventory;
};

struct dr_facts {
    struct dr_stamp now;
    struct dr_endpoint_facts *endpoints;
    size_t n_endpoints;
    struct dr_copy_facts *copies;
    size_t n_copies;
    struct dr_engine_facts *engines;
    size_t n_engines;
};

extern const struct dr_type dr_stamp_type;
extern const struct dr_type dr_member_type;
extern const struct dr_type dr_point_type;
extern const struct dr_type dr_copy_view_type;
extern const struct dr_type dr_copy_facts_type;
extern const struct dr_type dr_endpoint_facts_type;
extern const struct dr_type dr_engine_facts_type;
extern const struct dr_type dr_facts_type;
extern const struct dr_names dr_endpoint_kind_names;

/* Is every member certainly not writable? */
bool dr_view_closed(const struct dr_copy_view *v);

/* Newest first, and no more than are kept; how many were left off. */
int64_t dr_points_keep(struct dr_point *points, size_t *n);
const struct dr_point *dr_point_find(const struct dr_point *points, size_t n, const char *id);

/* NULL when nothing was ever read of it. */
const struct dr_copy_facts *dr_facts_copy(const struct dr_facts *f, const char *group,
                                          const char *site);
const struct dr_engine_facts *dr_facts_engine(const struct dr_facts *f, const char *site);
const struct dr_endpoint_facts *dr_facts_endpoint(const struct dr_facts *f,
                                                  enum dr_endpoint_kind kind, const char *name);

/* Seconds from THEN to NOW, rounded up; -1 when they are not of one boot or THEN is never. */
int64_t dr_stamp_age_s(const struct dr_stamp *then, const struct dr_stamp *now);
/* For people: falls back to the difference in UTC when the boots differ. */
int64_t dr_stamp_age_display_s(const struct dr_stamp *then, const struct dr_stamp *now);

#endif
