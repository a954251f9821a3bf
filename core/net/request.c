#include "base/mem.h"
#include "net/transfer.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool
header_is_sound(const struct drstor_http_header *header)
{
    static const char *const ours[] = {"Host",       "Content-Length",  "Transfer-Encoding",
                                       "Connection", "Accept-Encoding", "Correlation-Id"};
    if (!header->name || !*header->name || !header->value)
        return false;
    for (const char *c = header->name; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("-_", *c))
            return false;
    for (const char *c = header->value; *c; c++)
        if (iscntrl((unsigned char)*c) && *c != '\t')
            return false;
    for (size_t i = 0; i < DR_COUNT(ours); i++)
        if (strcasecmp(header->name, ours[i]) == 0)
            return false;
    return true;
}

static bool
path_is_sound(const char *path)
{
    if (!path || path[0] != '/' || strlen(path) > 65536)
        return false;
    for (const char *c = path; *c; c++)
        if (!isgraph((unsigned char)*c) || strchr("#\\", *c))
            return false;
    size_t n = strcspn(path, "?");
    for (const char *c = path; (c = strstr(c, "/..")) && c < path + n; c++)
        if (strchr("/?", c[3])) /* also the end */
            return false;
    return true;
}

int
request_check(const char *name, const struct dr_http_request *q, struct drstor_error **err)
{
    static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
    bool known = false;
    for (size_t i = 0; q->method && i < DR_COUNT(methods); i++)
        known = known || strcmp(q->method, methods[i]) == 0;
    if (!known)
        return dr_fail(err, DRSTOR_E_INVALID, "%s: no HTTP method that drstor uses", name);
    if (!path_is_sound(q->path))
        return dr_fail(err, DRSTOR_E_INVALID,
                       "%s: a path begins with '/' and holds no blanks, '#', '\\' or '..'", name);
    for (size_t i = 0; i < q->n_headers; i++)
        if (!header_is_sound(&q->headers[i]))
            return dr_fail(err, DRSTOR_E_INVALID, "%s: header %zu of %s is not allowed", name,
                           i + 1, q->method);
    if (q->correlation_id && !*q->correlation_id)
        return dr_fail(err, DRSTOR_E_INVALID, "%s: the correlation id is empty", name);
    for (const char *c = q->correlation_id; c && *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("-_", *c))
            return dr_fail(err, DRSTOR_E_INVALID, "%s: the correlation id is not one", name);
    return DRSTOR_OK;
}

struct headers {
    struct curl_slist *list;
    bool failed;
};

void
request_headers_freep(struct curl_slist **list)
{
    for (struct curl_slist *l = *list; l; l = l->next)
        explicit_bzero(l->data, strlen(l->data)); /* one of them may be Authorization */
    curl_slist_free_all(*list);
    *list = NULL;
}

static __attribute__((format(printf, 2, 3))) void
headers_add(struct headers *hs, const char *format, ...)
{
    char *line = NULL;
    va_list ap;
    va_start(ap, format);
    int n = vasprintf(&line, format, ap);
    va_end(ap);
    struct curl_slist *more = n < 0 ? NULL : curl_slist_append(hs->list, line);
    if (more)
        hs->list = more;
    else
        hs->failed = true;
    if (n >= 0) {
        explicit_bzero(line, (size_t)n);
        free(line);
    }
}

int
request_headers(const struct dr_http_request *q, const struct dr_secret *bearer,
                struct curl_slist **ret, struct drstor_error **err)
{
    struct headers all = {0};
    struct headers *hs = &all;
    bool accept = false, type = false, expect = false, authorization = false;
    for (size_t i = 0; i < q->n_headers; i++) {
        const struct drstor_http_header *x = &q->headers[i];
        accept = accept || strcasecmp(x->name, "Accept") == 0;
        type = type || strcasecmp(x->name, "Content-Type") == 0;
        expect = expect || strcasecmp(x->name, "Expect") == 0;
        authorization = authorization || strcasecmp(x->name, "Authorization") == 0;
        if (*x->value)
            headers_add(hs, "%s: %s", x->name, x->value);
        else
            headers_add(hs, "%s;", x->name); /* libcurl's way to send an empty one */
    }
    if (!accept)
        headers_add(hs, "Accept: application/json");
    if (!type && q->body)
        headers_add(hs, "Content-Type: application/json");
    else if (!type)
        headers_add(hs, "Content-Type:"); /* none */
    if (!expect)
        headers_add(hs,
                    "Expect:"); /* none: it costs a round trip, and engines mean another thing */
    if (q->correlation_id)
        headers_add(hs, "Correlation-Id: %s", q->correlation_id);
    if (!authorization && bearer)
        headers_add(hs, "Authorization: Bearer %s", dr_secret_bytes(bearer));
    if (hs->failed) {
        request_headers_freep(&hs->list);
        return dr_fail(err, DRSTOR_E_NOMEM, "out of memory");
    }
    *ret = hs->list;
    return DRSTOR_OK;
}
