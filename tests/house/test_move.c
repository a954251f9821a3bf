/*
 * A planned move with VMs, from one engine to the other: they are shut down in order, their domains
 * leave, and the very same ones run at the other site; or all of them run where they ran. Whatever
 * an engine answers, whoever dies on the way, no VM ever runs at both.
 *
 *     test_move [STORY [POINT]]      one of them, with its history
 */
#include "house/story.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TO(site) "{\"verb\":\"promote\",\"all\":true,\"to\":\"" site "\"}"
static const char *const vms[] = STORY_VMS;
static const struct errand_what adopt = {.kind = ERRAND_ADOPT};
static const struct errand_what to_rome = {.kind = ERRAND_ACT, .goal = TO("rome")};
static const struct errand_what to_milan = {.kind = ERRAND_ACT, .goal = TO("milan")};
static const struct errand_what resume = {.kind = ERRAND_RESUME};

/* ---- the stories ----------------------------------------------------------------------------- */

static struct controller *
begin(struct house *h, struct story *s)
{
    struct controller *c = house_controller(h, "first");
    house_sleep_ms(h, 70000);
    if (errand_do(c, &adopt)->exit != 0)
        wrong(s, "adopt failed\n");
    if (s->fault)
        told(h, strncmp(s->fault, "rome ", 5) == 0 ? "rome" : "milan",
             strncmp(s->fault, "rome ", 5) == 0 ? s->fault + 5 : s->fault);
    return c;
}

static void
there_and_back(struct house *h, struct story *s)
{
    struct controller *c = begin(h, s);
    const struct errand *e = ends_with(s, c, &to_rome, 0);
    all_at(h, s, "rome", 2);
    before(h, s, "updateovfstore", SD_ERP, "deactivate", SD_ERP);
    before(h, s, "detach", SD_ERP, "deactivate", SD_DB); /* the master goes last */
    before(h, s, "detach", SD_WEB, "deactivate", SD_DB);
    const char *list = errand_says(e, "vms");
    if (!list || !strstr(list, "stopped_at") || !strstr(list, "started_at"))
        wrong(s, "the report does not tell when VMs were stopped and started: %s\n", list);
    house_sleep_ms(h, 70000);
    (void)ends_with(s, c, &to_milan, 0);
    all_at(h, s, "milan", 3);
}

static const char tiers[] = "  start:\n"
                            "    - { vms: [db1] }\n"
                            "    - { vms: [\"erp*\"] }\n"
                            "    - { vms: [web1], after: [erp1] }\n";

static void
in_reverse_order(struct house *h, struct story *s)
{
    struct controller *c = begin(h, s);
    (void)ends_with(s, c, &to_rome, 0);
    all_at(h, s, "rome", 2);
    int64_t web = first_call(h, "milan", "shutdown", WEB, false);
    int64_t erp1 = first_call(h, "milan", "shutdown", ERP1, false);
    int64_t erp2 = first_call(h, "milan", "shutdown", ERP2, false);
    int64_t db = first_call(h, "milan", "shutdown", DB, false);
    int64_t down_ns = INT64_C(20000000000); /* how long a guest takes */
    if (web < 0 || web + down_ns > erp1 || web + down_ns > erp2 || erp1 + down_ns > db ||
        erp2 + down_ns > db)
        wrong(s, "shut down at %lld (web), %lld, %lld (erp), %lld (db)\n", (long long)web,
              (long long)erp1, (long long)erp2, (long long)db);
}

static struct json_object *
vm_conf(struct house_plan *p, size_t n)
{
    return json_object_array_get_idx(dr_json_get(p->engines[0], "vms"), n);
}

static void
erp1_is_deaf(struct house_plan *p)
{
    dr_json_set_bool(vm_conf(p, 1), "ignores_shutdown", true);
}

static const char power_off[] = "  stop: [ { vms: [erp1], limit: 60s, policy: power-off } ]\n";

