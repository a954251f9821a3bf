/*
 * One step of a run: look, act, look again. After core/run/drive.c, step.c, access.c, transfer.c,
 * resync.c, expose.c, drill.c and fence.c: what is wanted, and which call would bring it about.
 * Records are written in record.c.
 */
#include "step.h"

#include <drstor/types.h>

/* ---- is it so, and if not, what would make it so --------------------------------------------- */

enum verdict { HOLDS, SEND, WAIT, FAILS, REFUSES };

bool
step_closed(const struct state *s, unsigned i)
{
    return s->site[i].acc == CLOSED;
}

static bool
writable(const struct state *s, unsigned i)
{
    return guard_on(G_EVERY_MEMBER) ? s->site[i].acc == OPEN : s->site[i].acc != CLOSED;
}

static enum verdict
step_ask(struct cmd *c, enum what what, unsigned site, unsigned epoch)
{
    *c = (struct cmd){.what = what & 15u, .site = site & 1u, .epoch = epoch & 7u};
    return SEND;
}

static enum verdict
final_sync(const struct state *s, const struct run *r, const struct thread *t, struct cmd *c)
{
    bool in_sync = s->site[r->to].rel == DRSTOR_RELATION_DESTINATION &&
                   real_sync(s, r->to) == DRSTOR_SYNC_IN_SYNC;
    if (guard_on(G_SYNC_LOOK) && (!world_sees(s, r->old) || !step_closed(s, r->old)))
        return FAILS;
    if ((t->moved || scene->sync || !guard_on(G_TRANSFER_AFTER)) && in_sync)
        return HOLDS;
    if (scene->sync && real_sync(s, r->to) == DRSTOR_SYNC_SYNCING)
        return WAIT;
    return step_ask(c, CMD_TRANSFER, r->to, (unsigned)r->epoch);
}

static enum verdict
bring_up_to_date(const struct state *s, const struct run *r, const struct thread *t, struct cmd *c)
{
    unsigned sync = real_sync(s, r->to);
    if ((t->moved || (scene->sync && sync == DRSTOR_SYNC_IN_SYNC)) && real_keeps_up(s, r->to))
        return HOLDS;
    if (scene->sync && sync == DRSTOR_SYNC_SYNCING)
        return WAIT;
    return step_ask(c, CMD_TRANSFER, r->to, (unsigned)r->epoch);
}

static enum verdict
follow_primary(const struct state *s, const struct run *r, struct cmd *c)
{
    const struct site *old = &s->site[r->old];
    unsigned sync = real_sync(s, r->old);
    if (old->rel == DRSTOR_RELATION_DESTINATION && sync != DRSTOR_SYNC_BROKEN &&
        sync != DRSTOR_SYNC_DIVERGED)
        return HOLDS;
    if (guard_on(G_SOURCE) && s->rec.primary != r->to)
        return REFUSES;
    if (guard_on(G_LAST_LOOK) && (!step_closed(s, r->old) || (r->gen_known && r->gen != old->data)))
        return FAILS;
    if (old->exp && !scene->no_hiding)
        return step_ask(c, CMD_WITHDRAW, r->old, (unsigned)s->rec.epoch);
    return step_ask(c, CMD_RESYNC, r->old, (unsigned)s->rec.epoch);
}

static enum verdict
promote(const struct state *s, const struct run *r, struct cmd *c)
{
    const struct site *x = &s->site[r->to];
    if (writable(s, r->to))
        return HOLDS;
    if (x->rel != DRSTOR_RELATION_MUTUAL)
        return step_ask(c, CMD_OPEN, r->to, (unsigned)s->rec.epoch);
    if (x->leg == DRSTOR_LEG_DETACHED)
        return REFUSES;
    return step_ask(c, CMD_FORCE, r->to, (unsigned)s->rec.epoch);
}

static enum verdict
pause_or_go_on(const struct state *s, const struct run *r, bool pause, struct cmd *c)
{
    unsigned sync = real_sync(s, r->to);
    bool follows = s->site[r->to].rel == DRSTOR_RELATION_DESTINATION;
    if (pause ? sync == DRSTOR_SYNC_PAUSED
              : follows && (sync == DRSTOR_SYNC_SYNCING || real_keeps_up(s, r->to)))
        return HOLDS;
    if (!follows)
        return FAILS;
    return step_ask(c, pause ? CMD_PAUSE : CMD_UNPAUSE, r->to, (unsigned)r->epoch);
}

/* Follows until it has everything; a copy that does not catch up is given up at last. */
static enum verdict
catch_up(const struct state *s, const struct run *r)
{
    if (real_keeps_up(s, r->old))
        return HOLDS;
    return world_flows(s, r->old) ? WAIT : FAILS;
}

