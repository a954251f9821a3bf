#include "plugin/call.h"

#include "model/words.h"

static const struct dr_field evidence_fields[] = {
    DR_ENUM(struct dr_call_evidence, kind, dr_evidence_names),
    DR_STR(struct dr_call_evidence, site), DR_STR(struct dr_call_evidence, by),
    DR_TIME(struct dr_call_evidence, at_utc)};
static DR_TYPE(evidence_type, struct dr_call_evidence, "evidence", evidence_fields);

static const struct dr_field call_fields[] = {
    DR_ENUM(struct dr_call, operation, dr_array_op_names),
    DR_I64(struct dr_call, deadline_ns),
    DR_STRS(struct dr_call, groups),
    DR_STR(struct dr_call, group),
    DR_STR(struct dr_call, job),
    DR_STR(struct dr_call, op),
    DR_BOOL(struct dr_call, planned),
    DR_I64(struct dr_call, epoch),
    DR_I64(struct dr_call, token),
    DR_ENUM(struct dr_call, access_wanted, dr_access_names),
    DR_ENUM(struct dr_call, access_expected, dr_access_names),
    DR_LIST(struct dr_call, evidence, evidence_type),
    DR_STRS(struct dr_call, host_groups),
    DR_STR(struct dr_call, source),
    DR_STR(struct dr_call, target),
    DR_STR(struct dr_call, expect),
    DR_STR(struct dr_call, name),
    DR_STR(struct dr_call, point)};
static DR_TYPE(call_type, struct dr_call, "call", call_fields);

static const struct dr_field setting_fields[] = {DR_STR(struct dr_wire_setting, key),
                                                 DR_STR(struct dr_wire_setting, value),
                                                 DR_BOOL(struct dr_wire_setting, secret)};
static DR_TYPE(setting_type, struct dr_wire_setting, "setting", setting_fields);

static const struct dr_field open_fields[] = {
    DR_STR(struct dr_wire_open, array),      DR_STR(struct dr_wire_open, site),
    DR_BOOL(struct dr_wire_open, read_only), DR_LIST(struct dr_wire_open, settings, setting_type),
    DR_BOOL(struct dr_wire_open, reachable), DR_STRS(struct dr_wire_open, urls),
    DR_STR(struct dr_wire_open, user),       DR_STR(struct dr_wire_open, password),
    DR_STR(struct dr_wire_open, ca),         DR_STR(struct dr_wire_open, pin),
    DR_STR(struct dr_wire_open, key),        DR_STR(struct dr_wire_open, known_hosts),
    DR_BOOL(struct dr_wire_open, agent)};
static DR_TYPE(open_type, struct dr_wire_open, "open", open_fields);

static const struct dr_field request_fields[] = {DR_STRUCT(struct dr_request, call, call_type),
                                                 DR_STRUCT(struct dr_request, open, open_type)};
DR_TYPE(dr_request_type, struct dr_request, "request", request_fields);

static const struct dr_field job_fields[] = {
    DR_STR(struct dr_job, id), DR_STR(struct dr_job, operation),
    DR_ENUM(struct dr_job, state, dr_job_state_names), DR_I64(struct dr_job, progress_permille)};
static DR_TYPE(job_type, struct dr_job, "job", job_fields);

/* A status is an int with a sign; its range is checked by the verdict. */
#define INT(s, f)                                                                                  \
    {                                                                                              \
#f, DR_FIELD_ENUM, offsetof(s, f), 0, NULL, NULL                                           \
    }

static const struct dr_field served_fields[] = {
    INT(struct dr_served, status),
    DR_ENUM(struct dr_served, outcome, dr_outcome_names),
    DR_CNT(struct dr_served, outcomes),
    DR_STR(struct dr_served, job),
    DR_STR(struct dr_served, error),
    DR_STR(struct dr_served, hint),
    DR_STR(struct dr_served, array_code),
    DR_STR(struct dr_served, array_words),
    DR_STR(struct dr_served, fault),
    DR_I64(struct dr_served, ended_ns),
    DR_LIST(struct dr_served, views, dr_copy_view_type),
    DR_LIST(struct dr_served, jobs, job_type),
    DR_LIST(struct dr_served, points, dr_point_type),
    DR_I64(struct dr_served, progress_permille),
    DR_STR(struct dr_served, progress)};
DR_TYPE(dr_served_type, struct dr_served, "reply", served_fields);
