#include "report/ran.h"

#include "base/str.h"
#include "base/timetext.h"
#include "model/words.h"

#include <string.h>

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
steps_json(const struct dr_ran *ran)
{
    struct dr_arena *a = ran->arena;
    const struct dr_plan *p = &ran->plan;
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < p->n_steps; i++) {
        const struct dr_plan_step *s = &p->steps[i];
        const struct dr_step_row *r = dr_ran_row(ran, s->id);
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
            dr_auto(dr_json_putp) struct json_object *answer = dr_ran_parse(r->answer);
            if (!dr_streq(r->state, "done"))
                dr_json_set_str(o, "error", dr_json_str(answer, "error"));
            dr_json_set_str(o, "array_words", dr_json_str(answer, "array_words"));
            dr_json_set_str(o, "snapshot", dr_json_str(answer, "snapshot"));
        }
        (void)json_object_array_add(list, o);
    }
    return list;
}

/* Programs beside the steps; what was put into them, and what they said at last. */
static struct json_object *
hooks_json(const struct dr_ran *ran)
{
    static const char prefix[] = "hook:";
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < ran->n_rows; i++) {
        const struct dr_step_row *r = &ran->rows[i];
        if (strncmp(r->id, prefix, sizeof(prefix) - 1) != 0)
            continue;
        dr_auto(dr_json_putp) struct json_object *intent = dr_ran_parse(r->intent);
        dr_auto(dr_json_putp) struct json_object *answer = dr_ran_parse(r->answer);
        struct json_object *o = json_object_new_object();
        int64_t code = -1;
        static const char *const of_intent[] = {"program", "where", "group", "on_failure"};
        for (size_t k = 0; k < DR_COUNT(of_intent); k++)
            dr_json_set_str(o, of_intent[k], dr_json_str(intent, of_intent[k]));
        /* Written down as begun, and nothing after it: its end is as unknown as that of one killed.
         */
        dr_json_set_str(o, "state", dr_streq(r->state, "sent") ? "unknown" : r->state);
        dr_json_set_i64(o, "attempts", r->attempt);
        if (dr_json_i64(answer, "code", &code))
            dr_json_set_i64(o, "code", code);
        dr_json_set_str(o, "said", dr_json_str(answer, "said"));
        dr_json_set_str(o, "error", dr_json_str(answer, "error"));
        if (r->started.utc >= 0)
            dr_json_set_str(o, "started_at", dr_utc_text(ran->arena, r->started.utc));
        if (took_s(r) >= 0)
            dr_json_set_i64(o, "elapsed_s", took_s(r));
        (void)json_object_array_add(list, o);
    }
    return list;
}

/* A flip without a fence proves by what it did; that is in the record only, until the next flip. */
static void
proven_by_record(const struct dr_ran *ran, struct json_object *list)
{
    for (size_t i = 0; i < ran->plan.n_flips; i++) {
        struct dr_record rec;
        const char *group = ran->plan.flips[i].name;
        const char *fence = dr_arena_printf(ran->arena, "fence:%s", group);
        if (dr_plan_step_find(&ran->plan, fence) ||
            dr_store_load(ran->store, ran->arena, group, &rec, NULL, NULL) < 0)
            continue;
        for (size_t k = 0; k < rec.n_evidence; k++)
            if (dr_streq(rec.evidence[k].run, ran->row.id))
                (void)json_object_array_add(list,
                                            dr_map_write(&dr_evidence_type, &rec.evidence[k]));
    }
}

static void
evidence_and_loss(const struct dr_ran *ran, struct json_object *o)
{
    struct json_object *list = json_object_new_array(), *losses = json_object_new_array();
    int64_t worst = -1;
    bool unknown = false;
    for (size_t i = 0; i < ran->plan.n_steps; i++) {
        const struct dr_plan_step *step = &ran->plan.steps[i];
        const struct dr_step_row *r = dr_ran_row(ran, step->id);
        struct json_object *answer =
            r && dr_streq(r->state, "done") ? dr_ran_parse(r->answer) : NULL;
        if (!answer)
            continue;
        if (step->kind == DR_STEP_FENCE) {
            (void)json_object_array_add(list, answer);
        } else if (step->kind == DR_STEP_COMMIT) {
            int64_t s = -1;
            if (dr_json_i64(answer, "seconds", &s) && s > worst)
                worst = s;
            unknown |= s < 0;
            (void)json_object_array_add(losses, answer);
        } else {
            (void)json_object_put(answer);
        }
    }
    proven_by_record(ran, list);
    dr_json_set(o, "evidence", list);
    dr_json_set(o, "losses", losses);
    if (!unknown && worst >= 0)
        dr_json_set_i64(o, "rpo_s", worst);
}

