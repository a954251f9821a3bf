/* Readiness, and the mapping held against both engines. Both only look. */
#include "library/internal.h"

#include "base/str.h"
#include "base/timetext.h"
#include "ready/check.h"
#include "ready/mapping.h"

#include <unistd.h>

struct json_object *
dr_checks_json(const struct dr_check *list, size_t n)
{
    struct json_object *all = json_object_new_array();
    for (size_t i = 0; i < n; i++) {
        struct json_object *o = json_object_new_object();
        dr_json_set_str(o, "id", list[i].id);
        dr_json_set_str(o, "text", list[i].text);
        (void)json_object_object_add(o, "ok",
                                     list[i].ok == DRSTOR_TRI_UNKNOWN
                                         ? NULL
                                         : json_object_new_boolean(list[i].ok == DRSTOR_TRI_YES));
        dr_json_set_str(o, "evidence", list[i].evidence);
        dr_json_set_str(o, "remedy", list[i].remedy);
        if (list[i].advice)
            dr_json_set_bool(o, "advice", true);
        (void)json_object_array_add(all, o);
    }
    return all;
}

/* ---- check ----------------------------------------------------------------------------------- */

/* When each group was last tried out; a drill that did not come up is none. */
static int
last_drills(struct session *s, struct dr_last_drill **ret, size_t *ret_n, struct drstor_error **err)
{
    struct dr_run_row *rows = NULL;
    size_t n = 0;
    int r = s->store ? dr_store_run_list(s->store, s->arena, 10000, &rows, &n, err) : DRSTOR_OK;
    for (size_t i = 0; r == DRSTOR_OK && i < n; i++) /* newest first */
        for (size_t k = 0; k < rows[i].n_groups; k++) {
            bool known = !dr_streq(rows[i].verb, "drill-start") || rows[i].state != DR_RUN_DONE;
            for (size_t j = 0; j < *ret_n && !known; j++)
                known = dr_streq((*ret)[j].group, rows[i].groups[k]);
            if (!known)
                dr_arena_push(s->arena, *ret, *ret_n) =
                    (struct dr_last_drill){rows[i].groups[k], rows[i].started};
        }
    return r;
}

static struct json_object *
check_document(const struct dr_check_result *x, const struct dr_facts *facts)
{
    struct json_object *o = dr_report_new(), *groups = json_object_new_array();
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    for (size_t i = 0; i < x->n_groups; i++) {
        struct json_object *g = json_object_new_object();
        dr_json_set_str(g, "group", x->groups[i].group);
        dr_json_set_bool(g, "ready", x->groups[i].ready);
        dr_json_set(g, "checks", dr_checks_json(x->groups[i].checks, x->groups[i].n_checks));
        (void)json_object_array_add(groups, g);
    }
    dr_json_set(o, "groups", groups);
    dr_json_set(o, "checks", dr_checks_json(x->checks, x->n_checks));
    dr_json_set_bool(o, "ready", x->ready);
    dr_json_set_str(o, "observed_at", dr_utc_text(a, facts->now.utc));
    dr_json_set_i64(o, "exit", x->ready ? 0 : 6);
    return o;
}

int
drstor_check(struct drstor *d, const char *const *groups, size_t n, char **ret_json,
             struct drstor_error **err)
{
    struct session s;
    struct dr_facts facts;
    struct dr_plan_record *records = NULL;
    struct dr_last_drill *drills = NULL;
    size_t n_records = 0, n_drills = 0;
    int r = dr_groups_check(d->model, groups, n, err);
    if (r == DRSTOR_OK)
        r = dr_session_open(d, DR_STORE_READ, &s, err);
    if (r < 0)
        return r;
    s.details = true;
    /* All groups, whichever are asked for: what a VM's other disks belong to is one of the
     * questions. */
    r = dr_session_observe(&s, NULL, 0, true, false, &facts, err);
    if (r == DRSTOR_OK)
        r = dr_session_records(&s, &records, &n_records, err);
    if (r == DRSTOR_OK)
        r = last_drills(&s, &drills, &n_drills, err);
    if (r == DRSTOR_OK) {
        const struct dr_check_input in = {.model = d->model,
                                          .facts = &facts,
                                          .records = records,
                                          .n_records = n_records,
                                          .drills = drills,
                                          .n_drills = n_drills,
                                          .groups = n ? groups : NULL,
                                          .n_groups = n,
                                          .root = geteuid() == 0};
        struct dr_check_result x;
        dr_check_all(s.arena, &in, &x);
        struct json_object *o = check_document(&x, &facts);
        dr_json_set_str(o, "store_trouble", s.store_trouble);
        *ret_json = dr_document_text(o);
    }
    dr_session_close(&s);
    return r;
}

