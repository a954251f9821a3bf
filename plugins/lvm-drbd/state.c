#include "state.h"

#include <stdio.h>

/* ---- access ---------------------------------------------------------------------------------- */

static bool
is_frozen(const struct ld_resource *r)
{
    return !ld_is(r->suspended, "no");
}

/*
 * A Secondary cannot be opened for writing by anybody: that is NONE. A Primary whose writes wait is
 * neither: they are not taken now, and all of them are as soon as it goes on.
 */
static enum drstor_access
access_of(const struct ld_resource *r, const struct ld_volume *v)
{
    if (!r->readable)
        return DRSTOR_ACCESS_UNKNOWN;
    if (!r->up || !v->up)
        return DRSTOR_ACCESS_NONE;
    switch (v->role) {
    case LD_ROLE_PRIMARY:
        return is_frozen(r) ? DRSTOR_ACCESS_UNKNOWN : DRSTOR_ACCESS_READ_WRITE;
    case LD_ROLE_SECONDARY:
        return DRSTOR_ACCESS_NONE;
    case LD_ROLE_UNKNOWN:
        break;
    }
    return DRSTOR_ACCESS_UNKNOWN;
}

static void
look_at_roles(const struct ld_resource *r, struct ld_state *s)
{
    size_t primaries = 0, secondaries = 0;
    s->access = DRSTOR_ACCESS_READ_WRITE;
    for (size_t i = 0; i < r->n_volumes; i++) {
        const struct ld_volume *v = &r->volumes[i];
        s->members[i].access = access_of(r, v);
        if (s->members[i].access < s->access)
            s->access = s->members[i].access;
        primaries += r->up && v->role == LD_ROLE_PRIMARY;
        secondaries += r->up && v->role == LD_ROLE_SECONDARY;
        s->peer_primary |= r->link == LD_LINK_CONNECTED &&
                           (v->peer_role == LD_ROLE_PRIMARY || r->peer_role == LD_ROLE_PRIMARY);
        s->wrote_alone |= v->identified && v->bitmap != 0;
    }
    s->primary = r->n_volumes && primaries == r->n_volumes;
    s->secondary = r->n_volumes && secondaries == r->n_volumes;
    s->torn = primaries > 0 && secondaries > 0;
    s->frozen = primaries > 0 && is_frozen(r);
    /* Half flipped is neither: what is writable is told by the members. */
    if (r->n_volumes == 0 || s->torn)
        s->access = DRSTOR_ACCESS_UNKNOWN;
}

/* ---- sync ------------------------------------------------------------------------------------ */

static bool
identified(const struct ld_resource *r)
{
    for (size_t i = 0; i < r->n_volumes; i++)
        if (!r->volumes[i].identified)
            return false;
    return r->n_volumes > 0;
}

static bool
is_whole(enum ld_disk disk)
{
    return disk == LD_DISK_UPTODATE || disk == LD_DISK_CONSISTENT || disk == LD_DISK_OUTDATED;
}

/* Both disks are UpToDate and every block of them is the same, as far as it was sent. */
static enum drstor_sync
established(const struct ld_resource *r, const struct ld_state *s, const struct ld_volume *v)
{
    if (v->disk == LD_DISK_UNKNOWN || v->peer_disk == LD_DISK_UNKNOWN || !v->counted)
        return DRSTOR_SYNC_UNKNOWN;
    if (v->disk != LD_DISK_UPTODATE || v->peer_disk != LD_DISK_UPTODATE)
        return DRSTOR_SYNC_BROKEN;
    if (v->out_of_sync_kib)
        return DRSTOR_SYNC_BROKEN; /* a verify found differences, and nothing copies them */
    if (v->paused)
        return DRSTOR_SYNC_PAUSED; /* the next interruption would not be made up for */
    /*
     * With protocol A a write is there some time after it was acknowledged. A demotion goes behind
     * all of them on the same stream: whoever sees no Primary any more has everything.
     */
    bool written = s->peer_primary || s->primary || s->torn;
    if (r->protocol == 0)
        return DRSTOR_SYNC_UNKNOWN;
    return r->protocol == 'A' && written ? DRSTOR_SYNC_LAGGING : DRSTOR_SYNC_IN_SYNC;
}

