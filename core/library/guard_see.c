/* What a guard makes of what its tasks found: what is told, what is closed, how long it was open.
 */
#include "library/guard_internal.h"

#include "base/str.h"
#include "base/timetext.h"
#include "plan/loss.h"

#include <stdarg.h>
#include <stdio.h>

static const uint64_t pause_most_ms = 60000; /* between tries at what cannot be closed */

/* ---- telling --------------------------------------------------------------------------------- */

static void event(struct guard *g, const char *group, const char *state, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void
event(struct guard *g, const char *group, const char *state, const char *format, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, format);
    int n = vasprintf(&text, format, ap);
    va_end(ap);
    if (n < 0)
        return;
    g->seq++;
    if (g->cb.event) {
        dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
        dr_auto(dr_json_putp) struct json_object *o = json_object_new_object();
        dr_json_set_i64(o, "seq", g->seq);
        dr_json_set_str(o, "time", dr_utc_text(a, dr_now_utc(g->s.d->env)));
        dr_json_set_str(o, "step", group);
        dr_json_set_str(o, "state", state);
        dr_json_set_str(o, "text", text);
        g->cb.event(dr_json_text(o), g->cb.user);
    }
    free(text);
}

void
guard_keep(char **to, const char *text)
{
    char *copy = text ? dr_strdup(text) : NULL;
    free(*to);
    *to = copy;
}

/* Told when it is another thing than the last time. */
static void
tell(struct guard *g, struct guard_place *p, struct guard_entry *e, const char *found,
     const char *did, const char *state)
{
    bool same = dr_streq(e->found, found) && dr_streq(e->did, did);
    guard_keep(&e->found, found);
    guard_keep(&e->did, did);
    e->times++;
    if (!same)
        event(g, p->group->name, state, "%s: %s", found, did);
}

/* ---- what the engine says -------------------------------------------------------------------- */

static void
vms_of(struct guard *g, struct guard_place *p)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_plan_record record;
    guard_record(g, a, p->group->name, &record);
    enum dr_held held = dr_held_judge(p->group, g->site->name, &record, NULL);
    if (held == DR_HELD_FINE || !record.present)
        return;
    const char *vms = dr_held_vms(a, p->group, p->seen.group ? &p->seen : NULL, g->inventory);
    if (!vms) {
        if (p->vms.found)
            event(g, p->group->name, "answers", "no VM of it runs at %s any more", g->site->name);
        guard_keep(&p->vms.found, NULL);
        return;
    }
    tell(g, p, &p->vms,
         dr_arena_printf(a, "running at %s, says its engine: %s; its primary is %s", g->site->name,
                         vms, record.record.primary),
         dr_arena_printf(a, "nothing: power them off there, they run on what was left behind; then "
                            "put its storage domains into maintenance"),
         "alarm");
}

void
guard_engine_said(struct guard *g, struct guard_task *t)
{
    g->engine_asking = false;
    if (t->status < 0) {
        if (!g->engine_told && t->status != DRSTOR_E_CANCELLED)
            event(g, NULL, "silent", "the engine of %s: %s", g->site->name, t->text);
        g->engine_told = true;
        return;
    }
    g->engine_told = false;
    dr_arena_free(g->engine_arena);
    g->engine_arena = t->arena;
    struct dr_inventory *kept = dr_arena_alloc(t->arena, 1, sizeof(*kept));
    *kept = t->inventory;
    g->inventory = kept;
    t->arena = NULL;
    for (size_t i = 0; i < g->n_places; i++)
        vms_of(g, &g->places[i]);
}

/* ---- what a look says ------------------------------------------------------------------------ */

void
guard_window(struct guard *g, const struct guard_place *p, uint64_t ns)
{
    if (p->open && ns > p->safe_ns && ns - p->safe_ns > g->window_ns)
        g->window_ns = ns - p->safe_ns;
}

/* Nothing could be written there from NS on, or nothing can be known of it. */
static void
safe(struct guard *g, struct guard_place *p, uint64_t ns, uint64_t until_ns)
{
    guard_window(g, p, until_ns);
    p->open = false;
    p->safe_ns = ns > p->safe_ns ? ns : p->safe_ns;
}

/* Nothing left this machine, or nothing came back: that is silence. Anything else is an answer. */
static bool
is_silence(int status)
{
    return status == DRSTOR_E_UNREACHABLE || status == DRSTOR_E_UNKNOWN ||
           status == DRSTOR_E_TIMEOUT;
}

static void
look_failed(struct guard *g, struct guard_watch *w, const struct guard_task *t)
{
    bool silent = is_silence(t->status);
    if (t->status == DRSTOR_E_CANCELLED)
        return;
    w->patient = t->status == DRSTOR_E_UNKNOWN && !w->patient;
    for (size_t i = 0; i < g->n_places; i++) {
        struct guard_place *p = &g->places[i];
        if (p->copy->array != w->array || p->acting)
            continue;
        p->held = DR_HELD_UNKNOWN;
        if (silent)
            safe(g, p, t->begun_ns, t->begun_ns);
    }
    if (!w->told || !w->silent)
        event(g, NULL, silent ? "silent" : "alarm", "array %s: %s", w->array->name, t->text);
    w->silent = w->told = true;
}

static void
close_place(struct guard *g, struct guard_place *p)
{
    struct guard_task *t = guard_task_new(g, GUARD_ACT);
    t->place = p;
    dr_map_copy(t->arena, &dr_copy_facts_type, &p->seen, &t->before);
    p->acting = true;
    dr_spawn(g->s.d->env, guard_act, t);
}

static bool
can_withdraw(struct guard *g, const struct guard_place *p)
{
    const struct dr_plan_input in = {.arrays = g->arrays, .n_arrays = g->n_arrays};
    return dr_plan_array_can(&in, p->copy->array->name, "withdraw");
}

