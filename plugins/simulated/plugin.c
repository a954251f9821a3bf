/* The simulated array: describe, open, close and the table. */
#include "plugin.h"

#include <stdlib.h>
#include <string.h>

#define SETTLE_MS 2000u

static int
simulated_describe(struct drstor_call *call)
{
    static const struct drstor_duration durations[] = {
        {sizeof(durations[0]), 20, 10000, "discover"},
        {sizeof(durations[0]), 20, 10000, "observe"},
        {sizeof(durations[0]), 50, 10000, "set_access"},
        {sizeof(durations[0]), 50, 10000, "sync_once"},
        {sizeof(durations[0]), 20, 10000, "suspend"},
        {sizeof(durations[0]), 20, 10000, "resume"},
        {sizeof(durations[0]), 50, 10000, "resync"},
        {sizeof(durations[0]), 20, 10000, "expose"},
        {sizeof(durations[0]), 20, 10000, "withdraw"},
        {sizeof(durations[0]), 20, 10000, "snapshot"},
        {sizeof(durations[0]), 20, 10000, "test_start"},
        {sizeof(durations[0]), 20, 10000, "test_stop"},
        {sizeof(durations[0]), 20, 10000, "verify_dual_write"},
        {sizeof(durations[0]), 20, 10000, "probe_write"},
        {sizeof(durations[0]), 20, 10000, "set_preferred"},
        {sizeof(durations[0]), 50, 10000, "force_access"},
        {sizeof(durations[0]), 20, 10000, "jobs"},
        {sizeof(durations[0]), 20, 10000, "poll"},
        {sizeof(durations[0]), 20, 10000, "cancel"},
        {sizeof(durations[0]), 20, 10000, "tag"},
        {sizeof(durations[0]), 20, 10000, "points"},
    };
    static const struct drstor_key keys[] = {
        {.size = sizeof(keys[0]),
         .type = DRSTOR_KEY_PATH,
         .scope = DRSTOR_KEY_ARRAY,
         .required = 1,
         .name = "world",
         .help = "File that holds the simulated world; drstor-sim makes one."},
        {.size = sizeof(keys[0]),
         .type = DRSTOR_KEY_STRING,
         .scope = DRSTOR_KEY_ARRAY,
         .name = "array_name",
         .help = "Name of the array in the world, when it is not the configuration's."},
        {.size = sizeof(keys[0]),
         .type = DRSTOR_KEY_STRING,
         .scope = DRSTOR_KEY_ARRAY,
         .name = "actor",
         .fallback = "drstor",
         .help = "Who calls, as the world's log shall name it."},
    };
    const struct drstor_limits limits = {.size = sizeof(limits),
                                         .parallel_calls = 8,
                                         .volumes_per_group = 32,
                                         .settle_ms = SETTLE_MS,
                                         .fence_class = DRSTOR_FENCE_NATIVE,
                                         .group_class = DRSTOR_GROUP_ATOMIC,
                                         .thread_model = DRSTOR_THREADS_PARALLEL};
    int r = host->report_limits(call, &limits);
    for (size_t i = 0; r >= 0 && i < sizeof(durations) / sizeof(durations[0]); i++)
        r = host->report_duration(call, &durations[i]);
    for (size_t i = 0; r >= 0 && i < sizeof(keys) / sizeof(keys[0]); i++)
        r = host->report_key(call, &keys[i]);
    return r < 0 ? r : DRSTOR_OK;
}

static const char *
setting(const struct drstor_open *how, const char *key, const char *fallback)
{
    for (size_t i = 0; i < how->n_settings; i++)
        if (strcmp(how->settings[i].key, key) == 0 && how->settings[i].value)
            return how->settings[i].value;
    return fallback;
}

