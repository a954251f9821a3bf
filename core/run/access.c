#include "run/internal.h"

static int
has_access(struct dr_step *s, const struct dr_drive *d, const struct dr_copy_view *v,
           struct drstor_error **err)
{
    (void)s;
    (void)err;
    return dr_view_access_is(v, d->access);
}

static int
set_access(struct dr_step *s, const struct dr_drive *d, const struct dr_copy_view *v,
           struct dr_call *call, const struct dr_copy **to, struct drstor_error **err)
{
    struct dr_record rec;
    (void)to;
    (void)v;
    int r = dr_store_load(s->run->s->store, s->arena, s->group->name, &rec, NULL, err);
    if (r < 0)
        return r;
    call->operation = DR_ARRAY_OP_SET_ACCESS;
    call->access_wanted = d->access;
    call->planned = d->planned;
    call->epoch = (uint64_t)rec.epoch;
    /* What proves that the other side cannot write goes along; the array may look at it. */
    call->n_evidence = dr_call_evidence(s->arena, &rec, &call->evidence);
    return DRSTOR_OK;
}

enum dr_step_end
dr_step_set_access(struct dr_step *s, const struct dr_copy *copy, enum drstor_access wanted,
                   bool planned)
{
    const struct dr_drive drive = {.at = copy,
                                   .wanted = wanted == DRSTOR_ACCESS_READ_WRITE ? "read-write"
                                                                                : "read-only",
                                   .holds = has_access,
                                   .prepare = set_access,
                                   .access = wanted,
                                   .planned = planned};
    return dr_step_drive(s, &drive);
}

enum dr_step_end
dr_step_demote(struct dr_step *s)
{
    return dr_step_set_access(s, s->old, DRSTOR_ACCESS_READ_ONLY, true);
}

enum dr_step_end
dr_step_promote(struct dr_step *s)
{
    return dr_step_set_access(s, s->target, DRSTOR_ACCESS_READ_WRITE, !s->run->plan.goal.unplanned);
}
