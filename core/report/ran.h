/* One run as the store has it, for those who make its report. */
#ifndef DR_REPORT_RAN_H
#define DR_REPORT_RAN_H

#include "report/document.h"

struct dr_ran {
    struct dr_store *store;
    struct dr_arena *arena;
    struct dr_run_row row;
    struct dr_plan plan;
    const struct dr_step_row *rows;
    size_t n_rows;
    const struct dr_event_row *events;
    size_t n_events;
};

/* NULL: that step was not begun. */
const struct dr_step_row *dr_ran_row(const struct dr_ran *ran, const char *step);
/* What was stored as JSON; NULL: nothing that can be read. The caller owns it. */
struct json_object *dr_ran_parse(const char *text);

/*
 * Sets "vms", "by_group", "times", "rto_s", "rto_outage_s": when what was lost, who decided when,
 * and when each VM and each group served again.
 */
void dr_ran_service(const struct dr_ran *ran, struct json_object *doc);

#endif
