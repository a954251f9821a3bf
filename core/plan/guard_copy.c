/* Refusals that look at the copies: who answers, what is whole, which way data flows. */
#include "plan/guard_internal.h"

#include "plan/command.h"
#include "plan/evidence.h"
#include "plan/loss.h"

#include "base/str.h"
#include "base/timetext.h"
#include "model/words.h"

#include <string.h>

/* A group of one copy has nothing to move to, to follow it or to rehearse on. */
static bool
no_copy(const struct dr_guard_case *c, struct dr_refusal *r)
{
    r->text = dr_arena_printf(c->arena, "group %s has no second copy", c->group->name);
    r->evidence = c->in->model->file;
    r->remedy = "configure the copy at the other site";
    return true;
}

bool
dr_guard_target_answers(const struct dr_guard_case *c, struct dr_refusal *r)
{
    if (!c->target)
        return no_copy(c, r);
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
    const char *array = c->target->array->name;
    /* One that does not trust us, or that we do not trust, is not away. */
    bool strange = e && dr_streq(e->error_word, dr_status_name(DRSTOR_E_AUTH));
    r->text = dr_arena_printf(c->arena, "the target of group %s cannot be seen: array %s %s",
                              c->group->name, array,
                              strange ? "and drstor do not trust each other" : "does not answer");
    r->evidence = dr_guard_trouble(c, DR_ENDPOINT_ARRAY, array);
    r->remedy =
        strange ? dr_arena_printf(c->arena,
                                  "put right its user, key or password in the configuration, or "
                                  "the key that it shows: drstor trust show %s",
                                  array)
                : dr_arena_printf(
                      c->arena, "bring array %s back; nothing can be done there without it", array);
    return true;
}

bool
dr_guard_old_answers(const struct dr_guard_case *c, struct dr_refusal *r)
{
    if (!c->old)
        return no_copy(c, r);
    if (c->old_facts && c->old_facts->fresh)
        return false;
    bool flip = c->operation == DR_OPERATION_SWITCHOVER;
    const char *site = c->old->site->name, *group = c->group->name;
    const char *alive = dr_evidence_alive(c->arena, c->group, c->old, c->in->facts, &r->remedy);
    if (alive) {
        r->text = dr_arena_printf(
            c->arena, "the copy of group %s at %s cannot be read: %s", group, site,
            flip ? "a planned promote needs both sites" : "nothing can be done with it");
        r->evidence = alive;
        return true;
    }
    r->text = flip ? dr_arena_printf(c->arena,
                                     "%s does not answer: a planned promote of %s needs both sites",
                                     site, group)
                   : dr_arena_printf(
                         c->arena, "%s does not answer: the copy of %s there cannot be %s", site,
                         group, c->operation == DR_OPERATION_DEMOTE ? "demoted" : "made to follow");
    const char *trouble = dr_guard_trouble(c, DR_ENDPOINT_ARRAY, c->old->array->name);
    bool named = strncmp(trouble, "array ", strlen("array ")) == 0;
    r->evidence =
        named ? trouble : dr_arena_printf(c->arena, "array %s: %s", c->old->array->name, trouble);
    struct dr_command_change lost = {.unplanned = true, .declare = site};
    if (c->in->goal->verb == DR_VERB_FAILBACK)
        lost.to = c->target->site->name;
    r->remedy = flip ? dr_arena_printf(c->arena, "bring array %s back, or, if %s is lost: %s",
                                       c->old->array->name, site,
                                       dr_command_text(c->arena, c->in->goal, &lost))
                     : dr_arena_printf(c->arena,
                                       "bring array %s back, then run again; where %s has to serve "
                                       "meanwhile: promote --unplanned",
                                       c->old->array->name, group);
    return true;
}

