/* What the configuration gives a plugin, against the keys that the plugin describes. */
#ifndef DR_PLUGIN_SETTINGS_H
#define DR_PLUGIN_SETTINGS_H

#include "base/error.h"
#include "model/model.h"
#include "plugin/info.h"

/* WHAT is whose settings they are, for sentences: "array milan-a". INVALID, with the setting's
 * place. */
int dr_plugin_check_settings(const struct dr_plugin *p, enum drstor_key_scope scope,
                             const struct dr_setting *settings, size_t n, const char *what,
                             struct drstor_error **err);

bool dr_setting_fits(enum drstor_key_type type, const char *value);

/* The value as the plugin gets it: durations in seconds, booleans as "true" and "false". */
const char *dr_setting_value(struct dr_arena *a, enum drstor_key_type type, const char *value);

#endif
