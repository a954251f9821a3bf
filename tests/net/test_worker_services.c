/* What a plugin reaches from a worker: its array's address, by https or by ssh, and nothing else.
 */
#include "base/file.h"
#include "endpoint.h"
#include "plugin/loader.h"
#include "plugin/shim.h"
#include "support/sshd.h"

#include <sys/stat.h>

static struct sshd *daemon_;
static struct dr_arena *arena;

static int
setup(void **state)
{
    daemon_ = sshd_new(NULL);
    arena = dr_arena_new();
    return daemon_ ? endpoint_certificates(state) : -1;
}

static int
teardown(void **state)
{
    sshd_free(daemon_);
    dr_arena_free(arena);
    return endpoint_certificates_gone(state);
}

static int
reach(const char *mode, const char *command, const struct dr_access_point *at,
      struct dr_array_handle **ret, struct drstor_error **err)
{
    struct dr_plugin *p = NULL;
    const struct dr_setting settings[] = {{.key = "mode", .value = mode},
                                          {.key = "command", .value = command}};
    const struct dr_array_open how = {
        .array = "a1", .site = "rome", .settings = settings, .n_settings = 2, .at = at};
    int r = dr_plugin_load(TEST_PLUGINS, "wild", &p, err);
    return r < 0 ? r : dr_array_open(dr_env_real(), p, &how, ret, err);
}

static int
ask(struct dr_array_handle *h, enum dr_array_op op, struct dr_reply *reply)
{
    static const char *groups[] = {"erp"};
    const struct dr_call call = {.operation = op,
                                 .deadline_ns = dr_now_ns(dr_env_real()) + 60 * DR_S,
                                 .groups = groups,
                                 .n_groups = 1,
                                 .group = "erp",
                                 .op = "op-1",
                                 .access_wanted = DRSTOR_ACCESS_READ_WRITE};
    int r = dr_array_call(h, &call, NULL, arena, reply);
    if (reply->error)
        print_message("%s\n", reply->error);
    return r;
}

/* As the configuration reads a file: without the newline at its end. */
static struct dr_secret *
key(const char *name)
{
    dr_auto(dr_freep) char *text = sshd_text(daemon_, name);
    size_t n = strlen(text);
    return dr_secret_new(text, n && text[n - 1] == '\n' ? n - 1 : n);
}

static const char *
in_dir(const char *name)
{
    return dr_arena_printf(arena, "%s/%s", daemon_->dir, name);
}

static struct dr_access_point
by_ssh(const char *key_name)
{
    const char **urls = dr_arena_alloc(arena, 1, sizeof(*urls));
    urls[0] = dr_arena_printf(arena, "ssh://127.0.0.1:%d", daemon_->port);
    return (struct dr_access_point){.urls = urls,
                                    .n_urls = 1,
                                    .user = daemon_->user,
                                    .key = key_name ? key(key_name) : NULL,
                                    .known_hosts = in_dir("known")};
}

static void
a_command_runs_at_the_array_and_its_words_come_back(void **state)
{
    (void)state;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_array_handle *h = NULL;
    struct dr_reply reply;
    const char *const keys[] = {"ed25519", "ecdsa", "pem"};
    for (size_t i = 0; i < DR_COUNT(keys); i++) {
        const struct dr_access_point at = by_ssh(keys[i]);
        assert_int_equal(reach("ssh", "echo \"it's me\"; exit 3", &at, &h, &err), DRSTOR_OK);
        assert_int_equal(ask(h, DR_ARRAY_OP_OBSERVE, &reply), DRSTOR_OK);
        assert_string_equal(reply.views[0].generation, "3:it's me\n");
        dr_array_close(h);
        dr_secret_free(at.key);
    }
}

static void
a_key_may_have_a_passphrase(void **state)
{
    (void)state;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_array_handle *h = NULL;
    struct dr_reply reply;
    struct dr_access_point at = by_ssh("locked");
    at.password = dr_secret_new("open sesame", 11);
    assert_int_equal(reach("ssh", "echo in", &at, &h, &err), DRSTOR_OK);
    assert_int_equal(ask(h, DR_ARRAY_OP_OBSERVE, &reply), DRSTOR_OK);
    assert_string_equal(reply.views[0].generation, "0:in\n");
    dr_array_close(h);
    dr_secret_free(at.password);
    dr_secret_free(at.key);
}

