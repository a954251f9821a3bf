/*
 * What one engine says it has. The stage decides from it; facts keep the last one, because after a
 * disaster it is the list of VMs that ran.
 */
#ifndef DR_MODEL_INVENTORY_H
#define DR_MODEL_INVENTORY_H

#include "base/map.h"

#include <stdbool.h>
#include <stdint.h>

/* A storage domain inside its data centre; UNATTACHED: in the engine, in no data centre. */
enum dr_sd_status {
    DR_SD_UNKNOWN = 0,
    DR_SD_UNATTACHED,
    DR_SD_LOCKED,
    DR_SD_ACTIVATING,
    DR_SD_ACTIVE,
    DR_SD_PREPARING_FOR_MAINTENANCE,
    DR_SD_MAINTENANCE,
    DR_SD_DETACHING,
    DR_SD_INACTIVE,
    DR_SD_MIXED
};

/* Sorted: everything from WAIT_FOR_LAUNCH on is a process somewhere, or may be one. */
enum dr_vm_status {
    DR_VM_UNKNOWN = 0, /* also: a word we do not know. May be running. */
    DR_VM_DOWN,
    DR_VM_IMAGE_LOCKED,
    DR_VM_SUSPENDED,
    DR_VM_WAIT_FOR_LAUNCH,
    DR_VM_POWERING_UP,
    DR_VM_UP,
    DR_VM_POWERING_DOWN,
    DR_VM_PAUSED,
    DR_VM_MIGRATING,
    DR_VM_REBOOT_IN_PROGRESS,
    DR_VM_SAVING_STATE,
    DR_VM_RESTORING_STATE,
    DR_VM_NOT_RESPONDING,
    DR_VM_UNASSIGNED
};

struct dr_inv_named {
    const char *id, *name;
};

struct dr_inv_dc {
    const char *id, *name, *status;
};

struct dr_inv_cluster {
    const char *id, *name, *dc;
    const char *version; /* "4.7": what its hosts have to be able to do */
    const char *cpu;     /* its CPU type; NULL: none was chosen */
};

/* Sizes in bytes, -1: not told. */
struct dr_inv_host {
    const char *id, *name, *status, *cluster;
    int64_t memory, room; /* of all, and what the scheduler would still give away */
    int64_t spm_id;       /* its number in the leases of its data centre */
    int64_t spm_priority; /* -1: it is never chosen */
    bool spm;             /* it attaches domains, for all hosts of its data centre */
    bool power;           /* the engine can switch it off and on */
    bool luns_read;       /* detailed: were its LUNs told? */
    const char **luns;
    size_t n_luns;
};

struct dr_inv_network {
    const char *id, *name, *dc;
};

struct dr_inv_affinity {
    const char *id, *name, *cluster;
};

/* A disk that is a LUN by itself. */
struct dr_inv_lun_disk {
    const char *id, *name, *wwid, *type; /* "fcp", "iscsi" */
};

struct dr_inv_profile {
    const char *id, *name, *network;
};

struct dr_inv_domain {
    const char *id, *name, *dc, *type;
    const char *storage; /* "fcp", "iscsi", "nfs" ... */
    enum dr_sd_status status;
    bool master;
    const char *address; /* iSCSI: of the portal, and its targets */
    int64_t port;
    const char **targets;
    size_t n_targets;
    int64_t ovf_written; /* detailed: by the engine's clock; -1: not known */
    const char **wwids;
    size_t n_wwids;
};

struct dr_inv_vm {
    const char *id, *name, *cluster, *template_id;
    enum dr_vm_status status;
    bool ha;
    int64_t priority;
    const char *lease;    /* domain of the VM lease */
    const char **domains; /* that hold its disks */
    size_t n_domains;
    int64_t memory;   /* bytes, -1: not told */
    const char *host; /* where it runs */
    bool pinned;      /* it may run on certain hosts only */

    bool parts_read;       /* detailed: what follows was told */
    const char **profiles; /* of its NICs; "": a NIC on no network */
    size_t n_profiles;
    const char **luns; /* WWIDs of disks that are LUNs by themselves */
    size_t n_luns;
};

/* A VM or template an attached domain offers, not registered yet. */
struct dr_inv_offer {
    const char *domain, *id, *name, *cluster, *template_id;
    enum dr_vm_status status; /* at the time the OVF was written */
    bool ha;
    int64_t priority;
};

struct dr_inventory {
    const char *site, *version;
    struct dr_inv_dc *dcs;
    size_t n_dcs;
    struct dr_inv_cluster *clusters;
    size_t n_clusters;
    struct dr_inv_host *hosts;
    size_t n_hosts;
    struct dr_inv_profile *profiles;
    size_t n_profiles;
    struct dr_inv_domain *domains;
    size_t n_domains;
    struct dr_inv_named *templates;
    size_t n_templates;
    struct dr_inv_vm *vms;
    size_t n_vms;
    struct dr_inv_offer *offered_vms;
    size_t n_offered_vms;
    struct dr_inv_offer *offered_templates;
    size_t n_offered_templates;
    /* Domains whose offers were read for this inventory: an empty list of offers says nothing
     * else. */
    const char **offers_read;
    size_t n_offers_read;
    /* Domains the hosts see on LUNs this engine does not know yet; read only when asked for. */
    struct dr_inv_domain *discovered;
    size_t n_discovered;
    bool discovered_read;

    /* What only a detailed reading has: for checks, never for a stage that waits. */
    bool detailed;
    int64_t clock;          /* the engine's own, -1: not told */
    int64_t ovf_interval_s; /* how often it writes configurations to the domains; -1: not told */
    struct dr_inv_network *networks;
    size_t n_networks;
    struct dr_inv_named *roles;
    size_t n_roles;
    struct dr_inv_named *directories; /* of users; the engine calls them domains */
    size_t n_directories;
    struct dr_inv_named *labels; /* of affinity */
    size_t n_labels;
    struct dr_inv_affinity *affinity_groups;
    size_t n_affinity_groups;
    struct dr_inv_lun_disk *lun_disks;
    size_t n_lun_disks;
    /* Lists the engine did not give: "roles", "domains", "affinity labels" ... */
    const char **unread;
    size_t n_unread;
};

extern const struct dr_type dr_inventory_type;

const struct dr_inv_domain *dr_inventory_domain(const struct dr_inventory *v, const char *id);
/* False when the detailed reading did not get LIST: that it is empty says nothing then. */
bool dr_inventory_has(const struct dr_inventory *v, const char *list);
const struct dr_inv_dc *dr_inventory_dc(const struct dr_inventory *v, const char *id);
const struct dr_inv_cluster *dr_inventory_cluster(const struct dr_inventory *v, const char *name);
const struct dr_inv_vm *dr_inventory_vm(const struct dr_inventory *v, const char *id);
/* The id of its data centre; NULL: not known. */
const char *dr_inventory_host_dc(const struct dr_inventory *v, const struct dr_inv_host *host);

/* Can a host of this status certainly not run anything? Every other one may still write. */
bool dr_host_is_dead(const char *status);

/* May a process of this VM be running? Unknown counts as yes. */
bool dr_vm_may_run(enum dr_vm_status s);
/* Does it run, for the purpose of "service is back"? */
bool dr_vm_runs(enum dr_vm_status s);

#endif
