/*
 * What a group wants from an engine, as steps of a run: domains and VMs at the target, and before
 * that none of them at the old site. All groups of a run share one stage per engine, as they share
 * the engine, its data centres and their order.
 */
#include "run/stage_internal.h"

#include "plan/hook.h"

#include "base/str.h"

static void
stage_free(struct stage *st)
{
    dr_mailbox_free(st->box);
    dr_look_forget(st);
    dr_arena_free(st->arena);
    free(st);
}

void
dr_stage_free(struct stage *st)
{
    while (st) {
        struct stage *next = st->next;
        dr_stage_quiet(st);
        stage_free(st);
        st = next;
    }
}

struct stage *
dr_stage_of(struct dr_run *run, const char *site)
{
    pthread_mutex_lock(&run->lock);
    struct stage *st = run->stages;
    while (st && !dr_streq(st->site, site))
        st = st->next;
    if (!st) {
        st = dr_new0(struct stage);
        st->site = site;
        st->run = run;
        st->box = dr_mailbox_new(run->s->env);
        st->arena = dr_arena_new();
        st->next = run->stages;
        run->stages = st;
    }
    pthread_mutex_unlock(&run->lock);
    return st;
}

enum dr_step_end
dr_stage_at_engine(struct joined *g, const struct dr_copy *at)
{
    struct dr_step *s = g->step;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_rhv *rhv = NULL;
    int r = dr_endpoints_engine(s->run->s->ends, at->site, &rhv, &err);
    if (r == DRSTOR_OK)
        r = dr_stage_join(dr_stage_of(s->run, at->site->name), rhv, g, 1, &err);
    return r < 0 ? dr_step_fail(s, dr_step_end_of_status(r), &err) : dr_stage_ended(g);
}

/* ---- coming ---------------------------------------------------------------------------------- */

int
dr_stage_expected(struct dr_step *s, struct dr_stage_group *ret, bool *ret_noted,
                  struct drstor_error **err)
{
    struct dr_run *run = s->run;
    struct dr_guests ran;
    int r = dr_guests_load(run->s->store, s->arena, run->id, s->group->name, &ran, err);
    if (r < 0)
        return r;
    *ret_noted = ran.there;
    if (ran.there) {
        *ret = ran.what;
        return DRSTOR_OK;
    }
    pthread_mutex_lock(&run->lock);
    /* Without a record nobody knows where what it holds was configured: names of the other site are
     * mapped, those of this one stay. */
    bool own = s->flip->operation == DR_OPERATION_SERVE && !s->flip->adopt;
    dr_stage_expect(run->arena, run->s->model, &run->facts, s->group, own ? s->target : s->old,
                    ret);
    pthread_mutex_unlock(&run->lock);
    /* Facts read after the fence no longer know what ran; the plan does. */
    for (size_t i = 0; i < ret->n_vms; i++)
        for (size_t k = 0; k < s->plan->n_vms; k++)
            ret->vms[i].start |= dr_streq(ret->vms[i].name, s->plan->vms[k]);
    return DRSTOR_OK;
}

static int
want(struct dr_step *s, struct dr_stage_group *ret, bool *ret_noted, struct drstor_error **err)
{
    struct dr_copy_view view;
    struct dr_handover h;
    int r = dr_stage_expected(s, ret, ret_noted, err);
    if (r == DRSTOR_OK)
        r = dr_guests_found_before(s, ret, err);
    if (r == DRSTOR_OK)
        r = dr_step_look_patiently(s, s->target, &view, err);
    if (r < 0)
        return r;
    dr_handover_make(s->arena, s->group->name, s->target->site->name, &view,
                     dr_now_utc(s->run->s->env), &h);
    ret->others = NULL;
    ret->n_others = 0;
    for (size_t i = 0; i < s->plan->n_others; i++)
        dr_arena_push(s->arena, ret->others, ret->n_others) = s->plan->others[i];
    ret->hooks = dr_hook_of_operation(s->flip->operation);
    ret->to = s->target->site->name;
    ret->luns = h.luns;
    ret->n_luns = h.n_luns;
    return DRSTOR_OK;
}

