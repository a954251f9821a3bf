#include "run/internal.h"

#include "base/str.h"
#include "model/words.h"
#include "plugin/info.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/*
 * Bounds of one step. An array that cannot be read for five minutes is not coming back while we
 * watch; a call that had no effect six times will not have one the seventh time.
 */
static const uint64_t look_patience_ns = 300 * DR_S;
static const uint64_t look_pause_ns = 500 * DR_MS;

/* ---- events ---------------------------------------------------------------------------------- */

void
dr_run_event(struct dr_run *run, const struct dr_step *step, const char *state, const char *format,
             ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, format);
    int n = vasprintf(&text, format, ap);
    va_end(ap);
    if (n < 0)
        return;
    struct dr_event_row e = {.run = run->id,
                             .time = dr_now_utc(run->s->env),
                             .step = step ? step->plan->id : NULL,
                             .state = state,
                             .text = text,
                             .elapsed_s =
                                 (int64_t)((dr_now_ns(run->s->env) - run->started_ns) / DR_S)};
    /* An event that cannot be stored is still shown; what must not be lost is in the steps. */
    (void)dr_store_event(run->s->store, &e, &e.seq, NULL);
    pthread_mutex_lock(&run->telling);
    if (run->s->event)
        run->s->event(&e, run->s->user);
    pthread_mutex_unlock(&run->telling);
    free(text);
}

/* ---- stopping -------------------------------------------------------------------------------- */

bool
dr_step_must_stop(struct dr_step *s)
{
    struct dr_run *run = s->run;
    if (dr_cancelled(run->s->cancel))
        return true;
    if (dr_now_ns(run->s->env) < run->s->deadline_ns)
        return false;
    pthread_mutex_lock(&run->lock);
    run->timed_out = true;
    pthread_mutex_unlock(&run->lock);
    return true;
}

enum dr_step_end
dr_step_stopped(struct dr_step *s)
{
    dr_error_freep(&s->err);
    (void)dr_fail(&s->err, dr_cancelled(s->run->s->cancel) ? DRSTOR_E_CANCELLED : DRSTOR_E_TIMEOUT,
                  "stopped before its next call");
    return DR_STEP_END_INTERRUPTED;
}

bool
dr_step_wait(struct dr_step *s, uint64_t ns)
{
    if (ns > s->run->s->deadline_ns)
        ns = s->run->s->deadline_ns;
    (void)dr_sleep_until(s->run->s->env, ns, s->run->s->cancel);
    return !dr_step_must_stop(s);
}

enum dr_step_end
dr_step_end_of_status(int status)
{
    switch ((enum drstor_status)status) {
    case DRSTOR_OK:
        return DR_STEP_END_DONE;
    case DRSTOR_E_CANCELLED:
    case DRSTOR_E_TIMEOUT:
        return DR_STEP_END_INTERRUPTED;
    case DRSTOR_E_UNKNOWN:
        return DR_STEP_END_UNKNOWN;
    case DRSTOR_E_BUSY:
    case DRSTOR_E_UNREACHABLE:
    case DRSTOR_E_REFUSED:
    case DRSTOR_E_CONFLICT:
    case DRSTOR_E_AUTH:
    case DRSTOR_E_INVALID:
    case DRSTOR_E_NOTFOUND:
    case DRSTOR_E_UNSUPPORTED:
    case DRSTOR_E_NOMEM:
    case DRSTOR_E_PROTOCOL:
    case DRSTOR_E_INTERNAL:
        break;
    }
    return DR_STEP_END_FAILED;
}

enum dr_step_end
dr_step_fail(struct dr_step *s, enum dr_step_end end, struct drstor_error **err)
{
    if (err != &s->err)
        dr_error_move(&s->err, err);
    return end;
}

/* ---- looking --------------------------------------------------------------------------------- */

static uint64_t
deadline_of(const struct dr_run *run, const struct dr_array *array, enum dr_array_op op)
{
    const struct dr_plugin *p = NULL;
    int64_t ms = run->s->model->observe_timeout_s * 1000;
    if (op != DR_ARRAY_OP_OBSERVE &&
        dr_endpoints_plugin(run->s->ends, array, &p, NULL) == DRSTOR_OK) {
        const struct dr_plugin_duration *d = dr_plugin_duration(p, op);
        ms = d ? d->worst_ms : 60000;
    }
    return dr_now_ns(run->s->env) + (uint64_t)ms * DR_MS;
}

