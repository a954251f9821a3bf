/* ovirt-dr's file in our own form: nothing of it is lost, and no password is in it. */
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "config/write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const struct dr_config_options no_secrets = {.skip_secrets = true};

static char *
import(const char *path)
{
    struct dr_problems found = {0};
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    char *yaml = NULL;
    if (dr_config_import(path, &yaml, &found, &err) < 0)
        fail_msg("%s: %s", dr_error_message(err), found.n ? found.list[0].message : "");
    dr_problems_clear(&found);
    return yaml;
}

/* TEXT with this folder's name replaced, so that it is the same everywhere. */
static char *
portable(const char *text)
{
    struct dr_str out = {0};
    for (const char *at; (at = strstr(text, CASES)); text = at + strlen(CASES)) {
        dr_str_addn(&out, text, (size_t)(at - text));
        dr_str_add(&out, "CASES");
    }
    dr_str_add(&out, text);
    return dr_str_take(&out);
}

static void
a_whole_file_becomes_a_configuration(void **state)
{
    (void)state;
    dr_auto(dr_freep) char *yaml = import(CASES "/full.vars");
    dr_auto(dr_freep) char *text = portable(yaml), *want = NULL;
    size_t n = 0;
    if (getenv("DRSTOR_GOLDEN_UPDATE"))
        assert_int_equal(dr_file_write(CASES "/full.imported", text, strlen(text), 0644, NULL), 0);
    assert_int_equal(dr_file_read(CASES "/full.imported", 1 << 20, &want, &n, NULL), DRSTOR_OK);
    assert_string_equal(text, want);
}

/* The same model from both: the mapping as ovirt-dr wrote it, and as we wrote it. */
static void
nothing_of_it_is_lost(void **state)
{
    (void)state;
    dr_auto(dr_freep) char *yaml = import(CASES "/full.vars");
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    dr_auto(dr_config_freep) struct dr_model *m = NULL, *of = NULL;
    dr_auto(dr_str_freep) struct dr_str a = {0}, b = {0};
    if (dr_config_load_text(yaml, strlen(yaml), "imported", &no_secrets, &m, &err) < 0)
        fail_msg("%s", dr_error_message(err));
    assert_int_equal(dr_config_load_with(CASES "/full.yaml", &no_secrets, &of, NULL), DRSTOR_OK);
    m->mapping.primary = m->mapping.secondary = of->mapping.primary = of->mapping.secondary =
        (struct dr_mapping_side){0};
    dr_config_write_mapping(&a, &m->mapping, 0);
    dr_config_write_mapping(&b, &of->mapping, 0);
    assert_string_equal(a.s, b.s);
    assert_int_equal(m->mapping.partial_import, of->mapping.partial_import);
    assert_int_equal(m->mapping.reassign_bad_macs, of->mapping.reassign_bad_macs);
    assert_memory_equal(&m->mapping.options.cleanup_retries_maintenance,
                        &of->mapping.options.cleanup_retries_maintenance, sizeof(int64_t));
    assert_string_equal(m->sites[0].engine->at.urls[0], "https://ENGINE-A:443/ovirt-engine/api");
    assert_string_equal(m->sites[1].engine->at.ca, CASES "/ovirt-share/engine-b.pem");
}

static void
a_password_is_never_copied(void **state)
{
    (void)state;
    static const char text[] = "dr_sites_primary_url: https://a/ovirt-engine/api\n"
                               "dr_sites_primary_password: hunter2hunter2\n"
                               "dr_lun_mappings:\n"
                               "- primary_logical_unit_id: 3600a\n"
                               "  primary_storage_type: fcp\n"
                               "  secondary_logical_unit_id: 3600b\n"
                               "  secondary_storage_type: fcp\n"
                               "  secondary_logical_unit_password: hunter3hunter3\n";
    char path[] = "/tmp/drstor-import.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, text, sizeof(text) - 1) == (ssize_t)sizeof(text) - 1);
    dr_auto(dr_freep) char *yaml = import(path);
    assert_null(strstr(yaml, "hunter"));
    assert_non_null(strstr(yaml, "# put the password of line 2 into secrets/engine-primary, mode "
                                 "0600\n"));
    assert_non_null(strstr(yaml, "# put the password of line 8 into secrets/lun-1, mode 0600\n"));
    /* Readable by others it is no place for a password, and not taken. */
    struct dr_problems found = {0};
    char *none = NULL;
    assert_int_equal(fchmod(fd, 0644), 0);
    assert_int_equal(dr_config_import(path, &none, &found, NULL), DRSTOR_E_INVALID);
    assert_true(found.n > 0);
    assert_null(strstr(found.list[0].message, "hunter"));
    dr_problems_clear(&found);
    (void)close(fd);
    assert_int_equal(unlink(path), 0);
}

static void
words_of_yaml_stay_what_they_are(void **state)
{
    (void)state;
    static const char *const words[] = {"plain",
                                        "yes",
                                        "10",
                                        "a: b",
                                        "- x",
                                        "#c",
                                        "it's",
                                        "\"q\"",
                                        "a\tb\\n",
                                        "",
                                        "null",
                                        "x:",
                                        "iqn.2026-01.example:a",
                                        "{{ x"};
    for (size_t i = 0; i < DR_COUNT(words); i++) {
        dr_auto(dr_str_freep) struct dr_str s = {0};
        dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
        struct dr_problems found = {0};
        dr_str_add(&s, "k: ");
        dr_yaml_quote(&s, words[i]);
        const struct dr_yaml *root = dr_yaml_parse(a, s.s, s.n, "x", &found);
        if (!root)
            fail_msg("%s: %s", s.s, found.list[0].message);
        assert_string_equal(root->pairs[0].value->text, words[i]);
        assert_false(root->pairs[0].value->null);
        dr_problems_clear(&found);
    }
}

static void
what_is_no_such_file_is_told_line_by_line(void **state)
{
    (void)state;
    char path[] = "/tmp/drstor-import.XXXXXX";
    static const char text[] = "dr_cluster_mapping: []\ndr_force: perhaps\n";
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, text, sizeof(text) - 1) == (ssize_t)sizeof(text) - 1);
    struct dr_problems found = {0};
    char *none = NULL;
    assert_int_equal(dr_config_import(path, &none, &found, NULL), DRSTOR_E_INVALID);
    assert_int_equal(found.n, 2);
    assert_string_equal(found.list[0].file, path);
    assert_int_equal(found.list[0].line, 1);
    assert_non_null(strstr(found.list[0].hint, "dr_cluster_mappings"));
    dr_problems_clear(&found);
    assert_int_equal(dr_config_import("/nowhere/vars", &none, &found, NULL), DRSTOR_E_INVALID);
    assert_int_equal(found.n, 0);
    (void)close(fd);
    assert_int_equal(unlink(path), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_file_becomes_a_configuration),
        cmocka_unit_test(nothing_of_it_is_lost),
        cmocka_unit_test(a_password_is_never_copied),
        cmocka_unit_test(words_of_yaml_stay_what_they_are),
        cmocka_unit_test(what_is_no_such_file_is_told_line_by_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
