#include "net/http.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/transfer.h"
#include "net/wire.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { PARALLEL_MAX = 64, URLS_MAX = 16, CA_BYTES_MAX = 1 << 20 };

/* One call at a time, with the connections it keeps. */
struct slot {
    CURLM *multi;
    CURLSH *share; /* its TLS sessions; NULL where cookies are shared by all */
    bool busy;
};

struct address {
    char *origin; /* "https://host:port" */
    char *base;   /* "/ovirt-engine", no '/' at the end */
};

struct dr_http {
    struct dr_env *env;
    char *name;
    char *site;
    struct address *addresses;
    size_t n_addresses;
    atomic_size_t first;                /* the address that answered last */
    atomic_int_least64_t trusted_until; /* 0: not told */
    struct transfer_trust trust;
    unsigned connect_ms, read_ms, mutate_ms, stall_ms;
    bool cookies;
    struct dr_contact *contact;

    CURLSH *cookie_share; /* NULL: keeps none */
    pthread_mutex_t share_locks[CURL_LOCK_DATA_LAST];

    pthread_mutex_t lock; /* of what follows */
    struct dr_cond freed;
    struct slot *slots;
    size_t n_slots;
    struct dr_secret *basic; /* "user:password": a name of its own for the redaction filter */
    struct dr_secret *bearer;
};

/* ---- open and close -------------------------------------------------------------------------- */

static void
library_init(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

static void
share_lock(CURL *easy, curl_lock_data what, curl_lock_access access, void *arg)
{
    (void)easy, (void)access;
    struct dr_http *h = arg;
    pthread_mutex_lock(&h->share_locks[what]);
}

static void
share_unlock(CURL *easy, curl_lock_data what, void *arg)
{
    (void)easy;
    struct dr_http *h = arg;
    pthread_mutex_unlock(&h->share_locks[what]);
}

/*
 * What outlives one call, beside connections. An endpoint that logs in by cookie shares the cookies
 * between all its slots, so that one login counts for all. TLS sessions are kept per slot, which
 * one thread uses at a time: two threads in one session is something OpenSSL has had trouble with,
 * and all there is to gain is a round trip for the first call of a slot.
 */
static CURLSH *
share_open(struct dr_http *h)
{
    CURLSH *s = curl_share_init();
    bool good = s != NULL;
    if (good && h->cookies)
        good = curl_share_setopt(s, CURLSHOPT_LOCKFUNC, share_lock) == CURLSHE_OK &&
               curl_share_setopt(s, CURLSHOPT_UNLOCKFUNC, share_unlock) == CURLSHE_OK &&
               curl_share_setopt(s, CURLSHOPT_USERDATA, h) == CURLSHE_OK &&
               curl_share_setopt(s, CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE) == CURLSHE_OK;
    else if (good)
        good = curl_share_setopt(s, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) == CURLSHE_OK;
    if (good)
        return s;
    (void)curl_share_cleanup(s);
    return NULL;
}

static char *
url_part(CURLU *u, CURLUPart part)
{
    char *s = NULL;
    return curl_url_get(u, part, &s, 0) == CURLUE_OK ? s : NULL;
}

static void
url_freep(CURLU **u)
{
    curl_url_cleanup(*u);
}

static void
part_freep(char **s)
{
    curl_free(*s);
}

static int
address_parse(const char *name, const char *url, struct address *a, struct drstor_error **err)
{
    dr_auto(url_freep) CURLU *u = curl_url();
    if (!u)
        return dr_fail(err, DRSTOR_E_NOMEM, "out of memory");
    /* The url itself is not repeated: it may hold a password. */
    CURLUcode r = curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME);
    if (r != CURLUE_OK)
        return dr_fail(err, DRSTOR_E_INVALID, "%s: its url cannot be read: %s", name,
                       curl_url_strerror(r));
    dr_auto(part_freep) char *scheme = url_part(u, CURLUPART_SCHEME);
    dr_auto(part_freep) char *host = url_part(u, CURLUPART_HOST);
    dr_auto(part_freep) char *port = url_part(u, CURLUPART_PORT);
    dr_auto(part_freep) char *path = url_part(u, CURLUPART_PATH);
    dr_auto(part_freep) char *user = url_part(u, CURLUPART_USER);
    dr_auto(part_freep) char *password = url_part(u, CURLUPART_PASSWORD);
    dr_auto(part_freep) char *query = url_part(u, CURLUPART_QUERY);
    dr_auto(part_freep) char *fragment = url_part(u, CURLUPART_FRAGMENT);

    if (!scheme || strcasecmp(scheme, "https") != 0) {
        (void)dr_fail(err, DRSTOR_E_INVALID, "%s: its url begins with %s; only https is spoken",
                      name, scheme ? scheme : "nothing");
        dr_hint(err, "write https://...; a self-signed certificate is pinned by its public key");
        return DRSTOR_E_INVALID;
    }
    if (user || password || query || fragment)
        return dr_fail(err, DRSTOR_E_INVALID,
                       "%s: its url holds more than https://host:port/path; user and password are "
                       "settings of their own",
                       name);
    /* libcurl takes one slash or three as well, and then the path's first word for the host. */
    if (!host || !*host || strncasecmp(url, "https://", 8) != 0 || url[8] == '/')
        return dr_fail(err, DRSTOR_E_INVALID, "%s: its url names no host", name);

    struct dr_str origin = {0};
    dr_str_printf(&origin, "https://%s%s%s", host, port ? ":" : "", port ? port : "");
    a->origin = dr_str_take(&origin);
    a->base = dr_strdup(path ? path : "");
    for (size_t n = strlen(a->base); n && a->base[n - 1] == '/'; n--)
        a->base[n - 1] = '\0';
    return DRSTOR_OK;
}

