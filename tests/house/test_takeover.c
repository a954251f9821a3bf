/*
 * Two controllers with a store each, one told what is in the other's: it dies, it is cut off, it
 * comes back; and the one that takes over may die anywhere, too.
 */
#include "support/house_site.h"

#include "base/mem.h"
#include "base/str.h"
#include "store/mirror.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ALL "\"all\":true,\"storage_only\":true}"
#define TO_ROME "{\"verb\":\"promote\",\"to\":\"rome\"," ALL
#define TO_MILAN "{\"verb\":\"promote\",\"to\":\"milan\"," ALL
#define SUSPEND "{\"verb\":\"suspend\",\"all\":true}"
#define RESUME "{\"verb\":\"resume\",\"all\":true}"
#define REPROTECT "{\"verb\":\"reprotect\"," ALL
#define TO_ROME_LOST "{\"verb\":\"promote\",\"to\":\"rome\",\"unplanned\":true," ALL
#define ONE_TO_ROME_LOST(group)                                                                    \
    "{\"verb\":\"promote\",\"to\":\"rome\",\"unplanned\":true,\"groups\":[\"" group "\"],"         \
    "\"storage_only\":true}"

struct story {
    const struct house_plan *plan;
    uint64_t doom, wait_ms;
    bool reached, good;
    uint64_t two;   /* pairs that were writable twice */
    uint64_t stale; /* calls of an older controller that arrays obeyed */
    bool left;      /* to a person, who says which copy counts */
    bool refused;   /* the one before was told so */
    struct office *milan, *rome;
    struct controller *old, *new;
};

/* Says which of many things it was. */
static bool
holds(struct house *h, bool it, const char *what)
{
    if (!it)
        house_note(h, "it does not hold: %s", what);
    return it;
}
#define HOLDS(x) holds(h, x, #x)

static const struct errand_what adopt = {.kind = ERRAND_ADOPT};
static const struct errand_what observe = {.kind = ERRAND_OBSERVE};
static const struct errand_what resume = {.kind = ERRAND_RESUME};

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
act(struct controller *c, const char *goal)
{
    const struct errand_what what = {.kind = ERRAND_ACT, .goal = goal, .accept_loss = "unknown"};
    return errand_do(c, &what);
}

static const struct errand *
promote_lost(struct controller *c, const char *goal)
{
    const struct errand_what what = unplanned(goal);
    return errand_do(c, &what);
}

static struct errand_what
takeover(const char *declare)
{
    return (struct errand_what){.kind = ERRAND_TAKEOVER, .declare = declare, .reason = "test"};
}

static const struct errand *
take_over(struct controller *c, const char *declare)
{
    const struct errand_what what = takeover(declare);
    return errand_do(c, &what);
}

static void
milan(struct house *h, enum sim_site_state state)
{
    if (sim_enter(house_world(h)) < 0 || sim_site_set(house_world(h), "milan", state) < 0 ||
        sim_leave(house_world(h)) < 0)
        abort();
}

static bool
is_at(struct house *h, const char *array, const char *copy, enum drstor_access access)
{
    struct sim_view v;
    if (sim_enter(house_world(h)) < 0 || sim_view(house_world(h), array, copy, &v) < 0)
        abort();
    bool is = v.access == access;
    sim_view_clear(&v);
    if (sim_leave(house_world(h)) < 0)
        abort();
    return is;
}

static bool
at_rome(struct house *h, enum drstor_access access)
{
    return is_at(h, "sim-rome", "erp_r", access) && is_at(h, "sim-rome", "db_r", access) &&
           is_at(h, "sim-rome", "web_r", access);
}

/* Two sites that can write one pair, however that came about. */
static uint64_t
two_writable(struct house *h)
{
    const struct sim_world *w = house_world(h);
    return sim_violations(w, SIM_V_DUAL_WRITABLE) + sim_violations(w, SIM_V_DUAL_WRITERS) +
           sim_violations(w, SIM_V_RESYNC_WRITABLE);
}

