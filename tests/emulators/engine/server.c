#include "server.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <microhttpd.h>

#include "listen.h"
#include "server_control.h"
#include "util.h"

#define BODY_MAX (4u << 20)
#define HEADERS_MAX 64
#define POLL_MAX_MS 60000

/* One HTTP request, from its first line to its last byte. */
struct exchange {
    struct exchange *next;
    struct emu_server *server;
    struct MHD_Connection *connection;
    char *uri;
    char *body;
    size_t body_length;
    uint64_t xid;
    bool submitted;
    bool suspended;
    bool ready;
    struct emu_response response;
};

struct emu_server {
    struct emu_engine *engine;
    struct MHD_Daemon *daemon;
    struct control *control;
    int listen_fd;
    int port;
    bool silent;
    int fillers[LISTEN_FILLERS];
    struct exchange *exchanges;
};

int64_t
emu_clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* ---- one exchange ---------------------------------------------------------------------------- */

/* Called with the raw request target before anything else is known. */
static void *
exchange_begin(void *cls, const char *uri, struct MHD_Connection *connection)
{
    struct exchange *x = emu_alloc(sizeof(*x));
    x->server = cls;
    x->connection = connection;
    x->uri = emu_strdup(uri);
    x->next = x->server->exchanges;
    x->server->exchanges = x;
    return x;
}

static void
exchange_end(void *cls, struct MHD_Connection *connection, void **con_cls,
             enum MHD_RequestTerminationCode code)
{
    struct emu_server *s = cls;
    struct exchange *x = *con_cls;
    (void)connection;
    (void)code;
    for (struct exchange **p = &s->exchanges; x && *p; p = &(*p)->next)
        if (*p == x) {
            *p = x->next;
            break;
        }
    if (!x)
        return;
    if (x->submitted && !x->ready)
        emu_abandon(s->engine, x->xid);
    emu_response_clear(&x->response);
    free(x->uri);
    free(x->body);
    free(x);
    *con_cls = NULL;
}

struct header_list {
    struct emu_header headers[HEADERS_MAX];
    size_t count;
};

static enum MHD_Result
header_add(void *cls, enum MHD_ValueKind kind, const char *key, const char *value)
{
    struct header_list *l = cls;
    (void)kind;
    if (l->count < HEADERS_MAX)
        l->headers[l->count++] = (struct emu_header){key, value ? value : ""};
    return MHD_YES;
}

static void
exchange_submit(struct exchange *x, const char *method)
{
    struct header_list l = {.count = 0};
    MHD_get_connection_values(x->connection, MHD_HEADER_KIND, header_add, &l);
    char *query = strchr(x->uri, '?');
    if (query)
        *query++ = '\0';
    struct emu_request req = {.method = method,
                              .path = x->uri,
                              .query = query,
                              .headers = l.headers,
                              .headers_count = l.count,
                              .body = x->body,
                              .body_length = x->body_length};
    emu_submit(x->server->engine, &req, emu_clock_ns(), &x->xid);
    x->submitted = true;
}

