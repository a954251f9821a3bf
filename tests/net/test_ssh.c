/* Commands at a real sshd: who is let in, whom we believe, in which words. */
#include "net/remote.h"
#include "net/ssh_link.h"
#include "support/peer.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
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

/* ---- what a command said --------------------------------------------------------------------- */

static void
a_command_brings_both_streams_and_its_exit_status(void **state)
{
    (void)state;
    dr_auto(dr_ssh_closep) struct dr_ssh *s =
        remote_open(daemon_, (struct dr_ssh_options){0}, "ed25519", 0);
    struct command c;
    for (int code = 0; code < 256; code += 51) {
        char text[64];
        (void)snprintf(text, sizeof(text), "echo out; echo err >&2; exit %d", code);
        command_set(&c, s, text);
        command_ends(&c, DRSTOR_OK);
        assert_int_equal(c.reply.code, code);
        assert_string_equal(c.reply.out, "out\n");
        assert_string_equal(c.reply.err, "err\n");
        assert_int_equal(c.reply.n_out, 4);
        assert_int_equal(c.reply.n_err, 4);
        command_clear(&c);
    }
    command_set(&c, s, "kill -9 $$");
    command_ends(&c, DRSTOR_OK);
    assert_int_equal(c.reply.code, -1);
    command_clear(&c);
    /* The status may come long after the last word. */
    command_set(&c, s, "exec >&- 2>&-; sleep 0.2; exit 7");
    command_ends(&c, DRSTOR_OK);
    assert_int_equal(c.reply.code, 7);
    command_clear(&c);
    held++;
}

static void
standard_input_arrives_whole_and_ends(void **state)
{
    (void)state;
    dr_auto(dr_ssh_closep) struct dr_ssh *s =
        remote_open(daemon_, (struct dr_ssh_options){0}, "ed25519", 0);
    size_t n = 3 * 1024 * 1024 + 17;
    dr_auto(dr_freep) char *in = dr_alloc0(n, 1);
    for (size_t i = 0; i < n; i++)
        in[i] = (char)(i * 31 + i / 251);
    struct command c;
    command_set(&c, s, "cat; cat >&2 <&-; exit 0");
    c.q.in = in;
    c.q.n_in = n;
    c.q.large = true;
    command_ends(&c, DRSTOR_OK);
    assert_int_equal(c.reply.n_out, n);
    assert_memory_equal(c.reply.out, in, n);
    command_clear(&c);
    command_set(&c, s, "cat"); /* none: it ends at once */
    command_ends(&c, DRSTOR_OK);
    assert_int_equal(c.reply.n_out, 0);
    command_clear(&c);
    command_set(&c, s, "exit 4"); /* it need not be read */
    c.q.in = in;
    c.q.n_in = n;
    command_ends(&c, DRSTOR_OK);
    assert_int_equal(c.reply.code, 4);
    command_clear(&c);
    held++;
}

static void
output_is_taken_up_to_its_limit(void **state)
{
    (void)state;
    dr_auto(dr_ssh_closep) struct dr_ssh *s =
        remote_open(daemon_, (struct dr_ssh_options){0}, "ed25519", 0);
    struct command c;
    command_set(&c, s, "head -c 5242880 /dev/zero; head -c 1000000 /dev/zero >&2");
    c.q.large = true;
    command_ends(&c, DRSTOR_OK);
    assert_int_equal(c.reply.n_out, 5242880);
    assert_int_equal(c.reply.n_err, 1000000);
    command_clear(&c);
    command_set(&c, s, "head -c 1048576 /dev/zero");
    command_ends(&c, DRSTOR_OK);
    assert_int_equal(c.reply.n_out, 1048576);
    command_clear(&c);

    static const char *const endless[] = {"head -c 1048577 /dev/zero", "exec cat /dev/zero",
                                          "exec cat /dev/zero >&2",
                                          "head -c 600000 /dev/zero >&2; head -c 600000 /dev/zero"};
    for (size_t i = 0; i < DR_COUNT(endless); i++)
        for (int mutating = 0; mutating < 2; mutating++) {
            command_set(&c, s, endless[i]);
            c.q.mutating = mutating;
            command_ends(&c, mutating ? DRSTOR_E_UNKNOWN : DRSTOR_E_PROTOCOL);
            says(&c, "more than 1 MiB");
            command_clear(&c);
        }
    command_set(&c, s, "exec cat /dev/zero");
    c.q.large = true;
    command_ends(&c, DRSTOR_E_PROTOCOL);
    says(&c, "more than 64 MiB");
    command_clear(&c);
    held++;
}

