/* What a plan rests on, each with the fact that says so. */
#include "plan/planner_internal.h"

#include "base/str.h"
#include "base/timetext.h"
#include "model/words.h"

static void
condition(struct planner *pl, const struct dr_group *g, const char *site, enum dr_require require,
          bool open, int64_t observed_at, const char *text, const char *fact)
{
    dr_arena_push(pl->a, pl->p->conditions, pl->p->n_conditions) =
        (struct dr_plan_condition){.text = text,
                                   .fact = fact,
                                   .observed_at = observed_at,
                                   .group = g->name,
                                   .site = site,
                                   .require = (int64_t)require,
                                   .open = open};
}

static const char *
copy_fact(struct planner *pl, const struct dr_copy_facts *f)
{
    if (!f)
        return "never read";
    const struct dr_copy_view *v = &f->view;
    struct dr_str s = {0};
    dr_str_printf(&s, "array %s: %s, %s", f->array, dr_name(&dr_access_names, (int)v->access),
                  dr_name(&dr_sync_names, (int)v->sync));
    if (v->lag_s >= 0)
        dr_str_printf(&s, ", lag %lld s", (long long)v->lag_s);
    if (v->point >= 0)
        dr_str_printf(&s, ", recovery point %s", dr_utc_text(pl->a, v->point));
    const char *text = dr_arena_str(pl->a, s.s);
    dr_str_freep(&s);
    return text;
}

/* Does a step of KIND in this row bring WHAT about? */
static bool
gives(const struct dr_table_row *row, enum dr_step_kind kind, enum dr_require what)
{
    for (size_t i = 0; i < row->n_steps; i++)
        if (row->steps[i].kind == kind && (row->steps[i].gives & what))
            return true;
    return false;
}

static void
reachable(struct planner *pl, const struct dr_guard_case *c, const struct dr_copy *copy,
          const struct dr_copy_facts *f, enum dr_require require)
{
    condition(pl, c->group, copy->site->name, require, false, f->seen.utc,
              require == DR_REQUIRE_TARGET_REACHABLE
                  ? dr_arena_printf(pl->a, "%s %s at %s", c->group->name,
                                    dr_name(&dr_access_names, (int)f->view.access),
                                    copy->site->name)
                  : dr_arena_printf(pl->a, "%s answers for %s", copy->site->name, c->group->name),
              copy_fact(pl, f));
}

/* The row says what must hold before anything is touched; here is the fact that says it does. */
void
dr_planner_conditions(struct planner *pl, const struct dr_guard_case *c)
{
    struct dr_arena *a = pl->a;
    const struct dr_record *rec = &c->record->record;
    const char *g = c->group->name, *to = c->target ? c->target->site->name : "?",
               *from = c->old ? c->old->site->name : "?";
    unsigned needs = pl->row->needs;

    condition(
        pl, c->group, rec->primary, DR_REQUIRE_RECORD, false, pl->in->facts->now.utc,
        dr_arena_printf(a, "%s: primary %s, epoch %lld", g, rec->primary, (long long)rec->epoch),
        c->adopts
            ? dr_arena_printf(a, "no record: the first one is made from what %s holds", to)
            : dr_arena_printf(a, "record %s, seq %lld", dr_name(&dr_phase_names, (int)rec->phase),
                              (long long)rec->seq));
    if (needs & DR_REQUIRE_TARGET_REACHABLE)
        reachable(pl, c, c->target, c->target_facts, DR_REQUIRE_TARGET_REACHABLE);
    if (needs & DR_REQUIRE_RELATION_HEALTHY)
        condition(pl, c->group, to, DR_REQUIRE_RELATION_HEALTHY, false, c->target_facts->seen.utc,
                  dr_arena_printf(a, "%s: replication from %s to %s is healthy", g, from, to),
                  copy_fact(pl, c->target_facts));
    if (needs & DR_REQUIRE_OLD_REACHABLE)
        reachable(pl, c, c->old, c->old_facts, DR_REQUIRE_OLD_REACHABLE);
    if ((needs & DR_REQUIRE_NO_VMS_AT_OLD) && !pl->in->goal->storage_only)
        condition(pl, c->group, from, DR_REQUIRE_NO_VMS_AT_OLD, false, pl->in->facts->now.utc,
                  dr_arena_printf(a, "no VM of %s runs at %s", g, from),
                  c->old->site->engine ? dr_arena_printf(a, "engine of %s", from)
                                       : "no engine there");
    if (needs & DR_REQUIRE_CLONED)
        condition(pl, c->group, to, DR_REQUIRE_CLONED, false, pl->in->facts->now.utc,
                  dr_arena_printf(a, "clone %s of %s at %s", rec->drill.name, g, to),
                  dr_arena_printf(a, "made by run %s", rec->drill.run));
    if (pl->flip->point && c->operation != DR_OPERATION_SERVE)
        condition(pl, c->group, to, DR_REQUIRE_CONSISTENT, false, c->target_facts->points_seen.utc,
                  dr_arena_printf(a, "%s has point %s at %s, %s", g, pl->flip->point, to,
                                  dr_planner_point_moment(pl)),
                  dr_arena_printf(a, "array %s lists it", c->target_facts->array));
    if (gives(pl->row, DR_STEP_FENCE, DR_REQUIRE_EVIDENCE))
        condition(pl, c->group, from, DR_REQUIRE_EVIDENCE, true, -1,
                  dr_arena_printf(a, "%s cannot be written at %s", g, from),
                  "proven during the run, before the commit");
}
