/* Giving a run up, and letting the primary serve again where the run had taken that from it. */
#include "library/internal.h"

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

/*
 * One group at a time: each is a flip of its own, with a fence and an epoch (safety L3). What comes
 * of it is a sentence; a group that cannot be served again is told with what would help.
 */
static int
serve_again(struct act *x, struct dr_abort_result *a, const char *group, struct drstor_error **err)
{
    const struct dr_goal was = a->goal;
    struct dr_plan_record *records = NULL;
    size_t n = 0;
    int r = dr_session_records(&x->s, &records, &n, err);
    if (r < 0)
        return r;
    const struct dr_record *record = NULL;
    for (size_t i = 0; i < n; i++)
        if (dr_streq(records[i].group, group) && records[i].present)
            record = &records[i].record;
    if (!record || !record->primary)
        return DRSTOR_OK;
    const char *primary = record->primary;
    const char **one = dr_arena_alloc(x->s.arena, 1, sizeof(*one));
    one[0] = group;
    dr_map_clear(&dr_goal_type, &x->goal);
    x->goal.verb = DR_VERB_PROMOTE;
    x->goal.groups = one;
    x->goal.n_groups = 1;
    x->goal.to = primary;
    x->goal.storage_only = was.storage_only;
    x->result = (struct dr_run_result){0};

    char *json = NULL;
    dr_auto(dr_error_freep) struct drstor_error *trouble = NULL;
    r = dr_act_on(x, NULL, &json, &trouble);
    dr_auto(dr_json_putp) struct json_object *doc = NULL;
    if (r == DRSTOR_OK)
        (void)dr_json_parse(json, strlen(json), &dr_json_inventory, &doc, NULL);
    drstor_text_free(json);
    int64_t exit = 1;
    (void)dr_json_i64(doc, "exit", &exit);
    const char *why = r < 0 ? dr_error_message(trouble) : dr_json_str(doc, "text");
    /* A run of it that is open now is what to go on with: a new promote would be refused. */
    const char *helps = dr_json_str(doc, "hint");
    if (!helps)
        helps = dr_arena_printf(x->s.arena, "drstor promote %s --to %s", group, primary);
    if (r == DRSTOR_OK && exit == 0)
        say(x, &a->undone, &a->n_undone,
            dr_arena_printf(x->s.arena, "%s: writable at %s again (run %s)", group, primary,
                            x->result.run ? x->result.run : "none needed"));
    else if (r == DRSTOR_E_CANCELLED)
        dr_error_move(err, &trouble);
    else
        say(x, &a->stays, &a->n_stays,
            dr_arena_printf(x->s.arena, "%s: not writable at %s, so nobody serves it: %s; %s",
                            group, primary, why ? why : "it failed", back_text(x, record, helps)));
    return r == DRSTOR_E_CANCELLED ? r : DRSTOR_OK;
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
    dr_json_set_i64(o, "exit", a->n_unknown ? 5 : 0);
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
        r = dr_run_abort(&setup, x.s.arena, run, &a, err);
    for (size_t i = 0; r == DRSTOR_OK && i < a.n_not_served; i++)
        r = serve_again(&x, &a, a.not_served[i], err);
    if (r == DRSTOR_OK)
        r = document(&x, &a, ret_json, err);
    dr_session_close(&x.s);
    return r;
}
