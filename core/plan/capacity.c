#include "plan/capacity.h"

#include "base/str.h"

int64_t
dr_capacity_host(const struct dr_inventory *now, const struct dr_inv_host *host)
{
    if (host->room >= 0 || host->memory < 0)
        return host->room;
    int64_t room = host->memory;
    for (size_t i = 0; i < now->n_vms; i++)
        if (dr_streq(now->vms[i].host, host->id) && now->vms[i].memory > 0)
            room -= now->vms[i].memory;
    return room < 0 ? 0 : room;
}

static void
add_hosts(const struct dr_inventory *now, struct dr_capacity *c)
{
    const struct dr_inv_cluster *cluster = dr_inventory_cluster(now, c->cluster);
    for (size_t i = 0; i < now->n_hosts; i++) {
        const struct dr_inv_host *h = &now->hosts[i];
        if (!dr_streq(h->status, "up") || !dr_streq(h->cluster, cluster->id))
            continue;
        int64_t room = dr_capacity_host(now, h);
        c->n_hosts_up++;
        c->room = room < 0 || c->room < 0 ? -1 : c->room + room;
        if (room > c->roomiest)
            c->roomiest = room;
    }
}

static struct dr_capacity *
entry_of(struct dr_arena *a, struct dr_capacity **list, size_t *n, const char *cluster)
{
    for (size_t i = 0; i < *n; i++)
        if (dr_streq((*list)[i].cluster, cluster))
            return &(*list)[i];
    struct dr_capacity *c = &dr_arena_push(a, *list, *n);
    *c = (struct dr_capacity){.cluster = cluster, .biggest = -1, .roomiest = -1};
    return c;
}

size_t
dr_capacity_of(struct dr_arena *a, const struct dr_model *m, const char *from, const char *to,
               const struct dr_inv_vm *const *vms, size_t n, const struct dr_inventory *now,
               struct dr_capacity **ret)
{
    struct dr_capacity *list = NULL;
    size_t n_list = 0;
    for (size_t i = 0; i < n; i++) {
        const struct dr_inv_vm *vm = vms[i], *have = dr_inventory_vm(now, vm->id);
        const char *cluster =
            dr_mapping_name(m->mapping.clusters, m->mapping.n_clusters, from, vm->cluster, to);
        if (!dr_vm_may_run(vm->status) || (have && dr_vm_runs(have->status)) ||
            !dr_inventory_cluster(now, cluster))
            continue;
        struct dr_capacity *c = entry_of(a, &list, &n_list, cluster);
        c->n_vms++;
        c->need = vm->memory < 0 || c->need < 0 ? -1 : c->need + vm->memory;
        if (vm->memory > c->biggest) {
            c->biggest = vm->memory;
            c->biggest_vm = vm->name ? vm->name : vm->id;
        }
    }
    for (size_t i = 0; i < n_list; i++)
        add_hosts(now, &list[i]);
    *ret = list;
    return n_list;
}
