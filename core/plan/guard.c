#include "plan/guard.h"

#include "plan/evidence.h"

#include "base/str.h"
#include "base/timetext.h"
#include "model/words.h"

static const struct dr_field duration_fields[] = {DR_STR(struct dr_plan_duration, operation),
                                                  DR_CNT(struct dr_plan_duration, typical_ms)};
static DR_TYPE(duration_type, struct dr_plan_duration, "duration", duration_fields);
static const struct dr_field array_fields[] = {DR_STR(struct dr_plan_array, name),
                                               DR_STRS(struct dr_plan_array, capabilities),
                                               DR_LIST(struct dr_plan_array, durations, duration_type)};
DR_TYPE(dr_plan_array_type, struct dr_plan_array, "array", array_fields);
static const struct dr_field record_fields[] = {
    DR_STR(struct dr_plan_record, group), DR_BOOL(struct dr_plan_record, present),
    DR_STR(struct dr_plan_record, damaged), DR_STR(struct dr_plan_record, open_run),
    DR_STRUCT(struct dr_plan_record, record, dr_record_type)};
DR_TYPE(dr_plan_record_type, struct dr_plan_record, "record", record_fields);

enum { PLANNED = 1, UNPLANNED = 2, BOTH = 3, THERE = 4 };

typedef bool (*guard_fn)(const struct dr_guard_case *c, struct dr_refusal *r);

/* ---- what guards look at ----------------------------------------------------------------------- */

static const char *
age(const struct dr_guard_case *c, const struct dr_stamp *seen)
{
    int64_t s = dr_stamp_age_display_s(seen, &c->in->facts->now);
    return s < 0 ? "never seen" : dr_arena_printf(c->arena, "seen %s ago", dr_duration_text(c->arena, s));
}

static const char *
access_word(const struct dr_copy_facts *f)
{
    return f ? dr_name(&dr_access_names, (int)f->view.access) : "unknown";
}

static const char *
endpoint_trouble(const struct dr_guard_case *c, enum dr_endpoint_kind kind, const char *name)
{
    const struct dr_endpoint_facts *e = dr_facts_endpoint(c->in->facts, kind, name);
    if (!e || !e->asked)
        return "it was not asked";
    return e->error ? e->error : "it gave no reason";
}

/* ---- the guards -------------------------------------------------------------------------------- */

static bool
needs_record(const struct dr_guard_case *c, struct dr_refusal *r)
{
    if (c->record->present || c->record->damaged)
        return false;
    r->text = dr_arena_printf(c->arena, "group %s has no record: drstor does not know which copy is the "
                                        "primary",
                              c->group->name);
    r->evidence = "nothing in the store";
    r->remedy = dr_arena_printf(c->arena, "drstor adopt %s, while both sites can be seen", c->group->name);
    return true;
}

static bool
record_sound(const struct dr_guard_case *c, struct dr_refusal *r)
{
    if (!c->record->damaged)
        return false;
    r->text = dr_arena_printf(c->arena, "the record of group %s cannot be trusted", c->group->name);
    r->evidence = c->record->damaged;
    r->remedy = "keep a copy of the database; restore it from a backup, or look at both arrays and "
                "adopt the group into a new one";
    return true;
}

static bool
no_open_run(const struct dr_guard_case *c, struct dr_refusal *r)
{
    const char *run = c->record->open_run;
    enum dr_phase phase = c->record->record.phase;
    if (run && dr_streq(run, c->in->own_run))
        return false;
    /* Before its commit a run gives nothing up: a record left fencing can be planned from anew. */
    if (!run && (phase == DR_PHASE_STEADY || phase == DR_PHASE_FENCING))
        return false;
    if (!run) {
        r->text =
            dr_arena_printf(c->arena,
                            "group %s is in the middle of something, and no open run is known "
                            "that could end it",
                            c->group->name);
        r->evidence =
            dr_arena_printf(c->arena, "the record is %s, primary %s, epoch %lld",
                            dr_name(&dr_phase_names, (int)phase), c->record->record.primary,
                            (long long)c->record->record.epoch);
        r->remedy =
            "see `drstor run list`, also on other controllers; the run that began it has to end it";
        return true;
    }
    r->text = dr_arena_printf(c->arena, "run %s of group %s has not ended", run, c->group->name);
    r->evidence = dr_arena_printf(c->arena, "the record is %s",
                                  dr_name(&dr_phase_names, (int)c->record->record.phase));
    r->remedy = dr_arena_printf(c->arena, "drstor run resume %s", run);
    return true;
}

