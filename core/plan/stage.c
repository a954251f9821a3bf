/* What can be done now: one expansion of the stage. */
#include "plan/stage_internal.h"

#include "plan/guard.h"

#include "model/words.h"

static const int64_t back_off_first_ns = 500000000;
static const int64_t back_off_most_ns = 5000000000;
/* What is locked is let go of within minutes; what is refused for good is not told apart from it
 * but by time. */
static const int64_t conflict_most_ns = 120 * INT64_C(1000000000);

/* Has a look begun after T was answered? What an answer says is believed when it is seen. */
static bool
seen_since(const struct stage *s, const struct dr_stage_try *t)
{
    return !s->progress->look_ns || t->last_ns <= s->progress->look_ns;
}

static bool
is_a(const struct dr_stage_try *t, enum dr_stage_kind kind)
{
    const char *word = dr_name(&dr_stage_kind_names, (int)kind);
    size_t n = __builtin_strlen(word);
    return __builtin_strncmp(t->key, word, n) == 0 && t->key[n] == ' ';
}

/* Is it about a VM or template on its way in? */
static bool
about_vm(const struct dr_stage_try *t)
{
    return is_a(t, DR_STAGE_REGISTER_VM) || is_a(t, DR_STAGE_START) ||
           is_a(t, DR_STAGE_REGISTER_TEMPLATE);
}

/* Whoever asks for something once for every VM finds it by its id: VMs come by the thousand. */
void
dr_stage_begin(struct stage *s, struct dr_arena *a, const struct dr_model *m,
               const struct dr_inventory *now, const struct dr_stage_progress *progress,
               struct dr_stage_result *out)
{
    *s = (struct stage){.a = a, .m = m, .now = now, .progress = progress, .out = out};
    *out = (struct dr_stage_result){0};
    s->domains_told = true;
    for (size_t i = 0; i < progress->n_tries; i++) {
        const struct dr_stage_try *t = &progress->tries[i];
        (void)dr_index_put(a, &s->tries, t->key, i);
        s->domains_told &= seen_since(s, t) || about_vm(t);
        s->at_vms += t->in_flight && about_vm(t);
        s->registers += t->in_flight && is_a(t, DR_STAGE_REGISTER_VM);
    }
    for (size_t i = 0; i < now->n_vms; i++) {
        (void)dr_index_put(a, &s->vms, now->vms[i].id, i);
        (void)dr_index_put(a, &s->names, now->vms[i].name, i);
    }
    for (size_t i = 0; i < now->n_domains; i++)
        (void)dr_index_put(a, &s->domains, now->domains[i].id, i);
    for (size_t i = 0; i < now->n_offered_templates; i++)
        (void)dr_index_put(a, &s->offered_templates, now->offered_templates[i].id, i);
    s->next_offer = dr_arena_alloc(a, now->n_offered_vms + 1, sizeof(*s->next_offer));
    for (size_t i = now->n_offered_vms; i-- > 0;) { /* from behind: each before those after it */
        size_t *at = dr_index_slot(a, &s->offers, now->offered_vms[i].id);
        s->next_offer[i] = at ? *at : DR_INDEX_NONE;
        if (at)
            *at = i;
    }
    s->gates = dr_arena_alloc(a, m->n_start + 1, sizeof(*s->gates));
}

const struct dr_inv_vm *
dr_stage_vm_now(const struct stage *s, const char *id)
{
    size_t at = dr_index_at(&s->vms, id);
    return at == DR_INDEX_NONE ? NULL : &s->now->vms[at];
}

const struct dr_inv_domain *
dr_stage_domain_now(const struct stage *s, const char *id)
{
    size_t at = dr_index_at(&s->domains, id);
    return at == DR_INDEX_NONE ? NULL : &s->now->domains[at];
}

const struct dr_stage_try *
dr_stage_tried(const struct stage *s, const char *key)
{
    size_t at = dr_index_at(&s->tries, key);
    return at == DR_INDEX_NONE ? NULL : &s->progress->tries[at];
}

