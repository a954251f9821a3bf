/* Calls that only read: one report, judged and handed on. */
#include "plugin.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID_MOST = LD_NAME_MOST + 16, TEXT_MOST = 256 };

/* A copy with an end, since the sinks take strings. */
static const char *
text_of(struct ld_span s, char *ret, size_t size)
{
    (void)snprintf(ret, size, "%.*s", (int)(s.n < size ? s.n : size - 1), s.n ? s.s : "");
    return s.n ? ret : NULL;
}

/* "r0/0"; of a clone "drstor-drill-.../0". */
static void
member_id(const char *group, const struct ld_volume *v, char ret[ID_MOST])
{
    (void)snprintf(ret, ID_MOST, "%.*s/%u", LD_NAME_MOST, group, v->number);
}

/* ---- members and paths ----------------------------------------------------------------------- */

struct reading {
    struct drstor_call *call;
    const struct ld_host *host;
    const struct ld_resource *r;
    const char *group; /* id under which it was asked for */
    const char *clone; /* NULL: the copy itself */
};

static int
report_lun(const struct reading *x, const char *member, const struct ld_lun *l)
{
    struct drstor_path_info info = DRSTOR_PATH_INFO_INIT;
    char target[TEXT_MOST], portal[TEXT_MOST];
    int r = DRSTOR_OK;
    bool any = false;
    info.member = member;
    info.lun = (int32_t)l->number;
    info.protocol = "iscsi";
    info.target = info.host_group = text_of(l->target, target, sizeof(target));
    for (size_t i = 0; r >= 0 && i < x->host->n_portals; i++) {
        const struct ld_portal *p = &x->host->portals[i];
        if (!p->address.n || !ld_same(p->target, l->target))
            continue;
        any = true;
        info.portal = text_of(p->address, portal, sizeof(portal));
        r = host->report_path(x->call, &info);
    }
    /* A LUN of a target without a portal is a way in all the same, as soon as it gets one. */
    return any || r < 0 ? r : host->report_path(x->call, &info);
}

static int
report_paths(const struct reading *x, const char *member, const struct ld_volume *v)
{
    const struct ld_host *h = x->host;
    int r = DRSTOR_OK;
    for (size_t i = 0; r >= 0 && i < h->n_luns; i++) {
        const struct ld_backstore *b = NULL;
        for (size_t k = 0; k < h->n_backstores && !b; k++)
            if (ld_same(h->backstores[k].name, h->luns[i].backstore) &&
                ld_backstore_is(&h->backstores[k], x->r, v, x->clone))
                b = &h->backstores[k];
        if (b)
            r = report_lun(x, member, &h->luns[i]);
    }
    return r;
}

static int
report_member(const struct reading *x, const struct ld_volume *v, enum drstor_access access,
              enum drstor_sync sync)
{
    struct drstor_member_info info = DRSTOR_MEMBER_INFO_INIT;
    char id[ID_MOST], serial[LD_SERIAL_SIZE], wwid[LD_WWID_SIZE];
    member_id(x->group, v, id);
    info.group = x->group;
    info.id = id;
    info.pair = x->clone ? NULL : id; /* the resource has one name at both sides */
    info.access = (int32_t)access;
    info.sync = (int32_t)sync;
    if (ld_identity(x->host, x->r, v, x->clone, serial, wwid)) {
        info.serial = serial;
        info.wwid = wwid;
    }
    if (v->up && v->size_kib && v->size_kib <= (uint64_t)INT64_MAX / 1024)
        info.bytes = (int64_t)(v->size_kib * 1024);
    return host->report_member(x->call, &info);
}

static int
report_all_paths(const struct reading *x)
{
    char id[ID_MOST];
    int r = DRSTOR_OK;
    for (size_t i = 0; r >= 0 && i < x->r->n_volumes; i++) {
        member_id(x->group, &x->r->volumes[i], id);
        r = report_paths(x, id, &x->r->volumes[i]);
    }
    return r;
}

/* ---- a copy ---------------------------------------------------------------------------------- */

