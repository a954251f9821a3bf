/* Engines in memory, and what carries requests to them. */
#include "support/house_internal.h"

#include "lunview_world.h"

#include <stdio.h>
#include <string.h>

static struct house_engine *
engine_at(struct house_wire *w, const char *site)
{
    for (size_t i = 0; i < w->n_engines; i++)
        if (dr_streq(w->engines[i].site, site))
            return &w->engines[i];
    return NULL;
}

static struct house_call *
call_of(struct house_wire *w, uint64_t id)
{
    for (struct house_call *c = w->calls; c; c = c->next)
        if (c->id == id)
            return c;
    return NULL;
}

static bool
strikes(const struct house_wire *w, uint64_t what, unsigned permille)
{
    return permille && house_hash(w->house->seed, w->n_calls, what) % 1000 < permille;
}

/* ---- the wire -------------------------------------------------------------------------------- */

static uint64_t
wire_send(struct dr_wire *wire, const struct dr_wire_request *q)
{
    struct house_wire *w = (struct house_wire *)wire;
    struct house_call *c = dr_new0(struct house_call);
    c->id = ++w->n_calls;
    c->by = dr_env_virtual_running(w->house->env);
    c->engine = engine_at(w, q->site);
    c->next = w->calls;
    w->calls = c;
    if (!c->engine || c->engine->reach != HOUSE_REACH_UP)
        return c->id;
    if (strikes(w, 1, w->lost_before)) {
        house_note(w->house, "lost on its way: %s %s", q->method, q->url);
        c->lost = true;
        return c->id;
    }
    struct emu_header headers[32];
    size_t n = q->n_headers < DR_COUNT(headers) ? q->n_headers : DR_COUNT(headers);
    for (size_t i = 0; i < n; i++)
        headers[i] = (struct emu_header){q->headers[i].name, q->headers[i].value};
    const char *host = strstr(q->url, "://");
    const char *from = host ? strchr(host + 3, '/') : NULL;
    dr_auto(dr_freep) char *path = dr_strdup(from ? from : "/");
    char *query = strchr(path, '?');
    if (query)
        *query++ = '\0';
    const struct emu_request request = {.method = q->method,
                                        .path = path,
                                        .query = query,
                                        .headers = headers,
                                        .headers_count = n,
                                        .body = q->body,
                                        .body_length = q->n_body};
    emu_submit(c->engine->emu, &request, (int64_t)dr_now_ns(w->house->env), &c->xid);
    if (strikes(w, 2, w->lost_after)) {
        house_note(w->house, "its answer is lost: %s %s", q->method, q->url);
        c->lost = true;
    }
    dr_cond_wake(&w->moved);
    return c->id;
}

static void
take_reply(struct house_call *c, struct dr_http_reply *ret)
{
    struct emu_response *r = &c->response;
    ret->code = r->status;
    ret->body = dr_alloc0(r->body_length + 1, 1);
    memcpy(ret->body, r->body, r->body_length);
    ret->n_body = r->body_length;
    ret->headers = dr_alloc0(r->headers_count + 1, sizeof(*ret->headers));
    ret->n_headers = r->headers_count;
    for (size_t i = 0; i < r->headers_count; i++)
        ret->headers[i] = (struct drstor_http_header){dr_strdup(r->headers[i].name),
                                                      dr_strdup(r->headers[i].value)};
}

static enum dr_wire_state
wire_look(struct dr_wire *wire, uint64_t call, struct dr_http_reply *ret)
{
    struct house_wire *w = (struct house_wire *)wire;
    struct house_call *c = call_of(w, call);
    if (!c || !c->engine)
        return DR_WIRE_UNSENT;
    if (!c->xid && !c->lost)
        return c->engine->reach == HOUSE_REACH_DOWN ? DR_WIRE_UNSENT : DR_WIRE_SILENT;
    if (c->lost || c->engine->reach == HOUSE_REACH_SILENT || !c->answered ||
        dr_now_ns(w->house->env) < c->arrives_ns)
        return DR_WIRE_WAITING;
    if (c->response.drop || c->engine->reach == HOUSE_REACH_DOWN)
        return DR_WIRE_BROKEN;
    take_reply(c, ret);
    return DR_WIRE_ANSWERED;
}

static void
call_end(struct house_call **p)
{
    struct house_call *c = *p;
    *p = c->next;
    if (c->xid && !c->answered)
        emu_abandon(c->engine->emu, c->xid);
    emu_response_clear(&c->response);
    free(c);
}

static void
wire_leave(struct dr_wire *wire, uint64_t call)
{
    struct house_wire *w = (struct house_wire *)wire;
    for (struct house_call **p = &w->calls; *p; p = &(*p)->next)
        if ((*p)->id == call) {
            call_end(p);
            return;
        }
}

/* Probes are of no site of their own here: HOST is one. */
static bool
wire_alive(struct dr_wire *wire, const char *host_port)
{
    struct house_wire *w = (struct house_wire *)wire;
    dr_auto(dr_freep) char *site = dr_strdup(host_port);
    site[strcspn(site, ":")] = '\0';
    bool alive = false;
    for (size_t i = 0; i < w->n_probes; i++)
        if (dr_streq(w->probes[i].host, site))
            return w->probes[i].answers;
    if (sim_enter(w->house->world) == 0) {
        alive = sim_site_get(w->house->world, site) == SIM_SITE_UP;
        (void)sim_leave(w->house->world);
    }
    return alive;
}

/* ---- engines go on --------------------------------------------------------------------------- */

