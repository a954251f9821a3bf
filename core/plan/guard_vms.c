/* Refusals that look at VMs and domains of the old site. */
#include "plan/guard_internal.h"

#include "plan/command.h"
#include "plan/drill.h"

#include "base/str.h"
#include "model/words.h"

const struct dr_engine_facts *
dr_guard_engine_of_old(const struct dr_guard_case *c, struct dr_refusal *r)
{
    const struct dr_engine_facts *e = dr_facts_engine(c->in->facts, c->old->site->name);
    if (!e || !e->fresh) {
        r->text = dr_arena_printf(c->arena,
                                  "cannot see whether VMs of group %s run at %s: its engine does "
                                  "not answer",
                                  c->group->name, c->old->site->name);
        r->evidence = dr_guard_trouble(c, DR_ENDPOINT_ENGINE, c->old->site->engine->name);
        r->remedy = "bring the engine back, or --storage-only when you know that nothing runs";
        return NULL;
    }
    if (!dr_group_findable(c->group, c->old_facts)) {
        r->text = dr_arena_printf(c->arena, "cannot tell which VMs at %s are on group %s",
                                  c->old->site->name, c->group->name);
        r->evidence = dr_arena_printf(c->arena, "array %s gives no WWID for its volumes",
                                      c->old->array->name);
        r->remedy = "name the storage domains in the configuration (`domains:`), or --storage-only "
                    "when you "
                    "know that nothing runs";
        return NULL;
    }
    return e;
}

bool
dr_guard_no_vms_at_old(const struct dr_guard_case *c, struct dr_refusal *r)
{
    if (c->in->goal->storage_only || !c->old || !c->old->site->engine)
        return false;
    const struct dr_engine_facts *e = dr_guard_engine_of_old(c, r);
    if (!e)
        return true;
    const struct dr_inv_domain **domains;
    size_t n = dr_group_domains(c->arena, c->group, c->old_facts, &e->inventory, &domains);
    size_t running = 0;
    const char *first = NULL;
    for (size_t i = 0; i < e->inventory.n_vms; i++) {
        const struct dr_inv_vm *vm = &e->inventory.vms[i];
        if (!dr_vm_may_run(vm->status) || !dr_vm_of_group(&e->inventory, vm, domains, n))
            continue;
        first = first ? first : vm->name;
        running++;
    }
    if (running) {
        r->text = dr_arena_printf(c->arena, "%zu VM%s of group %s still run%s at %s", running,
                                  running == 1 ? "" : "s", c->group->name, running == 1 ? "s" : "",
                                  c->old->site->name);
        r->evidence = dr_arena_printf(c->arena, "%s%s, says the engine of %s, %s", first,
                                      running > 1 ? " and others" : "", c->old->site->name,
                                      dr_guard_age(c, &e->seen));
        r->remedy = "shut them down first, or --storage-only when they are looked after elsewhere";
        return true;
    }
    for (size_t i = 0; i < n; i++)
        if (domains[i]->status != DR_SD_UNATTACHED && domains[i]->status != DR_SD_MAINTENANCE) {
            r->text =
                dr_arena_printf(c->arena,
                                "storage domain %s of group %s is not in maintenance at %s but "
                                "%s",
                                domains[i]->name, c->group->name, c->old->site->name,
                                dr_name(&dr_sd_status_names, (int)domains[i]->status));
            r->evidence = dr_arena_printf(c->arena, "the engine of %s, %s", c->old->site->name,
                                          dr_guard_age(c, &e->seen));
            r->remedy = "put it into maintenance there first, or --storage-only";
            return true;
        }
    return false;
}

/* ---- can they be shut down? ------------------------------------------------------------------ */

/* The group that has domain ID at the old site; NULL: none that is configured. */
static const struct dr_group *
group_of_domain(const struct dr_guard_case *c, const struct dr_engine_facts *e, const char *id)
{
    for (size_t i = 0; i < c->in->model->n_groups; i++) {
        const struct dr_group *g = &c->in->model->groups[i];
        const struct dr_inv_domain **domains;
        size_t n =
            dr_group_domains(c->arena, g, dr_facts_copy(c->in->facts, g->name, c->old->site->name),
                             &e->inventory, &domains);
        for (size_t k = 0; k < n; k++)
            if (dr_streq(domains[k]->id, id))
                return g;
    }
    return NULL;
}

