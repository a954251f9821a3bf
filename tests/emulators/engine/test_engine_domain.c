/* Domains on their way into a data centre and out of it: waits, locks, master, leases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"

static void
preflight_shows_what_the_host_sees(void **state)
{
    struct fixture *f = *state;
    crash_and_promote(f);
    assert_int_equal(
        site_call(&f->rome, "POST", "hosts/" HOST_R1 "/unregisteredstoragedomainsdiscover", "{}"),
        200);
    assert_string_equal(site_str(&f->rome, "status"), "complete");
    assert_int_equal(js_len(js_get(f->rome.body, "storage_domains.storage_domain")), 2);
    site_call(&f->rome, "GET", "hosts/" HOST_R1 "/storage?report_status=false", NULL);
    assert_int_equal(site_count(&f->rome, "host_storage"), 3);
}

static void
import_costs_a_second_for_each_volume_group(void **state)
{
    struct fixture *f = *state;
    crash_and_promote(f);
    assert_int_equal(import_sd(f, SD1), 201);
    assert_string_equal(site_str(&f->rome, "status"), "unattached");
    assert_string_equal(site_str(&f->rome, "name"), "erp");
    assert_int_equal(f->rome.took_ns, 2 * SECOND);
    assert_int_equal(import_sd(f, SD2), 201);
    assert_int_equal(f->rome.took_ns, 1 * SECOND); /* the known one is skipped */
}

static void
import_refuses_what_is_missing_or_known(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(import_sd(f, "no-such-domain"), 404);
    assert_non_null(site_str(&f->rome, "detail"));
    array_promote(f);
    assert_int_equal(import_sd(f, SD1), 201);
    assert_int_equal(import_sd(f, SD1), 409);
    assert_int_equal(
        site_call(&f->rome, "POST", "storagedomains", "{'id':'x','import':'true','type':'data'}"),
        400);
}

static void
first_domain_becomes_master_and_brings_the_data_center_up(void **state)
{
    struct fixture *f = *state;
    crash_and_promote(f);
    import_sd(f, SD2);
    import_sd(f, SD1);
    site_call(&f->rome, "GET", "datacenters/" DC_R, NULL);
    assert_string_equal(site_str(&f->rome, "status"), "uninitialized");
    assert_int_equal(attach_sd(f, SD2), 201);
    assert_string_equal(site_str(&f->rome, "status"), "active");
    assert_string_equal(site_str(&f->rome, "master"), "true");
    site_call(&f->rome, "GET", "datacenters/" DC_R, NULL);
    assert_string_equal(site_str(&f->rome, "status"), "up");
    struct json_object *doc = lunview_mem_content(f->luns, "rome", "3600b3");
    assert_string_equal(js_str(doc, "pool"), DC_R);
    assert_true(js_bool(doc, "master", false));
    json_object_put(doc);
}

static void
second_attach_waits_for_an_active_master(void **state)
{
    struct fixture *f = *state;
    crash_and_promote(f);
    import_sd(f, SD1);
    import_sd(f, SD2);
    uint64_t first = site_submit(&f->rome, "POST", ATTACH_R, "{'id':'" SD1 "'}");
    assert_int_equal(attach_sd(f, SD2), 409);
    site_call(&f->rome, "GET", ATTACH_R "/" SD1, NULL);
    assert_string_equal(site_str(&f->rome, "status"), "locked");
    assert_int_equal(site_wait(&f->rome, first), 201);
    assert_int_equal(attach_sd(f, SD2), 201);
}

static void
attach_of_a_crashed_sites_replica_takes_160_s(void **state)
{
    struct fixture *f = *state;
    crash_and_promote(f);
    import_sd(f, SD2);
    /* connect 1, lease 160, volumes 1, activate 2, contend 2 */
    assert_int_equal(attach_sd(f, SD2), 201);
    assert_int_equal(f->rome.took_ns, 166 * SECOND);
}

