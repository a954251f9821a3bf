/* How one observation after another becomes what is known: silence must never seem too long. */
#include "support/store_fixture.h"

#include "base/str.h"

#include <string.h>

static struct dr_stamp
at(int64_t s)
{
    return (struct dr_stamp){.utc = 1700000000 + s, .boot_ns = s * (int64_t)DR_S, .boot = "boot-1"};
}

static struct dr_stamp
after_boot(int64_t s)
{
    return (struct dr_stamp){.utc = 1700009000 + s, .boot_ns = s * (int64_t)DR_S, .boot = "boot-2"};
}

static const struct dr_stamp never = {.utc = -1, .boot_ns = -1};

static void
observe(struct fixture *f, bool answers, struct dr_stamp when)
{
    struct dr_endpoint_facts e = {.kind = DR_ENDPOINT_ARRAY,
                                  .name = "ontap-milan",
                                  .site = "milan",
                                  .asked = true,
                                  .answers = answers,
                                  .error = answers ? NULL : "connection refused",
                                  .error_word = answers ? NULL : "unreachable",
                                  .took_ms = 12,
                                  .last_answer = answers ? when : never,
                                  .silent_since = answers ? never : when};
    struct dr_facts facts = {.now = when, .endpoints = &e, .n_endpoints = 1};
    must(dr_store_facts_save(f->s, &facts, err));
}

static struct dr_endpoint_facts
known(struct fixture *f)
{
    struct dr_facts facts;
    must(dr_store_facts_load(f->s, f->a, &facts, err));
    const struct dr_endpoint_facts *e = dr_facts_endpoint(&facts, DR_ENDPOINT_ARRAY, "ontap-milan");
    assert_non_null(e);
    assert_false(e->asked);
    return *e;
}

#define assert_at(stamp, s) assert_int_equal((stamp).boot_ns, (s) * (int64_t)DR_S)
#define assert_never(stamp) assert_int_equal((stamp).boot_ns, -1)

static void
silence_is_counted_from_the_first_failed_probe(void **state)
{
    struct fixture *f = *state;
    observe(f, true, at(100));
    assert_at(known(f).last_answer, 100);
    assert_never(known(f).silent_since);
    observe(f, false, at(110));
    observe(f, false, at(120));
    fixture_reopen(f);
    struct dr_endpoint_facts e = known(f);
    assert_at(e.silent_since, 110);
    assert_at(e.last_answer, 100);
    assert_string_equal(e.error, "connection refused");
    assert_string_equal(e.error_word, "unreachable");
    assert_string_equal(e.site, "milan");
    observe(f, true, at(130));
    e = known(f);
    assert_never(e.silent_since);
    assert_null(e.error);
    assert_at(e.last_answer, 130);
}

static void
a_probe_that_began_before_an_answer_is_no_silence(void **state)
{
    struct fixture *f = *state;
    observe(f, true, at(115));
    observe(f, false, at(110)); /* began earlier, gave up later */
    assert_never(known(f).silent_since);
    assert_null(known(f).error);
}

static void
an_answer_that_comes_in_late_still_ends_the_silence_before_it(void **state)
{
    struct fixture *f = *state;
    observe(f, false, at(110));
    observe(f, false, at(130));
    observe(f, true, at(120)); /* seen by another process, stored last */
    struct dr_endpoint_facts e = known(f);
    assert_at(e.silent_since, 130);
    assert_at(e.last_answer, 120);
    observe(f, true, at(90));
    e = known(f);
    assert_at(e.silent_since, 130);
    assert_at(e.last_answer, 120);
}

static void
an_older_failure_changes_nothing(void **state)
{
    struct fixture *f = *state;
    observe(f, false, at(120));
    observe(f, false, at(110));
    assert_at(known(f).silent_since, 120);
}

static void
a_new_boot_counts_anew(void **state)
{
    struct fixture *f = *state;
    observe(f, true, at(5000));
    observe(f, false, at(5010));
    observe(f, false, after_boot(30));
    struct dr_endpoint_facts e = known(f);
    assert_at(e.silent_since, 30);
    assert_string_equal(e.silent_since.boot, "boot-2");
    assert_string_equal(e.last_answer.boot, "boot-1");
    observe(f, false, after_boot(40));
    assert_at(known(f).silent_since, 30);
}

