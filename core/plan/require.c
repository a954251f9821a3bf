#include "plan/require.h"

#include "plan/loss.h"

#include "base/str.h"

/* Every member the record knows is shown: what is not shown may be anything. */
static bool
whole(const struct dr_require_case *c, const struct dr_copy_view *v)
{
    return v && v->n_members > 0 && c->record && v->n_members >= c->record->n_members;
}

/* Who is the primary as long as the operation has not committed? */
static bool
primary_as_planned(const struct dr_require_case *c)
{
    const char *primary = c->record->primary;
    switch (c->plan->operation) {
    case DR_OPERATION_SERVE:
    case DR_OPERATION_REPROTECT:
        return primary && dr_streq(primary, c->plan->to);
    case DR_OPERATION_GUARD: /* never the copy that serves */
        return primary && dr_streq(primary, c->plan->to) && !dr_streq(primary, c->plan->from);
    case DR_OPERATION_SWITCHOVER:
    case DR_OPERATION_PROMOTE:
    case DR_OPERATION_SUSPEND:
    case DR_OPERATION_RESUME:
    case DR_OPERATION_SYNC:
    case DR_OPERATION_DRILL_START:
    case DR_OPERATION_DRILL_PROMOTE:
    case DR_OPERATION_DRILL_CLEAN:
        return primary && dr_streq(primary, c->plan->from);
    case DR_OPERATION_DEMOTE:
    case DR_OPERATION_SURVIVOR:
        return primary != NULL; /* either copy */
    case DR_OPERATION_ADOPT:
    case DR_OPERATION_UNKNOWN:
        break;
    }
    return false;
}

static bool
committed(const struct dr_require_case *c)
{
    return c->record && c->plan && c->plan->to &&
           dr_record_committed_by(c->record, c->run, c->plan->to, c->plan->epoch);
}

/* The record is the one that was planned for, and nobody else is in the middle of something. Before
 * its commit a run gives nothing up: a record left fencing can be begun from anew. */
static bool
record_is_ours(const struct dr_require_case *c)
{
    const struct dr_record *r = c->record;
    if (!r || !c->plan)
        return false;
    if (committed(c))
        return true;
    /* Who may write is in the record from the commit on, whatever a run that died has left to do.
     */
    if (c->plan->operation == DR_OPERATION_GUARD)
        return r->epoch == c->plan->epoch && primary_as_planned(c);
    return r->epoch == c->plan->epoch && primary_as_planned(c) &&
           (dr_record_at_rest(r) || r->phase == DR_PHASE_FENCING ||
            (c->run && dr_streq(r->op.id, c->run)));
}

/* A word of the source against it counts, even an old one of the target for it does not help. */
static bool
relation_healthy(const struct dr_require_case *c)
{
    const struct dr_copy_view *t = c->target;
    if (!t || !c->group || t->relation != DRSTOR_RELATION_DESTINATION)
        return false;
    if (c->old &&
        (c->old->relation == DRSTOR_RELATION_DESTINATION || c->old->sync == DRSTOR_SYNC_DIVERGED))
        return false;
    return t->sync == DRSTOR_SYNC_IN_SYNC ||
           (c->group->mode == DR_MODE_ASYNC &&
            (t->sync == DRSTOR_SYNC_LAGGING || (t->sync == DRSTOR_SYNC_SYNCING && t->point >= 0)));
}

static bool
old_not_writable(const struct dr_require_case *c)
{
    return whole(c, c->old) && dr_view_not_writable(c->old);
}

/* Read while the old copy cannot be written; an asynchronous pair after a transfer of this run. */
static bool
synced_after(const struct dr_require_case *c)
{
    const struct dr_copy_view *t = c->target;
    return old_not_writable(c) && whole(c, t) && c->transferred &&
           t->relation == DRSTOR_RELATION_DESTINATION && t->sync == DRSTOR_SYNC_IN_SYNC &&
           t->lag_bytes <= 0;
}

static bool
evidence_counts(const struct dr_require_case *c, const struct dr_evidence *e)
{
    if (!e || !c->plan || !c->plan->from || !c->run || !dr_streq(e->run, c->run) ||
        !dr_streq(e->site, c->plan->from) || e->epoch != c->plan->epoch)
        return false;
    switch (e->kind) {
    /* What was read can be undone by hand: a copy that answers is believed as it is now. */
    case DRSTOR_EVIDENCE_E1_READ_BACK:
        return !c->old || old_not_writable(c);
    case DRSTOR_EVIDENCE_E2_MASKED:
        return !c->old || (whole(c, c->old) && !dr_view_exposed(c->old));
    case DRSTOR_EVIDENCE_E3_HOSTS_OFF:
    case DRSTOR_EVIDENCE_E4_SELF_FENCE:
    case DRSTOR_EVIDENCE_E5_QUORUM:
    case DRSTOR_EVIDENCE_E6_DECLARED:
    case DRSTOR_EVIDENCE_E7_WAIVED:
        return true;
    case DRSTOR_EVIDENCE_NONE:
        break;
    }
    return false;
}

