#include "rhv/api.h"

#include "base/mem.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

enum { SAID_MAX = 400, ID_MAX = 64, LIST_FACTOR = 4 };

/* ---- text ------------------------------------------------------------------------------------ */

void
rhv_encode(struct dr_str *to, const char *text)
{
    static const char hex[] = "0123456789ABCDEF";
    for (const char *c = text; *c; c++) {
        unsigned char b = (unsigned char)*c;
        if ((b < 128 && isalnum(b)) || strchr("-._~", *c)) {
            dr_str_addn(to, c, 1);
            continue;
        }
        char code[3] = {'%', hex[b >> 4], hex[b & 15]};
        dr_str_addn(to, code, sizeof(code));
    }
}

bool
rhv_id_is_sound(const char *id)
{
    if (!id || !*id || strlen(id) > ID_MAX)
        return false;
    for (const char *c = id; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '-' && *c != '_')
            return false;
    return true;
}

int
rhv_path_of(char **ret, struct drstor_error **err, const char *form, const char *const *ids,
            size_t n)
{
    dr_auto(dr_str_freep) struct dr_str s = {0};
    size_t used = 0;
    for (const char *c = form; *c; c++) {
        if (*c != '%') {
            dr_str_addn(&s, c, 1);
            continue;
        }
        const char *id = used < n ? ids[used++] : NULL;
        if (!rhv_id_is_sound(id))
            return dr_fail(err, DRSTOR_E_INVALID, "\"%.64s\" is no id of an engine's object",
                           id ? id : "");
        dr_str_add(&s, id);
    }
    *ret = dr_str_take(&s);
    return DRSTOR_OK;
}

char *
rhv_said(struct json_object *reply)
{
    struct json_object *fault = dr_json_get(reply, "fault");
    const char *text = dr_json_str(fault, "detail");
    if (!text)
        text = dr_json_str(reply, "detail");
    if (!text)
        text = dr_json_str(fault, "reason");
    if (!text)
        text = dr_json_str(reply, "reason");
    if (!text || !*text)
        return NULL;
    /* An engine may repeat what it was sent. Before the cut, which could leave half a secret. */
    dr_auto(dr_freep) char *clean = dr_strdup(text);
    dr_redact(clean);
    struct dr_str s = {0};
    for (const char *c = clean; *c; c++) {
        /* Not in the middle of a character. */
        if (s.n >= SAID_MAX && ((unsigned char)*c & 0xc0) != 0x80) {
            dr_str_add(&s, "...");
            break;
        }
        char plain = (unsigned char)*c < 32 || *c == 127 ? ' ' : *c;
        dr_str_addn(&s, &plain, 1);
    }
    return dr_str_take(&s);
}

/* ---- what an answer means -------------------------------------------------------------------- */

static int
status_of(const struct rhv_request *q, int code)
{
    switch (code) {
    case 401:
    case 403:
    case 407:
        return DRSTOR_E_AUTH;
    case 404:
    case 410:
        return DRSTOR_E_NOTFOUND;
    case 405:
    case 501:
        return DRSTOR_E_UNSUPPORTED;
    case 409:
        return DRSTOR_E_CONFLICT;
    case 429:
        return DRSTOR_E_BUSY;
    default:
        break;
    }
    if (code >= 500) /* a proxy's 502 does not say how far the request came */
        return q->mutating ? DRSTOR_E_UNKNOWN : DRSTOR_E_UNREACHABLE;
    return DRSTOR_E_REFUSED;
}

static void
hint_for(const struct dr_rhv *r, const struct rhv_request *q, int status, int code,
         const char *correlation_id, struct drstor_error **err)
{
    if (code == 401)
        dr_hint(err, "something in between may drop the Authorization header; check the url");
    else if (status == DRSTOR_E_AUTH)
        dr_hint(err, "user %s needs a role that allows this on the whole system, as SuperUser",
                r->engine->at.user);
    else if (status == DRSTOR_E_UNREACHABLE)
        dr_hint(err, "it may be starting; otherwise see engine.log on its host");
    else if (status == DRSTOR_E_UNKNOWN)
        dr_hint(err, "it may have happened; the state is read again before anything else is done");
    else if (status == DRSTOR_E_PROTOCOL)
        dr_hint(err, "check the url, which is https://HOST/ovirt-engine, and what is in between");
    else if (status == DRSTOR_E_UNSUPPORTED)
        dr_hint(err, "drstor needs engine 4.2 or newer");
    else if (q->mutating && status != DRSTOR_E_BUSY)
        dr_hint(err,
                "the state is read again and decides; the engine's events and engine.log have "
                "more under correlation id %s",
                correlation_id);
}

