/* Sessions, representation, search, jobs: what a client of the engine sees at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"

static void
wrong_password_is_400_with_a_code(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(site_call(&f->rome, "POST", "/ovirt-engine/sso/oauth/token",
                               "grant_type=password&scope=ovirt-app-api&username=admin%40internal"
                               "&password=wrong"),
                     400);
    assert_string_equal(site_str(&f->rome, "error_code"), "access_denied");
    assert_non_null(site_str(&f->rome, "error"));
    assert_null(site_str(&f->rome, "access_token"));
}

static void
token_answer_has_a_string_exp(void **state)
{
    struct fixture *f = *state;
    site_login(&f->rome);
    assert_true(json_object_is_type(js_get(f->rome.body, "exp"), json_type_string));
    assert_string_equal(site_str(&f->rome, "token_type"), "bearer");
}

static void
other_accept_gets_no_token(void **state)
{
    struct fixture *f = *state;
    static const char body[] =
        "grant_type=password&scope=ovirt-app-api&username=admin%40internal&password=secret";
    const struct emu_header headers[] = {{"Accept", "*/*"},
                                         {"Content-Type", "application/x-www-form-urlencoded"}};
    struct emu_request req = {.method = "POST",
                              .path = "/ovirt-engine/sso/oauth/token",
                              .headers = headers,
                              .headers_count = 2,
                              .body = body,
                              .body_length = sizeof(body) - 1};
    uint64_t xid = 0;
    emu_submit(f->rome.e, &req, f->now, &xid);
    assert_int_equal(site_wait(&f->rome, xid), 400);
    assert_string_equal(site_str(&f->rome, "error_code"), "invalid_request");
}

static void
idle_session_ends_and_used_one_does_not(void **state)
{
    struct fixture *f = *state;
    site_sleep(&f->rome, 20 * 60 * SECOND);
    assert_int_equal(site_call(&f->rome, "GET", "", NULL), 200);
    site_sleep(&f->rome, 20 * 60 * SECOND);
    assert_int_equal(site_call(&f->rome, "GET", "", NULL), 200);
    site_sleep(&f->rome, 30 * 60 * SECOND);
    assert_int_equal(site_call(&f->rome, "GET", "", NULL), 401);
    assert_null(f->rome.body); /* HTML */
    site_login(&f->rome);
    assert_int_equal(site_call(&f->rome, "GET", "", NULL), 200);
}

static void
logout_ends_the_session(void **state)
{
    struct fixture *f = *state;
    char form[128];
    snprintf(form, sizeof(form), "scope=ovirt-app-api&token=%s", f->rome.token);
    assert_int_equal(site_call(&f->rome, "POST", "/ovirt-engine/services/sso-logout", form), 200);
    assert_string_equal(f->rome.text, "{}");
    assert_int_equal(site_call(&f->rome, "GET", "", NULL), 401);
}

static void
empty_list_is_an_empty_object(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(site_call(&f->rome, "GET", "vms", NULL), 200);
    assert_string_equal(f->rome.text, "{}");
}

static void
unknown_object_is_404_with_no_body(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(site_call(&f->rome, "GET", "storagedomains/nothing", NULL), 404);
    assert_string_equal(f->rome.text, "");
}

static void
integers_and_booleans_are_strings(void **state)
{
    struct fixture *f = *state;
    site_call(&f->milan, "GET", "vms/" VM1, NULL);
    assert_true(json_object_is_type(js_get(f->milan.body, "memory"), json_type_string));
    assert_string_equal(site_str(&f->milan, "memory"), "8589934592");
    assert_string_equal(site_str(&f->milan, "high_availability.enabled"), "true");
    assert_true(json_object_is_type(js_get(f->milan.body, "creation_time"), json_type_int));
}

static void
attached_domain_tells_status_only_below_its_data_center(void **state)
{
    struct fixture *f = *state;
    site_call(&f->milan, "GET", "storagedomains/" SD1, NULL);
    assert_null(site_str(&f->milan, "status"));
    site_call(&f->milan, "GET", ATTACH_M "/" SD1, NULL);
    assert_string_equal(site_str(&f->milan, "status"), "active");
    assert_int_equal(
        js_len(js_get(f->milan.body, "storage.volume_group.logical_units.logical_unit")), 2);
}

static void
search_follows_the_grammar(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *path;
        const char *type;
        size_t count;
    } t[] = {
        {"hosts?search=status%3Dup%20and%20datacenter%3Ddc-milan", "host", 2},
        {"hosts?search=name%3DMILAN1", "host", 1},
        {"hosts?search=name%3DMILAN1&case_sensitive=true", "host", 0},
        {"storagedomains?search=status%3Dactive", "storage_domain", 2},
        {"storagedomains?search=name%3D%22erp%22", "storage_domain", 1},
        {"vms?search=status%20%3D%20up", "vm", 2},
        {"vms?search=status+!%3D+down+and+storage.name%3Derp+and+datacenter%3Ddc-milan", "vm", 2},
        {"vms?search=name%3Derp*+or+name%3Dold", "vm", 2},
        {"vms?search=name%3D*&max=1", "vm", 1},
        {"disks?search=disk_type+%3D+lun+and+number_of_vms+%3D0", "disk", 0},
        {"datacenters?search=name%3D%22dc-milan%22", "data_center", 1},
        {"clusters?search=name%3Dcl-milan", "cluster", 1},
        {"events?max=1", "event", 1},
        {"vms?follow=", "vm", 3},
        {"vms?search=name%3D*+sortby+name+desc+page+1&max=2", "vm", 2},
        {"vms?search=name%3D*+sortby+name+page+2&max=2", "vm", 1},
        {"vms?search=sortby+name+asc+page+3&max=2", "vm", 0},
        {"templates?search=name%3DBlank", "template", 1},
    };
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        assert_int_equal(site_call(&f->milan, "GET", t[i].path, NULL), 200);
        if (site_count(&f->milan, t[i].type) != t[i].count)
            fail_msg("%s: %zu", t[i].path, site_count(&f->milan, t[i].type));
    }
}

