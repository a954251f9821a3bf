/*
 * VMs of nobody's group that are shut down so that those of a group have room. Which they are is in
 * the group's record before the first is asked, so that whoever moves the group away again, in
 * whatever run, starts them.
 */
#include "run/stage_internal.h"

#include "base/str.h"

#include <stdio.h>

static bool
noted(const struct dr_record *r, const char *site, const char *id)
{
    for (size_t i = 0; i < r->n_away; i++)
        if (dr_streq(r->away[i].site, site) && dr_streq(r->away[i].id, id))
            return true;
    return false;
}

static int
note(struct dr_step *s, struct dr_record *r, void *user, struct drstor_error **err)
{
    const struct dr_stage_action *x = user;
    const char *site = s->target->site->name;
    if (!dr_streq(r->primary, site) || !dr_streq(r->op.id, s->run->id))
        return dr_refuse(err, "R061",
                         "the record of group %s has moved on: %s is shut down for nobody",
                         s->group->name, x->name ? x->name : x->id);
    if (noted(r, site, x->id))
        return 1;
    dr_arena_push(s->arena, r->away, r->n_away) =
        (struct dr_away){.site = site, .id = x->id, .name = x->name};
    return DRSTOR_OK;
}

/* Did another group of this run have it shut down, in whatever process? */
static int
made_for_others(struct dr_step *s, const char *id, bool *ret, struct drstor_error **err)
{
    const struct dr_plan *p = &s->run->plan;
    int r = DRSTOR_OK;
    *ret = false;
    for (size_t i = 0; r == DRSTOR_OK && !*ret && i < p->n_flips; i++) {
        struct dr_record other;
        if (dr_streq(p->flips[i].name, s->group->name))
            continue;
        r = dr_store_load(s->run->s->store, s->arena, p->flips[i].name, &other, NULL, err);
        *ret = r == DRSTOR_OK && noted(&other, s->target->site->name, id);
    }
    return r;
}

int
dr_room_inherit(struct dr_step *s, struct drstor_error **err)
{
    int r = DRSTOR_OK;
    for (size_t i = 0; r == DRSTOR_OK && i < s->plan->n_others; i++) {
        const struct dr_plan_vm *vm = &s->plan->others[i];
        struct dr_stage_action x = {.id = vm->id, .name = vm->name};
        bool made = vm->away;
        if (!made)
            r = made_for_others(s, vm->id, &made, err);
        if (r == DRSTOR_OK && made)
            r = dr_record_change(s, "others made room", note, &x, err);
    }
    return r;
}

/* Is it asked now, or was it by this run? */
static bool
asked(const struct stage *st, const struct dr_stage_result *now, const char *id)
{
    for (size_t i = 0; i < now->n_actions; i++)
        if (now->actions[i].kind == DR_STAGE_SHUTDOWN && dr_streq(now->actions[i].id, id))
            return true;
    char key[128];
    (void)snprintf(key, sizeof(key), "shutdown %s", id);
    return dr_index_at(&st->tries, key) != DR_INDEX_NONE;
}

int
dr_room_note(struct stage *st, struct joined *g, const struct dr_stage_result *now,
             struct drstor_error **err)
{
    int r = DRSTOR_OK;
    for (size_t i = 0; r == DRSTOR_OK && i < g->want.n_others; i++) {
        struct dr_plan_vm *vm = &g->want.others[i];
        struct dr_stage_action x = {.id = vm->id, .name = vm->name};
        if (vm->away || !asked(st, now, vm->id))
            continue;
        r = dr_record_change(g->step, "others make room", note, &x, err);
        vm->away = r == DRSTOR_OK;
    }
    return r;
}

/* Also those that stay down: who still needs their room has them in a record of its own. */
static int
given_back(struct dr_step *s, struct dr_record *r, void *user, struct drstor_error **err)
{
    size_t left = 0, n = r->n_away;
    (void)user;
    (void)err;
    for (size_t i = 0; i < n; i++)
        if (!dr_streq(r->away[i].site, s->old->site->name))
            r->away[left++] = r->away[i];
    r->n_away = left;
    return left == n ? 1 : DRSTOR_OK;
}

enum dr_step_end
dr_step_give_back(struct dr_step *s)
{
    const char *site = s->old->site->name;
    struct joined me = {.step = s, .wish = WISH_COME};
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    dr_map_clear(&dr_stage_group_type, &me.want);
    me.want.group = s->group->name;
    me.want.from = me.want.to = site;
    me.want.give_back = me.want.known = me.want.exact = true;
    for (size_t i = 0; i < s->plan->n_others; i++)
        dr_arena_push(s->arena, me.want.vms, me.want.n_vms) =
            (struct dr_stage_vm){.id = s->plan->others[i].id,
                                 .name = s->plan->others[i].name,
                                 .tier = dr_stage_tier(s->run->s->model, s->plan->others[i].name),
                                 .start = true};
    enum dr_step_end end = me.want.n_vms ? dr_stage_at_engine(&me, s->old) : DR_STEP_END_DONE;
    if (end != DR_STEP_END_DONE)
        return end;
    int r = dr_record_change(s, "room is given back", given_back, NULL, &err);
    return r < 0 ? dr_step_fail(s, dr_step_end_of_status(r), &err) : end;
}
