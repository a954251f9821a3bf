/* Who may act, what a standby has to prove, and which records are behind. */
#include "plan/takeover.h"

#include "base/mem.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { NOW_S = 100000, ASSERT_S = 60 };

/* Two sites with an array each, one group between them, and a probe of milan's controller. */
struct ground {
    struct dr_arena *a;
    struct dr_site sites[2];
    struct dr_array arrays[2];
    struct dr_copy copies[2];
    struct dr_group group;
    struct dr_model model;
    struct dr_endpoint_facts ends[3];
    struct dr_copy_facts seen[2];
    struct dr_facts facts;
    struct dr_plan_array can[2];
    struct dr_declaration declared;
    struct dr_goal goal;
    struct dr_controller here;
    struct dr_takeover_fence fences[2];
    struct dr_takeover_case c;
};

static struct dr_stamp
ago(int64_t s)
{
    return (struct dr_stamp){
        .utc = NOW_S - s, .boot_ns = (NOW_S - s) * INT64_C(1000000000), .boot = "b"};
}

static void
silent(struct dr_endpoint_facts *e, int64_t since_s)
{
    e->answers = false;
    e->silent_since = ago(since_s);
}

/* Milan silent for two minutes, declared lost. */
static int
setup(void **state)
{
    static const char *caps[] = {"tag"};
    struct ground *g = dr_new0(struct ground);
    g->a = dr_arena_new();
    g->sites[0].name = "milan";
    g->sites[1].name = "rome";
    for (size_t i = 0; i < 2; i++) {
        const char *site = g->sites[i].name, *name = i ? "sim-rome" : "sim-milan";
        g->arrays[i] = (struct dr_array){.name = name, .site = &g->sites[i]};
        g->copies[i] = (struct dr_copy){.site = &g->sites[i], .array = &g->arrays[i], .id = site};
        g->can[i] = (struct dr_plan_array){
            .name = name, .capabilities = caps, .n_capabilities = 1, .refuses_older = true};
        dr_map_clear(&dr_copy_facts_type, &g->seen[i]);
        g->seen[i].group = "erp";
        g->seen[i].site = site;
        g->seen[i].array = name;
        g->seen[i].fresh = i == 1;
        g->seen[i].seen = ago(1);
        g->seen[i].view.peer_seen = DRSTOR_TRI_NO;
        g->seen[i].view.access = DRSTOR_ACCESS_READ_ONLY;
        dr_map_clear(&dr_endpoint_facts_type, &g->ends[i]);
        g->ends[i] = (struct dr_endpoint_facts){.kind = DR_ENDPOINT_ARRAY,
                                                .name = name,
                                                .site = site,
                                                .asked = true,
                                                .answers = i == 1,
                                                .silent_since = {-1, -1, NULL}};
    }
    g->ends[2] = g->ends[0];
    g->ends[2].kind = DR_ENDPOINT_PROBE;
    g->ends[2].name = "milan-1:22";
    silent(&g->ends[0], 120);
    silent(&g->ends[2], 120);
    g->group = (struct dr_group){.name = "erp",
                                 .topology = DR_TOPOLOGY_ACTIVE_PASSIVE,
                                 .copies = g->copies,
                                 .n_copies = 2,
                                 .rpo_s = -1};
    g->model = (struct dr_model){.file = "drstor.yaml",
                                 .controller_name = "rome-1",
                                 .controller_standby = true,
                                 .controller_site = &g->sites[1],
                                 .assert_min_s = ASSERT_S,
                                 .consent_valid_s = 600,
                                 .waive_fence = DR_WAIVE_ONE,
                                 .sites = g->sites,
                                 .n_sites = 2,
                                 .arrays = g->arrays,
                                 .n_arrays = 2,
                                 .groups = &g->group,
                                 .n_groups = 1};
    g->facts = (struct dr_facts){
        .now = ago(0), .endpoints = g->ends, .n_endpoints = 3, .copies = g->seen, .n_copies = 2};
    g->declared = (struct dr_declaration){DR_DECLARED_SITE_LOST, "milan"};
    dr_map_clear(&dr_goal_type, &g->goal);
    g->goal.declare = &g->declared;
    g->goal.n_declare = 1;
    g->goal.reason = "fire";
    dr_map_clear(&dr_controller_type, &g->here);
    g->here.active = "milan-1";
    g->here.site = "milan";
    g->fences[0] = (struct dr_takeover_fence){
        .group = "erp", .site = "milan", .array = "sim-milan", .why_not = "it does not answer"};
    g->fences[1] = (struct dr_takeover_fence){
        .group = "erp", .site = "rome", .array = "sim-rome", .done = true};
    g->c = (struct dr_takeover_case){.model = &g->model,
                                     .here = &g->here,
                                     .facts = &g->facts,
                                     .goal = &g->goal,
                                     .person = "anna@ops",
                                     .arrays = g->can,
                                     .n_arrays = 2};
    *state = g;
    return 0;
}

