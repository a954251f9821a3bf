/* The command line: what is wrong is told in one sentence, and what is right arrives. */
#include "cli/spawn.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *words, *arg;
    int code;
    const char *says; /* on stderr */
} cases[] = {
    {"", NULL, 2, "drstor: what should be done? See drstor --help\n"},
    {"promte", NULL, 2, "drstor: there is no verb \"promte\"; did you mean \"promote\"?\n"},
    {"xyzzy", NULL, 2, "drstor: there is no verb \"xyzzy\"; see drstor --help\n"},
    {"run lst", NULL, 2, "drstor: there is no verb run \"lst\"; did you mean \"list\"?\n"},
    {"run", NULL, 2, "drstor: run needs one more word: list|show|watch|resume\n"},
    {"plan", NULL, 2, "drstor: plan needs one more word: promote ...\n"},
    {"run show", NULL, 2, "drstor: run show needs RUN\n"},
    {"explain", NULL, 2, "drstor: explain needs ID\n"},
    {"show group", NULL, 2, "drstor: show needs KIND NAME\n"},
    {"show grup erp", NULL, 2, "drstor: KIND cannot be \"grup\"; did you mean \"group\"?\n"},
    {"version now", NULL, 2, "drstor: version cannot take \"now\"; it takes nothing\n"},
    {"run list x", NULL, 2, "drstor: run list cannot take \"x\"; it takes nothing\n"},
    {"apply a b", NULL, 2, "drstor: apply cannot take \"b\"; it takes FILE\n"},
    {"completion fish", NULL, 2, "drstor: the shell cannot be \"fish\"; did you mean \"bash\"?\n"},
    {"status --wach", NULL, 2, "drstor: there is no flag \"--wach\"; did you mean \"--watch\"?\n"},
    {"status --zzzzzzzz", NULL, 2, "drstor: there is no flag \"--zzzzzzzz\"; see drstor --help\n"},
    {"status -Z", NULL, 2, "drstor: there is no flag \"-Z\"; see drstor --help\n"},
    {"status --to rome", NULL, 2,
     "drstor: --to does not go with status; see drstor status --help\n"},
    {"run list --yes", NULL, 2,
     "drstor: --yes does not go with run list; see drstor run list --help\n"},
    {"status --watch=5", NULL, 2, "drstor: --watch takes no value\n"},
    {"status --config", NULL, 2, "drstor: --config needs a value: FILE\n"},
    {"status -c", NULL, 2, "drstor: -c needs a value: FILE\n"},
    {"status --config %s", "", 2, "drstor: --config needs a value: FILE\n"},
    {"status %s", "", 2, "drstor: status was given an empty word\n"},
    {"status -o jsn", NULL, 2, "drstor: --output cannot be \"jsn\"; did you mean \"json\"?\n"},
    {"status -o xml -q", NULL, 2,
     "drstor: --output cannot be \"xml\"; it is one of: table json jsonl\n"},
    {"status --timeout soon", NULL, 2,
     "drstor: --timeout takes a duration such as 90s, 5m or 2h, not \"soon\"\n"},
    {"status --timeout 0", NULL, 2,
     "drstor: --timeout takes a duration such as 90s, 5m or 2h, not \"0\"\n"},
    {"status --timeout -5", NULL, 2,
     "drstor: --timeout takes a duration such as 90s, 5m or 2h, not \"-5\"\n"},
    {"promote erp --to a --to b", NULL, 2, "drstor: --to is given twice\n"},
    {"promote erp", NULL, 2, "drstor: promote needs --to SITE\n"},
    {"promote --to rome", NULL, 2, "drstor: promote needs groups, or --all\n"},
    {"promote --to rome --only erp*", NULL, 2, "drstor: promote needs groups, or --all\n"},
    {"promote erp --all --to rome", NULL, 2, "drstor: promote takes groups or --all, not both\n"},
    {"adopt", NULL, 2, "drstor: adopt needs groups, or --all\n"},
    {"adopt erp --all", NULL, 2, "drstor: adopt takes groups or --all, not both\n"},
    {"promote erp --to rome --accept-loss lots", NULL, 2,
     "drstor: --accept-loss takes a duration (30s), a size (64MiB) or unknown, not \"lots\"\n"},
    {"promote erp --to rome --accept-loss 64MB", NULL, 2,
     "drstor: --accept-loss takes a duration (30s), a size (64MiB) or unknown, not \"64MB\"\n"},
    {"promote erp --to rome --declare milan", NULL, 2,
     "drstor: --declare takes site-lost:SITE, outage:SITE or partition:SITE, not \"milan\"\n"},
    {"promote erp --to rome --declare site-lost:", NULL, 2,
     "drstor: --declare takes site-lost:SITE, outage:SITE or partition:SITE, not \"site-lost:\"\n"},
    {"promote erp --to rome --declare site-lot:milan", NULL, 2,
     "drstor: the kind of --declare cannot be \"site-lot\"; did you mean \"site-lost\"?\n"},
    {"status --password=geheim", NULL, 2,
     "drstor: there is no flag \"--password\": secrets are never given on the command line, the "
     "configuration refers to them\n"},
    {"status --password geheim", NULL, 2,
     "drstor: there is no flag \"--password\": secrets are never given on the command line, the "
     "configuration refers to them\n"},
    {"help promte", NULL, 2, "drstor: there is no verb \"promte\"; see drstor --help\n"},
    {"apply /nowhere/plan.json", NULL, 2,
     "drstor: cannot read /nowhere/plan.json: No such file or directory\n"},
    {"apply /", NULL, 2, "drstor: cannot read /: it is a directory\n"},
    {"explain R999", NULL, 2, "drstor: there is no refusal \"R999\"\n"},
    {"status %s", "\x1b[31m", 2, "drstor: cannot read /etc/drstor/drstor.yaml\n"},
    {"%s", "\x1b[31mx", 2, "drstor: there is no verb \"?[31mx\"; see drstor --help\n"},
    {"promote erp --to rome --within 5m", NULL, 12,
     "drstor: --within is not yet in this version (promote planned, or --unplanned once the site "
     "is gone)\n"},
    {"status --parallel 4", NULL, 12,
     "drstor: --parallel is not yet in this version (the limits of arrays and engines already "
     "bound the "
     "calls at a time)\n"},
    {"failback erp", NULL, 12,
     "drstor: failback is not in this version (a planned promote back to the preferred site; use "
     "promote "
     "--to SITE)\n"},
    {"drill start erp --whatever", NULL, 2,
     "drstor: there is no flag \"--whatever\"; see drstor --help\n"},
    {"drill start erp", NULL, 12,
     "drstor: drill is not in this version (a test failover on a clone)\n"},
    {"plan drill erp", NULL, 12,
     "drstor: plan drill is not in this version (a test failover on a clone)\n"},
    {"run abort r-1", NULL, 12,
     "drstor: run abort is not in this version (giving up a run; it can be resumed, or left)\n"},
    {"plugin check x.so", NULL, 12,
     "drstor: plugin check is not in this version (the contract tests for vendors)\n"},
};

