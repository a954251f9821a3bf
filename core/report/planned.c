#include "report/document.h"

#include "plan/loss.h"

int
dr_plan_exit(const struct dr_plan *p)
{
    if (p->n_refusals == 0)
        return 0;
    for (size_t i = 0; i < p->n_refusals; i++)
        if (!p->refusals[i].capability)
            return 3;
    return 12;
}

static struct json_object *
consent(const struct dr_plan *p, const struct dr_accept_loss *given)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct json_object *o = json_object_new_object();
    struct dr_refusal r;
    bool asked = p->n_refusals == 0 && dr_guard_consent(a, p, given, &r);
    dr_json_set_bool(o, "needed", asked);
    if (!asked)
        return o;
    dr_json_set_str(o, "text", p->loss.text);
    dr_json_set_str(o, "accept_loss", dr_loss_bound(a, p));
    return o;
}

struct json_object *
dr_report_plan(const struct dr_plan *p, const struct dr_accept_loss *given)
{
    struct json_object *o = dr_report_new();
    struct json_object *plan = dr_map_write(&dr_plan_type, p);
    json_object_object_foreach(plan, key, value)
    {
        dr_json_set(o, key, json_object_get(value));
    }
    (void)json_object_put(plan);
    dr_json_set(o, "consent", consent(p, given));
    dr_json_set_i64(o, "exit", dr_plan_exit(p));
    return o;
}
