#include "plan/takeover.h"

#include "plan/loss.h"

#include "base/str.h"
#include "base/timetext.h"
#include "model/words.h"

/* ---- who may act ----------------------------------------------------------------------------- */

static const char *
name_of(const struct dr_model *m)
{
    return m->controller_name ? m->controller_name : "unnamed";
}

static const char *
takeover_command(struct dr_arena *a, const char *site)
{
    return dr_arena_printf(a, "drstor takeover --declare site-lost:%s --reason TEXT",
                           site ? site : "SITE");
}

bool
dr_role_refuses(struct dr_arena *a, const struct dr_model *m, const struct dr_controller *here,
                struct dr_refusal *ret)
{
    static const struct dr_controller none = {0};
    const char *name = name_of(m);
    here = here ? here : &none;
    if (dr_controller_acts(here, name, m->controller_standby))
        return false;
    *ret = (struct dr_refusal){
        .id = "R031", .text = dr_arena_printf(a, "this controller (%s) is the standby", name)};
    if (!here->active) {
        ret->evidence = "controller.role: standby";
        ret->remedy = dr_arena_printf(a, "work from the active controller; if its site is lost: %s",
                                      takeover_command(a, NULL));
    } else if (dr_streq(here->active, name)) {
        ret->text = dr_arena_printf(a, "the takeover by %s has begun and not ended", name);
        ret->evidence = dr_arena_printf(a, "begun %s", dr_utc_text(a, here->since));
        ret->remedy =
            dr_arena_printf(a, "go on with it: %s", takeover_command(a, here->before_site));
    } else if (m->controller_standby || here->term == 0) {
        ret->evidence = dr_arena_printf(a,
                                        "%s, at %s, is the active one: what is stored here is "
                                        "a copy of its store",
                                        here->active, here->site ? here->site : "?");
        ret->remedy = dr_arena_printf(a, "work from %s; if its site is lost: %s", here->active,
                                      takeover_command(a, here->site));
    } else {
        ret->id = "R052";
        ret->text = dr_arena_printf(a, "%s took over, this controller (%s) is not the active one",
                                    here->active, name);
        ret->evidence = dr_arena_printf(a, "since %s%s%s", dr_utc_text(a, here->since),
                                        here->reason ? ": " : "", here->reason ? here->reason : "");
        ret->remedy = dr_arena_printf(
            a, "work from %s, and make this one the standby: controller: { role: standby } in %s",
            here->active, m->file ? m->file : "its configuration");
    }
    return true;
}

/* ---- what answers at the other one's site ---------------------------------------------------- */

struct weigh {
    struct dr_arena *a;
    const struct dr_takeover_case *c;
    struct dr_takeover *ret;
    size_t n_silent;
    struct dr_stamp since; /* the youngest silence */
};

static void
answers(struct weigh *w, const char *text)
{
    struct dr_evidence *e = &w->ret->evidence;
    dr_arena_push(w->a, e->answering, e->n_answering) = text;
}

static void
silent(struct weigh *w, const struct dr_stamp *since)
{
    if (w->n_silent++ == 0 || since->boot_ns > w->since.boot_ns)
        w->since = *since;
}

/* Hosts that an engine shows are writers, and may carry the controller; it alone is neither. */
static void
look_at_engine(struct weigh *w, const struct dr_endpoint_facts *p)
{
    const struct dr_engine_facts *e = dr_facts_engine(w->c->facts, w->ret->site);
    size_t alive = 0;
    for (size_t i = 0; e && e->fresh && i < e->inventory.n_hosts; i++)
        alive += !dr_host_is_dead(e->inventory.hosts[i].status);
    if (alive || !e || !e->fresh)
        answers(w, dr_arena_printf(w->a, "engine %s, which shows %zu host%s alive", p->name, alive,
                                   alive == 1 ? "" : "s"));
}

