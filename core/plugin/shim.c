#include "plugin/shim.h"

#include "base/str.h"
#include "net/ssh.h"
#include "plugin/exchange.h"
#include "plugin/queue.h"
#include "plugin/settings.h"
#include "plugin/text.h"
#include "plugin/verdict.h"

#include <string.h>

static const uint64_t grace_default_ns = 5 * DR_S;
_Static_assert((int)DR_SSH_KNOWN_MAX <= (int)DR_MESSAGE_REQUEST_STR,
               "known hosts fit into one string of a request");

struct dr_array_handle {
    struct dr_env *env;
    const struct dr_plugin *plugin;
    char *array;
    bool read_only;
    uint64_t grace_ns;
    struct dr_backend *backend;
    struct dr_queue queue; /* closed: the handle is stuck */
    _Atomic int stuck_op;  /* enum dr_array_op, 0: none */
    atomic_bool cut;
    bool begun; /* the array was opened */
};

static const char *
op_name(enum dr_array_op op)
{
    return dr_name(&dr_array_op_names, (int)op);
}

/* ---- one exchange ---------------------------------------------------------------------------- */

/*
 * Sends REQUEST and waits. S: the answer, in A; NULL with WHY when none came. False: none will
 * come, and the callback may still run.
 */
static bool
handle_exchange(struct dr_array_handle *h, struct dr_message *request, const struct dr_call *call,
                const struct dr_cancel *cancel, struct dr_arena *a, struct dr_served **ret_s,
                const char **ret_why)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_exchange *x = dr_exchange_new(h->env, request);
    *ret_s = NULL;
    dr_exchange_ref(x);
    h->backend->ops->start(h->backend, x);
    bool answered = dr_exchange_wait(x, h->backend, call->deadline_ns, h->grace_ns, cancel);
    if (!answered) {
        *ret_why = dr_arena_printf(a, "plugin %s did not come back from %s in time, for array %s",
                                   h->plugin->info.name, op_name(call->operation), h->array);
    } else if (!x->reply.n) {
        *ret_why = dr_arena_printf(a, "plugin %s ended during %s, for array %s",
                                   h->plugin->info.name, op_name(call->operation), h->array);
    } else {
        struct dr_served *s = dr_arena_new0(a, struct dr_served);
        if (dr_message_decode(DR_MESSAGE_REPLY, &dr_served_type, &x->reply, a, s, &err) < 0) {
            *ret_why =
                dr_arena_printf(a, "plugin %s answered nonsense to %s: %s", h->plugin->info.name,
                                op_name(call->operation), dr_error_message(err));
            if (h->backend->ops->distrusted)
                h->backend->ops->distrusted(h->backend);
        } else {
            *ret_s = s;
        }
    }
    if (!answered && h->backend->ops->abandoned)
        h->backend->ops->abandoned(h->backend, x);
    dr_exchange_unref(x);
    return answered;
}

/* Sends one request that was encoded already and says what came of it. */
static void
handle_ask(struct dr_array_handle *h, struct dr_message *request, const struct dr_call *call,
           const struct dr_cancel *cancel, struct dr_arena *a, struct dr_reply *ret)
{
    struct dr_served *s;
    const char *why = NULL;
    bool answered = handle_exchange(h, request, call, cancel, a, &s, &why);
    dr_verdict(a, h->plugin->info.name, call, s, why, ret);
    if (answered || h->backend->ops->abandoned)
        return;
    atomic_store(&h->stuck_op, (int)call->operation);
    dr_queue_close(&h->queue);
}

/* ---- open and close -------------------------------------------------------------------------- */

static int
open_setting(struct dr_arena *a, const struct dr_plugin_key *k, const struct dr_setting *s,
             struct dr_wire_open *o, struct drstor_error **err)
{
    struct dr_wire_setting w = {k->name, NULL, k->secret};
    if (s && s->secret) {
        w.value = dr_secret_bytes(s->secret);
        if (strlen(w.value) != dr_secret_length(s->secret))
            return dr_fail(err, DRSTOR_E_INVALID, "the secret %s contains a NUL byte", k->name);
    } else if (s || k->fallback) {
        w.value = dr_setting_value(a, k->type, s ? s->value : k->fallback);
    } else {
        return DRSTOR_OK;
    }
    dr_arena_push(a, o->settings, o->n_settings) = w;
    return DRSTOR_OK;
}