static bool
known_primary(const struct dr_guard_case *c, struct dr_refusal *r)
{
    if (!c->record->present || c->record->damaged || c->old)
        return false;
    r->text = dr_arena_printf(c->arena, "the record of group %s names %s as primary, and the configuration "
                                        "has no copy there",
                              c->group->name,
                              c->record->record.primary ? c->record->record.primary : "nobody");
    r->evidence = c->in->model->file;
    r->remedy = "put the copy back into the configuration";
    return true;
}

static bool
active_passive(const struct dr_guard_case *c, struct dr_refusal *r)
{
    if (c->group->topology != DR_TOPOLOGY_ACTIVE_ACTIVE)
        return false;
    r->text = dr_arena_printf(c->arena, "group %s is active-active: both sites may write, there is "
                                        "nothing to promote",
                              c->group->name);
    r->evidence = "topology: active-active in the configuration";
    r->remedy =
        dr_arena_printf(c->arena, "leave it out (--except %s); drstor status %s shows both copies",
                        c->group->name, c->group->name);
    r->capability = true;
    return true;
}

static bool
target_answers(const struct dr_guard_case *c, struct dr_refusal *r)
{
    if (c->target_facts && c->target_facts->fresh)
        return false;
    const struct dr_endpoint_facts *e =
        dr_facts_endpoint(c->in->facts, DR_ENDPOINT_ARRAY, c->target->array->name);
    if (e && e->answers) {
        r->text = dr_arena_printf(c->arena, "array %s does not know \"%s\", the copy of group %s",
                                  e->name, c->target->id, c->group->name);
        r->evidence = "it answered, without that group";
        r->remedy = "correct the copy's id in the configuration";
        return true;
    }
    r->text = dr_arena_printf(c->arena, "the target of group %s cannot be seen: array %s does not answer",
                              c->group->name, c->target->array->name);
    r->evidence = endpoint_trouble(c, DR_ENDPOINT_ARRAY, c->target->array->name);
    r->remedy = dr_arena_printf(c->arena, "bring array %s back; nothing can be promoted there without it",
                                c->target->array->name);
    return true;
}

static bool
old_answers(const struct dr_guard_case *c, struct dr_refusal *r)
{
    if (!c->old || (c->old_facts && c->old_facts->fresh))
        return false;
    const char *alive = dr_evidence_alive(c->arena, c->group, c->old, c->in->facts, &r->remedy);
    if (alive) {
        r->text = dr_arena_printf(c->arena,
                                  "the copy of group %s at %s cannot be read: a planned promote "
                                  "needs both sites",
                                  c->group->name, c->old->site->name);
        r->evidence = alive;
        return true;
    }
    r->text = dr_arena_printf(c->arena, "%s does not answer: a planned promote of %s needs both sites",
                              c->old->site->name, c->group->name);
    r->evidence = dr_arena_printf(c->arena, "array %s: %s", c->old->array->name,
                                  endpoint_trouble(c, DR_ENDPOINT_ARRAY, c->old->array->name));
    r->remedy = dr_arena_printf(c->arena, "if %s is lost: --unplanned, with --declare site-lost:%s where "
                                          "nothing there can be asked",
                                c->old->site->name, c->old->site->name);
    return true;
}

static bool
relation_healthy(const struct dr_guard_case *c, struct dr_refusal *r)
{
    const struct dr_copy_facts *t = c->target_facts;
    if (!c->old || !t || !t->fresh)
        return false;
    if (t->view.relation == DRSTOR_RELATION_DESTINATION &&
        (t->view.sync == DRSTOR_SYNC_IN_SYNC || t->view.sync == DRSTOR_SYNC_LAGGING ||
         (t->view.sync == DRSTOR_SYNC_SYNCING && t->view.point >= 0)))
        return false;
    bool follows = t->view.relation == DRSTOR_RELATION_DESTINATION;
    r->text =
        follows
            ? dr_arena_printf(
                  c->arena, "replication of group %s is not healthy: the copy at %s is %s",
                  c->group->name, c->target->site->name, dr_name(&dr_sync_names, (int)t->view.sync))
            : dr_arena_printf(c->arena, "nothing says that the copy of group %s at %s follows %s",
                              c->group->name, c->target->site->name, c->old->site->name);
    r->evidence =
        dr_arena_printf(c->arena, "array %s: %s, relation %s, %s", t->array,
                        dr_name(&dr_sync_names, (int)t->view.sync),
                        dr_name(&dr_relation_names, (int)t->view.relation), age(c, &t->seen));
    r->remedy = "repair replication first, and let it catch up";
    return true;
}

