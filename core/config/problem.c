#include "config/problem.h"

#include "base/names.h"
#include "base/redact.h"
#include "base/str.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static struct dr_arena *
problems_arena(struct dr_problems *p)
{
    if (!p->arena)
        p->arena = dr_arena_new();
    return p->arena;
}

void
dr_problems_add(struct dr_problems *p, const struct dr_place *place, const char *hint,
                const char *format, ...)
{
    p->n_found++;
    if (p->n >= DR_PROBLEMS_MAX)
        return;
    struct dr_arena *a = problems_arena(p);
    va_list ap;
    va_start(ap, format);
    char *message = dr_arena_vprintf(a, format, ap);
    va_end(ap);
    dr_redact(message);
    char *advice = dr_arena_str(a, hint);
    if (advice)
        dr_redact(advice);
    dr_arena_push(a, p->list, p->n) = (struct dr_problem){
        .file = dr_arena_str(a, place->file),
        .line = place->line,
        .column = place->column,
        .message = message,
        .hint = advice,
    };
}

void
dr_problems_clear(struct dr_problems *p)
{
    dr_arena_free(p->arena);
    *p = (struct dr_problems){0};
}

static int
problem_order(const void *va, const void *vb, void *user)
{
    const struct dr_problem *a = va, *b = vb;
    const char *first = user;
    bool a_first = dr_streq(a->file, first), b_first = dr_streq(b->file, first);
    if (a_first != b_first)
        return a_first ? -1 : 1;
    int by_file = strcmp(a->file, b->file);
    if (by_file)
        return by_file;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    if (a->column != b->column)
        return a->column < b->column ? -1 : 1;
    return strcmp(a->message, b->message);
}

void
dr_problems_sort(struct dr_problems *p, const char *first_file)
{
    dr_auto(dr_freep) char *first = dr_strdup(first_file);
    if (p->n > 1)
        qsort_r(p->list, p->n, sizeof(p->list[0]), problem_order, first);
}

const char *
dr_problem_text(struct dr_arena *a, const struct dr_problem *p)
{
    const char *sep = p->hint ? "; " : "", *hint = p->hint ? p->hint : "";
    if (!p->line)
        return dr_arena_printf(a, "%s: %s%s%s", p->file, p->message, sep, hint);
    return dr_arena_printf(a, "%s:%u:%u: %s%s%s", p->file, p->line, p->column, p->message, sep,
                           hint);
}

const char *
dr_problems_did_you_mean(struct dr_problems *p, const char *word, const char *const *candidates,
                         size_t n)
{
    /* A list that is full shows no more hints; looking for them would only cost time. */
    if (p->n >= DR_PROBLEMS_MAX || !n)
        return NULL;
    const char *near = dr_nearest(word, candidates, n);
    return near ? dr_arena_printf(problems_arena(p), "did you mean \"%s\"?", near) : NULL;
}

const char *
dr_problems_word(struct dr_problems *p, const char *text)
{
    enum { MOST = 60 };
    size_t n = strlen(text), shown = n > MOST ? MOST : n;
    if (shown < n) /* never half a UTF-8 character */
        while (shown && ((unsigned char)text[shown] & 0xC0) == 0x80)
            shown--;
    char *word =
        dr_arena_printf(problems_arena(p), "%.*s%s", (int)shown, text, shown < n ? "..." : "");
    for (char *c = word; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    return word;
}
