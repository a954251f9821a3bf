/* Time and replication: what moves between copies, and what follows when the ground moves. */
#include "state.h"

#include <string.h>

bool
sim_link_live(const struct sim_world *w, const struct sim_copy *a, const struct sim_copy *b)
{
    uint32_t sa = sim_copy_site(w, a), sb = sim_copy_site(w, b);
    if (w->sites[sa].state == SIM_SITE_DEAD || w->sites[sb].state == SIM_SITE_DEAD)
        return false;
    if (sa == sb)
        return true;
    for (size_t i = 0; i < w->n_links; i++) {
        const struct sim_link *l = &w->links[i];
        if ((l->a == sa && l->b == sb) || (l->a == sb && l->b == sa))
            return l->up != 0;
    }
    return false;
}

struct sim_copy *
sim_flow_source(const struct sim_world *w, const struct sim_group *g, const struct sim_copy *c)
{
    bool follows = c->relation == DRSTOR_RELATION_DESTINATION ||
                   (c->relation == DRSTOR_RELATION_MUTUAL && c->detached);
    if (!follows || g->paused || c->peer >= g->n_copies)
        return NULL;
    struct sim_copy *s = &g->copies[c->peer];
    if (s->relation != DRSTOR_RELATION_SOURCE &&
        !(s->relation == DRSTOR_RELATION_MUTUAL && !s->detached))
        return NULL;
    return sim_link_live(w, c, s) ? s : NULL;
}

bool
sim_io_ok(const struct sim_world *w, const struct sim_group *g, const struct sim_copy *c,
          const struct sim_member *m)
{
    if (m->access != DRSTOR_ACCESS_READ_WRITE || m->exposed == 0 ||
        w->sites[sim_copy_site(w, c)].state == SIM_SITE_DEAD)
        return false;
    if (!g->sync || !g->stops_when_alone || g->paused || c->relation != DRSTOR_RELATION_SOURCE)
        return true;
    for (size_t i = 0; i < g->n_copies; i++)
        if (g->copies[i].insync && sim_flow_source(w, g, &g->copies[i]) == c)
            return true;
    return false;
}

uint64_t
sim_behind(const struct sim_group *g, const struct sim_copy *source, const struct sim_copy *c)
{
    uint64_t n = 0;
    for (size_t i = 0; i < g->n_members; i++) {
        const struct sim_point *p = &source->members[i].point;
        n += p->count - sim_common(&g->segments[i], p, &c->members[i].point, NULL);
    }
    return n;
}

uint64_t
sim_transfer_ns(const struct sim_world *w, const struct sim_group *g, const struct sim_copy *source,
                const struct sim_copy *c)
{
    uint64_t bytes = sim_behind(g, source, c) * w->write_bytes;
    uint64_t ns =
        bytes / g->bandwidth * SIM_SECOND + bytes % g->bandwidth * SIM_SECOND / g->bandwidth;
    uint64_t least = w->transfer_ms * SIM_MS;
    return ns > least ? ns : least;
}

void
sim_transfer_begin(struct sim_world *w, struct sim_group *g, struct sim_copy *source,
                   struct sim_copy *c, uint64_t job)
{
    for (size_t i = 0; i < g->n_members; i++)
        sim_point_set(&c->members[i].incoming, &source->members[i].point);
    c->begun_ns = w->now_ns;
    c->end_ns = w->now_ns + sim_transfer_ns(w, g, source, c);
    c->job = job;
    w->changed = 1;
}

static void
flow_transfer_clear(struct sim_group *g, struct sim_copy *c)
{
    for (size_t i = 0; i < g->n_members; i++)
        sim_point_clear(&c->members[i].incoming);
    c->begun_ns = c->end_ns = c->job = 0;
}

void
sim_transfer_abort(struct sim_world *w, struct sim_group *g, struct sim_copy *c, const char *why)
{
    if (!c->begun_ns)
        return;
    if (c->job)
        sim_job_end(w, c->job, DRSTOR_JOB_FAILED, why);
    flow_transfer_clear(g, c);
    w->changed = 1;
}

