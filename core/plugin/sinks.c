/* What a plugin reports of groups, members, paths, jobs and points: believed as a statement, never
 * as a shape. */
#include "plugin/host.h"
#include "plugin/message.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

enum {
    MEMBERS_MAX = 4096, /* in one group */
    POINTS_MAX = 4096,  /* of one group */
    POINT_TEXT_MAX = 255,
    REPLY_BYTES_MAX = DR_MESSAGE_MAX - (1 << 16) /* leaves room for sentences */
};

/* Fixed part of one thing on the wire, generously. */
enum { GROUP_BYTES = 160, MEMBER_BYTES = 64, PATH_BYTES = 48, JOB_BYTES = 32, POINT_BYTES = 32 };

static int
sink_begin(struct drstor_call *call, size_t bytes)
{
    if (!dr_host_mine(call))
        return DRSTOR_E_INVALID;
    if (call->describing)
        return dr_host_fault(call, "reported groups, members, paths, jobs or points in describe()");
    call->bytes += bytes;
    if (call->bytes > REPLY_BYTES_MAX)
        return dr_host_fault(call, "reported more than 16 MiB");
    return DRSTOR_OK;
}

static int
check_enum(struct drstor_call *call, const char *what, int32_t value, int32_t most)
{
    if (value < 0 || value > most)
        return dr_host_fault(call, "reported the %s %d, which does not exist", what, value);
    return DRSTOR_OK;
}

static int
check_number(struct drstor_call *call, const char *what, int64_t value, int64_t most)
{
    if (value < -1 || value > most)
        return dr_host_fault(call, "reported the %s %lld", what, (long long)value);
    return DRSTOR_OK;
}

static struct dr_copy_view *
find_view(struct drstor_call *call, const char *id)
{
    struct dr_served *s = &call->served;
    for (size_t i = s->n_views; i-- > 0;) /* the last one is nearly always meant */
        if (dr_streq(s->views[i].id, id))
            return &s->views[i];
    return NULL;
}

static bool
was_asked(const struct drstor_call *call, const char *id)
{
    const struct dr_call *q = call->request;
    if (!q || call->operation == DR_ARRAY_OP_DISCOVER)
        return true;
    if (call->operation != DR_ARRAY_OP_OBSERVE)
        return q->group && dr_streq(q->group, id);
    for (size_t i = 0; i < q->n_groups; i++)
        if (dr_streq(q->groups[i], id))
            return true;
    return false;
}

static struct dr_copy_view *
add_view(struct drstor_call *call, const char *id)
{
    struct dr_served *s = &call->served;
    struct dr_copy_view *v = &dr_arena_push(call->arena, s->views, s->n_views);
    dr_map_clear(&dr_copy_view_type, v);
    v->id = id;
    return v;
}

static int
check_group(struct drstor_call *call, const struct drstor_group_info *g)
{
    int r = check_enum(call, "access", g->access, DRSTOR_ACCESS_READ_WRITE);
    r = r < 0 ? r : check_enum(call, "sync state", g->sync, DRSTOR_SYNC_DIVERGED);
    r = r < 0 ? r : check_enum(call, "relation", g->relation, DRSTOR_RELATION_MUTUAL);
    r = r < 0 ? r : check_enum(call, "arbiter state", g->arbiter, DRSTOR_ARBITER_ABSENT);
    r = r < 0 ? r : check_enum(call, "answer", g->stops_when_alone, DRSTOR_TRI_YES);
    r = r < 0 ? r : check_enum(call, "answer", g->peer_seen, DRSTOR_TRI_YES);
    r = r < 0 ? r : check_enum(call, "state of a leg", g->leg, DRSTOR_LEG_SUSPENDED);
    r = r < 0 ? r : check_number(call, "consistent point", g->point_utc, INT64_MAX);
    r = r < 0 ? r : check_number(call, "lag in seconds", g->lag_s, INT64_MAX);
    r = r < 0 ? r : check_number(call, "lag in bytes", g->lag_bytes, INT64_MAX);
    r = r < 0 ? r : check_number(call, "progress", g->progress_permille, 1000);
    r = r < 0 ? r : check_number(call, "time the peer was seen", g->peer_seen_utc, INT64_MAX);
    return r < 0 ? r : check_number(call, "epoch", g->epoch, INT64_MAX);
}

