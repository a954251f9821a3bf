/*
 * What a drill brings has the identities of what is in production: it is told from that by its LUNs
 * and its names, and nothing of it runs before it was seen to be on no network but its own.
 */
#include "plan/stage_internal.h"

#include "model/words.h"

#include <string.h>

const char *
dr_stage_as(const struct stage *s, const struct dr_stage_group *g, const char *name)
{
    return g->drill.prefix && name ? dr_arena_printf(s->a, "%s%s", g->drill.prefix, name) : NULL;
}

/* ---- networks -------------------------------------------------------------------------------- */

static void
from_there(struct stage *s, const struct dr_stage_group *g, struct dr_stage_action *x,
           const char *network, const char *profile)
{
    for (size_t i = 0; i < x->n_vnics; i++)
        if (dr_streq(x->vnics[i].from_network, network) &&
            dr_streq(x->vnics[i].from_profile, profile))
            return;
    if (network && profile)
        dr_arena_push(s->a, x->vnics, x->n_vnics) =
            (struct dr_vnic_map){.from_site = g->from,
                                 .from_network = network,
                                 .from_profile = profile,
                                 .to_site = g->to,
                                 .to_network = g->drill.network,
                                 .to_profile = g->drill.profile};
}

/*
 * A NIC that no mapping speaks of goes to the profile of the same names, where the engine has one:
 * into production. So every profile there is has its mapping, and those that a promote knows.
 */
void
dr_stage_isolate(struct stage *s, const struct dr_stage_group *g, struct dr_stage_action *x)
{
    x->vnics = NULL;
    x->n_vnics = 0;
    for (size_t i = 0; i < s->now->n_profiles; i++)
        from_there(s, g, x, s->now->profiles[i].network, s->now->profiles[i].name);
    for (size_t i = 0; i < s->m->mapping.n_vnics; i++) {
        const struct dr_vnic_map *v = &s->m->mapping.vnics[i];
        bool back = dr_streq(v->to_site, g->from);
        from_there(s, g, x, back ? v->to_network : v->from_network,
                   back ? v->to_profile : v->from_profile);
    }
    x->reassign_bad_macs = true;
}

static bool
is_isolated(const struct stage *s, const struct dr_stage_group *g, const char *profile)
{
    if (!profile[0]) /* on no network */
        return true;
    for (size_t i = 0; g->drill.network && i < s->now->n_profiles; i++)
        if (dr_streq(s->now->profiles[i].id, profile))
            return dr_streq(s->now->profiles[i].network, g->drill.network) &&
                   dr_streq(s->now->profiles[i].name, g->drill.profile);
    return false;
}

static const char *
profile_name(const struct stage *s, const char *profile)
{
    for (size_t i = 0; i < s->now->n_profiles; i++)
        if (dr_streq(s->now->profiles[i].id, profile))
            return dr_arena_printf(s->a, "%s (network %s)", s->now->profiles[i].name,
                                   s->now->profiles[i].network ? s->now->profiles[i].network : "?");
    return profile;
}

/* ---- identities ------------------------------------------------------------------------------ */

const char *
dr_stage_foreign_domain(const struct stage *s, const struct dr_stage_group *g,
                        const struct dr_inv_domain *d)
{
    bool known = false;
    for (size_t i = 0; i < g->n_luns; i++)
        for (size_t k = 0; k < d->n_wwids; k++) {
            known |= g->luns[i].wwid != NULL;
            if (g->luns[i].wwid && dr_streq(g->luns[i].wwid, d->wwids[k]))
                return NULL;
        }
    /* What a promote brings may be named by its id alone; a drill must know. */
    if (!known && !g->drill.prefix)
        return NULL;
    return dr_arena_printf(s->a, "storage domain %s is at %s already, %s",
                           d->name ? d->name : d->id, g->to,
                           known ? "on other LUNs than those of this group"
                                 : "and it is not told whether on those of the clone");
}

const char *
dr_stage_not_apart(const struct stage *s, const struct dr_stage_group *g,
                   const struct dr_inv_vm *have)
{
    const char *name = have->name ? have->name : have->id;
    if (!g->drill.prefix)
        return NULL;
    if (strncmp(name, g->drill.prefix, strlen(g->drill.prefix)) != 0)
        return dr_arena_printf(s->a,
                               "a VM of its identity is at %s already, under the name %s: this is "
                               "not the drill's",
                               g->to, name);
    if (!have->parts_read)
        return "the engine does not tell which networks it is on";
    for (size_t i = 0; i < have->n_profiles; i++)
        if (!is_isolated(s, g, have->profiles[i]))
            return dr_arena_printf(s->a,
                                   "a NIC of it is on vNIC profile %s, which is not the drill's",
                                   profile_name(s, have->profiles[i]));
    if (have->n_luns)
        return dr_arena_printf(s->a, "LUN %s is a disk of it, of which a drill has no clone",
                               have->luns[0]);
    return NULL;
}