static int64_t
epoch_at(struct office *o, const char *group)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_record rec;
    return dr_store_load(office_store(o), a, group, &rec, NULL, NULL) < 0 ? -1 : rec.epoch;
}

static struct dr_audit_head
head_at(struct office *o)
{
    struct dr_audit_head head = {0};
    if (dr_store_audit_head(office_store(o), &head, NULL) < 0)
        abort();
    return head;
}

static bool
follows(const struct story *s)
{
    const struct dr_audit_head a = head_at(s->milan), b = head_at(s->rome);
    return a.seq > 0 && a.seq == b.seq && strcmp(a.hash, b.hash) == 0;
}

/* Adopted by milan-1, which is mirrored to rome-1. */
static void
begin(struct house *h, struct story *s)
{
    s->milan = house_office(h, "milan-1", "milan", false);
    s->rome = house_office(h, "rome-1", "rome", true);
    office_mirror(s->milan, s->rome);
    office_wire(h, OFFICE_WIRE_UP, 20);
    s->old = office_controller(s->milan, "old");
    s->new = office_controller(s->rome, "new");
    if (errand_do(s->old, &adopt)->exit != 0)
        abort();
}

static void
lose_milan(struct house *h, struct story *s)
{
    milan(h, SIM_SITE_DEAD);
    controller_kill(s->old, "with its site");
    office_wire(h, OFFICE_WIRE_CUT, 0);
    (void)errand_do(s->new, &observe);
    house_sleep_ms(h, 25000);
}

static bool
run(const struct house_plan *plan, void (*tell)(struct house *h, void *arg), struct story *s)
{
    struct house *h = house_new(plan, 1);
    s->plan = plan;
    s->good = s->reached = false;
    house_run(h, tell, s);
    if (s->reached && !s->good)
        (void)fprintf(stderr, "doom %llu, wait %llu\n%s\n", (unsigned long long)s->doom,
                      (unsigned long long)s->wait_ms, house_history(h));
    house_free(h);
    return s->good;
}

/* ---- following ------------------------------------------------------------------------------- */

static void
tell_follow(struct house *h, void *arg)
{
    struct story *s = arg;
    begin(h, s);
    s->reached = true;
    s->good = HOLDS(follows(s) && act(s->old, TO_ROME)->exit == 0 && follows(s) &&
                    epoch_at(s->rome, "erp") == 2 && epoch_at(s->rome, "web") == 2);
    const struct errand *no = act(s->new, TO_MILAN);
    s->good &= HOLDS(no->exit == 3 && no->json && strstr(no->json, "R031") && follows(s));
}

static void
a_standby_has_all_that_the_active_one_has_committed(void **state)
{
    struct story s = {0};
    assert_true(run(*state, tell_follow, &s));
}

static void
tell_silent(struct house *h, void *arg)
{
    struct story *s = arg;
    begin(h, s);
    s->reached = true;
    office_wire(h, OFFICE_WIRE_CUT, 0);
    uint64_t from = dr_now_ns(house_env(h));
    const struct errand *e = act(s->old, TO_ROME);
    uint64_t took = dr_now_ns(house_env(h)) - from;
    s->good =
        HOLDS(e->exit == 0 && strstr(e->json, "behind_since") && took < 60 * DR_S && !follows(s));
    s->good &= HOLDS(strstr(errand_do(s->old, &(struct errand_what){.kind = ERRAND_STATUS})->json,
                            "behind_since") != NULL);
    /* Answers that are lost: it is there, and sent again, and there once. */
    office_wire(h, OFFICE_WIRE_NO_ANSWERS, 20);
    house_sleep_ms(h, 30000);
    e = act(s->old, SUSPEND);
    s->good &= HOLDS(e->exit == 0 && head_at(s->rome).seq > 0);
    office_wire(h, OFFICE_WIRE_UP, 20);
    house_sleep_ms(h, 30000);
    e = act(s->old, RESUME);
    s->good &= HOLDS(e->exit == 0 && follows(s) && !strstr(e->json, "behind_since"));
}