static int
fail_code(const struct dr_rhv *r, const struct rhv_request *q, int code, struct json_object *o,
          const char *correlation_id, struct drstor_error **err)
{
    int status = status_of(q, code);
    dr_auto(dr_freep) char *said = rhv_said(o);
    if (code == 401)
        (void)dr_fail(err, status, "%s refuses the token it has just given (401)", dr_rhv_name(r));
    else if (said)
        (void)dr_fail(err, status, "%s says: %s (%d)", dr_rhv_name(r), said, code);
    else
        (void)dr_fail(err, status, "%s answers %d and gives no reason", dr_rhv_name(r), code);
    hint_for(r, q, status, code, correlation_id, err);
    return status;
}

static bool
is_fault(const struct rhv_request *q, struct json_object *o)
{
    if (dr_json_get(o, "fault") || (dr_json_get(o, "reason") && dr_json_get(o, "detail")))
        return true;
    return q->action && dr_streq(dr_json_str(o, "status"), "failed");
}

static int
judge_good(const struct dr_rhv *r, const struct rhv_request *q, const struct dr_http_reply *reply,
           const char *correlation_id, struct json_object **ret, struct drstor_error **err)
{
    dr_auto(dr_json_putp) struct json_object *o = NULL;
    int e = dr_http_reply_json(r->http, reply, &o, err);
    if (e == DRSTOR_E_UNKNOWN)
        hint_for(r, q, e, reply->code, correlation_id, err);
    if (e < 0)
        return e;
    bool empty = reply->n_body == 0; /* only of a mutating call */
    if (!empty && !json_object_is_type(o, json_type_object)) {
        e = q->mutating ? DRSTOR_E_UNKNOWN : DRSTOR_E_PROTOCOL;
        (void)dr_fail(err, e, "%s: answered %d with JSON that is no object", dr_rhv_name(r),
                      reply->code);
        hint_for(r, q, e, reply->code, correlation_id, err);
        return e;
    }
    if (is_fault(q, o)) {
        dr_auto(dr_freep) char *said = rhv_said(o);
        (void)dr_fail(err, DRSTOR_E_REFUSED, "%s says: %s (%d)", dr_rhv_name(r),
                      said ? said : "it failed", reply->code);
        hint_for(r, q, DRSTOR_E_REFUSED, reply->code, correlation_id, err);
        return DRSTOR_E_REFUSED;
    }
    if (!q->mutating && reply->code != 200)
        return dr_fail(err, DRSTOR_E_PROTOCOL, "%s: answered a read with %d", dr_rhv_name(r),
                       reply->code);
    *ret = dr_steal(o);
    return DRSTOR_OK;
}

static int
judge(const struct dr_rhv *r, const struct rhv_request *q, const struct dr_http_reply *reply,
      const char *correlation_id, struct json_object **ret, struct drstor_error **err)
{
    if (reply->code < 300)
        return judge_good(r, q, reply, correlation_id, ret, err);
    dr_auto(dr_json_putp) struct json_object *o = NULL;
    bool words = reply->n_body > 0 && dr_http_reply_json(r->http, reply, &o, NULL) == DRSTOR_OK;
    /* A page that says 404 is some web server's: it knows nothing about what the engine has. */
    if (!q->mutating && !words && reply->n_body > 0 &&
        status_of(q, reply->code) == DRSTOR_E_NOTFOUND) {
        (void)dr_fail(err, DRSTOR_E_PROTOCOL,
                      "%s answers %d with something that is not the engine's", dr_rhv_name(r),
                      reply->code);
        dr_hint(err, "check the url: it is https://HOST/ovirt-engine");
        return DRSTOR_E_PROTOCOL;
    }
    return fail_code(r, q, reply->code, o, correlation_id, err);
}

/* ---- the call -------------------------------------------------------------------------------- */

