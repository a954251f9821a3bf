/* What whole worlds from seeds have found, each as one short story of its own. */
#include "support/house_site.h"

#include "base/mem.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ALL "\"all\":true,\"storage_only\":true}"
#define TO_ROME "{\"verb\":\"promote\",\"to\":\"rome\"," ALL
#define TO_ROME_LOST "{\"verb\":\"promote\",\"to\":\"rome\",\"unplanned\":true," ALL
#define DB_TO_ROME_LOST                                                                            \
    "{\"verb\":\"promote\",\"to\":\"rome\",\"unplanned\":true,\"groups\":[\"db\"],"                \
    "\"storage_only\":true}"

struct story {
    const struct house_plan *plan;
    uint64_t doom;
    bool reached; /* the point this story is about */
    bool good;
};

static const struct errand_what adopt = {.kind = ERRAND_ADOPT};
static const struct errand_what observe = {.kind = ERRAND_OBSERVE};

static const struct errand *
planned(struct controller *c, const char *goal)
{
    const struct errand_what what = {.kind = ERRAND_ACT, .goal = goal, .accept_loss = "unknown"};
    return errand_do(c, &what);
}

static struct errand_what
unplanned(const char *goal)
{
    return (struct errand_what){.kind = ERRAND_ACT,
                                .goal = goal,
                                .accept_loss = "unknown",
                                .declare = "site-lost:milan",
                                .reason = "test"};
}

static const struct errand *
promote_lost(struct controller *c, const char *goal)
{
    const struct errand_what what = unplanned(goal);
    return errand_do(c, &what);
}

static void
milan(struct house *h, enum sim_site_state state)
{
    if (sim_enter(house_world(h)) < 0 || sim_site_set(house_world(h), "milan", state) < 0 ||
        sim_leave(house_world(h)) < 0)
        abort();
}

static void
lose_milan(struct house *h, struct controller *c)
{
    milan(h, SIM_SITE_DEAD);
    (void)errand_do(c, &observe);
    house_sleep_ms(h, 25000);
}

static enum drstor_access
access_at(struct house *h, const char *array, const char *copy, size_t *ret_paths)
{
    struct sim_view v;
    if (sim_enter(house_world(h)) < 0 || sim_view(house_world(h), array, copy, &v) < 0)
        abort();
    enum drstor_access access = v.access;
    if (ret_paths)
        *ret_paths = v.n_paths;
    sim_view_clear(&v);
    if (sim_leave(house_world(h)) < 0)
        abort();
    return access;
}

static enum dr_phase
phase_of(struct house *h, const char *group)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_record rec;
    if (dr_store_load(house_store(h), a, group, &rec, NULL, NULL) < 0)
        return DR_PHASE_UNKNOWN;
    return rec.phase;
}

static bool
run(const struct house_plan *plan, void (*tell)(struct house *h, void *arg), struct story *s)
{
    struct house *h = house_new(plan, 1);
    s->plan = plan;
    s->good = s->reached = false;
    house_run(h, tell, s);
    if (s->reached && !s->good)
        (void)fprintf(stderr, "%s\n", house_history(h));
    house_free(h);
    return s->good;
}

/* One after the other, until a controller dies at the very place that TELL is about. */
static bool
run_until_reached(const struct house_plan *plan, void (*tell)(struct house *h, void *arg))
{
    struct story s = {0};
    for (s.doom = 1; s.doom < 600; s.doom++) {
        bool good = run(plan, tell, &s);
        if (s.reached)
            return good;
    }
    return false;
}

/* ---- arrays whose transfers are run from the source ------------------------------------------ */

static void
tell_reverse(struct house *h, void *arg)
{
    struct story *s = arg;
    struct controller *c = house_controller(h, "ops");
    (void)errand_do(c, &adopt);
    s->reached = true;
    bool done = planned(c, TO_ROME)->exit == 0;
    struct sim_view v;
    house_sleep_ms(h, 5000);
    if (sim_enter(house_world(h)) < 0 || sim_view(house_world(h), "sim-milan", "db_m", &v) < 0)
        abort();
    s->good = done && v.relation == DRSTOR_RELATION_DESTINATION;
    sim_view_clear(&v);
    (void)sim_leave(house_world(h));
}

static void
the_old_copy_follows_also_where_the_source_drives(void **state)
{
    struct house_plan *plans = *state;
    struct story s = {0};
    assert_true(run(&plans[1], tell_reverse, &s));
}

/* ---- a site that comes back while the last probe of it is under way ---------------------------
 */

