#include "plan/evidence_internal.h"

#include "plan/command.h"
#include "plan/loss.h"

#include "base/str.h"
#include "base/timetext.h"
#include "model/words.h"

void
dr_weigh_refuse(const struct dr_weigh *w, const char *id, const char *text, const char *evidence,
                const char *remedy)
{
    w->ret->verdict = DR_FENCE_REFUSED;
    w->ret->refusal = (struct dr_refusal){
        .id = id, .group = w->c->group->name, .text = text, .evidence = evidence, .remedy = remedy};
}

void
dr_weigh_prove(const struct dr_weigh *w, enum drstor_evidence_kind kind, const char *detail)
{
    struct dr_evidence *e = &w->ret->evidence;
    w->ret->verdict = DR_FENCE_PROVEN;
    e->kind = kind;
    e->group = w->c->group->name;
    e->site = w->c->old->site->name;
    e->array = w->c->old->array->name;
    e->epoch = w->c->record ? w->c->record->epoch : 0;
    e->at = w->c->facts->now;
    e->by = w->c->person;
    e->detail = detail;
}

static const struct dr_copy_facts *
facts_at(const struct dr_weigh *w, const struct dr_copy *copy)
{
    return copy ? dr_facts_copy(w->c->facts, w->c->group->name, copy->site->name) : NULL;
}

/* How many volumes the old copy must show before "every" can be said of it. */
static size_t
members_known(const struct dr_weigh *w)
{
    if (w->c->record && w->c->record->n_members)
        return w->c->record->n_members;
    const struct dr_copy_facts *t = facts_at(w, w->c->target);
    return t ? t->view.n_members : 0;
}

/*
 * E5: the surviving leg says that the other one is detached. Where that one answers and takes
 * writes all the same, one of the two is wrong, and nothing is proven.
 */
static bool
arbiter_decided(const struct dr_weigh *w, const struct dr_copy_facts *old)
{
    const struct dr_copy_facts *t = facts_at(w, w->c->target);
    if (w->c->group->topology != DR_TOPOLOGY_ACTIVE_ACTIVE || !t || !t->fresh ||
        t->view.leg != DRSTOR_LEG_SURVIVOR || (old && !dr_view_not_writable(&old->view)))
        return false;
    dr_weigh_prove(w, DRSTOR_EVIDENCE_E5_QUORUM,
                   dr_arena_printf(w->a, "array %s says that the leg at %s is detached", t->array,
                                   w->c->old->site->name));
    return true;
}

/* ---- the array answers: E1 or E2, nothing less ----------------------------------------------- */

static void
not_fenced(const struct dr_weigh *w)
{
    const struct dr_fence_tried *t = w->c->tried;
    const char *array = w->c->old->array->name;
    dr_weigh_refuse(
        w, "R035",
        dr_arena_printf(w->a, "array %s answers but does not take group %s from its hosts", array,
                        w->c->group->name),
        dr_arena_printf(w->a, "read-only: %s; host access: %s",
                        t && t->not_demoted ? t->not_demoted : "it is writable again",
                        t && t->not_withdrawn ? t->not_withdrawn
                        : w->c->can_withdraw  ? "hosts see it again"
                                              : "its plugin cannot take it away"),
        dr_arena_printf(w->a,
                        "put right what array %s refuses, or switch that array off and declare it; "
                        "then: %s",
                        array,
                        dr_command_text(w->a, w->c->goal,
                                        &(struct dr_command_change){
                                            .unplanned = true, .declare = w->c->old->site->name})));
}

static void
weigh_read_only(const struct dr_weigh *w)
{
    const struct dr_fence_tried *t = w->c->tried;
    if (!t || t->demoted || t->settled)
        dr_weigh_prove(w, DRSTOR_EVIDENCE_E1_READ_BACK,
                       dr_arena_printf(w->a, "every member read back as not writable by array %s",
                                       w->c->old->array->name));
    else
        w->ret->verdict = t->not_demoted ? DR_FENCE_SETTLE : DR_FENCE_DEMOTE;
}

/* Legs of an active-active pair have no roles: only their hosts can be taken away. */
static bool
may_demote(const struct dr_weigh *w, const struct dr_copy_facts *old)
{
    const struct dr_fence_tried *t = w->c->tried;
    bool roles = old->view.relation != DRSTOR_RELATION_MUTUAL || !w->c->can_withdraw;
    return roles && (!t || (!t->not_demoted && !t->demoted));
}

