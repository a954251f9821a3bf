#include "net/probe.h"

#include "base/mem.h"
#include "net/wire.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* 1: alive, 0: no answer in time, -1: cannot be tried (errno). */
static int
try_address(struct dr_env *env, const struct addrinfo *ai, uint64_t deadline_ns)
{
    dr_auto(dr_closep) int fd =
        socket(ai->ai_family, ai->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, ai->ai_protocol);
    if (fd < 0)
        return -1;
    if (connect(fd, ai->ai_addr, ai->ai_addrlen) == 0 || errno == ECONNREFUSED)
        return 1;
    if (errno != EINPROGRESS)
        return -1;
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    for (;;) {
        uint64_t now = dr_now_ns(env);
        if (now >= deadline_ns) {
            errno = ETIMEDOUT;
            return 0;
        }
        uint64_t ms = (deadline_ns - now) / DR_MS + 1;
        int n = poll(&p, 1, ms > 60000 ? 60000 : (int)ms);
        if (n < 0 && errno != EINTR)
            return -1;
        if (n > 0)
            break;
    }
    int error = 0;
    socklen_t len = sizeof(error);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        return -1;
    errno = error;
    return error == 0 || error == ECONNREFUSED ? 1 : 0;
}

static int
probe_network(struct dr_env *env, const char *host_port, uint64_t deadline_ns,
              struct drstor_error **err)
{
    const char *colon = strrchr(host_port, ':');
    if (!colon || colon == host_port || !colon[1])
        return dr_fail(err, DRSTOR_E_INVALID, "\"%s\" is not HOST:PORT", host_port);
    dr_auto(dr_freep) char *host = dr_strdup(host_port);
    host[colon - host_port] = '\0';
    char *bare = host;
    size_t n = strlen(host);
    if (host[0] == '[' && host[n - 1] == ']') { /* [2001:db8::1]:22 */
        host[n - 1] = '\0';
        bare++;
    }
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    int r = getaddrinfo(bare, colon + 1, &hints, &list);
    if (r != 0)
        return dr_fail(err, DRSTOR_E_UNREACHABLE, "probe %s: %s", host_port, gai_strerror(r));
    int alive = 0, last = 0;
    for (const struct addrinfo *ai = list; ai && alive <= 0; ai = ai->ai_next) {
        alive = try_address(env, ai, deadline_ns);
        last = errno;
    }
    freeaddrinfo(list);
    if (alive > 0)
        return DRSTOR_OK;
    errno = last;
    return dr_fail(err, DRSTOR_E_UNREACHABLE, "probe %s: no answer: %m", host_port);
}

static int
probe_wire(struct dr_env *env, struct dr_wire *w, const char *host_port, uint64_t deadline_ns,
           struct drstor_error **err)
{
    pthread_mutex_lock(&w->lock);
    bool alive = w->alive(w, host_port);
    pthread_mutex_unlock(&w->lock);
    if (alive)
        return DRSTOR_OK;
    (void)dr_sleep_until(env, deadline_ns, NULL);
    return dr_fail(err, DRSTOR_E_UNREACHABLE, "probe %s: no answer", host_port);
}

int
dr_net_probe(struct dr_env *env, struct dr_contact *c, const char *site, const char *host_port,
             uint64_t deadline_ns, struct drstor_error **err)
{
    struct dr_contact_call call = {.site = site};
    int r = dr_contact_enter(c, &call, err);
    if (r < 0)
        return r;
    struct dr_wire *w = dr_contact_wire(c);
    r = w ? probe_wire(env, w, host_port, deadline_ns, err)
          : probe_network(env, host_port, deadline_ns, err);
    dr_contact_leave(c, &call);
    return r;
}
