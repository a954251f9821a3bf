/*
 * A site comes back while a guard watches it: at a random moment between two looks, arrays or
 * engine first, its applications beginning by themselves. How long something could be written there
 * is measured from outside, and must never be longer than the guard says.
 *
 *     test_guard [SEED]      one of them, with its history
 */
#include "support/house_internal.h"
#include "support/house_site.h"

#include "base/mem.h"
#include "base/str.h"
#include "model/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BARE(words) "{\"verb\":" words "}"
#define GOAL(words) "{\"storage_only\":true,\"verb\":" words "}"
#define TO_ROME GOAL("\"promote\",\"all\":true,\"to\":\"rome\"")
#define TO_ROME_LOST GOAL("\"promote\",\"all\":true,\"to\":\"rome\",\"unplanned\":true")

enum { INTERVAL_MS = 1000, RETURNS = 400, STEP_MS = 5 };

static struct house_plan alone, engines;
static const struct errand_what adopt = {.kind = ERRAND_ADOPT}, observe = {.kind = ERRAND_OBSERVE},
                                once = {.kind = ERRAND_GUARD, .goal = "milan"},
                                watches = {.kind = ERRAND_GUARD,
                                           .goal = "milan",
                                           .interval_ms = INTERVAL_MS};

/* ---- telling --------------------------------------------------------------------------------- */

/* A story ends with a sentence that says what is wrong, or NULL. */
struct story {
    const char *(*tell)(struct house *h, struct story *s);
    uint64_t open_ms; /* how long the last copy could be written at milan */
    const char *wrong;
};

static void
tell(struct house *h, void *arg)
{
    struct story *s = arg;
    s->wrong = s->tell(h, s);
    /* Two that are writable at a return are what a guard is for; what may not be is all else. */
    if (!s->wrong && sim_enter(house_world(h)) == 0) {
        uint64_t n = sim_violations_total(house_world(h)) -
                     sim_violations(house_world(h), SIM_V_DUAL_WRITABLE) -
                     sim_violations(house_world(h), SIM_V_DUAL_WRITERS);
        s->wrong = n ? "the world has seen violations" : NULL;
        (void)sim_leave(house_world(h));
    }
}

static bool
play(const struct house_plan *plan, struct story *s, uint64_t seed, bool show)
{
    struct house *h = house_new(plan, seed);
    house_talk(h, true);
    house_run(h, tell, s);
    if (s->wrong || show)
        (void)fprintf(stderr, "%s\n", house_history(h));
    if (s->wrong)
        (void)fprintf(stderr, "seed %llu: %s\n", (unsigned long long)seed, s->wrong);
    bool good = !s->wrong;
    house_free(h);
    return good;
}

static struct sim_world *
enter(struct house *h)
{
    if (sim_enter(house_world(h)) < 0)
        abort();
    return house_world(h);
}

static void
leave(struct house *h)
{
    if (sim_leave(house_world(h)) < 0)
        abort();
}

static void
milan(struct house *h, enum sim_site_state state)
{
    if (sim_site_set(enter(h), "milan", state) < 0)
        abort();
    leave(h);
    house_note(h, "the arrays of milan: %d", (int)state);
}

static struct sim_view
view(struct house *h, const char *group, const char *site)
{
    struct sim_view v = {0};
    char array[16], id[16];
    (void)snprintf(array, sizeof(array), "sim-%s", site);
    (void)snprintf(id, sizeof(id), "%s_%c", group, site[0]);
    if (sim_view(enter(h), array, id, &v) != 0)
        abort();
    leave(h);
    const struct sim_view plain = {.access = v.access, .n_paths = v.n_paths};
    sim_view_clear(&v);
    return plain;
}

static bool
open_at(struct house *h, const char *group, const char *site)
{
    return view(h, group, site).access != DRSTOR_ACCESS_READ_ONLY;
}

static bool
any_open(struct house *h)
{
    return open_at(h, "erp", "milan") || open_at(h, "db", "milan") || open_at(h, "web", "milan");
}

static struct dr_record
record(struct house *h, const char *group)
{
    struct dr_record r;
    if (dr_store_load(house_store(h), h->arena, group, &r, NULL, NULL) < 0)
        abort();
    return r;
}

