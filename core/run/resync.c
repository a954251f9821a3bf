/* One copy overwritten from another: what only it has is kept, source and victim are written down,
 * and only then it is made to follow. */
#include "run/internal.h"

#include "base/str.h"
#include "model/words.h"

#include <string.h>

/* ---- what is kept, and what is intended ------------------------------------------------------ */

static const char *
snapshot_name(struct dr_step *s, const char *generation)
{
    uint32_t h = 2166136261u; /* FNV-1a: a generation may hold what no name may */
    for (const char *g = generation ? generation : ""; *g; g++)
        h = (h ^ (unsigned char)*g) * 16777619u;
    return dr_arena_printf(s->arena, "drstor-%s-%08x", s->run->id, h);
}

enum dr_step_end
dr_step_snapshot(struct dr_step *s)
{
    enum { ATTEMPTS = 6 };
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_reply reply = {0};
    struct dr_copy_view old;
    const char *kept = NULL;
    if (DR_CANARY("no-snapshot"))
        return DR_STEP_END_DONE;
    enum dr_step_end sent = dr_step_finish_sent(s, s->old);
    if (sent != DR_STEP_END_NONE)
        return sent;
    int look = dr_step_look_patiently(s, s->old, &old, &err);
    if (look == DRSTOR_OK)
        look = dr_step_kept_generation(s, DR_STEP_SNAPSHOT, &kept, &err);
    if (look < 0)
        return dr_step_fail(s, dr_step_end_of_status(look), &err);
    if (kept && dr_streq(kept, old.generation))
        return DR_STEP_END_DONE; /* by this run, and nothing was written since */
    for (int i = 0; i < ATTEMPTS; i++) {
        if (dr_step_must_stop(s))
            return dr_step_stopped(s);
        /* The same data has the same name: to the array it is one wish. */
        const char *name = snapshot_name(s, old.generation);
        struct dr_call call = {
            .operation = DR_ARRAY_OP_SNAPSHOT,
            .op = dr_arena_printf(s->arena, "%s/%s/%s", s->run->id, s->plan->id, name),
            .planned = true,
            .epoch = (uint64_t)s->flip->epoch,
            .name = name};
        int r = dr_step_act(s, s->old, &call, &reply, &err);
        if (r < 0)
            return dr_step_fail(s, dr_step_end_of_status(r), &err);
        if (reply.outcome == DRSTOR_OUTCOME_DONE) {
            struct json_object *o = json_object_new_object();
            dr_json_set_str(o, "snapshot", call.name);
            dr_json_set_str(o, "generation", old.generation);
            r = dr_step_keep(s, "kept", o, &err);
            return r < 0 ? dr_step_fail(s, dr_step_end_of_status(r), &err) : DR_STEP_END_DONE;
        }
        bool again = reply.outcome != DRSTOR_OUTCOME_REFUSED || reply.status == DRSTOR_E_BUSY ||
                     reply.status == DRSTOR_E_UNREACHABLE;
        if (!again || !dr_step_wait(s, dr_now_ns(s->run->s->env) + DR_S))
            break;
    }
    if (dr_step_must_stop(s))
        return dr_step_stopped(s);
    if (s->run->plan.goal.waive_snapshot) {
        dr_run_event(s->run, s, "skipped", "array %s: %s; waived: %s", s->old->array->name,
                     reply.error ? reply.error : "no clear answer",
                     s->run->plan.goal.waive_snapshot);
        return DR_STEP_END_DONE;
    }
    (void)dr_refuse(&err, "R043", "array %s did not keep what only it has of group %s: %s",
                    s->old->array->name, s->group->name,
                    reply.error ? reply.error : "no clear answer");
    dr_hint(&err, "nothing was overwritten; put right what the array complains about, or copy the "
                  "data away and --waive-snapshot REASON");
    return dr_step_fail(s, DR_STEP_END_REFUSED, &err);
}

