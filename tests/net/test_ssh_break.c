/* Connections to a real sshd: how they are kept and shared, and what the caller is told when any
 * part of it goes away. */
#include "net/remote.h"
#include "support/gate.h"
#include "support/peer.h"

#include <stdlib.h>
#include <unistd.h>

static struct sshd *daemon_;
static int held; /* cases */

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

/* ---- connections ----------------------------------------------------------------------------- */

static void
one_login_serves_many_commands(void **state)
{
    (void)state;
    dr_auto(dr_ssh_closep) struct dr_ssh *s =
        remote_open(daemon_, (struct dr_ssh_options){0}, "ed25519", 0);
    int before = sshd_logins(daemon_);
    uint64_t first_ns = 0, start_ns = dr_now_ns(dr_env_real());
    enum { COMMANDS = 40 };
    for (int i = 0; i < COMMANDS; i++) {
        struct command c;
        command_set(&c, s, "exit 1");
        command_ends(&c, DRSTOR_OK);
        assert_int_equal(c.reply.code, 1);
        command_clear(&c);
        if (i == 0)
            first_ns = dr_now_ns(dr_env_real());
    }
    assert_int_equal(sshd_logins(daemon_), before + 1);
    uint64_t end_ns = dr_now_ns(dr_env_real());
    print_message("figure ssh_first_ms %u\n", (unsigned)((first_ns - start_ns) / DR_MS));
    print_message("figure ssh_next_ms %u\n",
                  (unsigned)((end_ns - first_ns) / DR_MS / (COMMANDS - 1)));
    held++;
}

static void
commands_run_beside_each_other_up_to_the_limit(void **state)
{
    (void)state;
    dr_auto(dr_ssh_closep) struct dr_ssh *s =
        remote_open(daemon_, (struct dr_ssh_options){.parallel = 2}, "ed25519", 0);
    int before = sshd_logins(daemon_);
    char path[2][128], text[2][160];
    struct command c[2], late;
    for (int i = 0; i < 2; i++) {
        begun_make(daemon_, path[i]);
        (void)snprintf(text[i], sizeof(text[i]), "echo > %s", path[i]);
        command_set(&c[i], s, text[i]);
        command_start(&c[i]);
    }
    /* The second may begin, though the first waits for somebody who reads what it says. */
    begun_wait(path[1]);
    begun_wait(path[0]);
    (void)command_wait(&c[0]);
    (void)command_wait(&c[1]);
    assert_int_equal(c[0].status, DRSTOR_OK);
    assert_int_equal(c[1].status, DRSTOR_OK);
    command_clear(&c[0]);
    command_clear(&c[1]);
    assert_int_equal(sshd_logins(daemon_), before + 2);

    struct dr_cancel cancel = {false};
    for (int i = 0; i < 2; i++) {
        begun_make(daemon_, path[i]);
        (void)snprintf(text[i], sizeof(text[i]), "echo > %s; exec sleep 600", path[i]);
        command_set(&c[i], s, text[i]);
        c[i].q.cancel = &cancel;
        c[i].q.deadline_ns = in_ms(60 * 1000);
        command_start(&c[i]);
        begun_wait(path[i]);
    }
    command_set(&late, s, "echo > /dev/null");
    late.q.mutating = true;
    late.q.deadline_ns = in_ms(200);
    command_ends(&late, DRSTOR_E_BUSY);
    says(&late, "nothing was run");
    command_clear(&late);
    dr_cancel_now(dr_env_real(), &cancel);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(command_wait(&c[i]), DRSTOR_E_CANCELLED);
        command_clear(&c[i]);
    }
    held++;
}

static void *
hammer(void *arg)
{
    struct dr_ssh *s = arg;
    for (int i = 0; i < 20; i++) {
        struct command c;
        command_set(&c, s, "cat; echo more");
        char in[16];
        (void)snprintf(in, sizeof(in), "%p", (void *)&c);
        c.q.in = in;
        c.q.n_in = strlen(in);
        (void)command_main(&c);
        bool good = c.status == DRSTOR_OK && strncmp(c.reply.out, in, strlen(in)) == 0;
        command_clear(&c);
        if (!good)
            return (void *)1;
    }
    return NULL;
}

