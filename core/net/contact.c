#include "net/contact.h"

#include "base/mem.h"
#include "base/str.h"

#include <pthread.h>
#include <time.h>

struct lost_site {
    char *name;
    int64_t at_utc;
    struct lost_site *next;
};

struct dr_contact {
    struct dr_env *env;
    pthread_mutex_t lock;
    struct dr_cond left; /* a call in flight has ended */
    struct lost_site *lost;
    struct dr_contact_call *calls;

    pthread_mutex_t sink_lock;
    void (*sink)(const struct dr_contact_event *, void *);
    void *user;
    struct dr_wire *wire;
};

struct dr_contact *
dr_contact_new(struct dr_env *env)
{
    struct dr_contact *c = dr_new0(struct dr_contact);
    c->env = env;
    (void)pthread_mutex_init(&c->lock, NULL);
    dr_cond_init(&c->left, env);
    (void)pthread_mutex_init(&c->sink_lock, NULL);
    return c;
}

void
dr_contact_free(struct dr_contact *c)
{
    if (!c)
        return;
    while (c->lost) {
        struct lost_site *next = c->lost->next;
        free(c->lost->name);
        free(c->lost);
        c->lost = next;
    }
    (void)pthread_mutex_destroy(&c->sink_lock);
    (void)pthread_mutex_destroy(&c->lock);
    free(c);
}

void
dr_contact_freep(struct dr_contact **c)
{
    dr_contact_free(*c);
    *c = NULL;
}

void
dr_contact_carry(struct dr_contact *c, struct dr_wire *wire)
{
    c->wire = wire;
}

struct dr_wire *
dr_contact_wire(struct dr_contact *c)
{
    return c ? c->wire : NULL;
}

void
dr_contact_sink(struct dr_contact *c, void (*sink)(const struct dr_contact_event *, void *),
                void *user)
{
    pthread_mutex_lock(&c->sink_lock);
    c->sink = sink;
    c->user = user;
    pthread_mutex_unlock(&c->sink_lock);
}

void
dr_contact_log(struct dr_contact *c, const struct dr_contact_event *event)
{
    if (!c)
        return;
    pthread_mutex_lock(&c->sink_lock);
    if (c->sink)
        c->sink(event, c->user);
    pthread_mutex_unlock(&c->sink_lock);
}

/* With the lock held. */
static const struct lost_site *
contact_find(const struct dr_contact *c, const char *site)
{
    for (const struct lost_site *s = c->lost; site && s; s = s->next)
        if (dr_streq(s->name, site))
            return s;
    return NULL;
}

/* With the lock held. */
static bool
contact_busy(const struct dr_contact *c, const char *site)
{
    for (const struct dr_contact_call *call = c->calls; call; call = call->next)
        if (dr_streq(call->site, site))
            return true;
    return false;
}

void
dr_contact_forbid(struct dr_contact *c, const char *site)
{
    int64_t now = dr_now_utc(c->env);
    pthread_mutex_lock(&c->lock);
    if (!contact_find(c, site)) {
        struct lost_site *s = dr_new0(struct lost_site);
        s->name = dr_strdup(site);
        s->at_utc = now;
        s->next = c->lost;
        c->lost = s;
    }
    for (struct dr_contact_call *call = c->calls; call; call = call->next)
        if (dr_streq(call->site, site)) {
            atomic_store(&call->forbidden, true);
            if (call->wake)
                call->wake(call->arg);
        }
    /* Bounded: each call ends when it is woken, or by its own deadline. */
    while (contact_busy(c, site))
        dr_cond_wait(&c->left, &c->lock, UINT64_MAX, NULL);
    pthread_mutex_unlock(&c->lock);
}

bool
dr_contact_forbidden(struct dr_contact *c, const char *site)
{
    if (!c)
        return false;
    pthread_mutex_lock(&c->lock);
    bool lost = contact_find(c, site) != NULL;
    pthread_mutex_unlock(&c->lock);
    return lost;
}

int
dr_contact_refuse(struct dr_contact *c, const char *site, struct drstor_error **err)
{
    pthread_mutex_lock(&c->lock);
    const struct lost_site *s = contact_find(c, site);
    time_t at = s ? (time_t)s->at_utc : 0;
    pthread_mutex_unlock(&c->lock);
    struct tm tm;
    char clock[16] = "";
    if (gmtime_r(&at, &tm))
        (void)strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
    return dr_refuse(err, "R040",
                     "site %s was declared lost at %s UTC; from the commit on nothing contacts it",
                     site, clock);
}

int
dr_contact_enter(struct dr_contact *c, struct dr_contact_call *call, struct drstor_error **err)
{
    if (!c)
        return DRSTOR_OK;
    pthread_mutex_lock(&c->lock);
    bool lost = contact_find(c, call->site) != NULL;
    if (!lost) {
        call->next = c->calls;
        c->calls = call;
    }
    pthread_mutex_unlock(&c->lock);
    return lost ? dr_contact_refuse(c, call->site, err) : DRSTOR_OK;
}

bool
dr_contact_may_send(struct dr_contact *c, struct dr_contact_call *call)
{
    return !dr_contact_forbidden(c, call->site);
}

void
dr_contact_leave(struct dr_contact *c, struct dr_contact_call *call)
{
    if (!c)
        return;
    pthread_mutex_lock(&c->lock);
    for (struct dr_contact_call **p = &c->calls; *p; p = &(*p)->next)
        if (*p == call) {
            *p = call->next;
            break;
        }
    dr_cond_wake(&c->left);
    pthread_mutex_unlock(&c->lock);
}
