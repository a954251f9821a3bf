#include "report/document.h"

#include "base/str.h"
#include "base/timetext.h"
#include "model/words.h"

#include <string.h>

static struct json_object *
parse(const char *text)
{
    struct json_object *o = NULL;
    if (text && dr_json_parse(text, strlen(text), &dr_json_inventory, &o, NULL) < 0)
        return NULL;
    return o;
}

static const struct dr_step_row *
row_of(const struct dr_step_row *rows, size_t n, const char *id)
{
    for (size_t i = 0; i < n; i++)
        if (dr_streq(rows[i].id, id))
            return &rows[i];
    return NULL;
}

static int64_t
took_s(const struct dr_step_row *r)
{
    int64_t s = dr_stamp_age_s(&r->started, &r->answered);
    return s >= 0 ? s
                  : (r->started.utc >= 0 && r->answered.utc >= r->started.utc
                         ? r->answered.utc - r->started.utc
                         : -1);
}

static struct json_object *
steps_json(struct dr_arena *a, const struct dr_plan *p, const struct dr_step_row *rows, size_t n)
{
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < p->n_steps; i++) {
        const struct dr_plan_step *s = &p->steps[i];
        const struct dr_step_row *r = row_of(rows, n, s->id);
        struct json_object *o = json_object_new_object();
        dr_json_set_str(o, "id", s->id);
        dr_json_set_str(o, "kind", dr_name(&dr_step_kind_names, (int)s->kind));
        dr_json_set_str(o, "group", s->group);
        dr_json_set_str(o, "site", s->site);
        dr_json_set_str(o, "text", s->text);
        if (s->expect_s >= 0)
            dr_json_set_i64(o, "expect_s", s->expect_s);
        dr_json_set_str(o, "state", r ? r->state : "waiting");
        if (r) {
            dr_json_set_i64(o, "attempts", r->attempt);
            if (r->started.utc >= 0)
                dr_json_set_str(o, "started_at", dr_utc_text(a, r->started.utc));
            if (r->answered.utc >= 0)
                dr_json_set_str(o, "answered_at", dr_utc_text(a, r->answered.utc));
            if (took_s(r) >= 0)
                dr_json_set_i64(o, "elapsed_s", took_s(r));
            dr_json_set_str(o, "op", r->op);
            dr_json_set_str(o, "job", r->job);
            dr_auto(dr_json_putp) struct json_object *answer = parse(r->answer);
            if (!dr_streq(r->state, "done"))
                dr_json_set_str(o, "error", dr_json_str(answer, "error"));
            dr_json_set_str(o, "array_words", dr_json_str(answer, "array_words"));
            dr_json_set_str(o, "snapshot", dr_json_str(answer, "snapshot"));
        }
        (void)json_object_array_add(list, o);
    }
    return list;
}

struct vm_times {
    int64_t first, last;
    bool complete;
};

static struct json_object *
vm_of(struct json_object *list, const char *group, const char *id)
{
    for (size_t i = 0; i < dr_json_length(list); i++) {
        struct json_object *vm = json_object_array_get_idx(list, i);
        if (dr_streq(dr_json_str(vm, "id"), id) && dr_streq(dr_json_str(vm, "group"), group))
            return vm;
    }
    struct json_object *vm = json_object_new_object();
    (void)json_object_array_add(list, vm);
    return vm;
}

/* What one step saw of its VMs; a later step of the same group knows better. */
static void
add_vms(struct dr_arena *a, struct json_object *list, const char *group, struct json_object *vms,
        struct vm_times *times)
{
    for (size_t k = 0; k < dr_json_length(vms); k++) {
        struct json_object *vm = json_object_array_get_idx(vms, k),
                           *o = vm_of(list, group, dr_json_str(vm, "id"));
        int64_t at = -1;
        json_object_object_del(o, "trouble");
        dr_json_set_str(o, "name", dr_json_str(vm, "name"));
        dr_json_set_str(o, "id", dr_json_str(vm, "id"));
        dr_json_set_str(o, "group", group);
        dr_json_set_str(o, "state", dr_json_str(vm, "state"));
        dr_json_set_str(o, "trouble", dr_json_str(vm, "trouble"));
        if (dr_json_i64(vm, "stopped_utc", &at)) {
            dr_json_set_str(o, "stopped_at", dr_utc_text(a, at));
            if (dr_streq(dr_json_str(vm, "state"), "powered-off"))
                dr_json_set_bool(o, "powered_off", true);
        }
        if (dr_json_i64(vm, "started_utc", &at)) {
            dr_json_set_str(o, "started_at", dr_utc_text(a, at));
            if (times->first < 0 || at < times->first)
                times->first = at;
            if (at > times->last)
                times->last = at;
        }
    }
}

