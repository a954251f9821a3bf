/*
 * lunview over a world file of plugins/simulated: what hosts of a site see there.
 *
 * Beside the members lunview.h names, each LUN has "writes": the number of writes its volume holds.
 * A LUN of a dead site is not seen (the list is empty); a silent site's hosts go on working.
 */
#ifndef TESTS_EMULATORS_LUNVIEW_WORLD_H
#define TESTS_EMULATORS_LUNVIEW_WORLD_H

#include "lunview.h"

/* NULL, with errno set, when the world cannot be read. */
struct lunview *lunview_world_open(const char *path);
void lunview_world_close(struct lunview *view);

struct sim_world;
/* Over a world that the caller holds, and closes after it. */
struct lunview lunview_world_of(struct sim_world *w);

#endif
