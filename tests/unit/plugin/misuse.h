/* The two tables of ways in which a plugin can be wrong: as a file, and in what it does. */
#ifndef TESTS_UNIT_PLUGIN_MISUSE_H
#define TESTS_UNIT_PLUGIN_MISUSE_H

#include "plugin/shim.h"

/* Each returns how many cases behaved, prints those that did not, and counts all in *RET_TOTAL. */
unsigned misuse_load(unsigned *ret_total);
/* In this process under a virtual clock, or in workers. */
unsigned misuse_call(enum dr_plugin_place place, unsigned *ret_total);

#endif
