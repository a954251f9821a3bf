/* The shape of the world as JSON: one format for what a person writes and for what is saved. */
#include "shape.h"

static const char *const access_words[] = {"unknown", "none", "read-only", "read-write", NULL};
static const char *const relation_words[] = {"unknown",     "none",   "source",
                                             "destination", "mutual", NULL};
static const char *const arbiter_words[] = {"unknown", "ok", "degraded", "absent", NULL};
static const char *const state_words[] = {"unknown", "up", "silent", "dead", NULL};
static const char *const mode_words[] = {"async", "sync", NULL};
static const char *const topology_words[] = {"active-passive", "active-active", NULL};
static const char *const fence_words[] = {"none", "native", NULL};
static const char *const drive_words[] = {"target", "source", NULL};
static const char *const bool_words[] = {"no", "yes", NULL};

#define W struct sim_world
const struct field world_fields[] = {
    FIELD(W, seed, FIELD_U64),
    FIELD(W, now_ns, FIELD_U64),
    FIELD(W, shift_ns, FIELD_U64),
    FIELD(W, utc_base_s, FIELD_I64),
    FIELD(W, calls, FIELD_U64),
    FIELD(W, ids, FIELD_U64),
    FIELD(W, writes_per_s, FIELD_U64),
    FIELD(W, write_bytes, FIELD_U64),
    FIELD(W, transfer_ms, FIELD_U64),
    FIELD(W, log_seq, FIELD_U64),
    FIELD(W, log_bytes, FIELD_U64),
    FIELD(W, save_seq, FIELD_U64),
    FIELD_END,
};
#undef W
const struct field site_fields[] = {
    FIELD_ENUM(struct sim_site, state, "state", state_words),
    FIELD_END,
};
const struct field link_fields[] = {
    FIELD(struct sim_link, a, FIELD_U32),
    FIELD(struct sim_link, b, FIELD_U32),
    FIELD_ENUM(struct sim_link, up, "up", bool_words),
    FIELD_END,
};
const struct field array_fields[] = {
    FIELD(struct sim_array, latency_ms, FIELD_U32),
    FIELD(struct sim_array, jitter_ms, FIELD_U32),
    FIELD(struct sim_array, access_ms, FIELD_U32),
    FIELD(struct sim_array, parallel_calls, FIELD_U32),
    FIELD(struct sim_array, calls_per_s, FIELD_U32),
    FIELD(struct sim_array, settle_ms, FIELD_U32),
    FIELD_ENUM(struct sim_array, native_fence, "fence", fence_words),
    FIELD_ENUM(struct sim_array, guards, "guards", bool_words),
    FIELD_ENUM(struct sim_array, drives_from_source, "drives", drive_words),
    FIELD(struct sim_array, window_ns, FIELD_U64),
    FIELD(struct sim_array, window_calls, FIELD_U64),
    FIELD_END,
};
const struct field counter_fields[] = {
    FIELD(struct sim_counters, calls, FIELD_U64),   FIELD(struct sim_counters, mutating, FIELD_U64),
    FIELD(struct sim_counters, effects, FIELD_U64), FIELD(struct sim_counters, refused, FIELD_U64),
    FIELD(struct sim_counters, busy, FIELD_U64),    FIELD(struct sim_counters, fenced, FIELD_U64),
    FIELD(struct sim_counters, last_ns, FIELD_U64), FIELD_END,
};
const struct field group_fields[] = {
    FIELD(struct sim_group, preferred, FIELD_TEXT),
    FIELD_ENUM(struct sim_group, sync, "mode", mode_words),
    FIELD_ENUM(struct sim_group, active_active, "topology", topology_words),
    FIELD_ENUM(struct sim_group, stops_when_alone, "stops_when_alone", bool_words),
    FIELD_ENUM(struct sim_group, stepwise, "stepwise", bool_words),
    FIELD_ENUM(struct sim_group, arbiter, "arbiter", arbiter_words),
    FIELD_ENUM(struct sim_group, paused, "paused", bool_words),
    FIELD(struct sim_group, dual_writable, FIELD_U32),
    FIELD(struct sim_group, dual_writers, FIELD_U32),
    FIELD_AS(struct sim_group, period_ns, FIELD_SECONDS, "period_s"),
    FIELD_AS(struct sim_group, point_every_ns, FIELD_SECONDS, "point_every_s"),
    FIELD(struct sim_group, points_kept, FIELD_U64),
    FIELD(struct sim_group, bandwidth, FIELD_U64),
    FIELD_END,
};
const struct field copy_fields[] = {
    FIELD(struct sim_copy, id, FIELD_TEXT),
    FIELD_ENUM(struct sim_copy, relation, "relation", relation_words),
    FIELD(struct sim_copy, peer, FIELD_U32),
    FIELD(struct sim_copy, insync, FIELD_U32),
    FIELD(struct sim_copy, whole, FIELD_U32),
    FIELD(struct sim_copy, detached, FIELD_U32),
    FIELD(struct sim_copy, split, FIELD_U32),
    FIELD(struct sim_copy, probe, FIELD_TEXT),
    FIELD(struct sim_copy, arrived, FIELD_TEXT),
    FIELD(struct sim_copy, epoch, FIELD_U64),
    FIELD(struct sim_copy, token, FIELD_U64),
    FIELD(struct sim_copy, peer_seen_ns, FIELD_U64),
    FIELD(struct sim_copy, next_ns, FIELD_U64),
    FIELD(struct sim_copy, next_point_ns, FIELD_U64),
    FIELD(struct sim_copy, begun_ns, FIELD_U64),
    FIELD(struct sim_copy, end_ns, FIELD_U64),
    FIELD(struct sim_copy, job, FIELD_U64),
    FIELD_END,
};
const struct field host_group_fields[] = {
    FIELD(struct sim_host_group, protocol, FIELD_TEXT),
    FIELD(struct sim_host_group, portal, FIELD_TEXT),
    FIELD(struct sim_host_group, target, FIELD_TEXT),
    FIELD(struct sim_host_group, lun, FIELD_I32),
    FIELD_END,
};
const struct field member_fields[] = {
    FIELD(struct sim_member, id, FIELD_TEXT),
    FIELD(struct sim_member, wwid, FIELD_TEXT),
    FIELD(struct sim_member, serial, FIELD_TEXT),
    FIELD(struct sim_member, bytes, FIELD_I64),
    FIELD_ENUM(struct sim_member, access, "access", access_words),
    FIELD(struct sim_member, exposed, FIELD_U32),
    FIELD(struct sim_member, basis_ns, FIELD_U64),
    FIELD(struct sim_member, basis_open, FIELD_U32),
    FIELD(struct sim_member, rest, FIELD_U64),
    FIELD_END,
};
const struct field point_fields[] = {
    FIELD(struct sim_point, segment, FIELD_U32),
    FIELD(struct sim_point, count, FIELD_U64),
    FIELD(struct sim_point, at_ns, FIELD_U64),
    FIELD(struct sim_point, written_ns, FIELD_U64),
    FIELD_END,
};
const struct field segment_fields[] = {
    FIELD(struct sim_segment, parent, FIELD_U32),   FIELD(struct sim_segment, owner, FIELD_U32),
    FIELD(struct sim_segment, fork, FIELD_U64),     FIELD(struct sim_segment, length, FIELD_U64),
    FIELD(struct sim_segment, given_up, FIELD_U64), FIELD_END,
};
const struct field image_fields[] = {
    FIELD(struct sim_image, name, FIELD_TEXT),
    FIELD(struct sim_image, op_id, FIELD_TEXT),
    FIELD(struct sim_image, copy, FIELD_U32),
    FIELD(struct sim_image, clone, FIELD_U32),
    FIELD(struct sim_image, exposed, FIELD_U32),
    FIELD(struct sim_image, periodic, FIELD_U32),
    FIELD_END,
};
const struct field job_fields[] = {
    FIELD(struct sim_job, id, FIELD_U64),
    FIELD(struct sim_job, array, FIELD_U32),
    FIELD(struct sim_job, group, FIELD_U32),
    FIELD(struct sim_job, copy, FIELD_U32),
    FIELD(struct sim_job, op, FIELD_U32),
    FIELD(struct sim_job, state, FIELD_I32),
    FIELD(struct sim_job, begun_ns, FIELD_U64),
    FIELD(struct sim_job, end_ns, FIELD_U64),
    FIELD(struct sim_job, op_id, FIELD_TEXT),
    FIELD(struct sim_job, words, FIELD_TEXT),
    FIELD_END,
};
#define F struct sim_flight
const struct field flight_fields[] = {
    FIELD(F, id, FIELD_U64),
    FIELD(F, call, FIELD_U64),
    FIELD(F, begun_ns, FIELD_U64),
    FIELD(F, end_ns, FIELD_U64),
    FIELD(F, state, FIELD_U32),
    FIELD(F, op, FIELD_U32),
    FIELD(F, array, FIELD_U32),
    FIELD(F, group, FIELD_U32),
    FIELD(F, copy, FIELD_U32),
    FIELD(F, member, FIELD_I32),
    FIELD(F, found, FIELD_U32),
    FIELD(F, planned, FIELD_U32),
    FIELD(F, access, FIELD_U32),
    FIELD(F, expected, FIELD_U32),
    FIELD(F, n_evidence, FIELD_U32),
    FIELD(F, host_groups, FIELD_U32),
    FIELD(F, unknown_host_group, FIELD_U32),
    FIELD(F, fault, FIELD_U32),
    FIELD(F, ghost, FIELD_U32),
    FIELD(F, mute, FIELD_U32),
    FIELD(F, epoch, FIELD_U64),
    FIELD(F, token, FIELD_U64),
    FIELD(F, job, FIELD_U64),
    FIELD(F, actor, FIELD_TEXT),
    FIELD(F, op_id, FIELD_TEXT),
    FIELD(F, group_id, FIELD_TEXT),
    FIELD(F, source, FIELD_TEXT),
    FIELD(F, target, FIELD_TEXT),
    FIELD(F, expect, FIELD_TEXT),
    FIELD(F, name, FIELD_TEXT),
    FIELD(F, point, FIELD_TEXT),
    FIELD(F, job_id, FIELD_TEXT),
    FIELD(F, fault_code, FIELD_TEXT),
    FIELD_AS(F, reply.status, FIELD_I32, "reply_status"),
    FIELD_AS(F, reply.outcome, FIELD_U32, "reply_outcome"),
    FIELD_AS(F, reply.changed, FIELD_U32, "reply_changed"),
    FIELD_AS(F, reply.job, FIELD_TEXT, "reply_job"),
    FIELD_AS(F, reply.code, FIELD_TEXT, "reply_code"),
    FIELD_AS(F, reply.words, FIELD_TEXT, "reply_words"),
    FIELD_END,
};
#undef F
const struct field fault_fields[] = {
    FIELD(struct sim_fault, kind, FIELD_U32),     FIELD(struct sim_fault, op, FIELD_U32),
    FIELD(struct sim_fault, array, FIELD_TEXT),   FIELD(struct sim_fault, group, FIELD_TEXT),
    FIELD(struct sim_fault, code, FIELD_TEXT),    FIELD(struct sim_fault, nth, FIELD_U32),
    FIELD(struct sim_fault, times, FIELD_U32),    FIELD(struct sim_fault, permille, FIELD_U32),
    FIELD(struct sim_fault, delay_ms, FIELD_U32), FIELD(struct sim_fault, seen, FIELD_U32),
    FIELD(struct sim_fault, struck, FIELD_U32),   FIELD_END,
};
const struct field loss_fields[] = {
    FIELD(struct sim_loss, group, FIELD_TEXT),
    FIELD(struct sim_loss, site, FIELD_TEXT),
    FIELD(struct sim_loss, time_ns, FIELD_U64),
    FIELD(struct sim_loss, writes, FIELD_U64),
    FIELD(struct sim_loss, ns, FIELD_U64),
    FIELD(struct sim_loss, planned, FIELD_U32),
    FIELD_END,
};
const struct field seen_fields[] = {
    FIELD(struct sim_violation_entry, time_ns, FIELD_U64),
    FIELD(struct sim_violation_entry, kind, FIELD_U32),
    FIELD(struct sim_violation_entry, group, FIELD_TEXT),
    FIELD(struct sim_violation_entry, text, FIELD_TEXT),
    FIELD_END,
};
