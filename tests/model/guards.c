/*
 * Every guard, and the scene in which its removal shows. In the needs of the table no bit may be
 * missing here: guards_forgotten() goes through the rows.
 */
#include "checker.h"

#include "base/names.h"

struct without without[TOGETHER_MOST];

const char *const guard_names[G_GUARDS] = {
    [G_NONE] = "nothing",
    [G_NEEDS] = "needs",
    [G_TOKEN_INTENT] = "token-with-the-intent",
    [G_TOKEN_RECORD] = "token-with-the-record",
    [G_VERSION] = "compare-and-swap",
    [G_INTENT] = "intent-before-the-call",
    [G_SETTLE] = "settle-after-no-answer",
    [G_SETTLE_DEATH] = "settle-after-a-death",
    [G_READ_BACK] = "read-back",
    [G_EVERY_MEMBER] = "every-member",
    [G_LOCK] = "lock",
    [G_START] = "records-unchanged-at-the-start",
    [G_SUPERSEDE] = "what-is-superseded-ends",
    [G_OURS] = "record-still-ours",
    [G_BELIEVE] = "resume-believes-the-record",
    [G_COMMIT_ROW] = "commit-row-with-the-record",
    [G_ONE_WRITE] = "commit-in-one-write",
    [G_FENCE] = "fence",
    [G_PROOF_KEPT] = "evidence-in-the-record",
    [G_COUNTS] = "evidence-weighed-at-the-commit",
    [G_EVIDENCE_AGE] = "evidence-has-an-age",
    [G_EVIDENCE_RUN] = "evidence-of-this-run",
    [G_STILL_GONE] = "counter-evidence-at-the-commit",
    [G_LOSS] = "loss-weighed-again",
    [G_TRANSFER_AFTER] = "transfer-after-the-demotion",
    [G_SYNC_LOOK] = "final-sync-looks-at-the-old-copy",
    [G_KEPT_GENERATION] = "snapshot-of-this-generation",
    [G_LAST_LOOK] = "victim-looked-at-again",
    [G_SOURCE] = "source-is-the-primary",
    [G_SETTLED_LOOK] = "last-look-before-steady",
    [G_DRILL_LOOK] = "rehearsal-looks-for-its-clone",
};

_Static_assert(DR_REQUIRE_OLD_DETACHED == 1 << 19, "a new condition needs a name here");
static const char *const bit_names[] = {
    "record",        "old-reachable", "target-reachable", "relation-healthy", "old-not-writable",
    "synced-after",  "evidence",      "loss-covered",     "committed",        "target-writable",
    "no-vms-at-old", "exposed",       "old-withdrawn",    "old-kept",         "intended",
    "follows",       "consistent",    "cloned",           "old-closed",       "old-detached"};

bool
guard_on(enum guard g)
{
    for (size_t i = 0; i < TOGETHER_MOST; i++)
        if (without[i].guard == g)
            return false;
    return true;
}

unsigned
needs_left(enum dr_operation op, const struct dr_table_step *t)
{
    unsigned left = t->needs;
    for (size_t i = 0; i < TOGETHER_MOST; i++)
        if (without[i].guard == G_NEEDS && without[i].op == op && without[i].kind == t->kind)
            left &= ~without[i].bit;
    return left;
}

void
guard_say(const struct without *w, char *to, size_t size)
{
    if (w->guard != G_NEEDS) {
        (void)snprintf(to, size, "%s", guard_names[w->guard]);
        return;
    }
    (void)snprintf(to, size, "%s:%s:%s", dr_table_find(w->op)->name,
                   dr_name(&dr_step_kind_names, (int)w->kind), bit_names[__builtin_ctz(w->bit)]);
    for (char *c = to; *c; c++)
        if (*c == ' ')
            *c = '-';
}

/* Left out: no scene has a drill with VMs; tests/house/test_drill.c has. */
static bool
left_out(const struct without *w)
{
    return w->op == DR_OPERATION_DRILL_PROMOTE && w->kind == DR_STEP_STAGE;
}

