/* Three clocks: the last sign of life, the decision, service again; of a run, its groups, its VMs.
 */
#include "report/ran.h"

#include "base/str.h"
#include "base/timetext.h"

#include <string.h>

struct json_object *
dr_ran_parse(const char *text)
{
    struct json_object *o = NULL;
    if (text && dr_json_parse(text, strlen(text), &dr_json_inventory, &o, NULL) < 0)
        return NULL;
    return o;
}

const struct dr_step_row *
dr_ran_row(const struct dr_ran *ran, const char *step)
{
    for (size_t i = 0; i < ran->n_rows; i++)
        if (dr_streq(ran->rows[i].id, step))
            return &ran->rows[i];
    return NULL;
}

/* Of one group; -1: not known, or not so. */
struct service {
    const struct dr_plan_group *flip;
    int64_t outage, writable, first, last, back;
    size_t vms, up;
};

static void
set_time(const struct dr_ran *ran, struct json_object *o, const char *key, int64_t utc)
{
    if (utc >= 0)
        dr_json_set_str(o, key, dr_utc_text(ran->arena, utc));
}

static void
set_since(struct json_object *o, const char *key, int64_t from, int64_t to)
{
    if (from >= 0 && to >= from)
        dr_json_set_i64(o, key, to - from);
}

/* Only what makes a site serve has a recovery time; and what shows how long that takes. */
static bool
brings_service(const struct dr_plan *p)
{
    for (size_t i = 0; p->goal.verb == DR_VERB_DRILL_PROMOTE && i < p->n_steps; i++)
        if (p->steps[i].kind == DR_STEP_STAGE)
            return true;
    return p->goal.verb == DR_VERB_PROMOTE || p->goal.verb == DR_VERB_FAILBACK;
}

/*
 * When a VM was first seen up. A run that was resumed sees VMs up that came up before: then what
 * was told at the time is the older witness.
 */
static int64_t
seen_up(const struct dr_ran *ran, const char *step, struct json_object *vm)
{
    int64_t at = -1;
    const char *name = dr_json_str(vm, "name");
    if (!dr_json_i64(vm, "started_utc", &at) || at < 0)
        return -1;
    const char *told =
        dr_arena_printf(ran->arena, "VM %s runs", name ? name : dr_json_str(vm, "id"));
    for (size_t i = 0; i < ran->n_events; i++) {
        const struct dr_event_row *e = &ran->events[i];
        if (e->time >= 0 && e->time < at && dr_streq(e->state, "up") && dr_streq(e->step, step) &&
            dr_streq(e->text, told))
            at = e->time;
    }
    return at;
}

/* The VM of GROUP in LIST, where a step before this one told of it. */
static struct json_object *
vm_in(struct json_object *list, const char *group, const char *id)
{
    for (size_t i = 0; i < dr_json_length(list); i++) {
        struct json_object *vm = json_object_array_get_idx(list, i);
        if (dr_streq(dr_json_str(vm, "id"), id) && dr_streq(dr_json_str(vm, "group"), group))
            return vm;
    }
    struct json_object *vm = json_object_new_object();
    (void)json_object_array_add(list, vm);
    return vm;
}

/* What a step saw of a VM; one that comes later knows better. */
static struct json_object *
tell_vm(const struct dr_ran *ran, const struct dr_plan_step *step, struct json_object *vm,
        struct json_object *list)
{
    struct json_object *o = vm_in(list, step->group, dr_json_str(vm, "id"));
    int64_t stopped = -1;
    json_object_object_del(o, "trouble");
    dr_json_set_str(o, "name", dr_json_str(vm, "name"));
    dr_json_set_str(o, "id", dr_json_str(vm, "id"));
    dr_json_set_str(o, "group", step->group);
    dr_json_set_str(o, "state", dr_json_str(vm, "state"));
    dr_json_set_str(o, "trouble", dr_json_str(vm, "trouble"));
    json_object_object_del(o, "incomplete");
    bool incomplete = false;
    if (dr_json_bool(vm, "incomplete", &incomplete) && incomplete)
        dr_json_set_bool(o, "incomplete", true);
    if (dr_json_i64(vm, "stopped_utc", &stopped)) {
        set_time(ran, o, "stopped_at", stopped);
        if (dr_streq(dr_json_str(vm, "state"), "powered-off"))
            dr_json_set_bool(o, "powered_off", true);
    }
    return o;
}

static void
add_vm(const struct dr_ran *ran, const struct dr_plan_step *step, struct json_object *vm,
       struct service *s, struct json_object *list)
{
    struct json_object *o = tell_vm(ran, step, vm, list);
    int64_t at = seen_up(ran, step->id, vm);
    set_time(ran, o, "started_at", at);
    if (at >= 0 && brings_service(&ran->plan)) {
        set_since(o, "rto_s", ran->row.started, at);
        set_since(o, "rto_outage_s", s->outage, at);
    }
    if (at >= 0 && (s->first < 0 || at < s->first))
        s->first = at;
    if (at > s->last)
        s->last = at;
    s->vms++;
    s->up += dr_streq(dr_json_str(vm, "state"), "up") && !dr_json_str(vm, "trouble");
}

