/* One life of a worker: the process, its socket, and what is under way in it. For worker.c. */
#ifndef DR_PLUGIN_PROCESS_H
#define DR_PLUGIN_PROCESS_H

#include "net/channel.h"
#include "plugin/worker.h"

#include <sys/types.h>

struct dr_plugin;

/* A request under way. */
struct dr_flight {
    uint64_t id;
    struct dr_exchange *x; /* one reference; NULL: the array is opened again, nobody waits */
    bool sent;             /* a byte of it may have reached the worker */
};

/* A frame on its way. */
struct dr_outgoing {
    struct dr_outgoing *next;
    struct dr_frame_out frame;
    struct dr_exchange *x; /* whose request it is, one reference; NULL: none */
    int fd;                /* ours, closed when it is gone; -1: none */
};

struct dr_worker;

/* All of it under the worker's lock, but for what the pump alone uses. */
struct dr_process {
    struct dr_process *next;
    struct dr_worker *w;
    pid_t pid;
    int pidfd, socket, words, wake;
    struct dr_outgoing *head, **tail;
    struct dr_flight *flights;
    size_t n_flights, cap_flights;
    uint64_t last_id;
    uint64_t end_ns; /* killed then, or as soon as nothing is under way; UINT64_MAX: not */
    bool killed;     /* by us, and for a reason that was told */

    /* the pump's */
    struct dr_frame_in in;
    char line[1024]; /* of its standard error, what has no end yet */
    size_t n_line, n_words;
};

struct dr_worker {
    struct dr_backend backend;
    struct dr_env *env;
    const struct dr_plugin *plugin;
    char *array;
    bool agent;
    pthread_mutex_t lock;
    struct dr_cond ended;   /* a process is gone */
    unsigned refs;          /* the owner's, and one a process */
    struct dr_process *now; /* where requests go; NULL: one is begun with the next */
    struct dr_process *all;
    struct dr_message open;
    bool opened; /* the first request was sent */
    bool cut;
    int *locks;
    size_t n_locks, cap_locks;
};

/* worker.c */
void dr_worker_unref(struct dr_worker *w);

/* With the lock held. NULL: it cannot be begun. */
struct dr_process *dr_process_begin(struct dr_worker *w, struct drstor_error **err);
/* It has ended by itself and the pump has not noticed yet. */
bool dr_process_is_gone(const struct dr_process *p);
/* X's request, or BODY, or nothing. FD is copied. Never waits. */
void dr_process_put(struct dr_process *p, enum dr_worker_frame kind, uint64_t id,
                    const struct dr_message *body, struct dr_exchange *x, int fd);
/* The same as a request under way. */
void dr_process_request(struct dr_process *p, enum dr_worker_frame kind,
                        const struct dr_message *body, struct dr_exchange *x);
void dr_process_kill(struct dr_process *p);
/* Its pump looks at end_ns anew. */
void dr_process_wake(struct dr_process *p);

#endif
