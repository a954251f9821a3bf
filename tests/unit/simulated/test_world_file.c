#include "world_kit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

struct place {
    char dir[64];
    char path[96];
};

static int
set_up(void **state)
{
    struct place *p = calloc(1, sizeof(*p));
    char why[SIM_WORDS] = "";
    struct json_object *spec = kit_spec("virtual");
    assert_non_null(p);
    strcpy(p->dir, "/tmp/drstor-world-XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    snprintf(p->path, sizeof(p->path), "%s/world.json", p->dir);
    if (sim_file_create(p->path, spec, why) < 0)
        fail_msg("%s", why);
    json_object_put(spec);
    *state = p;
    return 0;
}

static int
tear_down(void **state)
{
    static const char *const ends[] = {"", ".lock", ".log", ".new"};
    struct place *p = *state;
    for (size_t i = 0; i < 4; i++) {
        char name[128];
        snprintf(name, sizeof(name), "%s%s", p->path, ends[i]);
        unlink(name);
    }
    int r = rmdir(p->dir);
    free(p);
    return r;
}

static struct sim_world *
open_world(const struct place *p)
{
    struct sim_world *w;
    char why[SIM_WORDS] = "";
    if (sim_file_open(p->path, &w, why) < 0)
        fail_msg("%s", why);
    return w;
}

static char *
saved(struct sim_world *w)
{
    struct json_object *o = sim_world_save(w);
    json_object_object_del(o, "save_seq");
    json_object_object_del(o, "log_bytes");
    char *text = strdup(json_object_to_json_string(o));
    json_object_put(o);
    return text;
}

/* One step of a story with faults, as any process may take it. */
static void
step(struct sim_world *w, int i)
{
    const enum sim_op ops[] = {SIM_OP_SYNC_ONCE, SIM_OP_SUSPEND, SIM_OP_RESUME, SIM_OP_TAG,
                               SIM_OP_SNAPSHOT};
    if (i == 0) {
        const struct sim_fault fault = {.kind = SIM_FAULT_REFUSE, .permille = 300};
        assert_int_equal(sim_fault_add(w, &fault), 0);
        kit_writer(w, "milan", "am", "erp_m", true);
    }
    assert_int_equal(sim_advance(w, 13 * SIM_SECOND), 0);
    KIT_CALL(w, ops[i % 5], "ar", "erp_r", .op_id = "s", .name = "n");
}

static void
file_and_memory_tell_the_same_story(void **state)
{
    struct sim_world *memory = kit_world();
    for (int i = 0; i < 40; i++) {
        /* Opened anew every time: nothing may live on in a process. */
        struct sim_world *file = open_world(*state);
        assert_int_equal(sim_enter(file), 0);
        step(file, i);
        step(memory, i);
        assert_int_equal(sim_leave(file), 0);
        sim_world_free(file);
    }
    struct sim_world *file = open_world(*state);
    assert_int_equal(sim_enter(file), 0);
    char *a = saved(file), *b = saved(memory);
    assert_string_equal(a, b);
    free(a);
    free(b);
    sim_leave(file);
    sim_leave(memory);
    sim_world_free(file);
    sim_world_free(memory);
}

static int
count(const struct sim_log_entry *e, void *user)
{
    uint64_t *last = user;
    assert_int_equal(e->seq, *last + 1);
    *last = e->seq;
    return 0;
}

static void
call_often(const struct place *p, int n)
{
    struct sim_world *w = open_world(p);
    for (int i = 0; i < n; i++) {
        struct sim_ticket t;
        const struct sim_request r = {
            .op = SIM_OP_TAG, .member = -1, .array = "am", .group = "erp_m"};
        if (sim_enter(w) < 0)
            _exit(1);
        sim_begin(w, &r, &t);
        sim_advance(w, 10 * SIM_MS);
        sim_abandon(w, t.id);
        if (sim_leave(w) < 0)
            _exit(1);
    }
    sim_world_free(w);
}

static void
processes_share_one_world(void **state)
{
    pid_t pids[3];
    for (int i = 0; i < 3; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0) {
            call_often(*state, 50);
            _exit(0);
        }
    }
    for (int i = 0; i < 3; i++) {
        int status;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    struct sim_world *w = open_world(*state);
    struct sim_counters n;
    uint64_t last = 0;
    assert_int_equal(sim_enter(w), 0);
    sim_counters(w, "am", &n);
    assert_int_equal(n.calls, 150);
    assert_int_equal(n.effects, 150);
    assert_int_equal(sim_log_each(w, count, &last), 0);
    assert_int_equal(last, 300);
    sim_leave(w);
    sim_world_free(w);
}

static void
killed_caller_frees_its_slot(void **state)
{
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct sim_world *w = open_world(*state);
        struct sim_ticket t;
        const struct sim_request r = {.op = SIM_OP_SET_ACCESS,
                                      .member = -1,
                                      .array = "am",
                                      .group = "erp_m",
                                      .access = DRSTOR_ACCESS_READ_ONLY};
        if (sim_enter(w) < 0)
            _exit(1);
        for (int i = 0; i < 4; i++)
            sim_begin(w, &r, &t);
        if (sim_leave(w) < 0 || write(ready[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    close(ready[0]);
    close(ready[1]);

    struct sim_world *w = open_world(*state);
    struct sim_ticket t;
    const struct sim_request r = {.op = SIM_OP_TAG, .member = -1, .array = "am", .group = "erp_m"};
    assert_int_equal(sim_enter(w), 0);
    assert_int_equal(sim_begin(w, &r, &t), DRSTOR_E_BUSY);
    sim_advance(w, 10 * SIM_MS);
    assert_int_equal(sim_begin(w, &r, &t), 0);
    /* And what the dead one asked for has happened. */
    assert_int_equal(kit_access(w, "am", "erp_m"), DRSTOR_ACCESS_READ_ONLY);
    sim_leave(w);
    sim_world_free(w);
}

static void
kill_at_any_moment_leaves_a_whole_world(void **state)
{
    for (int round = 0; round < 20; round++) {
        int said[2];
        char bytes[64];
        assert_int_equal(pipe(said), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            close(said[0]);
            for (;;) {
                call_often(*state, 1);
                if (write(said[1], "x", 1) != 1)
                    _exit(1);
            }
        }
        close(said[1]);
        for (int i = 0; i <= round; i++)
            assert_true(read(said[0], bytes, 1) == 1);
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        close(said[0]);

        struct sim_world *w = open_world(*state);
        struct sim_counters n;
        uint64_t last = 0;
        assert_int_equal(sim_enter(w), 0);
        sim_counters(w, "am", &n);
        assert_int_equal(sim_log_each(w, count, &last), 0);
        assert_int_equal(last, n.calls + n.effects);
        sim_leave(w);
        sim_world_free(w);
    }
}

static void
log_of_a_save_that_never_happened_is_cut(void **state)
{
    const struct place *p = *state;
    char name[128];
    uint64_t last = 0;
    call_often(p, 2);
    snprintf(name, sizeof(name), "%s.log", p->path);
    int fd = open(name, O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_true(write(fd, "{\"seq\": 5, \"op\": \"tag\"}\n{\"se", 28) == 28);
    close(fd);
    struct sim_world *w = open_world(p);
    assert_int_equal(sim_enter(w), 0);
    assert_int_equal(sim_log_each(w, count, &last), 0);
    assert_int_equal(last, 4);
    sim_leave(w);
    call_often(p, 1);
    last = 0;
    assert_int_equal(sim_enter(w), 0);
    assert_int_equal(sim_log_each(w, count, &last), 0);
    assert_int_equal(last, 6);
    sim_leave(w);
    sim_world_free(w);
}

static void
wrong_specification_is_named(void **state)
{
    char why[SIM_WORDS];
    struct sim_world *w;
    struct json_object *spec = kit_spec("virtual");
    (void)state;
    json_object_object_add(spec, "colour", json_object_new_string("red"));
    assert_int_equal(sim_world_new(spec, &w, why), DRSTOR_E_INVALID);
    assert_string_equal(why, "world: unknown key colour");
    json_object_put(spec);
    spec = kit_spec("sundial");
    assert_int_equal(sim_world_new(spec, &w, why), DRSTOR_E_INVALID);
    assert_string_equal(why, "clock must be boottime, virtual or file:PATH");
    json_object_put(spec);
    assert_int_equal(sim_file_open("/nonexistent/world", &w, why), DRSTOR_E_NOTFOUND);
}

static void
clock_file_is_shared(void **state)
{
    const struct place *p = *state;
    char name[128], clock[160], why[SIM_WORDS] = "";
    snprintf(name, sizeof(name), "%s/clock", p->dir);
    snprintf(clock, sizeof(clock), "file:%s", name);
    struct json_object *spec = kit_spec(clock);
    assert_int_equal(sim_file_create(p->path, spec, why), 0);
    json_object_put(spec);
    struct sim_world *a = open_world(p), *b = open_world(p);
    assert_int_equal(sim_enter(a), 0);
    uint64_t begun = sim_now(a);
    assert_int_equal(sim_advance(a, 7 * SIM_SECOND), 0);
    sim_leave(a);
    assert_int_equal(sim_enter(b), 0);
    assert_int_equal(sim_now(b), begun + 7 * SIM_SECOND);
    sim_leave(b);
    assert_int_equal(sim_clock_write(name, begun + 9 * SIM_SECOND), 0);
    assert_int_equal(sim_enter(a), 0);
    assert_int_equal(sim_now(a), begun + 9 * SIM_SECOND);
    sim_leave(a);
    sim_world_free(a);
    sim_world_free(b);
    unlink(name);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(file_and_memory_tell_the_same_story),
        T(processes_share_one_world),
        T(killed_caller_frees_its_slot),
        T(kill_at_any_moment_leaves_a_whole_world),
        T(log_of_a_save_that_never_happened_is_cut),
        T(wrong_specification_is_named),
        T(clock_file_is_shared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
