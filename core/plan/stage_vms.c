/* Templates and VMs: registered as soon as their disks are there, started in their turn. */
#include "plan/stage_internal.h"

#include "plan/guard.h"

#include "model/words.h"

/*
 * A start is refused while the hosts do not hold the lease space of a new domain yet, for 160 s and
 * more (oVirt: host id of a crashed host), so it is asked for up to about five minutes.
 */
enum { TRIES_REGISTER = 4, TRIES_START = 64 };
/* While VMs that matter more are still to start, the others leave them room. */
enum { REGISTERS_AT_ONCE = DR_STAGE_AT_ONCE - 4, TRIES_SOON = 3 };

bool
dr_stage_offers_known(const struct stage *s, const char *domain)
{
    for (size_t i = 0; i < s->now->n_offers_read; i++)
        if (dr_streq(s->now->offers_read[i], domain))
            return true;
    return false;
}

bool
dr_stage_domain_of_group(const struct dr_stage_group *g, const char *id)
{
    for (size_t i = 0; i < g->n_domains; i++)
        if (dr_streq(g->domains[i].id, id))
            return true;
    return false;
}

static bool
no_room(const struct stage *s, const struct dr_stage_vm *vm)
{
    bool first = !s->foremost || !dr_stage_vm_matters_more(s->foremost, vm);
    return s->at_vms >= DR_STAGE_AT_ONCE || (!first && s->registers >= REGISTERS_AT_ONCE);
}

/* The most important VM that does not run yet, and is not known not to. */
void
dr_stage_find_foremost(struct stage *s, const struct dr_stage_group *groups, size_t n_groups)
{
    for (size_t g = 0; g < n_groups; g++)
        for (size_t i = 0; i < groups[g].n_vms; i++) { /* the most important one of them first */
            const struct dr_stage_vm *vm = &groups[g].vms[i];
            const struct dr_inv_vm *have = dr_stage_vm_now(s, vm->id);
            const struct dr_stage_try *t =
                dr_stage_tried(s, dr_stage_key_of(s, DR_STAGE_START, vm->id));
            if (!vm->start || (have && dr_vm_may_run(have->status)) ||
                (t && t->attempts >= TRIES_SOON))
                continue;
            if (!s->foremost || dr_stage_vm_matters_more(vm, s->foremost))
                s->foremost = vm;
            break;
        }
}

static void
fill_register(struct stage *s, struct dr_stage_action *x, const struct dr_stage_group *g,
              const struct dr_inv_offer *o, const struct dr_inv_cluster *cluster, const char *what)
{
    x->id = o->id;
    x->name = o->name;
    x->domain = o->domain;
    x->cluster = cluster ? cluster->name : NULL;
    x->from = g->from;
    x->to = g->to;
    x->partial = s->m->mapping.partial_import;
    x->reassign_bad_macs = s->m->mapping.reassign_bad_macs;
    for (size_t i = 0; i < s->m->mapping.n_vnics; i++) {
        const struct dr_vnic_map *v = &s->m->mapping.vnics[i];
        if (dr_streq(v->from_site, g->from) && dr_streq(v->to_site, g->to))
            dr_arena_push(s->a, x->vnics, x->n_vnics) = *v;
        else if (dr_streq(v->to_site, g->from) && dr_streq(v->from_site, g->to))
            dr_arena_push(s->a, x->vnics, x->n_vnics) =
                (struct dr_vnic_map){.from_site = v->to_site,
                                     .from_network = v->to_network,
                                     .from_profile = v->to_profile,
                                     .from_profile_id = v->to_profile_id,
                                     .from_data_center = v->to_data_center,
                                     .to_site = v->from_site,
                                     .to_network = v->from_network,
                                     .to_profile = v->from_profile,
                                     .to_profile_id = v->from_profile_id,
                                     .to_data_center = v->from_data_center};
    }
    const char *name = o->name ? o->name : o->id;
    x->as = dr_stage_as(s, g, o->name);
    if (g->drill.prefix)
        dr_stage_isolate(s, g, x);
    if (x->as)
        name = dr_arena_printf(s->a, "%s as %s", name, x->as);
    x->text = cluster
                  ? dr_arena_printf(s->a, "register %s %s in cluster %s", what, name, cluster->name)
                  : dr_arena_printf(s->a, "register %s %s in the cluster its configuration names",
                                    what, name);
}