static void
is_switched_off(struct house *h, struct story *s)
{
    struct controller *c = begin(h, s);
    const struct errand *e = ends_with(s, c, &to_rome, 0);
    all_at(h, s, "rome", 2);
    int64_t asked = first_call(h, "milan", "shutdown", ERP1, false);
    int64_t off = first_call(h, "milan", "stop", ERP1, false);
    if (off < 0 || off - asked < INT64_C(60000000000))
        wrong(s, "switched off after %lld ns\n", (long long)(off - asked));
    if (first_call(h, "milan", "stop", ERP2, false) >= 0)
        wrong(s, "one that listens was switched off\n");
    if (!strstr(errand_says(e, "vms"), "powered_off"))
        wrong(s, "the report does not tell that it was switched off\n");
}

static const char waits[] = "  stop: [ { vms: [erp1], limit: 60s, policy: wait } ]\n";

/* Longer than anything else is waited for; then somebody shuts it down from inside. */
static void
is_waited_for(struct house *h, struct story *s)
{
    struct controller *c = begin(h, s);
    struct errand *e = errand_begin(c, &to_rome);
    house_sleep_ms(h, 2 * 3600 * 1000);
    if (e->over || !runs(h, "milan", ERP1))
        wrong(s, "it was not waited for\n");
    if (by_hand(h, "milan", "POST", "vms/" ERP1 "/stop") != 200)
        wrong(s, "it cannot be stopped by hand\n");
    e = errand_end(e);
    if (e->exit != 0)
        wrong(s, "it ends with %d\n", e->exit);
    all_at(h, s, "rome", 2);
}

static const char leave_out[] = "  stop: [ { vms: [erp1], limit: 60s, policy: leave-out } ]\n";

static void
is_left_out(struct house *h, struct story *s)
{
    struct controller *c = begin(h, s);
    const struct errand *e = ends_with(s, c, &to_rome, 3);
    const char *text = errand_says(e, "text");
    if (!text || !strstr(text, "erp1"))
        wrong(s, "nobody is told which VM: %s\n", text ? text : "nothing");
    if (!runs(h, "milan", ERP1) || !runs(h, "milan", ERP2) || !runs(h, "rome", DB) ||
        !runs(h, "rome", WEB) || runs(h, "milan", DB))
        wrong(s, "what was left out does not run at milan, or the others not at rome\n");
    if (!dr_streq(domain_at(h, "milan", SD_ERP), "active") ||
        !dr_streq(domain_at(h, "rome", SD_DB), "active"))
        wrong(s, "domains are not where their VMs are\n");
    if (!dr_streq(errand_says(e, "result"), "refused"))
        wrong(s, "the run is %s\n", errand_says(e, "result"));
}

/* The default. */
static void
stops_the_move(struct house *h, struct story *s)
{
    struct controller *c = begin(h, s);
    const struct errand *e = ends_with(s, c, &to_rome, 3);
    all_at(h, s, "milan", 1);
    if (!dr_streq(errand_says(e, "rule"), "R019") || !strstr(errand_says(e, "text"), "erp1"))
        wrong(s, "it ends with: %s\n", errand_says(e, "text"));
    if (first_call(h, "milan", "deactivate", SD_WEB, false) >= 0)
        wrong(s, "a domain was put into maintenance\n");
    /* Nothing is open: it can be asked for again. */
    (void)ends_with(s, c, &resume, 0);
}

/* ---- what comes between ---------------------------------------------------------------------- */

/* Lets C be asked to move, and waits until VM is down at milan. */
static struct errand *
until_down(struct house *h, struct story *s, struct controller *c, const struct errand_what *what,
           const char *vm)
{
    struct errand *e = errand_begin(c, what);
    for (int i = 0; i < 6000 && runs(h, "milan", vm); i++)
        house_sleep_ms(h, 100);
    if (runs(h, "milan", vm) || e->over)
        wrong(s, "VM %s was not shut down\n", vm);
    return e;
}

static const char tiers_and_limit[] =
    "  start:\n"
    "    - { vms: [db1] }\n"
    "    - { vms: [\"erp*\"] }\n"
    "    - { vms: [web1], after: [erp1] }\n"
    "  stop: [ { vms: [web1], limit: 30s, policy: power-off } ]\n";

