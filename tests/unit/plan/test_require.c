/* A condition holds for what was read, and for nothing else. */
#include "base/mem.h"
#include "plan/require.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { ALL_BITS = (DR_REQUIRE_OLD_CLOSED << 1) - 1 };

static const char *hosts[] = {"cluster"};
static const struct dr_site milan = {.name = "milan"}, rome = {.name = "rome"};
static const struct dr_copy copies[] = {{.site = &milan},
                                        {.site = &rome, .expose = hosts, .n_expose = 1}};
static const struct dr_group group = {
    .name = "erp", .mode = DR_MODE_SYNC, .copies = copies, .n_copies = DR_COUNT(copies)};
static const struct dr_plan_group plan = {
    .name = "erp", .from = "milan", .to = "rome", .operation = DR_OPERATION_SWITCHOVER, .epoch = 4};
static struct dr_path path = {.host_group = "cluster"};

struct given {
    struct dr_member old_members[2], target_members[2];
    struct dr_copy_view old, target;
    struct dr_evidence evidence;
    struct dr_record record;
    struct dr_require_case c;
};

/* Right before the commit of a planned promote of two volumes. */
static void
demoted_and_synced(struct given *g)
{
    *g = (struct given){0};
    g->old = (struct dr_copy_view){.access = DRSTOR_ACCESS_READ_ONLY,
                                   .sync = DRSTOR_SYNC_IN_SYNC,
                                   .relation = DRSTOR_RELATION_SOURCE,
                                   .point = -1,
                                   .lag_bytes = -1,
                                   .members = g->old_members,
                                   .n_members = 2};
    g->target = g->old;
    g->target.relation = DRSTOR_RELATION_DESTINATION;
    g->target.members = g->target_members;
    for (size_t i = 0; i < 2; i++)
        g->old_members[i].access = g->target_members[i].access = DRSTOR_ACCESS_READ_ONLY;
    g->evidence = (struct dr_evidence){
        .kind = DRSTOR_EVIDENCE_E1_READ_BACK, .site = "milan", .run = "r1", .epoch = 4};
    g->record = (struct dr_record){.primary = "milan",
                                   .epoch = 4,
                                   .phase = DR_PHASE_STEADY,
                                   .members = g->old_members,
                                   .n_members = 2};
    g->c = (struct dr_require_case){.group = &group,
                                    .record = &g->record,
                                    .run = "r1",
                                    .plan = &plan,
                                    .old = &g->old,
                                    .target = &g->target,
                                    .evidence = &g->evidence,
                                    .transferred = true,
                                    .vms_at_old = DRSTOR_TRI_NO};
}

static void
commit_it(struct given *g)
{
    g->record.primary = "rome";
    g->record.epoch = 5;
    g->record.phase = DR_PHASE_PROMOTING;
    g->record.op.id = "r1";
}

static void
assert_needs_met(const struct given *g, unsigned needs)
{
    assert_int_equal(dr_require_missing(needs, &g->c), 0);
}

static void
assert_not(const struct given *g, enum dr_require one)
{
    assert_false(dr_require_holds(one, &g->c));
}

static void
nothing_in_hand_satisfies_nothing(void **state)
{
    (void)state;
    const struct dr_require_case nothing = {0};
    assert_int_equal(dr_require_missing(ALL_BITS, &nothing), ALL_BITS);
    const struct dr_record empty = {0};
    const struct dr_plan_group no_plan = {0};
    const struct dr_copy_view unread = {0};
    const struct dr_require_case hollow = {
        .group = &group, .record = &empty, .plan = &no_plan, .old = &unread, .target = &unread};
    assert_int_equal(dr_require_missing(ALL_BITS, &hollow),
                     ALL_BITS &
                         ~(unsigned)(DR_REQUIRE_OLD_REACHABLE | DR_REQUIRE_TARGET_REACHABLE));
}

static void
a_demoted_and_synced_copy_may_be_committed(void **state)
{
    (void)state;
    struct given g;
    demoted_and_synced(&g);
    assert_needs_met(&g, DR_REQUIRE_RECORD | DR_REQUIRE_OLD_NOT_WRITABLE | DR_REQUIRE_SYNCED_AFTER |
                             DR_REQUIRE_EVIDENCE | DR_REQUIRE_RELATION_HEALTHY |
                             DR_REQUIRE_NO_VMS_AT_OLD | DR_REQUIRE_CONSISTENT);
    assert_not(&g, DR_REQUIRE_COMMITTED);
    assert_not(&g, DR_REQUIRE_TARGET_WRITABLE);
    assert_not(&g, DR_REQUIRE_EXPOSED);
}

