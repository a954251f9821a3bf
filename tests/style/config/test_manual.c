/*
 * The manual page and the schema name the same keys, section by section. In the page a section is
 * ".SS NAME" and a key of it ".TP" followed by ".B KEY".
 */
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct words {
    char **list;
    size_t n, cap;
};

static void
words_free(struct words *w)
{
    for (size_t i = 0; i < w->n; i++)
        free(w->list[i]);
    free(w->list);
}

static void
words_add(struct words *w, const char *section, const char *key)
{
    char *s = NULL;
    assert_true(asprintf(&s, "%s: %s", section, key) > 0);
    dr_push(w->list, w->n, w->cap) = s;
}

static bool
words_have(const struct words *w, const char *word)
{
    for (size_t i = 0; i < w->n; i++)
        if (dr_streq(w->list[i], word))
            return true;
    return false;
}

static void
schema_key(const char *section, const char *key, void *user)
{
    words_add(user, section, key);
}

static void
manual_keys(struct words *w)
{
    dr_auto(dr_freep) char *text = NULL;
    assert_int_equal(dr_file_read(MANUAL, 1 << 20, &text, NULL, NULL), DRSTOR_OK);
    char section[128] = "", *save = NULL;
    bool tag = false;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (strncmp(line, ".SS ", 4) == 0)
            (void)snprintf(section, sizeof(section), "%s", line + 4);
        else if (strncmp(line, ".SH ", 4) == 0)
            section[0] = '\0';
        else if (tag && *section && strncmp(line, ".B ", 3) == 0)
            words_add(w, section, line + 3);
        tag = dr_streq(line, ".TP");
    }
}

static size_t
report_missing(const struct words *from, const struct words *in, const char *where)
{
    size_t n = 0;
    for (size_t i = 0; i < from->n; i++)
        if (!words_have(in, from->list[i])) {
            print_error("%s lacks %s\n", where, from->list[i]);
            n++;
        }
    return n;
}

static void
manual_page_and_schema_name_the_same_keys(void **state)
{
    (void)state;
    dr_auto(words_free) struct words schema = {0};
    dr_auto(words_free) struct words manual = {0};
    dr_config_keys(schema_key, &schema);
    manual_keys(&manual);
    assert_true(schema.n > 100);
    size_t wrong = report_missing(&schema, &manual, "docs/man/drstor.yaml.5");
    wrong += report_missing(&manual, &schema, "the schema");
    assert_int_equal(wrong, 0);
    printf("figure config_keys_documented %zu of %zu\n", manual.n, schema.n);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(manual_page_and_schema_name_the_same_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
