#include "bench/judge.h"

#include "bench/shape.h"

#include "base/json.h"
#include "base/mem.h"

#include <string.h>

#define API "/ovirt-engine/api"

static int64_t
number(struct json_object *o, const char *key)
{
    int64_t n = 0;
    return dr_json_i64(o, key, &n) ? n : 0;
}

static bool
is(struct json_object *o, const char *method, const char *path)
{
    return dr_streq(dr_json_str(o, "method"), method) && dr_streq(dr_json_str(o, "path"), path);
}

/* The look that made the stage import its first domain. */
static int64_t
stage_began(struct json_object *log)
{
    int64_t looked = 0;
    for (size_t i = 0; i < dr_json_length(log); i++) {
        struct json_object *o = json_object_array_get_idx(log, i);
        if (is(o, "POST", API "/storagedomains"))
            return looked;
        if (is(o, "GET", API "/datacenters"))
            looked = number(o, "start_ns");
    }
    return 0;
}

static double
since(int64_t from, int64_t ns)
{
    return ns > from ? (double)(ns - from) / 1e9 : 0.0;
}

bool
bench_judge(struct json_object *log, struct json_object *vms, struct bench_times *ret)
{
    *ret = (struct bench_times){0};
    log = dr_json_get(log, "log");
    vms = dr_json_get(vms, "vms");
    int64_t from = stage_began(log), end = 0;
    for (size_t i = 0; from && i < dr_json_length(log); i++) {
        struct json_object *o = json_object_array_get_idx(log, i);
        const char *path = dr_json_str(o, "path");
        if (number(o, "start_ns") < from || !path || strncmp(path, API, sizeof(API) - 1) != 0)
            continue; /* before it, or the logout */
        ret->n_requests++;
        end = number(o, "end_ns") > end ? number(o, "end_ns") : end;
    }
    ret->wall = since(from, end);
    for (size_t i = 0; i < dr_json_length(vms); i++) {
        struct json_object *o = json_object_array_get_idx(vms, i);
        const char *status = dr_json_str(o, "status");
        double at = since(from, number(o, "started_at"));
        if (!dr_streq(status, "up") && !dr_streq(status, "powering_up"))
            continue;
        ret->n_running++;
        if (ret->first <= 0 || at < ret->first)
            ret->first = at;
        if (dr_streq(dr_json_str(o, "name"), BENCH_CRITICAL))
            ret->critical = at;
    }
    return from > 0;
}
