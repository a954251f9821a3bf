/* Words of others on a terminal: nothing in them may steer it, and they are cut to fit a line. */
#ifndef CLI_CELLS_H
#define CLI_CELLS_H

#include <stddef.h>

/* In place: control characters and what is no UTF-8 become '?', line ends and tabs spaces. */
void cells_clean(char *s);
/* In place, of clean text: at most N cells. Returns how many it has. */
size_t cells_cut(char *s, size_t n);

#endif
