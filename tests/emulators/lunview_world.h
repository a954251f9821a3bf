/*
 * The lunview over the simulated world file. A program links it when it is there; a server that is
 * built without it refuses --lunview-world.
 */
#ifndef TESTS_EMULATORS_LUNVIEW_WORLD_H
#define TESTS_EMULATORS_LUNVIEW_WORLD_H

#include "lunview.h"

/* NULL with errno set on failure. Lives until the program ends. */
struct lunview *lunview_world_open(const char *path);

#endif
