/* The stage as JSON. */
#include "plan/stage_internal.h"

#include "plan/guard.h"

#include "model/words.h"

static const char *const kinds[] = {
    "unknown",   "discover",          "login",       "import", "attach",
    "activate",  "register-template", "register-vm", "start",  "shutdown",
    "stop",      "update-ovf",        "deactivate",  "detach", "remove",
    "remove-vm", "host-off",          "host-on",     "hook",   "select-spm"};
const struct dr_names dr_stage_kind_names = {"stage action", kinds, DR_COUNT(kinds)};

static const struct dr_field lun_fields[] = {
    DR_STR(struct dr_stage_lun, wwid),       DR_STR(struct dr_stage_lun, serial),
    DR_STR(struct dr_stage_lun, protocol),   DR_STR(struct dr_stage_lun, portal),
    DR_STR(struct dr_stage_lun, target),     DR_I64(struct dr_stage_lun, size),
    DR_I64(struct dr_stage_lun, lun),        DR_ENUM(struct dr_stage_lun, access, dr_access_names),
    DR_STRS(struct dr_stage_lun, exposed_to)};
static DR_TYPE(lun_type, struct dr_stage_lun, "lun", lun_fields);
static const struct dr_field handover_fields[] = {
    DR_STR(struct dr_handover, group), DR_STR(struct dr_handover, site),
    DR_TIME(struct dr_handover, observed_at), DR_LIST(struct dr_handover, luns, lun_type)};
DR_TYPE(dr_handover_type, struct dr_handover, "hand-over", handover_fields);
static const struct dr_field domain_fields[] = {
    DR_STR(struct dr_stage_domain, id), DR_STR(struct dr_stage_domain, name),
    DR_STR(struct dr_stage_domain, dc), DR_CNT(struct dr_stage_domain, rank),
    DR_BOOL(struct dr_stage_domain, master)};
static DR_TYPE(domain_type, struct dr_stage_domain, "domain", domain_fields);
static const struct dr_field vm_fields[] = {
    DR_STR(struct dr_stage_vm, id),      DR_STR(struct dr_stage_vm, name),
    DR_STR(struct dr_stage_vm, cluster), DR_BOOL(struct dr_stage_vm, ha),
    DR_BOOL(struct dr_stage_vm, start),  DR_I64(struct dr_stage_vm, priority),
    DR_CNT(struct dr_stage_vm, tier),    DR_STRS(struct dr_stage_vm, domains)};
static DR_TYPE(vm_type, struct dr_stage_vm, "vm", vm_fields);
static const struct dr_field holder_fields[] = {
    DR_STR(struct dr_stage_holder, id), DR_STR(struct dr_stage_holder, name),
    DR_STR(struct dr_stage_holder, dc), DR_CNT(struct dr_stage_holder, number)};
static DR_TYPE(holder_type, struct dr_stage_holder, "holder", holder_fields);
static const struct dr_field quarantine_fields[] = {DR_STR(struct dr_quarantine, prefix),
                                                    DR_STR(struct dr_quarantine, network),
                                                    DR_STR(struct dr_quarantine, profile)};
static DR_TYPE(quarantine_type, struct dr_quarantine, "quarantine", quarantine_fields);
static const struct dr_field group_fields[] = {
    DR_STR(struct dr_stage_group, group),
    DR_STR(struct dr_stage_group, from),
    DR_STR(struct dr_stage_group, to),
    DR_BOOL(struct dr_stage_group, known),
    DR_BOOL(struct dr_stage_group, exact),
    DR_BOOL(struct dr_stage_group, hooks),
    DR_LIST(struct dr_stage_group, domains, domain_type),
    DR_LIST(struct dr_stage_group, vms, vm_type),
    DR_LIST(struct dr_stage_group, luns, lun_type),
    DR_LIST(struct dr_stage_group, holders, holder_type),
    DR_STRUCT(struct dr_stage_group, drill, quarantine_type),
    DR_LIST(struct dr_stage_group, others, dr_plan_vm_type),
    DR_BOOL(struct dr_stage_group, give_back)};
DR_TYPE(dr_stage_group_type, struct dr_stage_group, "stage group", group_fields);
static const struct dr_field try_fields[] = {
    DR_STR(struct dr_stage_try, key),        DR_CNT(struct dr_stage_try, attempts),
    DR_BOOL(struct dr_stage_try, in_flight), DR_CNT(struct dr_stage_try, first_ns),
    DR_CNT(struct dr_stage_try, last_ns),    DR_STR(struct dr_stage_try, trouble),
    DR_BOOL(struct dr_stage_try, conflict),  DR_BOOL(struct dr_stage_try, given_up)};
