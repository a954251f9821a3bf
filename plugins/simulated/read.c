/* Calls that only read. */
#include "plugin.h"

#include <stdlib.h>

int
simulated_ask(struct simulated *s, struct drstor_call *call, enum sim_op op, const char *group,
              const char *job)
{
    struct sim_request request = {.op = op, .member = -1, .group = group, .job = job};
    struct sim_reply reply;
    int r = simulated_send(s, call, &request, &reply);
    if (r == DRSTOR_E_UNKNOWN) /* nothing can have happened: the same call may be repeated */
        return DRSTOR_E_UNREACHABLE;
    if (r < 0)
        return r;
    if (reply.status < 0) {
        host->array_said(call, reply.code, reply.words);
        return host->fail(call, reply.status, "%s", reply.words);
    }
    return DRSTOR_OK;
}

static int
read_report_job(struct drstor_call *call, const struct sim_view_job *job)
{
    struct drstor_job_info info = DRSTOR_JOB_INFO_INIT;
    info.state = job->state;
    info.id = job->id;
    info.group = job->group;
    info.operation = sim_op_name(job->op);
    info.progress_permille = job->permille;
    if (job->state == DRSTOR_JOB_FAILED && job->words[0])
        host->array_said(call, "job-failed", job->words);
    return host->report_job(call, &info);
}

static int
read_report_member(struct drstor_call *call, const struct sim_view *v,
                   const struct sim_view_member *m)
{
    struct drstor_member_info info = DRSTOR_MEMBER_INFO_INIT;
    info.access = (int32_t)m->access;
    info.sync = (int32_t)m->sync;
    info.group = v->id;
    info.id = m->id;
    info.pair = m->pair[0] ? m->pair : NULL;
    info.wwid = m->wwid;
    info.serial = m->serial;
    info.bytes = m->bytes;
    return host->report_member(call, &info);
}

static int
read_report_path(struct drstor_call *call, const struct sim_view *v, const struct sim_view_path *p)
{
    struct drstor_path_info info = DRSTOR_PATH_INFO_INIT;
    info.lun = p->lun;
    info.member = v->members[p->member].id;
    info.host_group = p->host_group;
    info.protocol = p->protocol;
    info.portal = p->portal[0] ? p->portal : NULL;
    info.target = p->target[0] ? p->target : NULL;
    return host->report_path(call, &info);
}

static int
read_report_group(struct drstor_call *call, const struct sim_view *v)
{
    struct drstor_group_info info = DRSTOR_GROUP_INFO_INIT;
    info.access = (int32_t)v->access;
    info.sync = (int32_t)v->sync;
    info.relation = (int32_t)v->relation;
    info.arbiter = (int32_t)v->arbiter;
    info.stops_when_alone = (int32_t)v->stops_when_alone;
    info.peer_seen = (int32_t)v->peer_seen;
    info.id = v->id;
    info.preferred = v->preferred[0] ? v->preferred : NULL;
    info.generation = v->generation[0] ? v->generation : NULL;
    info.point_utc = v->point_utc;
    info.lag_s = v->lag_s;
    info.lag_bytes = v->lag_bytes;
    info.progress_permille = v->permille;
    info.peer_seen_utc = v->peer_seen_utc;
    info.epoch = v->epoch;
    info.leg = (int32_t)v->leg;
    return host->report_group(call, &info);
}

/* The sinks copy, so the view is taken under the world's lock and told without it. */
static int
read_report(struct simulated *s, struct drstor_call *call, const char *group, bool full)
{
    struct sim_view v;
    int r = sim_enter_at(s->world, host->now_ns(call));
    if (r < 0)
        return host->fail(call, r, "%s", sim_why(s->world));
    r = sim_view(s->world, s->array, group, &v);
    sim_leave(s->world);
    if (r < 0)
        return r;
    r = read_report_group(call, &v);
    for (size_t i = 0; r >= 0 && i < v.n_members; i++)
        r = read_report_member(call, &v, &v.members[i]);
    for (size_t i = 0; full && r >= 0 && i < v.n_paths; i++)
        r = read_report_path(call, &v, &v.paths[i]);
    for (size_t i = 0; full && r >= 0 && i < v.n_jobs; i++)
        r = read_report_job(call, &v.jobs[i]);
    sim_view_clear(&v);
    return r;
}