/* ---- words ----------------------------------------------------------------------------------- */

enum { WORDS = 40, LINES = 100 };

/* Bytes that mean something to some shell come more often than others. */
static void
word_make(unsigned *seed, char *to)
{
    static const char nasty[] = "'\"\\$`!*?[]{}()<>|&;~#%^=-+@:, \t\r\a\x7f\x01\x1b\xc3\xa9\xff";
    *seed = *seed * 1103515245 + 12345;
    size_t n = (*seed >> 16) % 24;
    for (size_t i = 0; i < n; i++) {
        *seed = *seed * 1103515245 + 12345;
        unsigned v = *seed >> 16;
        char byte = v % 3 ? nasty[v / 3 % (sizeof(nasty) - 1)] : (char)(v / 3 % 255 + 1);
        to[i] = byte == '\n' ? 'n' : byte;
    }
    to[n] = '\0';
}

/* How many of the words are in TEXT as they were, each with a NUL behind it. */
static size_t
words_unharmed(const char *text, size_t n, char words[WORDS][32])
{
    size_t at = 0, good = 0;
    for (size_t i = 0; i < WORDS; i++) {
        size_t len = strlen(words[i]) + 1;
        if (at + len > n || memcmp(text + at, words[i], len) != 0)
            break;
        at += len;
        good++;
    }
    return at == n ? good : 0;
}

/* LINE by the shell SHELL of this machine. */
static size_t
shell_unharmed(const char *shell, const char *line, char words[WORDS][32])
{
    int fds[2], status;
    char buffer[WORDS * 32];
    size_t n = 0;
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        (void)dup2(fds[1], 1);
        (void)execl(shell, shell, "-c", line, (char *)NULL);
        _exit(127);
    }
    (void)close(fds[1]);
    for (ssize_t r; n < sizeof(buffer) && (r = read(fds[0], buffer + n, sizeof(buffer) - n)) > 0;)
        n += (size_t)r;
    (void)close(fds[0]);
    (void)waitpid(pid, &status, 0);
    return words_unharmed(buffer, n, words);
}

static void
no_word_is_read_as_shell(void **state)
{
    (void)state;
    static const char *const shells[] = {"/bin/sh", "/bin/bash", "/bin/dash"};
    dr_auto(dr_ssh_closep) struct dr_ssh *s =
        remote_open(daemon_, (struct dr_ssh_options){0}, "ed25519", 0);
    size_t good = 0, all = 0;
    unsigned seed = 20260101;
    for (int i = 0; i < LINES; i++) {
        char words[WORDS][32];
        const char *argv[WORDS + 2] = {"/usr/bin/printf", "%s\\0"};
        for (size_t w = 0; w < WORDS; w++) {
            word_make(&seed, words[w]);
            argv[w + 2] = words[w];
        }
        struct command c = {.s = s, .q = {.argv = argv, .n_argv = WORDS + 2}};
        command_ends(&c, DRSTOR_OK);
        good += words_unharmed(c.reply.out, c.reply.n_out, words);
        all += WORDS;
        command_clear(&c);
        dr_auto(dr_freep) char *line = NULL;
        assert_int_equal(ssh_command_line("x", argv, WORDS + 2, &line, NULL), DRSTOR_OK);
        for (size_t k = 0; k < DR_COUNT(shells); k++)
            if (access(shells[k], X_OK) == 0) {
                good += shell_unharmed(shells[k], line, words);
                all += WORDS;
            }
    }
    print_message("figure ssh_words_unharmed %zu of %zu\n", good, all);
    assert_int_equal(good, all);
    held++;
}

