#include "run/internal.h"

/* Every member the record knows, and every one the array shows (S4). */
static int
has_access(struct dr_step *s, const struct dr_drive *d, const struct dr_copy_view *v,
           struct drstor_error **err)
{
    struct dr_record rec;
    int r = dr_store_load(s->run->s->store, s->arena, s->group->name, &rec, NULL, err);
    if (r < 0)
        return r;
    return v->n_members >= rec.n_members && dr_view_access_is(v, d->access);
}

static int
set_access(struct dr_step *s, const struct dr_drive *d, const struct dr_copy_view *v,
           struct dr_call *call, const struct dr_copy **to, struct drstor_error **err)
{
    struct dr_record rec;
    (void)to;
    int r = dr_store_load(s->run->s->store, s->arena, s->group->name, &rec, NULL, err);
    if (r < 0)
        return r;
    call->operation = DR_ARRAY_OP_SET_ACCESS;
    /* A leg of an active-active pair has no role to be given: it goes on alone, or it is out. */
    if (v->relation == DRSTOR_RELATION_MUTUAL && d->access == DRSTOR_ACCESS_READ_WRITE) {
        if (v->leg == DRSTOR_LEG_DETACHED)
            return dr_refuse(err, "R039", "the leg of group %s at %s is out: it is not forced",
                             s->group->name, d->at->site->name);
        call->operation = DR_ARRAY_OP_FORCE_ACCESS;
    }
    call->access_wanted = d->access;
    call->planned = d->planned;
    call->epoch = (uint64_t)rec.epoch;
    /* What proves that the other side cannot write goes along; the array may look at it. */
    call->n_evidence = dr_call_evidence(s->arena, &rec, &call->evidence);
    return dr_point_due(s, d->at, v, &rec, call, err);
}

enum dr_step_end
dr_step_set_access(struct dr_step *s, const struct dr_copy *copy, enum drstor_access wanted,
                   bool planned, bool always)
{
    const struct dr_drive drive = {.at = copy,
                                   .wanted = wanted == DRSTOR_ACCESS_READ_WRITE ? "read-write"
                                                                                : "read-only",
                                   .holds = has_access,
                                   .prepare = set_access,
                                   .access = wanted,
                                   .planned = planned,
                                   .always = always};
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    enum dr_step_end end = dr_step_drive(s, &drive);
    int r = end == DR_STEP_END_DONE && wanted == DRSTOR_ACCESS_READ_WRITE
                ? dr_point_reached(s, copy, &err)
                : DRSTOR_OK;
    return r < 0 ? dr_step_fail(s, dr_step_end_of_status(r), &err) : end;
}

/* A planned move that has to go on without the old site can show what it saw there (--within). */
static int
keep_proof(struct dr_step *s, struct dr_record *r, void *user, struct drstor_error **err)
{
    struct dr_evidence *e = user;
    int x = dr_record_still_ours(s, r, err);
    if (x < 0)
        return x;
    r->phase = DR_PHASE_FENCING;
    r->target = s->target->site->name;
    dr_record_op(s, r);
    r->evidence = e;
    r->n_evidence = 1;
    return DRSTOR_OK;
}

enum dr_step_end
dr_step_demote(struct dr_step *s)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_evidence e;
    if (DR_CANARY("no-fence"))
        return DR_STEP_END_DONE;
    enum dr_step_end end = dr_step_set_access(s, s->old, DRSTOR_ACCESS_READ_ONLY, true, true);
    if (end != DR_STEP_END_DONE || s->flip->operation != DR_OPERATION_SWITCHOVER)
        return end;
    dr_step_read_back(s, "demoted by this run, every member read back", &e);
    int r = dr_record_change(s, "demoted", keep_proof, &e, &err);
    return r < 0 ? dr_step_fail(
                       s, r == DRSTOR_E_REFUSED ? DR_STEP_END_REFUSED : dr_step_end_of_status(r),
                       &err)
                 : DR_STEP_END_DONE;
}

/*
 * With the old side at hand it takes part; when it is gone, what proves that goes along. So it does
 * when a primary serves again over a copy that was left behind: what that one has more was weighed
 * when it was left, and an array that saw it taking part would ask for it first.
 */
enum dr_step_end
dr_step_promote(struct dr_step *s)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_record rec;
    int r = dr_store_load(s->run->s->store, s->arena, s->group->name, &rec, NULL, &err);
    if (r < 0)
        return dr_step_fail(s, dr_step_end_of_status(r), &err);
    bool planned =
        s->flip->operation == DR_OPERATION_SWITCHOVER ||
        (s->flip->operation == DR_OPERATION_SERVE && rec.n_evidence &&
         rec.evidence[0].kind == DRSTOR_EVIDENCE_E1_READ_BACK && rec.old_copy == DR_OLD_COPY_NONE);
    return dr_step_set_access(s, s->target, DRSTOR_ACCESS_READ_WRITE, planned, false);
}

/* ---- the epoch, where the array can keep it -------------------------------------------------- */

static int
tagged(struct dr_step *s, const struct dr_drive *d, const struct dr_copy_view *v,
       struct drstor_error **err)
{
    (void)err;
    return v->epoch < 0 ? *d->done : v->epoch >= s->flip->epoch + 1;
}

static int
tag(struct dr_step *s, const struct dr_drive *d, const struct dr_copy_view *v, struct dr_call *call,
    const struct dr_copy **to, struct drstor_error **err)
{
    (void)d;
    (void)v;
    (void)to;
    (void)err;
    call->operation = DR_ARRAY_OP_TAG;
    call->planned = s->flip->operation == DR_OPERATION_SWITCHOVER;
    call->epoch = (uint64_t)s->flip->epoch + 1;
    return DRSTOR_OK;
}

enum dr_step_end
dr_step_tag(struct dr_step *s)
{
    bool done = false;
    const struct dr_drive drive = {
        .at = s->target, .wanted = "tagged", .holds = tagged, .prepare = tag, .done = &done};
    return dr_step_drive(s, &drive);
}
