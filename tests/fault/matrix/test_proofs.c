/*
 * What proves that the old copy cannot be written, and what only looks like it: the fence waived by
 * one person, by two, by nobody; evidence that has grown old; a plan that brings its own; a loss in
 * bytes; a first record made on the way.
 */
#include "matrix.h"

#include "plan/planner.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define GOAL                                                                                       \
    "{\"verb\":\"promote\",\"groups\":[\"erp\"],\"to\":\"rome\",\"storage_only\":true,"            \
    "\"unplanned\":true}"

static const struct errand_what adopt = {.kind = ERRAND_ADOPT}, status = {.kind = ERRAND_STATUS},
                                unplanned = {.kind = ERRAND_ACT, .goal = GOAL},
                                accepted = {.kind = ERRAND_ACT,
                                            .goal = GOAL,
                                            .accept_loss = "unknown"},
                                waived = {.kind = ERRAND_ACT,
                                          .goal = GOAL,
                                          .accept_loss = "unknown",
                                          .declare = "site-lost:milan",
                                          .waive_fence = "smoke in the hall"};

struct story {
    const struct house_plan *plan;
    bool (*tell)(struct house *h);
    bool good;
};

static bool
no(const char *what, const struct errand *e)
{
    (void)fprintf(stderr, "%s: exit %d %s\n", what, e ? e->exit : -1,
                  !e         ? ""
                  : e->error ? drstor_error_message(e->error)
                             : e->json);
    return false;
}

/* Refused by RULE, and nothing was committed. */
static bool
refused(struct house *h, const struct errand *e, const char *rule)
{
    struct dr_record rec;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    dr_auto(dr_freep) char *named = NULL;
    if (asprintf(&named, "\"%s\"", rule) < 0)
        return false;
    bool there = dr_store_load(house_store(h), a, "erp", &rec, NULL, NULL) == DRSTOR_OK;
    if (e->exit != 3 || !e->json || !strstr(e->json, named) || (there && rec.epoch != 1))
        return no(rule, e);
    return true;
}

static bool
says(const struct errand *e, const char *what)
{
    return (e->json && strstr(e->json, what)) || no(what, e);
}

static int
count_line(void *user, int64_t seq, const char *line)
{
    const char **wanted = user;
    (void)seq;
    if (strstr(line, wanted[0]))
        wanted[1] = "found";
    return 0;
}

static bool
audited(struct house *h, const char *what)
{
    const char *wanted[2] = {what, NULL};
    (void)dr_store_audit_walk(house_store(h), 0, count_line, wanted, NULL);
    if (!wanted[1])
        (void)fprintf(stderr, "not in the audit log: %s\n", what);
    return wanted[1] != NULL;
}

static struct controller *
person(struct house *h, const char *name, int64_t uid)
{
    struct controller *c = house_controller(h, name);
    controller_person(c, uid, name);
    return c;
}

/* Storage there is off, its hosts answer. */
static struct ground
hosts_only(struct house *h)
{
    struct ground g = {.h = h,
                       .site = "milan",
                       .array = ARRAY_DEAD,
                       .hosts = HOSTS_UP,
                       .engine = ENGINE_UP,
                       .link = LINK_CUT};
    ground_set(&g);
    house_sleep_ms(h, 30000);
    return g;
}

/* ---- the fence waived -------------------------------------------------------------------------
 */

static bool
one_person(struct house *h)
{
    struct controller *c = person(h, "anna", 1001);
    bool good = errand_do(c, &adopt)->exit == 0;
    struct ground g = hosts_only(h);
    const struct errand *e = errand_do(c, &waived);
    good = good && (e->exit == 0 || no("waived", e)) && says(e, "\"kind\":\"E7\"") &&
           says(e, "smoke in the hall") && says(e, "host milan1 is up") &&
           says(e, "probe milan:22 of milan answers") && audited(h, "\"what\":\"fence waived\"");
    return good && says(errand_do(c, &status), "\"fence_waived\":{\"site\":\"milan\"") &&
           !ground_trouble(h, &g, "erp");
}

static bool
two_persons(struct house *h)
{
    struct controller *anna = person(h, "anna", 1001), *bob = person(h, "bob", 1002),
                      *again = person(h, "anna", 1001);
    struct errand_what other = waived;
    other.waive_fence = "I say so";
    bool good = errand_do(anna, &adopt)->exit == 0;
    struct ground g = hosts_only(h);
    good = good && refused(h, errand_do(anna, &waived), "R029") &&
           refused(h, errand_do(again, &waived), "R029") && /* the same person, elsewhere */
           refused(h, errand_do(bob, &other), "R029");      /* somebody else, for other reasons */
    house_sleep_ms(h, 700000);
    good = good && refused(h, errand_do(bob, &waived), "R029"); /* anna's word is too old */
    const struct errand *e = errand_do(anna, &waived);
    good = good && (e->exit == 0 || no("two persons", e)) &&
           says(e, "\"confirmed_by\":\"bob@bob\"") && says(e, "by anna@anna and bob@bob");
    return good && !ground_trouble(h, &g, "erp");
}

