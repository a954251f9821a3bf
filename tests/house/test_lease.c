/*
 * A site is lost whose hosts have the numbers of ours, and one of our hosts is free of that: it
 * becomes the SPM before domains are attached, whoever dies on the way, and every VM runs once.
 */
#include "bench/shape.h"
#include "support/house_internal.h"

#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { DOMAINS = 2, VMS = 4, EVERY = 7 };

static const struct bench_shape shape = {
    .n_domains = DOMAINS, .n_vms = VMS, .milan = {1, 2}, .rome = {1, 2, 3}, .rome_serves = true};
static const struct errand_what adopt = {.kind = ERRAND_ADOPT}, look = {.kind = ERRAND_OBSERVE};
static const struct errand_what resume = {.kind = ERRAND_RESUME};
static const struct errand_what promote = {
    .kind = ERRAND_ACT,
    .goal = "{\"verb\":\"promote\",\"all\":true,\"to\":\"rome\",\"unplanned\":true}",
    .declare = "site-lost:milan",
    .accept_loss = "unknown",
    .reason = "test"};

struct story {
    const struct house_plan *plan;
    uint64_t doom, points;
    const char *fault;
    bool died, served;
    uint64_t took_ns;
    size_t selected, twice;
};

static struct json_object *
control(struct house *h, const char *text)
{
    dr_auto(dr_json_putp) struct json_object *c = json_tokener_parse(text);
    return emu_control(house_engine(h, "rome"), c, (int64_t)dr_now_ns(house_env(h)));
}

static size_t
operations(struct house *h, const char *name)
{
    dr_auto(dr_json_putp) struct json_object *o = control(h, "{\"command\":\"counters\"}");
    int64_t n = 0;
    (void)dr_json_i64(dr_json_get(dr_json_get(o, "counters"), "operations"), name, &n);
    return (size_t)n;
}

static size_t
started_twice(struct house *h)
{
    dr_auto(dr_json_putp) struct json_object *o = control(h, "{\"command\":\"counters\"}");
    struct json_object *starts = dr_json_get(dr_json_get(o, "counters"), "vm_starts");
    size_t n = 0;
    json_object_object_foreach(starts, id, count)
    {
        (void)id;
        n += json_object_get_int(count) > 1;
    }
    return n;
}

static size_t
running(struct house *h)
{
    dr_auto(dr_json_putp) struct json_object *o = control(h, "{\"command\":\"vms\"}");
    struct json_object *vms = dr_json_get(o, "vms");
    size_t n = 0;
    for (size_t i = 0; i < dr_json_length(vms); i++) {
        const char *status = dr_json_str(json_object_array_get_idx(vms, i), "status");
        n += dr_streq(status, "up") || dr_streq(status, "powering_up");
    }
    return n;
}

static void
tell(struct house *h, void *arg)
{
    struct story *s = arg;
    struct controller *c = house_controller(h, "rome-1");
    house_sleep_ms(h, 60000);
    (void)errand_do(c, &adopt);
    (void)errand_do(c, &look);
    if (sim_enter(house_world(h)) < 0 || sim_site_set(house_world(h), "milan", SIM_SITE_DEAD) < 0 ||
        sim_leave(house_world(h)) < 0)
        abort();
    house_reach(h, "milan", HOUSE_REACH_SILENT);
    if (s->fault)
        json_object_put(control(h, s->fault));
    uint64_t from = dr_now_ns(house_env(h)), before = controller_passed(c);
    controller_doom(c, s->doom);
    const struct errand *e = errand_do(c, &promote);
    s->points = controller_passed(c) - before;
    s->died = e->died;
    if (e->died) {
        c = house_controller(h, "rome-2");
        e = errand_do(c, &resume);
        if (running(h) < VMS) /* nothing was recorded yet: there is nothing to resume */
            e = errand_do(c, &promote);
    }
    s->took_ns = dr_now_ns(house_env(h)) - from;
    s->served = !e->died && e->status == DRSTOR_OK && e->exit == 0 && running(h) == VMS;
    s->selected = operations(h, "host_forceselectspm");
    s->twice = started_twice(h);
}

static void
play(struct story *s)
{
    struct house *h = house_new(s->plan, 1);
    house_talk(h, false);
    house_run(h, tell, s);
    house_free(h);
}

static void
a_host_with_a_free_number_attaches(void **state)
{
    struct story s = {.plan = *state};
    play(&s);
    assert_true(s.served);
    assert_int_equal(s.selected, 1);
    assert_int_equal(s.twice, 0);
    /* Two domains of 20 s, one of them with its own lease; not of 160 s. */
    assert_true(s.took_ns < 250 * DR_S);
}

static void
an_spm_that_cannot_be_chosen_only_costs_time(void **state)
{
    struct story s = {.plan = *state,
                      .fault = "{\"command\":\"fault\",\"op\":\"host_forceselectspm\","
                               "\"kind\":\"locked\",\"times\":-1}"};
    play(&s);
    assert_true(s.served);
    assert_int_equal(s.selected, 3);
    assert_true(s.took_ns > 320 * DR_S);
}

static void
a_lost_answer_is_looked_at(void **state)
{
    struct story s = {.plan = *state,
                      .fault = "{\"command\":\"fault\",\"op\":\"host_forceselectspm\","
                               "\"kind\":\"drop\",\"when\":\"after\",\"times\":1}"};
    play(&s);
    assert_true(s.served);
    assert_int_equal(s.selected, 1);
    assert_true(s.took_ns < 250 * DR_S);
}

static void
whoever_dies_on_the_way_every_vm_runs_once(void **state)
{
    struct story all = {.plan = *state};
    size_t good = 0, n = 0;
    play(&all);
    for (uint64_t doom = 1; doom <= all.points; doom += EVERY, n++) {
        struct story s = {.plan = *state, .doom = doom};
        play(&s);
        bool right = s.died && s.served && s.twice == 0;
        if (!right)
            (void)fprintf(stderr, "killed at point %llu: served %d, started twice %zu\n",
                          (unsigned long long)doom, s.served, s.twice);
        good += right;
    }
    printf("figure lease_crashes_resumed %zu of %zu\n", good, n);
    assert_int_equal(good, n);
}

static int
setup(void **state)
{
    static struct house_plan plan;
    const struct bench_place at = {.plugins = "/usr/lib/drstor/plugins", .world = "memory:house"};
    dr_auto(dr_str_freep) struct dr_str yaml = {0};
    bench_config(&at, &yaml);
    dr_auto(dr_json_putp) struct json_object *spec = bench_world(&shape, true);
    if (!house_plan_make(&plan, yaml.s, spec) || sim_enter(plan.world) < 0 ||
        sim_advance(plan.world, 7200 * SIM_SECOND) < 0 || sim_leave(plan.world) < 0)
        return -1;
    plan.engines[plan.n_engines++] = bench_engine(&shape, true, "secret");
    plan.engines[plan.n_engines++] = bench_engine(&shape, false, "secret");
    *state = &plan;
    return 0;
}

static int
teardown(void **state)
{
    house_plan_clear(*state);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_with_a_free_number_attaches),
        cmocka_unit_test(an_spm_that_cannot_be_chosen_only_costs_time),
        cmocka_unit_test(a_lost_answer_is_looked_at),
        cmocka_unit_test(whoever_dies_on_the_way_every_vm_runs_once),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
