/*
 * Which VMs of a group ran where it comes from: read from the engine right before the first of them
 * is shut down, stored before that, and what is started again afterwards, here or there. An engine
 * that lets go of a domain forgets its VMs, and what a domain says of them is what they were when
 * it was written: down. So nothing else knows.
 */
#include "run/stage_internal.h"

#include "plan/guard.h"

#include "base/str.h"

#include <string.h>

static const char taken_word[] = "taken", returned_word[] = "returned";

static const char *
row_id(struct dr_arena *a, const char *group)
{
    return dr_arena_printf(a, "ran:%s", group);
}

int
dr_guests_load(struct dr_store *store, struct dr_arena *a, const char *run, const char *group,
               struct dr_guests *ret, struct drstor_error **err)
{
    struct dr_step_row *rows = NULL;
    size_t n = 0;
    const char *id = row_id(a, group);
    *ret = (struct dr_guests){0};
    dr_map_clear(&dr_stage_group_type, &ret->what);
    int r = dr_store_step_list(store, a, run, &rows, &n, err);
    for (size_t i = 0; r == DRSTOR_OK && i < n; i++) {
        if (!dr_streq(rows[i].id, id))
            continue;
        r = dr_run_read(a, rows[i].intent, &dr_stage_group_type, &ret->what, err);
        ret->there = r == DRSTOR_OK;
        ret->owed = ret->there && dr_streq(rows[i].state, taken_word);
        if (r < 0)
            (void)dr_context(err, r, "the VMs of group %s that ran", group);
    }
    return r;
}

int
dr_run_last_of(struct dr_store *store, struct dr_arena *a, const char *group, const char *but,
               const char **ret, struct drstor_error **err)
{
    enum { RUNS_MOST = 1000 };
    struct dr_run_row *runs = NULL;
    size_t n = 0;
    *ret = NULL;
    int r = dr_store_run_list(store, a, RUNS_MOST, &runs, &n, err);
    for (size_t i = 0; r == DRSTOR_OK && i < n && !*ret; i++)
        for (size_t k = 0; k < runs[i].n_groups; k++)
            if (dr_streq(runs[i].groups[k], group) && !dr_streq(runs[i].id, but))
                *ret = runs[i].id;
    return r;
}

int
dr_guests_owed(struct dr_store *store, struct dr_arena *a, const char *group, const char *but,
               const char **ret_run, struct dr_guests *ret, struct drstor_error **err)
{
    int r = dr_run_last_of(store, a, group, but, ret_run, err);
    if (r == DRSTOR_OK && *ret_run)
        r = dr_guests_load(store, a, *ret_run, group, ret, err);
    if (*ret_run && (r < 0 || !ret->owed))
        *ret_run = NULL;
    return r;
}

int
dr_guests_write(struct dr_run *run, struct dr_arena *a, const struct dr_stage_group *ran,
                bool returned, struct drstor_error **err)
{
    dr_auto(dr_json_putp) struct json_object *o = dr_map_write(&dr_stage_group_type, ran);
    struct dr_step_row row = {.run = run->id,
                              .id = row_id(a, ran->group),
                              .state = returned ? returned_word : taken_word,
                              .intent = dr_json_text(o)};
    dr_map_clear(&dr_stamp_type, &row.started);
    row.sent = row.deadline = row.started;
    row.answered = dr_stamp_now(run->s->env);
    return dr_store_step_put(run->s->store, &row, err);
}

int
dr_guests_put(struct dr_step *s, const struct dr_stage_group *ran, bool returned,
              struct drstor_error **err)
{
    struct dr_store *st = s->run->s->store;
    int r = dr_store_begin(st, err);
    if (r < 0)
        return r;
    r = dr_store_guard(st, s->group->name, s->token, err);
    if (r == DRSTOR_OK)
        r = dr_guests_write(s->run, s->arena, ran, returned, err);
    if (r < 0) {
        dr_store_rollback(st);
        return r;
    }
    r = dr_store_commit(st, err);
    DR_FP("guests.noted");
    return r;
}

static void
by_id(struct dr_arena *a, const struct dr_stage_group *ran, struct dr_index *ret)
{
    *ret = (struct dr_index){0};
    for (size_t i = 0; i < ran->n_vms; i++)
        (void)dr_index_put(a, ret, ran->vms[i].id, i);
}