static enum drstor_sync
connected(const struct ld_resource *r, const struct ld_state *s, const struct ld_volume *v)
{
    switch (v->replication) {
    case LD_REPLICATION_ESTABLISHED:
        return established(r, s, v);
    case LD_REPLICATION_AGREEING:
    case LD_REPLICATION_SOURCE:
    case LD_REPLICATION_TARGET:
    case LD_REPLICATION_AHEAD:
    case LD_REPLICATION_BEHIND:
        return DRSTOR_SYNC_SYNCING;
    case LD_REPLICATION_PAUSED_SOURCE:
    case LD_REPLICATION_PAUSED_TARGET:
        return DRSTOR_SYNC_PAUSED;
    case LD_REPLICATION_OFF:
        return DRSTOR_SYNC_BROKEN;
    case LD_REPLICATION_UNKNOWN:
        break;
    }
    return DRSTOR_SYNC_UNKNOWN;
}

/*
 * It does not try to connect. A copy that never wrote alone was cut off on purpose; one that did
 * has what the other side lacks, and DRBD gave up joining the two.
 */
static enum drstor_sync
standing_alone(const struct ld_resource *r, const struct ld_state *s, const struct ld_volume *v)
{
    if (!s->secondary || !identified(r))
        return DRSTOR_SYNC_BROKEN;
    if (s->wrote_alone)
        return DRSTOR_SYNC_DIVERGED;
    return is_whole(v->disk) ? DRSTOR_SYNC_PAUSED : DRSTOR_SYNC_BROKEN;
}

static enum drstor_sync
sync_of(const struct ld_resource *r, const struct ld_state *s, const struct ld_volume *v)
{
    if (!r->readable || r->n_peers > 1)
        return DRSTOR_SYNC_UNKNOWN;
    if (!r->up || !v->up)
        return DRSTOR_SYNC_BROKEN;
    if (v->role == LD_ROLE_UNKNOWN)
        return DRSTOR_SYNC_UNKNOWN;
    switch (r->link) {
    case LD_LINK_CONNECTED:
        return connected(r, s, v);
    case LD_LINK_CONNECTING:
        return DRSTOR_SYNC_BROKEN;
    case LD_LINK_STANDALONE:
        return standing_alone(r, s, v);
    case LD_LINK_UNKNOWN:
        break;
    }
    return DRSTOR_SYNC_UNKNOWN;
}

static int
weight(enum drstor_sync sync)
{
    switch (sync) {
    case DRSTOR_SYNC_IN_SYNC:
        return 0;
    case DRSTOR_SYNC_LAGGING:
        return 1;
    case DRSTOR_SYNC_SYNCING:
        return 2;
    case DRSTOR_SYNC_PAUSED:
        return 3;
    case DRSTOR_SYNC_UNKNOWN:
        return 4;
    case DRSTOR_SYNC_BROKEN:
        return 5;
    case DRSTOR_SYNC_DIVERGED:
        return 6;
    }
    return 4;
}

/* Volumes may pick their directions one by one after a split brain: one half from each site. */
static bool
is_crossed(const struct ld_resource *r)
{
    bool from = false, to = false;
    for (size_t i = 0; i < r->n_volumes; i++) {
        enum ld_replication x = r->volumes[i].replication;
        from |= x == LD_REPLICATION_SOURCE || x == LD_REPLICATION_PAUSED_SOURCE;
        to |= x == LD_REPLICATION_TARGET || x == LD_REPLICATION_PAUSED_TARGET;
    }
    return from && to;
}

