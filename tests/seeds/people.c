#include "seeds/play.h"

#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what a person can ask for --------------------------------------------------------------- */

enum { FIT = 1, LOST = 2 }; /* with both sites in sight; with milan gone, or believed to be */
enum { STAGED = 1, DECLARES = 2, FROM_FILE = 4, WAIVES = 8 };

/*
 * One line for each verb. GOAL is what the library is asked, to which its site, the groups and
 * "storage_only" are added; NULL: a call of its own. A plan may be made first and be applied later.
 */
static const struct verb {
    const char *name;
    enum errand_kind kind;
    const char *goal;
    const char *site; /* member that names one: "to", "at"; NULL: none */
    unsigned weight;
    unsigned when;
    unsigned how;
} verbs[] = {
    {"promote", ERRAND_ACT, "\"verb\":\"promote\"", "to", 400, FIT, STAGED},
    {"promote", ERRAND_ACT, "\"verb\":\"promote\"", "to", 40, LOST, STAGED},
    {"promote --unplanned", ERRAND_ACT, "\"verb\":\"promote\",\"unplanned\":true", "to", 600, LOST,
     STAGED | DECLARES},
    {"promote --unplanned", ERRAND_ACT, "\"verb\":\"promote\",\"unplanned\":true", "to", 100, FIT,
     STAGED | DECLARES},
    {"promote --within", ERRAND_ACT, "\"verb\":\"promote\",\"within_s\":60", "to", 60, FIT | LOST,
     STAGED | DECLARES},
    {"apply promote", ERRAND_ACT, "\"verb\":\"promote\"", "to", 80, FIT, STAGED | FROM_FILE},
    {"apply promote --unplanned", ERRAND_ACT, "\"verb\":\"promote\",\"unplanned\":true", "to", 80,
     LOST, STAGED | DECLARES | FROM_FILE},
    {"failback", ERRAND_ACT, "\"verb\":\"failback\"", NULL, 20, FIT | LOST, STAGED},
    {"demote", ERRAND_ACT, "\"verb\":\"demote\"", "at", 30, FIT | LOST, STAGED},
    {"reprotect", ERRAND_ACT, "\"verb\":\"reprotect\"", NULL, 30, FIT | LOST, STAGED | WAIVES},
    {"suspend", ERRAND_ACT, "\"verb\":\"suspend\"", NULL, 20, FIT | LOST, 0},
    {"resume", ERRAND_ACT, "\"verb\":\"resume\"", NULL, 20, FIT | LOST, 0},
    {"sync", ERRAND_ACT, "\"verb\":\"sync\"", NULL, 20, FIT | LOST, 0},
    {"drill start", ERRAND_ACT, "\"verb\":\"drill-start\"", NULL, 30, FIT | LOST, 0},
    {"drill clean", ERRAND_ACT, "\"verb\":\"drill-clean\"", NULL, 10, FIT | LOST, 0},
    {"observe", ERRAND_OBSERVE, NULL, NULL, 60, FIT | LOST, 0},
    {"adopt", ERRAND_ADOPT, NULL, NULL, 30, FIT | LOST, 0},
    {"run resume", ERRAND_RESUME, NULL, NULL, 30, FIT | LOST, 0},
    {"run abort", ERRAND_ABORT, NULL, NULL, 60, FIT | LOST, 0},
    {"guard", ERRAND_GUARD, NULL, NULL, 30, FIT | LOST, 0},
};

/* One person at work. */
struct operator_ {
    struct story *st;
    const struct verb *verb;
    uint64_t at_ms;
    unsigned to;
    uint64_t doom; /* dies at this point */
    uint64_t kill_ms;
    int group;     /* -1: all */
    bool stubborn; /* at milan, whatever happens */
    uint64_t asked_ns;
    uint64_t long_ms; /* takes so long over a plan; 0: drawn */
    uint64_t seed;
    uint64_t draws;
};

/* Each who draws has a sequence of its own: another order of events changes no draw. */
static unsigned
draw(struct operator_ *o, unsigned below)
{
    return below ? (unsigned)(house_hash(o->seed, o->draws++, 3) % below) : 0;
}

/* ---- people ---------------------------------------------------------------------------------- */

/* What the person says in advance; belief about milan comes with it. */
static void
consent_of(struct operator_ *o, struct errand_what *what)
{
    static const char *const bounds[] = {NULL, "1s", "30s", "5m", "unknown", "unknown", "unknown"};
    static const char *const declarations[] = {"site-lost:milan", "site-lost:milan",
                                               "site-lost:milan", "outage:milan", NULL};
    const struct story *st = o->st;
    what->accept_loss = bounds[draw(o, DR_COUNT(bounds))];
    if (o->verb->how & WAIVES)
        what->waive_snapshot = draw(o, 3) ? NULL : "a copy of it is on tape";
    if (!(o->verb->how & DECLARES))
        return;
    what->declare = st->disaster == OUTAGE ? declarations[3 + draw(o, 2)]
                                           : declarations[draw(o, DR_COUNT(declarations))];
    if (st->wrong)
        what->declare = "site-lost:milan";
    what->reason = what->declare ? "what was seen on the way in" : NULL;
}

