/* Which path and method is which operation. */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

static void
health_get(struct emu_op *op)
{
    op_raw(op, 200, "text/html", "DB Up!Welcome to Health Status!");
}

static void
ca_get(struct emu_op *op)
{
    const char *pem = js_str(op->e->conf, "ca_pem");
    if (pem)
        op_raw(op, 200, "application/x-x509-ca-cert", pem);
    else
        op_empty(op, 404);
}

#define A ROUTE_ACTION
#define SSO (ROUTE_FREE | ROUTE_SSO)

#define PLAIN(path, type)                                                                          \
    {"GET", path, "list_" type "s", collection_list, 0},                                           \
        {"POST", path, "add_" type, collection_add, 0},                                            \
        {"GET", path "/*", "get_" type, collection_item, 0},                                       \
        {"PUT", path "/*", "put_" type, collection_put, 0},                                        \
    {                                                                                              \
        "DELETE", path "/*", "delete_" type, collection_remove, A                                  \
    }

#define MEMBERS(path)                                                                              \
    {"GET", path, "list_members", affinity_members, 0},                                            \
        {"POST", path, "add_member", affinity_member_add, 0},                                      \
    {                                                                                              \
        "DELETE", path "/*", "delete_member", affinity_member_remove, A                            \
    }

static const struct emu_route routes[] = {
    {"POST", "/ovirt-engine/sso/oauth/token", "token", sso_token, SSO},
    {"POST", "/ovirt-engine/services/sso-logout", "logout", sso_logout, SSO},
    {"GET", "/ovirt-engine/services/pki-resource", "get_ca", ca_get, ROUTE_FREE},
    {"GET", "/ovirt-engine/services/health", "health", health_get, ROUTE_FREE},
    {"GET", "", "get_root", root_get, 0},
    {"GET", "options/*", "get_option", option_get, 0},

    {"GET", "datacenters", "list_datacenters", dc_list, 0},
    {"GET", "datacenters/*", "get_datacenter", dc_item, 0},
    {"POST", "datacenters", "add_datacenter", dc_add, 0},
    {"PUT", "datacenters/*", "put_datacenter", dc_put, 0},
    {"DELETE", "datacenters/*", "delete_datacenter", dc_remove, A},
    {"GET", "datacenters/*/clusters", "list_clusters", collection_list, 0},
    {"POST", "datacenters/*/clusters", "add_cluster", collection_add, 0},
    {"GET", "datacenters/*/clusters/*", "get_cluster", collection_item, 0},
    {"GET", "datacenters/*/clusters/*/affinitygroups", "list_affinitygroups", collection_list, 0},
    {"GET", "datacenters/*/networks", "list_networks", collection_list, 0},
    {"POST", "datacenters/*/networks", "add_network", collection_add, 0},
    {"GET", "datacenters/*/networks/*", "get_network", collection_item, 0},
    {"GET", "datacenters/*/quotas", "list_quotas", collection_list, 0},
    {"POST", "datacenters/*/quotas", "add_quota", collection_add, 0},
    {"GET", "datacenters/*/quotas/*", "get_quota", collection_item, 0},
    {"DELETE", "datacenters/*/quotas/*", "delete_quota", collection_remove, A},
    {"POST", "datacenters/*/setmaster", "setmaster", dc_setmaster, A},
    {"POST", "datacenters/*/cleanfinishedtasks", "cleanfinishedtasks", dc_clean_tasks, A},
    {"GET", "datacenters/*/storagedomains", "list_attached", attached_list, 0},
    {"POST", "datacenters/*/storagedomains", "attach", attach_start, 0},
    {"GET", "datacenters/*/storagedomains/*", "get_attached", attached_item, 0},
    {"DELETE", "datacenters/*/storagedomains/*", "detach", detach_start, A},
    {"GET", "datacenters/*/storagedomains/*/disks", "list_attached_disks", attached_disks, 0},
    {"POST", "datacenters/*/storagedomains/*/activate", "activate", activate_start, A},
    {"POST", "datacenters/*/storagedomains/*/deactivate", "deactivate", deactivate_start, A},

    {"GET", "storagedomains", "list_storagedomains", sd_list, 0},
    {"POST", "storagedomains", "import", sd_post, 0},
    {"GET", "storagedomains/*", "get_storagedomain", sd_item, 0},
    {"PUT", "storagedomains/*", "put_storagedomain", sd_put, 0},
    {"DELETE", "storagedomains/*", "remove", sd_remove, A},
    {"POST", "storagedomains/*/updateovfstore", "updateovfstore", sd_update_ovf, A},
    {"POST", "storagedomains/*/isattached", "isattached", sd_is_attached, A},
    {"POST", "storagedomains/*/refreshluns", "refreshluns", sd_refresh_luns, A},
    {"POST", "storagedomains/*/reduceluns", "reduceluns", sd_reduce_luns, A},
    {"GET", "storagedomains/*/storageconnections", "list_storageconnections", collection_list, 0},
    {"GET", "storagedomains/*/vms", "list_sd_vms", unregistered_list, 0},
    {"GET", "storagedomains/*/vms/*", "get_sd_vm", unregistered_item, 0},
    {"DELETE", "storagedomains/*/vms/*", "delete_sd_vm", unregistered_delete, A},
    {"POST", "storagedomains/*/vms/*/register", "register_vm", register_start, A},
    {"GET", "storagedomains/*/templates", "list_sd_templates", unregistered_list, 0},
    {"GET", "storagedomains/*/templates/*", "get_sd_template", unregistered_item, 0},
    {"POST", "storagedomains/*/templates/*/register", "register_template", register_start, A},
    {"GET", "storagedomains/*/disks", "list_sd_disks", sd_disks, 0},
    {"POST", "storagedomains/*/disks", "register_disk", unregistered_disk_register, 0},

    {"GET", "hosts", "list_hosts", host_list, 0},
    {"GET", "hosts/*", "get_host", host_item, 0},
    {"POST", "hosts", "add_host", host_add, 0},
    {"PUT", "hosts/*", "put_host", host_put, 0},
    {"DELETE", "hosts/*", "delete_host", host_remove, A},
    {"GET", "hosts/*/storage", "get_host_storage", host_storage, 0},
    {"GET", "hosts/*/statistics", "get_host_statistics", host_statistics, 0},
    {"GET", "hosts/*/nics", "get_host_nics", host_attachments, 0},
    {"GET", "hosts/*/networkattachments", "get_host_attachments", host_attachments, 0},
    {"POST", "hosts/*/iscsidiscover", "iscsidiscover", host_discover, A},
    {"POST", "hosts/*/discoveriscsi", "discoveriscsi", host_discover, A},
    {"POST", "hosts/*/iscsilogin", "iscsilogin", host_login, A},
    {"POST", "hosts/*/unregisteredstoragedomainsdiscover", "discover_domains", host_unregistered,
     A},
    {"POST", "hosts/*/activate", "host_activate", host_activate, A},
    {"POST", "hosts/*/deactivate", "host_deactivate", host_deactivate, A},
    {"POST", "hosts/*/refresh", "host_refresh", host_refresh, A},
    {"POST", "hosts/*/commitnetconfig", "host_commitnetconfig", host_refresh, A},
    {"POST", "hosts/*/forceselectspm", "host_forceselectspm", host_forceselectspm, A},
    {"POST", "hosts/*/fence", "host_fence", host_fence, A},

    {"GET", "vms", "list_vms", vm_list, 0},
    {"GET", "vms/*", "get_vm", vm_item, 0},
    {"PUT", "vms/*", "put_vm", vm_put, 0},
    {"DELETE", "vms/*", "delete_vm", vm_remove, A},
    {"POST", "vms/*/start", "start", vm_start, A},
    {"POST", "vms/*/stop", "stop", vm_stop, A},
    {"POST", "vms/*/shutdown", "shutdown", vm_shutdown, A},
    {"POST", "vms", "add_vm", vm_add, 0},
    {"POST", "vms/*/suspend", "suspend", vm_suspend, A},
    {"POST", "vms/*/reboot", "reboot", vm_reboot, A},
    {"POST", "vms/*/reset", "reset", vm_reboot, A},
    {"POST", "vms/*/migrate", "migrate", vm_migrate, A},
    {"POST", "vms/*/detach", "detach_vm", vm_detach, A},
    {"GET", "vms/*/diskattachments", "get_disk_attachments", vm_sub, 0},
    {"POST", "vms/*/diskattachments", "add_disk_attachment", disk_attach, 0},
    {"GET", "vms/*/diskattachments/*", "get_disk_attachment", vm_sub_item, 0},
    {"DELETE", "vms/*/diskattachments/*", "delete_disk_attachment", disk_detach, A},
    {"GET", "vms/*/nics", "get_nics", vm_sub, 0},
    {"POST", "vms/*/nics", "add_nic", nic_add, 0},
    {"GET", "vms/*/nics/*", "get_nic", vm_sub_item, 0},
    {"PUT", "vms/*/nics/*", "put_nic", nic_put, 0},
    {"DELETE", "vms/*/nics/*", "delete_nic", nic_remove, A},
    {"GET", "vms/*/snapshots", "get_snapshots", vm_sub, 0},
    {"GET", "vms/*/snapshots/*", "get_snapshot", vm_sub_item, 0},
    {"GET", "vms/*/reporteddevices", "get_reported_devices", vm_sub, 0},
    {"GET", "vms/*/affinitylabels", "get_vm_labels", vm_sub, 0},
    {"GET", "vms/*/permissions", "list_permissions", collection_list, 0},
    {"GET", "templates/*/diskattachments", "get_disk_attachments", vm_sub, 0},
    {"GET", "templates/*/nics", "get_nics", vm_sub, 0},
    {"GET", "templates", "list_templates", vm_list, 0},
    {"GET", "templates/*", "get_template", vm_item, 0},
    {"DELETE", "templates/*", "delete_template", vm_remove, A},
    {"GET", "disks", "list_disks", disk_list, 0},
    {"GET", "disks/*", "get_disk", disk_item, 0},
    {"POST", "disks", "add_disk", disk_add, 0},
    {"DELETE", "disks/*", "delete_disk", disk_remove, A},

    PLAIN("clusters", "cluster"),
    PLAIN("networks", "network"),
    PLAIN("vnicprofiles", "vnicprofile"),
    PLAIN("macpools", "macpool"),
    PLAIN("roles", "role"),
    PLAIN("permissions", "permission"),
    PLAIN("domains", "domain"),
    PLAIN("affinitylabels", "affinitylabel"),
    PLAIN("storageconnections", "storageconnection"),
    PLAIN("users", "user"),
    PLAIN("groups", "group"),
    PLAIN("tags", "tag"),
    {"GET", "clusters/*/networks", "list_networks", cluster_networks, 0},
    {"POST", "clusters/*/networks", "add_cluster_network", cluster_network_add, 0},
    {"DELETE", "clusters/*/networks/*", "delete_cluster_network", cluster_network_remove, A},
    PLAIN("clusters/*/affinitygroups", "affinitygroup"),
    MEMBERS("clusters/*/affinitygroups/*/vms"),
    MEMBERS("clusters/*/affinitygroups/*/hosts"),
    MEMBERS("affinitylabels/*/vms"),
    MEMBERS("affinitylabels/*/hosts"),
    PLAIN("networks/*/vnicprofiles", "vnicprofile"),

    {"GET", "jobs", "list_jobs", job_list, 0},
    {"POST", "jobs", "add_job", job_post, 0},
    {"GET", "jobs/*", "get_job", job_get, 0},
    {"POST", "jobs/*/clear", "clear_job", job_clear, A},
    {"POST", "jobs/*/end", "end_job", job_end_post, A},
    {"GET", "jobs/*/steps", "list_steps", job_steps, 0},
    {"POST", "jobs/*/steps", "add_step", job_step_post, 0},
    {"GET", "jobs/*/steps/*", "get_step", job_step_get, 0},
    {"POST", "jobs/*/steps/*/end", "end_step", job_step_end_post, A},
    {"GET", "events", "list_events", event_list, 0},
    {"POST", "events", "add_event", event_post, 0},
    {"GET", "events/*", "get_event", event_get, 0},
    {"DELETE", "events/*", "delete_event", event_remove, A},

    {"GET", "*", "list_empty", empty_list, 0},
    {"GET", "*/*/*", "list_empty", empty_list, 0},
    {"GET", "*/*/*/*/*", "list_empty", empty_list, 0},
};