static void
look_at_sync(const struct ld_resource *r, struct ld_state *s)
{
    s->sync = DRSTOR_SYNC_IN_SYNC;
    for (size_t i = 0; i < r->n_volumes; i++) {
        s->members[i].sync = sync_of(r, s, &r->volumes[i]);
        if (weight(s->members[i].sync) > weight(s->sync))
            s->sync = s->members[i].sync;
        s->resyncing |= r->link == LD_LINK_CONNECTED && s->members[i].sync == DRSTOR_SYNC_SYNCING;
    }
    s->crossed = r->link == LD_LINK_CONNECTED && is_crossed(r);
    if (s->crossed)
        s->sync = DRSTOR_SYNC_DIVERGED;
    if (r->n_volumes == 0)
        s->sync = DRSTOR_SYNC_UNKNOWN;
}

static int64_t
behind_bytes(const struct ld_resource *r)
{
    uint64_t kib = 0;
    for (size_t i = 0; i < r->n_volumes; i++) {
        const struct ld_volume *v = &r->volumes[i];
        if (!v->counted || v->out_of_sync_kib > (uint64_t)INT64_MAX / 1024 - kib)
            return -1;
        kib += v->out_of_sync_kib;
    }
    return (int64_t)(kib * 1024);
}

static int64_t
progress_of(const struct ld_resource *r)
{
    double size = 0, done = 0;
    for (size_t i = 0; i < r->n_volumes; i++) {
        const struct ld_volume *v = &r->volumes[i];
        double left = (double)v->out_of_sync_kib;
        if (!v->counted || v->size_kib == 0 || v->out_of_sync_kib > v->size_kib)
            return -1;
        size += (double)v->size_kib;
        done += v->done_permille >= 0 ? (double)v->size_kib * (double)v->done_permille / 1000
                                      : (double)v->size_kib - left;
    }
    return size > 0 ? (int64_t)(done * 1000 / size) : -1;
}

/* ---- which way ------------------------------------------------------------------------------- */

/*
 * Two connected Secondaries follow each other: each takes what the other one writes as soon as that
 * is Primary. So both call themselves a destination.
 */
static enum drstor_relation
relation_of(const struct ld_resource *r, const struct ld_state *s)
{
    if (!r->readable || r->n_peers > 1)
        return DRSTOR_RELATION_UNKNOWN;
    if (!r->up)
        return DRSTOR_RELATION_NONE;
    if (r->link == LD_LINK_UNKNOWN || !(s->primary || s->secondary || s->torn))
        return DRSTOR_RELATION_UNKNOWN;
    bool linked = r->link == LD_LINK_CONNECTED;
    if (s->primary || s->torn) {
        if ((linked && s->peer_primary) || (!linked && r->two_primaries == LD_SAID_YES))
            return DRSTOR_RELATION_MUTUAL;
        return linked ? DRSTOR_RELATION_SOURCE : DRSTOR_RELATION_NONE;
    }
    if (linked)
        return DRSTOR_RELATION_DESTINATION;
    if (!identified(r))
        return DRSTOR_RELATION_UNKNOWN;
    return s->wrote_alone ? DRSTOR_RELATION_NONE : DRSTOR_RELATION_DESTINATION;
}

/* Alone, DRBD lets a leg go on that its handler does not stop, and the other one likewise: nothing
 * here is proof that the other leg is out. */
static enum drstor_leg
leg_of(const struct ld_resource *r, const struct ld_state *s)
{
    if (s->relation != DRSTOR_RELATION_MUTUAL || s->torn)
        return DRSTOR_LEG_UNKNOWN;
    if (s->frozen)
        return DRSTOR_LEG_SUSPENDED;
    return r->link == LD_LINK_CONNECTED &&
                   (s->sync == DRSTOR_SYNC_IN_SYNC || s->sync == DRSTOR_SYNC_SYNCING)
               ? DRSTOR_LEG_JOINED
               : DRSTOR_LEG_UNKNOWN;
}

