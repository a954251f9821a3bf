#include "base/file.h"
#include "base/str.h"
#include "plugin/elf.h"

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
    static struct dr_str text;
    char *bytes = NULL;
    size_t n = 0;
    if (dr_file_read(TEST_PLUGINS "/drstor_good.so", 64 << 20, &bytes, &n, NULL) < 0)
        return -1;
    text = (struct dr_str){bytes, n, n};
    *state = &text;
    return 0;
}

static int
unload(void **state)
{
    dr_str_freep(*state);
    return 0;
}

static int
read_copy(const char *bytes, size_t n, struct dr_elf *ret)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    unsigned char *copy = dr_alloc0(n, 1); /* its end is where a sanitizer looks */
    memcpy(copy, bytes, n);
    int r = dr_elf_read(a, "x.so", copy, n, ret, NULL);
    free(copy);
    return r;
}

static void
symbols_are_those_of_the_file(void **state)
{
    const struct dr_str *file = *state;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_elf elf;
    assert_int_equal(dr_elf_read(a, "x.so", (const unsigned char *)file->s, file->n, &elf, NULL),
                     DRSTOR_OK);
    bool entry = false, strcmp_there = false, libc = false;
    for (size_t i = 0; i < elf.n_exports; i++)
        entry = entry || dr_streq(elf.exports[i].name, "drstor_plugin_entry");
    for (size_t i = 0; i < elf.n_imports; i++)
        strcmp_there = strcmp_there || dr_streq(elf.imports[i].name, "strcmp");
    for (size_t i = 0; i < elf.n_needed; i++)
        libc = libc || dr_streq(elf.needed[i], "libc.so.6");
    assert_true(entry && strcmp_there && libc);
    assert_null(elf.run_path);
}

static void
every_cut_is_refused(void **state)
{
    const struct dr_str *file = *state;
    struct dr_elf elf;
    size_t step = file->n > 8192 ? file->n / 4096 : 1, total = 0, refused = 0;
    for (size_t n = 0; n < file->n; n += n < 4096 ? 1 : step) {
        total++;
        refused += read_copy(file->s, n, &elf) == DRSTOR_E_INVALID;
    }
    printf("figure elf_cuts_refused %zu of %zu\n", refused, total);
    assert_int_equal(refused, total);
}

static void
wrong_bytes_are_survived(void **state)
{
    struct dr_str *file = *state;
    static const unsigned char values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    struct dr_elf elf;
    /* Headers and dynamic tables lie at the front; the rest is sampled. */
    size_t step = file->n / 2048 + 1, tried = 0;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    for (size_t i = 0; i < file->n; i += i < 2048 ? 1 : step)
        for (size_t k = 0; k < sizeof(values); k++) {
            char was = file->s[i];
            file->s[i] = (char)values[k];
            (void)dr_elf_read(a, "x.so", (const unsigned char *)file->s, file->n, &elf, NULL);
            file->s[i] = was;
            tried++;
            if (tried % 512 == 0) {
                dr_arena_free(a);
                a = dr_arena_new();
            }
        }
    assert_true(tried > 10000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(symbols_are_those_of_the_file),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(wrong_bytes_are_survived),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