int
dr_step_look(struct dr_step *s, const struct dr_copy *copy, struct dr_copy_view *ret,
             struct drstor_error **err)
{
    struct dr_reply reply;
    const char *id = copy->id;
    struct dr_call call = {.operation = DR_ARRAY_OP_OBSERVE,
                           .groups = &id,
                           .n_groups = 1,
                           .deadline_ns = deadline_of(s->run, copy->array, DR_ARRAY_OP_OBSERVE)};
    int r = dr_endpoints_call(s->run->s->ends, copy->array, &call, NULL, s->arena, &reply, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < reply.n_views; i++)
        if (dr_streq(reply.views[i].id, id)) {
            *ret = reply.views[i];
            return DRSTOR_OK;
        }
    return dr_fail(err, DRSTOR_E_NOTFOUND, "array %s does not know \"%s\"", copy->array->name, id);
}

bool
dr_step_ask_again(struct dr_step *s, int status, uint64_t *until, const struct drstor_error *why)
{
    bool passes = status == DRSTOR_E_UNREACHABLE || status == DRSTOR_E_BUSY ||
                  status == DRSTOR_E_UNKNOWN || status == DRSTOR_E_PROTOCOL;
    if (!passes || s->hasty)
        return false;
    uint64_t now = dr_now_ns(s->run->s->env);
    if (!*until) {
        *until = now + look_patience_ns;
        dr_run_event(s->run, s, "waiting", "%s; asking again", dr_error_message(why));
    }
    return now + look_pause_ns <= *until && dr_step_wait(s, now + look_pause_ns);
}

int
dr_step_look_patiently(struct dr_step *s, const struct dr_copy *copy, struct dr_copy_view *ret,
                       struct drstor_error **err)
{
    uint64_t until = 0;
    for (;;) {
        dr_error_freep(err);
        int r = dr_step_look(s, copy, ret, err);
        if (r == DRSTOR_OK || !dr_step_ask_again(s, r, &until, *err))
            return r;
    }
}

bool
dr_view_access_is(const struct dr_copy_view *v, enum drstor_access wanted)
{
    if (DR_CANARY("first-member") && v->n_members > 0)
        return v->members[0].access == wanted;
    for (size_t i = 0; i < v->n_members; i++) {
        enum drstor_access a = v->members[i].access;
        if (a != wanted && !(wanted == DRSTOR_ACCESS_READ_ONLY && a == DRSTOR_ACCESS_NONE))
            return false;
    }
    return v->n_members > 0 && (v->access == wanted || (wanted == DRSTOR_ACCESS_READ_ONLY &&
                                                        v->access == DRSTOR_ACCESS_NONE));
}

/* ---- acting ---------------------------------------------------------------------------------- */

static struct json_object *
intent_json(const struct dr_call *call, const struct dr_copy *at)
{
    struct json_object *o = json_object_new_object();
    dr_json_set_str(o, "call", dr_name(&dr_array_op_names, (int)call->operation));
    dr_json_set_str(o, "array", at->array->name);
    dr_json_set_str(o, "copy", call->group);
    dr_json_set_i64(o, "epoch", (int64_t)call->epoch);
    dr_json_set_i64(o, "token", (int64_t)call->token);
    if (call->access_wanted)
        dr_json_set_str(o, "access", dr_name(&dr_access_names, (int)call->access_wanted));
    dr_json_set_bool(o, "planned", call->planned);
    dr_json_set_str(o, "source", call->source);
    dr_json_set_str(o, "target", call->target);
    return o;
}

static struct json_object *
answer_json(const struct dr_reply *reply)
{
    struct json_object *o = json_object_new_object();
    dr_json_set_str(o, "outcome", dr_name(&dr_outcome_names, (int)reply->outcome));
    dr_json_set_str(o, "status", dr_status_name(reply->status));
    dr_json_set_str(o, "job", reply->job);
    dr_json_set_str(o, "error", reply->error);
    dr_json_set_str(o, "array_code", reply->array_code);
    dr_json_set_str(o, "array_words", reply->array_words);
    return o;
}

