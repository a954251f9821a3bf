/* Refusals of a drill that would meet what is in production, or that nothing could run. */
#include "plan/guard_internal.h"

#include "plan/capacity.h"
#include "plan/command.h"
#include "plan/drill.h"
#include "plan/loss.h"

#include "base/str.h"
#include "model/words.h"

static bool
with_vms(const struct dr_guard_case *c)
{
    return dr_drill_with_vms(c->in->goal, c->target);
}

static const char *
without_vms(const struct dr_guard_case *c)
{
    return dr_command_text(c->arena, c->in->goal,
                           &(struct dr_command_change){.storage_only = true});
}

/* ---- what hosts see -------------------------------------------------------------------------- */

/* A host that sees the copy and its clone may use either: the same identities are on both. */
static bool
copy_is_shown(const struct dr_guard_case *c, struct dr_refusal *r)
{
    const struct dr_copy_facts *t = c->target_facts;
    if (!t || !t->fresh || !dr_view_exposed(&t->view))
        return false;
    const char *site = c->target->site->name, *host = "?";
    for (size_t i = 0; i < t->view.n_members; i++)
        if (t->view.members[i].n_paths)
            host = t->view.members[i].paths[0].host_group;
    r->text = dr_arena_printf(c->arena,
                              "hosts of %s see the copy of group %s itself: shown its clone, they "
                              "could not tell one from the other",
                              site, c->group->name);
    r->evidence = dr_arena_printf(c->arena, "array %s shows it to %s, %s", t->array,
                                  host ? host : "hosts", dr_guard_age(c, &t->seen));
    r->remedy = dr_arena_printf(c->arena,
                                "take it from its hosts at array %s (a promote shows it again), or "
                                "make a clone that no host sees: %s",
                                t->array, without_vms(c));
    return true;
}

bool
dr_guard_drill_shown(const struct dr_guard_case *c, struct dr_refusal *r)
{
    const struct dr_drill *d = &c->record->record.drill;
    if (!with_vms(c))
        return false;
    if (copy_is_shown(c, r))
        return true;
    if (c->operation == DR_OPERATION_DRILL_START && !c->target->n_expose) {
        r->text = dr_arena_printf(c->arena,
                                  "no host group is configured for the copy of group %s at %s: "
                                  "nobody could be shown its clone",
                                  c->group->name, c->target->site->name);
        r->evidence = dr_arena_printf(c->arena, "no `expose:` in the configuration");
        r->remedy = dr_arena_printf(c->arena,
                                    "name them there, or make a clone that no host sees: "
                                    "%s",
                                    without_vms(c));
        return true;
    }
    if (c->operation == DR_OPERATION_DRILL_PROMOTE && !d->shown) {
        r->text =
            dr_arena_printf(c->arena, "no host sees clone %s of group %s", d->name, c->group->name);
        r->evidence = dr_arena_printf(c->arena, "run %s made it for its storage alone", d->run);
        r->remedy = dr_arena_printf(c->arena, "drstor drill clean %s, then drstor drill start %s",
                                    c->group->name, c->group->name);
        return true;
    }
    return false;
}

/* ---- identities ------------------------------------------------------------------------------ */

static const struct dr_engine_facts *
engine_there(const struct dr_guard_case *c)
{
    const struct dr_engine_facts *e =
        with_vms(c) ? dr_facts_engine(c->in->facts, c->target->site->name) : NULL;
    return e && e->fresh ? e : NULL;
}

/* What production has of the group, which the clone has as well. */
static void
expected(const struct dr_guard_case *c, struct dr_stage_group *ret)
{
    dr_map_clear(&dr_stage_group_type, ret);
    if (c->old)
        dr_stage_expect(c->arena, c->in->model, c->in->facts, c->group, c->old, ret);
}

static const char *
says(const struct dr_guard_case *c, const struct dr_engine_facts *e)
{
    return dr_arena_printf(c->arena, "the engine of %s, %s", c->target->site->name,
                           dr_guard_age(c, &e->seen));
}

static bool
domain_taken(const struct dr_guard_case *c, const struct dr_engine_facts *e, const char *id,
             struct dr_refusal *r)
{
    const struct dr_inv_domain *have = dr_inventory_domain(&e->inventory, id);
    const struct dr_drill *d = &c->record->record.drill;
    if (!have || dr_drill_has_domain(d, have))
        return false;
    r->text = dr_arena_printf(
        c->arena,
        "the engine of %s knows storage domain %s of group %s already (%s): a clone has "
        "the same identity",
        c->target->site->name, have->name ? have->name : id, c->group->name,
        dr_name(&dr_sd_status_names, (int)have->status));
    r->evidence = says(c, e);
    r->remedy = have->status == DR_SD_UNATTACHED
                    ? "remove it from that engine without formatting it (`Destroy`): a promote "
                      "imports it again"
                    : dr_arena_printf(c->arena, "it is in use there; try the storage alone: %s",
                                      without_vms(c));
    return true;
}

static bool
vm_taken(const struct dr_guard_case *c, const struct dr_engine_facts *e, const char *id,
         struct dr_refusal *r)
{
    const struct dr_inv_vm *have = dr_inventory_vm(&e->inventory, id);
    const struct dr_drill *d = &c->record->record.drill;
    if (!have || dr_drill_has_vm(d, &e->inventory, have))
        return false;
    r->text = dr_arena_printf(c->arena,
                              "the engine of %s knows VM %s of group %s already (%s): the one of a "
                              "clone has the same identity",
                              c->target->site->name, have->name ? have->name : id, c->group->name,
                              dr_name(&dr_vm_status_names, (int)have->status));
    r->evidence = says(c, e);
    r->remedy = have->status == DR_VM_DOWN
                    ? "remove it from that engine, and keep its disks"
                    : dr_arena_printf(c->arena, "it is in use there; try the storage alone: %s",
                                      without_vms(c));
    return true;
}

