/* What a guard closes, and what it leaves alone: by the record, and by what was read. */
#include "base/mem.h"
#include "plan/held.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct dr_group erp = {.name = "erp", .topology = DR_TOPOLOGY_ACTIVE_PASSIVE};
static const struct dr_group legs = {.name = "legs", .topology = DR_TOPOLOGY_ACTIVE_ACTIVE};
static const char *milan[] = {"milan"};
static struct dr_path path = {.host_group = "rhv-milan"}, none[1];

/* Promoted at rome, epoch 5, without milan. */
static struct dr_plan_record
left(void)
{
    return (struct dr_plan_record){.group = "erp",
                                   .present = true,
                                   .record = {.primary = "rome",
                                              .epoch = 5,
                                              .phase = DR_PHASE_STEADY,
                                              .old_copy = DR_OLD_COPY_STALE,
                                              .site_hold = milan,
                                              .n_site_hold = 1,
                                              .n_members = 1}};
}

struct seen {
    struct dr_member members[1];
    struct dr_copy_view v;
};

static const struct dr_copy_view *
shows(struct seen *s, enum drstor_access access, bool exposed)
{
    *s = (struct seen){0};
    s->members[0] = (struct dr_member){
        .access = access, .paths = exposed ? &path : none, .n_paths = exposed ? 1 : 0};
    s->v = (struct dr_copy_view){.access = access, .members = s->members, .n_members = 1};
    return &s->v;
}

static const struct dr_copy_view *
leg(struct seen *s, enum drstor_leg is, enum drstor_access access, bool exposed)
{
    (void)shows(s, access, exposed);
    s->v.relation = DRSTOR_RELATION_MUTUAL;
    s->v.leg = is;
    return &s->v;
}

static void
what_was_left_behind_is_closed(void **state)
{
    (void)state;
    struct seen s;
    const struct dr_plan_record r = left();
    assert_int_equal(dr_held_judge(&erp, "milan", &r, shows(&s, DRSTOR_ACCESS_READ_WRITE, true)),
                     DR_HELD_OPEN);
    assert_int_equal(dr_held_judge(&erp, "milan", &r, shows(&s, DRSTOR_ACCESS_READ_WRITE, false)),
                     DR_HELD_OPEN);
    assert_int_equal(dr_held_judge(&erp, "milan", &r, shows(&s, DRSTOR_ACCESS_READ_ONLY, true)),
                     DR_HELD_SHOWN);
    assert_int_equal(dr_held_judge(&erp, "milan", &r, shows(&s, DRSTOR_ACCESS_READ_ONLY, false)),
                     DR_HELD_FINE);
}

static void
what_was_not_read_is_never_fine(void **state)
{
    (void)state;
    struct seen s;
    struct dr_plan_record r = left();
    assert_int_equal(dr_held_judge(&erp, "milan", &r, NULL), DR_HELD_UNKNOWN);
    assert_int_equal(dr_held_judge(&erp, "milan", &r, shows(&s, DRSTOR_ACCESS_UNKNOWN, false)),
                     DR_HELD_OPEN);
    r.record.n_members = 2; /* and one of them is not shown */
    assert_int_equal(dr_held_judge(&erp, "milan", &r, shows(&s, DRSTOR_ACCESS_READ_ONLY, false)),
                     DR_HELD_OPEN);
}

static void
the_primary_is_never_touched(void **state)
{
    (void)state;
    struct seen s;
    struct dr_plan_record r = left();
    r.record.primary = "milan";
    assert_int_equal(dr_held_judge(&erp, "milan", &r, shows(&s, DRSTOR_ACCESS_READ_WRITE, true)),
                     DR_HELD_FINE);
    assert_int_equal(dr_held_judge(&legs, "milan", &r,
                                   leg(&s, DRSTOR_LEG_DETACHED, DRSTOR_ACCESS_READ_WRITE, true)),
                     DR_HELD_FINE);
    assert_int_equal(dr_held_judge(&erp, "milan", &r, NULL), DR_HELD_FINE);
}

