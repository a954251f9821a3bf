/*
 * Every fault that an engine is known for, one row each, named as the engine's reference names it.
 * The end is all of the VMs at the other site, whole, or a stop that names what is missing, with 4
 * or 5: then the rest runs all the same, and once that is put right a resume ends it. Never 0 with
 * something missing.
 *
 *     test_engine_faults [NAME]      one of them, with its history
 */
#include "support/house_engine.h"
#include "support/house_site.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DB "a1100000-0000-4000-8000-000000000001"
#define ERP1 "a1200000-0000-4000-8000-000000000001"
#define ERP2 "a1300000-0000-4000-8000-000000000001"
#define WEB "a1400000-0000-4000-8000-000000000001"
#define LATE "a1500000-0000-4000-8000-000000000001"
#define SD_DB "5d200000-0000-4000-8000-000000000001"
#define SD_ERP "5d100000-0000-4000-8000-000000000001"
#define SD_WEB "5d300000-0000-4000-8000-000000000001"
#define DC_ROME "dcb00000-0000-4000-8000-000000000001"
#define CLUSTER_ROME "c1b00000-0000-4000-8000-000000000001"

#define TO_ROME "{\"verb\":\"promote\",\"all\":true,\"to\":\"rome\"}"
#define FAULT(words) "{'command':'fault'," words "}"
#define AT(op, kind) FAULT("'op':'" op "','kind':'" kind "'")
#define OF(op, object, kind) FAULT("'op':'" op "','object':'" object "','kind':'" kind "'")
#define ALWAYS ",'times':-1}"

enum { VM_DB = 1, VM_ERP1 = 2, VM_ERP2 = 4, VM_WEB = 8, VM_ALL = 15 };
static const struct {
    const char *id, *name;
    int bit;
} vms[] = {
    {DB, "db1", VM_DB}, {ERP1, "erp1", VM_ERP1}, {ERP2, "erp2", VM_ERP2}, {WEB, "web1", VM_WEB}};

enum flow {
    MOVED, /* planned */
    LOST,  /* milan is lost, and was seen before */
    BLIND  /* it is lost, and nothing was ever read from its engine */
};

struct row {
    const char *name;
    enum flow flow;
    const char *fault[3];                  /* at rome's engine */
    const char *rhv;                       /* of the configuration */
    void (*engines)(struct house_plan *p); /* changes what they begin with */
    void (*strikes)(struct house *h);      /* beside the faults, before it is asked for */
    bool late;                             /* the faults begin when it is under way */
    void (*while_it_runs)(struct house *h);
    int exit;         /* of what was asked for */
    const char *says; /* that must be told when it is not 0, or in spite of that */
    int missing;      /* VMs that do not run then */
    bool given_up;    /* it cannot be put right: it is given up, and served without it */
    void (*mended)(struct house *h); /* beside the faults being gone */
    int more_disks;                  /* of erp2, beside its one */
};

struct story {
    const struct row *row;
    const struct house_plan *plan;
    bool good;
};

