#include "fake_host.h"
#include "world_kit.h"

#include <dlfcn.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS UINT64_C(1000000000)

struct place {
    char dir[64];
    char path[96];
    struct sim_world *world; /* the test's own handle on the same file */
    void *milan, *rome;
};

static const struct drstor_plugin *plugin;

static uint64_t
clock_of_host(void *user)
{
    (void)user;
    return fake_now;
}

static void *
open_array(const struct place *p, const char *array)
{
    struct drstor_call call = fake_call();
    const struct drstor_setting settings[] = {{"world", p->path}, {"array_name", array}};
    const struct drstor_open how = {.size = sizeof(how),
                                    .array = "conf",
                                    .site = "somewhere",
                                    .settings = settings,
                                    .n_settings = 2};
    void *handle = NULL;
    if (plugin->open(&call, &how, &handle) < 0)
        fail_msg("%s", call.said);
    return handle;
}

static int
set_up(void **state)
{
    struct place *p = calloc(1, sizeof(*p));
    struct json_object *spec = kit_spec("boottime");
    assert_non_null(p);
    strcpy(p->dir, "/tmp/drstor-plugin-XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    snprintf(p->path, sizeof(p->path), "%s/world.json", p->dir);
    assert_int_equal(sim_file_create(p->path, spec, NULL), 0);
    json_object_put(spec);
    assert_int_equal(sim_file_open(p->path, &p->world, NULL), 0);
    /* The host's clock is ahead of the machine's, so that it alone moves the world. */
    assert_int_equal(sim_enter(p->world), 0);
    if (fake_now < sim_now(p->world) + 1000 * SECONDS)
        fake_now = sim_now(p->world) + 1000 * SECONDS;
    sim_leave(p->world);
    sim_world_clock(p->world, clock_of_host, NULL);
    p->milan = open_array(p, "am");
    p->rome = open_array(p, "ar");
    *state = p;
    return 0;
}

static int
tear_down(void **state)
{
    static const char *const ends[] = {"", ".lock", ".log", ".new"};
    struct place *p = *state;
    plugin->close(p->milan);
    plugin->close(p->rome);
    sim_world_free(p->world);
    for (size_t i = 0; i < 4; i++) {
        char name[128];
        snprintf(name, sizeof(name), "%s%s", p->path, ends[i]);
        unlink(name);
    }
    int r = rmdir(p->dir);
    free(p);
    return r;
}

static struct drstor_change
change(const char *group)
{
    return (struct drstor_change){.size = sizeof(struct drstor_change),
                                  .op = "op-1",
                                  .group = group,
                                  .epoch = 1,
                                  .token = 1,
                                  .planned = 1,
                                  .deadline_ns = fake_now + 5 * SECONDS};
}

static void
site(const struct place *p, const char *name, enum sim_site_state state)
{
    assert_int_equal(sim_enter(p->world), 0);
    assert_int_equal(sim_site_set(p->world, name, state), 0);
    assert_int_equal(sim_leave(p->world), 0);
}

static void
inject(const struct place *p, enum sim_fault_kind kind, uint32_t nth)
{
    const struct sim_fault fault = {.kind = kind, .nth = nth, .times = 1};
    assert_int_equal(sim_enter(p->world), 0);
    assert_int_equal(sim_fault_add(p->world, &fault), 0);
    assert_int_equal(sim_leave(p->world), 0);
}

static struct drstor_call
observed(void *handle, const char *group)
{
    struct drstor_call call = fake_call();
    assert_int_equal(plugin->observe(handle, &call, &group, 1), 0);
    assert_int_equal(call.n_groups, 1);
    return call;
}

static struct drstor_call
set_access(void *handle, const char *group, enum drstor_access access, int expect_status)
{
    struct drstor_call call = fake_call();
    struct drstor_change c = change(group);
    c.access_wanted = (int32_t)access;
    assert_int_equal(plugin->set_access(handle, &call, &c), expect_status);
    assert_int_equal(call.outcomes, 1);
    return call;
}

static void
table_is_complete_and_described(void **state)
{
    struct drstor_call call = fake_call();
    (void)state;
    assert_int_equal(plugin->magic, DRSTOR_PLUGIN_MAGIC);
    assert_int_equal(plugin->api, DRSTOR_PLUGIN_API);
    assert_string_equal(plugin->build, DRSTOR_PLUGIN_BUILD);
    assert_string_equal(plugin->name, "simulated");
    assert_int_equal(plugin->describe(&call), 0);
    assert_int_equal(call.durations, 21);
    assert_int_equal(call.keys, 3);
    assert_int_equal(call.limits.fence_class, DRSTOR_FENCE_NATIVE);
    assert_true(call.limits.parallel_calls >= 1);
}

static void
observe_tells_group_members_and_paths(void **state)
{
    struct place *p = *state;
    struct drstor_call call = fake_call();
    const char *groups[] = {"erp_m", "not-there", "db_m"};
    assert_int_equal(plugin->observe(p->milan, &call, groups, 3), 0);
    assert_int_equal(call.n_groups, 2);
    assert_string_equal(call.groups[0].id, "erp_m");
    assert_int_equal(call.groups[0].info.access, DRSTOR_ACCESS_READ_WRITE);
    assert_int_equal(call.groups[0].info.relation, DRSTOR_RELATION_SOURCE);
    assert_int_equal(call.groups[1].info.sync, DRSTOR_SYNC_IN_SYNC);
    assert_int_equal(call.n_members, 4);
    assert_string_equal(call.members[0].pair, "erp_r_1");
    assert_int_equal(call.members[0].info.bytes, 1024);
    assert_int_equal(call.n_paths, 4);
    call = fake_call();
    assert_int_equal(plugin->discover(p->rome, &call), 0);
    assert_int_equal(call.n_groups, 4);
}

static void
points_and_a_promotion_from_one_through_the_contract(void **state)
{
    struct place *p = *state;
    struct drstor_call call = fake_call();
    struct drstor_change c = change("erp_r");
    c.name = "s1";
    assert_int_equal(plugin->snapshot(p->rome, &call, &c), 0);
    call = fake_call();
    assert_int_equal(plugin->points(p->rome, &call, "erp_r"), 0);
    assert_int_equal(call.n_points, 1);
    assert_string_equal(call.point_ids[0], "s1");
    assert_int_equal(call.points[0].kind, DRSTOR_POINT_ON_REQUEST);
    assert_true(call.points[0].utc > 0);
    assert_int_equal(call.outcomes, 0);
    call = fake_call();
    assert_int_equal(plugin->points(p->rome, &call, "nobody"), DRSTOR_E_NOTFOUND);

    site(p, "milan", SIM_SITE_DEAD);
    c = change("erp_r");
    c.planned = 0;
    c.access_wanted = DRSTOR_ACCESS_READ_WRITE;
    c.point = "s2";
    call = fake_call();
    assert_int_equal(plugin->set_access(p->rome, &call, &c), DRSTOR_E_NOTFOUND);
    assert_int_equal(call.outcome, DRSTOR_OUTCOME_REFUSED);
    assert_string_equal(call.said, "copy erp_r has no recovery point s2");
    assert_true(call.hint[0]);
    c.point = "s1";
    call = fake_call();
    assert_int_equal(plugin->set_access(p->rome, &call, &c), DRSTOR_OK);
    assert_int_equal(call.outcome, DRSTOR_OUTCOME_DONE);
    assert_int_equal(observed(p->rome, "erp_r").groups[0].info.access, DRSTOR_ACCESS_READ_WRITE);
}

static void
planned_move_through_the_contract(void **state)
{
    struct place *p = *state;
    struct drstor_call call =
        set_access(p->rome, "erp_r", DRSTOR_ACCESS_READ_WRITE, DRSTOR_E_REFUSED);
    assert_int_equal(call.outcome, DRSTOR_OUTCOME_REFUSED);
    assert_string_equal(call.code, "peer-writable");
    call = set_access(p->milan, "erp_m", DRSTOR_ACCESS_READ_ONLY, 0);
    assert_int_equal(call.outcome, DRSTOR_OUTCOME_DONE);

    struct drstor_change c = change("erp_r");
    call = fake_call();
    assert_int_equal(plugin->sync_once(p->rome, &call, &c), 0);
    assert_int_equal(call.outcome, DRSTOR_OUTCOME_JOB);
    char job[64];
    memcpy(job, call.job, sizeof(job));
    call = fake_call();
    assert_int_equal(plugin->jobs(p->rome, &call, "erp_r"), 0);
    assert_int_equal(call.n_jobs, 1);
    fake_now += SECONDS;
    call = fake_call();
    assert_int_equal(plugin->poll(p->rome, &call, job), 0);
    assert_int_equal(call.jobs[0].state, DRSTOR_JOB_SUCCEEDED);

    call = set_access(p->rome, "erp_r", DRSTOR_ACCESS_READ_WRITE, 0);
    assert_int_equal(call.outcome, DRSTOR_OUTCOME_DONE);
    call = observed(p->rome, "erp_r");
    assert_int_equal(call.groups[0].info.access, DRSTOR_ACCESS_READ_WRITE);

    const char *hosts[] = {"rhv-milan"};
    c = change("erp_m");
    c.host_groups = hosts;
    c.n_host_groups = 1;
    call = fake_call();
    assert_int_equal(plugin->withdraw(p->milan, &call, &c), 0);
    call = observed(p->milan, "erp_m");
    assert_int_equal(call.n_paths, 0);
    c = change("erp_m");
    c.source = "erp_r";
    c.target = "erp_m";
    c.expect = call.groups[0].generation;
    struct drstor_call resync = fake_call();
    assert_int_equal(plugin->resync(p->milan, &resync, &c), 0);
    assert_int_equal(resync.outcome, DRSTOR_OUTCOME_JOB);
}

static void
silent_site_costs_the_deadline_and_no_more(void **state)
{
    struct place *p = *state;
    site(p, "milan", SIM_SITE_SILENT);
    uint64_t begun = fake_now;
    struct drstor_call call =
        set_access(p->milan, "erp_m", DRSTOR_ACCESS_READ_ONLY, DRSTOR_E_UNKNOWN);
    assert_int_equal(call.outcome, DRSTOR_OUTCOME_UNKNOWN);
    assert_int_equal(fake_now - begun, 5 * SECONDS); /* the change's, which is the earlier one */
    begun = fake_now;
    const char *group = "erp_m";
    call = fake_call();
    assert_int_equal(plugin->observe(p->milan, &call, &group, 1), DRSTOR_E_UNREACHABLE);
    assert_int_equal(fake_now - begun, 10 * SECONDS);
    site(p, "milan", SIM_SITE_UP);
    call = observed(p->milan, "erp_m");
    assert_int_equal(call.groups[0].info.access, DRSTOR_ACCESS_READ_WRITE);
}

static void
lost_reply_is_unknown_and_was_sent_once(void **state)
{
    struct place *p = *state;
    struct sim_counters n;
    inject(p, SIM_FAULT_LOST_AFTER, 1);
    struct drstor_call call =
        set_access(p->milan, "erp_m", DRSTOR_ACCESS_READ_ONLY, DRSTOR_E_UNKNOWN);
    assert_int_equal(call.outcome, DRSTOR_OUTCOME_UNKNOWN);
    call = observed(p->milan, "erp_m");
    assert_int_equal(call.groups[0].info.access, DRSTOR_ACCESS_READ_ONLY);
    assert_int_equal(sim_enter(p->world), 0);
    sim_counters(p->world, "am", &n);
    sim_leave(p->world);
    assert_int_equal(n.mutating, 1);
}

static void
nothing_is_sent_after_the_deadline(void **state)
{
    struct place *p = *state;
    struct sim_counters n;
    struct drstor_call call = fake_call();
    struct drstor_change c = change("erp_m");
    c.access_wanted = DRSTOR_ACCESS_READ_ONLY;
    c.deadline_ns = fake_now;
    assert_int_equal(plugin->set_access(p->milan, &call, &c), DRSTOR_E_UNREACHABLE);
    assert_int_equal(call.outcome, DRSTOR_OUTCOME_REFUSED);
    assert_int_equal(sim_enter(p->world), 0);
    sim_counters(p->world, "am", &n);
    sim_leave(p->world);
    assert_int_equal(n.calls, 0);
}

static void
cancelled_wait_is_unknown(void **state)
{
    struct place *p = *state;
    struct drstor_call call = fake_call();
    struct drstor_change c = change("erp_m");
    c.access_wanted = DRSTOR_ACCESS_READ_ONLY;
    call.cancel = 1;
    assert_int_equal(plugin->set_access(p->milan, &call, &c), DRSTOR_E_CANCELLED);
    assert_int_equal(call.outcome, DRSTOR_OUTCOME_UNKNOWN);
}

static void
partial_change_names_the_members(void **state)
{
    struct place *p = *state;
    inject(p, SIM_FAULT_REFUSE, 2); /* the second step of a stepwise group */
    struct drstor_call call =
        set_access(p->milan, "web_m", DRSTOR_ACCESS_READ_ONLY, DRSTOR_E_REFUSED);
    assert_int_equal(call.outcome, DRSTOR_OUTCOME_PARTIAL);
    assert_int_equal(call.n_members, 1);
    assert_string_equal(call.members[0].id, "web_m_1");
    assert_int_equal(call.members[0].info.access, DRSTOR_ACCESS_READ_ONLY);
}

static void
unplanned_takes_evidence(void **state)
{
    struct place *p = *state;
    const struct drstor_evidence evidence = {.size = sizeof(evidence),
                                             .kind = DRSTOR_EVIDENCE_E6_DECLARED,
                                             .site = "milan",
                                             .by = "a person"};
    struct drstor_call call = fake_call();
    struct drstor_change c = change("db_r");
    c.planned = 0;
    c.access_wanted = DRSTOR_ACCESS_READ_WRITE;
    assert_int_equal(plugin->set_access(p->rome, &call, &c), DRSTOR_E_REFUSED);
    assert_string_equal(call.code, "source-writable");
    assert_true(call.hint[0]);
    c.evidence = &evidence;
    c.n_evidence = 1;
    call = fake_call();
    assert_int_equal(plugin->set_access(p->rome, &call, &c), 0);
}

static void
injected_crash_kills_the_caller(void **state)
{
    struct place *p = *state;
    inject(p, SIM_FAULT_CRASH, 1);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct drstor_call call = fake_call();
        struct drstor_change c = change("erp_m");
        c.access_wanted = DRSTOR_ACCESS_READ_ONLY;
        void *own = open_array(p, "am");
        plugin->set_access(own, &call, &c);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    fake_now += SECONDS;
    struct drstor_call call = observed(p->milan, "erp_m");
    assert_int_equal(call.groups[0].info.access, DRSTOR_ACCESS_READ_ONLY);
}

/* A virtual world has no other clock than the waits of those who call. */
static void
virtual_world_moves_by_the_waits(void **state)
{
    struct place *p = *state;
    struct json_object *spec = kit_spec("virtual");
    assert_int_equal(sim_file_create(p->path, spec, NULL), 0);
    json_object_put(spec);
    struct drstor_call call = set_access(p->milan, "erp_m", DRSTOR_ACCESS_READ_ONLY, 0);
    assert_int_equal(call.outcome, DRSTOR_OUTCOME_DONE);
    call = observed(p->milan, "erp_m");
    assert_int_equal(call.groups[0].info.access, DRSTOR_ACCESS_READ_ONLY);
}

static void
wrong_settings_are_said(void **state)
{
    struct place *p = *state;
    struct drstor_call call = fake_call();
    const struct drstor_setting settings[] = {{"world", p->path}};
    struct drstor_open how = {.size = sizeof(how), .array = "nobody", .site = "milan"};
    void *handle = NULL;
    assert_int_equal(plugin->open(&call, &how, &handle), DRSTOR_E_INVALID);
    how.settings = settings;
    how.n_settings = 1;
    assert_int_equal(plugin->open(&call, &how, &handle), DRSTOR_E_NOTFOUND);
    assert_string_equal(call.said, "the world has no array nobody");
    assert_null(handle);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(table_is_complete_and_described),
        T(observe_tells_group_members_and_paths),
        T(points_and_a_promotion_from_one_through_the_contract),
        T(planned_move_through_the_contract),
        T(silent_site_costs_the_deadline_and_no_more),
        T(lost_reply_is_unknown_and_was_sent_once),
        T(nothing_is_sent_after_the_deadline),
        T(cancelled_wait_is_unknown),
        T(partial_change_names_the_members),
        T(unplanned_takes_evidence),
        T(injected_crash_kills_the_caller),
        T(virtual_world_moves_by_the_waits),
        T(wrong_settings_are_said),
    };
    void *library = dlopen(SIM_PLUGIN_FILE, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    void *entry = dlsym(library, DRSTOR_PLUGIN_ENTRY_NAME);
    drstor_plugin_entry_fn fn;
    memcpy(&fn, &entry, sizeof(fn));
    plugin = fn(&fake_host);
    int r = cmocka_run_group_tests(tests, NULL, NULL);
    dlclose(library);
    return r;
}