static int
journal(struct dr_step *s, const char *what, const char *outcome, const char *detail,
        struct drstor_error **err)
{
    struct dr_store *st = s->run->s->store;
    const struct dr_audit entry = {.who = s->run->s->who,
                                   .what = what,
                                   .group = s->group->name,
                                   .epoch = s->flip->epoch,
                                   .token = s->token,
                                   .plan = s->run->plan.id,
                                   .run = s->run->id,
                                   .outcome = outcome,
                                   .detail = detail};
    int r = dr_store_begin(st, err);
    if (r < 0)
        return r;
    r = dr_store_guard(st, s->group->name, s->token, err); /* S8: in the same write */
    struct dr_record sound; /* S13 likewise: what it says was read a while ago */
    if (r == DRSTOR_OK)
        r = dr_store_load(st, s->arena, s->group->name, &sound, NULL, err);
    if (r == DRSTOR_OK)
        r = dr_store_step_put(st, &s->row, err);
    if (r == DRSTOR_OK && !DR_CANARY("no-audit"))
        r = dr_store_audit(st, &entry, NULL, err);
    if (r < 0) {
        dr_store_rollback(st);
        return r;
    }
    return dr_store_commit(st, err);
}

int
dr_step_keep(struct dr_step *s, const char *state, struct json_object *answer,
             struct drstor_error **err)
{
    if (answer)
        s->row.answer = dr_arena_str(s->arena, dr_json_text(answer));
    s->row.state = state;
    s->row.answered = dr_stamp_now(s->run->s->env);
    int r = journal(s, s->row.id, state, NULL, err);
    if (answer)
        (void)json_object_put(answer);
    return r;
}

uint64_t
dr_settle_ms(const struct dr_run_setup *s, const struct dr_array *array)
{
    const struct dr_plugin *p = NULL;
    return dr_endpoints_plugin(s->ends, array, &p, NULL) == DRSTOR_OK
               ? (uint64_t)dr_plugin_info(p)->limits.settle_ms
               : 0;
}

/* A transfer may take hours and changes no role; the step that wants its end follows it. */
static bool
changes_roles(const struct dr_job *j)
{
    return !dr_streq(j->operation, dr_name(&dr_array_op_names, DR_ARRAY_OP_SYNC_ONCE)) &&
           !dr_streq(j->operation, dr_name(&dr_array_op_names, DR_ARRAY_OP_RESYNC));
}

bool
dr_jobs_ended(const struct dr_run_setup *s, const struct dr_copy *copy, struct dr_arena *a)
{
    const struct dr_plugin *p = NULL;
    if (dr_endpoints_plugin(s->ends, copy->array, &p, NULL) < 0 ||
        !dr_plugin_can(p, DR_ARRAY_OP_JOBS))
        return true;
    for (uint64_t until = dr_now_ns(s->env) + look_patience_ns;;) {
        struct dr_reply reply = {0};
        const struct dr_call call = {.operation = DR_ARRAY_OP_JOBS,
                                     .group = copy->id,
                                     .deadline_ns = dr_now_ns(s->env) +
                                                    (uint64_t)s->model->observe_timeout_s * DR_S};
        if (dr_endpoints_call(s->ends, copy->array, &call, s->cancel, a, &reply, NULL) < 0)
            return !dr_cancelled(s->cancel);
        bool running = false;
        for (size_t i = 0; i < reply.n_jobs; i++)
            running |= reply.jobs[i].state == DRSTOR_JOB_RUNNING && changes_roles(&reply.jobs[i]);
        uint64_t now = dr_now_ns(s->env);
        if (!running)
            return true;
        if (now > until || now >= s->deadline_ns ||
            dr_sleep_until(s->env, now + look_pause_ns, s->cancel) != DRSTOR_OK)
            return false;
    }
}

/* Until nothing sent earlier can still act (safety P4). False: stopped before. */
static bool
settle(struct dr_step *s, const struct dr_copy *at, uint64_t last_deadline_ns)
{
    uint64_t now = dr_now_ns(s->run->s->env);
    uint64_t from = last_deadline_ns < now ? last_deadline_ns : now;
    uint64_t until = from + dr_settle_ms(s->run->s, at->array) * DR_MS;
    if (until > now && !DR_CANARY("no-settle")) {
        dr_run_event(s->run, s, "settling",
                     "no clear answer from array %s; waiting until nothing sent can "
                     "still act, then looking",
                     at->array->name);
        if (dr_sleep_until(s->run->s->env, until, s->run->s->cancel) != DRSTOR_OK)
            return false;
    }
    return s->hasty || dr_jobs_ended(s->run->s, at, s->arena);
}

