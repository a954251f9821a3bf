#include "plugin/serve.h"

#include "plugin/host.h"

#include <string.h>

struct dr_serve {
    struct dr_env *env;
    const struct dr_plugin *plugin;
    struct drstor_plugin table; /* without what this array may not do */
    struct dr_arena *arena;
    void *handle;
    bool opened;

    bool read_only;
    const char *array, *site;
    struct drstor_setting *settings;
    size_t n_settings;
    struct dr_host_secret *secrets;
    size_t n_secrets;
    struct dr_access_point at;
    const char *known_hosts;
    void *session;

    int open_status; /* of an open that failed, and why */
    const char *open_error;
};

struct dr_serve *
dr_serve_new(struct dr_env *env, const struct dr_plugin *plugin)
{
    struct dr_serve *s = dr_new0(struct dr_serve);
    s->env = env;
    s->plugin = plugin;
    s->table = plugin->table;
    s->arena = dr_arena_new();
    return s;
}

static void
serve_close(struct dr_serve *s)
{
    if (s->opened)
        s->table.close(s->handle);
    s->opened = false;
    const struct dr_plugin_services *services = dr_plugin_services();
    if (s->session && services && services->session_close)
        services->session_close(s->session);
    s->session = NULL;
}

void
dr_serve_free(struct dr_serve *s)
{
    if (!s)
        return;
    serve_close(s);
    for (size_t i = 0; i < s->n_secrets; i++)
        dr_secret_free(s->secrets[i].secret);
    dr_secret_free(s->at.password);
    dr_secret_free(s->at.key);
    dr_arena_free(s->arena);
    free(s);
}

/* The text came out of a message into an arena of ours, so it may be wiped where it lies. */
static struct dr_secret *
take_secret(const char *text)
{
    if (!text || !*text)
        return NULL;
    struct dr_secret *s = dr_secret_new(text, strlen(text));
    explicit_bzero((char *)(uintptr_t)text, strlen(text));
    return s;
}

static void
serve_settings(struct dr_serve *s, const struct dr_wire_open *o)
{
    for (size_t i = 0; i < o->n_settings; i++) {
        const struct dr_wire_setting *w = &o->settings[i];
        const char *key = dr_arena_str(s->arena, w->key);
        if (!w->secret) {
            dr_arena_push(s->arena, s->settings, s->n_settings) =
                (struct drstor_setting){key, dr_arena_str(s->arena, w->value)};
            continue;
        }
        struct dr_secret *secret = take_secret(w->value);
        if (secret)
            dr_arena_push(s->arena, s->secrets, s->n_secrets) =
                (struct dr_host_secret){key, secret};
    }
}

static int
serve_session(struct dr_serve *s, const struct dr_wire_open *o, struct drstor_call *call)
{
    const struct dr_plugin_services *services = dr_plugin_services();
    if (!o->reachable || !services || !services->session_open)
        return DRSTOR_OK;
    for (size_t i = 0; i < o->n_urls; i++)
        dr_arena_push(s->arena, s->at.urls, s->at.n_urls) = dr_arena_str(s->arena, o->urls[i]);
    s->at.user = dr_arena_str(s->arena, o->user);
    s->at.password = take_secret(o->password);
    s->at.ca = dr_arena_str(s->arena, o->ca);
    s->at.pin = dr_arena_str(s->arena, o->pin);
    s->at.key = take_secret(o->key);
    s->at.agent = o->agent;
    s->known_hosts = dr_arena_str(s->arena, o->known_hosts);
    const struct dr_service_how how = {s->env, s->plugin->info.name, s->array,    s->site,
                                       &s->at, s->known_hosts,       s->read_only};
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    int r = services->session_open(&how, &s->session, &err);
    if (r < 0)
        dr_host_table()->fail(call, r, "%s", dr_error_message(err));
    return r;
}

static int
serve_open(struct dr_serve *s, const struct dr_wire_open *o, struct drstor_call *call)
{
    if (s->opened)
        return dr_host_table()->fail(call, DRSTOR_E_INTERNAL, "the array is already open");
    s->array = dr_arena_str(s->arena, o->array);
    s->site = dr_arena_str(s->arena, o->site);
    s->read_only = call->read_only = o->read_only;
    for (int op = 1; op < DR_ARRAY_OP_COUNT && s->read_only; op++)
        if (dr_op_info((enum dr_array_op)op)->mutating)
            dr_op_remove(&s->table, (enum dr_array_op)op);
    serve_settings(s, o);
    int r = serve_session(s, o, call);
    if (r < 0)
        return r;
    call->secrets = s->secrets;
    call->n_secrets = s->n_secrets;
    call->session = s->session;
    const struct drstor_open how = {.size = sizeof(how),
                                    .read_only = s->read_only,
                                    .array = s->array,
                                    .site = s->site,
                                    .settings = s->settings,
                                    .n_settings = s->n_settings};
    r = s->table.open(call, &how, &s->handle);
    s->opened = r == DRSTOR_OK;
    return r;
}

