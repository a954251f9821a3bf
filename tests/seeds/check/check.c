#include "state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const rule_names[CHECK_RULES] = {"S1",  "S2",  "S3", "S4",  "S5",  "S6",
                                                    "S7",  "S8",  "S9", "S10", "S11", "S12",
                                                    "S13", "S14", "L1", "L2",  "L3"};

const char *
check_rule_name(enum check_rule rule)
{
    return rule < CHECK_RULES ? rule_names[rule] : "?";
}

struct check *
check_new(uint32_t n_groups, const uint64_t *standing_ns)
{
    struct check *c = calloc(1, sizeof(*c));
    if (!c || n_groups > GROUPS)
        abort();
    c->n_groups = n_groups;
    for (uint32_t i = 0; i < n_groups; i++) {
        c->groups[i].standing_ns = standing_ns[i];
        c->groups[i].last_run = RUNS;
    }
    return c;
}

void
check_free(struct check *c)
{
    free(c);
}

uint32_t
check_broken(const struct check *c, enum check_rule rule)
{
    return c->broken[rule];
}

const char *
check_text(const struct check *c)
{
    return c->text;
}

uint32_t
check_windows(const struct check *c)
{
    return c->windows;
}

uint32_t
check_late_windows(const struct check *c)
{
    return c->late_windows;
}

/* ---- for all of its files -------------------------------------------------------------------- */

void
check_break(struct check *c, enum check_rule rule, const char *format, ...)
{
    c->broken[rule]++;
    if (c->text[0])
        return;
    int n = snprintf(c->text, sizeof(c->text), "%s at %llu.%03llu: ", rule_names[rule],
                     (unsigned long long)(c->now_ns / SECOND),
                     (unsigned long long)(c->now_ns % SECOND / 1000000));
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(c->text + n, sizeof(c->text) - (size_t)n, format, ap);
    va_end(ap);
}

struct run *
check_run(struct check *c, const char *id)
{
    for (uint32_t i = 0; i < c->n_runs; i++)
        if (strcmp(c->runs[i].id, id) == 0)
            return &c->runs[i];
    return NULL;
}

void
check_run_id(const char *op, char ret[TEXT])
{
    size_t n = op ? strcspn(op, "/") : 0;
    if (n >= TEXT)
        n = TEXT - 1;
    if (n)
        memcpy(ret, op, n);
    ret[n] = '\0';
}

void
check_set(struct check *c, struct truth *t, bool is)
{
    if (t->is && !is)
        t->was_ns = c->now_ns;
    t->is = is;
}

bool
check_was(const struct truth *t, uint64_t since_ns)
{
    return t->is || (t->was_ns && t->was_ns >= since_ns);
}

bool
check_served(const struct group *g, uint32_t site)
{
    for (uint32_t j = 0; j < g->n_copies; j++)
        for (uint32_t i = 0; g->copies[j].site == site && i < g->n_members; i++)
            if (g->copies[j].members[i].access != READ_WRITE || !g->copies[j].members[i].exposed)
                return false;
    return true;
}

/* ---- what it is told ------------------------------------------------------------------------- */

static void
told_runs(struct check *c, const struct history_entry *e)
{
    for (uint32_t i = 0; i < c->n_groups && !c->told_forgotten; i++) {
        const struct entry *in = &c->groups[i].in[e->store];
        if (e->token || !in->recorded || in->phase == HISTORY_PHASE_STEADY)
            continue;
        check_break(c, CHECK_L1, "group %u is in the middle of what no run will end", i);
        c->told_forgotten = true;
    }
}

void
check_tell(struct check *c, const struct history_entry *e)
{
    c->now_ns = e->time_ns;
    switch (e->kind) {
    case HISTORY_WORLD:
        check_world(c, e->world, e->store);
        break;
    case HISTORY_RECORD:
        check_record(c, e);
        break;
    case HISTORY_LOCK:
        check_lock(c, e);
        break;
    case HISTORY_INTENT:
        check_intended(c, e);
        break;
    case HISTORY_CONSENT:
        check_consent(c, e);
        break;
    case HISTORY_DONE:
        check_done(c, e);
        break;
    case HISTORY_DAMAGE:
        c->groups[e->group].damaged = !e->released;
        break;
    case HISTORY_RUNS:
        told_runs(c, e);
        break;
    case HISTORY_REFUSAL:
        check_break(c, CHECK_L2, "%s", e->text);
        break;
    case HISTORY_WRONG:
        c->wrong = true;
        break;
    case HISTORY_SHOWN:
    case HISTORY_SAID:
        check_asked(c, e);
        break;
    case HISTORY_OVER:
        check_over(c, e);
        break;
    case HISTORY_VERDICT:
        check_verdict(c, e);
        break;
    case HISTORY_TAKEN:
        check_taken(c, e);
        break;
    case HISTORY_CLAIM:
        check_claim(c, e);
        break;
    case HISTORY_LEFT:
        c->groups[e->group].left = true;
        break;
    case HISTORY_UNKNOWN:
        break;
    }
}

/* No record, and not one copy of it that is writable alone: then it is for a person, as was told.
 */
static bool
is_left(const struct group *g)
{
    uint32_t served = 0;
    for (uint32_t j = 0; j < g->n_copies; j++)
        served += check_served(g, g->copies[j].site);
    return g->left && served != 1;
}

void
check_end(struct check *c, uint32_t open_runs)
{
    if (open_runs)
        check_break(c, CHECK_L1, "%u runs are still open", open_runs);
    for (uint32_t gi = 0; gi < c->n_groups; gi++) {
        const struct group *g = &c->groups[gi];
        const struct entry *in = &g->in[c->active];
        if (!in->recorded && is_left(g))
            continue;
        if (!in->recorded || in->phase != HISTORY_PHASE_STEADY)
            check_break(c, CHECK_L1, "group %u has %s", gi,
                        in->recorded ? "a record that is not steady" : "no record");
        else if (g->dual)
            check_break(c, CHECK_L1, "group %u can still be written at two sites", gi);
        else if (!check_served(g, in->primary))
            check_break(c, CHECK_L1, "group %u is not served from its primary, site %u", gi,
                        in->primary);
    }
}