/* The other side opens no files. */
static int
open_known_hosts(const char *path, struct dr_arena *a, const char **ret, struct drstor_error **err)
{
    dr_auto(dr_freep) char *text = NULL;
    int r = path ? dr_ssh_known_read(path, &text, err) : DRSTOR_OK;
    if (r < 0)
        return r;
    if (text && !dr_utf8_valid(text, strlen(text)))
        return dr_fail(err, DRSTOR_E_INVALID, "known_hosts: %s is no text", path);
    *ret = dr_arena_str(a, text);
    return DRSTOR_OK;
}

static int
open_access(const struct dr_access_point *at, struct dr_arena *a, struct dr_wire_open *o,
            struct drstor_error **err)
{
    o->reachable = true;
    o->urls = at->urls;
    o->n_urls = at->n_urls;
    o->user = at->user;
    o->password = at->password ? dr_secret_bytes(at->password) : NULL;
    o->ca = at->ca;
    o->pin = at->pin;
    o->key = at->key ? dr_secret_bytes(at->key) : NULL;
    o->agent = at->agent;
    return open_known_hosts(at->known_hosts, a, &o->known_hosts, err);
}

static int
open_request(struct dr_array_handle *h, const struct dr_array_open *how, uint64_t deadline_ns,
             struct dr_message *ret, struct drstor_error **err)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_request q = {.call = {.operation = DR_ARRAY_OP_OPEN, .deadline_ns = deadline_ns}};
    q.open =
        (struct dr_wire_open){.array = how->array, .site = how->site, .read_only = how->read_only};
    for (size_t k = 0; k < h->plugin->info.n_keys; k++) {
        const struct dr_plugin_key *key = &h->plugin->info.keys[k];
        const struct dr_setting *s = NULL;
        if (key->scope != DRSTOR_KEY_ARRAY)
            continue;
        for (size_t i = 0; i < how->n_settings && !s; i++)
            if (dr_streq(how->settings[i].key, key->name))
                s = &how->settings[i];
        int r = open_setting(a, key, s, &q.open, err);
        if (r < 0)
            return r;
    }
    if (how->at) {
        int r = open_access(how->at, a, &q.open, err);
        if (r < 0)
            return r;
    }
    return dr_message_encode(DR_MESSAGE_REQUEST, &dr_request_type, &q, ret, err);
}

static void
handle_free(struct dr_array_handle *h)
{
    if (h->backend)
        h->backend->ops->release(h->backend);
    dr_queue_destroy(&h->queue);
    free(h->array);
    free(h);
}

static bool
runs_here(struct dr_env *env, const struct dr_plugin *plugin, enum dr_plugin_place place)
{
    if (env != dr_env_real())
        return true;
    return place == DR_PLUGIN_BY_KIND ? plugin->in_process : place == DR_PLUGIN_IN_PROCESS;
}

int
dr_array_new(struct dr_env *env, const struct dr_plugin *plugin, const struct dr_array_open *how,
             struct dr_array_handle **ret, struct drstor_error **err)
{
    const struct dr_plugin_limits *l = &plugin->info.limits;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    const char *what = dr_arena_printf(a, "array %s", how->array);
    int r = dr_plugin_check_settings(plugin, DRSTOR_KEY_ARRAY, how->settings, how->n_settings, what,
                                     err);
    if (r < 0)
        return r;
    struct dr_array_handle *h = dr_new0(struct dr_array_handle);
    struct dr_message open = {0};
    h->env = env;
    h->plugin = plugin;
    h->array = dr_strdup(how->array);
    h->read_only = how->read_only;
    h->grace_ns = how->grace_ns ? how->grace_ns : grace_default_ns;
    dr_queue_init(&h->queue, env,
                  l->threads == DRSTOR_THREADS_PARALLEL ? (unsigned)l->parallel_calls : 1,
                  (unsigned)l->calls_per_s);
    if (runs_here(env, plugin, how->place)) {
        h->backend = dr_backend_inprocess(env, plugin);
    } else {
        r = open_request(h, how, 0, &open, err);
        if (r == DRSTOR_OK)
            h->backend =
                dr_backend_worker(env, plugin, how->array, how->at && how->at->agent, &open);
    }
    if (r < 0) {
        handle_free(h);
        return dr_context(err, r, "%s", what);
    }
    *ret = h;
    return DRSTOR_OK;
}

