/*
 * The writes of the record. After core/run/record.c, commit.c, settle.c, and what fence.c,
 * access.c, resync.c and drill.c write. Commit, intent, reversal and settling are loaded and
 * written in two moves, between which others may write; the small ones are one.
 */
#include "step.h"

#include <drstor/types.h>

static struct run *
run_of(struct state *s, unsigned c)
{
    return &s->runs[s->ctl[c].run - 1];
}

static enum dr_step_kind
kind_of(const struct state *s, unsigned c, unsigned t)
{
    return step_row(&s->runs[s->ctl[c].run - 1], s->ctl[c].t[t].step)->kind;
}

/* The record is still the one that the run was planned for. */
static bool
ours(const struct rec *x, const struct run *r)
{
    return !guard_on(G_OURS) || (x->epoch == r->epoch && x->primary == r->primary);
}

/* May C write at all? False: the store refuses it. */
static bool
may_write(struct state *n, unsigned c)
{
    if (!ctl_stale(n, c))
        return true;
    if (guard_on(G_TOKEN_RECORD))
        return false;
    breaks(n, S8);
    return true;
}

/* S7: forward, one epoch with each primary. */
static void
put(struct state *n, unsigned run, const struct rec *to)
{
    const struct run *r = &n->runs[run];
    /* That something was noted which touches no role is no change of the group. */
    bool matters = is_flip(r->op) || r->op == DR_OPERATION_REPROTECT;
    if (matters && n->rec.op != run + 1 &&
        (n->rec.epoch != r->epoch || n->rec.primary != r->primary))
        breaks(n, S8);
    unsigned before = (unsigned)n->rec.epoch, now = (unsigned)to->epoch;
    bool raised = now == before + 1;
    if ((now != before && !raised) || (to->primary != n->rec.primary && !raised) ||
        (raised && (!to->ev || to->ev_run != to->op)))
        breaks(n, S7);
    n->rec = *to;
    record_changed(n);
}

static void
set_proof(struct rec *x, const struct run *r, unsigned run, unsigned kind)
{
    x->ev = kind & 7u;
    x->ev_run = (run + 1) & 3u;
    x->ev_epoch = r->epoch;
    x->ev_old = 0;
    x->ev_site = r->old;
}

/* ---- small ones ------------------------------------------------------------------------------ */

void
record_begin(struct sink *k, const struct state *s, unsigned c, unsigned t)
{
    struct state n = *s;
    unsigned run = s->ctl[c].run - 1u;
    const struct run *r = &s->runs[run];
    struct rec x = s->rec;
    bool drill = kind_of(s, c, t) == DR_STEP_CLONE, guard = kind_of(s, c, t) == DR_STEP_CLOSE;
    bool stale = false;
    if (!may_write(&n, c)) {
        step_ends(k, s, c, t, 1);
        return;
    }
    bool taken = drill && x.drill && x.drill != run + 1;
    if (!ours(&x, r) || taken) {
        step_ends(k, s, c, t, 2);
        return;
    }
    if (guard) {
        x.hold = (x.hold | 1u << r->old) & 3u;
        (void)real_held(s, r->old, &stale);
        x.left |= stale && !x.stale;
        x.stale |= stale;
    } else if (!drill) {
        x.phase = DR_PHASE_FENCING;
        x.op = (run + 1) & 3u;
        record_unproven(&x);
    } else if (!x.drill) {
        x.drill = (run + 1) & 3u;
        x.drill_site = r->to;
        x.op = (run + 1) & 3u;
        record_rest(&x);
    }
    put(&n, run, &x);
    n.ctl[c].t[t].pc = PC_LOOK;
    emit(k, &n, ACT_RECORD, c, s->ctl[c].t[t].step, 0);
}

void
record_proof(struct sink *k, const struct state *s, unsigned c, unsigned t, unsigned kind)
{
    struct state n = *s;
    unsigned run = s->ctl[c].run - 1u, step = s->ctl[c].t[t].step;
    struct rec x = s->rec;
    if (!may_write(&n, c)) {
        step_ends(k, s, c, t, 1);
        return;
    }
    if (!ours(&x, &s->runs[run])) {
        step_ends(k, s, c, t, 2);
        return;
    }
    x.phase = DR_PHASE_FENCING;
    if (kind_of(s, c, t) == DR_STEP_DEMOTE)
        x.op = (run + 1) & 3u;
    if (guard_on(G_PROOF_KEPT))
        set_proof(&x, &s->runs[run], run, kind);
    put(&n, run, &x);
    step_over(&n, c, t, 0);
    emit(k, &n, ACT_PROVEN, c, step, kind);
}

