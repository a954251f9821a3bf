/*
 * The fence on return (safety 3.2): the arrays of a site that comes back are looked at until
 * somebody says that it is enough, and what the records do not allow to be written there is closed
 * by runs of the ordinary kind. Nothing is ever released here: what a guard cannot tell stays held.
 */
#include "library/guard_internal.h"

#include "base/str.h"
#include "base/timetext.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/*
 * One call to each array and second. An array takes minutes to boot, and hosts tens of seconds to
 * log in again; below a second the time that the array itself needs to close a copy is the larger
 * part of the window, and its management would be asked for nothing.
 */
static const int64_t interval_default_ms = 1000;
/* An inventory is many calls, and VMs on a closed copy write nothing. */
static const uint64_t engine_ns = 10 * DR_S;
static const uint64_t pause_most_ms = 60000;

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

static void
keep(char **to, const char *text)
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
    keep(&e->found, found);
    keep(&e->did, did);
    e->times++;
    if (!same)
        event(g, p->group->name, state, "%s: %s", found, did);
}

/* ---- tasks ----------------------------------------------------------------------------------- */

static struct guard_task *
task_new(struct guard *g, enum guard_kind kind)
{
    struct guard_task *t = dr_new0(struct guard_task);
    t->kind = kind;
    t->g = g;
    t->arena = dr_arena_new();
    t->begun_ns = dr_now_ns(g->s.d->env);
    g->running++;
    return t;
}

static void
close_place(struct guard *g, struct guard_place *p)
{
    struct guard_task *t = task_new(g, GUARD_ACT);
    t->place = p;
    dr_map_copy(t->arena, &dr_copy_facts_type, &p->seen, &t->before);
    p->acting = true;
    dr_spawn(g->s.d->env, guard_act, t);
}

static bool
over(struct guard *g)
{
    return dr_cancelled(&g->s.d->cancel) || dr_now_ns(g->s.d->env) >= g->s.deadline_ns;
}

/* Begins what is due; when the next is. */
static uint64_t
begin_due(struct guard *g)
{
    uint64_t now = dr_now_ns(g->s.d->env), next = g->s.deadline_ns;
    for (size_t i = 0; i < g->n_watches; i++) {
        struct guard_watch *w = &g->watches[i];
        if (w->asking || (g->once && w->looks))
            continue;
        if (w->next_ns > now) {
            next = w->next_ns < next ? w->next_ns : next;
            continue;
        }
        struct guard_task *t = task_new(g, GUARD_LOOK);
        t->watch = w;
        t->patient = w->patient;
        w->asking = true;
        w->looks++;
        w->next_ns = now + g->interval_ns;
        dr_spawn(g->s.d->env, guard_look, t);
    }
    if (g->engine && !g->engine_asking && !(g->once && g->engine_next_ns)) {
        if (g->engine_next_ns <= now) {
            g->engine_asking = true;
            g->engine_next_ns = now + engine_ns;
            dr_spawn(g->s.d->env, guard_engine, task_new(g, GUARD_ENGINE));
        } else if (g->engine_next_ns < next) {
            next = g->engine_next_ns;
        }
    }
    return next;
}

/* ---- what a look says ------------------------------------------------------------------------ */

/* P may have been written from its last safe moment until NS. */
static void
window(struct guard *g, const struct guard_place *p, uint64_t ns)
{
    if (p->open && ns > p->safe_ns && ns - p->safe_ns > g->window_ns)
        g->window_ns = ns - p->safe_ns;
}

/* Nothing could be written there from NS on, or nothing can be known of it. */
static void
safe(struct guard *g, struct guard_place *p, uint64_t ns, uint64_t until_ns)
{
    window(g, p, until_ns);
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
    if (p->held == DR_HELD_FINE || p->held == DR_HELD_SHOWN)
        safe(g, p, t->begun_ns, t->ended_ns);
    else
        p->open = true;
    bool fine = p->held == DR_HELD_FINE;
    if (fine && !p->unfinished)
        p->pause_ms = p->retry_ns = 0;
    if ((fine && !p->unfinished) || p->retry_ns > t->ended_ns || over(g))
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

static void
looked(struct guard *g, const struct guard_task *t)
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

static const char *
why_not(struct dr_arena *a, const struct guard_task *t, const char **ret_state)
{
    const char *text = t->status < 0 ? t->text : t->result.text,
               *hint = t->status < 0 ? t->hint : t->result.hint;
    *ret_state = t->status == DRSTOR_E_BUSY ? "locked" : "alarm";
    return dr_arena_printf(a, "%s: %s%s%s", t->status < 0 ? "nothing" : "could not be closed",
                           text ? text : "it gave no reason", hint ? "; " : "", hint ? hint : "");
}

static void
acted(struct guard *g, struct guard_task *t)
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
        p->pause_ms = p->retry_ns = 0;
        tell(g, p, &p->storage, found, dr_held_did(a, &t->before.view, t->after), state);
    } else if (!(t->status == DRSTOR_E_CANCELLED || dr_cancelled(&g->s.d->cancel))) {
        const char *did = why_not(a, t, &state);
        tell(g, p, &p->storage, found, did, state);
        p->pause_ms = p->pause_ms ? p->pause_ms * 2 : g->interval_ns / DR_MS;
        p->pause_ms = p->pause_ms < pause_most_ms ? p->pause_ms : pause_most_ms;
        p->retry_ns = t->ended_ns + p->pause_ms * DR_MS;
    }
    (void)json_object_put(dr_session_journal(&g->s));
}