static void
many_threads_share_an_endpoint(void **state)
{
    (void)state;
    dr_auto(dr_ssh_closep) struct dr_ssh *s =
        remote_open(daemon_, (struct dr_ssh_options){.parallel = 3}, "ed25519", 0);
    int before = sshd_logins(daemon_);
    pthread_t threads[8];
    for (size_t i = 0; i < DR_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, s), 0);
    for (size_t i = 0; i < DR_COUNT(threads); i++) {
        void *wrong = NULL;
        (void)pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    assert_true(sshd_logins(daemon_) <= before + 3);
    held++;
}

static void
the_next_address_is_tried_when_one_is_dead(void **state)
{
    (void)state;
    int hole_port = 0;
    struct black_hole *hole = black_hole_open(&hole_port);
    char dead[64], silent[64], alive[64], name[64];
    (void)snprintf(dead, sizeof(dead), "ssh://127.0.0.1:%d", port_unused());
    (void)snprintf(silent, sizeof(silent), "ssh://127.0.0.1:%d", hole_port);
    (void)snprintf(name, sizeof(name), "ssh://nobody.invalid");
    (void)snprintf(alive, sizeof(alive), "ssh://127.0.0.1:%d", daemon_->port);
    const char *urls[] = {dead, silent, name, alive};
    struct dr_ssh_options o = {.urls = urls, .n_urls = 4, .connect_ms = 3000};
    dr_auto(dr_ssh_closep) struct dr_ssh *s = remote_open(daemon_, o, "ed25519", 0);
    struct command c;
    command_set(&c, s, "echo yes");
    c.q.mutating = true;
    command_ends(&c, DRSTOR_OK);
    command_clear(&c);
    o.n_urls = 3;
    o.connect_ms = 200;
    dr_auto(dr_ssh_closep) struct dr_ssh *none = remote_open(daemon_, o, "ed25519", 0);
    command_set(&c, none, "echo yes");
    c.q.mutating = true;
    command_ends(&c, DRSTOR_E_UNREACHABLE);
    says(&c, "none of 3 addresses answers");
    says(&c, "nothing was run");
    command_clear(&c);
    black_hole_close(hole);
    held++;
}

/* ---- when it goes away ----------------------------------------------------------------------- */

static void
a_connection_that_died_between_commands_is_replaced(void **state)
{
    (void)state;
    dr_auto(dr_ssh_closep) struct dr_ssh *s =
        remote_open(daemon_, (struct dr_ssh_options){0}, "ed25519", 0);
    struct command c;
    command_set(&c, s, "exit 0");
    command_ends(&c, DRSTOR_OK);
    command_clear(&c);
    sshd_kill(daemon_);
    assert_true(sshd_start(daemon_));
    int before = sshd_logins(daemon_);
    command_set(&c, s, "exit 5");
    c.q.mutating = true;
    command_ends(&c, DRSTOR_OK);
    assert_int_equal(c.reply.code, 5);
    command_clear(&c);
    assert_int_equal(sshd_logins(daemon_), before + 1);
    sshd_kill(daemon_);
    command_set(&c, s, "exit 5");
    c.q.mutating = true;
    command_ends(&c, DRSTOR_E_UNREACHABLE);
    says(&c, "nothing was run");
    command_clear(&c);
    assert_true(sshd_start(daemon_));
    held++;
}

static void
a_connection_that_hangs_between_commands_is_replaced(void **state)
{
    (void)state;
    dr_auto(dr_ssh_closep) struct dr_ssh *s =
        remote_open(daemon_, (struct dr_ssh_options){.connect_ms = 2000}, "ed25519", 0);
    struct command c;
    command_set(&c, s, "exit 0");
    command_ends(&c, DRSTOR_OK);
    command_clear(&c);
    sshd_pause(daemon_, false);
    command_set(&c, s, "exit 5");
    c.q.mutating = true;
    command_ends(&c, DRSTOR_OK);
    command_clear(&c);
    sshd_pause(daemon_, true); /* now nobody answers at all */
    command_set(&c, s, "exit 5");
    c.q.mutating = true;
    command_ends(&c, DRSTOR_E_UNREACHABLE);
    says(&c, "nothing was run");
    command_clear(&c);
    sshd_go_on(daemon_);
    held++;
}

