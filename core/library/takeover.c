/*
 * A standby becomes the active controller. Proof first, as for a copy; then the intent, from which
 * on the one before is told no where it asks; then every array that can is made to refuse it; then
 * the one write that counts. A crash anywhere: the same command again.
 */
#include "library/internal.h"

#include "base/failpoint.h"
#include "base/str.h"
#include "base/timetext.h"
#include "model/words.h"
#include "plugin/info.h"

#include <string.h>

struct takeover {
    struct session s;
    struct dr_goal goal;
    struct dr_facts facts;
    const char *person, *second;
    struct dr_plan_array *arrays;
    size_t n_arrays;
    struct dr_controller now; /* as it shall be */
    int64_t token;            /* by which arrays tell the one before */
    struct dr_takeover_fence *fences;
    size_t n_fences;
    struct dr_takeover weighed;
    const char **locked; /* groups, with their tokens */
    int64_t *tokens;
    size_t n_locked;
    struct json_object *aside;
};

/* ---- looking --------------------------------------------------------------------------------- */

static struct dr_takeover_case
case_of(const struct takeover *t)
{
    return (struct dr_takeover_case){.model = t->s.d->model,
                                     .here = &t->s.here,
                                     .facts = &t->facts,
                                     .goal = &t->goal,
                                     .person = t->person,
                                     .second = t->second,
                                     .arrays = t->arrays,
                                     .n_arrays = t->n_arrays,
                                     .fences = t->fences,
                                     .n_fences = t->n_fences};
}

static void
weigh(struct takeover *t)
{
    const struct dr_takeover_case c = case_of(t);
    dr_takeover_weigh(t->s.arena, &c, &t->weighed);
}

static int
look(struct takeover *t, struct drstor_error **err)
{
    int r = dr_session_observe(&t->s, NULL, 0, true, true, &t->facts, err);
    if (r == DRSTOR_OK)
        weigh(t);
    return r;
}

/* Until the silence is old enough; asked again at its end. */
static int
wait_until_old_enough(struct takeover *t, struct drstor_error **err)
{
    struct dr_env *env = t->s.d->env;
    int r = DRSTOR_OK;
    while (r == DRSTOR_OK && t->weighed.verdict == DR_TAKEOVER_WAIT) {
        uint64_t until = dr_now_ns(env) + (uint64_t)t->weighed.wait_left_s * DR_S;
        if (until > t->s.deadline_ns)
            return dr_fail(
                err, DRSTOR_E_TIMEOUT, "%s must be silent for %s: %s to go; nothing was changed",
                t->weighed.site, dr_duration_text(t->s.arena, t->s.d->model->assert_min_s),
                dr_duration_text(t->s.arena, t->weighed.wait_left_s));
        if (dr_sleep_until(env, until, &t->s.d->cancel) < 0)
            return dr_fail(err, DRSTOR_E_CANCELLED, "interrupted; nothing was changed");
        r = look(t, err);
    }
    return r;
}

/* What is behind, among the records there are; asked again when they are locked. */
static const char *
behind(struct takeover *t, const struct dr_group *g, struct dr_record *ret)
{
    if (dr_store_load(t->s.store, t->s.arena, g->name, ret, NULL, NULL) < 0 ||
        DR_CANARY("stale-mirror"))
        return NULL;
    return dr_takeover_behind(t->s.arena, g, ret, &t->facts);
}

static bool
any_behind(struct takeover *t)
{
    struct dr_record rec;
    for (size_t i = 0; i < t->s.d->model->n_groups; i++)
        if (behind(t, &t->s.d->model->groups[i], &rec))
            return true;
    return false;
}

/* ---- the intent ------------------------------------------------------------------------------ */

static int
audit(struct takeover *t, const char *group, const char *outcome, const char *detail,
      struct drstor_error **err)
{
    const struct dr_audit entry = {.who = dr_actor_self(t->s.d->env, t->s.arena, t->s.d->origin),
                                   .what = "takeover",
                                   .group = group,
                                   .token = t->token,
                                   .outcome = outcome,
                                   .detail = detail};
    return dr_store_audit(t->s.store, &entry, NULL, err);
}

