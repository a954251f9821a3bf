/* What a guard does beside deciding: looking at an array, closing a copy, reading an engine. */
#include "library/guard_internal.h"

#include "base/str.h"
#include "plugin/info.h"
#include "plugin/loader.h"
#include "rhv/inventory.h"

#include <string.h>

static void
end(struct guard_task *t, int status, const struct drstor_error *err)
{
    t->status = status;
    if (status < 0) {
        t->text = dr_arena_str(t->arena, dr_error_message(err));
        t->hint = dr_arena_str(t->arena, dr_error_hint(err));
    }
    t->ended_ns = dr_now_ns(t->g->s.d->env);
    dr_mailbox_post(t->g->box, t);
}

void
guard_record(struct guard *g, struct dr_arena *a, const char *group, struct dr_plan_record *ret)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    *ret = (struct dr_plan_record){.group = group};
    dr_map_clear(&dr_record_type, &ret->record);
    int r = dr_store_load(g->s.store, a, group, &ret->record, NULL, &err);
    ret->present = r == DRSTOR_OK;
    if (r < 0 && r != DRSTOR_E_NOTFOUND)
        ret->damaged = dr_arena_str(a, dr_error_message(err));
}

/* ---- looking --------------------------------------------------------------------------------- */

/*
 * Of an array that is back, an answer comes in its usual time; to wait longer for one that is not
 * there is time in which it comes back unseen. One that takes a request and does not answer in that
 * time is slow: the next look gets all that its plugin declares.
 */
static uint64_t
look_deadline(const struct guard_task *t)
{
    enum { USUAL_TIMES = 20 };
    struct guard *g = t->g;
    uint64_t most = (uint64_t)g->s.d->model->observe_timeout_s * DR_S, ns = g->interval_ns;
    const struct dr_plugin *p = NULL;
    if (dr_endpoints_plugin(g->s.ends, t->watch->array, &p, NULL) == DRSTOR_OK) {
        const struct dr_plugin_duration *d = dr_plugin_duration(p, DR_ARRAY_OP_OBSERVE);
        int64_t ms = !d ? 0 : t->patient ? d->worst_ms : d->typical_ms * USUAL_TIMES;
        ns = (uint64_t)ms * DR_MS > ns ? (uint64_t)ms * DR_MS : ns;
    }
    return t->begun_ns + (ns < most ? ns : most);
}

static int
look_at(struct guard *g, struct dr_arena *a, const struct dr_array *array, const char **ids,
        size_t n, uint64_t deadline_ns, struct dr_reply *ret, struct drstor_error **err)
{
    const struct dr_call call = {
        .operation = DR_ARRAY_OP_OBSERVE, .groups = ids, .n_groups = n, .deadline_ns = deadline_ns};
    return dr_endpoints_call(g->s.ends, array, &call, &g->s.d->cancel, a, ret, err);
}

static void
copy_facts(const struct guard_place *p, const struct dr_copy_view *v, const struct dr_stamp *seen,
           struct dr_copy_facts *ret)
{
    dr_map_clear(&dr_copy_facts_type, ret);
    ret->group = p->group->name;
    ret->site = p->copy->site->name;
    ret->array = p->copy->array->name;
    ret->fresh = true;
    ret->seen = *seen;
    ret->view = *v;
}

void
guard_look(void *task)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct guard_task *t = task;
    struct guard *g = t->g;
    const char **ids = NULL;
    size_t n = 0;
    struct dr_reply reply;
    for (size_t i = 0; i < g->n_places; i++)
        if (g->places[i].copy->array == t->watch->array)
            dr_arena_push(t->arena, ids, n) = g->places[i].copy->id;
    int r = look_at(g, t->arena, t->watch->array, ids, n, look_deadline(t), &reply, &err);
    const struct dr_stamp seen = dr_stamp_now(g->s.d->env);
    for (size_t i = 0; r == DRSTOR_OK && i < reply.n_views; i++)
        for (size_t k = 0; k < g->n_places; k++) {
            const struct guard_place *p = &g->places[k];
            if (p->copy->array == t->watch->array && dr_streq(p->copy->id, reply.views[i].id))
                copy_facts(p, &reply.views[i], &seen,
                           &dr_arena_push(t->arena, t->copies, t->n_copies));
        }
    end(t, r, err);
}

/* ---- closing --------------------------------------------------------------------------------- */

int
guard_open_run(struct guard *g, struct dr_arena *a, const struct guard_place *p, const char **ret,
               struct drstor_error **err)
{
    struct dr_run_row *rows = NULL;
    size_t n = 0;
    int r = dr_store_run_open(g->s.store, a, p->group->name, &rows, &n, err);
    for (size_t i = 0; r == DRSTOR_OK && i < n && !*ret; i++) {
        struct dr_run_row row;
        dr_auto(dr_json_putp) struct json_object *goal = NULL;
        if (!dr_run_gives_way(&rows[i]))
            continue;
        r = dr_store_run_load(g->s.store, a, rows[i].id, &row, err);
        if (r == DRSTOR_OK && row.goal &&
            dr_json_parse(row.goal, strlen(row.goal), &dr_json_small, &goal, NULL) == DRSTOR_OK &&
            dr_streq(dr_json_str(goal, "at"), g->site->name))
            *ret = row.id;
    }
    return r;
}

