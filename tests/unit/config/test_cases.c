/*
 * Every cases/NAME.yaml is read without its secrets; cases/NAME.expect is "ok" or the exact list of
 * problems, as `drstor config check` prints them with the file's folder left out.
 */
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int
is_case(const struct dirent *d)
{
    size_t n = strlen(d->d_name);
    return n > 5 && strcmp(d->d_name + n - 5, ".yaml") == 0;
}

static void
add_without_folder(struct dr_str *out, const char *text)
{
    static const char folder[] = CASES "/";
    for (const char *hit; (hit = strstr(text, folder)); text = hit + sizeof(folder) - 1)
        dr_str_addn(out, text, (size_t)(hit - text));
    dr_str_add(out, text);
    dr_str_add(out, "\n");
}

static char *
case_problems(const char *path)
{
    dr_auto(dr_freep) char *text = NULL;
    dr_auto(dr_problems_clear) struct dr_problems problems = {0};
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    const struct dr_config_options options = {.skip_secrets = true};
    size_t n = 0;
    struct dr_str out = {0};
    assert_int_equal(dr_file_read(path, (size_t)2 << 20, &text, &n, NULL), DRSTOR_OK);
    int r = dr_config_check_text(text, n, path, &options, &problems);
    assert_int_equal(r, problems.n ? DRSTOR_E_INVALID : DRSTOR_OK);
    if (!problems.n)
        dr_str_add(&out, "ok\n");
    for (size_t i = 0; i < problems.n; i++)
        add_without_folder(&out, dr_problem_text(a, &problems.list[i]));
    return dr_str_take(&out);
}

static bool
case_holds(const char *name)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    int stem = (int)strlen(name) - 5;
    const char *path = dr_arena_printf(a, "%s/%s", CASES, name);
    const char *expect_path = dr_arena_printf(a, "%s/%.*s.expect", CASES, stem, name);
    dr_auto(dr_freep) char *expect = NULL;
    dr_auto(dr_freep) char *got = case_problems(path);
    (void)dr_file_read(expect_path, 1 << 20, &expect, NULL, NULL);
    if (dr_streq(got, expect))
        return true;
    /* For a person who changed a message and has read the difference. */
    if (getenv("DRSTOR_CASES_WRITE"))
        (void)dr_file_write(expect_path, got, strlen(got), 0644, NULL);
    print_error("%s\n expected:\n%s got:\n%s\n", name, expect ? expect : "(nothing)\n", got);
    return false;
}

static void
every_case_gives_the_expected_problems(void **state)
{
    (void)state;
    struct dirent **cases = NULL;
    int n = scandir(CASES, &cases, is_case, alphasort), held = 0;
    assert_true(n >= 60);
    for (int i = 0; i < n; i++) {
        held += case_holds(cases[i]->d_name);
        free(cases[i]);
    }
    free(cases);
    printf("figure config_cases %d of %d\n", held, n);
    assert_int_equal(held, n);
}

static void
the_list_of_problems_is_bounded(void **state)
{
    (void)state;
    dr_auto(dr_problems_clear) struct dr_problems problems = {0};
    dr_auto(dr_freep) char *text = NULL;
    struct dr_str b = {0};
    for (int i = 0; i < 20000; i++)
        dr_str_printf(&b, "k%d: 1\n", i);
    text = dr_str_take(&b);
    assert_int_equal(dr_config_check_text(text, strlen(text), "x.yaml", NULL, &problems),
                     DRSTOR_E_INVALID);
    assert_int_equal(problems.n, DR_PROBLEMS_MAX);
    assert_true(problems.n_found >= 20000);
}

static void
a_load_says_the_first_problem_and_how_many_more(void **state)
{
    (void)state;
    static const char text[] = "version: 1\nsides: {}\n";
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_model *m = NULL;
    assert_int_equal(dr_config_load_text(text, sizeof(text) - 1, "x.yaml", NULL, &m, &err),
                     DRSTOR_E_INVALID);
    assert_null(m);
    assert_string_equal(dr_error_message(err),
                        "x.yaml:1:1: the configuration needs \"controller\" (and 1 more; see "
                        "drstor config check)");
}

static void
a_missing_file_is_a_sentence(void **state)
{
    (void)state;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_model *m = NULL;
    assert_int_equal(dr_config_load(CASES "/no-such-file", &m, &err), DRSTOR_E_INVALID);
    assert_non_null(strstr(dr_error_message(err), "No such file"));
    assert_non_null(strstr(dr_error_message(err), "--config"));
}

/* One that was made to take long, of each kind; a bound that is missing shows as a time-out. */
static void
a_hostile_megabyte_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *head, *unit;
    } kinds[] = {{"a: ", "["},      {"a: ", "{"},         {"", "- "},          {"", "? "},
                 {"", "a:\n "},     {"", "&a [*a,"},      {"a: \"", "\\x00"},  {"a: [", "x,"},
                 {"a: |\n", " \n"}, {"", "\xef\xbb\xbf"}, {"", "%YAML 1.1\n"}, {"a: ", "!"},
                 {"{", "a: 1, "},   {"# ", "#"},          {"a: ", "'"},        {"", "---\n"}};
    for (size_t i = 0; i < DR_COUNT(kinds); i++) {
        dr_auto(dr_problems_clear) struct dr_problems problems = {0};
        struct dr_str b = {0};
        dr_str_add(&b, kinds[i].head);
        while (b.n + strlen(kinds[i].unit) <= (1 << 20))
            dr_str_add(&b, kinds[i].unit);
        dr_auto(dr_freep) char *text = dr_str_take(&b);
        assert_int_equal(dr_config_check_text(text, strlen(text), "x.yaml", NULL, &problems),
                         DRSTOR_E_INVALID);
        assert_true(problems.list[0].message[0]);
    }
}

static void
more_than_a_megabyte_is_refused(void **state)
{
    (void)state;
    dr_auto(dr_problems_clear) struct dr_problems problems = {0};
    dr_auto(dr_freep) char *text = dr_alloc0((1 << 20) + 2, 1);
    memset(text, '#', (1 << 20) + 1);
    assert_int_equal(dr_config_check_text(text, (1 << 20) + 1, "x.yaml", NULL, &problems),
                     DRSTOR_E_INVALID);
    assert_string_equal(problems.list[0].message, "the file is larger than 1048576 bytes");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_gives_the_expected_problems),
        cmocka_unit_test(the_list_of_problems_is_bounded),
        cmocka_unit_test(a_load_says_the_first_problem_and_how_many_more),
        cmocka_unit_test(a_missing_file_is_a_sentence),
        cmocka_unit_test(a_hostile_megabyte_is_refused),
        cmocka_unit_test(more_than_a_megabyte_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
