/* Refusals that look at VMs and domains of the old site. */
#include "plan/guard_internal.h"

#include "plan/command.h"

#include "base/str.h"
#include "model/words.h"

bool
dr_guard_no_vms_at_old(const struct dr_guard_case *c, struct dr_refusal *r)
{
    if (c->in->goal->storage_only || !c->old || !c->old->site->engine)
        return false;
    const struct dr_engine_facts *e = dr_facts_engine(c->in->facts, c->old->site->name);
    if (!e || !e->fresh) {
        r->text = dr_arena_printf(c->arena,
                                  "cannot see whether VMs of group %s run at %s: its engine does "
                                  "not answer",
                                  c->group->name, c->old->site->name);
        r->evidence = dr_guard_trouble(c, DR_ENDPOINT_ENGINE, c->old->site->engine->name);
        r->remedy = "bring the engine back, or --storage-only when you know that nothing runs";
        return true;
    }
    bool findable = c->group->n_domains > 0;
    for (size_t i = 0; c->old_facts && i < c->old_facts->view.n_members; i++)
        findable |= c->old_facts->view.members[i].wwid != NULL;
    if (!findable) {
        r->text = dr_arena_printf(c->arena, "cannot tell which VMs at %s are on group %s",
                                  c->old->site->name, c->group->name);
        r->evidence = dr_arena_printf(c->arena, "array %s gives no WWID for its volumes",
                                      c->old->array->name);
        r->remedy = "name the storage domains in the configuration (`domains:`), or --storage-only "
                    "when you "
                    "know that nothing runs";
        return true;
    }
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
