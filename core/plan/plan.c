#include "plan/plan.h"

#include "base/str.h"
#include "model/words.h"

static const struct dr_field condition_fields[] = {
    DR_STR(struct dr_plan_condition, text),         DR_STR(struct dr_plan_condition, fact),
    DR_TIME(struct dr_plan_condition, observed_at), DR_STR(struct dr_plan_condition, group),
    DR_STR(struct dr_plan_condition, site),         DR_CNT(struct dr_plan_condition, require),
    DR_BOOL(struct dr_plan_condition, open)};
static DR_TYPE(condition_type, struct dr_plan_condition, "condition", condition_fields);

static const struct dr_field refusal_fields[] = {
    DR_STR(struct dr_refusal, id),     DR_STR(struct dr_refusal, group),
    DR_STR(struct dr_refusal, text),   DR_STR(struct dr_refusal, evidence),
    DR_STR(struct dr_refusal, remedy), DR_BOOL(struct dr_refusal, capability)};
DR_TYPE(dr_refusal_type, struct dr_refusal, "refusal", refusal_fields);

static const char *const confidences[] = {"unknown", "estimate", "array's word", "proven"};
const struct dr_names dr_confidence_names = {"confidence", confidences, DR_COUNT(confidences)};

static const struct dr_field loss_fields[] = {
    DR_STR(struct dr_loss, group),        DR_I64(struct dr_loss, seconds),
    DR_I64(struct dr_loss, bytes),        DR_STR(struct dr_loss, method),
    DR_STR(struct dr_loss, text),         DR_ENUM(struct dr_loss, confidence, dr_confidence_names),
    DR_TIME(struct dr_loss, since),       DR_TIME(struct dr_loss, until),
    DR_BOOL(struct dr_loss, proven_zero), DR_BOOL(struct dr_loss, needs_consent)};
DR_TYPE(dr_loss_type, struct dr_loss, "loss", loss_fields);

static const struct dr_field other_fields[] = {DR_STR(struct dr_plan_vm, id),
                                               DR_STR(struct dr_plan_vm, name),
                                               DR_BOOL(struct dr_plan_vm, away)};
DR_TYPE(dr_plan_vm_type, struct dr_plan_vm, "other VM", other_fields);
static const struct dr_field room_fields[] = {
    DR_STR(struct dr_plan_room, site),  DR_STR(struct dr_plan_room, cluster),
    DR_STR(struct dr_plan_room, text),  DR_CNT(struct dr_plan_room, vms),
    DR_I64(struct dr_plan_room, need),  DR_I64(struct dr_plan_room, room),
    DR_I64(struct dr_plan_room, freed), DR_BOOL(struct dr_plan_room, enough)};
static DR_TYPE(room_type, struct dr_plan_room, "room", room_fields);
static const struct dr_field step_fields[] = {
    DR_STR(struct dr_plan_step, id),
    DR_ENUM(struct dr_plan_step, kind, dr_step_kind_names),
    DR_STR(struct dr_plan_step, group),
    DR_STR(struct dr_plan_step, site),
    DR_STR(struct dr_plan_step, array),
    DR_STR(struct dr_plan_step, text),
    DR_STRS(struct dr_plan_step, needs),
    DR_I64(struct dr_plan_step, expect_s),
    DR_STRS(struct dr_plan_step, domains),
    DR_STRS(struct dr_plan_step, vms),
    DR_STRS(struct dr_plan_step, hosts),
    DR_STRS(struct dr_plan_step, hooks),
    DR_LIST(struct dr_plan_step, others, dr_plan_vm_type)};
static DR_TYPE(step_type, struct dr_plan_step, "step", step_fields);

static const struct dr_field flip_fields[] = {
    DR_STR(struct dr_plan_group, name),
    DR_STR(struct dr_plan_group, from),
    DR_STR(struct dr_plan_group, to),
    DR_STR(struct dr_plan_group, primary),
    DR_ENUM(struct dr_plan_group, operation, dr_operation_names),
    DR_CNT(struct dr_plan_group, epoch),
    DR_BOOL(struct dr_plan_group, nothing_to_do),
    DR_STR(struct dr_plan_group, text),
    DR_STR(struct dr_plan_group, point),
    DR_TIME(struct dr_plan_group, point_at),
    DR_BOOL(struct dr_plan_group, adopt),
    DR_ENUM(struct dr_plan_group, evidence, dr_evidence_names),
    DR_STR(struct dr_plan_group, proof),
    DR_TIME(struct dr_plan_group, last_answer),
    DR_I64(struct dr_plan_group, rpo_s),
    DR_I64(struct dr_plan_group, rto_s)};
