#include "net/transfer.h"

#include "base/mem.h"

#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>

enum {
    SLICE_MS = 50, /* a cancel has no way to wake us; this is how late we may see it */
    HEADER_BYTES_MAX = 64 * 1024,
    HEADER_LINES_MAX = 256,
    STALL_BYTES_PER_S = 100
};

static size_t
body_limit(const struct transfer *t)
{
    return t->request->class == DR_HTTP_INVENTORY ? dr_json_inventory.bytes : dr_json_small.bytes;
}

static void
reply_reset(struct transfer *t)
{
    int code = t->reply.code;
    dr_http_reply_clear(&t->reply);
    t->reply.code = code;
    t->reply.class = t->request->class;
    t->reply.mutating = t->request->mutating;
    t->reply.secret = t->request->secret;
    t->headers_cap = 0;
    t->content_length = -1;
    t->headers_whole = false;
    t->end_known = false;
}

/* ---- what libcurl tells us ------------------------------------------------------------------- */

/*
 * The one gate every request passes, after the connection stands and is verified, before its first
 * byte. libcurl repeats a request by itself when a connection it had kept turns out to be dead, and
 * that passes here again. A mutating request is let through once: the second time we answer UNKNOWN
 * rather than let the other end do it twice. (Mutating requests also get a new connection, so that
 * the common, harmless case of this - the other end closed an idle connection - does not end in
 * UNKNOWN; this gate is what the promise rests on.)
 */
static int
on_connected(void *arg, char *their_ip, char *our_ip, int their_port, int our_port)
{
    (void)their_ip, (void)our_ip, (void)their_port, (void)our_port;
    struct transfer *t = arg;
    if (t->sent && t->request->mutating)
        t->why = TRANSFER_WHY_RESEND;
    else if (dr_cancelled(t->request->cancel))
        t->why = TRANSFER_WHY_CANCELLED;
    else if (dr_now_ns(t->env) >= t->deadline_ns)
        t->why = TRANSFER_WHY_DEADLINE;
    else if (!dr_contact_may_send(t->contact, t->contact_call))
        t->why = TRANSFER_WHY_FORBIDDEN;
    if (t->why != TRANSFER_WHY_NONE)
        return CURL_PREREQFUNC_ABORT;
    t->sent = true;
    return CURL_PREREQFUNC_OK;
}

static size_t
header_bad(struct transfer *t, const char *what)
{
    t->why = TRANSFER_WHY_HEADER;
    t->bad = what;
    return 0;
}

static bool
header_is(const char *line, size_t n_name, const char *name)
{
    return strlen(name) == n_name && strncasecmp(line, name, n_name) == 0;
}

/* What would make two readers of the same bytes see different replies, or more bytes than we
 * count. */
static const char *
header_trouble(struct transfer *t, const char *line, size_t n_name, const char *value)
{
    if (header_is(line, n_name, "Content-Length")) {
        size_t digits = strspn(value, "0123456789");
        if (digits == 0 || digits > 18 || value[digits])
            return "a Content-Length that is no number";
        int64_t length = 0;
        for (size_t i = 0; i < digits; i++)
            length = length * 10 + (value[i] - '0');
        if (t->content_length >= 0 && t->content_length != length)
            return "two different Content-Length headers";
        t->content_length = length;
        t->end_known = true;
    }
    if (header_is(line, n_name, "Content-Encoding") && strcasecmp(value, "identity") != 0)
        return "a compressed body, which was not asked for";
    if (header_is(line, n_name, "Transfer-Encoding") && strcasecmp(value, "chunked") != 0)
        return "a Transfer-Encoding other than chunked";
    if (header_is(line, n_name, "Transfer-Encoding"))
        t->end_known = true;
    return NULL;
}

/* "HTTP/1.1 200" and perhaps a reason; libcurl would also take versions that nobody agreed on. */
static bool
status_is_sound(const char *line, size_t n)
{
    return n >= 12 && (memcmp(line, "HTTP/1.1 ", 9) == 0 || memcmp(line, "HTTP/1.0 ", 9) == 0) &&
           line[9] >= '1' && line[9] <= '5' && isdigit((unsigned char)line[10]) &&
           isdigit((unsigned char)line[11]) && (n == 12 || line[12] == ' ');
}