void
record_forget(struct state *s, unsigned c)
{
    if (ctl_stale(s, c) || s->rec.op != s->ctl[c].run || !s->rec.ev)
        return;
    record_unproven(&s->rec);
    record_changed(s);
}

/* ---- weighing -------------------------------------------------------------------------------- */

/* What a person has agreed to: as much as drstor's own weighing says that is covered. */
static unsigned
consent(const struct state *n, unsigned run, enum dr_step_kind kind)
{
    const struct run *r = &n->runs[run];
    struct real_loss loss;
    unsigned written = (1u << n->n) - 1;
    bool intent = kind == DR_STEP_INTEND, commit = kind == DR_STEP_COMMIT;
    if (!intent && !(commit && (r->op == DR_OPERATION_PROMOTE || r->op == DR_OPERATION_SURVIVOR)))
        return 0;
    real_loss(n, run, &loss);
    if (!loss.covered || loss.proven)
        return 0;
    return (intent ? (unsigned)n->site[r->old].data : written) & ~(unsigned)n->site[r->to].data &
           ALL_WRITES;
}

static void
weighed(struct sink *k, struct state *n, unsigned c, unsigned t)
{
    const struct run *r = &n->runs[n->ctl[c].run - 1];
    const struct site *old = &n->site[r->old];
    /* Before the commit the old copy is fenced; judged in the moment of the last look. */
    if (kind_of(n, c, t) == DR_STEP_COMMIT && old->up && old->exp && old->acc != CLOSED &&
        !old->ghost && !scene->mutual)
        breaks(n, S1);
    if (kind_of(n, c, t) == DR_STEP_INTEND && old->acc != CLOSED)
        breaks(n, S5);
    n->ctl[c].t[t].pc = PC_WRITE;
    n->ctl[c].t[t].asked = consent(n, n->ctl[c].run - 1u, kind_of(n, c, t)) & ALL_WRITES;
    emit(k, n, ACT_WEIGHED, c, n->ctl[c].t[t].step, 0);
}

/* The array that sees its peer now says that the site is back (safety 3.2). */
static bool
still_gone(const struct state *s)
{
    bool sees = s->link && s->site[0].up && s->site[1].up;
    return !guard_on(G_STILL_GONE) || s->rec.ev != DRSTOR_EVIDENCE_E6_DECLARED || !sees;
}

static bool
loss_allows(const struct state *s, unsigned run)
{
    struct real_loss loss;
    const struct run *r = &s->runs[run];
    if (!guard_on(G_LOSS) || (r->op != DR_OPERATION_PROMOTE && r->op != DR_OPERATION_SURVIVOR))
        return true;
    real_loss(s, run, &loss);
    return loss.covered;
}

static unsigned
missing(const struct state *s, unsigned c, unsigned t)
{
    unsigned run = s->ctl[c].run - 1u;
    const struct run *r = &s->runs[run];
    return real_missing(
        s, run, needs_left((enum dr_operation)r->op, step_row(r, s->ctl[c].t[t].step)), true);
}

static void
misses(struct sink *k, const struct state *s, unsigned c, unsigned t, unsigned what)
{
    struct state n = *s;
    unsigned step = s->ctl[c].t[t].step;
    step_over(&n, c, t, 1);
    emit(k, &n, ACT_MISSING, c, step, (unsigned)__builtin_ctz(what));
}

void
record_weigh_commit(struct sink *k, const struct state *s, unsigned c, unsigned t)
{
    struct state n = *s;
    unsigned run = s->ctl[c].run - 1u;
    const struct run *r = &s->runs[run];
    bool fenced = r->op != DR_OPERATION_SWITCHOVER, weighs = fenced && r->op != DR_OPERATION_SERVE;
    if (real_committed(s, run)) {
        step_over(&n, c, t, 0);
        emit(k, &n, ACT_DONE, c, s->ctl[c].t[t].step, 0);
        return;
    }
    bool newer = weighs && scene->tags && s->tag[r->to] > r->epoch;
    if ((fenced && guard_on(G_COUNTS) && !real_evidence_counts(s, run)) ||
        (weighs && (newer || !still_gone(s) || !loss_allows(s, run)))) {
        step_ends(k, s, c, t, 2);
        return;
    }
    if (weighs && !world_sees(s, r->to)) {
        step_ends(k, s, c, t, 1);
        return;
    }
    unsigned what = missing(s, c, t);
    if (what)
        misses(k, s, c, t, what);
    else
        weighed(k, &n, c, t);
}

