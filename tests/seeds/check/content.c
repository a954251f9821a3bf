/* What is held where, what is lost, and of which moment it is. */
#include "state.h"

#include <stddef.h>

/* A loss is told in whole seconds of two clocks. */
#define LOSS_SLACK_NS SECOND

/* ---- what is held where ---------------------------------------------------------------------- */

/* How much of SEGMENT is in CONTENT: its writes up to there; 0: none. */
static uint64_t
upto(const struct segment *s, struct content content, uint32_t segment)
{
    uint64_t limit = content.count;
    uint32_t at = content.segment;
    while (at != segment) {
        if (at == 0)
            return 0;
        limit = s[at].fork;
        at = s[at].parent;
    }
    return limit;
}

/* FN for each part of OLD that NEW lacks; stops when FN says so. */
static bool
each_lacking(struct segment *s, struct content old, struct content new,
             bool (*fn)(struct segment *s, uint32_t segment, struct range r, void *user),
             void *user)
{
    uint32_t at = old.segment;
    uint64_t high = old.count;
    for (;;) {
        uint64_t low = at ? s[at].fork : 0, there = upto(s, new, at);
        if (there > low)
            low = there;
        if (high > low && fn(s, at, (struct range){low, high}, user))
            return true;
        if (at == 0)
            return false;
        high = s[at].fork;
        at = s[at].parent;
    }
}

/* The part of R that nobody gave up and no content of LIST holds; taken from above. */
struct holders {
    struct content list[COPIES + IMAGES];
    uint32_t n;
    uint64_t lost, last_ns;
};

static bool
given_up(const struct segment *s, uint64_t write)
{
    for (uint32_t i = 0; i < s->n_given; i++)
        if (write > s->given[i].from && write <= s->given[i].to)
            return true;
    return false;
}

static bool
count_lost(struct segment *s, uint32_t segment, struct range r, void *user)
{
    struct holders *h = user;
    for (uint32_t i = 0; i < h->n; i++) {
        uint64_t held = upto(s, h->list[i], segment);
        if (held > r.from)
            r.from = held < r.to ? held : r.to;
    }
    /* Ranges are given up as a whole, so their ends are the only places to look at. */
    uint64_t lost = 0;
    for (uint64_t w = r.from + 1; w <= r.to; w++) {
        bool gone = given_up(&s[segment], w);
        for (uint32_t i = 0; gone && i < s[segment].n_given; i++)
            if (w > s[segment].given[i].from && w <= s[segment].given[i].to) {
                w = s[segment].given[i].to;
                break;
            }
        if (gone)
            continue;
        uint64_t end = r.to;
        for (uint32_t i = 0; i < s[segment].n_given; i++)
            if (s[segment].given[i].from >= w && s[segment].given[i].from < end)
                end = s[segment].given[i].from;
        lost += end - w + 1;
        w = end;
    }
    h->lost += lost;
    if (lost && s[segment].written_ns > h->last_ns)
        h->last_ns = s[segment].written_ns;
    return false;
}

static bool
give_up(struct segment *s, uint32_t segment, struct range r, void *user)
{
    struct segment *at = &s[segment];
    (void)user;
    for (uint32_t i = 0; i < at->n_given; i++)
        if (r.from <= at->given[i].to && r.to >= at->given[i].from) {
            at->given[i].from = r.from < at->given[i].from ? r.from : at->given[i].from;
            at->given[i].to = r.to > at->given[i].to ? r.to : at->given[i].to;
            return false;
        }
    if (at->n_given < GIVEN)
        at->given[at->n_given++] = r;
    return false;
}

static void
hold(struct holders *h, struct content content)
{
    h->list[h->n++] = content;
}

