#include "model/table.h"

#include "base/mem.h"
#include "base/names.h"

static const char *const kinds[] = {
    "unknown", "presync", "drain",   "release", "demote",   "final-sync", "fence",    "commit",
    "tag",     "promote", "reverse", "expose",  "handover", "stage",      "withdraw", "snapshot",
    "intend",  "resync",  "follow",  "suspend", "resume",   "sync",       "clone",    "rehearse",
    "unclone", "settle",  "close",   "unstage", "clean",    "give-back"};
const struct dr_names dr_step_kind_names = {"kind of step", kinds, DR_COUNT(kinds)};

/* What every flip has in common: from its commit on. */
#define TAG_TARGET                                                                                 \
    {                                                                                              \
        DR_STEP_TAG, true, true, DR_REQUIRE_COMMITTED, 0, true, "tag",                             \
            "the target's array keeps the new epoch"                                               \
    }
/* A host that sees a drill's clone beside the copy may use either: the same identities. */
#define END_DRILL                                                                                  \
    {DR_STEP_UNSTAGE,                                                                              \
     true,                                                                                         \
     true,                                                                                         \
     0,                                                                                            \
     0,                                                                                            \
     true,                                                                                         \
     NULL,                                                                                         \
     "a drill at the target: its VMs and domains taken from the engine"},                          \
    {                                                                                              \
        DR_STEP_UNCLONE, true, true, 0, 0, true, "test_stop", "and its clone deleted"              \
    }
#define SERVE_TARGET                                                                               \
    END_DRILL,                                                                                     \
        {DR_STEP_EXPOSE,     true,  true,     DR_REQUIRE_COMMITTED | DR_REQUIRE_TARGET_WRITABLE,   \
         DR_REQUIRE_EXPOSED, false, "expose", "hosts of the target site see the LUNs"},            \
        {DR_STEP_HANDOVER,                                                                         \
         true,                                                                                     \
         false,                                                                                    \
         DR_REQUIRE_EXPOSED,                                                                       \
         0,                                                                                        \
         true,                                                                                     \
         NULL,                                                                                     \
         "read the LUNs for the engine"},                                                          \
    {                                                                                              \
        DR_STEP_STAGE, true, true,                                                                 \
            DR_REQUIRE_COMMITTED | DR_REQUIRE_TARGET_WRITABLE | DR_REQUIRE_EXPOSED, 0, true, NULL, \
            "attach domains, register and start VMs"                                               \
    }

static const struct dr_table_step switchover[] = {
    {DR_STEP_PRESYNC, true, true, DR_REQUIRE_RECORD, 0, true, "sync_once",
     "bring the target up to date while applications run"},
    {DR_STEP_DRAIN, false, true,
     DR_REQUIRE_RECORD | DR_REQUIRE_OLD_REACHABLE | DR_REQUIRE_RELATION_HEALTHY,
     DR_REQUIRE_NO_VMS_AT_OLD, true, NULL, "shut the VMs down, those noted first that ran"},
    {DR_STEP_RELEASE, false, true, DR_REQUIRE_RECORD | DR_REQUIRE_NO_VMS_AT_OLD,
     DR_REQUIRE_OLD_DETACHED, true, NULL,
     "what the domains say of their VMs is written; domains detached"},
    {DR_STEP_DEMOTE, false, true,
     DR_REQUIRE_RECORD | DR_REQUIRE_RELATION_HEALTHY | DR_REQUIRE_NO_VMS_AT_OLD |
         DR_REQUIRE_OLD_DETACHED,
     DR_REQUIRE_OLD_NOT_WRITABLE | DR_REQUIRE_EVIDENCE, false, "set_access",
     "old copy not writable, every member read back (E1)"},
    {DR_STEP_FINALSYNC, true, true, DR_REQUIRE_OLD_NOT_WRITABLE, DR_REQUIRE_SYNCED_AFTER, false,
     "sync_once", "final sync after the demotion, proven"},
    {DR_STEP_COMMIT, true, false,
     DR_REQUIRE_OLD_NOT_WRITABLE | DR_REQUIRE_SYNCED_AFTER | DR_REQUIRE_EVIDENCE,
     DR_REQUIRE_COMMITTED, false, NULL, "commit: epoch + 1, target is primary"},
    TAG_TARGET,
    {DR_STEP_PROMOTE, true, true, DR_REQUIRE_COMMITTED | DR_REQUIRE_EVIDENCE,
     DR_REQUIRE_TARGET_WRITABLE, false, "set_access", "target read-write, every member read back"},
    {DR_STEP_REVERSE, false, true, DR_REQUIRE_COMMITTED | DR_REQUIRE_TARGET_WRITABLE, 0, true,
     "resync", "old copy follows the new primary"},
    {DR_STEP_GIVEBACK, false, true, 0, 0, true, NULL,
     "VMs that made room for those of the group are started again"},
    SERVE_TARGET,
    {DR_STEP_SETTLE, true, false, DR_REQUIRE_COMMITTED | DR_REQUIRE_TARGET_WRITABLE, 0, false, NULL,
     "record: steady"},
};

