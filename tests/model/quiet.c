/*
 * L1: from every state, once parts are reachable and nothing goes wrong any more, the group comes
 * to a good end. The world heals, whoever is at work goes on, an open run is resumed, one that
 * fails twice is given up, and who finds the group not served does what `status` tells: a promote
 * to the primary of the record. The end is served, or a refusal of the planner, by its id.
 */
#include "checker.h"

#include <drstor/types.h>

#include <stdlib.h>
#include <string.h>

/* Longer than any way to an end; a state that takes longer goes in a circle. */
enum { MOVES_MOST = 400, TRIES = 2, BLOCKS_MOST = 32 };

static struct {
    struct state *states;
    uint8_t *ends; /* enum quiet + 1; 0: free */
    size_t n, size;
} memo;

static struct {
    char id[5];
    uint64_t n;
} blocks[BLOCKS_MOST];

void
quiet_reset(void)
{
    free(memo.states);
    free(memo.ends);
    memset(&memo, 0, sizeof(memo));
    memset(blocks, 0, sizeof(blocks));
}

const char *
quiet_blocked_by(unsigned i, uint64_t *ret_n)
{
    if (i >= BLOCKS_MOST || !blocks[i].n)
        return NULL;
    *ret_n = blocks[i].n;
    return blocks[i].id;
}

static void
blocked_by(const char *id)
{
    for (unsigned i = 0; i < BLOCKS_MOST; i++)
        if (!blocks[i].n || strcmp(blocks[i].id, id) == 0) {
            (void)snprintf(blocks[i].id, sizeof(blocks[i].id), "%s", id);
            blocks[i].n++;
            return;
        }
}

/* ---- what was walked before ------------------------------------------------------------------ */

static size_t
memo_slot(const struct state *s)
{
    uint64_t h = 1469598103934665603u, word;
    for (size_t i = 0; i < sizeof(*s); i += sizeof(word)) {
        memcpy(&word, (const unsigned char *)s + i, sizeof(word));
        h = (h ^ word) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
    }
    size_t at = (size_t)h & (memo.size - 1);
    while (memo.ends[at] && memcmp(&memo.states[at], s, sizeof(*s)) != 0)
        at = (at + 1) & (memo.size - 1);
    return at;
}

static void
memo_put(const struct state *s, enum quiet end)
{
    if (memo.n * 2 >= memo.size) {
        struct state *states = memo.states;
        uint8_t *ends = memo.ends;
        size_t n = memo.size;
        memo.size = n ? n * 2 : 1 << 14;
        memo.states = dr_alloc0(memo.size, sizeof(*memo.states));
        memo.ends = dr_alloc0(memo.size, 1);
        for (size_t i = 0; i < n; i++)
            if (ends[i]) {
                size_t at = memo_slot(&states[i]);
                memo.states[at] = states[i];
                memo.ends[at] = ends[i];
            }
        free(states);
        free(ends);
    }
    size_t at = memo_slot(s);
    memo.n += !memo.ends[at];
    memo.states[at] = *s;
    memo.ends[at] = (uint8_t)(end + 1);
}

/* ---- one quiet move -------------------------------------------------------------------------- */

struct first {
    struct sink sink;
    bool any;
    struct state state;
    struct label label;
};

static void
take_first(struct sink *k, const struct state *s, struct label l)
{
    struct first *f = (struct first *)k;
    bool person = l.act == ACT_PLAN || l.act == ACT_ABORT;
    if (f->any || person)
        return;
    f->any = true;
    f->state = *s;
    f->label = l;
}

static bool
one_move(const struct state *s, struct first *f)
{
    *f = (struct first){.sink = {.take = take_first, .quiet = true}};
    world_events(&f->sink, s);
    for (unsigned c = 0; c < CONTROLLERS; c++)
        if (s->ctl[c].run)
            control_moves(&f->sink, s, c);
    return f->any;
}

/* ---- what a person does ---------------------------------------------------------------------- */

static bool
served(const struct state *s)
{
    const struct site *p = &s->site[s->rec.primary];
    return record_rests(&s->rec) && p->acc == OPEN && p->exp;
}

