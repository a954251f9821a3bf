#include "plan/planner.h"

#include "plan/evidence.h"
#include "plan/guard_internal.h"
#include "plan/loss.h"
#include "plan/stage.h"

#include "base/str.h"
#include "base/timetext.h"
#include "model/words.h"

struct planner {
    struct dr_arena *a;
    const struct dr_plan_input *in;
    const struct dr_table_row *row;
    struct dr_plan *p;
    int64_t fence_s; /* of the group at hand: how long its fence is expected to take */
    const struct dr_loss *destroys; /* of the group at hand: what a resync overwrites */
    struct dr_plan_group *flip;     /* of the group at hand */
};

/* ---- conditions ------------------------------------------------------------------------------ */

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

/* Which moment the point of the group at hand is. */
static const char *
point_moment(struct planner *pl)
{
    return pl->flip->point_at >= 0 ? dr_utc_text(pl->a, pl->flip->point_at) : "of no known moment";
}

/* The row says what must hold before anything is touched; here is the fact that says it does. */
static void
conditions(struct planner *pl, const struct dr_guard_case *c)
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
                                  point_moment(pl)),
                  dr_arena_printf(a, "array %s lists it", c->target_facts->array));
    if (gives(pl->row, DR_STEP_FENCE, DR_REQUIRE_EVIDENCE))
        condition(pl, c->group, from, DR_REQUIRE_EVIDENCE, true, -1,
                  dr_arena_printf(a, "%s cannot be written at %s", g, from),
                  "proven during the run, before the commit");
}

/* ---- steps ----------------------------------------------------------------------------------- */

static const char *
step_id(struct dr_arena *a, enum dr_step_kind kind, const char *group)
{
    return dr_arena_printf(a, "%s:%s", dr_name(&dr_step_kind_names, (int)kind), group);
}

static struct dr_plan_step *
step_find(struct dr_plan *p, enum dr_step_kind kind, const char *group)
{
    for (size_t i = 0; i < p->n_steps; i++)
        if (p->steps[i].kind == kind && dr_streq(p->steps[i].group, group))
            return &p->steps[i];
    return NULL;
}

static void
need(struct planner *pl, struct dr_plan_step *s, enum dr_step_kind kind)
{
    const struct dr_plan_step *on = step_find(pl->p, kind, s->group);
    if (on)
        dr_arena_push(pl->a, s->needs, s->n_needs) = on->id;
}

/*
 * What must be over before a step of KIND starts: the steps that its row puts before it. Only after
 * the promotion things run beside each other: nothing that serves waits for the old copy to follow.
 */
static void
needs(struct planner *pl, struct dr_plan_step *s)
{
    switch (s->kind) {
    case DR_STEP_UNKNOWN:
    case DR_STEP_PRESYNC:
    case DR_STEP_FENCE:
    case DR_STEP_PAUSE:
    case DR_STEP_UNPAUSE:
    case DR_STEP_TRANSFER:
    case DR_STEP_CLONE:
    case DR_STEP_REHEARSE:
    case DR_STEP_UNCLONE:
        break;
    case DR_STEP_DEMOTE:
        need(pl, s, DR_STEP_PRESYNC);
        break;
    case DR_STEP_FINALSYNC:
    case DR_STEP_WITHDRAW:
        need(pl, s, DR_STEP_DEMOTE);
        break;
    case DR_STEP_SNAPSHOT:
        need(pl, s, DR_STEP_DEMOTE);
        need(pl, s, DR_STEP_WITHDRAW);
        break;
    case DR_STEP_INTEND:
        need(pl, s, DR_STEP_DEMOTE);
        need(pl, s, DR_STEP_WITHDRAW);
        need(pl, s, DR_STEP_SNAPSHOT);
        break;
    case DR_STEP_RESYNC:
        need(pl, s, DR_STEP_INTEND);
        break;
    case DR_STEP_FOLLOW:
        need(pl, s, DR_STEP_RESYNC);
        break;
    case DR_STEP_COMMIT:
        need(pl, s, DR_STEP_FINALSYNC);
        need(pl, s, DR_STEP_FENCE);
        break;
    case DR_STEP_TAG:
        need(pl, s, DR_STEP_COMMIT);
        break;
    case DR_STEP_PROMOTE:
        need(pl, s, DR_STEP_COMMIT);
        need(pl, s, DR_STEP_TAG);
        break;
    case DR_STEP_REVERSE:
    case DR_STEP_EXPOSE:
        need(pl, s, DR_STEP_PROMOTE);
        break;
    case DR_STEP_HANDOVER:
        need(pl, s, DR_STEP_PROMOTE);
        need(pl, s, DR_STEP_EXPOSE);
        break;
    case DR_STEP_STAGE:
        need(pl, s, DR_STEP_HANDOVER);
        break;
    case DR_STEP_SETTLE: {
        /* Not for the old copy to follow: what is served is served, even if that site dies now. */
        static const enum dr_step_kind last[] = {DR_STEP_PROMOTE,  DR_STEP_EXPOSE,  DR_STEP_STAGE,
                                                 DR_STEP_WITHDRAW, DR_STEP_FOLLOW,  DR_STEP_PAUSE,
                                                 DR_STEP_TRANSFER, DR_STEP_CLONE,   DR_STEP_UNCLONE,
                                                 DR_STEP_UNPAUSE,  DR_STEP_REHEARSE};
        for (size_t i = 0; i < DR_COUNT(last); i++)
            need(pl, s, last[i]);
        if (!s->n_needs)
            need(pl, s, DR_STEP_DEMOTE);
        break;
    }
    }
}

