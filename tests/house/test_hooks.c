/*
 * Hooks around the steps of a move: they run where they stand, with what they need to know and no
 * more; what they answer stops the run or does not, as the configuration says; and whoever resumes
 * runs those again whose step had not ended.
 *
 *     test_hooks [STORY [POINT]]      one of them, with its history
 */
#include "support/house_engine.h"
#include "support/house_internal.h"
#include "support/house_site.h"

#include "base/mem.h"
#include "base/str.h"
#include "net/program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define TO_ROME "{\"verb\":\"promote\",\"all\":true,\"to\":\"rome\"}"
#define WEB_TO_ROME "{\"verb\":\"promote\",\"groups\":[\"web\"],\"to\":\"rome\"}"
#define WEB "a1400000-0000-4000-8000-000000000001"
#define SD_WEB "5d300000-0000-4000-8000-000000000001"

/* Point, because engines take their time. */
enum { EVERY = 7 };

static const struct errand_what adopt = {.kind = ERRAND_ADOPT}, resume = {.kind = ERRAND_RESUME};
static const struct errand_what to_rome = {.kind = ERRAND_ACT, .goal = TO_ROME};
static const struct errand_what web_to_rome = {.kind = ERRAND_ACT, .goal = WEB_TO_ROME};

/* What one program was given, and what was so then. */
struct begun {
    const char *name; /* "1 before drain web" */
    const char *attempt, *run;
    bool ended, web_at_milan, web_at_rome, domain_at_rome, stray;
};

struct story {
    const char *name;
    void (*tell)(struct house *h, struct story *s);
    const char *rhv;
    uint64_t doom, points;
    bool good;
    struct begun begun[512];
    size_t n_begun;
    const char *fails; /* of which name, and how */
    int code;          /* -1: it does not end in time */
    unsigned times;
};

static struct story *playing;

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

static const char *
given(const struct dr_program *p, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < p->n_env; i++)
        if (strncmp(p->env[i], name, n) == 0 && p->env[i][n] == '=')
            return p->env[i] + n + 1;
    return "";
}

/* Half a second each; what it says is on both of its outputs. */
static int
program(struct controller *c, const struct dr_program *p, struct dr_program_end *ret,
        struct drstor_error **err)
{
    struct story *s = playing;
    struct house *h = controller_house(c);
    struct dr_arena *a = house_arena(h);
    struct begun *b = &s->begun[s->n_begun++ % DR_COUNT(s->begun)];
    *b =
        (struct begun){.name = dr_arena_printf(a, "%s %s %s %s", p->run[1], given(p, "DRSTOR_WHEN"),
                                               given(p, "DRSTOR_STEP"), given(p, "DRSTOR_GROUP")),
                       .attempt = dr_arena_str(a, given(p, "DRSTOR_ATTEMPT")),
                       .run = dr_arena_str(a, given(p, "DRSTOR_RUN")),
                       .web_at_milan = engine_runs(h, "milan", WEB),
                       .web_at_rome = engine_runs(h, "rome", WEB),
                       .domain_at_rome = dr_streq(engine_domain(h, "rome", SD_WEB), "active")};
    for (size_t i = 0; i < p->n_env; i++)
        b->stray |= strncmp(p->env[i], "DRSTOR_", 7) != 0 || strstr(p->env[i], "secret");
    house_note(h, "hook %s, attempt %s", b->name, b->attempt);
    bool fails = s->fails && strstr(b->name, s->fails) && s->times;
    if (fails)
        s->times--;
    uint64_t until = dr_now_ns(controller_alive(c) ? c->env : h->env) + DR_S / 2;
    if (fails && s->code < 0)
        until = p->deadline_ns;
    if (dr_sleep_until(c->env, until, p->cancel) != DRSTOR_OK)
        return dr_fail(err, DRSTOR_E_CANCELLED, "program %s was stopped", p->run[0]);
    b->ended = true;
    if (fails && s->code < 0)
        return dr_fail(err, DRSTOR_E_UNKNOWN, "program %s did not end in time and was ended",
                       p->run[0]);
    ret->code = fails ? s->code : 0;
    ret->out = dr_strdup("first line\nlast line\n");
    ret->n_out = strlen(ret->out);
    (void)snprintf(ret->words, sizeof(ret->words), "%s", fails ? "the name server said no" : "");
    return DRSTOR_OK;
}

