#include "house/story.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const vms[] = STORY_VMS;

void
wrong(struct story *s, const char *format, ...)
{
    size_t n = strlen(s->why);
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(s->why + n, sizeof(s->why) - n, format, ap);
    va_end(ap);
    s->good = false;
}

/* ---- engines --------------------------------------------------------------------------------- */

struct json_object *
control(struct house *h, const char *site, const char *text)
{
    dr_auto(dr_freep) char *copy = dr_strdup(text);
    for (char *c = copy; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    dr_auto(dr_json_putp) struct json_object *command = json_tokener_parse(copy);
    struct json_object *reply =
        emu_control(house_engine(h, site), command, (int64_t)dr_now_ns(house_env(h)));
    bool ok = false;
    if (!dr_json_bool(reply, "ok", &ok) || !ok)
        abort();
    return reply;
}

void
told(struct house *h, const char *site, const char *text)
{
    (void)json_object_put(control(h, site, text));
}

const char *
status_of(struct house *h, const char *site, const char *vm)
{
    dr_auto(dr_json_putp) struct json_object *o = control(h, site, "{'command':'vms'}");
    struct json_object *list = dr_json_get(o, "vms");
    for (size_t i = 0; i < dr_json_length(list); i++) {
        struct json_object *one = json_object_array_get_idx(list, i);
        if (dr_streq(dr_json_str(one, "id"), vm))
            return dr_arena_str(house_arena(h), dr_json_str(one, "status"));
    }
    return "absent";
}

const char *
domain_at(struct house *h, const char *site, const char *domain)
{
    dr_auto(dr_json_putp) struct json_object *o = control(h, site, "{'command':'domains'}");
    struct json_object *list = dr_json_get(o, "domains");
    for (size_t i = 0; i < dr_json_length(list); i++) {
        struct json_object *one = json_object_array_get_idx(list, i);
        if (dr_streq(dr_json_str(one, "id"), domain))
            return dr_arena_str(house_arena(h), dr_json_str(one, "status"));
    }
    return "absent";
}

bool
runs(struct house *h, const char *site, const char *vm)
{
    const char *status = status_of(h, site, vm);
    return !dr_streq(status, "absent") && !dr_streq(status, "down") &&
           !dr_streq(status, "image_locked");
}

/* What somebody does at the engine, past drstor: the code, and the answer, which is the caller's.
 */
int
ask(struct house *h, const char *site, const char *method, const char *path,
    struct json_object **ret)
{
    static const char form[] =
        "grant_type=password&scope=ovirt-app-api&username=drstor%40internal&password=secret";
    struct emu_engine *e = house_engine(h, site);
    struct emu_header headers[] = {
        {"Accept", "application/json"},
        {"Content-Type", "application/x-www-form-urlencoded"},
        {"Authorization", ""},
    };
    struct emu_request q = {.method = "POST",
                            .path = "/ovirt-engine/sso/oauth/token",
                            .headers = headers,
                            .headers_count = 2,
                            .body = form,
                            .body_length = sizeof(form) - 1};
    char bearer[128] = "";
    int status = 0;
    for (int i = 0; i < 2; i++) {
        struct emu_response answer;
        uint64_t xid = 0;
        emu_submit(e, &q, (int64_t)dr_now_ns(house_env(h)), &xid);
        dr_cond_wake(&h->net.moved);
        while (emu_collect(e, xid, &answer) == 1)
            house_sleep_ms(h, 10);
        status = answer.status;
        if (i == 0) {
            dr_auto(dr_json_putp) struct json_object *o = json_tokener_parse(answer.body);
            (void)snprintf(bearer, sizeof(bearer), "Bearer %s", dr_json_str(o, "access_token"));
        } else if (ret) {
            *ret = json_tokener_parse(answer.body);
        }
        emu_response_clear(&answer);
        headers[1] = (struct emu_header){"Content-Type", "application/json"};
        headers[2] = (struct emu_header){"Authorization", bearer};
        q.headers_count = 3;
        q.method = method;
        q.path = dr_arena_printf(house_arena(h), "/ovirt-engine/api/%s", path);
        q.body = "{}";
        q.body_length = 2;
    }
    return status;
}

int
by_hand(struct house *h, const char *site, const char *method, const char *path)
{
    return ask(h, site, method, path, NULL);
}

/* ---- what must never happen ------------------------------------------------------------------ */

struct watch {
    struct house *h;
    struct story *s;
};

static bool
runs_in(struct json_object *reply, const char *vm)
{
    struct json_object *list = dr_json_get(reply, "vms");
    for (size_t i = 0; i < dr_json_length(list); i++) {
        struct json_object *one = json_object_array_get_idx(list, i);
        const char *status = dr_json_str(one, "status");
        if (dr_streq(dr_json_str(one, "id"), vm))
            return !dr_streq(status, "down") && !dr_streq(status, "image_locked");
    }
    return false;
}

/* Looks at both engines as long as the house stands; a guest takes longer than that to come up. */
static void
watch_task(void *arg)
{
    struct watch *w = arg;
    while (!dr_cancelled(&w->h->over)) {
        dr_auto(dr_json_putp) struct json_object *milan =
            control(w->h, "milan", "{'command':'vms'}");
        dr_auto(dr_json_putp) struct json_object *rome = control(w->h, "rome", "{'command':'vms'}");
        for (size_t i = 0; i < DR_COUNT(vms); i++)
            if (!w->s->twice && runs_in(milan, vms[i]) && runs_in(rome, vms[i]) && w->s->good)
                wrong(w->s, "VM %s runs at both sites\n", vms[i]);
        (void)dr_sleep_until(w->h->env, dr_now_ns(w->h->env) + 500 * DR_MS, &w->h->over);
    }
}

void
all_at(struct house *h, struct story *s, const char *site, int64_t epoch)
{
    const char *other = dr_streq(site, "milan") ? "rome" : "milan";
    if (!house_site_served_since(h, s->plan->model, site, epoch, s->violations))
        wrong(s, "not served from %s at epoch %lld\n", site, (long long)epoch);
    for (size_t i = 0; i < DR_COUNT(vms); i++) {
        const char *status = status_of(h, site, vms[i]);
        if (!dr_streq(status, "up") && !dr_streq(status, "powering_up"))
            wrong(s, "VM %s at %s is %s\n", vms[i], site, status_of(h, site, vms[i]));
        if (runs(h, other, vms[i]))
            wrong(s, "VM %s at %s is %s\n", vms[i], other, status_of(h, other, vms[i]));
    }
    static const char *const domains[] = {SD_DB, SD_ERP, SD_WEB};
    for (size_t i = 0; i < DR_COUNT(domains); i++) {
        if (!dr_streq(domain_at(h, site, domains[i]), "active"))
            wrong(s, "domain %s at %s is %s\n", domains[i], site, domain_at(h, site, domains[i]));
        const char *there = domain_at(h, other, domains[i]);
        if (!dr_streq(there, "unattached") && !dr_streq(there, "absent"))
            wrong(s, "domain %s at %s is %s\n", domains[i], other, there);
    }
}

const struct errand *
ends_with(struct story *s, struct controller *c, const struct errand_what *what, int exit)
{
    const struct errand *e = errand_do(c, what);
    if (e->died || e->exit != exit)
        wrong(s, "%s ends with %d, not %d: %s%s\n", what->goal ? what->goal : "resume", e->exit,
              exit, e->error ? drstor_error_message(e->error) : "",
              e->json && errand_says(e, "text") ? errand_says(e, "text") : "");
    return e;
}

/* The engine's own clock says when each call of KIND of the log began. -1: never. */
int64_t
first_call(struct house *h, const char *site, const char *op, const char *path, bool end)
{
    dr_auto(dr_json_putp) struct json_object *o = control(h, site, "{'command':'log'}");
    struct json_object *list = dr_json_get(o, "log");
    for (size_t i = 0; i < dr_json_length(list); i++) {
        struct json_object *one = json_object_array_get_idx(list, i);
        int64_t at = -1;
        if (dr_streq(dr_json_str(one, "op"), op) && strstr(dr_json_str(one, "path"), path) &&
            dr_json_i64(one, end ? "end_ns" : "start_ns", &at))
            return at;
    }
    return -1;
}

void
before(struct house *h, struct story *s, const char *op1, const char *path1, const char *op2,
       const char *path2)
{
    int64_t a = first_call(h, "milan", op1, path1, true);
    int64_t b = first_call(h, "milan", op2, path2, false);
    if (a < 0 || b < 0 || a > b)
        wrong(s, "%s %s was not before %s %s\n", op1, path1, op2, path2);
}

const char *
run_of(struct house *h)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_run_row *open = NULL;
    size_t n = 0;
    if (dr_store_run_open(house_store(h), a, NULL, &open, &n, NULL) < 0 || !n)
        return NULL;
    return dr_arena_str(house_arena(h), open[0].id);
}

