#include "cli/spawn.h"

#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Far beyond what a busy machine needs: only a test that fails waits so long. */
enum { WORDS_MOST = 64, PATIENCE_MS = 60000 };

char **
spawn_words(const char *words, const char *arg, char **ret_copy)
{
    char **argv = dr_alloc0(WORDS_MOST, sizeof(*argv));
    static char name[] = "drstor";
    size_t n = 0;
    argv[n++] = name;
    *ret_copy = dr_strdup(words);
    for (char *save = NULL, *w = strtok_r(*ret_copy, " ", &save); w && n + 1 < WORDS_MOST;
         w = strtok_r(NULL, " ", &save))
        argv[n++] = strcmp(w, "%s") == 0 && arg ? (char *)(uintptr_t)arg : w;
    return argv;
}

/* Whoever runs the tests in the background ignores signals, which would be handed on; and a test
 * that fails leaves nobody behind. */
static _Noreturn void
become(char **argv)
{
    static const int heard[] = {SIGINT, SIGQUIT, SIGHUP, SIGTERM, SIGTSTP};
    for (size_t i = 0; i < sizeof(heard) / sizeof(heard[0]); i++)
        (void)signal(heard[i], SIG_DFL);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)unsetenv("COLUMNS");
    (void)setenv("TERM", "xterm", 1);
    (void)execv(DRSTOR, argv);
    _exit(127);
}

static char *
drain(int fd)
{
    dr_auto(dr_str_freep) struct dr_str b = {0};
    char part[4096];
    (void)lseek(fd, 0, SEEK_SET);
    for (ssize_t n; (n = read(fd, part, sizeof(part))) > 0;)
        dr_str_addn(&b, part, (size_t)n);
    return dr_str_take(&b);
}

static int
code_of(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

struct spawned
spawn_run(const char *words, const char *arg)
{
    struct spawned s = {.code = -1};
    dr_auto(dr_freep) char *copy = NULL;
    dr_auto(dr_freep) char **argv = spawn_words(words, arg, &copy);
    FILE *out = tmpfile(), *err = tmpfile();
    if (!out || !err)
        return s;
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDONLY);
        (void)dup2(null, 0);
        (void)dup2(fileno(out), 1);
        (void)dup2(fileno(err), 2);
        become(argv);
    }
    int status = 0;
    (void)waitpid(pid, &status, 0);
    s.code = code_of(status);
    s.out = drain(fileno(out));
    s.err = drain(fileno(err));
    (void)fclose(out);
    (void)fclose(err);
    return s;
}

void
spawn_free(struct spawned *s)
{
    free(s->out);
    free(s->err);
}

struct terminal
terminal_run(const char *words, unsigned columns, unsigned rows)
{
    struct terminal t = {.fd = -1};
    struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows};
    dr_auto(dr_freep) char *copy = NULL;
    dr_auto(dr_freep) char **argv = spawn_words(words, NULL, &copy);
    (void)snprintf(t.held, sizeof(t.held), "/tmp/drstor-held.XXXXXX");
    int held = mkstemp(t.held);
    if (held >= 0)
        (void)close(held);
    t.pid = forkpty(&t.fd, NULL, NULL, &size);
    if (t.pid == 0) {
        (void)setenv("DRSTOR_FAKE_HOLD", t.held, 1);
        become(argv);
    }
    t.text = dr_strdup("");
    return t;
}

static int64_t
now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* 1: something came, 0: nothing, -1: the other end is gone. */
static int
take(struct terminal *t, int64_t until)
{
    char part[4096];
    struct pollfd p = {.fd = t->fd, .events = POLLIN};
    int64_t left = until - now_ms();
    int r = poll(&p, 1, left > 0 ? (int)left : 0);
    if (r <= 0)
        return r < 0 && errno == EINTR ? 1 : 0;
    ssize_t n = read(t->fd, part, sizeof(part));
    if (n <= 0)
        return -1;
    t->text = dr_realloc(t->text, t->n + (size_t)n + 1, 1);
    memcpy(t->text + t->n, part, (size_t)n);
    t->n += (size_t)n;
    t->text[t->n] = '\0';
    return 1;
}

int
terminal_expect(struct terminal *t, const char *text)
{
    int64_t until = now_ms() + PATIENCE_MS;
    while (!strstr(t->text, text))
        if (take(t, until) <= 0)
            return 0;
    return 1;
}

void
terminal_let_go(struct terminal *t)
{
    (void)unlink(t->held);
}

void
terminal_type(struct terminal *t, const char *text)
{
    if (write(t->fd, text, strlen(text)) < 0)
        perror("terminal");
}

void
terminal_resize(struct terminal *t, unsigned columns, unsigned rows)
{
    struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows};
    (void)ioctl(t->fd, TIOCSWINSZ, &size);
}

int
terminal_end(struct terminal *t)
{
    int status = 0, came;
    int64_t until = now_ms() + PATIENCE_MS;
    terminal_let_go(t);
    while ((came = take(t, until)) > 0)
        ;
    if (came == 0)
        (void)kill(t->pid, SIGKILL);
    (void)waitpid(t->pid, &status, 0);
    return code_of(status);
}

void
terminal_free(struct terminal *t)
{
    terminal_let_go(t);
    if (t->fd >= 0)
        (void)close(t->fd);
    free(t->text);
}
