#include "seeds/play.h"

#include <stdio.h>

static bool
agree(struct story *st, enum check_rule rule, enum sim_violation a, enum sim_violation b)
{
    const struct sim_world *w = house_world(st->h);
    uint64_t seen = sim_violations(w, a) + (b ? sim_violations(w, b) : 0);
    return (seen > 0) == (check_broken(watch_check(st->watch), rule) > 0);
}

void
verdict_reach(struct story *st)
{
    struct verdict *v = st->v;
    struct check *c = watch_check(st->watch);
    const struct sim_world *w = house_world(st->h);
    check_end(c, story_open_runs(st));
    for (int r = 0; r < CHECK_RULES; r++)
        v->broken[r] = check_broken(c, (enum check_rule)r);
    for (int r = 0; r < CHECK_RULES && !v->bad; r++)
        if (v->broken[r]) {
            v->bad = true;
            (void)snprintf(v->text, sizeof(v->text), "%s", check_text(c));
        }
    v->met[MET_WINDOWS] += check_windows(c);
    v->met[MET_LATE] += check_late_windows(c);
    v->met[MET_FLIPS] += watch_flips(st->watch);
    v->wrong = st->wrong;
    v->over_living = st->wrong && sim_violations(w, SIM_V_DUAL_WRITABLE) > 0;
    if (st->wrong || v->bad || check_late_windows(c))
        return;
    static const struct {
        enum check_rule rule;
        enum sim_violation a, b;
    } same[] = {{CHECK_S1, SIM_V_DUAL_WRITABLE, SIM_V_UNKNOWN},
                {CHECK_S2, SIM_V_DESTROYED, SIM_V_UNKNOWN},
                {CHECK_S4, SIM_V_UNEQUAL_POINTS, SIM_V_START_PARTIAL},
                {CHECK_S8, SIM_V_STALE, SIM_V_UNKNOWN}};
    for (size_t i = 0; i < DR_COUNT(same) && !v->bad; i++)
        if (!agree(st, same[i].rule, same[i].a, same[i].b)) {
            v->bad = true;
            (void)snprintf(v->text, sizeof(v->text), "judge and world disagree about %s: %s",
                           check_rule_name(same[i].rule), sim_violation_name(same[i].a));
        }
    static const enum sim_violation others[] = {SIM_V_RESYNC_WRITABLE, SIM_V_RESYNC_EXPOSED,
                                                SIM_V_PLANNED_LOSS, SIM_V_INCONSISTENT,
                                                SIM_V_SENT_LATE};
    for (size_t i = 0; i < DR_COUNT(others) && !v->bad; i++)
        if (sim_violations(w, others[i])) {
            v->bad = true;
            (void)snprintf(v->text, sizeof(v->text), "the world saw: %s",
                           sim_violation_text(others[i]));
        }
}
