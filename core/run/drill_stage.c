/*
 * The VMs of a drill, at the engine of its site: brought there apart from everything else, and
 * taken away to the last trace. What is whose is told by the WWIDs of the clone, which are in the
 * record before the engine hears of it.
 */
#include "run/stage_internal.h"

#include "plan/drill.h"

#include "base/str.h"

/* ---- coming ---------------------------------------------------------------------------------- */

static bool
noted(const struct dr_drill *d, const char *wwid)
{
    for (size_t i = 0; i < d->n_luns; i++)
        if (dr_streq(d->luns[i], wwid))
            return true;
    return false;
}

static int
note_luns(struct dr_step *s, struct dr_record *r, void *user, struct drstor_error **err)
{
    const struct dr_stage_group *want = user;
    bool added = false;
    int x = dr_record_still_ours(s, r, err);
    if (x < 0)
        return x;
    for (size_t i = 0; i < want->n_luns; i++)
        if (!noted(&r->drill, want->luns[i].wwid)) {
            dr_arena_push(s->arena, r->drill.luns, r->drill.n_luns) = want->luns[i].wwid;
            added = true;
        }
    dr_record_op(s, r);
    dr_record_rest(r);
    return added ? DRSTOR_OK : 1;
}

/* The LUNs of the clone, as its hosts see them: all of them do, under names that are told. */
static int
take_luns(struct dr_step *s, const struct dr_copy *clone, struct dr_stage_group *want,
          struct drstor_error **err)
{
    struct dr_copy_view view;
    struct dr_handover h;
    int r = dr_step_look_patiently(s, clone, &view, err);
    if (r < 0)
        return r;
    if (!dr_view_exposed_to_all(&view, clone))
        return dr_fail(err, DRSTOR_E_CONFLICT,
                       "clone %s is not shown to every host group of group %s", clone->id,
                       s->group->name);
    dr_handover_make(s->arena, s->group->name, s->target->site->name, &view,
                     dr_now_utc(s->run->s->env), &h);
    for (size_t i = 0; i < h.n_luns; i++)
        if (!h.luns[i].wwid)
            return dr_fail(err, DRSTOR_E_PROTOCOL,
                           "array %s does not say under which WWIDs hosts see clone %s",
                           s->target->array->name, clone->id);
    want->to = s->target->site->name;
    want->luns = h.luns;
    want->n_luns = h.n_luns;
    return DRSTOR_OK;
}

enum dr_step_end
dr_step_stage_drill(struct dr_step *s)
{
    struct joined me = {.step = s, .wish = WISH_COME};
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_record rec;
    bool before = false;
    int r = dr_store_load(s->run->s->store, s->arena, s->group->name, &rec, NULL, &err);
    if (r == DRSTOR_OK)
        r = dr_stage_expected(s, &me.want, &before, &err);
    if (r == DRSTOR_OK)
        r = dr_guests_found_before(s, &me.want, &err);
    if (r == DRSTOR_OK)
        r = take_luns(s, dr_drill_copy(s, rec.drill.name), &me.want, &err);
    if (r == DRSTOR_OK)
        r = dr_record_change(s, "drill", note_luns, &me.want, &err);
    if (r == DRSTOR_OK) /* who takes over has to know what is whose */
        r = dr_step_tell_standby(s, &err);
    if (r < 0)
        return dr_step_fail(
            s, r == DRSTOR_E_REFUSED ? DR_STEP_END_REFUSED : dr_step_end_of_status(r), &err);
    DR_FP("drill.noted");
    me.want.drill = *dr_model_quarantine(s->run->s->model, s->target->site->name);
    enum dr_step_end end = dr_stage_at_engine(&me, s->target);
    if (end == DR_STEP_END_FAILED)
        dr_hint(&s->err,
                "resume it when that is put right, or abort it; drstor drill clean %s then removes "
                "what is there",
                s->group->name);
    return end;
}

/* ---- going ----------------------------------------------------------------------------------- */

enum dr_step_end
dr_step_unstage(struct dr_step *s)
{
    struct joined me = {.step = s, .wish = WISH_REMOVED};
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_record rec;
    struct dr_rhv *rhv = NULL;
    struct dr_inventory now;
    int r = dr_store_load(s->run->s->store, s->arena, s->group->name, &rec, NULL, &err);
    if (r == DRSTOR_OK && !rec.drill.n_luns)
        return DR_STEP_END_DONE;
    if (r == DRSTOR_OK)
        r = dr_endpoints_engine(s->run->s->ends, s->target->site, &rhv, &err);
    if (r == DRSTOR_OK)
        r = dr_stage_look(s, rhv, &now, &err);
    if (r < 0)
        return dr_step_fail(s, dr_step_end_of_status(r), &err);
    dr_drill_at_engine(s->arena, s->run->s->model, &now, &rec.drill, s->group->name, &me.want);
    if (!me.want.n_domains)
        return DR_STEP_END_DONE;
    enum dr_step_end end = dr_stage_at_engine(&me, s->target);
    if (end == DR_STEP_END_FAILED)
        dr_hint(&s->err, "put that right at the engine of %s, then resume", s->target->site->name);
    return end;
}
