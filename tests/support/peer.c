#include "support/peer.h"

#include "base/mem.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

struct connection {
    struct peer *peer;
    pthread_t thread;
    int fd;
    const struct peer_step *script;
    gnutls_session_t tls; /* NULL: none */
    struct dr_str in;     /* read, not yet taken as a request */
    struct dr_str last;   /* the request read last */
    struct connection *next;
};

struct peer {
    struct peer_options options;
    const struct peer_step **scripts;
    int listener;
    int port;
    pthread_t thread;
    gnutls_certificate_credentials_t credentials;
    gnutls_anon_server_credentials_t anonymous;
    gnutls_datum_t ticket_key;

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    bool stopping;
    int go;
    int connections, requests, mutations, resumed, wrong, unwanted;
    struct connection *all;
};

/* ---- ports ----------------------------------------------------------------------------------- */

/* Below the range from which the kernel gives ports to others' outgoing connections. */
static int
listen_somewhere(int backlog, int *ret_port)
{
    static int next;
    if (next == 0)
        next = 12000 + getpid() % 10000;
    for (int tries = 0; tries < 5000; tries++, next++) {
        if (next >= 32000)
            next = 12000;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int one = 1;
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)next)};
        a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 &&
            (backlog < 0 || listen(fd, backlog) == 0)) {
            *ret_port = next++;
            return fd;
        }
        (void)close(fd);
    }
    return -1;
}

int
port_unused(void)
{
    int port = 0;
    int fd = listen_somewhere(-1, &port);
    if (fd >= 0)
        (void)close(fd);
    return port;
}

enum { HOLE_CONNECTIONS = 8 };

struct black_hole {
    int fds[1 + HOLE_CONNECTIONS];
};

struct black_hole *
black_hole_open(int *ret_port)
{
    struct black_hole *b = dr_new0(struct black_hole);
    b->fds[0] = listen_somewhere(0, ret_port);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)*ret_port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (size_t i = 1; i < DR_COUNT(b->fds); i++) {
        b->fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect(b->fds[i], (struct sockaddr *)&a, sizeof(a));
    }
    return b;
}

void
black_hole_close(struct black_hole *b)
{
    for (size_t i = 0; i < DR_COUNT(b->fds); i++)
        (void)close(b->fds[i]);
    free(b);
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static ssize_t
wire_read(struct connection *c, char *buffer, size_t n)
{
    for (;;) {
        ssize_t r = c->tls ? gnutls_record_recv(c->tls, buffer, n) : read(c->fd, buffer, n);
        if (c->tls ? (r == GNUTLS_E_INTERRUPTED || r == GNUTLS_E_AGAIN) : (r < 0 && errno == EINTR))
            continue;
        return r;
    }
}

static bool
wire_write(struct connection *c, const char *text, size_t n)
{
    while (n) {
        ssize_t r =
            c->tls ? gnutls_record_send(c->tls, text, n) : send(c->fd, text, n, MSG_NOSIGNAL);
        if (c->tls ? (r == GNUTLS_E_INTERRUPTED || r == GNUTLS_E_AGAIN) : (r < 0 && errno == EINTR))
            continue;
        if (r <= 0)
            return false;
        text += r;
        n -= (size_t)r;
    }
    return true;
}

static bool
more(struct connection *c)
{
    char buffer[4096];
    ssize_t r = wire_read(c, buffer, sizeof(buffer));
    if (r <= 0)
        return false;
    dr_str_addn(&c->in, buffer, (size_t)r);
    return true;
}

static size_t
body_length(const char *head)
{
    const char *at = strcasestr(head, "\r\nContent-Length:");
    return at ? (size_t)strtoul(at + 17, NULL, 10) : 0;
}

static bool
has_unwanted(const char *request)
{
    static const char *const headers[] = {
        "\r\nExpect:",        "\r\nAccept-Encoding:", "\r\nCookie:",
        "\r\nAuthorization:", "\r\nProxy-",           "\r\nUpgrade:"};
    for (size_t i = 0; i < DR_COUNT(headers); i++)
        if (strcasestr(request, headers[i]))
            return true;
    return false;
}

static bool
read_request(struct connection *c)
{
    char *end;
    while (!c->in.s || !(end = strstr(c->in.s, "\r\n\r\n")))
        if (!more(c))
            return false;
    size_t whole = (size_t)(end - c->in.s) + 4 + body_length(c->in.s);
    while (c->in.n < whole)
        if (!more(c))
            return false;
    dr_str_freep(&c->last);
    dr_str_addn(&c->last, c->in.s, whole);
    memmove(c->in.s, c->in.s + whole, c->in.n - whole + 1);
    c->in.n -= whole;

    struct peer *p = c->peer;
    bool read_only = strncmp(c->last.s, "GET ", 4) == 0 || strncmp(c->last.s, "HEAD ", 5) == 0;
    pthread_mutex_lock(&p->lock);
    p->requests++;
    p->mutations += !read_only;
    p->unwanted += has_unwanted(c->last.s);
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    return true;
}

/* ---- the script ------------------------------------------------------------------------------ */

static bool
step_wait(struct peer *p)
{
    pthread_mutex_lock(&p->lock);
    while (!p->stopping && p->go == 0)
        pthread_cond_wait(&p->changed, &p->lock);
    bool go = !p->stopping;
    p->go -= go;
    pthread_mutex_unlock(&p->lock);
    return go;
}

/* The pace of a slow server; how long exactly matters to nobody. */
static bool
step_pause(struct peer *p)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_nsec += 20 * 1000 * 1000;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    pthread_mutex_lock(&p->lock);
    while (!p->stopping &&
           pthread_cond_clockwait(&p->changed, &p->lock, CLOCK_MONOTONIC, &t) != ETIMEDOUT)
        ;
    bool go_on = !p->stopping;
    pthread_mutex_unlock(&p->lock);
    return go_on;
}

