#include "report/grid.h"

#include "base/timetext.h"

static const struct dr_column run_columns[] = {
    {"run", 9, DR_COLUMN_USUAL},     {"verb", 6, DR_COLUMN_USUAL},
    {"groups", 2, DR_COLUMN_USUAL},  {"state", 8, DR_COLUMN_USUAL},
    {"started", 4, DR_COLUMN_USUAL}, {"took", 6, DR_COLUMN_USUAL | DR_COLUMN_RIGHT},
    {"who", 1, DR_COLUMN_USUAL},     {"ended", 0, 0},
};

static const struct dr_column event_columns[] = {
    {"time", 8, DR_COLUMN_USUAL},
    {"step", 6, DR_COLUMN_USUAL},
    {"state", 9, DR_COLUMN_USUAL},
    {"elapsed", 3, DR_COLUMN_USUAL | DR_COLUMN_RIGHT},
    {"text", 2, DR_COLUMN_USUAL | DR_COLUMN_WRAP},
    {"seq", 0, DR_COLUMN_RIGHT},
};

static const struct dr_column plugin_columns[] = {
    {"plugin", 9, DR_COLUMN_USUAL}, {"version", 5, DR_COLUMN_USUAL}, {"api", 4, DR_COLUMN_USUAL},
    {"state", 8, DR_COLUMN_USUAL},  {"path", 1, DR_COLUMN_USUAL},
};

static const char *
took(struct dr_page *p, struct json_object *run)
{
    int64_t from, to;
    const char *started = dr_page_text(p, run, "started"), *ended = dr_page_text(p, run, "ended");
    if (!started || !ended || !dr_utc_parse(started, &from) || !dr_utc_parse(ended, &to) ||
        to < from)
        return NULL;
    return dr_duration_text(p->arena, to - from);
}

int
dr_text_runs(struct dr_page *p, struct json_object *doc, struct drstor_error **err)
{
    struct json_object *runs =
        json_object_is_type(doc, json_type_array) ? doc : dr_json_get(doc, "runs");
    struct dr_grid *grid;
    int r = dr_grid_new(p, run_columns, DR_COUNT(run_columns), &grid, err);
    if (r < 0)
        return r;
    dr_page_each(runs, i, run)
    {
        const char *id = dr_page_text(p, run, "run");
        const char *ended = dr_page_time(p, run, "ended"),
                   *started = dr_page_time(p, run, "started");
        dr_grid_row(grid,
                    (const char *[]){id ? id : dr_page_name(p, run), dr_page_known(p, run, "verb"),
                                     dr_page_list(p, dr_json_get(run, "groups"), 4),
                                     dr_page_known(p, run, "state"), started ? started : "unknown",
                                     took(p, run), dr_page_text(p, run, "who"), ended});
    }
    if (dr_json_length(runs) == 0)
        dr_page_say(p, 0, 2, "there has been no run");
    dr_grid_print(grid, 0);
    return DRSTOR_OK;
}

int
dr_text_events(struct dr_page *p, struct json_object *doc, struct drstor_error **err)
{
    struct json_object *events = dr_json_get(doc, "events");
    struct dr_grid *grid;
    int r = dr_grid_new(p, event_columns, DR_COUNT(event_columns), &grid, err);
    if (r < 0)
        return r;
    const char *run = dr_page_text(p, doc, "run"), *state = dr_page_text(p, doc, "state");
    if (run && !p->columns)
        dr_page_say(p, 0, 2, "run %s: %s", run, state ? state : "unknown");
    dr_page_each(events, i, e)
    {
        dr_grid_row(grid, (const char *[]){dr_page_clock(p, e, "time"), dr_page_text(p, e, "step"),
                                           dr_page_known(p, e, "state"),
                                           dr_page_duration(p, e, "elapsed_s"),
                                           dr_page_text(p, e, "text"), dr_page_text(p, e, "seq")});
    }
    dr_grid_print(grid, 0);
    return DRSTOR_OK;
}

int
dr_text_plugins(struct dr_page *p, struct json_object *doc, struct drstor_error **err)
{
    struct json_object *plugins = dr_json_get(doc, "plugins");
    const char *dir = dr_page_text(p, doc, "dir");
    struct dr_grid *grid;
    int r = dr_grid_new(p, plugin_columns, DR_COUNT(plugin_columns), &grid, err);
    if (r < 0)
        return r;
    dr_page_each(plugins, i, x)
    {
        dr_grid_row(grid, (const char *[]){dr_page_name(p, x), dr_page_text(p, x, "version"),
                                           dr_page_text(p, x, "api"),
                                           dr_page_text(p, x, "error") ? "unusable" : "ok",
                                           dr_page_text(p, x, "path")});
    }
    if (dr_json_length(plugins) == 0)
        dr_page_say(p, 0, 2, "there is no plugin in %s", dir ? dir : "the plugin directory");
    dr_grid_print(grid, 0);
    dr_page_each(plugins, i, x)
    {
        const char *error = dr_page_text(p, x, "error"), *hint = dr_page_text(p, x, "hint");
        if (error)
            dr_page_say(p, 0, 2, "%s: %s%s%s", dr_page_name(p, x), error, hint ? "; " : "",
                        hint ? hint : "");
    }
    return DRSTOR_OK;
}

int
dr_text_problems(struct dr_page *p, struct json_object *doc, struct drstor_error **err)
{
    (void)err;
    struct json_object *problems = dr_json_get(doc, "problems");
    const char *file = dr_page_text(p, doc, "file");
    size_t n = dr_json_length(problems);
    dr_page_each(problems, i, x)
    {
        const char *place = dr_page_text(p, x, "place"), *hint = dr_page_text(p, x, "hint");
        dr_page_say(p, 0, 4, "%s%s%s", place ? place : "", place ? ": " : "",
                    dr_page_known(p, x, "text"));
        if (hint)
            dr_page_say(p, 4, 0, "%s", hint);
    }
    if (n == 0)
        dr_page_say(p, 0, 2, "%s: no problem found", file ? file : "the configuration");
    else
        dr_page_say(p, 0, 2, "%zu problem%s%s%s", n, n == 1 ? "" : "s", file ? " in " : "",
                    file ? file : "");
    return DRSTOR_OK;
}

int
dr_text_adopt(struct dr_page *p, struct json_object *doc, struct drstor_error **err)
{
    (void)err;
    struct json_object *adopted = dr_json_get(doc, "adopted"),
                       *already = dr_json_get(doc, "already");
    struct json_object *refusals = dr_json_get(doc, "refusals");
    dr_page_each(adopted, i, g)
    {
        const char *primary = dr_page_text(p, g, "primary"), *epoch = dr_page_text(p, g, "epoch");
        dr_page_say(p, 0, 2, "adopted %s%s%s%s%s", dr_page_name(p, g), primary ? ": primary " : "",
                    primary ? primary : "", epoch ? ", epoch " : "", epoch ? epoch : "");
    }
    dr_page_each(already, i, g)
    {
        dr_page_say(p, 0, 2, "%s has a record already; nothing was changed", dr_page_name(p, g));
    }
    dr_page_refusals(p, refusals);
    if (!dr_json_length(adopted) && !dr_json_length(already) && !dr_json_length(refusals))
        dr_page_say(p, 0, 2, "nothing to adopt");
    dr_page_journal(p, doc);
    return DRSTOR_OK;
}
