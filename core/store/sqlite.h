/* Inside core/store: the directory of the database, its schema, and what is checked at open. */
#ifndef DR_STORE_SQLITE_H
#define DR_STORE_SQLITE_H

#include "store/ops.h"

#include <sqlite3.h>

enum { STORE_APPLICATION_ID = 0x64727374 /* "drst" */, STORE_SCHEMA_VERSION = 1 };

/* ---- directory.c ----------------------------------------------------------------------------- */

struct store_dir {
    int fd;       /* of the directory (X11) */
    int locks_fd; /* of locks/ below it; -1 when reading and it is not there */
    char *path;   /* without any link in it */
    char *file;   /* the database's own name */
    char *full;
    uid_t uid;
    gid_t gid;
};

/* With WRITE, creates what is missing. NOTFOUND without it. R094 on a network file system. */
int store_dir_open(const char *path, enum dr_store_mode mode, struct store_dir *ret,
                   struct drstor_error **err);
void store_dir_close(struct store_dir *d);
/* Does the database exist and may it be trusted? NOTFOUND when there is none. */
int store_dir_check_file(const struct store_dir *d, enum dr_store_mode mode, int64_t *ret_size,
                         struct drstor_error **err);
/* A journal without its database means that the database is gone, not that there never was one. */
int store_dir_check_leftovers(const struct store_dir *d, struct drstor_error **err);
/* Is FS (statfs) one that other machines write to? */
bool store_fs_is_network(long fs);
/* OK with *RET_FD, or BUSY. */
int store_dir_lock(const struct store_dir *d, const char *name, int *ret_fd,
                   struct drstor_error **err);
bool store_dir_lock_held(const struct store_dir *d, const char *name);

/* ---- schema.c -------------------------------------------------------------------------------- */

/* Creates the database under a name of its own and gives it its name when it is whole and
 * synced. */
int store_schema_create(const struct store_dir *d, struct drstor_error **err);
/* Sets and reads back what this connection must be like; checks identity, version and size. */
int store_schema_open(sqlite3 *db, struct dr_env *env, const struct store_dir *d,
                      enum dr_store_mode mode, struct drstor_error **err);

/* ---- sqlite.c -------------------------------------------------------------------------------- */

/* One place that knows what each result of SQLite means to a caller. */
int store_sqlite_fail(sqlite3 *db, int rc, bool writing, const char *path,
                      struct drstor_error **err);
/* Rolls back what a dead writer left half done; a result of SQLite. */
int store_sqlite_repair(const struct store_dir *d, int patience_ms);
/* The connection, for tests that look behind the interface. */
sqlite3 *store_sqlite_db(struct dr_store *s);
int store_sqlite_damaged(const char *path, const char *why, struct drstor_error **err);

#endif
