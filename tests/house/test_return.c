/*
 * A site that was lost comes back: its arrays writable, its engine with everything it had, its VMs
 * started anew. Reprotect cleans it, and the group goes home. Whatever comes between, the VMs of
 * before are the VMs that run there in the end, and what is served meanwhile stays served.
 *
 *     test_return [STORY [POINT]]      one of them, with its history
 */
#include "house/story.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WORDS(verb, more) "{\"verb\":\"" verb "\",\"all\":true" more "}"
#define MILAN1 "d0a00000-0000-4000-8000-000000000001"
#define MILAN2 "d0a00000-0000-4000-8000-000000000002"

static const char *const vms[] = STORY_VMS;
static const char *const domains[] = {SD_DB, SD_ERP, SD_WEB};
static const struct errand_what observe = {.kind = ERRAND_OBSERVE};
static const struct errand_what adopt = {.kind = ERRAND_ADOPT};
static const struct errand_what resume = {.kind = ERRAND_RESUME};
static const struct errand_what guard = {.kind = ERRAND_GUARD, .goal = "milan"};
static const struct errand_what lost = {.kind = ERRAND_ACT,
                                        .goal =
                                            WORDS("promote", ",\"to\":\"rome\",\"unplanned\":true"),
                                        .accept_loss = "unknown",
                                        .declare = "site-lost:milan",
                                        .reason = "test"};
static const struct errand_what reprotect = {
    .kind = ERRAND_ACT, .goal = WORDS("reprotect", ""), .accept_loss = "unknown"};
static const struct errand_what reprotect_restarted = {.kind = ERRAND_ACT,
                                                       .goal = WORDS("reprotect", ""),
                                                       .accept_loss = "unknown",
                                                       .declare = "restarted:milan",
                                                       .reason = "the power was off"};
static const struct errand_what failback = {.kind = ERRAND_ACT, .goal = WORDS("failback", "")};

/* ---- a site is lost, and comes back ---------------------------------------------------------- */

static struct controller *
goes(struct house *h, struct story *s)
{
    struct controller *c = house_controller(h, "first");
    house_sleep_ms(h, 70000);
    (void)ends_with(s, c, &adopt, 0);
    (void)ends_with(s, c, &observe, 0);
    site(h, "milan", SIM_SITE_DEAD);
    house_reach(h, "milan", HOUSE_REACH_SILENT);
    house_hosts_lost(h, "milan");
    (void)errand_do(c, &observe);
    house_sleep_ms(h, 25000);
    (void)ends_with(s, c, &lost, 0);
    for (size_t i = 0; i < DR_COUNT(vms); i++)
        if (!runs(h, "rome", vms[i]))
            wrong(s, "VM %s does not run at rome\n", vms[i]);
    return c;
}

static void
arrays_return(struct house *h)
{
    site(h, "milan", SIM_SITE_UP);
}

/* Its hosts boot, and what is highly available is started anew. */
static void
engine_returns(struct house *h, struct story *s)
{
    house_reach(h, "milan", HOUSE_REACH_UP);
    house_hosts_back(h, "milan");
    house_sleep_ms(h, 400000);
    s->violations = sim_violations_total(house_world(h));
    if (s->fault)
        told(h, "milan", s->fault);
}

static struct controller *
comes_back(struct house *h, struct story *s)
{
    struct controller *c = goes(h, s);
    arrays_return(h);
    engine_returns(h, s);
    return c;
}

static size_t
running_at_milan(struct house *h)
{
    size_t n = 0;
    for (size_t i = 0; i < DR_COUNT(vms); i++)
        n += runs(h, "milan", vms[i]);
    return n;
}

static bool
served_at_rome(struct house *h)
{
    for (size_t i = 0; i < DR_COUNT(vms); i++)
        if (!runs(h, "rome", vms[i]))
            return false;
    return true;
}

/* Nothing of before is left at milan, and nothing at rome has noticed. */
static void
is_clean(struct house *h, struct story *s)
{
    if (!served_at_rome(h))
        wrong(s, "rome does not serve any more\n");
    for (size_t i = 0; i < DR_COUNT(vms); i++)
        if (!dr_streq(status_of(h, "milan", vms[i]), "absent"))
            wrong(s, "VM %s at milan is %s\n", vms[i], status_of(h, "milan", vms[i]));
    for (size_t i = 0; i < DR_COUNT(domains); i++)
        if (!dr_streq(domain_at(h, "milan", domains[i]), "absent"))
            wrong(s, "domain %s at milan is %s\n", domains[i], domain_at(h, "milan", domains[i]));
}