static bool
wanted(const struct planner *pl, const struct dr_guard_case *c, const struct dr_table_step *t)
{
    const struct dr_copy *at = t->at_target ? c->target : c->old;
    bool engine = c->target && c->target->site->engine && !pl->in->goal->storage_only;
    switch (t->kind) {
    case DR_STEP_HANDOVER:
    case DR_STEP_STAGE:
        return engine;
    case DR_STEP_EXPOSE:
        return at->n_expose > 0;
    case DR_STEP_PRESYNC:
        /* A synchronous pair has nothing to transfer; that it is in sync is read after the
         * demotion. */
        return c->group->mode == DR_MODE_ASYNC;
    case DR_STEP_FINALSYNC:
        return true;
    case DR_STEP_SNAPSHOT:
        /* Nothing that only this copy has: nothing to keep. */
        return !pl->destroys->proven_zero &&
               dr_plan_array_can(pl->in, at->array->name, t->capability);
    case DR_STEP_UNKNOWN:
    case DR_STEP_DEMOTE:
    case DR_STEP_FENCE:
    case DR_STEP_COMMIT:
    case DR_STEP_TAG:
    case DR_STEP_PROMOTE:
    case DR_STEP_REVERSE:
    case DR_STEP_WITHDRAW:
    case DR_STEP_INTEND:
    case DR_STEP_RESYNC:
    case DR_STEP_FOLLOW:
    case DR_STEP_PAUSE:
    case DR_STEP_UNPAUSE:
    case DR_STEP_TRANSFER:
    case DR_STEP_CLONE:
    case DR_STEP_REHEARSE:
    case DR_STEP_UNCLONE:
    case DR_STEP_SETTLE:
        break;
    }
    return !t->optional || !t->capability ||
           dr_plan_array_can(pl->in, at->array->name, t->capability);
}

static const char *
settle_text(struct planner *pl, const struct dr_guard_case *c)
{
    const char *g = c->group->name;
    switch (c->operation) {
    case DR_OPERATION_SWITCHOVER:
    case DR_OPERATION_PROMOTE:
    case DR_OPERATION_SERVE:
    case DR_OPERATION_SURVIVOR:
        return dr_arena_printf(pl->a, "%s is served from %s", g, c->target->site->name);
    case DR_OPERATION_DEMOTE:
        return dr_arena_printf(pl->a, "%s is not writable at %s", g, c->old->site->name);
    case DR_OPERATION_REPROTECT:
        return dr_arena_printf(pl->a, "%s is protected at %s", g, c->old->site->name);
    case DR_OPERATION_SUSPEND:
        return dr_arena_printf(pl->a, "%s is not protected until replication goes on", g);
    case DR_OPERATION_RESUME:
        return dr_arena_printf(pl->a, "%s is protected again", g);
    case DR_OPERATION_SYNC:
        return dr_arena_printf(pl->a, "%s is up to date at %s", g, c->target->site->name);
    case DR_OPERATION_DRILL_START:
    case DR_OPERATION_DRILL_PROMOTE:
        return dr_arena_printf(pl->a, "the drill of %s can begin", g);
    case DR_OPERATION_DRILL_CLEAN:
        return dr_arena_printf(pl->a, "no drill of %s is left", g);
    case DR_OPERATION_ADOPT:
    case DR_OPERATION_UNKNOWN:
        break;
    }
    return "?";
}

