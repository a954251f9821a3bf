/* Room at the site that VMs go to: looked at before, for all groups together, and who makes it. */
#include "plan/planner_internal.h"

#include "plan/command.h"
#include "plan/preempt.h"

#include "base/str.h"
#include "base/timetext.h"

/* VMs that come from one site to another. */
struct arrivals {
    const char *from, *to;
    const struct dr_inv_vm **vms;
    size_t n_vms;
};

static struct arrivals *
between(struct planner *pl, const char *from, const char *to)
{
    for (size_t i = 0; i < pl->n_arrivals; i++)
        if (dr_streq(pl->arrivals[i].from, from) && dr_streq(pl->arrivals[i].to, to))
            return &pl->arrivals[i];
    struct arrivals *x = &dr_arena_push(pl->a, pl->arrivals, pl->n_arrivals);
    *x = (struct arrivals){.from = from, .to = to};
    return x;
}

void
dr_planner_arrive(struct planner *pl, const struct dr_guard_case *c)
{
    struct dr_stage_group want;
    dr_planner_expected(pl->a, pl->in, c, &want);
    if (!want.from || dr_streq(want.from, c->target->site->name))
        return;
    const struct dr_engine_facts *e = dr_facts_engine(pl->in->facts, want.from);
    struct arrivals *x = between(pl, want.from, c->target->site->name);
    for (size_t i = 0; i < want.n_vms; i++) {
        const struct dr_inv_vm *vm = e ? dr_inventory_vm(&e->inventory, want.vms[i].id) : NULL;
        bool known = false;
        for (size_t k = 0; k < x->n_vms; k++)
            known |= dr_streq(x->vms[k]->id, want.vms[i].id);
        if (!want.vms[i].start || known)
            continue;
        struct dr_inv_vm *mine = dr_arena_new0(pl->a, struct dr_inv_vm);
        *mine = vm ? *vm
                   : (struct dr_inv_vm){.id = want.vms[i].id,
                                        .name = want.vms[i].name,
                                        .cluster = want.vms[i].cluster,
                                        .memory = -1};
        mine->status = DR_VM_UP; /* that is what it will want to be */
        dr_arena_push(pl->a, x->vms, x->n_vms) = mine;
    }
}

static bool
fits(const struct dr_capacity *c)
{
    bool known = c->need >= 0 && c->room >= 0;
    return (!known || c->need <= c->room) &&
           (c->biggest < 0 || c->roomiest < 0 || c->biggest <= c->roomiest);
}

static const char *
room_text(struct planner *pl, const char *site, const struct dr_capacity *c, const char *unknown)
{
    struct dr_arena *a = pl->a;
    const char *freed =
        unknown && c->need > c->room
            ? dr_arena_printf(a,
                              "; nobody is shut down for them, because the domains of group %s "
                              "there are not known",
                              unknown)
        : c->freed
            ? dr_arena_printf(a, ", %s of it by what is shut down", dr_bytes_text(a, c->freed))
            : "";
    if (c->need < 0 || c->room < 0)
        return dr_arena_printf(
            a,
            "not known for %zu VM%s in cluster %s at %s: the engines do not tell "
            "the memory of hosts or VMs",
            c->n_vms, c->n_vms == 1 ? "" : "s", c->cluster, site);
    if (c->need <= c->room && !fits(c))
        return dr_arena_printf(
            a, "VM %s needs %s, and no host of cluster %s at %s has more than %s", c->biggest_vm,
            dr_bytes_text(a, c->biggest), c->cluster, site, dr_bytes_text(a, c->roomiest));
    return dr_arena_printf(
        a, "%zu VM%s need%s %s in cluster %s at %s, where %s is left on %zu host%s%s", c->n_vms,
        c->n_vms == 1 ? "" : "s", c->n_vms == 1 ? "s" : "", dr_bytes_text(a, c->need), c->cluster,
        site, dr_bytes_text(a, c->room), c->n_hosts_up, c->n_hosts_up == 1 ? "" : "s", freed);
}

/* A move can wait until there is room; a disaster cannot: then what fits is started, in order. */
static void
refuse(struct planner *pl, const struct arrivals *x, const char *text)
{
    const struct dr_goal *goal = pl->in->goal;
    bool moves = false;
    for (size_t i = 0; i < pl->p->n_flips; i++)
        moves |=
            pl->p->flips[i].operation == DR_OPERATION_SWITCHOVER && !pl->p->flips[i].nothing_to_do;
    if (!moves || goal->hurry)
        return;
    dr_arena_push(pl->a, pl->p->refusals, pl->p->n_refusals) = (struct dr_refusal){
        .id = "R053",
        .text = dr_arena_printf(pl->a, "there is no room at %s for all VMs that would come", x->to),
        .evidence = text,
        .remedy = dr_arena_printf(
            pl->a,
            "make room there, name VMs that may be shut down (rhv.preempt), or move fewer groups; "
            "storage alone: %s",
            dr_command_text(pl->a, goal, &(struct dr_command_change){.storage_only = true}))};
}

