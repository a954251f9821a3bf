/* What a plan says of VMs and their domains: which are expected, in which order, how long it takes.
 */
#include "plan/planner_internal.h"

#include "plan/drill.h"
#include "plan/leave.h"
#include "plan/remains.h"

#include "base/str.h"
#include "base/timetext.h"

bool
dr_planner_has_vms(enum dr_step_kind kind)
{
    return kind == DR_STEP_DRAIN || kind == DR_STEP_RELEASE || kind == DR_STEP_STAGE ||
           kind == DR_STEP_UNSTAGE || kind == DR_STEP_CLEAN;
}

/* What the drill has at the engine of its site, as that was last read. */
static void
of_drill(struct dr_arena *a, const struct dr_plan_input *in, const struct dr_guard_case *c,
         struct dr_stage_group *ret)
{
    const struct dr_drill *d = &c->record->record.drill;
    const struct dr_engine_facts *e = dr_facts_engine(in->facts, d->site);
    dr_map_clear(&dr_stage_group_type, ret);
    if (e)
        dr_drill_at_engine(a, in->model, &e->inventory, d, c->group->name, ret);
}

void
dr_planner_expected(struct dr_arena *a, const struct dr_plan_input *in,
                    const struct dr_guard_case *c, struct dr_stage_group *ret)
{
    bool drill = c->operation == DR_OPERATION_DRILL_PROMOTE;
    if (c->record->ran.known && !drill)
        dr_map_copy(a, &dr_stage_group_type, &c->record->ran, ret);
    else
        dr_stage_expect(a, in->model, in->facts, c->group,
                        c->operation == DR_OPERATION_SERVE ? c->target : c->old, ret);
}

/* Of a clean: what is there now, VMs that may run there, and hosts that it restarts. */
static size_t
remaining(struct dr_arena *a, const struct dr_guard_case *c, struct dr_plan_step *s)
{
    struct dr_remains left;
    dr_remains_at_old(c, &left);
    for (size_t i = 0; i < left.n_domains; i++)
        dr_arena_push(a, s->domains, s->n_domains) =
            left.domains[i]->name ? left.domains[i]->name : left.domains[i]->id;
    for (size_t i = 0; i < left.n_vms; i++)
        if (dr_vm_may_run(left.vms[i]->status))
            dr_arena_push(a, s->vms, s->n_vms) = left.vms[i]->name;
    for (size_t i = 0; i < left.n_hosts && !dr_remains_restarted(c); i++)
        dr_arena_push(a, s->hosts, s->n_hosts) = left.hosts[i]->name;
    return left.n_vms;
}

size_t
dr_planner_vms(struct dr_arena *a, const struct dr_plan_input *in, const struct dr_guard_case *c,
               struct dr_plan_step *s)
{
    struct dr_stage_group want;
    if (s->kind == DR_STEP_CLEAN)
        return remaining(a, c, s);
    if (s->kind == DR_STEP_UNSTAGE)
        of_drill(a, in, c, &want);
    else
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

/* Of the VMs that are started, as far as every one of them tells it. */
static const char *
memory_text(struct dr_arena *a, const struct dr_plan_input *in, const struct dr_guard_case *c)
{
    const struct dr_engine_facts *e = dr_facts_engine(in->facts, c->old->site->name);
    struct dr_stage_group want;
    int64_t sum = 0;
    dr_planner_expected(a, in, c, &want);
    for (size_t i = 0; i < want.n_vms; i++) {
        const struct dr_inv_vm *vm = e ? dr_inventory_vm(&e->inventory, want.vms[i].id) : NULL;
        if (want.vms[i].start && (!vm || vm->memory < 0))
            return "memory they need not known";
        sum += want.vms[i].start ? vm->memory : 0;
    }
    return dr_arena_printf(a, "with %lld MiB of memory", (long long)(sum / (1 << 20)));
}

static const char *
drill_text(struct dr_arena *a, const struct dr_plan_input *in, const struct dr_guard_case *c,
           const struct dr_plan_step *s, size_t n_known)
{
    const char *to = c->target->site->name, *g = c->group->name;
    const struct dr_quarantine *q = dr_model_quarantine(in->model, to);
    const char *apart =
        q->network ? dr_arena_printf(a, "as %s*, on network %s alone", q->prefix, q->network)
                   : dr_arena_printf(a, "as %s*, on no network", q->prefix);
    if (!s->n_domains && !n_known)
        return dr_arena_printf(a, "import what the clone of %s holds at %s and start what ran, %s",
                               g, to, apart);
    return dr_arena_printf(a,
                           "import %zu storage domain%s of the clone of %s at %s, register %zu "
                           "VM%s and start %zu of them %s; %s",
                           s->n_domains, plural(s->n_domains), g, to, n_known, plural(n_known),
                           s->n_vms, apart, memory_text(a, in, c));
}

static const char *
unstage_text(struct dr_arena *a, const struct dr_guard_case *c, const struct dr_plan_step *s,
             size_t n_known)
{
    const char *g = c->group->name, *at = c->record->record.drill.site;
    if (!s->n_domains && !n_known)
        return dr_arena_printf(a, "see that nothing of the drill of %s is at the engine of %s", g,
                               at);
    return dr_arena_printf(
        a,
        "switch off and remove %zu VM%s, and remove %zu storage domain%s, of the "
        "drill of %s at %s",
        n_known, plural(n_known), s->n_domains, plural(s->n_domains), g, at);
}

static const char *
clean_text(struct dr_arena *a, const struct dr_guard_case *c, const struct dr_plan_step *s,
           size_t n_known)
{
    const char *g = c->group->name, *from = c->old->site->name;
    if (!s->n_domains && !n_known)
        return dr_arena_printf(a, "see that the engine of %s has nothing of %s any more", from, g);
    struct dr_str text = {0};
    if (s->n_vms)
        dr_str_printf(&text, "switch %zu VM%s of %s off at %s, ", s->n_vms, plural(s->n_vms), g,
                      from);
    for (size_t i = 0; i < s->n_hosts; i++)
        dr_str_printf(&text, "%s%s%s", i ? ", " : "restart ", s->hosts[i],
                      i + 1 == s->n_hosts ? ", " : "");
    dr_str_printf(&text, "%sremove %zu storage domain%s and %zu VM%s of %s from the engine of %s",
                  text.n ? "and " : "", s->n_domains, plural(s->n_domains), n_known,
                  plural(n_known), g, from);
    const char *kept = dr_arena_str(a, text.s);
    dr_str_freep(&text);
    return kept;
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
    if (s->kind == DR_STEP_UNSTAGE)
        return unstage_text(a, c, s, n_known);
    if (s->kind == DR_STEP_STAGE && c->operation == DR_OPERATION_DRILL_PROMOTE)
        return drill_text(a, in, c, s, n_known);
    if (s->kind == DR_STEP_STAGE)
        return stage_text(a, c, s, n_known);
    if (s->kind == DR_STEP_CLEAN)
        return clean_text(a, c, s, n_known);
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
    enum { RESTART_USUAL_S = 300 };
    struct dr_stage_group want;
    if (s->kind == DR_STEP_CLEAN && s->n_hosts) /* the last one after the others */
        return 4 * (int64_t)s->n_domains + 2 * RESTART_USUAL_S;
    if (s->kind == DR_STEP_DRAIN) {
        dr_planner_expected(a, in, c, &want);
        return dr_leave_usual_s(a, in->model, want.vms, want.n_vms) + 1;
    }
    /* Domains one after the other, there and here; VMs beside each other. */
    return 4 * (int64_t)s->n_domains + 2 + (int64_t)s->n_vms / 8;
}