/*
 * "resource-and-stonith" freezes the writer until its fence-peer handler has spoken. Without a
 * handler, or with one that can only fail, it stays frozen; any other may let it go on (exit code
 * 5: peer taken for dead), and then only who wrote it knows.
 */
static enum drstor_tristate
stops_of(const struct ld_resource *r)
{
    bool fails = r->fence_peer.n == 0 || ld_is(r->fence_peer, "/bin/false") ||
                 ld_is(r->fence_peer, "/usr/bin/false");
    switch (r->fencing) {
    case LD_FENCING_STOPS:
        return fails ? DRSTOR_TRI_YES : DRSTOR_TRI_UNKNOWN;
    case LD_FENCING_NONE:
    case LD_FENCING_OUTDATES:
        return DRSTOR_TRI_NO;
    case LD_FENCING_UNKNOWN:
        break;
    }
    return DRSTOR_TRI_UNKNOWN;
}

static void
look_at_arbiter(const struct ld_resource *r, bool nine, struct ld_state *s)
{
    bool handler = r->fencing == LD_FENCING_STOPS && r->fence_peer.n;
    if (nine && r->quorum_used == LD_SAID_YES) {
        s->arbiter = DRSTOR_ARBITER_OK;
        for (size_t i = 0; i < r->n_volumes; i++)
            if (r->volumes[i].quorum == LD_SAID_NO)
                s->arbiter = DRSTOR_ARBITER_DEGRADED;
            else if (r->volumes[i].quorum == LD_SAID_UNKNOWN && s->arbiter == DRSTOR_ARBITER_OK)
                s->arbiter = DRSTOR_ARBITER_UNKNOWN;
        (void)snprintf(s->preferred, sizeof(s->preferred), "whichever side has the quorum");
    } else if (r->fencing != LD_FENCING_UNKNOWN) {
        s->arbiter = handler ? DRSTOR_ARBITER_OK : DRSTOR_ARBITER_ABSENT;
    }
    if (handler && !s->preferred[0])
        (void)snprintf(s->preferred, sizeof(s->preferred), "decided by the fence-peer handler %.*s",
                       (int)(r->fence_peer.n < 200 ? r->fence_peer.n : 200), r->fence_peer.s);
}

static enum drstor_tristate
peer_seen_of(const struct ld_resource *r)
{
    if (!r->readable || !r->up)
        return DRSTOR_TRI_UNKNOWN;
    switch (r->link) {
    case LD_LINK_CONNECTED:
        return DRSTOR_TRI_YES;
    case LD_LINK_CONNECTING:
        return DRSTOR_TRI_NO;
    case LD_LINK_STANDALONE: /* it does not look */
    case LD_LINK_UNKNOWN:
        break;
    }
    return DRSTOR_TRI_UNKNOWN;
}

/* ---- what it holds --------------------------------------------------------------------------- */

static bool
all_disks(const struct ld_resource *r, bool (*good)(enum ld_disk disk))
{
    for (size_t i = 0; i < r->n_volumes; i++)
        if (!r->volumes[i].up || !good(r->volumes[i].disk))
            return false;
    return r->n_volumes > 0;
}

static bool
is_current(enum ld_disk disk)
{
    return disk == LD_DISK_UPTODATE;
}

static int64_t
seen_of(const struct ld_resource *r, int64_t now_utc)
{
    return r->unseen_s >= 0 && r->unseen_s <= now_utc ? now_utc - r->unseen_s : -1;
}

/*
 * DRBD has no clock. What follows is as of now; a copy that lost its source holds at least what it
 * held when a report last saw the two connected. A copy that wrote alone does not know when it did.
 */
