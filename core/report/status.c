#include "report/document.h"

#include "base/str.h"
#include "base/timetext.h"
#include "model/words.h"

struct json_object *
dr_report_new(void)
{
    struct json_object *o = json_object_new_object();
    dr_json_set_str(o, "api", "drstor/v1");
    return o;
}

static void
set_time(struct json_object *o, const char *key, int64_t utc)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    if (utc >= 0)
        dr_json_set_str(o, key, dr_utc_text(a, utc));
}

struct json_object *
dr_report_endpoint(const struct dr_endpoint_facts *e, const struct dr_stamp *now)
{
    struct json_object *o = json_object_new_object();
    dr_json_set_str(o, "kind", dr_name(&dr_endpoint_kind_names, (int)e->kind));
    dr_json_set_str(o, "name", e->name);
    dr_json_set_str(o, "site", e->site);
    dr_json_set_bool(o, "answers", e->answers);
    dr_json_set_str(o, "error", e->error);
    set_time(o, "last_answer", e->last_answer.utc);
    if (!e->answers) {
        set_time(o, "silent_since", e->silent_since.utc);
        int64_t s = dr_stamp_age_display_s(&e->silent_since, now);
        if (s >= 0)
            dr_json_set_i64(o, "silent_s", s);
    }
    return o;
}

static struct json_object *
members(const struct dr_copy_view *v)
{
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < v->n_members; i++) {
        const struct dr_member *m = &v->members[i];
        struct json_object *o = json_object_new_object();
        dr_json_set_str(o, "id", m->id);
        dr_json_set_str(o, "pair", m->pair);
        dr_json_set_str(o, "wwid", m->wwid);
        if (m->size >= 0)
            dr_json_set_i64(o, "size", m->size);
        dr_json_set_str(o, "access", dr_name(&dr_access_names, (int)m->access));
        (void)json_object_array_add(list, o);
    }
    return list;
}

/* The recovery points beside the newest, as they were when they were read. */
static void
set_points(struct json_object *o, const struct dr_copy_facts *f, const struct dr_stamp *now)
{
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < f->n_points; i++) {
        const struct dr_point *p = &f->points[i];
        struct json_object *x = json_object_new_object();
        dr_json_set_str(x, "id", p->id);
        set_time(x, "at", p->at);
        if (p->at >= 0 && now->utc >= p->at)
            dr_json_set_i64(x, "age_s", now->utc - p->at);
        dr_json_set_str(x, "kind", dr_name(&dr_point_kind_names, (int)p->kind));
        dr_json_set_str(x, "label", p->label);
        (void)json_object_array_add(list, x);
    }
    if (f->points_seen.boot_ns >= 0 || f->n_points)
        dr_json_set(o, "points", json_object_get(list));
    if (f->points_more > 0)
        dr_json_set_i64(o, "points_more", f->points_more);
    dr_json_set_str(o, "points_error", f->points_error);
    (void)json_object_put(list);
}

/* What is not read now is unknown, whatever was known before; that goes beside it. */
static struct json_object *
copy_json(const struct dr_copy *c, const struct dr_copy_facts *f, const struct dr_facts *facts)
{
    struct json_object *o = json_object_new_object();
    bool fresh = f && f->fresh;
    dr_json_set_str(o, "site", c->site->name);
    dr_json_set_str(o, "array", c->array->name);
    dr_json_set_str(o, "access", dr_name(&dr_access_names, fresh ? (int)f->view.access : 0));
    dr_json_set_str(o, "sync", dr_name(&dr_sync_names, fresh ? (int)f->view.sync : 0));
    dr_json_set_bool(o, "fresh", fresh);
    if (f) {
        set_time(o, "observed_at", f->seen.utc);
        int64_t s = dr_stamp_age_display_s(&f->seen, &facts->now);
        if (s >= 0)
            dr_json_set_i64(o, "age_s", s);
        set_time(o, "recovery_point", f->view.point);
        if (!fresh) {
            dr_json_set_str(o, "last_access", dr_name(&dr_access_names, (int)f->view.access));
            dr_json_set_str(o, "last_sync", dr_name(&dr_sync_names, (int)f->view.sync));
        }
        set_points(o, f, &facts->now);
    }
    dr_json_set_str(o, "source", c->array->name);
    const struct dr_endpoint_facts *e = dr_facts_endpoint(facts, DR_ENDPOINT_ARRAY, c->array->name);
    if (!fresh && e)
        dr_json_set_str(o, "error",
                        e->error     ? e->error
                        : e->answers ? "the array does not know this copy"
                                     : "not asked");
    dr_json_set(o, "members", fresh ? members(&f->view) : json_object_new_array());
    return o;
}

