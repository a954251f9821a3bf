#include "library/internal.h"

#include "base/failpoint.h"
#include "base/str.h"
#include "base/timetext.h"
#include "model/words.h"

#include <string.h>

/* ---- what acts share ------------------------------------------------------------------------- */

static void
show_event(const struct dr_event_row *event, void *user)
{
    const struct act *x = user;
    if (!x->cb.event)
        return;
    struct json_object *o = dr_map_write(&dr_event_row_type, event);
    x->cb.event(dr_json_text(o), x->cb.user);
    (void)json_object_put(o);
}

static int
tell_standby(void *user, struct dr_arena *a, const char **ret_said, struct drstor_error **err)
{
    struct act *x = user;
    return dr_session_mirror(&x->s, a, ret_said, err);
}

struct dr_run_setup
dr_act_setup(struct act *x)
{
    return (struct dr_run_setup){.env = x->s.d->env,
                                 .model = x->s.d->model,
                                 .store = x->s.store,
                                 .ends = x->s.ends,
                                 .contact = x->s.contact,
                                 .who = dr_actor_self(x->s.d->env, x->s.arena, x->s.d->origin),
                                 .cancel = &x->s.d->cancel,
                                 .deadline_ns = x->s.deadline_ns,
                                 .event = show_event,
                                 .mirror = tell_standby,
                                 .program = dr_act_program,
                                 .user = x};
}

void
dr_act_callbacks(struct act *x, const struct drstor_callbacks *cb)
{
    x->cb = (struct drstor_callbacks)DRSTOR_CALLBACKS_INIT;
    if (cb)
        memcpy(&x->cb, cb, cb->size < sizeof(x->cb) ? cb->size : sizeof(x->cb));
}

/* Which VMs ran, where the last run of a group shut them down and started them nowhere. */
static int
read_ran(struct act *x, struct dr_plan_record *records, size_t n, struct drstor_error **err)
{
    for (size_t i = 0; x->s.store && i < n; i++) {
        struct dr_guests ran;
        const char *run = NULL;
        int r = records[i].present ? dr_guests_owed(x->s.store, x->s.arena, records[i].group, NULL,
                                                    &run, &ran, err)
                                   : DRSTOR_OK;
        if (r < 0)
            return r;
        if (run)
            records[i].ran = ran.what;
    }
    return DRSTOR_OK;
}

static bool
same_records(const struct dr_goal *goal, const struct dr_plan_record *x,
             const struct dr_plan_record *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t g = 0; g < goal->n_groups; g++)
            if (dr_streq(goal->groups[g], x[i].group) &&
                (x[i].present != y[i].present || x[i].record.seq != y[i].record.seq))
                return false;
    return true;
}

/*
 * Facts and records of one moment. Waiting for a site that is silent takes a while in which
 * somebody else can begin and end a run: what was seen before it says nothing any more.
 */
static int
look(struct act *x, bool save, struct dr_plan_record **ret, size_t *ret_n,
     struct drstor_error **err)
{
    enum { ROUNDS = 3 };
    int r = dr_session_records(&x->s, ret, ret_n, err);
    for (int round = 0; r == DRSTOR_OK && round < ROUNDS; round++) {
        const struct dr_plan_record *before = *ret;
        r = dr_session_observe(&x->s, x->goal.groups, x->goal.n_groups, true, save, &x->facts, err);
        if (r == DRSTOR_OK)
            r = dr_session_records(&x->s, ret, ret_n, err);
        if (r == DRSTOR_OK && same_records(&x->goal, before, *ret, *ret_n))
            return DRSTOR_OK;
    }
    if (r == DRSTOR_OK) {
        r = dr_fail(err, DRSTOR_E_BUSY,
                    "the records of these groups change while their arrays are looked at");
        dr_hint(err, "somebody else is at work: drstor run list; nothing was begun");
    }
    return r;
}

