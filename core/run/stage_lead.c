/*
 * The loop at one engine. The first group that gets here leads: it reads what the engine has, asks
 * the pure expansions what can be done now, sends that, and looks again. Groups that come later
 * join; each is told when all of its own is done or can go no further. Some come and others go, in
 * one loop, because they share data centres.
 */
#include "run/stage_internal.h"

#include "base/str.h"

#include <string.h>

static const uint64_t poll_first_ns = 250 * DR_MS;
static const uint64_t poll_most_ns = 2 * DR_S;
/* Attaching may wait 160 s for a lease, several times in a row; half an hour without any change is
 * no waiting any more. */
static const uint64_t no_change_ns = 1800 * DR_S;

/* Posted to wake the leader when a group joins, and to make a leader of who waits. */
static struct posted wake_up;
static int lead_now;

/* FNV-1a over texts, each with its end. */
static const uint64_t digest_start = UINT64_C(14695981039346656037);

static uint64_t
digest_text(uint64_t h, const char *text)
{
    const unsigned char *c = (const unsigned char *)(text ? text : "");
    for (;; c++) {
        h = (h ^ *c) * UINT64_C(1099511628211);
        if (!*c)
            return h;
    }
}

static uint64_t
digest(uint64_t h, const struct dr_stage_result *r)
{
    for (size_t i = 0; i < r->n_actions; i++)
        h = digest_text(h, r->actions[i].key);
    h = digest_text(h, NULL);
    for (size_t i = 0; i < r->n_vms; i++)
        h = digest_text(digest_text(digest_text(h, r->vms[i].id), r->vms[i].state),
                        r->vms[i].trouble);
    h = digest_text(h, NULL);
    for (size_t i = 0; i < r->n_done; i++)
        h = digest_text(h, r->done[i]);
    h = digest_text(h, NULL);
    for (size_t i = 0; i < r->n_stuck; i++)
        h = digest_text(digest_text(h, r->stuck[i]), r->stuck_why[i]);
    return digest_text(h, NULL);
}

/* Only a change in what these groups see keeps a stage alive: calls to make, states of their VMs.
 */
static bool
changed(struct stage *st, const struct dr_stage_result *comes, const struct dr_stage_result *goes)
{
    uint64_t look = digest(digest_start, comes);
    look = digest(look, goes);
    bool same = look == st->last_look;
    st->last_look = look;
    return !same;
}

/* ---- leading --------------------------------------------------------------------------------- */

static bool
are_over(const struct joined *groups, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!groups[i].over)
            return false;
    return true;
}

/* Only who leads says that a group is over. */
static bool
through(struct stage *st, const struct joined *mine, size_t n)
{
    pthread_mutex_lock(&st->run->lock);
    bool over = are_over(mine, n);
    pthread_mutex_unlock(&st->run->lock);
    return over;
}

/*
 * Whose own groups are through goes on with its run: who else is here leads then, and answers still
 * to come are the next leader's. From here on nothing of the stage is touched.
 */
static void
step_down(struct stage *st)
{
    pthread_mutex_lock(&st->run->lock);
    struct joined *heir = NULL;
    for (size_t i = 0; i < st->n_groups; i++)
        heir = st->groups[i]->over ? heir : st->groups[i];
    if (heir)
        dr_mailbox_post(heir->told, &lead_now);
    else
        st->leading = false; /* in the same moment: who joins now leads */
    pthread_mutex_unlock(&st->run->lock);
}

static void
end_all(struct stage *st, enum dr_step_end end, const char *trouble)
{
    pthread_mutex_lock(&st->run->lock);
    for (size_t i = 0; i < st->n_groups; i++)
        dr_stage_tell(st->groups[i], end, trouble);
    st->leading = false;
    pthread_mutex_unlock(&st->run->lock);
}

/* What one round is about: those that are not over, some coming and some going. */
struct round {
    struct joined *groups[DR_COUNT(((struct stage *)0)->groups)];
    size_t n;
    struct dr_stage_group comes[DR_COUNT(((struct stage *)0)->groups)];
    struct dr_leave_group goes[DR_COUNT(((struct stage *)0)->groups)];
    size_t n_comes, n_goes;
};

/*
 * VMs are shut down in one order, whatever group they are of: nothing goes before everybody is here
 * who is about to come.
 */
static bool
gathered(const struct stage *st)
{
    for (size_t i = 0; i < st->run->plan.n_steps; i++)
        if (st->run->steps[i].awaited)
            return false;
    return true;
}

