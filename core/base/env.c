#include "base/env.h"

#include "base/mem.h"

#include <drstor/types.h>

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_UNPOISON_MEMORY_REGION(at, n) ((void)(at), (void)(n))
#endif

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
    struct dr_env *env; /* the process it belongs to */
    ucontext_t context;
    void *stack;
    void (*fn)(void *arg);
    void *arg;
    uint64_t wake_ns;               /* runnable when the clock is here ... */
    const struct dr_cancel *cancel; /* ... or this is set ... */
    const struct dr_mailbox *box;   /* ... or this is not empty ... */
    const struct dr_cond *cond;     /* ... or this was woken since */
    uint64_t wakes;
    uint64_t order; /* first come, first served */
    bool ended;
};

/* What processes of one virtual world share. */
struct machine {
    uint64_t ns;
    int64_t utc_start;
    uint64_t ns_start;
    uint64_t order;
    int64_t pids;
    struct coroutine *all;
    struct coroutine *running;
    struct coroutine *spare; /* stacks to be used again */
    struct dr_env *processes;
    ucontext_t scheduler;
};

struct dr_env {
    char boot[40];

    /* real: one lock for all waiting; it is held for moments only */
    pthread_mutex_t lock;
    pthread_cond_t changed;

    /* virtual */
    struct machine *machine; /* NULL: real */
    struct dr_env *next;
    struct dr_self self;
    uint64_t chance;
    bool dead;
};

enum { STACK_BYTES = 512 * 1024, GUARD_BYTES = 4096 };

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

static struct dr_env *
process_new(struct machine *m, const char *host, uint64_t seed)
{
    struct dr_env *env = dr_new0(struct dr_env);
    env->machine = m;
    env->chance = seed;
    env->self.uid = 1000;
    env->self.pid = ++m->pids;
    (void)snprintf(env->self.user, sizeof(env->self.user), "virtual");
    (void)snprintf(env->self.host, sizeof(env->self.host), "%s", host);
    (void)snprintf(env->boot, sizeof(env->boot), "virtual-boot");
    env->next = m->processes;
    m->processes = env;
    return env;
}

struct dr_env *
dr_env_virtual_new(uint64_t start_boot_ns, int64_t start_utc)
{
    struct machine *m = dr_new0(struct machine);
    m->ns = m->ns_start = start_boot_ns;
    m->utc_start = start_utc;
    return process_new(m, "virtual", 0);
}

struct dr_env *
dr_env_virtual_process(struct dr_env *env, const char *host, uint64_t seed)
{
    return process_new(env->machine, host, seed);
}

void
dr_env_virtual_free(struct dr_env *env)
{
    struct machine *m = env->machine;
    while (m->spare) {
        struct coroutine *c = m->spare;
        m->spare = c->next;
        (void)munmap(c->stack, STACK_BYTES);
        free(c);
    }
    while (m->processes) {
        struct dr_env *e = m->processes;
        m->processes = e->next;
        free(e);
    }
    free(m);
}

struct dr_env *
dr_env_virtual_running(struct dr_env *env)
{
    return env->machine->running ? env->machine->running->env : NULL;
}

static void
coroutine_enter(unsigned hi, unsigned lo)
{
    struct machine *m = (struct machine *)((uintptr_t)hi << 32 | (uintptr_t)lo);
    struct coroutine *self = m->running;
    self->fn(self->arg);
    self->ended = true;
    swapcontext(&self->context, &m->scheduler);
}

/* Stacks are large, and most tasks short: who ends leaves its own to the next. */
static struct coroutine *
coroutine_take(struct machine *m)
{
    struct coroutine *c = m->spare;
    if (c) {
        void *stack = c->stack;
        m->spare = c->next;
        *c = (struct coroutine){.stack = stack};
        ASAN_UNPOISON_MEMORY_REGION((char *)stack + GUARD_BYTES, STACK_BYTES - GUARD_BYTES);
        return c;
    }
    c = dr_new0(struct coroutine);
    c->stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (c->stack == MAP_FAILED || mprotect(c->stack, GUARD_BYTES, PROT_NONE) < 0)
        abort();
    return c;
}

