/*
 * The life of a plugin's process: what a caller is told when it dies, hangs or talks nonsense, that
 * the next call finds a new one, what it may know, and that it never outlives who began it.
 */
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "plugin/loader.h"
#include "plugin/shim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PASSWORD "canary-password"
#define KEY "canary-key"
#define TOKEN "canary-token"
#define PIN "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = true };
#else
enum { SANITIZED = false };
#endif

static unsigned fit, cases_total;
static uint64_t call_us;

static const char *groups[] = {"erp"};

static struct dr_array_handle *
wild(const char *mode, const struct dr_access_point *at, struct drstor_error **err)
{
    struct dr_plugin *p = NULL;
    struct dr_array_handle *h = NULL;
    struct dr_secret *token = dr_secret_new(TOKEN, strlen(TOKEN));
    const struct dr_setting settings[] = {{.key = "mode", .value = mode},
                                          {.key = "token", .secret = token}};
    const struct dr_array_open how = {.array = "a1",
                                      .site = "rome",
                                      .settings = settings,
                                      .n_settings = 2,
                                      .at = at,
                                      .grace_ns = 50 * DR_MS};
    if (dr_plugin_load(TEST_PLUGINS, "wild", &p, err) == DRSTOR_OK)
        (void)dr_array_open(dr_env_real(), p, &how, &h, err);
    dr_secret_free(token);
    return h;
}

static struct dr_array_handle *
open_wild(const char *mode)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_array_handle *h = wild(mode, NULL, &err);
    if (!h)
        print_message("%s\n", dr_error_message(err));
    assert_non_null(h);
    return h;
}

static struct dr_call
call_of(enum dr_array_op op, uint64_t ns)
{
    return (struct dr_call){.operation = op,
                            .deadline_ns = dr_now_ns(dr_env_real()) + ns,
                            .groups = groups,
                            .n_groups = 1,
                            .group = "erp",
                            .op = "op-1",
                            .access_wanted = DRSTOR_ACCESS_READ_WRITE};
}

/* The process that answers now; 0: none does. */
static pid_t
who(struct dr_array_handle *h)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    const struct dr_call call = call_of(DR_ARRAY_OP_DISCOVER, 60 * DR_S);
    struct dr_reply reply;
    if (dr_array_call(h, &call, NULL, a, &reply) < 0 || reply.n_views != 1) {
        print_message("%s\n", reply.error ? reply.error : "no view");
        return 0;
    }
    return (pid_t)strtol(reply.views[0].generation, NULL, 10);
}

static bool
gone(pid_t pid)
{
    return kill(pid, 0) < 0 && errno == ESRCH;
}

static void
no_log(enum drstor_log_level level, const char *line, void *user)
{
    (void)level, (void)line, (void)user;
}

/* ---- ways to die ----------------------------------------------------------------------------- */

struct death {
    const char *mode;
    bool waits; /* ends by the call's deadline */
};

static const struct death deaths[] = {
    {"abort", false},    {"fault", false},     {"term", false},      {"rubbish", false},
    {"too-long", false}, {"half-head", false}, {"half-body", false}, {"long-log", false},
    {"asks", false},     {"unasked", false},   {"words", false},     {"memory", false},
    {"empty", false},    {"nonsense", false},  {"no-socket", true},  {"end-thread", true},
    {"hang", true},
};

static bool
dies_as_it_should(const struct death *d, enum dr_array_op op)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    dr_auto(dr_array_closep) struct dr_array_handle *h = open_wild(d->mode);
    pid_t before = who(h);
    const struct dr_call call = call_of(op, d->waits ? 200 * DR_MS : 60 * DR_S);
    struct dr_reply reply;
    int r = dr_array_call(h, &call, NULL, a, &reply);
    bool change = op == DR_ARRAY_OP_SET_ACCESS;
    bool good = r == (change ? DRSTOR_E_UNKNOWN : DRSTOR_E_UNREACHABLE) &&
                reply.outcome == DRSTOR_OUTCOME_UNKNOWN && reply.sent && !reply.n_views;
    good = good && gone(before);
    pid_t after = who(h);
    good = good && after && after != before && !dr_array_stuck(h);
    if (!good)
        print_message("%s, %s: %s, outcome %d, before %d%s, after %d: %s\n", d->mode,
                      change ? "change" : "read", dr_status_name(r), (int)reply.outcome, before,
                      gone(before) ? " (gone)" : "", after, reply.error ? reply.error : "");
    return good;
}