static void
attach_of_a_cleanly_left_domain_takes_20_s(void **state)
{
    struct fixture *f = *state;
    site_call(&f->milan, "POST", "vms/" VM2 "/stop", "{}");
    site_sleep(&f->milan, 5 * SECOND);
    assert_int_equal(site_call(&f->milan, "POST", ATTACH_M "/" SD2 "/deactivate", "{}"), 200);
    site_sleep(&f->milan, 10 * SECOND);
    array_promote(f);
    import_sd(f, SD2);
    assert_int_equal(attach_sd(f, SD2), 201);
    assert_int_equal(f->rome.took_ns, 26 * SECOND);
}

static void
disjoint_host_numbers_wait_only_for_the_former_master(void **state)
{
    struct fixture *f = *state;
    site_close(&f->rome);
    struct json_object *conf = json_tokener_parse(SAMPLE_ROME);
    struct json_object *hosts = js_get(conf, "hosts");
    for (size_t i = 0; i < js_len(hosts); i++)
        js_add_int(js_at(hosts, i), "host_number", (int64_t)i + 11);
    site_open(&f->rome, json_object_to_json_string(conf), f->luns, &f->now);
    json_object_put(conf);
    site_login(&f->rome);
    crash_and_promote(f);
    import_sd(f, SD1);
    import_sd(f, SD2);
    assert_int_equal(attach_sd(f, SD2), 201);
    assert_int_equal(f->rome.took_ns, 26 * SECOND);
    assert_int_equal(attach_sd(f, SD1), 201); /* it held the cluster lease: 20 + 140 */
    assert_int_equal(f->rome.took_ns, (1 + 160 + 1 + 2) * SECOND);
}

static void
busy_domain_is_409_with_the_fault_in_the_action(void **state)
{
    struct fixture *f = *state;
    attached_at_rome(f);
    assert_int_equal(site_call(&f->rome, "POST", ATTACH_R "/" SD2 "/deactivate", "{}"), 200);
    site_sleep(&f->rome, 10 * SECOND);
    uint64_t a = site_submit(&f->rome, "POST", ATTACH_R "/" SD2 "/activate", "{}");
    assert_int_equal(site_call(&f->rome, "POST", ATTACH_R "/" SD2 "/activate", "{}"), 409);
    assert_string_equal(site_str(&f->rome, "status"), "failed");
    assert_non_null(site_str(&f->rome, "fault.detail"));
    assert_int_equal(site_wait(&f->rome, a), 200);
}

/* Three one-LUN domains of a crashed pool, with the lease of another host in slot 1. */
static struct lunview_mem *
three_domains(void)
{
    struct json_object *conf = json_object_new_object();
    struct json_object *volumes = js_list(conf, "volumes");
    for (int i = 1; i <= 3; i++) {
        char *text = emu_printf(
            "{'name':'v%d','size':1000000000,'copies':[{'site':'rome','wwid':'w%d','lun':%d,"
            "'access':'read-write','exposed_to':['rhv-rome'],'content':{'domain':{'id':'dom%d',"
            "'name':'dom%d','type':'data','storage_type':'fcp','storage_format':'v5'},"
            "'vg':{'id':'vg%d','count':1,'index':0},'pool':'old','leases':{'hosts':{'1':"
            "{'host':'gone','generation':1,'released':false}}}}}]}",
            i, i, i, i, i, i);
        json_object_array_add(volumes, json_tokener_parse(text));
        free(text);
    }
    struct lunview_mem *m = lunview_mem_new(conf);
    json_object_put(conf);
    return m;
}

static void
attaches_of_one_data_center_are_serial(void **state)
{
    struct fixture *f = *state;
    struct lunview_mem *luns = three_domains();
    struct lunview_mem *before = f->luns;
    site_close(&f->rome);
    f->luns = luns;
    site_open(&f->rome, SAMPLE_ROME, luns, &f->now);
    site_login(&f->rome);
    for (int i = 1; i <= 3; i++) {
        char id[8];
        snprintf(id, sizeof(id), "dom%d", i);
        assert_int_equal(import_sd(f, id), 201);
    }
    assert_int_equal(attach_sd(f, "dom1"), 201);
    int64_t start = f->now;
    uint64_t a = site_submit(&f->rome, "POST", ATTACH_R, "{'id':'dom2'}");
    uint64_t b = site_submit(&f->rome, "POST", ATTACH_R, "{'id':'dom3'}");
    assert_int_equal(site_wait(&f->rome, a), 201);
    assert_int_equal(site_wait(&f->rome, b), 201);
    /* connect together, then lease and volumes twice, then the two activations */
    assert_int_equal(f->now - start, (1 + 2 * 161 + 2 * 2) * SECOND);
    site_close(&f->rome);
    lunview_mem_free(luns);
    f->luns = before;
    site_open(&f->rome, SAMPLE_ROME, before, &f->now);
}