static void
sorted_lists_come_in_order(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {"erp-db", "old", "web-1"};
    site_call(&f->milan, "GET", "vms?search=sortby%20name%20desc", NULL);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(js_str(js_at(js_get(f->milan.body, "vm"), 2 - i), "name"), names[i]);
}

static void
follow_inlines_disks_and_nics(void **state)
{
    struct fixture *f = *state;
    site_call(&f->milan, "GET", "vms/" VM1 "?follow=disk_attachments.disk,nics", NULL);
    assert_int_equal(js_len(js_get(f->milan.body, "disk_attachments.disk_attachment")), 1);
    assert_int_equal(js_len(js_get(f->milan.body, "nics.nic")), 1);
    site_call(&f->milan, "GET", "vms/" VM1, NULL);
    assert_null(js_get(f->milan.body, "nics"));
}

static void
unsupported_version_is_400(void **state)
{
    struct fixture *f = *state;
    char *bearer = emu_printf("Bearer %s", f->rome.token);
    const struct emu_header headers[] = {{"Authorization", bearer}, {"Version", "3"}};
    struct emu_request req = {.method = "GET",
                              .path = "/ovirt-engine/api/v4/vms",
                              .headers = headers,
                              .headers_count = 2};
    uint64_t xid = 0;
    emu_submit(f->rome.e, &req, f->now, &xid);
    assert_int_equal(site_wait(&f->rome, xid), 400);
    free(bearer);
}

static void
action_without_a_body_is_400(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(site_call(&f->milan, "POST", "vms/" VM1 "/stop", NULL), 400);
    assert_string_equal(site_str(&f->milan, "status"), "failed");
    assert_string_equal(vm_status(&f->milan, VM1), "up");
}

static void
counters_and_log_tell_what_was_asked(void **state)
{
    struct fixture *f = *state;
    registered_at_rome(f);
    site_call(&f->rome, "POST", "vms/" VM2 "/start", "{}");
    site_control(&f->rome, "{'command':'counters'}");
    assert_int_equal(js_int(f->rome.body, "counters.operations.attach", 0), 2);
    assert_int_equal(js_int(f->rome.body, "counters.vm_starts." VM2, 0), 1);
    assert_int_equal(js_int(f->rome.body, "counters.mutating", 0), 8);
    site_control(&f->rome, "{'command':'log'}");
    struct json_object *last = js_at(js_get(f->rome.body, "log"), site_count(&f->rome, "log") - 1);
    assert_string_equal(js_str(last, "path"), "/ovirt-engine/api/vms/" VM2 "/start");
    assert_int_equal(js_int(last, "status", 0), 200);
}

static void
external_jobs_and_events_are_kept(void **state)
{
    struct fixture *f = *state;
    char path[160];
    assert_int_equal(site_call(&f->rome, "POST", "jobs",
                               "{'description':'drstor failover','auto_cleared':'true'}"),
                     201);
    snprintf(path, sizeof(path), "jobs/%s/steps", site_str(&f->rome, "id"));
    assert_int_equal(
        site_call(&f->rome, "POST", path, "{'description':'import','type':'executing'}"), 201);
    assert_string_equal(site_str(&f->rome, "status"), "started");
    assert_int_equal(site_call(&f->rome, "POST", "events",
                               "{'origin':'drstor','severity':'normal','custom_id':'7',"
                               "'description':'drill'}"),
                     201);
    assert_int_equal(site_call(&f->rome, "GET", "events?from=1", NULL), 200);
    assert_int_equal(site_count(&f->rome, "event"), 1);
}

static void
correlation_id_is_cleaned_and_reaches_the_events(void **state)
{
    struct fixture *f = *state;
    crash_and_promote(f);
    EMU_SET(f->rome.correlation, "dr;stor 0123456789-0123456789-0123456789");
    import_sd(f, SD2);
    f->rome.correlation[0] = '\0';
    site_call(&f->rome, "GET",
              "events?search=correlation_id%3D"
              "drstor0123456789-0123456789-01234567",
              NULL);
    assert_int_equal(site_count(&f->rome, "event"), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(wrong_password_is_400_with_a_code),
        T(token_answer_has_a_string_exp),
        T(other_accept_gets_no_token),
        T(idle_session_ends_and_used_one_does_not),
        T(logout_ends_the_session),
        T(empty_list_is_an_empty_object),
        T(unknown_object_is_404_with_no_body),
        T(integers_and_booleans_are_strings),
        T(attached_domain_tells_status_only_below_its_data_center),
        T(search_follows_the_grammar),
        T(sorted_lists_come_in_order),
        T(follow_inlines_disks_and_nics),
        T(unsupported_version_is_400),
        T(action_without_a_body_is_400),
        T(counters_and_log_tell_what_was_asked),
        T(external_jobs_and_events_are_kept),
        T(correlation_id_is_cleaned_and_reaches_the_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
