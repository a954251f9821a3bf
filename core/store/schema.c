/*
 * The tables, and what a connection must be like before anything rests on it.
 *
 * A database is created under a name of its own and renamed when it is whole: so an empty or short
 * file under the store's name is always damage, and never a new store with epochs from 1.
 */
#include "store/sqlite.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static const char plain[] =
    "(id TEXT NOT NULL, sub TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (id, sub)) "
    "STRICT, WITHOUT ROWID";
static const char of_run[] =
    "(id TEXT NOT NULL REFERENCES run (id), sub TEXT NOT NULL, value TEXT NOT NULL, "
    "PRIMARY KEY (id, sub)) STRICT, WITHOUT ROWID";
static const char runs[] =
    "(id TEXT NOT NULL UNIQUE, sub TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (id, sub)) "
    "STRICT, WITHOUT ROWID";

/* For people with the sqlite3 program; drstor itself does not use them. */
static const char views[] =
    "CREATE VIEW runs AS SELECT id, value->>'verb' AS verb, value->>'state' AS state,"
    " value->>'started' AS started, value->>'ended' AS ended, value->>'groups' AS groups FROM run;"
    "CREATE VIEW steps AS SELECT id AS run, sub AS step, value->>'order' AS \"order\","
    " value->>'state' AS state, value->>'job' AS job FROM step;"
    "CREATE VIEW events AS SELECT id AS run, CAST(sub AS INTEGER) AS seq, value->>'time' AS time,"
    " value->>'step' AS step, value->>'state' AS state, value->>'text' AS text FROM event;"
    "CREATE VIEW audits AS SELECT CAST(sub AS INTEGER) AS seq, value->>'time' AS time,"
    " value->>'what' AS what, value->>'group' AS \"group\", value->>'outcome' AS outcome,"
    " value->>'who' AS who FROM audit;";

static const char *
columns(enum store_table t)
{
    if (t == STORE_RUN)
        return runs;
    return t == STORE_RUN_DOC || t == STORE_STEP || t == STORE_EVENT ? of_run : plain;
}

static int
create(const char *path, struct drstor_error **err)
{
    sqlite3 *db = NULL;
    struct dr_str sql = {0};
    dr_str_printf(&sql,
                  "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = FULL; BEGIN;"
                  "PRAGMA application_id = %d; PRAGMA user_version = %d;",
                  (int)STORE_APPLICATION_ID, (int)STORE_SCHEMA_VERSION);
    for (int t = 0; t < STORE_TABLES; t++)
        dr_str_printf(&sql, "CREATE TABLE %s %s;", store_table_names[t],
                      columns((enum store_table)t));
    dr_str_printf(&sql, "%s COMMIT;", views);
    int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, sql.s, NULL, NULL, NULL);
    int r = rc == SQLITE_OK ? DRSTOR_OK : store_sqlite_fail(db, rc, true, path, err);
    (void)sqlite3_close(db);
    dr_str_freep(&sql);
    return r;
}

