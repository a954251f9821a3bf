#include "report/grid.h"

#include "base/timetext.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct dr_column vm_columns[] = {
    {"vm", 9, DR_COLUMN_USUAL},
    {"group", 5, DR_COLUMN_USUAL},
    {"state", 7, DR_COLUMN_USUAL},
    {"started", 4, DR_COLUMN_USUAL},
    {"trouble", 1, DR_COLUMN_USUAL | DR_COLUMN_WRAP},
    {"id", 0, 0},
    {"rto", 0, DR_COLUMN_RIGHT},
};
enum { N_VM_COLUMNS = sizeof(vm_columns) / sizeof(vm_columns[0]), VMS_MOST = 20 };

static const struct dr_column group_columns[] = {
    {"group", 9, DR_COLUMN_USUAL},
    {"result", 8, DR_COLUMN_USUAL},
    {"steps", 5, DR_COLUMN_USUAL},
    {"vms_up", 6, DR_COLUMN_USUAL},
    {"stopped_at", 2, DR_COLUMN_USUAL | DR_COLUMN_WRAP},
};

bool
dr_page_vm_up(struct dr_page *p, struct json_object *vm)
{
    const char *state = dr_page_text(p, vm, "state");
    return dr_streq(state, "up") && !dr_page_text(p, vm, "trouble");
}

struct dr_page_group
dr_page_group_of(struct dr_page *p, struct json_object *doc, const char *name)
{
    static const char *const worst[] = {"unknown", "failed", "refused", "interrupted", "running"};
    struct dr_page_group g = {.result = "done"};
    size_t rank = DR_COUNT(worst);
    dr_page_each(dr_json_get(doc, "steps"), i, s)
    {
        if (!dr_streq(dr_page_text(p, s, "group"), name))
            continue;
        const char *state = dr_page_text(p, s, "state");
        g.steps++;
        g.done += dr_streq(state, "done") || dr_streq(state, "skipped");
        for (size_t k = 0; k < rank; k++)
            if (dr_streq(state, worst[k])) {
                const char *why = dr_page_text(p, s, "error");
                rank = k;
                g.result = worst[k];
                g.stopped = dr_arena_printf(p->arena, "%s%s%s", dr_page_known(p, s, "kind"),
                                            why ? ": " : "", why ? why : "");
            }
    }
    dr_page_each(dr_json_get(doc, "vms"), i, vm)
    {
        g.vms += dr_streq(dr_page_text(p, vm, "group"), name);
        g.up += dr_streq(dr_page_text(p, vm, "group"), name) && dr_page_vm_up(p, vm);
    }
    if (rank == DR_COUNT(worst) && g.done < g.steps)
        g.result = "not finished";
    if (g.steps == 0)
        g.result = "unknown";
    return g;
}

static void
group_row(struct dr_page *p, struct dr_grid *grid, struct json_object *doc,
          struct json_object *group)
{
    const char *name = dr_page_name(p, group), *said = dr_page_text(p, group, "result");
    const struct dr_page_group g = dr_page_group_of(p, doc, name);
    dr_grid_row(grid, (const char *[]){
                          name, said ? said : g.result,
                          g.steps ? dr_arena_printf(p->arena, "%zu of %zu", g.done, g.steps) : NULL,
                          g.vms ? dr_arena_printf(p->arena, "%zu of %zu", g.up, g.vms) : NULL,
                          g.stopped});
}

