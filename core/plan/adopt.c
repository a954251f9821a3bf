#include "plan/adopt.h"

#include "base/str.h"

static const char *
unseen(const struct dr_facts *facts, const struct dr_copy *copy)
{
    const struct dr_endpoint_facts *e =
        dr_facts_endpoint(facts, DR_ENDPOINT_ARRAY, copy->array->name);
    return e && e->error ? e->error : "its array does not know it";
}

static const struct dr_copy *
first_other(const struct dr_group *g, const struct dr_copy *copy)
{
    for (size_t i = 0; i < g->n_copies; i++)
        if (&g->copies[i] != copy)
            return &g->copies[i];
    return NULL;
}

static void
cannot_see(struct dr_arena *a, const struct dr_group *g, const struct dr_facts *facts,
           const struct dr_copy *copy, struct dr_refusal *r)
{
    const struct dr_copy *other = first_other(g, copy);
    r->id = "R037";
    r->text =
        dr_arena_printf(a, "the copy of group %s at %s cannot be seen", g->name, copy->site->name);
    r->evidence = unseen(facts, copy);
    r->remedy =
        other ? dr_arena_printf(a,
                                "bring array %s back, then adopt; if %s is lost: drstor promote %s "
                                "--to %s --unplanned --declare site-lost:%s --reason TEXT "
                                "--accept-loss unknown",
                                copy->array->name, copy->site->name, g->name, other->site->name,
                                copy->site->name)
              : dr_arena_printf(a, "bring array %s back, then adopt", copy->array->name);
}

bool
dr_adopt_refuses(struct dr_arena *a, const struct dr_group *g, const struct dr_facts *facts,
                 const struct dr_copy **ret_primary, struct dr_refusal *r)
{
    size_t writable = 0;
    *ret_primary = NULL;
    *r = (struct dr_refusal){.group = g->name};
    if (g->topology == DR_TOPOLOGY_ACTIVE_ACTIVE) {
        *ret_primary = g->preferred ? dr_group_copy(g, g->preferred->name) : &g->copies[0];
        if (dr_facts_copy(facts, g->name, (*ret_primary)->site->name))
            return false;
        cannot_see(a, g, facts, *ret_primary, r);
        return true;
    }
    for (size_t i = 0; i < g->n_copies; i++) {
        const struct dr_copy_facts *f = dr_facts_copy(facts, g->name, g->copies[i].site->name);
        if (!f || !f->fresh) {
            cannot_see(a, g, facts, &g->copies[i], r);
            return true;
        }
        if (dr_view_closed(&f->view))
            continue;
        writable++; /* or mixed, or unknown: then nobody can say that it is not */
        *ret_primary = f->view.access == DRSTOR_ACCESS_READ_WRITE ? &g->copies[i] : NULL;
    }
    if (writable == 1 && *ret_primary)
        return false;
    r->id = writable ? "R034" : "R036";
    r->text = dr_arena_printf(a,
                              writable == 1
                                  ? "nobody can say whether every volume of group %s is writable"
                              : writable ? "group %s is writable at more than one site"
                                         : "no copy of group %s is writable",
                              g->name);
    r->evidence = "read from every array just now";
    r->remedy = writable ? "find out which copy counts and make the other read-only at its array"
                         : "make the copy that counts writable at its array, then adopt";
    return true;
}

void
dr_adopt_record(const struct dr_group *g, const struct dr_copy *primary, const struct dr_copy *seen,
                const struct dr_facts *facts, struct dr_record *ret)
{
    const struct dr_copy_facts *f = dr_facts_copy(facts, g->name, seen->site->name);
    dr_map_clear(&dr_record_type, ret);
    ret->schema = "1.0";
    ret->group = g->name;
    /* An array may remember more than we do: never begin below it. */
    ret->epoch = 1;
    for (size_t i = 0; i < facts->n_copies; i++)
        if (dr_streq(facts->copies[i].group, g->name) && facts->copies[i].view.epoch > ret->epoch)
            ret->epoch = facts->copies[i].view.epoch;
    ret->primary = primary->site->name;
    ret->phase = DR_PHASE_STEADY;
    if (f) {
        ret->members = f->view.members;
        ret->n_members = f->view.n_members;
    }
}

bool
dr_adopt_one_sided(const struct dr_guard_case *c)
{
    const struct dr_goal *g = c->in->goal;
    if (c->record->present || c->record->damaged || c->record->open_run || !g->unplanned ||
        g->verb != DR_VERB_PROMOTE || g->selection || c->group->n_copies != 2 || !c->old ||
        !c->target_facts || !c->target_facts->fresh || (c->old_facts && c->old_facts->fresh))
        return false;
    enum dr_declared said = dr_goal_declared(g, c->old->site->name);
    return said == DR_DECLARED_SITE_LOST || said == DR_DECLARED_OUTAGE;
}
