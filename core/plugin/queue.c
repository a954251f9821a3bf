#include "plugin/queue.h"

#include "base/mem.h"

#include <drstor/types.h>

enum { WAITING_MAX = 1024 };

struct dr_turn {
    struct dr_turn *next;
    struct dr_mailbox *box;
};

void
dr_queue_init(struct dr_queue *q, struct dr_env *env, unsigned most, unsigned per_s)
{
    *q = (struct dr_queue){.env = env, .most = most ? most : 1};
    q->interval_ns = per_s ? DR_S / per_s : 0;
    q->tail = &q->head;
    (void)pthread_mutex_init(&q->lock, NULL);
}

void
dr_queue_destroy(struct dr_queue *q)
{
    (void)pthread_mutex_destroy(&q->lock);
}

/* With the lock held: hands a place to the first who waits, or all of them the news of the end. */
static void
queue_wake(struct dr_queue *q)
{
    while (q->head && (q->closed || q->running < q->most)) {
        struct dr_turn *t = q->head;
        q->head = t->next;
        if (!q->head)
            q->tail = &q->head;
        q->waiting--;
        if (!q->closed)
            q->running++;
        dr_mailbox_post(t->box, t);
    }
}

/* True when T still waited and does so no more; false when its turn is in its mailbox. */
static bool
queue_remove(struct dr_queue *q, const struct dr_turn *t)
{
    for (struct dr_turn **p = &q->head; *p; p = &(*p)->next) {
        if (*p != t)
            continue;
        *p = t->next;
        if (q->tail == &t->next)
            q->tail = p;
        q->waiting--;
        return true;
    }
    return false;
}

static int
queue_wait(struct dr_queue *q, uint64_t deadline_ns, const struct dr_cancel *cancel)
{
    struct dr_turn t = {NULL, dr_mailbox_new(q->env)};
    pthread_mutex_lock(&q->lock);
    bool full = q->waiting >= WAITING_MAX;
    if (!full) {
        *q->tail = &t;
        q->tail = &t.next;
        q->waiting++;
        queue_wake(q); /* a place may have become free meanwhile */
    }
    pthread_mutex_unlock(&q->lock);
    int r = full ? DRSTOR_E_BUSY : DRSTOR_OK;
    if (!full && !dr_mailbox_wait(t.box, deadline_ns, cancel)) {
        pthread_mutex_lock(&q->lock);
        if (queue_remove(q, &t))
            r = dr_cancelled(cancel) ? DRSTOR_E_CANCELLED : DRSTOR_E_BUSY;
        else
            (void)dr_mailbox_wait(t.box, 0, NULL);
        pthread_mutex_unlock(&q->lock);
    }
    dr_mailbox_free(t.box);
    return r;
}

/* With a place taken: waits for the moment that calls_per_s leaves. */
static int
queue_pace(struct dr_queue *q, uint64_t deadline_ns, const struct dr_cancel *cancel)
{
    uint64_t now = dr_now_ns(q->env);
    pthread_mutex_lock(&q->lock);
    bool closed = q->closed;
    uint64_t start = q->next_ns > now ? q->next_ns : now;
    bool in_time = start < deadline_ns;
    if (in_time && !closed)
        q->next_ns = start + q->interval_ns;
    pthread_mutex_unlock(&q->lock);
    if (closed)
        return DRSTOR_E_UNREACHABLE;
    if (!in_time)
        return DRSTOR_E_BUSY;
    if (start > now)
        (void)dr_sleep_until(q->env, start, cancel);
    if (dr_cancelled(cancel))
        return DRSTOR_E_CANCELLED;
    return dr_now_ns(q->env) < deadline_ns ? DRSTOR_OK : DRSTOR_E_BUSY;
}

int
dr_queue_enter(struct dr_queue *q, uint64_t deadline_ns, const struct dr_cancel *cancel)
{
    if (dr_cancelled(cancel))
        return DRSTOR_E_CANCELLED;
    pthread_mutex_lock(&q->lock);
    bool closed = q->closed, at_once = !closed && !q->head && q->running < q->most;
    if (at_once)
        q->running++;
    pthread_mutex_unlock(&q->lock);
    if (closed)
        return DRSTOR_E_UNREACHABLE;
    int r = at_once ? DRSTOR_OK : queue_wait(q, deadline_ns, cancel);
    if (r < 0)
        return r;
    r = queue_pace(q, deadline_ns, cancel);
    if (r < 0)
        dr_queue_leave(q);
    return r;
}

void
dr_queue_leave(struct dr_queue *q)
{
    pthread_mutex_lock(&q->lock);
    /* A closed queue hands out no places, so who was woken by its end holds none. */
    if (q->running)
        q->running--;
    queue_wake(q);
    pthread_mutex_unlock(&q->lock);
}

void
dr_queue_close(struct dr_queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    queue_wake(q);
    pthread_mutex_unlock(&q->lock);
}

bool
dr_queue_closed(struct dr_queue *q)
{
    pthread_mutex_lock(&q->lock);
    bool closed = q->closed;
    pthread_mutex_unlock(&q->lock);
    return closed;
}
