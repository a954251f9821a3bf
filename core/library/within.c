/*
 * The site is about to go, and still answers: planned as long as that lasts, each step bounded;
 * then unplanned, with what was proven by then, and the loss weighed again against the same bound.
 */
#include "library/internal.h"

#include "base/str.h"

#include <string.h>

/* Did it end the way it was planned? */
static bool
over(const char *json)
{
    dr_auto(dr_json_putp) struct json_object *doc = NULL;
    int64_t exit = 1;
    return dr_json_parse(json, strlen(json), &dr_json_inventory, &doc, NULL) == DRSTOR_OK &&
           dr_json_i64(doc, "exit", &exit) && exit == 0;
}

/* "declined": a person said no to the plan, and that is the answer. */
static bool
declined(const char *json)
{
    dr_auto(dr_json_putp) struct json_object *doc = NULL;
    return dr_json_parse(json, strlen(json), &dr_json_inventory, &doc, NULL) == DRSTOR_OK &&
           dr_streq(dr_json_str(doc, "result"), "declined");
}

int
dr_act_within(struct act *x, const struct dr_plan *then, char **ret_json, struct drstor_error **err)
{
    const struct dr_goal goal = x->goal;
    const uint64_t deadline = x->s.deadline_ns;
    const uint64_t until = dr_now_ns(x->s.d->env) + (uint64_t)goal.within_s * DR_S;
    char *json = NULL;

    x->goal.within_s = -1;
    x->goal.hurry = true;
    x->goal.declare = NULL; /* nothing is declared of a site that still answers */
    x->goal.n_declare = 0;
    x->goal.waive_fence = NULL;
    x->s.deadline_ns = until < deadline ? until : deadline;
    int r = dr_act_on(x, then, &json, err);
    if (r < 0)
        return r;
    if (over(json) || declined(json) || dr_cancelled(&x->s.d->cancel)) {
        *ret_json = json;
        return DRSTOR_OK;
    }
    drstor_text_free(json);

    /* What the planned run had begun is given up in order; what it proved stays in the record. */
    const char *planned = x->result.run;
    if (planned && dr_run_state_open(x->result.state)) {
        struct dr_abort_result a;
        x->s.deadline_ns = deadline;
        const struct dr_run_setup setup = dr_act_setup(x);
        r = dr_run_abort(&setup, x->s.arena, planned, true, &a, err);
        if (r < 0)
            return r;
    }
    x->s.deadline_ns = deadline;
    x->goal = goal;
    x->goal.within_s = -1;
    x->goal.unplanned = true;
    x->goal.carries = planned;
    x->result = (struct dr_run_result){0};
    return dr_act_on(x, NULL, ret_json, err);
}
