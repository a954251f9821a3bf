#include "ready/check.h"

#include "base/str.h"
#include "base/timetext.h"

enum { CERTIFICATE_LATE_S = 7 * 86400, CERTIFICATE_SOON_S = 30 * 86400 };

struct dr_check *
dr_check_add(struct dr_checks *c, const char *id, enum drstor_tristate ok, const char *text,
             const char *evidence, const char *remedy)
{
    struct dr_check *x = &dr_arena_push(c->a, c->list, c->n);
    *x = (struct dr_check){id, text, ok, evidence, ok == DRSTOR_TRI_YES ? NULL : remedy, false};
    return x;
}

enum drstor_tristate
dr_check_yes_if(bool known, bool holds)
{
    return !known ? DRSTOR_TRI_UNKNOWN : holds ? DRSTOR_TRI_YES : DRSTOR_TRI_NO;
}

/* ---- endpoints ------------------------------------------------------------------------------- */

static void
check_certificate(struct dr_checks *c, const struct dr_endpoint_facts *e, const char *what)
{
    int64_t left = e->trusted_until - c->in->facts->now.utc;
    if (e->trusted_until < 0)
        return; /* it shows none, as a world in a file */
    dr_check_add(
        c, "C03", dr_check_yes_if(true, left >= CERTIFICATE_SOON_S),
        dr_arena_printf(c->a, "the certificates of %s are good for 30 days more", what),
        dr_arena_printf(c->a, "the first of them ends %s", dr_utc_text(c->a, e->trusted_until)),
        "renew it, and give drstor the new CA file if that changes")
        ->advice = left >= CERTIFICATE_LATE_S;
}

static void
check_endpoints(struct dr_checks *c)
{
    const struct dr_facts *f = c->in->facts;
    for (size_t i = 0; i < f->n_endpoints; i++) {
        const struct dr_endpoint_facts *e = &f->endpoints[i];
        if (!e->asked || e->kind == DR_ENDPOINT_PROBE)
            continue;
        bool engine = e->kind == DR_ENDPOINT_ENGINE;
        const char *what = dr_arena_printf(c->a, "%s %s", engine ? "engine" : "array", e->name);
        (void)dr_check_add(
            c, engine ? "C02" : "C01", dr_check_yes_if(true, e->answers),
            dr_arena_printf(c->a, "%s answers and lets drstor in", what),
            e->answers ? dr_arena_printf(c->a, "within %lld ms", (long long)e->took_ms) : e->error,
            dr_arena_printf(c->a, "bring %s back, or correct its configuration", what));
        check_certificate(c, e, what);
    }
}

static void
check_itself(struct dr_checks *c)
{
    dr_check_add(c, "C04", dr_check_yes_if(true, !c->in->root), "drstor runs as a user of its own",
                 c->in->root ? "it runs as root" : "it does not run as root",
                 "run it as a user that owns nothing but its state and its secrets")
        ->advice = true;
}

/* ---- groups ---------------------------------------------------------------------------------- */

static const struct dr_plan_record *
record_of(const struct dr_check_input *in, const char *group)
{
    for (size_t i = 0; i < in->n_records; i++)
        if (dr_streq(in->records[i].group, group))
            return &in->records[i];
    return NULL;
}

static const struct dr_inventory *
inventory_of(const struct dr_facts *f, const char *site)
{
    const struct dr_engine_facts *e = dr_facts_engine(f, site);
    return e && e->fresh ? &e->inventory : NULL;
}

/* Where it serves: as recorded, else as configured. */
static const struct dr_copy *
serving(const struct dr_group *g, const struct dr_plan_record *r)
{
    const struct dr_copy *copy = NULL;
    if (r && r->present)
        copy = dr_group_copy(g, r->record.primary);
    if (!copy && g->preferred)
        copy = dr_group_copy(g, g->preferred->name);
    return copy ? copy : &g->copies[0];
}

bool
dr_check_move_of(struct dr_checks *c, const struct dr_group *g, size_t copy,
                 struct dr_check_move *ret)
{
    const struct dr_facts *f = c->in->facts;
    struct dr_check_move m = {.group = g, .record = record_of(c->in, g->name)};
    m.here = serving(g, m.record);
    m.there = &g->copies[copy];
    if (m.there == m.here)
        return false;
    m.here_facts = dr_facts_copy(f, g->name, m.here->site->name);
    m.there_facts = dr_facts_copy(f, g->name, m.there->site->name);
    m.here_engine = inventory_of(f, m.here->site->name);
    m.there_engine = inventory_of(f, m.there->site->name);
    if (m.here_engine)
        m.n_domains = dr_group_domains(c->a, g, m.here_facts, m.here_engine, &m.domains);
    for (size_t i = 0; m.here_engine && i < m.here_engine->n_vms; i++)
        if (dr_vm_of_group(m.here_engine, &m.here_engine->vms[i], m.domains, m.n_domains))
            dr_arena_push(c->a, m.vms, m.n_vms) = &m.here_engine->vms[i];
    *ret = m;
    return true;
}

static void
check_drill(struct dr_checks *c, const struct dr_group *g)
{
    int64_t last = -1, now = c->in->facts->now.utc;
    for (size_t i = 0; i < c->in->n_drills; i++)
        if (dr_streq(c->in->drills[i].group, g->name))
            last = c->in->drills[i].utc;
    if (g->drill_every_s < 0)
        return;
    (void)dr_check_add(
        c, "C38", dr_check_yes_if(true, last >= 0 && now - last <= g->drill_every_s),
        dr_arena_printf(c->a, "a drill was made within %s",
                        dr_duration_text(c->a, g->drill_every_s)),
        last < 0 ? "none was made"
                 : dr_arena_printf(c->a, "the last one began %s", dr_utc_text(c->a, last)),
        dr_arena_printf(c->a, "drstor drill start %s", g->name));
}

static bool
wanted(const struct dr_check_input *in, const char *group)
{
    for (size_t i = 0; i < in->n_groups; i++)
        if (dr_streq(in->groups[i], group))
            return true;
    return !in->groups;
}

static bool
all_hold(const struct dr_check *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].ok != DRSTOR_TRI_YES && !list[i].advice)
            return false;
    return true;
}

void
dr_check_all(struct dr_arena *a, const struct dr_check_input *in, struct dr_check_result *ret)
{
    struct dr_checks site = {.a = a, .in = in};
    *ret = (struct dr_check_result){.ready = true};
    for (size_t i = 0; i < in->model->n_groups; i++) {
        const struct dr_group *g = &in->model->groups[i];
        struct dr_checks c = {.a = a, .in = in};
        struct dr_check_move m;
        if (!wanted(in, g->name))
            continue;
        for (size_t k = 0; k < g->n_copies; k++) {
            if (!dr_check_move_of(&c, g, k, &m))
                continue;
            dr_check_storage(&c, &m);
            dr_check_vms(&c, &m);
        }
        check_drill(&c, g);
        dr_arena_push(a, ret->groups, ret->n_groups) =
            (struct dr_check_group){g->name, all_hold(c.list, c.n), c.list, c.n};
        ret->ready &= all_hold(c.list, c.n);
    }
    check_endpoints(&site);
    dr_check_places(&site);
    check_itself(&site);
    ret->checks = site.list;
    ret->n_checks = site.n;
    ret->ready &= all_hold(site.list, site.n);
}
