/* Damage is said, never acted upon, and never a crash. */
#include "support/store_fixture.h"

#include "base/file.h"
#include "base/str.h"
#include "store/sqlite.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Writes a row behind the back of everything that guards it. */
static void
set_row(struct fixture *f, enum store_table t, const char *id, const char *sub, const char *value)
{
    int r = store_enter(f->s, true, NULL);
    assert_int_equal(r, 0);
    r = value ? f->s->ops->put(f->s->impl, t, id, sub, value, NULL)
              : f->s->ops->del(f->s->impl, t, id, sub, NULL);
    assert_int_equal(store_leave(f->s, true, r, NULL), 0);
}

static const char *
get_row(struct fixture *f, enum store_table t, const char *id, const char *sub)
{
    const char *text = NULL;
    assert_int_equal(store_enter(f->s, false, NULL), 0);
    int r = store_get(f->s, f->a, t, id, sub, &text, NULL);
    assert_int_equal(store_leave(f->s, false, r, NULL), 0);
    return text;
}

static void
a_damaged_record_holds_its_group_only(void **state)
{
    struct fixture *f = *state;
    struct dr_record erp = test_record("erp", 4), crm = test_record("crm", 2), back;
    int64_t t1 = take_lock(f, f->s, "erp"), t2 = take_lock(f, f->s, "crm"), v1 = 0, v2 = 0;
    must(dr_store_cas(f->s, &erp, 0, t1, &v1, err));
    must(dr_store_cas(f->s, &crm, 0, t2, &v2, err));
    fails(DRSTOR_E_REFUSED, "R091", "is sound", dr_store_set_aside(f->s, "erp", t1, false, err));

    char *text = dr_arena_str(f->a, get_row(f, STORE_RECORD, "erp", ""));
    *strstr(text, "rome") = 'd';
    set_row(f, STORE_RECORD, "erp", "", text);
    fails(DRSTOR_E_REFUSED, "R091", "group erp is held",
          dr_store_load(f->s, f->a, "erp", &back, &v1, err));
    fails(DRSTOR_E_REFUSED, "R091", "checksum", dr_store_cas(f->s, &erp, 1, t1, &v1, err));
    fails(DRSTOR_E_REFUSED, "R091", "checksum", dr_store_cas(f->s, &erp, 0, t1, &v1, err));
    must(dr_store_cas(f->s, &crm, v2, t2, &v2, err));

    must(dr_store_set_aside(f->s, "erp", t1, false, err));
    must(dr_store_cas(f->s, &erp, 0, t1, &v1, err));
    must(dr_store_load(f->s, f->a, "erp", &back, &v1, err));
    assert_string_equal(get_row(f, STORE_ASIDE, "erp", store_number(1).text), text);
}

static void
a_record_of_another_group_or_major_is_no_record(void **state)
{
    struct fixture *f = *state;
    struct dr_record erp = test_record("erp", 4), back;
    int64_t token = take_lock(f, f->s, "erp"), version = 0;
    dr_auto(dr_freep) char *moved = dr_record_text(&erp);
    set_row(f, STORE_RECORD, "crm", "", moved);
    fails(DRSTOR_E_REFUSED, "R091", "it is the record of group erp",
          dr_store_load(f->s, f->a, "crm", &back, &version, err));
    erp.schema = "2.0";
    dr_auto(dr_freep) char *newer = dr_record_text(&erp);
    set_row(f, STORE_RECORD, "erp", "", newer);
    fails(DRSTOR_E_REFUSED, "R091", "schema 2.0",
          dr_store_load(f->s, f->a, "erp", &back, &version, err));
    fails(DRSTOR_E_REFUSED, "R091", "schema 2.0",
          dr_store_cas(f->s, &erp, 0, token, &version, err));
}

