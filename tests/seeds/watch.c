#include "seeds/watch.h"

#include "base/json.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

enum { STORES = 2, PEOPLE = 64 };

/* One of the stores that are listened to. */
struct book {
    struct watch *w;
    uint32_t number;
    struct dr_store_world *store;
    struct office *office; /* NULL: the house's own */
    const char *name;      /* of its controller */
    char open_runs[32][24];
    uint32_t n_open_runs;
};

struct watch {
    struct house *h;
    const struct shape *s;
    struct check *check;
    struct book books[STORES];
    uint32_t n_books;
    const struct controller *people[PEOPLE];
    uint32_t n_people;
    struct {
        char op[64];
    } sent[16]; /* of the commit under way */
    size_t n_sent;
    bool audited;
    struct history_entry begun; /* a run that this commit writes */
    char run[64];               /* its id; "": none */
    char taking[64];            /* the intent of a takeover */
    uint32_t flips;
    void (*muted)(void *user);
    void *user;
    uint32_t primary[SHAPE_GROUPS_MOST];
};

void
watch_tell(struct watch *w, struct history_entry e)
{
    e.time_ns = dr_now_ns(house_env(w->h));
    check_tell(w->check, &e);
}

static const struct book *
book_of(const struct watch *w, const struct controller *c)
{
    for (uint32_t i = 0; c && i < w->n_books; i++)
        if (w->books[i].office == controller_office(c))
            return &w->books[i];
    return &w->books[0];
}

uint32_t
watch_store(const struct watch *w, const struct controller *c)
{
    return book_of(w, c)->number;
}

uint32_t
watch_person(struct watch *w, const struct controller *c)
{
    uint32_t i = 0;
    while (i < w->n_people && w->people[i] != c)
        i++;
    if (i == PEOPLE)
        abort();
    w->n_people += i == w->n_people;
    w->people[i] = c;
    return i;
}

static void
on_world(const struct sim_trace_entry *e, void *user)
{
    struct watch *w = user;
    struct history_entry entry = {.kind = HISTORY_WORLD, .time_ns = e->time_ns, .world = e};
    if (e->kind == SIM_TRACE_CLONE && w->s->engines)
        return; /* a drill with VMs shows it to the hosts that are to run them */
    if (e->kind == SIM_TRACE_SENT && w->n_books > 1)
        entry.store = book_of(w, house_running(w->h))->number;
    check_tell(w->check, &entry);
    if (e->kind == SIM_TRACE_SENT && e->muted && w->muted)
        w->muted(w->user);
}

uint32_t
watch_group(const struct watch *w, const char *name)
{
    for (uint32_t g = 0; g < w->s->n_groups; g++)
        if (dr_streq(shape_group(g), name))
            return g;
    return UINT32_MAX;
}

uint32_t
watch_site(const char *name)
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

/* With more than one store, what no controller writes came from the other one. */
static bool
copied(const struct watch *w)
{
    return w->n_books > 1 && !house_running(w->h);
}

static void
on_record(const struct book *b, const char *group, const char *value)
{
    struct watch *w = b->w;
    uint32_t g = watch_group(w, group);
    if (g == UINT32_MAX)
        return;
    if (!value) {
        watch_tell(w, (struct history_entry){
                          .kind = HISTORY_RECORD, .group = g, .store = b->number, .gone = true});
        return;
    }
    dr_auto(dr_json_putp) struct json_object *row = json_tokener_parse(value);
    struct json_object *o = dr_json_get(row, "record") ? dr_json_get(row, "record") : row;
    uint32_t primary = watch_site(dr_json_str(o, "primary"));
    watch_tell(w, (struct history_entry){
                      .kind = HISTORY_RECORD,
                      .group = g,
                      .store = b->number,
                      .copied = copied(w),
                      .text = dr_json_str(dr_json_get(o, "op"), "id"),
                      .epoch = number(o, "epoch"),
                      .primary = primary,
                      .phase = phase_of(dr_json_str(o, "phase")),
                      .evidence = (uint32_t)dr_json_length(dr_json_get(o, "evidence")),
                      .consented = dr_json_str(dr_json_get(o, "consent"), "by") != NULL,
                      .token = (uint64_t)number(o, "token"),
                  });
    if (copied(w))
        return;
    w->flips += w->primary[g] != primary;
    w->primary[g] = primary;
}