/* Both sides are heard: a stale word of the old one is no fact about now. */
static bool
direction_as_recorded(const struct dr_guard_case *c, struct dr_refusal *r)
{
    const struct dr_copy_facts *both[] = {c->target_facts, c->old_facts};
    for (size_t i = 0; c->record->present && i < DR_COUNT(both); i++) {
        const struct dr_copy_facts *f = both[i];
        if (!f || !f->fresh)
            continue;
        bool diverged = f->view.sync == DRSTOR_SYNC_DIVERGED;
        if (!diverged &&
            f->view.relation != (i == 0 ? DRSTOR_RELATION_SOURCE : DRSTOR_RELATION_DESTINATION))
            continue;
        r->text = diverged ? dr_arena_printf(c->arena,
                                             "group %s has diverged: both copies have writes the "
                                             "other lacks",
                                             c->group->name)
                           : dr_arena_printf(c->arena,
                                             "array %s says that %s feeds %s, not the other way "
                                             "round as the record has it",
                                             f->array, c->target->site->name, c->old->site->name);
        r->evidence =
            dr_arena_printf(c->arena, "array %s: %s, relation %s, %s", f->array,
                            dr_name(&dr_sync_names, (int)f->view.sync),
                            dr_name(&dr_relation_names, (int)f->view.relation), age(c, &f->seen));
        r->remedy = "look at both copies; a person has to say which data counts";
        return true;
    }
    return false;
}

/* Promotion by shrinking a group is forbidden: every member of the record must be there, paired. */
static bool
members_whole(const struct dr_guard_case *c, struct dr_refusal *r)
{
    const struct dr_copy_facts *t = c->target_facts;
    if (!t || !t->fresh)
        return false;
    const struct dr_record *rec = &c->record->record;
    if (t->view.n_members == 0) {
        r->text = dr_arena_printf(c->arena, "the copy of group %s at %s has no members", c->group->name,
                                  c->target->site->name);
    } else if (c->record->present && rec->n_members && t->view.n_members < rec->n_members) {
        r->text = dr_arena_printf(c->arena,
                                  "the copy of group %s at %s has %zu of %zu volumes of the "
                                  "record",
                                  c->group->name, c->target->site->name, t->view.n_members,
                                  rec->n_members);
    } else if (!c->in->goal->unplanned && c->old_facts &&
               c->old_facts->view.n_members > t->view.n_members) {
        r->text = dr_arena_printf(c->arena, "group %s has %zu volumes at %s and only %zu at %s",
                                  c->group->name, c->old_facts->view.n_members, c->old_facts->site,
                                  t->view.n_members, c->target->site->name);
    } else {
        const char *missing = NULL;
        for (size_t i = 0; c->record->present && i < rec->n_members; i++) {
            bool found = false;
            for (size_t j = 0; j < t->view.n_members; j++)
                found |= dr_streq(rec->members[i].id, t->view.members[j].id) ||
                         dr_streq(rec->members[i].id, t->view.members[j].pair);
            if (!found)
                missing = rec->members[i].id;
        }
        if (!missing)
            return false;
        r->text = dr_arena_printf(c->arena, "volume %s of group %s has no pair at %s", missing,
                                  c->group->name, c->target->site->name);
    }
    r->evidence = dr_arena_printf(c->arena, "array %s, %s", t->array, age(c, &t->seen));
    r->remedy = "bring the missing volumes into replication, or adopt the group again as it is";
    return true;
}

/* A full copy that was under way when the source went away is no point in time. */
static bool
target_consistent(const struct dr_guard_case *c, struct dr_refusal *r)
{
    const struct dr_copy_facts *t = c->target_facts;
    if (!t || !t->fresh || t->view.access == DRSTOR_ACCESS_READ_WRITE)
        return false;
    if (t->view.point >= 0 || t->view.sync == DRSTOR_SYNC_IN_SYNC)
        return false;
    r->text = dr_arena_printf(c->arena, "the copy of group %s at %s holds no consistent point in time",
                              c->group->name, c->target->site->name);
    r->evidence = dr_arena_printf(c->arena, "array %s: %s, no recovery point, %s", t->array,
                                  dr_name(&dr_sync_names, (int)t->view.sync), age(c, &t->seen));
    r->remedy = "let a first copy finish, or restore from elsewhere";
    return true;
}

