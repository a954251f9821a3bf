/*
 * What happens to one world: drawn from a seed, played to its end, judged.
 */
#ifndef TESTS_SEEDS_STORY_H
#define TESTS_SEEDS_STORY_H

#include "seeds/check/check.h"
#include "seeds/shape.h"

/* How a person is wrong about milan when saying that it is lost; design: no array can tell. */
enum wrong_kind {
    WRONG_NONE = 0,
    WRONG_SILENT,  /* only its management does not answer: it replicates, and applications run */
    WRONG_CUT_OFF, /* it does not answer and is cut off from rome, and applications run there */
    WRONG_LINK,    /* only the line between the sites is cut */
    WRONG_KINDS,
};
const char *wrong_name(enum wrong_kind kind);

/* Counted over all stories: what was met at all, so that nothing is tested in name only. */
enum met {
    MET_ENGINES = 0,
    MET_KILLED,  /* controllers */
    MET_RESUMED, /* runs that somebody went on with and that were done then */
    MET_DONE,    /* acts that ended with 0 */
    MET_REFUSED, /* 3 */
    MET_FAILED,  /* 4 */
    MET_OUTCOME, /* 5: outcome unknown */
    MET_STALE,   /* 11 */
    MET_LOCKED,  /* 7 */
    MET_OTHER,
    MET_FAULTS, /* that struck */
    MET_LOST_SITES,
    MET_BACK, /* lost sites that came back */
    MET_REBOOTS,
    MET_LINKS_CUT,
    MET_TWO,      /* two operators at a time */
    MET_WINDOWS,  /* two writable sites by a site's return */
    MET_LATE,     /* the same, because a committed flip went on after it */
    MET_FLIPS,    /* primaries changed */
    MET_GIVEN_UP, /* runs that could not end, in the end */
    MET_GUARDED,  /* what came back was closed by a guard */
    MET_LEGS,     /* worlds with an active-active pair */
    MET_VERIFIED, /* verdicts that both sites can write */
    MET_DOUBTED,  /* and that they cannot, or that nobody knows */
    MET_OFFICES,  /* worlds with two controllers */
    MET_TAKEN,    /* takeovers */
    MET_REPLACED, /* acts that were told that somebody has taken over */
    MET_LEFT,     /* groups of which a person has to say which copy counts */
    MET_COUNT,
};
const char *met_name(enum met what);

struct verdict {
    bool bad;
    enum wrong_kind wrong;
    bool over_living; /* a wrong person had their way */
    uint32_t broken[CHECK_RULES];
    uint32_t met[MET_COUNT];
    char text[256]; /* the first thing that was bad */
};

/* SHOW: a history is made; it goes to stdout. */
void story_play(const struct shape *s, uint64_t seed, bool show, struct verdict *ret);
/* All that there are, and which of them belongs to a seed. */
bool story_prepare(void);
const struct shape *story_shape(uint64_t seed);

#endif
