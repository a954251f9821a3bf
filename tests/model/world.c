/*
 * The world: two arrays, their hosts, the link between them, and people.
 *
 * Arrays here check nothing that the contract does not oblige them to: they make writable what they
 * are told to, and overwrite what they are told to. So whatever holds, core alone holds it. What is
 * assumed of the rest is little, and every line of it is said again in docs/safety.md:
 *
 *   - What a person declares is true: a site is declared lost only while it is dark, and while a
 *     declaration is being acted on, the two arrays of a site that comes back see each other.
 *   - By hand, and only at an array that answers, a person opens only the copy that the record
 * names as primary, or the stale one, to rescue what it holds; not in the moment between drstor's
 * last look and its command, and not while drstor proves a fence that is young
 * (DR_EVIDENCE_VALID_S).
 *   - A site that comes back after another one was made the primary comes back with its old role
 *     ("ghost"): that it is writable then is nobody's fault here. What is done with it afterwards
 *     is.
 */
#include "checker.h"

#include <drstor/types.h>

#include <string.h>

const char *const rule_texts[RULES] = {
    [FINE] = "nothing is broken",
    [S1] = "two sites can write the group, or applications run where the record does not say so",
    [S2] =
        "an acknowledged write is in no copy any more, or overwritten, and nobody agreed to that",
    [S3] = "a site may write that lacks writes nobody agreed to lose",
    [S4] = "applications start on a part of the group, or on no one point in time",
    [S5] = "a copy is overwritten that is the primary of the record, or that hosts write to",
    [S6] = "a command is under way and no intent of it is on disk",
    [S7] = "the record changes its primary without its next epoch, or goes back",
    [S8] = "a controller that lost its lock, or a plan for another record, changes something",
    [S9] = "a step is done, and what it is for does not hold",
    [S11] = "a drill touches what is not its own",
    [L3] =
        "service is taken away for nothing: the target is not there, or cannot follow, or VMs run",
    [L1] = "nothing goes wrong any more, and the group comes to no good end",
};

void
breaks(struct state *s, enum rule r)
{
    s->bad = (uint16_t)(s->bad | 1u << r);
}

void
world_begin(struct state *s)
{
    memset(s, 0, sizeof(*s));
    s->rec.epoch = EPOCH_FIRST;
    s->rec.phase = DR_PHASE_STEADY;
    s->link = 1;
    s->faults = scene->faults;
    for (unsigned i = 0; i < SITES; i++) {
        s->site[i].up = 1;
        s->site[i].acc = scene->mutual || i == 0 ? OPEN : CLOSED;
        s->site[i].exp = scene->mutual || i == 0;
        s->site[i].att = i == 0;
        s->site[i].rel = scene->mutual ? DRSTOR_RELATION_MUTUAL
                         : i == 0      ? DRSTOR_RELATION_SOURCE
                                       : DRSTOR_RELATION_DESTINATION;
        s->site[i].leg = scene->mutual ? DRSTOR_LEG_JOINED : DRSTOR_LEG_UNKNOWN;
    }
    if (scene->begin)
        scene->begin(s);
}

/* ---- what is seen, and what flows ------------------------------------------------------------ */

bool
world_sees(const struct state *s, unsigned site)
{
    return s->site[site].up && !s->site[site].mute;
}

static bool
link_live(const struct state *s)
{
    return s->link && s->site[0].up && s->site[1].up;
}

bool
world_flows(const struct state *s, unsigned dst)
{
    return s->site[dst].rel == DRSTOR_RELATION_DESTINATION &&
           s->site[!dst].rel == DRSTOR_RELATION_SOURCE && link_live(s) && !s->paused;
}

static bool
joined(const struct state *s)
{
    return s->site[0].leg == DRSTOR_LEG_JOINED && s->site[1].leg == DRSTOR_LEG_JOINED;
}

static bool
hosts_write(const struct state *s, unsigned i)
{
    return s->site[i].up && s->site[i].exp && s->site[i].acc != CLOSED;
}

/* ---- rules ----------------------------------------------------------------------------------- */