/* All members at once: what a copy holds is always one point in time of its source. */
static void
flow_transfer_end(struct sim_world *w, struct sim_group *g, struct sim_copy *c)
{
    struct sim_copy *s = sim_flow_source(w, g, c);

    for (size_t i = 0; i < g->n_members; i++) {
        struct sim_member *m = &c->members[i];
        sim_point_set(&m->point, &m->incoming);
    }
    if (g->sync && s) {
        /* What was written meanwhile went along; from here on every write does. */
        for (size_t i = 0; i < g->n_members; i++)
            sim_point_set(&c->members[i].point, &s->members[i].point);
        c->insync = 1;
    }
    if (c->detached && s) {
        c->detached = 0;
        s->insync = c->insync = 1;
        for (size_t i = 0; i < g->n_members; i++)
            c->members[i].access = DRSTOR_ACCESS_READ_WRITE;
    }
    if (c->job)
        sim_job_end(w, c->job, DRSTOR_JOB_SUCCEEDED, "");
    flow_transfer_clear(g, c);
    w->changed = 1;
}

/* ---- time passes --------------------------------------------------------------------------- */

void
sim_follow(struct sim_world *w, struct sim_group *g, const struct sim_copy *c, size_t i)
{
    const struct sim_member *m = &c->members[i];
    for (size_t j = 0; j < g->n_copies; j++) {
        struct sim_copy *d = &g->copies[j];
        bool leg = c->relation == DRSTOR_RELATION_MUTUAL && d != c && !d->detached && d->insync;
        if (leg || (d->insync && sim_flow_source(w, g, d) == c)) {
            d->members[i].point.at_ns = m->point.at_ns;
            if (!sim_equal(&d->members[i].point, &m->point) ||
                d->members[i].point.doc != m->point.doc)
                sim_point_set(&d->members[i].point, &m->point);
        }
    }
}

static void
flow_write(struct sim_world *w, struct sim_group *g, size_t copy, size_t i, uint64_t n, uint64_t t)
{
    struct sim_copy *c = &g->copies[copy];
    /* The legs of a healthy active-active pair are one writer. */
    uint32_t owner = c->relation == DRSTOR_RELATION_MUTUAL && c->insync ? 0 : (uint32_t)copy;
    if (!sim_write_on(&g->segments[i], &c->members[i].point, owner, n, t))
        w->broken = true;
}

static void
flow_pass(struct sim_world *w, uint64_t t)
{
    uint64_t dt = t - w->now_ns;
    if (dt == 0)
        return;
    for (size_t gi = 0; gi < w->n_groups; gi++) {
        struct sim_group *g = &w->groups[gi];
        for (size_t ci = 0; ci < g->n_copies; ci++) {
            struct sim_copy *c = &g->copies[ci];
            if (w->sites[sim_copy_site(w, c)].state == SIM_SITE_DEAD)
                continue;
            for (size_t i = 0; i < g->n_members; i++) {
                struct sim_member *m = &c->members[i];
                bool live =
                    m->access == DRSTOR_ACCESS_READ_WRITE || c->relation == DRSTOR_RELATION_SOURCE;
                if (!live)
                    continue;
                m->point.at_ns = t;
                if (m->n_writers && sim_io_ok(w, g, c, m)) {
                    uint64_t n = m->rest + dt * w->writes_per_s * m->n_writers;
                    m->rest = n % SIM_SECOND;
                    if (n >= SIM_SECOND)
                        flow_write(w, g, ci, i, n / SIM_SECOND, t);
                }
                sim_follow(w, g, c, i);
            }
        }
    }
    w->now_ns = t;
}

/* Does its array make periodic snapshots of it now? */
static bool
flow_keeps_points(const struct sim_world *w, const struct sim_group *g, const struct sim_copy *c)
{
    return g->point_every_ns && c->relation == DRSTOR_RELATION_DESTINATION &&
           w->sites[sim_copy_site(w, c)].state != SIM_SITE_DEAD;
}

static void
flow_points(struct sim_world *w)
{
    for (size_t gi = 0; gi < w->n_groups; gi++) {
        struct sim_group *g = &w->groups[gi];
        for (uint32_t i = 0; i < g->n_copies; i++) {
            struct sim_copy *c = &g->copies[i];
            if (!flow_keeps_points(w, g, c) || c->next_point_ns > w->now_ns)
                continue;
            c->next_point_ns +=
                ((w->now_ns - c->next_point_ns) / g->point_every_ns + 1) * g->point_every_ns;
            sim_point_periodic(w, g, i);
        }
    }
}