static void
goes_home(struct house *h, struct story *s, struct controller *c)
{
    house_sleep_ms(h, 130000);
    (void)ends_with(s, c, &failback, 0);
    all_at(h, s, "milan", 3);
}

static void
refused(struct story *s, const struct errand *e, const char *rule, const char *what)
{
    const char *text = e->json ? errand_says(e, "refusals") : NULL;
    text = text ? text : e->json ? errand_says(e, "text") : NULL;
    const char *said = e->json ? errand_says(e, "rule") : NULL;
    if (!text || (!strstr(text, rule) && !dr_streq(said, rule)) || !strstr(text, what))
        wrong(s, "not refused by %s for %s: %s\n", rule, what, text ? text : "nothing is said");
}

static size_t
calls_of(struct house *h, const char *op)
{
    dr_auto(dr_json_putp) struct json_object *o = control(h, "milan", "{'command':'counters'}");
    struct json_object *list =
        dr_json_get(dr_json_get(dr_json_get(o, "counters"), "operations"), op);
    return list ? (size_t)json_object_get_int64(list) : 0;
}

/* ---- the stories ----------------------------------------------------------------------------- */

static void
is_cleaned(struct house *h, struct story *s)
{
    struct controller *c = comes_back(h, s);
    if (running_at_milan(h) == 0)
        wrong(s, "nothing runs twice: nothing is shown\n");
    (void)ends_with(s, c, &reprotect, 0);
    is_clean(h, s);
    if (calls_of(h, "host_fence") != 4)
        wrong(s, "two hosts were restarted by %zu calls\n", calls_of(h, "host_fence"));
    before(h, s, "stop", DB, "host_fence", "hosts/");
    before(h, s, "host_fence", MILAN1, "deactivate", SD_ERP);
    before(h, s, "host_fence", MILAN2, "deactivate", SD_ERP);
    if (calls_of(h, "updateovfstore"))
        wrong(s, "what is stale was written down\n");
    goes_home(h, s, c);
}

/* A guard was faster: its copies are closed, its VMs have lost their disks. */
static void
is_cleaned_behind_a_guard(struct house *h, struct story *s)
{
    struct controller *c = goes(h, s);
    arrays_return(h);
    (void)ends_with(s, c, &guard, 0);
    engine_returns(h, s);
    (void)ends_with(s, c, &reprotect, 0);
    is_clean(h, s);
    goes_home(h, s, c);
}

/* One host, and nobody who could switch it off. */
static void
is_restarted_by_hand(struct house *h, struct story *s)
{
    struct controller *c = comes_back(h, s);
    refused(s, ends_with(s, c, &reprotect, 3), "R055", "milan1");
    if (calls_of(h, "stop"))
        wrong(s, "it was refused, and switched something off\n");
    (void)ends_with(s, c, &reprotect_restarted, 0);
    is_clean(h, s);
    if (calls_of(h, "host_fence"))
        wrong(s, "a host was restarted all the same\n");
    goes_home(h, s, c);
}

/* Its host is still dead: nobody knows what runs there, until somebody says so to the engine. */
static void
nobody_hears_its_host(struct house *h, struct story *s)
{
    struct controller *c = goes(h, s);
    arrays_return(h);
    s->violations = sim_violations_total(house_world(h));
    house_reach(h, "milan", HOUSE_REACH_UP);
    const struct errand *e = ends_with(s, c, &reprotect_restarted, 4);
    if (!e->json || !strstr(errand_says(e, "text"), "switched off"))
        wrong(s, "it does not say what is in the way: %s\n",
              e->json ? errand_says(e, "text") : "nothing");
    house_hosts_back(h, "milan");
    (void)ends_with(s, c, &resume, 0);
    is_clean(h, s);
    goes_home(h, s, c);
}

/* Its storage follows already, its engine is found as it was: nothing moves there before. */
static void
engine_comes_later(struct house *h, struct story *s)
{
    static const struct errand_what storage = {.kind = ERRAND_ACT,
                                               .goal = WORDS("reprotect", ",\"storage_only\":true"),
                                               .accept_loss = "unknown"};
    struct controller *c = goes(h, s);
    arrays_return(h);
    refused(s, ends_with(s, c, &reprotect, 3), "R019", "engine");
    s->violations = sim_violations_total(house_world(h));
    (void)ends_with(s, c, &storage, 0);
    engine_returns(h, s);
    house_sleep_ms(h, 130000);
    refused(s, ends_with(s, c, &failback, 3), "R056", "milan");
    (void)ends_with(s, c, &reprotect, 0);
    is_clean(h, s);
    goes_home(h, s, c);
}