static void
read_only_lun_fails_the_attach_with_400(void **state)
{
    struct fixture *f = *state;
    crash_and_promote(f);
    import_sd(f, SD2);
    lunview_mem_access(f->luns, "rome", "3600b3", "read-only");
    assert_int_equal(attach_sd(f, SD2), 400);
    assert_int_equal(site_call(&f->rome, "GET", ATTACH_R "/" SD2, NULL), 404);
    site_call(&f->rome, "GET", "datacenters/" DC_R, NULL);
    assert_string_equal(site_str(&f->rome, "status"), "uninitialized");
    assert_true(site_event(&f->rome, "963"));
}

static void
half_a_volume_group_is_not_a_domain(void **state)
{
    struct fixture *f = *state;
    crash_and_promote(f);
    lunview_mem_access(f->luns, "rome", "3600b2", "none");
    assert_int_equal(import_sd(f, SD1), 404);
    assert_int_equal(import_sd(f, SD2), 201);
}

static void
deactivate_is_queued_and_refused_while_vms_run(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(site_call(&f->milan, "POST", ATTACH_M "/" SD2 "/deactivate", "{}"), 409);
    site_call(&f->milan, "POST", "vms/" VM2 "/stop", "{}");
    site_sleep(&f->milan, 5 * SECOND);
    assert_int_equal(site_call(&f->milan, "POST", ATTACH_M "/" SD2 "/deactivate", "{}"), 200);
    site_call(&f->milan, "GET", ATTACH_M "/" SD2, NULL);
    assert_string_equal(site_str(&f->milan, "status"), "locked");
    assert_int_equal(site_call(&f->milan, "DELETE", ATTACH_M "/" SD2, NULL), 409);
    site_sleep(&f->milan, 1500000000);
    site_call(&f->milan, "GET", ATTACH_M "/" SD2, NULL);
    assert_string_equal(site_str(&f->milan, "status"), "preparing_for_maintenance");
    site_sleep(&f->milan, 3 * SECOND);
    site_call(&f->milan, "GET", ATTACH_M "/" SD2, NULL);
    assert_string_equal(site_str(&f->milan, "status"), "maintenance");
    assert_true(site_event(&f->milan, "199"));
    assert_true(site_event(&f->milan, "968"));
}

static void
planned_way_out_ends_with_an_uninitialized_data_center(void **state)
{
    struct fixture *f = *state;
    site_call(&f->milan, "POST", "vms/" VM1 "/stop", "{}");
    site_call(&f->milan, "POST", "vms/" VM2 "/stop", "{}");
    site_sleep(&f->milan, 5 * SECOND);
    site_call(&f->milan, "POST", ATTACH_M "/" SD2 "/deactivate", "{}");
    site_sleep(&f->milan, 10 * SECOND);
    assert_int_equal(site_call(&f->milan, "DELETE", ATTACH_M "/" SD2, NULL), 200);
    site_call(&f->milan, "GET", "storagedomains/" SD2, NULL);
    assert_string_equal(site_str(&f->milan, "status"), "unattached");
    assert_int_equal(site_call(&f->milan, "GET", "vms/" VM3, NULL), 404);
    site_call(&f->milan, "POST", ATTACH_M "/" SD1 "/deactivate", "{}");
    site_sleep(&f->milan, 10 * SECOND);
    site_call(&f->milan, "GET", "datacenters/" DC_M, NULL);
    assert_string_equal(site_str(&f->milan, "status"), "maintenance");
    assert_int_equal(site_call(&f->milan, "DELETE", ATTACH_M "/" SD1, NULL), 200);
    site_call(&f->milan, "GET", "datacenters/" DC_M, NULL);
    assert_string_equal(site_str(&f->milan, "status"), "uninitialized");
    site_call(&f->milan, "GET", "vms", NULL);
    assert_string_equal(f->milan.text, "{}");
    assert_int_equal(site_call(&f->milan, "DELETE", "storagedomains/" SD1, NULL), 400);
    assert_int_equal(site_call(&f->milan, "DELETE", "storagedomains/" SD1 "?host=milan1", NULL),
                     200);
    assert_int_equal(site_call(&f->milan, "GET", "storagedomains/" SD1, NULL), 404);
}