static void
tell_return(struct house *h, void *arg)
{
    struct story *s = arg;
    struct controller *c = house_controller(h, "ops");
    (void)errand_do(c, &adopt);
    lose_milan(h, c);
    const struct errand_what what = unplanned(TO_ROME_LOST);
    struct errand *e = errand_begin(c, &what);
    house_sleep_ms(h, 2000);
    milan(h, SIM_SITE_UP);
    (void)errand_end(e);
    s->reached = true;
    bool refused = e->exit == 3 && e->json && strstr(e->json, "R025");
    refused &= sim_violations_total(house_world(h)) == 0 &&
               access_at(h, "sim-rome", "erp_r", NULL) == DRSTOR_ACCESS_READ_ONLY &&
               phase_of(h, "erp") == DR_PHASE_STEADY;
    /* What the refusal says works: milan is asked itself now. */
    s->good = refused && promote_lost(c, TO_ROME_LOST)->exit == 0 &&
              house_site_served(h, s->plan->model, "rome", 2);
}

static void
a_site_that_is_back_is_not_lost_any_more(void **state)
{
    struct story s = {0};
    assert_true(run(*state, tell_return, &s));
}

/* ---- one group of a dead run is promoted, and the others are left -----------------------------
 */

static void
tell_superseded(struct house *h, void *arg)
{
    struct story *s = arg;
    struct controller *c = house_controller(h, "ops");
    (void)errand_do(c, &adopt);
    lose_milan(h, c);
    controller_doom(c, s->doom);
    if (!promote_lost(c, TO_ROME_LOST)->died || phase_of(h, "erp") != DR_PHASE_FENCING ||
        phase_of(h, "db") != DR_PHASE_FENCING)
        return;
    s->reached = true;
    c = house_controller(h, "next");
    s->good = promote_lost(c, DB_TO_ROME_LOST)->exit == 0 && phase_of(h, "erp") == DR_PHASE_STEADY;
}

static void
groups_of_a_run_that_is_replaced_are_left_at_rest(void **state)
{
    assert_true(run_until_reached(*state, tell_superseded));
}

/* ---- given up between promotion and exposure ---------------------------------------------------
 */

static void
tell_unexposed(struct house *h, void *arg)
{
    struct story *s = arg;
    struct controller *c = house_controller(h, "ops");
    size_t paths = 0;
    (void)errand_do(c, &adopt);
    controller_doom(c, s->doom);
    const struct errand *e = planned(c, TO_ROME);
    if (!e->died || access_at(h, "sim-rome", "web_r", &paths) != DRSTOR_ACCESS_READ_WRITE || paths)
        return;
    s->reached = true;
    c = house_controller(h, "next");
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_run_row *open = NULL;
    size_t n = 0;
    if (dr_store_run_open(house_store(h), a, NULL, &open, &n, NULL) < 0 || n != 1)
        return;
    const struct errand_what give_up = {.kind = ERRAND_ABORT, .goal = open[0].id};
    (void)errand_do(c, &give_up);
    bool done = planned(c, "{\"verb\":\"promote\",\"to\":\"rome\",\"groups\":[\"web\"],"
                           "\"storage_only\":true}")
                    ->exit == 0;
    (void)access_at(h, "sim-rome", "web_r", &paths);
    s->good = done && paths > 0;
}

static void
writable_and_seen_by_nobody_is_not_served(void **state)
{
    assert_true(run_until_reached(*state, tell_unexposed));
}

/* ---- a primary serves again, and the copy it left behind has more -------------------------------
 */

static void
tell_again(struct house *h, void *arg)
{
    struct story *s = arg;
    struct controller *c = house_controller(h, "ops");
    (void)errand_do(c, &adopt);
    lose_milan(h, c);
    bool good = promote_lost(c, TO_ROME_LOST)->exit == 0;
    good &= planned(c, "{\"verb\":\"demote\",\"at\":\"rome\"," ALL)->exit == 0;
    milan(h, SIM_SITE_UP);
    house_sleep_ms(h, 2000);
    s->reached = true;
    s->good = good && planned(c, TO_ROME)->exit == 0 &&
              access_at(h, "sim-rome", "erp_r", NULL) == DRSTOR_ACCESS_READ_WRITE &&
              access_at(h, "sim-milan", "erp_m", NULL) != DRSTOR_ACCESS_READ_WRITE &&
              sim_violations_total(house_world(h)) == 0;
}

static void
what_was_given_up_does_not_keep_a_primary_from_serving_again(void **state)
{
    struct story s = {0};
    assert_true(run(*state, tell_again, &s));
}

/* ---- a record that is damaged when its commit comes --------------------------------------------
 */