static void
plain_words_stay_bare_and_others_do_not(void **state)
{
    (void)state;
    static const struct {
        const char *words[4];
        const char *line;
    } lines[] = {
        {{"drstor/1", "change", "r0"}, "drstor/1 change r0"},
        {{"x", "iqn.2026-01.example:m", "a=b,c@d+e%f"}, "x iqn.2026-01.example:m a=b,c@d+e%f"},
        {{"A=b", "", "it's"}, "'A=b' '' 'it'\\''s'"},
        {{"if", "if", "=ls"}, "'if' if '=ls'"},
        {{"x", "\\", "a b"}, "x \\\\ 'a b'"},
        {{"x", "~", "$(reboot)"}, "x '~' '$(reboot)'"},
    };
    for (size_t i = 0; i < DR_COUNT(lines); i++) {
        dr_auto(dr_freep) char *line = NULL;
        assert_int_equal(ssh_command_line("x", lines[i].words, 3, &line, NULL), DRSTOR_OK);
        assert_string_equal(line, lines[i].line);
    }
    held++;
}

static void
a_command_that_makes_no_sense_is_not_run(void **state)
{
    (void)state;
    dr_auto(dr_ssh_closep) struct dr_ssh *s =
        remote_open(daemon_, (struct dr_ssh_options){0}, "ed25519", 0);
    int before = sshd_logins(daemon_);
    dr_auto(dr_freep) char *large = dr_alloc0(40000, 1);
    memset(large, 'a', 39999);
    const char *const wrong[][2] = {{"", "x"}, {"x", "a\nb"}, {"x", large}, {"x\n", "y"}};
    for (size_t i = 0; i < DR_COUNT(wrong); i++) {
        struct command c = {.s = s, .q = {.argv = wrong[i], .n_argv = 2}};
        command_ends(&c, DRSTOR_E_INVALID);
        command_clear(&c);
    }
    struct command none = {.s = s};
    command_ends(&none, DRSTOR_E_INVALID);
    command_clear(&none);
    assert_int_equal(sshd_logins(daemon_), before);
    held++;
}

/* ---- keys ------------------------------------------------------------------------------------ */

static void
every_kind_of_our_key_is_taken(void **state)
{
    (void)state;
    static const char *const keys[] = {"ed25519", "ecdsa", "pem", "locked"};
    for (size_t i = 0; i < DR_COUNT(keys); i++) {
        struct dr_secret *phrase = dr_secret_new("open sesame", 11);
        struct dr_ssh_options o = {.passphrase = i == 3 ? phrase : NULL};
        dr_auto(dr_ssh_closep) struct dr_ssh *s = remote_open(daemon_, o, keys[i], 0);
        dr_secret_free(phrase);
        struct command c;
        command_set(&c, s, "echo yes");
        command_ends(&c, DRSTOR_OK);
        command_clear(&c);
    }
    held++;
}

static void
a_wrong_key_or_passphrase_runs_nothing_and_shows_no_secret(void **state)
{
    (void)state;
    static const struct {
        const char *key, *phrase, *says;
    } wrong[] = {
        {"stranger", NULL, "does not let user"},     {"locked", NULL, "cannot be used"},
        {"locked", "open barley", "cannot be used"}, {"conf", NULL, "cannot be used"},
        {"ed25519.pub", NULL, "cannot be used"},
    };
    for (size_t i = 0; i < DR_COUNT(wrong); i++) {
        struct dr_secret *phrase =
            wrong[i].phrase ? dr_secret_new(wrong[i].phrase, strlen(wrong[i].phrase)) : NULL;
        struct dr_ssh_options o = {.passphrase = phrase};
        dr_auto(dr_ssh_closep) struct dr_ssh *s = remote_open(daemon_, o, wrong[i].key, 0);
        dr_secret_free(phrase);
        struct command c;
        command_set(&c, s, "echo yes");
        c.q.mutating = true;
        command_ends(&c, DRSTOR_E_AUTH);
        says(&c, wrong[i].says);
        says(&c, "nothing was run");
        assert_null(strstr(dr_error_message(c.err), "barley"));
        command_clear(&c);
    }
    held++;
}