static bool
moves(const struct dr_guard_case *c, const struct dr_group *g)
{
    for (size_t i = 0; g && i < c->in->goal->n_groups; i++)
        if (dr_streq(c->in->goal->groups[i], g->name))
            return true;
    return false;
}

static const char *
says_engine(const struct dr_guard_case *c, const struct dr_engine_facts *e)
{
    return dr_arena_printf(c->arena, "the engine of %s, %s", c->old->site->name,
                           dr_guard_age(c, &e->seen));
}

/* A VM is moved with all of its disks, or it comes up without some of them. */
static bool
left_behind(const struct dr_guard_case *c, const struct dr_engine_facts *e,
            const struct dr_inv_vm *vm, struct dr_refusal *r)
{
    for (size_t i = 0; i < vm->n_domains; i++) {
        const struct dr_group *g = group_of_domain(c, e, vm->domains[i]);
        const struct dr_inv_domain *d = dr_inventory_domain(&e->inventory, vm->domains[i]);
        if (moves(c, g) || c->in->model->mapping.partial_import)
            continue;
        bool drill = c->operation != DR_OPERATION_SWITCHOVER;
        r->text =
            dr_arena_printf(c->arena, "VM %s of group %s has a disk on storage domain %s, %s%s",
                            vm->name, c->group->name, d && d->name ? d->name : vm->domains[i],
                            drill ? "of which this makes no clone" : "which stays at ",
                            drill ? "" : c->old->site->name);
        r->evidence = says_engine(c, e);
        r->remedy = g ? dr_arena_printf(c->arena, "%s group %s together with %s",
                                        drill ? "drill" : "move", g->name, c->group->name)
                      : dr_arena_printf(c->arena,
                                        "move that disk to a storage domain of group %s, or take "
                                        "the domain into a group",
                                        c->group->name);
        return true;
    }
    return false;
}

/* Known now, and no better after minutes of waiting. */
static bool
does_not_listen(const struct dr_guard_case *c, const struct dr_engine_facts *e,
                const struct dr_inv_vm *vm, struct dr_refusal *r)
{
    enum dr_stop_policy p = dr_model_stop(c->in->model, vm->name ? vm->name : "")->policy;
    bool deaf = vm->status == DR_VM_PAUSED || vm->status == DR_VM_NOT_RESPONDING ||
                vm->status == DR_VM_UNKNOWN;
    bool suspended = vm->status == DR_VM_SUSPENDED;
    if (!suspended && (!deaf || c->in->goal->hurry || p == DR_STOP_POWER_OFF || p == DR_STOP_WAIT))
        return false;
    r->text = dr_arena_printf(c->arena, "VM %s of group %s is %s at %s: it cannot be shut down",
                              vm->name, c->group->name,
                              dr_name(&dr_vm_status_names, (int)vm->status), c->old->site->name);
    r->evidence = says_engine(c, e);
    r->remedy = suspended ? "resume it, or shut it down there: what it has in memory is not moved"
                          : "put it right there, or let `rhv.stop` switch it off "
                            "(`policy: power-off`)";
    return true;
}

static bool
no_host(const struct dr_guard_case *c, const struct dr_engine_facts *e,
        const struct dr_inv_domain *d, struct dr_refusal *r)
{
    const struct dr_inventory *v = &e->inventory;
    if (d->status == DR_SD_UNATTACHED || !d->dc)
        return false;
    for (size_t i = 0; i < v->n_hosts; i++)
        for (size_t k = 0; k < v->n_clusters; k++)
            if (dr_streq(v->hosts[i].status, "up") &&
                dr_streq(v->clusters[k].id, v->hosts[i].cluster) &&
                dr_streq(v->clusters[k].dc, d->dc))
                return false;
    r->text = dr_arena_printf(c->arena,
                              "storage domain %s of group %s cannot be detached at %s: no host of "
                              "its data centre is up",
                              d->name, c->group->name, c->old->site->name);
    r->evidence = says_engine(c, e);
    r->remedy = "activate a host there first, or --storage-only when nothing runs";
    return true;
}

