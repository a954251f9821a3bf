/* Files that a person names. */
#ifndef CLI_FILE_H
#define CLI_FILE_H

#include "cli.h"

/* Of at most MOST bytes; "-" is standard input. NULL after the reason was said. The caller frees.
 */
char *file_read(struct cli *c, const char *path, size_t most, const char *what);

/*
 * Written whole or not at all, and readable by its owner only: what was cut short must not be
 * found by somebody who looks for it.
 */
struct file {
    const char *path;
    char *temporary;
    int fd, trouble; /* errno of the first failure */
    bool fresh;      /* set after the begin: what is there already stays, and is the failure */
};
void file_begin(struct file *f, const char *path);
void file_line(struct file *f, const char *text);
void file_text(struct file *f, const char *text); /* without an end of line */
/* GOOD false: nothing is left of it. 0, or an exit code after the reason was said. */
int file_end(struct file *f, struct cli *c, bool good);

#endif
