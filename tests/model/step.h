/* What step.c and record.c share. */
#ifndef TESTS_MODEL_STEP_H
#define TESTS_MODEL_STEP_H

#include "checker.h"

/* step.c: the step ends, and not well: 1 failed, 2 refused. */
void step_ends(struct sink *k, const struct state *s, unsigned c, unsigned t, unsigned failed);

/* It has seen what it wants; some write that down first. */
void step_holds(struct sink *k, struct state *n, unsigned c, unsigned t, enum dr_step_kind kind);
/* A call to an array or an engine, and every way it may fare. */
void step_send(struct sink *k, const struct state *s, unsigned c, unsigned t,
               enum dr_step_kind kind, struct cmd cmd);
bool step_closed(const struct state *s, unsigned site); /* no volume of it is writable */

/* fence.c: one move of a fence, or of a guard's step */
void fence_moves(struct sink *k, const struct state *s, unsigned c, unsigned t);

/* ---- record.c: the writes of the record ------------------------------------------------------ */

/* Before anything else: the fence is noted, the clone is named. */
void record_begin(struct sink *k, const struct state *s, unsigned c, unsigned t);
/* The old copy is proven not writable: evidence of KIND is in the record, and the step is done. */
void record_proof(struct sink *k, const struct state *s, unsigned c, unsigned t, unsigned kind);
/* Somebody undid the demotion: what was proven must not count later. */
void record_forget(struct state *s, unsigned c);
void record_weigh_commit(struct sink *k, const struct state *s, unsigned c, unsigned t);
void record_weigh_intent(struct sink *k, const struct state *s, unsigned c, unsigned t);
void record_last_look(struct sink *k, const struct state *s, unsigned c, unsigned t);
void record_load(struct sink *k, const struct state *s, unsigned c, unsigned t);
void record_write(struct sink *k, const struct state *s, unsigned c, unsigned t);

#endif
