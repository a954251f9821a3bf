/* What a site consists of and a client may change: networks, affinity, MAC pools, domains, disks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine.h"
#include "fixture.h"

#define CL_M "c1000000-0000-0000-0000-0000000000aa"
#define HOST_M2 "h0000000-0000-0000-0000-0000000000a2"

/* Adds, and remembers the id. */
static int
add(struct site *s, const char *path, const char *body, char ret_id[EMU_ID])
{
    int status = site_call(s, "POST", path, body);
    emu_copy(ret_id, EMU_ID, site_str(s, "id"));
    return status;
}

static void
isolated_network_is_made_used_and_taken_away(void **state)
{
    struct fixture *f = *state;
    char network[EMU_ID], profile[EMU_ID], path[192], body[1024];
    assert_int_equal(
        add(&f->rome, "networks",
            "{'name':'drill','data_center':{'name':'dc-rome'},'usages':{'usage':['vm']}}", network),
        201);
    /* A profile of the same name comes with it. */
    snprintf(path, sizeof(path), "networks/%s/vnicprofiles", network);
    site_call(&f->rome, "GET", path, NULL);
    assert_int_equal(site_count(&f->rome, "vnic_profile"), 1);
    EMU_SET(profile, js_str(js_at(js_get(f->rome.body, "vnic_profile"), 0), "id"));
    assert_int_equal(
        site_call(&f->rome, "POST", "networks", "{'name':'drill','data_center':{'id':'" DC_R "'}}"),
        409);
    attached_at_rome(f);
    snprintf(
        body, sizeof(body),
        "{'name':'drill-erp','cluster':{'name':'cl-rome'},'registration_configuration':"
        "{'vnic_profile_mappings':{'registration_vnic_profile_mapping':[{'from':{'name':'prod',"
        "'network':{'name':'prod'}},'to':{'id':'%s'}}]}}}",
        profile);
    /* Not in the cluster yet: the NIC would be left without a network. */
    snprintf(path, sizeof(path), "clusters/" CL_R "/networks");
    site_call(&f->rome, "GET", path, NULL);
    assert_null(site_find(&f->rome, "network", network));
    char add_body[128];
    snprintf(add_body, sizeof(add_body), "{'id':'%s','required':'false'}", network);
    assert_int_equal(site_call(&f->rome, "POST", path, add_body), 201);
    assert_int_equal(site_call(&f->rome, "POST", path, add_body), 409);
    assert_int_equal(
        site_call(&f->rome, "POST", "storagedomains/" SD1 "/vms/" VM1 "/register", body), 200);
    assert_false(site_event(&f->rome, "1188"));
    site_call(&f->rome, "GET", "vms/" VM1 "/nics", NULL);
    assert_string_equal(js_str(js_at(js_get(f->rome.body, "nic"), 0), "vnic_profile.id"), profile);
    snprintf(path, sizeof(path), "networks/%s", network);
    assert_int_equal(site_call(&f->rome, "DELETE", path, NULL), 409);
    site_sleep(&f->rome, SECOND);
    assert_int_equal(site_call(&f->rome, "DELETE", "vms/" VM1 "?detach_only=true", NULL), 200);
    assert_int_equal(site_call(&f->rome, "DELETE", path, NULL), 200);
    assert_int_equal(site_call(&f->rome, "GET", path, NULL), 404);
    snprintf(path, sizeof(path), "vnicprofiles/%s", profile);
    assert_int_equal(site_call(&f->rome, "GET", path, NULL), 404);
}

static void
network_outside_of_the_cluster_costs_the_nic_its_network(void **state)
{
    struct fixture *f = *state;
    attached_at_rome(f);
    assert_int_equal(site_call(&f->rome, "DELETE", "clusters/" CL_R "/networks/n-r", NULL), 200);
    assert_int_equal(register_at(f, SD1, "vms", VM1), 200);
    assert_true(site_event(&f->rome, "1188"));
}

