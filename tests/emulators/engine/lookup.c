/* What is read only: root, options, and collections that are always empty here. */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

struct json_object *
cluster_get(struct emu_engine *e, const char *id_or_name)
{
    return collection_get(e, "clusters", id_or_name);
}

const char *
cluster_dc(struct emu_engine *e, const char *cluster)
{
    return js_str(cluster_get(e, cluster), "data_center.id");
}

static void
root_link(struct json_object *list, const char *rel, const char *suffix, const char *query)
{
    struct json_object *link = json_object_new_object();
    char *href = emu_printf("%s/%s%s", EMU_API, rel, query);
    char *name = emu_printf("%s%s", rel, suffix);
    js_add_str(link, "href", href);
    js_add_str(link, "rel", name);
    json_object_array_add(list, link);
    free(href);
    free(name);
}

static void
root_links(struct json_object *list)
{
    static const char *const links[] = {"affinitylabels",
                                        "bookmarks",
                                        "clusters",
                                        "datacenters",
                                        "disks",
                                        "domains",
                                        "events",
                                        "groups",
                                        "hosts",
                                        "icons",
                                        "instancetypes",
                                        "jobs",
                                        "macpools",
                                        "networkfilters",
                                        "networks",
                                        "operatingsystems",
                                        "permissions",
                                        "roles",
                                        "schedulingpolicies",
                                        "storageconnections",
                                        "storagedomains",
                                        "tags",
                                        "templates",
                                        "users",
                                        "vmpools",
                                        "vms",
                                        "vnicprofiles",
                                        NULL};
    static const char *const searched[] = {"clusters", "datacenters", "disks",    "events",
                                           "groups",   "hosts",       "networks", "storagedomains",
                                           "users",    "templates",   "vms",      NULL};
    for (const char *const *l = links; *l; l++)
        root_link(list, *l, "", "");
    for (const char *const *l = searched; *l; l++)
        root_link(list, *l, "/search", "?search={query}");
}

void
root_get(struct emu_op *op)
{
    struct emu_engine *e = op->e;
    struct json_object *o = json_object_new_object();
    root_links(js_list(o, "link"));
    struct json_object *info = js_sub(o, "product_info");
    js_add_str(info, "name", "oVirt Engine");
    js_add_str(info, "vendor", "ovirt.org");
    struct json_object *version = js_sub(info, "version");
    js_add_int(version, "major", 4);
    js_add_int(version, "minor", 5);
    js_add_int(version, "build", 6);
    js_add_int(version, "revision", 0);
    js_add_str(version, "full_version", "4.5.6-1.el8");
    js_add_str(js_sub(js_sub(o, "special_objects"), "blank_template"), "id", EMU_BLANK_TEMPLATE);
    struct json_object *summary = js_sub(o, "summary");
    int64_t hosts = 0, up = 0, vms = 0, running = 0, sds = 0, active = 0;
    for (struct emu_host *h = e->hosts; h; h = h->next, hosts++)
        up += host_up(h);
    for (struct emu_vm *vm = e->vms; vm; vm = vm->next) {
        vms += !vm->template;
        running += !vm->template && vm->status != VM_DOWN;
    }
    for (struct emu_sd *sd = e->sds; sd; sd = sd->next, sds++)
        active += sd->status == SD_ACTIVE;
    js_add_int(js_sub(summary, "hosts"), "active", up);
    js_add_int(js_sub(summary, "hosts"), "total", hosts);
    js_add_int(js_sub(summary, "storage_domains"), "active", active);
    js_add_int(js_sub(summary, "storage_domains"), "total", sds);
    js_add_int(js_sub(summary, "vms"), "active", running);
    js_add_int(js_sub(summary, "vms"), "total", vms);
    js_add_int(o, "time", emu_epoch_ms(e, e->now));
    op_object(op, 200, "api", o);
}

void
option_get(struct emu_op *op)
{
    struct json_object *options = js_get(op->e->conf, "options");
    struct json_object *given = NULL;
    const char *value = NULL;
    if (options && json_object_object_get_ex(options, op->args[0], &given))
        value = json_object_get_string(given);
    else if (emu_same(op->args[0], "OvfUpdateIntervalInMinutes"))
        value = "60";
    if (!value) {
        op_empty(op, 404);
        return;
    }
    struct json_object *o = tree_ref(op->args[0], "options");
    js_add_str(o, "name", op->args[0]);
    struct json_object *v = json_object_new_object();
    js_add_str(v, "value", value);
    js_add_str(v, "version", "general");
    json_object_array_add(js_list(js_sub(o, "values"), "system_option_value"), v);
    op_object(op, 200, "system_option", o);
}

/* Collections the model has and the emulator has nothing for. */
void
empty_list(struct emu_op *op)
{
    static const struct {
        const char *segment;
        const char *type;
        const char *plural;
    } kinds[] = {
        {"affinitylabels", "affinity_label", "affinity_labels"},
        {"applications", "application", "applications"},
        {"bookmarks", "bookmark", "bookmarks"},
        {"cdroms", "cdrom", "cdroms"},
        {"cpuprofiles", "cpu_profile", "cpu_profiles"},
        {"devices", "host_device", "host_devices"},
        {"diskprofiles", "disk_profile", "disk_profiles"},
        {"disksnapshots", "disk_snapshot", "disk_snapshots"},
        {"enabledfeatures", "cluster_feature", "cluster_features"},
        {"fenceagents", "agent", "agents"},
        {"glustervolumes", "gluster_volume", "gluster_volumes"},
        {"graphicsconsoles", "graphics_console", "graphics_consoles"},
        {"hooks", "hook", "hooks"},
        {"hostdevices", "host_device", "host_devices"},
        {"hostlabels", "affinity_label", "affinity_labels"},
        {"icons", "icon", "icons"},
        {"imagetransfers", "image_transfer", "image_transfers"},
        {"instancetypes", "instance_type", "instance_types"},
        {"iscsibonds", "iscsi_bond", "iscsi_bonds"},
        {"networkfilters", "network_filter", "network_filters"},
        {"networklabels", "network_label", "network_labels"},
        {"numanodes", "vm_numa_node", "vm_numa_nodes"},
        {"operatingsystems", "operating_system", "operation_systems"},
        {"permissions", "permission", "permissions"},
        {"permits", "permit", "permits"},
        {"qoss", "qos", "qoss"},
        {"schedulingpolicies", "scheduling_policy", "scheduling_policies"},
        {"sessions", "session", "sessions"},
        {"statistics", "statistic", "statistics"},
        {"tags", "tag", "tags"},
        {"unmanagednetworks", "unmanaged_network", "unmanaged_networks"},
        {"vmlabels", "affinity_label", "affinity_labels"},
        {"vmpools", "vm_pool", "vm_pools"},
        {"watchdogs", "watchdog", "watchdogs"},
    };
    const char *slash = strrchr(op->path, '/');
    const char *name = slash ? slash + 1 : op->path;
    bool host = strncmp(op->path, "hosts/", 6) == 0;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (emu_same(kinds[i].segment, name)) {
            bool numa = host && emu_same(name, "numanodes");
            op_list(op, numa ? "host_numa_node" : kinds[i].type,
                    numa ? "host_numa_nodes" : kinds[i].plural, json_object_new_array());
            return;
        }
    op_empty(op, 404);
}
