/* Programs run for us: what they are given, how they may end, and that nothing of them is left. */
#include "net/program.h"

#include "base/mem.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char shell[] = "/usr/bin/dash";

struct ran {
    int status;
    struct dr_program_end end;
    struct drstor_error *err;
};

static struct ran
run_for(const char *const *words, size_t n, const char *in, size_t n_in, uint64_t ms, size_t most)
{
    struct ran r = {0};
    const struct dr_program p = {.run = words,
                                 .n_run = n,
                                 .in = in,
                                 .n_in = n_in,
                                 .out_most = most,
                                 .deadline_ns = dr_now_ns(dr_env_real()) + ms * DR_MS};
    r.status = dr_program_run(dr_env_real(), &p, &r.end, &r.err);
    return r;
}

static struct ran
script(const char *text, const char *in)
{
    const char *const words[] = {shell, "-c", text};
    return run_for(words, 3, in, in ? strlen(in) : 0, 60000, 1 << 20);
}

static void
done(struct ran *r)
{
    dr_program_end_clear(&r->end);
    dr_error_free(r->err);
}

static void
it_reads_what_it_is_given_and_says_how_it_ends(void **state)
{
    (void)state;
    struct ran r =
        script("read -r a; echo \"got $a\"; echo first >&2; echo last >&2; exit 3", "x\n");
    assert_int_equal(r.status, DRSTOR_OK);
    assert_int_equal(r.end.code, 3);
    assert_string_equal(r.end.out, "got x\n");
    assert_string_equal(r.end.words, "last");
    done(&r);
}

static void
much_in_and_much_out_do_not_wait_for_each_other(void **state)
{
    (void)state;
    enum { MUCH = 3 << 20 };
    const char *const words[] = {"/usr/bin/cat"};
    char *in = dr_alloc0(MUCH + 1, 1);
    memset(in, 'x', MUCH);
    struct ran r = run_for(words, 1, in, MUCH, 60000, MUCH);
    assert_int_equal(r.status, DRSTOR_OK);
    assert_int_equal(r.end.n_out, MUCH);
    assert_memory_equal(r.end.out, in, MUCH);
    done(&r);
    free(in);
}

static void
one_that_does_not_read_is_no_harm(void **state)
{
    (void)state;
    enum { MUCH = 1 << 20 };
    const char *const words[] = {"/usr/bin/true"};
    char *in = dr_alloc0(MUCH + 1, 1);
    struct ran r = run_for(words, 1, in, MUCH, 60000, 16);
    assert_int_equal(r.status, DRSTOR_OK);
    assert_int_equal(r.end.code, 0);
    done(&r);
    free(in);
}

static void
arguments_are_no_shell_words(void **state)
{
    (void)state;
    const char *const words[] = {"/usr/bin/printf", "%s", "$HOME; exit 1 `id` *"};
    struct ran r = run_for(words, 3, NULL, 0, 60000, 1000);
    assert_string_equal(r.end.out, "$HOME; exit 1 `id` *");
    done(&r);
}

static void
nothing_of_ours_is_in_its_environment_or_open(void **state)
{
    (void)state;
    assert_int_equal(setenv("OF_OURS", "1", 1), 0);
    int fd = open("/dev/null", O_RDONLY); // NOLINT: not close-on-exec on purpose
    struct ran r =
        script("env | sort | cut -d= -f1 | tr '\\n' ' '; ls /proc/self/fd | wc -l", NULL);
    assert_true(fd > 2);
    (void)close(fd);
    assert_int_equal(r.status, DRSTOR_OK);
    assert_null(strstr(r.end.out, "OF_OURS"));
    assert_non_null(strstr(r.end.out, "PATH"));
    /* 0, 1, 2, and the one that ls lists with. */
    assert_string_equal(strrchr(r.end.out, ' ') + 1, "4\n");
    done(&r);
}