/* Who goes is looked at before every decision about it; who comes is decided on what was seen. */
static void
gather(struct stage *st, bool fresh, struct round *ret)
{
    pthread_mutex_lock(&st->run->lock);
    bool all = fresh && gathered(st);
    *ret = (struct round){0};
    for (size_t i = 0; i < st->n_groups; i++) {
        struct joined *g = st->groups[i];
        if (!g->over && g->since_ns <= st->seen_ns && (all || dr_stage_comes(g)))
            ret->groups[ret->n++] = g;
    }
    pthread_mutex_unlock(&st->run->lock);
}

/* Somebody comes: what domains offer matters. Of a drill, what VMs are made of does. */
static bool
any_comes(struct stage *st, bool *ret_drill)
{
    bool any = false;
    *ret_drill = false;
    pthread_mutex_lock(&st->run->lock);
    for (size_t i = 0; i < st->n_groups; i++)
        if (!st->groups[i]->over && dr_stage_comes(st->groups[i])) {
            any = true;
            *ret_drill |= st->groups[i]->want.drill.prefix != NULL;
        }
    pthread_mutex_unlock(&st->run->lock);
    return any;
}

/* VMs that run and are not in the list of their group are put there before they are asked. */
static int
note_guests(struct stage *st, struct round *r, const struct dr_inventory *now,
            struct drstor_error **err)
{
    for (size_t i = 0; i < r->n; i++) {
        struct joined *g = r->groups[i];
        if (dr_stage_comes(g) || g->wish == WISH_REMOVED ||
            !dr_guests_note(st->arena, st->run->s->model, now, &g->want))
            continue;
        int e = dr_guests_put(g->step, &g->want, false, err);
        if (e < 0)
            return e;
    }
    return DRSTOR_OK;
}

static enum dr_leave_until
until(const struct joined *g)
{
    return g->wish == WISH_DOWN      ? DR_LEAVE_DOWN
           : g->wish == WISH_REMOVED ? DR_LEAVE_REMOVED
                                     : DR_LEAVE_DETACHED;
}

static void
sort_out(struct round *r)
{
    for (size_t i = 0; i < r->n; i++) {
        struct joined *g = r->groups[i];
        if (dr_stage_comes(g))
            r->comes[r->n_comes++] = g->want;
        else
            r->goes[r->n_goes++] = (struct dr_leave_group){.what = g->want,
                                                           .until = until(g),
                                                           .hurry = g->step->run->plan.goal.hurry,
                                                           .restart = g->step->plan->hosts,
                                                           .n_restart = g->step->plan->n_hosts};
    }
}

/* A VM that came later is read with its disks in the next look. */
static bool
all_known(const struct stage *st, const struct dr_inventory *now)
{
    for (size_t i = 0; i < now->n_vms; i++)
        if (dr_index_at(&st->base_vms, now->vms[i].id) == DR_INDEX_NONE)
            return false;
    return true;
}

/* Is a group of the run still to come here that is not here yet? */
static bool
more_to_come(struct stage *st)
{
    bool more = false;
    pthread_mutex_lock(&st->run->lock);
    for (size_t i = 0; i < st->run->plan.n_steps && !more; i++) {
        const struct dr_step *s = &st->run->steps[i];
        more = s->plan->kind == DR_STEP_STAGE && s->coming && dr_streq(s->plan->site, st->site);
    }
    pthread_mutex_unlock(&st->run->lock);
    return more;
}

/* What can be done for those who come. Before one of them is told its end, events are read. */
static int
expand_comers(struct stage *st, struct dr_arena *a, const struct round *r,
              const struct dr_inventory *now, struct dr_stage_result *ret,
              struct drstor_error **err)
{
    st->progress.more = more_to_come(st);
    dr_stage_expand(a, st->run->s->model, now, r->comes, r->n_comes, &st->progress, ret);
    if (!st->told_due || !(ret->n_done || ret->n_stuck))
        return DRSTOR_OK;
    int e = dr_told_read(st, err);
    if (e == DRSTOR_OK)
        dr_stage_expand(a, st->run->s->model, now, r->comes, r->n_comes, &st->progress, ret);
    return e;
}

/* What those who come ask for, once it is stored what they found. */
static int
send_comers(struct stage *st, struct dr_arena *a, const struct round *r,
            const struct dr_inventory *now, struct dr_stage_result *come, struct drstor_error **err)
{
    int e = expand_comers(st, a, r, now, come, err);
    for (size_t i = 0; e == DRSTOR_OK && come->n_found && i < r->n; i++)
        if (dr_stage_comes(r->groups[i]))
            e = dr_guests_found(r->groups[i]->step, st->arena, come, &r->groups[i]->want, err);
    for (size_t i = 0; e == DRSTOR_OK && i < r->n; i++)
        if (dr_stage_comes(r->groups[i]))
            e = dr_room_note(st, r->groups[i], come, err);
    return e == DRSTOR_OK ? dr_stage_send(st, come, err) : e;
}

