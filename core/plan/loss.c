#include "plan/loss.h"

#include "base/str.h"
#include "base/timetext.h"

enum { CLOCKS_APART_S = 60 }; /* what an array's clock may be ahead and still be believed */

/* When could the old copy last have been written? */
static int64_t
last_write(const struct dr_loss_case *c)
{
    const struct dr_evidence *ev = c->evidence;
    if (ev && ev->kind == DRSTOR_EVIDENCE_E7_WAIVED)
        return ev->at.utc; /* what answers there may write until now */
    if (ev && ev->silent_since.utc >= 0)
        return ev->silent_since.utc;
    if (ev && ev->kind != DRSTOR_EVIDENCE_NONE)
        return ev->at.utc;
    const struct dr_endpoint_facts *e =
        dr_facts_endpoint(c->facts, DR_ENDPOINT_ARRAY, c->old->array->name);
    if (e && !e->answers && e->silent_since.utc >= 0)
        return e->silent_since.utc;
    return c->facts->now.utc;
}

bool
dr_view_not_writable(const struct dr_copy_view *v)
{
    if (v->access != DRSTOR_ACCESS_READ_ONLY && v->access != DRSTOR_ACCESS_NONE)
        return false;
    for (size_t i = 0; i < v->n_members; i++)
        if (v->members[i].access != DRSTOR_ACCESS_READ_ONLY &&
            v->members[i].access != DRSTOR_ACCESS_NONE)
            return false;
    return v->n_members > 0;
}

bool
dr_view_writable(const struct dr_copy_view *v)
{
    for (size_t i = 0; i < v->n_members; i++)
        if (v->members[i].access != DRSTOR_ACCESS_READ_WRITE)
            return false;
    return v->n_members > 0 && v->access == DRSTOR_ACCESS_READ_WRITE;
}

bool
dr_view_exposed(const struct dr_copy_view *v)
{
    for (size_t i = 0; i < v->n_members; i++)
        if (v->members[i].n_paths)
            return true;
    return false;
}

bool
dr_view_exposed_to_all(const struct dr_copy_view *v, const struct dr_copy *copy)
{
    for (size_t m = 0; m < v->n_members; m++)
        for (size_t g = 0; g < copy->n_expose; g++) {
            bool found = false;
            for (size_t p = 0; p < v->members[m].n_paths && !found; p++)
                found = dr_streq(v->members[m].paths[p].host_group, copy->expose[g]);
            if (!found)
                return false;
        }
    return v->n_members > 0;
}

bool
dr_view_keeps_up(const struct dr_copy_view *v)
{
    return v->relation == DRSTOR_RELATION_DESTINATION &&
           (v->sync == DRSTOR_SYNC_IN_SYNC || v->sync == DRSTOR_SYNC_LAGGING);
}

/* In sync, as a fact about the data: nothing outstanding, read from the target. */
static bool
in_sync_now(const struct dr_copy_facts *t)
{
    return t->fresh && t->view.sync == DRSTOR_SYNC_IN_SYNC;
}

/* The pair was in sync when it parted: the target lacks nothing up to its last point. */
static bool
in_sync_at_point(const struct dr_copy_facts *t)
{
    return t->fresh && (t->view.sync == DRSTOR_SYNC_IN_SYNC ||
                        (t->view.sync == DRSTOR_SYNC_BROKEN && t->view.lag_bytes == 0));
}

/* Nothing can be written at the old copy, read there: what the target shows now is all there is. */
static bool
fenced(const struct dr_loss_case *c, const struct dr_copy_facts *o)
{
    return (o && o->fresh && dr_view_not_writable(&o->view)) ||
           (c->evidence && (c->evidence->kind == DRSTOR_EVIDENCE_E1_READ_BACK ||
                            c->evidence->kind == DRSTOR_EVIDENCE_E2_MASKED));
}

static bool
arbiter_decided(const struct dr_loss_case *c)
{
    return c->evidence && c->evidence->kind == DRSTOR_EVIDENCE_E5_QUORUM;
}

