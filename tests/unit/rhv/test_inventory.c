/* An inventory is whole or it is none, and takes no more calls than it needs. */
#include "base/mem.h"
#include "base/str.h"
#include "canned.h"
#include "rhv/inventory.h"

#include <drstor/types.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define DC(n) "d0000000-0000-4000-8000-00000000000" #n
#define SD(n) "5d000000-0000-4000-8000-00000000000" #n
#define VM(n) "a0000000-0000-4000-8000-00000000000" #n
#define VMS_OF(n) API "/storagedomains/" SD(n) "/vms"
#define OFFERED_VMS(n) VMS_OF(n) "?unregistered=true"
#define OFFERED_TEMPLATES(n) API "/storagedomains/" SD(n) "/templates?unregistered=true"

static const struct {
    const char *path, *file;
    bool light, offers; /* asked for by such readings too, only */
} docs[] = {
    {API, "api", false, false},
    {API "/datacenters", "datacenters", true, false},
    {API "/storagedomains", "storagedomains", true, false},
    {API "/hosts", "hosts", true, false},
    {API "/vms", "vms", true, false},
    {API "/clusters", "clusters", false, false},
    {API "/networks", "networks", false, false},
    {API "/vnicprofiles", "vnicprofiles", false, false},
    {API "/templates", "templates", false, false},
    {API "/datacenters/" DC(1) "/storagedomains", "attached", true, false},
    {API "/datacenters/" DC(2) "/storagedomains", "attached-none", true, false},
    {VMS_OF(1), "vms-of-1", false, false},
    {VMS_OF(2), "vms-of-2", false, false},
    {VMS_OF(4), "vms-of-4", false, false},
    {VMS_OF(7), "vms-none", false, false},
    {VMS_OF(8), "attached-none", false, false},
    {OFFERED_VMS(1), "offered-vms-1", true, true},
    {OFFERED_VMS(2), "offered-vms-2", true, true},
    {OFFERED_TEMPLATES(1), "offered-templates-1", true, true},
    {OFFERED_TEMPLATES(2), "attached-none", true, true},
};

static void
engine_open(struct bench *b)
{
    bench_open(b, NULL);
    for (size_t i = 0; i < DR_COUNT(docs); i++)
        canned_file(b->engine, docs[i].path, docs[i].file);
}

static const struct dr_rhv_inventory_options with_offers = {.offers = true};

static void
a_whole_inventory_takes_one_call_per_list(void **state)
{
    (void)state;
    struct bench b;
    struct dr_inventory v;
    engine_open(&b);
    assert_int_equal(dr_rhv_trusted_until(b.r), -1);
    assert_int_equal(dr_rhv_inventory(b.r, NULL, &with_offers, b.a, &v, NULL), DRSTOR_OK);
    assert_true(dr_rhv_trusted_until(b.r) > 1700000000); /* learned on the way */
    for (size_t i = 0; i < DR_COUNT(docs); i++)
        assert_int_equal(canned_count(b.engine, "GET", docs[i].path), 1);
    assert_int_equal(canned_total(b.engine), DR_COUNT(docs) + 1);

    assert_string_equal(v.site, "rome");
    assert_string_equal(v.version, "4.5.4-1.el8");
    assert_int_equal(v.n_dcs, 2);
    assert_int_equal(v.n_clusters, 2);
    assert_int_equal(v.n_hosts, 3);
    assert_null(v.hosts[2].status); /* not told: not known */
    assert_int_equal(v.n_profiles, 3);
    assert_int_equal(v.n_domains, 9);
    assert_int_equal(v.n_templates, 2);
    assert_int_equal(v.n_vms, 6);
    assert_int_equal(dr_inventory_vm(&v, VM(2))->n_domains, 2);
    assert_int_equal(dr_inventory_vm(&v, VM(6))->n_domains, 0);
    assert_string_equal(dr_inventory_domain(&v, SD(4))->type, "hosted_engine");
    assert_int_equal(v.n_offers_read, 2);
    assert_int_equal(v.n_offered_vms, 3); /* one of them is told by both of its domains */
    assert_int_equal(v.n_offered_templates, 1);
    bench_close(&b);
}

static void
without_offers_nothing_is_said_about_offers(void **state)
{
    (void)state;
    struct bench b;
    struct dr_inventory v;
    engine_open(&b);
    assert_int_equal(dr_rhv_inventory(b.r, NULL, NULL, b.a, &v, NULL), DRSTOR_OK);
    assert_int_equal(v.n_offers_read + v.n_offered_vms + v.n_offered_templates, 0);
    assert_int_equal(canned_count(b.engine, "GET", OFFERED_VMS(1)), 0);
    bench_close(&b);
}

