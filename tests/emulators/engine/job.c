/* Jobs: the engine's own, one for each command, and external ones a client keeps for show. */
#include "engine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define JOB_KEEP_GOOD_MS (10 * 60 * 1000)
#define JOB_KEEP_BAD_MS (60 * 60 * 1000)

static struct json_object *
job_new(struct emu_engine *e, const char *text, bool external)
{
    char id[EMU_ID];
    emu_new_id(e, id);
    struct json_object *job = tree_ref(id, "jobs");
    js_add_str(job, "description", text);
    js_add_str(job, "status", "started");
    js_add_int(job, "start_time", emu_epoch_ms(e, e->now));
    js_add_int(job, "last_updated", emu_epoch_ms(e, e->now));
    js_add_bool(job, "external", external);
    js_add_bool(job, "auto_cleared", true);
    js_add(job, "_steps", json_object_new_array());
    json_object_array_add(e->jobs, job);
    return job;
}

static struct json_object *
step_new(struct emu_engine *e, struct json_object *job, const char *type, const char *text)
{
    char id[EMU_ID];
    emu_new_id(e, id);
    struct json_object *steps = js_get(job, "_steps");
    struct json_object *step = tree_new(id, "jobs/%s/steps", js_str(job, "id"));
    js_add_int(step, "number", (int64_t)js_len(steps));
    js_add_str(step, "type", type ? type : "executing");
    js_add_str(step, "description", text);
    js_add_str(step, "status", "started");
    js_add_int(step, "start_time", emu_epoch_ms(e, e->now));
    js_add_bool(step, "external", js_bool(job, "external", false));
    js_add(step, "job", tree_ref(js_str(job, "id"), "jobs"));
    json_object_array_add(steps, step);
    return step;
}

static void
job_close(struct emu_engine *e, struct json_object *o, bool good)
{
    if (!emu_same(js_str(o, "status"), "started"))
        return;
    js_add_str(o, "status", good ? "finished" : "failed");
    js_add_int(o, "end_time", emu_epoch_ms(e, e->now));
    js_add_int(o, "last_updated", emu_epoch_ms(e, e->now));
    for (size_t i = 0; i < js_len(js_get(o, "_steps")); i++)
        job_close(e, js_at(js_get(o, "_steps"), i), good);
}

void
job_start(struct emu_op *op, const char *format, ...)
{
    va_list ap;
    char *text = NULL;
    va_start(ap, format);
    if (vasprintf(&text, format, ap) < 0)
        abort();
    va_end(ap);
    op->job = json_object_get(job_new(op->e, text, false));
    free(text);
    js_add_str(op->job, "_correlation", op->correlation);
    step_new(op->e, op->job, "validating", "Validating");
    job_close(op->e, js_at(js_get(op->job, "_steps"), 0), true);
    step_new(op->e, op->job, "executing", "Executing");
}

void
job_end(struct emu_op *op, bool good)
{
    if (op->job)
        job_close(op->e, op->job, good);
}

static void
jobs_expire(struct emu_engine *e)
{
    int64_t now = emu_epoch_ms(e, e->now);
    for (size_t i = js_len(e->jobs); i > 0; i--) {
        struct json_object *job = js_at(e->jobs, i - 1);
        bool good = emu_same(js_str(job, "status"), "finished");
        int64_t end = js_int(job, "end_time", -1);
        if (end >= 0 && now - end > (good ? JOB_KEEP_GOOD_MS : JOB_KEEP_BAD_MS))
            json_object_array_del_idx(e->jobs, i - 1, 1);
    }
}

static void
job_search(struct emu_engine *e, void *object, const char *field, struct json_object *texts)
{
    (void)e;
    const char *text = js_str(object, emu_same(field, "correlation_id") ? "_correlation" : field);
    if (text)
        json_object_array_add(texts, json_object_new_string(text));
}

void
job_list(struct emu_op *op)
{
    jobs_expire(op->e);
    if (!op_search_ok(op))
        return;
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < js_len(op->e->jobs); i++)
        if (op_search(op, job_search, js_at(op->e->jobs, i)))
            json_object_array_add(list, json_object_get(js_at(op->e->jobs, i)));
    op_list(op, "job", "jobs", list);
}

static struct json_object *
op_job(struct emu_op *op)
{
    jobs_expire(op->e);
    struct json_object *job = js_find(op->e->jobs, "id", op->args[0]);
    if (!job)
        op_empty(op, 404);
    return job;
}

void
job_get(struct emu_op *op)
{
    struct json_object *job = op_job(op);
    if (job)
        op_object(op, 200, "job", json_object_get(job));
}

void
job_steps(struct emu_op *op)
{
    struct json_object *job = op_job(op);
    if (job)
        op_list(op, "step", "steps", js_copy(js_get(job, "_steps")));
}

static struct json_object *
op_step(struct emu_op *op)
{
    struct json_object *job = op_job(op);
    if (!job)
        return NULL;
    struct json_object *step = js_find(js_get(job, "_steps"), "id", op->args[1]);
    if (!step)
        op_empty(op, 404);
    return step;
}

void
job_step_get(struct emu_op *op)
{
    struct json_object *step = op_step(op);
    if (step)
        op_object(op, 200, "step", json_object_get(step));
}

void
job_post(struct emu_op *op)
{
    const char *text = js_str(op->body, "description");
    if (!text) {
        op_fault(op, 400, "Job [description] required for add");
        return;
    }
    struct json_object *job = job_new(op->e, text, true);
    js_add_bool(job, "auto_cleared", js_bool(op->body, "auto_cleared", true));
    js_add_str(job, "_correlation", op->correlation);
    op_object(op, 201, "job", json_object_get(job));
}

/* Only an external job can be changed from outside. */
static bool
op_external(struct emu_op *op, struct json_object *job)
{
    if (job && !js_bool(job, "external", false)) {
        op_fault(op, 409, "[Cannot change a job of the engine itself.]");
        return false;
    }
    return job != NULL;
}

void
job_step_post(struct emu_op *op)
{
    struct json_object *job = op_job(op);
    if (!op_external(op, job))
        return;
    const char *text = js_str(op->body, "description");
    const char *type = js_str(op->body, "type");
    if (!text || !type) {
        op_fault(op, 400, "Step [type, description] required for add");
        return;
    }
    op_object(op, 201, "step", json_object_get(step_new(op->e, job, type, text)));
}

void
job_end_post(struct emu_op *op)
{
    struct json_object *job = op_job(op);
    if (!op_external(op, job))
        return;
    job_close(op->e, job, js_bool(op->body, "succeeded", true));
    op_action(op, NULL);
}

void
job_step_end_post(struct emu_op *op)
{
    struct json_object *step = op_step(op);
    if (!op_external(op, step))
        return;
    job_close(op->e, step, js_bool(op->body, "succeeded", true));
    op_action(op, NULL);
}

/* Only what has ended, or an external job, is taken from the list. */
void
job_clear(struct emu_op *op)
{
    struct json_object *job = op_job(op);
    if (!job)
        return;
    if (emu_same(js_str(job, "status"), "started") && !js_bool(job, "external", false)) {
        op_fault(op, 409, "[Cannot clear a job that runs.]");
        return;
    }
    js_remove(op->e->jobs, "id", op->args[0]);
    op_action(op, NULL);
}
