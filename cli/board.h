/* A few lines redrawn in place. One board at a time; the caller keeps threads apart. */
#ifndef CLI_BOARD_H
#define CLI_BOARD_H

#include "progress.h"

/* On stderr. Over the board drawn before, however the terminal has wrapped it since. */
void board_draw(struct progress *p);
/* Cursor and line wrapping as they were; the last board stays above. */
void board_restore(void);

#endif
