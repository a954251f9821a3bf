/* The token: got by password from the engine's single sign-on, shared by all calls, renewed
 * once. */
#include "base/mem.h"
#include "rhv/api.h"

#include <pthread.h>
#include <string.h>
#include <strings.h>

/*
 * An engine locks an account after a few wrong passwords, and a directory behind it may be down for
 * a while. So a refused login is not asked for again at once by every poll, and neither is it for
 * good.
 */
enum { LOGIN_MS = 30 * 1000, LOGOUT_MS = 3 * 1000, HOLD_S = 30, HOLDS = 4 };

struct rhv_login {
    struct dr_env *env;
    const struct dr_engine *engine;
    struct dr_http *sso;
    struct dr_http *http;

    pthread_mutex_t lock; /* of what follows */
    struct dr_cond changed;
    struct dr_secret *token;
    uint64_t number;              /* of the token; 0: none yet */
    bool asking;                  /* one thread is at it */
    uint64_t attempts;            /* that have ended */
    struct drstor_error *failure; /* of the last one */
    unsigned refusals;            /* in a row */
    uint64_t hold_ns;
};

struct rhv_login *
rhv_login_new(struct dr_env *env, const struct dr_engine *engine, struct dr_http *sso,
              struct dr_http *http)
{
    struct rhv_login *l = dr_new0(struct rhv_login);
    l->env = env;
    l->engine = engine;
    l->sso = sso;
    l->http = http;
    (void)pthread_mutex_init(&l->lock, NULL);
    dr_cond_init(&l->changed, env);
    return l;
}

void
rhv_login_free(struct rhv_login *l)
{
    if (!l)
        return;
    (void)pthread_mutex_destroy(&l->lock);
    dr_secret_free(l->token);
    dr_error_free(l->failure);
    free(l);
}

/* ---- the request ----------------------------------------------------------------------------- */

static void
wipe(struct dr_str *s)
{
    if (s->s)
        explicit_bzero(s->s, s->cap);
    dr_str_freep(s);
}

/* Room for all of it at once: a string that grows leaves its shorter past behind in memory. */
static struct dr_str
form_room(size_t n)
{
    struct dr_str s = {.s = dr_alloc0(n, 1), .n = 0, .cap = n};
    return s;
}

static int
post_form(struct rhv_login *l, const char *path, const struct dr_str *form,
          const struct dr_rhv_how *how, unsigned most_ms, struct dr_http_reply *reply,
          struct drstor_error **err)
{
    /* The engine wants exactly this Accept; anything else is invalid_request. */
    static const struct drstor_http_header headers[] = {
        {"Accept", "application/json"},
        {"Content-Type", "application/x-www-form-urlencoded"},
    };
    uint64_t deadline_ns = dr_now_ns(l->env) + most_ms * DR_MS;
    if (how->deadline_ns && how->deadline_ns < deadline_ns)
        deadline_ns = how->deadline_ns;
    const struct dr_http_request q = {
        .method = "POST",
        .path = path,
        .secret = true,
        .headers = headers,
        .n_headers = DR_COUNT(headers),
        .body = form->s,
        .n_body = form->n,
        .deadline_ns = deadline_ns,
        .cancel = how->cancel,
        .correlation_id = how->correlation_id,
    };
    return dr_http_call(l->sso, &q, reply, err);
}

/* Two shapes: error_code and error; error and error_description. */
static int
fail_login(const struct rhv_login *l, int code, struct json_object *o, struct drstor_error **err)
{
    const char *name = dr_http_name(l->sso), *user = l->engine->at.user;
    const char *word = dr_json_str(o, "error_code");
    struct json_object *text = dr_json_get(o, word ? "error" : "error_description");
    if (!word)
        word = dr_json_str(o, "error");
    dr_auto(dr_json_putp) struct json_object *fault = json_object_new_object();
    dr_json_set(fault, "detail", text ? json_object_get(text) : NULL);
    dr_auto(dr_freep) char *said = rhv_said(fault);
    const char *what = said ? said : "it gives no reason";

    if ((!word && code >= 200 && code < 300) || dr_streq(word, "invalid_request")) {
        (void)dr_fail(err, DRSTOR_E_PROTOCOL, "%s gives no token: %s (%d)", name, what, code);
        dr_hint(err, "something in between may change the login; check the url, which is "
                     "https://HOST/ovirt-engine");
        return DRSTOR_E_PROTOCOL;
    }
    if (dr_streq(word, "unsupported_grant_type")) {
        (void)dr_fail(err, DRSTOR_E_UNSUPPORTED, "%s does not log in by password: %s", name, what);
        dr_hint(err, "give a user of a profile that has passwords, as admin@internal");
        return DRSTOR_E_UNSUPPORTED;
    }
    if (dr_streq(word, "server_error") || (!word && code != 400 && code != 401 && code != 403)) {
        (void)dr_fail(err, DRSTOR_E_UNREACHABLE, "%s cannot log anybody in now: %s (%d)", name,
                      what, code);
        dr_hint(err, "it, or the directory behind it, may be starting");
        return DRSTOR_E_UNREACHABLE;
    }
    (void)dr_fail(err, DRSTOR_E_AUTH, "%s does not log in user %s: %s", name, user, what);
    dr_hint(err, "check user (name@profile, as admin@internal) and password in the configuration, "
                 "and that the account is not locked or expired");
    return DRSTOR_E_AUTH;
}