/* "sha256//" and the 44 characters of 32 bytes */
static bool
pin_is_sound(const char *pin)
{
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return strncmp(pin, "sha256//", 8) == 0 && strspn(pin + 8, set) == 43 &&
           strcmp(pin + 8 + 43, "=") == 0;
}

static int
open_trust(struct dr_http *h, const struct dr_http_options *o, struct drstor_error **err)
{
    if (!o->ca_file && !o->pin) {
        (void)dr_fail(err, DRSTOR_E_INVALID, "%s: neither a CA file nor a pinned public key",
                      o->name);
        dr_hint(err, "give the CA that signed its certificate, or compare and pin its key: drstor "
                     "trust show");
        return DRSTOR_E_INVALID;
    }
    if (o->pin && !pin_is_sound(o->pin))
        return dr_fail(err, DRSTOR_E_INVALID,
                       "%s: a pinned key is sha256// and 44 characters of base64", o->name);
    if (o->pin)
        h->trust.pin = dr_strdup(o->pin);
    if (!o->ca_file)
        return DRSTOR_OK;
    char *ca = NULL;
    int r = dr_file_read(o->ca_file, CA_BYTES_MAX, &ca, &h->trust.n_ca, err);
    if (r < 0)
        return dr_context(err, r, "%s: CA file", o->name);
    h->trust.ca = ca;
    if (!strstr(ca, "-----BEGIN CERTIFICATE-----"))
        return dr_fail(err, DRSTOR_E_INVALID, "%s: CA file %s holds no certificate in PEM form",
                       o->name, o->ca_file);
    return DRSTOR_OK;
}

static int
open_user(struct dr_http *h, const struct dr_http_options *o, struct drstor_error **err)
{
    if (!o->user)
        return DRSTOR_OK;
    if (!o->secret || strchr(o->user, ':') ||
        strlen(dr_secret_bytes(o->secret)) != dr_secret_length(o->secret))
        return dr_fail(err, DRSTOR_E_INVALID,
                       "%s: basic authentication needs a user without ':' and a password", o->name);
    struct dr_str both = {0};
    dr_str_printf(&both, "%s:", o->user);
    dr_str_addn(&both, dr_secret_bytes(o->secret), dr_secret_length(o->secret));
    h->basic = dr_secret_new(both.s, both.n);
    explicit_bzero(both.s, both.n);
    dr_str_freep(&both);
    return DRSTOR_OK;
}