/*
 * One expansion each for those who come and who go, and what they ask for. FRESH: of a look that
 * has just come back; else of the last one, after answers.
 */
static int
round_of(struct stage *st, bool fresh, bool *ret_moved, bool *ret_patient,
         struct drstor_error **err)
{
    struct dr_run *run = st->run;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct round *r = dr_arena_new0(a, struct round);
    struct dr_inventory now = st->seen;
    struct dr_stage_result come = {0}, go = {0};
    st->news = false;
    gather(st, fresh, r);
    now.discovered = st->found;
    now.n_discovered = st->n_found;
    now.discovered_read = st->found_read;
    int e = note_guests(st, r, &now, err);
    if (e < 0)
        return e;
    sort_out(r);
    if (r->n_goes && !all_known(st, &now))
        st->have_base = false;
    st->progress.now_ns = (int64_t)dr_now_ns(run->s->env);
    st->progress.look_ns = (int64_t)st->seen_ns;
    e = send_comers(st, a, r, &now, &come, err);
    if (e == DRSTOR_OK && fresh) {
        dr_leave_expand(a, run->s->model, &now, r->goes, r->n_goes, &st->progress, &go);
        e = dr_stage_send(st, &go, err);
    }
    if (e < 0)
        return e;
    *ret_moved = fresh ? changed(st, &come, &go) : come.n_actions > 0;
    *ret_patient = go.patient;
    for (size_t i = 0; i < r->n; i++)
        dr_stage_judge(st, r->groups[i], dr_stage_comes(r->groups[i]) ? &come : &go);
    return DRSTOR_OK;
}

static void
take(struct stage *st, struct posted *m)
{
    switch (m->kind) {
    case POSTED_WAKE:
        st->answered = st->domains_moved = true;
        return;
    case POSTED_CALL:
        dr_stage_answer(st, m);
        return;
    case POSTED_LOOK:
        st->landed = m;
        return;
    }
}

static void
listen(struct stage *st, uint64_t until)
{
    bool busy = st->in_flight || st->looking;
    for (;;) {
        void *m = dr_mailbox_wait(st->box, until, busy ? NULL : st->run->s->cancel);
        if (!m)
            return;
        take(st, m);
        until = 0; /* what else is there already */
    }
}

/* What a look saw, if one has come back. */
static int
land(struct stage *st, bool *ret_fresh, struct drstor_error **err)
{
    void *look = st->landed;
    st->landed = NULL;
    int r = look ? dr_look_end(st, look, err) : DRSTOR_OK;
    *ret_fresh = look && r == DRSTOR_OK;
    return r;
}

/* What was answered is in the store. */
static void
flush(struct stage *st)
{
    static const struct dr_stage_result nothing;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    (void)dr_stage_send(st, &nothing, &err);
}

void
dr_stage_quiet(struct stage *st)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    bool fresh;
    dr_cancel_now(st->run->s->env, &st->cancel);
    while (st->in_flight || (st->looking && !st->landed))
        listen(st, UINT64_MAX);
    atomic_store(&st->cancel.set, false);
    (void)land(st, &fresh, &err);
    flush(st);
}

/* Who leads sees everything for himself. */
static void
begin_anew(struct stage *st)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    bool fresh;
    while (st->looking && !st->landed)
        listen(st, UINT64_MAX);
    (void)land(st, &fresh, &err);
    dr_look_forget(st);
    st->changed_ns = dr_now_ns(st->run->s->env);
}

/* Until something is there to be decided. */
static void
wait_for_more(struct stage *st, uint64_t pause)
{
    uint64_t now = dr_now_ns(st->run->s->env);
    uint64_t due = dr_look_due(st, st->in_flight < DR_STAGE_AT_ONCE, pause);
    if (!st->looking && due <= now) {
        bool drill, any = any_comes(st, &drill);
        dr_look_begin(st, any, drill, !st->in_flight && !st->answered);
    }
    listen(st, st->looking ? now + poll_most_ns : due);
}