static void
one_that_hangs_is_ended_with_all_it_began(void **state)
{
    (void)state;
    char path[] = "/tmp/drstor-program-XXXXXX", command[256], text[32] = "";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    (void)snprintf(command, sizeof(command), "sleep 600 & echo $! >%s; wait", path);
    const char *const words[] = {shell, "-c", command};
    struct ran r = {0};
    pid_t pid = 0;
    /* On a busy machine it may be ended before it has begun the other. */
    for (uint64_t ms = 200; pid == 0 && ms < 60000; ms *= 2) {
        done(&r);
        r = run_for(words, 3, NULL, 0, ms, 1000);
        if (pread(fd, text, sizeof(text) - 1, 0) > 0)
            pid = (pid_t)strtol(text, NULL, 10);
    }
    assert_int_equal(r.status, DRSTOR_E_UNKNOWN);
    assert_non_null(strstr(dr_error_message(r.err), "did not end in time"));
    assert_true(pid > 0);
    /* Killed; whoever ends and reaps it may be late. */
    char stat[64], word[512] = "";
    (void)snprintf(stat, sizeof(stat), "/proc/%d/stat", (int)pid);
    for (bool alive = true; alive; (void)poll(NULL, 0, alive ? 10 : 0)) {
        int proc = open(stat, O_RDONLY | O_CLOEXEC);
        alive = proc >= 0 && read(proc, word, sizeof(word) - 1) > 0 && !strstr(word, ") Z") &&
                !strstr(word, ") X");
        if (proc >= 0)
            (void)close(proc);
    }
    (void)close(fd);
    (void)unlink(path);
    done(&r);
}

static void
one_that_says_too_much_is_ended(void **state)
{
    (void)state;
    const char *const words[] = {"/usr/bin/yes"};
    struct ran r = run_for(words, 1, NULL, 0, 60000, 100000);
    assert_int_equal(r.status, DRSTOR_E_UNKNOWN);
    assert_non_null(strstr(dr_error_message(r.err), "said more than 100000 bytes"));
    done(&r);
}

static void
one_that_dies_of_a_signal_is_not_known_to_have_done_anything(void **state)
{
    (void)state;
    struct ran r = script("echo before >&2; kill -SEGV $$", NULL);
    assert_int_equal(r.status, DRSTOR_E_UNKNOWN);
    assert_non_null(strstr(dr_error_message(r.err), "signal 11"));
    done(&r);
}

static void
a_cancel_ends_it(void **state)
{
    (void)state;
    const char *const words[] = {"/usr/bin/sleep", "600"};
    struct dr_cancel cancel = {0};
    dr_cancel_now(dr_env_real(), &cancel);
    const struct dr_program p = {
        .run = words, .n_run = 2, .deadline_ns = UINT64_MAX, .cancel = &cancel};
    struct dr_program_end end;
    assert_int_equal(dr_program_run(dr_env_real(), &p, &end, NULL), DRSTOR_E_CANCELLED);
}

static struct ran
file_with(unsigned mode, const char *text)
{
    char path[] = "/tmp/drstor-program-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    (void)close(fd);
    const char *const words[] = {path};
    struct ran r = run_for(words, 1, NULL, 0, 60000, 1000);
    (void)unlink(path);
    return r;
}

static void
what_cannot_be_trusted_or_run_is_not_begun(void **state)
{
    (void)state;
    static const char good[] = "#!/usr/bin/dash\necho hello\n";
    struct ran r = file_with(0755, good);
    assert_int_equal(r.status, DRSTOR_OK);
    assert_string_equal(r.end.out, "hello\n");
    done(&r);
    r = file_with(0777, good);
    assert_int_equal(r.status, DRSTOR_E_INVALID);
    assert_non_null(strstr(dr_error_message(r.err), "can be written by others"));
    done(&r);
    r = file_with(0644, good);
    assert_int_equal(r.status, DRSTOR_E_INVALID);
    assert_non_null(strstr(dr_error_message(r.err), "not executable"));
    done(&r);
    const char *const relative[] = {"true"}, *const absent[] = {"/nowhere/at/all"};
    r = run_for(relative, 1, NULL, 0, 1000, 10);
    assert_int_equal(r.status, DRSTOR_E_INVALID);
    done(&r);
    r = run_for(absent, 1, NULL, 0, 1000, 10);
    assert_int_equal(r.status, DRSTOR_E_INVALID);
    done(&r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_reads_what_it_is_given_and_says_how_it_ends),
        cmocka_unit_test(much_in_and_much_out_do_not_wait_for_each_other),
        cmocka_unit_test(one_that_does_not_read_is_no_harm),
        cmocka_unit_test(arguments_are_no_shell_words),
        cmocka_unit_test(nothing_of_ours_is_in_its_environment_or_open),
        cmocka_unit_test(one_that_hangs_is_ended_with_all_it_began),
        cmocka_unit_test(one_that_says_too_much_is_ended),
        cmocka_unit_test(one_that_dies_of_a_signal_is_not_known_to_have_done_anything),
        cmocka_unit_test(a_cancel_ends_it),
        cmocka_unit_test(what_cannot_be_trusted_or_run_is_not_begun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
