/* What comes out where nobody looks at a terminal: text, JSON, progress lines, exit codes. */
#include "cli/spawn.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define IN(dir) "-c " DOCS "/" dir " "

static void
exit_codes_are_those_of_the_documents(void **state)
{
    (void)state;
    static const struct {
        const char *words;
        int code;
    } cases[] = {
        {IN("steady") "status", 0},
        {IN("steady") "status --exit-code", 0},
        {IN("broken") "status", 0},
        {IN("broken") "status --exit-code", 6},
        {IN("steady") "observe", 0},
        {IN("steady") "adopt erp", 3},
        {IN("steady") "config check", 2},
        {IN("steady") "plugin list", 0},
        {IN("steady") "plugin info netapp", 0},
        {IN("steady") "show record erp", 0},
        {IN("steady") "run list", 0},
        {IN("broken") "run show r-2", 0},
        {IN("steady") "run watch r-2", 0},
        {IN("broken") "run resume", 4},
        {IN("locked") "status", 7},
        {IN("locked") "promote erp --to rome --yes", 7},
        {IN("locked") "run watch r-2", 7},
        {IN("planned") "plan promote erp --to rome", 0},
        {IN("planned") "plan promote erp --to rome --exit-code", 10},
        {IN("planned") "promote erp --to rome --dry-run --exit-code", 10},
        {IN("steady") "plan promote erp --to rome --exit-code", 0},
        {IN("refused") "plan promote erp --to rome --exit-code", 3},
        {IN("refused") "promote erp --to rome --yes", 3},
        {IN("planned") "promote erp --to rome --yes", 0},
        {IN("planned") "apply " REPORT_CASES "/planned.json --yes", 0},
        {IN("planned") "status", 2}, /* no such document */
        {"explain R015", 0},
        {"version", 0},
        {"--version", 0},
    };
    for (size_t i = 0; i < DR_COUNT(cases); i++) {
        dr_auto(spawn_free) struct spawned s = spawn_run(cases[i].words, NULL);
        if (s.code != cases[i].code)
            fail_msg("drstor %s: exit %d, not %d: %s", cases[i].words, s.code, cases[i].code,
                     s.err);
    }
}

static void
questions_without_a_terminal_are_refusals(void **state)
{
    (void)state;
    dr_auto(spawn_free) struct spawned s = spawn_run(IN("planned") "promote erp --to rome", NULL);
    assert_int_equal(s.code, 3);
    assert_string_equal(s.err,
                        "drstor: nobody can be asked here whether to go on, so give --yes\n");
    dr_auto(spawn_free) struct spawned y =
        spawn_run(IN("loss") "promote erp --to rome --unplanned --yes", NULL);
    assert_int_equal(y.code, 3);
    assert_string_equal(y.err,
                        "drstor: up to 42 s of data of erp is lost; nobody can be asked here, so "
                        "give --accept-loss 42s\n");
}

static void
progress_is_one_line_per_event_on_stderr(void **state)
{
    (void)state;
    dr_auto(spawn_free) struct spawned s =
        spawn_run(IN("planned") "promote erp --to rome --yes", NULL);
    assert_int_equal(s.code, 0);
    assert_string_equal(
        s.err, "run r-1: planned promote of erp, crm to rome (times are UTC)\n"
               "14:03:22 erp  presync   started (expected 12 s)\n"
               "14:03:30 erp  presync   progress: 40 %\n"
               "14:03:34 erp  presync   done (12 s)\n"
               "14:03:34 erp  promote   started (expected 3 s)\n"
               "14:03:35 erp  promote   waiting: array ontap-rome: busy ?[31m; asking again\n"
               "14:03:36 erp  promote   done (2 s)\n"
               "14:04:40 erp  stage     up: VM db1 runs\n"
               "14:04:41 run  r-1       done: erp is served from rome\n");
    assert_int_equal(strncmp(s.out, "done: ", 6), 0);
    dr_auto(spawn_free) struct spawned q =
        spawn_run(IN("planned") "promote erp --to rome --yes -q", NULL);
    assert_string_equal(q.err, "");
    dr_auto(spawn_free) struct spawned w = spawn_run(IN("steady") "run watch r-2", NULL);
    assert_non_null(strstr(w.err, "14:03:30 erp  presync   done (8 s)\n"));
}