static void
one_member_decides_for_all(void **state)
{
    (void)state;
    struct given g;
    demoted_and_synced(&g);
    g.old_members[1].access = DRSTOR_ACCESS_READ_WRITE;
    assert_not(&g, DR_REQUIRE_OLD_NOT_WRITABLE);
    assert_not(&g, DR_REQUIRE_SYNCED_AFTER);
    assert_not(&g, DR_REQUIRE_EVIDENCE); /* what was read back is undone */
    demoted_and_synced(&g);
    g.old_members[1].access = DRSTOR_ACCESS_UNKNOWN;
    assert_not(&g, DR_REQUIRE_OLD_NOT_WRITABLE);
    demoted_and_synced(&g);
    g.old.n_members = 1; /* the record knows two */
    assert_not(&g, DR_REQUIRE_OLD_NOT_WRITABLE);
    demoted_and_synced(&g);
    g.target.access = DRSTOR_ACCESS_READ_WRITE;
    g.target_members[0].access = DRSTOR_ACCESS_READ_WRITE;
    assert_not(&g, DR_REQUIRE_TARGET_WRITABLE);
    g.target_members[1].access = DRSTOR_ACCESS_READ_WRITE;
    assert_needs_met(&g, DR_REQUIRE_TARGET_WRITABLE);
}

static void
evidence_is_bound_to_run_site_and_epoch(void **state)
{
    (void)state;
    struct given g;
    demoted_and_synced(&g);
    g.evidence.run = "r0";
    assert_not(&g, DR_REQUIRE_EVIDENCE);
    demoted_and_synced(&g);
    g.evidence.epoch = 3;
    assert_not(&g, DR_REQUIRE_EVIDENCE);
    demoted_and_synced(&g);
    g.evidence.site = "rome";
    assert_not(&g, DR_REQUIRE_EVIDENCE);
    demoted_and_synced(&g);
    g.evidence.kind = DRSTOR_EVIDENCE_NONE;
    assert_not(&g, DR_REQUIRE_EVIDENCE);
}

static void
a_declaration_needs_no_word_of_the_silent_copy(void **state)
{
    (void)state;
    struct given g;
    demoted_and_synced(&g);
    g.evidence.kind = DRSTOR_EVIDENCE_E6_DECLARED;
    g.record.evidence = &g.evidence;
    g.record.n_evidence = 1;
    g.record.phase = DR_PHASE_FENCING;
    g.c.evidence = NULL;
    g.c.old = NULL;
    assert_needs_met(&g, DR_REQUIRE_EVIDENCE | DR_REQUIRE_RECORD);
    commit_it(&g);
    assert_needs_met(&g, DR_REQUIRE_EVIDENCE | DR_REQUIRE_COMMITTED | DR_REQUIRE_RECORD);
}

/* Hosts taken away (E2): the copy may be writable, as long as nobody sees it. */
static void
a_masked_copy_is_believed_as_it_is_now(void **state)
{
    (void)state;
    struct given g;
    demoted_and_synced(&g);
    g.evidence.kind = DRSTOR_EVIDENCE_E2_MASKED;
    g.old.access = g.old_members[0].access = DRSTOR_ACCESS_READ_WRITE;
    assert_needs_met(&g, DR_REQUIRE_EVIDENCE);
    g.old_members[1].paths = &path;
    g.old_members[1].n_paths = 1;
    assert_not(&g, DR_REQUIRE_EVIDENCE);
    g.c.old = NULL; /* silent by now */
    assert_needs_met(&g, DR_REQUIRE_EVIDENCE);
}

static void
a_commit_is_ours_by_run_epoch_and_site(void **state)
{
    (void)state;
    struct given g;
    demoted_and_synced(&g);
    commit_it(&g);
    assert_needs_met(&g, DR_REQUIRE_COMMITTED);
    g.c.run = "r2";
    assert_not(&g, DR_REQUIRE_COMMITTED);
    assert_not(&g, DR_REQUIRE_RECORD);
    g.c.run = "r1";
    g.record.epoch = 6;
    assert_not(&g, DR_REQUIRE_COMMITTED);
}

static void
a_record_of_another_run_is_not_ours(void **state)
{
    (void)state;
    struct given g;
    demoted_and_synced(&g);
    g.record.phase = DR_PHASE_RESYNCING;
    g.record.op.id = "r9";
    assert_not(&g, DR_REQUIRE_RECORD);
    g.record.op.id = "r1";
    assert_needs_met(&g, DR_REQUIRE_RECORD);
    g.record.primary = "rome";
    assert_not(&g, DR_REQUIRE_RECORD);
}

static void
loss_is_covered_by_proof_or_by_consent(void **state)
{
    (void)state;
    struct given g;
    demoted_and_synced(&g);
    struct dr_loss loss = {.seconds = 30, .bytes = -1};
    struct dr_accept_loss none = {.seconds = -1, .bytes = -1},
                          minute = {.seconds = 60, .bytes = -1};
    g.c.accepted = &none;
    assert_not(&g, DR_REQUIRE_LOSS_COVERED); /* not weighed */
    g.c.loss = &loss;
    assert_not(&g, DR_REQUIRE_LOSS_COVERED);
    g.c.standing = &minute;
    assert_needs_met(&g, DR_REQUIRE_LOSS_COVERED);
    loss.seconds = -1;
    assert_not(&g, DR_REQUIRE_LOSS_COVERED);
    assert_not(&g, DR_REQUIRE_OLD_KEPT);
    loss.proven_zero = true;
    assert_needs_met(&g, DR_REQUIRE_LOSS_COVERED | DR_REQUIRE_OLD_KEPT);
}

