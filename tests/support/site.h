/*
 * Two sites of simulated arrays, a configuration and a store in a folder of their own, and the real
 * command at work on them: started, killed, and judged by what the world and the store then hold.
 *
 * Many cases run beside each other, each in a process and a folder of its own, because most of
 * their time is waiting for arrays that do not answer.
 */
#ifndef TESTS_SUPPORT_SITE_H
#define TESTS_SUPPORT_SITE_H

#include "model/record.h"
#include "store/store.h"

#include "world.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct site {
    char dir[256];
    struct sim_world *world;
    struct dr_arena *arena;    /* of everything that is handed out */
    struct json_object **docs; /* of what ran, freed with the site */
    size_t n_docs;
    unsigned n_commands;
    const char *assert_min;
};

struct site_how {
    bool unadopted;
    bool quiet;             /* nobody writes to the volumes */
    bool stepwise;          /* erp's volumes change one by one */
    unsigned access_ms;     /* of sim-rome: set_access is a job of this length */
    unsigned latency_ms;    /* 0: 2 */
    const char *assert_min; /* NULL: 1s */
};

/* Groups erp (async), db (sync, stops when alone), web (sync): from milan to rome. */
struct site *site_new(const struct site_how *how);
void site_free(struct site *s);
const char *site_path(struct site *s, const char *name);

/* ---- the command --------------------------------------------------------------------------------
 */

#define SITE_KILLED 1009
#define SITE_HUNG 2000
#define SITE_PLANNED "promote --all --to rome --storage-only --yes"
#define SITE_UNPLANNED                                                                             \
    "promote --all --to rome --storage-only --yes --unplanned --accept-loss unknown "              \
    "--declare site-lost:milan --reason test"

struct ran {
    int code; /* exit code; 1000 + signal; SITE_HUNG: it had to be killed */
    const char *out, *err;
    struct json_object *doc; /* the last line of OUT; NULL: it is no JSON */
};

/* WORDS are split at blanks; "-o jsonl" and the configuration are added. ENV: "NAME=VALUE" or NULL.
 */
struct ran site_run(struct site *s, const char *env, const char *words);

struct site_child {
    pid_t pid;
    int events; /* its standard output */
    unsigned number;
};
struct site_child site_start(struct site *s, const char *env, const char *words);
/* After N lines of output, SIGKILL; false: it ended before. */
bool site_kill_after_lines(struct site *s, struct site_child *c, unsigned n);
/* After the world's log has N entries more than FROM. */
bool site_kill_after_entries(struct site *s, struct site_child *c, uint64_t from, unsigned n);
struct ran site_wait(struct site *s, struct site_child *c);

const char *site_text(const struct ran *r, const char *key);
/* Has the report, or an error on stderr, this rule? */
bool site_says(const struct ran *r, const char *what);

/* Resumes, or asks again where nothing was recorded, until the goal says "nothing to do". */
bool site_converge(struct site *s, const char *goal, bool (*between)(struct site *s));

/* ---- what is true now
 * ----------------------------------------------------------------------------- */

void site_fate(struct site *s, const char *site, enum sim_site_state state);
void site_fault(struct site *s, const struct sim_fault *fault);
void site_no_faults(struct site *s);
uint64_t site_violations(struct site *s);
uint64_t site_mutating(struct site *s); /* calls of all arrays */
bool site_record(struct site *s, const char *group, struct dr_record *ret);
/* Copies and records, one line each: what must be equal after any disturbance. */
const char *site_state(struct site *s);
/* Every group writable and seen by its hosts at SITE, steady in the record at EPOCH, no violation.
 */
bool site_served(struct site *s, const char *site, int64_t epoch);

size_t site_log(struct site *s, const struct sim_log_entry **ret);
uint64_t site_log_size(struct site *s);
/* A change that was done, and asked for once more; NULL: none. */
const char *site_repeated(struct site *s);

/* ---- judging
 * --------------------------------------------------------------------------------------- */

/* Says why on stderr and is false. */
bool site_say(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#define SITE_CHECK(good, ...) ((good) || site_say(__FILE__, __LINE__, __VA_ARGS__))

/* RUN(i) for each i below N, each in a process of its own, several at a time; how many were true.
 */
size_t site_each(size_t n, bool (*run)(size_t i));
/* The folder above all others, away at the end; for main(). */
int site_begin(void **state);
int site_end(void **state);

#endif
