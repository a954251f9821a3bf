#include "plan/evidence.h"

#include "base/str.h"
#include "base/timetext.h"
#include "model/words.h"

struct weigh {
    struct dr_arena *a;
    const struct dr_model *m;
    const struct dr_group *g;
    const struct dr_copy *old;
    const struct dr_goal *goal;
    const struct dr_record *record;
    const struct dr_facts *facts;
    const char *person;
};

static void
refuse(struct dr_fence *f, const struct weigh *w, const char *id, const char *text,
       const char *evidence, const char *remedy)
{
    f->verdict = DR_FENCE_REFUSED;
    f->refusal.id = id;
    f->refusal.group = w->g->name;
    f->refusal.text = text;
    f->refusal.evidence = evidence;
    f->refusal.remedy = remedy;
}

static bool
every_member_not_writable(const struct dr_copy_view *v)
{
    if (v->access != DRSTOR_ACCESS_READ_ONLY && v->access != DRSTOR_ACCESS_NONE)
        return false;
    for (size_t i = 0; i < v->n_members; i++)
        if (v->members[i].access != DRSTOR_ACCESS_READ_ONLY &&
            v->members[i].access != DRSTOR_ACCESS_NONE)
            return false;
    return v->n_members > 0;
}

static void
proven(struct dr_fence *f, const struct weigh *w, enum drstor_evidence_kind kind, const char *detail)
{
    f->verdict = DR_FENCE_PROVEN;
    f->evidence.kind = kind;
    f->evidence.group = w->g->name;
    f->evidence.site = w->old->site->name;
    f->evidence.array = w->old->array->name;
    f->evidence.epoch = w->record ? w->record->epoch : 0;
    f->evidence.at = w->facts->now;
    f->evidence.by = w->person;
    f->evidence.detail = detail;
}

/*
 * Hosts that can reach the old copy and still live: an engine that answers and shows a host up, or
 * a configured probe that answers. A management switch or an engine alone is no writer.
 */
static const char *
living_hosts(const struct weigh *w)
{
    const char *site = w->old->site->name;
    const struct dr_engine_facts *e = dr_facts_engine(w->facts, site);
    for (size_t i = 0; e && e->fresh && i < e->inventory.n_hosts; i++)
        if (dr_streq(e->inventory.hosts[i].status, "up"))
            return dr_arena_printf(w->a, "host %s is up, says the engine of %s",
                                   e->inventory.hosts[i].name, site);
    for (size_t i = 0; i < w->facts->n_endpoints; i++) {
        const struct dr_endpoint_facts *p = &w->facts->endpoints[i];
        if (p->kind == DR_ENDPOINT_PROBE && p->answers && dr_streq(p->site, site))
            return dr_arena_printf(w->a, "probe %s of %s answers", p->name, site);
    }
    return NULL;
}

/*
 * An array dates what it saw in whole seconds of a clock of its own, and we the start of a silence in
 * ours: less apart than this, nobody can say which came first.
 */
enum { CLOCKS_APART_S = 2 };

/* The surviving array saw its peer after the silence began: somebody there is alive (safety 3.2). */
static const char *
counter_evidence(const struct weigh *w, const struct dr_stamp *since)
{
    for (size_t i = 0; i < w->g->n_copies; i++) {
        const struct dr_copy *c = &w->g->copies[i];
        const struct dr_copy_facts *f = dr_facts_copy(w->facts, w->g->name, c->site->name);
        if (c == w->old || !f || !f->fresh)
            continue;
        if (f->view.peer_seen == DRSTOR_TRI_YES)
            return dr_arena_printf(w->a, "array %s sees its peer at %s now", c->array->name,
                                   w->old->site->name);
        if (since->utc >= 0 && f->view.peer_seen_at > since->utc + CLOCKS_APART_S)
            return dr_arena_printf(w->a, "array %s saw its peer at %s, after the silence began at %s",
                                   c->array->name, dr_utc_text(w->a, f->view.peer_seen_at),
                                   dr_utc_text(w->a, since->utc));
    }
    return NULL;
}