static int
finish(struct takeover *t, int r, struct drstor_error **err)
{
    if (r == DRSTOR_OK)
        return dr_store_commit(t->s.store, err);
    dr_store_rollback(t->s.store);
    return r;
}

static int
intend(struct takeover *t, struct drstor_error **err)
{
    const struct dr_model *m = t->s.d->model;
    const struct dr_controller *here = &t->s.here;
    bool again = dr_streq(here->active, m->controller_name) && here->begun;
    t->now = (struct dr_controller){.active = m->controller_name,
                                    .site = m->controller_site ? m->controller_site->name : NULL,
                                    .term = here->term + (again ? 0 : 1),
                                    .since = dr_now_utc(t->s.d->env),
                                    .before = *t->weighed.other ? t->weighed.other : NULL,
                                    .before_site = t->weighed.site,
                                    .by = t->person,
                                    .reason = t->goal.reason,
                                    .begun = true};
    DR_FP("takeover.intend");
    int r = dr_store_begin(t->s.store, err);
    if (r < 0)
        return r;
    r = dr_store_token_leap(t->s.store, &t->token, err);
    if (r == DRSTOR_OK)
        r = dr_store_controller_set(t->s.store, &t->now, err);
    if (r == DRSTOR_OK)
        r = audit(t, NULL, "intent", t->weighed.evidence.detail, err);
    r = finish(t, r, err);
    DR_FP("takeover.intended");
    return r;
}

/* ---- arrays refuse the one before ------------------------------------------------------------ */

/* Setting the same again is harmless: after no clear answer it is simply asked once more. */
static void
fence(struct takeover *t, const struct dr_group *g, const struct dr_copy *copy,
      struct dr_takeover_fence *f)
{
    enum { TRIES = 3 };
    const struct dr_copy_facts *seen = dr_facts_copy(&t->facts, g->name, copy->site->name);
    struct dr_record rec = {0};
    (void)dr_store_load(t->s.store, t->s.arena, g->name, &rec, NULL, NULL);
    int64_t epoch = seen && seen->view.epoch > rec.epoch ? seen->view.epoch : rec.epoch;
    for (int i = 0; i < TRIES && !f->done && !dr_cancelled(&t->s.d->cancel); i++) {
        dr_auto(dr_error_freep) struct drstor_error *why = NULL;
        struct dr_reply reply = {0};
        const struct dr_call call = {
            .operation = DR_ARRAY_OP_TAG,
            .group = copy->id,
            .op = dr_arena_printf(t->s.arena, "takeover/%lld/%s/%s", (long long)t->token, g->name,
                                  copy->site->name),
            .epoch = (uint64_t)(epoch > 0 ? epoch : 0),
            .token = (uint64_t)t->token,
            .deadline_ns =
                dr_now_ns(t->s.d->env) + (uint64_t)t->s.d->model->observe_timeout_s * DR_S};
        if (DR_CANARY("no-token"))
            reply.outcome = DRSTOR_OUTCOME_DONE;
        else
            (void)dr_endpoints_call(t->s.ends, copy->array, &call, &t->s.d->cancel, t->s.arena,
                                    &reply, &why);
        DR_FP("takeover.fenced");
        f->done = reply.outcome == DRSTOR_OUTCOME_DONE;
        f->why_not = f->done       ? NULL
                     : reply.error ? reply.error
                                   : dr_arena_str(t->s.arena, dr_error_message(why));
        if (reply.outcome == DRSTOR_OUTCOME_REFUSED)
            break;
    }
}