static void
host_without_the_network_is_filtered_out(void **state)
{
    struct fixture *f = *state;
    site_call(&f->milan, "POST", "vms/" VM1 "/stop", "{}");
    site_sleep(&f->milan, 4 * SECOND);
    assert_int_equal(site_call(&f->milan, "DELETE", "clusters/" CL_M "/networks/n-m", NULL), 200);
    assert_int_equal(site_call(&f->milan, "POST", "vms/" VM1 "/start", "{}"), 409);
    assert_non_null(strstr(site_str(&f->milan, "fault.detail"), "internal filter Network"));
    assert_int_equal(site_call(&f->milan, "POST", "clusters/" CL_M "/networks", "{'id':'n-m'}"),
                     201);
    assert_int_equal(site_call(&f->milan, "POST", "vms/" VM1 "/start", "{}"), 200);
}

static void
bad_macs_are_refused_or_replaced(void **state)
{
    struct fixture *f = *state;
    attached_at_rome(f);
    site_control(&f->rome,
                 "{'command':'add_vm','vm':{'id':'here','name':'here','cluster':'cl-rome',"
                 "'disks':[],'nics':[{'name':'nic1','mac':'56:6F:00:00:00:01'}]}}");
    assert_int_equal(register_at(f, SD1, "vms", VM1), 409);
    assert_non_null(strstr(site_str(&f->rome, "fault.detail"), "MAC Address"));
    assert_int_equal(site_call(&f->rome, "POST", "storagedomains/" SD1 "/vms/" VM1 "/register",
                               "{'reassign_bad_macs':'true','cluster':{'name':'cl-rome'}}"),
                     200);
    site_call(&f->rome, "GET", "vms/" VM1 "/nics", NULL);
    assert_string_equal(js_str(js_at(js_get(f->rome.body, "nic"), 0), "mac.address"),
                        "56:6f:c0:de:00:00");
}

static void
mac_outside_of_the_pool_is_kept_unless_it_is_to_be_replaced(void **state)
{
    struct fixture *f = *state;
    char pool[EMU_ID], body[256];
    assert_int_equal(add(&f->rome, "macpools",
                         "{'name':'dr','ranges':{'range':[{'from':'02:00:00:00:00:00',"
                         "'to':'02:00:00:00:00:00'}]}}",
                         pool),
                     201);
    snprintf(body, sizeof(body), "{'mac_pool':{'id':'%s'}}", pool);
    assert_int_equal(site_call(&f->rome, "PUT", "clusters/" CL_R, body), 200);
    attached_at_rome(f);
    assert_int_equal(register_at(f, SD1, "vms", VM1), 200);
    site_call(&f->rome, "GET", "vms/" VM1 "/nics", NULL);
    assert_string_equal(js_str(js_at(js_get(f->rome.body, "nic"), 0), "mac.address"),
                        "56:6f:00:00:00:01");
    assert_int_equal(site_call(&f->rome, "POST", "vms/" VM1 "/nics", "{'name':'nic2'}"), 201);
    assert_string_equal(site_str(&f->rome, "mac.address"), "02:00:00:00:00:00");
    assert_int_equal(site_call(&f->rome, "POST", "vms/" VM1 "/nics", "{'name':'nic3'}"), 409);
}