static const struct errand *
does(struct house *h, const char *who, const char *goal, const char *declare)
{
    const struct errand_what what = {.kind = ERRAND_ACT,
                                     .goal = goal,
                                     .accept_loss = "unknown",
                                     .declare = declare,
                                     .reason = declare ? "test" : NULL};
    return errand_do(house_controller(h, who), &what);
}

/* All groups promoted at rome without milan, which is dead. */
static bool
begin_lost(struct house *h)
{
    struct controller *c = house_controller(h, "ops");
    house_sleep_ms(h, 70000);
    bool good = errand_do(c, &adopt)->exit == 0;
    milan(h, SIM_SITE_DEAD);
    house_reach(h, "milan", HOUSE_REACH_SILENT);
    house_hosts_lost(h, "milan");
    (void)errand_do(c, &observe);
    house_sleep_ms(h, 25000);
    return does(h, "ops2", TO_ROME_LOST, "site-lost:milan")->exit == 0 && good;
}

/* And milan is back, as it was. */
static bool
begin_left(struct house *h)
{
    bool good = begin_lost(h);
    milan(h, SIM_SITE_UP);
    house_reach(h, "milan", HOUSE_REACH_UP);
    house_sleep_ms(h, 100);
    return good && any_open(h);
}

static bool
says(const struct errand *e, const char *what)
{
    return e->json && strstr(e->json, what);
}

static void
command(struct house *h, const char *text)
{
    dr_auto(dr_freep) char *copy = dr_strdup(text);
    for (char *p = copy; *p; p++)
        if (*p == '\'')
            *p = '"';
    struct json_object *o = json_tokener_parse(copy);
    if (!o)
        abort();
    (void)json_object_put(
        emu_control(house_engine(h, "milan"), o, (int64_t)dr_now_ns(house_env(h))));
    (void)json_object_put(o);
    dr_cond_wake(&h->net.moved);
}

static void
host_is_up(struct house *h)
{
    command(h, "{'command':'host','host':'d0a00000-0000-4000-8000-000000000001','status':'up'}");
}

/* The engine starts by itself what is its to start. */
static void
vm_begins(struct house *h, const char *name)
{
    dr_auto(dr_str_freep) struct dr_str text = {0};
    dr_str_printf(&text,
                  "{'command':'add_vm','vm':{'id':'a19%s0000-0000-4000-8000-000000000001',"
                  "'name':'%s','status':'up','cluster':'production','memory':1073741824,"
                  "'disks':[{'id':'d19%s0000-0000-4000-8000-000000000001','name':'%s',"
                  "'storage_domain':'5d100000-0000-4000-8000-000000000001'}]}}",
                  "1", name, "1", name);
    command(h, text.s);
    house_note(h, "VM %s begins at milan", name);
}

/* ---- a return -------------------------------------------------------------------------------- */

static const char *
comes_back(struct house *h, struct story *s)
{
    if (!begin_lost(h))
        return "it could not be promoted";
    struct controller *c = house_controller(h, "guard");
    struct errand *e = errand_begin(c, &watches);
    house_sleep_ms(h, 3000 + house_draw(h, 20 * INTERVAL_MS));
    bool engine_first = house_draw(h, 2);
    uint64_t between = house_draw(h, 4000);
    if (engine_first) {
        house_reach(h, "milan", HOUSE_REACH_UP);
        house_sleep_ms(h, between);
    }
    milan(h, SIM_SITE_UP);
    if (house_engine(h, "milan") && house_draw(h, 2))
        host_is_up(h);
    uint64_t from = dr_now_ns(house_env(h)), until = from + 120 * DR_S;
    while (any_open(h) && dr_now_ns(house_env(h)) < until)
        house_sleep_ms(h, STEP_MS);
    s->open_ms = (dr_now_ns(house_env(h)) - from) / DR_MS;
    house_note(h, "open for %llu ms", (unsigned long long)s->open_ms);
    if (any_open(h))
        return "it was never closed";
    house_reach(h, "milan", HOUSE_REACH_UP);
    house_sleep_ms(h, 3000 + house_draw(h, 3000));
    controller_cancel(c);
    (void)errand_end(e);
    int64_t said = e->json ? strtoll(errand_says(e, "window_ms"), NULL, 10) : -1;
    if (e->exit != 0)
        return "it did not end well";
    if (said + STEP_MS < (int64_t)s->open_ms)
        return "the window was longer than it said";
    for (size_t i = 0; i < 3; i++) {
        static const char *const groups[] = {"erp", "db", "web"};
        const struct dr_record r = record(h, groups[i]);
        if (r.n_site_hold != 1 || r.old_copy == DR_OLD_COPY_NONE || !dr_streq(r.primary, "rome") ||
            !dr_record_at_rest(&r) || open_at(h, groups[i], "rome") == false)
            return "the records do not tell it";
        if (view(h, groups[i], "milan").n_paths)
            return "hosts still see it";
    }
    return NULL;
}