static void
coroutine_prepare(struct machine *m, struct coroutine *c)
{
    if (getcontext(&c->context) < 0)
        abort();
    c->context.uc_stack.ss_sp = (char *)c->stack + GUARD_BYTES;
    c->context.uc_stack.ss_size = STACK_BYTES - GUARD_BYTES;
    c->context.uc_link = NULL;
    /* makecontext passes ints only; this is the documented way to hand over a pointer. */
    makecontext(&c->context, (void (*)(void))(void *)coroutine_enter, 2,
                (unsigned)((uintptr_t)m >> 32), (unsigned)(uintptr_t)m);
}

static void
coroutine_start(struct dr_env *env, void (*fn)(void *), void *arg)
{
    struct machine *m = env->machine;
    if (env->dead)
        return;
    struct coroutine *c = coroutine_take(m);
    coroutine_prepare(m, c);
    c->env = env;
    c->fn = fn;
    c->arg = arg;
    c->wake_ns = m->ns;
    c->order = m->order++;
    c->next = m->all;
    m->all = c;
}

static uint64_t
coroutine_ready_ns(const struct machine *m, const struct coroutine *c)
{
    if (dr_cancelled(c->cancel) || (c->box && c->box->head) ||
        (c->cond && c->cond->wakes != c->wakes))
        return m->ns;
    return c->wake_ns;
}

/* Who ended, or whose process was killed. */
static void
coroutines_reap(struct machine *m)
{
    for (struct coroutine **p = &m->all; *p;) {
        struct coroutine *c = *p;
        if (!c->ended) {
            p = &c->next;
            continue;
        }
        *p = c->next;
        c->next = m->spare;
        m->spare = c;
    }
}

void
dr_env_virtual_run(struct dr_env *env, void (*fn)(void *), void *arg)
{
    struct machine *m = env->machine;
    coroutine_start(env, fn, arg);
    while (m->all) {
        struct coroutine *best = NULL;
        uint64_t best_ns = UINT64_MAX;
        for (struct coroutine *c = m->all; c; c = c->next) {
            uint64_t ns = coroutine_ready_ns(m, c);
            if (!best || ns < best_ns || (ns == best_ns && c->order < best->order)) {
                best = c;
                best_ns = ns;
            }
        }
        if (best_ns == UINT64_MAX) {
            (void)fputs("drstor: every coroutine waits for ever\n", stderr);
            abort();
        }
        if (best_ns > m->ns)
            m->ns = best_ns;
        best->order = m->order++;
        m->running = best;
        swapcontext(&m->scheduler, &best->context);
        m->running = NULL;
        coroutines_reap(m);
    }
}

static void
coroutine_wait(struct dr_env *env, uint64_t ns, const struct dr_cancel *cancel,
               const struct dr_mailbox *box, const struct dr_cond *cond)
{
    struct machine *m = env->machine;
    struct coroutine *self = m->running;
    self->wake_ns = ns;
    self->cancel = cancel;
    self->box = box;
    self->cond = cond;
    self->wakes = cond ? cond->wakes : 0;
    swapcontext(&self->context, &m->scheduler);
    self->cancel = NULL;
    self->box = NULL;
    self->cond = NULL;
}

void
dr_env_virtual_person(struct dr_env *env, int64_t uid, const char *user)
{
    env->self.uid = uid;
    (void)snprintf(env->self.user, sizeof(env->self.user), "%s", user);
}

void
dr_env_virtual_kill(struct dr_env *env)
{
    struct machine *m = env->machine;
    env->dead = true;
    for (struct coroutine *c = m->all; c; c = c->next)
        if (c->env == env)
            c->ended = true;
    if (!m->running)
        coroutines_reap(m);
    else if (m->running->env == env)
        swapcontext(&m->running->context, &m->scheduler);
}

/* ---- clocks ---------------------------------------------------------------------------------- */

uint64_t
dr_now_ns(struct dr_env *env)
{
    if (env->machine)
        return env->machine->ns;
    struct timespec t;
    (void)clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * DR_S + (uint64_t)t.tv_nsec;
}

int64_t
dr_now_utc(struct dr_env *env)
{
    if (env->machine)
        return env->machine->utc_start +
               (int64_t)((env->machine->ns - env->machine->ns_start) / DR_S);
    return (int64_t)time(NULL);
}

const char *
dr_boot_id(struct dr_env *env)
{
    return env->boot;
}

/* ---- chance, and who we are ------------------------------------------------------------------ */

