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
    {"run", NULL, 2, "drstor: run needs one more word: list|show|watch|resume|abort|report\n"},
    {"plan", NULL, 2,
     "drstor: plan needs one more word: "
     "promote|failback|demote|reprotect|drill|suspend|resume|sync\n"},
    {"plan drill", NULL, 2, "drstor: plan drill needs one more word: start|promote|clean\n"},
    {"plan drill strat erp", NULL, 2,
     "drstor: there is no verb plan drill \"strat\"; did you mean \"start\"?\n"},
    {"plan verify erp", NULL, 2, "drstor: there is no verb plan \"verify\"; see drstor --help\n"},
    {"drill", NULL, 2, "drstor: drill needs one more word: start|promote|clean\n"},
    {"rhv map", NULL, 2, "drstor: rhv map needs one more word: check|import|generate\n"},
    {"rhv map import", NULL, 2, "drstor: rhv map import needs FILE\n"},
    {"rhv map check -O x", NULL, 2,
     "drstor: --out does not go with rhv map check; see drstor rhv map check --help\n"},
    {"check --all", NULL, 2, "drstor: --all does not go with check; see drstor check --help\n"},
    {"journal", NULL, 2, "drstor: journal needs one more word: verify|export|import\n"},
    {"journal verfy", NULL, 2,
     "drstor: there is no verb journal \"verfy\"; did you mean \"verify\"?\n"},
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
    {"promote --to rome --except erp*", NULL, 2, "drstor: promote needs groups, or --all\n"},
    {"promote erp --all --to rome", NULL, 2, "drstor: promote takes groups or --all, not both\n"},
    {"adopt", NULL, 2, "drstor: adopt needs groups, or --all\n"},
    {"adopt erp --all", NULL, 2, "drstor: adopt takes groups or --all, not both\n"},
    {"promote erp --to rome --accept-loss lots", NULL, 2,
     "drstor: --accept-loss takes a duration (30s), a size (64MiB) or unknown, not \"lots\"\n"},
    {"promote erp --to rome --accept-loss 64MB", NULL, 2,
     "drstor: --accept-loss takes a duration (30s), a size (64MiB) or unknown, not \"64MB\"\n"},
    {"promote erp --to rome --declare milan", NULL, 2,
     "drstor: --declare takes site-lost:SITE, outage:SITE, partition:SITE or restarted:SITE, not "
     "\"milan\"\n"},
    {"promote erp --to rome --declare site-lost:", NULL, 2,
     "drstor: --declare takes site-lost:SITE, outage:SITE, partition:SITE or restarted:SITE, not "
     "\"site-lost:\"\n"},
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
    {"status --parallel 4", NULL, 12,
     "drstor: --parallel is not yet in this version (the limits of arrays and engines already "
     "bound the "
     "calls at a time)\n"},
    {"drill start erp --whatever", NULL, 2,
     "drstor: there is no flag \"--whatever\"; see drstor --help\n"},
    {"plugin check x.so", NULL, 12,
     "drstor: plugin check is not in this version (the contract tests for vendors)\n"},
    {"plan promote erp", NULL, 2, "drstor: plan promote needs --to SITE\n"},
    {"promote erp --to rome --within soon", NULL, 2,
     "drstor: --within takes a duration such as 90s, 5m or 2h, not \"soon\"\n"},
    {"promote erp --to rome --within 10m --unplanned", NULL, 2,
     "drstor: --within begins planned and ends unplanned; it does not go with --unplanned\n"},
    {"promote erp --to rome --point %s", "", 2, "drstor: --point needs a value: NAME\n"},
    {"promote erp --to rome --waive-snapshot why", NULL, 2,
     "drstor: --waive-snapshot does not go with promote; see drstor promote --help\n"},
    {"failback", NULL, 2, "drstor: failback needs groups, or --all\n"},
    {"failback erp --all", NULL, 2, "drstor: failback takes groups or --all, not both\n"},
    {"failback erp --to rome", NULL, 2,
     "drstor: --to does not go with failback; see drstor failback --help\n"},
    {"failback erp --unplanned", NULL, 2,
     "drstor: --unplanned does not go with failback; see drstor failback --help\n"},
    {"plan failback erp --yes", NULL, 2,
     "drstor: --yes does not go with plan failback; see drstor plan failback --help\n"},
    {"demote erp", NULL, 2, "drstor: demote needs --at SITE\n"},
    {"demote --at milan", NULL, 2, "drstor: demote needs groups, or --all\n"},
    {"demote erp --to rome", NULL, 2,
     "drstor: --to does not go with demote; see drstor demote --help\n"},
    {"demote erp --at milan --at rome", NULL, 2, "drstor: --at is given twice\n"},
    {"demote erp --at milan --declare site-lost:milan", NULL, 2,
     "drstor: --declare does not go with demote; see drstor demote --help\n"},
    {"reprotect", NULL, 2, "drstor: reprotect needs groups, or --all\n"},
    {"reprotect erp --to rome", NULL, 2,
     "drstor: --to does not go with reprotect; see drstor reprotect --help\n"},
    {"reprotect erp --waive-snapshot", NULL, 2, "drstor: --waive-snapshot needs a value: REASON\n"},
    {"reprotect erp --waive-fence why", NULL, 2,
     "drstor: --waive-fence does not go with reprotect; see drstor reprotect --help\n"},
    {"drill start", NULL, 2, "drstor: drill start needs groups, or --all\n"},
    {"drill start erp --at rome", NULL, 2,
     "drstor: --at does not go with drill start; see drstor drill start --help\n"},
    {"drill clean erp --point x", NULL, 2,
     "drstor: --point does not go with drill clean; see drstor drill clean --help\n"},
    {"drill promote erp --accept-loss 5m", NULL, 2,
     "drstor: --accept-loss does not go with drill promote; see drstor drill promote --help\n"},
    {"plan drill start erp --dry-run", NULL, 2,
     "drstor: --dry-run does not go with plan drill start; see drstor plan drill start --help\n"},
    {"suspend", NULL, 2, "drstor: suspend needs groups, or --all\n"},
    {"suspend erp --storage-only", NULL, 2,
     "drstor: --storage-only does not go with suspend; see drstor suspend --help\n"},
    {"resume", NULL, 2, "drstor: resume needs groups, or --all\n"},
    {"resume erp --within 5m", NULL, 2,
     "drstor: --within does not go with resume; see drstor resume --help\n"},
    {"sync erp --out x", NULL, 2, "drstor: --out does not go with sync; see drstor sync --help\n"},
    {"verify", NULL, 2, "drstor: verify needs groups, or --all\n"},
    {"verify crm --all", NULL, 2, "drstor: verify takes groups or --all, not both\n"},
    {"verify crm --yes", NULL, 2,
     "drstor: --yes does not go with verify; see drstor verify --help\n"},
    {"verify crm --probe=yes", NULL, 2, "drstor: --probe takes no value\n"},
    {"guard", NULL, 2, "drstor: guard needs --site SITE\n"},
    {"guard milan", NULL, 2, "drstor: guard cannot take \"milan\"; it takes --site SITE\n"},
    {"guard --site milan --interval 0", NULL, 2,
     "drstor: --interval takes a duration such as 90s, 5m or 2h, not \"0\"\n"},
    {"guard --site milan --once --interval 5s", NULL, 2,
     "drstor: --once is one poll; --interval does not go with it\n"},
    {"guard --site milan --to rome", NULL, 2,
     "drstor: --to does not go with guard; see drstor guard --help\n"},
    {"takeover", NULL, 2, "drstor: takeover needs --declare KIND:SITE\n"},
    {"takeover --declare site-lost:milan", NULL, 2, "drstor: takeover needs --reason TEXT\n"},
    {"takeover --declare lost:milan --reason x", NULL, 2,
     "drstor: the kind of --declare cannot be \"lost\"; it is one of: site-lost outage "
     "partition restarted\n"},
    {"takeover --declare site-lost:milan --reason x --yes", NULL, 2,
     "drstor: --yes does not go with takeover; see drstor takeover --help\n"},
    {"journal import x", NULL, 2, "drstor: journal import cannot take \"x\"; it takes nothing\n"},
    {"run abort", NULL, 2, "drstor: run abort needs RUN\n"},
    {"run report", NULL, 2, "drstor: run report needs RUN\n"},
    {"run abort r-1 --yes", NULL, 2,
     "drstor: --yes does not go with run abort; see drstor run abort --help\n"},
    {"journal verify a b", NULL, 2, "drstor: journal verify cannot take \"b\"; it takes [FILE]\n"},
    {"journal verify --head 12", NULL, 2,
     "drstor: --head takes SEQ:HASH as it was printed, not \"12\"\n"},
    {"journal verify -O x", NULL, 2,
     "drstor: --out does not go with journal verify; see drstor journal verify --help\n"},
    {"journal export x", NULL, 2, "drstor: journal export cannot take \"x\"; it takes nothing\n"},
    {"help plan nothing", NULL, 2,
     "drstor: there is no verb \"plan nothing\"; see drstor --help\n"},
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
    static const char *const words[] = {"plugin check"};
    for (size_t i = 0; i < DR_COUNT(words); i++) {
        dr_auto(spawn_free) struct spawned s = spawn_run(words[i], NULL);
        assert_int_equal(s.code, 12);
        assert_non_null(strstr(s.err, "not in this version"));
    }
}

