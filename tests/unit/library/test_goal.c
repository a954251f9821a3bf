/* The words of a goal: what is right arrives, what is not is refused with what was meant. */
#include "library/internal.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char yaml[] =
    "version: 1\n"
    "controller: { name: rome-1, site: rome, role: active }\n"
    "sites: { milan: {}, rome: {}, oslo: {} }\n"
    "arrays:\n"
    "  a: { plugin: simulated, site: milan, world: w.json }\n"
    "  b: { plugin: simulated, site: rome, world: w.json }\n"
    "groups:\n"
    "  erp:\n"
    "    mode: async\n"
    "    preferred: milan\n"
    "    copies: { milan: { array: a, id: erp_m }, rome: { array: b, id: erp_r } }\n"
    "  crm:\n"
    "    mode: async\n"
    "    copies: { milan: { array: a, id: crm_m }, rome: { array: b, id: crm_r } }\n";

struct fixture {
    struct dr_model *model;
    struct dr_arena *arena;
};

static int
setup(void **state)
{
    struct fixture *f = dr_new0(struct fixture);
    const struct dr_config_options options = {.skip_secrets = true};
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    if (dr_config_load_text(yaml, strlen(yaml), "test.yaml", &options, &f->model, &err) < 0)
        fail_msg("%s", dr_error_message(err));
    f->arena = dr_arena_new();
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;
    dr_config_free(f->model);
    dr_arena_free(f->arena);
    free(f);
    return 0;
}

static struct dr_goal
read_goal(struct fixture *f, const char *text, const struct drstor_consent *consent)
{
    struct dr_goal g;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    if (dr_goal_read(f->arena, f->model, text, consent, &g, &err) < 0)
        fail_msg("%s: %s", text, dr_error_message(err));
    return g;
}

static void
every_word_arrives(void **state)
{
    struct fixture *f = *state;
    struct dr_goal g = read_goal(f,
                                 "{\"verb\":\"promote\",\"groups\":[\"erp\"],\"to\":\"rome\","
                                 "\"within\":\"10m\",\"storage_only\":true}",
                                 NULL);
    assert_int_equal(g.verb, DR_VERB_PROMOTE);
    assert_string_equal(g.to, "rome");
    assert_int_equal(g.within_s, 600);
    assert_true(g.storage_only && !g.unplanned);
    g = read_goal(f,
                  "{\"verb\":\"promote\",\"groups\":[\"erp\"],\"to\":\"rome\","
                  "\"point\":\"hourly.3\",\"unplanned\":true}",
                  NULL);
    assert_string_equal(g.point, "hourly.3");
    assert_true(g.unplanned);
    g = read_goal(
        f,
        "{\"verb\":\"promote\",\"groups\":[\"erp\"],\"to\":\"rome\",\"within_s\":90,\"at\":null}",
        NULL);
    assert_int_equal(g.within_s, 90);
    assert_null(g.at);
    g = read_goal(f, "{\"verb\":\"demote\",\"groups\":[\"erp\"],\"at\":\"milan\"}", NULL);
    assert_string_equal(g.at, "milan");
    assert_int_equal(g.within_s, -1);

    struct drstor_consent consent = DRSTOR_CONSENT_INIT;
    consent.waive_snapshot = "the array is full";
    consent.accept_loss = "unknown";
    g = read_goal(f, "{\"verb\":\"reprotect\",\"all\":true}", &consent);
    assert_string_equal(g.waive_snapshot, "the array is full");
    assert_true(g.accept_loss.unknown);
    assert_int_equal(g.n_groups, 2);
    /* A caller built before the member was there: its memory is not read beyond what it has. */
    consent.size = offsetof(struct drstor_consent, waive_snapshot);
    g = read_goal(f, "{\"verb\":\"reprotect\",\"all\":true}", &consent);
    assert_null(g.waive_snapshot);
}

