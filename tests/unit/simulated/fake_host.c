#include "fake_host.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

uint64_t fake_now = UINT64_C(5000000000000);

struct drstor_call
fake_call(void)
{
    return (struct drstor_call){.deadline_ns = fake_now + UINT64_C(10000000000)};
}

static uint64_t
fake_now_ns(struct drstor_call *call)
{
    (void)call;
    return fake_now;
}

static int64_t
fake_now_utc(struct drstor_call *call)
{
    (void)call;
    return 1767225600;
}

static int
fake_sleep_until(struct drstor_call *call, uint64_t ns)
{
    if (call->cancel)
        return DRSTOR_E_CANCELLED;
    if (ns > fake_now)
        fake_now = ns;
    return DRSTOR_OK;
}

static int
fake_cancelled(struct drstor_call *call)
{
    return call->cancel;
}

static uint64_t
fake_deadline_ns(struct drstor_call *call)
{
    return call->deadline_ns;
}

static void
fake_log(struct drstor_call *call, enum drstor_log_level level, const char *format, ...)
{
    (void)call;
    (void)level;
    (void)format;
}

static void
fake_progress(struct drstor_call *call, int64_t permille, const char *text)
{
    (void)call;
    (void)permille;
    (void)text;
}

__attribute__((format(printf, 3, 4))) static int
fake_fail(struct drstor_call *call, int status, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vsnprintf(call->said, sizeof(call->said), format, ap);
    va_end(ap);
    return status;
}

__attribute__((format(printf, 2, 3))) static void
fake_hint(struct drstor_call *call, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vsnprintf(call->hint, sizeof(call->hint), format, ap);
    va_end(ap);
}

static void
fake_array_said(struct drstor_call *call, const char *code, const char *words)
{
    (void)words;
    snprintf(call->code, sizeof(call->code), "%s", code);
}

static int
fake_report_limits(struct drstor_call *call, const struct drstor_limits *limits)
{
    call->limits = *limits;
    return DRSTOR_OK;
}

static int
fake_report_duration(struct drstor_call *call, const struct drstor_duration *duration)
{
    call->durations += duration->worst_ms > 0;
    return DRSTOR_OK;
}

static int
fake_report_key(struct drstor_call *call, const struct drstor_key *key)
{
    call->keys += key->name && key->help;
    return DRSTOR_OK;
}

static int
fake_report_group(struct drstor_call *call, const struct drstor_group_info *group)
{
    struct fake_group *g = &call->groups[call->n_groups++ % 8];
    g->info = *group;
    snprintf(g->id, sizeof(g->id), "%s", group->id);
    snprintf(g->generation, sizeof(g->generation), "%s",
             group->generation ? group->generation : "");
    return DRSTOR_OK;
}

static int
fake_report_member(struct drstor_call *call, const struct drstor_member_info *member)
{
    struct fake_member *m = &call->members[call->n_members++ % 16];
    m->info = *member;
    snprintf(m->id, sizeof(m->id), "%s", member->id);
    snprintf(m->pair, sizeof(m->pair), "%s", member->pair ? member->pair : "");
    return DRSTOR_OK;
}

static int
fake_report_path(struct drstor_call *call, const struct drstor_path_info *path)
{
    call->path = *path;
    call->n_paths++;
    return DRSTOR_OK;
}

static int
fake_report_job(struct drstor_call *call, const struct drstor_job_info *job)
{
    call->jobs[call->n_jobs++ % 8] = *job;
    return DRSTOR_OK;
}

static int
fake_report_point(struct drstor_call *call, const struct drstor_point_info *point)
{
    unsigned at = call->n_points++ % 8;
    call->points[at] = *point;
    snprintf(call->point_ids[at], sizeof(call->point_ids[at]), "%s", point->id);
    return DRSTOR_OK;
}

static void
fake_outcome(struct drstor_call *call, enum drstor_outcome outcome, const char *job)
{
    call->outcome = outcome;
    call->outcomes++;
    snprintf(call->job, sizeof(call->job), "%s", job ? job : "");
}

const struct drstor_host fake_host = {
    .size = sizeof(fake_host),
    .api = DRSTOR_PLUGIN_API,
    .now_ns = fake_now_ns,
    .now_utc = fake_now_utc,
    .sleep_until = fake_sleep_until,
    .cancelled = fake_cancelled,
    .deadline_ns = fake_deadline_ns,
    .log = fake_log,
    .progress = fake_progress,
    .fail = fake_fail,
    .hint = fake_hint,
    .array_said = fake_array_said,
    .report_limits = fake_report_limits,
    .report_duration = fake_report_duration,
    .report_key = fake_report_key,
    .report_group = fake_report_group,
    .report_member = fake_report_member,
    .report_path = fake_report_path,
    .report_job = fake_report_job,
    .outcome = fake_outcome,
    .report_point = fake_report_point,
};
