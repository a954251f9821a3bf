#include "worker/services.h"

#include "base/str.h"
#include "net/http.h"
#include "net/ssh.h"

#include <string.h>

/* One of them, or neither. */
struct session {
    char *name; /* "array NAME" */
    struct dr_http *http;
    struct dr_ssh *ssh;
    struct dr_secret *key;
};

static bool
is_ssh(const struct dr_access_point *at)
{
    return at->n_urls && strncmp(at->urls[0], "ssh://", 6) == 0;
}

static void
session_close(void *session)
{
    struct session *s = session;
    dr_http_close(s->http);
    dr_ssh_close(s->ssh);
    dr_secret_free(s->key);
    free(s->name);
    free(s);
}

static int
open_http(struct session *s, const struct dr_service_how *how, struct drstor_error **err)
{
    const struct dr_http_options options = {.name = s->name,
                                            .site = how->site,
                                            .urls = how->at->urls,
                                            .n_urls = how->at->n_urls,
                                            .ca_file = how->at->ca,
                                            .pin = how->at->pin,
                                            .user = how->at->user,
                                            .secret = how->at->password,
                                            .cookies = true};
    return dr_http_open(how->env, &options, &s->http, err);
}

/* A key's file ends with a newline; whoever read it as a password took that away. */
static struct dr_secret *
whole_key(const struct dr_secret *key)
{
    size_t n = dr_secret_length(key);
    char *text = dr_alloc0(n + 2, 1);
    memcpy(text, dr_secret_bytes(key), n);
    if (text[n - 1] != '\n')
        text[n++] = '\n';
    struct dr_secret *whole = dr_secret_new(text, n);
    explicit_bzero(text, n);
    free(text);
    return whole;
}

static int
open_ssh(struct session *s, const struct dr_service_how *how, struct drstor_error **err)
{
    if (how->at->key)
        s->key = whole_key(how->at->key);
    const struct dr_ssh_options options = {.name = s->name,
                                           .site = how->site,
                                           .urls = how->at->urls,
                                           .n_urls = how->at->n_urls,
                                           .user = how->at->user,
                                           .key = s->key,
                                           .passphrase = how->at->password,
                                           .agent = how->at->agent,
                                           .known_hosts = how->known_hosts};
    return dr_ssh_open(how->env, &options, &s->ssh, err);
}

static int
session_open(const struct dr_service_how *how, void **ret_session, struct drstor_error **err)
{
    if (!how->at->n_urls)
        return DRSTOR_OK;
    struct session *s = dr_new0(struct session);
    struct dr_str name = {0};
    dr_str_printf(&name, "array %s", how->array);
    s->name = dr_str_take(&name);
    int r = is_ssh(how->at) ? open_ssh(s, how, err) : open_http(s, how, err);
    if (r < 0)
        session_close(s);
    else
        *ret_session = s;
    return r;
}

/* Numbers, depth and size are counted before a plugin reads it. */
static int
check_json(struct dr_http *h, const struct dr_http_reply *reply, struct drstor_error **err)
{
    dr_auto(dr_json_putp) struct json_object *o = NULL;
    const char *type = dr_http_reply_header(reply, "Content-Type");
    if (!reply->n_body || !type || !strcasestr(type, "json"))
        return DRSTOR_OK;
    return dr_http_reply_json(h, reply, &o, err);
}

static int
service_http(void *session, const struct dr_service_call *call,
             const struct drstor_http_request *request, struct drstor_http_reply *ret_reply,
             struct drstor_error **err)
{
    struct session *s = session;
    if (!s->http)
        return dr_fail(err, DRSTOR_E_UNSUPPORTED, "%s is reached by ssh, not by https", s->name);
    const struct dr_http_request q = {.method = request->method,
                                      .path = request->path,
                                      .mutating = request->mutating != 0,
                                      .class = request->large ? DR_HTTP_INVENTORY : DR_HTTP_SMALL,
                                      .headers = request->headers,
                                      .n_headers = request->n_headers,
                                      .body = request->body,
                                      .n_body = request->n_body,
                                      .deadline_ns = call->deadline_ns,
                                      .cancel = call->cancel};
    struct dr_http_reply reply;
    int r = dr_http_call(s->http, &q, &reply, err);
    if (r < 0)
        return r;
    r = check_json(s->http, &reply, err);
    if (r == DRSTOR_OK) {
        ret_reply->code = reply.code;
        ret_reply->body = dr_arena_strn(call->arena, reply.body, reply.n_body);
        ret_reply->n_body = reply.n_body;
        ret_reply->location = dr_arena_str(call->arena, dr_http_reply_header(&reply, "Location"));
    }
    dr_http_reply_clear(&reply);
    return r;
}

static int
service_ssh(void *session, const struct dr_service_call *call,
            const struct drstor_ssh_request *request, struct drstor_ssh_reply *ret_reply,
            struct drstor_error **err)
{
    struct session *s = session;
    if (!s->ssh)
        return dr_fail(err, DRSTOR_E_UNSUPPORTED, "%s is reached by https, not by ssh", s->name);
    const struct dr_ssh_request q = {.argv = request->argv,
                                     .n_argv = request->n_argv,
                                     .in = request->in,
                                     .n_in = request->n_in,
                                     .mutating = request->mutating != 0,
                                     .large = request->large != 0,
                                     .deadline_ns = call->deadline_ns,
                                     .cancel = call->cancel};
    struct dr_ssh_reply reply;
    int r = dr_ssh_run(s->ssh, &q, &reply, err);
    if (r < 0)
        return r;
    ret_reply->exit = reply.code;
    ret_reply->out = dr_arena_strn(call->arena, reply.out, reply.n_out);
    ret_reply->n_out = reply.n_out;
    ret_reply->err = dr_arena_strn(call->arena, reply.err, reply.n_err);
    ret_reply->n_err = reply.n_err;
    dr_ssh_reply_clear(&reply);
    return DRSTOR_OK;
}

const struct dr_plugin_services dr_worker_services = {
    .session_open = session_open,
    .session_close = session_close,
    .http = service_http,
    .ssh = service_ssh,
};