int
dr_array_begin(struct dr_array_handle *h, const struct dr_array_open *how,
               struct drstor_error **err)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_call call = {.operation = DR_ARRAY_OP_OPEN, .deadline_ns = how->deadline_ns};
    struct dr_message request = {0};
    struct dr_reply reply;
    if (!call.deadline_ns)
        call.deadline_ns = dr_plugin_deadline(h->plugin, h->env, DR_ARRAY_OP_OPEN);
    int r = open_request(h, how, call.deadline_ns, &request, err);
    if (r < 0)
        return dr_context(err, r, "array %s", h->array);
    handle_ask(h, &request, &call, how->cancel, a, &reply);
    h->begun = reply.status == DRSTOR_OK;
    if (h->begun)
        return DRSTOR_OK;
    r = dr_fail(err, reply.status, "cannot open array %s: %s%s%s%s", h->array, reply.error,
                reply.array_words ? " (the array says: " : "",
                reply.array_words ? reply.array_words : "", reply.array_words ? ")" : "");
    if (reply.hint)
        dr_hint(err, "%s", reply.hint);
    return r;
}

int
dr_array_open(struct dr_env *env, const struct dr_plugin *plugin, const struct dr_array_open *how,
              struct dr_array_handle **ret, struct drstor_error **err)
{
    struct dr_array_handle *h = NULL;
    int r = dr_array_new(env, plugin, how, &h, err);
    if (r == DRSTOR_OK)
        r = dr_array_begin(h, how, err);
    if (r < 0)
        dr_array_close(h);
    else
        *ret = h;
    return r;
}

void
dr_array_close(struct dr_array_handle *h)
{
    if (!h)
        return;
    bool alive = !h->backend->ops->alive || h->backend->ops->alive(h->backend);
    if (h->begun && alive && !dr_queue_closed(&h->queue)) {
        dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
        struct dr_request q = {.call = {.operation = DR_ARRAY_OP_CLOSE}};
        struct dr_message request = {0};
        struct dr_reply reply;
        q.call.deadline_ns = dr_plugin_deadline(h->plugin, h->env, DR_ARRAY_OP_CLOSE);
        if (dr_message_encode(DR_MESSAGE_REQUEST, &dr_request_type, &q, &request, NULL) ==
            DRSTOR_OK)
            handle_ask(h, &request, &q.call, NULL, a, &reply);
    }
    handle_free(h);
}

void
dr_array_closep(struct dr_array_handle **h)
{
    dr_array_close(*h);
    *h = NULL;
}

void
dr_array_cut(struct dr_array_handle *h)
{
    atomic_store(&h->cut, true);
    if (!h->backend->ops->cut)
        return;
    dr_queue_close(&h->queue);
    h->backend->ops->cut(h->backend);
}

void
dr_array_hold(struct dr_array_handle *h, int fd)
{
    if (h->backend->ops->hold)
        h->backend->ops->hold(h->backend, fd);
}

void
dr_array_drop(struct dr_array_handle *h, int fd)
{
    if (h->backend->ops->drop)
        h->backend->ops->drop(h->backend, fd);
}

/* ---- calls ----------------------------------------------------------------------------------- */

bool
dr_array_can(const struct dr_array_handle *h, enum dr_array_op op)
{
    const struct dr_op_info *info = dr_op_info(op);
    return info && info->shape != DR_OP_SPECIAL && dr_plugin_can(h->plugin, op) &&
           !(h->read_only && info->mutating);
}

bool
dr_array_stuck(struct dr_array_handle *h)
{
    return dr_queue_closed(&h->queue);
}

const struct dr_plugin *
dr_array_plugin(const struct dr_array_handle *h)
{
    return h->plugin;
}

/* What is missing in CALL, or NULL. */
static const char *
call_lacks(const struct dr_call *call, const struct dr_op_info *op)
{
    switch (op->shape) {
    case DR_OP_SPECIAL:
        return "an operation";
    case DR_OP_PLAIN:
        break;
    case DR_OP_GROUPS:
        for (size_t i = 0; i < call->n_groups; i++)
            if (!call->groups[i] || !*call->groups[i])
                return "a group's id";
        break;
    case DR_OP_GROUP:
        return call->group && *call->group ? NULL : "a group";
    case DR_OP_JOB:
        if (!call->job || !*call->job)
            return "a job";
        break;
    case DR_OP_CHANGE:
        if (!call->group || !*call->group)
            return "a group";
        if (!call->op || !*call->op)
            return "an operation id";
        break;
    }
    return op->mutating && !call->deadline_ns ? "a deadline" : NULL;
}

