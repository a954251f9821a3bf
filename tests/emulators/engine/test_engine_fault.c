/* Every fault that can be injected, and that it does what its name says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"

static void
locked_n_times_then_done(void **state)
{
    struct fixture *f = *state;
    crash_and_promote(f);
    import_sd(f, SD2);
    fault(&f->rome, "{'command':'fault','op':'attach','object':'" SD2 "','kind':'locked',"
                    "'times':2}");
    assert_int_equal(attach_sd(f, SD2), 409);
    assert_int_equal(attach_sd(f, SD2), 409);
    assert_int_equal(attach_sd(f, SD2), 201);
}

static void
attach_can_fail_while_executing(void **state)
{
    struct fixture *f = *state;
    crash_and_promote(f);
    import_sd(f, SD2);
    fault(&f->rome, "{'command':'fault','op':'attach','kind':'exec-fails'}");
    assert_int_equal(attach_sd(f, SD2), 400);
    site_call(&f->rome, "GET", "storagedomains/" SD2, NULL);
    assert_string_equal(site_str(&f->rome, "status"), "unattached");
}

static void
attach_good_but_activation_failed_is_201_in_maintenance(void **state)
{
    struct fixture *f = *state;
    crash_and_promote(f);
    import_sd(f, SD2);
    fault(&f->rome, "{'command':'fault','op':'attach','kind':'activation-fails'}");
    assert_int_equal(attach_sd(f, SD2), 201);
    assert_string_equal(site_str(&f->rome, "status"), "maintenance");
    assert_true(site_event(&f->rome, "967"));
    assert_int_equal(site_call(&f->rome, "POST", ATTACH_R "/" SD2 "/activate", "{}"), 200);
    site_call(&f->rome, "GET", ATTACH_R "/" SD2, NULL);
    assert_string_equal(site_str(&f->rome, "status"), "active");
}

static void
lost_reply_has_its_effect_and_lost_request_has_none(void **state)
{
    struct fixture *f = *state;
    crash_and_promote(f);
    fault(&f->rome, "{'command':'fault','op':'import','kind':'drop'}");
    assert_int_equal(import_sd(f, SD2), 0);
    assert_int_equal(site_call(&f->rome, "GET", "storagedomains/" SD2, NULL), 404);
    fault(&f->rome, "{'command':'fault','op':'import','kind':'drop','when':'after'}");
    assert_int_equal(import_sd(f, SD2), 0);
    assert_int_equal(site_call(&f->rome, "GET", "storagedomains/" SD2, NULL), 200);
}

static void
proxy_and_server_errors_come_before_or_after_the_effect(void **state)
{
    struct fixture *f = *state;
    crash_and_promote(f);
    fault(&f->rome, "{'command':'fault','op':'import','kind':'502'}");
    fault(&f->rome, "{'command':'fault','op':'import','kind':'500','skip':1}");
    fault(&f->rome, "{'command':'fault','op':'import','kind':'502','skip':2,'when':'after'}");
    assert_int_equal(import_sd(f, SD2), 502);
    assert_null(f->rome.body);
    assert_int_equal(import_sd(f, SD2), 500);
    assert_int_equal(import_sd(f, SD2), 502);
    assert_int_equal(site_call(&f->rome, "GET", "storagedomains/" SD2, NULL), 200);
}

static void
unauthorized_in_the_middle_is_once(void **state)
{
    struct fixture *f = *state;
    fault(&f->rome, "{'command':'fault','op':'list_hosts','kind':'401'}");
    assert_int_equal(site_call(&f->rome, "GET", "hosts", NULL), 401);
    assert_int_equal(site_call(&f->rome, "GET", "hosts", NULL), 200);
}

static void
slow_reply_is_slow(void **state)
{
    struct fixture *f = *state;
    fault(&f->rome, "{'command':'fault','op':'*','kind':'slow','delay_ms':7000}");
    assert_int_equal(site_call(&f->rome, "GET", "hosts", NULL), 200);
    assert_int_equal(f->rome.took_ns, 7 * SECOND);
}

static void
unreadable_ovf_store_leaves_the_list_empty(void **state)
{
    struct fixture *f = *state;
    crash_and_promote(f);
    import_sd(f, SD2);
    fault(&f->rome, "{'command':'fault','op':'attach','kind':'ovf-unreadable'}");
    assert_int_equal(attach_sd(f, SD2), 201);
    site_call(&f->rome, "GET", "storagedomains/" SD2 "/vms?unregistered=true", NULL);
    assert_string_equal(f->rome.text, "{}");
    assert_true(site_event(&f->rome, "1017"));
}

static void
register_can_conflict_or_be_partial(void **state)
{
    struct fixture *f = *state;
    attached_at_rome(f);
    fault(&f->rome, "{'command':'fault','op':'register_vm','object':'" VM1 "',"
                    "'kind':'name-conflict'}");
    fault(&f->rome, "{'command':'fault','op':'register_vm','object':'" VM1 "','skip':1,"
                    "'kind':'partial-import'}");
    assert_int_equal(register_at(f, SD1, "vms", VM1), 409);
    assert_int_equal(register_at(f, SD1, "vms", VM1), 200);
    assert_true(site_event(&f->rome, "1188"));
}

static void
start_not_ready_until_a_time_and_vm_that_falls(void **state)
{
    struct fixture *f = *state;
    registered_at_rome(f);
    fault(&f->rome, "{'command':'fault','op':'start','object':'" VM2 "','kind':'not-ready',"
                    "'for_ms':30000}");
    assert_int_equal(site_call(&f->rome, "POST", "vms/" VM2 "/start", "{}"), 409);
    site_sleep(&f->rome, 31 * SECOND);
    fault(&f->rome, "{'command':'fault','op':'start','kind':'falls-down'}");
    assert_int_equal(site_call(&f->rome, "POST", "vms/" VM2 "/start", "{}"), 200);
    site_sleep(&f->rome, 3 * SECOND);
    assert_string_equal(vm_status(&f->rome, VM2), "down");
    assert_true(site_event(&f->rome, "119"));
}

static void
no_host_and_problematic_data_center_are_409(void **state)
{
    struct fixture *f = *state;
    crash_and_promote(f);
    import_sd(f, SD1);
    fault(&f->rome, "{'command':'fault','op':'attach','kind':'no-host'}");
    assert_int_equal(attach_sd(f, SD1), 409);
    fault(&f->rome, "{'command':'fault','op':'attach','kind':'dc-problematic'}");
    assert_int_equal(attach_sd(f, SD1), 409);
    fault(&f->rome, "{'command':'host','host':'rome1','status':'non_responsive'}");
    fault(&f->rome, "{'command':'host','host':'rome2','status':'maintenance'}");
    assert_int_equal(attach_sd(f, SD1), 409);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(locked_n_times_then_done),
        T(attach_can_fail_while_executing),
        T(attach_good_but_activation_failed_is_201_in_maintenance),
        T(lost_reply_has_its_effect_and_lost_request_has_none),
        T(proxy_and_server_errors_come_before_or_after_the_effect),
        T(unauthorized_in_the_middle_is_once),
        T(slow_reply_is_slow),
        T(unreadable_ovf_store_leaves_the_list_empty),
        T(register_can_conflict_or_be_partial),
        T(start_not_ready_until_a_time_and_vm_that_falls),
        T(no_host_and_problematic_data_center_are_409),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
