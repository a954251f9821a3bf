#include "model/inventory.h"

#include "base/str.h"
#include "model/words.h"

static const struct dr_field dc_fields[] = {
    DR_STR(struct dr_inv_dc, id), DR_STR(struct dr_inv_dc, name), DR_STR(struct dr_inv_dc, status)};
static DR_TYPE(dc_type, struct dr_inv_dc, "data center", dc_fields);

static const struct dr_field cluster_fields[] = {
    DR_STR(struct dr_inv_cluster, id), DR_STR(struct dr_inv_cluster, name),
    DR_STR(struct dr_inv_cluster, dc), DR_STR(struct dr_inv_cluster, version),
    DR_STR(struct dr_inv_cluster, cpu)};
static DR_TYPE(cluster_type, struct dr_inv_cluster, "cluster", cluster_fields);

static const struct dr_field host_fields[] = {
    DR_STR(struct dr_inv_host, id),         DR_STR(struct dr_inv_host, name),
    DR_STR(struct dr_inv_host, status),     DR_STR(struct dr_inv_host, cluster),
    DR_I64(struct dr_inv_host, memory),     DR_I64(struct dr_inv_host, room),
    DR_I64(struct dr_inv_host, spm_id),     DR_I64(struct dr_inv_host, spm_priority),
    DR_BOOL(struct dr_inv_host, spm),       DR_BOOL(struct dr_inv_host, power),
    DR_BOOL(struct dr_inv_host, luns_read), DR_STRS(struct dr_inv_host, luns)};
static DR_TYPE(host_type, struct dr_inv_host, "host", host_fields);

static const struct dr_field network_fields[] = {DR_STR(struct dr_inv_network, id),
                                                 DR_STR(struct dr_inv_network, name),
                                                 DR_STR(struct dr_inv_network, dc)};
static DR_TYPE(network_type, struct dr_inv_network, "network", network_fields);

static const struct dr_field affinity_fields[] = {DR_STR(struct dr_inv_affinity, id),
                                                  DR_STR(struct dr_inv_affinity, name),
                                                  DR_STR(struct dr_inv_affinity, cluster)};
static DR_TYPE(affinity_type, struct dr_inv_affinity, "affinity group", affinity_fields);

static const struct dr_field lun_disk_fields[] = {
    DR_STR(struct dr_inv_lun_disk, id), DR_STR(struct dr_inv_lun_disk, name),
    DR_STR(struct dr_inv_lun_disk, wwid), DR_STR(struct dr_inv_lun_disk, type)};
static DR_TYPE(lun_disk_type, struct dr_inv_lun_disk, "LUN disk", lun_disk_fields);

static const struct dr_field profile_fields[] = {DR_STR(struct dr_inv_profile, id),
                                                 DR_STR(struct dr_inv_profile, name),
                                                 DR_STR(struct dr_inv_profile, network)};
static DR_TYPE(profile_type, struct dr_inv_profile, "vnic profile", profile_fields);

static const struct dr_field domain_fields[] = {
    DR_STR(struct dr_inv_domain, id),
    DR_STR(struct dr_inv_domain, name),
    DR_STR(struct dr_inv_domain, dc),
    DR_STR(struct dr_inv_domain, type),
    DR_STR(struct dr_inv_domain, storage),
    DR_ENUM(struct dr_inv_domain, status, dr_sd_status_names),
    DR_BOOL(struct dr_inv_domain, master),
    DR_STR(struct dr_inv_domain, address),
    DR_I64(struct dr_inv_domain, port),
    DR_STRS(struct dr_inv_domain, targets),
    DR_TIME(struct dr_inv_domain, ovf_written),
    DR_STRS(struct dr_inv_domain, wwids)};
static DR_TYPE(domain_type, struct dr_inv_domain, "storage domain", domain_fields);

static const struct dr_field vm_fields[] = {DR_STR(struct dr_inv_vm, id),
                                            DR_STR(struct dr_inv_vm, name),
                                            DR_STR(struct dr_inv_vm, cluster),
                                            DR_STR(struct dr_inv_vm, template_id),
                                            DR_ENUM(struct dr_inv_vm, status, dr_vm_status_names),
                                            DR_BOOL(struct dr_inv_vm, ha),
                                            DR_I64(struct dr_inv_vm, priority),
                                            DR_STR(struct dr_inv_vm, lease),
                                            DR_STRS(struct dr_inv_vm, domains),
                                            DR_I64(struct dr_inv_vm, memory),
                                            DR_STR(struct dr_inv_vm, host),
                                            DR_BOOL(struct dr_inv_vm, pinned),
                                            DR_BOOL(struct dr_inv_vm, parts_read),
                                            DR_STRS(struct dr_inv_vm, profiles),
                                            DR_STRS(struct dr_inv_vm, luns)};
static DR_TYPE(vm_type, struct dr_inv_vm, "vm", vm_fields);

