/* The last facts: one observation after another folded into what is known. */
#include "store/ops.h"

/* `probed` is when the last probe that counts began (failed) or was answered. */
struct endpoint {
    struct dr_endpoint_facts facts;
    struct dr_stamp probed;
};

static const struct dr_field endpoint_fields[] = {
    {"facts", DR_FIELD_STRUCT, offsetof(struct endpoint, facts), 0, NULL, &dr_endpoint_facts_type},
    DR_STRUCT(struct endpoint, probed, dr_stamp_type)};
static DR_TYPE(endpoint_type, struct endpoint, "endpoint", endpoint_fields);

static const struct dr_stamp never = {.utc = -1, .boot_ns = -1};

/* Moments of different boots have no order we could know; the later one to be stored counts. */
static bool
is_before(const struct dr_stamp *x, const struct dr_stamp *y)
{
    return x->boot_ns >= 0 && y->boot_ns >= 0 && dr_streq(x->boot, y->boot) &&
           x->boot_ns < y->boot_ns;
}

static bool
of_this_boot(const struct dr_stamp *x, const struct dr_stamp *now)
{
    return x->boot_ns >= 0 && dr_streq(x->boot, now->boot);
}

/*
 * Silence is what a person may rest a declaration on (E6), so it must never seem longer than it
 * was: an answer that comes in late, from another process, still ends the silence before it.
 */
static void
fold_answer(struct endpoint *e, const struct dr_endpoint_facts *seen)
{
    const struct dr_stamp at = seen->last_answer;
    if (!is_before(&at, &e->facts.last_answer))
        e->facts.last_answer = at;
    if (is_before(&at, &e->probed)) {
        /* A probe that began later has failed: silent since that one, as far as we know. */
        if (e->facts.silent_since.boot_ns >= 0 && !is_before(&at, &e->facts.silent_since))
            e->facts.silent_since = e->probed;
        return;
    }
    const struct dr_stamp last = e->facts.last_answer;
    e->facts = *seen;
    e->facts.last_answer = last;
    e->facts.silent_since = never;
    e->facts.error = e->facts.error_word = NULL;
    e->probed = at;
}

static void
fold_silence(struct endpoint *e, const struct dr_endpoint_facts *seen)
{
    const struct dr_stamp at = seen->silent_since;
    /* Somebody was answered after this probe began, or knows of a later one. */
    if (is_before(&at, &e->facts.last_answer) || is_before(&at, &e->probed))
        return;
    struct dr_stamp since = e->facts.silent_since;
    /* Its length cannot be told across a boot, so a new boot begins to count anew. */
    if (!of_this_boot(&since, &at))
        since = at;
    const struct dr_stamp last = e->facts.last_answer;
    e->facts = *seen;
    e->facts.last_answer = last;
    e->facts.silent_since = since;
    e->probed = at;
}

static int
save_endpoint(struct dr_store *s, const struct dr_facts *f, const struct dr_endpoint_facts *seen,
              struct drstor_error **err)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    const char *kind = dr_name(&dr_endpoint_kind_names, (int)seen->kind);
    struct endpoint e;
    int r = store_get_map(s, a, STORE_ENDPOINT, kind, seen->name, &endpoint_type, &e, NULL);
    if (r == DRSTOR_E_NOTFOUND) {
        dr_map_clear(&endpoint_type, &e);
        e.facts.kind = seen->kind;
        e.facts.name = seen->name;
        e.facts.site = seen->site;
    } else if (r < 0) {
        return store_get_map(s, a, STORE_ENDPOINT, kind, seen->name, &endpoint_type, &e, err);
    }
    struct dr_endpoint_facts at = *seen;
    if (at.answers && at.last_answer.boot_ns < 0)
        at.last_answer = f->now;
    /* Neither silent nor useful: an endpoint that says "wrong password" is alive; a fault of our
     * own says nothing about it. Neither begins a silence. */
    if (at.answers || (at.silent_since.boot_ns < 0 && at.last_answer.boot_ns >= 0))
        fold_answer(&e, &at);
    else if (at.silent_since.boot_ns >= 0)
        fold_silence(&e, &at);
    return store_put_map(s, STORE_ENDPOINT, kind, seen->name, &endpoint_type, &e, err);
}

