#include "library/internal.h"

#include "base/str.h"
#include "model/table.h"
#include "plan/explain.h"
#include "plugin/loader.h"
#include "plugin/settings.h"
#include "report/html.h"
#include "report/text.h"

#include <string.h>

static struct json_object *
problem(const char *file, unsigned line, unsigned column, const char *text, const char *hint)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct json_object *o = json_object_new_object();
    dr_json_set_str(o, "place", line ? dr_arena_printf(a, "%s:%u:%u", file, line, column) : file);
    dr_json_set_str(o, "text", text);
    dr_json_set_str(o, "hint", hint);
    return o;
}

struct json_object *
dr_problems_json(const struct dr_problems *found)
{
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < found->n; i++)
        (void)json_object_array_add(list, problem(found->list[i].file, found->list[i].line,
                                                  found->list[i].column, found->list[i].message,
                                                  found->list[i].hint));
    return list;
}

/* What only the plugins know of their keys. */
static void
check_plugins(const struct dr_model *m, struct json_object *list)
{
    for (size_t i = 0; i < m->n_arrays; i++) {
        const struct dr_array *x = &m->arrays[i];
        dr_auto(dr_error_freep) struct drstor_error *err = NULL;
        struct dr_plugin *p = NULL;
        int r = dr_plugin_load(m->plugin_dir, x->plugin, &p, &err);
        if (r == DRSTOR_OK)
            r = dr_plugin_check_settings(p, DRSTOR_KEY_ARRAY, x->settings, x->n_settings, x->name,
                                         &err);
        for (size_t g = 0; r == DRSTOR_OK && g < m->n_groups; g++)
            for (size_t c = 0; r == DRSTOR_OK && c < m->groups[g].n_copies; c++)
                if (m->groups[g].copies[c].array == x)
                    r = dr_plugin_check_settings(
                        p, DRSTOR_KEY_COPY, m->groups[g].copies[c].settings,
                        m->groups[g].copies[c].n_settings, m->groups[g].name, &err);
        if (r < 0)
            (void)json_object_array_add(list, problem(x->place.file, x->place.line, x->place.column,
                                                      dr_error_message(err), dr_error_hint(err)));
    }
}

int
drstor_config_check(const char *config, char **ret_json, struct drstor_error **err)
{
    (void)err;
    struct dr_problems found = {0};
    const char *path = config ? config : DR_CONFIG_PATH;
    struct json_object *o = dr_report_new(), *list = json_object_new_array();
    if (dr_config_check(path, &found) < 0) {
        (void)json_object_put(list);
        list = dr_problems_json(&found);
    } else {
        struct dr_model *m = NULL;
        if (dr_config_load(path, &m, NULL) == DRSTOR_OK)
            check_plugins(m, list);
        dr_config_free(m);
    }
    dr_problems_clear(&found);
    dr_json_set_str(o, "file", path);
    dr_json_set_i64(o, "exit", dr_json_length(list) ? 2 : 0);
    dr_json_set(o, "problems", list);
    *ret_json = dr_document_text(o);
    return DRSTOR_OK;
}

int
drstor_explain(const char *id, char **ret_json, struct drstor_error **err)
{
    const struct dr_explanation *e = dr_explain(id);
    if (!e) {
        const char *ids[128];
        size_t n = 0, n_all = 0;
        const struct dr_explanation *all = dr_explain_all(&n_all);
        for (; n < n_all && n < DR_COUNT(ids); n++)
            ids[n] = all[n].id;
        const char *near = dr_nearest(id, ids, n);
        int r = dr_fail(err, DRSTOR_E_NOTFOUND, "there is no rule \"%s\"", id);
        if (near)
            dr_hint(err, "did you mean %s?", near);
        return r;
    }
    struct json_object *o = dr_report_new();
    dr_json_set_str(o, "id", e->id);
    dr_json_set_str(o, "title", e->title);
    dr_json_set_str(o, "why", e->why);
    dr_json_set_str(o, "remedy", e->remedy);
    dr_json_set_i64(o, "exit", 0);
    *ret_json = dr_document_text(o);
    return DRSTOR_OK;
}