static DR_TYPE(try_type, struct dr_stage_try, "try", try_fields);
static const char *const tolds[] = {"unknown", "incomplete", "unreadable"};
static const struct dr_names told_names = {"word of the engine", tolds, DR_COUNT(tolds)};
static const struct dr_field told_fields[] = {
    DR_ENUM(struct dr_stage_told, what, told_names), DR_STR(struct dr_stage_told, id),
    DR_STR(struct dr_stage_told, text), DR_BOOL(struct dr_stage_told, seen)};
static DR_TYPE(told_type, struct dr_stage_told, "word of the engine", told_fields);
static const struct dr_field progress_fields[] = {
    DR_LIST(struct dr_stage_progress, tries, try_type),
    DR_LIST(struct dr_stage_progress, told, told_type), DR_BOOL(struct dr_stage_progress, more),
    DR_CNT(struct dr_stage_progress, now_ns), DR_CNT(struct dr_stage_progress, look_ns)};
DR_TYPE(dr_stage_progress_type, struct dr_stage_progress, "progress", progress_fields);
static const struct dr_field vnic_fields[] = {
    DR_STR(struct dr_vnic_map, from_site),        DR_STR(struct dr_vnic_map, from_network),
    DR_STR(struct dr_vnic_map, from_profile),     DR_STR(struct dr_vnic_map, to_site),
    DR_STR(struct dr_vnic_map, to_network),       DR_STR(struct dr_vnic_map, to_profile),
    DR_STR(struct dr_vnic_map, to_profile_id),    DR_STR(struct dr_vnic_map, from_profile_id),
    DR_STR(struct dr_vnic_map, from_data_center), DR_STR(struct dr_vnic_map, to_data_center)};
static DR_TYPE(vnic_type, struct dr_vnic_map, "vnic", vnic_fields);
static const struct dr_field action_fields[] = {
    DR_ENUM(struct dr_stage_action, kind, dr_stage_kind_names),
    DR_STR(struct dr_stage_action, key),
    DR_STR(struct dr_stage_action, group),
    DR_STR(struct dr_stage_action, id),
    DR_STR(struct dr_stage_action, name),
    DR_STR(struct dr_stage_action, as),
    DR_STR(struct dr_stage_action, domain),
    DR_STR(struct dr_stage_action, dc),
    DR_STR(struct dr_stage_action, host),
    DR_STR(struct dr_stage_action, cluster),
    DR_STR(struct dr_stage_action, protocol),
    DR_STR(struct dr_stage_action, portal),
    DR_STR(struct dr_stage_action, target),
    DR_STR(struct dr_stage_action, text),
    DR_STR(struct dr_stage_action, from),
    DR_STR(struct dr_stage_action, to),
    DR_LIST(struct dr_stage_action, vnics, vnic_type),
    DR_BOOL(struct dr_stage_action, partial),
    DR_BOOL(struct dr_stage_action, reassign_bad_macs),
    DR_BOOL(struct dr_stage_action, force),
    DR_CNT(struct dr_stage_action, hook)};
DR_TYPE(dr_stage_action_type, struct dr_stage_action, "action", action_fields);
static const struct dr_field vm_state_fields[] = {
    DR_STR(struct dr_stage_vm_state, group),   DR_STR(struct dr_stage_vm_state, id),
    DR_STR(struct dr_stage_vm_state, name),    DR_STR(struct dr_stage_vm_state, state),
    DR_STR(struct dr_stage_vm_state, trouble), DR_BOOL(struct dr_stage_vm_state, incomplete)};
static DR_TYPE(vm_state_type, struct dr_stage_vm_state, "vm state", vm_state_fields);
static const struct dr_field found_fields[] = {DR_STR(struct dr_stage_found, group),
                                               DR_STRUCT(struct dr_stage_found, vm, vm_type)};
static DR_TYPE(found_type, struct dr_stage_found, "found VM", found_fields);
static const struct dr_field result_fields[] = {
    DR_LIST(struct dr_stage_result, actions, dr_stage_action_type),
    DR_LIST(struct dr_stage_result, found, found_type),
    DR_STRS(struct dr_stage_result, done),
    {"stuck", DR_FIELD_STRS, offsetof(struct dr_stage_result, stuck),
     offsetof(struct dr_stage_result, n_stuck), NULL, NULL},
    {"stuck_why", DR_FIELD_STRS, offsetof(struct dr_stage_result, stuck_why),
     offsetof(struct dr_stage_result, n_stuck), NULL, NULL},
    DR_LIST(struct dr_stage_result, vms, vm_state_type),
    DR_BOOL(struct dr_stage_result, patient)};
DR_TYPE(dr_stage_result_type, struct dr_stage_result, "stage", result_fields);
