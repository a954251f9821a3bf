/* Login, its renewal, its end, and who is told what. */
#include "base/mem.h"
#include "base/str.h"
#include "canned.h"
#include "rhv/calls.h"
#include "support/peer.h"

#include <drstor/types.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define VM1 "a0000000-0000-4000-8000-000000000001"
#define VM_PATH API "/vms/" VM1
#define VM_TEXT "{\"id\":\"" VM1 "\",\"name\":\"erp-db\",\"status\":\"up\"}"

static int
get_vm(struct bench *b, struct drstor_error **err)
{
    struct dr_inv_vm vm;
    return dr_rhv_get_vm(b->r, NULL, VM1, b->a, &vm, err);
}

static void
the_first_call_logs_in_and_close_logs_out(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, NULL);
    assert_int_equal(canned_total(b.engine), 0);
    canned_answer(b.engine, "GET", VM_PATH, 200, NULL, VM_TEXT, 0);
    assert_int_equal(get_vm(&b, NULL), DRSTOR_OK);
    assert_int_equal(get_vm(&b, NULL), DRSTOR_OK);
    assert_int_equal(canned_count(b.engine, "POST", CANNED_TOKENS), 1);
    dr_auto(dr_freep) char *form = canned_body(b.engine, "POST", CANNED_TOKENS);
    assert_string_equal(form, "grant_type=password&scope=ovirt-app-api&username=admin%40internal&"
                              "password=pa%26ss%20w%2Brd%2540Zx9");
    dr_rhv_closep(&b.r);
    dr_auto(dr_freep) char *logout = canned_body(b.engine, "POST", CANNED_LOGOUT);
    assert_string_equal(logout, "scope=ovirt-app-api&token=secret-token-1");
    bench_close(&b);
}

static void
a_session_that_never_logged_in_has_nothing_to_log_out(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, NULL);
    dr_rhv_closep(&b.r);
    assert_int_equal(canned_total(b.engine), 0);
    bench_close(&b);
}

static void
a_lost_site_is_not_even_logged_out_from(void **state)
{
    (void)state;
    struct bench b;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    bench_open(&b, NULL);
    assert_int_equal(dr_rhv_login(b.r, NULL, NULL), DRSTOR_OK);
    dr_contact_forbid(b.contact, "rome");
    assert_int_equal(get_vm(&b, &err), DRSTOR_E_REFUSED);
    assert_string_equal(dr_error_rule(err), "R040");
    dr_rhv_closep(&b.r);
    assert_int_equal(canned_total(b.engine), 1);
    bench_close(&b);
}

#define X49 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define XS X49 X49 X49 X49 X49 X49 X49 X49 /* 392 */

struct login_case {
    const char *name;
    int code;
    const char *type, *body;
    int status;
    const char *says;
};

/* clang-format off */
static const struct login_case logins[] = {
    {"wrong password", 400, NULL, "{\"error_code\":\"access_denied\",\"error\":\"Cannot authenticate user 'admin@internal': Unable to log in\"}", DRSTOR_E_AUTH, "Cannot authenticate user"},
    {"the other shape", 400, NULL, "{\"error\":\"invalid_grant\",\"error_description\":\"The provided authorization grant is wrong\"}", DRSTOR_E_AUTH, "authorization grant is wrong"},
    {"another word", 401, NULL, "{\"error\":\"account_locked\",\"error_description\":\"too often\"}", DRSTOR_E_AUTH, "too often"},
    {"no reason", 400, NULL, "{}", DRSTOR_E_AUTH, "gives no reason"},
    {"it trips over itself", 400, NULL, "{\"error_code\":\"server_error\",\"error\":\"directory is down\"}", DRSTOR_E_UNREACHABLE, "directory is down"},
    {"no such grant", 400, NULL, "{\"error_code\":\"unsupported_grant_type\",\"error\":\"no\"}", DRSTOR_E_UNSUPPORTED, "does not log in by password"},
    {"does not understand", 400, NULL, "{\"error_code\":\"invalid_request\",\"error\":\"Missing parameter\"}", DRSTOR_E_PROTOCOL, "Missing parameter"},
    {"a page with 200", 200, "text/html", "<html>Welcome</html>", DRSTOR_E_PROTOCOL, "instead of JSON"},
    {"a page with 403", 403, "text/html", "<html>Proxy</html>", DRSTOR_E_PROTOCOL, "instead of JSON"},
    {"a page with 503", 503, "text/html", "<html>Starting</html>", DRSTOR_E_UNREACHABLE, "(503)"},
    {"a token of no characters", 200, NULL, "{\"access_token\":\"\"}", DRSTOR_E_PROTOCOL, "no token"},
    {"a token that breaks a header", 200, NULL, "{\"access_token\":\"secret-token\\r\\nX: y\"}", DRSTOR_E_PROTOCOL, "no token"},
    {"no token", 200, NULL, "{\"scope\":\"x\"}", DRSTOR_E_PROTOCOL, "no token"},
    {"it repeats what it was sent", 400, NULL, "{\"error_code\":\"access_denied\",\"error\":\"pa&ss w+rd%40Zx9 is wrong\"}", DRSTOR_E_AUTH, "*** is wrong"},
    {"the same, where the text is cut", 400, NULL, "{\"error_code\":\"access_denied\",\"error\":\"" XS "pa&ss w+rd%40Zx9 is wrong\"}", DRSTOR_E_AUTH, "xx***"},
    {"hangs up", CANNED_LOST, NULL, NULL, DRSTOR_E_UNREACHABLE, "may be repeated"},
};
/* clang-format on */

