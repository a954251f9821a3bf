#include "ready/propose.h"

#include "plan/guard.h"

#include "base/str.h"

struct propose {
    struct dr_arena *a;
    const struct dr_model *m;
    const struct dr_facts *facts;
    const struct dr_found_array *arrays;
    size_t n;
    struct dr_proposal *ret;
};

static void
gap(struct propose *x, const char *text)
{
    dr_arena_push(x->a, x->ret->gaps, x->ret->n_gaps) = text;
}

/* ---- which view here is which there ---------------------------------------------------------- */

/* How many volumes of V replicate with volumes of W. */
static size_t
pairs_of(const struct dr_copy_view *v, const struct dr_copy_view *w)
{
    size_t n = 0;
    for (size_t i = 0; i < v->n_members; i++)
        for (size_t k = 0; k < w->n_members; k++)
            if ((v->members[i].pair && dr_streq(v->members[i].pair, w->members[k].id)) ||
                (w->members[k].pair && dr_streq(w->members[k].pair, v->members[i].id))) {
                n++;
                break;
            }
    return n;
}

static bool
taken(const struct propose *x, const struct dr_copy_view *v)
{
    for (size_t i = 0; i < x->ret->n_groups; i++)
        for (size_t k = 0; k < 2; k++)
            if (x->ret->groups[i].copies[k].view == v)
                return true;
    return false;
}

static const struct dr_inventory *
engine_of(const struct propose *x, const struct dr_site *site)
{
    const struct dr_engine_facts *e = dr_facts_engine(x->facts, site->name);
    return e && e->fresh ? &e->inventory : NULL;
}

static bool
on_view(const struct dr_inv_domain *d, const struct dr_copy_view *v, bool all)
{
    size_t n = 0;
    for (size_t i = 0; i < d->n_wwids; i++)
        for (size_t k = 0; k < v->n_members; k++)
            if (dr_streq(v->members[k].wwid, d->wwids[i])) {
                n++;
                break;
            }
    return n && (!all || n == d->n_wwids);
}

/* ---- one group ------------------------------------------------------------------------------- */

static void
note(struct propose *x, struct dr_proposed_group *g, const char *text)
{
    dr_arena_push(x->a, g->notes, g->n_notes) = text;
}

/* After the one storage domain on it, else after the array's name of it; fit for a key. */
static const char *
name_for(struct propose *x, const struct dr_proposed_copy *c)
{
    const struct dr_inventory *v = engine_of(x, c->array->site);
    const char *name = NULL;
    size_t n = 0;
    for (size_t i = 0; v && i < v->n_domains; i++)
        if (on_view(&v->domains[i], c->view, false) && !n++)
            name = v->domains[i].name;
    char *s = dr_arena_str(x->a, n == 1 && name ? name : c->view->id);
    for (char *ch = s; *ch; ch++)
        if (!((*ch >= 'a' && *ch <= 'z') || (*ch >= 'A' && *ch <= 'Z') ||
              (*ch >= '0' && *ch <= '9') || (ch > s && (*ch == '-' || *ch == '_'))))
            *ch = ch > s ? '-' : 'g';
    for (size_t i = 0; i < x->ret->n_groups; i++)
        if (dr_streq(x->ret->groups[i].name, s))
            return dr_arena_printf(x->a, "%s-%zu", s, x->ret->n_groups + 1);
    return s;
}

static void
look_at_mode(struct propose *x, struct dr_proposed_group *g)
{
    const struct dr_copy_view *from = g->copies[0].view, *to = g->copies[1].view;
    bool both = from->access == DRSTOR_ACCESS_READ_WRITE && to->access == from->access;
    g->topology = from->relation == DRSTOR_RELATION_MUTUAL || both ? DR_TOPOLOGY_ACTIVE_ACTIVE
                                                                   : DR_TOPOLOGY_ACTIVE_PASSIVE;
    g->mode = to->sync == DRSTOR_SYNC_IN_SYNC || g->topology == DR_TOPOLOGY_ACTIVE_ACTIVE
                  ? DR_MODE_SYNC
                  : DR_MODE_ASYNC;
    if (to->sync != DRSTOR_SYNC_IN_SYNC && to->sync != DRSTOR_SYNC_LAGGING)
        note(x, g, "it does not follow just now: see whether it is sync or async");
    if (g->mode == DR_MODE_ASYNC)
        note(x, g, "say with rpo: how far behind it may be");
    if (both && from->relation != DRSTOR_RELATION_MUTUAL)
        note(x, g, "both copies are writable: see at the arrays whether they are one volume");
}

static void
look_at_members(struct propose *x, struct dr_proposed_group *g)
{
    const struct dr_proposed_copy *c = &g->copies[0];
    size_t paired = pairs_of(c->view, g->copies[1].view);
    const struct dr_inventory *v = engine_of(x, c->array->site);
    if (paired < c->view->n_members)
        note(x, g,
             dr_arena_printf(x->a, "%zu of %zu volumes have no copy", c->view->n_members - paired,
                             c->view->n_members));
    for (size_t i = 0; v && i < v->n_domains; i++)
        if (on_view(&v->domains[i], c->view, false) && !on_view(&v->domains[i], c->view, true))
            note(x, g,
                 dr_arena_printf(x->a, "storage domain %s is also on LUNs outside of it",
                                 v->domains[i].name));
}

