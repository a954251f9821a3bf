/*
 * A promotion from a recovery point, where the ground moves under it: the point goes, its name
 * comes to mean another moment, the controller dies between going back and writable, or right
 * after.
 */
#include "support/house_internal.h"
#include "support/house_site.h"

#include "base/mem.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BACK                                                                                       \
    "{\"verb\":\"promote\",\"groups\":[\"erp\"],\"to\":\"rome\",\"unplanned\":true,"               \
    "\"storage_only\":true,\"point\":\"p1\"}"
#define SERVE "{\"verb\":\"promote\",\"groups\":[\"erp\"],\"to\":\"rome\",\"storage_only\":true}"

static struct house_plan plan;
static const struct errand_what adopt = {.kind = ERRAND_ADOPT}, status = {.kind = ERRAND_STATUS},
                                resume = {.kind = ERRAND_RESUME},
                                back = {.kind = ERRAND_ACT, .goal = BACK, .accept_loss = "10m"},
                                serve = {.kind = ERRAND_ACT, .goal = SERVE},
                                demote = {.kind = ERRAND_ACT,
                                          .goal = "{\"verb\":\"demote\",\"groups\":[\"erp\"],"
                                                  "\"at\":\"rome\",\"storage_only\":true}"};

/* A story ends with a sentence that says what is wrong, or NULL. */
struct story {
    const char *(*tell)(struct house *h, struct story *s);
    uint64_t doom;
    bool missed; /* the controller did not die where the story wants it to */
    const char *wrong;
};

static void
tell(struct house *h, void *arg)
{
    struct story *s = arg;
    s->wrong = s->tell(h, s);
    if (!s->wrong && !s->missed && sim_enter(house_world(h)) == 0) {
        s->wrong = sim_violations_total(house_world(h)) ? "the world has seen violations" : NULL;
        (void)sim_leave(house_world(h));
    }
}

static const char *
play(struct story *s)
{
    struct house *h = house_new(&plan, 3);
    house_talk(h, true);
    house_run(h, tell, s);
    s->wrong = s->wrong ? strdup(s->wrong) : NULL;
    if (s->wrong)
        (void)fprintf(stderr, "%s\n%s\n", house_history(h), s->wrong);
    house_free(h);
    return s->wrong;
}

/* ---- fate ------------------------------------------------------------------------------------ */

static void
keep(struct house *h, const char *name)
{
    const struct sim_request r = {.op = SIM_OP_SNAPSHOT,
                                  .member = -1,
                                  .array = "sim-rome",
                                  .actor = "fate",
                                  .group = "erp_r",
                                  .name = name};
    struct sim_ticket ticket;
    if (sim_enter(house_world(h)) < 0 || sim_begin(house_world(h), &r, &ticket) < 0 ||
        sim_leave(house_world(h)) < 0)
        abort();
    house_sleep_ms(h, 10);
}

static void
forget(struct house *h, const char *name)
{
    if (sim_enter(house_world(h)) < 0 ||
        sim_snapshot_delete(house_world(h), "sim-rome", "erp_r", name) < 0 ||
        sim_leave(house_world(h)) < 0)
        abort();
}

static uint64_t
writes(struct house *h, const char *array, const char *volume)
{
    uint64_t n = 0;
    if (sim_enter(house_world(h)) < 0 || sim_writes(house_world(h), array, volume, &n) < 0 ||
        sim_leave(house_world(h)) < 0)
        abort();
    return n;
}

static enum drstor_access
access_at_rome(struct house *h)
{
    struct sim_view v;
    if (sim_enter(house_world(h)) < 0 || sim_view(house_world(h), "sim-rome", "erp_r", &v) < 0)
        abort();
    enum drstor_access access = v.access;
    sim_view_clear(&v);
    (void)sim_leave(house_world(h));
    return access;
}

static struct dr_record
record(struct house *h)
{
    struct dr_record r;
    if (dr_store_load(house_store(h), h->arena, "erp", &r, NULL, NULL) < 0)
        abort();
    return r;
}

/* p1 is kept at rome, which goes on for more than a minute. Returns what volume a holds of it. */
static uint64_t
begin(struct house *h, struct controller *c)
{
    house_sleep_ms(h, 70000);
    keep(h, "p1");
    uint64_t n = writes(h, "sim-rome", "erp_r_a");
    house_sleep_ms(h, 70000);
    if (errand_do(c, &adopt)->exit != 0)
        abort();
    return n;
}

