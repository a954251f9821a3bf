/* Groups that are proposed: closure of VMs over storage domains over LUNs over pairs of arrays. */
#include "config/config.h"
#include "ready/propose.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char text[] =
    "version: 1\n"
    "controller: { name: c, site: rome }\n"
    "sites:\n"
    "  milan: { engine: { url: https://ea/ovirt-engine, user: u, password: { file: x } } }\n"
    "  rome: { engine: { url: https://eb/ovirt-engine, user: u, password: { file: x } } }\n"
    "arrays:\n"
    "  a: { plugin: simulated, site: milan, world: w }\n"
    "  b: { plugin: simulated, site: rome, world: w }\n";

/* What there is: changed by each test before it asks. */
struct found {
    struct dr_arena *arena;
    struct dr_model *m;
    struct dr_member here[3], there[3];
    struct dr_copy_view views[2][3];
    size_t n_views[2];
    const char *wwids[3], *on[3];
    struct dr_inv_domain domains[3];
    struct dr_inv_vm vm;
    struct dr_engine_facts engine;
    struct dr_facts facts;
    struct dr_proposal p;
};

static void
setup(struct found *f)
{
    static const struct dr_config_options no_secrets = {.skip_secrets = true};
    static const char *const ids[2][3] = {{"erp_m", "web_m", "lone_m"}, {"erp_r", "web_r", "x_r"}};
    static const char *const wwids[3] = {"naa.1", "naa.2", "naa.3"}, *const names[3] = {
                                                                         "ERP 1", "web", "local"};
    memset(f, 0, sizeof(*f));
    f->arena = dr_arena_new();
    assert_int_equal(dr_config_load_text(text, sizeof(text) - 1, "x", &no_secrets, &f->m, NULL),
                     DRSTOR_OK);
    for (size_t i = 0; i < 2; i++) {
        f->here[i] = (struct dr_member){.id = ids[0][i], .pair = ids[1][i], .wwid = wwids[i]};
        f->there[i] = (struct dr_member){.id = ids[1][i], .pair = ids[0][i]};
        f->views[0][i] = (struct dr_copy_view){.id = ids[0][i],
                                               .access = DRSTOR_ACCESS_READ_WRITE,
                                               .sync = DRSTOR_SYNC_IN_SYNC,
                                               .members = &f->here[i],
                                               .n_members = 1};
        f->views[1][i] =
            (struct dr_copy_view){.id = ids[1][i],
                                  .access = DRSTOR_ACCESS_READ_ONLY,
                                  .sync = i ? DRSTOR_SYNC_IN_SYNC : DRSTOR_SYNC_LAGGING,
                                  .members = &f->there[i],
                                  .n_members = 1};
    }
    for (size_t i = 0; i < 3; i++) {
        f->wwids[i] = wwids[i];
        f->domains[i] = (struct dr_inv_domain){.id = names[i],
                                               .name = names[i],
                                               .dc = "dc",
                                               .type = "data",
                                               .wwids = &f->wwids[i],
                                               .n_wwids = 1};
        f->on[i] = names[i];
    }
    f->n_views[0] = f->n_views[1] = 2;
    f->vm = (struct dr_inv_vm){.id = "v", .name = "app", .domains = f->on, .n_domains = 1};
    f->engine = (struct dr_engine_facts){
        .site = "milan",
        .fresh = true,
        .inventory = {.domains = f->domains, .n_domains = 2, .vms = &f->vm, .n_vms = 1}};
    f->facts = (struct dr_facts){.engines = &f->engine, .n_engines = 1};
}

static void
propose(struct found *f)
{
    const struct dr_found_array arrays[] = {{&f->m->arrays[0], f->views[0], f->n_views[0]},
                                            {&f->m->arrays[1], f->views[1], f->n_views[1]}};
    dr_propose_groups(f->arena, f->m, &f->facts, arrays, 2, &f->p);
}

static void
teardown(struct found *f)
{
    dr_config_free(f->m);
    dr_arena_free(f->arena);
}