static void
fence_all(struct takeover *t)
{
    const struct dr_takeover_case c = case_of(t);
    const struct dr_model *m = t->s.d->model;
    struct dr_takeover_fence *list = NULL;
    size_t n = 0;
    for (size_t i = 0; i < m->n_groups; i++)
        for (size_t k = 0; k < m->groups[i].n_copies; k++) {
            const struct dr_copy *copy = &m->groups[i].copies[k];
            struct dr_takeover_fence *f = &dr_arena_push(t->s.arena, list, n);
            f->group = m->groups[i].name;
            f->site = copy->site->name;
            f->array = copy->array->name;
            f->why_not = "it does not answer, or keeps no token";
            if (dr_takeover_fences(&c, copy, &m->groups[i]))
                fence(t, &m->groups[i], copy, f);
        }
    t->fences = list ? list : dr_arena_new0(t->s.arena, struct dr_takeover_fence);
    t->n_fences = n;
}

/* ---- locks ----------------------------------------------------------------------------------- */

static int
lock_all(struct takeover *t, struct drstor_error **err)
{
    const struct dr_model *m = t->s.d->model;
    const struct dr_actor who = dr_actor_self(t->s.d->env, t->s.arena, t->s.d->origin);
    t->locked = dr_arena_alloc(t->s.arena, m->n_groups + 1, sizeof(*t->locked));
    t->tokens = dr_arena_alloc(t->s.arena, m->n_groups + 1, sizeof(*t->tokens));
    for (size_t n = 0; n < m->n_groups; n++) {
        const char *next = NULL; /* in alphabetical order, as everybody */
        for (size_t i = 0; i < m->n_groups; i++)
            if ((n == 0 || strcmp(m->groups[i].name, t->locked[n - 1]) > 0) &&
                (!next || strcmp(m->groups[i].name, next) < 0))
                next = m->groups[i].name;
        struct dr_lock lock;
        int r = dr_store_lock(t->s.store, t->s.arena, next, &who, NULL, "takeover", 0,
                              &t->s.d->cancel, &lock, err);
        if (r < 0)
            return r;
        dr_endpoints_hold(t->s.ends, dr_store_lock_fd(t->s.store, next));
        t->locked[n] = next;
        t->tokens[n] = lock.token;
        t->n_locked = n + 1;
    }
    return DRSTOR_OK;
}

/* What the one before sent may still act: whoever holds a group next settles first. */
static void
forsake_all(struct takeover *t)
{
    for (size_t i = 0; i < t->n_locked; i++) {
        dr_endpoints_let_go(t->s.ends, dr_store_lock_fd(t->s.store, t->locked[i]));
        dr_store_forsake(t->s.store, t->locked[i], t->tokens[i]);
    }
    t->n_locked = 0;
}

/* ---- the write that counts ------------------------------------------------------------------- */

/* What RUN was in the middle of, of groups whose records are not behind, no run will end: they are
 * at rest, and whoever goes on does so by a run of its own. */
static int
leave_at_rest(struct takeover *t, const char *run, const char *why, struct drstor_error **err)
{
    int r = DRSTOR_OK;
    for (size_t i = 0; r == DRSTOR_OK && i < t->n_locked; i++) {
        struct dr_record rec;
        int64_t version = 0;
        if (dr_store_load(t->s.store, t->s.arena, t->locked[i], &rec, &version, NULL) < 0 ||
            dr_record_at_rest(&rec) || !dr_streq(rec.op.id, run))
            continue;
        if (rec.phase == DR_PHASE_RESYNCING && rec.old_copy != DR_OLD_COPY_DIVERGED)
            rec.old_copy = DR_OLD_COPY_STALE;
        dr_record_rest(&rec);
        r = dr_store_cas(t->s.store, &rec, version, t->tokens[i], NULL, err);
        if (r == DRSTOR_OK)
            r = audit(t, t->locked[i], "record at rest", why, err);
    }
    return r;
}

