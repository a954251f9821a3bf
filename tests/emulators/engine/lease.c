/*
 * Leases as sanlock keeps them on a domain. A host owns the slot of its number; the cluster lease
 * and VM leases name a slot and its generation, so their owner is dead once the generation moved.
 */
#include "engine.h"

#include <stdio.h>
#include <string.h>

static const char *
slot_name(int64_t slot, char buffer[16])
{
    snprintf(buffer, 16, "%lld", (long long)slot);
    return buffer;
}

static struct json_object *
slot_get(struct json_object *doc, int64_t slot)
{
    char name[16];
    struct json_object *o = NULL;
    struct json_object *hosts = js_get(doc, "leases.hosts");
    if (hosts)
        json_object_object_get_ex(hosts, slot_name(slot, name), &o);
    return o;
}

int64_t
lease_slot_wait_ms(struct emu_engine *e, struct json_object *doc, const struct emu_host *h)
{
    struct json_object *slot = slot_get(doc, h->spm_id);
    if (!slot || js_bool(slot, "released", false) || emu_same(js_str(slot, "host"), h->id))
        return e->latency.lease_free;
    return e->latency.lease_held;
}

/* Is the owner of this lease known to be gone by what the slots say? */
static bool
owner_gone(struct json_object *doc, struct json_object *lease)
{
    if (!lease || js_bool(lease, "released", false))
        return true;
    struct json_object *slot = slot_get(doc, js_int(lease, "slot", 0));
    return !slot || js_bool(slot, "released", false) ||
           js_int(slot, "generation", 0) > js_int(lease, "generation", 0);
}

int64_t
lease_cluster_wait_ms(struct emu_engine *e, struct json_object *doc, const struct emu_host *h)
{
    struct json_object *lease = js_get(doc, "leases.cluster");
    if (owner_gone(doc, lease) || emu_same(js_str(lease, "host"), h->id))
        return 0;
    /* With the owner's own number its slot is taken first, and that is proof enough. */
    if (js_int(lease, "slot", 0) == h->spm_id)
        return 0;
    return e->latency.lease_dead;
}

void
lease_take_slot(struct json_object *doc, const struct emu_host *h)
{
    char name[16];
    struct json_object *old = slot_get(doc, h->spm_id);
    bool ours = emu_same(js_str(old, "host"), h->id) && !js_bool(old, "released", false);
    int64_t generation = js_int(old, "generation", 0) + (ours ? 0 : 1);
    struct json_object *slot = json_object_new_object();
    js_add_str(slot, "host", h->id);
    js_add_str(slot, "host_name", h->name);
    js_add_int(slot, "generation", generation);
    js_add_bool(slot, "released", false);
    js_add(js_sub(js_sub(doc, "leases"), "hosts"), slot_name(h->spm_id, name), slot);
}

static struct json_object *
lease_of(struct json_object *doc, const struct emu_host *h)
{
    struct json_object *lease = json_object_new_object();
    js_add_int(lease, "slot", h->spm_id);
    js_add_int(lease, "generation", js_int(slot_get(doc, h->spm_id), "generation", 1));
    js_add_str(lease, "host", h->id);
    js_add_bool(lease, "released", false);
    return lease;
}

void
lease_take_cluster(struct json_object *doc, const struct emu_host *h)
{
    js_add(js_sub(doc, "leases"), "cluster", lease_of(doc, h));
}

/* A clean goodbye of every host of DC. */
void
lease_release_all(struct emu_engine *e, struct json_object *doc, const char *dc)
{
    for (struct emu_host *h = e->hosts; h; h = h->next) {
        struct json_object *slot = slot_get(doc, h->spm_id);
        if (emu_same(host_dc(e, h), dc) && emu_same(js_str(slot, "host"), h->id))
            js_add_bool(slot, "released", true);
    }
    struct json_object *cluster = js_get(doc, "leases.cluster");
    struct emu_host *owner = host_get(e, js_str(cluster, "host"));
    if (owner)
        js_add_bool(cluster, "released", true);
}

void
lease_leave_hosts(struct emu_sd *sd)
{
    sd->joins_count = 0;
    sd->joins_run++;
}

static struct emu_join *
join_of(struct emu_sd *sd, const char *host)
{
    for (size_t i = 0; i < sd->joins_count; i++)
        if (emu_same(sd->joins[i].host, host))
            return &sd->joins[i];
    struct emu_join *j = &sd->joins[sd->joins_count++];
    EMU_SET(j->host, host);
    return j;
}