static int
create_locked(const struct store_dir *d, struct drstor_error **err)
{
    int64_t size;
    if (store_dir_check_file(d, DR_STORE_WRITE, &size, NULL) != DRSTOR_E_NOTFOUND)
        return DRSTOR_OK; /* somebody else was first */
    int r = store_dir_check_leftovers(d, err);
    if (r < 0)
        return r;
    dr_auto(dr_str_freep) struct dr_str name = {0};
    dr_auto(dr_str_freep) struct dr_str full = {0};
    dr_str_printf(&name, "%s.new", d->file);
    dr_str_printf(&full, "%s.new", d->full);
    (void)unlinkat(d->fd, name.s, 0);
    dr_auto(dr_closep) int fd =
        openat(d->fd, name.s, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return dr_fail(err, DRSTOR_E_INTERNAL, "cannot create %s: %m", full.s);
    r = create(full.s, err);
    if (r < 0)
        return r;
    if (geteuid() == 0 && d->uid != 0 && fchown(fd, d->uid, d->gid) < 0)
        return dr_fail(err, DRSTOR_E_INTERNAL, "cannot give %s to its directory's owner: %m",
                       full.s);
    if (fsync(fd) < 0 || renameat2(d->fd, name.s, d->fd, d->file, RENAME_NOREPLACE) < 0 ||
        fsync(d->fd) < 0)
        return dr_fail(err, DRSTOR_E_INTERNAL, "cannot create the store %s: %m", d->full);
    return DRSTOR_OK;
}

int
store_schema_create(const struct store_dir *d, struct drstor_error **err)
{
    dr_auto(dr_closep) int fd =
        openat(d->locks_fd, ".create", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return dr_fail(err, DRSTOR_E_INTERNAL, "cannot open %s/locks/.create: %m", d->path);
    /* Held for the few milliseconds below, so waiting for it is bounded by them. */
    while (flock(fd, LOCK_EX) < 0)
        if (errno != EINTR)
            return dr_fail(err, DRSTOR_E_INTERNAL, "cannot lock %s/locks/.create: %m", d->path);
    return create_locked(d, err);
}

/* ---- at open --------------------------------------------------------------------------------- */

/* The first column of the first row, as text; the caller frees. */
static int
ask(sqlite3 *db, const char *sql, char **ret)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &q, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(q);
    if (rc == SQLITE_ROW) {
        const unsigned char *text = sqlite3_column_text(q, 0);
        *ret = dr_strdup(text ? (const char *)text : "");
        rc = SQLITE_OK;
    } else if (rc == SQLITE_DONE) {
        *ret = dr_strdup("");
        rc = SQLITE_OK;
    }
    int end = sqlite3_finalize(q);
    return rc == SQLITE_OK ? SQLITE_OK : end != SQLITE_OK ? end : rc;
}

/* Read through SQLite's own descriptor: opening the file a second time would cost it its locks. */
static int
check_header(sqlite3 *db, const struct store_dir *d, enum dr_store_mode mode,
             struct drstor_error **err)
{
    sqlite3_file *file = NULL;
    unsigned char head[100];
    int rc = sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (rc != SQLITE_OK || !file || !file->pMethods)
        return store_sqlite_fail(db, SQLITE_CANTOPEN, false, d->full, err);
    rc = file->pMethods->xRead(file, head, sizeof(head), 0);
    if (rc == SQLITE_IOERR_SHORT_READ)
        return store_sqlite_damaged(d->full, "the file is cut short", err);
    if (rc != SQLITE_OK)
        return store_sqlite_fail(db, rc, false, d->full, err);
    if (memcmp(head, "SQLite format 3", 16) != 0)
        return store_sqlite_damaged(d->full, "it is not a database", err);
    /*
     * Write-ahead mode, which somebody must have set by hand: an act converts it back, alone on the
     * file, so the race between two connections that the mode has cannot strike. A look does not
     * write, and reading such a file would.
     */
    if ((head[18] == 2 || head[19] == 2) && mode != DR_STORE_WRITE) {
        int r = dr_refuse(err, "R090",
                          "the store %s was switched to write-ahead mode by another program; it is "
                          "not read in that mode",
                          d->full);
        dr_hint(err,
                "any acting command converts it back, or: sqlite3 %s 'PRAGMA "
                "journal_mode=TRUNCATE'",
                d->full);
        return r;
    }
    return DRSTOR_OK;
}

static int
set_up(sqlite3 *db, const struct store_dir *d, enum dr_store_mode mode, struct drstor_error **err)
{
    dr_auto(dr_freep) char *journal = NULL, *sync = NULL;
    /* Salvage: writable_schema makes SQLite go on where sizes and schema do not agree. */
    int rc = mode == DR_STORE_SALVAGE
                 ? sqlite3_exec(db, "PRAGMA writable_schema = ON", NULL, NULL, NULL)
                 : sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db,
                          "PRAGMA synchronous = EXTRA; PRAGMA foreign_keys = ON;"
                          "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;"
                          "PRAGMA temp_store = MEMORY;",
                          NULL, NULL, NULL);
    /* TRUNCATE: as safe as DELETE with EXTRA, without creating a file for each commit. */
    if (rc == SQLITE_OK && mode == DR_STORE_WRITE)
        rc = ask(db, "PRAGMA journal_mode = TRUNCATE", &journal);
    if (rc == SQLITE_OK)
        rc = ask(db, "PRAGMA synchronous", &sync);
    if (rc != SQLITE_OK)
        return store_sqlite_fail(db, rc, false, d->full, err);
    if (journal && strcmp(journal, "truncate") != 0)
        return dr_fail(err, DRSTOR_E_BUSY,
                       "the store %s cannot be taken out of journal mode %s now", d->full, journal);
    if (strcmp(sync, "3") != 0)
        return dr_fail(err, DRSTOR_E_INTERNAL, "this SQLite (%s) knows no synchronous = EXTRA",
                       sqlite3_libversion());
    return DRSTOR_OK;
}

