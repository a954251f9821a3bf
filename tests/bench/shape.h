/* Two sites of any size: what a benchmark of the stage moves from milan to rome. */
#ifndef TESTS_BENCH_SHAPE_H
#define TESTS_BENCH_SHAPE_H

#include "base/str.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

struct bench_shape {
    size_t n_domains, n_vms;
    bool instant;        /* the engines take no time for anything but REQUEST_MS for each request */
    unsigned request_ms; /* of the engine itself; only when instant */
    int milan[2];        /* numbers of the hosts in their data centre; 0: there is none */
    int rome[3];
    bool rome_serves; /* its data centre has a domain already, and with it an SPM */
};

/* The one that must run first; its disk is on the last domain of the list. */
#define BENCH_CRITICAL "critical"

struct json_object *bench_world(const struct bench_shape *b, bool is_virtual);
struct json_object *bench_engine(const struct bench_shape *b, bool milan, const char *password);
/* Engines and worlds as in the other arguments; certificates in DIR/pki when there is one. */
struct bench_place {
    const char *plugins, *world;
    bool real;
    int port_milan, port_rome;
};
void bench_config(const struct bench_place *at, struct dr_str *to);

#endif
