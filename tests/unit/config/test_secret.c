/* Secrets by reference: what is taken, what is refused and with which words. */
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/drstor-secret-XXXXXX";
static struct dr_arena *arena;

static const char *
put(const char *name, const char *bytes, size_t n, mode_t mode)
{
    const char *path = dr_arena_printf(arena, "%s/%s", folder, name);
    (void)unlink(path);
    dr_auto(dr_closep) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n), (ssize_t)n);
    assert_int_equal(fchmod(fd, mode), 0);
    return path;
}

static const char *
put_text(const char *name, const char *text, mode_t mode)
{
    return put(name, text, strlen(text), mode);
}

/* Loads an array whose password is REFERENCE; the message, or NULL when it was taken as WANT. */
static const char *
load(const char *reference, const char *want)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    dr_auto(dr_config_freep) struct dr_model *m = NULL;
    const char *name = dr_arena_printf(arena, "%s/drstor.yaml", folder);
    const char *text = dr_arena_printf(arena,
                                       "version: 1\n"
                                       "controller: { name: c, site: milan }\n"
                                       "sites: { milan: {}, rome: {} }\n"
                                       "arrays: { a: { plugin: p, site: milan, password: %s } }\n",
                                       reference);
    const struct dr_config_options options = {
        .credentials_dir = want && dr_streq(want, "no credentials") ? "" : folder};
    int r = dr_config_load_text(text, strlen(text), name, &options, &m, &err);
    if (r < 0) {
        assert_int_equal(r, DRSTOR_E_INVALID);
        const char *hit = strstr(dr_error_message(err), "\"password\" of array a");
        assert_non_null(hit);
        return dr_arena_str(arena, hit + strlen("\"password\" of array a"));
    }
    assert_non_null(m->arrays[0].at.password);
    assert_string_equal(dr_secret_bytes(m->arrays[0].at.password), want);
    return NULL;
}

static const char *
file(const char *path)
{
    return dr_arena_printf(arena, "{ file: %s }", path);
}

static void
one_newline_at_the_end_is_not_part_of_it(void **state)
{
    (void)state;
    assert_null(load(file(put_text("a", "hunter2\n", 0600)), "hunter2"));
    assert_null(load(file(put_text("a", "hunter2", 0400)), "hunter2"));
    assert_null(load(file(put_text("a", "hunter2\n\n", 0600)), "hunter2\n"));
    assert_null(load(file(put_text("a", " spaces \n", 0600)), " spaces "));
}

static void
a_relative_name_starts_at_the_configuration(void **state)
{
    (void)state;
    (void)put_text("beside", "hunter2\n", 0600);
    assert_null(load("{ file: beside }", "hunter2"));
}

static void
a_file_that_cannot_be_trusted_is_refused(void **state)
{
    (void)state;
    const char *path = put_text("open", "hunter2\n", 0644);
    assert_string_equal(
        load(file(path), NULL),
        dr_arena_printf(arena, ": %s can be read by others (mode 644); chmod 600 %s", path, path));
    path = dr_arena_printf(arena, "%s/none", folder);
    assert_string_equal(
        load(file(path), NULL),
        dr_arena_printf(arena, ": cannot open %s: No such file or directory", path));
    const char *link = dr_arena_printf(arena, "%s/link", folder);
    assert_int_equal(symlink(put_text("target", "hunter2\n", 0600), link), 0);
    assert_string_equal(load(file(link), NULL),
                        dr_arena_printf(arena, ": %s is a link; name the file itself", link));
    assert_string_equal(load(file(folder), NULL),
                        dr_arena_printf(arena, ": %s is not a regular file", folder));
    const char *shared = dr_arena_printf(arena, "%s/shared", folder);
    assert_int_equal(mkdir(shared, 0700), 0);
    path = put_text("shared/a", "hunter2\n", 0600);
    assert_int_equal(chmod(shared, 0777), 0);
    assert_non_null(strstr(load(file(path), NULL), "can be written by others (mode 777)"));
}

static void
somebody_elses_file_is_refused(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip(); /* only root can give a file away */
    const char *path = put_text("theirs", "hunter2\n", 0600);
    assert_int_equal(chown(path, 12345, 12345), 0);
    assert_string_equal(
        load(file(path), NULL),
        dr_arena_printf(arena, ": %s belongs to user 12345, not to root or to us", path));
}

static void
size_and_content_are_checked(void **state)
{
    (void)state;
    char big[4099];
    memset(big, 'x', sizeof(big));
    big[4096] = '\n';
    assert_null(load(file(put("big", big, 4097, 0600)), dr_arena_strn(arena, big, 4096)));
    assert_string_equal(load(file(put("big", big, 4098, 0600)), NULL),
                        " is longer than 4096 bytes");
    big[4096] = 'x';
    assert_string_equal(load(file(put("big", big, 4097, 0600)), NULL),
                        " is longer than 4096 bytes");
    assert_string_equal(load(file(put_text("empty", "", 0600)), NULL), " is empty");
    assert_string_equal(load(file(put_text("empty", "\n", 0600)), NULL), " is empty");
    assert_string_equal(load(file(put("nul", "hun\0ter2", 8, 0600)), NULL), " holds a NUL byte");
}

