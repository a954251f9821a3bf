/* A group's VMs: whole, described, not twice there, with networks and leases. */
#include "ready/check.h"

#include "plan/drill.h"

#include "base/str.h"
#include "base/timetext.h"

static bool
of_group(const struct dr_check_move *m, const char *domain)
{
    for (size_t i = 0; i < m->n_domains; i++)
        if (dr_streq(m->domains[i]->id, domain))
            return true;
    return false;
}

/* The other group that DOMAIN belongs to; NULL: it is not replicated. */
static const struct dr_group *
group_of_domain(struct dr_checks *c, const struct dr_check_move *m, const char *domain)
{
    const struct dr_model *model = c->in->model;
    for (size_t g = 0; g < model->n_groups; g++) {
        const struct dr_inv_domain **list;
        size_t n = dr_group_domains(
            c->a, &model->groups[g],
            dr_facts_copy(c->in->facts, model->groups[g].name, m->here->site->name), m->here_engine,
            &list);
        for (size_t i = 0; i < n; i++)
            if (dr_streq(list[i]->id, domain))
                return &model->groups[g];
    }
    return NULL;
}

static const char *
domain_name(const struct dr_check_move *m, const char *id)
{
    const struct dr_inv_domain *d = dr_inventory_domain(m->here_engine, id);
    return d && d->name ? d->name : id;
}

/* ---- domains and disks ----------------------------------------------------------------------- */

/* A domain on several LUNs is whole only where all of them belong to the group. */
static void
check_domains(struct dr_checks *c, const struct dr_check_move *m)
{
    const char *bad = NULL;
    for (size_t i = 0; i < m->n_domains && !bad && m->here_facts; i++)
        for (size_t k = 0; k < m->domains[i]->n_wwids && !bad; k++) {
            bool found = false;
            for (size_t j = 0; j < m->here_facts->view.n_members; j++)
                found |= dr_streq(m->here_facts->view.members[j].wwid, m->domains[i]->wwids[k]);
            if (!found)
                bad = dr_arena_printf(c->a, "LUN %s of storage domain %s is not in the group",
                                      m->domains[i]->wwids[k], m->domains[i]->name);
        }
    (void)dr_check_add(
        c, "C30", dr_check_yes_if(true, m->n_domains && !bad),
        "the group holds whole storage domains",
        bad ? bad
        : m->n_domains
            ? dr_arena_printf(c->a, "%zu", m->n_domains)
            : dr_arena_printf(c->a, "the engine of %s has none on its LUNs", m->here->site->name),
        m->n_domains ? "bring that LUN into the group at both arrays"
                     : "correct the ids of the copies, or take the group out");
}

static void
check_closure(struct dr_checks *c, const struct dr_check_move *m)
{
    const char *split = NULL, *outside = NULL;
    for (size_t i = 0; i < m->n_vms; i++)
        for (size_t k = 0; k < m->vms[i]->n_domains; k++) {
            const char *domain = m->vms[i]->domains[k];
            if (of_group(m, domain))
                continue;
            const struct dr_group *other = group_of_domain(c, m, domain);
            if (other && !split)
                split = dr_arena_printf(c->a, "VM %s has a disk on %s of group %s too",
                                        m->vms[i]->name, domain_name(m, domain), other->name);
            else if (!other && !outside)
                outside = dr_arena_printf(c->a, "VM %s has a disk on %s, which no group holds",
                                          m->vms[i]->name, domain_name(m, domain));
        }
    const char *all = dr_arena_printf(c->a, "%zu VMs", m->n_vms);
    (void)dr_check_add(c, "C31", dr_check_yes_if(true, !split), "no VM has disks in two groups",
                       split ? split : all,
                       "move the disk, or make one group of both: their copies are of different "
                       "moments");
    (void)dr_check_add(c, "C32", dr_check_yes_if(true, !outside),
                       "no VM has a disk that is not replicated", outside ? outside : all,
                       "move the disk to a storage domain of the group, or replicate that one too");
}

static void
check_leases(struct dr_checks *c, const struct dr_check_move *m)
{
    const char *away = NULL, *none = NULL;
    for (size_t i = 0; i < m->n_vms; i++) {
        const struct dr_inv_vm *vm = m->vms[i];
        if (vm->lease && !of_group(m, vm->lease) && !away)
            away = dr_arena_printf(c->a, "the lease of VM %s is on %s", vm->name,
                                   domain_name(m, vm->lease));
        if (vm->ha && !vm->lease && !none)
            none = dr_arena_printf(c->a, "VM %s is highly available and has none", vm->name);
    }
    (void)dr_check_add(c, "C33", dr_check_yes_if(true, !away),
                       "leases of VMs are on the group's storage domains",
                       away ? away : "none is elsewhere",
                       "move the lease to a storage domain of the group: the VM cannot start "
                       "without it");
    dr_check_add(c, "C34", dr_check_yes_if(true, !none),
                 "VMs that are highly available have a lease", none ? none : "all of them",
                 "give it a lease: without one, a host that only cannot be seen may run it still")
        ->advice = true;
}

