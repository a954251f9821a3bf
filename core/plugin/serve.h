/*
 * The side that runs a plugin: one array, opened once. Takes a request message, runs the callback
 * on the calling thread, gives the reply message. A worker process runs the same code around its
 * socket.
 */
#ifndef DR_PLUGIN_SERVE_H
#define DR_PLUGIN_SERVE_H

#include "base/env.h"
#include "plugin/info.h"
#include "plugin/message.h"

struct dr_serve;

struct dr_serve *dr_serve_new(struct dr_env *env, const struct dr_plugin *plugin);
/* Closes the plugin's handle if no request did. Nobody may be inside dr_serve_message(). */
void dr_serve_free(struct dr_serve *s);

/* RET is empty when no answer could be made. Several at a time, as many as the plugin allows;
 * "open" comes first and alone, "close" last and alone. */
void dr_serve_message(struct dr_serve *s, const struct dr_message *request,
                      const struct dr_cancel *cancel, struct dr_message *ret);

#endif
