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
 * Where a plugin runs. inprocess.c: a task of this process. worker.c: a process of its own, which
 * is begun with the first request, and again with the next one after it died. A worker that died
 * answers every open exchange with nothing, which the caller reads as UNKNOWN; what certainly never
 * reached it is answered as refused. Nothing above knows more of it than this.
 */
struct dr_backend {
    const struct dr_backend_ops *ops;
};

/* Those that say so may be NULL: then there is nothing to do, or no way to do it. */
struct dr_backend_ops {
    /* Takes over one reference of X, and answers it exactly once. Does not wait. The first one
     * opens the array. */
    void (*start)(struct dr_backend *b, struct dr_exchange *x);
    /* X->cancel was set; a worker is told by a message. NULL. */
    void (*cancelled)(struct dr_backend *b, struct dr_exchange *x);
    /* The caller gave X up. Afterwards nothing of it runs any more, and the next request finds the
     * plugin anew. NULL: it may run for ever. */
    void (*abandoned)(struct dr_backend *b, struct dr_exchange *x);
    /* An answer made no sense: whoever gave it runs no more. NULL: it is trusted with nothing. */
    void (*distrusted)(struct dr_backend *b);
    /* For good: what is under way is cancelled and ended after a moment, what comes is refused.
     * Does not wait. NULL: it ends by its own deadline. */
    void (*cut)(struct dr_backend *b);
    /* Whoever runs the plugin keeps FD open too, from the next request on, until drop. FD is
     * borrowed for that long. NULL: it is open here. */
    void (*hold)(struct dr_backend *b, int fd);
    void (*drop)(struct dr_backend *b, int fd);
    /* Is there anything to close? NULL: yes. */
    bool (*alive)(struct dr_backend *b);
    /* The owner lets go; exchanges that are still under way keep what they need. */
    void (*release)(struct dr_backend *b);
};

/* With one reference, the caller's. Takes REQUEST over. */
struct dr_exchange *dr_exchange_new(struct dr_env *env, struct dr_message *request);
void dr_exchange_ref(struct dr_exchange *x);
void dr_exchange_unref(struct dr_exchange *x);

/* For the backend: REPLY is taken over. Drops the backend's reference. */
void dr_exchange_answer(struct dr_exchange *x, struct dr_message *reply);
/* The same where the request certainly reached nobody: refused, and STATUS says why. */
void dr_exchange_refuse(struct dr_exchange *x, int status, const char *error, const char *hint);

/* For the caller: waits until the answer is there (true), or until DEADLINE_NS + GRACE_NS (false:
 * given up). At the deadline, and when CANCEL is set, the serving side is told to stop. */
bool dr_exchange_wait(struct dr_exchange *x, struct dr_backend *b, uint64_t deadline_ns,
                      uint64_t grace_ns, const struct dr_cancel *cancel);

struct dr_plugin;
struct dr_backend *dr_backend_inprocess(struct dr_env *env, const struct dr_plugin *plugin);

/* ENV must not be a virtual one. OPEN, taken over, opens the array again after a worker's death.
 * AGENT: the keys of the user's ssh agent may be asked for. */
struct dr_backend *dr_backend_worker(struct dr_env *env, const struct dr_plugin *plugin,
                                     const char *array, bool agent, struct dr_message *open);

#endif