static void
a_silent_standby_stops_nothing_and_catches_up(void **state)
{
    struct story s = {0};
    assert_true(run(*state, tell_silent, &s));
}

/* ---- taking over ----------------------------------------------------------------------------- */

/* Whatever the new one finds: what its own answers say, followed, ends with rome served. */
static bool
rome_is_served_by(struct house *h, struct story *s, struct controller *c)
{
    const struct errand *last = NULL;
    for (int i = 0; i < 3; i++)
        last = errand_do(c, &resume);
    /* One that needs the lost site cannot be ended so, and says how it can. */
    if (last->exit != 0 && last->json && errand_says(last, "run")) {
        const struct errand_what give_up = {.kind = ERRAND_ABORT, .goal = errand_says(last, "run")};
        (void)errand_do(c, &give_up);
    }
    static const char *const goals[] = {ONE_TO_ROME_LOST("erp"), ONE_TO_ROME_LOST("db"),
                                        ONE_TO_ROME_LOST("web")};
    bool good = true;
    for (size_t i = 0; i < DR_COUNT(goals); i++) {
        const struct errand *e = promote_lost(c, goals[i]);
        if (e->exit != 0)
            house_note(h, "not promoted: %d %s %s", e->exit, e->json ? e->json : "",
                       dr_error_message(e->error));
        good &= e->exit == 0;
    }
    (void)s;
    return HOLDS(good) && HOLDS(at_rome(h, DRSTOR_ACCESS_READ_WRITE)) &&
           HOLDS(two_writable(h) == 0);
}

/* Dies at its DOOM-th point in a flip of all groups, and its site with it. */
static void
tell_dead(struct house *h, void *arg)
{
    struct story *s = arg;
    begin(h, s);
    if (s->wait_ms) /* the site is lost before, or it is the flip that it dies in */
        milan(h, SIM_SITE_DEAD);
    (void)errand_do(s->old, &observe);
    if (s->wait_ms)
        house_sleep_ms(h, 25000);
    controller_doom(s->old, s->doom);
    const struct errand *e = s->wait_ms ? promote_lost(s->old, TO_ROME_LOST) : act(s->old, TO_ROME);
    if (!e->died)
        return;
    s->reached = true;
    lose_milan(h, s);
    e = take_over(s->new, "site-lost:milan");
    s->good = HOLDS(e->exit == 0 && rome_is_served_by(h, s, s->new));
}

static void
wherever_the_active_one_dies_with_its_site_the_standby_goes_on(void **state)
{
    const struct house_plan *plan = *state;
    uint64_t points = 0, good = 0;
    for (uint64_t lost = 0; lost < 2; lost++) {
        struct story s = {.wait_ms = lost};
        for (s.doom = 1; s.doom < 4000; s.doom += 3 * house_every()) {
            bool fine = run(plan, tell_dead, &s);
            if (!s.reached)
                break;
            points++;
            good += fine;
            if (!fine)
                break;
        }
    }
    printf("figure takeover_after_death %llu of %llu\n", (unsigned long long)good,
           (unsigned long long)points);
    assert_true(points > 1);
    assert_int_equal(good, points);
}

/* The new one dies at its DOOM-th point of the takeover; the next does it again. */
static void
tell_crash(struct house *h, void *arg)
{
    struct story *s = arg;
    begin(h, s);
    lose_milan(h, s);
    controller_doom(s->new, s->doom);
    if (!take_over(s->new, "site-lost:milan")->died)
        return;
    s->reached = true;
    struct controller *next = office_controller(s->rome, "next");
    (void)errand_do(next, &observe);
    house_sleep_ms(h, 25000);
    s->good = HOLDS(take_over(next, "site-lost:milan")->exit == 0 && rome_is_served_by(h, s, next));
}

