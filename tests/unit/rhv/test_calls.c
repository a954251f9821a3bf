/* What every call sends, to the byte, and what becomes of every kind of answer. */
#include "base/mem.h"
#include "base/str.h"
#include "canned.h"
#include "rhv/calls.h"

#include <drstor/types.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define DC "d0000000-0000-4000-8000-000000000001"
#define SD "5d000000-0000-4000-8000-000000000001"
#define HOST "b0000000-0000-4000-8000-000000000001"
#define VM "a0000000-0000-4000-8000-000000000001"
#define ATTACHED API "/datacenters/" DC "/storagedomains"
#define DONE "{\"status\":\"complete\"}"

/* ---- what is sent ---------------------------------------------------------------------------- */

static const struct dr_rhv_target targets[] = {
    {"10.0.0.5:3260", "iqn.2026-01.example:erp"},
    {"[fd00::5]:3261", "iqn.2026-01.example:erp"},
};

static int
import_fcp(struct dr_rhv *r, struct dr_rhv_answer *ret, struct drstor_error **err)
{
    const struct dr_rhv_import i = {.id = SD, .name = "erp1", .host = "rome-h1", .protocol = "fcp"};
    return dr_rhv_import(r, NULL, &i, ret, err);
}

static int
import_iscsi(struct dr_rhv *r, struct dr_rhv_answer *ret, struct drstor_error **err)
{
    const struct dr_rhv_import i = {.id = SD,
                                    .host = "rome-h1",
                                    .protocol = "iscsi",
                                    .targets = targets,
                                    .n_targets = DR_COUNT(targets)};
    return dr_rhv_import(r, NULL, &i, ret, err);
}

static int
attach(struct dr_rhv *r, struct dr_rhv_answer *ret, struct drstor_error **err)
{
    return dr_rhv_attach(r, NULL, DC, SD, ret, err);
}

static int
activate(struct dr_rhv *r, struct dr_rhv_answer *ret, struct drstor_error **err)
{
    return dr_rhv_activate(r, NULL, DC, SD, ret, err);
}

static int
deactivate(struct dr_rhv *r, struct dr_rhv_answer *ret, struct drstor_error **err)
{
    return dr_rhv_deactivate(r, NULL, DC, SD, false, ret, err);
}

static int
deactivate_force(struct dr_rhv *r, struct dr_rhv_answer *ret, struct drstor_error **err)
{
    return dr_rhv_deactivate(r, NULL, DC, SD, true, ret, err);
}

static int
detach(struct dr_rhv *r, struct dr_rhv_answer *ret, struct drstor_error **err)
{
    return dr_rhv_detach(r, NULL, DC, SD, ret, err);
}

static int
remove_domain(struct dr_rhv *r, struct dr_rhv_answer *ret, struct drstor_error **err)
{
    return dr_rhv_remove(r, NULL, SD, ret, err);
}

static int
remove_vm(struct dr_rhv *r, struct dr_rhv_answer *ret, struct drstor_error **err)
{
    return dr_rhv_remove_vm(r, NULL, VM, ret, err);
}

static int
host_off(struct dr_rhv *r, struct dr_rhv_answer *ret, struct drstor_error **err)
{
    return dr_rhv_host_power(r, NULL, HOST, false, ret, err);
}

static int
host_on(struct dr_rhv *r, struct dr_rhv_answer *ret, struct drstor_error **err)
{
    return dr_rhv_host_power(r, NULL, HOST, true, ret, err);
}

static int
update_ovf(struct dr_rhv *r, struct dr_rhv_answer *ret, struct drstor_error **err)
{
    return dr_rhv_update_ovf(r, NULL, SD, ret, err);
}

static int
iscsi_login(struct dr_rhv *r, struct dr_rhv_answer *ret, struct drstor_error **err)
{
    (void)ret;
    return dr_rhv_iscsi_login(r, NULL, HOST, &targets[0], err);
}

static int
register_vm(struct dr_rhv *r, struct dr_rhv_answer *ret, struct drstor_error **err)
{
    const struct dr_vnic_map vnics[] = {
        {.from_profile = "prof1", .from_network = "net1", .to_profile_id = "VNIC-PROFILE-ID"},
        {.from_profile = "prof2",
         .from_network = "net2",
         .to_profile = "prof2b",
         .to_network = "net2b"},
        {.from_profile = "prof3", .from_network = "net3"},
    };
    const struct dr_rhv_register what = {.domain = SD,
                                         .id = VM,
                                         .cluster = "cl-dr",
                                         .vnics = vnics,
                                         .n_vnics = DR_COUNT(vnics),
                                         .reassign_bad_macs = true};
    return dr_rhv_register_vm(r, NULL, &what, ret, err);
}

