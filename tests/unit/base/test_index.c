/* base/index: where something is in a list. */
#include "base/index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { MANY = 5000 };

static void
every_one_of_many_is_found(void **state)
{
    (void)state;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_index x = {0};
    for (size_t i = 0; i < MANY; i++)
        assert_true(dr_index_put(a, &x, dr_arena_printf(a, "vm-%zu", i), i));
    assert_int_equal(x.n, MANY);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(dr_index_at(&x, dr_arena_printf(a, "vm-%zu", i)), i);
}

static void
what_was_never_put_is_not_found(void **state)
{
    (void)state;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_index x = {0};
    assert_true(dr_index_at(&x, "a") == DR_INDEX_NONE);
    assert_true(dr_index_put(a, &x, "a", 0));
    assert_true(dr_index_at(&x, "b") == DR_INDEX_NONE);
    assert_true(dr_index_at(&x, "") == DR_INDEX_NONE);
    assert_true(dr_index_at(&x, NULL) == DR_INDEX_NONE);
}

static void
the_first_of_equal_keys_stays(void **state)
{
    (void)state;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_index x = {0};
    assert_true(dr_index_put(a, &x, "a", 1));
    assert_false(dr_index_put(a, &x, "a", 2));
    assert_false(dr_index_put(a, &x, NULL, 3));
    assert_int_equal(dr_index_at(&x, "a"), 1);
    assert_int_equal(x.n, 1);
}

static void
a_place_can_be_changed(void **state)
{
    (void)state;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_index x = {0};
    size_t *at = dr_index_slot(a, &x, "a");
    assert_true(*at == DR_INDEX_NONE);
    *at = 7;
    assert_int_equal(*dr_index_slot(a, &x, "a"), 7);
    assert_int_equal(dr_index_at(&x, "a"), 7);
    assert_null(dr_index_slot(a, &x, NULL));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_one_of_many_is_found),
        cmocka_unit_test(what_was_never_put_is_not_found),
        cmocka_unit_test(the_first_of_equal_keys_stays),
        cmocka_unit_test(a_place_can_be_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
