/* First on the page: how it ended, the figures, and the four questions that everybody asks. */
#include "report/html_parts.h"

#include "base/timetext.h"

#include <string.h>

/* The sites that GROUPS left or reached, each once. */
static const char *
sites(struct dr_html *h, const char *key)
{
    dr_auto(dr_str_freep) struct dr_str b = {0};
    const char *last = NULL;
    dr_page_each(dr_json_get(h->doc, "by_group"), i, g)
    {
        const char *site = dr_page_text(&h->page, g, key);
        if (!site || dr_streq(site, last) ||
            (b.s && strstr(b.s, dr_arena_printf(h->page.arena, ", %s", site))))
            continue;
        dr_str_printf(&b, ", %s", site);
        last = site;
    }
    return b.n ? dr_arena_str(h->page.arena, b.s + 2) : NULL;
}

static size_t
up_of(struct dr_html *h)
{
    size_t up = 0;
    dr_page_each(dr_json_get(h->doc, "vms"), i, vm)
    {
        up += dr_page_vm_up(&h->page, vm);
    }
    return up;
}

static void
headline(struct dr_html *h)
{
    struct dr_page *p = &h->page;
    const char *result = dr_page_known(p, h->doc, "result"),
               *text = dr_page_text(p, h->doc, "text");
    const char *goal = dr_page_goal_short(p, h->doc);
    int64_t code = 0;
    (void)dr_json_i64(h->doc, "exit", &code);
    dr_html(h, "<header>\n<h1><span class=\"mark $\">$</span> $</h1>\n", dr_html_mark(result),
            result, goal);
    if (text)
        dr_html(h, "<p class=\"lead\">$</p>\n", text);
    else if (dr_streq(result, "done"))
        dr_html_raw(h, "<p class=\"lead\">Everything was done and read back.</p>\n");
    if (code)
        dr_html(h, "<p class=\"dim\">Exit code $</p>\n",
                dr_arena_printf(p->arena, "%lld", (long long)code));
    dr_html_raw(h, "</header>\n");
}

/* ---- figures --------------------------------------------------------------------------------- */

/* How many groups kept to a goal they had; nothing when none had one. */
static void
goals(struct dr_html *h, const char *is, const char *goal)
{
    size_t kept = 0, all = 0;
    dr_page_each(dr_json_get(h->doc, "by_group"), i, g)
    {
        int64_t got, want;
        if (!dr_json_i64(g, goal, &want))
            continue;
        all++;
        kept += dr_json_i64(g, is, &got) && got <= want;
    }
    if (all)
        dr_html(h, "<small class=\"$\">goal kept by $ groups that have one</small>",
                kept == all ? "good" : "bad", dr_html_of(h, kept, all));
}

static void
figure(struct dr_html *h, const char *name, const char *key, const char *is, const char *goal)
{
    if (!dr_json_get(h->doc, key))
        return;
    dr_html(h, "<li>$ <b id=\"$\">", name, key);
    if (!dr_html_lasted(h, h->doc, key))
        dr_html_raw(h, "unknown");
    if (goal)
        goals(h, is, goal);
    dr_html_raw(h, "</b></li>\n");
}

static void
figures(struct dr_html *h)
{
    size_t vms = dr_json_length(dr_json_get(h->doc, "vms")), groups = 0, well = 0;
    dr_page_each(dr_json_get(h->doc, "groups"), i, g)
    {
        const char *name = dr_page_name(&h->page, g);
        groups++;
        well += dr_streq(dr_page_group_of(&h->page, h->doc, name).result, "done");
    }
    dr_html_raw(h, "<ul class=\"figures\">\n");
    if (h->moves) {
        if (!dr_json_get(h->doc, "rto_s"))
            dr_html_raw(h, "<li>RTO <b class=\"bad\">not reached by this run</b></li>\n");
        figure(h, "RTO from the decision", "rto_s", "rto_s", "rto_goal_s");
        figure(h, "RTO from the last sign of life", "rto_outage_s", NULL, NULL);
    }
    if (h->touches_data)
        figure(h, "Lost at most (RPO)", "rpo_s", "rpo_s", "rpo_goal_s");
    if (vms)
        dr_html(h, "<li>VMs that run <b id=\"vms_up\">$</b></li>\n", dr_html_of(h, up_of(h), vms));
    if (dr_json_length(dr_json_get(h->doc, "steps")))
        dr_html(h, "<li>Groups done <b id=\"groups_done\">$</b></li>\n",
                dr_html_of(h, well, groups));
    dr_html_raw(h, "</ul>\n");
}

/* ---- the questions --------------------------------------------------------------------------- */

static void
since_when(struct dr_html *h)
{
    struct json_object *times = dr_json_get(h->doc, "times");
    int64_t gone = dr_html_utc(times, "outage"), decided = dr_html_utc(times, "decision");
    const char *from = sites(h, "from");
    dr_html_raw(h, "<dt>Since when was the site gone?</dt><dd>");
    if (!dr_page_true(dr_json_get(h->doc, "goal"), "unplanned")) {
        dr_html_raw(h, "It was not: this was planned.");
    } else if (gone < 0) {
        dr_html(h, "The last sign of life of $ is not known.", from ? from : "the site");
    } else {
        dr_html(h, "The last sign of life of $ is of ", from ? from : "the site");
        (void)dr_html_time(h, times, "outage");
        if (decided >= gone) {
            dr_html_raw(h, ", ");
            dr_html_seconds(h, decided - gone);
            dr_html_raw(h, " before the decision");
        }
        dr_html_raw(h, ".");
    }
    dr_html_raw(h, "</dd>\n");
}

