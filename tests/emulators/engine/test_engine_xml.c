/* XML: a second representation of the same state, and a whole failover as the SDKs ask for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "engine.h"
#include "fixture.h"

#define ACTION "<action/>"

static int
xml_setup(void **state)
{
    fixture_setup(state);
    struct fixture *f = *state;
    f->rome.xml = f->milan.xml = true;
    return 0;
}

#define X(name) cmocka_unit_test_setup_teardown(name, xml_setup, fixture_teardown)

static void
assert_text(struct site *s, const char *part)
{
    if (!s->text || !strstr(s->text, part))
        fail_msg("no %s in %s", part, s->text ? s->text : "nothing");
}

static void
object_has_attributes_and_elements(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(site_call(&f->milan, "GET", "storagedomains/" SD2, NULL), 200);
    assert_string_equal(f->milan.type, "application/xml;charset=UTF-8");
    assert_text(&f->milan, "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
                           "<storage_domain href=\"/ovirt-engine/api/storagedomains/" SD2
                           "\" id=\"" SD2 "\">\n");
    assert_text(&f->milan, "    <name>web</name>\n");
    assert_text(&f->milan, "<logical_units>\n                <logical_unit id=\"3600a3\">");
    assert_text(&f->milan,
                "<link href=\"/ovirt-engine/api/storagedomains/" SD2 "/vms\" rel=\"vms\"/>");
    assert_null(strstr(f->milan.text, "<status>")); /* attached: told below the data centre */
}

static void
dates_are_iso_8601(void **state)
{
    struct fixture *f = *state;
    site_call(&f->milan, "GET", "vms/" VM1, NULL);
    struct tm tm;
    memset(&tm, 0, sizeof(tm));
    const char *end = strptime(site_str(&f->milan, "creation_time"), "%Y-%m-%dT%H:%M:%S", &tm);
    assert_string_equal(end, ".851Z");
    assert_int_equal(timegm(&tm), 1767630835);
}

static void
collection_is_the_plural_and_may_be_empty(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *path;
        const char *root;
    } lists[] = {
        {"vms", "<vms/>"},
        {"storagedomains", "<storage_domains/>"},
        {"hosts", "<hosts>"},
        {"datacenters", "<data_centers>"},
        {"clusters", "<clusters>"},
        {"templates", "<templates>"},
        {"disks", "<disks/>"},
        {"events", "<events>"},
        {"jobs", "<jobs/>"},
        {"networks", "<networks>"},
        {"vnicprofiles", "<vnic_profiles>"},
        {"clusters/" CL_R "/affinitygroups", "<affinity_groups/>"},
        {"affinitylabels", "<affinity_labels/>"},
        {"hosts/" HOST_R1 "/storage", "<host_storages>"},
        {"domains", "<domains/>"},
        {"roles", "<roles/>"},
        {"macpools", "<mac_pools>"},
        {"vmpools", "<vm_pools/>"},
    };
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        assert_int_equal(site_call(&f->rome, "GET", lists[i].path, NULL), 200);
        assert_text(&f->rome, lists[i].root);
    }
    site_call(&f->milan, "GET", "vms/" VM1 "/numanodes", NULL);
    assert_text(&f->milan, "<vm_numa_nodes/>");
    site_call(&f->milan, "GET", "vms/" VM1 "/diskattachments", NULL);
    assert_text(&f->milan, "<disk_attachments>");
}

/* Every member of the JSON tree is in the XML tree with the same text. */
static void
same_tree(const char *where, struct json_object *json, struct json_object *xml)
{
    if (json_object_is_type(json, json_type_array)) {
        /* One element alone does not show that there could be more. */
        if (js_len(json) == 1 && !json_object_is_type(xml, json_type_array)) {
            same_tree(where, js_at(json, 0), xml);
            return;
        }
        if (js_len(json) > 0 && js_len(json) != js_len(xml))
            fail_msg("%s: %zu and %zu entries", where, js_len(json), js_len(xml));
        for (size_t i = 0; i < js_len(json); i++)
            same_tree(where, js_at(json, i), js_at(xml, i));
        return;
    }
    if (!json_object_is_type(json, json_type_object)) {
        const char *a = json_object_get_string(json);
        const char *b = json_object_get_string(xml);
        if (!repr_is_date(where) && !emu_same(a, b))
            fail_msg("%s: %s and %s", where, a, b ? b : "nothing");
        return;
    }
    json_object_object_foreach(json, key, value)
    {
        struct json_object *other = NULL;
        bool there = json_object_is_type(xml, json_type_object) &&
                     json_object_object_get_ex(xml, key, &other);
        if (!there && !(json_object_is_type(value, json_type_array) && js_len(value) == 0))
            fail_msg("%s.%s is not in the XML", where, key);
        same_tree(key, value, other);
    }
}

