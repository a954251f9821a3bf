/* Hosts: maintenance, power, loss, and what becomes of their VMs. */
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

static const char *
host_status(struct site *s, const char *id)
{
    char path[128];
    snprintf(path, sizeof(path), "hosts/%s", id);
    site_call(s, "GET", path, NULL);
    return site_str(s, "status");
}

static int
host_action(struct site *s, const char *id, const char *action, const char *body)
{
    char path[128];
    snprintf(path, sizeof(path), "hosts/%s/%s", id, action);
    return site_call(s, "POST", path, body);
}

static int64_t
counter(struct site *s, const char *name)
{
    site_control(s, "{'command':'counters'}");
    char path[128];
    snprintf(path, sizeof(path), "counters.%s", name);
    return js_int(s->body, path, 0);
}

/* Milan again, with one member of its configuration changed. */
static void
milan_with(struct fixture *f, const char *changes)
{
    site_close(&f->milan);
    struct json_object *conf = json_tokener_parse(SAMPLE_MILAN);
    struct json_object *more = json_tokener_parse(changes);
    assert_non_null(more);
    json_object_object_foreach(more, key, value)
    {
        if (emu_same(key, "power"))
            for (size_t i = 0; i < 2; i++)
                js_add_ref(js_at(js_get(conf, "hosts"), i), "power_management", value);
        else if (emu_same(key, "memory"))
            js_add_ref(js_at(js_get(conf, "hosts"), 0), "memory", value);
        else
            js_add_ref(conf, key, value);
    }
    json_object_put(more);
    site_open(&f->milan, json_object_to_json_string(conf), f->luns, &f->now);
    json_object_put(conf);
    site_login(&f->milan);
}

static void
maintenance_moves_vms_and_spm_and_frees_the_slot(void **state)
{
    struct fixture *f = *state;
    site_call(&f->milan, "GET", "hosts/" HOST_M1, NULL);
    assert_string_equal(site_str(&f->milan, "spm.status"), "spm");
    assert_int_equal(host_action(&f->milan, HOST_M1, "deactivate", "{}"), 200);
    assert_string_equal(host_status(&f->milan, HOST_M1), "preparing_for_maintenance");
    assert_string_equal(vm_status(&f->milan, VM1), "migrating");
    site_sleep(&f->milan, 15 * SECOND);
    assert_string_equal(host_status(&f->milan, HOST_M1), "maintenance");
    assert_string_equal(vm_status(&f->milan, VM1), "up");
    assert_string_equal(site_str(&f->milan, "host.id"), HOST_M2);
    site_call(&f->milan, "GET", "hosts/" HOST_M2, NULL);
    assert_string_equal(site_str(&f->milan, "spm.status"), "spm");
    struct json_object *doc = lunview_mem_content(f->luns, "milan", "3600a1");
    assert_true(js_bool(doc, "leases.hosts.1.released", false));
    assert_false(js_bool(doc, "leases.hosts.2.released", true));
    json_object_put(doc);
    assert_int_equal(counter(&f->milan, "running_twice"), 0);
    assert_int_equal(host_action(&f->milan, HOST_M1, "deactivate", "{}"), 409);
    assert_int_equal(host_action(&f->milan, HOST_M1, "activate", "{}"), 200);
    assert_string_equal(host_status(&f->milan, HOST_M1), "unassigned");
    site_sleep(&f->milan, 6 * SECOND);
    assert_string_equal(host_status(&f->milan, HOST_M1), "up");
}

static void
pinned_vm_keeps_its_host_out_of_maintenance(void **state)
{
    struct fixture *f = *state;
    vm_status(&f->milan, VM1);
    char host[64];
    EMU_SET(host, site_str(&f->milan, "host.id"));
    site_call(&f->milan, "PUT", "vms/" VM1, "{'placement_policy':{'affinity':'pinned'}}");
    assert_int_equal(host_action(&f->milan, host, "deactivate", "{}"), 409);
    assert_string_equal(host_status(&f->milan, host), "up");
}

static void
last_host_stays_in_preparation_while_its_vms_have_nowhere_to_go(void **state)
{
    struct fixture *f = *state;
    site_control(&f->milan, "{'command':'host','host':'milan2','status':'maintenance'}");
    site_call(&f->milan, "GET", "vms?search=status%3Dup", NULL);
    assert_int_equal(site_count(&f->milan, "vm"), 2);
    assert_int_equal(host_action(&f->milan, HOST_M1, "deactivate", "{}"), 200);
    site_sleep(&f->milan, 60 * SECOND);
    assert_string_equal(host_status(&f->milan, HOST_M1), "preparing_for_maintenance");
    assert_string_equal(vm_status(&f->milan, VM1), "up");
}

