#include "seeds/story.h"

#include "seeds/watch.h"

#include "base/json.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

static const char *const wrong_names[WRONG_KINDS] = {"", "silent", "cut_off", "link"};
static const char *const met_names[MET_COUNT] = {
    "with_engines", "killed",        "resumed",     "acts_done",     "acts_refused", "acts_failed",
    "acts_unclear", "acts_stale",    "acts_locked", "acts_other",    "faults",       "lost_sites",
    "sites_back",   "reboots",       "links_cut",   "two_operators", "windows",      "late_windows",
    "flips",        "runs_given_up", "guarded"};

const char *
wrong_name(enum wrong_kind kind)
{
    return wrong_names[kind];
}

const char *
met_name(enum met what)
{
    return met_names[what];
}

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

/* ---- the draw -------------------------------------------------------------------------------- */

enum disaster {
    CALM = 0,
    SITE_LOST,   /* milan is dead */
    OUTAGE,      /* its hosts are gone, its array answers */
    REBOOT,      /* it goes and comes back at once */
    FALSE_ALARM, /* nothing of it is true: see wrong */
};

struct story {
    struct house *h;
    const struct shape *s;
    struct watch *watch;
    struct verdict *v;

    enum disaster disaster;
    enum wrong_kind wrong;
    bool virgin;
    bool autostart; /* applications at milan begin by themselves when it is back */
    bool damaged;   /* a record is altered for a while */
    bool deadly;    /* who has sent what nobody hears of is killed, mostly */
    bool haunted;   /* something becomes of the first change of roles that nobody hears of */
    uint64_t at_ms, back_ms; /* of the disaster and of milan's return; 0: none */
    unsigned to;             /* where the first person wants to go */
    unsigned n_controllers;

    uint64_t muted;
    unsigned working; /* operators that have not ended */
    struct dr_cond done;
    pthread_mutex_t lock; /* of done */
};

/* One person at work. */
struct operator_ {
    struct story *st;
    const struct verb *verb;
    uint64_t at_ms;
    unsigned to;
    uint64_t doom; /* dies at this point */
    uint64_t kill_ms;
    int group; /* -1: all */
    uint64_t seed;
    uint64_t draws;
};

/* Each who draws has a sequence of its own: another order of events changes no draw. */
static unsigned
draw(struct operator_ *o, unsigned below)
{
    return below ? (unsigned)(house_hash(o->seed, o->draws++, 3) % below) : 0;
}

static unsigned
pick(struct story *st, unsigned below)
{
    return (unsigned)house_draw(st->h, below);
}

static void
met(struct story *st, enum met what)
{
    st->v->met[what]++;
}

static bool
site_enter(struct story *st)
{
    return sim_enter(house_world(st->h)) == 0;
}

static void
site_leave(struct story *st)
{
    if (sim_leave(house_world(st->h)) < 0)
        abort();
}

static void
set_site(struct story *st, unsigned site, enum sim_site_state state)
{
    if (!site_enter(st))
        abort();
    if (sim_site_set(house_world(st->h), shape_site(site), state) < 0)
        abort();
    site_leave(st);
    house_reach(st->h, shape_site(site),
                state == SIM_SITE_UP ? HOUSE_REACH_UP : HOUSE_REACH_SILENT);
    if (state == SIM_SITE_DEAD)
        house_hosts_lost(st->h, shape_site(site));
    house_note(st->h, "%s is %s", shape_site(site),
               state == SIM_SITE_UP     ? "up"
               : state == SIM_SITE_DEAD ? "dead"
                                        : "silent");
}

static void
set_link(struct story *st, bool up)
{
    if (!site_enter(st))
        abort();
    if (sim_link_set(house_world(st->h), NULL, NULL, up) < 0)
        abort();
    site_leave(st);
    house_note(st->h, "the line between the sites is %s", up ? "up" : "cut");
}

static void
writers(struct story *st, unsigned site, bool on)
{
    for (unsigned g = 0; g < st->s->n_groups; g++)
        shape_writers(st->h, g, site, on);
    house_note(st->h, "applications at %s %s", shape_site(site), on ? "begin" : "end");
}

/* ---- faults of arrays ------------------------------------------------------------------------ */