const char *
dr_stage_key_of(struct stage *s, enum dr_stage_kind kind, const char *id)
{
    return dr_arena_printf(s->a, "%s %s", dr_name(&dr_stage_kind_names, (int)kind), id);
}

/* May the wish KEY be made now? *ret_why: the last trouble, when there was one. */
enum turn
dr_stage_turn_of(const struct stage *s, const char *key, int64_t most, const char **ret_why)
{
    if (dr_index_at(&s->actions, key) != DR_INDEX_NONE)
        return TURN_LATER; /* a VM with disks in two groups is one VM */
    const struct dr_stage_try *t = dr_stage_tried(s, key);
    if (!t)
        return TURN_NOW;
    if (ret_why && t->trouble)
        *ret_why = t->trouble;
    if (t->in_flight || (t->attempts && !seen_since(s, t)))
        return TURN_LATER;
    bool may_pass = t->conflict && s->progress->now_ns - t->first_ns < conflict_most_ns;
    if (t->given_up || (t->attempts >= most && !may_pass))
        return TURN_NEVER;
    int64_t wait = back_off_first_ns;
    for (int64_t i = 1; i < t->attempts && wait < back_off_most_ns; i++)
        wait *= 2;
    if (wait > back_off_most_ns)
        wait = back_off_most_ns;
    return s->progress->now_ns - t->last_ns >= wait ? TURN_NOW : TURN_LATER;
}

size_t
dr_stage_in_flight(const struct stage *s, enum dr_stage_kind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < s->progress->n_tries; i++)
        n += s->progress->tries[i].in_flight && is_a(&s->progress->tries[i], kind);
    return n;
}

struct dr_stage_action *
dr_stage_act(struct stage *s, enum dr_stage_kind kind, const char *group, const char *key)
{
    struct dr_stage_action *x = &dr_arena_push(s->a, s->out->actions, s->out->n_actions);
    (void)dr_index_put(s->a, &s->actions, key, s->out->n_actions - 1);
    *x = (struct dr_stage_action){.kind = kind, .group = group, .key = key};
    return x;
}

void
dr_stage_stuck(struct stage *s, const char *group, const char *why)
{
    for (size_t i = 0; i < s->out->n_stuck; i++)
        if (dr_streq(s->out->stuck[i], group))
            return;
    size_t n = s->out->n_stuck;
    dr_arena_push(s->a, s->out->stuck, n) = group;
    dr_arena_push(s->a, s->out->stuck_why, s->out->n_stuck) = why;
}

bool
dr_stage_is_stuck(const struct stage *s, const char *group)
{
    for (size_t i = 0; i < s->out->n_stuck; i++)
        if (dr_streq(s->out->stuck[i], group))
            return true;
    return false;
}

/* ---- groups whose content only the LUNs know ------------------------------------------------- */

static bool
lun_of_group(const struct dr_stage_group *g, const struct dr_inv_domain *d)
{
    for (size_t i = 0; i < g->n_luns; i++)
        for (size_t j = 0; j < d->n_wwids; j++)
            if (dr_streq(g->luns[i].wwid, d->wwids[j]))
                return true;
    return false;
}

static void
add_domain(struct stage *s, struct dr_stage_group *g, const struct dr_inv_domain *d)
{
    if (lun_of_group(g, d) && !dr_stage_domain_of_group(g, d->id))
        dr_arena_push(s->a, g->domains, g->n_domains) =
            (struct dr_stage_domain){.id = d->id, .name = d->name, .rank = DR_STAGE_RANK_NONE};
}