static bool
nobody(struct house *h)
{
    struct controller *c = person(h, "anna", 1001);
    bool good = errand_do(c, &adopt)->exit == 0;
    (void)hosts_only(h);
    return good && refused(h, errand_do(c, &waived), "R023");
}

/* An array that answers is fenced, whatever is waived; one that its peer sees is not declared. */
static bool
no_less_than_can_be_had(struct house *h)
{
    struct controller *c = person(h, "anna", 1001);
    struct ground g = {.h = h,
                       .site = "milan",
                       .array = ARRAY_SILENT,
                       .hosts = HOSTS_UP,
                       .engine = ENGINE_UP,
                       .link = LINK_UP};
    bool good = errand_do(c, &adopt)->exit == 0;
    ground_set(&g);
    house_sleep_ms(h, 30000);
    good = good && refused(h, errand_do(c, &waived), "R025");
    g.array = ARRAY_LOCKED;
    ground_set(&g);
    good = good && refused(h, errand_do(c, &waived), "R021");
    g.array = ARRAY_STUBBORN;
    ground_set(&g);
    const struct errand *e = errand_do(c, &waived);
    return good && (e->exit == 0 || no("stubborn", e)) && says(e, "\"kind\":\"E2\"") &&
           !ground_trouble(h, &g, "erp");
}

/* ---- old, or somebody else's ------------------------------------------------------------------
 */

/* The plan is one of an array that answers; then the site is lost, and its plan claims proofs. */
static bool
a_plan_brings_nothing(struct house *h)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct controller *c = person(h, "anna", 1001);
    struct errand_what what = {.kind = ERRAND_PLAN, .goal = GOAL, .accept_loss = "unknown"};
    dr_auto(dr_json_putp) struct json_object *doc = NULL;
    struct dr_plan p;
    if (errand_do(c, &adopt)->exit != 0)
        return false;
    const struct errand *e = errand_do(c, &what);
    if (!e->json || dr_json_parse(e->json, strlen(e->json), &dr_json_inventory, &doc, NULL) < 0 ||
        dr_map_read(a, &dr_plan_type, doc, false, &p, NULL) < 0)
        return no("no plan", e);
    struct dr_declaration lost = {DR_DECLARED_SITE_LOST, "milan"};
    p.goal.declare = &lost;
    p.goal.n_declare = 1;
    p.goal.reason = "forged";
    p.goal.waive_fence = "forged";
    p.goal.carries = "r00000000";
    p.flips[0].evidence = DRSTOR_EVIDENCE_E1_READ_BACK;
    p.flips[0].proof = "forged";
    p.conditions[0].open = true;
    p.id = dr_plan_digest(a, &p);
    dr_auto(dr_json_putp) struct json_object *forged = dr_map_write(&dr_plan_type, &p);
    struct ground g = {.h = h,
                       .site = "milan",
                       .array = ARRAY_DEAD,
                       .hosts = HOSTS_DOWN,
                       .engine = ENGINE_SILENT,
                       .link = LINK_CUT};
    ground_set(&g);
    house_sleep_ms(h, 30000);
    const struct errand_what apply = {.kind = ERRAND_APPLY, .goal = dr_json_text(forged)};
    e = errand_do(c, &apply);
    return (e->exit == 11 && e->error && strstr(drstor_error_message(e->error), "R021")) ||
           no("a forged plan", e);
}

/* ---- the loss ---------------------------------------------------------------------------------
 */

static bool
bytes_are_told(struct house *h)
{
    struct controller *c = person(h, "anna", 1001);
    struct errand_what what = unplanned;
    struct ground g = {.h = h,
                       .site = "milan",
                       .array = ARRAY_UP,
                       .hosts = HOSTS_UP,
                       .engine = ENGINE_UP,
                       .link = LINK_UP};
    bool good = errand_do(c, &adopt)->exit == 0;
    what.accept_loss = "1KiB";
    good = good && refused(h, errand_do(c, &what), "R024");
    what.accept_loss = "1GiB";
    const struct errand *e = errand_do(c, &what);
    return good && (e->exit == 0 || no("bytes", e)) && says(e, "\"confidence\":\"array's word\"") &&
           !ground_trouble(h, &g, "erp");
}

