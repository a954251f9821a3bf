#include "support/sshd.h"

#include "base/mem.h"
#include "base/str.h"
#include "support/peer.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* ---- programs -------------------------------------------------------------------------------- */

static pid_t
begin(const struct sshd *s, const char *const *argv, const char *log)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", s->dir, log);
    posix_spawn_file_actions_t files;
    (void)posix_spawn_file_actions_init(&files);
    (void)posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    (void)posix_spawn_file_actions_addopen(&files, 1, path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    (void)posix_spawn_file_actions_adddup2(&files, 1, 2);
    (void)posix_spawn_file_actions_addchdir_np(&files, s->dir);
    pid_t pid = 0;
    int r = posix_spawn(&pid, argv[0], &files, NULL, (char *const *)(uintptr_t)argv, environ);
    (void)posix_spawn_file_actions_destroy(&files);
    return r == 0 ? pid : 0;
}

static bool
run(const struct sshd *s, const char *const *argv)
{
    int status = -1;
    pid_t pid = begin(s, argv, "programs.log");
    if (pid > 0)
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
    return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool
sshd_keygen(const struct sshd *s, const char *const *words)
{
    const char *argv[16] = {"/usr/bin/ssh-keygen"};
    for (size_t i = 0; words[i] && i + 2 < DR_COUNT(argv); i++)
        argv[i + 1] = words[i];
    return run(s, argv);
}

/* The process number of the parent, 0: it is gone. */
static pid_t
parent_of(pid_t pid)
{
    char path[64], text[512];
    int parent = 0;
    (void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    FILE *f = fopen(path, "re");
    size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
    if (f)
        (void)fclose(f);
    text[n] = '\0';
    const char *end = strrchr(text, ')');
    if (!end || sscanf(end, ") %*c %d", &parent) != 1) // NOLINT(cert-err34-c)
        return 0;
    return parent;
}

/* SIGNAL to everything below PID, deepest last. */
static int
signal_below(pid_t pid, int signal)
{
    int n = 0;
    DIR *proc = opendir("/proc");
    for (struct dirent *e; proc && (e = readdir(proc));) { // NOLINT(concurrency-mt-unsafe)
        pid_t one = (pid_t)strtol(e->d_name, NULL, 10);
        if (one > 0 && one != pid && parent_of(one) == pid) {
            if (kill(one, signal) == 0)
                n++;
            n += signal_below(one, signal);
        }
    }
    if (proc)
        (void)closedir(proc);
    return n;
}

/* ---- files ----------------------------------------------------------------------------------- */

char *
sshd_text(const struct sshd *s, const char *name)
{
    char path[128], buffer[4096];
    struct dr_str text = {0};
    (void)snprintf(path, sizeof(path), "%s/%s", s->dir, name);
    FILE *f = fopen(path, "re");
    for (size_t n; f && (n = fread(buffer, 1, sizeof(buffer), f)) > 0;)
        dr_str_addn(&text, buffer, n);
    if (f)
        (void)fclose(f);
    return dr_str_take(&text);
}

void
sshd_write(const struct sshd *s, const char *name, const char *text)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", s->dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    size_t n = strlen(text);
    if (fd < 0 || write(fd, text, n) != (ssize_t)n)
        abort();
    (void)close(fd);
}

static int
unlink_one(const char *path, const struct stat *st, int what, struct FTW *at)
{
    (void)st, (void)what, (void)at;
    (void)remove(path);
    return 0;
}

/* ---- the daemon ------------------------------------------------------------------------------ */

static bool
keys_make(struct sshd *s)
{
    static const char *const keys[][8] = {
        {"-qt", "ed25519", "-N", "", "-f", "host_ed25519", NULL},
        {"-qt", "ecdsa", "-N", "", "-f", "host_ecdsa", NULL},
        {"-qt", "ed25519", "-N", "", "-f", "ed25519", NULL},
        {"-qt", "ecdsa", "-N", "", "-f", "ecdsa", NULL},
        {"-qt", "ed25519", "-N", "open sesame", "-f", "locked", NULL},
        {"-qt", "ed25519", "-N", "", "-f", "agent", NULL},
        {"-qt", "ed25519", "-N", "", "-f", "stranger", NULL},
    };
    static const char *const pem[] = {"-qt", "ecdsa", "-b", "384", "-m", "PEM",
                                      "-N",  "",      "-f", "pem", NULL};
    bool good = sshd_keygen(s, pem);
    for (size_t i = 0; i < DR_COUNT(keys); i++)
        good = good && sshd_keygen(s, keys[i]);
    dr_auto(dr_str_freep) struct dr_str in = {0};
    static const char *const friends[] = {"ed25519.pub", "ecdsa.pub", "locked.pub", "agent.pub",
                                          "pem.pub"};
    for (size_t i = 0; i < DR_COUNT(friends); i++) {
        dr_auto(dr_freep) char *text = sshd_text(s, friends[i]);
        dr_str_add(&in, text);
    }
    sshd_write(s, "authorized", in.s ? in.s : "");
    return good;
}

static void
known_make(struct sshd *s)
{
    dr_auto(dr_str_freep) struct dr_str known = {0};
    static const char *const hosts[] = {"host_ed25519.pub", "host_ecdsa.pub"};
    for (size_t i = 0; i < DR_COUNT(hosts); i++) {
        dr_auto(dr_freep) char *text = sshd_text(s, hosts[i]);
        dr_str_printf(&known, "[127.0.0.1]:%d %s", s->port, text);
    }
    sshd_write(s, "known", known.s);
}

static bool
answers(const struct sshd *s)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)s->port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    dr_auto(dr_closep) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd >= 0 && connect(fd, (const struct sockaddr *)&a, sizeof(a)) == 0;
}