bool
dr_guard_relation_healthy(const struct dr_guard_case *c, struct dr_refusal *r)
{
    const struct dr_copy_facts *t = c->target_facts;
    if (!c->old || !t || !t->fresh)
        return false;
    if (t->view.relation == DRSTOR_RELATION_DESTINATION &&
        (t->view.sync == DRSTOR_SYNC_IN_SYNC ||
         (c->group->mode == DR_MODE_ASYNC &&
          (t->view.sync == DRSTOR_SYNC_LAGGING ||
           (t->view.sync == DRSTOR_SYNC_SYNCING && t->view.point >= 0)))))
        return false;
    bool follows = t->view.relation == DRSTOR_RELATION_DESTINATION;
    r->text =
        follows
            ? dr_arena_printf(
                  c->arena, "replication of group %s is not healthy: the copy at %s is %s",
                  c->group->name, c->target->site->name, dr_name(&dr_sync_names, (int)t->view.sync))
            : dr_arena_printf(c->arena, "nothing says that the copy of group %s at %s follows %s",
                              c->group->name, c->target->site->name, c->old->site->name);
    r->evidence = dr_arena_printf(c->arena, "array %s: %s, relation %s, %s", t->array,
                                  dr_name(&dr_sync_names, (int)t->view.sync),
                                  dr_name(&dr_relation_names, (int)t->view.relation),
                                  dr_guard_age(c, &t->seen));
    r->remedy = "repair replication first, and let it catch up";
    return true;
}

/* The primary follows the copy that it shall overwrite: nothing is resynchronised over it. */
static bool
primary_follows(const struct dr_guard_case *c, struct dr_refusal *r)
{
    const struct dr_copy_facts *f = c->target_facts;
    if (!f || !f->fresh || f->view.relation != DRSTOR_RELATION_DESTINATION)
        return false;
    r->text =
        dr_arena_printf(c->arena, "array %s says that %s, the primary by the record, follows %s",
                        f->array, c->target->site->name, c->old->site->name);
    r->evidence = dr_arena_printf(c->arena, "array %s: relation destination, %s", f->array,
                                  dr_guard_age(c, &f->seen));
    r->remedy = "look at both copies; a person has to say which data counts";
    return true;
}

/* Pausing and going on are about a copy that follows; of any other they would make something else.
 */
static bool
does_not_follow(const struct dr_guard_case *c, struct dr_refusal *r)
{
    const struct dr_copy_facts *t = c->target_facts;
    if (!t || !t->fresh ||
        (t->view.relation == DRSTOR_RELATION_DESTINATION &&
         c->record->record.old_copy == DR_OLD_COPY_NONE))
        return false;
    r->text = dr_arena_printf(c->arena, "the copy of group %s at %s does not follow %s",
                              c->group->name, c->target->site->name, c->old->site->name);
    r->evidence = dr_arena_printf(c->arena, "array %s: relation %s, %s; record: old copy %s",
                                  t->array, dr_name(&dr_relation_names, (int)t->view.relation),
                                  dr_guard_age(c, &t->seen),
                                  dr_name(&dr_old_copy_names, (int)c->record->record.old_copy));
    r->remedy = dr_arena_printf(c->arena, "drstor reprotect %s makes it follow", c->group->name);
    return true;
}