static void
however_it_dies_the_next_call_finds_a_new_one(void **state)
{
    (void)state;
    unsigned good = 0, n = 0;
    for (size_t i = 0; i < DR_COUNT(deaths); i++) {
        if (SANITIZED && dr_streq(deaths[i].mode, "memory"))
            continue; /* no bound on memory there */
        good += dies_as_it_should(&deaths[i], DR_ARRAY_OP_OBSERVE);
        good += dies_as_it_should(&deaths[i], DR_ARRAY_OP_SET_ACCESS);
        n += 2;
    }
    fit += good;
    cases_total += n;
    assert_int_equal(good, n);
}

static void
one_that_dies_in_open_is_an_array_that_cannot_be_opened(void **state)
{
    (void)state;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    assert_null(wild("open-crash", NULL, &err));
    assert_non_null(strstr(dr_error_message(err), "plugin wild ended during open"));
}

static void
one_that_was_killed_between_calls_costs_nothing(void **state)
{
    (void)state;
    dr_auto(dr_array_closep) struct dr_array_handle *h = open_wild("hang");
    pid_t before = who(h), after;
    for (int i = 0; i < 5; i++) {
        dr_auto(dr_closep) int pidfd = pidfd_open(before, 0);
        struct pollfd end = {pidfd, POLLIN, 0};
        assert_int_equal(kill(before, SIGKILL), 0);
        assert_int_equal(poll(&end, 1, 60 * 1000), 1);
        after = who(h);
        assert_true(after > 0 && after != before);
        before = after;
    }
}

/* ---- what it holds, and what it knows -------------------------------------------------------- */

