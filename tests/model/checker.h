/* What the files of this folder share: the state that is explored, and who changes it. */
#ifndef TESTS_MODEL_H
#define TESTS_MODEL_H

#include "base/mem.h"
#include "model/record.h"
#include "model/table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * The bounds. Two sites, two controllers and two runs are what the rules speak of. Three writes:
 * one that both copies have, one that is on its way when a consent is given, one that comes after
 * it. FAULTS is how much goes wrong in one history; each guard is needed with two or fewer.
 */
enum { SITES = 2, CONTROLLERS = 2, RUNS = 2, WRITES = 3, ALL_WRITES = (1 << WRITES) - 1 };
enum { EPOCH_FIRST = 1, STEPS_MOST = 16, ALL_STEPS = (1 << STEPS_MOST) - 1 };

enum access { CLOSED, PART, OPEN }; /* of two members: none, one, both are read-write */

/* The group's record, as far as anything here depends on it. */
struct rec {
    uint64_t epoch : 3, primary : 1, phase : 3; /* enum dr_phase */
    uint64_t op : 2;                            /* 0: nobody's; else the run + 1 */
    uint64_t ev : 3, ev_run : 2, ev_epoch : 3;  /* enum drstor_evidence_kind, run + 1 */
    uint64_t ev_old : 1;                        /* older than DR_EVIDENCE_VALID_S */
    uint64_t ev_site : 1;
    uint64_t stale : 1; /* old_copy is not NONE */
    uint64_t left : 1, left_zero : 1, left_gen_known : 1, left_gen : WRITES, left_since : 2;
    uint64_t untaken : 1; /* the primary was never seen writable since its commit */
    uint64_t exposed : 1, hold : 2;
    uint64_t drill : 2, drill_site : 1; /* its run + 1 */
};

enum run_state { RUN_NONE, RUN_PLANNED, RUN_OPEN, RUN_DONE, RUN_REFUSED, RUN_ABORTED };

/* A run as the store has it; PLANNED is not there yet. Steps are counted as its row has them. */
struct run {
    uint64_t state : 3, op : 4;                        /* enum dr_operation */
    uint64_t old : 1, to : 1, unplanned : 1, lost : 1; /* a person declares the old site lost */
    uint64_t accepts : 4;                              /* as dr_accept_loss; see real.h */
    uint64_t epoch : 3, primary : 1;                   /* of the record it was planned for */
    uint64_t steps : STEPS_MOST, done : STEPS_MOST;
    uint64_t sent : 2; /* threads whose row holds an intent without a clear answer */
    uint64_t gen_known : 1, gen : WRITES;   /* of the old copy: at the final sync, at the intent */
    uint64_t kept_known : 1, kept : WRITES; /* of the old copy, when it was kept in a snapshot */
    uint64_t handover : 1;                  /* the LUNs were read while hosts saw them */
};

enum pc {
    PC_NONE,   /* no step is under way */
    PC_BEGIN,  /* fence: its record is not written yet */
    PC_LOOK,   /* look, and act if it is not so yet */
    PC_SETTLE, /* something was sent and nobody knows what became of it */
    PC_WRITE,  /* everything was weighed; the record is to be changed */
    PC_CAS     /* the record was loaded and changed in memory; the write is next */
};

struct thread {
    uint32_t step : 4, pc : 3;
    uint32_t acted : 1, moved : 1; /* a call had its effect; a transfer of this step was DONE */
    uint32_t sub : 2;              /* fence: what it drives: 0 nothing, 1 demote, 2 withdraw */
    uint32_t dem : 2, wd : 2;      /* fence: 1 done, 2 tried in vain */
    uint32_t settled : 1;          /* fence */
    uint32_t fresh : 1;            /* nobody changed the record since it was loaded */
    uint32_t asked : WRITES;       /* commit, intent: what somebody agreed to lose, weighed */
};

enum { MAIN, SIDE, THREADS };

struct ctl {
    uint32_t run : 2;      /* 0: idle; else the run + 1 */
    uint32_t held : 1;     /* it believes that it holds the lock */
    uint32_t settling : 1; /* a holder before it died */
    uint32_t aborting : 1;
    uint32_t failed : 2; /* a step ended: 1 failed, 2 refused */
    struct thread t[THREADS];
};