/* Both sides are heard: a stale word of the old one is no fact about now. */
bool
dr_guard_direction_as_recorded(const struct dr_guard_case *c, struct dr_refusal *r)
{
    const struct dr_copy_facts *both[] = {c->target_facts, c->old_facts};
    if (c->operation == DR_OPERATION_REPROTECT)
        return primary_follows(c, r);
    if (c->operation == DR_OPERATION_SUSPEND || c->operation == DR_OPERATION_RESUME)
        return does_not_follow(c, r);
    for (size_t i = 0; c->record->present && i < DR_COUNT(both); i++) {
        const struct dr_copy_facts *f = both[i];
        if (!f || !f->fresh)
            continue;
        bool diverged = f->view.sync == DRSTOR_SYNC_DIVERGED;
        /* A copy that was left behind has its old role still: that says nothing of now. */
        if (i == 0 && !diverged && c->record->record.old_copy != DR_OLD_COPY_NONE &&
            !dr_streq(c->record->record.primary, c->target->site->name))
            continue;
        if (!diverged &&
            f->view.relation != (i == 0 ? DRSTOR_RELATION_SOURCE : DRSTOR_RELATION_DESTINATION))
            continue;
        /* A copy that was left behind still calls itself the source: the record knows better, and
         * its loss is unknown. */
        if (!diverged && i == 0 && c->record->record.old_copy != DR_OLD_COPY_NONE)
            continue;
        /* Committed, and never opened: it follows still, and the way back is over the same fence.
         */
        bool untaken = !diverged && i == 1 &&
                       dr_loss_never_taken(&c->record->record, c->target, f, c->target_facts);
        if (untaken && c->operation == DR_OPERATION_PROMOTE)
            continue;
        r->text = diverged ? dr_arena_printf(c->arena,
                                             "group %s has diverged: both copies have writes the "
                                             "other lacks",
                                             c->group->name)
                           : dr_arena_printf(c->arena,
                                             "array %s says that %s feeds %s, not the other way "
                                             "round as the record has it",
                                             f->array, c->target->site->name, c->old->site->name);
        r->evidence = dr_arena_printf(c->arena, "array %s: %s, relation %s, %s", f->array,
                                      dr_name(&dr_sync_names, (int)f->view.sync),
                                      dr_name(&dr_relation_names, (int)f->view.relation),
                                      dr_guard_age(c, &f->seen));
        r->remedy =
            untaken ? dr_arena_printf(
                          c->arena, "%s never took over; to go back: %s", c->old->site->name,
                          dr_command_text(c->arena, c->in->goal,
                                          &(struct dr_command_change){.to = c->target->site->name,
                                                                      .unplanned = true}))
                    : "look at both copies; a person has to say which data counts: end that "
                      "replication at the arrays, and promote unplanned where it is";
        return true;
    }
    return false;
}