/* Polls one job until the array says it ended. Its outcome replaces JOB in RET. */
static void
follow_job(struct dr_step *s, const struct dr_copy *at, const char *job, uint64_t deadline_ns,
           struct dr_reply *ret)
{
    uint64_t pause = 50 * DR_MS;
    int64_t shown = -1;
    ret->outcome = DRSTOR_OUTCOME_UNKNOWN;
    ret->status = DRSTOR_E_UNKNOWN;
    for (;;) {
        uint64_t next = dr_now_ns(s->run->s->env) + pause;
        if (pause < DR_S)
            pause += pause / 2;
        if (!dr_step_wait(s, next))
            return; /* the handle is stored: a resume polls on */
        struct dr_reply poll;
        struct dr_call call = {.operation = DR_ARRAY_OP_POLL,
                               .job = job,
                               .deadline_ns = deadline_of(s->run, at->array, DR_ARRAY_OP_POLL)};
        dr_auto(dr_error_freep) struct drstor_error *err = NULL;
        int r = dr_endpoints_call(s->run->s->ends, at->array, &call, NULL, s->arena, &poll, &err);
        if (r == DRSTOR_E_NOTFOUND || r == DRSTOR_E_REFUSED || r == DRSTOR_E_UNSUPPORTED) {
            ret->error = dr_arena_str(s->arena, dr_error_message(err));
            return; /* forgotten by the array: look */
        }
        if (r < 0 && s->hasty)
            return;
        for (size_t i = 0; r == DRSTOR_OK && i < poll.n_jobs; i++) {
            const struct dr_job *j = &poll.jobs[i];
            if (!dr_streq(j->id, job))
                continue;
            if (j->state == DRSTOR_JOB_SUCCEEDED) {
                ret->outcome = DRSTOR_OUTCOME_DONE;
                ret->status = DRSTOR_OK;
                return;
            }
            if (j->state == DRSTOR_JOB_FAILED) {
                ret->outcome = DRSTOR_OUTCOME_PARTIAL; /* what it did before, only looking tells */
                ret->error = poll.error ? poll.error : "the array's job failed";
                return;
            }
            if (j->progress_permille >= 0 && j->progress_permille / 100 != shown) {
                shown = j->progress_permille / 100;
                dr_run_event(s->run, s, "progress", "%lld %%",
                             (long long)j->progress_permille / 10);
            }
        }
        /* A job may take longer than its short request; it is bounded all the same. */
        if (dr_now_ns(s->run->s->env) > deadline_ns)
            return;
    }
}

enum { JOB_DEADLINES = 10 }; /* a job is given ten times the worst duration of its operation */

int
dr_step_act(struct dr_step *s, const struct dr_copy *at, struct dr_call *call, struct dr_reply *ret,
            struct drstor_error **err)
{
    struct dr_run *run = s->run;
    uint64_t now = dr_now_ns(run->s->env);
    call->group = call->group ? call->group : at->id;
    call->token = (uint64_t)s->token;
    call->deadline_ns = deadline_of(run, at->array, call->operation);
    uint64_t bound = now + (uint64_t)run->s->model->observe_timeout_s * DR_S;
    if (s->hasty && call->deadline_ns > bound)
        call->deadline_ns = bound; /* safety 3.2: what tries to fence is bounded like a probe */

    /* A wish whose end is not known keeps its id: to the array it is the same one. */
    bool same = s->row.op && s->unclear &&
                dr_streq(s->unclear, dr_name(&dr_array_op_names, (int)call->operation));
    s->row.attempt++;
    call->op = call->op ? call->op
               : same   ? s->row.op
                        : dr_arena_printf(s->arena, "%s/%s/%lld", run->id, s->plan->id,
                                          (long long)s->row.attempt);
    s->row.op = call->op;
    s->row.job = NULL;
    s->row.state = "sent";
    s->row.sent = dr_stamp_now(run->s->env);
    s->row.deadline = s->row.sent;
    s->row.deadline.boot_ns = (int64_t)call->deadline_ns;
    s->row.answer = NULL;
    struct json_object *intent = intent_json(call, at);
    s->row.intent = dr_arena_str(s->arena, dr_json_text(intent));
    (void)json_object_put(intent);
    int r =
        DR_CANARY("send-first") ? DRSTOR_OK : journal(s, s->plan->id, "intent", s->row.intent, err);
    if (r < 0) {
        s->row.state = "looking"; /* nothing was sent, and nothing says that it was */
        return r;
    }
    DR_FP("act.intent");

    (void)dr_endpoints_call(run->s->ends, at->array, call, NULL, s->arena, ret, NULL);
    DR_FP("act.sent");