static void
master_with_others_cannot_be_detached(void **state)
{
    struct fixture *f = *state;
    attached_at_rome(f);
    assert_int_equal(site_call(&f->rome, "DELETE", ATTACH_R "/" SD1, NULL), 409);
    site_call(&f->rome, "POST", ATTACH_R "/" SD2 "/deactivate", "{}");
    site_sleep(&f->rome, 10 * SECOND);
    site_call(&f->rome, "POST", ATTACH_R "/" SD1 "/deactivate", "{}");
    site_sleep(&f->rome, 10 * SECOND);
    assert_int_equal(site_call(&f->rome, "DELETE", ATTACH_R "/" SD1, NULL), 409);
    assert_int_equal(site_call(&f->rome, "DELETE", ATTACH_R "/" SD2, NULL), 409);
}

static void
destroy_is_refused_while_active_only(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(site_call(&f->milan, "DELETE", "storagedomains/" SD2 "?destroy=true", NULL),
                     409);
    site_control(&f->milan, "{'command':'hosts_lost'}");
    assert_int_equal(site_call(&f->milan, "DELETE", "storagedomains/" SD2 "?destroy=true", NULL),
                     200);
    assert_int_equal(site_call(&f->milan, "GET", "storagedomains/" SD2, NULL), 404);
}

static void
iscsi_domain_is_seen_after_the_login(void **state)
{
    struct fixture *f = *state;
    site_close(&f->rome);
    struct json_object *conf = json_tokener_parse(SAMPLE_ROME);
    js_add(conf, "iscsi_targets",
           json_tokener_parse("[{'address':'10.0.0.5','target':'iqn.x','luns':['3600b3']}]"));
    site_open(&f->rome, json_object_to_json_string(conf), f->luns, &f->now);
    json_object_put(conf);
    site_login(&f->rome);
    crash_and_promote(f);
    site_call(&f->rome, "GET", "hosts/" HOST_R1 "/storage", NULL);
    assert_null(site_find(&f->rome, "host_storage", "3600b3"));
    assert_int_equal(site_call(&f->rome, "POST", "hosts/" HOST_R1 "/iscsilogin",
                               "{'iscsi':{'address':'10.0.0.5'}}"),
                     400);
    assert_int_equal(site_call(&f->rome, "POST", "hosts/" HOST_R1 "/iscsilogin",
                               "{'iscsi':{'address':'10.0.0.5','port':'3260',"
                               "'target':'iqn.x'}}"),
                     200);
    site_call(&f->rome, "GET", "hosts/" HOST_R1 "/storage", NULL);
    assert_string_equal(js_str(site_find(&f->rome, "host_storage", "3600b3"), "type"), "iscsi");
    site_call(&f->rome, "POST", "hosts/" HOST_R1 "/iscsidiscover",
              "{'iscsi':{'address':'10.0.0.5','port':'3260'}}");
    assert_int_equal(js_len(js_get(f->rome.body, "discovered_targets.iscsi_details")), 1);
}

