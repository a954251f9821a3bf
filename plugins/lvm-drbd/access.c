/*
 * Roles. The module's own refusals are not relied on: some versions promote what is behind, all of
 * them promote what reads from its peer, and what is alone does not know what it missed.
 */
#include "plugin.h"

#include <stdio.h>
#include <string.h>

#define LD_SAY(w, status, ...) host->fail((w)->call, status, __VA_ARGS__)
#define LD_NO(w, status, ...) ld_work_end(w, ld_work_no(w, LD_SAY(w, status, __VA_ARGS__)))

static const char *
group_of(const struct ld_work *w)
{
    return w->change->group;
}

static bool
is_expected(const struct ld_work *w)
{
    enum drstor_access want = (enum drstor_access)w->change->access_expected;
    return want == DRSTOR_ACCESS_UNKNOWN || want == w->now.access ||
           (want == DRSTOR_ACCESS_READ_ONLY && w->now.access == DRSTOR_ACCESS_NONE);
}

/* ---- read-only ------------------------------------------------------------------------------- */

static int
demote(struct ld_work *w)
{
    if (!w->r->up || w->now.secondary) /* what is not up can be opened by nobody */
        return ld_work_done(w);
    /* LIO holds the device open; and with the role goes what hosts could do with it. */
    int r = ld_any_lun(w) ? ld_take_luns(w) : DRSTOR_OK;
    if (r < 0)
        return r;
    r = ld_work_do(w, "secondary", NULL, 0);
    if (r == DRSTOR_OK)
        r = ld_work_look(w);
    if (r < 0)
        return r;
    if (!w->r->up || w->now.secondary)
        return ld_work_done(w);
    return w->class == LD_CLASS_NONE ? ld_work_unclear(w, "secondary")
                                     : ld_work_refused(w, "drbdadm secondary");
}

/* ---- read-write ------------------------------------------------------------------------------ */

/* Somebody over there may write: nothing here takes over from a Primary that is seen. */
static int
peer_writes(struct ld_work *w)
{
    if (w->r->link != LD_LINK_CONNECTED || !w->now.peer_primary ||
        w->now.relation == DRSTOR_RELATION_MUTUAL)
        return DRSTOR_OK;
    host->hint(w->call, "demote the other side first; it answers, so it can be told to");
    return LD_SAY(w, DRSTOR_E_CONFLICT, "%s cannot become Primary: the other side is Primary",
                  group_of(w));
}

static int
behind(struct ld_work *w)
{
    const struct ld_volume *v = ld_volume_behind(w->r);
    if (!v)
        return DRSTOR_OK;
    bool linked = w->r->link == LD_LINK_CONNECTED;
    if (!v->up)
        return LD_SAY(w, DRSTOR_E_CONFLICT, "volume %u of %s is not up", v->number, group_of(w));
    if (linked && w->now.resyncing)
        host->hint(w->call, "wait until the resync is over; until then it reads from the other "
                            "side, and would fail with it");
    else if (v->disk == LD_DISK_INCONSISTENT)
        host->hint(w->call, "there is no usable state here: go back to a snapshot from before the "
                            "resync; drstor-lvm-drbd-plugin(7), Copies that are behind");
    else
        host->hint(w->call,
                   "it is known to lack writes, or not known to have all; who takes it all "
                   "the same does so by hand: drbdadm primary --force %s, after a snapshot; "
                   "then run the same command again",
                   group_of(w));
    return LD_SAY(w, DRSTOR_E_REFUSED, "%s cannot become Primary: volume %u is %s%s", group_of(w),
                  v->number, ld_disk_name(v->disk),
                  linked && w->now.resyncing ? " and still being copied" : "");
}

static int
frozen(struct ld_work *w)
{
    if (!w->now.frozen)
        return DRSTOR_OK;
    host->hint(w->call,
               "end what holds them: bring the link or the quorum back, or, when nobody "
               "else can write: drbdadm resume-io %s",
               group_of(w));
    return LD_SAY(w, DRSTOR_E_CONFLICT, "%s is Primary, and its writes wait (suspended: %.*s)",
                  group_of(w), LD_SHOW(w->r->suspended));
}

/*
 * A Secondary that is cut off says UpToDate whatever the other side has written since. Connected,
 * it has everything; alone, somebody else has to know that nothing more was written.
 */
static int
unproven(struct ld_work *w)
{
    if (ld_proven(w->change))
        return DRSTOR_OK;
    if (!w->change->planned) {
        host->hint(w->call, "fence the other copy, or declare its site lost");
        return LD_SAY(w, DRSTOR_E_REFUSED,
                      "%s is not taken over without proof that the other copy cannot be written",
                      group_of(w));
    }
    if (w->r->link == LD_LINK_CONNECTED)
        return DRSTOR_OK;
    host->hint(w->call, "repair the replication link first");
    return LD_SAY(w, DRSTOR_E_CONFLICT,
                  "%s is %s: alone it does not know what the other side has written", group_of(w),
                  ld_link_name(w->r->link));
}

