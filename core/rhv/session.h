/*
 * A session with one oVirt engine. Threads: any; all of them share one token, and only one renews
 * it. Nothing is sent before the first call, which logs in by itself.
 *
 * What a call of this folder answers, and what may be done next:
 *
 *   OK           the engine says it is done, or accepted it: calls.h says which per call
 *   UNREACHABLE  nothing was sent, or it only read: it may be repeated. Also an engine that starts
 *   BUSY         nothing was sent, or the engine is at its limit: it may be repeated
 *   UNKNOWN      a mutating request may have left us and no sound reply came, or the engine failed
 *                inside: read the state first
 *   REFUSED      400 and a failed action: parameters, or something failed while executing
 *   CONFLICT     409: locked, wrong status, or it is already so
 *   NOTFOUND     404
 *   AUTH         user, password, permission or certificate
 *   UNSUPPORTED  this engine has no such call
 *   PROTOCOL     the answer to a read makes no sense
 *   CANCELLED, INVALID, NOMEM as everywhere; REFUSED with R040 when the site was declared lost
 *
 * After any failed mutating call the state is read again and decides: 400 may have done a part of
 * its work, 409 may mean "already so", and the engine's words, which are translated, tell nothing
 * to a program.
 */
#ifndef DR_RHV_SESSION_H
#define DR_RHV_SESSION_H

#include "base/env.h"
#include "base/error.h"
#include "model/model.h"
#include "net/contact.h"

struct dr_rhv;

/* 0 and NULL are the defaults. */
struct dr_rhv_options {
    const char *correlation_id; /* one UUID per run (net/uuid.h); copied. Needed */
    unsigned parallel;          /* calls at a time; 24 */
    unsigned connect_ms;        /* per address; 5 s */
    unsigned read_ms;           /* the longest a read takes; 30 s, lists four times that */
    unsigned mutate_ms;         /* the longest a mutating call takes; 15 min, and never more */
};

/* How one call is made; a NULL pointer or zeroes mean: the session's bounds and nothing else. */
struct dr_rhv_how {
    uint64_t deadline_ns; /* boot time; 0: none beside the session's bounds */
    const struct dr_cancel *cancel;
    const char *correlation_id; /* NULL: the session's */
};

/*
 * ENGINE and the secret it points to outlive the session: a token ends after half an hour without
 * use, and the password is what the next one is got with. SITE is NULL for the engine of a stretch
 * cluster. The engine's url may end in /ovirt-engine, /ovirt-engine/api, or hold no path.
 */
int dr_rhv_open(struct dr_env *env, const struct dr_engine *engine, const char *site,
                struct dr_contact *contact, const struct dr_rhv_options *options,
                struct dr_rhv **ret, struct drstor_error **err);
/* When no call is in flight. Logs out within seconds, unless the site may not be contacted. */
void dr_rhv_close(struct dr_rhv *r);
void dr_rhv_closep(struct dr_rhv **r);

const char *dr_rhv_name(const struct dr_rhv *r); /* "engine rome" */

/* Of the certificates the engine showed, the first to end: UTC seconds; -1: not known (yet). */
int64_t dr_rhv_trusted_until(const struct dr_rhv *r);

/* For who wants to know early: gets a token unless there is one. */
int dr_rhv_login(struct dr_rhv *r, const struct dr_rhv_how *how, struct drstor_error **err);

#endif