/* What is known of the two copies right now, for the loss. */
static void
facts_of(struct dr_step *s, const struct dr_copy_view *old, struct dr_copy_facts *copy,
         struct dr_facts *ret)
{
    dr_map_clear(&dr_facts_type, ret);
    dr_map_clear(&dr_copy_facts_type, copy);
    ret->now = dr_stamp_now(s->run->s->env);
    copy->group = s->group->name;
    copy->site = s->old->site->name;
    copy->array = s->old->array->name;
    copy->seen = ret->now;
    copy->fresh = true;
    copy->view = *old;
    ret->copies = copy;
    ret->n_copies = 1;
}

static int
intended(struct dr_step *s, struct dr_record *r, void *user, struct drstor_error **err)
{
    const struct dr_loss *loss = user;
    int x = dr_record_still_ours(s, r, err);
    if (x < 0)
        return x;
    r->phase = DR_PHASE_RESYNCING;
    r->target = s->old->site->name; /* the victim */
    dr_record_op(s, r);
    r->consent = s->run->consent;
    r->consent.loss = loss->text;
    return DRSTOR_OK;
}

enum dr_step_end
dr_step_intend(struct dr_step *s)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_copy_view old;
    struct dr_copy_facts copy;
    struct dr_facts facts;
    struct dr_record rec;
    struct dr_loss loss;
    int r = dr_store_load(s->run->s->store, s->arena, s->group->name, &rec, NULL, &err);
    if (r == DRSTOR_OK)
        r = dr_step_look_patiently(s, s->old, &old, &err);
    if (r == DRSTOR_OK && !dr_view_not_writable(&old))
        r = dr_fail(&err, DRSTOR_E_CONFLICT,
                    "group %s at %s is writable again: somebody undid the demotion", s->group->name,
                    s->old->site->name);
    const char *kept = NULL;
    if (r == DRSTOR_OK)
        r = dr_step_kept_generation(s, DR_STEP_SNAPSHOT, &kept, &err);
    if (r == DRSTOR_OK && kept && !dr_streq(kept, old.generation))
        r = dr_fail(&err, DRSTOR_E_CONFLICT,
                    "group %s at %s was written after it was kept in a snapshot: it is not "
                    "overwritten; resume keeps it anew",
                    s->group->name, s->old->site->name);
    if (r < 0)
        return dr_step_fail(s, dr_step_end_of_status(r), &err);
    facts_of(s, &old, &copy, &facts);
    dr_loss_destroyed(s->arena, s->group, s->old, s->target, &rec, &facts, &loss);
    /* By the person alone: what the configuration allows to lose at a promotion is no word about a
     * copy that is overwritten without haste. */
    if (!dr_loss_covered(&loss, &s->run->plan.goal.accept_loss)) {
        (void)dr_refuse(&err, "R060", "group %s: more would be overwritten than was agreed: %s",
                        s->group->name, loss.text);
        dr_hint(&err, "nothing was overwritten; to accept it: --accept-loss %s",
                loss.seconds < 0 ? "unknown"
                                 : dr_arena_printf(s->arena, "%llds", (long long)loss.seconds));
        return dr_step_fail(s, DR_STEP_END_REFUSED, &err);
    }
    if (!loss.proven_zero && !dr_step_consent_young(s))
        return DR_STEP_END_REFUSED;
    struct dr_require_case c = {
        .old = &old, .loss = &loss, .accepted = &s->run->plan.goal.accept_loss};
    enum dr_step_end end = dr_step_needs(s, &c);
    if (end != DR_STEP_END_DONE)
        return end;
    struct json_object *o = dr_map_write(&dr_loss_type, &loss);
    dr_json_set_str(o, "generation", old.generation);
    dr_json_set_str(o, "source", s->target->site->name);
    dr_json_set_str(o, "victim", s->old->site->name);
    s->row.answer = dr_arena_str(s->arena, dr_json_text(o));
    (void)json_object_put(o);
    s->row.state = "intended";
    s->row.answered = dr_stamp_now(s->run->s->env);
    DR_FP("intend.before");
    r = dr_step_tell_standby(s, &err);
    if (r == DRSTOR_OK)
        r = dr_record_change(s, "resyncing", intended, &loss, &err);
    DR_FP("intend.after");
    return r < 0 ? dr_step_fail(
                       s, r == DRSTOR_E_REFUSED ? DR_STEP_END_REFUSED : dr_step_end_of_status(r),
                       &err)
                 : DR_STEP_END_DONE;
}