static void
look_place(struct guard *g, struct guard_place *p, const struct dr_copy_facts *seen,
           const struct guard_task *t)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_plan_record record;
    dr_arena_free(p->arena);
    p->arena = dr_arena_new();
    dr_map_copy(p->arena, &dr_copy_facts_type, seen, &p->seen);
    /* After the copy: what was read of it is at least as old as what is allowed now. */
    guard_record(g, a, p->group->name, &record);
    p->held = dr_held_judge(p->group, g->site->name, &record, &seen->view);
    if (p->held == DR_HELD_SHOWN && !can_withdraw(g, p))
        p->held = DR_HELD_FINE;
    /* Which VMs are on it, its own volumes tell. */
    if (!p->looked && g->inventory)
        vms_of(g, p);
    p->looked = true;
    if (p->held == DR_HELD_FINE || p->held == DR_HELD_SHOWN)
        safe(g, p, t->begun_ns, t->ended_ns);
    else
        p->open = true;
    bool fine = p->held == DR_HELD_FINE;
    if (fine && !p->unfinished)
        p->pause_ms = p->retry_ns = 0;
    /* What was closed and is open again does not wait for what else could not be done. */
    bool later = p->retry_ns > t->ended_ns && !(p->held == DR_HELD_OPEN && p->exit == 0);
    if ((fine && !p->unfinished) || later || guard_over(g))
        return;
    if (!fine && !p->storage.found)
        event(g, p->group->name, "found", "%s", dr_held_found(a, &record, &seen->view));
    close_place(g, p);
}

/* The array answers, and does not know it: what became of it, nobody can tell. */
static void
look_missed(struct guard *g, struct guard_place *p)
{
    p->held = DR_HELD_UNKNOWN;
    tell(g, p, &p->storage, "not known to its array under the name that is configured",
         "nothing: see at the array what became of it", "alarm");
}

void
guard_looked(struct guard *g, const struct guard_task *t)
{
    struct guard_watch *w = t->watch;
    w->asking = false;
    if (t->status < 0) {
        look_failed(g, w, t);
        return;
    }
    w->patient = false;
    if (w->silent)
        event(g, NULL, "answers", "array %s answers", w->array->name);
    w->silent = false;
    w->told = true;
    for (size_t i = 0; i < g->n_places; i++) {
        struct guard_place *p = &g->places[i];
        const struct dr_copy_facts *seen = NULL;
        if (p->copy->array != w->array || p->acting)
            continue;
        for (size_t k = 0; k < t->n_copies; k++)
            if (dr_streq(t->copies[k].group, p->group->name))
                seen = &t->copies[k];
        if (seen)
            look_place(g, p, seen, t);
        else
            look_missed(g, p);
    }
}

/* ---- what a closing came to ------------------------------------------------------------------ */

static int
exit_of(const struct guard_task *t, const struct dr_plan_record *record)
{
    if (t->status < 0)
        return record->damaged || !record->present                           ? 5
               : t->status == DRSTOR_E_UNKNOWN                               ? 5
               : t->status == DRSTOR_E_REFUSED || t->status == DRSTOR_E_BUSY ? 3
                                                                             : 4;
    return t->result.exit == 3 || t->result.exit == 5 ? t->result.exit : t->result.exit ? 4 : 0;
}

static void
try_later(struct guard *g, struct guard_place *p, uint64_t now)
{
    p->pause_ms = p->pause_ms ? p->pause_ms * 2 : g->interval_ns / DR_MS;
    p->pause_ms = p->pause_ms < pause_most_ms ? p->pause_ms : pause_most_ms;
    p->retry_ns = now + p->pause_ms * DR_MS;
}

static const char *
why_not(struct dr_arena *a, const struct guard_task *t, const char **ret_state)
{
    const char *text = t->status < 0 ? t->text : t->result.text,
               *hint = t->status < 0 ? t->hint : t->result.hint;
    *ret_state = t->status == DRSTOR_E_BUSY ? "locked" : "alarm";
    return dr_arena_printf(a, "%s: %s%s%s", t->status < 0 ? "nothing" : "could not be closed",
                           text ? text : "it gave no reason", hint ? "; " : "", hint ? hint : "");
}

void
guard_acted(struct guard *g, struct guard_task *t)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct guard_place *p = t->place;
    struct dr_plan_record record;
    const char *state = "done";
    p->acting = false;
    guard_record(g, a, p->group->name, &record);
    p->exit = exit_of(t, &record);
    const char *found = dr_held_found(a, &record, &t->before.view);
    p->unfinished = t->result.run ? dr_run_state_open(t->result.state) : p->unfinished;
    if (p->held == DR_HELD_FINE) {
        /* It had been closed before, and only its run was left. */
    } else if (p->exit == 0) { /* read back as closed by its own step */
        safe(g, p, t->begun_ns, t->begun_ns);
        p->held = DR_HELD_FINE;
        if (t->after && dr_view_not_writable(t->after) && dr_view_exposed(t->after))
            try_later(g, p, t->ended_ns); /* hosts that it could not be taken from */
        tell(g, p, &p->storage, found, dr_held_did(a, &t->before.view, t->after), state);
    } else if (!(t->status == DRSTOR_E_CANCELLED || dr_cancelled(&g->s.d->cancel))) {
        const char *did = why_not(a, t, &state);
        tell(g, p, &p->storage, found, did, state);
        /* Others are at work, or just were: nothing was begun, and the next look may. */
        if (t->status != DRSTOR_E_BUSY && t->status != DRSTOR_E_CONFLICT)
            try_later(g, p, t->ended_ns);
    }
    (void)json_object_put(dr_session_journal(&g->s));
}
