/* A store to test with, of either kind, in a directory of its own that goes away again. */
#ifndef SUPPORT_STORE_FIXTURE_H
#define SUPPORT_STORE_FIXTURE_H

#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct fixture {
    bool sqlite;
    char dir[64];
    char path[96]; /* of the database */
    struct dr_env *env;
    struct dr_store_world *world;
    struct dr_store *s; /* the first controller */
    struct dr_arena *a;
};

int fixture_sqlite(void **state);
int fixture_memory(void **state);
int fixture_end(void **state);

/* A further controller on the same store. */
struct dr_store *fixture_other(struct fixture *f, enum dr_store_mode mode);
/* The first controller closes and comes back; a memory store just stays. */
void fixture_reopen(struct fixture *f);

/* Fails the test with the message when R is not OK. */
void must_at(const char *file, int line, int r, struct drstor_error **err);
#define must(call)                                                                                 \
    do {                                                                                           \
        struct drstor_error *must_err = NULL;                                                      \
        struct drstor_error **err = &must_err;                                                     \
        int must_r = (call);                                                                       \
        must_at(__FILE__, __LINE__, must_r, err);                                                  \
    } while (0)

/* Fails the test unless R is STATUS, of RULE, with TEXT in its sentence (NULL: whatever). */
void fails_at(const char *file, int line, int r, struct drstor_error **err, int status,
              const char *rule, const char *text);
#define fails(status, rule, text, call)                                                            \
    do {                                                                                           \
        struct drstor_error *must_err = NULL;                                                      \
        struct drstor_error **err = &must_err;                                                     \
        int must_r = (call);                                                                       \
        fails_at(__FILE__, __LINE__, must_r, err, status, rule, text);                             \
    } while (0)

extern const struct dr_actor test_actor;
int64_t take_lock(struct fixture *f, struct dr_store *s, const char *group);
struct dr_record test_record(const char *group, int64_t epoch);
struct dr_run_row test_run(const char *id, const char **group);
struct dr_audit test_audit(const char *what, int64_t epoch);

/* Copies FROM to TO; for databases at rest. */
void copy_file(const char *from, const char *to);
void remove_tree(const char *dir);

#endif