/* Left behind, and nobody knows what the primary wrote since: the commit says so, too. */
static bool
left_behind_is_unknown(struct house *h)
{
    struct controller *c = person(h, "anna", 1001);
    struct ground g = {.h = h,
                       .site = "milan",
                       .array = ARRAY_DEAD,
                       .hosts = HOSTS_DOWN,
                       .engine = ENGINE_SILENT,
                       .link = LINK_CUT};
    struct errand_what what = accepted;
    bool good = errand_do(c, &adopt)->exit == 0;
    ground_set(&g);
    house_sleep_ms(h, 30000);
    what.declare = "site-lost:milan";
    what.reason = "fire";
    good = good && errand_do(c, &what)->exit == 0;
    g.array = ARRAY_UP; /* milan is back, rome is lost */
    g.engine = ENGINE_UP;
    ground_set(&g);
    what = (struct errand_what){
        .kind = ERRAND_ACT,
        .goal =
            "{\"verb\":\"demote\",\"groups\":[\"erp\"],\"at\":\"milan\",\"storage_only\":true}"};
    good = good && errand_do(c, &what)->exit == 0;
    struct ground rome = {.h = h,
                          .site = "rome",
                          .array = ARRAY_DEAD,
                          .hosts = HOSTS_DOWN,
                          .engine = ENGINE_SILENT,
                          .link = LINK_CUT};
    ground_set(&rome);
    house_sleep_ms(h, 30000);
    what =
        (struct errand_what){.kind = ERRAND_ACT,
                             .goal = "{\"verb\":\"promote\",\"groups\":[\"erp\"],\"to\":\"milan\","
                                     "\"storage_only\":true,\"unplanned\":true}",
                             .declare = "site-lost:rome",
                             .reason = "fire",
                             .accept_loss = "1h"};
    const struct errand *e = errand_do(c, &what);
    good = good && ((e->exit == 3 && e->json && strstr(e->json, "R024")) || no("a number", e));
    what.accept_loss = "unknown";
    e = errand_do(c, &what);
    return good && (e->exit == 0 || no("left behind", e)) &&
           says(e, "\"confidence\":\"unknown\"") && says(e, "was left behind");
}

/* ---- the first record -------------------------------------------------------------------------
 */

static bool
first_record_on_the_way(struct house *h)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct controller *c = person(h, "anna", 1001);
    struct ground g = {.h = h,
                       .site = "milan",
                       .array = ARRAY_DEAD,
                       .hosts = HOSTS_DOWN,
                       .engine = ENGINE_SILENT,
                       .link = LINK_CUT};
    struct errand_what what = accepted;
    struct dr_record rec;
    ground_set(&g);
    what.declare = "site-lost:milan";
    what.reason = "fire";
    struct errand_what all = what;
    all.goal = "{\"verb\":\"promote\",\"only\":[\"erp\"],\"to\":\"rome\",\"storage_only\":true,"
               "\"unplanned\":true}";
    bool good = refused(h, errand_do(c, &all), "R010"); /* not named */
    struct errand_what known = what;
    known.accept_loss = "1h";
    good = good && refused(h, errand_do(c, &known), "R024"); /* no number covers it */
    const struct errand *e = errand_do(c, &what);
    good = good && (e->exit == 0 || no("adopt on the way", e)) &&
           audited(h, "\"what\":\"adopt\"") &&
           dr_store_load(house_store(h), a, "erp", &rec, NULL, NULL) == DRSTOR_OK;
    return good && rec.epoch == 2 && dr_streq(rec.primary, "rome") && rec.n_members == 2;
}

/* ---- evidence that has grown old --------------------------------------------------------------
 */

static const char three_sites[] =
    "{ \"seed\": 7, \"transfer_ms\": 20, \"clock\": \"virtual\","
    "  \"sites\": { \"milan\": {}, \"turin\": {}, \"rome\": {} },"
    "  \"arrays\": { \"sim-milan\": { \"site\": \"milan\" }, \"sim-turin\": { \"site\": \"turin\" "
    "},"
    "                \"sim-rome\": { \"site\": \"rome\" } },"
    "  \"groups\": {"
    "    \"erp\": { \"mode\": \"sync\", \"copies\": ["
    "      { \"array\": \"sim-milan\", \"id\": \"erp_m\", \"members\": [ { \"id\": \"a\", "
    "\"bytes\": 1024 } ] },"
    "      { \"array\": \"sim-rome\", \"id\": \"erp_r\", \"members\": [ { \"id\": \"b\" } ] } ] },"
    "    \"web\": { \"mode\": \"sync\", \"copies\": ["
    "      { \"array\": \"sim-turin\", \"id\": \"web_t\", \"members\": [ { \"id\": \"c\", "
    "\"bytes\": 1024 } ] },"
    "      { \"array\": \"sim-rome\", \"id\": \"web_r\", \"members\": [ { \"id\": \"d\" } ] } ] } "
    "} }";
