/* What the files of the stage share: one expansion, and what all kinds of calls ask about it. */
#ifndef DR_PLAN_STAGE_INTERNAL_H
#define DR_PLAN_STAGE_INTERNAL_H

#include "plan/stage.h"

#include "base/index.h"
#include "base/str.h"

/* Does a tier still hold back those that come after it? */
enum gate { GATE_UNKNOWN = 0, GATE_OPEN, GATE_SHUT };

/* One expansion: what the engine has now, what was tried, and what is decided. */
struct stage {
    struct dr_arena *a;
    const struct dr_model *m;
    const struct dr_inventory *now;
    const struct dr_stage_progress *progress;
    struct dr_stage_result *out;
    size_t at_vms;                      /* calls about VMs in flight, with those decided now */
    size_t registers;                   /* of them */
    const struct dr_stage_vm *foremost; /* of those that do not run yet */
    bool domains_told; /* every call about a domain that was answered was followed by a look */
    bool hold_registers, hold_starts; /* of the group at hand: a hook comes first */

    /* Where what is asked for once for every VM is: tries and actions by key, the rest by id. */
    struct dr_index tries, actions, vms, names, domains, offered_templates, failed;
    struct dr_index offers; /* the first of each VM; the next one of the same VM in next_offer */
    size_t *next_offer;
    enum gate *gates; /* by tier, once somebody asked */
};

/* A domain call that failed six times in a row is not going to succeed by itself. */
enum { TRIES_DOMAIN = 6, TRIES_SPM = 3, DR_STAGE_RANK_NONE = 1000000 };

/* Whether a call may be made now, after those that were tried. */
enum turn { TURN_NOW, TURN_LATER, TURN_NEVER };

/* stage_expect.c */
const char *dr_stage_mapped(const struct dr_pair_map *maps, size_t n, const char *from_site,
                            const char *from, const char *to_site);
void dr_stage_sort_vms(struct dr_stage_vm *vms, size_t n);
/* Of an earlier tier, or highly available, or of a higher priority there. */
bool dr_stage_vm_matters_more(const struct dr_stage_vm *x, const struct dr_stage_vm *y);
bool dr_stage_vm_before(const struct dr_stage_vm *x, const struct dr_stage_vm *y);

/* stage.c */
void dr_stage_begin(struct stage *s, struct dr_arena *a, const struct dr_model *m,
                    const struct dr_inventory *now, const struct dr_stage_progress *progress,
                    struct dr_stage_result *out);
/* What the engine has, or NULL. */
const struct dr_inv_vm *dr_stage_vm_now(const struct stage *s, const char *id);
const struct dr_inv_domain *dr_stage_domain_now(const struct stage *s, const char *id);
enum turn dr_stage_turn_of(const struct stage *s, const char *key, int64_t most,
                           const char **ret_why);
struct dr_stage_action *dr_stage_act(struct stage *s, enum dr_stage_kind kind, const char *group,
                                     const char *key);
size_t dr_stage_in_flight(const struct stage *s, enum dr_stage_kind kind);
bool dr_stage_is_stuck(const struct stage *s, const char *group);
const char *dr_stage_key_of(struct stage *s, enum dr_stage_kind kind, const char *id);
void dr_stage_stuck(struct stage *s, const char *group, const char *why);
const struct dr_stage_try *dr_stage_tried(const struct stage *s, const char *key);

/* stage_domains.c */
const struct dr_inv_host *dr_stage_host_in(const struct stage *s, const struct dr_inv_dc *dc);
const struct dr_inv_cluster *
dr_stage_cluster_for(const struct stage *s, const struct dr_stage_group *g, const char *from_name);
bool dr_stage_logged_in(struct stage *s, const struct dr_stage_group *g,
                        const struct dr_inv_host *host);
bool dr_stage_domain_forward(struct stage *s, const struct dr_stage_group *g,
                             const struct dr_stage_domain *d);