static unsigned
written(const struct state *s)
{
    return (1u << s->n) - 1;
}

void
world_check(struct state *s)
{
    bool ghost = s->site[!s->rec.primary].ghost;
    if (hosts_write(s, 0) && hosts_write(s, 1) && !ghost && !joined(s))
        breaks(s, S1);
    if (written(s) & ~(unsigned)s->agreed &
        ~(unsigned)(s->site[0].data | s->site[1].data | s->snaps))
        breaks(s, S2);
}

/* A copy was just made writable by a command. */
static void
opened(struct state *s, unsigned i)
{
    unsigned owed = written(s) & ~(unsigned)s->agreed & ~(unsigned)s->ghosts;
    if (owed & ~(unsigned)s->site[i].data)
        breaks(s, S3);
    if (s->copying && s->site[i].rel == DRSTOR_RELATION_DESTINATION)
        breaks(s, S4);
}

/* ---- commands -------------------------------------------------------------------------------- */

static void
open_copy(struct state *s, unsigned i, bool part)
{
    if (s->site[i].acc == OPEN)
        return;
    if (i != s->rec.primary)
        breaks(s, S7); /* before the commit, or after another one */
    if (!s->rec.ev)
        breaks(s, S1);
    opened(s, i);
    if (s->site[i].rel == DRSTOR_RELATION_DESTINATION) {
        s->site[i].rel = DRSTOR_RELATION_NONE;
        s->copying = 0;
    }
    s->site[i].acc = part ? PART : OPEN;
}

static bool
force_leg(struct state *s, unsigned i, bool part)
{
    open_copy(s, i, part);
    s->site[i].leg = DRSTOR_LEG_SURVIVOR;
    s->site[!i].leg = DRSTOR_LEG_DETACHED;
    s->site[!i].acc = CLOSED;
    return true;
}

static bool
overwrite(struct state *s, unsigned dst)
{
    struct site *d = &s->site[dst], *from = &s->site[!dst];
    if (!link_live(s))
        return false;
    if (dst == s->rec.primary || d->acc != CLOSED || d->exp)
        breaks(s, S5);
    if (d->data & ~(unsigned)(from->data | s->given | s->agreed))
        breaks(s, S2); /* also where a snapshot has it: nobody said that it may go */
    d->rel = DRSTOR_RELATION_DESTINATION;
    from->rel = DRSTOR_RELATION_SOURCE;
    s->paused = 0;
    s->copying = d->data != from->data;
    d->data &= from->data;
    return true;
}

bool
world_effect(struct state *s, struct cmd c, bool part)
{
    struct site *at = &s->site[c.site];
    if (!at->up)
        return false;
    bool engine = c.what == CMD_STOP || c.what == CMD_DETACH;
    if (scene->tags && !engine && c.epoch < s->tag[c.site])
        return false;
    if (scene->tags && !engine)
        s->tag[c.site] = (uint8_t)c.epoch;
    switch ((enum what)c.what) {
    case CMD_OPEN:
        open_copy(s, c.site, part);
        return true;
    case CMD_CLOSE:
        if (scene->no_roles[c.site] || at->rel == DRSTOR_RELATION_MUTUAL)
            return false;
        if (at->acc != CLOSED)
            at->acc = part ? PART : CLOSED;
        at->ghost &= part;
        return true;
    case CMD_EXPOSE:
        at->exp = 1;
        if (at->acc == PART) /* where no stage is, hosts begin with what they see */
            breaks(s, S4);
        if (s->rec.primary != c.site)
            breaks(s, S1);
        return true;
    case CMD_WITHDRAW:
        at->exp = 0;
        at->ghost = 0;
        return true;
    case CMD_TRANSFER:
        if (!world_flows(s, c.site))
            return false;
        at->data = s->site[!c.site].data;
        s->copying = 0;
        return true;
    case CMD_RESYNC:
        return overwrite(s, c.site);
    case CMD_SNAPSHOT:
        s->snaps |= at->data;
        return true;
    case CMD_TAG:
        return scene->tags;
    case CMD_PAUSE:
    case CMD_UNPAUSE:
        if (s->site[c.site].rel != DRSTOR_RELATION_DESTINATION)
            return false;
        s->paused = c.what == CMD_PAUSE;
        return true;
    case CMD_CLONE:
        if (s->clone && s->clone != c.site + 1u)
            breaks(s, S11);
        if (s->copying)
            breaks(s, S4); /* a rehearsal from no point in time */
        s->clone = (c.site + 1u) & 3u;
        return true;
    case CMD_UNCLONE:
        s->clone = 0;
        return true;
    case CMD_FORCE:
        return force_leg(s, c.site, part);
    case CMD_STOP:
        at->vms = 0;
        return true;
    case CMD_DETACH:
        if (at->vms)
            return false;
        at->att = 0;
        return true;
    case CMD_NONE:
        break;
    }
    return false;
}

