/* Giving a run up, and letting the primary serve again where the run had taken that from it. */
#include "library/internal.h"

#include "base/failpoint.h"
#include "base/str.h"

#include <string.h>

static struct json_object *
texts(const char *const *list, size_t n)
{
    struct json_object *all = json_object_new_array();
    for (size_t i = 0; i < n; i++)
        (void)json_object_array_add(all, json_object_new_string(list[i]));
    return all;
}

static void
say(struct act *x, const char ***list, size_t *n, const char *text)
{
    dr_arena_push(x->s.arena, *list, *n) = text;
}

/* A primary that was never opened need not be: what HELPS it, and the way to where it came from. */
static const char *
back_text(struct act *x, const struct dr_record *r, const char *helps)
{
    const struct dr_group *g = dr_model_group(x->s.d->model, r->group);
    struct dr_goal back = x->goal;
    back.unplanned = true;
    for (size_t i = 0; g && r->left.untaken && i < g->n_copies; i++)
        if (!dr_streq(g->copies[i].site->name, r->primary)) {
            back.to = g->copies[i].site->name;
            return dr_arena_printf(x->s.arena, "%s; or back to %s: %s", helps, back.to,
                                   dr_command_text(x->s.arena, &back, NULL));
        }
    return helps;
}

static const struct dr_record *
record_of(const struct dr_plan_record *records, size_t n, const char *group)
{
    for (size_t i = 0; i < n; i++)
        if (dr_streq(records[i].group, group) && records[i].present)
            return &records[i].record;
    return NULL;
}

static const char *
primary_of(const struct dr_plan_record *records, size_t n, const char *group)
{
    const struct dr_record *r = record_of(records, n, group);
    return r ? r->primary : NULL;
}

static const char *
listed(struct act *x, const char *const *groups, size_t n)
{
    const char *text = groups[0];
    for (size_t i = 1; i < n; i++)
        text = dr_arena_printf(x->s.arena, "%s %s", text, groups[i]);
    return text;
}

/* Groups of one primary. */
struct serves {
    const char *primary, **groups;
    size_t n;
    const struct dr_plan_record *records;
    size_t n_records;
};

/*
 * A flip with a fence and an epoch of its own (safety L3). What comes of it is a sentence; what
 * cannot be served again is told with what would help. 1: refused, and nothing was said.
 */
static int
serve_once(struct act *x, struct dr_abort_result *a, const struct serves *what, bool alone,
           struct drstor_error **err)
{
    const char *primary = what->primary, **groups = what->groups;
    const size_t n = what->n;
    const struct dr_goal was = a->goal;
    dr_map_clear(&dr_goal_type, &x->goal);
    x->goal.verb = DR_VERB_PROMOTE;
    x->goal.groups = groups;
    x->goal.n_groups = n;
    x->goal.to = primary;
    x->goal.storage_only = was.storage_only;
    x->result = (struct dr_run_result){0};

    char *json = NULL;
    dr_auto(dr_error_freep) struct drstor_error *trouble = NULL;
    int r = dr_act_on(x, NULL, &json, &trouble);
    dr_auto(dr_json_putp) struct json_object *doc = NULL;
    if (r == DRSTOR_OK)
        (void)dr_json_parse(json, strlen(json), &dr_json_inventory, &doc, NULL);
    drstor_text_free(json);
    int64_t exit = 1;
    (void)dr_json_i64(doc, "exit", &exit);
    if (r == DRSTOR_OK && exit == 3 && !alone && !x->result.run)
        return 1;
    const char *why = r < 0 ? dr_error_message(trouble) : dr_json_str(doc, "text");
    /* A run of it that is open now is what to go on with: a new promote would be refused. */
    const char *helps = dr_json_str(doc, "hint");
    if (!helps)
        helps =
            dr_arena_printf(x->s.arena, "drstor promote %s --to %s", listed(x, groups, n), primary);
    if (r == DRSTOR_E_CANCELLED) {
        dr_error_move(err, &trouble);
        return r;
    }
    a->left_over |= r < 0 || exit != 0;
    for (size_t i = 0; i < n; i++) {
        const struct dr_record *record = record_of(what->records, what->n_records, groups[i]);
        x->goal.groups = &groups[i];
        x->goal.n_groups = 1;
        if (r == DRSTOR_OK && exit == 0)
            say(x, &a->undone, &a->n_undone,
                dr_arena_printf(x->s.arena, "%s: writable at %s again (run %s)", groups[i], primary,
                                x->result.run ? x->result.run : "none needed"));
        else
            say(x, &a->stays, &a->n_stays,
                dr_arena_printf(x->s.arena, "%s: not writable at %s, so nobody serves it: %s; %s",
                                groups[i], primary, why ? why : "it failed",
                                record ? back_text(x, record, helps) : helps));
    }
    return DRSTOR_OK;
}

