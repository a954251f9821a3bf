#include "observe/observe.h"

#include "base/str.h"
#include "net/probe.h"
#include "rhv/inventory.h"

#include <pthread.h>

enum { DETAILS_FACTOR = 6 };

struct observer {
    struct dr_endpoints *ends;
    struct dr_env *env;
    const struct dr_model *m;
    const struct dr_observe_what *what;
    const struct dr_cancel *cancel;
    uint64_t deadline;
    struct dr_mailbox *box;
};

/* One question to one endpoint. Its arena is its own while it runs, and joined afterwards. */
struct question {
    struct observer *o;
    const struct dr_array *array;
    const struct dr_site *site; /* engine, or probe */
    const char *probe;
    struct dr_arena *arena;
    struct dr_stamp answered; /* array: when its copies were read */
    struct dr_endpoint_facts result;
    struct dr_copy_facts *copies;
    size_t n_copies;
    struct dr_engine_facts engine;
    bool has_engine;
};

struct dr_stamp
dr_stamp_now(struct dr_env *env)
{
    return (struct dr_stamp){
        .utc = dr_now_utc(env), .boot_ns = (int64_t)dr_now_ns(env), .boot = dr_boot_id(env)};
}

static bool
listed(const char *const *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (dr_streq(list[i], name))
            return true;
    return list == NULL;
}

/* ---- one endpoint ---------------------------------------------------------------------------- */

/*
 * The recovery points of what could be promoted or cloned. The copy is seen whether or not they can
 * be read: that is said of the points alone.
 */
static void
ask_points(struct question *q)
{
    struct observer *o = q->o;
    const struct dr_plugin *p = NULL;
    if (!o->what->points || dr_endpoints_plugin(o->ends, q->array, &p, NULL) < 0 ||
        !dr_plugin_can(p, DR_ARRAY_OP_POINTS))
        return;
    for (size_t i = 0; i < q->n_copies; i++) {
        dr_auto(dr_error_freep) struct drstor_error *err = NULL;
        struct dr_copy_facts *c = &q->copies[i];
        const struct dr_call call = {
            .operation = DR_ARRAY_OP_POINTS, .group = c->view.id, .deadline_ns = o->deadline};
        struct dr_reply reply;
        if (c->view.access == DRSTOR_ACCESS_READ_WRITE)
            continue;
        int r = dr_endpoints_call(o->ends, q->array, &call, o->cancel, q->arena, &reply, &err);
        if (r < 0) {
            c->points_error = dr_arena_str(q->arena, dr_error_message(err));
            continue;
        }
        c->points = reply.points;
        c->n_points = reply.n_points;
        c->points_more = dr_points_keep(c->points, &c->n_points);
        c->points_seen = dr_stamp_now(o->env);
    }
}

static int
ask_array(struct question *q, struct drstor_error **err)
{
    struct observer *o = q->o;
    const struct dr_group **groups = NULL;
    size_t n = 0, n_groups = 0;
    struct dr_call call = {.operation = DR_ARRAY_OP_OBSERVE, .deadline_ns = o->deadline};
    for (size_t i = 0; i < o->m->n_groups; i++) {
        const struct dr_group *g = &o->m->groups[i];
        for (size_t k = 0; k < g->n_copies; k++) {
            if (g->copies[k].array != q->array ||
                !listed(o->what->groups, o->what->n_groups, g->name))
                continue;
            dr_arena_push(q->arena, call.groups, call.n_groups) = g->copies[k].id;
            dr_arena_push(q->arena, groups, n_groups) = g;
        }
    }
    struct dr_reply reply;
    int r = dr_endpoints_call(o->ends, q->array, &call, o->cancel, q->arena, &reply, err);
    if (r < 0)
        return r;
    q->answered = dr_stamp_now(o->env);
    for (size_t v = 0; v < reply.n_views; v++)
        for (n = 0; n < call.n_groups; n++) {
            if (!dr_streq(call.groups[n], reply.views[v].id))
                continue;
            struct dr_copy_facts *c = &dr_arena_push(q->arena, q->copies, q->n_copies);
            dr_map_clear(&dr_copy_facts_type, c);
            c->group = groups[n]->name;
            c->site = q->array->site->name;
            c->array = q->array->name;
            c->fresh = true;
            c->view = reply.views[v];
        }
    ask_points(q);
    return DRSTOR_OK;
}

