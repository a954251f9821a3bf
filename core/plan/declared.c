/*
 * A person's word for it (safety E6, E7): what has to be silent, for how long, and what speaks
 * against it.
 */
#include "plan/evidence_internal.h"

#include "plan/command.h"

#include "base/str.h"
#include "base/timetext.h"
#include "model/words.h"

enum { CLOCKS_APART_S = 60 };

static const char *
site_of(const struct dr_weigh *w)
{
    return w->c->old->site->name;
}

/* ---- what answers there -----------------------------------------------------------------------
 */

static void
add(const struct dr_weigh *w, const char *text)
{
    struct dr_evidence *e = &w->ret->evidence;
    dr_arena_push(w->a, e->answering, e->n_answering) = text;
}

/*
 * Lists what answers at the old site; returns how many of these can reach the old copy: hosts that
 * an engine shows alive, and configured probes. A management switch or an engine alone is no
 * writer; it is shown all the same.
 */
static size_t
answering(const struct dr_weigh *w)
{
    const struct dr_engine_facts *e = dr_facts_engine(w->c->facts, site_of(w));
    size_t writers = 0;
    for (size_t i = 0; e && e->fresh && i < e->inventory.n_hosts; i++)
        if (!dr_host_is_dead(e->inventory.hosts[i].status)) {
            add(w, dr_arena_printf(
                       w->a, "host %s is %s, says the engine of %s", e->inventory.hosts[i].name,
                       e->inventory.hosts[i].status ? e->inventory.hosts[i].status : "unknown",
                       site_of(w)));
            writers++;
        }
    for (size_t i = 0; i < w->c->facts->n_endpoints; i++) {
        const struct dr_endpoint_facts *p = &w->c->facts->endpoints[i];
        if (p->kind != DR_ENDPOINT_PROBE || !p->answers || !dr_streq(p->site, site_of(w)))
            continue;
        add(w, dr_arena_printf(w->a, "probe %s of %s answers", p->name, site_of(w)));
        writers++;
    }
    if (e && e->fresh && !writers)
        add(w, dr_arena_printf(w->a, "the engine of %s, which shows no host alive", site_of(w)));
    return writers;
}

static const char *
listed(const struct dr_weigh *w)
{
    enum { MOST = 5 };
    const struct dr_evidence *e = &w->ret->evidence;
    struct dr_str s = {0};
    for (size_t i = 0; i < e->n_answering && i < MOST; i++)
        dr_str_printf(&s, "%s%s", i ? "; " : "", e->answering[i]);
    if (e->n_answering > MOST)
        dr_str_printf(&s, "; and %zu more", e->n_answering - MOST);
    const char *text = dr_arena_str(w->a, s.s ? s.s : "nothing");
    dr_str_freep(&s);
    return text;
}

/* ---- silence ----------------------------------------------------------------------------------
 */

static void
younger(struct dr_stamp *start, const struct dr_stamp *other)
{
    if (other->boot_ns > start->boot_ns && dr_streq(other->boot, start->boot))
        *start = *other;
}

/*
 * The youngest silence among what must be silent: the array, the probes, and the engine that speaks
 * for the hosts. What answers has been heard already: an engine without a live host in it, or,
 * where the fence is waived, anything.
 */
static struct dr_stamp
silence_start(const struct dr_weigh *w)
{
    struct dr_stamp start = w->array->silent_since;
    for (size_t i = 0; i < w->c->facts->n_endpoints; i++) {
        const struct dr_endpoint_facts *e = &w->c->facts->endpoints[i];
        if (e->kind != DR_ENDPOINT_ARRAY && dr_streq(e->site, site_of(w)) && !e->answers)
            younger(&start, &e->silent_since);
    }
    return start;
}

/* A probe that somebody configured and nobody asked is no silence. */
static const char *
probe_not_asked(const struct dr_weigh *w)
{
    const struct dr_site *site = w->c->old->site;
    for (size_t i = 0; i < site->n_probes; i++) {
        const struct dr_endpoint_facts *p =
            dr_facts_endpoint(w->c->facts, DR_ENDPOINT_PROBE, site->probes[i]);
        if (!p || !p->asked)
            return site->probes[i];
    }
    return NULL;
}

