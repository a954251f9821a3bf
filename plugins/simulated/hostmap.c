/* Which hosts see which volumes, and whether two sites may write at once. */
#include "state.h"

#include <stdio.h>
#include <string.h>

void
sim_effect_expose(struct sim_world *w, struct sim_flight *f)
{
    struct sim_group *g = &w->groups[f->group];
    struct sim_copy *c = &g->copies[f->copy];
    uint32_t mask = sim_selected(f, g);

    if (f->unknown_host_group) {
        sim_refuse(f, DRSTOR_E_NOTFOUND, "no-such-host-group",
                   "array %s does not know one of the host groups", w->arrays[f->array].name);
        return;
    }
    if (!f->host_groups) {
        sim_refuse(f, DRSTOR_E_INVALID, "no-host-group", "no host group was named");
        return;
    }
    for (size_t i = 0; i < g->n_members; i++) {
        if (!(mask & (UINT32_C(1) << i)))
            continue;
        if (f->op == SIM_OP_EXPOSE)
            c->members[i].exposed |= f->host_groups;
        else
            c->members[i].exposed &= ~f->host_groups;
    }
    sim_done_members(f, g, mask);
}

static const char *
hostmap_dual_obstacle(const struct sim_world *w, const struct sim_group *g)
{
    if (!g->active_active || g->n_copies != 2)
        return "it is not active-active";
    if (!sim_link_live(w, &g->copies[0], &g->copies[1]))
        return "its legs do not see each other";
    if (g->arbiter != DRSTOR_ARBITER_OK)
        return "its arbiter is not there";
    if (!g->preferred[0])
        return "no leg is preferred";
    for (size_t j = 0; j < g->n_copies; j++) {
        const struct sim_copy *c = &g->copies[j];
        if (c->detached || !c->insync || c->begun_ns)
            return "one leg is not in sync";
        for (size_t i = 0; i < g->n_members; i++) {
            if (c->members[i].access != DRSTOR_ACCESS_READ_WRITE)
                return "one leg is not writable";
            if (!c->members[i].exposed)
                return "no host reaches one leg";
        }
    }
    return NULL;
}

void
sim_effect_verify(struct sim_world *w, struct sim_flight *f)
{
    const struct sim_group *g = &w->groups[f->group];
    const char *obstacle = hostmap_dual_obstacle(w, g);
    if (obstacle)
        sim_refuse(f, g->active_active ? DRSTOR_E_REFUSED : DRSTOR_E_UNSUPPORTED, "no-dual-write",
                   "group %s cannot be written at both sites: %s", f->group_id, obstacle);
    else
        sim_done(f);
}

/* Beside the data of every member: a probe changes none of it. */
void
sim_effect_probe(struct sim_world *w, struct sim_flight *f)
{
    struct sim_group *g = &w->groups[f->group];
    struct sim_copy *c = &g->copies[f->copy];
    if (!g->active_active || g->n_copies != 2) {
        sim_refuse(f, DRSTOR_E_UNSUPPORTED, "no-dual-write", "group %s is not active-active",
                   f->group_id);
        return;
    }
    struct sim_copy *other = &g->copies[!f->copy];
    for (size_t i = 0; i < g->n_members; i++)
        if (c->members[i].access != DRSTOR_ACCESS_READ_WRITE) {
            sim_refuse(f, DRSTOR_E_CONFLICT, "not-writable", "this leg of %s takes no writes",
                       f->group_id);
            return;
        }
    (void)snprintf(c->probe, sizeof(c->probe), "%s", f->name);
    if (sim_link_live(w, c, other) && c->insync && other->insync && !other->detached)
        (void)snprintf(other->arrived, sizeof(other->arrived), "%s", f->name);
    if (f->expect[0] && strcmp(f->expect, c->arrived) != 0)
        sim_refuse(f, DRSTOR_E_CONFLICT, "probe",
                   "what the other leg wrote to the probe of %s is not what is read here",
                   f->group_id);
    else
        sim_done(f);
}
