#include "model/inventory.h"

#include "base/str.h"
#include "model/words.h"

static const struct dr_field dc_fields[] = {
    DR_STR(struct dr_inv_dc, id), DR_STR(struct dr_inv_dc, name), DR_STR(struct dr_inv_dc, status)};
static DR_TYPE(dc_type, struct dr_inv_dc, "data center", dc_fields);

static const struct dr_field cluster_fields[] = {DR_STR(struct dr_inv_cluster, id),
                                                 DR_STR(struct dr_inv_cluster, name),
                                                 DR_STR(struct dr_inv_cluster, dc)};
static DR_TYPE(cluster_type, struct dr_inv_cluster, "cluster", cluster_fields);

static const struct dr_field host_fields[] = {
    DR_STR(struct dr_inv_host, id), DR_STR(struct dr_inv_host, name),
    DR_STR(struct dr_inv_host, status), DR_STR(struct dr_inv_host, cluster)};
static DR_TYPE(host_type, struct dr_inv_host, "host", host_fields);

static const struct dr_field profile_fields[] = {DR_STR(struct dr_inv_profile, id),
                                                 DR_STR(struct dr_inv_profile, name),
                                                 DR_STR(struct dr_inv_profile, network)};
static DR_TYPE(profile_type, struct dr_inv_profile, "vnic profile", profile_fields);

static const struct dr_field domain_fields[] = {
    DR_STR(struct dr_inv_domain, id),
    DR_STR(struct dr_inv_domain, name),
    DR_STR(struct dr_inv_domain, dc),
    DR_STR(struct dr_inv_domain, type),
    DR_ENUM(struct dr_inv_domain, status, dr_sd_status_names),
    DR_BOOL(struct dr_inv_domain, master),
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
                                            DR_STRS(struct dr_inv_vm, domains)};
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
    DR_BOOL(struct dr_inventory, discovered_read)};
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