static void
both_representations_say_the_same(void **state)
{
    struct fixture *f = *state;
    static const char *const paths[] = {"",
                                        "vms",
                                        "vms/" VM2 "?follow=disk_attachments.disk,nics,cluster",
                                        "vms/" VM1 "/diskattachments",
                                        "vms/" VM1 "/nics",
                                        "vms/" VM1 "/snapshots",
                                        "templates",
                                        "storagedomains",
                                        "datacenters/" DC_M "/storagedomains",
                                        "storagedomains/" SD1 "/disks",
                                        "hosts",
                                        "clusters",
                                        "networks",
                                        "vnicprofiles",
                                        "macpools",
                                        "disks",
                                        "events",
                                        "jobs",
                                        "options/OvfUpdateIntervalInMinutes"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        f->milan.xml = false;
        assert_int_equal(site_call(&f->milan, "GET", paths[i], NULL), 200);
        struct json_object *json = json_object_get(f->milan.body);
        f->milan.xml = true;
        assert_int_equal(site_call(&f->milan, "GET", paths[i], NULL), 200);
        assert_non_null(f->milan.body);
        same_tree(paths[i], json, f->milan.body);
        json_object_put(json);
    }
}

static void
accept_decides_and_xml_is_the_default(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *accept;
        const char *type; /* NULL: 406 */
    } t[] = {
        {NULL, "application/xml;charset=UTF-8"},
        {"*/*", "application/xml;charset=UTF-8"},
        {"application/json", "application/json"},
        {"text/html, application/json;q=0.9, application/xml;q=0.8", "application/json"},
        {"application/xml, application/json", "application/xml;charset=UTF-8"},
        {"text/html", NULL},
    };
    char *bearer = emu_printf("Bearer %s", f->rome.token);
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        const struct emu_header headers[] = {{"Authorization", bearer}, {"Accept", t[i].accept}};
        struct emu_request req = {.method = "GET",
                                  .path = "/ovirt-engine/api/hosts",
                                  .headers = headers,
                                  .headers_count = t[i].accept ? 2 : 1};
        uint64_t xid = 0;
        emu_submit(f->rome.e, &req, f->now, &xid);
        assert_int_equal(site_wait(&f->rome, xid), t[i].type ? 200 : 406);
        assert_string_equal(f->rome.type, t[i].type ? t[i].type : "");
    }
    free(bearer);
}

static void
fault_is_a_fault_or_inside_an_action(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(site_call(&f->rome, "POST", "storagedomains",
                               "<storage_domain><name>x</name></storage_domain>"),
                     400);
    assert_text(&f->rome, "<fault>\n    <reason>Operation Failed</reason>\n    <detail>");
    assert_int_equal(site_call(&f->milan, "POST", "vms/" VM1 "/start", ACTION), 409);
    assert_text(&f->milan, "<action>\n    <status>failed</status>\n    <fault>");
    assert_int_equal(site_call(&f->milan, "GET", "vms/nothing", NULL), 404);
    assert_string_equal(f->milan.text, "");
}

static void
what_is_no_good_xml_is_400_and_changes_nothing(void **state)
{
    struct fixture *f = *state;
    static const char *const bodies[] = {
        "",
        "<action>",
        "<action></vm>",
        "plain text",
        "<vm/>", /* an action is wanted */
        "<!DOCTYPE a [<!ENTITY x \"xxxxxxxx\">]><action>&x;</action>",
    };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        assert_int_equal(site_call(&f->milan, "POST", "vms/" VM1 "/stop", bodies[i]), 400);
        assert_string_equal(vm_status(&f->milan, VM1), "up");
    }
    char *deep = emu_alloc(1000 * 3 + 1);
    for (size_t i = 0; i < 1000; i++)
        strcat(deep, "<a>");
    assert_int_equal(site_call(&f->milan, "POST", "vms/" VM1 "/stop", deep), 400);
    free(deep);
    assert_int_equal(site_call(&f->milan, "POST", "vms/" VM1 "/stop", ACTION), 200);
}