/* Who comes into room that was made for another group needs it as well. */
static void
inherit(struct planner *pl, const char *site, struct dr_plan_step *s)
{
    for (size_t i = 0; i < pl->in->n_records; i++) {
        const struct dr_record *r = &pl->in->records[i].record;
        for (size_t k = 0; pl->in->records[i].present && k < r->n_away; k++) {
            bool known = !dr_streq(r->away[k].site, site);
            for (size_t o = 0; o < s->n_others; o++)
                known |= dr_streq(s->others[o].id, r->away[k].id);
            if (!known)
                dr_arena_push(pl->a, s->others, s->n_others) =
                    (struct dr_plan_vm){.id = r->away[k].id, .name = r->away[k].name, .away = true};
        }
    }
}

static void
make_room(struct planner *pl, const struct arrivals *x)
{
    struct dr_room room;
    const struct dr_engine_facts *e = dr_facts_engine(pl->in->facts, x->to);
    dr_room_for(pl->a, pl->in->model, pl->in->facts, x->from, x->to,
                e && e->fresh ? &e->inventory : NULL, x->vms, x->n_vms, &room);
    for (size_t i = 0; i < room.n_clusters; i++) {
        const struct dr_capacity *c = &room.clusters[i];
        const struct dr_plan_room r = {.site = x->to,
                                       .cluster = c->cluster,
                                       .text = room_text(pl, x->to, c, room.unknown),
                                       .vms = (int64_t)c->n_vms,
                                       .need = c->need,
                                       .room = c->room,
                                       .freed = c->freed,
                                       .enough = fits(c)};
        dr_arena_push(pl->a, pl->p->rooms, pl->p->n_rooms) = r;
        if (!r.enough)
            refuse(pl, x, r.text);
    }
    if (pl->in->goal->verb == DR_VERB_DRILL_PROMOTE) /* nothing is shut down for a drill */
        return;
    for (size_t i = 0; i < pl->p->n_steps; i++) {
        struct dr_plan_step *s = &pl->p->steps[i];
        if (s->kind != DR_STEP_STAGE || !dr_streq(s->site, x->to) || !s->n_vms)
            continue;
        inherit(pl, x->to, s);
        for (size_t k = 0; k < room.n_preempted; k++)
            dr_arena_push(pl->a, s->others, s->n_others) =
                (struct dr_plan_vm){.id = room.preempted[k]->id, .name = room.preempted[k]->name};
        if (room.n_preempted)
            s->text = dr_arena_printf(pl->a, "%s, after %zu other VM%s made room", s->text,
                                      room.n_preempted, room.n_preempted == 1 ? "" : "s");
    }
}

void
dr_planner_rooms(struct planner *pl)
{
    for (size_t i = 0; i < pl->n_arrivals; i++)
        make_room(pl, &pl->arrivals[i]);
}

/* ---- giving back ----------------------------------------------------------------------------- */

/* Does another group that is served at SITE, and stays there, need it to be away? */
static bool
needed_still(const struct dr_plan_input *in, const char *site, const char *vm)
{
    for (size_t i = 0; i < in->n_records; i++) {
        const struct dr_plan_record *r = &in->records[i];
        bool goes = false;
        for (size_t g = 0; g < in->goal->n_groups; g++)
            goes |= dr_streq(in->goal->groups[g], r->group);
        for (size_t k = 0;
             !goes && r->present && dr_streq(r->record.primary, site) && k < r->record.n_away; k++)
            if (dr_streq(r->record.away[k].site, site) && dr_streq(r->record.away[k].id, vm))
                return true;
    }
    return false;
}

bool
dr_planner_took_room(const struct dr_guard_case *c)
{
    const struct dr_record *r = &c->record->record;
    for (size_t i = 0; c->record->present && c->old && i < r->n_away; i++)
        if (dr_streq(r->away[i].site, c->old->site->name))
            return true;
    return false;
}

size_t
dr_planner_give_back(struct planner *pl, const struct dr_guard_case *c, struct dr_plan_vm **ret)
{
    const struct dr_record *r = &c->record->record;
    size_t n = 0;
    *ret = NULL;
    for (size_t i = 0; c->record->present && c->old && i < r->n_away; i++)
        if (dr_streq(r->away[i].site, c->old->site->name) &&
            !needed_still(pl->in, r->away[i].site, r->away[i].id))
            dr_arena_push(pl->a, *ret, n) =
                (struct dr_plan_vm){.id = r->away[i].id, .name = r->away[i].name};
    return n;
}
