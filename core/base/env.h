/*
 * Everything that makes a run different from the next one: clocks, waiting, parallel work, chance,
 * who we are. Two kinds exist: the real one (threads, CLOCK_BOOTTIME) and, for tests that replay
 * bit for bit, one in a single thread under a virtual clock, where every task is a coroutine and
 * waiting is a jump in time. Plain mutexes stay what they are in both, because none is ever held
 * over a wait.
 *
 * Durations are always differences of boot_ns within one boot; utc is for people (safety 2).
 */
#ifndef DR_BASE_ENV_H
#define DR_BASE_ENV_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dr_env;

struct dr_env *dr_env_real(void); /* one per process; never freed */

/* Starts in the past far enough that "an hour ago" is a time. Not thread-safe; owns no threads. */
struct dr_env *dr_env_virtual_new(uint64_t start_boot_ns, int64_t start_utc);
void dr_env_virtual_free(struct dr_env *env);
/* Runs FN(ARG) as the first coroutine until it and everything it started has ended. */
void dr_env_virtual_run(struct dr_env *env, void (*fn)(void *arg), void *arg);

/*
 * One more process on the clock of the virtual ENV: what is spawned with it belongs to it and dies
 * with it. SEED is that of its chance. Freed with the first one.
 */
struct dr_env *dr_env_virtual_process(struct dr_env *env, const char *host, uint64_t seed);
/*
 * As SIGKILL: no task of the process runs again, wherever it waits, and none is spawned any more.
 * What they held in memory is lost. One that kills its own process does not come back.
 */
void dr_env_virtual_kill(struct dr_env *env);
/* Whose the process is; before it does anything. */
void dr_env_virtual_person(struct dr_env *env, int64_t uid, const char *user);
/* The process whose task runs now on the clock of ENV; NULL outside of all. */
struct dr_env *dr_env_virtual_running(struct dr_env *env);

uint64_t dr_now_ns(struct dr_env *env);     /* CLOCK_BOOTTIME */
int64_t dr_now_utc(struct dr_env *env);     /* seconds since 1970 */
const char *dr_boot_id(struct dr_env *env); /* boot_ns of another boot must not be compared */

/* Bytes that nobody can guess, or, when virtual, that the next one with the same seed gets too. */
void dr_random(struct dr_env *env, void *to, size_t n);

/*
 * Who and where we are, for those who read it later. The uid is that of the login where the machine
 * keeps one: whoever works as another user, the service's or root, stays the person who logged in.
 */
struct dr_self {
    int64_t uid, pid;
    char user[64], host[256];
};
void dr_env_self(struct dr_env *env, struct dr_self *ret);

/* A request to stop, shared by everybody who works on the same thing. */
struct dr_cancel {
    atomic_bool set;
};
/* wakes sleepers; not async-signal-safe */
void dr_cancel_now(struct dr_env *env, struct dr_cancel *c);
static inline bool
dr_cancelled(const struct dr_cancel *c)
{
    return c && atomic_load(&c->set);
}

/* OK at NS, DRSTOR_E_CANCELLED when C was set first. C may be NULL. */
int dr_sleep_until(struct dr_env *env, uint64_t ns, const struct dr_cancel *c);

/* Runs FN(ARG) beside the caller. What it must tell, it posts. Never fails: without threads to be
 * had the process stops, as it does without memory. */
void dr_spawn(struct dr_env *env, void (*fn)(void *arg), void *arg);

/* Messages from tasks to the one who waits for them. Many may post; one waits. */
struct dr_mailbox;
struct dr_mailbox *dr_mailbox_new(struct dr_env *env);
void dr_mailbox_free(struct dr_mailbox *m); /* must be empty and nobody may post any more */
void dr_mailbox_post(struct dr_mailbox *m, void *message);
/* The oldest message, or NULL at DEADLINE_NS (UINT64_MAX: none), or when C is set. */
void *dr_mailbox_wait(struct dr_mailbox *m, uint64_t deadline_ns, const struct dr_cancel *c);

/*
 * Where one waits for a change of what a mutex guards, as with a condition variable. The mutex is
 * given back meanwhile and taken again. Returns when it was woken, at DEADLINE_NS (UINT64_MAX:
 * none), when C is set, or for no reason: look again.
 */
struct dr_cond {
    struct dr_env *env;
    uint64_t wakes;
};
void dr_cond_init(struct dr_cond *cond, struct dr_env *env);
void dr_cond_wait(struct dr_cond *cond, pthread_mutex_t *mutex, uint64_t deadline_ns,
                  const struct dr_cancel *c);
/* Wakes all who wait, with the mutex held or not. */
void dr_cond_wake(struct dr_cond *cond);

#define DR_MS UINT64_C(1000000)
#define DR_S UINT64_C(1000000000)

#endif