/* splitmix64 */
static uint64_t
chance_next(struct dr_env *env)
{
    uint64_t x = env->chance += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

void
dr_random(struct dr_env *env, void *to, size_t n)
{
    unsigned char *at = to;
    while (env->machine && n) {
        uint64_t x = chance_next(env);
        size_t some = n < sizeof(x) ? n : sizeof(x);
        memcpy(at, &x, some);
        at += some;
        n -= some;
    }
    while (n) {
        ssize_t got = getrandom(at, n, 0);
        if (got < 0 && errno != EINTR)
            abort(); /* a name that might not be unique is worse than a stop we can resume from */
        at += got > 0 ? got : 0;
        n -= got > 0 ? (size_t)got : 0;
    }
}

/* Set at login, and kept over sudo and su; without the audit part of the kernel there is none. */
static uid_t
login_uid(void)
{
    char text[32] = "";
    int fd = open("/proc/self/loginuid", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
    if (fd >= 0)
        (void)close(fd);
    char *end = text;
    unsigned long uid = n > 0 ? strtoul(text, &end, 10) : UINT32_MAX;
    return end == text || uid >= UINT32_MAX ? getuid() : (uid_t)uid;
}

void
dr_env_self(struct dr_env *env, struct dr_self *ret)
{
    char buffer[4096];
    struct passwd pw, *found = NULL;
    if (env->machine) {
        *ret = env->self;
        return;
    }
    uid_t uid = login_uid();
    *ret = (struct dr_self){.uid = uid, .pid = getpid()};
    (void)gethostname(ret->host, sizeof(ret->host) - 1);
    (void)getpwuid_r(uid, &pw, buffer, sizeof(buffer), &found);
    if (found)
        (void)snprintf(ret->user, sizeof(ret->user), "%s", pw.pw_name);
    else
        (void)snprintf(ret->user, sizeof(ret->user), "%u", (unsigned)uid);
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
    if (env->machine)
        return;
    pthread_mutex_lock(&env->lock);
    pthread_cond_broadcast(&env->changed);
    pthread_mutex_unlock(&env->lock);
}

int
dr_sleep_until(struct dr_env *env, uint64_t ns, const struct dr_cancel *c)
{
    if (env->machine) {
        if (!dr_cancelled(c) && ns > env->machine->ns)
            coroutine_wait(env, ns, c, NULL, NULL);
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
    if (env->machine) {
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
    if (!env->machine)
        pthread_mutex_lock(&env->lock);
    *m->tail = e;
    m->tail = &e->next;
    if (!env->machine) {
        pthread_cond_broadcast(&env->changed);
        pthread_mutex_unlock(&env->lock);
    }
}

void *
dr_mailbox_wait(struct dr_mailbox *m, uint64_t deadline_ns, const struct dr_cancel *c)
{
    struct dr_env *env = m->env;
    if (env->machine) {
        if (!m->head && !dr_cancelled(c) && deadline_ns > env->machine->ns)
            coroutine_wait(env, deadline_ns, c, m, NULL);
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
    if (!env->machine)
        pthread_mutex_unlock(&env->lock);
    return what;
}

/* ---- conditions ------------------------------------------------------------------------------ */

void
dr_cond_init(struct dr_cond *cond, struct dr_env *env)
{
    *cond = (struct dr_cond){.env = env};
}

void
dr_cond_wait(struct dr_cond *cond, pthread_mutex_t *mutex, uint64_t deadline_ns,
             const struct dr_cancel *c)
{
    struct dr_env *env = cond->env;
    if (env->machine) {
        pthread_mutex_unlock(mutex);
        if (!dr_cancelled(c) && deadline_ns > env->machine->ns)
            coroutine_wait(env, deadline_ns, c, NULL, cond);
        pthread_mutex_lock(mutex);
        return;
    }
    pthread_mutex_lock(&env->lock);
    uint64_t wakes = cond->wakes;
    /* Whoever wakes needs env->lock: nothing is missed from here on. */
    pthread_mutex_unlock(mutex);
    while (cond->wakes == wakes && !dr_cancelled(c) && dr_now_ns(env) < deadline_ns)
        real_wait(env, deadline_ns);
    pthread_mutex_unlock(&env->lock);
    pthread_mutex_lock(mutex);
}

void
dr_cond_wake(struct dr_cond *cond)
{
    struct dr_env *env = cond->env;
    if (env->machine) {
        cond->wakes++;
        return;
    }
    pthread_mutex_lock(&env->lock);
    cond->wakes++;
    pthread_cond_broadcast(&env->changed);
    pthread_mutex_unlock(&env->lock);
}