/* A point that would be passed over in silence would be the newest. */
static bool
point_unfit(struct dr_array_handle *h, const struct dr_call *call, struct dr_arena *a,
            struct dr_reply *ret)
{
    bool back = call->operation == DR_ARRAY_OP_SET_ACCESS && !call->planned &&
                call->access_wanted == DRSTOR_ACCESS_READ_WRITE;
    if (!call->point)
        return false;
    if (!*call->point || (!back && call->operation != DR_ARRAY_OP_TEST_START)) {
        dr_verdict_unsent(call, DRSTOR_E_INVALID,
                          dr_arena_printf(a,
                                          "a call of array %s has a recovery point, and no use "
                                          "for it",
                                          h->array),
                          NULL, ret);
        return true;
    }
    if (dr_plugin_can(h->plugin, DR_ARRAY_OP_POINTS))
        return false;
    dr_verdict_unsent(call, DRSTOR_E_UNSUPPORTED,
                      dr_arena_printf(a,
                                      "array %s cannot go back to recovery point %s: plugin %s "
                                      "lists none",
                                      h->array, call->point, h->plugin->info.name),
                      NULL, ret);
    return true;
}

/* Everything that can be said without asking; false: ask. */
static bool
call_unsent(struct dr_array_handle *h, const struct dr_call *call, const struct dr_op_info *op,
            struct dr_arena *a, struct dr_reply *ret)
{
    const char *lacks = op ? call_lacks(call, op) : "an operation";
    if (lacks) {
        dr_verdict_unsent(call, DRSTOR_E_INVALID,
                          dr_arena_printf(a, "a call of array %s lacks %s", h->array, lacks), NULL,
                          ret);
        return true;
    }
    if (dr_array_can(h, call->operation))
        return point_unfit(h, call, a, ret);
    const char *name = op_name(call->operation);
    if (dr_plugin_can(h->plugin, call->operation))
        dr_verdict_unsent(
            call, DRSTOR_E_UNSUPPORTED,
            dr_arena_printf(a, "array %s was opened to read only, so it has no %s", h->array, name),
            NULL, ret);
    else
        dr_verdict_unsent(
            call, DRSTOR_E_UNSUPPORTED,
            dr_arena_printf(a, "array %s cannot %s: plugin %s does not have it", h->array, name,
                            h->plugin->info.name),
            dr_arena_printf(a, "drstor plugin info %s lists what it can", h->plugin->info.name),
            ret);
    return true;
}

/* No place in the queue. */
static void
call_not_queued(struct dr_array_handle *h, const struct dr_call *call, int status,
                struct dr_arena *a, struct dr_reply *ret)
{
    const char *name = op_name(call->operation), *error, *hint = NULL;
    if (status == DRSTOR_E_UNREACHABLE && atomic_load(&h->cut)) {
        error = dr_arena_printf(a, "array %s is not asked any more: its site was declared lost",
                                h->array);
    } else if (status == DRSTOR_E_UNREACHABLE) {
        error = dr_arena_printf(
            a, "array %s is not asked any more: plugin %s never came back from %s", h->array,
            h->plugin->info.name, op_name((enum dr_array_op)atomic_load(&h->stuck_op)));
        hint = "start drstor again; runs can be resumed";
    } else if (status == DRSTOR_E_CANCELLED) {
        error = dr_arena_printf(a, "%s was cancelled before array %s was asked", name, h->array);
    } else {
        error = dr_arena_printf(a, "array %s is busy: %s did not get its turn before its deadline",
                                h->array, name);
    }
    dr_verdict_unsent(call, status, error, hint, ret);
}

int
dr_array_call(struct dr_array_handle *h, const struct dr_call *call, const struct dr_cancel *cancel,
              struct dr_arena *a, struct dr_reply *ret)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    const struct dr_op_info *op = dr_op_info(call->operation);
    if (call_unsent(h, call, op, a, ret))
        return ret->status;
    struct dr_request q = {.call = *call};
    if (!q.call.deadline_ns)
        q.call.deadline_ns = dr_plugin_deadline(h->plugin, h->env, call->operation);
    struct dr_message request = {0};
    int r = dr_message_encode(DR_MESSAGE_REQUEST, &dr_request_type, &q, &request, &err);
    if (r < 0) {
        dr_verdict_unsent(call, r, dr_arena_str(a, dr_error_message(err)), NULL, ret);
        return r;
    }
    r = dr_queue_enter(&h->queue, q.call.deadline_ns, cancel);
    if (r < 0) {
        dr_message_clear(&request);
        call_not_queued(h, call, r, a, ret);
        return r;
    }
    handle_ask(h, &request, &q.call, cancel, a, ret);
    dr_queue_leave(&h->queue);
    return ret->status;
}