static int
end_runs_of(struct takeover *t, const char *group, const char *why, struct drstor_error **err)
{
    struct dr_run_row *open = NULL;
    size_t n = 0;
    int r = dr_store_run_open(t->s.store, t->s.arena, group, &open, &n, err);
    for (size_t i = 0; r == DRSTOR_OK && i < n; i++) {
        dr_auto(dr_json_putp) struct json_object *o = json_object_new_object();
        const struct dr_audit entry = {.who =
                                           dr_actor_self(t->s.d->env, t->s.arena, t->s.d->origin),
                                       .what = "run ended",
                                       .run = open[i].id,
                                       .outcome = dr_name(&dr_run_state_names, DR_RUN_ABORTED),
                                       .detail = why};
        dr_json_set_i64(o, "exit", 4);
        dr_json_set_str(o, "text", dr_arena_printf(t->s.arena, "it went on elsewhere: %s", why));
        r = dr_store_run_update(t->s.store, open[i].id, DR_RUN_ABORTED, dr_json_text(o),
                                dr_now_utc(t->s.d->env), err);
        if (r == DRSTOR_OK)
            r = dr_store_audit(t->s.store, &entry, NULL, err);
        if (r == DRSTOR_OK)
            r = leave_at_rest(t, open[i].id, why, err);
    }
    return r;
}

static int
set_aside(struct takeover *t, size_t lock, struct drstor_error **err)
{
    const struct dr_group *g = dr_model_group(t->s.d->model, t->locked[lock]);
    struct dr_record rec;
    const char *why = behind(t, g, &rec);
    if (!why)
        return DRSTOR_OK;
    int r = dr_store_set_aside(t->s.store, g->name, t->tokens[lock], true, err);
    if (r == DRSTOR_OK)
        r = audit(t, g->name, "record set aside", why, err);
    if (r == DRSTOR_OK)
        r = end_runs_of(t, g->name, why, err);
    if (r == DRSTOR_OK) {
        struct json_object *o = json_object_new_object();
        dr_json_set_str(o, "group", g->name);
        dr_json_set_str(o, "text", why);
        (void)json_object_array_add(t->aside, o);
    }
    return r;
}

static int
commit(struct takeover *t, struct drstor_error **err)
{
    t->now.begun = false;
    DR_FP("takeover.commit");
    int r = dr_store_begin(t->s.store, err);
    if (r < 0)
        return r;
    for (size_t i = 0; r == DRSTOR_OK && i < t->n_locked; i++)
        r = set_aside(t, i, err);
    if (r == DRSTOR_OK)
        r = dr_store_controller_set(t->s.store, &t->now, err);
    if (r == DRSTOR_OK)
        r = audit(t, NULL, "done", t->weighed.evidence.detail, err);
    r = finish(t, r, err);
    DR_FP("takeover.committed");
    if (r == DRSTOR_OK)
        t->s.here = t->now;
    return r;
}

/* ---- the document ---------------------------------------------------------------------------- */

static struct json_object *
evidence_json(struct takeover *t)
{
    struct json_object *all = json_object_new_array();
    struct json_object *e = dr_map_write(&dr_evidence_type, &t->weighed.evidence);
    if (t->weighed.evidence.kind == DRSTOR_EVIDENCE_NONE)
        dr_json_set_str(e, "kind", "token");
    if (t->weighed.evidence.detail)
        (void)json_object_array_add(all, e);
    else
        (void)json_object_put(e);
    for (size_t i = 0; i < t->n_fences; i++) {
        const struct dr_takeover_fence *f = &t->fences[i];
        if (!f->done)
            continue;
        struct json_object *o = json_object_new_object();
        dr_json_set_str(o, "kind", "token");
        dr_json_set_str(o, "group", f->group);
        dr_json_set_str(o, "site", f->site);
        dr_json_set_str(o, "array", f->array);
        dr_json_set_str(o, "detail",
                        dr_arena_printf(t->s.arena,
                                        "array %s refuses every older controller for group %s",
                                        f->array, f->group));
        (void)json_object_array_add(all, o);
    }
    return all;
}

