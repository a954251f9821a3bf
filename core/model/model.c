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

const struct dr_copy *
dr_group_copy(const struct dr_group *g, const char *site)
{
    for (size_t i = 0; site && i < g->n_copies; i++)
        if (dr_streq(g->copies[i].site->name, site))
            return &g->copies[i];
    return NULL;
}