static char *
proc_text(pid_t pid, const char *name)
{
    char path[64], some[4096];
    struct dr_str text = {0};
    (void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
    dr_auto(dr_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    for (ssize_t n; fd >= 0 && (n = read(fd, some, sizeof(some))) > 0;)
        for (ssize_t i = 0; i < n; i++)
            dr_str_printf(&text, "%c", some[i] ? some[i] : '\n');
    return text.s ? dr_str_take(&text) : dr_strdup("");
}

static void
secrets_are_on_no_command_line_and_in_no_environment(void **state)
{
    (void)state;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_secret *password = dr_secret_new(PASSWORD, strlen(PASSWORD));
    struct dr_secret *key = dr_secret_new(KEY, strlen(KEY));
    const char *urls[] = {"https://array"};
    const struct dr_access_point at = {
        .urls = urls, .n_urls = 1, .pin = PIN, .user = "u", .password = password, .key = key};
    assert_int_equal(setenv("CANARY", "canary-ours", 1), 0);    // NOLINT(concurrency-mt-unsafe)
    assert_int_equal(setenv("SSH_AUTH_SOCK", "/canary", 1), 0); // NOLINT(concurrency-mt-unsafe)
    struct dr_array_handle *h = wild("hang", &at, &err);
    if (!h)
        print_message("%s\n", dr_error_message(err));
    assert_non_null(h);
    pid_t pid = who(h);
    dr_auto(dr_freep) char *line = proc_text(pid, "cmdline");
    dr_auto(dr_freep) char *environment = proc_text(pid, "environ");
    assert_non_null(strstr(line, "drstor-worker\nwild\na1\n"));
    assert_null(strstr(line, "canary"));
    /* Not readable for others at all, as it cannot be dumped. */
    if (geteuid() == 0)
        assert_string_equal(environment, "LC_ALL=C.UTF-8\n");
    else
        assert_string_equal(environment, "");
    dr_array_close(h);
    assert_true(gone(pid));
    (void)unsetenv("CANARY");        // NOLINT(concurrency-mt-unsafe)
    (void)unsetenv("SSH_AUTH_SOCK"); // NOLINT(concurrency-mt-unsafe)
    dr_secret_free(password);
    dr_secret_free(key);
}

/* Is the file behind FD open in PID? */
static bool
has_open(pid_t pid, int fd)
{
    char path[64];
    struct stat ours, theirs;
    bool found = false;
    assert_int_equal(fstat(fd, &ours), 0);
    (void)snprintf(path, sizeof(path), "/proc/%d/fd", pid);
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (struct dirent *e; (e = readdir(folder));) // NOLINT(concurrency-mt-unsafe)
        if (fstatat(dirfd(folder), e->d_name, &theirs, 0) == 0)
            found |= theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev;
    (void)closedir(folder);
    return found;
}

static int
temporary(void)
{
    char path[] = "/tmp/drstor-worker-XXXXXX";
    int fd = mkstemp(path); /* not closed on exec */
    assert_true(fd >= 0);
    (void)unlink(path);
    return fd;
}

static void
nothing_of_ours_is_open_there(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip(); /* a process that cannot be dumped shows its descriptors to root alone */
    dr_auto(dr_closep) int fd = temporary();
    dr_auto(dr_array_closep) struct dr_array_handle *h = open_wild("hang");
    pid_t pid = who(h);
    assert_true(has_open(getpid(), fd));
    assert_false(has_open(pid, fd));
}

static void
a_lock_stays_until_the_process_is_gone_or_told(void **state)
{
    (void)state;
    char path[] = "/tmp/drstor-worker-XXXXXX";
    int fd = mkostemp(path, O_CLOEXEC);
    dr_auto(dr_closep) int other = open(path, O_RDWR | O_CLOEXEC);
    (void)unlink(path);
    assert_true(fd >= 0 && other >= 0);
    dr_auto(dr_array_closep) struct dr_array_handle *h = open_wild("hang");
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    dr_array_hold(h, fd);
    assert_true(who(h) > 0); /* it has taken it */
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    assert_int_equal(flock(copy, LOCK_EX | LOCK_NB), 0);
    (void)close(copy);

    /* A process begun anew holds it before it is asked. */
    pid_t pid = who(h);
    assert_int_equal(kill(pid, SIGKILL), 0);
    pid_t next = who(h);
    while (next == pid || next == 0) /* what was asked of a dying one */
        next = who(h);
    if (geteuid() == 0)
        assert_true(has_open(next, fd));
    dr_array_drop(h, fd);
    assert_true(who(h) > 0);
    if (geteuid() == 0)
        assert_false(has_open(next, fd));
    dr_array_hold(h, fd);
    assert_true(who(h) > 0);
    (void)close(fd);
    assert_int_equal(flock(other, LOCK_EX | LOCK_NB), -1);
    assert_int_equal(errno, EWOULDBLOCK);
    dr_array_close(h);
    h = NULL;
    assert_int_equal(flock(other, LOCK_EX | LOCK_NB), 0);
}

/* ---- who began it ---------------------------------------------------------------------------- */

/* A controller in the middle of a change; says on OUT which worker works for it. */
static void __attribute__((noreturn)) controller(int out, int lock)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_array_handle *h = open_wild("hang");
    dr_array_hold(h, lock);
    pid_t pid = who(h);
    if (write(out, &pid, sizeof(pid)) != sizeof(pid))
        _exit(1);
    const struct dr_call call = call_of(DR_ARRAY_OP_SET_ACCESS, 600 * DR_S);
    struct dr_reply reply;
    (void)dr_array_call(h, &call, NULL, a, &reply);
    _exit(0);
}

static void
it_never_outlives_who_began_it(void **state)
{
    (void)state;
    char path[] = "/tmp/drstor-worker-XXXXXX";
    int fd = mkostemp(path, O_CLOEXEC), out[2];
    dr_auto(dr_closep) int other = open(path, O_RDWR | O_CLOEXEC);
    (void)unlink(path);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    pid_t parent = fork(), worker = 0;
    if (parent == 0)
        controller(out[1], fd);
    (void)close(fd);
    assert_int_equal(read(out[0], &worker, sizeof(worker)), sizeof(worker));
    assert_int_equal(flock(other, LOCK_EX | LOCK_NB), -1);
    assert_int_equal(kill(parent, SIGKILL), 0);
    assert_int_equal(waitpid(parent, NULL, 0), parent);
    assert_int_equal(flock(other, LOCK_EX), 0); /* free when the last of them is gone */
    assert_int_equal(waitpid(worker, NULL, 0), worker);
    (void)close(out[0]);
    (void)close(out[1]);
}

/* ---- a site that is lost --------------------------------------------------------------------- */

struct beside {
    struct dr_array_handle *h;
    struct dr_arena *arena;
    struct dr_reply reply;
    int status;
    struct dr_mailbox *box;
};

static void
change_beside(void *arg)
{
    struct beside *b = arg;
    const struct dr_call call = call_of(DR_ARRAY_OP_SET_ACCESS, 600 * DR_S);
    b->status = dr_array_call(b->h, &call, NULL, b->arena, &b->reply);
    dr_mailbox_post(b->box, b);
}

static void
what_is_cut_ends_and_nothing_follows(void **state)
{
    (void)state;
    struct dr_env *env = dr_env_real();
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    dr_auto(dr_array_closep) struct dr_array_handle *h = open_wild("hang");
    pid_t pid = who(h);
    struct beside b = {.h = h, .arena = a, .box = dr_mailbox_new(env)};
    dr_spawn(env, change_beside, &b);
    dr_array_cut(h);
    assert_non_null(dr_mailbox_wait(b.box, dr_now_ns(env) + 300 * DR_S, NULL));
    /* Under way it is unknown; when the cut came first, it was never sent. */
    assert_int_equal(b.status, b.reply.sent ? DRSTOR_E_UNKNOWN : DRSTOR_E_UNREACHABLE);
    const struct dr_call look = call_of(DR_ARRAY_OP_DISCOVER, 60 * DR_S);
    struct dr_reply reply;
    assert_true(dr_array_call(h, &look, NULL, a, &reply) < 0);
    assert_false(reply.sent);
    dr_array_close(h);
    h = NULL;
    assert_true(gone(pid));
    dr_mailbox_free(b.box);
}

/* ---- what it costs --------------------------------------------------------------------------- */

static void
a_call_costs_little(void **state)
{
    (void)state;
    enum { CALLS = 200 };
    dr_auto(dr_array_closep) struct dr_array_handle *h = open_wild("hang");
    assert_true(who(h) > 0);
    uint64_t begin = dr_now_ns(dr_env_real());
    for (int i = 0; i < CALLS; i++)
        assert_true(who(h) > 0);
    call_us = (dr_now_ns(dr_env_real()) - begin) / CALLS / 1000;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_never_outlives_who_began_it), /* forks, so before there are threads */
        cmocka_unit_test(however_it_dies_the_next_call_finds_a_new_one),
        cmocka_unit_test(one_that_dies_in_open_is_an_array_that_cannot_be_opened),
        cmocka_unit_test(one_that_was_killed_between_calls_costs_nothing),
        cmocka_unit_test(secrets_are_on_no_command_line_and_in_no_environment),
        cmocka_unit_test(nothing_of_ours_is_open_there),
        cmocka_unit_test(a_lock_stays_until_the_process_is_gone_or_told),
        cmocka_unit_test(what_is_cut_ends_and_nothing_follows),
        cmocka_unit_test(a_call_costs_little),
    };
    dr_log_sink(no_log, NULL); /* each death is told, and one says a megabyte */
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    printf("figure worker_cases %u of %u\n", fit, cases_total);
    printf("figure worker_call_us %llu\n", (unsigned long long)call_us);
    return failed || cases_total < 30;
}
