/* Calls that change something: exactly one outcome each, and never a second try. */
#include "plugin.h"

#include <string.h>

static int
change_no_answer(struct drstor_call *call, int status)
{
    bool sent = status == DRSTOR_E_UNKNOWN || status == DRSTOR_E_CANCELLED;
    host->outcome(call, sent ? DRSTOR_OUTCOME_UNKNOWN : DRSTOR_OUTCOME_REFUSED, NULL);
    return status;
}

/* Which members changed: what the array said, not what it should have done. */
static void
change_report_members(struct simulated *s, struct drstor_call *call, const char *group,
                      uint32_t changed)
{
    struct sim_view v;
    if (sim_enter_at(s->world, host->now_ns(call)) < 0)
        return;
    int r = sim_view(s->world, s->array, group, &v);
    sim_leave(s->world);
    if (r < 0)
        return;
    for (size_t i = 0; i < v.n_members; i++) {
        struct drstor_member_info info = DRSTOR_MEMBER_INFO_INIT;
        if (!(changed & (UINT32_C(1) << i)))
            continue;
        info.group = group;
        info.id = v.members[i].id;
        info.access = (int32_t)v.members[i].access;
        host->report_member(call, &info);
    }
    sim_view_clear(&v);
}

static int
change_answered(struct simulated *s, struct drstor_call *call, const struct sim_reply *reply,
                const char *group)
{
    if (reply->code[0])
        host->array_said(call, reply->code, reply->words);
    if (reply->status < 0)
        host->fail(call, reply->status, "%s", reply->words);
    if (strcmp(reply->code, "source-writable") == 0)
        host->hint(call,
                   "demote the other copy first, or bring evidence that it cannot be written");
    else if (strcmp(reply->code, "not-synced") == 0)
        host->hint(call, "run sync_once after the source was demoted");
    else if (strcmp(reply->code, "no-such-point") == 0)
        host->hint(call, "periodic points go when newer ones come; look at those that are left");
    if (reply->outcome == DRSTOR_OUTCOME_PARTIAL)
        change_report_members(s, call, group, reply->changed);
    host->outcome(call, reply->outcome, reply->job[0] ? reply->job : NULL);
    return reply->status;
}

/* Members of a stepwise group go one by one, so whoever dies in between leaves them mixed. */
static int
change_steps(struct simulated *s, struct drstor_call *call, struct sim_request *request,
             const char *group, int steps)
{
    struct sim_reply reply;
    uint32_t changed = 0;
    uint64_t deadline_ns = request->deadline_ns;
    for (int i = 0; i < steps; i++) {
        request->member = i;
        request->deadline_ns = deadline_ns;
        int r = simulated_send(s, call, request, &reply);
        bool unsent = r < 0 && r != DRSTOR_E_UNKNOWN && r != DRSTOR_E_CANCELLED;
        if (unsent && changed) {
            change_report_members(s, call, group, changed);
            host->outcome(call, DRSTOR_OUTCOME_PARTIAL, NULL);
            return r;
        }
        if (r < 0)
            return change_no_answer(call, r);
        if (reply.outcome != DRSTOR_OUTCOME_DONE) {
            if (changed)
                reply.outcome = DRSTOR_OUTCOME_PARTIAL;
            reply.changed = changed;
            return change_answered(s, call, &reply, group);
        }
        changed |= UINT32_C(1) << i;
    }
    return change_answered(s, call, &reply, group);
}

int
simulated_change(void *handle, struct drstor_call *call, enum sim_op op,
                 const struct drstor_change *change)
{
    struct simulated *s = handle;
    size_t evidence = 0;
    for (size_t i = 0; i < change->n_evidence; i++)
        evidence += change->evidence[i].kind > DRSTOR_EVIDENCE_NONE;
    struct sim_request request = {.op = op,
                                  .member = -1,
                                  .planned = change->planned != 0,
                                  .array = s->array,
                                  .op_id = change->op,
                                  .group = change->group,
                                  .epoch = change->epoch,
                                  .token = change->token,
                                  .deadline_ns = change->deadline_ns,
                                  .access = (enum drstor_access)change->access_wanted,
                                  .expected = (enum drstor_access)change->access_expected,
                                  .n_evidence = evidence,
                                  .host_groups = change->host_groups,
                                  .n_host_groups = change->n_host_groups,
                                  .source = change->source,
                                  .target = change->target,
                                  .expect = change->expect,
                                  .name = change->name,
                                  .point = change->point};
    int r = sim_enter_at(s->world, host->now_ns(call));
    if (r < 0) {
        host->fail(call, DRSTOR_E_UNREACHABLE, "%s", sim_why(s->world));
        return change_no_answer(call, DRSTOR_E_UNREACHABLE);
    }
    int steps = sim_steps(s->world, &request);
    sim_leave(s->world);
    if (steps > 1)
        return change_steps(s, call, &request, change->group, steps);

    struct sim_reply reply;
    r = simulated_send(s, call, &request, &reply);
    return r < 0 ? change_no_answer(call, r) : change_answered(s, call, &reply, change->group);
}

int
simulated_cancel(void *handle, struct drstor_call *call, const char *job)
{
    struct simulated *s = handle;
    struct sim_request request = {.op = SIM_OP_CANCEL, .member = -1, .group = "", .job = job};
    struct sim_reply reply;
    int r = simulated_send(s, call, &request, &reply);
    return r < 0 ? change_no_answer(call, r) : change_answered(s, call, &reply, "");
}
