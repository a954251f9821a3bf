/* One request to one address, by libcurl. Private to net. */
#ifndef DR_NET_TRANSFER_H
#define DR_NET_TRANSFER_H

#include "base/env.h"
#include "base/str.h"
#include "net/http.h"

#include <curl/curl.h>

enum { TRANSFER_PIN_CHARS = 64 };

/* Why we gave up, when it was our decision. */
enum transfer_why {
    TRANSFER_WHY_NONE = 0,
    TRANSFER_WHY_CANCELLED,
    TRANSFER_WHY_FORBIDDEN,
    TRANSFER_WHY_DEADLINE,
    TRANSFER_WHY_STALLED,
    TRANSFER_WHY_RESEND, /* libcurl wanted to send a mutating request a second time */
    TRANSFER_WHY_TOO_LARGE,
    TRANSFER_WHY_HEADER
};

/* How an endpoint is verified. */
struct transfer_trust {
    const char *ca; /* PEM text or NULL */
    size_t n_ca;
    const char *pin; /* or NULL; one of the two is there */
    bool named;      /* the certificate must bear the host's name although a key is pinned */
};

struct transfer {
    /* in */
    struct dr_env *env;
    CURLM *multi;     /* used for one endpoint only: it keeps the connections */
    CURLSH *share;    /* or NULL */
    bool cookies;     /* needs share */
    const char *name; /* the endpoint's */
    const char *url;
    const struct transfer_trust *trust;
    const struct dr_http_request *request;
    struct curl_slist *headers;
    const char *user_password; /* basic authentication, NULL: none */
    bool reuse; /* a kept connection for a mutating request too: shows the gate at work in tests */
    uint64_t deadline_ns;
    uint64_t connect_ms;
    uint64_t stall_ms;
    struct dr_contact *contact;
    struct dr_contact_call *contact_call;

    /* out */
    CURLcode result;
    enum transfer_why why;
    bool sent;  /* a part of the request may have left us */
    bool begun; /* a part of a reply has come */
    char text[CURL_ERROR_SIZE];
    char pin_seen[TRANSFER_PIN_CHARS]; /* of a key that was not the pinned one; "" not seen */
    int64_t trusted_until; /* first end of a certificate the peer showed; -1: it showed none now */
    const char *bad;       /* WHY_HEADER: what is wrong, static text */
    struct dr_http_reply reply;

    /* private */
    CURL *easy;
    struct dr_str body;
    size_t header_bytes;
    size_t headers_cap;
    int64_t content_length; /* -1: not said */
    bool headers_whole;
    bool end_known; /* by a length or by chunks */
    uint64_t stall_from_ns;
    size_t stall_bytes;
};

/* The reply, if any, stays in T->reply; transfer_clear() frees what was not taken. */
void transfer_run(struct transfer *t);
/* Why the caller is to stop waiting now, if at all. */
enum transfer_why transfer_give_up(struct transfer *t, uint64_t now);
struct dr_wire;
void transfer_carry(struct transfer *t, struct dr_wire *w); /* the same, by W */
void transfer_clear(struct transfer *t);
const struct transfer_trust *http_trust(const struct dr_http *h);
/* OK when there is a sound reply; otherwise the status and the sentence of http.h. */
int transfer_status(const struct transfer *t, struct drstor_error **err);
/* TEXT for people: without what follows '?', printable, not endless. The caller frees. */
char *transfer_shown(const char *text);

int request_check(const char *name, const struct dr_http_request *request,
                  struct drstor_error **err);
int request_headers(const struct dr_http_request *request, const struct dr_secret *bearer,
                    struct curl_slist **ret, struct drstor_error **err);
void request_headers_freep(struct curl_slist **list); /* wipes */

#endif
