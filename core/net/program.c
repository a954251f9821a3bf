#include "net/program.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { IN = 0, OUT = 1, WORDS = 2, CHUNK = 65536, WORDS_MOST = 4096, LOOK_MS = 100 };

struct child {
    const struct dr_program *p;
    pid_t pid;
    int pidfd;
    int fd[3]; /* our ends; -1: closed */
    size_t given;
    struct dr_str out, words;
    bool too_much;
};

/* ---- beginning ------------------------------------------------------------------------------- */

int
dr_program_check(const char *path, struct drstor_error **err)
{
    dr_auto(dr_closep) int fd = -1;
    if (*path != '/')
        return dr_fail(err, DRSTOR_E_INVALID, "\"%s\" is not the absolute path of a program", path);
    int r = dr_file_open_trusted(path, false, &fd, err);
    if (r < 0)
        return dr_context(err, DRSTOR_E_INVALID, "program %s is not run", path);
    if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) != 0)
        return dr_fail(err, DRSTOR_E_INVALID, "program %s is not run: it is not executable", path);
    return DRSTOR_OK;
}

static char *
home(void)
{
    char text[4096];
    struct passwd pw, *found = NULL;
    if (getpwuid_r(geteuid(), &pw, text, sizeof(text), &found) != 0 || !found)
        return dr_strdup("/");
    return dr_strdup(found->pw_dir);
}

static int
begin(struct child *c, const char *const *argv, const char *const *envp, struct drstor_error **err)
{
    int in[2] = {-1, -1}, out[2] = {-1, -1}, words[2] = {-1, -1};
    struct dr_child child = {argv, envp, {-1, -1, -1}, 3, true};
    if (pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0 && pipe2(words, O_CLOEXEC) == 0) {
        child.fd[IN] = in[0];
        child.fd[OUT] = out[1];
        child.fd[WORDS] = words[1];
        c->pid = dr_child_begin(&child, &c->pidfd);
    }
    int why = errno;
    dr_closep(&in[0]);
    dr_closep(&out[1]);
    dr_closep(&words[1]);
    c->fd[IN] = in[1];
    c->fd[OUT] = out[0];
    c->fd[WORDS] = words[0];
    if (c->pid <= 0)
        return dr_fail(err, DRSTOR_E_UNREACHABLE, "program %s cannot be begun: %s", argv[0],
                       strerrordesc_np(why));
    for (int i = 0; i < 3; i++)
        (void)fcntl(c->fd[i], F_SETFL, O_NONBLOCK);
    return DRSTOR_OK;
}

/* ---- while it runs --------------------------------------------------------------------------- */

