/* What the stored facts say will come up, and what the LUNs of a flip are. */
#include "plan/stage_internal.h"

#include "plan/guard.h"

#include "model/words.h"

#include <stdlib.h>
#include <string.h>

int64_t
dr_stage_tier(const struct dr_model *m, const char *vm)
{
    for (size_t i = 0; i < m->n_start; i++)
        for (size_t j = 0; j < m->start[i].n_vms; j++)
            if (dr_glob(m->start[i].vms[j], vm ? vm : ""))
                return (int64_t)i;
    return (int64_t)m->n_start;
}

bool
dr_stage_vm_matters_more(const struct dr_stage_vm *x, const struct dr_stage_vm *y)
{
    if (x->tier != y->tier)
        return x->tier < y->tier;
    return x->ha != y->ha ? x->ha : x->priority > y->priority;
}

bool
dr_stage_vm_before(const struct dr_stage_vm *x, const struct dr_stage_vm *y)
{
    if (dr_stage_vm_matters_more(x, y))
        return true;
    if (dr_stage_vm_matters_more(y, x))
        return false;
    return strcmp(x->name ? x->name : "", y->name ? y->name : "") < 0;
}

static int
earlier_first(const void *x, const void *y)
{
    const struct dr_stage_vm *a = x, *b = y;
    if (dr_stage_vm_before(a, b))
        return -1;
    return dr_stage_vm_before(b, a) ? 1 : strcmp(a->id, b->id);
}

void
dr_stage_sort_vms(struct dr_stage_vm *vms, size_t n)
{
    bool sorted = true; /* mostly: it was done the last time */
    for (size_t i = 1; i < n && sorted; i++)
        sorted = earlier_first(&vms[i - 1], &vms[i]) <= 0;
    if (!sorted)
        qsort(vms, n, sizeof(*vms), earlier_first);
}

/* A domain ranks with its most important VM; VMs must be sorted. */
static void
rank_domains(struct dr_stage_group *g)
{
    for (size_t d = 0; d < g->n_domains; d++) {
        g->domains[d].rank = DR_STAGE_RANK_NONE;
        for (size_t v = 0; v < g->n_vms && g->domains[d].rank == DR_STAGE_RANK_NONE; v++)
            for (size_t i = 0; i < g->vms[v].n_domains; i++)
                if (g->vms[v].start && dr_streq(g->vms[v].domains[i], g->domains[d].id))
                    g->domains[d].rank = (int64_t)v;
    }
    for (size_t i = 1; i < g->n_domains; i++)
        for (size_t j = i; j > 0 && g->domains[j].rank < g->domains[j - 1].rank; j--) {
            struct dr_stage_domain t = g->domains[j];
            g->domains[j] = g->domains[j - 1];
            g->domains[j - 1] = t;
        }
}

const char *
dr_stage_mapped(const struct dr_pair_map *maps, size_t n, const char *from_site, const char *from,
                const char *to_site)
{
    return dr_mapping_name(maps, n, from_site, from, to_site);
}

void
dr_stage_expect_in(struct dr_arena *a, const struct dr_model *m, const struct dr_inventory *v,
                   const struct dr_copy_facts *copy, const struct dr_group *group, const char *from,
                   struct dr_stage_group *ret)
{
    dr_map_clear(&dr_stage_group_type, ret);
    ret->group = group->name;
    ret->from = from;
    const struct dr_inv_domain **domains;
    size_t n = dr_group_domains(a, group, copy, v, &domains);
    ret->known = n > 0;
    for (size_t i = 0; i < n; i++) {
        const char *dc = NULL;
        for (size_t k = 0; k < v->n_dcs; k++)
            if (dr_streq(v->dcs[k].id, domains[i]->dc))
                dc = v->dcs[k].name;
        dr_arena_push(a, ret->domains, ret->n_domains) = (struct dr_stage_domain){
            .id = domains[i]->id, .name = domains[i]->name, .dc = dc, .master = domains[i]->master};
    }
    for (size_t i = 0; i < v->n_vms; i++) {
        const struct dr_inv_vm *vm = &v->vms[i];
        if (!dr_vm_of_group(v, vm, domains, n))
            continue;
        dr_arena_push(a, ret->vms, ret->n_vms) =
            (struct dr_stage_vm){.id = vm->id,
                                 .name = vm->name,
                                 .cluster = vm->cluster,
                                 .ha = vm->ha,
                                 .priority = vm->priority,
                                 .tier = dr_stage_tier(m, vm->name),
                                 .start = dr_vm_may_run(vm->status),
                                 .domains = vm->domains,
                                 .n_domains = vm->n_domains};
    }
    dr_stage_sort_vms(ret->vms, ret->n_vms);
    rank_domains(ret);
}

/* Hosts that were seen in maintenance had let go of theirs. */
static void
hold_numbers(struct dr_arena *a, const struct dr_inventory *v, struct dr_stage_group *ret)
{
    for (size_t i = 0; i < v->n_hosts; i++) {
        const struct dr_inv_host *h = &v->hosts[i];
        const struct dr_inv_dc *dc = NULL;
        if (h->spm_id <= 0 || dr_streq(h->status, "maintenance"))
            continue;
        for (size_t k = 0; k < v->n_clusters && !dc; k++)
            if (dr_streq(v->clusters[k].id, h->cluster))
                dc = dr_inventory_dc(v, v->clusters[k].dc);
        dr_arena_push(a, ret->holders, ret->n_holders) = (struct dr_stage_holder){
            .id = h->id, .name = h->name, .dc = dc ? dc->name : NULL, .number = h->spm_id};
    }
}

void
dr_stage_expect(struct dr_arena *a, const struct dr_model *m, const struct dr_facts *facts,
                const struct dr_group *group, const struct dr_copy *from,
                struct dr_stage_group *ret)
{
    const struct dr_engine_facts *e = dr_facts_engine(facts, from->site->name);
    const struct dr_copy_facts *copy = dr_facts_copy(facts, group->name, from->site->name);
    if (e && copy) {
        dr_stage_expect_in(a, m, &e->inventory, copy, group, from->site->name, ret);
        hold_numbers(a, &e->inventory, ret);
        return;
    }
    dr_map_clear(&dr_stage_group_type, ret);
    ret->group = group->name;
    ret->from = from->site->name;
}

void
dr_handover_make(struct dr_arena *a, const char *group, const char *site,
                 const struct dr_copy_view *view, int64_t utc, struct dr_handover *ret)
{
    *ret = (struct dr_handover){.group = group, .site = site, .observed_at = utc};
    for (size_t i = 0; i < view->n_members; i++) {
        const struct dr_member *mb = &view->members[i];
        struct dr_stage_lun lun = {.wwid = mb->wwid,
                                   .serial = mb->serial,
                                   .size = mb->size,
                                   .lun = -1,
                                   .access = mb->access};
        for (size_t j = 0; j < mb->n_paths; j++) {
            dr_arena_push(a, lun.exposed_to, lun.n_exposed_to) = mb->paths[j].host_group;
            lun.protocol = mb->paths[j].protocol;
            lun.portal = mb->paths[j].portal;
            lun.target = mb->paths[j].target;
            lun.lun = mb->paths[j].lun;
        }
        dr_arena_push(a, ret->luns, ret->n_luns) = lun;
    }
}
