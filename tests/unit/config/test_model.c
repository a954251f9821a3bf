/* What the full example becomes, and what stays when a key is left out. */
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct dr_config_options no_secrets = {.skip_secrets = true};

static struct dr_model *
load(const char *path)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_model *m = NULL;
    int r = dr_config_load_with(path, &no_secrets, &m, &err);
    if (r < 0)
        print_error("%s\n", dr_error_message(err));
    assert_int_equal(r, DRSTOR_OK);
    return m;
}

static struct dr_model *
load_full(void)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    dr_auto(dr_freep) char *text = NULL;
    struct dr_model *m = NULL;
    size_t n = 0;
    assert_int_equal(dr_file_read(CASES "/full.yaml", 1 << 20, &text, &n, NULL), DRSTOR_OK);
    int r = dr_config_load_text(text, n, CASES "/full.yaml", &no_secrets, &m, &err);
    assert_string_equal(dr_error_message(err), "");
    assert_int_equal(r, DRSTOR_OK);
    return m;
}

static void
defaults_are_those_of_the_manual_page(void **state)
{
    (void)state;
    dr_auto(dr_config_freep) struct dr_model *m = load(CASES "/minimal.yaml");
    assert_string_equal(m->state_sqlite, "/var/lib/drstor/state.db");
    assert_null(m->state_etcd);
    assert_string_equal(m->plugin_dir, "/usr/lib/drstor/plugins");
    assert_int_equal(m->assert_min_s, 60);
    assert_int_equal(m->verify_max_age_s, 300);
    assert_int_equal(m->consent_valid_s, 600);
    assert_int_equal(m->waive_fence, DR_WAIVE_ONE);
    assert_int_equal(m->observe_timeout_s, 10);
    assert_false(m->controller_standby);
    const struct dr_group *g = dr_model_group(m, "erp");
    assert_int_equal(g->topology, DR_TOPOLOGY_ACTIVE_PASSIVE);
    assert_int_equal(g->on_error, DR_ON_ERROR_CONTINUE);
    assert_int_equal(g->rpo_s, -1);
    assert_int_equal(g->rto_s, -1);
    assert_int_equal(g->drill_every_s, -1);
    assert_int_equal(g->loss_max_s, -1);
    assert_int_equal(g->loss_max_bytes, -1);
    assert_null(g->preferred);
    assert_false(m->mapping.partial_import);
    assert_true(m->mapping.reassign_bad_macs);
    assert_null(m->mapping.primary.site);
}

static void
a_standby_is_told_by_a_program(void **state)
{
    (void)state;
    dr_auto(dr_freep) char *text = NULL;
    dr_auto(dr_str_freep) struct dr_str with = {0};
    dr_auto(dr_config_freep) struct dr_model *m = NULL;
    dr_auto(dr_config_freep) struct dr_model *none = load(CASES "/minimal.yaml");
    assert_int_equal(none->mirror.n_run, 0);
    assert_int_equal(dr_file_read(CASES "/minimal.yaml", 1 << 20, &text, NULL, NULL), DRSTOR_OK);
    dr_str_printf(&with, "%s\nstate: { mirror: { run: [bin/tell, rome-1], site: rome } }\n", text);
    assert_int_equal(
        dr_config_load_text(with.s, with.n, "/etc/drstor/x.yaml", &no_secrets, &m, NULL),
        DRSTOR_OK);
    assert_int_equal(m->mirror.n_run, 2);
    assert_string_equal(m->mirror.run[0], "/etc/drstor/bin/tell");
    assert_string_equal(m->mirror.run[1], "rome-1");
    assert_int_equal(m->mirror.timeout_s, 5);
    assert_string_equal(m->mirror.site->name, "rome");
    assert_string_equal(m->state_sqlite, "/var/lib/drstor/state.db");
}

static void
sites_find_their_engines(void **state)
{
    (void)state;
    dr_auto(dr_config_freep) struct dr_model *m = load_full();
    const struct dr_site *milan = dr_model_site(m, "milan"), *turin = dr_model_site(m, "turin");
    assert_int_equal(m->n_sites, 5);
    assert_int_equal(m->n_engines, 3);
    assert_string_equal(milan->engine->at.urls[0], "https://engine-a/ovirt-engine");
    assert_string_equal(milan->engine->at.user, "drstor@internal");
    assert_string_equal(milan->engine->at.ca, "/etc/drstor/engine-a.pem");
    assert_int_equal(milan->n_probes, 3);
    assert_string_equal(milan->probes[1], "[fd00::1]:22");
    assert_ptr_equal(turin->engine, dr_model_site(m, "genoa")->engine);
    assert_int_equal(turin->engine->at.n_urls, 2);
    assert_string_equal(turin->host_label, "turin");
    assert_null(dr_model_site(m, "bari")->engine);
    assert_non_null(dr_model_site(m, "rome")->engine->at.pin);
    assert_ptr_equal(m->controller_site, dr_model_site(m, "rome"));
}

