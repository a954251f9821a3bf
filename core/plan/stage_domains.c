/* Data centre, host, cluster; and one storage domain a step forward. */
#include "plan/stage_internal.h"

#include "plan/guard.h"

#include "model/words.h"

static const struct dr_inv_dc *
dc_for(const struct stage *s, const struct dr_stage_group *g, const struct dr_stage_domain *d)
{
    const char *want = d->dc ? dr_stage_mapped(s->m->mapping.data_centers,
                                               s->m->mapping.n_data_centers, g->from, d->dc, g->to)
                             : NULL;
    for (size_t i = 0; want && i < s->now->n_dcs; i++)
        if (dr_streq(s->now->dcs[i].name, want))
            return &s->now->dcs[i];
    return s->now->n_dcs == 1 ? &s->now->dcs[0] : NULL;
}

const struct dr_inv_host *
dr_stage_host_in(const struct stage *s, const struct dr_inv_dc *dc)
{
    for (size_t i = 0; i < s->now->n_hosts; i++) {
        if (!dr_streq(s->now->hosts[i].status, "up"))
            continue;
        for (size_t k = 0; k < s->now->n_clusters; k++)
            if (dr_streq(s->now->clusters[k].id, s->now->hosts[i].cluster) &&
                dr_streq(s->now->clusters[k].dc, dc->id))
                return &s->now->hosts[i];
    }
    return NULL;
}

const struct dr_inv_cluster *
dr_stage_cluster_for(const struct stage *s, const struct dr_stage_group *g, const char *from_name)
{
    const char *want = from_name ? dr_stage_mapped(s->m->mapping.clusters, s->m->mapping.n_clusters,
                                                   g->from, from_name, g->to)
                                 : NULL;
    for (size_t i = 0; want && i < s->now->n_clusters; i++)
        if (dr_streq(s->now->clusters[i].name, want))
            return &s->now->clusters[i];
    return NULL;
}

/* ---- domains --------------------------------------------------------------------------------- */

/* Logs in where the LUNs are iSCSI. True when nothing is left to log in to. */
bool
dr_stage_logged_in(struct stage *s, const struct dr_stage_group *g, const struct dr_inv_host *host)
{
    bool ready = true;
    for (size_t i = 0; i < g->n_luns; i++) {
        const struct dr_stage_lun *l = &g->luns[i];
        if (!dr_streq(l->protocol, "iscsi") || !l->target)
            continue;
        const char *key =
            dr_stage_key_of(s, DR_STAGE_LOGIN,
                            dr_arena_printf(s->a, "%s %s on %s", l->portal ? l->portal : "",
                                            l->target, host->name));
        const struct dr_stage_try *t = dr_stage_tried(s, key);
        if (t && t->attempts && !t->trouble && !t->in_flight)
            continue;
        ready = false;
        const char *why = NULL;
        enum turn turn = dr_stage_turn_of(s, key, TRIES_DOMAIN, &why);
        if (turn == TURN_NEVER)
            dr_stage_stuck(
                s, g->group,
                why ? why
                    : dr_arena_printf(s->a, "host %s cannot log in to %s", host->name, l->target));
        if (turn != TURN_NOW)
            continue;
        struct dr_stage_action *x = dr_stage_act(s, DR_STAGE_LOGIN, g->group, key);
        x->host = host->name;
        x->id = host->id;
        x->portal = l->portal;
        x->target = l->target;
        x->text = dr_arena_printf(s->a, "log host %s in to %s at %s", host->name, l->target,
                                  l->portal ? l->portal : "its portal");
    }
    return ready;
}

static bool
one_domain_call(struct stage *s, enum dr_stage_kind kind, const struct dr_stage_group *g,
                const struct dr_stage_domain *d, const struct dr_inv_dc *dc,
                const struct dr_inv_host *host, const char *verb)
{
    const char *key = dr_stage_key_of(s, kind, d->id), *why = NULL;
    switch (dr_stage_turn_of(s, key, TRIES_DOMAIN, &why)) {
    case TURN_NEVER:
        dr_stage_stuck(s, g->group,
                       why ? why
                           : dr_arena_printf(s->a, "cannot %s storage domain %s: it has no effect",
                                             verb, d->name ? d->name : d->id));
        return false;
    case TURN_LATER:
        return false;
    case TURN_NOW:
        break;
    }
    struct dr_stage_action *x = dr_stage_act(s, kind, g->group, key);
    x->id = d->id;
    x->name = d->name;
    if (kind == DR_STAGE_IMPORT)
        x->as = dr_stage_as(s, g, d->name ? d->name : d->id);
    x->dc = dc->id;
    x->host = host ? host->name : NULL;
    x->protocol = g->n_luns && g->luns[0].protocol ? g->luns[0].protocol : "fcp";
    if (g->n_luns) {
        x->portal = g->luns[0].portal;
        x->target = g->luns[0].target;
    }
    x->text = dr_arena_printf(s->a, "%s storage domain %s%s%s", verb, d->name ? d->name : d->id,
                              kind == DR_STAGE_ATTACH ? " to "
                              : x->as                 ? " as "
                                                      : "",
                              kind == DR_STAGE_ATTACH ? dc->name
                              : x->as                 ? x->as
                                                      : "");
    return true;
}