/* How much a resync may have to copy at most; the array may know a shorter way. */
static const char *
size_text(struct planner *pl, const struct dr_copy_facts *f)
{
    int64_t bytes = 0;
    for (size_t i = 0; f && i < f->view.n_members; i++)
        bytes += f->view.members[i].size > 0 ? f->view.members[i].size : 0;
    return bytes ? dr_arena_printf(pl->a, " (at most %s)", dr_bytes_text(pl->a, bytes)) : "";
}

static const char *
step_text(struct planner *pl, const struct dr_guard_case *c, const struct dr_plan_step *s,
          size_t n_known)
{
    struct dr_arena *a = pl->a;
    const char *g = c->group->name, *to = c->target ? c->target->site->name : "?",
               *from = c->old ? c->old->site->name : "?";
    switch (s->kind) {
    case DR_STEP_PRESYNC:
        return dr_arena_printf(a, "bring %s at %s up to date while applications run", g, to);
    case DR_STEP_DEMOTE:
        return dr_arena_printf(a, "make %s read-only at %s and read every volume back", g, from);
    case DR_STEP_FINALSYNC:
        return c->group->mode == DR_MODE_ASYNC
                   ? dr_arena_printf(a, "final sync of %s to %s, proven complete", g, to)
                   : dr_arena_printf(a, "read %s at %s in sync after the demotion", g, to);
    case DR_STEP_FENCE:
        return dr_arena_printf(a, "prove that %s cannot be written at %s", g, from);
    case DR_STEP_COMMIT:
        if (c->operation == DR_OPERATION_SERVE || dr_streq(to, c->record->record.primary))
            return dr_arena_printf(a, "commit %s: primary %s stays, epoch %lld -> %lld", g, to,
                                   (long long)c->record->record.epoch,
                                   (long long)c->record->record.epoch + 1);
        return dr_arena_printf(a, "commit %s: primary %s -> %s, epoch %lld -> %lld", g, from, to,
                               (long long)c->record->record.epoch,
                               (long long)c->record->record.epoch + 1);
    case DR_STEP_PROMOTE:
        if (pl->flip->point)
            return dr_arena_printf(a,
                                   "take %s at %s back to point %s, %s, make it read-write (array "
                                   "%s) and read every volume back",
                                   g, to, pl->flip->point, point_moment(pl),
                                   c->target->array->name);
        return dr_arena_printf(a, "make %s read-write at %s (array %s) and read every volume back",
                               g, to, c->target->array->name);
    case DR_STEP_REVERSE:
        return dr_arena_printf(a, "make %s at %s follow %s", g, from, to);
    case DR_STEP_EXPOSE: {
        struct dr_str hosts = {0};
        for (size_t i = 0; i < c->target->n_expose; i++)
            dr_str_printf(&hosts, "%s%s", i ? ", " : "", c->target->expose[i]);
        const char *text =
            dr_arena_printf(a, "expose %s at %s to %s", g, to, hosts.s ? hosts.s : "nobody");
        dr_str_freep(&hosts);
        return text;
    }
    case DR_STEP_HANDOVER:
        return dr_arena_printf(a, "read the LUNs of %s for the engine of %s", g, to);
    case DR_STEP_STAGE:
        if (!s->n_domains && !n_known)
            return dr_arena_printf(a, "attach what the LUNs of %s hold at %s and start what ran", g,
                                   to);
        if (n_known && !s->n_vms)
            return dr_arena_printf(
                a,
                "attach %zu storage domain%s of %s at %s, register %zu VM%s; none ran at %s, "
                "so none is started",
                s->n_domains, s->n_domains == 1 ? "" : "s", g, to, n_known, n_known == 1 ? "" : "s",
                from);
        return dr_arena_printf(a, "attach %zu storage domain%s of %s at %s, start %zu VM%s",
                               s->n_domains, s->n_domains == 1 ? "" : "s", g, to, s->n_vms,
                               s->n_vms == 1 ? "" : "s");
    case DR_STEP_TAG:
        return dr_arena_printf(a, "let array %s keep epoch %lld of %s", c->target->array->name,
                               (long long)c->record->record.epoch + 1, g);
    case DR_STEP_WITHDRAW:
        return dr_arena_printf(a, "withdraw %s at %s from every host", g, from);
    case DR_STEP_SNAPSHOT:
        return dr_arena_printf(a, "keep what %s holds of %s in a snapshot", from, g);
    case DR_STEP_INTEND:
        return dr_arena_printf(a, "note that %s at %s is overwritten from %s", g, from, to);
    case DR_STEP_RESYNC:
        return dr_arena_printf(a, "make %s at %s follow %s: source %s, overwritten %s%s", g, from,
                               to, c->target->array->name, c->old->array->name,
                               size_text(pl, c->old_facts));
    case DR_STEP_FOLLOW:
        return dr_arena_printf(a, "wait until %s at %s has everything", g, from);
    case DR_STEP_PAUSE:
        return dr_arena_printf(a, "stop replication of %s to %s", g, to);
    case DR_STEP_UNPAUSE:
        return dr_arena_printf(a, "let replication of %s to %s go on", g, to);
    case DR_STEP_TRANSFER:
        return dr_arena_printf(a, "bring %s at %s up to date", g, to);
    case DR_STEP_CLONE:
        if (pl->flip->point)
            return dr_arena_printf(a,
                                   "clone %s at %s as of point %s, %s; the copy itself goes on as "
                                   "before",
                                   g, to, pl->flip->point, point_moment(pl));
        return dr_arena_printf(a, "clone %s at %s; the copy itself goes on as before", g, to);
    case DR_STEP_REHEARSE:
        return dr_arena_printf(a, "read the LUNs of clone %s", c->record->record.drill.name);
    case DR_STEP_UNCLONE:
        return dr_arena_printf(a, "delete clone %s of %s at %s and see that it is gone",
                               c->record->record.drill.name, g, to);
    case DR_STEP_SETTLE:
        return settle_text(pl, c);
    case DR_STEP_UNKNOWN:
        break;
    }
    return "?";
}

