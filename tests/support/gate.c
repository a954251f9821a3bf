#include "support/gate.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PAIRS = 16 };

struct pair {
    int fd[2]; /* the client's, the server's */
    size_t passed[2];
    bool held;
};

struct gate {
    pthread_t thread;
    int listener, port, server_port;
    int stop[2];
    size_t most[2];
    enum gate_end end;
    atomic_size_t passed[2];
    struct pair pairs[PAIRS];
    size_t n;
};

static struct sockaddr_in
loopback(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
}

static void
pair_close(struct pair *p)
{
    dr_closep(&p->fd[0]);
    dr_closep(&p->fd[1]);
}

static void
pair_open(struct gate *g)
{
    struct sockaddr_in to = loopback(g->server_port);
    struct pair p = {.fd = {accept4(g->listener, NULL, NULL, SOCK_CLOEXEC),
                            socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)}};
    if (g->n == PAIRS || p.fd[0] < 0 ||
        connect(p.fd[1], (const struct sockaddr *)&to, sizeof(to)) < 0)
        pair_close(&p);
    else
        g->pairs[g->n++] = p;
}

/* From side FROM to the other. What is at its end after exactly MOST bytes passes whole. */
static void
pass(struct gate *g, struct pair *p, int from)
{
    char buffer[4096];
    size_t left = g->most[from] - p->passed[from];
    size_t want = left < sizeof(buffer) ? left : sizeof(buffer);
    ssize_t n = want ? recv(p->fd[from], buffer, want, 0) : 0;
    if (n > 0) {
        p->passed[from] += (size_t)n;
        (void)send(p->fd[!from], buffer, (size_t)n, MSG_NOSIGNAL);
        atomic_fetch_add(&g->passed[from], (size_t)n);
    }
    bool full = p->passed[from] >= g->most[from];
    if (n <= 0 && !full)
        pair_close(p);
    else if (full && g->end == GATE_CUT)
        pair_close(p);
    else if (full)
        p->held = true;
}

static void *
gate_main(void *arg)
{
    struct gate *g = arg;
    for (;;) {
        struct pollfd fds[2 + 2 * PAIRS] = {{g->stop[0], POLLIN, 0}, {g->listener, POLLIN, 0}};
        size_t n = g->n;
        for (size_t i = 0; i < n; i++)
            for (int side = 0; side < 2; side++)
                fds[2 + 2 * i + (size_t)side] =
                    (struct pollfd){g->pairs[i].held ? -1 : g->pairs[i].fd[side], POLLIN, 0};
        (void)poll(fds, 2 + 2 * n, -1);
        if (fds[0].revents)
            return NULL;
        for (size_t i = 0; i < n; i++)
            for (int side = 0; side < 2; side++)
                if (fds[2 + 2 * i + (size_t)side].revents && g->pairs[i].fd[side] >= 0 &&
                    !g->pairs[i].held)
                    pass(g, &g->pairs[i], side);
        if (fds[1].revents)
            pair_open(g);
    }
}

struct gate *
gate_start(int server_port, size_t most_down, size_t most_up, enum gate_end end)
{
    struct gate *g = dr_new0(struct gate);
    g->server_port = server_port;
    g->most[0] = most_up;
    g->most[1] = most_down;
    g->end = end;
    g->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    /* Downwards from where others look for a port upwards, below the ephemeral range. */
    for (int port = 31999; port > 20000 && !g->port; port--) {
        struct sockaddr_in a = loopback(port);
        if (bind(g->listener, (const struct sockaddr *)&a, sizeof(a)) == 0)
            g->port = port;
    }
    if (!g->port || listen(g->listener, 16) < 0 || pipe(g->stop) < 0 ||
        pthread_create(&g->thread, NULL, gate_main, g) != 0)
        abort();
    return g;
}

void
gate_stop(struct gate *g)
{
    (void)!write(g->stop[1], "", 1);
    (void)pthread_join(g->thread, NULL);
    for (size_t i = 0; i < g->n; i++)
        pair_close(&g->pairs[i]);
    (void)close(g->stop[0]);
    (void)close(g->stop[1]);
    (void)close(g->listener);
    free(g);
}

int
gate_port(const struct gate *g)
{
    return g->port;
}

size_t
gate_down(struct gate *g)
{
    return atomic_load(&g->passed[1]);
}

size_t
gate_up(struct gate *g)
{
    return atomic_load(&g->passed[0]);
}
