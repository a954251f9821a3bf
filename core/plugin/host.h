/* The host's side of a call in progress, and the table of functions a plugin is given. */
#ifndef DR_PLUGIN_HOST_H
#define DR_PLUGIN_HOST_H

#include "base/env.h"
#include "base/redact.h"
#include "plugin/call.h"
#include "plugin/info.h"
#include "plugin/services.h"

#include <pthread.h>

struct dr_host_secret {
    const char *key;
    struct dr_secret *secret;
};

/*
 * What `struct drstor_call *` points at. Belongs to the thread that runs the callback; the answer
 * is collected in `served`, its strings in `arena`.
 */
struct drstor_call {
    struct dr_env *env;
    struct dr_arena *arena;
    const char *plugin; /* name, for the log */
    enum dr_array_op operation;
    const struct dr_cancel *cancel;
    uint64_t deadline_ns;
    pthread_t thread;
    atomic_bool strayed; /* a host function was called by another thread */

    bool read_only;
    void *session; /* of dr_plugin_services; NULL: none */
    const struct dr_host_secret *secrets;
    size_t n_secrets;

    const struct dr_call *request;     /* whose groups may be reported */
    struct dr_plugin_info *describing; /* describe() only */
    bool limits_reported;

    struct dr_served served;
    size_t bytes;  /* of what was reported so far */
    unsigned said; /* sentences so far: the last one counts, but each takes memory */
};

const struct drstor_host *dr_host_table(void);

/* Fills what does not depend on the call; the rest is zeroed. */
void dr_host_call_init(struct drstor_call *call, struct dr_env *env, struct dr_arena *arena,
                       const char *plugin, enum dr_array_op op);
/* Call it on the thread that runs the callback, around it. */
void dr_host_call_begin(struct drstor_call *call);
void dr_host_call_end(struct drstor_call *call, int status);

/* Remembers the first way in which the plugin broke its contract; INVALID. */
int dr_host_fault(struct drstor_call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* False, and a fault, when it is not the call's own thread that asks. */
bool dr_host_mine(struct drstor_call *call);

/* The sinks, for the table (sinks.c, describe.c). */
int dr_sink_group(struct drstor_call *call, const struct drstor_group_info *group);
int dr_sink_member(struct drstor_call *call, const struct drstor_member_info *member);
int dr_sink_path(struct drstor_call *call, const struct drstor_path_info *path);
int dr_sink_job(struct drstor_call *call, const struct drstor_job_info *job);
int dr_sink_point(struct drstor_call *call, const struct drstor_point_info *point);
int dr_sink_limits(struct drstor_call *call, const struct drstor_limits *limits);
int dr_sink_duration(struct drstor_call *call, const struct drstor_duration *duration);
int dr_sink_key(struct drstor_call *call, const struct drstor_key *key);

/* Copies the smaller of the two sizes over OUT, which holds "not read"; a fault when the plugin's
 * struct ends before NEED. */
int dr_host_take(struct drstor_call *call, const char *what, const void *in, size_t need, void *out,
                 size_t size);
/* A string of a plugin: NULL stays NULL unless NEEDED; a fault when too long or not UTF-8. */
int dr_host_string(struct drstor_call *call, const char *what, const char *s, bool needed,
                   const char **ret);

#endif