static void
weigh_writable(const struct dr_weigh *w, const struct dr_copy_facts *old)
{
    const struct dr_fence_tried *t = w->c->tried;
    bool seen = dr_view_exposed(&old->view);
    if (may_demote(w, old)) {
        w->ret->verdict = DR_FENCE_DEMOTE;
        return;
    }
    if (!seen && t && (t->withdrawn || t->settled)) {
        dr_weigh_prove(w, DRSTOR_EVIDENCE_E2_MASKED,
                       dr_arena_printf(w->a, "no host sees any member, read back from array %s",
                                       w->c->old->array->name));
        return;
    }
    bool something = seen || w->c->old->n_expose;
    if (w->c->can_withdraw && something && !(t && (t->not_withdrawn || t->withdrawn)))
        w->ret->verdict = DR_FENCE_WITHDRAW;
    else if (!seen && !(t && t->settled))
        w->ret->verdict = DR_FENCE_SETTLE;
    else
        not_fenced(w);
}

static void
weigh_answering(const struct dr_weigh *w, const struct dr_copy_facts *old)
{
    const char *array = w->c->old->array->name;
    if (old->view.n_members < members_known(w))
        dr_weigh_refuse(
            w, "R035",
            dr_arena_printf(w->a,
                            "array %s shows only %zu of %zu volumes of group %s: what it does not "
                            "show may be writable",
                            array, old->view.n_members, members_known(w), w->c->group->name),
            dr_arena_printf(w->a, "array %s, seen %s", array, dr_utc_text(w->a, old->seen.utc)),
            dr_arena_printf(w->a,
                            "see at array %s what became of the other volumes and bring them back "
                            "into the group, or switch that array off and declare it; then run "
                            "again",
                            array));
    else if (arbiter_decided(w, old))
        return;
    else if (dr_view_not_writable(&old->view))
        weigh_read_only(w);
    else
        weigh_writable(w, old);
}

/* ---- it does not ------------------------------------------------------------------------------
 */

static void
undeclared(const struct dr_weigh *w, const struct dr_copy_facts *old, enum dr_declared said)
{
    const char *site = w->c->old->site->name;
    int64_t age = old ? dr_stamp_age_display_s(&old->seen, &w->c->facts->now) : -1;
    const char *seen = age >= 0 ? dr_arena_printf(w->a, "last known: %s, seen %s ago",
                                                  dr_name(&dr_access_names, (int)old->view.access),
                                                  dr_duration_text(w->a, age))
                                : "never seen";
    const char *command = dr_command_text(
        w->a, w->c->goal, &(struct dr_command_change){.unplanned = true, .declare = site});
    dr_weigh_refuse(
        w, "R021",
        dr_arena_printf(w->a, "cannot see whether group %s is writable at %s", w->c->group->name,
                        site),
        dr_arena_printf(w->a, "array %s does not answer%s%s; %s", w->c->old->array->name,
                        w->array && w->array->error ? ": " : "",
                        w->array && w->array->error ? w->array->error : "", seen),
        said == DR_DECLARED_PARTITION
            ? dr_arena_printf(w->a,
                              "a partition alone allows nothing: bring array %s back, or, when "
                              "nobody there can write: %s",
                              w->c->old->array->name, command)
            : dr_arena_printf(w->a, "if nobody there can write: %s", command));
}

/*
 * What the planned run of this very command (--within) had read back there, before it fell silent:
 * young, of this copy and this epoch (safety 3.1), and not contradicted by anything heard since. It
 * may have committed before the site went: then it is of the epoch before.
 */
static bool
carried(const struct dr_weigh *w, const struct dr_copy_facts *heard)
{
    const struct dr_record *r = w->c->record;
    for (size_t i = 0; w->c->goal->carries && r && i < r->n_evidence; i++) {
        const struct dr_evidence *e = &r->evidence[i];
        struct dr_refusal unused;
        bool ours = dr_streq(e->run, w->c->goal->carries) || dr_streq(e->run, r->op.id);
        bool epoch = e->epoch == r->epoch ||
                     (e->epoch + 1 == r->epoch && !dr_streq(r->primary, w->c->old->site->name));
        bool undone =
            heard && heard->seen.boot_ns > e->at.boot_ns && !dr_view_not_writable(&heard->view);
        if (e->kind != DRSTOR_EVIDENCE_E1_READ_BACK || !ours || !epoch || undone ||
            !dr_evidence_counts(w->a, e, w->c->group->name, w->c->old->site->name, e->run, e->epoch,
                                &w->c->facts->now, &unused))
            continue;
        dr_weigh_prove(
            w, e->kind,
            dr_arena_printf(w->a, "read back at %s by run %s, before array %s fell silent",
                            dr_utc_text(w->a, e->at.utc), e->run, w->c->old->array->name));
        w->ret->evidence.at = e->at;
        return true;
    }
    return false;
}