static size_t
on_header(char *data, size_t size, size_t n, void *arg)
{
    struct transfer *t = arg;
    n *= size;
    t->header_bytes += n;
    if (t->header_bytes > HEADER_BYTES_MAX)
        return header_bad(t, "headers of more than 64 KiB");
    if (memchr(data, '\0', n))
        return header_bad(t, "a header with a NUL byte");

    size_t end = n;
    while (end && (data[end - 1] == '\r' || data[end - 1] == '\n'))
        end--;
    if (end == 0) {
        t->headers_whole = true;
        return n;
    }
    if (end >= 5 && strncasecmp(data, "HTTP/", 5) == 0) {
        reply_reset(t); /* also after a 100 Continue: only the last one counts */
        /* "I am still at it" (1xx) is no reply that has begun, and may be followed by silence. */
        t->begun = end > 9 && data[9] != '1';
        if (!status_is_sound(data, end))
            return header_bad(t, "a status line that is none");
        if (memcmp(data + 9, "101", 3) == 0)
            return header_bad(t, "a change to another protocol, which was not asked for");
        return n;
    }
    const char *colon = memchr(data, ':', end);
    if (data[0] == ' ' || data[0] == '\t' || !colon || colon == data)
        return header_bad(t, "a line that is no header");
    if (t->reply.n_headers >= HEADER_LINES_MAX)
        return header_bad(t, "more than 256 headers");

    size_t n_name = (size_t)(colon - data);
    size_t from = n_name + 1;
    while (from < end && (data[from] == ' ' || data[from] == '\t'))
        from++;
    while (end > from && (data[end - 1] == ' ' || data[end - 1] == '\t'))
        end--;
    dr_auto(dr_freep) char *value = dr_alloc0(end - from + 1, 1);
    memcpy(value, data + from, end - from);
    const char *bad = header_trouble(t, data, n_name, value);
    if (bad)
        return header_bad(t, bad);
    if (header_is(data, n_name, "Set-Cookie"))
        return n; /* libcurl's business; nobody else gets to see a session */

    char *name = dr_alloc0(n_name + 1, 1);
    memcpy(name, data, n_name);
    struct drstor_http_header *h = &dr_push(t->reply.headers, t->reply.n_headers, t->headers_cap);
    h->name = name;
    h->value = dr_steal(value);
    return n;
}

static size_t
on_body(char *data, size_t size, size_t n, void *arg)
{
    struct transfer *t = arg;
    n *= size;
    t->begun = true;
    if (t->body.n + n > body_limit(t)) {
        t->why = TRANSFER_WHY_TOO_LARGE;
        return 0;
    }
    dr_str_addn(&t->body, data, n);
    return n;
}

/*
 * libcurl says the key it saw only in its running commentary. Nothing else of it is looked at, and
 * nothing is kept: it holds headers and bodies.
 */
static int
on_comment(CURL *easy, curl_infotype type, char *data, size_t n, void *arg)
{
    (void)easy;
    static const char mark[] = "public key hash: ";
    struct transfer *t = arg;
    if (type != CURLINFO_TEXT || n > 256)
        return 0;
    const char *at = memmem(data, n, mark, sizeof(mark) - 1);
    if (!at)
        return 0;
    at += sizeof(mark) - 1;
    size_t left = n - (size_t)(at - data);
    size_t o = 0;
    while (o < left && o + 1 < sizeof(t->pin_seen) && isgraph((unsigned char)at[o])) {
        t->pin_seen[o] = at[o];
        o++;
    }
    t->pin_seen[o] = '\0';
    return 0;
}

/* libcurl's own sockets are inherited by programs that are started later. */
static curl_socket_t
on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)arg, (void)purpose;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    return fd < 0 ? CURL_SOCKET_BAD : fd;
}