static int
make_plan(struct act *x, bool save, struct drstor_error **err)
{
    struct dr_plan_array *arrays = NULL;
    struct dr_plan_record *records = NULL;
    size_t n_arrays = 0, n_records = 0;
    int r = dr_session_arrays(&x->s, &arrays, &n_arrays, err);
    x->s.points = x->goal.point != NULL; /* nobody else waits for them */
    if (r == DRSTOR_OK)
        r = look(x, save, &records, &n_records, err);
    if (r == DRSTOR_OK)
        r = read_ran(x, records, n_records, err);
    if (r < 0)
        return r;
    x->person = dr_session_person(&x->s);
    const struct dr_plan_input in = {.model = x->s.d->model,
                                     .facts = &x->facts,
                                     .arrays = arrays,
                                     .n_arrays = n_arrays,
                                     .records = records,
                                     .n_records = n_records,
                                     .goal = &x->goal,
                                     .person = x->person,
                                     .controller = &x->s.here};
    dr_plan_make(x->s.arena, &in, &x->plan);
    return DRSTOR_OK;
}

static bool
nothing_to_do(const struct dr_plan *p)
{
    return p->n_refusals == 0 && p->n_steps == 0;
}

/* A wrong password is not a safety matter: the code that says so wins over 3 (design 7). */
static int
exit_of_refusals(const struct act *x)
{
    int e = dr_plan_exit(&x->plan);
    const struct dr_site *to = dr_model_site(x->s.d->model, x->goal.to);
    for (size_t i = 0; i < x->facts.n_endpoints; i++) {
        const struct dr_endpoint_facts *p = &x->facts.endpoints[i];
        if (p->asked && !p->answers && to && dr_streq(p->site, to->name) &&
            dr_streq(p->error_word, "auth"))
            e = e ? 9 : 0;
    }
    return e;
}

static void
refuse_with(struct act *x, const struct dr_refusal *r)
{
    dr_arena_push(x->s.arena, x->plan.refusals, x->plan.n_refusals) = *r;
}

static int
audit_refusal(struct act *x, const char *text, struct drstor_error **err)
{
    const struct dr_audit entry = {.who = dr_actor_self(x->s.d->env, x->s.arena, x->s.d->origin),
                                   .what = "refused",
                                   .plan = x->plan.id,
                                   .outcome = "refused",
                                   .detail = text};
    const struct dr_model *m = x->s.d->model;
    /* Nothing is added here to what is, or will be, a copy of another controller's chain. */
    if (!dr_controller_acts(&x->s.here, m->controller_name, m->controller_standby)) {
        if (x->s.d->parts.tell)
            x->s.d->parts.tell(x->s.d->parts.user,
                               dr_arena_printf(x->s.arena, "drstor refused: %s", text));
        return DRSTOR_OK;
    }
    return dr_store_audit(x->s.store, &entry, NULL, err);
}

static int
not_begun(struct act *x, char **ret_json, struct drstor_error **err)
{
    const char *text = x->plan.n_refusals ? x->plan.refusals[0].text : "refused";
    for (size_t i = 0; DR_CANARY("no-remedy") && i < x->plan.n_refusals; i++)
        x->plan.refusals[i].remedy = NULL;
    int r = audit_refusal(x, text, err); /* S14: before it is reported */
    if (r < 0)
        return r;
    *ret_json = dr_session_document(
        &x->s, dr_report_not_begun(&x->plan, "refused", exit_of_refusals(x), text, NULL));
    return DRSTOR_OK;
}

/* A group's own standing consent, given by the configuration (safety 3.3.6). */
static void
standing_consent(struct act *x)
{
    if (x->plan.goal.verb == DR_VERB_REPROTECT) /* it says what a promotion may lose, no more */
        return;
    for (size_t i = 0; i < x->plan.n_losses; i++) {
        const struct dr_group *g = dr_model_group(x->s.d->model, x->plan.losses[i].group);
        struct dr_accept_loss standing;
        dr_map_clear(&dr_accept_loss_type, &standing);
        standing.seconds = g ? g->loss_max_s : -1;
        standing.bytes = g ? g->loss_max_bytes : -1;
        if (dr_loss_covered(&x->plan.losses[i], &standing))
            x->plan.losses[i].needs_consent = false;
    }
}

