/* The backend for `simulated`, for what is linked in, and for worlds under a virtual clock: every
 * call is a task of this process. */
#include "plugin/exchange.h"
#include "plugin/serve.h"

struct inprocess {
    struct dr_backend backend;
    struct dr_env *env;
    struct dr_serve *serve;
    pthread_mutex_t lock;
    unsigned refs;
};

struct task {
    struct inprocess *in;
    struct dr_exchange *x;
};

/* The last one out closes the array: after a callback that came back too late, that is its task. */
static void
inprocess_unref(struct inprocess *in)
{
    pthread_mutex_lock(&in->lock);
    unsigned left = --in->refs;
    pthread_mutex_unlock(&in->lock);
    if (left)
        return;
    dr_serve_free(in->serve);
    (void)pthread_mutex_destroy(&in->lock);
    free(in);
}

static void
inprocess_task(void *arg)
{
    struct task t = *(struct task *)arg;
    struct dr_message reply = {0};
    free(arg);
    dr_serve_message(t.in->serve, &t.x->request, &t.x->cancel, &reply);
    /* First out, then answered: whoever has the answer may close the array at once. */
    inprocess_unref(t.in);
    dr_exchange_answer(t.x, &reply);
}

static void
inprocess_start(struct dr_backend *b, struct dr_exchange *x)
{
    struct inprocess *in = (struct inprocess *)b;
    struct task *t = dr_new0(struct task);
    pthread_mutex_lock(&in->lock);
    in->refs++;
    pthread_mutex_unlock(&in->lock);
    t->in = in;
    t->x = x;
    dr_spawn(in->env, inprocess_task, t);
}

static void
inprocess_release(struct dr_backend *b)
{
    inprocess_unref((struct inprocess *)b);
}

static const struct dr_backend_ops inprocess_ops = {.start = inprocess_start,
                                                    .release = inprocess_release};

struct dr_backend *
dr_backend_inprocess(struct dr_env *env, const struct dr_plugin *plugin)
{
    struct inprocess *in = dr_new0(struct inprocess);
    in->backend.ops = &inprocess_ops;
    in->env = env;
    in->serve = dr_serve_new(env, plugin);
    (void)pthread_mutex_init(&in->lock, NULL);
    in->refs = 1;
    return &in->backend;
}
