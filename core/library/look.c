#include "library/internal.h"

#include "base/str.h"
#include "base/timetext.h"
#include "model/words.h"

int
drstor_status(struct drstor *d, const char *const *groups, size_t n, char **ret_json,
              struct drstor_error **err)
{
    struct session s;
    struct dr_facts facts;
    struct dr_plan_record *records = NULL;
    size_t n_records = 0;
    int r = dr_groups_check(d->model, groups, n, err);
    if (r == DRSTOR_OK)
        r = dr_session_open(d, DR_STORE_READ, &s, err);
    if (r < 0)
        return r;
    s.points = true;
    r = dr_session_observe(&s, n ? groups : NULL, n, true, false, &facts, err);
    if (r == DRSTOR_OK)
        r = dr_session_records(&s, &records, &n_records, err);
    if (r == DRSTOR_OK) {
        struct json_object *o =
            dr_report_status(d->model, &facts, records, n_records, n ? groups : NULL, n);
        dr_json_set_str(o, "store_trouble", s.store_trouble);
        dr_json_set(o, "controller", dr_session_controller_json(&s));
        dr_json_set_i64(o, "exit", 0);
        *ret_json = dr_document_text(o);
    }
    dr_session_close(&s);
    return r;
}

/* ---- show ------------------------------------------------------------------------------------ */

static struct json_object *
show_site(const struct dr_model *m, const struct dr_site *site, const struct dr_facts *facts)
{
    struct json_object *o = json_object_new_object(), *ends = json_object_new_array(),
                       *groups = json_object_new_array();
    dr_json_set_str(o, "name", site->name);
    dr_json_set_str(o, "engine", site->engine ? site->engine->name : NULL);
    for (size_t i = 0; i < facts->n_endpoints; i++)
        if (dr_streq(facts->endpoints[i].site, site->name) && facts->endpoints[i].asked)
            (void)json_object_array_add(ends,
                                        dr_report_endpoint(&facts->endpoints[i], &facts->now));
    for (size_t i = 0; i < m->n_groups; i++)
        if (dr_group_copy(&m->groups[i], site->name))
            (void)json_object_array_add(groups, json_object_new_string(m->groups[i].name));
    dr_json_set(o, "groups", groups);
    dr_json_set(o, "endpoints", ends);
    return o;
}

static struct json_object *
show_array(const struct dr_array *array, const struct dr_facts *facts)
{
    struct json_object *o = json_object_new_object(), *copies = json_object_new_array();
    const struct dr_endpoint_facts *e = dr_facts_endpoint(facts, DR_ENDPOINT_ARRAY, array->name);
    dr_json_set_str(o, "name", array->name);
    dr_json_set_str(o, "plugin", array->plugin);
    dr_json_set_str(o, "site", array->site->name);
    if (e)
        dr_json_set(o, "endpoint", dr_report_endpoint(e, &facts->now));
    for (size_t i = 0; i < facts->n_copies; i++)
        if (dr_streq(facts->copies[i].array, array->name))
            (void)json_object_array_add(copies,
                                        dr_map_write(&dr_copy_facts_type, &facts->copies[i]));
    dr_json_set(o, "copies", copies);
    return o;
}

static struct json_object *
show_engine(const struct dr_model *m, const char *name, const struct dr_facts *facts)
{
    for (size_t i = 0; i < m->n_sites; i++) {
        const struct dr_site *s = &m->sites[i];
        if (!s->engine || (!dr_streq(s->engine->name, name) && !dr_streq(s->name, name)))
            continue;
        const struct dr_engine_facts *e = dr_facts_engine(facts, s->name);
        const struct dr_endpoint_facts *p =
            dr_facts_endpoint(facts, DR_ENDPOINT_ENGINE, s->engine->name);
        struct json_object *o = json_object_new_object();
        dr_json_set_str(o, "name", s->engine->name);
        dr_json_set_str(o, "site", s->name);
        if (p)
            dr_json_set(o, "endpoint", dr_report_endpoint(p, &facts->now));
        if (e)
            dr_json_set(o, "facts", dr_map_write(&dr_engine_facts_type, e));
        return o;
    }
    return NULL;
}

static struct json_object *
show_one(const struct dr_model *m, const char *kind, const char *name, const struct dr_facts *facts,
         const struct dr_plan_record *records, size_t n)
{
    const struct dr_plan_record *rec = NULL;
    for (size_t i = 0; i < n; i++)
        if (dr_streq(records[i].group, name))
            rec = &records[i];
    if (dr_streq(kind, "group") && dr_model_group(m, name))
        return dr_report_group(m, dr_model_group(m, name), facts, rec);
    if (dr_streq(kind, "record") && rec && rec->present)
        return dr_map_write(&dr_record_type, &rec->record);
    if (dr_streq(kind, "site") && dr_model_site(m, name))
        return show_site(m, dr_model_site(m, name), facts);
    if (dr_streq(kind, "array") && dr_model_array(m, name))
        return show_array(dr_model_array(m, name), facts);
    if (dr_streq(kind, "engine"))
        return show_engine(m, name, facts);
    return NULL;
}

