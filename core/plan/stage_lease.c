/*
 * The leases of a site that is lost. Whoever attaches a domain takes the place of its host number
 * in it: 20 s where nobody seems to hold that, 160 s where a host of the lost site did and cannot
 * have let go, one domain after the other. Attaching is done by the SPM, so another SPM helps.
 */
#include "plan/stage_internal.h"

#include <stdlib.h>

static bool
in_dc(const struct stage *s, const struct dr_inv_host *h, const struct dr_inv_dc *dc)
{
    for (size_t k = 0; k < s->now->n_clusters; k++)
        if (dr_streq(s->now->clusters[k].id, h->cluster))
            return dr_streq(s->now->clusters[k].dc, dc->id);
    return false;
}

/* Does a lost host seem to hold the number of H in D? */
static bool
held(const struct dr_stage_group *g, const struct dr_stage_domain *d, const struct dr_inv_host *h)
{
    for (size_t i = 0; i < g->n_holders; i++)
        if (g->holders[i].number == h->spm_id && !dr_streq(g->holders[i].id, h->id) &&
            (!d->dc || !g->holders[i].dc || dr_streq(d->dc, g->holders[i].dc)))
            return true;
    return false;
}

static const struct dr_inv_host *
free_host(const struct stage *s, const struct dr_stage_group *g, const struct dr_stage_domain *d,
          const struct dr_inv_dc *dc)
{
    const struct dr_inv_host *best = NULL;
    for (size_t i = 0; i < s->now->n_hosts; i++) {
        const struct dr_inv_host *h = &s->now->hosts[i];
        bool may = dr_streq(h->status, "up") && h->spm_id > 0 && h->spm_priority >= 0;
        if (may && in_dc(s, h, dc) && !held(g, d, h) &&
            (!best || h->spm_priority > best->spm_priority))
            best = h;
    }
    return best;
}

/*
 * Nothing is being attached. True when D should wait, for another SPM. That none can be had is no
 * reason not to attach: it only takes longer.
 */
bool
dr_stage_spm_first(struct stage *s, const struct dr_stage_group *g, const struct dr_stage_domain *d,
                   const struct dr_inv_dc *dc)
{
    const struct dr_inv_host *spm = NULL, *better = NULL;
    for (size_t i = 0; i < s->now->n_hosts && !spm; i++)
        if (s->now->hosts[i].spm && in_dc(s, &s->now->hosts[i], dc))
            spm = &s->now->hosts[i];
    if (spm && dr_streq(dc->status, "up") && held(g, d, spm))
        better = free_host(s, g, d, dc);
    if (!better)
        return false;
    const char *key = dr_stage_key_of(s, DR_STAGE_SELECT_SPM, better->id);
    const struct dr_stage_try *tried = dr_stage_tried(s, key);
    enum turn t = dr_stage_turn_of(s, key, TRIES_SPM, NULL);
    bool refused = tried && !tried->in_flight && tried->attempts >= TRIES_SPM;
    if (t == TURN_NEVER || refused) /* however that is called: it is not waited for */
        return false;
    if (t == TURN_LATER)
        return true;
    struct dr_stage_action *x = dr_stage_act(s, DR_STAGE_SELECT_SPM, g->group, key);
    x->id = better->id;
    x->host = better->name;
    x->dc = dc->id;
    x->text = dr_arena_printf(
        s->a,
        "make host %s (number %lld) the SPM of %s: number %lld, of %s, may be "
        "held by a lost host",
        better->name, (long long)better->spm_id, dc->name, (long long)spm->spm_id, spm->name);
    return true;
}

/* ---- which domain first ---------------------------------------------------------------------- */

struct place {
    const struct dr_stage_domain *domain;
    const struct dr_stage_vm *best; /* NULL: nothing on it is started */
    size_t group, n;
    bool slow;
};

/*
 * Domains of the most important VMs first. Among equals one that was a master comes last: nobody
 * takes over its own lease in less than 140 s unless its holder is proven dead before.
 */
static int
sooner(const void *x, const void *y)
{
    const struct place *a = x, *b = y;
    if (!a->best != !b->best)
        return a->best ? -1 : 1;
    if (a->best && dr_stage_vm_matters_more(a->best, b->best))
        return -1;
    if (a->best && dr_stage_vm_matters_more(b->best, a->best))
        return 1;
    if (a->slow != b->slow)
        return a->slow ? 1 : -1;
    if (a->best && dr_stage_vm_before(a->best, b->best))
        return -1;
    if (a->best && dr_stage_vm_before(b->best, a->best))
        return 1;
    return a->n < b->n ? -1 : a->n > b->n;
}

static size_t
places(struct stage *s, const struct dr_stage_group *groups, size_t n_groups, struct place **ret)
{
    struct place *list = NULL;
    size_t n = 0;
    for (size_t g = 0; g < n_groups; g++) {
        struct dr_index ids = {0};
        for (size_t i = 0; !groups[g].give_back && i < groups[g].n_domains; i++) {
            const struct dr_stage_domain *d = &groups[g].domains[i];
            (void)dr_index_put(s->a, &ids, d->id, n);
            bool slow = d->master && groups[g].n_holders;
            dr_arena_push(s->a, list, n) =
                (struct place){.domain = d, .group = g, .n = n, .slow = slow};
        }
        for (size_t v = 0; v < groups[g].n_vms; v++) /* the most important one first */
            for (size_t i = 0; groups[g].vms[v].start && i < groups[g].vms[v].n_domains; i++) {
                size_t at = dr_index_at(&ids, groups[g].vms[v].domains[i]);
                if (at != DR_INDEX_NONE && !list[at].best)
                    list[at].best = &groups[g].vms[v];
            }
    }
    if (n)
        qsort(list, n, sizeof(*list), sooner);
    *ret = list;
    return n;
}

size_t *
dr_stage_domains_forward(struct stage *s, const struct dr_stage_group *groups, size_t n_groups)
{
    size_t *active = dr_arena_alloc(s->a, n_groups ? n_groups : 1, sizeof(*active));
    struct place *list;
    size_t n = places(s, groups, n_groups, &list);
    for (size_t i = 0; i < n; i++)
        active[list[i].group] += dr_stage_domain_forward(s, &groups[list[i].group], list[i].domain);
    return active;
}
