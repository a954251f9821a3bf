/*
 * The engine behind TLS: one thread, one loop. HTTPS on a TCP port, control commands on a unix
 * socket, the engine's own events in between.
 */
#ifndef TESTS_EMULATORS_ENGINE_SERVER_H
#define TESTS_EMULATORS_ENGINE_SERVER_H

#include "emu.h"

struct emu_server;

struct emu_server_options {
    const char *address; /* IPv4 or IPv6, numeric */
    int port;            /* 0: a free one below the ephemeral range */
    const char *cert_pem;
    const char *key_pem;
    bool plain;               /* HTTP without TLS, on a loopback address only */
    const char *control_path; /* NULL: no control socket */
};

/* NULL after a message on stderr. E is borrowed. */
struct emu_server *emu_server_new(struct emu_engine *e, const struct emu_server_options *o);
void emu_server_free(struct emu_server *s);
int emu_server_port(const struct emu_server *s);

/* Until SIGNAL_FD (a signalfd) becomes readable. */
void emu_server_run(struct emu_server *s, int signal_fd);

/* Silent: nothing is accepted or answered and the backlog is full; what comes is never refused. */
void emu_server_silent(struct emu_server *s, bool silent);

int64_t emu_clock_ns(void); /* CLOCK_BOOTTIME */

#endif
