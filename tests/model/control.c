/*
 * A controller between its steps: planning, locking, taking up what another one left, ending. After
 * core/run/start.c, hold.c, steps.c, run.c and abort.c.
 */
#include "checker.h"

bool
is_flip(unsigned op)
{
    return (1u << op) & (OP(SWITCHOVER) | OP(PROMOTE) | OP(SERVE) | OP(SURVIVOR));
}

const struct dr_table_step *
step_row(const struct run *r, unsigned k)
{
    return &dr_table_find((enum dr_operation)r->op)->steps[k];
}

bool
ctl_stale(const struct state *s, unsigned c)
{
    return s->holder != c + 1;
}

bool
record_rests(const struct rec *r)
{
    return r->phase == DR_PHASE_STEADY || r->phase == DR_PHASE_TESTING;
}

void
record_rest(struct rec *r)
{
    r->phase = r->drill ? DR_PHASE_TESTING : DR_PHASE_STEADY;
}

void
record_unproven(struct rec *r)
{
    r->ev = 0;
    r->ev_run = 0;
    r->ev_epoch = 0;
    r->ev_old = 0;
    r->ev_site = 0;
}

void
record_followed(struct rec *r)
{
    r->stale = 0;
    r->left = 0;
    r->left_zero = 0;
    r->left_gen_known = 0;
    r->left_gen = 0;
    r->left_since = 0;
    r->untaken = 0;
    r->exposed = 0;
}

void
record_changed(struct state *s)
{
    for (unsigned c = 0; c < CONTROLLERS; c++)
        for (unsigned t = 0; t < THREADS; t++)
            s->ctl[c].t[t].fresh = 0;
}

void
step_over(struct state *s, unsigned c, unsigned t, unsigned failed)
{
    struct ctl *x = &s->ctl[c];
    struct run *r = &s->runs[x->run - 1];
    if (!failed) {
        r->done = (r->done | 1u << x->t[t].step) & ALL_STEPS;
        r->sent = r->sent & ~(1u << t) & 3u;
    }
    if (failed > x->failed)
        x->failed = failed & 3u;
    x->t[t] = (struct thread){0};
}

/* ---- the end of a go ------------------------------------------------------------------------- */

void
ctl_gone(struct state *s, unsigned c, bool unsettled)
{
    struct ctl *x = &s->ctl[c];
    if (!ctl_stale(s, c)) {
        s->holder = 0;
        s->died = unsettled;
    }
    for (unsigned t = 0; t < THREADS; t++)
        if (x->t[t].pc == PC_CAS)
            s->loaded[t] = (struct rec){0};
    *x = (struct ctl){0};
}

/* Before its commit a run gives nothing up: what it was fencing goes back to rest. */
static void
unfence(struct state *s, unsigned run)
{
    const struct run *r = &s->runs[run];
    struct rec *x = &s->rec;
    if (x->phase != DR_PHASE_FENCING || x->op != run + 1 || x->epoch != r->epoch)
        return;
    record_rest(x);
    if (r->op != DR_OPERATION_SWITCHOVER)
        record_unproven(x);
    record_changed(s);
}

static void
end_go(struct sink *k, const struct state *s, unsigned c)
{
    struct state n = *s;
    unsigned run = s->ctl[c].run - 1u;
    struct run *r = &n.runs[run];
    bool over = (r->steps & ~r->done) == 0, owes = false;
    /* VMs that it shut down run nowhere: it is not over. */
    for (unsigned i = 0; i < STEPS_MOST; i++)
        owes |= (r->steps & r->done & (1u << i)) && step_row(r, i)->kind == DR_STEP_DRAIN &&
                !real_committed(s, run);
    if (s->ctl[c].failed == 2 && !ctl_stale(s, c))
        unfence(&n, run);
    if (r->state == RUN_OPEN && !ctl_stale(s, c))
        r->state = s->ctl[c].failed == 2 && !owes ? RUN_REFUSED : over ? RUN_DONE : RUN_OPEN;
    if (r->state != RUN_OPEN)
        r->sent = 0;
    ctl_gone(&n, c, r->sent != 0 || s->ctl[c].settling);
    emit(k, &n, ACT_END, c, run, r->state);
}