int
dr_sink_group(struct drstor_call *call, const struct drstor_group_info *group)
{
    struct drstor_group_info g = DRSTOR_GROUP_INFO_INIT;
    const char *id = NULL, *preferred = NULL, *generation = NULL;
    int r = sink_begin(call, GROUP_BYTES);
    if (r == DRSTOR_OK)
        r = dr_host_take(call, "group", group,
                         offsetof(struct drstor_group_info, id) + sizeof(g.id), &g, sizeof(g));
    r = r < 0 ? r : check_group(call, &g);
    r = r < 0 ? r : dr_host_string(call, "group id", g.id, true, &id);
    r = r < 0 ? r : dr_host_string(call, "preferred side", g.preferred, false, &preferred);
    r = r < 0 ? r : dr_host_string(call, "generation", g.generation, false, &generation);
    if (r < 0)
        return r;
    if (!was_asked(call, id))
        return dr_host_fault(call, "reported group %.128s, which was not asked for", id);
    if (find_view(call, id))
        return dr_host_fault(call, "reported group %.128s twice", id);
    struct dr_copy_view *v = add_view(call, id);
    v->access = (enum drstor_access)g.access;
    v->sync = (enum drstor_sync)g.sync;
    v->relation = (enum drstor_relation)g.relation;
    v->arbiter = (enum drstor_arbiter)g.arbiter;
    v->stops_when_alone = (enum drstor_tristate)g.stops_when_alone;
    v->peer_seen = (enum drstor_tristate)g.peer_seen;
    v->preferred = preferred;
    v->generation = generation;
    v->point = g.point_utc;
    v->lag_s = g.lag_s;
    v->lag_bytes = g.lag_bytes;
    v->progress_permille = g.progress_permille;
    v->peer_seen_at = g.peer_seen_utc;
    v->leg = (enum drstor_leg)g.leg;
    v->epoch = g.epoch;
    return DRSTOR_OK;
}

int
dr_sink_member(struct drstor_call *call, const struct drstor_member_info *member)
{
    struct drstor_member_info m = DRSTOR_MEMBER_INFO_INIT;
    struct dr_member out = {0};
    const char *group = NULL;
    int r = sink_begin(call, MEMBER_BYTES);
    if (r == DRSTOR_OK)
        r = dr_host_take(call, "member", member,
                         offsetof(struct drstor_member_info, id) + sizeof(m.id), &m, sizeof(m));
    r = r < 0 ? r : check_enum(call, "access", m.access, DRSTOR_ACCESS_READ_WRITE);
    r = r < 0 ? r : check_enum(call, "sync state", m.sync, DRSTOR_SYNC_DIVERGED);
    r = r < 0 ? r : check_number(call, "size", m.bytes, INT64_MAX);
    r = r < 0 ? r : dr_host_string(call, "group of a member", m.group, true, &group);
    r = r < 0 ? r : dr_host_string(call, "member id", m.id, true, &out.id);
    r = r < 0 ? r : dr_host_string(call, "pair", m.pair, false, &out.pair);
    r = r < 0 ? r : dr_host_string(call, "wwid", m.wwid, false, &out.wwid);
    r = r < 0 ? r : dr_host_string(call, "serial", m.serial, false, &out.serial);
    if (r < 0)
        return r;
    struct dr_copy_view *v = find_view(call, group);
    const struct dr_op_info *op = dr_op_info(call->operation);
    /* A change names the members it reached without reading the group again. */
    if (!v && op && op->mutating && was_asked(call, group))
        v = add_view(call, group);
    if (!v)
        return dr_host_fault(
            call, "reported member %.128s of group %.128s, which it did not report", out.id, group);
    if (v->n_members >= MEMBERS_MAX)
        return dr_host_fault(call, "reported more than %d members of group %.128s", MEMBERS_MAX,
                             group);
    for (size_t i = 0; i < v->n_members; i++)
        if (dr_streq(v->members[i].id, out.id))
            return dr_host_fault(call, "reported member %.128s of group %.128s twice", out.id,
                                 group);
    out.access = (enum drstor_access)m.access;
    out.sync = (enum drstor_sync)m.sync;
    out.size = m.bytes;
    dr_arena_push(call->arena, v->members, v->n_members) = out;
    return DRSTOR_OK;
}

static struct dr_member *
find_member(struct drstor_call *call, const char *id)
{
    for (size_t g = call->served.n_views; g-- > 0;) {
        struct dr_copy_view *v = &call->served.views[g];
        for (size_t i = v->n_members; i-- > 0;)
            if (dr_streq(v->members[i].id, id))
                return &v->members[i];
    }
    return NULL;
}

int
dr_sink_path(struct drstor_call *call, const struct drstor_path_info *path)
{
    struct drstor_path_info p = DRSTOR_PATH_INFO_INIT;
    struct dr_path out = {0};
    const char *member = NULL;
    int r = sink_begin(call, PATH_BYTES);
    if (r == DRSTOR_OK)
        r = dr_host_take(call, "path", path,
                         offsetof(struct drstor_path_info, host_group) + sizeof(p.host_group), &p,
                         sizeof(p));
    r = r < 0 ? r : check_number(call, "LUN", p.lun, INT32_MAX);
    r = r < 0 ? r : dr_host_string(call, "member of a path", p.member, true, &member);
    r = r < 0 ? r : dr_host_string(call, "host group", p.host_group, false, &out.host_group);
    r = r < 0 ? r : dr_host_string(call, "protocol", p.protocol, false, &out.protocol);
    r = r < 0 ? r : dr_host_string(call, "portal", p.portal, false, &out.portal);
    r = r < 0 ? r : dr_host_string(call, "target", p.target, false, &out.target);
    if (r < 0)
        return r;
    if (out.protocol && !dr_streq(out.protocol, "iscsi") && !dr_streq(out.protocol, "fcp"))
        return dr_host_fault(call, "reported the protocol %.64s, which is neither iscsi nor fcp",
                             out.protocol);
    struct dr_member *m = find_member(call, member);
    if (!m)
        return dr_host_fault(call, "reported a path of member %.128s, which it did not report",
                             member);
    out.lun = p.lun;
    dr_arena_push(call->arena, m->paths, m->n_paths) = out;
    return DRSTOR_OK;
}

