/* Words and times onto the page. */
#include "report/html_parts.h"

#include "base/timetext.h"

#include <assert.h>
#include <string.h>

static void
escaped(struct dr_str *out, const char *s)
{
    for (size_t n; *s; s += n) {
        n = strcspn(s, "<>&\"'");
        dr_str_addn(out, s, n);
        if (!s[n])
            return;
        dr_str_add(out, s[n] == '<'   ? "&lt;"
                        : s[n] == '>' ? "&gt;"
                        : s[n] == '&' ? "&amp;"
                        : s[n] == '"' ? "&quot;"
                                      : "&#39;");
        n++;
    }
}

void
dr_html_fill(struct dr_html *h, const char *template, const char *const *words, size_t n)
{
    size_t used = 0;
    for (const char *at; (at = strchr(template, '$')); template = at + 1) {
        dr_str_addn(&h->page.out, template, (size_t)(at - template));
        assert(used < n);
        if (words[used])
            escaped(&h->page.out, words[used]);
        used++;
    }
    assert(used == n);
    dr_str_add(&h->page.out, template);
}

void
dr_html_raw(struct dr_html *h, const char *markup)
{
    dr_str_add(&h->page.out, markup);
}

void
dr_html_small(struct dr_html *h, const char *class, const char *words)
{
    if (words && *words)
        dr_html(h, "<small class=\"$\">$</small>", class, words);
}

const char *
dr_html_count(struct dr_html *h, size_t n)
{
    return dr_arena_printf(h->page.arena, "%zu", n);
}

const char *
dr_html_of(struct dr_html *h, size_t n, size_t all)
{
    return dr_arena_printf(h->page.arena, "%zu of %zu", n, all);
}

/* ---- times ----------------------------------------------------------------------------------- */

int64_t
dr_html_utc(struct json_object *o, const char *key)
{
    const char *s = dr_json_str(o, key);
    int64_t utc = -1;
    return s && dr_utc_parse(s, &utc) ? utc : -1;
}

static bool
time_as(struct dr_html *h, struct json_object *o, const char *key, bool with_day)
{
    const char *said = dr_page_text(&h->page, o, key);
    if (!said)
        return false;
    if (dr_html_utc(o, key) < 0)
        dr_html(h, "$", said);
    else if (!with_day && h->day && strncmp(said, h->day, 10) == 0)
        dr_html(h, "<time datetime=\"$\">$</time>", said, dr_page_clock(&h->page, o, key));
    else
        dr_html(h, "<time datetime=\"$\">$</time>", said, dr_page_time(&h->page, o, key));
    return true;
}

bool
dr_html_time(struct dr_html *h, struct json_object *o, const char *key)
{
    return time_as(h, o, key, true);
}

bool
dr_html_clock(struct dr_html *h, struct json_object *o, const char *key)
{
    return time_as(h, o, key, false);
}

void
dr_html_seconds(struct dr_html *h, int64_t s)
{
    struct dr_arena *a = h->page.arena;
    dr_html(h, "<time datetime=\"$\">$</time>", dr_arena_printf(a, "PT%lldS", (long long)s),
            dr_duration_text(a, s));
}

bool
dr_html_lasted(struct dr_html *h, struct json_object *o, const char *key)
{
    int64_t s;
    if (!dr_json_i64(o, key, &s) || s < 0)
        return false;
    dr_html_seconds(h, s);
    return true;
}

void
dr_html_time_cell(struct dr_html *h, struct json_object *o, const char *key)
{
    dr_html_raw(h, "<td class=\"n\">");
    if (!dr_html_clock(h, o, key))
        dr_html_raw(h, "–");
    dr_html_raw(h, "</td>");
}

void
dr_html_lasted_cell(struct dr_html *h, struct json_object *o, const char *key)
{
    dr_html_raw(h, "<td class=\"n\">");
    if (!dr_html_lasted(h, o, key))
        dr_html_raw(h, "–");
    dr_html_raw(h, "</td>");
}

const char *
dr_html_mark(const char *state)
{
    static const char *const good[] = {"done", "skipped", "up", "nothing-to-do"};
    static const char *const bad[] = {"failed", "refused", "aborted"};
    for (size_t i = 0; i < DR_COUNT(good); i++)
        if (dr_streq(state, good[i]))
            return "good";
    for (size_t i = 0; i < DR_COUNT(bad); i++)
        if (dr_streq(state, bad[i]))
            return "bad";
    return "doubt";
}

/* ---- the frame of a part --------------------------------------------------------------------- */

void
dr_html_section(struct dr_html *h, const char *id, const char *title)
{
    dr_html(h, "<section id=\"$\">\n<h2>$</h2>\n", id, title);
}

void
dr_html_section_end(struct dr_html *h)
{
    dr_html_raw(h, "</section>\n");
}

void
dr_html_table(struct dr_html *h, const char *label, const char *heads)
{
    /* With a keyboard, too, what is wider than the screen can be scrolled. */
    dr_html(h,
            "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"$\">"
            "<table>\n<thead><tr>",
            label);
    for (const char *s = heads; *s;) {
        size_t n = strcspn(s, "|");
        dr_html(h, "<th scope=\"col\">$</th>", dr_arena_strn(h->page.arena, s, n));
        s += s[n] ? n + 1 : n;
    }
    dr_html_raw(h, "</tr></thead>\n<tbody>\n");
}

void
dr_html_table_end(struct dr_html *h)
{
    dr_html_raw(h, "</tbody>\n</table></div>\n");
}

void
dr_html_term(struct dr_html *h, const char *term, const char *words)
{
    if (words && *words)
        dr_html(h, "<dt>$</dt><dd>$</dd>\n", term, words);
}
