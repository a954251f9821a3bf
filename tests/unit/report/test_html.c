/*
 * Every cases/NAME.KIND.html is the page of NAME.json. After a change that is meant,
 * `test_report_html write` writes them anew. That they are sound HTML which says what the JSON says
 * is for others to judge: html_check.sh.
 */
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timetext.h"
#include "report/html.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static bool writing;

static char *
rendered(const char *kind, struct json_object *doc)
{
    char *page = NULL;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    if (dr_html_render(kind, doc, &page, &err) < 0)
        fail_msg("%s: %s", kind, dr_error_message(err));
    return page;
}

static struct json_object *
parsed(const char *text, size_t n)
{
    struct json_object *o = NULL;
    assert_int_equal(dr_json_parse(text, n, &dr_json_small, &o, NULL), DRSTOR_OK);
    return o;
}

static size_t
count(const char *text, const char *word)
{
    size_t n = 0;
    for (; (text = strstr(text, word)); text += strlen(word))
        n++;
    return n;
}

static void
compare(const char *file)
{
    dr_auto(dr_freep) char *name = dr_strdup(file), *path = NULL, *text = NULL, *want = NULL;
    dr_auto(dr_freep) char *json = NULL;
    size_t n = 0;
    char *kind = strchr(name, '.');
    *kind++ = '\0';
    *strchr(kind, '.') = '\0';
    assert_true(asprintf(&json, CASES "/%s.json", name) > 0);
    assert_true(asprintf(&path, CASES "/%s", file) > 0);
    assert_int_equal(dr_file_read(json, 1 << 20, &text, &n, NULL), DRSTOR_OK);
    dr_auto(dr_json_putp) struct json_object *doc = parsed(text, n);
    dr_auto(dr_freep) char *page = rendered(kind, doc);
    if (writing) {
        assert_int_equal(dr_file_write(path, page, strlen(page), 0644, NULL), DRSTOR_OK);
        return;
    }
    assert_int_equal(dr_file_read(path, 1 << 20, &want, NULL, NULL), DRSTOR_OK);
    if (!dr_streq(want, page))
        fail_msg("%s is\n%s\n---- but should be\n%s", file, page, want);
}

static void
every_document_has_its_page(void **state)
{
    (void)state;
    DIR *dir = opendir(CASES);
    assert_non_null(dir);
    size_t n = 0;
    for (struct dirent *e; (e = readdir(dir));) {
        size_t len = strlen(e->d_name);
        if (len < 6 || strcmp(e->d_name + len - 5, ".html") != 0)
            continue;
        compare(e->d_name);
        n++;
    }
    (void)closedir(dir);
    assert_true(n >= 9);
    printf("figure report_pages %zu of %zu\n", n, n);
}

static void
any_document_has_a_page(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{}",
        "[]",
        "null",
        "\"x\"",
        "[null, 1, {}]",
        "{\"groups\": 5, \"steps\": {}, \"vms\": \"x\", \"times\": 3, \"by_group\": [null]}",
        "{\"run\": \"r\", \"groups\": [null, []], \"steps\": [1, {\"started_at\": 7}], \"loss\": "
        "[]}",
        "{\"run\": \"r\", \"steps\": [{\"started_at\": \"2026-11-22T14:03:22Z\"}], \"vms\": [{}]}",
        "{\"run\": 1, \"goal\": [], \"refusals\": [{}, \"\"], \"exit\": \"x\", \"evidence\": [1, "
        "{}]}",
        "{\"run\": \"r\", \"losses\": [1, {\"seconds\": -5}], \"conditions\": [[]], \"consent\": "
        "4}"};
    static const char *const kinds[] = {"run", "report", "abort"};
    for (size_t k = 0; k < DR_COUNT(kinds); k++)
        for (size_t i = 0; i < DR_COUNT(texts); i++) {
            dr_auto(dr_json_putp) struct json_object *doc = parsed(texts[i], strlen(texts[i]));
            dr_auto(dr_freep) char *page = rendered(kinds[k], doc);
            assert_non_null(strstr(page, "</html>"));
        }
}

