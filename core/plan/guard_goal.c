/* What concerns the whole goal, and the one question. */
#include "plan/command.h"
#include "plan/guard.h"
#include "plan/loss.h"
#include "plan/takeover.h"

#include "base/str.h"

/* The site whose engine the group's VMs shall run at; NULL: none. */
static const struct dr_site *
stage_site(struct dr_arena *a, const struct dr_plan_input *in, size_t group)
{
    struct dr_guard_case c;
    dr_guard_case_init(&c, a, in, dr_model_group(in->model, in->goal->groups[group]));
    bool flip = c.operation == DR_OPERATION_SWITCHOVER || c.operation == DR_OPERATION_PROMOTE ||
                c.operation == DR_OPERATION_SERVE || c.operation == DR_OPERATION_SURVIVOR;
    /* Of a drill that is started; one that begins needs no engine yet. */
    return (flip || c.operation == DR_OPERATION_DRILL_PROMOTE) && c.target && c.target->site->engine
               ? c.target->site
               : NULL;
}

static bool
engine_unfit(struct dr_arena *a, const struct dr_plan_input *in, const struct dr_site *to,
             struct dr_refusal *r)
{
    const struct dr_engine_facts *e = dr_facts_engine(in->facts, to->name);
    const struct dr_endpoint_facts *p =
        dr_facts_endpoint(in->facts, DR_ENDPOINT_ENGINE, to->engine->name);
    const char *alone =
        dr_command_text(a, in->goal, &(struct dr_command_change){.storage_only = true});
    if (!e || !e->fresh) {
        *r = (struct dr_refusal){
            .id = "R027",
            .text = dr_arena_printf(a, "the engine of %s, which shall run the VMs, cannot be used",
                                    to->name),
            .evidence = p && p->error ? p->error : "it was never read",
            .remedy = dr_arena_printf(a, "repair it, or start the VMs later: %s", alone)};
        return true;
    }
    for (size_t i = 0; i < e->inventory.n_hosts; i++)
        if (dr_streq(e->inventory.hosts[i].status, "up"))
            return false;
    *r = (struct dr_refusal){
        .id = "R028",
        .text = dr_arena_printf(a, "no host is up at %s: nothing could be attached or started",
                                to->name),
        .evidence = dr_arena_printf(a, "%zu host%s in all, says its engine", e->inventory.n_hosts,
                                    e->inventory.n_hosts == 1 ? "" : "s"),
        .remedy = dr_arena_printf(a, "activate a host there, or start the VMs later: %s", alone)};
    return true;
}

size_t
dr_guard_goal(struct dr_arena *a, const struct dr_plan_input *in, struct dr_refusal **refusals,
              size_t *n)
{
    size_t before = *n;
    struct dr_refusal role;
    if (dr_role_refuses(a, in->model, in->controller, &role))
        dr_arena_push(a, *refusals, *n) = role;
    /* Each site that shall run VMs, once. */
    for (size_t i = 0; i < in->goal->n_groups && !in->goal->storage_only; i++) {
        const struct dr_site *to = stage_site(a, in, i);
        bool asked = false;
        for (size_t k = 0; k < i; k++)
            asked |= to && stage_site(a, in, k) == to;
        struct dr_refusal r = {0};
        if (to && !asked && engine_unfit(a, in, to, &r))
            dr_arena_push(a, *refusals, *n) = r;
    }
    return *n - before;
}

bool
dr_guard_consent(struct dr_arena *a, const struct dr_plan *p, const struct dr_accept_loss *bound,
                 struct dr_refusal *ret)
{
    bool given = bound->unknown || bound->seconds >= 0 || bound->bytes >= 0;
    for (size_t i = 0; i < p->n_losses; i++) {
        const struct dr_loss *l = &p->losses[i];
        if (!l->needs_consent || dr_loss_covered(l, bound))
            continue;
        *ret = (struct dr_refusal){
            .id = "R024",
            .group = l->group,
            .text = dr_arena_printf(a,
                                    given ? "group %s may lose more than --accept-loss allows"
                                          : "group %s may lose data, and nobody has agreed to that",
                                    l->group),
            .evidence = l->text,
            .remedy = dr_arena_printf(
                a, "if you accept that, for every group of this plan: %s",
                dr_command_text(a, &p->goal,
                                &(struct dr_command_change){.accept_loss = dr_loss_bound(a, p)}))};
        return true;
    }
    return false;
}
