/*
 * A controller whose locks are taken from it while it lives, and who does not know that: from then
 * on it changes nothing (S8), neither at an engine nor in the journal.
 */
#include "support/house_site.h"

#include "base/mem.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *const groups[] = {"erp", "db", "web"};
static const struct errand_what observe = {.kind = ERRAND_OBSERVE}, adopt = {.kind = ERRAND_ADOPT};
static struct house_plan plan;

static void
lose_milan(struct house *h)
{
    if (sim_enter(house_world(h)) < 0 || sim_site_set(house_world(h), "milan", SIM_SITE_DEAD) < 0 ||
        sim_leave(house_world(h)) < 0)
        abort();
    house_reach(h, "milan", HOUSE_REACH_SILENT);
    house_hosts_lost(h, "milan");
}

/* Somebody else has the locks now. */
static struct dr_store *
take_locks(struct house *h)
{
    const struct dr_actor who = {.user = "anna", .host = "ops2"};
    struct dr_store *other = dr_store_memory(house_env(h), house_store_world(h), DR_STORE_WRITE);
    for (size_t i = 0; i < DR_COUNT(groups); i++) {
        struct dr_lock lock;
        dr_store_world_unlock(house_store_world(h), groups[i]);
        if (dr_store_lock(other, house_arena(h), groups[i], &who, "r0", "promote", 0, NULL, &lock,
                          NULL) < 0)
            abort();
    }
    return other;
}

/* How many calls that change something the engine of rome was sent. */
static size_t
engine_calls(struct house *h)
{
    dr_auto(dr_json_putp) struct json_object *ask = json_tokener_parse("{\"command\":\"log\"}");
    dr_auto(dr_json_putp) struct json_object *o =
        emu_control(house_engine(h, "rome"), ask, (int64_t)dr_now_ns(house_env(h)));
    struct json_object *list = dr_json_get(o, "log");
    size_t n = 0;
    for (size_t i = 0; i < dr_json_length(list); i++) {
        const char *op = dr_json_str(json_object_array_get_idx(list, i), "op");
        n += dr_streq(op, "import") || dr_streq(op, "attach") || dr_streq(op, "activate") ||
             dr_streq(op, "register_vm") || dr_streq(op, "start");
    }
    return n;
}

/* The run of GROUP that has not ended; NULL: there is none. */
static const char *
open_run(struct house *h, const char *group)
{
    struct dr_run_row *rows = NULL;
    size_t n = 0;
    if (dr_store_run_open(house_store(h), house_arena(h), group, &rows, &n, NULL) < 0)
        abort();
    return n ? rows[0].id : NULL;
}

static struct errand *
begin_promote(struct house *h, struct controller *c)
{
    const struct errand_what what = {.kind = ERRAND_ACT,
                                     .goal = "{\"verb\":\"promote\",\"all\":true,\"to\":\"rome\","
                                             "\"unplanned\":true}",
                                     .accept_loss = "unknown",
                                     .declare = "site-lost:milan",
                                     .reason = "test"};
    struct controller *first = house_controller(h, "first");
    if (errand_do(first, &adopt)->exit != 0)
        abort();
    lose_milan(h);
    (void)errand_do(first, &observe);
    house_sleep_ms(h, 25000);
    return errand_begin(c, &what);
}

static void
at_the_engine(struct house *h, void *arg)
{
    bool *good = arg;
    struct errand *e = begin_promote(h, house_controller(h, "a"));
    while (!e->over && engine_calls(h) == 0)
        house_sleep_ms(h, 20);
    struct dr_store *other = take_locks(h);
    house_sleep_ms(h, 200); /* what was sent before arrives */
    size_t before = engine_calls(h);
    errand_end(e);
    *good = before > 0 && engine_calls(h) == before && house_site_vms(h, "rome") == 0 &&
            e->exit != 0 && open_run(h, "erp") != NULL;
    dr_store_close(other);
}

static void
while_it_gives_up(struct house *h, void *arg)
{
    bool *good = arg;
    struct controller *a = house_controller(h, "a");
    struct errand *e = begin_promote(h, a);
    while (!e->over && !open_run(h, "erp"))
        house_sleep_ms(h, 1);
    controller_kill(a, "test");
    const char *run = open_run(h, "erp");
    const struct errand_what what = {.kind = ERRAND_ABORT, .goal = run};
    struct errand *abort_it = errand_begin(house_controller(h, "b"), &what);
    house_sleep_ms(h, 100); /* it waits until nothing can act that the dead one sent */
    struct dr_store *other = take_locks(h);
    errand_end(abort_it);
    const char *left = open_run(h, "erp");
    *good = run && abort_it->exit != 0 && left && dr_streq(left, run);
    dr_store_close(other);
}

static bool
told(void (*tell)(struct house *h, void *arg))
{
    bool good = false;
    struct house *h = house_new(&plan, 1);
    house_run(h, tell, &good);
    if (!good)
        (void)fprintf(stderr, "%s\n", house_history(h));
    house_free(h);
    return good;
}

static void
who_lost_its_lock_starts_nothing_at_an_engine_and_does_not_end_its_run(void **state)
{
    (void)state;
    assert_true(told(at_the_engine));
}

static void
who_lost_its_lock_does_not_give_a_run_up(void **state)
{
    (void)state;
    assert_true(told(while_it_gives_up));
}

static int
setup(void **state)
{
    const struct house_site_how engines = {.engines = true};
    (void)state;
    return house_site_make(&plan, &engines) ? 0 : -1;
}

static int
teardown(void **state)
{
    (void)state;
    house_plan_clear(&plan);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_lost_its_lock_starts_nothing_at_an_engine_and_does_not_end_its_run),
        cmocka_unit_test(who_lost_its_lock_does_not_give_a_run_up),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