static void
the_agent_is_asked_only_where_the_configuration_says_so(void **state)
{
    (void)state;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_array_handle *h = NULL;
    struct dr_reply reply;
    struct dr_access_point at = by_ssh(NULL);
    assert_true(sshd_agent(daemon_));
    at.agent = true;
    assert_int_equal(reach("ssh", "echo in", &at, &h, &err), DRSTOR_OK);
    assert_int_equal(ask(h, DR_ARRAY_OP_OBSERVE, &reply), DRSTOR_OK);
    dr_array_close(h);
    at = by_ssh("stranger");
    assert_int_equal(reach("ssh", "echo in", &at, &h, &err), DRSTOR_OK);
    assert_int_equal(ask(h, DR_ARRAY_OP_OBSERVE, &reply), DRSTOR_E_AUTH);
    dr_array_close(h);
    dr_secret_free(at.key);
}

static void
a_host_that_is_not_known_is_not_talked_to(void **state)
{
    (void)state;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_array_handle *h = NULL;
    struct dr_reply reply;
    struct dr_access_point at = by_ssh("ed25519");
    sshd_write(daemon_, "nobody", "# nobody yet\n");
    at.known_hosts = in_dir("nobody");
    int before = sshd_logins(daemon_);
    assert_int_equal(reach("ssh", "echo in", &at, &h, &err), DRSTOR_OK);
    assert_int_equal(ask(h, DR_ARRAY_OP_SET_ACCESS, &reply), DRSTOR_E_AUTH);
    assert_int_equal(reply.outcome, DRSTOR_OUTCOME_REFUSED);
    assert_int_equal(sshd_logins(daemon_), before);
    dr_array_close(h);
    dr_secret_free(at.key);
}

/* The file is read here, before anything is asked; whoever may write it could let anybody in. */
static void
known_hosts_must_be_ours_alone(void **state)
{
    (void)state;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_array_handle *h = NULL;
    struct dr_access_point at = by_ssh("ed25519");
    at.known_hosts = in_dir("missing");
    assert_true(reach("ssh", "echo in", &at, &h, &err) < 0);
    assert_non_null(strstr(dr_error_message(err), "missing"));
    dr_error_freep(&err);
    sshd_write(daemon_, "open", "x");
    at.known_hosts = in_dir("open");
    assert_int_equal(chmod(at.known_hosts, 0666), 0);
    assert_true(reach("ssh", "echo in", &at, &h, &err) < 0);
    assert_non_null(strstr(dr_error_message(err), "known_hosts"));
    dr_secret_free(at.key);
}

static void
a_change_whose_host_goes_away_is_unknown(void **state)
{
    (void)state;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_array_handle *h = NULL;
    struct dr_reply reply;
    const struct dr_access_point at = by_ssh("ed25519");
    assert_int_equal(reach("ssh", "kill -9 $PPID", &at, &h, &err), DRSTOR_OK);
    assert_int_equal(ask(h, DR_ARRAY_OP_SET_ACCESS, &reply), DRSTOR_E_UNKNOWN);
    assert_int_equal(reply.outcome, DRSTOR_OUTCOME_UNKNOWN);
    dr_array_close(h);
    dr_secret_free(at.key);
}

static void
a_plugin_reads_by_https_too(void **state)
{
    (void)state;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    static const struct peer_step script[] = SERVE;
    struct peer *p = endpoint_peer(script, NULL);
    struct dr_array_handle *h = NULL;
    struct dr_reply reply;
    char pin[64];
    assert_true(peer_pin(endpoint_dir, "good", pin));
    const char *urls[] = {dr_arena_printf(arena, "https://127.0.0.1:%d", peer_port(p))};
    const struct dr_access_point at = {
        .urls = urls, .n_urls = 1, .pin = pin, .user = "u", .password = dr_secret_new("sesame", 6)};
    assert_int_equal(reach("http", "/api", &at, &h, &err), DRSTOR_OK);
    assert_int_equal(ask(h, DR_ARRAY_OP_OBSERVE, &reply), DRSTOR_OK);
    assert_string_equal(reply.views[0].generation, "200:{}");
    assert_int_equal(ask(h, DR_ARRAY_OP_SET_ACCESS, &reply), DRSTOR_OK);
    assert_int_equal(peer_mutations(p), 1);
    dr_array_close(h);
    assert_int_equal(reach("ssh", "echo in", &at, &h, &err), DRSTOR_OK);
    assert_int_equal(ask(h, DR_ARRAY_OP_OBSERVE, &reply), DRSTOR_E_UNSUPPORTED);
    dr_array_close(h);
    peer_stop(p);
    dr_secret_free(at.password);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_runs_at_the_array_and_its_words_come_back),
        cmocka_unit_test(a_key_may_have_a_passphrase),
        cmocka_unit_test(the_agent_is_asked_only_where_the_configuration_says_so),
        cmocka_unit_test(a_host_that_is_not_known_is_not_talked_to),
        cmocka_unit_test(known_hosts_must_be_ours_alone),
        cmocka_unit_test(a_change_whose_host_goes_away_is_unknown),
        cmocka_unit_test(a_plugin_reads_by_https_too),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