static void
numbers_are_the_lowest_free_ones(void **state)
{
    struct fixture *f = *state;
    site_call(&f->milan, "GET", "hosts", NULL);
    assert_string_equal(js_str(site_find(&f->milan, "host", HOST_M1), "spm.id"), "1");
    assert_string_equal(js_str(site_find(&f->milan, "host", HOST_M2), "spm.id"), "2");
    static const char body[] = "{'name':'milan3','address':'milan3','cluster':{'name':'cl-milan'}}";
    assert_int_equal(site_call(&f->milan, "POST", "hosts", body), 201);
    assert_string_equal(site_str(&f->milan, "spm.id"), "3");
    assert_string_equal(site_str(&f->milan, "status"), "installing");
    assert_int_equal(site_call(&f->milan, "POST", "hosts", body), 409);
    host_action(&f->milan, HOST_M1, "deactivate", "{}");
    site_sleep(&f->milan, 15 * SECOND);
    assert_int_equal(site_call(&f->milan, "DELETE", "hosts/" HOST_M2, NULL), 409);
    assert_int_equal(site_call(&f->milan, "DELETE", "hosts/" HOST_M1, NULL), 200);
    assert_int_equal(site_call(&f->milan, "POST", "hosts",
                               "{'name':'milan4','address':'m4','cluster':{'name':'cl-milan'}}"),
                     201);
    assert_string_equal(site_str(&f->milan, "spm.id"), "1");
}

static void
spm_follows_priority_and_a_wish(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(host_action(&f->milan, HOST_M2, "forceselectspm", "{}"), 200);
    assert_int_equal(host_action(&f->milan, HOST_M1, "forceselectspm", "{}"), 409); /* contends */
    site_sleep(&f->milan, 3 * SECOND);
    site_call(&f->milan, "GET", "hosts/" HOST_M2, NULL);
    assert_string_equal(site_str(&f->milan, "spm.status"), "spm");
    assert_int_equal(site_call(&f->milan, "PUT", "hosts/" HOST_M1, "{'spm':{'priority':'-1'}}"),
                     200);
    assert_int_equal(host_action(&f->milan, HOST_M1, "forceselectspm", "{}"), 409);
}

static void
leased_ha_vm_starts_elsewhere_after_its_lease_has_run_out(void **state)
{
    struct fixture *f = *state;
    vm_status(&f->milan, VM1);
    assert_string_equal(site_str(&f->milan, "host.id"), HOST_M1);
    site_control(&f->milan, "{'command':'host','host':'milan1','status':'non_responsive'}");
    assert_string_equal(vm_status(&f->milan, VM1), "unknown");
    assert_int_equal(site_call(&f->milan, "POST", "vms/" VM1 "/stop", "{}"), 409);
    site_sleep(&f->milan, 130 * SECOND);
    assert_string_equal(vm_status(&f->milan, VM1), "unknown");
    site_sleep(&f->milan, 60 * SECOND);
    assert_string_equal(vm_status(&f->milan, VM1), "up");
    assert_string_equal(site_str(&f->milan, "host.id"), HOST_M2);
    /* Without lease and without power management nothing is known, and nothing done. */
    assert_string_equal(vm_status(&f->milan, VM2), "unknown");
    assert_int_equal(counter(&f->milan, "running_twice"), 0);
}

static void
lease_of_a_host_that_is_only_cut_off_is_not_taken(void **state)
{
    struct fixture *f = *state;
    site_control(&f->milan,
                 "{'command':'host','host':'milan1','status':'non_responsive','alive':true}");
    assert_true(lunview_mem_writers(f->luns, "milan") > 0);
    site_sleep(&f->milan, 400 * SECOND);
    assert_string_equal(vm_status(&f->milan, VM1), "unknown");
    site_control(&f->milan, "{'command':'host','host':'milan1','status':'up'}");
    assert_string_equal(vm_status(&f->milan, VM1), "up");
    assert_int_equal(counter(&f->milan, "running_twice"), 0);
}

static void
power_management_fences_and_ha_vms_come_back(void **state)
{
    struct fixture *f = *state;
    milan_with(f, "{'power':{'enabled':true}}");
    site_call(&f->milan, "PUT", "vms/" VM2, "{'high_availability':{'enabled':'true'}}");
    site_control(&f->milan, "{'command':'host','host':'milan1','status':'non_responsive'}");
    assert_string_equal(vm_status(&f->milan, VM2), "unknown");
    site_sleep(&f->milan, 100 * SECOND);
    assert_string_equal(vm_status(&f->milan, VM2), "up");
    assert_string_equal(site_str(&f->milan, "host.id"), HOST_M2);
    assert_string_equal(host_status(&f->milan, HOST_M1), "reboot");
    site_sleep(&f->milan, 200 * SECOND);
    assert_string_equal(host_status(&f->milan, HOST_M1), "up");
    assert_int_equal(counter(&f->milan, "vm_starts." VM2), 1);
    assert_int_equal(counter(&f->milan, "running_twice"), 0);
}