static void
lead(struct stage *st, struct joined *mine, size_t n)
{
    struct dr_step *s = mine[0].step;
    struct dr_run *run = s->run;
    uint64_t pause = poll_first_ns, trouble_since = 0;
    const char *why = NULL;
    enum dr_step_end end = DR_STEP_END_NONE;
    dr_auto(dr_error_freep) struct drstor_error *not_read = NULL;
    dr_stage_recall(st);
    if (dr_told_begin(st, &not_read) < 0) {
        why = dr_arena_str(st->arena, dr_error_message(not_read));
        end = DR_STEP_END_FAILED;
    }

    if (end == DR_STEP_END_NONE)
        begin_anew(st);
    while (end == DR_STEP_END_NONE && !through(st, mine, n)) {
        dr_auto(dr_error_freep) struct drstor_error *err = NULL;
        bool moved = false, patient = false, fresh = false;
        if (dr_step_must_stop(s)) {
            end = DR_STEP_END_INTERRUPTED;
            break;
        }
        int r = land(st, &fresh, &err);
        if (r == DRSTOR_OK && (fresh || (st->have_seen && st->news && !trouble_since)))
            r = round_of(st, fresh, &moved, &patient, &err);
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
        } else if (fresh) {
            trouble_since = 0;
        }
        if (moved || patient)
            st->changed_ns = now;
        if (moved) {
            pause = poll_first_ns;
        } else if (now - st->changed_ns > no_change_ns && !st->in_flight) {
            why = "nothing has changed at the engine for half an hour";
            end = DR_STEP_END_FAILED;
            break;
        } else if ((fresh || r < 0) && pause < poll_most_ns) {
            pause += pause / 2;
        }
        wait_for_more(st, pause);
    }
    flush(st);
    if (end == DR_STEP_END_NONE) {
        step_down(st);
        return;
    }
    dr_stage_quiet(st);
    end_all(st, end, why);
}

/* Under run->lock; whoever told one of them has let go of it then. */
static void
take_leave(struct stage *st, const struct joined *groups, size_t n)
{
    size_t left = 0;
    for (size_t i = 0; i < st->n_groups; i++)
        if (st->groups[i] < groups || st->groups[i] >= groups + n)
            st->groups[left++] = st->groups[i];
    st->n_groups = left;
}

int
dr_stage_join(struct stage *st, struct dr_rhv *rhv, struct joined *groups, size_t n,
              struct drstor_error **err)
{
    struct dr_run *run = st->run;
    struct dr_mailbox *told = dr_mailbox_new(run->s->env);
    pthread_mutex_lock(&run->lock);
    bool room = st->n_groups + n <= DR_COUNT(st->groups), mine = room && !st->leading;
    for (size_t i = 0; i < n; i++) {
        groups[i].step->awaited = groups[i].step->coming = false;
        groups[i].told = told;
        groups[i].since_ns = dr_now_ns(run->s->env);
        if (room)
            st->groups[st->n_groups++] = &groups[i];
    }
    if (mine) {
        st->leading = true;
        st->rhv = rhv;
    }
    pthread_mutex_unlock(&run->lock);
    if (mine)
        lead(st, groups, n);
    else if (room)
        dr_mailbox_post(st->box, &wake_up);
    for (size_t over = 0; room && over < n; over++)
        while (dr_mailbox_wait(told, UINT64_MAX, NULL) == &lead_now)
            lead(st, groups, n);
    pthread_mutex_lock(&run->lock);
    take_leave(st, groups, n);
    pthread_mutex_unlock(&run->lock);
    dr_mailbox_free(told);
    return room ? DRSTOR_OK
                : dr_fail(err, DRSTOR_E_INTERNAL, "more than %zu groups in one run",
                          DR_COUNT(st->groups));
}

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
        if (g->vms[i].incomplete)
            dr_json_set_bool(vm, "incomplete", true);
        size_t at = dr_index_at(&g->seen_at, g->vms[i].id);
        if (at != DR_INDEX_NONE)
            dr_json_set_i64(vm, dr_stage_comes(g) ? "started_utc" : "stopped_utc", g->seen[at].utc);
        (void)json_object_array_add(vms, vm);
    }
    dr_json_set(o, "vms", vms);
    dr_json_set_str(o, "error", g->trouble);
    return o;
}

enum dr_step_end
dr_stage_ended(struct joined *g)
{
    struct dr_step *s = g->step;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    int r = dr_step_keep(s, g->end == DR_STEP_END_DONE ? "read" : "stopped", result_json(g), &err);
    if (r < 0)
        return dr_step_fail(s, dr_step_end_of_status(r), &err);
    if (g->end == DR_STEP_END_INTERRUPTED)
        return dr_step_stopped(s);
    if (g->end == DR_STEP_END_REFUSED) {
        (void)dr_refuse(&s->err, "R019", "%s", g->trouble);
    } else if (g->end != DR_STEP_END_DONE) {
        (void)dr_fail(&s->err, DRSTOR_E_CONFLICT, "%s",
                      g->trouble ? g->trouble : "the stage came to no end");
    }
    return g->end;
}