/* A person, or the engine, starts one that was down already: it is asked as if for the first time.
 */
static void
is_started_behind_our_back(struct house *h, struct story *s)
{
    struct controller *c = begin(h, s);
    struct errand *e = until_down(h, s, c, &to_rome, ERP1);
    if (by_hand(h, "milan", "POST", "vms/" WEB "/start") != 200)
        wrong(s, "it cannot be started by hand\n");
    ends(s, e, 0);
    all_at(h, s, "rome", 2);
    if (first_call(h, "milan", "stop", WEB, false) >= 0)
        wrong(s, "it was switched off at once\n");
}

static void
has_disks_everywhere(struct house_plan *p)
{
    static const char *const on[] = {SD_WEB, SD_DB};
    struct json_object *disks = dr_json_get(vm_conf(p, 2), "disks");
    for (size_t i = 0; i < 2; i++) {
        struct json_object *disk = json_object_new_object();
        dr_json_set_str(disk, "id",
                        i ? "d15c0000-0000-4000-8000-000000000001"
                          : "d15b0000-0000-4000-8000-000000000001");
        dr_json_set_str(disk, "name", i ? "third" : "second");
        dr_json_set_str(disk, "storage_domain", on[i]);
        (void)json_object_array_add(disks, disk);
    }
}

/* Also on the master, which is written once more after the engine let go of the others. */
static void
keeps_all_its_disks(struct house *h, struct story *s)
{
    static const struct errand_what alone = {
        .kind = ERRAND_ACT, .goal = "{\"verb\":\"promote\",\"groups\":[\"erp\"],\"to\":\"rome\"}"};
    struct controller *c = begin(h, s);
    (void)ends_with(s, c, &alone, 3); /* a VM is moved whole */
    (void)ends_with(s, c, &to_rome, 0);
    all_at(h, s, "rome", 2);
    struct json_object *o = NULL;
    (void)ask(h, "rome", "GET", "vms/" ERP2 "/diskattachments", &o);
    if (dr_json_length(dr_json_get(o, "disk_attachment")) != 3)
        wrong(s, "erp2 came up with %zu of 3 disks\n",
              dr_json_length(dr_json_get(o, "disk_attachment")));
    (void)json_object_put(o);
}

/* The master first: its role goes to a domain that stays. */
static void
one_after_the_other(struct house *h, struct story *s)
{
    static const struct errand_what each[] = {
        {.kind = ERRAND_ACT, .goal = "{\"verb\":\"promote\",\"groups\":[\"db\"],\"to\":\"rome\"}"},
        {.kind = ERRAND_ACT, .goal = "{\"verb\":\"promote\",\"groups\":[\"erp\"],\"to\":\"rome\"}"},
        {.kind = ERRAND_ACT,
         .goal = "{\"verb\":\"promote\",\"groups\":[\"web\"],\"to\":\"rome\"}"}};
    struct controller *c = begin(h, s);
    for (size_t i = 0; i < DR_COUNT(each); i++)
        (void)ends_with(s, c, &each[i], 0);
    all_at(h, s, "rome", 2);
}

static void
does_not_wait_when_the_site_goes(struct house *h, struct story *s)
{
    static const struct errand_what within = {
        .kind = ERRAND_ACT,
        .goal = "{\"verb\":\"promote\",\"all\":true,\"to\":\"rome\",\"within_s\":1200}",
        .accept_loss = "10m"};
    struct controller *c = begin(h, s);
    (void)ends_with(s, c, &within, 0);
    all_at(h, s, "rome", 2);
}

