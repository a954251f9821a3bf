/*
 * Every cases/NAME.KIND.txt is what NAME.json looks like as a KIND, at four widths. After a change
 * that is meant, `test_report_text write` writes them anew; their diff is the review.
 */
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "report/cells.h"
#include "report/text.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const unsigned widths[] = {60, 80, 120, 0};
static bool writing;

static struct json_object *
document(const char *name)
{
    dr_auto(dr_freep) char *path = NULL, *text = NULL;
    assert_true(asprintf(&path, CASES "/%s.json", name) > 0);
    size_t n = 0;
    assert_int_equal(dr_file_read(path, 1 << 20, &text, &n, NULL), DRSTOR_OK);
    struct json_object *o = NULL;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    if (dr_json_parse(text, n, &dr_json_small, &o, &err) < 0)
        fail_msg("%s: %s", path, dr_error_message(err));
    return o;
}

static char *
rendered(const char *kind, struct json_object *doc, const char *columns, unsigned width)
{
    char *text = NULL;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    if (dr_text_render(kind, doc, columns, width, &text, &err) < 0)
        fail_msg("%s: %s", kind, dr_error_message(err));
    return text;
}

/* Tables keep to the width; only one word without a space may be wider. */
static void
keeps_to_width(const char *text, unsigned width)
{
    dr_auto(dr_freep) char *copy = dr_strdup(text);
    for (char *save = NULL, *line = strtok_r(copy, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save)) {
        size_t w = dr_cells_width(line);
        if (strstr(line, " ssh-ed25519 AAAA"))
            continue; /* to be copied as it is */
        const char *word = strrchr(line, ' ');
        if (width && w > width && (!word || dr_cells_width(word + 1) + 8 <= width))
            fail_msg("%zu cells at width %u: %s", w, width, line);
        if (line[strlen(line) - 1] == ' ')
            fail_msg("space at the end of: %s", line);
    }
}

static void
compare(const char *file)
{
    dr_auto(dr_freep) char *name = dr_strdup(file), *path = NULL, *want = NULL;
    dr_auto(dr_str_freep) struct dr_str got = {0};
    char *kind = strchr(name, '.');
    *kind++ = '\0';
    *strchr(kind, '.') = '\0';
    char *columns = strchr(kind, '@'); /* NAME.KIND@COLUMNS.txt */
    if (columns)
        *columns++ = '\0';
    dr_auto(dr_json_putp) struct json_object *doc = document(name);
    for (size_t i = 0; i < DR_COUNT(widths); i++) {
        dr_auto(dr_freep) char *text = rendered(kind, doc, columns, widths[i]);
        keeps_to_width(text, widths[i]);
        dr_str_printf(&got, "==== width %u\n%s", widths[i], text);
    }
    assert_true(asprintf(&path, CASES "/%s", file) > 0);
    if (writing) {
        assert_int_equal(dr_file_write(path, got.s, got.n, 0644, NULL), DRSTOR_OK);
        return;
    }
    assert_int_equal(dr_file_read(path, 1 << 20, &want, NULL, NULL), DRSTOR_OK);
    if (!dr_streq(want, got.s))
        fail_msg("%s is\n%s\n---- but should be\n%s", file, got.s, want);
}

static void
every_document_reads_as_agreed(void **state)
{
    (void)state;
    DIR *dir = opendir(CASES);
    assert_non_null(dir);
    size_t n = 0;
    for (struct dirent *e; (e = readdir(dir));) {
        size_t len = strlen(e->d_name);
        if (len < 5 || strcmp(e->d_name + len - 4, ".txt") != 0)
            continue;
        compare(e->d_name);
        n++;
    }
    (void)closedir(dir);
    assert_true(n > 15);
    printf("figure report_texts %zu of %zu\n", n, n);
}

static void
every_kind_bears_every_document(void **state)
{
    (void)state;
    static const char *const kinds[] = {"status",  "observe",  "plan",    "report",   "runs",
                                        "events",  "plugins",  "plugin",  "problems", "adopt",
                                        "explain", "show",     "run",     "abort",    "verify",
                                        "guard",   "takeover", "journal", "trust"};
    static const char *const texts[] = {"{}",
                                        "[]",
                                        "null",
                                        "\"x\"",
                                        "[null, 1, {}]",
                                        "{\"groups\": 5, \"steps\": {}, \"vms\": \"x\"}",
                                        "{\"groups\": [null, [], {\"copies\": [3]}], \"steps\": "
                                        "[1, {\"needs\": [\"x\", 2]}], \"loss\": []}",
                                        "{\"goal\": [], \"refusals\": [{}, \"\"], \"exit\": \"x\", "
                                        "\"problems\": [{}], \"plugins\": [[]], "
                                        "\"endpoints\": [{}, 1, {\"add\": 2}]}"};
    for (size_t k = 0; k < DR_COUNT(kinds); k++)
        for (size_t i = 0; i < DR_COUNT(texts); i++)
            for (unsigned width = 0; width < 40; width += 13) {
                dr_auto(dr_json_putp) struct json_object *doc = NULL;
                assert_int_equal(
                    dr_json_parse(texts[i], strlen(texts[i]), &dr_json_small, &doc, NULL),
                    DRSTOR_OK);
                dr_auto(dr_freep) char *text = rendered(kinds[k], doc, NULL, width);
                assert_non_null(text);
            }
}

static void
words_of_arrays_cannot_steer_the_terminal(void **state)
{
    (void)state;
    dr_auto(dr_json_putp) struct json_object *doc = json_object_new_object();
    dr_json_set_str(doc, "text",
                    "\x1b]0;owned\x07 a\xe2\x80\xae"
                    "b \x9b"
                    "31m\nrefused R000: fake");
    dr_auto(dr_freep) char *text = rendered("report", doc, NULL, 0);
    assert_null(strchr(text, 0x1b));
    assert_null(strstr(text, "\xe2\x80\xae"));
    assert_null(strchr(text, '\x9b'));
    assert_null(strstr(text, "\nrefused"));
}

static void
unknown_kind_and_column_name_the_nearest(void **state)
{
    (void)state;
    dr_auto(dr_json_putp) struct json_object *doc = document("steady");
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    char *text = NULL;
    assert_int_equal(dr_text_render("statu", doc, NULL, 0, &text, &err), DRSTOR_E_INVALID);
    assert_string_equal(dr_error_hint(err), "did you mean \"status\"?");
    dr_error_freep(&err);
    assert_int_equal(dr_text_render("status", doc, "group,prinary", 0, &text, &err),
                     DRSTOR_E_INVALID);
    assert_string_equal(dr_error_hint(err), "did you mean \"primary\"?");
    dr_error_freep(&err);
    assert_int_equal(dr_text_render("show", doc, "group", 0, &text, &err), DRSTOR_E_INVALID);
    assert_null(text);
}

int
main(int argc, char **argv)
{
    writing = argc > 1 && dr_streq(argv[1], "write");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_document_reads_as_agreed),
        cmocka_unit_test(every_kind_bears_every_document),
        cmocka_unit_test(words_of_arrays_cannot_steer_the_terminal),
        cmocka_unit_test(unknown_kind_and_column_name_the_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
