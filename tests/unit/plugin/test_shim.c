#include "base/str.h"
#include "plugin/loader.h"
#include "plugin/services.h"
#include "plugin/shim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *groups[] = {"erp"};
static enum dr_plugin_place place = DR_PLUGIN_IN_PROCESS; /* BACKEND=worker: in a worker */

static struct dr_plugin *
load(const char *name)
{
    struct dr_plugin *p = NULL;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    if (dr_plugin_load(TEST_PLUGINS, name, &p, &err) < 0)
        printf("%s\n", dr_error_message(err));
    assert_non_null(p);
    return p;
}

/* Opens array a1 of the good plugin in MODE; the rest of HOW is the caller's. */
static int
open_mode(struct dr_env *env, const char *mode, struct dr_array_open how,
          struct dr_array_handle **ret, struct drstor_error **err)
{
    struct dr_setting all[4] = {{.key = "mode", .value = mode}, {.key = "host", .value = "h"}};
    size_t n = 2;
    for (size_t i = 0; i < how.n_settings; i++)
        all[n++] = how.settings[i];
    how.array = "a1";
    how.site = "rome";
    how.settings = all;
    how.n_settings = n;
    how.place = place;
    return dr_array_open(env, load("good"), &how, ret, err);
}

static struct dr_call
change(struct dr_env *env, uint64_t ns)
{
    return (struct dr_call){.operation = DR_ARRAY_OP_SET_ACCESS,
                            .deadline_ns = dr_now_ns(env) + ns,
                            .group = "erp",
                            .op = "op-1",
                            .access_wanted = DRSTOR_ACCESS_READ_WRITE};
}

/* ---- opening --------------------------------------------------------------------------------- */

static void
an_array_that_refuses_says_why(void **state)
{
    (void)state;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_array_handle *h = NULL;
    assert_int_equal(open_mode(dr_env_real(), "open-refused", (struct dr_array_open){0}, &h, &err),
                     DRSTOR_E_AUTH);
    assert_string_equal(
        dr_error_message(err),
        "cannot open array a1: the array does not know us (the array says: who are you??[31m)");
    assert_string_equal(dr_error_hint(err), "look at the user's rights");
    assert_null(h);
}

static void
a_secret_is_shown_for_a_moment(void **state)
{
    (void)state;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_array_handle *h = NULL;
    struct dr_secret *secret = dr_secret_new("sesame", 6);
    const struct dr_setting s = {.key = "password", .secret = secret};
    const struct dr_array_open how = {.settings = &s, .n_settings = 1};
    assert_int_equal(open_mode(dr_env_real(), "open-secret", how, &h, &err), DRSTOR_OK);
    dr_array_close(h);
    assert_int_equal(open_mode(dr_env_real(), "open-no-secret", how, &h, &err), DRSTOR_E_NOTFOUND);
    assert_string_equal(dr_error_message(err),
                        "cannot open array a1: no secret is configured for the key passwort");
    dr_secret_free(secret);
}

static void
a_wrong_setting_stops_the_opening(void **state)
{
    (void)state;
    struct dr_array_handle *h = NULL;
    const struct dr_setting s = {.key = "port", .value = "x"};
    const struct dr_array_open how = {.settings = &s, .n_settings = 1};
    assert_int_equal(open_mode(dr_env_real(), "good", how, &h, NULL), DRSTOR_E_INVALID);
}