/* What happens to a command that has begun, and what the caller of a read and of a mutation is
 * told. */
enum blow { BLOW_KILL, BLOW_DEADLINE, BLOW_HANG, BLOW_CANCEL, BLOW_FORBID };

static void
a_command_that_has_begun(enum blow blow, bool mutating, int status, const char *says_what)
{
    struct dr_contact *contact = dr_contact_new(dr_env_real());
    struct dr_ssh *s = remote_open(
        daemon_, (struct dr_ssh_options){.contact = contact, .site = "rome"}, "ed25519", 0);
    struct dr_cancel cancel = {false};
    char path[128], text[160];
    begun_make(daemon_, path);
    (void)snprintf(text, sizeof(text), "echo > %s; exec sleep 600", path);
    struct command c;
    command_set(&c, s, text);
    c.q.mutating = mutating;
    c.q.cancel = &cancel;
    c.q.deadline_ns = in_ms(blow == BLOW_DEADLINE || blow == BLOW_HANG ? 3000 : 60 * 1000);
    command_start(&c);
    begun_wait(path);
    if (blow == BLOW_KILL)
        sshd_kill(daemon_);
    else if (blow == BLOW_HANG)
        sshd_pause(daemon_, true);
    else if (blow == BLOW_CANCEL)
        dr_cancel_now(dr_env_real(), &cancel);
    else if (blow == BLOW_FORBID)
        dr_contact_forbid(contact, "rome");
    int r = command_wait(&c);
    if (blow == BLOW_HANG)
        sshd_go_on(daemon_);
    if (r != status)
        print_message("%d: %s\n", (int)blow, dr_error_message(c.err));
    assert_int_equal(r, status);
    says(&c, says_what);
    if (blow == BLOW_FORBID) {
        struct command after;
        command_set(&after, s, "exit 0");
        command_ends(&after, DRSTOR_E_REFUSED);
        assert_string_equal(dr_error_rule(after.err), "R040");
        command_clear(&after);
    }
    if (r == DRSTOR_E_REFUSED)
        assert_string_equal(dr_error_rule(c.err), "R040");
    command_clear(&c);
    dr_ssh_close(s);
    dr_contact_free(contact);
    if (blow == BLOW_KILL)
        assert_true(sshd_start(daemon_));
}

static void
a_read_whose_end_was_not_seen_may_be_repeated(void **state)
{
    (void)state;
    a_command_that_has_begun(BLOW_KILL, false, DRSTOR_E_UNREACHABLE, "may be repeated");
    a_command_that_has_begun(BLOW_DEADLINE, false, DRSTOR_E_UNREACHABLE, "may be repeated");
    a_command_that_has_begun(BLOW_HANG, false, DRSTOR_E_UNREACHABLE, "may be repeated");
    a_command_that_has_begun(BLOW_CANCEL, false, DRSTOR_E_CANCELLED, "it changes nothing");
    a_command_that_has_begun(BLOW_FORBID, false, DRSTOR_E_REFUSED, "declared lost");
    held++;
}

static void
a_mutation_whose_end_was_not_seen_is_unknown(void **state)
{
    (void)state;
    a_command_that_has_begun(BLOW_KILL, true, DRSTOR_E_UNKNOWN, "closed");
    a_command_that_has_begun(BLOW_DEADLINE, true, DRSTOR_E_UNKNOWN, "deadline");
    a_command_that_has_begun(BLOW_HANG, true, DRSTOR_E_UNKNOWN, "deadline");
    a_command_that_has_begun(BLOW_CANCEL, true, DRSTOR_E_UNKNOWN, "cancelled");
    a_command_that_has_begun(BLOW_FORBID, true, DRSTOR_E_UNKNOWN, "declared lost");
    held++;
}

static void
what_is_cancelled_or_late_before_it_begins_is_not_run(void **state)
{
    (void)state;
    dr_auto(dr_ssh_closep) struct dr_ssh *s =
        remote_open(daemon_, (struct dr_ssh_options){0}, "ed25519", 0);
    int before = sshd_logins(daemon_);
    struct dr_cancel cancel = {true};
    struct command c;
    command_set(&c, s, "exit 0");
    c.q.mutating = true;
    c.q.cancel = &cancel;
    command_ends(&c, DRSTOR_E_CANCELLED);
    says(&c, "nothing was run");
    command_clear(&c);
    command_set(&c, s, "exit 0");
    c.q.mutating = true;
    c.q.deadline_ns = 1;
    command_ends(&c, DRSTOR_E_UNREACHABLE);
    says(&c, "nothing was run");
    command_clear(&c);
    assert_int_equal(sshd_logins(daemon_), before);
    held++;
}

