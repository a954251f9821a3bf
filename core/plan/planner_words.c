/* Steps and flips in words. */
#include "plan/planner_internal.h"

#include "plan/drill.h"

#include "base/str.h"
#include "base/timetext.h"

const char *
dr_planner_point_moment(struct planner *pl)
{
    return pl->flip->point_at >= 0 ? dr_utc_text(pl->a, pl->flip->point_at) : "of no known moment";
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
    case DR_OPERATION_DRILL_PROMOTE:
        if (dr_drill_with_vms(pl->in->goal, c->target))
            return dr_arena_printf(pl->a, "the drill of %s runs at %s", g, c->target->site->name);
        __attribute__((fallthrough));
    case DR_OPERATION_DRILL_START:
        return dr_arena_printf(pl->a, "the drill of %s can begin", g);
    case DR_OPERATION_DRILL_CLEAN:
        return dr_arena_printf(pl->a, "no drill of %s is left", g);
    case DR_OPERATION_GUARD: /* it has no such step */
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
exposed_to(struct planner *pl, const struct dr_guard_case *c)
{
    struct dr_str hosts = {0};
    for (size_t i = 0; i < c->target->n_expose; i++)
        dr_str_printf(&hosts, "%s%s", i ? ", " : "", c->target->expose[i]);
    const char *text = dr_arena_str(pl->a, hosts.s ? hosts.s : "nobody");
    dr_str_freep(&hosts);
    return text;
}

/* Who is shown a drill's clone. */
static const char *
hosts_text(struct planner *pl, const struct dr_guard_case *c)
{
    return dr_drill_with_vms(pl->in->goal, c->target)
               ? dr_arena_printf(pl->a, ", shown to %s", exposed_to(pl, c))
               : "";
}

const char *
dr_planner_step_text(struct planner *pl, const struct dr_guard_case *c,
                     const struct dr_plan_step *s, size_t n_known)
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
                                   g, to, pl->flip->point, dr_planner_point_moment(pl),
                                   c->target->array->name);
        return dr_arena_printf(a, "make %s read-write at %s (array %s) and read every volume back",
                               g, to, c->target->array->name);
    case DR_STEP_REVERSE:
        return dr_arena_printf(a, "make %s at %s follow %s", g, from, to);
    case DR_STEP_EXPOSE:
        return dr_arena_printf(a, "expose %s at %s to %s", g, to, exposed_to(pl, c));
    case DR_STEP_HANDOVER:
        return dr_arena_printf(a, "read the LUNs of %s for the engine of %s", g, to);
    case DR_STEP_DRAIN:
    case DR_STEP_RELEASE:
    case DR_STEP_STAGE:
    case DR_STEP_CLEAN:
    case DR_STEP_UNSTAGE:
        return dr_planner_vms_text(pl->a, pl->in, c, s, n_known);
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
            return dr_arena_printf(
                a,
                "clone %s at %s as of point %s, %s%s; the copy itself goes on as "
                "before",
                g, to, pl->flip->point, dr_planner_point_moment(pl), hosts_text(pl, c));
        return dr_arena_printf(a, "clone %s at %s%s; the copy itself goes on as before", g, to,
                               hosts_text(pl, c));
    case DR_STEP_REHEARSE:
        return dr_arena_printf(a, "read the LUNs of clone %s", c->record->record.drill.name);
    case DR_STEP_UNCLONE:
        return dr_arena_printf(a, "delete clone %s of %s at %s and see that it is gone",
                               c->record->record.drill.name, g, to);
    case DR_STEP_SETTLE:
        return settle_text(pl, c);
    case DR_STEP_GIVEBACK:
        if (!s->n_others)
            return dr_arena_printf(a, "what made room for %s at %s stays down for other groups", g,
                                   from);
        return dr_arena_printf(a, "start %zu VM%s at %s again that made room for %s", s->n_others,
                               s->n_others == 1 ? "" : "s", from, g);
    case DR_STEP_CLOSE:
        return dr_arena_printf(
            a, "close %s at %s: not writable, withdrawn from its hosts, read back", g, from);
    case DR_STEP_UNKNOWN:
        break;
    }
    return "?";
}

const char *
dr_planner_flip_text(struct planner *pl, const struct dr_guard_case *c, bool there)
{
    struct dr_arena *a = pl->a;
    const char *to = c->target ? c->target->site->name : "?",
               *from = c->old ? c->old->site->name
                              : (c->record->record.primary ? c->record->record.primary : "?");
    long long epoch = c->record->present ? (long long)c->record->record.epoch : 0;
    const char *owed = dr_planner_owed_point(c);
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
    case DR_OPERATION_GUARD:
        return dr_arena_printf(a, "held back at %s: %s is the primary", from, to);
    case DR_OPERATION_ADOPT:
    case DR_OPERATION_UNKNOWN:
        break;
    }
    return "?";
}
