#include "seeds/play.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

static const char *const wrong_names[WRONG_KINDS] = {"", "silent", "cut_off", "link"};
static const char *const met_names[MET_COUNT] = {
    "with_engines",  "killed",        "resumed",         "acts_done",    "acts_refused",
    "acts_failed",   "acts_unclear",  "acts_stale",      "acts_locked",  "acts_other",
    "faults",        "lost_sites",    "sites_back",      "reboots",      "links_cut",
    "two_operators", "windows",       "late_windows",    "flips",        "runs_given_up",
    "guarded",       "active_active", "verified",        "not_verified", "two_offices",
    "takeovers",     "acts_replaced", "left_to_a_person"};

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

unsigned
story_pick(struct story *st, unsigned below)
{
    return (unsigned)house_draw(st->h, below);
}

void
story_met(struct story *st, enum met what)
{
    st->v->met[what]++;
}

struct controller *
story_controller_at(struct story *st, unsigned office)
{
    char name[32];
    if (st->n_controllers == DR_COUNT(st->controllers))
        abort();
    (void)snprintf(name, sizeof(name), "ops%u", st->n_controllers + 1);
    struct controller *c = st->offices[office] ? office_controller(st->offices[office], name)
                                               : house_controller(st->h, name);
    st->controllers[st->n_controllers++] = c;
    return c;
}

struct controller *
story_controller(struct story *st)
{
    return story_controller_at(st, st->acting);
}

struct dr_store *
story_store(struct story *st)
{
    return st->offices[0] ? office_store(st->offices[st->acting]) : house_store(st->h);
}

struct errand *
story_ask(struct story *st, struct controller *c, const struct errand_what *what,
          const char *plan_json)
{
    uint64_t since = dr_now_ns(house_env(st->h));
    if (what->kind == ERRAND_ACT || what->kind == ERRAND_APPLY)
        watch_said(st->watch, c, what, plan_json);
    struct errand *e = errand_do(c, what);
    watch_heard(st->watch, e, since);
    if (what->kind == ERRAND_VERIFY && e->json)
        story_met(st, strstr(e->json, "\"dual-verified\"") ? MET_VERIFIED : MET_DOUBTED);
    if (e->exit == 3 && ((e->json && strstr(e->json, "\"R052\"")) ||
                         (e->error && dr_streq(dr_error_rule(e->error), "R052"))))
        story_met(st, MET_REPLACED);
    return e;
}

void
story_ended(struct story *st)
{
    pthread_mutex_lock(&st->lock);
    st->working--;
    dr_cond_wake(&st->done);
    pthread_mutex_unlock(&st->lock);
}

void
story_begin(struct story *st, void (*fn)(void *arg), void *arg)
{
    st->working++;
    dr_spawn(house_env(st->h), fn, arg);
}

void
story_wait(struct story *st)
{
    pthread_mutex_lock(&st->lock);
    while (st->working)
        dr_cond_wait(&st->done, &st->lock, UINT64_MAX, NULL);
    pthread_mutex_unlock(&st->lock);
}

const char *
story_open_run(struct story *st)
{
    struct dr_run_row *rows = NULL;
    size_t n = 0;
    if (dr_store_run_open(story_store(st), house_arena(st->h), NULL, &rows, &n, NULL) < 0)
        abort();
    return n ? rows[0].id : NULL;
}

unsigned
story_open_runs(struct story *st)
{
    struct dr_run_row *rows = NULL;
    size_t n = 0;
    if (dr_store_run_open(story_store(st), house_arena(st->h), NULL, &rows, &n, NULL) < 0)
        abort();
    return (unsigned)n;
}

int
story_primary(struct story *st, unsigned group)
{
    struct dr_record rec;
    if (dr_store_load(story_store(st), house_arena(st->h), shape_group(group), &rec, NULL, NULL) <
        0)
        return -1;
    return dr_streq(rec.primary, shape_site(1));
}

bool
story_enter(struct story *st)
{
    return sim_enter(house_world(st->h)) == 0;
}

void
story_leave(struct story *st)
{
    if (sim_leave(house_world(st->h)) < 0)
        abort();
}

/* All of it: applications do not begin on a volume that is read-only. */
bool
story_writable(struct story *st, unsigned group, unsigned site)
{
    struct sim_view view;
    if (!story_enter(st))
        return false;
    bool good =
        sim_view(house_world(st->h), shape_array(site), shape_copy(group, site), &view) == 0;
    if (good) {
        good = view.access == DRSTOR_ACCESS_READ_WRITE && view.n_paths >= view.n_members;
        sim_view_clear(&view);
    }
    story_leave(st);
    return good;
}

bool
story_served(struct story *st, unsigned group)
{
    int site = story_primary(st, group);
    return site >= 0 && story_writable(st, group, (unsigned)site);
}
/* ---- one story ------------------------------------------------------------------------------- */

