/* What the files of this folder share. */
#ifndef DR_RUN_INTERNAL_H
#define DR_RUN_INTERNAL_H

#include "run/run.h"

#include "observe/observe.h"
#include "plan/evidence.h"
#include "plan/loss.h"
#include "plan/require.h"
#include "plan/stage.h"

#include "base/failpoint.h"

#include <pthread.h>

/* How a step ended. Everything but DONE stops what needs it. */
enum dr_step_end {
    DR_STEP_END_NONE = 0, /* not started, or under way */
    DR_STEP_END_DONE,
    DR_STEP_END_REFUSED,     /* a safety rule; nothing was changed by this step */
    DR_STEP_END_FAILED,      /* state known, resumable */
    DR_STEP_END_UNKNOWN,     /* it may have happened, and it cannot be seen */
    DR_STEP_END_INTERRUPTED, /* cancelled or out of time before its next call */
};

struct stage; /* stage.c: one per engine, for all groups of a run */

struct dr_run {
    const struct dr_run_setup *s;
    struct dr_arena *arena; /* plan and everything that lives as long as the run */
    const char *id;
    struct dr_plan plan;
    struct dr_consent consent;
    int64_t started_utc;
    uint64_t started_ns;
    struct dr_mailbox *box; /* steps that ended */

    pthread_mutex_t telling; /* one event at a time; its listener may be slow */
    pthread_mutex_t lock;    /* what follows; held for moments */
    struct dr_facts facts;   /* of this command; replaced when fencing asks again */
    struct dr_arena *facts_arena;
    struct dr_lock *locks; /* one per flip, in the plan's order */
    struct dr_step *steps; /* one per step of the plan */
    bool settled;          /* nothing that a holder before this one sent can still act */
    struct stage *stages;
    bool timed_out;

    const char **superseded; /* runs that this one ends: nothing of theirs is left to be done */
    size_t n_superseded;
    struct dr_left_group { /* of those runs, and not of this one: locked while they are ended */
        const char *group, *run;
        int64_t token;
    } * left;
    size_t n_left;
};

struct dr_step {
    struct dr_run *run;
    const struct dr_plan_step *plan;
    const struct dr_group *group;
    const struct dr_copy *old, *target;
    const struct dr_plan_group *flip;
    int64_t token;
    struct dr_arena *arena; /* as long as the step is executed */
    struct dr_step_row row;
    bool started;
    bool awaited;        /* under run->lock: it is on its way to an engine, with others */
    bool coming;         /* under run->lock: it is at no engine yet, and may still get there */
    bool hasty;          /* fencing: its calls are bounded like probes, and silence is an answer */
    const char *unclear; /* the operation of the last call, when nobody knows what became of it */
    bool source_drives;  /* the array of a transfer's target said that the other side drives it */

    enum dr_step_end result;  /* the step's own; handed over with its message */
    enum dr_step_end end;     /* the scheduler's */
    struct drstor_error *err; /* why not DONE */
};

/* ---- step.c ---------------------------------------------------------------------------------- */

