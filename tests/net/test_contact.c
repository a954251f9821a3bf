#include "endpoint.h"

#include <sched.h>

/* Sinks are called one at a time, but from many threads. */
struct log {
    int n;
    int sent;
    struct dr_contact_event last;
    char path[128], site[16], id[40];
};

static void
log_sink(const struct dr_contact_event *e, void *user)
{
    struct log *log = user;
    log->n++;
    log->sent += e->sent;
    log->last = *e;
    (void)snprintf(log->path, sizeof(log->path), "%s", e->path);
    (void)snprintf(log->site, sizeof(log->site), "%s", e->site ? e->site : "");
    (void)snprintf(log->id, sizeof(log->id), "%s", e->correlation_id ? e->correlation_id : "");
}

struct site {
    struct dr_contact *contact;
    struct log log;
    struct peer *peer;
    struct dr_http *milan, *rome, *stretch;
};

static void
site_open(struct site *s, const struct peer_step *script)
{
    memset(s, 0, sizeof(*s));
    s->contact = dr_contact_new(dr_env_real());
    dr_contact_sink(s->contact, log_sink, &s->log);
    s->peer = endpoint_peer(script, NULL);
    struct dr_http_options o = {.contact = s->contact, .site = "milan"};
    s->milan = endpoint_open(o, peer_port(s->peer));
    o.name = "engine rome";
    o.site = "rome";
    s->rome = endpoint_open(o, peer_port(s->peer));
    o.name = "stretch engine";
    o.site = NULL;
    s->stretch = endpoint_open(o, peer_port(s->peer));
}

static void
site_close(struct site *s)
{
    dr_http_close(s->milan);
    dr_http_close(s->rome);
    dr_http_close(s->stretch);
    peer_stop(s->peer);
    dr_contact_free(s->contact);
}

static void
a_lost_site_is_refused_at_once_and_others_are_not(void **state)
{
    (void)state;
    static const struct peer_step serve[] = SERVE;
    struct site s;
    site_open(&s, serve);
    assert_int_equal(call_status(call_get(s.milan)), DRSTOR_OK);
    dr_contact_forbid(s.contact, "milan");
    assert_true(dr_contact_forbidden(s.contact, "milan"));
    assert_false(dr_contact_forbidden(s.contact, "rome"));
    int before = peer_requests(s.peer);

    struct call c = call_post(s.milan);
    (void)call_main(&c);
    assert_int_equal(c.status, DRSTOR_E_REFUSED);
    assert_string_equal(dr_error_rule(c.err), "R040");
    const char *text = dr_error_message(c.err);
    assert_int_equal(strncmp(text, "site milan was declared lost at ", 32), 0);
    assert_non_null(strstr(text, "; from the commit on nothing contacts it"));
    call_clear(&c);
    assert_int_equal(call_status(call_get(s.milan)), DRSTOR_E_REFUSED);
    assert_int_equal(peer_requests(s.peer), before);

    assert_int_equal(call_status(call_get(s.rome)), DRSTOR_OK);
    assert_int_equal(call_status(call_get(s.stretch)), DRSTOR_OK);
    dr_contact_forbid(s.contact, "milan"); /* again changes nothing */
    site_close(&s);
}

static void
calls_in_flight_to_a_lost_site_are_given_up(void **state)
{
    (void)state;
    static const struct peer_step hold[] = {READ, HOLD, END};
    struct site s;
    site_open(&s, hold);
    struct call read = call_get(s.milan), post = call_post(s.milan), other = call_get(s.rome);
    struct dr_cancel cancel = {false};
    other.q.cancel = &cancel;
    call_start(&read);
    call_start(&post);
    call_start(&other);
    assert_true(peer_wait_requests(s.peer, 3));
    dr_contact_forbid(s.contact, "milan");
    assert_int_equal(call_wait(&read), DRSTOR_E_REFUSED);
    assert_string_equal(dr_error_rule(read.err), "R040");
    assert_int_equal(call_wait(&post), DRSTOR_E_UNKNOWN);
    assert_non_null(strstr(dr_error_message(post.err), "its site was declared lost"));
    dr_cancel_now(dr_env_real(), &cancel);
    assert_int_equal(call_wait(&other), DRSTOR_E_CANCELLED);
    call_clear(&read);
    call_clear(&post);
    call_clear(&other);
    site_close(&s);
}

static void
a_call_that_is_still_connecting_is_refused(void **state)
{
    (void)state;
    int port;
    struct black_hole *hole = black_hole_open(&port);
    struct dr_contact *contact = dr_contact_new(dr_env_real());
    struct dr_http *h = endpoint_open(
        (struct dr_http_options){.contact = contact, .site = "milan", .connect_ms = 120000}, port);
    struct call post = call_post(h);
    call_start(&post);
    dr_contact_forbid(contact, "milan");
    assert_int_equal(call_wait(&post), DRSTOR_E_REFUSED);
    call_clear(&post);
    dr_http_close(h);
    dr_contact_free(contact);
    black_hole_close(hole);
}