static bool
step_drip(struct connection *c, const char *text)
{
    for (size_t i = 0;; i = text[i + 1] ? i + 1 : 0)
        if (!wire_write(c, text + i, 1) || !step_pause(c->peer))
            return false;
}

static bool
step_expect(struct connection *c, const char *text)
{
    struct peer *p = c->peer;
    bool there = c->last.s && strstr(c->last.s, text);
    pthread_mutex_lock(&p->lock);
    p->wrong += !there;
    pthread_mutex_unlock(&p->lock);
    return there;
}

/* False: the conversation is over. */
static bool
step_run(struct connection *c, const struct peer_step *s)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    char buffer[4096];
    switch (s->what) {
    case PEER_END:
        if (c->tls)
            (void)gnutls_bye(c->tls, GNUTLS_SHUT_WR);
        return false;
    case PEER_READ:
        return read_request(c);
    case PEER_READ_SOME:
        return more(c);
    case PEER_EXPECT:
        return step_expect(c, s->text);
    case PEER_SEND:
        return wire_write(c, s->text, s->n ? s->n : strlen(s->text));
    case PEER_REPEAT:
        for (size_t i = 0; i < s->n; i++)
            if (!wire_write(c, s->text, strlen(s->text)))
                return false;
        return true;
    case PEER_ENDLESS:
        while (wire_write(c, s->text, s->n ? s->n : strlen(s->text)))
            ;
        return false;
    case PEER_DRIP:
        return step_drip(c, s->text);
    case PEER_RAW:
        return send(c->fd, s->text, strlen(s->text), MSG_NOSIGNAL) >= 0;
    case PEER_HOLD:
        while (wire_read(c, buffer, sizeof(buffer)) > 0)
            ;
        return false;
    case PEER_WAIT:
        return step_wait(c->peer);
    case PEER_AGAIN:
    case PEER_CUT:
        return false;
    case PEER_RESET:
        (void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        return false;
    }
    return false;
}

