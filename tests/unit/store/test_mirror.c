/* A standby's store: what it takes, what it does not, and that a half is never there. */
#include "support/store_fixture.h"

#include "base/mem.h"
#include "base/str.h"
#include "store/mirror.h"

#include <stdio.h>
#include <string.h>

static const struct dr_controller milan = {
    .active = "milan-1", .site = "milan", .since = -1, .term = 0};

/* The standby is always one in memory; what it is sent comes from either kind. */
struct standby {
    struct dr_store_world *world;
    struct dr_store *s;
};

static void
standby_open(struct fixture *f, struct standby *b)
{
    b->world = dr_store_world_new();
    b->s = dr_store_memory(f->env, b->world, DR_STORE_WRITE);
}

static void
standby_close(struct standby *b)
{
    dr_store_close(b->s);
    dr_store_world_free(b->world);
}

static void
commit_record(struct fixture *f, int64_t epoch, int64_t version)
{
    int64_t token = take_lock(f, f->s, "erp");
    const struct dr_record rec = test_record("erp", epoch);
    const struct dr_audit entry = test_audit("commit", epoch);
    must(dr_store_begin(f->s, err));
    must(dr_store_cas(f->s, &rec, version, token, NULL, err));
    must(dr_store_audit(f->s, &entry, NULL, err));
    must(dr_store_commit(f->s, err));
    must(dr_store_unlock(f->s, "erp", token, err));
}

static struct dr_str
message(struct fixture *f, const struct dr_controller *from, int64_t after)
{
    struct dr_str text = {0};
    struct dr_audit_head head;
    must(dr_store_mirror(f->s, from, after, &text, &head, err));
    return text;
}

static struct dr_mirrored
hand(struct fixture *f, struct standby *b, const char *text, size_t n)
{
    struct dr_mirrored m;
    must(dr_store_import(b->s, f->a, "rome-1", true, text, n, &m, err));
    return m;
}

static int64_t
epoch_there(struct fixture *f, struct standby *b)
{
    struct dr_record rec;
    return dr_store_load(b->s, f->a, "erp", &rec, NULL, NULL) < 0 ? -1 : rec.epoch;
}

static void
it_follows_and_takes_nothing_twice(void **state)
{
    struct fixture *f = *state;
    struct standby b;
    standby_open(f, &b);
    const char *groups[] = {"erp"};
    const struct dr_run_row run = test_run("r1", groups);
    commit_record(f, 1, 0);
    must(dr_store_run_new(f->s, &run, err));
    dr_auto(dr_str_freep) struct dr_str all = message(f, &milan, 0);
    struct dr_mirrored m = hand(f, &b, all.s, all.n);
    assert_int_equal(m.result, DR_MIRRORED_DONE);
    assert_int_equal(epoch_there(f, &b), 1);
    assert_string_equal(m.controller.active, "milan-1");
    struct dr_run_row *open = NULL;
    size_t n = 0;
    must(dr_store_run_open(b.s, f->a, "erp", &open, &n, err));
    assert_int_equal(n, 1);

    commit_record(f, 2, 1);
    must(dr_store_run_update(f->s, "r1", DR_RUN_DONE, NULL, 1, err));
    dr_auto(dr_str_freep) struct dr_str more = message(f, &milan, m.head.seq);
    m = hand(f, &b, more.s, more.n);
    assert_int_equal(m.result, DR_MIRRORED_DONE);
    assert_int_equal(epoch_there(f, &b), 2);
    must(dr_store_run_open(b.s, f->a, "erp", &open, &n, err));
    assert_int_equal(n, 0);

    /* What came before, and what comes twice, in any order. */
    m = hand(f, &b, more.s, more.n);
    assert_int_equal(m.result, DR_MIRRORED_DONE);
    m = hand(f, &b, all.s, all.n);
    assert_int_equal(m.result, DR_MIRRORED_DONE);
    assert_int_equal(epoch_there(f, &b), 2);
    struct dr_audit_head mine;
    must(dr_store_audit_head(f->s, &mine, err));
    assert_string_equal(m.head.hash, mine.hash);
    struct dr_audit_verdict v;
    must(dr_store_audit_verify(b.s, &v, err));
    standby_close(&b);
}

static void
a_gap_says_from_where_to_send_again(void **state)
{
    struct fixture *f = *state;
    struct standby b;
    standby_open(f, &b);
    commit_record(f, 1, 0);
    commit_record(f, 2, 1);
    dr_auto(dr_str_freep) struct dr_str late = message(f, &milan, 1);
    struct dr_mirrored m = hand(f, &b, late.s, late.n);
    assert_int_equal(m.result, DR_MIRRORED_GAP);
    assert_int_equal(m.head.seq, 0);
    assert_int_equal(epoch_there(f, &b), -1);
    standby_close(&b);
}

