/*
 * Room for the VMs of a group where others run: it is looked at before anything is touched, those
 * that the configuration gives up are shut down before the group's are started, no more of them
 * than it takes and nobody's but those, and they run again when the group has left.
 *
 *     test_room [STORY [POINT]]      one of them, with its history
 */
#include "support/house_engine.h"
#include "support/house_site.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define TO(site) "{\"verb\":\"promote\",\"all\":true,\"to\":\"" site "\"}"
#define ONE(group, site) "{\"verb\":\"promote\",\"groups\":[\"" group "\"],\"to\":\"" site "\"}"
#define DEV(n) "b110000" n "-0000-4000-8000-000000000001"
/* Point, because engines take their time. */
enum { EVERY = 41 };
#define GIB INT64_C(1073741824)

static const char *const ours[] = {
    "a1100000-0000-4000-8000-000000000001", "a1200000-0000-4000-8000-000000000001",
    "a1300000-0000-4000-8000-000000000001", "a1400000-0000-4000-8000-000000000001"};
static const char *const devs[] = {DEV("1"), DEV("2"), DEV("3")};
static const struct errand_what adopt = {.kind = ERRAND_ADOPT}, resume = {.kind = ERRAND_RESUME};
static const struct errand_what to_rome = {.kind = ERRAND_ACT, .goal = TO("rome")};
static const struct errand_what to_milan = {.kind = ERRAND_ACT, .goal = TO("milan")};

struct story {
    const char *name;
    void (*tell)(struct house *h, struct story *s);
    const char *rhv;
    int64_t memory;    /* of rome's host, GiB */
    const char *deaf;  /* a VM of rome that does not listen */
    const char *fault; /* at rome's engine */
    uint64_t doom, points;
    bool good;
};

