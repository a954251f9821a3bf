/* Operations under simulated time: who runs next, who waits for which lane, what is collected. */
#include "engine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_MAX 20000

int64_t
emu_scaled(const struct emu_engine *e, int64_t ms)
{
    int64_t ns = (int64_t)((double)ms * 1e6 * e->factor);
    return ms > 0 && ns < 1000 ? 1000 : ns; /* what takes time never takes none */
}

int64_t
emu_epoch_ms(const struct emu_engine *e, int64_t at_ns)
{
    return e->epoch_ms + (at_ns - e->start_ns) / 1000000;
}

void
emu_new_id(struct emu_engine *e, char ret[EMU_ID])
{
    uint32_t hash = 2166136261u;
    for (const char *s = e->site; *s; s++)
        hash = (hash ^ (unsigned char)*s) * 16777619u;
    snprintf(ret, EMU_ID, "%08" PRIx32 "-0d15-4a5e-8e0e-%012" PRIx64, hash, ++e->last_id);
}

bool
op_has(const struct emu_op *op, enum fault_kind kind)
{
    return (op->faults >> kind) & 1u;
}

void
op_sleep(struct emu_op *op, int64_t ms)
{
    op->wake_ns = op->e->now + emu_scaled(op->e, ms);
}

bool
op_lane(struct emu_op *op, const char *key)
{
    struct emu_lane *l = op->e->lanes;
    while (l && !emu_same(l->key, key))
        l = l->next;
    if (!l) {
        l = emu_alloc(sizeof(*l));
        EMU_SET(l->key, key);
        l->next = op->e->lanes;
        op->e->lanes = l;
    }
    if (l->holder == op)
        return true;
    EMU_SET(op->lane_key, key);
    if (!l->holder) {
        l->holder = op;
        op->lane_wanted = NULL;
        return true;
    }
    if (!op->lane_wanted)
        op->sequence = ++op->e->last_sequence; /* first come, first served */
    op->lane_wanted = l->key;
    op->wake_ns = EMU_NEVER;
    return false;
}

void
op_lane_release(struct emu_op *op)
{
    for (struct emu_lane *l = op->e->lanes; l; l = l->next) {
        if (l->holder != op)
            continue;
        l->holder = NULL;
        struct emu_op *first = NULL;
        for (struct emu_op *o = op->e->ops; o; o = o->next)
            if (o->lane_wanted == l->key && !o->ended && (!first || o->sequence < first->sequence))
                first = o;
        if (first) {
            l->holder = first;
            first->lane_wanted = NULL;
            first->wake_ns = op->e->now;
        }
    }
}

static void
op_free(struct emu_op *op)
{
    answer_clear(&op->answer);
    json_object_put(op->query);
    json_object_put(op->body);
    json_object_put(op->log);
    json_object_put(op->work);
    json_object_put(op->job);
    free(op->path);
    free(op->body_raw);
    for (size_t i = 0; i < op->args_count; i++)
        free(op->args[i]);
    free(op);
}

void
op_end(struct emu_op *op)
{
    op_lane_release(op);
    op_unlock(op);
    op->ended = true;
    op->step = NULL;
    op->wake_ns = EMU_NEVER;
    job_end(op, op->answer.status < 400);
}

static void
ops_reap(struct emu_engine *e)
{
    for (struct emu_op **p = &e->ops; *p;) {
        struct emu_op *op = *p;
        if (op->ended && op->xid == 0) {
            *p = op->next;
            op_free(op);
        } else {
            p = &op->next;
        }
    }
}

static struct emu_op *
op_new(struct emu_engine *e)
{
    struct emu_op *op = emu_alloc(sizeof(*op));
    op->e = e;
    op->wake_ns = EMU_NEVER;
    op->sequence = ++e->last_sequence;
    struct emu_op **p = &e->ops;
    while (*p)
        p = &(*p)->next;
    *p = op;
    return op;
}