static int
teardown(void **state)
{
    struct ground *g = *state;
    dr_arena_free(g->a);
    free(g);
    return 0;
}

static struct dr_takeover
weigh(struct ground *g)
{
    struct dr_takeover t;
    dr_takeover_weigh(g->a, &g->c, &t);
    return t;
}

static void
refused(struct ground *g, const char *rule)
{
    struct dr_takeover t = weigh(g);
    assert_int_equal(t.verdict, DR_TAKEOVER_REFUSED);
    assert_string_equal(t.refusal.id, rule);
    assert_non_null(t.refusal.evidence);
    assert_non_null(t.refusal.remedy);
}

static void
milan_answers(struct ground *g)
{
    g->ends[0].answers = g->ends[2].answers = true;
    g->seen[0].fresh = true;
    g->declared.kind = DR_DECLARED_OUTAGE;
}

static void
old_silence_is_evidence_and_arrays_are_fenced_before_it_counts(void **state)
{
    struct ground *g = *state;
    struct dr_takeover t = weigh(g);
    assert_int_equal(t.verdict, DR_TAKEOVER_FENCE);
    assert_int_equal(t.evidence.kind, DRSTOR_EVIDENCE_E6_DECLARED);
    g->c.fences = g->fences;
    g->c.n_fences = 2;
    assert_int_equal(weigh(g).verdict, DR_TAKEOVER_PROVEN);
}

static void
young_silence_is_waited_for(void **state)
{
    struct ground *g = *state;
    silent(&g->ends[2], 20);
    struct dr_takeover t = weigh(g);
    assert_int_equal(t.verdict, DR_TAKEOVER_WAIT);
    assert_int_equal(t.wait_left_s, ASSERT_S - 20);
    g->ends[2].silent_since.boot = "another boot";
    silent(&g->ends[0], 500);
    g->ends[2].silent_since.boot_ns = INT64_MAX / 2;
    assert_int_equal(weigh(g).verdict, DR_TAKEOVER_WAIT);
}

static void
without_words_about_its_site_nothing_is_taken_over(void **state)
{
    struct ground *g = *state;
    g->declared.site = "rome";
    refused(g, "R051");
    g->goal.n_declare = 0;
    refused(g, "R051");
    g->here.active = g->here.site = NULL;
    refused(g, "R051");
}

static void
a_cut_alone_allows_nothing(void **state)
{
    struct ground *g = *state;
    g->declared.kind = DR_DECLARED_PARTITION;
    refused(g, "R051");
    g->declared.kind = DR_DECLARED_RESTARTED; /* of hosts, which is no word about a site */
    refused(g, "R051");
}

static void
a_site_that_answers_is_not_lost(void **state)
{
    struct ground *g = *state;
    g->ends[2].answers = true;
    refused(g, "R051");
    milan_answers(g);
    g->declared.kind = DR_DECLARED_SITE_LOST;
    refused(g, "R051");
}

static void
arrays_that_all_refuse_it_are_proof_without_silence(void **state)
{
    struct ground *g = *state;
    milan_answers(g);
    assert_int_equal(weigh(g).verdict, DR_TAKEOVER_FENCE);
    g->c.fences = g->fences;
    g->c.n_fences = 2;
    refused(g, "R051"); /* one of them does not, after all */
    g->fences[0].done = true;
    assert_int_equal(weigh(g).verdict, DR_TAKEOVER_PROVEN);
    g->c.fences = NULL;
    g->c.n_fences = 0;
    g->can[0].refuses_older = false;
    refused(g, "R051");
}