/* Its hosts may see what follows: it cannot be written, and nobody left it. */
static void
what_follows_may_be_seen(void **state)
{
    (void)state;
    struct seen s;
    struct dr_plan_record r = left();
    r.record.old_copy = DR_OLD_COPY_NONE;
    r.record.n_site_hold = 0;
    assert_int_equal(dr_held_judge(&erp, "milan", &r, shows(&s, DRSTOR_ACCESS_READ_ONLY, true)),
                     DR_HELD_FINE);
    assert_int_equal(dr_held_judge(&erp, "milan", &r, shows(&s, DRSTOR_ACCESS_READ_WRITE, false)),
                     DR_HELD_OPEN);
}

static void
a_leg_is_closed_only_when_it_was_left_out(void **state)
{
    (void)state;
    struct seen s;
    struct dr_plan_record r = left();
    const struct {
        enum drstor_leg leg;
        enum drstor_access access;
        bool exposed;
        enum dr_held held;
    } cases[] = {
        {DRSTOR_LEG_DETACHED, DRSTOR_ACCESS_READ_WRITE, true, DR_HELD_OPEN},
        {DRSTOR_LEG_UNKNOWN, DRSTOR_ACCESS_READ_WRITE, true, DR_HELD_OPEN},
        /* Withdrawing is all there is for a leg, and it was done. */
        {DRSTOR_LEG_DETACHED, DRSTOR_ACCESS_READ_WRITE, false, DR_HELD_FINE},
        {DRSTOR_LEG_DETACHED, DRSTOR_ACCESS_NONE, true, DR_HELD_FINE},
        {DRSTOR_LEG_JOINED, DRSTOR_ACCESS_READ_WRITE, true, DR_HELD_FINE},
    };
    for (size_t i = 0; i < DR_COUNT(cases); i++)
        assert_int_equal(dr_held_judge(&legs, "milan", &r,
                                       leg(&s, cases[i].leg, cases[i].access, cases[i].exposed)),
                         cases[i].held);
    r.record.old_copy = DR_OLD_COPY_NONE;
    r.record.n_site_hold = 0;
    for (size_t i = 0; i < DR_COUNT(cases); i++)
        assert_int_equal(dr_held_judge(&legs, "milan", &r,
                                       leg(&s, cases[i].leg, cases[i].access, cases[i].exposed)),
                         DR_HELD_FINE);
}

static void
without_a_record_nothing_is_allowed(void **state)
{
    (void)state;
    struct seen s;
    const struct dr_plan_record absent = {.group = "erp"},
                                damaged = {.group = "erp", .damaged = "its checksum"};
    assert_int_equal(
        dr_held_judge(&erp, "milan", &absent, shows(&s, DRSTOR_ACCESS_READ_WRITE, true)),
        DR_HELD_OPEN);
    assert_int_equal(
        dr_held_judge(&erp, "milan", &damaged, shows(&s, DRSTOR_ACCESS_READ_WRITE, true)),
        DR_HELD_OPEN);
    assert_int_equal(dr_held_judge(&erp, "milan", &damaged, NULL), DR_HELD_UNKNOWN);
    assert_int_equal(
        dr_held_judge(&erp, "milan", &absent, shows(&s, DRSTOR_ACCESS_READ_ONLY, true)),
        DR_HELD_FINE);
}

static void
what_hosts_could_write_has_diverged(void **state)
{
    (void)state;
    struct seen s;
    struct dr_plan_record r = left();
    struct dr_record *rec = &r.record;
    assert_int_equal(dr_held_old_copy(rec, shows(&s, DRSTOR_ACCESS_READ_WRITE, true)),
                     DR_OLD_COPY_DIVERGED);
    assert_int_equal(dr_held_old_copy(rec, shows(&s, DRSTOR_ACCESS_READ_WRITE, false)),
                     DR_OLD_COPY_STALE);
    assert_int_equal(dr_held_old_copy(rec, shows(&s, DRSTOR_ACCESS_READ_ONLY, true)),
                     DR_OLD_COPY_STALE);
    rec->left.generation = "7";
    (void)shows(&s, DRSTOR_ACCESS_READ_ONLY, false);
    s.v.generation = "8";
    assert_int_equal(dr_held_old_copy(rec, &s.v), DR_OLD_COPY_DIVERGED);
    s.v.generation = "7";
    assert_int_equal(dr_held_old_copy(rec, &s.v), DR_OLD_COPY_STALE);
    rec->old_copy = DR_OLD_COPY_NONE;
    assert_int_equal(dr_held_old_copy(rec, &s.v), DR_OLD_COPY_NONE);
    assert_int_equal(dr_held_old_copy(rec, shows(&s, DRSTOR_ACCESS_READ_WRITE, false)),
                     DR_OLD_COPY_STALE);
}

