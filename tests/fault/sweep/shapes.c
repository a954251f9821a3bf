#include "fault/sweep/shapes.h"

#include "support/house_site.h"

#include "base/mem.h"

#include <stdlib.h>

const struct shape shapes[] = {
    {.name = "planned", .goal = PLANNED},
    {.name = "unplanned-lost",
     .before = LOST,
     .goal = UNPLANNED,
     .accept_loss = "unknown",
     .declare = "site-lost:milan"},
    {.name = "unplanned-answering", .goal = UNPLANNED, .accept_loss = "unknown"},
    {.name = "unplanned-point", .goal = BACK, .accept_loss = "10m", .point = true},
    {.name = "unplanned-point-lost",
     .before = LOST,
     .goal = BACK,
     .accept_loss = "10m",
     .declare = "site-lost:milan",
     .point = true},
    {.name = "failback", .before = AT_ROME, .goal = GOAL("\"failback\",\"all\":true")},
    {.name = "serve", .before = DEMOTED, .goal = GOAL("\"promote\",\"all\":true,\"to\":\"milan\"")},
    {.name = "demote", .goal = GOAL("\"demote\",\"all\":true,\"at\":\"milan\"")},
    {.name = "reprotect",
     .before = LEFT,
     .goal = GOAL("\"reprotect\",\"all\":true"),
     .accept_loss = "unknown"},
    {.name = "reprotect-stopped", .before = STOPPED, .goal = GOAL("\"reprotect\",\"all\":true")},
    {.name = "guard", .before = LEFT, .goal = "milan", .guard = true},
    {.name = "suspend", .goal = BARE("\"suspend\",\"all\":true")},
    {.name = "resume", .before = PAUSED, .goal = BARE("\"resume\",\"all\":true")},
    {.name = "sync", .goal = BARE("\"sync\",\"all\":true")},
    {.name = "drill-start", .goal = BARE("\"drill-start\",\"groups\":[\"erp\",\"db\"]")},
    {.name = "drill-start-point",
     .goal = BARE("\"drill-start\",\"groups\":[\"erp\",\"db\"],\"point\":\"p1\""),
     .point = true},
    {.name = "drill-promote",
     .before = DRILL,
     .goal = BARE("\"drill-promote\",\"groups\":[\"erp\",\"db\"]")},
    {.name = "drill-clean", .before = DRILL, .goal = BARE("\"drill-clean\",\"all\":true")},
    {.name = "drill-promote-vms",
     .before = DRILL,
     .goal = BARE("\"drill-promote\",\"groups\":[\"erp\",\"db\"]"),
     .engines = true,
     .every = 3},
    {.name = "drill-clean-vms",
     .before = DRILLED,
     .goal = BARE("\"drill-clean\",\"all\":true"),
     .engines = true,
     .every = 3},
    {.name = "move-in-drill", .before = DRILL, .goal = MOVED, .engines = true, .every = 7},
    {.name = "move-in-drill-vms", .before = DRILLED, .goal = MOVED, .engines = true, .every = 7},
    {.name = "promote-in-drill", .before = DRILL, .goal = UNPLANNED, .accept_loss = "unknown"},
    {.name = "abort", .before = HALF_WAY, .abort = true},
    {.name = "abort-unplanned", .before = HALF_UNPLANNED, .abort = true},
    {.name = "abort-point", .before = HALF_BACK, .abort = true, .point = true},
    {.name = "within", .goal = GOAL("\"promote\",\"all\":true,\"to\":\"rome\",\"within_s\":600")},
    {.name = "engines-lost",
     .before = LOST,
     .goal = FORCED("\"all\":true"),
     .accept_loss = "unknown",
     .declare = "site-lost:milan",
     .engines = true},
    {.name = "engines-blind",
     .before = BLIND,
     .goal = "{\"verb\":\"promote\",\"all\":true,\"to\":\"rome\",\"unplanned\":true}",
     .accept_loss = "unknown",
     .declare = "site-lost:milan",
     .engines = true,
     .every = 3},
    {.name = "engines-unrecorded",
     .before = LOST,
     .goal = FORCED("\"groups\":[\"erp\",\"db\",\"web\"]"),
     .accept_loss = "unknown",
     .declare = "site-lost:milan",
     .engines = true,
     .unrecorded = true,
     .every = 3},
    {.name = "engines-opened",
     .before = LOST_OPENED,
     .goal = FORCED("\"groups\":[\"erp\",\"db\",\"web\"]"),
     .accept_loss = "unknown",
     .declare = "site-lost:milan",
     .engines = true,
     .unrecorded = true,
     .every = 3},
    {.name = "engines-serve",
     .before = DEMOTED,
     .goal = BARE("\"promote\",\"all\":true,\"to\":\"milan\""),
     .engines = true,
     .down = true,
     .every = 3},
    {.name = "survivor",
     .before = LOST,
     .goal = FORCED("\"groups\":[\"mes\",\"lab\"]"),
     .accept_loss = "unknown",
     .declare = "site-lost:milan",
     .engines = true,
     .legs = true,
     .every = 3},
    {.name = "survivor-shown",
     .before = LOST,
     .goal = FORCED("\"groups\":[\"mes\",\"lab\"]"),
     .accept_loss = "unknown",
     .declare = "site-lost:milan",
     .engines = true,
     .legs = true,
     .shown = true,
     .every = 3},
    {.name = "move-bare", .goal = MOVED, .hosts = true, .bare = true, .every = 5},
    {.name = "move", .goal = MOVED, .engines = true, .every = 5},
    {.name = "reprotect-stopped-engines",
     .before = STOPPED,
     .goal = BARE("\"reprotect\",\"all\":true"),
     .engines = true,
     .every = 3},
    {.name = "reprotect-engines",
     .before = RETURNED,
     .goal = BARE("\"reprotect\",\"all\":true"),
     .accept_loss = "unknown",
     .engines = true,
     .every = 11,
     .power = true},
    {.name = "failback-engines",
     .before = CLEANED,
     .goal = BARE("\"failback\",\"all\":true"),
     .engines = true,
     .every = 13,
     .power = true},
    {.name = "move-back",
     .before = MOVED_TO_ROME,
     .goal = BARE("\"failback\",\"all\":true"),
     .engines = true,
     .own = true,
     .every = 5},
    {.name = "abort-move", .before = HALF_MOVED, .abort = true, .engines = true, .every = 3},
    /* Arrays that obey whoever comes late: nothing but drstor itself keeps an old call away. */
    {.name = "planned-unfenced", .goal = PLANNED, .unfenced = true},
    {.name = "unplanned-unfenced", .goal = UNPLANNED, .accept_loss = "unknown", .unfenced = true},
    {.name = "guard-unfenced", .before = LEFT, .goal = "milan", .guard = true, .unfenced = true},
};
const size_t n_shapes = DR_COUNT(shapes);
_Static_assert(DR_COUNT(shapes) <= SHAPES_MOST,
               "more shapes than whoever keeps something of each has room for");

static const struct house_site_how hows[] = {
    {0},
    {.engines = true},
    {.unfenced = true},
    {.engines = true, .legs = true},
    {.engines = true, .legs = true, .legs_shown = true},
    {.hosts = true, .bare_target = true},
    {.engines = true, .down = true},
    {.engines = true, .power = true},
    {.engines = true, .own = true, .rhv = "  preempt: { rome: [\"dev*\"] }\n"},
};
static struct house_plan plans[DR_COUNT(hows)];

const struct house_plan *
shape_plan(const struct shape *s)
{
    for (size_t i = 0; i < DR_COUNT(hows); i++)
        if (hows[i].engines == s->engines && hows[i].unfenced == s->unfenced &&
            hows[i].legs == s->legs && hows[i].legs_shown == s->shown &&
            hows[i].bare_target == s->bare && hows[i].hosts == s->hosts &&
            hows[i].down == s->down && hows[i].power == s->power && hows[i].own == s->own)
            return &plans[i];
    abort();
}

bool
shapes_prepare(void)
{
    for (size_t i = 0; i < DR_COUNT(hows); i++)
        if (!house_site_make(&plans[i], &hows[i]))
            return false;
    return true;
}
