/* Rows in SQLite (safety 5.1), and a lock file per group beside the database. */
#include "store/sqlite.h"

#include "base/file.h"

#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum statement { GET, PUT, DEL, NEXT, NEXT_OF, LAST_OF, STATEMENTS };

struct lock {
    char *group;
    int fd;
};

struct sqlite {
    struct store_dir dir;
    enum dr_store_mode mode;
    sqlite3 *db;
    sqlite3_stmt *statements[STORE_TABLES][STATEMENTS];
    bool writing;
    int patience_ms;
    struct lock *locks;
    size_t n_locks, cap_locks;
};

/* ---- what went wrong ------------------------------------------------------------------------- */

int
store_sqlite_damaged(const char *path, const char *why, struct drstor_error **err)
{
    int r = dr_refuse(err, "R090",
                      "the store %s is damaged: %s. Arrays and virtual machines are as they were; "
                      "nothing was changed, and nothing will be while the store cannot be read",
                      path, why);
    dr_hint(
        err,
        "copy %s and %s-journal aside; `drstor journal export` prints what can still be read; "
        "then restore a copy, or move the file away and `drstor adopt` each group from its arrays",
        path, path);
    return r;
}

int
store_sqlite_fail(sqlite3 *db, int rc, bool writing, const char *path, struct drstor_error **err)
{
    const char *text =
        db && sqlite3_errcode(db) != SQLITE_OK ? sqlite3_errmsg(db) : sqlite3_errstr(rc);
    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return dr_fail(err, DRSTOR_E_BUSY,
                       "the store %s is in use by another process for longer than we wait; nothing "
                       "was changed",
                       path);
    case SQLITE_NOMEM:
        return dr_fail(err, writing ? DRSTOR_E_INTERNAL : DRSTOR_E_NOMEM, "out of memory");
    default:
        break;
    }
    if (writing)
        return dr_fail(
            err, DRSTOR_E_INTERNAL,
            "cannot write the store %s: %s (SQLite %d, errno %d). What was being written may "
            "or may not be there; stop, and resume the run when the store can be written",
            path, text, rc, db ? sqlite3_system_errno(db) : 0);
    switch (rc & 0xff) {
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        return dr_fail(err, DRSTOR_E_INVALID, "cannot open the store %s: %s", path, text);
    case SQLITE_READONLY: {
        int r = dr_refuse(err, "R090",
                          "the store %s holds a write that was cut off, and we may not repair it",
                          path);
        dr_hint(err, "run this command once as the user that owns %s", path);
        return r;
    }
    default:
        return store_sqlite_damaged(path, text, err);
    }
}

static int
fail(struct sqlite *q, int rc, struct drstor_error **err)
{
    return store_sqlite_fail(q->db, rc, q->writing, q->dir.full, err);
}

/* ---- transactions ---------------------------------------------------------------------------- */

static int
run_sql(struct sqlite *q, const char *sql)
{
    return sqlite3_exec(q->db, sql, NULL, NULL, NULL);
}

/*
 * A writer died in the middle of a commit and left its journal. SQLite rolls it back before anybody
 * reads, but not through a connection that only reads. Putting back what was is no change, and a
 * look after a crash is when it is needed most: so we do it, where we may.
 */
int
store_sqlite_repair(const struct store_dir *d, int patience_ms)
{
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(d->full, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, NULL);
    if (rc == SQLITE_OK) {
        (void)sqlite3_busy_timeout(db, patience_ms);
        rc = sqlite3_exec(db, "PRAGMA synchronous = EXTRA; SELECT 1 FROM sqlite_schema LIMIT 1;",
                          NULL, NULL, NULL);
    }
    (void)sqlite3_close(db);
    return rc;
}

static void
sqlite_rollback(void *impl)
{
    struct sqlite *q = impl;
    if (!sqlite3_get_autocommit(q->db))
        (void)run_sql(q, "ROLLBACK");
    q->writing = false;
}