bool
sshd_start(struct sshd *s)
{
    char conf[128], log[128]; /* it works in the root folder */
    (void)snprintf(conf, sizeof(conf), "%s/conf", s->dir);
    (void)snprintf(log, sizeof(log), "%s/log", s->dir);
    /* A test that crashes leaves no daemon behind. */
    const char *const argv[] = {
        "/usr/bin/setpriv", "--pdeathsig", "KILL", s->program, "-D", "-f", conf, "-E", log, NULL};
    if (geteuid() == 0)
        (void)mkdir("/run/sshd", 0755); /* where its unprivileged part lives */
    s->pid = begin(s, argv, "programs.log");
    /* It says nowhere when it listens; it ends when it cannot. */
    for (int i = 0; s->pid && i < 6000; i++) {
        if (answers(s))
            return true;
        if (waitpid(s->pid, NULL, WNOHANG) != 0)
            break;
        (void)poll(NULL, 0, 10);
    }
    dr_auto(dr_freep) char *why = sshd_text(s, "log");
    (void)fprintf(stderr, "sshd does not start: %s\n", why);
    return false;
}

/* What lost its parent below the daemon became ours: SIGNAL to it. How many are left. */
static int
orphans(const struct sshd *s, int signal)
{
    int n = 0;
    DIR *proc = opendir("/proc");
    for (struct dirent *e; proc && (e = readdir(proc));) { // NOLINT(concurrency-mt-unsafe)
        pid_t one = (pid_t)strtol(e->d_name, NULL, 10);
        if (one <= 0 || one == s->pid || one == s->agent || parent_of(one) != getpid())
            continue;
        (void)kill(one, signal);
        (void)waitpid(one, NULL, signal == SIGKILL ? 0 : WNOHANG);
        n++;
    }
    if (proc)
        (void)closedir(proc);
    return n;
}

void
sshd_kill(struct sshd *s)
{
    if (s->pid <= 0)
        return;
    /* From the top, so that nobody is left to tell how what is below ended. */
    (void)kill(s->pid, SIGKILL);
    (void)waitpid(s->pid, NULL, 0);
    s->pid = 0;
    while (orphans(s, SIGKILL) > 0)
        ;
}

void
sshd_pause(struct sshd *s, bool listener)
{
    if (listener)
        (void)kill(s->pid, SIGSTOP);
    (void)signal_below(s->pid, SIGSTOP);
}

void
sshd_go_on(struct sshd *s)
{
    (void)signal_below(s->pid, SIGCONT);
    (void)kill(s->pid, SIGCONT);
}

