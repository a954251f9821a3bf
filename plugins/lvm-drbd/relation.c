/* Connections: who follows, who waits, and who is overwritten. */
#include "plugin.h"

#include <stdio.h>
#include <string.h>

#define LD_SAY(w, status, ...) host->fail((w)->call, status, __VA_ARGS__)
#define LD_NO(w, status, ...) ld_work_end(w, ld_work_no(w, LD_SAY(w, status, __VA_ARGS__)))

/* DRBD tries every connect-int, 10 s by default. */
enum { RECONNECT_S = 15 };

static const char *
group_of(const struct ld_work *w)
{
    return w->change->group;
}

static bool
is_linked(const struct ld_work *w)
{
    return w->r->link == LD_LINK_CONNECTED || w->r->link == LD_LINK_STANDALONE;
}

static bool
is_alone(const struct ld_work *w)
{
    return w->r->n_peers == 0 || w->r->link == LD_LINK_STANDALONE;
}

/* One verb whose end is no role; failing with ALREADY is as good. */
static int
go(struct ld_work *w, const char *verb, const char *what)
{
    int r = ld_work_do(w, verb, NULL, 0);
    if (r < 0 || w->class == LD_CLASS_NONE || w->class == LD_CLASS_ALREADY)
        return r;
    r = ld_work_look(w);
    return r < 0 ? r : ld_work_refused(w, what);
}

/* ---- sync_once ------------------------------------------------------------------------------- */

/* It is under way already, and has an end that can be waited for. */
static int
catching_up(struct ld_work *w)
{
    char job[LD_NAME_MOST + 16];
    (void)snprintf(job, sizeof(job), "resync:%.*s", LD_NAME_MOST, group_of(w));
    host->progress(w->call, w->now.progress_permille, "DRBD copies what is missing");
    host->outcome(w->call, DRSTOR_OUTCOME_JOB, job);
    w->open = false;
    return ld_work_end(w, DRSTOR_OK);
}

/* DRBD copies by itself, all the time; there is nothing to begin. */
int
ld_sync_once(void *handle, struct drstor_call *call, const struct drstor_change *change)
{
    struct ld_work w;
    (void)handle;
    int r = ld_work_begin(&w, call, change, false);
    if (r < 0)
        return r;
    switch (w.now.sync) {
    case DRSTOR_SYNC_IN_SYNC:
        return ld_work_done(&w);
    case DRSTOR_SYNC_SYNCING:
        return catching_up(&w);
    case DRSTOR_SYNC_LAGGING:
        return LD_NO(&w, DRSTOR_E_CONFLICT,
                     "%s follows with protocol A: what was written last is under way, and nothing "
                     "tells when it is there as long as the other side writes",
                     change->group);
    case DRSTOR_SYNC_PAUSED:
        host->hint(call, "drstor resume lets it go on");
        return LD_NO(&w, DRSTOR_E_CONFLICT, "replication of %s is paused", change->group);
    case DRSTOR_SYNC_BROKEN:
        if (w.r->link == LD_LINK_CONNECTED)
            host->hint(call, "see drbdadm status; blocks that a verify found are copied after "
                             "drbdadm disconnect and connect at the copy that follows");
        else
            host->hint(call, "repair the replication link");
        return LD_NO(&w, DRSTOR_E_CONFLICT, "replication of %s is broken (%s)", change->group,
                     ld_link_name(w.r->link));
    case DRSTOR_SYNC_DIVERGED:
        return LD_NO(&w, DRSTOR_E_CONFLICT, "the copies of %s have diverged", change->group);
    case DRSTOR_SYNC_UNKNOWN:
        break;
    }
    return LD_NO(&w, DRSTOR_E_PROTOCOL, "whether %s is in sync cannot be read", change->group);
}

/* ---- suspend and resume ---------------------------------------------------------------------- */

/*
 * By cutting the connection: pause-sync would stop a resync alone, and every new write would go on
 * to be copied.
 */