static void
what_a_newer_minor_wrote_survives_beside_what_it_was_said_of(void **state)
{
    struct fixture *f = *state;
    struct dr_record r = test_record("erp", 1), back;
    struct dr_member members[2];
    int64_t token = take_lock(f, f->s, "erp"), version = 0;
    for (size_t i = 0; i < 2; i++) {
        dr_map_clear(&dr_member_type, &members[i]);
        members[i].id = i ? "vol-b" : "vol-a";
    }
    r.schema = "1.7";
    r.seq = 1;
    r.members = members;
    r.n_members = 2;
    r.consent.plan = "p-1";
    r.consent.by = "anna";
    struct json_object *o = dr_map_write(&dr_record_type, &r);
    dr_json_set_str(o, "quorum", "new at 1.7");
    dr_json_set_i64(dr_json_get(o, "consent"), "second", 17);
    dr_json_set_str(json_object_array_get_idx(dr_json_get(o, "members"), 0), "tier", "gold");
    dr_auto(dr_freep) char *text = dr_record_seal(o);
    (void)json_object_put(o);
    set_row(f, STORE_RECORD, "erp", "", text);

    must(dr_store_load(f->s, f->a, "erp", &back, &version, err));
    assert_int_equal(version, 1);
    struct dr_member swapped[2] = {back.members[1], back.members[0]};
    back.members = swapped;
    back.epoch = 2;
    must(dr_store_cas(f->s, &back, version, token, &version, err));
    const char *stored = get_row(f, STORE_RECORD, "erp", "");
    assert_non_null(strstr(stored, "\"schema\":\"1.7\""));
    assert_non_null(strstr(stored, "\"quorum\":\"new at 1.7\""));
    assert_non_null(strstr(stored, "\"second\":17"));
    assert_true(strstr(stored, "\"tier\":\"gold\"") > strstr(stored, "vol-a"));

    back.consent.plan = "p-2"; /* another consent: what was said of the first is not said of it */
    must(dr_store_cas(f->s, &back, version, token, &version, err));
    stored = get_row(f, STORE_RECORD, "erp", "");
    assert_null(strstr(stored, "\"second\""));
    assert_non_null(strstr(stored, "\"quorum\":\"new at 1.7\""));
    must(dr_store_load(f->s, f->a, "erp", &back, &version, err));
}

static void
ten_audit_lines(struct fixture *f)
{
    for (int i = 1; i <= 10; i++) {
        struct dr_audit e = test_audit("promote", i);
        must(dr_store_audit(f->s, &e, NULL, err));
    }
}

static void
expect_bad_line(struct fixture *f, int64_t line, const char *text)
{
    struct dr_audit_verdict v;
    fails(DRSTOR_E_CONFLICT, NULL, text, dr_store_audit_verify(f->s, &v, err));
    assert_int_equal(v.bad, line);
    assert_int_equal(v.lines, line - 1);
}

static void
an_altered_audit_line_is_found_exactly(void **state)
{
    struct fixture *f = *state;
    ten_audit_lines(f);
    for (int64_t i = 1; i <= 10; i++) {
        const char *key = dr_arena_str(f->a, store_number(i).text);
        const char *right = get_row(f, STORE_AUDIT, "", key);
        for (size_t at = 0; right[at]; at += 7) {
            char *text = dr_arena_str(f->a, right);
            text[at] ^= 1;
            set_row(f, STORE_AUDIT, "", key, text);
            expect_bad_line(f, i, "audit line");
        }
        set_row(f, STORE_AUDIT, "", key, right);
    }
    struct dr_audit_verdict v;
    must(dr_store_audit_verify(f->s, &v, err));
}

static void
a_missing_or_exchanged_audit_line_is_found(void **state)
{
    struct fixture *f = *state;
    ten_audit_lines(f);
    const char *k4 = dr_arena_str(f->a, store_number(4).text);
    const char *k5 = dr_arena_str(f->a, store_number(5).text);
    const char *k10 = dr_arena_str(f->a, store_number(10).text);
    const char *l4 = get_row(f, STORE_AUDIT, "", k4), *l5 = get_row(f, STORE_AUDIT, "", k5);
    set_row(f, STORE_AUDIT, "", k4, NULL);
    expect_bad_line(f, 4, "audit line 4 is missing");
    set_row(f, STORE_AUDIT, "", k4, l5);
    set_row(f, STORE_AUDIT, "", k5, l4);
    expect_bad_line(f, 4, "audit line 4 is missing");
    set_row(f, STORE_AUDIT, "", k4, l4);
    set_row(f, STORE_AUDIT, "", k5, l5);
    set_row(f, STORE_AUDIT, "", k10, NULL);
    expect_bad_line(f, 10, "ends at line 9, but line 10 was written");
}