void
ends(struct story *s, struct errand *e, int exit)
{
    (void)errand_end(e);
    if (e->died || e->exit != exit)
        wrong(s, "it ends with %d, not %d: %s%s\n", e->exit, exit,
              e->error ? drstor_error_message(e->error) : "",
              e->json && errand_says(e, "text") ? errand_says(e, "text") : "");
}

void
site(struct house *h, const char *name, enum sim_site_state state)
{
    if (sim_enter(house_world(h)) < 0 || sim_site_set(house_world(h), name, state) < 0 ||
        sim_leave(house_world(h)) < 0)
        abort();
}

/* ---- telling them ---------------------------------------------------------------------------- */

static void
tell(struct house *h, void *arg)
{
    struct story *s = arg;
    struct watch *w = dr_arena_new0(house_arena(h), struct watch);
    *w = (struct watch){h, s};
    dr_spawn(house_env(h), watch_task, w);
    s->tell(h, s);
}

bool
play(struct story *s, bool show)
{
    struct house_plan plan;
    const struct house_site_how how = {.engines = true, .power = s->power, .rhv = s->rhv};
    if (!house_site_make(&plan, &how))
        return false;
    if (s->engines)
        s->engines(&plan);
    s->plan = &plan;
    s->good = true;
    struct house *h = house_new(&plan, 1);
    house_run(h, tell, s);
    if (!s->good || show)
        (void)fprintf(stderr, "%s\n---- %s, point %llu, fault %s: %s\n%s\n", house_history(h),
                      s->name, (unsigned long long)s->doom, s->fault ? s->fault : "none",
                      s->good ? "good" : "wrong", s->why);
    house_free(h);
    house_plan_clear(&plan);
    return s->good;
}

