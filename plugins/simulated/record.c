/* The independent record: log, violations, losses, counters. */
#include "state.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    const char *text;
} violation_words[SIM_V_COUNT] = {
    [SIM_V_UNKNOWN] = {"unknown", "unknown"},
    [SIM_V_DUAL_WRITABLE] = {"dual-writable", "two sites could write the same volumes"},
    [SIM_V_DUAL_RETURN] = {"dual-return",
                           "two sites could write the same volumes after a site or link came back"},
    [SIM_V_DUAL_WRITERS] = {"dual-writers", "writers ran at two sites of the same volume"},
    [SIM_V_UNEQUAL_POINTS] = {"unequal-points",
                              "members of one group were promoted to different points in time"},
    [SIM_V_RESYNC_WRITABLE] = {"resync-writable", "a resync ran over a writable copy"},
    [SIM_V_RESYNC_EXPOSED] = {"resync-exposed", "a resync ran over a copy that hosts could see"},
    [SIM_V_STALE] = {"stale", "a call with an older epoch or token took effect"},
    [SIM_V_PLANNED_LOSS] = {"planned-loss", "a planned promotion lost acknowledged writes"},
    [SIM_V_DESTROYED] = {"destroyed",
                         "the last place of writes that nobody had given up was overwritten"},
    [SIM_V_INCONSISTENT] = {"inconsistent", "a copy was made writable in the middle of a resync"},
    [SIM_V_START_PARTIAL] = {"start-partial",
                             "a writer started while part of its group was not writable"},
    [SIM_V_SENT_LATE] = {"sent-late", "a call was sent after its own deadline"},
};

const char *
sim_violation_name(enum sim_violation v)
{
    return v > SIM_V_UNKNOWN && v < SIM_V_COUNT ? violation_words[v].name : "unknown";
}

const char *
sim_violation_text(enum sim_violation v)
{
    return v > SIM_V_UNKNOWN && v < SIM_V_COUNT ? violation_words[v].text : "unknown";
}

uint64_t
sim_violations(const struct sim_world *w, enum sim_violation v)
{
    return v > SIM_V_UNKNOWN && v < SIM_V_COUNT ? w->violations[v] : 0;
}

uint64_t
sim_violations_total(const struct sim_world *w)
{
    uint64_t n = 0;
    for (int v = 0; v < SIM_V_COUNT; v++)
        if (v != SIM_V_DUAL_RETURN)
            n += w->violations[v];
    return n;
}

void
sim_violate(struct sim_world *w, enum sim_violation v, const char *group, const char *format, ...)
{
    w->violations[v]++;
    w->changed = 1;
    if (w->n_seen == SIM_VIOLATIONS_KEPT) {
        memmove(w->seen, w->seen + 1, (w->n_seen - 1) * sizeof(*w->seen));
        w->n_seen--;
    }
    struct sim_violation_entry *seen =
        sim_grow(w->seen, w->n_seen, &w->size_seen, sizeof(*w->seen));
    if (!seen) {
        w->broken = true;
        return;
    }
    w->seen = seen;
    struct sim_violation_entry *e = &w->seen[w->n_seen++];
    *e = (struct sim_violation_entry){.time_ns = w->now_ns, .kind = v};
    SIM_SET(e->group, group);
    va_list ap;
    va_start(ap, format);
    vsnprintf(e->text, sizeof(e->text), format, ap);
    va_end(ap);
}

struct json_object *
sim_violations_list(const struct sim_world *w)
{
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; list && i < w->n_seen; i++) {
        const struct sim_violation_entry *e = &w->seen[i];
        struct json_object *o = json_object_new_object();
        json_object_object_add(o, "time_ns", json_object_new_uint64(e->time_ns));
        json_object_object_add(o, "kind", json_object_new_string(sim_violation_name(e->kind)));
        json_object_object_add(o, "group", json_object_new_string(e->group));
        json_object_object_add(o, "text", json_object_new_string(e->text));
        json_object_array_add(list, o);
    }
    return list;
}

const struct sim_loss *
sim_losses(const struct sim_world *w, size_t *ret_n)
{
    *ret_n = w->n_losses;
    return w->losses;
}

int
sim_counters(const struct sim_world *w, const char *array, struct sim_counters *ret)
{
    int i = sim_array_index(w, array);
    if (i < 0)
        return DRSTOR_E_NOTFOUND;
    *ret = w->arrays[i].counters;
    return DRSTOR_OK;
}

void
sim_log(struct sim_world *w, const struct sim_flight *f, bool effect, const char *note)
{
    sim_trace_call(w, f, effect);
    struct sim_log_entry *log = sim_grow(w->log, w->n_log, &w->size_log, sizeof(*w->log));
    if (!log) {
        w->broken = true;
        return;
    }
    w->log = log;
    w->changed = 1;
    struct sim_log_entry *e = &w->log[w->n_log++];
    *e = (struct sim_log_entry){.seq = ++w->log_seq,
                                .time_ns = w->now_ns,
                                .call = f->call,
                                .effect = effect,
                                .op = f->op,
                                .outcome = effect ? (uint32_t)f->reply.outcome : 0,
                                .status = effect ? f->reply.status : 0,
                                .epoch = f->epoch,
                                .token = f->token};
    SIM_SET(e->actor, f->actor);
    SIM_SET(e->op_id, f->op_id);
    SIM_SET(e->array, w->arrays[f->array].name);
    SIM_SET(e->group, f->group_id);
    SIM_SET(e->note, note);
}