int
dr_http_open(struct dr_env *env, const struct dr_http_options *o, struct dr_http **ret,
             struct drstor_error **err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, library_init);

    dr_auto(dr_http_closep) struct dr_http *h = dr_new0(struct dr_http);
    (void)pthread_mutex_init(&h->lock, NULL);
    dr_cond_init(&h->freed, env);
    for (size_t i = 0; i < DR_COUNT(h->share_locks); i++)
        (void)pthread_mutex_init(&h->share_locks[i], NULL);
    h->env = env;
    h->name = dr_strdup(o->name);
    h->site = dr_strdup(o->site);
    h->contact = o->contact;
    h->cookies = o->cookies;
    h->connect_ms = o->connect_ms ? o->connect_ms : 5 * 1000;
    h->read_ms = o->read_ms ? o->read_ms : 30 * 1000;
    h->mutate_ms = o->mutate_ms ? o->mutate_ms : 15 * 60 * 1000;
    h->stall_ms = o->stall_ms ? o->stall_ms : 30 * 1000;
    if (o->parallel > PARALLEL_MAX || o->n_urls == 0 || o->n_urls > URLS_MAX)
        return dr_fail(err, DRSTOR_E_INVALID, "%s: at most %d parallel calls, 1 to %d urls",
                       o->name, PARALLEL_MAX, URLS_MAX);
    h->n_slots = o->parallel ? o->parallel : 4;
    h->slots = dr_alloc0(h->n_slots, sizeof(*h->slots));
    h->addresses = dr_alloc0(o->n_urls, sizeof(*h->addresses));
    for (size_t i = 0; i < o->n_urls; i++) {
        int r = address_parse(o->name, o->urls[i], &h->addresses[i], err);
        h->n_addresses = i + 1;
        if (r < 0)
            return r;
    }
    int r = open_trust(h, o, err);
    if (r == DRSTOR_OK)
        r = open_user(h, o, err);
    if (r < 0)
        return r;
    if (h->cookies && !(h->cookie_share = share_open(h)))
        return dr_fail(err, DRSTOR_E_NOMEM, "out of memory");
    *ret = dr_steal(h);
    return DRSTOR_OK;
}

void
dr_http_close(struct dr_http *h)
{
    if (!h)
        return;
    for (size_t i = 0; i < h->n_slots; i++) {
        (void)curl_multi_cleanup(h->slots[i].multi);
        (void)curl_share_cleanup(h->slots[i].share);
    }
    (void)curl_share_cleanup(h->cookie_share);
    for (size_t i = 0; i < h->n_addresses; i++) {
        free(h->addresses[i].origin);
        free(h->addresses[i].base);
    }
    for (size_t i = 0; i < DR_COUNT(h->share_locks); i++)
        (void)pthread_mutex_destroy(&h->share_locks[i]);
    (void)pthread_mutex_destroy(&h->lock);
    dr_secret_free(h->basic);
    dr_secret_free(h->bearer);
    free((void *)(uintptr_t)h->trust.ca);
    free((void *)(uintptr_t)h->trust.pin);
    free(h->addresses);
    free(h->slots);
    free(h->name);
    free(h->site);
    free(h);
}

void
dr_http_closep(struct dr_http **h)
{
    dr_http_close(*h);
    *h = NULL;
}

const struct transfer_trust *
http_trust(const struct dr_http *h)
{
    return &h->trust;
}

const char *
dr_http_name(const struct dr_http *h)
{
    return h->name;
}

int64_t
dr_http_trusted_until(const struct dr_http *h)
{
    int64_t until = atomic_load(&h->trusted_until);
    return until ? until : -1;
}

const char *
dr_http_site(const struct dr_http *h)
{
    return h->site;
}

int
dr_http_bearer(struct dr_http *h, const char *token, struct drstor_error **err)
{
    struct dr_secret *fresh = NULL;
    if (token) {
        size_t n = strlen(token);
        bool sound = n > 0 && n <= 16384;
        for (size_t i = 0; sound && i < n; i++)
            sound = isgraph((unsigned char)token[i]);
        if (!sound)
            return dr_fail(err, DRSTOR_E_INVALID,
                           "%s: the token is empty, too long or not printable", h->name);
        fresh = dr_secret_new(token, n);
    }
    pthread_mutex_lock(&h->lock);
    struct dr_secret *old = h->bearer;
    h->bearer = fresh;
    pthread_mutex_unlock(&h->lock);
    dr_secret_free(old);
    return DRSTOR_OK;
}

/* ---- the pool -------------------------------------------------------------------------------- */

/* With the lock held. The first free one: it is the one most likely to have a warm connection. */
static struct slot *
slot_free(struct dr_http *h)
{
    for (size_t i = 0; i < h->n_slots; i++)
        if (!h->slots[i].busy)
            return &h->slots[i];
    return NULL;
}

static bool
slot_ready(struct dr_http *h, struct slot *s)
{
    if (dr_contact_wire(h->contact))
        return true;
    if (!s->multi)
        s->multi = curl_multi_init();
    if (!s->share && !h->cookies)
        s->share = share_open(h);
    return s->multi && (s->share || h->cookies) &&
           curl_multi_setopt(s->multi, CURLMOPT_MAXCONNECTS, 2L) == CURLM_OK;
}