int
ld_suspend(void *handle, struct drstor_call *call, const struct drstor_change *change)
{
    struct ld_work w;
    (void)handle;
    int r = ld_work_begin(&w, call, change, false);
    if (r < 0)
        return r;
    if (!w.now.secondary)
        return LD_NO(&w, DRSTOR_E_CONFLICT,
                     "%s is not Secondary here: replication is suspended at the copy that follows",
                     change->group);
    if (w.now.sync == DRSTOR_SYNC_DIVERGED)
        return LD_NO(&w, DRSTOR_E_CONFLICT, "the copies of %s have diverged", change->group);
    if (is_alone(&w))
        return ld_work_done(&w);
    if (w.now.resyncing || ld_volume_behind(w.r))
        return LD_NO(&w, DRSTOR_E_CONFLICT,
                     "%s is not whole yet: cut off now, it would be of no use", change->group);
    r = go(&w, "disconnect", "drbdadm disconnect");
    r = r < 0 ? r : ld_work_wait(&w, RECONNECT_S, is_alone);
    if (r < 0)
        return r;
    return is_alone(&w) ? ld_work_done(&w) : ld_work_unclear(&w, "disconnect");
}

static int
split(struct ld_work *w)
{
    host->hint(w->call, "drstor reprotect overwrites the copy that is not the primary's, after a "
                        "snapshot of it");
    return LD_NO(w, DRSTOR_E_CONFLICT,
                 "%s is not connected again: this copy has written alone, so both sides may have "
                 "what the other lacks",
                 group_of(w));
}

int
ld_resume(void *handle, struct drstor_call *call, const struct drstor_change *change)
{
    struct ld_work w;
    (void)handle;
    int r = ld_work_begin(&w, call, change, false);
    if (r < 0)
        return r;
    if (!w.r->up)
        return LD_NO(&w, DRSTOR_E_CONFLICT, "%s is not up", change->group);
    if (w.now.crossed)
        return LD_NO(&w, DRSTOR_E_CONFLICT,
                     "volumes of %s would be copied in different directions: nothing is let go on",
                     change->group);
    if (is_alone(&w)) {
        if (w.now.secondary && w.now.wrote_alone)
            return split(&w);
        r = go(&w, "connect", "drbdadm connect");
    } else if (w.now.sync == DRSTOR_SYNC_PAUSED) {
        r = go(&w, "resume-sync", "drbdadm resume-sync");
    }
    /* Not connected in that time: this side tries, and what is read says so. */
    r = r < 0 ? r : ld_work_wait(&w, RECONNECT_S, is_linked);
    if (r < 0)
        return r;
    if (is_alone(&w)) {
        host->hint(call,
                   "see the kernel log of both hosts: the other side was found to be unrelated "
                   "or diverged");
        r = LD_SAY(&w, DRSTOR_E_CONFLICT, "%s was connected, and gave up: the two do not fit",
                   change->group);
        return ld_work_end(&w, ld_work_no(&w, r));
    }
    return ld_work_done(&w);
}

/* ---- resync ---------------------------------------------------------------------------------- */

/* The survivor's part: it only has to listen again. A Primary is never overwritten by that. */
static int
resync_source(struct ld_work *w)
{
    int r = DRSTOR_OK;
    if (is_alone(w))
        r = go(w, "connect", "drbdadm connect");
    r = r < 0 ? r : ld_work_wait(w, RECONNECT_S, is_linked);
    if (r < 0)
        return r;
    return is_alone(w)
               ? LD_NO(w, DRSTOR_E_CONFLICT,
                       "%s was connected, and gave up again: both sides have what the other "
                       "lacks, and none of them gives its own up",
                       group_of(w))
               : ld_work_done(w);
}

/* Half of each site would be worse than either: everything is held where it is. */
static int
crossed(struct ld_work *w)
{
    int r = ld_work_do(w, "pause-sync", NULL, 0);
    if (r < 0)
        return r;
    host->hint(w->call,
               "the resync is held. At the copy that is to be overwritten: drbdadm "
               "invalidate %s, which takes all of it from the other side, then resume-sync",
               group_of(w));
    w->changed = true;
    return LD_NO(w, DRSTOR_E_CONFLICT,
                 "volumes of %s are copied in different directions: one volume from each site",
                 group_of(w));
}

