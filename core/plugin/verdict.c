#include "plugin/verdict.h"

#include "base/str.h"
#include "model/words.h"

enum { MEMBERS_MAX = 4096 };

static bool
is_mutating(const struct dr_call *call)
{
    const struct dr_op_info *op = dr_op_info(call->operation);
    return op && op->mutating;
}

/* Statuses that tell the caller to try again: never beside an outcome that is not REFUSED. */
static bool
may_be_repeated(int status)
{
    return status == DRSTOR_E_BUSY || status == DRSTOR_E_UNREACHABLE;
}

static void
drop_views(struct dr_reply *r)
{
    r->views = NULL;
    r->n_views = 0;
    r->jobs = NULL;
    r->n_jobs = 0;
    r->points = NULL;
    r->n_points = 0;
}

/* The plugin broke its contract: what it said counts for nothing, except that a change may have
 * happened. */
static void
plugin_fault(struct dr_arena *a, const char *plugin, const struct dr_call *call, const char *how,
             struct dr_reply *r)
{
    r->fault = true;
    r->error = dr_arena_printf(a, "plugin %s broke its contract in %s: it %s%s%s", plugin,
                               dr_name(&dr_array_op_names, (int)call->operation), how,
                               r->error ? "; it said: " : "", r->error ? r->error : "");
    if (!r->hint)
        r->hint =
            dr_arena_printf(a, "this is a mistake in plugin %s; report it to whom made it", plugin);
    drop_views(r);
    r->outcome = DRSTOR_OUTCOME_UNKNOWN;
    r->status = is_mutating(call) ? DRSTOR_E_UNKNOWN : DRSTOR_E_PROTOCOL;
}

static size_t
requested_index(const struct dr_call *call, const char *id)
{
    size_t i = 0;
    while (i < call->n_groups && !dr_streq(call->groups[i], id))
        i++;
    return i;
}

/* Puts views into the order of the request; the way in which they do not fit it, or NULL. */
static const char *
order_views(struct dr_arena *a, const struct dr_call *call, struct dr_reply *r)
{
    for (size_t i = 0; i < r->n_views; i++) {
        const struct dr_copy_view *v = &r->views[i];
        if (!v->id || v->n_members > MEMBERS_MAX)
            return "reported a group that makes no sense";
        for (size_t m = 0; m < v->n_members; m++)
            if (!v->members[m].id)
                return "reported a member without an id";
    }
    if (call->operation != DR_ARRAY_OP_OBSERVE)
        return NULL;
    struct dr_copy_view *sorted = dr_arena_alloc(a, call->n_groups, sizeof(*sorted));
    bool *seen = dr_arena_alloc(a, call->n_groups, sizeof(*seen));
    for (size_t i = 0; i < r->n_views; i++) {
        size_t k = requested_index(call, r->views[i].id);
        if (k >= call->n_groups || seen[k])
            return "reported a group twice, or one that was not asked for";
        seen[k] = true;
        sorted[k] = r->views[i];
    }
    size_t n = 0;
    for (size_t k = 0; k < call->n_groups; k++)
        if (seen[k])
            sorted[n++] = sorted[k];
    r->views = sorted;
    return NULL;
}

/* How outcome and status of a change contradict each other, or NULL. */
static const char *
contradiction(const struct dr_served *s)
{
    if (s->outcomes != 1)
        return s->outcomes ? "gave more than one outcome" : "gave no outcome";
    switch (s->outcome) {
    case DRSTOR_OUTCOME_UNKNOWN:
        return NULL;
    case DRSTOR_OUTCOME_DONE:
        return s->status == DRSTOR_OK ? NULL : "said done, and failed";
    case DRSTOR_OUTCOME_JOB:
        if (!s->job)
            return "said that a job runs, and did not name it";
        return s->status == DRSTOR_OK ? NULL : "said that a job runs, and failed";
    case DRSTOR_OUTCOME_REFUSED:
        if (s->status == DRSTOR_OK)
            return "said refused, and gave no status";
        return s->status == DRSTOR_E_UNKNOWN ? "said refused, and that it does not know" : NULL;
    case DRSTOR_OUTCOME_PARTIAL:
        for (size_t i = 0; i < s->n_views; i++)
            if (s->views[i].n_members)
                return NULL;
        return "said partial, and named no member";
    }
    return "gave an outcome that does not exist";
}

