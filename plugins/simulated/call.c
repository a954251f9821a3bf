/* Calls on their way: limits, faults, end time, answer. */
#include "state.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct sim_flight *
sim_flight_add(struct sim_world *w, const struct sim_flight *f)
{
    struct sim_flight *flights =
        sim_grow(w->flights, w->n_flights, &w->size_flights, sizeof(*w->flights));
    if (!flights) {
        w->broken = true;
        return NULL;
    }
    w->flights = flights;
    w->changed = 1;
    struct sim_flight *to = &w->flights[w->n_flights++];
    *to = *f;
    to->id = ++w->ids;
    return to;
}

static struct sim_flight *
call_find(struct sim_world *w, uint64_t ticket)
{
    for (size_t i = 0; ticket && i < w->n_flights; i++)
        if (w->flights[i].id == ticket)
            return &w->flights[i];
    return NULL;
}

int
sim_steps(struct sim_world *w, const struct sim_request *request)
{
    uint32_t g, c;
    int a = sim_array_index(w, request->array);
    bool by_member = request->op == SIM_OP_SET_ACCESS || request->op == SIM_OP_FORCE_ACCESS ||
                     request->op == SIM_OP_EXPOSE || request->op == SIM_OP_WITHDRAW;
    if (a < 0 || !by_member || !request->group ||
        !sim_copy_find(w, (uint32_t)a, request->group, &g, &c) || !w->groups[g].stepwise)
        return 1;
    return (int)w->groups[g].n_members;
}

static bool
call_limited(struct sim_world *w, struct sim_array *a, uint32_t index)
{
    uint32_t busy = 0;
    for (size_t i = 0; i < w->n_flights; i++) {
        const struct sim_flight *f = &w->flights[i];
        busy += f->array == index && f->state == SIM_FLIGHT_UNDER_WAY && !f->ghost;
    }
    if (w->now_ns - a->window_ns >= SIM_SECOND) {
        a->window_ns = w->now_ns;
        a->window_calls = 0;
    }
    if ((a->parallel_calls && busy >= a->parallel_calls) ||
        (a->calls_per_s && a->window_calls >= a->calls_per_s))
        return true;
    a->window_calls++;
    return false;
}

static const struct sim_fault *
call_fault(struct sim_world *w, const struct sim_flight *f)
{
    for (size_t i = 0; i < w->n_faults; i++) {
        struct sim_fault *fault = &w->faults[i];
        bool op = fault->op ? fault->op == f->op : sim_op_mutates((enum sim_op)f->op);
        if (!op || (fault->array[0] && strcmp(fault->array, w->arrays[f->array].name) != 0) ||
            (fault->group[0] && strcmp(fault->group, f->group_id) != 0))
            continue;
        fault->seen++;
        w->changed = 1;
        if (fault->seen < fault->nth || (fault->times && fault->struck >= fault->times) ||
            sim_hash(w->seed, f->call, i) % 1000 >= fault->permille)
            continue;
        fault->struck++;
        return fault;
    }
    return NULL;
}

static void
call_host_groups(const struct sim_world *w, const struct sim_request *r, struct sim_flight *f)
{
    const struct sim_copy *c = &w->groups[f->group].copies[f->copy];
    for (size_t i = 0; i < r->n_host_groups; i++) {
        size_t j = 0;
        while (j < c->n_host_groups && strcmp(c->host_groups[j].name, r->host_groups[i]) != 0)
            j++;
        if (j < c->n_host_groups)
            f->host_groups |= UINT32_C(1) << j;
        else
            f->unknown_host_group = 1;
    }
}

static void
call_fill(struct sim_world *w, const struct sim_request *r, struct sim_flight *f)
{
    *f = (struct sim_flight){.op = (uint32_t)r->op,
                             .member = r->member,
                             .begun_ns = w->now_ns,
                             .planned = r->planned,
                             .access = (uint32_t)r->access,
                             .expected = (uint32_t)r->expected,
                             .n_evidence = (uint32_t)r->n_evidence,
                             .epoch = r->epoch,
                             .token = r->token,
                             .caller = w->caller ? w->caller(w->caller_user) : 0};
    SIM_SET(f->actor, r->actor);
    SIM_SET(f->op_id, r->op_id);
    SIM_SET(f->group_id, r->group);
    SIM_SET(f->source, r->source);
    SIM_SET(f->target, r->target);
    SIM_SET(f->expect, r->expect);
    SIM_SET(f->name, r->name);
    SIM_SET(f->point, r->point);
    SIM_SET(f->job_id, r->job);
}

/* What the fault does to a call on its way; what it does at the array is in sim_effect(). */
static void
call_strike(struct sim_world *w, const struct sim_fault *fault, uint64_t deadline_ns,
            struct sim_flight *f)
{
    uint64_t settle = w->arrays[f->array].settle_ms * SIM_MS;
    f->fault = fault->kind;
    SIM_SET(f->fault_code,
            fault->code[0] ? fault->code : sim_fault_name((enum sim_fault_kind)fault->kind));
    switch ((enum sim_fault_kind)fault->kind) {
    case SIM_FAULT_LOST_BEFORE:
    case SIM_FAULT_LOST_AFTER:
        f->mute = 1;
        break;
    case SIM_FAULT_LATE:
        f->mute = 1;
        if (deadline_ns > f->end_ns)
            f->end_ns = deadline_ns;
        f->end_ns += settle / 2;
        break;
    case SIM_FAULT_SLOW:
        f->end_ns += fault->delay_ms * SIM_MS;
        /* However slow: what settle_ms promises holds. */
        if (sim_op_mutates((enum sim_op)f->op) && deadline_ns && f->end_ns > deadline_ns + settle)
            f->end_ns = deadline_ns + settle;
        break;
    case SIM_FAULT_CRASH:
    case SIM_FAULT_HALFWAY:
        f->mute = 1;
        break;
    case SIM_FAULT_UNKNOWN:
    case SIM_FAULT_DUPLICATE:
    case SIM_FAULT_REFUSE:
    case SIM_FAULT_CRASH_BEFORE:
    case SIM_FAULT_SPLIT:
    case SIM_FAULT_PARTIAL:
    case SIM_FAULT_COUNT:
        break;
    }
}