static void
enforced_affinity_decides_and_soft_affinity_prefers(void **state)
{
    struct fixture *f = *state;
    char group[EMU_ID], path[192], body[128];
    assert_int_equal(add(&f->milan, "clusters/" CL_M "/affinitygroups",
                         "{'name':'g','hosts_rule':{'enabled':'true','enforcing':'false',"
                         "'positive':'true'}}",
                         group),
                     201);
    snprintf(path, sizeof(path), "clusters/" CL_M "/affinitygroups/%s/hosts", group);
    assert_int_equal(site_call(&f->milan, "POST", path, "{'id':'" HOST_M2 "'}"), 201);
    snprintf(path, sizeof(path), "clusters/" CL_M "/affinitygroups/%s/vms", group);
    assert_int_equal(site_call(&f->milan, "POST", path, "{'id':'" VM3 "'}"), 201);
    assert_int_equal(site_call(&f->milan, "POST", path, "{'id':'nobody'}"), 404);
    assert_int_equal(site_call(&f->milan, "POST", "vms/" VM3 "/start", "{}"), 200);
    site_sleep(&f->milan, SECOND);
    vm_status(&f->milan, VM3);
    assert_string_equal(site_str(&f->milan, "host.id"), HOST_M2);
    site_call(&f->milan, "POST", "vms/" VM3 "/stop", "{}");
    site_sleep(&f->milan, 5 * SECOND);
    snprintf(path, sizeof(path), "clusters/" CL_M "/affinitygroups/%s", group);
    snprintf(body, sizeof(body),
             "{'hosts_rule':{'enabled':'true','enforcing':'true','positive':'true'}}");
    assert_int_equal(site_call(&f->milan, "PUT", path, body), 200);
    site_control(&f->milan, "{'command':'host','host':'milan2','status':'maintenance'}");
    assert_int_equal(site_call(&f->milan, "POST", "vms/" VM3 "/start", "{}"), 409);
    assert_non_null(strstr(site_str(&f->milan, "fault.detail"), "VmAffinityGroups"));
}

static void
affinity_and_roles_that_exist_are_kept_and_others_told(void **state)
{
    struct fixture *f = *state;
    char group[EMU_ID];
    site_control(&f->milan, "{'command':'add_vm','vm':{'id':'b7','name':'grouped','cluster':"
                            "'cl-milan','disks':[{'id':'d-7','storage_domain':'" SD2 "'}],"
                            "'affinity_groups':['g-milan','lost'],'roles':['r1']}}");
    site_call(&f->milan, "POST", "storagedomains/" SD2 "/updateovfstore", "{}");
    site_sleep(&f->milan, 2 * SECOND);
    attached_at_rome(f);
    add(&f->rome, "clusters/" CL_R "/affinitygroups", "{'name':'g-rome'}", group);
    assert_int_equal(site_call(&f->rome, "POST", "roles", "{'name':'r2'}"), 201);
    assert_int_equal(site_call(&f->rome, "POST", "storagedomains/" SD2 "/vms/b7/register",
                               "{'cluster':{'name':'cl-rome'},'registration_configuration':{"
                               "'affinity_group_mappings':{'registration_affinity_group_mapping':["
                               "{'from':{'name':'g-milan'},'to':{'name':'g-rome'}}]},"
                               "'role_mappings':{'registration_role_mapping':["
                               "{'from':{'name':'r1'},'to':{'name':'r2'}}]}}}"),
                     200);
    site_call(&f->rome, "GET", "events?search=type%3D1188", NULL);
    const char *told = js_str(js_at(js_get(f->rome.body, "event"), 0), "description");
    assert_non_null(strstr(told, "lost"));
    assert_null(strstr(told, "r1"));
    site_call(&f->rome, "GET", "clusters/" CL_R "/affinitygroups", NULL);
    struct json_object *g = site_find(&f->rome, "affinity_group", group);
    assert_non_null(js_find(js_get(g, "vms.vm"), "id", "b7"));
}

static void
domain_is_made_on_free_luns_and_grows(void **state)
{
    struct fixture *f = *state;
    array_promote(f);
    char id[EMU_ID], path[128], body[256];
    assert_int_equal(site_call(&f->rome, "POST", "storagedomains",
                               "{'name':'new','type':'data','host':{'name':'rome1'},'storage':{"
                               "'type':'fcp','logical_units':{'logical_unit':[{'id':'3600b3'}]}}}"),
                     409); /* it holds a domain */
    struct json_object *empty = json_object_new_object();
    lunview_mem_view(f->luns)->write(lunview_mem_view(f->luns)->ctx, "rome", "3600b3", empty);
    lunview_mem_view(f->luns)->write(lunview_mem_view(f->luns)->ctx, "rome", "3600b2", empty);
    json_object_put(empty);
    assert_int_equal(add(&f->rome, "storagedomains",
                         "{'name':'new','type':'data','host':{'name':'rome1'},'storage':{"
                         "'type':'fcp','logical_units':{'logical_unit':[{'id':'3600b3'}]}}}",
                         id),
                     201);
    assert_string_equal(site_str(&f->rome, "status"), "unattached");
    snprintf(body, sizeof(body), "{'id':'%s'}", id);
    assert_int_equal(site_call(&f->rome, "POST", ATTACH_R, body), 201);
    assert_string_equal(site_str(&f->rome, "status"), "active");
    assert_string_equal(site_str(&f->rome, "available"), "53687091200");
    snprintf(path, sizeof(path), "storagedomains/%s", id);
    assert_int_equal(site_call(&f->rome, "PUT", path,
                               "{'storage':{'logical_units':{'logical_unit':[{'id':'3600b2'}]}}}"),
                     200);
    snprintf(path, sizeof(path), ATTACH_R "/%s", id);
    site_call(&f->rome, "GET", path, NULL);
    assert_string_equal(site_str(&f->rome, "available"), "161061273600");
    assert_int_equal(
        js_len(js_get(f->rome.body, "storage.volume_group.logical_units.logical_unit")), 2);
}