bool
dr_guard_drill_alone(const struct dr_guard_case *c, struct dr_refusal *r)
{
    const struct dr_engine_facts *e = engine_there(c);
    struct dr_stage_group want;
    expected(c, &want);
    for (size_t i = 0; e && i < want.n_domains; i++)
        if (domain_taken(c, e, want.domains[i].id, r))
            return true;
    for (size_t i = 0; e && i < want.n_vms; i++)
        if (vm_taken(c, e, want.vms[i].id, r))
            return true;
    return false;
}

/* ---- network and room ------------------------------------------------------------------------ */

bool
dr_guard_drill_network(const struct dr_guard_case *c, struct dr_refusal *r)
{
    const struct dr_engine_facts *e = engine_there(c);
    const struct dr_quarantine *q =
        c->target ? dr_model_quarantine(c->in->model, c->target->site->name) : NULL;
    if (!e || !q->network)
        return false;
    for (size_t i = 0; i < e->inventory.n_profiles; i++)
        if (dr_streq(e->inventory.profiles[i].network, q->network) &&
            dr_streq(e->inventory.profiles[i].name, q->profile))
            return false;
    r->text = dr_arena_printf(c->arena,
                              "the engine of %s has no vNIC profile %s of network %s, which drills "
                              "are kept apart on",
                              c->target->site->name, q->profile, q->network);
    r->evidence = says(c, e);
    r->remedy = dr_arena_printf(c->arena,
                                "make it there, or correct rhv.drill.%s in the configuration; "
                                "without a network VMs of a drill are on none",
                                c->target->site->name);
    return true;
}

static bool
no_room(const struct dr_guard_case *c, const struct dr_engine_facts *e,
        const struct dr_capacity *room, struct dr_refusal *r)
{
    const int64_t mib = 1 << 20;
    /* What preempt would free is not given up for a drill. */
    int64_t have = room->room < 0 ? -1 : room->room - room->freed;
    bool too_big = room->biggest > room->roomiest && room->roomiest >= 0;
    if (room->need < 0 || have < 0 || (room->need <= have && !too_big))
        return false;
    if (room->need > have)
        r->text = dr_arena_printf(
            c->arena,
            "the %zu VM%s of this drill need%s %lld MiB of memory in cluster %s of %s, which has "
            "%lld MiB left",
            room->n_vms, room->n_vms == 1 ? "" : "s", room->n_vms == 1 ? "s" : "",
            (long long)(room->need / mib), room->cluster, c->target->site->name,
            (long long)(have / mib));
    else
        r->text = dr_arena_printf(c->arena,
                                  "VM %s of this drill needs %lld MiB of memory, and no host of "
                                  "cluster %s of %s has more "
                                  "than %lld MiB left",
                                  room->biggest_vm, (long long)(room->biggest / mib), room->cluster,
                                  c->target->site->name, (long long)(room->roomiest / mib));
    r->evidence = dr_arena_printf(c->arena, "%zu host%s up there, says %s", room->n_hosts_up,
                                  room->n_hosts_up == 1 ? "" : "s", says(c, e));
    r->remedy = dr_arena_printf(c->arena,
                                "shut something down there (a drill shuts nothing down by itself), "
                                "or try the storage alone: %s",
                                without_vms(c));
    return true;
}

/* The VMs that would be started, of every group of the goal: they share the hosts. */
static size_t
would_start(const struct dr_guard_case *c, const struct dr_engine_facts *from,
            const struct dr_inv_vm ***ret)
{
    const struct dr_inv_vm **vms = NULL;
    size_t n = 0;
    for (size_t g = 0; g < c->in->goal->n_groups; g++) {
        struct dr_guard_case one;
        struct dr_stage_group want;
        dr_guard_case_init(&one, c->arena, c->in,
                           dr_model_group(c->in->model, c->in->goal->groups[g]));
        if (one.target && one.target->site == c->target->site && one.old &&
            one.old->site == c->old->site)
            expected(&one, &want);
        else
            dr_map_clear(&dr_stage_group_type, &want);
        for (size_t i = 0; i < want.n_vms; i++) {
            const struct dr_inv_vm *vm = dr_inventory_vm(&from->inventory, want.vms[i].id);
            bool known = !vm;
            for (size_t k = 0; !known && k < n; k++)
                known = vms[k] == vm;
            if (!known)
                dr_arena_push(c->arena, vms, n) = vm;
        }
    }
    *ret = vms;
    return n;
}

bool
dr_guard_drill_room(const struct dr_guard_case *c, struct dr_refusal *r)
{
    const struct dr_engine_facts *e = engine_there(c);
    const struct dr_engine_facts *from =
        c->old ? dr_facts_engine(c->in->facts, c->old->site->name) : NULL;
    const struct dr_inv_vm **vms;
    struct dr_capacity *list;
    if (!e || !from || !dr_streq(c->group->name, c->in->goal->groups[0]))
        return false; /* told once */
    size_t n = would_start(c, from, &vms);
    n = dr_capacity_of(c->arena, c->in->model, c->old->site->name, c->target->site->name, vms, n,
                       &e->inventory, &list);
    for (size_t i = 0; i < n; i++)
        if (no_room(c, e, &list[i], r))
            return true;
    return false;
}