static int
report_jobs(struct drstor_call *call, const struct ld_resource *r, const struct ld_state *s,
            const char *group)
{
    struct drstor_job_info info = DRSTOR_JOB_INFO_INIT;
    char id[ID_MOST];
    int x = DRSTOR_OK;
    info.id = id;
    info.group = group;
    info.state = DRSTOR_JOB_RUNNING;
    if (s->resyncing) {
        (void)snprintf(id, sizeof(id), "resync:%.*s", LD_NAME_MOST, group);
        info.operation = "resync";
        info.progress_permille = s->progress_permille;
        x = host->report_job(call, &info);
    }
    if (r->kept && r->busy && x >= 0) {
        (void)snprintf(id, sizeof(id), "change:%.*s", LD_NAME_MOST, group);
        info.operation = NULL; /* it may be any; so it counts as one that changes roles */
        info.progress_permille = -1;
        x = host->report_job(call, &info);
    }
    return x;
}

static int
report_group(struct drstor_call *call, const struct ld_state *s, const char *id)
{
    struct drstor_group_info info = DRSTOR_GROUP_INFO_INIT;
    info.id = id;
    info.access = (int32_t)s->access;
    info.sync = (int32_t)s->sync;
    info.relation = (int32_t)s->relation;
    info.arbiter = (int32_t)s->arbiter;
    info.stops_when_alone = (int32_t)s->stops_when_alone;
    info.peer_seen = (int32_t)s->peer_seen;
    info.leg = (int32_t)s->leg;
    info.preferred = s->preferred[0] ? s->preferred : NULL;
    info.generation = s->generation[0] ? s->generation : NULL;
    info.point_utc = s->point_utc;
    info.lag_bytes = s->lag_bytes;
    info.progress_permille = s->progress_permille;
    info.peer_seen_utc = s->peer_seen_utc;
    info.epoch = s->epoch;
    return host->report_group(call, &info);
}

static void
warn(struct drstor_call *call, const struct ld_resource *r, const struct ld_state *s,
     const char *group)
{
    if (s->torn)
        host->log(call, DRSTOR_LOG_WARN,
                  "group %s is half flipped: some of its volumes are Primary, others Secondary",
                  group);
    if (s->crossed)
        host->log(call, DRSTOR_LOG_ERROR,
                  "volumes of group %s are resynchronised in different directions", group);
    if (s->frozen)
        host->log(call, DRSTOR_LOG_WARN, "writes of group %s wait (suspended: %.*s)", group,
                  LD_SHOW(r->suspended));
    if (r->n_peers > 1)
        host->log(call, DRSTOR_LOG_WARN,
                  "resource %s has %zu peers; this plugin judges resources of two hosts", group,
                  r->n_peers);
}

static int
report_copy(const struct reading *x, int64_t now_utc)
{
    struct ld_state s;
    ld_state_of(x->r, ld_host_nine(x->host), now_utc, &s);
    warn(x->call, x->r, &s, x->group);
    int r = report_group(x->call, &s, x->group);
    for (size_t i = 0; r >= 0 && i < x->r->n_volumes; i++)
        r = report_member(x, &x->r->volumes[i], s.members[i].access, s.members[i].sync);
    r = r < 0 ? r : report_all_paths(x);
    return r < 0 ? r : report_jobs(x->call, x->r, &s, x->group);
}

/* ---- a clone, beside a copy ------------------------------------------------------------------ */

static enum drstor_access
clone_access(const struct ld_lv *lv)
{
    if (!lv || !ld_is(lv->active, "active") || !ld_begins(lv->permissions, "writeable"))
        return DRSTOR_ACCESS_NONE;
    /* A snapshot that ran full reads as errors. */
    bool invalid =
        ld_holds(lv->invalid, "invalid", NULL) || (lv->attr.n > 4 && lv->attr.s[4] == 'I');
    return invalid ? DRSTOR_ACCESS_NONE : DRSTOR_ACCESS_READ_WRITE;
}