static void
a_row_that_is_not_json_is_damage(void **state)
{
    struct fixture *f = *state;
    const char *erp = "erp";
    struct dr_run_row run = test_run("r-1", &erp), *runs;
    struct dr_facts facts;
    struct dr_lock lock;
    size_t n;
    must(dr_store_run_new(f->s, &run, err));
    set_row(f, STORE_RUN, "r-1", "", "{\"state\":");
    fails(DRSTOR_E_REFUSED, "R090", "run r-1", dr_store_run_list(f->s, f->a, 9, &runs, &n, err));
    set_row(f, STORE_COPY, "erp", "milan", "[]");
    fails(DRSTOR_E_REFUSED, "R090", "copy erp/milan", dr_store_facts_load(f->s, f->a, &facts, err));
    set_row(f, STORE_OWNER, "erp", "", "x");
    fails(DRSTOR_E_REFUSED, "R090", "owner erp",
          dr_store_lock(f->s, f->a, "erp", &test_actor, "r", "v", 0, NULL, &lock, err));
    set_row(f, STORE_COUNTER, "token", "", "-4");
    fails(DRSTOR_E_REFUSED, "R090", "counter token",
          dr_store_lock(f->s, f->a, "crm", &test_actor, "r", "v", 0, NULL, &lock, err));
}

/* ---- the file -------------------------------------------------------------------------------- */

static void
fill(struct fixture *f)
{
    const char *erp = "erp";
    struct dr_run_row run = test_run("r-1", &erp);
    struct dr_record r = test_record("erp", 1);
    int64_t version = 0, token = take_lock(f, f->s, "erp");
    must(dr_store_cas(f->s, &r, 0, token, &version, err));
    must(dr_store_run_new(f->s, &run, err));
    must(dr_store_begin(f->s, err));
    for (int i = 0; i < 60; i++) {
        struct dr_audit e = test_audit("promote", i);
        must(dr_store_audit(f->s, &e, NULL, err));
    }
    must(dr_store_commit(f->s, err));
    dr_store_closep(&f->s);
}

static int
count_line(void *user, const char *line)
{
    *(size_t *)user += *line == '{';
    return 0;
}

/* Everything a command might do with it; what it answers matters less than that it answers. */
static int
use(struct fixture *f, const char *path, enum dr_store_mode mode)
{
    dr_auto(dr_store_closep) struct dr_store *s = NULL;
    dr_auto(dr_error_freep) struct drstor_error *why = NULL;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    int r = dr_store_open(f->env, path, mode, &s, &why);
    if (r < 0) {
        if (r != DRSTOR_E_REFUSED || !strstr(dr_error_message(why), "damaged") ||
            !dr_streq(dr_error_rule(why), "R090"))
            fail_msg("%d %s: %s", r, dr_error_rule(why), dr_error_message(why));
        assert_non_null(dr_error_hint(why));
        return r;
    }
    struct dr_record record;
    struct dr_run_row run;
    struct dr_facts facts;
    struct dr_audit_verdict v;
    int64_t version;
    size_t lines = 0;
    (void)dr_store_load(s, a, "erp", &record, &version, NULL);
    (void)dr_store_run_load(s, a, "r-1", &run, NULL);
    (void)dr_store_facts_load(s, a, &facts, NULL);
    (void)dr_store_audit_verify(s, &v, NULL);
    (void)dr_store_export(s, count_line, &lines, NULL);
    return DRSTOR_OK;
}

static void
a_truncated_file_is_always_said_to_be_damaged(void **state)
{
    struct fixture *f = *state;
    char cut[160];
    struct stat st;
    fill(f);
    assert_int_equal(stat(f->path, &st), 0);
    (void)snprintf(cut, sizeof(cut), "%s/cut.db", f->dir);
    for (off_t size = 0; size < st.st_size; size += 512) {
        copy_file(f->path, cut);
        assert_int_equal(truncate(cut, size), 0);
        assert_int_equal(use(f, cut, DR_STORE_READ), DRSTOR_E_REFUSED);
        assert_int_equal(use(f, cut, DR_STORE_WRITE), DRSTOR_E_REFUSED);
        if (size > 4096)
            (void)use(f, cut, DR_STORE_SALVAGE);
    }
    assert_int_equal(use(f, f->path, DR_STORE_WRITE), DRSTOR_OK);
}