static int
sqlite_begin(void *impl, bool write, struct drstor_error **err)
{
    struct sqlite *q = impl;
    int rc;
    if (write) {
        rc = run_sql(q, "BEGIN IMMEDIATE");
        int kind = rc & 0xff;
        if (rc !=
            SQLITE_OK) /* nothing was written yet: damage is a refusal, an I/O error is fatal */
            return store_sqlite_fail(q->db, rc, kind != SQLITE_CORRUPT && kind != SQLITE_NOTADB,
                                     q->dir.full, err);
        q->writing = true;
        return DRSTOR_OK;
    }
    static const char sql[] = "BEGIN; SELECT 1 FROM counter LIMIT 1;"; /* takes the read lock now */
    rc = run_sql(q, sql);
    if (rc == SQLITE_READONLY_ROLLBACK) {
        sqlite_rollback(q);
        if (store_sqlite_repair(&q->dir, q->patience_ms) == SQLITE_OK)
            rc = run_sql(q, sql);
    }
    if (rc == SQLITE_OK)
        return DRSTOR_OK;
    int r = fail(q, rc, err);
    sqlite_rollback(q);
    return r;
}

static int
sqlite_commit(void *impl, struct drstor_error **err)
{
    struct sqlite *q = impl;
    int rc = run_sql(q, "COMMIT");
    int r = rc == SQLITE_OK || !q->writing ? DRSTOR_OK : fail(q, rc, err);
    sqlite_rollback(q);
    return r;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static const char *
sql_text(enum statement which)
{
    switch (which) {
    case GET:
        return "SELECT value FROM %s WHERE id = ?1 AND sub = ?2";
    case PUT:
        return "INSERT INTO %s (id, sub, value) VALUES (?1, ?2, ?3) "
               "ON CONFLICT (id, sub) DO UPDATE SET value = excluded.value";
    case DEL:
        return "DELETE FROM %s WHERE id = ?1 AND sub = ?2";
    case NEXT:
        return "SELECT id, sub, value FROM %s WHERE (id, sub) > (?1, ?2) ORDER BY id, sub LIMIT ?3";
    case NEXT_OF:
        return "SELECT id, sub, value FROM %s WHERE id = ?1 AND sub > ?2 ORDER BY sub LIMIT ?3";
    case LAST_OF:
        return "SELECT id, sub, value FROM %s WHERE id = ?1 AND sub < ?2 ORDER BY sub DESC LIMIT "
               "?3";
    case STATEMENTS:
        break;
    }
    return "";
}

static int
statement(struct sqlite *q, enum store_table t, enum statement which, sqlite3_stmt **ret)
{
    sqlite3_stmt **s = &q->statements[t][which];
    int rc = SQLITE_OK;
    if (!*s) {
        char *sql = sqlite3_mprintf(sql_text(which), store_table_names[t]);
        rc = sql ? sqlite3_prepare_v3(q->db, sql, -1, SQLITE_PREPARE_PERSISTENT, s, NULL)
                 : SQLITE_NOMEM;
        sqlite3_free(sql);
    }
    *ret = *s;
    return rc;
}

static int
bind(sqlite3_stmt *s, int i, const char *text)
{
    return sqlite3_bind_text(s, i, text, -1, SQLITE_STATIC);
}

static void
done(sqlite3_stmt *s)
{
    if (!s)
        return;
    (void)sqlite3_reset(s);
    (void)sqlite3_clear_bindings(s);
}

/* NULL when it is not a text: damage. */
static const char *
column(struct dr_arena *a, sqlite3_stmt *s, int i)
{
    if (sqlite3_column_type(s, i) != SQLITE_TEXT)
        return NULL;
    const char *text = (const char *)sqlite3_column_text(s, i);
    size_t n = (size_t)sqlite3_column_bytes(s, i);
    return text && strlen(text) == n ? dr_arena_strn(a, text, n) : NULL;
}

static int
sqlite_get(void *impl, struct dr_arena *a, enum store_table t, const char *id, const char *sub,
           const char **ret, struct drstor_error **err)
{
    struct sqlite *q = impl;
    sqlite3_stmt *s = NULL;
    int r = DRSTOR_OK, rc = statement(q, t, GET, &s);
    if (rc == SQLITE_OK)
        rc = bind(s, 1, id);
    if (rc == SQLITE_OK)
        rc = bind(s, 2, sub);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        const char *value = column(a, s, 0);
        if (value)
            *ret = value;
        else
            r = store_damaged(t, id, sub, err);
    } else if (rc == SQLITE_DONE) {
        r = dr_fail(err, DRSTOR_E_NOTFOUND, "there is no %s %s", store_table_names[t], id);
    } else {
        r = fail(q, rc, err);
    }
    done(s);
    return r;
}

