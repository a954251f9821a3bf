/* The listening sockets, and how one of them plays dead. */
#ifndef TESTS_EMULATORS_ENGINE_LISTEN_H
#define TESTS_EMULATORS_ENGINE_LISTEN_H

#include <stdbool.h>

/* A listening socket on a numeric address, or < 0. Port 0: the first free one of 20000..31999. */
int listen_tcp(const char *address, int port, int *ret_port);

/* A listening unix socket at PATH, replacing what is there, or < 0. */
int listen_unix(const char *path);

#define LISTEN_FILLERS 4

/*
 * A full backlog, so that the kernel drops new connections without a word: FILLERS are sockets of
 * our own that wait in it. -1 where there is none.
 */
void listen_fill(int fd, int fillers[LISTEN_FILLERS]);
void listen_drain(int fd, int fillers[LISTEN_FILLERS]);

#endif
