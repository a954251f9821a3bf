/*
 * The fence of a flip, and the closing of what came back. After core/run/fence.c and close.c:
 * weigh, try what the weighing asks for, weigh again.
 */
#include "step.h"

#include "plan/evidence.h"

/* Making the old copy read-only, or hiding it, as the fence wants it: bounded, and silence counts.
 */
static void
fence_drives(struct sink *k, const struct state *s, unsigned c, unsigned t)
{
    struct state n = *s;
    const struct run *r = &s->runs[s->ctl[c].run - 1];
    struct thread *x = &n.ctl[c].t[t];
    bool demote = x->sub == 1;
    bool so = demote ? step_closed(s, r->old) : !s->site[r->old].exp;
    bool sees = world_sees(s, r->old);
    if (sees && !(so && x->acted)) {
        unsigned epoch = (unsigned)(demote ? s->rec.epoch : r->epoch);
        const struct cmd cmd = {
            .what = demote ? CMD_CLOSE : CMD_WITHDRAW, .site = r->old & 1u, .epoch = epoch & 7u};
        step_send(k, s, c, t, DR_STEP_FENCE, cmd);
        return;
    }
    if (demote)
        x->dem = sees ? 1 : 2;
    else
        x->wd = sees ? 1 : 2;
    x->sub = x->acted = 0;
    emit(k, &n, ACT_WEIGHED, c, x->step, 0);
}

static void
fence_settles(struct sink *k, const struct state *s, unsigned c, unsigned t)
{
    struct state n = *s;
    unsigned step = s->ctl[c].t[t].step;
    n.ctl[c].t[t].settled = 1;
    struct state m = n;
    bool something = s->flight.what != CMD_NONE;
    if (something)
        world_land(&n, true);
    emit(k, &n, ACT_AGAIN, c, step, something);
    if (!something || k->quiet)
        return;
    world_land(&m, false);
    emit(k, &m, ACT_AGAIN, c, step, 2);
}

/* A guard: it cannot be written any more, and hosts shall not start from it either. */
static void
closed_there(struct sink *k, struct state *n, unsigned c, unsigned t)
{
    const struct run *r = &n->runs[n->ctl[c].run - 1];
    struct thread *x = &n->ctl[c].t[t];
    if (!n->site[r->old].exp || scene->no_hiding || x->wd) {
        step_holds(k, n, c, t, DR_STEP_CLOSE);
        return;
    }
    x->sub = 2;
    x->acted = 1; /* it is enough that it is so */
    emit(k, n, ACT_WEIGHED, c, x->step, 0);
}

void
fence_moves(struct sink *k, const struct state *s, unsigned c, unsigned t)
{
    struct state n = *s;
    unsigned run = s->ctl[c].run - 1u, kind = 0;
    struct thread *x = &n.ctl[c].t[t];
    if (x->sub) {
        fence_drives(k, s, c, t);
        return;
    }
    unsigned verdict = guard_on(G_FENCE) ? real_fence(s, run, x, &kind) : DR_FENCE_PROVEN;
    switch ((enum dr_fence_verdict)verdict) {
    case DR_FENCE_PROVEN:
        if (step_row(&s->runs[run], x->step)->kind == DR_STEP_CLOSE) {
            closed_there(k, &n, c, t);
            return;
        }
        record_proof(k, &n, c, t, guard_on(G_FENCE) ? kind : DRSTOR_EVIDENCE_E1_READ_BACK);
        return;
    case DR_FENCE_DEMOTE:
    case DR_FENCE_WITHDRAW:
        x->sub = verdict == DR_FENCE_DEMOTE ? 1 : 2;
        x->acted = 0;
        emit(k, &n, ACT_WEIGHED, c, x->step, 0);
        return;
    case DR_FENCE_SETTLE:
        fence_settles(k, s, c, t);
        return;
    case DR_FENCE_WAIT:
    case DR_FENCE_REFUSED:
    case DR_FENCE_UNKNOWN:
        break;
    }
    step_ends(k, s, c, t, 2);
}