static void
the_agent_signs_for_us(void **state)
{
    (void)state;
    assert_true(sshd_agent(daemon_));
    dr_auto(dr_ssh_closep) struct dr_ssh *agent =
        remote_open(daemon_, (struct dr_ssh_options){.agent = true}, NULL, 0);
    /* After a key that is not taken. */
    dr_auto(dr_ssh_closep) struct dr_ssh *both =
        remote_open(daemon_, (struct dr_ssh_options){.agent = true}, "stranger", 0);
    struct command c;
    command_set(&c, agent, "echo yes");
    command_ends(&c, DRSTOR_OK);
    command_clear(&c);
    command_set(&c, both, "echo yes");
    command_ends(&c, DRSTOR_OK);
    command_clear(&c);

    /* One that says nothing holds nobody: the process exists, and does not answer. */
    dr_auto(dr_ssh_closep) struct dr_ssh *silent =
        remote_open(daemon_, (struct dr_ssh_options){.agent = true, .connect_ms = 400}, NULL, 0);
    (void)kill(daemon_->agent, SIGSTOP);
    command_set(&c, silent, "echo yes");
    command_ends(&c, DRSTOR_E_UNREACHABLE);
    says(&c, "nothing was run");
    command_clear(&c);
    (void)kill(daemon_->agent, SIGCONT);

    (void)unsetenv("SSH_AUTH_SOCK"); // NOLINT(concurrency-mt-unsafe)
    struct dr_ssh *none = NULL;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_ssh_options o = {.agent = true};
    assert_int_equal(remote_try(daemon_, o, NULL, 0, &none, &err), DRSTOR_E_INVALID);
    held++;
}

/* ---- their keys ------------------------------------------------------------------------------ */

/* "NAME TYPE BASE64" with NAME in place of the port of D's. */
static char *
line_of(const char *before, const char *file)
{
    dr_auto(dr_freep) char *text = sshd_text(daemon_, file);
    struct dr_str s = {0};
    dr_str_printf(&s, "%s %s", before, text);
    return dr_str_take(&s);
}

