/*
 * The old site is lost, or something there still lives: what is asked of it, for how long, and what
 * is refused.
 */
#include "support/hand.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- contact
 * ---------------------------------------------------------------------------------------- */

/* Nothing reached an array of milan after rome was promoted, nor after FROM. */
static bool
left_alone(struct site *s, uint64_t from)
{
    const struct sim_log_entry *e = NULL;
    size_t n = site_log(s, &e);
    bool promoted = false;
    for (size_t i = 0; i < n; i++) {
        bool milan = strcmp(e[i].array, "sim-milan") == 0;
        promoted |= !milan && e[i].op == SIM_OP_SET_ACCESS;
        if (milan && !e[i].effect && (promoted || (from && e[i].seq > from)))
            return SITE_CHECK(false, "entry %llu: %s at %s after the commit",
                              (unsigned long long)e[i].seq, sim_op_name((enum sim_op)e[i].op),
                              e[i].array);
    }
    return true;
}

/*
 * Up to the promotion nothing waited much longer than LIMIT_S, the longer one of the observe
 * timeout and assert_min: the times between things the arrays saw tell.
 */
static bool
never_waited(struct site *s, uint64_t from, uint64_t limit_s)
{
    const struct sim_log_entry *e = NULL;
    size_t n = site_log(s, &e);
    for (size_t i = 1; i < n; i++) {
        if (e[i - 1].seq <= from)
            continue;
        uint64_t gap = e[i].time_ns - e[i - 1].time_ns;
        if (!SITE_CHECK(
                gap < (limit_s + 4) * SIM_SECOND, "%llu ms without anything before entry %llu, %s",
                (unsigned long long)(gap / SIM_MS), (unsigned long long)e[i].seq, e[i].op_id))
            return false;
        if (strcmp(e[i].array, "sim-rome") == 0 && e[i].op == SIM_OP_SET_ACCESS)
            return true;
    }
    return SITE_CHECK(false, "rome was never promoted");
}

static bool
promote_lost(struct site *s, uint64_t limit_s)
{
    uint64_t from = site_log_size(s);
    struct ran r = site_run(s, NULL, SITE_UNPLANNED);
    return SITE_CHECK(r.code == 0, "%d\n%s%s", r.code, r.out, r.err) && site_served(s, "rome", 2) &&
           left_alone(s, 0) && never_waited(s, from, limit_s);
}

static bool
dead(struct site *s)
{
    site_fate(s, "milan", SIM_SITE_DEAD);
    return promote_lost(s, 2);
}

static bool
dead_and_waited(struct site *s)
{
    site_fate(s, "milan", SIM_SITE_DEAD);
    return promote_lost(s, 4); /* assert_min */
}

/* Probes of earlier commands count: the second command has nothing left to wait for. */
static bool
observed_before(struct site *s)
{
    site_fate(s, "milan", SIM_SITE_DEAD);
    (void)site_run(s, NULL, "observe");
    return promote_lost(s, 4);
}

/* It answers when it is asked, and is gone when it is to be fenced. */
static bool
gone_while_fencing(struct site *s)
{
    const struct sim_fault lost = {
        .kind = SIM_FAULT_LOST_BEFORE, .op = SIM_OP_SET_ACCESS, .array = "sim-milan"};
    site_fault(s, &lost);
    uint64_t from = site_log_size(s);
    struct site_child c = site_start(s, NULL, SITE_UNPLANNED);
    hand_wait_sent(s, from, SIM_OP_SET_ACCESS, "sim-milan");
    site_fate(s, "milan", SIM_SITE_DEAD);
    struct ran r = site_wait(s, &c);
    return SITE_CHECK(r.code == 0, "%d\n%s%s", r.code, r.out, r.err) && site_served(s, "rome", 2) &&
           left_alone(s, 0) && never_waited(s, from, 5);
}

/* Died right behind its commit: going on needs nothing of the old site, so nothing is asked there.
 */
static bool
killed_behind_commit(struct site *s)
{
    static const char goal[] =
        "promote erp --to rome --storage-only --yes --unplanned --accept-loss unknown "
        "--declare site-lost:milan --reason test";
    struct dr_record rec;
    site_fate(s, "milan", SIM_SITE_DEAD);
    struct ran r = site_run(s, "DRSTOR_FAILPOINT=commit.after:1", goal);
    if (!SITE_CHECK(r.code == SITE_KILLED, "%d\n%s%s", r.code, r.out, r.err))
        return false;
    uint64_t from = site_log_size(s);
    r = site_run(s, NULL, "run resume");
    return SITE_CHECK(r.code == 0, "%d\n%s%s", r.code, r.out, r.err) && left_alone(s, from) &&
           site_record(s, "erp", &rec) &&
           SITE_CHECK(rec.epoch == 2 && rec.n_evidence == 1 && rec.phase == DR_PHASE_STEADY,
                      "epoch %lld, %zu evidence", (long long)rec.epoch, rec.n_evidence) &&
           SITE_CHECK(site_violations(s) == 0, "violations");
}

