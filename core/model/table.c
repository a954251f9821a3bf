#include "model/table.h"

#include "base/mem.h"
#include "base/names.h"

static const char *const kinds[] = {"unknown", "presync",  "demote",  "final-sync",
                                    "fence",   "commit",   "promote", "reverse",
                                    "expose",  "handover", "stage",   "settle"};
const struct dr_names dr_step_kind_names = {"kind of step", kinds, DR_COUNT(kinds)};

static const struct dr_table_step switchover[] = {
    {DR_STEP_PRESYNC, true, true,
     DR_REQUIRE_RECORD | DR_REQUIRE_OLD_REACHABLE | DR_REQUIRE_TARGET_REACHABLE, 0, true,
     "sync_once", "bring the target up to date while applications run"},
    {DR_STEP_DEMOTE, false, true, DR_REQUIRE_RELATION_HEALTHY | DR_REQUIRE_NO_VMS_AT_OLD,
     DR_REQUIRE_OLD_NOT_WRITABLE | DR_REQUIRE_EVIDENCE, false, "set_access",
     "old copy not writable, every member read back (E1)"},
    {DR_STEP_FINALSYNC, true, true, DR_REQUIRE_OLD_NOT_WRITABLE, DR_REQUIRE_SYNCED_AFTER, false,
     "sync_once", "final sync after the demotion, proven"},
    {DR_STEP_COMMIT, true, false,
     DR_REQUIRE_OLD_NOT_WRITABLE | DR_REQUIRE_SYNCED_AFTER | DR_REQUIRE_EVIDENCE,
     DR_REQUIRE_COMMITTED, false, NULL, "commit: epoch + 1, target is primary"},
    {DR_STEP_PROMOTE, true, true, DR_REQUIRE_COMMITTED | DR_REQUIRE_EVIDENCE,
     DR_REQUIRE_TARGET_WRITABLE, false, "set_access", "target read-write, every member read back"},
    {DR_STEP_REVERSE, false, true, DR_REQUIRE_COMMITTED | DR_REQUIRE_TARGET_WRITABLE, 0, true,
     "resync", "old copy follows the new primary"},
    {DR_STEP_EXPOSE, true, true, DR_REQUIRE_COMMITTED | DR_REQUIRE_TARGET_WRITABLE,
     DR_REQUIRE_EXPOSED, false, "expose", "hosts of the target site see the LUNs"},
    {DR_STEP_HANDOVER, true, false, DR_REQUIRE_TARGET_WRITABLE | DR_REQUIRE_EXPOSED, 0, true, NULL,
     "read the LUNs for the engine"},
    {DR_STEP_STAGE, true, true,
     DR_REQUIRE_COMMITTED | DR_REQUIRE_TARGET_WRITABLE | DR_REQUIRE_EXPOSED, 0, true, NULL,
     "attach domains, register and start VMs"},
    {DR_STEP_SETTLE, true, false, DR_REQUIRE_COMMITTED | DR_REQUIRE_TARGET_WRITABLE, 0, false, NULL,
     "record: steady"},
};

static const struct dr_table_step promote[] = {
    {DR_STEP_FENCE, false, true, DR_REQUIRE_RECORD | DR_REQUIRE_TARGET_REACHABLE,
     DR_REQUIRE_EVIDENCE, false, NULL, "evidence that the old copy cannot be written (E1 to E7)"},
    {DR_STEP_COMMIT, true, false, DR_REQUIRE_EVIDENCE | DR_REQUIRE_LOSS_COVERED,
     DR_REQUIRE_COMMITTED, false, NULL, "weigh the loss; commit: epoch + 1, target is primary"},
    {DR_STEP_PROMOTE, true, true, DR_REQUIRE_COMMITTED | DR_REQUIRE_EVIDENCE,
     DR_REQUIRE_TARGET_WRITABLE, false, "set_access",
     "sever the relation, target read-write, every member read back"},
    {DR_STEP_EXPOSE, true, true, DR_REQUIRE_COMMITTED | DR_REQUIRE_TARGET_WRITABLE,
     DR_REQUIRE_EXPOSED, false, "expose", "hosts of the target site see the LUNs"},
    {DR_STEP_HANDOVER, true, false, DR_REQUIRE_TARGET_WRITABLE | DR_REQUIRE_EXPOSED, 0, true, NULL,
     "read the LUNs for the engine"},
    {DR_STEP_STAGE, true, true,
     DR_REQUIRE_COMMITTED | DR_REQUIRE_TARGET_WRITABLE | DR_REQUIRE_EXPOSED, 0, true, NULL,
     "attach domains, register and start VMs"},
    {DR_STEP_SETTLE, true, false, DR_REQUIRE_COMMITTED | DR_REQUIRE_TARGET_WRITABLE, 0, false, NULL,
     "record: steady, old copy stale"},
};

static const struct dr_table_row rows[] = {
    {DR_OPERATION_SWITCHOVER, "switchover",
     DR_REQUIRE_RECORD | DR_REQUIRE_OLD_REACHABLE | DR_REQUIRE_TARGET_REACHABLE |
         DR_REQUIRE_RELATION_HEALTHY | DR_REQUIRE_NO_VMS_AT_OLD,
     switchover, DR_COUNT(switchover), "PROTECTED, direction reversed, loss 0",
     "before the commit: abort makes the old side writable again; after it: forward only"},
    {DR_OPERATION_PROMOTE, "promote", DR_REQUIRE_RECORD | DR_REQUIRE_TARGET_REACHABLE, promote,
     DR_COUNT(promote), "EXPOSED, old copy STALE or DIVERGED", "resume at the phase of the record"},
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
    case DR_REQUIRE_EXPOSED:
        return "hosts of the target site see every member";
    }
    return "?";
}