/* S2: what the member held and holds no more must be somewhere else. */
void
check_overwritten(struct check *c, struct group *g, uint32_t copy, uint32_t m, struct content old,
                  struct content new)
{
    struct segment *s = g->segments[m];
    struct holders h = {0};
    for (uint32_t j = 0; j < g->n_copies; j++)
        if (j != copy)
            hold(&h, g->copies[j].members[m].content);
    for (uint32_t i = 0; i < g->n_images; i++)
        if (g->images[i].member == m)
            hold(&h, g->images[i].content);
    (void)each_lacking(s, old, new, count_lost, &h);
    if (h.lost)
        check_break(c, CHECK_S2, "group %u: %llu acknowledged writes are in no copy any more",
                    (unsigned)(g - c->groups), (unsigned long long)h.lost);
}

/* ---- promotions ------------------------------------------------------------------------------ */

/* S3: member M of COPY may be written from now on. */
void
check_loss(struct check *c, struct group *g, uint32_t copy, uint32_t m)
{
    struct segment *s = g->segments[m];
    const struct member *me = &g->copies[copy].members[m];
    const struct run *run = check_run(c, c->call_run);
    uint64_t bound = run && !run->planned ? run->bound_ns : 0;
    if (run && !run->planned && g->standing_ns > bound)
        bound = g->standing_ns;
    /* One that goes on with a flip needs no other word than what was said to that. */
    if (g->agreed_ns > bound && g->in[c->active].primary == g->copies[copy].site)
        bound = g->agreed_ns;
    for (uint32_t j = 0; j < g->n_copies; j++) {
        struct holders h = {0};
        if (j == copy)
            continue;
        struct content other = g->copies[j].members[m].content;
        (void)each_lacking(s, other, me->content, count_lost, &h);
        if (h.lost == 0)
            continue;
        uint64_t loss_ns = h.last_ns > me->at_ns ? h.last_ns - me->at_ns : 0;
        bool agreed = bound == HISTORY_ANY || (bound && loss_ns <= bound + LOSS_SLACK_NS);
        if (!agreed && g->returned)
            c->late_windows++;
        else if (!agreed && !c->wrong)
            check_break(c, CHECK_S3,
                        "group %u: promoted over %llu newer writes (%llu ms), agreed were %llu ms",
                        (unsigned)(g - c->groups), (unsigned long long)h.lost,
                        (unsigned long long)(loss_ns / 1000000),
                        (unsigned long long)(bound / 1000000));
        (void)each_lacking(s, other, me->content, give_up, NULL);
    }
}

/* S4: those that were promoted, and may be written, are of one point in time. */
void
check_points(struct check *c, const struct group *g, uint32_t copy)
{
    uint64_t moment = 0, least = 0;
    bool unequal = false, own = true;
    for (uint32_t i = 0; i < g->n_members; i++) {
        const struct member *m = &g->copies[copy].members[i];
        if (m->access != READ_WRITE || !m->basis_ns)
            continue;
        own &= m->own;
        if (m->basis_open)
            least = m->basis_ns > least ? m->basis_ns : least;
        else if (moment && moment != m->basis_ns)
            unequal = true;
        else
            moment = m->basis_ns;
    }
    /* A primary that serves again goes on from its own writes: volumes that were taken from it one
     * after the other were at no common point, and its application knows each write that failed. */
    if (!own && (unequal || (moment && least > moment)))
        check_break(c, CHECK_S4, "group %u: its volumes were promoted to different points in time",
                    (unsigned)(g - c->groups));
}

/* Is every write of member M that there is anywhere, and that was not given up, in COPY? */
bool
check_complete(struct group *g, uint32_t copy, uint32_t m)
{
    struct content mine = g->copies[copy].members[m].content;
    struct holders h = {0};
    for (uint32_t j = 0; j < g->n_copies; j++)
        (void)each_lacking(g->segments[m], g->copies[j].members[m].content, mine, count_lost, &h);
    return h.lost == 0;
}

bool
check_holds(struct group *g, uint32_t m, struct content new, struct content old)
{
    return upto(g->segments[m], new, old.segment) >= old.count;
}