static void
only_a_key_on_file_is_believed(void **state)
{
    (void)state;
    char here[40], revoked[16], ca[64], list[64];
    (void)snprintf(here, sizeof(here), "[127.0.0.1]:%d", daemon_->port);
    (void)snprintf(revoked, sizeof(revoked), "@revoked *");
    (void)snprintf(ca, sizeof(ca), "@cert-authority %s", here);
    (void)snprintf(list, sizeof(list), "elsewhere,%s", here);
    const struct {
        const char *before[2], *file[2];
        int status;
        const char *says;
    } cases[] = {
        {{here}, {"host_ed25519.pub"}, DRSTOR_OK, NULL},
        {{here}, {"host_ecdsa.pub"}, DRSTOR_OK, NULL}, /* then this type is asked for */
        {{list}, {"host_ed25519.pub"}, DRSTOR_OK, NULL},
        {{here, here}, {"stranger.pub", "host_ed25519.pub"}, DRSTOR_OK, NULL},
        {{here, here}, {"stranger.pub", "host_ecdsa.pub"}, DRSTOR_E_AUTH, "on file is ssh-ed25519"},
        {{here}, {"stranger.pub"}, DRSTOR_E_AUTH, "on file is ssh-ed25519"},
        {{here}, {"pem.pub"}, DRSTOR_E_AUTH, "on file is ecdsa-sha2-nistp384"},
        {{"127.0.0.1"}, {"host_ed25519.pub"}, DRSTOR_E_AUTH, "no key of it is on file"},
        {{"[127.0.0.1]:1"}, {"host_ed25519.pub"}, DRSTOR_E_AUTH, "no key of it is on file"},
        {{"*"}, {"host_ed25519.pub"}, DRSTOR_E_AUTH, "no key of it is on file"},
        {{ca}, {"host_ed25519.pub"}, DRSTOR_E_AUTH, "no key of it is on file"},
        {{"# a comment"}, {"host_ed25519.pub"}, DRSTOR_E_AUTH, "no key of it is on file"},
        {{here, revoked}, {"host_ed25519.pub", "host_ed25519.pub"}, DRSTOR_E_AUTH, "revoked"},
        {{here, revoked}, {"host_ed25519.pub", "stranger.pub"}, DRSTOR_OK, NULL},
    };
    for (size_t i = 0; i < DR_COUNT(cases); i++) {
        dr_auto(dr_str_freep) struct dr_str known = {0};
        for (size_t k = 0; k < 2 && cases[i].before[k]; k++) {
            dr_auto(dr_freep) char *line = line_of(cases[i].before[k], cases[i].file[k]);
            dr_str_add(&known, line);
        }
        struct dr_ssh_options o = {.known_hosts = known.s};
        dr_auto(dr_ssh_closep) struct dr_ssh *s = remote_open(daemon_, o, "ed25519", 0);
        struct command c;
        command_set(&c, s, "echo yes");
        c.q.mutating = true;
        int before = sshd_logins(daemon_);
        command_ends(&c, cases[i].status);
        assert_int_equal(sshd_logins(daemon_) - before, cases[i].status == DRSTOR_OK);
        if (cases[i].says) {
            says(&c, cases[i].says);
            says(&c, "SHA256:");
            says(&c, here);
            says(&c, "nothing was run");
        }
        if (cases[i].says && !strstr(cases[i].says, "revoked"))
            assert_non_null(strstr(dr_error_hint(c.err), "drstor trust show drbd-rome"));
        command_clear(&c);
    }
    held++;
}

static void
names_may_be_hashed(void **state)
{
    (void)state;
    dr_auto(dr_freep) char *plain = remote_known(daemon_, daemon_->port);
    sshd_write(daemon_, "hashed", plain);
    static const char *const words[] = {"-q", "-H", "-f", "hashed", NULL};
    assert_true(sshd_keygen(daemon_, words));
    dr_auto(dr_freep) char *hashed = sshd_text(daemon_, "hashed");
    assert_non_null(strstr(hashed, "|1|"));
    struct dr_ssh_options o = {.known_hosts = hashed};
    dr_auto(dr_ssh_closep) struct dr_ssh *s = remote_open(daemon_, o, "ed25519", 0);
    struct command c;
    command_set(&c, s, "echo yes");
    command_ends(&c, DRSTOR_OK);
    command_clear(&c);
    held++;
}

static void
the_key_that_is_shown_is_the_line_to_add(void **state)
{
    (void)state;
    char url[64];
    (void)snprintf(url, sizeof(url), "ssh://127.0.0.1:%d", daemon_->port);
    const char *urls[] = {url};
    struct dr_ssh_options o = {.name = "array drbd-rome", .urls = urls, .n_urls = 1};
    dr_auto(dr_ssh_shown_clear) struct dr_ssh_shown x = {0};
    int before = sshd_logins(daemon_);
    assert_int_equal(dr_ssh_host_key(dr_env_real(), &o, NULL, &x, NULL), DRSTOR_OK);
    assert_int_equal(sshd_logins(daemon_), before);
    assert_int_equal(x.trust, DR_SSH_KEY_UNKNOWN);
    assert_string_equal(x.on_file, "");
    dr_auto(dr_freep) char *known = remote_known(daemon_, daemon_->port);
    assert_int_equal(strncmp(known, x.line, strlen(x.line)), 0);
    static const char *const words[] = {"-l", "-f", "host_ed25519.pub", NULL};
    assert_true(sshd_keygen(daemon_, words));
    dr_auto(dr_freep) char *log = sshd_text(daemon_, "programs.log");
    assert_non_null(strstr(log, x.fingerprint));

    o.known_hosts = x.line;
    dr_auto(dr_ssh_closep) struct dr_ssh *s = remote_open(daemon_, o, "ed25519", 0);
    struct command c;
    command_set(&c, s, "echo yes");
    command_ends(&c, DRSTOR_OK);
    command_clear(&c);
    held++;
}

