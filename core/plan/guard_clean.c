/*
 * Refusals about what the engine of a site that came back still has of a group: may it be taken
 * from it, and is it gone before the group returns?
 */
#include "plan/guard_internal.h"

#include "plan/remains.h"

#include "base/str.h"
#include "model/words.h"

static const char *
says_engine(const struct dr_guard_case *c, const struct dr_copy *at)
{
    return dr_arena_printf(c->arena, "the engine of %s, %s", at->site->name,
                           dr_guard_age(c, &dr_facts_engine(c->in->facts, at->site->name)->seen));
}

static bool
goes(const struct dr_guard_case *c, const char *domain, const struct dr_inventory *v)
{
    for (size_t i = 0; i < c->in->goal->n_groups; i++) {
        const struct dr_group *g = dr_model_group(c->in->model, c->in->goal->groups[i]);
        const struct dr_inv_domain **domains;
        size_t n = dr_group_domains(
            c->arena, g, dr_facts_copy(c->in->facts, g->name, c->old->site->name), v, &domains);
        for (size_t k = 0; k < n; k++)
            if (dr_streq(domains[k]->id, domain))
                return true;
    }
    return false;
}

/* The engine forgets a VM with all of its disks; one of them would be left to nobody. */
static bool
has_more(const struct dr_guard_case *c, const struct dr_inventory *v, const struct dr_inv_vm *vm,
         struct dr_refusal *r)
{
    for (size_t i = 0; i < vm->n_domains; i++) {
        const struct dr_inv_domain *d = dr_inventory_domain(v, vm->domains[i]);
        if (goes(c, vm->domains[i], v))
            continue;
        r->text = dr_arena_printf(c->arena,
                                  "VM %s of group %s has a disk on storage domain %s too, which is "
                                  "not given up at %s",
                                  vm->name, c->group->name, d && d->name ? d->name : vm->domains[i],
                                  c->old->site->name);
        r->evidence = says_engine(c, c->old);
        r->remedy = "reprotect the group of that domain together with this one, or take that disk "
                    "from the VM there";
        return true;
    }
    return false;
}

/* Up, or on its way there or down. One that is paused, or that nobody hears, serves nobody. */
static bool
serves(enum dr_vm_status s)
{
    return dr_vm_may_run(s) && s != DR_VM_UNKNOWN && s != DR_VM_PAUSED &&
           s != DR_VM_NOT_RESPONDING && s != DR_VM_UNASSIGNED;
}

/* Of two that run, the one here is the one that counts. One that runs only there serves somebody.
 */
static bool
runs_only_there(const struct dr_guard_case *c, const struct dr_inv_vm *vm, struct dr_refusal *r)
{
    if (!serves(vm->status) || dr_remains_twice(c, vm))
        return false;
    const char *from = c->old->site->name, *to = c->target->site->name;
    r->text = dr_arena_printf(
        c->arena, "VM %s of group %s is %s at %s, and is not seen to run at %s", vm->name,
        c->group->name, dr_name(&dr_vm_status_names, (int)vm->status), from, to);
    r->evidence = says_engine(c, c->old);
    r->remedy = dr_arena_printf(
        c->arena, "start it at %s, or shut it down at %s: only one that runs twice is switched off",
        to, from);
    return true;
}

bool
dr_guard_can_clean(const struct dr_guard_case *c, struct dr_refusal *r)
{
    struct dr_remains left;
    if (!dr_remains_matter(c))
        return dr_guard_no_vms_at_old(c, r);
    const struct dr_engine_facts *e = dr_guard_engine_of_old(c, r);
    if (!e)
        return true;
    dr_remains_at_old(c, &left);
    for (size_t i = 0; i < left.n_vms; i++)
        if (has_more(c, &e->inventory, left.vms[i], r) || runs_only_there(c, left.vms[i], r))
            return true;
    return false;
}

bool
dr_guard_stale_at_old(const struct dr_guard_case *c, struct dr_refusal *r)
{
    *r = (struct dr_refusal){.id = "R019", .group = c->group->name};
    return dr_guard_can_clean(c, r);
}

/* ---- hosts ----------------------------------------------------------------------------------- */

/* Another host does it, of the same data centre. */
static bool
has_proxy(const struct dr_inventory *v, const struct dr_inv_host *h)
{
    const char *dc = dr_inventory_host_dc(v, h);
    for (size_t i = 0; i < v->n_hosts; i++)
        if (&v->hosts[i] != h && dr_streq(v->hosts[i].status, "up") && dc &&
            dr_streq(dr_inventory_host_dc(v, &v->hosts[i]), dc))
            return true;
    return false;
}