static void
look_there(struct weigh *w)
{
    for (size_t i = 0; i < w->c->facts->n_endpoints; i++) {
        const struct dr_endpoint_facts *p = &w->c->facts->endpoints[i];
        if (!p->asked || !dr_streq(p->site, w->ret->site))
            continue;
        if (!p->answers && p->silent_since.boot_ns >= 0)
            silent(w, &p->silent_since);
        else if (p->kind == DR_ENDPOINT_ENGINE && p->answers)
            look_at_engine(w, p);
        else
            answers(w, dr_arena_printf(w->a, "%s %s%s%s",
                                       dr_name(&dr_endpoint_kind_names, (int)p->kind), p->name,
                                       p->answers ? "" : ", which cannot be used: ",
                                       p->answers ? ""
                                       : p->error ? p->error
                                                  : "no reason given"));
    }
}

/* Arrays elsewhere that see their peer there: alive, and only not for us. */
static const char *
sign_of_life(struct weigh *w)
{
    const struct dr_model *m = w->c->model;
    for (size_t i = 0; i < w->c->facts->n_copies; i++) {
        const struct dr_copy_facts *f = &w->c->facts->copies[i];
        const struct dr_group *g = dr_model_group(m, f->group);
        const struct dr_copy *there = g ? dr_group_copy(g, w->ret->site) : NULL;
        if (!there || !f->fresh || dr_streq(f->site, w->ret->site))
            continue;
        const struct dr_endpoint_facts *e =
            dr_facts_endpoint(w->c->facts, DR_ENDPOINT_ARRAY, there->array->name);
        if (!e || e->answers)
            continue;
        if (f->view.peer_seen == DRSTOR_TRI_YES)
            return dr_arena_printf(w->a, "array %s sees its peer at %s now", f->array,
                                   w->ret->site);
        if (w->n_silent && f->view.peer_seen_at > w->since.utc && w->since.utc >= 0) {
            w->since.boot_ns += (f->view.peer_seen_at - w->since.utc) * 1000000000;
            w->since.utc = f->view.peer_seen_at;
        }
    }
    return NULL;
}

/* ---- what can be made to refuse it ----------------------------------------------------------- */

bool
dr_takeover_fences(const struct dr_takeover_case *c, const struct dr_copy *copy,
                   const struct dr_group *g)
{
    const struct dr_copy_facts *f = dr_facts_copy(c->facts, g->name, copy->site->name);
    for (size_t i = 0; f && f->fresh && i < c->n_arrays; i++) {
        const struct dr_plan_array *array = &c->arrays[i];
        for (size_t k = 0; dr_streq(array->name, copy->array->name) && array->refuses_older &&
                           k < array->n_capabilities;
             k++)
            if (dr_streq(array->capabilities[k], "tag"))
                return true;
    }
    return false;
}

/* The first copy whose array does not refuse the other controller, or will not; NULL: none. */
static const char *
not_fenced(const struct weigh *w)
{
    const struct dr_takeover_case *c = w->c;
    for (size_t i = 0; i < c->n_fences; i++)
        if (!c->fences[i].done)
            return dr_arena_printf(w->a, "array %s, for group %s: %s", c->fences[i].array,
                                   c->fences[i].group, c->fences[i].why_not);
    for (size_t i = 0; !c->fences && i < c->model->n_groups; i++)
        for (size_t k = 0; k < c->model->groups[i].n_copies; k++) {
            const struct dr_group *g = &c->model->groups[i];
            if (!dr_takeover_fences(c, &g->copies[k], g))
                return dr_arena_printf(
                    w->a, "array %s, for group %s: it does not answer, or keeps no token",
                    g->copies[k].array->name, g->name);
        }
    return NULL;
}

/* ---- the verdict ----------------------------------------------------------------------------- */

static void
refuse(struct weigh *w, const char *id, const char *text, const char *evidence, const char *remedy)
{
    w->ret->verdict = DR_TAKEOVER_REFUSED;
    w->ret->refusal =
        (struct dr_refusal){.id = id, .text = text, .evidence = evidence, .remedy = remedy};
}

static const char *
listed(const struct weigh *w)
{
    enum { MOST = 5 };
    const struct dr_evidence *e = &w->ret->evidence;
    const char *text = e->n_answering ? e->answering[0] : "nothing";
    for (size_t i = 1; i < e->n_answering && i < MOST; i++)
        text = dr_arena_printf(w->a, "%s; %s", text, e->answering[i]);
    return e->n_answering > MOST
               ? dr_arena_printf(w->a, "%s; and %zu more", text, e->n_answering - MOST)
               : text;
}