int
simulated_observe(void *handle, struct drstor_call *call, const char *const *groups,
                  size_t n_groups)
{
    struct simulated *s = handle;
    int r = simulated_ask(s, call, SIM_OP_OBSERVE, n_groups == 1 ? groups[0] : "", NULL);
    for (size_t i = 0; r >= 0 && i < n_groups; i++) {
        r = read_report(s, call, groups[i], true);
        if (r == DRSTOR_E_NOTFOUND)
            r = DRSTOR_OK; /* what is not there is left out */
    }
    return r < 0 ? r : DRSTOR_OK;
}

int
simulated_discover(void *handle, struct drstor_call *call)
{
    struct simulated *s = handle;
    char(*ids)[SIM_NAME];
    size_t n;
    int r = simulated_ask(s, call, SIM_OP_DISCOVER, "", NULL);
    if (r < 0)
        return r;
    r = sim_enter_at(s->world, host->now_ns(call));
    if (r < 0)
        return host->fail(call, r, "%s", sim_why(s->world));
    r = sim_discover(s->world, s->array, &ids, &n);
    sim_leave(s->world);
    if (r < 0)
        return r;
    for (size_t i = 0; r >= 0 && i < n; i++) {
        r = read_report(s, call, ids[i], false);
        if (r == DRSTOR_E_NOTFOUND)
            r = DRSTOR_OK; /* a clone that went away meanwhile */
    }
    free(ids);
    return r < 0 ? r : DRSTOR_OK;
}

int
simulated_jobs(void *handle, struct drstor_call *call, const char *group)
{
    struct simulated *s = handle;
    struct sim_view v;
    int r = simulated_ask(s, call, SIM_OP_JOBS, group, NULL);
    if (r < 0)
        return r;
    r = sim_enter_at(s->world, host->now_ns(call));
    if (r < 0)
        return host->fail(call, r, "%s", sim_why(s->world));
    r = sim_view(s->world, s->array, group, &v);
    if (r < 0)
        host->fail(call, r, "%s", sim_why(s->world));
    sim_leave(s->world);
    if (r < 0)
        return r;
    for (size_t i = 0; r >= 0 && i < v.n_jobs; i++)
        r = read_report_job(call, &v.jobs[i]);
    sim_view_clear(&v);
    return r < 0 ? r : DRSTOR_OK;
}

int
simulated_poll(void *handle, struct drstor_call *call, const char *job)
{
    struct simulated *s = handle;
    struct sim_view_job v;
    int r = simulated_ask(s, call, SIM_OP_POLL, "", job);
    if (r < 0)
        return r;
    r = sim_enter_at(s->world, host->now_ns(call));
    if (r < 0)
        return host->fail(call, r, "%s", sim_why(s->world));
    r = sim_view_job(s->world, s->array, job, &v);
    if (r < 0)
        host->fail(call, r, "%s", sim_why(s->world));
    sim_leave(s->world);
    return r < 0 ? r : read_report_job(call, &v);
}

int
simulated_points(void *handle, struct drstor_call *call, const char *group)
{
    struct simulated *s = handle;
    struct sim_view_point *points = NULL;
    size_t n = 0;
    int r = simulated_ask(s, call, SIM_OP_POINTS, group, NULL);
    if (r < 0)
        return r;
    r = sim_enter_at(s->world, host->now_ns(call));
    if (r < 0)
        return host->fail(call, r, "%s", sim_why(s->world));
    r = sim_view_points(s->world, s->array, group, &points, &n);
    if (r < 0)
        host->fail(call, r, "%s", sim_why(s->world));
    sim_leave(s->world);
    for (size_t i = 0; r >= 0 && i < n; i++) {
        struct drstor_point_info info = DRSTOR_POINT_INFO_INIT;
        info.kind = (int32_t)points[i].kind;
        info.group = group;
        info.id = points[i].id;
        info.label = points[i].label[0] ? points[i].label : NULL;
        info.utc = points[i].utc;
        r = host->report_point(call, &info);
    }
    free(points);
    return r < 0 ? r : DRSTOR_OK;
}

int
simulated_verify(void *handle, struct drstor_call *call, const char *group)
{
    return simulated_ask(handle, call, SIM_OP_VERIFY_DUAL_WRITE, group, NULL);
}
