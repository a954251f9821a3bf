/* Everything as JSON lines: what a person reads when nothing else can. */
#include "store/ops.h"

#include <string.h>

static void
add_text(struct dr_str *line, const char *text)
{
    dr_auto(dr_json_putp) struct json_object *o = json_object_new_string(text);
    dr_str_add(line, dr_json_text(o));
}

/* {"table":"record","id":"erp","value":{...}} */
static int
export_row(enum store_table t, const struct store_row *row, dr_export_fn fn, void *user)
{
    dr_auto(dr_str_freep) struct dr_str line = {0};
    dr_auto(dr_json_putp) struct json_object *o = NULL;
    dr_str_printf(&line, "{\"table\":\"%s\",\"id\":", store_table_names[t]);
    add_text(&line, row->id);
    if (*row->sub) {
        dr_str_add(&line, ",\"sub\":");
        add_text(&line, row->sub);
    }
    /* The text itself where it is JSON, so that hashes and checksums can be checked on it. */
    bool json = (*row->value == '{' || *row->value == '[') &&
                dr_json_parse(row->value, strlen(row->value), &dr_json_inventory, &o, NULL) == 0 &&
                !strchr(row->value, '\n');
    dr_str_add(&line, json ? ",\"value\":" : ",\"text\":");
    if (json)
        dr_str_add(&line, row->value);
    else
        add_text(&line, row->value);
    dr_str_add(&line, "}");
    return fn(user, line.s);
}

static int
export_table(struct dr_store *s, enum store_table t, dr_export_fn fn, void *user,
             struct drstor_error **err)
{
    dr_auto(dr_freep) char *id = NULL, *sub = NULL;
    for (;;) {
        dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
        struct store_range next = {.after_id = id, .after_sub = sub, .limit = 64};
        struct store_row *rows = NULL;
        size_t n = 0;
        int r = store_enter(s, false, err);
        if (r < 0)
            return r;
        r = store_leave(s, false, store_scan(s, a, t, &next, &rows, &n, err), err);
        for (size_t i = 0; r == DRSTOR_OK && i < n; i++)
            r = export_row(t, &rows[i], fn, user);
        if (r != DRSTOR_OK || n == 0)
            return r;
        free(id);
        free(sub);
        id = dr_strdup(rows[n - 1].id);
        sub = dr_strdup(rows[n - 1].sub);
    }
}

int
dr_store_export(struct dr_store *s, dr_export_fn fn, void *user, struct drstor_error **err)
{
    /* A damaged table must not keep the others from being read. */
    dr_auto(dr_error_freep) struct drstor_error *first = NULL;
    for (int t = 0; t < STORE_TABLES; t++) {
        dr_auto(dr_error_freep) struct drstor_error *why = NULL;
        int r = export_table(s, (enum store_table)t, fn, user, &why);
        if (r > 0 || (r < 0 && !why))
            return r;
        if (r < 0 && !first)
            dr_error_move(&first, &why);
    }
    int r = dr_error_status(first);
    dr_error_move(err, &first);
    return r;
}