/* "milan-1, at milan" */
static const char *
whom(const struct weigh *w)
{
    return *w->ret->other ? dr_arena_printf(w->a, "%s, at %s", w->ret->other, w->ret->site)
                          : dr_arena_printf(w->a, "the active controller, at %s", w->ret->site);
}

static void
prove(struct weigh *w, enum drstor_evidence_kind kind, const char *detail)
{
    struct dr_evidence *e = &w->ret->evidence;
    w->ret->verdict = w->c->fences ? DR_TAKEOVER_PROVEN : DR_TAKEOVER_FENCE;
    e->kind = kind;
    e->site = w->ret->site;
    e->by = w->c->person;
    e->detail = detail;
    e->at = w->c->facts->now;
}

static const char *
declaration(const struct weigh *w)
{
    return dr_arena_printf(
        w->a, "declared %s:%s (%s)",
        dr_name(&dr_declared_names, (int)dr_goal_declared(w->c->goal, w->ret->site)), w->ret->site,
        w->c->goal->reason ? w->c->goal->reason : "no reason");
}

/* Nothing answers there, and a person says why. */
static void
weigh_silence(struct weigh *w)
{
    int64_t age = dr_stamp_age_s(&w->since, &w->c->facts->now), least = w->c->model->assert_min_s;
    prove(w, DRSTOR_EVIDENCE_E6_DECLARED,
          dr_arena_printf(w->a, "%s; nothing there answers, and no sign of life since %s",
                          declaration(w), dr_utc_text(w->a, w->since.utc)));
    w->ret->evidence.silent_since = w->since;
    if (age >= least)
        return;
    w->ret->verdict = DR_TAKEOVER_WAIT; /* also -1: one that began in another boot starts anew */
    w->ret->wait_from = w->since;
    w->ret->wait_left_s = age < 0 ? least : least - age;
}

static void
weigh_waiver(struct weigh *w, const char *open)
{
    enum dr_waive may = w->c->model->waive_fence;
    if (may == DR_WAIVE_NO) {
        refuse(w, "R023",
               dr_arena_printf(w->a, "%s may still act, and that may not be waived", whom(w)),
               dr_arena_printf(w->a, "safety: { waive_fence: no } in %s; there answers: %s",
                               w->c->model->file, listed(w)),
               "switch that controller off with what answers there, then run again");
        return;
    }
    if (may == DR_WAIVE_TWO && !w->c->second) {
        refuse(
            w, "R029", "it takes two persons to take over from a controller that may still act",
            dr_arena_printf(w->a, "only %s has agreed; there answers: %s", w->c->person, listed(w)),
            dr_arena_printf(w->a, "within %s, another user gives the same command",
                            dr_duration_text(w->a, w->c->model->consent_valid_s)));
        return;
    }
    prove(w, DRSTOR_EVIDENCE_E7_WAIVED,
          dr_arena_printf(w->a,
                          "waived (%s) by %s%s%s, although there answers: %s; not made to refuse "
                          "it: %s; %s",
                          w->c->goal->waive_fence, w->c->person ? w->c->person : "?",
                          w->c->second ? " and " : "", w->c->second ? w->c->second : "", listed(w),
                          open, declaration(w)));
}

static void
still_there(struct weigh *w, const char *open)
{
    const char *waive =
        w->c->model->waive_fence == DR_WAIVE_NO
            ? ""
            : dr_arena_printf(w->a,
                              ". If you know that it is off: drstor takeover --declare outage:%s "
                              "--waive-fence TEXT --reason TEXT",
                              w->ret->site);
    refuse(w, "R051",
           w->ret->evidence.n_answering
               ? dr_arena_printf(w->a, "%s, may still act: something there answers", whom(w))
               : dr_arena_printf(w->a, "%s, may still act: nothing there is watched", whom(w)),
           dr_arena_printf(w->a, "answers: %s; cannot be made to refuse it: %s", listed(w), open),
           dr_arena_printf(w->a,
                           "switch that controller off with what answers there, or bring every "
                           "array that keeps a token into reach, then run again%s",
                           waive));
}

