/* The mapping's storage at both engines: domains, data centers, masters, direct LUNs. */
#include "ready/mapping.h"

#include "base/str.h"
#include "model/words.h"

/* ---- data centers ---------------------------------------------------------------------------- */

static bool
has_dc(const struct dr_inventory *v, const char *name)
{
    for (size_t i = 0; i < v->n_dcs; i++)
        if (dr_streq(v->dcs[i].name, name))
            return true;
    return false;
}

static bool
dc_mapped(const struct dr_mapping *p, const char *from)
{
    for (size_t i = 0; i < p->n_data_centers; i++)
        if (dr_streq(p->data_centers[i].from, from))
            return true;
    return false;
}

static void
check_data_centers(struct dr_map *m)
{
    const struct dr_mapping *p = &m->p;
    for (size_t i = 0; i < p->n_data_centers; i++) {
        const struct dr_pair_map *d = &p->data_centers[i];
        if (!has_dc(m->c->here, d->from))
            (void)dr_map_add(m, "M02", &d->place,
                             dr_arena_printf(m->a, "correct dr_%s_dc_name", dr_map_word(m, false)),
                             "there is no data center %s at %s", d->from, m->c->from);
        if (!has_dc(m->c->there, d->to))
            (void)dr_map_add(
                m, "M02", &d->place,
                dr_arena_printf(
                    m->a, "make it there, with a cluster and a host, or correct dr_%s_dc_name",
                    dr_map_word(m, true)),
                "there is no data center %s at %s", d->to, m->c->to);
    }
    /* Where no entry says so, domains go to the same name, or to the only one there is. */
    for (size_t i = 0; i < m->c->here->n_dcs; i++) {
        const struct dr_inv_dc *dc = &m->c->here->dcs[i];
        const char *domain = NULL;
        for (size_t k = 0; k < m->n_domains && !domain; k++)
            if (dr_streq(m->domains[k]->dc, dc->id))
                domain = m->domains[k]->name;
        if (domain && !dc_mapped(p, dc->name) && !has_dc(m->c->there, dc->name) &&
            m->c->there->n_dcs != 1)
            (void)dr_map_add(m, "M02", NULL,
                             "list the storage domain under dr_import_storages with both names",
                             "data center %s of storage domain %s has no counterpart at %s",
                             dc->name, domain, m->c->to);
    }
}

/* ---- one domain per data center leads -------------------------------------------------------- */

static const struct dr_import_side *
side_of(const struct dr_import_storage *s, bool target)
{
    return target ? &s->to : &s->from;
}

/* Of the entries with the data center of entry AT, on one side: only the first of them speaks. */
static void
check_master(struct dr_map *m, size_t at, bool target)
{
    const struct dr_mapping *p = &m->p;
    const char *dc = side_of(&p->storages[at], target)->dc_name;
    const struct dr_import_storage *masters[2] = {NULL, NULL};
    size_t n = 0;
    for (size_t i = 0; i < p->n_storages; i++) {
        const struct dr_import_side *s = side_of(&p->storages[i], target);
        if (!dr_streq(s->dc_name, dc))
            continue;
        if (i < at)
            return;
        if (s->master && n++ < 2)
            masters[n - 1] = &p->storages[i];
    }
    const char *word = dr_map_word(m, target);
    if (n > 1)
        (void)dr_map_add(m, "M15", &masters[1]->place,
                         dr_arena_printf(m->a, "leave dr_%s_master_domain true in one entry", word),
                         "data center %s at %s has %zu master domains in the mapping, %s and %s",
                         dc, target ? m->c->to : m->c->from, n, side_of(masters[0], target)->name,
                         side_of(masters[1], target)->name);
}

static void
check_real_master(struct dr_map *m, const struct dr_import_storage *s,
                  const struct dr_inv_domain *d)
{
    const struct dr_inventory *v = m->c->here;
    if (!s->from.master || d->master)
        return;
    for (size_t i = 0; i < v->n_domains; i++)
        if (v->domains[i].master && dr_streq(v->domains[i].dc, d->dc)) {
            dr_map_add(m, "M15", &s->place,
                       dr_arena_printf(m->a,
                                       "set dr_%s_master_domain where the engine has its master",
                                       dr_map_word(m, false)),
                       "%s is the master in the mapping, and %s is it at the engine of %s",
                       s->from.name, v->domains[i].name, m->c->from)
                ->advice = true;
            return;
        }
}

/* ---- domains --------------------------------------------------------------------------------- */

static const struct dr_inv_domain *
domain_of(const struct dr_map *m, const struct dr_import_storage *s)
{
    for (size_t i = 0; i < m->c->here->n_domains; i++) {
        const struct dr_inv_domain *d = &m->c->here->domains[i];
        if (s->id ? dr_streq(d->id, s->id) : dr_streq(d->name, s->from.name))
            return d;
    }
    return NULL;
}