static void
flipped_bits_never_crash_it(void **state)
{
    struct fixture *f = *state;
    char bad[160];
    struct stat st;
    fill(f);
    assert_int_equal(stat(f->path, &st), 0);
    (void)snprintf(bad, sizeof(bad), "%s/bad.db", f->dir);
    uint64_t seed = 88172645463325252u;
    for (int i = 0; i < 400; i++) {
        copy_file(f->path, bad);
        seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
        /* Often in the page headers, where structure is; after the header's own magic and mode. */
        off_t at = (off_t)(seed % (uint64_t)st.st_size);
        if (i % 2)
            at = at / 4096 * 4096 + (off_t)(seed >> 40) % 24;
        if (at < 24)
            at += 24;
        unsigned char c;
        dr_auto(dr_closep) int fd = open(bad, O_RDWR | O_CLOEXEC);
        assert_int_equal(pread(fd, &c, 1, at), 1);
        c ^= (unsigned char)(1u << (seed >> 61));
        assert_int_equal(pwrite(fd, &c, 1, at), 1);
        dr_closep(&fd);
        if (at >= 60 && at < 72) /* version and application: another test's sentence */
            continue;
        (void)use(f, bad, DR_STORE_READ);
        (void)use(f, bad, DR_STORE_WRITE);
    }
}

static void
what_is_no_database_of_ours_is_left_alone(void **state)
{
    struct fixture *f = *state;
    char path[160];
    (void)snprintf(path, sizeof(path), "%s/note.db", f->dir);
    char text[8192];
    memset(text, 'x', sizeof(text));
    must(dr_file_write(path, text, sizeof(text), 0600, err));
    assert_int_equal(use(f, path, DR_STORE_WRITE), DRSTOR_E_REFUSED);
    sqlite3 *db = NULL;
    (void)snprintf(path, sizeof(path), "%s/theirs.db", f->dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE t (x)", NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(db);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(use(f, path, DR_STORE_WRITE), DRSTOR_E_REFUSED);
    assert_int_equal(use(f, path, DR_STORE_READ), DRSTOR_E_REFUSED);
}

static void
a_journal_without_its_database_is_not_a_new_store(void **state)
{
    struct fixture *f = *state;
    char path[160];
    (void)snprintf(path, sizeof(path), "%s/lost.db-journal", f->dir);
    must(dr_file_write(path, "hot", 3, 0600, err));
    (void)snprintf(path, sizeof(path), "%s/lost.db", f->dir);
    assert_int_equal(use(f, path, DR_STORE_WRITE), DRSTOR_E_REFUSED);
    assert_int_equal(access(path, F_OK), -1);
}

#define T(t) cmocka_unit_test_setup_teardown(t, fixture_sqlite, fixture_end)
#define BOTH(t)                                                                                    \
    {#t " (sqlite)", t, fixture_sqlite, fixture_end, NULL},                                        \
    {                                                                                              \
#t " (memory)", t, fixture_memory, fixture_end, NULL                                       \
    }

int
main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(a_damaged_record_holds_its_group_only),
        BOTH(a_record_of_another_group_or_major_is_no_record),
        BOTH(what_a_newer_minor_wrote_survives_beside_what_it_was_said_of),
        BOTH(a_missing_or_exchanged_audit_line_is_found),
        BOTH(a_row_that_is_not_json_is_damage),
        {"an_altered_audit_line_is_found_exactly", an_altered_audit_line_is_found_exactly,
         fixture_memory, fixture_end, NULL},
        T(a_truncated_file_is_always_said_to_be_damaged),
        T(flipped_bits_never_crash_it),
        T(what_is_no_database_of_ours_is_left_alone),
        T(a_journal_without_its_database_is_not_a_new_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