static void
a_takeover_that_dies_anywhere_is_done_again(void **state)
{
    struct story s = {0};
    uint64_t points = 0, good = 0;
    for (s.doom = 1; s.doom < 1000; s.doom += house_every()) {
        bool fine = run(*state, tell_crash, &s);
        if (!s.reached)
            break;
        points++;
        good += fine;
    }
    printf("figure takeover_crash_points %llu of %llu\n", (unsigned long long)good,
           (unsigned long long)points);
    assert_true(points > 0);
    assert_int_equal(good, points);
}

/* No store was ever mirrored: what arrays show is all there is. */
static void
tell_nothing(struct house *h, void *arg)
{
    struct story *s = arg;
    begin(h, s);
    struct office *bare = house_office(h, "rome-2", "rome", true);
    s->new = office_controller(bare, "bare");
    bool good = act(s->old, TO_ROME)->exit == 0;
    lose_milan(h, s);
    s->reached = true;
    s->good =
        good && take_over(s->new, "site-lost:milan")->exit == 0 && rome_is_served_by(h, s, s->new);
}

static void
a_standby_without_a_store_takes_over_from_nothing(void **state)
{
    struct story s = {0};
    assert_true(run(*state, tell_nothing, &s));
}

/* ---- a store that is behind ------------------------------------------------------------------ */

static void
tell_behind(struct house *h, void *arg)
{
    struct story *s = arg;
    begin(h, s);
    office_wire(h, OFFICE_WIRE_CUT, 0);
    bool good = act(s->old, TO_ROME)->exit == 0 && epoch_at(s->rome, "erp") == 1;
    lose_milan(h, s);
    const struct errand *e = take_over(s->new, "site-lost:milan");
    s->reached = true;
    s->good =
        good && e->exit == 0 && strstr(e->json, "\"set_aside\"") && strstr(e->json, "epoch 2");
    /* What is behind is not acted on, and the printed way out is one. */
    e = act(s->new, SUSPEND);
    s->good &= HOLDS(e->exit == 3 && e->json && strstr(e->json, "R010"));
    s->good &= HOLDS(rome_is_served_by(h, s, s->new) && epoch_at(s->rome, "erp") == 3);
}

static void
what_is_behind_is_set_aside_and_adopted_anew(void **state)
{
    struct story s = {0};
    assert_true(run(*state, tell_behind, &s));
}

static enum dr_phase
phase_at(struct office *o, const char *group)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_record rec;
    return dr_store_load(office_store(o), a, group, &rec, NULL, NULL) < 0 ? DR_PHASE_UNKNOWN
                                                                          : rec.phase;
}

/* The mirror is cut in the middle of a move of all groups, which goes on without it. */
static void
tell_partly_behind(struct house *h, void *arg)
{
    static const char *const groups[] = {"erp", "db", "web"};
    struct story *s = arg;
    bool middle = false;
    begin(h, s);
    const struct errand_what goal = {.kind = ERRAND_ACT, .goal = TO_ROME, .accept_loss = "unknown"};
    struct errand *theirs = errand_begin(s->old, &goal);
    house_sleep_ms(h, s->wait_ms);
    office_wire(h, OFFICE_WIRE_CUT, 0);
    (void)errand_end(theirs);
    for (size_t i = 0; i < DR_COUNT(groups); i++)
        middle |= phase_at(s->rome, groups[i]) == DR_PHASE_PROMOTING;
    lose_milan(h, s);
    const struct errand *e = take_over(s->new, "site-lost:milan");
    s->reached = middle && e->exit == 0 && !strstr(e->json, "\"set_aside\":[]");
    s->good = s->reached && HOLDS(strstr(e->json, "\"runs\":[]"));
    for (size_t i = 0; i < DR_COUNT(groups); i++) {
        enum dr_phase phase = phase_at(s->rome, groups[i]);
        s->good = s->good && HOLDS(phase == DR_PHASE_UNKNOWN || phase == DR_PHASE_STEADY);
    }
    s->good = s->good && HOLDS(rome_is_served_by(h, s, s->new));
}