static void
a_call_that_waits_for_a_connection_is_refused(void **state)
{
    (void)state;
    static const struct peer_step hold[] = {READ, HOLD, END};
    struct peer *p = endpoint_peer(hold, NULL);
    struct dr_contact *contact = dr_contact_new(dr_env_real());
    struct dr_http *h = endpoint_open(
        (struct dr_http_options){.contact = contact, .site = "milan", .parallel = 1}, peer_port(p));
    struct call one = call_get(h), two = call_post(h);
    call_start(&one);
    assert_true(peer_wait_requests(p, 1));
    call_start(&two);
    dr_contact_forbid(contact, "milan");
    assert_int_equal(call_wait(&one), DRSTOR_E_REFUSED);
    assert_int_equal(call_wait(&two), DRSTOR_E_REFUSED);
    assert_int_equal(peer_requests(p), 1);
    call_clear(&one);
    call_clear(&two);
    dr_http_close(h);
    dr_contact_free(contact);
    peer_stop(p);
}

/* As an array's call is: it has no thread of ours to wake, it ends by its own deadline. */
static void *
leave_later(void *arg)
{
    struct dr_contact_call **x = arg;
    struct dr_contact *contact = (*x)->arg;
    while (!atomic_load(&(*x)->forbidden))
        sched_yield();
    dr_contact_leave(contact, *x);
    return NULL;
}

static void
a_call_that_cannot_be_woken_is_waited_for(void **state)
{
    (void)state;
    pthread_t thread;
    struct dr_contact *contact = dr_contact_new(dr_env_real());
    struct dr_contact_call entry = {.site = "milan", .arg = contact}, *x = &entry;
    assert_int_equal(dr_contact_enter(contact, x, NULL), DRSTOR_OK);
    assert_int_equal(pthread_create(&thread, NULL, leave_later, &x), 0);
    dr_contact_forbid(contact, "milan");
    assert_int_equal(dr_contact_enter(contact, x, NULL), DRSTOR_E_REFUSED);
    assert_int_equal(pthread_join(thread, NULL), 0);
    dr_contact_free(contact);
}

struct caller {
    struct dr_http *h;
    int status; /* of the call after the first that failed */
    pthread_t thread;
};

static void *
keep_calling(void *arg)
{
    struct caller *c = arg;
    while (call_status(call_post(c->h)) == DRSTOR_OK)
        ;
    c->status = call_status(call_post(c->h));
    return NULL;
}

static void
after_the_word_not_one_request_arrives(void **state)
{
    (void)state;
    static const struct peer_step serve[] = SERVE;
    enum { THREADS = 4 };
    struct site s;
    site_open(&s, serve);
    struct caller callers[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        callers[i] = (struct caller){.h = s.milan};
        assert_int_equal(pthread_create(&callers[i].thread, NULL, keep_calling, &callers[i]), 0);
    }
    assert_true(peer_wait_requests(s.peer, 20));
    dr_contact_forbid(s.contact, "milan");
    for (size_t i = 0; i < THREADS; i++) {
        (void)pthread_join(callers[i].thread, NULL);
        assert_int_equal(callers[i].status, DRSTOR_E_REFUSED);
    }
    /* What arrived was sent by a call that says so. */
    assert_true(s.log.sent >= peer_requests(s.peer));
    site_close(&s);
}

static void
the_log_shows_every_call(void **state)
{
    (void)state;
    static const struct peer_step script[] = {
        READ, SEND("HTTP/1.1 409 Conflict\r\nContent-Length: 0\r\n\r\n"), READ, CUT, END};
    struct site s;
    site_open(&s, script);
    struct call c = call_get(s.milan);
    c.q.correlation_id = "run-7";
    c.q.path = "/vms?search=name";
    assert_int_equal(call_status(c), DRSTOR_OK);
    assert_int_equal(s.log.n, 1);
    assert_int_equal(s.log.last.status, DRSTOR_OK);
    assert_int_equal(s.log.last.code, 409);
    assert_true(s.log.last.sent);
    assert_false(s.log.last.mutating);
    assert_true(s.log.last.start_ns <= s.log.last.end_ns);
    assert_string_equal(s.log.path, "/vms?search=name");
    assert_string_equal(s.log.site, "milan");
    assert_string_equal(s.log.id, "run-7");

    dr_contact_forbid(s.contact, "milan");
    assert_int_equal(call_status(call_post(s.milan)), DRSTOR_E_REFUSED);
    assert_int_equal(s.log.n, 2);
    assert_int_equal(s.log.last.status, DRSTOR_E_REFUSED);
    assert_int_equal(s.log.last.code, 0);
    assert_false(s.log.last.sent);
    assert_true(s.log.last.mutating);
    site_close(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lost_site_is_refused_at_once_and_others_are_not),
        cmocka_unit_test(calls_in_flight_to_a_lost_site_are_given_up),
        cmocka_unit_test(a_call_that_is_still_connecting_is_refused),
        cmocka_unit_test(a_call_that_waits_for_a_connection_is_refused),
        cmocka_unit_test(a_call_that_cannot_be_woken_is_waited_for),
        cmocka_unit_test(after_the_word_not_one_request_arrives),
        cmocka_unit_test(the_log_shows_every_call),
    };
    return cmocka_run_group_tests(tests, endpoint_certificates, endpoint_certificates_gone);
}