static void
plan_it(struct guard_task *t, const struct dr_plan_record *record, struct dr_facts *facts,
        struct dr_plan *ret)
{
    struct guard *g = t->g;
    struct dr_goal *goal = dr_arena_alloc(t->arena, 1, sizeof(*goal));
    dr_map_clear(&dr_goal_type, goal);
    goal->verb = DR_VERB_GUARD;
    goal->at = g->site->name;
    dr_arena_push(t->arena, goal->groups, goal->n_groups) = t->place->group->name;
    dr_map_clear(&dr_facts_type, facts);
    facts->now = dr_stamp_now(g->s.d->env);
    facts->copies = &t->before;
    facts->n_copies = 1;
    const struct dr_plan_input in = {.model = g->s.d->model,
                                     .facts = facts,
                                     .arrays = g->arrays,
                                     .n_arrays = g->n_arrays,
                                     .records = record,
                                     .n_records = 1,
                                     .goal = goal};
    dr_plan_make(t->arena, &in, ret);
}

static int
refused(const struct dr_refusal *r, struct drstor_error **err)
{
    int status = dr_refuse(err, r->id, "%s", r->text);
    dr_hint(err, "%s", r->remedy);
    return status;
}

static int
close_it(struct guard_task *t, struct drstor_error **err)
{
    struct guard *g = t->g;
    struct dr_plan_record record;
    struct dr_facts facts;
    struct dr_plan plan;
    struct dr_consent consent;
    const char *run = NULL;
    const struct dr_run_setup setup = {.env = g->s.d->env,
                                       .model = g->s.d->model,
                                       .store = g->s.store,
                                       .ends = g->s.ends,
                                       .contact = g->s.contact,
                                       .who = dr_actor_self(g->s.d->env, t->arena, g->s.d->origin),
                                       .cancel = &g->s.d->cancel,
                                       .deadline_ns = g->s.deadline_ns};
    guard_record(g, t->arena, t->place->group->name, &record);
    int r = record.damaged ? DRSTOR_OK : guard_open_run(g, t->arena, t->place, &run, err);
    if (r < 0)
        return r;
    if (run)
        return dr_run_resume(&setup, t->arena, run, &t->result, err);
    plan_it(t, &record, &facts, &plan);
    if (plan.n_refusals)
        return refused(&plan.refusals[0], err);
    dr_map_clear(&dr_consent_type, &consent);
    consent.plan = plan.id;
    consent.by = dr_arena_printf(t->arena, "%s@%s", setup.who.user, setup.who.host);
    consent.at = dr_now_utc(g->s.d->env);
    return dr_run_start(&setup, t->arena, &plan, &facts, &consent, &t->result, err);
}

void
guard_act(void *task)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    dr_auto(dr_error_freep) struct drstor_error *unseen = NULL;
    struct guard_task *t = task;
    struct guard *g = t->g;
    const char *id = t->place->copy->id;
    int r = close_it(t, &err);
    uint64_t closed_ns = dr_now_ns(g->s.d->env);
    if (r == DRSTOR_OK) {
        struct dr_reply *reply = dr_arena_alloc(t->arena, 1, sizeof(*reply));
        uint64_t deadline = closed_ns + (uint64_t)g->s.d->model->observe_timeout_s * DR_S;
        if (look_at(g, t->arena, t->place->copy->array, &id, 1, deadline, reply, &unseen) ==
            DRSTOR_OK)
            for (size_t i = 0; i < reply->n_views; i++)
                if (dr_streq(reply->views[i].id, id))
                    t->after = &reply->views[i];
    }
    t->begun_ns = closed_ns;
    end(t, r, err);
}

/* ---- the engine ------------------------------------------------------------------------------ */

void
guard_engine(void *task)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct guard_task *t = task;
    struct guard *g = t->g;
    struct dr_rhv *rhv = NULL;
    const struct dr_rhv_how how = {.deadline_ns = t->begun_ns +
                                                  (uint64_t)g->s.d->model->observe_timeout_s * DR_S,
                                   .cancel = &g->s.d->cancel,
                                   .correlation_id = dr_endpoints_correlation(g->s.ends)};
    int r = dr_endpoints_engine(g->s.ends, g->site, &rhv, &err);
    if (r == DRSTOR_OK)
        r = dr_rhv_inventory(rhv, &how, NULL, t->arena, &t->inventory, &err);
    end(t, r, err);
}