bool
sshd_idle(const struct sshd *s)
{
    for (int i = 0; i < 6000; i++) {
        if (signal_below(s->pid, 0) + orphans(s, 0) == 0)
            return true;
        (void)poll(NULL, 0, 10);
    }
    return false;
}

int
sshd_logins(const struct sshd *s)
{
    dr_auto(dr_freep) char *log = sshd_text(s, "log");
    int n = 0;
    for (const char *at = log; (at = strstr(at, "Accepted publickey")); at++)
        n++;
    return n;
}

bool
sshd_mute(struct sshd *s)
{
    static const char word[] = "exit-status", other[] = "exit-nobody";
    dr_auto(dr_str_freep) struct dr_str text = {0};
    char buffer[64 * 1024];
    FILE *from = fopen(s->program, "re");
    for (size_t n; from && (n = fread(buffer, 1, sizeof(buffer), from)) > 0;)
        dr_str_addn(&text, buffer, n);
    if (from)
        (void)fclose(from);
    int found = 0;
    for (char *at = text.s, *end = text.s + text.n;
         at && (at = memmem(at, (size_t)(end - at), word, sizeof(word))); found++)
        memcpy(at, other, sizeof(other));
    (void)snprintf(s->program, sizeof(s->program), "%s/sshd", s->dir);
    FILE *to = fopen(s->program, "we");
    bool good = found > 0 && to && fwrite(text.s, 1, text.n, to) == text.n;
    good = to && fclose(to) == 0 && good;
    return good && chmod(s->program, 0700) == 0;
}

bool
sshd_agent(struct sshd *s)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/agent.sock", s->dir);
    const char *const argv[] = {"/usr/bin/ssh-agent", "-D", "-a", path, NULL};
    const char *const add[] = {"/usr/bin/ssh-add", "-q", "agent", NULL};
    s->agent = begin(s, argv, "programs.log");
    (void)setenv("SSH_AUTH_SOCK", path, 1); // NOLINT(concurrency-mt-unsafe)
    for (int i = 0; s->agent && i < 6000 && access(path, F_OK) != 0; i++)
        (void)poll(NULL, 0, 10);
    return s->agent && run(s, add);
}

struct sshd *
sshd_new(const char *more)
{
    struct sshd *s = dr_new0(struct sshd);
    const struct passwd *me = getpwuid(geteuid()); // NOLINT(concurrency-mt-unsafe)
    (void)snprintf(s->dir, sizeof(s->dir), "/tmp/drstor-sshd-XXXXXX");
    (void)snprintf(s->program, sizeof(s->program), "/usr/sbin/sshd");
    (void)snprintf(s->user, sizeof(s->user), "%s", me ? me->pw_name : "root");
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (!mkdtemp(s->dir) || !keys_make(s)) {
        sshd_free(s);
        return NULL;
    }
    s->port = port_unused();
    known_make(s);
    dr_auto(dr_str_freep) struct dr_str conf = {0};
    /* SHLVL: a login shell that takes itself for the first one reads the user's own files. */
    dr_str_printf(&conf,
                  "ListenAddress 127.0.0.1:%d\nHostKey %s/host_ed25519\nHostKey %s/host_ecdsa\n"
                  "AuthorizedKeysFile %s/authorized\nUsePAM no\nStrictModes no\nPidFile none\n"
                  "PermitRootLogin yes\nPasswordAuthentication no\nMaxStartups 100\n"
                  "KbdInteractiveAuthentication no\nSetEnv SHLVL=3\n%s",
                  s->port, s->dir, s->dir, s->dir, more ? more : "");
    sshd_write(s, "conf", conf.s);
    if (!sshd_start(s)) {
        sshd_free(s);
        return NULL;
    }
    return s;
}

void
sshd_free(struct sshd *s)
{
    if (!s)
        return;
    pid_t agent = s->agent;
    sshd_kill(s);
    if (agent > 0) {
        (void)kill(agent, SIGKILL);
        (void)waitpid(agent, NULL, 0);
    }
    (void)nftw(s->dir, unlink_one, 16, FTW_DEPTH | FTW_PHYS);
    free(s);
}
