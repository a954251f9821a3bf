#include "unit/plugin/misuse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static unsigned good, total, good_apart, total_apart;

static void
a_wrong_file_gets_a_sentence(void **state)
{
    (void)state;
    unsigned n = 0, ok = misuse_load(&n);
    good += ok;
    total += n;
    assert_int_equal(ok, n);
}

static void
a_wrong_behaviour_gets_a_verdict(void **state)
{
    (void)state;
    unsigned n = 0, ok = misuse_call(DR_PLUGIN_IN_PROCESS, &n);
    good += ok;
    total += n;
    assert_int_equal(ok, n);
}

static void
it_is_the_same_in_a_process_of_its_own(void **state)
{
    (void)state;
    good_apart = misuse_call(DR_PLUGIN_IN_WORKER, &total_apart);
    assert_int_equal(good_apart, total_apart);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_file_gets_a_sentence),
        cmocka_unit_test(a_wrong_behaviour_gets_a_verdict),
        cmocka_unit_test(it_is_the_same_in_a_process_of_its_own),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    printf("figure plugin_misuse %u of %u\n", good, total);
    printf("figure plugin_misuse_worker %u of %u\n", good_apart, total_apart);
    return failed || total < 40;
}
