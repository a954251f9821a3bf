/* The engine in memory, under virtual time: the whole fail-over and every state on the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client.h"
#include "sample.h"

#define ATTACH_R "datacenters/" DC_R "/storagedomains"
#define ATTACH_M "datacenters/" DC_M "/storagedomains"

struct fixture {
    int64_t now;
    struct lunview_mem *luns;
    struct site milan;
    struct site rome;
};

static int
setup(void **state)
{
    static struct fixture f;
    memset(&f, 0, sizeof(f));
    f.now = 1000 * SECOND;
    struct json_object *conf = json_tokener_parse(SAMPLE_LUNS);
    f.luns = lunview_mem_new(conf);
    json_object_put(conf);
    site_open(&f.milan, SAMPLE_MILAN, f.luns, &f.now);
    site_open(&f.rome, SAMPLE_ROME, f.luns, &f.now);
    site_login(&f.milan);
    site_login(&f.rome);
    *state = &f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(lunview_mem_violations(f->luns), 0);
    site_close(&f->milan);
    site_close(&f->rome);
    lunview_mem_free(f->luns);
    return 0;
}

/* ---- helpers ---- */

static void
array_promote(struct fixture *f)
{
    static const char *const milan[] = {"3600a1", "3600a2", "3600a3"};
    static const char *const rome[] = {"3600b1", "3600b2", "3600b3"};
    lunview_mem_replicate(f->luns, "milan");
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(lunview_mem_access(f->luns, "milan", milan[i], "read-only"), 0);
        assert_int_equal(lunview_mem_access(f->luns, "rome", rome[i], "read-write"), 0);
    }
}

static int
import_sd(struct fixture *f, const char *id)
{
    char body[256];
    snprintf(body, sizeof(body),
             "{'id':'%s','import':'true','type':'data',"
             "'host':{'name':'rome1'},'storage':{'type':'fcp'}}",
             id);
    return site_call(&f->rome, "POST", "storagedomains", body);
}

static int
attach_sd(struct fixture *f, const char *id)
{
    char body[128];
    snprintf(body, sizeof(body), "{'id':'%s'}", id);
    return site_call(&f->rome, "POST", ATTACH_R, body);
}

static void
crash_and_promote(struct fixture *f)
{
    site_control(&f->milan, "{'command':'hosts_lost'}");
    array_promote(f);
}

static void
attached_at_rome(struct fixture *f)
{
    crash_and_promote(f);
    assert_int_equal(import_sd(f, SD1), 201);
    assert_int_equal(import_sd(f, SD2), 201);
    assert_int_equal(attach_sd(f, SD1), 201);
    assert_string_equal(site_str(&f->rome, "status"), "active");
    assert_int_equal(attach_sd(f, SD2), 201);
    assert_string_equal(site_str(&f->rome, "status"), "active");
}

#define REGISTER                                                                                   \
    "{'registration_configuration':{'cluster_mappings':{'registration_cluster_mapping':["          \
    "{'from':{'name':'cl-milan'},'to':{'name':'cl-rome'}}]},"                                      \
    "'vnic_profile_mappings':{'registration_vnic_profile_mapping':[{'from':{'name':'prod',"        \
    "'network':{'name':'prod'}},'to':{'name':'prod','network':{'name':'prod-rome'}}}]}}}"

static int
register_at(struct fixture *f, const char *sd, const char *kind, const char *id)
{
    char path[256];
    snprintf(path, sizeof(path), "storagedomains/%s/%s/%s/register", sd, kind, id);
    return site_call(&f->rome, "POST", path, REGISTER);
}

static void
registered_at_rome(struct fixture *f)
{
    attached_at_rome(f);
    assert_int_equal(register_at(f, SD1, "templates", TPL1), 200);
    assert_int_equal(register_at(f, SD1, "vms", VM1), 200);
    assert_int_equal(register_at(f, SD2, "vms", VM2), 200);
    site_sleep(&f->rome, SECOND);
}

static const char *
vm_status(struct site *s, const char *id)
{
    char path[128];
    snprintf(path, sizeof(path), "vms/%s", id);
    site_call(s, "GET", path, NULL);
    return site_str(s, "status") ? site_str(s, "status") : "";
}

static void
fault(struct site *s, const char *command)
{
    site_control(s, command);
    assert_true(js_bool(s->body, "ok", false));
}

/* ---- session ---- */

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

/* ---- what a client sees ---- */

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
    };
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        assert_int_equal(site_call(&f->milan, "GET", t[i].path, NULL), 200);
        if (site_count(&f->milan, t[i].type) != t[i].count)
            fail_msg("%s: %zu", t[i].path, site_count(&f->milan, t[i].type));
    }
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

/* ---- import, attach, activate ---- */

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

/* ---- the OVF_STORE and registration ---- */

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

/* ---- running ---- */

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

/* ---- the way out ---- */

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

/* ---- faults ---- */

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

/* ---- the smaller things ---- */

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
action_without_a_body_is_400(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(site_call(&f->milan, "POST", "vms/" VM1 "/stop", NULL), 400);
    assert_string_equal(site_str(&f->milan, "status"), "failed");
    assert_string_equal(vm_status(&f->milan, VM1), "up");
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

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
        T(follow_inlines_disks_and_nics),
        T(unsupported_version_is_400),
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
        T(deactivate_is_queued_and_refused_while_vms_run),
        T(planned_way_out_ends_with_an_uninitialized_data_center),
        T(master_with_others_cannot_be_detached),
        T(destroy_is_refused_while_active_only),
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
        T(counters_and_log_tell_what_was_asked),
        T(external_jobs_and_events_are_kept),
        T(correlation_id_is_cleaned_and_reaches_the_events),
        T(name_in_use_is_409_until_another_is_given),
        T(direct_lun_is_replaced_by_its_mapping),
        T(clone_gets_its_own_id),
        T(iscsi_domain_is_seen_after_the_login),
        T(lease_and_priority_are_set_by_put),
        T(master_moves_when_asked_or_when_it_leaves),
        T(failed_ovf_update_stops_a_deactivate_that_is_not_forced),
        T(action_without_a_body_is_400),
        T(client_that_goes_away_stops_nothing),
        T(replica_of_a_vm_lease_waits_with_disjoint_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
