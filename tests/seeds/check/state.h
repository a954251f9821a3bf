/* What the judge remembers; for the files of this folder. */
#ifndef TESTS_SEEDS_CHECK_STATE_H
#define TESTS_SEEDS_CHECK_STATE_H

#include "check.h"

enum { GROUPS = 4, COPIES = 2, MEMBERS = 8, SEGMENTS = 64, GIVEN = 8, IMAGES = 32, RUNS = 64 };
enum { INTENTS = 4096, TEXT = 40, STORES = 2, SITES = 8, ACTORS = 64, CALLS = 1024 };
enum { READ_WRITE = 3, SITE_UP = 1, SITE_DEAD = 3 };
enum { REFUSED = 3 };
#define SECOND UINT64_C(1000000000)

/* What a volume holds: everything up to COUNT on the way from the root to SEGMENT. */
struct content {
    uint32_t segment;
    uint64_t count;
};

/* Writes (from, to] of a segment. */
struct range {
    uint64_t from, to;
};

struct segment {
    uint32_t parent;
    uint64_t fork;
    uint64_t written_ns; /* the last of its writes */
    struct range given[GIVEN];
    uint32_t n_given;
};

struct member {
    bool known;
    uint32_t access, exposed, writers;
    struct content content;
    uint64_t at_ns;
    uint64_t basis_ns;     /* the point in time it was promoted to; 0: it was not */
    bool basis_open;       /* nothing was missing then: it is also any later point */
    struct content left;   /* when it was last taken from who wrote it */
    bool was_written, own; /* own: what it held when it became writable is what it was left with */
};

struct copy {
    uint32_t site;
    bool is_source;
    struct member members[MEMBERS];
    uint64_t epoch, token; /* the highest that had an effect */
    uint64_t epoch_ns;     /* since when that epoch */
    bool claimed;          /* somebody was told that it obeys the active controller alone */
};

struct image {
    uint32_t member;
    struct content content;
};

/* What one store has of a group. */
struct entry {
    bool recorded;
    int64_t epoch;
    uint32_t primary;
    enum history_phase phase;
    uint64_t token; /* of the lock */
    bool held;
};

/* A truth, and until when it was one. */
struct truth {
    bool is;
    uint64_t was_ns;
};

struct group {
    uint32_t n_copies, n_members;
    struct copy copies[COPIES];
    struct segment segments[MEMBERS][SEGMENTS];

    struct image images[IMAGES];
    uint32_t n_images;
    bool dual;
    bool returned; /* the other site came back after the flip, with the role it had */
    uint64_t standing_ns;
    uint32_t pair;     /* enum sim_trace_pair: of an active-active pair */
    struct truth both; /* such a pair can be written at both sites, with all that belongs to it */

    struct entry in[STORES];
    bool damaged, left;
    uint64_t agreed_ns; /* to the loss by which the primary came to where it is */
    uint32_t last_run;  /* its place in runs; RUNS: none yet */
};

/* What a plan says of a group that was shown to a person. */
struct shown {
    bool is;
    int64_t epoch;
    uint32_t primary;
};

struct run {
    char id[TEXT];
    bool planned, move, drill;
    uint64_t began_ns, bound_ns;
    uint32_t actor, groups;
    uint32_t served, flipped; /* bits of groups: when it began; by it */
    struct shown shown[GROUPS];
};

struct actor {
    struct shown shown[GROUPS];
    bool said;
    uint64_t bound_ns;
};

struct check {
    uint32_t n_groups;
    struct group groups[GROUPS];
    uint32_t sites[SITES];
    struct truth up[SITES];
    uint64_t up_since_ns[SITES];
    struct run runs[RUNS];
    uint32_t n_runs;
    struct actor actors[ACTORS];
    uint64_t intents[INTENTS];
    bool sent[INTENTS]; /* of these */
    uint32_t n_intents;
    struct {
        uint64_t call;
        uint32_t store;
    } calls[CALLS];  /* who sent it; the last ones */
    uint32_t active; /* store */

    /* of the event under way */
    bool called;
    struct sim_trace_entry call;
    char call_run[TEXT];
    bool ground;

    bool wrong;
    bool told_forgotten;
    uint32_t windows, late_windows;
    uint32_t broken[CHECK_RULES];
    uint64_t now_ns;
    char text[256];
};

/* check.c */
void check_break(struct check *c, enum check_rule rule, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
struct run *check_run(struct check *c, const char *id); /* NULL: nobody began it */
void check_run_id(const char *op, char ret[TEXT]);
void check_set(struct check *c, struct truth *t, bool is);
bool check_was(const struct truth *t, uint64_t since_ns); /* at any moment since */
/* Every volume of it is writable at SITE, and seen. */
bool check_served(const struct group *g, uint32_t site);

/* content.c */
void check_overwritten(struct check *c, struct group *g, uint32_t copy, uint32_t m,
                       struct content old, struct content new);
/* Member M of COPY may be written from now on. */
void check_loss(struct check *c, struct group *g, uint32_t copy, uint32_t m);
void check_points(struct check *c, const struct group *g, uint32_t copy);
/* Is every write of member M that there is anywhere, and that was not given up, in COPY? */
bool check_complete(struct group *g, uint32_t copy, uint32_t m);
/* All that was in OLD, at its segment, is in NEW. */
bool check_holds(struct group *g, uint32_t m, struct content new, struct content old);

/* world.c */
void check_world(struct check *c, const struct sim_trace_entry *e, uint32_t store);

/* written.c */
uint32_t check_intent(const struct check *c, const char *op); /* INTENTS: never written down */
void check_intended(struct check *c, const struct history_entry *e);
void check_record(struct check *c, const struct history_entry *e);
void check_lock(struct check *c, const struct history_entry *e);
void check_consent(struct check *c, const struct history_entry *e);

/* told.c */
void check_asked(struct check *c, const struct history_entry *e);
void check_done(struct check *c, const struct history_entry *e);
void check_over(struct check *c, const struct history_entry *e);
void check_verdict(struct check *c, const struct history_entry *e);
void check_taken(struct check *c, const struct history_entry *e);
void check_claim(struct check *c, const struct history_entry *e);
bool check_seen_past(const struct check *c, const struct copy *copy, int64_t epoch);

#endif
