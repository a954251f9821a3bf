/*
 * The stage of a run: one for all its groups, because they share an engine, its data centres and
 * their order. The first group that gets here leads: it reads what the engine has, asks the pure
 * expansion what can be done now, sends that, and looks again. Groups that come later join; each is
 * told when all of its own is done or can go no further.
 */
#include "run/internal.h"

#include "run/engine_call.h"

#include "base/str.h"
#include "rhv/inventory.h"

#include <stdio.h>
#include <string.h>

static const uint64_t poll_first_ns = 250 * DR_MS;
static const uint64_t poll_most_ns = 2 * DR_S;
/* Longer than the longest back-off of the expansion: nothing of a stuck group is still to come. */
static const uint64_t stuck_quiet_ns = 6 * DR_S;
/* Attaching may wait 160 s for a lease, several times in a row; half an hour without any change is
 * no waiting any more. */
static const uint64_t no_change_ns = 1800 * DR_S;

struct vm_up {
    const char *id;
    int64_t utc;
};

/* One group on the stage. */
struct joined {
    struct dr_step *step;
    struct dr_stage_group want;
    struct dr_mailbox *told;
    bool over;
    enum dr_step_end end;
    const char *trouble;
    uint64_t stuck_since; /* 0: not stuck */
    struct vm_up *up;
    size_t n_up;
    struct dr_stage_vm_state *vms; /* as last seen, in the stage's arena */
    size_t n_vms;
};

struct stage {
    struct dr_run *run;
    struct dr_rhv *rhv;
    struct dr_mailbox *box; /* answers, and NULL-like wake-ups */
    struct dr_arena *arena;
    struct dr_cancel cancel; /* calls under way are given up */

    bool leading; /* under run->lock, like the list of groups */
    struct joined *groups[64];
    size_t n_groups;

    struct dr_stage_progress progress; /* the leader's */
    size_t in_flight;
    struct dr_inventory base; /* read whole once a lead; later looks read only what moves */
    bool have_base;
    char *last_look; /* to see whether anything changed */
    uint64_t changed_ns;
};

struct call {
    struct stage *st;
    struct dr_stage_action action;
    struct dr_arena *arena;
    struct dr_inv_domain *found;
    size_t n_found;
    int status;
    struct drstor_error *err;
};

/* Posted to wake the leader when a group joins. */
static int wake_up;

void
dr_stage_free(struct stage *st)
{
    if (!st)
        return;
    dr_mailbox_free(st->box);
    dr_arena_free(st->arena);
    free(st->last_look);
    free(st);
}

static struct stage *
stage_of(struct dr_run *run)
{
    pthread_mutex_lock(&run->lock);
    if (!run->stage) {
        struct stage *st = dr_new0(struct stage);
        st->run = run;
        st->box = dr_mailbox_new(run->s->env);
        st->arena = dr_arena_new();
        run->stage = st;
    }
    struct stage *st = run->stage;
    pthread_mutex_unlock(&run->lock);
    return st;
}

/* ---- what was tried -------------------------------------------------------------------------- */