static void
other_media_are_415(void **state)
{
    struct fixture *f = *state;
    char *bearer = emu_printf("Bearer %s", f->milan.token);
    const struct emu_header headers[] = {{"Authorization", bearer},
                                         {"Content-Type", "application/x-www-form-urlencoded"}};
    struct emu_request req = {.method = "POST",
                              .path = "/ovirt-engine/api/vms/" VM1 "/stop",
                              .headers = headers,
                              .headers_count = 2,
                              .body = "{}",
                              .body_length = 2};
    uint64_t xid = 0;
    emu_submit(f->milan.e, &req, f->now, &xid);
    assert_int_equal(site_wait(&f->milan, xid), 415);
    assert_string_equal(vm_status(&f->milan, VM1), "up");
    free(bearer);
}

static void
names_with_markup_survive_both_ways(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(
        site_call(&f->milan, "PUT", "vms/" VM3, "<vm><name>a &amp; b &lt;c&gt; \"d\"</name></vm>"),
        200);
    assert_string_equal(site_str(&f->milan, "name"), "a & b <c> \"d\"");
    assert_text(&f->milan, "<name>a &amp; b &lt;c&gt; &quot;d&quot;</name>");
}

/* ---- the requests of a failover, in the order of the disaster recovery role ------------------ */

static void
failover_domain(struct fixture *f, const char *id, const char *name)
{
    char path[128];
    char body[512];
    snprintf(path, sizeof(path), "storagedomains/%s", id);
    assert_int_equal(site_call(&f->rome, "GET", path, NULL), 404);
    snprintf(body, sizeof(body),
             "<storage_domain id=\"%s\"><host><name>rome1</name></host><import>true</import>"
             "<name>%s</name><storage><type>fcp</type></storage><type>data</type>"
             "<wipe_after_delete>false</wipe_after_delete></storage_domain>",
             id, name);
    assert_int_equal(site_call(&f->rome, "POST", "storagedomains", body), 201);
    assert_string_equal(site_str(&f->rome, "status"), "unattached");
    assert_int_equal(site_call(&f->rome, "GET", "datacenters?search=name%3D%22dc-rome%22", NULL),
                     200);
    assert_string_equal(js_str(site_find(&f->rome, "data_center", DC_R), "name"), "dc-rome");
    snprintf(path, sizeof(path), ATTACH_R "/%s", id);
    assert_int_equal(site_call(&f->rome, "GET", path, NULL), 404);
    snprintf(body, sizeof(body), "<storage_domain id=\"%s\"/>", id);
    assert_int_equal(site_call(&f->rome, "POST", ATTACH_R, body), 201);
    assert_int_equal(site_call(&f->rome, "GET", path, NULL), 200);
    assert_string_equal(site_str(&f->rome, "status"), "active");
}

static void
register_xml(struct fixture *f, const char *sd, const char *kind, const char *id)
{
    char path[160];
    snprintf(path, sizeof(path), "storagedomains/%s/%s/%s/register", sd, kind, id);
    assert_int_equal(
        site_call(
            &f->rome, "POST", path,
            "<action><allow_partial_import>true</allow_partial_import>"
            "<reassign_bad_macs>true</reassign_bad_macs><registration_configuration>"
            "<cluster_mappings><registration_cluster_mapping><from><name>cl-milan</name></from>"
            "<to><name>cl-rome</name></to></registration_cluster_mapping></cluster_mappings>"
            "</registration_configuration><vnic_profile_mappings><vnic_profile_mapping>"
            "<source_network_name>prod</source_network_name>"
            "<source_network_profile_name>prod</source_network_profile_name>"
            "<target_vnic_profile id=\"p-r\"/></vnic_profile_mapping></vnic_profile_mappings>"
            "</action>"),
        200);
    assert_string_equal(site_str(&f->rome, "status"), "complete");
    assert_non_null(site_str(&f->rome, "job.id"));
}

