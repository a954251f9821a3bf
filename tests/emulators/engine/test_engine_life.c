/* The life of a VM beyond start and stop: suspend, reboot, migrate, run once, agent, lost storage.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine.h"
#include "fixture.h"

#define HOST_M1 "h0000000-0000-0000-0000-0000000000a1"
#define HOST_M2 "h0000000-0000-0000-0000-0000000000a2"

static int
vm_action(struct site *s, const char *id, const char *action, const char *body)
{
    char path[128];
    snprintf(path, sizeof(path), "vms/%s/%s", id, action);
    return site_call(s, "POST", path, body);
}

static void
suspended_vm_writes_nothing_and_comes_back(void **state)
{
    struct fixture *f = *state;
    size_t before = lunview_mem_writers(f->luns, "milan");
    assert_int_equal(vm_action(&f->milan, VM1, "suspend", "{}"), 200);
    assert_string_equal(vm_status(&f->milan, VM1), "saving_state");
    site_sleep(&f->milan, 4 * SECOND);
    assert_string_equal(vm_status(&f->milan, VM1), "suspended");
    assert_int_equal(lunview_mem_writers(f->luns, "milan"), before - 2);
    assert_int_equal(vm_action(&f->milan, VM1, "start", "{}"), 200);
    assert_string_equal(vm_status(&f->milan, VM1), "restoring_state");
    site_sleep(&f->milan, 40 * SECOND);
    assert_string_equal(vm_status(&f->milan, VM1), "up");
    assert_int_equal(lunview_mem_writers(f->luns, "milan"), before);
}

static void
suspended_vm_that_is_stopped_is_down(void **state)
{
    struct fixture *f = *state;
    vm_action(&f->milan, VM1, "suspend", "{}");
    site_sleep(&f->milan, 4 * SECOND);
    assert_int_equal(vm_action(&f->milan, VM1, "stop", "{}"), 200);
    assert_string_equal(vm_status(&f->milan, VM1), "down");
}

static void
reboot_keeps_the_process(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(vm_action(&f->milan, VM1, "reboot", "{}"), 200);
    assert_string_equal(vm_status(&f->milan, VM1), "reboot_in_progress");
    assert_int_equal(vm_action(&f->milan, VM1, "reset", "{}"), 409);
    site_sleep(&f->milan, 31 * SECOND);
    assert_string_equal(vm_status(&f->milan, VM1), "up");
    site_control(&f->milan, "{'command':'counters'}");
    assert_null(js_get(f->milan.body, "counters.vm_starts." VM1));
}

static void
migration_takes_the_lease_along(void **state)
{
    struct fixture *f = *state;
    vm_status(&f->milan, VM1);
    bool first = emu_same(site_str(&f->milan, "host.id"), HOST_M1);
    const char *to = first ? HOST_M2 : HOST_M1;
    char body[128];
    snprintf(body, sizeof(body), "{'host':{'id':'%s'}}", to);
    assert_int_equal(vm_action(&f->milan, VM1, "migrate", body), 200);
    assert_string_equal(vm_status(&f->milan, VM1), "migrating");
    assert_int_equal(vm_action(&f->milan, VM1, "migrate", body), 409);
    site_sleep(&f->milan, 6 * SECOND);
    assert_string_equal(vm_status(&f->milan, VM1), "up");
    assert_string_equal(site_str(&f->milan, "host.id"), to);
    struct json_object *doc = lunview_mem_content(f->luns, "milan", "3600a1");
    struct json_object *lease = NULL;
    json_object_object_get_ex(js_get(doc, "leases.vms"), VM1, &lease);
    assert_string_equal(js_str(lease, "host"), to);
    json_object_put(doc);
    site_call(&f->milan, "PUT", "vms/" VM2, "{'placement_policy':{'affinity':'pinned'}}");
    assert_int_equal(vm_action(&f->milan, VM2, "migrate", "{}"), 409);
}

static void
run_once_can_pause_and_choose_the_host(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(vm_action(&f->milan, VM3, "start",
                               "{'pause':'true','vm':{'placement_policy':{'hosts':{'host':"
                               "[{'id':'" HOST_M2 "'}]}}}}"),
                     200);
    site_sleep(&f->milan, 3 * SECOND);
    assert_string_equal(vm_status(&f->milan, VM3), "paused");
    assert_string_equal(site_str(&f->milan, "run_once"), "true");
    assert_string_equal(site_str(&f->milan, "host.id"), HOST_M2);
    assert_int_equal(vm_action(&f->milan, VM3, "start", "{}"), 200);
    site_sleep(&f->milan, 31 * SECOND);
    assert_string_equal(vm_status(&f->milan, VM3), "up");
    site_control(&f->milan, "{'command':'counters'}");
    assert_int_equal(js_int(f->milan.body, "counters.vm_starts." VM3, 0), 1);
}

static void
guest_without_agent_is_up_after_a_minute_and_tells_no_address(void **state)
{
    struct fixture *f = *state;
    site_call(&f->milan, "GET", "vms/" VM1 "/reporteddevices", NULL);
    assert_int_equal(site_count(&f->milan, "reported_device"), 1);
    vm_status(&f->milan, VM1);
    assert_string_equal(site_str(&f->milan, "fqdn"), "erp-db");
    site_control(&f->milan,
                 "{'command':'add_vm','vm':{'id':'mute','name':'mute','cluster':'cl-milan',"
                 "'guest_agent':false,'disks':[],'nics':[{'name':'nic1'}]}}");
    assert_int_equal(vm_action(&f->milan, "mute", "start", "{}"), 200);
    site_sleep(&f->milan, 50 * SECOND);
    assert_string_equal(vm_status(&f->milan, "mute"), "powering_up");
    site_sleep(&f->milan, 15 * SECOND);
    assert_string_equal(vm_status(&f->milan, "mute"), "up");
    assert_null(site_str(&f->milan, "fqdn"));
    site_call(&f->milan, "GET", "vms/mute/reporteddevices", NULL);
    assert_int_equal(site_count(&f->milan, "reported_device"), 0);
}

static void
milan_storage(struct fixture *f, const char *access)
{
    static const char *const luns[] = {"3600a1", "3600a2", "3600a3", NULL};
    for (const char *const *l = luns; *l; l++)
        assert_int_equal(lunview_mem_access(f->luns, "milan", *l, access), 0);
}

/* The leased one is killed and, being HA, started anew; the other goes on where it was. */
static void
returned_storage_resumes_or_kills(void **state)
{
    struct fixture *f = *state;
    milan_storage(f, "read-only");
    site_sleep(&f->milan, 11 * SECOND);
    assert_string_equal(vm_status(&f->milan, VM1), "paused");
    assert_string_equal(site_str(&f->milan, "status_detail"), "eio");
    assert_int_equal(vm_action(&f->milan, VM2, "start", "{}"), 409);
    assert_int_equal(lunview_mem_writers(f->luns, "milan"), 0);
    milan_storage(f, "read-write");
    site_sleep(&f->milan, 11 * SECOND);
    assert_string_equal(vm_status(&f->milan, VM2), "up");
    site_sleep(&f->milan, 60 * SECOND);
    assert_string_equal(vm_status(&f->milan, VM1), "up");
    site_control(&f->milan, "{'command':'counters'}");
    assert_int_equal(js_int(f->milan.body, "counters.vm_starts." VM1, 0), 1);
    assert_null(js_get(f->milan.body, "counters.vm_starts." VM2));
}

