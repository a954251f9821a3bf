/* Text as a terminal shows it: one character is zero, one or two cells wide. */
#ifndef DR_REPORT_CELLS_H
#define DR_REPORT_CELLS_H

#include "base/arena.h"

#include <stddef.h>

/*
 * Valid UTF-8 on one line: line ends and tabs become spaces; what could steer a terminal (control
 * characters, changes of direction) and what is no UTF-8 becomes '?'.
 */
const char *dr_cells_clean(struct dr_arena *a, const char *s);
/* Of clean text. */
size_t dr_cells_width(const char *s);
/* At most N cells; what was cut ends in an ellipsis. */
const char *dr_cells_cut(struct dr_arena *a, const char *s, size_t n);

#endif
