/* The plugin over a world: what its files share. */
#ifndef SIMULATED_PLUGIN_H
#define SIMULATED_PLUGIN_H

#include "world.h"

#include <drstor/plugin.h>

struct simulated {
    struct sim_world *world;
    char array[SIM_NAME];
    char actor[SIM_NAME];
};

/*
 * Sends one call and waits for its answer, until the call's deadline. OK: *RET is the array's
 * answer, whatever it says. BUSY, NOTFOUND: nothing was sent. UNREACHABLE: the deadline was over
 * before sending. UNKNOWN: sent, no answer. CANCELLED: sent, and the host wants to stop.
 */
int simulated_send(struct simulated *s, struct drstor_call *call, struct sim_request *request,
                   struct sim_reply *ret);
/* A mutating call from beginning to outcome. */
int simulated_change(void *handle, struct drstor_call *call, enum sim_op op,
                     const struct drstor_change *change);
/* A call that only reads; OK when the array answered and said yes. */
int simulated_ask(struct simulated *s, struct drstor_call *call, enum sim_op op, const char *group,
                  const char *job);

/* read.c */
int simulated_discover(void *handle, struct drstor_call *call);
int simulated_observe(void *handle, struct drstor_call *call, const char *const *groups,
                      size_t n_groups);
int simulated_jobs(void *handle, struct drstor_call *call, const char *group);
int simulated_poll(void *handle, struct drstor_call *call, const char *job);
int simulated_points(void *handle, struct drstor_call *call, const char *group);
int simulated_verify(void *handle, struct drstor_call *call, const char *group);

/* change.c */
int simulated_cancel(void *handle, struct drstor_call *call, const char *job);

#endif