static uint64_t
flow_next(const struct sim_world *w, uint64_t limit)
{
    uint64_t next = limit;
    for (size_t i = 0; i < w->n_flights; i++)
        if (w->flights[i].state == SIM_FLIGHT_UNDER_WAY && w->flights[i].end_ns < next)
            next = w->flights[i].end_ns;
    for (size_t gi = 0; gi < w->n_groups; gi++) {
        const struct sim_group *g = &w->groups[gi];
        for (size_t i = 0; i < g->n_copies; i++) {
            const struct sim_copy *c = &g->copies[i];
            if (c->begun_ns && c->end_ns < next)
                next = c->end_ns;
            if (!g->sync && g->period_ns && !c->begun_ns && c->next_ns < next &&
                sim_flow_source(w, g, c))
                next = c->next_ns;
            if (flow_keeps_points(w, g, c) && c->next_point_ns < next)
                next = c->next_point_ns;
        }
    }
    return next > w->now_ns ? next : w->now_ns;
}

static void
flow_transfers(struct sim_world *w)
{
    for (size_t gi = 0; gi < w->n_groups; gi++) {
        struct sim_group *g = &w->groups[gi];
        for (size_t i = 0; i < g->n_copies; i++) {
            struct sim_copy *c = &g->copies[i];
            if (c->begun_ns && c->end_ns <= w->now_ns)
                flow_transfer_end(w, g, c);
            if (g->sync || !g->period_ns || c->begun_ns || c->next_ns > w->now_ns)
                continue;
            struct sim_copy *s = sim_flow_source(w, g, c);
            if (!s)
                continue;
            c->next_ns = w->now_ns - (w->now_ns - c->next_ns) % g->period_ns + g->period_ns;
            sim_transfer_begin(w, g, s, c, 0);
        }
    }
}

static void
flow_flights(struct sim_world *w)
{
    for (size_t i = 0; i < w->n_flights;) {
        struct sim_flight f = w->flights[i];
        if (f.state == SIM_FLIGHT_UNDER_WAY && f.end_ns <= w->now_ns) {
            sim_effect(w, &f); /* may add flights, so the place is written after */
            if (sim_op_mutates((enum sim_op)f.op))
                sim_trace_scan(w, SIM_CAUSE_CALL);
            f.state = f.mute ? SIM_FLIGHT_MUTE : SIM_FLIGHT_ANSWERED;
            w->flights[i] = f;
            w->changed = 1;
        }
        /* Nobody waits, or whoever did was killed long ago. */
        bool old = f.state != SIM_FLIGHT_UNDER_WAY && w->now_ns > f.end_ns + 600 * SIM_SECOND;
        if (f.state != SIM_FLIGHT_UNDER_WAY && (f.ghost || old))
            memmove(&w->flights[i], &w->flights[i + 1], (--w->n_flights - i) * sizeof(*w->flights));
        else
            i++;
    }
}

void
sim_run_to(struct sim_world *w, uint64_t now_ns)
{
    if (now_ns < w->now_ns)
        return;
    for (;;) {
        uint64_t t = flow_next(w, now_ns);
        flow_pass(w, t);
        sim_trace_scan(w, SIM_CAUSE_TIME);
        uint64_t before = t;
        flow_flights(w);
        flow_transfers(w);
        flow_points(w);
        sim_trace_scan(w, SIM_CAUSE_TIME);
        if (before >= now_ns && flow_next(w, SIM_NEVER) > now_ns)
            break;
    }
    for (size_t gi = 0; gi < w->n_groups; gi++) {
        struct sim_group *g = &w->groups[gi];
        for (size_t i = 0; i < g->n_copies; i++)
            for (size_t j = i + 1; j < g->n_copies; j++)
                if (sim_link_live(w, &g->copies[i], &g->copies[j]))
                    g->copies[i].peer_seen_ns = g->copies[j].peer_seen_ns = now_ns;
    }
}

/* ---- what follows at once ------------------------------------------------------------------- */

static void
settle_access(struct sim_group *g, struct sim_copy *c, enum drstor_access access)
{
    for (size_t i = 0; i < g->n_members; i++)
        c->members[i].access = access;
}

/* They parted, and nobody was put out: who has less follows the other one first. */
static void
settle_rejoin(struct sim_group *g, struct sim_copy *a, struct sim_copy *b)
{
    uint64_t b_lacks = sim_behind(g, a, b), a_lacks = sim_behind(g, b, a);
    if (a->split || b->split)
        return; /* each has what the other lacks, which is for a person */
    if (!a_lacks && !b_lacks) {
        a->insync = b->insync = 1;
        return;
    }
    struct sim_copy *less = b_lacks ? b : a;
    less->detached = 1;
    less->peer = (uint32_t)((less == b ? a : b) - g->copies);
    settle_access(g, less, DRSTOR_ACCESS_NONE);
}

