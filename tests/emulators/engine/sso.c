/* Tokens: asked for with a password, ended by logout or by lying idle. */
#include "engine.h"

#include <stdlib.h>
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
    json_object_object_foreach(op->query, key, value)
    {
        js_add_ref(form, key, value); /* some clients put it there */
    }
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

static bool
session_valid(struct emu_engine *e, const char *token)
{
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

static int
base64_digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *p = c ? strchr(digits, c) : NULL;
    return p ? (int)(p - digits) : -1;
}

static void
base64_decode(const char *in, char *out, size_t size)
{
    size_t n = 0;
    unsigned bits = 0;
    int count = 0;
    for (; base64_digit(*in) >= 0 && n + 1 < size; in++) {
        bits = (bits << 6 | (unsigned)base64_digit(*in)) & 0xffffffu;
        count += 6;
        if (count >= 8) {
            count -= 8;
            out[n++] = (char)(bits >> count & 0xffu);
        }
    }
    out[n] = '\0';
}

/* Name and password with every request; a session only for those who ask to keep one. */
static bool
basic_valid(struct emu_op *op, const char *encoded, bool keep)
{
    struct emu_engine *e = op->e;
    char text[EMU_NAME];
    base64_decode(encoded, text, sizeof(text));
    char *wanted = emu_printf("%s:%s", js_str(e->conf, "user"), js_str(e->conf, "password"));
    bool good = emu_same(wanted, text);
    free(wanted);
    if (good && keep) {
        emu_new_id(e, op->cookie);
        js_add_int(e->sessions, op->cookie, e->now);
    }
    return good;
}

static bool
cookie_valid(struct emu_engine *e, const char *cookies)
{
    char token[EMU_ID];
    const char *found = cookies ? strstr(cookies, "JSESSIONID=") : NULL;
    if (!found)
        return false;
    found += strlen("JSESSIONID=");
    size_t n = strcspn(found, "; ");
    if (n >= sizeof(token))
        return false;
    memcpy(token, found, n);
    token[n] = '\0';
    return session_valid(e, token);
}

bool
sso_valid(struct emu_op *op, const struct emu_request *req)
{
    const char *authorization = request_header(req, "Authorization");
    const char *prefer = request_header(req, "Prefer");
    bool keep = prefer && strstr(prefer, "persistent-auth");
    if (cookie_valid(op->e, request_header(req, "Cookie")))
        return true;
    if (!authorization)
        return false;
    if (strncasecmp(authorization, "Bearer ", 7) == 0)
        return session_valid(op->e, authorization + 7);
    return strncasecmp(authorization, "Basic ", 6) == 0 && basic_valid(op, authorization + 6, keep);
}