static int64_t
point_of(const struct ld_resource *r, const struct ld_state *s, int64_t now_utc)
{
    int64_t behind = r->protocol == 'C' || r->protocol == 'B' ? 0 : LD_ASYNC_BEHIND_S;
    if (!r->up || r->n_peers > 1 || s->torn || !all_disks(r, is_whole))
        return -1;
    if (s->primary)
        return all_disks(r, is_current) ? now_utc : -1;
    if (s->relation != DRSTOR_RELATION_DESTINATION)
        return -1;
    if (r->link == LD_LINK_CONNECTED && all_disks(r, is_current))
        return s->sync == DRSTOR_SYNC_IN_SYNC ? now_utc : now_utc - behind;
    return seen_of(r, now_utc) >= 0 ? seen_of(r, now_utc) - behind : -1;
}

static int64_t
lag_of(const struct ld_resource *r, const struct ld_state *s)
{
    if (!r->up || r->n_peers > 1 || s->relation != DRSTOR_RELATION_DESTINATION)
        return -1;
    if (s->sync == DRSTOR_SYNC_LAGGING)
        return -1;
    if (r->link == LD_LINK_CONNECTED)
        return behind_bytes(r);
    /* It followed every write until it lost its source, and none was acknowledged before. */
    return r->protocol == 'C' && all_disks(r, is_current) && behind_bytes(r) == 0 ? 0 : -1;
}

static void
look_at_generation(const struct ld_resource *r, struct ld_state *s)
{
    size_t at = 0;
    for (size_t i = 0; identified(r) && i < r->n_volumes; i++) {
        int n = snprintf(s->generation + at, sizeof(s->generation) - at, "%s%016llX", i ? "," : "",
                         (unsigned long long)r->volumes[i].current);
        at += n > 0 ? (size_t)n : 0;
    }
}

void
ld_state_of(const struct ld_resource *r, bool nine, int64_t now_utc, struct ld_state *ret)
{
    struct ld_resource one = *r;
    if (one.up && one.n_peers == 0) /* nothing to connect to is configured in the kernel */
        one.link = LD_LINK_STANDALONE;
    r = &one;
    *ret = (struct ld_state){.progress_permille = -1, .peer_seen_utc = -1, .epoch = -1};
    look_at_roles(r, ret);
    look_at_sync(r, ret);
    ret->relation = relation_of(r, ret);
    ret->leg = leg_of(r, ret);
    ret->stops_when_alone = stops_of(r);
    look_at_arbiter(r, nine, ret);
    ret->peer_seen = peer_seen_of(r);
    ret->lag_bytes = lag_of(r, ret);
    if (ret->resyncing)
        ret->progress_permille = progress_of(r);
    ret->point_utc = point_of(r, ret, now_utc);
    if (ret->peer_seen == DRSTOR_TRI_YES)
        ret->peer_seen_utc = now_utc;
    else
        ret->peer_seen_utc = seen_of(r, now_utc);
    if (r->kept && r->epoch <= INT64_MAX)
        ret->epoch = (int64_t)r->epoch;
    look_at_generation(r, ret);
}

const struct ld_volume *
ld_volume_behind(const struct ld_resource *r)
{
    for (size_t i = 0; i < r->n_volumes; i++)
        if (!r->volumes[i].up || r->volumes[i].disk != LD_DISK_UPTODATE)
            return &r->volumes[i];
    return NULL;
}

const char *
ld_disk_name(enum ld_disk disk)
{
    switch (disk) {
    case LD_DISK_UPTODATE:
        return "UpToDate";
    case LD_DISK_CONSISTENT:
        return "Consistent";
    case LD_DISK_OUTDATED:
        return "Outdated";
    case LD_DISK_INCONSISTENT:
        return "Inconsistent";
    case LD_DISK_DISKLESS:
        return "without its disk";
    case LD_DISK_UNKNOWN:
        break;
    }
    return "in a state that was not read";
}

const char *
ld_link_name(enum ld_link link)
{
    switch (link) {
    case LD_LINK_CONNECTED:
        return "Connected";
    case LD_LINK_CONNECTING:
        return "Connecting";
    case LD_LINK_STANDALONE:
        return "StandAlone";
    case LD_LINK_UNKNOWN:
        break;
    }
    return "in a state that was not read";
}
