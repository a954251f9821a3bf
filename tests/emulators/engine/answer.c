/* What an operation answers: objects, lists, actions, faults. The bytes come later. */
#include "engine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
answer_clear(struct emu_answer *a)
{
    json_object_put(a->tree);
    free(a->raw);
    memset(a, 0, sizeof(*a));
}

static struct emu_answer *
answer_new(struct emu_op *op, enum answer_kind kind, int status)
{
    answer_clear(&op->answer);
    op->answer.kind = kind;
    op->answer.status = status;
    op->replied = true;
    op->ready_ns = op->e->now + emu_scaled(op->e, op->e->latency.request);
    if (op_has(op, FAULT_SLOW))
        op->ready_ns += op->hit.delay_ns;
    if (op->hit.after && op_has(op, FAULT_DROP))
        op->answer.drop = true;
    return &op->answer;
}

/* A proxy or an internal error may eat the answer of what has happened. */
static void
answer_replace(struct emu_op *op)
{
    if (!op->hit.after || op->answer.drop)
        return;
    if (op_has(op, FAULT_502) || op_has(op, FAULT_503) || op_has(op, FAULT_504)) {
        op->hit.after = false;
        fault_proxy(op);
    } else if (op_has(op, FAULT_500)) {
        op->hit.after = false;
        op_fault(op, 500, "Internal Server Error");
    }
}

void
op_raw(struct emu_op *op, int status, const char *content_type, const char *text)
{
    struct emu_answer *a = answer_new(op, ANSWER_RAW, status);
    a->content_type = content_type;
    a->raw = emu_strdup(text);
    answer_replace(op);
}

void
op_empty(struct emu_op *op, int status)
{
    answer_new(op, ANSWER_NONE, status);
    answer_replace(op);
}

/* The restricted view does not tell how a domain is connected. */
static void
tree_filter(struct emu_op *op, const char *type, struct json_object *tree)
{
    if (op->filter && emu_same(type, "storage_domain"))
        json_object_object_del(tree, "storage");
}

/* What an asynchronous action has come to is read below its own address. */
static void
action_ended(struct emu_op *op, struct json_object *tree)
{
    struct json_object *kept = js_get(op->e->actions, op->async);
    js_add_str(tree, "id", op->async);
    js_add_str(tree, "href", js_str(kept, "href"));
    js_add_bool(tree, "async", true);
    js_add(op->e->actions, op->async, tree);
    if (emu_same(js_str(tree, "status"), "failed"))
        job_end(op, false);
}

void
op_object(struct emu_op *op, int status, const char *type, struct json_object *tree)
{
    if (op->async[0] && op->replied) {
        action_ended(op, tree);
        return;
    }
    tree = op_follow(op, type, tree);
    tree_decorate(op->e, type, tree);
    tree_filter(op, type, tree);
    struct emu_answer *a = answer_new(op, ANSWER_OBJECT, status);
    a->type = type;
    a->tree = tree;
    if (status == 201)
        EMU_SET(a->location, js_str(tree, "href"));
    answer_replace(op);
}

void
op_list(struct emu_op *op, const char *type, const char *plural, struct json_object *array)
{
    array = op_arrange(op, array);
    const char *max = js_str(op->query, "max");
    if (max) {
        size_t n = (size_t)strtoull(max, NULL, 10);
        if (n < json_object_array_length(array))
            json_object_array_del_idx(array, n, json_object_array_length(array) - n);
    }
    array = op_follow(op, type, array);
    for (size_t i = 0; i < js_len(array); i++) {
        tree_decorate(op->e, type, js_at(array, i));
        tree_filter(op, type, js_at(array, i));
    }
    struct emu_answer *a = answer_new(op, ANSWER_LIST, 200);
    a->type = type;
    a->plural = plural;
    a->tree = array;
    answer_replace(op);
}

void
op_action(struct emu_op *op, struct json_object *extra)
{
    struct json_object *action = extra ? extra : json_object_new_object();
    js_add_str(action, "status", "complete");
    if (op->job)
        js_add(action, "job", tree_ref(js_str(op->job, "id"), "jobs"));
    op_object(op, 200, "action", action);
}

void
op_fault(struct emu_op *op, int status, const char *format, ...)
{
    va_list ap;
    char *text = NULL;
    va_start(ap, format);
    if (vasprintf(&text, format, ap) < 0)
        abort();
    va_end(ap);

    struct json_object *fault = json_object_new_object();
    js_add_str(fault, "reason", "Operation Failed");
    js_add_str(fault, "detail", text);
    free(text);
    if (op->route && (op->route->flags & ROUTE_ACTION)) {
        struct json_object *action = json_object_new_object();
        js_add_str(action, "status", "failed");
        js_add(action, "fault", fault);
        if (op->job)
            js_add(action, "job", tree_ref(js_str(op->job, "id"), "jobs"));
        op_object(op, status, "action", action);
        return;
    }
    op_object(op, status, "fault", fault);
}

struct json_object *
tree_new(const char *id, const char *format, ...)
{
    char path[512];
    va_list ap;
    va_start(ap, format);
    vsnprintf(path, sizeof(path), format, ap);
    va_end(ap);
    char *href = emu_printf("%s/%s/%s", EMU_API, path, id);
    struct json_object *o = json_object_new_object();
    js_add_str(o, "href", href);
    js_add_str(o, "id", id);
    free(href);
    return o;
}

struct json_object *
tree_ref(const char *id, const char *collection)
{
    return tree_new(id, "%s", collection);
}
