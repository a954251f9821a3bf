/* The configuration: what a site has before the first request. */
#include "engine.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

static const struct {
    const char *name;
    size_t offset;
    int64_t standard;
} latencies[] = {
    {"request", offsetof(struct emu_latency, request), 0},
    {"import_vg", offsetof(struct emu_latency, import_vg), 1000},
    {"connect", offsetof(struct emu_latency, connect), 1000},
    {"lease_free", offsetof(struct emu_latency, lease_free), 20000},
    {"lease_held", offsetof(struct emu_latency, lease_held), 160000},
    {"lease_dead", offsetof(struct emu_latency, lease_dead), 140000},
    {"volumes", offsetof(struct emu_latency, volumes), 1000},
    {"activate", offsetof(struct emu_latency, activate), 2000},
    {"contend", offsetof(struct emu_latency, contend), 2000},
    {"ovf", offsetof(struct emu_latency, ovf), 1000},
    {"deactivate", offsetof(struct emu_latency, deactivate), 2000},
    {"detach", offsetof(struct emu_latency, detach), 2000},
    {"remove", offsetof(struct emu_latency, remove), 1000},
    {"register", offsetof(struct emu_latency, register_vm), 1000},
    {"image_locked", offsetof(struct emu_latency, image_locked), 200},
    {"schedule", offsetof(struct emu_latency, schedule), 100},
    {"launch", offsetof(struct emu_latency, launch), 2000},
    {"boot", offsetof(struct emu_latency, boot), 30000},
    {"stop", offsetof(struct emu_latency, stop), 1000},
    {"refresh", offsetof(struct emu_latency, refresh), 3000},
    {"shutdown", offsetof(struct emu_latency, shutdown), 20000},
    {"iscsi", offsetof(struct emu_latency, iscsi), 1000},
    {"monitor", offsetof(struct emu_latency, monitor), 10000},
    {"ha_runner", offsetof(struct emu_latency, ha_runner), 1000},
    {"sd_failure", offsetof(struct emu_latency, sd_failure), 300000},
    {"recovery", offsetof(struct emu_latency, recovery), 300000},
    {"no_agent", offsetof(struct emu_latency, no_agent), 60000},
    {"suspend", offsetof(struct emu_latency, suspend), 3000},
    {"migrate", offsetof(struct emu_latency, migrate), 5000},
    {"host_up", offsetof(struct emu_latency, host_up), 5000},
    {"host_boot", offsetof(struct emu_latency, host_boot), 180000},
    {"install", offsetof(struct emu_latency, install), 60000},
    {"power", offsetof(struct emu_latency, power), 2000},
    {"fence", offsetof(struct emu_latency, fence), 60000},
    {"ovf_period", offsetof(struct emu_latency, ovf_period), 3600000},
};

static void
config_latency(struct emu_engine *e)
{
    for (size_t i = 0; i < sizeof(latencies) / sizeof(latencies[0]); i++) {
        int64_t *field = (int64_t *)(void *)((char *)&e->latency + latencies[i].offset);
        *field = latencies[i].standard;
        struct json_object *given = js_get(js_get(e->conf, "latency_ms"), latencies[i].name);
        if (given)
            *field = json_object_get_int64(given);
    }
}

static int
config_named(struct json_object *list, const char *what, char **ret_reason)
{
    for (size_t i = 0; i < js_len(list); i++)
        if (!js_str(js_at(list, i), "id") || !js_str(js_at(list, i), "name")) {
            *ret_reason = emu_printf("every entry of %s needs id and name", what);
            return -EINVAL;
        }
    return 0;
}

/* A domain that was attached before we look: its document is written unless it is there. */
static int
config_domain(struct emu_engine *e, struct json_object *conf, char **ret_reason)
{
    struct json_object *wwids = js_get(conf, "luns");
    struct json_object *seed = json_object_new_object();
    js_add(seed, "domain", js_copy(conf));
    js_add_str(js_sub(seed, "vg"), "id",
               js_str(conf, "vg_id") ? js_str(conf, "vg_id") : js_str(conf, "id"));
    struct json_object *luns = json_object_new_array();
    struct json_object *all = content_luns(e, NULL);
    for (size_t i = 0; i < js_len(wwids); i++) {
        struct json_object *lun = js_find(all, "wwid", json_object_get_string(js_at(wwids, i)));
        if (lun)
            json_object_array_add(luns, json_object_get(lun));
    }
    json_object_put(all);
    struct emu_sd *sd = NULL;
    int r = -EINVAL;
    if (js_len(wwids) > 0 && js_len(luns) == js_len(wwids)) {
        sd = sd_new(e, seed, luns);
        struct json_object *doc = content_read(e, sd->id);
        r = doc ? 0 : content_create(e, sd, wwids);
        json_object_put(doc);
    }
    json_object_put(seed);
    json_object_put(luns);
    if (r < 0) {
        *ret_reason = emu_printf("the LUNs of domain %s cannot be %s", js_str(conf, "name"),
                                 sd ? "written" : "seen");
        return r;
    }
    const char *dc_name = js_str(conf, "data_center");
    for (struct emu_dc *dc = e->dcs; dc && dc_name; dc = dc->next)
        if (emu_same(dc->id, dc_name) || emu_same(dc->name, dc_name)) {
            EMU_SET(sd->dc, dc->id);
            sd->master = js_bool(conf, "master", sd_count(e, dc->id, 0) == 1);
            sd->status = SD_ACTIVE;
            dc->status = DC_UP;
        }
    return 0;
}

