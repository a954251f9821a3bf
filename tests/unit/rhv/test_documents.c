/* The engine's documents in both number styles, cut short, and bent. */
#include "base/mem.h"
#include "base/str.h"
#include "canned.h"
#include "rhv/document.h"

#include <drstor/types.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define DC "d0000000-0000-4000-8000-000000000001"
#define SD(n) "5d000000-0000-4000-8000-00000000000" #n
#define VM(n) "a0000000-0000-4000-8000-00000000000" #n

static struct json_object *
parsed(const char *text, size_t n)
{
    struct json_object *o = NULL;
    return dr_json_parse(text, n, &dr_json_inventory, &o, NULL) == DRSTOR_OK ? o : NULL;
}

static struct json_object *
doc(const char *style, const char *name)
{
    dr_auto(dr_freep) char *text = bench_data(style, name);
    struct json_object *o = parsed(text, strlen(text));
    assert_non_null(o);
    return o;
}

/* ---- every document has one reader ----------------------------------------------------------- */

struct work {
    struct dr_arena *a;
    struct dr_inventory *v;
    struct drstor_error **err;
};

static int
read_api(const struct work *w, struct json_object *o)
{
    w->v->version = rhv_read_version(w->a, o);
    return DRSTOR_OK;
}

static int
read_dcs(const struct work *w, struct json_object *o)
{
    return rhv_read_dcs(w->a, o, w->v, w->err);
}

static int
read_clusters(const struct work *w, struct json_object *o)
{
    return rhv_read_clusters(w->a, o, w->v, w->err);
}

static int
read_hosts(const struct work *w, struct json_object *o)
{
    return rhv_read_hosts(w->a, o, w->v, w->err);
}

static int
read_profiles(const struct work *w, struct json_object *o)
{
    dr_auto(dr_json_putp) struct json_object *networks = doc("strings", "networks");
    return rhv_read_profiles(w->a, o, networks, w->v, w->err);
}

static int
read_networks(const struct work *w, struct json_object *o)
{
    dr_auto(dr_json_putp) struct json_object *profiles = doc("strings", "vnicprofiles");
    return rhv_read_profiles(w->a, profiles, o, w->v, w->err);
}

static int
read_templates(const struct work *w, struct json_object *o)
{
    return rhv_read_templates(w->a, o, w->v, w->err);
}

static int
read_domains(const struct work *w, struct json_object *o)
{
    return rhv_read_domains(w->a, o, NULL, w->v, w->err);
}

static int
read_attached(const struct work *w, struct json_object *o)
{
    return rhv_read_domains(w->a, o, DC, w->v, w->err);
}

static int
read_vms(const struct work *w, struct json_object *o)
{
    return rhv_read_vms(w->a, o, w->v->detailed, w->v, w->err);
}

static int
read_vms_of_1(const struct work *w, struct json_object *o)
{
    return rhv_read_domain_vms(w->a, o, SD(1), w->v, w->err);
}

static int
read_vms_of_4(const struct work *w, struct json_object *o)
{
    return rhv_read_domain_vms(w->a, o, SD(4), w->v, w->err);
}

static int
read_disks(const struct work *w, struct json_object *o)
{
    return w->v->n_vms ? rhv_read_vm_disks(w->a, o, &w->v->vms[0], w->err) : DRSTOR_OK;
}

static int
read_offered_vms(const struct work *w, struct json_object *o)
{
    return rhv_read_offers(w->a, o, "vm", SD(1), w->v, &w->v->offered_vms, &w->v->n_offered_vms,
                           w->err);
}

static int
read_offered_templates(const struct work *w, struct json_object *o)
{
    return rhv_read_offers(w->a, o, "template", SD(1), w->v, &w->v->offered_templates,
                           &w->v->n_offered_templates, w->err);
}

static const struct {
    const char *name;
    int (*read)(const struct work *w, struct json_object *o);
    const char *key; /* of its list; NULL: it is no collection */
} readers[] = {
    {"api", read_api, NULL},
    {"datacenters", read_dcs, "data_center"},
    {"clusters", read_clusters, "cluster"},
    {"hosts", read_hosts, "host"},
    {"vnicprofiles", read_profiles, "vnic_profile"},
    {"networks", read_networks, "network"},
    {"templates", read_templates, "template"},
    {"storagedomains", read_domains, "storage_domain"},
    {"attached", read_attached, "storage_domain"},
    {"vms", read_vms, "vm"},
    {"vms-of-1", read_vms_of_1, "vm"},
    {"vms-of-4", read_vms_of_4, "vm"},
    {"disks-of-1", read_disks, "disk_attachment"},
    {"offered-vms-1", read_offered_vms, "vm"},
    {"offered-templates-1", read_offered_templates, "template"},
};