/* What the stored facts say will come up: the domains, and the VMs that ran, in start order.
 * Returns how many VMs there are, those that did not run included. */
static size_t
stage_expectation(struct planner *pl, const struct dr_guard_case *c, struct dr_plan_step *s)
{
    struct dr_stage_group want;
    dr_stage_expect(pl->a, pl->in->model, pl->in->facts, c->group,
                    c->operation == DR_OPERATION_SERVE ? c->target : c->old, &want);
    for (size_t i = 0; i < want.n_domains; i++)
        dr_arena_push(pl->a, s->domains, s->n_domains) =
            want.domains[i].name ? want.domains[i].name : want.domains[i].id;
    for (size_t i = 0; i < want.n_vms; i++)
        if (want.vms[i].start)
            dr_arena_push(pl->a, s->vms, s->n_vms) = want.vms[i].name;
    return want.n_vms;
}

static int64_t
expect(struct planner *pl, const struct dr_guard_case *c, const struct dr_table_step *t,
       const struct dr_plan_step *s)
{
    const struct dr_copy *at = t->at_target ? c->target : c->old;
    if (s->kind ==
        DR_STEP_STAGE) /* import, attach, activate one after the other; VMs beside each other */
        return 4 * (int64_t)s->n_domains + 2 + (int64_t)s->n_vms / 8;
    if (s->kind == DR_STEP_FENCE)
        return pl->fence_s;
    if (s->kind == DR_STEP_FINALSYNC && c->group->mode == DR_MODE_SYNC)
        return 1; /* one look, no transfer */
    return t->capability ? dr_plan_array_expect_s(pl->in, at->array->name, t->capability) : 0;
}

static void
steps(struct planner *pl, const struct dr_guard_case *c)
{
    for (size_t i = 0; i < pl->row->n_steps; i++) {
        const struct dr_table_step *t = &pl->row->steps[i];
        if (!wanted(pl, c, t))
            continue;
        const struct dr_copy *at = t->at_target ? c->target : c->old;
        struct dr_plan_step s = {.id = step_id(pl->a, t->kind, c->group->name),
                                 .kind = t->kind,
                                 .group = c->group->name,
                                 .site = at->site->name,
                                 .array = t->kind == DR_STEP_STAGE || t->kind == DR_STEP_COMMIT ||
                                                  t->kind == DR_STEP_SETTLE ||
                                                  t->kind == DR_STEP_INTEND
                                              ? NULL
                                              : at->array->name};
        size_t n_known = t->kind == DR_STEP_STAGE ? stage_expectation(pl, c, &s) : 0;
        s.text = step_text(pl, c, &s, n_known);
        s.expect_s = expect(pl, c, t, &s);
        needs(pl, &s);
        dr_arena_push(pl->a, pl->p->steps, pl->p->n_steps) = s;
    }
}