static void
what_is_wrong_is_said_in_one_sentence(void **state)
{
    (void)state;
    size_t good = 0;
    for (size_t i = 0; i < DR_COUNT(cases); i++) {
        dr_auto(spawn_free) struct spawned s = spawn_run(cases[i].words, cases[i].arg);
        if (s.code != cases[i].code || !dr_streq(s.err, cases[i].says) || *s.out)
            print_error("drstor %s: exit %d, %s%s", cases[i].words, s.code, s.err, s.out);
        else
            good++;
    }
    printf("figure cli_cases %zu of %zu\n", good, DR_COUNT(cases));
    assert_int_equal(good, DR_COUNT(cases));
}

static void
every_later_word_says_so(void **state)
{
    (void)state;
    static const char *const words[] = {
        "failback", "reprotect", "drill",    "check", "verify",  "demote", "suspend",      "resume",
        "sync",     "guard",     "takeover", "rhv",   "journal", "trust",  "plan failback"};
    for (size_t i = 0; i < DR_COUNT(words); i++) {
        dr_auto(spawn_free) struct spawned s = spawn_run(words[i], NULL);
        assert_int_equal(s.code, 12);
        assert_non_null(strstr(s.err, "not in this version"));
    }
}

/* 24 rows of 80. */
static void
help_fits_a_screen(void **state)
{
    (void)state;
    static const char *const verbs[] = {"",
                                        "status",
                                        "show",
                                        "explain",
                                        "plan",
                                        "plan promote",
                                        "promote",
                                        "apply",
                                        "adopt",
                                        "observe",
                                        "run",
                                        "run list",
                                        "run show",
                                        "run watch",
                                        "run resume",
                                        "config",
                                        "config check",
                                        "plugin",
                                        "plugin list",
                                        "plugin info",
                                        "completion",
                                        "version",
                                        "help"};
    for (size_t i = 0; i < DR_COUNT(verbs); i++)
        for (int how = 0; how < 2; how++) {
            char words[64];
            (void)snprintf(words, sizeof(words), how ? "help %s" : "%s --help", verbs[i]);
            dr_auto(spawn_free) struct spawned s = spawn_run(words, NULL);
            assert_int_equal(s.code, 0);
            size_t rows = 0;
            for (char *save = NULL, *l = strtok_r(s.out, "\n", &save); l;
                 l = strtok_r(NULL, "\n", &save)) {
                if (strlen(l) > 80)
                    fail_msg("too wide: %s", l);
                rows++;
            }
            assert_in_range(rows, 2, 23);
        }
}

