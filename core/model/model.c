#include "model/model.h"

#include "base/str.h"

const struct dr_site *
dr_model_site(const struct dr_model *m, const char *name)
{
    for (size_t i = 0; name && i < m->n_sites; i++)
        if (dr_streq(m->sites[i].name, name))
            return &m->sites[i];
    return NULL;
}

const struct dr_array *
dr_model_array(const struct dr_model *m, const char *name)
{
    for (size_t i = 0; name && i < m->n_arrays; i++)
        if (dr_streq(m->arrays[i].name, name))
            return &m->arrays[i];
    return NULL;
}

const struct dr_group *
dr_model_group(const struct dr_model *m, const char *name)
{
    for (size_t i = 0; name && i < m->n_groups; i++)
        if (dr_streq(m->groups[i].name, name))
            return &m->groups[i];
    return NULL;
}

/*
 * Five minutes are what a guest with a busy database takes. Nobody has agreed yet to what a guest
 * loses when it is switched off, so by default nothing moves and what was shut down runs again.
 */
const struct dr_stop_rule *
dr_model_stop(const struct dr_model *m, const char *vm)
{
    static const struct dr_stop_rule usual = {.limit_s = 300, .policy = DR_STOP_STOP};
    for (size_t i = 0; i < m->n_stop; i++)
        for (size_t k = 0; k < m->stop[i].n_vms; k++)
            if (dr_glob(m->stop[i].vms[k], vm))
                return &m->stop[i];
    return &usual;
}

const struct dr_quarantine *
dr_model_quarantine(const struct dr_model *m, const char *site)
{
    static const struct dr_quarantine usual = {.prefix = "drill-"};
    for (size_t i = 0; i < m->n_drills; i++)
        if (dr_streq(m->drills[i].site->name, site))
            return &m->drills[i].how;
    return &usual;
}

const struct dr_copy *
dr_group_copy(const struct dr_group *g, const char *site)
{
    for (size_t i = 0; site && i < g->n_copies; i++)
        if (dr_streq(g->copies[i].site->name, site))
            return &g->copies[i];
    return NULL;
}