/* What the one before could still do, if it is alive after all. */
static struct json_object *
remains_json(struct takeover *t)
{
    struct json_object *all = json_object_new_array();
    for (size_t i = 0; i < t->n_fences; i++)
        if (!t->fences[i].done)
            (void)json_object_array_add(
                all, json_object_new_string(dr_arena_printf(
                         t->s.arena, "array %s may still take commands of %s for group %s: %s",
                         t->fences[i].array,
                         *t->weighed.other ? t->weighed.other : "the controller before",
                         t->fences[i].group, t->fences[i].why_not)));
    return all;
}

static struct json_object *
runs_json(struct takeover *t)
{
    struct json_object *all = json_object_new_array();
    struct dr_run_row *open = NULL;
    size_t n = 0;
    if (dr_store_run_open(t->s.store, t->s.arena, NULL, &open, &n, NULL) == DRSTOR_OK)
        for (size_t i = 0; i < n; i++)
            (void)json_object_array_add(all, json_object_new_string(open[i].id));
    return all;
}

static const char *
hint(struct takeover *t, struct json_object *runs)
{
    const struct dr_model *m = t->s.d->model;
    const char *next = dr_json_length(runs)       ? "drstor run resume"
                       : dr_json_length(t->aside) ? "drstor status, then adopt or promote what was "
                                                    "set aside"
                                                  : "drstor status";
    return m->controller_standby
               ? dr_arena_printf(t->s.arena, "%s; and write controller: { role: active } into %s",
                                 next, m->file ? m->file : "the configuration")
               : next;
}

static void
document(struct takeover *t, const char *result, const char *text, int exit, char **ret_json)
{
    struct json_object *o = dr_report_new(), *refusals = json_object_new_array(),
                       *runs = runs_json(t);
    if (exit && t->weighed.refusal.id)
        (void)json_object_array_add(refusals, dr_map_write(&dr_refusal_type, &t->weighed.refusal));
    dr_json_set_str(o, "result", result);
    dr_json_set_str(o, "controller", t->s.d->model->controller_name);
    dr_json_set_str(o, "text", text);
    if (!exit)
        dr_json_set_str(o, "hint", hint(t, runs));
    dr_json_set(o, "evidence", evidence_json(t));
    dr_json_set(o, "refusals", refusals);
    dr_json_set(o, "remains", remains_json(t));
    dr_json_set(o, "set_aside", json_object_get(t->aside));
    dr_json_set(o, "runs", runs);
    dr_json_set_i64(o, "exit", exit);
    *ret_json = dr_session_document(&t->s, o);
}

/* Nothing is added here to what is a copy of another controller's chain, until it is not any more.
 */
static int
refused(struct takeover *t, char **ret_json, struct drstor_error **err)
{
    const struct dr_model *m = t->s.d->model;
    const char *text = t->weighed.refusal.text;
    int r = DRSTOR_OK;
    if (t->token || dr_controller_acts(&t->s.here, m->controller_name, m->controller_standby))
        r = audit(t, NULL, "refused", text, err);
    else if (t->s.d->parts.tell)
        t->s.d->parts.tell(t->s.d->parts.user,
                           dr_arena_printf(t->s.arena, "drstor takeover refused: %s", text));
    if (r == DRSTOR_OK)
        document(t, "refused", text, 3, ret_json);
    return r;
}

/* ---- the call -------------------------------------------------------------------------------- */

/* Where it takes two to waive, whoever said the same before is the first (safety X13). */
static int
second_person(struct takeover *t, struct drstor_error **err)
{
    const struct dr_model *m = t->s.d->model;
    const struct dr_actor who = dr_actor_self(t->s.d->env, t->s.arena, t->s.d->origin);
    struct dr_asked other;
    bool found = false;
    if (m->waive_fence != DR_WAIVE_TWO || !t->goal.waive_fence)
        return DRSTOR_OK;
    int r = dr_store_consent(t->s.store, t->s.arena, "takeover", &who, "drstor takeover",
                             m->consent_valid_s, &other, &found, err);
    if (r == DRSTOR_OK && found)
        t->second = dr_arena_printf(t->s.arena, "%s@%s", other.who.user, other.who.host);
    return r;
}

