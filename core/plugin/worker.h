/*
 * What the controller and the program drstor-worker say to each other over net/channel.h. The
 * worker is one process for one array: it loads one plugin, knows one array's secrets, and runs
 * what plugin/serve.h does around its socket.
 *
 * It ends at once when its socket's other end is gone, whatever it is in the middle of; and it is
 * killed when it answers nonsense, says too much, or does not come back in time.
 */
#ifndef DR_PLUGIN_WORKER_H
#define DR_PLUGIN_WORKER_H

#include "plugin/exchange.h"

/* The descriptors it begins with; its standard input is /dev/null. */
enum { DR_WORKER_NULL = 0, DR_WORKER_SOCKET, DR_WORKER_WORDS, DR_WORKER_FDS };

enum dr_worker_frame {
    DR_WORKER_OPEN = 1, /* a request message; first and alone: others wait for its end */
    DR_WORKER_REQUEST,  /* a request message */
    DR_WORKER_CANCEL,   /* of the request with this id */
    DR_WORKER_HOLD,     /* keeps the descriptor that comes with it open, under this id ... */
    DR_WORKER_DROP,     /* ... until this */
    DR_WORKER_REPLY,    /* back: a reply message; of one that could not be made, nothing, and it is
                           killed */
    DR_WORKER_LOG       /* back: a line; `more` is its level */
};

enum { DR_WORKER_LOG_MAX = 64 << 10 };

#endif
