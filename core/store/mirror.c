/*
 * What a standby is sent. Few and small tables go whole; of the runs, those that the audit lines
 * since then name, and all that are open; of the audit chain what the standby does not have.
 */
#include "store/mirror.h"
#include "store/ops.h"

#include "base/str.h"

#include <string.h>

struct sending {
    struct dr_store *s;
    struct dr_arena *a;
    struct store_lines lines;
    const char **runs;
    size_t n_runs;
};

static int
add_line(void *user, const char *line)
{
    struct dr_str *to = user;
    dr_str_add(to, line);
    dr_str_addn(to, "\n", 1);
    return 0;
}

static int
scan(struct sending *m, enum store_table t, const char *id, struct store_row **ret, size_t *ret_n,
     struct drstor_error **err)
{
    return store_scan(m->s, m->a, t, &(struct store_range){.id = id, .limit = SIZE_MAX}, ret, ret_n,
                      err);
}

static void
put(struct sending *m, enum store_table t, const struct store_row *row)
{
    (void)store_lines_put(&m->lines, store_table_names[t], row);
}

static int
send_table(struct sending *m, enum store_table t, const char *id, struct drstor_error **err)
{
    struct store_row *rows = NULL;
    size_t n = 0;
    int r = scan(m, t, id, &rows, &n, err);
    for (size_t i = 0; r == DRSTOR_OK && i < n; i++)
        put(m, t, &rows[i]);
    return r;
}

/* How this controller gets on with its standby is its own matter. */
static int
send_counters(struct sending *m, struct drstor_error **err)
{
    struct store_row *rows = NULL;
    size_t n = 0;
    int r = scan(m, STORE_COUNTER, NULL, &rows, &n, err);
    for (size_t i = 0; r == DRSTOR_OK && i < n; i++)
        if (strcmp(rows[i].id, "mirror") != 0 && strcmp(rows[i].id, "controller") != 0)
            put(m, STORE_COUNTER, &rows[i]);
    return r;
}

/* A damaged record is told by its name alone: the standby's older one is the better one. */
static int
send_records(struct sending *m, struct drstor_error **err)
{
    struct store_row *rows = NULL;
    struct dr_record rec;
    size_t n = 0;
    int r = scan(m, STORE_RECORD, NULL, &rows, &n, err);
    for (size_t i = 0; r == DRSTOR_OK && i < n; i++) {
        const struct store_row there = {.id = rows[i].id, .sub = "", .value = ""};
        bool sound =
            dr_record_parse(m->a, rows[i].value, strlen(rows[i].value), &rec, NULL) == DRSTOR_OK;
        put(m, STORE_RECORD, sound ? &rows[i] : &there);
    }
    return r;
}

/* ---- runs ------------------------------------------------------------------------------------ */

static bool
wanted(const struct sending *m, const char *run)
{
    for (size_t i = 0; i < m->n_runs; i++)
        if (dr_streq(m->runs[i], run))
            return true;
    return false;
}

static void
want(struct sending *m, const char *run)
{
    if (run && !wanted(m, run))
        dr_arena_push(m->a, m->runs, m->n_runs) = dr_arena_str(m->a, run);
}

static int
want_runs(struct sending *m, const struct store_row *audit, size_t n_audit, bool all,
          struct drstor_error **err)
{
    struct store_row *rows = NULL;
    size_t n = 0;
    for (size_t i = 0; i < n_audit && !all; i++) {
        dr_auto(dr_json_putp) struct json_object *o = NULL;
        if (dr_json_parse(audit[i].value, strlen(audit[i].value), &dr_json_small, &o, NULL) == 0)
            want(m, dr_json_str(o, "run"));
    }
    int r = scan(m, all ? STORE_RUN : STORE_RUN_OPEN, NULL, &rows, &n, err);
    for (size_t i = 0; r == DRSTOR_OK && i < n; i++)
        want(m, all ? rows[i].id : rows[i].sub);
    return r;
}

static int
send_runs(struct sending *m, struct drstor_error **err)
{
    static const enum store_table tables[] = {STORE_RUN_DOC, STORE_STEP, STORE_EVENT};
    struct store_row *rows = NULL;
    size_t n = 0;
    int r = DRSTOR_OK;
    for (size_t i = 0; r == DRSTOR_OK && i < m->n_runs; i++) {
        struct store_row run = {.id = m->runs[i], .sub = ""};
        /* Whoever began it may have ended before it was written. */
        if (store_get(m->s, m->a, STORE_RUN, run.id, "", &run.value, NULL) < 0)
            continue;
        put(m, STORE_RUN, &run);
        for (size_t k = 0; r == DRSTOR_OK && k < DR_COUNT(tables); k++)
            r = send_table(m, tables[k], m->runs[i], err);
    }
    if (r == DRSTOR_OK)
        r = scan(m, STORE_RUN_ORDER, NULL, &rows, &n, err);
    for (size_t i = 0; r == DRSTOR_OK && i < n; i++)
        if (wanted(m, rows[i].value))
            put(m, STORE_RUN_ORDER, &rows[i]);
    return r == DRSTOR_OK ? send_table(m, STORE_RUN_OPEN, NULL, err) : r;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void
send_head(struct sending *m, const struct dr_controller *sender, int64_t after)
{
    dr_auto(dr_json_putp) struct json_object *o = dr_map_write(&dr_controller_type, sender);
    dr_json_set_i64(o, "after", after);
    const struct store_row row = {
        .id = sender->active ? sender->active : "", .sub = "", .value = dr_json_text(o)};
    (void)store_lines_put(&m->lines, "mirror", &row);
}

static int
send_all(struct sending *m, const struct dr_controller *sender, int64_t after,
         struct drstor_error **err)
{
    struct store_number from = store_number(after);
    struct store_row *audit = NULL;
    size_t n = 0;
    int r = store_scan(m->s, m->a, STORE_AUDIT,
                       &(struct store_range){.id = "", .after_sub = from.text, .limit = SIZE_MAX},
                       &audit, &n, err);
    if (r < 0)
        return r;
    send_head(m, sender, after);
    r = send_counters(m, err);
    if (r == DRSTOR_OK)
        r = send_table(m, STORE_OWNER, NULL, err);
    if (r == DRSTOR_OK)
        r = send_records(m, err);
    if (r == DRSTOR_OK)
        r = send_table(m, STORE_ASIDE, NULL, err);
    if (r == DRSTOR_OK)
        r = want_runs(m, audit, n, after == 0, err);
    if (r == DRSTOR_OK)
        r = send_runs(m, err);
    for (size_t i = 0; r == DRSTOR_OK && i < n; i++)
        put(m, STORE_AUDIT, &audit[i]);
    return r == DRSTOR_OK ? store_lines_end(&m->lines, NULL) : r;
}

int
dr_store_mirror(struct dr_store *s, const struct dr_controller *sender, int64_t after,
                struct dr_str *ret, struct dr_audit_head *ret_head, struct drstor_error **err)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct sending m = {.s = s, .a = a, .lines = {.fn = add_line, .user = ret}};
    int r = store_enter(s, false, err);
    if (r < 0)
        return r;
    r = dr_store_audit_head(s, ret_head, err);
    if (r == DRSTOR_OK)
        r = send_all(&m, sender, after < ret_head->seq ? after : ret_head->seq, err);
    return store_leave(s, false, r, err);
}