static int
slot_take(struct dr_http *h, const struct dr_http_request *q, uint64_t deadline_ns,
          struct slot **ret, struct drstor_error **err)
{
    int r = DRSTOR_OK;
    struct slot *s = NULL;
    pthread_mutex_lock(&h->lock);
    for (;;) {
        if (dr_contact_forbidden(h->contact, h->site))
            r = dr_contact_refuse(h->contact, h->site, err);
        else if (dr_cancelled(q->cancel))
            r = dr_fail(err, DRSTOR_E_CANCELLED, "%s: %s was cancelled; nothing was sent", h->name,
                        q->method);
        if (r < 0 || (s = slot_free(h)))
            break;
        if (dr_now_ns(h->env) >= deadline_ns) {
            r = dr_fail(err, DRSTOR_E_BUSY,
                        "%s: all %zu connections were in use until the deadline; nothing was sent",
                        h->name, h->n_slots);
            break;
        }
        /* The contact rule ends the calls that are under way, and that wakes us too. */
        dr_cond_wait(&h->freed, &h->lock, deadline_ns, q->cancel);
    }
    if (s)
        s->busy = true;
    pthread_mutex_unlock(&h->lock);
    if (r == DRSTOR_OK && !slot_ready(h, s)) {
        pthread_mutex_lock(&h->lock);
        s->busy = false;
        pthread_mutex_unlock(&h->lock);
        return dr_fail(err, DRSTOR_E_NOMEM, "out of memory");
    }
    *ret = s;
    return r;
}

static void
slot_give(struct dr_http *h, struct slot *s)
{
    pthread_mutex_lock(&h->lock);
    s->busy = false;
    dr_cond_wake(&h->freed);
    pthread_mutex_unlock(&h->lock);
}

static void
slot_wake(void *arg)
{
    (void)curl_multi_wakeup(arg);
}

static void
wire_wake(void *arg)
{
    struct dr_wire *w = arg;
    dr_cond_wake(&w->changed);
}

/* ---- the call -------------------------------------------------------------------------------- */

/* What the log needs to know about a call, beside the request. */
struct fate {
    bool sent;
    int code;
};

/* The request's headers and who we say we are, as they were when the call began. */
struct identity {
    struct curl_slist *list;
    const char *user_password;
};

static void
identity_freep(struct identity *who)
{
    request_headers_freep(&who->list);
}

static int
identity_make(struct dr_http *h, const struct dr_http_request *q, struct identity *who,
              struct drstor_error **err)
{
    pthread_mutex_lock(&h->lock);
    int r = request_headers(q, h->bearer, &who->list, err);
    if (!h->bearer && h->basic)
        who->user_password = dr_secret_bytes(h->basic); /* stays until close */
    pthread_mutex_unlock(&h->lock);
    return r;
}

static int
call_address(struct dr_http *h, const struct dr_http_request *q, struct slot *s,
             struct dr_contact_call *contact, const struct identity *who, size_t i, size_t left,
             uint64_t deadline_ns, struct fate *fate, struct dr_http_reply *ret,
             struct drstor_error **err)
{
    const struct address *a = &h->addresses[i];
    dr_auto(dr_str_freep) struct dr_str url = {0};
    dr_str_printf(&url, "%s%s%s", a->origin, q->from_root ? "" : a->base, q->path);

    /* A silent address must leave time for the ones behind it. */
    uint64_t now = dr_now_ns(h->env);
    uint64_t share_ms = deadline_ns > now ? (deadline_ns - now) / DR_MS / left + 1 : 1;
    struct transfer t = {
        .env = h->env,
        .multi = s->multi,
        .share = h->cookies ? h->cookie_share : s->share,
        .cookies = h->cookies,
        .name = h->name,
        .url = url.s,
        .trust = &h->trust,
        .request = q,
        .headers = who->list,
        .user_password = who->user_password,
        .deadline_ns = deadline_ns,
        .connect_ms = share_ms < h->connect_ms ? share_ms : h->connect_ms,
        .stall_ms = h->stall_ms,
        .contact = h->contact,
        .contact_call = contact,
        .trusted_until = -1,
    };
    if (dr_contact_wire(h->contact))
        transfer_carry(&t, dr_contact_wire(h->contact));
    else
        transfer_run(&t);
    t.url = a->origin; /* for messages: paths may hold what is nobody's business */
    int r = transfer_status(&t, err);
    fate->sent = t.sent;
    fate->code = r == DRSTOR_OK ? t.reply.code : 0;
    if (r == DRSTOR_OK) {
        *ret = t.reply;
        memset(&t.reply, 0, sizeof(t.reply));
        atomic_store(&h->first, i);
        if (t.trusted_until >= 0)
            atomic_store(&h->trusted_until, t.trusted_until);
    }
    transfer_clear(&t);
    return r;
}