static bool
handshake(struct connection *c)
{
    struct peer *p = c->peer;
    const char *priority = p->options.priority ? p->options.priority : "NORMAL";
    (void)gnutls_init(&c->tls, GNUTLS_SERVER | GNUTLS_NO_SIGNAL);
    (void)gnutls_priority_set_direct(c->tls, priority, NULL);
    (void)gnutls_credentials_set(c->tls, GNUTLS_CRD_CERTIFICATE, p->credentials);
    (void)gnutls_credentials_set(c->tls, GNUTLS_CRD_ANON, p->anonymous);
    (void)gnutls_session_ticket_enable_server(c->tls, &p->ticket_key);
    if (p->options.client_certificate)
        gnutls_certificate_server_set_request(c->tls, GNUTLS_CERT_REQUIRE);
    gnutls_transport_set_int(c->tls, c->fd);
    int r;
    do
        r = gnutls_handshake(c->tls);
    while (r < 0 && !gnutls_error_is_fatal(r));
    if (r < 0) {
        (void)gnutls_alert_send_appropriate(c->tls, r);
        return false;
    }
    pthread_mutex_lock(&p->lock);
    p->resumed += gnutls_session_is_resumed(c->tls) != 0;
    pthread_mutex_unlock(&p->lock);
    return true;
}

static void *
connection_main(void *arg)
{
    struct connection *c = arg;
    if (!c->peer->options.name || handshake(c)) {
        const struct peer_step *s = c->script;
        while (step_run(c, s))
            s = s[1].what == PEER_AGAIN ? c->script : s + 1;
    }
    /* Under the lock, because peer_stop() shuts down what is still open. */
    pthread_mutex_lock(&c->peer->lock);
    (void)close(c->fd);
    c->fd = -1;
    pthread_mutex_unlock(&c->peer->lock);
    return NULL;
}

static void *
peer_main(void *arg)
{
    struct peer *p = arg;
    for (;;) {
        int fd = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);
        pthread_mutex_lock(&p->lock);
        if (fd < 0 || p->stopping) {
            pthread_mutex_unlock(&p->lock);
            if (fd >= 0)
                (void)close(fd);
            return NULL;
        }
        struct connection *c = dr_new0(struct connection);
        size_t i = (size_t)p->connections++;
        size_t n = p->options.n_scripts;
        c->script = p->options.scripts[i < n ? i : n - 1];
        c->peer = p;
        c->fd = fd;
        c->next = p->all;
        p->all = c;
        if (pthread_create(&c->thread, NULL, connection_main, c) != 0)
            abort();
        pthread_mutex_unlock(&p->lock);
    }
}

/* ---- start and stop -------------------------------------------------------------------------- */

struct peer *
peer_start(const struct peer_options *options)
{
    struct peer *p = dr_new0(struct peer);
    p->options = *options;
    const struct peer_step **scripts = dr_alloc0(options->n_scripts, sizeof(*scripts));
    memcpy(scripts, options->scripts, options->n_scripts * sizeof(*scripts));
    p->options.scripts = p->scripts = scripts;
    (void)pthread_mutex_init(&p->lock, NULL);
    (void)pthread_cond_init(&p->changed, NULL);
    if (options->name) {
        char pem[256], key[256];
        (void)snprintf(pem, sizeof(pem), "%s/%s.pem", options->dir, options->name);
        (void)snprintf(key, sizeof(key), "%s/%s.key", options->dir, options->name);
        (void)gnutls_certificate_allocate_credentials(&p->credentials);
        (void)gnutls_anon_allocate_server_credentials(&p->anonymous);
        (void)gnutls_session_ticket_key_generate(&p->ticket_key);
        if (gnutls_certificate_set_x509_key_file(p->credentials, pem, key, GNUTLS_X509_FMT_PEM) < 0)
            abort();
    }
    p->listener = listen_somewhere(64, &p->port);
    if (p->listener < 0 || pthread_create(&p->thread, NULL, peer_main, p) != 0)
        abort();
    return p;
}

void
peer_stop(struct peer *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    for (struct connection *c = p->all; c; c = c->next)
        if (c->fd >= 0)
            (void)shutdown(c->fd, SHUT_RDWR);
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    (void)shutdown(p->listener, SHUT_RDWR);
    pthread_join(p->thread, NULL);
    while (p->all) {
        struct connection *c = p->all;
        p->all = c->next;
        pthread_join(c->thread, NULL);
        if (c->tls)
            gnutls_deinit(c->tls);
        dr_str_freep(&c->in);
        dr_str_freep(&c->last);
        free(c);
    }
    (void)close(p->listener);
    if (p->options.name) {
        gnutls_certificate_free_credentials(p->credentials);
        gnutls_anon_free_server_credentials(p->anonymous);
        gnutls_free(p->ticket_key.data);
    }
    (void)pthread_cond_destroy(&p->changed);
    (void)pthread_mutex_destroy(&p->lock);
    free(p->scripts);
    free(p);
}

