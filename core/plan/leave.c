/* VMs on their way down: who is asked now, and what becomes of one that does not listen. */
#include "plan/leave_internal.h"

#include "base/timetext.h"
#include "model/words.h"

#include <stdlib.h>

/*
 * Guests that shut down at the same moment share one storage; sixteen keep it busy. One that says
 * nothing for a minute is asked again: requests of the agent get lost while a guest boots.
 */
enum { GOING_DOWN = 16, TRIES_SHUTDOWN = 1000, TRIES_POWER_OFF = 6, WAVE_USUAL_S = 30 };
static const int64_t again_ns = 60 * INT64_C(1000000000);

static const char *const untils[] = {"unknown", "down", "detached", "removed"};
static const struct dr_names until_names = {"way out", untils, DR_COUNT(untils)};
static const struct dr_field group_fields[] = {
    DR_STRUCT(struct dr_leave_group, what, dr_stage_group_type),
    DR_ENUM(struct dr_leave_group, until, until_names), DR_BOOL(struct dr_leave_group, hurry),
    DR_STRS(struct dr_leave_group, restart)};
DR_TYPE(dr_leave_group_type, struct dr_leave_group, "leaving group", group_fields);

/* One VM that is not down, of the first group that has it. */
struct guest {
    const struct dr_leave_group *group;
    const struct dr_stage_vm *vm;
    const struct dr_inv_vm *have;
    const struct dr_stop_rule *rule;
    const struct dr_stage_try *asked;
    bool over; /* its limit */
};

/* The reverse of the start order. */
static int
later_first(const void *x, const void *y)
{
    const struct dr_stage_vm *a = x, *b = y;
    return dr_stage_vm_before(a, b) ? 1 : dr_stage_vm_before(b, a) ? -1 : 0;
}

static int
guest_later_first(const void *x, const void *y)
{
    const struct guest *a = x, *b = y;
    return later_first(a->vm, b->vm);
}

void
dr_leave_sort_vms(struct dr_stage_vm *vms, size_t n)
{
    if (n)
        qsort(vms, n, sizeof(*vms), later_first);
}

static const char *
named(const struct dr_stage_vm *vm)
{
    return vm->name ? vm->name : vm->id;
}

static bool
is_down(const struct dr_inv_vm *have)
{
    return !have || have->status == DR_VM_DOWN;
}

/* Nobody needs what its VMs would write when they shut down. */
static bool
gives_up(const struct dr_leave_group *g)
{
    return g->until == DR_LEAVE_REMOVED;
}

/* ---- who is not down ------------------------------------------------------------------------- */

static size_t
guests(struct leave *l, struct guest **ret)
{
    struct guest *list = NULL;
    struct dr_index listed = {0};
    size_t n = 0;
    for (size_t i = 0; i < l->n_groups; i++)
        for (size_t k = 0; k < l->groups[i].what.n_vms; k++) {
            const struct dr_stage_vm *vm = &l->groups[i].what.vms[k];
            const struct dr_inv_vm *have = dr_stage_vm_now(&l->s, vm->id);
            if (is_down(have) || dr_leave_dies_with_host(l, have) ||
                !dr_index_put(l->s.a, &listed, vm->id, n))
                continue;
            struct guest g = {.group = &l->groups[i],
                              .vm = vm,
                              .have = have,
                              .rule = dr_model_stop(l->s.m, named(vm))};
            g.asked = dr_stage_tried(&l->s, dr_stage_key_of(&l->s, DR_STAGE_SHUTDOWN, vm->id));
            g.over = gives_up(g.group) ||
                     (g.asked && g.asked->first_ns &&
                      l->s.progress->now_ns - g.asked->first_ns >= g.rule->limit_s * 1000000000);
            dr_arena_push(l->s.a, list, n) = g;
        }
    if (n)
        qsort(list, n, sizeof(*list), guest_later_first);
    *ret = list;
    return n;
}

static enum dr_stop_policy
policy_of(const struct guest *g)
{
    bool stays = g->rule->policy == DR_STOP_STOP || g->rule->policy == DR_STOP_LEAVE_OUT;
    if (gives_up(g->group))
        return DR_STOP_POWER_OFF;
    return stays && g->group->hurry ? DR_STOP_POWER_OFF : g->rule->policy;
}