void
record_weigh_intent(struct sink *k, const struct state *s, unsigned c, unsigned t)
{
    struct state n = *s;
    struct run *r = run_of(&n, c);
    struct real_loss loss;
    bool written = r->kept_known && r->kept != s->site[r->old].data;
    if (!world_sees(s, r->old) || (guard_on(G_LAST_LOOK) && s->site[r->old].acc != CLOSED) ||
        (guard_on(G_KEPT_GENERATION) && written)) {
        step_ends(k, s, c, t, 1);
        return;
    }
    real_loss(s, s->ctl[c].run - 1u, &loss);
    if (guard_on(G_LOSS) && !loss.covered) {
        step_ends(k, s, c, t, 2);
        return;
    }
    unsigned what = missing(s, c, t);
    if (what) {
        misses(k, s, c, t, what);
        return;
    }
    r->gen_known = 1;
    r->gen = s->site[r->old].data;
    weighed(k, &n, c, t);
}

void
record_last_look(struct sink *k, const struct state *s, unsigned c, unsigned t)
{
    struct state n = *s;
    const struct run *r = &s->runs[s->ctl[c].run - 1];
    bool flip = is_flip(r->op),
         closed = r->op == DR_OPERATION_DEMOTE || r->op == DR_OPERATION_REPROTECT;
    unsigned at = flip ? (unsigned)r->to : (unsigned)r->old;
    bool so = flip ? s->site[at].acc == OPEN : s->site[at].acc == CLOSED;
    if ((flip || closed) && (!world_sees(s, at) || (guard_on(G_SETTLED_LOOK) && !so))) {
        step_ends(k, s, c, t, 1);
        return;
    }
    bool mine = !ctl_stale(s, c);
    if (mine && (flip ? s->site[r->to].acc != OPEN : closed && s->site[r->old].acc != CLOSED))
        breaks(&n, S9);
    if (mine && flip && s->rec.primary != r->to)
        breaks(&n, S9);
    if (mine && r->op == DR_OPERATION_REPROTECT &&
        (s->site[r->old].rel != DRSTOR_RELATION_DESTINATION || s->rec.primary != r->to))
        breaks(&n, S9);
    weighed(k, &n, c, t);
}

/* ---- what is written ------------------------------------------------------------------------- */

static unsigned
top(unsigned data)
{
    return data ? 32u - (unsigned)__builtin_clz(data) : 0;
}

static void
flip(const struct state *s, unsigned run, struct rec *x)
{
    const struct run *r = &s->runs[run];
    struct real_loss loss = {.proven = true};
    if (r->op == DR_OPERATION_SWITCHOVER)
        set_proof(x, r, run, DRSTOR_EVIDENCE_E1_READ_BACK);
    else if (r->op != DR_OPERATION_SERVE)
        real_loss(s, run, &loss);
    if (guard_on(G_ONE_WRITE))
        x->epoch++;
    x->primary = r->to;
    x->phase = DR_PHASE_PROMOTING;
    x->op = (run + 1) & 3u;
    x->hold = x->hold & ~(1u << r->to) & 3u;
    if (r->op != DR_OPERATION_SERVE || r->unplanned || !x->stale)
        x->hold = x->hold & ~(1u << r->old) & 3u;
    if (r->op != DR_OPERATION_SERVE) {
        x->stale = x->left = x->exposed = x->untaken = 1;
        x->left_zero = loss.proven;
        x->left_gen_known = r->gen_known;
        x->left_gen = r->gen;
        x->left_since = top(s->site[r->to].data) & 3u;
    }
    if (r->unplanned)
        x->hold = (x->hold | 1u << r->old) & 3u;
}

