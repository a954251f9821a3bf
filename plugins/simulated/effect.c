/* A call arrives at its array: who may ask, which operation, what was done. */
#include "state.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
sim_refuse(struct sim_flight *f, int status, const char *code, const char *format, ...)
{
    f->reply.status = status;
    f->reply.outcome = DRSTOR_OUTCOME_REFUSED;
    SIM_SET(f->reply.code, code);
    va_list ap;
    va_start(ap, format);
    vsnprintf(f->reply.words, sizeof(f->reply.words), format, ap);
    va_end(ap);
}

void
sim_done(struct sim_flight *f)
{
    f->reply.status = DRSTOR_OK;
    f->reply.outcome = DRSTOR_OUTCOME_DONE;
}

uint32_t
sim_selected(const struct sim_flight *f, const struct sim_group *g)
{
    if (f->member >= 0)
        return UINT32_C(1) << f->member;
    uint32_t all = g->n_members >= 32 ? UINT32_MAX : (UINT32_C(1) << g->n_members) - 1;
    if (f->fault != SIM_FAULT_PARTIAL)
        return all;
    return (UINT32_C(1) << (g->n_members / 2)) - 1;
}

void
sim_done_members(struct sim_flight *f, const struct sim_group *g, uint32_t mask)
{
    sim_done(f);
    f->reply.changed = mask;
    if (f->fault == SIM_FAULT_PARTIAL && f->member < 0) {
        f->reply.status = DRSTOR_E_REFUSED;
        f->reply.outcome = mask ? DRSTOR_OUTCOME_PARTIAL : DRSTOR_OUTCOME_REFUSED;
        SIM_SET(f->reply.code, f->fault_code);
        snprintf(f->reply.words, sizeof(f->reply.words), "%s stopped after %d of %zu volumes",
                 sim_op_name((enum sim_op)f->op), __builtin_popcount(mask), g->n_members);
    }
}

/* True when the call may go on; raises what the copy remembers. */
static bool
effect_fence(struct sim_world *w, struct sim_flight *f, struct sim_copy *c)
{
    struct sim_array *a = &w->arrays[f->array];
    if (f->epoch < c->epoch || f->token < c->token) {
        const struct sim_group *g = &w->groups[f->group];
        if (a->native_fence) {
            a->counters.fenced++;
            sim_refuse(f, DRSTOR_E_REFUSED, "stale",
                       "array %s knows epoch %llu token %llu of group %s; this call brings epoch "
                       "%llu token %llu of an older controller",
                       a->name, (unsigned long long)c->epoch, (unsigned long long)c->token, c->id,
                       (unsigned long long)f->epoch, (unsigned long long)f->token);
            return false;
        }
        sim_violate(w, SIM_V_STALE, g->name, "%s with epoch %llu token %llu took effect at %s",
                    sim_op_name((enum sim_op)f->op), (unsigned long long)f->epoch,
                    (unsigned long long)f->token, a->name);
        return true;
    }
    c->epoch = f->epoch;
    c->token = f->token;
    return true;
}

static void
effect_cancel(struct sim_world *w, struct sim_flight *f)
{
    struct sim_job *job = sim_job_find(w, f->array, f->job_id);
    if (!job) {
        sim_refuse(f, DRSTOR_E_NOTFOUND, "no-such-job", "array %s has no job %s",
                   w->arrays[f->array].name, f->job_id);
        return;
    }
    if (job->state == DRSTOR_JOB_RUNNING) {
        struct sim_group *g = &w->groups[job->group];
        uint64_t id = job->id;
        for (size_t i = 0; i < g->n_copies; i++)
            if (g->copies[i].begun_ns && g->copies[i].job == id)
                sim_transfer_abort(w, g, &g->copies[i], "cancelled");
        for (size_t i = 0; i < w->n_flights; i++)
            if (w->flights[i].job == id)
                w->flights[i].state = SIM_FLIGHT_MUTE;
        sim_job_end(w, id, DRSTOR_JOB_FAILED, "cancelled");
    }
    sim_done(f);
}

static void
effect_run(struct sim_world *w, struct sim_flight *f)
{
    switch ((enum sim_op)f->op) {
    case SIM_OP_SET_ACCESS:
        sim_effect_access(w, f);
        break;
    case SIM_OP_FORCE_ACCESS:
        sim_effect_force(w, f);
        break;
    case SIM_OP_SYNC_ONCE:
        sim_effect_sync(w, f);
        break;
    case SIM_OP_SUSPEND:
    case SIM_OP_RESUME:
        sim_effect_pause(w, f);
        break;
    case SIM_OP_RESYNC:
        sim_effect_resync(w, f);
        break;
    case SIM_OP_EXPOSE:
    case SIM_OP_WITHDRAW:
        sim_effect_expose(w, f);
        break;
    case SIM_OP_SNAPSHOT:
        sim_effect_snapshot(w, f);
        break;
    case SIM_OP_TEST_START:
        sim_effect_test_start(w, f);
        break;
    case SIM_OP_TEST_STOP:
        sim_effect_test_stop(w, f);
        break;
    case SIM_OP_SET_PREFERRED:
        sim_effect_preferred(w, f);
        break;
    case SIM_OP_VERIFY_DUAL_WRITE:
        sim_effect_verify(w, f);
        break;
    case SIM_OP_PROBE_WRITE:
        sim_effect_probe(w, f);
        break;
    case SIM_OP_TAG:      /* the fence has already written it down */
    case SIM_OP_DISCOVER: /* the caller reads with sim_discover() ... */
    case SIM_OP_OBSERVE:
    case SIM_OP_JOBS:
    case SIM_OP_POLL:
    case SIM_OP_POINTS:
        sim_done(f);
        break;
    case SIM_OP_CANCEL:
    case SIM_OP_UNKNOWN:
    case SIM_OP_COUNT:
        break;
    }
}