static struct service
service_of(const struct dr_ran *ran, const struct dr_plan_group *flip, struct json_object *vms)
{
    struct service s = {.flip = flip,
                        .outage = ran->plan.goal.unplanned ? flip->last_answer : -1,
                        .writable = -1,
                        .first = -1,
                        .last = -1,
                        .back = -1};
    int64_t end = -1;
    bool all = true;
    for (size_t i = 0; i < ran->plan.n_steps; i++) {
        const struct dr_plan_step *step = &ran->plan.steps[i];
        if (!dr_streq(step->group, flip->name))
            continue;
        const struct dr_step_row *r = dr_ran_row(ran, step->id);
        bool done = r && dr_streq(r->state, "done");
        all &= done;
        /* Nobody waits for the way back, and for what is only written down. */
        if (done && step->kind != DR_STEP_REVERSE && step->kind != DR_STEP_GIVEBACK &&
            step->kind != DR_STEP_SETTLE && r->answered.utc > end)
            end = r->answered.utc;
        if (done && step->kind == DR_STEP_PROMOTE)
            s.writable = r->answered.utc;
        bool drain = step->kind == DR_STEP_DRAIN;
        dr_auto(dr_json_putp) struct json_object *answer =
            r && (drain || step->kind == DR_STEP_STAGE) ? dr_ran_parse(r->answer) : NULL;
        struct json_object *list = dr_json_get(answer, "vms");
        for (size_t k = 0; k < dr_json_length(list); k++) {
            struct json_object *vm = json_object_array_get_idx(list, k);
            if (drain && !dr_json_get(vm, "started_utc"))
                (void)tell_vm(ran, step, vm, vms);
            else
                add_vm(ran, step, vm, &s, vms);
        }
    }
    /* VMs are the service where there are any; otherwise it is the storage. */
    if (all && brings_service(&ran->plan) && !flip->nothing_to_do)
        s.back = s.last >= 0 ? s.last : end;
    return s;
}

static struct json_object *
group_json(const struct dr_ran *ran, const struct service *s, struct json_object *losses)
{
    struct json_object *o = json_object_new_object();
    int64_t loss;
    dr_json_set_str(o, "group", s->flip->name);
    dr_json_set_str(o, "from", s->flip->from);
    dr_json_set_str(o, "to", s->flip->to);
    dr_json_set_i64(o, "vms", (int64_t)s->vms);
    dr_json_set_i64(o, "vms_up", (int64_t)s->up);
    set_time(ran, o, "outage", s->outage);
    set_time(ran, o, "writable_at", s->writable);
    set_time(ran, o, "first_vm", s->first);
    set_time(ran, o, "last_vm", s->last);
    set_time(ran, o, "service_at", s->back);
    set_since(o, "rto_s", ran->row.started, s->back);
    set_since(o, "rto_outage_s", s->outage, s->back);
    for (size_t i = 0; i < dr_json_length(losses); i++) {
        struct json_object *l = json_object_array_get_idx(losses, i);
        if (dr_streq(dr_json_str(l, "group"), s->flip->name) && dr_json_i64(l, "seconds", &loss))
            dr_json_set_i64(o, "rpo_s", loss);
    }
    if (s->flip->rto_s >= 0)
        dr_json_set_i64(o, "rto_goal_s", s->flip->rto_s);
    if (s->flip->rpo_s >= 0)
        dr_json_set_i64(o, "rpo_goal_s", s->flip->rpo_s);
    return o;
}

static void
latest(int64_t *known, int64_t at)
{
    if (at > *known)
        *known = at;
}

void
dr_ran_service(const struct dr_ran *ran, struct json_object *doc)
{
    struct json_object *times = json_object_new_object(), *vms = json_object_new_array();
    struct json_object *groups = json_object_new_array();
    int64_t outage = -1, first = -1, last = -1, back = -1;
    for (size_t i = 0; i < ran->plan.n_flips; i++) {
        struct service s = service_of(ran, &ran->plan.flips[i], vms);
        latest(&outage, s.outage);
        latest(&last, s.last);
        latest(&back, s.back);
        if (s.first >= 0 && (first < 0 || s.first < first))
            first = s.first;
        (void)json_object_array_add(groups, group_json(ran, &s, dr_json_get(doc, "losses")));
    }
    set_time(ran, times, "outage", outage);
    set_time(ran, times, "decision", ran->row.started);
    set_time(ran, times, "first_vm", first);
    set_time(ran, times, "last_vm", last);
    if (ran->row.state == DR_RUN_DONE) {
        set_time(ran, times, "service", back);
        set_since(doc, "rto_s", ran->row.started, back);
        set_since(doc, "rto_outage_s", outage, back);
    }
    set_time(ran, times, "ended", ran->row.ended);
    dr_json_set(doc, "times", times);
    dr_json_set(doc, "by_group", groups);
    dr_json_set(doc, "vms", vms);
}