static void
play(struct house *h, void *arg)
{
    struct story *st = arg;
    (void)h;
    if (st->two_offices)
        offices_open(st);
    fate_begin(st);
    struct errand *guard = fate_guard_begin(st);
    bool gone =
        (st->disaster == SITE_LOST && !st->two_offices) || st->disaster == OUTAGE || st->wrong;
    uint64_t first = gone ? st->at_ms + story_pick(st, 60000) : story_pick(st, 20000);
    if (story_pick(st, 3) == 0 && gone) {
        struct errand_what look = {.kind = ERRAND_OBSERVE};
        house_sleep_ms(st->h, st->at_ms + 1);
        (void)errand_begin(story_controller(st), &look);
    }
    /* People drain what they move; some forget. */
    if (!gone && story_pick(st, 8))
        fate_writers(st, 0, false);
    if (st->overtaken)
        people_overtake(st);
    else
        people_employ(st, first, 1);
    if (story_pick(st, 5) == 0) {
        people_employ(st, first + story_pick(st, 20000), 2);
        story_met(st, MET_TWO);
    }
    if (story_pick(st, 6) == 0)
        people_employ(st, first + 30000 + story_pick(st, 90000), 3);
    story_wait(st);

    fate_clear(st);
    house_sleep_ms(st->h, 35000);
    fate_set_link(st, true);
    for (unsigned site = 0; site < 2; site++)
        fate_set_site(st, site, SIM_SITE_UP);
    house_sleep_ms(st->h, 3000);
    fate_guard_end(st, guard);
    if (st->two_offices)
        offices_settle(st);
    ending_go_on(st);
    for (unsigned g = 0; g < st->s->n_groups; g++)
        if (story_served(st, g) && !st->s->engines) {
            shape_writers(st->h, st->s, g, !story_primary(st, g), false);
            shape_writers(st->h, st->s, g, (unsigned)story_primary(st, g), true);
        }
    house_sleep_ms(st->h, 2000);
}

static void
draw_story(struct story *st)
{
    static const enum disaster disasters[] = {CALM,      CALM,      CALM,      CALM,
                                              CALM,      SITE_LOST, SITE_LOST, SITE_LOST,
                                              SITE_LOST, OUTAGE,    REBOOT,    FALSE_ALARM};
    st->disaster = disasters[story_pick(st, DR_COUNT(disasters))];
    st->at_ms = st->disaster ? story_pick(st, 40000) : 0;
    if (st->disaster == REBOOT)
        st->back_ms = 1 + story_pick(st, 20000);
    else if (st->disaster && story_pick(st, 4) == 0)
        st->back_ms = 1 + story_pick(st, 150000);
    st->autostart = story_pick(st, 3) == 0 && !st->s->engines;
    st->damaged = story_pick(st, 25) == 0;
    st->deadly = story_pick(st, 2);
    st->haunted = story_pick(st, 8) == 0;
    st->overtaken = st->disaster == CALM && story_pick(st, 40) == 0;
    if (st->two_offices) {
        st->disaster = SITE_LOST;
        st->at_ms = 2000 + story_pick(st, 40000);
        st->apart = st->s->fenced && story_pick(st, 4);
        st->back_ms = 0;
        st->damaged = st->overtaken = false;
    }
    if (st->disaster == FALSE_ALARM)
        st->wrong = (enum wrong_kind)(1 + story_pick(st, WRONG_KINDS - 1));
}

/* A stage takes a hundred times as long as storage alone. */
static struct shape plain[64], staged[4], legs[16];

bool
story_prepare(void)
{
    bool good = true;
    for (unsigned i = 0; i < DR_COUNT(plain); i++)
        good = good && shape_make(&plain[i], i, SHAPE_PLAIN);
    for (unsigned i = 0; i < DR_COUNT(staged); i++)
        good = good && shape_make(&staged[i], i, SHAPE_STAGED);
    for (unsigned i = 0; i < DR_COUNT(legs); i++)
        good = good && shape_make(&legs[i], i, SHAPE_LEGS);
    return good;
}

const struct shape *
story_shape(uint64_t seed)
{
    enum { OF = 250, STAGED = 1, LEGS = 10 };
    uint64_t n = house_hash(seed, 1, 1), kind = n % OF, number = n / OF;
    if (kind < STAGED)
        return &staged[number % DR_COUNT(staged)];
    if (kind < STAGED + LEGS)
        return &legs[number % DR_COUNT(legs)];
    return &plain[number % DR_COUNT(plain)];
}

void
story_play(const struct shape *s, uint64_t seed, bool show, struct verdict *v)
{
    struct story st = {.s = s, .v = v};
    *v = (struct verdict){0};
    bool plain_one = !s->engines && !s->legs;
    st.two_offices = plain_one && house_hash(seed, 3, 3) % 25 == 0;
    st.virgin = !s->engines && !st.two_offices && house_hash(seed, 2, 2) % 12 == 0;
    bool bare = st.virgin || st.two_offices;
    st.h = house_new(bare ? &s->virgin : &s->plan, seed);
    house_talk(st.h, show);
    dr_cond_init(&st.done, house_env(st.h));
    (void)pthread_mutex_init(&st.lock, NULL);
    st.watch = watch_new(st.h, s, !bare);
    if (s->engines)
        story_met(&st, MET_ENGINES);
    if (s->legs)
        story_met(&st, MET_LEGS);
    if (st.two_offices)
        story_met(&st, MET_OFFICES);
    draw_story(&st);
    house_run(st.h, play, &st);
    verdict_reach(&st);
    if (show)
        (void)fputs(house_history(st.h), stdout);
    watch_free(st.watch);
    house_free(st.h);
    (void)pthread_mutex_destroy(&st.lock);
}
