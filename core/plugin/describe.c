#include "plugin/describe.h"

#include "base/str.h"
#include "base/timetext.h"
#include "plugin/host.h"
#include "plugin/settings.h"

#include <string.h>

enum { KEYS_MAX = 256, PARALLEL_MAX = 256, CALLS_PER_S_MAX = 10000, SETTLE_MS_MAX = 3600 * 1000 };
enum { WORST_MS_MAX = 24 * 3600 * 1000 };

static const uint64_t describe_ns = 5 * DR_S;

static int
sink_begin(struct drstor_call *call, const char *what)
{
    if (!dr_host_mine(call))
        return DRSTOR_E_INVALID;
    if (!call->describing)
        return dr_host_fault(call, "reported %s outside describe()", what);
    return DRSTOR_OK;
}

static int
check_range(struct drstor_call *call, const char *what, uint32_t value, uint32_t least,
            uint32_t most)
{
    if (value < least || value > most)
        return dr_host_fault(call, "%s is %u; it must be %u to %u", what, value, least, most);
    return DRSTOR_OK;
}

int
dr_sink_limits(struct drstor_call *call, const struct drstor_limits *limits)
{
    struct drstor_limits l = {0};
    int r = sink_begin(call, "limits");
    if (r == DRSTOR_OK)
        r = dr_host_take(call, "limits", limits, sizeof(l), &l, sizeof(l));
    r = r < 0 ? r : check_range(call, "parallel_calls", l.parallel_calls, 1, PARALLEL_MAX);
    r = r < 0 ? r : check_range(call, "calls_per_s", l.calls_per_s, 0, CALLS_PER_S_MAX);
    r = r < 0 ? r : check_range(call, "volumes_per_group", l.volumes_per_group, 0, INT32_MAX);
    r = r < 0 ? r : check_range(call, "settle_ms", l.settle_ms, 0, SETTLE_MS_MAX);
    r = r < 0 ? r : check_range(call, "fence_class", l.fence_class, 0, DRSTOR_FENCE_NATIVE);
    r = r < 0 ? r : check_range(call, "group_class", l.group_class, 0, DRSTOR_GROUP_ATOMIC);
    r = r < 0 ? r : check_range(call, "thread_model", l.thread_model, 0, DRSTOR_THREADS_PARALLEL);
    if (r < 0)
        return r;
    if (l.parallel_calls > 1 && l.thread_model != DRSTOR_THREADS_PARALLEL)
        return dr_host_fault(call, "parallel_calls is %u, but its thread model is serial",
                             l.parallel_calls);
    if (call->limits_reported)
        return dr_host_fault(call, "reported its limits twice");
    call->limits_reported = true;
    call->describing->limits =
        (struct dr_plugin_limits){.parallel_calls = l.parallel_calls,
                                  .calls_per_s = l.calls_per_s,
                                  .volumes_per_group = l.volumes_per_group,
                                  .settle_ms = l.settle_ms,
                                  .fence = (enum drstor_fence_class)l.fence_class,
                                  .group = (enum drstor_group_class)l.group_class,
                                  .threads = (enum drstor_thread_model)l.thread_model};
    return DRSTOR_OK;
}

int
dr_sink_duration(struct drstor_call *call, const struct drstor_duration *duration)
{
    struct drstor_duration d = {0};
    const char *name = NULL;
    int r = sink_begin(call, "a duration");
    if (r == DRSTOR_OK)
        r = dr_host_take(call, "duration", duration, sizeof(d), &d, sizeof(d));
    r = r < 0 ? r : dr_host_string(call, "operation of a duration", d.operation, true, &name);
    if (r < 0)
        return r;
    int op = dr_name_value(&dr_array_op_names, name);
    if (op <= 0)
        return dr_host_fault(call, "reported a duration for %.64s, which is no operation", name);
    r = check_range(call, "worst_ms", d.worst_ms, 1, WORST_MS_MAX);
    if (r < 0)
        return r;
    if (d.typical_ms > d.worst_ms)
        return dr_host_fault(call, "%s typically takes %u ms, but at worst %u ms", name,
                             d.typical_ms, d.worst_ms);
    struct dr_plugin_info *info = call->describing;
    for (size_t i = 0; i < info->n_durations; i++)
        if ((int)info->durations[i].operation == op)
            return dr_host_fault(call, "reported two durations for %s", name);
    dr_arena_push(call->arena, info->durations, info->n_durations) =
        (struct dr_plugin_duration){(enum dr_array_op)op, d.typical_ms, d.worst_ms};
    return DRSTOR_OK;
}

static bool
key_name_valid(const char *s)
{
    return strlen(s) <= 63 && s[0] >= 'a' && s[0] <= 'z' &&
           strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(s);
}

static int
check_key(struct drstor_call *call, const struct drstor_key *k, const struct dr_plugin_key *out)
{
    if (!key_name_valid(out->name))
        return dr_host_fault(call, "the key \"%.64s\" is not made of a-z, 0-9, _ and -", out->name);
    if (k->type > DRSTOR_KEY_PATH)
        return dr_host_fault(call, "the key %s has the type %u, which does not exist", out->name,
                             k->type);
    if (k->scope > DRSTOR_KEY_COPY)
        return dr_host_fault(call, "the key %s has the scope %u, which does not exist", out->name,
                             k->scope);
    if (k->secret && (k->type != DRSTOR_KEY_STRING || k->fallback))
        return dr_host_fault(call, "the secret key %s must be a string without a fallback",
                             out->name);
    if (k->required && k->fallback)
        return dr_host_fault(call, "the key %s is required and has a fallback", out->name);
    if (out->fallback && !dr_setting_fits(out->type, out->fallback))
        return dr_host_fault(call, "the fallback \"%.64s\" of key %s is no %s", out->fallback,
                             out->name, dr_name(&dr_key_type_names, (int)out->type));
    return DRSTOR_OK;
}

