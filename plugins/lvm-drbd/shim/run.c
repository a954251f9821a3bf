/* One command of the host, to its end or to the end of the budget. */
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

/* True: its streams are at their end. */
static bool
follow(int fd[3], const char *in, uint64_t end_ms, struct result *ret)
{
    while (fd[1] >= 0 || fd[2] >= 0) {
        uint64_t now = now_ms();
        if (now >= end_ms)
            return false;
        struct pollfd p[3] = {{fd[0], POLLOUT, 0}, {fd[1], POLLIN, 0}, {fd[2], POLLIN, 0}};
        uint64_t left = end_ms - now;
        if (poll(p, 3, left > 1000 ? 1000 : (int)left) <= 0)
            continue;
        if (p[0].revents)
            give(&fd[0], &in);
        if (p[1].revents)
            take(&fd[1], &ret->out);
        if (p[2].revents)
            take(&fd[2], &ret->err);
    }
    return true;
}

/* Until END_MS; it may have closed its streams and go on. */
static bool
reap(pid_t pid, uint64_t end_ms, int *status)
{
    for (;;) {
        pid_t got = waitpid(pid, status, WNOHANG);
        if (got == pid)
            return true;
        if (now_ms() >= end_ms)
            return false;
        (void)poll(NULL, 0, 2);
    }
}

void
run(const char *const *argv, const char *in, uint64_t end_ms, struct result *ret)
{
    int to[2] = {-1, -1}, out[2] = {-1, -1}, err[2] = {-1, -1}, status = 0;
    *ret = (struct result){.exit = EXIT_ABSENT};
    char *path = path_of(argv[0]);
    if (!path) {
        text_printf(&ret->err, "%s: not installed", argv[0]);
        return;
    }
    pid_t pid = -1;
    if (pipe2(to, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0 && pipe2(err, O_CLOEXEC) == 0)
        pid = fork();
    if (pid == 0) {
        const int theirs[3] = {fcntl(to[0], F_DUPFD_CLOEXEC, 3), fcntl(out[1], F_DUPFD_CLOEXEC, 3),
                               fcntl(err[1], F_DUPFD_CLOEXEC, 3)};
        become(path, argv, theirs);
    }
    int mine[3] = {to[1], out[0], err[0]};
    (void)close(to[0]);
    (void)close(out[1]);
    (void)close(err[1]);
    if (pid > 0) {
        for (int i = 0; i < 3; i++)
            (void)fcntl(mine[i], F_SETFL, O_NONBLOCK);
        bool ended = follow(mine, in, end_ms, ret) && reap(pid, end_ms, &status);
        ret->exit = ended && WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_ENDED;
        /* Whatever it left behind in its group goes with it. */
        (void)kill(-pid, SIGKILL);
        if (!ended && !reap(pid, now_ms() + 1000, &status) && n_not_ended < ENDED_MOST)
            not_ended[n_not_ended++] = pid;
    }
    for (int i = 0; i < 3; i++)
        if (mine[i] >= 0)
            (void)close(mine[i]);
    free(path);
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
