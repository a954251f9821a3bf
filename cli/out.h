/* What leaves the command: results on stdout, words for the person on stderr. */
#ifndef CLI_OUT_H
#define CLI_OUT_H

#include "cli.h"

#include <stdio.h>

/* Before anything is opened: descriptors 0 to 2 are taken, so that no database becomes stdout. */
void out_init(void);

/* Results. A reader that went away is no failure; anything else is, and shows in out_code(). */
void out_text(const char *text);
void out_line(const char *text);
/* Rendered or as it is, as the form says. KIND NULL: never rendered. */
int out_document(struct cli *c, const char *kind, const char *json);
/* The exit code CODE, worse when results could not be written. */
int out_code(int code);
bool out_reader_gone(void);

/* "drstor: ..." on stderr, clean of what could steer the terminal. */
void out_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Without the name in front: progress. */
void out_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Says what happened and what to do about it; returns the exit code. */
int out_error(struct cli *c, const struct drstor_error *err);
/* The same for a failure of ours. */
int out_failure(struct cli *c, int code, const char *text, const char *hint);

/* All of it, to a descriptor. */
bool out_bytes(int fd, const char *s, size_t n);
unsigned out_width(int fd, unsigned *ret_rows); /* 0: not a terminal */
void *out_grow(void *p, size_t n);              /* ends the program when memory is gone */

#endif