static void
what_is_not_behind_of_a_run_that_is_is_left_at_rest(void **state)
{
    uint64_t reached = 0, good = 0;
    struct story s = {0};
    for (s.wait_ms = 0; s.wait_ms < 3000; s.wait_ms += 20) {
        good += run(*state, tell_partly_behind, &s);
        reached += s.reached;
    }
    printf("figure takeover_partly_behind %llu of %llu\n", (unsigned long long)good,
           (unsigned long long)reached);
    assert_true(reached > 0);
    assert_int_equal(good, reached);
}

/* ---- evidence -------------------------------------------------------------------------------- */

static void
tell_alive(struct house *h, void *arg)
{
    struct story *s = arg;
    begin(h, s);
    s->reached = true;
    const struct errand *e = take_over(s->new, "site-lost:milan");
    s->good = HOLDS(e->exit == 3 && strstr(e->json, "R051") && follows(s));
    e = take_over(s->new, "site-lost:rome");
    s->good &= HOLDS(e->exit == 3 && strstr(e->json, "R051") && follows(s));
    s->good &= HOLDS(act(s->old, SUSPEND)->exit == 0 && follows(s));
    /* Young silence is waited for. */
    milan(h, SIM_SITE_DEAD);
    uint64_t from = dr_now_ns(house_env(h));
    e = take_over(s->new, "site-lost:milan");
    s->good &= HOLDS(e->exit == 0 && dr_now_ns(house_env(h)) - from >= 20 * DR_S);
}

static void
a_site_that_answers_is_not_taken_over_from(void **state)
{
    struct story s = {0};
    assert_true(run(*state, tell_alive, &s));
}

/* ---- the one before, alive ------------------------------------------------------------------- */

/*
 * Both controllers are alive, and do not hear each other. The old one is in the middle of a flip
 * when the new one takes over; then both want their way.
 */
static void
tell_cut(struct house *h, void *arg)
{
    struct story *s = arg;
    begin(h, s);
    office_wire(h, OFFICE_WIRE_CUT, 0);
    const struct errand_what goal = {.kind = ERRAND_ACT, .goal = TO_ROME, .accept_loss = "unknown"};
    struct errand *theirs = errand_begin(s->old, &goal);
    house_sleep_ms(h, s->wait_ms);
    const struct errand_what how = {.kind = ERRAND_TAKEOVER,
                                    .declare = "outage:milan",
                                    .waive_fence = "test",
                                    .reason = "test"};
    const struct errand *e = errand_do(s->new, &how);
    s->reached = true;
    s->good = HOLDS(e->exit == 0);
    /* Groups whose record is not behind have a record here; the others are adopted. */
    (void)errand_do(s->new, &resume);
    (void)errand_do(s->new, &adopt);
    (void)act(s->new, TO_ROME);
    (void)errand_end(theirs);
    /* The link is back: it is told, and refused. */
    office_wire(h, OFFICE_WIRE_UP, 20);
    house_sleep_ms(h, 60000);
    e = act(s->old, SUSPEND);
    s->refused = e->exit == 3 && dr_streq(dr_error_rule(e->error), "R052");
    office_wire(h, OFFICE_WIRE_CUT, 0);
    const struct errand *again = act(s->old, SUSPEND);
    s->refused &= again->exit == 3 && again->json && strstr(again->json, "R052");
    s->stale = sim_violations(house_world(h), SIM_V_STALE);
    s->good &= HOLDS(s->refused && two_writable(h) == 0);
}

