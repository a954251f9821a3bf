#include "board.h"
#include "cells.h"
#include "out.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_MOST = 200, LINE_MOST = 512 };

static struct {
    bool on;                  /* cursor hidden, wrapping off */
    size_t cells[LINES_MOST]; /* of the lines drawn before */
    size_t n;
    char *text;
    size_t used, size;
} board;

static void
add(const char *s)
{
    size_t n = strlen(s);
    if (board.used + n + 1 > board.size) {
        board.size = (board.used + n + 1) * 2;
        board.text = out_grow(board.text, board.size);
    }
    memcpy(board.text + board.used, s, n + 1);
    board.used += n;
}

static void line(size_t *n, unsigned width, unsigned rows, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void
line(size_t *n, unsigned width, unsigned rows, const char *format, ...)
{
    char text[LINE_MOST];
    /* The last row is the cursor's: a board that scrolls could not be drawn over. */
    if (*n + 1 >= rows || *n >= LINES_MOST)
        return;
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    cells_clean(text);
    board.cells[(*n)++] = cells_cut(text, width > 1 ? width - 1 : 1);
    add(text);
    add("\033[K\n");
}

/* To the first row of the board before: a terminal that was made narrower has wrapped its lines. */
static void
go_back(unsigned width)
{
    char text[32];
    size_t up = 0;
    for (size_t i = 0; i < board.n; i++)
        up += board.cells[i] > width ? (board.cells[i] + width - 1) / width : 1;
    if (up) {
        (void)snprintf(text, sizeof(text), "\r\033[%zuA", up);
        add(text);
    }
}

static void
group_line(struct progress *p, const struct progress_group *g, int name, size_t *n, unsigned width,
           unsigned rows)
{
    size_t all = 0, done = 0;
    const char *word = "waiting";
    for (size_t i = 0; i < p->n_steps; i++) {
        const struct progress_step *s = &p->steps[i];
        if (strcmp(s->group, g->name) != 0)
            continue;
        all++;
        done += strcmp(s->state, "done") == 0;
        if (progress_running(s) && strcmp(word, "waiting") == 0)
            word = s->kind;
        else if (progress_ended(s) && strcmp(s->state, "done") != 0)
            word = s->state;
    }
    if (all && done == all)
        word = "done";
    char vms[48] = "";
    if (g->vms)
        (void)snprintf(vms, sizeof(vms), "  VMs up %zu/%zu", g->up, g->vms);
    else if (g->up)
        (void)snprintf(vms, sizeof(vms), "  VMs up %zu", g->up);
    line(n, width, rows, "%-*s  %-11s  steps %zu/%zu%s", name, g->name, word, done, all, vms);
}

static void
step_line(struct progress *p, const struct progress_step *s, int64_t now_s, size_t *n,
          unsigned width, unsigned rows)
{
    char spent[24] = "", expect[24], bound[40] = "";
    if (s->started_s >= 0)
        (void)progress_duration(now_s > s->started_s ? now_s - s->started_s : 0, spent,
                                sizeof(spent));
    if (s->expect_s > 0)
        (void)snprintf(bound, sizeof(bound), " of %s",
                       progress_duration(s->expect_s, expect, sizeof(expect)));
    bool plain = strcmp(s->state, "started") == 0 || !s->last;
    (void)p;
    line(n, width, rows, "  %-9s %s%s  %s%s%s", s->kind, spent, bound, plain ? "" : s->state,
         plain ? "" : ": ", plain ? (s->text ? s->text : "") : s->last);
}

void
board_draw(struct progress *p)
{
    unsigned rows = 24, width = out_width(2, &rows);
    size_t n = 0;
    int name = 3;
    char spent[24], expect[24];
    width = width ? width : 80;
    int64_t now_s =
        p->elapsed_s + (p->state[0] || !p->at_ms ? 0 : (progress_now_ms() - p->at_ms) / 1000);
    board.used = 0;
    if (!board.on)
        add("\033[?25l\033[?7l");
    board.on = true;
    go_back(width);
    line(&n, width, rows, "%s: %s  %s%s%s", p->run ? p->run : "run",
         p->goal ? p->goal : "under way", progress_duration(now_s, spent, sizeof(spent)),
         p->expect_s > 0 ? " of " : "",
         p->expect_s > 0 ? progress_duration(p->expect_s, expect, sizeof(expect)) : "");
    for (size_t i = 0; i < p->n_groups; i++)
        if ((int)strlen(p->groups[i].name) > name && strlen(p->groups[i].name) < 24)
            name = (int)strlen(p->groups[i].name);
    for (size_t i = 0; i < p->n_groups; i++) {
        group_line(p, &p->groups[i], name, &n, width, rows);
        for (size_t k = 0; k < p->n_steps; k++)
            if (progress_running(&p->steps[k]) && strcmp(p->steps[k].group, p->groups[i].name) == 0)
                step_line(p, &p->steps[k], now_s, &n, width, rows);
    }
    if (p->state[0])
        line(&n, width, rows, "%s%s%s", p->state, p->last ? ": " : "", p->last ? p->last : "");
    add("\033[J");
    board.n = n;
    (void)out_bytes(2, board.text, board.used);
}

void
board_restore(void)
{
    static const char words[] = "\033[?7h\033[?25h";
    if (board.on)
        (void)out_bytes(2, words, sizeof(words) - 1);
    board.on = false;
    board.n = 0;
    free(board.text);
    board.text = NULL;
    board.used = board.size = 0;
}