static void
add_fault(struct story *st)
{
    static const enum sim_op ops[] = {
        SIM_OP_UNKNOWN, SIM_OP_UNKNOWN, SIM_OP_SET_ACCESS, SIM_OP_SET_ACCESS, SIM_OP_SYNC_ONCE,
        SIM_OP_EXPOSE,  SIM_OP_RESYNC,  SIM_OP_WITHDRAW,   SIM_OP_OBSERVE,    SIM_OP_POLL};
    static const enum sim_fault_kind kinds[] = {
        SIM_FAULT_LOST_BEFORE, SIM_FAULT_LOST_AFTER,   SIM_FAULT_LATE,    SIM_FAULT_LATE,
        SIM_FAULT_LATE,        SIM_FAULT_DUPLICATE,    SIM_FAULT_SLOW,    SIM_FAULT_REFUSE,
        SIM_FAULT_CRASH,       SIM_FAULT_CRASH_BEFORE, SIM_FAULT_PARTIAL, SIM_FAULT_PARTIAL};
    struct sim_fault f = {.kind = kinds[pick(st, DR_COUNT(kinds))],
                          .op = ops[pick(st, DR_COUNT(ops))],
                          .nth = 1 + pick(st, 6),
                          .times = 1 + pick(st, 2),
                          .delay_ms = 500 + pick(st, 12000)};
    bool reads = f.op == SIM_OP_OBSERVE || f.op == SIM_OP_POLL;
    if (reads && (f.kind == SIM_FAULT_PARTIAL || f.kind == SIM_FAULT_DUPLICATE))
        f.kind = SIM_FAULT_SLOW;
    /* A repeated command that nobody asked for, at an array that cannot tell old from new. */
    if (f.kind == SIM_FAULT_DUPLICATE && !st->s->fenced)
        f.kind = SIM_FAULT_LOST_AFTER;
    if (f.kind == SIM_FAULT_REFUSE)
        (void)snprintf(f.code, sizeof(f.code), "busy-inside");
    if (pick(st, 2))
        (void)snprintf(f.array, sizeof(f.array), "%s", shape_array(pick(st, 2)));
    if (!site_enter(st))
        abort();
    if (sim_fault_add(house_world(st->h), &f) < 0)
        abort();
    site_leave(st);
    house_note(st->h, "fault: %s of %s at %s from the %u. on, %u times",
               sim_fault_name((enum sim_fault_kind)f.kind),
               f.op ? sim_op_name((enum sim_op)f.op) : "any change", f.array[0] ? f.array : "any",
               f.nth, f.times);
}

/* What is rare among all faults, and what settling and reading back are for. */
static void
haunt(struct story *st)
{
    static const enum sim_fault_kind kinds[] = {SIM_FAULT_LATE, SIM_FAULT_LATE, SIM_FAULT_PARTIAL,
                                                SIM_FAULT_LOST_BEFORE};
    const struct sim_fault f = {.kind = kinds[pick(st, DR_COUNT(kinds))],
                                .op = SIM_OP_SET_ACCESS,
                                .nth = 1 + pick(st, 2),
                                .times = 1};
    st->deadly = f.kind == SIM_FAULT_LATE;
    if (!site_enter(st) || sim_fault_add(house_world(st->h), &f) < 0)
        abort();
    site_leave(st);
    house_note(st->h, "fault: %s of the %u. change of access",
               sim_fault_name((enum sim_fault_kind)f.kind), f.nth);
}

static void
clear_faults(struct story *st)
{
    if (!site_enter(st))
        abort();
    size_t n = 0;
    const struct sim_fault *list = sim_faults(house_world(st->h), &n);
    for (size_t i = 0; i < n; i++)
        st->v->met[MET_FAULTS] += list[i].struck;
    sim_fault_clear(house_world(st->h));
    site_leave(st);
    house_loses(st->h, 0, 0);
}

/* ---- people ---------------------------------------------------------------------------------- */

static struct controller *
controller_of(struct story *st)
{
    char name[32];
    (void)snprintf(name, sizeof(name), "ops%u", ++st->n_controllers);
    return house_controller(st->h, name);
}

static void
count_end(struct story *st, const struct errand *e)
{
    watch_document(st->watch, e->json);
    switch (e->exit) {
    case 0:
        met(st, MET_DONE);
        break;
    case 3:
        met(st, MET_REFUSED);
        break;
    case 4:
        met(st, MET_FAILED);
        break;
    case 5:
        met(st, MET_OUTCOME);
        break;
    case 7:
        met(st, MET_LOCKED);
        break;
    case 11:
        met(st, MET_STALE);
        break;
    default:
        met(st, MET_OTHER);
        if (e->exit == 1 && !st->v->bad) {
            st->v->bad = true;
            (void)snprintf(st->v->text, sizeof(st->v->text), "an internal fault: %s",
                           e->error ? drstor_error_message(e->error) : "?");
        }
        break;
    }
}

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

