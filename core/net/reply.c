#include "base/mem.h"
#include "base/str.h"
#include "net/http.h"

#include <string.h>
#include <strings.h>

void
dr_http_reply_clear(struct dr_http_reply *reply)
{
    for (size_t i = 0; i < reply->n_headers; i++) {
        free((void *)(uintptr_t)reply->headers[i].name);
        free((void *)(uintptr_t)reply->headers[i].value);
    }
    if (reply->secret && reply->body)
        explicit_bzero(reply->body, reply->n_body);
    free(reply->headers);
    free(reply->body);
    memset(reply, 0, sizeof(*reply));
}

const char *
dr_http_reply_header(const struct dr_http_reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->n_headers; i++)
        if (strcasecmp(reply->headers[i].name, name) == 0)
            return reply->headers[i].value;
    return NULL;
}

/* application/json, application/hal+json, with or without parameters */
static bool
type_is_json(const char *type)
{
    size_t n = strcspn(type, "; \t");
    return (n == 16 && strncasecmp(type, "application/json", n) == 0) ||
           (n > 5 && strncasecmp(type, "application/", 12) == 0 &&
            strncasecmp(type + n - 5, "+json", 5) == 0);
}

int
dr_http_reply_json(const struct dr_http *h, const struct dr_http_reply *reply,
                   struct json_object **ret, struct drstor_error **err)
{
    int status = reply->mutating ? DRSTOR_E_UNKNOWN : DRSTOR_E_PROTOCOL;
    if (reply->mutating && reply->n_body == 0) {
        *ret = NULL;
        return DRSTOR_OK;
    }
    const char *type = dr_http_reply_header(reply, "Content-Type");
    if (type && !type_is_json(type)) {
        (void)dr_fail(err, status, "%s: answered %d with %.60s instead of JSON", dr_http_name(h),
                      reply->code, type);
        dr_hint(err, "a proxy, a login page or another service may be in between; check the url");
        return status;
    }
    const struct dr_json_limits *limits =
        reply->class == DR_HTTP_INVENTORY ? &dr_json_inventory : &dr_json_small;
    int r = dr_json_parse(reply->body, reply->n_body, limits, ret, err);
    if (r < 0)
        return dr_context(err, r == DRSTOR_E_PROTOCOL ? status : r, "%s: answered %d",
                          dr_http_name(h), reply->code);
    return DRSTOR_OK;
}