static int
save_copy(struct dr_store *s, const struct dr_copy_facts *c, struct drstor_error **err)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_copy_facts stored;
    int r = store_get_map(s, a, STORE_COPY, c->group, c->site, &dr_copy_facts_type, &stored, NULL);
    if (r == DRSTOR_OK && is_before(&c->seen, &stored.seen))
        return DRSTOR_OK;
    return store_put_map(s, STORE_COPY, c->group, c->site, &dr_copy_facts_type, c, err);
}

static const struct dr_field seen_fields[] = {
    DR_STRUCT(struct dr_engine_facts, seen, dr_stamp_type)};
static DR_TYPE(seen_type, struct dr_engine_facts, "engine facts", seen_fields);

static int
save_engine(struct dr_store *s, const struct dr_engine_facts *e, struct drstor_error **err)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_engine_facts stored; /* only its stamp */
    int r = store_get_map(s, a, STORE_ENGINE, e->site, "", &seen_type, &stored, NULL);
    if (r == DRSTOR_OK && is_before(&e->seen, &stored.seen))
        return DRSTOR_OK;
    return store_put_map(s, STORE_ENGINE, e->site, "", &dr_engine_facts_type, e, err);
}

int
dr_store_facts_save(struct dr_store *s, const struct dr_facts *f, struct drstor_error **err)
{
    int r = store_enter(s, true, err);
    if (r < 0)
        return r;
    for (size_t i = 0; r == DRSTOR_OK && i < f->n_endpoints; i++)
        if (f->endpoints[i].asked)
            r = save_endpoint(s, f, &f->endpoints[i], err);
    for (size_t i = 0; r == DRSTOR_OK && i < f->n_copies; i++)
        if (f->copies[i].fresh)
            r = save_copy(s, &f->copies[i], err);
    for (size_t i = 0; r == DRSTOR_OK && i < f->n_engines; i++)
        if (f->engines[i].fresh)
            r = save_engine(s, &f->engines[i], err);
    return store_leave(s, true, r, err);
}

static int
load(struct dr_store *s, struct dr_arena *a, struct dr_facts *f, struct drstor_error **err)
{
    const struct store_range all = {.limit = SIZE_MAX};
    struct store_row *rows = NULL;
    size_t n = 0;
    int r = store_scan(s, a, STORE_ENDPOINT, &all, &rows, &n, err);
    for (size_t i = 0; r == DRSTOR_OK && i < n; i++) {
        struct endpoint e;
        r = store_read_map(a, STORE_ENDPOINT, &rows[i], &endpoint_type, &e, err);
        if (r < 0)
            return r;
        e.facts.asked = e.facts.answers = false;
        dr_arena_push(a, f->endpoints, f->n_endpoints) = e.facts;
    }
    if (r == DRSTOR_OK)
        r = store_scan(s, a, STORE_COPY, &all, &rows, &n, err);
    for (size_t i = 0; r == DRSTOR_OK && i < n; i++) {
        struct dr_copy_facts c;
        r = store_read_map(a, STORE_COPY, &rows[i], &dr_copy_facts_type, &c, err);
        c.fresh = false;
        if (r == DRSTOR_OK)
            dr_arena_push(a, f->copies, f->n_copies) = c;
    }
    if (r == DRSTOR_OK)
        r = store_scan(s, a, STORE_ENGINE, &all, &rows, &n, err);
    for (size_t i = 0; r == DRSTOR_OK && i < n; i++) {
        struct dr_engine_facts e;
        r = store_read_map(a, STORE_ENGINE, &rows[i], &dr_engine_facts_type, &e, err);
        e.fresh = false;
        if (r == DRSTOR_OK)
            dr_arena_push(a, f->engines, f->n_engines) = e;
    }
    return r;
}

int
dr_store_facts_load(struct dr_store *s, struct dr_arena *a, struct dr_facts *ret,
                    struct drstor_error **err)
{
    struct dr_facts f = {.now = store_now(s)};
    int r = store_enter(s, false, err);
    if (r < 0)
        return r;
    r = load(s, a, &f, err);
    if (r == DRSTOR_OK)
        *ret = f;
    return store_leave(s, false, r, err);
}