static void
config_volumes(struct emu_engine *e, struct emu_sd *sd, struct json_object *doc)
{
    for (struct emu_vm *vm = e->vms; vm; vm = vm->next) {
        struct json_object *disks = js_get(vm->conf, "disks");
        for (size_t i = 0; i < js_len(disks); i++) {
            struct json_object *disk = js_at(disks, i);
            const char *id = js_str(disk, "id");
            if (emu_same(js_str(disk, "storage_domain"), sd->id) &&
                !js_find(js_list(doc, "volumes"), "id", id)) {
                struct json_object *copy = js_copy(disk);
                json_object_object_del(copy, "storage_domain");
                json_object_array_add(js_list(doc, "volumes"), copy);
            }
        }
    }
}

/* The domains as a healthy, running site keeps them: pool, leases of every host, volumes, OVF. */
static void
config_documents(struct emu_engine *e)
{
    for (struct emu_sd *sd = e->sds; sd; sd = sd->next) {
        struct emu_dc *dc = dc_get(e, sd->dc);
        struct json_object *doc = dc ? content_read(e, sd->id) : NULL;
        if (!doc)
            continue;
        content_pool(doc, dc, sd->master);
        for (struct emu_host *h = e->hosts; h; h = h->next) {
            if (!host_up(h) || !emu_same(host_dc(e, h), dc->id))
                continue;
            lease_take_slot(doc, h);
            EMU_SET(sd->joins[sd->joins_count].host, h->id);
            sd->joins[sd->joins_count++].ready_ns = e->now;
        }
        config_volumes(e, sd, doc);
        content_write(e, sd->id, doc);
        json_object_put(doc);
        if (sd->master)
            dc_elect(e, dc);
    }
    for (struct emu_vm *vm = e->vms; vm; vm = vm->next)
        if (!vm->template && emu_same(js_str(vm->conf, "status"), "up"))
            vm_run_initially(e, vm);
    for (struct emu_sd *sd = e->sds; sd; sd = sd->next)
        if (sd->dc[0] && js_bool(e->conf, "write_ovf_at_start", true)) {
            ovf_write(e, sd);
            struct json_object *event = event_add(
                e, NULL, 199, "normal", "OVF_STORE of Storage Domain %s was updated.", sd->name);
            js_add(event, "storage_domain", tree_ref(sd->id, "storagedomains"));
        }
    for (struct emu_vm *vm = e->vms; vm; vm = vm->next)
        json_object_object_del(vm->conf, "status");
}

static void
config_defaults(struct emu_engine *e)
{
    EMU_SET(e->site, js_str(e->conf, "site"));
    e->factor = js_double(e->conf, "time_factor", 1.0);
    e->links = js_bool(e->conf, "links", true);
    e->integers_native = emu_same(js_str(e->conf, "integers"), "native");
    e->session_idle_ns = js_int(e->conf, "session_idle_ms", 30 * 60 * 1000) * 1000000;
    e->epoch_ms = js_int(e->conf, "epoch_ms", 1767630835851);
    e->last_id = (uint64_t)js_int(e->conf, "first_id", 0);
    if (!js_str(e->conf, "user"))
        js_add_str(e->conf, "user", "admin@internal");
    if (!js_str(e->conf, "password"))
        js_add_str(e->conf, "password", "secret");
    struct json_object *disks = js_get(e->conf, "lun_disks");
    for (size_t i = 0; i < js_len(disks); i++)
        json_object_array_add(e->lun_disks, js_copy(js_at(disks, i)));
}

int
config_load(struct emu_engine *e, char **ret_reason)
{
    static const char *const named[] = {"data_centers", "clusters",  "hosts", "storage_domains",
                                        "vms",          "templates", NULL};
    if (!js_str(e->conf, "site")) {
        *ret_reason = emu_strdup("site is missing");
        return -EINVAL;
    }
    for (const char *const *n = named; *n; n++)
        if (config_named(js_get(e->conf, *n), *n, ret_reason) < 0)
            return -EINVAL;
    config_defaults(e);
    config_latency(e);
    collections_init(e);
    struct json_object *list = js_get(e->conf, "data_centers");
    for (size_t i = 0; i < js_len(list); i++)
        dc_new(e, js_at(list, i));
    list = js_get(e->conf, "hosts");
    for (size_t i = 0; i < js_len(list); i++)
        host_new(e, js_at(list, i));
    list = js_get(e->conf, "storage_domains");
    for (size_t i = 0; i < js_len(list); i++)
        if (config_domain(e, js_at(list, i), ret_reason) < 0)
            return -EINVAL;
    list = js_get(e->conf, "templates");
    for (size_t i = 0; i < js_len(list); i++)
        vm_new(e, true, js_at(list, i));
    list = js_get(e->conf, "vms");
    for (size_t i = 0; i < js_len(list); i++)
        vm_new(e, false, js_at(list, i));
    config_documents(e);
    event_add(e, NULL, 1, "normal", "Starting oVirt Engine.");
    if (js_len(js_get(e->conf, "storage_domains")) > 0)
        monitor_start(e);
    ovf_period_start(e);
    return 0;
}