int
drstor_plugin_list(struct drstor *d, char **ret_json, struct drstor_error **err)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_plugin_file *files = NULL;
    size_t n = 0;
    int r = dr_plugin_list(d->model->plugin_dir, a, &files, &n, err);
    if (r < 0)
        return r;
    struct json_object *o = dr_report_new(), *list = json_object_new_array();
    for (size_t i = 0; i < n; i++) {
        struct json_object *x = json_object_new_object();
        dr_json_set_str(x, "name", files[i].name);
        dr_json_set_str(x, "path", files[i].path);
        if (files[i].plugin) {
            const struct dr_plugin_info *info = dr_plugin_info(files[i].plugin);
            dr_json_set_str(x, "version", info->version);
            dr_json_set_i64(x, "api", info->api);
        }
        dr_json_set_str(x, "error", files[i].error);
        dr_json_set_str(x, "hint", files[i].hint);
        (void)json_object_array_add(list, x);
    }
    dr_json_set_str(o, "dir", d->model->plugin_dir);
    dr_json_set(o, "plugins", list);
    dr_json_set_i64(o, "exit", 0);
    *ret_json = dr_document_text(o);
    return DRSTOR_OK;
}

int
drstor_plugin_info(struct drstor *d, const char *name, char **ret_json, struct drstor_error **err)
{
    struct dr_plugin *p = NULL;
    int r = dr_plugin_load(d->model->plugin_dir, name, &p, err);
    if (r < 0)
        return r;
    struct json_object *o = dr_report_new();
    dr_json_set(o, "plugin", dr_plugin_info_json(p));
    dr_json_set_i64(o, "exit", 0);
    *ret_json = dr_document_text(o);
    return DRSTOR_OK;
}

static struct json_object *
requires_json(unsigned mask)
{
    struct json_object *list = json_object_new_array();
    for (unsigned bit = 1; bit; bit <<= 1)
        if (mask & bit)
            (void)json_object_array_add(
                list, json_object_new_string(dr_require_text((enum dr_require)bit)));
    return list;
}

int
drstor_table(char **ret_json, struct drstor_error **err)
{
    (void)err;
    size_t n = 0;
    const struct dr_table_row *rows = dr_table_rows(&n);
    struct json_object *o = dr_report_new(), *list = json_object_new_array();
    for (size_t i = 0; i < n; i++) {
        struct json_object *row = json_object_new_object(), *steps = json_object_new_array();
        dr_json_set_str(row, "operation", rows[i].name);
        dr_json_set(row, "needs", requires_json(rows[i].needs));
        for (size_t k = 0; k < rows[i].n_steps; k++) {
            const struct dr_table_step *t = &rows[i].steps[k];
            struct json_object *x = json_object_new_object();
            dr_json_set_str(x, "kind", dr_name(&dr_step_kind_names, (int)t->kind));
            dr_json_set_str(x, "at", t->at_target ? "target" : "old");
            dr_json_set_bool(x, "mutating", t->mutating);
            dr_json_set(x, "needs", requires_json(t->needs));
            dr_json_set(x, "gives", requires_json(t->gives));
            dr_json_set_str(x, "text", t->text);
            (void)json_object_array_add(steps, x);
        }
        dr_json_set(row, "steps", steps);
        dr_json_set_str(row, "after", rows[i].after);
        dr_json_set_str(row, "interrupted", rows[i].interrupted);
        (void)json_object_array_add(list, row);
    }
    dr_json_set(o, "operations", list);
    *ret_json = dr_document_text(o);
    return DRSTOR_OK;
}

int
drstor_render(const char *kind, const char *json, const char *columns, unsigned width,
              char **ret_text, struct drstor_error **err)
{
    dr_auto(dr_json_putp) struct json_object *doc = NULL;
    int r = dr_json_parse(json, strlen(json), &dr_json_inventory, &doc, err);
    return r < 0 ? r : dr_text_render(kind, doc, columns, width, ret_text, err);
}

int
drstor_render_html(const char *kind, const char *json, char **ret_html, struct drstor_error **err)
{
    dr_auto(dr_json_putp) struct json_object *doc = NULL;
    int r = dr_json_parse(json, strlen(json), &dr_json_inventory, &doc, err);
    return r < 0 ? r : dr_html_render(kind, doc, ret_html, err);
}
