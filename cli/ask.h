/* What only a person may decide. */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include "follow.h"

struct ask {
    struct cli *c;
    struct follow *follow;
    bool refused;  /* there was nobody to ask, or the answer was no: nothing was sent */
    char why[160]; /* the reason; the flag to give where nobody could be asked */
};

/* For drstor_callbacks. */
void ask_decide(const char *plan_json, struct drstor_answer *answer, void *ask);

#endif