static void
what_has_no_page_is_named(void **state)
{
    (void)state;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    char *page = NULL;
    assert_int_equal(dr_html_render("reprt", NULL, &page, &err), DRSTOR_E_INVALID);
    assert_string_equal(dr_error_hint(err), "did you mean \"report\"?");
    assert_null(page);
}

/* ---- a large one ----------------------------------------------------------------------------- */

static void
set_at(struct dr_arena *a, struct json_object *o, const char *key, int64_t s)
{
    dr_json_set_str(o, key, dr_utc_text(a, 1795356202 + s));
}

static struct json_object *
step(struct dr_arena *a, const char *kind, const char *group, int64_t from, int64_t to)
{
    struct json_object *o = json_object_new_object();
    dr_json_set_str(o, "kind", kind);
    dr_json_set_str(o, "group", group);
    dr_json_set_str(o, "state", "done");
    set_at(a, o, "started_at", from);
    set_at(a, o, "answered_at", to);
    return o;
}

/* GROUPS groups of VMS VMs each. */
static struct json_object *
run_of(struct dr_arena *a, int groups, int vms)
{
    static const char *const kinds[] = {"fence", "commit", "promote", "expose", "stage", "settle"};
    struct json_object *doc = json_object_new_object(), *names = json_object_new_array();
    struct json_object *steps = json_object_new_array(), *all = json_object_new_array();
    for (int g = 0; g < groups; g++) {
        const char *name = dr_arena_printf(a, "g%d", g);
        (void)json_object_array_add(names, json_object_new_string(name));
        for (int k = 0; k < (int)DR_COUNT(kinds); k++)
            (void)json_object_array_add(steps,
                                        step(a, kinds[k], name, g + 60 * k, g + 60 * k + 40));
        for (int v = 0; v < vms; v++) {
            struct json_object *vm = json_object_new_object();
            dr_json_set_str(vm, "name", dr_arena_printf(a, "vm-%d-%d", g, v));
            dr_json_set_str(vm, "group", name);
            dr_json_set_str(vm, "state", "up");
            set_at(a, vm, "started_at", 240 + (g * vms + v) % 97);
            (void)json_object_array_add(all, vm);
        }
    }
    dr_json_set_str(doc, "run", "r");
    dr_json_set(doc, "groups", names);
    dr_json_set(doc, "steps", steps);
    dr_json_set(doc, "vms", all);
    return doc;
}

static void
the_timeline_of_many_is_no_larger_than_that_of_some(void **state)
{
    (void)state;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    dr_auto(dr_json_putp) struct json_object *some = run_of(a, 12, 2), *many = run_of(a, 120, 25);
    dr_auto(dr_freep) char *small = rendered("run", some), *large = rendered("run", many);
    assert_int_equal(count(small, "<text "), 12 + 1 + 5); /* each group, the VMs, the clock */
    assert_int_equal(count(large, "<text "), 6 + 1 + 5);  /* each kind of step */
    assert_true(count(large, "<rect ") < 6 * 100 + 201 + 8);
    assert_non_null(strstr(large, ">120 groups, "));
    assert_non_null(strstr(large, ">3000 of 3000, "));
    for (int g = 0; g < 120; g++) /* the tables leave nobody out */
        for (int v = 0; v < 25; v++)
            assert_non_null(strstr(large, dr_arena_printf(a, ">vm-%d-%d<", g, v)));
    printf("figure report_page_bytes %zu\n", strlen(large));
}

int
main(int argc, char **argv)
{
    writing = argc > 1 && strcmp(argv[1], "write") == 0;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_document_has_its_page),
        cmocka_unit_test(any_document_has_a_page),
        cmocka_unit_test(what_has_no_page_is_named),
        cmocka_unit_test(the_timeline_of_many_is_no_larger_than_that_of_some),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