/* The longest way through the graph; steps come after what they need. */
static int64_t
longest(struct dr_arena *a, const struct dr_plan *p)
{
    int64_t most = 0;
    int64_t *end = dr_arena_alloc(a, p->n_steps ? p->n_steps : 1, sizeof(*end));
    for (size_t i = 0; i < p->n_steps; i++) {
        for (size_t j = 0; j < p->steps[i].n_needs; j++)
            for (size_t k = 0; k < i; k++)
                if (dr_streq(p->steps[k].id, p->steps[i].needs[j]) && end[k] > end[i])
                    end[i] = end[k];
        end[i] += p->steps[i].expect_s > 0 ? p->steps[i].expect_s : 0;
        if (end[i] > most)
            most = end[i];
    }
    return most;
}

/* ---- one group ------------------------------------------------------------------------------- */

/* The proof that the old copy cannot be written, as far as it can be foreseen. False: refused. */
static bool
foresee_fence(struct planner *pl, const struct dr_guard_case *c, struct dr_evidence *expected)
{
    struct dr_fence fence;
    dr_guard_fence(c, &fence);
    if (fence.verdict == DR_FENCE_REFUSED) {
        dr_arena_push(pl->a, pl->p->refusals, pl->p->n_refusals) = fence.refusal;
        return false;
    }
    *expected = fence.evidence;
    pl->flip->evidence = fence.evidence.kind;
    pl->flip->proof = fence.evidence.detail;
    pl->fence_s = fence.verdict == DR_FENCE_WAIT     ? fence.wait_left_s
                  : fence.verdict == DR_FENCE_PROVEN ? 0
                                                     : 2;
    if (fence.verdict == DR_FENCE_WAIT && /* when the run will have it in hand */
        pl->p->earliest < pl->in->facts->now.utc + fence.wait_left_s)
        pl->p->earliest = pl->in->facts->now.utc + fence.wait_left_s;
    return true;
}

static void
no_loss(const struct dr_guard_case *c, const char *method, const char *text, struct dr_loss *ret)
{
    dr_map_clear(&dr_loss_type, ret);
    *ret = (struct dr_loss){.group = c->group->name,
                            .seconds = 0,
                            .bytes = 0,
                            .since = -1,
                            .until = -1,
                            .confidence = DR_CONFIDENCE_PROVEN,
                            .method = method,
                            .text = text};
}

static bool
serves_its_own(const struct planner *pl, const struct dr_guard_case *c, struct dr_loss *ret)
{
    if (pl->flip->point)
        no_loss(c, "as it was agreed to",
                "nothing more is lost than was agreed to when it was promoted", ret);
    else
        no_loss(c, "the primary's own copy", "nothing is lost: it is the primary's own copy", ret);
    return true;
}

/* What the operation gives up or overwrites. False: refused, or it touches no data. */
static bool
weigh_loss(struct planner *pl, const struct dr_guard_case *c, struct dr_loss *ret)
{
    struct dr_evidence expected;
    dr_map_clear(&dr_evidence_type, &expected);
    switch (c->operation) {
    case DR_OPERATION_SWITCHOVER:
        no_loss(c, "final sync after the demotion",
                "nothing is lost: the final sync comes after the demotion", ret);
        return true;
    case DR_OPERATION_SERVE:
        if (!c->adopts)
            return foresee_fence(pl, c, &expected) && serves_its_own(pl, c, ret);
        __attribute__((fallthrough)); /* who made it writable, and from what, nobody here knows */
    case DR_OPERATION_PROMOTE:
    case DR_OPERATION_SURVIVOR:
        if (!foresee_fence(pl, c, &expected))
            return false;
        dr_loss_estimate(pl->a,
                         &(struct dr_loss_case){
                             .group = c->group,
                             .old = c->old,
                             .target = c->target,
                             .record = &c->record->record,
                             .adopted = c->adopts,
                             .facts = pl->in->facts,
                             .evidence = expected.kind != DRSTOR_EVIDENCE_NONE ? &expected : NULL,
                             .point = dr_guard_point(c)},
                         ret);
        return true;
    case DR_OPERATION_REPROTECT:
        dr_loss_destroyed(pl->a, c->group, c->old, c->target, &c->record->record, pl->in->facts,
                          ret);
        return true;
    case DR_OPERATION_DEMOTE:
    case DR_OPERATION_SUSPEND:
    case DR_OPERATION_RESUME:
    case DR_OPERATION_SYNC:
    case DR_OPERATION_DRILL_START:
    case DR_OPERATION_DRILL_PROMOTE:
    case DR_OPERATION_DRILL_CLEAN:
    case DR_OPERATION_ADOPT:
    case DR_OPERATION_UNKNOWN:
        break;
    }
    return false;
}

