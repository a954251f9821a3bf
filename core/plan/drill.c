#include "plan/drill.h"

#include "base/str.h"

bool
dr_drill_with_vms(const struct dr_goal *goal, const struct dr_copy *at)
{
    return at && at->site->engine && !goal->storage_only;
}

bool
dr_drill_shown_at(const struct dr_record *r, const char *site)
{
    return r->drill.name && r->drill.shown && dr_streq(r->drill.site, site);
}

bool
dr_drill_staged_at(const struct dr_record *r, const char *site)
{
    return dr_drill_shown_at(r, site) && r->drill.n_luns > 0;
}

bool
dr_drill_has_domain(const struct dr_drill *d, const struct dr_inv_domain *domain)
{
    for (size_t i = 0; i < d->n_luns; i++)
        for (size_t k = 0; k < domain->n_wwids; k++)
            if (dr_streq(d->luns[i], domain->wwids[k]))
                return true;
    return false;
}

bool
dr_drill_has_vm(const struct dr_drill *d, const struct dr_inventory *v, const struct dr_inv_vm *vm)
{
    for (size_t i = 0; i < vm->n_domains; i++) {
        const struct dr_inv_domain *on = dr_inventory_domain(v, vm->domains[i]);
        if (on && dr_drill_has_domain(d, on))
            return true;
    }
    return false;
}

static bool
on_domain_of(const struct dr_stage_group *g, const struct dr_inv_vm *vm)
{
    for (size_t i = 0; i < g->n_domains; i++)
        for (size_t k = 0; k < vm->n_domains; k++)
            if (dr_streq(g->domains[i].id, vm->domains[k]))
                return true;
    return false;
}

void
dr_drill_at_engine(struct dr_arena *a, const struct dr_model *m, const struct dr_inventory *v,
                   const struct dr_drill *d, const char *group, struct dr_stage_group *ret)
{
    dr_map_clear(&dr_stage_group_type, ret);
    ret->group = group;
    ret->from = d->site;
    ret->known = true;
    for (size_t i = 0; i < v->n_domains; i++)
        if (dr_drill_has_domain(d, &v->domains[i]))
            dr_arena_push(a, ret->domains, ret->n_domains) = (struct dr_stage_domain){
                .id = v->domains[i].id, .name = v->domains[i].name, .master = v->domains[i].master};
    for (size_t i = 0; i < v->n_vms; i++)
        if (on_domain_of(ret, &v->vms[i]))
            dr_arena_push(a, ret->vms, ret->n_vms) =
                (struct dr_stage_vm){.id = v->vms[i].id,
                                     .name = v->vms[i].name,
                                     .cluster = v->vms[i].cluster,
                                     .tier = (int64_t)m->n_start,
                                     .start = dr_vm_may_run(v->vms[i].status),
                                     .domains = v->vms[i].domains,
                                     .n_domains = v->vms[i].n_domains};
}
