/*
 * Inside core/store: what a kind of store must be able to do, and how the rest of the folder uses
 * it. Rows of small tables, found by (id, sub), in transactions; and a lock per group that dies
 * with its holder. A store shared by several controllers needs no more than this either.
 */
#ifndef DR_STORE_OPS_H
#define DR_STORE_OPS_H

#include "base/str.h"
#include "store/store.h"

#include <pthread.h>

enum store_table {
    STORE_RECORD = 0, /* group */
    STORE_ASIDE,      /* group, when: damaged records that were replaced */
    STORE_OWNER,      /* group */
    STORE_COUNTER,    /* name */
    STORE_RUN,        /* run */
    STORE_RUN_DOC,    /* run, "goal" | "plan" | "consent" | "result" */
    STORE_RUN_ORDER,  /* "", number -> run */
    STORE_RUN_OPEN,   /* "", run */
    STORE_STEP,       /* run, step */
    STORE_EVENT,      /* run, number */
    STORE_AUDIT,      /* "", number */
    STORE_ENDPOINT,   /* kind, name */
    STORE_COPY,       /* group, site */
    STORE_ENGINE,     /* site */
    STORE_CONSENT,    /* plan, uid: waits for a second person */
    STORE_TABLES
};
extern const char *const store_table_names[STORE_TABLES];

struct store_row {
    const char *id, *sub, *value;
};

/* Rows in order of (id, sub). */
struct store_range {
    const char *id;                   /* only these; NULL: all */
    const char *after_id, *after_sub; /* exclusive; NULL: from the start (or the end) */
    bool newest_first;                /* only with id */
    size_t limit;
};

struct dr_store_ops {
    /* A read transaction sees one moment; of write transactions one is open at a time. */
    int (*begin)(void *impl, bool write, struct drstor_error **err);
    int (*commit)(void *impl, struct drstor_error **err);
    void (*rollback)(void *impl);

    /* Only in a transaction. */
    int (*get)(void *impl, struct dr_arena *a, enum store_table t, const char *id, const char *sub,
               const char **ret, struct drstor_error **err); /* NOTFOUND */
    int (*put)(void *impl, enum store_table t, const char *id, const char *sub, const char *value,
               struct drstor_error **err);
    int (*del)(void *impl, enum store_table t, const char *id, const char *sub,
               struct drstor_error **err);
    int (*scan)(void *impl, struct dr_arena *a, enum store_table t, const struct store_range *range,
                struct store_row **ret, size_t *ret_n, struct drstor_error **err);

    /* The lock itself, without waiting: OK or BUSY. */
    int (*lock)(void *impl, const char *group, struct drstor_error **err);
    void (*unlock)(void *impl, const char *group);
    int (*lock_fd)(void *impl, const char *group);
    bool (*lock_held)(void *impl, const char *group); /* by anybody */

    void (*patience)(void *impl, int ms);
    /* Locks that are still taken are left as a process that dies leaves them. */
    void (*close)(void *impl);
};

/* A record as its text was read last: the same bytes need not be read twice. */
struct store_seen {
    char *text;
    struct dr_arena *arena; /* of record */
    struct dr_record record;
};

struct store_held {
    char *group;
    int64_t token;
    int64_t seen_ns; /* when its row was last written */
};

struct dr_store {
    struct dr_env *env;
    const struct dr_store_ops *ops;
    void *impl;
    enum dr_store_mode mode;
    pthread_mutex_t mutex;       /* recursive: held from begin to commit */
    bool open;                   /* dr_store_begin was called */
    unsigned depth;              /* of store_enter */
    struct drstor_error *failed; /* the first write inside it that failed */
    bool broken;
    struct store_held *held;
    size_t n_held, cap_held;
    struct store_seen *seen;
    size_t n_seen, cap_seen;
};

struct dr_store *store_new(struct dr_env *env, enum dr_store_mode mode,
                           const struct dr_store_ops *ops, void *impl);

/*
 * Every call is: r = store_enter(...); if OK, work; return store_leave(s, write, r, err). Inside
 * dr_store_begin(), or one another, these join the transaction that is open.
 */
int store_enter(struct dr_store *s, bool write, struct drstor_error **err);
int store_leave(struct dr_store *s, bool write, int r, struct drstor_error **err);

/* Thin: only between enter and leave. */
int store_get(struct dr_store *s, struct dr_arena *a, enum store_table t, const char *id,
              const char *sub, const char **ret, struct drstor_error **err);
/* Passes VALUE through the redaction filter (X2); records have a checksum and carry no secrets. */
int store_put(struct dr_store *s, enum store_table t, const char *id, const char *sub,
              const char *value, struct drstor_error **err);
int store_scan(struct dr_store *s, struct dr_arena *a, enum store_table t,
               const struct store_range *range, struct store_row **ret, size_t *ret_n,
               struct drstor_error **err);
/* A struct as JSON. */
int store_put_map(struct dr_store *s, enum store_table t, const char *id, const char *sub,
                  const struct dr_type *type, const void *in, struct drstor_error **err);
int store_read_map(struct dr_arena *a, enum store_table t, const struct store_row *row,
                   const struct dr_type *type, void *out, struct drstor_error **err);
int store_get_map(struct dr_store *s, struct dr_arena *a, enum store_table t, const char *id,
                  const char *sub, const struct dr_type *type, void *out,
                  struct drstor_error **err);
/* R090 for a row that cannot be understood. */
int store_damaged(enum store_table t, const char *id, const char *sub, struct drstor_error **err);

/* Raises the counter and answers its new value. */
int store_count(struct dr_store *s, const char *name, int64_t *ret, struct drstor_error **err);
/* Numbers as keys, so that text order is their order. */
struct store_number {
    char text[24];
};
struct store_number store_number(int64_t n);

struct dr_stamp store_now(struct dr_store *s);
/* X6 without "/": safe as a file name, in a sentence and on a terminal. */
int store_check_name(const char *what, const char *name, struct drstor_error **err);

/* store/record.c */
void store_seen_free(struct dr_store *s);

/* store/lock.c: notes in the owner rows that S still writes. */
int store_touch_locks(struct dr_store *s, struct drstor_error **err);

/* store/export.c: rows as JSON lines. A crc is of its line, begun with the crc of the one before.
 */
struct store_lines {
    dr_export_fn fn;
    void *user;
    uint32_t crc;
    int64_t lines;
};
int store_lines_put(struct store_lines *e, const char *table, const struct store_row *row);
int store_lines_end(struct store_lines *e, const struct drstor_error *damage);
/* CONFLICT when LINE does not go with CRC, which moves on. *RET_BODY: of it, what comes before its
 * own crc; the last brace is not in it. */
int store_lines_check(uint32_t *crc, const char *line, size_t n, size_t *ret_body,
                      struct drstor_error **err);

/* store/merge.c: what WRITTEN lacks and this drstor does not know is taken over from BEFORE. */
void store_merge_unknown(const struct dr_type *type, struct json_object *before,
                         struct json_object *written);

#endif
