#include "canned.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "support/peer.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

struct route {
    char *method, *path, *type, *body;
    int code, left; /* -1: for ever */
};

struct request {
    char *method, *path;
    struct dr_str body;
};

struct canned {
    struct MHD_Daemon *daemon;
    int port;
    char *key, *certificate;

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    struct route *routes;
    size_t n_routes, cap_routes;
    struct request *seen;
    size_t n_seen, cap_seen;
    struct dr_str wrong;
    int tokens; /* given; the last one holds */
    bool expired;
    int hold, refused;
};

/* One request while it comes in. */
struct incoming {
    struct dr_str body;
};

static char dir[64];

/* ---- what is asked for ----------------------------------------------------------------------- */

static enum MHD_Result
add_argument(void *arg, enum MHD_ValueKind kind, const char *key, const char *value)
{
    (void)kind;
    struct dr_str *s = arg;
    dr_str_printf(s, "%c%s%s%s", strchr(s->s, '?') ? '&' : '?', key, value ? "=" : "",
                  value ? value : "");
    return MHD_YES;
}

/* With what follows '?', decoded. */
static char *
path_of(struct MHD_Connection *connection, const char *url)
{
    struct dr_str s = {0};
    dr_str_add(&s, url);
    (void)MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, add_argument, &s);
    return dr_str_take(&s);
}

static const char *
header(struct MHD_Connection *connection, const char *name)
{
    const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
    return value ? value : "";
}

/* With the lock held. */
static void
check_headers(struct canned *c, struct MHD_Connection *connection, const char *path, bool body)
{
    bool api = strncmp(path, API, strlen(API)) == 0;
    if (strcmp(header(connection, "Correlation-Id"), CANNED_RUN) != 0)
        dr_str_printf(&c->wrong, "%s: no correlation id\n", path);
    if (strcmp(header(connection, "Accept"), "application/json") != 0)
        dr_str_printf(&c->wrong, "%s: Accept: %s\n", path, header(connection, "Accept"));
    if (api && strcmp(header(connection, "Version"), "4") != 0)
        dr_str_printf(&c->wrong, "%s: Version: %s\n", path, header(connection, "Version"));
    if (!api && *header(connection, "Authorization"))
        dr_str_printf(&c->wrong, "%s: the token is sent to the login\n", path);
    const char *want = api ? "application/json" : "application/x-www-form-urlencoded";
    if (body && strcmp(header(connection, "Content-Type"), want) != 0)
        dr_str_printf(&c->wrong, "%s: Content-Type: %s\n", path,
                      header(connection, "Content-Type"));
    if (strstr(path, "format=") || *header(connection, "Expect"))
        dr_str_printf(&c->wrong, "%s: asks for what nobody should\n", path);
}

/* ---- answers --------------------------------------------------------------------------------- */

static enum MHD_Result
send_reply(struct MHD_Connection *connection, int code, const char *type, const char *body)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(body), (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
    if (*body || type)
        (void)MHD_add_response_header(response, "Content-Type", type ? type : "application/json");
    enum MHD_Result result = MHD_queue_response(connection, (unsigned)code, response);
    MHD_destroy_response(response);
    return result;
}

/* With the lock held. */
static struct route *
route_of(struct canned *c, const char *method, const char *path)
{
    for (size_t i = c->n_routes; i-- > 0;) {
        struct route *r = &c->routes[i];
        if (r->left != 0 && strcmp(r->method, method) == 0 && strcmp(r->path, path) == 0)
            return r;
    }
    return NULL;
}

static enum MHD_Result
send_token(struct canned *c, struct MHD_Connection *connection)
{
    char body[256];
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += 60; /* so that no test hangs */
    pthread_mutex_lock(&c->lock);
    while (c->refused < c->hold &&
           pthread_cond_clockwait(&c->changed, &c->lock, CLOCK_MONOTONIC, &t) != ETIMEDOUT)
        ;
    c->hold = 0;
    c->expired = false;
    (void)snprintf(body, sizeof(body),
                   "{\"access_token\":\"secret-token-%d\",\"scope\":\"ovirt-app-api\","
                   "\"exp\":\"9223372036854775807\",\"token_type\":\"bearer\"}",
                   ++c->tokens);
    pthread_mutex_unlock(&c->lock);
    return send_reply(connection, 200, NULL, body);
}

static bool
token_holds(struct canned *c, struct MHD_Connection *connection)
{
    char want[64];
    pthread_mutex_lock(&c->lock);
    (void)snprintf(want, sizeof(want), "Bearer secret-token-%d", c->tokens);
    bool holds = !c->expired && strcmp(header(connection, "Authorization"), want) == 0;
    c->refused += !holds;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
    return holds;
}