/*
 * A copy that was left behind by an unplanned promote and follows nobody: its recovery point says
 * when it last was whole, not what the primary has written since. No dead end, but no number
 * either.
 */
static bool
left_behind(const struct dr_loss_case *c, const struct dr_copy_facts *t)
{
    if (!t || !c->record || c->record->old_copy == DR_OLD_COPY_NONE ||
        dr_streq(c->record->primary, c->target->site->name))
        return false;
    if (t->view.relation == DRSTOR_RELATION_MUTUAL)
        return t->view.leg == DRSTOR_LEG_DETACHED || t->view.leg == DRSTOR_LEG_UNKNOWN;
    return t->view.relation != DRSTOR_RELATION_DESTINATION;
}

bool
dr_loss_never_taken(const struct dr_record *record, const struct dr_copy *target,
                    const struct dr_copy_facts *o, const struct dr_copy_facts *t)
{
    /* Whatever opened it would have ended the relation: the array's word and ours say the same. */
    return record && record->left.untaken && record->old_copy != DR_OLD_COPY_NONE && o && t &&
           t->fresh && dr_streq(record->primary, o->site) &&
           !dr_streq(record->primary, target->site->name) && dr_view_not_writable(&o->view) &&
           o->view.relation == DRSTOR_RELATION_DESTINATION &&
           t->view.relation == DRSTOR_RELATION_SOURCE;
}

static bool
proven_zero(struct dr_arena *a, const struct dr_loss_case *c, const struct dr_copy_facts *o,
            const struct dr_copy_facts *t, const char **ret_method)
{
    if (!t || c->adopted)
        return false;
    if (fenced(c, o) && dr_loss_never_taken(c->record, c->target, o, t) &&
        dr_view_keeps_up(&o->view)) {
        *ret_method = dr_arena_printf(a, "%s was never writable since it was promoted, and follows",
                                      c->old->site->name);
        return true;
    }
    if (left_behind(c, t))
        return false;
    if (fenced(c, o) && in_sync_now(t)) {
        *ret_method = "old copy not writable, then read in sync";
        return true;
    }
    if (c->group->topology == DR_TOPOLOGY_ACTIVE_ACTIVE) {
        *ret_method = "this leg went on when the other one was detached, and had every write";
        return arbiter_decided(c);
    }
    /* It is the old side that stops or goes on alone: its own word, however old, must not say no.
     */
    bool stops = t->view.stops_when_alone == DRSTOR_TRI_YES &&
                 (!o || o->view.stops_when_alone != DRSTOR_TRI_NO);
    if (c->group->mode == DR_MODE_SYNC && stops && in_sync_at_point(t)) {
        *ret_method =
            "the primary stops when it cannot replicate, and followed until it was last seen";
        return true;
    }
    return false;
}

/* Why there can be no number; NULL: there can. */
static const char *
unknowable(struct dr_arena *a, const struct dr_loss_case *c, const struct dr_copy_facts *t)
{
    const char *to = c->target->site->name;
    int64_t since = c->point ? c->point->at : t ? t->view.point : -1;
    if (c->adopted)
        return dr_arena_printf(a,
                               "unknown: no record said which copy was the primary; %s holds "
                               "everything up to %s at best",
                               to, since >= 0 ? dr_utc_text(a, since) : "?");
    if (left_behind(c, t))
        return dr_arena_printf(a,
                               "unknown: the copy at %s was left behind when %s was promoted, and "
                               "has not followed since",
                               to, c->old->site->name);
    /* Its point moves with its own writes: it says nothing of those of the other leg. */
    if (t && c->group->topology == DR_TOPOLOGY_ACTIVE_ACTIVE && !arbiter_decided(c) &&
        t->view.leg != DRSTOR_LEG_JOINED && t->view.leg != DRSTOR_LEG_SUSPENDED)
        return dr_arena_printf(a, "unknown: the leg at %s does not say how far the two have parted",
                               to);
    if (c->point && c->point->at < 0)
        return dr_arena_printf(a, "unknown: array %s does not say of what moment point %s is",
                               c->target->array->name, c->point->id);
    if (!c->point && (!t || t->view.point < 0))
        return dr_arena_printf(a, "unknown: %s does not say what point in time it holds", to);
    if (c->point && t && t->view.point >= 0 && c->point->at > t->view.point)
        return dr_arena_printf(a,
                               "unknown: point %s (%s) is younger than the newest that %s holds "
                               "(%s)",
                               c->point->id, dr_utc_text(a, c->point->at), to,
                               dr_utc_text(a, t->view.point));
    if (since > c->facts->now.utc + CLOCKS_APART_S)
        return dr_arena_printf(a,
                               "unknown: the recovery point at %s (%s) lies in the future, so the "
                               "clocks differ",
                               to, dr_utc_text(a, since));
    return NULL;
}