/* Somebody stopped one at rome: at milan it is the only one. */
static void
runs_only_there(struct house *h, struct story *s)
{
    struct controller *c = comes_back(h, s);
    if (by_hand(h, "rome", "POST", "vms/" WEB "/stop") != 200)
        wrong(s, "it cannot be stopped by hand\n");
    house_sleep_ms(h, 10000);
    refused(s, ends_with(s, c, &reprotect, 3), "R019", "web1");
    if (by_hand(h, "rome", "POST", "vms/" WEB "/start") != 200)
        wrong(s, "it cannot be started by hand\n");
    house_sleep_ms(h, 10000);
    s->violations = sim_violations_total(house_world(h)); /* both run again */
    (void)ends_with(s, c, &reprotect, 0);
    is_clean(h, s);
    goes_home(h, s, c);
}

/* Hosts are shared: what runs there for another group would die with them. */
static void
others_run_there(struct house *h, struct story *s)
{
    static const struct errand_what one = {.kind = ERRAND_ACT,
                                           .goal = "{\"verb\":\"reprotect\",\"groups\":[\"web\"]}",
                                           .accept_loss = "unknown"};
    struct controller *c = comes_back(h, s);
    refused(s, ends_with(s, c, &one, 3), "R055", "none of these groups");
    (void)ends_with(s, c, &reprotect, 0);
    is_clean(h, s);
    goes_home(h, s, c);
}

/* Given up while a host is off: what is stale stays off, rome serves, and it can be begun anew. */
static void
given_up_half_way(struct house *h, struct story *s)
{
    struct controller *c = comes_back(h, s), *next = house_controller(h, "second");
    struct errand *e = errand_begin(c, &reprotect);
    for (int i = 0; i < 6000 && !calls_of(h, "host_fence"); i++)
        house_sleep_ms(h, 100);
    controller_cancel(c);
    ends(s, e, 130);
    const struct errand_what give_up = {.kind = ERRAND_ABORT, .goal = run_of(h)};
    const struct errand *given = ends_with(s, next, &give_up, 0);
    const char *stays = given->json ? errand_says(given, "stays") : NULL;
    if (!stays || !strstr(stays, "switch host milan2 off"))
        wrong(s, "nobody is told which host is off: %s\n", stays ? stays : "nothing");
    if (!served_at_rome(h) || running_at_milan(h))
        wrong(s, "rome does not serve, or milan does\n");
    house_sleep_ms(h, 5000);
    refused(s, ends_with(s, next, &reprotect, 3), "R055", "switch host milan2 on");
    told(h, "milan", "{'command':'host_power','host':'milan2','on':true}");
    house_sleep_ms(h, 400000);
    (void)ends_with(s, next, &reprotect, 0);
    is_clean(h, s);
    goes_home(h, s, next);
}

/* The controller dies anywhere; somebody else goes on, or begins when nothing had begun. */
static void
dies_and_is_resumed(struct house *h, struct story *s)
{
    struct controller *c = comes_back(h, s);
    controller_doom(c, s->doom);
    uint64_t passed = controller_passed(c);
    const struct errand *e = errand_do(c, &reprotect);
    s->points = controller_passed(c) - passed;
    s->died = e->died;
    if (!e->died && e->exit != 0)
        wrong(s, "undisturbed, it ends with %d\n", e->exit);
    struct controller *next = house_controller(h, "second");
    if (e->died) {
        (void)ends_with(s, next, &resume, 0);
        (void)ends_with(s, next, &reprotect, 0);
    }
    is_clean(h, s);
    if (!e->died || s->doom % 4 == 1)
        goes_home(h, s, next);
}

/* Going home is a move like any other; but its target has been lost before. */
static void
dies_on_the_way_home(struct house *h, struct story *s)
{
    struct controller *c = comes_back(h, s);
    (void)ends_with(s, c, &reprotect, 0);
    house_sleep_ms(h, 130000);
    controller_doom(c, s->doom);
    uint64_t passed = controller_passed(c);
    const struct errand *e = errand_do(c, &failback);
    s->points = controller_passed(c) - passed;
    s->died = e->died;
    if (e->died) {
        struct controller *next = house_controller(h, "second");
        (void)ends_with(s, next, &resume, 0);
        (void)ends_with(s, next, &failback, 0);
    }
    all_at(h, s, "milan", 3);
}