/*
 * Where the configuration asks for two persons, the second of two different users goes on with what
 * both of them asked for (safety E7, X13). 1: go on; 0: *RET_JSON is the answer.
 */
static int
second_person(struct act *x, char **ret_json, struct drstor_error **err)
{
    const struct dr_model *m = x->s.d->model;
    const struct dr_plan_group *f = dr_plan_waived(&x->plan);
    if (!f || m->waive_fence != DR_WAIVE_TWO)
        return 1;
    const struct dr_actor who = dr_actor_self(x->s.d->env, x->s.arena, x->s.d->origin);
    const char *command = dr_command_text(x->s.arena, &x->goal, NULL);
    struct dr_asked other;
    bool found = false;
    int r = dr_store_consent(x->s.store, x->s.arena, x->plan.id, &who, command, m->consent_valid_s,
                             &other, &found, err);
    if (r < 0)
        return r;
    if (found) {
        x->consent.confirmed_by =
            dr_arena_printf(x->s.arena, "%s@%s", other.who.user, other.who.host);
        return 1;
    }
    const struct dr_refusal waits = {
        .id = "R029",
        .group = f->name,
        .text = dr_arena_printf(x->s.arena,
                                "the fence of %s is waived by two persons or not at all", f->from),
        .evidence = dr_arena_printf(x->s.arena, "%s (uid %lld) agrees; %s", x->person,
                                    (long long)who.uid, f->proof),
        .remedy = dr_arena_printf(x->s.arena, "within %s, another user gives the same command: %s",
                                  dr_duration_text(x->s.arena, m->consent_valid_s), command)};
    refuse_with(x, &waits);
    r = not_begun(x, ret_json, err);
    return r < 0 ? r : 0;
}

/* The question, or what was said in advance. 1: go on; 0: *RET_JSON is the answer. */
static int
decide(struct act *x, char **ret_json, struct drstor_error **err)
{
    struct dr_accept_loss *bound = &x->plan.goal.accept_loss;
    struct dr_refusal r;
    const char *how = "flag";
    standing_consent(x);
    if (x->cb.decide) {
        struct drstor_answer answer = {.size = sizeof(answer)};
        struct json_object *doc = dr_report_plan(&x->plan, bound);
        x->cb.decide(dr_json_text(doc), &answer, x->cb.user);
        (void)json_object_put(doc);
        if (dr_cancelled(&x->s.d->cancel))
            return dr_fail(err, DRSTOR_E_CANCELLED, "interrupted; nothing was begun");
        if (!answer.go && dr_guard_consent(x->s.arena, &x->plan, bound, &r)) {
            /* Not "no", but less than it takes: named, with its remedy. */
            refuse_with(x, &r);
            int e = not_begun(x, ret_json, err);
            return e < 0 ? e : 0;
        }
        if (!answer.go) {
            *ret_json = dr_session_document(
                &x->s, dr_report_not_begun(&x->plan, "declined", 3,
                                           "not confirmed; nothing was changed", NULL));
            return 0;
        }
        if (answer.accept_loss[0]) {
            dr_map_clear(&dr_accept_loss_type, bound);
            int p = dr_accept_loss_parse(answer.accept_loss, bound, err);
            if (p < 0)
                return p;
            how = "terminal";
        }
    }
    if (!DR_CANARY("any-loss") && dr_guard_consent(x->s.arena, &x->plan, bound, &r)) {
        refuse_with(x, &r);
        int e = not_begun(x, ret_json, err);
        return e < 0 ? e : 0;
    }
    dr_map_clear(&dr_consent_type, &x->consent);
    x->consent.plan = x->plan.id;
    x->consent.loss = x->plan.loss.text;
    x->consent.bound_s = bound->seconds;
    x->consent.bound_bytes = bound->bytes;
    x->consent.bound_unknown = bound->unknown;
    x->consent.by = x->person;
    x->consent.how = how;
    x->consent.reason = x->plan.goal.reason;
    x->consent.waive_fence = dr_plan_waived(&x->plan) ? x->plan.goal.waive_fence : NULL;
    x->consent.at = dr_now_utc(x->s.d->env);
    return second_person(x, ret_json, err);
}