int
sim_begin(struct sim_world *w, const struct sim_request *r, struct sim_ticket *ret)
{
    int index = sim_array_index(w, r->array);
    if (index < 0)
        return sim_fail(w, DRSTOR_E_NOTFOUND, "the world has no array %s", r->array);
    if (r->op <= SIM_OP_UNKNOWN || r->op >= SIM_OP_COUNT)
        return sim_fail(w, DRSTOR_E_INVALID, "no such operation");
    struct sim_array *a = &w->arrays[index];
    struct sim_flight f;
    call_fill(w, r, &f);
    f.array = (uint32_t)index;
    f.call = ++w->calls;
    w->changed = 1;

    const struct sim_fault *fault = call_fault(w, &f);
    *ret = (struct sim_ticket){.look_ns = SIM_NEVER};
    if (fault && fault->kind == SIM_FAULT_CRASH_BEFORE) {
        ret->crash = true;
        return DRSTOR_OK;
    }

    a->counters.calls++;
    a->counters.mutating += sim_op_mutates(r->op);
    a->counters.last_ns = w->now_ns;
    if (sim_op_mutates(r->op) && r->deadline_ns && w->now_ns > r->deadline_ns)
        sim_violate(w, SIM_V_SENT_LATE, f.group_id, "%s was sent to %s after its deadline",
                    sim_op_name(r->op), a->name);
    if (w->sites[a->site].state != SIM_SITE_UP) {
        sim_log(w, &f, false, "no answer");
        return DRSTOR_OK;
    }
    if (call_limited(w, a, f.array)) {
        a->counters.busy++;
        sim_log(w, &f, false, "busy");
        return sim_fail(w, DRSTOR_E_BUSY, "array %s is at its limit of calls", a->name);
    }
    if (sim_copy_find(w, f.array, f.group_id, &f.group, &f.copy)) {
        f.found = 1;
        call_host_groups(w, r, &f);
    }
    f.end_ns = w->now_ns + a->latency_ms * SIM_MS;
    if (a->jitter_ms)
        f.end_ns += sim_hash(w->seed, f.call, 977) % (a->jitter_ms * SIM_MS);
    if (fault)
        call_strike(w, fault, r->deadline_ns, &f);
    sim_log(w, &f, false, fault ? sim_fault_name((enum sim_fault_kind)fault->kind) : "");

    const struct sim_flight *added = sim_flight_add(w, &f);
    if (!added)
        return sim_fail(w, DRSTOR_E_NOMEM, "out of memory");
    ret->id = added->id;
    ret->look_ns = added->mute ? SIM_NEVER : added->end_ns;
    ret->crash = f.fault == SIM_FAULT_CRASH;
    if (added->end_ns <= w->now_ns)
        sim_run_to(w, w->now_ns);
    return DRSTOR_OK;
}

int
sim_poll(struct sim_world *w, uint64_t ticket, uint64_t *ret_look_ns)
{
    const struct sim_flight *f = call_find(w, ticket);
    *ret_look_ns = SIM_NEVER;
    if (!f || f->mute || f->state == SIM_FLIGHT_MUTE)
        return 0;
    if (f->state == SIM_FLIGHT_ANSWERED) {
        /* The answer travels too: a site that went silent meanwhile swallows it. */
        if (w->sites[w->arrays[f->array].site].state != SIM_SITE_UP)
            return 0;
        return 1;
    }
    *ret_look_ns = f->end_ns;
    return 0;
}

int
sim_finish(struct sim_world *w, uint64_t ticket, struct sim_reply *ret)
{
    struct sim_flight *f = call_find(w, ticket);
    if (!f || f->state != SIM_FLIGHT_ANSWERED)
        return sim_fail(w, DRSTOR_E_NOTFOUND, "there is no such answer");
    *ret = f->reply;
    size_t i = (size_t)(f - w->flights);
    memmove(f, f + 1, (--w->n_flights - i) * sizeof(*f));
    w->changed = 1;
    return DRSTOR_OK;
}

void
sim_hang_up(struct sim_world *w, uint64_t caller)
{
    for (size_t i = 0; i < w->n_flights; i++) {
        struct sim_flight *f = &w->flights[i];
        if (f->caller != caller || f->state != SIM_FLIGHT_UNDER_WAY || f->ghost)
            continue;
        uint64_t most = w->now_ns + w->arrays[f->array].settle_ms * SIM_MS;
        f->mute = 1;
        if (f->fault && f->end_ns > most)
            f->end_ns = w->now_ns + f->end_ns % (most - w->now_ns + 1);
        w->changed = 1;
    }
}

void
sim_abandon(struct sim_world *w, uint64_t ticket)
{
    struct sim_flight *f = call_find(w, ticket);
    if (!f)
        return;
    w->changed = 1;
    if (f->state == SIM_FLIGHT_UNDER_WAY) {
        f->mute = 1; /* its slot stays taken until its end; the effect comes */
        return;
    }
    size_t i = (size_t)(f - w->flights);
    memmove(f, f + 1, (--w->n_flights - i) * sizeof(*f));
}
