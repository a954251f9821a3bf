/* Runs with their documents, steps and events. The engine's words for steps are not looked at. */
#include "store/ops.h"

#include <string.h>

static const char *const run_states[] = {"unknown", "planned", "running",     "waiting", "done",
                                         "failed",  "refused", "interrupted", "aborted"};
const struct dr_names dr_run_state_names = {"state of a run", run_states, DR_COUNT(run_states)};

/* The documents are rows of their own: a plan is large and does not change with the state. */
static const struct dr_field run_fields[] = {
    DR_STR(struct dr_run_row, id),       DR_STR(struct dr_run_row, verb),
    DR_STR(struct dr_run_row, who),      DR_ENUM(struct dr_run_row, state, dr_run_state_names),
    DR_TIME(struct dr_run_row, started), DR_TIME(struct dr_run_row, ended),
    DR_STRS(struct dr_run_row, groups)};
static DR_TYPE(run_type, struct dr_run_row, "run", run_fields);

static const struct dr_field step_fields[] = {
    DR_STR(struct dr_step_row, run),
    DR_STR(struct dr_step_row, id),
    DR_STR(struct dr_step_row, state),
    DR_I64(struct dr_step_row, attempt),
    DR_STR(struct dr_step_row, op),
    DR_STR(struct dr_step_row, job),
    DR_STRUCT(struct dr_step_row, started, dr_stamp_type),
    DR_STRUCT(struct dr_step_row, sent, dr_stamp_type),
    DR_STRUCT(struct dr_step_row, answered, dr_stamp_type),
    DR_STRUCT(struct dr_step_row, deadline, dr_stamp_type),
    DR_I64(struct dr_step_row, order)};
static DR_TYPE(step_type, struct dr_step_row, "step", step_fields);

static const struct dr_field event_fields[] = {
    DR_STR(struct dr_event_row, run),      DR_CNT(struct dr_event_row, seq),
    DR_TIME(struct dr_event_row, time),    DR_STR(struct dr_event_row, step),
    DR_STR(struct dr_event_row, state),    DR_STR(struct dr_event_row, text),
    DR_I64(struct dr_event_row, elapsed_s)};
DR_TYPE(dr_event_row_type, struct dr_event_row, "event", event_fields);

bool
dr_run_state_open(enum dr_run_state state)
{
    switch (state) {
    case DR_RUN_UNKNOWN: /* outcome unknown: observe, then go on */
    case DR_RUN_PLANNED:
    case DR_RUN_RUNNING:
    case DR_RUN_WAITING:
    case DR_RUN_FAILED: /* state known, resumable: exit 4 */
    case DR_RUN_INTERRUPTED:
        return true;
    case DR_RUN_DONE:
    case DR_RUN_REFUSED:
    case DR_RUN_ABORTED:
        return false;
    }
    return true;
}

/* One JSON value, or nothing is written. */
static int
parse_json(const char *what, const char *text, struct json_object **ret, struct drstor_error **err)
{
    int r = dr_json_parse(text, strlen(text), &dr_json_inventory, ret, err);
    return r < 0 ? dr_context(err, DRSTOR_E_INVALID, "%s", what) : r;
}

static int
put_doc(struct dr_store *s, const char *run, const char *name, const char *text,
        struct drstor_error **err)
{
    if (!text)
        return DRSTOR_OK;
    dr_auto(dr_json_putp) struct json_object *o = NULL;
    int r = parse_json(name, text, &o, err);
    return r < 0 ? r : store_put(s, STORE_RUN_DOC, run, name, text, err);
}

static int
put_run(struct dr_store *s, const struct dr_run_row *run, struct drstor_error **err)
{
    int r = store_put_map(s, STORE_RUN, run->id, "", &run_type, run, err);
    if (r < 0)
        return r;
    return dr_run_state_open(run->state) ? store_put(s, STORE_RUN_OPEN, "", run->id, "", err)
                                         : s->ops->del(s->impl, STORE_RUN_OPEN, "", run->id, err);
}