/* The strongest that may be true of a copy: one writable volume is a writable copy, UNKNOWN may be.
 */
static enum drstor_access
access_at_most(const struct dr_copy_view *v)
{
    enum drstor_access most = v->access;
    for (size_t i = 0; i < v->n_members; i++) {
        enum drstor_access one = v->members[i].access;
        if (one == DRSTOR_ACCESS_READ_WRITE)
            return one;
        if (one == DRSTOR_ACCESS_UNKNOWN && most != DRSTOR_ACCESS_READ_WRITE)
            most = one;
    }
    return most;
}

/* Applications may be writing there; the record says they should not. */
static bool
target_not_in_use(const struct dr_guard_case *c, struct dr_refusal *r)
{
    const struct dr_copy_facts *t = c->target_facts;
    if (!t || !t->fresh || !c->record->present || c->record->open_run)
        return false;
    enum drstor_access most = access_at_most(&t->view);
    if (most == DRSTOR_ACCESS_READ_ONLY || most == DRSTOR_ACCESS_NONE)
        return false;
    bool known = most == DRSTOR_ACCESS_READ_WRITE;
    bool part = known && t->view.access != DRSTOR_ACCESS_READ_WRITE;
    bool both = known && c->old_facts && c->old_facts->fresh &&
                access_at_most(&c->old_facts->view) == DRSTOR_ACCESS_READ_WRITE;
    const char *site = c->target->site->name;
    r->text =
        known
            ? dr_arena_printf(c->arena,
                              "%sgroup %s is writable at %s already%s%s, and the record does "
                              "not say so",
                              part ? "part of " : "", c->group->name, site, both ? " and at " : "",
                              both ? dr_arena_printf(c->arena, "%s too", c->old_facts->site) : "")
            : dr_arena_printf(c->arena, "cannot tell whether group %s is writable at %s already",
                              c->group->name, site);
    r->evidence = dr_arena_printf(c->arena, "array %s, %s; record: primary %s, epoch %lld", t->array,
                                  age(c, &t->seen), c->record->record.primary,
                                  (long long)c->record->record.epoch);
    r->remedy = dr_arena_printf(c->arena,
                                "find out who writes at %s; if nothing there counts, make every "
                                "volume of it read-only at array %s, then run again",
                                site, t->array);
    return true;
}

/* The record has the target as primary: then it must serve, or "nothing to do" would be a lie. */
static bool
primary_serves(const struct dr_guard_case *c, struct dr_refusal *r)
{
    const struct dr_copy_facts *t = c->target_facts;
    if (!t || !t->fresh)
        return false;
    size_t writable = 0;
    for (size_t i = 0; i < t->view.n_members; i++)
        writable += t->view.members[i].access == DRSTOR_ACCESS_READ_WRITE;
    if (t->view.access == DRSTOR_ACCESS_READ_WRITE && writable == t->view.n_members)
        return false;
    r->text = dr_arena_printf(c->arena,
                              "%s is the primary of group %s by its record, but the group is not "
                              "writable there",
                              c->target->site->name, c->group->name);
    r->evidence =
        dr_arena_printf(c->arena, "array %s: %s, %zu of %zu volumes writable, %s", t->array,
                        access_word(t), writable, t->view.n_members, age(c, &t->seen));
    r->remedy = dr_arena_printf(c->arena,
                                "see at array %s why; to go on with the other groups: --except %s",
                                t->array, c->group->name);
    return true;
}

static bool
epoch_current(const struct dr_guard_case *c, struct dr_refusal *r)
{
    const struct dr_copy_facts *both[] = {c->target_facts, c->old_facts};
    for (size_t i = 0; c->record->present && i < DR_COUNT(both); i++) {
        if (!both[i] || both[i]->view.epoch <= c->record->record.epoch)
            continue;
        r->text = dr_arena_printf(c->arena, "array %s knows epoch %lld of group %s, this controller only %lld",
                                  both[i]->array, (long long)both[i]->view.epoch, c->group->name,
                                  (long long)c->record->record.epoch);
        r->evidence = dr_arena_printf(c->arena, "array %s, %s", both[i]->array, age(c, &both[i]->seen));
        r->remedy = "another controller has flipped this group since: work from that one";
        return true;
    }
    return false;
}

