#include "model/record.h"

#include "base/crc.h"
#include "base/failpoint.h"
#include "base/str.h"
#include "model/words.h"

#include <stdio.h>
#include <string.h>

static const struct dr_field evidence_fields[] = {
    DR_ENUM(struct dr_evidence, kind, dr_evidence_names),
    DR_STR(struct dr_evidence, group),
    DR_STR(struct dr_evidence, site),
    DR_STR(struct dr_evidence, array),
    DR_STR(struct dr_evidence, run),
    DR_STR(struct dr_evidence, by),
    DR_STR(struct dr_evidence, detail),
    DR_CNT(struct dr_evidence, epoch),
    DR_STRUCT(struct dr_evidence, at, dr_stamp_type),
    DR_STRUCT(struct dr_evidence, silent_since, dr_stamp_type),
    DR_STRS(struct dr_evidence, answering)};
DR_TYPE(dr_evidence_type, struct dr_evidence, "evidence", evidence_fields);

static const struct dr_field consent_fields[] = {DR_STR(struct dr_consent, plan),
                                                 DR_STR(struct dr_consent, loss),
                                                 DR_I64(struct dr_consent, bound_s),
                                                 DR_I64(struct dr_consent, bound_bytes),
                                                 DR_BOOL(struct dr_consent, bound_unknown),
                                                 DR_STR(struct dr_consent, by),
                                                 DR_STR(struct dr_consent, how),
                                                 DR_STR(struct dr_consent, confirmed_by),
                                                 DR_STR(struct dr_consent, waive_fence),
                                                 DR_STR(struct dr_consent, reason),
                                                 DR_TIME(struct dr_consent, at)};
DR_TYPE(dr_consent_type, struct dr_consent, "consent", consent_fields);

static const struct dr_field op_fields[] = {DR_STR(struct dr_op, type), DR_STR(struct dr_op, id),
                                            DR_STR(struct dr_op, by),
                                            DR_TIME(struct dr_op, started)};
static DR_TYPE(op_type, struct dr_op, "op", op_fields);

static const struct dr_field left_fields[] = {
    DR_CNT(struct dr_left, epoch),   DR_TIME(struct dr_left, since),
    DR_I64(struct dr_left, seconds), DR_I64(struct dr_left, bytes),
    DR_STR(struct dr_left, text),    DR_STR(struct dr_left, generation),
    DR_STR(struct dr_left, point),   DR_BOOL(struct dr_left, owed),
    DR_BOOL(struct dr_left, untaken)};
static DR_TYPE(left_type, struct dr_left, "left", left_fields);

static const struct dr_field drill_fields[] = {
    DR_STR(struct dr_drill, name),   DR_STR(struct dr_drill, site),
    DR_STR(struct dr_drill, run),    DR_STR(struct dr_drill, by),
    DR_STR(struct dr_drill, point),  DR_TIME(struct dr_drill, started),
    DR_BOOL(struct dr_drill, shown), DR_STRS(struct dr_drill, luns)};
static DR_TYPE(drill_type, struct dr_drill, "drill", drill_fields);

static const struct dr_field away_fields[] = {
    DR_STR(struct dr_away, site), DR_STR(struct dr_away, id), DR_STR(struct dr_away, name)};
static DR_TYPE(away_type, struct dr_away, "VM that made room", away_fields);
static const struct dr_field record_fields[] = {
    DR_STR(struct dr_record, schema),
    DR_STR(struct dr_record, group),
    DR_CNT(struct dr_record, seq),
    DR_CNT(struct dr_record, epoch),
    DR_CNT(struct dr_record, token),
    DR_STR(struct dr_record, primary),
    DR_STR(struct dr_record, target),
    DR_ENUM(struct dr_record, phase, dr_phase_names),
    DR_STRUCT(struct dr_record, op, op_type),
    DR_LIST(struct dr_record, members, dr_member_type),
    DR_LIST(struct dr_record, evidence, dr_evidence_type),
    DR_STRUCT(struct dr_record, consent, dr_consent_type),
    DR_ENUM(struct dr_record, old_copy, dr_old_copy_names),
    DR_STRUCT(struct dr_record, left, left_type),
    DR_STRUCT(struct dr_record, drill, drill_type),
    DR_TIME(struct dr_record, exposed_since),
    DR_STRS(struct dr_record, site_hold),
    DR_LIST(struct dr_record, away, away_type)};
DR_TYPE(dr_record_type, struct dr_record, "record", record_fields);

static const char crc_member[] = ",\"crc\":\"";
enum { TAIL = sizeof(crc_member) - 1 + 8 + 2 }; /* ,"crc":"01234567"} */

char *
dr_record_seal(struct json_object *o)
{
    struct dr_str text = {0};
    json_object_object_del(o, "crc");
    dr_str_add(&text, dr_json_text(o));
    text.s[--text.n] = '\0'; /* without the last brace */
    uint32_t crc = dr_crc32c(0, text.s, text.n);
    dr_str_printf(&text, "%s%08x\"}", crc_member, crc);
    return dr_str_take(&text);
}

char *
dr_record_text(const struct dr_record *r)
{
    dr_auto(dr_json_putp) struct json_object *o = dr_map_write(&dr_record_type, r);
    return dr_record_seal(o);
}

int
dr_record_parse(struct dr_arena *a, const char *text, size_t n, struct dr_record *ret,
                struct drstor_error **err)
{
    char want[TAIL + 1];
    if (n < TAIL + 2)
        return dr_fail(err, DRSTOR_E_INVALID, "the record is cut short (%zu bytes)", n);
    (void)snprintf(want, sizeof(want), "%s%08x\"}", crc_member, dr_crc32c(0, text, n - TAIL));
    if (memcmp(text + n - TAIL, want, TAIL) != 0 && !DR_CANARY("trust-damage"))
        return dr_fail(err, DRSTOR_E_INVALID, "the record is damaged: its checksum does not match");

    struct json_object *o = NULL;
    int r = dr_json_parse(text, n, &dr_json_small, &o, err);
    if (r < 0)
        return dr_context(err, DRSTOR_E_INVALID, "the record is damaged");
    const char *schema = dr_json_str(o, "schema");
    if (!schema || strncmp(schema, "1.", 2) != 0)
        r = dr_fail(err, DRSTOR_E_UNSUPPORTED, "the record is of schema %s; this drstor knows 1.x",
                    schema ? schema : "(none)");
    if (r == DRSTOR_OK)
        r = dr_map_read(a, &dr_record_type, o, false, ret, err);
    (void)json_object_put(o);
    return r;
}

bool
dr_record_settled_by(const struct dr_record *r, const char *run)
{
    return dr_record_at_rest(r) && run && dr_streq(r->op.id, run);
}

bool
dr_record_committed_by(const struct dr_record *r, const char *run, const char *to, int64_t epoch)
{
    return run && dr_streq(r->op.id, run) && dr_streq(r->primary, to) && r->epoch == epoch + 1;
}

bool
dr_record_at_rest(const struct dr_record *r)
{
    return r->phase == DR_PHASE_STEADY || r->phase == DR_PHASE_TESTING;
}

void
dr_record_rest(struct dr_record *r)
{
    r->phase = r->drill.name ? DR_PHASE_TESTING : DR_PHASE_STEADY;
    r->target = NULL;
}