/* The controller dies with its site, VMs half down: who promotes unplanned knows all of them. */
static void
site_lost_half_way(struct house *h, struct story *s)
{
    static const struct errand_what lost = {
        .kind = ERRAND_ACT,
        .goal = "{\"verb\":\"promote\",\"all\":true,\"to\":\"rome\",\"unplanned\":true}",
        .accept_loss = "unknown",
        .declare = "site-lost:milan",
        .reason = "test"};
    static const struct errand_what observe = {.kind = ERRAND_OBSERVE};
    struct controller *c = begin(h, s), *next = house_controller(h, "second");
    (void)until_down(h, s, c, &to_rome, DB);
    (void)errand_do(next, &observe); /* facts that no longer know what ran */
    controller_kill(c, "with its site");
    site(h, "milan", SIM_SITE_DEAD);
    house_reach(h, "milan", HOUSE_REACH_SILENT);
    house_hosts_lost(h, "milan");
    (void)errand_do(next, &observe);
    house_sleep_ms(h, 25000);
    (void)ends_with(s, next, &lost, 0);
    for (size_t i = 0; i < DR_COUNT(vms); i++)
        if (!runs(h, "rome", vms[i]))
            wrong(s, "VM %s does not run at rome\n", vms[i]);
}

static void
engine_falls_silent(struct house *h, struct story *s)
{
    struct controller *c = begin(h, s);
    struct errand *e = until_down(h, s, c, &to_rome, DB);
    house_reach(h, "milan", HOUSE_REACH_SILENT);
    ends(s, e, 4);
    house_reach(h, "milan", HOUSE_REACH_UP);
    (void)ends_with(s, c, &resume, 0);
    all_at(h, s, "rome", 2);
}

static void
engine_restarts(struct house *h, struct story *s)
{
    struct controller *c = begin(h, s);
    struct errand *e = until_down(h, s, c, &to_rome, DB);
    house_reach(h, "milan", HOUSE_REACH_DOWN);
    house_sleep_ms(h, 90000);
    house_reach(h, "milan", HOUSE_REACH_UP);
    told(h, "milan", "{'command':'expire_sessions'}");
    ends(s, e, 0);
    all_at(h, s, "rome", 2);
}

/* What it was to go to dies while VMs are down: there is nothing to prove for starting them again.
 */
static void
target_dies_half_way(struct house *h, struct story *s)
{
    struct controller *c = begin(h, s), *next = house_controller(h, "second");
    struct errand *e = until_down(h, s, c, &to_rome, DB);
    site(h, "rome", SIM_SITE_DEAD);
    house_reach(h, "rome", HOUSE_REACH_SILENT);
    controller_cancel(c);
    ends(s, e, 130);
    const struct errand_what give_up = {.kind = ERRAND_ABORT, .goal = run_of(h)};
    (void)ends_with(s, next, &give_up, 0);
    for (size_t i = 0; i < DR_COUNT(vms); i++)
        if (!runs(h, "milan", vms[i]))
            wrong(s, "VM %s does not run at milan\n", vms[i]);
}

/* It cannot be given up whole; asked again, it can. */
static void
given_up_twice(struct house *h, struct story *s)
{
    struct controller *c = begin(h, s), *next = house_controller(h, "second");
    struct errand *e = until_down(h, s, c, &to_rome, DB);
    house_reach(h, "milan", HOUSE_REACH_SILENT);
    controller_cancel(c);
    ends(s, e, 130);
    const struct errand_what give_up = {.kind = ERRAND_ABORT, .goal = run_of(h)};
    const struct errand *first = ends_with(s, next, &give_up, 4);
    if (first->json && !strstr(errand_says(first, "stays"), "tries again"))
        wrong(s, "it does not say what helps: %s\n", errand_says(first, "stays"));
    house_reach(h, "milan", HOUSE_REACH_UP);
    (void)ends_with(s, next, &give_up, 0);
    all_at(h, s, "milan", 1);
    /* And a third time it is nobody's business any more. */
    if (by_hand(h, "milan", "POST", "vms/" WEB "/stop") != 200)
        wrong(s, "it cannot be stopped by hand\n");
    house_sleep_ms(h, 10000);
    (void)ends_with(s, next, &give_up, 0);
    if (runs(h, "milan", WEB))
        wrong(s, "what a person stopped later was started again\n");
}

static void
interrupted_and_resumed(struct house *h, struct story *s)
{
    struct controller *c = begin(h, s), *next = house_controller(h, "second");
    struct errand *e = until_down(h, s, c, &to_rome, WEB);
    controller_cancel(c);
    ends(s, e, 130);
    (void)ends_with(s, next, &resume, 0);
    all_at(h, s, "rome", 2);
}