/* How it ended: "done" only when all of it was done; never a word that hides something. */
static void
result(const struct dr_ran *ran, struct json_object *o)
{
    dr_auto(dr_json_putp) struct json_object *stored = dr_ran_parse(ran->row.result);
    int64_t exit = 0;
    dr_json_set_str(o, "result", dr_name(&dr_run_state_names, (int)ran->row.state));
    if (dr_json_i64(stored, "exit", &exit))
        dr_json_set_i64(o, "exit", exit);
    dr_json_set_str(o, "text", dr_json_str(stored, "text"));
    dr_json_set_str(o, "hint", dr_json_str(stored, "hint"));
    dr_json_set_str(o, "rule", dr_json_str(stored, "rule"));
    static const char *const given_up[] = {"undone", "stays", "unknown"};
    for (size_t i = 0; i < DR_COUNT(given_up); i++)
        dr_json_set(o, given_up[i], json_object_get(dr_json_get(stored, given_up[i])));
    dr_json_set_str(o, "who", ran->row.who);
}

enum { EVENTS_MOST = 1000000 };

static int
load(struct dr_ran *ran, const char *run, struct json_object **ret_plan, struct drstor_error **err)
{
    struct dr_step_row *rows = NULL;
    struct dr_event_row *events = NULL;
    int r = dr_store_run_load(ran->store, ran->arena, run, &ran->row, err);
    if (r == DRSTOR_OK)
        r = dr_store_step_list(ran->store, ran->arena, run, &rows, &ran->n_rows, err);
    if (r == DRSTOR_OK)
        r = dr_store_event_list(ran->store, ran->arena, run, 0, EVENTS_MOST, &events,
                                &ran->n_events, err);
    if (r < 0)
        return r;
    ran->rows = rows;
    ran->events = events;
    *ret_plan = dr_ran_parse(ran->row.plan);
    r = dr_map_read(ran->arena, &dr_plan_type, *ret_plan, false, &ran->plan, err);
    return r < 0 ? dr_context(err, r, "run %s", run) : DRSTOR_OK;
}

int
dr_report_run(struct dr_store *store, struct dr_arena *a, const char *run, struct json_object **ret,
              struct drstor_error **err)
{
    struct dr_ran ran = {.store = store, .arena = a};
    dr_auto(dr_json_putp) struct json_object *plan_doc = NULL;
    int r = load(&ran, run, &plan_doc, err);
    if (r < 0)
        return r;

    struct json_object *o = dr_report_new(), *groups = json_object_new_array();
    dr_json_set_str(o, "run", ran.row.id);
    dr_json_set(o, "goal", dr_ran_parse(ran.row.goal));
    for (size_t i = 0; i < ran.row.n_groups; i++)
        (void)json_object_array_add(groups, json_object_new_string(ran.row.groups[i]));
    dr_json_set(o, "groups", groups);
    result(&ran, o);
    evidence_and_loss(&ran, o);
    dr_json_set(o, "loss", json_object_get(dr_json_get(plan_doc, "loss")));
    dr_json_set_str(o, "plan", ran.plan.id);
    if (ran.plan.made_at >= 0)
        dr_json_set_str(o, "made_at", dr_utc_text(a, ran.plan.made_at));
    dr_json_set(o, "flips", json_object_get(dr_json_get(plan_doc, "flips")));
    dr_json_set(o, "conditions", json_object_get(dr_json_get(plan_doc, "conditions")));
    dr_json_set(o, "consent", dr_ran_parse(ran.row.consent));
    dr_json_set(o, "steps", steps_json(&ran));
    dr_json_set(o, "hooks", hooks_json(&ran));
    dr_ran_service(&ran, o);
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