static int
promotable(struct ld_work *w)
{
    if (!w->r->up) {
        host->hint(w->call, "%s", ld_class_hint(LD_CLASS_NOT_UP));
        return LD_SAY(w, DRSTOR_E_CONFLICT, "%s is not up", group_of(w));
    }
    if (w->r->n_peers > 1)
        return LD_SAY(w, DRSTOR_E_UNSUPPORTED, "%s has %zu peers, and this plugin judges two hosts",
                      group_of(w), w->r->n_peers);
    if (!w->now.primary && !w->now.secondary && !w->now.torn)
        return LD_SAY(w, DRSTOR_E_PROTOCOL, "the roles of %s cannot be read", group_of(w));
    if (!is_expected(w))
        return LD_SAY(w, DRSTOR_E_CONFLICT, "%s is not what the caller saw: it was changed since",
                      group_of(w));
    int r = frozen(w);
    r = r < 0 ? r : unproven(w);
    r = r < 0 ? r : peer_writes(w);
    return r < 0 ? r : behind(w);
}

static int
after_promotion(struct ld_work *w, const char *what)
{
    int r = ld_work_look(w);
    if (r < 0)
        return r;
    if (w->now.primary && !w->now.frozen)
        return ld_work_done(w);
    if (w->now.primary) {
        r = frozen(w);
        return ld_work_end(w, ld_work_no(w, r));
    }
    return w->class == LD_CLASS_NONE ? ld_work_unclear(w, what) : ld_work_refused(w, what);
}

static int
promote(struct ld_work *w)
{
    if (w->now.primary && !w->now.frozen)
        return ld_work_done(w);
    int r = promotable(w);
    if (r < 0)
        return ld_work_end(w, ld_work_no(w, r));
    r = ld_work_do(w, "primary", NULL, 0);
    return r < 0 ? r : after_promotion(w, "drbdadm primary");
}

int
ld_set_access(void *handle, struct drstor_call *call, const struct drstor_change *change)
{
    struct ld_work w;
    (void)handle;
    int r = ld_work_begin(&w, call, change, false);
    if (r < 0)
        return r;
    switch ((enum drstor_access)change->access_wanted) {
    case DRSTOR_ACCESS_READ_WRITE:
        return promote(&w);
    case DRSTOR_ACCESS_READ_ONLY:
    case DRSTOR_ACCESS_NONE:
        return demote(&w);
    case DRSTOR_ACCESS_UNKNOWN:
        break;
    }
    return LD_NO(&w, DRSTOR_E_INVALID, "access %d is nothing that %s can be given",
                 change->access_wanted, change->group);
}

/* ---- a leg that goes on alone ---------------------------------------------------------------- */

static bool
can_be_forced(const struct ld_resource *r)
{
    for (size_t i = 0; i < r->n_volumes; i++) {
        enum ld_disk d = r->volumes[i].disk;
        if (!r->volumes[i].up ||
            (d != LD_DISK_UPTODATE && d != LD_DISK_CONSISTENT && d != LD_DISK_OUTDATED))
            return false;
    }
    return r->n_volumes > 0;
}

/* What is there now can be gone back to. */
static int
keep_first(struct ld_work *w)
{
    char wish[256], name[LD_NAME_MOST + 1];
    (void)snprintf(wish, sizeof(wish), "drstor before %.200s", w->change->op ? w->change->op : "");
    ld_name(wish, name); /* it has blanks, so it becomes a short name of its own */
    const char *const args[] = {name};
    int r = ld_work_do(w, "snapshot", args, 1);
    if (r < 0)
        return r;
    return w->class == LD_CLASS_NONE ? DRSTOR_OK
                                     : ld_work_refused(w, "the snapshot before forcing");
}

static int
force(struct ld_work *w)
{
    if (w->now.primary && !w->now.frozen)
        return ld_work_done(w);
    if (!ld_proven(w->change))
        return LD_NO(w, DRSTOR_E_REFUSED,
                     "%s is not forced without proof that the other copy cannot be written",
                     group_of(w));
    int r = peer_writes(w);
    if (r < 0)
        return ld_work_end(w, ld_work_no(w, r));
    if (w->now.primary) { /* its writes wait */
        r = ld_work_do(w, "resume-io", NULL, 0);
        return r < 0 ? r : after_promotion(w, "drbdadm resume-io");
    }
    if (!w->r->up || !can_be_forced(w->r)) {
        r = behind(w);
        if (r == DRSTOR_OK)
            r = LD_SAY(w, DRSTOR_E_CONFLICT, "%s is not up", group_of(w));
        return ld_work_end(w, ld_work_no(w, r));
    }
    if (!ld_volume_behind(w->r)) {
        r = ld_work_do(w, "primary", NULL, 0);
        return r < 0 ? r : after_promotion(w, "drbdadm primary");
    }
    r = keep_first(w);
    if (r < 0)
        return r;
    r = ld_work_do(w, "force-primary", NULL, 0);
    return r < 0 ? r : after_promotion(w, "drbdadm primary --force");
}

int
ld_force_access(void *handle, struct drstor_call *call, const struct drstor_change *change)
{
    struct ld_work w;
    (void)handle;
    int r = ld_work_begin(&w, call, change, false);
    return r < 0 ? r : force(&w);
}
