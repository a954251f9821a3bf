/* The mapping's names at both engines: clusters, affinity, roles, directories, networks. */
#include "ready/mapping.h"

#include "base/str.h"

#include <stdlib.h>

/* "VM a", or "VM a and 3 others" */
static const char *
vms_text(struct dr_map *m, const char *first, size_t n)
{
    return n < 2 ? dr_arena_printf(m->a, "VM %s", first)
                 : dr_arena_printf(m->a, "VM %s and %zu other%s", first, n - 1, n > 2 ? "s" : "");
}

/* ---- names that stand in pairs --------------------------------------------------------------- */

static bool
has_cluster(const struct dr_inventory *v, const char *name)
{
    return dr_inventory_cluster(v, name) != NULL;
}

static bool
has_affinity(const struct dr_inventory *v, const char *name)
{
    for (size_t i = 0; i < v->n_affinity_groups; i++)
        if (dr_streq(v->affinity_groups[i].name, name))
            return true;
    return false;
}

static bool
has_named(const struct dr_inv_named *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (dr_streq(list[i].name, name))
            return true;
    return false;
}

static bool
has_label(const struct dr_inventory *v, const char *name)
{
    return has_named(v->labels, v->n_labels, name);
}

static bool
has_role(const struct dr_inventory *v, const char *name)
{
    return has_named(v->roles, v->n_roles, name);
}

static bool
has_directory(const struct dr_inventory *v, const char *name)
{
    return has_named(v->directories, v->n_directories, name);
}

/* A kind of names: what it is called, the list an engine may not give, and the id when it lacks. */
struct name_kind {
    const char *id, *what, *list;
    bool (*has)(const struct dr_inventory *v, const char *name);
};

static void
check_side(struct dr_map *m, const struct name_kind *kind, const struct dr_pair_map *maps, size_t n,
           bool target)
{
    const struct dr_inventory *v = target ? m->c->there : m->c->here;
    const char *site = target ? m->c->to : m->c->from;
    if (n && kind->list && !dr_inventory_has(v, kind->list)) {
        (void)dr_map_add(m, "M26", &maps[0].place,
                         "give drstor's user the right to read them, or take the entries out",
                         "the engine of %s does not show its %s, so their mapping is not checked",
                         site, kind->list);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const char *name = target ? maps[i].to : maps[i].from;
        if (!kind->has(v, name))
            (void)dr_map_add(m, kind->id, &maps[i].place,
                             target ? "make it there, or map to one that exists"
                                    : "correct the name, or take the entry out",
                             "there is no %s %s at %s", kind->what, name, site);
    }
}

static void
check_pairs(struct dr_map *m, const struct name_kind *kind, const struct dr_pair_map *maps,
            size_t n)
{
    check_side(m, kind, maps, n, false);
    check_side(m, kind, maps, n, true);
}

/* ---- clusters that VMs are in ---------------------------------------------------------------- */

/* Negative, 0, positive, as for strings; 0 too when either is not told. */
static long
version_compare(const char *x, const char *y)
{
    while (x && y && *x && *y) {
        char *ex, *ey;
        long nx = strtol(x, &ex, 10), ny = strtol(y, &ey, 10);
        if (ex == x || ey == y || nx != ny)
            return ex == x || ey == y ? 0 : nx - ny;
        x = *ex == '.' ? ex + 1 : ex;
        y = *ey == '.' ? ey + 1 : ey;
    }
    return 0;
}

static const struct dr_place *
place_of(const struct dr_pair_map *maps, size_t n, const char *from)
{
    for (size_t i = 0; i < n; i++)
        if (dr_streq(maps[i].from, from))
            return &maps[i].place;
    return NULL;
}

static void
compare_clusters(struct dr_map *m, const struct dr_place *place, const struct dr_inv_cluster *x,
                 const struct dr_inv_cluster *y)
{
    if (version_compare(y->version, x->version) < 0)
        (void)dr_map_add(m, "M05", place, "raise its compatibility version, or map to another one",
                         "cluster %s at %s has version %s, lower than %s of %s at %s", y->name,
                         m->c->to, y->version, x->version, x->name, m->c->from);
    if (x->cpu && y->cpu && !dr_streq(x->cpu, y->cpu))
        dr_map_add(m, "M06", place,
                   "choose a CPU type for both that the hosts of both have, or see that VMs start",
                   "cluster %s at %s has CPU type %s, and %s at %s has %s", y->name, m->c->to,
                   y->cpu, x->name, m->c->from, x->cpu)
            ->advice = true;
}

