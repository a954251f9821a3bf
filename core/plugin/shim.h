/*
 * Arrays, opened through their plugins, and calls to them as messages. Callers see nothing of a
 * plugin but replies; where it runs (this process, a worker) is chosen below (plugin/exchange.h).
 *
 * Threads: dr_array_call() from any task, several at a time on one handle: they queue in order of
 * arrival by what the plugin allows (serial or parallel_calls, calls_per_s). open and close: one
 * task, with no call under way.
 */
#ifndef DR_PLUGIN_SHIM_H
#define DR_PLUGIN_SHIM_H

#include "base/env.h"
#include "model/model.h"
#include "plugin/call.h"
#include "plugin/info.h"

struct dr_array_handle;

/* A plugin runs in a process of its own (safety X9), but for those that are part of this program or
 * a world in memory, and under a virtual clock. Tests try the others here, too. */
enum dr_plugin_place { DR_PLUGIN_BY_KIND = 0, DR_PLUGIN_IN_PROCESS, DR_PLUGIN_IN_WORKER };

struct dr_array_open {
    const char *array, *site; /* names, as configured */
    const struct dr_setting *settings;
    size_t n_settings;
    bool read_only;                   /* the handle has no mutating operations at all */
    const struct dr_access_point *at; /* NULL: nothing to reach over the network */
    enum dr_plugin_place place;
    uint64_t deadline_ns;           /* 0: from the plugin's duration of open */
    uint64_t grace_ns;              /* how long after a deadline we still wait; 0: 5 s */
    const struct dr_cancel *cancel; /* may be NULL */
};

/*
 * The two halves of opening, everything in HOW borrowed for the call. A handle that is new can be
 * cut and told of locks already; its settings were checked, nothing was asked. It is closed also
 * when it could not be opened.
 */
int dr_array_new(struct dr_env *env, const struct dr_plugin *plugin,
                 const struct dr_array_open *how, struct dr_array_handle **ret,
                 struct drstor_error **err);
int dr_array_begin(struct dr_array_handle *h, const struct dr_array_open *how,
                   struct drstor_error **err);
/* Both. */
int dr_array_open(struct dr_env *env, const struct dr_plugin *plugin,
                  const struct dr_array_open *how, struct dr_array_handle **ret,
                  struct drstor_error **err);

/* Tells the plugin, for a bounded time, and frees H. A callback that hangs keeps its own memory. */
void dr_array_close(struct dr_array_handle *h);
void dr_array_closep(struct dr_array_handle **h);

/*
 * For good: calls under way are cancelled and their worker is ended a moment later, those that come
 * are refused. Does not wait. A plugin in this process is not told; its calls end by their own
 * deadlines. Any thread.
 */
void dr_array_cut(struct dr_array_handle *h);

/* While the plugin's process lives, FD stays open, whatever becomes of this one (safety 5.1): from
 * the next call on, until drop. FD is borrowed for that long. */
void dr_array_hold(struct dr_array_handle *h, int fd);
void dr_array_drop(struct dr_array_handle *h, int fd);

/*
 * Fills RET, strings and views in A, and returns RET->status. Comes back at CALL->deadline_ns plus
 * the grace at the latest; a worker that has not answered by then is killed, and the next call
 * finds a new one. In this process that cannot be done: the handle is stuck, and every later call
 * fails at once. CANCEL may be NULL; a change that was sent is waited for all the same.
 */
int dr_array_call(struct dr_array_handle *h, const struct dr_call *call,
                  const struct dr_cancel *cancel, struct dr_arena *a, struct dr_reply *ret);

/* Whether this handle can do OP: the plugin has it, and the handle is not read-only for it. */
bool dr_array_can(const struct dr_array_handle *h, enum dr_array_op op);
bool dr_array_stuck(struct dr_array_handle *h);
const struct dr_plugin *dr_array_plugin(const struct dr_array_handle *h);

#endif