/* ---- what the engine says -------------------------------------------------------------------- */

static void
vms_of(struct guard *g, struct guard_place *p, const struct dr_inventory *v)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_plan_record record;
    guard_record(g, a, p->group->name, &record);
    const struct dr_copy_view *view = p->seen.group ? &p->seen.view : NULL;
    enum dr_held held = dr_held_judge(p->group, g->site->name, &record, NULL);
    if (held == DR_HELD_FINE || !record.present)
        return;
    const char *vms = dr_held_vms(a, p->group, view ? &p->seen : NULL, v);
    if (!vms) {
        if (p->vms.found)
            event(g, p->group->name, "answers", "no VM of it runs at %s any more", g->site->name);
        keep(&p->vms.found, NULL);
        return;
    }
    tell(g, p, &p->vms,
         dr_arena_printf(a, "running at %s, says its engine: %s; its primary is %s", g->site->name,
                         vms, record.record.primary),
         dr_arena_printf(a, "nothing: power them off there, they run on what was left behind; then "
                            "put its storage domains into maintenance"),
         "alarm");
}

static void
engine_said(struct guard *g, const struct guard_task *t)
{
    g->engine_asking = false;
    if (t->status < 0) {
        if (!g->engine_told && t->status != DRSTOR_E_CANCELLED)
            event(g, NULL, "silent", "the engine of %s: %s", g->site->name, t->text);
        g->engine_told = true;
        return;
    }
    g->engine_told = false;
    for (size_t i = 0; i < g->n_places; i++)
        vms_of(g, &g->places[i], &t->inventory);
}

/* ---- the loop -------------------------------------------------------------------------------- */

static void
attend(struct guard *g)
{
    for (;;) {
        bool stop = over(g);
        uint64_t next = stop ? UINT64_MAX : begin_due(g);
        if (!g->running && (stop || g->once))
            return;
        struct guard_task *t = dr_mailbox_wait(g->box, next, stop ? NULL : &g->s.d->cancel);
        if (!t)
            continue;
        g->running--;
        switch (t->kind) {
        case GUARD_LOOK:
            looked(g, t);
            break;
        case GUARD_ACT:
            acted(g, t);
            break;
        case GUARD_ENGINE:
            engine_said(g, t);
            break;
        }
        dr_arena_free(t->arena);
        free(t);
    }
}

/* ---- the document ---------------------------------------------------------------------------- */

static int
exit_now(struct guard *g, const struct guard_place *p)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_plan_record record;
    guard_record(g, a, p->group->name, &record);
    if (dr_held_judge(p->group, g->site->name, &record, NULL) == DR_HELD_FINE)
        return 0;
    switch (p->held) {
    case DR_HELD_UNKNOWN:
        return 5;
    case DR_HELD_OPEN:
        return p->exit ? p->exit : 5; /* it was interrupted in the middle */
    case DR_HELD_FINE:
    case DR_HELD_SHOWN:
        break;
    }
    return 0;
}

static void
add_entry(struct json_object *list, const char *group, const struct guard_entry *e)
{
    if (!e->found)
        return;
    struct json_object *o = json_object_new_object();
    dr_json_set_str(o, "group", group);
    dr_json_set_str(o, "found", e->found);
    dr_json_set_str(o, "did", e->did);
    dr_json_set_i64(o, "times", e->times);
    (void)json_object_array_add(list, o);
}