int
dr_store_run_new(struct dr_store *s, const struct dr_run_row *run, struct drstor_error **err)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    const char *there;
    int64_t n = 0;
    int r = store_check_name("run", run->id, err);
    if (r == DRSTOR_OK)
        r = store_enter(s, true, err);
    if (r < 0)
        return r;
    r = store_get(s, a, STORE_RUN, run->id, "", &there, NULL);
    if (r == DRSTOR_OK)
        r = dr_fail(err, DRSTOR_E_CONFLICT, "there is a run %s already", run->id);
    else
        r = store_count(s, "run", &n, err);
    if (r == DRSTOR_OK)
        r = put_run(s, run, err);
    if (r == DRSTOR_OK)
        r = store_put(s, STORE_RUN_ORDER, "", store_number(n).text, run->id, err);
    if (r == DRSTOR_OK)
        r = put_doc(s, run->id, "goal", run->goal, err);
    if (r == DRSTOR_OK)
        r = put_doc(s, run->id, "plan", run->plan, err);
    if (r == DRSTOR_OK)
        r = put_doc(s, run->id, "consent", run->consent, err);
    if (r == DRSTOR_OK)
        r = put_doc(s, run->id, "result", run->result, err);
    return store_leave(s, true, r, err);
}

static int
get_run(struct dr_store *s, struct dr_arena *a, const char *id, struct dr_run_row *ret,
        struct drstor_error **err)
{
    int r = store_get_map(s, a, STORE_RUN, id, "", &run_type, ret, err);
    return r == DRSTOR_E_NOTFOUND ? dr_fail(err, r, "there is no run %s", id) : r;
}

/* Without reading it: steps and events come often. */
static int
check_run(struct dr_store *s, struct dr_arena *a, const char *id, struct drstor_error **err)
{
    const char *text;
    int r = store_get(s, a, STORE_RUN, id, "", &text, err);
    return r == DRSTOR_E_NOTFOUND ? dr_fail(err, r, "there is no run %s", id) : r;
}

int
dr_store_run_update(struct dr_store *s, const char *id, enum dr_run_state state, const char *result,
                    int64_t ended, struct drstor_error **err)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_run_row run;
    int r = store_enter(s, true, err);
    if (r < 0)
        return r;
    r = get_run(s, a, id, &run, err);
    if (r == DRSTOR_OK) {
        run.state = state;
        if (ended >= 0)
            run.ended = ended;
        r = put_run(s, &run, err);
    }
    if (r == DRSTOR_OK)
        r = put_doc(s, id, "result", result, err);
    return store_leave(s, true, r, err);
}

int
dr_store_run_load(struct dr_store *s, struct dr_arena *a, const char *id, struct dr_run_row *ret,
                  struct drstor_error **err)
{
    struct dr_run_row run;
    struct store_row *rows = NULL;
    size_t n = 0;
    int r = store_enter(s, false, err);
    if (r < 0)
        return r;
    r = get_run(s, a, id, &run, err);
    if (r == DRSTOR_OK)
        r = store_scan(s, a, STORE_RUN_DOC, &(struct store_range){.id = id, .limit = 4}, &rows, &n,
                       err);
    if (r == DRSTOR_OK) {
        const struct {
            const char *name, **text;
        } docs[] = {{"goal", &run.goal},
                    {"plan", &run.plan},
                    {"consent", &run.consent},
                    {"result", &run.result}};
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < DR_COUNT(docs); k++)
                if (strcmp(rows[i].sub, docs[k].name) == 0)
                    *docs[k].text = rows[i].value;
        *ret = run;
    }
    return store_leave(s, false, r, err);
}

