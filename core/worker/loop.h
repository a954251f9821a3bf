/* Requests in, replies out, as long as somebody is there who wants them. */
#ifndef DR_WORKER_LOOP_H
#define DR_WORKER_LOOP_H

#include "base/env.h"
#include "plugin/info.h"

/* From now on lines of the log go through SOCKET. */
void dr_loop_log(int socket);
/*
 * Serves until the other end of SOCKET is gone, and then ends the process at once, whatever it is
 * in the middle of: nobody is left who would wait for it, and a lock that it holds for another one
 * is free then.
 */
void dr_loop_run(struct dr_env *env, const struct dr_plugin *plugin, int socket)
    __attribute__((noreturn));

#endif
