#include "report/grid.h"

#include "base/timetext.h"

static const struct dr_column group_columns[] = {
    {"group", 9, DR_COLUMN_USUAL},
    {"mode", 2, DR_COLUMN_USUAL},
    {"primary", 7, DR_COLUMN_USUAL},
    {"condition", 8, DR_COLUMN_USUAL},
    {"sync", 5, DR_COLUMN_USUAL},
    {"lag", 4, DR_COLUMN_USUAL},
    {"ready", 6, DR_COLUMN_USUAL},
    {"next", 1, DR_COLUMN_USUAL},
    {"epoch", 3, DR_COLUMN_RIGHT},
    {"topology", 2, 0},
    {"recovery_point", 3, 0},
    {"rpo", 3, 0},
    {"reason", 0, 0},
    {"drill", 0, 0},
    {"exposed_since", 0, 0},
    {"copies", 0, DR_COLUMN_WORD},
};
enum { N_GROUP_COLUMNS = sizeof(group_columns) / sizeof(group_columns[0]) };

static const struct dr_column copy_columns[] = {
    {"site", 9, DR_COLUMN_USUAL}, {"array", 5, DR_COLUMN_USUAL}, {"access", 8, DR_COLUMN_USUAL},
    {"sync", 7, DR_COLUMN_USUAL}, {"seen", 6, DR_COLUMN_USUAL},
};

static const struct dr_column member_columns[] = {
    {"volume", 9, DR_COLUMN_USUAL}, {"pair", 3, DR_COLUMN_USUAL},
    {"access", 8, DR_COLUMN_USUAL}, {"size", 4, DR_COLUMN_USUAL | DR_COLUMN_RIGHT},
    {"wwid", 2, DR_COLUMN_USUAL},
};

static const struct dr_column point_columns[] = {
    {"point", 9, DR_COLUMN_USUAL},
    {"at", 8, DR_COLUMN_USUAL},
    {"age", 7, DR_COLUMN_USUAL | DR_COLUMN_RIGHT},
    {"kind", 3, DR_COLUMN_USUAL},
    {"label", 1, DR_COLUMN_USUAL},
};

/* in_sync says whether; which of the other words it is, the first copy that follows tells. */
static const char *
sync_word(struct dr_page *p, struct json_object *g)
{
    bool in_sync;
    if (!dr_json_bool(g, "in_sync", &in_sync))
        return "unknown";
    if (in_sync)
        return "in-sync";
    const char *primary = dr_page_text(p, g, "primary");
    dr_page_each(dr_json_get(g, "copies"), i, c)
    {
        const char *sync = dr_page_text(p, c, "sync");
        if (!dr_streq(dr_page_text(p, c, "site"), primary) && sync && !dr_streq(sync, "in-sync") &&
            !dr_streq(sync, "unknown"))
            return sync;
    }
    return "not in sync";
}

static const char *
lag_word(struct dr_page *p, struct json_object *g)
{
    int64_t lag, rpo;
    if (!dr_json_i64(g, "lag_s", &lag) || lag < 0)
        return dr_page_true(g, "in_sync") ? "none" : "unknown";
    if (dr_json_i64(g, "rpo_s", &rpo) && rpo > 0 && lag > rpo)
        return dr_arena_printf(p->arena, "%s > RPO", dr_duration_text(p->arena, lag));
    return dr_duration_text(p->arena, lag);
}

static const char *
mode_word(struct dr_page *p, struct json_object *g)
{
    const char *mode = dr_page_known(p, g, "mode");
    if (dr_streq(dr_page_text(p, g, "topology"), "active-active"))
        return dr_arena_printf(p->arena, "%s, active-active", mode);
    return mode;
}

/* "since 2026-11-22 14:03:21 UTC (2 h 5 min)"; NULL: not known. */
static const char *
since_words(struct dr_page *p, struct json_object *o, const char *when, const char *age)
{
    int64_t s;
    const char *at = dr_page_time(p, o, when);
    if (!at)
        return NULL;
    if (!dr_json_i64(o, age, &s))
        return dr_arena_printf(p->arena, "since %s", at);
    return dr_arena_printf(p->arena, "since %s (%s)", at, dr_duration_text(p->arena, s));
}