/* ---- giving a run up ------------------------------------------------------------------------- */

static void
give_up(struct sink *k, const struct state *s, unsigned c)
{
    struct state n = *s;
    unsigned run = s->ctl[c].run - 1u;
    struct run *r = &n.runs[run];
    struct rec *x = &n.rec;
    bool settled = real_settled(s, run);
    if (ctl_stale(s, c) && guard_on(G_TOKEN_RECORD)) {
        ctl_gone(&n, c, true); /* it is somebody else's to end */
        emit(k, &n, ACT_END, c, run, RUN_OPEN);
        return;
    }
    if (ctl_stale(s, c))
        breaks(&n, S8);
    if (!settled && x->op == run + 1 && x->phase != DR_PHASE_RESYNCING && x->epoch <= r->epoch) {
        unfence(&n, run);
    } else if (x->op == run + 1 && !record_rests(x)) {
        if (x->phase == DR_PHASE_RESYNCING)
            x->stale = 1;
        record_rest(x);
        record_changed(&n);
    } else if (x->op == run + 1 && x->drill == run + 1 && !n.clone) {
        x->drill = 0;
        x->drill_site = 0;
        record_rest(x);
        record_changed(&n);
    }
    r->state = RUN_ABORTED;
    r->sent = 0;
    ctl_gone(&n, c, false);
    emit(k, &n, ACT_GIVE_UP, c, run, 0);
}

/* ---- what was proven in another life --------------------------------------------------------- */

static bool
before_decision(enum dr_step_kind kind)
{
    return kind == DR_STEP_PRESYNC || kind == DR_STEP_DRAIN || kind == DR_STEP_RELEASE ||
           kind == DR_STEP_DEMOTE || kind == DR_STEP_FINALSYNC || kind == DR_STEP_FENCE ||
           kind == DR_STEP_COMMIT || kind == DR_STEP_WITHDRAW || kind == DR_STEP_SNAPSHOT ||
           kind == DR_STEP_INTEND || kind == DR_STEP_CLEAN;
}

static bool
decided(const struct state *s, unsigned run)
{
    if (s->runs[run].op == DR_OPERATION_REPROTECT)
        return s->rec.op == run + 1 && (s->rec.phase == DR_PHASE_RESYNCING || real_settled(s, run));
    return real_committed(s, run);
}

static void
believe(struct state *s, unsigned run)
{
    struct run *r = &s->runs[run];
    bool settled = real_settled(s, run), moved = false;
    for (unsigned k = 0; k < STEPS_MOST; k++)
        if ((r->steps & r->done & (1u << k)) && s->rec.op != run + 1)
            moved |=
                step_row(r, k)->kind == DR_STEP_COMMIT || step_row(r, k)->kind == DR_STEP_SETTLE;
    for (unsigned k = 0; k < STEPS_MOST && guard_on(G_BELIEVE); k++) {
        unsigned bit = 1u << k;
        if (!(r->steps & bit))
            continue;
        enum dr_step_kind kind = step_row(r, k)->kind;
        if (moved)
            r->done = (r->done | bit) & ALL_STEPS;
        else if (kind == DR_STEP_SETTLE && r->op == DR_OPERATION_REPROTECT)
            r->done = (settled ? r->done | bit : r->done & ~bit) & ALL_STEPS;
        else if (!before_decision(kind))
            continue;
        else if (decided(s, run) || (settled && !is_flip(r->op)))
            r->done = (r->done | bit) & ALL_STEPS;
        else if (kind != DR_STEP_PRESYNC)
            r->done = r->done & ~bit & ALL_STEPS;
    }
}

/* ---- beginning ------------------------------------------------------------------------------- */

