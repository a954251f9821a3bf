#include "base/mem.h"
#include "net/ssh_link.h"

#include <string.h>

enum {
    LINE_MAX = 32 * 1024, /* libssh2 sends it in one packet */
    CHUNK = 64 * 1024,
    SMALL_MAX = 1 << 20,
    LARGE_MAX = 64 << 20,
    /* Of what is not output: packets have frames, and some say nothing to us, which libssh2 keeps.
     * A connection that brought more of it is not used again. */
    EXTRA_MAX = 16 << 20
};

/* ---- words ----------------------------------------------------------------------------------- */

/* What the shell would not take for a command where it stands first. */
static bool
is_reserved(const char *word)
{
    static const char *const words[] = {
        "if",     "then",  "else",  "elif", "fi", "do",  "done",   "case",   "esac",    "for",
        "select", "while", "until", "time", "in", "end", "coproc", "repeat", "function"};
    for (size_t i = 0; i < DR_COUNT(words); i++)
        if (strcmp(words[i], word) == 0)
            return true;
    return false;
}

/*
 * Bare where no shell sees anything in it: then a forced command at the far end can split its line
 * at blanks. Otherwise in single quotes, in which nothing means anything; what does in some shells,
 * the quote itself and the backslash, stands outside of them behind a backslash.
 */
static void
word_add(struct dr_str *line, const char *word, bool first)
{
    static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                               "._:/@+=-,%";
    size_t n = strlen(word);
    bool bare = n && strspn(word, safe) == n && *word != '=' &&
                (!first || (!strpbrk(word, "=%@:") && !is_reserved(word)));
    if (bare) {
        dr_str_add(line, word);
        return;
    }
    if (n == 0)
        dr_str_add(line, "''");
    while (*word) {
        size_t plain = strcspn(word, "'\\");
        if (plain) {
            dr_str_add(line, "'");
            dr_str_addn(line, word, plain);
            dr_str_add(line, "'");
        }
        word += plain;
        for (; *word == '\'' || *word == '\\'; word++) {
            dr_str_add(line, "\\");
            dr_str_addn(line, word, 1);
        }
    }
}

int
ssh_command_line(const char *name, const char *const *argv, size_t n_argv, char **ret,
                 struct drstor_error **err)
{
    if (n_argv == 0 || !argv[0] || !*argv[0])
        return dr_fail(err, DRSTOR_E_INVALID, "%s: there is no command to be run", name);
    dr_auto(dr_str_freep) struct dr_str line = {0};
    for (size_t i = 0; i < n_argv; i++) {
        if (!argv[i] || strchr(argv[i], '\n'))
            return dr_fail(err, DRSTOR_E_INVALID,
                           "%s: word %zu of the command holds a line break; nothing was run", name,
                           i);
        if (i)
            dr_str_add(&line, " ");
        word_add(&line, argv[i], i == 0);
        if (line.n > LINE_MAX)
            return dr_fail(err, DRSTOR_E_INVALID,
                           "%s: the command is longer than 32 KiB; nothing was run", name);
    }
    *ret = dr_str_take(&line);
    return DRSTOR_OK;
}

/* ---- the channel ----------------------------------------------------------------------------- */

bool
ssh_command_open(struct ssh_link *l)
{
    while (!(l->channel = libssh2_channel_open_session(l->session)))
        if (libssh2_session_last_errno(l->session) != LIBSSH2_ERROR_EAGAIN || !ssh_link_wait(l))
            return false;
    return true;
}

struct command {
    struct ssh_link *link;
    const struct dr_ssh_request *q;
    size_t most;
    size_t given;
    bool in_ended;
    struct dr_str out, err;
    bool refused; /* the other side says that it does not begin it */
    bool too_much;
    bool ended;
    int broken; /* libssh2's error, 0: none */
};

/* True: libssh2 is to be asked the very same again, until the packet it has half sent is whole. */
static bool
again(struct command *c, ssize_t said)
{
    return said == LIBSSH2_ERROR_EAGAIN && ssh_link_half_sent(c->link) && ssh_link_wait(c->link);
}