/* All addresses in turn, as long as nothing has left us and what stops us is not a wrong key. */
static int
call_addresses(struct dr_http *h, const struct dr_http_request *q, struct slot *s,
               struct dr_contact_call *contact, uint64_t deadline_ns, struct fate *fate,
               struct dr_http_reply *ret, struct drstor_error **err)
{
    dr_auto(identity_freep) struct identity who = {0};
    int r = identity_make(h, q, &who, err);
    if (r < 0)
        return r;
    size_t first = atomic_load(&h->first);
    for (size_t i = 0; i < h->n_addresses; i++) {
        dr_auto(dr_error_freep) struct drstor_error *one = NULL;
        r = call_address(h, q, s, contact, &who, (first + i) % h->n_addresses, h->n_addresses - i,
                         deadline_ns, fate, ret, &one);
        bool last = i + 1 == h->n_addresses || fate->sent || r != DRSTOR_E_UNREACHABLE ||
                    dr_now_ns(h->env) >= deadline_ns;
        if (last) {
            if (r < 0)
                dr_error_move(err, &one);
            if (r == DRSTOR_E_UNREACHABLE && i > 0 && !fate->sent)
                (void)dr_context(err, r, "none of %zu addresses answers, the last one", i + 1);
            break;
        }
    }
    return r;
}

static int
call_in_slot(struct dr_http *h, const struct dr_http_request *q, uint64_t deadline_ns,
             struct fate *fate, struct dr_http_reply *ret, struct drstor_error **err)
{
    struct slot *s = NULL;
    int r = slot_take(h, q, deadline_ns, &s, err);
    if (r < 0)
        return r;
    struct dr_wire *wire = dr_contact_wire(h->contact);
    struct dr_contact_call contact = {
        .site = h->site, .wake = wire ? wire_wake : slot_wake, .arg = wire ? wire : s->multi};
    r = dr_contact_enter(h->contact, &contact, err);
    if (r == DRSTOR_OK) {
        r = call_addresses(h, q, s, &contact, deadline_ns, fate, ret, err);
        dr_contact_leave(h->contact, &contact);
    }
    slot_give(h, s);
    return r;
}

static void
call_log(struct dr_http *h, const struct dr_http_request *q, uint64_t start_ns, int status,
         const struct fate *fate)
{
    dr_auto(dr_freep) char *path =
        q->secret || !q->path ? transfer_shown(q->path ? q->path : "") : dr_strdup(q->path);
    dr_redact(path);
    struct dr_contact_event event = {
        .endpoint = h->name,
        .site = h->site,
        .method = q->method ? q->method : "",
        .path = path,
        .correlation_id = q->correlation_id,
        .start_ns = start_ns,
        .end_ns = dr_now_ns(h->env),
        .status = status,
        .code = fate->code,
        .mutating = q->mutating,
        .sent = fate->sent,
    };
    dr_contact_log(h->contact, &event);
    dr_log(DRSTOR_LOG_DEBUG, "%s: %s %s: %s %d in %u ms", h->name, event.method, path,
           dr_status_name(status), fate->code, (unsigned)((event.end_ns - start_ns) / DR_MS));
}

int
dr_http_call(struct dr_http *h, const struct dr_http_request *q, struct dr_http_reply *ret,
             struct drstor_error **err)
{
    uint64_t start_ns = dr_now_ns(h->env);
    uint64_t deadline_ns = q->deadline_ns;
    if (deadline_ns == 0)
        deadline_ns = start_ns + (q->mutating ? h->mutate_ms : h->read_ms) * DR_MS;
    struct fate fate = {0};
    int r = request_check(h->name, q, err);
    if (r == DRSTOR_OK)
        r = call_in_slot(h, q, deadline_ns, &fate, ret, err);
    call_log(h, q, start_ns, r, &fate);
    return r;
}
