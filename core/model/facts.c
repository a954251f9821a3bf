#include "model/facts.h"

#include "base/str.h"
#include "model/words.h"

#include <stdlib.h>
#include <string.h>

static const struct dr_field stamp_fields[] = {
    DR_TIME(struct dr_stamp, utc), DR_I64(struct dr_stamp, boot_ns), DR_STR(struct dr_stamp, boot)};
DR_TYPE(dr_stamp_type, struct dr_stamp, "stamp", stamp_fields);

static const struct dr_field path_fields[] = {
    DR_STR(struct dr_path, host_group), DR_STR(struct dr_path, protocol),
    DR_STR(struct dr_path, portal), DR_STR(struct dr_path, target), DR_I64(struct dr_path, lun)};
static DR_TYPE(path_type, struct dr_path, "path", path_fields);

static const struct dr_field member_fields[] = {DR_STR(struct dr_member, id),
                                                DR_STR(struct dr_member, pair),
                                                DR_STR(struct dr_member, wwid),
                                                DR_STR(struct dr_member, serial),
                                                DR_ENUM(struct dr_member, access, dr_access_names),
                                                DR_ENUM(struct dr_member, sync, dr_sync_names),
                                                DR_I64(struct dr_member, size),
                                                DR_LIST(struct dr_member, paths, path_type)};
DR_TYPE(dr_member_type, struct dr_member, "member", member_fields);

static const struct dr_field job_fields[] = {
    DR_STR(struct dr_job, id), DR_STR(struct dr_job, operation),
    DR_ENUM(struct dr_job, state, dr_job_state_names), DR_I64(struct dr_job, progress_permille)};
static DR_TYPE(job_type, struct dr_job, "job", job_fields);

static const struct dr_field point_fields[] = {
    DR_STR(struct dr_point, id), DR_STR(struct dr_point, label),
    DR_ENUM(struct dr_point, kind, dr_point_kind_names), DR_TIME(struct dr_point, at)};
DR_TYPE(dr_point_type, struct dr_point, "recovery point", point_fields);

static const struct dr_field view_fields[] = {
    DR_STR(struct dr_copy_view, id),
    DR_ENUM(struct dr_copy_view, access, dr_access_names),
    DR_ENUM(struct dr_copy_view, sync, dr_sync_names),
    DR_ENUM(struct dr_copy_view, relation, dr_relation_names),
    DR_ENUM(struct dr_copy_view, arbiter, dr_arbiter_names),
    DR_ENUM(struct dr_copy_view, stops_when_alone, dr_tristate_names),
    DR_ENUM(struct dr_copy_view, peer_seen, dr_tristate_names),
    DR_ENUM(struct dr_copy_view, leg, dr_leg_names),
    DR_STR(struct dr_copy_view, preferred),
    DR_STR(struct dr_copy_view, generation),
    DR_TIME(struct dr_copy_view, point),
    DR_I64(struct dr_copy_view, lag_s),
    DR_I64(struct dr_copy_view, lag_bytes),
    DR_I64(struct dr_copy_view, progress_permille),
    DR_TIME(struct dr_copy_view, peer_seen_at),
    DR_I64(struct dr_copy_view, epoch),
    DR_LIST(struct dr_copy_view, members, dr_member_type),
    DR_LIST(struct dr_copy_view, jobs, job_type)};
DR_TYPE(dr_copy_view_type, struct dr_copy_view, "copy", view_fields);

static const struct dr_field copy_fields[] = {
    DR_STR(struct dr_copy_facts, group),
    DR_STR(struct dr_copy_facts, site),
    DR_STR(struct dr_copy_facts, array),
    DR_STRUCT(struct dr_copy_facts, seen, dr_stamp_type),
    DR_BOOL(struct dr_copy_facts, fresh),
    DR_STRUCT(struct dr_copy_facts, view, dr_copy_view_type),
    DR_LIST(struct dr_copy_facts, points, dr_point_type),
    DR_CNT(struct dr_copy_facts, points_more),
    DR_STRUCT(struct dr_copy_facts, points_seen, dr_stamp_type),
    DR_STR(struct dr_copy_facts, points_error)};
DR_TYPE(dr_copy_facts_type, struct dr_copy_facts, "copy facts", copy_fields);

static const char *const endpoint_kinds[] = {"unknown", "array", "engine", "probe"};
const struct dr_names dr_endpoint_kind_names = {"kind of endpoint", endpoint_kinds,
                                                DR_COUNT(endpoint_kinds)};

