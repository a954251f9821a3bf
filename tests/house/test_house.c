/*
 * A whole promote, planned and not, with engines and without, in one thread under a virtual clock:
 * it ends as it does in the real world, also when its controller dies on the way and another one
 * resumes; and the same seed gives the same history, byte for byte.
 */
#include "support/house_site.h"

#include "base/mem.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

struct story {
    const struct house_plan *plan;
    bool engines, lost;
    uint64_t doom; /* the controller dies at this point; 0: never */
    uint64_t seed;

    bool good, killed;
    uint64_t points;
    char *history;
};

static const struct errand_what observe = {.kind = ERRAND_OBSERVE};
static const struct errand_what adopt = {.kind = ERRAND_ADOPT};

static void
lose_milan(struct house *h)
{
    if (sim_enter(house_world(h)) < 0 || sim_site_set(house_world(h), "milan", SIM_SITE_DEAD) < 0 ||
        sim_leave(house_world(h)) < 0)
        abort();
    house_reach(h, "milan", HOUSE_REACH_SILENT);
    house_hosts_lost(h, "milan");
    house_note(h, "milan is lost");
}

static struct errand_what
promote_of(const struct story *s)
{
    struct errand_what what = {.kind = ERRAND_ACT};
    what.goal = s->lost ? (s->engines ? "{\"verb\":\"promote\",\"all\":true,\"to\":\"rome\","
                                        "\"unplanned\":true}"
                                      : "{\"verb\":\"promote\",\"all\":true,\"to\":\"rome\","
                                        "\"unplanned\":true,\"storage_only\":true}")
                        : "{\"verb\":\"promote\",\"all\":true,\"to\":\"rome\","
                          "\"storage_only\":true}";
    if (s->lost) {
        what.accept_loss = "10m";
        what.declare = "site-lost:milan";
        what.reason = "test";
    }
    return what;
}

static void
tell(struct house *h, void *arg)
{
    struct story *s = arg;
    struct controller *first = house_controller(h, "first");
    house_sleep_ms(h, 70000);
    bool adopted = errand_do(first, &adopt)->exit == 0;
    if (s->lost) {
        lose_milan(h);
        (void)errand_do(first, &observe);
        house_sleep_ms(h, 25000);
    }
    if (s->doom)
        controller_doom(first, s->doom);
    uint64_t before = controller_passed(first);
    const struct errand_what promote = promote_of(s);
    const struct errand *e = errand_do(first, &promote);
    s->points = controller_passed(first) - before;
    s->killed = e->died;
    bool done = !e->died && e->exit == 0;
    if (e->died) {
        const struct errand_what resume = {.kind = ERRAND_RESUME};
        struct controller *second = house_controller(h, "second");
        e = errand_do(second, &resume);
        if (e->exit == 0)
            e = errand_do(second, &promote); /* nothing to do, or nothing had been begun */
        done = e->exit == 0;
    }
    if (!done)
        (void)fprintf(stderr, "it ended with %d: %s %s\n", e->exit,
                      e->error ? drstor_error_message(e->error) : "", e->json ? e->json : "");
    s->good = adopted && done && house_site_served(h, s->plan->model, "rome", 2);
    if (s->engines && s->lost && house_site_vms(h, "rome") != 4) {
        (void)fprintf(stderr, "%zu of 4 VMs run\n", house_site_vms(h, "rome"));
        s->good = false;
    }
}

static void
play(struct story *s)
{
    struct house *h = house_new(s->plan, s->seed);
    house_run(h, tell, s);
    free(s->history);
    s->history = dr_strdup(house_history(h));
    house_free(h);
}

static double
now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static size_t
twice_the_same(struct story s, const char *name)
{
    double start = now_ms();
    play(&s);
    double took = now_ms() - start;
    struct story again = s;
    again.history = NULL;
    play(&again);
    bool same = strcmp(s.history, again.history) == 0;
    if (!same)
        (void)fprintf(stderr, "%s: the same seed gave two histories\n", name);
    if (!s.good)
        (void)fprintf(stderr, "%s\n", s.history);
    if (getenv("HOUSE_SHOW"))
        (void)fprintf(stderr, "---- %s\n%s\n", name, s.history);
    printf("figure house_%s_ms %.1f\n", name, took);
    bool good = s.good && again.good && same && (s.doom > 0) == s.killed;
    free(s.history);
    free(again.history);
    return good;
}

static void
promotes_end_and_repeat(void **state)
{
    const struct house_plan *plans = *state;
    size_t good = 0;
    good += twice_the_same((struct story){.plan = &plans[0], .seed = 1}, "planned");
    good += twice_the_same((struct story){.plan = &plans[0], .seed = 1, .lost = true}, "unplanned");
    good +=
        twice_the_same((struct story){.plan = &plans[0], .seed = 2, .doom = 40}, "planned_resumed");
    good += twice_the_same((struct story){.plan = &plans[0], .seed = 3, .lost = true, .doom = 40},
                           "unplanned_resumed");
    good += twice_the_same(
        (struct story){.plan = &plans[1], .seed = 4, .lost = true, .engines = true}, "engines");
    good += twice_the_same(
        (struct story){.plan = &plans[1], .seed = 5, .lost = true, .engines = true, .doom = 90},
        "engines_resumed");
    printf("figure house_stories %zu of 6\n", good);
    assert_int_equal(good, 6);
}

static int
setup(void **state)
{
    static struct house_plan plans[2];
    const struct house_site_how alone = {0}, engines = {.engines = true};
    *state = plans;
    return house_site_make(&plans[0], &alone) && house_site_make(&plans[1], &engines) ? 0 : -1;
}

static int
teardown(void **state)
{
    struct house_plan *plans = *state;
    house_plan_clear(&plans[0]);
    house_plan_clear(&plans[1]);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(promotes_end_and_repeat),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
