/* Where a password or token must not show up: messages, log lines, the request log, replies. */
#include "base/log.h"
#include "base/redact.h"
#include "base/str.h"
#include "endpoint.h"

#define PASSWORD "s3cret/pa ss+word"

static struct dr_str written;
static pthread_mutex_t written_lock = PTHREAD_MUTEX_INITIALIZER;

static void
write_line(enum drstor_log_level level, const char *line, void *user)
{
    (void)level, (void)user;
    pthread_mutex_lock(&written_lock);
    dr_str_add(&written, line);
    dr_str_add(&written, "\n");
    pthread_mutex_unlock(&written_lock);
}

static void
write_event(const struct dr_contact_event *e, void *user)
{
    (void)user;
    write_line(DRSTOR_LOG_INFO, e->path, NULL);
}

static void
all_forms_of_a_secret_become_stars(void **state)
{
    (void)state;
    struct dr_secret *s = dr_secret_new("hunter2/x", 9);
    char text[] = "a hunter2/x b hunter2%2Fx c aHVudGVyMi94 d hunter2";
    dr_redact(text);
    assert_null(strstr(text, "hunter2/x"));
    assert_null(strstr(text, "hunter2%2Fx"));
    assert_null(strstr(text, "aHVudGVyMi94"));
    assert_non_null(strstr(text, " d hunter2"));
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    (void)dr_fail(&err, DRSTOR_E_INVALID, "it said hunter2/x");
    dr_hint(&err, "hunter2/x");
    (void)dr_context(&err, DRSTOR_E_INVALID, "hunter2/x");
    assert_null(strstr(dr_error_message(err), "hunter2"));
    assert_null(strstr(dr_error_hint(err), "hunter2"));
    dr_secret_free(s);
    char after[] = "hunter2/x";
    dr_redact(after);
    assert_string_equal(after, "hunter2/x");
}

static void
basic_and_bearer_are_sent_and_shown_nowhere(void **state)
{
    (void)state;
    /* The peer echoes what it got, where a message would show it. */
    static const struct peer_step script[] = {
        READ,
        EXPECT("\r\nAuthorization: Basic ZHJzdG9yOnMzY3JldC9wYSBzcyt3b3Jk\r\n"),
        SEND("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n"
             "Location: /ZHJzdG9yOnMzY3JldC9wYSBzcyt3b3Jk/s3cret/pa ss+word\r\n\r\n"),
        READ,
        EXPECT("\r\nAuthorization: Bearer t0ken-abcdef\r\n"),
        SEND("HTTP/1.1 302 Found\r\nLocation: /t0ken-abcdef\r\nContent-Length: 0\r\n\r\n"),
        READ,
        EXPECT("\r\nAuthorization: Basic "),
        SEND(OK_REPLY),
        END,
    };
    struct dr_contact *contact = dr_contact_new(dr_env_real());
    dr_contact_sink(contact, write_event, NULL);
    dr_log_sink(write_line, NULL);
    dr_log_level(DRSTOR_LOG_DEBUG);
    struct dr_secret *password = dr_secret_new(PASSWORD, strlen(PASSWORD));
    struct peer *p = endpoint_peer(script, NULL);
    struct dr_http *h = endpoint_open(
        (struct dr_http_options){.user = "drstor", .secret = password, .contact = contact},
        peer_port(p));

    struct call c = call_get(h);
    (void)call_main(&c);
    assert_int_equal(c.status, DRSTOR_E_PROTOCOL);
    write_line(DRSTOR_LOG_INFO, dr_error_message(c.err), NULL);
    call_clear(&c);

    assert_int_equal(dr_http_bearer(h, "t0ken-abcdef", NULL), DRSTOR_OK);
    c = call_get(h);
    c.q.path = "/x?token=t0ken-abcdef";
    (void)call_main(&c);
    assert_int_equal(c.status, DRSTOR_E_PROTOCOL);
    write_line(DRSTOR_LOG_INFO, dr_error_message(c.err), NULL);
    call_clear(&c);

    assert_int_equal(dr_http_bearer(h, "two words", NULL), DRSTOR_E_INVALID);
    assert_int_equal(dr_http_bearer(h, NULL, NULL), DRSTOR_OK);
    assert_int_equal(call_status(call_get(h)), DRSTOR_OK);
    assert_int_equal(peer_wrong(p), 0);
    assert_non_null(strstr(written.s, "redirect (302)"));
    assert_null(strstr(written.s, "s3cret"));
    assert_null(strstr(written.s, "ZHJzdG9yOnMzY3JldC9w"));
    assert_null(strstr(written.s, "t0ken"));
    dr_str_freep(&written);
    dr_http_close(h);
    peer_stop(p);
    dr_secret_free(password);
    dr_contact_free(contact);
    dr_log_sink(NULL, NULL);
    dr_log_level(DRSTOR_LOG_WARN);
}