static int
open_check(struct simulated *s, struct drstor_call *call)
{
    struct sim_array_info info;
    int r = sim_enter_at(s->world, host->now_ns(call));
    if (r == DRSTOR_OK) {
        r = sim_array_info(s->world, s->array, &info);
        sim_leave(s->world);
    }
    if (r < 0)
        return host->fail(call, r, "%s", sim_why(s->world));
    /* What was declared is what core reckons with; a world that is worse must not pass for it. */
    if (info.settle_ms > SETTLE_MS)
        return host->fail(call, DRSTOR_E_INVALID, "array %s: settle_ms may be %u at most", s->array,
                          SETTLE_MS);
    if (!info.native_fence)
        host->log(call, DRSTOR_LOG_WARN, "simulated array %s does not refuse older controllers",
                  s->array);
    return DRSTOR_OK;
}

/* Opening speaks to nobody: a handle can be had while its site is silent. */
static int
simulated_open(struct drstor_call *call, const struct drstor_open *how, void **ret_handle)
{
    const char *path = setting(how, "world", NULL);
    const char *name = setting(how, "array_name", how->array);
    const char *actor = setting(how, "actor", "drstor");
    char why[SIM_WORDS] = "";

    if (!path)
        return host->fail(call, DRSTOR_E_INVALID, "array %s: the key world is missing", how->array);
    if (strlen(name) >= SIM_NAME || strlen(actor) >= SIM_NAME)
        return host->fail(call, DRSTOR_E_INVALID, "array %s: a name is too long", how->array);
    struct simulated *s = calloc(1, sizeof(*s));
    if (!s)
        return host->fail(call, DRSTOR_E_NOMEM, "out of memory");
    memcpy(s->array, name, strlen(name) + 1);
    memcpy(s->actor, actor, strlen(actor) + 1);
    int r = sim_world_open(path, &s->world, why);
    if (r < 0)
        host->fail(call, r, "array %s: %s", how->array, why);
    else
        r = open_check(s, call);
    if (r < 0) {
        sim_world_close(s->world);
        free(s);
        return r;
    }
    *ret_handle = s;
    return DRSTOR_OK;
}

static void
simulated_close(void *handle)
{
    struct simulated *s = handle;
    if (!s)
        return;
    sim_world_close(s->world);
    free(s);
}

#define CHANGE(name, op)                                                                           \
    static int simulated_##name(void *handle, struct drstor_call *call,                            \
                                const struct drstor_change *change)                                \
    {                                                                                              \
        return simulated_change(handle, call, op, change);                                         \
    }
CHANGE(set_access, SIM_OP_SET_ACCESS)
CHANGE(force_access, SIM_OP_FORCE_ACCESS)
CHANGE(sync_once, SIM_OP_SYNC_ONCE)
CHANGE(suspend, SIM_OP_SUSPEND)
CHANGE(resume, SIM_OP_RESUME)
CHANGE(resync, SIM_OP_RESYNC)
CHANGE(expose, SIM_OP_EXPOSE)
CHANGE(withdraw, SIM_OP_WITHDRAW)
CHANGE(snapshot, SIM_OP_SNAPSHOT)
CHANGE(test_start, SIM_OP_TEST_START)
CHANGE(test_stop, SIM_OP_TEST_STOP)
CHANGE(set_preferred, SIM_OP_SET_PREFERRED)
CHANGE(tag, SIM_OP_TAG)
CHANGE(probe_write, SIM_OP_PROBE_WRITE)

DRSTOR_PLUGIN(
    .name = "simulated",
    .version = "0.1.0",
    .describe = simulated_describe,
    .open = simulated_open,
    .close = simulated_close,
    .discover = simulated_discover,
    .observe = simulated_observe,
    .set_access = simulated_set_access,
    .sync_once = simulated_sync_once,
    .suspend = simulated_suspend,
    .resume = simulated_resume,
    .resync = simulated_resync,
    .expose = simulated_expose,
    .withdraw = simulated_withdraw,
    .snapshot = simulated_snapshot,
    .test_start = simulated_test_start,
    .test_stop = simulated_test_stop,
    .verify_dual_write = simulated_verify,
    .probe_write = simulated_probe_write,
    .set_preferred = simulated_set_preferred,
    .force_access = simulated_force_access,
    .jobs = simulated_jobs,
    .poll = simulated_poll,
    .cancel = simulated_cancel,
    .tag = simulated_tag,
    .points = simulated_points,
);