/* ---- every place at which a connection can break --------------------------------------------- */

enum { POINTS = 40, NEAR = 100, HELD = 12, CUTS = 2 * (POINTS + 1 + NEAR + HELD) };

/* What we were told of one mutation each, and whether its answer was whole. */
struct cut {
    size_t down, up;
    int status;
    bool complete;
};

/* How often command NUMBER ran. */
static size_t
times_run(const char *ran, size_t number)
{
    char line[32];
    size_t n = 0, len = (size_t)snprintf(line, sizeof(line), "x%06zu\n", number);
    for (const char *at = ran; (at = strstr(at, line)); at += len)
        n++;
    return n;
}

/* Mutation NUMBER, through a gate that ends after so many bytes. */
static void
cut_make(struct cut *cut, size_t number, size_t down, size_t up, enum gate_end end)
{
    struct gate *g = gate_start(daemon_->port, down, up, end);
    struct dr_ssh *s =
        remote_open(daemon_, (struct dr_ssh_options){.connect_ms = end == GATE_HOLD ? 400 : 10000},
                    "ed25519", gate_port(g));
    struct command c;
    char text[160];
    (void)snprintf(text, sizeof(text), "echo x%06zu >> %s/ran; echo done", number, daemon_->dir);
    command_set(&c, s, text);
    c.q.mutating = true;
    c.q.deadline_ns = in_ms(end == GATE_HOLD ? 1000 : 60 * 1000);
    (void)command_main(&c);
    *cut = (struct cut){.down = down, .up = up, .status = c.status};
    cut->complete = c.status == DRSTOR_OK && strcmp(c.reply.out, "done\n") == 0;
    command_clear(&c);
    dr_ssh_close(s);
    gate_stop(g);
}

static bool
cut_told_right(const struct cut *cut, size_t times)
{
    if (cut->status == DRSTOR_OK)
        return cut->complete && times == 1;
    if (cut->status == DRSTOR_E_UNKNOWN)
        return times <= 1;
    return cut->status == DRSTOR_E_UNREACHABLE && times == 0;
}

/* How many bytes one mutation takes that nothing disturbs. */
static void
cut_measure(size_t *ret_down, size_t *ret_up)
{
    struct gate *g = gate_start(daemon_->port, SIZE_MAX, SIZE_MAX, GATE_CUT);
    struct dr_ssh *s = remote_open(daemon_, (struct dr_ssh_options){0}, "ed25519", gate_port(g));
    struct command c;
    char text[160];
    (void)snprintf(text, sizeof(text), "echo x%06d >> %s/ran; echo done", CUTS, daemon_->dir);
    command_set(&c, s, text);
    command_ends(&c, DRSTOR_OK);
    command_clear(&c);
    dr_ssh_close(s);
    *ret_down = gate_down(g);
    *ret_up = gate_up(g);
    gate_stop(g);
}

