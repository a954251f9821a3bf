/* Injected faults: by operation name, object id and call count. */
#include "engine.h"

#include <errno.h>
#include <stdlib.h>

static const struct {
    const char *name;
    enum fault_kind kind;
} kinds[] = {
    {"locked", FAULT_LOCKED},
    {"exec-fails", FAULT_EXEC},
    {"activation-fails", FAULT_ACTIVATION},
    {"500", FAULT_500},
    {"502", FAULT_502},
    {"503", FAULT_503},
    {"504", FAULT_504},
    {"drop", FAULT_DROP},
    {"401", FAULT_401},
    {"slow", FAULT_SLOW},
    {"name-conflict", FAULT_NAME},
    {"partial-import", FAULT_PARTIAL},
    {"ovf-unreadable", FAULT_OVF},
    {"not-ready", FAULT_NOT_READY},
    {"falls-down", FAULT_FALLS},
    {"dc-problematic", FAULT_DC_PROBLEMATIC},
    {"no-host", FAULT_NO_HOST},
};

int
fault_add(struct emu_engine *e, struct json_object *conf, const char **ret_reason)
{
    const char *kind = js_str(conf, "kind");
    const char *op = js_str(conf, "op");
    const char *when = js_str(conf, "when");
    struct emu_fault f = {.kind = 0};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (emu_same(kinds[i].name, kind))
            f.kind = kinds[i].kind;
    if (f.kind == 0 || !op) {
        *ret_reason = f.kind == 0 ? "no such kind of fault" : "op is missing";
        return -EINVAL;
    }
    if (when && !emu_same(when, "before") && !emu_same(when, "after")) {
        *ret_reason = "when is before or after";
        return -EINVAL;
    }
    EMU_SET(f.op, op);
    EMU_SET(f.object, js_str(conf, "object"));
    f.after = emu_same(when, "after");
    f.skip = js_int(conf, "skip", 0);
    f.times = js_int(conf, "times", f.kind == FAULT_NOT_READY ? -1 : 1);
    f.delay_ns = js_int(conf, "delay_ms", 1000) * 1000000;
    f.until_ns = e->now + js_int(conf, "for_ms", 0) * 1000000;

    struct emu_fault **p = &e->faults;
    while (*p)
        p = &(*p)->next;
    *p = emu_alloc(sizeof(f));
    **p = f;
    return 0;
}

void
fault_clear(struct emu_engine *e)
{
    while (e->faults) {
        struct emu_fault *f = e->faults;
        e->faults = f->next;
        free(f);
    }
}

static bool
fault_names(const struct emu_fault *f, struct emu_op *op)
{
    if (!emu_same(f->op, "*") && !emu_same(f->op, op->name))
        return false;
    if (f->object[0] == '\0')
        return true;
    for (size_t i = 0; i < op->args_count; i++)
        if (emu_same(f->object, op->args[i]))
            return true;
    return emu_same(f->object, js_str(op->body, "id"));
}

void
fault_match(struct emu_op *op)
{
    for (struct emu_fault *f = op->e->faults; f; f = f->next) {
        if (f->times == 0 || !fault_names(f, op))
            continue;
        if (f->kind == FAULT_NOT_READY && op->e->now >= f->until_ns)
            continue;
        if (f->skip > 0) {
            f->skip--;
            continue;
        }
        if (f->times > 0)
            f->times--;
        op->faults |= 1u << f->kind;
        bool after = op->hit.after || f->after;
        int64_t delay = op->hit.delay_ns;
        op->hit = *f;
        op->hit.after = after;
        if (f->kind != FAULT_SLOW && delay)
            op->hit.delay_ns = delay;
        js_count(js_sub(op->e->counters, "faults"), f->op);
    }
}

/* What Apache says while the engine behind it is not there. */
void
fault_proxy(struct emu_op *op)
{
    int status = op_has(op, FAULT_502) ? 502 : op_has(op, FAULT_503) ? 503 : 504;
    const char *title = status == 502   ? "502 Proxy Error"
                        : status == 503 ? "503 Service Unavailable"
                                        : "504 Gateway Timeout";
    char *text = emu_printf("<html><head><title>%s</title></head><body><h1>%s</h1></body></html>",
                            title, title + 4);
    op_raw(op, status, "text/html; charset=iso-8859-1", text);
    free(text);
}

bool
fault_before(struct emu_op *op)
{
    if (op_has(op, FAULT_401)) {
        op_raw(op, 401, "text/html; charset=UTF-8", "<html><body>Unauthorized</body></html>");
        return true;
    }
    if (op_has(op, FAULT_LOCKED)) {
        op_fault(op, 409,
                 "[Cannot %s. Related operation is currently in progress. "
                 "Please try again later.]",
                 op->name);
        return true;
    }
    if (op_has(op, FAULT_NO_HOST)) {
        op_fault(op, 409, "[Cannot %s. There is no active Host in the Data Center.]", op->name);
        return true;
    }
    if (op_has(op, FAULT_DC_PROBLEMATIC)) {
        op_fault(op, 409, "[Cannot %s. The Data Center is not operational.]", op->name);
        return true;
    }
    if (op_has(op, FAULT_NOT_READY)) {
        op_fault(op, 409,
                 "[Cannot run VM. There is no host that satisfies current scheduling "
                 "constraints. See below for details:, The host did not satisfy internal "
                 "filter VM leases ready.]");
        return true;
    }
    if (op_has(op, FAULT_NAME)) {
        op_fault(op, 409, "[Cannot %s. The name is already in use.]", op->name);
        return true;
    }
    if (op->hit.after)
        return false;
    if (op_has(op, FAULT_500)) {
        op_fault(op, 500, "Internal Server Error");
        return true;
    }
    if (op_has(op, FAULT_502) || op_has(op, FAULT_503) || op_has(op, FAULT_504)) {
        fault_proxy(op);
        return true;
    }
    if (op_has(op, FAULT_DROP)) {
        op_empty(op, 500);
        op->answer.drop = true;
        return true;
    }
    return false;
}
