/* What a plugin's file may export, import and need (design 5: the world is reached through the
 * host). */
#ifndef DR_PLUGIN_SYMBOLS_H
#define DR_PLUGIN_SYMBOLS_H

#include "plugin/elf.h"

/* PATH and NAME are for sentences; NAME "simulated" may open files. */
int dr_symbols_check(const char *path, const char *name, const struct dr_elf *elf,
                     struct drstor_error **err);

#endif
