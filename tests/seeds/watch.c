#include "seeds/watch.h"

#include "base/json.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

struct watch {
    struct house *h;
    const struct shape *s;
    struct check *check;
    struct {
        char op[64];
    } sent[16]; /* of the commit under way */
    size_t n_sent;
    bool audited, unplanned;
    char run[64]; /* written by this commit; "": none */
    uint64_t bound_ns;
    uint32_t flips;
    char open_runs[32][24];
    uint32_t n_open_runs;
    void (*muted)(void *user);
    void *user;
    uint32_t primary[SHAPE_GROUPS_MOST];
};

static void
tell(struct watch *w, struct history_entry e)
{
    e.time_ns = dr_now_ns(house_env(w->h));
    check_tell(w->check, &e);
}

static void
on_world(const struct sim_trace_entry *e, void *user)
{
    struct watch *w = user;
    const struct history_entry entry = {.kind = HISTORY_WORLD, .time_ns = e->time_ns, .world = e};
    check_tell(w->check, &entry);
    if (e->kind == SIM_TRACE_SENT && e->muted && w->muted)
        w->muted(w->user);
}

static uint32_t
group_number(const struct watch *w, const char *name)
{
    for (uint32_t g = 0; g < w->s->n_groups; g++)
        if (dr_streq(shape_group(g), name))
            return g;
    return UINT32_MAX;
}

static uint32_t
site_number(const char *name)
{
    return dr_streq(name, shape_site(0)) ? 0 : dr_streq(name, shape_site(1)) ? 1 : UINT32_MAX;
}

static enum history_phase
phase_of(const char *name)
{
    /* A drill stands beside everything else. */
    return dr_streq(name, "steady") || dr_streq(name, "testing") ? HISTORY_PHASE_STEADY
           : dr_streq(name, "fencing")                           ? HISTORY_PHASE_FENCING
           : dr_streq(name, "promoting")                         ? HISTORY_PHASE_PROMOTING
                                                                 : HISTORY_PHASE_OTHER;
}

static int64_t
number(struct json_object *o, const char *key)
{
    struct json_object *v = dr_json_get(o, key);
    return v ? json_object_get_int64(v) : 0;
}

static void
on_record(struct watch *w, const char *group, const char *value)
{
    dr_auto(dr_json_putp) struct json_object *row = json_tokener_parse(value);
    struct json_object *o = dr_json_get(row, "record") ? dr_json_get(row, "record") : row;
    uint32_t g = group_number(w, group);
    uint32_t primary = site_number(dr_json_str(o, "primary"));
    if (g == UINT32_MAX)
        return;
    tell(w, (struct history_entry){
                .kind = HISTORY_RECORD,
                .group = g,
                .epoch = number(o, "epoch"),
                .primary = primary,
                .phase = phase_of(dr_json_str(o, "phase")),
                .evidence = (uint32_t)dr_json_length(dr_json_get(o, "evidence")),
                .consented = dr_json_str(dr_json_get(o, "consent"), "by") != NULL,
                .token = (uint64_t)number(o, "token"),
            });
    w->flips += w->primary[g] != primary;
    w->primary[g] = primary;
}

static void
on_owner(struct watch *w, const char *group, const char *value)
{
    dr_auto(dr_json_putp) struct json_object *o = json_tokener_parse(value);
    bool released = false;
    (void)dr_json_bool(o, "released", &released);
    if (group_number(w, group) != UINT32_MAX)
        tell(w, (struct history_entry){.kind = HISTORY_LOCK,
                                       .group = group_number(w, group),
                                       .token = (uint64_t)number(o, "token"),
                                       .released = released});
}

/* The value of a text member, without reading the rest: there are many steps. */
static bool
member_text(const char *json, const char *key, char *to, size_t size)
{
    const char *at = strstr(json, key);
    size_t n = at ? strcspn(at + strlen(key), "\"") : 0;
    if (!at || n >= size)
        return false;
    memcpy(to, at + strlen(key), n);
    to[n] = '\0';
    return true;
}

static void
on_step(struct watch *w, const char *value)
{
    if (w->n_sent == DR_COUNT(w->sent) || !strstr(value, "\"state\":\"sent\"") ||
        !member_text(value, "\"op\":\"", w->sent[w->n_sent].op, sizeof(w->sent[0].op)))
        return;
    w->n_sent++;
}

static uint64_t
bound_of(struct json_object *consent)
{
    bool unknown = false;
    (void)dr_json_bool(consent, "bound_unknown", &unknown);
    if (unknown)
        return HISTORY_ANY;
    struct json_object *s = dr_json_get(consent, "bound_s");
    int64_t v = s ? json_object_get_int64(s) : -1;
    return v > 0 ? (uint64_t)v * DR_S : 0;
}

static void
on_run_doc(struct watch *w, const char *run, const char *sub, const char *value)
{
    if (!dr_streq(sub, "consent"))
        return;
    dr_auto(dr_json_putp) struct json_object *o = json_tokener_parse(value);
    (void)snprintf(w->run, sizeof(w->run), "%s", run);
    w->bound_ns = bound_of(o);
}

