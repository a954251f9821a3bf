/*
 * A plugin whose table or description is wrong in the one way that SHAPE of the environment names.
 * The test copies the file for each way, as a file is loaded once.
 */
#include <drstor/plugin.h>

#include <stdlib.h>
#include <string.h>

static int
is(const char *shape)
{
    const char *s = getenv("SHAPE");
    return s && strcmp(s, shape) == 0;
}

static int
shape_limits(struct drstor_call *call)
{
    struct drstor_limits l = {.size = sizeof(l), .parallel_calls = 1, .settle_ms = 1000};
    if (is("parallel") || is("parallel-serial")) {
        l.parallel_calls = 3;
        l.thread_model = is("parallel") ? DRSTOR_THREADS_PARALLEL : DRSTOR_THREADS_SERIAL;
    }
    if (is("paced"))
        l.calls_per_s = 2;
    if (is("no-parallel"))
        l.parallel_calls = 0;
    if (is("settle-days"))
        l.settle_ms = 4000000000u;
    if (is("bad-fence"))
        l.fence_class = 3;
    if (is("bad-threads"))
        l.thread_model = 2;
    if (is("small-limits"))
        l.size = 8;
    if (is("two-limits"))
        (void)host->report_limits(call, &l);
    return is("no-limits") ? DRSTOR_OK : host->report_limits(call, &l);
}

static void
shape_durations(struct drstor_call *call)
{
    static const char *const names[] = {"discover", "observe", "set_access"};
    for (size_t i = 0; i < 3; i++) {
        struct drstor_duration d = {sizeof(d), 100, 60000, names[i]};
        if (i == 1 && is("no-duration"))
            continue;
        if (i == 1 && is("worst-zero"))
            d.worst_ms = 0;
        if (i == 1 && is("worst-typical"))
            d.typical_ms = 70000;
        (void)host->report_duration(call, &d);
        if (i == 1 && is("two-durations"))
            (void)host->report_duration(call, &d);
    }
    const struct drstor_duration odd = {sizeof(odd), 1, 2,
                                        is("duration-null") ? NULL : "defragment"};
    if (is("duration-odd") || is("duration-null"))
        (void)host->report_duration(call, &odd);
}

static void
shape_keys(struct drstor_call *call)
{
    struct drstor_key k = {.size = sizeof(k), .name = "volume"};
    if (is("key-nameless"))
        k.name = NULL;
    if (is("key-odd-name"))
        k.name = "Volume Name";
    if (is("key-type"))
        k.type = 17;
    if (is("key-scope"))
        k.scope = 17;
    if (is("key-secret-fallback")) {
        k.secret = 1;
        k.fallback = "sesame";
    }
    if (is("key-required-fallback")) {
        k.required = 1;
        k.fallback = "vol1";
    }
    if (is("key-fallback-type")) {
        k.type = DRSTOR_KEY_INTEGER;
        k.fallback = "many";
    }
    (void)host->report_key(call, &k);
    if (is("key-twice"))
        (void)host->report_key(call, &k);
}

static int
shape_describe(struct drstor_call *call)
{
    if (is("describe-fails"))
        return host->fail(call, DRSTOR_E_INTERNAL, "no licence was found");
    if (is("describe-positive"))
        return 5;
    if (is("describe-hangs"))
        for (;;)
            (void)host->sleep_until(call, host->now_ns(call) + UINT64_C(1000000000));
    (void)shape_limits(call);
    shape_durations(call);
    shape_keys(call);
    const struct drstor_group_info g = {.size = sizeof(g), .id = "erp"};
    if (is("describe-group"))
        (void)host->report_group(call, &g);
    return DRSTOR_OK;
}

static int
shape_open(struct drstor_call *call, const struct drstor_open *how, void **ret_handle)
{
    (void)call;
    (void)how;
    *ret_handle = NULL;
    return DRSTOR_OK;
}

static void
shape_close(void *handle)
{
    (void)handle;
}

static int
shape_discover(void *handle, struct drstor_call *call)
{
    (void)handle;
    (void)call;
    return DRSTOR_OK;
}

static int
shape_observe(void *handle, struct drstor_call *call, const char *const *groups, size_t n_groups)
{
    (void)handle;
    (void)groups;
    (void)n_groups;
    return host->sleep_until(call, host->now_ns(call) + UINT64_C(1000000000));
}

static int
shape_change(void *handle, struct drstor_call *call, const struct drstor_change *change)
{
    (void)handle;
    (void)change;
    host->outcome(call, DRSTOR_OUTCOME_DONE, NULL);
    return DRSTOR_OK;
}

const struct drstor_host *host;
static struct drstor_plugin table = {.magic = DRSTOR_PLUGIN_MAGIC,
                                     .api = DRSTOR_PLUGIN_API,
                                     .size = sizeof(struct drstor_plugin),
                                     .build = DRSTOR_PLUGIN_BUILD,
                                     .name = "shape",
                                     .version = "1.0",
                                     .describe = shape_describe,
                                     .open = shape_open,
                                     .close = shape_close,
                                     .discover = shape_discover,
                                     .observe = shape_observe,
                                     .set_access = shape_change};

__attribute__((visibility("default"))) const struct drstor_plugin *
drstor_plugin_entry(const struct drstor_host *t);

const struct drstor_plugin *
drstor_plugin_entry(const struct drstor_host *t)
{
    host = t;
    if (is("null"))
        return NULL;
    if (is("magic"))
        table.magic = 0x12345678;
    if (is("newer"))
        table.api = DRSTOR_PLUGIN_API + 1;
    if (is("other-build"))
        table.build = "0123456789abcdef";
    if (is("no-build"))
        table.build = NULL;
    if (is("small"))
        table.size = offsetof(struct drstor_plugin, set_access);
    if (is("old-and-whole"))
        table.size = offsetof(struct drstor_plugin, sync_once);
    if (is("no-name"))
        table.name = NULL;
    if (is("other-name"))
        table.name = "form";
    if (is("no-version"))
        table.version = "";
    if (is("lacks-two")) {
        table.observe = NULL;
        table.close = NULL;
    }
    /* What lies beyond the size it names is not its own and must not be seen. */
    if (is("old-and-whole"))
        table.tag = shape_change;
    return &table;
}