static int
read_token(struct rhv_login *l, const struct dr_http_reply *reply, struct dr_secret **ret,
           struct drstor_error **err)
{
    dr_auto(dr_json_putp) struct json_object *o = NULL;
    dr_auto(dr_error_freep) struct drstor_error *trouble = NULL;
    int e = dr_http_reply_json(l->sso, reply, &o, &trouble);
    if (reply->code >= 500) /* a web server in front of an engine that starts: a page, not JSON */
        return fail_login(l, reply->code, o, err);
    if (e < 0) {
        dr_error_move(err, &trouble);
        return dr_context(err, e, "login");
    }
    const char *token = dr_json_str(o, "access_token");
    if (!token || reply->code != 200)
        return fail_login(l, reply->code, o, err);
    size_t n = strlen(token);
    e = dr_http_bearer(l->http, token, NULL); /* one that breaks a header is none */
    if (e == DRSTOR_OK)
        *ret = dr_secret_new(token, n);
    else
        e = fail_login(l, reply->code, NULL, err);
    explicit_bzero((void *)(uintptr_t)token, n); /* it is ours until the object is put */
    return e;
}

static int
ask(struct rhv_login *l, const struct dr_rhv_how *how, struct dr_secret **ret,
    struct drstor_error **err)
{
    const struct dr_access_point *at = &l->engine->at;
    struct dr_str form = form_room(128 + 3 * (strlen(at->user) + dr_secret_length(at->password)));
    dr_str_add(&form, "grant_type=password&scope=ovirt-app-api&username=");
    rhv_encode(&form, at->user);
    dr_str_add(&form, "&password=");
    rhv_encode(&form, dr_secret_bytes(at->password));
    struct dr_http_reply reply;
    int e = post_form(l, "/sso/oauth/token", &form, how, LOGIN_MS, &reply, err);
    wipe(&form);
    if (e < 0)
        return dr_context(err, e, "login");
    e = read_token(l, &reply, ret, err);
    dr_http_reply_clear(&reply);
    return e;
}

/* ---- one asks, the others wait --------------------------------------------------------------- */

/* With the lock held. */
static void
ended(struct rhv_login *l, int status, struct dr_secret *token, const struct drstor_error *failure)
{
    dr_error_freep(&l->failure);
    l->failure = dr_error_copy(failure);
    l->asking = false;
    l->attempts++;
    if (status == DRSTOR_OK) {
        dr_secret_free(l->token);
        l->token = token;
        l->number++;
        l->refusals = 0;
    } else if (status == DRSTOR_E_AUTH) {
        unsigned doublings = l->refusals < HOLDS ? l->refusals : HOLDS;
        l->hold_ns = dr_now_ns(l->env) + ((uint64_t)HOLD_S << doublings) * DR_S;
        l->refusals++;
    }
    dr_cond_wake(&l->changed);
}

/* With the lock held. */
static int
repeat_failure(const struct rhv_login *l, struct drstor_error **err)
{
    int status = dr_error_status(l->failure);
    struct drstor_error *copy = dr_error_copy(l->failure);
    dr_error_move(err, &copy);
    return status;
}

/* With the lock held, until another attempt has ended. */
static int
wait_for_other(struct rhv_login *l, const struct dr_rhv_how *how, struct drstor_error **err)
{
    const char *name = dr_http_name(l->sso);
    uint64_t attempt = l->attempts;
    while (l->asking && l->attempts == attempt) {
        if (dr_cancelled(how->cancel))
            return dr_fail(err, DRSTOR_E_CANCELLED,
                           "%s: cancelled before the login; nothing was sent", name);
        if (how->deadline_ns && dr_now_ns(l->env) >= how->deadline_ns)
            return dr_fail(err, DRSTOR_E_UNREACHABLE,
                           "%s: the login took until the deadline; nothing was sent", name);
        dr_cond_wait(&l->changed, &l->lock, how->deadline_ns ? how->deadline_ns : UINT64_MAX,
                     how->cancel);
    }
    return DRSTOR_OK;
}

int
rhv_login_token(struct rhv_login *l, const struct dr_rhv_how *how, uint64_t refused, uint64_t *ret,
                struct drstor_error **err)
{
    int e = DRSTOR_OK;
    pthread_mutex_lock(&l->lock);
    while (e == DRSTOR_OK && l->number <= refused) {
        if (l->asking) {
            e = wait_for_other(l, how, err);
            /* What it heard counts for us too, unless somebody only told it to stop. */
            if (e == DRSTOR_OK && l->failure && dr_error_status(l->failure) != DRSTOR_E_CANCELLED)
                e = repeat_failure(l, err);
            continue;
        }
        if (l->refusals && dr_now_ns(l->env) < l->hold_ns) {
            e = repeat_failure(l, err);
            break;
        }
        l->asking = true;
        pthread_mutex_unlock(&l->lock);
        struct dr_secret *token = NULL;
        dr_auto(dr_error_freep) struct drstor_error *failure = NULL;
        e = ask(l, how, &token, &failure);
        pthread_mutex_lock(&l->lock);
        ended(l, e, token, failure);
        if (e < 0)
            dr_error_move(err, &failure);
    }
    *ret = l->number;
    pthread_mutex_unlock(&l->lock);
    return e;
}

void
rhv_login_end(struct rhv_login *l, const char *correlation_id)
{
    if (!l->token)
        return;
    struct dr_str form = form_room(64 + 3 * dr_secret_length(l->token));
    dr_str_add(&form, "scope=ovirt-app-api&token=");
    rhv_encode(&form, dr_secret_bytes(l->token));
    const struct dr_rhv_how how = {.correlation_id = correlation_id};
    struct dr_http_reply reply;
    /* Nobody can do anything about a failure: the engine ends idle sessions by itself. */
    if (post_form(l, "/services/sso-logout", &form, &how, LOGOUT_MS, &reply, NULL) == DRSTOR_OK)
        dr_http_reply_clear(&reply);
    wipe(&form);
}