/* ---- what speaks against it -------------------------------------------------------------------
 */

/* How long an array that does not say whether it sees its peer is taken to have seen it last. */
static int64_t
sighting_counts_s(const struct dr_weigh *w)
{
    int64_t rpo = w->c->group->rpo_s > 0 ? w->c->group->rpo_s : 0;
    return w->c->model->assert_min_s + rpo;
}

/*
 * The surviving array sees its peer: somebody there is alive (safety 3.2). Of a peer it saw after
 * the silence began, only the time since then is silence: *SINCE moves. Otherwise a site that died
 * in steps, its management first, could never be declared lost.
 */
static bool
counter_evidence(const struct dr_weigh *w, const struct dr_copy_facts *f, struct dr_stamp *since,
                 const char **ret_what, const char **ret_remedy)
{
    int64_t now = w->c->facts->now.utc, seen = f->view.peer_seen_at;
    *ret_remedy = dr_arena_printf(w->a,
                                  "bring array %s back, and it is fenced there, or switch that "
                                  "array off; then run again",
                                  w->c->old->array->name);
    if (f->view.peer_seen == DRSTOR_TRI_YES) {
        *ret_what = dr_arena_printf(w->a, "array %s sees its peer at %s now", f->array, site_of(w));
        return true;
    }
    if (seen > now + CLOCKS_APART_S) {
        *ret_what = dr_arena_printf(
            w->a, "array %s says that it saw its peer at %s, which lies in the future", f->array,
            dr_utc_text(w->a, seen));
        *ret_remedy = dr_arena_printf(
            w->a, "set the clock of array %s or of this machine right, then run again", f->array);
        return true;
    }
    if (since->utc < 0 || seen <= since->utc)
        return false;
    /* Not said whether it sees it now: then the last time it did is all there is. */
    int64_t until = seen + sighting_counts_s(w);
    if (f->view.peer_seen == DRSTOR_TRI_UNKNOWN && now < until) {
        *ret_what =
            dr_arena_printf(w->a,
                            "array %s saw its peer at %s, after the silence began at %s, "
                            "and does not say whether it does now",
                            f->array, dr_utc_text(w->a, seen), dr_utc_text(w->a, since->utc));
        *ret_remedy =
            dr_arena_printf(w->a, "unless it sees it again, run the same command after %s",
                            dr_utc_text(w->a, until));
        return true;
    }
    since->boot_ns += (seen - since->utc) * 1000000000;
    since->utc = seen;
    return false;
}

static bool
contradicted(const struct dr_weigh *w, struct dr_stamp *since)
{
    const struct dr_group *g = w->c->group;
    for (size_t i = 0; i < g->n_copies; i++) {
        const struct dr_copy *copy = &g->copies[i];
        const struct dr_copy_facts *f = dr_facts_copy(w->c->facts, g->name, copy->site->name);
        const char *what = NULL, *remedy = NULL;
        if (copy == w->c->old || !f || !f->fresh || !counter_evidence(w, f, since, &what, &remedy))
            continue;
        dr_weigh_refuse(w, "R025",
                        dr_arena_printf(w->a,
                                        "%s was declared lost, but there is a sign of life from it",
                                        site_of(w)),
                        what, remedy);
        return true;
    }
    return false;
}

/* ---- the verdict ------------------------------------------------------------------------------
 */

static void
hosts_alive(const struct dr_weigh *w)
{
    bool waivable = w->c->model->waive_fence != DR_WAIVE_NO;
    dr_weigh_refuse(
        w, "R022",
        dr_arena_printf(w->a,
                        "%s was declared lost, but what answers there may reach the old copy of %s",
                        site_of(w), w->c->group->name),
        listed(w),
        dr_arena_printf(
            w->a,
            "switch the hosts of %s off, or bring array %s back, and it is fenced there; then run "
            "the same command again%s%s",
            site_of(w), w->c->old->array->name,
            waivable ? ". If you know that none of them writes: " : "",
            waivable ? dr_command_text(w->a, w->c->goal,
                                       &(struct dr_command_change){
                                           .unplanned = true, .waive = true, .declare = site_of(w)})
                     : ""));
}