/* ---- what is refused
 * ---------------------------------------------------------------------------------- */

static bool
refused(struct site *s, const char *goal, int code, const char *rule)
{
    const char *before = site_state(s);
    uint64_t sent = site_mutating(s);
    struct ran r = site_run(s, NULL, goal);
    return SITE_CHECK(r.code == code && site_says(&r, rule), "%s: %d instead of %d %s\n%s%s", goal,
                      r.code, code, rule, r.out, r.err) &&
           SITE_CHECK(site_mutating(s) == sent && strcmp(before, site_state(s)) == 0,
                      "refused, and something was changed");
}

/* Its management is silent, but replication goes on: somebody there is alive. */
static bool
peer_is_seen(struct site *s)
{
    site_fate(s, "milan", SIM_SITE_SILENT);
    return refused(s, SITE_UNPLANNED, 3, "R025");
}

static bool
nothing_declared(struct site *s)
{
    site_fate(s, "milan", SIM_SITE_DEAD);
    return refused(s,
                   "promote --all --to rome --storage-only --yes --unplanned --accept-loss unknown",
                   3, "R021") &&
           refused(s, SITE_PLANNED, 3, "R015");
}

static bool
loss_above_bound(struct site *s)
{
    hand_wait_lag(s, 3);
    site_fate(s, "milan", SIM_SITE_DEAD);
    return refused(s,
                   "promote --all --to rome --storage-only --yes --unplanned --accept-loss 1s "
                   "--declare site-lost:milan --reason test",
                   3, "R024");
}

/* What was agreed to before is too little once the old copy has been fenced. */
static bool
loss_grew(struct site *s)
{
    const struct sim_fault slow = {
        .kind = SIM_FAULT_SLOW, .op = SIM_OP_SET_ACCESS, .array = "sim-milan", .delay_ms = 5000};
    struct dr_record rec;
    hand_wait_lag(s, 2);
    site_fault(s, &slow);
    struct ran r = site_run(s, NULL, "plan promote erp --to rome --storage-only --unplanned");
    struct json_object *loss = NULL, *seconds = NULL;
    if (!json_object_object_get_ex(r.doc, "loss", &loss) ||
        !json_object_object_get_ex(loss, "seconds", &seconds))
        return SITE_CHECK(false, "no loss in the plan: %d\n%s", r.code, r.out);
    const char *goal = dr_arena_printf(
        s->arena, "promote erp --to rome --storage-only --yes --unplanned --accept-loss %llds",
        (long long)json_object_get_int64(seconds) + 2);
    r = site_run(s, NULL, goal);
    if (!SITE_CHECK(r.code == 3 && site_says(&r, "R060"), "%s: %d\n%s%s", goal, r.code, r.out,
                    r.err) ||
        !site_record(s, "erp", &rec) ||
        !SITE_CHECK(rec.phase == DR_PHASE_STEADY && rec.epoch == 1 && rec.n_evidence == 0 &&
                        !rec.target,
                    "epoch %lld, phase %d", (long long)rec.epoch, (int)rec.phase))
        return false;
    site_no_faults(s);
    r = site_run(s, NULL,
                 "promote --all --to rome --storage-only --yes --unplanned --accept-loss unknown");
    return SITE_CHECK(r.code == 0, "%d\n%s%s", r.code, r.out, r.err) && site_served(s, "rome", 2);
}

/* The old array answers, and does not make anything read-only: its hosts are taken away (E2). */
static bool
hosts_taken_away(struct site *s)
{
    const struct sim_fault refuses = {
        .kind = SIM_FAULT_REFUSE, .op = SIM_OP_SET_ACCESS, .array = "sim-milan"};
    struct dr_record rec;
    site_fault(s, &refuses);
    struct ran r = site_run(
        s, NULL, "promote --all --to rome --storage-only --yes --unplanned --accept-loss unknown");
    return SITE_CHECK(r.code == 0, "%d\n%s%s", r.code, r.out, r.err) && site_served(s, "rome", 2) &&
           left_alone(s, 0) && site_record(s, "erp", &rec) &&
           SITE_CHECK(rec.n_evidence == 1 && rec.evidence[0].kind == DRSTOR_EVIDENCE_E2_MASKED &&
                          hand_access(s, "sim-milan", "erp_m") == DRSTOR_ACCESS_READ_WRITE,
                      "evidence %d", rec.n_evidence ? (int)rec.evidence[0].kind : 0);
}