/* Runs that ended are history: their places are taken again. */
static void
forget_runs(struct state *s)
{
    memset(s->runs, 0, sizeof(s->runs));
    s->rec.op = 0;
    if (s->rec.ev)
        s->rec.ev_run = RUNS; /* a run's that is none of these */
    if (s->rec.drill)
        s->rec.drill = RUNS;
}

static unsigned
open_run(const struct state *s)
{
    for (unsigned r = 0; r < RUNS; r++)
        if (s->runs[r].state == RUN_OPEN)
            return r + 1;
    return 0;
}

static void
start_run(struct state *s, enum dr_operation op, const struct real_plan *p)
{
    s->runs[0] = (struct run){.state = RUN_PLANNED,
                              .op = op & 15u,
                              .old = p->old & 1u,
                              .to = p->to & 1u,
                              .unplanned = op == DR_OPERATION_SURVIVOR,
                              .accepts = p->accepts & 15u,
                              .epoch = p->epoch & 7u,
                              .primary = p->primary & 1u,
                              .steps = p->steps & (unsigned)ALL_STEPS};
    s->ctl[0].run = 1;
}

static bool
put_right(struct state *s, enum quiet *ret)
{
    struct real_plan p;
    unsigned to = (unsigned)s->rec.primary;
    enum dr_operation op = scene->mutual ? DR_OPERATION_SURVIVOR : DR_OPERATION_SERVE;
    forget_runs(s);
    real_plan(s, op, to, false, &p);
    *ret = p.nothing && served(s) ? QUIET_SERVED : QUIET_BLOCKED;
    if (!p.good) {
        if (!p.refusal[0] && !served(s))
            *ret = QUIET_STUCK;
        if (p.refusal[0])
            blocked_by(p.refusal);
        return false;
    }
    start_run(s, op, &p);
    return true;
}

struct walk {
    struct state s;
    unsigned tries[RUNS], repairs;
};

/* Nobody is at work. True: somebody is again. */
static bool
person(struct walk *w, FILE *trace, enum quiet *ret)
{
    struct first f = {.sink = {.take = take_first, .quiet = true}};
    unsigned open = open_run(&w->s);
    if (open && w->tries[open - 1]++ < TRIES) {
        control_moves(&f.sink, &w->s, 0);
        if (trace && f.any)
            say_label(trace, &w->s, &f.state, f.label);
        w->s = f.state;
        return f.any;
    }
    if (open) {
        w->s.holder = 1;
        w->s.ctl[0] = (struct ctl){.run = open & 3u, .held = 1, .settling = 1, .aborting = 1};
        w->s.died = 0;
        if (trace)
            (void)fprintf(trace, "      a person gives run r%u up\n", open);
        return true;
    }
    if (served(&w->s)) {
        *ret = QUIET_SERVED;
        return false;
    }
    *ret = QUIET_STUCK;
    if (w->repairs++ >= TRIES)
        return false;
    if (trace)
        (void)fprintf(trace, "      a person asks for a promote to the primary\n");
    return put_right(&w->s, ret);
}

static void
normalize(struct state *s)
{
    s->faults = 0;
    s->agreed = s->ghosts = s->snaps = s->given = 0;
    s->bad = 0;
}

enum quiet
quiet_end(const struct state *from, FILE *trace)
{
    struct walk w = {.s = *from};
    static struct state way[MOVES_MOST];
    enum quiet end = QUIET_STUCK;
    size_t n = 0;
    struct first f;
    normalize(&w.s);
    bool plain = true; /* only the state says what comes next */
    for (unsigned i = 0; i < MOVES_MOST; i++) {
        struct state key = w.s;
        normalize(&key);
        if (plain && memo.size && memo.ends[memo_slot(&key)] && !trace) {
            end = (enum quiet)(memo.ends[memo_slot(&key)] - 1);
            break;
        }
        if (plain && n < MOVES_MOST)
            way[n++] = key;
        if (one_move(&w.s, &f)) {
            if (trace)
                say_label(trace, &w.s, &f.state, f.label);
            w.s = f.state;
            continue;
        }
        bool busy = w.s.ctl[0].run || w.s.ctl[1].run;
        plain = false;
        if (busy || !person(&w, trace, &end))
            break;
    }
    for (size_t i = 0; i < n; i++)
        memo_put(&way[i], end);
    return end;
}
