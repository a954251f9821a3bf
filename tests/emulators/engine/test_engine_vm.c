/* VMs: from the OVF_STORE into the engine, running as writers, stopped, lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"

static void
unregistered_vms_carry_the_status_at_the_last_write(void **state)
{
    struct fixture *f = *state;
    attached_at_rome(f);
    site_call(&f->rome, "GET", "storagedomains/" SD1 "/vms?unregistered=true", NULL);
    assert_int_equal(site_count(&f->rome, "vm"), 2);
    assert_string_equal(js_str(site_find(&f->rome, "vm", VM1), "status"), "up");
    site_call(&f->rome, "GET", "storagedomains/" SD2 "/vms?unregistered=true", NULL);
    assert_int_equal(site_count(&f->rome, "vm"), 2);
    assert_string_equal(js_str(site_find(&f->rome, "vm", VM3), "status"), "down");
    site_call(&f->rome, "GET", "storagedomains/" SD1 "/templates?unregistered=true", NULL);
    assert_int_equal(site_count(&f->rome, "template"), 1);
}

static void
vm_made_after_the_last_write_is_not_listed(void **state)
{
    struct fixture *f = *state;
    site_control(&f->milan, "{'command':'add_vm','vm':{'id':'b9','name':'young','cluster':"
                            "'cl-milan','disks':[{'id':'d-9','storage_domain':'" SD2 "'}]}}");
    attached_at_rome(f);
    site_call(&f->rome, "GET", "storagedomains/" SD2 "/vms?unregistered=true", NULL);
    assert_null(site_find(&f->rome, "vm", "b9"));
    site_call(&f->rome, "GET", "storagedomains/" SD2 "/disks?unregistered=true", NULL);
    assert_non_null(site_find(&f->rome, "disk", "d-9"));
}

static void
updateovfstore_brings_the_young_vm_over(void **state)
{
    struct fixture *f = *state;
    site_control(&f->milan, "{'command':'add_vm','vm':{'id':'b9','name':'young','cluster':"
                            "'cl-milan','disks':[{'id':'d-9','storage_domain':'" SD2 "'}]}}");
    assert_int_equal(site_call(&f->milan, "POST", "storagedomains/" SD2 "/updateovfstore", "{}"),
                     200);
    assert_non_null(site_str(&f->milan, "job.id"));
    char job[128];
    snprintf(job, sizeof(job), "jobs/%s", site_str(&f->milan, "job.id"));
    site_call(&f->milan, "GET", job, NULL);
    assert_string_equal(site_str(&f->milan, "status"), "started");
    site_sleep(&f->milan, 2 * SECOND);
    site_call(&f->milan, "GET", job, NULL);
    assert_string_equal(site_str(&f->milan, "status"), "finished");
    attached_at_rome(f);
    site_call(&f->rome, "GET", "storagedomains/" SD2 "/vms?unregistered=true", NULL);
    assert_non_null(site_find(&f->rome, "vm", "b9"));
}

static void
register_removes_the_vm_from_every_list(void **state)
{
    struct fixture *f = *state;
    registered_at_rome(f);
    site_call(&f->rome, "GET", "storagedomains/" SD1 "/vms?unregistered=true", NULL);
    assert_int_equal(site_count(&f->rome, "vm"), 0);
    assert_string_equal(vm_status(&f->rome, VM2), "down");
    assert_string_equal(site_str(&f->rome, "cluster.id"), CL_R);
    assert_int_equal(register_at(f, SD2, "vms", VM2), 409);
}

static void
registered_vm_is_image_locked_for_a_moment(void **state)
{
    struct fixture *f = *state;
    attached_at_rome(f);
    assert_int_equal(register_at(f, SD1, "vms", VM1), 200);
    assert_non_null(site_str(&f->rome, "job.id"));
    assert_string_equal(vm_status(&f->rome, VM1), "image_locked");
    assert_int_equal(site_call(&f->rome, "POST", "vms/" VM1 "/start", "{}"), 409);
    site_sleep(&f->rome, SECOND);
    assert_string_equal(vm_status(&f->rome, VM1), "down");
}

static void
unmapped_nic_is_told_by_1188_only(void **state)
{
    struct fixture *f = *state;
    attached_at_rome(f);
    assert_int_equal(site_call(&f->rome, "POST", "storagedomains/" SD1 "/vms/" VM1 "/register",
                               "{'cluster':{'name':'cl-rome'}}"),
                     200);
    assert_true(site_event(&f->rome, "1188"));
    site_call(&f->rome, "GET", "vms/" VM1 "/nics", NULL);
    assert_null(js_get(js_at(js_get(f->rome.body, "nic"), 0), "vnic_profile"));
}

static void
mapped_nic_gets_its_profile(void **state)
{
    struct fixture *f = *state;
    attached_at_rome(f);
    register_at(f, SD1, "vms", VM1);
    assert_false(site_event(&f->rome, "1188"));
    site_call(&f->rome, "GET", "vms/" VM1 "/nics", NULL);
    assert_string_equal(js_str(js_at(js_get(f->rome.body, "nic"), 0), "vnic_profile.id"), "p-r");
}

static void
vm_without_cluster_or_template_is_409(void **state)
{
    struct fixture *f = *state;
    attached_at_rome(f);
    assert_int_equal(
        site_call(&f->rome, "POST", "storagedomains/" SD1 "/vms/" VM1 "/register", "{}"), 409);
    assert_int_equal(register_at(f, SD2, "vms", VM2), 409); /* its template is not there yet */
    assert_int_equal(register_at(f, SD1, "templates", TPL1), 200);
    assert_int_equal(register_at(f, SD2, "vms", VM2), 200);
}