static int
print_vms(struct dr_page *p, struct json_object *doc, struct drstor_error **err)
{
    struct json_object *vms = dr_json_get(doc, "vms");
    struct dr_grid *grid;
    int r = dr_grid_new(p, vm_columns, N_VM_COLUMNS, &grid, err);
    if (r < 0)
        return r;
    /* Of many, those that need a person; the others are a number, unless columns are asked for. */
    bool all = p->columns || dr_json_length(vms) <= VMS_MOST;
    size_t up = 0, hidden = 0;
    for (int pass = 0; pass < 2; pass++)
        dr_page_each(vms, i, vm)
        {
            bool well = dr_page_vm_up(p, vm);
            if (well != (pass == 1))
                continue;
            up += well;
            if (well && !all) {
                hidden++;
                continue;
            }
            dr_grid_row(grid,
                        (const char *[N_VM_COLUMNS]){
                            dr_page_name(p, vm), dr_page_text(p, vm, "group"),
                            dr_page_known(p, vm, "state"), dr_page_clock(p, vm, "started_at"),
                            dr_page_text(p, vm, "trouble"), dr_page_text(p, vm, "id"),
                            dr_json_get(vm, "rto_s") ? dr_page_duration(p, vm, "rto_s") : NULL});
        }
    if (dr_json_length(vms) == 0)
        return DRSTOR_OK;
    dr_page_gap(p);
    dr_page_say(p, 0, 2, "%zu of %zu VMs are up%s", up, dr_json_length(vms),
                hidden == dr_json_length(vms) ? "" : ":");
    dr_grid_print(grid, 2);
    if (hidden && hidden < dr_json_length(vms))
        dr_page_say(p, 2, 2, "and %zu more that are up", hidden);
    return DRSTOR_OK;
}

static __attribute__((format(printf, 2, 3))) void
join(struct dr_str *b, const char *format, ...)
{
    va_list ap;
    char *text = NULL;
    va_start(ap, format);
    int n = vasprintf(&text, format, ap);
    va_end(ap);
    if (n >= 0)
        dr_str_printf(b, "%s%s", b->n ? "; " : "", text);
    free(text);
}

/* Each group against what was wanted of it. */
static void
print_goals(struct dr_page *p, struct json_object *doc)
{
    dr_page_each(dr_json_get(doc, "by_group"), i, g)
    {
        int64_t took, lost, goal;
        dr_auto(dr_str_freep) struct dr_str b = {0};
        if (dr_json_i64(g, "rto_s", &took)) {
            join(&b, "RTO %s", dr_duration_text(p->arena, took));
            if (dr_json_i64(g, "rto_goal_s", &goal))
                dr_str_printf(&b, " of %s%s", dr_duration_text(p->arena, goal),
                              took > goal ? ", TOO LONG" : "");
        }
        if (dr_json_i64(g, "rpo_s", &lost) && dr_json_i64(g, "rpo_goal_s", &goal))
            join(&b, "loss %s of %s%s", dr_duration_text(p->arena, lost),
                 dr_duration_text(p->arena, goal), lost > goal ? ", TOO MUCH" : "");
        if (b.n)
            dr_page_say(p, 2, 2, "%s: %s", dr_page_name(p, g), b.s);
    }
}

static void
print_times(struct dr_page *p, struct json_object *doc, bool full)
{
    struct json_object *times = dr_json_get(doc, "times");
    const char *outage = dr_page_time(p, times, "outage"),
               *decision = dr_page_time(p, times, "decision");
    const char *first = dr_page_time(p, times, "first_vm"),
               *last = dr_page_time(p, times, "last_vm");
    const char *verb = dr_page_text(p, dr_json_get(doc, "goal"), "verb");
    int64_t s;
    bool drill = dr_streq(verb, "drill-promote") && dr_json_get(doc, "rto_s");
    /* Nobody waits for a service where none was moved; a drill shows how long it would take. */
    if (!times || (verb && !drill && !dr_streq(verb, "promote") && !dr_streq(verb, "failback")))
        return;
    dr_page_gap(p);
    if (dr_json_i64(doc, "rto_s", &s) && s >= 0)
        dr_page_say(p, 0, 2, "RTO %s%s from the decision (%s)", dr_duration_text(p->arena, s),
                    drill ? " in this drill," : "", decision ? decision : "time unknown");
    else if (decision)
        dr_page_say(p, 0, 2, "decided at %s%s", decision,
                    dr_json_i64(doc, "exit", &s) && s ? "; service is not back" : "");
    if (dr_json_i64(doc, "rto_outage_s", &s) && s >= 0)
        dr_page_say(p, 0, 2, "RTO %s from the last sign of life (%s)",
                    dr_duration_text(p->arena, s), outage ? outage : "time unknown");
    else if (outage)
        dr_page_say(p, 0, 2, "last sign of life at %s", outage);
    if (first)
        dr_page_say(p, 0, 2, "first VM up at %s, last at %s", first, last ? last : "unknown");
    if (full)
        print_goals(p, doc);
}

