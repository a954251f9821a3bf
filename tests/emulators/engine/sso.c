/* Tokens: asked for with a password, ended by logout or by lying idle. */
#include "engine.h"

#include <string.h>
#include <strings.h>

static void
sso_error(struct emu_op *op, bool api_scope, const char *code, const char *text)
{
    struct json_object *o = json_object_new_object();
    js_add_str(o, api_scope ? "error_code" : "error", code);
    js_add_str(o, api_scope ? "error" : "error_description", text);
    op_object(op, 400, "sso", o);
}

void
sso_token(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    struct json_object *form = request_form(op->body_raw);
    const char *scope = js_str(form, "scope");
    const char *grant = js_str(form, "grant_type");
    bool api = !scope || strstr(scope, "ovirt-app-api");

    if (!emu_same(op->accept, "application/json")) {
        sso_error(op, api, "invalid_request", "Missing or invalid Accept header");
    } else if (!grant || !scope) {
        sso_error(op, api, "invalid_request", "Missing parameter");
    } else if (!emu_same(grant, "password")) {
        sso_error(op, api, "unsupported_grant_type", "Unsupported grant type");
    } else if (!emu_same(js_str(form, "username"), js_str(e->conf, "user")) ||
               !emu_same(js_str(form, "password"), js_str(e->conf, "password"))) {
        sso_error(op, api, "access_denied",
                  "Cannot authenticate user: The user name or password is incorrect.");
    } else {
        char id[EMU_ID];
        emu_new_id(e, id);
        js_add_int(e->sessions, id, e->now);
        struct json_object *o = json_object_new_object();
        js_add_str(o, "access_token", id);
        js_add_str(o, "scope", scope);
        js_add_str(o, "exp", "9223372036854775807");
        js_add_str(o, "token_type", "bearer");
        op_object(op, 200, "sso", o);
    }
    json_object_put(form);
}

void
sso_logout(struct emu_op *op)
{
    struct json_object *form = request_form(op->body_raw);
    const char *token = js_str(form, "token");
    if (token)
        json_object_object_del(op->e->sessions, token);
    json_object_put(form);
    op_object(op, 200, "sso", json_object_new_object());
}

bool
sso_valid(struct emu_op *op, const char *authorization)
{
    struct emu_engine *e = op->e;
    if (!authorization || strncasecmp(authorization, "Bearer ", 7) != 0)
        return false;
    const char *token = authorization + 7;
    struct json_object *last = NULL;
    if (!json_object_object_get_ex(e->sessions, token, &last))
        return false;
    if (e->now - json_object_get_int64(last) >= e->session_idle_ns) {
        json_object_object_del(e->sessions, token);
        return false;
    }
    js_add_int(e->sessions, token, e->now);
    return true;
}