struct cmd {
    uint32_t what : 4, site : 1, epoch : 3; /* enum what; 0: nothing is under way */
};

enum what {
    CMD_NONE,
    CMD_OPEN,
    CMD_CLOSE,
    CMD_EXPOSE,
    CMD_WITHDRAW,
    CMD_TRANSFER,
    CMD_RESYNC, /* SITE is overwritten from the other */
    CMD_SNAPSHOT,
    CMD_TAG,
    CMD_PAUSE,
    CMD_UNPAUSE,
    CMD_CLONE,
    CMD_UNCLONE,
    CMD_FORCE,
    CMD_STOP,  /* the engine there shuts the VMs down */
    CMD_DETACH /* and detaches the domains */
};

struct site {
    uint16_t up : 1, mute : 1; /* MUTE: it lives, and its management does not answer */
    uint16_t acc : 2, exp : 1, vms : 1, att : 1; /* ATT: the engine there has its domains */
    uint16_t rel : 3;                            /* enum drstor_relation */
    uint16_t data : WRITES;                      /* the writes it has */
    uint16_t ghost : 1;                          /* it came back with its old role: see world.c */
    uint16_t leg : 3;                            /* enum drstor_leg */
};

struct state {
    struct rec rec;
    struct run runs[RUNS];
    struct rec loaded[THREADS]; /* what a thread in PC_CAS is about to write */
    struct ctl ctl[CONTROLLERS];
    struct site site[SITES];
    struct cmd flight; /* sent, and it may still act */
    uint16_t n : 2, agreed : WRITES, ghosts : WRITES, snaps : WRITES;
    uint16_t given : WRITES; /* agreed to be overwritten, because it is kept in a snapshot */
    uint16_t link : 1, paused : 1, copying : 1; /* COPYING: no consistent point at the follower */
    uint16_t clone : 2;                         /* site + 1 */
    uint8_t tag[SITES];
    uint16_t bad;     /* the rules that were broken by the last move: bits of enum rule */
    uint8_t holder;   /* of the lock: controller + 1 */
    uint8_t faults;   /* left */
    uint8_t died : 1; /* the lock was last held by somebody who died */
};

/* ---- what must hold (docs/safety.md) --------------------------------------------------------- */

enum rule { FINE, S1, S2, S3, S4, S5, S6, S7, S8, S9, S11, L1, L3, RULES };
extern const char *const rule_texts[RULES];

/* ---- what is explored ------------------------------------------------------------------------ */

#define OP(x) (1u << DR_OPERATION_##x)

struct scene {
    const char *name;
    bool sync;             /* the mode of the group */
    bool mutual;           /* active-active */
    bool tags;             /* arrays keep the epoch and refuse an older one */
    bool no_roles[SITES];  /* its array refuses to make the copy read-only */
    unsigned first, then;  /* operations of the first run, and of the next */
    bool accepts_all;      /* people accept a loss that nobody knows */
    bool idle_is_sync;     /* an asynchronous array calls a pair in sync when nothing moves */
    bool storage_only;     /* engines are left alone */
    bool no_hiding;        /* arrays cannot take a copy away from hosts */
    unsigned events;       /* what may happen beside them: see world.c */
    unsigned not_promised; /* rules that do not hold here, and docs/safety.md says so */
    uint8_t faults;
    void (*begin)(struct state *s); /* what is different at the beginning; NULL: nothing */
};
extern const struct scene *scene; /* the one at hand */
extern const struct scene scenes[];
extern const size_t n_scenes;

/* The machinery around the table, as far as it can be left out one by one; guards.c says of each
 * what it is. */
enum guard {
    G_NONE,
    G_NEEDS, /* one bit of one step of one row */
    G_TOKEN_INTENT,
    G_TOKEN_RECORD,
    G_VERSION,
    G_INTENT,
    G_SETTLE,
    G_SETTLE_DEATH,
    G_READ_BACK,
    G_EVERY_MEMBER,
    G_LOCK,
    G_START,
    G_SUPERSEDE,
    G_OURS,
    G_BELIEVE,
    G_COMMIT_ROW,
    G_ONE_WRITE,
    G_FENCE,
    G_PROOF_KEPT,
    G_COUNTS,
    G_EVIDENCE_AGE,
    G_EVIDENCE_RUN,
    G_STILL_GONE,
    G_LOSS,
    G_TRANSFER_AFTER,
    G_SYNC_LOOK,
    G_KEPT_GENERATION,
    G_LAST_LOOK,
    G_SOURCE,
    G_SETTLED_LOOK,
    G_DRILL_LOOK,
    G_GUARDS
};
extern const char *const guard_names[G_GUARDS];