/* ---- what cannot leave ----------------------------------------------------------------------- */

static bool
has_vm(const struct dr_leave_group *g, const char *id)
{
    for (size_t i = 0; i < g->what.n_vms; i++)
        if (dr_streq(g->what.vms[i].id, id))
            return true;
    return false;
}

static const char *
not_down_text(struct leave *l, const struct guest *g)
{
    return dr_arena_printf(l->s.a, "VM %s did not shut down within %s (it is %s%s%s)", named(g->vm),
                           dr_duration_text(l->s.a, g->rule->limit_s),
                           dr_name(&dr_vm_status_names, (int)g->have->status),
                           g->asked->trouble ? "; " : "",
                           g->asked->trouble ? g->asked->trouble : "");
}

/* Every group that has the VM stays: a VM is moved with all of its disks, or not at all. */
static void
stays(struct leave *l, const struct guest *g, const char *why)
{
    for (size_t i = 0; i < l->n_groups; i++)
        if (has_vm(&l->groups[i], g->vm->id))
            dr_stage_stuck(&l->s, l->groups[i].what.group, why);
}

static void
all_stay(struct leave *l, const struct guest *g)
{
    const char *why = dr_arena_printf(l->s.a, "%s, and then nothing is moved", not_down_text(l, g));
    for (size_t i = 0; i < l->n_groups; i++)
        if (l->groups[i].until == DR_LEAVE_DOWN || has_vm(&l->groups[i], g->vm->id))
            dr_stage_stuck(&l->s, l->groups[i].what.group, why);
}

static void
judge_guest(struct leave *l, const struct guest *g)
{
    const char *why = NULL;
    if (g->have->status == DR_VM_SUSPENDED && !gives_up(g->group))
        stays(l, g,
              dr_arena_printf(l->s.a,
                              "VM %s is suspended: what it has in memory would be lost; resume it, "
                              "or shut it down",
                              named(g->vm)));
    if (!g->over)
        return;
    switch (policy_of(g)) {
    case DR_STOP_POWER_OFF:
        if (dr_stage_turn_of(&l->s, dr_stage_key_of(&l->s, DR_STAGE_POWER_OFF, g->vm->id),
                             TRIES_POWER_OFF, &why) == TURN_NEVER)
            stays(l, g,
                  dr_arena_printf(l->s.a, "VM %s can neither be shut down nor switched off: %s",
                                  named(g->vm), why ? why : "it has no effect"));
        return;
    case DR_STOP_WAIT:
        l->s.out->patient = true;
        return;
    case DR_STOP_LEAVE_OUT:
        stays(l, g, dr_arena_printf(l->s.a, "%s, and then its group stays", not_down_text(l, g)));
        return;
    case DR_STOP_STOP:
    case DR_STOP_UNKNOWN:
        break;
    }
    all_stay(l, g);
}

/* A group that shares a VM with one that stays, stays too. */
static void
stay_together(struct leave *l)
{
    for (bool more = true; more;) {
        size_t before = l->s.out->n_stuck;
        for (size_t i = 0; i < l->n_groups; i++) {
            const struct dr_stage_group *g = &l->groups[i].what;
            for (size_t k = 0; dr_stage_is_stuck(&l->s, g->group) && k < g->n_vms; k++)
                for (size_t o = 0; o < l->n_groups; o++)
                    if (o != i && has_vm(&l->groups[o], g->vms[k].id))
                        dr_stage_stuck(&l->s, l->groups[o].what.group,
                                       dr_arena_printf(l->s.a,
                                                       "VM %s has disks on group %s too, which "
                                                       "stays",
                                                       named(&g->vms[k]), g->group));
        }
        more = l->s.out->n_stuck > before;
    }
}

/* ---- who is asked ---------------------------------------------------------------------------- */

