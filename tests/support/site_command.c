/* The command as a child process: started, watched, killed, read. */
#include "support/site.h"

#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { HUNG_MS = 150000, WORDS_MOST = 64 };

static const char *
file_name(struct site *s, const char *what, unsigned number)
{
    return site_path(s, dr_arena_printf(s->arena, "%s.%u", what, number));
}

static char **
argv_of(struct site *s, const char *words)
{
    char **argv = dr_arena_alloc(s->arena, WORDS_MOST, sizeof(*argv));
    size_t n = 0;
    argv[n++] = (char *)(uintptr_t)DRSTOR_COMMAND;
    argv[n++] = (char *)(uintptr_t) "-o";
    argv[n++] = (char *)(uintptr_t) "jsonl";
    argv[n++] = (char *)(uintptr_t) "--config";
    argv[n++] = (char *)(uintptr_t)site_path(s, "drstor.yaml");
    for (const char *p = words; *p && n < WORDS_MOST - 1;) {
        size_t len = strcspn(p, " ");
        if (len)
            argv[n++] = (char *)(uintptr_t)dr_arena_printf(s->arena, "%.*s", (int)len, p);
        p += len + (p[len] == ' ');
    }
    return argv;
}

struct site_child
site_start(struct site *s, const char *env, const char *words)
{
    struct site_child c = {.number = ++s->n_commands};
    char **argv = argv_of(s, words);
    const char *err = file_name(s, "err", c.number), *out = file_name(s, "out", c.number);
    int fds[2];
    pid_t parent = getpid();
    if (pipe2(fds, O_CLOEXEC) != 0)
        abort();
    c.pid = fork();
    if (c.pid < 0)
        abort();
    if (c.pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        int e = open(err, O_WRONLY | O_CREAT | O_TRUNC, 0600), in = open("/dev/null", O_RDONLY);
        if (getppid() != parent || e < 0 || in < 0 || dup2(in, 0) < 0 || dup2(fds[1], 1) < 0 ||
            dup2(e, 2) < 0)
            _exit(99);
        if (env && putenv((char *)(uintptr_t)env) != 0)
            _exit(99);
        execv(argv[0], argv);
        _exit(99);
    }
    (void)close(fds[1]);
    c.events = fds[0];
    (void)close(open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    return c;
}

/* Output goes through a file, so that nothing depends on the size of a pipe. 0: end. */
static ssize_t
take(struct site *s, struct site_child *c, int wait_ms)
{
    char buffer[4096];
    struct pollfd p = {.fd = c->events, .events = POLLIN};
    int n = poll(&p, 1, wait_ms);
    if (n <= 0)
        return -1;
    ssize_t got = read(c->events, buffer, sizeof(buffer));
    if (got <= 0)
        return 0;
    int fd = open(file_name(s, "out", c->number), O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0 || write(fd, buffer, (size_t)got) != got)
        abort();
    (void)close(fd);
    ssize_t lines = 0;
    for (ssize_t i = 0; i < got; i++)
        lines += buffer[i] == '\n';
    return lines + 1; /* so that 0 stays the end */
}

bool
site_kill_after_lines(struct site *s, struct site_child *c, unsigned n)
{
    for (ssize_t seen = 0; seen < (ssize_t)n;) {
        ssize_t got = take(s, c, HUNG_MS);
        if (got <= 0)
            return false;
        seen += got - 1;
    }
    return kill(c->pid, SIGKILL) == 0;
}

bool
site_kill_after_entries(struct site *s, struct site_child *c, uint64_t from, unsigned n)
{
    while (site_log_size(s) < from + n)
        if (take(s, c, 1) == 0)
            return false;
    return kill(c->pid, SIGKILL) == 0;
}

static const char *
slurp(struct site *s, const char *path)
{
    struct dr_str text = {0};
    char buffer[4096];
    FILE *f = fopen(path, "re");
    for (size_t n; f && (n = fread(buffer, 1, sizeof(buffer), f)) > 0;)
        dr_str_printf(&text, "%.*s", (int)n, buffer);
    if (f)
        (void)fclose(f);
    const char *ret = dr_arena_str(s->arena, text.s ? text.s : "");
    dr_str_freep(&text);
    return ret;
}

static struct json_object *
last_line(struct site *s, const char *out)
{
    size_t n = strlen(out);
    while (n && out[n - 1] == '\n')
        n--;
    size_t from = n;
    while (from && out[from - 1] != '\n')
        from--;
    return json_tokener_parse(dr_arena_printf(s->arena, "%.*s", (int)(n - from), out + from));
}

struct ran
site_wait(struct site *s, struct site_child *c)
{
    struct ran r = {0};
    struct timespec end, now;
    bool hung = false;
    int status = 0;
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += HUNG_MS / 1000;
    for (ssize_t got = 1; got != 0;) {
        got = take(s, c, 1000);
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        if (got < 0 && now.tv_sec > end.tv_sec && !hung) {
            hung = true;
            (void)kill(c->pid, SIGKILL);
        }
    }
    (void)close(c->events);
    while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
        ;
    r.code = hung ? SITE_HUNG : WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
    r.out = slurp(s, file_name(s, "out", c->number));
    r.err = slurp(s, file_name(s, "err", c->number));
    struct json_object *doc = last_line(s, r.out);
    dr_arena_push(s->arena, s->docs, s->n_docs) = doc;
    r.doc = doc;
    return r;
}

struct ran
site_run(struct site *s, const char *env, const char *words)
{
    struct site_child c = site_start(s, env, words);
    return site_wait(s, &c);
}

const char *
site_text(const struct ran *r, const char *key)
{
    struct json_object *o = NULL;
    if (!r->doc || !json_object_object_get_ex(r->doc, key, &o) || !o)
        return "";
    return json_object_get_string(o);
}

bool
site_says(const struct ran *r, const char *what)
{
    return strstr(r->out, what) || strstr(r->err, what);
}

bool
site_converge(struct site *s, const char *goal, bool (*between)(struct site *s))
{
    for (int round = 0; round < 4; round++) {
        struct ran r = site_run(s, NULL, "run resume");
        bool none = strcmp(site_text(&r, "result"), "nothing-to-do") == 0;
        if (!SITE_CHECK(r.code == 0, "run resume: %d\n%s%s", r.code, r.out, r.err))
            return false;
        if (between && !between(s))
            return false;
        r = site_run(s, NULL, goal);
        if (!SITE_CHECK(r.code == 0, "%s: %d\n%s%s", goal, r.code, r.out, r.err))
            return false;
        if (strcmp(site_text(&r, "result"), "nothing-to-do") == 0)
            return true;
        if (!SITE_CHECK(none && round == 0, "a resume left something to do:\n%s", r.out))
            return false;
    }
    return site_say(__FILE__, __LINE__, "no end to it");
}