/* The groups of a goal: all of them, mostly. */
static void
goal_of(struct operator_ *o, struct dr_str *goal)
{
    const struct story *st = o->st;
    dr_str_printf(goal, "{%s", o->verb->goal);
    if (o->verb->site)
        dr_str_printf(goal, ",\"%s\":\"%s\"", o->verb->site, shape_site(o->to));
    if (!st->s->engines && o->verb->how & STAGED)
        dr_str_add(goal, ",\"storage_only\":true");
    if (st->s->n_groups == 1 || draw(o, 4))
        dr_str_add(goal, ",\"all\":true}");
    else
        o->group = (int)draw(o, st->s->n_groups);
    if (o->group >= 0)
        dr_str_printf(goal, ",\"groups\":[\"%s\"]}", shape_group((unsigned)o->group));
}

static struct errand *
ask(struct operator_ *o, struct controller *c, const char *goal)
{
    struct errand_what what = {.kind = o->verb->kind, .goal = goal};
    o->asked_ns = dr_now_ns(house_env(o->st->h));
    if (what.kind == ERRAND_ABORT)
        what.goal = story_open_run(o->st);
    if (what.kind == ERRAND_ABORT && !what.goal)
        what.kind = ERRAND_OBSERVE;
    if (what.kind == ERRAND_GUARD)
        what.goal = shape_site(!o->to);
    if (!goal)
        return story_ask(o->st, c, &what, NULL);
    consent_of(o, &what);
    bool file = o->verb->how & FROM_FILE;
    what.asks = o->long_ms ? !file : draw(o, 3) == 0;
    what.thinks_ms = o->long_ms && !file ? o->long_ms : draw(o, 3) ? draw(o, 3000) : draw(o, 30000);
    if (!file)
        return story_ask(o->st, c, &what, NULL);
    what.kind = ERRAND_PLAN;
    struct errand *plan = story_ask(o->st, c, &what, NULL);
    if (plan->died || plan->exit != 0)
        return plan;
    house_sleep_ms(o->st->h, o->long_ms ? o->long_ms : draw(o, 40000));
    what.kind = ERRAND_APPLY;
    what.goal = plan->json;
    o->asked_ns = dr_now_ns(house_env(o->st->h));
    return story_ask(o->st, c, &what, plan->json);
}

/* ---- what a person does who believes what is said -------------------------------------------- */

static void
told(struct operator_ *o, const struct errand *e)
{
    struct story *st = o->st;
    bool flip = o->verb->how & STAGED && o->verb->site && dr_streq(o->verb->site, "to");
    if (e->died || e->exit != 0 || !flip || e->what.kind == ERRAND_PLAN || o->stubborn)
        return;
    for (unsigned g = 0; g < st->s->n_groups; g++) {
        if (o->group >= 0 && o->group != (int)g)
            continue;
        watch_told_done(st->watch, e, o->asked_ns, g, o->to);
        if (st->s->engines)
            continue;
        shape_writers(st->h, st->s, g, !o->to, false);
        shape_writers(st->h, st->s, g, o->to, true);
    }
}

/* NULL: their place is gone. */
static struct controller *
controller_for(const struct operator_ *o)
{
    struct story *st = o->st;
    if (st->stranded && (o->stubborn || st->acting == 0))
        return NULL;
    return o->stubborn ? story_controller_at(st, 0) : story_controller(st);
}

static void
doom(struct operator_ *o, struct controller *c)
{
    if (o->doom)
        controller_doom(c, o->doom);
    if (!o->kill_ms)
        return;
    fate_kill_later(o->st, c, o->kill_ms);
}

/* Whoever begun it has died: mostly it is gone on with; some ask again, some give it up. */
static const struct errand *
go_on(struct operator_ *o, struct controller *c, const char *goal)
{
    const struct errand_what resume = {.kind = ERRAND_RESUME},
                             give_up = {.kind = ERRAND_ABORT, .goal = story_open_run(o->st)};
    unsigned how = draw(o, 7);
    if (how == 0) {
        const struct errand *e = ask(o, c, goal);
        told(o, e);
        return e;
    }
    if (how <= 2 && give_up.goal) {
        story_met(o->st, MET_GIVEN_UP);
        return story_ask(o->st, c, &give_up, NULL);
    }
    const struct errand *e = story_ask(o->st, c, &resume, NULL);
    if (!e->died && e->exit == 0)
        story_met(o->st, MET_RESUMED);
    return e;
}