static void
a_handle_to_read_cannot_write(void **state)
{
    (void)state;
    struct dr_env *env = dr_env_real();
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    dr_auto(dr_array_closep) struct dr_array_handle *h = NULL;
    struct dr_reply reply;
    assert_int_equal(open_mode(env, "good", (struct dr_array_open){.read_only = true}, &h, NULL),
                     DRSTOR_OK);
    assert_true(dr_array_can(h, DR_ARRAY_OP_OBSERVE));
    for (int op = 0; op <= DR_ARRAY_OP_COUNT; op++) {
        const struct dr_op_info *info = dr_op_info((enum dr_array_op)op);
        if (!info || !info->mutating)
            continue;
        struct dr_call call = change(env, 10 * DR_S);
        call.operation = (enum dr_array_op)op;
        call.job = "job-7";
        assert_int_equal(dr_array_call(h, &call, NULL, a, &reply), DRSTOR_E_UNSUPPORTED);
        assert_int_equal(reply.outcome, DRSTOR_OUTCOME_REFUSED);
        assert_false(reply.sent);
        assert_false(dr_array_can(h, (enum dr_array_op)op));
    }
    struct dr_call call = change(env, 10 * DR_S);
    (void)dr_array_call(h, &call, NULL, a, &reply);
    assert_string_equal(reply.error, "array a1 was opened to read only, so it has no set_access");
}

static void
an_incomplete_change_is_not_sent(void **state)
{
    (void)state;
    struct dr_env *env = dr_env_real();
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    dr_auto(dr_array_closep) struct dr_array_handle *h = NULL;
    struct dr_reply reply;
    assert_int_equal(open_mode(env, "good", (struct dr_array_open){0}, &h, NULL), DRSTOR_OK);
    struct dr_call call = change(env, 10 * DR_S);
    call.deadline_ns = 0;
    assert_int_equal(dr_array_call(h, &call, NULL, a, &reply), DRSTOR_E_INVALID);
    assert_string_equal(reply.error, "a call of array a1 lacks a deadline");
    assert_int_equal(reply.outcome, DRSTOR_OUTCOME_REFUSED);
    call = change(env, 10 * DR_S);
    call.group = NULL;
    assert_int_equal(dr_array_call(h, &call, NULL, a, &reply), DRSTOR_E_INVALID);
    call.operation = DR_ARRAY_OP_OPEN;
    assert_int_equal(dr_array_call(h, &call, NULL, a, &reply), DRSTOR_E_INVALID);
    call = change(env, 0);
    assert_int_equal(dr_array_call(h, &call, NULL, a, &reply), DRSTOR_E_BUSY);
    assert_false(reply.sent);
}

static void
a_recovery_point_is_never_passed_over(void **state)
{
    (void)state;
    struct dr_env *env = dr_env_real();
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    dr_auto(dr_array_closep) struct dr_array_handle *h = NULL, *without = NULL;
    struct dr_reply reply;
    const struct dr_array_open how = {.array = "a2", .site = "rome", .place = place};
    assert_int_equal(open_mode(env, "back", (struct dr_array_open){0}, &h, NULL), DRSTOR_OK);
    struct dr_call call = change(env, 10 * DR_S);
    call.point = "p2";
    assert_int_equal(dr_array_call(h, &call, NULL, a, &reply), DRSTOR_OK);
    assert_int_equal(reply.outcome, DRSTOR_OUTCOME_DONE);

    /* A planned change loses nothing, and read-only goes nowhere. */
    call.planned = true;
    assert_int_equal(dr_array_call(h, &call, NULL, a, &reply), DRSTOR_E_INVALID);
    assert_int_equal(reply.outcome, DRSTOR_OUTCOME_REFUSED);
    assert_string_equal(reply.error, "a call of array a1 has a recovery point, and no use for it");
    call.planned = false;
    call.access_wanted = DRSTOR_ACCESS_READ_ONLY;
    assert_int_equal(dr_array_call(h, &call, NULL, a, &reply), DRSTOR_E_INVALID);
    call.operation = DR_ARRAY_OP_SUSPEND;
    assert_int_equal(dr_array_call(h, &call, NULL, a, &reply), DRSTOR_E_INVALID);

    assert_int_equal(dr_array_open(env, load("shape"), &how, &without, NULL), DRSTOR_OK);
    call = change(env, 10 * DR_S);
    call.point = "p2";
    assert_int_equal(dr_array_call(without, &call, NULL, a, &reply), DRSTOR_E_UNSUPPORTED);
    assert_int_equal(reply.outcome, DRSTOR_OUTCOME_REFUSED);
    assert_false(reply.sent);
    assert_string_equal(reply.error,
                        "array a2 cannot go back to recovery point p2: plugin shape lists none");
}

