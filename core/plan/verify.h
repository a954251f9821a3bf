/*
 * Is dual write really possible now (safety, operation verify-dual-write)? A list of checks over
 * what both legs say of themselves; each names what was read and what to do. Pure.
 */
#ifndef DR_PLAN_VERIFY_H
#define DR_PLAN_VERIFY_H

#include "model/facts.h"
#include "model/model.h"

/* An array's own verdict on its leg; asked by the caller. */
struct dr_leg_verdict {
    const char *site;
    enum drstor_tristate fine;   /* UNKNOWN: it cannot say, or did not answer */
    const char *text;            /* its words; NULL: none */
    enum drstor_tristate probed; /* a write to its probe volume; UNKNOWN: not tried, or cannot */
    const char *probe_text;
    bool probe; /* was a probe asked for? */
};

struct dr_check {
    const char *id; /* "V03" */
    const char *text;
    enum drstor_tristate ok;
    const char *evidence, *remedy;
    bool advice; /* worth mending; nothing is held back by it */
};

enum dr_verdict_dual {
    DR_DUAL_UNKNOWN = 0, /* something could not be read: never safe */
    DR_DUAL_VERIFIED,
    DR_DUAL_UNVERIFIED,
    DR_DUAL_NOT_ACTIVE_ACTIVE
};
extern const struct dr_names dr_verdict_dual_names;

/* One verdict per copy of the group, in its order. */
enum dr_verdict_dual dr_verify_dual(struct dr_arena *a, const struct dr_group *g,
                                    const struct dr_facts *facts, const struct dr_leg_verdict *legs,
                                    struct dr_check **ret, size_t *ret_n);

#endif
