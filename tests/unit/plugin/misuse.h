/* The two tables of ways in which a plugin can be wrong: as a file, and in what it does. */
#ifndef TESTS_UNIT_PLUGIN_MISUSE_H
#define TESTS_UNIT_PLUGIN_MISUSE_H

/* Each returns how many cases behaved, prints those that did not, and counts all in *RET_TOTAL. */
unsigned misuse_load(unsigned *ret_total);
unsigned misuse_call(unsigned *ret_total);

#endif