static void
every_failed_login_says_what_to_do(void **state)
{
    (void)state;
    for (size_t i = 0; i < DR_COUNT(logins); i++) {
        const struct login_case *c = &logins[i];
        struct bench b;
        struct drstor_error *err = NULL;
        bench_open(&b, NULL);
        canned_answer(b.engine, "POST", CANNED_TOKENS, c->code, c->type, c->body, 0);
        int status = dr_rhv_start_vm(b.r, NULL, VM1, NULL, &err);
        if (status != c->status || !strstr(dr_error_message(err), c->says) ||
            !strstr(dr_error_message(err), "engine rome") || !dr_error_hint(err))
            print_message("%s: %d \"%s\" hint \"%s\"\n", c->name, status, dr_error_message(err),
                          dr_error_hint(err) ? dr_error_hint(err) : "");
        assert_int_equal(status, c->status);
        assert_non_null(dr_error_hint(err));
        assert_non_null(strstr(dr_error_message(err), c->says));
        assert_int_equal(canned_count(b.engine, "POST", VM_PATH "/start"), 0);
        bench_said(&b, &err);
        bench_close(&b);
    }
}

static void
a_refused_password_is_not_tried_again_at_once(void **state)
{
    (void)state;
    struct bench b;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    bench_open(&b, NULL);
    canned_answer(b.engine, "POST", CANNED_TOKENS, 400, NULL,
                  "{\"error_code\":\"access_denied\",\"error\":\"no\"}", 0);
    for (int i = 0; i < 5; i++) {
        dr_error_freep(&err);
        assert_int_equal(get_vm(&b, &err), DRSTOR_E_AUTH);
    }
    assert_non_null(strstr(dr_error_hint(err), "password"));
    assert_int_equal(canned_count(b.engine, "POST", CANNED_TOKENS), 1);
    bench_close(&b);
}

static void
a_wrong_ca_is_auth_and_nothing_is_sent(void **state)
{
    (void)state;
    struct bench b;
    struct drstor_error *err = NULL;
    char other[64], ca[80];
    bench_open(&b, NULL);
    dr_rhv_closep(&b.r);
    assert_true(peer_dir_make(other));
    assert_true(peer_certificate(other, "foreign", "IP:127.0.0.1", NULL));
    (void)snprintf(ca, sizeof(ca), "%s/ca.pem", other);
    b.config.at.ca = ca;
    const struct dr_rhv_options o = {.correlation_id = CANNED_RUN};
    assert_int_equal(dr_rhv_open(dr_env_real(), &b.config, "rome", b.contact, &o, &b.r, &err),
                     DRSTOR_OK);
    assert_int_equal(dr_rhv_login(b.r, NULL, &err), DRSTOR_E_AUTH);
    assert_int_equal(canned_total(b.engine), 0);
    peer_dir_remove(other);
    bench_said(&b, &err);
    bench_close(&b);
}

static void
nobody_there_is_unreachable(void **state)
{
    (void)state;
    struct bench b;
    struct drstor_error *err = NULL;
    bench_open(&b, NULL);
    dr_rhv_closep(&b.r);
    (void)snprintf(b.url, sizeof(b.url), "https://127.0.0.1:%d", port_unused());
    const struct dr_rhv_options o = {.correlation_id = CANNED_RUN};
    assert_int_equal(dr_rhv_open(dr_env_real(), &b.config, "rome", b.contact, &o, &b.r, &err),
                     DRSTOR_OK);
    assert_int_equal(dr_rhv_start_vm(b.r, NULL, VM1, NULL, &err), DRSTOR_E_UNREACHABLE);
    bench_said(&b, &err);
    bench_close(&b);
}

static void
a_session_needs_user_password_and_run(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, NULL);
    struct dr_rhv *r = NULL;
    struct dr_engine config = b.config;
    struct dr_rhv_options o = {0};
    assert_int_equal(dr_rhv_open(dr_env_real(), &config, "rome", NULL, &o, &r, NULL),
                     DRSTOR_E_INVALID);
    o.correlation_id = "3f2b8c1e-0d4a-4f6b-9c7d-1234567890ab-and-more";
    assert_int_equal(dr_rhv_open(dr_env_real(), &config, "rome", NULL, &o, &r, NULL),
                     DRSTOR_E_INVALID);
    o.correlation_id = CANNED_RUN;
    config.at.password = NULL;
    assert_int_equal(dr_rhv_open(dr_env_real(), &config, "rome", NULL, &o, &r, NULL),
                     DRSTOR_E_INVALID);
    config = b.config;
    config.at.user = NULL;
    assert_int_equal(dr_rhv_open(dr_env_real(), &config, "rome", NULL, &o, &r, NULL),
                     DRSTOR_E_INVALID);
    assert_null(r);
    bench_close(&b);
}

