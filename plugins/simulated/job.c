/* Long operations that an array works on under a handle. */
#include "state.h"

#include <stdio.h>
#include <string.h>

struct sim_job *
sim_job_add(struct sim_world *w, const struct sim_flight *f, uint64_t end_ns)
{
    if (w->n_jobs >= SIM_JOBS_KEPT) {
        /* The oldest that is over makes room. */
        for (size_t i = 0; i < w->n_jobs; i++) {
            if (w->jobs[i].state != DRSTOR_JOB_RUNNING) {
                memmove(&w->jobs[i], &w->jobs[i + 1], (--w->n_jobs - i) * sizeof(*w->jobs));
                break;
            }
        }
    }
    struct sim_job *jobs = sim_grow(w->jobs, w->n_jobs, &w->size_jobs, sizeof(*w->jobs));
    if (!jobs) {
        w->broken = true;
        return NULL;
    }
    w->jobs = jobs;
    struct sim_job *job = &w->jobs[w->n_jobs++];
    *job = (struct sim_job){.id = ++w->ids,
                            .array = f->array,
                            .group = f->group,
                            .copy = f->copy,
                            .op = f->op,
                            .state = DRSTOR_JOB_RUNNING,
                            .begun_ns = w->now_ns,
                            .end_ns = end_ns};
    SIM_SET(job->op_id, f->op_id);
    return job;
}

struct sim_job *
sim_job_by_id(struct sim_world *w, uint64_t id)
{
    for (size_t i = 0; i < w->n_jobs; i++)
        if (w->jobs[i].id == id)
            return &w->jobs[i];
    return NULL;
}

void
sim_job_name(const struct sim_job *job, char *to, size_t size)
{
    snprintf(to, size, "job-%llu", (unsigned long long)job->id);
}

struct sim_job *
sim_job_find(struct sim_world *w, uint32_t array, const char *name)
{
    for (size_t i = 0; i < w->n_jobs; i++) {
        char text[SIM_NAME];
        sim_job_name(&w->jobs[i], text, sizeof(text));
        if (w->jobs[i].array == array && strcmp(text, name) == 0)
            return &w->jobs[i];
    }
    return NULL;
}

void
sim_job_end(struct sim_world *w, uint64_t id, int state, const char *words)
{
    struct sim_job *job = sim_job_by_id(w, id);
    if (!job || job->state != DRSTOR_JOB_RUNNING)
        return;
    job->state = state;
    job->end_ns = w->now_ns;
    SIM_SET(job->words, words);
    w->changed = 1;
}

int64_t
sim_job_permille(const struct sim_world *w, const struct sim_job *job)
{
    if (job->state == DRSTOR_JOB_SUCCEEDED)
        return 1000;
    if (job->state != DRSTOR_JOB_RUNNING || job->end_ns <= job->begun_ns)
        return -1;
    uint64_t done = w->now_ns > job->begun_ns ? w->now_ns - job->begun_ns : 0;
    uint64_t all = job->end_ns - job->begun_ns;
    return done >= all ? 999 : (int64_t)(done * 1000 / all);
}
