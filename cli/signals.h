/* Signals are taken by one thread, never in a handler: it may call the library and use locks. */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

#include <drstor/drstor.h>

#include <stdbool.h>

/* Before any other thread exists: they inherit what is blocked. */
void signals_begin(void);
void signals_end(void);

/* What SIGINT stops; NULL: nothing, it ends the program. With LOOKING nothing of ours is at work,
 * and stopping is all there is to it. */
void signals_attach(struct drstor *d, bool looking);
bool signals_seen(void);
/* Waits until SECONDS are over or a signal was seen; readable descriptor FD (-1: none) ends it too.
 * 1: readable, 0: over, -1: a signal. */
int signals_wait(int fd, int ms);

#endif
