#include "plugin/host.h"

#include "base/log.h"
#include "plugin/text.h"

#include <stdio.h>
#include <string.h>

static const struct dr_plugin_services *_Atomic services_set;

void
dr_plugin_services_set(const struct dr_plugin_services *services)
{
    atomic_store(&services_set, services);
}

const struct dr_plugin_services *
dr_plugin_services(void)
{
    return atomic_load(&services_set);
}

void
dr_host_call_init(struct drstor_call *call, struct dr_env *env, struct dr_arena *arena,
                  const char *plugin, enum dr_array_op op)
{
    memset(call, 0, sizeof(*call));
    call->env = env;
    call->arena = arena;
    call->plugin = plugin;
    call->operation = op;
    call->deadline_ns = UINT64_MAX;
    call->served.progress_permille = -1;
}

void
dr_host_call_begin(struct drstor_call *call)
{
    call->thread = pthread_self();
}

void
dr_host_call_end(struct drstor_call *call, int status)
{
    call->served.status = status;
    call->served.ended_ns = (int64_t)dr_now_ns(call->env);
    if (atomic_load(&call->strayed))
        (void)dr_host_fault(call, "called the host from a thread that does not run the call");
}

int
dr_host_fault(struct drstor_call *call, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    if (!call->served.fault)
        call->served.fault = dr_text_vprintf(call->arena, format, ap);
    va_end(ap);
    return DRSTOR_E_INVALID;
}

bool
dr_host_mine(struct drstor_call *call)
{
    if (pthread_equal(call->thread, pthread_self()))
        return true;
    atomic_store(&call->strayed, true);
    return false;
}

int
dr_host_take(struct drstor_call *call, const char *what, const void *in, size_t need, void *out,
             size_t size)
{
    uint32_t theirs = 0;
    if (in)
        memcpy(&theirs, in, sizeof(theirs));
    if (theirs < need || theirs > 4096)
        return dr_host_fault(call, "reported a %s of %u bytes", what, theirs);
    memcpy(out, in, theirs < size ? theirs : size);
    return DRSTOR_OK;
}

int
dr_host_string(struct drstor_call *call, const char *what, const char *s, bool needed,
               const char **ret)
{
    *ret = NULL;
    if (!s)
        return needed ? dr_host_fault(call, "reported no %s", what) : DRSTOR_OK;
    size_t n = strnlen(s, DR_TEXT_MAX + 1);
    if (n > DR_TEXT_MAX)
        return dr_host_fault(call, "reported a %s longer than %d bytes", what, DR_TEXT_MAX);
    if (n == 0 && needed)
        return dr_host_fault(call, "reported an empty %s", what);
    if (!dr_utf8_valid(s, n))
        return dr_host_fault(call, "reported a %s that is not UTF-8", what);
    call->bytes += n;
    *ret = dr_arena_strn(call->arena, s, n);
    return DRSTOR_OK;
}

/* ---- clock ----------------------------------------------------------------------------------- */

static uint64_t
host_now_ns(struct drstor_call *call)
{
    return dr_now_ns(call->env);
}

static int64_t
host_now_utc(struct drstor_call *call)
{
    return dr_now_utc(call->env);
}

static int
host_sleep_until(struct drstor_call *call, uint64_t ns)
{
    if (!dr_host_mine(call))
        return DRSTOR_E_INVALID;
    if (dr_cancelled(call->cancel)) {
        /* A loop that does not look at the answer must not burn a core, nor stop a virtual
         * clock. */
        uint64_t moment = dr_now_ns(call->env) + DR_MS;
        (void)dr_sleep_until(call->env, ns < moment ? ns : moment, NULL);
        return DRSTOR_E_CANCELLED;
    }
    return dr_sleep_until(call->env, ns, call->cancel);
}

static int
host_cancelled(struct drstor_call *call)
{
    return dr_cancelled(call->cancel);
}

static uint64_t
host_deadline_ns(struct drstor_call *call)
{
    return call->deadline_ns;
}

/* ---- sentences ------------------------------------------------------------------------------- */

enum { SENTENCES_MAX = 256 };

/* Beyond that many, the sentences that are there stay. */
static bool
may_speak(struct drstor_call *call)
{
    return dr_host_mine(call) && call->said++ < SENTENCES_MAX;
}