static void
arrays_keep_the_keys_of_their_plugins(void **state)
{
    (void)state;
    dr_auto(dr_config_freep) struct dr_model *m = load_full();
    const struct dr_array *t = dr_model_array(m, "vplex-turin");
    assert_string_equal(t->plugin, "vplex");
    assert_ptr_equal(t->site, dr_model_site(m, "turin"));
    assert_int_equal(t->n_settings, 2);
    assert_string_equal(t->settings[0].key, "cluster");
    assert_string_equal(t->settings[0].value, "cluster-1");
    assert_int_equal(t->settings[0].place.line, 21);
    assert_string_equal(t->settings[1].key, "api_token");
    assert_null(t->settings[1].value);
    assert_string_equal(dr_model_array(m, "vplex-genoa")->settings[0].value, "a,b");
    /* Relative paths start at the configuration's folder. */
    assert_string_equal(dr_model_array(m, "ontap-milan")->at.ca, CASES "/ontap-a.pem");
    assert_string_equal(m->folder, CASES);
}

static void
groups_are_lists_of_copies(void **state)
{
    (void)state;
    dr_auto(dr_config_freep) struct dr_model *m = load_full();
    const struct dr_group *erp = dr_model_group(m, "erp"), *web = dr_model_group(m, "web");
    assert_int_equal(erp->mode, DR_MODE_ASYNC);
    assert_int_equal(erp->rpo_s, 300);
    assert_int_equal(erp->rto_s, 1800);
    assert_int_equal(erp->drill_every_s, 90 * 86400);
    assert_int_equal(erp->loss_max_s, 600);
    assert_int_equal(erp->on_error, DR_ON_ERROR_STOP);
    assert_string_equal(erp->preferred->name, "milan");
    assert_string_equal(erp->domains[0], "1c2b7c0e-5b1e-4c59-a3a5-2f1f8f5c2a11");
    const struct dr_copy *rome = dr_group_copy(erp, "rome");
    assert_string_equal(rome->id, "svm1_dr:erp_vol");
    assert_ptr_equal(rome->array, dr_model_array(m, "ontap-rome"));
    assert_string_equal(rome->expose[0], "rhv-rome");
    assert_string_equal(rome->settings[0].key, "policy");
    assert_int_equal(rome->place.line, 36);
    assert_int_equal(web->topology, DR_TOPOLOGY_ACTIVE_ACTIVE);
    assert_int_equal(web->mode, DR_MODE_SYNC);
    assert_int_equal(web->rpo_s, 0);
    assert_int_equal(web->loss_max_bytes, 64 << 20);
    assert_int_equal(web->loss_max_s, -1);
}

static void
start_preempt_and_hooks_are_kept(void **state)
{
    (void)state;
    dr_auto(dr_config_freep) struct dr_model *m = load_full();
    assert_int_equal(m->n_start, 4);
    assert_int_equal(m->start[0].gate_up_s, 120);
    assert_false(m->start[0].after_given);
    assert_int_equal(m->start[1].gate_up_s, -1);
    assert_int_equal(m->start[2].n_after, 2);
    assert_int_equal(m->start[2].after[0], 0);
    assert_int_equal(m->start[2].after[1], 1);
    assert_true(m->start[3].after_given);
    assert_int_equal(m->start[3].n_after, 0);
    assert_int_equal(m->n_preempt, 1);
    assert_string_equal(m->preempt[0].site->name, "rome");
    assert_string_equal(m->preempt[0].vms[1], "test-*");
    assert_int_equal(m->n_hooks, 2);
    assert_false(m->hooks[0].before);
    assert_string_equal(m->hooks[0].step, "start");
    assert_int_equal(m->hooks[0].on_failure, DR_HOOK_WARN);
    assert_true(m->hooks[1].before);
    assert_string_equal(m->hooks[1].run[0], CASES "/hooks/ask");
    assert_string_equal(m->hooks[1].run[1], "--really");
    assert_int_equal(m->hooks[1].timeout_s, 60);
    assert_int_equal(m->hooks[1].on_failure, DR_HOOK_BLOCK);
}

