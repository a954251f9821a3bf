/* Faults to be injected, and the state of sites and links. */
#include "state.h"

#include <string.h>

static const char *const fault_names[SIM_FAULT_COUNT] = {
    [SIM_FAULT_UNKNOWN] = "unknown",
    [SIM_FAULT_LOST_BEFORE] = "lost-before",
    [SIM_FAULT_LOST_AFTER] = "lost-after",
    [SIM_FAULT_LATE] = "late",
    [SIM_FAULT_DUPLICATE] = "duplicate",
    [SIM_FAULT_SLOW] = "slow",
    [SIM_FAULT_REFUSE] = "refuse",
    [SIM_FAULT_CRASH] = "crash",
    [SIM_FAULT_CRASH_BEFORE] = "crash-before",
    [SIM_FAULT_SPLIT] = "split",
    [SIM_FAULT_PARTIAL] = "partial",
    [SIM_FAULT_HALFWAY] = "halfway",
};

const char *
sim_fault_name(enum sim_fault_kind kind)
{
    return kind > SIM_FAULT_UNKNOWN && kind < SIM_FAULT_COUNT ? fault_names[kind] : "unknown";
}

enum sim_fault_kind
sim_fault_find(const char *name)
{
    for (int i = 1; i < SIM_FAULT_COUNT; i++)
        if (strcmp(fault_names[i], name) == 0)
            return (enum sim_fault_kind)i;
    return SIM_FAULT_UNKNOWN;
}

int
sim_fault_add(struct sim_world *w, const struct sim_fault *fault)
{
    if (fault->kind <= SIM_FAULT_UNKNOWN || fault->kind >= SIM_FAULT_COUNT ||
        fault->op >= SIM_OP_COUNT)
        return sim_fail(w, DRSTOR_E_INVALID, "no such fault");
    if (fault->array[0] && sim_array_index(w, fault->array) < 0)
        return sim_fail(w, DRSTOR_E_NOTFOUND, "the world has no array %s", fault->array);
    struct sim_fault *faults =
        sim_grow(w->faults, w->n_faults, &w->size_faults, sizeof(*w->faults));
    if (!faults)
        return sim_fail(w, DRSTOR_E_NOMEM, "out of memory");
    w->faults = faults;
    struct sim_fault *f = &w->faults[w->n_faults++];
    *f = *fault;
    if (f->nth == 0)
        f->nth = 1;
    if (f->permille == 0)
        f->permille = 1000;
    w->changed = 1;
    return DRSTOR_OK;
}

void
sim_fault_clear(struct sim_world *w)
{
    w->n_faults = 0;
    w->changed = 1;
}

const struct sim_fault *
sim_faults(const struct sim_world *w, size_t *ret_n)
{
    *ret_n = w->n_faults;
    return w->faults;
}

/* A dead site's hosts are gone, and with them everything they ran. */
static void
fault_kill_writers(struct sim_world *w, uint32_t site)
{
    for (size_t gi = 0; gi < w->n_groups; gi++) {
        struct sim_group *g = &w->groups[gi];
        for (size_t j = 0; j < g->n_copies; j++)
            for (size_t i = 0; sim_copy_site(w, &g->copies[j]) == site && i < g->n_members; i++)
                g->copies[j].members[i].n_writers = 0;
        for (size_t j = 0; j < g->n_images; j++)
            for (size_t i = 0; i < g->n_members; i++)
                if (sim_copy_site(w, &g->copies[g->images[j].copy]) == site)
                    g->images[j].members[i].n_writers = 0;
    }
}

int
sim_site_set(struct sim_world *w, const char *site, enum sim_site_state state)
{
    int i = sim_site_index(w, site);
    if (i < 0)
        return sim_fail(w, DRSTOR_E_NOTFOUND, "the world has no site %s", site);
    if (state <= SIM_SITE_UNKNOWN || state > SIM_SITE_DEAD)
        return sim_fail(w, DRSTOR_E_INVALID, "no such state of a site");
    w->sites[i].state = state;
    if (state == SIM_SITE_DEAD)
        fault_kill_writers(w, (uint32_t)i);
    sim_settle(w, true);
    return DRSTOR_OK;
}

enum sim_site_state
sim_site_get(struct sim_world *w, const char *site)
{
    int i = sim_site_index(w, site);
    return i < 0 ? SIM_SITE_UNKNOWN : (enum sim_site_state)w->sites[i].state;
}

int
sim_link_set(struct sim_world *w, const char *a, const char *b, bool up)
{
    int sa = a ? sim_site_index(w, a) : -1, sb = b ? sim_site_index(w, b) : -1;
    bool any = false;
    for (size_t i = 0; i < w->n_links; i++) {
        struct sim_link *l = &w->links[i];
        bool both = ((int)l->a == sa && (int)l->b == sb) || ((int)l->a == sb && (int)l->b == sa);
        if ((!a && !b) || both) {
            l->up = up;
            any = true;
        }
    }
    if (!any)
        return sim_fail(w, DRSTOR_E_NOTFOUND, "the world has no such link");
    sim_settle(w, true);
    return DRSTOR_OK;
}

int
sim_arbiter_set(struct sim_world *w, const char *group, enum drstor_arbiter arbiter)
{
    for (size_t i = 0; i < w->n_groups; i++) {
        if (strcmp(w->groups[i].name, group) == 0) {
            w->groups[i].arbiter = arbiter;
            sim_settle(w, true);
            return DRSTOR_OK;
        }
    }
    return sim_fail(w, DRSTOR_E_NOTFOUND, "the world has no group %s", group);
}
