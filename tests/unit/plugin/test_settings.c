#include "base/str.h"
#include "plugin/loader.h"
#include "plugin/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int
load(void **state)
{
    struct dr_plugin *p = NULL;
    int r = dr_plugin_load(TEST_PLUGINS, "good", &p, NULL);
    *state = p;
    return r;
}

/* Checks "host" and one more setting, which stands at dr.yaml:12:5. */
static void
expect(const struct dr_plugin *p, struct dr_setting s, int status, const char *says,
       const char *hints)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    s.place = (struct dr_place){"dr.yaml", 12, 5};
    const struct dr_setting all[] = {{.key = "host", .value = "h"}, s};
    int r = dr_plugin_check_settings(p, DRSTOR_KEY_ARRAY, all, 2, "array a1", &err);
    assert_int_equal(r, status);
    assert_string_equal(dr_error_message(err), says);
    if (hints)
        assert_string_equal(dr_error_hint(err), hints);
}

static void
settings_are_checked_against_keys(void **state)
{
    const struct dr_plugin *p = *state;
    struct dr_secret *secret = dr_secret_new("sesame", 6);
    expect(p, (struct dr_setting){.key = "port", .value = "8443"}, DRSTOR_OK, "", NULL);
    expect(p, (struct dr_setting){.key = "wait", .value = "5m"}, DRSTOR_OK, "", NULL);
    expect(p, (struct dr_setting){.key = "strict", .value = "yes"}, DRSTOR_OK, "", NULL);
    expect(p, (struct dr_setting){.key = "password", .secret = secret}, DRSTOR_OK, "", NULL);
    expect(p, (struct dr_setting){.key = "prot", .value = "1"}, DRSTOR_E_INVALID,
           "dr.yaml:12:5: array a1: plugin good has no key prot", "did you mean port?");
    expect(p, (struct dr_setting){.key = "prefix", .value = "x"}, DRSTOR_E_INVALID,
           "dr.yaml:12:5: array a1: plugin good has no key prefix",
           "its keys are: mode, host, password, port, wait, strict");
    expect(p, (struct dr_setting){.key = "port", .value = "https"}, DRSTOR_E_INVALID,
           "dr.yaml:12:5: array a1: port is \"https\"; it must be a whole number, like 8", NULL);
    expect(p, (struct dr_setting){.key = "wait", .value = "soon"}, DRSTOR_E_INVALID,
           "dr.yaml:12:5: array a1: wait is \"soon\"; it must be a duration, like 30s or 5m", NULL);
    expect(p, (struct dr_setting){.key = "strict", .value = "maybe"}, DRSTOR_E_INVALID,
           "dr.yaml:12:5: array a1: strict is \"maybe\"; it must be true or false", NULL);
    expect(p, (struct dr_setting){.key = "password", .value = "sesame"}, DRSTOR_E_INVALID,
           "dr.yaml:12:5: array a1: password is a secret and must not stand in the configuration",
           NULL);
    expect(p, (struct dr_setting){.key = "port", .secret = secret}, DRSTOR_E_INVALID,
           "dr.yaml:12:5: array a1: port is no secret; give its value", NULL);
    expect(p, (struct dr_setting){.key = "port"}, DRSTOR_E_INVALID,
           "dr.yaml:12:5: array a1: port has no value", NULL);
    expect(p, (struct dr_setting){.key = "host", .value = "i"}, DRSTOR_E_INVALID,
           "dr.yaml:12:5: array a1: host is given twice", NULL);
    dr_secret_free(secret);
}

static void
a_required_key_must_be_there(void **state)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    assert_int_equal(dr_plugin_check_settings(*state, DRSTOR_KEY_ARRAY, NULL, 0, "array a1", &err),
                     DRSTOR_E_INVALID);
    assert_string_equal(dr_error_message(err), "array a1: the key host of plugin good is missing");
    assert_string_equal(dr_error_hint(err), "host: where it is");
    assert_int_equal(dr_plugin_check_settings(*state, DRSTOR_KEY_COPY, NULL, 0, "copy", NULL),
                     DRSTOR_OK);
}

static void
a_plugin_tells_what_it_is(void **state)
{
    const struct dr_plugin_info *info = dr_plugin_info(*state);
    assert_string_equal(info->name, "good");
    assert_string_equal(info->version, "1.0");
    assert_int_equal(info->n_keys, 7);
    assert_int_equal(dr_plugin_duration(*state, DR_ARRAY_OP_OBSERVE)->worst_ms, 10000);
    assert_null(dr_plugin_duration(*state, DR_ARRAY_OP_TAG));
    assert_int_equal(dr_plugin_worst_ms(*state), 10000);
    assert_true(dr_plugin_can(*state, DR_ARRAY_OP_SUSPEND));
    assert_false(dr_plugin_can(*state, DR_ARRAY_OP_TAG));

    struct json_object *o = dr_plugin_info_json(*state);
    assert_string_equal(dr_json_str(o, "name"), "good");
    assert_int_equal(dr_json_length(dr_json_get(o, "capabilities")), 11);
    assert_non_null(strstr(dr_json_text(o), "\"threads\":\"serial\""));
    assert_non_null(strstr(dr_json_text(o), "{\"operation\":\"observe\",\"typical_ms\":100"));
    json_object_put(o);
}

static void
a_folder_is_listed_with_reasons(void **state)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_plugin_file *files = NULL;
    size_t n = 0, usable = 0;
    assert_int_equal(dr_plugin_list(TEST_PLUGINS, a, &files, &n, NULL), DRSTOR_OK);
    assert_true(n > 10);
    for (size_t i = 0; i < n; i++) {
        assert_true(i == 0 || strcmp(files[i - 1].name, files[i].name) < 0);
        assert_true((files[i].plugin == NULL) == (files[i].error != NULL));
        usable += files[i].plugin != NULL;
        if (strcmp(files[i].name, "good") == 0)
            assert_ptr_equal(files[i].plugin, *state); /* loaded twice is the same object */
        if (strcmp(files[i].name, "extra") == 0)
            assert_non_null(strstr(files[i].error, "exports acme_helper"));
    }
    assert_int_equal(usable, 3); /* good, shape, wild */
}

static void
every_plugin_of_the_build_can_be_used(void **state)
{
    (void)state;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_plugin_file *files = NULL;
    size_t n = 0;
    assert_int_equal(dr_plugin_list(BUILT_PLUGINS, a, &files, &n, NULL), DRSTOR_OK);
    for (size_t i = 0; i < n; i++) {
        if (files[i].error)
            fail_msg("%s", files[i].error);
        assert_string_equal(dr_plugin_info(files[i].plugin)->name, files[i].name);
    }
    assert_true(n > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_are_checked_against_keys),
        cmocka_unit_test(a_required_key_must_be_there),
        cmocka_unit_test(a_plugin_tells_what_it_is),
        cmocka_unit_test(a_folder_is_listed_with_reasons),
        cmocka_unit_test(every_plugin_of_the_build_can_be_used),
    };
    return cmocka_run_group_tests(tests, load, NULL);
}