/* A reader that is gone must not kill us; the signal is ours alone, so it can be taken back. */
static ssize_t
write_quietly(int fd, const char *text, size_t n)
{
    sigset_t pipe_only, before, pending;
    (void)sigemptyset(&pipe_only);
    (void)sigaddset(&pipe_only, SIGPIPE);
    (void)sigpending(&pending);
    bool there = sigismember(&pending, SIGPIPE) == 1;
    (void)pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
    ssize_t put = write(fd, text, n);
    int why = errno;
    if (put < 0 && why == EPIPE && !there) {
        const struct timespec now = {0};
        while (sigtimedwait(&pipe_only, NULL, &now) < 0 && errno == EINTR)
            ;
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = why;
    return put;
}

static void
give(struct child *c)
{
    size_t left = c->p->n_in - c->given;
    ssize_t put = left ? write_quietly(c->fd[IN], c->p->in + c->given, left) : 0;
    if (put > 0)
        c->given += (size_t)put;
    else if (left && put < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    /* It need not read all of it. */
    if (c->given == c->p->n_in || put <= 0)
        dr_closep(&c->fd[IN]);
}

static void
take(struct child *c, int which)
{
    char buffer[CHUNK];
    struct dr_str *to = which == OUT ? &c->out : &c->words;
    ssize_t got = read(c->fd[which], buffer, sizeof(buffer));
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        dr_closep(&c->fd[which]);
        return;
    }
    dr_str_addn(to, buffer, (size_t)got);
    if (which == OUT && to->n > c->p->out_most)
        c->too_much = true;
    if (which == WORDS && to->n > WORDS_MOST) { /* only its end is wanted */
        size_t drop = to->n - WORDS_MOST / 2;
        memmove(to->s, to->s + drop, to->n - drop + 1);
        to->n -= drop;
    }
}

/* How long to wait for the next event: cancel is looked at between. */
static int
wait_ms(struct dr_env *env, const struct dr_program *p)
{
    uint64_t now = dr_now_ns(env);
    uint64_t left = p->deadline_ns > now ? (p->deadline_ns - now) / DR_MS + 1 : 0;
    return left < LOOK_MS ? (int)left : LOOK_MS;
}

/* True: it has exited by itself. */
static bool
follow(struct dr_env *env, struct child *c)
{
    for (;;) {
        struct pollfd fds[4] = {{c->pidfd, POLLIN, 0},
                                {c->fd[IN], POLLOUT, 0},
                                {c->fd[OUT], POLLIN, 0},
                                {c->fd[WORDS], POLLIN, 0}};
        int n = poll(fds, 4, wait_ms(env, c->p));
        if (n > 0 && fds[1].revents)
            give(c);
        for (int i = OUT; n > 0 && i <= WORDS; i++)
            if (fds[i + 1].revents)
                take(c, i);
        if (c->too_much)
            return false;
        /* After its end, once everything it said is read. */
        if (n > 0 && fds[0].revents && !fds[2].revents && !fds[3].revents)
            return true;
        if (dr_now_ns(env) >= c->p->deadline_ns || dr_cancelled(c->p->cancel))
            return false;
    }
}

/* ---- its end --------------------------------------------------------------------------------- */

static void
last_line(const struct dr_str *words, char *to, size_t n)
{
    size_t end = words->n;
    while (end && (words->s[end - 1] == '\n' || words->s[end - 1] == '\r'))
        end--;
    size_t start = end;
    while (start && words->s[start - 1] != '\n')
        start--;
    (void)snprintf(to, n, "%.*s", (int)(end - start), words->s ? words->s + start : "");
    for (char *c = to; *c; c++)
        if ((unsigned char)*c < 32 || *c == 127)
            *c = '?';
}

static int
verdict(struct dr_env *env, struct child *c, bool by_itself, int status, struct dr_program_end *ret,
        struct drstor_error **err)
{
    const char *path = c->p->run[0];
    struct dr_program_end end = {.code = -1};
    last_line(&c->words, end.words, sizeof(end.words));
    if (by_itself && WIFEXITED(status)) {
        end.code = WEXITSTATUS(status);
        end.n_out = c->out.n;
        end.out = dr_str_take(&c->out);
        *ret = end;
        return DRSTOR_OK;
    }
    const char *said = *end.words ? ": " : "";
    if (c->too_much)
        return dr_fail(err, DRSTOR_E_UNKNOWN, "program %s said more than %zu bytes and was ended",
                       path, c->p->out_most);
    if (by_itself)
        return dr_fail(err, DRSTOR_E_UNKNOWN, "program %s was ended by signal %d%s%s", path,
                       WTERMSIG(status), said, end.words);
    if (dr_cancelled(c->p->cancel))
        return dr_fail(err, DRSTOR_E_CANCELLED, "program %s was stopped", path);
    (void)env;
    return dr_fail(err, DRSTOR_E_UNKNOWN, "program %s did not end in time and was ended%s%s", path,
                   said, end.words);
}

int
dr_program_run(struct dr_env *env, const struct dr_program *p, struct dr_program_end *ret,
               struct drstor_error **err)
{
    int r = dr_program_check(p->n_run ? p->run[0] : "", err);
    if (r < 0)
        return r;
    struct child c = {.p = p, .pid = -1, .pidfd = -1, .fd = {-1, -1, -1}};
    dr_auto(dr_freep) char *home_dir = home();
    dr_auto(dr_str_freep) struct dr_str home_env = {0};
    dr_str_printf(&home_env, "HOME=%s", home_dir);
    dr_auto(dr_freep) const char **argv = dr_alloc0(p->n_run + 1, sizeof(*argv));
    dr_auto(dr_freep) const char **envp = dr_alloc0(p->n_env + 4, sizeof(*envp));
    memcpy(argv, p->run, p->n_run * sizeof(*argv));
    envp[0] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    envp[1] = "LC_ALL=C.UTF-8";
    envp[2] = home_env.s;
    if (p->n_env)
        memcpy(envp + 3, p->env, p->n_env * sizeof(*envp));

    r = begin(&c, argv, envp, err);
    bool by_itself = r == DRSTOR_OK && follow(env, &c);
    int status = c.pid > 0 ? dr_child_end(c.pid) : 0;
    for (int i = 0; i < 3; i++)
        dr_closep(&c.fd[i]);
    dr_closep(&c.pidfd);
    if (r == DRSTOR_OK)
        r = verdict(env, &c, by_itself, status, ret, err);
    dr_str_freep(&c.out);
    dr_str_freep(&c.words);
    return r;
}

void
dr_program_end_clear(struct dr_program_end *end)
{
    free(end->out);
    *end = (struct dr_program_end){.code = -1};
}
