/* Every golden case, and what the planner promises beyond one case. */
#include "golden.h"

#include "config/config.h"
#include "plan/loss.h"
#include "plan/planner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
every_case(const char *folder, char *(*text_of)(struct json_object *))
{
    char **names;
    size_t n = golden_names(folder, &names), good = 0;
    for (size_t i = 0; i < n; i++) {
        dr_auto(dr_json_putp) struct json_object *test = golden_case(folder, names[i]);
        dr_auto(dr_freep) char *text = text_of(test);
        dr_auto(dr_freep) char *again = text_of(test);
        if (strcmp(text, again) != 0)
            print_error("---- %s: the same input gave two answers\n", names[i]);
        else
            good += golden_same(folder, names[i], text);
    }
    printf("figure golden_%ss %zu of %zu\n", folder, good, n);
    golden_names_free(names, n);
    assert_int_equal(good, n);
}

static void
plans_are_as_expected(void **state)
{
    (void)state;
    every_case("plan", golden_plan_text);
}

static void
stages_are_as_expected(void **state)
{
    (void)state;
    every_case("stage", golden_stage_text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_are_as_expected),
        cmocka_unit_test(stages_are_as_expected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