/* It refuses that as well: nothing less is taken, and what is printed says so. */
static bool
refuses_everything(struct site *s)
{
    const struct sim_fault refuses = {.kind = SIM_FAULT_REFUSE, .array = "sim-milan"};
    site_fault(s, &refuses);
    struct ran r = site_run(s, NULL, SITE_UNPLANNED);
    return SITE_CHECK(r.code == 3 && site_says(&r, "R035") &&
                          site_says(&r, "put right what array sim-milan refuses"),
                      "%d\n%s%s", r.code, r.out, r.err) &&
           SITE_CHECK(site_violations(s) == 0, "violations");
}

static bool
waived_without_a_site(struct site *s)
{
    return refused(s, "promote erp --to rome --storage-only --unplanned --waive-fence smoke", 2,
                   "needs the name of the site");
}

/* ---- between look and act
 * ------------------------------------------------------------------------------ */

/* While a person thinks about the question, somebody makes the old copy writable. */
static void
make_milan_writable(struct site *s)
{
    hand_set_access(s, "sim-milan", "web_m", DRSTOR_ACCESS_READ_WRITE, true);
}

static bool
evidence_went_stale(struct site *s)
{
    struct dr_record rec;
    hand_set_access(s, "sim-milan", "web_m", DRSTOR_ACCESS_READ_ONLY, true);
    int code =
        hand_act(s,
                 "{\"verb\":\"promote\",\"groups\":[\"web\"],\"to\":\"rome\",\"unplanned\":true,"
                 "\"storage_only\":true}",
                 make_milan_writable);
    return SITE_CHECK(code == 0, "exit %d", code) && site_record(s, "web", &rec) &&
           SITE_CHECK(hand_access(s, "sim-milan", "web_m") == DRSTOR_ACCESS_READ_ONLY,
                      "the old copy stayed writable") &&
           SITE_CHECK(site_violations(s) == 0, "violations");
}

/* Died between final sync and commit; the old copy is used again before somebody resumes. */
static bool
used_again_before_resume(struct site *s)
{
    struct ran r = site_run(s, "DRSTOR_FAILPOINT=commit.before:1",
                            "promote erp --to rome --storage-only --yes");
    if (!SITE_CHECK(r.code == SITE_KILLED, "%d\n%s%s", r.code, r.out, r.err))
        return false;
    hand_set_access(s, "sim-milan", "erp_m", DRSTOR_ACCESS_READ_WRITE, true);
    hand_wait_lag(s, 1);
    r = site_run(s, NULL, "run resume");
    return SITE_CHECK(r.code == 0, "%d\n%s%s", r.code, r.out, r.err) &&
           SITE_CHECK(site_violations(s) == 0, "violations");
}

/* Lost in the middle of a planned move: not a dead end. */
static bool
lost_during_planned(struct site *s)
{
    struct ran r = site_run(s, "DRSTOR_FAILPOINT=commit.before:1", SITE_PLANNED);
    if (!SITE_CHECK(r.code == SITE_KILLED, "%d\n%s%s", r.code, r.out, r.err))
        return false;
    site_fate(s, "milan", SIM_SITE_DEAD);
    r = site_run(s, NULL, SITE_UNPLANNED);
    if (!SITE_CHECK(r.code == 0, "%d\n%s%s", r.code, r.out, r.err) || !site_served(s, "rome", 2))
        return false;
    r = site_run(s, NULL, "run resume");
    return SITE_CHECK(r.code == 0 && strcmp(site_text(&r, "result"), "nothing-to-do") == 0,
                      "%d\n%s", r.code, r.out);
}

static const struct {
    const char *name;
    struct site_how how;
    bool (*run)(struct site *s);
} cases[] = {
    {"dead", {0}, dead},
    {"dead, assert_min to wait for", {.assert_min = "4s"}, dead_and_waited},
    {"dead, and observed before", {.assert_min = "4s"}, observed_before},
    {"gone while it is fenced", {0}, gone_while_fencing},
    {"killed right behind the commit", {0}, killed_behind_commit},
    {"silent, but its peer sees it", {0}, peer_is_seen},
    {"nothing declared", {0}, nothing_declared},
    {"an array that does not demote", {0}, hosts_taken_away},
    {"an array that refuses everything", {0}, refuses_everything},
    {"a fence waived without a site", {0}, waived_without_a_site},
    {"loss above what was accepted", {0}, loss_above_bound},
    {"loss grown at the commit", {0}, loss_grew},
    {"evidence older than the lock", {0}, evidence_went_stale},
    {"old copy used again before the resume", {0}, used_again_before_resume},
    {"lost in the middle of a planned move", {0}, lost_during_planned},
};

static bool
one(size_t i)
{
    struct site *s = site_new(&cases[i].how);
    bool good = SITE_CHECK(cases[i].run(s), "%s", cases[i].name);
    site_free(s);
    return good;
}

static void
test_lost_site(void **state)
{
    (void)state;
    size_t n = sizeof(cases) / sizeof(cases[0]);
    assert_int_equal(site_each(n, one), n);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lost_site)};
    return cmocka_run_group_tests_name("storage lost site", tests, site_begin, site_end);
}
