/*
 * When what happened, as SVG without a view box: places are percentages, so that text keeps its
 * size on a phone and on paper. However many groups and VMs there are, its size is bounded.
 */
#include "report/html_parts.h"

#include "base/timetext.h"

#include <stdlib.h>
#include <string.h>

enum {
    LANES_MOST = 12, /* more groups than this are drawn by kind of step */
    ROWS_MOST = 4,   /* of a lane; what would need more is drawn over the last */
    KINDS_MOST = 32,
    BARS_MOST = 100, /* of a row drawn by kind; shorter than this part is hardly seen */
    SEEN = 50,       /* of 10 000: what is narrower is hardly seen */
    CURVE_POINTS = 200,
    LABEL = 16, /* heights */
    ROW = 15,
    BAR = 12,
    GAP = 8,
    CURVE = 70
};

struct bar {
    struct json_object *step;
    const char *lane;
    int64_t from, to;
};

struct timeline {
    struct dr_html *h;
    int64_t from, to;
    struct bar *bars;
    size_t n;
    int y;
};

static const char *
number(struct timeline *t, int64_t v)
{
    return dr_arena_printf(t->h->page.arena, "%lld", (long long)v);
}

/* Integers alone: a decimal point is a comma in some locales. */
static const char *
percent(struct timeline *t, int64_t hundredths)
{
    return dr_arena_printf(t->h->page.arena, "%lld.%02lld%%", (long long)(hundredths / 100),
                           (long long)(hundredths % 100));
}

static int64_t
hundredths(const struct timeline *t, int64_t part)
{
    int64_t all = t->to - t->from;
    return part <= 0 ? 0 : part >= all ? 10000 : part * 10000 / all;
}

static const char *
share(struct timeline *t, int64_t part)
{
    return percent(t, hundredths(t, part));
}

static const char *
place(struct timeline *t, int64_t at)
{
    return share(t, at - t->from);
}

static const char *
clock_of(struct timeline *t, int64_t at)
{
    const char *utc = dr_utc_text(t->h->page.arena, at);
    return t->to - t->from >= 86400
               ? dr_arena_printf(t->h->page.arena, "%.5s %.5s", utc + 5, utc + 11)
               : dr_arena_strn(t->h->page.arena, utc + 11, 8);
}

/* The colour: what the step is about, unless it went wrong. */
static const char *
class_of(struct dr_html *h, struct json_object *step)
{
    static const struct {
        const char *kind, *class;
    } classes[] = {{"fence", "proof"},   {"demote", "proof"}, {"withdraw", "proof"},
                   {"commit", "record"}, {"tag", "record"},   {"intend", "record"},
                   {"settle", "record"}, {"handover", "vm"},  {"drain", "vm"},
                   {"release", "vm"},    {"stage", "vm"},     {"rehearse", "vm"},
                   {"unstage", "vm"}};
    const char *state = dr_page_known(&h->page, step, "state");
    const char *mark = dr_html_mark(state);
    if (!dr_streq(mark, "good"))
        return mark;
    for (size_t i = 0; i < DR_COUNT(classes); i++)
        if (dr_streq(dr_page_text(&h->page, step, "kind"), classes[i].kind))
            return classes[i].class;
    return "storage";
}

/* ---- what there is --------------------------------------------------------------------------- */

static void
reach(struct timeline *t, int64_t at)
{
    if (at < 0)
        return;
    if (t->from < 0 || at < t->from)
        t->from = at;
    if (at > t->to)
        t->to = at;
}

static bool
collect(struct timeline *t, bool by_kind)
{
    struct dr_page *p = &t->h->page;
    struct json_object *doc = t->h->doc, *times = dr_json_get(doc, "times");
    struct json_object *steps = dr_json_get(doc, "steps");
    t->from = t->to = -1;
    t->bars = dr_arena_alloc(p->arena, dr_json_length(steps) + 1, sizeof(*t->bars));
    reach(t, dr_html_utc(times, "decision"));
    reach(t, dr_html_utc(times, "ended"));
    reach(t, dr_html_utc(times, "last_vm"));
    dr_page_each(steps, i, s)
    {
        int64_t from = dr_html_utc(s, "started_at"), to = dr_html_utc(s, "answered_at"), took;
        if (from < 0)
            continue;
        if (to < from && dr_json_i64(s, "elapsed_s", &took) && took >= 0)
            to = from + took;
        t->bars[t->n++] =
            (struct bar){s, dr_page_known(p, s, by_kind ? "kind" : "group"), from, to};
        reach(t, from);
        reach(t, to);
    }
    /* What was not answered lasted until the end, as far as is known. */
    for (size_t i = 0; i < t->n; i++)
        if (t->bars[i].to < t->bars[i].from)
            t->bars[i].to = t->to;
    if (t->to == t->from)
        t->to++;
    return t->n > 0;
}