/* The report of what is stored, with the result of this very go. */
static int
report_run(struct act *x, const struct dr_run_result *result, char **ret_json,
           struct drstor_error **err)
{
    struct json_object *o = NULL;
    int r = dr_report_run(x->s.store, x->s.arena, result->run, &o, err);
    if (r < 0)
        return r;
    dr_json_set_i64(o, "exit", result->exit);
    if (result->text)
        dr_json_set_str(o, "text", result->text);
    if (result->exit && dr_run_state_open(result->state) && !result->hint)
        dr_json_set_str(o, "hint",
                        dr_arena_printf(x->s.arena, "drstor run resume %s", result->run));
    *ret_json = dr_session_document(&x->s, o);
    return DRSTOR_OK;
}

static int
go(struct act *x, char **ret_json, struct drstor_error **err)
{
    const struct dr_run_setup setup = dr_act_setup(x);
    int r = dr_run_start(&setup, x->s.arena, &x->plan, &x->facts, &x->consent, &x->result, err);
    return r < 0 ? r : report_run(x, &x->result, ret_json, err);
}

/* A run that goes on right now is no rule's refusal: somebody is at work, exit 7. */
static int
nobody_at_work(struct act *x, struct drstor_error **err)
{
    for (size_t i = 0; i < x->plan.n_refusals; i++) {
        const struct dr_refusal *f = &x->plan.refusals[i];
        struct dr_owner owner;
        if (!dr_streq(f->id, "R013") ||
            dr_store_owner(x->s.store, x->s.arena, f->group, &owner, NULL) < 0 || !owner.held)
            continue;
        int r =
            dr_fail(err, DRSTOR_E_BUSY, "group %s is locked by run %s of %s (process %lld on %s)",
                    f->group, owner.run ? owner.run : "?", owner.who.user ? owner.who.user : "?",
                    (long long)owner.who.pid, owner.who.host ? owner.who.host : "?");
        dr_hint(err, "follow it: drstor run watch %s", owner.run ? owner.run : "RUN");
        return r;
    }
    return DRSTOR_OK;
}

int
dr_act_on(struct act *x, const struct dr_plan *then, char **ret_json, struct drstor_error **err)
{
    const char *said = NULL; /* stands in the document */
    int r = dr_session_mirror(&x->s, x->s.arena, &said, err);
    if (r == DRSTOR_OK)
        r = make_plan(x, true, err);
    if (r < 0)
        return r;
    if (nothing_to_do(&x->plan)) {
        const char *text = x->plan.n_flips == 1
                               ? dr_arena_printf(x->s.arena, "%s: %s", x->plan.flips[0].name,
                                                 x->plan.flips[0].text)
                               : "nothing to do for any of the groups";
        *ret_json = dr_session_document(
            &x->s, dr_report_not_begun(&x->plan, "nothing-to-do", 0, text, NULL));
        return DRSTOR_OK;
    }
    r = nobody_at_work(x, err);
    if (r < 0)
        return r;
    if (then && !DR_CANARY("stale-consent")) {
        r = dr_plan_still_holds(then, &x->plan, err);
        if (r < 0)
            return r;
    }
    if (x->plan.n_refusals)
        return not_begun(x, ret_json, err);
    r = dr_act_programs(x, err);
    if (r < 0)
        return r;
    uint64_t asked = dr_now_ns(x->s.d->env);
    r = decide(x, ret_json, err);
    if (r <= 0)
        return r;
    /* A person took their time: what was seen before the question is looked at again. */
    if (dr_now_ns(x->s.d->env) - asked > 5 * DR_S) {
        const struct dr_plan shown = x->plan;
        const struct dr_accept_loss bound = x->plan.goal.accept_loss;
        const struct dr_consent consent = x->consent;
        x->goal.accept_loss = bound;
        r = make_plan(x, true, err);
        if (r == DRSTOR_OK && !DR_CANARY("stale-consent"))
            r = dr_plan_still_holds(&shown, &x->plan, err);
        if (r < 0)
            return r;
        x->consent = consent;
    }
    return go(x, ret_json, err);
}

