/* What the files of the stage share: one engine as a run works at it, and the groups of it. */
#ifndef DR_RUN_STAGE_INTERNAL_H
#define DR_RUN_STAGE_INTERNAL_H

#include "run/internal.h"

#include "base/index.h"
#include "plan/leave.h"
#include "rhv/calls.h"
#include "rhv/inventory.h"

/* What a group wants from an engine. */
enum wish {
    WISH_NONE = 0,
    WISH_COME,     /* domains attached, VMs running */
    WISH_DOWN,     /* VMs shut down */
    WISH_DETACHED, /* and domains detached */
    WISH_REMOVED,  /* given up: VMs switched off, domains forgotten */
    WISH_BACK      /* as COME, after DOWN came to nothing */
};

/* What comes out of the mailbox of a stage begins with this. */
enum posted_kind { POSTED_WAKE = 0, POSTED_CALL, POSTED_LOOK };
struct posted {
    enum posted_kind kind;
};

/* Under which correlation id a call about ID was sent last. */
struct asked {
    const char *id, *correlation;
};

struct vm_seen {
    const char *id;
    int64_t utc;
};

/* One group at one engine. */
struct joined {
    struct dr_step *step;
    struct dr_stage_group want;
    enum wish wish;
    const char *refused; /* BACK: why it stays */
    bool unclear;        /* what a hook of it did that stops it is open */
    struct dr_mailbox *told;
    uint64_t since_ns; /* what was seen before says nothing about it */
    bool over;
    enum dr_step_end end;
    const char *trouble;
    uint64_t stuck_since; /* 0: not stuck */
    struct vm_seen *seen; /* VMs that are where they should be, since when */
    size_t n_seen;
    struct dr_stage_vm_state *vms; /* as last seen, in the stage's arena */
    size_t n_vms;
    struct dr_index seen_at, vms_at, wanted_at; /* by id, in the stage's arena, too */
};

struct stage {
    struct stage *next; /* another engine of the run */
    const char *site;
    struct dr_run *run;
    struct dr_rhv *rhv;
    struct dr_mailbox *box; /* struct posted */
    struct dr_arena *arena;
    struct dr_cancel cancel; /* calls under way are given up */

    bool leading; /* under run->lock, like the list of groups */
    struct joined *groups[64];
    size_t n_groups;

    struct dr_stage_progress progress; /* the leader's */
    struct dr_index tries;             /* of it, by key */
    struct asked *asked;               /* calls of which the engine tells more in its events */
    size_t n_asked;
    bool told_begun;
    bool told_due; /* it may have told something since its events were read */
    size_t in_flight;
    struct call *answers;        /* that are not in the store yet */
    struct dr_inv_domain *found; /* that hosts discovered */
    size_t n_found;
    bool found_read;
    struct dr_inventory base; /* read whole once a lead; later looks read only what moves */
    struct dr_index base_vms; /* of it, by id */
    bool have_base;
    bool recalled;

    struct dr_inventory seen; /* by the last look that saw anything */
    struct dr_arena *seen_arena;
    uint64_t seen_ns, look_ended_ns, look_took_ns; /* it began at SEEN_NS */
    bool have_seen, looking;
    void *landed;                     /* a look that has come back */
    bool answered;                    /* something was, since the last look began */
    bool news;                        /* since the last expansion */
    bool domains_moved, offers_moved; /* what a look at VMs alone does not see */
    uint64_t domains_seen_ns;
    uint64_t last_look; /* a digest, to see whether anything changed */
    uint64_t changed_ns;
};

/* stage.c */
struct stage *dr_stage_of(struct dr_run *run, const char *site);
/* G at the engine of AT, until it is told how that ended. */
enum dr_step_end dr_stage_at_engine(struct joined *g, const struct dr_copy *at);
/* What ran: as it was noted when it was shut down, else as the facts of then have it. */
int dr_stage_expected(struct dr_step *s, struct dr_stage_group *ret, bool *ret_noted,
                      struct drstor_error **err);

/* ---- stage_call.c: what was tried ------------------------------------------------------------ */

/* Every call of one expansion is in the store before the first of them leaves; and what was
 * answered before. */
