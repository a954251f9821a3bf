/*
 * What is configured: sites, engines, arrays, groups with a list of copies, and how VMs are mapped
 * and started. Read-only after it is built; everything lives in the arena of the configuration.
 */
#ifndef DR_MODEL_MODEL_H
#define DR_MODEL_MODEL_H

#include "base/arena.h"
#include "base/redact.h"

#include <stdbool.h>
#include <stdint.h>

enum dr_mode { DR_MODE_UNKNOWN = 0, DR_MODE_SYNC, DR_MODE_ASYNC };
enum dr_topology { DR_TOPOLOGY_UNKNOWN = 0, DR_TOPOLOGY_ACTIVE_PASSIVE, DR_TOPOLOGY_ACTIVE_ACTIVE };
enum dr_on_error { DR_ON_ERROR_UNKNOWN = 0, DR_ON_ERROR_CONTINUE, DR_ON_ERROR_STOP };
/* How many persons it takes to waive the fence (safety E7). */
enum dr_waive { DR_WAIVE_UNKNOWN = 0, DR_WAIVE_ONE, DR_WAIVE_TWO, DR_WAIVE_NO };
enum dr_role { DR_ROLE_UNKNOWN = 0, DR_ROLE_ACTIVE, DR_ROLE_STANDBY };

/* Where a thing stands in the configuration, for errors that come later: "file:line:column". */
struct dr_place {
    const char *file;
    unsigned line, column;
};

/* What an engine and an array have in common: something reached over the network. */
struct dr_access_point {
    /* addresses of the one endpoint, tried in order; none for file-based plugins */
    const char **urls;
    size_t n_urls;
    const char *user;
    struct dr_secret *password; /* NULL: none configured. Owned by the configuration. */
    const char *ca;             /* PEM file */
    const char *pin;            /* "sha256//...": a pinned public key replaces CA and host check */
    /* Over ssh; then the password is that of the key. */
    struct dr_secret *key;   /* a private key as in its file; NULL: the agent's. As password. */
    const char *known_hosts; /* file */
    bool agent;              /* keys of the agent at SSH_AUTH_SOCK may be used */
};

struct dr_engine {
    const char *name;
    struct dr_access_point at;
    struct dr_place place;
};

struct dr_site {
    const char *name;
    const struct dr_engine *engine; /* NULL: none. A stretch cluster's sites share one */
    const char *host_label;         /* which hosts are this site's, where sites share an engine */
    const char **probes;            /* "host:port" that shows life at this site */
    size_t n_probes;
    struct dr_place place;
};

/* Keys of the plugin, as text. Secrets are in `secret`, not in `value`. */
struct dr_setting {
    const char *key;
    const char *value;
    struct dr_secret *secret;
    struct dr_place place;
};

struct dr_array {
    const char *name;
    const char *plugin;
    const struct dr_site *site;
    struct dr_access_point at;
    const struct dr_setting *settings;
    size_t n_settings;
    struct dr_place place;
};

struct dr_copy {
    const struct dr_site *site;
    const struct dr_array *array;
    const char *id; /* the group's name at that array */
    const char **expose;
    size_t n_expose;
    const struct dr_setting *settings;
    size_t n_settings;
    struct dr_place place;
};

struct dr_group {
    const char *name;
    enum dr_mode mode;
    enum dr_topology topology;
    enum dr_on_error on_error;
    int64_t rpo_s, rto_s, drill_every_s; /* -1: none */
    int64_t loss_max_s;                  /* standing consent, -1: none */
    int64_t loss_max_bytes;              /* the same as a size, -1: none */
    const struct dr_site *preferred;     /* NULL: none */
    const struct dr_copy *copies;
    size_t n_copies;
    const char **domains; /* storage domain ids; none: found by WWID */
    size_t n_domains;
    struct dr_place place;
};

/* ---- how VMs are mapped and started ---------------------------------------------------------- */

/* One thing with a name at each of two sites. */
struct dr_pair_map {
    const char *from_site, *from;
    const char *to_site, *to;
    struct dr_place place;
};

/* A vNIC profile: network and profile, or the profile's id at the target. */
struct dr_vnic_map {
    const char *from_site, *from_network, *from_profile;
    const char *to_site, *to_network, *to_profile, *to_profile_id;
    const char *from_profile_id;                   /* for the way back */
    const char *from_data_center, *to_data_center; /* NULL: not said */
    struct dr_place place;
};