static void
read_all(struct dr_arena *a, const char *style, struct dr_inventory *v)
{
    dr_map_clear(&dr_inventory_type, v);
    const struct work w = {a, v, NULL};
    for (size_t i = 0; i < DR_COUNT(readers); i++) {
        dr_auto(dr_json_putp) struct json_object *o = doc(style, readers[i].name);
        assert_int_equal(readers[i].read(&w, o), DRSTOR_OK);
    }
}

/* ---- what is read ---------------------------------------------------------------------------- */

static void
both_number_styles_say_the_same(void **state)
{
    (void)state;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_inventory v[2];
    read_all(a, "strings", &v[0]);
    read_all(a, "native", &v[1]);
    dr_auto(dr_json_putp) struct json_object *one = dr_map_write(&dr_inventory_type, &v[0]);
    dr_auto(dr_json_putp) struct json_object *two = dr_map_write(&dr_inventory_type, &v[1]);
    dr_auto(dr_freep) char *text = dr_strdup(dr_json_text(one));
    assert_string_equal(text, dr_json_text(two));
    assert_string_equal(v[0].version, "4.5.4-1.el8");
    assert_int_equal(v[0].vms[0].priority, 100);
    assert_true(v[0].vms[0].ha && v[1].vms[0].ha);
    assert_true(v[0].domains[0].master && v[1].domains[0].master);
}

static void
status_of_a_domain_comes_from_its_data_center_only(void **state)
{
    (void)state;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_inventory v;
    read_all(a, "strings", &v);
    static const struct {
        const char *id;
        enum dr_sd_status status;
        bool attached;
        const char *type;
    } want[] = {
        {SD(1), DR_SD_ACTIVE, true, "data"},
        {SD(2), DR_SD_ACTIVE, true, "data"},
        {SD(3), DR_SD_UNATTACHED, false, "data"},
        {SD(4), DR_SD_ACTIVE, true, RHV_TYPE_HOSTED_ENGINE},
        {SD(5), DR_SD_ACTIVE, true, "iso"},
        {SD(6), DR_SD_UNATTACHED, false, "export"},
        {SD(7), DR_SD_MAINTENANCE, true, "data"},
        {SD(8), DR_SD_UNKNOWN, true, "data"}, /* a word nobody knows */
        {SD(9), DR_SD_UNKNOWN, false, "image"},
    };
    assert_int_equal(v.n_domains, DR_COUNT(want));
    for (size_t i = 0; i < DR_COUNT(want); i++) {
        const struct dr_inv_domain *d = dr_inventory_domain(&v, want[i].id);
        assert_non_null(d);
        assert_int_equal(d->status, want[i].status);
        assert_int_equal(d->dc != NULL, want[i].attached);
        assert_string_equal(d->type, want[i].type);
    }
    assert_int_equal(v.domains[0].n_wwids, 2);
    assert_string_equal(v.domains[0].wwids[1], "3600144f0aa02");
    assert_int_equal(dr_inventory_domain(&v, SD(5))->n_wwids, 0);
}

static void
an_active_domain_outside_of_a_data_center_is_not_believed(void **state)
{
    (void)state;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_inventory v;
    dr_map_clear(&dr_inventory_type, &v);
    static const char text[] = "{\"storage_domain\":[{\"id\":\"s1\",\"status\":\"active\"}]}";
    dr_auto(dr_json_putp) struct json_object *o = parsed(text, strlen(text));
    assert_int_equal(rhv_read_domains(a, o, NULL, &v, NULL), DRSTOR_OK);
    assert_int_equal(v.domains[0].status, DR_SD_UNKNOWN);
}