static ssize_t
note(struct command *c, ssize_t said)
{
    if (said < 0 && said != LIBSSH2_ERROR_EAGAIN && c->broken == 0)
        c->broken = (int)said;
    return said;
}

/*
 * From here on it may happen. The last question is asked here; what may not be sent any more after
 * the site was declared lost is not, since whoever declares it waits until we have left.
 */
static bool
begin(struct command *c, const char *line)
{
    struct ssh_link *l = c->link;
    int said;
    l->sent = 0;
    l->exit_seen = false;
    if (!dr_contact_may_send(l->user->contact, l->user->contact_call))
        l->why = SSH_WHY_FORBIDDEN;
    else if (dr_cancelled(l->user->cancel))
        l->why = SSH_WHY_CANCELLED;
    else if (dr_now_ns(l->user->env) >= l->user->deadline_ns)
        l->why = SSH_WHY_DEADLINE;
    if (l->why != SSH_WHY_NONE)
        return false;
    while ((said = libssh2_channel_process_startup(
                l->channel, "exec", 4, line, (unsigned)strlen(line))) == LIBSSH2_ERROR_EAGAIN &&
           ssh_link_wait(l))
        ;
    c->refused = said == LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED;
    return said == 0;
}

/* It need not read all of it: only a connection that breaks is a failure. */
static void
give(struct command *c)
{
    struct ssh_link *l = c->link;
    ssize_t said = 1;
    while (c->given < c->q->n_in && said > 0) {
        size_t left = c->q->n_in - c->given;
        do
            said =
                libssh2_channel_write(l->channel, c->q->in + c->given, left < CHUNK ? left : CHUNK);
        while (again(c, said));
        if (note(c, said) > 0)
            c->given += (size_t)said;
    }
    if (c->given < c->q->n_in || c->in_ended)
        return;
    do
        said = libssh2_channel_send_eof(l->channel);
    while (again(c, said));
    c->in_ended = note(c, said) == 0;
}

static bool
take(struct command *c, int stream, struct dr_str *to)
{
    char buffer[CHUNK];
    ssize_t said;
    do
        said = libssh2_channel_read_ex(c->link->channel, stream, buffer, sizeof(buffer));
    while (again(c, said));
    if (note(c, said) <= 0)
        return false;
    if (c->out.n + c->err.n + (size_t)said > c->most)
        c->too_much = true;
    else
        dr_str_addn(to, buffer, (size_t)said);
    return true;
}

/*
 * Its end is the end of the channel, not of its output: the exit status may come after that. Our
 * own close must not come before it, or there is none.
 */
static void
follow(struct command *c)
{
    struct ssh_link *l = c->link;
    for (;;) {
        bool moved;
        give(c);
        do {
            moved = take(c, 0, &c->out);
            moved = take(c, SSH_EXTENDED_DATA_STDERR, &c->err) || moved;
            /* Reading one stream may have brought something for the other. */
        } while (!c->too_much && !c->broken && (moved || libssh2_poll_channel_read(l->channel, 1)));
        if (c->too_much || c->broken)
            return;
        if (libssh2_channel_eof(l->channel) == 1) {
            int said = libssh2_channel_wait_closed(l->channel);
            c->ended = note(c, said) == 0;
            if (c->ended || c->broken)
                return;
        }
        if (!ssh_link_wait(l))
            return;
    }
}

/* After its end. A channel that is not given back costs the connection, not the answer. */
static bool
leave(struct command *c)
{
    struct ssh_link *l = c->link;
    int said;
    l->extra += l->said - c->out.n - c->err.n;
    ssh_link_limit(l, 2000, EXTRA_MAX);
    while ((said = libssh2_channel_free(l->channel)) == LIBSSH2_ERROR_EAGAIN && ssh_link_wait(l))
        ;
    if (said != LIBSSH2_ERROR_EAGAIN)
        l->channel = NULL;
    return said == 0 && !l->gone && l->extra < EXTRA_MAX;
}

/* ---- how it ended ---------------------------------------------------------------------------- */

