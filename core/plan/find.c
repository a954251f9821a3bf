/* What guards and planner look up: capabilities, durations, a group's domains and VMs. */
#include "plan/guard.h"

#include "base/str.h"

bool
dr_plan_array_can(const struct dr_plan_input *in, const char *array, const char *capability)
{
    for (size_t i = 0; i < in->n_arrays; i++)
        for (size_t j = 0; dr_streq(in->arrays[i].name, array) && j < in->arrays[i].n_capabilities;
             j++)
            if (dr_streq(in->arrays[i].capabilities[j], capability))
                return true;
    return false;
}

int64_t
dr_plan_array_expect_s(const struct dr_plan_input *in, const char *array, const char *operation)
{
    for (size_t i = 0; i < in->n_arrays; i++)
        for (size_t j = 0; dr_streq(in->arrays[i].name, array) && j < in->arrays[i].n_durations;
             j++)
            if (dr_streq(in->arrays[i].durations[j].operation, operation))
                return (in->arrays[i].durations[j].typical_ms + 999) / 1000;
    return 1;
}

static bool
has_wwid(const struct dr_inv_domain *d, const struct dr_copy_facts *copy)
{
    for (size_t i = 0; copy && i < copy->view.n_members; i++)
        for (size_t j = 0; j < d->n_wwids; j++)
            if (copy->view.members[i].wwid && dr_streq(copy->view.members[i].wwid, d->wwids[j]))
                return true;
    return false;
}

bool
dr_group_findable(const struct dr_group *g, const struct dr_copy_facts *copy)
{
    for (size_t i = 0; copy && i < copy->view.n_members; i++)
        if (copy->view.members[i].wwid)
            return true;
    return g->n_domains > 0;
}

size_t
dr_group_domains(struct dr_arena *a, const struct dr_group *g, const struct dr_copy_facts *copy,
                 const struct dr_inventory *v, const struct dr_inv_domain ***ret)
{
    const struct dr_inv_domain **list = NULL;
    size_t n = 0;
    for (size_t i = 0; i < v->n_domains; i++) {
        bool named = false;
        for (size_t j = 0; j < g->n_domains; j++)
            named |= dr_streq(g->domains[j], v->domains[i].id);
        if (named || (!g->n_domains && has_wwid(&v->domains[i], copy)))
            dr_arena_push(a, list, n) = &v->domains[i];
    }
    *ret = list;
    return n;
}

bool
dr_vm_of_group(const struct dr_inventory *v, const struct dr_inv_vm *vm,
               const struct dr_inv_domain *const *domains, size_t n_domains)
{
    (void)v;
    for (size_t i = 0; i < vm->n_domains; i++)
        for (size_t j = 0; j < n_domains; j++)
            if (dr_streq(vm->domains[i], domains[j]->id))
                return true;
    return false;
}