static void
a_vm_is_where_its_disks_are(void **state)
{
    (void)state;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_inventory v;
    read_all(a, "strings", &v);
    const struct dr_inv_vm *db = dr_inventory_vm(&v, VM(1));
    assert_int_equal(db->n_domains, 2); /* by its domain's list, and by its own of disks */
    assert_string_equal(db->domains[0], SD(1));
    assert_string_equal(db->domains[1], SD(2));
    assert_string_equal(db->cluster, "cl-rome");
    assert_string_equal(db->lease, SD(1));
    assert_int_equal(dr_inventory_vm(&v, VM(4))->status, DR_VM_UNKNOWN);
    assert_true(dr_vm_may_run(dr_inventory_vm(&v, VM(4))->status));
    const struct dr_inv_vm *bare = dr_inventory_vm(&v, VM(6));
    assert_int_equal(bare->status, DR_VM_UNKNOWN);
    assert_int_equal(bare->priority, -1);
    assert_string_equal(bare->name, "bare");
    assert_null(bare->lease);
}

static void
offers_keep_the_name_of_a_cluster_from_elsewhere(void **state)
{
    (void)state;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_inventory v;
    read_all(a, "strings", &v);
    assert_int_equal(v.n_offered_vms, 2);
    assert_string_equal(v.offered_vms[0].cluster, "cl-milan");
    assert_string_equal(v.offered_vms[1].cluster, "cl-rome"); /* told by id */
    assert_int_equal(v.offered_vms[0].status, DR_VM_UP);
    assert_string_equal(v.offered_templates[0].cluster, "cl-milan");
    assert_string_equal(v.profiles[1].network, "erp-net");
    assert_null(v.profiles[2].network);
}