/* Active-active: who goes on when the legs lose each other. */
static void
settle_legs(struct sim_world *w, struct sim_group *g)
{
    struct sim_copy *a = &g->copies[0], *b = &g->copies[1];
    if (sim_link_live(w, a, b)) {
        struct sim_copy *legs[] = {a, b};
        if (!a->insync && !a->detached && !b->detached)
            settle_rejoin(g, a, b);
        for (int i = 0; i < 2; i++)
            if (legs[i]->detached)
                settle_access(g, legs[i], DRSTOR_ACCESS_NONE);
            else if (legs[i]->members[0].access == DRSTOR_ACCESS_NONE)
                settle_access(g, legs[i], DRSTOR_ACCESS_READ_WRITE);
        return;
    }
    if (a->detached || b->detached || !a->insync)
        return;
    a->insync = b->insync = 0;
    int preferred = sim_site_index(w, g->preferred);
    struct sim_copy *win = preferred >= 0 && sim_copy_site(w, b) == (uint32_t)preferred ? b : a;
    struct sim_copy *lose = win == a ? b : a;
    bool dead = w->sites[sim_copy_site(w, win)].state == SIM_SITE_DEAD;
    if (dead && g->arbiter == DRSTOR_ARBITER_OK) {
        struct sim_copy *t = win;
        win = lose;
        lose = t;
    } else if (dead) {
        /* Nobody can tell the preferred leg's death from a cut link: both stand still. */
        settle_access(g, lose, DRSTOR_ACCESS_NONE);
        return;
    }
    lose->detached = 1;
    lose->peer = (uint32_t)(win - g->copies);
    settle_access(g, lose, DRSTOR_ACCESS_NONE);
}

static void
settle_copies(struct sim_world *w, struct sim_group *g)
{
    for (size_t i = 0; i < g->n_copies; i++) {
        struct sim_copy *c = &g->copies[i];
        struct sim_copy *s = sim_flow_source(w, g, c);
        if (!s) {
            if (c->relation != DRSTOR_RELATION_MUTUAL) {
                /* A suspended source goes on writing, so that is no loss of a link. */
                c->whole = (c->insync || c->whole) && !g->paused;
                c->insync = 0;
            }
            sim_transfer_abort(w, g, c, g->paused ? "replication was suspended" : "link lost");
            continue;
        }
        c->whole = 0;
        /* Written while it was out: what is there alone is not overwritten by itself. */
        if (c->relation == DRSTOR_RELATION_MUTUAL && sim_behind(g, c, s))
            continue;
        if (g->sync && !c->insync && !c->begun_ns) {
            if (!c->detached && sim_behind(g, s, c) == 0)
                c->insync = 1;
            else
                sim_transfer_begin(w, g, s, c, 0);
        }
    }
}

static void
settle_watch(struct sim_world *w, struct sim_group *g, bool ground)
{
    bool writable = false, writers = false;
    for (size_t i = 0; i < g->n_members; i++) {
        uint32_t can = 0, run = 0;
        for (size_t j = 0; j < g->n_copies; j++) {
            const struct sim_copy *c = &g->copies[j];
            const struct sim_member *m = &c->members[i];
            if (m->access != DRSTOR_ACCESS_READ_WRITE || !m->exposed ||
                w->sites[sim_copy_site(w, c)].state == SIM_SITE_DEAD)
                continue;
            if (c->relation == DRSTOR_RELATION_MUTUAL && c->insync)
                continue;
            can++;
            run += m->n_writers > 0 && sim_io_ok(w, g, c, m);
        }
        writable = writable || can > 1;
        writers = writers || run > 1;
    }
    if (writable && !g->dual_writable)
        sim_violate(w, ground ? SIM_V_DUAL_RETURN : SIM_V_DUAL_WRITABLE, g->name,
                    "group %s can be written at two sites", g->name);
    if (writers && !g->dual_writers)
        sim_violate(w, SIM_V_DUAL_WRITERS, g->name, "group %s is written at two sites", g->name);
    g->dual_writable = writable;
    g->dual_writers = writers;
}

void
sim_settle(struct sim_world *w, bool ground)
{
    for (size_t i = 0; i < w->n_groups; i++) {
        struct sim_group *g = &w->groups[i];
        if (g->active_active && g->n_copies == 2)
            settle_legs(w, g);
        settle_copies(w, g);
        settle_watch(w, g, ground);
    }
    if (ground)
        sim_trace_scan(w, SIM_CAUSE_GROUND);
    w->changed = 1;
}