static const struct dr_table_step promote[] = {
    {DR_STEP_FENCE, false, true, DR_REQUIRE_RECORD | DR_REQUIRE_TARGET_REACHABLE,
     DR_REQUIRE_EVIDENCE, false, NULL, "evidence that the old copy cannot be written (E1 to E7)"},
    {DR_STEP_COMMIT, true, false,
     DR_REQUIRE_EVIDENCE | DR_REQUIRE_LOSS_COVERED | DR_REQUIRE_CONSISTENT, DR_REQUIRE_COMMITTED,
     false, NULL, "weigh the loss; commit: epoch + 1, target is primary"},
    TAG_TARGET,
    {DR_STEP_PROMOTE, true, true, DR_REQUIRE_COMMITTED | DR_REQUIRE_EVIDENCE,
     DR_REQUIRE_TARGET_WRITABLE, false, "set_access",
     "sever the relation, target read-write, every member read back"},
    SERVE_TARGET,
    {DR_STEP_SETTLE, true, false, DR_REQUIRE_COMMITTED | DR_REQUIRE_TARGET_WRITABLE, 0, false, NULL,
     "record: steady, old copy stale"},
};

/* The primary of the record made writable again: after a demotion, an abort, a fence that led to
 * nothing. The old copy is the other one. */
static const struct dr_table_step serve[] = {
    {DR_STEP_FENCE, false, true, DR_REQUIRE_RECORD, DR_REQUIRE_EVIDENCE, false, NULL,
     "evidence that the other copy cannot be written (E1 to E7)"},
    {DR_STEP_COMMIT, true, false, DR_REQUIRE_EVIDENCE, DR_REQUIRE_COMMITTED, false, NULL,
     "commit: epoch + 1, the same primary"},
    TAG_TARGET,
    {DR_STEP_PROMOTE, true, true, DR_REQUIRE_COMMITTED | DR_REQUIRE_EVIDENCE,
     DR_REQUIRE_TARGET_WRITABLE, false, "set_access", "primary read-write, every member read back"},
    SERVE_TARGET,
    {DR_STEP_SETTLE, true, false, DR_REQUIRE_COMMITTED | DR_REQUIRE_TARGET_WRITABLE, 0, false, NULL,
     "record: steady"},
};

/* Active-active: the target's leg goes on alone. One that the arrays left out is never forced. */
static const struct dr_table_step survivor[] = {
    {DR_STEP_FENCE, false, true, DR_REQUIRE_RECORD | DR_REQUIRE_TARGET_REACHABLE,
     DR_REQUIRE_EVIDENCE, false, NULL, "evidence that the other leg cannot be written (E1 to E7)"},
    {DR_STEP_COMMIT, true, false, DR_REQUIRE_EVIDENCE | DR_REQUIRE_LOSS_COVERED,
     DR_REQUIRE_COMMITTED, false, NULL, "weigh the loss; commit: epoch + 1, the target is primary"},
    TAG_TARGET,
    {DR_STEP_PROMOTE, true, true, DR_REQUIRE_COMMITTED | DR_REQUIRE_EVIDENCE,
     DR_REQUIRE_TARGET_WRITABLE, false, NULL,
     "a leg that stands still goes on; every member read back"},
    SERVE_TARGET,
    {DR_STEP_SETTLE, true, false, DR_REQUIRE_COMMITTED | DR_REQUIRE_TARGET_WRITABLE, 0, false, NULL,
     "record: steady, the other leg stale"},
};

