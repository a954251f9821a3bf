#include "plugin/process.h"

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "net/child.h"
#include "plugin/info.h"
#include "plugin/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS_MOST = 1 << 20 };

/* ---- sending --------------------------------------------------------------------------------- */

static void
outgoing_free(struct dr_outgoing *o)
{
    dr_exchange_unref(o->x);
    dr_closep(&o->fd);
    free(o);
}

/* With the lock held: as much as goes without waiting, and nothing to one that was killed. A worker
 * that is gone is the pump's news. */
static void
flush(struct dr_process *p)
{
    while (p->head && !p->killed) {
        struct dr_outgoing *o = p->head;
        int r = dr_frame_write(p->socket, false, &o->frame);
        for (size_t i = 0; o->frame.done && i < p->n_flights; i++)
            if (o->frame.head.kind <= DR_WORKER_REQUEST && p->flights[i].id == o->frame.head.id)
                p->flights[i].sent = true;
        if (r <= 0)
            return;
        p->head = o->next;
        if (!p->head)
            p->tail = &p->head;
        outgoing_free(o);
    }
}

void
dr_process_wake(struct dr_process *p)
{
    const uint64_t one = 1;
    if (write(p->wake, &one, sizeof(one)) < 0)
        errno = 0; /* it is awake as often as it can count */
}

void
dr_process_put(struct dr_process *p, enum dr_worker_frame kind, uint64_t id,
               const struct dr_message *body, struct dr_exchange *x, int fd)
{
    struct dr_outgoing *o = dr_new0(struct dr_outgoing);
    o->frame = (struct dr_frame_out){.head = {.kind = kind, .id = id},
                                     .body = body ? body->bytes : NULL,
                                     .n = body ? body->n : 0};
    o->fd = o->frame.fd = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : -1;
    if (fd >= 0 && o->fd < 0)
        dr_process_kill(p); /* nothing is asked of one that does not hold the locks */
    if (x)
        dr_exchange_ref(x);
    o->x = x;
    *p->tail = o;
    p->tail = &o->next;
    flush(p);
    if (p->head)
        dr_process_wake(p);
}

void
dr_process_request(struct dr_process *p, enum dr_worker_frame kind, const struct dr_message *body,
                   struct dr_exchange *x)
{
    struct dr_flight *f = &dr_push(p->flights, p->n_flights, p->cap_flights);
    *f = (struct dr_flight){.id = ++p->last_id, .x = x};
    dr_process_put(p, kind, f->id, body, x, -1);
}

/* ---- beginning ------------------------------------------------------------------------------- */

static int
spawn(struct dr_worker *w, const int fds[DR_WORKER_FDS], struct dr_process *p,
      struct drstor_error **err)
{
    dr_auto(dr_closep) int program = -1;
    int r = dr_file_open_trusted(DRSTOR_WORKER, false, &program, err);
    if (r < 0)
        return dr_context(err, r, "plugin %s cannot be started", w->plugin->info.name);
    const char *path = w->plugin->info.path;
    char level[8];
    dr_auto(dr_freep) char *folder = strndup(path, (size_t)(strrchr(path, '/') - path));
    dr_auto(dr_freep) char *agent = NULL;
    const char *asked = w->agent ? secure_getenv("SSH_AUTH_SOCK") : NULL;
    if (asked && asprintf(&agent, "SSH_AUTH_SOCK=%s", asked) < 0)
        agent = NULL;
    (void)snprintf(level, sizeof(level), "%d", (int)dr_log_most());
    const char *const argv[] = {DRSTOR_WORKER, w->plugin->info.name, w->array, folder, level, NULL};
    const char *const envp[] = {"LC_ALL=C.UTF-8", agent, NULL};
    struct dr_child child = {.argv = argv, .envp = envp, .n_fd = DR_WORKER_FDS};
    memcpy(child.fd, fds, DR_WORKER_FDS * sizeof(*fds));
    p->pid = dr_child_begin(&child, &p->pidfd);
    if (p->pid < 0)
        return dr_fail(err, DRSTOR_E_UNREACHABLE, "plugin %s cannot be started: %m",
                       w->plugin->info.name);
    return DRSTOR_OK;
}

static void
process_free(struct dr_process *p)
{
    while (p->head) {
        struct dr_outgoing *o = p->head;
        p->head = o->next;
        outgoing_free(o);
    }
    dr_frame_next(&p->in);
    dr_closep(&p->pidfd);
    dr_closep(&p->socket);
    dr_closep(&p->words);
    dr_closep(&p->wake);
    free(p->flights);
    free(p);
}