static void
take_lock(struct state *s, unsigned c, unsigned run)
{
    s->holder = (uint8_t)(c + 1);
    s->ctl[c].run = (run + 1u) & 3u;
    s->ctl[c].held = 1;
    s->ctl[c].settling = s->died && guard_on(G_SETTLE_DEATH);
    s->died = 0;
}

/* Under the lock: the record is the one of the plan, and nobody else is in the middle of anything.
 */
static bool
still_planned_for(struct state *s, unsigned run)
{
    struct run *r = &s->runs[run];
    if (!guard_on(G_START))
        return true;
    if (s->rec.epoch != r->epoch || s->rec.primary != r->primary)
        return false;
    for (unsigned i = 0; i < RUNS; i++) {
        struct run *o = &s->runs[i];
        if (i == run || o->state != RUN_OPEN || r->op == DR_OPERATION_GUARD)
            continue;
        bool over =
            !real_holds(s, i) ||
            o->op == DR_OPERATION_GUARD; /* it may fail at what comes beside: over when we go on */
        bool gives_way = r->unplanned && (s->rec.primary != r->to || record_rests(&s->rec) ||
                                          s->rec.phase == DR_PHASE_FENCING);
        if (!over && !gives_way)
            return false;
        if (guard_on(G_SUPERSEDE))
            o->state = RUN_ABORTED;
        s->died |= o->sent != 0 || !over; /* nobody looked what it had sent */
        o->sent = 0;
    }
    return true;
}

static void
start(struct sink *k, const struct state *s, unsigned c, unsigned run)
{
    struct state n = *s;
    if (guard_on(G_LOCK) && s->holder)
        return; /* BUSY: it is asked again */
    if (!still_planned_for(&n, run)) {
        n = *s;
        n.runs[run] = (struct run){0};
        n.ctl[c] = (struct ctl){0};
        emit(k, &n, ACT_STALE, c, run, 0);
        return;
    }
    take_lock(&n, c, run);
    n.runs[run].state = RUN_OPEN;
    if (!record_rests(&n.rec) && n.runs[run].op != DR_OPERATION_GUARD) {
        record_rest(&n.rec);
        record_changed(&n);
    }
    emit(k, &n, ACT_START, c, run, 0);
}

static void
plan(struct sink *k, const struct state *s, unsigned c, unsigned run, enum dr_operation op,
     unsigned to)
{
    struct state n = *s;
    struct real_plan p;
    bool lost = is_flip(op) && !s->site[!to].up, stale;
    if (op == DR_OPERATION_GUARD && !real_held(s, to, &stale))
        return;
    real_plan(s, op, to, lost, &p);
    if (!p.good)
        return;
    n.runs[run] = (struct run){
        .state = RUN_PLANNED,
        .op = op & 15u,
        .old = p.old & 1u,
        .to = p.to & 1u,
        .unplanned = op == DR_OPERATION_PROMOTE || op == DR_OPERATION_SURVIVOR ||
                     (op == DR_OPERATION_SERVE && lost),
        .lost = lost,
        .accepts = p.accepts & 15u,
        .epoch = p.epoch & 7u,
        .primary = p.primary & 1u,
        .steps = p.steps & (unsigned)ALL_STEPS,
    };
    n.ctl[c].run = (run + 1u) & 3u;
    emit(k, &n, ACT_PLAN, c, run, 0);
}

static void
plans(struct sink *k, const struct state *s, unsigned c)
{
    unsigned run = 0;
    while (run < RUNS && s->runs[run].state != RUN_NONE)
        run++;
    if (run == RUNS)
        return;
    unsigned ops = run == 0 ? scene->first : scene->then, p = s->rec.primary;
    for (unsigned op = 1; op <= DR_OPERATION_GUARD; op++) {
        if (!(ops & (1u << op)))
            continue;
        if (op == DR_OPERATION_SURVIVOR || op == DR_OPERATION_DEMOTE) {
            plan(k, s, c, run, (enum dr_operation)op, 0);
            plan(k, s, c, run, (enum dr_operation)op, 1);
        } else {
            plan(k, s, c, run, (enum dr_operation)op, op == DR_OPERATION_SERVE ? p : !p);
        }
    }
}

