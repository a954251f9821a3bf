/* What the files of this folder share: one opened installation. */
#ifndef DR_LIBRARY_INTERNAL_H
#define DR_LIBRARY_INTERNAL_H

#include <drstor/drstor.h>

#include "base/env.h"
#include "base/error.h"
#include "config/config.h"
#include "observe/observe.h"
#include "plan/adopt.h"
#include "plan/command.h"
#include "plan/loss.h"
#include "plan/planner.h"
#include "plan/takeover.h"
#include "report/document.h"
#include "run/run.h"
#include "store/mirror.h"
#include "store/store.h"

struct dr_program;
struct dr_program_end;
struct dr_wire;

/*
 * What an installation is made of. drstor_open() makes one of threads, the configuration file, its
 * database and the network; a world in one process brings its own.
 */
struct dr_parts {
    struct dr_env *env;
    struct dr_model *model;
    /* NOTFOUND: there is none, and MODE only reads. */
    int (*store)(void *user, const struct dr_parts *parts, enum dr_store_mode mode,
                 struct dr_store **ret, struct drstor_error **err);
    /* A line of the journal, for the system log; NULL: it has none. */
    void (*tell)(void *user, const char *line);
    /*
     * Gives TEXT to the standby, and what it answered back in A, until DEADLINE_NS. Anything but
     * OK: it did not answer. NULL: the program of the configuration does it.
     */
    int (*mirror)(void *user, const struct dr_parts *parts, const struct dr_str *text,
                  uint64_t deadline_ns, struct dr_arena *a, const char **ret_answer,
                  struct drstor_error **err);
    /* Runs a hook, as dr_program_run(); NULL: that does. */
    int (*program)(void *user, const struct dr_program *p, struct dr_program_end *ret,
                   struct drstor_error **err);
    void *user;
    struct dr_wire *wire; /* NULL: the network */
    const char *origin;
    int64_t timeout_s;
};

struct drstor {
    struct dr_parts parts;
    struct dr_env *env;     /* that of the parts */
    struct dr_model *model; /* likewise */
    bool owns_model;
    char *origin;
    int64_t timeout_s;
    struct dr_cancel cancel;
};

/* PARTS are copied, what they point to is borrowed until drstor_close(). */
struct drstor *dr_library_open(const struct dr_parts *parts);

/* One call of the library: everything that lives as long as it. */
struct session {
    struct drstor *d;
    struct dr_arena *arena;
    struct dr_contact *contact;
    struct dr_endpoints *ends;
    struct dr_store *store; /* NULL when there is none yet and we only look */
    const char *store_trouble;
    bool details;        /* observing reads what checks want to know of engines */
    bool points;         /* observing asks for recovery points, too */
    bool writes;         /* the store was opened for writing */
    int64_t journal_seq; /* of the last audit line that is in the system log, or was there before */
    char correlation[37];
    uint64_t deadline_ns;
    struct dr_controller here; /* as the store has it: whose role this one has, or has not */
    /* Telling the standby: one at a time, and not again at once when it was silent. */
    struct {
        pthread_mutex_t lock;
        struct dr_cond idle;
        bool busy;
        uint64_t rests_until_ns;
        struct drstor_error *replaced; /* it said that it has taken over */
    } mirror;
};

/* READ: a store that is not there or damaged is no failure, see store_trouble. */
int dr_session_open(struct drstor *d, enum dr_store_mode mode, struct session *ret,
                    struct drstor_error **err);
void dr_session_close(struct session *s);

/* Asks everything (or GROUPS), together with what is stored. SAVE needs a store open for
 * writing. */
int dr_session_observe(struct session *s, const char *const *groups, size_t n, bool engines,
                       bool save, struct dr_facts *ret, struct drstor_error **err);
int dr_session_records(struct session *s, struct dr_plan_record **ret, size_t *ret_n,
                       struct drstor_error **err);
/* What the plugins declare, for the planner. A plugin that cannot be loaded fails it. */
int dr_session_arrays(struct session *s, struct dr_plan_array **ret, size_t *ret_n,
                      struct drstor_error **err);
const char *dr_session_person(struct session *s);

/* GOAL and CONSENT into a goal: lists resolved, words checked. */
int dr_goal_read(struct dr_arena *a, const struct dr_model *m, const char *text,
                 const struct drstor_consent *consent, struct dr_goal *ret,
                 struct drstor_error **err);
int dr_goal_consent(struct dr_arena *a, const struct drstor_consent *consent, struct dr_goal *g,
                    struct drstor_error **err);

int dr_groups_check(const struct dr_model *m, const char *const *groups, size_t n,
                    struct drstor_error **err);

struct dr_check;
struct json_object *dr_problems_json(const struct dr_problems *found);
struct json_object *dr_checks_json(const struct dr_check *list, size_t n);
/* Reads both engines of the mapping in detail; which sites they are. */
int dr_session_engines(struct session *s, struct dr_facts *facts, const char **ret_from,
                       const char **ret_to, struct drstor_error **err);

/* Text of O, which is put. */
char *dr_document_text(struct json_object *o);
/* The same of something that acted: with "journal", the head of the audit chain, which goes to the
 * system log now. Closing a session that added lines without this sends the last of them too. */
char *dr_session_document(struct session *s, struct json_object *o);
/* The head of the audit chain, and its line into the system log (safety 5.1, 7). NULL: there is
 * none, or it cannot be read. The caller puts it. */
struct json_object *dr_session_journal(struct session *s);

/* ---- what acts share (act.c) ----------------------------------------------------------------- */

struct act {
    struct session s;
    struct drstor_callbacks cb;
    struct dr_goal goal;
    struct dr_facts facts;
    struct dr_plan plan;
    struct dr_consent consent;
    const char *person;
    struct dr_run_result result; /* of the run that was begun; run NULL: none was */
};

void dr_act_callbacks(struct act *x, const struct drstor_callbacks *cb);
struct dr_run_setup dr_act_setup(struct act *x);
/* program.c: dr_run_setup.program; and can those be run that the plan has? INVALID: one cannot. */
int dr_act_program(void *user, const struct dr_program *p, struct dr_program_end *ret,
                   struct drstor_error **err);
int dr_act_programs(const struct act *x, struct drstor_error **err);
/* Observes, plans, asks, runs, reports. THEN: a plan made earlier that must still hold, or NULL. */
int dr_act_on(struct act *x, const struct dr_plan *then, char **ret_json,
              struct drstor_error **err);
/* within.c: planned as long as that lasts, then unplanned. */
int dr_act_within(struct act *x, const struct dr_plan *then, char **ret_json,
                  struct drstor_error **err);
/* May this controller act at all? REFUSED R031 on a standby, R052 where another took over. */
int dr_act_allowed(const struct drstor *d, struct drstor_error **err);

/* ---- the standby (mirror.c) ------------------------------------------------------------------ */

/*
 * Brings the standby's store up to date, and asks by that whether this is still the active
 * controller: REFUSED R052 when it is not. A standby that does not answer is no failure: *RET_SAID
 * (in A) then says how far behind it is; NULL: nothing is to be said.
 */
int dr_session_mirror(struct session *s, struct dr_arena *a, const char **ret_said,
                      struct drstor_error **err);
/* { configured, seq, at, behind_since, text }, or NULL without a standby. */
struct json_object *dr_session_mirror_json(struct session *s);
/* { name, site, role, active, since, before, text, mirror }. */
struct json_object *dr_session_controller_json(struct session *s);

#endif