static void
offers_can_be_limited_to_some_domains(void **state)
{
    (void)state;
    struct bench b;
    struct dr_inventory v;
    const char *const of[] = {SD(2), SD(7)}; /* the second is not active */
    const struct dr_rhv_inventory_options o = {.offers = true, .offers_of = of, .n_offers_of = 2};
    engine_open(&b);
    assert_int_equal(dr_rhv_inventory(b.r, NULL, &o, b.a, &v, NULL), DRSTOR_OK);
    assert_int_equal(v.n_offers_read, 1);
    assert_string_equal(v.offers_read[0], SD(2));
    assert_int_equal(canned_count(b.engine, "GET", OFFERED_VMS(1)), 0);
    bench_close(&b);
}

static void
a_light_reading_reads_what_moves_and_keeps_the_rest(void **state)
{
    (void)state;
    struct bench b;
    struct dr_inventory whole, v;
    engine_open(&b);
    assert_int_equal(dr_rhv_inventory(b.r, NULL, NULL, b.a, &whole, NULL), DRSTOR_OK);
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    canned_answer(b.engine, "GET", API "/vms", 200, NULL,
                  "{\"vm\":[{\"id\":\"born\",\"name\":\"new\",\"status\":\"down\"},"
                  "{\"id\":\"" VM(2) "\",\"name\":\"erp-app\",\"status\":\"up\"}]}",
                  0);
    const struct dr_rhv_inventory_options o = {.offers = true, .light = &whole};
    int before[DR_COUNT(docs)];
    for (size_t i = 0; i < DR_COUNT(docs); i++)
        before[i] = canned_count(b.engine, "GET", docs[i].path);
    assert_int_equal(dr_rhv_inventory(b.r, NULL, &o, a, &v, NULL), DRSTOR_OK);
    for (size_t i = 0; i < DR_COUNT(docs); i++)
        assert_int_equal(canned_count(b.engine, "GET", docs[i].path) - before[i], docs[i].light);
    /* Nothing of it is the old one's. */
    dr_arena_free(b.a);
    b.a = NULL;
    assert_int_equal(v.n_vms, 2);
    assert_int_equal(v.vms[0].n_domains, 0);
    assert_int_equal(v.vms[1].status, DR_VM_UP);
    assert_int_equal(v.vms[1].n_domains, 2);
    assert_string_equal(v.clusters[0].name, "cl-rome");
    assert_string_equal(v.version, "4.5.4-1.el8");
    assert_int_equal(v.n_templates, 2);
    assert_int_equal(v.n_domains, 9);
    assert_int_equal(v.n_offers_read, 2);
    bench_close(&b);
}

