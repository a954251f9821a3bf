#include "seeds/play.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

void
fate_set_site(struct story *st, unsigned site, enum sim_site_state state)
{
    if (!story_enter(st))
        abort();
    if (sim_site_set(house_world(st->h), shape_site(site), state) < 0)
        abort();
    story_leave(st);
    house_reach(st->h, shape_site(site),
                state == SIM_SITE_UP ? HOUSE_REACH_UP : HOUSE_REACH_SILENT);
    if (state == SIM_SITE_DEAD)
        house_hosts_lost(st->h, shape_site(site));
    house_note(st->h, "%s is %s", shape_site(site),
               state == SIM_SITE_UP     ? "up"
               : state == SIM_SITE_DEAD ? "dead"
                                        : "silent");
}

void
fate_set_link(struct story *st, bool up)
{
    if (!story_enter(st))
        abort();
    if (sim_link_set(house_world(st->h), NULL, NULL, up) < 0)
        abort();
    story_leave(st);
    house_note(st->h, "the line between the sites is %s", up ? "up" : "cut");
}

void
fate_writers(struct story *st, unsigned site, bool on)
{
    for (unsigned g = 0; g < st->s->n_groups; g++)
        shape_writers(st->h, st->s, g, site, on);
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
    struct sim_fault f = {.kind = kinds[story_pick(st, DR_COUNT(kinds))],
                          .op = ops[story_pick(st, DR_COUNT(ops))],
                          .nth = 1 + story_pick(st, 6),
                          .times = 1 + story_pick(st, 2),
                          .delay_ms = 500 + story_pick(st, 12000)};
    bool reads = f.op == SIM_OP_OBSERVE || f.op == SIM_OP_POLL;
    if (reads && (f.kind == SIM_FAULT_PARTIAL || f.kind == SIM_FAULT_DUPLICATE))
        f.kind = SIM_FAULT_SLOW;
    /* A repeated command that nobody asked for, at an array that cannot tell old from new. */
    if (f.kind == SIM_FAULT_DUPLICATE && !st->s->fenced)
        f.kind = SIM_FAULT_LOST_AFTER;
    if (f.kind == SIM_FAULT_REFUSE)
        (void)snprintf(f.code, sizeof(f.code), "busy-inside");
    if (story_pick(st, 2))
        (void)snprintf(f.array, sizeof(f.array), "%s", shape_array(story_pick(st, 2)));
    if (!story_enter(st))
        abort();
    if (sim_fault_add(house_world(st->h), &f) < 0)
        abort();
    story_leave(st);
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
    const struct sim_fault f = {.kind = kinds[story_pick(st, DR_COUNT(kinds))],
                                .op = SIM_OP_SET_ACCESS,
                                .nth = 1 + story_pick(st, 2),
                                .times = 1};
    st->deadly = f.kind == SIM_FAULT_LATE;
    if (!story_enter(st) || sim_fault_add(house_world(st->h), &f) < 0)
        abort();
    story_leave(st);
    house_note(st->h, "fault: %s of the %u. change of access",
               sim_fault_name((enum sim_fault_kind)f.kind), f.nth);
}

