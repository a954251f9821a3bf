#include "support/house_internal.h"

#include "base/failpoint.h"
#include "base/json.h"
#include "config/config.h"
#include "library/internal.h"
#include "plugin/loader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct drstor_plugin *drstor_plugin_entry(const struct drstor_host *table);

/* ---- the plan -------------------------------------------------------------------------------- */

bool
house_plan_make(struct house_plan *p, const char *yaml, struct json_object *spec)
{
    static bool registered;
    const struct dr_config_options options = {.skip_secrets = true};
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    char why[SIM_WORDS] = "";
    *p = (struct house_plan){0};
    if (!registered && dr_plugin_builtin("simulated", drstor_plugin_entry, &err) < 0) {
        (void)fprintf(stderr, "the plugin: %s\n", dr_error_message(err));
        return false;
    }
    registered = true;
    if (dr_config_load_text(yaml, strlen(yaml), "house.yaml", &options, &p->model, &err) < 0) {
        (void)fprintf(stderr, "the configuration: %s\n", dr_error_message(err));
        return false;
    }
    struct dr_model *m = p->model;
    for (size_t i = 0; i < m->n_engines; i++) {
        struct dr_engine *e = (struct dr_engine *)(uintptr_t)&m->engines[i];
        e->at.password = dr_secret_new("secret", 6);
        dr_arena_push(m->arena, m->secrets, m->n_secrets) = e->at.password;
    }
    if (sim_world_new(spec, &p->world, why) < 0) {
        (void)fprintf(stderr, "the world: %s\n", why);
        return false;
    }
    return true;
}

void
house_plan_after(struct house_plan *to, const struct house_plan *from,
                 void (*fn)(struct house *h, void *arg), void *arg)
{
    struct house *h = house_new(from, 0);
    house_talk(h, false);
    house_run(h, fn, arg);
    *to = *from;
    to->borrowed = true;
    /* The world stands where it was looked at last; the clock went on. */
    if (sim_enter(h->world) < 0 || sim_leave(h->world) < 0 ||
        sim_world_copy(h->world, 0, &to->world) < 0)
        abort();
    to->store = dr_store_world_copy(h->store);
    house_free(h);
}

void
house_plan_clear(struct house_plan *p)
{
    sim_world_free(p->world);
    dr_store_world_free(p->store);
    if (!p->borrowed)
        dr_config_free(p->model);
    for (size_t i = 0; !p->borrowed && i < p->n_engines; i++)
        (void)json_object_put(p->engines[i]);
    *p = (struct house_plan){0};
}

/* ---- the house ------------------------------------------------------------------------------- */

uint64_t
house_every(void)
{
    const char *text = getenv("DRSTOR_SWEEP_EVERY");
    uint64_t every = text ? strtoull(text, NULL, 10) : 1;
    return every ? every : 1;
}