static void __attribute__((format(printf, 3, 4)))
host_log(struct drstor_call *call, enum drstor_log_level level, const char *format, ...)
{
    if ((int)level < DRSTOR_LOG_ERROR || level > DRSTOR_LOG_DEBUG)
        level = DRSTOR_LOG_DEBUG;
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    va_list ap;
    va_start(ap, format);
    const char *text = dr_text_vprintf(a, format, ap);
    va_end(ap);
    dr_log(level, "plugin %s: %s", call->plugin, text);
}

static void
host_progress(struct drstor_call *call, int64_t permille, const char *text)
{
    if (!dr_host_mine(call))
        return;
    if (permille < -1 || permille > 1000) {
        (void)dr_host_fault(call, "reported a progress of %lld permille", (long long)permille);
        return;
    }
    call->served.progress_permille = permille;
    if (may_speak(call))
        call->served.progress = dr_text_clean(call->arena, text);
}

static int __attribute__((format(printf, 3, 4)))
host_fail(struct drstor_call *call, int status, const char *format, ...)
{
    if (!may_speak(call))
        return status;
    va_list ap;
    va_start(ap, format);
    call->served.error = dr_text_vprintf(call->arena, format, ap);
    va_end(ap);
    return status;
}

static void __attribute__((format(printf, 2, 3)))
host_hint(struct drstor_call *call, const char *format, ...)
{
    if (!may_speak(call))
        return;
    va_list ap;
    va_start(ap, format);
    call->served.hint = dr_text_vprintf(call->arena, format, ap);
    va_end(ap);
}

static void
host_array_said(struct drstor_call *call, const char *code, const char *words)
{
    if (!may_speak(call))
        return;
    call->served.array_code = dr_text_clean(call->arena, code);
    call->served.array_words = dr_text_clean(call->arena, words);
}

/* ---- the world ------------------------------------------------------------------------------- */

/* Keeps the service's sentence unless the plugin has a better one later. */
static int
service_failed(struct drstor_call *call, int status, const struct drstor_error *err)
{
    if (err) {
        call->served.error = dr_text_clean(call->arena, dr_error_message(err));
        if (dr_error_hint(err))
            call->served.hint = dr_text_clean(call->arena, dr_error_hint(err));
    }
    return status;
}

static int
service_allowed(struct drstor_call *call, const char *what, bool have, bool mutating)
{
    const struct dr_op_info *op = dr_op_info(call->operation);
    if (!have)
        return host_fail(call, DRSTOR_E_UNSUPPORTED,
                         "plugin %s asked for %s, which this process does not offer", call->plugin,
                         what);
    if (mutating && (call->read_only || !op || !op->mutating))
        return host_fail(call, DRSTOR_E_REFUSED,
                         "plugin %s wanted to change something in %s, which only reads",
                         call->plugin, dr_name(&dr_array_op_names, (int)call->operation));
    if (dr_cancelled(call->cancel))
        return host_fail(call, DRSTOR_E_CANCELLED, "cancelled before anything was sent");
    if (dr_now_ns(call->env) >= call->deadline_ns)
        return host_fail(call, DRSTOR_E_UNREACHABLE,
                         "the deadline passed before anything was sent");
    return DRSTOR_OK;
}

static int
host_http(struct drstor_call *call, const struct drstor_http_request *request,
          struct drstor_http_reply *ret_reply)
{
    if (!dr_host_mine(call))
        return DRSTOR_E_INVALID;
    struct drstor_http_request in = {0};
    struct drstor_http_reply out = {.size = sizeof(out)};
    const struct dr_plugin_services *s = dr_plugin_services();
    if (dr_host_take(call, "http request", request, offsetof(struct drstor_http_request, body), &in,
                     sizeof(in)) < 0)
        return DRSTOR_E_INVALID;
    if (!in.method || !in.path || !ret_reply || ret_reply->size < 8 || ret_reply->size > 4096)
        return dr_host_fault(call, "asked for http without a method, a path or room for the reply");
    int r = service_allowed(call, "http", s && s->http && call->session, in.mutating != 0);
    if (r < 0)
        return r;
    const struct dr_service_call how = {call->env, call->arena, call->deadline_ns, call->cancel};
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    r = s->http(call->session, &how, &in, &out, &err);
    uint32_t theirs = ret_reply->size;
    out.size = theirs;
    if (r == DRSTOR_OK)
        memcpy(ret_reply, &out, theirs < sizeof(out) ? theirs : sizeof(out));
    return service_failed(call, r, err);
}