static void
on_owner(const struct book *b, const char *group, const char *value)
{
    struct watch *w = b->w;
    dr_auto(dr_json_putp) struct json_object *o = json_tokener_parse(value);
    bool released = false;
    (void)dr_json_bool(o, "released", &released);
    if (watch_group(w, group) != UINT32_MAX)
        watch_tell(w, (struct history_entry){.kind = HISTORY_LOCK,
                                             .group = watch_group(w, group),
                                             .store = b->number,
                                             .copied = copied(w),
                                             .token = (uint64_t)number(o, "token"),
                                             .released = released});
}

/* There are many steps. */
bool
watch_text(const char *json, const char *key, char *to, size_t size)
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
        !watch_text(value, "\"op\":\"", w->sent[w->n_sent].op, sizeof(w->sent[0].op)))
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

/* What the run is about. */
static void
on_goal(struct watch *w, struct json_object *o)
{
    const char *verb = dr_json_str(o, "verb");
    bool unplanned = false;
    (void)dr_json_bool(o, "unplanned", &unplanned);
    w->begun.planned = !unplanned;
    w->begun.move = !unplanned && (dr_streq(verb, "promote") || dr_streq(verb, "failback"));
    w->begun.drill = verb && strncmp(verb, "drill", 5) == 0;
}

/* A run that begins, and the groups that it is to change. */
static void
on_run(struct watch *w, const char *value)
{
    if (!strstr(value, "\"state\":\"planned\""))
        return;
    dr_auto(dr_json_putp) struct json_object *o = json_tokener_parse(value);
    struct json_object *groups = dr_json_get(o, "groups");
    for (size_t i = 0; i < dr_json_length(groups); i++) {
        uint32_t g = watch_group(w, json_object_get_string(json_object_array_get_idx(groups, i)));
        w->begun.groups |= g < SHAPE_GROUPS_MOST ? UINT32_C(1) << g : 0;
    }
}

static void
on_run_doc(struct watch *w, const char *run, const char *sub, const char *value)
{
    if (!dr_streq(sub, "consent") && !dr_streq(sub, "goal"))
        return;
    dr_auto(dr_json_putp) struct json_object *o = json_tokener_parse(value);
    if (dr_streq(sub, "goal")) {
        on_goal(w, o);
        return;
    }
    (void)snprintf(w->run, sizeof(w->run), "%s", run);
    w->begun.bound_ns = bound_of(o);
}

static void
on_open(struct book *b, const char *run, bool open)
{
    uint32_t at = 0;
    while (at < b->n_open_runs && !dr_streq(b->open_runs[at], run))
        at++;
    if (open && at == b->n_open_runs && at < DR_COUNT(b->open_runs))
        (void)snprintf(b->open_runs[b->n_open_runs++], sizeof(b->open_runs[0]), "%s", run);
    if (!open && at < b->n_open_runs && at != --b->n_open_runs)
        memcpy(b->open_runs[at], b->open_runs[b->n_open_runs], sizeof(b->open_runs[0]));
}

/* Who is the active controller: once it is one, its word counts. */
static void
on_controller(const struct book *b, const char *value)
{
    dr_auto(dr_json_putp) struct json_object *o = json_tokener_parse(value);
    bool begun = false;
    (void)dr_json_bool(o, "begun", &begun);
    if (!begun && dr_streq(dr_json_str(o, "active"), b->name))
        watch_tell(b->w, (struct history_entry){.kind = HISTORY_TAKEN, .store = b->number});
}

static void
on_audit(struct watch *w, const char *value)
{
    bool intent = strstr(value, "\"outcome\":\"intent\"") != NULL;
    w->audited |= intent;
    if (!intent || !strstr(value, "\"what\":\"takeover\""))
        return;
    dr_auto(dr_json_putp) struct json_object *o = json_tokener_parse(value);
    (void)snprintf(w->taking, sizeof(w->taking), "takeover/%lld", (long long)number(o, "token"));
}

static void
on_commit(const struct book *b)
{
    struct watch *w = b->w;
    struct history_entry begun = w->begun;
    for (size_t i = 0; i < w->n_sent && !copied(w); i++)
        watch_tell(w, (struct history_entry){
                          .kind = HISTORY_INTENT, .text = w->sent[i].op, .audited = w->audited});
    if (w->taking[0])
        watch_tell(
            w, (struct history_entry){.kind = HISTORY_INTENT, .text = w->taking, .audited = true});
    begun.kind = HISTORY_CONSENT;
    begun.text = w->run;
    begun.store = b->number;
    if (w->run[0] && !copied(w)) {
        begun.actor = watch_person(w, house_running(w->h));
        watch_tell(w, begun);
    }
    watch_tell(w, (struct history_entry){
                      .kind = HISTORY_RUNS, .store = b->number, .token = b->n_open_runs});
    w->n_sent = 0;
    w->run[0] = w->taking[0] = '\0';
    w->begun = (struct history_entry){0};
    w->audited = false;
}