static int
write_row(struct sqlite *q, enum store_table t, enum statement which, const char *id,
          const char *sub, const char *value, struct drstor_error **err)
{
    sqlite3_stmt *s = NULL;
    int rc = statement(q, t, which, &s);
    if (rc == SQLITE_OK)
        rc = bind(s, 1, id);
    if (rc == SQLITE_OK)
        rc = bind(s, 2, sub);
    if (rc == SQLITE_OK && value)
        rc = bind(s, 3, value);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    int r = rc == SQLITE_DONE ? DRSTOR_OK : fail(q, rc, err);
    done(s);
    return r;
}

static int
sqlite_put(void *impl, enum store_table t, const char *id, const char *sub, const char *value,
           struct drstor_error **err)
{
    return write_row(impl, t, PUT, id, sub, value, err);
}

static int
sqlite_del(void *impl, enum store_table t, const char *id, const char *sub,
           struct drstor_error **err)
{
    return write_row(impl, t, DEL, id, sub, NULL, err);
}

static int
bind_range(sqlite3_stmt *s, const struct store_range *range)
{
    int rc = bind(s, 1, range->id ? range->id : range->after_id ? range->after_id : "");
    if (rc != SQLITE_OK)
        return rc;
    if (range->after_sub)
        rc = bind(s, 2, range->after_sub);
    else if (range->newest_first)
        rc = sqlite3_bind_zeroblob(s, 2, 0); /* any blob is after any text */
    else
        rc = bind(s, 2, "");
    if (rc != SQLITE_OK)
        return rc;
    return sqlite3_bind_int64(s, 3, range->limit < INT32_MAX ? (int64_t)range->limit : -1);
}

static int
sqlite_scan(void *impl, struct dr_arena *a, enum store_table t, const struct store_range *range,
            struct store_row **ret, size_t *ret_n, struct drstor_error **err)
{
    struct sqlite *q = impl;
    sqlite3_stmt *s = NULL;
    struct store_row *rows = NULL;
    size_t n = 0;
    int rc = statement(q, t, range->newest_first ? LAST_OF : range->id ? NEXT_OF : NEXT, &s);
    if (rc == SQLITE_OK)
        rc = bind_range(s, range);
    int r = DRSTOR_OK;
    while (rc == SQLITE_OK && r == DRSTOR_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        struct store_row row = {column(a, s, 0), column(a, s, 1), column(a, s, 2)};
        if (row.id && row.sub && row.value)
            dr_arena_push(a, rows, n) = row;
        else
            r = store_damaged(t, row.id ? row.id : "?", row.sub ? row.sub : "?", err);
        rc = SQLITE_OK;
    }
    if (r == DRSTOR_OK && rc != SQLITE_DONE)
        r = fail(q, rc, err);
    done(s);
    if (r == DRSTOR_OK) {
        *ret = rows;
        *ret_n = n;
    }
    return r;
}

/* ---- locks ----------------------------------------------------------------------------------- */

static struct lock *
lock_find(struct sqlite *q, const char *group)
{
    for (size_t i = 0; i < q->n_locks; i++)
        if (strcmp(q->locks[i].group, group) == 0)
            return &q->locks[i];
    return NULL;
}

