/* The parts of a run that a report in full shows. */
#include "report/grid.h"

#include "base/timetext.h"

static const struct dr_column step_columns[] = {
    {"started", 9, DR_COLUMN_USUAL},
    {"took", 8, DR_COLUMN_USUAL | DR_COLUMN_RIGHT},
    {"expect", 3, DR_COLUMN_USUAL | DR_COLUMN_RIGHT},
    {"group", 5, DR_COLUMN_USUAL},
    {"state", 7, DR_COLUMN_USUAL},
    {"step", 2, DR_COLUMN_USUAL | DR_COLUMN_WRAP},
};

void
dr_page_flips(struct dr_page *p, struct json_object *doc)
{
    dr_page_each(dr_json_get(doc, "flips"), i, f)
    {
        dr_page_say(p, 2, 2, "%s: %s", dr_page_name(p, f), dr_page_known(p, f, "text"));
        if (dr_streq(dr_page_text(p, f, "evidence"), "E7"))
            dr_page_say(p, 2, 2, "FENCE WAIVED at %s, the weakest proof there is: %s",
                        dr_page_known(p, f, "from"), dr_page_known(p, f, "proof"));
    }
}

/* "(array ontap-rome: read-only, at 2026-11-22 14:03:18 UTC, 3 s before the plan)" */
static const char *
fact_words(struct dr_page *p, struct json_object *c, int64_t made)
{
    const char *fact = dr_page_text(p, c, "fact"), *seen = dr_page_text(p, c, "observed_at");
    int64_t when = -1;
    if (!fact && !seen)
        return "";
    dr_auto(dr_str_freep) struct dr_str b = {0};
    dr_str_printf(&b, " (%s", fact ? fact : "seen");
    if (seen && dr_utc_parse(seen, &when) && when >= 0) {
        dr_str_printf(&b, ", at %s", dr_page_time(p, c, "observed_at"));
        if (made > when + 1)
            dr_str_printf(&b, ", %s before the plan", dr_duration_text(p->arena, made - when));
    }
    dr_str_add(&b, ")");
    return dr_arena_str(p->arena, b.s);
}

void
dr_page_facts(struct dr_page *p, struct json_object *doc, bool over)
{
    int64_t made = -1;
    const char *at = dr_page_text(p, doc, "made_at");
    if (at)
        (void)dr_utc_parse(at, &made);
    dr_page_each(dr_json_get(doc, "conditions"), i, c)
    {
        bool open = dr_page_true(c, "open");
        if (open && over)
            continue;
        dr_page_say(p, 2, 2, "%s%s", dr_page_known(p, c, "text"),
                    open ? " (still open: to be proven during the run)" : fact_words(p, c, made));
    }
}

/* What was done, and what came in the way. */
static const char *
step_words(struct dr_page *p, struct json_object *s)
{
    const char *text = dr_page_text(p, s, "text"), *error = dr_page_text(p, s, "error");
    const char *words = dr_page_text(p, s, "array_words"), *kept = dr_page_text(p, s, "snapshot");
    int64_t tries = 0;
    dr_auto(dr_str_freep) struct dr_str b = {0};
    dr_str_printf(&b, "%s", text ? text : dr_page_name(p, s));
    if (dr_json_i64(s, "attempts", &tries) && tries > 1)
        dr_str_printf(&b, " (%lld tries)", (long long)tries);
    if (kept)
        dr_str_printf(&b, " (snapshot %s)", kept);
    if (error)
        dr_str_printf(&b, ": %s", error);
    if (words)
        dr_str_printf(&b, "; the array said: %s", words);
    return dr_arena_str(p->arena, b.s);
}

void
dr_page_steps(struct dr_page *p, struct json_object *doc)
{
    struct json_object *steps = dr_json_get(doc, "steps");
    if (!dr_json_length(steps))
        return;
    struct dr_grid *grid = dr_grid_plain(p, step_columns, DR_COUNT(step_columns));
    dr_page_each(steps, i, s)
    {
        int64_t took, expected;
        dr_grid_row(
            grid,
            (const char *[]){
                dr_page_clock(p, s, "started_at"),
                dr_json_i64(s, "elapsed_s", &took) ? dr_duration_text(p->arena, took) : NULL,
                dr_json_i64(s, "expect_s", &expected) ? dr_duration_text(p->arena, expected) : NULL,
                dr_page_text(p, s, "group"), dr_page_known(p, s, "state"), step_words(p, s)});
    }
    dr_page_gap(p);
    dr_grid_print(grid, 0);
}
