/* Taking a request apart: path, query, correlation id, body. */
#include "engine.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CORRELATION_MAX 36

static int
hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void
request_unescape(char *s)
{
    char *to = s;
    for (; *s; s++) {
        if (*s == '%' && hex(s[1]) >= 0 && hex(s[2]) >= 0) {
            *to++ = (char)(hex(s[1]) * 16 + hex(s[2]));
            s += 2;
        } else {
            *to++ = *s == '+' ? ' ' : *s;
        }
    }
    *to = '\0';
}

/* a=b&c=d, and ;matrix=parameters as old clients send them */
struct json_object *
request_form(const char *text)
{
    struct json_object *form = json_object_new_object();
    char *copy = emu_strdup(text);
    char *save = NULL;
    for (char *pair = strtok_r(copy, "&;", &save); pair; pair = strtok_r(NULL, "&;", &save)) {
        char *value = strchr(pair, '=');
        if (value)
            *value++ = '\0';
        request_unescape(pair);
        if (value)
            request_unescape(value);
        js_add_str(form, pair, value ? value : "");
    }
    free(copy);
    return form;
}

const char *
request_header(const struct emu_request *req, const char *name)
{
    for (size_t i = 0; i < req->headers_count; i++)
        if (strcasecmp(req->headers[i].name, name) == 0)
            return req->headers[i].value;
    return NULL;
}

static void
correlation_set(struct emu_op *op, const char *wanted)
{
    size_t n = 0;
    for (; wanted && *wanted && n < CORRELATION_MAX; wanted++)
        if (isalnum((unsigned char)*wanted) || *wanted == '_' || *wanted == '-')
            op->correlation[n++] = *wanted;
    op->correlation[n] = '\0';
    if (n == 0) {
        char id[EMU_ID];
        emu_new_id(op->e, id);
        EMU_SET(op->correlation, id);
    }
}

static void
path_set(struct emu_op *op, const char *path)
{
    size_t prefix = strlen(EMU_API);
    if (strncmp(path, EMU_API, prefix) == 0 && (path[prefix] == '/' || path[prefix] == '\0')) {
        path += prefix;
        while (*path == '/')
            path++;
        if (strncmp(path, "v4", 2) == 0 && (path[2] == '/' || path[2] == '\0'))
            path += 2;
        while (*path == '/')
            path++;
    }
    op->path = emu_strdup(path);
    char *matrix = strchr(op->path, ';');
    if (matrix)
        *matrix = '\0';
    size_t n = strlen(op->path);
    while (n > 1 && op->path[n - 1] == '/')
        op->path[--n] = '\0';
}

/* -EMEDIUMTYPE: neither JSON nor XML; -EINVAL: not well-formed, or no object. */
static int
body_parse(struct emu_op *op, const char *type, size_t length)
{
    enum json_tokener_error error = json_tokener_success;
    switch (media_of(type, op->body_raw)) {
    case MEDIA_JSON:
        op->body = json_tokener_parse_verbose(op->body_raw, &error);
        break;
    case MEDIA_XML:
        op->body = xml_read(op->body_raw, length, op->body_root, sizeof(op->body_root));
        break;
    case MEDIA_NONE:
        return -EMEDIUMTYPE;
    }
    return json_object_is_type(op->body, json_type_object) ? 0 : -EINVAL;
}

int
request_parse(struct emu_op *op, const struct emu_request *req)
{
    EMU_SET(op->method, req->method);
    EMU_SET(op->accept, request_header(req, "Accept"));
    path_set(op, req->path);
    op->query = request_form(req->query ? req->query : "");
    const char *matrix = strchr(req->path, ';');
    if (matrix) {
        struct json_object *more = request_form(matrix + 1);
        json_object_object_foreach(more, key, value)
        {
            js_add_ref(op->query, key, value);
        }
        json_object_put(more);
    }
    const char *correlation = request_header(req, "Correlation-Id");
    correlation_set(op, correlation ? correlation : js_str(op->query, "correlation_id"));
    op->all_content = emu_same_nocase(request_header(req, "All-Content"), "true") ||
                      js_bool(op->query, "all_content", false);

    op->filter = emu_same_nocase(request_header(req, "Filter"), "true");
    op->media = media_choose(request_header(req, "Accept"));

    op->body_raw = emu_alloc(req->body_length + 1);
    if (req->body_length > 0)
        memcpy(op->body_raw, req->body, req->body_length);
    if (emu_same(op->method, "GET") || emu_same(op->method, "DELETE"))
        return 0;
    return body_parse(op, request_header(req, "Content-Type"), req->body_length);
}