static int
number(sqlite3 *db, const char *sql, long long *ret)
{
    dr_auto(dr_freep) char *text = NULL;
    int rc = ask(db, sql, &text);
    if (rc == SQLITE_OK)
        *ret = strtoll(text, NULL, 10);
    return rc;
}

static int
check_identity(sqlite3 *db, const struct store_dir *d, enum dr_store_mode mode,
               struct drstor_error **err)
{
    long long application = 0, version = 0, page = 0, tables = 0;
    int rc = number(db, "SELECT count(*) FROM sqlite_schema WHERE type = 'table'", &tables);
    if (rc == SQLITE_OK)
        rc = number(db, "PRAGMA application_id", &application);
    if (rc == SQLITE_OK)
        rc = number(db, "PRAGMA user_version", &version);
    if (rc == SQLITE_OK)
        rc = number(db, "PRAGMA page_size", &page);
    if (rc != SQLITE_OK)
        return store_sqlite_fail(db, rc, false, d->full, err);
    if (application != STORE_APPLICATION_ID)
        return store_sqlite_damaged(d->full, "it is a database of another program", err);
    if (version > STORE_SCHEMA_VERSION) {
        int r =
            dr_refuse(err, "R093",
                      "the store %s was written by a newer drstor (version %lld, this one knows "
                      "%d); nothing was changed",
                      d->full, version, (int)STORE_SCHEMA_VERSION);
        dr_hint(err, "use the newer drstor");
        return r;
    }
    if (version < 1 || tables != STORE_TABLES)
        return store_sqlite_damaged(d->full, "tables are missing", err);
    /* A last page in part: SQLite would read the rest of it as zeros. */
    int64_t size = 0;
    int r = store_dir_check_file(d, mode, &size, err);
    if (r == DRSTOR_OK && (page < 512 || size % page != 0))
        r = store_sqlite_damaged(d->full, "the file is cut short", err);
    return r;
}

struct bound {
    struct dr_env *env;
    uint64_t until_ns;
};

static int
too_long(void *user)
{
    struct bound *b = user;
    return dr_now_ns(b->env) > b->until_ns;
}

static int
quick_check(sqlite3 *db, struct dr_env *env, const struct store_dir *d, struct drstor_error **err)
{
    /* A store of years is large: then this stops after two seconds, content with what it has seen;
     * records and audit lines carry checksums of their own. */
    struct bound b = {.env = env, .until_ns = dr_now_ns(env) + 2 * DR_S};
    dr_auto(dr_freep) char *verdict = NULL;
    sqlite3_progress_handler(db, 10000, too_long, &b);
    int rc = ask(db, "PRAGMA quick_check(1)", &verdict);
    sqlite3_progress_handler(db, 0, NULL, NULL);
    if ((rc & 0xff) == SQLITE_INTERRUPT)
        return DRSTOR_OK;
    if (rc != SQLITE_OK)
        return store_sqlite_fail(db, rc, false, d->full, err);
    return strcmp(verdict, "ok") == 0 ? DRSTOR_OK : store_sqlite_damaged(d->full, verdict, err);
}

int
store_schema_open(sqlite3 *db, struct dr_env *env, const struct store_dir *d,
                  enum dr_store_mode mode, struct drstor_error **err)
{
    static const char look[] = "SELECT 1 FROM sqlite_schema LIMIT 1";
    int r = check_header(db, d, mode, err);
    if (r == DRSTOR_OK && mode == DR_STORE_READ &&
        sqlite3_exec(db, look, NULL, NULL, NULL) == SQLITE_READONLY_ROLLBACK)
        (void)store_sqlite_repair(d, 5000); /* did it not work, what follows says so */
    if (r == DRSTOR_OK)
        r = set_up(db, d, mode, err);
    if (r < 0 || mode == DR_STORE_SALVAGE)
        return r;
    /* One read transaction: the file's size must be that of the moment its header was read. */
    int rc = sqlite3_exec(db, "BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1;", NULL, NULL, NULL);
    r = rc == SQLITE_OK ? check_identity(db, d, mode, err)
                        : store_sqlite_fail(db, rc, false, d->full, err);
    if (!sqlite3_get_autocommit(db))
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    if (r == DRSTOR_OK && mode == DR_STORE_WRITE)
        r = quick_check(db, env, d, err);
    return r;
}
