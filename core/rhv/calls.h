/*
 * Single calls to the engine, each blocking until its answer, deadline or cancel. Statuses are
 * those of session.h. Ids are the engine's; data centers, domains and VMs keep theirs over a
 * failover, so they are never named otherwise. Threads: any.
 *
 * No mutating call is ever sent twice, but for one that was answered by 401 and so not carried out.
 */
#ifndef DR_RHV_CALLS_H
#define DR_RHV_CALLS_H

#include "base/arena.h"
#include "model/inventory.h"
#include "rhv/session.h"

/* What OK of a mutating call says beside OK. RET may be NULL everywhere. */
struct dr_rhv_answer {
    bool pending;             /* accepted; the engine still works on it */
    char job[40];             /* the engine's job, "" when not told */
    enum dr_sd_status domain; /* attach: as the domain is now; UNKNOWN when not told */
};

/* ---- storage domains ------------------------------------------------------------------------- */

struct dr_rhv_target {
    const char *portal; /* "10.0.0.5:3260" */
    const char *target; /* IQN */
};

struct dr_rhv_import {
    const char *id;
    const char *name;                    /* NULL: as its metadata has it */
    const char *host;                    /* name of the host that looks for it */
    const char *protocol;                /* "fcp" or "iscsi" */
    const struct dr_rhv_target *targets; /* iscsi: logged in to before */
    size_t n_targets;
};

/* OK: it is in the engine, unattached. Looks at all LUNs of the host: minutes. Never formats. */
int dr_rhv_import(struct dr_rhv *r, const struct dr_rhv_how *how,
                  const struct dr_rhv_import *import, struct dr_rhv_answer *ret,
                  struct drstor_error **err);
/* OK: attached, and an activation was tried, which may have failed: see ret->domain. Minutes. */
int dr_rhv_attach(struct dr_rhv *r, const struct dr_rhv_how *how, const char *dc, const char *sd,
                  struct dr_rhv_answer *ret, struct drstor_error **err);
/* OK: active. */
int dr_rhv_activate(struct dr_rhv *r, const struct dr_rhv_how *how, const char *dc, const char *sd,
                    struct dr_rhv_answer *ret, struct drstor_error **err);
/*
 * OK: the engine begins to make HOST, of a data centre that is up, its SPM. Refused while the one
 * it has is at work.
 */
int dr_rhv_select_spm(struct dr_rhv *r, const struct dr_rhv_how *how, const char *host,
                      struct dr_rhv_answer *ret, struct drstor_error **err);
/* OK: only queued; poll for MAINTENANCE. FORCE: also when its OVF store cannot be written. */
int dr_rhv_deactivate(struct dr_rhv *r, const struct dr_rhv_how *how, const char *dc,
                      const char *sd, bool force, struct dr_rhv_answer *ret,
                      struct drstor_error **err);
/* OK: detached. The engine forgets the VMs and templates with disks on it. */
int dr_rhv_detach(struct dr_rhv *r, const struct dr_rhv_how *how, const char *dc, const char *sd,
                  struct dr_rhv_answer *ret, struct drstor_error **err);
/* OK: the engine knows it no more, nor the VMs on it. Not while active; touches no storage. */
int dr_rhv_remove(struct dr_rhv *r, const struct dr_rhv_how *how, const char *sd,
                  struct dr_rhv_answer *ret, struct drstor_error **err);
/* OK: started; the job in ret->job tells the end. */
int dr_rhv_update_ovf(struct dr_rhv *r, const struct dr_rhv_how *how, const char *sd,
                      struct dr_rhv_answer *ret, struct drstor_error **err);

/* ---- hosts ----------------------------------------------------------------------------------- */

/* OK: its power management has switched it off, or on. HOST is an id. Minutes. */
int dr_rhv_host_power(struct dr_rhv *r, const struct dr_rhv_how *how, const char *host, bool on,
                      struct dr_rhv_answer *ret, struct drstor_error **err);
/* OK: the host is logged in. HOST is an id. Without CHAP. */
int dr_rhv_iscsi_login(struct dr_rhv *r, const struct dr_rhv_how *how, const char *host,
                       const struct dr_rhv_target *target, struct drstor_error **err);
/*
 * Domains that HOST (an id) sees on LUNs this engine does not know, with the LUNs' WWIDs when the
 * engine tells them: over fibre channel without TARGETS, else over iSCSI at those. Changes nothing,
 * may take minutes.
 */