static void
mapping_without_from_or_to_is_400(void **state)
{
    struct fixture *f = *state;
    attached_at_rome(f);
    assert_int_equal(site_call(&f->rome, "POST", "storagedomains/" SD1 "/vms/" VM1 "/register",
                               "{'registration_configuration':{'cluster_mappings':"
                               "{'registration_cluster_mapping':[{'from':{'name':'cl-milan'}}]}}}"),
                     400);
}

static void
disk_on_a_missing_domain_needs_partial_import(void **state)
{
    struct fixture *f = *state;
    crash_and_promote(f);
    import_sd(f, SD1);
    attach_sd(f, SD1);
    register_at(f, SD1, "templates", TPL1);
    assert_int_equal(register_at(f, SD1, "vms", VM2), 409);
    assert_int_equal(site_call(&f->rome, "POST", "storagedomains/" SD1 "/vms/" VM2 "/register",
                               "{'allow_partial_import':'true','cluster':{'name':'cl-rome'}}"),
                     200);
    assert_true(site_event(&f->rome, "1188"));
    site_call(&f->rome, "GET", "vms/" VM2 "/diskattachments", NULL);
    assert_int_equal(site_count(&f->rome, "disk_attachment"), 1);
}

static void
start_goes_through_every_status(void **state)
{
    struct fixture *f = *state;
    registered_at_rome(f);
    assert_int_equal(site_call(&f->rome, "POST", "vms/" VM2 "/start", "{}"), 200);
    assert_string_equal(site_str(&f->rome, "status"), "complete");
    assert_string_equal(vm_status(&f->rome, VM2), "wait_for_launch");
    assert_int_equal(lunview_mem_writers(f->luns, "rome"), 3);
    assert_int_equal(site_call(&f->rome, "POST", "vms/" VM2 "/start", "{}"), 409);
    site_sleep(&f->rome, 2 * SECOND);
    assert_string_equal(vm_status(&f->rome, VM2), "powering_up");
    site_sleep(&f->rome, 30 * SECOND);
    assert_string_equal(vm_status(&f->rome, VM2), "up");
    assert_int_equal(site_call(&f->rome, "POST", "vms/" VM2 "/stop", "{}"), 200);
    assert_string_equal(vm_status(&f->rome, VM2), "powering_down");
    assert_int_equal(lunview_mem_writers(f->luns, "rome"), 0);
    site_sleep(&f->rome, 3 * SECOND);
    assert_string_equal(vm_status(&f->rome, VM2), "down");
    assert_true(site_event(&f->rome, "61"));
}

static void
leased_vm_waits_until_a_host_holds_its_slot(void **state)
{
    struct fixture *f = *state;
    crash_and_promote(f);
    import_sd(f, SD1);
    attach_sd(f, SD1);
    register_at(f, SD1, "vms", VM1);
    site_sleep(&f->rome, SECOND);
    assert_int_equal(site_call(&f->rome, "POST", "vms/" VM1 "/start", "{}"), 409);
    assert_string_equal(vm_status(&f->rome, VM1), "down");
    /* The engine remembers the wish, so a client looks before it asks again. */
    site_sleep(&f->rome, 22 * SECOND);
    assert_string_not_equal(vm_status(&f->rome, VM1), "down");
    assert_int_equal(site_call(&f->rome, "POST", "vms/" VM1 "/start", "{}"), 409);
    site_control(&f->rome, "{'command':'counters'}");
    assert_int_equal(js_int(f->rome.body, "counters.vm_starts." VM1, 0), 1);
}