static void
check_vm_clusters(struct dr_map *m)
{
    const struct dr_mapping *p = &m->p;
    for (size_t i = 0; i < m->c->here->n_clusters; i++) {
        const struct dr_inv_cluster *x = &m->c->here->clusters[i];
        const char *first = NULL;
        size_t n = 0;
        for (size_t k = 0; k < m->n_vms; k++)
            if (dr_streq(m->vms[k]->cluster, x->name) && !n++)
                first = m->vms[k]->name;
        const struct dr_place *place = place_of(p->clusters, p->n_clusters, x->name);
        const char *to = dr_mapping_name(p->clusters, p->n_clusters, m->c->from, x->name, m->c->to);
        const struct dr_inv_cluster *y = dr_inventory_cluster(m->c->there, to);
        if (n && y)
            compare_clusters(m, place, x, y);
        else if (n && !place)
            (void)dr_map_add(m, "M04", NULL, "map it under dr_cluster_mappings",
                             "cluster %s of %s has no counterpart at %s", x->name,
                             vms_text(m, first, n), m->c->to);
    }
}

/* ---- what VMs would lose quietly ------------------------------------------------------------- */

static void
advise(struct dr_map *m, const char *what, const char *key, const char *name)
{
    dr_map_add(m, "M25", NULL, dr_arena_printf(m->a, "make it there, or map it under %s", key),
               "%s %s has no counterpart at %s: VMs are registered without it", what, name,
               m->c->to)
        ->advice = true;
}

static void
check_affinity(struct dr_map *m)
{
    const struct dr_mapping *p = &m->p;
    const struct dr_inventory *v = m->c->here;
    for (size_t i = 0; i < v->n_affinity_groups; i++) {
        const char *name = v->affinity_groups[i].name;
        if (!place_of(p->affinity_groups, p->n_affinity_groups, name) &&
            dr_inventory_has(m->c->there, "affinity groups") && !has_affinity(m->c->there, name))
            advise(m, "affinity group", "dr_affinity_group_mappings", name);
    }
    for (size_t i = 0; i < v->n_labels; i++) {
        const char *name = v->labels[i].name;
        if (!place_of(p->affinity_labels, p->n_affinity_labels, name) &&
            dr_inventory_has(m->c->there, "affinity labels") && !has_label(m->c->there, name))
            advise(m, "affinity label", "dr_affinity_label_mappings", name);
    }
}

void
dr_map_names(struct dr_map *m)
{
    static const struct name_kind clusters = {"M03", "cluster", NULL, has_cluster},
                                  groups = {"M09", "affinity group", "affinity groups",
                                            has_affinity},
                                  labels = {"M10", "affinity label", "affinity labels", has_label},
                                  roles = {"M11", "role", "roles", has_role},
                                  directories = {"M12", "user domain", "domains", has_directory};
    const struct dr_mapping *p = &m->p;
    check_pairs(m, &clusters, p->clusters, p->n_clusters);
    check_vm_clusters(m);
    check_pairs(m, &groups, p->affinity_groups, p->n_affinity_groups);
    check_pairs(m, &labels, p->affinity_labels, p->n_affinity_labels);
    check_affinity(m);
    check_pairs(m, &roles, p->roles, p->n_roles);
    check_pairs(m, &directories, p->domains, p->n_domains);
}

/* ---- networks -------------------------------------------------------------------------------- */

static const struct dr_inv_profile *
profile_by_id(const struct dr_inventory *v, const char *id)
{
    for (size_t i = 0; id && i < v->n_profiles; i++)
        if (dr_streq(v->profiles[i].id, id))
            return &v->profiles[i];
    return NULL;
}

static const struct dr_inv_profile *
profile_named(const struct dr_inventory *v, const char *network, const char *profile)
{
    for (size_t i = 0; profile && i < v->n_profiles; i++)
        if (dr_streq(v->profiles[i].name, profile) && dr_streq(v->profiles[i].network, network))
            return &v->profiles[i];
    return NULL;
}