/* All volumes of its resource are shown: one that lacks its half is no clone. */
static int
report_clone(const struct reading *x)
{
    struct drstor_group_info info = DRSTOR_GROUP_INFO_INIT;
    enum drstor_access all[LD_VOLUMES_MOST], least = DRSTOR_ACCESS_READ_WRITE;
    for (size_t i = 0; i < x->r->n_volumes; i++) {
        all[i] =
            clone_access(ld_image(x->host, x->r->name, x->r->volumes[i].number, "clone", x->clone));
        least = all[i] < least ? all[i] : least;
    }
    info.id = x->group;
    info.access = (int32_t)least;
    info.sync = DRSTOR_SYNC_BROKEN;
    info.relation = DRSTOR_RELATION_NONE;
    int r = host->report_group(x->call, &info);
    for (size_t i = 0; r >= 0 && i < x->r->n_volumes; i++)
        r = report_member(x, &x->r->volumes[i], all[i], DRSTOR_SYNC_BROKEN);
    return r < 0 ? r : report_all_paths(x);
}

/* Of which resource is there something that was made as clone NAME? */
static bool
clone_owner(const struct ld_host *h, const char *name, char ret[LD_NAME_MOST + 1])
{
    for (size_t i = 0; i < h->n_lvs; i++) {
        struct ld_span owner;
        if (!ld_lv_tagged(&h->lvs[i], "drstor:clone=", ld_span(name)) ||
            !ld_holds(h->lvs[i].tags, "drstor:res=", &owner))
            continue;
        (void)ld_cut(owner, ',', &owner, NULL);
        return owner.n <= LD_NAME_MOST && text_of(owner, ret, LD_NAME_MOST + 1) != NULL;
    }
    return false;
}

static int
observe_clone(struct drstor_call *call, const struct ld_host *h, const char *group)
{
    char name[LD_NAME_MOST + 1], owner[LD_NAME_MOST + 1];
    const char *const owners[] = {owner};
    struct ld_host again = {0};
    ld_name(group, name);
    if (!h->lvs_read) /* "there is none" has to be read */
        return host->fail(call, DRSTOR_E_PROTOCOL, "lvs cannot be read at %.*s", LD_SHOW(h->name));
    if (!clone_owner(h, name, owner))
        return DRSTOR_OK;
    struct reading x = {
        .call = call, .host = h, .r = ld_host_resource(h, owner), .group = group, .clone = name};
    int r = DRSTOR_OK;
    if (!x.r) {
        r = ld_look(call, owners, 1, true, &again);
        x.host = &again;
        x.r = r < 0 ? NULL : ld_host_resource(&again, owner);
    }
    if (r >= 0 && !x.r)
        r = host->fail(call, DRSTOR_E_PROTOCOL,
                       "clone %s is of resource %s, which the configuration does not have", name,
                       owner);
    if (r >= 0)
        r = report_clone(&x);
    ld_host_clear(&again);
    return r;
}

/* ---- the calls ------------------------------------------------------------------------------- */

/* "No paths" would read as "no host sees it". */
static int
lio_known(struct drstor_call *call, const struct ld_host *h)
{
    if (h->lio_read)
        return DRSTOR_OK;
    host->hint(call, "see with targetcli ls that the target subsystem answers");
    return host->fail(call, DRSTOR_E_PROTOCOL, "what LIO exports at %.*s cannot be read",
                      LD_SHOW(h->name));
}

int
ld_observe(void *handle, struct drstor_call *call, const char *const *groups, size_t n_groups)
{
    struct ld_host h;
    int64_t now = host->now_utc(call);
    (void)handle;
    int r = ld_look(call, groups, n_groups, false, &h);
    bool all = r >= 0;
    for (size_t i = 0; all && i < n_groups; i++)
        all = ld_host_resource(&h, groups[i]) != NULL;
    if (r >= 0 && !all) { /* a clone is found by its logical volumes alone */
        ld_host_clear(&h);
        r = ld_look(call, groups, n_groups, true, &h);
    }
    if (r < 0)
        return r;
    r = lio_known(call, &h);
    for (size_t i = 0; r >= 0 && i < n_groups; i++) {
        const struct reading x = {
            .call = call, .host = &h, .r = ld_host_resource(&h, groups[i]), .group = groups[i]};
        if (x.r) {
            r = report_copy(&x, now);
            continue;
        }
        r = ld_absent(call, &h, groups[i]);
        if (r >= 0)
            r = observe_clone(call, &h, groups[i]);
    }
    ld_host_clear(&h);
    return r < 0 ? r : DRSTOR_OK;
}