static void
a_login_leaves_no_trace(void **state)
{
    (void)state;
    static const struct peer_step script[] = {
        READ,
        EXPECT("grant_type=password&password=unregistered"),
        SEND("HTTP/1.1 200 OK\r\nSet-Cookie: JSESSIONID=abc123def; Secure; HttpOnly\r\n"
             "Content-Type: application/json\r\nContent-Length: 29\r\n\r\n"
             "{\"access_token\":\"fresh-t0k3\"}"),
        READ,
        SEND(OK_REPLY),
        END,
    };
    static const struct drstor_http_header form[] = {
        {"Content-Type", "application/x-www-form-urlencoded"}};
    struct dr_contact *contact = dr_contact_new(dr_env_real());
    dr_contact_sink(contact, write_event, NULL);
    dr_log_sink(write_line, NULL);
    dr_log_level(DRSTOR_LOG_DEBUG);
    struct peer *p = endpoint_peer(script, NULL);
    struct dr_http *h = endpoint_open((struct dr_http_options){.contact = contact}, peer_port(p));
    struct call c = {.h = h,
                     .q = {.method = "POST",
                           .path = "/sso/oauth/token?hint=unregistered",
                           .secret = true,
                           .headers = form,
                           .n_headers = 1,
                           .body = "grant_type=password&password=unregistered",
                           .n_body = 41}};
    (void)call_main(&c);
    assert_int_equal(c.status, DRSTOR_OK);
    assert_non_null(strstr(c.reply.body, "fresh-t0k3"));
    assert_null(dr_http_reply_header(&c.reply, "set-cookie"));
    call_clear(&c);
    assert_int_equal(call_status(call_get(h)), DRSTOR_OK);
    assert_int_equal(peer_wrong(p), 0);
    assert_int_equal(peer_unwanted(p), 0); /* no cookie comes back unless the endpoint wants it */
    assert_non_null(strstr(written.s, "/sso/oauth/token"));
    assert_null(strstr(written.s, "unregistered"));
    assert_null(strstr(written.s, "fresh-t0k3"));
    assert_null(strstr(written.s, "abc123def"));
    dr_str_freep(&written);
    dr_http_close(h);
    peer_stop(p);
    dr_contact_free(contact);
    dr_log_sink(NULL, NULL);
    dr_log_level(DRSTOR_LOG_WARN);
}

static void
cookies_stay_with_the_endpoint_that_wants_them(void **state)
{
    (void)state;
    static const struct peer_step script[] = {
        READ,
        SEND("HTTP/1.1 200 OK\r\nSet-Cookie: JSESSIONID=abc; Secure\r\nContent-Length: 0\r\n\r\n"),
        READ,
        EXPECT("\r\nCookie: JSESSIONID=abc\r\n"),
        SEND(OK_REPLY),
        AGAIN,
    };
    static const struct peer_step second[] = {READ, EXPECT("\r\nCookie: JSESSIONID=abc\r\n"),
                                              SEND(OK_REPLY), AGAIN};
    struct peer *p = endpoint_peer(script, second);
    struct dr_http *h = endpoint_open((struct dr_http_options){.cookies = true}, peer_port(p));
    assert_int_equal(call_status(call_get(h)), DRSTOR_OK);
    assert_int_equal(call_status(call_get(h)), DRSTOR_OK);
    assert_int_equal(call_status(call_post(h)), DRSTOR_OK);
    assert_int_equal(peer_wrong(p), 0);
    dr_http_close(h);
    /* A new session knows nothing of the old one. */
    h = endpoint_open((struct dr_http_options){.cookies = true}, peer_port(p));
    (void)call_status(call_get(h));
    assert_int_equal(peer_wrong(p), 1);
    dr_http_close(h);
    peer_stop(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_forms_of_a_secret_become_stars),
        cmocka_unit_test(basic_and_bearer_are_sent_and_shown_nowhere),
        cmocka_unit_test(a_login_leaves_no_trace),
        cmocka_unit_test(cookies_stay_with_the_endpoint_that_wants_them),
    };
    return cmocka_run_group_tests(tests, endpoint_certificates, endpoint_certificates_gone);
}
