/* A loaded plugin and what it says of itself. Never unloaded: everything lives as long as the
 * process. */
#ifndef DR_PLUGIN_INFO_H
#define DR_PLUGIN_INFO_H

#include "base/arena.h"
#include "base/env.h"
#include "base/json.h"
#include "plugin/operation.h"

#include <stdint.h>

struct dr_plugin_duration {
    enum dr_array_op operation;
    int64_t typical_ms;
    int64_t worst_ms; /* the operation's deadline D (safety 4.2) */
};

struct dr_plugin_key {
    const char *name, *fallback, *help; /* fallback, help: NULL none */
    enum drstor_key_type type;
    enum drstor_key_scope scope;
    bool required, secret;
};

struct dr_plugin_limits {
    int64_t parallel_calls, calls_per_s, volumes_per_group, settle_ms;
    enum drstor_fence_class fence;
    enum drstor_group_class group;
    enum drstor_thread_model threads;
};

struct dr_plugin_info {
    const char *name, *version, *path;
    int64_t api;
    const char **capabilities; /* names of the callbacks it has */
    size_t n_capabilities;
    struct dr_plugin_limits limits;
    struct dr_plugin_duration *durations;
    size_t n_durations;
    struct dr_plugin_key *keys;
    size_t n_keys;
};

/* Opaque above core/plugin; the fields are for this folder. */
struct dr_plugin {
    struct dr_arena *arena;
    struct drstor_plugin table; /* our copy, cut or filled up to the size we know */
    struct dr_plugin_info info;
    bool in_process; /* part of this program, or a world in memory: nothing to keep apart */
};

const struct dr_plugin_info *dr_plugin_info(const struct dr_plugin *p);
bool dr_plugin_can(const struct dr_plugin *p, enum dr_array_op op);
/* NULL when describe() did not speak of it. */
const struct dr_plugin_duration *dr_plugin_duration(const struct dr_plugin *p, enum dr_array_op op);
/* worst_ms from now; 30 s when describe() did not speak of it. */
uint64_t dr_plugin_deadline(const struct dr_plugin *p, struct dr_env *env, enum dr_array_op op);
/* The longest worst_ms of its mutating operations: D of the deadline rule. */
int64_t dr_plugin_worst_ms(const struct dr_plugin *p);
struct json_object *dr_plugin_info_json(const struct dr_plugin *p);

extern const struct dr_names dr_key_type_names;
extern const struct dr_names dr_key_scope_names;

#endif