static bool
feeds(const struct ld_resource *r)
{
    for (size_t i = 0; i < r->n_volumes; i++) {
        enum ld_replication x = r->volumes[i].replication;
        if (x == LD_REPLICATION_SOURCE || x == LD_REPLICATION_PAUSED_SOURCE ||
            x == LD_REPLICATION_AHEAD)
            return true;
    }
    return false;
}

static int
connected(struct ld_work *w)
{
    if (w->now.crossed)
        return crossed(w);
    if (feeds(w->r)) {
        int r = ld_work_do(w, "pause-sync", NULL, 0);
        if (r < 0)
            return r;
        w->changed = true;
        return LD_NO(w, DRSTOR_E_CONFLICT,
                     "%s would overwrite the copy that it is to follow: the resync is held",
                     group_of(w));
    }
    return ld_work_done(w);
}

/* Before anything is overwritten here. */
static int
may_be_overwritten(struct ld_work *w)
{
    const char *expect = w->change->expect;
    if (!w->r->up)
        return LD_SAY(w, DRSTOR_E_CONFLICT, "%s is not up", group_of(w));
    if (w->r->n_peers > 1)
        return LD_SAY(w, DRSTOR_E_UNSUPPORTED, "%s has %zu peers, and this plugin judges two hosts",
                      group_of(w), w->r->n_peers);
    if (!w->now.secondary) {
        host->hint(w->call, "demote this copy first");
        return LD_SAY(w, DRSTOR_E_REFUSED,
                      "%s is not Secondary in every volume: what may be written is not overwritten",
                      group_of(w));
    }
    if (ld_any_lun(w)) {
        host->hint(w->call, "withdraw it first");
        return LD_SAY(w, DRSTOR_E_REFUSED, "hosts see %s: it is not overwritten under them",
                      group_of(w));
    }
    if (expect && (!w->now.generation[0] || strcmp(expect, w->now.generation) != 0))
        return LD_SAY(w, DRSTOR_E_CONFLICT,
                      "%s has another generation than the one that was read: it was written since",
                      group_of(w));
    return DRSTOR_OK;
}

/*
 * --discard-my-data counts only in a split brain; without one DRBD finds by itself who is behind.
 * The other side may be StandAlone: then its array drives, which the contract has a word for.
 */
static int
resync_target(struct ld_work *w)
{
    int r = may_be_overwritten(w);
    if (r < 0)
        return ld_work_end(w, ld_work_no(w, r));
    if (w->r->link == LD_LINK_CONNECTED)
        return connected(w);
    if (!is_alone(w)) {
        r = go(w, "disconnect", "drbdadm disconnect");
        if (r < 0)
            return r;
    }
    r = go(w, "connect-discard", "drbdadm connect --discard-my-data");
    r = r < 0 ? r : ld_work_wait(w, RECONNECT_S, is_linked);
    if (r < 0)
        return r;
    if (w->r->link == LD_LINK_CONNECTED)
        return connected(w);
    w->changed = true;
    return LD_NO(w, DRSTOR_E_UNSUPPORTED,
                 "%s is ready to be overwritten and waits: the other side has to connect",
                 group_of(w));
}

int
ld_resync(void *handle, struct drstor_call *call, const struct drstor_change *change)
{
    struct ld_work w;
    (void)handle;
    int r = ld_work_begin(&w, call, change, false);
    if (r < 0)
        return r;
    /*
     * Both copies have the resource's name, so the names do not say which one this is. The target
     * is no Primary, and has the generation that was read of it; a Primary that has it is a target
     * that was opened meanwhile.
     */
    bool opened = change->expect && strcmp(change->expect, w.now.generation) == 0;
    return w.now.primary && !opened ? resync_source(&w) : resync_target(&w);
}
