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
        {IN("steady") "trust show", 0},
        {IN("broken") "trust show drbd-rome", 9},
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
        {IN("planned") "failback erp --yes", 0},
        {IN("planned") "demote erp --at milan --yes", 0},
        {IN("planned") "reprotect erp --yes", 0},
        {IN("planned") "drill start erp --yes", 0},
        {IN("planned") "drill promote erp --yes", 0},
        {IN("planned") "drill clean erp --yes", 0},
        {IN("planned") "suspend erp --yes", 0},
        {IN("planned") "resume erp --yes", 0},
        {IN("planned") "failback erp", 3}, /* nobody can be asked */
        {IN("replication") "sync erp", 0}, /* nothing is asked */
        {IN("planned") "plan sync erp --exit-code", 10},
        {IN("planned") "plan drill clean erp --exit-code", 10},
        {IN("refused") "plan reprotect erp", 3},
        {IN("locked") "failback erp --yes", 7},
        {IN("steady") "verify --all", 6},
        {IN("steady") "verify crm --probe", 0},
        {IN("locked") "verify crm", 7},
        {IN("steady") "check", 6},
        {IN("steady") "check crm", 6},
        {IN("locked") "check", 7},
        {IN("steady") "rhv map check", 6},
        {IN("steady") "rhv map generate", 0},
        {IN("steady") "config generate", 0},
        {"rhv map import " DOCS "/steady", 0}, /* a file needs no installation */
        {"rhv map import " DOCS "/altered", 2},
        {IN("kept") "guard --site milan --once", 0},
        {IN("broken") "guard --site milan --once", 2}, /* no such document */
        {IN("steady") "takeover --declare site-lost:milan --reason fire", 0},
        {IN("locked") "takeover --declare site-lost:milan --reason fire", 7},
        {IN("steady") "run abort r-2", 5},
        {IN("steady") "run abort r-none", 2},
        {IN("steady") "run report r-2", 0},
        {IN("broken") "run report r-2", 0},
        {IN("steady") "journal verify", 0},
        {"journal verify " DOCS "/altered", 6}, /* a file needs no installation */
        {"journal verify", 2},
        {IN("locked") "journal export -O /dev/null.nowhere/x", 1},
        {IN("steady") "journal export", 0},
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

#define HEAD_5 "5:" HEX_16 HEX_16 HEX_16 HEX_16
#define HEX_16 "0123456789abcdef"

static void
the_journal_is_proven_and_exported(void **state)
{
    (void)state;
    char dir[] = "/tmp/drstor-cli-XXXXXX", words[512], path[64];
    dr_auto(dr_freep) char *text = NULL;
    struct stat st;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof(path), "%s/journal.jsonl", dir);
    (void)snprintf(words, sizeof(words), IN("steady") "journal export -O %s", path);
    dr_auto(spawn_free) struct spawned e = spawn_run(words, NULL);
    assert_int_equal(e.code, 0);
    assert_string_equal(e.out, "");
    assert_non_null(strstr(e.err, "3 lines in "));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(dr_file_read(path, 4096, &text, NULL, NULL), DRSTOR_OK);
    dr_auto(spawn_free) struct spawned o = spawn_run(IN("steady") "journal export -q", NULL);
    assert_string_equal(o.out, text);
    assert_string_equal(o.err, "");
    assert_int_equal(unlink(path), 0);

    /* What can be read of a damaged store is kept, and the exit code tells of the damage. */
    (void)snprintf(words, sizeof(words), IN("locked") "journal export -O %s", path);
    dr_auto(spawn_free) struct spawned d = spawn_run(words, NULL);
    assert_int_equal(d.code, 7); /* as the document of the failure says */
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);

    dr_auto(spawn_free) struct spawned v = spawn_run(IN("steady") "journal verify", NULL);
    assert_non_null(strstr(v.out, "57 audit lines, all are as they were written\nhead 57:abab"));
    dr_auto(spawn_free) struct spawned a = spawn_run("journal verify " DOCS "/altered", NULL);
    assert_non_null(strstr(a.out, "NOT SOUND: line 23"));
    dr_auto(spawn_free) struct spawned h =
        spawn_run(IN("steady") "journal verify --head " HEAD_5 " -o json", NULL);
    assert_int_equal(h.code, 0);
    assert_non_null(strstr(h.out, "\"bad\":0"));
}

