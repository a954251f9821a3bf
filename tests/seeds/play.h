/* What the files of a story share: people (people.c), fate (fate.c), the end (ending.c). */
#ifndef TESTS_SEEDS_PLAY_H
#define TESTS_SEEDS_PLAY_H

#include "seeds/story.h"
#include "seeds/watch.h"

enum disaster {
    CALM = 0,
    SITE_LOST,   /* milan is dead */
    OUTAGE,      /* its hosts are gone, its array answers */
    REBOOT,      /* it goes and comes back at once */
    FALSE_ALARM, /* nothing of it is true: see wrong */
};

struct story {
    struct house *h;
    const struct shape *s;
    struct watch *watch;
    struct verdict *v;

    enum disaster disaster;
    enum wrong_kind wrong;
    bool virgin;
    bool autostart; /* applications at milan begin by themselves when it is back */
    bool damaged;   /* a record is altered for a while */
    bool deadly;    /* who has sent what nobody hears of is killed, mostly */
    bool overtaken; /* see people_overtake() */
    bool haunted;   /* something becomes of the first change of roles that nobody hears of */
    uint64_t at_ms, back_ms; /* of the disaster and of milan's return; 0: none */
    unsigned to;             /* where the first person wants to go */
    unsigned n_controllers;
    struct controller *controllers[64];

    struct office
        *offices[2]; /* milan's, and rome's that stands by; NULL: one controller's world */
    unsigned acting; /* whose controller is the active one, as far as people know */
    bool two_offices;
    bool apart;    /* both are alive, and do not hear each other */
    bool stranded; /* milan's is gone with its site */

    uint64_t muted;
    unsigned working; /* operators that have not ended */
    struct dr_cond done;
    pthread_mutex_t lock; /* of done */
};

/* ---- story.c --------------------------------------------------------------------------------- */

unsigned story_pick(struct story *st, unsigned below); /* of the seed */
void story_met(struct story *st, enum met what);
struct controller *story_controller(struct story *st); /* of who acts */
struct controller *story_controller_at(struct story *st, unsigned office);
struct dr_store *story_store(struct story *st); /* of who acts */
/* A person at C asks for it; the judge hears what is said to and fro. PLAN_JSON: in hand, or NULL.
 */
struct errand *story_ask(struct story *st, struct controller *c, const struct errand_what *what,
                         const char *plan_json);
/* FN is a task of the story: it ends with story_ended(). */
void story_begin(struct story *st, void (*fn)(void *arg), void *arg);
void story_ended(struct story *st);
void story_wait(struct story *st);
bool story_enter(struct story *st); /* the world */
void story_leave(struct story *st);

/* What is so, and what is written. */
bool story_writable(struct story *st, unsigned group, unsigned site);
int story_primary(struct story *st,
                  unsigned group); /* where the record has it; -1: there is none */
bool story_served(struct story *st, unsigned group);
const char *story_open_run(struct story *st); /* NULL: none is open */
unsigned story_open_runs(struct story *st);

/* ---- people.c -------------------------------------------------------------------------------- */

/* Somebody begins to work at AT_MS. NUMBER: another one draws otherwise. */
void people_employ(struct story *st, uint64_t at_ms, uint64_t number);
/* One reads a plan for a long while; meanwhile others move the groups there and back. */
void people_overtake(struct story *st);
/* The same for somebody at milan who does not know that rome has taken over. */
void people_employ_stubborn(struct story *st, uint64_t at_ms, uint64_t number);
/* How an errand ended is counted. */
void people_count(struct story *st, const struct errand *e);

/* ---- fate.c ---------------------------------------------------------------------------------- */

void fate_set_site(struct story *st, unsigned site, enum sim_site_state state);
void fate_set_link(struct story *st, bool up);
void fate_begin(struct story *st); /* disasters, faults, and what else may happen */
void fate_kill_later(struct story *st, struct controller *c, uint64_t after_ms);
void fate_clear(struct story *st);
/* Applications at SITE, of all groups. */
void fate_writers(struct story *st, unsigned site, bool on);
struct errand *fate_guard_begin(struct story *st); /* NULL: there is none */
void fate_guard_end(struct story *st, struct errand *e);

/* ---- offices.c ------------------------------------------------------------------------------- */

/* Two controllers, one of which is told what the other one stores. */
void offices_open(struct story *st);
void offices_begin(struct story *st);
/* A takeover that somebody has begun comes to its end. */
void offices_settle(struct story *st);

/* ---- ending.c -------------------------------------------------------------------------------- */

/* Everything is in reach, and a patient person goes on until nothing is left. */
void ending_go_on(struct story *st);

/* ---- verdict.c ------------------------------------------------------------------------------- */

void verdict_reach(struct story *st);

#endif
