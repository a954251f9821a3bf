/*
 * What an engine did not do of what it answered with "done": a VM without some of its parts, a
 * domain whose VMs could not be read. It says so in its events, under the id of the call, and
 * nowhere else. Ids are in the store with the calls, so whoever resumes reads on.
 */
#include "run/stage_internal.h"

#include "base/str.h"

#include <string.h>

static bool
tells_more(enum dr_stage_kind kind)
{
    return kind == DR_STAGE_REGISTER_VM || kind == DR_STAGE_ATTACH;
}

void
dr_told_asked(struct stage *st, enum dr_stage_kind kind, const char *id, const char *correlation)
{
    if (!tells_more(kind) || !id || !correlation)
        return;
    struct asked *x = NULL;
    for (size_t i = 0; i < st->n_asked && !x; i++)
        x = dr_streq(st->asked[i].id, id) ? &st->asked[i] : NULL;
    if (!x) {
        x = &dr_arena_push(st->arena, st->asked, st->n_asked);
        *x = (struct asked){.id = dr_arena_str(st->arena, id)};
    }
    if (!dr_streq(x->correlation, correlation))
        x->correlation = dr_arena_str(st->arena, correlation);
}

static struct json_object *
parsed(const char *text)
{
    struct json_object *o = NULL;
    if (text && dr_json_parse(text, strlen(text), &dr_json_inventory, &o, NULL) < 0)
        return NULL;
    return o;
}

static void
add(struct stage *st, enum dr_stage_told_what what, const char *id, const char *text, bool seen)
{
    for (size_t i = 0; i < st->progress.n_told; i++)
        if (st->progress.told[i].what == what && dr_streq(st->progress.told[i].id, id))
            return;
    dr_arena_push(st->arena, st->progress.told, st->progress.n_told) =
        (struct dr_stage_told){.what = what,
                               .id = dr_arena_str(st->arena, id),
                               .text = dr_arena_str(st->arena, text),
                               .seen = seen};
}

/* The step failed and named it; that the run goes on is a person's word that it was seen to. */
static void
seen_before(struct stage *st, const struct dr_step_row *row)
{
    dr_auto(dr_json_putp) struct json_object *o = parsed(row->answer);
    struct json_object *vms = dr_json_get(o, "vms");
    for (size_t i = 0; i < dr_json_length(vms); i++) {
        struct json_object *vm = json_object_array_get_idx(vms, i);
        bool incomplete = false;
        if (dr_json_bool(vm, "incomplete", &incomplete) && incomplete)
            add(st, DR_STAGE_TOLD_INCOMPLETE, dr_json_str(vm, "id"), dr_json_str(vm, "trouble"),
                true);
    }
}

static void
sent_before(struct stage *st, const struct dr_step_row *row)
{
    static const struct {
        const char *prefix;
        enum dr_stage_kind kind;
    } calls[] = {{"stage:register-vm:", DR_STAGE_REGISTER_VM}, {"stage:attach:", DR_STAGE_ATTACH}};
    for (size_t i = 0; i < DR_COUNT(calls); i++) {
        if (strncmp(row->id, calls[i].prefix, strlen(calls[i].prefix)) != 0)
            continue;
        dr_auto(dr_json_putp) struct json_object *o = parsed(row->intent);
        dr_told_asked(st, calls[i].kind, dr_json_str(o, "id"), dr_json_str(o, "correlation"));
    }
}

int
dr_told_begin(struct stage *st, struct drstor_error **err)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_step_row *rows = NULL;
    size_t n = 0;
    st->told_due = true;
    if (st->told_begun)
        return DRSTOR_OK;
    st->told_begun = true;
    int r = dr_store_step_list(st->run->s->store, a, st->run->id, &rows, &n, err);
    for (size_t i = 0; r == DRSTOR_OK && i < n; i++) {
        sent_before(st, &rows[i]);
        if (dr_streq(rows[i].state, "failed"))
            seen_before(st, &rows[i]);
    }
    return r;
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool
asked_under(const struct stage *st, const char *id, const char *correlation)
{
    for (size_t i = 0; id && i < st->n_asked; i++)
        if (dr_streq(st->asked[i].id, id))
            return dr_streq(st->asked[i].correlation, correlation);
    return false;
}

static int
read_one(struct stage *st, const char *correlation, struct drstor_error **err)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    const struct dr_rhv_how how = {.cancel = &st->cancel};
    struct dr_rhv_event *events = NULL;
    size_t n = 0;
    int r = dr_rhv_events(st->rhv, &how, correlation, -1, a, &events, &n, err);
    for (size_t i = 0; r == DRSTOR_OK && i < n; i++) {
        const struct dr_rhv_event *e = &events[i];
        if (e->code == DR_RHV_EVENT_VM_INCOMPLETE && asked_under(st, e->vm, correlation))
            add(st, DR_STAGE_TOLD_INCOMPLETE, e->vm, e->text, false);
        if (e->code == DR_RHV_EVENT_OVF_UNREADABLE && asked_under(st, e->domain, correlation))
            add(st, DR_STAGE_TOLD_UNREADABLE, e->domain, e->text, false);
    }
    return r;
}

int
dr_told_read(struct stage *st, struct drstor_error **err)
{
    for (size_t i = 0; i < st->n_asked; i++) {
        bool read = false;
        for (size_t k = 0; k < i && !read; k++)
            read = dr_streq(st->asked[k].correlation, st->asked[i].correlation);
        int r = read ? DRSTOR_OK : read_one(st, st->asked[i].correlation, err);
        if (r < 0)
            return r;
    }
    st->told_due = false;
    return DRSTOR_OK;
}
