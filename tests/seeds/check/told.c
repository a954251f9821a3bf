/* What people were shown, what they said, and what they were told: it must be so. */
#include "state.h"

#include <string.h>

void
check_asked(struct check *c, const struct history_entry *e)
{
    struct actor *actor = &c->actors[e->actor % ACTORS];
    if (e->kind == HISTORY_SHOWN) {
        actor->shown[e->group] = (struct shown){true, e->epoch, e->primary};
        return;
    }
    *actor = (struct actor){.said = true, .bound_ns = e->bound_ns}; /* nothing is shown yet */
}

/* S9 */
void
check_done(struct check *c, const struct history_entry *e)
{
    const struct group *g = &c->groups[e->group];
    const struct entry *in = &g->in[c->active];
    const struct run *last = g->last_run < RUNS ? &c->runs[g->last_run] : NULL;
    /* Somebody else moved it on while they were told. */
    if (last && last->actor != e->actor && last->began_ns >= e->since_ns)
        return;
    if (!in->held && c->sites[e->primary] == SITE_UP &&
        (!check_served(g, e->primary) || in->primary != e->primary))
        check_break(c, CHECK_S9, "group %u is said to be served at site %u and is not", e->group,
                    e->primary);
}

/* L3: unless somebody else is at it since, or its site cannot be seen. */
void
check_over(struct check *c, const struct history_entry *e)
{
    char id[TEXT];
    check_run_id(e->text, id);
    const struct run *run = check_run(c, id);
    if (!run || !run->move || e->store != c->active)
        return;
    for (uint32_t i = 0; i < c->n_groups; i++) {
        const struct group *g = &c->groups[i];
        const struct entry *in = &g->in[c->active];
        uint32_t bit = UINT32_C(1) << i;
        if (!(run->groups & run->served & ~run->flipped & bit) || in->held || !in->recorded ||
            c->sites[in->primary] != SITE_UP || g->damaged)
            continue;
        const struct run *last = &c->runs[g->last_run];
        if (last != run && last->actor != e->actor)
            continue;
        if (!check_served(g, in->primary))
            check_break(c, CHECK_L3,
                        "group %u: run %s is over without its commit, and nobody serves at site %u",
                        i, id, in->primary);
    }
}

/* S12 */
void
check_verdict(struct check *c, const struct history_entry *e)
{
    enum { AGE_MOST_S = 300 };
    const struct group *g = &c->groups[e->group];
    if (!g->pair || !check_was(&g->both, e->since_ns))
        check_break(c, CHECK_S12, "group %u is said to be written at both sites, and cannot be",
                    e->group);
    for (uint32_t j = 0; j < g->n_copies; j++)
        if (!check_was(&c->up[g->copies[j].site], e->since_ns))
            check_break(c, CHECK_S12,
                        "group %u is said to be written at both sites, and nobody could ask site "
                        "%u",
                        e->group, g->copies[j].site);
    if (e->bound_ns > AGE_MOST_S * SECOND)
        check_break(c, CHECK_S12, "group %u: what was read is believed for %llu s", e->group,
                    (unsigned long long)(e->bound_ns / SECOND));
}

/* ---- a controller that takes over ------------------------------------------------------------ */

/* Whoever can ask the array knows that EPOCH is past: it is in sight, and has been so for a while.
 */
bool
check_seen_past(const struct check *c, const struct copy *copy, int64_t epoch)
{
    enum { LOOK_S = 15 };
    return c->sites[copy->site] == SITE_UP && (int64_t)copy->epoch > epoch &&
           copy->epoch_ns + LOOK_S * SECOND < c->now_ns &&
           c->up_since_ns[copy->site] + LOOK_S * SECOND < c->now_ns;
}

/* S8: what is behind is not among what it goes by. */
void
check_taken(struct check *c, const struct history_entry *e)
{
    c->active = e->store;
    for (uint32_t i = 0; i < c->n_groups; i++) {
        const struct group *g = &c->groups[i];
        const struct entry *in = &g->in[e->store];
        for (uint32_t j = 0; in->recorded && j < g->n_copies; j++)
            if (check_seen_past(c, &g->copies[j], in->epoch))
                check_break(c, CHECK_S8,
                            "group %u: taken over with a record of epoch %lld, and the copy at "
                            "site %u has seen %llu",
                            i, (long long)in->epoch, g->copies[j].site,
                            (unsigned long long)g->copies[j].epoch);
    }
}

void
check_claim(struct check *c, const struct history_entry *e)
{
    struct group *g = &c->groups[e->group];
    for (uint32_t j = 0; j < g->n_copies; j++)
        g->copies[j].claimed |= g->copies[j].site == e->primary;
}