static const char *
accepted(struct dr_page *p, struct json_object *accept)
{
    int64_t s = -1, bytes = -1;
    const char *said = dr_page_value(p, accept);
    if (said)
        return said;
    if (dr_page_true(accept, "unknown"))
        return "an unknown loss";
    if (dr_json_i64(accept, "seconds", &s) && s >= 0)
        return dr_duration_text(p->arena, s);
    if (dr_json_i64(accept, "bytes", &bytes) && bytes >= 0)
        return dr_bytes_text(p->arena, bytes);
    return NULL;
}

const char *
dr_page_bound(struct dr_page *p, struct json_object *consent)
{
    int64_t s = -1, bytes = -1;
    if (dr_page_true(consent, "bound_unknown"))
        return "an unknown loss";
    if (dr_json_i64(consent, "bound_s", &s) && s >= 0)
        return dr_duration_text(p->arena, s);
    if (dr_json_i64(consent, "bound_bytes", &bytes) && bytes >= 0)
        return dr_bytes_text(p->arena, bytes);
    return accepted(p, dr_json_get(consent, "accept_loss"));
}

static void
join_declared(struct dr_page *p, struct dr_str *b, struct json_object *list)
{
    dr_page_each(list, i, d)
    {
        const char *flat = dr_page_value(p, d);
        join(b, "%s was declared",
             flat ? flat
                  : dr_arena_printf(p->arena, "%s:%s", dr_page_known(p, d, "kind"),
                                    dr_page_known(p, d, "site")));
    }
}

/* What a person said: in the consent that was kept, or in the goal it came with. */
static void
print_consent(struct dr_page *p, struct json_object *doc)
{
    struct json_object *consent = dr_json_get(doc, "consent"), *goal = dr_json_get(doc, "goal");
    const char *said = dr_page_value(p, consent), *text = dr_page_text(p, consent, "text");
    if (said || text) {
        dr_page_say(p, 0, 2, "consent: %s", said ? said : text);
        return;
    }
    dr_auto(dr_str_freep) struct dr_str b = {0};
    const char *loss = dr_page_bound(p, consent), *reason = dr_page_text(p, consent, "reason");
    const char *fence = dr_page_text(p, consent, "waive_fence"),
               *snapshot = dr_page_text(p, goal, "waive_snapshot");
    const char *who = dr_page_text(p, consent, "who"), *how = dr_page_text(p, consent, "how");
    fence = fence ? fence : dr_page_text(p, goal, "waive_fence");
    who = who ? who : dr_page_text(p, consent, "by");
    if (loss)
        join(&b, "a loss of %s was accepted", loss);
    join_declared(p, &b, dr_json_get(consent, "declare"));
    if (!dr_json_length(dr_json_get(consent, "declare")))
        join_declared(p, &b, dr_json_get(goal, "declare"));
    if (fence)
        join(&b, "THE FENCE WAS WAIVED: %s", fence);
    const char *second = dr_page_text(p, consent, "confirmed_by");
    if (second)
        join(&b, "confirmed by %s", second);
    if (snapshot)
        join(&b, "the snapshot was waived: %s", snapshot);
    if (reason)
        join(&b, "reason: %s", reason);
    if (!b.n)
        return; /* nothing was asked for */
    if (who)
        join(&b, "by %s%s%s", who, how ? ", " : "", how ? how : "");
    dr_page_say(p, 0, 2, "consent: %s", b.s);
}

const char *
dr_page_next_of(struct dr_page *p, struct json_object *doc)
{
    const char *hint = dr_page_text(p, doc, "hint"), *run = dr_page_text(p, doc, "run");
    int64_t code = 0;
    if (hint)
        return hint;
    (void)dr_json_i64(doc, "exit", &code);
    if (!run)
        return NULL;
    if (dr_streq(dr_page_text(p, doc, "result"), "aborted")) /* there is nothing to go on with */
        return dr_json_length(dr_json_get(doc, "unknown")) ? "drstor observe, then drstor status"
                                                           : NULL;
    switch (code) {
    case 4:
    case 8:
    case 130:
        return dr_arena_printf(p->arena, "drstor run resume %s", run);
    case 5:
        return dr_arena_printf(
            p->arena, "drstor observe, to see what holds now; then drstor run resume %s", run);
    default:
        return NULL;
    }
}