/* A copy that is not the primary and is writable, or NULL. */
static const struct dr_copy_facts *
other_writable(const struct dr_group *g, const struct dr_plan_record *r,
               const struct dr_facts *facts)
{
    for (size_t i = 0; r && i < g->n_copies; i++) {
        const struct dr_copy_facts *f = dr_facts_copy(facts, g->name, g->copies[i].site->name);
        if (f && f->fresh && f->view.access == DRSTOR_ACCESS_READ_WRITE &&
            !dr_streq(f->site, r->record.primary))
            return f;
    }
    return NULL;
}

/* Something is wrong with what is known, or under way; a person's next step. */
static const char *
next_when_blocked(struct dr_arena *a, const struct dr_group *g, const struct dr_plan_record *r,
                  const struct dr_facts *facts)
{
    if (r && r->damaged)
        return "drstor journal verify";
    if (r && r->open_run)
        return dr_arena_printf(a, "drstor run resume %s", r->open_run);
    const struct dr_copy_facts *w = other_writable(g, r, facts);
    return w ? dr_arena_printf(a, "drstor demote %s --at %s", g->name, w->site) : "look at it";
}

/* Nothing follows the primary: because somebody stopped it, or since a flip, or it is broken. */
static const char *
next_when_exposed(struct dr_arena *a, const struct dr_group *g, const struct dr_copy_facts *f,
                  const char *site)
{
    if (!f || !f->fresh)
        return dr_arena_printf(a, "drstor reprotect %s, when %s answers", g->name,
                               site ? site : "the other site");
    if (f->view.sync == DRSTOR_SYNC_PAUSED)
        return dr_arena_printf(a, "drstor resume %s", g->name);
    return dr_arena_printf(a, "drstor reprotect %s", g->name);
}

static const struct dr_copy *
other_copy(const struct dr_group *g, const struct dr_plan_record *r)
{
    for (size_t i = 0; r && r->present && i < g->n_copies; i++)
        if (!dr_streq(g->copies[i].site->name, r->record.primary))
            return &g->copies[i];
    return NULL;
}

static const char *
next_thing(struct dr_arena *a, const struct dr_group *g, enum dr_condition c,
           const struct dr_plan_record *r, const struct dr_facts *facts)
{
    const struct dr_copy *other = other_copy(g, r);
    const char *site = other ? other->site->name : NULL;
    switch (c) {
    case DR_CONDITION_UNADOPTED:
        return dr_arena_printf(a, "drstor adopt %s", g->name);
    case DR_CONDITION_BLOCKED:
        return next_when_blocked(a, g, r, facts);
    case DR_CONDITION_EXPOSED:
        return next_when_exposed(a, g, site ? dr_facts_copy(facts, g->name, site) : NULL, site);
    case DR_CONDITION_DIVERGED: /* what only the other copy has is lost by it: shown first */
        return dr_arena_printf(a, "drstor plan reprotect %s", g->name);
    case DR_CONDITION_UNKNOWN:
        return "reach the primary, or declare its site lost and promote";
    case DR_CONDITION_FENCED:
        return dr_arena_printf(a, "drstor promote %s --to %s", g->name, r->record.primary);
    case DR_CONDITION_DUAL_UNVERIFIED:
        return dr_arena_printf(a, "drstor verify %s", g->name);
    case DR_CONDITION_TESTING:
        return dr_arena_printf(a, "drstor drill clean %s", g->name);
    case DR_CONDITION_PROTECTED:
        return g->preferred && !dr_streq(g->preferred->name, r->record.primary)
                   ? dr_arena_printf(a, "drstor failback %s", g->name)
                   : NULL;
    case DR_CONDITION_DUAL_VERIFIED:
        break;
    }
    return NULL;
}