int
peer_port(const struct peer *p)
{
    return p->port;
}

void
peer_go(struct peer *p)
{
    pthread_mutex_lock(&p->lock);
    p->go++;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

bool
peer_wait_requests(struct peer *p, int n)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += 60;
    pthread_mutex_lock(&p->lock);
    while (p->requests < n &&
           pthread_cond_clockwait(&p->changed, &p->lock, CLOCK_MONOTONIC, &t) != ETIMEDOUT)
        ;
    bool there = p->requests >= n;
    pthread_mutex_unlock(&p->lock);
    return there;
}

static int
counter(struct peer *p, const int *which)
{
    pthread_mutex_lock(&p->lock);
    int n = *which;
    pthread_mutex_unlock(&p->lock);
    return n;
}

int
peer_connections(struct peer *p)
{
    return counter(p, &p->connections);
}

int
peer_requests(struct peer *p)
{
    return counter(p, &p->requests);
}

int
peer_mutations(struct peer *p)
{
    return counter(p, &p->mutations);
}

int
peer_resumed(struct peer *p)
{
    return counter(p, &p->resumed);
}

int
peer_wrong(struct peer *p)
{
    return counter(p, &p->wrong);
}

int
peer_unwanted(struct peer *p)
{
    return counter(p, &p->unwanted);
}

/* ---- certificates ---------------------------------------------------------------------------- */

static bool
run(const char *const *argv, const char *const *env)
{
    pid_t pid;
    int status;
    return posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)(uintptr_t)argv,
                        (char *const *)(uintptr_t)env) == 0 &&
           waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool
peer_certificate(const char *dir, const char *name, const char *san, const char *days)
{
    char with_days[32];
    (void)snprintf(with_days, sizeof(with_days), "DAYS=%s", days ? days : "2");
    const char *path = getenv("PATH");
    char with_path[1024];
    (void)snprintf(with_path, sizeof(with_path), "PATH=%s", path ? path : "/usr/bin:/bin");
    const char *const argv[] = {"sh", SUPPORT_DIR "/make-ca.sh", dir, name, san, NULL};
    const char *const env[] = {with_days, with_path, NULL};
    return run(argv, env);
}

bool
peer_pin(const char *dir, const char *name, char pin[64])
{
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s.pem", dir, name);
    gnutls_datum_t pem, key = {0}, text = {0};
    unsigned char hash[32];
    gnutls_x509_crt_t crt;
    gnutls_pubkey_t pub;
    if (gnutls_load_file(path, &pem) < 0)
        return false;
    (void)gnutls_x509_crt_init(&crt);
    (void)gnutls_pubkey_init(&pub);
    bool good = gnutls_x509_crt_import(crt, &pem, GNUTLS_X509_FMT_PEM) == 0 &&
                gnutls_pubkey_import_x509(pub, crt, 0) == 0 &&
                gnutls_pubkey_export2(pub, GNUTLS_X509_FMT_DER, &key) == 0 &&
                gnutls_hash_fast(GNUTLS_DIG_SHA256, key.data, key.size, hash) == 0;
    gnutls_datum_t raw = {hash, sizeof(hash)};
    good = good && gnutls_base64_encode2(&raw, &text) == 0;
    if (good)
        (void)snprintf(pin, 64, "sha256//%.*s", (int)text.size, (const char *)text.data);
    gnutls_free(text.data);
    gnutls_free(key.data);
    gnutls_free(pem.data);
    gnutls_pubkey_deinit(pub);
    gnutls_x509_crt_deinit(crt);
    return good;
}

bool
peer_dir_make(char dir[64])
{
    const char *tmp = getenv("TMPDIR");
    (void)snprintf(dir, 64, "%.40s/drstor-peer-XXXXXX", tmp ? tmp : "/tmp");
    return mkdtemp(dir) != NULL;
}

void
peer_dir_remove(const char *dir)
{
    DIR *d = opendir(dir);
    if (!d)
        return;
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.')
            (void)unlinkat(dirfd(d), e->d_name, 0);
    (void)closedir(d);
    (void)rmdir(dir);
}