static void
print_loss(struct dr_page *p, struct json_object *doc)
{
    struct json_object *loss = dr_json_get(doc, "loss"), *weighed = dr_json_get(doc, "losses");
    const char *verb = dr_page_text(p, dr_json_get(doc, "goal"), "verb");
    int64_t rpo;
    if (verb && !dr_streq(verb, "promote") && !dr_streq(verb, "failback") &&
        !dr_streq(verb, "reprotect"))
        return;                                                 /* no data is touched */
    if (dr_page_text(p, doc, "run") && dr_json_length(weighed)) /* at the commit: what counts */
        loss = weighed;
    if (json_object_is_type(loss, json_type_array))
        dr_page_each(loss, i, l)
        {
            const char *confidence = dr_page_text(p, l, "confidence");
            dr_page_say(p, 0, 2, "loss of %s: %s%s%s%s", dr_page_known(p, l, "group"),
                        dr_page_loss(p, l), confidence ? " (" : "", confidence ? confidence : "",
                        confidence ? ")" : "");
        }
    else if (loss)
        dr_page_say(p, 0, 2, "loss: %s",
                    dr_page_value(p, loss) ? dr_page_value(p, loss) : dr_page_loss(p, loss));
    else if (dr_json_i64(doc, "rpo_s", &rpo))
        dr_page_say(p, 0, 2, "loss: %s", rpo == 0 ? "nothing" : dr_duration_text(p->arena, rpo));
}

/* What it was taken for when it was agreed to, beside what it was at the commit. */
static void
print_estimate(struct dr_page *p, struct json_object *doc)
{
    struct json_object *loss = dr_json_get(doc, "loss");
    if (dr_json_length(dr_json_get(doc, "losses")) && json_object_is_type(loss, json_type_object))
        dr_page_say(p, 0, 2, "estimated before: %s", dr_page_loss(p, loss));
}

static void
print_result(struct dr_page *p, struct json_object *doc)
{
    const char *run = dr_page_text(p, doc, "run"), *text = dr_page_text(p, doc, "text");
    int64_t code = 0;
    (void)dr_json_i64(doc, "exit", &code);
    dr_auto(dr_str_freep) struct dr_str b = {0};
    dr_str_printf(&b, "%s", dr_page_known(p, doc, "result"));
    if (code)
        dr_str_printf(&b, " (exit %lld)", (long long)code);
    if (dr_json_get(doc, "goal"))
        dr_str_printf(&b, ": %s", dr_page_goal(p, doc));
    if (run)
        dr_str_printf(&b, ", run %s", run);
    dr_page_say(p, 0, 2, "%s", b.s);
    /* Of refusals the first is the text too; they follow, with what helps. */
    struct json_object *refusals = dr_json_get(doc, "refusals");
    bool told = dr_json_length(refusals) &&
                dr_streq(text, dr_page_text(p, json_object_array_get_idx(refusals, 0), "text"));
    if (text && !told)
        dr_page_say(p, 0, 2, "%s", text);
    dr_page_refusals(p, refusals);
    const char *result = dr_page_text(p, doc, "result");
    if (!run && dr_streq(result, "refused"))
        dr_page_say(p, 0, 2, "nothing was changed");
}

static void
print_evidence(struct dr_page *p, struct json_object *evidence)
{
    if (!json_object_is_type(evidence, json_type_array)) {
        const char *one = evidence ? dr_page_evidence(p, evidence) : NULL;
        if (one)
            dr_page_say(p, 0, 2, "evidence: %s", one);
        return;
    }
    dr_page_each(evidence, i, e)
    {
        const char *s = dr_page_evidence(p, e);
        if (s)
            dr_page_say(p, 0, 2, "evidence: %s", s);
    }
}