enum dr_domain_type {
    DR_DOMAIN_UNKNOWN = 0,
    DR_DOMAIN_FCP,
    DR_DOMAIN_ISCSI,
    DR_DOMAIN_NFS,
    DR_DOMAIN_GLUSTERFS,
    DR_DOMAIN_POSIXFS
};

/* A storage domain as one site's engine attaches it. */
struct dr_import_side {
    const char *name;
    bool master;
    const char *dc_name;
    const char *address, *path, *vfs_type; /* file domains; the address also for iSCSI */
    int64_t port;                          /* iSCSI, default 3260 */
    const char **targets;                  /* iSCSI */
    size_t n_targets;
    const char *username;
    struct dr_secret *password; /* CHAP. Owned by the configuration. */
};

struct dr_import_storage {
    enum dr_domain_type type;
    const char *id; /* block domains */
    bool wipe_after_delete, backup, discard_after_delete;
    int64_t critical_space_gib;    /* -1: not said */
    int64_t warning_space_percent; /* -1: not said */
    struct dr_import_side from, to;
    struct dr_place place;
};

/* A LUN that a VM uses directly. */
struct dr_lun_side {
    const char *id;
    enum dr_domain_type type; /* FCP or ISCSI */
    const char *address, *portal, *target;
    int64_t port;
    const char *username;
    struct dr_secret *password;
};

struct dr_lun_map {
    const char *alias, *description;
    bool wipe_after_delete, shareable;
    struct dr_lun_side from, to;
    struct dr_place place;
};

/* An engine as ovirt-dr's file names it; drstor talks to the engines of the sites. */
struct dr_mapping_side {
    const struct dr_site *site;
    const char *url, *username, *ca_file;
    struct dr_secret *password;
};

/* What only ovirt-dr's own playbooks use; kept so that nothing of the file is lost. */
struct dr_ovirt_dr_options {
    bool target_is_primary;              /* dr_target_host */
    bool source_is_secondary;            /* dr_source_map */
    bool ignore_error_clean;             /* default false */
    bool ignore_error_recover;           /* default true */
    int64_t cleanup_retries_maintenance; /* default 3 */
    int64_t cleanup_delay_s;             /* default 120 */
    bool clean_orphaned_vms;             /* default true */
    bool clean_orphaned_disks;           /* default true */
    const char *report_file, *running_vms;
    bool force;
};

struct dr_mapping {
    const struct dr_pair_map *clusters;
    size_t n_clusters;
    const struct dr_vnic_map *vnics;
    size_t n_vnics;
    /* which data centre domains go to; none: same name, or the only one */
    const struct dr_pair_map *data_centers;
    size_t n_data_centers;
    bool partial_import;    /* default false */
    bool reassign_bad_macs; /* default true */

    const char *file; /* ovirt-dr's file; NULL: written in the configuration, or none */
    struct dr_mapping_side primary, secondary; /* `from` and `to` above; site NULL: no mapping */
    const struct dr_pair_map *affinity_groups;
    size_t n_affinity_groups;
    const struct dr_pair_map *affinity_labels;
    size_t n_affinity_labels;
    const struct dr_pair_map *domains; /* of users: authz providers, not storage */
    size_t n_domains;
    const struct dr_pair_map *roles;
    size_t n_roles;
    const struct dr_lun_map *luns;
    size_t n_luns;
    const struct dr_import_storage *storages;
    size_t n_storages;
    struct dr_ovirt_dr_options options;
};

struct dr_tier {
    const char **vms; /* names or patterns */
    size_t n_vms;
    int64_t gate_up_s;   /* how long the next tier waits for this one to be up; -1: no gate */
    bool after_given;    /* false: after the tier before it */
    const size_t *after; /* earlier tiers it waits for, as indexes; may be none */
    size_t n_after;
    struct dr_place place;
};

/* What becomes of a VM that has not shut down within its limit. */
enum dr_stop_policy {
    DR_STOP_UNKNOWN = 0,
    DR_STOP_POWER_OFF,
    DR_STOP_WAIT,      /* as long as the whole command may take */
    DR_STOP_LEAVE_OUT, /* its groups stay where they are, the others move */
    DR_STOP_STOP       /* nothing moves */
};

/* How VMs are shut down before a planned move; the first rule that names a VM counts. */
struct dr_stop_rule {
    const char **vms; /* names or patterns */
    size_t n_vms;
    int64_t limit_s;
    enum dr_stop_policy policy;
    struct dr_place place;
};

