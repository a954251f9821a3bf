#include "support/hand.h"

#include <drstor/drstor.h>

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TRIES = 3000 };

static void
enter(struct site *s)
{
    if (sim_enter(s->world) != 0)
        abort();
}

static void
leave(struct site *s)
{
    if (sim_leave(s->world) != 0)
        abort();
}

static void
moment(void)
{
    const struct timespec ten_ms = {.tv_nsec = 10000000};
    (void)nanosleep(&ten_ms, NULL);
}

static bool
answered(struct site *s, uint64_t ticket)
{
    uint64_t look = 0;
    struct sim_reply reply = {0};
    enter(s);
    bool there =
        sim_poll(s->world, ticket, &look) == 1 && sim_finish(s->world, ticket, &reply) == 0;
    leave(s);
    if (there && reply.outcome != DRSTOR_OUTCOME_DONE) {
        (void)fprintf(stderr, "by hand: %s\n", reply.words);
        abort();
    }
    return there;
}

void
hand_set_access(struct site *s, const char *array, const char *copy, enum drstor_access access,
                bool planned)
{
    /* Beyond any epoch and token would fence drstor out: a person at the array has none, and the
     * world takes those of the copy. */
    struct sim_view v = {0};
    struct sim_ticket t = {0};
    struct sim_request r = {.op = SIM_OP_SET_ACCESS,
                            .member = -1,
                            .planned = planned,
                            .array = array,
                            .actor = "hand",
                            .op_id = "hand",
                            .group = copy,
                            .access = access,
                            .n_evidence = planned ? 0 : 1};
    enter(s);
    if (sim_view(s->world, array, copy, &v) != 0)
        abort();
    r.epoch = v.epoch > 0 ? (uint64_t)v.epoch : 0;
    r.token = 1000000;
    sim_view_clear(&v);
    const struct sim_log_entry *e = NULL;
    leave(s);
    size_t n = site_log(s, &e);
    r.token = 0;
    for (size_t i = 0; i < n; i++)
        if (strcmp(e[i].array, array) == 0 && strcmp(e[i].group, copy) == 0 && e[i].token > r.token)
            r.token = e[i].token;
    enter(s);
    if (sim_begin(s->world, &r, &t) != 0)
        abort();
    leave(s);
    for (int i = 0; i < TRIES; i++) {
        if (answered(s, t.id))
            return;
        moment();
    }
    abort();
}

enum drstor_access
hand_access(struct site *s, const char *array, const char *copy)
{
    struct sim_view v = {0};
    enter(s);
    if (sim_view(s->world, array, copy, &v) != 0)
        abort();
    leave(s);
    enum drstor_access access = v.access;
    sim_view_clear(&v);
    return access;
}

void
hand_wait_lag(struct site *s, int64_t seconds)
{
    for (int i = 0; i < TRIES; i++) {
        struct sim_view v = {0};
        enter(s);
        if (sim_view(s->world, "sim-rome", "erp_r", &v) != 0)
            abort();
        leave(s);
        int64_t lag = v.lag_s;
        sim_view_clear(&v);
        if (lag >= seconds)
            return;
        moment();
    }
    abort();
}

void
hand_wait_sent(struct site *s, uint64_t from, enum sim_op op, const char *array)
{
    for (int i = 0; i < TRIES; i++) {
        const struct sim_log_entry *e = NULL;
        size_t n = site_log(s, &e);
        for (size_t k = 0; k < n; k++)
            if (e[k].seq > from && e[k].op == (uint32_t)op && strcmp(e[k].array, array) == 0)
                return;
        moment();
    }
    abort();
}

/* ---- the library
 * ------------------------------------------------------------------------------------ */

struct question {
    struct site *s;
    void (*meanwhile)(struct site *s);
};

static void
decide(const char *plan_json, struct drstor_answer *answer, void *user)
{
    struct question *q = user;
    (void)plan_json;
    q->meanwhile(q->s);
    answer->go = 1;
    (void)snprintf(answer->accept_loss, sizeof(answer->accept_loss), "unknown");
}

static void *
symbol(void *library, const char *name)
{
    void *p = library ? dlsym(library, name) : NULL;
    if (!p)
        abort();
    return p;
}

int
hand_act(struct site *s, const char *goal, void (*meanwhile)(struct site *s))
{
    /* As an application brings it in; this program has parts of core of its own. */
    void *library = dlopen(DRSTOR_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    int (*open_fn)(const struct drstor_options *, struct drstor **, struct drstor_error **);
    int (*act_fn)(struct drstor *, const char *, const struct drstor_consent *,
                  const struct drstor_callbacks *, char **, struct drstor_error **);
    void (*close_fn)(struct drstor *);
    void (*free_fn)(char *);
    *(void **)&open_fn = symbol(library, "drstor_open");
    *(void **)&act_fn = symbol(library, "drstor_act");
    *(void **)&close_fn = symbol(library, "drstor_close");
    *(void **)&free_fn = symbol(library, "drstor_text_free");

    struct question q = {s, meanwhile};
    struct drstor_options options = DRSTOR_OPTIONS_INIT;
    struct drstor_callbacks callbacks = DRSTOR_CALLBACKS_INIT;
    struct drstor *d = NULL;
    char *json = NULL;
    int code = -1;
    options.config = site_path(s, "drstor.yaml");
    callbacks.decide = decide;
    callbacks.user = &q;
    if (open_fn(&options, &d, NULL) == DRSTOR_OK &&
        act_fn(d, goal, NULL, &callbacks, &json, NULL) == DRSTOR_OK) {
        struct json_object *doc = json_tokener_parse(json), *o = NULL;
        if (json_object_object_get_ex(doc, "exit", &o))
            code = json_object_get_int(o);
        if (code != 0)
            (void)fprintf(stderr, "%s\n", json);
        (void)json_object_put(doc);
        free_fn(json);
    }
    close_fn(d);
    return code;
}