static void wrong(struct story *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
wrong(struct story *s, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    (void)fprintf(stderr, "%s, point %llu: ", s->name, (unsigned long long)s->doom);
    (void)vfprintf(stderr, format, ap);
    (void)fprintf(stderr, "\n");
    va_end(ap);
    s->good = false;
}

static const struct errand *
ends_with(struct story *s, struct controller *c, const struct errand_what *what, int exit)
{
    const struct errand *e = errand_do(c, what);
    if (e->died || e->exit != exit)
        wrong(s, "it ends with %d, not %d: %s%s", e->exit, exit,
              e->error ? drstor_error_message(e->error) : "",
              e->json && errand_says(e, "text") ? errand_says(e, "text") : "");
    return e;
}

static void
ours_run_at(struct house *h, struct story *s, const char *site)
{
    for (size_t i = 0; i < DR_COUNT(ours); i++)
        if (!engine_runs(h, site, ours[i]))
            wrong(s, "VM %s is %s at %s", ours[i], engine_vm(h, site, ours[i]), site);
}

/* Which of rome's own run: "123", "1-3". */
static void
devs_run(struct house *h, struct story *s, const char *which)
{
    for (size_t i = 0; i < DR_COUNT(devs); i++)
        if (engine_runs(h, "rome", devs[i]) != (which[i] != '-'))
            wrong(s, "dev%zu is %s", i + 1, engine_vm(h, "rome", devs[i]));
}

static struct controller *
begin(struct house *h, struct story *s)
{
    struct controller *c = house_controller(h, "first");
    house_sleep_ms(h, 70000);
    if (errand_do(c, &adopt)->exit != 0)
        wrong(s, "adopt failed");
    devs_run(h, s, "123");
    return c;
}

/* ---- the stories ----------------------------------------------------------------------------- */

/* Ours need 16 GiB; each of rome's three has 8, dev2 the most: 10. */
static const char two_may[] = "  preempt: { rome: [dev2, \"erp*\", dev1] }\n";
static const char any_may[] = "  preempt: { rome: [\"dev*\"] }\n";

static void
no_more_than_it_takes(struct house *h, struct story *s)
{
    struct controller *c = begin(h, s);
    const struct errand_what plan = {.kind = ERRAND_PLAN, .goal = TO("rome")};
    const struct errand *e = ends_with(s, c, &plan, 0);
    if (!strstr(e->json, "\"name\":\"dev2\"") || strstr(e->json, "\"name\":\"dev3\"") ||
        strstr(e->json, "\"name\":\"dev1\""))
        wrong(s, "the plan is %s", e->json);
    (void)ends_with(s, c, &to_rome, 0);
    ours_run_at(h, s, "rome");
    devs_run(h, s, "1-3");
    house_sleep_ms(h, 70000);
    (void)ends_with(s, c, &to_milan, 0);
    ours_run_at(h, s, "milan");
    devs_run(h, s, "123");
}

static void
nothing_where_there_is_room(struct house *h, struct story *s)
{
    struct controller *c = begin(h, s);
    (void)ends_with(s, c, &to_rome, 0);
    ours_run_at(h, s, "rome");
    devs_run(h, s, "123");
}

static void
a_move_is_refused(struct house *h, struct story *s)
{
    struct controller *c = begin(h, s);
    const struct errand *e = ends_with(s, c, &to_rome, 3);
    if (!e->json || !strstr(e->json, "R053"))
        wrong(s, "it is refused by %s", e->json ? e->json : "");
    ours_run_at(h, s, "milan");
    devs_run(h, s, "123");
    /* Fewer fit. */
    const struct errand_what web = {.kind = ERRAND_ACT, .goal = ONE("web", "rome")};
    (void)ends_with(s, c, &web, 0);
    devs_run(h, s, "123");
}

static void
a_disaster_is_not(struct house *h, struct story *s)
{
    static const struct errand_what observe = {.kind = ERRAND_OBSERVE};
    static const struct errand_what lost = {
        .kind = ERRAND_ACT,
        .goal = "{\"verb\":\"promote\",\"all\":true,\"to\":\"rome\",\"unplanned\":true}",
        .accept_loss = "unknown",
        .declare = "site-lost:milan",
        .reason = "test"};
    struct controller *c = begin(h, s);
    if (sim_enter(house_world(h)) < 0 || sim_site_set(house_world(h), "milan", SIM_SITE_DEAD) < 0 ||
        sim_leave(house_world(h)) < 0)
        abort();
    house_reach(h, "milan", HOUSE_REACH_SILENT);
    house_hosts_lost(h, "milan");
    (void)errand_do(c, &observe);
    house_sleep_ms(h, 25000);
    const struct errand *e = ends_with(s, c, &lost, 4);
    if (house_site_vms(h, "rome") < 4)
        wrong(s, "%zu VMs run at rome", house_site_vms(h, "rome"));
    if (!e->json || !strstr(errand_says(e, "text"), "does not start"))
        wrong(s, "it ends with %s", e->json ? errand_says(e, "text") : "");
    /* There is room now. */
    if (engine_ask(h, "rome", "POST", "vms/" DEV("1") "/stop", NULL, NULL) != 200 ||
        engine_ask(h, "rome", "POST", "vms/" DEV("2") "/stop", NULL, NULL) != 200)
        wrong(s, "they cannot be stopped by hand");
    house_sleep_ms(h, 10000);
    (void)ends_with(s, house_controller(h, "second"), &resume, 0);
    ours_run_at(h, s, "rome");
}

static const char off[] = "  preempt: { rome: [\"dev*\"] }\n"
                          "  stop: [ { vms: [\"dev*\"], limit: 40s, policy: power-off } ]\n";

static void
is_switched_off(struct house *h, struct story *s)
{
    struct controller *c = begin(h, s);
    (void)ends_with(s, c, &to_rome, 0);
    ours_run_at(h, s, "rome");
    devs_run(h, s, "1-3");
}

/* Its limit is over, nobody said that it may be switched off: it stays, and not all find room. */
static void
stays_when_it_does_not_listen(struct house *h, struct story *s)
{
    struct controller *c = begin(h, s);
    const struct errand *e = ends_with(s, c, &to_rome, 4);
    if (!e->json || !strstr(errand_says(e, "text"), "does not start"))
        wrong(s, "it ends with %s", e->json ? errand_says(e, "text") : "");
    devs_run(h, s, "123");
    if (engine_ask(h, "rome", "POST", "vms/" DEV("2") "/stop", NULL, NULL) != 200)
        wrong(s, "it cannot be stopped by hand");
    house_sleep_ms(h, 10000);
    (void)ends_with(s, house_controller(h, "second"), &resume, 0);
    ours_run_at(h, s, "rome");
}

static const char everything_may[] = "  preempt: { rome: [\"*\"], milan: [\"*\"] }\n";

/* A pattern that fits them all gives up nobody who is served. */
static void
never_one_of_a_group(struct house *h, struct story *s)
{
    struct controller *c = begin(h, s);
    const struct errand_what web = {.kind = ERRAND_ACT, .goal = ONE("web", "rome")},
                             rest = {.kind = ERRAND_ACT, .goal = TO("rome")};
    (void)ends_with(s, c, &web, 0);
    house_sleep_ms(h, 70000);
    (void)ends_with(s, c, &rest, 0);
    ours_run_at(h, s, "rome");
    devs_run(h, s, "--3");
    if (house_site_vms(h, "rome") != 5)
        wrong(s, "%zu VMs run at rome", house_site_vms(h, "rome"));
    house_sleep_ms(h, 70000);
    /* As long as a group is there that needs the room, it is not given back. */
    const struct errand_what back = {.kind = ERRAND_ACT, .goal = ONE("web", "milan")};
    (void)ends_with(s, c, &back, 0);
    devs_run(h, s, "--3");
    house_sleep_ms(h, 70000);
    (void)ends_with(s, c, &to_milan, 0);
    ours_run_at(h, s, "milan");
    devs_run(h, s, "123");
}

/* There, and back; a controller dies at some point of it. */
static void
dies_and_is_resumed(struct house *h, struct story *s)
{
    struct controller *c = begin(h, s), *next = house_controller(h, "second");
    uint64_t passed = controller_passed(c);
    controller_doom(c, s->doom);
    if (s->fault)
        engine_told(h, "rome", s->fault);
    const struct errand *e = errand_do(c, &to_rome);
    if (!e->died && e->exit != 0)
        wrong(s, "%s: it ends with %d", s->fault ? s->fault : "undisturbed", e->exit);
    if (!e->died) {
        house_sleep_ms(h, 70000);
        ours_run_at(h, s, "rome");
        devs_run(h, s, "1-3");
        e = errand_do(c, &to_milan);
        if (!e->died && e->exit != 0)
            wrong(s, "%s: back, it ends with %d", s->fault ? s->fault : "undisturbed", e->exit);
    }
    s->points = controller_passed(c) - passed;
    if (e->died) {
        (void)ends_with(s, next, &resume, 0);
        (void)ends_with(s, next, &to_rome, 0);
        ours_run_at(h, s, "rome");
        devs_run(h, s, "1-3");
        house_sleep_ms(h, 70000);
        (void)ends_with(s, next, &to_milan, 0);
    }
    ours_run_at(h, s, "milan");
    devs_run(h, s, "123");
    if (sim_violations_total(house_world(h)))
        wrong(s, "%s", json_object_to_json_string(sim_violations_list(house_world(h))));
}

static const struct story stories[] = {
    {.name = "no-more", .tell = no_more_than_it_takes, .rhv = any_may, .memory = 34},
    {.name = "pattern-order", .tell = no_more_than_it_takes, .rhv = two_may, .memory = 34},
    {.name = "enough", .tell = nothing_where_there_is_room, .rhv = any_may, .memory = 64},
    {.name = "refused", .tell = a_move_is_refused, .memory = 34},
    {.name = "disaster", .tell = a_disaster_is_not, .memory = 34},
    {.name = "power-off", .tell = is_switched_off, .rhv = off, .memory = 34, .deaf = "dev2"},
    {.name = "deaf",
     .tell = stays_when_it_does_not_listen,
     .rhv = any_may,
     .memory = 34,
     .deaf = "dev2"},
    {.name = "nobodys", .tell = never_one_of_a_group, .rhv = everything_may, .memory = 27},
};

static void
furnish(struct house_plan *p, const struct story *s)
{
    struct json_object *host = json_object_array_get_idx(dr_json_get(p->engines[1], "hosts"), 0);
    struct json_object *vms = dr_json_get(p->engines[1], "vms");
    dr_json_set_i64(host, "memory", s->memory * GIB);
    for (size_t i = 0; i < dr_json_length(vms); i++) {
        struct json_object *vm = json_object_array_get_idx(vms, i);
        if (s->deaf && dr_streq(s->deaf, dr_json_str(vm, "name")))
            dr_json_set_bool(vm, "ignores_shutdown", true);
    }
}

static void
tell(struct house *h, void *arg)
{
    struct story *s = arg;
    s->tell(h, s);
}

static bool
play(struct story *s, bool show)
{
    struct house_plan plan;
    const struct house_site_how how = {.engines = true, .rhv = s->rhv, .own = true};
    if (!house_site_make(&plan, &how))
        return false;
    furnish(&plan, s);
    s->good = true;
    struct house *h = house_new(&plan, 1);
    house_talk(h, show);
    house_run(h, tell, s);
    if (show)
        (void)printf("%s\n", house_history(h));
    house_free(h);
    house_plan_clear(&plan);
    return s->good;
}

static void
room_is_made_and_given_back(void **state)
{
    size_t good = 0;
    (void)state;
    for (size_t i = 0; i < DR_COUNT(stories); i++) {
        struct story s = stories[i];
        good += play(&s, false);
    }
    printf("figure rooms_as_they_should %zu of %zu\n", good, DR_COUNT(stories));
    assert_int_equal(good, DR_COUNT(stories));
}

/* The call that makes room, and the one that gives it back, with what an engine makes of them. */
static void
an_engine_that_fails_keeps_nobody_down(void **state)
{
    static const char *const calls[] = {"'op':'shutdown','object':'" DEV("2") "'",
                                        "'op':'start','object':'" DEV("2") "'"};
    static const char *const kinds[] = {"'kind':'drop'",
                                        "'kind':'drop','when':'after'",
                                        "'kind':'502','when':'after'",
                                        "'kind':'locked','times':4",
                                        "'kind':'401'",
                                        "'kind':'slow','delay_ms':40000"};
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    size_t good = 0, all = 0;
    (void)state;
    for (size_t i = 0; i < DR_COUNT(calls); i++)
        for (size_t k = 0; k < DR_COUNT(kinds); k++) {
            struct story s = {
                .name = "fault",
                .tell = dies_and_is_resumed,
                .rhv = any_may,
                .memory = 34,
                .fault = dr_arena_printf(a, "{'command':'fault',%s,%s}", calls[i], kinds[k])};
            good += play(&s, false);
            all++;
        }
    printf("figure room_engine_faults %zu of %zu\n", good, all);
    assert_int_equal(good, all);
}

/* What killed controllers held is lost until their process ends. */
static bool
in_a_child(struct story *s)
{
    pid_t child = fork();
    if (child < 0)
        abort();
    if (child == 0)
        _exit(play(s, false) ? 0 : 1);
    int status = 0;
    (void)waitpid(child, &status, 0);
    return status == 0;
}

static void
nobody_stays_down_after_a_crash(void **state)
{
    static const struct story dies = {
        .name = "resumed", .tell = dies_and_is_resumed, .rhv = any_may, .memory = 34};
    struct story s = dies;
    size_t good = 0, all = 0;
    (void)state;
    assert_true(play(&s, false));
    uint64_t points = s.points;
    assert_true(points > 200);
    for (uint64_t i = 1; i <= points; i += EVERY * house_every()) {
        s = dies;
        s.doom = i;
        good += in_a_child(&s);
        all++;
    }
    printf("figure room_crashes_resumed %zu of %zu\n", good, all);
    assert_int_equal(good, all);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(room_is_made_and_given_back),
                                       cmocka_unit_test(an_engine_that_fails_keeps_nobody_down),
                                       cmocka_unit_test(nobody_stays_down_after_a_crash)};
    for (size_t i = 0; argc > 1 && i < DR_COUNT(stories); i++)
        if (dr_streq(stories[i].name, argv[1])) {
            struct story s = stories[i];
            return play(&s, true) ? 0 : 1;
        }
    if (argc > 2) {
        struct story s = {
            .name = "resumed", .tell = dies_and_is_resumed, .rhv = any_may, .memory = 34};
        s.doom = strtoull(argv[2], NULL, 10);
        return play(&s, true) ? 0 : 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