static bool
says(const struct errand *e, const char *text)
{
    return (e->json && strstr(e->json, text)) ||
           (e->error && strstr(drstor_error_message(e->error), text));
}

/* ---- what is seen ---------------------------------------------------------------------------- */

static const char *
seen(struct house *h, struct story *s)
{
    static const struct errand_what planned = {.kind = ERRAND_PLAN,
                                               .goal = "{\"verb\":\"sync\",\"groups\":[\"erp\"]}"};
    static const struct errand_what observe = {.kind = ERRAND_OBSERVE};
    struct controller *c = house_controller(h, "one");
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_facts facts;
    (void)s;
    (void)begin(h, c);
    if (!says(errand_do(c, &status), "\"points\":[{\"id\":\"p1\",\"at\":\"2026-01-01T02:"))
        return "status does not show the point";
    (void)errand_do(c, &observe);
    house_sleep_ms(h, 3000);
    (void)errand_do(c, &planned); /* asks for no points: they stay, with their age */
    (void)errand_do(c, &back);
    if (dr_store_facts_load(house_store(h), a, &facts, NULL) < 0)
        return "no facts";
    const struct dr_copy_facts *rome = dr_facts_copy(&facts, "erp", "rome"),
                               *milan = dr_facts_copy(&facts, "erp", "milan");
    if (!rome || rome->n_points != 1 || !dr_streq(rome->points[0].id, "p1") || rome->points_error)
        return "the facts do not have the point of rome";
    if (!milan || milan->n_points)
        return "the primary has points";
    return access_at_rome(h) == DRSTOR_ACCESS_READ_WRITE ? NULL : "rome was not promoted";
}

/* ---- before the commit ----------------------------------------------------------------------- */

/* The fence takes three seconds, and meanwhile somebody is at the array. */
static const char *
gone_meanwhile(struct house *h, bool other)
{
    const struct sim_fault slow = {
        .kind = SIM_FAULT_SLOW, .op = SIM_OP_SET_ACCESS, .times = 1, .delay_ms = 3000};
    struct controller *c = house_controller(h, "one");
    (void)begin(h, c);
    if (sim_enter(house_world(h)) < 0 || sim_fault_add(house_world(h), &slow) < 0 ||
        sim_leave(house_world(h)) < 0)
        abort();
    struct errand *e = errand_begin(c, &back);
    house_sleep_ms(h, 1000);
    forget(h, "p1");
    if (other)
        keep(h, "p1");
    (void)errand_end(e);
    const struct dr_record r = record(h);
    if (e->exit != 3 || !says(e, "R046"))
        return "it was not refused";
    if (other && !says(e, "when that was agreed to"))
        return "it does not say that the point is another one";
    if (!dr_streq(r.primary, "milan") || r.phase != DR_PHASE_STEADY || r.left.owed)
        return "the record is not as before";
    return access_at_rome(h) == DRSTOR_ACCESS_READ_ONLY ? NULL : "rome is writable";
}

static const char *
gone(struct house *h, struct story *s)
{
    (void)s;
    return gone_meanwhile(h, false);
}

static const char *
another_moment(struct house *h, struct story *s)
{
    (void)s;
    return gone_meanwhile(h, true);
}

/* ---- after the commit ------------------------------------------------------------------------ */

/* The first controller dies where WRITABLE says how far it came, the point still owed. */
static bool
died_owing(struct house *h, struct story *s, bool writable)
{
    struct controller *c = house_controller(h, "dies");
    controller_doom(c, s->doom);
    (void)errand_do(c, &back);
    house_sleep_ms(h, 5000);
    const struct dr_record r = record(h);
    s->missed = !dr_streq(r.primary, "rome") || !r.left.owed ||
                (access_at_rome(h) == DRSTOR_ACCESS_READ_WRITE) != writable;
    return !s->missed;
}

