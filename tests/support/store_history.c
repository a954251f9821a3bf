#include "support/store_history.h"

static int
flip(struct dr_store *s, int64_t epoch, int64_t token, int64_t *version, struct drstor_error **err)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_record record = test_record("erp", epoch);
    struct dr_audit audit = test_audit("promote commit", epoch);
    struct dr_step_row step = {.run = "r-1",
                               .id = dr_arena_printf(a, "s%lld", (long long)epoch),
                               .state = "intent",
                               .intent = "{\"call\":\"set_access\",\"access\":\"read-write\"}"};
    int r = dr_store_begin(s, err);
    if (r < 0)
        return r;
    r = dr_store_cas(s, &record, *version, token, version, err);
    if (r == DRSTOR_OK)
        r = dr_store_step_put(s, &step, err);
    if (r == DRSTOR_OK)
        r = dr_store_audit(s, &audit, NULL, err);
    if (r == DRSTOR_OK)
        return dr_store_commit(s, err);
    dr_store_rollback(s);
    return r;
}

int
history_write(struct fixture *f, struct dr_store *s, int64_t flips,
              void (*done)(int64_t epoch, void *user), void *user, struct drstor_error **err)
{
    const char *erp = "erp";
    struct dr_run_row run = test_run("r-1", &erp);
    struct dr_record record = {0};
    struct dr_lock lock;
    int64_t version = 0;
    int r = dr_store_lock(s, f->a, "erp", &test_actor, "r-1", "promote", 0, NULL, &lock, err);
    if (r < 0)
        return r;
    r = dr_store_run_new(s, &run, NULL);
    if (r < 0 && r != DRSTOR_E_CONFLICT)
        return dr_fail(err, r, "cannot start the run");
    r = dr_store_load(s, f->a, "erp", &record, &version, NULL);
    if (r < 0 && r != DRSTOR_E_NOTFOUND)
        return dr_fail(err, r, "cannot load the record");
    for (int64_t epoch = record.epoch + 1; epoch <= flips; epoch++) {
        r = flip(s, epoch, lock.token, &version, err);
        if (r < 0)
            return r;
        done(epoch, user);
    }
    return dr_store_unlock(s, "erp", lock.token, err);
}

int64_t
history_check(struct fixture *f)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    struct dr_store *look = NULL, *s = NULL;
    struct dr_record record = {0}, seen = {0};
    struct dr_step_row *steps;
    struct dr_audit_verdict v;
    int64_t version = 0;
    size_t n;

    /* A look first: it must not depend on somebody having repaired the file before. */
    must(dr_store_open(f->env, f->path, DR_STORE_READ, &look, err));
    int r = dr_store_load(look, a, "erp", &seen, &version, NULL);
    assert_true(r == DRSTOR_OK || r == DRSTOR_E_NOTFOUND);
    must(dr_store_open(f->env, f->path, DR_STORE_WRITE, &s, err));
    r = dr_store_load(s, a, "erp", &record, &version, NULL);
    assert_true(r == DRSTOR_OK || r == DRSTOR_E_NOTFOUND);
    must(dr_store_step_list(s, a, "r-1", &steps, &n, err));
    must(dr_store_audit_verify(s, &v, err));
    assert_int_equal(record.epoch, seen.epoch);
    assert_int_equal(record.epoch, version);
    assert_int_equal(record.epoch, n);
    assert_int_equal(record.epoch, v.lines);
    dr_store_close(look);
    dr_store_close(s);
    return record.epoch;
}
