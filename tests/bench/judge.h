/* What the engine that VMs came to tells afterwards: its own log, and when each VM began to run. */
#ifndef TESTS_BENCH_JUDGE_H
#define TESTS_BENCH_JUDGE_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

/* Seconds from the first look of the stage on; 0: not there. */
struct bench_times {
    size_t n_requests, n_running;
    double wall, first, critical;
};

/* LOG and VMS as answered by the emulator's commands of these names. False: no stage is in it. */
bool bench_judge(struct json_object *log, struct json_object *vms, struct bench_times *ret);

#endif