/* ---- the resync ------------------------------------------------------------------------------ */

int
dr_step_kept_generation(struct dr_step *s, enum dr_step_kind kind, const char **ret,
                        struct drstor_error **err)
{
    struct dr_step_row *rows = NULL;
    size_t n = 0;
    const char *id =
        dr_arena_printf(s->arena, "%s:%s", dr_name(&dr_step_kind_names, (int)kind), s->group->name);
    *ret = NULL;
    int r = dr_store_step_list(s->run->s->store, s->arena, s->run->id, &rows, &n, err);
    for (size_t i = 0; r == DRSTOR_OK && i < n; i++) {
        dr_auto(dr_json_putp) struct json_object *o = NULL;
        if (!dr_streq(rows[i].id, id) || !rows[i].answer ||
            dr_json_parse(rows[i].answer, strlen(rows[i].answer), &dr_json_small, &o, NULL) < 0)
            continue;
        *ret = dr_arena_str(s->arena, dr_json_str(o, "generation"));
    }
    return r;
}

static int
follows(struct dr_step *s, const struct dr_drive *d, const struct dr_copy_view *v,
        struct drstor_error **err)
{
    (void)s;
    (void)d;
    (void)err;
    return v->relation == DRSTOR_RELATION_DESTINATION && v->sync != DRSTOR_SYNC_BROKEN &&
           v->sync != DRSTOR_SYNC_DIVERGED && v->sync != DRSTOR_SYNC_PAUSED;
}

/* The source is the primary of the record, never what looks writable or newer (S5). */
static int
primary_is_source(struct dr_step *s, struct dr_record *rec, struct drstor_error **err)
{
    int r = dr_store_load(s->run->s->store, s->arena, s->group->name, rec, NULL, err);
    if (r < 0)
        return r;
    if (dr_streq(rec->primary, s->target->site->name))
        return DRSTOR_OK;
    return dr_refuse(err, "R061", "the primary of group %s is %s, not %s: nothing is overwritten",
                     s->group->name, rec->primary ? rec->primary : "nobody", s->target->site->name);
}

static bool
array_can(struct dr_step *s, const struct dr_copy *at, enum dr_array_op op)
{
    const struct dr_plugin *p = NULL;
    return dr_endpoints_plugin(s->run->s->ends, at->array, &p, NULL) == DRSTOR_OK &&
           dr_plugin_can(p, op);
}

static int
resync(struct dr_step *s, const struct dr_drive *d, const struct dr_copy_view *v,
       struct dr_call *call, const struct dr_copy **to, struct drstor_error **err)
{
    const struct dr_plugin *p = NULL;
    struct dr_record rec;
    const char *kept = NULL;
    (void)d;
    int r = dr_endpoints_plugin(s->run->s->ends, s->old->array, &p, err);
    if (r == DRSTOR_OK)
        r = primary_is_source(s, &rec, err);
    if (r == DRSTOR_OK)
        r = dr_step_kept_generation(
            s, s->plan->kind == DR_STEP_RESYNC ? DR_STEP_INTEND : DR_STEP_FINALSYNC, &kept, err);
    if (r < 0)
        return r;
    if (!dr_view_not_writable(v) || (kept && !dr_streq(kept, v->generation))) {
        r = dr_fail(err, DRSTOR_E_CONFLICT,
                    "group %s at %s was written after it was read for the last time: it is not "
                    "overwritten",
                    s->group->name, s->old->site->name);
        dr_hint(err, "look at both copies; drstor reprotect %s weighs anew what is overwritten",
                s->group->name);
        return r;
    }
    call->planned = true;
    call->epoch = (uint64_t)rec.epoch;
    /* A copy that is about to be overwritten must not be in anybody's hands (P6). */
    if (dr_plugin_can(p, DR_ARRAY_OP_WITHDRAW) && dr_call_withdraw(s, v, call))
        return DRSTOR_OK;
    *to = s->source_drives ? s->target : s->old;
    call->group = (*to)->id;
    /* Somebody stopped a pair that is whole: it goes on, and nothing is overwritten. */
    if (v->relation == DRSTOR_RELATION_DESTINATION && v->sync == DRSTOR_SYNC_PAUSED &&
        array_can(s, *to, DR_ARRAY_OP_RESUME)) {
        call->operation = DR_ARRAY_OP_RESUME;
        return DRSTOR_OK;
    }
    call->operation = DR_ARRAY_OP_RESYNC;
    call->source = DR_CANARY("resync-from-old") ? s->old->id : s->target->id;
    call->target = DR_CANARY("resync-from-old") ? s->target->id : s->old->id;
    call->expect = kept ? kept : v->generation;
    return DRSTOR_OK;
}