static void
inactive_domain_recovers_with_its_storage(void **state)
{
    struct fixture *f = *state;
    milan_storage(f, "none");
    site_sleep(&f->milan, 330 * SECOND);
    site_call(&f->milan, "GET", ATTACH_M "/" SD1, NULL);
    assert_string_equal(site_str(&f->milan, "status"), "inactive");
    site_call(&f->milan, "GET", "datacenters/" DC_M, NULL);
    assert_string_equal(site_str(&f->milan, "status"), "problematic");
    milan_storage(f, "read-write");
    site_sleep(&f->milan, 310 * SECOND);
    site_call(&f->milan, "GET", ATTACH_M "/" SD1, NULL);
    assert_string_equal(site_str(&f->milan, "status"), "active");
    site_call(&f->milan, "GET", "datacenters/" DC_M, NULL);
    assert_string_equal(site_str(&f->milan, "status"), "up");
}

static void
crashed_ha_vm_is_started_again_and_another_is_not(void **state)
{
    struct fixture *f = *state;
    site_control(&f->milan, "{'command':'vm_crash','vm':'" VM1 "'}");
    site_control(&f->milan, "{'command':'vm_crash','vm':'" VM2 "'}");
    assert_string_equal(vm_status(&f->milan, VM1), "down");
    site_sleep(&f->milan, 60 * SECOND);
    assert_string_equal(vm_status(&f->milan, VM1), "up");
    assert_string_equal(vm_status(&f->milan, VM2), "down");
    assert_true(site_event(&f->milan, "119"));
}

