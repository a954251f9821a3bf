/* Replicated block devices of two Linux storage hosts: describe, open, close and the table. */
#include "plugin.h"

/*
 * How long a line may be on its way into the lock of its resource after its connection was closed.
 * From then on the storage host tells: jobs() names the change as long as it holds the lock, and
 * its commands end with the budget they were given.
 */
#define LD_SETTLE_MS 5000u

static int
ld_describe(struct drstor_call *call)
{
    /* Measured: two commands over ssh 0.6 to 1.5 s, a snapshot of two volumes 2 s; a report of one
     * resource runs a dozen commands. */
    static const struct drstor_duration durations[] = {
        {sizeof(durations[0]), 3000, 60000, "discover"},
        {sizeof(durations[0]), 2000, 30000, "observe"},
        {sizeof(durations[0]), 5000, 60000, "set_access"},
        {sizeof(durations[0]), 2000, 30000, "sync_once"},
        {sizeof(durations[0]), 6000, 60000, "suspend"},
        {sizeof(durations[0]), 8000, 60000, "resume"},
        {sizeof(durations[0]), 15000, 90000, "resync"},
        {sizeof(durations[0]), 5000, 60000, "expose"},
        {sizeof(durations[0]), 5000, 60000, "withdraw"},
        {sizeof(durations[0]), 8000, 120000, "snapshot"},
        {sizeof(durations[0]), 10000, 120000, "test_start"},
        {sizeof(durations[0]), 8000, 120000, "test_stop"},
        {sizeof(durations[0]), 2000, 30000, "verify_dual_write"},
        {sizeof(durations[0]), 5000, 60000, "probe_write"},
        {sizeof(durations[0]), 8000, 120000, "force_access"},
        {sizeof(durations[0]), 2000, 30000, "jobs"},
        {sizeof(durations[0]), 2000, 30000, "poll"},
        {sizeof(durations[0]), 100, 10000, "cancel"},
        {sizeof(durations[0]), 4000, 60000, "tag"},
    };
    const struct drstor_limits limits = {.size = sizeof(limits),
                                         .parallel_calls = 4,
                                         .volumes_per_group = LD_VOLUMES_MOST,
                                         .settle_ms = LD_SETTLE_MS,
                                         .fence_class = DRSTOR_FENCE_SHIM,
                                         .group_class = DRSTOR_GROUP_STEPWISE,
                                         .thread_model = DRSTOR_THREADS_PARALLEL};
    int r = host->report_limits(call, &limits);
    for (size_t i = 0; r >= 0 && i < sizeof(durations) / sizeof(durations[0]); i++)
        r = host->report_duration(call, &durations[i]);
    return r < 0 ? r : DRSTOR_OK;
}

/*
 * Opening speaks to nobody: a handle can be had while its site is silent. No call keeps anything
 * for the next one, so that calls may run side by side, and the handle is but a place in memory.
 */
static int
ld_open(struct drstor_call *call, const struct drstor_open *how, void **ret_handle)
{
    static char nothing;
    (void)call;
    (void)how;
    *ret_handle = &nothing;
    return DRSTOR_OK;
}

static void
ld_close(void *handle)
{
    (void)handle;
}

DRSTOR_PLUGIN(
    .name = "lvm-drbd",
    .version = "0.1.0",
    .describe = ld_describe,
    .open = ld_open,
    .close = ld_close,
    .discover = ld_discover,
    .observe = ld_observe,
    .set_access = ld_set_access,
    .sync_once = ld_sync_once,
    .suspend = ld_suspend,
    .resume = ld_resume,
    .resync = ld_resync,
    .expose = ld_expose,
    .withdraw = ld_withdraw,
    .snapshot = ld_snapshot,
    .test_start = ld_test_start,
    .test_stop = ld_test_stop,
    .verify_dual_write = ld_verify,
    .probe_write = ld_probe_write,
    .force_access = ld_force_access,
    .jobs = ld_jobs,
    .poll = ld_poll,
    .cancel = ld_cancel,
    .tag = ld_tag,
);