static enum MHD_Result
answer(struct canned *c, struct MHD_Connection *connection, const char *method, const char *path)
{
    if (strncmp(path, API, strlen(API)) == 0 && !token_holds(c, connection))
        return send_reply(connection, 401, "text/html", "<html>Unauthorized</html>");
    pthread_mutex_lock(&c->lock);
    struct route *r = route_of(c, method, path);
    int code = r ? r->code : 0;
    dr_auto(dr_freep) char *type = r ? dr_strdup(r->type) : NULL;
    dr_auto(dr_freep) char *body = r ? dr_strdup(r->body) : NULL;
    if (r && r->left > 0)
        r->left--;
    pthread_mutex_unlock(&c->lock);
    if (code == CANNED_LOST)
        return MHD_NO;
    if (code)
        return send_reply(connection, code, type, body);
    if (strcmp(path, CANNED_TOKENS) == 0)
        return send_token(c, connection);
    if (strcmp(path, CANNED_LOGOUT) == 0)
        return send_reply(connection, 200, NULL, "{}");
    return send_reply(connection, 404, NULL, "");
}

static enum MHD_Result
on_request(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
           const char *version, const char *data, size_t *n, void **state)
{
    (void)version;
    struct canned *c = arg;
    if (!*state) {
        *state = dr_new0(struct incoming);
        return MHD_YES;
    }
    struct incoming *in = *state;
    if (*n) {
        dr_str_addn(&in->body, data, *n);
        *n = 0;
        return MHD_YES;
    }
    dr_auto(dr_freep) char *path = path_of(connection, url);
    pthread_mutex_lock(&c->lock);
    check_headers(c, connection, path, in->body.n > 0);
    struct request *r = &dr_push(c->seen, c->n_seen, c->cap_seen);
    r->method = dr_strdup(method);
    r->path = dr_strdup(path);
    r->body = in->body;
    in->body = (struct dr_str){0};
    pthread_mutex_unlock(&c->lock);
    return answer(c, connection, method, path);
}

static void
on_end(void *arg, struct MHD_Connection *connection, void **state,
       enum MHD_RequestTerminationCode why)
{
    (void)arg, (void)connection, (void)why;
    struct incoming *in = *state;
    if (in)
        dr_str_freep(&in->body);
    free(in);
    *state = NULL;
}

/* ---- start and stop -------------------------------------------------------------------------- */

static char *
whole_file(const char *folder, const char *name)
{
    char path[512], *text = NULL;
    size_t n;
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_int_equal(dr_file_read(path, 1 << 20, &text, &n, NULL), DRSTOR_OK);
    return text;
}

struct canned *
canned_start(void)
{
    struct canned *c = dr_new0(struct canned);
    (void)pthread_mutex_init(&c->lock, NULL);
    (void)pthread_cond_init(&c->changed, NULL);
    c->key = whole_file(dir, "good.key");
    c->certificate = whole_file(dir, "good.pem");
    for (int tries = 0; !c->daemon && tries < 100; tries++) {
        c->port = port_unused();
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)c->port)};
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        c->daemon = MHD_start_daemon(
            MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_TLS, 0, NULL,
            NULL, on_request, c, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&at,
            MHD_OPTION_NOTIFY_COMPLETED, on_end, c, MHD_OPTION_HTTPS_MEM_KEY, c->key,
            MHD_OPTION_HTTPS_MEM_CERT, c->certificate, MHD_OPTION_END);
    }
    assert_non_null(c->daemon);
    return c;
}

void
canned_stop(struct canned *c)
{
    MHD_stop_daemon(c->daemon);
    for (size_t i = 0; i < c->n_routes; i++) {
        free(c->routes[i].method);
        free(c->routes[i].path);
        free(c->routes[i].type);
        free(c->routes[i].body);
    }
    for (size_t i = 0; i < c->n_seen; i++) {
        free(c->seen[i].method);
        free(c->seen[i].path);
        dr_str_freep(&c->seen[i].body);
    }
    dr_str_freep(&c->wrong);
    free(c->routes);
    free(c->seen);
    free(c->key);
    free(c->certificate);
    (void)pthread_cond_destroy(&c->changed);
    (void)pthread_mutex_destroy(&c->lock);
    free(c);
}

void
canned_answer(struct canned *c, const char *method, const char *path, int code, const char *type,
              const char *body, int times)
{
    pthread_mutex_lock(&c->lock);
    dr_push(c->routes, c->n_routes, c->cap_routes) = (struct route){
        .method = dr_strdup(method),
        .path = dr_strdup(path),
        .type = dr_strdup(type),
        .body = dr_strdup(body ? body : ""),
        .code = code,
        .left = times ? times : -1,
    };
    pthread_mutex_unlock(&c->lock);
}

void
canned_file(struct canned *c, const char *path, const char *name)
{
    dr_auto(dr_freep) char *text = bench_data("strings", name);
    canned_answer(c, "GET", path, 200, NULL, text, 0);
}

void
canned_expire(struct canned *c)
{
    pthread_mutex_lock(&c->lock);
    c->expired = true;
    c->refused = 0;
    pthread_mutex_unlock(&c->lock);
}