/* The whole mapping: LUNs with what leads to them, and names. */
static struct dr_mapping
whole_mapping(void)
{
    static const struct dr_lun_map luns[] = {
        {.from = {.id = "3600a", .type = DR_DOMAIN_ISCSI, .username = "no"},
         .to = {.id = "3600b",
                .type = DR_DOMAIN_ISCSI,
                .address = "10.2.0.5",
                .port = 3261,
                .portal = "1",
                .target = "iqn.2026-01.example:d",
                .username = "chap"}},
        {.from = {.id = "3600c", .type = DR_DOMAIN_FCP},
         .to = {.id = "3600d", .type = DR_DOMAIN_FCP, .port = 3260}}};
    static const struct dr_pair_map groups[] = {{.from = "ag", .to = "agb"}},
                                    labels[] = {{.from = "al", .to = "alb"}},
                                    domains[] = {{.from = "ad", .to = "adb"}},
                                    roles[] = {{.from = "ar", .to = "arb"}},
                                    clusters[] = {{.from = "cl-prod", .to = "cl-dr"}};
    return (struct dr_mapping){.clusters = clusters,
                               .n_clusters = 1,
                               .affinity_groups = groups,
                               .n_affinity_groups = 1,
                               .affinity_labels = labels,
                               .n_affinity_labels = 1,
                               .domains = domains,
                               .n_domains = 1,
                               .roles = roles,
                               .n_roles = 1,
                               .luns = luns,
                               .n_luns = 2};
}

static int
register_mapped(struct dr_rhv *r, struct dr_rhv_answer *ret, struct drstor_error **err)
{
    struct dr_secret *password = dr_secret_new("chap-secret", 11);
    struct dr_mapping maps = whole_mapping();
    struct dr_lun_map luns[] = {maps.luns[0], maps.luns[1]};
    luns[0].to.password = password;
    maps.luns = luns;
    const struct dr_rhv_register what = {.domain = SD, .id = VM, .maps = &maps};
    int status = dr_rhv_register_vm(r, NULL, &what, ret, err);
    dr_secret_free(password);
    return status;
}

static int
register_template_mapped(struct dr_rhv *r, struct dr_rhv_answer *ret, struct drstor_error **err)
{
    const struct dr_mapping maps = whole_mapping();
    const struct dr_rhv_register what = {.domain = SD, .id = VM, .maps = &maps};
    return dr_rhv_register_template(r, NULL, &what, ret, err);
}

static int
register_plain(struct dr_rhv *r, struct dr_rhv_answer *ret, struct drstor_error **err)
{
    const struct dr_rhv_register what = {
        .domain = SD, .id = VM, .name = "newname", .allow_partial = true};
    return dr_rhv_register_vm(r, NULL, &what, ret, err);
}

static int
register_template(struct dr_rhv *r, struct dr_rhv_answer *ret, struct drstor_error **err)
{
    const struct dr_rhv_register what = {.domain = SD, .id = VM, .cluster = "cl-dr"};
    return dr_rhv_register_template(r, NULL, &what, ret, err);
}

static int
start(struct dr_rhv *r, struct dr_rhv_answer *ret, struct drstor_error **err)
{
    return dr_rhv_start_vm(r, NULL, VM, ret, err);
}

static int
stop(struct dr_rhv *r, struct dr_rhv_answer *ret, struct drstor_error **err)
{
    return dr_rhv_stop_vm(r, NULL, VM, ret, err);
}

static int
shut_down(struct dr_rhv *r, struct dr_rhv_answer *ret, struct drstor_error **err)
{
    return dr_rhv_shutdown_vm(r, NULL, VM, ret, err);
}

struct call_case {
    int (*call)(struct dr_rhv *r, struct dr_rhv_answer *ret, struct drstor_error **err);
    const char *method, *path, *body;
    const char *action; /* NULL: creates, and answers with the thing */
    const char *says;   /* how its failure begins */
};

