/* The control socket: one JSON command a line, one JSON reply a line. */
#ifndef TESTS_EMULATORS_ENGINE_SERVER_CONTROL_H
#define TESTS_EMULATORS_ENGINE_SERVER_CONTROL_H

#include <poll.h>

#include "emu.h"
#include "server.h"

#define CONTROL_CLIENTS 16
#define CONTROL_FDS (CONTROL_CLIENTS + 1)

struct control;

struct control *control_new(const char *path);
void control_free(struct control *c);
nfds_t control_fds(struct control *c, struct pollfd fds[CONTROL_FDS]);
void control_serve(struct control *c, struct emu_server *s, struct emu_engine *e,
                   const struct pollfd *fds, nfds_t n);

#endif
