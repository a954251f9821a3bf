/* Asks a plugin what it is, and does not believe nonsense. */
#ifndef DR_PLUGIN_DESCRIBE_H
#define DR_PLUGIN_DESCRIBE_H

#include "base/error.h"
#include "plugin/info.h"

/* Fills limits, durations, keys and capabilities of P->info; table, name and path are there. */
int dr_plugin_describe(struct dr_plugin *p, struct drstor_error **err);
/* The same for code of this very program, which is called as any other. */
int dr_plugin_describe_here(struct dr_plugin *p, struct drstor_error **err);

#endif