static size_t
lanes_of(struct timeline *t, const char **lanes, size_t most)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n && n < most; i++) {
        size_t k = 0;
        while (k < n && !dr_streq(lanes[k], t->bars[i].lane))
            k++;
        if (k == n)
            lanes[n++] = t->bars[i].lane;
    }
    return n;
}

/* ---- drawing --------------------------------------------------------------------------------- */

static void
label(struct timeline *t, const char *name, const char *more)
{
    dr_html(t->h, "<text x=\"0\" y=\"$\">$ <tspan class=\"dim\">$</tspan></text>\n",
            number(t, t->y + 11), name, more);
    t->y += LABEL;
}

/* As long as it was; never too short to be seen. */
static void
draw(struct timeline *t, const char *class, int64_t from, int64_t to, const char *title)
{
    int64_t x = hundredths(t, from - t->from), width = hundredths(t, to - from);
    width = width < SEEN ? SEEN : width;
    x = x + width > 10000 ? 10000 - width : x;
    dr_html(t->h,
            "<rect class=\"$\" x=\"$\" y=\"$\" width=\"$\" height=\"$\" stroke-width=\"1\" "
            "rx=\"1\"><title>$</title></rect>\n",
            class, percent(t, x), number(t, t->y), percent(t, width), number(t, BAR), title);
}

static const char *
bar_title(struct timeline *t, const struct bar *b)
{
    struct dr_page *p = &t->h->page;
    const char *text = dr_page_text(p, b->step, "text");
    return dr_arena_printf(p->arena, "%s: %s to %s, %s", text ? text : b->lane,
                           clock_of(t, b->from), clock_of(t, b->to),
                           dr_page_known(p, b->step, "state"));
}

/* Bars that overlap are one under the other. */
static void
group_lane(struct timeline *t, const char *lane)
{
    struct dr_page *p = &t->h->page;
    const struct dr_page_group g = dr_page_group_of(p, t->h->doc, lane);
    int64_t busy[ROWS_MOST], least = (t->to - t->from) / BARS_MOST + 1;
    int rows = 0, top;
    label(t, lane, dr_arena_printf(p->arena, "%s, %zu of %zu steps", g.result, g.done, g.steps));
    top = t->y;
    for (size_t i = 0; i < t->n; i++) {
        const struct bar *b = &t->bars[i];
        if (!dr_streq(b->lane, lane))
            continue;
        int row = 0;
        while (row < rows && busy[row] > b->from)
            row++;
        if (row == rows && rows < ROWS_MOST)
            rows++;
        row = row < rows ? row : rows - 1;
        busy[row] = b->to > b->from ? b->to : b->from + least; /* a moment needs room, too */
        t->y = top + row * ROW;
        draw(t, class_of(t->h, b->step), b->from, b->to, bar_title(t, b));
    }
    t->y = top + rows * ROW + GAP;
}

static int
by_start(const void *a, const void *b)
{
    const struct bar *x = a, *y = b;
    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    return x->to < y->to ? -1 : x->to > y->to;
}

/* Bars that touch, or nearly, are one. */
static void
union_of(struct timeline *t, const struct bar *of, size_t n, const char *title)
{
    int64_t gap = (t->to - t->from) / BARS_MOST;
    for (size_t i = 0; i < n;) {
        int64_t from = of[i].from, to = of[i].to;
        const char *class = class_of(t->h, of[i].step);
        for (i++; i < n && of[i].from <= to + gap; i++)
            to = of[i].to > to ? of[i].to : to;
        draw(t, class, from, to, title);
    }
}

