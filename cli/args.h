/*
 * The command line as a table: parsing, help and completion read the same rows, and a test holds
 * the manual page against them.
 */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cli;

enum cli_flag {
    FLAG_ALL,
    FLAG_ONLY,
    FLAG_EXCEPT,
    FLAG_TO,
    FLAG_AT,
    FLAG_SITE,
    FLAG_POINT,
    FLAG_STORAGE_ONLY,
    FLAG_WITHIN,
    FLAG_UNPLANNED,
    FLAG_DECLARE,
    FLAG_ACCEPT_LOSS,
    FLAG_WAIVE_FENCE,
    FLAG_WAIVE_SNAPSHOT,
    FLAG_REASON,
    FLAG_YES,
    FLAG_DRY_RUN,
    FLAG_PROBE,
    FLAG_ONCE,
    FLAG_INTERVAL,
    FLAG_HEAD,
    FLAG_OUT,
    FLAG_HTML,
    FLAG_EXIT_CODE,
    FLAG_WATCH,
    FLAG_CONFIG,
    FLAG_OUTPUT,
    FLAG_COLUMNS,
    FLAG_QUIET,
    FLAG_VERBOSE,
    FLAG_TIMEOUT,
    FLAG_PARALLEL,
    FLAG_HELP,
    FLAG_VERSION,
    FLAG_COUNT
};
#define FLAG_BIT(f) (UINT64_C(1) << (f))

struct cli_flag_row {
    const char *name;  /* without the dashes */
    char letter;       /* 0: none */
    const char *value; /* "SITE"; NULL: takes none */
    const char *help;
    const char *words; /* the values there are, separated by spaces; NULL: any */
    bool many;         /* may be given more than once */
    const char *later; /* not in this version, and why or what instead */
};

struct cli_verb {
    const char *name;
    const char *takes; /* "[GROUP...]"; "" */
    const char *help;
    uint64_t flags, needs; /* those it takes, and those of them that must be given */
    size_t least, most;    /* arguments */
    const char *words;     /* values of the first argument, separated by spaces; NULL: any */
    int (*run)(struct cli *c);
    const char *goal;           /* acts: the verb of the goal */
    const struct cli_verb *sub; /* nested verbs, up to one without a name */
    const char *later;          /* not in this version: what it will be */
};

/* "plan drill start" */
enum { CLI_NAME_MOST = 64 };

extern const struct cli_flag_row cli_flags[FLAG_COUNT];
extern const struct cli_verb cli_verbs[]; /* up to one without a name */
extern const uint64_t cli_flags_everywhere;

struct cli_args {
    const struct cli_verb *verb;
    char name[CLI_NAME_MOST]; /* of the verb, with those it is nested in */
    const char **values[FLAG_COUNT];
    size_t n[FLAG_COUNT]; /* how often it was given */
    const char **names;   /* arguments after the verb */
    size_t n_names;
};

/* 0, or an exit code after one sentence on stderr. With --help or --version the verb may be NULL.
 */
int cli_args_parse(struct cli_args *a, int argc, char **argv);
void cli_args_free(struct cli_args *a);
bool cli_given(const struct cli_args *a, enum cli_flag f);
const char *cli_value(const struct cli_args *a, enum cli_flag f); /* NULL: not given */

/* The nearest of the words; NULL when none is near. */
const char *cli_nearest(const char *word, const char *const *words, size_t n);
/* Is WORD in LIST ("a b c")? */
bool cli_word_in(const char *list, const char *word);
/* "90", "90s", "5m", "2h", "1d" in seconds; -1: no duration. */
int64_t cli_duration(const char *text);

/* Help of everything, or of VERB, whose full name is NAME. The caller frees. */
char *cli_help_text(const char *name, const struct cli_verb *verb);
/* "run" and "list" -> "run list", in NAME. */
void cli_name_add(char name[CLI_NAME_MOST], const char *word);
const struct cli_verb *cli_verb_find(const struct cli_verb *verbs, const char *name);
char *cli_completion_text(const char *shell);

#endif