/* clang-format off */
static const struct call_case calls[] = {
    {import_fcp, "POST", API "/storagedomains",
     "{\"id\":\"" SD "\",\"name\":\"erp1\",\"import\":\"true\",\"type\":\"data\",\"host\":{\"name\":\"rome-h1\"},\"storage\":{\"type\":\"fcp\"}}",
     NULL, "cannot import storage domain erp1: engine rome"},
    {import_iscsi, "POST", API "/storagedomains",
     "{\"id\":\"" SD "\",\"import\":\"true\",\"type\":\"data\",\"host\":{\"name\":\"rome-h1\"},\"storage\":{\"type\":\"iscsi\",\"logical_units\":{\"logical_unit\":["
     "{\"address\":\"10.0.0.5\",\"port\":\"3260\",\"target\":\"iqn.2026-01.example:erp\"},"
     "{\"address\":\"fd00::5\",\"port\":\"3261\",\"target\":\"iqn.2026-01.example:erp\"}]}}}",
     NULL, "cannot import storage domain " SD ": engine rome"},
    {attach, "POST", ATTACHED, "{\"id\":\"" SD "\"}", NULL, "cannot attach storage domain " SD ": engine rome"},
    {activate, "POST", ATTACHED "/" SD "/activate", "{}", DONE, "cannot activate storage domain " SD ": engine rome"},
    {deactivate, "POST", ATTACHED "/" SD "/deactivate", "{}", DONE, "cannot deactivate storage domain"},
    {deactivate_force, "POST", ATTACHED "/" SD "/deactivate", "{\"force\":\"true\"}", DONE, "cannot deactivate storage domain"},
    {detach, "DELETE", ATTACHED "/" SD, "", DONE, "cannot detach storage domain"},
    {remove_domain, "DELETE", API "/storagedomains/" SD "?destroy=true", "", DONE, "cannot remove storage domain"},
    {remove_vm, "DELETE", API "/vms/" VM "?detach_only=true", "", DONE, "cannot remove VM"},
    {host_off, "POST", API "/hosts/" HOST "/fence", "{\"fence_type\":\"stop\"}", DONE, "cannot switch host " HOST " off"},
    {host_on, "POST", API "/hosts/" HOST "/fence", "{\"fence_type\":\"start\"}", DONE, "cannot switch host " HOST " on"},
    {update_ovf, "POST", API "/storagedomains/" SD "/updateovfstore", "{}", DONE, "cannot have the OVF store of storage domain"},
    {iscsi_login, "POST", API "/hosts/" HOST "/iscsilogin",
     "{\"iscsi\":{\"address\":\"10.0.0.5\",\"port\":\"3260\",\"target\":\"iqn.2026-01.example:erp\"}}", DONE, "host " HOST " cannot log in to iqn"},
    {register_vm, "POST", API "/storagedomains/" SD "/vms/" VM "/register",
     "{\"allow_partial_import\":\"false\",\"reassign_bad_macs\":\"true\",\"cluster\":{\"name\":\"cl-dr\"},\"registration_configuration\":{"
     "\"vnic_profile_mappings\":{\"registration_vnic_profile_mapping\":["
     "{\"from\":{\"name\":\"prof1\",\"network\":{\"name\":\"net1\"}},\"to\":{\"id\":\"VNIC-PROFILE-ID\"}},"
     "{\"from\":{\"name\":\"prof2\",\"network\":{\"name\":\"net2\"}},\"to\":{\"name\":\"prof2b\",\"network\":{\"name\":\"net2b\"}}},"
     "{\"from\":{\"name\":\"prof3\",\"network\":{\"name\":\"net3\"}}}]}}}", DONE, "cannot register VM " VM},
    {register_plain, "POST", API "/storagedomains/" SD "/vms/" VM "/register",
     "{\"allow_partial_import\":\"true\",\"reassign_bad_macs\":\"false\",\"name\":\"newname\"}", DONE, "cannot register VM newname"},
    {register_template, "POST", API "/storagedomains/" SD "/templates/" VM "/register", "{\"cluster\":{\"name\":\"cl-dr\"}}", DONE, "cannot register template"},
    {register_mapped, "POST", API "/storagedomains/" SD "/vms/" VM "/register",
     "{\"allow_partial_import\":\"false\",\"reassign_bad_macs\":\"false\",\"registration_configuration\":{"
     "\"cluster_mappings\":{\"registration_cluster_mapping\":[{\"from\":{\"name\":\"cl-prod\"},\"to\":{\"name\":\"cl-dr\"}}]},"
     "\"role_mappings\":{\"registration_role_mapping\":[{\"from\":{\"name\":\"ar\"},\"to\":{\"name\":\"arb\"}}]},"
     "\"domain_mappings\":{\"registration_domain_mapping\":[{\"from\":{\"name\":\"ad\"},\"to\":{\"name\":\"adb\"}}]},"
     "\"lun_mappings\":{\"registration_lun_mapping\":["
     "{\"from\":{\"lun_storage\":{\"type\":\"iscsi\",\"logical_units\":{\"logical_unit\":[{\"id\":\"3600a\"}]}}},"
     "\"to\":{\"lun_storage\":{\"type\":\"iscsi\",\"logical_units\":{\"logical_unit\":[{\"id\":\"3600b\",\"address\":\"10.2.0.5\",\"port\":\"3261\","
     "\"portal\":\"1\",\"target\":\"iqn.2026-01.example:d\",\"username\":\"chap\",\"password\":\"chap-secret\"}]}}}},"
     "{\"from\":{\"lun_storage\":{\"type\":\"fcp\",\"logical_units\":{\"logical_unit\":[{\"id\":\"3600c\"}]}}},"
     "\"to\":{\"lun_storage\":{\"type\":\"fcp\",\"logical_units\":{\"logical_unit\":[{\"id\":\"3600d\"}]}}}}]},"
     "\"affinity_group_mappings\":{\"registration_affinity_group_mapping\":[{\"from\":{\"name\":\"ag\"},\"to\":{\"name\":\"agb\"}}]},"
     "\"affinity_label_mappings\":{\"registration_affinity_label_mapping\":[{\"from\":{\"name\":\"al\"},\"to\":{\"name\":\"alb\"}}]}}}",
     DONE, "cannot register VM " VM},
    {register_template_mapped, "POST", API "/storagedomains/" SD "/templates/" VM "/register",
     "{\"registration_configuration\":{"
     "\"cluster_mappings\":{\"registration_cluster_mapping\":[{\"from\":{\"name\":\"cl-prod\"},\"to\":{\"name\":\"cl-dr\"}}]},"
     "\"role_mappings\":{\"registration_role_mapping\":[{\"from\":{\"name\":\"ar\"},\"to\":{\"name\":\"arb\"}}]},"
     "\"domain_mappings\":{\"registration_domain_mapping\":[{\"from\":{\"name\":\"ad\"},\"to\":{\"name\":\"adb\"}}]}}}", DONE, "cannot register template"},
    {start, "POST", API "/vms/" VM "/start", "{}", DONE, "cannot start VM"},
    {stop, "POST", API "/vms/" VM "/stop", "{}", DONE, "cannot stop VM"},
    {shut_down, "POST", API "/vms/" VM "/shutdown", "{}", DONE, "cannot shut down VM"},
};
/* clang-format on */