static void
start_on_a_lun_that_is_not_writable_goes_down_with_119(void **state)
{
    struct fixture *f = *state;
    registered_at_rome(f);
    lunview_mem_access(f->luns, "rome", "3600b3", "read-only");
    assert_int_equal(site_call(&f->rome, "POST", "vms/" VM2 "/start", "{}"), 200);
    site_sleep(&f->rome, 5 * SECOND);
    assert_string_equal(vm_status(&f->rome, VM2), "down");
    assert_true(site_event(&f->rome, "119"));
    assert_int_equal(lunview_mem_writers(f->luns, "rome"), 0);
}

static void
shutdown_may_be_ignored_by_the_guest(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(site_call(&f->milan, "POST", "vms/" VM1 "/shutdown", "{}"), 200);
    assert_string_equal(vm_status(&f->milan, VM1), "powering_down");
    site_sleep(&f->milan, 21 * SECOND);
    assert_string_equal(vm_status(&f->milan, VM1), "down");
    site_control(&f->milan, "{'command':'add_vm','vm':{'id':'deaf','name':'deaf','status':'up',"
                            "'cluster':'cl-milan','ignores_shutdown':true,'disks':[]}}");
    assert_int_equal(site_call(&f->milan, "POST", "vms/deaf/shutdown", "{}"), 200);
    site_sleep(&f->milan, 60 * SECOND);
    assert_string_equal(vm_status(&f->milan, "deaf"), "up");
}

static void
lost_hosts_stop_writing_and_say_nothing(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(lunview_mem_writers(f->luns, "milan"), 5);
    site_control(&f->milan, "{'command':'hosts_lost'}");
    assert_int_equal(lunview_mem_writers(f->luns, "milan"), 0);
    assert_string_equal(vm_status(&f->milan, VM1), "unknown");
    site_call(&f->milan, "GET", "hosts?search=status%3Dup", NULL);
    assert_int_equal(site_count(&f->milan, "host"), 0);
    struct json_object *doc = lunview_mem_content(f->luns, "milan", "3600a1");
    assert_false(js_bool(doc, "leases.hosts.1.released", true));
    json_object_put(doc);
}

static void
storage_that_turns_read_only_pauses_vms_then_kills_the_domain(void **state)
{
    struct fixture *f = *state;
    array_promote(f);
    site_sleep(&f->milan, 11 * SECOND);
    assert_string_equal(vm_status(&f->milan, VM1), "paused");
    site_call(&f->milan, "GET", ATTACH_M "/" SD1, NULL);
    assert_string_equal(site_str(&f->milan, "status"), "active");
    site_sleep(&f->milan, 310 * SECOND);
    site_call(&f->milan, "GET", ATTACH_M "/" SD1, NULL);
    assert_string_equal(site_str(&f->milan, "status"), "inactive");
}

static void
name_in_use_is_409_until_another_is_given(void **state)
{
    struct fixture *f = *state;
    attached_at_rome(f);
    site_control(&f->rome, "{'command':'add_vm','vm':{'id':'here','name':'erp-db',"
                           "'cluster':'cl-rome','disks':[]}}");
    assert_int_equal(register_at(f, SD1, "vms", VM1), 409);
    assert_int_equal(site_call(&f->rome, "POST", "storagedomains/" SD1 "/vms/" VM1 "/register",
                               "{'name':'erp-db-milan','cluster':{'id':'" CL_R "'}}"),
                     200);
    vm_status(&f->rome, VM1);
    assert_string_equal(site_str(&f->rome, "name"), "erp-db-milan");
}