static bool
no_vms_at_old(const struct dr_guard_case *c, struct dr_refusal *r)
{
    if (c->in->goal->storage_only || !c->old || !c->old->site->engine)
        return false;
    const struct dr_engine_facts *e = dr_facts_engine(c->in->facts, c->old->site->name);
    if (!e || !e->fresh) {
        r->text = dr_arena_printf(c->arena, "cannot see whether VMs of group %s run at %s: its engine does "
                                            "not answer",
                                  c->group->name, c->old->site->name);
        r->evidence = endpoint_trouble(c, DR_ENDPOINT_ENGINE, c->old->site->engine->name);
        r->remedy = "bring the engine back, or --storage-only when you know that nothing runs";
        return true;
    }
    bool findable = c->group->n_domains > 0;
    for (size_t i = 0; c->old_facts && i < c->old_facts->view.n_members; i++)
        findable |= c->old_facts->view.members[i].wwid != NULL;
    if (!findable) {
        r->text = dr_arena_printf(c->arena, "cannot tell which VMs at %s are on group %s",
                                  c->old->site->name, c->group->name);
        r->evidence = dr_arena_printf(c->arena, "array %s gives no WWID for its volumes",
                                      c->old->array->name);
        r->remedy = "name the storage domains in the configuration (`domains:`), or --storage-only "
                    "when you "
                    "know that nothing runs";
        return true;
    }
    const struct dr_inv_domain **domains;
    size_t n = dr_group_domains(c->arena, c->group, c->old_facts, &e->inventory, &domains);
    size_t running = 0;
    const char *first = NULL;
    for (size_t i = 0; i < e->inventory.n_vms; i++) {
        const struct dr_inv_vm *vm = &e->inventory.vms[i];
        if (!dr_vm_may_run(vm->status) || !dr_vm_of_group(&e->inventory, vm, domains, n))
            continue;
        first = first ? first : vm->name;
        running++;
    }
    if (running) {
        r->text = dr_arena_printf(c->arena, "%zu VM%s of group %s still run%s at %s", running,
                                  running == 1 ? "" : "s", c->group->name, running == 1 ? "s" : "",
                                  c->old->site->name);
        r->evidence = dr_arena_printf(c->arena, "%s%s, says the engine of %s, %s", first,
                                      running > 1 ? " and others" : "", c->old->site->name,
                                      age(c, &e->seen));
        r->remedy = "shut them down first, or --storage-only when they are looked after elsewhere";
        return true;
    }
    for (size_t i = 0; i < n; i++)
        if (domains[i]->status != DR_SD_UNATTACHED && domains[i]->status != DR_SD_MAINTENANCE) {
            r->text =
                dr_arena_printf(c->arena,
                                "storage domain %s of group %s is not in maintenance at %s but "
                                "%s",
                                domains[i]->name, c->group->name, c->old->site->name,
                                dr_name(&dr_sd_status_names, (int)domains[i]->status));
            r->evidence = dr_arena_printf(c->arena, "the engine of %s, %s", c->old->site->name,
                                          age(c, &e->seen));
            r->remedy = "put it into maintenance there first, or --storage-only";
            return true;
        }
    return false;
}

static bool
can_do(const struct dr_guard_case *c, struct dr_refusal *r)
{
    const struct dr_table_row *row = dr_table_find(dr_goal_operation(c->in->goal));
    for (size_t i = 0; row && i < row->n_steps; i++) {
        const struct dr_table_step *s = &row->steps[i];
        const struct dr_copy *at = s->at_target ? c->target : c->old;
        if (!s->capability || s->optional || !at)
            continue;
        if (s->kind == DR_STEP_EXPOSE && at->n_expose == 0)
            continue;
        if (s->kind == DR_STEP_FINALSYNC && c->group->mode == DR_MODE_SYNC)
            continue;
        if (dr_plan_array_can(c->in, at->array->name, s->capability))
            continue;
        /* A final transfer may be driven from either side. */
        if (s->kind == DR_STEP_FINALSYNC && c->old &&
            dr_plan_array_can(c->in, c->old->array->name, s->capability))
            continue;
        r->text = dr_arena_printf(c->arena, "array %s cannot %s, which promoting group %s needs",
                                  at->array->name, s->capability, c->group->name);
        r->evidence = dr_arena_printf(c->arena, "plugin %s does not declare it", at->array->plugin);
        r->remedy = s->kind == DR_STEP_EXPOSE
                        ? "leave `expose` out of the copy and keep the LUNs exposed at the array"
                        : "use a plugin version that can";
        r->capability = true;
        return true;
    }
    return false;
}

