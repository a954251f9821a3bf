/*
 * What only an engine has that gives a group up: VMs of its domains that nobody listed, because
 * they were made or started there after everything was read, and what is left of VMs without them.
 */
#include "plan/leave_internal.h"

#include "plan/guard.h"

static bool
listed(const struct dr_stage_group *g, const char *vm)
{
    for (size_t i = 0; i < g->n_vms; i++)
        if (dr_streq(g->vms[i].id, vm))
            return true;
    return false;
}

static bool
on_domains(const struct dr_stage_group *g, const struct dr_inv_vm *vm)
{
    for (size_t i = 0; i < vm->n_domains; i++)
        if (dr_stage_domain_of_group(g, vm->domains[i]))
            return true;
    return false;
}

const struct dr_leave_group *
dr_leave_learn(struct dr_arena *a, const struct dr_model *m, const struct dr_inventory *now,
               const struct dr_leave_group *groups, size_t n)
{
    struct dr_leave_group *mine = dr_arena_alloc(a, n ? n : 1, sizeof(*mine));
    bool any = false;
    for (size_t i = 0; i < n; i++)
        any |= groups[i].until == DR_LEAVE_REMOVED;
    if (!any)
        return groups;
    for (size_t i = 0; i < n; i++) {
        dr_map_copy(a, &dr_leave_group_type, &groups[i], &mine[i]);
        struct dr_stage_group *g = &mine[i].what;
        for (size_t k = 0; mine[i].until == DR_LEAVE_REMOVED && k < now->n_vms; k++) {
            const struct dr_inv_vm *vm = &now->vms[k];
            if (!listed(g, vm->id) && on_domains(g, vm))
                dr_arena_push(a, g->vms, g->n_vms) =
                    (struct dr_stage_vm){.id = vm->id,
                                         .name = vm->name,
                                         .ha = vm->ha,
                                         .priority = vm->priority,
                                         .tier = dr_stage_tier(m, vm->name),
                                         .domains = vm->domains,
                                         .n_domains = vm->n_domains};
        }
    }
    return mine;
}

/* Has it disks where nothing is given up? Then the engine keeps it, with those. */
static bool
has_more(const struct leave *l, const struct dr_stage_vm *vm)
{
    for (size_t i = 0; i < vm->n_domains; i++) {
        bool given_up = false;
        for (size_t k = 0; k < l->n_groups; k++)
            given_up |= l->groups[k].until == DR_LEAVE_REMOVED &&
                        dr_stage_domain_of_group(&l->groups[k].what, vm->domains[i]);
        if (!given_up && dr_stage_domain_now(&l->s, vm->domains[i]))
            return true;
    }
    return false;
}

/* With its domains gone, a VM that is still known would be taken for one that is there. */
bool
dr_leave_forget_vms(struct leave *l, const struct dr_leave_group *g)
{
    bool gone = true;
    for (size_t i = 0; i < g->what.n_vms; i++) {
        const struct dr_stage_vm *vm = &g->what.vms[i];
        const char *name = vm->name ? vm->name : vm->id, *why = "it has no effect";
        if (!dr_stage_vm_now(&l->s, vm->id) || has_more(l, vm))
            continue;
        gone = false;
        const char *key = dr_stage_key_of(&l->s, DR_STAGE_REMOVE_VM, vm->id);
        enum turn t = dr_stage_turn_of(&l->s, key, TRIES_DOMAIN, &why);
        if (t == TURN_NEVER)
            dr_stage_stuck(
                &l->s, g->what.group,
                dr_arena_printf(l->s.a, "VM %s cannot be removed from the engine: %s", name, why));
        if (t != TURN_NOW)
            continue;
        struct dr_stage_action *x = dr_stage_act(&l->s, DR_STAGE_REMOVE_VM, g->what.group, key);
        x->id = vm->id;
        x->name = vm->name;
        x->text = dr_arena_printf(l->s.a,
                                  "remove VM %s, which has no disks there any more, from "
                                  "the engine",
                                  name);
    }
    return gone;
}
