#include "ready/propose.h"

#include "base/str.h"
#include "model/words.h"

struct propose {
    struct dr_arena *a;
    const struct dr_map_case *c;
    struct dr_mapping known; /* what is mapped already, as this move reads it */
    struct dr_mapping *ret;
    const char **gaps;
    size_t n_gaps;
};

static void
gap(struct propose *x, const char *what, const char *name)
{
    dr_arena_push(x->a, x->gaps, x->n_gaps) =
        dr_arena_printf(x->a, "%s %s has no counterpart at %s", what, name, x->c->to);
}

/* ---- pairs of names -------------------------------------------------------------------------- */

struct pairs {
    struct dr_pair_map *list;
    size_t n;
};

/* FROM as it is mapped, or to the same name when THERE; else a gap. */
static void
pair_add(struct propose *x, struct pairs *to, const struct dr_pair_map *known, size_t n_known,
         const char *from, bool there, const char *what)
{
    struct dr_pair_map m = {.from = from, .to = there ? from : NULL};
    for (size_t i = 0; i < to->n; i++)
        if (dr_streq(to->list[i].from, from))
            return;
    for (size_t i = 0; i < n_known; i++)
        if (dr_streq(known[i].from, from))
            m.to = known[i].to;
    if (!m.to)
        gap(x, what, from);
    dr_arena_push(x->a, to->list, to->n) = m;
}

static bool
named(const struct dr_inv_named *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (dr_streq(list[i].name, name))
            return true;
    return false;
}

static void
propose_clusters(struct propose *x)
{
    struct pairs p = {0};
    const struct dr_inventory *v = x->c->here;
    for (size_t i = 0; i < v->n_clusters; i++)
        pair_add(x, &p, x->known.clusters, x->known.n_clusters, v->clusters[i].name,
                 dr_inventory_cluster(x->c->there, v->clusters[i].name), "cluster");
    x->ret->clusters = p.list;
    x->ret->n_clusters = p.n;
}

static void
propose_affinity(struct propose *x)
{
    struct pairs groups = {0}, labels = {0};
    const struct dr_inventory *v = x->c->here, *there = x->c->there;
    for (size_t i = 0; i < v->n_affinity_groups; i++) {
        bool same = false;
        for (size_t k = 0; k < there->n_affinity_groups; k++)
            same |= dr_streq(there->affinity_groups[k].name, v->affinity_groups[i].name);
        pair_add(x, &groups, x->known.affinity_groups, x->known.n_affinity_groups,
                 v->affinity_groups[i].name, same, "affinity group");
    }
    for (size_t i = 0; i < v->n_labels; i++)
        pair_add(x, &labels, x->known.affinity_labels, x->known.n_affinity_labels,
                 v->labels[i].name, named(there->labels, there->n_labels, v->labels[i].name),
                 "affinity label");
    x->ret->affinity_groups = groups.list;
    x->ret->n_affinity_groups = groups.n;
    x->ret->affinity_labels = labels.list;
    x->ret->n_affinity_labels = labels.n;
}

/* Engines bring dozens of roles along: those that both have need no entry. */
static void
propose_rights(struct propose *x)
{
    struct pairs roles = {0}, domains = {0};
    const struct dr_inventory *v = x->c->here, *there = x->c->there;
    for (size_t i = 0; i < x->known.n_roles; i++)
        dr_arena_push(x->a, roles.list, roles.n) = x->known.roles[i];
    for (size_t i = 0; i < v->n_roles; i++)
        if (!named(there->roles, there->n_roles, v->roles[i].name))
            pair_add(x, &roles, x->known.roles, x->known.n_roles, v->roles[i].name, false, "role");
    for (size_t i = 0; i < v->n_directories; i++)
        pair_add(x, &domains, x->known.domains, x->known.n_domains, v->directories[i].name,
                 named(there->directories, there->n_directories, v->directories[i].name),
                 "user domain");
    x->ret->roles = roles.list;
    x->ret->n_roles = roles.n;
    x->ret->domains = domains.list;
    x->ret->n_domains = domains.n;
}

/* ---- networks -------------------------------------------------------------------------------- */

