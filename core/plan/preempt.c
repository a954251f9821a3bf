#include "plan/preempt.h"

#include "plan/guard.h"

#include "base/str.h"

static bool
listed(const struct dr_inv_vm *const *list, size_t n, const struct dr_inv_vm *vm)
{
    for (size_t i = 0; i < n; i++)
        if (list[i] == vm)
            return true;
    return false;
}

/* The domains that nobody may touch. NULL: those are all; else the group whose cannot be told. */
static const char *
kept_domains(struct dr_arena *a, const struct dr_model *m, const struct dr_facts *facts,
             const char *site, const struct dr_inventory *now, const struct dr_inv_domain ***ret,
             size_t *ret_n)
{
    for (size_t i = 0; facts && i < m->n_groups; i++) {
        const struct dr_group *g = &m->groups[i];
        const struct dr_copy_facts *copy = dr_facts_copy(facts, g->name, site);
        const struct dr_inv_domain **of_group;
        if (!dr_group_copy(g, site))
            continue;
        if (!dr_group_findable(g, copy))
            return g->name;
        size_t n = dr_group_domains(a, g, copy, now, &of_group);
        for (size_t k = 0; k < n; k++)
            dr_arena_push(a, *ret, *ret_n) = of_group[k];
    }
    for (size_t i = 0; i < now->n_domains; i++)
        if (dr_streq(now->domains[i].type, "hosted_engine"))
            dr_arena_push(a, *ret, *ret_n) = &now->domains[i];
    return NULL;
}

static bool
on_one_of(const struct dr_inv_vm *vm, const struct dr_inv_domain *const *domains, size_t n)
{
    for (size_t i = 0; i < vm->n_domains; i++)
        for (size_t k = 0; k < n; k++)
            if (dr_streq(vm->domains[i], domains[k]->id))
                return true;
    return false;
}

/* Behind those that are in it already, before those that are smaller. */
static void
put_by_size(struct dr_arena *a, const struct dr_inv_vm ***list, size_t *n, size_t from,
            const struct dr_inv_vm *vm)
{
    dr_arena_push(a, *list, *n) = vm;
    for (size_t i = *n - 1; i > from && (*list)[i - 1]->memory < (*list)[i]->memory; i--) {
        const struct dr_inv_vm *t = (*list)[i];
        (*list)[i] = (*list)[i - 1];
        (*list)[i - 1] = t;
    }
}

static size_t
may_be_stopped(struct dr_arena *a, const struct dr_model *m, const struct dr_facts *facts,
               const char *site, const struct dr_inventory *now, const struct dr_inv_vm ***ret,
               const char **ret_unknown)
{
    const struct dr_inv_domain **kept = NULL;
    size_t n = 0, n_kept = 0;
    *ret = NULL;
    const char *unknown = kept_domains(a, m, facts, site, now, &kept, &n_kept);
    for (size_t i = 0; i < m->n_preempt; i++) {
        const struct dr_preempt *p = &m->preempt[i];
        bool here = dr_streq(p->site->name, site);
        if (here)
            *ret_unknown = unknown;
        for (size_t k = 0; here && !unknown && k < p->n_vms; k++) {
            size_t from = n;
            for (size_t v = 0; v < now->n_vms; v++) {
                const struct dr_inv_vm *vm = &now->vms[v];
                if (dr_vm_may_run(vm->status) && vm->name && dr_glob(p->vms[k], vm->name) &&
                    (vm->n_domains || !facts) && !on_one_of(vm, kept, n_kept) &&
                    !listed(*ret, n, vm))
                    put_by_size(a, ret, &n, from, vm);
            }
        }
    }
    return n;
}

/* ---- choosing -------------------------------------------------------------------------------- */

/* The room of the roomiest host of C's cluster, without those that are chosen. */
static int64_t
roomiest(const struct dr_inventory *now, const struct dr_capacity *c,
         const struct dr_inv_vm *const *chosen, size_t n)
{
    const struct dr_inv_cluster *cluster = dr_inventory_cluster(now, c->cluster);
    int64_t most = -1;
    for (size_t i = 0; i < now->n_hosts; i++) {
        const struct dr_inv_host *h = &now->hosts[i];
        int64_t room = dr_capacity_host(now, h);
        if (room < 0 || !dr_streq(h->status, "up") || !dr_streq(h->cluster, cluster->id))
            continue;
        for (size_t k = 0; k < n; k++)
            if (dr_streq(chosen[k]->host, h->id) && chosen[k]->memory > 0)
                room += chosen[k]->memory;
        most = room > most ? room : most;
    }
    return most;
}

static bool
enough(const struct dr_capacity *c)
{
    return c->need >= 0 && c->room >= 0 && c->need <= c->room && c->biggest <= c->roomiest;
}

static void
choose(struct dr_arena *a, const struct dr_inventory *now, const struct dr_inv_vm *const *list,
       size_t n, struct dr_capacity *c, struct dr_room *room)
{
    for (size_t i = 0; i < n && !enough(c); i++) {
        if (!dr_streq(list[i]->cluster, c->cluster))
            continue;
        dr_arena_push(a, room->preempted, room->n_preempted) = list[i];
        if (list[i]->memory > 0 && c->room >= 0) {
            c->room += list[i]->memory;
            c->freed += list[i]->memory;
        }
        c->roomiest = roomiest(now, c, room->preempted, room->n_preempted);
    }
}

void
dr_room_for(struct dr_arena *a, const struct dr_model *m, const struct dr_facts *facts,
            const char *from, const char *to, const struct dr_inventory *now,
            const struct dr_inv_vm *const *vms, size_t n, struct dr_room *ret)
{
    const struct dr_inv_vm **list;
    *ret = (struct dr_room){0};
    if (!now)
        return;
    ret->n_clusters = dr_capacity_of(a, m, from, to, vms, n, now, &ret->clusters);
    size_t n_list = may_be_stopped(a, m, facts, to, now, &list, &ret->unknown);
    for (size_t i = 0; i < ret->n_clusters; i++)
        choose(a, now, list, n_list, &ret->clusters[i], ret);
}