static const struct begun *
find(const struct story *s, const char *name, const char *attempt)
{
    for (size_t i = 0; i < s->n_begun && i < DR_COUNT(s->begun); i++)
        if (dr_streq(s->begun[i].name, name) &&
            (!attempt || dr_streq(s->begun[i].attempt, attempt)))
            return &s->begun[i];
    return NULL;
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
tells(struct story *s, const struct errand *e, const char *member, const char *words)
{
    const char *told = e->json ? errand_says(e, member) : NULL;
    if (!told || !strstr(told, words))
        wrong(s, "%s does not tell \"%s\" but %s", member, words, told ? told : "nothing");
}

static struct controller *
begin(struct house *h, struct story *s)
{
    struct controller *c = house_controller(h, "first");
    house_programs(h, program);
    house_sleep_ms(h, 70000);
    if (errand_do(c, &adopt)->exit != 0)
        wrong(s, "adopt failed");
    return c;
}

static void
web_runs_at(struct house *h, struct story *s, const char *site)
{
    const char *other = dr_streq(site, "milan") ? "rome" : "milan";
    if (!engine_runs(h, site, WEB) || engine_runs(h, other, WEB))
        wrong(s, "web1 is %s at milan and %s at rome", engine_vm(h, "milan", WEB),
              engine_vm(h, "rome", WEB));
}

/* ---- the stories ----------------------------------------------------------------------------- */

#define HOOK(n, where) "    - { " where ", run: [/etc/drstor/hook, \"" n "\"], timeout: 20s }\n"

static const char everywhere[] = "  hooks:\n" HOOK("1", "before: drain") HOOK("2", "after: drain")
    HOOK("3", "after: detach") HOOK("4", "before: demote") HOOK("5", "before: sync")
        HOOK("6", "after: promote") HOOK("7", "before: reverse") HOOK("8", "after: expose")
            HOOK("9", "before: attach") HOOK("10", "after: attach") HOOK("11", "before: register")
                HOOK("12", "after: register") HOOK("13", "before: start") HOOK("14", "after: start")
                    HOOK("15", "before: fence");

static void
each_in_its_place(struct house *h, struct story *s)
{
    static const char *const order[] = {
        "1 before drain web",    "2 after drain web",   "3 after detach web",
        "4 before demote web",   "6 after promote web", "8 after expose web",
        "9 before attach web",   "10 after attach web", "11 before register web",
        "12 after register web", "13 before start web", "14 after start web"};
    struct controller *c = begin(h, s);
    const struct errand *e = ends_with(s, c, &web_to_rome, 0);
    web_runs_at(h, s, "rome");
    const struct begun *last = NULL;
    for (size_t i = 0; i < DR_COUNT(order); i++) {
        const struct begun *b = find(s, order[i], "1");
        if (!b || (last && b < last))
            wrong(s, "%s ran %s", order[i], b ? "too early" : "not at all");
        if (b && b->stray)
            wrong(s, "%s was given more than it should", order[i]);
        last = b ? b : last;
    }
    if (s->n_begun != DR_COUNT(order) + 2) /* sync and reverse, beside them */
        wrong(s, "%zu programs ran", s->n_begun);
    if (!find(s, order[0], NULL)->web_at_milan || find(s, order[1], NULL)->web_at_milan)
        wrong(s, "the drain was not between its hooks");
    if (find(s, order[6], NULL)->domain_at_rome || !find(s, order[7], NULL)->domain_at_rome)
        wrong(s, "the domain was not attached between its hooks");
    if (find(s, order[10], NULL)->web_at_rome || !find(s, order[11], NULL)->web_at_rome)
        wrong(s, "the VM was not started between its hooks");
    tells(s, e, "hooks", "\"where\": \"after start of web\"");
    tells(s, e, "hooks", "\"said\": \"first line\\nlast line\"");
    const struct errand_what drill = {.kind = ERRAND_ACT,
                                      .goal = "{\"verb\":\"drill-start\",\"groups\":[\"erp\"]}"};
    size_t n = s->n_begun;
    (void)ends_with(s, c, &drill, 0);
    if (s->n_begun != n)
        wrong(s, "a drill had hooks");
}

static const char drain_blocks[] = "  hooks:\n" HOOK("1", "before: drain");

static void
stops_before_anything(struct house *h, struct story *s)
{
    s->fails = "before drain";
    s->code = 3;
    s->times = 1;
    struct controller *c = begin(h, s);
    const struct errand *e = ends_with(s, c, &web_to_rome, 4);
    tells(s, e, "text",
          "hook /etc/drstor/hook before drain of web ended with 3: the name server "
          "said no");
    tells(s, e, "hooks", "the name server said no");
    tells(s, e, "hint", "resume");
    web_runs_at(h, s, "milan");
    (void)ends_with(s, house_controller(h, "second"), &resume, 0);
    web_runs_at(h, s, "rome");
    if (!find(s, "1 before drain web", "2"))
        wrong(s, "it did not run again");
    if (s->n_begun && !dr_streq(s->begun[0].run, s->begun[1].run))
        wrong(s, "it was told of another run");
}

static const char start_warns[] = "  hooks:\n" HOOK("1", "after: start");

static void
warns_and_goes_on(struct house *h, struct story *s)
{
    s->fails = "after start";
    s->code = 7;
    s->times = 1;
    const struct errand *e = ends_with(s, begin(h, s), &web_to_rome, 0);
    tells(s, e, "hooks", "\"state\": \"failed\"");
    tells(s, e, "hooks", "\"code\": 7");
    web_runs_at(h, s, "rome");
}

static const char promote_blocks[] =
    "  hooks:\n    - { after: promote, run: [/etc/drstor/hook, \"1\"], timeout: 20s,"
    " on_failure: block }\n";

static void
no_end_in_time_is_unknown(struct house *h, struct story *s)
{
    s->fails = "after promote";
    s->code = -1;
    s->times = 1;
    const struct errand *e = ends_with(s, begin(h, s), &web_to_rome, 5);
    tells(s, e, "text", "did not end in time");
    tells(s, e, "hooks", "\"state\": \"unknown\"");
    (void)ends_with(s, house_controller(h, "second"), &resume, 0);
    web_runs_at(h, s, "rome");
    if (!find(s, "1 after promote web", "2"))
        wrong(s, "it did not run again");
}

static const char before_start[] = "  hooks:\n" HOOK("1", "before: start");

static void
stops_within_the_stage(struct house *h, struct story *s)
{
    s->fails = "before start web";
    s->code = 9;
    s->times = 1;
    struct controller *c = begin(h, s);
    const struct errand *e = ends_with(s, c, &to_rome, 4);
    tells(s, e, "text", "before start of web ended with 9");
    if (!dr_streq(engine_vm(h, "rome", WEB), "down"))
        wrong(s, "web1 is %s at rome", engine_vm(h, "rome", WEB));
    if (house_site_vms(h, "rome") != 3)
        wrong(s, "%zu VMs of the others run", house_site_vms(h, "rome"));
    (void)ends_with(s, house_controller(h, "second"), &resume, 0);
    web_runs_at(h, s, "rome");
}

static void
no_end_within_the_stage_is_unknown(struct house *h, struct story *s)
{
    s->fails = "before start web";
    s->code = -1;
    s->times = 1;
    (void)ends_with(s, begin(h, s), &web_to_rome, 5);
    (void)ends_with(s, house_controller(h, "second"), &resume, 0);
    web_runs_at(h, s, "rome");
}

static const char attach_warns[] =
    "  hooks:\n" HOOK("1", "after: attach") HOOK("2", "after: register");

static void
warns_within_the_stage(struct house *h, struct story *s)
{
    s->fails = "after attach";
    s->code = 1;
    s->times = 1;
    const struct errand *e = ends_with(s, begin(h, s), &web_to_rome, 0);
    tells(s, e, "hooks", "\"state\": \"failed\"");
    if (!find(s, "2 after register web", "1"))
        wrong(s, "the next one did not run");
    web_runs_at(h, s, "rome");
}

/* Ctrl-C while a hook runs: it is stopped, and runs again. */
static void
is_interrupted(struct house *h, struct story *s)
{
    s->fails = "before drain";
    s->code = -1;
    s->times = 1;
    struct controller *c = begin(h, s);
    struct errand *e = errand_begin(c, &web_to_rome);
    while (!s->n_begun)
        house_sleep_ms(h, 100);
    house_sleep_ms(h, 1000);
    controller_cancel(c);
    (void)errand_end(e);
    if (e->exit != 130 || s->begun[0].ended)
        wrong(s, "interrupted, it ends with %d", e->exit);
    (void)ends_with(s, house_controller(h, "second"), &resume, 0);
    web_runs_at(h, s, "rome");
}

/* Each of them ran to its end before what follows it was done, however often it was begun. */
static void
dies_and_is_resumed(struct house *h, struct story *s)
{
    struct controller *c = begin(h, s);
    uint64_t passed = controller_passed(c);
    controller_doom(c, s->doom);
    const struct errand *e = errand_do(c, &web_to_rome);
    s->points = controller_passed(c) - passed;
    if (e->died) {
        (void)ends_with(s, house_controller(h, "second"), &resume, 0);
        (void)ends_with(s, house_controller(h, "third"), &web_to_rome, 0);
    }
    web_runs_at(h, s, "rome");
    static const char *const all[] = {
        "1 before drain web",   "2 after drain web",      "3 after detach web",
        "4 before demote web",  "5 before sync web",      "6 after promote web",
        "7 before reverse web", "8 after expose web",     "9 before attach web",
        "10 after attach web",  "11 before register web", "12 after register web",
        "13 before start web",  "14 after start web"};
    for (size_t i = 0; i < DR_COUNT(all); i++) {
        bool ended = false;
        for (size_t k = 0; k < s->n_begun && k < DR_COUNT(s->begun); k++)
            ended |= dr_streq(s->begun[k].name, all[i]) && s->begun[k].ended;
        if (!ended)
            wrong(s, "%s never ran to its end", all[i]);
    }
}

static const struct story stories[] = {
    {.name = "everywhere", .tell = each_in_its_place, .rhv = everywhere},
    {.name = "blocks", .tell = stops_before_anything, .rhv = drain_blocks},
    {.name = "warns", .tell = warns_and_goes_on, .rhv = start_warns},
    {.name = "unknown", .tell = no_end_in_time_is_unknown, .rhv = promote_blocks},
    {.name = "stage-blocks", .tell = stops_within_the_stage, .rhv = before_start},
    {.name = "stage-unknown", .tell = no_end_within_the_stage_is_unknown, .rhv = before_start},
    {.name = "stage-warns", .tell = warns_within_the_stage, .rhv = attach_warns},
    {.name = "interrupted", .tell = is_interrupted, .rhv = drain_blocks},
};

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
    const struct house_site_how how = {.engines = true, .rhv = s->rhv};
    if (!house_site_make(&plan, &how))
        return false;
    s->good = true;
    playing = s;
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
hooks_run_where_they_stand(void **state)
{
    size_t good = 0;
    (void)state;
    for (size_t i = 0; i < DR_COUNT(stories); i++) {
        struct story s = stories[i];
        good += play(&s, false);
    }
    printf("figure hooks_as_they_should %zu of %zu\n", good, DR_COUNT(stories));
    assert_int_equal(good, DR_COUNT(stories));
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
a_resume_leaves_no_hook_out(void **state)
{
    static struct story s;
    size_t good = 0, all = 0;
    (void)state;
    s = (struct story){.name = "resumed", .tell = dies_and_is_resumed, .rhv = everywhere};
    assert_true(play(&s, false));
    uint64_t points = s.points;
    assert_true(points > 100);
    for (uint64_t i = 1; i <= points; i += EVERY * house_every()) {
        s = (struct story){
            .name = "resumed", .tell = dies_and_is_resumed, .rhv = everywhere, .doom = i};
        good += in_a_child(&s);
        all++;
    }
    printf("figure hook_crashes_resumed %zu of %zu\n", good, all);
    assert_int_equal(good, all);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(hooks_run_where_they_stand),
                                       cmocka_unit_test(a_resume_leaves_no_hook_out)};
    for (size_t i = 0; argc > 1 && i < DR_COUNT(stories); i++)
        if (dr_streq(stories[i].name, argv[1])) {
            struct story s = stories[i];
            return play(&s, true) ? 0 : 1;
        }
    if (argc > 2) {
        static struct story s = {.name = "resumed", .tell = dies_and_is_resumed, .rhv = everywhere};
        s.doom = strtoull(argv[2], NULL, 10);
        return play(&s, true) ? 0 : 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