/*
 * All groups of one primary together, because their VMs start in one order, and one may have disks
 * on several of them. Where that is refused, those that can be served are.
 */
static int
serve_again(struct act *x, struct dr_abort_result *a, struct drstor_error **err)
{
    struct dr_plan_record *records = NULL;
    size_t n = 0;
    int r = a->n_not_served ? dr_session_records(&x->s, &records, &n, err) : DRSTOR_OK;
    bool *over = dr_arena_alloc(x->s.arena, a->n_not_served + 1, sizeof(*over));
    for (size_t i = 0; r == DRSTOR_OK && i < a->n_not_served; i++) {
        const char *primary = primary_of(records, n, a->not_served[i]), **groups = NULL;
        size_t n_groups = 0;
        for (size_t k = i; primary && k < a->n_not_served; k++) {
            if (over[k] || !dr_streq(primary_of(records, n, a->not_served[k]), primary))
                continue;
            over[k] = true;
            dr_arena_push(x->s.arena, groups, n_groups) = a->not_served[k];
        }
        struct serves what = {primary, groups, n_groups, records, n};
        if (n_groups)
            r = serve_once(x, a, &what, n_groups == 1, err);
        for (size_t k = 0; r == 1 && k < n_groups; k++) {
            what = (struct serves){primary, &groups[k], 1, records, n};
            int e = serve_once(x, a, &what, true, err);
            r = e < 0 ? e : k + 1 == n_groups ? DRSTOR_OK : 1;
        }
    }
    return r;
}

static int
document(struct act *x, const struct dr_abort_result *a, char **ret_json, struct drstor_error **err)
{
    struct json_object *o = NULL;
    int r = dr_report_run(x->s.store, x->s.arena, a->run, &o, err);
    if (r < 0)
        return r;
    dr_json_set(o, "undone", texts(a->undone, a->n_undone));
    dr_json_set(o, "stays", texts(a->stays, a->n_stays));
    dr_json_set(o, "unknown", texts(a->unknown, a->n_unknown));
    dr_json_set_i64(o, "exit", a->n_unknown ? 5 : a->left_over ? 4 : 0);
    if (a->state != DR_RUN_ABORTED)
        dr_json_set_str(o, "text",
                        dr_arena_printf(x->s.arena, "run %s is %s: there is nothing to give up",
                                        a->run, dr_name(&dr_run_state_names, (int)a->state)));
    *ret_json = dr_session_document(&x->s, o);
    return DRSTOR_OK;
}

int
drstor_abort(struct drstor *d, const char *run, const struct drstor_callbacks *callbacks,
             char **ret_json, struct drstor_error **err)
{
    struct act x = {0};
    struct dr_abort_result a;
    int r = run ? dr_act_allowed(d, err) : dr_fail(err, DRSTOR_E_INVALID, "which run?");
    if (r == DRSTOR_OK)
        r = dr_session_open(d, DR_STORE_WRITE, &x.s, err);
    if (r < 0)
        return r;
    dr_act_callbacks(&x, callbacks);
    x.cb.decide = NULL; /* giving up is the decision; what it takes loses nothing */
    const struct dr_run_setup setup = dr_act_setup(&x);
    const char *said = NULL;
    r = dr_session_mirror(&x.s, x.s.arena, &said, err);
    if (r == DRSTOR_OK)
        r = dr_run_abort(&setup, x.s.arena, run, false, &a, err);
    if (r == DRSTOR_OK && !DR_CANARY("no-way-back"))
        r = serve_again(&x, &a, err);
    if (r == DRSTOR_OK)
        r = document(&x, &a, ret_json, err);
    dr_session_close(&x.s);
    return r;
}
