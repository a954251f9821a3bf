/*
 * HTTPS to one endpoint: an engine or an array's management.
 *
 * What a call answers says what the caller may do next:
 *
 *   OK           a complete reply, whatever its HTTP status
 *   UNREACHABLE  the request never left us, or it was a read and no reply came: it may be repeated
 *   UNKNOWN      a mutating request may have left us and no complete, sound reply came: look first
 *   AUTH         the certificate, the CA file or the pinned key; nothing was sent
 *   REFUSED      R040, the site was declared lost; reads in flight too
 *   PROTOCOL     a read's reply was too large, malformed, cut short or a redirect
 *   CANCELLED    before a mutating request left us; reads at any time
 *   BUSY         all connections of the endpoint were in use until the deadline; nothing was sent
 *   INVALID      the request or the options make no sense; nothing was sent
 *
 * Only https, TLS 1.2 or newer, and always verified: by the CA file, by the pinned public key, or
 * both; there is no way to turn it off (safety X3, X4).
 */
#ifndef DR_NET_HTTP_H
#define DR_NET_HTTP_H

#include "base/env.h"
#include "base/error.h"
#include "base/json.h"
#include "base/redact.h"
#include "net/contact.h"

#ifndef DRSTOR_PLUGIN_HOST_SIDE
#define DRSTOR_PLUGIN_HOST_SIDE
#endif
#include <drstor/plugin.h>

struct dr_http;

/* Everything is copied. 0 and NULL are the defaults. */
struct dr_http_options {
    const char *name; /* in every message: "engine rome" */
    const char *site; /* NULL: of no single site, as the engine of a stretch cluster */
    /* "https://host[:port][/base]". Addresses of one and the same endpoint: the next is tried only
     * when nothing was sent to the one before; the one that answered last comes first. */
    const char *const *urls;
    size_t n_urls;
    const char *ca_file; /* PEM, read at open; the system's own list is never used */
    const char *pin;     /* "sha256//BASE64" of the public key; replaces the host name check */
    const char *user;    /* with secret: basic authentication; a bearer token takes its place */
    const struct dr_secret *secret;
    unsigned parallel;   /* calls at a time, each on a connection of its own; 4 */
    unsigned connect_ms; /* per address, name lookup and TLS included; 5 s */
    unsigned read_ms;    /* deadline of reads that bring none; 30 s */
    unsigned mutate_ms;  /* deadline of mutating calls that bring none; 15 min */
    unsigned stall_ms;   /* a reply that has begun brings less than 100 bytes/s this long; 30 s */
    bool cookies;        /* the endpoint logs in by cookie: kept in memory until close */
    struct dr_contact *contact; /* not copied; outlives the endpoint */
};

enum dr_http_class {
    DR_HTTP_SMALL = 0, /* 1 MiB */
    DR_HTTP_INVENTORY  /* 64 MiB */
};

struct dr_http_request {
    const char *method; /* GET HEAD POST PUT PATCH DELETE */
    const char *path;   /* begins with '/', already percent-encoded */
    bool from_root;     /* path replaces the url's base, as in links that a reply brings */
    bool mutating;
    bool secret; /* a login: what follows '?' in its path is not shown, reply wiped at the end */
    enum dr_http_class class;
    /* Accept and Content-Type are application/json unless given. Never logged. */
    const struct drstor_http_header *headers;
    size_t n_headers;
    const char *body; /* NULL: none */
    size_t n_body;
    uint64_t deadline_ns; /* boot time; 0: by the endpoint's default */
    const struct dr_cancel *cancel;
    const char *correlation_id; /* sent as Correlation-Id */
};

struct dr_http_reply {
    int code;
    enum dr_http_class class;
    bool mutating;
    bool secret;
    char *body; /* NUL-terminated, never NULL */
    size_t n_body;
    struct drstor_http_header *headers; /* without Set-Cookie */
    size_t n_headers;
};

/* Over the network ENV must not be a virtual one; a wire of the contact can be used with both. No
 * traffic yet. */
int dr_http_open(struct dr_env *env, const struct dr_http_options *options, struct dr_http **ret,
                 struct drstor_error **err);
/* When no call is in flight any more. */
void dr_http_close(struct dr_http *h);
void dr_http_closep(struct dr_http **h);

const char *dr_http_name(const struct dr_http *h);
const char *dr_http_site(const struct dr_http *h); /* NULL: none */
/* Of the certificates the endpoint showed with its last connection, the first to end: UTC seconds.
 * -1: there was none yet, or it was not told. */
int64_t dr_http_trusted_until(const struct dr_http *h);

/* For calls that begin from now on; NULL: back to basic authentication, if any. Threads: any. */
int dr_http_bearer(struct dr_http *h, const char *token, struct drstor_error **err);

/* Blocks until there is an answer. RET is untouched on failure. Threads: any. */
int dr_http_call(struct dr_http *h, const struct dr_http_request *request,
                 struct dr_http_reply *ret, struct drstor_error **err);

void dr_http_reply_clear(struct dr_http_reply *reply);
/* The first of that name, in any case; NULL when absent. */
const char *dr_http_reply_header(const struct dr_http_reply *reply, const char *name);
/*
 * The reply as JSON, within the limits of its class. PROTOCOL when it is not JSON; UNKNOWN instead
 * for mutating calls. An empty reply to a mutating call is OK and *ret becomes NULL.
 */
int dr_http_reply_json(const struct dr_http *h, const struct dr_http_reply *reply,
                       struct json_object **ret, struct drstor_error **err);

#endif
