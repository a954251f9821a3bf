/* A person at a terminal: the board, the questions, control-C. */
#include "cli/spawn.h"

#include "base/mem.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define IN(dir) "-c " DOCS "/" dir " "

/* The terminal is left with a cursor and with line wrapping. */
static void
restored(const struct terminal *t)
{
    const char *last = NULL;
    for (const char *p = t->text; (p = strstr(p, "\033[?25")); p++)
        last = p;
    if (last)
        assert_int_equal(last[5], 'h');
    assert_true(!strstr(t->text, "\033[?7l") || strstr(t->text, "\033[?7h"));
}

static void
board_shows_groups_and_running_steps(void **state)
{
    (void)state;
    dr_auto(terminal_free) struct terminal t =
        terminal_run(IN("planned") "promote erp --to rome --yes", 80, 24);
    assert_true(terminal_expect(&t, "r-1: planned promote of erp, crm to rome"));
    assert_true(terminal_expect(&t, "erp  promote      steps 1/10  VMs up 0/14"));
    assert_true(terminal_expect(&t, "of 3 s  waiting: array ontap-rome: busy ?[31m"));
    assert_int_equal(terminal_end(&t), 0);
    assert_non_null(strstr(t.text, "VMs up 1/14"));
    assert_null(strstr(t.text, "\033[31m"));
    assert_non_null(strstr(t.text, "RTO 100 s"));
    restored(&t);
}

static void
narrow_and_changing_windows_are_survived(void **state)
{
    (void)state;
    dr_auto(terminal_free) struct terminal t =
        terminal_run(IN("planned") "promote erp --to rome --yes", 20, 4);
    assert_true(terminal_expect(&t, "r-1: planned promo"));
    terminal_resize(&t, 3, 2);
    assert_int_equal(kill(t.pid, SIGWINCH), 0);
    assert_int_equal(terminal_end(&t), 0);
    restored(&t);
}

static void
yes_or_no(const char *typed, int code)
{
    dr_auto(terminal_free) struct terminal t =
        terminal_run(IN("planned") "promote erp --to rome", 80, 24);
    assert_true(terminal_expect(&t, "Go on? [y/N] "));
    assert_non_null(strstr(t.text, "nothing is lost"));
    terminal_type(&t, typed);
    assert_int_equal(terminal_end(&t), code);
    restored(&t);
}

static void
only_yes_goes_on(void **state)
{
    (void)state;
    yes_or_no("y\n", 0);
    yes_or_no("yes\n", 0);
    yes_or_no("n\n", 3);
    yes_or_no("\n", 3);
    yes_or_no("maybe\nmaybe\nmaybe\n", 3);
    yes_or_no("\004", 3);
    yes_or_no("\003", 130);
}

static void
loss(const char *typed, int code, const char *accepted)
{
    dr_auto(terminal_free) struct terminal t =
        terminal_run(IN("loss") "promote erp --to rome --unplanned --yes -o json", 100, 40);
    assert_true(terminal_expect(&t, "loss accepted: "));
    assert_non_null(strstr(t.text, "up to 42 s of data of erp is lost"));
    assert_non_null(strstr(t.text, "2026-11-22 14:04:10 UTC at the earliest"));
    terminal_type(&t, typed);
    assert_int_equal(terminal_end(&t), code);
    if (accepted)
        assert_non_null(strstr(t.text, accepted));
    else
        assert_null(strstr(t.text, "\"accepted\""));
}

static void
loss_is_accepted_only_by_typing_it(void **state)
{
    (void)state;
    loss("42s\n", 0, "\"accepted\":\"42s\"");
    loss("42 s\n", 0, "\"accepted\":\"42s\"");
    loss("unknown\n", 0, "\"accepted\":\"unknown\"");
    loss("y\ny\nyes\n", 3, NULL);
    loss("41s\n10m\n0\n", 3, NULL);
    loss("y\n42s\n", 0, "\"accepted\":\"42s\"");
    loss("\n", 3, NULL);
}

static void
first_control_c_stops_in_order(void **state)
{
    (void)state;
    dr_auto(terminal_free) struct terminal t =
        terminal_run(IN("slow") "promote erp --to rome --yes", 80, 24);
    assert_true(terminal_expect(&t, "presync"));
    terminal_type(&t, "\003");
    assert_true(terminal_expect(&t, "stopping in order"));
    assert_int_equal(terminal_end(&t), 130);
    assert_non_null(strstr(t.text, "interrupted (exit 130)"));
    assert_non_null(strstr(t.text, "drstor run resume r-1"));
    restored(&t);
}

/* The library does not listen: a call that hangs. */
static void
second_control_c_leaves_at_once_and_says_how_to_go_on(void **state)
{
    (void)state;
    dr_auto(terminal_free) struct terminal t =
        terminal_run(IN("deaf") "promote erp --to rome --yes", 80, 24);
    assert_true(terminal_expect(&t, "presync"));
    terminal_type(&t, "\003");
    assert_true(terminal_expect(&t, "stopping in order"));
    terminal_type(&t, "\003");
    assert_true(terminal_expect(&t, "Go on with: drstor run resume r-1"));
    assert_int_equal(terminal_end(&t), 130);
    restored(&t);
}

static void
watching_ends_with_control_c(void **state)
{
    (void)state;
    dr_auto(terminal_free) struct terminal t = terminal_run(IN("steady") "status --watch", 80, 24);
    assert_true(terminal_expect(&t, "dual-verified"));
    terminal_type(&t, "\003");
    assert_int_equal(terminal_end(&t), 0);
    dr_auto(terminal_free) struct terminal w = terminal_run(IN("steady") "run watch r-2", 80, 24);
    assert_true(terminal_expect(&w, "steps 1/3"));
    assert_int_equal(terminal_end(&w), 0);
    restored(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(board_shows_groups_and_running_steps),
        cmocka_unit_test(narrow_and_changing_windows_are_survived),
        cmocka_unit_test(only_yes_goes_on),
        cmocka_unit_test(loss_is_accepted_only_by_typing_it),
        cmocka_unit_test(first_control_c_stops_in_order),
        cmocka_unit_test(second_control_c_leaves_at_once_and_says_how_to_go_on),
        cmocka_unit_test(watching_ends_with_control_c),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
