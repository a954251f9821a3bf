#include "plan/evidence.h"

#include "plan/loss.h"

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

/* How many volumes the old copy must show before "every" can be said of it. */
static size_t
members_known(const struct weigh *w)
{
    if (w->record && w->record->n_members)
        return w->record->n_members;
    const struct dr_copy_facts *f = dr_facts_copy(w->facts, w->g->name, w->goal->to);
    return f ? f->view.n_members : 0;
}

static void
proven(struct dr_fence *f, const struct weigh *w, enum drstor_evidence_kind kind,
       const char *detail)
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
 * Hosts that can reach the old copy and still live: an engine that answers and shows a live host,
 * or a configured probe that answers. A management switch or an engine alone is no writer.
 */
static const char *
living_hosts(const struct weigh *w)
{
    const char *site = w->old->site->name;
    const struct dr_engine_facts *e = dr_facts_engine(w->facts, site);
    for (size_t i = 0; e && e->fresh && i < e->inventory.n_hosts; i++)
        if (!dr_host_is_dead(e->inventory.hosts[i].status))
            return dr_arena_printf(
                w->a, "host %s is %s, says the engine of %s", e->inventory.hosts[i].name,
                e->inventory.hosts[i].status ? e->inventory.hosts[i].status : "unknown", site);
    for (size_t i = 0; i < w->facts->n_endpoints; i++) {
        const struct dr_endpoint_facts *p = &w->facts->endpoints[i];
        if (p->kind == DR_ENDPOINT_PROBE && p->answers && dr_streq(p->site, site))
            return dr_arena_printf(w->a, "probe %s of %s answers", p->name, site);
    }
    return NULL;
}

/*
 * The surviving array sees its peer: somebody there is alive (safety 3.2). Of a peer it saw after
 * the silence began, only the time since then is silence: *SINCE moves. Otherwise a site that died
 * in steps, its management first, could never be declared lost.
 */
static const char *
counter_evidence(const struct weigh *w, struct dr_stamp *since, const char **ret_remedy)
{
    enum { CLOCKS_APART_S = 60 };
    *ret_remedy = dr_arena_printf(w->a, "look at %s again; a planned promote may be possible",
                                  w->old->site->name);
    for (size_t i = 0; i < w->g->n_copies; i++) {
        const struct dr_copy *c = &w->g->copies[i];
        const struct dr_copy_facts *f = dr_facts_copy(w->facts, w->g->name, c->site->name);
        if (c == w->old || !f || !f->fresh)
            continue;
        if (f->view.peer_seen == DRSTOR_TRI_YES)
            return dr_arena_printf(w->a, "array %s sees its peer at %s now", c->array->name,
                                   w->old->site->name);
        /* Not said whether it sees it now: then the last time it did is all there is. */
        if (f->view.peer_seen == DRSTOR_TRI_UNKNOWN && since->utc >= 0 &&
            f->view.peer_seen_at > since->utc)
            return dr_arena_printf(
                w->a,
                "array %s saw its peer at %s, after the silence began at %s, and "
                "does not say whether it does now",
                c->array->name, dr_utc_text(w->a, f->view.peer_seen_at),
                dr_utc_text(w->a, since->utc));
        if (f->view.peer_seen_at > w->facts->now.utc + CLOCKS_APART_S) {
            *ret_remedy =
                dr_arena_printf(w->a,
                                "set the clock of array %s or of this machine right, then run "
                                "again",
                                c->array->name);
            return dr_arena_printf(
                w->a, "array %s says that it saw its peer at %s, which lies in the future",
                c->array->name, dr_utc_text(w->a, f->view.peer_seen_at));
        }
        if (since->utc >= 0 && f->view.peer_seen_at > since->utc) {
            since->boot_ns += (f->view.peer_seen_at - since->utc) * 1000000000;
            since->utc = f->view.peer_seen_at;
        }
    }
    return NULL;
}

static void
younger(struct dr_stamp *start, const struct dr_stamp *other)
{
    if (other->boot_ns > start->boot_ns && dr_streq(other->boot, start->boot))
        *start = *other;
}

/*
 * The youngest silence among what must be silent: the array, the probes, and the engine that speaks
 * for the hosts. An engine that answers without a live host in it has been heard already.
 */
static struct dr_stamp
silence_start(const struct weigh *w, const struct dr_endpoint_facts *array)
{
    struct dr_stamp start = array->silent_since;
    for (size_t i = 0; i < w->facts->n_endpoints; i++) {
        const struct dr_endpoint_facts *e = &w->facts->endpoints[i];
        if (e->kind != DR_ENDPOINT_ARRAY && dr_streq(e->site, w->old->site->name) && !e->answers)
            younger(&start, &e->silent_since);
    }
    return start;
}

/* A probe that somebody configured and nobody asked is no silence. */
static const char *
probe_not_asked(const struct weigh *w)
{
    for (size_t i = 0; i < w->old->site->n_probes; i++) {
        const struct dr_endpoint_facts *p =
            dr_facts_endpoint(w->facts, DR_ENDPOINT_PROBE, w->old->site->probes[i]);
        if (!p || !p->asked)
            return w->old->site->probes[i];
    }
    return NULL;
}

