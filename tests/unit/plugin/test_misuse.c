#include "unit/plugin/misuse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static unsigned good, total;

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
    unsigned n = 0, ok = misuse_call(&n);
    good += ok;
    total += n;
    assert_int_equal(ok, n);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_file_gets_a_sentence),
        cmocka_unit_test(a_wrong_behaviour_gets_a_verdict),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    printf("figure plugin_misuse %u of %u\n", good, total);
    return failed || total < 40;
}
