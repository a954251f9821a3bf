#include "endpoint.h"
#include "net/transfer.h"
#include "net/trust.h"
#include "net/uuid.h"

static void
only_https_with_a_way_to_verify_is_opened(void **state)
{
    (void)state;
    char ca[80], key[80];
    (void)snprintf(ca, sizeof(ca), "%s/ca.pem", endpoint_dir);
    (void)snprintf(key, sizeof(key), "%s/ca.key", endpoint_dir);
    const struct {
        const char *url, *ca, *pin, *says;
        int status;
    } cases[] = {
        {"http://engine/api", ca, NULL, "only https", DRSTOR_E_INVALID},
        {"ftp://engine/api", ca, NULL, "only https", DRSTOR_E_INVALID},
        {"engine/api", ca, NULL, "url", DRSTOR_E_INVALID},
        {"", ca, NULL, "url", DRSTOR_E_INVALID},
        {"https:/engine", ca, NULL, "url", DRSTOR_E_INVALID},
        {"https:///api", ca, NULL, "url", DRSTOR_E_INVALID},
        {"https://me:secret@engine/api", ca, NULL, "settings of their own", DRSTOR_E_INVALID},
        {"https://engine/api?x=y", ca, NULL, "more than", DRSTOR_E_INVALID},
        {"https://engine/api", NULL, NULL, "neither a CA file nor", DRSTOR_E_INVALID},
        {"https://engine/api", "/nowhere/ca.pem", NULL, "CA file", DRSTOR_E_NOTFOUND},
        {"https://engine/api", key, NULL, "no certificate", DRSTOR_E_INVALID},
        {"https://engine/api", ca, "sha256//short", "44 characters", DRSTOR_E_INVALID},
        {"https://engine/api", NULL, "/etc/hostname", "44 characters", DRSTOR_E_INVALID},
    };
    for (size_t i = 0; i < DR_COUNT(cases); i++) {
        struct dr_http *h = NULL;
        struct drstor_error *err = NULL;
        const char *urls[] = {cases[i].url};
        struct dr_http_options o = {.name = "engine milan", .urls = urls, .n_urls = 1};
        o.ca_file = cases[i].ca;
        o.pin = cases[i].pin;
        int r = dr_http_open(dr_env_real(), &o, &h, &err);
        if (r != cases[i].status)
            print_message("url %s\n", cases[i].url);
        assert_int_equal(r, cases[i].status);
        assert_null(h);
        if (!strstr(dr_error_message(err), cases[i].says))
            fail_msg("\"%s\" does not say \"%s\"", dr_error_message(err), cases[i].says);
        assert_null(strstr(dr_error_message(err), "secret"));
        dr_error_free(err);
    }
}

static void
requests_that_make_no_sense_are_not_sent(void **state)
{
    (void)state;
    static const struct peer_step serve[] = SERVE;
    static const struct drstor_http_header splits[] = {{"X-A", "b\r\nX-C: d"}};
    static const struct drstor_http_header no_name[] = {{"X A", "b"}};
    static const struct drstor_http_header ours[] = {{"host", "elsewhere"}};
    static const struct dr_http_request bad[] = {
        {.method = "get", .path = "/"},
        {.method = "CONNECT", .path = "/"},
        {.method = NULL, .path = "/"},
        {.method = "GET", .path = NULL},
        {.method = "GET", .path = "vms"},
        {.method = "GET", .path = "@elsewhere.example/"},
        {.method = "GET", .path = "/a b"},
        {.method = "GET", .path = "/a\r\nX: y"},
        {.method = "GET", .path = "/a/../b"},
        {.method = "GET", .path = "/a/.."},
        {.method = "GET", .path = "/a#b"},
        {.method = "GET", .path = "/", .headers = splits, .n_headers = 1},
        {.method = "GET", .path = "/", .headers = no_name, .n_headers = 1},
        {.method = "GET", .path = "/", .headers = ours, .n_headers = 1},
        {.method = "GET", .path = "/", .correlation_id = "a\r\nb"},
        {.method = "GET", .path = "/", .correlation_id = ""},
    };
    struct peer *p = endpoint_peer(serve, NULL);
    struct dr_http *h = endpoint_open((struct dr_http_options){0}, peer_port(p));
    for (size_t i = 0; i < DR_COUNT(bad); i++)
        assert_int_equal(call_status((struct call){.h = h, .q = bad[i]}), DRSTOR_E_INVALID);
    assert_int_equal(peer_connections(p), 0);
    dr_http_close(h);
    peer_stop(p);
}

