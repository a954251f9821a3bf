#include "plan/held.h"

#include "plan/loss.h"

#include "base/str.h"
#include "model/words.h"

/* Every volume that the record knows is shown, and none of them takes writes. */
static bool
closed(const struct dr_plan_record *record, const struct dr_copy_view *v)
{
    return v->n_members >= record->record.n_members && dr_view_not_writable(v);
}

static bool
site_held(const struct dr_record *r, const char *site)
{
    for (size_t i = 0; i < r->n_site_hold; i++)
        if (dr_streq(r->site_hold[i], site))
            return true;
    return false;
}

enum dr_held
dr_held_judge(const struct dr_group *group, const char *site, const struct dr_plan_record *record,
              const struct dr_copy_view *v)
{
    const struct dr_record *r = &record->record;
    bool known = record->present && !record->damaged;
    bool legs = group->topology == DR_TOPOLOGY_ACTIVE_ACTIVE;
    if (known && dr_streq(r->primary, site))
        return DR_HELD_FINE;
    if (known && legs && !site_held(r, site))
        return DR_HELD_FINE;
    if (!v)
        return DR_HELD_UNKNOWN;
    /* The arrays let it join again: what is written there is written at the other one, too. */
    if (known && legs && v->leg == DRSTOR_LEG_JOINED)
        return DR_HELD_FINE;
    if (!closed(record, v)) /* what nobody sees, nobody writes; but only where withdrawing is all */
        return legs && !dr_view_exposed(v) && v->n_members >= r->n_members ? DR_HELD_FINE
                                                                           : DR_HELD_OPEN;
    return known && !legs && site_held(r, site) && dr_view_exposed(v) ? DR_HELD_SHOWN
                                                                      : DR_HELD_FINE;
}

/* ---- words ----------------------------------------------------------------------------------- */

static bool
among(const char **names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (dr_streq(names[i], name))
            return true;
    return false;
}

/* The host groups that see V and are not among those of WITHOUT (NULL: all of them), joined. */
static const char *
hosts(struct dr_arena *a, const struct dr_copy_view *v, const struct dr_copy_view *without)
{
    dr_auto(dr_str_freep) struct dr_str text = {0};
    const char **names = NULL;
    size_t n = 0, skipped = 0;
    for (size_t i = 0; without && i < without->n_members; i++)
        for (size_t k = 0; k < without->members[i].n_paths; k++)
            dr_arena_push(a, names, n) = without->members[i].paths[k].host_group;
    skipped = n;
    for (size_t i = 0; i < v->n_members; i++)
        for (size_t k = 0; k < v->members[i].n_paths; k++) {
            const char *name = v->members[i].paths[k].host_group;
            if (!name || among(names, n, name))
                continue;
            dr_str_printf(&text, "%s%s", n > skipped ? ", " : "", name);
            dr_arena_push(a, names, n) = name;
        }
    return text.n ? dr_arena_str(a, text.s) : NULL;
}

static const char *
access_words(const struct dr_copy_view *v)
{
    if (dr_view_not_writable(v))
        return v->access == DRSTOR_ACCESS_NONE ? "not to be had" : "read-only";
    if (v->access == DRSTOR_ACCESS_READ_WRITE)
        return "writable";
    return v->access == DRSTOR_ACCESS_UNKNOWN ? "perhaps writable" : "writable in part";
}

const char *
dr_held_found(struct dr_arena *a, const struct dr_plan_record *record, const struct dr_copy_view *v)
{
    const char *seen = hosts(a, v, NULL), *why;
    if (record->damaged)
        why = "its record cannot be read";
    else if (!record->present)
        why = "it has no record";
    else
        why = dr_arena_printf(a, "its primary is %s since epoch %lld", record->record.primary,
                              (long long)record->record.epoch);
    return dr_arena_printf(a, "%s%s%s; %s", access_words(v), seen ? ", exposed to " : "",
                           seen ? seen : "", why);
}

const char *
dr_held_did(struct dr_arena *a, const struct dr_copy_view *before, const struct dr_copy_view *after)
{
    dr_auto(dr_str_freep) struct dr_str text = {0};
    if (!after)
        return "closed by what was read back, and not read again since";
    const char *gone = hosts(a, before, after), *left = hosts(a, after, NULL);
    if (!dr_view_not_writable(before))
        dr_str_add(&text,
                   dr_view_not_writable(after) ? "made not writable, read back" : "still writable");
    if (gone)
        dr_str_printf(&text, "%swithdrawn from %s", text.n ? "; " : "", gone);
    if (left)
        dr_str_printf(&text, "%sstill exposed to %s", text.n ? "; " : "", left);
    return text.n ? dr_arena_str(a, text.s) : "nothing was left to do";
}

enum dr_old_copy
dr_held_old_copy(const struct dr_record *r, const struct dr_copy_view *v)
{
    bool written = !dr_view_not_writable(v) && dr_view_exposed(v);
    bool moved =
        r->left.generation && v->generation && !dr_streq(r->left.generation, v->generation);
    if (written || moved || v->sync == DRSTOR_SYNC_DIVERGED)
        return DR_OLD_COPY_DIVERGED;
    if (r->old_copy == DR_OLD_COPY_NONE && !dr_view_not_writable(v))
        return DR_OLD_COPY_STALE;
    return r->old_copy;
}

const char *
dr_held_vms(struct dr_arena *a, const struct dr_group *group, const struct dr_copy_facts *copy,
            const struct dr_inventory *v)
{
    enum { NAMED = 3 };
    dr_auto(dr_str_freep) struct dr_str text = {0};
    const struct dr_inv_domain **domains;
    size_t n_domains = dr_group_domains(a, group, copy, v, &domains), n = 0;
    for (size_t i = 0; i < v->n_vms; i++) {
        const struct dr_inv_vm *vm = &v->vms[i];
        /* Of what is on hosts that nobody hears of, the engine does not know. */
        if (vm->status == DR_VM_UNKNOWN || !dr_vm_may_run(vm->status) ||
            !dr_vm_of_group(v, vm, domains, n_domains))
            continue;
        if (n++ < NAMED)
            dr_str_printf(&text, "%s%s", n > 1 ? ", " : "", vm->name);
    }
    if (n > NAMED)
        dr_str_printf(&text, " and %zu more", n - NAMED);
    return n ? dr_arena_str(a, text.s) : NULL;
}