static void
add_group(struct propose *x, const struct dr_proposed_copy *p, const struct dr_proposed_copy *q)
{
    bool turned =
        q->view->access == DRSTOR_ACCESS_READ_WRITE && p->view->access != DRSTOR_ACCESS_READ_WRITE;
    struct dr_proposed_group g = {.copies = {turned ? *q : *p, turned ? *p : *q}};
    g.name = name_for(x, &g.copies[0]);
    look_at_mode(x, &g);
    look_at_members(x, &g);
    dr_arena_push(x->a, x->ret->groups, x->ret->n_groups) = g;
}

static void
find_pairs(struct propose *x)
{
    for (size_t i = 0; i < x->n; i++)
        for (size_t v = 0; v < x->arrays[i].n_views; v++) {
            const struct dr_proposed_copy p = {x->arrays[i].array, &x->arrays[i].views[v]};
            struct dr_proposed_copy best = {NULL, NULL};
            size_t most = 0;
            for (size_t k = i + 1; k < x->n && !taken(x, p.view); k++)
                for (size_t w = 0; w < x->arrays[k].n_views; w++) {
                    const struct dr_proposed_copy q = {x->arrays[k].array, &x->arrays[k].views[w]};
                    size_t n = pairs_of(p.view, q.view);
                    if (n > most && q.array->site != p.array->site && !taken(x, q.view)) {
                        most = n;
                        best = q;
                    }
                }
            if (most)
                add_group(x, &p, &best);
        }
    for (size_t i = 0; i < x->n; i++)
        for (size_t v = 0; v < x->arrays[i].n_views; v++)
            if (!taken(x, &x->arrays[i].views[v]))
                gap(x, dr_arena_printf(x->a, "%s on array %s replicates with nothing of the others",
                                       x->arrays[i].views[v].id, x->arrays[i].array->name));
}

/* ---- closure: VMs over domains over LUNs ----------------------------------------------------- */

/* The group that DOMAIN of SITE is on; NULL: none. */
static const struct dr_proposed_group *
group_of(const struct propose *x, const struct dr_site *site, const struct dr_inv_domain *d)
{
    for (size_t i = 0; d && i < x->ret->n_groups; i++) {
        const struct dr_proposed_group *g = &x->ret->groups[i];
        for (size_t k = 0; k < 2; k++)
            if (g->copies[k].array->site == site && on_view(d, g->copies[k].view, false))
                return g;
    }
    return NULL;
}

static void
look_at_vm(struct propose *x, const struct dr_site *site, const struct dr_inventory *v,
           const struct dr_inv_vm *vm)
{
    const struct dr_proposed_group *first = NULL;
    for (size_t i = 0; i < vm->n_domains; i++) {
        const struct dr_inv_domain *d = dr_inventory_domain(v, vm->domains[i]);
        const struct dr_proposed_group *g = group_of(x, site, d);
        if (!first)
            first = g;
        else if (g && g != first)
            gap(x, dr_arena_printf(x->a,
                                   "VM %s has disks on %s and %s: make one group of them at the "
                                   "arrays, or move a disk",
                                   vm->name, first->name, g->name));
    }
    for (size_t i = 0; i < vm->n_domains && first; i++) {
        const struct dr_inv_domain *d = dr_inventory_domain(v, vm->domains[i]);
        if (!group_of(x, site, d))
            gap(x,
                dr_arena_printf(x->a, "VM %s of %s has a disk on %s too, which is not replicated",
                                vm->name, first->name, d && d->name ? d->name : vm->domains[i]));
    }
}

void
dr_propose_groups(struct dr_arena *a, const struct dr_model *m, const struct dr_facts *facts,
                  const struct dr_found_array *arrays, size_t n, struct dr_proposal *ret)
{
    struct propose x = {.a = a, .m = m, .facts = facts, .arrays = arrays, .n = n, .ret = ret};
    *ret = (struct dr_proposal){0};
    find_pairs(&x);
    for (size_t i = 0; i < m->n_sites; i++) {
        const struct dr_inventory *v = m->sites[i].engine ? engine_of(&x, &m->sites[i]) : NULL;
        for (size_t k = 0; v && k < v->n_domains; k++) {
            const struct dr_inv_domain *d = &v->domains[k];
            if (d->dc && dr_streq(d->type, "data") && !group_of(&x, &m->sites[i], d))
                gap(&x, dr_arena_printf(a,
                                        "storage domain %s of %s is not replicated by these "
                                        "arrays",
                                        d->name, m->sites[i].name));
        }
        for (size_t k = 0; v && k < v->n_vms; k++)
            look_at_vm(&x, &m->sites[i], v, &v->vms[k]);
    }
}
