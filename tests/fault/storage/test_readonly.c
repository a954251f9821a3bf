/* Verbs that look: no array is asked to change anything, whatever state things are in. */
#include "support/site.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static const struct {
    const char *words;
    int code;
} looks[] = {
    {"status", 0},
    {"status erp db", 0},
    {"plan promote --all --to rome --storage-only", 0},
    {"plan promote erp --to rome --storage-only --unplanned --accept-loss unknown", 0},
    {"promote --all --to rome --storage-only --dry-run", 0},
    {"promote --all --to rome --storage-only --dry-run --yes --unplanned --accept-loss unknown "
     "--declare site-lost:milan --reason test",
     0},
    {"show group erp", 0},
    {"show record erp", 0},
    {"show site milan", 0},
    {"show array sim-rome", 0},
    {"config check", 0},
    {"plugin list", 0},
    {"plugin info simulated", 0},
    {"trust show", 0},
    {"run list", 0},
    {"observe", 0},
    {"observe web", 0},
};
enum { N = sizeof(looks) / sizeof(looks[0]) };

static uint64_t
mutations(struct site *s, bool codes)
{
    const struct sim_log_entry *e = NULL;
    uint64_t before = site_mutating(s), logged = 0;
    for (size_t i = 0; i < N; i++) {
        struct ran r = site_run(s, NULL, looks[i].words);
        if (codes && r.code != looks[i].code)
            fail_msg("%s: %d\n%s%s", looks[i].words, r.code, r.out, r.err);
        assert_true(r.code < 1000);
    }
    size_t n = site_log(s, &e);
    for (size_t i = 0; i < n; i++)
        logged += sim_op_mutates((enum sim_op)e[i].op);
    uint64_t counted = site_mutating(s) - before;
    return counted > logged ? counted : logged;
}

static void
test_looking(void **state)
{
    (void)state;
    uint64_t n = 0;
    /* Never adopted: not even a store is made by looking. */
    struct site *s = site_new(&(struct site_how){.unadopted = true});
    struct stat st;
    struct ran r = site_run(s, NULL, "status");
    assert_int_equal(r.code, 0);
    assert_int_not_equal(stat(site_path(s, "state"), &st), 0);
    n += mutations(s, false);
    site_free(s);

    s = site_new(NULL);
    n += mutations(s, true);
    site_fate(s, "milan", SIM_SITE_SILENT);
    n += mutations(s, false);
    site_fate(s, "milan", SIM_SITE_DEAD);
    n += mutations(s, false);
    assert_int_equal(site_violations(s), 0);
    site_free(s);
    print_message("figure readonly_mutations %llu\n", (unsigned long long)n);
    assert_int_equal(n, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_looking)};
    return cmocka_run_group_tests_name("storage readonly", tests, site_begin, site_end);
}