static struct json_object *
vms_json(struct dr_arena *a, const struct dr_plan *p, const struct dr_step_row *rows, size_t n,
         struct vm_times *times)
{
    struct json_object *list = json_object_new_array();
    times->first = times->last = -1;
    for (size_t i = 0; i < p->n_steps; i++) {
        bool about = p->steps[i].kind == DR_STEP_STAGE || p->steps[i].kind == DR_STEP_DRAIN;
        const struct dr_step_row *r = about ? row_of(rows, n, p->steps[i].id) : NULL;
        dr_auto(dr_json_putp) struct json_object *answer = r ? parse(r->answer) : NULL;
        add_vms(a, list, p->steps[i].group, dr_json_get(answer, "vms"), times);
    }
    return list;
}

/* The last proof of life of what was lost: its array, as stored when the run began. */
static int64_t
outage(const struct dr_model *m, const struct dr_plan *p, const struct dr_facts *facts)
{
    int64_t last = -1;
    if (!p->goal.unplanned || !facts)
        return -1;
    for (size_t i = 0; i < p->n_flips; i++) {
        const struct dr_group *g = dr_model_group(m, p->flips[i].name);
        const struct dr_copy *old = g ? dr_group_copy(g, p->flips[i].from) : NULL;
        const struct dr_endpoint_facts *e =
            old ? dr_facts_endpoint(facts, DR_ENDPOINT_ARRAY, old->array->name) : NULL;
        if (e && !e->answers && e->last_answer.utc > last)
            last = e->last_answer.utc;
    }
    return last;
}

/* A flip without a fence proves by what it did; that is in the record only, until the next flip. */
static void
proven_by_record(struct json_object *list, struct dr_store *store, struct dr_arena *a,
                 const struct dr_plan *p, const char *run)
{
    for (size_t i = 0; i < p->n_flips; i++) {
        struct dr_record rec;
        const char *fence = dr_arena_printf(a, "fence:%s", p->flips[i].name);
        if (dr_plan_step_find(p, fence) ||
            dr_store_load(store, a, p->flips[i].name, &rec, NULL, NULL) < 0)
            continue;
        for (size_t k = 0; k < rec.n_evidence; k++)
            if (dr_streq(rec.evidence[k].run, run))
                (void)json_object_array_add(list,
                                            dr_map_write(&dr_evidence_type, &rec.evidence[k]));
    }
}

static void
evidence_and_loss(struct json_object *o, struct dr_store *store, struct dr_arena *a,
                  const struct dr_plan *p, const char *run, const struct dr_step_row *rows,
                  size_t n)
{
    struct json_object *list = json_object_new_array(), *losses = json_object_new_array();
    int64_t worst = -1;
    bool unknown = false;
    for (size_t i = 0; i < p->n_steps; i++) {
        const struct dr_step_row *r = row_of(rows, n, p->steps[i].id);
        struct json_object *answer = r && dr_streq(r->state, "done") ? parse(r->answer) : NULL;
        if (!answer)
            continue;
        if (p->steps[i].kind == DR_STEP_FENCE) {
            (void)json_object_array_add(list, answer);
        } else if (p->steps[i].kind == DR_STEP_COMMIT) {
            int64_t s = -1;
            if (dr_json_i64(answer, "seconds", &s) && s > worst)
                worst = s;
            unknown |= s < 0;
            (void)json_object_array_add(losses, answer);
        } else {
            (void)json_object_put(answer);
        }
    }
    proven_by_record(list, store, a, p, run);
    dr_json_set(o, "evidence", list);
    dr_json_set(o, "losses", losses);
    if (!unknown && worst >= 0)
        dr_json_set_i64(o, "rpo_s", worst);
}

/* Only what makes a site serve has a recovery time. */
static bool
brings_service(const struct dr_plan *p)
{
    return p->goal.verb == DR_VERB_PROMOTE || p->goal.verb == DR_VERB_FAILBACK;
}

/* "done" only when all of it was done; never a word that hides something. */
static const char *
result_word(enum dr_run_state state)
{
    return dr_name(&dr_run_state_names, (int)state);
}