static int
by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void
what_comes_back_is_closed_in_the_time_that_is_said(void **state)
{
    (void)state;
    static uint64_t open_ms[RETURNS];
    for (uint64_t seed = 0; seed < RETURNS; seed++) {
        struct story s = {.tell = comes_back};
        assert_true(play(seed % 4 ? &alone : &engines, &s, seed, false));
        open_ms[seed] = s.open_ms;
    }
    qsort(open_ms, RETURNS, sizeof(open_ms[0]), by_size);
    printf("figure guard_returns_closed %d of %d\n", RETURNS, RETURNS);
    printf("figure guard_window_polls %.2f p99\n",
           (double)open_ms[RETURNS * 99 / 100] / INTERVAL_MS);
}

/* ---- what is left alone ---------------------------------------------------------------------- */

static int
count_one(const struct sim_log_entry *e, void *user)
{
    unsigned *n = user;
    *n += !e->effect && sim_op_mutates((enum sim_op)e->op);
    return 0;
}

/* Calls so far that could change something. */
static unsigned
sent(struct house *h)
{
    unsigned n = 0;
    (void)sim_log_each(enter(h), count_one, &n);
    leave(h);
    return n;
}

static const struct errand *
guards(struct house *h, const char *who, const char *site)
{
    struct errand_what what = once;
    what.goal = site;
    return errand_do(house_controller(h, who), &what);
}

static const char *
a_primary(struct house *h, struct story *s)
{
    (void)s;
    house_sleep_ms(h, 70000);
    if (errand_do(house_controller(h, "ops"), &adopt)->exit != 0)
        return "not adopted";
    unsigned before = sent(h);
    const struct errand *m = guards(h, "g1", "milan"), *r = guards(h, "g2", "rome");
    if (m->exit != 0 || r->exit != 0 || sent(h) != before || !says(m, "\"acted\":[]"))
        return "a primary or what follows it was touched";
    if (does(h, "ops2", TO_ROME, NULL)->exit != 0)
        return "not promoted";
    house_sleep_ms(h, 70000);
    before = sent(h);
    m = guards(h, "g3", "milan"), r = guards(h, "g4", "rome");
    return m->exit == 0 && r->exit == 0 && sent(h) == before ? NULL
                                                             : "touched after a planned move";
}

static const char *
no_record(struct house *h, struct story *s)
{
    (void)s;
    house_sleep_ms(h, 70000);
    unsigned before = sent(h);
    const struct errand *e = guards(h, "g1", "milan");
    return e->exit == 5 && sent(h) == before && says(e, "it has no record") &&
                   says(e, "drstor adopt erp")
               ? NULL
               : "what has no record was touched, or not told";
}

static const char *
a_damaged_record(struct house *h, struct story *s)
{
    (void)s;
    if (!begin_left(h))
        return "not left";
    dr_store_world_damage(h->store, "erp", true);
    const struct errand *e = guards(h, "g1", "milan");
    return e->exit == 5 && open_at(h, "erp", "milan") && !open_at(h, "db", "milan") &&
                   says(e, "its record cannot be read")
               ? NULL
               : "what has a damaged record was touched, or not told";
}

