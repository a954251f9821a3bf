#include "support/house_engine.h"

#include "support/house_internal.h"

#include "base/json.h"
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
house_engine_control(struct house *h, const char *site, const char *text)
{
    dr_auto(dr_freep) char *copy = quoted(text);
    dr_auto(dr_json_putp) struct json_object *command = json_tokener_parse(copy);
    struct json_object *reply =
        emu_control(house_engine(h, site), command, (int64_t)dr_now_ns(house_env(h)));
    bool ok = false;
    if (!dr_json_bool(reply, "ok", &ok) || !ok)
        abort();
    return reply;
}

void
house_engine_told(struct house *h, const char *site, const char *text)
{
    (void)json_object_put(house_engine_control(h, site, text));
}

/* ---- the API --------------------------------------------------------------------------------- */

static struct emu_response
sent(struct house *h, const char *site, const struct emu_request *q)
{
    struct emu_engine *e = house_engine(h, site);
    struct emu_response answer;
    uint64_t xid = 0;
    emu_submit(e, q, (int64_t)dr_now_ns(house_env(h)), &xid);
    dr_cond_wake(&h->net.moved);
    while (emu_collect(e, xid, &answer) == 1)
        house_sleep_ms(h, 10);
    return answer;
}

int
house_engine_call(struct house *h, const char *site, const char *method, const char *path,
                  const char *body)
{
    dr_auto(dr_freep) char *copy = quoted(body);
    static const char form[] =
        "grant_type=password&scope=ovirt-app-api&username=drstor%40internal&password=secret";
    struct emu_header headers[] = {{"Accept", "application/json"},
                                   {"Content-Type", "application/x-www-form-urlencoded"},
                                   {"Authorization", ""}};
    const struct emu_request login = {.method = "POST",
                                      .path = "/ovirt-engine/sso/oauth/token",
                                      .headers = headers,
                                      .headers_count = 2,
                                      .body = form,
                                      .body_length = sizeof(form) - 1};
    struct emu_response answer = sent(h, site, &login);
    dr_auto(dr_json_putp) struct json_object *token = json_tokener_parse(answer.body);
    emu_response_clear(&answer);
    headers[1].value = "application/json";
    headers[2].value =
        dr_arena_printf(house_arena(h), "Bearer %s", dr_json_str(token, "access_token"));
    const size_t n = strcspn(path, "?");
    const struct emu_request call = {
        .method = method,
        .path = dr_arena_printf(house_arena(h), "/ovirt-engine/api/%.*s", (int)n, path),
        .query = path[n] ? path + n + 1 : NULL,
        .headers = headers,
        .headers_count = 3,
        .body = copy,
        .body_length = strlen(copy)};
    answer = sent(h, site, &call);
    int status = answer.status;
    emu_response_clear(&answer);
    return status;
}

/* ---- looking --------------------------------------------------------------------------------- */

static struct json_object *
one_of(struct house *h, const char *site, const char *command, const char *list, const char *id)
{
    dr_auto(dr_json_putp) struct json_object *o = house_engine_control(h, site, command);
    struct json_object *all = dr_json_get(o, list);
    for (size_t i = 0; i < dr_json_length(all); i++) {
        struct json_object *one = json_object_array_get_idx(all, i);
        if (dr_streq(dr_json_str(one, "id"), id))
            return json_object_get(one);
    }
    return NULL;
}

static const char *
status_in(struct house *h, struct json_object *one)
{
    const char *status = one ? dr_arena_str(house_arena(h), dr_json_str(one, "status")) : "absent";
    (void)json_object_put(one);
    return status;
}

const char *
house_engine_vm_status(struct house *h, const char *site, const char *vm)
{
    return status_in(h, house_engine_vm(h, site, vm));
}

struct json_object *
house_engine_vm(struct house *h, const char *site, const char *vm)
{
    return one_of(h, site, "{'command':'vms'}", "vms", vm);
}

const char *
house_engine_domain_status(struct house *h, const char *site, const char *domain)
{
    return status_in(h, one_of(h, site, "{'command':'domains'}", "domains", domain));
}

size_t
house_engine_domains(struct house *h, const char *site)
{
    dr_auto(dr_json_putp) struct json_object *o =
        house_engine_control(h, site, "{'command':'domains'}");
    return dr_json_length(dr_json_get(o, "domains"));
}

bool
house_engine_runs(struct house *h, const char *site, const char *vm)
{
    const char *status = house_engine_vm_status(h, site, vm);
    return !dr_streq(status, "absent") && !dr_streq(status, "down") &&
           !dr_streq(status, "image_locked");
}

size_t
house_engine_calls(struct house *h, const char *site, const char *op, const char *path)
{
    dr_auto(dr_json_putp) struct json_object *o =
        house_engine_control(h, site, "{'command':'log'}");
    struct json_object *list = dr_json_get(o, "log");
    size_t n = 0;
    for (size_t i = 0; i < dr_json_length(list); i++) {
        struct json_object *one = json_object_array_get_idx(list, i);
        n += dr_streq(dr_json_str(one, "op"), op) && strstr(dr_json_str(one, "path"), path);
    }
    return n;
}