struct emu_op *
op_background(struct emu_engine *e, const char *name, void (*step)(struct emu_op *))
{
    struct emu_op *op = op_new(e);
    op->name = name;
    op->step = step;
    op->wake_ns = e->now;
    return op;
}

static void
log_begin(struct emu_op *op, const struct emu_request *req)
{
    struct emu_engine *e = op->e;
    op->log = json_object_new_object();
    js_add_int(op->log, "xid", (int64_t)op->xid);
    js_add_str(op->log, "method", req->method);
    js_add_str(op->log, "path", req->path);
    js_add_str(op->log, "query", req->query);
    js_add_int(op->log, "start_ns", e->now);
    if (json_object_array_length(e->log) >= LOG_MAX)
        json_object_array_del_idx(e->log, 0, LOG_MAX / 2);
    json_object_array_add(e->log, json_object_get(op->log));
    js_count(e->counters, "requests");
}

static void
log_route(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    js_add_str(op->log, "op", op->name);
    js_add_str(op->log, "correlation_id", op->correlation);
    js_count(e->op_counts, op->name);
    if (!emu_same(op->method, "GET") && !(op->route && (op->route->flags & ROUTE_SSO)))
        js_count(e->counters, "mutating");
}

static bool
body_of_another_kind(const struct emu_op *op)
{
    bool action = (op->route->flags & ROUTE_ACTION) && emu_same(op->method, "POST");
    return op->body_root[0] && emu_same(op->body_root, "action") != action;
}

static void
grace_step(struct emu_op *op)
{
    op->route->start(op);
}

/* 202 at once when the client does not want to wait; its address tells the end. */
static void
action_answer_early(struct emu_op *op, const char *expect)
{
    struct emu_engine *e = op->e;
    bool wanted = js_bool(op->query, "async", false) || js_bool(op->body, "async", false) ||
                  emu_same(expect, "202-accepted");
    if (!wanted || op->replied || !op->step || !emu_same(op->method, "POST") ||
        !(op->route->flags & ROUTE_ACTION))
        return;
    emu_new_id(e, op->async);
    struct json_object *action = json_object_new_object();
    char *href = emu_printf("%s/%s/%s", EMU_API, op->path, op->async);
    js_add_str(action, "id", op->async);
    js_add_str(action, "href", href);
    free(href);
    js_add_bool(action, "async", true);
    js_add_str(action, "status", "in_progress");
    if (op->job)
        js_add(action, "job", tree_ref(js_str(op->job, "id"), "jobs"));
    js_add_ref(e->actions, op->async, action);
    op_object(op, 202, "action", action);
}

static void
op_run(struct emu_op *op, const char *expect)
{
    int64_t grace =
        (op->route->flags & ROUTE_ACTION) ? js_int(op->body, "grace_period.expiry", 0) : 0;
    if (grace > 0) {
        op->step = grace_step;
        op->wake_ns = op->e->now + grace * 1000000;
    } else {
        op->route->start(op);
    }
    action_answer_early(op, expect);
}

/* A GET as a client would send it, answered at once and counted nowhere. */
void
op_inner_get(struct emu_op *op, const char *href, struct emu_answer *ret)
{
    const struct emu_request req = {.method = "GET", .path = href};
    struct emu_op *inner = emu_alloc(sizeof(*inner));
    inner->e = op->e;
    inner->inner = true;
    inner->filter = op->filter;
    inner->all_content = op->all_content;
    request_parse(inner, &req);
    emu_route(inner);
    if (inner->route && !(inner->route->flags & ROUTE_FREE))
        inner->route->start(inner);
    *ret = inner->answer;
    memset(&inner->answer, 0, sizeof(inner->answer));
    op_free(inner);
}