static int
ask_engine(struct question *q, struct drstor_error **err)
{
    struct observer *o = q->o;
    struct dr_rhv *rhv = NULL;
    int r = dr_endpoints_engine(o->ends, q->site, &rhv, err);
    if (r < 0)
        return r;
    const struct dr_rhv_how how = {.deadline_ns = o->deadline,
                                   .cancel = o->cancel,
                                   .correlation_id = dr_endpoints_correlation(o->ends)};
    dr_map_clear(&dr_engine_facts_type, &q->engine);
    const struct dr_rhv_inventory_options options = {.detailed = o->what->details};
    r = dr_rhv_inventory(rhv, &how, &options, q->arena, &q->engine.inventory, err);
    q->result.trusted_until = dr_rhv_trusted_until(rhv);
    if (r < 0)
        return r;
    q->engine.site = q->site->name;
    q->engine.inventory.site = q->site->name;
    q->engine.fresh = true;
    q->has_engine = true;
    return DRSTOR_OK;
}

/*
 * Only a question that went out and got nothing back is silence. Whoever says "wrong password" or
 * talks nonsense is alive; what failed on our side says nothing about the other.
 */
static void
judge_failure(struct dr_endpoint_facts *e, int status, const struct dr_stamp *start,
              const struct dr_stamp *end)
{
    if (status == DRSTOR_E_UNREACHABLE || status == DRSTOR_E_UNKNOWN || status == DRSTOR_E_TIMEOUT)
        e->silent_since = *start;
    else if (status == DRSTOR_E_AUTH || status == DRSTOR_E_PROTOCOL || status == DRSTOR_E_CONFLICT)
        e->last_answer = *end;
}

static void
ask(void *arg)
{
    struct question *q = arg;
    struct observer *o = q->o;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    const struct dr_stamp start = dr_stamp_now(o->env);
    int r = q->array   ? ask_array(q, &err)
            : q->probe ? dr_net_probe(o->env, dr_endpoints_contact(o->ends), q->site->name,
                                      q->probe, o->deadline, &err)
                       : ask_engine(q, &err);
    const struct dr_stamp end = r == DRSTOR_OK && q->array ? q->answered : dr_stamp_now(o->env);

    q->result.asked = true;
    q->result.answers = r == DRSTOR_OK;
    q->result.took_ms = (end.boot_ns - start.boot_ns) / (int64_t)DR_MS;
    if (r == DRSTOR_OK) {
        q->result.last_answer = end;
        for (size_t i = 0; i < q->n_copies; i++)
            q->copies[i].seen = end;
        q->engine.seen = end;
    } else {
        q->result.error = dr_arena_str(q->arena, dr_error_message(err));
        q->result.error_word = dr_status_name(r);
        judge_failure(&q->result, r, &start, &end);
    }
    dr_mailbox_post(o->box, q);
}

/* ---- together -------------------------------------------------------------------------------- */

static struct question *
question_new(struct observer *o, struct dr_arena *a, enum dr_endpoint_kind kind, const char *name,
             const char *site)
{
    struct question *q = dr_arena_new0(a, struct question);
    q->o = o;
    q->arena = dr_arena_new();
    dr_map_clear(&dr_endpoint_facts_type, &q->result);
    q->result.kind = kind;
    q->result.name = name;
    q->result.site = site;
    return q;
}

static bool
array_wanted(const struct observer *o, const struct dr_array *array)
{
    if (!listed(o->what->sites, o->what->n_sites, array->site->name))
        return false;
    for (size_t i = 0; i < o->m->n_groups; i++)
        for (size_t k = 0; k < o->m->groups[i].n_copies; k++)
            if (o->m->groups[i].copies[k].array == array &&
                listed(o->what->groups, o->what->n_groups, o->m->groups[i].name))
                return true;
    return false;
}

/* The silence goes on from where it began, unless something answered since or the machine
 * rebooted. */
static void
continue_silence(struct dr_endpoint_facts *now, const struct dr_facts *before)
{
    const struct dr_endpoint_facts *b =
        before ? dr_facts_endpoint(before, now->kind, now->name) : NULL;
    if (!b)
        return;
    if (now->last_answer.boot_ns < 0)
        now->last_answer = b->last_answer;
    if (!now->answers && now->silent_since.boot_ns >= 0 && b->silent_since.boot_ns >= 0 &&
        dr_streq(b->silent_since.boot, now->silent_since.boot) &&
        b->silent_since.boot_ns <= now->silent_since.boot_ns)
        now->silent_since = b->silent_since;
}

/* Points that were not read now, because nobody asked or nobody answered, stay as they were known,
 * with their own age. What is writable has none that could be gone back to. */
static void
continue_points(struct dr_arena *a, struct dr_copy_facts *now, const struct dr_facts *before)
{
    const struct dr_copy_facts *b = before ? dr_facts_copy(before, now->group, now->site) : NULL;
    if (!b || now->points_seen.boot_ns >= 0 || now->view.access == DRSTOR_ACCESS_READ_WRITE)
        return;
    struct dr_copy_facts old;
    dr_map_copy(a, &dr_copy_facts_type, b, &old);
    now->points = old.points;
    now->n_points = old.n_points;
    now->points_more = old.points_more;
    now->points_seen = old.points_seen;
}