static int
sqlite_lock(void *impl, const char *group, struct drstor_error **err)
{
    struct sqlite *q = impl;
    int fd = -1;
    int r = store_dir_lock(&q->dir, group, &fd, err);
    if (r < 0)
        return r;
    dr_push(q->locks, q->n_locks, q->cap_locks) =
        (struct lock){.group = dr_strdup(group), .fd = fd};
    return DRSTOR_OK;
}

/* Closed, not unlocked: workers that hold it, too, keep it as long as they live. */
static void
lock_close(struct sqlite *q, struct lock *l)
{
    dr_closep(&l->fd);
    free(l->group);
    *l = q->locks[--q->n_locks];
}

/* Whoever gives it back has waited for its workers' calls, so it is taken from them as well. */
static void
sqlite_unlock(void *impl, const char *group)
{
    struct sqlite *q = impl;
    struct lock *l = lock_find(q, group);
    if (!l)
        return;
    (void)flock(l->fd, LOCK_UN);
    lock_close(q, l);
}

static int
sqlite_lock_fd(void *impl, const char *group)
{
    struct lock *l = lock_find(impl, group);
    return l ? l->fd : -1;
}

static bool
sqlite_lock_held(void *impl, const char *group)
{
    struct sqlite *q = impl;
    return store_dir_lock_held(&q->dir, group);
}

/* ---- open and close -------------------------------------------------------------------------- */

static void
sqlite_patience(void *impl, int ms)
{
    struct sqlite *q = impl;
    q->patience_ms = ms;
    (void)sqlite3_busy_timeout(q->db, ms);
}

static void
sqlite_close(void *impl)
{
    struct sqlite *q = impl;
    for (size_t t = 0; t < STORE_TABLES; t++)
        for (size_t i = 0; i < STATEMENTS; i++)
            (void)sqlite3_finalize(q->statements[t][i]);
    (void)sqlite3_close(q->db);
    while (q->n_locks)
        lock_close(q, &q->locks[0]);
    free(q->locks);
    store_dir_close(&q->dir);
    free(q);
}

static const struct dr_store_ops sqlite_ops = {.begin = sqlite_begin,
                                               .commit = sqlite_commit,
                                               .rollback = sqlite_rollback,
                                               .get = sqlite_get,
                                               .put = sqlite_put,
                                               .del = sqlite_del,
                                               .scan = sqlite_scan,
                                               .lock = sqlite_lock,
                                               .unlock = sqlite_unlock,
                                               .lock_fd = sqlite_lock_fd,
                                               .lock_held = sqlite_lock_held,
                                               .patience = sqlite_patience,
                                               .close = sqlite_close};

static int
open_database(struct dr_env *env, struct sqlite *q, struct drstor_error **err)
{
    int64_t size;
    int r = store_dir_check_file(&q->dir, q->mode, &size, NULL);
    if (r == DRSTOR_E_NOTFOUND && q->mode == DR_STORE_WRITE) {
        r = store_schema_create(&q->dir, err);
        if (r < 0)
            return r;
    }
    r = store_dir_check_file(&q->dir, q->mode, &size, err);
    if (r < 0)
        return r;
    int mode = q->mode == DR_STORE_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    int rc = sqlite3_open_v2(
        q->dir.full, &q->db,
        mode | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (rc != SQLITE_OK)
        return store_sqlite_fail(q->db, rc, false, q->dir.full, err);
    sqlite_patience(q, 5000);
    return store_schema_open(q->db, env, &q->dir, q->mode, err);
}

int
dr_store_open(struct dr_env *env, const char *path, enum dr_store_mode mode, struct dr_store **ret,
              struct drstor_error **err)
{
    struct store_dir dir;
    int r = store_dir_open(path, mode, &dir, err);
    if (r < 0)
        return r;
    struct sqlite *q = dr_new0(struct sqlite);
    q->dir = dir;
    q->mode = mode;
    r = open_database(env, q, err);
    if (r < 0)
        sqlite_close(q);
    else
        *ret = store_new(env, mode, &sqlite_ops, q);
    return r;
}

sqlite3 *
store_sqlite_db(struct dr_store *s)
{
    return ((struct sqlite *)s->impl)->db;
}
