/* A small world with a virtual clock, and calls to it in one line. */
#ifndef TESTS_UNIT_SIMULATED_WORLD_KIT_H
#define TESTS_UNIT_SIMULATED_WORLD_KIT_H

#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Groups erp (async, 60 s), db (sync, stops when alone), web (sync), aa (active-active). */
struct json_object *kit_spec(const char *clock);
struct sim_world *kit_world(void);

/* Sends, lets time pass until the answer, fetches it; asserts that one comes. */
struct sim_reply kit_call(struct sim_world *w, struct sim_request request);

/* KIT_CALL(world, operation, array, group, [.field = value ...]) */
#define KIT_CALL(...) KIT_CALL_(__VA_ARGS__, .actor = "kit")
#define KIT_CALL_(w, the_op, the_array, the_group, ...)                                            \
    kit_call(w, (struct sim_request){.op = (the_op),                                               \
                                     .member = -1,                                                 \
                                     .array = (the_array),                                         \
                                     .group = (the_group),                                         \
                                     __VA_ARGS__})

/* Waits for a job; its state as in enum drstor_job_state. */
int kit_job(struct sim_world *w, const char *array, const char *job);
/* The writer of a volume, by the volume's name. */
void kit_writer(struct sim_world *w, const char *site, const char *array, const char *group,
                bool add);
struct sim_view kit_view(struct sim_world *w, const char *array, const char *group);
enum drstor_access kit_access(struct sim_world *w, const char *array, const char *group);
uint64_t kit_writes(struct sim_world *w, const char *array, const char *volume);

#endif