static void
nothing_lost(struct dr_arena *a, struct dr_loss *ret)
{
    ret->seconds = ret->bytes = 0;
    ret->proven_zero = true;
    ret->needs_consent = false;
    ret->confidence = DR_CONFIDENCE_PROVEN;
    ret->text = dr_arena_printf(a, "nothing is lost: %s", ret->method);
}

void
dr_loss_estimate(struct dr_arena *a, const struct dr_loss_case *c, struct dr_loss *ret)
{
    const char *from = c->old->site->name, *to = c->target->site->name;
    const struct dr_copy_facts *o = dr_facts_copy(c->facts, c->group->name, from);
    const struct dr_copy_facts *t = dr_facts_copy(c->facts, c->group->name, to);

    dr_map_clear(&dr_loss_type, ret);
    ret->group = c->group->name;
    ret->needs_consent = true;
    ret->since = c->point ? c->point->at : t ? t->view.point : -1;
    if (!c->point && proven_zero(a, c, o, t, &ret->method)) {
        nothing_lost(a, ret);
        return;
    }
    ret->method = "unknown";
    ret->text = unknowable(a, c, t);
    if (ret->text)
        return;
    ret->until = last_write(c);
    ret->confidence = DR_CONFIDENCE_ESTIMATE;
    /* A synchronous pair that may go on alone: since it was last seen in sync. */
    ret->method = c->group->mode == DR_MODE_SYNC ? "since the last in-sync fact"
                                                 : "recovery point to the last possible write";
    ret->seconds = ret->until > ret->since ? ret->until - ret->since : 0;
    /* Whole seconds on two clocks: never print 0 where zero is not proven. */
    if (ret->seconds < 1)
        ret->seconds = 1;
    if (c->point)
        ret->method = "the point that was named to the last possible write";
    if (!c->point && t->fresh && t->view.lag_bytes > 0 && t->view.peer_seen == DRSTOR_TRI_YES) {
        ret->bytes = t->view.lag_bytes;
        if (fenced(c, o)) {
            ret->confidence = DR_CONFIDENCE_ARRAY;
            ret->method = "what its array says is missing, after the old copy was fenced";
        }
    }
    bool goes_on = !c->evidence && ret->until >= c->facts->now.utc;
    if (c->point) {
        ret->text = dr_arena_printf(
            a, "up to %s: %s goes back to point %s, %s, and %s may have written until %s%s",
            dr_duration_text(a, ret->seconds), to, c->point->id, dr_utc_text(a, ret->since), from,
            dr_utc_text(a, ret->until), goes_on ? ", and goes on until it is fenced" : "");
        return;
    }
    ret->text = dr_arena_printf(
        a, "up to %s%s%s: %s holds everything up to %s, %s may have written until %s%s",
        dr_duration_text(a, ret->seconds), ret->bytes > 0 ? ", " : "",
        ret->bytes > 0 ? dr_bytes_text(a, ret->bytes) : "", to, dr_utc_text(a, ret->since), from,
        dr_utc_text(a, ret->until), goes_on ? ", and goes on until it is fenced" : "");
}