static void
on_store(void *user, const char *table, const char *id, const char *sub, const char *value)
{
    struct book *b = user;
    struct watch *w = b->w;
    if (!table)
        on_commit(b);
    else if (dr_streq(table, "run_open"))
        on_open(b, sub, value != NULL);
    else if (dr_streq(table, "record"))
        on_record(b, id, value);
    else if (!value)
        return;
    else if (dr_streq(table, "owner"))
        on_owner(b, id, value);
    else if (dr_streq(table, "step"))
        on_step(w, value);
    else if (dr_streq(table, "audit"))
        on_audit(w, value);
    else if (dr_streq(table, "counter") && dr_streq(id, "controller") && !copied(w))
        on_controller(b, value);
    else if (dr_streq(table, "run"))
        on_run(w, value);
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
    w->primary[g] = watch_site(rec.primary);
    lock.token = (uint64_t)owner.token;
    watch_tell(w, lock);
    watch_tell(w, (struct history_entry){.kind = HISTORY_RECORD,
                                         .group = g,
                                         .epoch = rec.epoch,
                                         .primary = w->primary[g],
                                         .phase = HISTORY_PHASE_STEADY,
                                         .token = (uint64_t)rec.token});
    lock.released = owner.released;
    watch_tell(w, lock);
}

void
watch_shown(struct watch *w, const struct controller *c, const char *plan_json)
{
    dr_auto(dr_json_putp) struct json_object *o = json_tokener_parse(plan_json);
    struct json_object *flips = dr_json_get(o, "flips");
    for (size_t i = 0; i < dr_json_length(flips); i++) {
        struct json_object *f = json_object_array_get_idx(flips, i);
        const char *primary = dr_json_str(f, "primary");
        uint32_t g = watch_group(w, dr_json_str(f, "name"));
        if (g < SHAPE_GROUPS_MOST && primary)
            watch_tell(w, (struct history_entry){.kind = HISTORY_SHOWN,
                                                 .actor = watch_person(w, c),
                                                 .group = g,
                                                 .epoch = number(f, "epoch"),
                                                 .primary = watch_site(primary)});
    }
}

static void
on_asked(struct controller *c, const char *plan_json, void *user)
{
    watch_shown(user, c, plan_json);
}

static void
add_book(struct watch *w, struct office *office, const char *name, struct dr_store_world *store)
{
    struct book *b = &w->books[w->n_books];
    *b = (struct book){
        .w = w, .number = w->n_books++, .office = office, .name = name, .store = store};
    dr_store_world_watch(store, on_store, b);
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
    add_book(w, NULL, NULL, house_store_world(h));
    house_asked(h, on_asked, w);
    return w;
}

void
watch_offices(struct watch *w, struct office *active, const char *name, struct office *standby,
              const char *standby_name)
{
    dr_store_world_watch(w->books[0].store, NULL, NULL);
    w->n_books = 0;
    add_book(w, active, name, office_store_world(active));
    add_book(w, standby, standby_name, office_store_world(standby));
}

void
watch_free(struct watch *w)
{
    if (!w)
        return;
    for (uint32_t i = 0; i < w->n_books; i++)
        dr_store_world_watch(w->books[i].store, NULL, NULL);
    if (sim_enter(house_world(w->h)) < 0 || sim_world_trace(house_world(w->h), NULL, NULL) < 0 ||
        sim_leave(house_world(w->h)) < 0)
        abort();
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
watch_damage(struct watch *w, uint32_t group, bool damaged)
{
    dr_store_world_damage(w->books[0].store, shape_group(group), damaged);
    watch_tell(
        w, (struct history_entry){.kind = HISTORY_DAMAGE, .group = group, .released = !damaged});
}

void
watch_wrong(struct watch *w)
{
    watch_tell(w, (struct history_entry){.kind = HISTORY_WRONG});
}

void
watch_left(struct watch *w, uint32_t group)
{
    watch_tell(w, (struct history_entry){.kind = HISTORY_LEFT, .group = group});
}

bool
watch_is_open(const struct watch *w, const struct controller *c, const char *run)
{
    const struct book *b = book_of(w, c);
    for (uint32_t i = 0; i < b->n_open_runs; i++)
        if (dr_streq(b->open_runs[i], run))
            return true;
    return false;
}

uint32_t
watch_flips(const struct watch *w)
{
    return w->flips;
}