static void
idle(struct sink *k, const struct state *s, unsigned c)
{
    for (unsigned run = 0; run < RUNS; run++) {
        struct state n = *s;
        if (s->runs[run].state != RUN_OPEN || (guard_on(G_LOCK) && s->holder))
            continue;
        bool taken = false;
        for (unsigned o = 0; o < CONTROLLERS; o++)
            taken |= s->ctl[o].run == run + 1;
        if (taken && !s->ctl[!c].held)
            continue;
        take_lock(&n, c, run);
        n.ctl[c].settling |= s->runs[run].sent != 0 && guard_on(G_SETTLE);
        n.runs[run].sent = guard_on(G_SETTLE) ? s->runs[run].sent : 0;
        struct state gone = n;
        believe(&n, run);
        emit(k, &n, ACT_RESUME, c, run, 0);
        gone.ctl[c].aborting = 1;
        if (scene->events & EV_ABORT)
            emit(k, &gone, ACT_ABORT, c, run, 0);
    }
    plans(k, s, c);
}

/* ---- between two steps ----------------------------------------------------------------------- */

static void
settled(struct sink *k, const struct state *s, unsigned c)
{
    struct state n = *s;
    n.ctl[c].settling = 0;
    n.runs[n.ctl[c].run - 1].sent = 0;
    if (!s->flight.what) {
        emit(k, &n, ACT_SETTLED, c, 0, 0);
        return;
    }
    world_land(&n, true);
    emit(k, &n, ACT_SETTLED, c, 1, 0);
    if (k->quiet)
        return;
    n = *s;
    n.ctl[c].settling = 0;
    n.runs[n.ctl[c].run - 1].sent = 0;
    world_land(&n, false);
    emit(k, &n, ACT_SETTLED, c, 2, 0);
}

static bool
ready(const struct state *s, unsigned c, unsigned step)
{
    const struct ctl *x = &s->ctl[c];
    const struct run *r = &s->runs[x->run - 1];
    unsigned bit = 1u << step;
    if (!(r->steps & bit) || (r->done & bit))
        return false;
    unsigned after = real_after((enum dr_operation)r->op, step) & (unsigned)r->steps;
    return (after & ~(unsigned)r->done) == 0;
}

/*
 * Rules about beginning: they are judged in the moment of the step's own check, because nobody can
 * answer for what happens after it.
 */
static void
judge_beginning(struct state *s, const struct run *r, enum dr_step_kind kind)
{
    const struct site *old = &s->site[r->old];
    bool takes = kind == DR_STEP_FENCE || kind == DR_STEP_DEMOTE;
    bool planned = kind == DR_STEP_DEMOTE, moves = r->op == DR_OPERATION_SWITCHOVER;
    bool serves = old->up && old->acc == OPEN && (r->old == s->rec.primary || scene->mutual);
    if (takes && !planned && serves && !world_sees(s, r->to))
        breaks(s, L3);
    if (planned && ((moves && serves && !world_flows(s, r->to)) ||
                    (old->up && old->vms && !scene->storage_only)))
        breaks(s, L3);
    /* What an engine has attached, it starts again by itself. */
    if (planned && moves && !scene->storage_only && old->up && old->att)
        breaks(s, S1);
    if (kind == DR_STEP_DRAIN && (!world_flows(s, r->to) || !world_sees(s, r->old)))
        breaks(s, L3);
    if (kind == DR_STEP_RELEASE && old->vms)
        breaks(s, L3);
    if ((kind == DR_STEP_CLOSE || kind == DR_STEP_CLEAN) && r->old == s->rec.primary)
        breaks(s, L3);
    /* What is switched off runs at the primary, or nowhere. */
    if (kind == DR_STEP_CLEAN && s->site[r->to].acc != OPEN)
        breaks(s, L3);
    if (planned && r->op == DR_OPERATION_REPROTECT && old->acc == OPEN &&
        s->site[r->to].acc != OPEN)
        breaks(s, L3);
    if (kind == DR_STEP_WITHDRAW && old->acc != CLOSED)
        breaks(s, L3);
    /* What does not serve is no source. */
    if ((kind == DR_STEP_REVERSE || kind == DR_STEP_RESYNC) && s->site[r->to].acc != OPEN)
        breaks(s, S5);
}

