/* What a plan says of VMs and their domains: which are expected, in which order, how long it takes.
 */
#include "plan/planner_internal.h"

#include "plan/leave.h"

#include "base/str.h"
#include "base/timetext.h"

bool
dr_planner_has_vms(enum dr_step_kind kind)
{
    return kind == DR_STEP_DRAIN || kind == DR_STEP_RELEASE || kind == DR_STEP_STAGE;
}

void
dr_planner_expected(struct dr_arena *a, const struct dr_plan_input *in,
                    const struct dr_guard_case *c, struct dr_stage_group *ret)
{
    if (c->record->ran.known)
        dr_map_copy(a, &dr_stage_group_type, &c->record->ran, ret);
    else
        dr_stage_expect(a, in->model, in->facts, c->group,
                        c->operation == DR_OPERATION_SERVE ? c->target : c->old, ret);
}

size_t
dr_planner_vms(struct dr_arena *a, const struct dr_plan_input *in, const struct dr_guard_case *c,
               struct dr_plan_step *s)
{
    struct dr_stage_group want;
    dr_planner_expected(a, in, c, &want);
    for (size_t i = 0; s->kind != DR_STEP_DRAIN && i < want.n_domains; i++)
        dr_arena_push(a, s->domains, s->n_domains) =
            want.domains[i].name ? want.domains[i].name : want.domains[i].id;
    if (s->kind == DR_STEP_DRAIN)
        dr_leave_sort_vms(want.vms, want.n_vms);
    for (size_t i = 0; s->kind != DR_STEP_RELEASE && i < want.n_vms; i++)
        if (want.vms[i].start)
            dr_arena_push(a, s->vms, s->n_vms) = want.vms[i].name;
    return want.n_vms;
}

bool
dr_planner_vms_run(const struct dr_plan_input *in, const struct dr_guard_case *c)
{
    const struct dr_stage_group *ran = &c->record->ran;
    const struct dr_engine_facts *e = dr_facts_engine(in->facts, c->target->site->name);
    if (!ran->known)
        return true;
    for (size_t i = 0; i < ran->n_vms; i++) {
        const struct dr_inv_vm *vm =
            e && e->fresh ? dr_inventory_vm(&e->inventory, ran->vms[i].id) : NULL;
        if (ran->vms[i].start && (!vm || !dr_vm_runs(vm->status)))
            return false;
    }
    for (size_t i = 0; i < ran->n_domains; i++) {
        const struct dr_inv_domain *d =
            e && e->fresh ? dr_inventory_domain(&e->inventory, ran->domains[i].id) : NULL;
        if (!d || d->status != DR_SD_ACTIVE)
            return false;
    }
    return true;
}

static const char *
plural(size_t n)
{
    return n == 1 ? "" : "s";
}

static const char *
drain_text(struct dr_arena *a, const struct dr_plan_input *in, const struct dr_guard_case *c,
           const struct dr_plan_step *s)
{
    struct dr_stage_group want;
    const char *g = c->group->name, *from = c->old->site->name;
    dr_planner_expected(a, in, c, &want);
    if (!s->n_vms)
        return dr_arena_printf(a, "see that no VM of %s runs at %s", g, from);
    int64_t most = dr_leave_most_s(a, in->model, want.vms, want.n_vms);
    return dr_arena_printf(
        a, "shut %zu VM%s of %s down at %s, %s", s->n_vms, plural(s->n_vms), g, from,
        most < 0 ? "however long it takes"
                 : dr_arena_printf(a, "in at most %s", dr_duration_text(a, most)));
}

static const char *
stage_text(struct dr_arena *a, const struct dr_guard_case *c, const struct dr_plan_step *s,
           size_t n_known)
{
    const char *g = c->group->name, *to = c->target->site->name,
               *from = c->old ? c->old->site->name : "?";
    if (!s->n_domains && !n_known)
        return dr_arena_printf(a, "attach what the LUNs of %s hold at %s and start what ran", g,
                               to);
    if (n_known && !s->n_vms)
        return dr_arena_printf(a,
                               "attach %zu storage domain%s of %s at %s, register %zu VM%s; none "
                               "ran at %s, so none is started",
                               s->n_domains, plural(s->n_domains), g, to, n_known, plural(n_known),
                               from);
    return dr_arena_printf(a, "attach %zu storage domain%s of %s at %s, start %zu VM%s",
                           s->n_domains, plural(s->n_domains), g, to, s->n_vms, plural(s->n_vms));
}

const char *
dr_planner_vms_text(struct dr_arena *a, const struct dr_plan_input *in,
                    const struct dr_guard_case *c, const struct dr_plan_step *s, size_t n_known)
{
    if (s->kind == DR_STEP_DRAIN)
        return drain_text(a, in, c, s);
    if (s->kind == DR_STEP_STAGE)
        return stage_text(a, c, s, n_known);
    if (!s->n_domains)
        return dr_arena_printf(a, "see that no storage domain of %s is attached at %s",
                               c->group->name, c->old->site->name);
    return dr_arena_printf(a, "detach %zu storage domain%s of %s at %s", s->n_domains,
                           plural(s->n_domains), c->group->name, c->old->site->name);
}

int64_t
dr_planner_vms_expect_s(struct dr_arena *a, const struct dr_plan_input *in,
                        const struct dr_guard_case *c, const struct dr_plan_step *s)
{
    struct dr_stage_group want;
    if (s->kind == DR_STEP_DRAIN) {
        dr_planner_expected(a, in, c, &want);
        return dr_leave_usual_s(a, in->model, want.vms, want.n_vms) + 1;
    }
    /* Domains one after the other, there and here; VMs beside each other. */
    return 4 * (int64_t)s->n_domains + 2 + (int64_t)s->n_vms / 8;
}
