/* The smallest host a plugin can run in: it keeps what it was told, and its clock jumps. */
#ifndef TESTS_UNIT_SIMULATED_FAKE_HOST_H
#define TESTS_UNIT_SIMULATED_FAKE_HOST_H

#define DRSTOR_PLUGIN_HOST_SIDE
#include <drstor/plugin.h>

struct fake_group {
    char id[64];
    char generation[64];
    struct drstor_group_info info;
};

struct fake_member {
    char id[64];
    char pair[64];
    struct drstor_member_info info;
};

struct drstor_call {
    uint64_t deadline_ns;
    int cancel;
    char said[256];
    char hint[256];
    char code[64];
    char job[64];
    enum drstor_outcome outcome;
    unsigned outcomes;
    unsigned durations, keys;
    struct drstor_limits limits;
    struct fake_group groups[8];
    unsigned n_groups;
    struct fake_member members[16];
    unsigned n_members;
    unsigned n_paths;
    struct drstor_path_info path;
    struct drstor_job_info jobs[8];
    unsigned n_jobs;
    struct drstor_point_info points[8];
    char point_ids[8][64];
    unsigned n_points;
};

extern const struct drstor_host fake_host;
extern uint64_t fake_now;

/* A call that may take 10 s. */
struct drstor_call fake_call(void);

#endif
