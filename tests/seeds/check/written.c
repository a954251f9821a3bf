/* What stores say: records, locks, intents, and the consent a run begins with. */
#include "state.h"

#include <stdlib.h>
#include <string.h>

/* ---- intents --------------------------------------------------------------------------------- */

static uint64_t
text_hash(const char *text)
{
    uint64_t h = UINT64_C(1469598103934665603);
    for (; text && *text; text++)
        h = (h ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return h;
}

uint32_t
check_intent(const struct check *c, const char *op)
{
    uint64_t h = text_hash(op);
    for (uint32_t i = c->n_intents; i-- > 0;)
        if (c->intents[i] == h)
            return i;
    return INTENTS;
}

void
check_intended(struct check *c, const struct history_entry *e)
{
    /* A step's row is written again with what else it holds. */
    if (check_intent(c, e->text) < INTENTS)
        return;
    if (c->n_intents == INTENTS)
        abort();
    c->intents[c->n_intents++] = text_hash(e->text);
    if (!e->audited)
        check_break(c, CHECK_S14, "%s is not in the audit chain", e->text);
}

/* ---- records --------------------------------------------------------------------------------- */

/* S10: the flip of this run is the one that was shown to its person. */
static void
as_shown(struct check *c, struct group *g, const struct history_entry *e,
         const struct entry *before)
{
    char id[TEXT];
    check_run_id(e->text, id);
    struct run *run = check_run(c, id);
    if (e->primary != before->primary)
        g->agreed_ns = run && !run->planned ? run->bound_ns : 0;
    if (!run)
        return;
    run->flipped |= UINT32_C(1) << e->group;
    const struct shown *shown = &run->shown[e->group];
    if (shown->is && (shown->epoch != before->epoch || shown->primary != before->primary))
        check_break(c, CHECK_S10,
                    "group %u: what was agreed to was for epoch %lld at site %u, and it is epoch "
                    "%lld at site %u that ends",
                    e->group, (long long)shown->epoch, shown->primary, (long long)before->epoch,
                    before->primary);
}

/* S7, S8: whole, and of a number that was not given before. */
static void
told_flip(struct check *c, struct group *g, const struct history_entry *e,
          const struct entry *before)
{
    bool whole = e->epoch == before->epoch + 1 && e->phase == HISTORY_PHASE_PROMOTING &&
                 e->evidence > 0 && e->consented;
    if (!whole)
        check_break(c, CHECK_S7,
                    "group %u: epoch %lld site %u became epoch %lld site %u%s%s%s in one write",
                    e->group, (long long)before->epoch, before->primary, (long long)e->epoch,
                    e->primary, e->phase == HISTORY_PHASE_PROMOTING ? "" : " without its phase",
                    e->evidence ? "" : " without evidence", e->consented ? "" : " without consent");
    for (uint32_t j = 0; j < g->n_copies; j++)
        if (check_seen_past(c, &g->copies[j], e->epoch - 1))
            check_break(c, CHECK_S8,
                        "group %u: epoch %lld is given, and the copy at site %u has seen %llu",
                        e->group, (long long)e->epoch, g->copies[j].site,
                        (unsigned long long)g->copies[j].epoch);
    as_shown(c, g, e, before);
}

void
check_record(struct check *c, const struct history_entry *e)
{
    struct group *g = &c->groups[e->group];
    struct entry *in = &g->in[e->store];
    if (e->gone) {
        in->recorded = false;
        return;
    }
    if (!e->copied && !in->recorded) {
        if (e->phase != HISTORY_PHASE_STEADY && e->evidence == 0)
            check_break(c, CHECK_S7, "group %u: its first record is in the middle of a flip",
                        e->group);
    } else if (!e->copied && (e->epoch != in->epoch || e->primary != in->primary)) {
        /* The same primary anew is a flip too: of one that nobody served. */
        told_flip(c, g, e, in);
    }
    if (!e->copied && (e->token != in->token || !in->held))
        check_break(c, CHECK_S8,
                    "group %u: its record was written with token %llu, the lock is at %llu",
                    e->group, (unsigned long long)e->token, (unsigned long long)in->token);
    if (!in->recorded || e->primary != in->primary)
        g->returned = false;
    in->recorded = true;
    in->epoch = e->epoch;
    in->primary = e->primary;
    in->phase = e->phase;
}

void
check_lock(struct check *c, const struct history_entry *e)
{
    struct entry *in = &c->groups[e->group].in[e->store];
    if (e->token < in->token)
        check_break(c, CHECK_S8, "group %u: the lock went back from token %llu to %llu", e->group,
                    (unsigned long long)in->token, (unsigned long long)e->token);
    in->token = e->token;
    in->held = !e->released && !e->copied;
}

/* ---- runs ------------------------------------------------------------------------------------ */

void
check_consent(struct check *c, const struct history_entry *e)
{
    char id[TEXT];
    check_run_id(e->text, id);
    if (check_run(c, id)) /* a copy of it, in another store */
        return;
    if (c->n_runs == RUNS)
        abort();
    struct run *run = &c->runs[c->n_runs];
    struct actor *actor = &c->actors[e->actor % ACTORS];
    *run = (struct run){.began_ns = c->now_ns,
                        .planned = e->planned,
                        .move = e->move,
                        .drill = e->drill,
                        .bound_ns = e->bound_ns,
                        .actor = e->actor,
                        .groups = e->groups};
    memcpy(run->id, id, sizeof(run->id));
    memcpy(run->shown, actor->shown, sizeof(run->shown));
    if (actor->said && !e->planned && e->bound_ns > actor->bound_ns)
        check_break(c, CHECK_S10, "run %s was begun for a larger loss than was agreed to", id);
    if (actor->said && actor->bound_ns < run->bound_ns)
        run->bound_ns = actor->bound_ns;
    *actor = (struct actor){0}; /* for one attempt */
    for (uint32_t i = 0; i < c->n_groups; i++) {
        struct group *g = &c->groups[i];
        if (!(e->groups & (UINT32_C(1) << i)))
            continue;
        g->last_run = c->n_runs;
        if (g->in[e->store].recorded && check_served(g, g->in[e->store].primary))
            run->served |= UINT32_C(1) << i;
    }
    c->n_runs++;
}