/* Both sides were written: each copy gains a write the other lacks. */
static void
effect_split(struct sim_world *w, struct sim_flight *f)
{
    struct sim_group *g = &w->groups[f->group];
    for (size_t i = 0; i < g->n_copies; i++) {
        struct sim_copy *c = &g->copies[i];
        sim_transfer_abort(w, g, c, "split");
        c->insync = 0;
        c->split = 1;
        if (c->relation != DRSTOR_RELATION_MUTUAL)
            c->relation = DRSTOR_RELATION_NONE;
        for (size_t m = 0; m < g->n_members; m++) {
            if (!sim_write_on(&g->segments[m], &c->members[m].point, (uint32_t)i, 1, w->now_ns))
                w->broken = true;
            /* Injected writes are nobody's: they are not counted when they go. */
            sim_give_up(&g->segments[m], &c->members[m].point, c->members[m].point.count - 1);
        }
    }
}

static void
effect_again(struct sim_world *w, struct sim_flight *f)
{
    struct sim_flight again = *f;
    uint64_t settle = w->arrays[f->array].settle_ms * SIM_MS;
    again.fault = 0;
    again.ghost = 1;
    again.reply = (struct sim_reply){0};
    again.state = SIM_FLIGHT_UNDER_WAY;
    again.begun_ns = w->now_ns;
    again.end_ns = w->now_ns + (settle ? settle / 2 : SIM_MS);
    sim_flight_add(w, &again);
}

static void
effect_count(struct sim_world *w, struct sim_flight *f)
{
    struct sim_counters *n = &w->arrays[f->array].counters;
    if (f->reply.outcome == DRSTOR_OUTCOME_REFUSED)
        n->refused++;
    else
        n->effects++;
    sim_log(w, f, true, f->reply.code);
}

void
sim_effect(struct sim_world *w, struct sim_flight *f)
{
    const struct sim_array *a = &w->arrays[f->array];
    bool mutates = sim_op_mutates((enum sim_op)f->op);

    f->reply = (struct sim_reply){0};
    if (w->sites[a->site].state == SIM_SITE_DEAD || f->fault == SIM_FAULT_LOST_BEFORE) {
        f->mute = 1;
        if (f->job)
            sim_job_end(w, f->job, DRSTOR_JOB_FAILED, "array was switched off");
        return;
    }
    if (f->op == SIM_OP_CANCEL) {
        effect_cancel(w, f);
        effect_count(w, f);
        return;
    }
    /* Observing says "not there" by leaving it out; a clone is found by the reader. */
    bool needs = mutates || f->op == SIM_OP_VERIFY_DUAL_WRITE || f->op == SIM_OP_POINTS;
    bool back = f->op == SIM_OP_SET_ACCESS && f->access == DRSTOR_ACCESS_READ_WRITE && !f->planned;
    if (needs && !f->found)
        sim_refuse(f, DRSTOR_E_NOTFOUND, "no-such-group", "array %s has no group %s", a->name,
                   f->group_id);
    else if (f->point[0] && !back && f->op != SIM_OP_TEST_START)
        sim_refuse(f, DRSTOR_E_INVALID, "point", "%s has no use for a recovery point",
                   sim_op_name((enum sim_op)f->op));
    else if (f->fault == SIM_FAULT_REFUSE)
        sim_refuse(f, DRSTOR_E_REFUSED, f->fault_code, "array %s refuses %s for group %s", a->name,
                   sim_op_name((enum sim_op)f->op), f->group_id);
    /* A probe is no part of the data, and both sites write it: no controller is kept out. */
    else if (!mutates || f->op == SIM_OP_PROBE_WRITE ||
             effect_fence(w, f, &w->groups[f->group].copies[f->copy]))
        effect_run(w, f);
    if (!mutates)
        return;
    /* Also of what only its end was refused, because somebody newer came in between. */
    if (f->job && f->reply.outcome == DRSTOR_OUTCOME_REFUSED)
        sim_job_end(w, f->job, DRSTOR_JOB_FAILED, f->reply.words);
    effect_count(w, f);
    if (f->reply.outcome != DRSTOR_OUTCOME_REFUSED) {
        if (f->fault == SIM_FAULT_SPLIT)
            effect_split(w, f);
        if (f->fault == SIM_FAULT_DUPLICATE)
            effect_again(w, f);
        sim_settle(w, false);
    } else if (f->fault == SIM_FAULT_DUPLICATE) {
        effect_again(w, f);
    }
}