/*
 * Engines do not tell the cluster of a template that is only offered. It goes where the VMs of its
 * group go, or to the only cluster there is; otherwise to the one its configuration names, which
 * the engine finds. False: that is known, and has no counterpart.
 */
static bool
cluster_for_template(const struct stage *s, const struct dr_stage_group *g,
                     const struct dr_inv_offer *o, const struct dr_inv_cluster **ret)
{
    bool told = o->cluster != NULL;
    *ret = dr_stage_cluster_for(s, g, o->cluster);
    for (size_t i = 0; !o->cluster && !*ret && i < g->n_vms; i++) {
        told |= g->vms[i].cluster != NULL;
        *ret = dr_stage_cluster_for(s, g, g->vms[i].cluster);
    }
    if (!o->cluster && !*ret && s->now->n_clusters == 1)
        *ret = &s->now->clusters[0];
    return *ret || !told;
}

/* Templates on an active domain. True while one that VMs may need is still to come. */
void
dr_stage_templates_forward(struct stage *s, const struct dr_stage_group *g)
{
    for (size_t i = 0; i < s->now->n_offered_templates; i++) {
        const struct dr_inv_offer *o = &s->now->offered_templates[i];
        if (!dr_stage_domain_of_group(g, o->domain) || s->at_vms >= DR_STAGE_AT_ONCE)
            continue;
        const char *key = dr_stage_key_of(s, DR_STAGE_REGISTER_TEMPLATE, o->id), *why = NULL;
        const struct dr_inv_cluster *cl = NULL;
        bool placed = cluster_for_template(s, g, o, &cl);
        enum turn t = dr_stage_turn_of(s, key, TRIES_REGISTER, &why);
        if (!placed || t == TURN_NEVER)
            dr_stage_stuck(
                s, g->group,
                placed ? dr_arena_printf(s->a, "template %s cannot be registered: %s",
                                         o->name ? o->name : o->id, why ? why : "it has no effect")
                       : dr_arena_printf(s->a, "template %s: cluster %s has no counterpart at %s",
                                         o->name ? o->name : o->id, o->cluster ? o->cluster : "?",
                                         g->to));
        if (!placed || t != TURN_NOW || s->hold_registers ||
            !dr_stage_hooks_over(s, g, true, "register"))
            continue;
        fill_register(s, dr_stage_act(s, DR_STAGE_REGISTER_TEMPLATE, g->group, key), g, o, cl,
                      "template");
        s->at_vms++;
    }
}

/*
 * A VM with disks on several domains is offered by each. The one that left last, the master, was
 * written when the engine had let go of the VM's other disks already.
 */
static const struct dr_inv_offer *
offer_of(const struct stage *s, const struct dr_stage_group *g, const char *vm)
{
    const struct dr_inv_offer *found = NULL;
    for (size_t i = dr_index_at(&s->offers, vm); i != DR_INDEX_NONE; i = s->next_offer[i]) {
        const struct dr_inv_offer *o = &s->now->offered_vms[i];
        bool master = false;
        for (size_t k = 0; k < g->n_domains; k++)
            master |= g->domains[k].master && dr_streq(g->domains[k].id, o->domain);
        if (!master)
            return o;
        found = found ? found : o;
    }
    return found;
}

static bool
template_to_come(const struct stage *s, const struct dr_inv_offer *o)
{
    return dr_index_at(&s->offered_templates, o->template_id) != DR_INDEX_NONE;
}

static struct dr_stage_vm_state *
vm_state(struct stage *s, const struct dr_stage_group *g, const struct dr_stage_vm *vm,
         const char *state, const char *trouble)
{
    struct dr_stage_vm_state *x = &dr_arena_push(s->a, s->out->vms, s->out->n_vms);
    *x = (struct dr_stage_vm_state){
        .group = g->group, .id = vm->id, .name = vm->name, .state = state, .trouble = trouble};
    if (dr_streq(state, "failed"))
        (void)dr_index_put(s->a, &s->failed, vm->id, s->out->n_vms - 1);
    return x;
}

/* Are all domains that hold this VM's disks active? *ret_read: and their offers read. */
static bool
disks_there(const struct stage *s, const struct dr_stage_vm *vm, bool *ret_read)
{
    *ret_read = true;
    for (size_t i = 0; i < vm->n_domains; i++) {
        const struct dr_inv_domain *d = dr_stage_domain_now(s, vm->domains[i]);
        if (!d || d->status != DR_SD_ACTIVE)
            return false;
        *ret_read &= dr_stage_offers_known(s, vm->domains[i]);
    }
    return vm->n_domains > 0;
}

