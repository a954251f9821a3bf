/* What groups share: room and host numbers at the sites they would go to, and who makes room. */
#include "ready/check.h"

#include "plan/preempt.h"
#include "ready/mapping.h"

#include "base/str.h"
#include "base/timetext.h"

/* ---- room ------------------------------------------------------------------------------------ */

static const struct dr_inventory *
fresh(const struct dr_checks *c, const struct dr_site *site)
{
    const struct dr_engine_facts *e = dr_facts_engine(c->in->facts, site->name);
    return e && e->fresh ? &e->inventory : NULL;
}

/* The VMs of all groups that would go from X to Y together. */
static size_t
vms_between(struct dr_checks *c, const struct dr_site *x, const struct dr_site *y,
            const struct dr_inv_vm ***ret)
{
    const struct dr_inv_vm **list = NULL;
    size_t n = 0;
    for (size_t g = 0; g < c->in->model->n_groups; g++)
        for (size_t k = 0; k < c->in->model->groups[g].n_copies; k++) {
            struct dr_check_move m;
            if (!dr_check_move_of(c, &c->in->model->groups[g], k, &m) || m.here->site != x ||
                m.there->site != y)
                continue;
            for (size_t i = 0; i < m.n_vms; i++) {
                bool known = false;
                for (size_t j = 0; j < n; j++)
                    known |= list[j] == m.vms[i];
                if (!known)
                    dr_arena_push(c->a, list, n) = m.vms[i];
            }
        }
    *ret = list;
    return n;
}

static void
check_room(struct dr_checks *c, const struct dr_site *x, const struct dr_site *y)
{
    const struct dr_inv_vm **vms;
    struct dr_room room;
    size_t n_vms = vms_between(c, x, y, &vms);
    dr_room_for(c->a, c->in->model, c->in->facts, x->name, y->name, fresh(c, y), vms, n_vms, &room);
    for (size_t i = 0; i < room.n_clusters; i++) {
        const struct dr_capacity *p = &room.clusters[i];
        const char *where = dr_arena_printf(c->a, "cluster %s at %s", p->cluster, y->name);
        bool known = p->need >= 0 && p->room >= 0;
        (void)dr_check_add(
            c, "C10", dr_check_yes_if(known, p->need <= p->room),
            dr_arena_printf(c->a, "%s has memory for the VMs of %s", where, x->name),
            known
                ? dr_arena_printf(c->a, "%zu VMs need %s, and %s is left on %zu hosts%s", p->n_vms,
                                  dr_bytes_text(c->a, p->need), dr_bytes_text(c->a, p->room),
                                  p->n_hosts_up, p->freed ? " with what is shut down for them" : "")
                : "the engine does not tell the memory of its hosts or VMs",
            "add hosts or memory there, or name VMs that may be shut down (preempt)");
        if (p->biggest >= 0 && p->roomiest >= 0)
            (void)dr_check_add(c, "C11", dr_check_yes_if(true, p->biggest <= p->roomiest),
                               dr_arena_printf(c->a, "a host of %s can take the largest VM", where),
                               dr_arena_printf(c->a, "VM %s needs %s, the roomiest host has %s",
                                               p->biggest_vm, dr_bytes_text(c->a, p->biggest),
                                               dr_bytes_text(c->a, p->roomiest)),
                               "make room on one host there, or make the VM smaller");
    }
}

/* ---- the mapping ----------------------------------------------------------------------------- */

static void
check_mapping(struct dr_checks *c, const struct dr_site *x, const struct dr_site *y)
{
    const struct dr_map_case what = {.model = c->in->model,
                                     .facts = c->in->facts,
                                     .from = x->name,
                                     .to = y->name,
                                     .here = fresh(c, x),
                                     .there = fresh(c, y)};
    struct dr_finding *list = NULL;
    size_t n = what.here && what.there ? dr_map_check(c->a, &what, &list) : 0, wrong = 0;
    const char *first = NULL;
    for (size_t i = 0; i < n; i++) /* room is a check of its own */
        if (!list[i].advice && !dr_streq(list[i].id, "M20") && !dr_streq(list[i].id, "M21") &&
            !wrong++)
            first = list[i].text;
    if (what.here && what.there)
        (void)dr_check_add(
            c, "C14", dr_check_yes_if(true, !wrong),
            dr_arena_printf(c->a, "the mapping fits the engines of %s and %s", x->name, y->name),
            wrong > 1 ? dr_arena_printf(c->a, "%s, and %zu more", first, wrong - 1)
            : wrong   ? first
                      : "nothing is missing",
            "drstor rhv map check");
}

/* ---- host numbers ---------------------------------------------------------------------------- */

