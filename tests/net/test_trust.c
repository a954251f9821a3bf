/* What is shown of the endpoints of a configuration, by a real sshd and a scripted https server. */
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "endpoint.h"
#include "support/sshd.h"

#include <drstor/drstor.h>

#include <dirent.h>

static struct sshd *daemon_;
static char here[64];
static int held; /* cases */

static int
setup(void **state)
{
    daemon_ = sshd_new(NULL);
    if (!daemon_)
        return -1;
    (void)snprintf(here, sizeof(here), "[127.0.0.1]:%d", daemon_->port);
    sshd_write(daemon_, "password", "open sesame");
    return endpoint_certificates(state);
}

static int
teardown(void **state)
{
    sshd_free(daemon_);
    return endpoint_certificates_gone(state);
}

/* ARRAYS and ENGINE as text of the configuration; %s of it is the folder. NAME NULL: all. */
static int
look(const char *engine, const char *arrays, const char *name, struct json_object **ret,
     struct drstor_error **err)
{
    dr_auto(dr_str_freep) struct dr_str text = {0};
    char path[128];
    dr_str_printf(&text,
                  "version: 1\ncontroller: { name: c1, site: rome }\n"
                  "state: { sqlite: %s/state.db }\nsites:\n  milan: {}\n  rome: {%s}\n"
                  "arrays:\n%s",
                  daemon_->dir, engine, arrays);
    sshd_write(daemon_, "drstor.yaml", text.s);
    (void)snprintf(path, sizeof(path), "%s/drstor.yaml", daemon_->dir);
    struct drstor_options o = DRSTOR_OPTIONS_INIT;
    o.config = path;
    struct drstor *d = NULL;
    char *json = NULL;
    int r = drstor_open(&o, &d, err);
    if (r == DRSTOR_OK)
        r = drstor_trust_show(d, &name, name != NULL, &json, err);
    if (r < 0)
        print_message("%s\n", drstor_error_message(*err));
    else
        assert_int_equal(dr_json_parse(json, strlen(json), &dr_json_small, ret, NULL), DRSTOR_OK);
    drstor_text_free(json);
    drstor_close(d);
    return r;
}

static char *
array(const char *name, int port)
{
    struct dr_str s = {0};
    dr_str_printf(&s,
                  "  %s: { plugin: lvm-drbd, site: rome, url: \"ssh://127.0.0.1:%d\", user: u, "
                  "key: { file: ed25519 }, known_hosts: hosts }\n",
                  name, port);
    return dr_str_take(&s);
}

/* The only row, and the exit of its document. */
static struct json_object *
only_row(struct json_object *doc, int exit)
{
    struct json_object *all = dr_json_get(doc, "endpoints");
    int64_t code = -1;
    assert_int_equal(dr_json_length(all), 1);
    assert_true(dr_json_i64(doc, "exit", &code));
    assert_int_equal(code, exit);
    return json_object_array_get_idx(all, 0);
}

static void
is(struct json_object *row, const char *member, const char *want)
{
    const char *got = dr_json_str(row, member);
    if (!dr_streq(got, want))
        fail_msg("%s is %s, not %s", member, got ? got : "(none)", want);
}

static void
has(struct json_object *row, const char *member, const char *part)
{
    const char *got = dr_json_str(row, member);
    if (!got || !strstr(got, part))
        fail_msg("%s is %s, without %s", member, got ? got : "(none)", part);
}

/* PORT 0: sshd's. */
static struct json_object *
look_ssh(int port, int exit, struct json_object **doc)
{
    dr_auto(dr_freep) char *arrays = array("drbd-rome", port ? port : daemon_->port);
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    assert_int_equal(look("", arrays, NULL, doc, &err), DRSTOR_OK);
    return only_row(*doc, exit);
}

static size_t
files(void)
{
    size_t n = 0;
    DIR *dir = opendir(daemon_->dir);
    assert_non_null(dir);
    while (readdir(dir))
        n++;
    (void)closedir(dir);
    return n;
}

