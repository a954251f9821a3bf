#include "base/error.h"

#include "base/mem.h"
#include "base/redact.h"

#include <stdio.h>
#include <string.h>

struct drstor_error {
    int status;
    char *message;
    char *hint;
    const char *rule;
};

static __attribute__((format(printf, 1, 0))) char *
format_text(const char *format, va_list ap)
{
    char *s = NULL;
    if (vasprintf(&s, format, ap) < 0)
        return dr_strdup("(out of memory)");
    dr_redact(s);
    return s;
}

int
dr_fail(struct drstor_error **err, int status, const char *format, ...)
{
    if (!err)
        return status;
    dr_error_freep(err);
    struct drstor_error *e = dr_new0(struct drstor_error);
    e->status = status;
    va_list ap;
    va_start(ap, format);
    e->message = format_text(format, ap);
    va_end(ap);
    *err = e;
    return status;
}

int
dr_refuse(struct drstor_error **err, const char *rule, const char *format, ...)
{
    if (!err)
        return DRSTOR_E_REFUSED;
    dr_error_freep(err);
    struct drstor_error *e = dr_new0(struct drstor_error);
    e->status = DRSTOR_E_REFUSED;
    e->rule = rule;
    va_list ap;
    va_start(ap, format);
    e->message = format_text(format, ap);
    va_end(ap);
    *err = e;
    return DRSTOR_E_REFUSED;
}

int
dr_context(struct drstor_error **err, int status, const char *format, ...)
{
    if (!err)
        return status;
    va_list ap;
    va_start(ap, format);
    char *where = format_text(format, ap);
    va_end(ap);
    if (!*err) {
        (void)dr_fail(err, status, "%s: %s", where, dr_status_name(status));
    } else {
        char *s = NULL;
        if (asprintf(&s, "%s: %s", where, (*err)->message) >= 0) {
            free((*err)->message);
            (*err)->message = s;
        }
        (*err)->status = status;
    }
    free(where);
    return status;
}

void
dr_hint(struct drstor_error **err, const char *format, ...)
{
    if (!err || !*err)
        return;
    va_list ap;
    va_start(ap, format);
    free((*err)->hint);
    (*err)->hint = format_text(format, ap);
    va_end(ap);
}

struct drstor_error *
dr_error_copy(const struct drstor_error *err)
{
    if (!err)
        return NULL;
    struct drstor_error *e = dr_new0(struct drstor_error);
    e->status = err->status;
    e->message = dr_strdup(err->message);
    e->hint = dr_strdup(err->hint);
    e->rule = err->rule;
    return e;
}

void
dr_error_move(struct drstor_error **to, struct drstor_error **from)
{
    if (!to) {
        dr_error_freep(from);
        return;
    }
    dr_error_free(*to);
    *to = dr_steal(*from);
}

int
dr_error_status(const struct drstor_error *err)
{
    return err ? err->status : DRSTOR_OK;
}

const char *
dr_error_message(const struct drstor_error *err)
{
    return err ? err->message : "";
}

const char *
dr_error_hint(const struct drstor_error *err)
{
    return err ? err->hint : NULL;
}

const char *
dr_error_rule(const struct drstor_error *err)
{
    return err ? err->rule : NULL;
}

void
dr_error_free(struct drstor_error *err)
{
    if (!err)
        return;
    free(err->message);
    free(err->hint);
    free(err);
}

void
dr_error_freep(struct drstor_error **err)
{
    dr_error_free(*err);
    *err = NULL;
}

const char *
dr_status_name(int status)
{
    switch ((enum drstor_status)status) {
    case DRSTOR_OK:
        return "ok";
    case DRSTOR_E_BUSY:
        return "busy";
    case DRSTOR_E_UNREACHABLE:
        return "unreachable";
    case DRSTOR_E_UNKNOWN:
        return "unknown";
    case DRSTOR_E_REFUSED:
        return "refused";
    case DRSTOR_E_CONFLICT:
        return "conflict";
    case DRSTOR_E_AUTH:
        return "auth";
    case DRSTOR_E_INVALID:
        return "invalid";
    case DRSTOR_E_NOTFOUND:
        return "not-found";
    case DRSTOR_E_UNSUPPORTED:
        return "unsupported";
    case DRSTOR_E_CANCELLED:
        return "cancelled";
    case DRSTOR_E_NOMEM:
        return "no-memory";
    case DRSTOR_E_PROTOCOL:
        return "protocol";
    case DRSTOR_E_INTERNAL:
        return "internal";
    case DRSTOR_E_TIMEOUT:
        return "timeout";
    }
    return "internal";
}
