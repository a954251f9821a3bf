/*
 * The fence on return (safety 3.2): the arrays of a site that comes back are looked at until
 * somebody says that it is enough, and what the records do not allow to be written there is closed
 * by runs of the ordinary kind. Nothing is ever released here: what a guard cannot tell stays held.
 */
#include "library/guard_internal.h"

#include "base/str.h"

#include <string.h>

/*
 * One call to each array and second. An array takes minutes to boot, and hosts tens of seconds to
 * log in again; below a second the time that the array itself needs to close a copy is the larger
 * part of the window, and its management would be asked for nothing.
 */
static const int64_t interval_default_ms = 1000;
/* An inventory is many calls, and VMs on a closed copy write nothing. */
static const uint64_t engine_ns = 10 * DR_S;

/* ---- tasks ----------------------------------------------------------------------------------- */

struct guard_task *
guard_task_new(struct guard *g, enum guard_kind kind)
{
    struct guard_task *t = dr_new0(struct guard_task);
    t->kind = kind;
    t->g = g;
    t->arena = dr_arena_new();
    t->begun_ns = dr_now_ns(g->s.d->env);
    g->running++;
    return t;
}

bool
guard_over(struct guard *g)
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
        struct guard_task *t = guard_task_new(g, GUARD_LOOK);
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
            dr_spawn(g->s.d->env, guard_engine, guard_task_new(g, GUARD_ENGINE));
        } else if (g->engine_next_ns < next) {
            next = g->engine_next_ns;
        }
    }
    return next;
}

/* ---- the loop -------------------------------------------------------------------------------- */

static void
attend(struct guard *g)
{
    for (;;) {
        bool stop = guard_over(g);
        uint64_t next = stop ? UINT64_MAX : begin_due(g);
        if (!g->running && (stop || g->once))
            return;
        struct guard_task *t = dr_mailbox_wait(g->box, next, stop ? NULL : &g->s.d->cancel);
        if (!t)
            continue;
        g->running--;
        switch (t->kind) {
        case GUARD_LOOK:
            guard_looked(g, t);
            break;
        case GUARD_ACT:
            guard_acted(g, t);
            break;
        case GUARD_ENGINE:
            guard_engine_said(g, t);
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
        guard_window(g, p, now);
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
    struct dr_facts facts;
    if (dr_store_facts_load(g->s.store, a, &facts, NULL) < 0)
        dr_map_clear(&dr_facts_type, &facts);
    g->places = dr_alloc0(m->n_groups + 1, sizeof(*g->places));
    g->watches = dr_alloc0(m->n_arrays + 1, sizeof(*g->watches));
    for (size_t i = 0; i < m->n_groups; i++) {
        const struct dr_copy *copy = dr_group_copy(&m->groups[i], g->site->name);
        bool watched = false;
        if (!copy)
            continue;
        g->places[g->n_places++] = (struct guard_place){
            .group = &m->groups[i], .copy = copy, .safe_ns = dr_now_ns(g->s.d->env)};
        struct guard_place *p = &g->places[g->n_places - 1];
        const struct dr_copy_facts *known = dr_facts_copy(&facts, m->groups[i].name, g->site->name);
        const char *run = NULL;
        p->unfinished = guard_open_run(g, a, p, &run, NULL) == DRSTOR_OK && run;
        p->arena = dr_arena_new();
        if (known)
            dr_map_copy(p->arena, &dr_copy_facts_type, known, &p->seen);
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
        guard_keep(&p->storage.found, NULL);
        guard_keep(&p->storage.did, NULL);
        guard_keep(&p->vms.found, NULL);
        guard_keep(&p->vms.did, NULL);
    }
    free(g->places);
    free(g->watches);
    dr_arena_free(g->engine_arena);
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