static void
check_storage(struct dr_map *m, const struct dr_import_storage *s)
{
    const struct dr_inv_domain *d = domain_of(m, s);
    const char *type = dr_name(&dr_domain_type_names, (int)s->type);
    if (s->type != DR_DOMAIN_FCP && s->type != DR_DOMAIN_ISCSI)
        dr_map_add(m, "M23", &s->place, "attach it by hand, or leave it to ovirt-dr",
                   "%s is on %s: drstor moves storage domains on LUNs", s->from.name, type)
            ->advice = true;
    if (!d) {
        (void)dr_map_add(m, "M13", &s->place, "correct it, or take the entry out",
                         "the engine of %s has no storage domain %s%s%s%s", m->c->from,
                         s->from.name, s->id ? " (" : "", s->id ? s->id : "", s->id ? ")" : "");
        return;
    }
    if (d->name && s->from.name && !dr_streq(d->name, s->from.name))
        dr_map_add(m, "M13", &s->place,
                   dr_arena_printf(m->a, "correct dr_%s_name; the id is what counts",
                                   dr_map_word(m, false)),
                   "storage domain %s is called %s at %s, not %s", s->id, d->name, m->c->from,
                   s->from.name)
            ->advice = true;
    if (d->storage && !dr_streq(d->storage, type))
        (void)dr_map_add(m, "M14", &s->place, "correct dr_domain_type",
                         "storage domain %s is on %s at %s, not on %s", s->from.name, d->storage,
                         m->c->from, type);
    check_real_master(m, s, d);
}

void
dr_map_storages(struct dr_map *m)
{
    const struct dr_mapping *p = &m->p;
    check_data_centers(m);
    for (size_t i = 0; i < p->n_storages; i++) {
        check_storage(m, &p->storages[i]);
        check_master(m, i, false);
        check_master(m, i, true);
    }
    for (size_t i = 0; p->n_storages && i < m->n_domains; i++) {
        bool known = false;
        for (size_t k = 0; k < p->n_storages && !known; k++)
            known = domain_of(m, &p->storages[k]) == m->domains[i];
        if (!known)
            dr_map_add(m, "M16", NULL, "add it, so that both agree on what moves",
                       "storage domain %s is replicated, and not listed under dr_import_storages",
                       m->domains[i]->name)
                ->advice = true;
    }
}

/* ---- direct LUNs ----------------------------------------------------------------------------- */

static bool
in_list(const char *const *list, size_t n, const char *word)
{
    for (size_t i = 0; i < n; i++)
        if (dr_streq(list[i], word))
            return true;
    return false;
}

/* Do hosts of the target see WWID? UNKNOWN: no host told what it sees. */
static enum drstor_tristate
seen_there(const struct dr_map *m, const char *wwid)
{
    enum drstor_tristate seen = DRSTOR_TRI_UNKNOWN;
    for (size_t i = 0; i < m->c->there->n_hosts; i++) {
        const struct dr_inv_host *h = &m->c->there->hosts[i];
        if (h->luns_read && in_list(h->luns, h->n_luns, wwid))
            return DRSTOR_TRI_YES;
        if (h->luns_read)
            seen = DRSTOR_TRI_NO;
    }
    return seen;
}

/* The copy of a group: shown to hosts by its promotion, and not before. */
static bool
shown_later(const struct dr_map *m, const char *wwid)
{
    for (size_t i = 0; i < m->c->facts->n_copies; i++) {
        const struct dr_copy_facts *f = &m->c->facts->copies[i];
        for (size_t k = 0; dr_streq(f->site, m->c->to) && k < f->view.n_members; k++)
            if (dr_streq(f->view.members[k].wwid, wwid))
                return true;
    }
    return false;
}

static const struct dr_lun_map *
lun_mapped(const struct dr_mapping *p, const char *wwid)
{
    for (size_t i = 0; i < p->n_luns; i++)
        if (dr_streq(p->luns[i].from.id, wwid))
            return &p->luns[i];
    return NULL;
}

static void
check_lun_entry(struct dr_map *m, const struct dr_lun_map *l)
{
    const struct dr_inventory *v = m->c->here;
    enum drstor_tristate seen = seen_there(m, l->to.id);
    bool used = !dr_inventory_has(v, "LUN disks");
    for (size_t i = 0; i < v->n_lun_disks && !used; i++)
        used = dr_streq(v->lun_disks[i].wwid, l->from.id);
    for (size_t i = 0; i < v->n_vms && !used; i++)
        used = in_list(v->vms[i].luns, v->vms[i].n_luns, l->from.id);
    if (!used)
        dr_map_add(m, "M19", &l->place,
                   dr_arena_printf(m->a, "correct %s_logical_unit_id, or take the entry out",
                                   dr_map_word(m, false)),
                   "LUN %s is no disk at the engine of %s", l->from.id, m->c->from)
            ->advice = true;
    if (seen == DRSTOR_TRI_NO && !shown_later(m, l->to.id))
        (void)dr_map_add(
            m, "M18", &l->place,
            dr_arena_printf(
                m->a, "show it to the hosts there at the array, or correct %s_logical_unit_id",
                dr_map_word(m, true)),
            "no host at %s sees LUN %s", m->c->to, l->to.id);
    else if (seen == DRSTOR_TRI_UNKNOWN)
        (void)dr_map_add(m, "M26", &l->place, "bring a host up there",
                         "no host at %s tells which LUNs it sees, so LUN %s is not checked",
                         m->c->to, l->to.id);
}

void
dr_map_luns(struct dr_map *m)
{
    const struct dr_mapping *p = &m->p;
    for (size_t i = 0; i < p->n_luns; i++)
        check_lun_entry(m, &p->luns[i]);
    for (size_t i = 0; i < m->n_vms; i++)
        for (size_t k = 0; k < m->vms[i]->n_luns; k++) {
            const char *wwid = m->vms[i]->luns[k];
            if (!lun_mapped(p, wwid) && seen_there(m, wwid) != DRSTOR_TRI_YES)
                (void)dr_map_add(m, "M17", NULL, "map it under dr_lun_mappings",
                                 "VM %s uses LUN %s directly, which is not mapped and which no "
                                 "host at %s sees",
                                 m->vms[i]->name, wwid, m->c->to);
        }
}
