/*
 * The backend for real plugins: a process of its own, drstor-worker.
 *
 * A dead one is begun again with the next request, which is preceded by the kept request to open:
 * what was under way is UNKNOWN, and whoever looks next must be able to. There is no limit to how
 * often: each time is paid by a caller who wanted something, and nothing is repeated for it.
 */
#include "plugin/process.h"

#include "base/str.h"

#include <string.h>

static const uint64_t cut_ns = 500 * DR_MS, gone_ns = DR_S;

void
dr_worker_unref(struct dr_worker *w)
{
    pthread_mutex_lock(&w->lock);
    unsigned left = --w->refs;
    pthread_mutex_unlock(&w->lock);
    if (left)
        return;
    dr_message_clear(&w->open);
    (void)pthread_mutex_destroy(&w->lock);
    free(w->locks);
    free(w->array);
    free(w);
}

/* With the lock held: one that lives, in which the array is or will be open. */
static struct dr_process *
worker_process(struct dr_worker *w, struct drstor_error **err)
{
    if (w->now && dr_process_is_gone(w->now))
        w->now = NULL;
    if (w->now)
        return w->now;
    struct dr_process *p = dr_process_begin(w, err);
    if (p && w->opened)
        dr_process_request(p, DR_WORKER_OPEN, &w->open, NULL);
    return p;
}

static void
worker_start(struct dr_backend *b, struct dr_exchange *x)
{
    struct dr_worker *w = (struct dr_worker *)b;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    pthread_mutex_lock(&w->lock);
    bool cut = w->cut;
    struct dr_process *p = cut ? NULL : worker_process(w, &err);
    if (p)
        dr_process_request(p, w->opened ? DR_WORKER_REQUEST : DR_WORKER_OPEN, &x->request, x);
    w->opened |= p != NULL;
    pthread_mutex_unlock(&w->lock);
    if (cut)
        dr_exchange_refuse(x, DRSTOR_E_UNREACHABLE, "the array's site was declared lost", NULL);
    else if (!p)
        dr_exchange_refuse(x, dr_error_status(err), dr_error_message(err), dr_error_hint(err));
}

/* With the lock held: where X is under way, and as what. NULL: it was answered. */
static struct dr_process *
worker_find(struct dr_worker *w, const struct dr_exchange *x, uint64_t *ret_id)
{
    for (struct dr_process *p = w->all; p; p = p->next)
        for (size_t i = 0; i < p->n_flights; i++)
            if (p->flights[i].x == x) {
                *ret_id = p->flights[i].id;
                return p;
            }
    return NULL;
}

static void
worker_cancelled(struct dr_backend *b, struct dr_exchange *x)
{
    struct dr_worker *w = (struct dr_worker *)b;
    uint64_t id = 0;
    pthread_mutex_lock(&w->lock);
    struct dr_process *p = worker_find(w, x, &id);
    if (p)
        dr_process_put(p, DR_WORKER_CANCEL, id, NULL, NULL, -1);
    pthread_mutex_unlock(&w->lock);
}

/* With the lock held: until P, or with NULL all of them, are gone. What is in the middle of a disk
 * access takes longer, and can do nothing more after it. */
static void
worker_wait_gone(struct dr_worker *w, const struct dr_process *p)
{
    uint64_t end = dr_now_ns(w->env) + gone_ns;
    for (;;) {
        const struct dr_process *left = w->all;
        while (p && left && left != p)
            left = left->next;
        if (!left || dr_now_ns(w->env) >= end)
            return;
        dr_cond_wait(&w->ended, &w->lock, end, NULL);
    }
}

static void
worker_abandoned(struct dr_backend *b, struct dr_exchange *x)
{
    struct dr_worker *w = (struct dr_worker *)b;
    uint64_t id = 0;
    pthread_mutex_lock(&w->lock);
    struct dr_process *p = worker_find(w, x, &id);
    if (p) {
        dr_process_kill(p);
        worker_wait_gone(w, p);
    }
    pthread_mutex_unlock(&w->lock);
}

static void
worker_distrusted(struct dr_backend *b)
{
    struct dr_worker *w = (struct dr_worker *)b;
    pthread_mutex_lock(&w->lock);
    struct dr_process *p = w->now;
    if (p) {
        dr_process_kill(p);
        worker_wait_gone(w, p);
    }
    pthread_mutex_unlock(&w->lock);
}

static void
worker_cut(struct dr_backend *b)
{
    struct dr_worker *w = (struct dr_worker *)b;
    pthread_mutex_lock(&w->lock);
    for (struct dr_process *p = w->cut ? NULL : w->all; p; p = p->next) {
        for (size_t i = 0; i < p->n_flights; i++)
            dr_process_put(p, DR_WORKER_CANCEL, p->flights[i].id, NULL, NULL, -1);
        p->end_ns = dr_now_ns(w->env) + cut_ns;
        dr_process_wake(p);
    }
    w->cut = true;
    pthread_mutex_unlock(&w->lock);
}

static void
worker_hold(struct dr_backend *b, int fd)
{
    struct dr_worker *w = (struct dr_worker *)b;
    pthread_mutex_lock(&w->lock);
    dr_push(w->locks, w->n_locks, w->cap_locks) = fd;
    if (w->now)
        dr_process_put(w->now, DR_WORKER_HOLD, (uint64_t)fd, NULL, NULL, fd);
    pthread_mutex_unlock(&w->lock);
}

static void
worker_drop(struct dr_backend *b, int fd)
{
    struct dr_worker *w = (struct dr_worker *)b;
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < w->n_locks; i++)
        if (w->locks[i] == fd) {
            w->locks[i] = w->locks[--w->n_locks];
            break;
        }
    if (w->now)
        dr_process_put(w->now, DR_WORKER_DROP, (uint64_t)fd, NULL, NULL, -1);
    pthread_mutex_unlock(&w->lock);
}

static bool
worker_alive(struct dr_backend *b)
{
    struct dr_worker *w = (struct dr_worker *)b;
    pthread_mutex_lock(&w->lock);
    bool alive = w->now && !dr_process_is_gone(w->now) && !w->cut;
    pthread_mutex_unlock(&w->lock);
    return alive;
}

/* Whoever lets go may close a lock next, and wants it free. */
static void
worker_release(struct dr_backend *b)
{
    struct dr_worker *w = (struct dr_worker *)b;
    pthread_mutex_lock(&w->lock);
    for (struct dr_process *p = w->all; p; p = p->next)
        dr_process_kill(p);
    worker_wait_gone(w, NULL);
    pthread_mutex_unlock(&w->lock);
    dr_worker_unref(w);
}

static const struct dr_backend_ops worker_ops = {.start = worker_start,
                                                 .cancelled = worker_cancelled,
                                                 .abandoned = worker_abandoned,
                                                 .distrusted = worker_distrusted,
                                                 .cut = worker_cut,
                                                 .hold = worker_hold,
                                                 .drop = worker_drop,
                                                 .alive = worker_alive,
                                                 .release = worker_release};

struct dr_backend *
dr_backend_worker(struct dr_env *env, const struct dr_plugin *plugin, const char *array, bool agent,
                  struct dr_message *open)
{
    struct dr_worker *w = dr_new0(struct dr_worker);
    w->backend.ops = &worker_ops;
    w->env = env;
    w->plugin = plugin;
    w->array = dr_strdup(array);
    w->agent = agent;
    w->open = *open;
    *open = (struct dr_message){0};
    (void)pthread_mutex_init(&w->lock, NULL);
    dr_cond_init(&w->ended, env);
    w->refs = 1;
    return &w->backend;
}
