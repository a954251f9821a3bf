/*
 * Every change of a file that a history of flips makes fails once, in every way we know: the store
 * says so, takes no further write, and the next controller finds what was acknowledged, whole.
 */
#include "support/store_history.h"
#include "support/vfs_fault.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { FLIPS = 6 };

static void
keep(int64_t epoch, void *user)
{
    *(int64_t *)user = epoch;
}

/* Answers the status; the last acknowledged epoch in *RET. */
static int
run_history(struct fixture *f, int64_t *ret, struct drstor_error **err)
{
    dr_auto(dr_store_closep) struct dr_store *s = NULL;
    *ret = 0;
    int r = dr_store_open(f->env, f->path, DR_STORE_WRITE, &s, err);
    if (r < 0)
        return r;
    r = history_write(f, s, FLIPS, keep, ret, err);
    if (r == DRSTOR_OK) {
        struct dr_endpoint_facts e = {
            .kind = DR_ENDPOINT_ARRAY, .name = "x", .site = "milan", .asked = true};
        e.last_answer = e.silent_since = (struct dr_stamp){.utc = 1, .boot_ns = 1, .boot = "b"};
        struct dr_facts facts = {.now = e.last_answer, .endpoints = &e, .n_endpoints = 1};
        r = dr_store_facts_save(s, &facts, err);
    }
    if (r < 0) {
        assert_int_equal(r, DRSTOR_E_INTERNAL);
        assert_true(dr_store_broken(s));
        struct dr_audit audit = test_audit("after", 1);
        assert_int_equal(dr_store_audit(s, &audit, NULL, NULL), DRSTOR_E_INTERNAL);
    }
    return r;
}

static int64_t
fault_at(struct fixture *f, const char *template, enum vfs_fault_kind kind, long k)
{
    dr_auto(dr_error_freep) struct drstor_error *why = NULL;
    char journal[160];
    int64_t acknowledged;
    (void)snprintf(journal, sizeof(journal), "%s-journal", f->path);
    (void)remove(journal);
    copy_file(template, f->path);
    vfs_fault_arm(kind, k);
    int r = run_history(f, &acknowledged, &why);
    vfs_fault_arm(VFS_FAULT_NONE, 0);
    if (r < 0 && (!*dr_error_message(why) || r == DRSTOR_E_BUSY))
        fail_msg("change %ld: %d %s", k, r, dr_error_message(why));
    int64_t epoch = history_check(f);
    if (epoch < acknowledged || epoch > acknowledged + 1)
        fail_msg("kind %d, change %ld: %lld were acknowledged, %lld are there", (int)kind, k,
                 (long long)acknowledged, (long long)epoch);
    return r < 0 ? 1 : 0;
}

static void
no_fault_of_the_disk_loses_or_halves_anything(void **state)
{
    struct fixture *f = *state;
    char template[160];
    dr_store_closep(&f->s);
    (void)snprintf(template, sizeof(template), "%s/template.db", f->dir);
    copy_file(f->path, template);

    vfs_fault_arm(VFS_FAULT_NONE, 0);
    int64_t epoch;
    must(run_history(f, &epoch, err));
    assert_int_equal(epoch, FLIPS);
    long changes = vfs_fault_count(), points = 0, noticed = 0;
    assert_int_equal(history_check(f), FLIPS);
    assert_true(changes > 50);
    for (int kind = VFS_FAULT_ONCE; kind < VFS_FAULT_KINDS; kind++)
        for (long k = 1; k <= changes; k++, points++)
            noticed += fault_at(f, template, (enum vfs_fault_kind)kind, k);
    printf("figure store_io_faults %ld of %ld\n", points, 4 * changes);
    printf("figure store_io_faults_noticed %ld of %ld\n", noticed, points);
    assert_int_equal(points, 4 * changes);
}

static int
install(void **state)
{
    vfs_fault_install();
    return fixture_sqlite(state);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_fault_of_the_disk_loses_or_halves_anything, install,
                                        fixture_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
