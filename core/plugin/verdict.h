/*
 * What a callback's end means for its caller. Pure: reads only its arguments. The side that served
 * the call is not trusted more than the plugin, so what it says is checked here once more.
 */
#ifndef DR_PLUGIN_VERDICT_H
#define DR_PLUGIN_VERDICT_H

#include "plugin/call.h"

/* S: NULL when no readable answer came; WHY then says so. Strings are borrowed from CALL and S. */
void dr_verdict(struct dr_arena *a, const char *plugin, const struct dr_call *call,
                const struct dr_served *s, const char *why, struct dr_reply *ret);

/* The request never reached the plugin: nothing happened. */
void dr_verdict_unsent(const struct dr_call *call, int status, const char *error, const char *hint,
                       struct dr_reply *ret);

#endif
