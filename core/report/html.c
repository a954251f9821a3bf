#include "report/html.h"

#include "base/names.h"
#include "report/html_parts.h"

#include <string.h>

static const struct {
    const char *id, *title;
    void (*write)(struct dr_html *h);
} parts[] = {
    {"trouble", "What failed", dr_html_trouble},
    {"timeline", "Timeline", dr_html_timeline},
    {"groups", "Groups", dr_html_groups},
    {"vms", "Virtual machines", dr_html_vms},
    {"decision", "Decision", dr_html_decision},
    {"evidence", "Evidence", dr_html_evidence},
    {"loss", "Loss", dr_html_loss},
    {"conditions", "What it rested on", dr_html_conditions},
    {"steps", "Steps", dr_html_steps},
    {"hooks", "Hooks", dr_html_hooks},
};

/* What the run was about, for a window's title and a printed head. */
static const char *
title(struct dr_html *h)
{
    const char *run = dr_page_text(&h->page, h->doc, "run");
    return dr_arena_printf(h->page.arena, "%s: %s%s%s", dr_page_known(&h->page, h->doc, "result"),
                           dr_page_goal_short(&h->page, h->doc), run ? ", run " : "",
                           run ? run : "");
}

static void
foot(struct dr_html *h)
{
    struct dr_page *p = &h->page;
    const char *run = dr_page_text(p, h->doc, "run"), *plan = dr_page_text(p, h->doc, "plan");
    struct json_object *journal = dr_json_get(h->doc, "journal");
    const char *hash = dr_page_text(p, journal, "hash");
    dr_html_raw(h, "<footer>\n");
    if (run || plan)
        dr_html_raw(h, "<p>");
    if (run)
        dr_html(h, "Run <code>$</code>. ", run);
    if (plan)
        dr_html(h, "Plan <code>$</code>", plan);
    if (plan && dr_json_get(h->doc, "made_at")) {
        dr_html_raw(h, ", made ");
        (void)dr_html_time(h, h->doc, "made_at");
    }
    dr_html_raw(h, plan ? ".</p>\n" : run ? "</p>\n" : "");
    if (hash)
        dr_html(h, "<p>Head of the journal then: <code>$:$</code></p>\n",
                dr_page_known(p, journal, "seq"), hash);
    if (run)
        dr_html(h,
                "<p>The same for programs: <code>drstor -o json run report $</code>. Proof that "
                "the journal is as it was written: <code>drstor journal verify</code>.</p>\n",
                run);
    dr_html_raw(h, "<p>All times are UTC. Durations are in whole seconds.</p>\n</footer>\n");
}

/*
 * The parts know themselves whether they have anything to say; a way to each of those that had is
 * put in front of them.
 */
static void
body(struct dr_html *h)
{
    struct dr_str before = h->page.out;
    bool said[DR_COUNT(parts)];
    h->page.out = (struct dr_str){0};
    for (size_t i = 0; i < DR_COUNT(parts); i++) {
        size_t n = h->page.out.n;
        parts[i].write(h);
        said[i] = h->page.out.n > n;
    }
    struct dr_str after = h->page.out;
    h->page.out = before;
    dr_html_raw(h, "<nav aria-label=\"Parts of this report\">");
    for (size_t i = 0; i < DR_COUNT(parts); i++)
        if (said[i])
            dr_html(h, "<a href=\"#$\">$</a> ", parts[i].id, parts[i].title);
    dr_html_raw(h, "</nav>\n");
    dr_str_addn(&h->page.out, after.s ? after.s : "", after.n);
    dr_str_freep(&after);
}

static void
write_page(struct dr_html *h)
{
    struct json_object *times = dr_json_get(h->doc, "times");
    const char *verb = dr_page_text(&h->page, dr_json_get(h->doc, "goal"), "verb");
    h->moves = !verb || dr_streq(verb, "promote") || dr_streq(verb, "failback");
    h->touches_data = h->moves || dr_streq(verb, "reprotect");
    if (dr_html_utc(times, "decision") >= 0)
        h->day = dr_page_text(&h->page, times, "decision");
    dr_html_raw(h, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\" />\n"
                   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\" />\n");
    dr_html(h, "<title>$</title>\n<style>\n", title(h));
    dr_html_raw(h, dr_html_style);
    dr_html_raw(h, "</style>\n</head>\n<body>\n<main>\n");
    dr_html_summary(h);
    body(h);
    dr_html_raw(h, "</main>\n");
    foot(h);
    dr_html_raw(h, "</body>\n</html>\n");
}

int
dr_html_render(const char *kind, struct json_object *doc, char **ret, struct drstor_error **err)
{
    static const char *const kinds[] = {"run", "report", "abort"};
    for (size_t i = 0; i < DR_COUNT(kinds); i++) {
        if (!dr_streq(kinds[i], kind))
            continue;
        dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
        struct dr_html h = {.page = {.arena = a}, .doc = doc};
        write_page(&h);
        *ret = dr_str_take(&h.page.out);
        return DRSTOR_OK;
    }
    const char *near = dr_nearest(kind, kinds, DR_COUNT(kinds));
    int r = dr_fail(err, DRSTOR_E_INVALID, "there is no page for a document \"%s\"", kind);
    if (near)
        dr_hint(err, "did you mean \"%s\"?", near);
    return r;
}