/* Until nothing is open: VMs run at rome when it was committed for them, else at milan. */
static void
ends_somewhere(struct house *h, struct story *s)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_record rec;
    for (size_t i = 0; i < DR_COUNT(vms); i++) {
        const char *group = i == 0 ? "db" : i < 3 ? "erp" : "web";
        if (dr_store_load(house_store(h), a, group, &rec, NULL, NULL) != DRSTOR_OK)
            continue;
        const char *other = dr_streq(rec.primary, "milan") ? "rome" : "milan";
        if (!runs(h, rec.primary, vms[i]) || runs(h, other, vms[i]))
            wrong(s, "%s belongs to %s; VM %s is %s at milan, %s at rome\n", group, rec.primary,
                  vms[i], status_of(h, "milan", vms[i]), status_of(h, "rome", vms[i]));
    }
    if (sim_violations_total(house_world(h)))
        wrong(s, "%s\n", json_object_to_json_string(sim_violations_list(house_world(h))));
}

/* Dies somewhere; somebody else resumes it. */
static void
dies_and_is_resumed(struct house *h, struct story *s)
{
    struct controller *c = begin(h, s);
    controller_doom(c, s->doom);
    uint64_t passed = controller_passed(c);
    const struct errand *e = errand_do(c, &to_rome);
    s->points = controller_passed(c) - passed;
    s->died = e->died;
    if (!e->died && e->exit != 0)
        wrong(s, "undisturbed, it ends with %d\n", e->exit);
    struct controller *next = house_controller(h, "second");
    if (e->died) {
        e = ends_with(s, next, &resume, 0);
        (void)ends_with(s, next, &to_rome, 0); /* nothing had begun yet, or nothing to do */
    }
    all_at(h, s, "rome", 2);
}

/* Dies somewhere; somebody else gives it up. */
static void
dies_and_is_given_up(struct house *h, struct story *s)
{
    struct controller *c = begin(h, s);
    controller_doom(c, s->doom);
    uint64_t passed = controller_passed(c);
    const struct errand *e = errand_do(c, &to_rome);
    s->points = controller_passed(c) - passed;
    s->died = e->died;
    if (!e->died)
        return;
    const char *run = run_of(h);
    struct controller *next = house_controller(h, "second");
    const struct errand_what give_up = {.kind = ERRAND_ABORT, .goal = run};
    if (run)
        (void)ends_with(s, next, &give_up, 0);
    /* Where it was committed there is only forward: a promote of its own serves there. */
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    for (size_t i = 0; i < s->plan->model->n_groups; i++) {
        struct dr_record rec;
        const char *group = s->plan->model->groups[i].name;
        if (dr_store_load(house_store(h), a, group, &rec, NULL, NULL) != DRSTOR_OK ||
            !dr_streq(rec.primary, "rome"))
            continue;
        const struct errand_what on = {
            .kind = ERRAND_ACT,
            .goal = dr_arena_printf(a, "{\"verb\":\"promote\",\"groups\":[\"%s\"],\"to\":\"rome\"}",
                                    group)};
        (void)ends_with(s, next, &on, 0);
    }
    ends_somewhere(h, s);
}

/* The first asks, gets what the fault makes of it, and asks until it is done. */
static void
gets_there(struct house *h, struct story *s)
{
    struct controller *c = begin(h, s);
    const struct errand *e = errand_do(c, &to_rome);
    for (int i = 0; i < 4 && e->exit != 0; i++) {
        house_note(h, "once more");
        told(h, "milan", "{'command':'clear_faults'}");
        told(h, "rome", "{'command':'clear_faults'}");
        e = errand_do(c, run_of(h) ? &resume : &to_rome);
    }
    if (e->exit != 0)
        wrong(s, "it ends with %d\n", e->exit);
    all_at(h, s, "rome", 2);
}

/* ---- telling them ---------------------------------------------------------------------------- */