/* ---- how we ask ------------------------------------------------------------------------------ */

#define SET(option, value)                                                                         \
    do {                                                                                           \
        if (r == CURLE_OK)                                                                         \
            r = curl_easy_setopt(t->easy, (option), (value));                                      \
    } while (0)

static CURLcode
set_trust(struct transfer *t)
{
    CURLcode r = CURLE_OK;
    /* libcurl was built with the system's list of authorities as a default: take both forms
     * away. */
    SET(CURLOPT_CAPATH, NULL);
    SET(CURLOPT_CAINFO, NULL);
    if (t->trust->ca) {
        struct curl_blob blob = {.flags = CURL_BLOB_COPY};
        blob.data = (void *)(uintptr_t)t->trust->ca;
        blob.len = t->trust->n_ca;
        SET(CURLOPT_CAINFO_BLOB, &blob);
    }
    /*
     * A pinned key is verified by libcurl whatever these two say; it replaces the host name check,
     * and without a CA file also the chain, since a self-signed certificate has none.
     */
    SET(CURLOPT_SSL_VERIFYPEER, t->trust->ca ? 1L : 0L);
    SET(CURLOPT_SSL_VERIFYHOST, t->trust->pin && !t->trust->named ? 0L : 2L);
    SET(CURLOPT_PINNEDPUBLICKEY, t->trust->pin);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_CERTINFO, 1L);
    /* A cipher without a certificate would have no key to compare, and libcurl would then say
     * yes. */
    SET(CURLOPT_SSL_CIPHER_LIST, "HIGH:!aNULL:!eNULL:!PSK:!SRP:!3DES:!MD5");
    return r;
}

static CURLcode
set_limits(struct transfer *t)
{
    CURLcode r = CURLE_OK;
    uint64_t now = dr_now_ns(t->env);
    uint64_t left_ms = t->deadline_ns > now ? (t->deadline_ns - now) / DR_MS + 1 : 1;
    if (left_ms > INT32_MAX)
        left_ms = INT32_MAX;
    SET(CURLOPT_TIMEOUT_MS, (long)left_ms);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)(t->connect_ms < left_ms ? t->connect_ms : left_ms));
    SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)body_limit(t));
    SET(CURLOPT_NOSIGNAL, 1L);
    /* A name server that is gone with the lost site must not hold us beyond the deadline. */
    SET(CURLOPT_QUICK_EXIT, 1L);
    SET(CURLOPT_TCP_NODELAY, 1L);
    /* A mutating call may be silent for minutes: firewalls in between forget silent connections. */
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_TCP_KEEPIDLE, 30L);
    SET(CURLOPT_TCP_KEEPINTVL, 10L);
    return r;
}

static CURLcode
set_protocol(struct transfer *t)
{
    CURLcode r = CURLE_OK;
    SET(CURLOPT_PROTOCOLS_STR, "https");
    SET(CURLOPT_REDIR_PROTOCOLS_STR, "https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_HTTP09_ALLOWED, 0L);
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_ACCEPT_ENCODING, NULL);
    SET(CURLOPT_HTTP_CONTENT_DECODING, 0L);
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_USERAGENT, "drstor");
    return r;
}

static CURLcode
set_request(struct transfer *t)
{
    CURLcode r = CURLE_OK;
    const struct dr_http_request *q = t->request;
    SET(CURLOPT_URL, t->url);
    if (strcmp(q->method, "HEAD") == 0) {
        SET(CURLOPT_NOBODY, 1L);
    } else if (q->body || (strcmp(q->method, "GET") != 0 && strcmp(q->method, "DELETE") != 0)) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDS, q->body ? q->body : "");
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(q->body ? q->n_body : 0));
        SET(CURLOPT_CUSTOMREQUEST, q->method);
    } else {
        SET(CURLOPT_HTTPGET, 1L);
        SET(CURLOPT_CUSTOMREQUEST, q->method);
    }
    SET(CURLOPT_HTTPHEADER, t->headers);
    SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
    SET(CURLOPT_USERPWD, t->user_password);
    SET(CURLOPT_FRESH_CONNECT, q->mutating && !t->reuse ? 1L : 0L);
    return r;
}