int
ld_discover(void *handle, struct drstor_call *call)
{
    struct ld_host h;
    int64_t now = host->now_utc(call);
    (void)handle;
    int r = ld_look(call, NULL, 0, true, &h);
    if (r < 0)
        return r;
    r = lio_known(call, &h);
    for (size_t i = 0; r >= 0 && i < h.n_resources; i++) {
        char name[LD_NAME_MOST + 1];
        const struct reading x = {.call = call,
                                  .host = &h,
                                  .r = &h.resources[i],
                                  .group = text_of(h.resources[i].name, name, sizeof(name))};
        r = report_copy(&x, now);
    }
    ld_host_clear(&h);
    return r < 0 ? r : DRSTOR_OK;
}

/* GROUP as it is; not OK: the sentence was given. */
static int
one(struct drstor_call *call, const char *group, struct ld_host *h, const struct ld_resource **ret,
    struct ld_state *s)
{
    int64_t now = host->now_utc(call);
    int r = ld_look(call, &group, 1, false, h);
    if (r < 0)
        return r;
    *ret = ld_host_resource(h, group);
    if (*ret) {
        ld_state_of(*ret, ld_host_nine(h), now, s);
        return DRSTOR_OK;
    }
    r = ld_absent(call, h, group);
    if (r >= 0)
        r = host->fail(call, DRSTOR_E_NOTFOUND, "the storage host has no DRBD resource %s", group);
    ld_host_clear(h);
    return r;
}

int
ld_jobs(void *handle, struct drstor_call *call, const char *group)
{
    struct ld_host h;
    const struct ld_resource *r = NULL;
    struct ld_state s;
    (void)handle;
    int x = one(call, group, &h, &r, &s);
    if (x < 0)
        return x;
    x = report_jobs(call, r, &s, group);
    ld_host_clear(&h);
    return x < 0 ? x : DRSTOR_OK;
}

static enum drstor_job_state
resync_state(const struct ld_state *s)
{
    switch (s->sync) {
    case DRSTOR_SYNC_SYNCING:
        return DRSTOR_JOB_RUNNING;
    case DRSTOR_SYNC_IN_SYNC:
    case DRSTOR_SYNC_LAGGING:
        return DRSTOR_JOB_SUCCEEDED;
    case DRSTOR_SYNC_PAUSED:
    case DRSTOR_SYNC_BROKEN:
    case DRSTOR_SYNC_DIVERGED:
        return DRSTOR_JOB_FAILED;
    case DRSTOR_SYNC_UNKNOWN:
        break;
    }
    return DRSTOR_JOB_UNKNOWN;
}

int
ld_poll(void *handle, struct drstor_call *call, const char *job)
{
    struct drstor_job_info info = DRSTOR_JOB_INFO_INIT;
    struct ld_host h;
    const struct ld_resource *r = NULL;
    struct ld_state s;
    const char *group = strchr(job, ':');
    bool resync = strncmp(job, "resync:", 7) == 0;
    (void)handle;
    if (!resync && strncmp(job, "change:", 7) != 0)
        return host->fail(call, DRSTOR_E_NOTFOUND, "there is no job %.100s", job);
    int x = one(call, group + 1, &h, &r, &s);
    if (x < 0)
        return x;
    info.id = job;
    info.group = NULL;
    info.operation = resync ? "resync" : NULL;
    info.progress_permille = resync ? s.progress_permille : -1;
    info.state = resync     ? (int32_t)resync_state(&s)
                 : !r->kept ? DRSTOR_JOB_UNKNOWN
                 : r->busy  ? DRSTOR_JOB_RUNNING
                            : DRSTOR_JOB_SUCCEEDED;
    if (info.state == DRSTOR_JOB_FAILED)
        host->array_said(call, ld_link_name(r->link), "the resync stopped before it was over");
    x = host->report_job(call, &info);
    ld_host_clear(&h);
    return x < 0 ? x : DRSTOR_OK;
}

