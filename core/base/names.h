/* Text names of an enum, and "did you mean". */
#ifndef DR_BASE_NAMES_H
#define DR_BASE_NAMES_H

#include <stddef.h>

struct dr_names {
    const char *what;         /* "access" */
    const char *const *names; /* index = value; all lower case, words joined by '-' */
    size_t n;
};

const char *dr_name(const struct dr_names *names, int value);      /* "unknown" outside the range */
int dr_name_value(const struct dr_names *names, const char *text); /* -1 when none */

/* The nearest of CANDIDATES to WORD, or NULL when none is near enough to be worth saying. */
const char *dr_nearest(const char *word, const char *const *candidates, size_t n);

#endif