static struct json_object *
asked(const char *words)
{
    dr_auto(spawn_free) struct spawned s = spawn_run(words, NULL);
    if (s.code != 0)
        fail_msg("exit %d: %s", s.code, s.err);
    dr_auto(dr_json_putp) struct json_object *o = json_tokener_parse(s.out);
    return json_object_get(dr_json_get(o, "asked"));
}

static void
words_become_goal_and_consent(void **state)
{
    (void)state;
    dr_auto(dr_json_putp) struct json_object *a = asked(
        "-o json plan promote erp crm --to rome --unplanned --storage-only --except crm --only a,b "
        "--declare site-lost:milan --declare outage:oslo --accept-loss 64MiB --waive-fence why "
        "--reason=fire -c " DOCS "/planned");
    assert_string_equal(
        dr_json_text(a),
        "{\"goal\":{\"verb\":\"promote\",\"groups\":[\"erp\",\"crm\"],\"only\":[\"a\",\"b\"],"
        "\"except\":[\"crm\"],\"to\":\"rome\",\"unplanned\":true,\"storage_only\":true},"
        "\"accept_loss\":\"64MiB\",\"waive_fence\":\"why\",\"reason\":\"fire\","
        "\"declare\":[\"site-lost:milan\",\"outage:oslo\"]}");
    dr_auto(dr_json_putp) struct json_object *b =
        asked("-c " DOCS "/planned promote --dry-run --all --to rome -ojson");
    assert_string_equal(dr_json_text(b),
                        "{\"goal\":{\"verb\":\"promote\",\"all\":true,\"to\":\"rome\","
                        "\"unplanned\":false,\"storage_only\":false},\"declare\":[]}");
    /* After "--" nothing is a flag. */
    dr_auto(dr_json_putp) struct json_object *c =
        asked("-qo json -c " DOCS "/planned plan promote --to rome -- --all");
    assert_non_null(strstr(dr_json_text(c), "\"groups\":[\"--all\"]"));
}

/* What bash offers for a line that ends at the cursor. */
static char *
offered(const char *line)
{
    char *script = NULL, *text = NULL;
    dr_auto(dr_str_freep) struct dr_str b = {0};
    assert_true(asprintf(&script,
                         "bash -c 'source <(%s completion bash); COMP_WORDS=(%s \"\"); "
                         "[ \"${COMP_WORDS[-2]: -1}\" = + ] && { COMP_WORDS=(%s); "
                         "COMP_WORDS[-1]=${COMP_WORDS[-1]%%+}; }; "
                         "COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _drstor; echo ${COMPREPLY[*]}'",
                         DRSTOR, line, line) > 0);
    FILE *f = popen(script, "r");
    assert_non_null(f);
    for (int c; (c = fgetc(f)) != EOF;)
        dr_str_printf(&b, "%c", c);
    assert_int_equal(pclose(f), 0);
    free(script);
    text = dr_str_take(&b);
    return text;
}

/* A "+" marks a word that is not finished. */
static void
bash_completes_verbs_flags_and_values(void **state)
{
    (void)state;
    static const struct {
        const char *line, *offers;
    } lines[] = {
        {"drstor pro+", "promote\n"},
        {"drstor run",
         "list show watch resume --config --output --columns --quiet --verbose --timeout "
         "--help --version\n"},
        {"drstor run re+", "resume\n"},
        {"drstor -c some.yaml plan",
         "promote --config --output --columns --quiet --verbose --timeout "
         "--help --version\n"},
        {"drstor plan promote --un+", "--unplanned\n"},
        {"drstor promote --d+", "--declare --dry-run\n"},
        {"drstor promote erp --with+", "\n"},
        {"drstor status -o", "table json jsonl\n"},
        {"drstor promote --accept-loss", "unknown\n"},
        {"drstor show gr+", "group\n"},
        {"drstor completion",
         "bash zsh --config --output --columns --quiet --verbose --timeout --help "
         "--version\n"},
        {"drstor fail+", "\n"},
    };
    for (size_t i = 0; i < DR_COUNT(lines); i++) {
        dr_auto(dr_freep) char *got = offered(lines[i].line);
        assert_string_equal(got, lines[i].offers);
    }
    dr_auto(spawn_free) struct spawned zsh = spawn_run("completion zsh", NULL);
    assert_int_equal(zsh.code, 0);
    assert_int_equal(strncmp(zsh.out, "#compdef drstor\n", 16), 0);
    assert_non_null(strstr(zsh.out, "\"run resume\") can="));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong_is_said_in_one_sentence),
        cmocka_unit_test(every_later_word_says_so),
        cmocka_unit_test(help_fits_a_screen),
        cmocka_unit_test(words_become_goal_and_consent),
        cmocka_unit_test(bash_completes_verbs_flags_and_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
