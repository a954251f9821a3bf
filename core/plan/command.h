/* A goal as the command to type: a remedy that names a command means it to the letter. */
#ifndef DR_PLAN_COMMAND_H
#define DR_PLAN_COMMAND_H

#include "plan/goal.h"

/* What is different from the goal; a member that is NULL or false changes nothing. */
struct dr_command_change {
    const char *to; /* promote there, whatever the verb was */
    bool unplanned, storage_only;
    const char *declare; /* a site: lost, unless something was declared of it that counts */
    bool waive;          /* the fence */
    const char *accept_loss;
};

/* "drstor promote erp --to rome --unplanned"; TEXT stands for what only a person can say. */
const char *dr_command_text(struct dr_arena *a, const struct dr_goal *g,
                            const struct dr_command_change *change);

#endif
