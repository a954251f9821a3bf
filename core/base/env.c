#include "base/env.h"

#include "base/mem.h"

#include <drstor/types.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

struct message {
    struct message *next;
    void *what;
};

struct dr_mailbox {
    struct dr_env *env;
    struct message *head, **tail;
};

/* ---- the virtual kind: coroutines, one of which runs at a time ------------------------------- */

struct coroutine {
    struct coroutine *next;
    ucontext_t context;
    void *stack;
    void (*fn)(void *arg);
    void *arg;
    uint64_t wake_ns;               /* runnable when the clock is here ... */
    const struct dr_cancel *cancel; /* ... or this is set ... */
    const struct dr_mailbox *box;   /* ... or this is not empty */
    uint64_t order;                 /* first come, first served */
    bool ended;
};

struct dr_env {
    bool is_virtual;
    char boot[40];

    /* real: one lock for all waiting; it is held for moments only */
    pthread_mutex_t lock;
    pthread_cond_t changed;

    /* virtual */
    uint64_t ns;
    int64_t utc_start;
    uint64_t ns_start;
    uint64_t order;
    struct coroutine *all;
    struct coroutine *running;
    ucontext_t scheduler;
};

enum { STACK_BYTES = 256 * 1024 };

static struct dr_env real = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .changed = PTHREAD_COND_INITIALIZER,
};

static void
real_init(void)
{
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (!f || !fgets(real.boot, sizeof(real.boot), f))
        (void)snprintf(real.boot, sizeof(real.boot), "unknown-boot");
    if (f)
        (void)fclose(f);
    real.boot[strcspn(real.boot, "\n")] = '\0';
}

struct dr_env *
dr_env_real(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, real_init);
    return &real;
}

struct dr_env *
dr_env_virtual_new(uint64_t start_boot_ns, int64_t start_utc)
{
    struct dr_env *env = dr_new0(struct dr_env);
    env->is_virtual = true;
    env->ns = env->ns_start = start_boot_ns;
    env->utc_start = start_utc;
    (void)snprintf(env->boot, sizeof(env->boot), "virtual-boot");
    return env;
}

void
dr_env_virtual_free(struct dr_env *env)
{
    free(env);
}

static void
coroutine_enter(unsigned hi, unsigned lo)
{
    struct dr_env *env = (struct dr_env *)((uintptr_t)hi << 32 | (uintptr_t)lo);
    struct coroutine *self = env->running;
    self->fn(self->arg);
    self->ended = true;
    swapcontext(&self->context, &env->scheduler);
}

static void
coroutine_start(struct dr_env *env, void (*fn)(void *), void *arg)
{
    struct coroutine *c = dr_new0(struct coroutine);
    c->fn = fn;
    c->arg = arg;
    c->wake_ns = env->ns;
    c->order = env->order++;
    c->stack = dr_alloc0(1, STACK_BYTES);
    if (getcontext(&c->context) < 0)
        abort();
    c->context.uc_stack.ss_sp = c->stack;
    c->context.uc_stack.ss_size = STACK_BYTES;
    c->context.uc_link = NULL;
    /* makecontext passes ints only; this is the documented way to hand over a pointer. */
    makecontext(&c->context, (void (*)(void))(void *)coroutine_enter, 2,
                (unsigned)((uintptr_t)env >> 32), (unsigned)(uintptr_t)env);
    c->next = env->all;
    env->all = c;
}

static uint64_t
coroutine_ready_ns(const struct dr_env *env, const struct coroutine *c)
{
    if (dr_cancelled(c->cancel) || (c->box && c->box->head))
        return env->ns;
    return c->wake_ns;
}

void
dr_env_virtual_run(struct dr_env *env, void (*fn)(void *), void *arg)
{
    coroutine_start(env, fn, arg);
    while (env->all) {
        struct coroutine *best = NULL;
        uint64_t best_ns = UINT64_MAX;
        for (struct coroutine *c = env->all; c; c = c->next) {
            uint64_t ns = coroutine_ready_ns(env, c);
            if (!best || ns < best_ns || (ns == best_ns && c->order < best->order)) {
                best = c;
                best_ns = ns;
            }
        }
        if (best_ns == UINT64_MAX) {
            (void)fputs("drstor: every coroutine waits for ever\n", stderr);
            abort();
        }
        if (best_ns > env->ns)
            env->ns = best_ns;
        best->order = env->order++;
        env->running = best;
        swapcontext(&env->scheduler, &best->context);
        env->running = NULL;
        if (!best->ended)
            continue;
        for (struct coroutine **p = &env->all; *p; p = &(*p)->next)
            if (*p == best) {
                *p = best->next;
                break;
            }
        free(best->stack);
        free(best);
    }
}

static void
coroutine_wait(struct dr_env *env, uint64_t ns, const struct dr_cancel *cancel,
               const struct dr_mailbox *box)
{
    struct coroutine *self = env->running;
    self->wake_ns = ns;
    self->cancel = cancel;
    self->box = box;
    swapcontext(&self->context, &env->scheduler);
    self->cancel = NULL;
    self->box = NULL;
}