static struct dr_stage_vm *
vm_of(const struct dr_stage_group *ran, const struct dr_index *ids, const char *id)
{
    size_t at = dr_index_at(ids, id);
    return at == DR_INDEX_NONE ? NULL : &ran->vms[at];
}

/* ---- found on the LUNs -----------------------------------------------------------------------
 */

static const char *
found_id(struct dr_arena *a, const char *group)
{
    return dr_arena_printf(a, "found:%s", group);
}

static int
keep_found(struct dr_step *s, const struct dr_stage_group *want, struct drstor_error **err)
{
    struct dr_store *st = s->run->s->store;
    dr_auto(dr_json_putp) struct json_object *o = dr_map_write(&dr_stage_group_type, want);
    struct dr_step_row row = {.run = s->run->id,
                              .id = found_id(s->arena, want->group),
                              .state = "found",
                              .intent = dr_json_text(o)};
    dr_map_clear(&dr_stamp_type, &row.started);
    row.sent = row.deadline = row.started;
    row.answered = dr_stamp_now(s->run->s->env);
    int r = dr_store_begin(st, err);
    if (r < 0)
        return r;
    r = dr_store_guard(st, s->group->name, s->token, err);
    if (r == DRSTOR_OK)
        r = dr_store_step_put(st, &row, err);
    if (r < 0) {
        dr_store_rollback(st);
        return r;
    }
    r = dr_store_commit(st, err);
    DR_FP("guests.found");
    return r;
}

int
dr_guests_found(struct dr_step *s, struct dr_arena *a, const struct dr_stage_result *found,
                struct dr_stage_group *want, struct drstor_error **err)
{
    bool added = false;
    for (size_t i = 0; i < found->n_found; i++)
        if (dr_streq(found->found[i].group, want->group)) {
            dr_arena_push(a, want->vms, want->n_vms) = found->found[i].vm;
            added = true;
        }
    if (!added)
        return DRSTOR_OK;
    struct dr_stage_group whole; /* nothing of FOUND, which ends before the list does */
    dr_map_copy(a, &dr_stage_group_type, want, &whole);
    *want = whole;
    return keep_found(s, want, err);
}

int
dr_guests_found_before(struct dr_step *s, struct dr_stage_group *want, struct drstor_error **err)
{
    struct dr_step_row *rows = NULL;
    size_t n = 0;
    const char *id = found_id(s->arena, want->group);
    int r = dr_store_step_list(s->run->s->store, s->arena, s->run->id, &rows, &n, err);
    for (size_t i = 0; r == DRSTOR_OK && i < n; i++) {
        struct dr_stage_group before;
        struct dr_index ids;
        if (!dr_streq(rows[i].id, id))
            continue;
        r = dr_run_read(s->arena, rows[i].intent, &dr_stage_group_type, &before, err);
        by_id(s->arena, want, &ids);
        for (size_t k = 0; r == DRSTOR_OK && k < before.n_vms; k++)
            if (!vm_of(want, &ids, before.vms[k].id))
                dr_arena_push(s->arena, want->vms, want->n_vms) = before.vms[k];
    }
    return r;
}

/* ---- reading --------------------------------------------------------------------------------- */

static const struct dr_stage_domain *
domain_of(const struct dr_stage_group *ran, const struct dr_inv_vm *vm)
{
    for (size_t i = 0; i < ran->n_domains; i++)
        for (size_t k = 0; k < vm->n_domains; k++)
            if (dr_streq(ran->domains[i].id, vm->domains[k]))
                return &ran->domains[i];
    return NULL;
}