static CURLcode
set_callbacks(struct transfer *t)
{
    CURLcode r = CURLE_OK;
    SET(CURLOPT_ERRORBUFFER, t->text);
    SET(CURLOPT_PREREQFUNCTION, on_connected);
    SET(CURLOPT_PREREQDATA, t);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, t);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, t);
    SET(CURLOPT_OPENSOCKETFUNCTION, on_socket);
    SET(CURLOPT_DEBUGFUNCTION, on_comment);
    SET(CURLOPT_DEBUGDATA, t);
    SET(CURLOPT_VERBOSE, t->trust->pin ? 1L : 0L);
    return r;
}

/* ---- the wait -------------------------------------------------------------------------------- */

/* Only a reply that has begun can stall: a mutating call may rightly be silent up to its
 * deadline. */
static bool
stalled(struct transfer *t, uint64_t now)
{
    size_t bytes = t->header_bytes + t->body.n;
    if (!t->begun)
        return false;
    if (t->stall_from_ns == 0 || now - t->stall_from_ns >= t->stall_ms * DR_MS) {
        bool slow = t->stall_from_ns != 0 &&
                    (bytes - t->stall_bytes) * 1000 < STALL_BYTES_PER_S * t->stall_ms;
        t->stall_from_ns = now;
        t->stall_bytes = bytes;
        return slow;
    }
    return false;
}

enum transfer_why
transfer_give_up(struct transfer *t, uint64_t now)
{
    if (atomic_load(&t->contact_call->forbidden))
        return TRANSFER_WHY_FORBIDDEN;
    if (dr_cancelled(t->request->cancel))
        return TRANSFER_WHY_CANCELLED;
    if (now >= t->deadline_ns)
        return TRANSFER_WHY_DEADLINE;
    if (stalled(t, now))
        return TRANSFER_WHY_STALLED;
    return TRANSFER_WHY_NONE;
}

static bool
finished(struct transfer *t)
{
    int left;
    for (CURLMsg *m; (m = curl_multi_info_read(t->multi, &left));)
        if (m->msg == CURLMSG_DONE) {
            t->result = m->data.result;
            return true;
        }
    return false;
}

static void
drive(struct transfer *t)
{
    for (;;) {
        int running;
        if (curl_multi_perform(t->multi, &running) != CURLM_OK) {
            t->result = CURLE_FAILED_INIT;
            return;
        }
        if (finished(t)) /* an answer that is here counts, whatever else has happened meanwhile */
            return;
        uint64_t now = dr_now_ns(t->env);
        t->why = transfer_give_up(t, now);
        if (t->why != TRANSFER_WHY_NONE) {
            t->result = CURLE_ABORTED_BY_CALLBACK;
            return;
        }
        uint64_t left_ms = (t->deadline_ns - now) / DR_MS + 1;
        (void)curl_multi_poll(t->multi, NULL, 0, left_ms < SLICE_MS ? (int)left_ms : SLICE_MS,
                              NULL);
    }
}

/*
 * NOSIGNAL also means that libcurl does not keep SIGPIPE from an application that never asked for
 * it. So we do, for this thread only: a pending one of ours is taken away before the mask goes
 * back.
 */
static bool
sigpipe_block(sigset_t *pipe, sigset_t *before)
{
    sigset_t pending;
    (void)sigemptyset(pipe);
    (void)sigaddset(pipe, SIGPIPE);
    (void)sigpending(&pending);
    (void)pthread_sigmask(SIG_BLOCK, pipe, before);
    return sigismember(&pending, SIGPIPE) == 1;
}

static void
sigpipe_restore(const sigset_t *pipe, const sigset_t *before, bool was_pending)
{
    static const struct timespec at_once = {0, 0};
    if (!was_pending)
        (void)sigtimedwait(pipe, NULL, &at_once);
    (void)pthread_sigmask(SIG_SETMASK, before, NULL);
}