static const char *
a_lock(struct house *h, struct story *s)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    const struct dr_actor who = {.user = "anna", .host = "ops"};
    struct dr_lock lock;
    (void)s;
    if (!begin_left(h))
        return "not left";
    struct dr_store *other = dr_store_memory(h->env, h->store, DR_STORE_WRITE);
    if (dr_store_lock(other, a, "erp", &who, "r1", "promote", 0, NULL, &lock, NULL) < 0)
        return "not locked";
    const struct errand *e = guards(h, "g1", "milan");
    bool good = e->exit == 3 && open_at(h, "erp", "milan") && !open_at(h, "db", "milan") &&
                says(e, "locked by run r1");
    (void)dr_store_unlock(other, "erp", lock.token, NULL);
    dr_store_close(other);
    e = guards(h, "g2", "milan");
    return good && e->exit == 0 && !any_open(h) ? NULL : "a group under a lock was not left alone";
}

static const char *
a_drill(struct house *h, struct story *s)
{
    char(*ids)[SIM_NAME] = NULL;
    size_t n = 0;
    (void)s;
    house_sleep_ms(h, 70000);
    if (errand_do(house_controller(h, "ops"), &adopt)->exit != 0 ||
        does(h, "ops2", TO_ROME, NULL)->exit != 0)
        return "not promoted";
    house_sleep_ms(h, 70000);
    if (does(h, "ops3", BARE("\"drill-start\",\"groups\":[\"erp\"]"), NULL)->exit != 0)
        return "no drill";
    unsigned before = sent(h);
    const struct errand *e = guards(h, "g1", "milan");
    if (sim_discover(enter(h), "sim-milan", &ids, &n) != 0)
        abort();
    leave(h);
    free(ids);
    return e->exit == 0 && sent(h) == before && n == 4 ? NULL : "the drill's clone was touched";
}

static void
told(const struct house_plan *plan, const char *(*fn)(struct house *, struct story *))
{
    struct story s = {.tell = fn};
    assert_true(play(plan, &s, 3, false));
}

static void
what_is_primary_or_follows_is_not_touched(void **state)
{
    (void)state;
    told(&alone, a_primary);
}

static void
what_has_no_record_is_told_and_not_touched(void **state)
{
    (void)state;
    told(&alone, no_record);
}

static void
what_has_a_damaged_record_is_told_and_not_touched(void **state)
{
    (void)state;
    told(&alone, a_damaged_record);
}

static void
what_somebody_works_on_is_left_until_they_are_done(void **state)
{
    (void)state;
    told(&alone, a_lock);
}

static void
a_clone_of_a_drill_is_not_touched(void **state)
{
    (void)state;
    told(&alone, a_drill);
}

/* ---- arrays that refuse, others at work ------------------------------------------------------ */

static void
refuses(struct house *h, enum sim_op op)
{
    struct sim_fault f = {.kind = SIM_FAULT_REFUSE, .op = op, .nth = 1};
    (void)snprintf(f.array, sizeof(f.array), "sim-milan");
    (void)snprintf(f.code, sizeof(f.code), "not-now");
    if (sim_fault_add(enter(h), &f) < 0)
        abort();
    leave(h);
}

static const char *
no_read_only(struct house *h, struct story *s)
{
    (void)s;
    if (!begin_left(h))
        return "not left";
    refuses(h, SIM_OP_SET_ACCESS);
    const struct errand *e = guards(h, "g1", "milan");
    return e->exit == 0 && view(h, "erp", "milan").n_paths == 0 && says(e, "withdrawn from")
               ? NULL
               : "hosts were not taken away";
}

/* It cannot be written any more, and its hosts cannot be taken away: tried now and then. */
static const char *
no_withdrawing(struct house *h, struct story *s)
{
    struct controller *c = house_controller(h, "guard");
    (void)s;
    if (!begin_left(h))
        return "not left";
    refuses(h, SIM_OP_WITHDRAW);
    struct errand *e = errand_begin(c, &watches);
    house_sleep_ms(h, 300000);
    controller_cancel(c);
    (void)errand_end(e);
    struct dr_run_row *rows = NULL;
    size_t n = 0;
    (void)dr_store_run_list(house_store(h), h->arena, 1000, &rows, &n, NULL);
    if (n > 60)
        return "it tries too often";
    return e->exit == 0 && !any_open(h) && says(e, "still exposed to rhv-milan")
               ? NULL
               : "what hosts still see is not told";
}