/* "E6 (a named person declares the site lost) for 3 groups, E1 (...) for 1 group" */
static const char *
kinds_of_evidence(struct dr_html *h)
{
    size_t n[8] = {0};
    dr_auto(dr_str_freep) struct dr_str b = {0};
    dr_page_each(dr_json_get(h->doc, "evidence"), i, e)
    {
        const char *kind = dr_page_text(&h->page, e, "kind");
        if (kind && kind[0] == 'E' && kind[1] >= '1' && kind[1] <= '7')
            n[kind[1] - '0']++;
    }
    for (size_t i = 1; i < DR_COUNT(n); i++)
        if (n[i])
            dr_str_printf(&b, "%sE%zu (%s) for %zu group%s", b.n ? ", " : "", i,
                          dr_html_evidence_words((const char[]){'E', (char)('0' + i), '\0'}), n[i],
                          n[i] == 1 ? "" : "s");
    return b.n ? dr_arena_str(h->page.arena, b.s) : NULL;
}

static void
who_decided(struct dr_html *h)
{
    struct dr_page *p = &h->page;
    struct json_object *consent = dr_json_get(h->doc, "consent");
    const char *who = dr_page_text(p, consent, "by"), *bound = dr_page_bound(p, consent);
    const char *reason = dr_page_text(p, consent, "reason"), *proof = kinds_of_evidence(h);
    const char *second = dr_page_text(p, consent, "confirmed_by");
    who = who ? who : dr_page_text(p, h->doc, "who");
    dr_html(h, "<dt>Who decided what, on which evidence?</dt><dd>$$$ decided the $",
            who ? who : "Somebody unknown", second ? ", confirmed by " : "", second,
            dr_page_goal_short(p, h->doc));
    if (dr_html_utc(dr_json_get(h->doc, "times"), "decision") >= 0) {
        dr_html_raw(h, " at ");
        (void)dr_html_time(h, dr_json_get(h->doc, "times"), "decision");
    }
    if (bound)
        dr_html(h, ", accepting a loss of $", bound);
    if (reason)
        dr_html(h, ". The reason given: “$”", reason);
    dr_html_raw(h, ". ");
    if (proof)
        dr_html(h,
                "The evidence that the old copies cannot be written: <a href=\"#evidence\">$</a>.",
                proof);
    else
        dr_html_raw(h, "No evidence about the old copies is kept with it.");
    dr_html_raw(h, "</dd>\n");
}

static void
what_was_lost(struct dr_html *h)
{
    struct json_object *losses = dr_json_get(h->doc, "losses");
    int64_t worst = -1;
    dr_html_raw(h, "<dt>What was lost?</dt><dd>");
    if (!dr_json_length(losses)) {
        dr_html_raw(h, "Nothing was committed, so nothing was given up.");
    } else if (!dr_json_i64(h->doc, "rpo_s", &worst)) {
        dr_html_raw(h, "At the commit it was not known how much: see <a href=\"#loss\">Loss</a>.");
    } else if (worst == 0) {
        dr_html_raw(h, "Nothing: proven before the commit.");
    } else {
        dr_html_raw(h, "At most the last ");
        dr_html_seconds(h, worst);
        dr_html_raw(h, " of writes, weighed at the commit: see <a href=\"#loss\">Loss</a>.");
    }
    dr_html_raw(h, "</dd>\n");
}

static void
what_runs(struct dr_html *h)
{
    struct json_object *times = dr_json_get(h->doc, "times");
    size_t all = dr_json_length(dr_json_get(h->doc, "vms")), up = up_of(h);
    const char *to = sites(h, "to");
    dr_html_raw(h, "<dt>Which VMs run again, since when?</dt><dd>");
    if (!all) {
        dr_html_raw(h, "No VM was started by this run.");
    } else {
        dr_html(h, "$ <a href=\"#vms\">VMs</a> run$$", dr_html_of(h, up, all), to ? " at " : "",
                to);
        if (dr_html_utc(times, "first_vm") >= 0) {
            dr_html_raw(h, ": the first since ");
            (void)dr_html_time(h, times, "first_vm");
            dr_html_raw(h, ", the last since ");
            (void)dr_html_time(h, times, "last_vm");
        }
        dr_html_raw(h, ".");
    }
    if (dr_html_utc(times, "service") >= 0) {
        dr_html_raw(h, " All service is back since ");
        (void)dr_html_time(h, times, "service");
        dr_html_raw(h, ".");
    } else if (h->moves && dr_page_text(&h->page, h->doc, "run")) {
        dr_html_raw(h, " <b class=\"bad\">This run did not bring all service back.</b>");
    }
    dr_html_raw(h, "</dd>\n");
}

void
dr_html_summary(struct dr_html *h)
{
    const char *next = dr_page_next_of(&h->page, h->doc);
    bool begun = dr_page_text(&h->page, h->doc, "run") != NULL;
    headline(h);
    if (begun)
        figures(h);
    dr_html_raw(h, "<dl class=\"terms\" id=\"answers\">\n");
    if (begun && h->moves)
        since_when(h);
    if (begun)
        who_decided(h);
    else
        dr_html_term(h, "What was changed?", "Nothing was begun, and nothing was changed.");
    if (begun && h->touches_data)
        what_was_lost(h);
    if (begun && h->moves)
        what_runs(h);
    dr_html_term(h, "What comes next?", next);
    dr_html_raw(h, "</dl>\n");
}