size_t
ld_report_changed(struct drstor_call *call, const struct ld_resource *r,
                  const struct ld_state *before, const struct ld_state *after)
{
    size_t n = 0;
    char group[LD_NAME_MOST + 1], id[ID_MOST];
    if (!text_of(r->name, group, sizeof(group)))
        return 0;
    for (size_t i = 0; i < r->n_volumes; i++) {
        struct drstor_member_info info = DRSTOR_MEMBER_INFO_INIT;
        if (before && before->members[i].access == after->members[i].access)
            continue;
        member_id(group, &r->volumes[i], id);
        info.group = group;
        info.id = id;
        info.access = (int32_t)after->members[i].access;
        n += host->report_member(call, &info) >= 0;
    }
    return n;
}

/* ---- dual write ------------------------------------------------------------------------------ */

struct breaches {
    char text[2048];
    size_t n;
};

__attribute__((format(printf, 2, 3))) static void
breach(struct breaches *b, const char *format, ...)
{
    va_list ap;
    size_t left = sizeof(b->text) - b->n;
    if (left < 8)
        return;
    va_start(ap, format);
    int sep = b->n ? snprintf(b->text + b->n, left, "; ") : 0;
    b->n += (size_t)sep;
    int n = vsnprintf(b->text + b->n, left - (size_t)sep, format, ap);
    va_end(ap);
    b->n += n < 0 ? 0 : (size_t)n < left - (size_t)sep ? (size_t)n : left - (size_t)sep - 1;
}

static void
find_breaches(const struct ld_host *h, const struct ld_resource *r, const struct ld_state *s,
              struct breaches *b)
{
    if (!r->up)
        breach(b, "the resource is not up");
    if (r->n_peers > 1)
        breach(b, "it has %zu peers", r->n_peers);
    if (r->two_primaries != LD_SAID_YES)
        breach(b, "allow-two-primaries is %s",
               r->two_primaries == LD_SAID_NO ? "not set" : "not known");
    if (r->protocol != 'C')
        breach(b, "the protocol is not C: a write is acknowledged before the other side has it");
    if (s->torn)
        breach(b, "it is half flipped: some volumes are Primary here, others not");
    else if (r->up && !s->primary)
        breach(b, "it is not Primary here");
    if (r->up && r->link != LD_LINK_CONNECTED)
        breach(b, "the two sides are not connected (%s)", ld_link_name(r->link));
    else if (r->up && !s->peer_primary)
        breach(b, "the other side is not Primary");
    if (s->frozen)
        breach(b, "writes wait (suspended: %.*s)", (int)(r->suspended.n < 64 ? r->suspended.n : 64),
               r->suspended.n ? r->suspended.s : "");
    if (s->crossed)
        breach(b, "volumes are resynchronised in different directions");
    if (r->fencing != LD_FENCING_STOPS)
        breach(b, "fencing is not resource-and-stonith: when the link breaks, both sides go on");
    for (size_t i = 0; r->up && i < r->n_volumes; i++) {
        const struct ld_volume *v = &r->volumes[i];
        if (v->disk != LD_DISK_UPTODATE)
            breach(b, "volume %u is %s", v->number, ld_disk_name(v->disk));
        if (v->counted && v->out_of_sync_kib)
            breach(b, "volume %u differs in %llu KiB", v->number,
                   (unsigned long long)v->out_of_sync_kib);
        if (v->paused)
            breach(b, "resynchronisation of volume %u is paused", v->number);
        if (v->quorum == LD_SAID_NO)
            breach(b, "volume %u has no quorum", v->number);
        const struct ld_backstore *store = ld_backstore_of(h, r, v, NULL);
        if (store && store->enabled == LD_SAID_NO)
            breach(b, "the backstore of volume %u is not enabled", v->number);
    }
}

int
ld_verify(void *handle, struct drstor_call *call, const char *group)
{
    struct ld_host h;
    const struct ld_resource *r = NULL;
    struct ld_state s;
    struct breaches b = {.n = 0};
    (void)handle;
    int x = one(call, group, &h, &r, &s);
    if (x < 0)
        return x;
    if (!r->readable)
        x = host->fail(call, DRSTOR_E_PROTOCOL, "the state of %s cannot be read", group);
    else
        find_breaches(&h, r, &s, &b);
    ld_host_clear(&h);
    if (x < 0 || b.n == 0)
        return x;
    return host->fail(call, DRSTOR_E_REFUSED, "%s: %s", group, b.text);
}
