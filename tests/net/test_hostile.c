/*
 * Every way we know in which the other end can misbehave, once with a read and once with a mutating
 * call. What counts is what the caller is told: a mutating call that says "it never left us" must
 * not have arrived, and none may arrive twice.
 */
#include "base/mem.h"
#include "base/str.h"
#include "net/http.h"
#include "support/peer.h"

#include <drstor/types.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define STEPS(...) ((const struct peer_step[]){__VA_ARGS__, {PEER_END, NULL, 0}})
#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
#define OK_EMPTY OK_HEAD "Content-Length: 2\r\n\r\n{}"

enum place { PEER = 0, NOBODY, BLACK_HOLE, NO_NAME };
enum trust { BY_CA = 0, BY_PIN, BY_WRONG_PIN, BY_BOTH, BY_CA_AND_WRONG_PIN };

struct hostile {
    const char *name;
    int read;
    int mutate;
    const struct peer_step *script;
    const char *says;        /* in the read's message */
    const char *certificate; /* "good" when NULL, "" for no TLS */
    const char *priority;
    enum place place;
    enum trust trust;
    unsigned deadline_ms; /* 0: far away, for what must end by itself */
    bool client_certificate;
    bool json; /* the reply is also read as JSON */
    bool
        overtaken; /* a reset may be seen before what was sent ahead of it: then nothing was read */
};

#define R .read = DRSTOR_E_UNREACHABLE
#define P .read = DRSTOR_E_PROTOCOL
#define U .mutate = DRSTOR_E_UNKNOWN
#define BOTH(status) .read = (status), .mutate = (status)
#define NEVER BOTH(DRSTOR_E_UNREACHABLE)
#define AUTH BOTH(DRSTOR_E_AUTH)
#define FINE BOTH(DRSTOR_OK)

static const struct peer_step no_answer[] = {{PEER_READ, NULL, 0}, {PEER_HOLD, NULL, 0}};
static const struct peer_step normal[] = {
    {PEER_READ, NULL, 0}, {PEER_SEND, OK_EMPTY, 0}, {PEER_END, NULL, 0}};
#define ANSWER(text) STEPS({PEER_READ, NULL, 0}, {PEER_SEND, text, 0})
#define ANSWER_CUT(text) STEPS({PEER_READ, NULL, 0}, {PEER_SEND, text, 0}, {PEER_CUT, NULL, 0})
#define ANSWER_HOLD(text) STEPS({PEER_READ, NULL, 0}, {PEER_SEND, text, 0}, {PEER_HOLD, NULL, 0})

#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define KILO HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED
#define DEEP "[[[[[[[[[["

