/* Calls to the engine: noted, sent, answered; and what was tried. */
#include "run/stage_internal.h"

#include "run/engine_call.h"

#include "base/str.h"

#include <string.h>

static const char ok_word[] = "ok";

struct call {
    struct posted head;
    struct call *next; /* of the answers */
    struct stage *st;
    struct dr_stage_action action;
    const struct dr_step *hooks; /* of this step: it is a hook, not a call */
    struct dr_arena *arena;
    struct dr_inv_domain *found;
    size_t n_found;
    int status;
    struct drstor_error *err;
};

static struct dr_stage_try *
try_of(struct stage *st, const char *key)
{
    size_t at = dr_index_at(&st->tries, key);
    if (at != DR_INDEX_NONE)
        return &st->progress.tries[at];
    struct dr_stage_try *t = &dr_arena_push(st->arena, st->progress.tries, st->progress.n_tries);
    *t = (struct dr_stage_try){.key = dr_arena_str(st->arena, key)};
    (void)dr_index_put(st->arena, &st->tries, t->key, st->progress.n_tries - 1);
    return t;
}

/* "stage:import:7f..": what the store takes for a step's name. */
static const char *
row_id(struct stage *st, const char *key)
{
    char *id = dr_arena_printf(st->arena, "stage:%.120s", key);
    for (char *c = id; *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-", *c))
            *c = *c == ' ' ? ':' : '.';
    return id;
}

/* Intent and answer of one engine call, as a row of its own beside the plan's steps. */
static int
keep_call(struct stage *st, const struct dr_stage_action *x, const char *state, int64_t attempt,
          const char *answer, struct drstor_error **err)
{
    struct dr_step_row row = {.run = st->run->id,
                              .id = row_id(st, x->key),
                              .state = state,
                              .attempt = attempt,
                              .intent = NULL,
                              .answer = NULL};
    dr_auto(dr_json_putp) struct json_object *intent = json_object_new_object();
    dr_json_set_str(intent, "group", x->group);
    dr_json_set_str(intent, "call", x->text);
    dr_json_set_str(intent, "id", x->id);
    dr_json_set_str(intent, "correlation", dr_endpoints_correlation(st->run->s->ends));
    row.intent = dr_json_text(intent);
    dr_auto(dr_json_putp) struct json_object *o = NULL;
    if (answer) {
        o = json_object_new_object();
        dr_json_set_str(o, "answer", answer);
        row.answer = dr_json_text(o);
    }
    dr_map_clear(&dr_stamp_type, &row.started);
    row.answered = row.deadline = row.started;
    row.sent = dr_stamp_now(st->run->s->env);
    return dr_store_step_put(st->run->s->store, &row, err);
}

static void
call_main(void *arg)
{
    struct call *c = arg;
    DR_FP("stage.call");
    if (c->hooks)
        c->status =
            dr_hook_run(c->hooks, (size_t)c->action.hook, &c->st->cancel, c->arena, &c->err);
    else
        c->status =
            dr_engine_call(c->st->run->s->env, c->st->rhv, &c->st->run->s->model->mapping,
                           &c->action, &c->st->cancel, c->arena, &c->found, &c->n_found, &c->err);
    DR_FP("stage.sent");
    dr_mailbox_post(c->st->box, c);
}

/* The step of GROUP while it is on the stage: only the leader, and the list only grows under it. */
static const struct dr_step *
step_of(struct stage *st, const char *group)
{
    const struct dr_step *step = NULL;
    pthread_mutex_lock(&st->run->lock);
    for (size_t i = 0; i < st->n_groups && !step; i++)
        if (!st->groups[i]->over && dr_streq(st->groups[i]->want.group, group))
            step = st->groups[i]->step;
    pthread_mutex_unlock(&st->run->lock);
    return step;
}

static int
keep_intents(struct stage *st, const struct dr_stage_result *todo, struct drstor_error **err)
{
    int r = DRSTOR_OK;
    for (size_t i = 0; r == DRSTOR_OK && i < todo->n_actions; i++) {
        const struct dr_stage_action *x = &todo->actions[i];
        const struct dr_step *step = step_of(st, x->group);
        if (step) /* S8: a controller that lost the group's lock starts nothing */
            r = dr_store_guard(st->run->s->store, step->group->name, step->token, err);
        if (r == DRSTOR_OK && x->kind != DR_STAGE_HOOK) /* that keeps a row of its own */
            r = keep_call(st, x, "sent", try_of(st, x->key)->attempts + 1, NULL, err);
    }
    return r;
}

static void
call_free(struct call *c)
{
    dr_arena_free(c->arena);
    dr_error_free(c->err);
    free(c);
}

/* Hints, for who reads them later: that one cannot be kept changes nothing. */
static void
keep_answers(struct stage *st)
{
    for (struct call *c = st->answers, *next; c; c = next) {
        next = c->next;
        if (!c->hooks) /* that keeps a row of its own */
            (void)keep_call(st, &c->action, "answered", try_of(st, c->action.key)->attempts,
                            c->status == DRSTOR_OK ? ok_word : dr_error_message(c->err), NULL);
        call_free(c);
    }
    st->answers = NULL;
}

int
dr_stage_send(struct stage *st, const struct dr_stage_result *todo, struct drstor_error **err)
{
    struct dr_store *store = st->run->s->store;
    if (todo->n_actions == 0 && !st->answers)
        return DRSTOR_OK;
    int r = dr_store_begin(store, err);
    if (r < 0)
        return r;
    keep_answers(st);
    r = keep_intents(st, todo, err);
    if (r < 0)
        dr_store_rollback(store);
    else
        r = dr_store_commit(store, err);
    if (r < 0)
        return r;
    DR_FP("stage.intent");
    for (size_t i = 0; i < todo->n_actions; i++) {
        const struct dr_stage_action *x = &todo->actions[i];
        struct dr_stage_try *t = try_of(st, x->key);
        t->attempts++; /* only now: what was not stored was not tried */
        t->in_flight = true;
        if (!t->first_ns)
            t->first_ns = (int64_t)dr_now_ns(st->run->s->env);
        dr_told_asked(st, x->kind, x->id, dr_endpoints_correlation(st->run->s->ends));
        struct call *c = dr_new0(struct call);
        c->head.kind = POSTED_CALL;
        c->st = st;
        c->arena = dr_arena_new();
        c->action = *x;
        dr_engine_action_copy(c->arena, x, &c->action);
        c->hooks = x->kind == DR_STAGE_HOOK ? step_of(st, x->group) : NULL;
        st->in_flight++;
        dr_run_event(st->run, step_of(st, x->group), "acting", "%s", x->text);
        dr_spawn(st->run->s->env, call_main, c);
    }
    return DRSTOR_OK;
}

static void
take_found(struct stage *st, const struct call *c)
{
    for (size_t i = 0; i < c->n_found; i++) {
        struct dr_inv_domain *d = &dr_arena_push(st->arena, st->found, st->n_found);
        *d = c->found[i];
        d->id = dr_arena_str(st->arena, d->id);
        d->name = dr_arena_str(st->arena, d->name);
        const char **wwids = dr_arena_alloc(st->arena, d->n_wwids + 1, sizeof(*wwids));
        for (size_t k = 0; k < d->n_wwids; k++)
            wwids[k] = dr_arena_str(st->arena, d->wwids[k]);
        d->wwids = wwids;
    }
    st->found_read = true;
}

/* Which looks have to see more than VMs, after the end of C. */
static void
note_moved(struct stage *st, const struct call *c)
{
    bool vm = c->action.kind == DR_STAGE_REGISTER_VM || c->action.kind == DR_STAGE_START;
    st->answered = st->news = true;
    st->domains_moved |= !vm || c->status != DRSTOR_OK;
    st->offers_moved |= c->action.kind != DR_STAGE_START &&
                        (c->action.kind == DR_STAGE_REGISTER_TEMPLATE || c->status != DRSTOR_OK);
}

static void
note_unclear(struct stage *st, const char *group)
{
    pthread_mutex_lock(&st->run->lock);
    for (size_t i = 0; i < st->n_groups; i++)
        if (dr_streq(st->groups[i]->want.group, group))
            st->groups[i]->unclear = true;
    pthread_mutex_unlock(&st->run->lock);
}

/* What an engine answers to a mutating call is only a hint: the next look decides (ovirt 8.5). */
void
dr_stage_answer(struct stage *st, void *answer)
{
    struct call *c = answer;
    struct dr_stage_try *t = try_of(st, c->action.key);
    t->in_flight = false;
    t->last_ns = (int64_t)dr_now_ns(st->run->s->env);
    t->trouble = c->status == DRSTOR_OK ? NULL : dr_arena_str(st->arena, dr_error_message(c->err));
    t->conflict = c->status == DRSTOR_E_CONFLICT;
    st->told_due = true;
    /* Wrong words of ours do not get right by being repeated. */
    t->given_up = c->status == DRSTOR_E_INVALID || c->status == DRSTOR_E_UNSUPPORTED ||
                  c->status == DRSTOR_E_AUTH;
    st->in_flight--;
    note_moved(st, c);
    if (c->action.kind == DR_STAGE_DISCOVER && c->status == DRSTOR_OK)
        take_found(st, c);
    if (c->hooks && c->status == DRSTOR_E_UNKNOWN)
        note_unclear(st, c->action.group);
    if (t->trouble)
        dr_run_event(st->run, step_of(st, c->action.group), c->hooks ? "warning" : "retrying", "%s",
                     t->trouble);
    c->next = st->answers;
    st->answers = c;
}

/* One that cannot be read is restarted once more. */
void
dr_stage_recall(struct stage *st)
{
    static const char prefix[] = "stage:host-off:";
    struct dr_step_row *rows = NULL;
    size_t n = 0;
    if (st->recalled)
        return;
    st->recalled = true;
    if (dr_store_step_list(st->run->s->store, st->arena, st->run->id, &rows, &n, NULL) < 0)
        return;
    for (size_t i = 0; i < n; i++) {
        dr_auto(dr_json_putp) struct json_object *answer = NULL;
        if (strncmp(rows[i].id, prefix, sizeof(prefix) - 1) != 0 || !rows[i].answer ||
            dr_json_parse(rows[i].answer, strlen(rows[i].answer), &dr_json_small, &answer, NULL) <
                0 ||
            !dr_streq(dr_json_str(answer, "answer"), ok_word))
            continue;
        struct dr_stage_try *t =
            try_of(st, dr_arena_printf(st->arena, "host-off %s", rows[i].id + sizeof(prefix) - 1));
        t->attempts = 1;
        t->first_ns = t->last_ns = (int64_t)dr_now_ns(st->run->s->env);
    }
}

bool
dr_stage_at_vms(const struct stage *st, const struct dr_stage_group *g)
{
    for (size_t i = 0; i < st->progress.n_tries; i++) {
        const char *id = strchr(st->progress.tries[i].key, ' ');
        for (size_t k = 0; st->progress.tries[i].in_flight && id && k < g->n_vms; k++)
            if (dr_streq(id + 1, g->vms[k].id))
                return true;
    }
    return false;
}

void
dr_stage_forget(struct stage *st, const char *vm)
{
    static const enum dr_stage_kind asked[] = {DR_STAGE_SHUTDOWN, DR_STAGE_POWER_OFF};
    for (size_t i = 0; i < DR_COUNT(asked); i++) {
        dr_auto(dr_str_freep) struct dr_str key = {0};
        dr_str_printf(&key, "%s %s", dr_name(&dr_stage_kind_names, (int)asked[i]), vm);
        size_t at = dr_index_at(&st->tries, key.s);
        if (at != DR_INDEX_NONE && !st->progress.tries[at].in_flight)
            st->progress.tries[at].first_ns = 0;
    }
}