static int
serve_change(struct dr_serve *s, const struct dr_op_info *op, const struct dr_call *q,
             struct drstor_call *call)
{
    int (*fn)(void *, struct drstor_call *, const struct drstor_change *);
    memcpy(&fn, (const char *)&s->table + op->offset, sizeof(fn));
    struct drstor_evidence *evidence =
        dr_arena_alloc(call->arena, q->n_evidence, sizeof(*evidence));
    for (size_t i = 0; i < q->n_evidence; i++) {
        const struct dr_call_evidence *e = &q->evidence[i];
        evidence[i] = (struct drstor_evidence){sizeof(*evidence), (int32_t)e->kind, e->site, e->by,
                                               e->at_utc};
    }
    const struct drstor_change change = {.size = sizeof(change),
                                         .planned = q->planned,
                                         .op = q->op,
                                         .group = q->group,
                                         .epoch = q->epoch,
                                         .token = q->token,
                                         .deadline_ns = q->deadline_ns,
                                         .access_wanted = (int32_t)q->access_wanted,
                                         .access_expected = (int32_t)q->access_expected,
                                         .evidence = q->n_evidence ? evidence : NULL,
                                         .n_evidence = q->n_evidence,
                                         .host_groups = q->host_groups,
                                         .n_host_groups = q->n_host_groups,
                                         .source = q->source,
                                         .target = q->target,
                                         .expect = q->expect,
                                         .name = q->name,
                                         .point = q->point};
    return fn(s->handle, call, &change);
}

/* Runs the callback that the request names; it is there and the array is open. */
static int
serve_callback(struct dr_serve *s, const struct dr_op_info *op, const struct dr_call *q,
               struct drstor_call *call)
{
    int (*plain)(void *, struct drstor_call *);
    int (*groups)(void *, struct drstor_call *, const char *const *, size_t);
    int (*word)(void *, struct drstor_call *, const char *);
    const char *at = (const char *)&s->table + op->offset;
    switch (op->shape) {
    case DR_OP_PLAIN:
        memcpy(&plain, at, sizeof(plain));
        return plain(s->handle, call);
    case DR_OP_GROUPS:
        memcpy(&groups, at, sizeof(groups));
        return groups(s->handle, call, q->groups, q->n_groups);
    case DR_OP_GROUP:
    case DR_OP_JOB:
        memcpy(&word, at, sizeof(word));
        return word(s->handle, call, op->shape == DR_OP_JOB ? q->job : q->group);
    case DR_OP_CHANGE:
        return serve_change(s, op, q, call);
    case DR_OP_SPECIAL:
        break;
    }
    return dr_host_table()->fail(call, DRSTOR_E_INTERNAL, "no such call");
}

/* The array was to be opened again, and could not be. */
static int
serve_unopened(struct dr_serve *s, struct drstor_call *call)
{
    return dr_host_table()->fail(call, s->open_status, "the array cannot be opened again: %s",
                                 s->open_error ? s->open_error : dr_status_name(s->open_status));
}

static int
serve_request(struct dr_serve *s, const struct dr_request *q, struct drstor_call *call)
{
    enum dr_array_op op = q->call.operation;
    const struct dr_op_info *info = dr_op_info(op);
    if (op == DR_ARRAY_OP_OPEN) {
        int r = s->open_status = serve_open(s, &q->open, call);
        s->open_error = dr_arena_str(s->arena, call->served.error);
        return r;
    }
    if (op == DR_ARRAY_OP_CLOSE) {
        serve_close(s);
        return DRSTOR_OK;
    }
    if (!s->opened || !info || !dr_op_present(&s->table, op)) {
        /* The caller knows as much and does not ask; whoever asks is told that nothing happened. */
        if (info && info->mutating)
            dr_host_table()->outcome(call, DRSTOR_OUTCOME_REFUSED, NULL);
        if (s->open_status < 0)
            return serve_unopened(s, call);
        return dr_host_table()->fail(call, DRSTOR_E_UNSUPPORTED, "plugin %s cannot %s here",
                                     s->plugin->info.name, dr_name(&dr_array_op_names, (int)op));
    }
    return serve_callback(s, info, &q->call, call);
}

void
dr_serve_message(struct dr_serve *s, const struct dr_message *request,
                 const struct dr_cancel *cancel, struct dr_message *ret)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_request q;
    *ret = (struct dr_message){0};
    if (dr_message_decode(DR_MESSAGE_REQUEST, &dr_request_type, request, a, &q, NULL) < 0)
        return;
    struct drstor_call *call = dr_arena_new0(a, struct drstor_call);
    dr_host_call_init(call, s->env, a, s->plugin->info.name, q.call.operation);
    call->cancel = cancel;
    call->deadline_ns = q.call.deadline_ns
                            ? q.call.deadline_ns
                            : dr_plugin_deadline(s->plugin, s->env, q.call.operation);
    call->request = &q.call;
    call->read_only = s->read_only;
    call->session = s->session;
    call->secrets = s->secrets;
    call->n_secrets = s->n_secrets;
    dr_host_call_begin(call);
    dr_host_call_end(call, serve_request(s, &q, call));
    (void)dr_message_encode(DR_MESSAGE_REPLY, &dr_served_type, &call->served, ret, NULL);
}