static void
judge_change(struct dr_arena *a, const char *plugin, const struct dr_call *call,
             const struct dr_served *s, struct dr_reply *r)
{
    const char *how = s->fault ? s->fault : contradiction(s);
    if (how) {
        plugin_fault(a, plugin, call, how, r);
        return;
    }
    r->outcome = s->outcome;
    if (r->late && s->status == DRSTOR_E_CANCELLED) {
        r->error = "no answer in time";
        r->outcome = DRSTOR_OUTCOME_UNKNOWN;
    } else if (r->late) {
        r->error = dr_arena_printf(a, "%s answered after its deadline (late), with: %s%s%s",
                                   dr_name(&dr_array_op_names, (int)call->operation),
                                   dr_name(&dr_outcome_names, (int)s->outcome),
                                   s->error ? ", " : "", s->error ? s->error : "");
        r->outcome = DRSTOR_OUTCOME_UNKNOWN;
    }
    if (r->outcome == DRSTOR_OUTCOME_UNKNOWN)
        r->status = DRSTOR_E_UNKNOWN;
    if (r->outcome == DRSTOR_OUTCOME_PARTIAL &&
        (s->status == DRSTOR_OK || may_be_repeated(s->status)))
        r->status = DRSTOR_E_UNKNOWN;
}

void
dr_verdict(struct dr_arena *a, const char *plugin, const struct dr_call *call,
           const struct dr_served *s, const char *why, struct dr_reply *ret)
{
    *ret = (struct dr_reply){.sent = true, .progress_permille = -1};
    if (!s) {
        ret->error = why;
        ret->status = is_mutating(call) ? DRSTOR_E_UNKNOWN : DRSTOR_E_UNREACHABLE;
        return;
    }
    ret->status = s->status;
    ret->job = s->job;
    ret->error = s->error;
    ret->hint = s->hint;
    ret->array_code = s->array_code;
    ret->array_words = s->array_words;
    ret->views = s->views;
    ret->n_views = s->n_views;
    ret->jobs = s->jobs;
    ret->n_jobs = s->n_jobs;
    ret->points = s->points;
    ret->n_points = s->n_points;
    ret->progress_permille = s->progress_permille;
    ret->progress = s->progress;
    ret->late = s->ended_ns < 0 || (uint64_t)s->ended_ns >= call->deadline_ns;

    const char *shape = order_views(a, call, ret);
    if (s->status > DRSTOR_OK || s->status < DRSTOR_E_TIMEOUT) {
        plugin_fault(a, plugin, call,
                     dr_arena_printf(a, "returned %d, which is no status", s->status), ret);
    } else if (shape) {
        plugin_fault(a, plugin, call, shape, ret);
    } else if (is_mutating(call)) {
        judge_change(a, plugin, call, s, ret);
    } else if (s->fault) {
        plugin_fault(a, plugin, call, s->fault, ret);
    } else if (s->status < DRSTOR_OK) {
        /* At the deadline the host wakes whoever still waits: that is silence, not a wish to
         * stop. */
        if (ret->late && s->status == DRSTOR_E_CANCELLED) {
            ret->status = DRSTOR_E_UNREACHABLE;
            ret->error = "no answer in time";
        }
        /* Half a view looks like a whole one: "no paths" would read as "not exposed". */
        drop_views(ret);
    }
    if (ret->status < DRSTOR_OK && !ret->error)
        ret->error = dr_arena_printf(a, "plugin %s: %s failed: %s", plugin,
                                     dr_name(&dr_array_op_names, (int)call->operation),
                                     dr_status_name(ret->status));
}

void
dr_verdict_unsent(const struct dr_call *call, int status, const char *error, const char *hint,
                  struct dr_reply *ret)
{
    *ret = (struct dr_reply){.status = status,
                             .error = error,
                             .hint = hint,
                             .progress_permille = -1,
                             .outcome = is_mutating(call) ? DRSTOR_OUTCOME_REFUSED
                                                          : DRSTOR_OUTCOME_UNKNOWN};
}