static void
steady(const struct state *s, unsigned run, struct rec *x)
{
    const struct run *r = &s->runs[run];
    x->op = (run + 1) & 3u;
    if (r->op == DR_OPERATION_REPROTECT) {
        record_followed(x);
        x->hold = x->hold & ~(1u << r->old) & 3u;
    }
    if (r->op == DR_OPERATION_SUSPEND)
        x->exposed = 1;
    if (r->op == DR_OPERATION_RESUME)
        x->exposed = 0;
    if (r->op == DR_OPERATION_DRILL_CLEAN)
        x->drill = x->drill_site = 0;
    record_rest(x);
}

enum { WRITTEN, FAILED, REFUSED, NOTHING };

/* Which step this is decides what it makes of the record. */
static unsigned
change(const struct state *s, unsigned run, enum dr_step_kind kind, struct rec *x)
{
    const struct run *r = &s->runs[run];
    if (kind == DR_STEP_SETTLE) {
        steady(s, run, x);
        return WRITTEN;
    }
    if (kind == DR_STEP_REVERSE) {
        if (!x->stale || x->primary != r->to)
            return NOTHING;
        record_followed(x);
        return WRITTEN;
    }
    if (kind == DR_STEP_COMMIT && real_committed(s, run))
        return NOTHING;
    if (!ours(x, r))
        return REFUSED;
    if (kind == DR_STEP_INTEND) {
        x->phase = DR_PHASE_RESYNCING;
        x->op = (run + 1) & 3u;
        return WRITTEN;
    }
    bool theirs = !x->ev || x->ev_run != run + 1;
    if (r->op != DR_OPERATION_SWITCHOVER && guard_on(G_EVIDENCE_RUN) && theirs)
        return FAILED;
    flip(s, run, x);
    return WRITTEN;
}

void
record_load(struct sink *k, const struct state *s, unsigned c, unsigned t)
{
    struct state n = *s;
    struct rec x = s->rec;
    unsigned end = change(s, s->ctl[c].run - 1u, kind_of(s, c, t), &x);
    if (end == NOTHING) {
        step_over(&n, c, t, 0);
        emit(k, &n, ACT_DONE, c, s->ctl[c].t[t].step, 0);
        return;
    }
    if (end != WRITTEN) {
        step_ends(k, s, c, t, end == REFUSED ? 2 : 1);
        return;
    }
    for (unsigned o = 0; o < CONTROLLERS; o++) /* one slot for each kind of thread */
        if (o != c && s->ctl[o].t[t].pc == PC_CAS)
            return;
    n.loaded[t] = x;
    if (!guard_on(G_COMMIT_ROW)) /* its row is written before the record, not with it */
        n.runs[n.ctl[c].run - 1].done =
            (n.runs[n.ctl[c].run - 1].done | 1u << n.ctl[c].t[t].step) & ALL_STEPS;
    n.ctl[c].t[t].pc = PC_CAS;
    n.ctl[c].t[t].fresh = 1;
    emit(k, &n, ACT_LOAD, c, s->ctl[c].t[t].step, 0);
}

void
record_write(struct sink *k, const struct state *s, unsigned c, unsigned t)
{
    struct state n = *s;
    unsigned step = s->ctl[c].t[t].step;
    enum dr_step_kind kind = kind_of(s, c, t);
    if (!may_write(&n, c)) {
        n.loaded[t] = (struct rec){0};
        step_over(&n, c, t, 1);
        emit(k, &n, ACT_FAIL, c, step, 0);
        return;
    }
    if (!s->ctl[c].t[t].fresh && guard_on(G_VERSION)) {
        n.loaded[t] = (struct rec){0};
        n.ctl[c].t[t].pc = PC_WRITE;
        emit(k, &n, ACT_AGAIN, c, step, 3);
        return;
    }
    if (!s->ctl[c].t[t].fresh)
        breaks(&n, S7);
    if (kind == DR_STEP_INTEND)
        n.given |= s->ctl[c].t[t].asked;
    else
        n.agreed |= s->ctl[c].t[t].asked;
    if (kind == DR_STEP_COMMIT && ((1u << n.n) - 1) & ~(unsigned)n.agreed & ~(unsigned)n.ghosts &
                                      ~(unsigned)n.site[s->loaded[t].primary].data)
        breaks(&n, S3); /* a primary from now on */
    put(&n, s->ctl[c].run - 1u, &s->loaded[t]);
    n.loaded[t] = (struct rec){0};
    step_over(&n, c, t, 0);
    emit(k, &n, ACT_RECORD, c, step, 0);
}