/* What only the victim has must be kept, or given up by name. */
static bool
snapshot_possible(struct planner *pl, const struct dr_guard_case *c, const struct dr_loss *loss)
{
    if (c->operation != DR_OPERATION_REPROTECT || loss->proven_zero ||
        pl->in->goal->waive_snapshot || dr_plan_array_can(pl->in, c->old->array->name, "snapshot"))
        return true;
    dr_arena_push(pl->a, pl->p->refusals, pl->p->n_refusals) = (struct dr_refusal){
        .id = "R043",
        .group = c->group->name,
        .text = dr_arena_printf(pl->a,
                                "array %s cannot keep what only it has of group %s before it is "
                                "overwritten",
                                c->old->array->name, c->group->name),
        .evidence = dr_arena_printf(pl->a, "plugin %s declares no snapshot; %s",
                                    c->old->array->plugin, loss->text),
        .remedy = "copy it away by other means, then --waive-snapshot REASON"};
    return false;
}

static void
plan_group(struct planner *pl, const struct dr_guard_case *c)
{
    size_t refused = pl->p->n_refusals;
    struct dr_loss loss;
    dr_map_clear(&dr_loss_type, &loss);
    bool weighed = weigh_loss(pl, c, &loss);
    if (pl->p->n_refusals > refused || (weighed && !snapshot_possible(pl, c, &loss)))
        return;
    if (weighed) {
        dr_arena_push(pl->a, pl->p->losses, pl->p->n_losses) = loss;
        if (pl->p->n_losses == 1 || dr_loss_worse(&loss, &pl->p->loss))
            pl->p->loss = loss;
    }
    pl->destroys = &loss;
    conditions(pl, c);
    steps(pl, c);
}

/* Nothing is owed, and a point that is asked for is the one that was promoted. */
static bool
went_back(const struct planner *pl, const struct dr_record *r)
{
    const char *point = pl->in->goal->point;
    return !r->left.owed && (!point || dr_streq(point, r->left.point));
}

/* The point that a primary has yet to go back to; once it is writable, it went. */
static const char *
owed_point(const struct dr_guard_case *c)
{
    const struct dr_copy_facts *t = c->target_facts;
    const struct dr_left *left = &c->record->record.left;
    bool went = t && t->fresh && dr_view_writable(&t->view);
    return c->operation == DR_OPERATION_SERVE && left->owed && !went ? left->point : NULL;
}

/* The point that the operation goes back to, or clones: as it is listed, or as it is owed. */
static void
plan_point(const struct planner *pl, const struct dr_guard_case *c, struct dr_plan_group *f)
{
    const struct dr_point *p = dr_guard_point(c);
    bool serve = c->operation == DR_OPERATION_SERVE;
    f->point_at = -1;
    if (f->nothing_to_do)
        return;
    f->point = serve ? owed_point(c) : pl->in->goal->point;
    f->point_at = serve && f->point ? c->record->record.left.since : p ? p->at : -1;
}