static void
an_unknown_host_is_shown_with_the_line_that_makes_it_known(void **state)
{
    (void)state;
    dr_auto(dr_json_putp) struct json_object *first = NULL, *then = NULL, *last = NULL;
    int logins = sshd_logins(daemon_);
    sshd_write(daemon_, "drstor.yaml", "");
    size_t before = files();
    struct json_object *row = look_ssh(0, 0, &first);
    is(row, "state", "unknown");
    has(row, "text", "there is no file");
    has(row, "compare", "a person compares the fingerprint with what the host's own console says");
    has(row, "compare", "ssh_host_ed25519_key.pub");
    assert_int_equal(files(), before);

    static const char *const words[] = {"-l", "-f", "host_ed25519.pub", NULL};
    assert_true(sshd_keygen(daemon_, words));
    dr_auto(dr_freep) char *log = sshd_text(daemon_, "programs.log");
    assert_non_null(strstr(log, dr_json_str(row, "fingerprint")));

    dr_auto(dr_freep) char *add = dr_strdup(dr_json_str(row, "add"));
    sshd_write(daemon_, "hosts", "# of nobody yet\n");
    row = look_ssh(0, 0, &then);
    is(row, "state", "unknown");
    has(row, "text", "no key of it is in");
    is(row, "add", add);

    sshd_write(daemon_, "hosts", add);
    row = look_ssh(0, 0, &last);
    is(row, "state", "known");
    assert_null(dr_json_get(row, "compare"));
    dr_auto(dr_freep) char *kept = sshd_text(daemon_, "hosts");
    assert_string_equal(kept, add);
    assert_int_equal(sshd_logins(daemon_), logins);
    held++;
}

static void
another_key_than_the_one_on_file_is_told_as_that(void **state)
{
    (void)state;
    static const struct {
        const char *before, *file, *state, *says;
    } cases[] = {
        {"", "stranger.pub", "changed", "has another key of it: ssh-ed25519 SHA256:"},
        {"@revoked ", "host_ed25519.pub", "revoked", "calls its key revoked"},
    };
    for (size_t i = 0; i < DR_COUNT(cases); i++) {
        dr_auto(dr_json_putp) struct json_object *doc = NULL;
        dr_auto(dr_freep) char *key = sshd_text(daemon_, cases[i].file);
        dr_auto(dr_str_freep) struct dr_str known = {0};
        dr_str_printf(&known, "%s%s %s", cases[i].before, here, key);
        sshd_write(daemon_, "hosts", known.s);
        struct json_object *row = look_ssh(0, 9, &doc);
        is(row, "state", cases[i].state);
        has(row, "text", cases[i].says);
        has(row, "fingerprint", "SHA256:");
        assert_non_null(dr_json_str(row, "hint"));
        assert_int_equal(dr_json_get(row, "add") != NULL, i == 0);
        dr_auto(dr_freep) char *kept = sshd_text(daemon_, "hosts");
        assert_string_equal(kept, known.s);
    }
    held++;
}

static void
who_shows_no_key_is_unseen_and_the_reason_is_told(void **state)
{
    (void)state;
    static const struct peer_step talk[] = {
        {PEER_RAW, "HTTP/1.1 400 Bad Request\r\n\r\n", 0}, HOLD, END};
    static const struct peer_step *const scripts[] = {talk};
    const struct peer_options how = {.scripts = scripts, .n_scripts = 1};
    struct peer *p = peer_start(&how);
    dr_auto(dr_json_putp) struct json_object *dead = NULL, *other = NULL;
    sshd_write(daemon_, "hosts", "");
    struct json_object *row = look_ssh(port_unused(), 6, &dead);
    is(row, "state", "unseen");
    has(row, "text", "array drbd-rome");
    assert_null(dr_json_get(row, "fingerprint"));
    row = look_ssh(peer_port(p), 6, &other);
    is(row, "state", "unseen");
    has(row, "text", "array drbd-rome");
    peer_stop(p);
    held++;
}

