/*
 * The engine's documents, as JSON, into what the model calls things. Pure: no network. Private to
 * rhv, and to its tests.
 *
 * Documents come from outside: a part without its id, a list that is none, more of them than any
 * engine has is PROTOCOL, because a decision must not rest on half of the truth. Words nobody knows
 * and state nobody told are UNKNOWN.
 */
#ifndef DR_RHV_DOCUMENT_H
#define DR_RHV_DOCUMENT_H

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "base/names.h"
#include "model/inventory.h"

enum {
    RHV_PLACES_MAX = 4000, /* data centers, clusters, hosts, networks, profiles, domains */
    RHV_VMS_MAX = 100000,  /* also templates and offers */
    RHV_LUNS_MAX = 1000    /* of one domain */
};

/*
 * The list of a collection: {"x":[...]}, or {} when empty. *RET is NULL when there are none. Each
 * item is an object with a sound id.
 */
int rhv_items(struct json_object *doc, const char *key, size_t most, struct json_object **ret,
              struct drstor_error **err);
struct json_object *rhv_item(struct json_object *items, size_t i);

/* O.inner.key: "cluster" and "id". NULL when absent. */
const char *rhv_inner(struct json_object *o, const char *inner, const char *key);
/* 0, which is UNKNOWN, for what is absent or not among them. */
int rhv_word(const struct dr_names *names, const char *word);

/* ---- place.c: where things are --------------------------------------------------------------- */

int rhv_read_dcs(struct dr_arena *a, struct json_object *doc, struct dr_inventory *v,
                 struct drstor_error **err);
int rhv_read_clusters(struct dr_arena *a, struct json_object *doc, struct dr_inventory *v,
                      struct drstor_error **err);
int rhv_read_hosts(struct dr_arena *a, struct json_object *doc, struct dr_inventory *v,
                   struct drstor_error **err);
/* A profile's network is told by id; people and mappings use its name. */
int rhv_read_profiles(struct dr_arena *a, struct json_object *profiles,
                      struct json_object *networks, struct dr_inventory *v,
                      struct drstor_error **err);
int rhv_read_templates(struct dr_arena *a, struct json_object *doc, struct dr_inventory *v,
                       struct drstor_error **err);
/* "4.5.4-1.el8", NULL when not told. */
const char *rhv_read_version(struct dr_arena *a, struct json_object *doc);
/* By id; NULL when there is none. */
const char *rhv_cluster_name(const struct dr_inventory *v, const char *id);

/* ---- domain.c -------------------------------------------------------------------------------- */

/* Type of the domain that an engine in a VM lives on; the engine itself calls it data. */
#define RHV_TYPE_HOSTED_ENGINE "hosted_engine"

/*
 * A list of domains into V->domains; one that is there already is completed. DC: the data center
 * whose attached domains these are, the only place that tells their status; NULL: /storagedomains,
 * which tells only who is unattached.
 */
int rhv_read_domains(struct dr_arena *a, struct json_object *doc, const char *dc,
                     struct dr_inventory *v, struct drstor_error **err);
void rhv_read_domain(struct dr_arena *a, struct json_object *o, struct dr_inv_domain *d);
struct dr_inv_domain *rhv_domain_find(struct dr_inventory *v, const char *id);

/* ---- vm.c ------------------------------------------------------------------------------------ */

/* Clusters come first: a VM's cluster is told by id, and mappings use names. */
/* PARTS: they were asked for with NICs and disks. */
int rhv_read_vms(struct dr_arena *a, struct json_object *doc, bool parts, struct dr_inventory *v,
                 struct drstor_error **err);
void rhv_read_vm(struct dr_arena *a, struct json_object *o, const struct dr_inventory *v,
                 struct dr_inv_vm *vm);
/* The VMs with disks on DOMAIN; also finds the hosted engine's domain. */
int rhv_read_domain_vms(struct dr_arena *a, struct json_object *doc, const char *domain,
                        struct dr_inventory *v, struct drstor_error **err);
/* The disks of one VM, with follow=disk; adds their domains. */
int rhv_read_vm_disks(struct dr_arena *a, struct json_object *doc, struct dr_inv_vm *vm,
                      struct drstor_error **err);
/* KEY: "vm" or "template". */
int rhv_read_offers(struct dr_arena *a, struct json_object *doc, const char *key,
                    const char *domain, struct dr_inventory *v, struct dr_inv_offer **offers,
                    size_t *n_offers, struct drstor_error **err);

/* ---- details.c: for checks ------------------------------------------------------------------- */

int rhv_read_named(struct dr_arena *a, struct json_object *doc, const char *key,
                   struct dr_inv_named **ret, size_t *ret_n, struct drstor_error **err);
int rhv_read_networks(struct dr_arena *a, struct json_object *doc, struct dr_inventory *v,
                      struct drstor_error **err);
int rhv_read_affinity(struct dr_arena *a, struct json_object *doc, const char *cluster,
                      struct dr_inventory *v, struct drstor_error **err);
int rhv_read_lun_disks(struct dr_arena *a, struct json_object *doc, struct dr_inventory *v,
                       struct drstor_error **err);
int rhv_read_host_luns(struct dr_arena *a, struct json_object *doc, struct dr_inv_host *host,
                       struct drstor_error **err);
/* An option in minutes, as seconds; -1 when it is none. */
int64_t rhv_read_minutes(struct json_object *doc);
/* When the configurations on each domain were last written, from events of CODE. */
int rhv_read_ovf_events(struct json_object *doc, int64_t code, struct dr_inventory *v,
                        struct drstor_error **err);
void rhv_read_vm_parts(struct dr_arena *a, struct json_object *o, struct dr_inv_vm *vm);
/* The engine's own time in seconds, of its root; -1 when not told. */
int64_t rhv_read_clock(struct json_object *doc);

#endif