/* An engine that fails once or twice is asked until it is done. */
static void
gets_there(struct house *h, struct story *s)
{
    struct controller *c = comes_back(h, s);
    const struct errand *e = errand_do(c, &reprotect);
    for (int i = 0; i < 4 && e->exit != 0; i++) {
        house_note(h, "once more");
        told(h, "milan", "{'command':'clear_faults'}");
        e = errand_do(c, run_of(h) ? &resume : &reprotect);
    }
    if (e->exit != 0)
        wrong(s, "it ends with %d\n", e->exit);
    is_clean(h, s);
}

/* ---- telling them ---------------------------------------------------------------------------- */

static const struct story stories[] = {
    {.name = "cleaned", .tell = is_cleaned, .power = true, .twice = true},
    {.name = "guarded", .tell = is_cleaned_behind_a_guard, .power = true, .twice = true},
    {.name = "by-hand", .tell = is_restarted_by_hand, .twice = true},
    {.name = "dead-host", .tell = nobody_hears_its_host, .twice = true},
    {.name = "engine-later", .tell = engine_comes_later, .power = true, .twice = true},
    {.name = "only-there", .tell = runs_only_there, .power = true, .twice = true},
    {.name = "given-up", .tell = given_up_half_way, .power = true, .twice = true},
    {.name = "strangers", .tell = others_run_there, .power = true, .twice = true},
};

static void
a_site_that_comes_back_is_cleaned(void **state)
{
    size_t good = 0;
    (void)state;
    for (size_t i = 0; i < DR_COUNT(stories); i++) {
        struct story s = stories[i];
        good += play(&s, false);
    }
    printf("figure returns_as_they_should %zu of %zu\n", good, DR_COUNT(stories));
    assert_int_equal(good, DR_COUNT(stories));
}

static const struct story doomed[] = {
    {.name = "resumed", .tell = dies_and_is_resumed, .power = true, .twice = true},
    {.name = "home", .tell = dies_on_the_way_home, .power = true, .twice = true}};

static void
a_resume_ends_a_reprotect_from_every_point(void **state)
{
    (void)state;
    crashes_everywhere(doomed[0], "reprotect_crashes_resumed");
}

static void
a_resume_ends_a_failback_from_every_point(void **state)
{
    (void)state;
    crashes_everywhere(doomed[1], "failback_crashes_resumed");
}

static const char *const calls[] = {"stop", "host_fence", "deactivate", "detach", "remove"};
static const char *const kinds[] = {
    "'kind':'drop','when':'before'", "'kind':'drop','when':'after'",
    "'kind':'502','when':'before'",  "'kind':'500','when':'after'",
    "'kind':'locked','times':3",     "'kind':'401'",
    "'kind':'no-host','times':2",    "'kind':'exec-fails'",
    "'kind':'exec-fails','times':8", "'kind':'slow','delay_ms':40000"};

static void
an_engine_that_fails_is_cleaned_all_the_same(void **state)
{
    const uint64_t every =
        house_every(); /* sampled: each pair once; sparsely: each call and kind */
    struct story list[DR_COUNT(calls) * DR_COUNT(kinds) * 2];
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    size_t n = 0;
    (void)state;
    for (size_t i = 0; i < DR_COUNT(calls); i++)
        for (size_t k = 0; k < DR_COUNT(kinds); k++)
            for (size_t skip = 0; skip < 2; skip++) {
                if ((every > 1 && skip != (i + k) % 2) || (every > 20 && k % 5 != i % 5))
                    continue;
                list[n++] = (struct story){
                    .name = "fault",
                    .tell = gets_there,
                    .power = true,
                    .twice = true,
                    .fault = dr_arena_printf(a, "{'command':'fault','op':'%s','skip':%zu,%s}",
                                             calls[i], skip, kinds[k])};
            }
    size_t good = all_good(list, n);
    printf("figure reprotect_engine_faults %zu of %zu\n", good, n);
    assert_int_equal(good, n);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_site_that_comes_back_is_cleaned),
        cmocka_unit_test(an_engine_that_fails_is_cleaned_all_the_same),
        cmocka_unit_test(a_resume_ends_a_reprotect_from_every_point),
        cmocka_unit_test(a_resume_ends_a_failback_from_every_point),
    };
    for (size_t i = 0; argc > 1 && i < DR_COUNT(stories); i++)
        if (strcmp(argv[1], stories[i].name) == 0) {
            struct story s = stories[i];
            return play(&s, true) ? 0 : 1;
        }
    if (argc > 2) {
        struct story s = doomed[strcmp(argv[1], "home") == 0];
        if (strcmp(argv[1], "fault") == 0) {
            s.tell = gets_there;
            s.fault = argv[2];
        } else {
            s.doom = strtoull(argv[2], NULL, 10);
        }
        return play(&s, true) ? 0 : 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
