/* What the tests of net share: one scripted peer, one endpoint that speaks to it, calls in
 * threads. */
#ifndef TESTS_NET_ENDPOINT_H
#define TESTS_NET_ENDPOINT_H

#include "base/mem.h"
#include "net/http.h"
#include "support/peer.h"

#include <drstor/types.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define READ                                                                                       \
    {                                                                                              \
        PEER_READ, NULL, 0                                                                         \
    }
#define EXPECT(text)                                                                               \
    {                                                                                              \
        PEER_EXPECT, text, 0                                                                       \
    }
#define SEND(text)                                                                                 \
    {                                                                                              \
        PEER_SEND, text, 0                                                                         \
    }
#define HOLD                                                                                       \
    {                                                                                              \
        PEER_HOLD, NULL, 0                                                                         \
    }
#define WAIT                                                                                       \
    {                                                                                              \
        PEER_WAIT, NULL, 0                                                                         \
    }
#define CUT                                                                                        \
    {                                                                                              \
        PEER_CUT, NULL, 0                                                                          \
    }
#define AGAIN                                                                                      \
    {                                                                                              \
        PEER_AGAIN, NULL, 0                                                                        \
    }
#define END                                                                                        \
    {                                                                                              \
        PEER_END, NULL, 0                                                                          \
    }
#define OK_REPLY "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
#define SERVE                                                                                      \
    {                                                                                              \
        READ, SEND(OK_REPLY), AGAIN                                                                \
    }

static char endpoint_dir[64]; /* certificates: "good" and the CA */

static inline int
endpoint_certificates(void **state)
{
    (void)state;
    return peer_dir_make(endpoint_dir) &&
                   peer_certificate(endpoint_dir, "good", "IP:127.0.0.1", NULL)
               ? 0
               : -1;
}

static inline int
endpoint_certificates_gone(void **state)
{
    (void)state;
    peer_dir_remove(endpoint_dir);
    return 0;
}

/* Up to two scripts: for the first connection, and for those that follow. */
static inline struct peer *
endpoint_peer(const struct peer_step *first, const struct peer_step *then)
{
    const struct peer_step *const scripts[] = {first, then};
    const struct peer_options o = {
        .dir = endpoint_dir, .name = "good", .scripts = scripts, .n_scripts = then ? 2 : 1};
    return peer_start(&o);
}

/* Fills what O leaves open: name, CA, and PORT as the only url unless O has some. */
static inline struct dr_http *
endpoint_open(struct dr_http_options o, int port)
{
    char url[64], ca[80];
    (void)snprintf(url, sizeof(url), "https://127.0.0.1:%d/api", port);
    (void)snprintf(ca, sizeof(ca), "%s/ca.pem", endpoint_dir);
    const char *urls[] = {url};
    if (!o.name)
        o.name = "engine milan";
    if (!o.ca_file)
        o.ca_file = ca;
    if (!o.urls) {
        o.urls = urls;
        o.n_urls = 1;
    }
    struct dr_http *h = NULL;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    if (dr_http_open(dr_env_real(), &o, &h, &err) < 0)
        print_message("%s\n", dr_error_message(err));
    assert_non_null(h);
    return h;
}

/* One call, in this thread or, with call_start(), beside it. */
struct call {
    struct dr_http *h;
    struct dr_http_request q;
    struct dr_http_reply reply;
    struct drstor_error *err;
    int status;
    pthread_t thread;
};

static inline struct call
call_get(struct dr_http *h)
{
    return (struct call){.h = h, .q = {.method = "GET", .path = "/vms"}};
}

static inline struct call
call_post(struct dr_http *h)
{
    return (struct call){
        .h = h,
        .q = {
            .method = "POST", .path = "/vms/1/start", .mutating = true, .body = "{}", .n_body = 2}};
}

static inline void *
call_main(void *arg)
{
    struct call *c = arg;
    c->status = dr_http_call(c->h, &c->q, &c->reply, &c->err);
    return NULL;
}

static inline void
call_start(struct call *c)
{
    assert_int_equal(pthread_create(&c->thread, NULL, call_main, c), 0);
}

static inline int
call_wait(struct call *c)
{
    (void)pthread_join(c->thread, NULL);
    return c->status;
}

static inline void
call_clear(struct call *c)
{
    dr_http_reply_clear(&c->reply);
    dr_error_freep(&c->err);
}

/* For when only the status matters. */
static inline int
call_status(struct call c)
{
    (void)call_main(&c);
    call_clear(&c);
    return c.status;
}

#endif
