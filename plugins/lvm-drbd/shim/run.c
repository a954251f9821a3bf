/* Commands of the host, to their end or to the end of the budget. */
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ENDED_MOST = 16 };
static pid_t not_ended[ENDED_MOST];
static size_t n_not_ended;

uint64_t
now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void __attribute__((noreturn))
become(const char *path, const char *const *argv, const int theirs[3])
{
    /* The lock goes on to them on purpose, which LVM would remark on every time. */
    static const char *const env[] = {"PATH=" SHIM_PATH, "LC_ALL=C", "HOME=/",
                                      "LVM_SUPPRESS_FD_WARNINGS=1", NULL};
    sigset_t none;
    (void)setsid(); /* a group that ends as one, and nothing of the ssh session reaches it */
    for (int i = 0; i < 3; i++)
        if (theirs[i] != i && dup3(theirs[i], i, 0) < 0)
            _exit(126);
    for (int s = 1; s < NSIG; s++)
        (void)signal(s, SIG_DFL);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)execve(path, (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)env);
    _exit(126);
}

/* Where NAME is; NULL: nowhere. */
static char *
path_of(const char *name)
{
    for (const char *at = SHIM_PATH; at; at = strchr(at, ':'), at = at ? at + 1 : NULL) {
        char *path = text_format("%.*s/%s", (int)strcspn(at, ":"), at, name);
        if (access(path, X_OK) == 0)
            return path;
        free(path);
    }
    return NULL;
}

bool
installed(const char *name)
{
    char *path = path_of(name);
    free(path);
    return path != NULL;
}

static void
take(int *fd, struct text *to)
{
    char buffer[65536];
    ssize_t n = read(*fd, buffer, sizeof(buffer));
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0) {
        (void)close(*fd);
        *fd = -1;
        return;
    }
    /* One byte beyond what a frame holds is kept, so that it shows as cut. */
    size_t room = to->n > STREAM_MOST ? 0 : STREAM_MOST + 1 - to->n;
    text_addn(to, buffer, (size_t)n < room ? (size_t)n : room);
}

static void
give(int *fd, const char **in)
{
    size_t left = *in ? strlen(*in) : 0;
    ssize_t n = left ? write(*fd, *in, left) : 0;
    if (n > 0)
        *in += n;
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n < 0 || (size_t)n == left) {
        (void)close(*fd);
        *fd = -1;
    }
}

/* One that was started: 0 its input, 1 and 2 what it writes; -1: closed. */
struct running {
    pid_t pid;
    int fd[3];
    const char *in;
    bool over; /* its streams are at their end, and it was reaped */
    int status;
};

