/* The scenes: where a history begins, which operations are in it, and what may go wrong. */
#include "checker.h"

#include <drstor/types.h>

/* A demoted primary: nobody serves. */
static void
fenced(struct state *s)
{
    s->site[0].acc = CLOSED;
    s->site[0].exp = 0;
}

/*
 * After an unplanned promote to rome, with milan back as it was: it is stale, its hosts see it, and
 * it has a write that nobody else has.
 */
static void
left_behind(struct state *s)
{
    s->rec.epoch = EPOCH_FIRST + 1;
    s->rec.primary = 1;
    s->rec.stale = s->rec.left = s->rec.exposed = 1;
    s->rec.hold = 1;
    s->site[1].acc = OPEN;
    s->site[1].exp = s->site[1].att = 1;
    s->site[1].rel = DRSTOR_RELATION_NONE;
    s->site[0].ghost = 1;
    s->site[0].data = 1;
    s->n = 1;
    s->agreed = 1;
    s->tag[1] = scene->tags ? EPOCH_FIRST + 1 : 0;
}

/* A planned flip to rome that was not reversed: milan follows nobody. */
static void
not_reversed(struct state *s)
{
    s->rec.epoch = EPOCH_FIRST + 1;
    s->rec.primary = 1;
    s->rec.stale = s->rec.left = s->rec.exposed = 1;
    s->rec.left_gen_known = s->rec.left_zero = 1;
    s->site[0].acc = CLOSED;
    s->site[0].exp = s->site[0].att = 0;
    s->site[1].acc = OPEN;
    s->site[1].exp = s->site[1].att = 1;
    s->site[1].rel = DRSTOR_RELATION_NONE;
    s->site[1].data = 1;
    s->n = 1;
}

/* A drill is under way at rome. */
static void
rehearsing(struct state *s)
{
    s->rec.phase = DR_PHASE_TESTING;
    s->rec.drill = RUNS;
    s->rec.drill_site = 1;
    s->clone = 2;
}

/* Milan is lost, and the leg at rome stands still. */
static void
standing_still(struct state *s)
{
    s->site[0].up = 0;
    s->site[1].acc = CLOSED;
    s->site[1].leg = DRSTOR_LEG_SUSPENDED;
}

static void
paused(struct state *s)
{
    s->paused = 1;
    s->rec.exposed = 1;
}

/*
 * What goes wrong together. All at once would be more histories than can be walked for every
 * change; each of these is complete in itself.
 */
enum {
    /* parts fail, replies are lost, a controller dies */
    PARTS = EV_WRITE | EV_LINK | EV_SITE | EV_MUTE | EV_CRASH | EV_REPLY | EV_ABORT,
    /* people act beside drstor, and time goes by */
    PEOPLE = EV_WRITE | EV_VMS | EV_AGE | EV_HAND | EV_RESCUE | EV_CRASH,
    /* two controllers, and one does not know that its lock is gone */
    LOCKS = EV_LOCK | EV_CRASH | EV_ABORT
};

#define ALSO(NAME, ...)                                                                            \
    {.name = NAME "/parts", .events = PARTS, .faults = 2, __VA_ARGS__},                            \
        {.name = NAME "/people", .events = PEOPLE, .faults = 2, __VA_ARGS__},                      \
    {                                                                                              \
        .name = NAME "/locks", .events = LOCKS, .faults = 3, __VA_ARGS__                           \
    }

