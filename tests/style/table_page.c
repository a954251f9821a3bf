/*
 * The role-flip table as docs/safety.md prints it. With a file: that file must hold exactly this;
 * without: writes it to standard output.
 */
#include "base/mem.h"
#include "base/names.h"
#include "base/str.h"
#include "model/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void requires(struct dr_str *s, unsigned mask, const char *none)
{
    const char *comma = "";
    for (unsigned bit = 1; bit; bit <<= 1) {
        if (!(mask & bit))
            continue;
        dr_str_printf(s, "%s%s", comma, dr_require_text((enum dr_require)bit));
        comma = "; ";
    }
    if (!mask)
        dr_str_printf(s, "%s", none);
}

static void
page(struct dr_str *s)
{
    size_t n = 0;
    const struct dr_table_row *rows = dr_table_rows(&n);
    for (size_t i = 0; i < n; i++) {
        const struct dr_table_row *r = &rows[i];
        dr_str_printf(s, "**%s** needs: ", r->name);
        requires(s, r->needs, "nothing");
        dr_str_printf(s, ".\n\n| step | at | does | starts when | then |\n|---|---|---|---|---|\n");
        for (size_t k = 0; k < r->n_steps; k++) {
            const struct dr_table_step *t = &r->steps[k];
            dr_str_printf(s, "| %s%s | %s | %s | ", dr_name(&dr_step_kind_names, (int)t->kind),
                          t->optional ? " *" : "", t->at_target ? "target" : "old", t->text);
            requires(s, t->needs, "-");
            dr_str_printf(s, " | ");
            requires(s, t->gives, "-");
            dr_str_printf(s, " |\n");
        }
        dr_str_printf(s, "\nAfter: %s. Interrupted: %s.\n\n", r->after, r->interrupted);
    }
}

static int
holds(const char *path, const char *want)
{
    FILE *f = fopen(path, "re");
    static char text[1 << 20];
    size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
    text[n] = '\0';
    if (f)
        (void)fclose(f);
    const char *line = want;
    int bad = 0;
    while (*line) {
        const char *end = strchr(line, '\n');
        size_t length = (size_t)(end - line) + 1;
        char *one = strndup(line, length);
        if (!one)
            abort();
        if (length > 1 && !strstr(text, one)) {
            (void)printf("%s:1: lacks the line\n    %s", path, one);
            bad++;
        }
        free(one);
        line = end + 1;
    }
    if (!bad && !strstr(text, want)) {
        (void)printf("%s:1: has the lines of the table, but not together and in order\n", path);
        bad++;
    }
    (void)printf("figure style_table_wrong %d of 1\n", bad);
    return bad ? 1 : 0;
}

int
main(int argc, char **argv)
{
    dr_auto(dr_str_freep) struct dr_str s = {0};
    page(&s);
    if (argc > 1)
        return holds(argv[1], s.s);
    (void)fputs(s.s, stdout);
    return 0;
}