static struct dr_stage_try *
try_of(struct stage *st, const char *key)
{
    for (size_t i = 0; i < st->progress.n_tries; i++)
        if (dr_streq(st->progress.tries[i].key, key))
            return &st->progress.tries[i];
    struct dr_stage_try *t = &dr_arena_push(st->arena, st->progress.tries, st->progress.n_tries);
    *t = (struct dr_stage_try){.key = dr_arena_str(st->arena, key)};
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
keep_call(struct stage *st, const struct dr_stage_action *x, const char *state, const char *answer,
          struct drstor_error **err)
{
    struct dr_step_row row = {.run = st->run->id,
                              .id = row_id(st, x->key),
                              .state = state,
                              .attempt = try_of(st, x->key)->attempts,
                              .intent = NULL,
                              .answer = NULL};
    dr_auto(dr_json_putp) struct json_object *intent = json_object_new_object();
    dr_json_set_str(intent, "group", x->group);
    dr_json_set_str(intent, "call", x->text);
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
    c->status = dr_engine_call(c->st->rhv, &c->st->run->s->model->mapping, &c->action,
                               &c->st->cancel, c->arena, &c->found, &c->n_found, &c->err);
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

/* Every call of one expansion is in the store before the first of them leaves. */
static int
send_all(struct stage *st, const struct dr_stage_result *todo, struct drstor_error **err)
{
    struct dr_store *store = st->run->s->store;
    if (todo->n_actions == 0)
        return DRSTOR_OK;
    int r = dr_store_begin(store, err);
    for (size_t i = 0; r == DRSTOR_OK && i < todo->n_actions; i++) {
        const struct dr_stage_action *x = &todo->actions[i];
        struct dr_stage_try *t = try_of(st, x->key);
        t->attempts++;
        r = keep_call(st, x, "sent", NULL, err);
        if (r < 0)
            dr_store_rollback(store);
    }
    if (r == DRSTOR_OK)
        r = dr_store_commit(store, err);
    if (r < 0)
        return r;
    DR_FP("stage.intent");
    for (size_t i = 0; i < todo->n_actions; i++) {
        const struct dr_stage_action *x = &todo->actions[i];
        try_of(st, x->key)->in_flight = true;
        struct call *c = dr_new0(struct call);
        c->st = st;
        c->arena = dr_arena_new();
        c->action = *x;
        dr_engine_action_copy(c->arena, x, &c->action);
        st->in_flight++;
        dr_run_event(st->run, step_of(st, x->group), "acting", "%s", x->text);
        dr_spawn(st->run->s->env, call_main, c);
    }
    return DRSTOR_OK;
}

/* What an engine answers to a mutating call is only a hint: the next look decides (ovirt 8.5). */
static void
take_answer(struct stage *st, struct call *c, struct dr_inventory *extra)
{
    struct dr_stage_try *t = try_of(st, c->action.key);
    t->in_flight = false;
    t->last_ns = (int64_t)dr_now_ns(st->run->s->env);
    t->trouble = c->status == DRSTOR_OK ? NULL : dr_arena_str(st->arena, dr_error_message(c->err));
    /* Wrong words of ours do not get right by being repeated. */
    t->given_up = c->status == DRSTOR_E_INVALID || c->status == DRSTOR_E_UNSUPPORTED ||
                  c->status == DRSTOR_E_AUTH;
    st->in_flight--;
    if (c->action.kind == DR_STAGE_DISCOVER && c->status == DRSTOR_OK) {
        for (size_t i = 0; i < c->n_found; i++) {
            struct dr_inv_domain *d =
                &dr_arena_push(st->arena, extra->discovered, extra->n_discovered);
            *d = c->found[i];
            d->id = dr_arena_str(st->arena, d->id);
            d->name = dr_arena_str(st->arena, d->name);
            const char **wwids = dr_arena_alloc(st->arena, d->n_wwids + 1, sizeof(*wwids));
            for (size_t k = 0; k < d->n_wwids; k++)
                wwids[k] = dr_arena_str(st->arena, d->wwids[k]);
            d->wwids = wwids;
        }
        extra->discovered_read = true;
    }
    (void)keep_call(st, &c->action, "answered",
                    c->status == DRSTOR_OK ? "ok" : dr_error_message(c->err), NULL);
    if (t->trouble)
        dr_run_event(st->run, step_of(st, c->action.group), "retrying", "%s", t->trouble);
    dr_arena_free(c->arena);
    dr_error_free(c->err);
    free(c);
}

/* ---- groups ---------------------------------------------------------------------------------- */

/* The last thing the leader does with G, which lives on its step's stack. Under run->lock. */
static void
tell(struct joined *g, enum dr_step_end end, const char *trouble)
{
    if (g->over)
        return;
    g->over = true;
    g->end = end;
    g->trouble = trouble;
    dr_mailbox_post(g->told, g);
}

static void
tell_locked(struct stage *st, struct joined *g, enum dr_step_end end, const char *trouble)
{
    pthread_mutex_lock(&st->run->lock);
    tell(g, end, trouble);
    pthread_mutex_unlock(&st->run->lock);
}

static bool
first_up(struct joined *g, const char *id, int64_t utc, struct dr_arena *a)
{
    for (size_t i = 0; i < g->n_up; i++)
        if (dr_streq(g->up[i].id, id))
            return false;
    dr_arena_push(a, g->up, g->n_up) = (struct vm_up){.id = dr_arena_str(a, id), .utc = utc};
    return true;
}

static bool
busy(const struct stage *st, const struct dr_stage_result *r, const char *group)
{
    for (size_t i = 0; i < r->n_actions; i++)
        if (dr_streq(r->actions[i].group, group))
            return true;
    return st->in_flight > 0;
}

static void
judge(struct stage *st, struct joined *g, const struct dr_stage_result *r)
{
    uint64_t now = dr_now_ns(st->run->s->env);
    struct dr_stage_vm_state *vms = dr_arena_alloc(st->arena, r->n_vms + 1, sizeof(*vms));
    size_t n = 0;
    for (size_t i = 0; i < r->n_vms; i++) {
        if (!dr_streq(r->vms[i].group, g->want.group))
            continue;
        if (dr_streq(r->vms[i].state, "up") &&
            first_up(g, r->vms[i].id, dr_now_utc(st->run->s->env), st->arena))
            dr_run_event(st->run, g->step, "up", "VM %s runs",
                         r->vms[i].name ? r->vms[i].name : r->vms[i].id);
        vms[n++] =
            (struct dr_stage_vm_state){.group = g->want.group,
                                       .id = dr_arena_str(st->arena, r->vms[i].id),
                                       .name = dr_arena_str(st->arena, r->vms[i].name),
                                       .state = r->vms[i].state,
                                       .trouble = dr_arena_str(st->arena, r->vms[i].trouble)};
    }
    g->vms = vms;
    g->n_vms = n;
    const char *why = NULL;
    bool done = false, is_stuck = false;
    for (size_t i = 0; i < r->n_done; i++)
        done |= dr_streq(r->done[i], g->want.group);
    for (size_t i = 0; i < r->n_stuck && !is_stuck; i++) {
        is_stuck = dr_streq(r->stuck[i], g->want.group);
        why = r->stuck_why[i];
    }
    if (!is_stuck)
        g->stuck_since = 0;
    else if (!g->stuck_since)
        g->stuck_since = now;
    if (done)
        tell_locked(st, g, DR_STEP_END_DONE, NULL);
    else if (is_stuck && !busy(st, r, g->want.group) && now - g->stuck_since >= stuck_quiet_ns)
        tell_locked(st, g, DR_STEP_END_FAILED, dr_arena_str(st->arena, why));
}

/* Only a change in what these groups see keeps a stage alive: calls to make, states of their VMs.
 */
static bool
changed(struct stage *st, const struct dr_stage_result *r)
{
    struct json_object *o = dr_map_write(&dr_stage_result_type, r);
    const char *text = dr_json_text(o);
    bool same = st->last_look && strcmp(st->last_look, text) == 0;
    if (!same) {
        free(st->last_look);
        st->last_look = dr_strdup(text);
    }
    (void)json_object_put(o);
    return !same;
}

/* ---- leading --------------------------------------------------------------------------------- */

static bool
all_over(struct stage *st)
{
    pthread_mutex_lock(&st->run->lock);
    bool over = true;
    for (size_t i = 0; i < st->n_groups; i++)
        over &= st->groups[i]->over;
    over &= st->in_flight == 0; /* answers still to come are this leader's */
    if (over)
        st->leading = false; /* in the same moment: who joins now leads */
    pthread_mutex_unlock(&st->run->lock);
    return over;
}

static void
end_all(struct stage *st, enum dr_step_end end, const char *trouble)
{
    pthread_mutex_lock(&st->run->lock);
    for (size_t i = 0; i < st->n_groups; i++)
        tell(st->groups[i], end, trouble);
    st->leading = false;
    pthread_mutex_unlock(&st->run->lock);
}

/* One look, one expansion, what it asks for. *RET_CHANGED: something moved. */
static int
round_of(struct stage *st, const struct dr_inventory *extra, bool *ret_changed,
         struct drstor_error **err)
{
    struct dr_run *run = st->run;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_inventory now;
    const struct dr_rhv_how how = {.cancel = &st->cancel};
    const struct dr_rhv_inventory_options options = {.offers = true,
                                                     .light = st->have_base ? &st->base : NULL};
    dr_map_clear(&dr_inventory_type, &now);
    int r = dr_rhv_inventory(st->rhv, &how, &options, a, &now, err);
    if (r < 0)
        return r;
    if (!st->have_base) {
        dr_map_copy(st->arena, &dr_inventory_type, &now, &st->base);
        st->have_base = true;
    }
    now.discovered = extra->discovered;
    now.n_discovered = extra->n_discovered;
    now.discovered_read = extra->discovered_read;
    struct dr_stage_group wants[DR_COUNT(st->groups)];
    struct joined *groups[DR_COUNT(st->groups)];
    size_t n = 0;
    pthread_mutex_lock(&run->lock);
    for (size_t i = 0; i < st->n_groups; i++)
        if (!st->groups[i]->over) {
            groups[n] = st->groups[i];
            wants[n++] = st->groups[i]->want;
        }
    pthread_mutex_unlock(&run->lock);
    struct dr_stage_result todo;
    st->progress.now_ns = (int64_t)dr_now_ns(run->s->env);
    dr_stage_expand(a, run->s->model, &now, wants, n, &st->progress, &todo);
    r = send_all(st, &todo, err);
    if (r < 0)
        return r;
    *ret_changed = changed(st, &todo);
    for (size_t i = 0; i < n; i++)
        judge(st, groups[i], &todo);
    return DRSTOR_OK;
}

static void
drain(struct stage *st, struct dr_inventory *extra, uint64_t until)
{
    for (;;) {
        void *m = dr_mailbox_wait(st->box, until, st->in_flight ? NULL : st->run->s->cancel);
        if (!m)
            return;
        if (m != &wake_up)
            take_answer(st, m, extra);
        until = 0; /* what else is there already */
    }
}

static void
lead(struct stage *st, struct dr_step *s)
{
    struct dr_run *run = s->run;
    struct dr_inventory extra;
    uint64_t pause = poll_first_ns, trouble_since = 0;
    dr_map_clear(&dr_inventory_type, &extra);
    st->have_base = false;
    atomic_store(&st->cancel.set, false); /* of a leader before, whose calls have all ended */
    st->changed_ns = dr_now_ns(run->s->env);
    const char *why = NULL;
    enum dr_step_end end = DR_STEP_END_NONE;

    while (!all_over(st)) {
        dr_auto(dr_error_freep) struct drstor_error *err = NULL;
        bool moved = false;
        if (dr_step_must_stop(s)) {
            end = DR_STEP_END_INTERRUPTED;
            break;
        }
        int r = round_of(st, &extra, &moved, &err);
        uint64_t now = dr_now_ns(run->s->env);
        if (r < 0) {
            bool wait = r == DRSTOR_E_UNREACHABLE || r == DRSTOR_E_BUSY || r == DRSTOR_E_PROTOCOL ||
                        r == DRSTOR_E_NOTFOUND || r == DRSTOR_E_UNKNOWN;
            if (!trouble_since) {
                trouble_since = now;
                dr_run_event(run, s, "waiting", "%s", dr_error_message(err));
            }
            if (!wait || now - trouble_since > 300 * DR_S) {
                why = dr_arena_str(st->arena, dr_error_message(err));
                end = r == DRSTOR_E_CANCELLED ? DR_STEP_END_INTERRUPTED : DR_STEP_END_FAILED;
                break;
            }
        } else {
            trouble_since = 0;
        }
        if (moved) {
            st->changed_ns = now;
            pause = poll_first_ns;
        } else if (now - st->changed_ns > no_change_ns && !st->in_flight) {
            why = "nothing has changed at the engine for half an hour";
            end = DR_STEP_END_FAILED;
            break;
        }
        drain(st, &extra, now + pause);
        if (!moved && pause < poll_most_ns)
            pause += pause / 2;
    }
    if (end != DR_STEP_END_NONE)
        dr_cancel_now(run->s->env, &st->cancel);
    while (st->in_flight)
        drain(st, &extra, UINT64_MAX);
    if (end != DR_STEP_END_NONE)
        end_all(st, end, why);
}

/* ---- one group ------------------------------------------------------------------------------- */

static struct json_object *
result_json(const struct joined *g)
{
    struct json_object *o = json_object_new_object(), *vms = json_object_new_array();
    for (size_t i = 0; i < g->n_vms; i++) {
        struct json_object *vm = json_object_new_object();
        dr_json_set_str(vm, "name", g->vms[i].name);
        dr_json_set_str(vm, "id", g->vms[i].id);
        dr_json_set_str(vm, "state", g->vms[i].state);
        dr_json_set_str(vm, "trouble", g->vms[i].trouble);
        for (size_t k = 0; k < g->n_up; k++)
            if (dr_streq(g->up[k].id, g->vms[i].id))
                dr_json_set_i64(vm, "started_utc", g->up[k].utc);
        (void)json_object_array_add(vms, vm);
    }
    dr_json_set(o, "vms", vms);
    dr_json_set_str(o, "error", g->trouble);
    return o;
}

static int
want(struct dr_step *s, struct dr_stage_group *ret, struct drstor_error **err)
{
    struct dr_run *run = s->run;
    struct dr_copy_view view;
    struct dr_handover h;
    pthread_mutex_lock(&run->lock);
    dr_stage_expect(run->arena, run->s->model, &run->facts, s->group,
                    s->flip->operation == DR_OPERATION_SERVE ? s->target : s->old, ret);
    pthread_mutex_unlock(&run->lock);
    /* Facts read after the fence no longer know what ran; the plan does. */
    for (size_t i = 0; i < ret->n_vms; i++)
        for (size_t k = 0; k < s->plan->n_vms; k++)
            ret->vms[i].start |= dr_streq(ret->vms[i].name, s->plan->vms[k]);
    int r = dr_step_look_patiently(s, s->target, &view, err);
    if (r < 0)
        return r;
    dr_handover_make(s->arena, s->group->name, s->target->site->name, &view,
                     dr_now_utc(run->s->env), &h);
    ret->to = s->target->site->name;
    ret->luns = h.luns;
    ret->n_luns = h.n_luns;
    return DRSTOR_OK;
}

enum dr_step_end
dr_step_stage(struct dr_step *s)
{
    struct dr_run *run = s->run;
    struct stage *st = stage_of(run);
    struct joined me = {.step = s, .told = dr_mailbox_new(run->s->env)};
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    int r = want(s, &me.want, &err);
    struct dr_rhv *rhv = NULL;
    if (r == DRSTOR_OK)
        r = dr_endpoints_engine(run->s->ends, s->target->site, &rhv, &err);
    if (r < 0) {
        dr_mailbox_free(me.told);
        return dr_step_fail(s, dr_step_end_of_status(r), &err);
    }
    pthread_mutex_lock(&run->lock);
    bool room = st->n_groups < DR_COUNT(st->groups), mine = room && !st->leading;
    if (room)
        st->groups[st->n_groups++] = &me;
    if (mine) {
        st->leading = true;
        st->rhv = rhv;
    }
    pthread_mutex_unlock(&run->lock);
    if (!room) {
        dr_mailbox_free(me.told);
        (void)dr_fail(&s->err, DRSTOR_E_INTERNAL, "more than %zu groups in one run",
                      DR_COUNT(st->groups));
        return DR_STEP_END_FAILED;
    }
    if (mine)
        lead(st, s);
    else
        dr_mailbox_post(st->box, &wake_up);
    (void)dr_mailbox_wait(me.told, UINT64_MAX, NULL);

    r = dr_step_keep(s, me.end == DR_STEP_END_DONE ? "read" : "stopped", result_json(&me), &err);
    pthread_mutex_lock(&run->lock);
    for (size_t i = 0; i < st->n_groups; i++)
        if (st->groups[i] == &me)
            st->groups[i] = st->groups[--st->n_groups];
    pthread_mutex_unlock(&run->lock);
    dr_mailbox_free(me.told);
    if (r < 0)
        return dr_step_fail(s, dr_step_end_of_status(r), &err);
    if (me.end == DR_STEP_END_INTERRUPTED)
        return dr_step_stopped(s);
    if (me.end != DR_STEP_END_DONE)
        (void)dr_fail(&s->err, DRSTOR_E_CONFLICT, "%s",
                      me.trouble ? me.trouble : "the stage came to no end");
    return me.end;
}