static void
what_was_not_asked_is_not_touched(void **state)
{
    struct fixture *f = *state;
    observe(f, false, at(110));
    struct dr_endpoint_facts e = {
        .kind = DR_ENDPOINT_ARRAY, .name = "ontap-milan", .answers = true};
    struct dr_facts facts = {.now = at(200), .endpoints = &e, .n_endpoints = 1};
    must(dr_store_facts_save(f->s, &facts, err));
    assert_at(known(f).silent_since, 110);
}

static void
save_copy(struct fixture *f, struct dr_stamp seen, bool fresh, enum drstor_access access)
{
    struct dr_copy_facts c;
    dr_map_clear(&dr_copy_facts_type, &c);
    c.group = "erp";
    c.site = "milan";
    c.array = "ontap-milan";
    c.seen = seen;
    c.fresh = fresh;
    c.view.access = access;
    struct dr_facts facts = {.now = seen, .copies = &c, .n_copies = 1};
    must(dr_store_facts_save(f->s, &facts, err));
}

static void
the_newest_view_of_a_copy_is_kept(void **state)
{
    struct fixture *f = *state;
    struct dr_facts facts;
    save_copy(f, at(100), true, DRSTOR_ACCESS_READ_WRITE);
    save_copy(f, at(90), true, DRSTOR_ACCESS_NONE);
    save_copy(f, at(110), false, DRSTOR_ACCESS_NONE);
    must(dr_store_facts_load(f->s, f->a, &facts, err));
    const struct dr_copy_facts *c = dr_facts_copy(&facts, "erp", "milan");
    assert_int_equal(c->view.access, DRSTOR_ACCESS_READ_WRITE);
    assert_false(c->fresh);
    assert_at(c->seen, 100);
    save_copy(f, after_boot(5), true, DRSTOR_ACCESS_READ_ONLY);
    must(dr_store_facts_load(f->s, f->a, &facts, err));
    assert_int_equal(dr_facts_copy(&facts, "erp", "milan")->view.access, DRSTOR_ACCESS_READ_ONLY);
}

static void
the_last_inventory_tells_which_machines_ran(void **state)
{
    struct fixture *f = *state;
    struct dr_inv_vm vm = {.id = "vm-1", .name = "db1", .status = DR_VM_UP, .priority = 100};
    struct dr_engine_facts e = {.site = "milan", .seen = at(100), .fresh = true};
    e.inventory.vms = &vm;
    e.inventory.n_vms = 1;
    struct dr_facts facts = {.now = at(100), .engines = &e, .n_engines = 1}, back;
    must(dr_store_facts_save(f->s, &facts, err));
    vm.status = DR_VM_DOWN;
    e.seen = at(99);
    must(dr_store_facts_save(f->s, &facts, err));
    fixture_reopen(f);
    must(dr_store_facts_load(f->s, f->a, &back, err));
    const struct dr_engine_facts *known_engine = dr_facts_engine(&back, "milan");
    assert_non_null(known_engine);
    assert_false(known_engine->fresh);
    assert_int_equal(dr_inventory_vm(&known_engine->inventory, "vm-1")->status, DR_VM_UP);
    assert_true(back.now.boot_ns > 0);
}

#define BOTH(t)                                                                                    \
    {#t " (sqlite)", t, fixture_sqlite, fixture_end, NULL},                                        \
    {                                                                                              \
#t " (memory)", t, fixture_memory, fixture_end, NULL                                       \
    }

int
main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(silence_is_counted_from_the_first_failed_probe),
        BOTH(a_probe_that_began_before_an_answer_is_no_silence),
        BOTH(an_answer_that_comes_in_late_still_ends_the_silence_before_it),
        BOTH(an_older_failure_changes_nothing),
        BOTH(a_new_boot_counts_anew),
        BOTH(what_was_not_asked_is_not_touched),
        BOTH(the_newest_view_of_a_copy_is_kept),
        BOTH(the_last_inventory_tells_which_machines_ran),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