static void
every_call_sends_what_the_engine_wants(void **state)
{
    (void)state;
    for (size_t i = 0; i < DR_COUNT(calls); i++) {
        const struct call_case *c = &calls[i];
        struct bench b;
        struct drstor_error *err = NULL;
        bench_open(&b, NULL);
        const char *reply =
            c->action ? c->action : "{\"id\":\"" SD "\",\"status\":\"maintenance\"}";
        canned_answer(b.engine, c->method, c->path, c->action ? 200 : 201, NULL, reply, 0);
        struct dr_rhv_answer answer = {.pending = true};
        assert_int_equal(c->call(b.r, &answer, &err), DRSTOR_OK);
        dr_auto(dr_freep) char *body = canned_body(b.engine, c->method, c->path);
        assert_string_equal(body, c->body);
        assert_int_equal(canned_total(b.engine), 2); /* and the login */
        bench_close(&b);
    }
}

/* ---- what comes back ------------------------------------------------------------------------- */

struct answer_case {
    int code;
    const char *type, *body;
    int status;
    const char *says;
};

#define FAULT "{\"reason\":\"Operation Failed\",\"detail\":\"[Cannot do it. It is locked.]\"}"
#define FAILED                                                                                     \
    "{\"status\":\"failed\",\"fault\":{\"reason\":\"Operation Failed\",\"detail\":\"[Cannot do "   \
    "it. It is locked.]\"}}"

/* clang-format off */
static const struct answer_case answers[] = {
    {400, NULL, FAULT, DRSTOR_E_REFUSED, "engine rome says: [Cannot do it. It is locked.] (400)"},
    {400, NULL, FAILED, DRSTOR_E_REFUSED, "engine rome says: [Cannot do it. It is locked.] (400)"},
    {403, NULL, FAULT, DRSTOR_E_AUTH, "(403)"},
    {403, "text/html", "<html>", DRSTOR_E_AUTH, "answers 403 and gives no reason"},
    {404, NULL, "", DRSTOR_E_NOTFOUND, "answers 404 and gives no reason"},
    {404, NULL, FAULT, DRSTOR_E_NOTFOUND, "(404)"},
    {405, NULL, "", DRSTOR_E_UNSUPPORTED, "405"},
    {409, NULL, FAULT, DRSTOR_E_CONFLICT, "(409)"},
    {409, NULL, FAILED, DRSTOR_E_CONFLICT, "[Cannot do it. It is locked.] (409)"},
    {409, NULL, "{\"detail\":12}", DRSTOR_E_CONFLICT, "409"},
    {409, NULL, "half of {", DRSTOR_E_CONFLICT, "409"},
    {413, NULL, "", DRSTOR_E_REFUSED, "413"},
    {429, NULL, "", DRSTOR_E_BUSY, "429"},
    {500, NULL, FAULT, DRSTOR_E_UNKNOWN, "(500)"},
    {502, "text/html", "<html>Proxy Error</html>", DRSTOR_E_UNKNOWN, "502"},
    {503, "text/html", "<html>", DRSTOR_E_UNKNOWN, "503"},
    {504, "text/html", "<html>", DRSTOR_E_UNKNOWN, "504"},
    {302, NULL, "", DRSTOR_E_UNKNOWN, "redirect"},
    {200, NULL, FAILED, DRSTOR_E_REFUSED, "It is locked"},
    {200, NULL, FAULT, DRSTOR_E_REFUSED, "It is locked"},
    {200, "text/html", "<html>Welcome</html>", DRSTOR_E_UNKNOWN, "instead of JSON"},
    {200, NULL, "{\"status\":", DRSTOR_E_UNKNOWN, "not JSON"},
    {200, NULL, "[]", DRSTOR_E_UNKNOWN, "no object"},
    {200, NULL, "null", DRSTOR_E_UNKNOWN, "no object"},
    {CANNED_LOST, NULL, NULL, DRSTOR_E_UNKNOWN, "may have happened"},
};
/* clang-format on */

