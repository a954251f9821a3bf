/* Control commands of a test: faults, counters, the request log, and what happens to the site. */
#include "engine.h"

#include <stdlib.h>

static void
control_fault(struct emu_engine *e, struct json_object *command, struct json_object *reply,
              const char **ret_error)
{
    (void)reply;
    fault_add(e, command, ret_error);
}

static void
control_clear_faults(struct emu_engine *e, struct json_object *command, struct json_object *reply,
                     const char **ret_error)
{
    (void)command;
    (void)reply;
    (void)ret_error;
    fault_clear(e);
}

static void
control_counters(struct emu_engine *e, struct json_object *command, struct json_object *reply,
                 const char **ret_error)
{
    (void)command;
    (void)ret_error;
    js_add(reply, "counters", js_copy(e->counters));
}

static void
control_log(struct emu_engine *e, struct json_object *command, struct json_object *reply,
            const char **ret_error)
{
    (void)ret_error;
    struct json_object *list = js_list(reply, "log");
    for (size_t i = 0; i < js_len(e->log); i++)
        if (js_int(js_at(e->log, i), "xid", 0) > js_int(command, "from", 0))
            json_object_array_add(list, js_copy(js_at(e->log, i)));
}

static void
control_vms(struct emu_engine *e, struct json_object *command, struct json_object *reply,
            const char **ret_error)
{
    (void)command;
    (void)ret_error;
    struct json_object *list = js_list(reply, "vms");
    for (struct emu_vm *vm = e->vms; vm; vm = vm->next) {
        if (vm->template)
            continue;
        struct json_object *o = json_object_new_object();
        js_add_str(o, "id", vm->id);
        js_add_str(o, "name", vm->name);
        js_add_str(o, "status", vm_status_name(vm->status));
        js_add_bool(o, "writer", vm->writer);
        struct json_object *nics = js_get(vm->conf, "nics");
        for (size_t i = 0; i < js_len(nics); i++) {
            const char *network = js_str(js_at(nics, i), "network");
            json_object_array_add(js_list(o, "networks"),
                                  json_object_new_string(network ? network : ""));
        }
        if (vm->started_ns)
            js_add_int(o, "started_at", vm->started_ns);
        json_object_array_add(list, o);
    }
}

static void
control_domains(struct emu_engine *e, struct json_object *command, struct json_object *reply,
                const char **ret_error)
{
    (void)command;
    (void)ret_error;
    struct json_object *list = js_list(reply, "domains");
    for (struct emu_sd *sd = e->sds; sd; sd = sd->next) {
        struct json_object *o = json_object_new_object();
        js_add_str(o, "id", sd->id);
        js_add_str(o, "name", sd->name);
        js_add_str(o, "data_center", sd->dc);
        js_add_str(o, "status", sd_status_name(sd->status));
        js_add_bool(o, "master", sd->master);
        json_object_array_add(list, o);
    }
}

static void
control_hosts_lost(struct emu_engine *e, struct json_object *command, struct json_object *reply,
                   const char **ret_error)
{
    (void)command;
    (void)reply;
    (void)ret_error;
    hosts_lost(e);
}

static void
control_host(struct emu_engine *e, struct json_object *command, struct json_object *reply,
             const char **ret_error)
{
    (void)reply;
    struct emu_host *h = host_get(e, js_str(command, "host"));
    const char *status = js_str(command, "status");
    if (!h || !status) {
        *ret_error = "host and status are needed";
        return;
    }
    if (emu_same(status, "up")) {
        host_goes_up(e, h);
        return;
    }
    host_lost(e, h, js_bool(command, "alive", false));
    EMU_SET(h->status, status);
}

static void
control_dc(struct emu_engine *e, struct json_object *command, struct json_object *reply,
           const char **ret_error)
{
    (void)reply;
    struct emu_dc *dc = dc_get(e, js_str(command, "data_center"));
    const char *status = js_str(command, "status");
    for (enum dc_status s = DC_UNINITIALIZED; dc && s <= DC_PROBLEMATIC; s++)
        if (emu_same(dc_status_name(s), status)) {
            dc->status = s;
            return;
        }
    *ret_error = "no such data center or status";
}