/*
 * Where the content is not known beforehand, a VM may have disks on any domain of the group: none
 * is registered, perhaps without a disk, before all of them have been read.
 */
static bool
whole(const struct stage *s, const struct dr_stage_group *g)
{
    for (size_t i = 0; !g->known && i < g->n_domains; i++) {
        const struct dr_inv_domain *d = dr_stage_domain_now(s, g->domains[i].id);
        if (!d || d->status != DR_SD_ACTIVE || !dr_stage_offers_known(s, g->domains[i].id))
            return false;
    }
    return true;
}

static void
cannot_come(struct stage *s, const struct dr_stage_group *g, const struct dr_stage_vm *vm,
            const char *why)
{
    (void)vm_state(s, g, vm, "failed", why);
    dr_stage_stuck(s, g->group,
                   dr_arena_printf(s->a, "VM %s: %s", vm->name ? vm->name : vm->id, why));
}

void
dr_stage_vm_register(struct stage *s, const struct dr_stage_group *groups, size_t n_groups,
                     const struct dr_stage_group *g, const struct dr_stage_vm *vm)
{
    bool read;
    const char *elsewhere = dr_stage_disk_elsewhere(s, groups, n_groups, vm);
    if (elsewhere) {
        cannot_come(s, g, vm, elsewhere);
        return;
    }
    if (!disks_there(s, vm, &read) || !read || !whole(s, g)) {
        (void)vm_state(s, g, vm, "waiting", NULL);
        return;
    }
    const char *key = dr_stage_key_of(s, DR_STAGE_REGISTER_VM, vm->id), *why = NULL;
    const struct dr_inv_offer *o = offer_of(s, g, vm->id);
    enum turn t = dr_stage_turn_of(s, key, TRIES_REGISTER, &why);
    if (!o) {
        const struct dr_stage_try *before = dr_stage_tried(s, key);
        if (before &&
            (before->in_flight || (before->attempts && !before->given_up && t == TURN_LATER))) {
            /* registered a moment ago: listed in the next look */
            (void)vm_state(s, g, vm, "waiting", NULL);
            return;
        }
        cannot_come(s, g, vm,
                    "its domains do not offer it: it was created or changed after their "
                    "configuration was last written");
        return;
    }
    /* Of a VM whose old engine was never read only its configuration on the storage knows the
     * cluster: the engine looks there, and maps it. */
    const char *from = o->cluster ? o->cluster : vm->cluster;
    const struct dr_inv_cluster *cl = dr_stage_cluster_for(s, g, from);
    const char *as = dr_stage_as(s, g, o->name);
    const char *taken = dr_stage_name_taken(s, vm, as ? as : o->name, cl);
    if ((from && !cl) || taken || t == TURN_NEVER) {
        cannot_come(
            s, g, vm,
            from && !cl
                ? dr_arena_printf(s->a, "cluster %s has no counterpart at %s; map it", from, g->to)
            : taken ? taken
            : why   ? why
                    : "registering it has no effect");
        return;
    }
    (void)vm_state(s, g, vm, "waiting", why);
    if (t != TURN_NOW || template_to_come(s, o) || no_room(s, vm) || s->hold_registers ||
        !dr_stage_hooks_over(s, g, true, "register"))
        return;
    fill_register(s, dr_stage_act(s, DR_STAGE_REGISTER_VM, g->group, key), g, o, cl, "VM");
    s->at_vms++;
    s->registers++;
}

const bool *
dr_stage_tiers_before(struct dr_arena *a, const struct dr_model *m, int64_t tier)
{
    size_t n = m->n_start, top = (size_t)tier < n ? (size_t)tier : n;
    bool *wait = dr_arena_alloc(a, n + 1, sizeof(*wait));
    wait[top] = true;
    for (size_t t = top + 1; t-- > 0;) {
        if (!wait[t])
            continue;
        if (t == n)
            for (size_t i = 0; i < n; i++)
                wait[i] = true;
        else if (!m->start[t].after_given && t > 0)
            wait[t - 1] = true;
        for (size_t i = 0; t < n && i < m->start[t].n_after; i++)
            wait[m->start[t].after[i]] = true;
    }
    wait[top] = false;
    return wait;
}