static void
direct_lun_is_replaced_by_its_mapping(void **state)
{
    struct fixture *f = *state;
    site_control(&f->milan, "{'command':'add_vm','vm':{'id':'b8','name':'raw','cluster':'cl-milan',"
                            "'disks':[{'id':'d-8','storage_domain':'" SD2 "'},"
                            "{'id':'d-lun','name':'raw','lun':{'wwid':'3600aaa'}}]}}");
    site_call(&f->milan, "POST", "storagedomains/" SD2 "/updateovfstore", "{}");
    site_sleep(&f->milan, 2 * SECOND);
    attached_at_rome(f);
    assert_int_equal(
        site_call(&f->rome, "POST", "storagedomains/" SD2 "/vms/b8/register",
                  "{'cluster':{'name':'cl-rome'},'registration_configuration':{'lun_mappings':"
                  "{'registration_lun_mapping':[{'from':{'lun_storage':{'type':'fcp',"
                  "'logical_units':{'logical_unit':[{'id':'3600aaa'}]}}},'to':{'lun_storage':"
                  "{'type':'fcp','logical_units':{'logical_unit':[{'id':'3600bbb'}]}}}}]}}}"),
        200);
    site_call(&f->rome, "GET", "disks?search=disk_type%3Dlun", NULL);
    assert_int_equal(site_count(&f->rome, "disk"), 1);
    struct json_object *units =
        js_get(js_at(js_get(f->rome.body, "disk"), 0), "lun_storage.logical_units.logical_unit");
    assert_string_equal(js_str(js_at(units, 0), "id"), "3600bbb");
}

static void
clone_gets_its_own_id(void **state)
{
    struct fixture *f = *state;
    attached_at_rome(f);
    assert_int_equal(site_call(&f->rome, "POST", "storagedomains/" SD1 "/vms/" VM1 "/register",
                               "{'clone':'true','cluster':{'name':'cl-rome'}}"),
                     200);
    assert_int_equal(site_call(&f->rome, "GET", "vms/" VM1, NULL), 404);
    site_call(&f->rome, "GET", "vms?search=name%3Derp-db", NULL);
    assert_int_equal(site_count(&f->rome, "vm"), 1);
}

static void
lease_and_priority_are_set_by_put(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(site_call(&f->milan, "PUT", "vms/" VM3,
                               "{'lease':{'storage_domain':{'id':'" SD2 "'}},"
                               "'high_availability':{'enabled':'true','priority':'50'}}"),
                     200);
    assert_string_equal(site_str(&f->milan, "high_availability.priority"), "50");
    assert_string_equal(site_str(&f->milan, "lease.storage_domain.id"), SD2);
}

static void
replica_of_a_vm_lease_waits_with_disjoint_numbers(void **state)
{
    struct fixture *f = *state;
    site_close(&f->rome);
    struct json_object *conf = json_tokener_parse(SAMPLE_ROME);
    for (size_t i = 0; i < js_len(js_get(conf, "hosts")); i++)
        js_add_int(js_at(js_get(conf, "hosts"), i), "host_number", (int64_t)i + 11);
    js_add_bool(conf, "ha_autostart", false);
    site_open(&f->rome, json_object_to_json_string(conf), f->luns, &f->now);
    json_object_put(conf);
    site_login(&f->rome);
    crash_and_promote(f);
    import_sd(f, SD1);
    attach_sd(f, SD1);
    register_at(f, SD1, "vms", VM1);
    site_sleep(&f->rome, 60 * SECOND);
    assert_int_equal(site_call(&f->rome, "POST", "vms/" VM1 "/start", "{}"), 409);
    site_sleep(&f->rome, 101 * SECOND); /* 20 to join and 140 to watch */
    assert_int_equal(site_call(&f->rome, "POST", "vms/" VM1 "/start", "{}"), 200);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(unregistered_vms_carry_the_status_at_the_last_write),
        T(vm_made_after_the_last_write_is_not_listed),
        T(updateovfstore_brings_the_young_vm_over),
        T(register_removes_the_vm_from_every_list),
        T(registered_vm_is_image_locked_for_a_moment),
        T(unmapped_nic_is_told_by_1188_only),
        T(mapped_nic_gets_its_profile),
        T(vm_without_cluster_or_template_is_409),
        T(mapping_without_from_or_to_is_400),
        T(disk_on_a_missing_domain_needs_partial_import),
        T(start_goes_through_every_status),
        T(leased_vm_waits_until_a_host_holds_its_slot),
        T(start_on_a_lun_that_is_not_writable_goes_down_with_119),
        T(shutdown_may_be_ignored_by_the_guest),
        T(lost_hosts_stop_writing_and_say_nothing),
        T(storage_that_turns_read_only_pauses_vms_then_kills_the_domain),
        T(name_in_use_is_409_until_another_is_given),
        T(direct_lun_is_replaced_by_its_mapping),
        T(clone_gets_its_own_id),
        T(lease_and_priority_are_set_by_put),
        T(replica_of_a_vm_lease_waits_with_disjoint_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