static struct json_object *
document(struct guard *g)
{
    struct json_object *o = dr_report_new(), *list = json_object_new_array();
    uint64_t now = dr_now_ns(g->s.d->env);
    int64_t polls = 0;
    int exit = 0;
    for (size_t i = 0; i < g->n_watches; i++)
        polls = g->watches[i].looks > polls ? g->watches[i].looks : polls;
    for (size_t i = 0; i < g->n_places; i++) {
        const struct guard_place *p = &g->places[i];
        window(g, p, now);
        exit = dr_exit_worse(exit, exit_now(g, p));
        add_entry(list, p->group->name, &p->storage);
        add_entry(list, p->group->name, &p->vms);
    }
    dr_json_set_str(o, "site", g->site->name);
    dr_json_set_i64(o, "polls", polls);
    dr_json_set(o, "acted", list);
    dr_json_set_i64(o, "window_polls", polls);
    dr_json_set_i64(o, "window_ms", (int64_t)((g->window_ns + DR_MS - 1) / DR_MS));
    if (exit == 5)
        dr_json_set_str(o, "text",
                        "not every copy there could be read: what cannot be seen stays held, and "
                        "may be writable");
    dr_json_set_i64(o, "exit", exit);
    return o;
}

/* ---- the call -------------------------------------------------------------------------------- */

static int
options_read(struct drstor *d, const struct drstor_guard_options *given,
             struct drstor_guard_options *o, const struct dr_site **ret_site,
             struct drstor_error **err)
{
    *o = (struct drstor_guard_options)DRSTOR_GUARD_OPTIONS_INIT;
    if (given)
        memcpy(o, given, given->size < sizeof(*o) ? given->size : sizeof(*o));
    if (!o->site || o->interval_ms < 0 || o->interval_ms > 3600000)
        return dr_fail(err, DRSTOR_E_INVALID,
                       o->site ? "an interval is between a millisecond and an hour"
                               : "whom to hold back: a guard needs a site");
    *ret_site = dr_model_site(d->model, o->site);
    return *ret_site ? dr_act_allowed(d, err)
                     : dr_fail(err, DRSTOR_E_INVALID, "there is no site \"%s\"", o->site);
}

/* Whose VMs are whose, only an engine of that site alone can say. */
static bool
own_engine(const struct dr_model *m, const struct dr_site *site)
{
    for (size_t i = 0; i < m->n_sites; i++)
        if (&m->sites[i] != site && m->sites[i].engine == site->engine)
            return false;
    return site->engine != NULL;
}

static void
places_find(struct guard *g)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    const struct dr_model *m = g->s.d->model;
    g->places = dr_alloc0(m->n_groups + 1, sizeof(*g->places));
    g->watches = dr_alloc0(m->n_arrays + 1, sizeof(*g->watches));
    for (size_t i = 0; i < m->n_groups; i++) {
        const struct dr_copy *copy = dr_group_copy(&m->groups[i], g->site->name);
        bool watched = false;
        if (!copy)
            continue;
        g->places[g->n_places++] = (struct guard_place){
            .group = &m->groups[i], .copy = copy, .safe_ns = dr_now_ns(g->s.d->env)};
        const char *run = NULL;
        g->places[g->n_places - 1].unfinished =
            guard_open_run(g, a, &g->places[g->n_places - 1], &run, NULL) == DRSTOR_OK && run;
        for (size_t k = 0; k < g->n_watches; k++)
            watched |= g->watches[k].array == copy->array;
        if (!watched)
            g->watches[g->n_watches++].array = copy->array;
    }
}

static void
guard_clear(struct guard *g)
{
    for (size_t i = 0; i < g->n_places; i++) {
        struct guard_place *p = &g->places[i];
        dr_arena_free(p->arena);
        keep(&p->storage.found, NULL);
        keep(&p->storage.did, NULL);
        keep(&p->vms.found, NULL);
        keep(&p->vms.did, NULL);
    }
    free(g->places);
    free(g->watches);
    dr_mailbox_free(g->box);
}

int
drstor_guard(struct drstor *d, const struct drstor_guard_options *options,
             const struct drstor_callbacks *callbacks, char **ret_json, struct drstor_error **err)
{
    struct drstor_guard_options o;
    struct guard g = {.cb = DRSTOR_CALLBACKS_INIT};
    struct dr_plan_array *arrays = NULL;
    int r = options_read(d, options, &o, &g.site, err);
    if (r == DRSTOR_OK)
        r = dr_session_open(d, DR_STORE_WRITE, &g.s, err);
    if (r < 0)
        return r;
    if (callbacks)
        memcpy(&g.cb, callbacks, callbacks->size < sizeof(g.cb) ? callbacks->size : sizeof(g.cb));
    g.once = o.once != 0;
    g.interval_ns = (uint64_t)(o.interval_ms ? o.interval_ms : interval_default_ms) * DR_MS;
    g.engine = own_engine(d->model, g.site);
    r = dr_session_arrays(&g.s, &arrays, &g.n_arrays, err);
    if (r == DRSTOR_OK) {
        g.arrays = arrays;
        g.box = dr_mailbox_new(d->env);
        places_find(&g);
        attend(&g);
        *ret_json = dr_session_document(&g.s, document(&g));
        guard_clear(&g);
    }
    dr_session_close(&g.s);
    return r;
}