uint64_t
house_hash(uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t x =
        a + UINT64_C(0x9e3779b97f4a7c15) * (b + 1) + UINT64_C(0xd1b54a32d192ed03) * (c + 1);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static uint64_t
house_clock(void *user)
{
    struct house *h = user;
    return dr_now_ns(h->env);
}

struct controller *
house_running(struct house *h)
{
    const struct dr_env *env = dr_env_virtual_running(h->env);
    for (size_t i = 0; i < h->n_controllers; i++)
        if (h->controllers[i]->env == env)
            return h->controllers[i];
    return NULL;
}

#if DRSTOR_TEST_BUILD
static void
passed_by(const char *name, void *user)
{
    struct controller *c = house_running(user);
    if (c && ++c->passed == c->doom)
        controller_kill(c, name);
}
#endif

static uint64_t
caller_now(void *user)
{
    struct house *h = user;
    return (uint64_t)(uintptr_t)dr_env_virtual_running(h->env);
}

static void
crash_at_array(void *user)
{
    struct controller *c = house_running(user);
    if (c)
        controller_kill(c, "in a call of an array");
}

struct house *
house_new(const struct house_plan *plan, uint64_t seed)
{
    struct house *h = dr_new0(struct house);
    h->plan = plan;
    h->seed = seed;
    h->arena = dr_arena_new();
    if (sim_world_copy(plan->world, seed, &h->world) < 0)
        abort();
    uint64_t now = sim_now(h->world);
    h->env = dr_env_virtual_new(now, sim_utc(h->world, now));
    sim_world_clock(h->world, house_clock, h);
    sim_world_crash(h->world, crash_at_array, h);
    sim_world_caller(h->world, caller_now, h);
    if (sim_world_lend("house", h->world) < 0)
        abort();
    h->store = plan->store ? dr_store_world_copy(plan->store) : dr_store_world_new();
    h->look = dr_store_memory(h->env, h->store, DR_STORE_READ);
#if DRSTOR_TEST_BUILD
    dr_failpoint_hook(passed_by, h);
#endif
    if (!house_wire_init(h))
        abort();
    return h;
}

void
house_free(struct house *h)
{
    if (!h)
        return;
    for (size_t i = 0; i < h->n_errands; i++) {
        drstor_text_free(h->errands[i]->json);
        dr_error_free(h->errands[i]->error);
        dr_mailbox_free(h->ends[i]);
    }
    for (size_t i = 0; i < h->n_controllers; i++)
        if (!h->controllers[i]->dead)
            drstor_close(h->controllers[i]->d);
    house_wire_clear(h);
#if DRSTOR_TEST_BUILD
    dr_failpoint_hook(NULL, NULL);
#endif
    house_offices_clear(h);
    dr_store_close(h->look);
    dr_store_world_free(h->store);
    (void)sim_world_lend("house", NULL);
    sim_world_free(h->world);
    dr_env_virtual_free(h->env);
    free(h->errands);
    free(h->ends);
    dr_str_freep(&h->history);
    dr_arena_free(h->arena);
    free(h);
}

struct fate {
    struct house *h;
    void (*fn)(struct house *h, void *arg);
    void *arg;
};

static void
fate_task(void *arg)
{
    struct fate *f = arg;
    struct house *h = f->h;
    if (h->plan->n_engines)
        dr_spawn(h->env, house_wire_task, h);
    f->fn(h, f->arg);
    for (size_t i = 0; i < h->n_errands; i++)
        (void)errand_end(h->errands[i]);
    dr_cancel_now(h->env, &h->over);
}

void
house_run(struct house *h, void (*fn)(struct house *h, void *arg), void *arg)
{
    struct fate f = {h, fn, arg};
    dr_env_virtual_run(h->env, fate_task, &f);
}

struct dr_env *
house_env(struct house *h)
{
    return h->env;
}

uint64_t
house_seed(const struct house *h)
{
    return h->seed;
}

struct dr_arena *
house_arena(struct house *h)
{
    return h->arena;
}

struct sim_world *
house_world(struct house *h)
{
    return h->world;
}

struct dr_store *
house_store(struct house *h)
{
    return h->look;
}

struct dr_store_world *
house_store_world(struct house *h)
{
    return h->store;
}

void
house_sleep_ms(struct house *h, uint64_t ms)
{
    (void)dr_sleep_until(h->env, dr_now_ns(h->env) + ms * DR_MS, NULL);
}

uint64_t
house_draw(struct house *h, uint64_t below)
{
    return below ? house_hash(h->seed, h->draws++, 7) % below : 0;
}

/* ---- the history ----------------------------------------------------------------------------- */

void
house_talk(struct house *h, bool on)
{
    h->quiet = !on;
}

void
house_note(struct house *h, const char *format, ...)
{
    if (h->quiet)
        return;
    va_list ap;
    char *text = NULL;
    va_start(ap, format);
    int n = vasprintf(&text, format, ap);
    va_end(ap);
    if (n < 0)
        abort();
    uint64_t ms = dr_now_ns(h->env) / DR_MS;
    const struct controller *c = house_running(h);
    dr_str_printf(&h->history, "%8llu.%03llu %s: %s\n", (unsigned long long)(ms / 1000),
                  (unsigned long long)(ms % 1000), c ? c->name : "fate", text);
    free(text);
}

static int
history_of_array(const struct sim_log_entry *e, void *user)
{
    struct house *h = user;
    dr_str_printf(
        &h->history, "%8llu.%06llu %s %s call %llu %s %s epoch %llu token %llu %s %d %s\n",
        (unsigned long long)(e->time_ns / DR_S), (unsigned long long)(e->time_ns % DR_S / 1000),
        e->array, e->group, (unsigned long long)e->call, e->effect ? "does" : "hears",
        sim_op_name((enum sim_op)e->op), (unsigned long long)e->epoch, (unsigned long long)e->token,
        e->op_id, e->status, e->note);
    return 0;
}

static int
history_of_store(void *user, const char *line)
{
    struct house *h = user;
    dr_str_printf(&h->history, "%s\n", line);
    return 0;
}

const char *
house_history(struct house *h)
{
    if (sim_enter(h->world) == 0) {
        (void)sim_log_each(h->world, history_of_array, h);
        (void)sim_leave(h->world);
    }
    (void)dr_store_export(h->look, history_of_store, h, NULL);
    return h->history.s ? h->history.s : "";
}

/* ---- controllers ----------------------------------------------------------------------------- */

void
house_programs(struct house *h, int (*fn)(struct controller *c, const struct dr_program *p,
                                          struct dr_program_end *ret, struct drstor_error **err))
{
    h->program = fn;
}

static int
run_program(void *user, const struct dr_program *p, struct dr_program_end *ret,
            struct drstor_error **err)
{
    struct controller *c = user;
    return c->h->program ? c->h->program(c, p, ret, err)
                         : dr_fail(err, DRSTOR_E_INVALID, "there are no programs in this house");
}

static int
store_open(void *user, const struct dr_parts *parts, enum dr_store_mode mode, struct dr_store **ret,
           struct drstor_error **err)
{
    struct controller *c = user;
    (void)err;
    *ret = dr_store_memory(parts->env, c->store, mode);
    return DRSTOR_OK;
}

struct controller *
house_controller(struct house *h, const char *name)
{
    return house_controller_of(h, NULL, name);
}

struct controller *
house_controller_of(struct house *h, struct office *o, const char *name)
{
    if (h->n_controllers == CONTROLLERS_MOST)
        abort();
    struct controller *c = dr_arena_new0(h->arena, struct controller);
    c->h = h;
    c->office = o;
    c->store = o ? o->store : h->store;
    (void)snprintf(c->name, sizeof(c->name), "%s", name);
    c->env = dr_env_virtual_process(h->env, name, house_hash(h->seed, h->n_controllers, 11));
    const struct dr_parts parts = {.env = c->env,
                                   .model = o ? &o->model : h->plan->model,
                                   .store = store_open,
                                   .mirror = o && o->to ? house_office_tell : NULL,
                                   .program = run_program,
                                   .user = c,
                                   .wire = &h->net.wire,
                                   .origin = "house"};
    c->d = dr_library_open(&parts);
    h->controllers[h->n_controllers++] = c;
    return c;
}

void
controller_person(struct controller *c, int64_t uid, const char *user)
{
    dr_env_virtual_person(c->env, uid, user);
}

void
controller_kill(struct controller *c, const char *why)
{
    struct house *h = c->h;
    if (c->dead)
        return;
    house_note(h, "%s is killed: %s", c->name, why);
    c->dead = true;
    for (size_t i = 0; i < h->n_errands; i++) {
        struct errand *e = h->errands[i];
        if (e->by != c || e->over)
            continue;
        e->over = e->died = true;
        dr_mailbox_post(h->ends[i], e);
    }
    dr_store_world_kill(c->store, c->env);
    house_wire_forget(h, c->env);
    if (sim_enter(h->world) == 0) {
        sim_hang_up(h->world, (uint64_t)(uintptr_t)c->env);
        (void)sim_leave(h->world);
    }
    dr_env_virtual_kill(c->env);
}

void
controller_doom(struct controller *c, uint64_t nth)
{
    c->doom = nth ? c->passed + nth : 0;
}

bool
controller_alive(const struct controller *c)
{
    return !c->dead;
}

uint64_t
controller_passed(const struct controller *c)
{
    return c->passed;
}

const char *
controller_name(const struct controller *c)
{
    return c->name;
}

struct house *
controller_house(const struct controller *c)
{
    return c->h;
}

struct office *
controller_office(const struct controller *c)
{
    return c->office;
}

void
controller_cancel(struct controller *c)
{
    house_note(c->h, "%s is told to stop", c->name);
    if (!c->dead)
        drstor_cancel(c->d);
}

/* ---- calls ----------------------------------------------------------------------------------- */

static void
on_event(const char *json, void *user)
{
    struct errand *e = user;
    house_note(e->by->h, "%s", json);
}

static void
on_decide(const char *plan_json, struct drstor_answer *answer, void *user)
{
    struct errand *e = user;
    struct house *h = e->by->h;
    if (h->asked)
        h->asked(e->by, plan_json, h->asked_user);
    (void)dr_sleep_until(e->by->env, dr_now_ns(e->by->env) + e->what.thinks_ms * DR_MS, NULL);
    answer->go = 1;
}

static int
errand_call(struct errand *e)
{
    struct drstor *d = e->by->d;
    struct drstor_consent consent = DRSTOR_CONSENT_INIT;
    struct drstor_callbacks cb = DRSTOR_CALLBACKS_INIT;
    struct drstor_guard_options guard = DRSTOR_GUARD_OPTIONS_INIT;
    consent.accept_loss = e->what.accept_loss;
    consent.declare = &e->what.declare;
    consent.n_declare = e->what.declare ? 1 : 0;
    consent.waive_fence = e->what.waive_fence;
    consent.reason = e->what.reason;
    consent.waive_snapshot = e->what.waive_snapshot;
    cb.event = e->by->h->quiet ? NULL : on_event;
    cb.decide = e->what.asks ? on_decide : NULL;
    cb.user = e;
    switch (e->what.kind) {
    case ERRAND_OBSERVE:
        return drstor_observe(d, NULL, 0, &e->json, &e->error);
    case ERRAND_ADOPT:
        return drstor_adopt(d, NULL, 0, &e->json, &e->error);
    case ERRAND_STATUS:
        return drstor_status(d, NULL, 0, &e->json, &e->error);
    case ERRAND_PLAN:
        return drstor_plan(d, e->what.goal, &consent, &e->json, &e->error);
    case ERRAND_ACT:
        return drstor_act(d, e->what.goal, &consent, &cb, &e->json, &e->error);
    case ERRAND_APPLY:
        return drstor_apply(d, e->what.goal, &consent, &cb, &e->json, &e->error);
    case ERRAND_RESUME:
        return drstor_resume(d, e->what.goal, &cb, &e->json, &e->error);
    case ERRAND_ABORT:
        return drstor_abort(d, e->what.goal, &cb, &e->json, &e->error);
    case ERRAND_GUARD:
        guard.once = e->what.interval_ms == 0;
        guard.interval_ms = e->what.interval_ms;
        guard.site = e->what.goal;
        return drstor_guard(d, &guard, &cb, &e->json, &e->error);
    case ERRAND_TAKEOVER:
        return drstor_takeover(d, &consent, &e->json, &e->error);
    case ERRAND_VERIFY:
        return drstor_verify(d, &e->what.goal, e->what.goal ? 1 : 0, 0, &e->json, &e->error);
    case ERRAND_UNKNOWN:
        break;
    }
    return DRSTOR_E_INTERNAL;
}

static struct dr_mailbox *
end_of(const struct errand *e)
{
    struct house *h = e->by->h;
    for (size_t i = 0; i < h->n_errands; i++)
        if (h->errands[i] == e)
            return h->ends[i];
    abort();
}

static void
errand_task(void *arg)
{
    struct errand *e = arg;
    e->status = errand_call(e);
    e->exit = drstor_error_exit(e->error);
    const char *exit = e->json ? errand_says(e, "exit") : NULL;
    if (exit)
        e->exit = (int)strtol(exit, NULL, 10);
    e->over = true;
    house_note(e->by->h, "%s ends with %d %s", e->what.goal ? e->what.goal : "", e->exit,
               e->error ? drstor_error_message(e->error) : "");
    dr_mailbox_post(end_of(e), e);
}

struct errand *
errand_begin(struct controller *c, const struct errand_what *what)
{
    struct house *h = c->h;
    struct errand *e = dr_arena_new0(h->arena, struct errand);
    e->what = *what;
    e->what.goal = dr_arena_str(h->arena, what->goal);
    e->what.accept_loss = dr_arena_str(h->arena, what->accept_loss);
    e->what.declare = dr_arena_str(h->arena, what->declare);
    e->what.waive_fence = dr_arena_str(h->arena, what->waive_fence);
    e->what.reason = dr_arena_str(h->arena, what->reason);
    e->what.waive_snapshot = dr_arena_str(h->arena, what->waive_snapshot);
    e->by = c;
    dr_push(h->errands, h->n_errands, h->cap_errands) = e;
    size_t n = h->n_errands - 1;
    dr_push(h->ends, n, h->cap_ends) = dr_mailbox_new(h->env);
    house_note(h, "%s is asked: %d %s", c->name, (int)what->kind, what->goal ? what->goal : "");
    if (c->dead) {
        e->over = e->died = true;
        dr_mailbox_post(end_of(e), e);
    } else {
        dr_spawn(c->env, errand_task, e);
    }
    return e;
}

struct errand *
errand_end(struct errand *e)
{
    while (!e->over)
        (void)dr_mailbox_wait(end_of(e), UINT64_MAX, NULL);
    (void)dr_mailbox_wait(end_of(e), 0, NULL);
    return e;
}

void
house_asked(struct house *h, void (*fn)(struct controller *c, const char *plan_json, void *user),
            void *user)
{
    h->asked = fn;
    h->asked_user = user;
}

struct errand *
errand_do(struct controller *c, const struct errand_what *what)
{
    return errand_end(errand_begin(c, what));
}

const char *
errand_says(const struct errand *e, const char *member)
{
    dr_auto(dr_json_putp) struct json_object *o = NULL, *v = NULL;
    if (!e->json || dr_json_parse(e->json, strlen(e->json), &dr_json_inventory, &o, NULL) < 0)
        return NULL;
    v = json_object_get(dr_json_get(o, member));
    return v ? dr_arena_str(e->by->h->arena, json_object_get_string(v)) : NULL;
}