/* ---- threads and time ------------------------------------------------------------------------ */

/* Real threads: the callback sits there when the process ends, with its memory; a worker is killed,
 * and the next call finds a new one. */
static void
a_callback_that_hangs_takes_nobody_with_it(void **state)
{
    (void)state;
    struct dr_env *env = dr_env_real();
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    dr_auto(dr_array_closep) struct dr_array_handle *h = NULL;
    struct dr_reply reply;
    assert_int_equal(
        open_mode(env, "forever", (struct dr_array_open){.grace_ns = 50 * DR_MS}, &h, NULL),
        DRSTOR_OK);
    struct dr_call call = change(env, 200 * DR_MS);
    assert_int_equal(dr_array_call(h, &call, NULL, a, &reply), DRSTOR_E_UNKNOWN);
    assert_int_equal(reply.outcome, DRSTOR_OUTCOME_UNKNOWN);
    assert_true(reply.sent);
    assert_true(dr_array_stuck(h) == (place == DR_PLUGIN_IN_PROCESS));
    if (place == DR_PLUGIN_IN_WORKER) {
        const struct dr_call look = {.operation = DR_ARRAY_OP_DISCOVER};
        assert_int_equal(dr_array_call(h, &look, NULL, a, &reply), DRSTOR_OK);
        return;
    }
    call = change(env, 10 * DR_S);
    assert_int_equal(dr_array_call(h, &call, NULL, a, &reply), DRSTOR_E_UNREACHABLE);
    assert_int_equal(reply.outcome, DRSTOR_OUTCOME_REFUSED);
    assert_string_equal(
        reply.error, "array a1 is not asked any more: plugin good never came back from set_access");
}

static void
a_cancelled_read_ends_early(void **state)
{
    (void)state;
    struct dr_env *env = dr_env_real();
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    dr_auto(dr_array_closep) struct dr_array_handle *h = NULL;
    struct dr_cancel cancel = {false};
    struct dr_reply reply;
    assert_int_equal(open_mode(env, "slow", (struct dr_array_open){0}, &h, NULL), DRSTOR_OK);
    const struct dr_call call = {.operation = DR_ARRAY_OP_OBSERVE, .groups = groups, .n_groups = 1};
    dr_cancel_now(env, &cancel);
    assert_int_equal(dr_array_call(h, &call, &cancel, a, &reply), DRSTOR_E_CANCELLED);
    assert_false(reply.sent);
}

struct caller {
    struct dr_env *env;
    struct dr_array_handle *h;
    struct dr_mailbox *done;
    uint64_t deadline_ns, end_ns;
    int status;
    bool sent;
};

static void
caller_task(void *arg)
{
    struct caller *c = arg;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    const struct dr_call call = {.operation = DR_ARRAY_OP_OBSERVE,
                                 .deadline_ns = c->deadline_ns,
                                 .groups = groups,
                                 .n_groups = 1};
    struct dr_reply reply;
    c->status = dr_array_call(c->h, &call, NULL, a, &reply);
    c->sent = reply.sent;
    c->end_ns = dr_now_ns(c->env);
    dr_mailbox_post(c->done, c);
}

enum { CALLERS = 6 };

struct crowd {
    struct dr_env *env;
    const char *shape; /* NULL: the good plugin, serial, in mode slow */
    uint64_t deadline_ns;
    struct caller callers[CALLERS];
};

