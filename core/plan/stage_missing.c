/* What would come, or has come, without all of its parts: told by name, never passed over. */
#include "plan/stage_internal.h"

#include "base/str.h"
#include "model/words.h"

static const struct dr_stage_told *
told_of(const struct stage *s, enum dr_stage_told_what what, const char *id)
{
    for (size_t i = 0; i < s->progress->n_told; i++)
        if (s->progress->told[i].what == what && dr_streq(s->progress->told[i].id, id))
            return &s->progress->told[i];
    return NULL;
}

static const char *
named(const struct dr_stage_vm *vm)
{
    return vm->name ? vm->name : vm->id;
}

static const char *
dc_of_cluster(const struct stage *s, const char *cluster)
{
    const struct dr_inv_cluster *c = cluster ? dr_inventory_cluster(s->now, cluster) : NULL;
    return c ? c->dc : NULL;
}

const char *
dr_stage_name_taken(struct stage *s, const struct dr_stage_vm *vm, const char *name,
                    const struct dr_inv_cluster *cluster)
{
    size_t at = cluster ? dr_index_at(&s->names, name) : DR_INDEX_NONE;
    const struct dr_inv_vm *other = at == DR_INDEX_NONE ? NULL : &s->now->vms[at];
    if (!other || dr_streq(other->id, vm->id) ||
        !dr_streq(dc_of_cluster(s, other->cluster), cluster->dc))
        return NULL;
    return dr_arena_printf(s->a,
                           "another VM there has its name (%s, %s); rename that one, or remove it",
                           other->id, dr_name(&dr_vm_status_names, (int)other->status));
}

static bool
comes(const struct dr_stage_group *groups, size_t n, const char *domain)
{
    for (size_t i = 0; i < n; i++)
        if (dr_stage_domain_of_group(&groups[i], domain))
            return true;
    return false;
}

/* Neither there nor on its way. As long as groups are still to come, nobody knows. */
static bool
elsewhere(const struct stage *s, const struct dr_stage_group *groups, size_t n, const char *domain)
{
    const struct dr_inv_domain *d = dr_stage_domain_now(s, domain);
    return !s->progress->more && (!d || d->status != DR_SD_ACTIVE) && !comes(groups, n, domain);
}

const char *
dr_stage_disk_elsewhere(struct stage *s, const struct dr_stage_group *groups, size_t n_groups,
                        const struct dr_stage_vm *vm)
{
    for (size_t i = 0; i < vm->n_domains; i++) {
        const struct dr_inv_domain *d = dr_stage_domain_now(s, vm->domains[i]);
        if (elsewhere(s, groups, n_groups, vm->domains[i]))
            return dr_arena_printf(s->a,
                                   "it has a disk on storage domain %s, which is %s there and "
                                   "does not come with these groups",
                                   d && d->name ? d->name : vm->domains[i],
                                   d ? dr_name(&dr_sd_status_names, (int)d->status) : "not");
    }
    return NULL;
}

void
dr_stage_without_elsewhere(struct stage *s, struct dr_stage_group *groups, size_t n_groups)
{
    for (size_t g = 0; s->m->mapping.partial_import && g < n_groups; g++)
        for (size_t i = 0; i < groups[g].n_vms; i++) {
            struct dr_stage_vm *vm = &groups[g].vms[i];
            size_t left = 0;
            for (size_t k = 0; k < vm->n_domains; k++)
                if (!elsewhere(s, groups, n_groups, vm->domains[k]))
                    vm->domains[left++] = vm->domains[k];
            vm->n_domains = left;
        }
}

void
dr_stage_vm_incomplete(struct stage *s, const struct dr_stage_group *g,
                       const struct dr_stage_vm *vm)
{
    const struct dr_stage_told *t = told_of(s, DR_STAGE_TOLD_INCOMPLETE, vm->id);
    if (!t)
        return;
    struct dr_stage_vm_state *state = &s->out->vms[s->out->n_vms - 1];
    state->incomplete = true;
    if (!state->trouble)
        state->trouble = dr_arena_printf(s->a, "came without some of its parts: %s", t->text);
    if (!t->seen && !s->m->mapping.partial_import)
        dr_stage_stuck(s, g->group,
                       dr_arena_printf(s->a, "VM %s is at %s without some of its parts: %s",
                                       named(vm), g->to, t->text));
}

static bool
has_anything(const struct stage *s, const struct dr_stage_group *g, const char *domain)
{
    for (size_t i = 0; i < s->now->n_offered_vms; i++)
        if (dr_streq(s->now->offered_vms[i].domain, domain))
            return true;
    for (size_t i = 0; i < g->n_vms; i++)
        for (size_t k = 0; k < g->vms[i].n_domains; k++)
            if (dr_streq(g->vms[i].domains[k], domain) && dr_stage_vm_now(s, g->vms[i].id))
                return true;
    return false;
}

void
dr_stage_domains_unreadable(struct stage *s, const struct dr_stage_group *g)
{
    for (size_t i = 0; i < g->n_domains; i++) {
        const struct dr_stage_domain *d = &g->domains[i];
        const struct dr_stage_told *t = told_of(s, DR_STAGE_TOLD_UNREADABLE, d->id);
        if (t && !t->seen && !has_anything(s, g, d->id))
            dr_stage_stuck(s, g->group,
                           dr_arena_printf(s->a,
                                           "the engine could not read which VMs storage domain %s "
                                           "holds (event 1017); put it into maintenance there only "
                                           "when it cannot be written: that writes an empty list",
                                           d->name ? d->name : d->id));
    }
}