static void
every_answer_is_told_from_the_others(void **state)
{
    (void)state;
    size_t wrong = 0;
    for (size_t i = 0; i < DR_COUNT(answers); i++) {
        struct bench b;
        bench_open(&b, NULL);
        for (size_t k = 0; k < DR_COUNT(calls); k++) {
            const struct answer_case *x = &answers[i];
            const struct call_case *c = &calls[k];
            struct drstor_error *err = NULL;
            int before = canned_count(b.engine, c->method, c->path);
            canned_answer(b.engine, c->method, c->path, x->code, x->type, x->body, 0);
            int status = c->call(b.r, NULL, &err);
            const char *text = dr_error_message(err);
            int sent = canned_count(b.engine, c->method, c->path) - before;
            bool good = status == x->status && strstr(text, x->says) && sent == 1 &&
                        strncmp(text, c->says, strlen(c->says)) == 0 &&
                        (dr_error_hint(err) || status == DRSTOR_E_BUSY);
            if (!good)
                print_message("%d %s: %s, sent %d: %s\n", x->code, c->path, dr_status_name(status),
                              sent, text);
            wrong += !good;
            bench_said(&b, &err);
        }
        bench_close(&b);
    }
    assert_int_equal(wrong, 0);
}

static void
accepted_is_told_from_done(void **state)
{
    (void)state;
    static const struct {
        int code;
        const char *body;
        bool pending;
        const char *job;
    } cases[] = {
        {200, "{\"status\":\"complete\",\"job\":{\"href\":\"/x\",\"id\":\"job-1\"}}", false,
         "job-1"},
        {200, "{\"status\":\"pending\"}", true, ""},
        {200, "{\"status\":\"in_progress\"}", true, ""},
        {202, "{\"async\":\"true\",\"id\":\"t1,t2\",\"status\":\"pending\"}", true, ""},
        {202, "", true, ""},
        {200, "{\"job\":{\"id\":\"../../etc\"}}", false, ""},
        {200, "", false, ""},
    };
    struct bench b;
    bench_open(&b, NULL);
    for (size_t i = 0; i < DR_COUNT(cases); i++) {
        struct dr_rhv_answer answer = {0};
        canned_answer(b.engine, "POST", API "/storagedomains/" SD "/updateovfstore", cases[i].code,
                      NULL, cases[i].body, 0);
        assert_int_equal(update_ovf(b.r, &answer, NULL), DRSTOR_OK);
        assert_int_equal(answer.pending, cases[i].pending);
        assert_string_equal(answer.job, cases[i].job);
    }
    bench_close(&b);
}

static void
an_attach_tells_whether_it_could_be_activated(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, NULL);
    struct dr_rhv_answer answer = {0};
    canned_answer(b.engine, "POST", ATTACHED, 201, NULL,
                  "{\"id\":\"" SD "\",\"status\":\"maintenance\"}", 0);
    assert_int_equal(attach(b.r, &answer, NULL), DRSTOR_OK);
    assert_int_equal(answer.domain, DR_SD_MAINTENANCE);
    canned_answer(b.engine, "POST", ATTACHED, 201, NULL, "{\"id\":\"" SD "\"}", 0);
    assert_int_equal(attach(b.r, &answer, NULL), DRSTOR_OK);
    assert_int_equal(answer.domain, DR_SD_UNKNOWN);
    bench_close(&b);
}

static void
an_import_that_makes_another_domain_is_no_import(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, NULL);
    canned_answer(b.engine, "POST", API "/storagedomains", 201, NULL, "{\"id\":\"another\"}", 0);
    assert_int_equal(import_fcp(b.r, NULL, NULL), DRSTOR_E_PROTOCOL);
    bench_close(&b);
}

