#include "net/lookup.h"

#include "base/mem.h"

#include <sys/eventfd.h>
#include <unistd.h>

struct lookup {
    char *host, *port;
    struct addrinfo *list;
    int result;
    int fd;
    atomic_int holders; /* the last one frees */
};

void
lookup_leave(struct lookup *l)
{
    if (!l || atomic_fetch_sub(&l->holders, 1) > 1)
        return;
    if (l->list)
        freeaddrinfo(l->list);
    dr_closep(&l->fd);
    free(l->host);
    free(l->port);
    free(l);
}

static void
lookup_main(void *arg)
{
    static const uint64_t one = 1;
    struct lookup *l = arg;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    l->result = getaddrinfo(l->host, l->port, &hints, &l->list);
    (void)!write(l->fd, &one, sizeof(one));
    lookup_leave(l);
}

struct lookup *
lookup_start(struct dr_env *env, const char *host, const char *port, int *ret_fd)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0)
        return NULL;
    struct lookup *l = dr_new0(struct lookup);
    l->host = dr_strdup(host);
    l->port = dr_strdup(port);
    l->fd = fd;
    atomic_init(&l->holders, 2);
    *ret_fd = fd;
    /* Addresses need no name server, and no thread. */
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
    if (getaddrinfo(host, port, &hints, &l->list) != 0) {
        dr_spawn(env, lookup_main, l);
        return l;
    }
    static const uint64_t one = 1;
    (void)!write(fd, &one, sizeof(one));
    lookup_leave(l);
    return l;
}

int
lookup_take(struct lookup *l, struct addrinfo **ret)
{
    uint64_t ended;
    if (read(l->fd, &ended, sizeof(ended)) != sizeof(ended))
        return EAI_AGAIN;
    *ret = l->list;
    l->list = NULL;
    return l->result;
}
