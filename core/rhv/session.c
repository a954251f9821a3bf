#include "rhv/session.h"

#include "base/mem.h"
#include "rhv/api.h"

#include <ctype.h>
#include <string.h>

enum {
    URLS_MAX = 16,
    PARALLEL = 24,    /* sixteen that change something, and a look beside them */
    SSO_PARALLEL = 2, /* a login, and the logout of a session that is closed */
    READ_MS = 30 * 1000,
    MUTATE_MS = 15 * 60 * 1000,
    CORRELATION_MAX = 36 /* the engine cuts longer ones */
};

/*
 * People give the engine's url in three ways: as its host, as the portal, or as the API (ovirt-dr's
 * files). What we need is what SSO and API have in common.
 */
static char *
base_url(const char *url)
{
    static const char *const ends[] = {"/", "/v4", "/api"};
    const char *host = strstr(url, "://");
    const char *path = host ? strchr(host + 3, '/') : NULL;
    size_t keep = path ? (size_t)(path - url) : strlen(url), n = strlen(url);
    for (size_t i = 0; i < DR_COUNT(ends);) {
        size_t end = strlen(ends[i]);
        if (n >= keep + end && strncmp(url + n - end, ends[i], end) == 0) {
            n -= end;
            i = 0; /* "/api/v4/" */
        } else {
            i++;
        }
    }
    struct dr_str s = {0};
    dr_str_addn(&s, url, n);
    if (n == keep)
        dr_str_add(&s, "/ovirt-engine");
    return dr_str_take(&s);
}

static int
check(const struct dr_engine *engine, const struct dr_rhv_options *o, struct drstor_error **err)
{
    const struct dr_access_point *at = &engine->at;
    if (!at->user || !*at->user || !at->password) {
        (void)dr_fail(err, DRSTOR_E_INVALID, "engine %s has no user or no password", engine->name);
        dr_hint(err, "give user (name@profile, as admin@internal) and password in its section of "
                     "the configuration");
        return DRSTOR_E_INVALID;
    }
    size_t n = dr_secret_length(at->password);
    if (strlen(dr_secret_bytes(at->password)) != n)
        return dr_fail(err, DRSTOR_E_INVALID, "engine %s: its password holds a NUL byte",
                       engine->name);
    if (at->n_urls == 0 || at->n_urls > URLS_MAX)
        return dr_fail(err, DRSTOR_E_INVALID, "engine %s: 1 to %d urls", engine->name, URLS_MAX);
    const char *id = o ? o->correlation_id : NULL;
    bool sound = id && *id && strlen(id) <= CORRELATION_MAX;
    for (const char *c = id; sound && *c; c++)
        sound = isalnum((unsigned char)*c) || *c == '-' || *c == '_';
    if (!sound)
        return dr_fail(err, DRSTOR_E_INVALID,
                       "engine %s: a session needs a correlation id that is a UUID", engine->name);
    return DRSTOR_OK;
}

static int
open_http(struct dr_rhv *r, const struct dr_rhv_options *o, struct drstor_error **err)
{
    const struct dr_access_point *at = &r->engine->at;
    dr_auto(dr_str_freep) struct dr_str name = {0};
    dr_str_printf(&name, "engine %s", r->engine->name);
    char *urls[URLS_MAX] = {NULL};
    for (size_t i = 0; i < at->n_urls; i++)
        urls[i] = base_url(at->urls[i]);
    struct dr_http_options http = {
        .name = name.s,
        .site = r->site,
        .urls = (const char *const *)urls,
        .n_urls = at->n_urls,
        .ca_file = at->ca,
        .pin = at->pin,
        .parallel = o->parallel ? o->parallel : PARALLEL,
        .connect_ms = o->connect_ms,
        .read_ms = r->read_ms,
        .mutate_ms = r->mutate_ms,
        .contact = r->contact,
    };
    int e = dr_http_open(r->env, &http, &r->http, err);
    http.parallel = SSO_PARALLEL;
    if (e == DRSTOR_OK)
        e = dr_http_open(r->env, &http, &r->sso, err);
    for (size_t i = 0; i < at->n_urls; i++)
        free(urls[i]);
    return e;
}

int
dr_rhv_open(struct dr_env *env, const struct dr_engine *engine, const char *site,
            struct dr_contact *contact, const struct dr_rhv_options *o, struct dr_rhv **ret,
            struct drstor_error **err)
{
    int e = check(engine, o, err);
    if (e < 0)
        return e;
    dr_auto(dr_rhv_closep) struct dr_rhv *r = dr_new0(struct dr_rhv);
    r->env = env;
    r->engine = engine;
    r->site = dr_strdup(site);
    r->contact = contact;
    r->correlation_id = dr_strdup(o->correlation_id);
    r->read_ms = o->read_ms ? o->read_ms : READ_MS;
    r->mutate_ms = o->mutate_ms && o->mutate_ms < MUTATE_MS ? o->mutate_ms : MUTATE_MS;
    e = open_http(r, o, err);
    if (e < 0)
        return e;
    r->login = rhv_login_new(env, engine, r->sso, r->http);
    *ret = dr_steal(r);
    return DRSTOR_OK;
}

void
dr_rhv_close(struct dr_rhv *r)
{
    if (!r)
        return;
    /* The contact rule would refuse it anyway; this keeps the refusal out of the log of calls. */
    if (r->login && !(r->site && dr_contact_forbidden(r->contact, r->site)))
        rhv_login_end(r->login, r->correlation_id);
    rhv_login_free(r->login);
    dr_http_close(r->sso);
    dr_http_close(r->http);
    free(r->correlation_id);
    free((void *)(uintptr_t)r->site);
    free(r);
}

void
dr_rhv_closep(struct dr_rhv **r)
{
    dr_rhv_close(*r);
    *r = NULL;
}

const char *
dr_rhv_name(const struct dr_rhv *r)
{
    return dr_http_name(r->http);
}

int64_t
dr_rhv_trusted_until(const struct dr_rhv *r)
{
    int64_t until = dr_http_trusted_until(r->http);
    return until >= 0 ? until : dr_http_trusted_until(r->sso);
}

int
dr_rhv_login(struct dr_rhv *r, const struct dr_rhv_how *how, struct drstor_error **err)
{
    uint64_t number;
    struct dr_rhv_how mine = how ? *how : (struct dr_rhv_how){0};
    if (!mine.correlation_id)
        mine.correlation_id = r->correlation_id;
    return rhv_login_token(r->login, &mine, 0, &number, err);
}