static void
what_is_no_id_is_never_sent(void **state)
{
    (void)state;
    static const char *const bad[] = {"",   "..",  "a/b",      "x?format=true", "x#",
                                      NULL, "a b", "\xc3\xa4", "%2e%2e"};
    struct bench b;
    bench_open(&b, NULL);
    for (size_t i = 0; i < DR_COUNT(bad); i++) {
        const char *id = bad[i];
        const struct dr_rhv_import import = {.id = id, .host = "h", .protocol = "fcp"};
        const struct dr_rhv_register what = {.domain = SD, .id = id};
        struct dr_inv_vm vm;
        assert_int_equal(dr_rhv_start_vm(b.r, NULL, id, NULL, NULL), DRSTOR_E_INVALID);
        assert_int_equal(dr_rhv_attach(b.r, NULL, id, SD, NULL, NULL), DRSTOR_E_INVALID);
        assert_int_equal(dr_rhv_attach(b.r, NULL, DC, id, NULL, NULL), DRSTOR_E_INVALID);
        assert_int_equal(dr_rhv_activate(b.r, NULL, DC, id, NULL, NULL), DRSTOR_E_INVALID);
        assert_int_equal(dr_rhv_detach(b.r, NULL, DC, id, NULL, NULL), DRSTOR_E_INVALID);
        assert_int_equal(dr_rhv_remove(b.r, NULL, id, NULL, NULL), DRSTOR_E_INVALID);
        assert_int_equal(dr_rhv_remove_vm(b.r, NULL, id, NULL, NULL), DRSTOR_E_INVALID);
        assert_int_equal(dr_rhv_import(b.r, NULL, &import, NULL, NULL), DRSTOR_E_INVALID);
        assert_int_equal(dr_rhv_register_vm(b.r, NULL, &what, NULL, NULL), DRSTOR_E_INVALID);
        assert_int_equal(dr_rhv_get_vm(b.r, NULL, id, b.a, &vm, NULL), DRSTOR_E_INVALID);
    }
    assert_int_equal(canned_total(b.engine), 0);
    bench_close(&b);
}

static void
only_fcp_and_iscsi_are_imported(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, NULL);
    struct dr_rhv_import import = {.id = SD, .host = "h", .protocol = "nfs"};
    assert_int_equal(dr_rhv_import(b.r, NULL, &import, NULL, NULL), DRSTOR_E_INVALID);
    import.protocol = NULL;
    assert_int_equal(dr_rhv_import(b.r, NULL, &import, NULL, NULL), DRSTOR_E_INVALID);
    import.protocol = "iscsi"; /* without a target */
    assert_int_equal(dr_rhv_import(b.r, NULL, &import, NULL, NULL), DRSTOR_E_INVALID);
    import.protocol = "fcp";
    import.host = NULL;
    assert_int_equal(dr_rhv_import(b.r, NULL, &import, NULL, NULL), DRSTOR_E_INVALID);
    assert_int_equal(canned_total(b.engine), 0);
    bench_close(&b);
}

/* ---- reads ----------------------------------------------------------------------------------- */

static void
a_vm_is_read_by_its_id(void **state)
{
    (void)state;
    static const struct answer_case cases[] = {
        {404, NULL, "", DRSTOR_E_NOTFOUND, "404"},
        {404, NULL, FAULT, DRSTOR_E_NOTFOUND, "locked"},
        {404, "text/html", "<html>Not here</html>", DRSTOR_E_PROTOCOL, "not the engine's"},
        {503, "text/html", "<html>", DRSTOR_E_UNREACHABLE, "503"},
        {500, NULL, FAULT, DRSTOR_E_UNREACHABLE, "500"},
        {202, NULL, "{}", DRSTOR_E_PROTOCOL, "202"},
        {200, NULL, "{\"id\":\"another\"}", DRSTOR_E_PROTOCOL, "something else"},
        {200, NULL, "", DRSTOR_E_PROTOCOL, "empty"},
        {CANNED_LOST, NULL, NULL, DRSTOR_E_UNREACHABLE, "repeated"},
    };
    struct bench b;
    bench_open(&b, NULL);
    struct dr_inv_vm vm;
    for (size_t i = 0; i < DR_COUNT(cases); i++) {
        struct drstor_error *err = NULL;
        canned_answer(b.engine, "GET", API "/vms/" VM, cases[i].code, cases[i].type, cases[i].body,
                      0);
        assert_int_equal(dr_rhv_get_vm(b.r, NULL, VM, b.a, &vm, &err), cases[i].status);
        assert_non_null(strstr(dr_error_message(err), cases[i].says));
        bench_said(&b, &err);
    }
    canned_answer(b.engine, "GET", API "/vms/" VM, 200, NULL,
                  "{\"id\":\"" VM "\",\"name\":\"erp-db\",\"status\":\"up\","
                  "\"high_availability\":{\"enabled\":true,\"priority\":100},"
                  "\"lease\":{\"storage_domain\":{\"id\":\"" SD "\"}}}",
                  0);
    assert_int_equal(dr_rhv_get_vm(b.r, NULL, VM, b.a, &vm, NULL), DRSTOR_OK);
    assert_string_equal(vm.name, "erp-db");
    assert_int_equal(vm.status, DR_VM_UP);
    assert_true(vm.ha);
    assert_int_equal(vm.priority, 100);
    assert_string_equal(vm.lease, SD);
    bench_close(&b);
}

