#include "model/words.h"

#include "base/mem.h"

#define NAMES(var, what, ...)                                                                      \
    static const char *const var##_words[] = {__VA_ARGS__};                                        \
    const struct dr_names var = {what, var##_words, DR_COUNT(var##_words)}

NAMES(dr_access_names, "access", "unknown", "none", "read-only", "read-write");
NAMES(dr_sync_names, "sync state", "unknown", "in-sync", "syncing", "lagging", "paused", "broken",
      "diverged");
NAMES(dr_arbiter_names, "arbiter state", "unknown", "ok", "degraded", "absent");
NAMES(dr_relation_names, "relation", "unknown", "none", "source", "destination", "mutual");
NAMES(dr_tristate_names, "answer", "unknown", "no", "yes");
NAMES(dr_leg_names, "state of a leg", "unknown", "joined", "survivor", "detached", "suspended");
NAMES(dr_waive_names, "who may waive the fence", "unknown", "one", "two", "no");
NAMES(dr_outcome_names, "outcome", "unknown", "done", "job", "refused", "partial");
NAMES(dr_point_kind_names, "kind of recovery point", "unknown", "on-request", "periodic");
NAMES(dr_evidence_names, "evidence", "none", "E1", "E2", "E3", "E4", "E5", "E6", "E7");
NAMES(dr_mode_names, "mode", "unknown", "sync", "async");
NAMES(dr_topology_names, "topology", "unknown", "active-passive", "active-active");
NAMES(dr_on_error_names, "on_error", "unknown", "continue", "stop");
NAMES(dr_role_names, "role", "unknown", "active", "standby");
NAMES(dr_domain_type_names, "domain type", "unknown", "fcp", "iscsi", "nfs", "glusterfs",
      "posixfs");
NAMES(dr_hook_verdict_names, "verdict", "unknown", "block", "warn");
NAMES(dr_hook_step_names, "step", "unknown", "sync", "drain", "detach", "fence", "demote",
      "promote", "reverse", "expose", "attach", "register", "start");
NAMES(dr_stop_policy_names, "policy", "unknown", "power-off", "wait", "leave-out", "stop");
NAMES(dr_phase_names, "phase", "unknown", "steady", "fencing", "promoting", "resyncing", "testing");
NAMES(dr_old_copy_names, "state of the old copy", "none", "stale", "diverged");
NAMES(dr_condition_names, "condition", "unknown", "protected", "exposed", "fenced", "blocked",
      "diverged", "testing", "dual-verified", "dual-unverified", "unadopted");
NAMES(dr_operation_names, "operation", "unknown", "switchover", "promote", "serve", "demote",
      "reprotect", "suspend", "resume", "sync", "drill-start", "drill-promote", "drill-clean",
      "adopt", "survivor", "guard");
NAMES(dr_job_state_names, "job state", "unknown", "running", "succeeded", "failed");
NAMES(dr_sd_status_names, "storage domain status", "unknown", "unattached", "locked", "activating",
      "active", "preparing_for_maintenance", "maintenance", "detaching", "inactive", "mixed");
NAMES(dr_vm_status_names, "vm status", "unknown", "down", "image_locked", "suspended",
      "wait_for_launch", "powering_up", "up", "powering_down", "paused", "migrating",
      "reboot_in_progress", "saving_state", "restoring_state", "not_responding", "unassigned");
