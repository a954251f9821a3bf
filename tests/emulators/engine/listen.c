#include "listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 128
#define PORT_FIRST 20000
#define PORT_COUNT 12000

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_storage space;
};

static socklen_t
address_set(union address *a, const char *text, int port)
{
    memset(a, 0, sizeof(*a));
    if (inet_pton(AF_INET, text, &a->v4.sin_addr) == 1) {
        a->v4.sin_family = AF_INET;
        a->v4.sin_port = htons((uint16_t)port);
        return sizeof(a->v4);
    }
    if (inet_pton(AF_INET6, text, &a->v6.sin6_addr) == 1) {
        a->v6.sin6_family = AF_INET6;
        a->v6.sin6_port = htons((uint16_t)port);
        return sizeof(a->v6);
    }
    return 0;
}

static int
listen_at(const char *address, int port)
{
    union address a;
    const int on = 1;
    socklen_t length = address_set(&a, address, port);
    if (length == 0) {
        errno = EINVAL;
        return -1;
    }
    int fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    /* Accepted sockets inherit this: an answer never waits for an acknowledgement. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, &a.any, length) < 0 || listen(fd, BACKLOG) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

int
listen_tcp(const char *address, int port, int *ret_port)
{
    if (port > 0) {
        *ret_port = port;
        return listen_at(address, port);
    }
    int start = (int)(getpid() * 7 % PORT_COUNT);
    for (int i = 0; i < PORT_COUNT; i++) {
        *ret_port = PORT_FIRST + (start + i) % PORT_COUNT;
        int fd = listen_at(address, *ret_port);
        if (fd >= 0 || errno != EADDRINUSE)
            return fd;
    }
    return -1;
}

int
listen_unix(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(a.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(a.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    unlink(path);
    if (bind(fd, (const struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 8) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

void
listen_fill(int fd, int fillers[LISTEN_FILLERS])
{
    union address a;
    socklen_t length = sizeof(a);
    listen(fd, 0);
    if (getsockname(fd, &a.any, &length) < 0)
        return;
    for (size_t i = 0; i < LISTEN_FILLERS; i++) {
        fillers[i] = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fillers[i] >= 0 && connect(fillers[i], &a.any, length) < 0 && errno != EINPROGRESS) {
            close(fillers[i]);
            fillers[i] = -1;
        }
    }
}

void
listen_drain(int fd, int fillers[LISTEN_FILLERS])
{
    for (size_t i = 0; i < LISTEN_FILLERS; i++) {
        if (fillers[i] >= 0)
            close(fillers[i]);
        fillers[i] = -1;
    }
    listen(fd, BACKLOG);
}