int
dr_store_run_list(struct dr_store *s, struct dr_arena *a, size_t limit, struct dr_run_row **ret,
                  size_t *ret_n, struct drstor_error **err)
{
    struct store_row *rows = NULL;
    struct dr_run_row *runs = NULL;
    size_t n = 0;
    int r = store_enter(s, false, err);
    if (r < 0)
        return r;
    r = store_scan(s, a, STORE_RUN_ORDER,
                   &(struct store_range){.id = "", .newest_first = true, .limit = limit}, &rows, &n,
                   err);
    if (r == DRSTOR_OK)
        runs = dr_arena_alloc(a, n, sizeof(*runs));
    for (size_t i = 0; r == DRSTOR_OK && i < n; i++)
        r = get_run(s, a, rows[i].value, &runs[i], err);
    if (r == DRSTOR_OK) {
        *ret = runs;
        *ret_n = n;
    }
    return store_leave(s, false, r, err);
}

static bool
touches(const struct dr_run_row *run, const char *group)
{
    for (size_t i = 0; i < run->n_groups; i++)
        if (dr_streq(run->groups[i], group))
            return true;
    return !group;
}

static int
oldest_first(const void *a, const void *b)
{
    const struct dr_run_row *x = a, *y = b;
    if (x->started != y->started)
        return x->started < y->started ? -1 : 1;
    return strcmp(x->id, y->id);
}

int
dr_store_run_open(struct dr_store *s, struct dr_arena *a, const char *group,
                  struct dr_run_row **ret, size_t *ret_n, struct drstor_error **err)
{
    struct store_row *rows = NULL;
    struct dr_run_row *runs = NULL, run;
    size_t n = 0, n_runs = 0;
    int r = store_enter(s, false, err);
    if (r < 0)
        return r;
    r = store_scan(s, a, STORE_RUN_OPEN, &(struct store_range){.id = "", .limit = SIZE_MAX}, &rows,
                   &n, err);
    for (size_t i = 0; r == DRSTOR_OK && i < n; i++) {
        r = get_run(s, a, rows[i].sub, &run, err);
        if (r == DRSTOR_OK && touches(&run, group))
            dr_arena_push(a, runs, n_runs) = run;
    }
    if (r == DRSTOR_OK) {
        if (n_runs)
            qsort(runs, n_runs, sizeof(*runs), oldest_first);
        *ret = runs;
        *ret_n = n_runs;
    }
    return store_leave(s, false, r, err);
}

/* ---- steps ----------------------------------------------------------------------------------- */

static int
embed(struct json_object *o, const char *name, const char *text, struct drstor_error **err)
{
    struct json_object *v = NULL;
    int r = text ? parse_json(name, text, &v, err) : DRSTOR_OK;
    dr_json_set(o, name, v);
    return r;
}

static int
put_step(struct dr_store *s, const struct dr_step_row *wanted, struct drstor_error **err)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_step_row step = *wanted, stored = {0};
    int r = check_run(s, a, step.run, err);
    if (r < 0)
        return r;
    if (store_get_map(s, a, STORE_STEP, step.run, step.id, &step_type, &stored, NULL) == DRSTOR_OK)
        step.order = stored.order;
    else
        r = store_count(s, "step", &step.order, err);
    if (r < 0)
        return r;
    dr_auto(dr_json_putp) struct json_object *o = dr_map_write(&step_type, &step);
    r = embed(o, "intent", step.intent, err);
    if (r == DRSTOR_OK)
        r = embed(o, "answer", step.answer, err);
    return r < 0 ? r : store_put(s, STORE_STEP, step.run, step.id, dr_json_text(o), err);
}

int
dr_store_step_put(struct dr_store *s, const struct dr_step_row *step, struct drstor_error **err)
{
    int r = store_check_name("step", step->id, err);
    if (r == DRSTOR_OK)
        r = store_enter(s, true, err);
    return r < 0 ? r : store_leave(s, true, put_step(s, step, err), err);
}

