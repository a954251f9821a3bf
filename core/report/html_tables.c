/* Groups, VMs and steps, one row each. */
#include "report/html_parts.h"

#include "base/timetext.h"

#include <stdlib.h>

static struct json_object *
named(struct dr_html *h, const char *list, const char *name)
{
    dr_page_each(dr_json_get(h->doc, list), i, o)
    {
        if (dr_streq(dr_page_name(&h->page, o), name))
            return o;
    }
    return NULL;
}

/* What it was beside what it should have been. */
static void
goal_cell(struct dr_html *h, struct json_object *g, const char *key, const char *goal)
{
    int64_t is = -1, want;
    dr_html_raw(h, "<td class=\"n\">");
    if (!dr_html_lasted(h, g, key))
        dr_html_raw(h, "–");
    if (dr_json_i64(g, goal, &want)) {
        bool known = dr_json_i64(g, key, &is);
        dr_html(h, "<small class=\"$\">$ ",
                !known       ? ""
                : is <= want ? "good"
                             : "bad",
                !known       ? "no figure; goal"
                : is <= want ? "within"
                             : "more than");
        dr_html_seconds(h, want);
        dr_html_raw(h, "</small>");
    }
    dr_html_raw(h, "</td>");
}

static void
group_row(struct dr_html *h, struct json_object *element)
{
    struct dr_page *p = &h->page;
    const char *name = dr_page_name(p, element);
    const struct dr_page_group s = dr_page_group_of(p, h->doc, name);
    struct json_object *g = named(h, "by_group", name), *flip = named(h, "flips", name);
    const char *said = dr_page_text(p, element, "result");
    said = said ? said : s.result;
    dr_html(h, "<tr><th scope=\"row\">$", name);
    dr_html_small(h, "", dr_page_text(p, flip, "text"));
    dr_html(h, "</th><td><b class=\"$\">$</b>", dr_html_mark(said), said);
    dr_html_small(h, "", s.stopped);
    dr_html(h, "</td><td class=\"n\">$</td>", s.steps ? dr_html_of(h, s.done, s.steps) : "–");
    if (h->moves) {
        dr_html_time_cell(h, g, "writable_at");
        dr_html(h, "<td class=\"n\">$</td>", s.vms ? dr_html_of(h, s.up, s.vms) : "–");
        dr_html_time_cell(h, g, "service_at");
        goal_cell(h, g, "rto_s", "rto_goal_s");
        dr_html_lasted_cell(h, g, "rto_outage_s");
        goal_cell(h, g, "rpo_s", "rpo_goal_s");
    }
    dr_html_raw(h, "</tr>\n");
}

void
dr_html_groups(struct dr_html *h)
{
    struct json_object *groups = dr_json_get(h->doc, "groups");
    if (!dr_json_length(groups) || !dr_json_length(dr_json_get(h->doc, "steps")))
        return;
    dr_html_section(h, "groups", "Groups");
    dr_html_table(h, "Groups",
                  h->moves ? "Group|Result|Steps|Writable at|VMs up|Service back at|RTO from the "
                             "decision|RTO from the last sign of life|Lost at most"
                           : "Group|Result|Steps");
    dr_page_each(groups, i, g)
    {
        group_row(h, g);
    }
    dr_html_table_end(h);
    dr_html_section_end(h);
}

/* ---- VMs ------------------------------------------------------------------------------------- */

struct vm_row {
    struct json_object *vm;
    bool up;
    int64_t at;
    size_t order;
};