static bool
network_there(const struct dr_inventory *v, const char *name, const char *dc)
{
    for (size_t i = 0; i < v->n_networks; i++) {
        const struct dr_inv_dc *of = dr_inventory_dc(v, v->networks[i].dc);
        if (dr_streq(v->networks[i].name, name) && (!dc || !of || dr_streq(of->name, dc)))
            return true;
    }
    return false;
}

/* One side of one entry. */
static void
check_profile(struct dr_map *m, const struct dr_place *place, bool target, const char *network,
              const char *profile, const char *id, const char *dc)
{
    const struct dr_inventory *v = target ? m->c->there : m->c->here;
    const char *site = target ? m->c->to : m->c->from;
    const struct dr_inv_profile *by_id = profile_by_id(v, id);
    if (!network_there(v, network, dc))
        (void)dr_map_add(m, "M07", place, "correct the name, or make the network there",
                         "there is no network %s at %s%s%s", network, site,
                         dc ? ", data center " : "", dc ? dc : "");
    else if (id && !by_id)
        (void)dr_map_add(m, "M07", place, "correct the id, or give the profile's name instead",
                         "there is no vNIC profile %s at %s", id, site);
    else if (by_id &&
             (!dr_streq(by_id->network, network) || (profile && !dr_streq(by_id->name, profile))))
        (void)dr_map_add(m, "M07", place, "make id and names those of one profile",
                         "vNIC profile %s at %s is %s on network %s, not %s on %s", id, site,
                         by_id->name, by_id->network, profile ? profile : "one", network);
    else if (!id && profile && !profile_named(v, network, profile))
        (void)dr_map_add(m, "M07", place, "correct the name, or make the profile there",
                         "network %s at %s has no vNIC profile %s", network, site, profile);
    else if (!id && !profile)
        (void)dr_map_add(m, "M07", place,
                         dr_arena_printf(m->a, "give %s_profile_name", dr_map_word(m, target)),
                         "the entry names network %s at %s, and no vNIC profile: %s", network, site,
                         target ? "NICs would be on no network" : "it speaks of no NIC");
}

static const struct dr_vnic_map *
vnic_for(const struct dr_mapping *p, const struct dr_inv_profile *of)
{
    for (size_t i = 0; i < p->n_vnics; i++)
        if (dr_streq(p->vnics[i].from_network, of->network) &&
            dr_streq(p->vnics[i].from_profile, of->name))
            return &p->vnics[i];
    return NULL;
}

/* Every profile that VMs use goes somewhere: by an entry, or to the same names. */
static void
check_used(struct dr_map *m, const struct dr_inv_profile *of)
{
    const char *first = NULL;
    size_t n = 0;
    for (size_t i = 0; i < m->n_vms; i++)
        for (size_t k = 0; k < m->vms[i]->n_profiles; k++)
            if (dr_streq(m->vms[i]->profiles[k], of->id)) {
                first = n++ ? first : m->vms[i]->name;
                break;
            }
    if (n && !vnic_for(&m->p, of) && !profile_named(m->c->there, of->network, of->name))
        (void)dr_map_add(m, "M08", NULL, "map it under dr_network_mappings",
                         "vNIC profile %s on network %s of %s has no counterpart at %s: they would "
                         "be on no network",
                         of->name, of->network ? of->network : "?", vms_text(m, first, n),
                         m->c->to);
}

void
dr_map_networks(struct dr_map *m)
{
    const struct dr_mapping *p = &m->p;
    for (size_t i = 0; i < p->n_vnics; i++) {
        const struct dr_vnic_map *v = &p->vnics[i];
        check_profile(m, &v->place, false, v->from_network, v->from_profile, v->from_profile_id,
                      v->from_data_center);
        check_profile(m, &v->place, true, v->to_network, v->to_profile, v->to_profile_id,
                      v->to_data_center);
    }
    size_t blind = 0;
    for (size_t i = 0; i < m->n_vms; i++)
        blind += !m->vms[i]->parts_read;
    if (blind)
        (void)dr_map_add(m, "M26", NULL, "see that the engine is 4.2 or newer",
                         "the engine of %s does not tell NICs and disks of %zu VMs: their networks "
                         "and LUNs are not checked",
                         m->c->from, blind);
    for (size_t i = 0; i < m->c->here->n_profiles; i++)
        check_used(m, &m->c->here->profiles[i]);
}
