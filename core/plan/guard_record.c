/* Refusals that look at the record, the run and the epoch. */
#include "plan/guard_internal.h"

#include "plan/command.h"

#include "base/str.h"
#include "model/words.h"

/* The command that makes the first record on the way (dr_adopt_one_sided()). */
static const char *
one_sided(const struct dr_guard_case *c)
{
    struct dr_goal named = *c->in->goal;
    const char *group = c->group->name;
    named.selection = NULL;
    named.groups = &group;
    named.n_groups = 1;
    return dr_command_text(
        c->arena, &named,
        &(struct dr_command_change){.declare = c->old->site->name, .accept_loss = "unknown"});
}

bool
dr_guard_needs_record(const struct dr_guard_case *c, struct dr_refusal *r)
{
    if (c->record->present || c->record->damaged)
        return false;
    r->text = dr_arena_printf(c->arena,
                              "group %s has no record: drstor does not know which copy is the "
                              "primary",
                              c->group->name);
    r->evidence = "nothing in the store";
    bool dark = c->in->goal->unplanned && c->old && !(c->old_facts && c->old_facts->fresh);
    r->remedy = dark
                    ? dr_arena_printf(
                          c->arena,
                          "if %s is lost, it can be made from what %s has, for a group that is "
                          "named: %s",
                          c->old->site->name, c->target ? c->target->site->name : "?", one_sided(c))
                    : dr_arena_printf(c->arena, "drstor adopt %s, while both sites can be seen",
                                      c->group->name);
    return true;
}

bool
dr_guard_record_sound(const struct dr_guard_case *c, struct dr_refusal *r)
{
    if (!c->record->damaged)
        return false;
    r->text = dr_arena_printf(c->arena, "the record of group %s cannot be trusted", c->group->name);
    r->evidence = c->record->damaged;
    r->remedy = "keep a copy of the database; restore it from a backup, or look at both arrays and "
                "adopt the group into a new one";
    return true;
}

bool
dr_guard_supersedes(const struct dr_plan_input *in, const char *run)
{
    for (size_t i = 0; i < in->n_records; i++) {
        const struct dr_record *r = &in->records[i].record;
        if (dr_streq(in->records[i].open_run, run) && dr_streq(r->primary, in->goal->to) &&
            !dr_record_at_rest(r) && r->phase != DR_PHASE_FENCING)
            return false;
    }
    return in->goal->unplanned;
}

bool
dr_guard_no_open_run(const struct dr_guard_case *c, struct dr_refusal *r)
{
    const char *run = c->record->open_run;
    enum dr_phase phase = c->record->record.phase;
    if (run && (dr_streq(run, c->in->own_run) || dr_guard_supersedes(c->in, run)))
        return false;
    /*
     * Before its commit a run gives nothing up: a record left fencing can be planned from anew. A
     * drill stands beside everything else. Where the run that left it half way is gone (aborted,
     * superseded, or another controller's), what ends it is a flip or a resync of its own.
     */
    if (!run && (dr_record_at_rest(&c->record->record) || phase == DR_PHASE_FENCING ||
                 c->operation == DR_OPERATION_SERVE || c->operation == DR_OPERATION_PROMOTE ||
                 c->operation == DR_OPERATION_SURVIVOR ||
                 (c->operation == DR_OPERATION_REPROTECT && phase == DR_PHASE_RESYNCING)))
        return false;
    if (!run) {
        const char *group = c->group->name, *primary = c->record->record.primary;
        r->text =
            dr_arena_printf(c->arena,
                            "group %s is in the middle of something, and no open run is known "
                            "that could end it",
                            group);
        r->evidence = dr_arena_printf(c->arena, "the record is %s, primary %s, epoch %lld",
                                      dr_name(&dr_phase_names, (int)phase), primary,
                                      (long long)c->record->record.epoch);
        r->remedy =
            phase == DR_PHASE_RESYNCING
                ? dr_arena_printf(c->arena, "drstor reprotect %s begins it anew", group)
                : dr_arena_printf(c->arena, "drstor promote %s --to %s ends it", group, primary);
        return true;
    }
    r->text = dr_arena_printf(c->arena, "run %s of group %s has not ended", run, c->group->name);
    r->evidence = dr_arena_printf(c->arena, "the record is %s",
                                  dr_name(&dr_phase_names, (int)c->record->record.phase));
    r->remedy = c->in->goal->unplanned
                    ? dr_arena_printf(c->arena,
                                      "drstor run resume %s; where it cannot end because it needs "
                                      "what is lost: drstor run abort %s, then run again",
                                      run, run)
                    : dr_arena_printf(c->arena, "drstor run resume %s", run);
    return true;
}

bool
dr_guard_known_primary(const struct dr_guard_case *c, struct dr_refusal *r)
{
    const char *primary = c->record->record.primary;
    if (!c->record->present || c->record->damaged || (primary && dr_group_copy(c->group, primary)))
        return false;
    r->text = dr_arena_printf(c->arena,
                              "the record of group %s names %s as primary, and the configuration "
                              "has no copy there",
                              c->group->name,
                              c->record->record.primary ? c->record->record.primary : "nobody");
    r->evidence = c->in->model->file;
    r->remedy = "put the copy back into the configuration";
    return true;
}

bool
dr_guard_active_passive(const struct dr_guard_case *c, struct dr_refusal *r)
{
    if (c->group->topology != DR_TOPOLOGY_ACTIVE_ACTIVE || c->operation == DR_OPERATION_SURVIVOR)
        return false;
    r->text = dr_arena_printf(c->arena,
                              "group %s is active-active: both sites may write, there is "
                              "nothing to promote",
                              c->group->name);
    r->evidence = "topology: active-active in the configuration";
    r->remedy =
        dr_arena_printf(c->arena,
                        "leave it out (--except %s); drstor status %s shows both copies. When one "
                        "site is lost, the other goes on by an unplanned promote to it",
                        c->group->name, c->group->name);
    r->capability = true;
    return true;
}

bool
dr_guard_epoch_current(const struct dr_guard_case *c, struct dr_refusal *r)
{
    const struct dr_copy_facts *both[] = {c->target_facts, c->old_facts};
    for (size_t i = 0; c->record->present && i < DR_COUNT(both); i++) {
        if (!both[i] || both[i]->view.epoch <= c->record->record.epoch)
            continue;
        r->text = dr_arena_printf(
            c->arena, "array %s knows epoch %lld of group %s, this controller only %lld",
            both[i]->array, (long long)both[i]->view.epoch, c->group->name,
            (long long)c->record->record.epoch);
        r->evidence = dr_arena_printf(c->arena, "array %s, %s", both[i]->array,
                                      dr_guard_age(c, &both[i]->seen));
        r->remedy = "another controller has flipped this group since: work from that one; if it is "
                    "gone, take its role over: drstor takeover --declare site-lost:SITE --reason "
                    "TEXT";
        return true;
    }
    return false;
}