/* The youngest silence among what must be silent: array, engine with hosts, probes. */
static struct dr_stamp
silence_start(const struct weigh *w, const struct dr_endpoint_facts *array)
{
    struct dr_stamp start = array->silent_since;
    for (size_t i = 0; i < w->facts->n_endpoints; i++) {
        const struct dr_endpoint_facts *e = &w->facts->endpoints[i];
        if (e->kind != DR_ENDPOINT_PROBE || !dr_streq(e->site, w->old->site->name) || e->answers)
            continue;
        if (e->silent_since.boot_ns > start.boot_ns && dr_streq(e->silent_since.boot, start.boot))
            start = e->silent_since;
    }
    return start;
}

static void
weigh_declaration(struct dr_fence *f, const struct weigh *w, const struct dr_endpoint_facts *array)
{
    const char *site = w->old->site->name;
    const char *live = living_hosts(w);
    if (live) {
        refuse(f, w, "R022",
               dr_arena_printf(w->a, "%s was declared lost, but hosts there are alive and can reach "
                                     "the old copy of %s",
                               site, w->g->name),
               live,
               dr_arena_printf(w->a, "switch the hosts of %s off, or demote there if its array can be "
                                     "reached; then run the same command again",
                               site));
        return;
    }
    struct dr_stamp since = silence_start(w, array);
    const char *counter = counter_evidence(w, &since);
    if (counter) {
        refuse(f, w, "R025",
               dr_arena_printf(w->a, "%s was declared lost, but something there is alive", site), counter,
               dr_arena_printf(w->a, "look at %s again; a planned promote may be possible", site));
        return;
    }
    int64_t age = dr_stamp_age_s(&since, &w->facts->now);
    if (age < w->m->assert_min_s) { /* also -1: a silence that began in another boot starts anew */
        f->verdict = DR_FENCE_WAIT;
        f->wait_from = since;
        f->wait_left_s = age < 0 ? w->m->assert_min_s : w->m->assert_min_s - age;
        return;
    }
    proven(f, w, DRSTOR_EVIDENCE_E6_DECLARED,
           dr_arena_printf(w->a, "declared %s:%s (%s); array %s silent since %s",
                           dr_name(&dr_declared_names, (int)dr_goal_declared(w->goal, site)), site,
                           w->goal->reason ? w->goal->reason : "no reason", w->old->array->name,
                           dr_utc_text(w->a, since.utc)));
    f->evidence.silent_since = since;
}

void
dr_evidence_weigh(struct dr_arena *a, const struct dr_model *m, const struct dr_group *g,
                  const struct dr_copy *old, const struct dr_goal *goal,
                  const struct dr_record *record, const struct dr_facts *facts, const char *person,
                  struct dr_fence *ret)
{
    const struct weigh w = {a, m, g, old, goal, record, facts, person};
    const struct dr_copy_facts *c = dr_facts_copy(facts, g->name, old->site->name);
    const struct dr_endpoint_facts *array =
        dr_facts_endpoint(facts, DR_ENDPOINT_ARRAY, old->array->name);

    *ret = (struct dr_fence){0};
    dr_map_clear(&dr_evidence_type, &ret->evidence);
    if (c && c->fresh) {
        if (every_member_not_writable(&c->view)) {
            proven(ret, &w, DRSTOR_EVIDENCE_E1_READ_BACK,
                   dr_arena_printf(a, "every member read back as not writable by array %s",
                                   old->array->name));
            return;
        }
        ret->verdict = DR_FENCE_TRY; /* the array answers: E1 or E2, nothing less */
        return;
    }
    enum dr_declared said = dr_goal_declared(goal, old->site->name);
    if (array && array->asked && !array->answers &&
        (said == DR_DECLARED_SITE_LOST || said == DR_DECLARED_OUTAGE)) {
        weigh_declaration(ret, &w, array);
        return;
    }
    const char *seen =
        c && c->seen.utc >= 0
            ? dr_arena_printf(a, "last seen %s: %s", dr_utc_text(a, c->seen.utc),
                              dr_name(&dr_access_names, (int)c->view.access))
            : "never seen";
    refuse(ret, &w, "R021",
           dr_arena_printf(a, "cannot see whether group %s is writable at %s", g->name, old->site->name),
           dr_arena_printf(a, "array %s does not answer%s%s; %s", old->array->name,
                           array && array->error ? ": " : "", array && array->error ? array->error : "",
                           seen),
           dr_arena_printf(a, "if nobody there can write: --declare site-lost:%s --reason TEXT",
                           old->site->name));
}
