/* A group's copies: recorded, seen, whole, following. */
#include "ready/check.h"

#include "base/str.h"
#include "base/timetext.h"
#include "model/words.h"

static void
check_record(struct dr_checks *c, const struct dr_check_move *m)
{
    const struct dr_plan_record *r = m->record;
    const char *name = m->group->name;
    bool there = r && r->present && !r->damaged;
    (void)dr_check_add(c, "C20", dr_check_yes_if(true, there), "the group has a record",
                       there ? dr_arena_printf(c->a, "primary %s at epoch %lld", r->record.primary,
                                               (long long)r->record.epoch)
                             : (r && r->damaged ? r->damaged : "there is none"),
                       dr_arena_printf(c->a, "drstor adopt %s", name));
    if (there)
        (void)dr_check_add(c, "C21",
                           dr_check_yes_if(true, !r->open_run && dr_record_at_rest(&r->record)),
                           "no run of the group is open",
                           r->open_run ? dr_arena_printf(c->a, "run %s has not ended", r->open_run)
                                       : "it is at rest",
                           "drstor run resume");
}

/* Both copies, or what must be known first. */
static bool
check_seen(struct dr_checks *c, const struct dr_check_move *m)
{
    const struct dr_copy *copy[] = {m->here, m->there};
    const struct dr_copy_facts *facts[] = {m->here_facts, m->there_facts};
    bool both = true;
    for (size_t i = 0; i < DR_COUNT(copy); i++) {
        bool seen = facts[i] && facts[i]->fresh;
        both &= seen;
        (void)dr_check_add(c, "C22", dr_check_yes_if(true, seen),
                           dr_arena_printf(c->a, "the copy at %s can be read", copy[i]->site->name),
                           seen ? dr_arena_printf(c->a, "array %s shows %zu volumes",
                                                  copy[i]->array->name, facts[i]->view.n_members)
                                : dr_arena_printf(c->a, "array %s does not show \"%s\"",
                                                  copy[i]->array->name, copy[i]->id),
                           dr_arena_printf(c->a,
                                           "bring array %s back, or correct the id of the copy",
                                           copy[i]->array->name));
    }
    return both;
}

/* NULL: every volume here has its copy there. */
static const struct dr_member *
unpaired(const struct dr_check_move *m)
{
    for (size_t i = 0; i < m->here_facts->view.n_members; i++) {
        const struct dr_member *x = &m->here_facts->view.members[i];
        bool found = false;
        for (size_t k = 0; k < m->there_facts->view.n_members && !found; k++) {
            const struct dr_member *y = &m->there_facts->view.members[k];
            found = dr_streq(x->pair, y->id) || dr_streq(y->pair, x->id);
        }
        if (!found)
            return x;
    }
    return NULL;
}

static void
check_pair(struct dr_checks *c, const struct dr_check_move *m)
{
    const char *site = m->there->site->name;
    const struct dr_copy_view *v = &m->there_facts->view;
    const struct dr_member *alone = unpaired(m);
    bool following = v->sync == DRSTOR_SYNC_IN_SYNC || v->sync == DRSTOR_SYNC_LAGGING;
    (void)dr_check_add(c, "C23", dr_check_yes_if(true, !alone),
                       dr_arena_printf(c->a, "every volume has its copy at %s", site),
                       alone ? dr_arena_printf(c->a, "volume %s has none", alone->id)
                             : dr_arena_printf(c->a, "%zu volumes", m->here_facts->view.n_members),
                       "bring it into the replication of the group at the arrays");
    (void)dr_check_add(c, "C24", dr_check_yes_if(v->sync != DRSTOR_SYNC_UNKNOWN, following),
                       dr_arena_printf(c->a, "the copy at %s follows", site),
                       dr_arena_printf(c->a, "array %s: %s", m->there->array->name,
                                       dr_name(&dr_sync_names, (int)v->sync)),
                       v->sync == DRSTOR_SYNC_PAUSED
                           ? dr_arena_printf(c->a, "drstor resume %s", m->group->name)
                           : "see at the arrays why it does not; wait where it is being copied");
    if (m->group->topology == DR_TOPOLOGY_ACTIVE_ACTIVE)
        return;
    (void)dr_check_add(
        c, "C25", dr_check_yes_if(v->access != DRSTOR_ACCESS_UNKNOWN, dr_view_closed(v)),
        dr_arena_printf(c->a, "nobody can write the copy at %s", site),
        dr_arena_printf(c->a, "array %s: %s", m->there->array->name,
                        dr_name(&dr_access_names, (int)v->access)),
        dr_arena_printf(c->a, "find out who made it writable; drstor demote %s --at %s",
                        m->group->name, site));
    if (m->group->mode == DR_MODE_ASYNC && m->group->rpo_s >= 0)
        (void)dr_check_add(
            c, "C26", dr_check_yes_if(v->lag_s >= 0, v->lag_s <= m->group->rpo_s),
            dr_arena_printf(c->a, "the copy at %s is no more than %s behind", site,
                            dr_duration_text(c->a, m->group->rpo_s)),
            v->lag_s >= 0 ? dr_arena_printf(c->a, "%s", dr_duration_text(c->a, v->lag_s))
                          : "the array does not say how far it is behind",
            "see at the arrays why transfers take so long, or set an rpo that can be held");
}

/* LUNs of the copy that its array shows already, and that no host there sees. */
static void
check_visible(struct dr_checks *c, const struct dr_check_move *m)
{
    const struct dr_copy_view *v = &m->there_facts->view;
    const char *site = m->there->site->name, *missing = NULL;
    size_t shown = 0, told = 0;
    for (size_t h = 0; m->there_engine && h < m->there_engine->n_hosts; h++)
        told += m->there_engine->hosts[h].luns_read;
    for (size_t i = 0; i < v->n_members; i++) {
        bool seen = false;
        if (!v->members[i].n_paths || !v->members[i].wwid)
            continue;
        shown++;
        for (size_t h = 0; m->there_engine && h < m->there_engine->n_hosts; h++)
            for (size_t k = 0; k < m->there_engine->hosts[h].n_luns; k++)
                seen |= dr_streq(m->there_engine->hosts[h].luns[k], v->members[i].wwid);
        if (!seen && !missing)
            missing = v->members[i].wwid;
    }
    if (shown && told)
        (void)dr_check_add(
            c, "C27", dr_check_yes_if(true, !missing),
            dr_arena_printf(c->a, "hosts of %s see the LUNs that are shown to them", site),
            missing ? dr_arena_printf(c->a, "none of them sees LUN %s", missing)
                    : dr_arena_printf(c->a, "%zu LUNs", shown),
            "see to zoning, portals and the host group at the array, then rescan the hosts");
}

void
dr_check_storage(struct dr_checks *c, const struct dr_check_move *m)
{
    check_record(c, m);
    if (!check_seen(c, m))
        return;
    check_pair(c, m);
    check_visible(c, m);
}