/* ---- how it is asked ------------------------------------------------------------------------- */

static void
asynchronous_action_is_202_and_its_address_tells_the_end(void **state)
{
    struct fixture *f = *state;
    char path[256];
    assert_int_equal(site_call(&f->milan, "POST", "vms/" VM3 "/start?async=true", "{}"), 202);
    assert_string_equal(site_str(&f->milan, "status"), "in_progress");
    assert_string_equal(site_str(&f->milan, "async"), "true");
    EMU_SET(path, site_str(&f->milan, "href") + strlen(EMU_API "/"));
    assert_int_equal(site_call(&f->milan, "GET", path, NULL), 200);
    assert_string_equal(site_str(&f->milan, "status"), "in_progress");
    site_sleep(&f->milan, SECOND);
    assert_int_equal(site_call(&f->milan, "GET", path, NULL), 200);
    assert_string_equal(site_str(&f->milan, "status"), "complete");
    assert_int_equal(site_call(&f->milan, "GET", "vms/" VM3 "/start/other", NULL), 404);
    site_call(&f->milan, "POST", "vms/" VM3 "/stop", "{}");
    site_sleep(&f->milan, 5 * SECOND);
    fault(&f->milan, "{'command':'fault','op':'start','kind':'exec-fails'}");
    f->milan.header[0] = "Expect";
    f->milan.header[1] = "202-accepted";
    assert_int_equal(site_call(&f->milan, "POST", "vms/" VM3 "/start", "{}"), 202);
    EMU_SET(path, site_str(&f->milan, "href") + strlen(EMU_API "/"));
    site_sleep(&f->milan, SECOND);
    assert_int_equal(site_call(&f->milan, "GET", path, NULL), 200);
    assert_string_equal(site_str(&f->milan, "status"), "failed");
    assert_non_null(site_str(&f->milan, "fault.detail"));
}

static void
grace_period_delays_an_action(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(
        site_call(&f->milan, "POST", "vms/" VM3 "/start", "{'grace_period':{'expiry':'5000'}}"),
        200);
    assert_true(f->milan.took_ns >= 5 * SECOND);
}