static uint64_t
deadline_of(const struct dr_rhv *r, const struct dr_rhv_how *how, const struct rhv_request *q)
{
    uint64_t ms = q->list ? (uint64_t)r->read_ms * LIST_FACTOR : r->read_ms;
    if (q->mutating || q->scan)
        ms = r->mutate_ms;
    uint64_t ns = dr_now_ns(r->env) + ms * DR_MS;
    return how->deadline_ns && how->deadline_ns < ns ? how->deadline_ns : ns;
}

static int
send_once(struct dr_rhv *r, const struct dr_rhv_how *how, const struct rhv_request *q,
          struct dr_http_reply *reply, struct drstor_error **err)
{
    static const struct drstor_http_header version[] = {{"Version", "4"}};
    const char *body = q->body ? dr_json_text(q->body) : NULL;
    dr_auto(dr_str_freep) struct dr_str path = {0};
    dr_str_add(&path, "/api");
    dr_str_add(&path, q->path);
    const struct dr_http_request http = {
        .method = q->method,
        .path = path.s,
        .mutating = q->mutating,
        .class = q->list || q->scan ? DR_HTTP_INVENTORY : DR_HTTP_SMALL,
        .headers = version,
        .n_headers = DR_COUNT(version),
        .body = body,
        .n_body = body ? strlen(body) : 0,
        .deadline_ns = how->deadline_ns,
        .cancel = how->cancel,
        .correlation_id = how->correlation_id,
    };
    return dr_http_call(r->http, &http, reply, err);
}

int
rhv_call(struct dr_rhv *r, const struct dr_rhv_how *how, const struct rhv_request *q,
         struct json_object **ret, int *ret_code, struct drstor_error **err)
{
    struct dr_rhv_how mine = how ? *how : (struct dr_rhv_how){0};
    mine.deadline_ns = deadline_of(r, &mine, q);
    if (!mine.correlation_id)
        mine.correlation_id = r->correlation_id;

    struct dr_http_reply reply = {0};
    uint64_t token = 0;
    for (int turn = 0;; turn++) {
        int e = rhv_login_token(r->login, &mine, token, &token, err);
        if (e == DRSTOR_OK)
            e = send_once(r, &mine, q, &reply, err);
        if (e < 0)
            return e;
        /*
         * An ended session is told before anything else is looked at, so what was answered by 401
         * was not carried out, and a mutating call may be sent again too. Once.
         */
        if (reply.code != 401 || turn > 0)
            break;
        dr_http_reply_clear(&reply);
    }
    int e = judge(r, q, &reply, mine.correlation_id, ret, err);
    if (e == DRSTOR_OK && ret_code)
        *ret_code = reply.code;
    dr_http_reply_clear(&reply);
    return e;
}

int
rhv_answer(struct dr_rhv *r, const struct dr_rhv_how *how, const struct rhv_request *q,
           struct dr_rhv_answer *answer, struct json_object **ret, struct drstor_error **err)
{
    int code = 0;
    int e = rhv_call(r, how, q, ret, &code, err);
    if (e < 0)
        return e;
    const char *status = q->action ? dr_json_str(*ret, "status") : NULL;
    answer->pending = code == 202 || dr_streq(status, "pending") || dr_streq(status, "in_progress");
    const char *job = dr_json_str(dr_json_get(*ret, "job"), "id");
    if (job && rhv_id_is_sound(job) && strlen(job) < sizeof(answer->job))
        memcpy(answer->job, job, strlen(job) + 1);
    return DRSTOR_OK;
}

int
rhv_act(struct dr_rhv *r, const struct dr_rhv_how *how, const char *method, const char *path,
        struct json_object *body, struct dr_rhv_answer *ret, struct drstor_error **err)
{
    dr_auto(dr_json_putp) struct json_object *empty = json_object_new_object();
    dr_auto(dr_json_putp) struct json_object *o = NULL;
    bool has_body = strcmp(method, "DELETE") != 0;
    const struct rhv_request q = {
        .method = method,
        .path = path,
        .body = has_body ? (body ? body : empty) : NULL,
        .mutating = true,
        .action = true,
    };
    struct dr_rhv_answer answer = {0};
    int e = rhv_answer(r, how, &q, &answer, &o, err);
    if (e == DRSTOR_OK && ret)
        *ret = answer;
    return e;
}
