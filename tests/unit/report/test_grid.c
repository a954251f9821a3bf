#include "base/mem.h"
#include "report/cells.h"
#include "report/grid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct dr_column columns[] = {{"name", 9, DR_COLUMN_USUAL},
                                           {"much", 5, DR_COLUMN_USUAL | DR_COLUMN_RIGHT},
                                           {"words", 1, DR_COLUMN_USUAL}};

static struct dr_page
page(unsigned width)
{
    return (struct dr_page){.arena = dr_arena_new(), .width = width};
}

static void
page_free(struct dr_page *p)
{
    dr_arena_freep(&p->arena);
    dr_str_freep(&p->out);
}

static void
least_important_column_is_shortened(void **state)
{
    (void)state;
    dr_auto(page_free) struct dr_page p = page(33);
    struct dr_grid *g = dr_grid_plain(&p, columns, DR_COUNT(columns));
    dr_grid_row(g, (const char *[]){"erp", "14 s", "replication is paused on purpose"});
    dr_grid_row(g, (const char *[]){"warehouse", "2 h 3 min", NULL});
    dr_grid_print(g, 0);
    assert_string_equal(p.out.s, "NAME            MUCH  WORDS\n"
                                 "erp             14 s  replicatio…\n"
                                 "warehouse  2 h 3 min  -\n");
}

static void
too_narrow_for_all_drops_columns(void **state)
{
    (void)state;
    for (unsigned width = 1; width < 40; width++) {
        dr_auto(page_free) struct dr_page p = page(width);
        struct dr_grid *g = dr_grid_plain(&p, columns, DR_COUNT(columns));
        dr_grid_row(g, (const char *[]){"warehouse", "2 h 3 min", "a b c d e f g h i"});
        dr_grid_print(g, 0);
        for (char *save = NULL, *line = strtok_r(p.out.s, "\n", &save); line;
             line = strtok_r(NULL, "\n", &save))
            assert_true(dr_cells_width(line) <= width);
    }
}

static void
wide_and_combining_characters_align(void **state)
{
    (void)state;
    dr_auto(page_free) struct dr_page p = page(0);
    struct dr_grid *g = dr_grid_plain(&p, columns, DR_COUNT(columns));
    dr_grid_row(g, (const char *[]){"東京", "1 s", "x"});
    dr_grid_row(g, (const char *[]){"Müller", "1 s", "x"});
    dr_grid_row(g, (const char *[]){"e\xcc\x81rp", "1 s", "x"});
    dr_grid_print(g, 0);
    assert_string_equal(p.out.s, "NAME    MUCH  WORDS\n"
                                 "東京     1 s  x\n"
                                 "Müller   1 s  x\n"
                                 "e\xcc\x81rp      1 s  x\n");
    assert_string_equal(dr_cells_cut(p.arena, "東京都", 4), "東…");
    assert_string_equal(dr_cells_cut(p.arena, "東京都", 5), "東京…");
    assert_string_equal(dr_cells_cut(p.arena, "abc", 0), "");
}

static void
what_is_no_utf8_becomes_a_question_mark(void **state)
{
    (void)state;
    dr_auto(page_free) struct dr_page p = page(0);
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"a\xff"
         "b",
         "a?b"},
        {"\xc0\x80", "??"},
        {"\xed\xa0\x80", "???"},
        {"\xe2\x82", "??"},
        {"tab\there", "tab here"},
        {"\xf4\x90\x80\x80", "????"},
        {"\x1b[31mred", "?[31mred"},
        {"€", "€"},
    };
    for (size_t i = 0; i < DR_COUNT(cases); i++)
        assert_string_equal(dr_cells_clean(p.arena, cases[i].in), cases[i].out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(least_important_column_is_shortened),
        cmocka_unit_test(too_narrow_for_all_drops_columns),
        cmocka_unit_test(wide_and_combining_characters_align),
        cmocka_unit_test(what_is_no_utf8_becomes_a_question_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