/* False: no exit status was seen, or one that is none. */
static bool
exit_code(struct command *c, int *ret)
{
    struct ssh_link *l = c->link;
    char *signal = NULL;
    size_t n = 0;
    (void)libssh2_channel_get_exit_signal(l->channel, &signal, &n, NULL, NULL, NULL, NULL);
    if (signal) {
        libssh2_free(l->session, signal);
        *ret = -1;
        return true;
    }
    *ret = libssh2_channel_get_exit_status(l->channel);
    return l->exit_seen && *ret >= 0 && *ret <= 255;
}

/* Half a sentence. */
static char *
reason(const struct command *c)
{
    if (c->too_much)
        return dr_strdup(c->q->large ? "it said more than 64 MiB" : "it said more than 1 MiB");
    if (c->ended)
        return dr_strdup("the channel was closed without an exit status");
    return ssh_link_reason(c->link);
}

static int
fail_unbegun(const struct command *c, const char *shown, struct drstor_error **err)
{
    const struct ssh_user *u = c->link->user;
    if (!c->refused)
        return ssh_link_fail(c->link, err);
    (void)dr_fail(err, DRSTOR_E_AUTH, "%s: %s does not begin %s for this user; nothing was run",
                  u->name, c->link->address->known, shown);
    dr_hint(err, "sshd's configuration and the options of our key in authorized_keys there decide "
                 "what may be run");
    return DRSTOR_E_AUTH;
}

static int
fail_begun(const struct command *c, const char *shown, struct drstor_error **err)
{
    const struct ssh_user *u = c->link->user;
    enum ssh_why why = c->link->why;
    dr_auto(dr_freep) char *text = reason(c);
    if (c->q->mutating) {
        (void)dr_fail(err, DRSTOR_E_UNKNOWN,
                      "%s: %s was begun once, but its end was not seen: %s; it may have happened "
                      "or may still happen",
                      u->name, shown, text);
        dr_hint(err, "it is not repeated; the state is read again before anything else is done");
        return DRSTOR_E_UNKNOWN;
    }
    if (why == SSH_WHY_CANCELLED)
        return dr_fail(err, DRSTOR_E_CANCELLED, "%s: %s was cancelled; it changes nothing", u->name,
                       shown);
    if (why == SSH_WHY_FORBIDDEN)
        return dr_contact_refuse(u->contact, u->contact_call->site, err);
    if (c->too_much || why == SSH_WHY_FLOOD || (c->broken && why == SSH_WHY_NONE)) {
        (void)dr_fail(err, DRSTOR_E_PROTOCOL,
                      "%s: what %s said cannot be used: %s; nothing was changed", u->name, shown,
                      text);
        dr_hint(err, "run it at the host by hand and look at what it says");
        return DRSTOR_E_PROTOCOL;
    }
    (void)dr_fail(err, DRSTOR_E_UNREACHABLE,
                  "%s: the end of %s was not seen: %s; it only reads and may be repeated", u->name,
                  shown, text);
    dr_hint(err, "check the host's load and the network in between");
    return DRSTOR_E_UNREACHABLE;
}

int
ssh_command_run(struct ssh_link *l, const struct dr_ssh_request *q, const char *line,
                struct dr_ssh_reply *ret, bool *ret_begun, bool *ret_done,
                struct drstor_error **err)
{
    struct command c = {.link = l, .q = q, .most = q->large ? LARGE_MAX : SMALL_MAX};
    dr_auto(dr_freep) char *shown = ssh_shown(line, strlen(line));
    int code = -1, r;
    ssh_link_limit(l, 0, 2 * c.most + EXTRA_MAX);
    bool begun = begin(&c, line);
    if (begun)
        follow(&c);
    *ret_begun = l->sent > 0 && !c.refused;
    if (c.ended && exit_code(&c, &code)) {
        *ret_done = leave(&c);
        *ret = (struct dr_ssh_reply){.code = code, .n_out = c.out.n, .n_err = c.err.n};
        ret->out = dr_str_take(&c.out);
        ret->err = dr_str_take(&c.err);
        r = DRSTOR_OK;
    } else {
        *ret_done = false;
        r = *ret_begun ? fail_begun(&c, shown, err) : fail_unbegun(&c, shown, err);
    }
    dr_str_freep(&c.out);
    dr_str_freep(&c.err);
    return r;
}