/* Does what was asked for hold already, seen just now? */
static bool
holds_already(const struct planner *pl, const struct dr_guard_case *c)
{
    const struct dr_record *r = &c->record->record;
    const struct dr_copy_facts *o = c->old_facts, *t = c->target_facts;
    bool target = t && t->fresh, old = o && o->fresh;
    struct dr_refusal stale;
    if (!c->record->present || c->adopts || c->record->damaged || !dr_record_at_rest(r) ||
        c->record->open_run || dr_guard_epoch_current(c, &stale))
        return false;
    switch (c->operation) {
    case DR_OPERATION_SERVE:
        /* Writable and seen by nobody is what a run leaves that was given up before its end. */
        return target && dr_view_writable(&t->view) && went_back(pl, r) &&
               (dr_view_exposed_to_all(&t->view, c->target) ||
                !dr_plan_array_can(pl->in, c->target->array->name, "expose"));
    case DR_OPERATION_DEMOTE:
        return old && dr_view_not_writable(&o->view) &&
               (!dr_view_exposed(&o->view) ||
                !dr_plan_array_can(pl->in, c->old->array->name, "withdraw"));
    case DR_OPERATION_REPROTECT:
        return old && target && r->old_copy == DR_OLD_COPY_NONE && dr_view_not_writable(&o->view) &&
               dr_view_writable(&t->view) && dr_view_keeps_up(&o->view);
    case DR_OPERATION_SUSPEND:
        return target && t->view.sync == DRSTOR_SYNC_PAUSED && r->exposed_since >= 0;
    case DR_OPERATION_RESUME:
        return target && dr_view_keeps_up(&t->view) && r->exposed_since < 0;
    case DR_OPERATION_DRILL_CLEAN:
        return !r->drill.name;
    case DR_OPERATION_SURVIVOR: /* it goes on alone already, and the record has it so */
        return target && dr_streq(r->primary, c->target->site->name) &&
               r->old_copy != DR_OLD_COPY_NONE && dr_view_writable(&t->view) &&
               t->view.leg != DRSTOR_LEG_JOINED;
    case DR_OPERATION_SWITCHOVER:
    case DR_OPERATION_PROMOTE:
    case DR_OPERATION_SYNC:
    case DR_OPERATION_DRILL_START:
    case DR_OPERATION_DRILL_PROMOTE:
    case DR_OPERATION_ADOPT:
    case DR_OPERATION_UNKNOWN:
        break;
    }
    return false;
}

static const char *
flip_text(struct planner *pl, const struct dr_guard_case *c, bool there)
{
    struct dr_arena *a = pl->a;
    const char *to = c->target ? c->target->site->name : "?",
               *from = c->old ? c->old->site->name
                              : (c->record->record.primary ? c->record->record.primary : "?");
    long long epoch = c->record->present ? (long long)c->record->record.epoch : 0;
    const char *owed = owed_point(c);
    switch (c->operation) {
    case DR_OPERATION_SWITCHOVER:
    case DR_OPERATION_PROMOTE:
        return dr_arena_printf(a, "%s -> %s%s%s, epoch %lld -> %lld%s", from, to,
                               pl->in->goal->point ? " at point " : "",
                               pl->in->goal->point ? pl->in->goal->point : "", epoch, epoch + 1,
                               c->adopts ? "; its first record is made on the way" : "");
    case DR_OPERATION_SURVIVOR:
        return there ? dr_arena_printf(a, "nothing to do, %s goes on alone already", to)
                     : dr_arena_printf(a, "%s goes on alone, without %s, epoch %lld -> %lld", to,
                                       from, epoch, epoch + 1);
    case DR_OPERATION_SERVE:
        return there ? dr_arena_printf(a, "nothing to do, it is served from %s already", to)
                     : dr_arena_printf(
                           a, "%s is the primary and serves again%s%s, epoch %lld -> %lld", to,
                           owed ? ", from point " : "", owed ? owed : "", epoch, epoch + 1);
    case DR_OPERATION_DEMOTE:
        return there ? dr_arena_printf(a, "nothing to do, it is not writable at %s", from)
                     : dr_arena_printf(a, "not writable at %s any more%s", from,
                                       dr_streq(from, c->record->record.primary)
                                           ? "; nobody serves it then"
                                           : "");
    case DR_OPERATION_REPROTECT:
        return there ? dr_arena_printf(a, "nothing to do, %s follows %s", from, to)
                     : dr_arena_printf(a, "%s is overwritten from %s, and follows it", from, to);
    case DR_OPERATION_SUSPEND:
        return there ? "nothing to do, replication is paused"
                     : dr_arena_printf(a, "replication to %s is paused", to);
    case DR_OPERATION_RESUME:
        return there ? "nothing to do, replication goes on"
                     : dr_arena_printf(a, "replication to %s goes on", to);
    case DR_OPERATION_SYNC:
        return dr_arena_printf(a, "%s is brought up to date", to);
    case DR_OPERATION_DRILL_START:
        return dr_arena_printf(a, "a drill on a clone at %s%s%s", to,
                               pl->in->goal->point ? ", as of point " : "",
                               pl->in->goal->point ? pl->in->goal->point : "");
    case DR_OPERATION_DRILL_PROMOTE:
        return dr_arena_printf(a, "the drill's clone at %s", to);
    case DR_OPERATION_DRILL_CLEAN:
        return there ? "nothing to do, there is no drill"
                     : dr_arena_printf(a, "the drill's clone at %s is deleted", to);
    case DR_OPERATION_ADOPT:
    case DR_OPERATION_UNKNOWN:
        break;
    }
    return "?";
}