static const char three_sites_config[] =
    "version: 1\n"
    "controller: { name: rome-1, site: rome }\n"
    "safety: { assert_min: 20m }\n"
    "timeouts: { observe: 5s }\n"
    "sites: { milan: {}, turin: {}, rome: {} }\n"
    "arrays:\n"
    "  sim-milan: { plugin: simulated, site: milan, world: 'memory:house' }\n"
    "  sim-turin: { plugin: simulated, site: turin, world: 'memory:house' }\n"
    "  sim-rome: { plugin: simulated, site: rome, world: 'memory:house' }\n"
    "groups:\n"
    "  erp: { mode: sync, copies: { milan: { array: sim-milan, id: erp_m },\n"
    "                               rome: { array: sim-rome, id: erp_r } } }\n"
    "  web: { mode: sync, copies: { turin: { array: sim-turin, id: web_t },\n"
    "                               rome: { array: sim-rome, id: web_r } } }\n";

/* One group is fenced at once, the other one's silence has to last: the first proof is too old. */
static bool
old_evidence(struct house *h)
{
    static const struct errand_what both = {
        .kind = ERRAND_ACT,
        .goal = "{\"verb\":\"promote\",\"all\":true,\"to\":\"rome\",\"storage_only\":true,"
                "\"unplanned\":true}",
        .accept_loss = "unknown",
        .declare = "site-lost:turin",
        .reason = "fire"};
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct controller *c = person(h, "anna", 1001);
    struct dr_record erp, web;
    bool good = errand_do(c, &adopt)->exit == 0;
    if (sim_enter(house_world(h)) < 0 || sim_site_set(house_world(h), "turin", SIM_SITE_DEAD) < 0 ||
        sim_leave(house_world(h)) < 0)
        return false;
    const struct errand *e = errand_do(c, &both);
    good = good && refused(h, e, "R021") && says(e, "it is 19 min") &&
           dr_store_load(house_store(h), a, "web", &web, NULL, NULL) == DRSTOR_OK &&
           (dr_streq(web.primary, "rome") || no("web", e));
    e = errand_do(c, &both); /* as it says; by now the silence is old enough */
    return good && (e->exit == 0 || no("once more", e)) &&
           dr_store_load(house_store(h), a, "erp", &erp, NULL, NULL) == DRSTOR_OK &&
           dr_streq(erp.primary, "rome") && erp.epoch == 2;
}

/* ---- all of them ------------------------------------------------------------------------------
 */

enum { ONE, TWO, NOBODY, THREE_SITES, PLANS };
static struct house_plan plans[PLANS];

static void
tell(struct house *h, void *arg)
{
    struct story *s = arg;
    s->good = s->tell(h);
}

static void
every_proof_is_what_it_says(void **state)
{
    static const struct {
        const char *name;
        int plan;
        bool (*tell)(struct house *h);
    } stories[] = {{"the fence waived by one person", ONE, one_person},
                   {"the fence waived by two persons", TWO, two_persons},
                   {"the fence waived by nobody", NOBODY, nobody},
                   {"nothing less than can be had", ONE, no_less_than_can_be_had},
                   {"a plan brings nothing along", ONE, a_plan_brings_nothing},
                   {"bytes are told", ONE, bytes_are_told},
                   {"a copy left behind", ONE, left_behind_is_unknown},
                   {"the first record on the way", ONE, first_record_on_the_way},
                   {"evidence that has grown old", THREE_SITES, old_evidence}};
    size_t good = 0;
    (void)state;
    for (size_t i = 0; i < DR_COUNT(stories); i++) {
        struct story s = {.plan = &plans[stories[i].plan], .tell = stories[i].tell};
        struct house *h = house_new(s.plan, 1);
        house_talk(h, getenv("PROOFS_SHOW") != NULL);
        house_run(h, tell, &s);
        good += s.good;
        if (!s.good)
            (void)fprintf(stderr, "---- %s\n%s\n", stories[i].name,
                          getenv("PROOFS_SHOW") ? house_history(h) : "");
        house_free(h);
    }
    printf("figure proofs %zu of %zu\n", good, DR_COUNT(stories));
    assert_int_equal(good, DR_COUNT(stories));
}

static int
setup(void **state)
{
    (void)state;
    dr_auto(dr_json_putp) struct json_object *spec = json_tokener_parse(three_sites);
    return ground_plan(&plans[ONE], true, NULL) &&
                   ground_plan(&plans[TWO], true, "assert_min: 20s, waive_fence: two") &&
                   ground_plan(&plans[NOBODY], true, "assert_min: 20s, waive_fence: no") &&
                   house_plan_make(&plans[THREE_SITES], three_sites_config, spec)
               ? 0
               : -1;
}

static int
teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < PLANS; i++)
        house_plan_clear(&plans[i]);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_proof_is_what_it_says)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