/* clang-format off */
static const struct hostile servers[] = {
    /* nobody there */
    {"nobody listens", NEVER, .place = NOBODY, .says = "nothing was sent"},
    {"a black hole", NEVER, .place = BLACK_HOLE, .deadline_ms = 300, .says = "nothing was sent"},
    {"a name nobody has", NEVER, .place = NO_NAME, .deadline_ms = 3000, .says = "nothing was sent"},

    /* before TLS stands */
    {"hangs up at once", NEVER, .certificate = "", .script = STEPS({PEER_CUT, NULL, 0})},
    {"resets at once", NEVER, .certificate = "", .script = STEPS({PEER_RESET, NULL, 0})},
    {"never speaks TLS", NEVER, .certificate = "", .script = STEPS({PEER_HOLD, NULL, 0}), .deadline_ms = 300},
    {"reads our hello and hangs up", NEVER, .certificate = "", .script = STEPS({PEER_READ_SOME, NULL, 0}, {PEER_CUT, NULL, 0})},
    {"plain HTTP at this port", NEVER, .certificate = "", .script = STEPS({PEER_READ_SOME, NULL, 0}, {PEER_SEND, "HTTP/1.1 400 Bad Request\r\n\r\n", 0}), .says = "wrong version number"},
    {"endless noise instead of TLS", NEVER, .certificate = "", .script = STEPS({PEER_ENDLESS, KILO, 0})},
    {"an ssh server", NEVER, .certificate = "", .script = STEPS({PEER_SEND, "SSH-2.0-OpenSSH_9.2\r\n", 0}, {PEER_HOLD, NULL, 0})},
    {"drips noise instead of TLS", NEVER, .certificate = "", .script = STEPS({PEER_DRIP, "\x16\x03\x03\x40", 0}), .deadline_ms = 500},
    {"TLS 1.0 only", NEVER, .priority = "NORMAL:-VERS-ALL:+VERS-TLS1.0", .script = normal},
    {"TLS 1.1 only", NEVER, .priority = "NORMAL:-VERS-ALL:+VERS-TLS1.1", .script = normal},
    {"a cipher without a certificate", NEVER, .priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+ANON-ECDH:+ANON-DH", .script = normal, .trust = BY_PIN},
    {"no encryption in TLS", NEVER, .priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+NULL", .script = normal},
    {"demands our certificate", NEVER, .priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2", .client_certificate = true, .script = normal},

    /* somebody else */
    {"signed by another CA", AUTH, .certificate = "foreign", .script = normal, .says = "nothing was sent"},
    {"signed by itself", AUTH, .certificate = "self", .script = normal},
    {"another host's certificate", AUTH, .certificate = "elsewhere", .script = normal},
    {"a certificate that has ended", AUTH, .certificate = "ended", .script = normal, .says = "expired"},
    {"not the pinned key", AUTH, .trust = BY_WRONG_PIN, .script = normal, .says = "sha256//"},
    {"right CA, not the pinned key", AUTH, .trust = BY_CA_AND_WRONG_PIN, .script = normal, .says = "not the pinned one"},
    {"wrong CA, pinned key", AUTH, .certificate = "foreign", .trust = BY_BOTH, .script = normal},

    /* no reply */
    {"hangs up before reading", R, U, .script = STEPS({PEER_END, NULL, 0})},
    {"resets before reading", R, U, .script = STEPS({PEER_RESET, NULL, 0})},
    {"reads a piece and resets", R, U, .script = STEPS({PEER_READ_SOME, NULL, 0}, {PEER_RESET, NULL, 0})},
    {"reads and says goodbye", R, U, .script = STEPS({PEER_READ, NULL, 0}), .says = "only reads and may be repeated"},
    {"reads and hangs up", R, U, .script = STEPS({PEER_READ, NULL, 0}, {PEER_CUT, NULL, 0})},
    {"reads and resets", R, U, .script = STEPS({PEER_READ, NULL, 0}, {PEER_RESET, NULL, 0})},
    {"reads and never answers", R, U, .script = no_answer, .deadline_ms = 300, .says = "deadline"},
    {"answers noise beside TLS", R, U, .script = STEPS({PEER_READ, NULL, 0}, {PEER_RAW, KILO, 0}, {PEER_HOLD, NULL, 0})},
    {"drips a header for ever", R, U, .script = STEPS({PEER_READ, NULL, 0}, {PEER_SEND, OK_HEAD "X: ", 0}, {PEER_DRIP, "y", 0}), .says = "stalled"},
    {"drips headers for ever", R, U, .script = STEPS({PEER_READ, NULL, 0}, {PEER_SEND, OK_HEAD, 0}, {PEER_DRIP, "X: y\r\n", 0}), .says = "stalled"},
    {"100 Continue and silence", R, U, .script = ANSWER_HOLD("HTTP/1.1 100 Continue\r\n\r\n"), .deadline_ms = 600, .says = "deadline"},
    {"drips letters", P, U, .script = STEPS({PEER_READ, NULL, 0}, {PEER_DRIP, "H", 0})},
    {"half a status line", R, U, .script = ANSWER_CUT("HTTP/1.1 20")},

    /* a part of a reply */
    {"a status line and no more", P, U, .script = ANSWER_CUT("HTTP/1.1 200 OK\r\n")},
    {"half the headers", P, U, .script = ANSWER_CUT(OK_HEAD "X-Half: ")},
    {"half a body, goodbye", P, U, .script = ANSWER(OK_HEAD "Content-Length: 100\r\n\r\n{\"a\":")},
    {"half a body, cut", P, U, .script = ANSWER_CUT(OK_HEAD "Content-Length: 100\r\n\r\n{\"a\":")},
    {"half a body, reset", P, U, .script = STEPS({PEER_READ, NULL, 0}, {PEER_SEND, OK_HEAD "Content-Length: 100\r\n\r\n{\"a\":", 0}, {PEER_RESET, NULL, 0}), .overtaken = true},
    {"half a body, then silence", R, U, .script = ANSWER_HOLD(OK_HEAD "Content-Length: 100\r\n\r\n{\"a\":"), .deadline_ms = 300},
    {"drips a body for ever", R, U, .script = STEPS({PEER_READ, NULL, 0}, {PEER_SEND, OK_HEAD "\r\n", 0}, {PEER_DRIP, " ", 0}), .says = "stalled"},
    {"a body without length, cut", P, U, .script = ANSWER_CUT(OK_HEAD "\r\n{}")},
    {"HTTP/1.0 that ends by goodbye", P, U, .script = ANSWER("HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{}")},
    {"headers without a length, and goodbye", P, U, .script = ANSWER("HTTP/1.1 200 OK\r\n\r\n"), .says = "neither a length"},
    {"half a chunk", P, U, .script = ANSWER_CUT(OK_HEAD "Transfer-Encoding: chunked\r\n\r\n10\r\n{}")},
    {"no last chunk", P, U, .script = ANSWER(OK_HEAD "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n")},

    /* too much */
    {"a huge header", P, U, .script = STEPS({PEER_READ, NULL, 0}, {PEER_SEND, OK_HEAD "X: ", 0}, {PEER_REPEAT, KILO, 80}, {PEER_SEND, "\r\n\r\n", 0})},
    {"an endless header", P, U, .script = STEPS({PEER_READ, NULL, 0}, {PEER_SEND, OK_HEAD "X: ", 0}, {PEER_ENDLESS, KILO, 0})},
    {"endless headers", P, U, .script = STEPS({PEER_READ, NULL, 0}, {PEER_SEND, OK_HEAD, 0}, {PEER_ENDLESS, "X: " HUNDRED "\r\n", 0}), .says = "header"},
    {"300 headers", P, U, .script = STEPS({PEER_READ, NULL, 0}, {PEER_SEND, OK_HEAD, 0}, {PEER_REPEAT, "X: y\r\n", 300}, {PEER_SEND, "Content-Length: 0\r\n\r\n", 0}), .says = "more than 256"},
    {"endless 100 Continue", P, U, .script = STEPS({PEER_READ, NULL, 0}, {PEER_ENDLESS, "HTTP/1.1 100 Continue\r\n\r\n", 0})},
    {"an endless body", P, U, .script = STEPS({PEER_READ, NULL, 0}, {PEER_SEND, OK_HEAD "\r\n", 0}, {PEER_ENDLESS, KILO, 0}), .says = "larger than 1 MiB"},
    {"endless chunks", P, U, .script = STEPS({PEER_READ, NULL, 0}, {PEER_SEND, OK_HEAD "Transfer-Encoding: chunked\r\n\r\n", 0}, {PEER_ENDLESS, "64\r\n" HUNDRED "\r\n", 0}), .says = "larger than 1 MiB"},
    {"endless trailers", P, U, .script = STEPS({PEER_READ, NULL, 0}, {PEER_SEND, OK_HEAD "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n", 0}, {PEER_ENDLESS, "X: " HUNDRED "\r\n", 0})},
    {"announces 2 MiB", P, U, .script = ANSWER_HOLD(OK_HEAD "Content-Length: 2097152\r\n\r\n")},

    /* nonsense */
    {"a redirect elsewhere", P, U, .script = ANSWER("HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/login?token=abc\r\nContent-Length: 0\r\n\r\n"), .says = "redirect (302) to https://elsewhere.example/login;"},
    {"a redirect to plain HTTP", P, U, .script = ANSWER("HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n"), .says = "redirect"},
    {"a redirect to a file", P, U, .script = ANSWER("HTTP/1.1 307 Look\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n"), .says = "redirect"},
    {"a redirect without a place", P, U, .script = ANSWER("HTTP/1.1 308 Gone\r\nContent-Length: 0\r\n\r\n"), .says = "redirect"},
    {"not modified", P, U, .script = ANSWER("HTTP/1.1 304 Not Modified\r\n\r\n")},
    {"switches protocols", P, U, .script = ANSWER("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n")},
    {"status 999", P, U, .script = ANSWER("HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n")},
    {"status 000", P, U, .script = ANSWER("HTTP/1.1 000 Odd\r\nContent-Length: 0\r\n\r\n")},
    {"status in letters", P, U, .script = ANSWER("HTTP/1.1 two hundred\r\nContent-Length: 0\r\n\r\n")},
    {"HTTP/0.9", P, U, .script = ANSWER("{}\n")},
    {"HTTP/2 that nobody agreed on", P, U, .script = ANSWER("HTTP/2 200\r\nContent-Length: 2\r\n\r\n{}")},
    {"HTTP/7.1", P, U, .script = ANSWER("HTTP/7.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")},
    {"two lengths", P, U, .script = ANSWER_HOLD(OK_HEAD "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"), .says = "two different"},
    {"a negative length", P, U, .script = ANSWER_HOLD(OK_HEAD "Content-Length: -2\r\n\r\n{}")},
    {"a length of 30 digits", P, U, .script = ANSWER_HOLD(OK_HEAD "Content-Length: " TEN TEN TEN "\r\n\r\n{}")},
    {"a chunk size that is no number", P, U, .script = ANSWER_HOLD(OK_HEAD "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}")},
    {"a chunk size of 20 digits", P, U, .script = ANSWER_HOLD(OK_HEAD "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\n{}")},
    {"compressed although not asked", P, U, .script = ANSWER_HOLD(OK_HEAD "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b"), .says = "compressed"},
    {"compressed on the way", P, U, .script = ANSWER_HOLD(OK_HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n"), .says = "Transfer-Encoding"},
    {"a NUL in a header", P, U, .script = STEPS({PEER_READ, NULL, 0}, {PEER_SEND, "HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n", 27}, {PEER_HOLD, NULL, 0})},
    {"a header without a colon", P, U, .script = ANSWER_HOLD(OK_HEAD "nonsense\r\n\r\n")},
    {"a header without a name", P, U, .script = ANSWER_HOLD(OK_HEAD ": value\r\n\r\n")},
    {"wrong content: a page", P, U, .script = ANSWER("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"), .json = true, .says = "instead of JSON"},
    {"wrong content: half JSON", P, U, .script = ANSWER(OK_HEAD "Content-Length: 5\r\n\r\n{\"a\":"), .json = true},
    {"wrong content: two JSON values", P, U, .script = ANSWER(OK_HEAD "Content-Length: 4\r\n\r\n{}{}"), .json = true},
    {"wrong content: JSON 50 deep", P, U, .script = ANSWER(OK_HEAD "Content-Length: 50\r\n\r\n" DEEP DEEP DEEP DEEP DEEP), .json = true, .says = "deeper"},

    /* unusual, and right */
    {"HTTP/1.0 with a length", FINE, .script = ANSWER("HTTP/1.0 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"), .json = true},
    {"chunks and trailers", FINE, .script = ANSWER(OK_HEAD "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;x=y\r\n}\r\n0\r\nX: y\r\n\r\n"), .json = true},
    {"100 Continue, then the reply", FINE, .script = ANSWER("HTTP/1.1 100 Continue\r\n\r\n" OK_EMPTY), .json = true},
    {"the same length twice", FINE, .script = ANSWER(OK_HEAD "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"), .json = true},
    {"application/hal+json", FINE, .script = ANSWER("HTTP/1.1 200 OK\r\nContent-Type: application/hal+json; charset=utf-8\r\nContent-Length: 2\r\n\r\n{}"), .json = true},
    {"an error with a body", FINE, .script = ANSWER("HTTP/1.1 409 Conflict\r\nContent-Length: 2\r\n\r\n{}")},
    {"no content", FINE, .script = ANSWER("HTTP/1.1 204 No Content\r\n\r\n")},
    {"signed by itself, key pinned", FINE, .certificate = "self", .trust = BY_PIN, .script = normal},
    {"another host's name, key pinned", FINE, .certificate = "elsewhere", .trust = BY_PIN, .script = normal},
    {"right CA and pinned key", FINE, .trust = BY_BOTH, .script = normal},
    {"TLS 1.2 only", FINE, .priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2", .script = normal},
    {"TLS 1.3 only", FINE, .priority = "NORMAL:-VERS-ALL:+VERS-TLS1.3", .script = normal},
};
/* clang-format on */

static char dir[64];

/* One call to one such server; its status, message and what arrived. */
struct seen {
    int status;
    int mutations;
    int requests;
    char message[512];
};

static void
endpoint_url(const struct hostile *s, struct peer **peer, struct black_hole **hole, char url[64])
{
    int port = 1;
    const struct peer_step *scripts[] = {s->script};
    struct peer_options o = {
        .dir = dir,
        .name = s->certificate ? s->certificate : "good",
        .priority = s->priority,
        .client_certificate = s->client_certificate,
        .scripts = scripts,
        .n_scripts = 1,
    };
    if (!*o.name)
        o.name = NULL;
    switch (s->place) {
    case PEER:
        *peer = peer_start(&o);
        port = peer_port(*peer);
        break;
    case NOBODY:
        port = port_unused();
        break;
    case BLACK_HOLE:
        *hole = black_hole_open(&port);
        break;
    case NO_NAME:
        (void)snprintf(url, 64, "https://no-such-host.invalid/api");
        return;
    }
    (void)snprintf(url, 64, "https://127.0.0.1:%d/api", port);
}

static int
call(struct dr_http *h, const struct hostile *s, bool mutating, struct drstor_error **err)
{
    struct dr_env *env = dr_env_real();
    struct dr_http_request q = {
        .method = mutating ? "POST" : "GET",
        .path = "/vms?search=x",
        .mutating = mutating,
        .body = mutating ? "{}" : NULL,
        .n_body = mutating ? 2 : 0,
        .deadline_ns = dr_now_ns(env) + (s->deadline_ms ? s->deadline_ms : 120000) * DR_MS,
    };
    struct dr_http_reply reply = {.code = -7};
    int r = dr_http_call(h, &q, &reply, err);
    if (r < 0) {
        assert_int_equal(reply.code, -7); /* untouched */
        return r;
    }
    struct json_object *o = NULL;
    if (s->json)
        r = dr_http_reply_json(h, &reply, &o, err);
    dr_json_putp(&o);
    dr_http_reply_clear(&reply);
    return r;
}

static struct seen
meet(const struct hostile *s, bool mutating)
{
    struct peer *peer = NULL;
    struct black_hole *hole = NULL;
    char url[64], ca[80], pin[64];
    endpoint_url(s, &peer, &hole, url);
    (void)snprintf(ca, sizeof(ca), "%s/ca.pem", dir);
    bool wrong = s->trust == BY_WRONG_PIN || s->trust == BY_CA_AND_WRONG_PIN;
    const char *name = s->certificate && *s->certificate ? s->certificate : "good";
    assert_true(peer_pin(dir, wrong ? "elsewhere" : name, pin));
    const char *urls[] = {url};
    const struct dr_http_options o = {
        .name = "array a",
        .urls = urls,
        .n_urls = 1,
        .ca_file = s->trust == BY_PIN || s->trust == BY_WRONG_PIN ? NULL : ca,
        .pin = s->trust == BY_CA ? NULL : pin,
        .connect_ms = 120000,
        .stall_ms = 200,
    };
    struct drstor_error *err = NULL;
    struct dr_http *h = NULL;
    struct seen seen = {.status = dr_http_open(dr_env_real(), &o, &h, &err)};
    if (seen.status == DRSTOR_OK)
        seen.status = call(h, s, mutating, &err);
    dr_http_close(h);
    (void)snprintf(seen.message, sizeof(seen.message), "%s", dr_error_message(err));
    dr_error_free(err);
    if (peer) {
        seen.mutations = peer_mutations(peer);
        seen.requests = peer_requests(peer);
    }
    peer_stop(peer);
    if (hole)
        black_hole_close(hole);
    return seen;
}

static bool
agrees(const struct hostile *s, const char *what, const struct seen *seen, int wanted)
{
    bool read = strcmp(what, "read") == 0;
    bool good =
        seen->status == wanted || (s->overtaken && read && seen->status == DRSTOR_E_UNREACHABLE);
    good = good && (wanted == DRSTOR_OK || strstr(seen->message, "array a"));
    good = good && seen->mutations <= 1;
    if (wanted == DRSTOR_E_UNREACHABLE && !read)
        good = good && seen->mutations == 0;
    if (wanted == DRSTOR_E_AUTH)
        good = good && seen->requests == 0;
    if (!good)
        print_message("%s, %s: %s, wanted %s; %d arrived; \"%s\"\n", s->name, what,
                      dr_status_name(seen->status), dr_status_name(wanted), seen->mutations,
                      seen->message);
    return good;
}

static void
no_server_gets_a_second_delivery_or_a_wrong_word(void **state)
{
    (void)state;
    size_t good = 0;
    for (size_t i = 0; i < DR_COUNT(servers); i++) {
        const struct hostile *s = &servers[i];
        struct seen read = meet(s, false);
        struct seen mutation = meet(s, true);
        bool all = agrees(s, "read", &read, s->read) && agrees(s, "mutation", &mutation, s->mutate);
        if (all && s->says && !strstr(read.message, s->says)) {
            print_message("%s: \"%s\" does not say \"%s\"\n", s->name, read.message, s->says);
            all = false;
        }
        good += all;
    }
    print_message("figure hostile_servers %zu of %zu\n", good, DR_COUNT(servers));
    assert_int_equal(good, DR_COUNT(servers));
}

static int
certificates(void **state)
{
    (void)state;
    char other[80], from[160], to[160];
    if (!peer_dir_make(dir))
        return -1;
    (void)snprintf(other, sizeof(other), "%s-other", dir);
    bool good = peer_certificate(dir, "good", "IP:127.0.0.1", NULL) &&
                peer_certificate(dir, "elsewhere", "DNS:elsewhere.example", NULL) &&
                peer_certificate(dir, "ended", "IP:127.0.0.1", "-1") &&
                peer_certificate(other, "foreign", "IP:127.0.0.1", NULL);
    /* The other CA's own certificate is one that is signed by itself. */
    static const char *const moves[][2] = {{"foreign.pem", "foreign.pem"},
                                           {"foreign.key", "foreign.key"},
                                           {"ca.pem", "self.pem"},
                                           {"ca.key", "self.key"}};
    for (size_t i = 0; good && i < DR_COUNT(moves); i++) {
        (void)snprintf(from, sizeof(from), "%s/%s", other, moves[i][0]);
        (void)snprintf(to, sizeof(to), "%s/%s", dir, moves[i][1]);
        good = rename(from, to) == 0;
    }
    peer_dir_remove(other);
    return good ? 0 : -1;
}

static int
certificates_gone(void **state)
{
    (void)state;
    peer_dir_remove(dir);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_server_gets_a_second_delivery_or_a_wrong_word),
    };
    return cmocka_run_group_tests(tests, certificates, certificates_gone);
}
