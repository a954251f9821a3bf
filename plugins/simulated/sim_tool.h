/* The commands of drstor-sim. Each gets argv from FILE on; answers an exit status or one of these.
 */
#ifndef SIMULATED_SIM_TOOL_H
#define SIMULATED_SIM_TOOL_H

#include "world.h"

enum { TOOL_USAGE = 100, TOOL_WHY };

extern const char tool_example[];
bool tool_number(const char *text, uint64_t *ret);

int tool_show(struct sim_world *w, int argc, char **argv);
int tool_site(struct sim_world *w, int argc, char **argv);
int tool_link(struct sim_world *w, int argc, char **argv);
int tool_arbiter(struct sim_world *w, int argc, char **argv);
int tool_fault(struct sim_world *w, int argc, char **argv);
int tool_counters(struct sim_world *w, int argc, char **argv);
int tool_log(struct sim_world *w, int argc, char **argv);
int tool_losses(struct sim_world *w, int argc, char **argv);
int tool_violations(struct sim_world *w, int argc, char **argv);
int tool_luns(struct sim_world *w, int argc, char **argv);
int tool_writer(struct sim_world *w, int argc, char **argv);
int tool_doc(struct sim_world *w, int argc, char **argv);
int tool_advance(struct sim_world *w, int argc, char **argv);

#endif