void
emu_submit(struct emu_engine *e, const struct emu_request *req, int64_t now_ns, uint64_t *ret_xid)
{
    emu_advance(e, now_ns);
    struct emu_op *op = op_new(e);
    op->xid = ++e->last_xid;
    op->name = "unknown";
    *ret_xid = op->xid;
    log_begin(op, req);

    int bad = request_parse(op, req);
    emu_route(op);
    log_route(op);
    fault_match(op);
    if (op->answer.status == 0 && !fault_before(op)) {
        bool open = op->route && (op->route->flags & ROUTE_FREE);
        const char *version = request_header(req, "Version");
        if (!open && !sso_valid(op, req))
            op_raw(op, 401, "text/html; charset=UTF-8",
                   "<html><head><title>Error</title></head><body>Unauthorized</body></html>");
        else if (!op->route)
            op_empty(op, 404);
        else if (op->media == MEDIA_NONE && !open)
            op_empty(op, 406);
        else if (version && !emu_same(version, "4") && !open)
            op_fault(op, 400, "Version %s of the API isn't supported", version);
        else if (bad == -EMEDIUMTYPE && !open)
            op_empty(op, 415);
        else if (!open && (bad < 0 || body_of_another_kind(op)))
            op_fault(op, 400, "For correct usage, see: " EMU_API "/model");
        else
            op_run(op, request_header(req, "Expect"));
    }
    if (op->wake_ns == EMU_NEVER && !op->lane_wanted)
        op_end(op);
    ops_reap(e);
}

void
emu_advance(struct emu_engine *e, int64_t now_ns)
{
    for (;;) {
        struct emu_op *next = NULL;
        for (struct emu_op *op = e->ops; op; op = op->next)
            if (!op->ended && op->wake_ns <= now_ns &&
                (!next || op->wake_ns < next->wake_ns ||
                 (op->wake_ns == next->wake_ns && op->sequence < next->sequence)))
                next = op;
        if (!next)
            break;
        if (next->wake_ns > e->now)
            e->now = next->wake_ns;
        next->wake_ns = EMU_NEVER;
        next->step(next);
        if (!next->ended && next->wake_ns == EMU_NEVER && !next->lane_wanted)
            op_end(next);
        ops_reap(e);
    }
    if (now_ns > e->now)
        e->now = now_ns;
}

int64_t
emu_next_event_ns(const struct emu_engine *e)
{
    int64_t next = EMU_NEVER;
    for (const struct emu_op *op = e->ops; op; op = op->next) {
        if (!op->ended && op->wake_ns < next)
            next = op->wake_ns;
        if (op->replied && op->xid != 0 && op->ready_ns > e->now && op->ready_ns < next)
            next = op->ready_ns;
    }
    return next;
}

static void
response_header(struct emu_response *r, const char *name, const char *value)
{
    if (r->headers_count >= EMU_RESPONSE_HEADERS || !value || !*value)
        return;
    EMU_SET(r->headers[r->headers_count].name, name);
    EMU_SET(r->headers[r->headers_count].value, value);
    r->headers_count++;
}

static void
response_fill(struct emu_op *op, struct emu_response *r)
{
    struct emu_answer *a = &op->answer;
    memset(r, 0, sizeof(*r));
    if (a->drop) {
        r->drop = true;
        return;
    }
    r->status = a->status;
    /* The SSO service knows JSON only. */
    bool xml = op->media != MEDIA_JSON && !(op->route && (op->route->flags & ROUTE_SSO));
    if (a->kind == ANSWER_RAW || a->kind == ANSWER_NONE)
        r->body = emu_strdup(a->raw);
    else
        r->body = xml ? xml_repr(a) : json_repr(op->e, a);
    r->body_length = strlen(r->body);
    if (a->kind != ANSWER_NONE)
        response_header(r, "Content-Type",
                        a->content_type ? a->content_type
                        : xml           ? "application/xml;charset=UTF-8"
                                        : "application/json");
    if (a->status == 401)
        response_header(r, "WWW-Authenticate", "Basic realm=\"RESTAPI\"");
    response_header(r, "Location", a->location);
    if (op->cookie[0]) {
        char *cookie = emu_printf("JSESSIONID=%s; Path=" EMU_API "; Secure; HttpOnly", op->cookie);
        response_header(r, "Set-Cookie", cookie);
        free(cookie);
    }
    response_header(r, "Correlation-Id", op->correlation);
}