static const char *
some_open_run(struct story *st)
{
    struct dr_run_row *rows = NULL;
    size_t n = 0;
    if (dr_store_run_open(house_store(st->h), house_arena(st->h), NULL, &rows, &n, NULL) < 0)
        abort();
    return n ? rows[0].id : NULL;
}

static struct errand *
ask(struct operator_ *o, struct controller *c, const char *goal)
{
    struct errand_what what = {.kind = o->verb->kind, .goal = goal};
    if (what.kind == ERRAND_ABORT)
        what.goal = some_open_run(o->st);
    if (what.kind == ERRAND_ABORT && !what.goal)
        what.kind = ERRAND_OBSERVE;
    if (what.kind == ERRAND_GUARD)
        what.goal = shape_site(!o->to);
    if (!goal)
        return errand_do(c, &what);
    consent_of(o, &what);
    what.asks = draw(o, 3) == 0;
    what.thinks_ms = draw(o, 3) ? draw(o, 3000) : draw(o, 30000);
    if (!(o->verb->how & FROM_FILE))
        return errand_do(c, &what);
    what.kind = ERRAND_PLAN;
    struct errand *plan = errand_do(c, &what);
    if (plan->died || plan->exit != 0)
        return plan;
    house_sleep_ms(o->st->h, draw(o, 40000));
    what.kind = ERRAND_APPLY;
    what.goal = plan->json;
    return errand_do(c, &what);
}

static void
ended(struct story *st)
{
    pthread_mutex_lock(&st->lock);
    st->working--;
    dr_cond_wake(&st->done);
    pthread_mutex_unlock(&st->lock);
}

/* ---- what a person does who believes what is said -------------------------------------------- */

static void
told(struct operator_ *o, const struct errand *e)
{
    struct story *st = o->st;
    bool flip = o->verb->how & STAGED && o->verb->site && dr_streq(o->verb->site, "to");
    if (e->died || e->exit != 0 || !flip || e->what.kind == ERRAND_PLAN)
        return;
    for (unsigned g = 0; g < st->s->n_groups; g++) {
        if (o->group >= 0 && o->group != (int)g)
            continue;
        watch_told_done(st->watch, g, o->to);
        if (st->s->engines)
            continue;
        shape_writers(st->h, g, !o->to, false);
        shape_writers(st->h, g, o->to, true);
    }
}

struct killer {
    struct controller *c;
    uint64_t after_ms;
};

static void
kill_later(void *arg)
{
    struct killer *k = arg;
    struct controller *c = k->c;
    house_sleep_ms(controller_house(c), k->after_ms);
    free(k);
    controller_kill(c, "by fate");
}

static void
doom(struct operator_ *o, struct controller *c)
{
    if (o->doom)
        controller_doom(c, o->doom);
    if (!o->kill_ms)
        return;
    struct killer *k = dr_new0(struct killer);
    *k = (struct killer){c, o->kill_ms};
    dr_spawn(house_env(o->st->h), kill_later, k);
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
    struct controller *c = controller_of(st);
    doom(o, c);
    const struct errand *e = ask(o, c, goal.s);
    told(o, e);
    for (unsigned i = 0; e->died && i < 4; i++) {
        met(st, MET_KILLED);
        house_sleep_ms(st->h, st->haunted || draw(o, 2) ? 20 + draw(o, 500) : 200 + draw(o, 15000));
        c = controller_of(st);
        o->doom = draw(o, 4) ? 0 : 1 + draw(o, 40);
        o->kill_ms = 0;
        doom(o, c);
        const struct errand_what resume = {.kind = ERRAND_RESUME};
        bool again = draw(o, 5) == 0;
        e = again ? ask(o, c, goal.s) : errand_do(c, &resume);
        if (!again && !e->died && e->exit == 0)
            met(st, MET_RESUMED);
        if (again)
            told(o, e);
    }
    if (!e->died)
        count_end(st, e);
    ended(st);
}