/* The old one wants the groups back at milan, the new one wants them to stay at rome. */
static void
tell_cross(struct house *h, void *arg)
{
    struct story *s = arg;
    begin(h, s);
    bool good = act(s->old, TO_ROME)->exit == 0 && follows(s);
    house_sleep_ms(h, 5000);
    office_wire(h, OFFICE_WIRE_CUT, 0);
    const struct errand_what theirs = {
        .kind = ERRAND_ACT, .goal = TO_MILAN, .accept_loss = "unknown"};
    const struct errand_what how = {.kind = ERRAND_TAKEOVER,
                                    .declare = "outage:milan",
                                    .waive_fence = "test",
                                    .reason = "test"};
    struct errand *a = errand_begin(s->doom ? s->new : s->old, s->doom ? &how : &theirs);
    house_sleep_ms(h, s->wait_ms);
    struct errand *b = errand_begin(s->doom ? s->old : s->new, s->doom ? &theirs : &how);
    struct errand *taken = s->doom ? a : b;
    (void)errand_end(taken);
    (void)errand_do(s->new, &resume);
    (void)errand_do(s->new, &adopt);
    (void)act(s->new, TO_ROME);
    (void)errand_end(a);
    (void)errand_end(b);
    s->reached = true;
    s->two = two_writable(h);
    s->stale = sim_violations(house_world(h), SIM_V_STALE);
    s->good = HOLDS(good) && HOLDS(taken->exit == 0) && HOLDS(s->two == 0 || s->stale > 0);
    /*
     * Nobody disturbs any more: the new one's word is what happens. Where the old one was stopped
     * in the middle of a flip, it may be a person who says which copy counts.
     */
    (void)errand_do(s->new, &resume);
    const struct errand *e = act(s->new, TO_ROME);
    if (e->exit)
        house_note(h, "not served: %s", e->json ? e->json : dr_error_message(e->error));
    s->left = e->exit == 3;
    s->good = s->good && (s->stale || s->left || HOLDS(at_rome(h, DRSTOR_ACCESS_READ_WRITE)));
}

static void
count(const struct house_plan *plan, void (*tell)(struct house *h, void *arg), const char *kind,
      uint64_t *ret_stale, uint64_t *ret_two)
{
    uint64_t times = 0, good = 0, left = 0;
    *ret_stale = *ret_two = 0;
    for (uint64_t ms = 0; ms <= 10000; ms += 250)
        for (uint64_t order = 0; order < 2; order++) {
            struct story s = {.wait_ms = ms, .doom = order};
            if (order && tell == tell_cut)
                continue;
            times++;
            good += run(plan, tell, &s);
            *ret_stale += s.stale;
            *ret_two += s.two;
            left += s.left;
        }
    printf("figure takeover_beside_a_living_one_%s %llu of %llu\n", kind, (unsigned long long)good,
           (unsigned long long)times);
    if (tell == tell_cross)
        printf("figure takeover_left_to_a_person_%s %llu of %llu\n", kind, (unsigned long long)left,
               (unsigned long long)times);
    printf("figure takeover_stale_calls_%s %llu\n", kind, (unsigned long long)*ret_stale);
    printf("figure takeover_two_writable_%s %llu\n", kind, (unsigned long long)*ret_two);
    assert_int_equal(good, times);
}

static void
arrays_that_keep_a_token_refuse_the_one_before(void **state)
{
    uint64_t stale = 0, two = 0;
    count(*state, tell_cut, "fenced", &stale, &two);
    assert_int_equal(stale + two, 0);
    count(*state, tell_cross, "at_odds_fenced", &stale, &two);
    assert_int_equal(stale + two, 0);
}

/* What no controller can prevent there, and the documents say so. */
static void
arrays_that_do_not_are_counted(void **state)
{
    const struct house_plan *plans = *state;
    uint64_t stale = 0, two = 0;
    count(&plans[1], tell_cut, "unfenced", &stale, &two);
    count(&plans[1], tell_cross, "at_odds_unfenced", &stale, &two);
    assert_true(stale > 0);
}

/* It asks before the write that counts, and is told no. */
static void
tell_asks(struct house *h, void *arg)
{
    struct story *s = arg;
    begin(h, s);
    struct errand_what goal = unplanned(TO_ROME_LOST);
    goal.asks = true;
    goal.thinks_ms = 4000; /* less than what is looked at again for */
    milan(h, SIM_SITE_DEAD);
    (void)errand_do(s->new, &observe);
    (void)errand_do(s->old, &observe);
    house_sleep_ms(h, 25000);
    struct errand *theirs = errand_begin(s->old, &goal);
    house_sleep_ms(h, s->wait_ms);
    s->reached = true;
    const struct errand *e = take_over(s->new, "site-lost:milan");
    (void)errand_end(theirs);
    s->good = HOLDS(e->exit == 0);
    /* Either it had committed before, and the takeover knows; or it was refused. */
    bool committed = epoch_at(s->milan, "erp") == 2;
    s->good &= HOLDS(theirs->exit != 0 || committed);
    s->good &= HOLDS(rome_is_served_by(h, s, s->new));
    s->refused = theirs->exit == 3;
}