void
fate_clear(struct story *st)
{
    if (!story_enter(st))
        abort();
    size_t n = 0;
    const struct sim_fault *list = sim_faults(house_world(st->h), &n);
    for (size_t i = 0; i < n; i++)
        st->v->met[MET_FAULTS] += list[i].struck;
    sim_fault_clear(house_world(st->h));
    story_leave(st);
    house_loses(st->h, 0, 0);
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

void
fate_kill_later(struct story *st, struct controller *c, uint64_t after_ms)
{
    struct killer *k = dr_new0(struct killer);
    *k = (struct killer){c, after_ms};
    dr_spawn(house_env(st->h), kill_later, k);
}

/* ---- what happens
 * ------------------------------------------------------------------------------------ */

static void
disaster_task(void *arg)
{
    struct story *st = arg;
    house_sleep_ms(st->h, st->at_ms);
    switch (st->disaster) {
    case CALM:
        break;
    case SITE_LOST:
        fate_set_site(st, 0, SIM_SITE_DEAD);
        story_met(st, MET_LOST_SITES);
        break;
    case OUTAGE:
        fate_writers(st, 0, false);
        house_hosts_lost(st->h, "milan");
        house_reach(st->h, "milan", HOUSE_REACH_SILENT);
        break;
    case REBOOT:
        fate_set_site(st, 0, SIM_SITE_DEAD);
        story_met(st, MET_REBOOTS);
        break;
    case FALSE_ALARM:
        if (st->wrong != WRONG_SILENT) {
            fate_set_link(st, false);
            story_met(st, MET_LINKS_CUT);
        }
        if (st->wrong != WRONG_LINK)
            fate_set_site(st, 0, SIM_SITE_SILENT);
        break;
    }
    if (st->back_ms) {
        house_sleep_ms(st->h, st->back_ms);
        if (st->disaster == SITE_LOST)
            story_met(st, MET_BACK);
        fate_set_link(st, true);
        fate_set_site(st, 0, SIM_SITE_UP);
        for (unsigned g = 0; st->autostart && g < st->s->n_groups; g++)
            if (story_writable(st, g, 0))
                shape_writers(st->h, st->s, g, 0, true);
    }
    story_ended(st);
}

/* A line that is cut for a while, whatever else happens. */
static void
link_task(void *arg)
{
    struct story *st = arg;
    uint64_t at = story_pick(st, 60000), length = 200 + story_pick(st, 30000);
    house_sleep_ms(st->h, at);
    fate_set_link(st, false);
    story_met(st, MET_LINKS_CUT);
    house_sleep_ms(st->h, length);
    fate_set_link(st, true);
    story_ended(st);
}

static void
damage_task(void *arg)
{
    struct story *st = arg;
    uint64_t at = story_pick(st, 15000), length = 20000 + story_pick(st, 60000);
    house_sleep_ms(st->h, at);
    watch_damage(st->watch, 0, true);
    house_note(st->h, "the record of %s is damaged", shape_group(0));
    house_sleep_ms(st->h, length);
    watch_damage(st->watch, 0, false);
    house_note(st->h, "the record of %s is put right", shape_group(0));
    story_ended(st);
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
    fate_kill_later(st, c, 1 + house_hash(house_seed(st->h), st->muted, 6) % 2000);
}

/* ---- what befalls a pair --------------------------------------------------------------------- */

/* The management of rome's array is silent for a while: nobody says that rome is lost. */
static void
quiet_task(void *arg)
{
    struct story *st = arg;
    uint64_t at = story_pick(st, 50000), length = 5000 + story_pick(st, 40000);
    house_sleep_ms(st->h, at);
    fate_set_site(st, 1, SIM_SITE_SILENT);
    house_sleep_ms(st->h, length);
    fate_set_site(st, 1, SIM_SITE_UP);
    story_ended(st);
}

static void
set_arbiter(struct story *st, enum drstor_arbiter arbiter)
{
    if (!story_enter(st) || sim_arbiter_set(house_world(st->h), shape_group(0), arbiter) < 0)
        abort();
    story_leave(st);
    house_note(st->h, "the arbiter is %s", arbiter == DRSTOR_ARBITER_OK ? "there" : "gone");
}

static void
arbiter_task(void *arg)
{
    struct story *st = arg;
    uint64_t at = story_pick(st, 50000), length = 5000 + story_pick(st, 40000);
    house_sleep_ms(st->h, at);
    set_arbiter(st, DRSTOR_ARBITER_ABSENT);
    house_sleep_ms(st->h, length);
    set_arbiter(st, DRSTOR_ARBITER_OK);
    story_ended(st);
}

/* Somebody asks again and again whether both sites can write. */
static void
verify_task(void *arg)
{
    enum { TIMES = 6 };
    static const struct errand_what verify = {.kind = ERRAND_VERIFY};
    struct story *st = arg;
    for (int i = 0; i < TIMES; i++) {
        house_sleep_ms(st->h, story_pick(st, 20000));
        (void)story_ask(st, story_controller(st), &verify, NULL);
    }
    story_ended(st);
}

static void
begin_legs(struct story *st)
{
    story_begin(st, verify_task, st);
    if (story_pick(st, 2))
        story_begin(st, quiet_task, st);
    if (story_pick(st, 3) == 0)
        story_begin(st, arbiter_task, st);
    if (story_pick(st, 3) == 0)
        story_begin(st, link_task, st);
}

void
fate_begin(struct story *st)
{
    unsigned faults =
        !st->haunted && !st->two_offices && story_pick(st, 10) < 6 ? story_pick(st, 4) : 0;
    if (st->haunted && !st->two_offices)
        haunt(st);
    for (unsigned i = 0; i < faults; i++)
        add_fault(st);
    if (st->s->engines && story_pick(st, 2)) {
        house_loses(st->h, story_pick(st, 40), story_pick(st, 40));
        house_latency(st->h, story_pick(st, 300));
    }
    if (st->two_offices)
        offices_begin(st);
    else if (st->disaster)
        story_begin(st, disaster_task, st);
    if (story_pick(st, 10) == 0)
        story_begin(st, link_task, st);
    if (st->damaged)
        story_begin(st, damage_task, st);
    if (st->s->legs)
        begin_legs(st);
    watch_muted(st->watch, on_muted, st);
}

/* ---- a guard, until everything is back -------------------------------------------------------
 */

struct errand *
fate_guard_begin(struct story *st)
{
    const struct errand_what what = {.kind = ERRAND_GUARD, .goal = "milan", .interval_ms = 2000};
    if (!st->disaster || st->two_offices || house_hash(house_seed(st->h), 4, 4) % 5)
        return NULL;
    struct controller *c = story_controller(st);
    if (house_hash(house_seed(st->h), 4, 5) % 3 == 0)
        controller_doom(c, 1 + house_hash(house_seed(st->h), 4, 6) % 120);
    return errand_begin(c, &what);
}

void
fate_guard_end(struct story *st, struct errand *e)
{
    if (!e)
        return;
    controller_cancel(e->by);
    (void)errand_end(e);
    watch_heard(st->watch, e, 0);
    if (!e->died)
        people_count(st, e);
    if (e->json && strstr(e->json, "made not writable"))
        story_met(st, MET_GUARDED);
}
