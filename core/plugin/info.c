#include "plugin/info.h"

#include "base/map.h"

#define WORDS(var, ...) static const char *const var##_words[] = {__VA_ARGS__}
#define NAMES(var, what)                                                                           \
    {                                                                                              \
        what, var##_words, DR_COUNT(var##_words)                                                   \
    }

WORDS(dr_key_type_names, "string", "integer", "boolean", "duration", "path");
const struct dr_names dr_key_type_names = NAMES(dr_key_type_names, "type of key");
WORDS(dr_key_scope_names, "array", "copy");
const struct dr_names dr_key_scope_names = NAMES(dr_key_scope_names, "scope of key");
WORDS(fence_names, "none", "shim", "native");
static const struct dr_names fence_names = NAMES(fence_names, "fence class");
WORDS(group_names, "stepwise", "atomic");
static const struct dr_names group_names = NAMES(group_names, "group class");
WORDS(thread_names, "serial", "parallel");
static const struct dr_names thread_names = NAMES(thread_names, "thread model");

static const struct dr_field duration_fields[] = {
    DR_ENUM(struct dr_plugin_duration, operation, dr_array_op_names),
    DR_CNT(struct dr_plugin_duration, typical_ms), DR_CNT(struct dr_plugin_duration, worst_ms)};
static DR_TYPE(duration_type, struct dr_plugin_duration, "duration", duration_fields);

static const struct dr_field key_fields[] = {
    DR_STR(struct dr_plugin_key, name),
    DR_ENUM(struct dr_plugin_key, type, dr_key_type_names),
    DR_ENUM(struct dr_plugin_key, scope, dr_key_scope_names),
    DR_BOOL(struct dr_plugin_key, required),
    DR_BOOL(struct dr_plugin_key, secret),
    DR_STR(struct dr_plugin_key, fallback),
    DR_STR(struct dr_plugin_key, help)};
static DR_TYPE(key_type, struct dr_plugin_key, "key", key_fields);

static const struct dr_field limits_fields[] = {
    DR_CNT(struct dr_plugin_limits, parallel_calls),
    DR_CNT(struct dr_plugin_limits, calls_per_s),
    DR_CNT(struct dr_plugin_limits, volumes_per_group),
    DR_CNT(struct dr_plugin_limits, settle_ms),
    DR_ENUM(struct dr_plugin_limits, fence, fence_names),
    DR_ENUM(struct dr_plugin_limits, group, group_names),
    DR_ENUM(struct dr_plugin_limits, threads, thread_names)};
static DR_TYPE(limits_type, struct dr_plugin_limits, "limits", limits_fields);

static const struct dr_field info_fields[] = {
    DR_STR(struct dr_plugin_info, name),
    DR_STR(struct dr_plugin_info, version),
    DR_STR(struct dr_plugin_info, path),
    DR_CNT(struct dr_plugin_info, api),
    DR_STRS(struct dr_plugin_info, capabilities),
    DR_STRUCT(struct dr_plugin_info, limits, limits_type),
    DR_LIST(struct dr_plugin_info, durations, duration_type),
    DR_LIST(struct dr_plugin_info, keys, key_type)};
static DR_TYPE(info_type, struct dr_plugin_info, "plugin", info_fields);

const struct dr_plugin_info *
dr_plugin_info(const struct dr_plugin *p)
{
    return &p->info;
}

bool
dr_plugin_can(const struct dr_plugin *p, enum dr_array_op op)
{
    return dr_op_present(&p->table, op);
}

const struct dr_plugin_duration *
dr_plugin_duration(const struct dr_plugin *p, enum dr_array_op op)
{
    for (size_t i = 0; i < p->info.n_durations; i++)
        if (p->info.durations[i].operation == op)
            return &p->info.durations[i];
    return NULL;
}

uint64_t
dr_plugin_deadline(const struct dr_plugin *p, struct dr_env *env, enum dr_array_op op)
{
    const struct dr_plugin_duration *d = dr_plugin_duration(p, op);
    return dr_now_ns(env) + (uint64_t)(d ? d->worst_ms : 30000) * DR_MS;
}

int64_t
dr_plugin_worst_ms(const struct dr_plugin *p)
{
    int64_t worst = 0;
    for (size_t i = 0; i < p->info.n_durations; i++) {
        const struct dr_plugin_duration *d = &p->info.durations[i];
        const struct dr_op_info *op = dr_op_info(d->operation);
        if (op && op->mutating && d->worst_ms > worst)
            worst = d->worst_ms;
    }
    return worst;
}

struct json_object *
dr_plugin_info_json(const struct dr_plugin *p)
{
    return dr_map_write(&info_type, &p->info);
}
