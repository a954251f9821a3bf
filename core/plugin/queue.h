/* Who may call an array now: so many at a time, so many a second, first come, first served. */
#ifndef DR_PLUGIN_QUEUE_H
#define DR_PLUGIN_QUEUE_H

#include "base/env.h"

#include <pthread.h>

struct dr_turn;

struct dr_queue {
    struct dr_env *env;
    pthread_mutex_t lock; /* held for moments, never while waiting */
    unsigned running, most;
    uint64_t interval_ns; /* between two starts; 0: none */
    uint64_t next_ns;
    struct dr_turn *head, **tail;
    unsigned waiting;
    bool closed;
};

void dr_queue_init(struct dr_queue *q, struct dr_env *env, unsigned most, unsigned per_s);
void dr_queue_destroy(struct dr_queue *q);

/* OK: call, then dr_queue_leave(). BUSY: not before DEADLINE_NS, or too many wait. CANCELLED.
 * UNREACHABLE: closed. */
int dr_queue_enter(struct dr_queue *q, uint64_t deadline_ns, const struct dr_cancel *cancel);
void dr_queue_leave(struct dr_queue *q);
/* Instead of leaving: whoever waits, and whoever comes, gets UNREACHABLE. */
void dr_queue_close(struct dr_queue *q);
bool dr_queue_closed(struct dr_queue *q);

#endif