static void
on_open(struct watch *w, const char *run, bool open)
{
    uint32_t at = 0;
    while (at < w->n_open_runs && !dr_streq(w->open_runs[at], run))
        at++;
    if (open && at == w->n_open_runs && at < DR_COUNT(w->open_runs))
        (void)snprintf(w->open_runs[w->n_open_runs++], sizeof(w->open_runs[0]), "%s", run);
    if (!open && at < w->n_open_runs && at != --w->n_open_runs)
        memcpy(w->open_runs[at], w->open_runs[w->n_open_runs], sizeof(w->open_runs[0]));
}

static void
on_commit(struct watch *w)
{
    for (size_t i = 0; i < w->n_sent; i++)
        tell(w, (struct history_entry){
                    .kind = HISTORY_INTENT, .text = w->sent[i].op, .audited = w->audited});
    if (w->run[0])
        tell(w, (struct history_entry){.kind = HISTORY_CONSENT,
                                       .text = w->run,
                                       .planned = !w->unplanned,
                                       .bound_ns = w->bound_ns});
    tell(w, (struct history_entry){.kind = HISTORY_RUNS, .token = w->n_open_runs});
    w->n_sent = 0;
    w->run[0] = '\0';
    w->audited = w->unplanned = false;
}

static void
on_store(void *user, const char *table, const char *id, const char *sub, const char *value)
{
    struct watch *w = user;
    if (!table)
        on_commit(w);
    else if (dr_streq(table, "run_open"))
        on_open(w, sub, value != NULL);
    else if (!value)
        return;
    else if (dr_streq(table, "record"))
        on_record(w, id, value);
    else if (dr_streq(table, "owner"))
        on_owner(w, id, value);
    else if (dr_streq(table, "step"))
        on_step(w, value);
    else if (dr_streq(table, "audit"))
        w->audited |= strstr(value, "\"outcome\":\"intent\"") != NULL;
    else if (dr_streq(table, "run_doc") && dr_streq(sub, "goal"))
        w->unplanned = strstr(value, "\"unplanned\":true") != NULL;
    else if (dr_streq(table, "run_doc"))
        on_run_doc(w, id, sub, value);
}

/* What is there already, as the judge wants to hear it: a lock, what was written under it, and its
 * end. */
static void
tell_adopted(struct watch *w, uint32_t g)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_owner owner;
    struct dr_record rec;
    struct history_entry lock = {.kind = HISTORY_LOCK, .group = g};
    if (dr_store_owner(house_store(w->h), a, shape_group(g), &owner, NULL) < 0 ||
        dr_store_load(house_store(w->h), a, shape_group(g), &rec, NULL, NULL) < 0)
        abort();
    w->primary[g] = site_number(rec.primary);
    lock.token = (uint64_t)owner.token;
    tell(w, lock);
    tell(w, (struct history_entry){.kind = HISTORY_RECORD,
                                   .group = g,
                                   .epoch = rec.epoch,
                                   .primary = w->primary[g],
                                   .phase = HISTORY_PHASE_STEADY,
                                   .token = (uint64_t)rec.token});
    lock.released = owner.released;
    tell(w, lock);
}

struct watch *
watch_new(struct house *h, const struct shape *s, bool adopted)
{
    struct watch *w = dr_new0(struct watch);
    w->h = h;
    w->s = s;
    w->check = check_new(s->n_groups, s->standing_ns);
    if (sim_enter(house_world(h)) < 0 || sim_world_trace(house_world(h), on_world, w) < 0 ||
        sim_leave(house_world(h)) < 0)
        abort();
    for (uint32_t g = 0; adopted && g < s->n_groups; g++)
        tell_adopted(w, g);
    dr_store_world_watch(house_store_world(h), on_store, w);
    return w;
}

void
watch_free(struct watch *w)
{
    if (!w)
        return;
    check_free(w->check);
    free(w);
}

struct check *
watch_check(struct watch *w)
{
    return w->check;
}

void
watch_muted(struct watch *w, void (*fn)(void *user), void *user)
{
    w->muted = fn;
    w->user = user;
}

void
watch_told_done(struct watch *w, uint32_t group, uint32_t site)
{
    tell(w, (struct history_entry){.kind = HISTORY_DONE, .group = group, .primary = site});
}

void
watch_damage(struct watch *w, uint32_t group, bool damaged)
{
    dr_store_world_damage(house_store_world(w->h), shape_group(group), damaged);
    tell(w, (struct history_entry){.kind = HISTORY_DAMAGE, .group = group, .released = !damaged});
}

void
watch_wrong(struct watch *w)
{
    tell(w, (struct history_entry){.kind = HISTORY_WRONG});
}

uint32_t
watch_flips(const struct watch *w)
{
    return w->flips;
}

void
watch_document(struct watch *w, const char *json)
{
    if (!json || !strstr(json, "\"refusals\""))
        return;
    dr_auto(dr_json_putp) struct json_object *o = json_tokener_parse(json);
    struct json_object *list = dr_json_get(o, "refusals");
    for (size_t i = 0; i < dr_json_length(list); i++) {
        static const char *const needs[] = {"id", "text", "evidence", "remedy"};
        struct json_object *r = json_object_array_get_idx(list, i);
        for (size_t k = 0; k < DR_COUNT(needs); k++) {
            const char *v = dr_json_str(r, needs[k]);
            char text[128];
            if (v && *v)
                continue;
            (void)snprintf(text, sizeof(text), "a refusal %s has no %s",
                           dr_json_str(r, "id") ? dr_json_str(r, "id") : "?", needs[k]);
            tell(w, (struct history_entry){.kind = HISTORY_REFUSAL, .text = text});
        }
    }
}