int
dr_guests_note(struct dr_arena *a, const struct dr_model *m, const struct dr_inventory *now,
               struct dr_stage_group *ran)
{
    int added = 0;
    dr_auto(dr_arena_freep) struct dr_arena *scratch = dr_arena_new();
    struct dr_index ids;
    by_id(scratch, ran, &ids);
    for (size_t i = 0; i < now->n_vms; i++) {
        const struct dr_inv_vm *vm = &now->vms[i];
        if (!dr_vm_may_run(vm->status) || !domain_of(ran, vm))
            continue;
        struct dr_stage_vm *have = vm_of(ran, &ids, vm->id);
        if (have && have->start)
            continue;
        added = 1;
        if (have) {
            have->start = true;
            continue;
        }
        struct dr_stage_vm fresh = {.id = vm->id,
                                    .name = vm->name,
                                    .cluster = vm->cluster,
                                    .ha = vm->ha,
                                    .priority = vm->priority,
                                    .tier = dr_stage_tier(m, vm->name),
                                    .start = true,
                                    .domains = vm->domains,
                                    .n_domains = vm->n_domains};
        dr_arena_push(a, ran->vms, ran->n_vms) = fresh;
    }
    if (added) { /* nothing of NOW, which ends before the list does */
        struct dr_stage_group whole;
        dr_map_copy(a, &dr_stage_group_type, ran, &whole);
        *ran = whole;
    }
    return added;
}

int
dr_stage_look(struct dr_step *s, struct dr_rhv *rhv, struct dr_inventory *ret,
              struct drstor_error **err)
{
    uint64_t until = 0;
    int r;
    do {
        const struct dr_rhv_how how = {.cancel = s->run->s->cancel};
        dr_error_freep(err);
        dr_map_clear(&dr_inventory_type, ret);
        r = dr_rhv_inventory(rhv, &how, NULL, s->arena, ret, err);
    } while (r < 0 &&
             dr_step_ask_again(s, r == DRSTOR_E_NOTFOUND ? DRSTOR_E_BUSY : r, &until, *err));
    return r;
}

int
dr_guests_look(struct dr_step *s, struct dr_stage_group *ret, enum drstor_tristate *ret_attached,
               struct drstor_error **err)
{
    struct dr_run *run = s->run;
    struct dr_rhv *rhv = NULL;
    struct dr_inventory now;
    struct dr_copy_facts copy;
    dr_map_clear(&dr_copy_facts_type, &copy);
    int r = dr_step_look_patiently(s, s->old, &copy.view, err);
    if (r == DRSTOR_OK && !dr_group_findable(s->group, &copy))
        r = dr_fail(err, DRSTOR_E_CONFLICT, "array %s gives no WWID for the volumes of group %s",
                    s->old->array->name, s->group->name);
    if (r == DRSTOR_OK)
        r = dr_endpoints_engine(run->s->ends, s->old->site, &rhv, err);
    if (r == DRSTOR_OK)
        r = dr_stage_look(s, rhv, &now, err);
    if (r < 0)
        return r;
    dr_stage_expect_in(s->arena, run->s->model, &now, &copy, s->group, s->old->site->name, ret);
    ret->exact = ret->known;
    *ret_attached = DRSTOR_TRI_NO;
    for (size_t i = 0; i < ret->n_domains; i++)
        if (dr_inventory_domain(&now, ret->domains[i].id)->status != DR_SD_UNATTACHED)
            *ret_attached = DRSTOR_TRI_YES;
    return DRSTOR_OK;
}

/* What ran a moment ago, when this command looked, ran. */
static void
merge_facts(struct dr_step *s, struct dr_stage_group *ran)
{
    struct dr_stage_group before;
    struct dr_index ids;
    by_id(s->arena, ran, &ids);
    pthread_mutex_lock(&s->run->lock);
    dr_stage_expect(s->arena, s->run->s->model, &s->run->facts, s->group, s->old, &before);
    for (size_t i = 0; i < before.n_vms; i++) {
        struct dr_stage_vm *vm = before.vms[i].start ? vm_of(ran, &ids, before.vms[i].id) : NULL;
        if (vm)
            vm->start = true;
    }
    pthread_mutex_unlock(&s->run->lock);
}

int
dr_guests_begin(struct dr_step *s, struct dr_stage_group *ret, struct drstor_error **err)
{
    struct dr_guests ran;
    int r = dr_guests_load(s->run->s->store, s->arena, s->run->id, s->group->name, &ran, err);
    if (r < 0)
        return r;
    if (ran.owed) {
        *ret = ran.what;
        return DRSTOR_OK;
    }
    enum drstor_tristate attached;
    r = dr_guests_look(s, ret, &attached, err);
    if (r < 0)
        return r;
    merge_facts(s, ret);
    r = dr_guests_put(s, ret, false, err);
    return r < 0 ? r : dr_step_tell_standby(s, err);
}