/* ---- what the domains say of their VMs ------------------------------------------------------- */

static void
check_ovf(struct dr_checks *c, const struct dr_check_move *m)
{
    const struct dr_inventory *v = m->here_engine;
    int64_t interval = v->ovf_interval_s >= 0 ? v->ovf_interval_s : 3600;
    const char *old = NULL, *unknown = NULL;
    for (size_t i = 0; i < m->n_domains; i++) {
        const struct dr_inv_domain *d = m->domains[i];
        if (d->ovf_written < 0 || v->clock < 0)
            unknown = unknown ? unknown
                              : dr_arena_printf(c->a, "the engine tells no write to %s", d->name);
        else if (v->clock - d->ovf_written > 2 * interval && !old)
            old = dr_arena_printf(c->a, "%s was last written %s ago", d->name,
                                  dr_duration_text(c->a, v->clock - d->ovf_written));
    }
    struct dr_check *x = dr_check_add(
        c, "C35", dr_check_yes_if(old || !unknown, !old),
        "the storage domains know their VMs as they are",
        old       ? old
        : unknown ? unknown
                  : dr_arena_printf(c->a, "written every %s", dr_duration_text(c->a, interval)),
        "have their configurations (OVF_STORE) written: Update OVFs at the engine; VMs made since "
        "would not be known at the other site");
    x->advice = x->ok == DRSTOR_TRI_UNKNOWN; /* engines do not keep events for ever */
}

/* ---- the other engine ------------------------------------------------------------------------ */

static void
check_twice(struct dr_checks *c, const struct dr_check_move *m)
{
    const char *same = NULL;
    for (size_t i = 0; i < m->n_vms && !same; i++)
        for (size_t k = 0; k < m->there_engine->n_vms && !same; k++) {
            const struct dr_inv_vm *x = m->vms[i], *y = &m->there_engine->vms[k];
            if (m->record && /* a promote removes it by itself */
                dr_drill_has_vm(&m->record->record.drill, m->there_engine, y))
                continue;
            if (dr_streq(x->id, y->id))
                same = dr_arena_printf(c->a, "VM %s is registered at %s already", x->name,
                                       m->there->site->name);
            else if (dr_streq(x->name, y->name))
                same = dr_arena_printf(c->a, "%s has another VM that is called %s",
                                       m->there->site->name, x->name);
        }
    (void)dr_check_add(
        c, "C36", dr_check_yes_if(true, !same),
        dr_arena_printf(c->a, "no VM would be there twice at %s", m->there->site->name),
        same ? same : dr_arena_printf(c->a, "%zu VMs", m->n_vms),
        "remove what a move left behind there, or rename one of them");
}

static void
check_hosts(struct dr_checks *c, const struct dr_check_move *m)
{
    const struct dr_inventory *v = m->there_engine;
    const struct dr_mapping *p = &c->in->model->mapping;
    for (size_t i = 0; i < m->n_domains; i++) {
        const struct dr_inv_dc *from = dr_inventory_dc(m->here_engine, m->domains[i]->dc);
        const char *want =
            from ? dr_mapping_name(p->data_centers, p->n_data_centers, m->here->site->name,
                                   from->name, m->there->site->name)
                 : NULL;
        const struct dr_inv_dc *dc = NULL;
        size_t up = 0;
        bool seen = false;
        for (size_t k = 0; k < v->n_dcs; k++)
            if (dr_streq(v->dcs[k].name, want) || (v->n_dcs == 1 && !dc))
                dc = &v->dcs[k];
        for (size_t k = 0; k < v->n_hosts; k++)
            for (size_t j = 0; dc && j < v->n_clusters; j++)
                up += dr_streq(v->clusters[j].id, v->hosts[k].cluster) &&
                      dr_streq(v->clusters[j].dc, dc->id) && dr_streq(v->hosts[k].status, "up");
        for (size_t k = 0; k < i; k++)
            seen |= dr_streq(m->domains[k]->dc, m->domains[i]->dc);
        if (!seen)
            (void)dr_check_add(
                c, "C37", dr_check_yes_if(true, up > 0),
                dr_arena_printf(c->a, "a host is up at %s for storage domain %s",
                                m->there->site->name, m->domains[i]->name),
                dc ? dr_arena_printf(c->a, "%zu hosts are up in data center %s", up, dc->name)
                   : dr_arena_printf(c->a, "data center %s has no counterpart",
                                     from && from->name ? from->name : "?"),
                "bring a host of that data center up");
    }
}

void
dr_check_vms(struct dr_checks *c, const struct dr_check_move *m)
{
    if (!m->here_engine)
        return; /* C02 says so */
    check_domains(c, m);
    check_closure(c, m);
    check_leases(c, m);
    check_ovf(c, m);
    if (!m->there_engine || m->there_engine == m->here_engine ||
        m->here->site->engine == m->there->site->engine)
        return;
    check_hosts(c, m);
    check_twice(c, m);
}