enum dr_step_end
dr_step_stage(struct dr_step *s)
{
    if (s->flip->operation == DR_OPERATION_DRILL_PROMOTE)
        return dr_step_stage_drill(s);
    struct joined me = {.step = s, .wish = WISH_COME};
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    bool noted = false;
    int r = want(s, &me.want, &noted, &err);
    if (r == DRSTOR_OK)
        r = dr_room_inherit(s, &err);
    if (r < 0)
        return dr_step_fail(s, dr_step_end_of_status(r), &err);
    enum dr_step_end end = dr_stage_at_engine(&me, s->target);
    if (end == DR_STEP_END_DONE && noted)
        r = dr_guests_put(s, &me.want, true, &err);
    return r < 0 ? dr_step_fail(s, dr_step_end_of_status(r), &err) : end;
}

/* ---- going ----------------------------------------------------------------------------------- */

enum dr_step_end
dr_step_drain(struct dr_step *s)
{
    struct joined me = {.step = s, .wish = WISH_DOWN};
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    int r = dr_guests_begin(s, &me.want, &err);
    if (r < 0)
        return dr_step_fail(s, dr_step_end_of_status(r), &err);
    enum dr_step_end end = dr_stage_at_engine(&me, s->old);
    if (end != DR_STEP_END_REFUSED)
        return end;
    dr_hint(&s->err,
            "see to the VM, or say in the configuration what becomes of it (rhv.stop), then begin "
            "anew");
    r = dr_guests_put(s, &me.want, true, &err);
    return r < 0 ? dr_step_fail(s, dr_step_end_of_status(r), &err) : end;
}

enum dr_step_end
dr_step_release(struct dr_step *s)
{
    struct joined me = {.step = s, .wish = WISH_DETACHED};
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    int r = dr_guests_begin(s, &me.want, &err);
    if (r < 0)
        return dr_step_fail(s, dr_step_end_of_status(r), &err);
    enum dr_step_end end = dr_stage_at_engine(&me, s->old);
    if (end == DR_STEP_END_FAILED)
        dr_hint(&s->err,
                "resume it when that is put right, or abort it: then the domains are "
                "attached and the VMs started at %s again",
                s->old->site->name);
    return end;
}

/* ---- and back -------------------------------------------------------------------------------- */

int
dr_stage_return(struct dr_run *run, struct dr_step *const *steps, size_t n,
                struct drstor_error **err)
{
    if (!n)
        return DRSTOR_OK;
    struct joined *g = dr_arena_alloc(run->arena, n, sizeof(*g));
    const struct dr_site *site = steps[0]->old->site;
    struct dr_rhv *rhv = NULL;
    int r = dr_endpoints_engine(run->s->ends, site, &rhv, err);
    for (size_t i = 0; r == DRSTOR_OK && i < n; i++) {
        struct dr_guests ran;
        r = dr_guests_load(run->s->store, run->arena, run->id, steps[i]->group->name, &ran, err);
        g[i] = (struct joined){.step = steps[i], .wish = WISH_COME, .want = ran.what};
        g[i].want.to = site->name;
        g[i].want.hooks = false;
        g[i].want.n_others = 0;
    }
    if (r == DRSTOR_OK)
        r = dr_stage_join(dr_stage_of(run, site->name), rhv, g, n, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++) {
        enum dr_step_end end = dr_stage_ended(&g[i]);
        if (end == DR_STEP_END_DONE && r == DRSTOR_OK)
            r = dr_guests_put(steps[i], &g[i].want, true, err);
        if (end != DR_STEP_END_DONE && r == DRSTOR_OK) {
            r = dr_error_status(steps[i]->err);
            dr_error_move(err, &steps[i]->err);
        }
    }
    return r;
}
