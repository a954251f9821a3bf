/*
 * Hosts of a site that came back, switched off and on again: what they hold of before (devices of
 * LUNs that changed under them, leases, processes that their engine does not know) is gone then.
 * One of a data centre stays up meanwhile, since a host is what speaks to the power management of
 * another; it comes last.
 */
#include "plan/leave_internal.h"

#include "plan/guard.h"

static const struct dr_inv_host *
host_named(const struct leave *l, const char *name)
{
    for (size_t i = 0; i < l->s.now->n_hosts; i++)
        if (dr_streq(l->s.now->hosts[i].name, name))
            return &l->s.now->hosts[i];
    return NULL;
}

static bool
is_up(const struct dr_inv_host *h)
{
    return dr_streq(h->status, "up");
}

/* Nothing stays in a machine that is off. */
static bool
is_off(const struct dr_inv_host *h)
{
    return dr_streq(h->status, "down");
}

/* Its engine does not hear it: what runs there, nobody knows. */
static bool
is_lost(const struct dr_inv_host *h)
{
    return dr_streq(h->status, "non_responsive");
}

/* Booting, installing: it says by itself when that is over. */
static bool
is_busy(const struct dr_inv_host *h)
{
    static const char *const words[] = {"reboot",     "connecting", "initializing",
                                        "unassigned", "kdumping",   "preparing_for_maintenance"};
    for (size_t i = 0; i < DR_COUNT(words); i++)
        if (dr_streq(h->status, words[i]))
            return true;
    return false;
}

/* Its power management said so, in this run: an answer, not only a call that was to be sent. */
static bool
was_off(struct leave *l, const struct dr_inv_host *h)
{
    const struct dr_stage_try *t =
        dr_stage_tried(&l->s, dr_stage_key_of(&l->s, DR_STAGE_HOST_OFF, h->id));
    return t && t->attempts && t->last_ns && !t->in_flight && !t->trouble;
}

static bool
is_restarted(const struct leave *l, const struct dr_inv_host *h)
{
    for (size_t i = 0; i < l->n_groups; i++)
        for (size_t k = 0; k < l->groups[i].n_restart; k++)
            if (dr_streq(l->groups[i].restart[k], h->name))
                return true;
    return false;
}

bool
dr_leave_dies_with_host(const struct leave *l, const struct dr_inv_vm *vm)
{
    for (size_t i = 0; vm->host && i < l->s.now->n_hosts; i++) {
        const struct dr_inv_host *h = &l->s.now->hosts[i];
        if (dr_streq(h->id, vm->host))
            return is_lost(h) && is_restarted(l, h);
    }
    return false;
}

/*
 * Who switches H off and on: one that is up, of which nothing is wanted or which was restarted
 * before, else the first of those still to come.
 */
static const struct dr_inv_host *
proxy_of(struct leave *l, const struct dr_inv_host *h)
{
    const struct dr_inventory *v = l->s.now;
    const char *dc = dr_inventory_host_dc(v, h);
    const struct dr_inv_host *later = NULL;
    for (size_t i = 0; i < v->n_hosts; i++) {
        const struct dr_inv_host *o = &v->hosts[i];
        if (!is_up(o) || !dc || !dr_streq(dr_inventory_host_dc(v, o), dc))
            continue;
        if (o != h && (!is_restarted(l, o) || was_off(l, o)))
            return o;
        later = later ? later : o;
    }
    return later;
}

static bool
is_ours(const struct leave *l, const struct dr_inv_vm *vm)
{
    for (size_t i = 0; i < l->n_groups; i++)
        for (size_t k = 0; k < l->groups[i].what.n_vms; k++)
            if (dr_streq(l->groups[i].what.vms[k].id, vm->id))
                return true;
    return false;
}

/* On a host that nobody hears, ours go down with it. */
static const struct dr_inv_vm *
runs_on(const struct leave *l, const struct dr_inv_host *h)
{
    for (size_t i = 0; i < l->s.now->n_vms; i++) {
        const struct dr_inv_vm *vm = &l->s.now->vms[i];
        if (dr_vm_may_run(vm->status) && dr_streq(vm->host, h->id) &&
            !(is_lost(h) && is_ours(l, vm)))
            return vm;
    }
    return NULL;
}

static void
power(struct leave *l, const struct dr_leave_group *g, const struct dr_inv_host *h, bool on)
{
    enum dr_stage_kind kind = on ? DR_STAGE_HOST_ON : DR_STAGE_HOST_OFF;
    const char *key = dr_stage_key_of(&l->s, kind, h->id), *why = "it has no effect";
    switch (dr_stage_turn_of(&l->s, key, TRIES_DOMAIN, &why)) {
    case TURN_NEVER:
        dr_stage_stuck(&l->s, g->what.group,
                       dr_arena_printf(l->s.a, "host %s cannot be switched %s: %s", h->name,
                                       on ? "on" : "off", why));
        return;
    case TURN_LATER:
        return;
    case TURN_NOW:
        break;
    }
    struct dr_stage_action *x = dr_stage_act(&l->s, kind, g->what.group, key);
    x->id = h->id;
    x->name = h->name;
    x->text = dr_arena_printf(l->s.a, "switch host %s %s", h->name, on ? "on" : "off");
}

static void
held_up(struct leave *l, const struct dr_leave_group *g, const struct dr_inv_host *h,
        const char *why)
{
    dr_stage_stuck(&l->s, g->what.group,
                   dr_arena_printf(l->s.a, "host %s cannot be restarted: %s", h->name, why));
}

/* True: it was off, and is up. */
static bool
host_forward(struct leave *l, const struct dr_leave_group *g, const struct dr_inv_host *h)
{
    const struct dr_inv_host *proxy = proxy_of(l, h);
    const struct dr_inv_vm *vm = runs_on(l, h);
    if (was_off(l, h) && is_up(h))
        return true;
    if (is_busy(h) || (proxy == h && !is_off(h)))
        return false;
    if (!proxy)
        held_up(l, g, h, "no other host of its data centre is up");
    else if (is_off(h))
        power(l, g, h, true);
    else if (vm && is_ours(l, vm))
        return false; /* it is being switched off */
    else if (vm)
        held_up(l, g, h,
                dr_arena_printf(l->s.a, "VM %s runs on it; migrate it away, or shut it down",
                                vm->name ? vm->name : vm->id));
    else if (!was_off(l, h))
        power(l, g, h, false);
    return false;
}

/* With its domains gone, hosts have let go of them already. */
static bool
anything_attached(const struct leave *l, const struct dr_leave_group *g)
{
    for (size_t i = 0; i < g->what.n_domains; i++) {
        const struct dr_inv_domain *d = dr_stage_domain_now(&l->s, g->what.domains[i].id);
        if (d && d->dc && d->status != DR_SD_UNATTACHED)
            return true;
    }
    return false;
}

bool
dr_leave_hosts_forward(struct leave *l, const struct dr_leave_group *g)
{
    bool all = true;
    for (size_t i = 0; i < g->n_restart; i++) {
        const struct dr_inv_host *h = host_named(l, g->restart[i]);
        bool begun = h && (is_off(h) || was_off(l, h));
        if (h && (begun || anything_attached(l, g)))
            all &= host_forward(l, g, h);
    }
    return all;
}
