/* What only the store on disk promises: between processes, to the file system, to the next
 * version. */
#include "support/store_fixture.h"

#include "store/sqlite.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

static long long
pragma(sqlite3 *db, const char *name, char *ret_text, size_t n)
{
    char sql[80];
    sqlite3_stmt *q = NULL;
    (void)snprintf(sql, sizeof(sql), "PRAGMA %s", name);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    long long v = sqlite3_column_int64(q, 0);
    if (ret_text)
        (void)snprintf(ret_text, n, "%s", (const char *)sqlite3_column_text(q, 0));
    (void)sqlite3_finalize(q);
    return v;
}

static void
raw(struct fixture *f, const char *sql)
{
    sqlite3 *db = NULL;
    char *why = NULL;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", sql, why);
    (void)sqlite3_close(db);
}

static void
the_journal_and_the_syncing_are_what_was_promised(void **state)
{
    struct fixture *f = *state;
    char text[40];
    sqlite3 *db = store_sqlite_db(f->s);
    (void)pragma(db, "journal_mode", text, sizeof(text));
    assert_string_equal(text, "truncate");
    assert_int_equal(pragma(db, "synchronous", NULL, 0), 3);
    assert_int_equal(pragma(db, "foreign_keys", NULL, 0), 1);
    assert_int_equal(pragma(db, "application_id", NULL, 0), STORE_APPLICATION_ID);
    assert_int_equal(pragma(db, "user_version", NULL, 0), STORE_SCHEMA_VERSION);
}

static unsigned
mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 0777;
}

static void
nobody_else_can_look_into_it(void **state)
{
    struct fixture *f = *state;
    char path[160];
    (void)snprintf(path, sizeof(path), "%s/var/state.db", f->dir);
    struct dr_store *s = NULL;
    mode_t mask = umask(0);
    must(dr_store_open(f->env, path, DR_STORE_WRITE, &s, err));
    (void)umask(mask);
    assert_int_equal(mode_of(path), 0600);
    (void)snprintf(path, sizeof(path), "%s/var", f->dir);
    assert_int_equal(mode_of(path), 0700);
    (void)snprintf(path, sizeof(path), "%s/var/locks", f->dir);
    assert_int_equal(mode_of(path), 0700);
    dr_store_close(s);
}

static void
looking_creates_nothing(void **state)
{
    struct fixture *f = *state;
    char path[160];
    struct dr_store *s = NULL;
    (void)snprintf(path, sizeof(path), "%s/none/state.db", f->dir);
    fails(DRSTOR_E_NOTFOUND, NULL, "there is no store at",
          dr_store_open(f->env, path, DR_STORE_READ, &s, err));
    (void)snprintf(path, sizeof(path), "%s/none", f->dir);
    assert_int_equal(access(path, F_OK), -1);
    (void)snprintf(path, sizeof(path), "%s/none.db", f->dir);
    fails(DRSTOR_E_NOTFOUND, NULL, "there is no store at",
          dr_store_open(f->env, path, DR_STORE_READ, &s, err));
    assert_int_equal(access(path, F_OK), -1);
}

/* Runs FN in a process of its own; its answer is the exit status. */
static int
in_child(struct fixture *f, int (*fn)(struct fixture *f))
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(fn(f));
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int
look_without_rights(struct fixture *f)
{
    struct dr_store *s = NULL;
    struct dr_record r;
    int64_t version;
    if (getuid() == 0 && setuid(65534) != 0)
        return 2;
    int fd = open(f->path, O_RDWR | O_CLOEXEC);
    if (fd >= 0)
        return 3; /* this test would show nothing */
    if (dr_store_open(f->env, f->path, DR_STORE_READ, &s, NULL) < 0)
        return 4;
    return dr_store_load(s, f->a, "erp", &r, &version, NULL) < 0 ? 5 : 0;
}

static void
looking_needs_no_right_to_write(void **state)
{
    struct fixture *f = *state;
    struct dr_record r = test_record("erp", 1);
    int64_t version;
    must(dr_store_cas(f->s, &r, 0, take_lock(f, f->s, "erp"), &version, err));
    dr_store_closep(&f->s);
    if (getuid() == 0) {
        assert_int_equal(chown(f->path, 65534, 65534), 0);
        assert_int_equal(chown(f->dir, 65534, 65534), 0);
    }
    assert_int_equal(chmod(f->path, 0400), 0);
    assert_int_equal(chmod(f->dir, 0500), 0);
    assert_int_equal(in_child(f, look_without_rights), 0);
    assert_int_equal(chmod(f->dir, 0700), 0);
}

