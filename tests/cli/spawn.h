/* Runs the command as a person or a script would. */
#ifndef TESTS_CLI_SPAWN_H
#define TESTS_CLI_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

struct spawned {
    int code; /* exit code; 1000 + signal */
    char *out, *err;
};

/* WORDS are split at blanks; "%s" in them is ARG (NULL: none), kept in one piece. No terminal. */
struct spawned spawn_run(const char *words, const char *arg);
void spawn_free(struct spawned *s);

/* Behind a terminal of COLUMNS x ROWS: input, output and errors. A run stands still where its
 * events hold it, until it is let go. */
struct terminal {
    pid_t pid;
    int fd;
    char held[64];
    char *text; /* everything shown so far */
    size_t n;
};
struct terminal terminal_run(const char *words, unsigned columns, unsigned rows);
/* Reads until TEXT was shown; 1: it was. 0: it ended before, or showed nothing more. */
int terminal_expect(struct terminal *t, const char *text);
void terminal_let_go(struct terminal *t);
void terminal_type(struct terminal *t, const char *text);
void terminal_resize(struct terminal *t, unsigned columns, unsigned rows);
int terminal_end(struct terminal *t); /* lets it go; exit code */
void terminal_free(struct terminal *t);

/* The words as an argument list after the program; free with free(). */
char **spawn_words(const char *words, const char *arg, char **ret_copy);

#endif