/* One kind of step of all groups: where any of them was at it, and below it what went wrong. */
static void
kind_lane(struct timeline *t, const char *lane)
{
    struct dr_arena *a = t->h->page.arena;
    struct bar *well = dr_arena_alloc(a, t->n + 1, sizeof(*well));
    struct bar *ill = dr_arena_alloc(a, t->n + 1, sizeof(*ill));
    size_t n = 0, n_ill = 0;
    int64_t first = -1, last = -1;
    for (size_t i = 0; i < t->n; i++) {
        const struct bar *b = &t->bars[i];
        if (!dr_streq(b->lane, lane))
            continue;
        if (dr_streq(dr_html_mark(dr_page_known(&t->h->page, b->step, "state")), "good"))
            well[n++] = *b;
        else
            ill[n_ill++] = *b;
        first = first < 0 || b->from < first ? b->from : first;
        last = b->to > last ? b->to : last;
    }
    qsort(well, n, sizeof(*well), by_start);
    qsort(ill, n_ill, sizeof(*ill), by_start);
    const char *more = dr_arena_printf(a, "%zu groups, %s to %s%s%s", n + n_ill, clock_of(t, first),
                                       clock_of(t, last), n_ill ? "; not done: " : "",
                                       n_ill ? dr_html_count(t->h, n_ill) : "");
    const char *title = dr_arena_printf(a, "%s: %s", lane, more);
    label(t, lane, more);
    union_of(t, well, n, title);
    t->y += ROW;
    union_of(t, ill, n_ill, title);
    t->y += (n_ill ? ROW : 0) + GAP;
}