static void
basic_credentials_work_and_a_session_only_on_demand(void **state)
{
    struct fixture *f = *state;
    f->rome.token[0] = '\0';
    static const char right[] = "Basic YWRtaW5AaW50ZXJuYWw6c2VjcmV0";
    static const char wrong[] = "Basic YWRtaW5AaW50ZXJuYWw6d3Jvbmc=";
    const struct emu_header headers[] = {{"Authorization", right}, {"Prefer", "persistent-auth"}};
    struct emu_request req = {
        .method = "GET", .path = "/ovirt-engine/api/hosts", .headers = headers, .headers_count = 2};
    uint64_t xid = 0;
    struct emu_response r;
    emu_submit(f->rome.e, &req, f->now, &xid);
    emu_advance(f->rome.e, f->now);
    assert_int_equal(emu_collect(f->rome.e, xid, &r), 0);
    assert_int_equal(r.status, 200);
    char cookie[256] = "";
    for (size_t i = 0; i < r.headers_count; i++)
        if (emu_same(r.headers[i].name, "Set-Cookie"))
            EMU_SET(cookie, r.headers[i].value);
    emu_response_clear(&r);
    assert_int_equal(strncmp(cookie, "JSESSIONID=", 11), 0);
    cookie[strcspn(cookie, ";")] = '\0';
    const struct {
        struct emu_header header;
        int status;
    } t[] = {
        {{"Cookie", cookie}, 200},
        {{"Cookie", "JSESSIONID=other"}, 401},
        {{"Authorization", right}, 200},
        {{"Authorization", wrong}, 401},
    };
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        req.headers = &t[i].header;
        req.headers_count = 1;
        emu_submit(f->rome.e, &req, f->now, &xid);
        assert_int_equal(site_wait(&f->rome, xid), t[i].status);
    }
}

static void
restricted_view_does_not_tell_how_storage_is_connected(void **state)
{
    struct fixture *f = *state;
    f->milan.header[0] = "Filter";
    f->milan.header[1] = "true";
    site_call(&f->milan, "GET", "storagedomains", NULL);
    assert_int_equal(site_count(&f->milan, "storage_domain"), 2);
    assert_null(js_get(site_find(&f->milan, "storage_domain", SD1), "storage"));
}

static void
follow_goes_several_steps_deep(void **state)
{
    struct fixture *f = *state;
    site_call(&f->milan, "GET",
              "vms/" VM2 "?follow=cluster.networks,disk_attachments.disk,nics.vnic_profile.network",
              NULL);
    assert_string_equal(site_str(&f->milan, "cluster.name"), "cl-milan");
    assert_int_equal(js_len(js_get(f->milan.body, "cluster.networks.network")), 1);
    struct json_object *disks = js_get(f->milan.body, "disk_attachments.disk_attachment");
    assert_int_equal(js_len(disks), 2);
    assert_non_null(js_get(js_at(disks, 0), "disk.provisioned_size"));
    site_call(&f->milan, "GET", "vms?follow=nics.vnic_profile.network&search=name%3Derp-db", NULL);
    struct json_object *nics = js_get(site_find(&f->milan, "vm", VM1), "nics.nic");
    assert_string_equal(js_str(js_at(nics, 0), "vnic_profile.network.name"), "prod");
    site_call(&f->milan, "GET", "vms/" VM2 "?follow=nothing.at.all", NULL);
    assert_int_equal(f->milan.status, 200);
}

static void
restarting_engine_is_apache_speaking(void **state)
{
    struct fixture *f = *state;
    fault(&f->milan, "{'command':'fault','op':'list_vms','kind':'503'}");
    fault(&f->milan, "{'command':'fault','op':'list_vms','kind':'504','skip':1}");
    assert_int_equal(site_call(&f->milan, "GET", "vms", NULL), 503);
    assert_null(f->milan.body);
    assert_int_equal(site_call(&f->milan, "GET", "vms", NULL), 504);
    assert_int_equal(site_call(&f->milan, "GET", "vms", NULL), 200);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(suspended_vm_writes_nothing_and_comes_back),
        T(suspended_vm_that_is_stopped_is_down),
        T(reboot_keeps_the_process),
        T(migration_takes_the_lease_along),
        T(run_once_can_pause_and_choose_the_host),
        T(guest_without_agent_is_up_after_a_minute_and_tells_no_address),
        T(returned_storage_resumes_or_kills),
        T(inactive_domain_recovers_with_its_storage),
        T(crashed_ha_vm_is_started_again_and_another_is_not),
        T(asynchronous_action_is_202_and_its_address_tells_the_end),
        T(grace_period_delays_an_action),
        T(basic_credentials_work_and_a_session_only_on_demand),
        T(restricted_view_does_not_tell_how_storage_is_connected),
        T(follow_goes_several_steps_deep),
        T(restarting_engine_is_apache_speaking),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
