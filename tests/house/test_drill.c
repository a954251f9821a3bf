/*
 * Drills with VMs: the clone's come up at rome apart from all else, while milan goes on as if
 * nothing were; and nothing of them is left afterwards, nor in the way of a disaster.
 *
 *     test_drill [STORY [FAULT]]      one of them, with its history
 */
#include "support/house_engine.h"
#include "support/house_internal.h"
#include "support/house_site.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SD_DB "5d200000-0000-4000-8000-000000000001"
#define SD_ERP "5d100000-0000-4000-8000-000000000001"
#define SD_WEB "5d300000-0000-4000-8000-000000000001"
#define ALL(verb) "{\"verb\":\"" verb "\",\"all\":true}"

static const struct {
    const char *id, *name, *domain;
} vms[] = {{"a1100000-0000-4000-8000-000000000001", "db1", SD_DB},
           {"a1200000-0000-4000-8000-000000000001", "erp1", SD_ERP},
           {"a1300000-0000-4000-8000-000000000001", "erp2", SD_ERP},
           {"a1400000-0000-4000-8000-000000000001", "web1", SD_WEB}};
static const char *const domains[] = {SD_DB, SD_ERP, SD_WEB};

static const struct errand_what adopt = {.kind = ERRAND_ADOPT}, resume = {.kind = ERRAND_RESUME};
static const struct errand_what start = {.kind = ERRAND_ACT, .goal = ALL("drill-start")};
static const struct errand_what promote = {.kind = ERRAND_ACT, .goal = ALL("drill-promote")};
static const struct errand_what clean = {.kind = ERRAND_ACT, .goal = ALL("drill-clean")};
static const struct errand_what to_rome = {
    .kind = ERRAND_ACT, .goal = "{\"verb\":\"promote\",\"all\":true,\"to\":\"rome\"}"};
static const struct errand_what to_milan = {
    .kind = ERRAND_ACT, .goal = "{\"verb\":\"promote\",\"all\":true,\"to\":\"milan\"}"};
static const struct errand_what lost = {
    .kind = ERRAND_ACT,
    .goal = "{\"verb\":\"promote\",\"all\":true,\"to\":\"rome\",\"unplanned\":true}",
    .accept_loss = "unknown",
    .declare = "site-lost:milan",
    .reason = "test"};

struct story {
    const char *name;
    void (*tell)(struct house *h, struct story *s);
    const char *rhv;
    void (*engines)(struct house_plan *p); /* changes what they begin with */
    const char *fault;                     /* at rome's engine */
    const char *network;                   /* where every VM of the drill must be; "": nowhere */
    const struct house_plan *plan;
    bool production_moves; /* from here on rome may run production */
    bool good;
    char why[2048];
};