/* The same verdict as a call would come to, of the same key. */
static void
what_is_shown_is_held_against_what_is_on_file(void **state)
{
    (void)state;
    char url[64], here[64];
    (void)snprintf(url, sizeof(url), "ssh://127.0.0.1:%d", daemon_->port);
    (void)snprintf(here, sizeof(here), "[127.0.0.1]:%d", daemon_->port);
    const char *urls[] = {url};
    static const struct {
        const char *before, *file; /* BEFORE: a marker */
        enum dr_ssh_trust trust;
        const char *type, *on_file;
    } cases[] = {
        {"", "host_ed25519.pub", DR_SSH_KEY_KNOWN, "ssh-ed25519", "ssh-ed25519 SHA256:"},
        {"", "host_ecdsa.pub", DR_SSH_KEY_KNOWN, "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256 SHA"},
        {"", "stranger.pub", DR_SSH_KEY_OTHER, "ssh-ed25519", "ssh-ed25519 SHA256:"},
        {"@revoked ", "host_ed25519.pub", DR_SSH_KEY_REVOKED, "ssh-ed25519", ""},
        {"@revoked ", "stranger.pub", DR_SSH_KEY_UNKNOWN, "ssh-ed25519", ""},
    };
    for (size_t i = 0; i < DR_COUNT(cases); i++) {
        dr_auto(dr_freep) char *key = sshd_text(daemon_, cases[i].file);
        dr_auto(dr_str_freep) struct dr_str known = {0};
        dr_str_printf(&known, "%s%s %s", cases[i].before, here, key);
        const struct dr_ssh_options o = {
            .name = "array drbd-rome", .urls = urls, .n_urls = 1, .known_hosts = known.s};
        dr_auto(dr_ssh_shown_clear) struct dr_ssh_shown x = {0};
        assert_int_equal(dr_ssh_host_key(dr_env_real(), &o, NULL, &x, NULL), DRSTOR_OK);
        assert_int_equal(x.trust, cases[i].trust);
        assert_string_equal(x.type, cases[i].type);
        assert_int_equal(strncmp(x.on_file, cases[i].on_file, strlen(cases[i].on_file)), 0);
        assert_int_equal(*x.on_file != '\0', *cases[i].on_file != '\0');
        assert_int_equal(strncmp(x.line, here, strlen(here)), 0);
    }
    held++;
}