static void
join_step(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    struct emu_sd *sd = sd_get(e, js_str(op->work, "sd"));
    struct emu_host *h = host_get(e, js_str(op->work, "host"));
    if (!sd || !h || sd->joins_run != op->run || !host_up(h))
        return;
    struct json_object *doc = content_read(e, sd->id);
    if (!doc)
        return;
    if (op->phase++ == 0) {
        op_sleep(op, lease_slot_wait_ms(e, doc, h));
    } else {
        lease_take_slot(doc, h);
        struct json_object *cluster = js_get(doc, "leases.cluster");
        if (sd->master && owner_gone(doc, cluster))
            lease_take_cluster(doc, h);
        if (content_write(e, sd->id, doc) == 0 && sd->joins_count < EMU_HOSTS) {
            struct emu_join *j = join_of(sd, h->id);
            j->ready_ns = e->now;
        }
    }
    json_object_put(doc);
}

/* One host starts to acquire its slot, in the background. */
void
lease_join_host(struct emu_engine *e, struct emu_sd *sd, const struct emu_host *h)
{
    struct emu_op *op = op_background(e, "join", join_step);
    op->run = sd->joins_run;
    op->work = json_object_new_object();
    js_add_str(op->work, "sd", sd->id);
    js_add_str(op->work, "host", h->id);
}

/* Every host of the data centre does. */
void
lease_join_hosts(struct emu_engine *e, struct emu_sd *sd)
{
    lease_leave_hosts(sd);
    for (struct emu_host *h = e->hosts; h; h = h->next)
        if (host_up(h) && emu_same(host_dc(e, h), sd->dc))
            lease_join_host(e, sd, h);
}

/* In maintenance a host has given its slots back. */
void
lease_host_leaves(struct emu_engine *e, const struct emu_host *h)
{
    for (struct emu_sd *sd = e->sds; sd; sd = sd->next) {
        for (size_t i = 0; i < sd->joins_count; i++)
            if (emu_same(sd->joins[i].host, h->id))
                sd->joins[i--] = sd->joins[--sd->joins_count];
        struct json_object *doc = emu_same(sd->dc, host_dc(e, h)) ? content_read(e, sd->id) : NULL;
        struct json_object *slot = slot_get(doc, h->spm_id);
        if (emu_same(js_str(slot, "host"), h->id)) {
            js_add_bool(slot, "released", true);
            content_write(e, sd->id, doc);
        }
        json_object_put(doc);
    }
}

bool
lease_host_ready(struct emu_engine *e, struct emu_sd *sd, const struct emu_host *h)
{
    for (size_t i = 0; i < sd->joins_count; i++)
        if (emu_same(sd->joins[i].host, h->id))
            return sd->joins[i].ready_ns <= e->now;
    return false;
}

/* A host of ours holds it: free when we know the VM is not there, or when it stopped renewing. */
static bool
own_lease_free(struct emu_engine *e, const struct emu_host *owner)
{
    if (owner->lost_ns == 0)
        return true;
    return !owner->alive && e->now >= owner->lost_ns + emu_scaled(e, e->latency.lease_dead);
}

/* A VM lease of a crashed host is free once its slot was taken over, or watched for long enough. */
bool
lease_vm_ready(struct emu_engine *e, struct emu_sd *sd, const struct emu_host *h, const char *vm_id)
{
    struct json_object *doc = content_read(e, sd->id);
    struct json_object *leases = js_get(doc, "leases.vms");
    struct json_object *lease = NULL;
    if (leases)
        json_object_object_get_ex(leases, vm_id, &lease);
    struct emu_host *owner = host_get(e, js_str(lease, "host"));
    bool ready = owner_gone(doc, lease) || (owner && own_lease_free(e, owner));
    for (size_t i = 0; i < sd->joins_count && !ready && !owner; i++)
        ready = emu_same(sd->joins[i].host, h->id) &&
                e->now >= sd->joins[i].ready_ns + emu_scaled(e, e->latency.lease_dead);
    json_object_put(doc);
    return ready;
}

void
lease_vm(struct emu_engine *e, struct emu_vm *vm, bool take)
{
    const char *sd_id = js_str(vm->conf, "lease.storage_domain.id");
    struct emu_sd *sd = sd_get(e, sd_id);
    struct json_object *doc = sd ? content_read(e, sd->id) : NULL;
    struct emu_host *h = host_get(e, vm->host);
    if (!doc)
        return;
    struct json_object *leases = js_sub(js_sub(doc, "leases"), "vms");
    if (!take)
        json_object_object_del(leases, vm->id);
    else if (h)
        js_add(leases, vm->id, lease_of(doc, h));
    content_write(e, sd->id, doc);
    json_object_put(doc);
}