static const struct dr_field named_fields[] = {DR_STR(struct dr_inv_named, id),
                                               DR_STR(struct dr_inv_named, name)};
static DR_TYPE(named_type, struct dr_inv_named, "template", named_fields);

static const struct dr_field offer_fields[] = {
    DR_STR(struct dr_inv_offer, domain),
    DR_STR(struct dr_inv_offer, id),
    DR_STR(struct dr_inv_offer, name),
    DR_STR(struct dr_inv_offer, cluster),
    DR_STR(struct dr_inv_offer, template_id),
    DR_ENUM(struct dr_inv_offer, status, dr_vm_status_names),
    DR_BOOL(struct dr_inv_offer, ha),
    DR_I64(struct dr_inv_offer, priority)};
static DR_TYPE(offer_type, struct dr_inv_offer, "offer", offer_fields);

static const struct dr_field inventory_fields[] = {
    DR_STR(struct dr_inventory, site),
    DR_STR(struct dr_inventory, version),
    DR_LIST(struct dr_inventory, dcs, dc_type),
    DR_LIST(struct dr_inventory, clusters, cluster_type),
    DR_LIST(struct dr_inventory, hosts, host_type),
    DR_LIST(struct dr_inventory, profiles, profile_type),
    DR_LIST(struct dr_inventory, domains, domain_type),
    DR_LIST(struct dr_inventory, templates, named_type),
    DR_LIST(struct dr_inventory, vms, vm_type),
    DR_LIST(struct dr_inventory, offered_vms, offer_type),
    DR_LIST(struct dr_inventory, offered_templates, offer_type),
    DR_STRS(struct dr_inventory, offers_read),
    DR_LIST(struct dr_inventory, discovered, domain_type),
    DR_BOOL(struct dr_inventory, discovered_read),
    DR_BOOL(struct dr_inventory, detailed),
    DR_TIME(struct dr_inventory, clock),
    DR_I64(struct dr_inventory, ovf_interval_s),
    DR_LIST(struct dr_inventory, networks, network_type),
    DR_LIST(struct dr_inventory, roles, named_type),
    DR_LIST(struct dr_inventory, directories, named_type),
    DR_LIST(struct dr_inventory, labels, named_type),
    DR_LIST(struct dr_inventory, affinity_groups, affinity_type),
    DR_LIST(struct dr_inventory, lun_disks, lun_disk_type),
    DR_STRS(struct dr_inventory, unread)};
DR_TYPE(dr_inventory_type, struct dr_inventory, "inventory", inventory_fields);

const struct dr_inv_domain *
dr_inventory_domain(const struct dr_inventory *v, const char *id)
{
    for (size_t i = 0; i < v->n_domains; i++)
        if (dr_streq(v->domains[i].id, id))
            return &v->domains[i];
    return NULL;
}

const struct dr_inv_vm *
dr_inventory_vm(const struct dr_inventory *v, const char *id)
{
    for (size_t i = 0; i < v->n_vms; i++)
        if (dr_streq(v->vms[i].id, id))
            return &v->vms[i];
    return NULL;
}

bool
dr_inventory_has(const struct dr_inventory *v, const char *list)
{
    for (size_t i = 0; i < v->n_unread; i++)
        if (dr_streq(v->unread[i], list))
            return false;
    return v->detailed;
}

const struct dr_inv_dc *
dr_inventory_dc(const struct dr_inventory *v, const char *id)
{
    for (size_t i = 0; id && i < v->n_dcs; i++)
        if (dr_streq(v->dcs[i].id, id))
            return &v->dcs[i];
    return NULL;
}

const struct dr_inv_cluster *
dr_inventory_cluster(const struct dr_inventory *v, const char *name)
{
    for (size_t i = 0; name && i < v->n_clusters; i++)
        if (dr_streq(v->clusters[i].name, name))
            return &v->clusters[i];
    return NULL;
}

const char *
dr_inventory_host_dc(const struct dr_inventory *v, const struct dr_inv_host *host)
{
    for (size_t i = 0; i < v->n_clusters; i++)
        if (v->clusters[i].id && dr_streq(v->clusters[i].id, host->cluster))
            return v->clusters[i].dc;
    return NULL;
}

bool
dr_vm_may_run(enum dr_vm_status s)
{
    return s != DR_VM_DOWN && s != DR_VM_IMAGE_LOCKED && s != DR_VM_SUSPENDED;
}

bool
dr_vm_runs(enum dr_vm_status s)
{
    return s == DR_VM_UP || s == DR_VM_POWERING_UP || s == DR_VM_MIGRATING ||
           s == DR_VM_REBOOT_IN_PROGRESS;
}

bool
dr_host_is_dead(const char *status)
{
    static const char *const dead[] = {"down", "non_responsive", "maintenance", "install_failed",
                                       "pending_approval"};
    for (size_t i = 0; i < DR_COUNT(dead); i++)
        if (dr_streq(status, dead[i]))
            return true;
    return false;
}
