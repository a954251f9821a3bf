/*
 * A drill: a clone beside the copy. The relation, the role and the record's primary stay (S11). The
 * clone carries the same identities as the original, and a host that sees both may use either: it
 * is shown to hosts only where its VMs shall run, and the original is not shown.
 */
#include "run/internal.h"

#include "plan/drill.h"

#include "base/str.h"

const struct dr_copy *
dr_drill_copy(struct dr_step *s, const char *name)
{
    struct dr_copy *c = dr_arena_alloc(s->arena, 1, sizeof(*c));
    *c = *s->target;
    c->id = name;
    return c;
}

/* The name is in the record before the clone exists: whatever happens, it can be found again. */
static int
name_drill(struct dr_step *s, struct dr_record *r, void *user, struct drstor_error **err)
{
    const char **name = user;
    int x = dr_record_still_ours(s, r, err);
    if (x < 0)
        return x;
    if (r->drill.name) {
        *name = dr_arena_str(s->arena, r->drill.name);
        return dr_streq(r->drill.run, s->run->id)
                   ? 1
                   : dr_refuse(err, "R041", "a drill of group %s is under way (clone %s)",
                               s->group->name, *name);
    }
    *name = dr_arena_printf(s->arena, "drstor-drill-%s-%s", s->run->id, s->group->name);
    r->drill = (struct dr_drill){.name = *name,
                                 .site = s->target->site->name,
                                 .run = s->run->id,
                                 .by = s->run->consent.by,
                                 .point = s->flip->point,
                                 .shown = dr_drill_with_vms(&s->run->plan.goal, s->target),
                                 .started = dr_now_utc(s->run->s->env)};
    dr_record_op(s, r);
    dr_record_rest(r);
    return DRSTOR_OK;
}

int
dr_drill_there(struct dr_step *s, const char *name, struct drstor_error **err)
{
    struct dr_copy_view view;
    int r = dr_step_look_patiently(s, dr_drill_copy(s, name), &view, err);
    if (r == DRSTOR_E_NOTFOUND)
        dr_error_freep(err);
    return r == DRSTOR_E_NOTFOUND ? 0 : r < 0 ? r : view.n_members > 0;
}

static int
cloned(struct dr_step *s, const struct dr_drive *d, const struct dr_copy_view *v,
       struct drstor_error **err)
{
    (void)err;
    return v->n_members > 0 && dr_view_access_is(v, DRSTOR_ACCESS_READ_WRITE) &&
           (!dr_drill_with_vms(&s->run->plan.goal, s->target) || dr_view_exposed_to_all(v, d->at));
}

static int
clone_call(struct dr_step *s, const struct dr_drive *d, const struct dr_copy_view *v,
           struct dr_call *call, const struct dr_copy **to, struct drstor_error **err)
{
    struct dr_point point;
    (void)v;
    call->operation = DR_ARRAY_OP_TEST_START;
    call->group = s->target->id;
    call->name = d->at->id; /* the same name is the same wish */
    call->op = dr_arena_printf(s->arena, "%s/%s", s->run->id, s->plan->id);
    call->planned = true;
    call->epoch = (uint64_t)s->flip->epoch;
    call->point = s->flip->point;
    if (dr_drill_with_vms(&s->run->plan.goal, s->target) || DR_CANARY("drill-shown")) {
        call->host_groups = s->target->expose;
        call->n_host_groups = s->target->n_expose;
    }
    *to = s->target;
    return call->point ? dr_step_point_planned(s, &point, err) : DRSTOR_OK;
}

enum dr_step_end
dr_step_clone(struct dr_step *s)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    const char *name = NULL;
    int r = dr_record_change(s, "drill", name_drill, &name, &err);
    if (r < 0)
        return dr_step_fail(
            s, r == DRSTOR_E_REFUSED ? DR_STEP_END_REFUSED : dr_step_end_of_status(r), &err);
    DR_FP("drill.named");
    if (DR_CANARY("drill-pauses") && dr_step_pause(s) != DR_STEP_END_DONE)
        return DR_STEP_END_FAILED;
    const struct dr_drive drive = {.at = dr_drill_copy(s, name),
                                   .wanted = "there, writable, and shown as it should be",
                                   .holds = cloned,
                                   .prepare = clone_call,
                                   .may_be_absent = true};
    return dr_step_drive(s, &drive);
}

static int
record_of(struct dr_step *s, struct dr_record *ret, struct drstor_error **err)
{
    return dr_store_load(s->run->s->store, s->arena, s->group->name, ret, NULL, err);
}

enum dr_step_end
dr_step_rehearse(struct dr_step *s)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_copy_view view;
    struct dr_record rec;
    int r = record_of(s, &rec, &err);
    if (r == DRSTOR_OK && !rec.drill.name)
        r = dr_refuse(&err, "R042", "there is no drill of group %s", s->group->name);
    if (r == DRSTOR_OK)
        r = dr_step_look_patiently(s, dr_drill_copy(s, rec.drill.name), &view, &err);
    if (r < 0)
        return dr_step_fail(
            s, r == DRSTOR_E_REFUSED ? DR_STEP_END_REFUSED : dr_step_end_of_status(r), &err);
    struct dr_handover h;
    dr_handover_make(s->arena, s->group->name, s->target->site->name, &view,
                     dr_now_utc(s->run->s->env), &h);
    r = dr_step_keep(s, "read", dr_map_write(&dr_handover_type, &h), &err);
    return r < 0 ? dr_step_fail(s, dr_step_end_of_status(r), &err) : DR_STEP_END_DONE;
}

static int
gone(struct dr_step *s, const struct dr_drive *d, const struct dr_copy_view *v,
     struct drstor_error **err)
{
    (void)s;
    (void)d;
    (void)err;
    return v->n_members == 0;
}

static int
unclone_call(struct dr_step *s, const struct dr_drive *d, const struct dr_copy_view *v,
             struct dr_call *call, const struct dr_copy **to, struct drstor_error **err)
{
    (void)v;
    (void)err;
    call->operation = DR_ARRAY_OP_TEST_STOP;
    call->group = s->target->id;
    call->name = d->at->id;
    call->op = dr_arena_printf(s->arena, "%s/%s", s->run->id, s->plan->id);
    call->planned = true;
    call->epoch = (uint64_t)s->flip->epoch + (s->flip->operation != DR_OPERATION_DRILL_CLEAN);
    *to = s->target;
    return DRSTOR_OK;
}

enum dr_step_end
dr_step_unclone(struct dr_step *s)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_record rec;
    int r = record_of(s, &rec, &err);
    if (r < 0)
        return dr_step_fail(s, dr_step_end_of_status(r), &err);
    if (!rec.drill.name)
        return DR_STEP_END_DONE;
    const struct dr_drive drive = {.at = dr_drill_copy(s, rec.drill.name),
                                   .wanted = "gone",
                                   .holds = gone,
                                   .prepare = unclone_call,
                                   .may_be_absent = true};
    return dr_step_drive(s, &drive);
}