static int
by_time(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* How many VMs ran, and since when. */
static void
vm_lane(struct timeline *t)
{
    struct dr_page *p = &t->h->page;
    struct json_object *vms = dr_json_get(t->h->doc, "vms");
    size_t n = 0, all = dr_json_length(vms);
    int64_t *at = dr_arena_alloc(p->arena, all + 1, sizeof(*at)), span = t->to - t->from;
    dr_page_each(vms, i, vm)
    {
        at[n] = dr_html_utc(vm, "started_at");
        n += at[n] >= 0;
    }
    if (!n)
        return;
    qsort(at, n, sizeof(*at), by_time);
    label(t, "VMs up",
          dr_arena_printf(p->arena, "%zu of %zu, %s to %s", n, all, clock_of(t, at[0]),
                          clock_of(t, at[n - 1])));
    dr_html(t->h,
            "<rect class=\"base\" x=\"0\" y=\"$\" width=\"100%\" height=\"$\" "
            "stroke-width=\"1\" />\n",
            number(t, t->y), number(t, CURVE));
    size_t seen = 0;
    while (seen < n) {
        /* Those that came up too close to each other to be told apart are one step of the stairs.
         */
        int64_t from = at[seen];
        while (seen < n && at[seen] - from <= span / CURVE_POINTS)
            seen++;
        int64_t to = seen < n ? at[seen] : t->to;
        size_t high = seen * CURVE / all;
        dr_html(t->h,
                "<rect class=\"vm\" x=\"$\" y=\"$\" width=\"$\" height=\"$\" stroke-width=\"0\">"
                "<title>$ VMs up at $</title></rect>\n",
                place(t, from), number(t, t->y + CURVE - (int64_t)high), share(t, to - from),
                number(t, (int64_t)high), dr_html_count(t->h, seen), clock_of(t, from));
    }
    t->y += CURVE + GAP;
}

static void
axis(struct timeline *t, int top)
{
    static const char *const anchors[] = {"start", "middle", "middle", "middle", "end"};
    for (int64_t k = 0; k <= 4; k++) {
        int64_t at = t->from + (t->to - t->from) * k / 4;
        if (k > 0 && k < 4 && t->to - t->from < 4)
            continue;
        dr_html(t->h,
                "<g class=\"$\"><line class=\"grid\" x1=\"$\" x2=\"$\" y1=\"$\" y2=\"$\" />"
                "<text class=\"dim\" x=\"$\" y=\"$\" text-anchor=\"$\">$</text></g>\n",
                k % 2 ? "odd" : "even", place(t, at), place(t, at), number(t, top), number(t, t->y),
                place(t, at), number(t, t->y + 14), anchors[k], clock_of(t, at));
    }
    t->y += 20;
}

static void
key(struct dr_html *h, const char *class, const char *words)
{
    dr_html(h,
            "<li><svg width=\"12\" height=\"12\" aria-hidden=\"true\"><rect class=\"$\" "
            "width=\"12\" height=\"12\" /></svg>$</li>",
            class, words);
}

static void
legend(struct dr_html *h)
{
    dr_html_raw(h, "<ul class=\"key\">");
    key(h, "proof", "old copy closed, evidence");
    key(h, "record", "commit and record");
    key(h, "storage", "storage");
    key(h, "vm", "domains and VMs");
    key(h, "bad", "failed or refused");
    key(h, "doubt", "unknown or not ended");
    dr_html_raw(h, "</ul>\n");
}

/* ---- the three clocks ------------------------------------------------------------------------ */

static void
clock_item(struct dr_html *h, const char *words, struct json_object *times, const char *key_)
{
    if (dr_html_utc(times, key_) < 0)
        return;
    dr_html(h, "<li>$<br /><b>", words);
    (void)dr_html_time(h, times, key_);
    dr_html_raw(h, "</b></li>\n");
}

static void
clocks(struct dr_html *h)
{
    struct json_object *times = dr_json_get(h->doc, "times");
    int64_t gone = dr_html_utc(times, "outage"), decided = dr_html_utc(times, "decision");
    int64_t back = dr_html_utc(times, "service"), end = dr_html_utc(times, "ended");
    struct timeline t = {.h = h, .from = gone, .to = back >= 0 ? back : end};
    if (gone >= 0 && decided >= gone && t.to > decided) {
        dr_html(h,
                "<svg width=\"100%\" height=\"16\" role=\"img\"><title>From the last sign of life "
                "to the decision, and from there to $</title><rect class=\"gone\" width=\"$\" "
                "height=\"16\" /><rect class=\"ran\" x=\"$\" width=\"$\" height=\"16\" /></svg>\n",
                back >= 0 ? "service" : "the end of the run", place(&t, decided),
                place(&t, decided), share(&t, t.to - decided));
    }
    dr_html_raw(h, "<ol class=\"clocks\">\n");
    clock_item(h, "Last sign of life", times, "outage");
    clock_item(h, "Decision", times, "decision");
    clock_item(h, "First VM up", times, "first_vm");
    clock_item(h, back >= 0 ? "Service back" : "Run ended", times, back >= 0 ? "service" : "ended");
    dr_html_raw(h, "</ol>\n");
}

void
dr_html_timeline(struct dr_html *h)
{
    const char *lanes[KINDS_MOST];
    bool by_kind = dr_json_length(dr_json_get(h->doc, "groups")) > LANES_MOST;
    struct timeline t = {.h = h};
    if (!collect(&t, by_kind))
        return;
    dr_html_section(h, "timeline", "Timeline");
    if (h->moves)
        clocks(h);
    /* Its height is known when it is drawn. */
    struct dr_str before = h->page.out;
    h->page.out = (struct dr_str){0};
    size_t n = lanes_of(&t, lanes, KINDS_MOST);
    for (size_t i = 0; i < n; i++) {
        if (by_kind)
            kind_lane(&t, lanes[i]);
        else
            group_lane(&t, lanes[i]);
    }
    vm_lane(&t);
    axis(&t, 0);
    struct dr_str drawn = h->page.out;
    h->page.out = before;
    dr_html(h,
            "<svg width=\"100%\" height=\"$\" role=\"img\">\n"
            "<title>Steps from $ to $</title>\n"
            "<desc>$. Every step with its times is in the table of steps.</desc>\n",
            number(&t, t.y), clock_of(&t, t.from), clock_of(&t, t.to),
            by_kind ? "One row for each kind of step, over all groups; then how many VMs were up"
                    : "One row for each group; then how many VMs were up");
    dr_html_raw(h, drawn.s);
    dr_html_raw(h, "</svg>\n");
    dr_str_freep(&drawn);
    legend(h);
    dr_html_section_end(h);
}
