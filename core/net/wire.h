/*
 * What takes the network's place in a world that lives in one process: requests are handed over in
 * memory. Everything above the transfer stays as it is: addresses, slots, deadlines, cancel, the
 * contact rule, what a lost reply means.
 */
#ifndef DR_NET_WIRE_H
#define DR_NET_WIRE_H

#include "base/env.h"
#include "net/http.h"

/* Borrowed for the length of send(). */
struct dr_wire_request {
    const char *endpoint, *site; /* site NULL: of none */
    const char *method;
    const char *url; /* https://host:port/path?query */
    const struct drstor_http_header *headers;
    size_t n_headers;
    const char *body; /* NULL: none */
    size_t n_body;
    bool mutating;
};

enum dr_wire_state {
    DR_WIRE_UNKNOWN = 0,
    DR_WIRE_UNSENT,   /* it says that nobody listens there */
    DR_WIRE_SILENT,   /* not connected, and nothing says why */
    DR_WIRE_WAITING,  /* sent; whether anything comes back is open */
    DR_WIRE_BROKEN,   /* sent, and the connection is lost */
    DR_WIRE_ANSWERED, /* the reply is whole */
};

/* Its functions are called with LOCK held and do not wait. */
struct dr_wire {
    pthread_mutex_t lock;
    struct dr_cond changed; /* to be woken when look() may answer something new */

    uint64_t (*send)(struct dr_wire *w, const struct dr_wire_request *q);
    /* ANSWERED: code, headers and body of RET are filled in, allocated one by one. */
    enum dr_wire_state (*look)(struct dr_wire *w, uint64_t call, struct dr_http_reply *ret);
    /* Nobody waits for CALL any more; also after its end. */
    void (*leave)(struct dr_wire *w, uint64_t call);
    /* Does anything at HOST:PORT answer? */
    bool (*alive)(struct dr_wire *w, const char *host_port);
};

#endif
