/*
 * Domains on their way out of a data centre. The last one is its master: others are detached only
 * while it is active, and it only when nothing else is attached. Where other domains stay, going
 * into maintenance hands its role to one of them.
 */
#include "plan/leave_internal.h"

#include "model/words.h"

static const char *
named(const struct dr_stage_domain *d)
{
    return d->name ? d->name : d->id;
}

static bool
attached(const struct dr_inv_domain *d)
{
    return d && d->dc && d->status != DR_SD_UNATTACHED;
}

/* Of a group that is leaving, or may still be about to. */
static bool
leaving(const struct leave *l, const char *id)
{
    for (size_t i = 0; i < l->n_groups; i++)
        if (!dr_stage_is_stuck(&l->s, l->groups[i].what.group) &&
            dr_stage_domain_of_group(&l->groups[i].what, id))
            return true;
    return false;
}

static const struct dr_inv_dc *
dc_of(const struct leave *l, const struct dr_inv_domain *d)
{
    for (size_t i = 0; i < l->s.now->n_dcs; i++)
        if (dr_streq(l->s.now->dcs[i].id, d->dc))
            return &l->s.now->dcs[i];
    return NULL;
}

/* What is beside D in its data centre. */
struct beside {
    size_t attached;   /* all of them */
    size_t not_closed; /* that leave, and are not in maintenance */
    size_t staying;
    bool heir; /* one that stays and can be master */
    const struct dr_inv_domain *master;
};

static struct beside
look_beside(const struct leave *l, const struct dr_inv_domain *d)
{
    struct beside b = {0};
    for (size_t i = 0; i < l->s.now->n_domains; i++) {
        const struct dr_inv_domain *o = &l->s.now->domains[i];
        if (!attached(o) || !dr_streq(o->dc, d->dc))
            continue;
        if (o->master)
            b.master = o;
        if (o == d)
            continue;
        b.attached++;
        if (leaving(l, o->id)) {
            b.not_closed += o->status != DR_SD_MAINTENANCE && o->status != DR_SD_DETACHING;
        } else {
            b.staying++;
            b.heir |= o->status == DR_SD_ACTIVE && dr_streq(o->type, "data");
        }
    }
    return b;
}

static void
stuck(struct leave *l, const struct dr_leave_group *g, const char *why)
{
    dr_stage_stuck(&l->s, g->what.group, why);
}

static bool
gives_up(const struct dr_leave_group *g)
{
    return g->until == DR_LEAVE_REMOVED;
}

/* Sends it, unless it was sent often enough: then RET_WHY says what came of it. */
static bool
call_unless(struct leave *l, const struct dr_leave_group *g, enum dr_stage_kind kind,
            const struct dr_inv_domain *d, const char *text, const char **ret_why)
{
    const char *key = dr_stage_key_of(&l->s, kind, d->id);
    bool other_way = gives_up(g) && kind != DR_STAGE_REMOVE && d->status != DR_SD_ACTIVE;
    int64_t most = other_way ? TRIES_GIVEN_UP : TRIES_DOMAIN;
    *ret_why = "it has no effect";
    switch (dr_stage_turn_of(&l->s, key, most, ret_why)) {
    case TURN_NEVER:
        return false;
    case TURN_LATER:
        return true;
    case TURN_NOW:
        break;
    }
    struct dr_stage_action *x = dr_stage_act(&l->s, kind, g->what.group, key);
    x->id = d->id;
    x->name = d->name;
    x->dc = d->dc;
    x->text = text;
    x->force = gives_up(g) && kind == DR_STAGE_DEACTIVATE;
    return true;
}

/* The engine forgets it, and asks neither its storage nor a host. */
static void
forget(struct leave *l, const struct dr_leave_group *g, const struct dr_inv_domain *d)
{
    const char *name = d->name ? d->name : d->id, *why;
    if (!call_unless(l, g, DR_STAGE_REMOVE, d,
                     dr_arena_printf(l->s.a, "remove storage domain %s from the engine", name),
                     &why))
        stuck(l, g,
              dr_arena_printf(l->s.a, "storage domain %s cannot be removed from the engine: %s",
                              name, why));
}

/*
 * D cannot leave as it should, and WHY. What is given up is forgotten all the same, unless the
 * engine needs it: an active one, or a master beside others. Those go first.
 */
static void
cannot(struct leave *l, const struct dr_leave_group *g, const struct dr_inv_domain *d,
       const char *why)
{
    struct beside b = look_beside(l, d);
    if (!gives_up(g) || d->status == DR_SD_ACTIVE || (d->master && b.staying))
        stuck(l, g, why);
    else if (!d->master || !b.attached)
        forget(l, g, d);
}

static void
call(struct leave *l, const struct dr_leave_group *g, enum dr_stage_kind kind,
     const struct dr_inv_domain *d, const struct dr_inv_dc *dc, const char *text)
{
    const char *why;
    if (!call_unless(l, g, kind, d, text, &why))
        cannot(l, g, d,
               dr_arena_printf(l->s.a, "storage domain %s does not leave data centre %s: %s",
                               d->name ? d->name : d->id, dc->name, why));
}

/* Nothing shows that it was written but the answer; who comes later lets it be written again. */
static bool
ovf_written(struct leave *l, const char *id)
{
    const struct dr_stage_try *t =
        dr_stage_tried(&l->s, dr_stage_key_of(&l->s, DR_STAGE_UPDATE_OVF, id));
    return t && t->attempts && !t->in_flight && !t->trouble;
}

