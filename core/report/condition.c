#include "report/document.h"

#include "base/str.h"
#include "base/timetext.h"
#include "model/words.h"

static bool
known(const struct dr_copy_facts *c)
{
    return c && c->fresh;
}

static const struct dr_copy_facts *
replica(const struct dr_group *g, const struct dr_facts *facts, const char *primary)
{
    for (size_t i = 0; i < g->n_copies; i++)
        if (!dr_streq(g->copies[i].site->name, primary))
            return dr_facts_copy(facts, g->name, g->copies[i].site->name);
    return NULL;
}

static size_t
writable(const struct dr_group *g, const struct dr_facts *facts)
{
    size_t n = 0;
    for (size_t i = 0; i < g->n_copies; i++) {
        const struct dr_copy_facts *c = dr_facts_copy(facts, g->name, g->copies[i].site->name);
        n += known(c) && c->view.access == DRSTOR_ACCESS_READ_WRITE;
    }
    return n;
}

static bool
diverged(const struct dr_group *g, const struct dr_facts *facts)
{
    bool any = false;
    for (size_t i = 0; i < g->n_copies; i++) {
        const struct dr_copy_facts *c = dr_facts_copy(facts, g->name, g->copies[i].site->name);
        any |= known(c) && c->view.sync == DRSTOR_SYNC_DIVERGED;
    }
    return any;
}

enum dr_condition
dr_condition_of(struct dr_arena *a, const struct dr_group *g, const struct dr_plan_record *record,
                const struct dr_facts *facts, const char **ret_why)
{
    const char *unused;
    ret_why = ret_why ? ret_why : &unused;
    *ret_why = NULL;
    if (record && record->damaged) {
        *ret_why = record->damaged;
        return DR_CONDITION_BLOCKED;
    }
    if (!record || !record->present) {
        *ret_why = "no record";
        return DR_CONDITION_UNADOPTED;
    }
    if (record->open_run) {
        *ret_why = dr_arena_printf(a, "run %s has not ended", record->open_run);
        return DR_CONDITION_BLOCKED;
    }
    if (g->topology == DR_TOPOLOGY_ACTIVE_ACTIVE) {
        if (record->record.old_copy == DR_OLD_COPY_NONE)
            return DR_CONDITION_DUAL_UNVERIFIED;
        *ret_why = dr_arena_printf(a, "%s went on alone at epoch %lld", record->record.primary,
                                   (long long)record->record.left.epoch);
        return DR_CONDITION_EXPOSED;
    }
    const struct dr_copy_facts *p = dr_facts_copy(facts, g->name, record->record.primary);
    const struct dr_copy_facts *r = replica(g, facts, record->record.primary);
    if (writable(g, facts) > 1) {
        *ret_why = "more than one copy is writable";
        return DR_CONDITION_BLOCKED;
    }
    if (diverged(g, facts))
        return DR_CONDITION_DIVERGED;
    if (!known(p)) {
        *ret_why = dr_arena_printf(a, "%s does not answer", record->record.primary);
        return DR_CONDITION_UNKNOWN;
    }
    if (p->view.access == DRSTOR_ACCESS_READ_ONLY || p->view.access == DRSTOR_ACCESS_NONE)
        return DR_CONDITION_FENCED;
    if (p->view.access != DRSTOR_ACCESS_READ_WRITE) {
        *ret_why = dr_arena_printf(a, "access at %s is unknown", record->record.primary);
        return DR_CONDITION_UNKNOWN;
    }
    if (known(r) && (r->view.sync == DRSTOR_SYNC_IN_SYNC || r->view.sync == DRSTOR_SYNC_LAGGING ||
                     r->view.sync == DRSTOR_SYNC_SYNCING))
        /* A drill stands beside everything else: what is worse than it is shown instead. */
        return record->record.drill.name ? DR_CONDITION_TESTING : DR_CONDITION_PROTECTED;
    *ret_why = known(r) ? dr_arena_printf(a, "the copy at %s is %s", r->site,
                                          dr_name(&dr_sync_names, (int)r->view.sync))
                        : "no other copy answers";
    return DR_CONDITION_EXPOSED;
}
