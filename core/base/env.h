/*
 * Everything that makes a run different from the next one: clocks, waiting, parallel work. Two
 * kinds exist: the real one (threads, CLOCK_BOOTTIME) and, for tests that replay bit for bit, one
 * in a single thread under a virtual clock, where every task is a coroutine and waiting is a jump
 * in time.
 *
 * Durations are always differences of boot_ns within one boot; utc is for people (safety 2).
 */
#ifndef DR_BASE_ENV_H
#define DR_BASE_ENV_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct dr_env;

struct dr_env *dr_env_real(void); /* one per process; never freed */

/* Starts in the past far enough that "an hour ago" is a time. Not thread-safe; owns no threads. */
struct dr_env *dr_env_virtual_new(uint64_t start_boot_ns, int64_t start_utc);
void dr_env_virtual_free(struct dr_env *env);
/* Runs FN(ARG) as the first coroutine until it and everything it started has ended. */
void dr_env_virtual_run(struct dr_env *env, void (*fn)(void *arg), void *arg);

uint64_t dr_now_ns(struct dr_env *env);     /* CLOCK_BOOTTIME */
int64_t dr_now_utc(struct dr_env *env);     /* seconds since 1970 */
const char *dr_boot_id(struct dr_env *env); /* boot_ns of another boot must not be compared */

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

#define DR_MS UINT64_C(1000000)
#define DR_S UINT64_C(1000000000)

#endif