int dr_stage_send(struct stage *st, const struct dr_stage_result *todo, struct drstor_error **err);
/* ANSWER came out of the box, and is freed with the next send. */
void dr_stage_answer(struct stage *st, void *answer);
/* What an earlier process did, and nothing that the engine has shows: which hosts were off. Once,
 * by the first who leads; not under run->lock, which is taken inside of the store's. */
void dr_stage_recall(struct stage *st);
/* Is a call about one of the VMs of G under way? */
bool dr_stage_at_vms(const struct stage *st, const struct dr_stage_group *g);
/* VM is down: the limit of one that runs again begins anew. */
void dr_stage_forget(struct stage *st, const char *vm);

/* ---- stage_look.c: what the engine has ------------------------------------------------------- */

/* Begins one, with what domains offer when OFFERS, parts of VMs when DRILL; CLOSING: nothing is
 * left out, it may be the last. */
void dr_look_begin(struct stage *st, bool offers, bool drill, bool closing);
/* LOOK came out of the box, and is freed. */
int dr_look_end(struct stage *st, void *look, struct drstor_error **err);
/* When the next one should begin. HUNGRY: more calls could be made than are known; PAUSE: when
 * nothing was answered. */
uint64_t dr_look_due(const struct stage *st, bool hungry, uint64_t pause);
/* The next one sees everything anew. Not while one is under way. */
void dr_look_forget(struct stage *st);
/* ---- told.c: what the engine says of calls only in its events ----------------------------------
 */

/* A call about ID leaves. */
void dr_told_asked(struct stage *st, enum dr_stage_kind kind, const char *id,
                   const char *correlation);
/* Calls of processes before this one, and what of it a person was told. */
int dr_told_begin(struct stage *st, struct drstor_error **err);
/* Reads what was told of the last call about each id, into the progress. */
int dr_told_read(struct stage *st, struct drstor_error **err);

/* ---- stage_judge.c: what becomes of each group ----------------------------------------------- */

/* Does G come to this engine, or go? */
bool dr_stage_comes(const struct joined *g);
/* The last thing the leader does with G, which lives on its step's stack. Under run->lock. */
void dr_stage_tell(struct joined *g, enum dr_step_end end, const char *trouble);
void dr_stage_judge(struct stage *st, struct joined *g, const struct dr_stage_result *r);

/* ---- stage_lead.c: the loop ------------------------------------------------------------------ */

/*
 * Joins, leads when nobody does, and returns when every one of GROUPS was told how it ended.
 * INTERNAL: too many groups.
 */
int dr_stage_join(struct stage *st, struct dr_rhv *rhv, struct joined *groups, size_t n,
                  struct drstor_error **err);
/* Gives up what is under way: every state was read, and is read again by who comes next. */
void dr_stage_quiet(struct stage *st);
/* How the step of G ends. */
enum dr_step_end dr_stage_ended(struct joined *g);

/* ---- room.c: VMs that make room
 * ------------------------------------------------------------------
 */

/* The group of S comes into room that was made for others. */
int dr_room_inherit(struct dr_step *s, struct drstor_error **err);
/* Those that are shut down for G, now or since this run began, are in its record when it returns.
 */
int dr_room_note(struct stage *st, struct joined *g, const struct dr_stage_result *now,
                 struct drstor_error **err);

/* ---- guests.c: which VMs ran --------------------------------------------------------------------
 */

/* Their row, durable when it returns. RETURNED: they run again, here or there. */
int dr_guests_put(struct dr_step *s, const struct dr_stage_group *ran, bool returned,
                  struct drstor_error **err);
/* All that the engine has. Patient. */
int dr_stage_look(struct dr_step *s, struct dr_rhv *rhv, struct dr_inventory *ret,
                  struct drstor_error **err);
/* VMs that FOUND names of the group of S are put into WANT, durable when it returns. */
int dr_guests_found(struct dr_step *s, struct dr_arena *a, const struct dr_stage_result *found,
                    struct dr_stage_group *want, struct drstor_error **err);
/* Those that an earlier process of this run had put there. */
int dr_guests_found_before(struct dr_step *s, struct dr_stage_group *want,
                           struct drstor_error **err);
/* Notes what runs at the engine and is not noted yet. 1: something was added. */
int dr_guests_note(struct dr_arena *a, const struct dr_model *m, const struct dr_inventory *now,
                   struct dr_stage_group *ran);

#endif
