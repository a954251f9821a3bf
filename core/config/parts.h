/* The parts of the configuration, one file each. For config.c; nobody else reads them. */
#ifndef DR_CONFIG_PARTS_H
#define DR_CONFIG_PARTS_H

#include "config/schema.h"

/* Their tables. */
extern const struct dr_conf_table dr_conf_engine_table, dr_conf_hosts_table, dr_conf_site_table,
    dr_conf_array_table, dr_conf_group_table, dr_conf_copy_table, dr_conf_rhv_table,
    dr_conf_tier_table, dr_conf_gate_table, dr_conf_stop_table, dr_conf_hook_table,
    dr_conf_drill_table, dr_conf_mapping_table, dr_conf_pair_table, dr_conf_network_table,
    dr_conf_storage_table, dr_conf_lun_table, dr_conf_secret_table;

/* In this order: each refers to those before it. NODE may be NULL: absent. */
void dr_conf_engines(struct dr_conf *c, const struct dr_yaml *engines, const struct dr_yaml *sites);
void dr_conf_sites(struct dr_conf *c, const struct dr_yaml *node);
void dr_conf_arrays(struct dr_conf *c, const struct dr_yaml *node);
void dr_conf_groups(struct dr_conf *c, const struct dr_yaml *node);
void dr_conf_rhv(struct dr_conf *c, const struct dr_yaml *node);
/* NODE: ovirt-dr's keys, or the name of its file. */
void dr_conf_mapping(struct dr_conf *c, const struct dr_yaml *node);

/* How drills are kept apart, by site; after the mapping, which it must not contradict. */
void dr_conf_drills(struct dr_conf *c, const struct dr_yaml *node);

/* Its two long lists. NODE is a list. */
void dr_conf_storages(struct dr_conf *c, const struct dr_yaml *node);
void dr_conf_luns(struct dr_conf *c, const struct dr_yaml *node);

/* NULL after "site romme is not defined; did you mean rome?" */
const struct dr_site *dr_conf_site(struct dr_conf *c, const struct dr_yaml *node,
                                   const char *label);
/* The defined site NAME, or NULL after the same message about PLACE. */
const struct dr_site *dr_conf_site_named(struct dr_conf *c, const struct dr_place *place,
                                         const char *name);

/* ---- what engines and arrays have in common -------------------------------------------------- */

struct dr_conf_endpoint {
    const struct dr_yaml *urls;
    const struct dr_yaml *url;
    struct dr_access_point at;
};

/* NEEDED: user and password are */
#define DR_CONF_ENDPOINT_KEYS(s, f, needed)                                                        \
    {.name = "url", .kind = DR_CONF_NODE, .offset = offsetof(s, f.url)},                           \
        {.name = "urls", .kind = DR_CONF_NODE, .offset = offsetof(s, f.urls)},                     \
        {.name = "user",                                                                           \
         .kind = DR_CONF_TEXT,                                                                     \
         .required = needed,                                                                       \
         .offset = offsetof(s, f.at.user)},                                                        \
        {.name = "password",                                                                       \
         .kind = DR_CONF_SECRET,                                                                   \
         .required = needed,                                                                       \
         .offset = offsetof(s, f.at.password)},                                                    \
        {.name = "ca", .kind = DR_CONF_PATH, .offset = offsetof(s, f.at.ca)},                      \
    {                                                                                              \
        .name = "pin", .kind = DR_CONF_TEXT, .offset = offsetof(s, f.at.pin)                       \
    }

/* What only arrays have: they may be reached by ssh. */
#define DR_CONF_SSH_KEYS(s, f)                                                                     \
    {.name = "key", .kind = DR_CONF_SECRET, .offset = offsetof(s, f.at.key)},                      \
        {.name = "known_hosts", .kind = DR_CONF_PATH, .offset = offsetof(s, f.at.known_hosts)},    \
    {                                                                                              \
        .name = "agent", .kind = DR_CONF_BOOL, .offset = offsetof(s, f.at.agent)                   \
    }

/* url and urls become at->urls; the pin's form is checked. SSH: they may be ssh://, and what goes
 * with them is checked. */
void dr_conf_endpoint(struct dr_conf *c, const struct dr_yaml *node, const char *what, bool ssh,
                      struct dr_conf_endpoint *e);

/* ---- keys of plugins ------------------------------------------------------------------------- */

struct dr_conf_settings {
    struct dr_setting *list;
    size_t n;
};

/* Keeps KEY for the plugin, as text or as a secret. */
void dr_conf_setting(struct dr_conf *c, const struct dr_yaml_pair *pair, const char *what,
                     struct dr_conf_settings *out);

#endif