static void
whatever_byte_is_altered_nothing_is_taken(void **state)
{
    struct fixture *f = *state;
    struct standby b;
    standby_open(f, &b);
    commit_record(f, 1, 0);
    dr_auto(dr_str_freep) struct dr_str all = message(f, &milan, 0);
    size_t refused = 0, times = 0;
    for (size_t i = 0; i < all.n; i += 3, times++) {
        all.s[i] ^= 1;
        refused += hand(f, &b, all.s, all.n).result == DR_MIRRORED_REFUSED;
        all.s[i] ^= 1;
    }
    for (size_t n = 0; n < all.n; n += 7, times++)
        refused += hand(f, &b, all.s, n).result == DR_MIRRORED_REFUSED;
    printf("figure mirror_damage_refused %zu of %zu\n", refused, times);
    assert_int_equal(refused, times);
    assert_int_equal(epoch_there(f, &b), -1);
    assert_int_equal(hand(f, &b, all.s, all.n).result, DR_MIRRORED_DONE);
    standby_close(&b);
}

static void
another_history_is_not_taken(void **state)
{
    struct fixture *f = *state;
    struct standby b;
    standby_open(f, &b);
    const struct dr_audit own = test_audit("of its own", 1);
    must(dr_store_audit(b.s, &own, NULL, err));
    commit_record(f, 1, 0);
    commit_record(f, 2, 1);
    dr_auto(dr_str_freep) struct dr_str all = message(f, &milan, 0), rest = message(f, &milan, 1);
    struct dr_mirrored m = hand(f, &b, all.s, all.n);
    assert_int_equal(m.result, DR_MIRRORED_REFUSED);
    assert_non_null(strstr(m.text, "not a copy"));
    m = hand(f, &b, rest.s, rest.n);
    assert_int_equal(m.result, DR_MIRRORED_REFUSED);
    assert_int_equal(epoch_there(f, &b), -1);
    standby_close(&b);
}

static void
who_took_over_takes_no_more_of_the_one_before(void **state)
{
    struct fixture *f = *state;
    struct standby b;
    standby_open(f, &b);
    commit_record(f, 1, 0);
    dr_auto(dr_str_freep) struct dr_str all = message(f, &milan, 0);
    struct dr_controller rome = {.active = "rome-1", .site = "rome", .term = 1, .begun = true};
    must(dr_store_controller_set(b.s, &rome, err));
    struct dr_mirrored m = hand(f, &b, all.s, all.n);
    assert_int_equal(m.result, DR_MIRRORED_TAKEN_OVER);
    assert_string_equal(m.controller.active, "rome-1");
    assert_int_equal(epoch_there(f, &b), -1);
    standby_close(&b);
}

static void
an_active_controller_takes_nothing(void **state)
{
    struct fixture *f = *state;
    struct standby b;
    struct dr_mirrored m;
    standby_open(f, &b);
    commit_record(f, 1, 0);
    dr_auto(dr_str_freep) struct dr_str all = message(f, &milan, 0);
    must(dr_store_import(b.s, f->a, "rome-1", false, all.s, all.n, &m, err));
    assert_int_equal(m.result, DR_MIRRORED_REFUSED);
    must(dr_store_import(b.s, f->a, "milan-1", true, all.s, all.n, &m, err));
    assert_int_equal(m.result, DR_MIRRORED_REFUSED);
    assert_int_equal(epoch_there(f, &b), -1);
    standby_close(&b);
}

static void
tokens_leap_above_all_that_were_given(void **state)
{
    struct fixture *f = *state;
    int64_t before = take_lock(f, f->s, "erp"), leap = 0, again = 0;
    must(dr_store_token_leap(f->s, &leap, err));
    must(dr_store_token_leap(f->s, &again, err));
    assert_true(before < leap && leap < again && again < (INT64_C(1) << 53));
    assert_true(take_lock(f, f->s, "db") > again);
}

#define BOTH(test)                                                                                 \
    {#test "_sqlite", test, fixture_sqlite, fixture_end, NULL},                                    \
    {                                                                                              \
#test "_memory", test, fixture_memory, fixture_end, NULL                                   \
    }

int
main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(it_follows_and_takes_nothing_twice),
        BOTH(a_gap_says_from_where_to_send_again),
        BOTH(whatever_byte_is_altered_nothing_is_taken),
        BOTH(another_history_is_not_taken),
        BOTH(who_took_over_takes_no_more_of_the_one_before),
        BOTH(an_active_controller_takes_nothing),
        BOTH(tokens_leap_above_all_that_were_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
