/* What failed and what helps; what was decided, on which evidence, at which price. */
#include "report/html_parts.h"

#include "base/timetext.h"
#include "plan/explain.h"

enum { VMS_NAMED = 12 };

/* ---- trouble --------------------------------------------------------------------------------- */

/* On paper nobody can ask what a rule means. */
static void
explain(struct dr_html *h, const char *rule)
{
    const struct dr_explanation *e = rule ? dr_explain(rule) : NULL;
    if (e)
        dr_html(h, "<small>$: $. $ What helps: $</small>", e->id, e->title, e->why, e->remedy);
}

static void
refusal(struct dr_html *h, struct json_object *r)
{
    struct dr_page *p = &h->page;
    const char *id = dr_page_text(p, r, "id"), *text = dr_page_text(p, r, "text");
    dr_html(h, "<div class=\"box\"><b>refused $</b>: $", id, text ? text : dr_page_name(p, r));
    const char *evidence = dr_page_text(p, r, "evidence"), *remedy = dr_page_text(p, r, "remedy");
    if (evidence)
        dr_html(h, "<br />Seen: $", evidence);
    if (remedy)
        dr_html(h, "<br />What helps: $", remedy);
    explain(h, id);
    dr_html_raw(h, "</div>\n");
}

static bool
went_wrong(const char *state, const char *error)
{
    return error || dr_streq(state, "failed") || dr_streq(state, "refused") ||
           dr_streq(state, "unknown") || dr_streq(state, "interrupted");
}

static void
wrong_step(struct dr_html *h, struct json_object *s)
{
    struct dr_page *p = &h->page;
    const char *state = dr_page_known(p, s, "state"), *error = dr_page_text(p, s, "error");
    const char *text = dr_page_text(p, s, "text"), *words = dr_page_text(p, s, "array_words");
    if (!went_wrong(state, error))
        return;
    dr_html(h, "<div class=\"box $\"><b>$</b>: $", dr_html_mark(state), state,
            text ? text : dr_page_name(p, s));
    if (error)
        dr_html(h, "<br />$", error);
    if (words)
        dr_html(h, "<br />The array said: $", words);
    dr_html_raw(h, "</div>\n");
}

static void
wrong_vms(struct dr_html *h)
{
    struct dr_page *p = &h->page;
    size_t n = 0;
    dr_auto(dr_str_freep) struct dr_str names = {0};
    dr_page_each(dr_json_get(h->doc, "vms"), i, vm)
    {
        if (dr_page_vm_up(p, vm))
            continue;
        if (n++ < VMS_NAMED)
            dr_str_printf(&names, "%s%s", n > 1 ? ", " : "", dr_page_name(p, vm));
    }
    if (!n)
        return;
    dr_html(h, "<div class=\"box\"><b>$ VM$ not up</b>: $", dr_html_count(h, n),
            n == 1 ? " is" : "s are", names.s);
    if (n > VMS_NAMED)
        dr_html(h, " and $ more", dr_html_count(h, n - VMS_NAMED));
    dr_html_raw(h, "; each with its reason in <a href=\"#vms\">Virtual machines</a>.</div>\n");
}

static void
sentences(struct dr_html *h, const char *title, const char *key)
{
    struct json_object *list = dr_json_get(h->doc, key);
    if (!dr_json_length(list))
        return;
    dr_html(h, "<h3>$</h3>\n<ul>\n", title);
    dr_page_each(list, i, e)
    {
        dr_html(h, "<li>$</li>\n", dr_page_name(&h->page, e));
    }
    dr_html_raw(h, "</ul>\n");
}

static bool
any_trouble(struct dr_html *h)
{
    struct dr_page *p = &h->page;
    int64_t code = 0;
    bool any = (dr_json_i64(h->doc, "exit", &code) && code) ||
               dr_json_length(dr_json_get(h->doc, "refusals"));
    dr_page_each(dr_json_get(h->doc, "steps"), i, s)
    {
        any |= went_wrong(dr_page_text(p, s, "state"), dr_page_text(p, s, "error"));
    }
    dr_page_each(dr_json_get(h->doc, "vms"), i, vm)
    {
        any |= !dr_page_vm_up(p, vm);
    }
    return any;
}

void
dr_html_trouble(struct dr_html *h)
{
    struct dr_page *p = &h->page;
    const char *rule = dr_page_text(p, h->doc, "rule"), *text = dr_page_text(p, h->doc, "text");
    if (!any_trouble(h))
        return;
    dr_html_section(h, "trouble", "What failed");
    if (rule && !dr_json_length(dr_json_get(h->doc, "refusals"))) {
        dr_html(h, "<div class=\"box\"><b>refused $</b>: $", rule, text);
        explain(h, rule);
        dr_html_raw(h, "</div>\n");
    }
    dr_page_each(dr_json_get(h->doc, "refusals"), i, r)
    {
        refusal(h, r);
    }
    dr_page_each(dr_json_get(h->doc, "steps"), i, s)
    {
        wrong_step(h, s);
    }
    wrong_vms(h);
    sentences(h, "As before the run", "undone");
    sentences(h, "Not as before it", "stays");
    sentences(h, "Not known: look at it", "unknown");
    const char *next = dr_page_next_of(p, h->doc);
    if (next)
        dr_html(h, "<p><b>Next</b>: $</p>\n", next);
    dr_html_section_end(h);
}