static void
tell_damaged(struct house *h, void *arg)
{
    struct story *s = arg;
    struct controller *c = house_controller(h, "ops");
    (void)errand_do(c, &adopt);
    const struct errand_what what = {.kind = ERRAND_ACT, .goal = TO_ROME, .accept_loss = "unknown"};
    struct errand *e = errand_begin(c, &what);
    while (!e->over && phase_of(h, "erp") != DR_PHASE_FENCING)
        house_sleep_ms(h, 1);
    house_sleep_ms(h, s->doom);
    dr_store_world_damage(house_store_world(h), "erp", true);
    (void)errand_end(e);
    dr_store_world_damage(house_store_world(h), "erp", false);
    s->reached = e->exit == 3 && phase_of(h, "erp") == DR_PHASE_FENCING;
    const struct errand_what resume = {.kind = ERRAND_RESUME};
    s->good = s->reached && errand_do(house_controller(h, "next"), &resume)->exit == 0 &&
              access_at(h, "sim-rome", "erp_r", NULL) == DRSTOR_ACCESS_READ_WRITE &&
              phase_of(h, "erp") == DR_PHASE_STEADY;
}

static void
a_run_whose_record_cannot_be_written_stays_open(void **state)
{
    assert_true(run_until_reached(*state, tell_damaged));
}

/* ---- what was seen before another operator's run says nothing after it --------------------------
 */

static void
tell_overtaken(struct house *h, void *arg)
{
    struct story *s = arg;
    struct controller *c = house_controller(h, "ops");
    (void)errand_do(c, &adopt);
    lose_milan(h, c);
    if (promote_lost(c, TO_ROME_LOST)->exit != 0)
        return;
    const struct errand_what demote = {.kind = ERRAND_ACT,
                                       .goal = "{\"verb\":\"demote\",\"at\":\"rome\"," ALL},
                             again = unplanned(TO_ROME_LOST);
    struct errand *d = errand_begin(c, &demote);
    house_sleep_ms(h, 500); /* both wait for milan, and this one looks first */
    const struct errand *p = errand_do(house_controller(h, "other"), &again);
    (void)errand_end(d);
    s->reached = d->exit == 0;
    s->good = s->reached &&
              (p->exit != 0 || access_at(h, "sim-rome", "erp_r", NULL) == DRSTOR_ACCESS_READ_WRITE);
}

static void
nothing_to_do_is_said_of_what_is_so_now(void **state)
{
    struct story s = {0};
    assert_true(run(*state, tell_overtaken, &s));
}

/* ---- a drill is given up, and whoever does it dies --------------------------------------------
 */

static bool
abort_says(const struct errand *e, const char *words)
{
    return e->exit == 0 && e->json && strstr(e->json, words) && !strstr(e->json, "was done before");
}

static void
tell_no_clone(struct house *h, void *arg)
{
    struct story *s = arg;
    struct controller *c = house_controller(h, "ops");
    const struct sim_fault refuses = {
        .kind = SIM_FAULT_REFUSE, .op = SIM_OP_TEST_START, .code = "full", .nth = 1};
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_run_row *open = NULL;
    struct dr_record rec;
    size_t n = 0;
    (void)errand_do(c, &adopt);
    if (sim_enter(house_world(h)) < 0 || sim_fault_add(house_world(h), &refuses) < 0 ||
        sim_leave(house_world(h)) < 0)
        abort();
    if (planned(c, "{\"verb\":\"drill-start\",\"groups\":[\"erp\"]}")->exit != 4 ||
        dr_store_run_open(house_store(h), a, NULL, &open, &n, NULL) < 0 || n != 1)
        return;
    const struct errand_what give_up = {.kind = ERRAND_ABORT, .goal = open[0].id};
    controller_doom(c, s->doom);
    if (!errand_do(c, &give_up)->died ||
        dr_store_load(house_store(h), a, "erp", &rec, NULL, NULL) < 0 || rec.drill.name ||
        dr_store_run_open(house_store(h), a, NULL, &open, &n, NULL) < 0 || n != 1)
        return;
    s->reached = true;
    s->good = abort_says(errand_do(house_controller(h, "next"), &give_up), "no clone was made");
}

static void
a_drill_that_was_forgotten_was_not_done(void **state)
{
    assert_true(run_until_reached(*state, tell_no_clone));
}

static int
setup(void **state)
{
    static struct house_plan plans[2];
    const struct house_site_how usual = {0}, driven = {.source_drives = true};
    *state = plans;
    return house_site_make(&plans[0], &usual) && house_site_make(&plans[1], &driven) ? 0 : -1;
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
        cmocka_unit_test(the_old_copy_follows_also_where_the_source_drives),
        cmocka_unit_test(a_site_that_is_back_is_not_lost_any_more),
        cmocka_unit_test(groups_of_a_run_that_is_replaced_are_left_at_rest),
        cmocka_unit_test(writable_and_seen_by_nobody_is_not_served),
        cmocka_unit_test(a_run_whose_record_cannot_be_written_stays_open),
        cmocka_unit_test(nothing_to_do_is_said_of_what_is_so_now),
        cmocka_unit_test(what_was_given_up_does_not_keep_a_primary_from_serving_again),
        cmocka_unit_test(a_drill_that_was_forgotten_was_not_done),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
