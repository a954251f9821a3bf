/* What acts have in common: somebody to ask, progress to show, a report at the end. */
#ifndef CLI_ACT_H
#define CLI_ACT_H

#include "ask.h"

struct act {
    struct ask ask;
    struct follow *follow;
    struct drstor_callbacks callbacks;
};

/* Opens the installation; 0 or an exit code. */
int act_begin(struct act *a, struct cli *c);
/* Shows what came of it as a document of KIND, closes; the exit code. */
int act_end(struct act *a, struct cli *c, int status, const char *kind, const char *report,
            const struct drstor_error *err);

void act_event(const char *json, void *act);
void act_decide(const char *plan_json, struct drstor_answer *answer, void *act);

#endif