/* Whose it was, and what was wanted; only in full. */
static void
print_origin(struct dr_page *p, struct json_object *doc)
{
    struct json_object *times = dr_json_get(doc, "times");
    const char *who = dr_page_text(p, doc, "who"), *plan = dr_page_text(p, doc, "plan");
    const char *from = dr_page_time(p, times, "decision"), *to = dr_page_time(p, times, "ended");
    if (who || from)
        dr_page_say(p, 0, 2, "%s%s%s%s%s%s%s%s%s", who ? "by " : "", who ? who : "",
                    who && from ? ", " : "", from ? "begun " : "", from ? from : "",
                    to ? ", ended " : "", to ? to : "", plan ? ", plan " : "", plan ? plan : "");
    dr_page_flips(p, doc);
}

/* Those that did not end well, always; all of them in full. */
static void
print_hooks(struct dr_page *p, struct json_object *doc, bool full)
{
    dr_page_each(dr_json_get(doc, "hooks"), i, k)
    {
        const char *state = dr_page_known(p, k, "state"), *error = dr_page_text(p, k, "error");
        const char *said = dr_page_text(p, k, "said");
        bool good = dr_streq(state, "done");
        if (good && !full)
            continue;
        dr_page_say(p, 0, 2, "hook %s %s: %s%s%s", dr_page_known(p, k, "program"),
                    dr_page_known(p, k, "where"), state,
                    !good && dr_streq(dr_page_text(p, k, "on_failure"), "warn") ? ", went on" : "",
                    error && !said ? dr_arena_printf(p->arena, "; %s", error) : "");
        if (said && *said)
            dr_page_say(p, 2, 2, "it said: %s", said);
    }
}

static int
write_report(struct dr_page *p, struct json_object *doc, bool full, struct drstor_error **err)
{
    struct json_object *groups = dr_json_get(doc, "groups");
    print_result(p, doc);
    if (full)
        print_origin(p, doc);
    if (dr_json_length(dr_json_get(doc, "steps"))) {
        struct dr_grid *grid = dr_grid_plain(p, group_columns, DR_COUNT(group_columns));
        dr_page_each(groups, i, g)
        {
            group_row(p, grid, doc, g);
        }
        dr_page_gap(p);
        dr_grid_print(grid, 0);
    }
    if (full)
        dr_page_steps(p, doc);
    int r = print_vms(p, doc, err);
    if (r < 0)
        return r;
    print_hooks(p, doc, full);
    print_times(p, doc, full);
    if (full && dr_json_length(dr_json_get(doc, "conditions"))) {
        dr_page_gap(p);
        dr_page_say(p, 0, 2, "it rested on:");
        dr_page_facts(p, doc, true);
        dr_page_gap(p);
    }
    print_loss(p, doc);
    if (full)
        print_estimate(p, doc);
    print_evidence(p, dr_json_get(doc, "evidence"));
    print_consent(p, doc);
    return DRSTOR_OK;
}

static void
print_given_up(struct dr_page *p, struct json_object *doc)
{
    dr_page_sentences(p, "as before the run:", dr_json_get(doc, "undone"));
    dr_page_sentences(p, "not as before it:", dr_json_get(doc, "stays"));
    dr_page_sentences(p, "not known, look at it:", dr_json_get(doc, "unknown"));
}

int
dr_text_report(struct dr_page *p, struct json_object *doc, struct drstor_error **err)
{
    int r = write_report(p, doc, false, err);
    if (r == DRSTOR_OK) {
        dr_page_next(p, dr_page_next_of(p, doc));
        dr_page_journal(p, doc);
    }
    return r;
}

int
dr_text_run(struct dr_page *p, struct json_object *doc, struct drstor_error **err)
{
    int r = write_report(p, doc, true, err);
    if (r == DRSTOR_OK) {
        print_given_up(p, doc);
        dr_page_next(p, dr_page_next_of(p, doc));
    }
    return r;
}

int
dr_text_abort(struct dr_page *p, struct json_object *doc, struct drstor_error **err)
{
    (void)err;
    print_result(p, doc);
    print_given_up(p, doc);
    dr_page_next(p, dr_page_next_of(p, doc));

    dr_page_journal(p, doc);
    return DRSTOR_OK;
}