static void
ask(struct leave *l, const struct guest *g, enum dr_stage_kind kind)
{
    struct dr_stage_action *x =
        dr_stage_act(&l->s, kind, g->group->what.group, dr_stage_key_of(&l->s, kind, g->vm->id));
    x->id = g->vm->id;
    x->name = g->vm->name;
    x->text = dr_arena_printf(
        l->s.a, kind == DR_STAGE_SHUTDOWN ? "shut VM %s down" : "switch VM %s off", named(g->vm));
}

static void
switch_off(struct leave *l, const struct guest *g)
{
    if (dr_stage_turn_of(&l->s, dr_stage_key_of(&l->s, DR_STAGE_POWER_OFF, g->vm->id),
                         TRIES_POWER_OFF, NULL) == TURN_NOW)
        ask(l, g, DR_STAGE_POWER_OFF);
}

/* A request that was taken is not repeated at once: a guest takes its time. */
static bool
asks_again(struct leave *l, const struct guest *g)
{
    if (!g->asked)
        return true;
    if (!g->asked->trouble && g->asked->attempts &&
        (g->have->status == DR_VM_POWERING_DOWN ||
         (g->asked->first_ns && l->s.progress->now_ns - g->asked->last_ns < again_ns)))
        return false;
    return dr_stage_turn_of(&l->s, g->asked->key, TRIES_SHUTDOWN, NULL) == TURN_NOW;
}

/* Does a tier that starts after TIER still have guests? */
static bool
needed(struct leave *l, const size_t *alive, int64_t tier)
{
    for (size_t t = 0; t <= l->s.m->n_start; t++)
        if (alive[t] && t != (size_t)tier &&
            dr_stage_tiers_before(l->s.a, l->s.m, (int64_t)t)[tier])
            return true;
    return false;
}

static void
ask_guests(struct leave *l, const struct guest *list, size_t n)
{
    size_t *alive = dr_arena_alloc(l->s.a, l->s.m->n_start + 1, sizeof(*alive)), going = 0;
    bool *held = dr_arena_alloc(l->s.a, l->s.m->n_start + 1, sizeof(*held));
    for (size_t i = 0; i < n; i++)
        if (!dr_stage_is_stuck(&l->s, list[i].group->what.group)) {
            alive[list[i].vm->tier]++;
            going += list[i].asked && list[i].asked->first_ns && !list[i].over;
        }
    for (size_t t = 0; t <= l->s.m->n_start; t++)
        held[t] = alive[t] && needed(l, alive, (int64_t)t);
    for (size_t i = 0; i < n; i++) {
        const struct guest *g = &list[i];
        bool waits = held[g->vm->tier] && !gives_up(g->group);
        if (dr_stage_is_stuck(&l->s, g->group->what.group) || waits)
            continue;
        if (g->over && policy_of(g) == DR_STOP_POWER_OFF) {
            switch_off(l, g);
        } else if (g->asked && g->asked->first_ns) {
            if (asks_again(l, g))
                ask(l, g, DR_STAGE_SHUTDOWN);
        } else if (going < GOING_DOWN) {
            if (asks_again(l, g))
                ask(l, g, DR_STAGE_SHUTDOWN);
            going++;
        }
    }
}

/* ---- how it stands --------------------------------------------------------------------------- */

static void
state_of(struct leave *l, const struct dr_leave_group *g, const struct dr_stage_vm *vm)
{
    const struct dr_inv_vm *have = dr_stage_vm_now(&l->s, vm->id);
    const struct dr_stage_try *off =
        dr_stage_tried(&l->s, dr_stage_key_of(&l->s, DR_STAGE_POWER_OFF, vm->id));
    const struct dr_stage_try *asked =
        dr_stage_tried(&l->s, dr_stage_key_of(&l->s, DR_STAGE_SHUTDOWN, vm->id));
    struct dr_stage_vm_state x = {
        .group = g->what.group, .id = vm->id, .name = vm->name, .state = "waiting"};
    if (is_down(have))
        x.state = off && off->attempts ? "powered-off" : "down";
    else if (dr_stage_is_stuck(&l->s, g->what.group))
        x.state = "failed";
    else if (off && off->first_ns)
        x.state = "powering-off";
    else if (asked && asked->first_ns)
        x.state = "shutting-down";
    if (!is_down(have) && asked)
        x.trouble = asked->trouble;
    dr_arena_push(l->s.a, l->s.out->vms, l->s.out->n_vms) = x;
}

