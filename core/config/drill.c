/* How drills are kept apart: names, and a network that nothing else is on. */
#include "config/parts.h"

#include "base/str.h"
#include "model/words.h"

#include <string.h>

enum { PREFIX_MOST = 32 };

static const struct dr_conf_key drill_keys[] = {
    DR_CONF_ROW("network", struct dr_quarantine, network, DR_CONF_TEXT),
    DR_CONF_ROW("profile", struct dr_quarantine, profile, DR_CONF_TEXT),
    DR_CONF_ROW("prefix", struct dr_quarantine, prefix, DR_CONF_TEXT),
};

DR_CONF_TABLE(dr_conf_drill_table, "rhv.drill.SITE", drill_keys);

/* What an engine takes in a name of a VM and of a storage domain. */
static bool
can_begin_a_name(const char *prefix)
{
    static const char taken[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    size_t n = strlen(prefix);
    return n <= PREFIX_MOST && prefix[0] != '-' && prefix[0] != '_' && strspn(prefix, taken) == n;
}

/* The VM that a promote brings to NETWORK of SITE, and the one of a drill, would be neighbours. */
static bool
is_production(const struct dr_model *m, const char *site, const char *network)
{
    for (size_t i = 0; i < m->mapping.n_vnics; i++) {
        const struct dr_vnic_map *v = &m->mapping.vnics[i];
        if ((dr_streq(v->to_site, site) && dr_streq(v->to_network, network)) ||
            (dr_streq(v->from_site, site) && dr_streq(v->from_network, network)))
            return true;
    }
    return false;
}

static void
drill_read(struct dr_conf *c, const struct dr_yaml_pair *p, struct dr_drill_place *place)
{
    const char *what = dr_arena_printf(c->arena, "\"drill\" of site %s", dr_conf_word(c, p->key));
    struct dr_quarantine *q = &place->how;
    *q = *dr_model_quarantine(c->model, NULL);
    dr_conf_read(c, &dr_conf_drill_table, p->value, what, q);
    if (!can_begin_a_name(q->prefix))
        dr_conf_problem(c, dr_yaml_get(p->value, "prefix"), "as in prefix: \"drill-\"",
                        "\"prefix\" of %s must begin with a letter or digit, go on with those, - "
                        "or _, and be at most %d long, not %s",
                        what, PREFIX_MOST, dr_conf_word(c, q->prefix));
    if (q->profile && !q->network)
        dr_conf_problem(c, p->value, "name the network as well",
                        "%s names a profile without its network", what);
    if (q->network && !q->profile)
        q->profile = q->network; /* as engines name the first profile of a network */
    if (q->network && place->site && is_production(c->model, place->site->name, q->network))
        dr_conf_problem(c, dr_yaml_get(p->value, "network"),
                        "use one that nothing else is on, or none",
                        "%s names network %s, which the mapping gives to VMs that are promoted",
                        what, dr_conf_word(c, q->network));
}

void
dr_conf_drills(struct dr_conf *c, const struct dr_yaml *node)
{
    if (!dr_conf_is_map(c, node, "\"drill\" of rhv"))
        return;
    struct dr_drill_place *list = dr_arena_alloc(c->arena, node->n_pairs, sizeof(*list));
    size_t n = 0;
    for (size_t i = 0; i < node->n_pairs; i++) {
        const struct dr_yaml_pair *p = &node->pairs[i];
        list[n].site = dr_conf_site_named(c, &p->place, p->key);
        list[n].place = p->place;
        drill_read(c, p, &list[n]);
        n += list[n].site != NULL;
    }
    c->model->drills = list;
    c->model->n_drills = n;
}