static void
a_disk_that_does_not_tell_where_it_is_is_no_answer(void **state)
{
    (void)state;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_inv_vm vm = {.id = "v"};
    static const char text[] = "{\"disk_attachment\":[{\"id\":\"1\",\"disk\":{\"id\":\"1\"}}]}";
    dr_auto(dr_json_putp) struct json_object *o = parsed(text, strlen(text));
    assert_int_equal(rhv_read_vm_disks(a, o, &vm, NULL), DRSTOR_E_PROTOCOL);
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void
empty_lists_come_in_two_forms(void **state)
{
    (void)state;
    for (size_t i = 0; i < DR_COUNT(readers); i++) {
        dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
        struct dr_inventory v;
        dr_map_clear(&dr_inventory_type, &v);
        const struct work w = {a, &v, NULL};
        char two[80];
        (void)snprintf(two, sizeof(two), "{\"%s\":[]}", readers[i].key ? readers[i].key : "x");
        dr_auto(dr_json_putp) struct json_object *a1 = parsed("{}", 2);
        dr_auto(dr_json_putp) struct json_object *a2 = parsed(two, strlen(two));
        assert_int_equal(readers[i].read(&w, a1), DRSTOR_OK);
        assert_int_equal(readers[i].read(&w, a2), DRSTOR_OK);
        assert_int_equal(v.n_vms + v.n_domains + v.n_dcs + v.n_hosts, 0);
    }
}

static void
what_is_no_list_is_never_an_empty_one(void **state)
{
    (void)state;
    static const char *const forms[] = {
        "[]",
        "12",
        "\"x\"",
        "{\"%s\":{}}",
        "{\"%s\":null}",
        "{\"%s\":\"\"}",
        "{\"%s\":[1]}",
        "{\"%s\":[null]}",
        "{\"%s\":[[]]}",
        "{\"%s\":[{}]}",
        "{\"%s\":[{\"id\":\"\"}]}",
        "{\"%s\":[{\"id\":7}]}",
        "{\"%s\":[{\"id\":\"a/../b\"}]}",
        "{\"error\":\"try later\"}",
        "{\"something\":[]}",
    };
    for (size_t i = 0; i < DR_COUNT(readers); i++)
        for (size_t k = 0; readers[i].key && k < DR_COUNT(forms); k++) {
            dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
            dr_auto(dr_error_freep) struct drstor_error *err = NULL;
            struct dr_inventory v;
            dr_map_clear(&dr_inventory_type, &v);
            struct dr_inv_vm vm = {.id = "v"};
            if (readers[i].read == read_disks) {
                v.vms = &vm;
                v.n_vms = 1;
            }
            const struct work w = {a, &v, &err};
            dr_auto(dr_str_freep) struct dr_str text = {0};
            const char *hole = strstr(forms[k], "%s");
            dr_str_addn(&text, forms[k], hole ? (size_t)(hole - forms[k]) : strlen(forms[k]));
            if (hole) {
                dr_str_add(&text, readers[i].key);
                dr_str_add(&text, hole + 2);
            }
            dr_auto(dr_json_putp) struct json_object *o = parsed(text.s, text.n);
            int status = readers[i].read(&w, o);
            if (status != DRSTOR_E_PROTOCOL)
                print_message("%s: %s\n", readers[i].name, text.s);
            assert_int_equal(status, DRSTOR_E_PROTOCOL);
            assert_true(*dr_error_message(err));
        }
}

/* ---- bent documents -------------------------------------------------------------------------- */

static uint64_t
next_random(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

/* True when it could be read; all that counts is that it ends, without a wrong access. */
static bool
survive(size_t reader, const struct dr_inventory *known, const char *text, size_t n)
{
    struct json_object *o = parsed(text, n);
    if (!o)
        return false;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_inventory v;
    dr_map_copy(a, &dr_inventory_type, known, &v);
    const struct work w = {a, &v, NULL};
    bool good = readers[reader].read(&w, o) == DRSTOR_OK;
    struct json_object *written = dr_map_write(&dr_inventory_type, &v); /* touches every field */
    dr_json_putp(&written);
    dr_json_putp(&o);
    return good;
}

static void
cut_documents_do_no_harm(void **state)
{
    (void)state;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_inventory known;
    read_all(a, "strings", &known);
    for (size_t i = 0; i < DR_COUNT(readers); i++) {
        dr_auto(dr_freep) char *text = bench_data("strings", readers[i].name);
        size_t n = strlen(text);
        while (n && text[n - 1] == '\n')
            n--;
        for (size_t k = 0; k < n; k++)
            assert_false(survive(i, &known, text, k));
        assert_true(survive(i, &known, text, n));
    }
}

static void
bent_documents_do_no_harm(void **state)
{
    (void)state;
    enum { MUTATIONS = 5000 };
    static const char *const pieces[] = {"{",
                                         "}",
                                         "[",
                                         "]",
                                         "null",
                                         "\"\"",
                                         "-1",
                                         "true",
                                         "1e999",
                                         ",",
                                         ":",
                                         "\"id\"",
                                         "99999999999999999999"};
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_inventory known;
    read_all(a, "strings", &known);
    uint64_t seed = 20261122;
    size_t read = 0;
    for (size_t m = 0; m < MUTATIONS; m++) {
        size_t i = (size_t)(next_random(&seed) % DR_COUNT(readers));
        const char *style = next_random(&seed) % 2 ? "strings" : "native";
        dr_auto(dr_freep) char *text = bench_data(style, readers[i].name);
        size_t n = strlen(text);
        dr_auto(dr_str_freep) struct dr_str bent = {0};
        size_t at = (size_t)(next_random(&seed) % n), len = (size_t)(next_random(&seed) % 24);
        len = at + len > n ? n - at : len;
        switch (next_random(&seed) % 4) {
        case 0: /* one character */
            text[at] = (char)(next_random(&seed) % 255 + 1);
            dr_str_addn(&bent, text, n);
            break;
        case 1: /* something else in its place */
            dr_str_addn(&bent, text, at);
            dr_str_add(&bent, pieces[next_random(&seed) % DR_COUNT(pieces)]);
            dr_str_addn(&bent, text + at + len, n - at - len);
            break;
        case 2: /* a part is gone */
            dr_str_addn(&bent, text, at);
            dr_str_addn(&bent, text + at + len, n - at - len);
            break;
        default: /* a part comes twice */
            dr_str_addn(&bent, text, at + len);
            dr_str_addn(&bent, text + at, n - at);
            break;
        }
        read += survive(i, &known, bent.s, bent.n);
    }
    print_message("figure rhv_mutations_survived %d of %d, %zu of them readable\n", MUTATIONS,
                  MUTATIONS, read);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_number_styles_say_the_same),
        cmocka_unit_test(status_of_a_domain_comes_from_its_data_center_only),
        cmocka_unit_test(an_active_domain_outside_of_a_data_center_is_not_believed),
        cmocka_unit_test(a_vm_is_where_its_disks_are),
        cmocka_unit_test(offers_keep_the_name_of_a_cluster_from_elsewhere),
        cmocka_unit_test(a_disk_that_does_not_tell_where_it_is_is_no_answer),
        cmocka_unit_test(empty_lists_come_in_two_forms),
        cmocka_unit_test(what_is_no_list_is_never_an_empty_one),
        cmocka_unit_test(cut_documents_do_no_harm),
        cmocka_unit_test(bent_documents_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