/* LATER: but for those that go with their hosts. */
static bool
all_down(const struct leave *l, const struct dr_leave_group *g, bool later)
{
    for (size_t i = 0; i < g->what.n_vms; i++) {
        const struct dr_inv_vm *have = dr_stage_vm_now(&l->s, g->what.vms[i].id);
        if (!is_down(have) && !(later && dr_leave_dies_with_host(l, have)))
            return false;
    }
    return true;
}

static void
group_forward(struct leave *l, const struct dr_leave_group *g, bool may_stop)
{
    for (size_t i = 0; i < g->what.n_vms; i++)
        state_of(l, g, &g->what.vms[i]);
    if (dr_stage_is_stuck(&l->s, g->what.group) || !all_down(l, g, true))
        return;
    bool further = g->until == DR_LEAVE_DETACHED || gives_up(g), gone = further || !may_stop;
    if (gives_up(g) && (!dr_leave_hosts_forward(l, g) || !all_down(l, g, false)))
        return;
    for (size_t i = 0; further && i < g->what.n_domains; i++)
        gone &= dr_leave_domain_forward(l, g, &g->what.domains[i]);
    gone = gone && (!gives_up(g) || dr_leave_forget_vms(l, g));
    if (gone && !dr_stage_is_stuck(&l->s, g->what.group))
        dr_arena_push(l->s.a, l->s.out->done, l->s.out->n_done) = g->what.group;
}

void
dr_leave_expand(struct dr_arena *a, const struct dr_model *m, const struct dr_inventory *now,
                const struct dr_leave_group *groups, size_t n_groups,
                const struct dr_stage_progress *progress, struct dr_stage_result *ret)
{
    struct leave l = {.groups = dr_leave_learn(a, m, now, groups, n_groups), .n_groups = n_groups};
    struct guest *list = NULL;
    dr_stage_begin(&l.s, a, m, now, progress, ret);
    size_t n = guests(&l, &list);
    for (size_t i = 0; i < n; i++)
        judge_guest(&l, &list[i]);
    stay_together(&l);
    ask_guests(&l, list, n);
    bool may_stop = false;
    for (size_t i = 0; i < n; i++)
        may_stop |= policy_of(&list[i]) == DR_STOP_STOP &&
                    !dr_stage_is_stuck(&l.s, list[i].group->what.group);
    for (size_t i = 0; i < n_groups; i++)
        group_forward(&l, &l.groups[i], may_stop);
}

/* ---- how long -------------------------------------------------------------------------------- */

/* Tiers one after the other, in each as many as go down beside each other. */
static int64_t
over_tiers(struct dr_arena *a, const struct dr_model *m, const struct dr_stage_vm *vms, size_t n,
           bool most)
{
    size_t *count = dr_arena_alloc(a, m->n_start + 1, sizeof(*count));
    int64_t *limit = dr_arena_alloc(a, m->n_start + 1, sizeof(*limit)), sum = 0;
    for (size_t i = 0; i < n; i++) {
        const struct dr_stop_rule *rule = dr_model_stop(m, named(&vms[i]));
        if (!vms[i].start)
            continue;
        if (most && rule->policy == DR_STOP_WAIT)
            return -1;
        count[vms[i].tier]++;
        if (rule->limit_s > limit[vms[i].tier])
            limit[vms[i].tier] = rule->limit_s;
    }
    for (size_t t = 0; t <= m->n_start; t++)
        sum += (int64_t)((count[t] + GOING_DOWN - 1) / GOING_DOWN) *
               (most || limit[t] < WAVE_USUAL_S ? limit[t] : WAVE_USUAL_S);
    return sum;
}

int64_t
dr_leave_most_s(struct dr_arena *a, const struct dr_model *m, const struct dr_stage_vm *vms,
                size_t n)
{
    return over_tiers(a, m, vms, n, true);
}

int64_t
dr_leave_usual_s(struct dr_arena *a, const struct dr_model *m, const struct dr_stage_vm *vms,
                 size_t n)
{
    return over_tiers(a, m, vms, n, false);
}