static void
weigh_declaration(struct dr_fence *f, const struct weigh *w, const struct dr_endpoint_facts *array)
{
    const char *site = w->old->site->name;
    const char *live = living_hosts(w);
    if (live) {
        refuse(f, w, "R022",
               dr_arena_printf(w->a,
                               "%s was declared lost, but hosts there are alive and can reach "
                               "the old copy of %s",
                               site, w->g->name),
               live,
               dr_arena_printf(w->a,
                               "switch the hosts of %s off, or demote there if its array can be "
                               "reached; then run the same command again",
                               site));
        return;
    }
    const char *unheard = probe_not_asked(w);
    if (unheard) {
        refuse(f, w, "R021",
               dr_arena_printf(w->a, "cannot see whether hosts at %s are alive", site),
               dr_arena_printf(w->a, "probe %s was not asked", unheard),
               "drstor observe, then run again");
        return;
    }
    struct dr_stamp since = silence_start(w, array);
    const char *remedy, *counter = counter_evidence(w, &since, &remedy);
    if (counter) {
        refuse(f, w, "R025",
               dr_arena_printf(w->a, "%s was declared lost, but there is a sign of life from it",
                               site),
               counter, remedy);
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
           dr_arena_printf(w->a,
                           "declared %s:%s (%s); array %s silent, and no sign of life since %s",
                           dr_name(&dr_declared_names, (int)dr_goal_declared(w->goal, site)), site,
                           w->goal->reason ? w->goal->reason : "no reason", w->old->array->name,
                           dr_utc_text(w->a, since.utc)));
    f->evidence.silent_since = since;
}

/*
 * What the planned run of this very command (--within) had read back there, before it fell silent:
 * young, of this copy and this epoch (safety 3.1).
 */
static const struct dr_evidence *
carried(const struct weigh *w)
{
    enum { YOUNG_S = 15 * 60 };
    for (size_t i = 0; w->goal->carries && w->record && i < w->record->n_evidence; i++) {
        const struct dr_evidence *e = &w->record->evidence[i];
        int64_t age = dr_stamp_age_s(&e->at, &w->facts->now);
        if (dr_streq(e->run, w->goal->carries) && dr_streq(e->site, w->old->site->name) &&
            e->epoch == w->record->epoch && e->kind == DRSTOR_EVIDENCE_E1_READ_BACK && age >= 0 &&
            age < YOUNG_S)
            return e;
    }
    return NULL;
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
    if (c && c->fresh && c->view.n_members < members_known(&w)) {
        refuse(
            ret, &w, "R035",
            dr_arena_printf(
                a,
                "array %s shows only %zu of %zu volumes of group %s: what it does not show may "
                "be writable",
                old->array->name, c->view.n_members, members_known(&w), g->name),
            dr_arena_printf(a, "array %s, seen %s", old->array->name, dr_utc_text(a, c->seen.utc)),
            dr_arena_printf(a, "see at array %s what became of the other volumes",
                            old->array->name));
        return;
    }
    if (c && c->fresh) {
        if (dr_view_not_writable(&c->view)) {
            proven(ret, &w, DRSTOR_EVIDENCE_E1_READ_BACK,
                   dr_arena_printf(a, "every member read back as not writable by array %s",
                                   old->array->name));
            return;
        }
        ret->verdict = DR_FENCE_TRY; /* the array answers: E1 or E2, nothing less */
        return;
    }
    const char *remedy = NULL, *alive = dr_evidence_alive(a, g, old, facts, &remedy);
    if (alive) {
        refuse(ret, &w, "R021",
               dr_arena_printf(a, "cannot see whether group %s is writable at %s", g->name,
                               old->site->name),
               alive, remedy);
        return;
    }
    const struct dr_evidence *before = carried(&w);
    if (before) {
        proven(ret, &w, before->kind,
               dr_arena_printf(a, "read back at %s by run %s, before array %s fell silent",
                               dr_utc_text(a, before->at.utc), before->run, old->array->name));
        ret->evidence.at = before->at;
        return;
    }
    enum dr_declared said = dr_goal_declared(goal, old->site->name);
    if (array && array->asked && !array->answers && array->silent_since.boot_ns >= 0 &&
        (said == DR_DECLARED_SITE_LOST || said == DR_DECLARED_OUTAGE)) {
        weigh_declaration(ret, &w, array);
        return;
    }
    const char *seen = c && c->seen.utc >= 0
                           ? dr_arena_printf(a, "last seen %s: %s", dr_utc_text(a, c->seen.utc),
                                             dr_name(&dr_access_names, (int)c->view.access))
                           : "never seen";
    refuse(ret, &w, "R021",
           dr_arena_printf(a, "cannot see whether group %s is writable at %s", g->name,
                           old->site->name),
           dr_arena_printf(a, "array %s does not answer%s%s; %s", old->array->name,
                           array && array->error ? ": " : "",
                           array && array->error ? array->error : "", seen),
           dr_arena_printf(a, "if nobody there can write: --declare site-lost:%s --reason TEXT",
                           old->site->name));
}

const char *
dr_evidence_alive(struct dr_arena *a, const struct dr_group *g, const struct dr_copy *copy,
                  const struct dr_facts *facts, const char **ret_remedy)
{
    const struct dr_endpoint_facts *e =
        dr_facts_endpoint(facts, DR_ENDPOINT_ARRAY, copy->array->name);
    if (!e || !e->asked)
        return NULL;
    if (e->answers) {
        *ret_remedy =
            dr_arena_printf(a,
                            "correct the id of the copy of %s at %s in the configuration, or see "
                            "at the array what became of it",
                            g->name, copy->site->name);
        return dr_arena_printf(a, "array %s answers and does not know \"%s\"", e->name, copy->id);
    }
    if (e->silent_since.boot_ns >= 0)
        return NULL;
    *ret_remedy =
        dr_arena_printf(a,
                        "put right what array %s complains about, or switch that array off: a "
                        "declaration counts only for what is silent",
                        e->name);
    return dr_arena_printf(a, "array %s is alive, but cannot be used: %s", e->name,
                           e->error ? e->error : "it gave no reason");
}