static void
a_detailed_reading_has_what_checks_ask_for(void **state)
{
    (void)state;
    struct bench b;
    struct dr_inventory v;
    const struct dr_rhv_inventory_options o = {.detailed = true};
    engine_open(&b);
    canned_answer(
        b.engine, "GET", API "/vms?follow=nics,disk_attachments.disk", 200, NULL,
        "{\"vm\":[{\"id\":\"" VM(
            1) "\",\"name\":\"a\",\"memory\":\"4096\","
               "\"placement_policy\":{\"affinity\":\"pinned\"},\"nics\":{\"nic\":["
               "{\"id\":\"n1\",\"vnic_profile\":{\"id\":\"p1\"}},{\"id\":\"n2\"}]},"
               "\"disk_attachments\":{\"disk_attachment\":[{\"id\":\"d1\",\"disk\":{"
               "\"storage_type\":\"lun\",\"lun_storage\":{\"logical_units\":{\"logical_unit\":"
               "[{\"id\":\"3600c1\"}]}}}},{\"id\":\"d2\",\"disk\":{\"storage_type\":\"image\"}}]}},"
               "{\"id\":\"" VM(2) "\",\"name\":\"b\"}]}",
        0);
    canned_answer(b.engine, "GET", API "/roles", 200, NULL,
                  "{\"role\":[{\"id\":\"r1\",\"name\":\"UserRole\"}]}", 0);
    canned_answer(b.engine, "GET", API "/domains", 403, NULL,
                  "{\"reason\":\"no\",\"detail\":\"not you\"}", 0);
    canned_answer(b.engine, "GET", API "/disks?search=disk_type=lun", 200, NULL,
                  "{\"disk\":[{\"id\":\"d1\",\"name\":\"ld\",\"storage_type\":\"lun\","
                  "\"lun_storage\":{\"logical_units\":{\"logical_unit\":[{\"id\":\"3600c1\"}]}}}]}",
                  0);
    canned_answer(b.engine, "GET", API "/options/OvfUpdateIntervalInMinutes", 200, NULL,
                  "{\"values\":{\"system_option_value\":[{\"value\":\"90\"}]}}", 0);
    canned_answer(b.engine, "GET", API "/events?search=type=199&max=2000", 200, NULL,
                  "{\"event\":[{\"id\":\"9\",\"code\":\"199\",\"time\":1700000900000,"
                  "\"storage_domain\":{\"id\":\"" SD(
                      1) "\"}},"
                         "{\"id\":\"8\",\"code\":\"199\",\"time\":1700000000000,"
                         "\"storage_domain\":{\"id\":\"" SD(
                             1) "\"}},"
                                "{\"id\":\"7\",\"code\":\"968\",\"time\":1700009900000,"
                                "\"storage_domain\":{\"id\":\"" SD(2) "\"}}]}",
                  0);
    assert_int_equal(dr_rhv_inventory(b.r, NULL, &o, b.a, &v, NULL), DRSTOR_OK);
    assert_true(v.detailed);
    const struct dr_inv_vm *vm = dr_inventory_vm(&v, VM(1));
    assert_true(vm->parts_read && vm->pinned);
    assert_int_equal(vm->memory, 4096);
    assert_int_equal(vm->n_profiles, 2);
    assert_string_equal(vm->profiles[0], "p1");
    assert_string_equal(vm->profiles[1], ""); /* a NIC on no network */
    assert_int_equal(vm->n_luns, 1);
    assert_string_equal(vm->luns[0], "3600c1");
    assert_false(dr_inventory_vm(&v, VM(2))->parts_read);
    assert_int_equal(v.n_roles, 1);
    assert_string_equal(v.lun_disks[0].wwid, "3600c1");
    assert_int_equal(v.ovf_interval_s, 5400);
    assert_int_equal(dr_inventory_domain(&v, SD(1))->ovf_written, 1700000900);
    assert_int_equal(dr_inventory_domain(&v, SD(2))->ovf_written, -1);
    /* What it does not show is told from what it does not have. */
    assert_true(dr_inventory_has(&v, "roles"));
    assert_false(dr_inventory_has(&v, "domains"));
    assert_false(dr_inventory_has(&v, "affinity labels"));
    assert_false(dr_inventory_has(&v, "affinity groups"));
    bench_close(&b);
}

static void
one_part_missing_is_no_inventory(void **state)
{
    (void)state;
    static const struct {
        int code;
        const char *type, *body;
        int status;
    } faults[] = {
        {404, NULL, "", DRSTOR_E_NOTFOUND},
        {403, NULL, "{\"reason\":\"no\",\"detail\":\"not you\"}", DRSTOR_E_AUTH},
        {503, "text/html", "<html>", DRSTOR_E_UNREACHABLE},
        {200, "text/html", "<html>", DRSTOR_E_PROTOCOL},
        {200, NULL, "{\"vm\":[{\"id\":", DRSTOR_E_PROTOCOL},
        {200, NULL, "{\"error\":\"later\"}", DRSTOR_E_PROTOCOL},
        {200, NULL, "{\"reason\":\"Operation Failed\",\"detail\":\"no\"}", DRSTOR_E_REFUSED},
    };
    struct bench b;
    engine_open(&b);
    for (size_t i = 0; i < DR_COUNT(docs); i++) {
        for (size_t k = 0; k < DR_COUNT(faults); k++) {
            struct dr_inventory v = {.site = "untouched"};
            struct drstor_error *err = NULL;
            if (i == 0 && faults[k].code == 200 && faults[k].status == DRSTOR_E_PROTOCOL && k == 5)
                continue; /* the root is no list; what it lacks is only a version */
            canned_answer(b.engine, "GET", docs[i].path, faults[k].code, faults[k].type,
                          faults[k].body, 0);
            int status = dr_rhv_inventory(b.r, NULL, &with_offers, b.a, &v, &err);
            if (status != faults[k].status)
                print_message("%s %zu: %s\n", docs[i].path, k, dr_error_message(err));
            assert_int_equal(status, faults[k].status);
            assert_int_equal(strncmp(dr_error_message(err), "cannot read the ", 16), 0);
            assert_string_equal(v.site, "untouched");
            bench_said(&b, &err);
        }
        canned_file(b.engine, docs[i].path, docs[i].file);
    }
    bench_close(&b);
}

