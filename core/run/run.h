/*
 * One execution of a plan, journalled. The first start and a resume are the same code: what is done
 * is in the store, everything else begins by looking.
 */
#ifndef DR_RUN_RUN_H
#define DR_RUN_RUN_H

#include "observe/endpoints.h"
#include "plan/stage.h"
#include "store/store.h"

struct dr_program;
struct dr_program_end;

/* Everything a run needs; borrowed for its length. */
struct dr_run_setup {
    struct dr_env *env;
    const struct dr_model *model;
    struct dr_store *store; /* opened for writing */
    struct dr_endpoints *ends;
    struct dr_contact *contact;
    struct dr_actor who;
    const struct dr_cancel *cancel; /* stop in order: nothing new is sent */
    uint64_t deadline_ns;           /* UINT64_MAX: none. Then as for cancel, with exit 8 */
    /* Progress, one at a time, from any thread. Must not call back into the run. */
    void (*event)(const struct dr_event_row *event, void *user);
    /*
     * Before and after a write that decides: tells a standby what is stored, bounded. REFUSED: it
     * has taken over, and nothing more may be done from here. *RET_SAID, in A: it does not answer,
     * which stops nothing; NULL: nothing is to be said. From any thread.
     */
    int (*mirror)(void *user, struct dr_arena *a, const char **ret_said, struct drstor_error **err);
    /* Runs a hook, as dr_program_run(). From any thread. */
    int (*program)(void *user, const struct dr_program *p, struct dr_program_end *ret,
                   struct drstor_error **err);
    void *user;
};

/* What became of it. `exit` is the exit code of design section 7. */
struct dr_run_result {
    const char *run;
    enum dr_run_state state;
    int exit;
    const char *text; /* one sentence; NULL when all is well */
    const char *hint;
    const char *rule; /* refusal id */
};

/*
 * Takes the locks of all groups of PLAN, checks under them that the records are those it was made
 * for, writes the run and goes. FACTS were observed by this very command. BUSY (exit 7) names who
 * holds a group. What happens after the run is written is told by RET, not by the status.
 */
int dr_run_start(const struct dr_run_setup *setup, struct dr_arena *a, const struct dr_plan *plan,
                 const struct dr_facts *facts, const struct dr_consent *consent,
                 struct dr_run_result *ret, struct drstor_error **err);

/* Is it a guard's? That one decides nothing, so whoever begins something of the same group takes
 * its place, and nothing waits for its end. */
bool dr_run_gives_way(const struct dr_run_row *row);
/*
 * Does RUN, which has not ended, still hold GROUP, or may another one begin there? It does not,
 * once it brought the group to its end or was refused there, and the RECORD is at rest.
 */
int dr_run_holds(struct dr_store *store, struct dr_arena *a, const struct dr_run_row *run,
                 const char *group, const struct dr_record *record, bool *ret,
                 struct drstor_error **err);

/* Goes on with a run that has not ended. One that has: RET tells how, nothing is done. */
int dr_run_resume(const struct dr_run_setup *setup, struct dr_arena *a, const char *run,
                  struct dr_run_result *ret, struct drstor_error **err);

/* Which VMs of a group ran, as RUN noted it before it shut them down. */
struct dr_guests {
    bool there;
    bool owed; /* they were not started again where they ran */
    struct dr_stage_group what;
};
int dr_guests_load(struct dr_store *store, struct dr_arena *a, const char *run, const char *group,
                   struct dr_guests *ret, struct drstor_error **err);
/*
 * The same of the last run of GROUP but BUT (NULL: of all), where VMs that it shut down run nowhere
 * yet. *RET_RUN is NULL when there is none such: whoever came after it knows better.
 */
int dr_guests_owed(struct dr_store *store, struct dr_arena *a, const char *group, const char *but,
                   const char **ret_run, struct dr_guests *ret, struct drstor_error **err);

/* What giving a run up means. Sentences; groups by name. */
struct dr_abort_result {
    const char *run;
    struct dr_goal goal;
    enum dr_run_state state; /* ABORTED; anything else: it had ended so, nothing was done */
    const char **undone, **stays, **unknown;
    size_t n_undone, n_stays, n_unknown;
    const char **not_served; /* groups whose primary is not writable: they want a promote to it */
    size_t n_not_served;
    bool left_over; /* something is not back yet; asked again, it is tried again */
};

/*
 * Ends a run that has not ended, from the outside: waits until nothing it sent can still act, puts
 * the records at rest and looks. Changes nothing at any array. Where the primary is writable, what
 * it had detached and shut down there is attached and started again, unless LEAVE_VMS says that
 * they are taken over. BUSY: it goes on right now; stop it first.
 */
int dr_run_abort(const struct dr_run_setup *setup, struct dr_arena *a, const char *run,
                 bool leave_vms, struct dr_abort_result *ret, struct drstor_error **err);

/* Worst first: 1 5 4 9 12 11 7 3 8; 130 before all of them. */
int dr_exit_worse(int x, int y);
int dr_exit_of_status(int status);

#endif