size_t
guards_forgotten(FILE *to)
{
    size_t n_rows, forgotten = 0;
    const struct dr_table_row *rows = dr_table_rows(&n_rows);
    for (size_t i = 0; i < n_rows; i++)
        for (size_t k = 0; k < rows[i].n_steps; k++)
            for (unsigned bits = rows[i].steps[k].needs; bits; bits &= bits - 1) {
                char name[100];
                const struct without w = {G_NEEDS, rows[i].operation, rows[i].steps[k].kind,
                                          bits & -bits};
                bool found = left_out(&w);
                for (size_t r = 0; r < n_removals; r++)
                    found |= removals[r].one.guard == G_NEEDS && removals[r].one.op == w.op &&
                             removals[r].one.kind == w.kind && removals[r].one.bit == w.bit;
                if (found)
                    continue;
                guard_say(&w, name, sizeof(name));
                (void)fprintf(to, "nothing is known of %s\n", name);
                forgotten++;
            }
    for (unsigned g = G_NEEDS + 1; g < G_GUARDS; g++) {
        bool found = false;
        for (size_t r = 0; r < n_removals; r++)
            found |= removals[r].one.guard == g;
        if (!found)
            (void)fprintf(to, "nothing is known of %s\n", guard_names[g]);
        forgotten += !found;
    }
    return forgotten;
}

/* ---- the removals ---------------------------------------------------------------------------- */

#define N(OPERATION, STEP, NEED)                                                                   \
    {                                                                                              \
        G_NEEDS, DR_OPERATION_##OPERATION, DR_STEP_##STEP, DR_REQUIRE_##NEED                       \
    }
#define G(GUARD)                                                                                   \
    {                                                                                              \
        .guard = G_##GUARD                                                                         \
    }

/* What every flip has in common, in a scene with tags and in one without, with parts that fail and
 * with people; RULE: which one a wrong "steady" breaks. */
#define EVERY_FLIP(OPERATION, RULE, TAGGED, PLAIN, PARTS, PEOPLE)                                  \
    {N(OPERATION, TAG, COMMITTED), TAGGED, 1, S7, {G(BELIEVE), G(COMMIT_ROW)}},                    \
        {N(OPERATION, PROMOTE, COMMITTED), PLAIN, 1, S7, {G(BELIEVE), G(COMMIT_ROW)}},             \
        {N(OPERATION, EXPOSE, COMMITTED), PARTS, 1, S1, {G(BELIEVE), G(SUPERSEDE)}},               \
        {N(OPERATION, EXPOSE, TARGET_WRITABLE), PEOPLE, 1, S4, {{0}}},                             \
        {N(OPERATION, HANDOVER, EXPOSED), PEOPLE, 1, S9, {{0}}},                                   \
        {N(OPERATION, STAGE, COMMITTED), PARTS, 1, S1, {G(BELIEVE), G(SUPERSEDE)}},                \
        {N(OPERATION, STAGE, TARGET_WRITABLE), PEOPLE, 1, S4, {{0}}},                              \
        {N(OPERATION, STAGE, EXPOSED), PEOPLE, 1, S4, {{0}}},                                      \
        {N(OPERATION, SETTLE, COMMITTED),                                                          \
         PARTS,                                                                                    \
         1,                                                                                        \
         RULE,                                                                                     \
         {G(BELIEVE), G(SUPERSEDE), G(SETTLED_LOOK), N(OPERATION, SETTLE, TARGET_WRITABLE)}},      \
    {                                                                                              \
        N(OPERATION, SETTLE, TARGET_WRITABLE), PEOPLE, 1, S9,                                      \
        {                                                                                          \
            G(SETTLED_LOOK)                                                                        \
        }                                                                                          \
    }

