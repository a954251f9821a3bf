/* Where a VM may run: the filters every host has to pass, and who is best among those that do. */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

int64_t
host_memory_used(struct emu_engine *e, const struct emu_host *h)
{
    int64_t used = 0;
    for (struct emu_vm *vm = e->vms; vm; vm = vm->next)
        if (emu_same(vm->host, h->id))
            used += js_int(vm->conf, "memory", 1LL << 30);
    return used;
}

/* What the overcommitment of its cluster lets it promise. */
int64_t
host_memory_free(struct emu_engine *e, const struct emu_host *h)
{
    int64_t percent = js_int(cluster_get(e, h->cluster), "memory_policy.over_commit.percent", 100);
    return h->memory / 100 * percent - host_memory_used(e, h);
}

static int64_t
topology_threads(struct json_object *conf, int64_t sockets, int64_t cores, int64_t threads)
{
    return js_int(conf, "cpu.topology.sockets", sockets) *
           js_int(conf, "cpu.topology.cores", cores) *
           js_int(conf, "cpu.topology.threads", threads);
}

static bool
has_networks(struct emu_engine *e, const struct emu_vm *vm, const struct emu_host *h)
{
    struct json_object *nics = js_get(vm->conf, "nics");
    for (size_t i = 0; i < js_len(nics); i++) {
        struct json_object *profile = nic_profile(e, js_at(nics, i));
        if (profile && !host_has_network(e, h, js_str(profile, "network.id")))
            return false;
    }
    return true;
}

static bool
named(struct json_object *hosts, const struct emu_host *h)
{
    return !hosts || js_find(hosts, "id", h->id) || js_find(hosts, "name", h->name);
}

static bool
pinned_elsewhere(const struct emu_vm *vm, const struct emu_host *h)
{
    return emu_same(js_str(vm->conf, "placement_policy.affinity"), "pinned") &&
           !named(js_get(vm->conf, "placement_policy.hosts.host"), h);
}

/* The filter that H does not pass, or NULL. */
static const char *
filter(struct emu_engine *e, struct emu_vm *vm, const struct emu_host *h,
       struct json_object *wanted)
{
    struct emu_sd *lease = sd_get(e, js_str(vm->conf, "lease.storage_domain.id"));
    if (!host_up(h))
        return "HostIsUp";
    if (!named(wanted, h) || pinned_elsewhere(vm, h))
        return "PinToHost";
    if (host_memory_free(e, h) < js_int(vm->conf, "memory", 1LL << 30))
        return "Memory";
    if (topology_threads(vm->conf, 1, 1, 1) > topology_threads(h->conf, 2, 16, 2))
        return "CPU";
    if (!has_networks(e, vm, h))
        return "Network";
    if (!affinity_allows(e, vm, h))
        return "VmAffinityGroups";
    if (lease && (!lease_host_ready(e, lease, h) || !lease_vm_ready(e, lease, h, vm->id)))
        return "VM leases ready";
    return NULL;
}

static bool
better(struct emu_engine *e, const struct emu_vm *vm, const struct emu_host *a,
       const struct emu_host *b)
{
    int wa = affinity_weight(e, vm, a);
    int wb = affinity_weight(e, vm, b);
    return wa != wb ? wa > wb : host_memory_free(e, a) > host_memory_free(e, b);
}

/*
 * WANTED: the hosts a request names (NULL: any). NOT: a host id that is left out. *RET_WHY (may be
 * NULL) gets a sentence for every host that does not do, to be freed.
 */
struct emu_host *
schedule_host(struct emu_engine *e, struct emu_vm *vm, struct json_object *wanted, const char * not,
              char **ret_why)
{
    struct emu_host *best = NULL;
    for (struct emu_host *h = e->hosts; h; h = h->next) {
        if (!emu_same(h->cluster, vm->cluster) || emu_same(h->id, not ))
            continue;
        const char *why = filter(e, vm, h, wanted);
        if (!why) {
            if (!best || better(e, vm, h, best))
                best = h;
        } else if (ret_why) {
            char *more = emu_printf("%s, The host %s did not satisfy internal filter %s.",
                                    *ret_why ? *ret_why : "", h->name, why);
            free(*ret_why);
            *ret_why = more;
        }
    }
    return best;
}