static void pump(void *arg);

struct dr_process *
dr_process_begin(struct dr_worker *w, struct drstor_error **err)
{
    int fds[DR_WORKER_FDS] = {-1, -1, -1}, s[2] = {-1, -1}, words[2] = {-1, -1};
    struct dr_process *p = dr_new0(struct dr_process);
    *p =
        (struct dr_process){.w = w, .pid = -1, .pidfd = -1, .end_ns = UINT64_MAX, .in = {.fd = -1}};
    p->tail = &p->head;
    p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int r = DRSTOR_OK;
    if (dr_channel_pair(s) < 0 || pipe2(words, O_CLOEXEC) < 0 || p->wake < 0 || null < 0)
        r = dr_fail(err, DRSTOR_E_UNREACHABLE, "plugin %s cannot be started: %m",
                    w->plugin->info.name);
    p->socket = s[0];
    p->words = words[0];
    fds[DR_WORKER_NULL] = null;
    fds[DR_WORKER_SOCKET] = s[1];
    fds[DR_WORKER_WORDS] = words[1];
    if (r == DRSTOR_OK)
        r = spawn(w, fds, p, err);
    for (int i = 0; i < DR_WORKER_FDS; i++)
        dr_closep(&fds[i]);
    if (r < 0) {
        process_free(p);
        return NULL;
    }
    (void)fcntl(p->words, F_SETFL, O_NONBLOCK);
    p->next = w->all;
    w->all = w->now = p;
    w->refs++;
    for (size_t i = 0; i < w->n_locks; i++)
        dr_process_put(p, DR_WORKER_HOLD, (uint64_t)w->locks[i], NULL, NULL, w->locks[i]);
    dr_spawn(w->env, pump, p);
    return p;
}

bool
dr_process_is_gone(const struct dr_process *p)
{
    struct pollfd end = {p->pidfd, POLLIN, 0};
    return p->killed || poll(&end, 1, 0) > 0;
}

void
dr_process_kill(struct dr_process *p)
{
    if (p->w->now == p)
        p->w->now = NULL;
    p->killed = true;
    (void)pidfd_send_signal(p->pidfd, SIGKILL, NULL, 0);
}

/* ---- what it says ---------------------------------------------------------------------------- */

static void
log_words(struct dr_process *p)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    p->line[p->n_line] = '\0';
    if (p->n_line)
        dr_log(DRSTOR_LOG_WARN, "plugin %s, array %s: %s", p->w->plugin->info.name, p->w->array,
               dr_text_clean(a, p->line));
    p->n_line = 0;
}

/* What a plugin, or the C library in its name, says on standard error. False: too much. */
static bool
take_words(struct dr_process *p)
{
    char some[4096];
    ssize_t got = read(p->words, some, sizeof(some));
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (got <= 0)
        dr_closep(&p->words);
    for (ssize_t i = 0; i < got; i++) {
        if (some[i] == '\n' || p->n_line == sizeof(p->line) - 1)
            log_words(p);
        if (some[i] != '\n')
            p->line[p->n_line++] = some[i] ? some[i] : '?';
    }
    p->n_words += got > 0 ? (size_t)got : 0;
    return p->n_words <= WORDS_MOST;
}

static void
take_log(const struct dr_frame_in *in)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    char *text = dr_arena_strn(a, in->body ? (const char *)in->body : "", in->head.n);
    enum drstor_log_level level =
        in->head.more <= DRSTOR_LOG_DEBUG ? (enum drstor_log_level)in->head.more : DRSTOR_LOG_DEBUG;
    dr_log(level, "%s", dr_text_clean(a, text));
}

/* False: nobody asked for it, or it could not be made. */
static bool
take_reply(struct dr_process *p)
{
    struct dr_exchange *x = NULL;
    bool asked = false;
    if (!p->in.head.n)
        return false;
    pthread_mutex_lock(&p->w->lock);
    for (size_t i = 0; i < p->n_flights && !asked; i++) {
        if (p->flights[i].id != p->in.head.id || !p->flights[i].sent)
            continue;
        asked = true;
        x = p->flights[i].x;
        p->flights[i] = p->flights[--p->n_flights];
    }
    pthread_mutex_unlock(&p->w->lock);
    struct dr_message reply = {p->in.body, p->in.head.n, p->in.head.n};
    if (x) {
        p->in.body = NULL;
        dr_exchange_answer(x, &reply);
    }
    return asked;
}