int
dr_sink_key(struct drstor_call *call, const struct drstor_key *key)
{
    struct drstor_key k = {0};
    struct dr_plugin_key out = {0};
    int r = sink_begin(call, "a key");
    if (r == DRSTOR_OK)
        r = dr_host_take(call, "key", key, offsetof(struct drstor_key, name) + sizeof(k.name), &k,
                         sizeof(k));
    r = r < 0 ? r : dr_host_string(call, "name of a key", k.name, true, &out.name);
    r = r < 0 ? r : dr_host_string(call, "fallback of a key", k.fallback, false, &out.fallback);
    r = r < 0 ? r : dr_host_string(call, "help of a key", k.help, false, &out.help);
    if (r < 0)
        return r;
    out.type = (enum drstor_key_type)k.type;
    out.scope = (enum drstor_key_scope)k.scope;
    out.required = k.required != 0;
    out.secret = k.secret != 0;
    r = check_key(call, &k, &out);
    if (r < 0)
        return r;
    struct dr_plugin_info *info = call->describing;
    for (size_t i = 0; i < info->n_keys; i++)
        if (info->keys[i].scope == out.scope && dr_streq(info->keys[i].name, out.name))
            return dr_host_fault(call, "reported the key %s twice", out.name);
    if (info->n_keys >= KEYS_MAX)
        return dr_host_fault(call, "reported more than %d keys", KEYS_MAX);
    dr_arena_push(call->arena, info->keys, info->n_keys) = out;
    return DRSTOR_OK;
}

/* ---- the call -------------------------------------------------------------------------------- */

/* Belongs to the task until it posts; when that is too late, for ever. */
struct describing {
    struct drstor_call call;
    struct dr_plugin *plugin;
    struct dr_plugin_info info;
    struct dr_cancel cancel;
    struct dr_mailbox *box;
};

static void
describe_task(void *arg)
{
    struct describing *d = arg;
    dr_host_call_begin(&d->call);
    dr_host_call_end(&d->call, d->plugin->table.describe(&d->call));
    dr_mailbox_post(d->box, d);
}

static int
check_whole(struct dr_plugin *p, struct drstor_call *call)
{
    if (!call->limits_reported)
        return dr_host_fault(call, "did not report its limits");
    for (int i = 1; i < DR_ARRAY_OP_COUNT; i++) {
        enum dr_array_op op = (enum dr_array_op)i;
        if (!dr_op_present(&p->table, op))
            continue;
        dr_arena_push(p->arena, p->info.capabilities, p->info.n_capabilities) =
            dr_name(&dr_array_op_names, i);
        if (dr_op_info(op)->shape != DR_OP_SPECIAL && !dr_plugin_duration(p, op))
            return dr_host_fault(call, "did not report a duration for %s",
                                 dr_name(&dr_array_op_names, i));
    }
    return DRSTOR_OK;
}

static int
describe_judge(struct dr_plugin *p, struct describing *d, struct drstor_error **err)
{
    const struct dr_served *s = &d->call.served;
    p->info.limits = d->info.limits;
    p->info.durations = d->info.durations;
    p->info.n_durations = d->info.n_durations;
    p->info.keys = d->info.keys;
    p->info.n_keys = d->info.n_keys;
    if (s->status == DRSTOR_OK && !s->fault)
        (void)check_whole(p, &d->call);
    if (s->fault) {
        int r = dr_fail(err, DRSTOR_E_INVALID, "%s describes itself wrongly: it %s%s", p->info.path,
                        strstr(s->fault, " is ") ? "says that " : "", s->fault);
        dr_hint(err, "this is a mistake in plugin %s %s; report it to whom made it", p->info.name,
                p->info.version);
        return r;
    }
    if (s->status == DRSTOR_OK)
        return DRSTOR_OK;
    int r = dr_fail(err, DRSTOR_E_INVALID, "%s cannot describe itself: %s", p->info.path,
                    s->error ? s->error : dr_status_name(s->status));
    if (s->hint)
        dr_hint(err, "%s", s->hint);
    return r;
}

int
dr_plugin_describe_here(struct dr_plugin *p, struct drstor_error **err)
{
    struct describing d = {.plugin = p};
    dr_host_call_init(&d.call, dr_env_real(), p->arena, p->info.name, DR_ARRAY_OP_DESCRIBE);
    d.call.describing = &d.info;
    d.call.cancel = &d.cancel;
    dr_host_call_begin(&d.call);
    dr_host_call_end(&d.call, p->table.describe(&d.call));
    return describe_judge(p, &d, err);
}

int
dr_plugin_describe(struct dr_plugin *p, struct drstor_error **err)
{
    /* The real clock, also under a virtual one: code that is loaded for the first time may hang. */
    struct dr_env *env = dr_env_real();
    struct describing *d = dr_new0(struct describing);
    dr_host_call_init(&d->call, env, p->arena, p->info.name, DR_ARRAY_OP_DESCRIBE);
    d->plugin = p;
    d->call.describing = &d->info;
    d->call.cancel = &d->cancel;
    d->call.deadline_ns = dr_now_ns(env) + describe_ns;
    d->box = dr_mailbox_new(env);
    dr_spawn(env, describe_task, d);
    if (!dr_mailbox_wait(d->box, d->call.deadline_ns, NULL)) {
        dr_cancel_now(env, &d->cancel);
        return dr_fail(err, DRSTOR_E_INVALID,
                       "%s cannot describe itself: it did not answer within %d s", p->info.path,
                       (int)(describe_ns / DR_S));
    }
    int r = describe_judge(p, d, err);
    dr_mailbox_free(d->box);
    free(d);
    return r;
}