static void
a_newer_store_is_refused(void **state)
{
    struct fixture *f = *state;
    struct dr_store *s = NULL;
    raw(f, "PRAGMA user_version = 2");
    fails(DRSTOR_E_REFUSED, "R093", "was written by a newer drstor",
          dr_store_open(f->env, f->path, DR_STORE_WRITE, &s, err));
    fails(DRSTOR_E_REFUSED, "R093", "was written by a newer drstor",
          dr_store_open(f->env, f->path, DR_STORE_READ, &s, err));
}

static void
write_ahead_mode_is_taken_back(void **state)
{
    struct fixture *f = *state;
    struct dr_store *s = NULL;
    char text[40];
    dr_store_closep(&f->s);
    raw(f, "PRAGMA journal_mode = WAL; UPDATE counter SET value = '41' WHERE id = 'token'");
    fails(DRSTOR_E_REFUSED, "R090", "write-ahead mode",
          dr_store_open(f->env, f->path, DR_STORE_READ, &s, err));
    f->s = fixture_other(f, DR_STORE_WRITE);
    (void)pragma(store_sqlite_db(f->s), "journal_mode", text, sizeof(text));
    assert_string_equal(text, "truncate");
    s = fixture_other(f, DR_STORE_READ);
    dr_store_close(s);
}

static void
what_others_may_touch_is_not_trusted(void **state)
{
    struct fixture *f = *state;
    struct dr_store *s = NULL;
    char path[160], link_path[160];
    assert_int_equal(chmod(f->dir, 0777), 0);
    fails(DRSTOR_E_INVALID, NULL, "can be written by others",
          dr_store_open(f->env, f->path, DR_STORE_WRITE, &s, err));
    assert_int_equal(chmod(f->dir, 0700), 0);
    assert_int_equal(chmod(f->path, 0620), 0);
    fails(DRSTOR_E_INVALID, NULL, "can be written by others",
          dr_store_open(f->env, f->path, DR_STORE_WRITE, &s, err));
    assert_int_equal(chmod(f->path, 0600), 0);
    (void)snprintf(link_path, sizeof(link_path), "%s/link.db", f->dir);
    assert_int_equal(symlink(f->path, link_path), 0);
    fails(DRSTOR_E_INVALID, NULL, "is not a regular file",
          dr_store_open(f->env, link_path, DR_STORE_WRITE, &s, err));
    (void)snprintf(path, sizeof(path), "%s/locks/erp", f->dir);
    assert_int_equal(symlink(f->path, path), 0);
    struct dr_lock lock;
    fails(DRSTOR_E_INTERNAL, NULL, "cannot open the lock",
          dr_store_lock(f->s, f->a, "erp", &test_actor, "r", "v", 0, NULL, &lock, err));
}

static void
network_file_systems_are_known(void **state)
{
    (void)state;
    assert_true(store_fs_is_network(0x6969));
    assert_true(store_fs_is_network((long)(int)0xFF534D42));
    assert_false(store_fs_is_network(0xEF53));
    assert_false(store_fs_is_network(0x58465342));
}

static bool on_the_network;

/* In the C library's place: a test mounts nothing. */
int
fstatfs(int fd, struct statfs *buf)
{
    int r = (int)syscall(SYS_fstatfs, fd, buf);
    if (r == 0 && on_the_network)
        buf->f_type = 0x6969;
    return r;
}

static void
a_store_on_a_network_file_system_is_refused(void **state)
{
    struct fixture *f = *state;
    static const enum dr_store_mode modes[] = {DR_STORE_WRITE, DR_STORE_READ};
    char path[160];
    (void)snprintf(path, sizeof(path), "%s/share/state.db", f->dir);
    on_the_network = true;
    for (size_t i = 0; i < DR_COUNT(modes); i++) {
        struct dr_store *s = NULL;
        fails(DRSTOR_E_REFUSED, "R094", "is on a network file system",
              dr_store_open(f->env, i ? f->path : path, modes[i], &s, err));
        assert_null(s);
    }
    on_the_network = false;
    assert_int_equal(access(path, F_OK), -1);
    struct dr_store *s = NULL;
    must(dr_store_open(f->env, path, DR_STORE_WRITE, &s, err));
    dr_store_close(s);
}

/* ---- several processes ----------------------------------------------------------------------- */

struct child {
    pid_t pid;
    int tell, hear; /* one byte each way */
};

static struct child
start(struct fixture *f, void (*fn)(struct fixture *f, int hear, int tell))
{
    int down[2], up[2];
    assert_int_equal(pipe2(down, O_CLOEXEC), 0);
    assert_int_equal(pipe2(up, O_CLOEXEC), 0);
    struct child c = {.pid = fork(), .tell = down[1], .hear = up[0]};
    assert_true(c.pid >= 0);
    if (c.pid == 0) {
        (void)close(down[1]);
        (void)close(up[0]);
        fn(f, down[0], up[1]);
        _exit(0);
    }
    (void)close(down[0]);
    (void)close(up[1]);
    char ready;
    assert_int_equal(read(c.hear, &ready, 1), 1);
    return c;
}

