/* A guard at work: one thread decides, looks and closings are tasks that post what came of them. */
#ifndef DR_LIBRARY_GUARD_INTERNAL_H
#define DR_LIBRARY_GUARD_INTERNAL_H

#include "library/internal.h"

#include "plan/held.h"

/* What was last found at the site, and done about it: of the copy, or of VMs. */
struct guard_entry {
    char *found, *did;
    int64_t times;
};

/* One group's copy at the site. Its strings, and what is in its arena, are replaced by each look.
 */
struct guard_place {
    const struct dr_group *group;
    const struct dr_copy *copy;
    struct dr_arena *arena;    /* of SEEN */
    struct dr_copy_facts seen; /* read last, perhaps before this guard began; group NULL: never */
    bool looked;               /* by this guard */
    enum dr_held held;         /* by the last look; UNKNOWN also when there was no answer */
    uint64_t safe_ns; /* begin of the last look that showed it closed, or its array silent */
    bool open;        /* it may have been written ever since */
    bool acting;
    bool unfinished; /* a guard's run of it is open: it is brought to its end, whatever is seen */
    uint64_t retry_ns, pause_ms; /* after one that failed */
    int exit;                    /* why it is still open */
    struct guard_entry storage, vms;
};

/* One array of the site. */
struct guard_watch {
    const struct dr_array *array;
    bool asking;
    bool patient; /* somebody there takes requests and is slow: the next look gets all its time */
    bool silent;  /* as it was told last */
    bool told;
    uint64_t next_ns;
    int64_t looks;
};

enum guard_kind { GUARD_LOOK = 1, GUARD_ACT, GUARD_ENGINE };

/* What a task was given, and what it found. */
struct guard_task {
    enum guard_kind kind;
    struct guard *g;
    struct dr_arena *arena; /* of everything below; freed by the thread that decides */
    struct guard_watch *watch;
    struct guard_place *place;
    bool patient;
    uint64_t begun_ns, ended_ns;
    int status; /* of the look, or of what kept a closing from being begun */
    const char *text, *hint;
    struct dr_copy_facts *copies; /* LOOK: those that it answered for */
    size_t n_copies;
    struct dr_copy_facts before;      /* ACT: what was to be closed */
    struct dr_run_result result;      /* ACT */
    const struct dr_copy_view *after; /* ACT: read once more; NULL: it could not be */
    struct dr_inventory inventory;    /* ENGINE */
};

struct guard {
    struct session s;
    struct drstor_callbacks cb;
    const struct dr_site *site;
    bool once;
    uint64_t interval_ns;
    const struct dr_plan_array *arrays;
    size_t n_arrays;
    struct guard_watch *watches;
    size_t n_watches;
    struct guard_place *places;
    size_t n_places;
    struct dr_mailbox *box;
    size_t running;
    bool engine, engine_asking, engine_told;
    uint64_t engine_next_ns;
    struct dr_arena *engine_arena; /* of INVENTORY; NULL: it has not answered yet */
    const struct dr_inventory *inventory;
    int64_t seq;
    uint64_t window_ns; /* the longest so far */
};

/* guard.c */
struct guard_task *guard_task_new(struct guard *g, enum guard_kind kind);
bool guard_over(struct guard *g); /* nothing new is begun */

/* guard_see.c: what a task found. */
void guard_looked(struct guard *g, const struct guard_task *t);
void guard_acted(struct guard *g, struct guard_task *t);
void guard_engine_said(struct guard *g, struct guard_task *t);
/* P may have been written from its last safe moment until NS. */
void guard_window(struct guard *g, const struct guard_place *p, uint64_t ns);
void guard_keep(char **to, const char *text); /* a copy of TEXT, or NULL, takes the place of *TO */

/* guard_task.c: a guard's run of P that has not ended, its own or of a guard that is gone. *RET
 * stays NULL when there is none. */
int guard_open_run(struct guard *g, struct dr_arena *a, const struct guard_place *p,
                   const char **ret, struct drstor_error **err);
/* Each runs as a task of its own and posts T. */
void guard_look(void *task);
void guard_act(void *task);
void guard_engine(void *task);
/* The record of GROUP as it is now; never fails: what cannot be read is damaged. */
void guard_record(struct guard *g, struct dr_arena *a, const char *group,
                  struct dr_plan_record *ret);

#endif