static void
start(const struct command *c, struct running *x, struct result *ret)
{
    int to[2] = {-1, -1}, out[2] = {-1, -1}, err[2] = {-1, -1};
    *x = (struct running){.pid = -1, .fd = {-1, -1, -1}, .in = c->in, .over = true};
    *ret = (struct result){.exit = EXIT_ABSENT};
    char *path = path_of(c->argv[0]);
    if (!path) {
        text_printf(&ret->err, "%s: not installed", c->argv[0]);
        return;
    }
    if (pipe2(to, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0 && pipe2(err, O_CLOEXEC) == 0)
        x->pid = fork();
    if (x->pid == 0) {
        const int theirs[3] = {fcntl(to[0], F_DUPFD_CLOEXEC, 3), fcntl(out[1], F_DUPFD_CLOEXEC, 3),
                               fcntl(err[1], F_DUPFD_CLOEXEC, 3)};
        become(path, c->argv, theirs);
    }
    const int mine[3] = {to[1], out[0], err[0]};
    (void)close(to[0]);
    (void)close(out[1]);
    (void)close(err[1]);
    for (int i = 0; i < 3; i++)
        if (x->pid > 0)
            (void)fcntl(x->fd[i] = mine[i], F_SETFL, O_NONBLOCK);
        else if (mine[i] >= 0)
            (void)close(mine[i]);
    x->over = x->pid <= 0;
    free(path);
}

/* It may have closed its streams and go on. */
static bool
reaped(struct running *x)
{
    return x->fd[1] < 0 && x->fd[2] < 0 && waitpid(x->pid, &x->status, WNOHANG) == x->pid;
}

/* Moves what is there to be moved; false: all are over, or it is END_MS. */
static bool
follow(struct running *x, size_t n, struct command *c, uint64_t end_ms)
{
    struct pollfd p[3 * RUN_AT_ONCE];
    uint64_t now = now_ms(), wait = 1000;
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        if (!x[i].over)
            x[i].over = reaped(&x[i]);
        any |= !x[i].over;
        if (!x[i].over && x[i].fd[1] < 0 && x[i].fd[2] < 0)
            wait = 2; /* nothing tells of its end */
        for (int k = 0; k < 3; k++)
            p[3 * i + (size_t)k] = (struct pollfd){x[i].fd[k], k ? POLLIN : POLLOUT, 0};
    }
    if (!any || now >= end_ms)
        return false;
    if (wait > end_ms - now)
        wait = end_ms - now;
    if (poll(p, 3 * n, (int)wait) <= 0)
        return true;
    for (size_t i = 0; i < n; i++) {
        if (p[3 * i].revents)
            give(&x[i].fd[0], &x[i].in);
        if (p[3 * i + 1].revents)
            take(&x[i].fd[1], &c[i].result.out);
        if (p[3 * i + 2].revents)
            take(&x[i].fd[2], &c[i].result.err);
    }
    return true;
}

/* Whatever it left behind in its group goes with it. */
static void
finish(struct running *x, struct result *ret)
{
    if (x->pid <= 0)
        return;
    ret->exit = x->over && WIFEXITED(x->status) ? WEXITSTATUS(x->status) : EXIT_ENDED;
    (void)kill(-x->pid, SIGKILL);
    for (uint64_t until = now_ms() + 1000; !x->over && now_ms() < until; (void)poll(NULL, 0, 2))
        x->over = waitpid(x->pid, &x->status, WNOHANG) == x->pid;
    if (!x->over && n_not_ended < ENDED_MOST)
        not_ended[n_not_ended++] = x->pid;
    for (int i = 0; i < 3; i++)
        if (x->fd[i] >= 0)
            (void)close(x->fd[i]);
}

void
run_all(struct command *c, size_t n, uint64_t end_ms)
{
    for (size_t at = 0, most; at < n; at += most) {
        struct running x[RUN_AT_ONCE];
        most = n - at < RUN_AT_ONCE ? n - at : RUN_AT_ONCE;
        for (size_t i = 0; i < most; i++)
            start(&c[at + i], &x[i], &c[at + i].result);
        while (follow(x, most, c + at, end_ms))
            ;
        for (size_t i = 0; i < most; i++)
            finish(&x[i], &c[at + i].result);
    }
}

void
run(const char *const *argv, const char *in, uint64_t end_ms, struct result *ret)
{
    struct command c = {.argv = argv, .in = in};
    run_all(&c, 1, end_ms);
    *ret = c.result;
}

void
result_clear(struct result *r)
{
    text_clear(&r->out);
    text_clear(&r->err);
}

int
run_frame(const char *const *argv, uint64_t end_ms)
{
    struct result r;
    struct text name = {0};
    for (size_t i = 0; argv[i]; i++)
        text_printf(&name, "%s%s", i ? " " : "", argv[i]);
    run(argv, NULL, end_ms, &r);
    reply_frame(text_of(&name), r.exit, text_of(&r.out), r.out.n, text_of(&r.err), r.err.n);
    int code = r.exit;
    text_clear(&name);
    result_clear(&r);
    return code;
}

void
run_finish(void)
{
    int status;
    for (size_t i = 0; i < n_not_ended; i++)
        while (waitpid(not_ended[i], &status, 0) < 0 && errno == EINTR)
            ;
    n_not_ended = 0;
}