bool
dr_guard_can_drain(const struct dr_guard_case *c, struct dr_refusal *r)
{
    if (c->in->goal->storage_only || !c->old || !c->old->site->engine)
        return false;
    const struct dr_engine_facts *e = dr_guard_engine_of_old(c, r);
    if (!e)
        return true;
    const struct dr_inv_domain **domains;
    size_t n = dr_group_domains(c->arena, c->group, c->old_facts, &e->inventory, &domains);
    for (size_t i = 0; i < e->inventory.n_vms; i++) {
        const struct dr_inv_vm *vm = &e->inventory.vms[i];
        if (!dr_vm_of_group(&e->inventory, vm, domains, n))
            continue;
        if (left_behind(c, e, vm, r) || does_not_listen(c, e, vm, r))
            return true;
        if (dr_vm_may_run(vm->status) && !c->target->site->engine) {
            r->text = dr_arena_printf(c->arena,
                                      "VM %s of group %s runs at %s, and %s has no "
                                      "engine to start it",
                                      vm->name, c->group->name, c->old->site->name,
                                      c->target->site->name);
            r->evidence = says_engine(c, e);
            r->remedy = "configure the engine of that site, or shut it down and use --storage-only";
            return true;
        }
    }
    for (size_t i = 0; i < n; i++)
        if (no_host(c, e, domains[i], r))
            return true;
    return false;
}

/* What a drill starts has all of its disks, too; a silent engine there does not matter to it. */
bool
dr_guard_drill_whole(const struct dr_guard_case *c, struct dr_refusal *r)
{
    const struct dr_engine_facts *e =
        c->old ? dr_facts_engine(c->in->facts, c->old->site->name) : NULL;
    const struct dr_inv_domain **domains;
    if (!dr_drill_with_vms(c->in->goal, c->target) || !e ||
        !dr_group_findable(c->group, c->old_facts))
        return false;
    size_t n = dr_group_domains(c->arena, c->group, c->old_facts, &e->inventory, &domains);
    for (size_t i = 0; i < e->inventory.n_vms; i++)
        if (dr_vm_of_group(&e->inventory, &e->inventory.vms[i], domains, n) &&
            left_behind(c, e, &e->inventory.vms[i], r))
            return true;
    return false;
}

/*
 * Unplanned, but the old engine answers and shows VMs alive: starting them here would run them
 * twice, even when their storage is fenced.
 */
bool
dr_guard_vms_seen_alive(const struct dr_guard_case *c, struct dr_refusal *r)
{
    const struct dr_engine_facts *e =
        c->old ? dr_facts_engine(c->in->facts, c->old->site->name) : NULL;
    if (c->in->goal->storage_only || !e || !e->fresh)
        return false;
    bool host_alive = false; /* on dead hosts nothing runs, whatever was last known of it */
    for (size_t i = 0; i < e->inventory.n_hosts; i++)
        host_alive |= !dr_host_is_dead(e->inventory.hosts[i].status);
    const struct dr_inv_domain **domains;
    size_t n = dr_group_domains(c->arena, c->group, c->old_facts, &e->inventory, &domains);
    for (size_t i = 0; host_alive && i < e->inventory.n_vms; i++) {
        const struct dr_inv_vm *vm = &e->inventory.vms[i];
        if ((!dr_vm_runs(vm->status) && vm->status != DR_VM_PAUSED) ||
            !dr_vm_of_group(&e->inventory, vm, domains, n))
            continue;
        r->text = dr_arena_printf(
            c->arena, "VM %s of group %s is %s at %s: it would run twice", vm->name, c->group->name,
            dr_name(&dr_vm_status_names, (int)vm->status), c->old->site->name);
        r->evidence = dr_arena_printf(c->arena, "the engine of %s, %s", c->old->site->name,
                                      dr_guard_age(c, &e->seen));
        r->remedy =
            dr_arena_printf(c->arena, "power the VMs of %s off at %s, then run again, or: %s",
                            c->group->name, c->old->site->name,
                            dr_command_text(c->arena, c->in->goal,
                                            &(struct dr_command_change){.storage_only = true}));
        return true;
    }
    return false;
}

bool
dr_guard_vms_at_old(const struct dr_guard_case *c, struct dr_refusal *r)
{
    *r = (struct dr_refusal){.id = "R019", .group = c->group->name};
    return dr_guard_no_vms_at_old(c, r);
}
