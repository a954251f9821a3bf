#include "ready/mapping.h"

#include "plan/guard.h"
#include "plan/preempt.h"

#include "base/str.h"
#include "base/timetext.h"

struct dr_finding *
dr_map_add_text(struct dr_map *m, const char *id, const struct dr_place *place, const char *remedy,
                const char *text)
{
    struct dr_finding *f = &dr_arena_push(m->a, m->list, m->n);
    *f = (struct dr_finding){.id = id, .text = text, .remedy = remedy};
    if (place)
        f->place = *place;
    return f;
}

const char *
dr_map_word(const struct dr_map *m, bool target)
{
    const struct dr_site *primary = m->c->model->mapping.primary.site;
    bool reversed = primary && dr_streq(primary->name, m->c->to);
    return target == reversed ? "primary" : "secondary";
}

bool
dr_map_sites(const struct dr_model *m, const char **ret_from, const char **ret_to)
{
    const struct dr_site *site[2] = {m->mapping.primary.site, m->mapping.secondary.site};
    for (size_t i = 0; !m->mapping.primary.site && i < m->n_sites; i++)
        if (m->sites[i].engine && !site[0])
            site[0] = &m->sites[i];
        else if (m->sites[i].engine && !site[1] && m->sites[i].engine != site[0]->engine)
            site[1] = &m->sites[i];
    if (!site[0] || !site[1] || !site[0]->engine || !site[1]->engine)
        return false;
    *ret_from = site[0]->name;
    *ret_to = site[1]->name;
    return true;
}

/* ---- what would move ------------------------------------------------------------------------- */

static bool
listed(const struct dr_map *m, const struct dr_inv_domain *d)
{
    for (size_t i = 0; i < m->n_domains; i++)
        if (m->domains[i] == d)
            return true;
    return false;
}

static bool
named_by_mapping(const struct dr_mapping *p, const struct dr_inv_domain *d)
{
    for (size_t i = 0; i < p->n_storages; i++)
        if (p->storages[i].id ? dr_streq(p->storages[i].id, d->id)
                              : dr_streq(p->storages[i].from.name, d->name))
            return true;
    return false;
}

/* The domains of the groups and of the mapping; where neither names one, all that hold data. */
static void
find_moving(struct dr_map *m)
{
    const struct dr_model *model = m->c->model;
    const struct dr_inventory *v = m->c->here;
    for (size_t g = 0; g < model->n_groups; g++) {
        const struct dr_inv_domain **of;
        size_t n =
            dr_group_domains(m->a, &model->groups[g],
                             dr_facts_copy(m->c->facts, model->groups[g].name, m->c->from), v, &of);
        for (size_t i = 0; i < n; i++)
            if (!listed(m, of[i]))
                dr_arena_push(m->a, m->domains, m->n_domains) = of[i];
    }
    for (size_t i = 0; i < v->n_domains; i++)
        if (named_by_mapping(&m->p, &v->domains[i]) && !listed(m, &v->domains[i]))
            dr_arena_push(m->a, m->domains, m->n_domains) = &v->domains[i];
    bool all = m->n_domains == 0;
    for (size_t i = 0; all && i < v->n_domains; i++)
        if (v->domains[i].dc && dr_streq(v->domains[i].type, "data"))
            dr_arena_push(m->a, m->domains, m->n_domains) = &v->domains[i];
    for (size_t i = 0; i < v->n_vms; i++)
        if (dr_vm_of_group(v, &v->vms[i], m->domains, m->n_domains))
            dr_arena_push(m->a, m->vms, m->n_vms) = &v->vms[i];
}

/* ---- what is no single entry's --------------------------------------------------------------- */

static void
check_settings(struct dr_map *m)
{
    const struct dr_mapping *p = &m->c->model->mapping;
    const struct dr_mapping_side *side[] = {&p->primary, &p->secondary};
    if (p->partial_import)
        dr_map_add(m, "M22", NULL, "leave dr_partial_import out, or set it to false",
                   "dr_partial_import is on: a VM that lacks a disk is registered without it")
            ->advice = true;
    for (size_t i = 0; i < DR_COUNT(side); i++) {
        bool known = !side[i]->url || !side[i]->site;
        for (size_t k = 0; !known && k < side[i]->site->engine->at.n_urls; k++)
            known = dr_streq(dr_url_plain(m->a, side[i]->url),
                             dr_url_plain(m->a, side[i]->site->engine->at.urls[k]));
        if (!known)
            dr_map_add(m, "M24", NULL,
                       "correct it, or leave it out; drstor talks to the engines of its sites",
                       "dr_sites_%s_url is %s, which is not the engine of site %s",
                       i ? "secondary" : "primary", side[i]->url, side[i]->site->name)
                ->advice = true;
    }
}

static void
check_capacity(struct dr_map *m)
{
    struct dr_room room;
    dr_room_for(m->a, m->c->model, NULL, m->c->from, m->c->to, m->c->there, m->vms, m->n_vms,
                &room);
    for (size_t i = 0; i < room.n_clusters; i++) {
        const struct dr_capacity *c = &room.clusters[i];
        if (c->need >= 0 && c->room >= 0 && c->need > c->room)
            dr_map_add(m, "M20", NULL,
                       "add hosts or memory there, or name VMs that may be shut down (preempt)",
                       "%zu VMs need %s in cluster %s at %s, where %s is left on %zu hosts",
                       c->n_vms, dr_bytes_text(m->a, c->need), c->cluster, m->c->to,
                       dr_bytes_text(m->a, c->room), c->n_hosts_up);
        else if (c->biggest >= 0 && c->roomiest >= 0 && c->biggest > c->roomiest)
            dr_map_add(m, "M21", NULL, "make room on one host there, or make the VM smaller",
                       "VM %s needs %s, and no host of cluster %s at %s has more than %s left",
                       c->biggest_vm, dr_bytes_text(m->a, c->biggest), c->cluster, m->c->to,
                       dr_bytes_text(m->a, c->roomiest));
    }
}

size_t
dr_map_check(struct dr_arena *a, const struct dr_map_case *c, struct dr_finding **ret)
{
    struct dr_map m = {.c = c, .a = a};
    dr_mapping_direct(a, &c->model->mapping, c->from, c->to, &m.p);
    find_moving(&m);
    check_settings(&m);
    dr_map_storages(&m);
    dr_map_names(&m);
    dr_map_networks(&m);
    dr_map_luns(&m);
    check_capacity(&m);
    *ret = m.list;
    return m.n;
}
