#include "support/house_engine.h"

#include "support/house_internal.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *
quoted(const char *text)
{
    char *copy = dr_strdup(text);
    for (char *c = copy; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    return copy;
}

struct json_object *
engine_control(struct house *h, const char *site, const char *text)
{
    dr_auto(dr_freep) char *copy = quoted(text);
    dr_auto(dr_json_putp) struct json_object *command = json_tokener_parse(copy);
    struct json_object *reply =
        emu_control(house_engine(h, site), command, (int64_t)dr_now_ns(house_env(h)));
    bool ok = false;
    if (!dr_json_bool(reply, "ok", &ok) || !ok) {
        (void)fprintf(stderr, "%s: %s\n", text, json_object_to_json_string(reply));
        abort();
    }
    return reply;
}

void
engine_told(struct house *h, const char *site, const char *text)
{
    (void)json_object_put(engine_control(h, site, text));
}

static struct json_object *
one_of(struct house *h, const char *site, const char *list, const char *id)
{
    dr_auto(dr_json_putp) struct json_object *o =
        engine_control(h, site, dr_arena_printf(house_arena(h), "{'command':'%s'}", list));
    struct json_object *all = dr_json_get(o, list);
    for (size_t i = 0; i < dr_json_length(all); i++) {
        struct json_object *one = json_object_array_get_idx(all, i);
        if (dr_streq(dr_json_str(one, "id"), id))
            return json_object_get(one);
    }
    return NULL;
}

static const char *
status_in(struct house *h, const char *site, const char *list, const char *id)
{
    dr_auto(dr_json_putp) struct json_object *one = one_of(h, site, list, id);
    return one ? dr_arena_str(house_arena(h), dr_json_str(one, "status")) : "absent";
}

struct json_object *
engine_vm_is(struct house *h, const char *site, const char *vm)
{
    return one_of(h, site, "vms", vm);
}

size_t
engine_domains(struct house *h, const char *site)
{
    dr_auto(dr_json_putp) struct json_object *o = engine_control(h, site, "{'command':'domains'}");
    return dr_json_length(dr_json_get(o, "domains"));
}

size_t
engine_calls(struct house *h, const char *site, const char *op, const char *path)
{
    dr_auto(dr_json_putp) struct json_object *o = engine_control(h, site, "{'command':'log'}");
    struct json_object *list = dr_json_get(o, "log");
    size_t n = 0;
    for (size_t i = 0; i < dr_json_length(list); i++) {
        struct json_object *one = json_object_array_get_idx(list, i);
        n += dr_streq(dr_json_str(one, "op"), op) && strstr(dr_json_str(one, "path"), path);
    }
    return n;
}

const char *
engine_vm(struct house *h, const char *site, const char *vm)
{
    return status_in(h, site, "vms", vm);
}

const char *
engine_domain(struct house *h, const char *site, const char *domain)
{
    return status_in(h, site, "domains", domain);
}

bool
engine_runs(struct house *h, const char *site, const char *vm)
{
    const char *status = engine_vm(h, site, vm);
    return !dr_streq(status, "absent") && !dr_streq(status, "down") &&
           !dr_streq(status, "image_locked");
}

static int
sent(struct house *h, const char *site, const struct emu_request *q, struct json_object **ret)
{
    struct emu_engine *e = house_engine(h, site);
    struct emu_response answer;
    uint64_t xid = 0;
    emu_submit(e, q, (int64_t)dr_now_ns(house_env(h)), &xid);
    dr_cond_wake(&h->net.moved);
    while (emu_collect(e, xid, &answer) == 1)
        house_sleep_ms(h, 10);
    int status = answer.status;
    if (ret)
        *ret = answer.body ? json_tokener_parse(answer.body) : NULL;
    emu_response_clear(&answer);
    return status;
}

int
engine_ask(struct house *h, const char *site, const char *method, const char *path,
           const char *body, struct json_object **ret)
{
    static const char form[] =
        "grant_type=password&scope=ovirt-app-api&username=drstor%40internal&password=secret";
    struct emu_header headers[] = {{"Accept", "application/json"},
                                   {"Content-Type", "application/x-www-form-urlencoded"},
                                   {"Authorization", ""}};
    struct emu_request q = {.method = "POST",
                            .path = "/ovirt-engine/sso/oauth/token",
                            .headers = headers,
                            .headers_count = 2,
                            .body = form,
                            .body_length = sizeof(form) - 1};
    dr_auto(dr_json_putp) struct json_object *token = NULL;
    dr_auto(dr_freep) char *text = quoted(body ? body : "{}");
    char bearer[128];
    (void)sent(h, site, &q, &token);
    (void)snprintf(bearer, sizeof(bearer), "Bearer %s", dr_json_str(token, "access_token"));
    headers[1].value = "application/json";
    headers[2].value = bearer;
    q.headers_count = 3;
    q.method = method;
    char *whole = dr_arena_printf(house_arena(h), "/ovirt-engine/api/%s", path);
    char *query = strchr(whole, '?');
    if (query)
        *query++ = '\0';
    q.path = whole;
    q.query = query;
    q.body = text;
    q.body_length = strlen(text);
    return sent(h, site, &q, ret);
}
