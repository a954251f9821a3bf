/* The audit log: what a client reads to learn what was lost on the way. */
#include "engine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void
event_reference(struct json_object *o, const char *key, const char *collection, const char *id,
                const char *name)
{
    struct json_object *ref = tree_ref(id, collection);
    js_add_str(ref, "name", name);
    js_add(o, key, ref);
}

static struct json_object *
event_new(struct emu_engine *e, int64_t code, const char *severity, const char *text)
{
    char id[EMU_ID];
    snprintf(id, sizeof(id), "%lld", (long long)++e->last_event);
    struct json_object *o = tree_ref(id, "events");
    js_add_int(o, "index", e->last_event);
    js_add_int(o, "code", code);
    js_add_str(o, "severity", severity);
    js_add_int(o, "time", emu_epoch_ms(e, e->now));
    js_add_str(o, "description", text);
    json_object_array_add(e->events, o);
    return o;
}

struct json_object *
event_add(struct emu_engine *e, struct emu_op *op, int code, const char *severity,
          const char *format, ...)
{
    va_list ap;
    char *text = NULL;
    va_start(ap, format);
    if (vasprintf(&text, format, ap) < 0)
        abort();
    va_end(ap);
    struct json_object *o = event_new(e, code, severity, text);
    free(text);
    js_add_str(o, "origin", "oVirt");
    js_add_int(o, "custom_id", -1);
    if (!op)
        return o;
    if (op->correlation[0])
        js_add_str(o, "correlation_id", op->correlation);
    if (op->vm && op->vm->id[0])
        event_reference(o, op->vm->template ? "template" : "vm",
                        op->vm->template ? "templates" : "vms", op->vm->id, op->vm->name);
    if (op->sd)
        event_reference(o, "storage_domain", "storagedomains", op->sd->id, op->sd->name);
    if (op->dc)
        event_reference(o, "data_center", "datacenters", op->dc->id, op->dc->name);
    if (op->host)
        event_reference(o, "host", "hosts", op->host->id, op->host->name);
    return o;
}

static void
event_search(struct emu_engine *e, void *object, const char *field, struct json_object *texts)
{
    (void)e;
    static const struct {
        const char *field;
        const char *path;
    } fields[] = {
        {"type", "code"},
        {"event_vm", "vm.name"},
        {"event_storage", "storage_domain.name"},
        {"storage.name", "storage_domain.name"},
        {"vm.name", "vm.name"},
        {"datacenter", "data_center.name"},
        {"host.name", "host.name"},
        {"message", "description"},
    };
    const char *text = js_str(object, field);
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]) && !text; i++)
        if (emu_same(fields[i].field, field))
            text = js_str(object, fields[i].path);
    if (text)
        json_object_array_add(texts, json_object_new_string(text));
}

void
event_list(struct emu_op *op)
{
    if (!op_search_ok(op))
        return;
    struct json_object *list = json_object_new_array();
    int64_t from = js_int(op->query, "from", -1);
    for (size_t i = js_len(op->e->events); i > 0; i--) {
        struct json_object *o = js_at(op->e->events, i - 1);
        if (js_int(o, "index", 0) > from && op_search(op, event_search, o))
            json_object_array_add(list, json_object_get(o));
    }
    op_list(op, "event", "events", list);
}

void
event_get(struct emu_op *op)
{
    struct json_object *o = js_find(op->e->events, "id", op->args[0]);
    if (!o)
        op_empty(op, 404);
    else
        op_object(op, 200, "event", json_object_get(o));
}

void
event_post(struct emu_op *op)
{
    const char *origin = js_str(op->body, "origin");
    const char *severity = js_str(op->body, "severity");
    const char *text = js_str(op->body, "description");
    if (!origin || !severity || !text || !js_get(op->body, "custom_id")) {
        op_fault(op, 400, "Event [origin, severity, customId, description] required for add");
        return;
    }
    struct json_object *o = event_new(op->e, 9999, severity, text);
    js_add_str(o, "origin", origin);
    js_add_int(o, "custom_id", js_int(op->body, "custom_id", 0));
    js_add_str(o, "correlation_id", op->correlation);
    static const char *const references[] = {"vm",          "storage_domain", "host",
                                             "data_center", "cluster",        NULL};
    for (const char *const *r = references; *r; r++)
        js_add(o, *r, js_copy(js_get(op->body, *r)));
    op_object(op, 201, "event", json_object_get(o));
}

void
event_remove(struct emu_op *op)
{
    if (!js_find(op->e->events, "id", op->args[0])) {
        op_empty(op, 404);
        return;
    }
    js_remove(op->e->events, "id", op->args[0]);
    op_action(op, NULL);
}
