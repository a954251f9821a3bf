/*
 * Named places at which a test build can die. DRSTOR_FAILPOINT=NAME or NAME:N kills the process
 * with SIGKILL at the (N-th) time it comes by; DRSTOR_FAILPOINT_LIST=FILE appends the name of each
 * place that is passed. Nothing of it exists in other builds.
 */
#ifndef DR_BASE_FAILPOINT_H
#define DR_BASE_FAILPOINT_H

#include <stdbool.h>

#if DRSTOR_TEST_BUILD
void dr_failpoint(const char *name);
/* FN instead of all that: it may end the caller's task (base/env.h). NULL: as before. Not while
 * others run. */
void dr_failpoint_hook(void (*fn)(const char *name, void *user), void *user);
#define DR_FP(name) dr_failpoint(name)
#else
#define DR_FP(name) ((void)0)
#endif

/*
 * Rules that a test build can break on purpose, one at a time, to see that its tests notice:
 * `if (DR_CANARY("no-fence"))` is never true anywhere else. NAME of dr_canary_set() stays; NULL:
 * none again.
 */
#if DRSTOR_TEST_BUILD
bool dr_canary(const char *name);
void dr_canary_set(const char *name);
#define DR_CANARY(name) dr_canary(name)
#else
#define DR_CANARY(name) false
#endif

#endif
