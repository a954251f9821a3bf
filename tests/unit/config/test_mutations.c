/*
 * The full example cut off at every byte, and changed at random from a fixed seed: the loader never
 * crashes, and whatever it refuses it refuses with a sentence that names the file.
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

enum { MUTATIONS = 10000 };

struct example {
    char *text;
    size_t n;
};

static uint64_t
next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Mappings are named relative to the cases, so that their reader is reached as well. */
static bool
load(const char *text, size_t n)
{
    static const char name[] = CASES "/full.yaml";
    const struct dr_config_options options = {.skip_secrets = true};
    dr_auto(dr_config_freep) struct dr_model *m = NULL;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    /* A copy of the exact size, so that reading past the end is seen. */
    dr_auto(dr_freep) char *copy = dr_alloc0(n, 1);
    memcpy(copy, text, n);
    int r = dr_config_load_text(copy, n, name, &options, &m, &err);
    if (r == DRSTOR_OK) {
        assert_non_null(m);
        return true;
    }
    assert_int_equal(r, DRSTOR_E_INVALID);
    assert_null(m);
    assert_true(strncmp(dr_error_message(err), CASES, sizeof(CASES) - 1) == 0);
    assert_true(strlen(dr_error_message(err)) > sizeof(CASES) + 10);
    assert_null(strchr(dr_error_message(err), '\n'));
    return false;
}

static void
every_truncation_is_loaded_or_refused(void **state)
{
    struct example *e = *state;
    assert_true(load(e->text, e->n));
    size_t refused = 0;
    for (size_t n = 0; n < e->n; n++)
        refused += !load(e->text, n);
    printf("figure config_truncations_refused %zu of %zu\n", refused, e->n);
}

static size_t
mutate(char *text, size_t n, size_t cap, uint64_t *seed)
{
    static const char *const words[] = {
        "{",    "}",    "[",     "]",    ": ", "- ", "\n",
        "\t",   "&a ",  "*a",    "<<: ", "|",  "\"", "'",
        "{{",   "!x ",  "---\n", "\xff", "0",  "-1", "99999999999999999999",
        "null", "rome", "#"};
    size_t at = n ? next(seed) % n : 0;
    switch (next(seed) % 5) {
    case 0: /* one byte becomes another */
        if (n)
            text[at] = (char)next(seed);
        return n;
    case 1: { /* some are lost */
        size_t some = next(seed) % 16;
        if (some > n - at)
            some = n - at;
        memmove(text + at, text + at + some, n - at - some);
        return n - some;
    }
    case 2: { /* a piece is repeated */
        size_t some = next(seed) % 64;
        if (some > n - at)
            some = n - at;
        if (n + some > cap)
            return n;
        memmove(text + at + some, text + at, n - at);
        return n + some;
    }
    case 3: { /* two places change their text */
        size_t other = n ? next(seed) % n : 0;
        char c = n ? text[at] : '\0';
        if (n) {
            text[at] = text[other];
            text[other] = c;
        }
        return n;
    }
    default: { /* a word that means something appears */
        const char *word = words[next(seed) % DR_COUNT(words)];
        size_t some = strlen(word);
        if (n + some > cap)
            return n;
        memmove(text + at + some, text + at, n - at);
        memcpy(text + at, word, some);
        return n + some;
    }
    }
}

static void
random_mutations_are_loaded_or_refused(void **state)
{
    struct example *e = *state;
    size_t cap = e->n + 1024, refused = 0;
    dr_auto(dr_freep) char *text = dr_alloc0(cap, 1);
    uint64_t seed = 0x9e3779b97f4a7c15;
    for (int i = 0; i < MUTATIONS; i++) {
        memcpy(text, e->text, e->n);
        size_t n = e->n;
        for (uint64_t k = next(&seed) % 4; k < 4; k++)
            n = mutate(text, n, cap, &seed);
        refused += !load(text, n);
    }
    printf("figure config_mutations_survived %d of %d\n", MUTATIONS, MUTATIONS);
    assert_true(refused > MUTATIONS / 4);
}

static int
setup(void **state)
{
    static struct example e;
    *state = &e;
    return dr_file_read(CASES "/full.yaml", 1 << 20, &e.text, &e.n, NULL);
}

static int
teardown(void **state)
{
    free(((struct example *)*state)->text);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_truncation_is_loaded_or_refused),
        cmocka_unit_test(random_mutations_are_loaded_or_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
