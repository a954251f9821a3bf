/* The state at hand in drstor's own words; shared by real.c, decide.c and plans.c. */
#ifndef TESTS_MODEL_REAL_H
#define TESTS_MODEL_REAL_H

#include "checker.h"

#include "plan/planner.h"

/*
 * Time: write number I was made WRITE_S seconds after the one before it, and a write that nobody
 * was asked about is later than any bound that was agreed to.
 */
enum { BEGAN = 1000000, WRITE_S = 200, LOOK_S = 50, SILENT_S = 10, OLD_S = 1000 };
/* What somebody agreed to lose, as run.accepts has it: in BOUND_S, or all of it. */
enum { BOUND_S = 60, BOUND_UNKNOWN = 15 };

extern const char *const real_sites[SITES], *const real_runs[RUNS];
extern struct dr_copy real_copies[SITES];
extern struct dr_group real_group;
extern struct dr_model real_model;
extern struct dr_plan_array real_arrays[SITES];

struct seen {
    struct dr_copy_view view;
    struct dr_member members[2];
    struct dr_path path;
};

struct kept {
    struct dr_record record;
    struct dr_evidence evidence;
    struct dr_member members[2];
    const char *hold[SITES];
};

struct known {
    struct dr_facts facts;
    struct dr_copy_facts copies[SITES];
    struct dr_endpoint_facts endpoints[2 * SITES];
    struct dr_engine_facts engines[SITES];
    struct dr_inv_host host[SITES];
    struct dr_inv_domain domain[SITES];
    struct dr_inv_vm vm[SITES];
    struct seen seen[SITES];
};

void real_see(const struct state *s, unsigned site, struct seen *to);
void real_record(const struct state *s, struct kept *to);
void real_know(const struct state *s, struct known *to);
/* Evidence of KIND that SITE cannot be written, made by RUN. */
void real_proof(const struct state *s, unsigned kind, unsigned run, unsigned site, unsigned epoch,
                bool old, struct dr_evidence *to);
struct dr_stamp real_now(const struct state *s);
void real_flip(const struct run *r, struct dr_plan_group *to);
/* LOST outlives the goal. */
void real_goal(unsigned op, unsigned to, bool unplanned, const struct dr_declaration *lost,
               struct dr_goal *ret);
/* plans.c: nothing is planned yet. */
void real_plans_clear(void);

#endif