void
world_land(struct state *s, bool acts)
{
    struct cmd c = s->flight;
    s->flight = (struct cmd){0};
    if (acts)
        (void)world_effect(s, c, false);
}

/* ---- what happens by itself ------------------------------------------------------------------ */

static void
write_one(struct sink *k, const struct state *s, unsigned i)
{
    struct state n = *s;
    unsigned bit = 1u << s->n;
    if (!s->site[i].vms || !s->site[i].up || !s->site[i].exp || s->site[i].acc != OPEN ||
        s->n >= WRITES)
        return;
    n.site[i].data = (n.site[i].data | bit) & ALL_WRITES;
    n.n++;
    if ((scene->sync && world_flows(s, !i) && s->site[!i].acc == CLOSED && !s->copying) ||
        (scene->mutual && joined(s)))
        n.site[!i].data = (n.site[!i].data | bit) & ALL_WRITES;
    if (s->site[i].ghost)
        n.ghosts = (n.ghosts | bit) & ALL_WRITES;
    emit(k, &n, ACT_WRITE, i, s->n, 0);
}

static void
replicate(struct sink *k, const struct state *s)
{
    struct state n = *s;
    for (unsigned d = 0; d < SITES; d++) {
        if (!world_flows(s, d) || s->site[d].acc != CLOSED ||
            (s->site[d].data == s->site[!d].data && !s->copying))
            continue;
        n.site[d].data = n.site[!d].data;
        n.copying = 0;
        emit(k, &n, ACT_REPLICATE, d, 0, 0);
        return;
    }
    if (!scene->mutual || !link_live(s) || joined(s) || s->rec.stale)
        return;
    unsigned d = s->site[0].leg == DRSTOR_LEG_DETACHED ? 0 : 1;
    n.site[d].data = n.site[!d].data;
    for (unsigned i = 0; i < SITES; i++) {
        n.site[i].leg = DRSTOR_LEG_JOINED;
        n.site[i].acc = OPEN;
    }
    emit(k, &n, ACT_REPLICATE, d, 0, 0);
}

/* Legs that do not see each other any more: the preferred one goes on, or nobody does. */
static void
part_legs(struct state *s)
{
    if (!scene->mutual || !joined(s) || link_live(s))
        return;
    if (s->site[0].up) {
        s->site[0].leg = DRSTOR_LEG_SURVIVOR;
        s->site[1].leg = DRSTOR_LEG_DETACHED;
        s->site[1].acc = CLOSED;
    } else {
        s->site[1].leg = DRSTOR_LEG_SUSPENDED;
        s->site[1].acc = CLOSED;
    }
}

/* ---- what goes wrong ------------------------------------------------------------------------- */

/* Is a run past the check of a step of KIND? */
bool
world_under_way(const struct state *s, enum dr_step_kind kind)
{
    for (unsigned c = 0; c < CONTROLLERS; c++)
        for (unsigned t = 0; t < THREADS; t++) {
            const struct thread *x = &s->ctl[c].t[t];
            if (s->ctl[c].run && x->pc != PC_NONE &&
                step_row(&s->runs[s->ctl[c].run - 1], x->step)->kind == kind)
                return true;
        }
    return false;
}