static void
deactivate(struct leave *l, const struct dr_leave_group *g, const struct dr_stage_domain *d,
           const struct dr_inv_domain *have, const struct dr_inv_dc *dc)
{
    struct beside b = look_beside(l, have);
    if (have->status == DR_SD_ACTIVE && !gives_up(g) && !ovf_written(l, d->id)) {
        call(l, g, DR_STAGE_UPDATE_OVF, have, dc,
             dr_arena_printf(l->s.a, "let storage domain %s keep what its VMs are now", named(d)));
        return;
    }
    if (have->master && b.staying && !b.heir) {
        stuck(l, g,
              dr_arena_printf(l->s.a,
                              "storage domain %s is the master of data centre %s, and none of the "
                              "domains that stay there is active to take over; activate one",
                              named(d), dc->name));
        return;
    }
    /* With an heir the role goes over to it, and what leaves then is detached under that one. */
    if (have->master && (b.staying ? b.not_closed : b.attached))
        return;
    call(l, g, DR_STAGE_DEACTIVATE, have, dc,
         dr_arena_printf(l->s.a, "put storage domain %s into maintenance", named(d)));
}

/*
 * With the domain the engine lets go of the disks on it, and what it writes of a VM afterwards has
 * none of them. So all domains of a VM are closed, their word of it written, before one is
 * detached: but for a master that has to be active for that.
 */
static bool
mates_closed(const struct leave *l, const char *id)
{
    for (size_t g = 0; g < l->n_groups; g++)
        for (size_t v = 0; v < l->groups[g].what.n_vms; v++) {
            const struct dr_stage_vm *vm = &l->groups[g].what.vms[v];
            bool on_it = false;
            for (size_t i = 0; i < vm->n_domains; i++)
                on_it |= dr_streq(vm->domains[i], id);
            for (size_t i = 0; on_it && i < vm->n_domains; i++) {
                const struct dr_inv_domain *o = dr_stage_domain_now(&l->s, vm->domains[i]);
                bool open = attached(o) && leaving(l, o->id) && o->status != DR_SD_MAINTENANCE &&
                            o->status != DR_SD_DETACHING;
                if (open && (!o->master || look_beside(l, o).staying))
                    return false;
            }
        }
    return true;
}

static void
detach(struct leave *l, const struct dr_leave_group *g, const struct dr_stage_domain *d,
       const struct dr_inv_domain *have, const struct dr_inv_dc *dc)
{
    struct beside b = look_beside(l, have);
    const struct dr_inv_domain *master = b.master;
    if (have->master && b.attached) {
        if (b.staying)
            stuck(l, g,
                  dr_arena_printf(l->s.a,
                                  "storage domain %s is the master of data centre %s, which keeps "
                                  "other domains; activate one of those",
                                  named(d), dc->name));
        return; /* the others first: they see to it that it is active */
    }
    if (!have->master && (!master || master->status != DR_SD_ACTIVE)) {
        bool ours = master && leaving(l, master->id);
        if (gives_up(g)) /* activating a stale master would be no use even if it worked */
            forget(l, g, have);
        else if (ours && (master->status == DR_SD_MAINTENANCE || master->status == DR_SD_INACTIVE))
            call(l, g, DR_STAGE_ACTIVATE, master, dc,
                 dr_arena_printf(l->s.a,
                                 "activate storage domain %s, the master, so that others can be "
                                 "detached",
                                 master->name ? master->name : master->id));
        else if (!ours)
            stuck(l, g,
                  dr_arena_printf(l->s.a,
                                  "data centre %s has no active master; activate its master "
                                  "storage domain",
                                  dc->name));
        return;
    }
    if (!have->master && leaving(l, master->id) && look_beside(l, master).heir)
        return; /* under the one that takes over */
    if (gives_up(g) || mates_closed(l, d->id))
        call(l, g, DR_STAGE_DETACH, have, dc,
             dr_arena_printf(l->s.a, "detach storage domain %s from %s", named(d), dc->name));
}

/* Electing its SPM, or out of order for a while: nothing can be asked of it now. */
static bool
dc_listens(const struct dr_inv_dc *dc)
{
    return !dr_streq(dc->status, "contend") && !dr_streq(dc->status, "problematic") &&
           !dr_streq(dc->status, "not_operational");
}

bool
dr_leave_domain_forward(struct leave *l, const struct dr_leave_group *g,
                        const struct dr_stage_domain *d)
{
    const struct dr_inv_domain *have = dr_stage_domain_now(&l->s, d->id);
    if (!have || (have->status == DR_SD_UNATTACHED && !gives_up(g)))
        return true;
    if (have->status == DR_SD_UNATTACHED) {
        forget(l, g, have);
        return false;
    }
    const struct dr_inv_dc *dc = have->dc ? dc_of(l, have) : NULL;
    if (!dc || (gives_up(g) ? dr_streq(dc->status, "contend") : !dc_listens(dc)))
        return false;
    if (!dr_stage_host_in(&l->s, dc)) {
        cannot(l, g, have, dr_arena_printf(l->s.a, "no host is up in data centre %s", dc->name));
        return false;
    }
    switch (have->status) {
    case DR_SD_ACTIVE:
    case DR_SD_INACTIVE:
    case DR_SD_UNKNOWN:
        deactivate(l, g, d, have, dc);
        break;
    case DR_SD_MAINTENANCE:
        detach(l, g, d, have, dc);
        break;
    case DR_SD_UNATTACHED:
    case DR_SD_LOCKED:
    case DR_SD_ACTIVATING:
    case DR_SD_PREPARING_FOR_MAINTENANCE:
    case DR_SD_DETACHING:
    case DR_SD_MIXED:
        break; /* under way: look again */
    }
    return false;
}