int
emu_collect(struct emu_engine *e, uint64_t xid, struct emu_response *ret)
{
    for (struct emu_op *op = e->ops; op; op = op->next) {
        if (op->xid != xid || xid == 0)
            continue;
        if (!op->replied || op->ready_ns > e->now)
            return 1;
        response_fill(op, ret);
        js_add_int(op->log, "status", ret->drop ? 0 : ret->status);
        js_add_int(op->log, "end_ns", e->now);
        op->xid = 0;
        ops_reap(e);
        return 0;
    }
    return -ENOENT;
}

void
emu_abandon(struct emu_engine *e, uint64_t xid)
{
    for (struct emu_op *op = e->ops; op && xid; op = op->next)
        if (op->xid == xid) {
            js_add_int(op->log, "status", -1);
            op->xid = 0;
        }
    ops_reap(e);
}

void
emu_response_clear(struct emu_response *r)
{
    free(r->body);
    memset(r, 0, sizeof(*r));
}

struct json_object *
emu_control(struct emu_engine *e, struct json_object *command, int64_t now_ns)
{
    emu_advance(e, now_ns);
    struct json_object *reply = control_run(e, command);
    emu_advance(e, now_ns);
    return reply;
}

struct emu_engine *
emu_engine_new(struct json_object *config, struct lunview *luns, int64_t now_ns, char **ret_reason)
{
    struct emu_engine *e = emu_alloc(sizeof(*e));
    e->conf = js_copy(config);
    e->luns = luns;
    e->start_ns = e->now = now_ns;
    e->sessions = json_object_new_object();
    e->actions = json_object_new_object();
    e->jobs = json_object_new_array();
    e->events = json_object_new_array();
    e->lun_disks = json_object_new_array();
    e->floating = json_object_new_array();
    e->log = json_object_new_array();
    e->counters = json_object_new_object();
    js_add_int(e->counters, "requests", 0);
    js_add_int(e->counters, "mutating", 0);
    e->op_counts = js_sub(e->counters, "operations");
    e->vm_starts = js_sub(e->counters, "vm_starts");

    char *reason = NULL;
    if (config_load(e, &reason) < 0) {
        if (ret_reason)
            *ret_reason = reason;
        else
            free(reason);
        emu_engine_free(e);
        return NULL;
    }
    return e;
}

void
emu_engine_free(struct emu_engine *e)
{
    if (!e)
        return;
    while (e->ops) {
        struct emu_op *op = e->ops;
        e->ops = op->next;
        op_unlock(op);
        op_free(op);
    }
    while (e->vms) {
        vm_write(e, e->vms, false);
        vm_delete(e, e->vms);
    }
    while (e->sds)
        sd_delete(e, e->sds);
    while (e->hosts) {
        struct emu_host *h = e->hosts;
        e->hosts = h->next;
        host_free(h);
    }
    while (e->dcs) {
        struct emu_dc *dc = e->dcs;
        e->dcs = dc->next;
        json_object_put(dc->conf);
        free(dc);
    }
    while (e->lanes) {
        struct emu_lane *l = e->lanes;
        e->lanes = l->next;
        free(l);
    }
    fault_clear(e);
    json_object_put(e->conf);
    json_object_put(e->collections);
    json_object_put(e->sessions);
    json_object_put(e->actions);
    json_object_put(e->jobs);
    json_object_put(e->events);
    json_object_put(e->lun_disks);
    json_object_put(e->floating);
    json_object_put(e->log);
    json_object_put(e->counters);
    free(e);
}