/* Whoever is wrong about the site may be wrong about the controller. */
static void
not_lost(struct weigh *w)
{
    refuse(w, "R051",
           dr_arena_printf(w->a, "%s was declared lost, but something there answers", w->ret->site),
           listed(w),
           dr_arena_printf(w->a,
                           "if only the controller there is gone: drstor takeover --declare "
                           "outage:%s --reason TEXT",
                           w->ret->site));
}

/* Where the other one is: as stored; or as declared, where nothing is stored. */
static void
find_other(struct weigh *w)
{
    const struct dr_controller *here = w->c->here;
    bool ours = dr_streq(here->active, name_of(w->c->model));
    w->ret->site = ours ? here->before_site : here->site;
    w->ret->other = ours ? here->before : here->active;
    for (size_t i = 0; !w->ret->site && i < w->c->goal->n_declare; i++)
        w->ret->site = w->c->goal->declare[i].site;
    w->ret->other = w->ret->other ? w->ret->other : "";
}

static bool
declared(struct weigh *w)
{
    enum dr_declared said =
        w->ret->site ? dr_goal_declared(w->c->goal, w->ret->site) : DR_DECLARED_UNKNOWN;
    if (said != DR_DECLARED_UNKNOWN && said != DR_DECLARED_RESTARTED)
        return true;
    refuse(w, "R051", "nobody has said what became of the active controller's site",
           w->ret->site ? dr_arena_printf(w->a, "the active controller is %s", whom(w))
                        : "nothing is stored here that names it",
           takeover_command(w->a, w->ret->site));
    return false;
}

void
dr_takeover_weigh(struct dr_arena *a, const struct dr_takeover_case *c, struct dr_takeover *ret)
{
    struct weigh w = {.a = a, .c = c, .ret = ret};
    *ret = (struct dr_takeover){0};
    dr_map_clear(&dr_evidence_type, &ret->evidence);
    find_other(&w);
    if (!declared(&w))
        return;
    look_there(&w);
    enum dr_declared said = dr_goal_declared(c->goal, ret->site);
    if (ret->evidence.n_answering && said == DR_DECLARED_SITE_LOST && !c->goal->waive_fence) {
        not_lost(&w);
        return;
    }
    /* What refuses it is better than any word: it need not be silent then. */
    const char *open = not_fenced(&w);
    if (!open && c->model->n_groups) {
        prove(&w, DRSTOR_EVIDENCE_NONE,
              dr_arena_printf(a, "every array refuses %s from now on", whom(&w)));
        return;
    }
    const char *alive = sign_of_life(&w);
    if (alive)
        refuse(&w, "R025",
               dr_arena_printf(a, "%s was declared lost, but there is a sign of life from it",
                               ret->site),
               alive, "bring what is there into reach, or switch it off; then run again");
    else if (!ret->evidence.n_answering && w.n_silent &&
             (said == DR_DECLARED_SITE_LOST || said == DR_DECLARED_OUTAGE))
        weigh_silence(&w);
    else if (c->goal->waive_fence)
        weigh_waiver(&w, open ? open : "no group is configured");
    else
        still_there(&w, open ? open : "no group is configured");
}

/* ---- which records are behind ---------------------------------------------------------------- */

const char *
dr_takeover_behind(struct dr_arena *a, const struct dr_group *g, const struct dr_record *record,
                   const struct dr_facts *facts)
{
    const struct dr_copy_facts *primary = dr_facts_copy(facts, g->name, record->primary);
    for (size_t i = 0; i < g->n_copies; i++) {
        const struct dr_copy_facts *f = dr_facts_copy(facts, g->name, g->copies[i].site->name);
        if (!f || !f->fresh)
            continue;
        if (f->view.epoch > record->epoch)
            return dr_arena_printf(
                a, "array %s knows epoch %lld of group %s, the record is of %lld", f->array,
                (long long)f->view.epoch, g->name, (long long)record->epoch);
        bool elsewhere = !dr_streq(f->site, record->primary) && dr_view_writable(&f->view);
        bool serves = primary && primary->fresh && !dr_view_closed(&primary->view);
        if (elsewhere && !serves && g->topology != DR_TOPOLOGY_ACTIVE_ACTIVE)
            return dr_arena_printf(
                a, "group %s is writable at %s, and the record names %s as its primary", g->name,
                f->site, record->primary ? record->primary : "nobody");
    }
    return NULL;
}