int dr_rhv_discover(struct dr_rhv *r, const struct dr_rhv_how *how, const char *host,
                    const struct dr_rhv_target *targets, size_t n_targets, struct dr_arena *a,
                    struct dr_inv_domain **ret, size_t *ret_n, struct drstor_error **err);

/* ---- VMs and templates ----------------------------------------------------------------------- */

struct dr_rhv_register {
    const char *domain; /* an active one that offers it */
    const char *id;
    const char *cluster;             /* name; NULL: the engine finds the one of the same name */
    const char *name;                /* NULL: its own */
    const struct dr_vnic_map *vnics; /* from, to: as they are at the two sites */
    size_t n_vnics;
    const struct dr_mapping *maps; /* the rest of the mapping; NULL: none */
    bool allow_partial;            /* VMs: also when a disk is missing */
    bool reassign_bad_macs;        /* VMs only */
};

/* OK: it is there, down, for a moment perhaps still locked. */
int dr_rhv_register_vm(struct dr_rhv *r, const struct dr_rhv_how *how,
                       const struct dr_rhv_register *what, struct dr_rhv_answer *ret,
                       struct drstor_error **err);
/* OK: it is there, unless ret->pending. All templates before the VMs. */
int dr_rhv_register_template(struct dr_rhv *r, const struct dr_rhv_how *how,
                             const struct dr_rhv_register *what, struct dr_rhv_answer *ret,
                             struct drstor_error **err);
/* OK: accepted; poll its status. CONFLICT also while no host holds its lease's domain. */
int dr_rhv_start_vm(struct dr_rhv *r, const struct dr_rhv_how *how, const char *vm,
                    struct dr_rhv_answer *ret, struct drstor_error **err);
/* OK: powered off at its host; the status follows. */
int dr_rhv_stop_vm(struct dr_rhv *r, const struct dr_rhv_how *how, const char *vm,
                   struct dr_rhv_answer *ret, struct drstor_error **err);
/* OK: the guest was asked, and may not care. */
int dr_rhv_shutdown_vm(struct dr_rhv *r, const struct dr_rhv_how *how, const char *vm,
                       struct dr_rhv_answer *ret, struct drstor_error **err);
/* OK: the engine knows it no more. What is left of its disks stays. Not while it runs. */
int dr_rhv_remove_vm(struct dr_rhv *r, const struct dr_rhv_how *how, const char *vm,
                     struct dr_rhv_answer *ret, struct drstor_error **err);
/* Without its domains, and with its cluster's id instead of a name. */
int dr_rhv_get_vm(struct dr_rhv *r, const struct dr_rhv_how *how, const char *vm,
                  struct dr_arena *a, struct dr_inv_vm *ret, struct drstor_error **err);

/* ---- what became of it ----------------------------------------------------------------------- */

/* Codes a report cares about. The engine has many more. */
enum dr_rhv_event_code {
    DR_RHV_EVENT_VM_START_FAILED = 54,
    DR_RHV_EVENT_VM_DOWN_ERROR = 119,
    DR_RHV_EVENT_VM_IMPORTED = 174,
    DR_RHV_EVENT_OVF_UPDATED = 199,
    DR_RHV_EVENT_ATTACH_FAILED = 963,
    DR_RHV_EVENT_ACTIVATE_FAILED = 967,
    DR_RHV_EVENT_OVF_UPDATE_FAILED = 1005,
    DR_RHV_EVENT_OVF_UNREADABLE = 1017, /* the list of VMs a domain offers is empty */
    DR_RHV_EVENT_VM_INCOMPLETE = 1188   /* registered without some of its parts */
};

struct dr_rhv_event {
    int64_t index; /* rises; -1 when not told */
    int64_t code;
    int64_t utc; /* seconds, -1 when not told */
    const char *severity, *text;
    const char *vm, *domain, *host; /* ids; NULL: none */
};

/* Events of one correlation id behind index AFTER (-1: all), oldest first; only the newest
 * 10,000. */
int dr_rhv_events(struct dr_rhv *r, const struct dr_rhv_how *how, const char *correlation_id,
                  int64_t after, struct dr_arena *a, struct dr_rhv_event **ret, size_t *ret_n,
                  struct drstor_error **err);
/* NOTFOUND is no failure: jobs are forgotten minutes after their end. */
int dr_rhv_job(struct dr_rhv *r, const struct dr_rhv_how *how, const char *job,
               enum drstor_job_state *ret, struct drstor_error **err);

#endif