static void
end(struct child *c, int signal)
{
    int status;
    if (signal)
        (void)kill(c->pid, signal);
    (void)close(c->tell);
    assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
    (void)close(c->hear);
}

static void
ready_and_wait(int hear, int tell)
{
    char c = 0;
    if (write(tell, "r", 1) == 1)
        (void)!read(hear, &c, 1);
}

static void
hold_the_lock(struct fixture *f, int hear, int tell)
{
    struct dr_store *s = NULL;
    struct dr_lock lock;
    struct dr_actor me = dr_actor_self(dr_env_real(), f->a, "terminal");
    if (dr_store_open(f->env, f->path, DR_STORE_WRITE, &s, NULL) == 0 &&
        dr_store_lock(s, f->a, "erp", &me, "r-child", "failback", 0, NULL, &lock, NULL) == 0)
        ready_and_wait(hear, tell);
}

static void
another_process_is_named_and_its_death_is_told(void **state)
{
    struct fixture *f = *state;
    struct dr_lock lock;
    struct dr_owner owner;
    char who[80];
    struct child c = start(f, hold_the_lock);
    (void)snprintf(who, sizeof(who), "process %d", (int)c.pid);
    fails(DRSTOR_E_BUSY, NULL, "is locked by run r-child (failback)",
          dr_store_lock(f->s, f->a, "erp", &test_actor, "r", "v", 0, NULL, &lock, err));
    fails(DRSTOR_E_BUSY, NULL, who,
          dr_store_lock(f->s, f->a, "erp", &test_actor, "r", "v", 0, NULL, &lock, err));
    end(&c, SIGKILL);
    must(dr_store_owner(f->s, f->a, "erp", &owner, err));
    assert_false(owner.held);
    must(dr_store_lock(f->s, f->a, "erp", &test_actor, "r", "v", 0, NULL, &lock, err));
    assert_true(lock.owner_died);
    assert_string_equal(lock.before.run, "r-child");
}

static void
just_wait(struct fixture *f, int hear, int tell)
{
    (void)f;
    ready_and_wait(hear, tell);
}

static void
a_worker_that_inherited_the_lock_keeps_it(void **state)
{
    struct fixture *f = *state;
    struct dr_lock lock;
    struct dr_store *other = NULL;
    must(dr_store_open(f->env, f->path, DR_STORE_WRITE, &other, err));
    (void)take_lock(f, other, "erp");
    assert_true(dr_store_lock_fd(other, "erp") >= 0);
    struct child worker = start(f, just_wait);
    dr_store_close(other); /* as if it had died */
    fails(DRSTOR_E_BUSY, NULL, "is locked by run r-1",
          dr_store_lock(f->s, f->a, "erp", &test_actor, "r", "v", 0, NULL, &lock, err));
    end(&worker, SIGKILL);
    must(dr_store_lock(f->s, f->a, "erp", &test_actor, "r", "v", 0, NULL, &lock, err));
    assert_true(lock.owner_died);
}

static void
a_lock_that_is_given_back_is_free_whoever_holds_it_too(void **state)
{
    struct fixture *f = *state;
    struct dr_lock lock;
    int64_t token = take_lock(f, f->s, "erp");
    struct child worker = start(f, just_wait);
    must(dr_store_unlock(f->s, "erp", token, err));
    assert_int_equal(dr_store_lock_fd(f->s, "erp"), -1);
    must(dr_store_lock(f->s, f->a, "erp", &test_actor, "r", "v", 0, NULL, &lock, err));
    assert_false(lock.owner_died);
    end(&worker, SIGKILL);
}

static void
keep_writing(struct fixture *f, int hear, int tell)
{
    struct dr_store *s = NULL;
    if (dr_store_open(f->env, f->path, DR_STORE_WRITE, &s, NULL) == 0 &&
        dr_store_begin(s, NULL) == 0)
        ready_and_wait(hear, tell);
}

static void
two_writers_wait_and_then_are_told(void **state)
{
    struct fixture *f = *state;
    struct dr_audit audit = test_audit("intent", 1);
    struct dr_audit_head head;
    struct child c = start(f, keep_writing);
    dr_store_patience(f->s, 20);
    fails(DRSTOR_E_BUSY, NULL, "is in use by another process",
          dr_store_audit(f->s, &audit, &head, err));
    fails(DRSTOR_E_BUSY, NULL, "is in use by another process", dr_store_begin(f->s, err));
    assert_false(dr_store_broken(f->s));
    must(dr_store_audit_head(f->s, &head, err)); /* reading goes on */
    end(&c, SIGKILL);
    dr_store_patience(f->s, 5000);
    must(dr_store_audit(f->s, &audit, &head, err));
}