static const struct story stories[] = {
    {.name = "there-and-back", .tell = there_and_back},
    {.name = "reverse-order", .tell = in_reverse_order, .rhv = tiers},
    {.name = "power-off", .tell = is_switched_off, .rhv = power_off, .engines = erp1_is_deaf},
    {.name = "wait", .tell = is_waited_for, .rhv = waits, .engines = erp1_is_deaf},
    {.name = "leave-out", .tell = is_left_out, .rhv = leave_out, .engines = erp1_is_deaf},
    {.name = "stop", .tell = stops_the_move, .engines = erp1_is_deaf},
    {.name = "behind-our-back", .tell = is_started_behind_our_back, .rhv = tiers_and_limit},
    {.name = "all-its-disks", .tell = keeps_all_its_disks, .engines = has_disks_everywhere},
    {.name = "one-by-one", .tell = one_after_the_other},
    {.name = "within", .tell = does_not_wait_when_the_site_goes, .engines = erp1_is_deaf},
    {.name = "site-lost", .tell = site_lost_half_way},
    {.name = "engine-silent", .tell = engine_falls_silent},
    {.name = "engine-restarts", .tell = engine_restarts},
    {.name = "target-dies", .tell = target_dies_half_way},
    {.name = "given-up-twice", .tell = given_up_twice},
    {.name = "interrupted", .tell = interrupted_and_resumed},
};

static void
moves_end_as_they_should(void **state)
{
    size_t good = 0;
    (void)state;
    for (size_t i = 0; i < DR_COUNT(stories); i++) {
        struct story s = stories[i];
        good += play(&s, false);
    }
    printf("figure moves_as_they_should %zu of %zu\n", good, DR_COUNT(stories));
    assert_int_equal(good, DR_COUNT(stories));
}

/* ---- everywhere ------------------------------------------------------------------------------ */

static void
a_resume_ends_a_move_from_every_point(void **state)
{
    (void)state;
    crashes_everywhere((struct story){.name = "resumed", .tell = dies_and_is_resumed},
                       "move_crashes_resumed");
}

static void
an_abort_gives_the_vms_back_from_every_point(void **state)
{
    (void)state;
    crashes_everywhere((struct story){.name = "given-up", .tell = dies_and_is_given_up},
                       "move_crashes_given_up");
}

/* Calls of a move, each with everything that an engine is known to make of one. */
static const struct {
    const char *site, *op;
} calls[] = {{"", "shutdown"},      {"", "updateovfstore"},   {"", "deactivate"},
             {"", "detach"},        {"rome ", "import"},      {"rome ", "attach"},
             {"rome ", "activate"}, {"rome ", "register_vm"}, {"rome ", "start"}};
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
an_engine_that_fails_delays_and_loses_nothing(void **state)
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
                    .fault = dr_arena_printf(a, "%s{'command':'fault','op':'%s','skip':%zu,%s}",
                                             calls[i].site, calls[i].op, skip, kinds[k])};
            }
    size_t good = all_good(list, n);
    printf("figure move_engine_faults %zu of %zu\n", good, n);
    assert_int_equal(good, n);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moves_end_as_they_should),
        cmocka_unit_test(an_engine_that_fails_delays_and_loses_nothing),
        cmocka_unit_test(a_resume_ends_a_move_from_every_point),
        cmocka_unit_test(an_abort_gives_the_vms_back_from_every_point),
    };
    for (size_t i = 0; argc > 1 && i < DR_COUNT(stories); i++)
        if (strcmp(argv[1], stories[i].name) == 0) {
            struct story s = stories[i];
            return play(&s, true) ? 0 : 1;
        }
    if (argc > 2) {
        struct story s = {.name = argv[1]};
        bool fault = strcmp(argv[1], "fault") == 0;
        s.tell = fault                             ? gets_there
                 : strcmp(argv[1], "resumed") == 0 ? dies_and_is_resumed
                                                   : dies_and_is_given_up;
        s.fault = fault ? argv[2] : NULL;
        s.doom = fault ? 0 : strtoull(argv[2], NULL, 10);
        return play(&s, true) ? 0 : 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