/* What is left out, one of these or several. */
struct without {
    enum guard guard;
    enum dr_operation op;
    enum dr_step_kind kind;
    unsigned bit;
};
enum { TOGETHER_MOST = 5 };
extern struct without without[TOGETHER_MOST];

/*
 * A guard, and where its removal shows. Where others have to be removed with it, it is defence in
 * depth: with the others out and this one in place the RULE holds, with this one out, too, it does
 * not.
 */
struct removal {
    struct without one;
    const char *scene;
    uint8_t faults;
    enum rule rule;
    struct without with[TOGETHER_MOST - 1];
};
extern const struct removal removals[];
extern const size_t n_removals;

bool guard_on(enum guard g);
/* What is left of the needs of a step. */
unsigned needs_left(enum dr_operation op, const struct dr_table_step *t);
/* "switchover:demote:no-vms-at-old", or the guard's name. */
void guard_say(const struct without *w, char *to, size_t size);
/* Does the table need something that no removal speaks of? Says what to TO. */
size_t guards_forgotten(FILE *to);

/* ---- transitions ----------------------------------------------------------------------------- */

/* What happened, for the trace: who, what, and a detail. */
struct label {
    uint8_t act, who, arg, arg2;
};

enum act {
    ACT_NONE,
    /* of the world: WHO is a site */
    ACT_WRITE,
    ACT_REPLICATE,
    ACT_LINK_DOWN,
    ACT_LINK_UP,
    ACT_MUTE,
    ACT_UNMUTE,
    ACT_LOSE,
    ACT_RETURN,
    ACT_VM_START,
    ACT_VM_STOP,
    ACT_AGE,
    ACT_HAND_OPEN,
    ACT_HAND_RESCUE,
    ACT_HAND_RESCUED,
    ACT_HAND_CLOSE,
    ACT_HAND_HIDE,
    ACT_HAND_BREAK,
    ACT_LATE,
    /* of a controller */
    ACT_CRASH,
    ACT_LOCK_LOST,
    ACT_PLAN,
    ACT_START,
    ACT_STALE,
    ACT_RESUME,
    ACT_ABORT,
    ACT_SETTLED,
    ACT_CHECK,
    ACT_MISSING,
    ACT_SEND,
    ACT_DONE,
    ACT_FAIL,
    ACT_REFUSE,
    ACT_PROVEN,
    ACT_LOAD,
    ACT_RECORD,
    ACT_AGAIN,
    ACT_WEIGHED,
    ACT_END,
    ACT_GIVE_UP
};

/* How a command fared. */
enum fate { FATE_DONE, FATE_LOST, FATE_NO_REPLY, FATE_LATE, FATE_TWICE, FATE_PART, FATE_REFUSED };

/* Where successors go. */
struct sink {
    void (*take)(struct sink *k, const struct state *s, struct label l);
    bool quiet; /* nothing goes wrong any more */
};

static inline void
emit(struct sink *k, const struct state *s, enum act act, unsigned who, unsigned arg, unsigned arg2)
{
    k->take(k, s, (struct label){(uint8_t)act, (uint8_t)who, (uint8_t)arg, (uint8_t)arg2});
}

/* ---- world.c: the arrays, the hosts, the links, and people ----------------------------------- */

enum {
    EV_LINK = 1 << 0,
    EV_SITE = 1 << 1,
    EV_MUTE = 1 << 2,
    EV_VMS = 1 << 3,
    EV_AGE = 1 << 4,
    EV_HAND = 1 << 5,   /* a person at the primary's array */
    EV_RESCUE = 1 << 6, /* a person at the array of the stale copy */
    EV_CRASH = 1 << 7,
    EV_LOCK = 1 << 8,
    EV_REPLY = 1 << 9,
    EV_ABORT = 1 << 10,
    EV_WRITE = 1 << 11,
    EV_HAND_OLD = 1 << 12 /* a person opens the old copy of a flip, after its commit */
};

