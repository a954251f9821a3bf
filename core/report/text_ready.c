/* Is it ready, and what is wrong with the mapping. */
#include "report/grid.h"

static const struct dr_column open_columns[] = {
    {"ok", 9, DR_COLUMN_USUAL},
    {"id", 8, DR_COLUMN_USUAL},
    {"check", 5, DR_COLUMN_USUAL | DR_COLUMN_WRAP},
};

static bool
holds(struct json_object *check)
{
    return dr_page_true(check, "ok");
}

/* null is an answer too: nobody could read it. */
static const char *
word_of(struct json_object *check)
{
    bool ok = false;
    if (dr_page_true(check, "advice"))
        return "advice";
    return dr_json_bool(check, "ok", &ok) ? "NO" : "unknown";
}

/* Only what is open: what holds is counted by its caller. */
static void
open_checks(struct dr_page *p, struct json_object *checks)
{
    struct dr_grid *grid = dr_grid_plain(p, open_columns, DR_COUNT(open_columns));
    dr_page_each(checks, i, c)
    {
        const char *evidence = dr_page_text(p, c, "evidence"),
                   *remedy = dr_page_text(p, c, "remedy");
        if (holds(c))
            continue;
        const char *text =
            dr_arena_printf(p->arena, "%s (%s)%s%s", dr_page_known(p, c, "text"),
                            evidence ? dr_page_bare(p, evidence) : "nothing was read",
                            remedy ? "; to do: " : "", remedy ? remedy : "");
        dr_grid_row(grid, (const char *[]){word_of(c), dr_page_known(p, c, "id"), text});
    }
    dr_grid_print(grid, 2);
}

static void
checked(struct dr_page *p, const char *what, struct json_object *checks)
{
    size_t n = 0, open = 0;
    dr_page_each(checks, i, c)
    {
        n += holds(c);
        open += !holds(c) && !dr_page_true(c, "advice");
    }
    dr_page_say(p, 0, 2, "%s: %s, %zu of %zu checks hold", what, open ? "NOT READY" : "ready", n,
                dr_json_length(checks));
    open_checks(p, checks);
}

int
dr_text_check(struct dr_page *p, struct json_object *doc, struct drstor_error **err)
{
    (void)err;
    dr_page_each(dr_json_get(doc, "groups"), i, g)
        checked(p, dr_page_name(p, g), dr_json_get(g, "checks"));
    checked(p, "sites", dr_json_get(doc, "checks"));
    if (!dr_page_true(doc, "ready"))
        dr_page_next(p, "drstor explain ID: why a check is made, and more of what to do");
    return DRSTOR_OK;
}

int
dr_text_map(struct dr_page *p, struct json_object *doc, struct drstor_error **err)
{
    struct json_object *findings = dr_json_get(doc, "findings");
    size_t wrong = 0;
    (void)err;
    dr_page_each(findings, i, f)
    {
        const char *place = dr_page_text(p, f, "place"), *remedy = dr_page_text(p, f, "remedy");
        bool advice = dr_page_true(f, "advice");
        wrong += !advice;
        dr_page_say(p, 0, 2, "%s%s%s %s: %s%s%s", place ? place : "", place ? ": " : "",
                    advice ? "advice" : "wrong", dr_page_known(p, f, "id"),
                    dr_page_known(p, f, "text"), remedy ? "; " : "", remedy ? remedy : "");
    }
    dr_page_say(p, 0, 2, "%s: %s", dr_page_known(p, doc, "file"),
                wrong
                    ? dr_arena_printf(p->arena, "%zu of %zu findings are wrong for %s and %s",
                                      wrong, dr_json_length(findings),
                                      dr_page_known(p, doc, "from"), dr_page_known(p, doc, "to"))
                    : dr_arena_printf(p->arena, "the mapping fits %s and %s",
                                      dr_page_known(p, doc, "from"), dr_page_known(p, doc, "to")));
    return DRSTOR_OK;
}

/* As it is: a file is no page that could be wrapped. */
int
dr_text_yaml(struct dr_page *p, struct json_object *doc, struct drstor_error **err)
{
    const char *yaml = dr_json_str(doc, "yaml");
    (void)err;
    dr_str_add(&p->out, yaml ? yaml : "");
    return DRSTOR_OK;
}
