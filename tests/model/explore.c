/* Breadth first over everything that can happen, so that the first way to a broken rule is a
 * shortest one. No chance, no clock: the same scene gives the same numbers. */
#include "checker.h"

#include <stdlib.h>
#include <string.h>

/* A bound against a scene that somebody makes too large; no scene comes near it. */
enum { STATES_MOST = 12000000 };

static struct {
    struct state *states;
    uint32_t *parents;
    struct label *labels;
    uint32_t *slots; /* state + 1 */
    size_t n, size, n_slots;
} set;

static uint64_t
hash_of(const struct state *s)
{
    uint64_t h = 0x9e3779b97f4a7c15u, word;
    const unsigned char *at = (const unsigned char *)s;
    _Static_assert(sizeof(struct state) % sizeof(word) == 0, "hashed by words");
    for (size_t i = 0; i < sizeof(*s); i += sizeof(word)) {
        memcpy(&word, at + i, sizeof(word));
        h = (h ^ word) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
    }
    return h;
}

static void
slots_grow(void)
{
    free(set.slots);
    set.n_slots = set.n_slots ? set.n_slots * 2 : 1 << 16;
    set.slots = dr_alloc0(set.n_slots, sizeof(*set.slots));
    for (size_t i = 0; i < set.n; i++) {
        size_t at = (size_t)hash_of(&set.states[i]) & (set.n_slots - 1);
        while (set.slots[at])
            at = (at + 1) & (set.n_slots - 1);
        set.slots[at] = (uint32_t)i + 1;
    }
}

/* False: it was there already. */
static bool
add(const struct state *s, size_t parent, struct label l)
{
    if (set.n * 2 >= set.n_slots)
        slots_grow();
    size_t at = (size_t)hash_of(s) & (set.n_slots - 1);
    for (; set.slots[at]; at = (at + 1) & (set.n_slots - 1))
        if (memcmp(&set.states[set.slots[at] - 1], s, sizeof(*s)) == 0)
            return false;
    if (set.n == set.size) {
        set.size = set.size ? set.size * 2 : 1 << 15;
        set.states = dr_realloc(set.states, set.size, sizeof(*set.states));
        set.parents = dr_realloc(set.parents, set.size, sizeof(*set.parents));
        set.labels = dr_realloc(set.labels, set.size, sizeof(*set.labels));
    }
    set.states[set.n] = *s;
    set.parents[set.n] = (uint32_t)parent;
    set.labels[set.n] = l;
    set.n++;
    set.slots[at] = (uint32_t)set.n;
    return true;
}

struct search {
    struct sink sink;
    size_t at;
    unsigned rules;
    uint64_t transitions;
    bool broken;
};

static void
take(struct sink *k, const struct state *s, struct label l)
{
    struct search *x = (struct search *)k;
    struct state n = *s;
    x->transitions++;
    if (x->broken)
        return;
    world_check(&n);
    n.bad &= (uint16_t)x->rules;
    if (add(&n, x->at, l) && n.bad)
        x->broken = true;
}

static void
tell(FILE *to, size_t last)
{
    size_t n = 0;
    for (size_t i = last; i; i = set.parents[i])
        n++;
    size_t *way = dr_alloc0(n + 1, sizeof(*way));
    for (size_t i = last, k = n; i; i = set.parents[i])
        way[k--] = i;
    (void)fprintf(to, "  at first: ");
    say_state(to, &set.states[0]);
    for (size_t k = 1; k <= n; k++) {
        (void)fprintf(to, "  %2zu. ", k);
        say_label(to, &set.states[set.parents[way[k]]], &set.states[way[k]], set.labels[way[k]]);
    }
    (void)fprintf(to, "  now:      ");
    say_state(to, &set.states[last]);
    free(way);
}

static void
moves(struct search *x, const struct state *s)
{
    world_events(&x->sink, s);
    for (unsigned c = 0; c < CONTROLLERS; c++)
        control_moves(&x->sink, s, c);
}

/* L1 of the state at AT. False: it comes to no good end. */
static bool
ends_well(size_t at, FILE *trace, struct found *ret)
{
    const struct state s = set.states[at];
    switch (quiet_end(&s, NULL)) {
    case QUIET_SERVED:
        ret->served++;
        return true;
    case QUIET_BLOCKED:
        ret->blocked++;
        return true;
    case QUIET_STUCK:
        break;
    }
    ret->broken = L1;
    if (trace) {
        (void)fprintf(trace, "  broken: L1, %s\n", rule_texts[L1]);
        tell(trace, at);
        quiet_reset();
        (void)quiet_end(&s, trace);
    }
    return false;
}

void
explore(unsigned rules, bool liveness, FILE *trace, struct found *ret)
{
    struct search x = {.sink = {.take = take}, .rules = rules & ~scene->not_promised};
    struct state s;
    *ret = (struct found){0};
    real_setup();
    quiet_reset();
    world_begin(&s);
    set.n = 0;
    if (set.slots)
        memset(set.slots, 0, set.n_slots * sizeof(*set.slots));
    (void)add(&s, 0, (struct label){0});
    for (; x.at < set.n && !x.broken && ret->broken == FINE; x.at++) {
        if (set.n >= STATES_MOST) {
            ret->full = true;
            break;
        }
        s = set.states[x.at];
        moves(&x, &s);
        if (liveness && !x.broken && !ends_well(x.at, trace, ret))
            break;
    }
    ret->states = set.n;
    ret->transitions = x.transitions;
    if (x.broken) {
        const struct state *last = &set.states[set.n - 1];
        ret->broken = (enum rule)__builtin_ctz(last->bad);
        if (trace) {
            (void)fprintf(trace, "  broken: %s\n", rule_texts[ret->broken]);
            tell(trace, set.n - 1);
        }
    }
}
