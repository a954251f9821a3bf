/* Which proof is asked for, step by step; what makes one worthless; and the command in a remedy. */
#include "plan/command.h"
#include "plan/evidence.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *hosts[] = {"rhv-milan"};
static const struct dr_site milan = {.name = "milan"}, rome = {.name = "rome"};
static const struct dr_array old_array = {.name = "a-milan", .plugin = "acme", .site = &milan},
                             new_array = {.name = "a-rome", .plugin = "acme", .site = &rome};
static const struct dr_copy copies[] = {
    {.site = &milan, .array = &old_array, .id = "m", .expose = hosts, .n_expose = 1},
    {.site = &rome, .array = &new_array, .id = "r"}};
static const struct dr_stamp now = {.utc = 5000, .boot_ns = 5000000000000, .boot = "b"};
static struct dr_path path = {.host_group = "rhv-milan"};

struct given {
    struct dr_arena *a;
    struct dr_model model;
    struct dr_group group;
    struct dr_goal goal;
    struct dr_record record;
    struct dr_facts facts;
    struct dr_copy_facts copies[2];
    struct dr_member members[2];
    struct dr_endpoint_facts array;
    struct dr_fence_tried tried;
    struct dr_fence_case c;
};

/* One volume, writable and seen by hosts at milan, whose array answers. */
static void
answering(struct given *g)
{
    *g = (struct given){.a = dr_arena_new()};
    g->model = (struct dr_model){.assert_min_s = 60, .waive_fence = DR_WAIVE_ONE, .file = "x.yaml"};
    g->group = (struct dr_group){.name = "erp",
                                 .mode = DR_MODE_ASYNC,
                                 .topology = DR_TOPOLOGY_ACTIVE_PASSIVE,
                                 .rpo_s = -1,
                                 .copies = copies,
                                 .n_copies = 2};
    dr_map_clear(&dr_goal_type, &g->goal);
    g->goal.verb = DR_VERB_PROMOTE;
    g->goal.to = "rome";
    g->goal.unplanned = true;
    dr_map_clear(&dr_record_type, &g->record);
    g->record.primary = "milan";
    g->record.epoch = 4;
    dr_map_clear(&dr_facts_type, &g->facts);
    for (size_t i = 0; i < 2; i++) {
        dr_map_clear(&dr_copy_facts_type, &g->copies[i]);
        g->copies[i].group = "erp";
        g->copies[i].site = copies[i].site->name;
        g->copies[i].array = copies[i].array->name;
        g->copies[i].seen = now;
        g->copies[i].fresh = true;
        g->copies[i].view.members = &g->members[i];
        g->copies[i].view.n_members = 1;
    }
    g->copies[0].view.access = g->members[0].access = DRSTOR_ACCESS_READ_WRITE;
    g->members[0].paths = &path;
    g->members[0].n_paths = 1;
    g->copies[1].view.access = g->members[1].access = DRSTOR_ACCESS_READ_ONLY;
    g->copies[1].view.peer_seen = DRSTOR_TRI_NO;
    dr_map_clear(&dr_endpoint_facts_type, &g->array);
    g->array = (struct dr_endpoint_facts){.kind = DR_ENDPOINT_ARRAY,
                                          .name = "a-milan",
                                          .site = "milan",
                                          .asked = true,
                                          .answers = true,
                                          .last_answer = now,
                                          .silent_since = {.utc = -1, .boot_ns = -1}};
    g->facts.now = now;
    g->facts.copies = g->copies;
    g->facts.n_copies = 2;
    g->facts.endpoints = &g->array;
    g->facts.n_endpoints = 1;
    g->c = (struct dr_fence_case){.model = &g->model,
                                  .group = &g->group,
                                  .old = &copies[0],
                                  .target = &copies[1],
                                  .goal = &g->goal,
                                  .record = &g->record,
                                  .facts = &g->facts,
                                  .person = "anna@ops1",
                                  .can_withdraw = true,
                                  .tried = &g->tried};
}

static struct dr_fence
weigh(struct given *g)
{
    struct dr_fence f;
    dr_evidence_weigh(g->a, &g->c, &f);
    return f;
}

static void
expect(struct given *g, enum dr_fence_verdict verdict)
{
    struct dr_fence f = weigh(g);
    if (f.verdict != verdict)
        fail_msg("verdict %d instead of %d: %s", (int)f.verdict, (int)verdict,
                 f.refusal.text ? f.refusal.text : "");
}

