/* Is dual write really possible now? Looks, at both legs; with a probe it writes, to probe volumes
 * and nowhere else. */
#include "library/internal.h"

#include "base/failpoint.h"
#include "base/str.h"
#include "base/timetext.h"
#include "plan/verify.h"

static struct dr_call
call_of(struct session *s, const struct dr_copy *c, enum dr_array_op op)
{
    return (struct dr_call){.operation = op,
                            .group = c->id,
                            .op = dr_arena_printf(s->arena, "%s/%s", s->correlation, c->id),
                            .deadline_ns = dr_now_ns(s->d->env) +
                                           (uint64_t)s->d->model->observe_timeout_s * DR_S};
}

/* The array's own word on its leg. */
static void
ask(struct session *s, const struct dr_copy *c, bool probe, struct dr_leg_verdict *ret)
{
    const struct dr_plugin *p = NULL;
    struct dr_reply reply;
    *ret = (struct dr_leg_verdict){.site = c->site->name, .probe = probe};
    if (dr_endpoints_plugin(s->ends, c->array, &p, NULL) < 0)
        return;
    if (!dr_plugin_can(p, DR_ARRAY_OP_VERIFY_DUAL_WRITE)) {
        ret->text = dr_arena_printf(s->arena, "plugin %s cannot say", c->array->plugin);
    } else {
        dr_auto(dr_error_freep) struct drstor_error *err = NULL;
        const struct dr_call call = call_of(s, c, DR_ARRAY_OP_VERIFY_DUAL_WRITE);
        int r = dr_endpoints_call(s->ends, c->array, &call, &s->d->cancel, s->arena, &reply, &err);
        ret->fine = r == DRSTOR_OK                                    ? DRSTOR_TRI_YES
                    : r == DRSTOR_E_REFUSED || r == DRSTOR_E_CONFLICT ? DRSTOR_TRI_NO
                                                                      : DRSTOR_TRI_UNKNOWN;
        if (r < 0)
            ret->text = dr_arena_str(s->arena, dr_error_message(err));
    }
}

/* One write of leg I, and with OTHER a look for what that leg wrote. */
static void
probe_leg(struct session *s, const struct dr_group *g, size_t i, const size_t *other,
          struct dr_leg_verdict *ret)
{
    const struct dr_copy *c = &g->copies[i];
    const struct dr_plugin *p = NULL;
    struct dr_reply reply;
    ret->probed = DRSTOR_TRI_UNKNOWN;
    if (dr_endpoints_plugin(s->ends, c->array, &p, NULL) < 0)
        return;
    if (!dr_plugin_can(p, DR_ARRAY_OP_PROBE_WRITE)) {
        ret->probe_text = dr_arena_printf(s->arena, "plugin %s has no probe", c->array->plugin);
        return;
    }
    struct dr_call call = call_of(s, c, DR_ARRAY_OP_PROBE_WRITE);
    call.name = dr_arena_printf(s->arena, "%s.%zu", s->correlation, i);
    if (other) {
        call.op = dr_arena_printf(s->arena, "%s/%zu", call.op, *other); /* another wish */
        call.expect = dr_arena_printf(s->arena, "%s.%zu", s->correlation, *other);
    }
    (void)dr_endpoints_call(s->ends, c->array, &call, &s->d->cancel, s->arena, &reply, NULL);
    ret->probed = reply.outcome == DRSTOR_OUTCOME_DONE      ? DRSTOR_TRI_YES
                  : reply.outcome == DRSTOR_OUTCOME_REFUSED ? DRSTOR_TRI_NO
                                                            : DRSTOR_TRI_UNKNOWN;
    ret->probe_text = reply.error;
}

/* Every leg writes; then every leg writes again and has to find what the other ones wrote. Where an
 * array says no already, nothing is written. */
static void
probe_legs(struct session *s, const struct dr_group *g, struct dr_leg_verdict *legs)
{
    bool all = true;
    for (size_t i = 0; i < g->n_copies; i++)
        all &= legs[i].fine != DRSTOR_TRI_NO;
    for (size_t i = 0; i < g->n_copies && !all; i++)
        legs[i].probe_text = "not written: an array does not find dual write sound";
    if (!all)
        return;
    for (size_t i = 0; i < g->n_copies; i++) {
        probe_leg(s, g, i, NULL, &legs[i]);
        all &= legs[i].probed == DRSTOR_TRI_YES;
    }
    for (size_t i = 0; i < g->n_copies; i++)
        for (size_t k = 0; k < g->n_copies && all; k++)
            if (k != i && legs[i].probed == DRSTOR_TRI_YES)
                probe_leg(s, g, i, &k, &legs[i]);
}

static enum dr_verdict_dual
verify_group(struct session *s, const struct dr_group *g, const struct dr_facts *facts, bool probe,
             struct json_object *list)
{
    struct dr_leg_verdict *legs = dr_arena_alloc(s->arena, g->n_copies + 1, sizeof(*legs));
    struct dr_check *checks = NULL;
    size_t n = 0;
    for (size_t i = 0; i < g->n_copies && g->topology == DR_TOPOLOGY_ACTIVE_ACTIVE; i++)
        ask(s, &g->copies[i], probe, &legs[i]);
    if (probe && g->topology == DR_TOPOLOGY_ACTIVE_ACTIVE)
        probe_legs(s, g, legs);
    enum dr_verdict_dual verdict = dr_verify_dual(s->arena, g, facts, legs, &checks, &n);
    if (DR_CANARY("unknown-is-yes") && verdict == DR_DUAL_UNKNOWN)
        verdict = DR_DUAL_VERIFIED;
    struct json_object *o = json_object_new_object();
    dr_json_set_str(o, "group", g->name);
    dr_json_set_str(o, "verdict", dr_name(&dr_verdict_dual_names, (int)verdict));
    dr_json_set(o, "checks", dr_checks_json(checks, n));
    if (verdict == DR_DUAL_VERIFIED)
        dr_json_set_str(o, "valid_until",
                        dr_utc_text(s->arena, facts->now.utc + s->d->model->verify_max_age_s));
    (void)json_object_array_add(list, o);
    return verdict;
}

static bool
wanted(const struct dr_group *g, const char *const *groups, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (dr_streq(groups[i], g->name))
            return true;
    return n == 0 && g->topology == DR_TOPOLOGY_ACTIVE_ACTIVE;
}

int
drstor_verify(struct drstor *d, const char *const *groups, size_t n, int probe, char **ret_json,
              struct drstor_error **err)
{
    struct session s;
    struct dr_facts facts;
    int r = dr_groups_check(d->model, groups, n, err);
    if (r == DRSTOR_OK)
        r = dr_session_open(d, DR_STORE_READ, &s, err);
    if (r < 0)
        return r;
    if (probe) { /* only these handles can write, and only through the probe's own callback */
        dr_endpoints_free(s.ends);
        s.ends = dr_endpoints_new(d->env, d->model, s.contact, false, s.correlation);
    }
    r = dr_session_observe(&s, n ? groups : NULL, n, false, false, &facts, err);
    if (r == DRSTOR_OK) {
        struct json_object *o = dr_report_new(), *list = json_object_new_array();
        bool all = true;
        for (size_t i = 0; i < d->model->n_groups; i++)
            if (wanted(&d->model->groups[i], groups, n))
                all &= verify_group(&s, &d->model->groups[i], &facts, probe != 0, list) ==
                       DR_DUAL_VERIFIED;
        dr_json_set(o, "groups", list);
        dr_json_set_i64(o, "exit", all ? 0 : 6);
        *ret_json = dr_document_text(o);
    }
    dr_session_close(&s);
    return r;
}
