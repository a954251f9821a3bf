#include "report/grid.h"

#include "base/names.h"
#include "report/cells.h"

#include <ctype.h>
#include <string.h>

enum { GRID_COLUMNS = 16, GRID_LEAST = 4, GRID_SOME = 10, GRID_GAP = 2 };

struct dr_grid {
    struct dr_page *page;
    const struct dr_column *columns;
    size_t n;
    bool wanted[GRID_COLUMNS];
    size_t order[GRID_COLUMNS]; /* columns to print */
    size_t n_order;
    const char ***rows;
    size_t n_rows;
};

struct dr_grid *
dr_grid_plain(struct dr_page *page, const struct dr_column *columns, size_t n)
{
    struct dr_grid *g = dr_arena_new0(page->arena, struct dr_grid);
    g->page = page;
    g->columns = columns;
    g->n = n < GRID_COLUMNS ? n : GRID_COLUMNS;
    for (size_t i = 0; i < g->n; i++)
        if (columns[i].how & DR_COLUMN_USUAL) {
            g->wanted[i] = true;
            g->order[g->n_order++] = i;
        }
    return g;
}

static int
choose(struct dr_grid *g, const char *name, struct drstor_error **err)
{
    for (size_t i = 0; i < g->n; i++)
        if (dr_streq(g->columns[i].name, name)) {
            if (!g->wanted[i] && !(g->columns[i].how & DR_COLUMN_WORD))
                g->order[g->n_order++] = i;
            g->wanted[i] = true;
            return DRSTOR_OK;
        }
    const char *names[GRID_COLUMNS];
    dr_auto(dr_str_freep) struct dr_str all = {0};
    for (size_t i = 0; i < g->n; i++) {
        names[i] = g->columns[i].name;
        dr_str_printf(&all, "%s%s", i ? ", " : "", names[i]);
    }
    const char *near = dr_nearest(name, names, g->n);
    int r = dr_fail(err, DRSTOR_E_INVALID, "there is no column \"%s\"", name);
    if (near)
        dr_hint(err, "did you mean \"%s\"?", near);
    else
        dr_hint(err, "there are: %s", all.s);
    return r;
}

int
dr_grid_new(struct dr_page *page, const struct dr_column *columns, size_t n, struct dr_grid **ret,
            struct drstor_error **err)
{
    struct dr_grid *g = dr_grid_plain(page, columns, n);
    const char *spec = page->columns;
    if (spec && *spec == '+') {
        spec++;
    } else if (spec) {
        memset(g->wanted, 0, sizeof(g->wanted));
        g->n_order = 0;
    }
    char *list = spec ? dr_arena_str(page->arena, spec) : NULL;
    for (char *save = NULL, *name = list ? strtok_r(list, ",", &save) : NULL; name;
         name = strtok_r(NULL, ",", &save)) {
        int r = choose(g, name, err);
        if (r < 0)
            return r;
    }
    if (spec && g->n_order == 0)
        return dr_fail(err, DRSTOR_E_INVALID, "no column is named");
    *ret = g;
    return DRSTOR_OK;
}

bool
dr_grid_wants(const struct dr_grid *g, const char *word)
{
    for (size_t i = 0; i < g->n; i++)
        if (dr_streq(g->columns[i].name, word))
            return g->wanted[i];
    return false;
}

void
dr_grid_row(struct dr_grid *g, const char *const *cells)
{
    const char **row = dr_arena_alloc(g->page->arena, g->n, sizeof(*row));
    for (size_t i = 0; i < g->n; i++)
        row[i] = cells[i] && *cells[i] ? cells[i] : "-";
    dr_arena_push(g->page->arena, g->rows, g->n_rows) = row;
}

static const char *
head_of(struct dr_grid *g, size_t column)
{
    char *s = dr_arena_str(g->page->arena, g->columns[column].name);
    for (char *c = s; *c; c++)
        *c = *c == '_' ? ' ' : (char)toupper((unsigned char)*c);
    return s;
}

static size_t
total(const struct dr_grid *g, const size_t *widths, unsigned indent)
{
    size_t w = indent;
    for (size_t i = 0; i < g->n_order; i++)
        w += widths[i] + (i ? GRID_GAP : 0);
    return w;
}

/*
 * The column, by its place in the order, that loses most easily: wider than FLOOR and to be kept no
 * more than KEEP. n_order when there is none.
 */
static size_t
least(const struct dr_grid *g, const size_t *widths, size_t floor, unsigned keep)
{
    size_t best = g->n_order;
    for (size_t i = 0; i < g->n_order; i++) {
        unsigned k = g->columns[g->order[i]].keep;
        if (widths[i] > floor && k <= keep &&
            (best == g->n_order || k < g->columns[g->order[best]].keep))
            best = i;
    }
    return best;
}

