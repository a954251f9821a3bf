/* One call on its way: send, wait through the host, fetch. */
#include "plugin.h"

#include <string.h>

/* A call without a deadline of its own does not wait longer than this for a silent site. */
#define SEND_WAIT_MAX (60 * SIM_SECOND)

static uint64_t
send_deadline(struct drstor_call *call, const struct sim_request *request)
{
    uint64_t deadline = host->deadline_ns(call);
    if (deadline == 0 || deadline > host->now_ns(call) + SEND_WAIT_MAX)
        deadline = host->now_ns(call) + SEND_WAIT_MAX;
    if (request->deadline_ns && request->deadline_ns < deadline)
        deadline = request->deadline_ns;
    return deadline;
}

/* Sleeps until LOOK of the world's clock, at most until DEADLINE of the host's. */
static int
send_wait(struct simulated *s, struct drstor_call *call, uint64_t look, uint64_t world_now,
          uint64_t deadline)
{
    uint64_t now = host->now_ns(call);
    uint64_t until = deadline;
    if (look != SIM_NEVER) {
        uint64_t wait = look > world_now ? look - world_now : 0;
        if (now + wait < deadline)
            until = now + wait;
    }
    int r = host->sleep_until(call, until);
    if (r < 0)
        return r;
    /* Nobody else moves a virtual clock while we wait: what we slept is what passed. */
    r = sim_enter_at(s->world, host->now_ns(call));
    if (r < 0)
        return host->fail(call, r, "%s", sim_why(s->world));
    uint64_t to = world_now + (until > now ? until - now : 0);
    if (sim_virtual(s->world) && sim_now(s->world) < to)
        r = sim_advance(s->world, to - sim_now(s->world));
    int left = sim_leave(s->world);
    return r < 0 ? r : left;
}

static int
send_begin(struct simulated *s, struct drstor_call *call, struct sim_request *request,
           uint64_t deadline, struct sim_ticket *ticket, uint64_t *world_now)
{
    uint64_t now = host->now_ns(call);
    int r = sim_enter_at(s->world, now);
    if (r < 0)
        return host->fail(call, DRSTOR_E_UNREACHABLE, "%s", sim_why(s->world));
    *world_now = sim_now(s->world);
    request->deadline_ns = *world_now + (deadline - now);
    r = sim_begin(s->world, request, ticket);
    if (r < 0)
        host->fail(call, r, "%s", sim_why(s->world));
    int left = sim_leave(s->world);
    return r < 0 ? r : left;
}

/* 1: *RET is the answer. 0: look again. */
static int
send_look(struct simulated *s, struct drstor_call *call, struct sim_ticket *ticket,
          uint64_t *world_now, struct sim_reply *ret)
{
    int r = sim_enter_at(s->world, host->now_ns(call));
    if (r < 0)
        return r;
    *world_now = sim_now(s->world);
    int answered = sim_poll(s->world, ticket->id, &ticket->look_ns);
    if (answered)
        r = sim_finish(s->world, ticket->id, ret);
    int left = sim_leave(s->world);
    if (r < 0 || left < 0)
        return r < 0 ? r : left;
    return answered;
}

static void
send_abandon(struct simulated *s, struct drstor_call *call, uint64_t ticket)
{
    if (sim_enter_at(s->world, host->now_ns(call)) < 0)
        return;
    sim_abandon(s->world, ticket);
    sim_leave(s->world);
}

int
simulated_send(struct simulated *s, struct drstor_call *call, struct sim_request *request,
               struct sim_reply *ret)
{
    uint64_t deadline = send_deadline(call, request);
    uint64_t world_now;
    struct sim_ticket ticket;

    if (host->now_ns(call) >= deadline)
        return host->fail(call, DRSTOR_E_UNREACHABLE, "no time was left to ask array %s", s->array);
    request->array = s->array;
    request->actor = s->actor;
    int r = send_begin(s, call, request, deadline, &ticket, &world_now);
    if (r < 0)
        return r;
    if (ticket.crash)
        sim_crash(s->world);
    for (;;) {
        r = send_look(s, call, &ticket, &world_now, ret);
        if (r > 0)
            return DRSTOR_OK;
        if (r == 0 && host->now_ns(call) < deadline)
            r = send_wait(s, call, ticket.look_ns, world_now, deadline);
        else if (r == 0)
            r = host->fail(call, DRSTOR_E_UNKNOWN, "array %s did not answer in time", s->array);
        if (r < 0) {
            send_abandon(s, call, ticket.id);
            return r == DRSTOR_E_CANCELLED ? r : DRSTOR_E_UNKNOWN;
        }
    }
}
