/*
 * A guard's step: a copy that no record allows to be written is closed, with the proofs that a
 * fence goes by (E1, else E2). Set-to-state, one copy, never the primary's; so it may be killed
 * anywhere, and asked for again by anybody.
 */
#include "run/internal.h"

#include "plan/held.h"
#include "plugin/info.h"

#include "base/str.h"
#include "base/timetext.h"

/* The site is held from the moment it was seen open, not from when it was closed: whoever dies in
 * between leaves a record that knows. What others are in the middle of stays theirs. */
static int
note(struct dr_step *s, struct dr_record *r, void *user, struct drstor_error **err)
{
    const struct dr_copy_view *v = user;
    const char *site = s->old->site->name;
    int x = dr_record_still_ours(s, r, err);
    if (x < 0)
        return x;
    bool held = false;
    for (size_t i = 0; i < r->n_site_hold; i++)
        held |= dr_streq(r->site_hold[i], site);
    enum dr_old_copy old = dr_held_old_copy(r, v);
    if (held && old == r->old_copy)
        return 1;
    if (!held)
        dr_arena_push(s->arena, r->site_hold, r->n_site_hold) = site;
    if (r->old_copy == DR_OLD_COPY_NONE && old != DR_OLD_COPY_NONE) {
        r->left.epoch = r->epoch;
        r->left.since = r->left.seconds = r->left.bytes = -1;
        r->left.generation = NULL;
        r->left.text = dr_arena_printf(
            s->arena, "it was found open at %s: what was written there until %s cannot be told",
            site, dr_utc_text(s->arena, dr_now_utc(s->run->s->env)));
    }
    r->old_copy = old;
    return DRSTOR_OK;
}

/* What is known of the copy now: nothing but what was just read. */
static int
look(struct dr_step *s, struct dr_facts *ret, struct drstor_error **err)
{
    struct dr_copy_facts *copy = dr_arena_alloc(s->arena, 1, sizeof(*copy));
    dr_map_clear(&dr_copy_facts_type, copy);
    int r = dr_step_look(s, s->old, &copy->view, err);
    if (r < 0)
        return r;
    copy->group = s->group->name;
    copy->site = s->old->site->name;
    copy->array = s->old->array->name;
    copy->fresh = true;
    copy->seen = dr_stamp_now(s->run->s->env);
    dr_map_clear(&dr_facts_type, ret);
    ret->now = copy->seen;
    ret->copies = copy;
    ret->n_copies = 1;
    return DRSTOR_OK;
}

static bool
can_withdraw(struct dr_step *s)
{
    const struct dr_plugin *p = NULL;
    return dr_endpoints_plugin(s->run->s->ends, s->old->array, &p, NULL) == DRSTOR_OK &&
           dr_plugin_can(p, DR_ARRAY_OP_WITHDRAW);
}

static const char *
reason(struct dr_step *s, enum dr_step_end end)
{
    const char *text =
        end == DR_STEP_END_DONE ? NULL : dr_arena_str(s->arena, dr_error_message(s->err));
    dr_error_freep(&s->err);
    return text;
}

/* One of the ways to close it. NONE: whatever came of it, look and weigh again. */
static enum dr_step_end
try_way(struct dr_step *s, enum dr_fence_verdict way, struct dr_fence_tried *tried)
{
    const struct dr_run_setup *setup = s->run->s;
    if (way == DR_FENCE_SETTLE) {
        if (!dr_step_wait(s, dr_now_ns(setup->env) + dr_settle_ms(setup, s->old->array) * DR_MS) ||
            !dr_jobs_ended(setup, s->old, s->arena))
            return dr_step_stopped(s);
        tried->settled = true;
        return DR_STEP_END_NONE;
    }
    bool demote = way == DR_FENCE_DEMOTE;
    enum dr_step_end end = demote
                               ? dr_step_set_access(s, s->old, DRSTOR_ACCESS_READ_ONLY, false, true)
                               : dr_step_take_hosts(s, s->old, false, true);
    if (end == DR_STEP_END_INTERRUPTED)
        return end;
    const char *why = reason(s, end);
    if (demote) {
        tried->demoted = !why;
        tried->not_demoted = why;
    } else {
        tried->withdrawn = !why;
        tried->not_withdrawn = why;
    }
    if (why)
        dr_run_event(s->run, s, "retrying", "%s", why);
    return DR_STEP_END_NONE;
}

