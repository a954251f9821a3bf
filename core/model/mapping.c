/* The mapping seen in one direction: a failback reads it the other way round. */
#include "model/model.h"

#include "base/str.h"

/* Does an entry from site X to site Y speak of a move FROM, TO? REVERSED: read backwards. */
static bool
speaks(const char *x, const char *y, const char *from, const char *to, bool *ret_reversed)
{
    *ret_reversed = dr_streq(y, from) && dr_streq(x, to);
    return *ret_reversed || (dr_streq(x, from) && dr_streq(y, to));
}

static void
direct_pairs(struct dr_arena *a, const struct dr_pair_map *maps, size_t n, const char *from,
             const char *to, struct dr_pair_map **ret, size_t *ret_n)
{
    for (size_t i = 0; i < n; i++) {
        const struct dr_pair_map *m = &maps[i];
        bool reversed;
        if (speaks(m->from_site, m->to_site, from, to, &reversed))
            dr_arena_push(a, *ret, *ret_n) =
                (struct dr_pair_map){.from_site = from,
                                     .from = reversed ? m->to : m->from,
                                     .to_site = to,
                                     .to = reversed ? m->from : m->to,
                                     .place = m->place};
    }
}

void
dr_mapping_direct(struct dr_arena *a, const struct dr_mapping *m, const char *from, const char *to,
                  struct dr_registration *ret)
{
    *ret = (struct dr_registration){0};
    direct_pairs(a, m->affinity_groups, m->n_affinity_groups, from, to, &ret->affinity_groups,
                 &ret->n_affinity_groups);
    direct_pairs(a, m->affinity_labels, m->n_affinity_labels, from, to, &ret->affinity_labels,
                 &ret->n_affinity_labels);
    direct_pairs(a, m->domains, m->n_domains, from, to, &ret->domains, &ret->n_domains);
    direct_pairs(a, m->roles, m->n_roles, from, to, &ret->roles, &ret->n_roles);
    bool reversed;
    if (!m->primary.site ||
        !speaks(m->primary.site->name, m->secondary.site->name, from, to, &reversed))
        return;
    for (size_t i = 0; i < m->n_luns; i++)
        dr_arena_push(a, ret->luns, ret->n_luns) =
            reversed ? (struct dr_lun_pair){&m->luns[i].to, &m->luns[i].from}
                     : (struct dr_lun_pair){&m->luns[i].from, &m->luns[i].to};
}

const char *
dr_mapping_name(const struct dr_pair_map *maps, size_t n, const char *from, const char *name,
                const char *to)
{
    for (size_t i = 0; i < n; i++) {
        bool reversed;
        if (!speaks(maps[i].from_site, maps[i].to_site, from, to, &reversed))
            continue;
        if (dr_streq(reversed ? maps[i].to : maps[i].from, name))
            return reversed ? maps[i].from : maps[i].to;
    }
    return name; /* same names map to same names */
}
