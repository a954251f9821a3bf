/*
 * The manual page and the command's table name the same verbs and flags, with the same arguments
 * and letters; and the command includes the public headers alone.
 */
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#include "args.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char *page;
static size_t named;

/* Is there an entry ".TP" with exactly this head? */
static bool
has_entry(const char *head)
{
    dr_auto(dr_freep) char *text = NULL;
    assert_true(asprintf(&text, "\n.TP\n.B %s\n", head) > 0);
    return strstr(page, text) != NULL;
}

/* Of the verbs that are nested in IN; "": of those that are not. */
static size_t
missing_verbs(const char *in, const struct cli_verb *v)
{
    size_t wrong = 0;
    for (; v->name; v++) {
        char name[CLI_NAME_MOST], head[160];
        if (v->later)
            continue;
        (void)snprintf(name, sizeof(name), "%s%s%s", in, *in ? " " : "", v->name);
        if (v->sub) {
            wrong += missing_verbs(name, v->sub);
            continue;
        }
        (void)snprintf(head, sizeof(head), "%s%s%s", name, *v->takes ? " " : "", v->takes);
        named++;
        if (!has_entry(head)) {
            print_error("drstor.1 lacks %s\n", head);
            wrong++;
        }
    }
    return wrong;
}

static void
manual_page_and_table_name_the_same(void **state)
{
    (void)state;
    size_t wrong = missing_verbs("", cli_verbs), entries = 0;
    for (size_t f = 0; f < FLAG_COUNT; f++) {
        const struct cli_flag_row *row = &cli_flags[f];
        char head[128], letter[8] = "";
        if (row->letter)
            (void)snprintf(letter, sizeof(letter), "-%c, ", row->letter);
        (void)snprintf(head, sizeof(head), "%s--%s%s%s", letter, row->name, row->value ? " " : "",
                       row->value ? row->value : "");
        named++;
        if (!has_entry(head)) {
            print_error("drstor.1 lacks %s\n", head);
            wrong++;
        }
    }
    for (const char *p = page; (p = strstr(p, "\n.TP\n.B ")); p++)
        entries++;
    if (entries != named)
        print_error("drstor.1 has %zu entries, the table %zu\n", entries, named);
    assert_int_equal(wrong, 0);
    assert_int_equal(entries, named);
    printf("figure cli_words_documented %zu of %zu\n", entries, named);
}

static void
the_command_includes_public_headers_alone(void **state)
{
    (void)state;
    static const char *const layers[] = {"base/",   "model/", "config/",  "net/",
                                         "plugin/", "rhv/",   "observe/", "plan/",
                                         "store/",  "run/",   "report/",  "library/"};
    DIR *dir = opendir(CLI);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        size_t n = strlen(e->d_name);
        if (n < 3 || e->d_name[n - 2] != '.')
            continue;
        dr_auto(dr_freep) char *path = NULL, *text = NULL;
        assert_true(asprintf(&path, CLI "/%s", e->d_name) > 0);
        assert_int_equal(dr_file_read(path, 1 << 20, &text, NULL, NULL), DRSTOR_OK);
        for (size_t i = 0; i < DR_COUNT(layers); i++) {
            char include[64];
            (void)snprintf(include, sizeof(include), "#include \"%s", layers[i]);
            if (strstr(text, include))
                fail_msg("cli/%s includes %s", e->d_name, layers[i]);
        }
        size_t lines = 0;
        for (const char *p = text; (p = strchr(p, '\n')); p++)
            lines++;
        assert_true(lines < 500);
    }
    (void)closedir(dir);
}

static int
load(void **state)
{
    (void)state;
    return dr_file_read(MANUAL, 1 << 20, &page, NULL, NULL);
}

static int
unload(void **state)
{
    (void)state;
    free(page);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(manual_page_and_table_name_the_same),
        cmocka_unit_test(the_command_includes_public_headers_alone),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