/* ---- everywhere ------------------------------------------------------------------------------ */

enum {
    AT_ONCE = 16, /* what killed controllers held is lost until their process ends */
    EVERY = 4     /* point, because engines take their time */
};

/* Stories FROM to TO in a process of their own; how many of them were good. */
static size_t
in_a_child(struct story *list, size_t n)
{
    int ends[2];
    uint64_t good = 0;
    if (pipe(ends) < 0)
        abort();
    pid_t child = fork();
    if (child < 0)
        abort();
    if (child == 0) {
        for (size_t i = 0; i < n; i++)
            good += play(&list[i], false);
        if (write(ends[1], &good, sizeof(good)) != sizeof(good))
            _exit(1);
        _exit(0);
    }
    (void)close(ends[1]);
    int status = 0;
    bool told_us = read(ends[0], &good, sizeof(good)) == sizeof(good);
    (void)close(ends[0]);
    (void)waitpid(child, &status, 0);
    return told_us && status == 0 ? good : 0;
}

size_t
all_good(struct story *list, size_t n)
{
    size_t good = 0;
    for (size_t i = 0; i < n; i += AT_ONCE)
        good += in_a_child(&list[i], n - i < AT_ONCE ? n - i : AT_ONCE);
    return good;
}

void
crashes_everywhere(struct story s, const char *figure)
{
    assert_true(play(&s, false));
    uint64_t every = EVERY * house_every(), n = 0;
    struct story *list = dr_alloc0(s.points, sizeof(*list));
    assert_true(s.points > 100);
    for (uint64_t i = 1; i <= s.points; i += every) {
        list[n] = s;
        list[n++].doom = i;
    }
    size_t good = all_good(list, n);
    free(list);
    printf("figure %s %zu of %llu\n", figure, good, (unsigned long long)n);
    assert_int_equal(good, n);
}
