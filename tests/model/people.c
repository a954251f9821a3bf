/*
 * People who act by hand at the arrays. What they do not do is said in world.c: whatever they do,
 * they do not do it between a last look and the command that follows.
 */
#include "checker.h"

#include <drstor/types.h>

/* Is a fence believed that nobody looks at again until it is old? */
static bool
fence_believed(const struct state *s)
{
    for (unsigned r = 0; r < RUNS; r++)
        if (s->runs[r].state == RUN_OPEN && s->runs[r].unplanned && s->rec.ev &&
            s->rec.ev_run == r + 1 && (!s->rec.ev_old || world_under_way(s, DR_STEP_COMMIT)))
            return true;
    return false;
}

/* Nobody can answer for what happens between the last look and the command that follows it. */
static bool
hands_off(const struct state *s)
{
    static const enum dr_step_kind kinds[] = {
        DR_STEP_PROMOTE,  DR_STEP_EXPOSE,    DR_STEP_HANDOVER, DR_STEP_STAGE,  DR_STEP_COMMIT,
        DR_STEP_SNAPSHOT, DR_STEP_FINALSYNC, DR_STEP_INTEND,   DR_STEP_RESYNC, DR_STEP_REVERSE,
        DR_STEP_SETTLE,   DR_STEP_WITHDRAW,  DR_STEP_CLOSE};
    for (size_t i = 0; i < DR_COUNT(kinds); i++)
        if (world_under_way(s, kinds[i]))
            return true;
    return s->flight.what != CMD_NONE;
}

static void
hand_at_primary(struct sink *k, const struct state *s)
{
    struct state n = *s;
    unsigned p = s->rec.primary;
    n.faults--;
    if (!world_sees(s, p))
        return;
    if (s->site[p].acc == CLOSED && s->site[!p].acc == CLOSED && !fence_believed(s) &&
        s->site[p].rel != DRSTOR_RELATION_DESTINATION && !scene->mutual) {
        n.site[p].acc = OPEN;
        n.site[p].vms = s->site[p].exp && (scene->events & EV_WRITE) != 0;
        n.site[p].att |= n.site[p].vms;
        emit(k, &n, ACT_HAND_OPEN, p, 0, 0);
        n.site[p].acc = CLOSED;
        n.site[p].vms = s->site[p].vms;
        n.site[p].att = s->site[p].att;
    }
    if (s->site[p].acc == OPEN && !scene->no_roles[p]) {
        n.site[p].acc = CLOSED;
        n.site[p].vms = 0;
        if (!scene->mutual)
            emit(k, &n, ACT_HAND_CLOSE, p, 0, 0);
        n.site[p].acc = PART;
        emit(k, &n, ACT_HAND_CLOSE, p, 1, 0);
        n.site[p].acc = OPEN;
        n.site[p].vms = s->site[p].vms;
    }
    if (s->site[p].exp) {
        n.site[p].exp = 0;
        emit(k, &n, ACT_HAND_HIDE, p, 0, 0);
        n.site[p].exp = 1;
    }
    if (s->site[!p].rel == DRSTOR_RELATION_DESTINATION && s->site[!p].up) {
        n.site[!p].rel = DRSTOR_RELATION_NONE;
        emit(k, &n, ACT_HAND_BREAK, !p, 0, 0);
    }
}

/* Somebody does not know that the group has moved, and starts the old copy. */
static void
hand_at_old(struct sink *k, const struct state *s)
{
    unsigned i = !s->rec.primary;
    struct state n = *s;
    if (s->rec.phase != DR_PHASE_PROMOTING || !world_sees(s, i) || s->site[i].acc != CLOSED ||
        s->site[!i].acc != CLOSED)
        return;
    n.faults--;
    n.site[i].acc = OPEN;
    n.site[i].exp = 1;
    emit(k, &n, ACT_HAND_OPEN, i, 0, 0);
}

/* Somebody wants to save what only the stale copy has, and lets a host see it. */
static void
hand_rescue(struct sink *k, const struct state *s)
{
    unsigned i = !s->rec.primary;
    struct state n = *s;
    if (s->site[i].ghost && s->site[i].acc == OPEN && world_sees(s, i)) {
        n.site[i].acc = CLOSED;
        n.site[i].exp = n.site[i].ghost = n.site[i].vms = 0;
        emit(k, &n, ACT_HAND_RESCUED, i, 0, 0);
    }
    if (s->faults == 0 || !world_sees(s, i) || s->site[i].acc == OPEN ||
        s->site[i].rel == DRSTOR_RELATION_DESTINATION || s->rec.phase == DR_PHASE_PROMOTING)
        return;
    n = *s;
    n.faults--;
    n.site[i].acc = OPEN;
    n.site[i].exp = n.site[i].ghost = 1;
    emit(k, &n, ACT_HAND_RESCUE, i, 0, 0);
}

void
people_events(struct sink *k, const struct state *s)
{
    if (hands_off(s))
        return;
    if (scene->events & EV_RESCUE)
        hand_rescue(k, s);
    if (s->faults == 0)
        return;
    if (scene->events & EV_HAND)
        hand_at_primary(k, s);
    if (scene->events & EV_HAND_OLD)
        hand_at_old(k, s);
}