/* What is wrong with the engine that would run the VMs of G after its next promote; NULL: nothing
 * is seen to be. */
static const char *
engine_trouble(struct dr_arena *a, const struct dr_group *g, const struct dr_plan_record *r,
               const struct dr_facts *facts)
{
    const struct dr_copy *other = other_copy(g, r);
    if (!other || !other->site->engine)
        return NULL;
    const struct dr_engine_facts *e = dr_facts_engine(facts, other->site->name);
    return e && e->fresh
               ? NULL
               : dr_arena_printf(a, "the engine of %s, which would run its VMs, cannot be used",
                                 other->site->name);
}

/* What the record keeps of a drill, of a copy that was left behind, of a time without one. */
static void
set_record(struct json_object *o, const struct dr_record *r, const struct dr_stamp *now)
{
    if (r->drill.name) {
        struct json_object *drill = json_object_new_object();
        dr_json_set_str(drill, "name", r->drill.name);
        dr_json_set_str(drill, "site", r->drill.site);
        dr_json_set_str(drill, "run", r->drill.run);
        dr_json_set_str(drill, "by", r->drill.by);
        dr_json_set_str(drill, "point", r->drill.point);
        dr_json_set_bool(drill, "shown", r->drill.shown);
        dr_json_set_bool(drill, "at_engine", r->drill.n_luns > 0);
        set_time(drill, "started", r->drill.started);
        if (r->drill.started >= 0 && now->utc >= r->drill.started)
            dr_json_set_i64(drill, "age_s", now->utc - r->drill.started);
        dr_json_set(o, "drill", drill);
    }
    if (r->old_copy != DR_OLD_COPY_NONE) {
        dr_json_set_str(o, "old_copy", dr_name(&dr_old_copy_names, (int)r->old_copy));
        dr_json_set_str(o, "old_copy_holds", r->left.text);
        dr_json_set_str(o, "promoted_point", r->left.point);
    }
    set_time(o, "exposed_since", r->exposed_since);
    if (r->exposed_since >= 0 && now->utc >= r->exposed_since)
        dr_json_set_i64(o, "exposed_s", now->utc - r->exposed_since);
}

/* The last flip of the group rests on the weakest proof there is (E7); NULL: it does not. */
static struct json_object *
waived(struct dr_arena *a, const struct dr_record *r)
{
    const struct dr_evidence *e = r->n_evidence ? &r->evidence[0] : NULL;
    if (!e || e->kind != DRSTOR_EVIDENCE_E7_WAIVED)
        return NULL;
    struct json_object *o = json_object_new_object();
    dr_json_set_str(o, "site", e->site);
    dr_json_set_str(o, "by", e->by);
    dr_json_set_str(o, "confirmed_by", r->consent.confirmed_by);
    if (e->at.utc >= 0)
        dr_json_set_str(o, "at", dr_utc_text(a, e->at.utc));
    dr_json_set_str(o, "text", e->detail);
    return o;
}