static void wrong(struct story *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
wrong(struct story *s, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    (void)fprintf(stderr, "%s: ", s->row->name);
    (void)vfprintf(stderr, format, ap);
    (void)fprintf(stderr, "\n");
    va_end(ap);
    s->good = false;
}

/* ---- what is there, at the end --------------------------------------------------------------- */

static size_t
parts_of(struct house *h, const char *vm, const char *parts, const char *word, const char *with)
{
    struct json_object *o = NULL;
    size_t n = 0;
    (void)engine_ask(h, "rome", "GET", dr_arena_printf(house_arena(h), "vms/%s/%s", vm, parts),
                     NULL, &o);
    struct json_object *list = dr_json_get(o, word);
    for (size_t i = 0; i < dr_json_length(list); i++)
        n += !with || dr_json_get(json_object_array_get_idx(list, i), with);
    (void)json_object_put(o);
    return n;
}

static void
runs_whole(struct house *h, struct story *s, size_t i)
{
    size_t disks = 1 + (vms[i].bit == VM_ERP2 ? (size_t)s->row->more_disks : 0);
    size_t have = parts_of(h, vms[i].id, "diskattachments", "disk_attachment", NULL);
    const char *status = engine_vm(h, "rome", vms[i].id);
    if (!dr_streq(status, "up") && !dr_streq(status, "powering_up"))
        wrong(s, "VM %s is %s at rome", vms[i].name, status);
    if (have != disks)
        wrong(s, "VM %s has %zu of %zu disks", vms[i].name, have, disks);
    if (parts_of(h, vms[i].id, "nics", "nic", "vnic_profile") != 1)
        wrong(s, "VM %s is on no network", vms[i].name);
    if (s->row->flow == MOVED && engine_runs(h, "milan", vms[i].id))
        wrong(s, "VM %s runs at milan, too", vms[i].name);
}

static void
all_whole(struct house *h, struct story *s)
{
    static const char *const domains[] = {SD_DB, SD_ERP, SD_WEB};
    for (size_t i = 0; i < DR_COUNT(vms); i++)
        runs_whole(h, s, i);
    for (size_t i = 0; i < DR_COUNT(domains); i++)
        if (!dr_streq(engine_domain(h, "rome", domains[i]), "active"))
            wrong(s, "domain %s is %s at rome", domains[i], engine_domain(h, "rome", domains[i]));
    if (!house_site_served(h, s->plan->model, "rome", 2))
        wrong(s, "it is not served from rome");
}

/* ---- one of them ----------------------------------------------------------------------------- */

static void
lose_milan(struct house *h, struct controller *c)
{
    static const struct errand_what observe = {.kind = ERRAND_OBSERVE};
    if (sim_enter(house_world(h)) < 0 || sim_site_set(house_world(h), "milan", SIM_SITE_DEAD) < 0 ||
        sim_leave(house_world(h)) < 0)
        abort();
    house_reach(h, "milan", HOUSE_REACH_SILENT);
    house_hosts_lost(h, "milan");
    (void)errand_do(c, &observe);
    house_sleep_ms(h, 25000);
}

static void
first_end(struct house *h, struct story *s, const struct errand *e)
{
    const struct row *r = s->row;
    if (e->died || e->exit != r->exit)
        wrong(s, "it ends with %d, not %d: %s%s", e->exit, r->exit,
              e->error ? drstor_error_message(e->error) : "",
              e->json && errand_says(e, "text") ? errand_says(e, "text") : "");
    if (r->says && (!e->json || !strstr(e->json, r->says)))
        wrong(s, "nothing is told of \"%s\", but %s", r->says,
              e->json ? errand_says(e, "text") : "nothing");
    for (size_t i = 0; i < DR_COUNT(vms) && r->exit; i++)
        if (engine_runs(h, "rome", vms[i].id) == ((r->missing & vms[i].bit) != 0))
            wrong(s, "VM %s is %s while something else is missing", vms[i].name,
                  engine_vm(h, "rome", vms[i].id));
}

static void
tell(struct house *h, void *arg)
{
    static const struct errand_what adopt = {.kind = ERRAND_ADOPT},
                                    resume = {.kind = ERRAND_RESUME},
                                    serve = {.kind = ERRAND_ACT, .goal = TO_ROME};
    struct story *s = arg;
    const struct row *r = s->row;
    const struct errand_what asked = {
        .kind = ERRAND_ACT,
        .goal = r->flow == MOVED
                    ? TO_ROME
                    : "{\"verb\":\"promote\",\"all\":true,\"to\":\"rome\",\"unplanned\":true}",
        .accept_loss = r->flow == MOVED ? NULL : "unknown",
        .declare = r->flow == MOVED ? NULL : "site-lost:milan",
        .reason = r->flow == MOVED ? NULL : "test"};
    struct controller *c = house_controller(h, "first");
    /* Which VMs run is in their domains after an hour. */
    house_sleep_ms(h, r->flow == BLIND ? 3700000 : 70000);
    if (r->flow == BLIND)
        house_reach(h, "milan", HOUSE_REACH_SILENT);
    if (errand_do(c, &adopt)->exit != 0)
        wrong(s, "adopt failed");
    if (r->strikes)
        r->strikes(h);
    if (r->flow != MOVED)
        lose_milan(h, c);
    struct errand *e = r->late ? errand_begin(c, &asked) : NULL;
    if (r->late)
        house_sleep_ms(h, 8000);
    for (size_t i = 0; i < DR_COUNT(r->fault) && r->fault[i]; i++)
        engine_told(h, "rome", r->fault[i]);
    e = e ? e : errand_begin(c, &asked);
    if (r->while_it_runs)
        r->while_it_runs(h);
    first_end(h, s, errand_end(e));
    if (r->exit) {
        engine_told(h, "rome", "{'command':'clear_faults'}");
        if (r->mended)
            r->mended(h);
        struct controller *next = house_controller(h, "second");
        const struct errand_what give_up = {.kind = ERRAND_ABORT, .goal = errand_says(e, "run")};
        const struct errand *again = errand_do(next, r->given_up ? &give_up : &resume);
        if (r->given_up && again->exit == 0)
            again = errand_do(next, &serve);
        if (again->exit != 0)
            wrong(s, "what follows ends with %d: %s%s", again->exit,
                  again->error ? drstor_error_message(again->error) : "",
                  again->json && errand_says(again, "text") ? errand_says(again, "text") : "");
    }
    all_whole(h, s);
}

/* ---- what strikes, and what mends it --------------------------------------------------------- */

static void
by_hand(struct house *h, const char *method, const char *path, const char *body, int status)
{
    int is = engine_ask(h, "rome", method, path, body, NULL);
    if (is != status) {
        (void)fprintf(stderr, "%s %s: %d\n", method, path, is);
        abort();
    }
}

/* Somebody's at rome, with a name or an address that one of ours has. */
static void
a_vm_at_rome(struct house_plan *p, const char *name, const char *mac)
{
    struct json_object *vm = json_object_new_object(), *list = json_object_new_array();
    struct json_object *nic = json_object_new_object(), *nics = json_object_new_array();
    dr_json_set_str(vm, "id", "b1100000-0000-4000-8000-000000000001");
    dr_json_set_str(vm, "name", name);
    dr_json_set_str(vm, "cluster", "standby");
    dr_json_set_str(nic, "id", "nic9");
    dr_json_set_str(nic, "name", "nic1");
    dr_json_set_str(nic, "mac", mac);
    (void)json_object_array_add(nics, nic);
    dr_json_set(vm, "nics", nics);
    (void)json_object_array_add(list, vm);
    dr_json_set(p->engines[1], "vms", list);
}

static void
its_name_is_taken(struct house_plan *p)
{
    a_vm_at_rome(p, "erp1", "56:6f:00:00:00:99");
}

static void
its_mac_is_taken(struct house_plan *p)
{
    a_vm_at_rome(p, "somebody", "56:6f:00:00:00:02");
}

/* And the pool has nothing left that it could get instead. */
static void
the_pool_is_empty(struct house_plan *p)
{
    its_mac_is_taken(p);
    struct json_object *range = json_object_new_object(), *ranges = json_object_new_object(),
                       *pool = json_object_new_object(), *list = json_object_new_array(),
                       *pools = json_object_new_array();
    dr_json_set_str(range, "from", "56:6f:00:00:00:02");
    dr_json_set_str(range, "to", "56:6f:00:00:00:02");
    (void)json_object_array_add(list, range);
    dr_json_set(ranges, "range", list);
    dr_json_set_str(pool, "id", "9a000000-0000-4000-8000-000000000001");
    dr_json_set_str(pool, "name", "Default");
    dr_json_set_bool(pool, "default_pool", true);
    dr_json_set(pool, "ranges", ranges);
    (void)json_object_array_add(pools, pool);
    dr_json_set(p->engines[1], "macpools", pools);
}

static void
the_other_one_is_removed(struct house *h)
{
    by_hand(h, "DELETE", "vms/b1100000-0000-4000-8000-000000000001", NULL, 200);
}

static void
the_pool_grows(struct house *h)
{
    by_hand(h, "PUT", "macpools/9a000000-0000-4000-8000-000000000001",
            "{'ranges':{'range':[{'from':'56:6f:00:00:00:00','to':'56:6f:00:00:00:ff'}]}}", 200);
}

static void
its_network_is_chosen(struct house *h)
{
    struct json_object *o = NULL;
    (void)engine_ask(h, "rome", "GET", "vms/" ERP1 "/nics", NULL, &o);
    const char *nic = dr_json_str(json_object_array_get_idx(dr_json_get(o, "nic"), 0), "id");
    by_hand(h, "PUT", dr_arena_printf(house_arena(h), "vms/" ERP1 "/nics/%s", nic),
            "{'vnic_profile':{'id':'bfb00000-0000-4000-8000-000000000001'}}", 200);
    (void)json_object_put(o);
}

static void
its_host_is_down(struct house *h)
{
    engine_told(h, "rome", "{'command':'host','host':'rome1','status':'non_responsive'}");
}

static void
its_host_is_up(struct house *h)
{
    engine_told(h, "rome", "{'command':'host','host':'rome1','status':'up'}");
}

/* Without writing to it: while its host is away, it is forgotten. */
static void
is_forgotten(struct house *h, const char *domain)
{
    its_host_is_down(h);
    for (int i = 0; i < 100 && dr_streq(engine_domain(h, "rome", domain), "active"); i++)
        house_sleep_ms(h, 10000);
    by_hand(h, "DELETE", dr_arena_printf(house_arena(h), "storagedomains/%s?destroy=true", domain),
            NULL, 200);
    its_host_is_up(h);
    house_sleep_ms(h, 600000);
}

static void
erp_is_forgotten(struct house *h)
{
    is_forgotten(h, SD_ERP);
}

static void
web_is_forgotten(struct house *h)
{
    is_forgotten(h, SD_WEB);
}

static void
sessions_end_while_it_runs(struct house *h)
{
    for (int i = 0; i < 30; i++) {
        house_sleep_ms(h, 2000);
        engine_told(h, "rome", "{'command':'expire_sessions'}");
    }
}

/* Made after the configuration of its domain was written last. */
static void
a_vm_comes_late(struct house *h)
{
    static const struct errand_what observe = {.kind = ERRAND_OBSERVE};
    engine_told(h, "milan",
                "{'command':'add_vm','vm':{'id':'" LATE "','name':'late1','status':'up',"
                "'cluster':'production','disks':[{'id':'d1550000-0000-4000-8000-000000000001',"
                "'name':'late1','storage_domain':'" SD_WEB "'}]}}");
    (void)errand_do(house_controller(h, "looks"), &observe);
}

static void
numbers_are_numbers(struct house_plan *p)
{
    for (size_t i = 0; i < p->n_engines; i++)
        dr_json_set_str(p->engines[i], "integers", "native");
}

static void
erp2_has_disks_everywhere(struct house_plan *p)
{
    static const char *const on[] = {SD_WEB, SD_DB};
    struct json_object *vm = json_object_array_get_idx(dr_json_get(p->engines[0], "vms"), 2);
    for (size_t i = 0; i < DR_COUNT(on); i++) {
        struct json_object *disk = json_object_new_object();
        dr_json_set_str(disk, "id",
                        i ? "d15c0000-0000-4000-8000-000000000001"
                          : "d15b0000-0000-4000-8000-000000000001");
        dr_json_set_str(disk, "name", i ? "third" : "second");
        dr_json_set_str(disk, "storage_domain", on[i]);
        (void)json_object_array_add(dr_json_get(vm, "disks"), disk);
    }
}

/* ---- all of them ----------------------------------------------------------------------------- */

static const char no_new_macs[] = "    dr_reset_mac_pool: false\n";

static const struct row rows[] = {
    /* 409 locked N times then success */
    {.name = "409-locked-then-success",
     .fault = {FAULT("'op':'attach','kind':'locked','times':5"),
               FAULT("'op':'register_vm','kind':'locked','times':9"),
               FAULT("'op':'start','kind':'locked','times':9")}},
    {.name = "409-locked-for-a-minute",
     .fault = {FAULT("'op':'register_vm','object':'" ERP1 "','kind':'locked','times':14")}},
    {.name = "409-locked-for-ever-register",
     .fault = {FAULT("'op':'register_vm','object':'" ERP1 "','kind':'locked','times':-1")},
     .exit = 4,
     .says = "VM erp1: ",
     .missing = VM_ERP1},
    {.name = "409-locked-for-ever-attach",
     .flow = LOST,
     .fault = {FAULT("'op':'attach','object':'" SD_WEB "','kind':'locked','times':-1")},
     .exit = 4,
     .says = "storage domain",
     .missing = VM_WEB},
    /* 400 while executing attach */
    {.name = "400-while-executing-attach",
     .fault = {FAULT("'op':'attach','object':'" SD_ERP "','kind':'exec-fails','times':2")}},
    {.name = "400-while-executing-every-attach",
     .flow = LOST,
     .fault = {FAULT("'op':'attach','object':'" SD_ERP "','kind':'exec-fails','times':-1")},
     .exit = 4,
     .says = "storage domain",
     .missing = VM_ERP1 | VM_ERP2},
    /* attach succeeds but activation fails */
    {.name = "attach-succeeds-but-activation-fails",
     .fault = {OF("attach", SD_WEB, "activation-fails"),
               OF("activate", SD_WEB, "activation-fails")}},
    {.name = "no-activation-succeeds",
     .flow = LOST,
     .fault = {FAULT("'op':'attach','object':'" SD_WEB "','kind':'activation-fails','times':-1"),
               FAULT("'op':'activate','object':'" SD_WEB "','kind':'activation-fails','times':-1")},
     .exit = 4,
     .says = "storage domain",
     .missing = VM_WEB},
    /* 500; 502 HTML page */
    {.name = "500",
     .late = true,
     .fault = {AT("list_vms", "500"), FAULT("'op':'import','kind':'500','times':2"),
               FAULT("'op':'start','kind':'500','when':'after','times':3")}},
    {.name = "500-for-ever",
     .fault = {FAULT("'op':'start','object':'" DB "','kind':'500','times':-1")},
     .exit = 4,
     .says = "VM db1",
     .missing = VM_DB},
    {.name = "502-html-page",
     .late = true,
     .fault = {FAULT("'op':'list_storagedomains','kind':'502','times':3"),
               FAULT("'op':'attach','kind':'502','when':'after','times':2"),
               FAULT("'op':'register_vm','kind':'502','times':2")}},
    {.name = "502-html-page-for-ever",
     .late = true,
     .fault = {FAULT("'op':'list_vms','kind':'502','times':-1")},
     .exit = 4,
     .says = "502",
     .missing = VM_ALL},
    /* connection reset before and after the operation took effect (lost reply) */
    {.name = "reset-before",
     .fault = {FAULT("'op':'import','kind':'drop','times':2"),
               FAULT("'op':'attach','kind':'drop','times':2"),
               FAULT("'op':'start','kind':'drop','times':2")}},
    {.name = "reset-after-lost-reply",
     .fault = {FAULT("'op':'attach','kind':'drop','when':'after','times':-1"),
               FAULT("'op':'register_vm','kind':'drop','when':'after','times':-1"),
               FAULT("'op':'start','kind':'drop','when':'after','times':-1")}},
    /* 401 in the middle; token with expiry */
    {.name = "401-in-the-middle",
     .late = true,
     .fault = {AT("attach", "401"), AT("register_vm", "401"), AT("list_vms", "401")}},
    {.name = "tokens-expire", .while_it_runs = sessions_end_while_it_runs},
    /* slow reply */
    {.name = "slow-reply",
     .fault = {FAULT("'op':'attach','kind':'slow','delay_ms':1000000"),
               FAULT("'op':'start','object':'" WEB "','kind':'slow','delay_ms':1000000")}},
    /* register conflicts on name */
    {.name = "register-conflicts-on-name-once",
     .fault = {OF("register_vm", ERP1, "name-conflict")}},
    {.name = "register-conflicts-on-name",
     .engines = its_name_is_taken,
     .exit = 4,
     .says = "VM erp1: another VM there has its name",
     .missing = VM_ERP1,
     .mended = the_other_one_is_removed},
    {.name = "register-conflicts-on-mac",
     .engines = its_mac_is_taken,
     .rhv = no_new_macs,
     .exit = 4,
     .says = "VM erp1: ",
     .missing = VM_ERP1,
     .mended = the_other_one_is_removed},
    {.name = "mac-is-exchanged", .engines = its_mac_is_taken},
    {.name = "mac-pool-is-exhausted",
     .engines = the_pool_is_empty,
     .exit = 4,
     .says = "VM erp1: ",
     .missing = VM_ALL,
     .mended = the_pool_grows},
    /* partial import event 1188 */
    {.name = "partial-import-1188",
     .fault = {OF("register_vm", ERP1, "partial-import")},
     .exit = 4,
     .says = "VM erp1 is at rome without some of its parts",
     .mended = its_network_is_chosen},
    {.name = "partial-import-1188-lost-reply",
     .fault = {OF("register_vm", ERP1, "partial-import"),
               FAULT("'op':'register_vm','object':'" ERP1 "','kind':'drop','when':'after'")},
     .exit = 4,
     .says = "VM erp1 is at rome without some of its parts",
     .mended = its_network_is_chosen},
    /* OVF read failure 1017 (empty VM list) */
    {.name = "ovf-read-failure-1017",
     .fault = {OF("attach", SD_ERP, "ovf-unreadable")},
     .exit = 4,
     .says = "could not read which VMs storage domain erp holds",
     .missing = VM_ERP1 | VM_ERP2,
     .mended = erp_is_forgotten},
    {.name = "ovf-read-failure-1017-blind",
     .flow = BLIND,
     .fault = {OF("attach", SD_WEB, "ovf-unreadable")},
     .exit = 4,
     .says = "could not read which VMs storage domain web holds",
     .missing = VM_WEB,
     .mended = web_is_forgotten},
    /* VM start 409 until a lease-ready time */
    {.name = "start-409-until-lease-ready",
     .fault = {FAULT("'op':'start','kind':'not-ready','for_ms':240000")}},
    /* VM falls to down after start */
    {.name = "falls-to-down-after-start", .fault = {OF("start", ERP2, "falls-down")}},
    {.name = "falls-to-down-after-every-start",
     .fault = {FAULT("'op':'start','object':'" ERP2 "','kind':'falls-down','times':-1")},
     .exit = 4,
     .says = "VM erp2 does not start",
     .missing = VM_ERP2},
    /* DC problematic */
    {.name = "dc-problematic", .fault = {FAULT("'op':'attach','kind':'dc-problematic','times':6")}},
    {.name = "dc-problematic-for-ever",
     .flow = LOST,
     .fault = {FAULT("'op':'attach','kind':'dc-problematic','times':-1")},
     .exit = 4,
     .says = "storage domain",
     .missing = VM_ALL},
    /* no host up */
    {.name = "no-host-up",
     .late = true,
     .while_it_runs = its_host_is_down,
     .exit = 4,
     .says = "no host is up in data centre dc-rome",
     .missing = VM_ALL,
     .mended = its_host_is_up},
    {.name = "no-host-up-for-a-while",
     .fault = {FAULT("'op':'attach','kind':'no-host','times':5")}},
    /* Nothing but what the LUNs hold */
    {.name = "nothing-known-of-the-old-engine", .flow = BLIND},
    /* OVF content that is older than the VM set */
    {.name = "ovf-older-than-the-vm-set",
     .flow = LOST,
     .strikes = a_vm_comes_late,
     .exit = 4,
     .says = "VM late1: its domains do not offer it",
     .given_up = true},
    /* VMs with disks on several SDs; both JSON number styles */
    {.name = "disks-on-several-domains", .engines = erp2_has_disks_everywhere, .more_disks = 2},
    {.name = "numbers-as-numbers", .engines = numbers_are_numbers},
};

static bool
play(const struct row *row, bool show)
{
    struct house_plan plan;
    const struct house_site_how how = {.engines = true, .rhv = row->rhv};
    struct story s = {.row = row, .plan = &plan, .good = true};
    if (!house_site_make(&plan, &how))
        return false;
    if (row->engines)
        row->engines(&plan);
    struct house *h = house_new(&plan, 1);
    house_talk(h, show);
    house_run(h, tell, &s);
    if (show)
        (void)printf("%s\n", house_history(h));
    house_free(h);
    house_plan_clear(&plan);
    return s.good;
}

static void
every_engine_fault_ends_whole_or_named(void **state)
{
    size_t good = 0;
    (void)state;
    for (size_t i = 0; i < DR_COUNT(rows); i++)
        good += play(&rows[i], false);
    printf("figure engine_faults_ok %zu of %zu\n", good, DR_COUNT(rows));
    assert_int_equal(good, DR_COUNT(rows));
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_engine_fault_ends_whole_or_named)};
    for (size_t i = 0; argc > 1 && i < DR_COUNT(rows); i++)
        if (dr_streq(rows[i].name, argv[1]))
            return play(&rows[i], true) ? 0 : 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