static void
a_credential_comes_from_systemds_folder(void **state)
{
    (void)state;
    (void)put_text("ontap-b", "hunter2\n", 0400);
    assert_null(load("{ credential: ontap-b }", "hunter2"));
    (void)put_text("ontap-b", "hunter2\n", 0444);
    assert_non_null(strstr(load("{ credential: ontap-b }", NULL), "can be read by others"));
    assert_string_equal(load("{ credential: ontap-b }", "no credentials"),
                        ": $CREDENTIALS_DIRECTORY is not set; start drstor as a systemd unit with "
                        "LoadCredential=, or name a file");
    assert_string_equal(load("{ credential: a/b }", NULL), ": a credential is a name, not a path");
}

static void
a_credential_may_be_shared_by_an_access_list_of_root(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip(); /* only root can own it */
    const char *path = put_text("ontap-b", "hunter2\n", 0440);
    assert_int_equal(chown(path, 0, 0), 0);
    assert_null(load("{ credential: ontap-b }", "hunter2"));
    assert_non_null(strstr(load(file(path), NULL), "can be read by others (mode 440)"));
    assert_int_equal(chown(path, 0, 12345), 0);
    assert_int_equal(chmod(path, 0440), 0);
    assert_non_null(strstr(load("{ credential: ontap-b }", NULL), "can be read by others"));
}

static void
a_descriptor_is_read_to_its_end(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(write(ends[1], "hun", 3), 3);
    assert_int_equal(write(ends[1], "ter2\n", 5), 5);
    (void)close(ends[1]);
    assert_null(load(dr_arena_printf(arena, "{ fd: %d }", ends[0]), "hunter2"));
    assert_string_equal(load(dr_arena_printf(arena, "{ fd: %d }", ends[0]), NULL), " is empty");
    (void)close(ends[0]);
    assert_string_equal(
        load(dr_arena_printf(arena, "{ fd: %d }", ends[0]), NULL),
        dr_arena_printf(arena, ": cannot read descriptor %d: Bad file descriptor", ends[0]));
}

static const char *
check_mapping(const char *text, mode_t mode, struct dr_model **ret)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    (void)put_text("vars", text, mode);
    const char *path = put_text("drstor.yaml",
                                "version: 1\n"
                                "controller: { name: c, site: milan }\n"
                                "sites: { milan: {}, rome: {} }\n"
                                "rhv: { mapping: vars }\n",
                                0644);
    int r = dr_config_load(path, ret, &err);
    return r < 0 ? dr_arena_str(arena, dr_error_message(err)) : NULL;
}

static void
passwords_in_a_mapping_need_a_file_of_mode_0600(void **state)
{
    (void)state;
    static const char with[] = "dr_sites_primary_password: hunter2\n";
    dr_auto(dr_config_freep) struct dr_model *m = NULL;
    assert_null(check_mapping("dr_partial_import: True\n", 0644, &m));
    dr_config_freep(&m);
    const char *message = check_mapping(with, 0644, &m);
    assert_non_null(strstr(message, "vars:1:28: "));
    assert_non_null(strstr(message, "can be read by others (mode 644); chmod 600 "));
    assert_null(strstr(message, "hunter2"));
    assert_null(check_mapping(with, 0600, &m));
    assert_string_equal(dr_secret_bytes(m->mapping.primary.password), "hunter2");
}

static void
programs_are_not_taken_from_a_file_that_others_can_write(void **state)
{
    (void)state;
    static const char text[] = "version: 1\n"
                               "controller: { name: c, site: milan }\n"
                               "plugin_dir: /usr/lib/drstor/plugins\n"
                               "sites: { milan: {}, rome: {} }\n"
                               "rhv: { hooks: [ { after: start, run: [/bin/true] } ] }\n";
    dr_auto(dr_problems_clear) struct dr_problems problems = {0};
    assert_int_equal(dr_config_check(put_text("drstor.yaml", text, 0644), &problems), DRSTOR_OK);
    assert_int_equal(dr_config_check(put_text("drstor.yaml", text, 0664), &problems),
                     DRSTOR_E_INVALID);
    assert_int_equal(problems.n, 2);
    assert_non_null(strstr(problems.list[0].message, "plugin_dir is only taken from a file"));
    assert_non_null(strstr(problems.list[1].message, "hooks are only taken from a file"));
    assert_non_null(strstr(problems.list[1].hint, "chmod go-w"));
}

static int
setup(void **state)
{
    (void)state;
    arena = dr_arena_new();
    return mkdtemp(folder) ? 0 : -1;
}

static int
teardown(void **state)
{
    (void)state;
    static const char *const names[] = {"a",        "beside",  "open",   "link",        "target",
                                        "shared/a", "shared",  "theirs", "big",         "empty",
                                        "nul",      "ontap-b", "vars",   "drstor.yaml", "."};
    for (size_t i = 0; i < DR_COUNT(names); i++)
        (void)remove(dr_streq(names[i], ".") ? folder
                                             : dr_arena_printf(arena, "%s/%s", folder, names[i]));
    dr_arena_free(arena);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_newline_at_the_end_is_not_part_of_it),
        cmocka_unit_test(a_relative_name_starts_at_the_configuration),
        cmocka_unit_test(a_file_that_cannot_be_trusted_is_refused),
        cmocka_unit_test(somebody_elses_file_is_refused),
        cmocka_unit_test(size_and_content_are_checked),
        cmocka_unit_test(a_credential_comes_from_systemds_folder),
        cmocka_unit_test(a_credential_may_be_shared_by_an_access_list_of_root),
        cmocka_unit_test(a_descriptor_is_read_to_its_end),
        cmocka_unit_test(passwords_in_a_mapping_need_a_file_of_mode_0600),
        cmocka_unit_test(programs_are_not_taken_from_a_file_that_others_can_write),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
