/* More than one store: controllers that tell each other what is in theirs. */
#include "support/house_internal.h"

#include <stdio.h>
#include <string.h>

struct office *
house_office(struct house *h, const char *name, const char *site, bool standby)
{
    if (h->n_offices == OFFICES_MOST)
        abort();
    struct office *o = dr_arena_new0(h->arena, struct office);
    o->h = h;
    o->model = *h->plan->model;
    o->model.controller_name = dr_arena_str(h->arena, name);
    o->model.controller_site = dr_model_site(h->plan->model, site);
    o->model.controller_standby = standby;
    o->model.mirror.timeout_s = 5;
    o->store = dr_store_world_new();
    o->look = dr_store_memory(h->env, o->store, DR_STORE_READ);
    o->desk = dr_env_virtual_process(h->env, name, house_hash(h->seed, h->n_offices, 13));
    h->offices[h->n_offices++] = o;
    return o;
}

void
house_offices_clear(struct house *h)
{
    for (size_t i = 0; i < h->n_offices; i++) {
        dr_store_close(h->offices[i]->look);
        dr_store_world_free(h->offices[i]->store);
    }
    h->n_offices = 0;
}

struct controller *
office_controller(struct office *o, const char *name)
{
    return house_controller_of(o->h, o, name);
}

struct dr_store *
office_store(struct office *o)
{
    return o->look;
}

struct dr_store_world *
office_store_world(struct office *o)
{
    return o->store;
}

void
office_mirror(struct office *from, struct office *to)
{
    from->to = to;
}

void
office_wire(struct house *h, enum office_wire how, unsigned latency_ms)
{
    h->office_wire = how;
    h->office_latency_ms = latency_ms;
}

/* ---- one message ----------------------------------------------------------------------------- */

/* Outlives whoever sent it. */
struct message {
    struct office *to;
    const char *text;
    size_t n;
    char *answer; /* NULL: it could not be taken */
    struct dr_mailbox *back;
};

static int
desk_store(void *user, const struct dr_parts *parts, enum dr_store_mode mode, struct dr_store **ret,
           struct drstor_error **err)
{
    const struct office *o = user;
    (void)err;
    *ret = dr_store_memory(parts->env, o->store, mode);
    return DRSTOR_OK;
}

static void
message_task(void *arg)
{
    struct message *m = arg;
    struct house *h = m->to->h;
    const struct dr_parts parts = {.env = m->to->desk,
                                   .model = &m->to->model,
                                   .store = desk_store,
                                   .user = m->to,
                                   .origin = "mirror"};
    struct drstor *d = dr_library_open(&parts);
    (void)dr_sleep_until(h->env, dr_now_ns(h->env) + h->office_latency_ms * DR_MS, NULL);
    if (drstor_journal_import(d, m->text, m->n, &m->answer, NULL) < 0)
        m->answer = NULL;
    (void)dr_sleep_until(h->env, dr_now_ns(h->env) + h->office_latency_ms * DR_MS, NULL);
    drstor_close(d);
    dr_mailbox_post(m->back, m);
}

int
house_office_tell(void *controller, const struct dr_parts *parts, const struct dr_str *text,
                  uint64_t deadline_ns, struct dr_arena *a, const char **ret_answer,
                  struct drstor_error **err)
{
    struct controller *c = controller;
    struct house *h = c->h;
    struct message *m = NULL;
    if (h->office_wire != OFFICE_WIRE_CUT) {
        m = dr_arena_new0(h->arena, struct message);
        m->to = c->office->to;
        m->text = dr_arena_strn(h->arena, text->s, text->n);
        m->n = text->n;
        m->back = dr_mailbox_new(h->env);
        dr_spawn(m->to->desk, message_task, m);
    }
    if (m && h->office_wire == OFFICE_WIRE_UP && dr_mailbox_wait(m->back, deadline_ns, NULL) &&
        m->answer) {
        *ret_answer = dr_arena_str(a, m->answer);
        return DRSTOR_OK;
    }
    (void)dr_sleep_until(parts->env, deadline_ns, NULL);
    return dr_fail(err, DRSTOR_E_UNKNOWN, "the standby does not answer");
}