static void
a_resync_is_intended_by_this_run_from_the_primary(void **state)
{
    (void)state;
    struct given g;
    demoted_and_synced(&g);
    const struct dr_plan_group back = {.name = "erp",
                                       .from = "milan",
                                       .to = "rome",
                                       .operation = DR_OPERATION_REPROTECT,
                                       .epoch = 5};
    g.c.plan = &back;
    commit_it(&g);
    assert_not(&g, DR_REQUIRE_INTENDED);
    g.record.phase = DR_PHASE_RESYNCING;
    assert_needs_met(&g, DR_REQUIRE_INTENDED | DR_REQUIRE_OLD_WITHDRAWN);
    g.old_members[0].paths = &path;
    g.old_members[0].n_paths = 1;
    assert_not(&g, DR_REQUIRE_OLD_WITHDRAWN);
    assert_not(&g, DR_REQUIRE_FOLLOWS);
    g.old.relation = DRSTOR_RELATION_DESTINATION;
    assert_needs_met(&g, DR_REQUIRE_FOLLOWS);
    g.record.primary = "milan";
    assert_not(&g, DR_REQUIRE_INTENDED);
}

static void
exposed_means_every_member_to_every_host_group(void **state)
{
    (void)state;
    struct given g;
    demoted_and_synced(&g);
    g.target_members[0].paths = &path;
    g.target_members[0].n_paths = 1;
    assert_not(&g, DR_REQUIRE_EXPOSED);
    g.target_members[1].paths = &path;
    g.target_members[1].n_paths = 1;
    assert_needs_met(&g, DR_REQUIRE_EXPOSED);
}

/* The record names who is primary, whatever an operation that died has left to do. */
static void
a_guard_closes_what_is_not_the_primary(void **state)
{
    (void)state;
    struct given g;
    struct dr_plan_group guard = {
        .name = "erp", .from = "milan", .to = "rome", .operation = DR_OPERATION_GUARD, .epoch = 5};
    demoted_and_synced(&g);
    g.c.plan = &guard;
    assert_not(&g, DR_REQUIRE_RECORD); /* milan is the primary */
    commit_it(&g);
    g.record.op.id = "another";
    assert_needs_met(&g, DR_REQUIRE_RECORD | DR_REQUIRE_OLD_CLOSED);
    g.record.epoch = 6;
    assert_not(&g, DR_REQUIRE_RECORD);
    g.record.epoch = 5;
    guard.from = "rome";
    assert_not(&g, DR_REQUIRE_RECORD);

    g.old_members[1].access = DRSTOR_ACCESS_READ_WRITE; /* but nobody sees it */
    assert_needs_met(&g, DR_REQUIRE_OLD_CLOSED);
    g.old_members[0].paths = &path;
    g.old_members[0].n_paths = 1;
    assert_not(&g, DR_REQUIRE_OLD_CLOSED);
}

static void
a_copy_that_is_being_overwritten_is_no_point_in_time(void **state)
{
    (void)state;
    struct given g;
    struct dr_plan_group back = plan;
    demoted_and_synced(&g);
    g.target.sync = DRSTOR_SYNC_SYNCING;
    assert_not(&g, DR_REQUIRE_CONSISTENT);
    g.target.point = 1000;
    assert_needs_met(&g, DR_REQUIRE_CONSISTENT);
    g.target.point = -1;
    back.operation = DR_OPERATION_PROMOTE;
    back.point = "hourly.1"; /* what is promoted is that, whatever is under way since */
    g.c.plan = &back;
    assert_needs_met(&g, DR_REQUIRE_CONSISTENT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_in_hand_satisfies_nothing),
        cmocka_unit_test(a_demoted_and_synced_copy_may_be_committed),
        cmocka_unit_test(one_member_decides_for_all),
        cmocka_unit_test(evidence_is_bound_to_run_site_and_epoch),
        cmocka_unit_test(a_declaration_needs_no_word_of_the_silent_copy),
        cmocka_unit_test(a_masked_copy_is_believed_as_it_is_now),
        cmocka_unit_test(a_commit_is_ours_by_run_epoch_and_site),
        cmocka_unit_test(a_record_of_another_run_is_not_ours),
        cmocka_unit_test(loss_is_covered_by_proof_or_by_consent),
        cmocka_unit_test(a_resync_is_intended_by_this_run_from_the_primary),
        cmocka_unit_test(exposed_means_every_member_to_every_host_group),
        cmocka_unit_test(a_copy_that_is_being_overwritten_is_no_point_in_time),
        cmocka_unit_test(a_guard_closes_what_is_not_the_primary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