/* What needs a person first, then as they came up. */
static int
by_need(const void *a, const void *b)
{
    const struct vm_row *x = a, *y = b;
    if (x->up != y->up)
        return x->up ? 1 : -1;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

static void
vm_row(struct dr_html *h, const struct vm_row *r)
{
    struct dr_page *p = &h->page;
    const char *id = dr_page_text(p, r->vm, "id");
    dr_html(h, "<tr><th scope=\"row\">$</th><td>$</td>", dr_page_name(p, r->vm),
            dr_page_text(p, r->vm, "group"));
    dr_html(h, "<td><b class=\"$\">$</b>", r->up ? "good" : "bad",
            dr_page_known(p, r->vm, "state"));
    dr_html_small(h, "", dr_page_text(p, r->vm, "trouble"));
    dr_html_raw(h, "</td>");
    dr_html_time_cell(h, r->vm, "started_at");
    dr_html_lasted_cell(h, r->vm, "rto_s");
    dr_html_lasted_cell(h, r->vm, "rto_outage_s");
    dr_html(h, id ? "<td><code>$</code></td></tr>\n" : "<td>$</td></tr>\n", id);
}

void
dr_html_vms(struct dr_html *h)
{
    struct json_object *vms = dr_json_get(h->doc, "vms");
    size_t n = 0, up = 0;
    struct vm_row *rows = dr_arena_alloc(h->page.arena, dr_json_length(vms) + 1, sizeof(*rows));
    dr_page_each(vms, i, vm)
    {
        rows[n] =
            (struct vm_row){vm, dr_page_vm_up(&h->page, vm), dr_html_utc(vm, "started_at"), i};
        up += rows[n++].up;
    }
    if (!n)
        return;
    qsort(rows, n, sizeof(*rows), by_need);
    dr_html_section(h, "vms", "Virtual machines");
    dr_html(h, "<p>$ VMs are up.$</p>\n", dr_html_of(h, up, n),
            up < n ? " Those that are not come first." : "");
    dr_html_table(h, "Virtual machines",
                  "VM|Group|State|Runs since|After the decision|After the last sign of life|Id");
    for (size_t i = 0; i < n; i++)
        vm_row(h, &rows[i]);
    dr_html_table_end(h);
    dr_html_section_end(h);
}

/* ---- steps ----------------------------------------------------------------------------------- */

static void
note(struct dr_html *h, struct json_object *s, const char *key, const char *template)
{
    const char *words = dr_page_text(&h->page, s, key);
    if (words)
        dr_html(h, template, words);
}

static void
step_row(struct dr_html *h, struct json_object *s)
{
    struct dr_page *p = &h->page;
    const char *text = dr_page_text(p, s, "text"), *state = dr_page_known(p, s, "state");
    int64_t tries = 0;
    dr_html_raw(h, "<tr>");
    dr_html_time_cell(h, s, "started_at");
    dr_html_lasted_cell(h, s, "elapsed_s");
    dr_html_lasted_cell(h, s, "expect_s");
    dr_html(h, "<td>$</td><td>$</td><td class=\"t\">$", dr_page_text(p, s, "group"),
            dr_page_text(p, s, "site"), text ? text : dr_page_name(p, s));
    if (dr_json_i64(s, "attempts", &tries) && tries > 1)
        dr_html(h, "<small>$ tries</small>", dr_arena_printf(p->arena, "%lld", (long long)tries));
    note(h, s, "error", "<small class=\"bad\">$</small>");
    note(h, s, "array_words", "<small>the array said: $</small>");
    note(h, s, "snapshot", "<small>snapshot <code>$</code></small>");
    note(h, s, "op", "<small>operation <code>$</code></small>");
    note(h, s, "job", "<small>job <code>$</code></small>");
    dr_html(h, "</td><td><b class=\"$\">$</b></td></tr>\n", dr_html_mark(state), state);
}

void
dr_html_steps(struct dr_html *h)
{
    struct json_object *steps = dr_json_get(h->doc, "steps");
    if (!dr_json_length(steps))
        return;
    dr_html_section(h, "steps", "Steps");
    dr_html_table(h, "Steps", "Started|Took|Expected|Group|Site|Step|State");
    dr_page_each(steps, i, s)
    {
        step_row(h, s);
    }
    dr_html_table_end(h);
    dr_html_section_end(h);
}

/* ---- hooks ----------------------------------------------------------------------------------- */

void
dr_html_hooks(struct dr_html *h)
{
    struct dr_page *p = &h->page;
    struct json_object *hooks = dr_json_get(h->doc, "hooks");
    if (!dr_json_length(hooks))
        return;
    dr_html_section(h, "hooks", "Hooks");
    dr_html_table(h, "Hooks", "Started|Took|Group|Where|Program|State");
    dr_page_each(hooks, i, k)
    {
        const char *state = dr_page_known(p, k, "state");
        int64_t tries = 0;
        dr_html_raw(h, "<tr>");
        dr_html_time_cell(h, k, "started_at");
        dr_html_lasted_cell(h, k, "elapsed_s");
        dr_html(h, "<td>$</td><td>$</td><td class=\"t\"><code>$</code>",
                dr_page_known(p, k, "group"), dr_page_known(p, k, "where"),
                dr_page_known(p, k, "program"));
        if (dr_json_i64(k, "attempts", &tries) && tries > 1)
            dr_html(h, "<small>$ tries</small>",
                    dr_arena_printf(p->arena, "%lld", (long long)tries));
        note(h, k, "error", "<small class=\"bad\">$</small>");
        note(h, k, "said", "<small>it said: $</small>");
        dr_html(h, "</td><td><b class=\"$\">$</b></td></tr>\n", dr_html_mark(state), state);
    }
    dr_html_table_end(h);
    dr_html_section_end(h);
}