static int
host_ssh(struct drstor_call *call, const struct drstor_ssh_request *request,
         struct drstor_ssh_reply *ret_reply)
{
    enum { WORDS_MAX = 256 };
    if (!dr_host_mine(call))
        return DRSTOR_E_INVALID;
    struct drstor_ssh_request in = {0};
    struct drstor_ssh_reply out = {.size = sizeof(out)};
    const struct dr_plugin_services *s = dr_plugin_services();
    if (dr_host_take(call, "ssh request", request, offsetof(struct drstor_ssh_request, in), &in,
                     sizeof(in)) < 0)
        return DRSTOR_E_INVALID;
    if (!in.argv || in.n_argv == 0 || in.n_argv > WORDS_MAX || !ret_reply || ret_reply->size < 8 ||
        ret_reply->size > 4096)
        return dr_host_fault(call, "asked for ssh without a command or room for the reply");
    int r = service_allowed(call, "ssh", s && s->ssh && call->session, in.mutating != 0);
    if (r < 0)
        return r;
    const struct dr_service_call how = {call->env, call->arena, call->deadline_ns, call->cancel};
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    r = s->ssh(call->session, &how, &in, &out, &err);
    uint32_t theirs = ret_reply->size;
    out.size = theirs;
    if (r == DRSTOR_OK)
        memcpy(ret_reply, &out, theirs < sizeof(out) ? theirs : sizeof(out));
    return service_failed(call, r, err);
}

static int
host_secret_use(struct drstor_call *call, const char *key,
                int (*use)(const char *secret, size_t n, void *user), void *user)
{
    if (!dr_host_mine(call))
        return DRSTOR_E_INVALID;
    if (!key || !use)
        return dr_host_fault(call, "asked for a secret without a key or a use");
    for (size_t i = 0; i < call->n_secrets; i++) {
        if (strcmp(call->secrets[i].key, key) != 0)
            continue;
        size_t n = dr_secret_length(call->secrets[i].secret);
        char *copy = dr_alloc0(n + 1, 1);
        memcpy(copy, dr_secret_bytes(call->secrets[i].secret), n);
        int r = use(copy, n, user);
        explicit_bzero(copy, n);
        free(copy);
        return r;
    }
    return host_fail(call, DRSTOR_E_NOTFOUND, "no secret is configured for the key %.64s", key);
}

static void
host_outcome(struct drstor_call *call, enum drstor_outcome outcome, const char *job)
{
    const struct dr_op_info *op = dr_op_info(call->operation);
    if (!dr_host_mine(call))
        return;
    call->served.outcomes++;
    if (!op || !op->mutating) {
        (void)dr_host_fault(call, "gave an outcome to %s, which changes nothing",
                            dr_name(&dr_array_op_names, (int)call->operation));
        return;
    }
    if ((int)outcome < 0 || outcome > DRSTOR_OUTCOME_PARTIAL) {
        (void)dr_host_fault(call, "gave the outcome %d, which does not exist", (int)outcome);
        return;
    }
    const char *id = NULL;
    (void)dr_host_string(call, "job handle", job, false, &id);
    if (id && *id)
        call->served.job = id;
    call->served.outcome = outcome;
}

static const struct drstor_host table = {
    .size = sizeof(struct drstor_host),
    .api = DRSTOR_PLUGIN_API,
    .now_ns = host_now_ns,
    .now_utc = host_now_utc,
    .sleep_until = host_sleep_until,
    .cancelled = host_cancelled,
    .deadline_ns = host_deadline_ns,
    .log = host_log,
    .progress = host_progress,
    .fail = host_fail,
    .hint = host_hint,
    .array_said = host_array_said,
    .http = host_http,
    .ssh = host_ssh,
    .secret_use = host_secret_use,
    .report_limits = dr_sink_limits,
    .report_duration = dr_sink_duration,
    .report_key = dr_sink_key,
    .report_group = dr_sink_group,
    .report_member = dr_sink_member,
    .report_path = dr_sink_path,
    .report_job = dr_sink_job,
    .outcome = host_outcome,
    .report_point = dr_sink_point,
};

const struct drstor_host *
dr_host_table(void)
{
    return &table;
}