static const char *
nothing_works(struct house *h, struct story *s)
{
    struct controller *c = house_controller(h, "guard");
    (void)s;
    if (!begin_left(h))
        return "not left";
    refuses(h, SIM_OP_SET_ACCESS);
    refuses(h, SIM_OP_WITHDRAW);
    const struct errand *one = guards(h, "g1", "milan");
    if (one->exit != 3 || !any_open(h) || !says(one, "switch that array off"))
        return "what stays open is not told";
    struct errand *e = errand_begin(c, &watches);
    house_sleep_ms(h, 20000);
    sim_fault_clear(enter(h));
    leave(h);
    house_sleep_ms(h, 65000);
    controller_cancel(c);
    (void)errand_end(e);
    struct dr_run_row *rows = NULL;
    size_t n = 0;
    (void)dr_store_run_list(house_store(h), h->arena, 1000, &rows, &n, NULL);
    if (n > 60)
        return "it tries too often";
    return e->exit == 0 && !any_open(h) ? NULL : "it did not go on trying";
}

static size_t
runs_open(struct house *h)
{
    struct dr_run_row *rows = NULL;
    size_t n = 0;
    if (dr_store_run_open(house_store(h), h->arena, NULL, &rows, &n, NULL) < 0)
        abort();
    return n;
}

static const char *
two_of_them(struct house *h, struct story *s)
{
    (void)s;
    if (!begin_lost(h))
        return "not promoted";
    struct controller *a = house_controller(h, "a"), *b = house_controller(h, "b");
    struct errand *x = errand_begin(a, &watches), *y = errand_begin(b, &watches);
    house_sleep_ms(h, 5000);
    milan(h, SIM_SITE_UP);
    house_sleep_ms(h, 70000);
    controller_cancel(a);
    controller_cancel(b);
    (void)errand_end(x);
    (void)errand_end(y);
    return x->exit == 0 && y->exit == 0 && !any_open(h) && runs_open(h) == 0
               ? NULL
               : "they were in each other's way";
}

/* Whoever acts does not wait for the run of a guard that died. */
static const char *
one_that_died(struct house *h, struct story *s)
{
    for (uint64_t doom = 20; doom < 240; doom += 40) {
        char name[16];
        (void)snprintf(name, sizeof(name), "g%llu", (unsigned long long)doom);
        struct controller *c = house_controller(h, name);
        if (doom == 20 && !begin_left(h))
            return "not left";
        controller_doom(c, doom);
        (void)errand_do(c, &once);
    }
    (void)s;
    const struct errand *e = does(h, "ops3", GOAL("\"reprotect\",\"all\":true"), NULL);
    if (e->exit != 0)
        return "reprotect waited for a guard";
    house_sleep_ms(h, 70000);
    return runs_open(h) == 0 && record(h, "erp").old_copy == DR_OLD_COPY_NONE &&
                   record(h, "erp").n_site_hold == 0
               ? NULL
               : "something of the guard is left";
}

/* A promotion whose controller died half way, and milan comes back before anybody goes on with it.
 */
static const char *
half_way(struct house *h, struct story *s)
{
    static const struct errand_what resume = {.kind = ERRAND_RESUME};
    const struct errand_what promote = {.kind = ERRAND_ACT,
                                        .goal = TO_ROME_LOST,
                                        .accept_loss = "unknown",
                                        .declare = "site-lost:milan",
                                        .reason = "test"};
    struct controller *dies = house_controller(h, "dies");
    house_sleep_ms(h, 70000);
    (void)errand_do(house_controller(h, "ops"), &adopt);
    milan(h, SIM_SITE_DEAD);
    (void)errand_do(house_controller(h, "ops2"), &observe);
    house_sleep_ms(h, 25000);
    struct errand *e = errand_begin(dies, &promote);
    while (!e->over && record(h, "erp").phase != DR_PHASE_PROMOTING)
        house_sleep_ms(h, 1);
    controller_kill(dies, "half way");
    milan(h, SIM_SITE_UP);
    house_sleep_ms(h, 100);
    bool was_promoting = record(h, "erp").phase == DR_PHASE_PROMOTING;
    e = errand_do(house_controller(h, "g"), &once);
    if (open_at(h, "erp", "milan"))
        return "it was not closed";
    if (was_promoting && record(h, "erp").phase != DR_PHASE_PROMOTING)
        return "the guard ended what it had not begun";
    e = errand_do(house_controller(h, "next"), &resume);
    (void)s;
    return e->exit == 0 && runs_open(h) == 0 && open_at(h, "erp", "rome") &&
                   !open_at(h, "erp", "milan")
               ? NULL
               : "the promotion could not be finished";
}