void
dr_plan_make(struct dr_arena *a, const struct dr_plan_input *in, struct dr_plan *ret)
{
    struct planner pl = {.a = a, .in = in, .p = ret};
    dr_map_clear(&dr_plan_type, ret);
    dr_map_copy(a, &dr_goal_type, in->goal, &ret->goal);
    ret->groups = ret->goal.groups;
    ret->n_groups = ret->goal.n_groups;
    ret->made_at = in->facts->now.utc;
    ret->expect_s = 0;

    size_t busy = 0;
    for (size_t i = 0; i < in->goal->n_groups; i++) {
        const struct dr_group *g = dr_model_group(in->model, in->goal->groups[i]);
        struct dr_guard_case c;
        dr_guard_case_init(&c, a, in, g);
        bool there = holds_already(&pl, &c);
        pl.row = dr_table_find(c.operation);
        dr_arena_push(a, ret->flips, ret->n_flips) =
            (struct dr_plan_group){.name = g->name,
                                   .from = c.old ? c.old->site->name : c.record->record.primary,
                                   .to = c.target ? c.target->site->name : in->goal->to,
                                   .primary = c.record->present ? c.record->record.primary : NULL,
                                   .operation = c.operation,
                                   .epoch = c.record->present ? c.record->record.epoch : 0,
                                   .nothing_to_do = there,
                                   .text = flip_text(&pl, &c, there),
                                   .adopt = c.adopts};
        pl.flip = &ret->flips[ret->n_flips - 1];
        plan_point(&pl, &c, pl.flip);
        busy += !there;
        if (!there && dr_guard_group(&c, &ret->refusals, &ret->n_refusals) == 0)
            plan_group(&pl, &c);
    }
    if (busy)
        (void)dr_guard_goal(a, in, &ret->refusals, &ret->n_refusals);
    if (ret->n_refusals) { /* one answer for all: nothing is started for some of them */
        ret->steps = NULL;
        ret->n_steps = 0;
        ret->conditions = NULL;
        ret->n_conditions = 0;
        ret->earliest = -1;
    }
    if (ret->n_losses == 0) { /* not "unknown": no step overwrites or gives up anything */
        ret->loss.seconds = ret->loss.bytes = 0;
        ret->loss.proven_zero = true;
        ret->loss.confidence = DR_CONFIDENCE_PROVEN;
        ret->loss.method = "nothing is promoted or overwritten";
        ret->loss.text = "no data is touched";
    }
    ret->expect_s = longest(a, ret);
    ret->id = dr_plan_digest(a, ret);
}

int
dr_plan_still_holds(const struct dr_plan *then, const struct dr_plan *fresh,
                    struct drstor_error **err)
{
    if (fresh->n_refusals) {
        const struct dr_refusal *r = &fresh->refusals[0];
        int s = dr_fail(err, DRSTOR_E_CONFLICT, "the plan is stale: %s (%s)", r->text, r->id);
        dr_hint(err, "make a new plan");
        return s;
    }
    for (size_t i = 0; i < then->n_conditions; i++) {
        const struct dr_plan_condition *c = &then->conditions[i];
        bool holds = c->open;
        for (size_t j = 0; j < fresh->n_conditions && !holds; j++)
            holds = dr_streq(c->text, fresh->conditions[j].text);
        if (!holds) {
            int s = dr_fail(err, DRSTOR_E_CONFLICT, "the plan is stale: \"%s\" no longer holds",
                            c->text);
            dr_hint(err, "make a new plan");
            return s;
        }
    }
    for (size_t i = 0; i < fresh->n_steps; i++)
        if (!dr_plan_step_find(then, fresh->steps[i].id)) {
            int s = dr_fail(err, DRSTOR_E_CONFLICT,
                            "the plan is stale: now it would need the step \"%s\"",
                            fresh->steps[i].text);
            dr_hint(err, "make a new plan");
            return s;
        }
    return DRSTOR_OK;
}
