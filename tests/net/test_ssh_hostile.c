/* What answers in the place of a sshd, or a sshd that can only what is not good enough: nothing is
 * run there, nothing is told to it, and it holds nobody. */
#include "net/remote.h"
#include "support/peer.h"

#include <stdlib.h>

static struct sshd *daemon_; /* for its keys */
static int held;             /* cases */

static int
setup(void **state)
{
    (void)state;
    daemon_ = sshd_new(NULL);
    return daemon_ ? 0 : -1;
}

static int
teardown(void **state)
{
    (void)state;
    sshd_free(daemon_);
    return 0;
}

/* A mutating command at PORT ends with STATUS and says TEXT. */
static void
ends_at(int port, unsigned connect_ms, int status, const char *text)
{
    dr_auto(dr_ssh_closep) struct dr_ssh *s =
        remote_open(daemon_, (struct dr_ssh_options){.connect_ms = connect_ms}, "ed25519", port);
    struct command c;
    command_set(&c, s, "echo yes");
    c.q.mutating = true;
    c.q.deadline_ns = in_ms(60 * 1000);
    command_ends(&c, status);
    says(&c, text);
    says(&c, "nothing was run");
    command_clear(&c);
}

static void
rubbish_is_no_ssh(void **state)
{
    (void)state;
    enum { OLD = 4 };
    static const char binary[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 \x7f\xff\x00\x80x";
    static const struct peer_step scripts[][4] = {
        {{PEER_SEND, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", 0},
         {PEER_CUT, NULL, 0}},
        {{PEER_SEND, binary, sizeof(binary)}, {PEER_CUT, NULL, 0}},
        {{PEER_ENDLESS, "there is no version in any of these many lines\r\n", 0},
         {PEER_END, NULL, 0}},
        {{PEER_ENDLESS, "one line without an end", 0}, {PEER_END, NULL, 0}},
        {{PEER_SEND, "SSH-1.5-old\r\n", 0}, {PEER_CUT, NULL, 0}},
        {{PEER_SEND, "SSH-2.0-x\r\n", 0},
         {PEER_ENDLESS, binary, sizeof(binary)},
         {PEER_END, NULL, 0}},
        {{PEER_SEND, "SSH-2.0-x\r\n", 0},
         {PEER_ENDLESS, "\xff\xff\xff\xff", 0},
         {PEER_END, NULL, 0}},
        /* Packets that are sound and say nothing, without end. */
        {{PEER_SEND, "SSH-2.0-x\r\n", 0},
         {PEER_ENDLESS, "\0\0\0\014\006\002\0\0\0\0\0\0\0\0\0", 16},
         {PEER_END, NULL, 0}},
    };
    for (size_t i = 0; i < DR_COUNT(scripts); i++) {
        const struct peer_step *script = scripts[i];
        struct peer *p = peer_start(&(struct peer_options){.scripts = &script, .n_scripts = 1});
        bool old = i == OLD; /* no more than a connection that was closed, to us */
        ends_at(peer_port(p), 20 * 1000, old ? DRSTOR_E_UNREACHABLE : DRSTOR_E_PROTOCOL,
                old ? "the connection was closed" : "speaks no ssh that can be used");
        peer_stop(p);
    }
    held++;
}

static void
silence_ends_with_the_time_of_the_address(void **state)
{
    (void)state;
    static const struct peer_step scripts[][3] = {
        {{PEER_HOLD, NULL, 0}, {PEER_END, NULL, 0}},
        {{PEER_SEND, "SSH-2.0-OpenSSH_9.2\r\n", 0}, {PEER_HOLD, NULL, 0}, {PEER_END, NULL, 0}},
        {{PEER_DRIP, "SSH-2.0-x", 0}, {PEER_HOLD, NULL, 0}, {PEER_END, NULL, 0}},
    };
    for (size_t i = 0; i < DR_COUNT(scripts); i++) {
        const struct peer_step *script = scripts[i];
        struct peer *p = peer_start(&(struct peer_options){.scripts = &script, .n_scripts = 1});
        ends_at(peer_port(p), 300, DRSTOR_E_UNREACHABLE, "no answer in time");
        peer_stop(p);
    }
    held++;
}

static void
weak_algorithms_are_not_spoken(void **state)
{
    (void)state;
    static const char *const weak[] = {
        "KexAlgorithms diffie-hellman-group14-sha1",
        "KexAlgorithms diffie-hellman-group-exchange-sha256",
        "Ciphers aes128-cbc,aes256-cbc,3des-cbc",
        "MACs hmac-sha1,hmac-md5",
    };
    for (size_t i = 0; i < DR_COUNT(weak); i++) {
        struct sshd *d = sshd_new(weak[i]);
        assert_non_null(d);
        dr_auto(dr_ssh_closep) struct dr_ssh *s =
            remote_open(d, (struct dr_ssh_options){0}, "ed25519", 0);
        struct command c;
        command_set(&c, s, "echo yes");
        c.q.mutating = true;
        command_ends(&c, DRSTOR_E_PROTOCOL);
        says(&c, "nothing was run");
        assert_int_equal(sshd_logins(d), 0);
        command_clear(&c);
        sshd_free(d);
    }
    held++;
}

static void
who_lets_us_in_but_runs_nothing_is_told_apart(void **state)
{
    (void)state;
    struct sshd *d = sshd_new("MaxSessions 0");
    assert_non_null(d);
    dr_auto(dr_ssh_closep) struct dr_ssh *s =
        remote_open(d, (struct dr_ssh_options){0}, "ed25519", 0);
    struct command c;
    command_set(&c, s, "echo yes");
    c.q.mutating = true;
    command_ends(&c, DRSTOR_E_AUTH);
    says(&c, "begins no command for user");
    says(&c, "nothing was run");
    assert_int_equal(sshd_logins(d), 1);
    command_clear(&c);
    sshd_free(d);
    held++;
}

static void
an_end_without_an_exit_status_is_no_success(void **state)
{
    (void)state;
    struct sshd *d = sshd_new(NULL);
    assert_non_null(d);
    sshd_kill(d);
    assert_true(sshd_mute(d));
    assert_true(sshd_start(d));
    dr_auto(dr_ssh_closep) struct dr_ssh *s =
        remote_open(d, (struct dr_ssh_options){0}, "ed25519", 0);
    for (int mutating = 0; mutating < 2; mutating++) {
        struct command c;
        command_set(&c, s, "echo yes; exit 0");
        c.q.mutating = mutating;
        command_ends(&c, mutating ? DRSTOR_E_UNKNOWN : DRSTOR_E_UNREACHABLE);
        says(&c, "the channel was closed without an exit status");
        command_clear(&c);
    }
    sshd_free(d);
    held++;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rubbish_is_no_ssh),
        cmocka_unit_test(silence_ends_with_the_time_of_the_address),
        cmocka_unit_test(weak_algorithms_are_not_spoken),
        cmocka_unit_test(who_lets_us_in_but_runs_nothing_is_told_apart),
        cmocka_unit_test(an_end_without_an_exit_status_is_no_success),
    };
    int failed = cmocka_run_group_tests(tests, setup, teardown);
    print_message("figure ssh_hostile_cases %d of %zu\n", held, DR_COUNT(tests));
    return failed;
}