static const struct dr_field endpoint_fields[] = {
    DR_ENUM(struct dr_endpoint_facts, kind, dr_endpoint_kind_names),
    DR_STR(struct dr_endpoint_facts, name),
    DR_STR(struct dr_endpoint_facts, site),
    DR_BOOL(struct dr_endpoint_facts, answers),
    DR_BOOL(struct dr_endpoint_facts, asked),
    DR_STR(struct dr_endpoint_facts, error),
    DR_STR(struct dr_endpoint_facts, error_word),
    DR_I64(struct dr_endpoint_facts, took_ms),
    DR_STRUCT(struct dr_endpoint_facts, last_answer, dr_stamp_type),
    DR_STRUCT(struct dr_endpoint_facts, silent_since, dr_stamp_type),
    DR_TIME(struct dr_endpoint_facts, trusted_until)};
DR_TYPE(dr_endpoint_facts_type, struct dr_endpoint_facts, "endpoint", endpoint_fields);

static const struct dr_field engine_fields[] = {
    DR_STR(struct dr_engine_facts, site), DR_STRUCT(struct dr_engine_facts, seen, dr_stamp_type),
    DR_BOOL(struct dr_engine_facts, fresh),
    DR_STRUCT(struct dr_engine_facts, inventory, dr_inventory_type)};
DR_TYPE(dr_engine_facts_type, struct dr_engine_facts, "engine facts", engine_fields);

static const struct dr_field facts_fields[] = {
    DR_STRUCT(struct dr_facts, now, dr_stamp_type),
    DR_LIST(struct dr_facts, endpoints, dr_endpoint_facts_type),
    DR_LIST(struct dr_facts, copies, dr_copy_facts_type),
    DR_LIST(struct dr_facts, engines, dr_engine_facts_type)};
DR_TYPE(dr_facts_type, struct dr_facts, "facts", facts_fields);

/* Of two of one moment the name decides, so that the same points are always in the same order. */
static int
newer(const void *a, const void *b)
{
    const struct dr_point *x = a, *y = b;
    return x->at > y->at ? -1 : x->at < y->at ? 1 : strcmp(x->id, y->id);
}

int64_t
dr_points_keep(struct dr_point *points, size_t *n)
{
    size_t all = *n;
    if (all)
        qsort(points, all, sizeof(*points), newer);
    if (all > DR_POINTS_MOST)
        *n = DR_POINTS_MOST;
    return (int64_t)(all - *n);
}

const struct dr_point *
dr_point_find(const struct dr_point *points, size_t n, const char *id)
{
    for (size_t i = 0; i < n; i++)
        if (dr_streq(points[i].id, id))
            return &points[i];
    return NULL;
}

const struct dr_copy_facts *
dr_facts_copy(const struct dr_facts *f, const char *group, const char *site)
{
    for (size_t i = 0; i < f->n_copies; i++)
        if (dr_streq(f->copies[i].group, group) && dr_streq(f->copies[i].site, site))
            return &f->copies[i];
    return NULL;
}

const struct dr_engine_facts *
dr_facts_engine(const struct dr_facts *f, const char *site)
{
    for (size_t i = 0; i < f->n_engines; i++)
        if (dr_streq(f->engines[i].site, site))
            return &f->engines[i];
    return NULL;
}

const struct dr_endpoint_facts *
dr_facts_endpoint(const struct dr_facts *f, enum dr_endpoint_kind kind, const char *name)
{
    for (size_t i = 0; i < f->n_endpoints; i++)
        if (f->endpoints[i].kind == kind && dr_streq(f->endpoints[i].name, name))
            return &f->endpoints[i];
    return NULL;
}

int64_t
dr_stamp_age_s(const struct dr_stamp *then, const struct dr_stamp *now)
{
    if (then->boot_ns < 0 || now->boot_ns < then->boot_ns || !dr_streq(then->boot, now->boot))
        return -1;
    return (now->boot_ns - then->boot_ns + 999999999) / 1000000000;
}

int64_t
dr_stamp_age_display_s(const struct dr_stamp *then, const struct dr_stamp *now)
{
    int64_t s = dr_stamp_age_s(then, now);
    if (s < 0 && then->utc >= 0 && now->utc >= then->utc)
        s = now->utc - then->utc;
    return s;
}

bool
dr_view_closed(const struct dr_copy_view *v)
{
    bool closed = v->n_members > 0 &&
                  (v->access == DRSTOR_ACCESS_READ_ONLY || v->access == DRSTOR_ACCESS_NONE);
    for (size_t i = 0; i < v->n_members; i++)
        closed &= v->members[i].access == DRSTOR_ACCESS_READ_ONLY ||
                  v->members[i].access == DRSTOR_ACCESS_NONE;
    return closed;
}
