#include "plugin/exchange.h"

#include "plugin/call.h"

struct dr_exchange *
dr_exchange_new(struct dr_env *env, struct dr_message *request)
{
    struct dr_exchange *x = dr_new0(struct dr_exchange);
    x->env = env;
    x->request = *request;
    *request = (struct dr_message){0};
    x->box = dr_mailbox_new(env);
    (void)pthread_mutex_init(&x->lock, NULL);
    x->refs = 1;
    return x;
}

void
dr_exchange_ref(struct dr_exchange *x)
{
    pthread_mutex_lock(&x->lock);
    x->refs++;
    pthread_mutex_unlock(&x->lock);
}

void
dr_exchange_unref(struct dr_exchange *x)
{
    if (!x)
        return;
    pthread_mutex_lock(&x->lock);
    unsigned left = --x->refs;
    pthread_mutex_unlock(&x->lock);
    if (left)
        return;
    dr_message_clear(&x->request);
    dr_message_clear(&x->reply);
    dr_mailbox_free(x->box);
    (void)pthread_mutex_destroy(&x->lock);
    free(x);
}

void
dr_exchange_answer(struct dr_exchange *x, struct dr_message *reply)
{
    pthread_mutex_lock(&x->lock);
    x->reply = *reply;
    *reply = (struct dr_message){0};
    if (!x->abandoned)
        dr_mailbox_post(x->box, x);
    pthread_mutex_unlock(&x->lock);
    dr_exchange_unref(x);
}

void
dr_exchange_refuse(struct dr_exchange *x, int status, const char *error, const char *hint)
{
    const struct dr_served s = {.status = status,
                                .outcome = DRSTOR_OUTCOME_REFUSED,
                                .outcomes = 1,
                                .error = error,
                                .hint = hint,
                                .ended_ns = (int64_t)dr_now_ns(x->env),
                                .progress_permille = -1};
    struct dr_message reply = {0};
    (void)dr_message_encode(DR_MESSAGE_REPLY, &dr_served_type, &s, &reply, NULL);
    dr_exchange_answer(x, &reply);
}

static void
exchange_cancel(struct dr_exchange *x, struct dr_backend *b)
{
    dr_cancel_now(x->env, &x->cancel);
    if (b->ops->cancelled)
        b->ops->cancelled(b, x);
}

/* Under the lock an answer is either there or will never be posted. */
static bool
exchange_give_up(struct dr_exchange *x)
{
    pthread_mutex_lock(&x->lock);
    bool answered = dr_mailbox_wait(x->box, 0, NULL) != NULL;
    x->abandoned = true;
    pthread_mutex_unlock(&x->lock);
    return answered;
}

bool
dr_exchange_wait(struct dr_exchange *x, struct dr_backend *b, uint64_t deadline_ns,
                 uint64_t grace_ns, const struct dr_cancel *cancel)
{
    uint64_t end = deadline_ns > UINT64_MAX - grace_ns ? UINT64_MAX : deadline_ns + grace_ns;
    if (dr_mailbox_wait(x->box, deadline_ns, cancel))
        return true;
    exchange_cancel(x, b);
    /* A cancelled change is still waited for: what became of it is worth more than the seconds. */
    return dr_mailbox_wait(x->box, end, NULL) || exchange_give_up(x);
}
