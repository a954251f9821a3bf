/*
 * How long the stage takes at the very least: what the engine itself needs, by its times and its
 * serial rules alone. Nothing here knows how drstor goes about it; docs/bench.md derives it.
 */
#ifndef TESTS_BENCH_BOUND_H
#define TESTS_BENCH_BOUND_H

#include <stdbool.h>
#include <stddef.h>

enum { BENCH_AT_ONCE = 16 };

/* Every call takes CALL_S, so many at once, and nothing else takes time. */
double bench_bound_calls(size_t n_vms, double call_s);

/*
 * The times of the engine (seconds), as its emulator has them by default: tests/emulators/engine.
 * HELD: the host that attaches has the number of the lost SPM, in every domain. SERVES: the data
 * centre is up already.
 */
struct bench_leases {
    size_t n_domains, n_vms;
    bool held, serves;
    bool elects; /* the SPM has to be another one first */
};
double bench_bound_first(const struct bench_leases *l);
double bench_bound_wall(const struct bench_leases *l);

#endif