static void
the_one_before_is_told_no_before_it_commits(void **state)
{
    uint64_t refused = 0, good = 0, times = 0;
    for (uint64_t ms = 500; ms <= 24000; ms += 500) {
        struct story s = {.wait_ms = ms};
        times++;
        good += run(*state, tell_asks, &s);
        refused += s.refused;
    }
    printf("figure takeover_told_no %llu of %llu\n", (unsigned long long)refused,
           (unsigned long long)times);
    assert_int_equal(good, times);
    assert_true(refused > 0);
}

/* ---- the way back ---------------------------------------------------------------------------- */

static void
tell_back(struct house *h, void *arg)
{
    struct story *s = arg;
    begin(h, s);
    lose_milan(h, s);
    bool good = take_over(s->new, "site-lost:milan")->exit == 0 && rome_is_served_by(h, s, s->new);
    milan(h, SIM_SITE_UP);
    office_wire(h, OFFICE_WIRE_UP, 20);
    /* milan-1 as the standby of rome-1, on a new store: rome-1 tells it everything. */
    struct office *back = house_office(h, "milan-1", "milan", true);
    office_mirror(s->rome, back);
    struct controller *c = office_controller(s->rome, "rome"),
                      *m = office_controller(back, "milan");
    (void)act(c, REPROTECT);
    const struct dr_audit_head a = head_at(s->rome), b = head_at(back);
    s->reached = true;
    s->good = HOLDS(good && a.seq == b.seq && strcmp(a.hash, b.hash) == 0);
    const struct errand *e = act(m, TO_MILAN);
    s->good &= HOLDS(e->exit == 3 && strstr(e->json, "R031"));
    /* And the role goes back, when rome's controller is gone and arrays refuse it. */
    controller_kill(c, "for good");
    e = take_over(m, "outage:rome");
    s->good &=
        HOLDS(e->exit == 0 && act(m, TO_MILAN)->exit == 0 &&
              is_at(h, "sim-milan", "erp_m", DRSTOR_ACCESS_READ_WRITE) && two_writable(h) == 0);
}

static void
the_role_goes_back_as_it_came(void **state)
{
    struct story s = {0};
    assert_true(run(*state, tell_back, &s));
}

static int
setup(void **state)
{
    static struct house_plan plans[2];
    const struct house_site_how usual = {0}, unfenced = {.unfenced = true};
    *state = plans;
    return house_site_make(&plans[0], &usual) && house_site_make(&plans[1], &unfenced) ? 0 : -1;
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
        cmocka_unit_test(a_standby_has_all_that_the_active_one_has_committed),
        cmocka_unit_test(a_silent_standby_stops_nothing_and_catches_up),
        cmocka_unit_test(wherever_the_active_one_dies_with_its_site_the_standby_goes_on),
        cmocka_unit_test(a_takeover_that_dies_anywhere_is_done_again),
        cmocka_unit_test(a_standby_without_a_store_takes_over_from_nothing),
        cmocka_unit_test(what_is_behind_is_set_aside_and_adopted_anew),
        cmocka_unit_test(what_is_not_behind_of_a_run_that_is_is_left_at_rest),
        cmocka_unit_test(a_site_that_answers_is_not_taken_over_from),
        cmocka_unit_test(arrays_that_keep_a_token_refuse_the_one_before),
        cmocka_unit_test(arrays_that_do_not_are_counted),
        cmocka_unit_test(the_one_before_is_told_no_before_it_commits),
        cmocka_unit_test(the_role_goes_back_as_it_came),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