static void
ovf_store_is_a_disk_that_tells_its_age(void **state)
{
    struct fixture *f = *state;
    site_call(&f->milan, "GET", "storagedomains/" SD1 "/disks", NULL);
    struct json_object *disks = js_get(f->milan.body, "disk");
    struct json_object *store = js_find(disks, "content_type", "ovf_store");
    struct json_object *about = json_tokener_parse(js_str(store, "description"));
    assert_string_equal(js_str(about, "Last Updated"), "Mon Jan 05 16:33:55 UTC 2026");
    json_object_put(about);
    /* Once an hour what has changed is written by the engine itself. */
    site_control(&f->milan, "{'command':'add_vm','vm':{'id':'b9','name':'young','cluster':"
                            "'cl-milan','disks':[{'id':'d-9','storage_domain':'" SD2 "'}]}}");
    site_sleep(&f->milan, 3590 * SECOND);
    struct json_object *doc = lunview_mem_content(f->luns, "milan", "3600a3");
    assert_null(js_find(js_get(doc, "ovf_store.vms"), "id", "b9"));
    json_object_put(doc);
    site_sleep(&f->milan, 20 * SECOND);
    doc = lunview_mem_content(f->luns, "milan", "3600a3");
    assert_non_null(js_find(js_get(doc, "ovf_store.vms"), "id", "b9"));
    json_object_put(doc);
}

static void
direct_lun_is_made_attached_and_detached(void **state)
{
    struct fixture *f = *state;
    char disk[EMU_ID], path[160], body[128];
    crash_and_promote(f);
    struct json_object *empty = json_object_new_object();
    lunview_mem_view(f->luns)->write(lunview_mem_view(f->luns)->ctx, "rome", "3600b3", empty);
    json_object_put(empty);
    static const char lun[] = "{'alias':'raw','lun_storage':{'type':'fcp','logical_units':"
                              "{'logical_unit':[{'id':'3600b3'}]}}}";
    assert_int_equal(add(&f->rome, "disks", lun, disk), 201);
    assert_int_equal(site_call(&f->rome, "POST", "disks", lun), 409);
    assert_int_equal(
        site_call(&f->rome, "POST", "vms", "{'name':'v','cluster':{'name':'cl-rome'}}"), 201);
    char vm[EMU_ID];
    EMU_SET(vm, site_str(&f->rome, "id"));
    snprintf(path, sizeof(path), "vms/%s/diskattachments", vm);
    snprintf(body, sizeof(body), "{'disk':{'id':'%s'},'interface':'virtio'}", disk);
    assert_int_equal(site_call(&f->rome, "POST", path, body), 201);
    site_call(&f->rome, "GET", "disks?search=disk_type%3Dlun+and+number_of_vms%3D0", NULL);
    assert_int_equal(site_count(&f->rome, "disk"), 0);
    snprintf(path, sizeof(path), "vms/%s/start", vm);
    assert_int_equal(site_call(&f->rome, "POST", path, "{}"), 200);
    assert_int_equal(lunview_mem_writers(f->luns, "rome"), 1);
    snprintf(path, sizeof(path), "vms/%s/diskattachments/%s", vm, disk);
    assert_int_equal(site_call(&f->rome, "DELETE", path, NULL), 409);
    snprintf(path, sizeof(path), "vms/%s/stop", vm);
    site_call(&f->rome, "POST", path, "{}");
    site_sleep(&f->rome, 5 * SECOND);
    snprintf(path, sizeof(path), "vms/%s/diskattachments/%s", vm, disk);
    assert_int_equal(site_call(&f->rome, "DELETE", path, NULL), 200);
    site_call(&f->rome, "GET", "disks?search=disk_type%3Dlun+and+number_of_vms%3D0", NULL);
    assert_int_equal(site_count(&f->rome, "disk"), 1);
}