static void
the_page_of_a_run_is_a_file_and_nothing_else_gives_way_to_it(void **state)
{
    (void)state;
    char dir[] = "/tmp/drstor-test-XXXXXX", path[64], link[64], words[256];
    dr_auto(dr_freep) char *page = NULL;
    struct stat st;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof(path), "%s/run.html", dir);
    (void)snprintf(link, sizeof(link), "%s/link", dir);
    (void)snprintf(words, sizeof(words), IN("steady") "run report r-2 --html %s", path);
    dr_auto(spawn_free) struct spawned both = spawn_run(words, NULL);
    assert_int_equal(both.code, 0);
    assert_non_null(strstr(both.out, "STARTED")); /* shown as ever */
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(dr_file_read(path, 1 << 20, &page, NULL, NULL), DRSTOR_OK);
    assert_non_null(strstr(page, "</html>"));

    dr_auto(spawn_free) struct spawned only =
        spawn_run(IN("steady") "run show r-2 -o json --html -", NULL);
    assert_int_equal(only.code, 0);
    assert_int_equal(strncmp(only.out, page, strlen(only.out)), 0);

    assert_int_equal(symlink(path, link), 0);
    const char *const taken[] = {dir, link, "/dev/null", "/nowhere/run.html"};
    for (size_t i = 0; i < DR_COUNT(taken); i++) {
        (void)snprintf(words, sizeof(words), IN("steady") "run report r-2 --html %s", taken[i]);
        dr_auto(spawn_free) struct spawned t = spawn_run(words, NULL);
        assert_int_equal(t.code, 1);
        assert_non_null(strstr(t.err, "drstor: cannot write "));
    }
    assert_int_equal(lstat(link, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(stat("/dev/null", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
    assert_int_equal(unlink(link), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0); /* nothing half written is left */
}

static void
a_guard_tells_what_it_finds_and_ends_with_a_signal(void **state)
{
    (void)state;
    dr_auto(spawn_free) struct spawned s =
        spawn_run(IN("kept") "guard --site milan --interval 5s -o json", NULL);
    assert_int_equal(s.code, 0);
    assert_string_equal(s.err, "14:03:22 erp  held: was writable at milan: demoted, read back\n"
                               "14:03:27 warehouse  unknown: array ontap-milan does not answer\n");
    assert_non_null(strstr(s.out, "\"interval_ms\":5000,\"once\":false"));
    assert_non_null(strstr(s.out, "\"site\":\"milan\""));
    dr_auto(spawn_free) struct spawned l =
        spawn_run(IN("kept") "guard --site milan --once -o jsonl", NULL);
    assert_string_equal(l.err, "");
    assert_int_equal(strncmp(l.out, "{\"seq\":1,", 9), 0);
    assert_non_null(strstr(l.out, "\n{\"api\":\"drstor/v1\""));
    dr_auto(spawn_free) struct spawned q = spawn_run(IN("kept") "guard --site milan -q", NULL);
    assert_string_equal(q.err, "");
    assert_int_equal(strncmp(q.out, "site milan: 12 polls", 20), 0);
}

static void
documents_of_the_rare_verbs_have_their_text(void **state)
{
    (void)state;
    static const struct {
        const char *words, *says, *member;
    } docs[] = {
        {IN("steady") "verify --all", "NO       the witness", "\"verdict\":\"dual-unverified\""},
        {IN("steady") "check", "warehouse: NOT READY, 1 of 2 checks hold", "\"ready\":false"},
        {IN("steady") "rhv map check", "vars.yml:7:3: wrong M03:", "\"findings\":["},
        {IN("steady") "rhv map generate", "dr_cluster_mappings:\n", "\"yaml\":"},
        {IN("steady") "run abort r-2", "not known, look at it:", "\"undone\":["},
        {IN("steady") "takeover --declare site-lost:milan --reason fire",
         "active: controller rome-1", "\"declared\":\"site-lost:milan\",\"reason\":\"fire\""},
        {IN("steady") "run report r-2", "STARTED", "\"steps\":["},
        {IN("steady") "run show r-2", "STARTED", "\"steps\":["},
        {IN("broken") "trust show", "changed: /etc/drstor/known_hosts has another key",
         "\"state\":\"changed\""},
        {IN("steady") "journal verify", "head 57:", "\"head\":{\"seq\":57,"},
    };
    for (size_t i = 0; i < DR_COUNT(docs); i++) {
        char words[512];
        dr_auto(spawn_free) struct spawned t = spawn_run(docs[i].words, NULL);
        if (!strstr(t.out, docs[i].says))
            fail_msg("drstor %s: %s", docs[i].words, t.out);
        (void)snprintf(words, sizeof(words), "%s -o json", docs[i].words);
        dr_auto(spawn_free) struct spawned j = spawn_run(words, NULL);
        assert_int_equal(j.code, t.code);
        if (!strstr(j.out, docs[i].member))
            fail_msg("drstor %s: %s", words, j.out);
    }
}

static void
a_proposal_never_takes_the_place_of_a_file(void **state)
{
    (void)state;
    char path[] = "/tmp/drstor-cli-proposal.XXXXXX", words[256];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "mine", 4), 4);
    (void)close(fd);
    (void)snprintf(words, sizeof(words), IN("steady") "rhv map generate -O %s", path);
    dr_auto(spawn_free) struct spawned s = spawn_run(words, NULL);
    assert_int_equal(s.code, 2);
    assert_non_null(strstr(s.err, "it is there already"));
    dr_auto(dr_freep) char *text = NULL;
    size_t n = 0;
    assert_int_equal(dr_file_read(path, 100, &text, &n, NULL), 0);
    assert_string_equal(text, "mine");
    assert_int_equal(unlink(path), 0);
    dr_auto(spawn_free) struct spawned t = spawn_run(words, NULL);
    assert_int_equal(t.code, 0);
    assert_string_equal(t.out, "");
    assert_non_null(strstr(t.err, "gap: cluster lab has no counterpart at rome\n"));
    dr_auto(dr_freep) char *written = NULL;
    assert_int_equal(dr_file_read(path, 100000, &written, &n, NULL), 0);
    assert_non_null(strstr(written, "dr_cluster_mappings:\n"));
    assert_int_equal(unlink(path), 0);
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

static void
sigterm_stops_in_order(void **state)
{
    (void)state;
    dr_auto(dr_freep) char *copy = NULL;
    dr_auto(dr_freep) char **argv =
        spawn_words(IN("slow") "promote erp --to rome --yes -o jsonl", NULL, &copy);
    int out[2], status;
    char first;
    assert_int_equal(pipe(out), 0);
    pid_t pid = fork();
    if (pid == 0) {
        (void)setenv("DRSTOR_FAKE_HOLD", "/", 1); /* until it is cancelled */
        if (dup2(out[1], 1) < 0 || close(out[0]) < 0 || !freopen("/dev/null", "w", stderr))
            _exit(126);
        (void)execv(DRSTOR, argv);
        _exit(127);
    }
    (void)close(out[1]);
    assert_int_equal(read(out[0], &first, 1), 1); /* the run is under way */
    assert_int_equal(kill(pid, SIGTERM), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    (void)close(out[0]);
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
        cmocka_unit_test(the_journal_is_proven_and_exported),
        cmocka_unit_test(the_page_of_a_run_is_a_file_and_nothing_else_gives_way_to_it),
        cmocka_unit_test(a_guard_tells_what_it_finds_and_ends_with_a_signal),
        cmocka_unit_test(documents_of_the_rare_verbs_have_their_text),
        cmocka_unit_test(a_proposal_never_takes_the_place_of_a_file),
        cmocka_unit_test(a_reader_that_goes_away_stops_nothing),
        cmocka_unit_test(results_that_cannot_be_written_are_a_failure),
        cmocka_unit_test(sigterm_stops_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