/* A VM that will not come up for a reason already told holds nobody back. */
static bool
given_up(const struct stage *s, const char *group, const struct dr_stage_vm *vm)
{
    bool read;
    return dr_index_at(&s->failed, vm->id) != DR_INDEX_NONE ||
           (dr_stage_is_stuck(s, group) && !disks_there(s, vm, &read));
}

/* Does VM, of a tier with a gate, still hold back those that come after it? */
static bool
holds(const struct stage *s, const struct dr_stage_group *g, const struct dr_stage_vm *vm)
{
    if (!vm->start || given_up(s, g->group, vm))
        return false;
    const struct dr_inv_vm *have = dr_stage_vm_now(s, vm->id);
    if (have && have->status == DR_VM_UP)
        return false;
    const struct dr_stage_try *t = dr_stage_tried(s, dr_arena_printf(s->a, "start %s", vm->id));
    if (!t || t->in_flight || !t->attempts)
        return true;
    /* the limit counts from the answer to the start */
    return !t->given_up &&
           s->progress->now_ns - t->last_ns < s->m->start[vm->tier].gate_up_s * INT64_C(1000000000);
}

/* Looked at once in an expansion: whoever stops holding it meanwhile does so in the next. */
static bool
shut(struct stage *s, const struct dr_stage_group *groups, size_t n_groups, size_t tier)
{
    if (s->gates[tier] != GATE_UNKNOWN)
        return s->gates[tier] == GATE_SHUT;
    s->gates[tier] = GATE_OPEN;
    for (size_t g = 0; s->m->start[tier].gate_up_s >= 0 && g < n_groups; g++)
        for (size_t i = 0; s->gates[tier] == GATE_OPEN && i < groups[g].n_vms; i++)
            if ((size_t)groups[g].vms[i].tier == tier && holds(s, &groups[g], &groups[g].vms[i]))
                s->gates[tier] = GATE_SHUT;
    return s->gates[tier] == GATE_SHUT;
}

/* Does an earlier tier with a gate still hold this VM back? */
static bool
gated(struct stage *s, const struct dr_stage_group *groups, size_t n_groups,
      const struct dr_stage_vm *vm)
{
    const bool *before = dr_stage_tiers_before(s->a, s->m, vm->tier);
    for (size_t t = 0; t < s->m->n_start; t++)
        if (before[t] && shut(s, groups, n_groups, t))
            return true;
    return false;
}

void
dr_stage_vm_start(struct stage *s, const struct dr_stage_group *groups, size_t n_groups,
                  const struct dr_stage_group *g, const struct dr_stage_vm *vm,
                  const struct dr_inv_vm *have)
{
    const char *not_apart = dr_stage_not_apart(s, g, have);
    if (not_apart) {
        (void)vm_state(s, g, vm, "failed", not_apart);
        dr_stage_stuck(s, g->group,
                       dr_arena_printf(s->a, "VM %s is not started: %s",
                                       vm->name ? vm->name : vm->id, not_apart));
        return;
    }
    if (!vm->start) {
        (void)vm_state(s, g, vm, "registered", NULL);
        return;
    }
    if (dr_vm_runs(have->status)) {
        (void)vm_state(s, g, vm, "up", NULL);
        return;
    }
    if (dr_vm_may_run(have->status) || have->status == DR_VM_IMAGE_LOCKED) {
        (void)vm_state(s, g, vm, "starting", NULL);
        return;
    }
    bool read;
    const char *key = dr_stage_key_of(s, DR_STAGE_START, vm->id), *why = NULL;
    enum turn t = dr_stage_turn_of(s, key, TRIES_START, &why);
    if (t == TURN_NEVER) {
        why = why ? why : "it does not stay up";
        (void)vm_state(s, g, vm, "failed", why);
        dr_stage_stuck(
            s, g->group,
            dr_arena_printf(s->a, "VM %s does not start: %s", vm->name ? vm->name : vm->id, why));
        return;
    }
    (void)vm_state(s, g, vm, "registered", why);
    if (t != TURN_NOW || s->at_vms >= DR_STAGE_AT_ONCE || !disks_there(s, vm, &read) ||
        gated(s, groups, n_groups, vm) || s->hold_starts ||
        !dr_stage_hooks_over(s, g, true, "start"))
        return;
    struct dr_stage_action *x = dr_stage_act(s, DR_STAGE_START, g->group, key);
    x->id = vm->id;
    x->name = vm->name;
    x->text = dr_arena_printf(s->a, "start VM %s", vm->name ? vm->name : vm->id);
    s->at_vms++;
}
