/* Events and jobs: what the engine tells afterwards. */
#include "base/mem.h"
#include "base/str.h"
#include "rhv/api.h"
#include "rhv/calls.h"
#include "rhv/document.h"

enum { EVENTS_MAX = 10000 };

static int64_t
number(struct json_object *o, const char *key)
{
    int64_t n;
    return dr_json_i64(o, key, &n) ? n : -1;
}

static void
read_event(struct dr_arena *a, struct json_object *o, struct dr_rhv_event *event)
{
    int64_t ms = number(o, "time");
    *event = (struct dr_rhv_event){
        .index = number(o, "index"),
        .code = number(o, "code"),
        .utc = ms < 0 ? -1 : ms / 1000,
        .severity = dr_arena_str(a, dr_json_str(o, "severity")),
        .text = dr_arena_str(a, dr_json_str(o, "description")),
        .vm = dr_arena_str(a, rhv_inner(o, "vm", "id")),
        .domain = dr_arena_str(a, rhv_inner(o, "storage_domain", "id")),
        .host = dr_arena_str(a, rhv_inner(o, "host", "id")),
    };
    if (event->index < 0) /* older engines: the id is the index */
        event->index = number(o, "id");
}

int
dr_rhv_events(struct dr_rhv *r, const struct dr_rhv_how *how, const char *correlation_id,
              int64_t after, struct dr_arena *a, struct dr_rhv_event **ret, size_t *ret_n,
              struct drstor_error **err)
{
    if (!rhv_id_is_sound(correlation_id))
        return dr_fail(err, DRSTOR_E_INVALID, "that is no correlation id");
    dr_auto(dr_str_freep) struct dr_str path = {0};
    dr_str_printf(&path, "/events?search=correlation_id%%3D%s&max=%d", correlation_id, EVENTS_MAX);
    if (after >= 0)
        dr_str_printf(&path, "&from=%lld", (long long)after);
    const struct rhv_request q = {.method = "GET", .path = path.s, .list = true};
    dr_auto(dr_json_putp) struct json_object *doc = NULL;
    struct json_object *items = NULL;
    int e = rhv_call(r, how, &q, &doc, NULL, err);
    if (e == DRSTOR_OK)
        e = rhv_items(doc, "event", EVENTS_MAX, &items, err);
    if (e < 0)
        return dr_context(err, e, "cannot read the events of run %s", correlation_id);
    struct dr_rhv_event *events = NULL;
    size_t n = 0;
    for (size_t i = dr_json_length(items); i-- > 0;) { /* they come newest first */
        struct json_object *o = rhv_item(items, i);
        struct dr_rhv_event event;
        /* Also when the engine did not understand the question. */
        if (!dr_streq(dr_json_str(o, "correlation_id"), correlation_id))
            continue;
        read_event(a, o, &event);
        if (event.index > after || event.index < 0)
            dr_arena_push(a, events, n) = event;
    }
    *ret = events;
    *ret_n = n;
    return DRSTOR_OK;
}

int
dr_rhv_job(struct dr_rhv *r, const struct dr_rhv_how *how, const char *job,
           enum drstor_job_state *ret, struct drstor_error **err)
{
    static const struct {
        const char *word;
        enum drstor_job_state state;
    } words[] = {{"started", DRSTOR_JOB_RUNNING},
                 {"finished", DRSTOR_JOB_SUCCEEDED},
                 {"failed", DRSTOR_JOB_FAILED},
                 {"aborted", DRSTOR_JOB_FAILED}};
    dr_auto(dr_freep) char *path = NULL;
    dr_auto(dr_json_putp) struct json_object *o = NULL;
    int e = rhv_path(&path, err, "/jobs/%", job);
    const struct rhv_request q = {.method = "GET", .path = path};
    if (e == DRSTOR_OK)
        e = rhv_call(r, how, &q, &o, NULL, err);
    if (e < 0)
        return dr_context(err, e, "cannot read job %s", job);
    *ret = DRSTOR_JOB_UNKNOWN;
    for (size_t i = 0; i < DR_COUNT(words); i++)
        if (dr_streq(dr_json_str(o, "status"), words[i].word))
            *ret = words[i].state;
    return DRSTOR_OK;
}