/* What stands beside the condition. */
static void
beside(struct dr_page *p, struct json_object *g)
{
    struct json_object *drill = dr_json_get(g, "drill");
    const char *exposed = since_words(p, g, "exposed_since", "exposed_s");
    const char *old = dr_page_text(p, g, "old_copy"), *holds = dr_page_text(p, g, "old_copy_holds");
    const char *started = since_words(p, drill, "started", "age_s");
    const char *by = dr_page_text(p, drill, "by");
    if (exposed)
        dr_page_say(p, 2, 2, "nothing follows %s", exposed);
    if (old)
        dr_page_say(p, 2, 2, "the copy left behind is %s%s%s", old, holds ? ": " : "",
                    holds ? dr_page_bare(p, holds) : "");
    if (drill)
        dr_page_say(p, 2, 2, "drill %s at %s%s%s%s%s", dr_page_known(p, drill, "name"),
                    dr_page_known(p, drill, "site"), started ? ", " : "", started ? started : "",
                    by ? ", by " : "", by ? by : "");
}

static bool
has_trouble(struct dr_page *p, struct json_object *g)
{
    const char *condition = dr_page_known(p, g, "condition");
    bool ready = false;
    if (!dr_streq(condition, "protected") && !dr_streq(condition, "dual-verified"))
        return true;
    if (!dr_json_bool(g, "ready", &ready) || !ready || dr_json_get(g, "drill") ||
        dr_json_get(g, "fence_waived"))
        return true;
    dr_page_each(dr_json_get(g, "copies"), i, c)
    {
        if (dr_page_text(p, c, "error") || !dr_page_true(c, "fresh"))
            return true;
    }
    return false;
}

static const char *
seen_word(struct dr_page *p, struct json_object *c)
{
    int64_t age;
    const char *at = dr_page_time(p, c, "observed_at"), *when = at ? at : "never";
    if (dr_json_i64(c, "age_s", &age) && age >= 0)
        when = dr_arena_printf(p->arena, "%s ago", dr_duration_text(p->arena, age));
    else if (!at)
        return when;
    return dr_page_true(c, "fresh") ? when : dr_arena_printf(p->arena, "%s, not now", when);
}

static void
members(struct dr_page *p, struct json_object *copy)
{
    struct dr_grid *grid = dr_grid_plain(p, member_columns, DR_COUNT(member_columns));
    dr_page_each(dr_json_get(copy, "members"), i, m)
    {
        int64_t size = -1;
        (void)dr_json_i64(m, "size", &size);
        dr_grid_row(grid,
                    (const char *[]){dr_page_name(p, m), dr_page_known(p, m, "pair"),
                                     dr_page_known(p, m, "access"), dr_bytes_text(p->arena, size),
                                     dr_page_known(p, m, "wwid")});
    }
    dr_grid_print(grid, 4);
}

static void
points(struct dr_page *p, struct json_object *copy)
{
    const char *error = dr_page_text(p, copy, "points_error");
    int64_t more = 0;
    if (dr_json_length(dr_json_get(copy, "points"))) {
        struct dr_grid *grid = dr_grid_plain(p, point_columns, DR_COUNT(point_columns));
        dr_page_say(p, 2, 2,
                    "recovery points at %s, beside the newest:", dr_page_known(p, copy, "site"));
        dr_page_each(dr_json_get(copy, "points"), i, x)
        {
            const char *at = dr_page_time(p, x, "at"), *label = dr_page_text(p, x, "label");
            dr_grid_row(grid, (const char *[]){dr_page_known(p, x, "id"), at ? at : "unknown",
                                               dr_page_duration(p, x, "age_s"),
                                               dr_page_known(p, x, "kind"), label ? label : ""});
        }
        dr_grid_print(grid, 4);
    }
    if (dr_json_i64(copy, "points_more", &more) && more > 0)
        dr_page_say(p, 4, 2, "and %lld older ones", (long long)more);
    if (error)
        dr_page_say(p, 2, 2, "recovery points at %s: %s", dr_page_known(p, copy, "site"), error);
}

