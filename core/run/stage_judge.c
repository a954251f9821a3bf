/* What a look means for each group: what of it has arrived, whether it is done, stuck, or turns
 * back. */
#include "run/stage_internal.h"

#include "base/str.h"

/* Longer than the longest back-off of the expansion: nothing of a stuck group is still to come. */
static const uint64_t stuck_quiet_ns = 6 * DR_S;

void
dr_stage_tell(struct joined *g, enum dr_step_end end, const char *trouble)
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
    dr_stage_tell(g, end, trouble);
    pthread_mutex_unlock(&st->run->lock);
}

static bool
first_seen(struct joined *g, const char *id, int64_t utc, struct dr_arena *a)
{
    if (dr_index_at(&g->seen_at, id) != DR_INDEX_NONE)
        return false;
    struct vm_seen *seen = &dr_arena_push(a, g->seen, g->n_seen);
    *seen = (struct vm_seen){.id = dr_arena_str(a, id), .utc = utc};
    return dr_index_put(a, &g->seen_at, seen->id, g->n_seen - 1);
}

/* Did it run where it comes from? What G wants only grows. */
static bool
ran(struct joined *g, const char *id, struct dr_arena *a)
{
    for (size_t i = g->wanted_at.n; i < g->want.n_vms; i++)
        (void)dr_index_put(a, &g->wanted_at, dr_arena_str(a, g->want.vms[i].id), i);
    size_t at = dr_index_at(&g->wanted_at, id);
    return at != DR_INDEX_NONE && g->want.vms[at].start;
}

bool
dr_stage_comes(const struct joined *g)
{
    return g->wish == WISH_COME || g->wish == WISH_BACK;
}

static bool
busy(const struct stage *st, const struct dr_stage_result *r, const char *group)
{
    for (size_t i = 0; i < r->n_actions; i++)
        if (dr_streq(r->actions[i].group, group))
            return true;
    return st->in_flight > 0;
}

/* A VM is where it should be. */
static void
arrived(struct stage *st, struct joined *g, const struct dr_stage_vm_state *vm)
{
    const char *name = vm->name ? vm->name : vm->id;
    bool down = dr_streq(vm->state, "down"), off = dr_streq(vm->state, "powered-off");
    if (down || off)
        dr_stage_forget(st, vm->id);
    bool there = dr_stage_comes(g)
                     ? dr_streq(vm->state, "up")
                     : g->wish == WISH_DOWN && (down || off) && ran(g, vm->id, st->arena);
    if (!there || !first_seen(g, vm->id, dr_now_utc(st->run->s->env), st->arena))
        return;
    dr_run_event(st->run, g->step, dr_stage_comes(g) ? "up" : "down", "VM %s %s", name,
                 dr_stage_comes(g) ? "runs"
                 : off             ? "is down, switched off"
                                   : "is down");
}

/* Nothing of it is moved: what was shut down runs again. */
static void
turn_back(struct stage *st, struct joined *g, const char *why)
{
    g->wish = WISH_BACK;
    g->refused = dr_arena_str(st->arena, why);
    g->want.to = st->site;
    g->stuck_since = 0;
    g->n_seen = 0;
    g->seen_at = (struct dr_index){0};
    st->changed_ns = g->since_ns = dr_now_ns(st->run->s->env);
    dr_run_event(st->run, g->step, "returning", "%s; what was shut down is started again", why);
}

static void
tell_done(struct stage *st, struct joined *g)
{
    if (g->wish == WISH_BACK)
        tell_locked(st, g, DR_STEP_END_REFUSED,
                    dr_arena_printf(st->arena, "%s; what ran at %s runs there again", g->refused,
                                    st->site));
    else
        tell_locked(st, g, DR_STEP_END_DONE, NULL);
}

static void
tell_stuck(struct stage *st, struct joined *g, const char *why)
{
    if (g->wish == WISH_BACK)
        tell_locked(st, g, DR_STEP_END_FAILED,
                    dr_arena_printf(st->arena, "%s; and not all that was shut down runs again: %s",
                                    g->refused, why));
    else
        tell_locked(st, g, g->unclear ? DR_STEP_END_UNKNOWN : DR_STEP_END_FAILED,
                    dr_arena_str(st->arena, why));
}

/* What has not changed is not copied again: looks are many. */
static void
remember(struct stage *st, struct joined *g, const struct dr_stage_vm_state *vm)
{
    size_t at = dr_index_at(&g->vms_at, vm->id);
    if (at == DR_INDEX_NONE) {
        at = g->n_vms;
        dr_arena_push(st->arena, g->vms, g->n_vms) =
            (struct dr_stage_vm_state){.group = g->want.group,
                                       .id = dr_arena_str(st->arena, vm->id),
                                       .name = dr_arena_str(st->arena, vm->name)};
        (void)dr_index_put(st->arena, &g->vms_at, g->vms[at].id, at);
    }
    struct dr_stage_vm_state *mine = &g->vms[at];
    mine->state = vm->state;
    mine->incomplete = vm->incomplete;
    if (!dr_streq(mine->trouble, vm->trouble))
        mine->trouble = dr_arena_str(st->arena, vm->trouble);
}

void
dr_stage_judge(struct stage *st, struct joined *g, const struct dr_stage_result *r)
{
    uint64_t now = dr_now_ns(st->run->s->env);
    for (size_t i = 0; i < r->n_vms; i++) {
        if (!dr_streq(r->vms[i].group, g->want.group))
            continue;
        arrived(st, g, &r->vms[i]);
        remember(st, g, &r->vms[i]);
    }
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
    if (done) {
        tell_done(st, g);
    } else if (is_stuck && g->wish == WISH_DOWN) {
        /* A request on its way would shut down what was just started again. */
        if (!dr_stage_at_vms(st, &g->want))
            turn_back(st, g, why);
    } else if (is_stuck && !busy(st, r, g->want.group) && now - g->stuck_since >= stuck_quiet_ns) {
        tell_stuck(st, g, why);
    }
}