static void wrong(struct story *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
wrong(struct story *s, const char *format, ...)
{
    size_t n = strlen(s->why);
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(s->why + n, sizeof(s->why) - n, format, ap);
    va_end(ap);
    s->good = false;
}

/* ---- what must never happen ------------------------------------------------------------------ */

static void
see_drilled(struct story *s, struct json_object *vm)
{
    const char *name = dr_json_str(vm, "name");
    struct json_object *networks = dr_json_get(vm, "networks");
    if (strncmp(name, "drill-", 6) != 0)
        wrong(s, "VM %s runs at rome, and not as one of a drill\n", name);
    for (size_t i = 0; i < dr_json_length(networks); i++) {
        const char *on = json_object_get_string(json_object_array_get_idx(networks, i));
        if (!dr_streq(on, s->network))
            wrong(s, "VM %s runs on network %s\n", name, on);
    }
}

struct watch {
    struct house *h;
    struct story *s;
};

/* As long as the house stands. */
static void
watch_task(void *arg)
{
    struct watch *w = arg;
    while (!dr_cancelled(&w->h->over)) {
        for (size_t i = 0; i < DR_COUNT(vms) && w->s->good && !w->s->production_moves; i++) {
            dr_auto(dr_json_putp) struct json_object *vm = engine_vm_is(w->h, "rome", vms[i].id);
            if (engine_runs(w->h, "rome", vms[i].id))
                see_drilled(w->s, vm);
            if (!engine_runs(w->h, "milan", vms[i].id))
                wrong(w->s, "VM %s of production is %s\n", vms[i].name,
                      engine_vm(w->h, "milan", vms[i].id));
        }
        (void)dr_sleep_until(w->h->env, dr_now_ns(w->h->env) + 500 * DR_MS, &w->h->over);
    }
}

static void
milan_was_left_alone(struct house *h, struct story *s)
{
    static const char *const changing[] = {"shutdown", "stop",           "start",      "deactivate",
                                           "detach",   "attach",         "import",     "remove",
                                           "activate", "updateovfstore", "register_vm"};
    for (size_t i = 0; i < DR_COUNT(changing); i++)
        if (engine_calls(h, "milan", changing[i], ""))
            wrong(s, "milan's engine was told to %s\n", changing[i]);
}

/* ---- looking --------------------------------------------------------------------------------- */

static size_t
luns_at_rome(struct house *h)
{
    struct json_object *luns = NULL;
    if (sim_enter(house_world(h)) < 0 || sim_lun_list(house_world(h), "rome", &luns) != 0 ||
        sim_leave(house_world(h)) < 0)
        abort();
    size_t n = json_object_array_length(luns);
    (void)json_object_put(luns);
    return n;
}

static void
record_of(struct house *h, const char *group, struct dr_record *ret)
{
    if (dr_store_load(house_store(h), house_arena(h), group, ret, NULL, NULL) != DRSTOR_OK)
        abort();
}

static void
no_violations(struct house *h, struct story *s)
{
    if (sim_violations_total(house_world(h)))
        wrong(s, "%s\n", json_object_to_json_string(sim_violations_list(house_world(h))));
}

static void
drill_runs(struct house *h, struct story *s)
{
    for (size_t i = 0; i < DR_COUNT(vms); i++) {
        const char *status = engine_vm(h, "rome", vms[i].id);
        if (!dr_streq(status, "up") && !dr_streq(status, "powering_up"))
            wrong(s, "VM %s of the drill is %s\n", vms[i].name, status);
    }
    no_violations(h, s);
}

/* Also what an engine or an array does late. */
static void
nothing_is_left(struct house *h, struct story *s)
{
    house_sleep_ms(h, 200000);
    for (size_t i = 0; i < DR_COUNT(vms); i++)
        if (!dr_streq(engine_vm(h, "rome", vms[i].id), "absent"))
            wrong(s, "VM %s is left at rome, %s\n", vms[i].name, engine_vm(h, "rome", vms[i].id));
    for (size_t i = 0; i < DR_COUNT(domains); i++)
        if (!dr_streq(engine_domain(h, "rome", domains[i]), "absent"))
            wrong(s, "domain %s is left at rome, %s\n", domains[i],
                  engine_domain(h, "rome", domains[i]));
    if (luns_at_rome(h))
        wrong(s, "hosts of rome see %zu LUNs\n", luns_at_rome(h));
    for (size_t i = 0; i < s->plan->model->n_groups; i++) {
        struct dr_record r;
        record_of(h, s->plan->model->groups[i].name, &r);
        if (r.drill.name || r.drill.n_luns || r.phase != DR_PHASE_STEADY ||
            !dr_streq(r.primary, "milan"))
            wrong(s, "the record of %s: drill %s, phase %d, primary %s\n", r.group,
                  r.drill.name ? r.drill.name : "none", (int)r.phase, r.primary);
    }
    milan_was_left_alone(h, s);
    no_violations(h, s);
}

static void
production_at_rome(struct house *h, struct story *s, int64_t epoch, bool milan_gone)
{
    struct dr_record r;
    for (size_t i = 0; i < DR_COUNT(vms); i++) {
        dr_auto(dr_json_putp) struct json_object *vm = engine_vm_is(h, "rome", vms[i].id);
        if (!engine_runs(h, "rome", vms[i].id) || !dr_streq(dr_json_str(vm, "name"), vms[i].name))
            wrong(s, "VM %s is %s at rome, as %s\n", vms[i].name, engine_vm(h, "rome", vms[i].id),
                  vm ? dr_json_str(vm, "name") : "-");
        if (!milan_gone && engine_runs(h, "milan", vms[i].id))
            wrong(s, "VM %s runs at milan as well\n", vms[i].name);
    }
    for (size_t i = 0; i < s->plan->model->n_groups; i++) {
        record_of(h, s->plan->model->groups[i].name, &r);
        if (!dr_streq(r.primary, "rome") || r.epoch != epoch || r.drill.name)
            wrong(s, "%s: primary %s, epoch %lld, drill %s\n", r.group, r.primary,
                  (long long)r.epoch, r.drill.name ? r.drill.name : "none");
    }
    no_violations(h, s);
}

static const struct errand *
ends_with(struct story *s, struct controller *c, const struct errand_what *what, int exit)
{
    const struct errand *e = errand_do(c, what);
    if (e->died || e->exit != exit)
        wrong(s, "%s ends with %d, not %d: %s%s\n", what->goal ? what->goal : "resume", e->exit,
              exit, e->error ? drstor_error_message(e->error) : "",
              e->json && errand_says(e, "text") ? errand_says(e, "text") : "");
    return e;
}

static struct controller *
begin(struct house *h, struct story *s)
{
    struct controller *c = house_controller(h, "first");
    house_sleep_ms(h, 70000);
    (void)ends_with(s, c, &adopt, 0);
    if (s->fault)
        engine_told(h, "rome", s->fault);
    return c;
}

static struct controller *
begin_drill(struct house *h, struct story *s)
{
    struct controller *c = begin(h, s);
    (void)ends_with(s, c, &start, 0);
    (void)ends_with(s, c, &promote, 0);
    drill_runs(h, s);
    return c;
}

/* ---- the stories ----------------------------------------------------------------------------- */

static void
comes_and_goes(struct house *h, struct story *s)
{
    struct controller *c = begin(h, s);
    (void)ends_with(s, c, &start, 0);
    const struct errand *e = ends_with(s, c, &promote, 0);
    drill_runs(h, s);
    const char *list = errand_says(e, "vms");
    if (!list || !strstr(list, "started_at") || !strstr(list, "erp1"))
        wrong(s, "the report does not tell which VMs ran: %s\n", list ? list : "nothing");
    (void)ends_with(s, c, &promote, 0); /* again: everything is there */
    (void)ends_with(s, c, &clean, 0);
    nothing_is_left(h, s);
    /* And the real thing finds nothing in its way. */
    s->production_moves = true;
    (void)ends_with(s, c, &to_rome, 0);
    production_at_rome(h, s, 2, false);
}

static void
rome_has_a_lab(struct house_plan *p)
{
    static const char network[] = "{ \"id\": \"aeb00000-0000-4000-8000-000000000002\", "
                                  "\"name\": \"lab\", \"data_center\": \"dc-rome\" }",
                      profile[] = "{ \"id\": \"bfb00000-0000-4000-8000-000000000002\", "
                                  "\"name\": \"quiet\", \"network\": \"lab\" }";
    (void)json_object_array_add(dr_json_get(p->engines[1], "networks"),
                                json_tokener_parse(network));
    (void)json_object_array_add(dr_json_get(p->engines[1], "vnicprofiles"),
                                json_tokener_parse(profile));
}

static const char lab[] = "  drill: { rome: { network: lab, profile: quiet } }\n";

/* The identities stay known at rome when production has gone back: the drill would be taken for it.
 */
static void
needs_its_identities(struct house *h, struct story *s)
{
    struct controller *c = begin(h, s);
    s->production_moves = true;
    (void)ends_with(s, c, &to_rome, 0);
    house_sleep_ms(h, 70000);
    (void)ends_with(s, c, &to_milan, 0);
    house_sleep_ms(h, 70000);
    const struct errand *e = ends_with(s, c, &start, 3);
    if (!strstr(e->json, "R047"))
        wrong(s, "it is refused otherwise: %s\n", e->json);
    for (size_t i = 0; i < DR_COUNT(domains); i++) {
        const char *path =
            dr_arena_printf(house_arena(h), "storagedomains/%s?destroy=true", domains[i]);
        if (engine_ask(h, "rome", "DELETE", path, NULL, NULL) != 200)
            wrong(s, "%s cannot be removed by hand\n", domains[i]);
    }
    s->production_moves = false;
    (void)ends_with(s, c, &start, 0);
    (void)ends_with(s, c, &promote, 0);
    drill_runs(h, s);
    (void)ends_with(s, c, &clean, 0);
}

/* One that is made for its storage alone is shown to nobody, and has no VMs. */
static void
storage_alone(struct house *h, struct story *s)
{
    static const struct errand_what
        alone = {.kind = ERRAND_ACT,
                 .goal = "{\"verb\":\"drill-start\",\"all\":true,\"storage_only\":true}"},
        read = {.kind = ERRAND_ACT,
                .goal = "{\"verb\":\"drill-promote\",\"all\":true,\"storage_only\":true}"};
    struct controller *c = begin(h, s);
    (void)ends_with(s, c, &alone, 0);
    if (luns_at_rome(h))
        wrong(s, "hosts of rome see %zu LUNs\n", luns_at_rome(h));
    const struct errand *e = ends_with(s, c, &promote, 3);
    if (!strstr(e->json, "R048"))
        wrong(s, "it is refused otherwise: %s\n", e->json);
    (void)ends_with(s, c, &read, 0);
    (void)ends_with(s, c, &clean, 0);
    nothing_is_left(h, s);
    if (engine_calls(h, "rome", "import", ""))
        wrong(s, "rome's engine heard of it\n");
}

static const char *
open_run(struct house *h)
{
    struct dr_run_row *rows = NULL;
    size_t n = 0;
    (void)dr_store_run_open(house_store(h), house_arena(h), NULL, &rows, &n, NULL);
    return n ? rows[0].id : "none";
}

static void
is_given_up(struct house *h, struct story *s, struct controller *c)
{
    const struct errand_what give_up = {.kind = ERRAND_ABORT, .goal = open_run(h)};
    const struct errand *e = ends_with(s, c, &give_up, 0);
    if (e->json && !strstr(errand_says(e, "stays"), "drill clean"))
        wrong(s, "nobody is told what removes the rest: %s\n", e->json);
}

/* Somebody puts a VM on a production network before it was started: it stays down. */
static void
is_not_started_elsewhere(struct house *h, struct story *s)
{
    struct controller *c = begin(h, s);
    (void)ends_with(s, c, &start, 0);
    engine_told(h, "rome", "{'command':'fault','op':'start','kind':'no-host','times':1000}");
    struct errand *e = errand_begin(c, &promote);
    for (int i = 0; i < 6000 && !engine_calls(h, "rome", "start", vms[1].id); i++)
        house_sleep_ms(h, 100);
    const char *nic = dr_arena_printf(house_arena(h), "vms/%s/nics/nic2", vms[1].id);
    if (engine_ask(h, "rome", "PUT", nic,
                   "{'vnic_profile':{'id':'bfb00000-0000-4000-8000-000000000001'}}", NULL) != 200)
        wrong(s, "the NIC cannot be put elsewhere\n");
    house_sleep_ms(h, 10000);
    engine_told(h, "rome", "{'command':'clear_faults'}");
    (void)errand_end(e);
    if (e->exit != 4 || !strstr(errand_says(e, "text"), "vNIC profile prod"))
        wrong(s, "it ends with %d: %s\n", e->exit, errand_says(e, "text"));
    for (size_t i = 0; i < DR_COUNT(vms); i++)
        if (engine_runs(h, "rome", vms[i].id) != (i != 1))
            wrong(s, "VM %s is %s\n", vms[i].name, engine_vm(h, "rome", vms[i].id));
    is_given_up(h, s, c);
    (void)ends_with(s, c, &clean, 0);
    nothing_is_left(h, s);
}

static void
engine_falls_silent(struct house *h, struct story *s)
{
    struct controller *c = begin(h, s);
    (void)ends_with(s, c, &start, 0);
    struct errand *e = errand_begin(c, &promote);
    for (int i = 0; i < 6000 && !engine_calls(h, "rome", "register_vm", ""); i++)
        house_sleep_ms(h, 100);
    house_reach(h, "rome", HOUSE_REACH_SILENT);
    (void)errand_end(e);
    if (e->exit != 4)
        wrong(s, "with a silent engine it ends with %d\n", e->exit);
    is_given_up(h, s, c);
    const struct errand *half = ends_with(s, c, &clean, 4);
    if (half->json && luns_at_rome(h) == 0)
        wrong(s, "the clone was taken from under what may still be at the engine\n");
    house_reach(h, "rome", HOUSE_REACH_UP);
    (void)ends_with(s, c, &resume, 0);
    nothing_is_left(h, s);
}

static void
given_way_to_a_move(struct house *h, struct story *s)
{
    struct controller *c = begin_drill(h, s);
    s->production_moves = true;
    (void)ends_with(s, c, &to_rome, 0);
    production_at_rome(h, s, 2, false);
}

static void
milan_burns(struct house *h)
{
    if (sim_enter(house_world(h)) < 0 || sim_site_set(house_world(h), "milan", SIM_SITE_DEAD) < 0 ||
        sim_leave(house_world(h)) < 0)
        abort();
    house_reach(h, "milan", HOUSE_REACH_SILENT);
    house_hosts_lost(h, "milan");
}

static void
given_way_to_a_disaster(struct house *h, struct story *s)
{
    static const struct errand_what observe = {.kind = ERRAND_OBSERVE};
    struct controller *c = begin_drill(h, s);
    s->production_moves = true;
    milan_burns(h);
    (void)errand_do(c, &observe);
    house_sleep_ms(h, 25000);
    (void)ends_with(s, c, &lost, 0);
    production_at_rome(h, s, 2, true);
}

/* In the middle of it: half of it is at the engine. */
static void
disaster_half_way(struct house *h, struct story *s)
{
    static const struct errand_what observe = {.kind = ERRAND_OBSERVE};
    struct controller *c = begin(h, s), *next = house_controller(h, "second");
    (void)ends_with(s, c, &start, 0);
    (void)errand_begin(c, &promote);
    for (int i = 0; i < 6000 && !engine_calls(h, "rome", "register_vm", ""); i++)
        house_sleep_ms(h, 100);
    s->production_moves = true;
    controller_kill(c, "with its site");
    milan_burns(h);
    (void)errand_do(next, &observe);
    house_sleep_ms(h, 25000);
    (void)ends_with(s, next, &lost, 0);
    production_at_rome(h, s, 2, true);
}

/* What it brings, and what takes it away, is asked for until it is done. */
static void
gets_there(struct house *h, struct story *s)
{
    static const struct errand_what *const acts[] = {&start, &promote, &clean};
    struct controller *c = begin(h, s);
    for (size_t k = 0; k < DR_COUNT(acts); k++) {
        const struct errand *e = errand_do(c, acts[k]);
        for (int i = 0; i < 4 && e->exit != 0; i++) {
            house_note(h, "once more");
            engine_told(h, "rome", "{'command':'clear_faults'}");
            e = errand_do(c, &resume);
            if (e->exit == 0)
                e = errand_do(c, acts[k]);
        }
        if (e->exit != 0)
            wrong(s, "%s ends with %d\n", acts[k]->goal, e->exit);
        if (k == 1)
            drill_runs(h, s);
    }
    nothing_is_left(h, s);
}

/* ---- telling them ---------------------------------------------------------------------------- */

static const struct story stories[] = {
    {.name = "comes-and-goes", .tell = comes_and_goes},
    {.name = "own-network",
     .tell = comes_and_goes,
     .rhv = lab,
     .engines = rome_has_a_lab,
     .network = "lab"},
    {.name = "identities", .tell = needs_its_identities},
    {.name = "storage-alone", .tell = storage_alone},
    {.name = "not-elsewhere", .tell = is_not_started_elsewhere},
    {.name = "engine-silent", .tell = engine_falls_silent},
    {.name = "move", .tell = given_way_to_a_move},
    {.name = "disaster", .tell = given_way_to_a_disaster},
    {.name = "disaster-half-way", .tell = disaster_half_way},
};

static void
tell(struct house *h, void *arg)
{
    struct story *s = arg;
    struct watch *w = dr_arena_new0(house_arena(h), struct watch);
    *w = (struct watch){h, s};
    dr_spawn(house_env(h), watch_task, w);
    s->tell(h, s);
}

static bool
play(struct story *s, bool show)
{
    struct house_plan plan;
    const struct house_site_how how = {.engines = true, .rhv = s->rhv};
    if (!house_site_make(&plan, &how))
        return false;
    if (s->engines)
        s->engines(&plan);
    s->network = s->network ? s->network : "";
    s->plan = &plan;
    s->good = true;
    struct house *h = house_new(&plan, 1);
    house_run(h, tell, s);
    if (!s->good || show)
        (void)fprintf(stderr, "%s\n---- %s, fault %s: %s\n%s\n", house_history(h), s->name,
                      s->fault ? s->fault : "none", s->good ? "good" : "wrong", s->why);
    house_free(h);
    house_plan_clear(&plan);
    return s->good;
}

static void
drills_end_as_they_should(void **state)
{
    size_t good = 0;
    (void)state;
    for (size_t i = 0; i < DR_COUNT(stories); i++) {
        struct story s = stories[i];
        good += play(&s, false);
    }
    printf("figure drills_as_they_should %zu of %zu\n", good, DR_COUNT(stories));
    assert_int_equal(good, DR_COUNT(stories));
}

/* Calls of a drill, each with everything that an engine is known to make of one. */
static const char *const calls[] = {"import", "attach", "activate",   "register_vm", "start",
                                    "stop",   "detach", "deactivate", "remove"};
static const char *const kinds[] = {"'kind':'drop','when':'before'",
                                    "'kind':'drop','when':'after'",
                                    "'kind':'502','when':'before'",
                                    "'kind':'502','when':'after'",
                                    "'kind':'500','when':'after'",
                                    "'kind':'locked','times':3",
                                    "'kind':'401'",
                                    "'kind':'no-host','times':2",
                                    "'kind':'exec-fails'",
                                    "'kind':'slow','delay_ms':40000"};

static void
an_engine_that_fails_leaves_no_trace_of_a_drill(void **state)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    size_t good = 0, n = 0;
    (void)state;
    for (size_t i = 0; i < DR_COUNT(calls); i++)
        for (size_t k = 0; k < DR_COUNT(kinds); k++) {
            if ((i * DR_COUNT(kinds) + k) % house_every())
                continue;
            struct story s = {.name = "fault",
                              .tell = gets_there,
                              .fault = dr_arena_printf(a, "{'command':'fault','op':'%s',%s}",
                                                       calls[i], kinds[k])};
            n++;
            good += play(&s, false);
        }
    printf("figure drill_engine_faults %zu of %zu\n", good, n);
    assert_int_equal(good, n);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drills_end_as_they_should),
        cmocka_unit_test(an_engine_that_fails_leaves_no_trace_of_a_drill),
    };
    for (size_t i = 0; argc == 2 && i < DR_COUNT(stories); i++)
        if (strcmp(argv[1], stories[i].name) == 0) {
            struct story s = stories[i];
            return play(&s, true) ? 0 : 1;
        }
    if (argc > 2) {
        struct story s = {.name = argv[1], .tell = gets_there, .fault = argv[2]};
        return play(&s, true) ? 0 : 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