/* Everybody calls at once something that takes a second. */
static void
crowd_task(void *arg)
{
    struct crowd *c = arg;
    struct dr_array_handle *h = NULL;
    if (c->shape) {
        const struct dr_array_open how = {.array = "a1", .site = "rome", .place = place};
        assert_int_equal(dr_array_open(c->env, load("shape"), &how, &h, NULL), DRSTOR_OK);
    } else {
        assert_int_equal(open_mode(c->env, "slow", (struct dr_array_open){0}, &h, NULL), DRSTOR_OK);
    }
    struct dr_mailbox *done = dr_mailbox_new(c->env);
    for (size_t i = 0; i < CALLERS; i++) {
        c->callers[i] = (struct caller){
            .env = c->env, .h = h, .done = done, .deadline_ns = dr_now_ns(c->env) + c->deadline_ns};
        dr_spawn(c->env, caller_task, &c->callers[i]);
    }
    for (size_t i = 0; i < CALLERS; i++)
        assert_non_null(dr_mailbox_wait(done, UINT64_MAX, NULL));
    dr_mailbox_free(done);
    dr_array_close(h);
}

static const uint64_t start_ns = 1000 * DR_S;

/* Under the virtual clock the ends of all calls are known, to the nanosecond. */
static void
crowd_run(struct crowd *c)
{
    c->env = dr_env_virtual_new(start_ns, 1700000000);
    dr_env_virtual_run(c->env, crowd_task, c);
    dr_env_virtual_free(c->env);
}

static void
a_serial_plugin_gets_one_call_at_a_time(void **state)
{
    (void)state;
    struct crowd c = {.deadline_ns = 60 * DR_S};
    crowd_run(&c);
    for (uint64_t i = 0; i < CALLERS; i++) {
        assert_int_equal(c.callers[i].status, DRSTOR_OK);
        assert_true(c.callers[i].end_ns == start_ns + (i + 1) * DR_S);
    }
}

static void
who_queues_past_the_deadline_was_never_sent(void **state)
{
    (void)state;
    struct crowd c = {.deadline_ns = 2500 * DR_MS};
    crowd_run(&c);
    for (size_t i = 0; i < CALLERS; i++) {
        /* The third is sent and has no time to end: at the deadline that is silence. */
        assert_int_equal(c.callers[i].status, i < 2    ? DRSTOR_OK
                                              : i == 2 ? DRSTOR_E_UNREACHABLE
                                                       : DRSTOR_E_BUSY);
        assert_true(c.callers[i].sent == (i < 3));
    }
}

static void
the_crowd_is_the_same_with_threads(void **state)
{
    (void)state;
    struct crowd c = {.env = dr_env_real(), .deadline_ns = 60 * DR_S};
    crowd_task(&c);
    for (size_t i = 0; i < CALLERS; i++)
        assert_int_equal(c.callers[i].status, DRSTOR_OK);
}

static void
a_parallel_plugin_gets_as_many_as_it_says(void **state)
{
    (void)state;
    if (!getenv("SHAPE") || strcmp(getenv("SHAPE"), "parallel") != 0)
        skip();
    struct crowd c = {.shape = "parallel", .deadline_ns = 60 * DR_S};
    crowd_run(&c);
    for (uint64_t i = 0; i < CALLERS; i++)
        assert_true(c.callers[i].end_ns == start_ns + (1 + i / 3) * DR_S);
    c.env = dr_env_real();
    crowd_task(&c);
}

static void
a_paced_plugin_gets_so_many_a_second(void **state)
{
    (void)state;
    if (!getenv("SHAPE") || strcmp(getenv("SHAPE"), "paced") != 0)
        skip();
    struct crowd c = {.shape = "paced", .deadline_ns = 60 * DR_S};
    crowd_run(&c);
    for (uint64_t i = 0; i < CALLERS; i++)
        assert_true(c.callers[i].end_ns == start_ns + (i + 1) * DR_S);
}

/* ---- the network, when there is one ---------------------------------------------------------- */

static unsigned sessions;