/* How many attaches to DC are under way, as the engine shows it and as we know it. */
static size_t
attaching(const struct stage *s, const struct dr_inv_dc *dc)
{
    size_t n = 0;
    for (size_t i = 0; i < s->now->n_domains; i++) {
        const char *key = dr_arena_printf(s->a, "attach %s", s->now->domains[i].id);
        const struct dr_stage_try *t = dr_stage_tried(s, key);
        bool locked = dr_streq(s->now->domains[i].dc, dc->id) &&
                      (s->now->domains[i].status == DR_SD_LOCKED ||
                       s->now->domains[i].status == DR_SD_ACTIVATING);
        bool elsewhere = s->now->domains[i].dc && !dr_streq(s->now->domains[i].dc, dc->id);
        n += (t && t->in_flight && !elsewhere) || locked;
    }
    for (size_t i = 0; i < s->out->n_actions; i++)
        n += s->out->actions[i].kind == DR_STAGE_ATTACH && dr_streq(s->out->actions[i].dc, dc->id);
    return n;
}

/* One step further for one domain. True when it is active. */
bool
dr_stage_domain_forward(struct stage *s, const struct dr_stage_group *g,
                        const struct dr_stage_domain *d)
{
    const struct dr_inv_domain *have = dr_stage_domain_now(s, d->id);
    const char *foreign = have ? dr_stage_foreign_domain(s, g, have) : NULL;
    if (foreign) {
        dr_stage_stuck(s, g->group, foreign);
        return false;
    }
    if (have && have->status == DR_SD_ACTIVE)
        return true;
    if (!s->domains_told) /* what the next one waits for may have come to nothing */
        return false;
    const struct dr_inv_dc *dc = dc_for(s, g, d);
    const struct dr_inv_host *host = dc ? dr_stage_host_in(s, dc) : NULL;
    if (!dc || !host) {
        dr_stage_stuck(s, g->group,
                       dc ? dr_arena_printf(s->a, "no host is up in data centre %s", dc->name)
                          : dr_arena_printf(
                                s->a,
                                "no data centre is known for storage domain %s; map data centre %s",
                                d->name ? d->name : d->id, d->dc ? d->dc : "?"));
        return false;
    }
    if (!have) {
        /* An import scans every LUN of its host: one at a time on it. */
        if (dr_stage_logged_in(s, g, host) && dr_stage_in_flight(s, DR_STAGE_IMPORT) == 0) {
            for (size_t i = 0; i < s->out->n_actions; i++)
                if (s->out->actions[i].kind == DR_STAGE_IMPORT)
                    return false;
            (void)one_domain_call(s, DR_STAGE_IMPORT, g, d, dc, host, "import");
        }
        return false;
    }
    switch (have->status) {
    case DR_SD_UNATTACHED: {
        /* One after the other, as the SPM does it: the next one would get between an attach and the
         * activation that ends it. */
        if (attaching(s, dc) == 0 && !dr_streq(dc->status, "contend") &&
            !dr_stage_spm_first(s, g, d, dc))
            (void)one_domain_call(s, DR_STAGE_ATTACH, g, d, dc, host, "attach");
        return false;
    }
    case DR_SD_MAINTENANCE:
    case DR_SD_INACTIVE: {
        /* Attaching tries to activate by itself: ask only when nobody is at it. */
        const struct dr_stage_try *t =
            dr_stage_tried(s, dr_stage_key_of(s, DR_STAGE_ATTACH, d->id));
        if (!t || !t->in_flight)
            (void)one_domain_call(s, DR_STAGE_ACTIVATE, g, d, dc, host, "activate");
        return false;
    }
    case DR_SD_UNKNOWN:
    case DR_SD_LOCKED:
    case DR_SD_ACTIVATING:
    case DR_SD_PREPARING_FOR_MAINTENANCE:
    case DR_SD_DETACHING:
    case DR_SD_MIXED:
    case DR_SD_ACTIVE:
        break; /* under way: look again */
    }
    return false;
}