static void
fence_tells_and_sets_the_power(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(host_action(&f->milan, HOST_M1, "fence", "{'fence_type':'status'}"), 409);
    milan_with(f, "{'power':{'enabled':true}}");
    assert_int_equal(host_action(&f->milan, HOST_M2, "fence", "{'fence_type':'status'}"), 200);
    assert_string_equal(site_str(&f->milan, "power_management.status"), "on");
    assert_int_equal(host_action(&f->milan, HOST_M2, "fence", "{'fence_type':'stop'}"), 200);
    assert_string_equal(site_str(&f->milan, "power_management.status"), "off");
    assert_string_equal(host_status(&f->milan, HOST_M2), "down");
    assert_int_equal(host_action(&f->milan, HOST_M2, "fence", "{'fence_type':'start'}"), 200);
    assert_string_equal(host_status(&f->milan, HOST_M2), "reboot");
    site_sleep(&f->milan, 200 * SECOND);
    assert_string_equal(host_status(&f->milan, HOST_M2), "up");
    assert_int_equal(host_action(&f->milan, HOST_M2, "fence", "{'fence_type':'what'}"), 400);
    /* Somebody has to do it. */
    site_control(&f->milan, "{'command':'host','host':'milan2','status':'maintenance'}");
    assert_int_equal(host_action(&f->milan, HOST_M1, "fence", "{'fence_type':'stop'}"), 409);
}

/* A person confirms a reboot that never was: the engine starts the VM a second time. */
static void
wrong_confirmation_is_seen_as_running_twice(void **state)
{
    struct fixture *f = *state;
    site_call(&f->milan, "PUT", "vms/" VM2, "{'high_availability':{'enabled':'true'}}");
    assert_int_equal(host_action(&f->milan, HOST_M1, "fence", "{'fence_type':'manual'}"), 409);
    site_control(&f->milan,
                 "{'command':'host','host':'milan1','status':'non_responsive','alive':true}");
    assert_int_equal(host_action(&f->milan, HOST_M1, "fence", "{'fence_type':'manual'}"), 200);
    site_sleep(&f->milan, 60 * SECOND);
    assert_string_equal(vm_status(&f->milan, VM2), "up");
    /* The lease held the other one back: that is what it is for. */
    assert_string_equal(vm_status(&f->milan, VM1), "down");
    assert_int_equal(counter(&f->milan, "running_twice"), 1);
}

static void
capacity_is_told_and_kept(void **state)
{
    struct fixture *f = *state;
    milan_with(f, "{'memory':12884901888}");
    site_call(&f->milan, "GET", "hosts/" HOST_M1, NULL);
    assert_string_equal(site_str(&f->milan, "memory"), "12884901888");
    assert_true(js_int(f->milan.body, "max_scheduling_memory", 0) < 12884901888);
    site_call(&f->milan, "GET", "hosts/" HOST_M1 "/statistics", NULL);
    assert_int_equal(site_count(&f->milan, "statistic"), 4);
    site_control(&f->milan, "{'command':'host','host':'milan2','status':'maintenance'}");
    site_call(&f->milan, "PUT", "vms/" VM3, "{'memory':'17179869184'}");
    assert_int_equal(site_call(&f->milan, "POST", "vms/" VM3 "/start", "{}"), 409);
    assert_non_null(strstr(site_str(&f->milan, "fault.detail"), "internal filter Memory"));
    site_call(&f->milan, "PUT", "clusters/c1000000-0000-0000-0000-0000000000aa",
              "{'memory_policy':{'over_commit':{'percent':'300'}}}");
    assert_int_equal(site_call(&f->milan, "POST", "vms/" VM3 "/start", "{}"), 200);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(maintenance_moves_vms_and_spm_and_frees_the_slot),
        T(pinned_vm_keeps_its_host_out_of_maintenance),
        T(last_host_stays_in_preparation_while_its_vms_have_nowhere_to_go),
        T(numbers_are_the_lowest_free_ones),
        T(spm_follows_priority_and_a_wish),
        T(leased_ha_vm_starts_elsewhere_after_its_lease_has_run_out),
        T(lease_of_a_host_that_is_only_cut_off_is_not_taken),
        T(power_management_fences_and_ha_vms_come_back),
        T(fence_tells_and_sets_the_power),
        T(wrong_confirmation_is_seen_as_running_twice),
        T(capacity_is_told_and_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