/* As dr_frame_read(): negative, and it is no worker of ours any more. */
static int
take_frame(struct dr_process *p)
{
    int r = dr_frame_read(p->socket, DR_MESSAGE_MAX, &p->in);
    if (r <= 0)
        return r;
    bool sound = false;
    if (p->in.head.kind == DR_WORKER_REPLY) {
        sound = take_reply(p);
    } else if (p->in.head.kind == DR_WORKER_LOG && p->in.head.n <= DR_WORKER_LOG_MAX) {
        take_log(&p->in);
        sound = true;
    }
    dr_frame_next(&p->in);
    return sound ? 1 : -2;
}

/* ---- its life -------------------------------------------------------------------------------- */

/* What to wait for, and how long; false: it is to end. */
static bool
wait_for(struct dr_process *p, struct pollfd fds[3], int *ret_ms)
{
    pthread_mutex_lock(&p->w->lock);
    uint64_t now = dr_now_ns(p->w->env);
    flush(p);
    fds[0] = (struct pollfd){p->socket, (short)(POLLIN | (p->head ? POLLOUT : 0)), 0};
    fds[1] = (struct pollfd){p->words, POLLIN, 0};
    fds[2] = (struct pollfd){p->wake, POLLIN, 0};
    bool over = p->killed || (p->end_ns != UINT64_MAX && (now >= p->end_ns || !p->n_flights));
    *ret_ms = p->end_ns == UINT64_MAX ? -1 : (int)((p->end_ns - now) / DR_MS) + 1;
    pthread_mutex_unlock(&p->w->lock);
    return !over;
}

/* Why it is to be killed; NULL: it ended, or that was told. */
static const char *
follow(struct dr_process *p)
{
    struct pollfd fds[3];
    int ms, r = 0;
    uint64_t times;
    while (r >= 0 && wait_for(p, fds, &ms)) {
        int n = poll(fds, 3, ms);
        if (n > 0 && fds[2].revents && read(p->wake, &times, sizeof(times)) < 0)
            errno = 0;
        if (n > 0 && fds[1].revents && !take_words(p))
            return "it says too much";
        if (n > 0 && (fds[0].revents & ~POLLOUT))
            r = take_frame(p);
    }
    return r == -2 ? "it speaks nonsense" : NULL;
}

static void
log_end(struct dr_process *p, const char *why, int status)
{
    const char *name = p->w->plugin->info.name;
    if (why)
        dr_log(DRSTOR_LOG_WARN, "plugin %s, array %s: its worker was killed, because %s", name,
               p->w->array, why);
    else if (WIFEXITED(status))
        dr_log(DRSTOR_LOG_WARN, "plugin %s, array %s: its worker ended with %d", name, p->w->array,
               WEXITSTATUS(status));
    else
        dr_log(DRSTOR_LOG_WARN, "plugin %s, array %s: its worker was ended by signal %d", name,
               p->w->array, WTERMSIG(status));
}

static void
answer_all(struct dr_process *p)
{
    for (size_t i = 0; i < p->n_flights; i++) {
        struct dr_message nothing = {0};
        if (!p->flights[i].x)
            continue;
        if (p->flights[i].sent)
            dr_exchange_answer(p->flights[i].x, &nothing);
        else
            dr_exchange_refuse(p->flights[i].x, DRSTOR_E_UNREACHABLE,
                               "the plugin's process ended before it was asked", NULL);
    }
}

/* Reads what the worker says, and writes what it would not take at once, as long as it lives. */
static void
pump(void *arg)
{
    struct dr_process *p = arg;
    struct dr_worker *w = p->w;
    const char *why = follow(p);
    pthread_mutex_lock(&w->lock);
    bool killed = p->killed || p->end_ns != UINT64_MAX;
    if (w->now == p)
        w->now = NULL;
    p->killed = true;
    pthread_mutex_unlock(&w->lock);
    /* Nothing is answered for it before nothing of it can act any more. */
    int status = dr_child_end(p->pid);
    while (p->words >= 0 && p->n_words <= WORDS_MOST) {
        size_t before = p->n_words;
        (void)take_words(p);
        if (p->n_words == before)
            break;
    }
    log_words(p);
    if (!killed)
        log_end(p, why, status);
    pthread_mutex_lock(&w->lock);
    for (struct dr_process **at = &w->all; *at; at = &(*at)->next)
        if (*at == p) {
            *at = p->next;
            break;
        }
    dr_cond_wake(&w->ended);
    pthread_mutex_unlock(&w->lock);
    answer_all(p);
    process_free(p);
    dr_worker_unref(w);
}