static void
where_nothing_is_made_read_only_hosts_are_taken_away(void **state)
{
    (void)state;
    told(&alone, no_read_only);
}

static void
hosts_that_cannot_be_taken_away_are_told(void **state)
{
    (void)state;
    told(&alone, no_withdrawing);
}

static void
what_cannot_be_closed_is_told_and_tried_again(void **state)
{
    (void)state;
    told(&alone, nothing_works);
}

static void
two_guards_are_not_in_each_others_way(void **state)
{
    (void)state;
    told(&alone, two_of_them);
}

static void
nobody_waits_for_a_guard_that_died(void **state)
{
    (void)state;
    told(&alone, one_that_died);
}

static void
a_promotion_half_way_is_helped_and_not_ended(void **state)
{
    (void)state;
    told(&alone, half_way);
}

/* ---- the engine ------------------------------------------------------------------------------ */

static const char *
vms_run(struct house *h, struct story *s)
{
    (void)s;
    if (!begin_left(h))
        return "not left";
    host_is_up(h);
    house_sleep_ms(h, 30000);
    vm_begins(h, "payroll");
    house_sleep_ms(h, 1000);
    const struct errand *e = guards(h, "g1", "milan");
    return !any_open(h) && says(e, "payroll") && says(e, "power them off there")
               ? NULL
               : "a VM that runs there is not told by name";
}

/* An engine that does not answer keeps no array waiting. */
static const char *
engine_silent(struct house *h, struct story *s)
{
    (void)s;
    if (!begin_left(h))
        return "not left";
    house_reach(h, "milan", HOUSE_REACH_SILENT);
    struct errand *e = errand_begin(house_controller(h, "g1"), &once);
    house_sleep_ms(h, 1500);
    if (any_open(h))
        return "arrays waited for the engine";
    (void)errand_end(e);
    return e->exit == 0 ? NULL : "an engine that is silent is no failure of the fence";
}

static void
vms_that_run_there_are_told_by_name(void **state)
{
    (void)state;
    told(&engines, vms_run);
}

static void
no_array_waits_for_an_engine_that_is_silent(void **state)
{
    (void)state;
    told(&engines, engine_silent);
}

/* ---- main ------------------------------------------------------------------------------------ */

int
main(int argc, char **argv)
{
    const struct house_site_how plain = {.quiet = false}, with = {.engines = true};
    if (!house_site_make(&alone, &plain) || !house_site_make(&engines, &with))
        return 1;
    if (argc > 1) {
        struct story s = {.tell = comes_back};
        uint64_t seed = strtoull(argv[1], NULL, 10);
        return play(seed % 4 ? &alone : &engines, &s, seed, true) ? 0 : 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_primary_or_follows_is_not_touched),
        cmocka_unit_test(what_has_no_record_is_told_and_not_touched),
        cmocka_unit_test(what_has_a_damaged_record_is_told_and_not_touched),
        cmocka_unit_test(what_somebody_works_on_is_left_until_they_are_done),
        cmocka_unit_test(a_clone_of_a_drill_is_not_touched),
        cmocka_unit_test(where_nothing_is_made_read_only_hosts_are_taken_away),
        cmocka_unit_test(hosts_that_cannot_be_taken_away_are_told),
        cmocka_unit_test(what_cannot_be_closed_is_told_and_tried_again),
        cmocka_unit_test(two_guards_are_not_in_each_others_way),
        cmocka_unit_test(nobody_waits_for_a_guard_that_died),
        cmocka_unit_test(a_promotion_half_way_is_helped_and_not_ended),
        cmocka_unit_test(vms_that_run_there_are_told_by_name),
        cmocka_unit_test(no_array_waits_for_an_engine_that_is_silent),
        cmocka_unit_test(what_comes_back_is_closed_in_the_time_that_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