static void
whole_failover_in_xml_ends_with_the_vms_running(void **state)
{
    struct fixture *f = *state;
    crash_and_promote(f);
    assert_int_equal(
        site_call(&f->rome, "GET", "hosts?search=status%3Dup%20and%20datacenter%3Ddc-rome", NULL),
        200);
    assert_int_equal(site_count(&f->rome, "host"), 2);
    failover_domain(f, SD1, "erp");
    failover_domain(f, SD2, "web");
    site_call(&f->rome, "GET", "storagedomains?search=status%3Dactive", NULL);
    assert_int_equal(site_count(&f->rome, "storage_domain"), 2);
    site_call(&f->rome, "GET", "storagedomains/" SD1 "/templates?unregistered=true", NULL);
    assert_text(&f->rome, "<templates>\n    <template ");
    static const char *const of_template[] = {"os",  "bios", "memory_policy", "usb", "io",
                                              "sso", NULL};
    for (const char *const *k = of_template; *k; k++)
        assert_non_null(js_get(site_find(&f->rome, "template", TPL1), *k));
    register_xml(f, SD1, "templates", TPL1);
    site_call(&f->rome, "GET", "storagedomains/" SD1 "/vms?unregistered=true", NULL);
    assert_string_equal(js_str(site_find(&f->rome, "vm", VM1), "status"), "up");
    register_xml(f, SD1, "vms", VM1);
    register_xml(f, SD2, "vms", VM2);
    site_sleep(&f->rome, 25 * SECOND);
    site_call(&f->rome, "GET", "vms?search=name%3D%22web-1%22", NULL);
    static const char *const of_vm[] = {"cpu.topology",  "os.type",
                                        "bios.type",     "bios.boot_menu",
                                        "memory_policy", "high_availability.enabled",
                                        "cluster.id",    NULL};
    for (const char *const *k = of_vm; *k; k++)
        assert_non_null(js_get(site_find(&f->rome, "vm", VM2), *k));
    site_call(&f->rome, "GET", "vms/" VM1 "/nics", NULL);
    assert_string_equal(js_str(js_at(js_get(f->rome.body, "nic"), 0), "vnic_profile.id"), "p-r");
    assert_int_equal(site_call(&f->rome, "POST", "vms/" VM1 "/start", ACTION), 200);
    assert_int_equal(site_call(&f->rome, "POST", "vms/" VM2 "/start", ACTION), 200);
    site_sleep(&f->rome, 40 * SECOND);
    assert_string_equal(vm_status(&f->rome, VM1), "up");
    assert_string_equal(vm_status(&f->rome, VM2), "up");
}

static void
way_back_in_xml_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    site_call(&f->milan, "GET", "vms?search=status%20!%3D%20down%20and%20storage.name%3Derp", NULL);
    assert_int_equal(site_count(&f->milan, "vm"), 2);
    site_call(&f->milan, "POST", "vms/" VM1 "/stop", ACTION);
    site_call(&f->milan, "POST", "vms/" VM2 "/stop", "<action><async>false</async></action>");
    site_sleep(&f->milan, 4 * SECOND);
    static const char *const domains[] = {SD2, SD1};
    char path[160];
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof(path), ATTACH_M "/%s/deactivate", domains[i]);
        assert_int_equal(site_call(&f->milan, "POST", path, ACTION), 200);
        site_sleep(&f->milan, 5 * SECOND);
        snprintf(path, sizeof(path), ATTACH_M "/%s", domains[i]);
        site_call(&f->milan, "GET", path, NULL);
        assert_string_equal(site_str(&f->milan, "status"), "maintenance");
        /* Only the master is left to be last. */
        if (i == 0)
            assert_int_equal(site_call(&f->milan, "DELETE", path, NULL), 200);
    }
    assert_int_equal(site_call(&f->milan, "DELETE", ATTACH_M "/" SD1, NULL), 200);
    assert_text(&f->milan, "<status>complete</status>");
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof(path), "storagedomains/%s?destroy=false&host=milan1", domains[i]);
        assert_int_equal(site_call(&f->milan, "DELETE", path, NULL), 200);
    }
    site_call(&f->milan, "GET", "vms", NULL);
    assert_text(&f->milan, "<vms/>");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        X(object_has_attributes_and_elements),
        X(dates_are_iso_8601),
        X(collection_is_the_plural_and_may_be_empty),
        X(both_representations_say_the_same),
        X(accept_decides_and_xml_is_the_default),
        X(fault_is_a_fault_or_inside_an_action),
        X(what_is_no_good_xml_is_400_and_changes_nothing),
        X(other_media_are_415),
        X(names_with_markup_survive_both_ways),
        X(whole_failover_in_xml_ends_with_the_vms_running),
        X(way_back_in_xml_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