static void
detail(struct dr_page *p, struct json_object *g, bool all)
{
    const char *reason = dr_page_text(p, g, "reason"), *next = dr_page_text(p, g, "next");
    const char *point = dr_page_time(p, g, "recovery_point");
    dr_page_gap(p);
    dr_page_say(p, 0, 2, "%s: %s%s%s", dr_page_name(p, g), dr_page_known(p, g, "condition"),
                reason ? ", " : "", reason ? reason : "");
    struct json_object *waived = dr_json_get(g, "fence_waived");
    if (waived)
        dr_page_say(p, 2, 2, "FENCE WAIVED at %s: %s", dr_page_known(p, waived, "site"),
                    dr_page_known(p, waived, "text"));
    if (point)
        dr_page_say(p, 2, 2, "recovery point %s", point);
    beside(p, g);
    struct dr_grid *grid = dr_grid_plain(p, copy_columns, DR_COUNT(copy_columns));
    dr_page_each(dr_json_get(g, "copies"), i, c)
    {
        dr_grid_row(grid,
                    (const char *[]){dr_page_known(p, c, "site"), dr_page_known(p, c, "array"),
                                     dr_page_known(p, c, "access"), dr_page_known(p, c, "sync"),
                                     seen_word(p, c)});
    }
    dr_grid_print(grid, 2);
    dr_page_each(dr_json_get(g, "copies"), i, c)
    {
        const char *error = dr_page_text(p, c, "error");
        if (error)
            dr_page_say(p, 2, 2, "%s: %s", dr_page_known(p, c, "site"), error);
    }
    if (next)
        dr_page_say(p, 2, 6, "next: %s", next);
    dr_page_each(dr_json_get(g, "copies"), i, c)
    {
        if (all && dr_json_length(dr_json_get(c, "members"))) {
            dr_page_say(p, 2, 2, "volumes at %s:", dr_page_known(p, c, "site"));
            members(p, c);
        }
        if (all)
            points(p, c);
    }
}

static void
silent_endpoints(struct dr_page *p, struct json_object *doc)
{
    bool any = false;
    dr_page_each(dr_json_get(doc, "endpoints"), i, e)
    {
        bool answers = false;
        if (dr_json_bool(e, "answers", &answers) && answers)
            continue;
        if (!any) {
            dr_page_gap(p);
            dr_page_say(p, 0, 2, "no answer from:");
        }
        any = true;
        const char *site = dr_page_text(p, e, "site"), *error = dr_page_text(p, e, "error");
        const char *since = dr_page_time(p, e, "silent_since");
        dr_page_say(p, 2, 2, "%s %s%s%s%s%s%s%s", dr_page_known(p, e, "kind"), dr_page_name(p, e),
                    site ? " at " : "", site ? site : "", since ? ", silent since " : "",
                    since ? since : "", error ? ": " : "", error ? error : "");
    }
}

/* Only where somebody might take it for another one. */
static void
which_controller(struct dr_page *p, struct json_object *doc)
{
    struct json_object *c = dr_json_get(doc, "controller");
    const char *text = dr_page_text(p, c, "text");
    if (text)
        dr_page_say(p, 0, 2, "%s", text);
    dr_page_mirror(p, c);
}

int
dr_text_status(struct dr_page *p, struct json_object *doc, struct drstor_error **err)
{
    struct dr_grid *grid;
    struct json_object *groups = dr_json_get(doc, "groups");
    int r = dr_grid_new(p, group_columns, N_GROUP_COLUMNS, &grid, err);
    if (r < 0)
        return r;
    dr_page_each(groups, i, g)
    {
        const char *next = dr_page_text(p, g, "next"),
                   *point = dr_page_time(p, g, "recovery_point");
        dr_grid_row(grid, (const char *[N_GROUP_COLUMNS]){
                              dr_page_name(p, g), mode_word(p, g), dr_page_known(p, g, "primary"),
                              dr_page_known(p, g, "condition"), sync_word(p, g), lag_word(p, g),
                              dr_page_known(p, g, "ready"), next, dr_page_known(p, g, "epoch"),
                              dr_page_known(p, g, "topology"), point ? point : "unknown",
                              dr_page_duration(p, g, "rpo_s"), dr_page_text(p, g, "reason"),
                              dr_page_text(p, dr_json_get(g, "drill"), "name"),
                              dr_page_time(p, g, "exposed_since"), NULL});
    }
    if (dr_json_length(groups) == 0)
        dr_page_say(p, 0, 2, "no group is configured");
    dr_grid_print(grid, 0);
    bool all = dr_grid_wants(grid, "copies");
    dr_page_each(groups, i, g)
    {
        if (all || has_trouble(p, g))
            detail(p, g, all);
    }
    silent_endpoints(p, doc);
    which_controller(p, doc);
    return DRSTOR_OK;
}

int
dr_text_observe(struct dr_page *p, struct json_object *doc, struct drstor_error **err)
{
    const char *text = dr_page_text(p, doc, "text");
    size_t asked = 0, answered = 0;
    dr_page_each(dr_json_get(doc, "endpoints"), i, e)
    {
        asked++;
        answered += dr_page_true(e, "answers");
    }
    if (text)
        dr_page_say(p, 0, 2, "%s", text);
    else if (asked)
        dr_page_say(p, 0, 2, "%zu of %zu endpoints answered; what they said is stored", answered,
                    asked);
    if (dr_json_get(doc, "groups"))
        return dr_text_status(p, doc, err);
    silent_endpoints(p, doc);
    return DRSTOR_OK;
}