static void
jsonl_is_every_event_and_the_report_last(void **state)
{
    (void)state;
    dr_auto(spawn_free) struct spawned s =
        spawn_run(IN("planned") "promote erp --to rome --yes -o jsonl", NULL);
    assert_int_equal(s.code, 0);
    assert_string_equal(s.err, "");
    size_t n = 0;
    bool report = false;
    for (char *save = NULL, *l = strtok_r(s.out, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
        report = strstr(l, "\"result\":\"done\"") != NULL;
        assert_true(*l == '{' && (report || strstr(l, "\"seq\":")));
        n++;
    }
    assert_int_equal(n, 9);
    assert_true(report);
    dr_auto(spawn_free) struct spawned w = spawn_run(IN("steady") "run watch r-2 -o jsonl", NULL);
    assert_int_equal(w.code, 0);
    assert_int_equal(strncmp(w.out, "{\"run\":\"r-2\",\"seq\":1,", 21), 0);
}

static void
failures_are_a_sentence_and_for_scripts_a_document(void **state)
{
    (void)state;
    dr_auto(spawn_free) struct spawned s =
        spawn_run(IN("locked") "promote erp --to rome -o json", NULL);
    assert_string_equal(
        s.err, "drstor: group erp is locked by alice on rome-1, run r-2\n  drstor run watch r-2\n");
    assert_string_equal(
        s.out, "{\"api\":\"drstor/v1\",\"result\":\"failed\",\"exit\":7,\"text\":\"group erp is "
               "locked by alice on rome-1, run r-2\",\"hint\":\"drstor run watch r-2\"}\n");
    dr_auto(spawn_free) struct spawned c =
        spawn_run(IN("steady") "status --columns group,prinary", NULL);
    assert_int_equal(c.code, 2);
    assert_string_equal(c.err,
                        "drstor: there is no column \"prinary\"\n  did you mean \"primary\"?\n");
}

static void
columns_and_verbosity_choose_what_is_shown(void **state)
{
    (void)state;
    dr_auto(spawn_free) struct spawned s =
        spawn_run(IN("steady") "status --columns group,epoch", NULL);
    assert_string_equal(s.out, "GROUP  EPOCH\nerp        4\ncrm        1\n");
    dr_auto(spawn_free) struct spawned v = spawn_run(IN("steady") "status -v", NULL);
    assert_non_null(strstr(v.out, "volumes at rome:"));
    dr_auto(spawn_free) struct spawned j = spawn_run(IN("steady") "status -o json", NULL);
    assert_int_equal(strncmp(j.out, "{\"api\":\"drstor/v1\",\"groups\":[", 29), 0);
}

static void
a_plan_is_kept_whole_and_private(void **state)
{
    (void)state;
    char dir[] = "/tmp/drstor-cli-XXXXXX", words[512], path[64];
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof(path), "%s/plan.json", dir);
    (void)snprintf(words, sizeof(words), IN("planned") "plan promote erp --to rome -O %s", path);
    mode_t before = umask(0);
    dr_auto(spawn_free) struct spawned s = spawn_run(words, NULL);
    (void)umask(before);
    assert_int_equal(s.code, 0);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    (void)snprintf(words, sizeof(words), IN("planned") "apply %s --yes -q -o json", path);
    dr_auto(spawn_free) struct spawned a = spawn_run(words, NULL);
    assert_int_equal(a.code, 0);
    assert_int_equal(unlink(path), 0);

    (void)snprintf(words, sizeof(words), IN("refused") "plan promote erp --to rome -O %s", path);
    dr_auto(spawn_free) struct spawned r = spawn_run(words, NULL);
    assert_int_equal(r.code, 3);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(rmdir(dir), 0); /* nothing temporary is left */

    dr_auto(spawn_free) struct spawned n =
        spawn_run(IN("planned") "plan promote erp --to rome -q -O /nowhere/plan.json", NULL);
    assert_int_equal(n.code, 1);
    assert_string_equal(n.err,
                        "drstor: cannot write /nowhere/plan.json: No such file or directory\n");
    dr_auto(spawn_free) struct spawned o =
        spawn_run(IN("planned") "plan promote erp --to rome -O -", NULL);
    assert_int_equal(*o.out, '{');
}

static int
shell(const char *script)
{
    char *all = NULL;
    assert_true(asprintf(&all, "bash -c '%s'", script) > 0);
    int status = system(all); /* NOLINT: a test of shells */
    free(all);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
a_reader_that_goes_away_stops_nothing(void **state)
{
    (void)state;
    assert_int_equal(
        shell(DRSTOR " " IN("planned") "promote erp --to rome --yes -o jsonl 2>/dev/null | head -1 "
                                       ">/dev/null; exit ${PIPESTATUS[0]}"),
        0);
    assert_int_equal(shell("{ " DRSTOR
                           " " IN("steady") "status 2>&1 >&3 3>&-; exit $?; } 3> >(exit 0) | cat; "
                                            "exit ${PIPESTATUS[0]}"),
                     0);
}

static void
results_that_cannot_be_written_are_a_failure(void **state)
{
    (void)state;
    assert_int_equal(shell(DRSTOR " " IN("steady") "status >/dev/full 2>/dev/null"), 1);
    assert_int_equal(shell(DRSTOR " " IN("steady") "status >&- 2>/dev/null"), 1);
    assert_int_equal(shell(DRSTOR " --help >&-  2>&-"), 1);
    assert_int_equal(shell(DRSTOR " " IN("broken") "run resume >/dev/full 2>/dev/null"), 4);
    assert_int_equal(shell(DRSTOR " " IN("steady") "status <&- >/dev/null 2>&-"), 0);
}

static pid_t
start_slow(void)
{
    dr_auto(dr_freep) char *copy = NULL;
    dr_auto(dr_freep) char **argv =
        spawn_words(IN("slow") "promote erp --to rome --yes -o jsonl", NULL, &copy);
    pid_t pid = fork();
    if (pid == 0) {
        if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
            _exit(126);
        (void)execv(DRSTOR, argv);
        _exit(127);
    }
    struct timespec t = {.tv_sec = 1};
    (void)nanosleep(&t, NULL);
    return pid;
}

static void
sigterm_stops_in_order(void **state)
{
    (void)state;
    pid_t pid = start_slow();
    int status;
    assert_int_equal(kill(pid, SIGTERM), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 130);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exit_codes_are_those_of_the_documents),
        cmocka_unit_test(questions_without_a_terminal_are_refusals),
        cmocka_unit_test(progress_is_one_line_per_event_on_stderr),
        cmocka_unit_test(jsonl_is_every_event_and_the_report_last),
        cmocka_unit_test(failures_are_a_sentence_and_for_scripts_a_document),
        cmocka_unit_test(columns_and_verbosity_choose_what_is_shown),
        cmocka_unit_test(a_plan_is_kept_whole_and_private),
        cmocka_unit_test(a_reader_that_goes_away_stops_nothing),
        cmocka_unit_test(results_that_cannot_be_written_are_a_failure),
        cmocka_unit_test(sigterm_stops_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