static void
an_https_endpoint_is_held_against_its_pin_or_its_authority(void **state)
{
    (void)state;
    static const struct peer_step serve[] = SERVE;
    char pin[64], ca[96], none[64];
    struct peer *p = endpoint_peer(serve, NULL);
    assert_true(peer_pin(endpoint_dir, "good", pin));
    (void)snprintf(ca, sizeof(ca), "ca: %s/ca.pem", endpoint_dir);
    (void)snprintf(none, sizeof(none), "sha256//%043d=", 0);
    const struct {
        const char *key, *value, *state;
        int exit;
    } cases[] = {
        {"pin: ", pin, "known", 0},
        {"pin: ", none, "changed", 9},
        {ca, "", "known", 0},
    };
    for (size_t i = 0; i < DR_COUNT(cases); i++) {
        dr_auto(dr_json_putp) struct json_object *doc = NULL;
        dr_auto(dr_error_freep) struct drstor_error *err = NULL;
        dr_auto(dr_str_freep) struct dr_str engine = {0};
        dr_str_printf(&engine,
                      " engine: { url: \"https://127.0.0.1:%d/ovirt-engine\", user: a@internal, "
                      "password: { file: password }, %s%s } ",
                      peer_port(p), cases[i].key, cases[i].value);
        assert_int_equal(
            look(engine.s, "  a: { plugin: simulated, site: rome }\n", "rome", &doc, &err),
            DRSTOR_OK);
        struct json_object *row = only_row(doc, cases[i].exit);
        is(row, "kind", "engine");
        is(row, "state", cases[i].state);
        is(row, "fingerprint", pin);
        has(row, "add", pin);
        assert_int_equal(dr_json_get(row, "compare") != NULL, cases[i].exit != 0);
    }
    assert_int_equal(peer_requests(p), 0);
    peer_stop(p);
    held++;
}

static void
names_choose_and_a_wrong_one_asks_nobody(void **state)
{
    (void)state;
    dr_auto(dr_freep) char *one = array("drbd-rome", daemon_->port);
    dr_auto(dr_freep) char *two = array("drbd-oslo", port_unused());
    dr_auto(dr_str_freep) struct dr_str arrays = {0};
    dr_str_printf(&arrays, "%s%s  a: { plugin: simulated, site: rome }\n", one, two);
    sshd_write(daemon_, "hosts", "");
    dr_auto(dr_json_putp) struct json_object *doc = NULL, *all = NULL, *none = NULL;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    assert_int_equal(look("", arrays.s, "drbd-rome", &doc, &err), DRSTOR_OK);
    is(only_row(doc, 0), "name", "drbd-rome");
    assert_int_equal(look("", arrays.s, NULL, &all, &err), DRSTOR_OK);
    assert_int_equal(dr_json_length(dr_json_get(all, "endpoints")), 2);

    static const struct {
        const char *name, *says;
    } wrong[] = {
        {"drbd-rom", "there is no array or engine \"drbd-rom\""},
        {"a", "a is not reached over the network"},
    };
    for (size_t i = 0; i < DR_COUNT(wrong); i++) {
        dr_auto(dr_error_freep) struct drstor_error *e = NULL;
        assert_int_equal(look("", arrays.s, wrong[i].name, &none, &e), DRSTOR_E_INVALID);
        assert_non_null(strstr(dr_error_message(e), wrong[i].says));
    }
    /* What is on file must be readable before anybody is asked. */
    sshd_write(daemon_, "hosts", "host ssh-ed25519 AAAA\n");
    dr_auto(dr_error_freep) struct drstor_error *e = NULL;
    assert_int_equal(look("", arrays.s, "drbd-rome", &none, &e), DRSTOR_E_INVALID);
    assert_non_null(strstr(dr_error_message(e), "line 1 of its known hosts"));
    held++;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_host_is_shown_with_the_line_that_makes_it_known),
        cmocka_unit_test(another_key_than_the_one_on_file_is_told_as_that),
        cmocka_unit_test(who_shows_no_key_is_unseen_and_the_reason_is_told),
        cmocka_unit_test(an_https_endpoint_is_held_against_its_pin_or_its_authority),
        cmocka_unit_test(names_choose_and_a_wrong_one_asks_nobody),
    };
    int failed = cmocka_run_group_tests(tests, setup, teardown);
    print_message("figure trust_cases %d of %zu\n", held, DR_COUNT(tests));
    return failed;
}