static const struct dr_table_step demote[] = {
    {DR_STEP_DEMOTE, false, true, DR_REQUIRE_RECORD | DR_REQUIRE_NO_VMS_AT_OLD,
     DR_REQUIRE_OLD_NOT_WRITABLE, false, "set_access",
     "the copy not writable, every member read back (E1)"},
    {DR_STEP_WITHDRAW, false, true, DR_REQUIRE_OLD_NOT_WRITABLE, DR_REQUIRE_OLD_WITHDRAWN, true,
     "withdraw", "no host sees it any more"},
    {DR_STEP_SETTLE, false, false, DR_REQUIRE_OLD_NOT_WRITABLE, 0, false, NULL, "record: noted"},
};

static const struct dr_table_step reprotect[] = {
    {DR_STEP_CLEAN, false, true, DR_REQUIRE_RECORD | DR_REQUIRE_TARGET_WRITABLE,
     DR_REQUIRE_NO_VMS_AT_OLD | DR_REQUIRE_OLD_DETACHED, true, NULL,
     "VMs that run twice switched off, hosts restarted, domains removed from the engine"},
    {DR_STEP_DEMOTE, false, true,
     DR_REQUIRE_RECORD | DR_REQUIRE_TARGET_WRITABLE | DR_REQUIRE_NO_VMS_AT_OLD,
     DR_REQUIRE_OLD_NOT_WRITABLE, false, "set_access",
     "stale copy not writable, every member read back"},
    {DR_STEP_WITHDRAW, false, true, DR_REQUIRE_OLD_NOT_WRITABLE, DR_REQUIRE_OLD_WITHDRAWN, true,
     "withdraw", "no host sees the stale copy"},
    {DR_STEP_SNAPSHOT, false, true, DR_REQUIRE_OLD_NOT_WRITABLE, DR_REQUIRE_OLD_KEPT, true,
     "snapshot", "what the stale copy holds is kept"},
    {DR_STEP_INTEND, true, false,
     DR_REQUIRE_OLD_NOT_WRITABLE | DR_REQUIRE_OLD_KEPT | DR_REQUIRE_LOSS_COVERED,
     DR_REQUIRE_INTENDED, false, NULL, "record: resyncing, source and victim named"},
    {DR_STEP_RESYNC, false, true,
     DR_REQUIRE_INTENDED | DR_REQUIRE_OLD_NOT_WRITABLE | DR_REQUIRE_OLD_WITHDRAWN |
         DR_REQUIRE_TARGET_WRITABLE,
     DR_REQUIRE_FOLLOWS, false, "resync", "stale copy follows the primary of the record"},
    {DR_STEP_FOLLOW, false, false, 0, 0, false, NULL, "until it has everything"},
    {DR_STEP_SETTLE, true, false, DR_REQUIRE_INTENDED | DR_REQUIRE_FOLLOWS, 0, false, NULL,
     "record: steady, no old copy"},
};

static const struct dr_table_step suspend[] = {
    {DR_STEP_PAUSE, true, true, DR_REQUIRE_RECORD, 0, false, "suspend",
     "replication stopped, read back; the record notes since when"},
    {DR_STEP_SETTLE, true, false, 0, 0, false, NULL, "record: since when nothing follows"},
};

static const struct dr_table_step resume[] = {
    {DR_STEP_UNPAUSE, true, true, DR_REQUIRE_RECORD, 0, false, "resume",
     "replication goes on, read back"},
    {DR_STEP_SETTLE, true, false, 0, 0, false, NULL, "record: something follows again"},
};