static void
a_peer_that_is_seen_speaks_against_it(void **state)
{
    struct ground *g = *state;
    g->seen[1].view.peer_seen = DRSTOR_TRI_YES;
    refused(g, "R025");
    g->goal.waive_fence = "I know";
    refused(g, "R025");
    g->goal.waive_fence = NULL;
    g->seen[1].view.peer_seen = DRSTOR_TRI_NO;
    g->seen[1].view.peer_seen_at = NOW_S - 10;
    struct dr_takeover t = weigh(g);
    assert_int_equal(t.verdict, DR_TAKEOVER_WAIT);
    assert_int_equal(t.wait_left_s, ASSERT_S - 10);
}

static void
it_is_waived_by_as_many_as_it_takes(void **state)
{
    struct ground *g = *state;
    milan_answers(g);
    g->can[0].refuses_older = false;
    g->goal.waive_fence = "it is switched off";
    struct dr_takeover t = weigh(g);
    assert_int_equal(t.verdict, DR_TAKEOVER_FENCE);
    assert_int_equal(t.evidence.kind, DRSTOR_EVIDENCE_E7_WAIVED);
    assert_true(t.evidence.n_answering > 0);
    g->model.waive_fence = DR_WAIVE_TWO;
    refused(g, "R029");
    g->c.second = "bert@ops";
    assert_int_equal(weigh(g).verdict, DR_TAKEOVER_FENCE);
    g->model.waive_fence = DR_WAIVE_NO;
    refused(g, "R023");
}

/* ---- who may act ----------------------------------------------------------------------------- */

static const char *
rule(struct ground *g, const struct dr_controller *here)
{
    struct dr_refusal r = {0};
    return dr_role_refuses(g->a, &g->model, here, &r) ? r.id : "";
}

static void
what_is_stored_wins_over_the_configuration(void **state)
{
    struct ground *g = *state;
    assert_string_equal(rule(g, NULL), "R031");
    assert_string_equal(rule(g, &g->here), "R031");
    struct dr_controller ours = {.active = "rome-1", .term = 1, .begun = true, .since = -1};
    assert_string_equal(rule(g, &ours), "R031");
    ours.begun = false;
    assert_string_equal(rule(g, &ours), "");
    /* At the one before, once it was told. */
    g->model.controller_name = "milan-1";
    g->model.controller_standby = false;
    assert_string_equal(rule(g, NULL), "");
    assert_string_equal(rule(g, &ours), "R052");
}

/* ---- records --------------------------------------------------------------------------------- */

static void
what_arrays_contradict_is_behind(void **state)
{
    struct ground *g = *state;
    struct dr_member volume = {.access = DRSTOR_ACCESS_READ_WRITE};
    struct dr_record rec = {.group = "erp", .primary = "milan", .epoch = 4};
    assert_null(dr_takeover_behind(g->a, &g->group, &rec, &g->facts));
    g->seen[1].view.epoch = 5;
    assert_non_null(dr_takeover_behind(g->a, &g->group, &rec, &g->facts));
    g->seen[1].view.epoch = 4;
    g->seen[1].view.access = DRSTOR_ACCESS_READ_WRITE;
    g->seen[1].view.members = &volume;
    g->seen[1].view.n_members = 1;
    assert_non_null(dr_takeover_behind(g->a, &g->group, &rec, &g->facts));
    rec.primary = "rome";
    assert_null(dr_takeover_behind(g->a, &g->group, &rec, &g->facts));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(old_silence_is_evidence_and_arrays_are_fenced_before_it_counts),
        CASE(young_silence_is_waited_for),
        CASE(without_words_about_its_site_nothing_is_taken_over),
        CASE(a_cut_alone_allows_nothing),
        CASE(a_site_that_answers_is_not_lost),
        CASE(arrays_that_all_refuse_it_are_proof_without_silence),
        CASE(a_peer_that_is_seen_speaks_against_it),
        CASE(it_is_waived_by_as_many_as_it_takes),
        CASE(what_is_stored_wins_over_the_configuration),
        CASE(what_arrays_contradict_is_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