int
dr_report_run(struct dr_store *store, struct dr_arena *a, const struct dr_model *m, const char *run,
              const struct dr_facts *facts, struct json_object **ret, struct drstor_error **err)
{
    struct dr_run_row row;
    struct dr_step_row *rows = NULL;
    size_t n = 0;
    struct dr_plan plan;
    int r = dr_store_run_load(store, a, run, &row, err);
    if (r == DRSTOR_OK)
        r = dr_store_step_list(store, a, run, &rows, &n, err);
    if (r < 0)
        return r;
    dr_auto(dr_json_putp) struct json_object *plan_doc = parse(row.plan);
    r = dr_map_read(a, &dr_plan_type, plan_doc, false, &plan, err);
    if (r < 0)
        return dr_context(err, r, "run %s", run);

    struct json_object *o = dr_report_new();
    dr_auto(dr_json_putp) struct json_object *result = parse(row.result);
    struct json_object *groups = json_object_new_array(), *times = json_object_new_object();
    int64_t exit = 0;
    struct vm_times vt;
    dr_json_set_str(o, "run", row.id);
    dr_json_set(o, "goal", parse(row.goal));
    for (size_t i = 0; i < row.n_groups; i++)
        (void)json_object_array_add(groups, json_object_new_string(row.groups[i]));
    dr_json_set(o, "groups", groups);
    dr_json_set_str(o, "result", result_word(row.state));
    if (dr_json_i64(result, "exit", &exit))
        dr_json_set_i64(o, "exit", exit);
    dr_json_set_str(o, "text", dr_json_str(result, "text"));
    dr_json_set_str(o, "hint", dr_json_str(result, "hint"));
    dr_json_set_str(o, "rule", dr_json_str(result, "rule"));
    dr_json_set_str(o, "who", row.who);
    struct json_object *vms = vms_json(a, &plan, rows, n, &vt);
    int64_t lost = outage(m, &plan, facts);
    int64_t back = vt.last >= 0 ? vt.last : row.ended;
    if (lost >= 0)
        dr_json_set_str(times, "outage", dr_utc_text(a, lost));
    dr_json_set_str(times, "decision", dr_utc_text(a, row.started));
    if (vt.first >= 0)
        dr_json_set_str(times, "first_vm", dr_utc_text(a, vt.first));
    if (vt.last >= 0)
        dr_json_set_str(times, "last_vm", dr_utc_text(a, vt.last));
    if (row.ended >= 0)
        dr_json_set_str(times, "ended", dr_utc_text(a, row.ended));
    dr_json_set(o, "times", times);
    if (row.state == DR_RUN_DONE && back >= row.started && brings_service(&plan)) {
        dr_json_set_i64(o, "rto_s", back - row.started);
        if (lost >= 0)
            dr_json_set_i64(o, "rto_outage_s", back - lost);
    }
    evidence_and_loss(o, store, a, &plan, row.id, rows, n);
    dr_json_set(o, "loss", json_object_get(dr_json_get(plan_doc, "loss")));
    dr_json_set_str(o, "plan", plan.id);
    if (plan.made_at >= 0)
        dr_json_set_str(o, "made_at", dr_utc_text(a, plan.made_at));
    dr_json_set(o, "flips", json_object_get(dr_json_get(plan_doc, "flips")));
    dr_json_set(o, "conditions", json_object_get(dr_json_get(plan_doc, "conditions")));
    dr_json_set(o, "consent", parse(row.consent));
    dr_json_set(o, "steps", steps_json(a, &plan, rows, n));
    dr_json_set(o, "vms", vms);
    *ret = o;
    return DRSTOR_OK;
}

struct json_object *
dr_report_not_begun(const struct dr_plan *p, const char *result, int exit, const char *text,
                    const char *hint)
{
    struct json_object *o = dr_report_new(), *groups = json_object_new_array(),
                       *refusals = json_object_new_array();
    dr_json_set(o, "goal", dr_map_write(&dr_goal_type, &p->goal));
    for (size_t i = 0; i < p->n_groups; i++)
        (void)json_object_array_add(groups, json_object_new_string(p->groups[i]));
    dr_json_set(o, "groups", groups);
    dr_json_set_str(o, "result", result);
    dr_json_set_i64(o, "exit", exit);
    dr_json_set_str(o, "text", text);
    dr_json_set_str(o, "hint", hint);
    for (size_t i = 0; i < p->n_refusals; i++)
        (void)json_object_array_add(refusals, dr_map_write(&dr_refusal_type, &p->refusals[i]));
    dr_json_set(o, "refusals", refusals);
    if (p->n_losses) { /* what it would have cost, as it was shown */
        struct json_object *losses = json_object_new_array();
        for (size_t i = 0; i < p->n_losses; i++)
            (void)json_object_array_add(losses, dr_map_write(&dr_loss_type, &p->losses[i]));
        dr_json_set(o, "losses", losses);
    }
    dr_json_set_str(o, "plan", p->id);
    return o;
}
