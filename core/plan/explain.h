/* What every refusal id means, for `drstor explain ID`. */
#ifndef DR_PLAN_EXPLAIN_H
#define DR_PLAN_EXPLAIN_H

#include <stddef.h>

struct dr_explanation {
    const char *id, *title, *why, *remedy;
};

const struct dr_explanation *dr_explain(const char *id); /* NULL: no such id */
const struct dr_explanation *dr_explain_all(size_t *ret_n);

#endif