int
dr_sink_job(struct drstor_call *call, const struct drstor_job_info *job)
{
    struct drstor_job_info j = DRSTOR_JOB_INFO_INIT;
    struct dr_job out = {0};
    const char *group = NULL;
    int r = sink_begin(call, JOB_BYTES);
    if (r == DRSTOR_OK)
        r = dr_host_take(call, "job", job, offsetof(struct drstor_job_info, id) + sizeof(j.id), &j,
                         sizeof(j));
    r = r < 0 ? r : check_enum(call, "job state", j.state, DRSTOR_JOB_FAILED);
    r = r < 0 ? r : check_number(call, "progress", j.progress_permille, 1000);
    r = r < 0 ? r : dr_host_string(call, "job id", j.id, true, &out.id);
    r = r < 0 ? r : dr_host_string(call, "group of a job", j.group, false, &group);
    r = r < 0 ? r : dr_host_string(call, "operation of a job", j.operation, false, &out.operation);
    if (r < 0)
        return r;
    out.state = (enum drstor_job_state)j.state;
    out.progress_permille = j.progress_permille;
    struct dr_copy_view *v = group ? find_view(call, group) : NULL;
    bool reads_groups =
        call->operation == DR_ARRAY_OP_OBSERVE || call->operation == DR_ARRAY_OP_DISCOVER;
    if (!v && reads_groups)
        return dr_host_fault(call, "reported job %.128s of a group that it did not report", out.id);
    if (call->operation == DR_ARRAY_OP_JOBS && group && !was_asked(call, group))
        return dr_host_fault(call, "reported job %.128s of group %.128s, which was not asked for",
                             out.id, group);
    if (call->operation == DR_ARRAY_OP_POLL && call->request &&
        !dr_streq(out.id, call->request->job))
        return dr_host_fault(call, "reported job %.128s, which was not asked for", out.id);
    if (v)
        dr_arena_push(call->arena, v->jobs, v->n_jobs) = out;
    else
        dr_arena_push(call->arena, call->served.jobs, call->served.n_jobs) = out;
    return DRSTOR_OK;
}

int
dr_sink_point(struct drstor_call *call, const struct drstor_point_info *point)
{
    struct drstor_point_info p = DRSTOR_POINT_INFO_INIT;
    struct dr_served *s = &call->served;
    struct dr_point out = {0};
    const char *group = NULL;
    int r = sink_begin(call, POINT_BYTES);
    if (r == DRSTOR_OK && call->operation != DR_ARRAY_OP_POINTS)
        r = dr_host_fault(call, "reported a recovery point outside points()");
    if (r == DRSTOR_OK)
        r = dr_host_take(call, "recovery point", point,
                         offsetof(struct drstor_point_info, utc) + sizeof(p.utc), &p, sizeof(p));
    r = r < 0 ? r : check_enum(call, "kind of recovery point", p.kind, DRSTOR_POINT_PERIODIC);
    r = r < 0 ? r : check_number(call, "moment of a recovery point", p.utc, INT64_MAX);
    r = r < 0 ? r : dr_host_string(call, "group of a recovery point", p.group, true, &group);
    r = r < 0 ? r : dr_host_string(call, "id of a recovery point", p.id, true, &out.id);
    r = r < 0 ? r : dr_host_string(call, "label", p.label, false, &out.label);
    if (r < 0)
        return r;
    /* They are stored with every observation, as many as there are. */
    if (strlen(out.id) > POINT_TEXT_MAX || (out.label && strlen(out.label) > POINT_TEXT_MAX))
        return dr_host_fault(call, "reported a recovery point with a text longer than %d bytes",
                             POINT_TEXT_MAX);
    if (!was_asked(call, group))
        return dr_host_fault(call,
                             "reported recovery point %.128s of group %.128s, which was not asked "
                             "for",
                             out.id, group);
    if (s->n_points >= POINTS_MAX)
        return dr_host_fault(call, "reported more than %d recovery points", POINTS_MAX);
    for (size_t i = 0; i < s->n_points; i++)
        if (dr_streq(s->points[i].id, out.id))
            return dr_host_fault(call, "reported recovery point %.128s twice", out.id);
    out.kind = (enum drstor_point_kind)p.kind;
    out.at = p.utc;
    dr_arena_push(call->arena, s->points, s->n_points) = out;
    return DRSTOR_OK;
}
