/* Where a run is, as its plan and its events tell. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "cli.h"

struct progress_step {
    char *id, *kind, *group, *text, *last;
    char state[24];
    int64_t expect_s;          /* -1: not known */
    int64_t started_s, took_s; /* since the run began; -1: not yet */
};

struct progress_group {
    char *name;
    size_t vms, up, counted;
};

struct progress {
    char *run, *goal, *last;
    char state[24]; /* of the run */
    int64_t expect_s, elapsed_s;
    int64_t at_ms; /* monotonic, when elapsed_s was true */
    struct progress_step *steps;
    size_t n_steps;
    struct progress_group *groups;
    size_t n_groups;
    int64_t seq;
};

void progress_free(struct progress *p);
/* A plan or a report: both name steps and VMs. */
void progress_learn(struct progress *p, struct json_object *doc);
/* The step it is about, or NULL. */
struct progress_step *progress_event(struct progress *p, struct json_object *event);
bool progress_running(const struct progress_step *s);
bool progress_ended(const struct progress_step *s);
struct progress_group *progress_group(struct progress *p, const char *name); /* NULL: none */
int64_t progress_now_ms(void);
/* "12 s", "3 min 5 s"; SIZE 24 is enough. */
const char *progress_duration(int64_t s, char *text, size_t size);

/* "14:03:21 erp  promote   done (2 s)" for an event and the step it is about (NULL: the run). */
void progress_plain(struct progress *p, const struct progress_step *s, struct json_object *event);

#endif