static const struct verb *
verb_for(struct story *st, unsigned when)
{
    unsigned total = 0;
    for (size_t i = 0; i < DR_COUNT(verbs); i++)
        total += verbs[i].when & when ? verbs[i].weight : 0;
    unsigned n = pick(st, total);
    for (size_t i = 0; i < DR_COUNT(verbs); i++) {
        if (!(verbs[i].when & when))
            continue;
        if (n < verbs[i].weight)
            return &verbs[i];
        n -= verbs[i].weight;
    }
    return &verbs[0];
}

static struct operator_ *
employ(struct story *st, uint64_t at_ms, uint64_t number)
{
    bool gone = st->disaster == SITE_LOST || st->disaster == OUTAGE || st->wrong;
    struct operator_ *o = dr_arena_new0(house_arena(st->h), struct operator_);
    o->st = st;
    o->group = -1;
    o->verb = verb_for(st, gone && at_ms >= st->at_ms ? LOST : FIT);
    o->at_ms = at_ms;
    o->to = pick(st, 12) ? 1 : 0;
    o->doom = pick(st, 3) ? 0 : 1 + pick(st, 45 * st->s->n_groups);
    o->kill_ms = pick(st, 8) ? 0 : 1 + pick(st, 20000);
    o->seed = house_hash(house_seed(st->h), number, 77);
    st->working++;
    dr_spawn(house_env(st->h), operator_task, o);
    return o;
}

/* All of it: applications do not begin on a volume that is read-only. */
static bool
writable(struct story *st, unsigned group, unsigned site)
{
    struct sim_view view;
    if (!site_enter(st))
        return false;
    bool good =
        sim_view(house_world(st->h), shape_array(site), shape_copy(group, site), &view) == 0;
    if (good) {
        good = view.access == DRSTOR_ACCESS_READ_WRITE && view.n_paths >= view.n_members;
        sim_view_clear(&view);
    }
    site_leave(st);
    return good;
}

/* ---- fate ------------------------------------------------------------------------------------ */

static void
disaster_task(void *arg)
{
    struct story *st = arg;
    house_sleep_ms(st->h, st->at_ms);
    switch (st->disaster) {
    case CALM:
        break;
    case SITE_LOST:
        set_site(st, 0, SIM_SITE_DEAD);
        met(st, MET_LOST_SITES);
        break;
    case OUTAGE:
        writers(st, 0, false);
        house_hosts_lost(st->h, "milan");
        house_reach(st->h, "milan", HOUSE_REACH_SILENT);
        break;
    case REBOOT:
        set_site(st, 0, SIM_SITE_DEAD);
        met(st, MET_REBOOTS);
        break;
    case FALSE_ALARM:
        if (st->wrong != WRONG_SILENT) {
            set_link(st, false);
            met(st, MET_LINKS_CUT);
        }
        if (st->wrong != WRONG_LINK)
            set_site(st, 0, SIM_SITE_SILENT);
        break;
    }
    if (st->back_ms) {
        house_sleep_ms(st->h, st->back_ms);
        if (st->disaster == SITE_LOST)
            met(st, MET_BACK);
        set_link(st, true);
        set_site(st, 0, SIM_SITE_UP);
        for (unsigned g = 0; st->autostart && g < st->s->n_groups; g++)
            if (writable(st, g, 0))
                shape_writers(st->h, g, 0, true);
    }
    ended(st);
}

/* A line that is cut for a while, whatever else happens. */
static void
link_task(void *arg)
{
    struct story *st = arg;
    uint64_t at = pick(st, 60000), length = 200 + pick(st, 30000);
    house_sleep_ms(st->h, at);
    set_link(st, false);
    met(st, MET_LINKS_CUT);
    house_sleep_ms(st->h, length);
    set_link(st, true);
    ended(st);
}

static void
begin(struct story *st, void (*fn)(void *arg))
{
    st->working++;
    dr_spawn(house_env(st->h), fn, st);
}

static void
damage_task(void *arg)
{
    struct story *st = arg;
    uint64_t at = pick(st, 15000), length = 20000 + pick(st, 60000);
    house_sleep_ms(st->h, at);
    watch_damage(st->watch, 0, true);
    house_note(st->h, "the record of %s is damaged", shape_group(0));
    house_sleep_ms(st->h, length);
    watch_damage(st->watch, 0, false);
    house_note(st->h, "the record of %s is put right", shape_group(0));
    ended(st);
}