static enum MHD_Result
exchange_answer(struct exchange *x)
{
    struct emu_response *r = &x->response;
    if (r->drop) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        const struct linger reset = {.l_onoff = 1, .l_linger = 0};
        if (info)
            setsockopt(info->connect_fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        return MHD_NO;
    }
    struct MHD_Response *response =
        MHD_create_response_from_buffer(r->body_length, r->body, MHD_RESPMEM_MUST_COPY);
    if (!response)
        return MHD_NO;
    for (size_t i = 0; i < r->headers_count; i++)
        MHD_add_response_header(response, r->headers[i].name, r->headers[i].value);
    enum MHD_Result result = MHD_queue_response(x->connection, (unsigned int)r->status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result
handle(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
       const char *version, const char *data, size_t *size, void **con_cls)
{
    struct emu_server *s = cls;
    struct exchange *x = *con_cls;
    (void)url;
    (void)version;
    if (!x)
        return MHD_NO;
    if (!x->body) {
        x->body = emu_alloc(1);
        return MHD_YES;
    }
    if (*size > 0) {
        if (x->body_length + *size > BODY_MAX)
            return MHD_NO;
        char *body = realloc(x->body, x->body_length + *size);
        if (!body)
            return MHD_NO;
        memcpy(body + x->body_length, data, *size);
        x->body = body;
        x->body_length += *size;
        *size = 0;
        return MHD_YES;
    }
    if (!x->submitted)
        exchange_submit(x, method);
    if (!x->ready && emu_collect(s->engine, x->xid, &x->response) == 0)
        x->ready = true;
    if (x->ready)
        return exchange_answer(x);
    x->suspended = true;
    MHD_suspend_connection(connection);
    return MHD_YES;
}

/* ---- the loop -------------------------------------------------------------------------------- */

static void
exchanges_resume(struct emu_server *s)
{
    for (struct exchange *x = s->exchanges; x; x = x->next)
        if (x->suspended && emu_collect(s->engine, x->xid, &x->response) == 0) {
            x->ready = true;
            x->suspended = false;
            MHD_resume_connection(x->connection);
        }
}

static int
wait_ms(struct emu_server *s)
{
    int64_t next = emu_next_event_ns(s->engine);
    int64_t ms = POLL_MAX_MS;
    if (next != EMU_NEVER) {
        ms = (next - emu_clock_ns() + 999999) / 1000000;
        ms = ms < 0 ? 0 : ms > POLL_MAX_MS ? POLL_MAX_MS : ms;
    }
    MHD_UNSIGNED_LONG_LONG http = 0;
    if (!s->silent && MHD_get_timeout(s->daemon, &http) == MHD_YES && (int64_t)http < ms)
        ms = (int64_t)http;
    return (int)ms;
}

void
emu_server_run(struct emu_server *s, int signal_fd)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    for (;;) {
        struct pollfd fds[2 + CONTROL_FDS] = {{.fd = signal_fd, .events = POLLIN},
                                              {.fd = info->epoll_fd, .events = POLLIN}};
        if (s->silent)
            fds[1].fd = -1;
        nfds_t n = 2 + control_fds(s->control, fds + 2);
        if (poll(fds, n, wait_ms(s)) < 0 && errno != EINTR)
            return;
        if (fds[0].revents)
            return;
        control_serve(s->control, s, s->engine, fds + 2, n - 2);
        emu_advance(s->engine, emu_clock_ns());
        if (s->silent)
            continue;
        exchanges_resume(s);
        MHD_run(s->daemon);
    }
}

void
emu_server_silent(struct emu_server *s, bool silent)
{
    if (s->silent == silent)
        return;
    s->silent = silent;
    if (silent)
        listen_fill(s->listen_fd, s->fillers);
    else
        listen_drain(s->listen_fd, s->fillers);
}

int
emu_server_port(const struct emu_server *s)
{
    return s->port;
}

struct emu_server *
emu_server_new(struct emu_engine *e, const struct emu_server_options *o)
{
    struct emu_server *s = emu_alloc(sizeof(*s));
    s->engine = e;
    for (size_t i = 0; i < LISTEN_FILLERS; i++)
        s->fillers[i] = -1;
    s->listen_fd = listen_tcp(o->address, o->port, &s->port);
    if (s->listen_fd < 0) {
        fprintf(stderr, "cannot listen on %s port %d: %s\n", o->address, o->port, strerror(errno));
        emu_server_free(s);
        return NULL;
    }
    if (o->control_path && !(s->control = control_new(o->control_path))) {
        fprintf(stderr, "cannot listen on %s: %s\n", o->control_path, strerror(errno));
        emu_server_free(s);
        return NULL;
    }
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem keys[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)o->cert_pem},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)o->key_pem},
        {MHD_OPTION_END, 0, NULL},
    };
    unsigned tls = o->plain ? 0 : MHD_USE_TLS;
    s->daemon = MHD_start_daemon(
        tls | MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, handle, s,
        MHD_OPTION_LISTEN_SOCKET, s->listen_fd, MHD_OPTION_URI_LOG_CALLBACK, exchange_begin, s,
        MHD_OPTION_NOTIFY_COMPLETED, exchange_end, s, MHD_OPTION_CONNECTION_TIMEOUT, 0u,
        MHD_OPTION_ARRAY, o->plain ? none : keys, MHD_OPTION_END);
    if (!s->daemon) {
        fprintf(stderr, "cannot start HTTPS: are certificate and key good?\n");
        emu_server_free(s);
        return NULL;
    }
    return s;
}

void
emu_server_free(struct emu_server *s)
{
    if (!s)
        return;
    for (struct exchange *x = s->exchanges; x; x = x->next)
        if (x->suspended)
            MHD_resume_connection(x->connection);
    if (s->daemon) {
        MHD_stop_daemon(s->daemon); /* closes the listening socket */
    } else if (s->listen_fd >= 0) {
        close(s->listen_fd);
    }
    for (size_t i = 0; i < LISTEN_FILLERS; i++)
        if (s->fillers[i] >= 0)
            close(s->fillers[i]);
    control_free(s->control);
    free(s);
}