/* stage_lease.c */
bool dr_stage_spm_first(struct stage *s, const struct dr_stage_group *g,
                        const struct dr_stage_domain *d, const struct dr_inv_dc *dc);
/* One step further for all domains, in the order in which they are wanted; how many of each group
 * are active. */
size_t *dr_stage_domains_forward(struct stage *s, const struct dr_stage_group *groups,
                                 size_t n_groups);
/* stage_hooks.c */
bool dr_stage_has_hooks(const struct stage *s, const struct dr_stage_group *g, bool before,
                        const char *step);
/* Have those of G run that stand there? Asks for the next one. A step without hooks: yes. */
bool dr_stage_hooks_over(struct stage *s, const struct dr_stage_group *g, bool before,
                         const char *step);

/* stage_preempt.c */
/* Are those down that make room for G, or not waited for any more? Asks them. */
bool dr_stage_room_made(struct stage *s, const struct dr_stage_group *groups, size_t n_groups,
                        const struct dr_stage_group *g);
void dr_stage_give_back(struct stage *s, struct dr_stage_group *groups, size_t n_groups,
                        struct dr_stage_group *g);

/* stage_missing.c */
/* Why a VM cannot come under NAME into CLUSTER; NULL: it can. */
const char *dr_stage_name_taken(struct stage *s, const struct dr_stage_vm *vm, const char *name,
                                const struct dr_inv_cluster *cluster);
/* Why not all of its disks will be there; NULL: they are, or may come yet. */
const char *dr_stage_disk_elsewhere(struct stage *s, const struct dr_stage_group *groups,
                                    size_t n_groups, const struct dr_stage_vm *vm);
/* Partial imports are allowed: disks that will not be there are not waited for. */
void dr_stage_without_elsewhere(struct stage *s, struct dr_stage_group *groups, size_t n_groups);
/* A registered VM, its state just told, of which the engine said that parts are missing. */
void dr_stage_vm_incomplete(struct stage *s, const struct dr_stage_group *g,
                            const struct dr_stage_vm *vm);
/* Domains of G that look empty because they could not be read. */
void dr_stage_domains_unreadable(struct stage *s, const struct dr_stage_group *g);

/* stage_vms.c */
/* The tiers that TIER waits for, directly or through others: the one before it, or those it names.
 * VMs of no tier come after all of them. */
const bool *dr_stage_tiers_before(struct dr_arena *a, const struct dr_model *m, int64_t tier);
void dr_stage_find_foremost(struct stage *s, const struct dr_stage_group *groups, size_t n_groups);
void dr_stage_templates_forward(struct stage *s, const struct dr_stage_group *g);
void dr_stage_vm_start(struct stage *s, const struct dr_stage_group *groups, size_t n_groups,
                       const struct dr_stage_group *g, const struct dr_stage_vm *vm,
                       const struct dr_inv_vm *have);
bool dr_stage_offers_known(const struct stage *s, const char *domain);
bool dr_stage_domain_of_group(const struct dr_stage_group *g, const char *id);
void dr_stage_vm_register(struct stage *s, const struct dr_stage_group *groups, size_t n_groups,
                          const struct dr_stage_group *g, const struct dr_stage_vm *vm);

/* stage_drill.c */
/* The name that NAME gets at the engine; NULL: its own. */
const char *dr_stage_as(const struct stage *s, const struct dr_stage_group *g, const char *name);
/* How every NIC of a VM or template of a drill is put on its network, or on none. */
void dr_stage_isolate(struct stage *s, const struct dr_stage_group *g, struct dr_stage_action *x);
/* Why D, which is in the engine, is not what G brings: it is on other LUNs. NULL: it is. */
const char *dr_stage_foreign_domain(const struct stage *s, const struct dr_stage_group *g,
                                    const struct dr_inv_domain *d);
/* Why what the engine HAS of a VM of G must not run as it is; NULL: it may. */
const char *dr_stage_not_apart(const struct stage *s, const struct dr_stage_group *g,
                               const struct dr_inv_vm *have);

#endif