struct json_object *
dr_report_group(const struct dr_model *m, const struct dr_group *g, const struct dr_facts *facts,
                const struct dr_plan_record *record)
{
    (void)m;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct json_object *o = json_object_new_object(), *copies = json_object_new_array();
    const char *why = NULL;
    enum dr_condition c = dr_condition_of(a, g, record, facts, &why);
    const struct dr_copy_facts *replica = NULL;
    bool have = record && record->present;

    dr_json_set_str(o, "name", g->name);
    dr_json_set_str(o, "mode", dr_name(&dr_mode_names, (int)g->mode));
    dr_json_set_str(o, "topology", dr_name(&dr_topology_names, (int)g->topology));
    if (have)
        dr_json_set_i64(o, "epoch", record->record.epoch);
    dr_json_set_str(o, "primary", have ? record->record.primary : NULL);
    dr_json_set_str(o, "condition", dr_name(&dr_condition_names, (int)c));
    dr_json_set_str(o, "reason", why);
    if (have)
        dr_json_set(o, "fence_waived", waived(a, &record->record));
    for (size_t i = 0; i < g->n_copies; i++) {
        const struct dr_copy_facts *f = dr_facts_copy(facts, g->name, g->copies[i].site->name);
        (void)json_object_array_add(copies, copy_json(&g->copies[i], f, facts));
        if (have && !dr_streq(g->copies[i].site->name, record->record.primary) && f)
            replica = f;
    }
    dr_json_set_bool(o, "in_sync",
                     replica && replica->fresh && replica->view.sync == DRSTOR_SYNC_IN_SYNC);
    if (replica && replica->fresh && replica->view.lag_s >= 0)
        dr_json_set_i64(o, "lag_s", replica->view.lag_s);
    if (replica)
        set_time(o, "recovery_point", replica->view.point);
    if (g->rpo_s >= 0)
        dr_json_set_i64(o, "rpo_s", g->rpo_s);
    if (g->rto_s >= 0)
        dr_json_set_i64(o, "rto_s", g->rto_s);
    bool late =
        g->rpo_s >= 0 && g->mode == DR_MODE_ASYNC && replica && replica->view.lag_s > g->rpo_s;
    const char *trouble = have ? engine_trouble(a, g, record, facts) : NULL;
    /* A drill keeps no promote waiting. */
    bool could = c == DR_CONDITION_PROTECTED || c == DR_CONDITION_TESTING;
    dr_json_set_bool(o, "ready", could && !late && !trouble);
    if (late)
        dr_json_set_str(o, "reason", "the copy is further behind than the RPO allows");
    else if (could && trouble)
        dr_json_set_str(o, "reason", trouble);
    if (have)
        set_record(o, &record->record, &facts->now);
    const char *next = next_thing(a, g, c, record, facts);
    if (could && trouble && !next)
        next = dr_arena_printf(a, "drstor check %s", g->name);
    dr_json_set_str(o, "next", next);
    dr_json_set(o, "copies", copies);
    return o;
}

static const struct dr_plan_record *
record_of(const struct dr_plan_record *records, size_t n, const char *group)
{
    for (size_t i = 0; i < n; i++)
        if (dr_streq(records[i].group, group))
            return &records[i];
    return NULL;
}

struct json_object *
dr_report_status(const struct dr_model *m, const struct dr_facts *facts,
                 const struct dr_plan_record *records, size_t n_records, const char *const *groups,
                 size_t n)
{
    struct json_object *o = dr_report_new();
    struct json_object *list = json_object_new_array(), *ends = json_object_new_array();
    for (size_t i = 0; i < m->n_groups; i++) {
        bool wanted = groups == NULL;
        for (size_t k = 0; k < n && !wanted; k++)
            wanted = dr_streq(groups[k], m->groups[i].name);
        if (wanted)
            (void)json_object_array_add(
                list, dr_report_group(m, &m->groups[i], facts,
                                      record_of(records, n_records, m->groups[i].name)));
    }
    for (size_t i = 0; i < facts->n_endpoints; i++)
        if (facts->endpoints[i].asked)
            (void)json_object_array_add(ends,
                                        dr_report_endpoint(&facts->endpoints[i], &facts->now));
    dr_json_set(o, "groups", list);
    dr_json_set(o, "endpoints", ends);
    set_time(o, "observed_at", facts->now.utc);
    return o;
}
