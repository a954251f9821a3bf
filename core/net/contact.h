/*
 * Which sites this run may still contact, and the log of every call it made. One object per run;
 * every endpoint is opened with it. Threads: any.
 *
 * From the commit of an unplanned promotion on, nothing contacts the lost site (safety 3.2, R040).
 */
#ifndef DR_NET_CONTACT_H
#define DR_NET_CONTACT_H

#include "base/env.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct dr_contact;
struct dr_wire;

/* One call, as it ended. Strings are borrowed for the length of the sink; secrets are stars. */
struct dr_contact_event {
    const char *endpoint;
    const char *site; /* NULL: of no site */
    const char *method;
    const char *path;           /* without what follows '?' when the request was secret */
    const char *correlation_id; /* NULL: none */
    uint64_t start_ns;          /* boot time */
    uint64_t end_ns;
    int status; /* what the caller was told */
    int code;   /* HTTP status, 0: no complete reply */
    bool mutating;
    bool sent; /* at least a part of the request may have left us */
};

struct dr_contact *dr_contact_new(struct dr_env *env);
/* After every endpoint that was opened with it is closed. */
void dr_contact_free(struct dr_contact *c);
void dr_contact_freep(struct dr_contact **c);

/* SINK is called once per call, also for refused ones, one at a time, on the caller's thread. It
 * must not call back into net. NULL: none. Set it before the first call. */
void dr_contact_sink(struct dr_contact *c,
                     void (*sink)(const struct dr_contact_event *event, void *user), void *user);

/* What carries the calls of this run instead of the network (wire.h), for worlds in memory;
 * outlives C. Set it before the first endpoint is opened. */
void dr_contact_carry(struct dr_contact *c, struct dr_wire *wire);
struct dr_wire *dr_contact_wire(struct dr_contact *c); /* NULL: the network */

/*
 * From now on every call to SITE is REFUSED, and calls in flight to it are given up. Returns when
 * none of them is left: after it no byte of a request goes there any more. Not from within a sink.
 * For good: a run that has declared a site lost does not take it back.
 */
void dr_contact_forbid(struct dr_contact *c, const char *site);
bool dr_contact_forbidden(struct dr_contact *c, const char *site);

/* ---- for the transports of this folder ------------------------------------------------------- */

/* One call in flight. WAKE makes its thread look at FORBIDDEN; it is called from any thread. NULL:
 * the call ends by its own deadline, and forbidding its site waits that long. */
struct dr_contact_call {
    const char *site;
    void (*wake)(void *arg);
    void *arg;
    atomic_bool forbidden;
    struct dr_contact_call *next;
};

/* C may be NULL in all of these: then nothing is forbidden and nothing is logged. */
int dr_contact_enter(struct dr_contact *c, struct dr_contact_call *call, struct drstor_error **err);
/* The last question before a request's first byte. */
bool dr_contact_may_send(struct dr_contact *c, struct dr_contact_call *call);
void dr_contact_leave(struct dr_contact *c, struct dr_contact_call *call);
int dr_contact_refuse(struct dr_contact *c, const char *site, struct drstor_error **err);
void dr_contact_log(struct dr_contact *c, const struct dr_contact_event *event);

#endif