static uint64_t
next_ns(const struct house_wire *w)
{
    uint64_t next = UINT64_MAX;
    for (size_t i = 0; i < w->n_engines; i++) {
        int64_t ns = emu_next_event_ns(w->engines[i].emu);
        if (ns != EMU_NEVER && (uint64_t)ns < next)
            next = (uint64_t)ns;
    }
    for (const struct house_call *c = w->calls; c; c = c->next)
        if (c->answered && !c->lost && c->arrives_ns < next &&
            c->arrives_ns > dr_now_ns(w->house->env))
            next = c->arrives_ns;
    return next;
}

static void
collect(struct house_wire *w)
{
    uint64_t now = dr_now_ns(w->house->env);
    for (size_t i = 0; i < w->n_engines; i++)
        emu_advance(w->engines[i].emu, (int64_t)now);
    for (struct house_call *c = w->calls; c; c = c->next)
        if (c->xid && !c->answered && emu_collect(c->engine->emu, c->xid, &c->response) == 0) {
            c->answered = true;
            c->arrives_ns = now + w->latency_ms * DR_MS;
        }
}

void
house_wire_task(void *arg)
{
    struct house *h = arg;
    struct house_wire *w = &h->net;
    pthread_mutex_lock(&w->wire.lock);
    while (!dr_cancelled(&h->over)) {
        collect(w);
        dr_cond_wake(&w->wire.changed);
        uint64_t next = next_ns(w);
        /* An event that is due at once must not stop the clock for the others. */
        if (next <= dr_now_ns(h->env))
            next = dr_now_ns(h->env) + 1;
        dr_cond_wait(&w->moved, &w->wire.lock, next, &h->over);
    }
    pthread_mutex_unlock(&w->wire.lock);
}

bool
house_wire_init(struct house *h)
{
    struct house_wire *w = &h->net;
    w->house = h;
    w->wire = (struct dr_wire){
        .send = wire_send, .look = wire_look, .leave = wire_leave, .alive = wire_alive};
    (void)pthread_mutex_init(&w->wire.lock, NULL);
    dr_cond_init(&w->wire.changed, h->env);
    dr_cond_init(&w->moved, h->env);
    for (size_t i = 0; i < h->plan->n_engines; i++) {
        struct house_engine *e = &w->engines[w->n_engines++];
        dr_auto(dr_freep) char *reason = NULL;
        e->luns = lunview_world_of(h->world);
        e->site = json_object_get_string(json_object_object_get(h->plan->engines[i], "site"));
        e->emu = emu_engine_new(h->plan->engines[i], &e->luns, (int64_t)dr_now_ns(h->env), &reason);
        if (!e->emu) {
            (void)fprintf(stderr, "no engine at %s: %s\n", e->site, reason);
            return false;
        }
    }
    return true;
}

void
house_wire_clear(struct house *h)
{
    while (h->net.calls)
        call_end(&h->net.calls);
    for (size_t i = 0; i < h->net.n_engines; i++)
        emu_engine_free(h->net.engines[i].emu);
    (void)pthread_mutex_destroy(&h->net.wire.lock);
}

void
house_wire_forget(struct house *h, const struct dr_env *process)
{
    for (struct house_call **p = &h->net.calls; *p;)
        if ((*p)->by == process)
            call_end(p);
        else
            p = &(*p)->next;
}

/* ---- fate ------------------------------------------------------------------------------------ */

struct emu_engine *
house_engine(struct house *h, const char *site)
{
    struct house_engine *e = engine_at(&h->net, site);
    return e ? e->emu : NULL;
}

void
house_reach(struct house *h, const char *site, enum house_reach reach)
{
    struct house_engine *e = engine_at(&h->net, site);
    if (e)
        e->reach = reach;
    dr_cond_wake(&h->net.wire.changed);
}

void
house_probe(struct house *h, const char *host, bool answers)
{
    struct house_wire *w = &h->net;
    size_t i = 0;
    while (i < w->n_probes && !dr_streq(w->probes[i].host, host))
        i++;
    if (i == PROBES_MOST)
        abort();
    w->n_probes = i == w->n_probes ? i + 1 : w->n_probes;
    w->probes[i].host = dr_arena_str(h->arena, host);
    w->probes[i].answers = answers;
}

void
house_loses(struct house *h, unsigned before, unsigned after)
{
    h->net.lost_before = before;
    h->net.lost_after = after;
}

void
house_latency(struct house *h, unsigned ms)
{
    h->net.latency_ms = ms;
}

/* COMMAND is consumed; the reply is the caller's. */
static struct json_object *
command(struct house *h, const char *site, const char *name, struct json_object *o)
{
    struct emu_engine *e = house_engine(h, site);
    json_object_object_add(o, "command", json_object_new_string(name));
    struct json_object *reply = e ? emu_control(e, o, (int64_t)dr_now_ns(h->env)) : NULL;
    (void)json_object_put(o);
    dr_cond_wake(&h->net.moved);
    return reply;
}

void
house_hosts_lost(struct house *h, const char *site)
{
    (void)json_object_put(command(h, site, "hosts_lost", json_object_new_object()));
}

void
house_hosts_back(struct house *h, const char *site)
{
    dr_auto(dr_json_putp) struct json_object *reply =
        command(h, site, "hosts", json_object_new_object());
    struct json_object *hosts = dr_json_get(reply, "hosts");
    for (size_t i = 0; i < dr_json_length(hosts); i++) {
        struct json_object *o = json_object_new_object();
        dr_json_set_str(o, "host", dr_json_str(json_object_array_get_idx(hosts, i), "name"));
        dr_json_set_str(o, "status", "up");
        (void)json_object_put(command(h, site, "host", o));
    }
}
