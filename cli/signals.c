#include "signals.h"
#include "cli.h"
#include "follow.h"
#include "out.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct drstor *attached;
static bool only_looking;
static int seen;
static bool ending;
static int pipes[2] = {-1, -1}; /* readable from the first signal on */
static sigset_t taken;
static pthread_t thread;

/* The second time nobody wants to wait. What was sent stays sent; the journal says so. */
static void
leave_now(void)
{
    char run[128];
    follow_run(run, sizeof(run));
    follow_hide();
    if (only_looking)
        _exit(CLI_INTERRUPTED);
    out_say("left at once; the journal is intact. Go on with: drstor run resume%s%s",
            *run ? " " : "", run);
    _exit(CLI_INTERRUPTED);
}

static void
stop(void)
{
    pthread_mutex_lock(&lock);
    if (++seen > 1 || !attached)
        leave_now();
    if (pipes[1] >= 0 && write(pipes[1], "x", 1) < 0)
        seen++; /* cannot be: the pipe is empty */
    if (!only_looking) {
        follow_hide();
        out_say("stopping in order: nothing new is sent; once more to leave at once");
        follow_show();
    }
    drstor_cancel(attached);
    pthread_mutex_unlock(&lock);
}

static void
suspend(void)
{
    follow_hide();
    (void)kill(getpid(), SIGSTOP);
    follow_show();
}

static void
quit(int sig)
{
    sigset_t one;
    follow_hide();
    (void)signal(sig, SIG_DFL);
    (void)sigemptyset(&one);
    (void)sigaddset(&one, sig);
    (void)raise(sig);
    (void)pthread_sigmask(SIG_UNBLOCK, &one, NULL);
}

static void *
signals_main(void *arg)
{
    (void)arg;
    for (;;) {
        int sig = 0;
        if (sigwait(&taken, &sig) != 0)
            continue;
        switch (sig) {
        case SIGUSR1:
            pthread_mutex_lock(&lock);
            sig = ending;
            pthread_mutex_unlock(&lock);
            if (sig)
                return NULL;
            break;
        case SIGWINCH:
            follow_show();
            break;
        case SIGTSTP:
            suspend();
            break;
        case SIGQUIT:
            quit(sig);
            break;
        default: /* SIGINT, SIGTERM, SIGHUP */
            stop();
            break;
        }
    }
}

void
signals_begin(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH, SIGUSR1};
    (void)sigemptyset(&taken);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        struct sigaction now;
        /* nohup and shells without job control ignore some: that stays. */
        if (sigaction(signals[i], NULL, &now) == 0 && now.sa_handler == SIG_IGN &&
            signals[i] != SIGUSR1)
            continue;
        (void)sigaddset(&taken, signals[i]);
    }
    (void)pthread_sigmask(SIG_BLOCK, &taken, NULL);
    if (pipe2(pipes, O_CLOEXEC | O_NONBLOCK) != 0 ||
        pthread_create(&thread, NULL, signals_main, NULL) != 0) {
        out_say("cannot start a thread");
        _exit(CLI_INTERNAL);
    }
}

void
signals_end(void)
{
    pthread_mutex_lock(&lock);
    ending = true;
    pthread_mutex_unlock(&lock);
    (void)pthread_kill(thread, SIGUSR1);
    (void)pthread_join(thread, NULL);
    (void)close(pipes[0]);
    (void)close(pipes[1]);
}

void
signals_attach(struct drstor *d, bool looking)
{
    pthread_mutex_lock(&lock);
    attached = d;
    only_looking = looking;
    pthread_mutex_unlock(&lock);
}

bool
signals_seen(void)
{
    pthread_mutex_lock(&lock);
    bool b = seen > 0;
    pthread_mutex_unlock(&lock);
    return b;
}

int
signals_wait(int fd, int ms)
{
    struct pollfd p[2] = {{.fd = pipes[0], .events = POLLIN}, {.fd = fd, .events = POLLIN}};
    int r = poll(p, 2, ms);
    if ((r > 0 && p[0].revents) || signals_seen())
        return -1;
    return r > 0 ? 1 : 0;
}