#define EVENTS API "/events?search=correlation_id=" CANNED_RUN "&max=10000"

static void
events_of_a_run_come_oldest_first_and_are_its_own(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, NULL);
    static const char text[] =
        "{\"event\":["
        "{\"id\":\"1203\",\"index\":\"1203\",\"code\":\"1188\",\"severity\":\"warning\","
        "\"time\":1767630835851,\"description\":\"VM erp-db is "
        "partial\",\"correlation_id\":\"" CANNED_RUN "\",\"vm\":{\"id\":\"" VM "\"}},"
        "{\"id\":\"1202\",\"index\":\"1202\",\"code\":\"30\",\"correlation_id\":\"another\"},"
        "{\"id\":\"1201\",\"code\":54,\"correlation_id\":\"" CANNED_RUN "\"}]}";
    canned_answer(b.engine, "GET", EVENTS, 200, NULL, text, 0);
    canned_answer(b.engine, "GET", EVENTS "&from=1201", 200, NULL, text, 0);
    struct dr_rhv_event *events;
    size_t n;
    assert_int_equal(dr_rhv_events(b.r, NULL, CANNED_RUN, -1, b.a, &events, &n, NULL), DRSTOR_OK);
    assert_int_equal(n, 2);
    assert_int_equal(events[0].code, DR_RHV_EVENT_VM_START_FAILED);
    assert_int_equal(events[0].index, 1201);
    assert_int_equal(events[0].utc, -1);
    assert_int_equal(events[1].code, DR_RHV_EVENT_VM_INCOMPLETE);
    assert_int_equal(events[1].utc, 1767630835);
    assert_string_equal(events[1].text, "VM erp-db is partial");
    assert_string_equal(events[1].vm, VM);
    assert_int_equal(dr_rhv_events(b.r, NULL, CANNED_RUN, 1201, b.a, &events, &n, NULL), DRSTOR_OK);
    assert_int_equal(n, 1);
    bench_close(&b);
}

static void
a_job_nobody_remembers_is_not_found(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, NULL);
    enum drstor_job_state job;
    canned_answer(b.engine, "GET", API "/jobs/j1", 200, NULL, "{\"status\":\"finished\"}", 0);
    canned_answer(b.engine, "GET", API "/jobs/j2", 200, NULL, "{\"status\":\"dancing\"}", 0);
    assert_int_equal(dr_rhv_job(b.r, NULL, "j1", &job, NULL), DRSTOR_OK);
    assert_int_equal(job, DRSTOR_JOB_SUCCEEDED);
    assert_int_equal(dr_rhv_job(b.r, NULL, "j2", &job, NULL), DRSTOR_OK);
    assert_int_equal(job, DRSTOR_JOB_UNKNOWN);
    assert_int_equal(dr_rhv_job(b.r, NULL, "j3", &job, NULL), DRSTOR_E_NOTFOUND);
    bench_close(&b);
}

/* ---- discover -------------------------------------------------------------------------------- */

#define DISCOVER API "/hosts/" HOST "/unregisteredstoragedomainsdiscover"
#define STORAGE API "/hosts/" HOST "/storage?report_status=false"

static void
discovered_luns_are_found_by_their_volume_group(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, NULL);
    canned_answer(b.engine, "POST", DISCOVER, 200, NULL,
                  "{\"status\":\"complete\",\"storage_domains\":{\"storage_domain\":["
                  "{\"id\":\"" SD "\",\"name\":\"erp1\",\"type\":\"data\",\"storage\":{\"type\":"
                  "\"fcp\",\"volume_group\":{\"id\":\"vg1\"}}}]}}",
                  0);
    canned_answer(b.engine, "GET", STORAGE, 200, NULL,
                  "{\"host_storage\":[{\"id\":\"w1\",\"type\":\"fcp\",\"logical_units\":{\"logical_"
                  "unit\":[{\"id\":\"3600a1\",\"volume_group_id\":\"vg1\"}]}},"
                  "{\"id\":\"w2\",\"logical_units\":{\"logical_unit\":[{\"id\":\"3600a2\","
                  "\"volume_group_id\":\"vg2\"}]}},{\"id\":\"w3\"}]}",
                  0);
    struct dr_inv_domain *found;
    size_t n;
    assert_int_equal(dr_rhv_discover(b.r, NULL, HOST, NULL, 0, b.a, &found, &n, NULL), DRSTOR_OK);
    assert_int_equal(n, 1);
    assert_string_equal(found[0].id, SD);
    assert_int_equal(found[0].n_wwids, 1);
    assert_string_equal(found[0].wwids[0], "3600a1");
    dr_auto(dr_freep) char *body = canned_body(b.engine, "POST", DISCOVER);
    assert_string_equal(body, "{}");
    bench_close(&b);
}

