/*
 * The judge: replays the log of writes, roles, commands, records, and of what people were told, and
 * says which invariant was broken first, and when. It knows the words of docs/safety.md and nothing
 * of the code that is to keep them: no file of core or of the simulated array is included but the
 * plain entries.
 */
#ifndef TESTS_SEEDS_CHECK_CHECK_H
#define TESTS_SEEDS_CHECK_CHECK_H

#include "history.h"

enum check_rule {
    CHECK_S1 = 0, /* never two sites that can write one group */
    CHECK_S2,     /* no acknowledged write that nobody agreed to lose is dropped everywhere */
    CHECK_S3,     /* who may write holds every such write, or somebody agreed to the loss */
    CHECK_S4,     /* all members of one point in time, or no application starts */
    CHECK_S5,     /* the source of a resync is the primary of the record */
    CHECK_S6,     /* intent is written before a command is sent */
    CHECK_S7,     /* a flip is one write: epoch, primary, evidence, consent */
    CHECK_S8,     /* a stale controller changes nothing, and what is behind is not gone by */
    CHECK_S9,     /* what is said to be done is done */
    CHECK_S10,    /* a flip is the one that was shown, and costs no more than was said */
    CHECK_S11,    /* a drill makes, shows and removes its clone, and touches nothing else */
    CHECK_S12,    /* both sites are said to write only where they just could */
    CHECK_S13,    /* what is damaged is not acted upon */
    CHECK_S14,    /* intents are in the audit chain with the write that makes them */
    CHECK_L1,     /* in the end every group is served from its primary, and no run is open */
    CHECK_L2,     /* a refusal says what, why, and what would help */
    CHECK_L3,     /* a planned move that ends without its commit leaves the primary serving */
    CHECK_RULES,
};
const char *check_rule_name(enum check_rule rule);

struct check;

/* STANDING_NS: what the configuration agrees to lose, of each group. */
struct check *check_new(uint32_t n_groups, const uint64_t *standing_ns);
void check_free(struct check *c);

void check_tell(struct check *c, const struct history_entry *e);
/* Nothing more will happen. OPEN_RUNS: that have not ended. */
void check_end(struct check *c, uint32_t open_runs);

uint32_t check_broken(const struct check *c, enum check_rule rule); /* how often */
/* The first time any was broken, and how; "": never. */
const char *check_text(const struct check *c);
/* Two sites could write because one came back, for which nobody can be blamed. */
uint32_t check_windows(const struct check *c);
/* The same, because a flip that was committed while the other site was gone went on when it was
 * back: from the commit on nothing contacts it. */
uint32_t check_late_windows(const struct check *c);

#endif