/* Grows the lists of G from what the engine shows: domains by WWID, VMs by what domains offer. */
static void
learn(struct stage *s, struct dr_stage_group *g)
{
    for (size_t i = 0; i < s->now->n_domains; i++)
        add_domain(s, g, &s->now->domains[i]);
    for (size_t i = 0; i < s->now->n_discovered; i++)
        add_domain(s, g, &s->now->discovered[i]);
    if (!g->known && !g->n_domains) { /* hosts may see the LUNs a moment later: asked again */
        const char *key = dr_stage_key_of(s, DR_STAGE_DISCOVER, g->group), *why = NULL;
        for (size_t i = 0; i < s->now->n_dcs; i++) {
            const struct dr_inv_host *host = dr_stage_host_in(s, &s->now->dcs[i]);
            enum turn t = host && dr_stage_logged_in(s, g, host)
                              ? dr_stage_turn_of(s, key, TRIES_DOMAIN, &why)
                              : TURN_LATER;
            if (t == TURN_NEVER)
                dr_stage_stuck(
                    s, g->group,
                    why ? why
                        : dr_arena_printf(s->a, "the hosts see no storage domain on the LUNs of %s",
                                          g->group));
            if (t != TURN_NOW)
                continue;
            struct dr_stage_action *x = dr_stage_act(s, DR_STAGE_DISCOVER, g->group, key);
            x->host = host->name;
            x->id = host->id;
            x->protocol = g->n_luns ? g->luns[0].protocol : NULL;
            x->text = dr_arena_printf(s->a, "look for storage domains from host %s", host->name);
            break;
        }
    }
    struct dr_index vms = {0};
    for (size_t i = 0; i < g->n_vms; i++)
        (void)dr_index_put(s->a, &vms, g->vms[i].id, i);
    for (size_t i = 0; i < s->now->n_offered_vms; i++) {
        const struct dr_inv_offer *o = &s->now->offered_vms[i];
        if (!dr_stage_domain_of_group(g, o->domain))
            continue;
        if (!dr_index_put(s->a, &vms, o->id, g->n_vms)) {
            struct dr_stage_vm *vm = &g->vms[dr_index_at(&vms, o->id)];
            bool listed = g->known;
            for (size_t k = 0; k < vm->n_domains; k++)
                listed |= dr_streq(vm->domains[k], o->domain);
            if (!listed)
                dr_arena_push(s->a, vm->domains, vm->n_domains) = o->domain;
            continue;
        }
        struct dr_stage_vm fresh = {.id = o->id,
                                    .name = o->name,
                                    .cluster = o->cluster,
                                    .ha = o->ha,
                                    .priority = o->priority,
                                    .tier = dr_stage_tier(s->m, o->name),
                                    .start = !g->exact && o->status != DR_VM_UNKNOWN &&
                                             dr_vm_may_run(o->status)};
        dr_arena_push(s->a, fresh.domains, fresh.n_domains) = o->domain;
        dr_arena_push(s->a, g->vms, g->n_vms) = fresh;
    }
    dr_stage_sort_vms(g->vms, g->n_vms);
}

static void
tell_found(struct stage *s, const struct dr_stage_group *before, const struct dr_stage_group *after)
{
    for (size_t i = 0; after->n_vms > before->n_vms && i < after->n_vms; i++) {
        bool listed = false;
        for (size_t k = 0; k < before->n_vms && !listed; k++)
            listed = dr_streq(before->vms[k].id, after->vms[i].id);
        if (!listed)
            dr_arena_push(s->a, s->out->found, s->out->n_found) =
                (struct dr_stage_found){.group = after->group, .vm = after->vms[i]};
    }
}

static bool
all_registered(const struct stage *s, const struct dr_stage_group *g)
{
    for (size_t i = 0; i < g->n_vms; i++)
        if (!dr_stage_vm_now(s, g->vms[i].id))
            return false;
    for (size_t i = 0; i < g->n_domains; i++)
        if (!dr_stage_offers_known(s, g->domains[i].id))
            return false;
    return g->n_domains > 0;
}