static void
keep_reading(struct fixture *f, int hear, int tell)
{
    struct dr_store *s = NULL;
    if (dr_store_open(f->env, f->path, DR_STORE_READ, &s, NULL) == 0 &&
        store_enter(s, false, NULL) == 0)
        ready_and_wait(hear, tell);
}

static void
a_reader_that_hangs_delays_a_write_but_does_not_break_it(void **state)
{
    struct fixture *f = *state;
    struct dr_audit audit = test_audit("intent", 1);
    struct dr_audit_head head;
    struct child c = start(f, keep_reading);
    dr_store_patience(f->s, 20);
    fails(DRSTOR_E_BUSY, NULL, "nothing was changed", dr_store_audit(f->s, &audit, &head, err));
    assert_false(dr_store_broken(f->s));
    end(&c, SIGKILL);
    dr_store_patience(f->s, 5000);
    must(dr_store_audit(f->s, &audit, &head, err));
    assert_int_equal(head.seq, 1);
}

/* Says by its exit whether record and audit ever disagreed. */
static int
read_on(struct fixture *f)
{
    struct dr_store *s = NULL;
    if (dr_store_open(f->env, f->path, DR_STORE_READ, &s, NULL) < 0)
        return 2;
    for (int64_t epoch = 0; epoch < 30;) {
        dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
        struct dr_record r;
        struct dr_audit_head head;
        int64_t version;
        if (store_enter(s, false, NULL) < 0)
            return 3;
        int load = dr_store_load(s, a, "erp", &r, &version, NULL);
        int audit = dr_store_audit_head(s, &head, NULL);
        if (store_leave(s, false, load < 0 ? load : audit, NULL) < 0)
            return 4;
        if (r.epoch != head.seq || r.epoch < epoch)
            return 5;
        epoch = r.epoch;
    }
    dr_store_close(s);
    return 0;
}

static void
many_read_while_one_writes(void **state)
{
    struct fixture *f = *state;
    struct dr_record r = test_record("erp", 1);
    struct dr_audit audit = test_audit("commit", 1);
    int64_t token = take_lock(f, f->s, "erp"), version = 0;
    pid_t readers[4];
    for (int epoch = 1; epoch <= 30; epoch++) {
        r.epoch = epoch;
        must(dr_store_begin(f->s, err));
        must(dr_store_cas(f->s, &r, version, token, &version, err));
        must(dr_store_audit(f->s, &audit, NULL, err));
        must(dr_store_commit(f->s, err));
        if (epoch == 1)
            for (size_t i = 0; i < 4; i++) {
                readers[i] = fork();
                assert_true(readers[i] >= 0);
                if (readers[i] == 0)
                    _exit(read_on(f));
            }
    }
    for (size_t i = 0; i < 4; i++) {
        int status = 0;
        assert_int_equal(waitpid(readers[i], &status, 0), readers[i]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

static int
open_and_count(struct fixture *f)
{
    char path[160];
    struct dr_store *s = NULL;
    struct dr_audit audit = test_audit("first", 1);
    (void)snprintf(path, sizeof(path), "%s/new/state.db", f->dir);
    if (dr_store_open(f->env, path, DR_STORE_WRITE, &s, NULL) < 0)
        return 1;
    int r = dr_store_audit(s, &audit, NULL, NULL);
    dr_store_close(s);
    return r < 0;
}

static void
several_may_create_it_at_once(void **state)
{
    struct fixture *f = *state;
    pid_t pids[6];
    for (size_t i = 0; i < 6; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0)
            _exit(open_and_count(f));
    }
    for (size_t i = 0; i < 6; i++) {
        int status = 0;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    char path[160];
    struct dr_store *s = NULL;
    struct dr_audit_verdict v;
    (void)snprintf(path, sizeof(path), "%s/new/state.db", f->dir);
    must(dr_store_open(f->env, path, DR_STORE_READ, &s, err));
    must(dr_store_audit_verify(s, &v, err));
    assert_int_equal(v.lines, 6);
    dr_store_close(s);
}

#define T(t) cmocka_unit_test_setup_teardown(t, fixture_sqlite, fixture_end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_journal_and_the_syncing_are_what_was_promised),
        T(nobody_else_can_look_into_it),
        T(looking_creates_nothing),
        T(a_store_on_a_network_file_system_is_refused),
        T(looking_needs_no_right_to_write),
        T(a_newer_store_is_refused),
        T(write_ahead_mode_is_taken_back),
        T(what_others_may_touch_is_not_trusted),
        T(network_file_systems_are_known),
        T(another_process_is_named_and_its_death_is_told),
        T(a_worker_that_inherited_the_lock_keeps_it),
        T(a_lock_that_is_given_back_is_free_whoever_holds_it_too),
        T(two_writers_wait_and_then_are_told),
        T(a_reader_that_hangs_delays_a_write_but_does_not_break_it),
        T(many_read_while_one_writes),
        T(several_may_create_it_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