static void
it_is_told_what_was_found_and_done(void **state)
{
    (void)state;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct seen before, after;
    const struct dr_plan_record r = left(), absent = {.group = "erp"};
    const struct dr_copy_view *b = shows(&before, DRSTOR_ACCESS_READ_WRITE, true);
    assert_string_equal(dr_held_found(a, &r, b),
                        "writable, exposed to rhv-milan; its primary is rome since epoch 5");
    assert_string_equal(dr_held_did(a, b, shows(&after, DRSTOR_ACCESS_READ_ONLY, false)),
                        "made not writable, read back; withdrawn from rhv-milan");
    assert_string_equal(dr_held_did(a, b, shows(&after, DRSTOR_ACCESS_READ_ONLY, true)),
                        "made not writable, read back; still exposed to rhv-milan");
    assert_string_equal(dr_held_did(a, b, shows(&after, DRSTOR_ACCESS_READ_WRITE, false)),
                        "still writable; withdrawn from rhv-milan");
    assert_string_equal(dr_held_found(a, &absent, shows(&before, DRSTOR_ACCESS_UNKNOWN, false)),
                        "perhaps writable; it has no record");
}

static void
vms_are_told_by_name(void **state)
{
    (void)state;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    const char *wwids[] = {"3600a1"}, *on[] = {"d1"}, *elsewhere[] = {"d2"};
    struct dr_inv_domain domains[] = {{.id = "d1", .wwids = wwids, .n_wwids = 1}, {.id = "d2"}};
    struct dr_inv_vm vms[] = {
        {.name = "erp1", .status = DR_VM_UP, .domains = on, .n_domains = 1},
        {.name = "off", .status = DR_VM_DOWN, .domains = on, .n_domains = 1},
        {.name = "nobody-knows", .status = DR_VM_UNKNOWN, .domains = on, .n_domains = 1},
        {.name = "other", .status = DR_VM_UP, .domains = elsewhere, .n_domains = 1},
        {.name = "erp2", .status = DR_VM_PAUSED, .domains = on, .n_domains = 1},
        {.name = "erp3", .status = DR_VM_WAIT_FOR_LAUNCH, .domains = on, .n_domains = 1},
        {.name = "erp4", .status = DR_VM_UP, .domains = on, .n_domains = 1}};
    const struct dr_inventory v = {
        .domains = domains, .n_domains = 2, .vms = vms, .n_vms = DR_COUNT(vms)};
    struct dr_member member = {.wwid = "3600a1"};
    const struct dr_copy_facts copy = {.group = "erp",
                                       .view = {.members = &member, .n_members = 1}};
    assert_string_equal(dr_held_vms(a, &erp, &copy, &v), "erp1, erp2, erp3 and 1 more");
    assert_null(dr_held_vms(a, &erp, NULL, &v)); /* by its volumes, or not at all */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_left_behind_is_closed),
        cmocka_unit_test(what_was_not_read_is_never_fine),
        cmocka_unit_test(the_primary_is_never_touched),
        cmocka_unit_test(what_follows_may_be_seen),
        cmocka_unit_test(a_leg_is_closed_only_when_it_was_left_out),
        cmocka_unit_test(without_a_record_nothing_is_allowed),
        cmocka_unit_test(what_hosts_could_write_has_diverged),
        cmocka_unit_test(it_is_told_what_was_found_and_done),
        cmocka_unit_test(vms_are_told_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
