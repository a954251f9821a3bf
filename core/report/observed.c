#include "report/document.h"

#include "base/timetext.h"
#include "model/words.h"

/* What one observation found: a line per endpoint and per copy. */
struct json_object *
dr_report_observed(const struct dr_facts *facts)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct json_object *o = dr_report_new();
    struct json_object *ends = json_object_new_array(), *copies = json_object_new_array();
    size_t silent = 0;
    for (size_t i = 0; i < facts->n_endpoints; i++) {
        if (!facts->endpoints[i].asked)
            continue;
        silent += !facts->endpoints[i].answers;
        (void)json_object_array_add(ends, dr_report_endpoint(&facts->endpoints[i], &facts->now));
    }
    for (size_t i = 0; i < facts->n_copies; i++) {
        const struct dr_copy_facts *c = &facts->copies[i];
        if (!c->fresh)
            continue;
        struct json_object *x = json_object_new_object();
        dr_json_set_str(x, "group", c->group);
        dr_json_set_str(x, "site", c->site);
        dr_json_set_str(x, "array", c->array);
        dr_json_set_str(x, "access", dr_name(&dr_access_names, (int)c->view.access));
        dr_json_set_str(x, "sync", dr_name(&dr_sync_names, (int)c->view.sync));
        dr_json_set_str(x, "relation", dr_name(&dr_relation_names, (int)c->view.relation));
        if (c->view.lag_s >= 0)
            dr_json_set_i64(x, "lag_s", c->view.lag_s);
        if (c->view.point >= 0)
            dr_json_set_str(x, "recovery_point", dr_utc_text(a, c->view.point));
        (void)json_object_array_add(copies, x);
    }
    dr_json_set_str(o, "observed_at", dr_utc_text(a, facts->now.utc));
    dr_json_set(o, "endpoints", ends);
    dr_json_set(o, "copies", copies);
    dr_json_set_i64(o, "silent", (int64_t)silent);
    dr_json_set_i64(o, "exit", 0);
    return o;
}