/* One look at a step of this kind: what is to be done about it. */
static enum verdict
judge(const struct state *s, const struct run *r, const struct thread *t, enum dr_step_kind kind,
      struct cmd *c)
{
    unsigned epoch = (unsigned)r->epoch, next = epoch + 1;
    switch (kind) {
    case DR_STEP_PRESYNC:
        return t->acted ? HOLDS : step_ask(c, CMD_TRANSFER, r->to, epoch);
    case DR_STEP_DEMOTE:
        return t->acted && step_closed(s, r->old)
                   ? HOLDS
                   : step_ask(c, CMD_CLOSE, r->old, (unsigned)s->rec.epoch);
    case DR_STEP_FINALSYNC:
        return final_sync(s, r, t, c);
    case DR_STEP_TAG:
        return s->tag[r->to] >= next ? HOLDS : step_ask(c, CMD_TAG, r->to, next);
    case DR_STEP_PROMOTE:
        return promote(s, r, c);
    case DR_STEP_REVERSE:
    case DR_STEP_RESYNC:
        return follow_primary(s, r, c);
    case DR_STEP_EXPOSE:
        return s->site[r->to].exp ? HOLDS : step_ask(c, CMD_EXPOSE, r->to, next);
    case DR_STEP_WITHDRAW:
        return s->site[r->old].exp ? step_ask(c, CMD_WITHDRAW, r->old, epoch) : HOLDS;
    case DR_STEP_SNAPSHOT:
        return r->kept_known && r->kept == s->site[r->old].data
                   ? HOLDS
                   : step_ask(c, CMD_SNAPSHOT, r->old, epoch);
    case DR_STEP_FOLLOW:
        return catch_up(s, r);
    case DR_STEP_PAUSE:
    case DR_STEP_UNPAUSE:
        return pause_or_go_on(s, r, kind == DR_STEP_PAUSE, c);
    case DR_STEP_TRANSFER:
        return bring_up_to_date(s, r, t, c);
    case DR_STEP_CLONE:
        return s->clone == r->to + 1u ? HOLDS : step_ask(c, CMD_CLONE, r->to, epoch);
    case DR_STEP_REHEARSE:
        return !guard_on(G_DRILL_LOOK) || (s->rec.drill && s->clone) ? HOLDS : FAILS;
    case DR_STEP_UNCLONE:
        return !s->rec.drill || !s->clone ? HOLDS : step_ask(c, CMD_UNCLONE, r->to, epoch);
    case DR_STEP_DRAIN:
        return s->site[r->old].vms ? step_ask(c, CMD_STOP, r->old, epoch) : HOLDS;
    case DR_STEP_RELEASE:
        return s->site[r->old].att ? step_ask(c, CMD_DETACH, r->old, epoch) : HOLDS;
    case DR_STEP_CLEAN:
        return s->site[r->old].vms   ? step_ask(c, CMD_STOP, r->old, epoch)
               : s->site[r->old].att ? step_ask(c, CMD_DETACH, r->old, epoch)
                                     : HOLDS;
    case DR_STEP_HANDOVER:
    case DR_STEP_GIVEBACK: /* VMs of nobody's group */
    case DR_STEP_CLOSE:
    case DR_STEP_UNSTAGE: /* no scene has a drill with VMs */
    case DR_STEP_FENCE:
    case DR_STEP_COMMIT:
    case DR_STEP_STAGE:
    case DR_STEP_INTEND:
    case DR_STEP_SETTLE:
    case DR_STEP_UNKNOWN:
        break;
    }
    return HOLDS;
}

/* ---- done ------------------------------------------------------------------------------------ */

/* What the step is for, as the world has it and not as somebody says. */
static bool
is_so(const struct state *s, const struct run *r, enum dr_step_kind kind)
{
    if (kind == DR_STEP_DEMOTE)
        return step_closed(s, r->old);
    if (kind == DR_STEP_PROMOTE)
        return s->site[r->to].acc == OPEN;
    if (kind == DR_STEP_CLOSE)
        return step_closed(s, r->old) || !s->site[r->old].exp;
    if (kind == DR_STEP_WITHDRAW)
        return !s->site[r->old].exp;
    if (kind == DR_STEP_EXPOSE)
        return s->site[r->to].exp;
    if (kind == DR_STEP_FINALSYNC)
        return (s->site[r->old].data & ~(unsigned)s->site[r->to].data) == 0 &&
               step_closed(s, r->old);
    if (kind == DR_STEP_HANDOVER)
        return s->site[r->to].exp;
    if (kind == DR_STEP_REHEARSE)
        return s->rec.drill;
    if (kind == DR_STEP_RESYNC)
        return s->site[r->old].rel == DRSTOR_RELATION_DESTINATION;
    if (kind == DR_STEP_SNAPSHOT)
        return (s->site[r->old].data & ~(unsigned)s->snaps) == 0 && step_closed(s, r->old);
    return true;
}