static void
wherever_a_connection_breaks_we_are_told_what_holds(void **state)
{
    (void)state;
    static struct cut cuts[CUTS];
    size_t n = 0, down, up, good = 0, told[3] = {0};
    sshd_kill(daemon_); /* with the commands that the tests before have left there */
    assert_true(sshd_start(daemon_));
    cut_measure(&down, &up);
    for (size_t i = 0; i <= POINTS; i++) {
        cut_make(&cuts[n], n, down * i / POINTS, SIZE_MAX, GATE_CUT), n++;
        cut_make(&cuts[n], n, SIZE_MAX, up * i / POINTS, GATE_CUT), n++;
    }
    /* Near the end, where the command is, byte by byte almost. */
    for (size_t i = 0; i < NEAR; i++) {
        cut_make(&cuts[n], n, down - i * 7, SIZE_MAX, GATE_CUT), n++;
        cut_make(&cuts[n], n, SIZE_MAX, up - i * 5, GATE_CUT), n++;
    }
    for (size_t i = 0; i < HELD; i++) {
        cut_make(&cuts[n], n, down * i / HELD, SIZE_MAX, GATE_HOLD), n++;
        cut_make(&cuts[n], n, SIZE_MAX, up * i / HELD, GATE_HOLD), n++;
    }
    assert_int_equal(n, CUTS);

    /* What was begun ends, whoever hung up; only then it shows what ran. */
    assert_true(sshd_idle(daemon_));
    dr_auto(dr_freep) char *ran = sshd_text(daemon_, "ran");
    for (size_t i = 0; i < n; i++) {
        size_t times = times_run(ran, i);
        bool right = cut_told_right(&cuts[i], times);
        good += right;
        told[cuts[i].status == DRSTOR_OK ? 0 : cuts[i].status == DRSTOR_E_UNKNOWN ? 1 : 2]++;
        if (!right)
            print_message("%zu: %zu down, %zu up: told %d, ran %zu times\n", i, cuts[i].down,
                          cuts[i].up, cuts[i].status, times);
    }
    print_message("figure ssh_cut_points %zu of %zu\n", good, n);
    print_message("of them done %zu, unknown %zu, not begun %zu\n", told[0], told[1], told[2]);
    assert_int_equal(good, n);
    assert_true(told[0] > 0 && told[1] > 0 && told[2] > 0);
    held++;
}

/* ---- the log --------------------------------------------------------------------------------- */

struct seen {
    int n, code, status;
    bool sent, mutating;
    char path[256], method[8];
};

static void
on_event(const struct dr_contact_event *e, void *user)
{
    struct seen *s = user;
    s->n++;
    s->code = e->code;
    s->status = e->status;
    s->sent = e->sent;
    s->mutating = e->mutating;
    (void)snprintf(s->path, sizeof(s->path), "%s", e->path);
    (void)snprintf(s->method, sizeof(s->method), "%s", e->method);
}

static void
every_command_is_in_the_log_without_secrets(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct dr_contact *contact = dr_contact_new(dr_env_real());
    dr_contact_sink(contact, on_event, &seen);
    struct dr_ssh *s =
        remote_open(daemon_, (struct dr_ssh_options){.contact = contact}, "ed25519", 0);
    struct dr_secret *secret = dr_secret_new("hunter2hunter2", 14);
    const char *const argv[] = {"/bin/echo", "hunter2hunter2"};
    struct command c = {.s = s, .q = {.argv = argv, .n_argv = 2, .mutating = true}};
    command_ends(&c, DRSTOR_OK);
    command_clear(&c);
    assert_int_equal(seen.n, 1);
    assert_string_equal(seen.method, "SSH");
    assert_string_equal(seen.path, "/bin/echo **************");
    assert_true(seen.sent && seen.mutating);
    c.q.n_argv = 0;
    command_ends(&c, DRSTOR_E_INVALID);
    command_clear(&c);
    assert_int_equal(seen.n, 2);
    assert_false(seen.sent);
    dr_secret_free(secret);
    dr_ssh_close(s);
    dr_contact_free(contact);
    held++;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_login_serves_many_commands),
        cmocka_unit_test(commands_run_beside_each_other_up_to_the_limit),
        cmocka_unit_test(many_threads_share_an_endpoint),
        cmocka_unit_test(the_next_address_is_tried_when_one_is_dead),
        cmocka_unit_test(a_connection_that_died_between_commands_is_replaced),
        cmocka_unit_test(a_connection_that_hangs_between_commands_is_replaced),
        cmocka_unit_test(a_read_whose_end_was_not_seen_may_be_repeated),
        cmocka_unit_test(a_mutation_whose_end_was_not_seen_is_unknown),
        cmocka_unit_test(what_is_cancelled_or_late_before_it_begins_is_not_run),
        cmocka_unit_test(wherever_a_connection_breaks_we_are_told_what_holds),
        cmocka_unit_test(every_command_is_in_the_log_without_secrets),
    };
    int failed = cmocka_run_group_tests(tests, setup, teardown);
    print_message("figure ssh_break_cases %d of %zu\n", held, DR_COUNT(tests));
    return failed;
}
