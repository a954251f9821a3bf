#include "worker/loop.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/channel.h"
#include "plugin/serve.h"
#include "plugin/worker.h"

#include <string.h>
#include <unistd.h>

struct loop;

struct task {
    struct task *next;
    struct loop *l;
    uint64_t id;
    bool opens;
    struct dr_message request;
    struct dr_cancel cancel;
};

struct held {
    uint64_t id;
    int fd;
};

struct loop {
    struct dr_env *env;
    struct dr_serve *serve;
    int socket;
    pthread_mutex_t lock;
    struct task *running;
    struct task *waiting, **last; /* for the array to be open */
    bool begun, opening;

    /* the main thread's */
    struct held *held;
    size_t n_held, cap_held;
};

/* ---- out ------------------------------------------------------------------------------------- */

static pthread_mutex_t out = PTHREAD_MUTEX_INITIALIZER; /* one frame after the other */

static void
send_frame(int socket, enum dr_worker_frame kind, uint64_t id, uint32_t more, const void *body,
           size_t n)
{
    struct dr_frame_out f = {
        .head = {.kind = kind, .id = id, .more = more}, .body = body, .n = n, .fd = -1};
    pthread_mutex_lock(&out);
    if (dr_frame_write(socket, true, &f) < 0)
        _exit(0);
    pthread_mutex_unlock(&out);
}

static void
log_line(enum drstor_log_level level, const char *line, void *user)
{
    size_t n = strnlen(line, DR_WORKER_LOG_MAX);
    send_frame(*(const int *)user, DR_WORKER_LOG, 0, (uint32_t)level, line, n);
}

void
dr_loop_log(int socket)
{
    static int to;
    to = socket;
    dr_log_sink(log_line, &to);
}

/* ---- requests -------------------------------------------------------------------------------- */

static void serve_task(void *arg);

/* With the lock held. */
static void
begin(struct loop *l, struct task *t)
{
    t->next = l->running;
    l->running = t;
    dr_spawn(l->env, serve_task, t);
}

static void
serve_task(void *arg)
{
    struct task *t = arg;
    struct loop *l = t->l;
    struct dr_message reply = {0};
    dr_serve_message(l->serve, &t->request, &t->cancel, &reply);
    pthread_mutex_lock(&l->lock);
    for (struct task **at = &l->running; *at; at = &(*at)->next)
        if (*at == t) {
            *at = t->next;
            break;
        }
    if (t->opens)
        l->opening = false;
    while (!l->opening && l->waiting) {
        struct task *next = l->waiting;
        l->waiting = next->next;
        begin(l, next);
    }
    if (!l->waiting)
        l->last = &l->waiting;
    pthread_mutex_unlock(&l->lock);
    send_frame(l->socket, DR_WORKER_REPLY, t->id, 0, reply.bytes, reply.n);
    dr_message_clear(&reply);
    dr_message_clear(&t->request);
    free(t);
}

/* Takes the body of IN. */
static void
take_request(struct loop *l, struct dr_frame_in *in)
{
    struct task *t = dr_new0(struct task);
    t->l = l;
    t->id = in->head.id;
    t->opens = in->head.kind == DR_WORKER_OPEN;
    t->request = (struct dr_message){in->body, in->head.n, in->head.n};
    in->body = NULL;
    pthread_mutex_lock(&l->lock);
    if (t->opens == l->begun)
        _exit(1); /* the first one opens, and no other */
    l->begun = true;
    if (!l->opening) {
        l->opening = t->opens;
        begin(l, t);
    } else {
        *l->last = t;
        l->last = &t->next;
    }
    pthread_mutex_unlock(&l->lock);
}

static void
cancel(struct loop *l, uint64_t id)
{
    pthread_mutex_lock(&l->lock);
    struct task *lists[2] = {l->running, l->waiting};
    for (size_t i = 0; i < 2; i++)
        for (struct task *t = lists[i]; t; t = t->next)
            if (t->id == id)
                dr_cancel_now(l->env, &t->cancel);
    pthread_mutex_unlock(&l->lock);
}

/* ---- descriptors that are kept for somebody else --------------------------------------------- */

static void
hold(struct loop *l, struct dr_frame_in *in)
{
    dr_push(l->held, l->n_held, l->cap_held) = (struct held){in->head.id, in->fd};
    in->fd = -1;
}

static void
drop(struct loop *l, uint64_t id)
{
    for (size_t i = 0; i < l->n_held; i++)
        if (l->held[i].id == id) {
            dr_closep(&l->held[i].fd);
            l->held[i] = l->held[--l->n_held];
            return;
        }
}

/* ---- in -------------------------------------------------------------------------------------- */

static void
take(struct loop *l, struct dr_frame_in *in)
{
    switch ((enum dr_worker_frame)in->head.kind) {
    case DR_WORKER_OPEN:
    case DR_WORKER_REQUEST:
        take_request(l, in);
        return;
    case DR_WORKER_CANCEL:
        cancel(l, in->head.id);
        return;
    case DR_WORKER_HOLD:
        hold(l, in);
        return;
    case DR_WORKER_DROP:
        drop(l, in->head.id);
        return;
    case DR_WORKER_REPLY:
    case DR_WORKER_LOG:
        break;
    }
    _exit(1);
}

void
dr_loop_run(struct dr_env *env, const struct dr_plugin *plugin, int socket)
{
    struct loop *l = dr_new0(struct loop);
    struct dr_frame_in in = {.fd = -1};
    l->env = env;
    l->serve = dr_serve_new(env, plugin);
    l->socket = socket;
    l->last = &l->waiting;
    (void)pthread_mutex_init(&l->lock, NULL);
    for (;;) {
        int r = dr_frame_read(socket, DR_MESSAGE_MAX, &in);
        if (r < 0)
            _exit(r == -1 ? 0 : 1);
        if (r > 0) {
            take(l, &in);
            dr_frame_next(&in);
        }
    }
}