static bool
evidence(const struct dr_require_case *c)
{
    for (size_t i = 0; c->record && i < c->record->n_evidence; i++)
        if (evidence_counts(c, &c->record->evidence[i]))
            return true;
    return c->record && evidence_counts(c, c->evidence);
}

static bool
loss_covered(const struct dr_require_case *c)
{
    return c->loss &&
           (c->loss->proven_zero || (c->accepted && dr_loss_covered(c->loss, c->accepted)) ||
            (c->standing && dr_loss_covered(c->loss, c->standing)));
}

/* To every host group that the configuration names; none: hosts see it all the time. */
static bool
exposed(const struct dr_require_case *c)
{
    const struct dr_copy *copy =
        c->group && c->plan && c->plan->to ? dr_group_copy(c->group, c->plan->to) : NULL;
    if (!copy || !whole(c, c->target))
        return false;
    for (size_t m = 0; m < c->target->n_members; m++)
        for (size_t g = 0; g < copy->n_expose; g++) {
            const struct dr_member *one = &c->target->members[m];
            bool found = false;
            for (size_t p = 0; p < one->n_paths; p++)
                found |= dr_streq(one->paths[p].host_group, copy->expose[g]);
            if (!found)
                return false;
        }
    return true;
}

static bool
intended(const struct dr_require_case *c)
{
    const struct dr_record *r = c->record;
    return r && c->plan && c->run && r->phase == DR_PHASE_RESYNCING && dr_streq(r->op.id, c->run) &&
           r->epoch == c->plan->epoch && r->primary && dr_streq(r->primary, c->plan->to);
}

/* What goes back to a point that was named is promoted as of that, whatever is under way since. */
static bool
consistent(const struct dr_require_case *c)
{
    bool back = c->plan && c->plan->operation == DR_OPERATION_PROMOTE && c->plan->point;
    return whole(c, c->target) &&
           (back || c->target->point >= 0 || c->target->sync == DRSTOR_SYNC_IN_SYNC);
}

bool
dr_require_holds(enum dr_require one, const struct dr_require_case *c)
{
    switch (one) {
    case DR_REQUIRE_RECORD:
        return record_is_ours(c);
    case DR_REQUIRE_OLD_REACHABLE:
        return c->old != NULL;
    case DR_REQUIRE_TARGET_REACHABLE:
        return c->target != NULL;
    case DR_REQUIRE_RELATION_HEALTHY:
        return relation_healthy(c);
    case DR_REQUIRE_OLD_NOT_WRITABLE:
        return old_not_writable(c);
    case DR_REQUIRE_SYNCED_AFTER:
        return synced_after(c);
    case DR_REQUIRE_EVIDENCE:
        return evidence(c);
    case DR_REQUIRE_LOSS_COVERED:
        return loss_covered(c);
    case DR_REQUIRE_COMMITTED:
        return committed(c);
    case DR_REQUIRE_TARGET_WRITABLE:
        return whole(c, c->target) && dr_view_writable(c->target);
    case DR_REQUIRE_NO_VMS_AT_OLD:
        return c->vms_at_old == DRSTOR_TRI_NO;
    case DR_REQUIRE_OLD_DETACHED:
        return c->attached_at_old == DRSTOR_TRI_NO;
    case DR_REQUIRE_EXPOSED:
        return exposed(c);
    case DR_REQUIRE_OLD_WITHDRAWN:
        return whole(c, c->old) && !dr_view_exposed(c->old);
    case DR_REQUIRE_OLD_KEPT:
        return c->kept || (c->loss && c->loss->proven_zero);
    case DR_REQUIRE_INTENDED:
        return intended(c);
    case DR_REQUIRE_FOLLOWS:
        return whole(c, c->old) && c->old->relation == DRSTOR_RELATION_DESTINATION &&
               c->old->sync != DRSTOR_SYNC_DIVERGED;
    case DR_REQUIRE_CONSISTENT:
        return consistent(c);
    case DR_REQUIRE_CLONED:
        return c->record && c->plan && c->record->drill.name && c->plan->to &&
               dr_streq(c->record->drill.site, c->plan->to);
    case DR_REQUIRE_OLD_CLOSED:
        return whole(c, c->old) && (dr_view_not_writable(c->old) || !dr_view_exposed(c->old));
    }
    return false;
}

unsigned
dr_require_missing(unsigned needs, const struct dr_require_case *c)
{
    unsigned missing = 0;
    for (unsigned bit = 1; bit && bit <= needs; bit <<= 1)
        if ((needs & bit) && !dr_require_holds((enum dr_require)bit, c))
            missing |= bit;
    return missing;
}