void world_begin(struct state *s);
void world_events(struct sink *k, const struct state *s);
/* Is a run past the check of a step of KIND? */
bool world_under_way(const struct state *s, enum dr_step_kind kind);
void people_events(struct sink *k, const struct state *s); /* people.c */
bool world_sees(const struct state *s, unsigned site);     /* its array answers a controller */
bool world_flows(const struct state *s, unsigned dst);     /* the follower is being fed */
/* A command arrives. False: the array refuses it. */
bool world_effect(struct state *s, struct cmd c, bool part);
/* What is under way acts now, or never will. */
void world_land(struct state *s, bool acts);
void breaks(struct state *s, enum rule r);
void world_check(struct state *s); /* rules that one look at a state decides */

/* ---- real.c, decide.c, plans.c: drstor's own decisions, with its own structs ----------------- */

void real_setup(void);
struct dr_copy_view;
/* Which of NEEDS do not hold for RUN's step now. OLD_SEEN: the caller has looked at it. */
unsigned real_missing(const struct state *s, unsigned run, unsigned needs, bool fresh_loss);
/* May the record's evidence be acted on? */
bool real_evidence_counts(const struct state *s, unsigned run);
/* enum dr_fence_verdict; RET_KIND with PROVEN. */
unsigned real_fence(const struct state *s, unsigned run, const struct thread *t,
                    unsigned *ret_kind);
struct real_loss {
    bool proven, covered;
};
void real_loss(const struct state *s, unsigned run, struct real_loss *ret);
struct real_plan {
    bool good, nothing;
    uint16_t steps;
    uint8_t epoch, primary, old, to;
    uint8_t accepts; /* what the person who saw the loss agrees to */
    char refusal[5];
};
void real_plan(const struct state *s, enum dr_operation op, unsigned to, bool lost,
               struct real_plan *ret);
/* Steps that must be over before step K of OP. */
unsigned real_after(enum dr_operation op, unsigned k);
bool real_committed(const struct state *s, unsigned run);
bool real_settled(const struct state *s, unsigned run);
/* Has the run anything left to do here? (dr_run_holds() of core/run/hold.c) */
bool real_holds(const struct state *s, unsigned run);
/* Is there something at SITE that no record allows? (dr_held_judge()) RET_STALE: it is old. */
bool real_held(const struct state *s, unsigned site, bool *ret_stale);
bool real_keeps_up(const struct state *s, unsigned site);
unsigned real_sync(const struct state *s, unsigned site);

/* ---- control.c, step.c: controllers ---------------------------------------------------------- */

void control_moves(struct sink *k, const struct state *s, unsigned c);
void step_moves(struct sink *k, const struct state *s, unsigned c, unsigned t);
const struct dr_table_step *step_row(const struct run *r, unsigned k);
bool is_flip(unsigned op);
/* Ends a thread's step in *S. */
void step_over(struct state *s, unsigned c, unsigned t, unsigned failed);
void record_changed(struct state *s);
bool record_rests(const struct rec *r);
void record_rest(struct rec *r);
void record_unproven(struct rec *r);
/* Nothing is left behind any more. */
void record_followed(struct rec *r);
bool ctl_stale(const struct state *s, unsigned c);
/* It is no more, or is done: it holds nothing. UNSETTLED: what it sent may still act. */
void ctl_gone(struct state *s, unsigned c, bool unsettled);

/* ---- explore.c ------------------------------------------------------------------------------- */

struct found {
    uint64_t states, transitions;
    enum rule broken; /* FINE: everything that can happen was looked at */
    bool full;        /* the bound on states was reached */
    uint64_t served, blocked;
};

/* From the beginning of the scene, everything; stops at the first broken rule among RULES (bits).
 * The shortest way there is printed to TRACE, if that is not NULL. */
void explore(unsigned rules, bool liveness, FILE *trace, struct found *ret);

/* quiet.c: L1. Does S come to a good end when nothing goes wrong any more? */
enum quiet { QUIET_SERVED, QUIET_BLOCKED, QUIET_STUCK };
void quiet_reset(void);
enum quiet quiet_end(const struct state *s, FILE *trace);
const char *quiet_blocked_by(unsigned i, uint64_t *ret_n); /* NULL: no more */

/* words.c */
void say_label(FILE *to, const struct state *before, const struct state *after, struct label l);
void say_state(FILE *to, const struct state *s);

#endif