/* False: refused. */
static bool
may_waive(const struct dr_weigh *w)
{
    if (w->c->model->waive_fence == DR_WAIVE_NO) {
        dr_weigh_refuse(
            w, "R023", dr_arena_printf(w->a, "the fence of %s may not be waived", site_of(w)),
            dr_arena_printf(w->a, "safety: { waive_fence: no } in %s; there answers: %s",
                            w->c->model->file, listed(w)),
            dr_arena_printf(w->a,
                            "switch the hosts of %s off, or bring array %s back, and it is fenced "
                            "there; then run again",
                            site_of(w), w->c->old->array->name));
        return false;
    }
    if (w->c->tried && w->c->model->waive_fence == DR_WAIVE_TWO && !w->c->second) {
        dr_weigh_refuse(
            w, "R029",
            dr_arena_printf(w->a, "the fence of %s is waived by two persons or not at all",
                            site_of(w)),
            dr_arena_printf(w->a, "only %s has agreed; there answers: %s", w->c->person, listed(w)),
            "run the same command again, and let another user give it, too");
        return false;
    }
    return true;
}

/* "declared site-lost:milan (fire)" */
static const char *
declaration(const struct dr_weigh *w)
{
    const char *kind = dr_name(&dr_declared_names, (int)dr_goal_declared(w->c->goal, site_of(w)));
    const char *reason = w->c->goal->reason ? w->c->goal->reason : w->c->goal->waive_fence;
    return dr_arena_printf(w->a, "declared %s:%s (%s)", kind, site_of(w),
                           reason ? reason : "no reason");
}

static const char *
waiver(const struct dr_weigh *w, const struct dr_stamp *since)
{
    bool alone = w->c->model->waive_fence == DR_WAIVE_TWO && !w->c->second;
    return dr_arena_printf(
        w->a,
        "the fence was waived (%s) by %s%s%s%s, although there answers: %s; %s; array %s silent "
        "since %s",
        w->c->goal->waive_fence, w->c->person ? w->c->person : "?", w->c->second ? " and " : "",
        w->c->second ? w->c->second : "", alone ? ", which takes a second person" : "", listed(w),
        declaration(w), w->c->old->array->name, dr_utc_text(w->a, since->utc));
}

void
dr_weigh_declared(const struct dr_weigh *w)
{
    bool waived = answering(w) > 0;
    if (waived && !w->c->goal->waive_fence) {
        hosts_alive(w);
        return;
    }
    if (waived && !may_waive(w))
        return;
    const char *unheard = probe_not_asked(w);
    if (unheard) {
        dr_weigh_refuse(
            w, "R021",
            dr_arena_printf(w->a, "cannot see whether hosts at %s are alive", site_of(w)),
            dr_arena_printf(w->a, "probe %s was not asked", unheard),
            "drstor observe, then run again");
        return;
    }
    struct dr_stamp since = silence_start(w);
    if (contradicted(w, &since))
        return;
    if (waived)
        dr_weigh_prove(w, DRSTOR_EVIDENCE_E7_WAIVED, waiver(w, &since));
    else
        dr_weigh_prove(w, DRSTOR_EVIDENCE_E6_DECLARED,
                       dr_arena_printf(w->a, "%s; array %s silent, and no sign of life since %s",
                                       declaration(w), w->c->old->array->name,
                                       dr_utc_text(w->a, since.utc)));
    w->ret->evidence.silent_since = since;
    int64_t age = dr_stamp_age_s(&since, &w->c->facts->now);
    if (age < w->c->model->assert_min_s) { /* also -1: one that began in another boot starts anew */
        w->ret->verdict = DR_FENCE_WAIT;
        w->ret->wait_from = since;
        w->ret->wait_left_s = age < 0 ? w->c->model->assert_min_s : w->c->model->assert_min_s - age;
    }
}
