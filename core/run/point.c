/*
 * Going back to a recovery point. The commit of a promotion from one writes down that its primary
 * owes that; whoever makes the copy writable, in this run or a later one, takes it back first; and
 * a copy that was whole and writable once owes nothing any more, because hosts may have written
 * since. For the same reason it has taken over then, point or not.
 */
#include "run/internal.h"

#include "base/str.h"
#include "base/timetext.h"

static int
list(struct dr_step *s, const struct dr_copy *copy, struct dr_reply *ret, struct drstor_error **err)
{
    uint64_t until = 0;
    for (;;) {
        dr_error_freep(err);
        const struct dr_call call = {.operation = DR_ARRAY_OP_POINTS,
                                     .group = copy->id,
                                     .deadline_ns =
                                         dr_now_ns(s->run->s->env) +
                                         (uint64_t)s->run->s->model->observe_timeout_s * DR_S};
        int r = dr_endpoints_call(s->run->s->ends, copy->array, &call, NULL, s->arena, ret, err);
        if (r == DRSTOR_OK || !dr_step_ask_again(s, r, &until, *err))
            return r;
    }
}

int
dr_step_point(struct dr_step *s, const struct dr_copy *copy, const char *id, int64_t at,
              struct dr_point *ret, struct drstor_error **err)
{
    struct dr_reply reply;
    int r = list(s, copy, &reply, err);
    if (r < 0)
        return r;
    const struct dr_point *p = dr_point_find(reply.points, reply.n_points, id);
    if (!p)
        return dr_refuse(err, "R046", "group %s has no recovery point %s at %s any more",
                         s->group->name, id, copy->site->name);
    if (p->at != at) /* consent was given for a moment, not for a name */
        return dr_refuse(err, "R046",
                         "point %s of group %s at %s is %s now; it was %s when that was agreed to",
                         id, s->group->name, copy->site->name,
                         p->at >= 0 ? dr_utc_text(s->arena, p->at) : "of no known moment",
                         at >= 0 ? dr_utc_text(s->arena, at) : "of no known moment");
    *ret = *p;
    return DRSTOR_OK;
}

int
dr_step_point_planned(struct dr_step *s, struct dr_point *ret, struct drstor_error **err)
{
    int r = dr_step_point(s, s->target, s->flip->point, s->flip->point_at, ret, err);
    if (r == DRSTOR_E_REFUSED)
        dr_hint(err, "drstor show group %s lists those that are left; run the command with one",
                s->group->name);
    return r;
}

static bool
owes(const struct dr_record *r, const struct dr_copy *copy)
{
    return r->left.owed && r->left.point && dr_streq(r->primary, copy->site->name);
}

static bool
not_taken(const struct dr_record *r, const struct dr_copy *copy)
{
    return (r->left.untaken || r->left.owed) && dr_streq(r->primary, copy->site->name);
}

static int
taken(struct dr_step *s, struct dr_record *r, void *user, struct drstor_error **err)
{
    const struct dr_copy *copy = user;
    (void)s;
    (void)err;
    if (!not_taken(r, copy))
        return 1;
    r->left.owed = r->left.untaken = false;
    return DRSTOR_OK;
}

int
dr_point_reached(struct dr_step *s, const struct dr_copy *copy, struct drstor_error **err)
{
    return dr_record_change(s, "taken over", taken, (void *)(uintptr_t)copy, err);
}

/* Part of a promotion leaves members of both kinds, and no host has begun on such a group. */
static bool
was_whole(const struct dr_copy_view *v)
{
    for (size_t i = 0; i < v->n_members; i++)
        if (v->members[i].access == DRSTOR_ACCESS_READ_ONLY ||
            v->members[i].access == DRSTOR_ACCESS_NONE)
            return false;
    return v->n_members > 0;
}

int
dr_point_due(struct dr_step *s, const struct dr_copy *copy, const struct dr_copy_view *v,
             const struct dr_record *rec, struct dr_call *call, struct drstor_error **err)
{
    struct dr_point p;
    if (call->access_wanted != DRSTOR_ACCESS_READ_WRITE)
        return not_taken(rec, copy) && was_whole(v) ? dr_point_reached(s, copy, err) : DRSTOR_OK;
    if (!owes(rec, copy))
        return DRSTOR_OK;
    int r = dr_step_point(s, copy, rec->left.point, rec->left.since, &p, err);
    if (r == DRSTOR_E_REFUSED)
        dr_hint(err,
                "the promotion is committed: restore the copy at array %s by its own means and "
                "make it writable there, then drstor run resume %s",
                copy->array->name, s->run->id);
    if (r < 0)
        return r;
    call->point = p.id;
    call->planned = false;
    /* The same wish, whatever became of the last one: to the array it has one name. */
    call->op = dr_arena_printf(s->arena, "%s/%s", s->run->id, s->plan->id);
    return DRSTOR_OK;
}