static bool
run_open(const struct state *s)
{
    for (unsigned r = 0; r < RUNS; r++)
        if (s->runs[r].state == RUN_OPEN || s->runs[r].state == RUN_PLANNED)
            return true;
    return false;
}

/* A declaration is being acted on: until the commit it stays true, or can be seen not to. */
static bool
declared(const struct state *s)
{
    return s->rec.ev == DRSTOR_EVIDENCE_E6_DECLARED && s->rec.phase == DR_PHASE_FENCING;
}

static void
site_events(struct sink *k, const struct state *s, unsigned i)
{
    struct state n = *s;
    const struct site *x = &s->site[i];
    bool fault = s->faults > 0 && !k->quiet;
    /* What a person opened by hand stays in sight until drstor has seen it. */
    bool unseen = x->acc != CLOSED && (s->rec.primary != i || world_under_way(s, DR_STEP_COMMIT));
    if ((scene->events & EV_SITE) && fault && x->up && s->site[!i].up && !unseen) {
        n.site[i].up = n.site[i].vms = n.site[i].mute = 0;
        n.faults--;
        if (s->flight.what && s->flight.site == i)
            n.flight = (struct cmd){0};
        part_legs(&n);
        emit(k, &n, ACT_LOSE, i, 0, 0);
        n = *s;
    }
    if (!x->up) {
        n.site[i].up = n.link = 1;
        n.site[i].ghost = x->acc != CLOSED && x->exp &&
                          (s->rec.primary != i || world_under_way(s, DR_STEP_COMMIT));
        if (n.site[!i].leg == DRSTOR_LEG_SUSPENDED) {
            n.site[0].leg = n.site[1].leg = DRSTOR_LEG_JOINED;
            n.site[!i].acc = OPEN;
        }
        emit(k, &n, ACT_RETURN, i, 0, 0);
        n = *s;
    }
    if ((scene->events & EV_MUTE) && fault && x->up && !x->mute && !unseen) {
        n.site[i].mute = 1;
        n.faults--;
        emit(k, &n, ACT_MUTE, i, 0, 0);
        n = *s;
    }
    if (x->mute) {
        n.site[i].mute = 0;
        emit(k, &n, ACT_UNMUTE, i, 0, 0);
        n = *s;
    }
    bool runs = x->vms;
    bool may = x->up && x->exp && x->acc == OPEN && (s->rec.primary == i || x->ghost);
    bool free = x->ghost || !run_open(s);
    if (!runs && may && (free || ((scene->events & EV_VMS) && fault)) && !k->quiet &&
        (scene->events & EV_WRITE)) {
        n.site[i].vms = n.site[i].att = 1;
        if (!free)
            n.faults--;
        emit(k, &n, ACT_VM_START, i, 0, 0);
        n = *s;
    }
    if (runs) {
        n.site[i].vms = 0;
        emit(k, &n, ACT_VM_STOP, i, 0, 0);
    }
}

void
world_events(struct sink *k, const struct state *s)
{
    struct state n = *s;
    if (scene->events & EV_WRITE)
        for (unsigned i = 0; i < SITES && !k->quiet; i++)
            write_one(k, s, i);
    replicate(k, s);
    for (unsigned i = 0; i < SITES; i++)
        site_events(k, s, i);
    if (!s->link) {
        n.link = 1;
        emit(k, &n, ACT_LINK_UP, 0, 0, 0);
        n = *s;
    }
    if (s->flight.what) {
        world_land(&n, true);
        emit(k, &n, ACT_LATE, s->flight.site, s->flight.what, 0);
        n = *s;
    }
    if (k->quiet)
        return;
    people_events(k, s);
    if (s->faults == 0)
        return;
    if ((scene->events & EV_LINK) && s->link && !(declared(s) && link_live(s))) {
        n.link = 0;
        n.faults--;
        part_legs(&n);
        emit(k, &n, ACT_LINK_DOWN, 0, 0, 0);
        n = *s;
    }
    if ((scene->events & EV_AGE) && s->rec.ev && !s->rec.ev_old) {
        n.rec.ev_old = 1;
        n.faults--;
        emit(k, &n, ACT_AGE, 0, 0, 0);
    }
}