/* It would do it, if it were on. */
static const struct dr_inv_host *
off_beside(const struct dr_inventory *v, const struct dr_inv_host *h)
{
    const char *dc = dr_inventory_host_dc(v, h);
    for (size_t i = 0; dc && i < v->n_hosts; i++)
        if (&v->hosts[i] != h && dr_streq(v->hosts[i].status, "down") &&
            dr_streq(dr_inventory_host_dc(v, &v->hosts[i]), dc))
            return &v->hosts[i];
    return NULL;
}

/* A VM on H that the groups of the goal do not have: it would die with the host. */
static const struct dr_inv_vm *
stranger_on(const struct dr_guard_case *c, const struct dr_inventory *v,
            const struct dr_inv_host *h)
{
    for (size_t i = 0; i < v->n_vms; i++) {
        const struct dr_inv_vm *vm = &v->vms[i];
        bool ours = vm->n_domains > 0;
        if (!dr_vm_may_run(vm->status) || !dr_streq(vm->host, h->id))
            continue;
        for (size_t k = 0; k < vm->n_domains; k++)
            ours &= goes(c, vm->domains[k], v);
        if (!ours)
            return vm;
    }
    return NULL;
}

bool
dr_guard_can_restart(const struct dr_guard_case *c, struct dr_refusal *r)
{
    struct dr_remains left;
    const struct dr_engine_facts *e =
        c->old ? dr_facts_engine(c->in->facts, c->old->site->name) : NULL;
    if (!dr_remains_matter(c) || !e || !e->fresh || dr_remains_restarted(c))
        return false;
    dr_remains_at_old(c, &left);
    for (size_t i = 0; i < left.n_hosts; i++) {
        const struct dr_inv_host *h = left.hosts[i];
        const struct dr_inv_vm *vm = stranger_on(c, &e->inventory, h);
        const char *why =
            vm ? dr_arena_printf(c->arena, "VM %s runs on it, which is of none of these groups",
                                 vm->name)
            : !h->power ? "its power management is not set up at the engine"
            : !has_proxy(&e->inventory, h)
                ? "no other host of its data centre is up, which would do it"
                : NULL;
        if (!why)
            continue;
        const char *site = c->old->site->name;
        const struct dr_inv_host *off = h->power && !vm ? off_beside(&e->inventory, h) : NULL;
        r->text = dr_arena_printf(c->arena,
                                  "host %s of %s may hold devices, leases and VMs of group %s from "
                                  "before, and cannot be restarted: %s",
                                  h->name, site, c->group->name, why);
        r->evidence = says_engine(c, c->old);
        r->remedy =
            dr_arena_printf(c->arena,
                            "%s%s%srestart the hosts of %s yourself, then: drstor "
                            "reprotect %s --declare restarted:%s --reason TEXT",
                            off ? "switch host " : "", off ? off->name : "",
                            off ? " on, and run again; or " : "", site, c->group->name, site);
        return true;
    }
    return false;
}

/* ---- is it gone? ----------------------------------------------------------------------------- */

bool
dr_guard_target_cleaned(const struct dr_guard_case *c, struct dr_refusal *r)
{
    struct dr_remains left;
    if (c->in->goal->storage_only || !c->old || !c->target || !c->target->site->engine ||
        c->old->site->engine == c->target->site->engine ||
        dr_remains_of_drill(c, c->target->site->name))
        return false;
    const struct dr_engine_facts *e = dr_facts_engine(c->in->facts, c->target->site->name);
    const struct dr_engine_facts *old = dr_facts_engine(c->in->facts, c->old->site->name);
    if (!e || !e->fresh)
        return false; /* R027 */
    dr_remains_find(c->arena, c->group, c->target_facts, &e->inventory, c->old_facts,
                    old ? &old->inventory : NULL, &left);
    const char *what = left.n_vms ? dr_arena_printf(c->arena, "VM %s", left.vms[0]->name) : NULL;
    for (size_t i = 0; i < left.n_domains; i++)
        if (left.domains[i]->status != DR_SD_UNATTACHED)
            what = dr_arena_printf(c->arena, "storage domain %s", left.domains[i]->name);
    if (!what)
        return false;
    r->text = dr_arena_printf(c->arena, "the engine of %s still has %s of group %s from before",
                              c->target->site->name, what, c->group->name);
    r->evidence = says_engine(c, c->target);
    r->remedy = dr_arena_printf(c->arena, "drstor reprotect %s cleans it", c->group->name);
    return true;
}