/* ---- decision -------------------------------------------------------------------------------- */

static const char *
declared(struct dr_html *h)
{
    struct dr_page *p = &h->page;
    struct json_object *list = dr_json_get(dr_json_get(h->doc, "consent"), "declare");
    dr_auto(dr_str_freep) struct dr_str b = {0};
    if (!dr_json_length(list))
        list = dr_json_get(dr_json_get(h->doc, "goal"), "declare");
    dr_page_each(list, i, d)
    {
        const char *flat = dr_page_value(p, d);
        dr_str_add(&b, b.n ? ", " : "");
        if (flat)
            dr_str_add(&b, flat);
        else
            dr_str_printf(&b, "%s:%s", dr_page_known(p, d, "kind"), dr_page_known(p, d, "site"));
    }
    return b.n ? dr_arena_str(p->arena, b.s) : NULL;
}

static void
time_term(struct dr_html *h, const char *term, struct json_object *o, const char *key)
{
    if (dr_html_utc(o, key) < 0)
        return;
    dr_html(h, "<dt>$</dt><dd>", term);
    (void)dr_html_time(h, o, key);
    dr_html_raw(h, "</dd>\n");
}

void
dr_html_decision(struct dr_html *h)
{
    struct dr_page *p = &h->page;
    struct json_object *consent = dr_json_get(h->doc, "consent"),
                       *goal = dr_json_get(h->doc, "goal");
    struct json_object *times = dr_json_get(h->doc, "times");
    const char *flat = dr_page_value(p, consent), *waived = dr_page_text(p, consent, "waive_fence");
    const char *who = dr_page_text(p, h->doc, "who"), *by = dr_page_text(p, consent, "by");
    const char *reason = dr_page_text(p, consent, "reason");
    if (!dr_page_text(p, h->doc, "run"))
        return;
    dr_html_section(h, "decision", "Decision");
    dr_html_raw(h, "<dl class=\"terms\">\n");
    dr_html_term(h, "What", dr_page_goal(p, h->doc));
    dr_html_term(h, "By whom", by ? by : who);
    dr_html_term(h, "Carried out by", dr_streq(by, who) ? NULL : who);
    dr_html_term(h, "Confirmed by", dr_page_text(p, consent, "confirmed_by"));
    dr_html_term(h, "How it was said", dr_page_text(p, consent, "how"));
    time_term(h, "Consent given", consent, "at");
    time_term(h, "Run begun", times, "decision");
    time_term(h, "Run ended", times, "ended");
    dr_html_term(h, "Loss as it was shown", dr_page_text(p, consent, "loss"));
    dr_html_term(h, "Loss accepted", dr_page_bound(p, consent));
    dr_html_term(h, "Declared", declared(h));
    dr_html_term(h, "FENCE WAIVED", waived ? waived : dr_page_text(p, goal, "waive_fence"));
    dr_html_term(h, "Snapshot waived", dr_page_text(p, goal, "waive_snapshot"));
    dr_html_term(h, "Reason", reason ? reason : dr_page_text(p, goal, "reason"));
    dr_html_term(h, "Consent", flat ? flat : dr_page_text(p, consent, "text"));
    dr_html_raw(h, "</dl>\n");
    dr_html_section_end(h);
}

/* ---- evidence -------------------------------------------------------------------------------- */

const char *
dr_html_evidence_words(const char *kind)
{
    static const char *const words[] = {"every volume read back as not writable",
                                        "host access removed, and read back",
                                        "the hosts are off",
                                        "the hosts fence themselves",
                                        "the other leg is detached",
                                        "a named person declares the site lost",
                                        "a named person waives the fence: the weakest there is"};
    bool one = kind && kind[0] == 'E' && kind[1] >= '1' && kind[1] <= '7' && !kind[2];
    return one ? words[kind[1] - '1'] : NULL;
}

static void
stamp_cell(struct dr_html *h, struct json_object *e, const char *key)
{
    struct json_object *at = dr_json_get(e, key);
    bool is_stamp = json_object_is_type(at, json_type_object);
    dr_html_time_cell(h, is_stamp ? at : e, is_stamp ? "utc" : key);
}