static DR_TYPE(flip_type, struct dr_plan_group, "flip", flip_fields);

static const struct dr_field plan_fields[] = {DR_STR(struct dr_plan, id),
                                              DR_STRUCT(struct dr_plan, goal, dr_goal_type),
                                              DR_STRS(struct dr_plan, groups),
                                              DR_LIST(struct dr_plan, flips, flip_type),
                                              DR_LIST(struct dr_plan, conditions, condition_type),
                                              DR_STRUCT(struct dr_plan, loss, dr_loss_type),
                                              DR_LIST(struct dr_plan, losses, dr_loss_type),
                                              DR_LIST(struct dr_plan, refusals, dr_refusal_type),
                                              DR_LIST(struct dr_plan, steps, step_type),
                                              DR_LIST(struct dr_plan, rooms, room_type),
                                              DR_I64(struct dr_plan, expect_s),
                                              DR_TIME(struct dr_plan, earliest),
                                              DR_TIME(struct dr_plan, made_at)};
DR_TYPE(dr_plan_type, struct dr_plan, "plan", plan_fields);

/* FNV-1a, 64 bit: an identity, not a seal; what a plan file brings along is checked again
 * anyway. */
static uint64_t
mix(uint64_t h, const char *s)
{
    for (; s && *s; s++)
        h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
    return (h ^ 0xff) * UINT64_C(0x100000001b3);
}

const char *
dr_plan_digest(struct dr_arena *a, const struct dr_plan *p)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    dr_auto(dr_json_putp) struct json_object *g = dr_map_write(&dr_goal_type, &p->goal);
    h = mix(h, dr_json_text(g));
    for (size_t i = 0; i < p->n_flips; i++) {
        struct dr_plan_group f = p->flips[i];
        f.proof = NULL; /* it names times, and hosts that come and go; the kind is what counts */
        f.last_answer = f.rpo_s = f.rto_s = -1; /* told, not agreed to */
        dr_auto(dr_json_putp) struct json_object *o = dr_map_write(&flip_type, &f);
        h = mix(h, dr_json_text(o));
    }
    for (size_t i = 0; i < p->n_conditions; i++)
        h = mix(h, p->conditions[i].text);
    for (size_t i = 0; i < p->n_losses; i++) /* the point, not the number that grows */
        h = mix(mix(h, p->losses[i].method),
                dr_arena_printf(a, "%lld", (long long)p->losses[i].since));
    for (size_t i = 0; i < p->n_steps; i++) {
        h = mix(mix(h, p->steps[i].id), p->steps[i].site);
        for (size_t k = 0; k < p->steps[i].n_hooks; k++)
            h = mix(h, p->steps[i].hooks[k]);
        for (size_t k = 0; k < p->steps[i].n_others; k++)
            h = mix(h, p->steps[i].others[k].id);
    }
    return dr_arena_printf(a, "%016llx", (unsigned long long)h);
}

const struct dr_plan_group *
dr_plan_waived(const struct dr_plan *p)
{
    for (size_t i = 0; i < p->n_flips; i++)
        if (p->flips[i].evidence == DRSTOR_EVIDENCE_E7_WAIVED)
            return &p->flips[i];
    return NULL;
}

const struct dr_plan_step *
dr_plan_step_find(const struct dr_plan *p, const char *id)
{
    for (size_t i = 0; i < p->n_steps; i++)
        if (dr_streq(p->steps[i].id, id))
            return &p->steps[i];
    return NULL;
}

const struct dr_loss *
dr_plan_loss(const struct dr_plan *p, const char *group)
{
    for (size_t i = 0; i < p->n_losses; i++)
        if (dr_streq(p->losses[i].group, group))
            return &p->losses[i];
    return NULL;
}
