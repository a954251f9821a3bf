/*
 * The engine of a site that came back still has domains and VMs as they were before the group was
 * promoted elsewhere, and may have started them. They are given up there before storage is taken
 * from under them: what runs twice is switched off, hosts are restarted, domains removed.
 */
#include "run/stage_internal.h"

#include "plan/remains.h"

#include "base/str.h"

#include <string.h>

/* Both engines and both copies as they are now; what is stale is judged anew. RET: what is there.
 */
static int
judge_again(struct dr_step *s, struct dr_remains *ret, struct drstor_error **err)
{
    struct dr_run *run = s->run;
    const char *group = s->group->name;
    const char *sites[] = {s->old->site->name, s->target->site->name};
    const struct dr_observe_what what = {.groups = run->plan.goal.groups,
                                         .n_groups = run->plan.goal.n_groups,
                                         .sites = sites,
                                         .n_sites = 2,
                                         .engines = true};
    struct dr_plan_record record = {.group = group, .present = true};
    struct dr_facts facts;
    struct dr_refusal refusal;
    struct dr_guard_case c;
    const struct dr_plan_input in = {.model = run->s->model,
                                     .facts = &facts,
                                     .records = &record,
                                     .n_records = 1,
                                     .goal = &run->plan.goal,
                                     .own_run = run->id};
    int r = dr_store_load(run->s->store, s->arena, group, &record.record, NULL, err);
    if (r < 0)
        return r;
    dr_observe(run->s->ends, run->s->env, run->s->model, &what, NULL, run->s->cancel, s->arena,
               &facts);
    dr_guard_case_init(&c, s->arena, &in, s->group);
    if (!dr_guard_stale_at_old(&c, &refusal)) {
        dr_remains_at_old(&c, ret);
        return DRSTOR_OK;
    }
    r = dr_refuse(err, refusal.id, "%s (%s)", refusal.text, refusal.evidence);
    dr_hint(err, "%s", refusal.remedy);
    return r;
}

/* Nothing of it is started again. */
static void
want(struct dr_step *s, const struct dr_remains *left, struct dr_stage_group *ret)
{
    dr_map_clear(&dr_stage_group_type, ret);
    ret->group = s->group->name;
    ret->from = s->old->site->name;
    ret->known = ret->exact = true;
    for (size_t i = 0; i < left->n_domains; i++)
        dr_arena_push(s->arena, ret->domains, ret->n_domains) =
            (struct dr_stage_domain){.id = left->domains[i]->id, .name = left->domains[i]->name};
    for (size_t i = 0; i < left->n_vms; i++) {
        const struct dr_inv_vm *vm = left->vms[i];
        dr_arena_push(s->arena, ret->vms, ret->n_vms) =
            (struct dr_stage_vm){.id = vm->id,
                                 .name = vm->name,
                                 .tier = dr_stage_tier(s->run->s->model, vm->name),
                                 .domains = vm->domains,
                                 .n_domains = vm->n_domains};
    }
}

/* ---- given up -------------------------------------------------------------------------------- */

static const struct dr_step_row *
row_of(const struct dr_step_row *rows, size_t n, const char *id)
{
    for (size_t i = 0; i < n; i++)
        if (dr_streq(rows[i].id, id))
            return &rows[i];
    return NULL;
}

void
dr_clean_left_off(struct dr_run *run, const char ***ret, size_t *ret_n)
{
    static const char off[] = "stage:host-off:", word[] = "ok";
    struct dr_step_row *rows = NULL;
    size_t n = 0;
    if (dr_store_step_list(run->s->store, run->arena, run->id, &rows, &n, NULL) < 0)
        return;
    for (size_t i = 0; i < n; i++) {
        if (strncmp(rows[i].id, off, sizeof(off) - 1) != 0)
            continue;
        const struct dr_step_row *on = row_of(
            rows, n, dr_arena_printf(run->arena, "stage:host-on:%s", rows[i].id + sizeof(off) - 1));
        dr_auto(dr_json_putp) struct json_object *back = NULL, *sent = NULL;
        if (on && on->answer)
            (void)dr_json_parse(on->answer, strlen(on->answer), &dr_json_small, &back, NULL);
        if (dr_streq(dr_json_str(back, "answer"), word))
            continue;
        if (rows[i].intent)
            (void)dr_json_parse(rows[i].intent, strlen(rows[i].intent), &dr_json_small, &sent,
                                NULL);
        const char *call = dr_json_str(sent, "call");
        dr_arena_push(run->arena, *ret, *ret_n) =
            dr_arena_printf(run->arena, "its engine was told: %s; see that it is on there",
                            call ? call : rows[i].id);
    }
}

enum dr_step_end
dr_step_clean(struct dr_step *s)
{
    struct joined me = {.step = s, .wish = WISH_REMOVED};
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_remains left;
    int r = judge_again(s, &left, &err);
    if (r < 0)
        return dr_step_fail(s, dr_step_end_of_status(r), &err);
    want(s, &left, &me.want);
    enum dr_step_end end = dr_stage_at_engine(&me, s->old);
    if (end == DR_STEP_END_FAILED)
        dr_hint(&s->err,
                "put that right at the engine of %s, then resume; nothing of %s has been "
                "overwritten there",
                s->old->site->name, s->group->name);
    return end;
}