static void
fold(struct dr_arena *a, struct question *q, const struct dr_facts *before, struct dr_facts *ret)
{
    struct dr_endpoint_facts e;
    dr_map_copy(a, &dr_endpoint_facts_type, &q->result, &e);
    continue_silence(&e, before);
    dr_arena_push(a, ret->endpoints, ret->n_endpoints) = e;
    for (size_t i = 0; i < q->n_copies; i++) {
        struct dr_copy_facts *c = &dr_arena_push(a, ret->copies, ret->n_copies);
        dr_map_copy(a, &dr_copy_facts_type, &q->copies[i], c);
        continue_points(a, c, before);
    }
    if (q->has_engine)
        dr_map_copy(a, &dr_engine_facts_type, &q->engine,
                    &dr_arena_push(a, ret->engines, ret->n_engines));
}

/* What was not read now stays as it was known, with its own age. */
static void
keep_old(struct dr_arena *a, const struct dr_facts *before, struct dr_facts *ret)
{
    for (size_t i = 0; i < before->n_endpoints; i++) {
        const struct dr_endpoint_facts *b = &before->endpoints[i];
        if (dr_facts_endpoint(ret, b->kind, b->name))
            continue;
        struct dr_endpoint_facts *e = &dr_arena_push(a, ret->endpoints, ret->n_endpoints);
        dr_map_copy(a, &dr_endpoint_facts_type, b, e);
        e->asked = e->answers = false;
    }
    for (size_t i = 0; i < before->n_copies; i++) {
        const struct dr_copy_facts *b = &before->copies[i];
        if (dr_facts_copy(ret, b->group, b->site))
            continue;
        struct dr_copy_facts *c = &dr_arena_push(a, ret->copies, ret->n_copies);
        dr_map_copy(a, &dr_copy_facts_type, b, c);
        c->fresh = false;
    }
    for (size_t i = 0; i < before->n_engines; i++) {
        const struct dr_engine_facts *b = &before->engines[i];
        if (dr_facts_engine(ret, b->site))
            continue;
        struct dr_engine_facts *c = &dr_arena_push(a, ret->engines, ret->n_engines);
        dr_map_copy(a, &dr_engine_facts_type, b, c);
        c->fresh = false;
    }
}

void
dr_observe(struct dr_endpoints *e, struct dr_env *env, const struct dr_model *m,
           const struct dr_observe_what *what, const struct dr_facts *before,
           const struct dr_cancel *cancel, struct dr_arena *a, struct dr_facts *ret)
{
    struct observer o = {.ends = e, .env = env, .m = m, .what = what, .cancel = cancel};
    o.deadline = dr_now_ns(env) + (uint64_t)m->observe_timeout_s * DR_S;
    if (what->details) /* hosts look at all their LUNs for it */
        o.deadline += (DETAILS_FACTOR - 1) * (uint64_t)m->observe_timeout_s * DR_S;
    o.box = dr_mailbox_new(env);
    struct question **questions = NULL;
    size_t n = 0;

    for (size_t i = 0; i < m->n_arrays; i++) {
        if (!array_wanted(&o, &m->arrays[i]))
            continue;
        struct question *q =
            question_new(&o, a, DR_ENDPOINT_ARRAY, m->arrays[i].name, m->arrays[i].site->name);
        q->array = &m->arrays[i];
        dr_arena_push(a, questions, n) = q;
    }
    for (size_t i = 0; i < m->n_sites; i++) {
        const struct dr_site *s = &m->sites[i];
        if (!listed(what->sites, what->n_sites, s->name))
            continue;
        bool shared = false; /* a stretch cluster's engine is asked once */
        for (size_t k = 0; k < i; k++)
            shared |= m->sites[k].engine == s->engine &&
                      listed(what->sites, what->n_sites, m->sites[k].name);
        if (what->engines && s->engine && !shared) {
            struct question *q = question_new(&o, a, DR_ENDPOINT_ENGINE, s->engine->name, s->name);
            q->site = s;
            dr_arena_push(a, questions, n) = q;
        }
        for (size_t k = 0; k < s->n_probes; k++) {
            struct question *q = question_new(&o, a, DR_ENDPOINT_PROBE, s->probes[k], s->name);
            q->site = s;
            q->probe = s->probes[k];
            dr_arena_push(a, questions, n) = q;
        }
    }
    for (size_t i = 0; i < n; i++)
        dr_spawn(env, ask, questions[i]);
    for (size_t i = 0; i < n; i++)
        (void)dr_mailbox_wait(o.box, UINT64_MAX, NULL);

    dr_map_clear(&dr_facts_type, ret);
    for (size_t i = 0; i < n; i++) {
        fold(a, questions[i], before, ret);
        dr_arena_free(questions[i]->arena);
    }
    if (before)
        keep_old(a, before, ret);
    ret->now = dr_stamp_now(env);
    dr_mailbox_free(o.box);
}