/* What waits for a hook after the step before it. True: nothing does. */
static bool
hooks_between(struct stage *s, const struct dr_stage_group *g, bool attached)
{
    s->hold_registers = dr_stage_has_hooks(s, g, false, "attach") &&
                        !(attached && dr_stage_hooks_over(s, g, false, "attach"));
    s->hold_starts = dr_stage_has_hooks(s, g, false, "register") &&
                     !(attached && !s->hold_registers && all_registered(s, g) &&
                       dr_stage_hooks_over(s, g, false, "register"));
    return !s->hold_registers && !s->hold_starts;
}

static void
group_forward(struct stage *s, struct dr_stage_group *groups, size_t n_groups, size_t at,
              size_t active)
{
    struct dr_stage_group *g = &groups[at];
    s->hold_registers = s->hold_starts = false;
    if (g->give_back) {
        dr_stage_give_back(s, groups, n_groups, g);
        return;
    }
    dr_stage_domains_unreadable(s, g);
    bool hooks = hooks_between(s, g, g->n_domains && active == g->n_domains);
    s->hold_starts |= !dr_stage_room_made(s, groups, n_groups, g);
    dr_stage_templates_forward(s, g);
    size_t settled = 0;
    for (size_t i = 0; i < g->n_vms; i++) {
        const struct dr_stage_vm *vm = &g->vms[i];
        const struct dr_inv_vm *have = dr_stage_vm_now(s, vm->id);
        if (have) {
            dr_stage_vm_start(s, groups, n_groups, g, vm, have);
            if (!g->drill.prefix) /* of a drill they are apart on purpose, and that is read back */
                dr_stage_vm_incomplete(s, g, vm);
        } else {
            dr_stage_vm_register(s, groups, n_groups, g, vm);
        }
        const char *state = s->out->vms[s->out->n_vms - 1].state;
        settled += dr_streq(state, "up") || (dr_streq(state, "registered") && !vm->start);
    }
    bool templates_left = false, read = true;
    for (size_t i = 0; i < s->now->n_offered_templates; i++)
        templates_left |= dr_stage_domain_of_group(g, s->now->offered_templates[i].domain);
    for (size_t i = 0; i < g->n_domains; i++)
        read &= dr_stage_offers_known(s, g->domains[i].id);
    if (!dr_stage_is_stuck(s, g->group) && g->n_domains && active == g->n_domains &&
        settled == g->n_vms && read && !templates_left && hooks)
        dr_arena_push(s->a, s->out->done, s->out->n_done) = g->group;
}

void
dr_stage_expand(struct dr_arena *a, const struct dr_model *m, const struct dr_inventory *now,
                const struct dr_stage_group *groups, size_t n_groups,
                const struct dr_stage_progress *progress, struct dr_stage_result *ret)
{
    struct stage s;
    dr_stage_begin(&s, a, m, now, progress, ret);

    struct dr_stage_group *mine = dr_arena_alloc(a, n_groups ? n_groups : 1, sizeof(*mine));
    for (size_t i = 0; i < n_groups; i++) {
        dr_map_copy(a, &dr_stage_group_type, &groups[i], &mine[i]);
        if (!mine[i].give_back)
            learn(&s, &mine[i]);
        tell_found(&s, &groups[i], &mine[i]);
    }
    dr_stage_without_elsewhere(&s, mine, n_groups);
    /* The group with the most important VM first; groups keep their order otherwise. */
    for (size_t i = 1; i < n_groups; i++)
        for (size_t j = i;
             j > 0 && mine[j].n_vms &&
             (!mine[j - 1].n_vms || dr_stage_vm_before(&mine[j].vms[0], &mine[j - 1].vms[0]));
             j--) {
            struct dr_stage_group t = mine[j];
            mine[j] = mine[j - 1];
            mine[j - 1] = t;
        }
    dr_stage_find_foremost(&s, mine, n_groups);
    const size_t *active = dr_stage_domains_forward(&s, mine, n_groups);
    for (size_t i = 0; i < n_groups; i++)
        group_forward(&s, mine, n_groups, i, active[i]);
}