static void
where_nothing_is_shown_the_reason_is_told(void **state)
{
    (void)state;
    static const struct peer_step talk[] = {{PEER_RAW, "HTTP/1.1 400 Bad Request\r\n\r\n", 0},
                                            {PEER_HOLD, NULL, 0},
                                            {PEER_END, NULL, 0}};
    static const struct peer_step *const scripts[] = {talk};
    const struct peer_options how = {.scripts = scripts, .n_scripts = 1};
    struct peer *p = peer_start(&how);
    char dead[64], other[64];
    (void)snprintf(dead, sizeof(dead), "ssh://127.0.0.1:%d", port_unused());
    (void)snprintf(other, sizeof(other), "ssh://127.0.0.1:%d", peer_port(p));
    const char *urls[] = {dead, other};
    static const int status[] = {DRSTOR_E_UNREACHABLE, DRSTOR_E_PROTOCOL};
    struct dr_ssh_shown x = {0};
    for (size_t i = 0; i < DR_COUNT(urls); i++) {
        dr_auto(dr_error_freep) struct drstor_error *err = NULL;
        const struct dr_ssh_options o = {.name = "array a", .urls = &urls[i], .n_urls = 1};
        assert_int_equal(dr_ssh_host_key(dr_env_real(), &o, NULL, &x, &err), status[i]);
        assert_non_null(strstr(dr_error_message(err), "array a"));
        assert_null(x.line);
    }
    struct dr_cancel cancel = {0};
    dr_cancel_now(dr_env_real(), &cancel);
    const struct dr_ssh_options o = {.name = "array a", .urls = urls, .n_urls = 1};
    assert_int_equal(dr_ssh_host_key(dr_env_real(), &o, &cancel, &x, NULL), DRSTOR_E_CANCELLED);
    peer_stop(p);
    held++;
}

static void
what_cannot_be_used_is_said_before_any_traffic(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "http://127.0.0.1",    "ssh://",       "ssh:///x",         "ssh://root@127.0.0.1",
        "ssh://127.0.0.1/x",   "127.0.0.1:22", "ssh://h:99999999", "ssh://h?x",
        "ssh://u:secret@h:22", "ssh://h#x",
    };
    struct dr_ssh *s = NULL;
    for (size_t i = 0; i < DR_COUNT(urls); i++) {
        dr_auto(dr_error_freep) struct drstor_error *err = NULL;
        struct dr_ssh_options o = {.urls = &urls[i], .n_urls = 1};
        assert_int_equal(remote_try(daemon_, o, "ed25519", 0, &s, &err), DRSTOR_E_INVALID);
        assert_null(strstr(dr_error_message(err), "secret"));
    }
    static const char *const known[] = {
        "host ssh-ed25519",
        "host ssh-ed25519 AAAA",
        "host ssh-ed25519 not/base64!",
        "@revoked host ssh-ed25519 AAAAC3Nz",
        "host ecdsa-sha2-nistp256 AAAAC3NzaC1lZDI1NTE5AAAAIFtvkfFfrN7CCZY39kBZqRvPFNaBxwHRqsECMMRW",
    };
    for (size_t i = 0; i < DR_COUNT(known); i++) {
        dr_auto(dr_error_freep) struct drstor_error *err = NULL;
        struct dr_ssh_options o = {.known_hosts = known[i]};
        assert_int_equal(remote_try(daemon_, o, "ed25519", 0, &s, &err), DRSTOR_E_INVALID);
        assert_non_null(strstr(dr_error_message(err), "line 1"));
    }
    held++;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_brings_both_streams_and_its_exit_status),
        cmocka_unit_test(standard_input_arrives_whole_and_ends),
        cmocka_unit_test(output_is_taken_up_to_its_limit),
        cmocka_unit_test(no_word_is_read_as_shell),
        cmocka_unit_test(plain_words_stay_bare_and_others_do_not),
        cmocka_unit_test(a_command_that_makes_no_sense_is_not_run),
        cmocka_unit_test(every_kind_of_our_key_is_taken),
        cmocka_unit_test(a_wrong_key_or_passphrase_runs_nothing_and_shows_no_secret),
        cmocka_unit_test(the_agent_signs_for_us),
        cmocka_unit_test(only_a_key_on_file_is_believed),
        cmocka_unit_test(names_may_be_hashed),
        cmocka_unit_test(the_key_that_is_shown_is_the_line_to_add),
        cmocka_unit_test(what_is_shown_is_held_against_what_is_on_file),
        cmocka_unit_test(where_nothing_is_shown_the_reason_is_told),
        cmocka_unit_test(what_cannot_be_used_is_said_before_any_traffic),
    };
    int failed = cmocka_run_group_tests(tests, setup, teardown);
    print_message("figure ssh_cases %d of %zu\n", held, DR_COUNT(tests));
    return failed;
}