/* Promotion by shrinking a group is forbidden: every member of the record must be there, paired. */
bool
dr_guard_members_whole(const struct dr_guard_case *c, struct dr_refusal *r)
{
    const struct dr_copy_facts *t = c->target_facts;
    if (!t || !t->fresh)
        return false;
    const struct dr_record *rec = &c->record->record;
    if (t->view.n_members == 0) {
        r->text = dr_arena_printf(c->arena, "the copy of group %s at %s has no members",
                                  c->group->name, c->target->site->name);
    } else if (c->record->present && rec->n_members && t->view.n_members < rec->n_members) {
        r->text = dr_arena_printf(c->arena,
                                  "the copy of group %s at %s has %zu of %zu volumes of the "
                                  "record",
                                  c->group->name, c->target->site->name, t->view.n_members,
                                  rec->n_members);
    } else if (c->operation == DR_OPERATION_SWITCHOVER && c->old_facts &&
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
    r->evidence = dr_arena_printf(c->arena, "array %s, %s", t->array, dr_guard_age(c, &t->seen));
    r->remedy = "bring the missing volumes into replication, or adopt the group again as it is";
    return true;
}

/* A full copy that was under way when the source went away is no point in time. */
bool
dr_guard_target_consistent(const struct dr_guard_case *c, struct dr_refusal *r)
{
    const struct dr_copy_facts *t = c->target_facts;
    if (!t || !t->fresh || t->view.access == DRSTOR_ACCESS_READ_WRITE)
        return false;
    if (c->in->goal->point && c->operation == DR_OPERATION_PROMOTE)
        return false; /* that is what is promoted, whatever was under way since */
    if (t->view.relation == DRSTOR_RELATION_SOURCE && c->operation == DR_OPERATION_PROMOTE)
        return false; /* it was written, not copied */
    if (t->view.point >= 0 || t->view.sync == DRSTOR_SYNC_IN_SYNC)
        return false;
    r->text =
        dr_arena_printf(c->arena, "the copy of group %s at %s holds no consistent point in time",
                        c->group->name, c->target->site->name);
    r->evidence =
        dr_arena_printf(c->arena, "array %s: %s, no recovery point, %s", t->array,
                        dr_name(&dr_sync_names, (int)t->view.sync), dr_guard_age(c, &t->seen));
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
bool
dr_guard_target_not_in_use(const struct dr_guard_case *c, struct dr_refusal *r)
{
    const struct dr_copy_facts *t = c->target_facts;
    if (!t || !t->fresh || !c->record->present || (c->record->open_run && !c->in->goal->unplanned))
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
    r->evidence = dr_arena_printf(c->arena, "array %s, %s; record: primary %s, epoch %lld",
                                  t->array, dr_guard_age(c, &t->seen), c->record->record.primary,
                                  (long long)c->record->record.epoch);
    r->remedy = dr_arena_printf(c->arena,
                                "find out who writes at %s; if nothing there counts, make every "
                                "volume of it read-only at array %s, then run again",
                                site, t->array);
    return true;
}

/* What is not served is no source: a copy that follows it would have nothing to follow. */
bool
dr_guard_primary_serves(const struct dr_guard_case *c, struct dr_refusal *r)
{
    const struct dr_copy_facts *t = c->target_facts;
    if (!t || !t->fresh || dr_view_writable(&t->view))
        return false;
    size_t writable = 0;
    for (size_t i = 0; i < t->view.n_members; i++)
        writable += t->view.members[i].access == DRSTOR_ACCESS_READ_WRITE;
    r->text = dr_arena_printf(c->arena,
                              "%s is the primary of group %s by its record, but the group is not "
                              "writable there",
                              c->target->site->name, c->group->name);
    r->evidence = dr_arena_printf(c->arena, "array %s: %s, %zu of %zu volumes writable, %s",
                                  t->array, dr_guard_access_word(t), writable, t->view.n_members,
                                  dr_guard_age(c, &t->seen));
    r->remedy = dr_arena_printf(c->arena, "drstor promote %s --to %s makes it serve there again",
                                c->group->name, c->target->site->name);
    return true;
}

/* ---- drills ---------------------------------------------------------------------------------- */

bool
dr_guard_no_drill(const struct dr_guard_case *c, struct dr_refusal *r)
{
    const struct dr_drill *d = &c->record->record.drill;
    bool matters = c->operation == DR_OPERATION_DRILL_START ||
                   (c->old && dr_streq(d->site, c->old->site->name));
    if (!d->name || !matters)
        return false;
    r->text = dr_arena_printf(c->arena, "a drill of group %s is under way at %s", c->group->name,
                              d->site);
    r->evidence = dr_arena_printf(c->arena, "clone %s, made by run %s on %s", d->name, d->run,
                                  dr_utc_text(c->arena, d->started));
    r->remedy = dr_arena_printf(c->arena, "drstor drill clean %s", c->group->name);
    return true;
}

/* What a held site has was left behind: nothing starts from it there, not even apart from the rest.
 */
bool
dr_guard_site_not_held(const struct dr_guard_case *c, struct dr_refusal *r)
{
    const struct dr_record *rec = &c->record->record;
    bool held = false;
    for (size_t i = 0; c->target && i < rec->n_site_hold; i++)
        held |= dr_streq(rec->site_hold[i], c->target->site->name);
    if (!held)
        return false;
    const char *site = c->target->site->name;
    r->text = dr_arena_printf(c->arena, "%s is held for group %s: no application may start there",
                              site, c->group->name);
    r->evidence = dr_arena_printf(c->arena, "record: old copy %s, primary %s, epoch %lld",
                                  dr_name(&dr_old_copy_names, (int)rec->old_copy), rec->primary,
                                  (long long)rec->epoch);
    r->remedy = dr_arena_printf(
        c->arena, "drstor reprotect %s makes it follow again, and lets it go", c->group->name);
    return true;
}

bool
dr_guard_drill_there(const struct dr_guard_case *c, struct dr_refusal *r)
{
    if (c->record->record.drill.name)
        return false;
    r->text = dr_arena_printf(c->arena, "there is no drill of group %s", c->group->name);
    r->evidence = "the record names no clone";
    r->remedy = dr_arena_printf(c->arena, "drstor drill start %s", c->group->name);
    return true;
}

bool
dr_guard_can_do(const struct dr_guard_case *c, struct dr_refusal *r)
{
    const struct dr_table_row *row = dr_table_find(c->operation);
    const struct dr_copy_facts *t = c->target_facts;
    if (c->operation == DR_OPERATION_SURVIVOR && t && t->fresh && !dr_view_writable(&t->view) &&
        !dr_plan_array_can(c->in, c->target->array->name, "force_access")) {
        r->text = dr_arena_printf(c->arena,
                                  "the leg of group %s at %s stands still, and its array cannot be "
                                  "told to go on",
                                  c->group->name, c->target->site->name);
        r->evidence = dr_arena_printf(c->arena, "plugin %s does not declare force_access",
                                      c->target->array->plugin);
        r->remedy = dr_arena_printf(c->arena, "let it go on at array %s by hand, then run again",
                                    c->target->array->name);
        r->capability = true;
        return true;
    }
    if (c->in->goal->point && c->target &&
        (c->operation == DR_OPERATION_PROMOTE || c->operation == DR_OPERATION_DRILL_START) &&
        !dr_plan_array_can(c->in, c->target->array->name, "points")) {
        r->text = dr_arena_printf(c->arena,
                                  "array %s lists no recovery points, so it has none of group %s "
                                  "called %s",
                                  c->target->array->name, c->group->name, c->in->goal->point);
        r->evidence = dr_arena_printf(c->arena, "plugin %s does not declare points",
                                      c->target->array->plugin);
        r->remedy = "leave --point out for the newest";
        r->capability = true;
        return true;
    }
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
        /* What replication does may be driven from either side. */
        if ((s->kind == DR_STEP_FINALSYNC || s->kind == DR_STEP_TRANSFER ||
             s->kind == DR_STEP_PAUSE || s->kind == DR_STEP_UNPAUSE) &&
            c->old && dr_plan_array_can(c->in, c->old->array->name, s->capability))
            continue;
        r->text = dr_arena_printf(c->arena, "array %s cannot %s, which this needs for group %s",
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
bool
dr_guard_evidence_possible(const struct dr_guard_case *c, struct dr_refusal *r)
{
    struct dr_fence f;
    if (!c->old || !c->record->present || (c->old_facts && c->old_facts->fresh))
        return false;
    enum dr_declared said = dr_goal_declared(c->in->goal, c->old->site->name);
    if (said == DR_DECLARED_SITE_LOST || said == DR_DECLARED_OUTAGE || c->in->goal->carries)
        return false; /* weighed with the fence */
    dr_guard_fence(c, &f);
    if (f.verdict != DR_FENCE_REFUSED)
        return false;
    *r = f.refusal;
    return true;
}

/*
 * The arrays have decided against this leg: the other one went on and has writes that this one
 * lacks. Nobody forces it.
 */
bool
dr_guard_leg_not_out(const struct dr_guard_case *c, struct dr_refusal *r)
{
    const struct dr_copy_facts *t = c->target_facts;
    bool answers = c->old_facts && c->old_facts->fresh;
    if (!t || !t->fresh || t->view.leg != DRSTOR_LEG_DETACHED)
        return false;
    const char *from = c->old ? c->old->site->name : "?";
    r->text = dr_arena_printf(c->arena,
                              "the leg of group %s at %s is out: the one at %s went on without it",
                              c->group->name, c->target->site->name, from);
    r->evidence = dr_arena_printf(c->arena, "array %s: leg detached, preferred %s, %s", t->array,
                                  t->view.preferred ? t->view.preferred : "unknown",
                                  dr_guard_age(c, &t->seen));
    r->remedy =
        answers ? dr_arena_printf(c->arena, "what was written last is at %s: %s", from,
                                  dr_command_text(c->arena, c->in->goal,
                                                  &(struct dr_command_change){.to = from}))
                : dr_arena_printf(c->arena,
                                  "bring array %s back: its leg has what was written last; then "
                                  "let it go on there, or let both join again",
                                  c->old ? c->old->array->name : "?");
    return true;
}