static void
luns_that_discover_tells_need_no_second_question(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, NULL);
    canned_answer(b.engine, "POST", DISCOVER, 200, NULL,
                  "{\"status\":\"complete\",\"storage_domains\":{\"storage_domain\":[{\"id\":\"" SD
                  "\",\"storage\":{\"type\":\"iscsi\",\"volume_group\":{\"id\":\"vg1\",\"logical_"
                  "units\":{\"logical_unit\":[{\"id\":\"3600a1\"}]}}}}]}}",
                  0);
    struct dr_inv_domain *found;
    size_t n;
    assert_int_equal(
        dr_rhv_discover(b.r, NULL, HOST, targets, DR_COUNT(targets), b.a, &found, &n, NULL),
        DRSTOR_OK);
    assert_int_equal(n, 1); /* both portals show the same one */
    assert_string_equal(found[0].wwids[0], "3600a1");
    assert_int_equal(canned_count(b.engine, "POST", DISCOVER), 2);
    assert_int_equal(canned_count(b.engine, "GET", STORAGE), 0);
    dr_auto(dr_freep) char *body = canned_body(b.engine, "POST", DISCOVER);
    assert_string_equal(body, "{\"iscsi\":{\"address\":\"fd00::5\",\"port\":\"3261\"},\"iscsi_"
                              "targets\":{\"iscsi_target\":[\"iqn.2026-01.example:erp\"]}}");
    bench_close(&b);
}

static void
a_discover_that_is_not_over_is_not_none(void **state)
{
    (void)state;
    static const struct answer_case cases[] = {
        {200, NULL, "{\"status\":\"complete\"}", DRSTOR_OK, ""},
        {200, NULL, "{\"status\":\"complete\",\"storage_domains\":{}}", DRSTOR_OK, ""},
        {200, NULL, "{\"status\":\"pending\"}", DRSTOR_E_BUSY, "not finished"},
        {202, NULL, "{\"status\":\"pending\"}", DRSTOR_E_PROTOCOL, "202"},
        {200, NULL, FAILED, DRSTOR_E_REFUSED, "locked"},
        {409, NULL, FAILED, DRSTOR_E_CONFLICT, "locked"},
        {200, NULL, "{\"status\":\"complete\",\"storage_domains\":{\"storage_domain\":{}}}",
         DRSTOR_E_PROTOCOL, "list"},
    };
    struct bench b;
    bench_open(&b, NULL);
    for (size_t i = 0; i < DR_COUNT(cases); i++) {
        struct drstor_error *err = NULL;
        struct dr_inv_domain *found;
        size_t n = 7;
        canned_answer(b.engine, "POST", DISCOVER, cases[i].code, NULL, cases[i].body, 0);
        assert_int_equal(dr_rhv_discover(b.r, NULL, HOST, NULL, 0, b.a, &found, &n, &err),
                         cases[i].status);
        assert_non_null(strstr(dr_error_message(err), cases[i].says));
        assert_int_equal(n, cases[i].status == DRSTOR_OK ? 0 : 7);
        bench_said(&b, &err);
    }
    bench_close(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_sends_what_the_engine_wants),
        cmocka_unit_test(every_answer_is_told_from_the_others),
        cmocka_unit_test(accepted_is_told_from_done),
        cmocka_unit_test(an_attach_tells_whether_it_could_be_activated),
        cmocka_unit_test(an_import_that_makes_another_domain_is_no_import),
        cmocka_unit_test(what_is_no_id_is_never_sent),
        cmocka_unit_test(only_fcp_and_iscsi_are_imported),
        cmocka_unit_test(a_vm_is_read_by_its_id),
        cmocka_unit_test(events_of_a_run_come_oldest_first_and_are_its_own),
        cmocka_unit_test(a_job_nobody_remembers_is_not_found),
        cmocka_unit_test(discovered_luns_are_found_by_their_volume_group),
        cmocka_unit_test(luns_that_discover_tells_need_no_second_question),
        cmocka_unit_test(a_discover_that_is_not_over_is_not_none),
    };
    return cmocka_run_group_tests(tests, bench_certificates, bench_certificates_gone);
}
