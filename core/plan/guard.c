#include "plan/guard_internal.h"

#include "plan/adopt.h"
#include "plan/loss.h"

#include "base/str.h"
#include "base/timetext.h"
#include "model/words.h"

static const struct dr_field duration_fields[] = {DR_STR(struct dr_plan_duration, operation),
                                                  DR_CNT(struct dr_plan_duration, typical_ms)};
static DR_TYPE(duration_type, struct dr_plan_duration, "duration", duration_fields);
static const struct dr_field array_fields[] = {
    DR_STR(struct dr_plan_array, name), DR_STRS(struct dr_plan_array, capabilities),
    DR_LIST(struct dr_plan_array, durations, duration_type)};
DR_TYPE(dr_plan_array_type, struct dr_plan_array, "array", array_fields);
static const struct dr_field record_fields[] = {
    DR_STR(struct dr_plan_record, group),
    DR_BOOL(struct dr_plan_record, present),
    DR_STR(struct dr_plan_record, damaged),
    DR_STR(struct dr_plan_record, open_run),
    DR_STRUCT(struct dr_plan_record, record, dr_record_type),
    DR_STRUCT(struct dr_plan_record, ran, dr_stage_group_type)};
DR_TYPE(dr_plan_record_type, struct dr_plan_record, "record", record_fields);

/* ---- what guards look at --------------------------------------------------------------------- */

const char *
dr_guard_age(const struct dr_guard_case *c, const struct dr_stamp *seen)
{
    int64_t s = dr_stamp_age_display_s(seen, &c->in->facts->now);
    return s < 0 ? "never seen"
                 : dr_arena_printf(c->arena, "seen %s ago", dr_duration_text(c->arena, s));
}

const char *
dr_guard_access_word(const struct dr_copy_facts *f)
{
    return f ? dr_name(&dr_access_names, (int)f->view.access) : "unknown";
}

const char *
dr_guard_trouble(const struct dr_guard_case *c, enum dr_endpoint_kind kind, const char *name)
{
    const struct dr_endpoint_facts *e = dr_facts_endpoint(c->in->facts, kind, name);
    if (!e || !e->asked)
        return "it was not asked";
    return e->error ? e->error : "it gave no reason";
}

#define OP(x) (1u << DR_OPERATION_##x)
enum {
    UNPLANNED = OP(PROMOTE) | OP(SURVIVOR),
    FLIPS = OP(SWITCHOVER) | OP(SERVE) | UNPLANNED,
    DRILLS = OP(DRILL_START) | OP(DRILL_PROMOTE) | OP(DRILL_CLEAN),
    PAUSES = OP(SUSPEND) | OP(RESUME),
    ALL = FLIPS | DRILLS | PAUSES | OP(DEMOTE) | OP(REPROTECT) | OP(SYNC),
    /* A guard stands beside whatever else is open, and looks at legs, too. */
    EVER = ALL | OP(GUARD)
};

/* In this order: what is told first makes the rest superfluous. */
static const struct {
    const char *id;
    unsigned when; /* operations */
    bool (*refuses)(const struct dr_guard_case *c, struct dr_refusal *r);
    bool last; /* nothing after it makes sense */
} guards[] = {
    {"R091", EVER, dr_guard_record_sound, true},
    {"R010", EVER, dr_guard_needs_record, true},
    {"R011", ALL, dr_guard_active_passive, true},
    {"R012", EVER, dr_guard_known_primary, true},
    {"R013", ALL, dr_guard_no_open_run, true},
    {"R050", EVER, dr_guard_epoch_current, true},
    {"R042", OP(DRILL_PROMOTE), dr_guard_drill_there, true},
    {"R045", OP(DRILL_START) | OP(DRILL_PROMOTE), dr_guard_site_not_held, true},
    {"R041", OP(DRILL_START) | OP(REPROTECT), dr_guard_no_drill, true},
    {"R016", FLIPS | DRILLS | PAUSES | OP(REPROTECT) | OP(SYNC), dr_guard_target_answers, true},
    {"R015", OP(SWITCHOVER) | OP(DEMOTE) | OP(REPROTECT), dr_guard_old_answers, true},
    {"R020", OP(REPROTECT), dr_guard_primary_serves, true},
    {"R039", OP(SURVIVOR), dr_guard_leg_not_out, true},
    {"R021", UNPLANNED | OP(SERVE), dr_guard_evidence_possible, false},
    {"R014", OP(SWITCHOVER) | OP(PROMOTE), dr_guard_target_not_in_use, true},
    {"R033", OP(SWITCHOVER) | UNPLANNED | OP(REPROTECT) | OP(SYNC) | PAUSES,
     dr_guard_direction_as_recorded, true},
    {"R017", FLIPS | OP(REPROTECT), dr_guard_members_whole, false},
    {"R026", OP(SWITCHOVER) | UNPLANNED | OP(DRILL_START), dr_guard_target_consistent, false},
    {"R046", UNPLANNED | OP(SERVE) | OP(DRILL_START), dr_guard_point_there, false},
    {"R018", OP(SWITCHOVER) | OP(SYNC), dr_guard_relation_healthy, false},
    {"R019", OP(SWITCHOVER), dr_guard_can_drain, false},
    {"R019", OP(DEMOTE), dr_guard_no_vms_at_old, false},
    {"R019", OP(REPROTECT), dr_guard_can_clean, false},
    {"R055", OP(REPROTECT), dr_guard_can_restart, false},
    {"R056", OP(SWITCHOVER), dr_guard_target_cleaned, false},
    {"R019", UNPLANNED | OP(SERVE), dr_guard_vms_seen_alive, false},
    {"R019", OP(DRILL_START) | OP(DRILL_PROMOTE), dr_guard_drill_whole, false},
    {"R044", OP(DRILL_START) | OP(DRILL_PROMOTE), dr_guard_drill_network, false},
    {"R047", OP(DRILL_START) | OP(DRILL_PROMOTE), dr_guard_drill_alone, false},
    {"R048", OP(DRILL_START) | OP(DRILL_PROMOTE), dr_guard_drill_shown, false},
    {"R049", OP(DRILL_START) | OP(DRILL_PROMOTE), dr_guard_drill_room, false},
    {"R030", EVER, dr_guard_can_do, false},
};