/* ---- the calls ------------------------------------------------------------------------------- */

int
drstor_plan(struct drstor *d, const char *goal, const struct drstor_consent *consent,
            char **ret_json, struct drstor_error **err)
{
    struct act x = {0};
    int r = dr_session_open(d, DR_STORE_READ, &x.s, err);
    if (r < 0)
        return r;
    r = dr_goal_read(x.s.arena, d->model, goal, consent, &x.goal, err);
    if (r == DRSTOR_OK)
        r = make_plan(&x, false, err);
    if (r == DRSTOR_OK) {
        struct json_object *o = dr_report_plan(&x.plan, &x.goal.accept_loss);
        dr_json_set_i64(o, "exit", exit_of_refusals(&x));
        *ret_json = dr_document_text(o);
    }
    dr_session_close(&x.s);
    return r;
}

int
drstor_act(struct drstor *d, const char *goal, const struct drstor_consent *consent,
           const struct drstor_callbacks *callbacks, char **ret_json, struct drstor_error **err)
{
    struct act x = {0};
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    /* Words first: a slip creates no store. */
    int r = dr_goal_read(a, d->model, goal, consent, &x.goal, err);
    if (r == DRSTOR_OK)
        r = dr_session_open(d, DR_STORE_WRITE, &x.s, err);
    if (r < 0)
        return r;
    dr_act_callbacks(&x, callbacks);
    r = x.goal.within_s >= 0 ? dr_act_within(&x, NULL, ret_json, err)
                             : dr_act_on(&x, NULL, ret_json, err);
    dr_session_close(&x.s);
    return r;
}

int
drstor_apply(struct drstor *d, const char *plan_json, const struct drstor_consent *consent,
             const struct drstor_callbacks *callbacks, char **ret_json, struct drstor_error **err)
{
    struct act x = {0};
    struct dr_plan then;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    dr_auto(dr_json_putp) struct json_object *doc = NULL;
    int r = dr_json_parse(plan_json, strlen(plan_json), &dr_json_inventory, &doc, err);
    if (r == DRSTOR_OK)
        r = dr_map_read(a, &dr_plan_type, doc, false, &then, err);
    if (r < 0)
        return dr_context(err, DRSTOR_E_INVALID, "not a plan of drstor");
    if (then.n_refusals)
        return dr_fail(err, DRSTOR_E_INVALID,
                       "this plan was refused when it was made; there is nothing to "
                       "apply");
    if (then.id == NULL || !dr_streq(then.id, dr_plan_digest(a, &then)))
        return dr_fail(err, DRSTOR_E_INVALID,
                       "the plan was altered after it was made: its id does not fit");
    /* Of the plan only the wish counts; consent and evidence are given anew (design 4.2). */
    x.goal = then.goal;
    struct dr_accept_loss kept = then.goal.accept_loss;
    x.goal.declare = NULL;
    x.goal.n_declare = 0;
    x.goal.reason = x.goal.waive_fence = x.goal.waive_snapshot = x.goal.carries = NULL;
    x.goal.hurry = false;
    r = dr_goal_consent(a, consent, &x.goal, err);
    if (r < 0)
        return r;
    if (!x.goal.accept_loss.unknown && x.goal.accept_loss.seconds < 0 &&
        x.goal.accept_loss.bytes < 0)
        x.goal.accept_loss = kept; /* the bound carries over, sealed by the plan's id */
    r = dr_goal_check(&x.goal, d->model, err);
    if (r == DRSTOR_OK)
        r = dr_session_open(d, DR_STORE_WRITE, &x.s, err);
    if (r < 0)
        return r;
    dr_act_callbacks(&x, callbacks);
    r = x.goal.within_s >= 0 ? dr_act_within(&x, &then, ret_json, err)
                             : dr_act_on(&x, &then, ret_json, err);
    dr_session_close(&x.s);
    return r;
}