void
step_ends(struct sink *k, const struct state *s, unsigned c, unsigned t, unsigned failed)
{
    struct state n = *s;
    unsigned step = s->ctl[c].t[t].step;
    step_over(&n, c, t, failed);
    emit(k, &n, failed == 2 ? ACT_REFUSE : ACT_FAIL, c, step, 0);
}

/* A step that has seen what it wants. Some write it down first. */
void
step_holds(struct sink *k, struct state *n, unsigned c, unsigned t, enum dr_step_kind kind)
{
    unsigned run = n->ctl[c].run - 1u, step = n->ctl[c].t[t].step;
    struct run *r = &n->runs[run];
    bool keeps = kind == DR_STEP_HANDOVER || kind == DR_STEP_SNAPSHOT ||
                 kind == DR_STEP_FINALSYNC || kind == DR_STEP_REHEARSE;
    if (keeps && ctl_stale(n, c) && guard_on(G_TOKEN_INTENT)) {
        step_ends(k, n, c, t, 1); /* what it has read cannot be kept */
        return;
    }
    if (!is_so(n, r, kind) && !ctl_stale(n, c)) /* nobody hears what one without a lock thinks */
        breaks(n, S9);
    if (kind == DR_STEP_FINALSYNC) {
        r->gen_known = 1;
        r->gen = n->site[r->old].data;
    }
    if (kind == DR_STEP_SETTLE || kind == DR_STEP_COMMIT || kind == DR_STEP_REVERSE) {
        n->ctl[c].t[t].pc = PC_WRITE;
        emit(k, n, ACT_WEIGHED, c, step, 0);
        return;
    }
    if (kind == DR_STEP_PROMOTE && n->rec.untaken && n->rec.primary == r->to && !ctl_stale(n, c)) {
        n->rec.untaken = 0;
        record_changed(n);
    }
    if (kind == DR_STEP_DEMOTE && r->op == DR_OPERATION_SWITCHOVER) {
        record_proof(k, n, c, t, DRSTOR_EVIDENCE_E1_READ_BACK);
        return;
    }
    step_over(n, c, t, 0);
    emit(k, n, ACT_DONE, c, step, 0);
}

/* For the history: where, and how it went. */
static unsigned
fared(struct cmd cmd, enum fate f)
{
    return (unsigned)f | (unsigned)cmd.site << 4;
}

static void
unsent(struct run *r, unsigned t)
{
    r->sent = r->sent & ~(1u << t) & 3u;
}

/* ---- sending --------------------------------------------------------------------------------- */

/* The array has said no, and means it. */
static void
said_no(struct state *n, unsigned c, unsigned t, enum dr_step_kind kind)
{
    struct thread *x = &n->ctl[c].t[t];
    if (kind == DR_STEP_PRESYNC) {
        x->acted = 1;
    } else if (x->sub) {
        if (x->sub == 1)
            x->dem = 2;
        else
            x->wd = 2;
        x->sub = 0;
        x->acted = 0;
    } else {
        step_over(n, c, t, 1);
    }
}

static void
answered(struct sink *k, const struct state *s, unsigned c, unsigned t, enum dr_step_kind kind,
         struct cmd cmd)
{
    struct state n = *s;
    struct run *r = &n.runs[n.ctl[c].run - 1];
    struct thread *x = &n.ctl[c].t[t];
    bool done = world_effect(&n, cmd, false);
    unsent(r, t);
    if (!done) {
        said_no(&n, c, t, kind);
    } else {
        x->acted = 1;
        x->moved |= cmd.what == CMD_TRANSFER;
        if (kind == DR_STEP_SNAPSHOT) {
            r->kept_known = 1;
            r->kept = n.site[r->old].data;
        }
    }
    emit(k, &n, ACT_SEND, c, cmd.what, fared(cmd, done ? FATE_DONE : FATE_REFUSED));
}