static void
a_request_says_what_it_should_and_no_more(void **state)
{
    (void)state;
    static const struct peer_step script[] = {
        READ,
        EXPECT("POST /api/vms HTTP/1.1\r\n"),
        EXPECT("\r\nAccept: application/json\r\n"),
        EXPECT("\r\nContent-Type: application/json\r\n"),
        EXPECT("\r\nContent-Length: 2000\r\n"),
        EXPECT("\r\nCorrelation-Id: run-1\r\n"),
        SEND(OK_REPLY),
        READ,
        EXPECT("GET /ovirt-engine/api/vms?search=a%3Db HTTP/1.1\r\n"),
        EXPECT("\r\nAccept: application/xml\r\n"),
        EXPECT("\r\nX-Empty:\r\n"),
        SEND(OK_REPLY),
        READ,
        EXPECT("DELETE /api/vms/1 HTTP/1.1\r\n"),
        EXPECT("\r\n\r\n{\"async\":true}"),
        SEND(OK_REPLY),
        READ,
        EXPECT("HEAD /api/ HTTP/1.1\r\n"),
        SEND("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
        END,
    };
    static const struct drstor_http_header headers[] = {{"Accept", "application/xml"},
                                                        {"X-Empty", ""}};
    char body[2001];
    memset(body, ' ', 2000);
    body[2000] = '\0';
    struct peer *p = endpoint_peer(script, NULL);
    struct dr_http *h = endpoint_open((struct dr_http_options){0}, peer_port(p));
    struct dr_http_request q = {
        .method = "POST", .path = "/vms", .body = body, .n_body = 2000, .correlation_id = "run-1"};
    assert_int_equal(call_status((struct call){.h = h, .q = q}), DRSTOR_OK);
    q = (struct dr_http_request){.method = "GET",
                                 .path = "/ovirt-engine/api/vms?search=a%3Db",
                                 .from_root = true,
                                 .headers = headers,
                                 .n_headers = 2};
    assert_int_equal(call_status((struct call){.h = h, .q = q}), DRSTOR_OK);
    q = (struct dr_http_request){
        .method = "DELETE", .path = "/vms/1", .body = "{\"async\":true}", .n_body = 14};
    assert_int_equal(call_status((struct call){.h = h, .q = q}), DRSTOR_OK);
    q = (struct dr_http_request){.method = "HEAD", .path = "/"};
    assert_int_equal(call_status((struct call){.h = h, .q = q}), DRSTOR_OK);
    assert_int_equal(peer_wrong(p), 0);
    assert_int_equal(peer_connections(p), 1);
    assert_int_equal(peer_unwanted(p), 0); /* Expect, Accept-Encoding, Cookie, Authorization */
    dr_http_close(h);
    peer_stop(p);
}

static void
reads_share_a_connection_and_a_mutation_gets_a_new_one(void **state)
{
    (void)state;
    static const struct peer_step serve[] = SERVE;
    struct peer *p = endpoint_peer(serve, NULL);
    struct dr_http *h = endpoint_open((struct dr_http_options){0}, peer_port(p));
    for (int i = 0; i < 3; i++)
        assert_int_equal(call_status(call_get(h)), DRSTOR_OK);
    assert_int_equal(peer_connections(p), 1);
    assert_int_equal(call_status(call_post(h)), DRSTOR_OK);
    assert_int_equal(peer_connections(p), 2);
    assert_int_equal(peer_resumed(p), 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(call_status(call_get(h)), DRSTOR_OK);
    assert_int_equal(peer_connections(p), 2);
    dr_http_close(h);
    peer_stop(p);
}

static void
a_lost_reply_after_kept_connections_is_unknown_and_one_delivery(void **state)
{
    (void)state;
    static const struct peer_step serve[] = SERVE;
    static const struct peer_step lose[] = {READ, CUT, END};
    struct peer *p = endpoint_peer(serve, lose);
    struct dr_http *h = endpoint_open((struct dr_http_options){0}, peer_port(p));
    assert_int_equal(call_status(call_get(h)), DRSTOR_OK);
    assert_int_equal(call_status(call_post(h)), DRSTOR_E_UNKNOWN);
    assert_int_equal(peer_mutations(p), 1);
    dr_http_close(h);
    peer_stop(p);
}

static void
an_idle_connection_that_was_closed_costs_no_mutation(void **state)
{
    (void)state;
    static const struct peer_step once[] = {READ, SEND(OK_REPLY), END};
    struct peer *p = endpoint_peer(once, NULL);
    struct dr_http *h = endpoint_open((struct dr_http_options){0}, peer_port(p));
    for (int i = 1; i <= 5; i++) {
        assert_int_equal(call_status(call_get(h)), DRSTOR_OK);
        assert_int_equal(call_status(call_post(h)), DRSTOR_OK);
        assert_int_equal(peer_mutations(p), i);
    }
    dr_http_close(h);
    peer_stop(p);
}

/*
 * libcurl resends by itself when a kept connection dies under a request. Here a mutating request is
 * put on such a connection on purpose: the gate lets it out once.
 */
static int
transfer_on_kept_connection(struct peer *p, bool mutating)
{
    char url[64], ca_file[80];
    (void)snprintf(url, sizeof(url), "https://127.0.0.1:%d/", peer_port(p));
    (void)snprintf(ca_file, sizeof(ca_file), "%s/ca.pem", endpoint_dir);
    FILE *f = fopen(ca_file, "re");
    assert_non_null(f);
    char ca[8192];
    size_t n_ca = fread(ca, 1, sizeof(ca), f);
    (void)fclose(f);
    const struct transfer_trust trust = {.ca = ca, .n_ca = n_ca};
    CURLM *multi = curl_multi_init();
    struct dr_contact_call contact = {0};
    int r = DRSTOR_OK;
    for (int i = 0; i < 2; i++) {
        struct dr_http_request q = {.method = i && mutating ? "POST" : "GET", .path = "/"};
        q.mutating = i && mutating;
        struct transfer t = {.env = dr_env_real(),
                             .multi = multi,
                             .name = "engine",
                             .url = url,
                             .trust = &trust,
                             .request = &q,
                             .reuse = true,
                             .deadline_ns = dr_now_ns(dr_env_real()) + 120 * DR_S,
                             .connect_ms = 120000,
                             .stall_ms = 120000,
                             .contact_call = &contact};
        transfer_run(&t);
        r = transfer_status(&t, NULL);
        if (mutating && i == 1)
            assert_int_equal(t.why, TRANSFER_WHY_RESEND);
        transfer_clear(&t);
    }
    (void)curl_multi_cleanup(multi);
    return r;
}

static void
the_gate_lets_a_mutation_out_once(void **state)
{
    (void)state;
    static const struct peer_step dies[] = {READ, SEND(OK_REPLY), READ, CUT, END};
    static const struct peer_step serve[] = SERVE;
    struct peer *p = endpoint_peer(dies, serve);
    assert_int_equal(transfer_on_kept_connection(p, false), DRSTOR_OK); /* libcurl does resend */
    assert_int_equal(peer_requests(p), 3);
    peer_stop(p);

    p = endpoint_peer(dies, serve);
    assert_int_equal(transfer_on_kept_connection(p, true), DRSTOR_E_UNKNOWN);
    assert_int_equal(peer_mutations(p), 1);
    peer_stop(p);
}

static void
bytes_after_a_reply_are_not_the_next_reply(void **state)
{
    (void)state;
    static const struct peer_step poison[] = {
        READ, SEND(OK_REPLY "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"), READ,
        SEND("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"), END};
    static const struct peer_step serve[] = SERVE;
    struct peer *p = endpoint_peer(poison, serve);
    struct dr_http *h = endpoint_open((struct dr_http_options){0}, peer_port(p));
    assert_int_equal(call_status(call_get(h)), DRSTOR_OK);
    struct call c = call_get(h);
    (void)call_main(&c);
    assert_int_equal(c.status, DRSTOR_OK);
    assert_string_equal(c.reply.body, "{}");
    call_clear(&c);
    dr_http_close(h);
    peer_stop(p);
}

static void
a_cancel_ends_a_wait(void **state)
{
    (void)state;
    static const struct peer_step hold[] = {READ, HOLD, END};
    struct peer *p = endpoint_peer(hold, NULL);
    struct dr_http *h = endpoint_open((struct dr_http_options){0}, peer_port(p));
    struct dr_cancel read_cancel = {false}, post_cancel = {false};
    struct call read = call_get(h), post = call_post(h);
    read.q.cancel = &read_cancel;
    post.q.cancel = &post_cancel;
    call_start(&read);
    call_start(&post);
    assert_true(peer_wait_requests(p, 2));
    dr_cancel_now(dr_env_real(), &read_cancel);
    dr_cancel_now(dr_env_real(), &post_cancel);
    assert_int_equal(call_wait(&read), DRSTOR_E_CANCELLED);
    assert_int_equal(call_wait(&post), DRSTOR_E_UNKNOWN);
    assert_non_null(strstr(dr_error_message(post.err), "it was cancelled"));
    call_clear(&read);
    call_clear(&post);

    post = call_post(h);
    post.q.cancel = &post_cancel; /* set before it begins */
    assert_int_equal(call_status(post), DRSTOR_E_CANCELLED);
    assert_int_equal(peer_mutations(p), 1);
    dr_http_close(h);
    peer_stop(p);
}

static void
a_cancel_before_anything_was_sent_is_cancelled(void **state)
{
    (void)state;
    int port;
    struct black_hole *b = black_hole_open(&port);
    struct dr_http *h = endpoint_open((struct dr_http_options){.connect_ms = 120000}, port);
    struct dr_cancel cancel = {false};
    struct call post = call_post(h);
    post.q.cancel = &cancel;
    call_start(&post);
    dr_cancel_now(dr_env_real(), &cancel);
    assert_int_equal(call_wait(&post), DRSTOR_E_CANCELLED);
    call_clear(&post);
    dr_http_close(h);
    black_hole_close(b);
}

static void
a_deadline_that_is_over_sends_nothing(void **state)
{
    (void)state;
    static const struct peer_step serve[] = SERVE;
    struct peer *p = endpoint_peer(serve, NULL);
    struct dr_http *h = endpoint_open((struct dr_http_options){0}, peer_port(p));
    assert_int_equal(call_status(call_get(h)), DRSTOR_OK);
    struct call get = call_get(h), post = call_post(h);
    get.q.deadline_ns = post.q.deadline_ns = 1;
    assert_int_equal(call_status(get), DRSTOR_E_UNREACHABLE);
    assert_int_equal(call_status(post), DRSTOR_E_UNREACHABLE);
    assert_int_equal(peer_requests(p), 1);
    dr_http_close(h);
    peer_stop(p);
}

static void
calls_beyond_the_limit_wait_and_then_are_busy(void **state)
{
    (void)state;
    static const struct peer_step slow[] = {READ, WAIT, SEND(OK_REPLY), AGAIN};
    struct peer *p = endpoint_peer(slow, NULL);
    struct dr_http *h = endpoint_open((struct dr_http_options){.parallel = 2}, peer_port(p));
    struct call one = call_get(h), two = call_get(h), waits = call_get(h), late = call_post(h);
    call_start(&one);
    call_start(&two);
    assert_true(peer_wait_requests(p, 2));
    late.q.deadline_ns = dr_now_ns(dr_env_real()) + 100 * DR_MS;
    assert_int_equal(call_status(late), DRSTOR_E_BUSY);
    call_start(&waits);
    for (int i = 0; i < 3; i++)
        peer_go(p);
    assert_int_equal(call_wait(&one), DRSTOR_OK);
    assert_int_equal(call_wait(&two), DRSTOR_OK);
    assert_int_equal(call_wait(&waits), DRSTOR_OK);
    assert_int_equal(peer_connections(p), 2);
    assert_int_equal(peer_mutations(p), 0);
    call_clear(&one);
    call_clear(&two);
    call_clear(&waits);
    dr_http_close(h);
    peer_stop(p);
}

static void
many_threads_share_one_endpoint(void **state)
{
    (void)state;
    static const struct peer_step serve[] = SERVE;
    enum { THREADS = 8 };
    struct peer *p = endpoint_peer(serve, NULL);
    struct dr_http *h = endpoint_open((struct dr_http_options){.parallel = 4}, peer_port(p));
    struct call calls[THREADS];
    for (int round = 0; round < 5; round++) {
        for (size_t i = 0; i < THREADS; i++) {
            calls[i] = i % 2 ? call_post(h) : call_get(h);
            call_start(&calls[i]);
        }
        assert_int_equal(dr_http_bearer(h, round % 2 ? "token-one" : "token-two", NULL), DRSTOR_OK);
        for (size_t i = 0; i < THREADS; i++) {
            assert_int_equal(call_wait(&calls[i]), DRSTOR_OK);
            call_clear(&calls[i]);
        }
    }
    assert_int_equal(peer_requests(p), 5 * THREADS);
    dr_http_close(h);
    peer_stop(p);
}

/* Two addresses of one endpoint; A as scripted, B well-behaved. */
static int
over_two_addresses(struct peer *a, struct peer *b, int calls, struct call (*make)(struct dr_http *))
{
    char first[64], second[64];
    (void)snprintf(first, sizeof(first), "https://127.0.0.1:%d", a ? peer_port(a) : port_unused());
    (void)snprintf(second, sizeof(second), "https://127.0.0.1:%d", peer_port(b));
    const char *urls[] = {first, second};
    struct dr_http *h = endpoint_open((struct dr_http_options){.urls = urls, .n_urls = 2}, 0);
    int r = DRSTOR_OK;
    for (int i = 0; i < calls && r == DRSTOR_OK; i++)
        r = call_status(make(h));
    dr_http_close(h);
    return r;
}

static void
the_next_address_is_tried_only_when_nothing_was_sent(void **state)
{
    (void)state;
    static const struct peer_step serve[] = SERVE;
    static const struct peer_step lose[] = {READ, CUT, END};
    static const struct peer_step hangs_up[] = {CUT, END};
    const struct peer_step *const plain[] = {hangs_up};
    struct peer *b = endpoint_peer(serve, NULL);
    assert_int_equal(over_two_addresses(NULL, b, 1, call_post), DRSTOR_OK);
    assert_int_equal(peer_mutations(b), 1);

    /* The one that answered comes first from then on. */
    struct peer *a = peer_start(&(struct peer_options){.scripts = plain, .n_scripts = 1});
    assert_int_equal(over_two_addresses(a, b, 3, call_post), DRSTOR_OK);
    assert_int_equal(peer_connections(a), 1);
    assert_int_equal(peer_mutations(b), 4);
    peer_stop(a);

    int before = peer_connections(b);
    a = endpoint_peer(lose, NULL);
    assert_int_equal(over_two_addresses(a, b, 1, call_post), DRSTOR_E_UNKNOWN);
    assert_int_equal(over_two_addresses(a, b, 1, call_get), DRSTOR_E_UNREACHABLE);
    assert_int_equal(peer_connections(b), before);
    peer_stop(a);
    peer_stop(b);
}

static void
a_wrong_certificate_ends_the_search(void **state)
{
    (void)state;
    static const struct peer_step serve[] = SERVE;
    const struct peer_step *const scripts[] = {serve};
    assert_true(peer_certificate(endpoint_dir, "elsewhere", "DNS:elsewhere.example", NULL));
    struct peer *a = peer_start(&(struct peer_options){
        .dir = endpoint_dir, .name = "elsewhere", .scripts = scripts, .n_scripts = 1});
    struct peer *b = endpoint_peer(serve, NULL);
    assert_int_equal(over_two_addresses(a, b, 1, call_get), DRSTOR_E_AUTH);
    assert_int_equal(peer_connections(b), 0);
    peer_stop(a);
    peer_stop(b);
}

static void
a_silent_address_leaves_time_for_the_next(void **state)
{
    (void)state;
    static const struct peer_step serve[] = SERVE;
    int port;
    struct black_hole *hole = black_hole_open(&port);
    struct peer *b = endpoint_peer(serve, NULL);
    char first[64], second[64];
    (void)snprintf(first, sizeof(first), "https://127.0.0.1:%d", port);
    (void)snprintf(second, sizeof(second), "https://127.0.0.1:%d", peer_port(b));
    const char *urls[] = {first, second};
    /* 300 ms for the silent one whatever the deadline; without them a test would take a minute. */
    struct dr_http *h =
        endpoint_open((struct dr_http_options){.urls = urls, .n_urls = 2, .connect_ms = 300}, 0);
    struct call post = call_post(h);
    post.q.deadline_ns = dr_now_ns(dr_env_real()) + 120 * DR_S;
    assert_int_equal(call_status(post), DRSTOR_OK);
    dr_http_close(h);
    peer_stop(b);
    black_hole_close(hole);
}

static void
inventories_may_be_large(void **state)
{
    (void)state;
    static const char line[] = "                                                               \n";
    static const struct peer_step large[] = {
        READ,
        SEND("HTTP/1.1 200 OK\r\nContent-Length: 3145730\r\n\r\n"),
        {PEER_REPEAT, line, 49152},
        SEND("{}"),
        AGAIN};
    struct peer *p = endpoint_peer(large, NULL);
    struct dr_http *h = endpoint_open((struct dr_http_options){0}, peer_port(p));
    struct call c = call_get(h);
    assert_int_equal(call_status(c), DRSTOR_E_PROTOCOL);
    c.q.class = DR_HTTP_INVENTORY;
    (void)call_main(&c);
    assert_int_equal(c.status, DRSTOR_OK);
    assert_int_equal(c.reply.n_body, 3145730);
    struct json_object *o = NULL;
    assert_int_equal(dr_http_reply_json(h, &c.reply, &o, NULL), DRSTOR_OK);
    dr_json_putp(&o);
    call_clear(&c);
    dr_http_close(h);
    peer_stop(p);
}

static void
the_environment_changes_nothing(void **state)
{
    (void)state;
    static const struct peer_step serve[] = SERVE;
    char other[80], ca[100];
    (void)snprintf(other, sizeof(other), "%s-other", endpoint_dir);
    (void)snprintf(ca, sizeof(ca), "%s/ca.pem", other);
    assert_true(peer_certificate(other, "good", "IP:127.0.0.1", NULL));
    (void)setenv("https_proxy", "http://127.0.0.1:1/", 1);
    (void)setenv("ALL_PROXY", "http://127.0.0.1:1/", 1);
    (void)setenv("SSL_CERT_FILE", ca, 1);
    (void)setenv("CURL_CA_BUNDLE", ca, 1);
    struct peer *p = endpoint_peer(serve, NULL);
    struct dr_http *h = endpoint_open((struct dr_http_options){0}, peer_port(p));
    assert_int_equal(call_status(call_get(h)), DRSTOR_OK);
    dr_http_close(h);
    peer_stop(p);

    const struct peer_step *const scripts[] = {serve};
    p = peer_start(
        &(struct peer_options){.dir = other, .name = "good", .scripts = scripts, .n_scripts = 1});
    h = endpoint_open((struct dr_http_options){0}, peer_port(p));
    assert_int_equal(call_status(call_get(h)), DRSTOR_E_AUTH);
    dr_http_close(h);
    peer_stop(p);
    peer_dir_remove(other);
    (void)unsetenv("https_proxy");
    (void)unsetenv("ALL_PROXY");
    (void)unsetenv("SSL_CERT_FILE");
    (void)unsetenv("CURL_CA_BUNDLE");
}

static void
the_shown_key_is_the_endpoints_and_nothing_is_sent(void **state)
{
    (void)state;
    static const struct peer_step serve[] = SERVE;
    char pin[64], url[64], dead[64], ca[80], none[64];
    struct peer *p = endpoint_peer(serve, NULL);
    assert_true(peer_pin(endpoint_dir, "good", pin));
    (void)snprintf(none, sizeof(none), "sha256//%043d=", 0);
    (void)snprintf(dead, sizeof(dead), "https://127.0.0.1:%d", port_unused());
    (void)snprintf(url, sizeof(url), "https://127.0.0.1:%d/api", peer_port(p));
    (void)snprintf(ca, sizeof(ca), "%s/ca.pem", endpoint_dir);
    const char *urls[] = {dead, url};
    const struct {
        const char *ca, *pin;
        enum dr_trust trust;
    } cases[] = {
        {NULL, NULL, DR_TRUST_UNKNOWN}, {NULL, pin, DR_TRUST_KNOWN}, {NULL, none, DR_TRUST_OTHER},
        {ca, NULL, DR_TRUST_KNOWN},     {ca, pin, DR_TRUST_KNOWN},   {ca, none, DR_TRUST_OTHER},
    };
    for (size_t i = 0; i < DR_COUNT(cases); i++) {
        dr_auto(dr_trust_shown_clear) struct dr_trust_shown x = {0};
        const struct dr_http_options o = {.name = "array a",
                                          .urls = urls,
                                          .n_urls = 2,
                                          .ca_file = cases[i].ca,
                                          .pin = cases[i].pin};
        assert_int_equal(dr_trust_look(dr_env_real(), &o, NULL, &x, NULL), DRSTOR_OK);
        assert_int_equal(x.trust, cases[i].trust);
        assert_string_equal(x.pin, pin);
        assert_null(x.why);
    }
    assert_int_equal(peer_requests(p), 0);
    struct dr_trust_shown x = {0};
    const struct dr_http_options o = {.name = "array a", .urls = urls, .n_urls = 1};
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    assert_int_equal(dr_trust_look(dr_env_real(), &o, NULL, &x, &err), DRSTOR_E_UNREACHABLE);
    assert_non_null(strstr(dr_error_message(err), dead));
    struct dr_cancel cancel = {0};
    dr_cancel_now(dr_env_real(), &cancel);
    assert_int_equal(dr_trust_look(dr_env_real(), &o, &cancel, &x, NULL), DRSTOR_E_CANCELLED);
    peer_stop(p);
}

/* The CA file did not sign it, or it is another host's: what is shown is told, and the reason. */
static void
a_certificate_that_no_call_would_take_is_shown_as_that(void **state)
{
    (void)state;
    static const struct peer_step serve[] = SERVE;
    static const struct peer_step *const scripts[] = {serve};
    char other[64], ca[80];
    assert_true(peer_dir_make(other));
    const char *const dirs[] = {endpoint_dir, other};
    static const char *const hosts[] = {"DNS:elsewhere.example", "IP:127.0.0.1"};
    (void)snprintf(ca, sizeof(ca), "%s/ca.pem", endpoint_dir);
    for (size_t i = 0; i < DR_COUNT(dirs); i++) {
        char pin[64], url[64];
        assert_true(peer_certificate(dirs[i], "wrong", hosts[i], NULL));
        assert_true(peer_pin(dirs[i], "wrong", pin));
        const struct peer_options how = {
            .dir = dirs[i], .name = "wrong", .scripts = scripts, .n_scripts = 1};
        struct peer *p = peer_start(&how);
        (void)snprintf(url, sizeof(url), "https://127.0.0.1:%d", peer_port(p));
        const char *urls[] = {url};
        const struct dr_http_options o = {
            .name = "array a", .urls = urls, .n_urls = 1, .ca_file = ca};
        dr_auto(dr_trust_shown_clear) struct dr_trust_shown x = {0};
        assert_int_equal(dr_trust_look(dr_env_real(), &o, NULL, &x, NULL), DRSTOR_OK);
        assert_int_equal(x.trust, DR_TRUST_REJECTED);
        assert_string_equal(x.pin, pin);
        assert_non_null(strstr(dr_error_message(x.why), "is not accepted"));
        assert_int_equal(peer_requests(p), 0);
        peer_stop(p);
    }
    peer_dir_remove(other);
}

static void
a_uuid_is_random_and_looks_like_one(void **state)
{
    (void)state;
    char a[37], b[37];
    dr_uuid(dr_env_real(), a);
    dr_uuid(dr_env_real(), b);
    assert_string_not_equal(a, b);
    assert_int_equal(strlen(a), 36);
    assert_int_equal(strspn(a, "0123456789abcdef-"), 36);
    assert_int_equal(a[14], '4');
    assert_non_null(strchr("89ab", a[19]));
    assert_true(a[8] == '-' && a[13] == '-' && a[18] == '-' && a[23] == '-');
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_https_with_a_way_to_verify_is_opened),
        cmocka_unit_test(requests_that_make_no_sense_are_not_sent),
        cmocka_unit_test(a_request_says_what_it_should_and_no_more),
        cmocka_unit_test(reads_share_a_connection_and_a_mutation_gets_a_new_one),
        cmocka_unit_test(a_lost_reply_after_kept_connections_is_unknown_and_one_delivery),
        cmocka_unit_test(an_idle_connection_that_was_closed_costs_no_mutation),
        cmocka_unit_test(the_gate_lets_a_mutation_out_once),
        cmocka_unit_test(bytes_after_a_reply_are_not_the_next_reply),
        cmocka_unit_test(a_cancel_ends_a_wait),
        cmocka_unit_test(a_cancel_before_anything_was_sent_is_cancelled),
        cmocka_unit_test(a_deadline_that_is_over_sends_nothing),
        cmocka_unit_test(calls_beyond_the_limit_wait_and_then_are_busy),
        cmocka_unit_test(many_threads_share_one_endpoint),
        cmocka_unit_test(the_next_address_is_tried_only_when_nothing_was_sent),
        cmocka_unit_test(a_wrong_certificate_ends_the_search),
        cmocka_unit_test(a_silent_address_leaves_time_for_the_next),
        cmocka_unit_test(inventories_may_be_large),
        cmocka_unit_test(the_environment_changes_nothing),
        cmocka_unit_test(the_shown_key_is_the_endpoints_and_nothing_is_sent),
        cmocka_unit_test(a_certificate_that_no_call_would_take_is_shown_as_that),
        cmocka_unit_test(a_uuid_is_random_and_looks_like_one),
    };
    return cmocka_run_group_tests(tests, endpoint_certificates, endpoint_certificates_gone);
}