/* A person, until what was begun has ended, or nobody wants to go on. */
static void
operator_task(void *arg)
{
    struct operator_ *o = arg;
    struct story *st = o->st;
    dr_auto(dr_str_freep) struct dr_str goal = {0};
    house_sleep_ms(st->h, o->at_ms);
    if (o->verb->how & DECLARES && st->wrong)
        watch_wrong(st->watch);
    if (o->verb->goal)
        goal_of(o, &goal);
    struct controller *c = controller_for(o);
    if (!c) {
        story_ended(st);
        return;
    }
    doom(o, c);
    const struct errand *e = ask(o, c, goal.s);
    told(o, e);
    for (unsigned i = 0; e->died && c && i < 4; i++) {
        story_met(st, MET_KILLED);
        house_sleep_ms(st->h, st->haunted || draw(o, 2) ? 20 + draw(o, 500) : 200 + draw(o, 15000));
        c = controller_for(o);
        o->doom = draw(o, 4) ? 0 : 1 + draw(o, 40);
        o->kill_ms = 0;
        if (!c)
            break;
        doom(o, c);
        e = go_on(o, c, goal.s);
    }
    if (!e->died)
        people_count(st, e);
    story_ended(st);
}

static const struct verb *
verb_for(struct story *st, unsigned when)
{
    unsigned total = 0;
    for (size_t i = 0; i < DR_COUNT(verbs); i++)
        total += verbs[i].when & when ? verbs[i].weight : 0;
    unsigned n = story_pick(st, total);
    for (size_t i = 0; i < DR_COUNT(verbs); i++) {
        if (!(verbs[i].when & when))
            continue;
        if (n < verbs[i].weight)
            return &verbs[i];
        n -= verbs[i].weight;
    }
    return &verbs[0];
}

void
people_count(struct story *st, const struct errand *e)
{
    switch (e->exit) {
    case 0:
        story_met(st, MET_DONE);
        break;
    case 3:
        story_met(st, MET_REFUSED);
        break;
    case 4:
        story_met(st, MET_FAILED);
        break;
    case 5:
        story_met(st, MET_OUTCOME);
        break;
    case 7:
        story_met(st, MET_LOCKED);
        break;
    case 11:
        story_met(st, MET_STALE);
        break;
    default:
        story_met(st, MET_OTHER);
        if (e->exit == 1 && !st->v->bad) {
            st->v->bad = true;
            (void)snprintf(st->v->text, sizeof(st->v->text), "an internal fault: %s",
                           e->error ? drstor_error_message(e->error) : "?");
        }
        break;
    }
}

static struct operator_ *
employ(struct story *st, const struct verb *verb, uint64_t at_ms, uint64_t number)
{
    struct operator_ *o = dr_arena_new0(house_arena(st->h), struct operator_);
    o->st = st;
    o->group = -1;
    o->verb = verb;
    o->at_ms = at_ms;
    o->seed = house_hash(house_seed(st->h), number, 77);
    return o;
}

void
people_employ(struct story *st, uint64_t at_ms, uint64_t number)
{
    bool gone = st->disaster == SITE_LOST || st->disaster == OUTAGE || st->wrong;
    bool lost = st->two_offices ? st->acting && !st->apart
                : st->s->legs   ? gone || story_pick(st, 2)
                                : gone && at_ms >= st->at_ms;
    struct operator_ *o = employ(st, verb_for(st, lost ? LOST : FIT), at_ms, number);
    o->to = story_pick(st, 12) ? 1 : 0;
    o->doom = story_pick(st, 3) ? 0 : 1 + story_pick(st, 45 * st->s->n_groups);
    o->kill_ms = story_pick(st, 8) ? 0 : 1 + story_pick(st, 20000);
    story_begin(st, operator_task, o);
}

void
people_employ_stubborn(struct story *st, uint64_t at_ms, uint64_t number)
{
    struct operator_ *o = employ(st, verb_for(st, FIT), at_ms, number);
    o->to = story_pick(st, 2);
    o->stubborn = true;
    story_begin(st, operator_task, o);
}

static const struct verb *
verb_named(const char *name)
{
    for (size_t i = 0; i < DR_COUNT(verbs); i++)
        if (dr_streq(verbs[i].name, name))
            return &verbs[i];
    abort();
}

void
people_overtake(struct story *st)
{
    static const struct {
        const char *verb;
        unsigned to;
        uint64_t at_ms, long_ms;
    } three[] = {{NULL, 1, 100, 70000}, {"promote", 1, 4000, 0}, {"promote", 0, 34000, 0}};
    for (size_t i = 0; i < DR_COUNT(three); i++) {
        const char *verb = three[i].verb       ? three[i].verb
                           : story_pick(st, 2) ? "promote"
                                               : "apply promote";
        struct operator_ *o = employ(st, verb_named(verb), three[i].at_ms, 11 + i);
        o->to = three[i].to;
        o->long_ms = three[i].long_ms;
        story_begin(st, operator_task, o);
    }
}