    s->row.job = ret->job;
    bool unclear = ret->outcome == DRSTOR_OUTCOME_UNKNOWN || ret->outcome == DRSTOR_OUTCOME_PARTIAL;
    s->row.state = ret->outcome == DRSTOR_OUTCOME_JOB ? "job" : unclear ? "unclear" : "answered";
    s->row.answered = dr_stamp_now(run->s->env);
    struct json_object *answer = answer_json(ret);
    s->row.answer = dr_arena_str(s->arena, dr_json_text(answer));
    (void)json_object_put(answer);
    r = journal(s, s->plan->id, dr_name(&dr_outcome_names, (int)ret->outcome), s->row.answer, err);
    if (r < 0)
        return r;
    DR_FP("act.answer");

    bool job = ret->outcome == DRSTOR_OUTCOME_JOB;
    if (job)
        follow_job(s, at, ret->job, now + (call->deadline_ns - now) * JOB_DEADLINES, ret);
    s->unclear = ret->outcome == DRSTOR_OUTCOME_UNKNOWN
                     ? dr_name(&dr_array_op_names, (int)call->operation)
                     : NULL;
    if (ret->outcome == DRSTOR_OUTCOME_UNKNOWN || ret->outcome == DRSTOR_OUTCOME_PARTIAL) {
        /* Stopped in the middle of it, the row stays unclear: a resume settles before it looks. */
        if (settle(s, at, ret->sent ? call->deadline_ns : now)) {
            s->row.state = job ? s->row.state : "answered";
        } else if (!dr_step_must_stop(s)) {
            return dr_fail(err, DRSTOR_E_UNKNOWN,
                           "array %s still works on something for group %s; what becomes of it "
                           "cannot be told yet",
                           at->array->name, s->group->name);
        }
    }
    return DRSTOR_OK;
}

/* The copy whose array was asked, as the intent has it. */
static const struct dr_copy *
asked_at(struct dr_step *s, const struct dr_copy *at)
{
    dr_auto(dr_json_putp) struct json_object *o = NULL;
    if (s->row.intent &&
        dr_json_parse(s->row.intent, strlen(s->row.intent), &dr_json_small, &o, NULL) < 0)
        return at;
    const char *array = dr_json_str(o, "array"), *call = dr_json_str(o, "call");
    s->unclear = dr_arena_str(s->arena, call);
    if (dr_streq(array, s->old->array->name))
        return s->old;
    return dr_streq(array, s->target->array->name) ? s->target : at;
}

enum dr_step_end
dr_step_finish_sent(struct dr_step *s, const struct dr_copy *at)
{
    const struct dr_stamp now = dr_stamp_now(s->run->s->env);
    bool over = true;
    if (dr_streq(s->row.state, "job") || dr_streq(s->row.state, "sent") ||
        dr_streq(s->row.state, "unclear"))
        at = asked_at(s, at);
    if (dr_streq(s->row.state, "job") && s->row.job) {
        struct dr_reply reply = {0};
        dr_run_event(s->run, s, "waiting", "job %s of array %s, begun before", s->row.job,
                     at->array->name);
        follow_job(s, at, s->row.job, (uint64_t)now.boot_ns + 600 * DR_S, &reply);
        over = reply.outcome != DRSTOR_OUTCOME_UNKNOWN || settle(s, at, (uint64_t)now.boot_ns);
    } else if (dr_streq(s->row.state, "sent") || dr_streq(s->row.state, "unclear")) {
        /* An intent without a clear answer: it may have left us (S9). */
        bool same_boot = dr_streq(s->row.deadline.boot, now.boot) && s->row.deadline.boot_ns >= 0;
        over = settle(s, at, (uint64_t)(same_boot ? s->row.deadline.boot_ns : now.boot_ns));
    }
    if (over) {
        s->row.state = "looking"; /* once is enough for a step that drives two copies */
        return DR_STEP_END_NONE;
    }
    if (dr_step_must_stop(s))
        return dr_step_stopped(s);
    dr_error_freep(&s->err);
    (void)dr_fail(&s->err, DRSTOR_E_UNKNOWN,
                  "array %s still works on what an earlier run sent for group %s", at->array->name,
                  s->group->name);
    return DR_STEP_END_UNKNOWN;
}

size_t
dr_call_evidence(struct dr_arena *a, const struct dr_record *r, const struct dr_call_evidence **ret)
{
    struct dr_call_evidence *list = NULL;
    size_t n = 0;
    for (size_t i = 0; i < r->n_evidence; i++)
        dr_arena_push(a, list, n) = (struct dr_call_evidence){.kind = r->evidence[i].kind,
                                                              .site = r->evidence[i].site,
                                                              .by = r->evidence[i].by,
                                                              .at_utc = r->evidence[i].at.utc};
    *ret = list;
    return n;
}