/* What the step rests on is read right before it starts (needs.c); a commit and an intent weigh
 * themselves. */
static void
begin(struct sink *k, const struct state *s, unsigned c, unsigned t, unsigned step)
{
    struct state n = *s;
    unsigned run = s->ctl[c].run - 1u;
    const struct run *r = &s->runs[run];
    const struct dr_table_step *row = step_row(r, step);
    bool weighs = row->kind == DR_STEP_COMMIT || row->kind == DR_STEP_INTEND;
    unsigned missing =
        weighs ? 0 : real_missing(s, run, needs_left((enum dr_operation)r->op, row), false);
    struct thread *x = &n.ctl[c].t[t];
    x->step = step & 15u;
    if (missing) {
        bool moved = s->rec.epoch != r->epoch || s->rec.primary != r->primary;
        bool refused = ((missing & DR_REQUIRE_RECORD) && moved) ||
                       ((missing & DR_REQUIRE_NO_VMS_AT_OLD) && s->site[r->old].vms &&
                        r->op != DR_OPERATION_SWITCHOVER);
        step_over(&n, c, t, refused ? 2 : 1);
        emit(k, &n, ACT_MISSING, c, step, (unsigned)__builtin_ctz(missing));
        return;
    }
    x->pc = row->kind == DR_STEP_FENCE || row->kind == DR_STEP_CLONE || row->kind == DR_STEP_CLOSE
                ? PC_BEGIN
                : PC_LOOK;
    judge_beginning(&n, r, row->kind);
    emit(k, &n, ACT_CHECK, c, step, 0);
}

static void
pick(struct sink *k, const struct state *s, unsigned c)
{
    const struct ctl *x = &s->ctl[c];
    const struct run *r = &s->runs[x->run - 1];
    bool busy = x->t[MAIN].pc != PC_NONE || x->t[SIDE].pc != PC_NONE;
    if (x->failed || (r->steps & ~r->done) == 0) {
        if (!busy)
            end_go(k, s, c);
        return;
    }
    bool begun[THREADS] = {x->t[MAIN].pc != PC_NONE, x->t[SIDE].pc != PC_NONE};
    for (unsigned step = 0; step < STEPS_MOST; step++) {
        if (!ready(s, c, step))
            continue;
        unsigned t = step_row(r, step)->kind == DR_STEP_REVERSE ? SIDE : MAIN;
        if (begun[t])
            continue;
        begun[t] = true;
        begin(k, s, c, t, step);
    }
}

void
control_moves(struct sink *k, const struct state *s, unsigned c)
{
    const struct ctl *x = &s->ctl[c];
    struct state n = *s;
    if (!x->run) {
        /* Two that do nothing are alike: the first of them acts. */
        if (c == 0 || s->ctl[0].run)
            idle(k, s, c);
        return;
    }
    if (s->faults > 0 && !k->quiet && (scene->events & EV_CRASH) && x->held) {
        ctl_gone(&n, c, true);
        n.faults--;
        emit(k, &n, ACT_CRASH, c, 0, 0);
        n = *s;
    }
    if (s->faults > 0 && !k->quiet && (scene->events & EV_LOCK) && x->held && !ctl_stale(s, c)) {
        n.holder = 0;
        n.died = 1;
        n.faults--;
        emit(k, &n, ACT_LOCK_LOST, c, 0, 0);
    }
    if (!x->held) {
        start(k, s, c, x->run - 1u);
    } else if (x->settling) {
        settled(k, s, c);
    } else if (x->aborting) {
        give_up(k, s, c);
    } else {
        for (unsigned t = 0; t < THREADS; t++)
            if (x->t[t].pc != PC_NONE)
                step_moves(k, s, c, t);
        pick(k, s, c);
    }
}