int
dr_act_allowed(const struct drstor *d, struct drstor_error **err)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    dr_auto(dr_store_closep) struct dr_store *store = NULL;
    struct dr_controller here;
    struct dr_refusal refusal;
    dr_map_clear(&dr_controller_type, &here);
    int r = d->parts.store(d->parts.user, &d->parts, DR_STORE_READ, &store, NULL);
    /* A store that is damaged says so itself, to whoever opens it to write. */
    if (r == DRSTOR_OK)
        (void)dr_store_controller(store, a, &here, NULL);
    if (!dr_role_refuses(a, d->model, &here, &refusal))
        return DRSTOR_OK;
    r = dr_refuse(err, refusal.id, "%s (%s)", refusal.text, refusal.evidence);
    dr_hint(err, "%s", refusal.remedy);
    return r;
}

static int
resume_one(struct act *x, const char *run, char **ret_json, struct drstor_error **err)
{
    struct dr_run_row *open = NULL;
    struct dr_run_result result;
    const char *said = NULL;
    size_t n = 0;
    int told = dr_session_mirror(&x->s, x->s.arena, &said, err);
    if (told < 0)
        return told;
    if (!run) {
        int r = dr_store_run_open(x->s.store, x->s.arena, NULL, &open, &n, err);
        if (r < 0)
            return r;
        if (n == 0) {
            struct json_object *o = dr_report_new();
            dr_json_set_str(o, "result", "nothing-to-do");
            dr_json_set_str(o, "text", "no run is open: there is nothing to resume");
            dr_json_set_i64(o, "exit", 0);
            *ret_json = dr_session_document(&x->s, o);
            return DRSTOR_OK;
        }
        run = open[0].id;
        for (size_t i = n; i > 0; i--) /* a guard's comes after what people began */
            run = dr_run_gives_way(&open[i - 1]) ? run : open[i - 1].id;
    }
    const struct dr_run_setup setup = dr_act_setup(x);
    int r = dr_run_resume(&setup, x->s.arena, run, &result, err);
    return r < 0 ? r : report_run(x, &result, ret_json, err);
}

int
drstor_resume(struct drstor *d, const char *run, const struct drstor_callbacks *callbacks,
              char **ret_json, struct drstor_error **err)
{
    struct act x = {0};
    int r = dr_act_allowed(d, err);
    if (r == DRSTOR_OK)
        r = dr_session_open(d, DR_STORE_WRITE, &x.s, err);
    if (r < 0)
        return r;
    dr_act_callbacks(&x, callbacks);
    r = resume_one(&x, run, ret_json, err);
    dr_session_close(&x.s);
    return r;
}

int
drstor_observe(struct drstor *d, const char *const *groups, size_t n, char **ret_json,
               struct drstor_error **err)
{
    struct session s;
    struct dr_facts facts;
    int r = dr_groups_check(d->model, groups, n, err);
    if (r == DRSTOR_OK)
        r = dr_session_open(d, DR_STORE_WRITE, &s, err);
    if (r < 0)
        return r;
    /* It stores, and it changes nothing out there: its handles cannot. */
    dr_endpoints_free(s.ends);
    s.ends = dr_endpoints_new(d->env, d->model, s.contact, true, s.correlation);
    s.points = true;
    r = dr_session_observe(&s, n ? groups : NULL, n, true, true, &facts, err);
    if (r == DRSTOR_OK)
        *ret_json = dr_document_text(dr_report_observed(&facts));
    dr_session_close(&s);
    return r;
}