static int
no_longer_stale(struct dr_step *s, struct dr_record *r, void *user, struct drstor_error **err)
{
    (void)user;
    (void)err;
    if (r->old_copy == DR_OLD_COPY_NONE || !dr_streq(r->primary, s->target->site->name))
        return 1;
    r->old_copy = DR_OLD_COPY_NONE;
    r->left = (struct dr_left){.since = -1, .seconds = -1, .bytes = -1};
    r->exposed_since = -1;
    return DRSTOR_OK;
}

enum dr_step_end
dr_step_resync(struct dr_step *s)
{
    const struct dr_drive drive = {
        .at = s->old, .wanted = "following the primary", .holds = follows, .prepare = resync};
    enum dr_step_end end = dr_step_drive(s, &drive);
    if (end != DR_STEP_END_DONE || s->plan->kind == DR_STEP_RESYNC)
        return end; /* of a resync that is not over, the settling step says so */
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    int r = dr_record_change(s, "reversed", no_longer_stale, NULL, &err);
    return r < 0 ? dr_step_fail(s, dr_step_end_of_status(r), &err) : DR_STEP_END_DONE;
}

/* As long as something moves there is no limit; nothing moving for this long is the end of it. */
enum dr_step_end
dr_step_follow(struct dr_step *s)
{
    static const uint64_t stalled_ns = 1800 * DR_S, pause_ns = DR_S;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    int64_t progress = -1, missing = -1, shown = -1;
    uint64_t moved = dr_now_ns(s->run->s->env);
    for (;;) {
        struct dr_copy_view v;
        int r = dr_step_look_patiently(s, s->old, &v, &err);
        if (r < 0)
            return dr_step_fail(s, dr_step_end_of_status(r), &err);
        if (dr_view_keeps_up(&v))
            return DR_STEP_END_DONE;
        uint64_t now = dr_now_ns(s->run->s->env);
        if (v.progress_permille != progress || v.lag_bytes != missing)
            moved = now;
        progress = v.progress_permille;
        missing = v.lag_bytes;
        if (v.relation != DRSTOR_RELATION_DESTINATION || now - moved > stalled_ns) {
            (void)dr_fail(&err, DRSTOR_E_CONFLICT,
                          "group %s at %s is %s, relation %s: it does not "
                          "catch up",
                          s->group->name, s->old->site->name, dr_name(&dr_sync_names, (int)v.sync),
                          dr_name(&dr_relation_names, (int)v.relation));
            return dr_step_fail(s, DR_STEP_END_FAILED, &err);
        }
        if (progress >= 0 && progress / 100 != shown) {
            shown = progress / 100;
            dr_run_event(s->run, s, "progress", "%lld %%", (long long)progress / 10);
        }
        if (!dr_step_wait(s, now + pause_ns))
            return dr_step_stopped(s);
    }
}