static void
data_center_and_cluster_come_and_go(void **state)
{
    struct fixture *f = *state;
    char dc[EMU_ID], cluster[EMU_ID], path[128], body[160];
    assert_int_equal(add(&f->rome, "datacenters", "{'name':'dc-2','local':'false'}", dc), 201);
    assert_string_equal(site_str(&f->rome, "status"), "uninitialized");
    snprintf(body, sizeof(body), "{'name':'cl-2','data_center':{'id':'%s'}}", dc);
    assert_int_equal(add(&f->rome, "clusters", body, cluster), 201);
    assert_string_equal(site_str(&f->rome, "memory_policy.over_commit.percent"), "100");
    snprintf(path, sizeof(path), "datacenters/%s/clusters", dc);
    site_call(&f->rome, "GET", path, NULL);
    assert_int_equal(site_count(&f->rome, "cluster"), 1);
    snprintf(path, sizeof(path), "datacenters/%s", dc);
    assert_int_equal(site_call(&f->rome, "DELETE", path, NULL), 409);
    snprintf(path, sizeof(path), "clusters/%s", cluster);
    assert_int_equal(site_call(&f->rome, "DELETE", path, NULL), 200);
    assert_int_equal(site_call(&f->rome, "DELETE", "clusters/" CL_R, NULL), 409);
    snprintf(path, sizeof(path), "datacenters/%s", dc);
    assert_int_equal(site_call(&f->rome, "DELETE", path, NULL), 200);
}

static void
links_lead_to_what_is_there(void **state)
{
    struct fixture *f = *state;
    static const char *const objects[] = {"",
                                          "vms/" VM1,
                                          "templates/" TPL1,
                                          "hosts/" HOST_M2,
                                          "storagedomains/" SD1,
                                          "datacenters/" DC_M,
                                          ATTACH_M "/" SD1,
                                          "clusters/" CL_M,
                                          "networks/n-m",
                                          "vnicprofiles/p-m"};
    size_t followed = 0;
    for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
        assert_int_equal(site_call(&f->milan, "GET", objects[i], NULL), 200);
        struct json_object *links = json_object_get(js_get(f->milan.body, "link"));
        for (size_t l = 0; l < js_len(links); l++) {
            const char *href = js_str(js_at(links, l), "href") + strlen(EMU_API "/");
            if (strchr(href, '{'))
                continue; /* a pattern */
            site_call(&f->milan, "GET", href, NULL);
            if (f->milan.status != 200)
                fail_msg("%s: %d", href, f->milan.status);
            followed++;
        }
        json_object_put(links);
    }
    assert_true(followed > 80);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(isolated_network_is_made_used_and_taken_away),
        T(network_outside_of_the_cluster_costs_the_nic_its_network),
        T(host_without_the_network_is_filtered_out),
        T(bad_macs_are_refused_or_replaced),
        T(mac_outside_of_the_pool_is_kept_unless_it_is_to_be_replaced),
        T(enforced_affinity_decides_and_soft_affinity_prefers),
        T(affinity_and_roles_that_exist_are_kept_and_others_told),
        T(domain_is_made_on_free_luns_and_grows),
        T(ovf_store_is_a_disk_that_tells_its_age),
        T(direct_lun_is_made_attached_and_detached),
        T(data_center_and_cluster_come_and_go),
        T(links_lead_to_what_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