static void
master_moves_when_asked_or_when_it_leaves(void **state)
{
    struct fixture *f = *state;
    attached_at_rome(f);
    assert_int_equal(site_call(&f->rome, "POST", "datacenters/" DC_R "/setmaster",
                               "{'storage_domain':{'id':'" SD2 "'}}"),
                     200);
    site_call(&f->rome, "GET", ATTACH_R "/" SD2, NULL);
    assert_string_equal(site_str(&f->rome, "master"), "true");
    assert_int_equal(site_call(&f->rome, "POST", ATTACH_R "/" SD2 "/deactivate", "{}"), 200);
    site_sleep(&f->rome, 10 * SECOND);
    site_call(&f->rome, "GET", ATTACH_R "/" SD1, NULL);
    assert_string_equal(site_str(&f->rome, "master"), "true");
    site_call(&f->rome, "GET", "datacenters/" DC_R, NULL);
    assert_string_equal(site_str(&f->rome, "status"), "up");
}

static void
failed_ovf_update_stops_a_deactivate_that_is_not_forced(void **state)
{
    struct fixture *f = *state;
    attached_at_rome(f);
    fault(&f->rome, "{'command':'fault','op':'deactivate','kind':'exec-fails','times':2}");
    site_call(&f->rome, "POST", ATTACH_R "/" SD2 "/deactivate", "{}");
    site_sleep(&f->rome, 10 * SECOND);
    site_call(&f->rome, "GET", ATTACH_R "/" SD2, NULL);
    assert_string_equal(site_str(&f->rome, "status"), "active");
    site_call(&f->rome, "POST", ATTACH_R "/" SD2 "/deactivate", "{'force':'true'}");
    site_sleep(&f->rome, 10 * SECOND);
    site_call(&f->rome, "GET", ATTACH_R "/" SD2, NULL);
    assert_string_equal(site_str(&f->rome, "status"), "maintenance");
}

static void
client_that_goes_away_stops_nothing(void **state)
{
    struct fixture *f = *state;
    crash_and_promote(f);
    import_sd(f, SD2);
    uint64_t xid = site_submit(&f->rome, "POST", ATTACH_R, "{'id':'" SD2 "'}");
    emu_abandon(f->rome.e, xid);
    site_sleep(&f->rome, 200 * SECOND);
    site_call(&f->rome, "GET", ATTACH_R "/" SD2, NULL);
    assert_string_equal(site_str(&f->rome, "status"), "active");
}

static void
lost_master_comes_back_by_activating_it(void **state)
{
    struct fixture *f = *state;
    array_promote(f);
    site_sleep(&f->milan, 320 * SECOND);
    site_call(&f->milan, "GET", "datacenters/" DC_M, NULL);
    assert_string_equal(site_str(&f->milan, "status"), "problematic");
    assert_int_equal(site_call(&f->milan, "POST", ATTACH_M "/" SD1 "/activate", "{}"), 400);
    lunview_mem_access(f->luns, "milan", "3600a1", "read-write");
    lunview_mem_access(f->luns, "milan", "3600a2", "read-write");
    assert_int_equal(site_call(&f->milan, "POST", ATTACH_M "/" SD1 "/activate", "{}"), 200);
    site_call(&f->milan, "GET", "datacenters/" DC_M, NULL);
    assert_string_equal(site_str(&f->milan, "status"), "up");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(preflight_shows_what_the_host_sees),
        T(import_costs_a_second_for_each_volume_group),
        T(import_refuses_what_is_missing_or_known),
        T(first_domain_becomes_master_and_brings_the_data_center_up),
        T(second_attach_waits_for_an_active_master),
        T(attach_of_a_crashed_sites_replica_takes_160_s),
        T(attach_of_a_cleanly_left_domain_takes_20_s),
        T(disjoint_host_numbers_wait_only_for_the_former_master),
        T(busy_domain_is_409_with_the_fault_in_the_action),
        T(attaches_of_one_data_center_are_serial),
        T(read_only_lun_fails_the_attach_with_400),
        T(half_a_volume_group_is_not_a_domain),
        T(deactivate_is_queued_and_refused_while_vms_run),
        T(planned_way_out_ends_with_an_uninitialized_data_center),
        T(master_with_others_cannot_be_detached),
        T(destroy_is_refused_while_active_only),
        T(iscsi_domain_is_seen_after_the_login),
        T(master_moves_when_asked_or_when_it_leaves),
        T(failed_ovf_update_stops_a_deactivate_that_is_not_forced),
        T(lost_master_comes_back_by_activating_it),
        T(client_that_goes_away_stops_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
