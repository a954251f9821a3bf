#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

void
site_open(struct site *s, const char *conf, struct lunview_mem *luns, int64_t *now)
{
    struct json_object *o = json_tokener_parse(conf);
    char *reason = NULL;
    memset(s, 0, sizeof(*s));
    s->now = now;
    s->e = emu_engine_new(o, lunview_mem_view(luns), *now, &reason);
    json_object_put(o);
    if (!s->e) {
        fprintf(stderr, "sample refused: %s\n", reason);
        abort();
    }
}

static void
site_forget(struct site *s)
{
    json_object_put(s->body);
    free(s->text);
    s->body = NULL;
    s->text = NULL;
    s->status = 0;
}

void
site_close(struct site *s)
{
    site_forget(s);
    emu_engine_free(s->e);
    s->e = NULL;
}

uint64_t
site_submit(struct site *s, const char *method, const char *path, const char *body)
{
    char *bearer = emu_printf("Bearer %s", s->token);
    bool form = path[0] == '/';
    const char *media = s->xml && !form ? "application/xml" : "application/json";
    struct emu_header headers[6] = {
        {"Authorization", bearer},
        {"Accept", media},
        {"Content-Type", form ? "application/x-www-form-urlencoded" : media},
    };
    size_t n = 3;
    if (s->correlation[0])
        headers[n++] = (struct emu_header){"Correlation-Id", s->correlation};
    for (size_t i = 0; i < 4 && s->header[i]; i += 2)
        headers[n++] = (struct emu_header){s->header[i], s->header[i + 1]};
    char *full = form ? emu_strdup(path) : emu_printf("/ovirt-engine/api/%s", path);
    char *query = strchr(full, '?');
    if (query)
        *query++ = '\0';
    /* Single quotes are easier to read in C; the wire has the real thing. */
    struct json_object *o = body && !form && !s->xml ? json_tokener_parse(body) : NULL;
    const char *text = o ? json_object_to_json_string(o) : body;
    struct emu_request req = {.method = method,
                              .path = full,
                              .query = query,
                              .headers = headers,
                              .headers_count = n,
                              .body = text,
                              .body_length = text ? strlen(text) : 0};
    uint64_t xid = 0;
    emu_submit(s->e, &req, *s->now, &xid);
    json_object_put(o);
    free(full);
    free(bearer);
    return xid;
}

/* What an XML document says, in the form of a JSON one; the root is left out. */
static struct json_object *
xml_tree(const char *text)
{
    char root[64];
    return xml_read(text, strlen(text), root, sizeof(root));
}

bool
site_ready(struct site *s, uint64_t xid)
{
    struct emu_response r;
    emu_advance(s->e, *s->now);
    if (emu_collect(s->e, xid, &r) != 0)
        return false;
    site_forget(s);
    s->status = r.drop ? 0 : r.status;
    s->text = emu_strdup(r.body);
    s->type[0] = '\0';
    for (size_t i = 0; i < r.headers_count; i++)
        if (emu_same(r.headers[i].name, "Content-Type"))
            EMU_SET(s->type, r.headers[i].value);
    s->body = strstr(s->type, "xml") ? xml_tree(s->text) : json_tokener_parse(s->text);
    emu_response_clear(&r);
    return true;
}

int
site_wait(struct site *s, uint64_t xid)
{
    int64_t start = *s->now;
    while (!site_ready(s, xid)) {
        int64_t next = emu_next_event_ns(s->e);
        if (next == EMU_NEVER)
            abort(); /* an answer that never comes */
        *s->now = next;
    }
    s->took_ns = *s->now - start;
    return s->status;
}

int
site_call(struct site *s, const char *method, const char *path, const char *body)
{
    return site_wait(s, site_submit(s, method, path, body));
}

void
site_login(struct site *s)
{
    site_call(s, "POST", "/ovirt-engine/sso/oauth/token",
              "grant_type=password&scope=ovirt-app-api&username=admin%40internal&password=secret");
    emu_copy(s->token, sizeof(s->token), js_str(s->body, "access_token"));
}

void
site_sleep(struct site *s, int64_t ns)
{
    *s->now += ns;
    emu_advance(s->e, *s->now);
}

const char *
site_str(struct site *s, const char *path)
{
    return js_str(s->body, path);
}

size_t
site_count(struct site *s, const char *type)
{
    return js_len(js_get(s->body, type));
}

struct json_object *
site_find(struct site *s, const char *type, const char *id)
{
    return js_find(js_get(s->body, type), "id", id);
}

void
site_control(struct site *s, const char *command)
{
    struct json_object *o = json_tokener_parse(command);
    site_forget(s);
    s->body = emu_control(s->e, o, *s->now);
    json_object_put(o);
}

bool
site_event(struct site *s, const char *code)
{
    site_call(s, "GET", "events", NULL);
    return js_find(js_get(s->body, "event"), "code", code) != NULL;
}