static const char *const verbs[] = {"status",
                                    "show",
                                    "explain",
                                    "check",
                                    "verify",
                                    "plan",
                                    "promote",
                                    "failback",
                                    "demote",
                                    "reprotect",
                                    "drill",
                                    "suspend",
                                    "resume",
                                    "sync",
                                    "apply",
                                    "adopt",
                                    "observe",
                                    "guard",
                                    "takeover",
                                    "run",
                                    "journal",
                                    "rhv",
                                    "config",
                                    "plugin",
                                    "trust",
                                    "completion",
                                    "version",
                                    "help",
                                    "run list",
                                    "run show",
                                    "run watch",
                                    "run resume",
                                    "run abort",
                                    "run report",
                                    "config check",
                                    "config generate",
                                    "rhv map",
                                    "rhv map check",
                                    "rhv map import",
                                    "rhv map generate",
                                    "plugin list",
                                    "plugin info",
                                    "trust show",
                                    "journal verify",
                                    "drill start",
                                    "drill promote",
                                    "drill clean",
                                    "journal export",
                                    "plan promote",
                                    "plan demote",
                                    "plan failback",
                                    "plan drill",
                                    "plan reprotect",
                                    "plan drill start",
                                    "plan resume",
                                    "plan suspend",
                                    "plan sync",
                                    "plan drill clean",
                                    "plan drill promote"};
