/* The refusal that looks at recovery points. */
#include "plan/guard_internal.h"

#include "base/str.h"
#include "base/timetext.h"

enum { NEAREST = 4 };

const struct dr_point *
dr_guard_point(const struct dr_guard_case *c)
{
    const struct dr_copy_facts *t = c->target_facts;
    return c->in->goal->point && t && t->fresh
               ? dr_point_find(t->points, t->n_points, c->in->goal->point)
               : NULL;
}

static size_t
alike(const char *a, const char *b)
{
    size_t n = 0;
    while (a[n] && a[n] == b[n])
        n++;
    return n;
}

/* Those whose names begin most like the one that was asked for, and of equals the newest. */
static const char *
nearest(const struct dr_guard_case *c, const struct dr_copy_facts *t, const char **ret_first)
{
    const char *wanted = c->in->goal->point;
    bool *told = dr_arena_alloc(c->arena, t->n_points + 1, sizeof(*told));
    dr_auto(dr_str_freep) struct dr_str s = {0};
    for (int k = 0; k < NEAREST; k++) {
        const struct dr_point *best = NULL;
        for (size_t i = 0; i < t->n_points; i++)
            if (!told[i] && (!best || alike(t->points[i].id, wanted) > alike(best->id, wanted)))
                best = &t->points[i];
        if (!best)
            break;
        told[best - t->points] = true;
        *ret_first = k == 0 ? best->id : *ret_first;
        int64_t age = best->at >= 0 ? c->in->facts->now.utc - best->at : -1;
        dr_str_printf(&s, "%s%s (%s)", k ? ", " : "", best->id,
                      age >= 0
                          ? dr_arena_printf(c->arena, "%s old", dr_duration_text(c->arena, age))
                          : "age unknown");
    }
    return dr_arena_str(c->arena, s.s ? s.s : "");
}

static void
no_such_point(const struct dr_guard_case *c, const struct dr_copy_facts *t, struct dr_refusal *r)
{
    struct dr_arena *a = c->arena;
    const char *group = c->group->name, *site = c->target->site->name, *first = NULL;
    const char *near = nearest(c, t, &first);
    r->text = dr_arena_printf(a, "group %s has no recovery point %s at %s", group,
                              c->in->goal->point, site);
    r->evidence =
        t->n_points == 0 ? dr_arena_printf(a, "array %s, %s: it lists none beside the newest",
                                           t->array, dr_guard_age(c, &t->seen))
        : t->points_more > 0
            ? dr_arena_printf(a,
                              "array %s, %s: of the newest %zu (%lld older ones are not kept), "
                              "nearest: %s",
                              t->array, dr_guard_age(c, &t->seen), t->n_points,
                              (long long)t->points_more, near)
            : dr_arena_printf(a, "array %s, %s: of %zu, nearest: %s", t->array,
                              dr_guard_age(c, &t->seen), t->n_points, near);
    r->remedy = first ? dr_arena_printf(a,
                                        "name one that is there, as --point %s (drstor show group "
                                        "%s lists them), or leave --point out for the newest",
                                        first, group)
                      : "leave --point out for the newest";
}

/* A primary has been written since: it is never taken back. */
static void
is_primary(const struct dr_guard_case *c, struct dr_refusal *r)
{
    const struct dr_record *rec = &c->record->record;
    r->text = rec->left.owed
                  ? dr_arena_printf(
                        c->arena,
                        "%s is the primary of group %s already, and has yet to go back to "
                        "point %s: not to point %s",
                        c->target->site->name, c->group->name, rec->left.point, c->in->goal->point)
                  : dr_arena_printf(
                        c->arena,
                        "%s is the primary of group %s already: it serves what it has, and is "
                        "not taken back to point %s",
                        c->target->site->name, c->group->name, c->in->goal->point);
    r->evidence = dr_arena_printf(
        c->arena, "record: primary %s, epoch %lld%s%s", rec->primary, (long long)rec->epoch,
        rec->left.point ? ", promoted at point " : "", rec->left.point ? rec->left.point : "");
    r->remedy = rec->left.owed ? "leave --point out: it goes back to the one it owes"
                               : "leave --point out; a primary is restored by its array's own "
                                 "means, or from a backup";
}

bool
dr_guard_point_there(const struct dr_guard_case *c, struct dr_refusal *r)
{
    const struct dr_copy_facts *t = c->target_facts;
    const char *site = c->target->site->name;
    if (!c->in->goal->point)
        return false;
    if (c->operation == DR_OPERATION_SERVE) {
        const struct dr_left *left = &c->record->record.left;
        if (left->owed && dr_streq(left->point, c->in->goal->point))
            return false; /* what its promotion began is what is asked for */
        is_primary(c, r);
        return true;
    }
    if (c->operation == DR_OPERATION_SURVIVOR) {
        r->text =
            dr_arena_printf(c->arena,
                            "group %s is active-active: a leg goes on with what it has, and is "
                            "not taken back to point %s",
                            c->group->name, c->in->goal->point);
        r->evidence = "topology: active-active in the configuration";
        r->remedy = "leave --point out";
        return true;
    }
    if (!t || !t->fresh || !dr_plan_array_can(c->in, c->target->array->name, "points"))
        return false; /* said by R016, or R030 */
    if (t->points_error || t->points_seen.boot_ns < 0) {
        r->text =
            dr_arena_printf(c->arena, "nobody can say whether group %s has recovery point %s at %s",
                            c->group->name, c->in->goal->point, site);
        r->evidence = t->points_error ? t->points_error : "its recovery points were not read";
        r->remedy = "run it again when they can be read, or leave --point out for the newest";
        return true;
    }
    if (dr_guard_point(c))
        return false;
    no_such_point(c, t, r);
    return true;
}