static enum dr_step_end
not_closed(struct dr_step *s, const struct dr_refusal *r)
{
    (void)dr_refuse(&s->err, r->id, "%s (%s)", r->text, r->evidence);
    dr_hint(&s->err,
            "put right what array %s refuses, or switch that array off; a guard goes on trying",
            s->old->array->name);
    return DR_STEP_END_REFUSED;
}

/* It cannot be written any more. Hosts that still see it would start from it all the same. */
static enum dr_step_end
take_away(struct dr_step *s, const struct dr_copy_view *v, bool can)
{
    if (!dr_view_exposed(v) || !can)
        return DR_STEP_END_DONE;
    enum dr_step_end end = dr_step_take_hosts(s, s->old, false, false);
    if (end == DR_STEP_END_INTERRUPTED)
        return end;
    const char *why = reason(s, end);
    if (why)
        dr_run_event(s->run, s, "warning", "not writable, but hosts still see it: %s", why);
    return DR_STEP_END_DONE;
}

enum dr_step_end
dr_step_close(struct dr_step *s)
{
    enum { ROUNDS = 8 };
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_fence_tried tried = {0};
    bool can = can_withdraw(s), noted = false;
    s->hasty = true;
    enum dr_step_end end = dr_step_finish_sent(s, s->old);
    for (int round = 0; end == DR_STEP_END_NONE && round < ROUNDS; round++) {
        struct dr_facts facts;
        struct dr_record rec;
        struct dr_fence f;
        int r = look(s, &facts, &err);
        if (r == DRSTOR_OK && !noted)
            r = dr_record_change(s, "held", note, &facts.copies[0].view, &err);
        if (r == DRSTOR_OK)
            r = dr_store_load(s->run->s->store, s->arena, s->group->name, &rec, NULL, &err);
        if (r < 0)
            return dr_step_fail(
                s, r == DRSTOR_E_REFUSED ? DR_STEP_END_REFUSED : dr_step_end_of_status(r), &err);
        noted = true;
        if (dr_step_must_stop(s))
            return dr_step_stopped(s);
        const struct dr_fence_case c = {.model = s->run->s->model,
                                        .group = s->group,
                                        .old = s->old,
                                        .target = s->target,
                                        .goal = &s->run->plan.goal,
                                        .record = &rec,
                                        .facts = &facts,
                                        .person = s->run->consent.by,
                                        .can_withdraw = can,
                                        .tried = &tried};
        dr_evidence_weigh(s->arena, &c, &f);
        if (f.verdict == DR_FENCE_PROVEN)
            return take_away(s, &facts.copies[0].view, can);
        /* No proof to be had of the whole; what is there is taken from its hosts all the same. */
        if (f.verdict == DR_FENCE_REFUSED && can && !tried.withdrawn && !tried.not_withdrawn &&
            dr_view_exposed(&facts.copies[0].view))
            f.verdict = DR_FENCE_WITHDRAW;
        end = f.verdict == DR_FENCE_REFUSED ? not_closed(s, &f.refusal)
                                            : try_way(s, f.verdict, &tried);
    }
    if (end != DR_STEP_END_NONE)
        return end;
    (void)dr_fail(&err, DRSTOR_E_CONFLICT,
                  "group %s at %s is opened again as often as it is closed", s->group->name,
                  s->old->site->name);
    return dr_step_fail(s, DR_STEP_END_FAILED, &err);
}
