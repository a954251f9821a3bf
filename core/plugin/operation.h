/* The callbacks of the plugin contract as data: name, place in the table, shape, and what they
 * do. */
#ifndef DR_PLUGIN_OPERATION_H
#define DR_PLUGIN_OPERATION_H

#include "base/names.h"

#ifndef DRSTOR_PLUGIN_HOST_SIDE
#define DRSTOR_PLUGIN_HOST_SIDE
#endif
#include <drstor/plugin.h>

#include <stdbool.h>

/* In the order of struct drstor_plugin. */
enum dr_array_op {
    DR_ARRAY_OP_UNKNOWN = 0,
    DR_ARRAY_OP_DESCRIBE,
    DR_ARRAY_OP_OPEN,
    DR_ARRAY_OP_CLOSE,
    DR_ARRAY_OP_DISCOVER,
    DR_ARRAY_OP_OBSERVE,
    DR_ARRAY_OP_SET_ACCESS,
    DR_ARRAY_OP_SYNC_ONCE,
    DR_ARRAY_OP_SUSPEND,
    DR_ARRAY_OP_RESUME,
    DR_ARRAY_OP_RESYNC,
    DR_ARRAY_OP_EXPOSE,
    DR_ARRAY_OP_WITHDRAW,
    DR_ARRAY_OP_SNAPSHOT,
    DR_ARRAY_OP_TEST_START,
    DR_ARRAY_OP_TEST_STOP,
    DR_ARRAY_OP_VERIFY_DUAL_WRITE,
    DR_ARRAY_OP_PROBE_WRITE,
    DR_ARRAY_OP_SET_PREFERRED,
    DR_ARRAY_OP_FORCE_ACCESS,
    DR_ARRAY_OP_JOBS,
    DR_ARRAY_OP_POLL,
    DR_ARRAY_OP_CANCEL,
    DR_ARRAY_OP_TAG,
    DR_ARRAY_OP_POINTS,
    DR_ARRAY_OP_COUNT
};

/* What a callback is given beside handle and call. */
enum dr_op_shape {
    DR_OP_SPECIAL = 0, /* describe, open, close: not for dr_array_call() */
    DR_OP_PLAIN,       /* nothing */
    DR_OP_GROUPS,      /* a list of groups */
    DR_OP_GROUP,       /* one group */
    DR_OP_JOB,         /* a job's handle */
    DR_OP_CHANGE       /* struct drstor_change */
};

struct dr_op_info {
    size_t offset; /* in struct drstor_plugin */
    enum dr_op_shape shape;
    bool required;
    bool mutating; /* needs an outcome; absent in a handle opened read-only */
};

extern const struct dr_names dr_array_op_names; /* the callbacks' names: "set_access" */

const struct dr_op_info *dr_op_info(enum dr_array_op op); /* NULL outside the range */
bool dr_op_present(const struct drstor_plugin *table, enum dr_array_op op);
void dr_op_remove(struct drstor_plugin *table, enum dr_array_op op);
/* What a plugin of size 0 lacks: the bytes up to the last required callback. */
size_t dr_op_required_size(void);

#endif