static const struct dr_table_step sync[] = {
    {DR_STEP_TRANSFER, true, true, DR_REQUIRE_RECORD, 0, false, "sync_once",
     "everything written until now is at the target"},
    {DR_STEP_SETTLE, true, false, 0, 0, false, NULL, "record: noted"},
};

static const struct dr_table_step drill_start[] = {
    {DR_STEP_CLONE, true, true, DR_REQUIRE_RECORD | DR_REQUIRE_CONSISTENT, DR_REQUIRE_CLONED, false,
     "test_start", "a clone of the target, shown to test hosts; the target itself stays as it is"},
    {DR_STEP_SETTLE, true, false, 0, 0, false, NULL, "record: testing"},
};

static const struct dr_table_step drill_promote[] = {
    {DR_STEP_REHEARSE, true, false, DR_REQUIRE_CLONED, 0, false, NULL,
     "read the clone's LUNs for the isolated start"},
    {DR_STEP_STAGE, true, true, DR_REQUIRE_CLONED, 0, true, NULL,
     "import the clone's domains, register its VMs in quarantine, start those that run"},
    {DR_STEP_SETTLE, true, false, 0, 0, false, NULL, "record: noted"},
};

static const struct dr_table_step drill_clean[] = {
    {DR_STEP_UNSTAGE, true, true, 0, 0, true, NULL,
     "its VMs shut down, its domains and VMs taken from the engine, and seen to be gone"},
    {DR_STEP_UNCLONE, true, true, 0, 0, false, "test_stop",
     "the clone deleted, and seen to be gone"},
    {DR_STEP_SETTLE, true, false, 0, 0, false, NULL, "record: no drill"},
};

/* A site that came back. The target is the primary, and not asked: nothing here waits for it. */
static const struct dr_table_step guard[] = {
    {DR_STEP_CLOSE, false, true, DR_REQUIRE_RECORD, DR_REQUIRE_OLD_CLOSED, false, "set_access",
     "record: the site is held; the copy not writable, or seen by no host, read back; both where "
     "the array can"},
};

static const struct dr_table_row rows[] = {
    {DR_OPERATION_SWITCHOVER, "switchover",
     DR_REQUIRE_RECORD | DR_REQUIRE_OLD_REACHABLE | DR_REQUIRE_TARGET_REACHABLE |
         DR_REQUIRE_RELATION_HEALTHY,
     switchover, DR_COUNT(switchover), "PROTECTED, direction reversed, loss 0",
     "before the commit: abort makes the old side writable again, attaches its domains and starts "
     "what ran; after it: forward only"},
    {DR_OPERATION_PROMOTE, "promote", DR_REQUIRE_RECORD | DR_REQUIRE_TARGET_REACHABLE, promote,
     DR_COUNT(promote), "EXPOSED, old copy STALE or DIVERGED", "resume at the phase of the record"},
    {DR_OPERATION_SERVE, "serve", DR_REQUIRE_RECORD | DR_REQUIRE_TARGET_REACHABLE, serve,
     DR_COUNT(serve), "as before the primary was demoted", "resume at the phase of the record"},
    {DR_OPERATION_SURVIVOR, "survivor", DR_REQUIRE_RECORD | DR_REQUIRE_TARGET_REACHABLE, survivor,
     DR_COUNT(survivor), "EXPOSED, the other leg does not count any more",
     "resume at the phase of the record"},
    {DR_OPERATION_DEMOTE, "demote",
     DR_REQUIRE_RECORD | DR_REQUIRE_OLD_REACHABLE | DR_REQUIRE_NO_VMS_AT_OLD, demote,
     DR_COUNT(demote), "FENCED if it was the primary", "repeat: every step sets a state"},
    {DR_OPERATION_REPROTECT, "reprotect",
     DR_REQUIRE_RECORD | DR_REQUIRE_OLD_REACHABLE | DR_REQUIRE_TARGET_REACHABLE |
         DR_REQUIRE_TARGET_WRITABLE,
     reprotect, DR_COUNT(reprotect), "PROTECTED",
     "the relation is read: continue, or restart the same direction; the opposite one blocks"},
    {DR_OPERATION_SUSPEND, "suspend", DR_REQUIRE_RECORD, suspend, DR_COUNT(suspend), "EXPOSED",
     "repeat"},
    {DR_OPERATION_RESUME, "resume", DR_REQUIRE_RECORD, resume, DR_COUNT(resume), "PROTECTED",
     "repeat"},
    {DR_OPERATION_SYNC, "sync",
     DR_REQUIRE_RECORD | DR_REQUIRE_TARGET_REACHABLE | DR_REQUIRE_RELATION_HEALTHY, sync,
     DR_COUNT(sync), "as before, with a newer point at the target", "repeat"},
    {DR_OPERATION_DRILL_START, "drill start",
     DR_REQUIRE_RECORD | DR_REQUIRE_TARGET_REACHABLE | DR_REQUIRE_CONSISTENT, drill_start,
     DR_COUNT(drill_start), "TESTING beside the condition before",
     "drill clean removes what carries the drill's name; start again"},
    {DR_OPERATION_DRILL_PROMOTE, "drill promote", DR_REQUIRE_RECORD | DR_REQUIRE_CLONED,
     drill_promote, DR_COUNT(drill_promote), "TESTING", "repeat"},
    {DR_OPERATION_DRILL_CLEAN, "drill clean", DR_REQUIRE_RECORD | DR_REQUIRE_TARGET_REACHABLE,
     drill_clean, DR_COUNT(drill_clean), "as before the drill", "repeat"},
    {DR_OPERATION_GUARD, "guard", DR_REQUIRE_RECORD | DR_REQUIRE_OLD_REACHABLE, guard,
     DR_COUNT(guard), "as before, and what came back is closed",
     "the next look of a guard goes on; any other operation takes its place"},
};