/* Stores and shows one event of the run. STEP may be NULL. */
void dr_run_event(struct dr_run *run, const struct dr_step *step, const char *state,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Must the step stop before its next call? */
bool dr_step_must_stop(struct dr_step *s);
enum dr_step_end dr_step_stopped(struct dr_step *s);
/* Sleeps until NS or until the step must stop; true: go on. */
bool dr_step_wait(struct dr_step *s, uint64_t ns);

/* Reads one copy now. On failure *RET is untouched. */
int dr_step_look(struct dr_step *s, const struct dr_copy *copy, struct dr_copy_view *ret,
                 struct drstor_error **err);
/* The same, patient: repeated while it cannot be read, until the step must stop or PATIENCE is
 * over. */
int dr_step_look_patiently(struct dr_step *s, const struct dr_copy *copy, struct dr_copy_view *ret,
                           struct drstor_error **err);

/*
 * The one way to change something at an array: lock checked, intent durable, call, answer durable.
 * An operation id is given to it, unless the caller has one that names the wish better.
 * A JOB is followed to its end, its handle stored first. Afterwards the outcome is DONE, REFUSED,
 * PARTIAL or UNKNOWN; in the latter two the array has settled. Negative: the store failed or the
 * lock is lost; nothing was sent.
 */
int dr_step_act(struct dr_step *s, const struct dr_copy *at, struct dr_call *call,
                struct dr_reply *ret, struct drstor_error **err);

/* How long after a closed connection a command may still act at ARRAY. */
uint64_t dr_settle_ms(const struct dr_run_setup *s, const struct dr_array *array);
/*
 * Waits until the array names no unfinished job for COPY. True also where it cannot say so, is
 * forbidden or silent: what became of it, only looking tells. False: stopped before.
 */
bool dr_jobs_ended(const struct dr_run_setup *s, const struct dr_copy *copy, struct dr_arena *a);

/* Takes up what an earlier process sent for this step: follows its job, or settles after an intent
 * without a clear answer, at the array it was sent to, or AT. What came of it, only looking tells.
 * NONE: go on; otherwise the step ends so, and its row stays as it is.
 */
enum dr_step_end dr_step_finish_sent(struct dr_step *s, const struct dr_copy *at);

/* Is it worth asking again after a read that failed with STATUS, WHY? Waits before it says so.
 * UNTIL is 0 the first time. */
bool dr_step_ask_again(struct dr_step *s, int status, uint64_t *until,
                       const struct drstor_error *why);

/* ---- point.c ----------------------------------------------------------------------------------
 */

/* The recovery point ID of COPY as it is now. R046 when it is gone, or is not of moment AT. */
int dr_step_point(struct dr_step *s, const struct dr_copy *copy, const char *id, int64_t at,
                  struct dr_point *ret, struct drstor_error **err);
/* That of the plan, at the target. */
int dr_step_point_planned(struct dr_step *s, struct dr_point *ret, struct drstor_error **err);
/*
 * CALL sets the access of COPY, which was just read as V. To make it writable, it goes back to the
 * point it owes by RECORD; to close it, it has taken over if it was whole and writable.
 */
int dr_point_due(struct dr_step *s, const struct dr_copy *copy, const struct dr_copy_view *v,
                 const struct dr_record *record, struct dr_call *call, struct drstor_error **err);
/* COPY was read back as writable: as the primary it has taken over, and owes no point any more. */
int dr_point_reached(struct dr_step *s, const struct dr_copy *copy, struct drstor_error **err);

/* ---- drive.c --------------------------------------------------------------------------------- */

struct dr_drive {
    const struct dr_copy *at; /* whose state it is about */
    const char *wanted;       /* "read-write", for the sentence when it is not */
    /* 1: the state holds; 0: not yet; negative: it cannot. */
    int (*holds)(struct dr_step *s, const struct dr_drive *d, const struct dr_copy_view *v,
                 struct drstor_error **err);
    /* Fills the call that would bring it about; leaves it UNKNOWN when only time is needed. *TO may
     * be changed to the array that drives it. */
    int (*prepare)(struct dr_step *s, const struct dr_drive *d, const struct dr_copy_view *v,
                   struct dr_call *call, const struct dr_copy **to, struct drstor_error **err);
    enum drstor_access access;
    bool planned;
    bool always;        /* act once although it holds */
    bool may_be_absent; /* "the array does not know it" is a view without members */
    bool *done;         /* set once a call of this drive was DONE; NULL: nobody asks */
};
enum dr_step_end dr_step_drive(struct dr_step *s, const struct dr_drive *d);

/* Ends the step with an error that says why. */
enum dr_step_end dr_step_fail(struct dr_step *s, enum dr_step_end end, struct drstor_error **err);
enum dr_step_end dr_step_end_of_status(int status);

/* Keeps a step's result (JSON, consumed) as its answer. */
int dr_step_keep(struct dr_step *s, const char *state, struct json_object *answer,
                 struct drstor_error **err);

/* Every member of V, and V itself, is as WANTED; READ_ONLY is also satisfied by NONE. */
bool dr_view_access_is(const struct dr_copy_view *v, enum drstor_access wanted);

/* Evidence of the record, for calls. */
size_t dr_call_evidence(struct dr_arena *a, const struct dr_record *r,
                        const struct dr_call_evidence **ret);

/* ---- the life of a run ------------------------------------------------------------------------
 */

/* hold.c: every group of the plan, in alphabetical order. BUSY names who holds one. */
int dr_run_lock(struct dr_run *run, struct drstor_error **err);
void dr_run_unlock(struct dr_run *run);
/* hold.c: in a transaction: every lock that was taken is still this run's (S8). R092 when not. */
int dr_run_still_holds(struct dr_run *run, struct drstor_error **err);
/* hold.c: after an owner's death, until nothing it sent can still act. False: stopped before. */
bool dr_run_settle(struct dr_run *run);
/* steps.c: as the plan has them, each as far as the store knows it. */
int dr_run_steps(struct dr_run *run, struct dr_step **ret, struct drstor_error **err);
/* steps.c: takes back what the record does not bear out. */
int dr_run_believe(struct dr_run *run, struct dr_step *steps, struct drstor_error **err);
/* run.c: from here to the end. FACTS: observed by this very command; NULL: none were. */
int dr_run_go(struct dr_run *run, const struct dr_facts *facts, struct dr_run_result *ret,
              struct drstor_error **err);
/* run.c: what a go needs beside its locks, and its end. */
void dr_run_ready(struct dr_run *run);
void dr_run_over(struct dr_run *run);
/* run.c: an open run out of the store, with its locks held; ROW tells when it is not open (then
 * nothing is held). */
int dr_run_take_up(const struct dr_run_setup *setup, struct dr_arena *a, const char *id,
                   struct dr_run *ret, struct dr_run_row *row, struct drstor_error **err);
/* run.c: plan or consent out of the store. */
int dr_run_read(struct dr_arena *a, const char *text, const struct dr_type *type, void *ret,
                struct drstor_error **err);
/* exit.c */
int dr_exit_of_end(const struct dr_step *s);
enum dr_run_state dr_run_state_of_exit(int exit);

/* ---- needs.c --------------------------------------------------------------------------------- */

/*
 * Does everything hold that the table says this step needs? DONE: it may start. What C brings along
 * (evidence, loss, views) is taken as it is; the rest is read. Otherwise the step has its error.
 */
enum dr_step_end dr_step_needs(struct dr_step *s, struct dr_require_case *c);
bool dr_step_weighs_itself(const struct dr_step *s);

/* ---- hook.c ---------------------------------------------------------------------------------- */

/*
 * Runs number AT of the configuration's hooks around STEP. OK: it ended with 0. Otherwise how it
 * did not: REFUSED with its code and last words, UNKNOWN when what it did is open.
 */
int dr_hook_run(const struct dr_step *step, size_t at, const struct dr_cancel *cancel,
                struct dr_arena *a, struct drstor_error **err);
/* Those before or after all that S does. DONE: go on; otherwise S has its error. */
enum dr_step_end dr_hooks_at(struct dr_step *s, bool before);

/* ---- one function per kind of step ----------------------------------------------------------- */

enum dr_step_end dr_step_presync(struct dr_step *s); /* transfer.c */
enum dr_step_end dr_step_finalsync(struct dr_step *s);
enum dr_step_end dr_step_transfer(struct dr_step *s);
enum dr_step_end dr_step_pause(struct dr_step *s);
enum dr_step_end dr_step_unpause(struct dr_step *s);
enum dr_step_end dr_step_snapshot(struct dr_step *s); /* resync.c */
enum dr_step_end dr_step_intend(struct dr_step *s);
enum dr_step_end dr_step_resync(struct dr_step *s); /* reverse, too */
enum dr_step_end dr_step_follow(struct dr_step *s);
enum dr_step_end dr_step_demote(struct dr_step *s); /* access.c */
enum dr_step_end dr_step_promote(struct dr_step *s);
enum dr_step_end dr_step_tag(struct dr_step *s);
enum dr_step_end dr_step_fence(struct dr_step *s);  /* fence.c */
enum dr_step_end dr_step_commit(struct dr_step *s); /* commit.c */
enum dr_step_end dr_step_settle(struct dr_step *s); /* settle.c */
enum dr_step_end dr_step_expose(struct dr_step *s); /* expose.c */
enum dr_step_end dr_step_withdraw(struct dr_step *s);
enum dr_step_end dr_step_handover(struct dr_step *s);
enum dr_step_end dr_step_clone(struct dr_step *s); /* drill.c */
enum dr_step_end dr_step_rehearse(struct dr_step *s);
enum dr_step_end dr_step_unclone(struct dr_step *s);
/* Is the clone NAME at the array of the target? 1 or 0. */
int dr_drill_there(struct dr_step *s, const char *name, struct drstor_error **err);
/* The clone NAME, as a copy that can be looked at. */
const struct dr_copy *dr_drill_copy(struct dr_step *s, const char *name);
enum dr_step_end dr_step_stage_drill(struct dr_step *s); /* drill_stage.c */
enum dr_step_end dr_step_unstage(struct dr_step *s);
enum dr_step_end dr_step_stage(struct dr_step *s); /* stage.c */
enum dr_step_end dr_step_drain(struct dr_step *s);
enum dr_step_end dr_step_release(struct dr_step *s);
enum dr_step_end dr_step_give_back(struct dr_step *s); /* room.c */
enum dr_step_end dr_step_close(struct dr_step *s);     /* close.c */
enum dr_step_end dr_step_clean(struct dr_step *s);     /* clean.c */
/* clean.c: hosts that this run switched off, and not on again, for who gives it up. */
void dr_clean_left_off(struct dr_run *run, const char ***ret, size_t *ret_n);

/* expose.c: a call that takes every host group away that sees a member of V. False: none does. */
bool dr_call_withdraw(struct dr_step *s, const struct dr_copy_view *v, struct dr_call *call);

/* record.c: the operation that is under way, as the record keeps it. */
void dr_record_op(const struct dr_step *s, struct dr_record *r);
/* record.c: REFUSED R061 when the record is no longer the one the plan was made for. */
int dr_record_still_ours(const struct dr_step *s, const struct dr_record *r,
                         struct drstor_error **err);
/* commit.c: E1 for the old copy, which this step has just read as not writable. */
void dr_step_read_back(struct dr_step *s, const char *detail, struct dr_evidence *ret);
/* commit.c: the group's own standing consent, given by the configuration. */
void dr_step_standing(const struct dr_group *g, struct dr_accept_loss *ret);
/* fence.c: is what the person said young enough to act on? Otherwise the step has its refusal. */
bool dr_step_consent_young(struct dr_step *s);
/* commit.c: does the consent of this run, or the group's standing one, cover LOSS? */
bool dr_step_consent_covers(const struct dr_step *s, const struct dr_loss *loss);
/* The array that drives a transfer: the target's, or the source's where that one cannot. */
const struct dr_copy *dr_step_driver(struct dr_step *s, enum dr_array_op op);
/* The generation of the old copy that a step of KIND of this run read last; NULL: none kept. */
int dr_step_kept_generation(struct dr_step *s, enum dr_step_kind kind, const char **ret,
                            struct drstor_error **err);

/* access.c: brings one copy to WANTED, whatever it takes within the bounds; used by fence too.
 * ALWAYS: sends it once even where it holds already, so that it carries our token. */
enum dr_step_end dr_step_set_access(struct dr_step *s, const struct dr_copy *copy,
                                    enum drstor_access wanted, bool planned, bool always);

/* expose.c: no host sees COPY any more; used by fence too. ALWAYS: as above. */
enum dr_step_end dr_step_take_hosts(struct dr_step *s, const struct dr_copy *copy, bool planned,
                                    bool always);

/* record.c: reads the record, lets FN change it, writes it with an audit line and the step's
 * row. */
int dr_record_change(struct dr_step *s, const char *what,
                     int (*fn)(struct dr_step *s, struct dr_record *r, void *user,
                               struct drstor_error **err),
                     void *user, struct drstor_error **err);
/* Before and after a write that decides (dr_run_setup.mirror). */
int dr_step_tell_standby(struct dr_step *s, struct drstor_error **err);

/* record.c: before the commit nothing was given up. A record this run was fencing goes back to
 * steady; any other stays. */
int dr_record_unfence(struct dr_step *s, struct drstor_error **err);

/* stage.c */
void dr_stage_free(struct stage *st);
/*
 * Attaches the domains of these groups where they come from, and starts what ran there. STEPS: one
 * of each group, all of one old site.
 */
int dr_stage_return(struct dr_run *run, struct dr_step *const *steps, size_t n,
                    struct drstor_error **err);
/* guests.c: the list of the group of S as it is in the run, or a new one, stored. */
int dr_guests_begin(struct dr_step *s, struct dr_stage_group *ret, struct drstor_error **err);
/* guests.c: the newest run that works on GROUP, but BUT; NULL: none. */
int dr_run_last_of(struct dr_store *store, struct dr_arena *a, const char *group, const char *but,
                   const char **ret, struct drstor_error **err);
/* guests.c: RAN as a row of RUN; in the transaction of the caller. */
int dr_guests_write(struct dr_run *run, struct dr_arena *a, const struct dr_stage_group *ran,
                    bool returned, struct drstor_error **err);
/* guests.c: what the engine of the old site has of the group of S now; START: it runs. Patient. */
int dr_guests_look(struct dr_step *s, struct dr_stage_group *ret,
                   enum drstor_tristate *ret_attached, struct drstor_error **err);

/* schedule.c: runs the steps that are not done; returns when nothing more can be done. */
void dr_run_schedule(struct dr_run *run, struct dr_step *steps, size_t n);

#endif