/* A declaration that nothing can save: known before anything waits. */
static bool
evidence_possible(const struct dr_guard_case *c, struct dr_refusal *r)
{
    if (!c->old || !c->record->present || (c->old_facts && c->old_facts->fresh))
        return false;
    enum dr_declared said = dr_goal_declared(c->in->goal, c->old->site->name);
    if (said == DR_DECLARED_SITE_LOST || said == DR_DECLARED_OUTAGE)
        return false; /* weighed with the fence */
    const char *alive = dr_evidence_alive(c->arena, c->group, c->old, c->in->facts, &r->remedy);
    if (alive) {
        r->text = dr_arena_printf(c->arena, "cannot see whether group %s is writable at %s",
                                  c->group->name, c->old->site->name);
        r->evidence = alive;
        return true;
    }
    r->text = dr_arena_printf(c->arena, "cannot see whether group %s is writable at %s", c->group->name,
                              c->old->site->name);
    r->evidence = dr_arena_printf(c->arena, "array %s does not answer: %s; last known: %s, %s",
                                  c->old->array->name,
                                  endpoint_trouble(c, DR_ENDPOINT_ARRAY, c->old->array->name),
                                  access_word(c->old_facts),
                                  c->old_facts ? age(c, &c->old_facts->seen) : "never seen");
    r->remedy = said == DR_DECLARED_PARTITION
                    ? dr_arena_printf(c->arena, "a partition alone allows nothing: fence the copy at %s "
                                                "by hand, or --declare site-lost:%s when nobody there "
                                                "can write",
                                      c->old->site->name, c->old->site->name)
                    : dr_arena_printf(c->arena, "if nobody there can write: --declare site-lost:%s "
                                                "--reason TEXT",
                                      c->old->site->name);
    return true;
}

static const struct {
    const char *id;
    unsigned when;
    guard_fn refuses;
    bool last; /* nothing after it makes sense */
} guards[] = {
    {"R091", BOTH, record_sound, true},
    {"R010", BOTH, needs_record, true},
    {"R011", BOTH, active_passive, true},
    {"R012", BOTH, known_primary, true},
    {"R013", BOTH, no_open_run, true},
    {"R050", BOTH | THERE, epoch_current, true},
    {"R020", THERE, primary_serves, true},
    {"R016", BOTH, target_answers, true},
    {"R015", PLANNED, old_answers, true},
    {"R021", UNPLANNED, evidence_possible, false},
    {"R014", BOTH, target_not_in_use, true},
    {"R033", BOTH, direction_as_recorded, true},
    {"R017", BOTH, members_whole, false},
    {"R026", BOTH, target_consistent, false},
    {"R018", PLANNED, relation_healthy, false},
    {"R019", PLANNED, no_vms_at_old, false},
    {"R030", BOTH, can_do, false},
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
    c->target = dr_group_copy(group, in->goal->to);
    if (c->record->present)
        c->old = dr_group_copy(group, c->record->record.primary);
    if (c->target)
        c->target_facts = dr_facts_copy(in->facts, group->name, c->target->site->name);
    if (c->old)
        c->old_facts = dr_facts_copy(in->facts, group->name, c->old->site->name);
}

size_t
dr_guard_group(const struct dr_guard_case *c, bool there, struct dr_refusal **refusals, size_t *n)
{
    unsigned when = there ? THERE : c->in->goal->unplanned ? UNPLANNED : PLANNED;
    size_t before = *n;
    for (size_t i = 0; i < DR_COUNT(guards); i++) {
        struct dr_refusal r = {.id = guards[i].id, .group = c->group->name};
        if (!(guards[i].when & when) || !guards[i].refuses(c, &r))
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
    static const char *const ids[] = {"R010", "R011", "R012", "R013", "R014", "R015", "R016",
                                      "R017", "R018", "R019", "R020", "R021", "R022", "R024",
                                      "R025", "R026", "R027", "R028", "R030", "R031", "R033",
                                      "R034", "R035", "R036", "R037", "R040", "R050", "R060",
                                      "R061", "R090", "R091", "R092", "R093", "R094"};
    *ret_n = DR_COUNT(ids);
    return ids;
}