static const char *
gone_after_the_commit(struct house *h, struct story *s)
{
    struct controller *next = house_controller(h, "next");
    (void)begin(h, house_controller(h, "one"));
    if (!died_owing(h, s, false))
        return NULL;
    forget(h, "p1");
    const struct errand *e = errand_do(next, &resume);
    if (e->exit != 4 || !says(e, "has no recovery point p1 at rome any more"))
        return "it does not say that the point is gone";
    if (access_at_rome(h) != DRSTOR_ACCESS_READ_ONLY)
        return "rome was made writable at the newest point";

    /* What the hint says: restored and made writable by hand, then resumed. */
    const struct dr_record r = record(h);
    const struct sim_request by_hand = {.op = SIM_OP_SET_ACCESS,
                                        .member = -1,
                                        .array = "sim-rome",
                                        .actor = "fate",
                                        .group = "erp_r",
                                        .epoch = (uint64_t)r.epoch,
                                        .token = (uint64_t)r.token + 1, /* of the resume */
                                        .n_evidence = 1,
                                        .access = DRSTOR_ACCESS_READ_WRITE};
    struct sim_ticket ticket;
    if (sim_enter(house_world(h)) < 0 || sim_begin(house_world(h), &by_hand, &ticket) < 0 ||
        sim_leave(house_world(h)) < 0)
        abort();
    house_sleep_ms(h, 10);
    e = errand_do(next, &resume);
    return e->exit == 0 && !record(h).left.owed ? NULL : "the run cannot be ended";
}

/* Between writable and the record's note: what was written since stays, whoever comes next. */
static const char *
written_since(struct house *h, struct story *s, const struct errand_what *first)
{
    struct controller *next = house_controller(h, "next");
    uint64_t p1 = begin(h, house_controller(h, "one"));
    if (!died_owing(h, s, true))
        return NULL;
    if (writes(h, "sim-rome", "erp_r_a") != p1)
        return "rome is not at p1";
    struct json_object *doc = json_object_new_object();
    if (sim_enter(house_world(h)) < 0 ||
        sim_doc_put(house_world(h), "sim-rome", "erp_r_a", doc) < 0 ||
        sim_leave(house_world(h)) < 0)
        abort();
    (void)json_object_put(doc);
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_run_row *rows = NULL;
    size_t n = 0;
    (void)dr_store_run_open(house_store(h), a, NULL, &rows, &n, NULL);
    const struct errand_what abort_it = {.kind = ERRAND_ABORT, .goal = n ? rows[0].id : "none"};
    if (first == &demote && errand_do(next, &abort_it)->exit != 0)
        return "the run cannot be given up";
    if (errand_do(next, first)->exit != 0)
        return "what came first failed";
    if (record(h).left.owed)
        return "the point is still owed";
    const struct errand *e = errand_do(next, &serve);
    if (e->exit != 0 || access_at_rome(h) != DRSTOR_ACCESS_READ_WRITE)
        return "rome does not serve";
    return writes(h, "sim-rome", "erp_r_a") == p1 + 1 ? NULL : "what was written is lost";
}

static const char *
written_then_resumed(struct house *h, struct story *s)
{
    return written_since(h, s, &resume);
}

static const char *
written_then_demoted(struct house *h, struct story *s)
{
    return written_since(h, s, &demote);
}

/* ---- the tests ------------------------------------------------------------------------------- */

static void
points_are_seen_and_kept(void **state)
{
    (void)state;
    assert_null(play(&(struct story){.tell = seen}));
}

static void
a_point_that_goes_before_the_commit_promotes_nothing(void **state)
{
    (void)state;
    assert_null(play(&(struct story){.tell = gone}));
}

static void
a_name_of_another_moment_is_another_point(void **state)
{
    (void)state;
    assert_null(play(&(struct story){.tell = another_moment}));
}

/* At every point at which the controller can die and the story has a beginning. */
static unsigned
wherever_it_dies(const char *(*fn)(struct house *h, struct story *s))
{
    unsigned told = 0;
    for (uint64_t doom = 1; doom < 250; doom++) {
        struct story s = {.tell = fn, .doom = doom};
        assert_null(play(&s));
        told += !s.missed;
    }
    return told;
}

static void
a_point_that_goes_after_the_commit_is_told_and_can_be_ended(void **state)
{
    (void)state;
    assert_in_range(wherever_it_dies(gone_after_the_commit), 1, 250);
}

static void
what_was_written_at_the_promoted_copy_is_never_taken_back(void **state)
{
    (void)state;
    assert_in_range(wherever_it_dies(written_then_resumed), 1, 250);
    assert_in_range(wherever_it_dies(written_then_demoted), 1, 250);
}

int
main(void)
{
    const struct house_site_how alone = {0};
    if (!house_site_make(&plan, &alone))
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_are_seen_and_kept),
        cmocka_unit_test(a_point_that_goes_before_the_commit_promotes_nothing),
        cmocka_unit_test(a_name_of_another_moment_is_another_point),
        cmocka_unit_test(a_point_that_goes_after_the_commit_is_told_and_can_be_ended),
        cmocka_unit_test(what_was_written_at_the_promoted_copy_is_never_taken_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
