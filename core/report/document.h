/*
 * The documents of drstor/v1 (design 7), from records, facts, plans and the journal. Each function
 * returns a new object that the caller owns.
 */
#ifndef DR_REPORT_DOCUMENT_H
#define DR_REPORT_DOCUMENT_H

#include "plan/guard.h"
#include "plan/plan.h"
#include "store/store.h"

struct json_object *dr_report_new(void); /* { "api": "drstor/v1" } */

/* Computed, never stored. *RET_WHY (may be NULL): for BLOCKED and UNKNOWN. */
enum dr_condition dr_condition_of(struct dr_arena *a, const struct dr_group *g,
                                  const struct dr_plan_record *record, const struct dr_facts *facts,
                                  const char **ret_why);

/* GROUPS NULL: all of the model. */
struct json_object *dr_report_status(const struct dr_model *m, const struct dr_facts *facts,
                                     const struct dr_plan_record *records, size_t n_records,
                                     const char *const *groups, size_t n);
struct json_object *dr_report_group(const struct dr_model *m, const struct dr_group *g,
                                    const struct dr_facts *facts,
                                    const struct dr_plan_record *record);
struct json_object *dr_report_endpoint(const struct dr_endpoint_facts *e,
                                       const struct dr_stamp *now);
struct json_object *dr_report_observed(const struct dr_facts *facts);

/* With "consent": { needed, text, accept_loss } and "exit": 0, 3, 12. */
struct json_object *dr_report_plan(const struct dr_plan *p, const struct dr_accept_loss *given);
int dr_plan_exit(const struct dr_plan *p);

/* One run, from what is stored of it alone: told years later, it says the same. */
int dr_report_run(struct dr_store *store, struct dr_arena *a, const char *run,
                  struct json_object **ret, struct drstor_error **err);
/* Nothing was begun: { goal, result, exit, text, hint, refusals, plan }. */
struct json_object *dr_report_not_begun(const struct dr_plan *p, const char *result, int exit,
                                        const char *text, const char *hint);

#endif