/* Called while a change is sent: the killing is for another task. */
static void
on_muted(void *user)
{
    struct story *st = user;
    struct controller *c = house_running(st->h);
    if (!c || !st->deadly ||
        (house_hash(house_seed(st->h), ++st->muted, 5) % 3 == 0 && !st->haunted))
        return;
    struct killer *k = dr_new0(struct killer);
    *k = (struct killer){c, 1 + house_hash(house_seed(st->h), st->muted, 6) % 2000};
    dr_spawn(house_env(st->h), kill_later, k);
}

static void
wait_for_all(struct story *st)
{
    pthread_mutex_lock(&st->lock);
    while (st->working)
        dr_cond_wait(&st->done, &st->lock, UINT64_MAX, NULL);
    pthread_mutex_unlock(&st->lock);
}

/* ---- the end: everything is in reach, and a patient person goes on until nothing is left ------
 */

static unsigned
open_runs(struct story *st)
{
    struct dr_run_row *rows = NULL;
    size_t n = 0;
    if (dr_store_run_open(house_store(st->h), house_arena(st->h), NULL, &rows, &n, NULL) < 0)
        abort();
    return (unsigned)n;
}

/* Where the record has GROUP; -1: there is none. */
static int
primary_of(struct story *st, unsigned group)
{
    struct dr_record rec;
    if (dr_store_load(house_store(st->h), house_arena(st->h), shape_group(group), &rec, NULL,
                      NULL) < 0)
        return -1;
    return dr_streq(rec.primary, shape_site(1));
}

static bool
served(struct story *st, unsigned group)
{
    int site = primary_of(st, group);
    return site >= 0 && writable(st, group, (unsigned)site);
}

static const struct errand *
patient(struct story *st, const struct errand_what *what)
{
    const struct errand *e = errand_do(controller_of(st), what);
    watch_document(st->watch, e->json);
    house_note(st->h, "in the end: %d", e->exit);
    return e;
}

/* Resumes what is open; what cannot end is given up, as a person would. */
static void
finish_runs(struct story *st)
{
    const struct errand_what resume = {.kind = ERRAND_RESUME};
    for (unsigned i = 0; i < 12 && open_runs(st); i++) {
        if (patient(st, &resume)->exit == 0)
            continue;
        house_sleep_ms(st->h, 5000);
        if (i % 4 != 3)
            continue;
        const struct errand_what give_up = {.kind = ERRAND_ABORT, .goal = some_open_run(st)};
        (void)patient(st, &give_up);
        met(st, MET_GIVEN_UP);
    }
}

static void
act_on_group(struct story *st, unsigned group, const char *goal)
{
    dr_auto(dr_str_freep) struct dr_str text = {0};
    dr_str_printf(&text, "{%s,\"groups\":[\"%s\"]}", goal, shape_group(group));
    const struct errand_what act = {.kind = ERRAND_ACT, .goal = text.s, .accept_loss = "unknown"};
    (void)patient(st, &act);
    finish_runs(st);
}

static bool
record_is(struct story *st, unsigned group, enum dr_phase phase, enum dr_old_copy *ret_old)
{
    struct dr_record rec;
    if (dr_store_load(house_store(st->h), house_arena(st->h), shape_group(group), &rec, NULL,
                      NULL) < 0)
        return false;
    *ret_old = rec.old_copy;
    return rec.phase == phase;
}

static void
go_on_until_done(struct story *st)
{
    static const char *const to[] = {"\"verb\":\"promote\",\"to\":\"milan\",\"storage_only\":true",
                                     "\"verb\":\"promote\",\"to\":\"rome\",\"storage_only\":true"};
    const struct errand_what adopt = {.kind = ERRAND_ADOPT};
    finish_runs(st);
    for (unsigned g = 0; g < st->s->n_groups; g++)
        if (primary_of(st, g) < 0) {
            (void)patient(st, &adopt);
            break;
        }
    for (unsigned g = 0; g < st->s->n_groups; g++) {
        enum dr_old_copy old = DR_OLD_COPY_NONE;
        if (primary_of(st, g) < 0)
            continue;
        if (record_is(st, g, DR_PHASE_TESTING, &old))
            act_on_group(st, g, "\"verb\":\"drill-clean\"");
        /* What was fenced, or given up, and then left, is served again by a flip of its own. */
        if (!served(st, g))
            act_on_group(st, g, to[primary_of(st, g)]);
        if (!served(st, g))
            act_on_group(st, g, to[!primary_of(st, g)]);
        (void)record_is(st, g, DR_PHASE_STEADY, &old);
        if (old != DR_OLD_COPY_NONE)
            act_on_group(st, g, "\"verb\":\"reprotect\",\"storage_only\":true");
    }
}

