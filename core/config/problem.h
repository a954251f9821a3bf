/*
 * What is wrong in a configuration: a list, because a person wants to mend everything in one go.
 * Each problem is one sentence with its place and, when we have one, what to do.
 */
#ifndef DR_CONFIG_PROBLEM_H
#define DR_CONFIG_PROBLEM_H

#include "base/arena.h"
#include "model/model.h"

/* More than this helps nobody; the rest is only counted. */
#define DR_PROBLEMS_MAX 200

struct dr_problem {
    const char *file;
    unsigned line, column; /* 0: the file as a whole */
    const char *message;
    const char *hint; /* NULL: none */
};

/* Starts as {0}; dr_problems_clear() gives everything back. */
struct dr_problems {
    struct dr_arena *arena;
    struct dr_problem *list; /* in the order of the files, after dr_problems_sort() */
    size_t n;
    size_t n_found; /* more than n when the list is full */
};

/* HINT may be NULL. All text passes the redaction filter. */
void dr_problems_add(struct dr_problems *p, const struct dr_place *place, const char *hint,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));
void dr_problems_clear(struct dr_problems *p);
/* By line and column; the configuration FIRST_FILE before the files it names. */
void dr_problems_sort(struct dr_problems *p, const char *first_file);

/* "file:line:column: message; hint" */
const char *dr_problem_text(struct dr_arena *a, const struct dr_problem *p);

/* "did you mean "rpo"?", or NULL when no candidate is near. */
const char *dr_problems_did_you_mean(struct dr_problems *p, const char *word,
                                     const char *const *candidates, size_t n);
/* TEXT as it may stand in a message: no control characters, cut when it is long. */
const char *dr_problems_word(struct dr_problems *p, const char *text);

#endif