static void
evidence_row(struct dr_html *h, struct json_object *e)
{
    struct dr_page *p = &h->page;
    const char *kind = dr_page_text(p, e, "kind"), *said = dr_page_value(p, e);
    const char *text = dr_page_text(p, e, "text"), *detail = dr_page_text(p, e, "detail");
    const char *answering = dr_page_list(p, dr_json_get(e, "answering"), 0);
    dr_html(h, "<tr><th scope=\"row\">$</th><td>$", dr_page_text(p, e, "group"),
            dr_page_text(p, e, "site"));
    dr_html_small(h, "", dr_page_text(p, e, "array"));
    dr_html(h, "</td><td>$", kind);
    dr_html_small(h, "", dr_html_evidence_words(kind));
    dr_html(h, "</td><td class=\"t\">$", said ? said : text ? text : detail);
    if (*answering)
        dr_html_small(h, "bad", dr_arena_printf(p->arena, "answered nevertheless: %s", answering));

    dr_html(h, "</td><td>$</td>", dr_page_text(p, e, "by"));
    stamp_cell(h, e, "silent_since");
    stamp_cell(h, e, "at");
    dr_html_raw(h, "</tr>\n");
}

void
dr_html_evidence(struct dr_html *h)
{
    struct json_object *evidence = dr_json_get(h->doc, "evidence");
    const char *flat = dr_page_value(&h->page, evidence);
    if (!dr_json_length(evidence) && !flat)
        return;
    dr_html_section(h, "evidence", "Evidence");
    dr_html_raw(h, "<p>What proved, before the commit, that the old copy cannot be written.</p>\n");
    if (flat) {
        dr_html(h, "<p>$</p>\n", flat);
    } else {
        dr_html_table(h, "Evidence", "Group|Old copy at|Kind|What was seen|By|Silent since|At");
        dr_page_each(evidence, i, e)
        {
            evidence_row(h, e);
        }
        dr_html_table_end(h);
    }
    dr_html_section_end(h);
}

/* ---- loss ------------------------------------------------------------------------------------ */

static void
loss_row(struct dr_html *h, struct json_object *l)
{
    struct dr_page *p = &h->page;
    int64_t s, bytes;
    dr_html(h, "<tr><th scope=\"row\">$</th><td class=\"n\">", dr_page_name(p, l));
    if (dr_page_true(l, "proven_zero"))
        dr_html_raw(h, "nothing");
    else if (dr_json_i64(l, "seconds", &s) && s >= 0)
        dr_html_seconds(h, s);
    else
        dr_html_raw(h, "unknown");
    if (dr_json_i64(l, "bytes", &bytes) && bytes >= 0)
        dr_html(h, "<small>$</small>", dr_bytes_text(p->arena, bytes));
    dr_html(h, "</td><td>$", dr_page_known(p, l, "confidence"));
    dr_html_small(h, "", dr_page_text(p, l, "method"));
    dr_html_raw(h, "</td>");
    dr_html_time_cell(h, l, "since");
    dr_html_time_cell(h, l, "until");
    dr_html(h, "<td class=\"t\">$</td></tr>\n", dr_page_text(p, l, "text"));
}

void
dr_html_loss(struct dr_html *h)
{
    struct json_object *losses = dr_json_get(h->doc, "losses"), *loss = dr_json_get(h->doc, "loss");
    bool estimated = json_object_is_type(loss, json_type_object);
    if (!h->touches_data || (!dr_json_length(losses) && !estimated))
        return;
    dr_html_section(h, "loss", "Loss");
    if (dr_json_length(losses)) {
        dr_html_raw(h, dr_page_text(&h->page, h->doc, "run")
                           ? "<p>Weighed at the commit, where it counts.</p>\n"
                           : "<p>What it would have cost.</p>\n");
        dr_html_table(h, "Loss",
                      "Group|At most|How it is known|The new copy holds all up to|The old one may "
                      "have been written until|In words");
        dr_page_each(losses, i, l)
        {
            loss_row(h, l);
        }
        dr_html_table_end(h);
    }
    if (estimated)
        dr_html(h, "<p>Estimated before, of the worst group: $.</p>\n",
                dr_page_loss(&h->page, loss));
    dr_html_section_end(h);
}

/* ---- conditions ------------------------------------------------------------------------------ */

static void
condition_row(struct dr_html *h, struct json_object *c)
{
    struct dr_page *p = &h->page;
    int64_t seen = dr_html_utc(c, "observed_at"), made = dr_html_utc(h->doc, "made_at");
    dr_html(h, "<tr><th scope=\"row\">$</th><td class=\"t\">$</td>", dr_page_known(p, c, "text"),
            dr_page_text(p, c, "fact"));
    dr_html_time_cell(h, c, "observed_at");
    dr_html_raw(h, "<td class=\"n\">");
    if (seen >= 0 && made >= seen)
        dr_html_seconds(h, made - seen);
    else
        dr_html_raw(h, "–");
    dr_html_raw(h, "</td></tr>\n");
}

void
dr_html_conditions(struct dr_html *h)
{
    struct json_object *conditions = dr_json_get(h->doc, "conditions");
    if (!dr_json_length(conditions))
        return;
    dr_html_section(h, "conditions", "What it rested on");
    dr_html_raw(h, "<p>What held when the plan was made, and who said so.</p>\n");
    dr_html_table(h, "What it rested on", "Condition|Fact|Seen at|Before the plan");
    dr_page_each(conditions, i, c)
    {
        condition_row(h, c);
    }
    dr_html_table_end(h);
    dr_html_section_end(h);
}