/* ---- a guard, until everything is back -------------------------------------------------------
 */

static struct errand *
guard_begin(struct story *st)
{
    const struct errand_what what = {.kind = ERRAND_GUARD, .goal = "milan", .interval_ms = 2000};
    if (!st->disaster || house_hash(house_seed(st->h), 4, 4) % 5)
        return NULL;
    struct controller *c = controller_of(st);
    if (house_hash(house_seed(st->h), 4, 5) % 3 == 0)
        controller_doom(c, 1 + house_hash(house_seed(st->h), 4, 6) % 120);
    return errand_begin(c, &what);
}

static void
guard_end(struct story *st, struct errand *e)
{
    if (!e)
        return;
    controller_cancel(e->by);
    (void)errand_end(e);
    if (!e->died)
        count_end(st, e);
    if (e->json && strstr(e->json, "made not writable"))
        met(st, MET_GUARDED);
}

/* ---- one story ------------------------------------------------------------------------------- */

static void
fate(struct house *h, void *arg)
{
    struct story *st = arg;
    (void)h;
    unsigned faults = !st->haunted && pick(st, 10) < 6 ? pick(st, 4) : 0;
    if (st->haunted)
        haunt(st);
    for (unsigned i = 0; i < faults; i++)
        add_fault(st);
    if (st->s->engines && pick(st, 2)) {
        house_loses(st->h, pick(st, 40), pick(st, 40));
        house_latency(st->h, pick(st, 300));
    }
    if (st->disaster)
        begin(st, disaster_task);
    if (pick(st, 10) == 0)
        begin(st, link_task);
    if (st->damaged)
        begin(st, damage_task);
    watch_muted(st->watch, on_muted, st);

    struct errand *guard = guard_begin(st);
    bool gone = st->disaster == SITE_LOST || st->disaster == OUTAGE || st->wrong;
    uint64_t first = gone ? st->at_ms + pick(st, 60000) : pick(st, 20000);
    if (pick(st, 3) == 0 && gone) {
        struct errand_what look = {.kind = ERRAND_OBSERVE};
        house_sleep_ms(st->h, st->at_ms + 1);
        (void)errand_begin(controller_of(st), &look);
    }
    /* People drain what they move; some forget. */
    if (!gone && pick(st, 8))
        writers(st, 0, false);
    (void)employ(st, first, 1);
    if (pick(st, 5) == 0) {
        (void)employ(st, first + pick(st, 20000), 2);
        met(st, MET_TWO);
    }
    if (pick(st, 6) == 0)
        (void)employ(st, first + 30000 + pick(st, 90000), 3);
    wait_for_all(st);

    clear_faults(st);
    house_sleep_ms(st->h, 35000);
    set_link(st, true);
    for (unsigned site = 0; site < 2; site++)
        set_site(st, site, SIM_SITE_UP);
    house_sleep_ms(st->h, 3000);
    guard_end(st, guard);
    go_on_until_done(st);
    for (unsigned g = 0; g < st->s->n_groups; g++)
        if (served(st, g) && !st->s->engines) {
            shape_writers(st->h, g, !primary_of(st, g), false);
            shape_writers(st->h, g, (unsigned)primary_of(st, g), true);
        }
    house_sleep_ms(st->h, 2000);
}

static void
draw_story(struct story *st)
{
    static const enum disaster disasters[] = {CALM,      CALM,      CALM,      CALM,
                                              CALM,      SITE_LOST, SITE_LOST, SITE_LOST,
                                              SITE_LOST, OUTAGE,    REBOOT,    FALSE_ALARM};
    st->disaster = disasters[pick(st, DR_COUNT(disasters))];
    st->at_ms = st->disaster ? pick(st, 40000) : 0;
    if (st->disaster == REBOOT)
        st->back_ms = 1 + pick(st, 20000);
    else if (st->disaster && pick(st, 4) == 0)
        st->back_ms = 1 + pick(st, 150000);
    st->autostart = pick(st, 3) == 0 && !st->s->engines;
    st->damaged = pick(st, 25) == 0;
    st->deadly = pick(st, 2);
    st->haunted = pick(st, 8) == 0;
    if (st->disaster == FALSE_ALARM)
        st->wrong = (enum wrong_kind)(1 + pick(st, WRONG_KINDS - 1));
}

