/* Milan's controller goes with its site, or is cut off, and rome's takes over. */
#include "seeds/play.h"

#include "base/str.h"
#include "store/mirror.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const names[] = {"milan-1", "rome-1"};

void
offices_open(struct story *st)
{
    static const struct errand_what adopt = {.kind = ERRAND_ADOPT};
    st->offices[0] = house_office(st->h, names[0], "milan", false);
    st->offices[1] = house_office(st->h, names[1], "rome", true);
    office_mirror(st->offices[0], st->offices[1]);
    office_wire(st->h, OFFICE_WIRE_UP, 5 + story_pick(st, 500));
    watch_offices(st->watch, st->offices[0], names[0], st->offices[1], names[1]);
    (void)story_ask(st, story_controller(st), &adopt, NULL);
}

static void
wire(struct story *st, enum office_wire how, unsigned latency_ms)
{
    static const char *const words[] = {"up", "cut", "without answers"};
    office_wire(st->h, how, latency_ms);
    house_note(st->h, "the mirror is %s", words[how]);
}

/* The mirror fails at any time before, or only with all the rest. */
static void
mirror_task(void *arg)
{
    struct story *st = arg;
    enum office_wire how = story_pick(st, 4) ? OFFICE_WIRE_CUT : OFFICE_WIRE_NO_ANSWERS;
    house_sleep_ms(st->h, story_pick(st, (unsigned)st->at_ms));
    wire(st, how, 20);
    story_ended(st);
}

static struct errand_what
takeover(const struct story *st, unsigned times)
{
    bool waives = st->apart || times > 2;
    return (struct errand_what){.kind = ERRAND_TAKEOVER,
                                .declare = waives ? "outage:milan" : "site-lost:milan",
                                .waive_fence = waives ? "nobody there can be reached" : NULL,
                                .reason = "what was seen on the way in"};
}

static bool
take_over(struct story *st, unsigned times, uint64_t doom)
{
    const struct errand_what what = takeover(st, times);
    struct controller *c = story_controller_at(st, 1);
    controller_doom(c, doom);
    const struct errand *e = story_ask(st, c, &what, NULL);
    if (e->died)
        story_met(st, MET_KILLED);
    if (e->died || e->exit != 0)
        return false;
    st->acting = 1;
    story_met(st, MET_TAKEN);
    return true;
}

static void
lose_milan(struct story *st)
{
    if (!st->apart) {
        fate_set_site(st, 0, SIM_SITE_DEAD);
        story_met(st, MET_LOST_SITES);
        st->stranded = true;
        for (unsigned i = 0; i < st->n_controllers; i++)
            if (controller_office(st->controllers[i]) == st->offices[0])
                controller_kill(st->controllers[i], "with its site");
    }
    wire(st, OFFICE_WIRE_CUT, 0);
}

static void
takeover_task(void *arg)
{
    enum { TIMES = 6 };
    static const struct errand_what observe = {.kind = ERRAND_OBSERVE},
                                    resume = {.kind = ERRAND_RESUME},
                                    adopt = {.kind = ERRAND_ADOPT};
    struct story *st = arg;
    house_sleep_ms(st->h, st->at_ms);
    lose_milan(st);
    if (st->apart)
        people_employ_stubborn(st, story_pick(st, 30000), 21);
    for (unsigned i = 0; i < TIMES; i++) {
        (void)story_ask(st, story_controller_at(st, 1), &observe, NULL);
        house_sleep_ms(st->h, (st->apart ? 0 : 20000) + story_pick(st, 10000));
        if (take_over(st, i, i == 0 && story_pick(st, 2) ? 1 + story_pick(st, 40) : 0))
            break;
    }
    if (st->acting) {
        (void)story_ask(st, story_controller(st), &resume, NULL);
        (void)story_ask(st, story_controller(st), &adopt, NULL);
        people_employ(st, story_pick(st, 5000), 22);
        if (st->apart && story_pick(st, 2))
            wire(st, OFFICE_WIRE_UP, 20); /* milan's hears of it now, where it asks */
        if (st->apart)
            people_employ_stubborn(st, story_pick(st, 20000), 23);
    }
    story_ended(st);
}

void
offices_begin(struct story *st)
{
    if (story_pick(st, 2))
        story_begin(st, mirror_task, st);
    story_begin(st, takeover_task, st);
}

void
offices_settle(struct story *st)
{
    struct dr_controller c;
    st->stranded = false;
    wire(st, OFFICE_WIRE_UP, 20);
    for (unsigned i = 0; i < 4 && st->acting == 0; i++) {
        if (dr_store_controller(office_store(st->offices[1]), house_arena(st->h), &c, NULL) < 0)
            abort();
        if (!c.begun && !dr_streq(c.active, names[1]))
            return; /* nobody has begun any: milan's is the active one */
        (void)take_over(st, 3, 0);
    }
}
