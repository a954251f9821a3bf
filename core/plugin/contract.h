/* The plugin's table as it was handed over: is it one, is it ours, is it whole? */
#ifndef DR_PLUGIN_CONTRACT_H
#define DR_PLUGIN_CONTRACT_H

#include "base/error.h"
#include "plugin/operation.h"

/*
 * Checks RAW, which the file at PATH for plugin NAME gave (may be NULL), and copies the smaller of
 * its size and ours into RET; what it does not have is absent there.
 */
int dr_contract_check(const char *path, const char *name, const struct drstor_plugin *raw,
                      struct drstor_plugin *ret, struct drstor_error **err);

/* [a-z0-9-], 1 to 63 characters, no dash first. */
bool dr_plugin_name_valid(const char *name);

#endif
