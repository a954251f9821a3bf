/*
 * One request on its way and its answer: the only thing that the caller's side and the side that
 * runs the plugin share. Both hold it; the last one to let go frees it, so a caller that stops
 * waiting takes nothing away from a callback that is still running.
 */
#ifndef DR_PLUGIN_EXCHANGE_H
#define DR_PLUGIN_EXCHANGE_H

#include "base/env.h"
#include "plugin/message.h"

#include <pthread.h>

struct dr_exchange {
    struct dr_env *env;
    struct dr_message request;
    struct dr_message reply; /* empty: no answer came, and none will */
    struct dr_cancel cancel; /* to the serving side */
    struct dr_mailbox *box;
    pthread_mutex_t lock;
    unsigned refs;
    bool abandoned;
};

/*
 * Where a plugin runs. inprocess.c is one kind: a task of this process. A worker process (fork, a
 * socketpair, one array's credentials) is the second: its start() writes the request to the socket
 * and one task reads answers and calls dr_exchange_answer(); a worker that died answers every open
 * exchange with nothing, which the caller reads as UNKNOWN. Nothing above changes: shim.c chooses
 * the kind in dr_array_open(), and knows no more of it than this.
 */
struct dr_backend {
    const struct dr_backend_ops *ops;
};

struct dr_backend_ops {
    /* Takes over one reference of X, and answers it exactly once. Does not wait. */
    void (*start)(struct dr_backend *b, struct dr_exchange *x);
    /* X->cancel was set; a worker is told by a message. May be NULL. */
    void (*cancelled)(struct dr_backend *b, struct dr_exchange *x);
    /* The owner lets go; exchanges that are still under way keep what they need. */
    void (*release)(struct dr_backend *b);
};

/* With one reference, the caller's. Takes REQUEST over. */
struct dr_exchange *dr_exchange_new(struct dr_env *env, struct dr_message *request);
void dr_exchange_ref(struct dr_exchange *x);
void dr_exchange_unref(struct dr_exchange *x);

/* For the backend: REPLY is taken over. Drops the backend's reference. */
void dr_exchange_answer(struct dr_exchange *x, struct dr_message *reply);

/* For the caller: waits until the answer is there (true), or until DEADLINE_NS + GRACE_NS (false:
 * given up). At the deadline, and when CANCEL is set, the serving side is told to stop. */
bool dr_exchange_wait(struct dr_exchange *x, struct dr_backend *b, uint64_t deadline_ns,
                      uint64_t grace_ns, const struct dr_cancel *cancel);

struct dr_plugin;
struct dr_backend *dr_backend_inprocess(struct dr_env *env, const struct dr_plugin *plugin);

#endif