static void
an_ended_token_is_renewed_and_the_call_repeated_once(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, NULL);
    canned_answer(b.engine, "POST", VM_PATH "/start", 200, NULL, "{\"status\":\"complete\"}", 0);
    assert_int_equal(dr_rhv_login(b.r, NULL, NULL), DRSTOR_OK);
    canned_expire(b.engine);
    assert_int_equal(dr_rhv_start_vm(b.r, NULL, VM1, NULL, NULL), DRSTOR_OK);
    assert_int_equal(canned_count(b.engine, "POST", CANNED_TOKENS), 2);
    assert_int_equal(canned_count(b.engine, "POST", VM_PATH "/start"), 2);
    bench_close(&b);
}

static void
an_engine_that_refuses_its_own_token_is_given_up(void **state)
{
    (void)state;
    struct bench b;
    struct drstor_error *err = NULL;
    bench_open(&b, NULL);
    canned_answer(b.engine, "GET", VM_PATH, 401, "text/html", "<html>", 0);
    assert_int_equal(get_vm(&b, &err), DRSTOR_E_AUTH);
    assert_int_equal(canned_count(b.engine, "GET", VM_PATH), 2);
    assert_int_equal(canned_count(b.engine, "POST", CANNED_TOKENS), 2);
    bench_said(&b, &err);
    bench_close(&b);
}

enum { MANY = 8 };

static void *
get_vm_main(void *arg)
{
    struct dr_arena *a = dr_arena_new();
    struct dr_inv_vm vm;
    int *status = dr_new0(int);
    *status = dr_rhv_get_vm(arg, NULL, VM1, a, &vm, NULL);
    dr_arena_free(a);
    return status;
}

static void
many_calls_that_meet_an_ended_token_renew_it_once(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, NULL);
    canned_answer(b.engine, "GET", VM_PATH, 200, NULL, VM_TEXT, 0);
    assert_int_equal(dr_rhv_login(b.r, NULL, NULL), DRSTOR_OK);
    canned_expire(b.engine);
    canned_hold_login(b.engine, MANY); /* all of them have met the old one before a new one comes */
    pthread_t threads[MANY];
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, get_vm_main, b.r), 0);
    for (size_t i = 0; i < MANY; i++) {
        void *status;
        (void)pthread_join(threads[i], &status);
        assert_int_equal(*(int *)status, DRSTOR_OK);
        free(status);
    }
    assert_int_equal(canned_count(b.engine, "POST", CANNED_TOKENS), 2);
    assert_int_equal(canned_count(b.engine, "GET", VM_PATH), 2 * MANY);
    bench_close(&b);
}

static void
many_calls_hear_of_one_refused_login(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, NULL);
    canned_answer(b.engine, "POST", CANNED_TOKENS, 400, NULL,
                  "{\"error_code\":\"access_denied\",\"error\":\"no\"}", 0);
    pthread_t threads[MANY];
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, get_vm_main, b.r), 0);
    for (size_t i = 0; i < MANY; i++) {
        void *status;
        (void)pthread_join(threads[i], &status);
        assert_int_equal(*(int *)status, DRSTOR_E_AUTH);
        free(status);
    }
    assert_int_equal(canned_count(b.engine, "POST", CANNED_TOKENS), 1);
    bench_close(&b);
}

static void
who_waits_for_a_login_can_be_cancelled(void **state)
{
    (void)state;
    struct bench b;
    struct drstor_error *err = NULL;
    struct dr_cancel cancel = {true};
    bench_open(&b, NULL);
    const struct dr_rhv_how how = {.cancel = &cancel};
    assert_int_equal(dr_rhv_start_vm(b.r, &how, VM1, NULL, &err), DRSTOR_E_CANCELLED);
    assert_int_equal(canned_count(b.engine, "POST", VM_PATH "/start"), 0);
    bench_said(&b, &err);
    bench_close(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_call_logs_in_and_close_logs_out),
        cmocka_unit_test(a_session_that_never_logged_in_has_nothing_to_log_out),
        cmocka_unit_test(a_lost_site_is_not_even_logged_out_from),
        cmocka_unit_test(every_failed_login_says_what_to_do),
        cmocka_unit_test(a_refused_password_is_not_tried_again_at_once),
        cmocka_unit_test(a_wrong_ca_is_auth_and_nothing_is_sent),
        cmocka_unit_test(nobody_there_is_unreachable),
        cmocka_unit_test(a_session_needs_user_password_and_run),
        cmocka_unit_test(an_ended_token_is_renewed_and_the_call_repeated_once),
        cmocka_unit_test(an_engine_that_refuses_its_own_token_is_given_up),
        cmocka_unit_test(many_calls_that_meet_an_ended_token_renew_it_once),
        cmocka_unit_test(many_calls_hear_of_one_refused_login),
        cmocka_unit_test(who_waits_for_a_login_can_be_cancelled),
    };
    return cmocka_run_group_tests(tests, bench_certificates, bench_certificates_gone);
}