static const struct dr_inv_profile *
profile_named(const struct dr_inventory *v, const char *network, const char *profile)
{
    for (size_t i = 0; i < v->n_profiles; i++)
        if (dr_streq(v->profiles[i].network, network) && dr_streq(v->profiles[i].name, profile))
            return &v->profiles[i];
    return NULL;
}

static void
propose_networks(struct propose *x)
{
    struct dr_vnic_map *list = NULL;
    size_t n = 0;
    for (size_t i = 0; i < x->c->here->n_profiles; i++) {
        const struct dr_inv_profile *p = &x->c->here->profiles[i];
        const struct dr_vnic_map *known = NULL;
        bool twice = false;
        for (size_t k = 0; k < x->known.n_vnics && !known; k++)
            if (dr_streq(x->known.vnics[k].from_network, p->network) &&
                dr_streq(x->known.vnics[k].from_profile, p->name))
                known = &x->known.vnics[k];
        for (size_t k = 0; k < n; k++) /* of another data center: names are all an entry has */
            twice |= dr_streq(list[k].from_network, p->network) &&
                     dr_streq(list[k].from_profile, p->name);
        if (twice)
            continue;
        const struct dr_inv_profile *to = profile_named(x->c->there, p->network, p->name);
        if (known)
            dr_arena_push(x->a, list, n) = *known;
        else
            dr_arena_push(x->a, list, n) =
                (struct dr_vnic_map){.from_network = p->network,
                                     .from_profile = p->name,
                                     .to_network = to ? to->network : NULL,
                                     .to_profile = to ? to->name : NULL,
                                     .to_profile_id = to ? to->id : NULL};
        if (!known && !to)
            gap(x, "vNIC profile",
                dr_arena_printf(x->a, "%s on network %s", p->name, p->network ? p->network : "?"));
    }
    x->ret->vnics = list;
    x->ret->n_vnics = n;
}

/* ---- storage --------------------------------------------------------------------------------- */

static enum dr_domain_type
type_of(const char *word)
{
    int v = word ? dr_name_value(&dr_domain_type_names, word) : -1;
    return v > 0 ? (enum dr_domain_type)v : DR_DOMAIN_UNKNOWN;
}

static const char *
dc_there(const struct propose *x, const char *from)
{
    const char *to =
        dr_mapping_name(x->known.data_centers, x->known.n_data_centers, x->c->from, from, x->c->to);
    for (size_t i = 0; i < x->c->there->n_dcs; i++)
        if (dr_streq(x->c->there->dcs[i].name, to))
            return to;
    return x->c->there->n_dcs == 1 ? x->c->there->dcs[0].name : NULL;
}

static void
propose_storages(struct propose *x)
{
    struct dr_import_storage *list = NULL;
    size_t n = 0;
    for (size_t i = 0; i < x->c->here->n_domains; i++) {
        const struct dr_inv_domain *d = &x->c->here->domains[i];
        const struct dr_inv_dc *dc = dr_inventory_dc(x->c->here, d->dc);
        const struct dr_import_storage *known = NULL;
        if (!dc || !dr_streq(d->type, "data") || type_of(d->storage) == DR_DOMAIN_UNKNOWN)
            continue;
        for (size_t k = 0; k < x->known.n_storages && !known; k++)
            if (x->known.storages[k].id ? dr_streq(x->known.storages[k].id, d->id)
                                        : dr_streq(x->known.storages[k].from.name, d->name))
                known = &x->known.storages[k];
        struct dr_import_storage *s = &dr_arena_push(x->a, list, n);
        *s = known ? *known
                   : (struct dr_import_storage){.type = type_of(d->storage),
                                                .id = d->id,
                                                .from = {.name = d->name,
                                                         .master = d->master,
                                                         .dc_name = dc->name,
                                                         .address = d->address,
                                                         .port = d->port,
                                                         .targets = d->targets,
                                                         .n_targets = d->n_targets},
                                                .to = {.name = d->name,
                                                       .master = d->master,
                                                       .dc_name = dc_there(x, dc->name),
                                                       .port = d->port}};
        if (!s->to.dc_name)
            gap(x, "data center", dc->name);
        else if (s->type == DR_DOMAIN_ISCSI && (!s->to.address || !s->to.n_targets))
            dr_arena_push(x->a, x->gaps, x->n_gaps) = dr_arena_printf(
                x->a, "the address and targets of storage domain %s at %s are not known here",
                d->name, x->c->to);
        else if (s->type != DR_DOMAIN_FCP && s->type != DR_DOMAIN_ISCSI)
            dr_arena_push(x->a, x->gaps, x->n_gaps) = dr_arena_printf(
                x->a, "storage domain %s is on %s, whose path at %s is not known here", d->name,
                d->storage, x->c->to);
    }
    x->ret->storages = list;
    x->ret->n_storages = n;
}