static bool
agree(struct story *st, enum check_rule rule, enum sim_violation a, enum sim_violation b)
{
    const struct sim_world *w = house_world(st->h);
    uint64_t seen = sim_violations(w, a) + (b ? sim_violations(w, b) : 0);
    return (seen > 0) == (check_broken(watch_check(st->watch), rule) > 0);
}

static void
judge(struct story *st)
{
    struct verdict *v = st->v;
    struct check *c = watch_check(st->watch);
    const struct sim_world *w = house_world(st->h);
    check_end(c, open_runs(st));
    for (int r = 0; r < CHECK_RULES; r++)
        v->broken[r] = check_broken(c, (enum check_rule)r);
    for (int r = 0; r < CHECK_RULES && !v->bad; r++)
        if (v->broken[r]) {
            v->bad = true;
            (void)snprintf(v->text, sizeof(v->text), "%s", check_text(c));
        }
    v->met[MET_WINDOWS] += check_windows(c);
    v->met[MET_LATE] += check_late_windows(c);
    v->met[MET_FLIPS] += watch_flips(st->watch);
    v->wrong = st->wrong;
    v->over_living = st->wrong && sim_violations(w, SIM_V_DUAL_WRITABLE) > 0;
    if (st->wrong || v->bad || check_late_windows(c))
        return;
    static const struct {
        enum check_rule rule;
        enum sim_violation a, b;
    } same[] = {{CHECK_S1, SIM_V_DUAL_WRITABLE, SIM_V_UNKNOWN},
                {CHECK_S2, SIM_V_DESTROYED, SIM_V_UNKNOWN},
                {CHECK_S4, SIM_V_UNEQUAL_POINTS, SIM_V_START_PARTIAL},
                {CHECK_S8, SIM_V_STALE, SIM_V_UNKNOWN}};
    for (size_t i = 0; i < DR_COUNT(same) && !v->bad; i++)
        if (!agree(st, same[i].rule, same[i].a, same[i].b)) {
            v->bad = true;
            (void)snprintf(v->text, sizeof(v->text), "judge and world disagree about %s: %s",
                           check_rule_name(same[i].rule), sim_violation_name(same[i].a));
        }
    static const enum sim_violation others[] = {SIM_V_RESYNC_WRITABLE, SIM_V_RESYNC_EXPOSED,
                                                SIM_V_PLANNED_LOSS, SIM_V_INCONSISTENT,
                                                SIM_V_SENT_LATE};
    for (size_t i = 0; i < DR_COUNT(others) && !v->bad; i++)
        if (sim_violations(w, others[i])) {
            v->bad = true;
            (void)snprintf(v->text, sizeof(v->text), "the world saw: %s",
                           sim_violation_text(others[i]));
        }
}

const struct shape *
story_shape(const struct shape *plain, const struct shape *engines, uint64_t seed)
{
    uint64_t n = house_hash(seed, 1, 1);
    /* A stage takes a hundred times as long as storage alone. */
    if (n % 250 == 0)
        return &engines[n / 250 % SHAPES_WITH_ENGINES];
    return &plain[n / 250 % SHAPES];
}

void
story_play(const struct shape *s, uint64_t seed, bool show, struct verdict *v)
{
    struct story st = {.s = s, .v = v};
    *v = (struct verdict){0};
    st.virgin = !s->engines && house_hash(seed, 2, 2) % 12 == 0;
    st.h = house_new(st.virgin ? &s->virgin : &s->plan, seed);
    house_talk(st.h, show);
    dr_cond_init(&st.done, house_env(st.h));
    (void)pthread_mutex_init(&st.lock, NULL);
    st.watch = watch_new(st.h, s, !st.virgin);
    if (s->engines)
        met(&st, MET_ENGINES);
    draw_story(&st);
    house_run(st.h, fate, &st);
    judge(&st);
    if (show)
        (void)fputs(house_history(st.h), stdout);
    if (sim_enter(house_world(st.h)) < 0 || sim_world_trace(house_world(st.h), NULL, NULL) < 0 ||
        sim_leave(house_world(st.h)) < 0)
        abort();
    dr_store_world_watch(house_store_world(st.h), NULL, NULL);
    watch_free(st.watch);
    house_free(st.h);
    (void)pthread_mutex_destroy(&st.lock);
}