const struct dr_table_row *
dr_table_find(enum dr_operation op)
{
    for (size_t i = 0; i < DR_COUNT(rows); i++)
        if (rows[i].operation == op)
            return &rows[i];
    return NULL;
}

const struct dr_table_row *
dr_table_rows(size_t *ret_n)
{
    *ret_n = DR_COUNT(rows);
    return rows;
}

const char *
dr_require_text(enum dr_require one)
{
    switch (one) {
    case DR_REQUIRE_RECORD:
        return "the group has a record";
    case DR_REQUIRE_OLD_REACHABLE:
        return "the old copy's array answers";
    case DR_REQUIRE_TARGET_REACHABLE:
        return "the target's array answers";
    case DR_REQUIRE_RELATION_HEALTHY:
        return "the relation is healthy";
    case DR_REQUIRE_OLD_NOT_WRITABLE:
        return "the old copy is not writable";
    case DR_REQUIRE_SYNCED_AFTER:
        return "the target has everything written before the demotion";
    case DR_REQUIRE_EVIDENCE:
        return "there is evidence that the old copy cannot be written";
    case DR_REQUIRE_LOSS_COVERED:
        return "the loss is zero or consented to";
    case DR_REQUIRE_COMMITTED:
        return "the flip is committed";
    case DR_REQUIRE_TARGET_WRITABLE:
        return "every member of the target is writable";
    case DR_REQUIRE_NO_VMS_AT_OLD:
        return "no VM runs on the group at the old site";
    case DR_REQUIRE_OLD_DETACHED:
        return "no domain of the group is attached at the old site";
    case DR_REQUIRE_EXPOSED:
        return "hosts of the target site see every member";
    case DR_REQUIRE_OLD_WITHDRAWN:
        return "no host sees the old copy";
    case DR_REQUIRE_OLD_KEPT:
        return "what only the old copy holds is kept, or given up by name";
    case DR_REQUIRE_INTENDED:
        return "the record names source and victim of this resync";
    case DR_REQUIRE_FOLLOWS:
        return "the old copy follows the primary";
    case DR_REQUIRE_CONSISTENT:
        return "the target holds a consistent point in time";
    case DR_REQUIRE_CLONED:
        return "the drill's clone is there";
    case DR_REQUIRE_OLD_CLOSED:
        return "the old copy is not writable, or no host sees it";
    }
    return "?";
}