static void
expect_proof(struct given *g, enum drstor_evidence_kind kind)
{
    expect(g, DR_FENCE_PROVEN);
    assert_int_equal(weigh(g).evidence.kind, kind);
}

static void
expect_refusal(struct given *g, const char *id)
{
    expect(g, DR_FENCE_REFUSED);
    struct dr_fence f = weigh(g);
    assert_string_equal(f.refusal.id, id);
    assert_non_null(f.refusal.evidence);
    assert_non_null(f.refusal.remedy);
}

static void
read_only(struct given *g)
{
    g->copies[0].view.access = g->members[0].access = DRSTOR_ACCESS_READ_ONLY;
}

static void
an_array_that_answers_is_demoted_first(void **state)
{
    (void)state;
    struct given g;
    answering(&g);
    expect(&g, DR_FENCE_DEMOTE);
    read_only(&g); /* it may be read-only by a command that is still on its way back */
    expect(&g, DR_FENCE_DEMOTE);
    g.tried.demoted = true;
    expect_proof(&g, DRSTOR_EVIDENCE_E1_READ_BACK);
    dr_arena_free(g.a);
}

static void
what_is_read_only_and_refuses_counts_after_settling(void **state)
{
    (void)state;
    struct given g;
    answering(&g);
    read_only(&g);
    g.tried.not_demoted = "it has no right to";
    expect(&g, DR_FENCE_SETTLE);
    g.tried.settled = true;
    expect_proof(&g, DRSTOR_EVIDENCE_E1_READ_BACK);
    dr_arena_free(g.a);
}

static void
what_is_not_demoted_is_taken_from_its_hosts(void **state)
{
    (void)state;
    struct given g;
    answering(&g);
    g.tried.not_demoted = "it has no right to";
    expect(&g, DR_FENCE_WITHDRAW);
    g.members[0].n_paths = 0;
    expect(&g, DR_FENCE_WITHDRAW); /* our own has to be sent all the same */
    g.tried.withdrawn = true;
    expect_proof(&g, DRSTOR_EVIDENCE_E2_MASKED);
    g.members[0].n_paths = 1; /* somebody gave it back */
    expect_refusal(&g, "R035");
    dr_arena_free(g.a);
}

static void
an_array_that_refuses_both_is_no_proof(void **state)
{
    (void)state;
    struct given g;
    answering(&g);
    g.tried.not_demoted = "no";
    g.tried.not_withdrawn = "no, again";
    expect_refusal(&g, "R035");
    assert_non_null(strstr(weigh(&g).refusal.evidence, "no, again"));
    g.c.can_withdraw = false;
    g.tried.not_withdrawn = NULL;
    expect_refusal(&g, "R035");
    g.members[0].n_paths = 0; /* nobody sees it, and nothing is there to be sent */
    expect(&g, DR_FENCE_SETTLE);
    g.tried.settled = true;
    expect_proof(&g, DRSTOR_EVIDENCE_E2_MASKED);
    dr_arena_free(g.a);
}

static void
legs_are_not_demoted(void **state)
{
    (void)state;
    struct given g;
    answering(&g);
    g.group.topology = DR_TOPOLOGY_ACTIVE_ACTIVE;
    g.copies[0].view.relation = g.copies[1].view.relation = DRSTOR_RELATION_MUTUAL;
    expect(&g, DR_FENCE_WITHDRAW);
    g.copies[1].view.leg = DRSTOR_LEG_SURVIVOR; /* but the other one writes: one of them is wrong */
    expect(&g, DR_FENCE_WITHDRAW);
    g.copies[0].view.access = g.members[0].access = DRSTOR_ACCESS_NONE;
    expect_proof(&g, DRSTOR_EVIDENCE_E5_QUORUM);
    g.copies[0].fresh = g.array.answers = false;
    expect_proof(&g, DRSTOR_EVIDENCE_E5_QUORUM);
    g.copies[1].fresh = false; /* what the survivor said yesterday is no verdict */
    expect_refusal(&g, "R021");
    dr_arena_free(g.a);
}

/* ---- what is not worth anything ---------------------------------------------------------------
 */