void
dr_evidence_weigh(struct dr_arena *a, const struct dr_fence_case *c, struct dr_fence *ret)
{
    const struct dr_weigh w = {
        .a = a,
        .c = c,
        .array = dr_facts_endpoint(c->facts, DR_ENDPOINT_ARRAY, c->old->array->name),
        .ret = ret};
    const struct dr_copy_facts *old = facts_at(&w, c->old);
    *ret = (struct dr_fence){0};
    dr_map_clear(&dr_evidence_type, &ret->evidence);
    if (old && old->fresh) {
        weigh_answering(&w, old);
        return;
    }
    if (arbiter_decided(&w, NULL))
        return;
    const char *remedy = NULL, *alive = dr_evidence_alive(a, c->group, c->old, c->facts, &remedy);
    if (alive) {
        dr_weigh_refuse(&w, "R021",
                        dr_arena_printf(a, "cannot see whether group %s is writable at %s",
                                        c->group->name, c->old->site->name),
                        alive, remedy);
        return;
    }
    if (carried(&w, old))
        return;
    enum dr_declared said = dr_goal_declared(c->goal, c->old->site->name);
    if (w.array && w.array->asked && !w.array->answers && w.array->silent_since.boot_ns >= 0 &&
        (said == DR_DECLARED_SITE_LOST || said == DR_DECLARED_OUTAGE))
        dr_weigh_declared(&w);
    else
        undeclared(&w, old, said);
}

bool
dr_evidence_counts(struct dr_arena *a, const struct dr_evidence *e, const char *group,
                   const char *site, const char *run, int64_t epoch, const struct dr_stamp *now,
                   struct dr_refusal *ret)
{
    int64_t age = dr_stamp_age_s(&e->at, now);
    const char *wrong = NULL;
    if (e->kind == DRSTOR_EVIDENCE_NONE)
        wrong = "there is none";
    else if (!dr_streq(e->run, run))
        wrong = dr_arena_printf(a, "it was made by run %s", e->run ? e->run : "?");
    else if (!dr_streq(e->group, group) || !dr_streq(e->site, site))
        wrong = dr_arena_printf(a, "it speaks of group %s at %s", e->group ? e->group : "?",
                                e->site ? e->site : "?");
    else if (e->epoch != epoch)
        wrong = dr_arena_printf(a, "it was made at epoch %lld", (long long)e->epoch);
    else if (age < 0)
        wrong = "it was made before this machine was started";
    else if (age > DR_EVIDENCE_VALID_S)
        wrong = dr_arena_printf(a, "it is %s old", dr_duration_text(a, age));
    if (!wrong)
        return true;
    *ret = (struct dr_refusal){
        .id = "R021",
        .group = group,
        .text = dr_arena_printf(a,
                                "what proved that group %s cannot be written at %s does not "
                                "count any more",
                                group, site),
        .evidence = dr_arena_printf(a, "evidence %s: %s", dr_name(&dr_evidence_names, (int)e->kind),
                                    wrong)};
    return false;
}

const char *
dr_evidence_alive(struct dr_arena *a, const struct dr_group *g, const struct dr_copy *copy,
                  const struct dr_facts *facts, const char **ret_remedy)
{
    const struct dr_endpoint_facts *e =
        dr_facts_endpoint(facts, DR_ENDPOINT_ARRAY, copy->array->name);
    if (!e || !e->asked)
        return NULL;
    if (e->answers) {
        *ret_remedy =
            dr_arena_printf(a,
                            "correct the id of the copy of %s at %s in the configuration, or see "
                            "at the array what became of it",
                            g->name, copy->site->name);
        return dr_arena_printf(a, "array %s answers and does not know \"%s\"", e->name, copy->id);
    }
    if (e->silent_since.boot_ns >= 0)
        return NULL;
    *ret_remedy = dr_arena_printf(a,
                                  "put right what array %s complains about, or switch that array "
                                  "off, since a declaration counts only for what is silent; then "
                                  "run again",
                                  e->name);
    return dr_arena_printf(a, "array %s is alive, but cannot be used: %s", e->name,
                           e->error ? e->error : "it gave no reason");
}