static int
read_step(struct dr_arena *a, const struct store_row *row, struct dr_step_row *step,
          struct drstor_error **err)
{
    dr_auto(dr_json_putp) struct json_object *o = NULL;
    if (dr_json_parse(row->value, strlen(row->value), &dr_json_inventory, &o, NULL) < 0 ||
        dr_map_read(a, &step_type, o, false, step, NULL) < 0)
        return store_damaged(STORE_STEP, row->id, row->sub, err);
    struct json_object *intent = dr_json_get(o, "intent"), *answer = dr_json_get(o, "answer");
    step->intent = intent ? dr_arena_str(a, dr_json_text(intent)) : NULL;
    step->answer = answer ? dr_arena_str(a, dr_json_text(answer)) : NULL;
    return DRSTOR_OK;
}

static int
by_order(const void *a, const void *b)
{
    const struct dr_step_row *x = a, *y = b;
    return (x->order > y->order) - (x->order < y->order);
}

int
dr_store_step_list(struct dr_store *s, struct dr_arena *a, const char *run,
                   struct dr_step_row **ret, size_t *ret_n, struct drstor_error **err)
{
    struct store_row *rows = NULL;
    struct dr_step_row *steps = NULL;
    size_t n = 0;
    int r = store_enter(s, false, err);
    if (r < 0)
        return r;
    r = store_scan(s, a, STORE_STEP, &(struct store_range){.id = run, .limit = SIZE_MAX}, &rows, &n,
                   err);
    if (r == DRSTOR_OK)
        steps = dr_arena_alloc(a, n, sizeof(*steps));
    for (size_t i = 0; r == DRSTOR_OK && i < n; i++)
        r = read_step(a, &rows[i], &steps[i], err);
    if (r == DRSTOR_OK) {
        if (n)
            qsort(steps, n, sizeof(*steps), by_order);
        *ret = steps;
        *ret_n = n;
    }
    return store_leave(s, false, r, err);
}

/* ---- events ---------------------------------------------------------------------------------- */

int
dr_store_event(struct dr_store *s, const struct dr_event_row *wanted, int64_t *ret_seq,
               struct drstor_error **err)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_event_row event = *wanted, last = {0};
    struct store_row *rows = NULL;
    size_t n = 0;
    int r = store_enter(s, true, err);
    if (r < 0)
        return r;
    r = check_run(s, a, event.run, err);
    if (r == DRSTOR_OK)
        r = store_scan(s, a, STORE_EVENT,
                       &(struct store_range){.id = event.run, .newest_first = true, .limit = 1},
                       &rows, &n, err);
    if (r == DRSTOR_OK && n)
        r = store_read_map(a, STORE_EVENT, &rows[0], &dr_event_row_type, &last, err);
    event.seq = last.seq + 1;
    if (r == DRSTOR_OK)
        r = store_put_map(s, STORE_EVENT, event.run, store_number(event.seq).text,
                          &dr_event_row_type, &event, err);
    r = store_leave(s, true, r, err);
    if (r == DRSTOR_OK && ret_seq)
        *ret_seq = event.seq;
    return r;
}

int
dr_store_event_list(struct dr_store *s, struct dr_arena *a, const char *run, int64_t after,
                    size_t limit, struct dr_event_row **ret, size_t *ret_n,
                    struct drstor_error **err)
{
    struct store_number from = store_number(after > 0 ? after : 0);
    struct store_row *rows = NULL;
    struct dr_event_row *events = NULL;
    size_t n = 0;
    int r = store_enter(s, false, err);
    if (r < 0)
        return r;
    r = store_scan(s, a, STORE_EVENT,
                   &(struct store_range){.id = run, .after_sub = from.text, .limit = limit}, &rows,
                   &n, err);
    if (r == DRSTOR_OK)
        events = dr_arena_alloc(a, n, sizeof(*events));
    for (size_t i = 0; r == DRSTOR_OK && i < n; i++)
        r = store_read_map(a, STORE_EVENT, &rows[i], &dr_event_row_type, &events[i], err);
    if (r == DRSTOR_OK) {
        *ret = events;
        *ret_n = n;
    }
    return store_leave(s, false, r, err);
}
