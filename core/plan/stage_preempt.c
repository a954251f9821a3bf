/* Room for the VMs of a group: others are shut down first, and started again when it has left. */
#include "plan/stage_internal.h"

#include "base/str.h"

enum { TRIES_SHUTDOWN = 1000, TRIES_POWER_OFF = 6 };
static const int64_t again_ns = 60 * INT64_C(1000000000);

static void
ask(struct stage *s, const struct dr_stage_group *g, const struct dr_plan_vm *vm,
    enum dr_stage_kind kind)
{
    const char *key = dr_stage_key_of(s, kind, vm->id);
    if (dr_stage_turn_of(s, key, kind == DR_STAGE_SHUTDOWN ? TRIES_SHUTDOWN : TRIES_POWER_OFF,
                         NULL) != TURN_NOW)
        return;
    struct dr_stage_action *x = dr_stage_act(s, kind, g->group, key);
    x->id = vm->id;
    x->name = vm->name;
    x->text = dr_arena_printf(s->a,
                              kind == DR_STAGE_SHUTDOWN ? "shut VM %s down to make room for %s"
                                                        : "switch VM %s off to make room for %s",
                              vm->name ? vm->name : vm->id, g->group);
}

/* Of a group that comes, whatever the plan knew: its VMs are nobody's to give up. */
static bool
is_ours(const struct dr_stage_group *groups, size_t n, const struct dr_inv_vm *have)
{
    for (size_t g = 0; g < n; g++)
        for (size_t i = 0; i < have->n_domains; i++)
            if (dr_stage_domain_of_group(&groups[g], have->domains[i]))
                return true;
    return have->n_domains == 0;
}

/*
 * True: VM is down, or is not waited for any more. One that does not listen is switched off where
 * its rule says so; otherwise it stays, and the engine may find room all the same.
 */
static bool
makes_room(struct stage *s, const struct dr_stage_group *groups, size_t n_groups,
           const struct dr_stage_group *g, const struct dr_plan_vm *vm)
{
    const struct dr_inv_vm *have = dr_stage_vm_now(s, vm->id);
    if (!have || !dr_vm_may_run(have->status) || is_ours(groups, n_groups, have))
        return true;
    const struct dr_stop_rule *rule = dr_model_stop(s->m, vm->name ? vm->name : "");
    const struct dr_stage_try *asked =
        dr_stage_tried(s, dr_stage_key_of(s, DR_STAGE_SHUTDOWN, vm->id));
    bool over = asked && asked->first_ns &&
                s->progress->now_ns - asked->first_ns >= rule->limit_s * 1000000000;
    if (over && rule->policy == DR_STOP_POWER_OFF) {
        const char *key = dr_stage_key_of(s, DR_STAGE_POWER_OFF, vm->id);
        bool never = dr_stage_turn_of(s, key, TRIES_POWER_OFF, NULL) == TURN_NEVER;
        ask(s, g, vm, DR_STAGE_POWER_OFF);
        return never;
    }
    if (over && rule->policy != DR_STOP_WAIT)
        return true;
    if (!asked || asked->trouble || s->progress->now_ns - asked->last_ns >= again_ns)
        ask(s, g, vm, DR_STAGE_SHUTDOWN);
    return false;
}

bool
dr_stage_room_made(struct stage *s, const struct dr_stage_group *groups, size_t n_groups,
                   const struct dr_stage_group *g)
{
    bool made = true;
    for (size_t i = 0; i < g->n_others; i++)
        made &= makes_room(s, groups, n_groups, g, &g->others[i]);
    return made;
}

void
dr_stage_give_back(struct stage *s, struct dr_stage_group *groups, size_t n_groups,
                   struct dr_stage_group *g)
{
    size_t settled = 0;
    for (size_t i = 0; i < g->n_vms; i++) {
        struct dr_stage_vm *vm = &g->vms[i];
        const struct dr_inv_vm *have = dr_stage_vm_now(s, vm->id);
        if (!have) { /* somebody removed it: nothing is owed any more */
            settled++;
            continue;
        }
        vm->domains = have->domains;
        vm->n_domains = have->n_domains;
        dr_stage_vm_start(s, groups, n_groups, g, vm, have);
        settled += dr_streq(s->out->vms[s->out->n_vms - 1].state, "up");
    }
    if (settled == g->n_vms && !dr_stage_is_stuck(s, g->group))
        dr_arena_push(s->a, s->out->done, s->out->n_done) = g->group;
}