static void
an_engine_that_lists_no_vm_by_domain_is_asked_for_disks(void **state)
{
    (void)state;
    struct bench b;
    struct dr_inventory v;
    engine_open(&b);
    canned_file(b.engine, VMS_OF(1), "vms-none");
    canned_file(b.engine, VMS_OF(2), "vms-none");
    canned_file(b.engine, VMS_OF(4), "vms-none");
    canned_file(b.engine, API "/vms/" VM(1) "/diskattachments?follow=disk", "disks-of-1");
    assert_int_equal(dr_rhv_inventory(b.r, NULL, NULL, b.a, &v, NULL), DRSTOR_OK);
    assert_int_equal(v.vms[0].n_domains, 2);
    assert_int_equal(v.vms[1].n_domains, 0); /* 404: it has gone */
    bench_close(&b);
}

static void
an_empty_engine_is_an_empty_inventory(void **state)
{
    (void)state;
    struct bench b;
    struct dr_inventory v;
    engine_open(&b);
    for (size_t i = 0; i < DR_COUNT(docs); i++)
        canned_answer(b.engine, "GET", docs[i].path, 200, NULL, "{}", 0);
    assert_int_equal(dr_rhv_inventory(b.r, NULL, &with_offers, b.a, &v, NULL), DRSTOR_OK);
    assert_int_equal(v.n_vms + v.n_domains + v.n_dcs + v.n_hosts + v.n_offers_read, 0);
    assert_null(v.version);
    bench_close(&b);
}

static void
a_cancelled_reading_is_none(void **state)
{
    (void)state;
    struct bench b;
    struct dr_inventory v;
    struct drstor_error *err = NULL;
    struct dr_cancel cancel = {true};
    const struct dr_rhv_how how = {.cancel = &cancel};
    engine_open(&b);
    assert_int_equal(dr_rhv_inventory(b.r, &how, NULL, b.a, &v, &err), DRSTOR_E_CANCELLED);
    bench_said(&b, &err);
    bench_close(&b);
}

static void
a_lost_site_is_not_read(void **state)
{
    (void)state;
    struct bench b;
    struct dr_inventory v;
    struct drstor_error *err = NULL;
    engine_open(&b);
    dr_contact_forbid(b.contact, "rome");
    assert_int_equal(dr_rhv_inventory(b.r, NULL, NULL, b.a, &v, &err), DRSTOR_E_REFUSED);
    assert_string_equal(dr_error_rule(err), "R040");
    assert_int_equal(canned_total(b.engine), 0);
    bench_said(&b, &err);
    bench_close(&b);
}

static void
a_token_that_ends_in_the_middle_does_not_show(void **state)
{
    (void)state;
    struct bench b;
    struct dr_inventory v;
    engine_open(&b);
    assert_int_equal(dr_rhv_login(b.r, NULL, NULL), DRSTOR_OK);
    canned_expire(b.engine);
    assert_int_equal(dr_rhv_inventory(b.r, NULL, &with_offers, b.a, &v, NULL), DRSTOR_OK);
    assert_int_equal(canned_count(b.engine, "POST", CANNED_TOKENS), 2);
    bench_close(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_inventory_takes_one_call_per_list),
        cmocka_unit_test(without_offers_nothing_is_said_about_offers),
        cmocka_unit_test(offers_can_be_limited_to_some_domains),
        cmocka_unit_test(a_light_reading_reads_what_moves_and_keeps_the_rest),
        cmocka_unit_test(a_detailed_reading_has_what_checks_ask_for),
        cmocka_unit_test(one_part_missing_is_no_inventory),
        cmocka_unit_test(an_engine_that_lists_no_vm_by_domain_is_asked_for_disks),
        cmocka_unit_test(an_empty_engine_is_an_empty_inventory),
        cmocka_unit_test(a_cancelled_reading_is_none),
        cmocka_unit_test(a_lost_site_is_not_read),
        cmocka_unit_test(a_token_that_ends_in_the_middle_does_not_show),
    };
    return cmocka_run_group_tests(tests, bench_certificates, bench_certificates_gone);
}