/*
 * libcurl takes a connection that was cut for one that was closed in order, and then calls a status
 * line alone a whole reply. Somebody on the path who cuts at the right place must not turn an
 * answer into another one: what ends with the connection, instead of by a length or a last chunk,
 * has no end we could trust.
 */
static void
check_end(struct transfer *t)
{
    bool no_body = t->reply.code == 204 || strcmp(t->request->method, "HEAD") == 0 ||
                   (t->reply.code >= 300 && t->reply.code < 400);
    if (t->result == CURLE_OPERATION_TIMEDOUT && t->sent)
        t->why = TRANSFER_WHY_DEADLINE;
    if (t->result != CURLE_OK || t->why != TRANSFER_WHY_NONE)
        return;
    t->why = TRANSFER_WHY_HEADER;
    if (!t->headers_whole)
        t->bad = "headers that were cut short";
    else if (!t->end_known && !no_body)
        t->bad =
            "neither a length nor chunks, so that its end cannot be told from a lost connection";
    else
        t->why = TRANSFER_WHY_NONE;
}

/* Only a new connection shows certificates; on a kept one nothing is learned. */
static int64_t
first_end(CURL *easy)
{
    static const char what[] = "Expire date:";
    struct curl_certinfo *all = NULL;
    int64_t first = -1;
    if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &all) != CURLE_OK || !all)
        return -1;
    for (int i = 0; i < all->num_of_certs; i++)
        for (const struct curl_slist *line = all->certinfo[i]; line; line = line->next) {
            if (strncmp(line->data, what, sizeof(what) - 1) != 0)
                continue;
            int64_t end = (int64_t)curl_getdate(line->data + sizeof(what) - 1, NULL);
            if (end >= 0 && (first < 0 || end < first))
                first = end;
        }
    return first;
}

/*
 * A handle of its own for every transfer: what it holds of the request, the password included, is
 * freed with it, and nothing of one call shows in the next. Connections live in the multi handle,
 * TLS sessions and cookies in the share.
 */
static CURLcode
begin(struct transfer *t)
{
    t->easy = curl_easy_init();
    if (!t->easy)
        return CURLE_OUT_OF_MEMORY;
    CURLcode r = CURLE_OK;
    if (t->share)
        SET(CURLOPT_SHARE, t->share);
    if (t->cookies)
        SET(CURLOPT_COOKIEFILE, ""); /* in memory: nothing is read, nothing is written */
    return r;
}

void
transfer_run(struct transfer *t)
{
    reply_reset(t);
    CURLcode r = begin(t);
    if (r == CURLE_OK)
        r = set_trust(t);
    if (r == CURLE_OK)
        r = set_limits(t);
    if (r == CURLE_OK)
        r = set_protocol(t);
    if (r == CURLE_OK)
        r = set_request(t);
    if (r == CURLE_OK)
        r = set_callbacks(t);
    t->result = r;
    if (r != CURLE_OK) {
        curl_easy_cleanup(dr_steal(t->easy));
        return;
    }

    sigset_t pipe, before;
    bool was_pending = sigpipe_block(&pipe, &before);
    if (curl_multi_add_handle(t->multi, t->easy) == CURLM_OK)
        drive(t);
    else
        t->result = CURLE_FAILED_INIT;
    /* Also ends what is still under way: after this nothing more is sent. */
    (void)curl_multi_remove_handle(t->multi, t->easy);
    sigpipe_restore(&pipe, &before, was_pending);

    long code = 0;
    if (t->result == CURLE_OK &&
        curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &code) != CURLE_OK)
        t->result = CURLE_FAILED_INIT;
    t->reply.code = (int)code;
    t->trusted_until = first_end(t->easy);
    check_end(t);
    t->reply.n_body = t->body.n;
    t->reply.body = dr_str_take(&t->body);
    curl_easy_cleanup(dr_steal(t->easy));
}

void
transfer_clear(struct transfer *t)
{
    dr_http_reply_clear(&t->reply);
    dr_str_freep(&t->body);
}