static void
args_clear(struct emu_op *op)
{
    for (size_t i = 0; i < op->args_count; i++)
        free(op->args[i]);
    op->args_count = 0;
}

static bool
route_match(struct emu_op *op, const char *pattern)
{
    const char *path = op->path;
    args_clear(op);
    while (*pattern && *path) {
        size_t n = strcspn(path, "/");
        if (*pattern == '*') {
            if (op->args_count == EMU_ARGS || n == 0)
                return false;
            char *arg = strndup(path, n);
            if (!arg)
                abort();
            request_unescape(arg);
            op->args[op->args_count++] = arg;
            pattern++;
            path += n;
        } else if (*pattern == *path) {
            pattern++;
            path++;
        } else {
            return false;
        }
    }
    return *pattern == *path;
}

/* POST x/start is followed up with GET x/start/ID. */
static void
action_get(struct emu_op *op)
{
    const char *slash = strrchr(op->path, '/');
    struct json_object *action = slash ? js_get(op->e->actions, slash + 1) : NULL;
    size_t prefix = strlen(EMU_API "/");
    const char *href = js_str(action, "href");
    if (href && emu_same(href + prefix, op->path))
        op_object(op, 200, "action", js_copy(action));
    else
        op_empty(op, 404);
}

static const struct emu_route action_route = {"GET", "", "get_action", action_get, 0};

static bool
route_action(struct emu_op *op)
{
    char *slash = strrchr(op->path, '/');
    bool found = false;
    if (!emu_same(op->method, "GET") || !slash)
        return false;
    *slash = '\0';
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]) && !found; i++)
        found = (routes[i].flags & ROUTE_ACTION) && emu_same(routes[i].method, "POST") &&
                route_match(op, routes[i].pattern);
    *slash = '/';
    return found;
}

void
emu_route(struct emu_op *op)
{
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
        if (emu_same(routes[i].method, op->method) && route_match(op, routes[i].pattern)) {
            op->route = &routes[i];
            op->name = routes[i].name;
            return;
        }
    if (route_action(op)) {
        op->route = &action_route;
        op->name = action_route.name;
        return;
    }
    args_clear(op);
}