static void
shorten(struct dr_grid *g, size_t *widths, unsigned indent, size_t floor, unsigned keep)
{
    size_t i;
    while (total(g, widths, indent) > g->page->width &&
           (i = least(g, widths, floor, keep)) < g->n_order) {
        size_t over = total(g, widths, indent) - g->page->width;
        widths[i] = widths[i] - floor > over ? widths[i] - over : floor;
    }
}

static void
leave_out(struct dr_grid *g, size_t *widths, unsigned indent, unsigned keep)
{
    size_t i;
    while (total(g, widths, indent) > g->page->width && g->n_order > 1 &&
           (i = least(g, widths, 0, keep)) < g->n_order) {
        memmove(&widths[i], &widths[i + 1], (g->n_order - i - 1) * sizeof(widths[0]));
        memmove(&g->order[i], &g->order[i + 1], (g->n_order - i - 1) * sizeof(g->order[0]));
        g->n_order--;
    }
}

enum { GRID_MINOR = 1, GRID_ALL = 99 }; /* of keep */

static void
fit(struct dr_grid *g, size_t *widths, unsigned indent)
{
    if (!g->page->width)
        return;
    /* Minor words first, while something of them can be read; a column of which nothing can be read
     * is left out. */
    shorten(g, widths, indent, GRID_SOME, GRID_MINOR);
    leave_out(g, widths, indent, GRID_MINOR);
    shorten(g, widths, indent, GRID_LEAST, GRID_ALL);
    leave_out(g, widths, indent, GRID_ALL);
    if (g->n_order == 1 && total(g, widths, indent) > g->page->width)
        widths[0] = g->page->width > indent ? g->page->width - indent : 1;
}

/* The rest of a line, or several lines below each other; S may be indented itself. */
static void
print_wrapped(struct dr_grid *g, const char *s, size_t width, size_t margin)
{
    struct dr_str *out = &g->page->out;
    size_t own = strspn(s, " ");
    if (width < GRID_SOME || own + GRID_SOME > width) {
        dr_str_add(out, dr_cells_cut(g->page->arena, s, width));
        return;
    }
    char *text = dr_arena_str(g->page->arena, s + own);
    size_t at = own;
    dr_str_printf(out, "%*s", (int)own, "");
    bool first = true;
    for (char *save = NULL, *word = strtok_r(text, " ", &save); word;
         word = strtok_r(NULL, " ", &save), first = false) {
        const char *w = dr_cells_cut(g->page->arena, word, width - own - 2);
        size_t n = dr_cells_width(w);
        if (!first && at + 1 + n > width) {
            dr_str_printf(out, "\n%*s", (int)(margin + own + 2), "");
            at = own + 2;
        } else if (!first) {
            dr_str_add(out, " ");
            at++;
        }
        dr_str_add(out, w);
        at += n;
    }
}

static void
print_row(struct dr_grid *g, const char *const *row, const size_t *widths, unsigned indent)
{
    struct dr_str *out = &g->page->out;
    dr_str_printf(out, "%*s", (int)indent, "");
    size_t owed = 0, at = indent;
    for (size_t i = 0; i < g->n_order; i++) {
        const struct dr_column *c = &g->columns[g->order[i]];
        if (i + 1 == g->n_order && (c->how & DR_COLUMN_WRAP)) {
            dr_str_printf(out, "%*s", (int)owed, "");
            print_wrapped(g, row[g->order[i]], widths[i], at);
            break;
        }
        const char *cell = dr_cells_cut(g->page->arena, row[g->order[i]], widths[i]);
        size_t pad = widths[i] - dr_cells_width(cell);
        if (c->how & DR_COLUMN_RIGHT) {
            owed += pad;
            pad = 0;
        }
        dr_str_printf(out, "%*s%s", (int)owed, "", cell);
        owed = pad + GRID_GAP; /* only before the next cell: lines end where their text ends */
        at += widths[i] + GRID_GAP;
    }
    dr_str_add(out, "\n");
}

void
dr_grid_print(struct dr_grid *g, unsigned indent)
{
    if (g->n_rows == 0)
        return;
    size_t widths[GRID_COLUMNS] = {0};
    const char *heads[GRID_COLUMNS] = {0};
    for (size_t i = 0; i < g->n_order; i++) {
        heads[g->order[i]] = head_of(g, g->order[i]);
        widths[i] = dr_cells_width(heads[g->order[i]]);
        for (size_t k = 0; k < g->n_rows; k++) {
            size_t w = dr_cells_width(g->rows[k][g->order[i]]);
            widths[i] = w > widths[i] ? w : widths[i];
        }
    }
    fit(g, widths, indent);
    print_row(g, heads, widths, indent);
    for (size_t k = 0; k < g->n_rows; k++)
        print_row(g, g->rows[k], widths, indent);
}