/* No clear answer: it settles before it looks. */
static void
unclear(struct sink *k, const struct state *s, unsigned c, unsigned t, struct cmd cmd, enum fate f)
{
    struct state n = *s;
    struct thread *x = &n.ctl[c].t[t];
    if (f != FATE_LOST && f != FATE_LATE)
        (void)world_effect(&n, cmd, f == FATE_PART);
    if (f == FATE_LATE || f == FATE_TWICE)
        n.flight = cmd;
    n.faults--;
    x->acted = 1;
    x->pc = guard_on(G_SETTLE) ? PC_SETTLE : PC_LOOK;
    if (!guard_on(G_SETTLE))
        unsent(&n.runs[n.ctl[c].run - 1], t);
    if (!guard_on(G_READ_BACK)) {
        const struct run *r = &n.runs[n.ctl[c].run - 1];
        x->pc = PC_LOOK;
        step_holds(k, &n, c, t, step_row(r, x->step)->kind);
        return;
    }
    emit(k, &n, ACT_SEND, c, cmd.what, fared(cmd, f));
}

/* The controller dies in the call: what became of it, nobody wrote down. */
static void
dies(struct sink *k, const struct state *s, unsigned c, struct cmd cmd, enum fate f)
{
    struct state n = *s;
    if (f == FATE_NO_REPLY)
        (void)world_effect(&n, cmd, false);
    if (f == FATE_LATE)
        n.flight = cmd;
    ctl_gone(&n, c, true);
    n.faults--;
    emit(k, &n, ACT_CRASH, c, cmd.what, fared(cmd, f));
}

void
step_send(struct sink *k, const struct state *s, unsigned c, unsigned t, enum dr_step_kind kind,
          struct cmd cmd)
{
    struct state n = *s;
    if (ctl_stale(s, c) && guard_on(G_TOKEN_INTENT)) {
        step_ends(k, s, c, t, 1); /* the store refuses the intent: nothing is sent */
        return;
    }
    const struct run *r = &s->runs[s->ctl[c].run - 1];
    /* A primary that is closed has taken over, if it was open: the record says so first. */
    if (cmd.what == CMD_CLOSE && s->rec.untaken && s->rec.primary == cmd.site &&
        s->site[cmd.site].acc == OPEN && !ctl_stale(s, c)) {
        n.rec.untaken = 0;
        record_changed(&n);
    }
    bool ours =
        s->rec.op == s->ctl[c].run || (s->rec.epoch == r->epoch && s->rec.primary == r->primary);
    if (ctl_stale(s, c) || !ours)
        breaks(&n, S8);
    if (kind == DR_STEP_RESYNC && cmd.what == CMD_RESYNC &&
        (s->rec.phase != DR_PHASE_RESYNCING || s->rec.op != s->ctl[c].run))
        breaks(&n, S6); /* source and victim are in the record first */
    if (kind == DR_STEP_PROMOTE && !real_committed(s, s->ctl[c].run - 1u))
        breaks(&n, S7);
    if (cmd.epoch > s->rec.epoch)
        breaks(&n, S7); /* an array would keep an epoch that nobody committed */
    if (guard_on(G_INTENT))
        n.runs[n.ctl[c].run - 1].sent = (n.runs[n.ctl[c].run - 1].sent | 1u << t) & 3u;
    else
        breaks(&n, S6);
    answered(k, &n, c, t, kind, cmd);
    if (k->quiet || s->faults == 0)
        return;
    bool one = n.flight.what == CMD_NONE;
    bool engine = cmd.what == CMD_STOP || cmd.what == CMD_DETACH;
    bool parts = cmd.what == CMD_OPEN || cmd.what == CMD_CLOSE || cmd.what == CMD_FORCE;
    for (unsigned f = FATE_LOST; f < FATE_REFUSED && (scene->events & EV_REPLY); f++) {
        /* What an engine was told and did not do yet, its VMs show. */
        if (((f == FATE_LATE || f == FATE_TWICE) && (!one || engine)) || (f == FATE_PART && !parts))
            continue;
        unclear(k, &n, c, t, cmd, (enum fate)f);
    }
    for (unsigned f = FATE_LOST; f <= FATE_LATE && (scene->events & EV_CRASH); f++)
        if (f != FATE_LATE || (one && !engine))
            dies(k, &n, c, cmd, (enum fate)f);
}

static void
settle(struct sink *k, const struct state *s, unsigned c, unsigned t)
{
    struct state n = *s;
    unsigned step = s->ctl[c].t[t].step;
    n.ctl[c].t[t].pc = PC_LOOK;
    unsent(&n.runs[n.ctl[c].run - 1], t);
    if (!s->flight.what) {
        emit(k, &n, ACT_AGAIN, c, step, 0);
        return;
    }
    struct state m = n;
    world_land(&n, true);
    emit(k, &n, ACT_AGAIN, c, step, 1);
    if (k->quiet)
        return;
    world_land(&m, false);
    emit(k, &m, ACT_AGAIN, c, step, 2);
}