static int
web_open(const struct dr_service_how *how, void **ret_session, struct drstor_error **err)
{
    if (!dr_streq(how->at->urls[0], "https://array") || !how->at->password ||
        !dr_streq(dr_secret_bytes(how->at->password), "sesame"))
        return dr_fail(err, DRSTOR_E_INTERNAL, "the address did not arrive");
    sessions++;
    *ret_session = &sessions;
    return DRSTOR_OK;
}

static void
web_close(void *session)
{
    --*(unsigned *)session;
}

static int
web_http(void *session, const struct dr_service_call *call,
         const struct drstor_http_request *request, struct drstor_http_reply *ret_reply,
         struct drstor_error **err)
{
    if (session != &sessions || !dr_streq(request->path, "/api"))
        return dr_fail(err, DRSTOR_E_INTERNAL, "wrong session");
    ret_reply->code = 200;
    ret_reply->body = dr_arena_str(call->arena, "[]");
    ret_reply->n_body = 2;
    return DRSTOR_OK;
}

static void
a_plugin_reaches_the_network_through_the_host(void **state)
{
    (void)state;
    if (place == DR_PLUGIN_IN_WORKER)
        skip(); /* there the services are its own: tests/net/test_worker_services.c */
    static const struct dr_plugin_services services = {web_open, web_close, web_http, NULL};
    struct dr_env *env = dr_env_real();
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    const char *urls[] = {"https://array"};
    const struct dr_access_point at = {
        .urls = urls, .n_urls = 1, .user = "u", .password = dr_secret_new("sesame", 6)};
    const struct dr_array_open how = {.at = &at};
    const struct dr_call call = {.operation = DR_ARRAY_OP_OBSERVE, .groups = groups, .n_groups = 1};
    struct dr_array_handle *h = NULL;
    struct dr_reply reply;
    dr_plugin_services_set(&services);
    assert_int_equal(open_mode(env, "http", how, &h, &err), DRSTOR_OK);
    assert_int_equal(sessions, 1);
    assert_int_equal(dr_array_call(h, &call, NULL, a, &reply), DRSTOR_OK);
    dr_array_close(h);
    assert_int_equal(sessions, 0);

    /* observe() only reads, so nothing may be changed on its behalf. */
    assert_int_equal(open_mode(env, "http-write", how, &h, &err), DRSTOR_OK);
    assert_int_equal(dr_array_call(h, &call, NULL, a, &reply), DRSTOR_E_REFUSED);
    assert_string_equal(reply.error,
                        "plugin good wanted to change something in observe, which only reads");
    dr_array_close(h);
    dr_plugin_services_set(NULL);
    dr_secret_free(at.password);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_array_that_refuses_says_why),
        cmocka_unit_test(a_secret_is_shown_for_a_moment),
        cmocka_unit_test(a_wrong_setting_stops_the_opening),
        cmocka_unit_test(a_handle_to_read_cannot_write),
        cmocka_unit_test(an_incomplete_change_is_not_sent),
        cmocka_unit_test(a_recovery_point_is_never_passed_over),
        cmocka_unit_test(a_callback_that_hangs_takes_nobody_with_it),
        cmocka_unit_test(a_cancelled_read_ends_early),
        cmocka_unit_test(a_serial_plugin_gets_one_call_at_a_time),
        cmocka_unit_test(who_queues_past_the_deadline_was_never_sent),
        cmocka_unit_test(the_crowd_is_the_same_with_threads),
        cmocka_unit_test(a_parallel_plugin_gets_as_many_as_it_says),
        cmocka_unit_test(a_paced_plugin_gets_so_many_a_second),
        cmocka_unit_test(a_plugin_reaches_the_network_through_the_host),
    };
    const char *backend = getenv("BACKEND");
    if (backend && strcmp(backend, "worker") == 0)
        place = DR_PLUGIN_IN_WORKER;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