void
dr_guard_case_init(struct dr_guard_case *c, struct dr_arena *a, const struct dr_plan_input *in,
                   const struct dr_group *group)
{
    static const struct dr_plan_record none = {0};
    *c = (struct dr_guard_case){.in = in, .arena = a, .group = group, .record = &none};
    for (size_t i = 0; i < in->n_records; i++)
        if (dr_streq(in->records[i].group, group->name))
            c->record = &in->records[i];
    const struct dr_record *record = c->record->present ? &c->record->record : NULL;
    c->operation = dr_goal_operation(in->goal, group, record);
    dr_goal_copies(in->goal, group, record, &c->old, &c->target);
    if (c->target)
        c->target_facts = dr_facts_copy(in->facts, group->name, c->target->site->name);
    if (c->old)
        c->old_facts = dr_facts_copy(in->facts, group->name, c->old->site->name);
    if (!dr_adopt_one_sided(c))
        return;
    struct dr_plan_record *first = dr_arena_new0(a, struct dr_plan_record);
    first->group = group->name;
    first->present = true;
    /* The one that is writable is what somebody made the primary; then it is that one's to serve.
     */
    bool served = dr_view_writable(&c->target_facts->view);
    dr_adopt_record(group, served ? c->target : c->old, c->target, in->facts, &first->record);
    c->record = first;
    c->adopts = true;
    if (served)
        c->operation = dr_goal_operation(in->goal, group, &first->record);
}

void
dr_guard_fence(const struct dr_guard_case *c, struct dr_fence *ret)
{
    const struct dr_fence_case f = {.model = c->in->model,
                                    .group = c->group,
                                    .old = c->old,
                                    .target = c->target,
                                    .goal = c->in->goal,
                                    .record = c->record->present ? &c->record->record : NULL,
                                    .facts = c->in->facts,
                                    .person = c->in->person,
                                    .can_withdraw =
                                        dr_plan_array_can(c->in, c->old->array->name, "withdraw")};
    dr_evidence_weigh(c->arena, &f, ret);
}

size_t
dr_guard_group(const struct dr_guard_case *c, struct dr_refusal **refusals, size_t *n)
{
    size_t before = *n;
    for (size_t i = 0; i < DR_COUNT(guards); i++) {
        struct dr_refusal r = {.id = guards[i].id, .group = c->group->name};
        if (!(guards[i].when & 1u << c->operation) || !guards[i].refuses(c, &r))
            continue;
        dr_arena_push(c->arena, *refusals, *n) = r;
        if (guards[i].last)
            break;
    }
    return *n - before;
}

const char *const *
dr_guard_ids(size_t *ret_n)
{
    static const char *const ids[] = {
        "R010", "R011", "R012", "R013", "R014", "R015", "R016", "R017", "R018", "R019", "R020",
        "R021", "R022", "R023", "R024", "R025", "R026", "R027", "R028", "R029", "R030", "R031",
        "R033", "R034", "R035", "R036", "R037", "R039", "R040", "R041", "R042", "R043", "R044",
        "R045", "R046", "R047", "R048", "R049", "R050", "R051", "R052", "R053", "R055", "R056",
        "R060", "R061", "R090", "R091", "R092", "R093", "R094"};
    *ret_n = DR_COUNT(ids);
    return ids;
}
