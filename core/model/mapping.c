/* The mapping seen in one direction: a failback reads it the other way round. */
#include "model/model.h"

#include "base/str.h"

#include <string.h>

static void
turn_pairs(struct dr_arena *a, const struct dr_pair_map **maps, size_t n)
{
    struct dr_pair_map *list = dr_arena_alloc(a, n + 1, sizeof(*list));
    for (size_t i = 0; i < n; i++) {
        const struct dr_pair_map *m = &(*maps)[i];
        list[i] = (struct dr_pair_map){m->to_site, m->to, m->from_site, m->from, m->place};
    }
    *maps = list;
}

static void
turn_vnics(struct dr_arena *a, struct dr_mapping *m)
{
    struct dr_vnic_map *list = dr_arena_alloc(a, m->n_vnics + 1, sizeof(*list));
    for (size_t i = 0; i < m->n_vnics; i++) {
        const struct dr_vnic_map *v = &m->vnics[i];
        list[i] = (struct dr_vnic_map){.from_site = v->to_site,
                                       .from_network = v->to_network,
                                       .from_profile = v->to_profile,
                                       .from_profile_id = v->to_profile_id,
                                       .from_data_center = v->to_data_center,
                                       .to_site = v->from_site,
                                       .to_network = v->from_network,
                                       .to_profile = v->from_profile,
                                       .to_profile_id = v->from_profile_id,
                                       .to_data_center = v->from_data_center,
                                       .place = v->place};
    }
    m->vnics = list;
}

static void
turn_storage(struct dr_arena *a, struct dr_mapping *m)
{
    struct dr_lun_map *luns = dr_arena_alloc(a, m->n_luns + 1, sizeof(*luns));
    struct dr_import_storage *storages = dr_arena_alloc(a, m->n_storages + 1, sizeof(*storages));
    for (size_t i = 0; i < m->n_luns; i++) {
        luns[i] = m->luns[i];
        luns[i].from = m->luns[i].to;
        luns[i].to = m->luns[i].from;
    }
    for (size_t i = 0; i < m->n_storages; i++) {
        storages[i] = m->storages[i];
        storages[i].from = m->storages[i].to;
        storages[i].to = m->storages[i].from;
    }
    m->luns = luns;
    m->storages = storages;
}

void
dr_mapping_direct(struct dr_arena *a, const struct dr_mapping *m, const char *from, const char *to,
                  struct dr_mapping *ret)
{
    const char *primary = m->primary.site ? m->primary.site->name : NULL;
    const char *secondary = m->secondary.site ? m->secondary.site->name : NULL;
    if (!dr_streq(primary, from) || !dr_streq(secondary, to))
        *ret = (struct dr_mapping){.partial_import = m->partial_import,
                                   .reassign_bad_macs = m->reassign_bad_macs};
    else
        *ret = *m;
    if (!dr_streq(primary, to) || !dr_streq(secondary, from))
        return;
    *ret = *m;
    ret->primary = m->secondary;
    ret->secondary = m->primary;
    turn_pairs(a, &ret->clusters, ret->n_clusters);
    turn_pairs(a, &ret->data_centers, ret->n_data_centers);
    turn_pairs(a, &ret->affinity_groups, ret->n_affinity_groups);
    turn_pairs(a, &ret->affinity_labels, ret->n_affinity_labels);
    turn_pairs(a, &ret->domains, ret->n_domains);
    turn_pairs(a, &ret->roles, ret->n_roles);
    turn_vnics(a, ret);
    turn_storage(a, ret);
}

const char *
dr_mapping_name(const struct dr_pair_map *maps, size_t n, const char *from, const char *name,
                const char *to)
{
    for (size_t i = 0; i < n; i++) {
        const struct dr_pair_map *m = &maps[i];
        if (dr_streq(m->from_site, from) && dr_streq(m->from, name) && dr_streq(m->to_site, to))
            return m->to;
        if (dr_streq(m->to_site, from) && dr_streq(m->to, name) && dr_streq(m->from_site, to))
            return m->from;
    }
    return name; /* same names map to same names */
}

const char *
dr_url_plain(struct dr_arena *a, const char *url)
{
    const char *scheme_end = strstr(url, "://");
    char *s = dr_arena_str(a, scheme_end ? scheme_end + 3 : url);
    char *path = s + strcspn(s, "/");
    for (char *h = s; h < path; h++)
        if (*h >= 'A' && *h <= 'Z')
            *h = (char)(*h + ('a' - 'A'));
    size_t n = strlen(path);
    while (n && path[n - 1] == '/')
        path[--n] = '\0';
    if (n >= 4 && dr_streq(path + n - 4, "/api"))
        path[n - 4] = '\0';
    const char *colon = memchr(s, ':', (size_t)(path - s));
    size_t host_n = (size_t)(path - s);
    if (colon && path - colon == 4 && strncmp(colon, ":443", 4) == 0)
        host_n = (size_t)(colon - s);
    return dr_arena_printf(a, "%.*s%s", (int)host_n, s, path);
}