/* The LUN at the other site: the copy that an array keeps of it, or the same one, seen there. */
static const char *
lun_there(const struct propose *x, const char *wwid)
{
    const struct dr_facts *f = x->c->facts;
    for (size_t i = 0; i < f->n_copies; i++)
        for (size_t k = 0;
             dr_streq(f->copies[i].site, x->c->from) && k < f->copies[i].view.n_members; k++) {
            const struct dr_member *m = &f->copies[i].view.members[k];
            const struct dr_copy_facts *other = dr_facts_copy(f, f->copies[i].group, x->c->to);
            for (size_t j = 0; dr_streq(m->wwid, wwid) && other && j < other->view.n_members; j++)
                if (dr_streq(other->view.members[j].id, m->pair) ||
                    dr_streq(other->view.members[j].pair, m->id))
                    return other->view.members[j].wwid;
        }
    for (size_t i = 0; i < x->c->there->n_hosts; i++)
        for (size_t k = 0; k < x->c->there->hosts[i].n_luns; k++)
            if (dr_streq(x->c->there->hosts[i].luns[k], wwid))
                return wwid;
    return NULL;
}

static void
propose_luns(struct propose *x)
{
    struct dr_lun_map *list = NULL;
    size_t n = 0;
    for (size_t i = 0; i < x->c->here->n_lun_disks; i++) {
        const struct dr_inv_lun_disk *d = &x->c->here->lun_disks[i];
        const struct dr_lun_map *known = NULL;
        enum dr_domain_type type = dr_streq(d->type, "iscsi") ? DR_DOMAIN_ISCSI : DR_DOMAIN_FCP;
        for (size_t k = 0; k < x->known.n_luns && !known; k++)
            if (dr_streq(x->known.luns[k].from.id, d->wwid))
                known = &x->known.luns[k];
        struct dr_lun_map *l = &dr_arena_push(x->a, list, n);
        *l = known ? *known
                   : (struct dr_lun_map){
                         .alias = d->name,
                         .from = {.id = d->wwid, .type = type, .port = 3260},
                         .to = {.id = lun_there(x, d->wwid), .type = type, .port = 3260}};
        if (!l->to.id)
            gap(x, "LUN", d->wwid ? d->wwid : "?");
        else if (type == DR_DOMAIN_ISCSI && !l->to.address)
            dr_arena_push(x->a, x->gaps, x->n_gaps) =
                dr_arena_printf(x->a, "the address and target of LUN %s at %s are not known here",
                                l->to.id, x->c->to);
    }
    x->ret->luns = list;
    x->ret->n_luns = n;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void
propose_side(const struct propose *x, const char *site, struct dr_mapping_side *ret)
{
    const struct dr_site *s = dr_model_site(x->c->model, site);
    ret->site = s;
    ret->url = s->engine->at.n_urls ? s->engine->at.urls[0] : NULL;
    ret->username = s->engine->at.user;
    ret->ca_file = s->engine->at.ca;
}

void
dr_propose_mapping(struct dr_arena *a, const struct dr_map_case *c, struct dr_mapping *ret,
                   const char ***ret_gaps, size_t *ret_n_gaps)
{
    struct propose x = {.a = a, .c = c, .ret = ret};
    *ret = (struct dr_mapping){0};
    dr_mapping_direct(a, &c->model->mapping, c->from, c->to, &x.known);
    propose_side(&x, c->from, &ret->primary);
    propose_side(&x, c->to, &ret->secondary);
    propose_storages(&x);
    propose_clusters(&x);
    propose_networks(&x);
    propose_affinity(&x);
    propose_rights(&x);
    propose_luns(&x);
    *ret_gaps = x.gaps;
    *ret_n_gaps = x.n_gaps;
}