/* ---- the mapping ----------------------------------------------------------------------------- */

static struct json_object *
findings_json(const struct dr_finding *list, size_t n)
{
    struct json_object *all = json_object_new_array();
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    for (size_t i = 0; i < n; i++) {
        struct json_object *o = json_object_new_object();
        const struct dr_place *at = &list[i].place;
        dr_json_set_str(o, "id", list[i].id);
        dr_json_set_str(o, "text", list[i].text);
        if (at->file)
            dr_json_set_str(o, "place",
                            dr_arena_printf(a, "%s:%u:%u", at->file, at->line, at->column));
        dr_json_set_str(o, "remedy", list[i].remedy);
        if (list[i].advice)
            dr_json_set_bool(o, "advice", true);
        (void)json_object_array_add(all, o);
    }
    return all;
}

/* An engine that cannot be read is a finding too: nothing is known to fit. */
static const struct dr_inventory *
engine_of(struct session *s, const struct dr_facts *facts, const char *site,
          struct dr_finding **list, size_t *n)
{
    const struct dr_engine_facts *e = dr_facts_engine(facts, site);
    if (e && e->fresh)
        return &e->inventory;
    const struct dr_endpoint_facts *p = dr_facts_endpoint(
        facts, DR_ENDPOINT_ENGINE, dr_model_site(s->d->model, site)->engine->name);
    dr_arena_push(s->arena, *list, *n) = (struct dr_finding){
        .id = "M01",
        .text = dr_arena_printf(s->arena, "the engine of %s cannot be read: %s", site,
                                p && p->error ? p->error : "it was not asked"),
        .remedy = "bring it back, or correct its configuration"};
    return NULL;
}

int
dr_session_engines(struct session *s, struct dr_facts *facts, const char **ret_from,
                   const char **ret_to, struct drstor_error **err)
{
    if (!dr_map_sites(s->d->model, ret_from, ret_to)) {
        int r = dr_fail(err, DRSTOR_E_INVALID,
                        "a mapping is between two engines, and the "
                        "configuration does not have two");
        dr_hint(err, "give both sites their engine");
        return r;
    }
    s->details = true;
    return dr_session_observe(s, NULL, 0, true, false, facts, err);
}

int
drstor_map_check(struct drstor *d, char **ret_json, struct drstor_error **err)
{
    struct session s;
    struct dr_facts facts;
    struct dr_map_case c = {.model = d->model, .facts = &facts};
    struct dr_finding *list = NULL;
    size_t n = 0;
    int r = dr_session_open(d, DR_STORE_READ, &s, err);
    if (r < 0)
        return r;
    r = dr_session_engines(&s, &facts, &c.from, &c.to, err);
    if (r == DRSTOR_OK) {
        c.here = engine_of(&s, &facts, c.from, &list, &n);
        c.there = engine_of(&s, &facts, c.to, &list, &n);
        if (c.here && c.there)
            n = dr_map_check(s.arena, &c, &list);
        bool fits = true;
        for (size_t i = 0; i < n; i++)
            fits &= list[i].advice;
        struct json_object *o = dr_report_new();
        const char *file = d->model->mapping.file;
        dr_json_set_str(o, "file", file ? file : d->model->file);
        dr_json_set_str(o, "from", c.from);
        dr_json_set_str(o, "to", c.to);
        dr_json_set(o, "findings", findings_json(list, n));
        dr_json_set_i64(o, "exit", fits ? 0 : 6);
        *ret_json = dr_document_text(o);
    }
    dr_session_close(&s);
    return r;
}
