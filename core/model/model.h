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

/* Where a thing stands in the configuration, for errors that come later: "file:line:column". */
struct dr_place {
    const char *file;
    unsigned line, column;
};

/* What an engine and an array have in common: something reached over the network. */
struct dr_access_point {
    const char **urls; /* addresses of the one endpoint, tried in order; none for file-based plugins */
    size_t n_urls;
    const char *user;
    struct dr_secret *password; /* NULL: none configured. Owned by the configuration. */
    const char *ca;             /* PEM file */
    const char *pin;            /* "sha256//...": a pinned public key replaces CA and host check */
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
    const struct dr_site *preferred;     /* NULL: none */
    const struct dr_copy *copies;
    size_t n_copies;
    const char **domains; /* storage domain ids; none: found by WWID */
    size_t n_domains;
    struct dr_place place;
};

/* ---- how VMs are mapped and started ----------------------------------------------------------- */

/* One thing with a name at each of two sites. */
struct dr_pair_map {
    const char *from_site, *from;
    const char *to_site, *to;
};

/* A vNIC profile: network and profile, or the profile's id at the target. */
struct dr_vnic_map {
    const char *from_site, *from_network, *from_profile;
    const char *to_site, *to_network, *to_profile, *to_profile_id;
};

struct dr_mapping {
    const struct dr_pair_map *clusters;
    size_t n_clusters;
    const struct dr_vnic_map *vnics;
    size_t n_vnics;
    const struct dr_pair_map *data_centers; /* which data centre domains go to; none: same name, or the only one */
    size_t n_data_centers;
    bool partial_import;    /* default false */
    bool reassign_bad_macs; /* default true */
};

struct dr_tier {
    const char **vms; /* names or patterns */
    size_t n_vms;
    int64_t gate_up_s; /* how long the next tier waits for this one to be up; -1: no gate */
};

struct dr_model {
    struct dr_arena *arena;

    const char *file; /* the configuration's path */
    const char *state_sqlite;
    const char *controller_name;
    const struct dr_site *controller_site;
    bool controller_standby;
    const char *plugin_dir;
    int64_t assert_min_s, verify_max_age_s, consent_valid_s;
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
};

const struct dr_site *dr_model_site(const struct dr_model *m, const char *name);
const struct dr_array *dr_model_array(const struct dr_model *m, const char *name);
const struct dr_group *dr_model_group(const struct dr_model *m, const char *name);
const struct dr_copy *dr_group_copy(const struct dr_group *g, const char *site);

#endif