static void
all_means_those_that_can(void **state)
{
    struct fixture *f = *state;
    struct dr_goal g = read_goal(f, "{\"verb\":\"failback\",\"all\":true}", NULL);
    assert_int_equal(g.n_groups, 1);
    assert_string_equal(g.groups[0], "erp");
    g = read_goal(f, "{\"verb\":\"sync\",\"only\":[\"c*\"]}", NULL);
    assert_int_equal(g.n_groups, 1);
    assert_string_equal(g.groups[0], "crm");
    g = read_goal(f, "{\"verb\":\"drill-clean\",\"all\":true}", NULL);
    assert_int_equal(g.n_groups, 2);
}

static void
what_is_wrong_is_told(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *goal, *says, *hint;
    } cases[] = {
        {"5", "the goal is not a JSON object", NULL},
        {"{", "the goal: ", NULL},
        {"{}", "this drstor cannot plan \"\"", NULL},
        {"{\"verb\":\"promte\"}", "this drstor cannot plan \"promte\"",
         "did you mean \"promote\"?"},
        {"{\"verb\":\"drill start\"}", "this drstor cannot plan", "did you mean \"drill-start\"?"},
        {"{\"verb\":\"guard\",\"at\":\"milan\",\"all\":true}", "is not asked for", NULL},
        {"{\"verb\":\"unknown\"}", "this drstor cannot plan \"unknown\"", NULL},
        {"{\"verb\":\"sync\",\"group\":[\"erp\"]}", "\"group\" is no member of a goal",
         "did you mean \"groups\"?"},
        {"{\"verb\":\"sync\",\"whatever\":1}", "\"whatever\" is no member of a goal", NULL},
        {"{\"verb\":\"promote\",\"groups\":[\"erp\"],\"to\":\"rome\",\"accept_loss\":\"5m\"}",
         "\"accept_loss\" is no member of a goal",
         "what a person has to say goes into the consent, beside the goal"},
        {"{\"verb\":\"promote\",\"groups\":[\"erp\"],\"to\":\"rome\",\"waive_snapshot\":\"x\"}",
         "\"waive_snapshot\" is no member of a goal", "goes into the consent"},
        {"{\"verb\":\"promote\",\"groups\":[\"erp\"],\"to\":7}", "goal.to is not a text", NULL},
        {"{\"verb\":\"promote\",\"groups\":[\"erp\"],\"to\":\"\"}", "goal.to is not a text", NULL},
        {"{\"verb\":\"sync\",\"groups\":\"erp\"}", "goal.groups is not a list", NULL},
        {"{\"verb\":\"sync\",\"groups\":[7]}", "goal.groups is not a list of texts", NULL},
        {"{\"verb\":\"sync\",\"all\":\"maybe\"}", "goal.all is neither true nor false", NULL},
        {"{\"verb\":\"promote\",\"all\":true,\"to\":\"rome\",\"unplanned\":\"yes\"}",
         "goal.unplanned is neither true nor false", NULL},
        {"{\"verb\":\"promote\",\"all\":true,\"to\":\"rome\",\"within\":10}",
         "goal.within is not a duration", NULL},
        {"{\"verb\":\"promote\",\"all\":true,\"to\":\"rome\",\"within_s\":0}",
         "goal.within_s is not a number of seconds", NULL},
        {"{\"verb\":\"promote\",\"all\":true,\"to\":\"rome\",\"within_s\":9,\"within\":\"9s\"}",
         "are one thing", NULL},
        {"{\"verb\":\"promote\",\"all\":true,\"to\":\"rome\",\"within_s\":9,\"unplanned\":true}",
         "--within begins planned and ends unplanned", NULL},
        {"{\"verb\":\"promote\",\"all\":true}", "promote needs --to SITE", NULL},
        {"{\"verb\":\"promote\",\"all\":true,\"to\":\"roma\"}", "no group is left to act on", NULL},
        {"{\"verb\":\"promote\",\"groups\":[\"erp\"],\"to\":\"roma\"}", "there is no site \"roma\"",
         "did you mean \"rome\"?"},
        {"{\"verb\":\"demote\",\"groups\":[\"erp\"]}", "demote needs --at SITE", NULL},
        {"{\"verb\":\"demote\",\"groups\":[\"erp\"],\"at\":\"oslo\"}",
         "group erp has no copy at oslo", NULL},
        {"{\"verb\":\"failback\",\"groups\":[\"crm\"]}", "group crm has no preferred site", NULL},
        {"{\"verb\":\"failback\",\"only\":[\"crm\"]}", "no group of these has a preferred site",
         NULL},
        {"{\"verb\":\"failback\",\"groups\":[\"erp\"],\"to\":\"milan\"}",
         "--to does not go with failback", NULL},
        {"{\"verb\":\"suspend\",\"groups\":[\"erp\"],\"storage_only\":true}",
         "--storage-only does not go with suspend", NULL},
        {"{\"verb\":\"reprotect\",\"groups\":[\"erp\"],\"point\":\"p\"}",
         "--point does not go with reprotect", NULL},
        {"{\"verb\":\"sync\",\"groups\":[\"erp\"],\"at\":\"rome\"}", "--at does not go with sync",
         NULL},
    };
    size_t good = 0;
    for (size_t i = 0; i < DR_COUNT(cases); i++) {
        struct dr_goal g;
        dr_auto(dr_error_freep) struct drstor_error *err = NULL;
        int r = dr_goal_read(f->arena, f->model, cases[i].goal, NULL, &g, &err);
        const char *hint = dr_error_hint(err);
        if (r < 0 && strstr(dr_error_message(err), cases[i].says) &&
            (!cases[i].hint || (hint && strstr(hint, cases[i].hint))))
            good++;
        else
            print_error("%s: %d %s; %s\n", cases[i].goal, r, dr_error_message(err),
                        hint ? hint : "");
    }
    printf("figure goal_slips_told %zu of %zu\n", good, DR_COUNT(cases));
    assert_int_equal(good, DR_COUNT(cases));
}

