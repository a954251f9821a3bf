#include "plan/remains.h"

#include "base/str.h"

static bool
has(const struct dr_inv_domain *const *domains, size_t n, const struct dr_inv_vm *vm)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < vm->n_domains; k++)
            if (dr_streq(vm->domains[k], domains[i]->id))
                return true;
    return false;
}

/* Nothing of before is left in a machine that is off; one in maintenance let go of its storage. */
static bool
holds_nothing(const struct dr_inv_host *h)
{
    static const char *const words[] = {"down",       "maintenance",   "install_failed",
                                        "installing", "installing_os", "pending_approval"};
    for (size_t i = 0; i < DR_COUNT(words); i++)
        if (dr_streq(h->status, words[i]))
            return true;
    return false;
}

static void
find_hosts(struct dr_arena *a, const struct dr_inventory *v, struct dr_remains *r)
{
    for (size_t i = 0; i < v->n_hosts; i++) {
        bool touched = false;
        for (size_t k = 0; k < r->n_domains; k++)
            touched |= r->domains[k]->status != DR_SD_UNATTACHED && r->domains[k]->dc &&
                       dr_streq(r->domains[k]->dc, dr_inventory_host_dc(v, &v->hosts[i]));
        if (touched && !holds_nothing(&v->hosts[i]))
            dr_arena_push(a, r->hosts, r->n_hosts) = &v->hosts[i];
    }
}

void
dr_remains_find(struct dr_arena *a, const struct dr_group *g, const struct dr_copy_facts *copy,
                const struct dr_inventory *v, const struct dr_copy_facts *copy_here,
                const struct dr_inventory *here, struct dr_remains *ret)
{
    const struct dr_inv_domain **mine = NULL;
    size_t n = here ? dr_group_domains(a, g, copy_here, here, &mine) : 0;
    *ret = (struct dr_remains){0};
    if (!v)
        return;
    ret->n_domains = dr_group_domains(a, g, copy, v, &ret->domains);
    for (size_t i = 0; i < v->n_vms; i++) {
        const struct dr_inv_vm *vm = &v->vms[i];
        const struct dr_inv_vm *same = here ? dr_inventory_vm(here, vm->id) : NULL;
        if (has(ret->domains, ret->n_domains, vm) || (same && has(mine, n, same)))
            dr_arena_push(a, ret->vms, ret->n_vms) = vm;
    }
    find_hosts(a, v, ret);
}

bool
dr_remains_matter(const struct dr_guard_case *c)
{
    return !c->in->goal->storage_only && c->old && c->target && c->old->site->engine &&
           c->old->site->engine != c->target->site->engine;
}

void
dr_remains_at_old(const struct dr_guard_case *c, struct dr_remains *ret)
{
    const struct dr_engine_facts *e = dr_facts_engine(c->in->facts, c->old->site->name);
    const struct dr_engine_facts *here = dr_facts_engine(c->in->facts, c->target->site->name);
    dr_remains_find(c->arena, c->group, c->old_facts, e && e->fresh ? &e->inventory : NULL,
                    c->target_facts, here ? &here->inventory : NULL, ret);
}

bool
dr_remains_of_drill(const struct dr_guard_case *c, const char *site)
{
    const struct dr_drill *d = &c->record->record.drill;
    return d->name && dr_streq(d->site, site);
}

bool
dr_remains_restarted(const struct dr_guard_case *c)
{
    return dr_goal_declared(c->in->goal, c->old->site->name) == DR_DECLARED_RESTARTED;
}

bool
dr_remains_twice(const struct dr_guard_case *c, const struct dr_inv_vm *vm)
{
    const struct dr_engine_facts *here = dr_facts_engine(c->in->facts, c->target->site->name);
    const struct dr_inv_vm *same =
        here && here->fresh ? dr_inventory_vm(&here->inventory, vm->id) : NULL;
    return same && dr_vm_runs(same->status);
}