const struct scene scenes[] = {
    ALSO("planned", .first = OP(SWITCHOVER), .then = OP(SERVE) | OP(PROMOTE)),
    ALSO("planned-sync", .sync = true, .tags = true, .first = OP(SWITCHOVER),
         .then = OP(SERVE) | OP(PROMOTE)),
    ALSO("unplanned", .first = OP(PROMOTE), .then = OP(SERVE) | OP(PROMOTE)),
    ALSO("unplanned-sync", .sync = true, .tags = true, .first = OP(PROMOTE),
         .then = OP(SERVE) | OP(SWITCHOVER)),
    ALSO("no-roles", .no_roles = {true, false}, .first = OP(PROMOTE), .then = OP(SERVE)),
    ALSO("serve", .first = OP(SERVE), .then = OP(SWITCHOVER) | OP(PROMOTE), .begin = fenced),
    ALSO("survivor", .sync = true, .mutual = true, .first = OP(SURVIVOR), .then = OP(SURVIVOR)),
    ALSO("demote", .first = OP(DEMOTE), .then = OP(SERVE) | OP(PROMOTE)),
    ALSO("reprotect", .first = OP(REPROTECT), .then = OP(REPROTECT) | OP(SERVE) | OP(PROMOTE),
         .begin = left_behind),
    ALSO("guard", .first = OP(GUARD), .then = OP(PROMOTE) | OP(REPROTECT) | OP(GUARD),
         .begin = left_behind),
    ALSO("pauses", .first = OP(SUSPEND) | OP(SYNC), .then = OP(RESUME) | OP(SWITCHOVER)),
    ALSO("resume", .first = OP(RESUME), .then = OP(SUSPEND) | OP(SYNC) | OP(PROMOTE),
         .begin = paused),
    {.name = "planned/again",
     .events = EV_WRITE | EV_CRASH | EV_HAND_OLD,
     .faults = 2,
     .first = OP(SWITCHOVER),
     .then = OP(SERVE),
     .not_promised = 1u << S3},
    {.name = "planned/storage",
     .storage_only = true,
     .sync = true,
     .events = PARTS,
     .faults = 1,
     .first = OP(SWITCHOVER),
     .then = OP(SWITCHOVER) | OP(PROMOTE)},
    {.name = "planned/idle",
     .idle_is_sync = true,
     .events = EV_WRITE | EV_CRASH | EV_REPLY | EV_LINK | EV_ABORT,
     .faults = 2,
     .first = OP(SWITCHOVER),
     .then = OP(SERVE)},
    {.name = "reprotect/storage",
     .storage_only = true,
     .events = PARTS,
     .faults = 2,
     .first = OP(REPROTECT),
     .then = OP(REPROTECT) | OP(SERVE) | OP(PROMOTE),
     .begin = left_behind},
    {.name = "reprotect/unknown",
     .accepts_all = true,
     .events = EV_WRITE | EV_CRASH | EV_RESCUE | EV_ABORT,
     .faults = 2,
     .first = OP(REPROTECT),
     .then = OP(REPROTECT),
     .begin = left_behind},
    {.name = "serve/tags",
     .tags = true,
     .events = EV_CRASH | EV_REPLY | EV_ABORT,
     .faults = 2,
     .first = OP(SERVE),
     .then = OP(SERVE),
     .begin = fenced},
    {.name = "survivor/tags",
     .sync = true,
     .mutual = true,
     .tags = true,
     .events = EV_CRASH | EV_REPLY | EV_ABORT,
     .faults = 2,
     .first = OP(SURVIVOR),
     .then = OP(SURVIVOR)},
    {.name = "survivor/forced",
     .sync = true,
     .mutual = true,
     .events = EV_CRASH | EV_REPLY | EV_ABORT,
     .faults = 2,
     .first = OP(SURVIVOR),
     .then = OP(SURVIVOR),
     .begin = standing_still},
    {.name = "survivor/apart",
     .sync = true,
     .mutual = true,
     .events = EV_LINK | EV_VMS | EV_WRITE,
     .faults = 2,
     .first = OP(SURVIVOR),
     .then = OP(SURVIVOR)},
    {.name = "survivor/hands",
     .sync = true,
     .mutual = true,
     .events = EV_CRASH | EV_HAND | EV_ABORT,
     .faults = 2,
     .first = OP(SURVIVOR),
     .then = OP(SURVIVOR)},
    {.name = "drill/there",
     .storage_only = true,
     .events = EV_CRASH | EV_REPLY | EV_ABORT,
     .faults = 2,
     .first = OP(DRILL_PROMOTE) | OP(DRILL_CLEAN),
     .then = OP(DRILL_PROMOTE) | OP(DRILL_CLEAN),
     .begin = rehearsing},
    {.name = "reprotect/no-hiding",
     .no_hiding = true,
     .events = EV_CRASH | EV_REPLY | EV_ABORT | EV_RESCUE,
     .faults = 2,
     .first = OP(REPROTECT),
     .then = OP(REPROTECT),
     .begin = left_behind},
    {.name = "reprotect/drill",
     .storage_only = true,
     .events = EV_CRASH | EV_REPLY | EV_ABORT,
     .faults = 2,
     .first = OP(REPROTECT) | OP(DRILL_START),
     .then = OP(REPROTECT) | OP(DRILL_START),
     .begin = not_reversed},
    {.name = "reprotect/paused",
     .events = EV_CRASH | EV_HAND | EV_RESCUE | EV_WRITE,
     .faults = 2,
     .first = OP(REPROTECT),
     .then = OP(REPROTECT) | OP(SERVE),
     .begin = paused},
    ALSO("drill", .storage_only = true, .first = OP(DRILL_START),
         .then = OP(DRILL_PROMOTE) | OP(DRILL_CLEAN) | OP(PROMOTE)),
};
const size_t n_scenes = DR_COUNT(scenes);