void
canned_hold_login(struct canned *c, int n)
{
    pthread_mutex_lock(&c->lock);
    c->hold = n;
    pthread_mutex_unlock(&c->lock);
}

/* ---- what came ------------------------------------------------------------------------------- */

int
canned_count(struct canned *c, const char *method, const char *path)
{
    int n = 0;
    pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < c->n_seen; i++)
        n += strcmp(c->seen[i].method, method) == 0 && strcmp(c->seen[i].path, path) == 0;
    pthread_mutex_unlock(&c->lock);
    return n;
}

int
canned_total(struct canned *c)
{
    pthread_mutex_lock(&c->lock);
    int n = (int)c->n_seen;
    pthread_mutex_unlock(&c->lock);
    return n;
}

char *
canned_body(struct canned *c, const char *method, const char *path)
{
    char *body = NULL;
    pthread_mutex_lock(&c->lock);
    for (size_t i = c->n_seen; !body && i-- > 0;)
        if (strcmp(c->seen[i].method, method) == 0 && strcmp(c->seen[i].path, path) == 0)
            body = dr_strdup(c->seen[i].body.s ? c->seen[i].body.s : "");
    pthread_mutex_unlock(&c->lock);
    return body;
}

const char *
canned_wrong(struct canned *c)
{
    return c->wrong.s ? c->wrong.s : "";
}

/* ---- the bench ------------------------------------------------------------------------------- */

static pthread_mutex_t said_lock = PTHREAD_MUTEX_INITIALIZER;

static void
say(struct bench *b, const char *text)
{
    pthread_mutex_lock(&said_lock);
    dr_str_printf(b->said, "%s\n", text ? text : "");
    pthread_mutex_unlock(&said_lock);
}

static void
on_contact(const struct dr_contact_event *e, void *user)
{
    struct bench *b = user;
    say(b, e->endpoint);
    say(b, e->path);
    say(b, e->correlation_id);
}

static void
on_log(enum drstor_log_level level, const char *line, void *user)
{
    (void)level;
    say(user, line);
}

int
bench_certificates(void **state)
{
    (void)state;
    return peer_dir_make(dir) && peer_certificate(dir, "good", "IP:127.0.0.1", NULL) ? 0 : -1;
}

int
bench_certificates_gone(void **state)
{
    (void)state;
    peer_dir_remove(dir);
    return 0;
}

void
bench_open(struct bench *b, const char *password)
{
    memset(b, 0, sizeof(*b));
    password = password ? password : CANNED_PASSWORD;
    b->engine = canned_start();
    b->said = dr_new0(struct dr_str);
    b->a = dr_arena_new();
    b->contact = dr_contact_new(dr_env_real());
    dr_contact_sink(b->contact, on_contact, b);
    dr_log_sink(on_log, b);
    dr_log_level(DRSTOR_LOG_DEBUG);
    b->password = dr_secret_new(password, strlen(password));
    (void)snprintf(b->url, sizeof(b->url), "https://127.0.0.1:%d/ovirt-engine/api/",
                   b->engine->port);
    (void)snprintf(b->ca, sizeof(b->ca), "%s/ca.pem", dir);
    b->urls[0] = b->url;
    b->config = (struct dr_engine){.name = "rome",
                                   .at = {.urls = b->urls,
                                          .n_urls = 1,
                                          .user = CANNED_USER,
                                          .password = b->password,
                                          .ca = b->ca}};
    const struct dr_rhv_options o = {.correlation_id = CANNED_RUN};
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    if (dr_rhv_open(dr_env_real(), &b->config, "rome", b->contact, &o, &b->r, &err) < 0)
        fail_msg("%s", dr_error_message(err));
}

void
bench_said(struct bench *b, struct drstor_error **err)
{
    say(b, dr_error_message(*err));
    say(b, dr_error_hint(*err));
    dr_error_freep(err);
}

void
bench_close(struct bench *b)
{
    static const char *const secrets[] = {"secret-token", "pa&ss", "pa%26ss", "w+rd", "w%2Brd"};
    dr_rhv_close(b->r);
    dr_contact_free(b->contact);
    dr_log_sink(NULL, NULL);
    dr_log_level(DRSTOR_LOG_WARN);
    for (size_t i = 0; b->said->s && i < DR_COUNT(secrets); i++)
        if (strstr(b->said->s, secrets[i]))
            fail_msg("\"%s\" was said", secrets[i]);
    if (*canned_wrong(b->engine))
        fail_msg("%s", canned_wrong(b->engine));
    canned_stop(b->engine);
    dr_secret_free(b->password);
    dr_arena_free(b->a);
    dr_str_freep(b->said);
    free(b->said);
}

char *
bench_data(const char *style, const char *name)
{
    char folder[400], file[80];
    (void)snprintf(folder, sizeof(folder), "%s/%s", DATA_DIR, style);
    (void)snprintf(file, sizeof(file), "%s.json", name);
    return whole_file(folder, file);
}