int
drstor_show(struct drstor *d, const char *kind, const char *name, char **ret_json,
            struct drstor_error **err)
{
    static const char *const kinds[] = {"group", "site", "array", "engine", "record", "run"};
    bool known = false;
    for (size_t i = 0; i < DR_COUNT(kinds); i++)
        known |= dr_streq(kinds[i], kind);
    if (!known) {
        const char *near = dr_nearest(kind, kinds, DR_COUNT(kinds));
        int r = dr_fail(err, DRSTOR_E_INVALID, "there is nothing of the kind \"%s\" to show", kind);
        dr_hint(err, near ? "did you mean \"%s\"?" : "%s",
                near ? near
                     : "group, site, array, engine, record "
                       "or run");
        return r;
    }
    if (dr_streq(kind, "run"))
        return drstor_run_show(d, name, ret_json, err);
    struct session s;
    struct dr_facts facts;
    struct dr_plan_record *records = NULL;
    size_t n = 0;
    int r = dr_session_open(d, DR_STORE_READ, &s, err);
    if (r < 0)
        return r;
    s.points = true;
    r = dr_session_observe(&s, NULL, 0, true, false, &facts, err);
    if (r == DRSTOR_OK)
        r = dr_session_records(&s, &records, &n, err);
    if (r == DRSTOR_OK) {
        struct json_object *found = show_one(d->model, kind, name, &facts, records, n);
        struct json_object *o = dr_report_new();
        if (found) {
            dr_json_set_str(o, "kind", kind);
            dr_json_set(o, kind, found);
            dr_json_set_i64(o, "exit", 0);
            *ret_json = dr_document_text(o);
        } else {
            (void)json_object_put(o);
            r = dr_fail(err, DRSTOR_E_INVALID, "there is no %s \"%s\"", kind, name);
        }
    }
    dr_session_close(&s);
    return r;
}

/* ---- runs ------------------------------------------------------------------------------------ */

/* Runs are only in the store: without one there is nothing to look at. */
static int
open_runs(struct drstor *d, struct session *s, struct drstor_error **err)
{
    int r = dr_session_open(d, DR_STORE_READ, s, err);
    if (r < 0 || s->store)
        return r;
    r = s->store_trouble ? dr_refuse(err, "R090", "%s", s->store_trouble)
                         : dr_fail(err, DRSTOR_E_NOTFOUND, "there is no run yet: %s does not exist",
                                   d->model->state_sqlite);
    dr_session_close(s);
    return r;
}

int
drstor_run_list(struct drstor *d, char **ret_json, struct drstor_error **err)
{
    struct session s;
    struct dr_run_row *rows = NULL;
    size_t n = 0;
    int r = dr_session_open(d, DR_STORE_READ, &s, err);
    if (r < 0)
        return r;
    if (s.store_trouble)
        r = dr_refuse(err, "R090", "%s", s.store_trouble);
    else if (s.store)
        r = dr_store_run_list(s.store, s.arena, 1000, &rows, &n, err);
    struct json_object *o = dr_report_new(), *list = json_object_new_array();
    for (size_t i = 0; i < n; i++) {
        struct json_object *x = json_object_new_object(), *groups = json_object_new_array();
        dr_json_set_str(x, "run", rows[i].id);
        dr_json_set_str(x, "verb", rows[i].verb);
        for (size_t k = 0; k < rows[i].n_groups; k++)
            (void)json_object_array_add(groups, json_object_new_string(rows[i].groups[k]));
        dr_json_set(x, "groups", groups);
        dr_json_set_str(x, "who", rows[i].who);
        dr_json_set_str(x, "state", dr_name(&dr_run_state_names, (int)rows[i].state));
        dr_json_set_bool(x, "open", dr_run_state_open(rows[i].state));
        dr_json_set_str(x, "started", dr_utc_text(s.arena, rows[i].started));
        if (rows[i].ended >= 0)
            dr_json_set_str(x, "ended", dr_utc_text(s.arena, rows[i].ended));
        (void)json_object_array_add(list, x);
    }
    dr_json_set(o, "runs", list);
    dr_json_set_i64(o, "exit", 0);
    if (r == DRSTOR_OK)
        *ret_json = dr_document_text(o);
    else
        (void)json_object_put(o);
    dr_session_close(&s);
    return r;
}

int
drstor_run_show(struct drstor *d, const char *run, char **ret_json, struct drstor_error **err)
{
    struct session s;
    struct json_object *o = NULL;
    int r = open_runs(d, &s, err);
    if (r < 0)
        return r;
    r = dr_report_run(s.store, s.arena, run, &o, err);
    if (r == DRSTOR_OK)
        *ret_json = dr_document_text(o);
    dr_session_close(&s);
    return r;
}

int
drstor_run_events(struct drstor *d, const char *run, int64_t after, char **ret_json,
                  struct drstor_error **err)
{
    struct session s;
    struct dr_run_row row;
    struct dr_event_row *events = NULL;
    size_t n = 0;
    int r = open_runs(d, &s, err);
    if (r < 0)
        return r;
    r = dr_store_run_load(s.store, s.arena, run, &row, err);
    if (r == DRSTOR_OK)
        r = dr_store_event_list(s.store, s.arena, run, after, 10000, &events, &n, err);
    if (r == DRSTOR_OK) {
        struct json_object *o = dr_report_new(), *list = json_object_new_array();
        dr_json_set_str(o, "run", run);
        dr_json_set_str(o, "state", dr_name(&dr_run_state_names, (int)row.state));
        dr_json_set_bool(o, "open", dr_run_state_open(row.state));
        bool alive = false;
        for (size_t i = 0; i < row.n_groups && !alive; i++) {
            struct dr_owner owner;
            alive = dr_store_owner(s.store, s.arena, row.groups[i], &owner, NULL) == DRSTOR_OK &&
                    owner.held && dr_streq(owner.run, run);
        }
        dr_json_set_bool(o, "alive", alive);
        for (size_t i = 0; i < n; i++)
            (void)json_object_array_add(list, dr_map_write(&dr_event_row_type, &events[i]));
        dr_json_set(o, "events", list);
        *ret_json = dr_document_text(o);
    }
    dr_session_close(&s);
    return r;
}