static void
pairs_become_groups_named_after_their_domain(void **state)
{
    (void)state;
    struct found f;
    setup(&f);
    propose(&f);
    assert_int_equal(f.p.n_groups, 2);
    assert_int_equal(f.p.n_gaps, 0);
    assert_string_equal(f.p.groups[0].name, "ERP-1"); /* fit for a key */
    assert_int_equal(f.p.groups[0].mode, DR_MODE_ASYNC);
    assert_int_equal(f.p.groups[0].topology, DR_TOPOLOGY_ACTIVE_PASSIVE);
    assert_string_equal(f.p.groups[1].name, "web");
    assert_int_equal(f.p.groups[1].mode, DR_MODE_SYNC);
    assert_int_equal(f.p.groups[1].n_notes, 0);
    assert_string_equal(f.p.groups[1].copies[0].view->id, "web_m");
    assert_string_equal(f.p.groups[1].copies[1].view->id, "web_r");
    teardown(&f);
}

static void
the_copy_that_serves_comes_first(void **state)
{
    (void)state;
    struct found f;
    setup(&f);
    f.views[0][0].access = DRSTOR_ACCESS_READ_ONLY;
    f.views[1][0].access = DRSTOR_ACCESS_READ_WRITE;
    propose(&f);
    assert_string_equal(f.p.groups[0].copies[0].array->name, "b");
    teardown(&f);
}

static void
two_writable_copies_are_no_pair_without_a_word(void **state)
{
    (void)state;
    struct found f;
    setup(&f);
    f.views[1][1].access = DRSTOR_ACCESS_READ_WRITE;
    propose(&f);
    assert_int_equal(f.p.groups[1].topology, DR_TOPOLOGY_ACTIVE_ACTIVE);
    assert_int_equal(f.p.groups[1].n_notes, 1);
    assert_non_null(strstr(f.p.groups[1].notes[0], "both copies are writable"));
    teardown(&f);
}

static void
what_is_paired_with_nothing_is_a_gap(void **state)
{
    (void)state;
    struct found f;
    setup(&f);
    f.here[2] = (struct dr_member){.id = "lone_m", .wwid = "naa.3"};
    f.views[0][2] = (struct dr_copy_view){.id = "lone_m", .members = &f.here[2], .n_members = 1};
    f.n_views[0] = 3;
    f.engine.inventory.n_domains = 3;
    propose(&f);
    assert_int_equal(f.p.n_groups, 2);
    assert_int_equal(f.p.n_gaps, 2);
    assert_string_equal(f.p.gaps[0], "lone_m on array a replicates with nothing of the others");
    assert_string_equal(f.p.gaps[1],
                        "storage domain local of milan is not replicated by these arrays");
    teardown(&f);
}

static void
a_vm_across_groups_is_a_gap(void **state)
{
    (void)state;
    struct found f;
    setup(&f);
    f.vm.n_domains = 3;
    f.engine.inventory.n_domains = 3;
    propose(&f);
    assert_int_equal(f.p.n_gaps, 3);
    assert_string_equal(f.p.gaps[1], "VM app has disks on ERP-1 and web: make one group of them at "
                                     "the arrays, or move a disk");
    assert_string_equal(f.p.gaps[2],
                        "VM app of ERP-1 has a disk on local too, which is not replicated");
    teardown(&f);
}

static void
half_a_domain_and_half_a_pair_are_noted(void **state)
{
    (void)state;
    struct found f;
    setup(&f);
    struct dr_member two[2] = {f.here[0], {.id = "erp2_m", .wwid = "naa.1b"}};
    const char *both[2] = {"naa.1", "naa.elsewhere"};
    f.views[0][0].members = two;
    f.views[0][0].n_members = 2;
    f.domains[0].wwids = both;
    f.domains[0].n_wwids = 2;
    propose(&f);
    assert_int_equal(f.p.groups[0].n_notes, 3);
    assert_non_null(strstr(f.p.groups[0].notes[0], "rpo"));
    assert_string_equal(f.p.groups[0].notes[1], "1 of 2 volumes have no copy");
    assert_string_equal(f.p.groups[0].notes[2],
                        "storage domain ERP 1 is also on LUNs outside of it");
    teardown(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_become_groups_named_after_their_domain),
        cmocka_unit_test(the_copy_that_serves_comes_first),
        cmocka_unit_test(two_writable_copies_are_no_pair_without_a_word),
        cmocka_unit_test(what_is_paired_with_nothing_is_a_gap),
        cmocka_unit_test(a_vm_across_groups_is_a_gap),
        cmocka_unit_test(half_a_domain_and_half_a_pair_are_noted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
