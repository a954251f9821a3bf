/* What evidence.c and declared.c share. */
#ifndef DR_PLAN_EVIDENCE_INTERNAL_H
#define DR_PLAN_EVIDENCE_INTERNAL_H

#include "plan/evidence.h"

struct dr_weigh {
    struct dr_arena *a;
    const struct dr_fence_case *c;
    const struct dr_endpoint_facts *array; /* of the old copy; NULL: never asked */
    struct dr_fence *ret;
};

void dr_weigh_refuse(const struct dr_weigh *w, const char *id, const char *text,
                     const char *evidence, const char *remedy);
void dr_weigh_prove(const struct dr_weigh *w, enum drstor_evidence_kind kind, const char *detail);

/* declared.c: the array is silent, and a person says that nobody there can write (E6, E7). */
void dr_weigh_declared(const struct dr_weigh *w);

#endif