static const struct dr_inv_host *
with_number(const struct dr_inventory *v, int64_t number)
{
    for (size_t i = 0; i < v->n_hosts; i++)
        if (number > 0 && v->hosts[i].spm_id == number)
            return &v->hosts[i];
    return NULL;
}

static bool
tells_numbers(const struct dr_inventory *v)
{
    for (size_t i = 0; i < v->n_hosts; i++)
        if (v->hosts[i].spm_id > 0)
            return true;
    return false;
}

/* The first host of B whose number is one of A's, too; and one that could be the SPM instead. */
static const struct dr_inv_host *
collision(const struct dr_inventory *a, const struct dr_inventory *b,
          const struct dr_inv_host **ret_free)
{
    const struct dr_inv_host *first = NULL;
    *ret_free = NULL;
    for (size_t i = 0; i < b->n_hosts; i++) {
        const struct dr_inv_host *h = &b->hosts[i];
        bool same = with_number(a, h->spm_id);
        if (same && !first)
            first = h;
        if (!same && h->spm_id > 0 && h->spm_priority >= 0 && dr_streq(h->status, "up"))
            *ret_free = h;
    }
    return first;
}

/*
 * A host that takes a number another host held when its site went down waits 160 s for each storage
 * domain; a free number takes 20 s (oVirt's leases).
 */
static void
check_numbers(struct dr_checks *c, const struct dr_site *x, const struct dr_site *y)
{
    const struct dr_inventory *a = fresh(c, x), *b = fresh(c, y);
    const struct dr_inv_host *spare = NULL, *hy = a && b ? collision(a, b, &spare) : NULL;
    const struct dr_inv_host *hx = hy ? with_number(a, hy->spm_id) : NULL;
    if (!a || !b)
        return;
    bool told = tells_numbers(a) && tells_numbers(b);
    dr_check_add(
        c, "C12", dr_check_yes_if(hx || told, !hx),
        dr_arena_printf(c->a, "hosts of %s and %s have different numbers", x->name, y->name),
        hx     ? dr_arena_printf(c->a, "%s at %s and %s at %s both have number %lld%s%s", hx->name,
                                 x->name, hy->name, y->name, (long long)hx->spm_id,
                             spare ? "; free of that is " : "", spare ? spare->name : "")
        : told ? "no number is used at both"
               : "the engines do not tell the numbers of their hosts",
        "attaching a storage domain of a lost site takes 160 s instead of 20 s where numbers are "
        "the same: add the hosts there again while placeholders hold the low numbers")
        ->advice = true;
}

/* ---- who makes room -------------------------------------------------------------------------- */

static void
check_preempt(struct dr_checks *c)
{
    for (size_t i = 0; i < c->in->model->n_preempt; i++) {
        const struct dr_preempt *p = &c->in->model->preempt[i];
        const struct dr_inventory *v = fresh(c, p->site);
        for (size_t k = 0; v && k < p->n_vms; k++) {
            size_t n = 0;
            for (size_t j = 0; j < v->n_vms; j++)
                n += v->vms[j].name && dr_glob(p->vms[k], v->vms[j].name);
            dr_check_add(c, "C13", dr_check_yes_if(true, n > 0),
                         dr_arena_printf(c->a, "\"%s\" of preempt names VMs of %s", p->vms[k],
                                         p->site->name),
                         dr_arena_printf(c->a, "%zu VMs", n),
                         dr_arena_printf(c->a, "correct the pattern, or take it out (%s:%u)",
                                         p->place.file, p->place.line))
                ->advice = true;
        }
    }
}

/* Does any group that was asked for go from X to Y? */
static bool
used(struct dr_checks *c, const struct dr_site *x, const struct dr_site *y)
{
    for (size_t g = 0; g < c->in->model->n_groups; g++) {
        const struct dr_group *group = &c->in->model->groups[g];
        bool wanted = !c->in->groups;
        for (size_t i = 0; i < c->in->n_groups; i++)
            wanted |= dr_streq(c->in->groups[i], group->name);
        for (size_t k = 0; wanted && k < group->n_copies; k++) {
            struct dr_check_move m;
            if (dr_check_move_of(c, group, k, &m) && m.here->site == x && m.there->site == y)
                return true;
        }
    }
    return false;
}

void
dr_check_places(struct dr_checks *c)
{
    const struct dr_model *m = c->in->model;
    for (size_t i = 0; i < m->n_sites; i++)
        for (size_t k = 0; k < m->n_sites; k++) {
            const struct dr_site *x = &m->sites[i], *y = &m->sites[k];
            if (i == k || !x->engine || x->engine == y->engine || !y->engine || !used(c, x, y))
                continue;
            check_room(c, x, y);
            check_numbers(c, x, y);
            check_mapping(c, x, y);
        }
    check_preempt(c);
}
