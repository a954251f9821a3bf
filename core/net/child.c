#include "net/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child, between fork and exec: nothing that takes a lock. */
static void __attribute__((noreturn)) become(const struct dr_child *c, pid_t parent)
{
    sigset_t none;
    int theirs[4] = {-1, -1, -1, -1};
    (void)setsid(); /* no terminal to ask at, and a group that ends as one */
    if (c->ends_with_thread)
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    /* Above all of them, so that none is closed by the one before it. */
    for (int i = 0; i < c->n_fd; i++)
        theirs[i] = fcntl(c->fd[i], F_DUPFD_CLOEXEC, c->n_fd);
    for (int i = 0; i < c->n_fd; i++)
        if (dup3(theirs[i], i, 0) < 0)
            _exit(127);
    (void)close_range((unsigned)c->n_fd, ~0U, 0);
    for (int s = 1; s < NSIG; s++)
        (void)signal(s, SIG_DFL);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    if (chdir("/") == 0)
        (void)execve(c->argv[0], (char *const *)(uintptr_t)c->argv,
                     (char *const *)(uintptr_t)c->envp);
    _exit(127);
}

pid_t
dr_child_begin(const struct dr_child *c, int *ret_pidfd)
{
    pid_t parent = getpid(), pid = fork();
    if (pid == 0)
        become(c, parent);
    int pidfd = pid > 0 ? pidfd_open(pid, 0) : -1;
    if (pid > 0 && pidfd < 0) {
        int why = errno;
        (void)dr_child_end(pid);
        errno = why;
        return -1;
    }
    *ret_pidfd = pidfd;
    return pid;
}

/* The group first: its number is not given to others as long as its leader is not reaped. */
int
dr_child_end(pid_t pid)
{
    int status = 0;
    (void)kill(-pid, SIGKILL);
    (void)kill(pid, SIGKILL); /* it may not have made its group yet */
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}