static void
drills_are_on_the_network_of_their_site_or_on_none(void **state)
{
    (void)state;
    dr_auto(dr_config_freep) struct dr_model *m = load_full();
    const struct dr_quarantine *rome = dr_model_quarantine(m, "rome");
    const struct dr_quarantine *milan = dr_model_quarantine(m, "milan");
    const struct dr_quarantine *other = dr_model_quarantine(m, "nowhere");
    assert_string_equal(rome->prefix, "drill-");
    assert_string_equal(rome->network, "lab");
    assert_string_equal(rome->profile, "lab");
    assert_string_equal(milan->prefix, "test_");
    assert_string_equal(milan->profile, "quiet");
    assert_string_equal(other->prefix, "drill-");
    assert_null(other->network);
}

static void
an_ovirt_dr_file_is_taken_whole(void **state)
{
    (void)state;
    dr_auto(dr_config_freep) struct dr_model *m = load_full();
    const struct dr_mapping *map = &m->mapping;
    assert_string_equal(map->file, CASES "/full.vars");
    assert_string_equal(map->primary.site->name, "milan");
    assert_string_equal(map->secondary.site->name, "rome");
    assert_true(map->partial_import);
    assert_false(map->reassign_bad_macs);
    assert_string_equal(map->clusters[0].from_site, "milan");
    assert_string_equal(map->clusters[0].from, "cluster_prod");
    assert_string_equal(map->clusters[0].to, "cluster_recovery");
    assert_null(map->vnics[0].from_profile_id);
    assert_string_equal(map->vnics[0].to_profile_id, "0000000a-000a-000a-000a-000000000398");
    assert_string_equal(map->vnics[0].to_data_center, "Recovery");
    assert_int_equal(map->n_data_centers, 1);
    assert_string_equal(map->data_centers[0].from, "Prod");
    assert_int_equal(map->n_affinity_groups, 1);
    assert_int_equal(map->n_affinity_labels, 1);
    assert_string_equal(map->domains[0].to, "ldap-authz");
    assert_int_equal(map->n_roles, 1);
    assert_int_equal(map->n_storages, 3);
    assert_int_equal(map->storages[0].type, DR_DOMAIN_NFS);
    assert_int_equal(map->storages[0].critical_space_gib, 5);
    assert_true(map->storages[0].from.master);
    assert_string_equal(map->storages[1].to.targets[0], "iqn.2026-01.com.example:b");
    assert_int_equal(map->storages[2].critical_space_gib, -1);
    assert_int_equal(map->luns[0].to.type, DR_DOMAIN_ISCSI);
    assert_string_equal(map->luns[0].from.portal, "1");
    assert_int_equal(map->options.cleanup_delay_s, 120);
    assert_string_equal(map->options.report_file, "report.log");
}

static void
primary_and_secondary_follow_the_addresses_not_the_order(void **state)
{
    (void)state;
    static const char text[] =
        "version: 1\n"
        "controller: { name: c, site: rome }\n"
        "sites:\n"
        "  rome: { engine: { url: https://eb/ovirt-engine, user: u, password: { file: x } } }\n"
        "  milan: { engine: { url: https://ea/ovirt-engine, user: u, password: { file: x } } }\n"
        "rhv:\n"
        "  mapping:\n"
        "    dr_sites_primary_url: https://EA:443/ovirt-engine/api/\n"
        "    dr_cluster_mappings: [ { primary_name: a, secondary_name: b } ]\n";
    dr_auto(dr_config_freep) struct dr_model *m = NULL;
    assert_int_equal(dr_config_load_text(text, sizeof(text) - 1, "x", &no_secrets, &m, NULL),
                     DRSTOR_OK);
    assert_string_equal(m->mapping.primary.site->name, "milan");
    assert_string_equal(m->mapping.secondary.site->name, "rome");
    assert_string_equal(m->mapping.clusters[0].to_site, "rome");
}

static void
the_example_loads(void **state)
{
    (void)state;
    dr_auto(dr_config_freep) struct dr_model *m = load(EXAMPLES "/simulated/drstor.yaml");
    assert_int_equal(m->n_groups, 3);
    assert_int_equal(m->n_arrays, 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_the_manual_page),
        cmocka_unit_test(a_standby_is_told_by_a_program),
        cmocka_unit_test(sites_find_their_engines),
        cmocka_unit_test(arrays_keep_the_keys_of_their_plugins),
        cmocka_unit_test(groups_are_lists_of_copies),
        cmocka_unit_test(start_preempt_and_hooks_are_kept),
        cmocka_unit_test(drills_are_on_the_network_of_their_site_or_on_none),
        cmocka_unit_test(an_ovirt_dr_file_is_taken_whole),
        cmocka_unit_test(primary_and_secondary_follow_the_addresses_not_the_order),
        cmocka_unit_test(the_example_loads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