const char *
dr_loss_bound(struct dr_arena *a, const struct dr_plan *p)
{
    enum { UNTIL_FENCED_S = 120 };
    int64_t s = p->loss.seconds;
    if (s < 0)
        return "unknown";
    for (size_t i = 0; i < p->n_losses; i++) {
        const struct dr_loss *l = &p->losses[i];
        bool grows = !l->proven_zero && l->until >= p->made_at;
        int64_t most = l->seconds + (grows ? UNTIL_FENCED_S : 0);
        s = most > s ? most : s;
    }
    return dr_arena_printf(a, "%llds", (long long)s);
}

void
dr_loss_destroyed(struct dr_arena *a, const struct dr_group *g, const struct dr_copy *old,
                  const struct dr_copy *target, const struct dr_record *record,
                  const struct dr_facts *facts, struct dr_loss *ret)
{
    const struct dr_copy_facts *o = dr_facts_copy(facts, g->name, old->site->name);
    const struct dr_left *left = &record->left;
    const char *site = old->site->name;
    bool follows = o && o->fresh && o->view.relation == DRSTOR_RELATION_DESTINATION &&
                   dr_view_not_writable(&o->view) &&
                   (dr_view_keeps_up(&o->view) || o->view.sync == DRSTOR_SYNC_SYNCING ||
                    o->view.sync == DRSTOR_SYNC_PAUSED);

    dr_map_clear(&dr_loss_type, ret);
    ret->group = g->name;
    if (follows && record->old_copy == DR_OLD_COPY_NONE) { /* paused or cut off, never left */
        ret->seconds = ret->bytes = 0;
        ret->proven_zero = true;
        ret->confidence = DR_CONFIDENCE_PROVEN;
        ret->method = "the copy has followed the primary ever since";
        ret->text = dr_arena_printf(a, "nothing only %s has is overwritten: %s", site, ret->method);
        return;
    }
    ret->since = left->epoch > 0 ? left->since : -1;
    int64_t last = o && o->fresh ? o->view.point : -1;
    /* Not by clocks, of which two arrays have two: its generation is the one it was left with. */
    if (left->epoch > 0 && left->seconds == 0 && left->generation && o && o->fresh &&
        dr_streq(left->generation, o->view.generation)) {
        ret->seconds = ret->bytes = 0;
        ret->proven_zero = true;
        ret->confidence = DR_CONFIDENCE_PROVEN;
        ret->method = "left behind with nothing, and not written since";
        ret->text = dr_arena_printf(a, "nothing only %s has is overwritten: %s", site, ret->method);
        return;
    }
    ret->needs_consent = true;
    if (ret->since < 0 || last < 0) {
        ret->method = "unknown";
        ret->text = dr_arena_printf(
            a, "everything only %s has is overwritten: how much cannot be told", site);
        return;
    }
    ret->method = "its last write against the point promoted instead";
    ret->confidence = DR_CONFIDENCE_ESTIMATE;
    ret->until = last;
    ret->seconds = last > ret->since ? last - ret->since : 1;
    ret->text = dr_arena_printf(
        a, "up to %s of writes that only %s has are overwritten with what %s has: those after %s",
        dr_duration_text(a, ret->seconds), site, target->site->name, dr_utc_text(a, ret->since));
}

bool
dr_loss_covered(const struct dr_loss *loss, const struct dr_accept_loss *bound)
{
    if (loss->proven_zero || bound->unknown)
        return true;
    if (bound->seconds >= 0 && loss->seconds >= 0 && loss->seconds <= bound->seconds)
        return true;
    return bound->bytes >= 0 && loss->bytes >= 0 && loss->bytes <= bound->bytes;
}

bool
dr_loss_worse(const struct dr_loss *a, const struct dr_loss *b)
{
    if (a->proven_zero != b->proven_zero)
        return b->proven_zero;
    if ((a->seconds < 0) != (b->seconds < 0))
        return a->seconds < 0;
    return a->seconds > b->seconds;
}