static void
counts(const struct dr_evidence *e, bool good)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_refusal r = {0};
    bool does = dr_evidence_counts(a, e, "erp", "milan", "r1", 4, &now, &r);
    if (does != good)
        fail_msg("it %s count", does ? "does" : "does not");
    if (!good) {
        assert_string_equal(r.id, "R021");
        assert_non_null(r.evidence);
    }
}

static void
evidence_is_of_one_run_one_copy_and_fifteen_minutes(void **state)
{
    (void)state;
    const struct dr_evidence good = {.kind = DRSTOR_EVIDENCE_E6_DECLARED,
                                     .group = "erp",
                                     .site = "milan",
                                     .run = "r1",
                                     .epoch = 4,
                                     .at = now};
    struct dr_evidence e = good;
    counts(&e, true);
    e.at.boot_ns -= (int64_t)DR_EVIDENCE_VALID_S * 1000000000;
    counts(&e, true);
    e.at.boot_ns -= 1000000000;
    counts(&e, false);
    e = good;
    e.at.boot_ns += 1000000000; /* a clock that went back */
    counts(&e, false);
    e = good;
    e.at.boot = "another";
    counts(&e, false);
    e = good;
    e.run = "r2";
    counts(&e, false);
    e = good;
    e.site = "rome";
    counts(&e, false);
    e = good;
    e.group = "db";
    counts(&e, false);
    e = good;
    e.epoch = 3;
    counts(&e, false);
    e = good;
    e.kind = DRSTOR_EVIDENCE_NONE;
    counts(&e, false);
}

/* ---- commands ---------------------------------------------------------------------------------
 */

static void
a_remedy_is_a_command_to_the_letter(void **state)
{
    (void)state;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    const char *groups[] = {"erp", "db"};
    struct dr_declaration cut = {DR_DECLARED_PARTITION, "milan"};
    struct dr_goal g;
    dr_map_clear(&dr_goal_type, &g);
    g.verb = DR_VERB_PROMOTE;
    g.groups = groups;
    g.n_groups = 2;
    g.to = "rome";
    assert_string_equal(dr_command_text(a, &g, NULL), "drstor promote erp db --to rome");
    g.within_s = 600;
    assert_string_equal(dr_command_text(a, &g, NULL),
                        "drstor promote erp db --to rome --within 600s");
    const struct dr_command_change lost = {.unplanned = true, .declare = "milan"};
    assert_string_equal(dr_command_text(a, &g, &lost),
                        "drstor promote erp db --to rome --unplanned --declare site-lost:milan "
                        "--reason TEXT");
    g.within_s = -1;
    g.selection = "--all --except 'd*'";
    g.declare = &cut;
    g.n_declare = 1;
    g.reason = "the cable, it's cut";
    g.accept_loss.bytes = 1024;
    assert_string_equal(dr_command_text(a, &g, &lost),
                        "drstor promote --all --except 'd*' --to rome --unplanned --declare "
                        "site-lost:milan --reason 'the cable, it'\\''s cut' --accept-loss 1024B");
    const struct dr_command_change waive = {
        .unplanned = true, .declare = "milan", .waive = true, .accept_loss = "unknown"};
    assert_string_equal(dr_command_text(a, &g, &waive),
                        "drstor promote --all --except 'd*' --to rome --unplanned --declare "
                        "site-lost:milan --waive-fence TEXT --reason 'the cable, it'\\''s cut' "
                        "--accept-loss unknown");
    dr_map_clear(&dr_goal_type, &g);
    g.verb = DR_VERB_FAILBACK;
    g.groups = groups;
    g.n_groups = 1;
    assert_string_equal(dr_command_text(a, &g, NULL), "drstor failback erp");
    assert_string_equal(dr_command_text(a, &g, &(struct dr_command_change){.to = "milan"}),
                        "drstor promote erp --to milan");
    g.verb = DR_VERB_DRILL_START;
    assert_string_equal(dr_command_text(a, &g, NULL), "drstor drill start erp");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_array_that_answers_is_demoted_first),
        cmocka_unit_test(what_is_read_only_and_refuses_counts_after_settling),
        cmocka_unit_test(what_is_not_demoted_is_taken_from_its_hosts),
        cmocka_unit_test(an_array_that_refuses_both_is_no_proof),
        cmocka_unit_test(legs_are_not_demoted),
        cmocka_unit_test(evidence_is_of_one_run_one_copy_and_fifteen_minutes),
        cmocka_unit_test(a_remedy_is_a_command_to_the_letter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