static void
what_is_said_of_hosts_goes_with_reprotect(void **state)
{
    struct fixture *f = *state;
    static const char *const restarted[] = {"restarted:milan"}, *const lost[] = {"site-lost:milan"};
    const struct {
        const char *goal;
        const char *const *declare;
        const char *reason, *says; /* NULL: good */
    } cases[] = {
        {"{\"verb\":\"reprotect\",\"all\":true}", restarted, "power cut", NULL},
        {"{\"verb\":\"reprotect\",\"all\":true}", restarted, NULL, "--declare needs --reason"},
        {"{\"verb\":\"reprotect\",\"all\":true}", lost, "x",
         "--declare site-lost does not go with reprotect"},
        {"{\"verb\":\"promote\",\"all\":true,\"to\":\"rome\",\"unplanned\":true}", restarted, "x",
         "--declare restarted does not go with promote"},
        {"{\"verb\":\"demote\",\"all\":true,\"at\":\"rome\"}", restarted, "x",
         "--declare does not go with demote"},
    };
    for (size_t i = 0; i < DR_COUNT(cases); i++) {
        struct dr_goal g;
        dr_auto(dr_error_freep) struct drstor_error *err = NULL;
        struct drstor_consent consent = DRSTOR_CONSENT_INIT;
        consent.declare = cases[i].declare;
        consent.n_declare = 1;
        consent.reason = cases[i].reason;
        int r = dr_goal_read(f->arena, f->model, cases[i].goal, &consent, &g, &err);
        if (cases[i].says) {
            assert_true(r < 0);
            assert_non_null(strstr(dr_error_message(err), cases[i].says));
            continue;
        }
        assert_int_equal(r, 0);
        assert_int_equal(dr_goal_declared(&g, "milan"), DR_DECLARED_RESTARTED);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_word_arrives),
        cmocka_unit_test(all_means_those_that_can),
        cmocka_unit_test(what_is_wrong_is_told),
        cmocka_unit_test(what_is_said_of_hosts_goes_with_reprotect),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