/* VMs that may be shut down at a site to make room. */
struct dr_preempt {
    const struct dr_site *site;
    const char **vms; /* names or patterns */
    size_t n_vms;
    struct dr_place place;
};

/* How VMs of a drill are kept apart from everything else of the engine they run at. */
struct dr_quarantine {
    const char *prefix;            /* before every name of VMs, templates and domains */
    const char *network, *profile; /* the only vNIC profile they get; NULL: no network at all */
};

struct dr_drill_place {
    const struct dr_site *site;
    struct dr_quarantine how;
    struct dr_place place;
};

enum dr_hook_verdict { DR_HOOK_UNKNOWN = 0, DR_HOOK_BLOCK, DR_HOOK_WARN };

/* A program that runs before or after a step. */
struct dr_hook {
    bool before;      /* false: after */
    const char *step; /* one of dr_hook_step_names */
    const char **run; /* program (absolute) and its arguments */
    size_t n_run;
    int64_t timeout_s;               /* default 60 */
    enum dr_hook_verdict on_failure; /* default: block before a step, warn after it */
    struct dr_place place;
};

/* Where controllers share their state; instead of a file. */
struct dr_etcd {
    const char **endpoints;
    size_t n_endpoints;
    const char *ca, *cert, *key; /* PEM files, NULL: none */
    struct dr_place place;
};

/* The standby that is told what is stored here. */
struct dr_mirror {
    const char **run; /* a program (absolute) that takes it, and its arguments; none: no standby */
    size_t n_run;
    int64_t timeout_s;
    const struct dr_site *site; /* where the standby is; NULL: not said */
};

struct dr_model {
    struct dr_arena *arena;

    const char *file;   /* the configuration's path */
    const char *folder; /* where relative paths start, those of plugin keys as well; "": here */
    const char *state_sqlite;         /* NULL when etcd is used */
    const struct dr_etcd *state_etcd; /* NULL: sqlite */
    struct dr_mirror mirror;
    const char *controller_name;
    const struct dr_site *controller_site;
    bool controller_standby;
    const char *plugin_dir;
    int64_t assert_min_s, verify_max_age_s, consent_valid_s;
    unsigned waive_fence; /* enum dr_waive */
    int64_t observe_timeout_s;

    const struct dr_engine *engines;
    size_t n_engines;
    const struct dr_site *sites;
    size_t n_sites;
    const struct dr_array *arrays;
    size_t n_arrays;
    const struct dr_group *groups;
    size_t n_groups;

    struct dr_mapping mapping;
    const struct dr_tier *start;
    size_t n_start;
    const struct dr_stop_rule *stop;
    size_t n_stop;
    const struct dr_preempt *preempt;
    size_t n_preempt;
    const struct dr_drill_place *drills;
    size_t n_drills;
    const struct dr_hook *hooks;
    size_t n_hooks;

    struct dr_secret **secrets; /* every secret above, for the one who frees the model */
    size_t n_secrets;
};

/*
 * The mapping as a move FROM one site TO another reads it: a failback takes every entry the other
 * way round. Empty when it is of other sites. Lists are in A, what they point to is M's.
 */
void dr_mapping_direct(struct dr_arena *a, const struct dr_mapping *m, const char *from,
                       const char *to, struct dr_mapping *ret);
/* What NAME of site FROM is called at site TO: as mapped, in either direction, else the same. */
const char *dr_mapping_name(const struct dr_pair_map *maps, size_t n, const char *from,
                            const char *name, const char *to);

/* HOST[:PORT]/PATH of an engine, without what different people write differently. */
const char *dr_url_plain(struct dr_arena *a, const char *url);

const struct dr_site *dr_model_site(const struct dr_model *m, const char *name);
const struct dr_array *dr_model_array(const struct dr_model *m, const char *name);
const struct dr_group *dr_model_group(const struct dr_model *m, const char *name);
/* How VM is shut down: its rule, or the default. Never NULL. */
const struct dr_stop_rule *dr_model_stop(const struct dr_model *m, const char *vm);
/* How a drill at SITE is kept apart: as configured, or on no network. Never NULL. */
const struct dr_quarantine *dr_model_quarantine(const struct dr_model *m, const char *site);
const struct dr_copy *dr_group_copy(const struct dr_group *g, const char *site);

#endif