/* ---- reading for the engine, and starting there ---------------------------------------------- */

static void
handover(struct sink *k, const struct state *s, unsigned c, unsigned t)
{
    struct state n = *s;
    struct run *r = &n.runs[n.ctl[c].run - 1];
    if (!world_sees(s, r->to)) {
        step_ends(k, s, c, t, 1);
        return;
    }
    r->handover = s->site[r->to].exp;
    step_holds(k, &n, c, t, DR_STEP_HANDOVER);
}

/* The engine attaches what its hosts see, and starts what it finds there. */
static void
stage(struct sink *k, const struct state *s, unsigned c, unsigned t)
{
    struct state n = *s;
    const struct run *r = &s->runs[s->ctl[c].run - 1];
    struct site *x = &n.site[r->to];
    bool stale = ctl_stale(s, c);
    if (!x->exp)
        breaks(&n, S4); /* the engine half attaches what its hosts do not see */
    if (!world_sees(s, r->to) || !r->handover || x->acc == CLOSED ||
        (stale && guard_on(G_TOKEN_INTENT))) {
        step_ends(k, s, c, t, 1);
        return;
    }
    if (stale)
        breaks(&n, S8);
    if (s->rec.primary != r->to)
        breaks(&n, S1);
    if (x->acc != OPEN)
        breaks(&n, S4);
    x->att = 1;
    step_holds(k, &n, c, t, DR_STEP_STAGE);
}

/* ---- one move -------------------------------------------------------------------------------- */

static unsigned
looked_at(const struct run *r, enum dr_step_kind kind)
{
    bool old = kind == DR_STEP_CLEAN || kind == DR_STEP_DRAIN || kind == DR_STEP_RELEASE ||
               kind == DR_STEP_DEMOTE || kind == DR_STEP_REVERSE || kind == DR_STEP_RESYNC ||
               kind == DR_STEP_FOLLOW || kind == DR_STEP_WITHDRAW || kind == DR_STEP_SNAPSHOT;
    return old ? (unsigned)r->old : (unsigned)r->to;
}

static void
drive(struct sink *k, const struct state *s, unsigned c, unsigned t, enum dr_step_kind kind)
{
    struct state n = *s;
    const struct run *r = &s->runs[s->ctl[c].run - 1];
    struct cmd cmd = {0};
    if (!world_sees(s, looked_at(r, kind))) {
        step_ends(k, s, c, t, 1);
        return;
    }
    switch (judge(s, r, &s->ctl[c].t[t], kind, &cmd)) {
    case HOLDS:
        step_holds(k, &n, c, t, kind);
        return;
    case SEND:
        step_send(k, s, c, t, kind, cmd);
        return;
    case WAIT:
        return;
    case FAILS:
        if (kind == DR_STEP_FINALSYNC)
            record_forget(&n, c);
        step_ends(k, &n, c, t, 1);
        return;
    case REFUSES:
        step_ends(k, s, c, t, 2);
        return;
    }
}

static void
look(struct sink *k, const struct state *s, unsigned c, unsigned t, enum dr_step_kind kind)
{
    if (kind == DR_STEP_FENCE || kind == DR_STEP_CLOSE)
        fence_moves(k, s, c, t);
    else if (kind == DR_STEP_COMMIT)
        record_weigh_commit(k, s, c, t);
    else if (kind == DR_STEP_INTEND)
        record_weigh_intent(k, s, c, t);
    else if (kind == DR_STEP_SETTLE)
        record_last_look(k, s, c, t);
    else if (kind == DR_STEP_HANDOVER)
        handover(k, s, c, t);
    else if (kind == DR_STEP_STAGE)
        stage(k, s, c, t);
    else
        drive(k, s, c, t, kind);
}

void
step_moves(struct sink *k, const struct state *s, unsigned c, unsigned t)
{
    const struct thread *x = &s->ctl[c].t[t];
    enum dr_step_kind kind = step_row(&s->runs[s->ctl[c].run - 1], x->step)->kind;
    switch ((enum pc)x->pc) {
    case PC_BEGIN:
        record_begin(k, s, c, t);
        return;
    case PC_LOOK:
        look(k, s, c, t, kind);
        return;
    case PC_SETTLE:
        settle(k, s, c, t);
        return;
    case PC_WRITE:
        record_load(k, s, c, t);
        return;
    case PC_CAS:
        record_write(k, s, c, t);
        return;
    case PC_NONE:
        break;
    }
}
