#include "plugin/operation.h"

#include <string.h>

static const char *const names[] = {"unknown",
                                    "describe",
                                    "open",
                                    "close",
                                    "discover",
                                    "observe",
                                    "set_access",
                                    "sync_once",
                                    "suspend",
                                    "resume",
                                    "resync",
                                    "expose",
                                    "withdraw",
                                    "snapshot",
                                    "test_start",
                                    "test_stop",
                                    "verify_dual_write",
                                    "probe_write",
                                    "set_preferred",
                                    "force_access",
                                    "jobs",
                                    "poll",
                                    "cancel",
                                    "tag",
                                    "points"};
const struct dr_names dr_array_op_names = {"operation", names, sizeof(names) / sizeof(names[0])};
_Static_assert(sizeof(names) / sizeof(names[0]) == DR_ARRAY_OP_COUNT, "one name per callback");

#define OP(field, shape, required, mutating)                                                       \
    {                                                                                              \
        offsetof(struct drstor_plugin, field), shape, required, mutating                           \
    }
static const struct dr_op_info infos[DR_ARRAY_OP_COUNT] = {
    [DR_ARRAY_OP_DESCRIBE] = OP(describe, DR_OP_SPECIAL, true, false),
    [DR_ARRAY_OP_OPEN] = OP(open, DR_OP_SPECIAL, true, false),
    [DR_ARRAY_OP_CLOSE] = OP(close, DR_OP_SPECIAL, true, false),
    [DR_ARRAY_OP_DISCOVER] = OP(discover, DR_OP_PLAIN, true, false),
    [DR_ARRAY_OP_OBSERVE] = OP(observe, DR_OP_GROUPS, true, false),
    [DR_ARRAY_OP_SET_ACCESS] = OP(set_access, DR_OP_CHANGE, true, true),
    [DR_ARRAY_OP_SYNC_ONCE] = OP(sync_once, DR_OP_CHANGE, false, true),
    [DR_ARRAY_OP_SUSPEND] = OP(suspend, DR_OP_CHANGE, false, true),
    [DR_ARRAY_OP_RESUME] = OP(resume, DR_OP_CHANGE, false, true),
    [DR_ARRAY_OP_RESYNC] = OP(resync, DR_OP_CHANGE, false, true),
    [DR_ARRAY_OP_EXPOSE] = OP(expose, DR_OP_CHANGE, false, true),
    [DR_ARRAY_OP_WITHDRAW] = OP(withdraw, DR_OP_CHANGE, false, true),
    [DR_ARRAY_OP_SNAPSHOT] = OP(snapshot, DR_OP_CHANGE, false, true),
    [DR_ARRAY_OP_TEST_START] = OP(test_start, DR_OP_CHANGE, false, true),
    [DR_ARRAY_OP_TEST_STOP] = OP(test_stop, DR_OP_CHANGE, false, true),
    [DR_ARRAY_OP_VERIFY_DUAL_WRITE] = OP(verify_dual_write, DR_OP_GROUP, false, false),
    [DR_ARRAY_OP_PROBE_WRITE] = OP(probe_write, DR_OP_CHANGE, false, true),
    [DR_ARRAY_OP_SET_PREFERRED] = OP(set_preferred, DR_OP_CHANGE, false, true),
    [DR_ARRAY_OP_FORCE_ACCESS] = OP(force_access, DR_OP_CHANGE, false, true),
    [DR_ARRAY_OP_JOBS] = OP(jobs, DR_OP_GROUP, false, false),
    [DR_ARRAY_OP_POLL] = OP(poll, DR_OP_JOB, false, false),
    /* It stops work at the array, so it has an outcome although it carries no change. */
    [DR_ARRAY_OP_CANCEL] = OP(cancel, DR_OP_JOB, false, true),
    [DR_ARRAY_OP_TAG] = OP(tag, DR_OP_CHANGE, false, true),
    [DR_ARRAY_OP_POINTS] = OP(points, DR_OP_GROUP, false, false)};

const struct dr_op_info *
dr_op_info(enum dr_array_op op)
{
    return (int)op > 0 && op < DR_ARRAY_OP_COUNT ? &infos[op] : NULL;
}

bool
dr_op_present(const struct drstor_plugin *table, enum dr_array_op op)
{
    const struct dr_op_info *info = dr_op_info(op);
    void (*fn)(void) = NULL;
    if (info)
        memcpy(&fn, (const char *)table + info->offset, sizeof(fn));
    return fn != NULL;
}

void
dr_op_remove(struct drstor_plugin *table, enum dr_array_op op)
{
    memset((char *)table + infos[op].offset, 0, sizeof(void (*)(void)));
}

size_t
dr_op_required_size(void)
{
    size_t most = 0;
    for (size_t i = 1; i < DR_ARRAY_OP_COUNT; i++)
        if (infos[i].required && infos[i].offset + sizeof(void (*)(void)) > most)
            most = infos[i].offset + sizeof(void (*)(void));
    return most;
}