enum { FIRST_WORDS = 28 };

static void
fits_a_screen(const char *words)
{
    dr_auto(spawn_free) struct spawned s = spawn_run(words, NULL);
    assert_int_equal(s.code, 0);
    size_t rows = 0;
    for (char *save = NULL, *l = strtok_r(s.out, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
        if (strlen(l) > 80)
            fail_msg("too wide: %s", l);
        rows++;
    }
    assert_in_range(rows, 2, 23);
}

/* 24 rows of 80. */
static void
help_fits_a_screen(void **state)
{
    (void)state;
    fits_a_screen("help");
    fits_a_screen("--help");
    for (size_t i = 0; i < DR_COUNT(verbs); i++)
        for (int how = 0; how < 2; how++) {
            char words[64];
            (void)snprintf(words, sizeof(words), how ? "help %s" : "%s --help", verbs[i]);
            fits_a_screen(words);
        }
}

/* The first page names every verb; it is written by hand. */
static void
help_names_every_verb(void **state)
{
    (void)state;
    dr_auto(spawn_free) struct spawned s = spawn_run("help", NULL);
    for (size_t i = 0; i < FIRST_WORDS; i++) {
        const char *at = s.out;
        size_t n = strlen(verbs[i]);
        while ((at = strstr(at, verbs[i])) && !(at[-1] == ' ' && strchr(" ,\n", at[n])))
            at++;
        if (!at)
            fail_msg("drstor help does not name %s", verbs[i]);
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
expect_asked(const char *words, const char *want)
{
    dr_auto(dr_json_putp) struct json_object *a = asked(words);
    assert_string_equal(dr_json_text(a), want);
}

#define PLANNED " -o json -c " DOCS "/planned"

static void
words_become_goal_and_consent(void **state)
{
    (void)state;
    expect_asked(
        "-o json plan promote erp crm --to rome --unplanned --storage-only --except crm --only a,b "
        "--declare site-lost:milan --declare outage:oslo --accept-loss 64MiB --waive-fence why "
        "--reason=fire -c " DOCS "/planned",
        "{\"goal\":{\"verb\":\"promote\",\"groups\":[\"erp\",\"crm\"],\"only\":[\"a\",\"b\"],"
        "\"except\":[\"crm\"],\"to\":\"rome\",\"unplanned\":true,\"storage_only\":true},"
        "\"accept_loss\":\"64MiB\",\"waive_fence\":\"why\",\"reason\":\"fire\","
        "\"declare\":[\"site-lost:milan\",\"outage:oslo\"]}");
    expect_asked("-c " DOCS "/planned promote --dry-run --all --to rome -ojson",
                 "{\"goal\":{\"verb\":\"promote\",\"all\":true,\"to\":\"rome\"},\"declare\":[]}");
    expect_asked("plan promote erp --to rome --within 10m --point hourly.7" PLANNED,
                 "{\"goal\":{\"verb\":\"promote\",\"groups\":[\"erp\"],\"to\":\"rome\","
                 "\"point\":\"hourly.7\",\"within_s\":600},\"declare\":[]}");
    /* After "--" nothing is a flag. */
    dr_auto(dr_json_putp) struct json_object *c =
        asked("-qo json -c " DOCS "/planned plan promote --to rome -- --all");
    assert_non_null(strstr(dr_json_text(c), "\"groups\":[\"--all\"]"));
}

/* Each act as its plan and as a dry run: the same goal. */
static void
every_act_has_its_goal(void **state)
{
    (void)state;
    static const struct {
        const char *words, *want;
    } acts[] = {
        {"failback erp --storage-only --reason back",
         "{\"goal\":{\"verb\":\"failback\",\"groups\":[\"erp\"],\"storage_only\":true},\"reason\":"
         "\"back\",\"declare\":[]}"},
        {"demote erp crm --at milan",
         "{\"goal\":{\"verb\":\"demote\",\"groups\":[\"erp\",\"crm\"],\"at\":\"milan\"},"
         "\"declare\":[]}"},
        {"reprotect erp --waive-snapshot full --accept-loss unknown",
         "{\"goal\":{\"verb\":\"reprotect\",\"groups\":[\"erp\"]},\"accept_loss\":\"unknown\","
         "\"waive_snapshot\":\"full\",\"declare\":[]}"},
        {"drill start erp --to rome --point p1",
         "{\"goal\":{\"verb\":\"drill-start\",\"groups\":[\"erp\"],\"to\":\"rome\",\"point\":"
         "\"p1\"},\"declare\":[]}"},
        {"drill promote erp",
         "{\"goal\":{\"verb\":\"drill-promote\",\"groups\":[\"erp\"]},\"declare\":[]}"},
        {"drill clean --all", "{\"goal\":{\"verb\":\"drill-clean\",\"all\":true},\"declare\":[]}"},
        {"suspend erp", "{\"goal\":{\"verb\":\"suspend\",\"groups\":[\"erp\"]},\"declare\":[]}"},
        {"resume --all --except b*",
         "{\"goal\":{\"verb\":\"resume\",\"all\":true,\"except\":[\"b*\"]},\"declare\":[]}"},
        {"failback --only erp*",
         "{\"goal\":{\"verb\":\"failback\",\"only\":[\"erp*\"]},\"declare\":[]}"},
        {"sync erp", "{\"goal\":{\"verb\":\"sync\",\"groups\":[\"erp\"]},\"declare\":[]}"},
    };
    for (size_t i = 0; i < DR_COUNT(acts); i++)
        for (int dry = 0; dry < 2; dry++) {
            char words[256];
            (void)snprintf(words, sizeof(words), dry ? "%s --dry-run" PLANNED : "plan %s" PLANNED,
                           acts[i].words);
            expect_asked(words, acts[i].want);
        }
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
        {"drstor run", "list show watch resume abort report --config --output --columns --quiet "
                       "--verbose --timeout "
                       "--help --version\n"},
        {"drstor run re+", "resume report\n"},
        {"drstor -c some.yaml plan",
         "promote failback demote reprotect drill suspend resume sync --config --output --columns "
         "--quiet --verbose --timeout --help --version\n"},
        {"drstor plan dr+", "drill\n"},
        {"drstor plan drill",
         "start promote clean --config --output --columns --quiet --verbose --timeout --help "
         "--version\n"},
        {"drstor plan drill start erp --p+", "--point\n"},
        {"drstor drill cl+", "clean\n"},
        {"drstor demote erp --a+", "--all --at\n"},
        {"drstor reprotect erp --wa+", "--waive-snapshot\n"},
        {"drstor guard --",
         "--site --once --interval --config --output --columns --quiet --verbose --timeout --help "
         "--version\n"},
        {"drstor journal ve+", "verify\n"},
        {"drstor verify --pr+", "--probe\n"},
        {"drstor plan promote --un+", "--unplanned\n"},
        {"drstor promote --d+", "--declare --dry-run\n"},
        {"drstor promote erp --with+", "--within\n"},
        {"drstor status -o", "table json jsonl\n"},
        {"drstor promote --accept-loss", "unknown\n"},
        {"drstor show gr+", "group\n"},
        {"drstor completion",
         "bash zsh --config --output --columns --quiet --verbose --timeout --help "
         "--version\n"},
        {"drstor fail+", "failback\n"},
        {"drstor tru+", "trust\n"},
        {"drstor plugin ch+", "\n"},
    };
    for (size_t i = 0; i < DR_COUNT(lines); i++) {
        dr_auto(dr_freep) char *got = offered(lines[i].line);
        assert_string_equal(got, lines[i].offers);
    }
    dr_auto(spawn_free) struct spawned zsh = spawn_run("completion zsh", NULL);
    assert_int_equal(zsh.code, 0);
    assert_int_equal(strncmp(zsh.out, "#compdef drstor\n", 16), 0);
    assert_non_null(strstr(zsh.out, "\"run resume\") can="));
    assert_non_null(strstr(zsh.out, "\"plan drill start\") can="));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong_is_said_in_one_sentence),
        cmocka_unit_test(every_later_word_says_so),
        cmocka_unit_test(help_fits_a_screen),
        cmocka_unit_test(help_names_every_verb),
        cmocka_unit_test(words_become_goal_and_consent),
        cmocka_unit_test(every_act_has_its_goal),
        cmocka_unit_test(bash_completes_verbs_flags_and_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