/* ---- clocks ---------------------------------------------------------------------------------- */

uint64_t
dr_now_ns(struct dr_env *env)
{
    if (env->is_virtual)
        return env->ns;
    struct timespec t;
    (void)clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * DR_S + (uint64_t)t.tv_nsec;
}

int64_t
dr_now_utc(struct dr_env *env)
{
    if (env->is_virtual)
        return env->utc_start + (int64_t)((env->ns - env->ns_start) / DR_S);
    return (int64_t)time(NULL);
}

const char *
dr_boot_id(struct dr_env *env)
{
    return env->boot;
}

/* ---- waiting --------------------------------------------------------------------------------- */

/* Waits on the one condition variable, with env->lock held, at most until NS. */
static void
real_wait(struct dr_env *env, uint64_t ns)
{
    if (ns == UINT64_MAX) {
        pthread_cond_wait(&env->changed, &env->lock);
        return;
    }
    uint64_t now = dr_now_ns(env);
    if (now >= ns)
        return;
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    /* An hour at most a time: boot time goes on while the machine sleeps, monotonic time does
     * not. */
    uint64_t left = ns - now < 3600 * DR_S ? ns - now : 3600 * DR_S;
    uint64_t until = (uint64_t)t.tv_nsec + left;
    t.tv_sec += (time_t)(until / DR_S);
    t.tv_nsec = (long)(until % DR_S);
    (void)pthread_cond_clockwait(&env->changed, &env->lock, CLOCK_MONOTONIC, &t);
}

void
dr_cancel_now(struct dr_env *env, struct dr_cancel *c)
{
    atomic_store(&c->set, true);
    if (env->is_virtual)
        return;
    pthread_mutex_lock(&env->lock);
    pthread_cond_broadcast(&env->changed);
    pthread_mutex_unlock(&env->lock);
}

int
dr_sleep_until(struct dr_env *env, uint64_t ns, const struct dr_cancel *c)
{
    if (env->is_virtual) {
        if (!dr_cancelled(c) && ns > env->ns)
            coroutine_wait(env, ns, c, NULL);
        return dr_cancelled(c) ? DRSTOR_E_CANCELLED : DRSTOR_OK;
    }
    pthread_mutex_lock(&env->lock);
    while (!dr_cancelled(c) && dr_now_ns(env) < ns)
        real_wait(env, ns);
    pthread_mutex_unlock(&env->lock);
    return dr_cancelled(c) ? DRSTOR_E_CANCELLED : DRSTOR_OK;
}

/* ---- tasks ----------------------------------------------------------------------------------- */

struct task {
    void (*fn)(void *);
    void *arg;
};

static void *
task_main(void *p)
{
    struct task t = *(struct task *)p;
    free(p);
    t.fn(t.arg);
    return NULL;
}

void
dr_spawn(struct dr_env *env, void (*fn)(void *), void *arg)
{
    if (env->is_virtual) {
        coroutine_start(env, fn, arg);
        return;
    }
    struct task *t = dr_new0(struct task);
    t->fn = fn;
    t->arg = arg;
    pthread_attr_t attr;
    pthread_t thread;
    (void)pthread_attr_init(&attr);
    (void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    (void)pthread_attr_setstacksize(&attr, 1 << 20);
    int r = pthread_create(&thread, &attr, task_main, t);
    (void)pthread_attr_destroy(&attr);
    if (r != 0) {
        (void)fprintf(stderr, "drstor: no thread to be had: %s; stopping. Runs can be resumed.\n",
                      strerror(r));
        abort();
    }
}

struct dr_mailbox *
dr_mailbox_new(struct dr_env *env)
{
    struct dr_mailbox *m = dr_new0(struct dr_mailbox);
    m->env = env;
    m->tail = &m->head;
    return m;
}

void
dr_mailbox_free(struct dr_mailbox *m)
{
    free(m);
}

void
dr_mailbox_post(struct dr_mailbox *m, void *what)
{
    struct dr_env *env = m->env;
    struct message *e = dr_new0(struct message);
    e->what = what;
    if (!env->is_virtual)
        pthread_mutex_lock(&env->lock);
    *m->tail = e;
    m->tail = &e->next;
    if (!env->is_virtual) {
        pthread_cond_broadcast(&env->changed);
        pthread_mutex_unlock(&env->lock);
    }
}

void *
dr_mailbox_wait(struct dr_mailbox *m, uint64_t deadline_ns, const struct dr_cancel *c)
{
    struct dr_env *env = m->env;
    if (env->is_virtual) {
        if (!m->head && !dr_cancelled(c) && deadline_ns > env->ns)
            coroutine_wait(env, deadline_ns, c, m);
    } else {
        pthread_mutex_lock(&env->lock);
        while (!m->head && !dr_cancelled(c) && dr_now_ns(env) < deadline_ns)
            real_wait(env, deadline_ns);
    }
    struct message *e = m->head;
    void *what = NULL;
    if (e) {
        what = e->what;
        m->head = e->next;
        if (!m->head)
            m->tail = &m->head;
        free(e);
    }
    if (!env->is_virtual)
        pthread_mutex_unlock(&env->lock);
    return what;
}
