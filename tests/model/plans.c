/*
 * drstor's own planner, with all its guards (dr_plan_make()). What was planned once for the same
 * facts is not planned again.
 */
#include "real.h"

#include "plan/loss.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

struct plan_key {
    struct rec rec;
    struct site site[SITES];
    uint8_t tag[SITES];
    uint8_t n, flags, open, op;
};

struct plan_row {
    struct plan_key key;
    bool used;
    struct real_plan plan;
};

static struct plan_row *rows;
static size_t n_rows, size_rows;
static uint16_t after[DR_OPERATION_GUARD + 1][STEPS_MOST];

void
real_plans_clear(void)
{
    free(rows);
    rows = NULL;
    n_rows = size_rows = 0;
}

static unsigned
step_index(const struct dr_table_row *row, enum dr_step_kind kind)
{
    for (unsigned i = 0; i < row->n_steps; i++)
        if (row->steps[i].kind == kind)
            return i;
    return 0;
}

/* What somebody who was shown the loss agrees to: all of it, and no more. */
static unsigned
agreed_to(struct dr_arena *a, const struct dr_plan *p)
{
    const struct dr_loss *l = &p->loss;
    if (p->n_losses == 0 || l->proven_zero || !l->needs_consent)
        return 0;
    const char *bound = dr_loss_bound(a, p);
    if (scene->accepts_all || dr_streq(bound, "unknown"))
        return BOUND_UNKNOWN;
    long seconds = strtol(bound, NULL, 10);
    long code = (seconds + BOUND_S - 1) / BOUND_S;
    return code < BOUND_UNKNOWN ? (unsigned)code : BOUND_UNKNOWN - 1;
}

static void
plan_now(const struct state *s, enum dr_operation op, unsigned to, bool lost, const char *open,
         struct real_plan *ret)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    const struct dr_declaration declared = {lost ? DR_DECLARED_SITE_LOST : DR_DECLARED_UNKNOWN,
                                            real_sites[!to]};
    bool unplanned = op == DR_OPERATION_PROMOTE || op == DR_OPERATION_SURVIVOR ||
                     (op == DR_OPERATION_SERVE && lost);
    struct dr_goal goal;
    struct kept k;
    struct known f;
    struct dr_plan plan;
    real_goal(op, to, unplanned, &declared, &goal);
    real_record(s, &k);
    real_know(s, &f);
    const struct dr_plan_record rec = {
        .group = "erp", .present = true, .open_run = open, .record = k.record};
    const struct dr_plan_input in = {.model = &real_model,
                                     .facts = &f.facts,
                                     .arrays = real_arrays,
                                     .n_arrays = SITES,
                                     .records = &rec,
                                     .n_records = 1,
                                     .goal = &goal,
                                     .person = "anna"};
    memset(ret, 0, sizeof(*ret));
    dr_plan_make(a, &in, &plan);
    if (plan.n_flips != 1 || plan.flips[0].operation != op)
        return;
    const struct dr_table_row *row = dr_table_find(op);
    ret->nothing = plan.flips[0].nothing_to_do;
    ret->good = plan.n_refusals == 0 && !ret->nothing;
    if (plan.n_refusals)
        (void)snprintf(ret->refusal, sizeof(ret->refusal), "%s", plan.refusals[0].id);
    if (!ret->good)
        return;
    ret->epoch = (uint8_t)plan.flips[0].epoch;
    ret->primary = (uint8_t)s->rec.primary;
    ret->old = dr_streq(plan.flips[0].from, real_sites[1]);
    ret->to = dr_streq(plan.flips[0].to, real_sites[1]);
    ret->accepts = (uint8_t)agreed_to(a, &plan);
    for (size_t i = 0; i < plan.n_steps; i++) {
        unsigned at = step_index(row, plan.steps[i].kind);
        ret->steps = (uint16_t)(ret->steps | 1u << at);
        for (size_t j = 0; j < plan.steps[i].n_needs; j++) {
            const struct dr_plan_step *on = dr_plan_step_find(&plan, plan.steps[i].needs[j]);
            after[op][at] = (uint16_t)(after[op][at] | 1u << step_index(row, on->kind));
        }
    }
}

unsigned
real_after(enum dr_operation op, unsigned k)
{
    return after[op][k];
}

static size_t
slot_of(const struct plan_key *key)
{
    uint64_t h = 1469598103934665603u;
    for (size_t i = 0; i < sizeof(*key); i++)
        h = (h ^ ((const unsigned char *)key)[i]) * 1099511628211u;
    size_t at = (size_t)(h ^ h >> 29) & (size_rows - 1);
    while (rows[at].used && memcmp(&rows[at].key, key, sizeof(*key)) != 0)
        at = (at + 1) & (size_rows - 1);
    return at;
}

static void
rows_grow(void)
{
    struct plan_row *old = rows;
    size_t n = size_rows;
    size_rows = n ? n * 2 : 1 << 12;
    rows = dr_alloc0(size_rows, sizeof(*rows));
    for (size_t i = 0; i < n; i++)
        if (old[i].used)
            rows[slot_of(&old[i].key)] = old[i];
    free(old);
}

void
real_plan(const struct state *s, enum dr_operation op, unsigned to, bool lost,
          struct real_plan *ret)
{
    struct plan_key key;
    unsigned open = 0;
    for (unsigned r = 0; r < RUNS; r++)
        if (s->runs[r].state == RUN_OPEN && real_holds(s, r) && s->runs[r].op != DR_OPERATION_GUARD)
            open = r + 1;
    memset(&key, 0, sizeof(key));
    key.rec = s->rec;
    memcpy(key.site, s->site, sizeof(key.site));
    memcpy(key.tag, s->tag, sizeof(key.tag));
    key.n = (uint8_t)s->n;
    key.flags =
        (uint8_t)(s->link | s->paused << 1 | s->copying << 2 | s->clone << 3 | (lost ? 1 << 5 : 0));
    key.open = (uint8_t)(open | to << 4);
    key.op = (uint8_t)op;
    if ((n_rows + 1) * 2 > size_rows)
        rows_grow();
    struct plan_row *row = &rows[slot_of(&key)];
    if (!row->used) {
        row->used = true;
        row->key = key;
        n_rows++;
        plan_now(s, op, to, lost, open ? real_runs[open - 1] : NULL, &row->plan);
    }
    *ret = row->plan;
}