static int
take_over(struct takeover *t, char **ret_json, struct drstor_error **err)
{
    int r = intend(t, err);
    if (r == DRSTOR_OK)
        r = lock_all(t, err);
    if (r < 0)
        return r;
    fence_all(t);
    /* Looked at once more: a record is behind what arrays show now, not a minute ago. */
    r = look(t, err);
    if (r < 0)
        return r;
    if (t->weighed.verdict != DR_TAKEOVER_PROVEN) {
        if (t->weighed.verdict != DR_TAKEOVER_REFUSED)
            return dr_fail(err, DRSTOR_E_UNKNOWN,
                           "what was silent at %s is not any more; give the command again",
                           t->weighed.site);
        return refused(t, ret_json, err);
    }
    r = commit(t, err);
    if (r < 0)
        return r;
    size_t n = dr_json_length(t->aside);
    const char *who = *t->weighed.other
                          ? dr_arena_printf(t->s.arena, "; %s was it until %s", t->weighed.other,
                                            dr_utc_text(t->s.arena, t->now.since))
                          : "";
    const char *text =
        n ? dr_arena_printf(t->s.arena,
                            "%s is the active controller%s; %zu record%s of it %s behind what "
                            "arrays show and set aside",
                            t->now.active, who, n, n == 1 ? "" : "s", n == 1 ? "was" : "were")
          : dr_arena_printf(t->s.arena, "%s is the active controller%s", t->now.active, who);
    document(t, "active", text, 0, ret_json);
    return DRSTOR_OK;
}

static int
takeover(struct takeover *t, char **ret_json, struct drstor_error **err)
{
    const struct dr_model *m = t->s.d->model;
    bool acts = dr_controller_acts(&t->s.here, m->controller_name, m->controller_standby);
    t->person = dr_session_person(&t->s);
    int r = dr_session_arrays(&t->s, &t->arrays, &t->n_arrays, err);
    if (r == DRSTOR_OK)
        r = look(t, err);
    if (r < 0)
        return r;
    if (acts && !any_behind(t)) {
        t->weighed = (struct dr_takeover){.other = ""};
        document(
            t, "nothing-to-do",
            dr_arena_printf(t->s.arena, "%s is the active controller already", m->controller_name),
            0, ret_json);
        return DRSTOR_OK;
    }
    r = second_person(t, err);
    weigh(t);
    if (r == DRSTOR_OK)
        r = wait_until_old_enough(t, err);
    if (r < 0)
        return r;
    return t->weighed.verdict == DR_TAKEOVER_REFUSED ? refused(t, ret_json, err)
                                                     : take_over(t, ret_json, err);
}

static int
read_words(struct drstor *d, struct dr_arena *a, const struct drstor_consent *consent,
           struct dr_goal *ret, struct drstor_error **err)
{
    dr_map_clear(&dr_goal_type, ret);
    int r = dr_goal_consent(a, consent, ret, err);
    for (size_t i = 0; r == DRSTOR_OK && i < ret->n_declare; i++)
        if (!dr_model_site(d->model, ret->declare[i].site))
            r = dr_fail(err, DRSTOR_E_INVALID, "there is no site \"%s\"", ret->declare[i].site);
    if (r == DRSTOR_OK && (!ret->n_declare || !ret->reason))
        r = dr_fail(err, DRSTOR_E_INVALID,
                    "a takeover needs a declaration of the active controller's site, and a reason");
    return r;
}

int
drstor_takeover(struct drstor *d, const struct drstor_consent *consent, char **ret_json,
                struct drstor_error **err)
{
    struct takeover t = {0};
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    int r = read_words(d, a, consent, &t.goal, err);
    if (r == DRSTOR_OK)
        r = dr_session_open(d, DR_STORE_WRITE, &t.s, err);
    if (r < 0)
        return r;
    t.aside = json_object_new_array();
    r = takeover(&t, ret_json, err);
    forsake_all(&t);
    (void)json_object_put(t.aside);
    dr_session_close(&t.s);
    return r;
}
