/*
 * Which controller is the active one, as a store knows it, and what that means for the one who
 * reads it (safety 3, takeover; 4.3). Pure.
 */
#ifndef DR_MODEL_CONTROLLER_H
#define DR_MODEL_CONTROLLER_H

#include "base/map.h"

struct dr_controller {
    const char *active; /* NULL: nothing is stored, the configuration decides */
    const char *site;
    int64_t term;                     /* raised by every takeover; 0: nobody ever took over */
    int64_t since;                    /* UTC; -1: not known */
    const char *before, *before_site; /* whose role it took; NULL: not known, or nobody's */
    const char *by, *reason;
    bool begun; /* this takeover has not come to its end: nobody acts from here yet */
};
extern const struct dr_type dr_controller_type;

/* May the controller NAME, STANDBY by its configuration, act? What is stored wins: a takeover does
 * not edit files, and a controller that was replaced does not read the other one's. */
bool dr_controller_acts(const struct dr_controller *c, const char *name, bool standby);

enum dr_mirror_word {
    DR_MIRROR_UNKNOWN = 0,
    DR_MIRROR_TAKE,       /* goes on */
    DR_MIRROR_TAKEN_OVER, /* who sends it is not the active controller any more */
    DR_MIRROR_NOT_STANDBY /* by its configuration the one that is sent to is active, too */
};
/* SENDER's records come to NAME, whose store says C. */
enum dr_mirror_word dr_controller_hears(const struct dr_controller *c, const char *name,
                                        bool standby, const struct dr_controller *sender);

#endif