/* What every flip with a fence has in common; FEW: where nothing comes back. */
#define EVERY_FENCE(OPERATION, PARTS, FEW)                                                         \
    {N(OPERATION, FENCE, RECORD), PARTS, 1, S8, {G(START), G(OURS)}},                              \
        {N(OPERATION, COMMIT, EVIDENCE),                                                           \
         PARTS,                                                                                    \
         1,                                                                                        \
         S7,                                                                                       \
         {G(PROOF_KEPT), G(COUNTS), G(EVIDENCE_RUN)}},                                             \
    {                                                                                              \
        N(OPERATION, PROMOTE, EVIDENCE), FEW, 1, S1,                                               \
        {                                                                                          \
            G(PROOF_KEPT), G(COUNTS), G(EVIDENCE_RUN), N(OPERATION, COMMIT, EVIDENCE)              \
        }                                                                                          \
    }

const struct removal removals[] = {
    EVERY_FLIP(SWITCHOVER, S9, "planned-sync/parts", "planned/parts", "planned/parts",
               "planned/people"),
    {N(SWITCHOVER, PRESYNC, RECORD), "planned/parts", 1, S8, {G(START)}},
    {N(SWITCHOVER, DEMOTE, RECORD), "planned/storage", 1, S8, {G(START)}},
    {N(SWITCHOVER, DEMOTE, RELATION_HEALTHY), "planned/parts", 1, L3, {{0}}},
    {N(SWITCHOVER, DRAIN, RECORD), "planned-sync/parts", 1, S8, {G(START)}},
    {N(SWITCHOVER, DRAIN, OLD_REACHABLE), "planned/parts", 1, L3, {{0}}},
    {N(SWITCHOVER, DRAIN, RELATION_HEALTHY), "planned/parts", 1, L3, {{0}}},
    {N(SWITCHOVER, RELEASE, RECORD),
     "planned-sync/locks",
     1,
     S8,
     {G(START), N(SWITCHOVER, DRAIN, RECORD)}},
    {N(SWITCHOVER, RELEASE, NO_VMS_AT_OLD), "planned/people", 1, L3, {{0}}},
    {N(SWITCHOVER, DEMOTE, OLD_DETACHED), "planned/people", 1, S1, {{0}}},
    {N(SWITCHOVER, DEMOTE, NO_VMS_AT_OLD),
     "planned/people",
     1,
     L3,
     {N(SWITCHOVER, DEMOTE, OLD_DETACHED)}},
    {N(SWITCHOVER, FINALSYNC, OLD_NOT_WRITABLE), "planned-sync/people", 1, S9, {G(SYNC_LOOK)}},
    {N(SWITCHOVER, COMMIT, OLD_NOT_WRITABLE),
     "planned/people",
     1,
     S1,
     {N(SWITCHOVER, COMMIT, SYNCED_AFTER), N(SWITCHOVER, COMMIT, EVIDENCE)}},
    {N(SWITCHOVER, COMMIT, EVIDENCE),
     "planned/people",
     1,
     S1,
     {N(SWITCHOVER, COMMIT, SYNCED_AFTER), N(SWITCHOVER, COMMIT, OLD_NOT_WRITABLE)}},
    {N(SWITCHOVER, COMMIT, SYNCED_AFTER), "planned/people", 2, S3, {{0}}},
    {N(SWITCHOVER, PROMOTE, EVIDENCE), "planned/again", 1, S1, {{0}}},
    {N(SWITCHOVER, REVERSE, COMMITTED),
     "planned/parts",
     1,
     S5,
     {G(BELIEVE), G(SUPERSEDE), G(SOURCE), N(SWITCHOVER, REVERSE, TARGET_WRITABLE)}},
    {N(SWITCHOVER, REVERSE, TARGET_WRITABLE), "planned/people", 1, S5, {{0}}},

    EVERY_FLIP(PROMOTE, S8, "unplanned-sync/parts", "unplanned/parts", "unplanned/parts",
               "unplanned/people"),
    EVERY_FENCE(PROMOTE, "unplanned/parts", "unplanned/locks"),
    {N(PROMOTE, FENCE, TARGET_REACHABLE), "unplanned/parts", 1, L3, {{0}}},
    {N(PROMOTE, COMMIT, LOSS_COVERED), "unplanned/parts", 1, S3, {G(LOSS)}},
    {N(PROMOTE, COMMIT, CONSISTENT), "reprotect/parts", 1, S4, {{0}}},

    EVERY_FLIP(SERVE, S8, "serve/tags", "serve/parts", "serve/parts", "serve/people"),
    EVERY_FENCE(SERVE, "serve/parts", "serve/parts"),

    EVERY_FLIP(SURVIVOR, S8, "survivor/tags", "survivor/forced", "survivor/parts",
               "survivor/hands"),
    EVERY_FENCE(SURVIVOR, "survivor/parts", "survivor/parts"),
    {N(SURVIVOR, FENCE, TARGET_REACHABLE), "survivor/parts", 1, L3, {{0}}},
    {N(SURVIVOR, COMMIT, LOSS_COVERED), "survivor/apart", 2, S3, {G(LOSS)}},

    {N(DEMOTE, DEMOTE, RECORD), "demote/parts", 1, S8, {G(START)}},
    {N(DEMOTE, DEMOTE, NO_VMS_AT_OLD), "demote/parts", 1, L3, {{0}}},
    {N(DEMOTE, WITHDRAW, OLD_NOT_WRITABLE), "demote/people", 1, L3, {{0}}},
    {N(DEMOTE, SETTLE, OLD_NOT_WRITABLE), "demote/people", 1, S9, {G(SETTLED_LOOK)}},

    {N(GUARD, CLOSE, RECORD), "guard/parts", 1, L3, {G(START), G(OURS)}},

    {N(REPROTECT, CLEAN, RECORD), "reprotect/parts", 1, S8, {G(START)}},
    {N(REPROTECT, CLEAN, TARGET_WRITABLE), "reprotect/people", 1, L3, {{0}}},
    {N(REPROTECT, DEMOTE, RECORD), "reprotect/storage", 1, S8, {G(START)}},
    {N(REPROTECT, DEMOTE, TARGET_WRITABLE), "reprotect/people", 1, L3, {{0}}},
    {N(REPROTECT, DEMOTE, NO_VMS_AT_OLD), "reprotect/parts", 1, L3, {{0}}},
    {N(REPROTECT, WITHDRAW, OLD_NOT_WRITABLE), "reprotect/people", 1, L3, {{0}}},
    {N(REPROTECT, SNAPSHOT, OLD_NOT_WRITABLE), "reprotect/people", 1, S9, {{0}}},
    {N(REPROTECT, INTEND, OLD_NOT_WRITABLE), "reprotect/people", 1, S5, {G(LAST_LOOK)}},
    {N(REPROTECT, INTEND, LOSS_COVERED), "reprotect/parts", 1, S2, {G(LOSS)}},
    {N(REPROTECT, INTEND, OLD_KEPT),
     "reprotect/paused",
     2,
     S2,
     {G(LOSS), N(REPROTECT, INTEND, LOSS_COVERED)}},
    {N(REPROTECT, RESYNC, INTENDED), "reprotect/parts", 1, S6, {G(BELIEVE), G(COMMIT_ROW)}},
    {N(REPROTECT, RESYNC, OLD_NOT_WRITABLE),
     "reprotect/people",
     1,
     S5,
     {G(LAST_LOOK), N(REPROTECT, RESYNC, OLD_WITHDRAWN)}},
    {N(REPROTECT, RESYNC, OLD_WITHDRAWN), "reprotect/no-hiding", 1, S5, {{0}}},
    {N(REPROTECT, RESYNC, TARGET_WRITABLE), "reprotect/people", 1, S5, {{0}}},
    {N(REPROTECT, SETTLE, FOLLOWS), "reprotect/people", 1, S9, {{0}}},
    {N(REPROTECT, SETTLE, INTENDED),
     "reprotect/parts",
     1,
     S9,
     {G(BELIEVE), G(SUPERSEDE), G(SETTLED_LOOK), N(REPROTECT, SETTLE, FOLLOWS)}},

    {N(SUSPEND, PAUSE, RECORD), "pauses/parts", 1, S8, {G(START)}},
    {N(RESUME, UNPAUSE, RECORD), "resume/parts", 1, S8, {G(START)}},
    {N(SYNC, TRANSFER, RECORD), "pauses/parts", 1, S8, {G(START)}},
    {N(DRILL_START, CLONE, RECORD), "drill/parts", 1, S8, {G(START), G(OURS)}},
    {N(DRILL_START, CLONE, CONSISTENT), "reprotect/drill", 1, S4, {{0}}},
    {N(DRILL_PROMOTE, REHEARSE, CLONED), "drill/there", 1, S9, {G(DRILL_LOOK)}},

    {G(TOKEN_INTENT), "planned/locks", 1, S8, {{0}}},
    {G(TOKEN_RECORD), "planned/locks", 1, S8, {{0}}},
    {G(VERSION), "planned/parts", 1, S7, {{0}}},
    {G(INTENT), "planned/parts", 1, S6, {{0}}},
    {G(SETTLE), "planned/parts", 1, S1, {{0}}},
    {G(SETTLE_DEATH), "planned/parts", 1, S1, {{0}}},
    {G(READ_BACK), "planned/parts", 1, S9, {{0}}},
    {G(EVERY_MEMBER), "planned/parts", 1, S9, {{0}}},
    {G(LOCK), "planned/parts", 0, S1, {G(TOKEN_INTENT), G(TOKEN_RECORD)}},
    {G(START), "demote/locks", 1, S8, {{0}}},
    {G(SUPERSEDE), "demote/locks", 1, S8, {{0}}},
    {G(OURS), "unplanned/parts", 1, S8, {G(START), N(PROMOTE, FENCE, RECORD)}},
    {G(BELIEVE), "planned/parts", 1, S7, {G(COMMIT_ROW), N(SWITCHOVER, PROMOTE, COMMITTED)}},
    {G(COMMIT_ROW), "planned/parts", 1, S7, {G(BELIEVE), N(SWITCHOVER, PROMOTE, COMMITTED)}},
    {G(ONE_WRITE), "planned/parts", 1, S7, {{0}}},
    {G(FENCE), "planned/parts", 1, S1, {{0}}},
    {G(PROOF_KEPT), "unplanned/parts", 1, L1, {{0}}},
    {G(COUNTS), "unplanned/people", 2, S1, {{0}}},
    {G(EVIDENCE_AGE), "unplanned/people", 2, S1, {{0}}},
    {G(EVIDENCE_RUN),
     "unplanned/parts",
     1,
     S7,
     {G(PROOF_KEPT), G(COUNTS), N(PROMOTE, COMMIT, EVIDENCE)}},
    {G(STILL_GONE), "unplanned/parts", 1, S1, {{0}}},
    {G(LOSS), "unplanned/parts", 1, S3, {N(PROMOTE, COMMIT, LOSS_COVERED)}},
    {G(TRANSFER_AFTER), "planned/idle", 1, S3, {{0}}},
    {G(SYNC_LOOK), "planned-sync/people", 1, S9, {N(SWITCHOVER, FINALSYNC, OLD_NOT_WRITABLE)}},
    {G(KEPT_GENERATION), "reprotect/unknown", 1, S2, {{0}}},
    {G(LAST_LOOK), "planned/people", 1, S5, {{0}}},
    {G(SOURCE),
     "planned/parts",
     2,
     S5,
     {G(BELIEVE), G(SUPERSEDE), N(SWITCHOVER, REVERSE, COMMITTED)}},
    {G(SETTLED_LOOK), "survivor/parts", 1, S9, {{0}}},
    {G(DRILL_LOOK), "drill/there", 1, S9, {N(DRILL_PROMOTE, REHEARSE, CLONED)}},
};
const size_t n_removals = DR_COUNT(removals);