static void
control_factor(struct emu_engine *e, struct json_object *command, struct json_object *reply,
               const char **ret_error)
{
    double factor = js_double(command, "factor", e->factor);
    if (factor < 0) {
        *ret_error = "factor is negative";
        return;
    }
    e->factor = factor;
    js_add(reply, "factor", json_object_new_double(factor));
}

static void
control_expire(struct emu_engine *e, struct json_object *command, struct json_object *reply,
               const char **ret_error)
{
    (void)command;
    (void)reply;
    (void)ret_error;
    json_object_put(e->sessions);
    e->sessions = json_object_new_object();
}

/* A VM made at the primary after the last OVF write: on the LUNs, but not in the OVF_STORE. */
static void
control_add_vm(struct emu_engine *e, struct json_object *command, struct json_object *reply,
               const char **ret_error)
{
    (void)reply;
    struct json_object *conf = js_get(command, "vm");
    const char *id = js_str(conf, "id");
    if (!id || !js_str(conf, "name") || vm_get(e, false, id)) {
        *ret_error = "vm needs a new id and a name";
        return;
    }
    struct emu_vm *vm = vm_new(e, false, conf);
    struct json_object *disks = js_get(conf, "disks");
    for (size_t i = 0; i < js_len(disks); i++) {
        struct emu_sd *sd = sd_get(e, js_str(js_at(disks, i), "storage_domain"));
        struct json_object *doc = sd ? content_read(e, sd->id) : NULL;
        if (!doc)
            continue;
        json_object_array_add(js_list(doc, "volumes"), js_copy(js_at(disks, i)));
        content_write(e, sd->id, doc);
        json_object_put(doc);
    }
    if (emu_same(js_str(conf, "status"), "up"))
        vm_run_initially(e, vm);
    json_object_object_del(vm->conf, "status");
}

/* The process of a VM ends by itself; an HA VM is started again. */
static void
control_crash(struct emu_engine *e, struct json_object *command, struct json_object *reply,
              const char **ret_error)
{
    (void)reply;
    struct emu_vm *vm = vm_get(e, false, js_str(command, "vm"));
    if (vm && vm->host[0])
        vm_died(e, vm, true);
    else
        *ret_error = "no such running vm";
}

/* The machine itself, behind the engine's back: switched off, or on again. */
static void
control_power(struct emu_engine *e, struct json_object *command, struct json_object *reply,
              const char **ret_error)
{
    (void)reply;
    struct emu_host *h = host_get(e, js_str(command, "host"));
    if (!h) {
        *ret_error = "no such host";
        return;
    }
    if (js_bool(command, "on", true))
        host_power(e, h, true);
    else
        host_lost(e, h, false);
}

static void
control_hosts(struct emu_engine *e, struct json_object *command, struct json_object *reply,
              const char **ret_error)
{
    (void)command;
    (void)ret_error;
    struct json_object *list = js_list(reply, "hosts");
    for (struct emu_host *h = e->hosts; h; h = h->next) {
        struct json_object *o = json_object_new_object();
        js_add_str(o, "id", h->id);
        js_add_str(o, "name", h->name);
        js_add_str(o, "status", h->status);
        js_add_bool(o, "alive", h->alive);
        js_add_int(o, "number", h->spm_id);
        json_object_array_add(list, o);
    }
}

static const struct {
    const char *name;
    void (*run)(struct emu_engine *, struct json_object *, struct json_object *, const char **);
} commands[] = {
    {"fault", control_fault},
    {"clear_faults", control_clear_faults},
    {"counters", control_counters},
    {"log", control_log},
    {"vms", control_vms},
    {"domains", control_domains},
    {"hosts_lost", control_hosts_lost},
    {"host", control_host},
    {"data_center", control_dc},
    {"time_factor", control_factor},
    {"expire_sessions", control_expire},
    {"add_vm", control_add_vm},
    {"hosts", control_hosts},
    {"host_power", control_power},
    {"vm_crash", control_crash},
};

struct json_object *
control_run(struct emu_engine *e, struct json_object *command)
{
    struct json_object *reply = json_object_new_object();
    const char *name = js_str(command, "command");
    const char *error = "no such command";
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (emu_same(commands[i].name, name)) {
            error = NULL;
            commands[i].run(e, command, reply, &error);
        }
    js_add_bool(reply, "ok", error == NULL);
    js_add_str(reply, "error", error);
    return reply;
}
