#include "world_kit.h"

#include <errno.h>

#define ERP_M "am", "erp_m"
#define ERP_R "ar", "erp_r"
#define RW .access = DRSTOR_ACCESS_READ_WRITE
#define RO .access = DRSTOR_ACCESS_READ_ONLY

#define refused(reply, the_code)                                                                   \
    do {                                                                                           \
        struct sim_reply r_ = (reply);                                                             \
        assert_string_equal(r_.code, the_code);                                                    \
        assert_int_equal(r_.outcome, DRSTOR_OUTCOME_REFUSED);                                      \
        assert_true(r_.status < 0);                                                                \
        assert_true(r_.words[0]);                                                                  \
    } while (0)
#define done(reply)                                                                                \
    do {                                                                                           \
        struct sim_reply r_ = (reply);                                                             \
        assert_string_equal(r_.words, "");                                                         \
        assert_int_equal(r_.outcome, DRSTOR_OUTCOME_DONE);                                         \
    } while (0)

static int
set_up(void **state)
{
    *state = kit_world();
    return 0;
}

static int
tear_down(void **state)
{
    sim_leave(*state);
    sim_world_free(*state);
    return 0;
}

static void
seconds(struct sim_world *w, uint64_t n)
{
    assert_int_equal(sim_advance(w, n * SIM_SECOND), 0);
}

static void
demote(struct sim_world *w, const char *array, const char *group)
{
    done(KIT_CALL(w, SIM_OP_SET_ACCESS, array, group, RO, .planned = true));
}

static void
sync_and_wait(struct sim_world *w, const char *array, const char *group)
{
    struct sim_reply r = KIT_CALL(w, SIM_OP_SYNC_ONCE, array, group, .planned = true);
    assert_int_equal(r.outcome, DRSTOR_OUTCOME_JOB);
    assert_int_equal(kit_job(w, array, r.job), DRSTOR_JOB_SUCCEEDED);
}

static uint64_t
violated(struct sim_world *w, enum sim_violation v)
{
    return sim_violations(w, v);
}

static void
no_violations(struct sim_world *w)
{
    assert_int_equal(sim_violations_total(w), 0);
}

/* ---- planned --------------------------------------------------------------------------------- */

static void
planned_move_loses_nothing(void **state)
{
    struct sim_world *w = *state;
    size_t n;
    kit_writer(w, "milan", ERP_M, true);
    seconds(w, 100);
    assert_int_equal(kit_writes(w, "am", "erp_m_1"), 1000);
    refused(KIT_CALL(w, SIM_OP_SET_ACCESS, ERP_R, RW, .planned = true), "peer-writable");
    demote(w, ERP_M);
    refused(KIT_CALL(w, SIM_OP_SET_ACCESS, ERP_R, RW, .planned = true), "not-synced");
    sync_and_wait(w, ERP_R);
    struct sim_view v = kit_view(w, ERP_R);
    assert_int_equal(v.sync, DRSTOR_SYNC_IN_SYNC);
    assert_int_equal(v.lag_bytes, 0);
    sim_view_clear(&v);
    done(KIT_CALL(w, SIM_OP_SET_ACCESS, ERP_R, RW, .planned = true, .epoch = 2));
    assert_int_equal(kit_access(w, ERP_R), DRSTOR_ACCESS_READ_WRITE);
    assert_int_equal(kit_writes(w, "ar", "erp_r_2"), kit_writes(w, "am", "erp_m_2"));
    const struct sim_loss *l = sim_losses(w, &n);
    assert_int_equal(n, 1);
    assert_int_equal(l[0].writes, 0);
    no_violations(w);
}

static void
called_off_move_returns_to_its_source(void **state)
{
    struct sim_world *w = *state;
    kit_writer(w, "milan", ERP_M, true);
    seconds(w, 10);
    demote(w, ERP_M);
    done(KIT_CALL(w, SIM_OP_SET_ACCESS, ERP_M, RW, .planned = true));
    seconds(w, 1);
    struct sim_view v = kit_view(w, ERP_M);
    assert_int_equal(v.relation, DRSTOR_RELATION_SOURCE);
    sim_view_clear(&v);
    no_violations(w);
}

static void
planned_needs_the_other_side(void **state)
{
    struct sim_world *w = *state;
    demote(w, ERP_M);
    sim_link_set(w, NULL, NULL, false);
    refused(KIT_CALL(w, SIM_OP_SET_ACCESS, ERP_R, RW, .planned = true), "peer-unseen");
    refused(KIT_CALL(w, SIM_OP_SYNC_ONCE, ERP_R), "peer-unseen");
}

static void
resync_reverses_and_leads_back(void **state)
{
    struct sim_world *w = *state;
    planned_move_loses_nothing(state);
    const char *hosts[] = {"rhv-milan"}, *there[] = {"rhv-rome"};
    done(KIT_CALL(w, SIM_OP_EXPOSE, ERP_R, .host_groups = there, .n_host_groups = 1, .epoch = 2));
    kit_writer(w, "rome", ERP_R, true);
    seconds(w, 30);
    struct sim_view v = kit_view(w, ERP_M);
    char generation[32];
    memcpy(generation, v.generation, sizeof(generation));
    sim_view_clear(&v);
#define REVERSE .source = "erp_r", .target = "erp_m", .epoch = 2
    refused(KIT_CALL(w, SIM_OP_RESYNC, ERP_M, REVERSE, .expect = generation), "target-exposed");
    done(KIT_CALL(w, SIM_OP_WITHDRAW, ERP_M, .host_groups = hosts, .n_host_groups = 1, .epoch = 2));
    refused(KIT_CALL(w, SIM_OP_RESYNC, ERP_M, REVERSE, .expect = "0123"), "generation");
    refused(KIT_CALL(w, SIM_OP_RESYNC, ERP_R, REVERSE, .expect = generation), "driven-elsewhere");
    struct sim_reply r = KIT_CALL(w, SIM_OP_RESYNC, ERP_M, REVERSE, .expect = generation);
    assert_int_equal(r.outcome, DRSTOR_OUTCOME_JOB);
    assert_int_equal(kit_job(w, "am", r.job), DRSTOR_JOB_SUCCEEDED);
    v = kit_view(w, ERP_M);
    assert_int_equal(v.relation, DRSTOR_RELATION_DESTINATION);
    assert_int_equal(v.sync, DRSTOR_SYNC_LAGGING);
    sim_view_clear(&v);
    done(KIT_CALL(w, SIM_OP_RESYNC, ERP_M, REVERSE, .expect = generation));
    done(KIT_CALL(w, SIM_OP_SET_ACCESS, ERP_R, RO, .planned = true, .epoch = 2));
    r = KIT_CALL(w, SIM_OP_SYNC_ONCE, ERP_M, .epoch = 2);
    assert_int_equal(kit_job(w, "am", r.job), DRSTOR_JOB_SUCCEEDED);
    done(KIT_CALL(w, SIM_OP_SET_ACCESS, ERP_M, RW, .planned = true, .epoch = 3));
    assert_int_equal(kit_writes(w, "am", "erp_m_1"), kit_writes(w, "ar", "erp_r_1"));
    no_violations(w);
}

/* ---- unplanned ------------------------------------------------------------------------------- */

static void
unplanned_over_an_answering_source_needs_evidence(void **state)
{
    struct sim_world *w = *state;
    refused(KIT_CALL(w, SIM_OP_SET_ACCESS, ERP_R, RW), "source-writable");
    refused(KIT_CALL(w, SIM_OP_FORCE_ACCESS, ERP_R), "no-evidence");
    sim_site_set(w, "milan", SIM_SITE_SILENT);
    refused(KIT_CALL(w, SIM_OP_SET_ACCESS, ERP_R, RW), "source-writable");
    done(KIT_CALL(w, SIM_OP_SET_ACCESS, ERP_R, RW, .n_evidence = 1));
    no_violations(w);
}

static void
lost_site_costs_what_was_not_replicated(void **state)
{
    struct sim_world *w = *state;
    size_t n;
    kit_writer(w, "milan", ERP_M, true);
    seconds(w, 90); /* the transfer of second 60 brought 600 writes */
    assert_int_equal(kit_writes(w, "ar", "erp_r_1"), 600);
    sim_site_set(w, "milan", SIM_SITE_DEAD);
    done(KIT_CALL(w, SIM_OP_SET_ACCESS, ERP_R, RW));
    const struct sim_loss *l = sim_losses(w, &n);
    assert_int_equal(l[0].writes, 2 * 300);
    assert_int_equal(l[0].ns / SIM_SECOND, 30);
    assert_string_equal(l[0].site, "rome");
    no_violations(w);
}

static void
returning_source_is_writable_and_a_window(void **state)
{
    struct sim_world *w = *state;
    lost_site_costs_what_was_not_replicated(state);
    const char *there[] = {"rhv-rome"};
    done(KIT_CALL(w, SIM_OP_EXPOSE, ERP_R, .host_groups = there, .n_host_groups = 1));
    kit_writer(w, "rome", ERP_R, true);
    seconds(w, 5);
    sim_site_set(w, "milan", SIM_SITE_UP);
    assert_int_equal(kit_access(w, ERP_M), DRSTOR_ACCESS_READ_WRITE);
    assert_int_equal(violated(w, SIM_V_DUAL_RETURN), 1);
    no_violations(w);
    struct sim_view v = kit_view(w, ERP_M);
    assert_int_equal(v.sync, DRSTOR_SYNC_DIVERGED);
    sim_view_clear(&v);
    kit_writer(w, "milan", ERP_M, true);
    assert_int_equal(violated(w, SIM_V_DUAL_WRITERS), 1);
}

static void
dual_writable_by_a_call_is_counted(void **state)
{
    struct sim_world *w = *state;
    const char *there[] = {"rhv-rome"};
    done(KIT_CALL(w, SIM_OP_SET_ACCESS, ERP_R, RW, .n_evidence = 1));
    assert_int_equal(violated(w, SIM_V_DUAL_WRITABLE), 0);
    done(KIT_CALL(w, SIM_OP_EXPOSE, ERP_R, .host_groups = there, .n_host_groups = 1));
    assert_int_equal(violated(w, SIM_V_DUAL_WRITABLE), 1);
}

static void
writes_nobody_gave_up_are_missed_when_overwritten(void **state)
{
    struct sim_world *w = *state;
    const char *hosts[] = {"rhv-milan"};
    lost_site_costs_what_was_not_replicated(state);
    sim_site_set(w, "milan", SIM_SITE_UP);
    kit_writer(w, "milan", ERP_M, true);
    seconds(w, 3); /* on the old primary, after the promotion weighed the loss */
    done(KIT_CALL(w, SIM_OP_WITHDRAW, ERP_M, .host_groups = hosts, .n_host_groups = 1));
    demote(w, ERP_M);
    struct sim_view v = kit_view(w, ERP_M);
    struct sim_reply r = KIT_CALL(w, SIM_OP_RESYNC, ERP_M, .source = "erp_r", .target = "erp_m",
                                  .expect = v.generation);
    sim_view_clear(&v);
    assert_int_equal(r.outcome, DRSTOR_OUTCOME_JOB);
    assert_int_equal(violated(w, SIM_V_DESTROYED), 1);
}

static void
writes_given_up_may_be_overwritten(void **state)
{
    struct sim_world *w = *state;
    const char *hosts[] = {"rhv-milan"};
    lost_site_costs_what_was_not_replicated(state);
    sim_site_set(w, "milan", SIM_SITE_UP);
    done(KIT_CALL(w, SIM_OP_WITHDRAW, ERP_M, .host_groups = hosts, .n_host_groups = 1));
    demote(w, ERP_M);
    struct sim_view v = kit_view(w, ERP_M);
    struct sim_reply r = KIT_CALL(w, SIM_OP_RESYNC, ERP_M, .source = "erp_r", .target = "erp_m",
                                  .expect = v.generation);
    sim_view_clear(&v);
    assert_int_equal(kit_job(w, "am", r.job), DRSTOR_JOB_SUCCEEDED);
    no_violations(w);
}

/* ---- replication ----------------------------------------------------------------------------- */

static void
asynchronous_point_moves_with_time(void **state)
{
    struct sim_world *w = *state;
    kit_writer(w, "milan", ERP_M, true);
    struct sim_view v = kit_view(w, ERP_R);
    int64_t first = v.point_utc;
    sim_view_clear(&v);
    seconds(w, 130);
    v = kit_view(w, ERP_R);
    assert_int_equal(v.point_utc, first + 120);
    assert_int_equal(v.sync, DRSTOR_SYNC_LAGGING);
    assert_int_equal(v.lag_s, 10);
    assert_int_equal(v.lag_bytes, 2 * 100 * 65536);
    sim_view_clear(&v);
    sim_link_set(w, NULL, NULL, false);
    seconds(w, 100);
    v = kit_view(w, ERP_R);
    assert_int_equal(v.point_utc, first + 120);
    assert_int_equal(v.sync, DRSTOR_SYNC_BROKEN);
    assert_int_equal(v.lag_bytes, -1);
    assert_int_equal(v.peer_seen, DRSTOR_TRI_NO);
    assert_int_equal(v.peer_seen_utc, first + 130);
    sim_view_clear(&v);
}

static void
synchronous_source_stops_when_alone(void **state)
{
    struct sim_world *w = *state;
    kit_writer(w, "milan", "am", "db_m", true);
    kit_writer(w, "milan", "am", "web_m", true);
    seconds(w, 10);
    assert_int_equal(kit_writes(w, "ar", "db_r_1"), 100);
    sim_link_set(w, NULL, NULL, false);
    seconds(w, 10);
    assert_int_equal(kit_writes(w, "am", "db_m_1"), 100);
    assert_int_equal(kit_writes(w, "am", "web_m_1"), 200);
    assert_int_equal(kit_writes(w, "ar", "web_r_1"), 100);
    sim_link_set(w, NULL, NULL, true);
    seconds(w, 10);
    assert_int_equal(kit_writes(w, "ar", "web_r_1"), 300);
    assert_true(kit_writes(w, "am", "db_m_1") > 180);
    assert_int_equal(kit_writes(w, "am", "db_m_1"), kit_writes(w, "ar", "db_r_1"));
    struct sim_view v = kit_view(w, "ar", "db_r");
    assert_int_equal(v.sync, DRSTOR_SYNC_IN_SYNC);
    assert_int_equal(v.stops_when_alone, DRSTOR_TRI_YES);
    sim_view_clear(&v);
}

static void
suspended_group_stands_still(void **state)
{
    struct sim_world *w = *state;
    kit_writer(w, "milan", ERP_M, true);
    done(KIT_CALL(w, SIM_OP_SUSPEND, ERP_M));
    seconds(w, 200);
    assert_int_equal(kit_writes(w, "ar", "erp_r_1"), 0);
    struct sim_view v = kit_view(w, ERP_M);
    assert_int_equal(v.sync, DRSTOR_SYNC_PAUSED);
    sim_view_clear(&v);
    refused(KIT_CALL(w, SIM_OP_SYNC_ONCE, ERP_R), "paused");
    done(KIT_CALL(w, SIM_OP_RESUME, ERP_R));
    seconds(w, 61);
    assert_true(kit_writes(w, "ar", "erp_r_1") > 1900);
}

static void
cut_link_fails_the_transfer(void **state)
{
    struct sim_world *w = *state;
    kit_writer(w, "milan", ERP_M, true);
    seconds(w, 59);
    struct sim_reply r = KIT_CALL(w, SIM_OP_SYNC_ONCE, ERP_R, .op_id = "o1");
    struct sim_reply again = KIT_CALL(w, SIM_OP_SYNC_ONCE, ERP_R, .op_id = "o1");
    assert_string_equal(again.job, r.job);
    refused(KIT_CALL(w, SIM_OP_SYNC_ONCE, ERP_M, .op_id = "o2"), "driven-elsewhere");
    refused(KIT_CALL(w, SIM_OP_SYNC_ONCE, ERP_R, .op_id = "o2"), "transfer-running");
    sim_link_set(w, "milan", "rome", false);
    assert_int_equal(kit_job(w, "ar", r.job), DRSTOR_JOB_FAILED);
    assert_int_equal(kit_writes(w, "ar", "erp_r_1"), 0);
}

static void
cancelled_job_changes_nothing(void **state)
{
    struct sim_world *w = *state;
    kit_writer(w, "milan", ERP_M, true);
    seconds(w, 59);
    struct sim_reply r = KIT_CALL(w, SIM_OP_SYNC_ONCE, ERP_R, .op_id = "o1");
    done(KIT_CALL(w, SIM_OP_CANCEL, "ar", "", .job = r.job));
    assert_int_equal(kit_job(w, "ar", r.job), DRSTOR_JOB_FAILED);
    assert_int_equal(kit_writes(w, "ar", "erp_r_1"), 0);
    refused(KIT_CALL(w, SIM_OP_CANCEL, "ar", "", .job = "job-999"), "no-such-job");
}

/* ---- active-active --------------------------------------------------------------------------- */

static void
legs(struct sim_world *w, enum drstor_leg milan, enum drstor_leg rome)
{
    struct sim_view m = kit_view(w, "am", "aa_m"), r = kit_view(w, "ar", "aa_r");
    assert_int_equal(m.leg, milan);
    assert_int_equal(r.leg, rome);
    sim_view_clear(&m);
    sim_view_clear(&r);
}

static void
legs_survive_by_preference_and_arbiter(void **state)
{
    struct sim_world *w = *state;
    done(KIT_CALL(w, SIM_OP_VERIFY_DUAL_WRITE, "ar", "aa_r"));
    kit_writer(w, "milan", "am", "aa_m", true);
    kit_writer(w, "rome", "ar", "aa_r", true);
    seconds(w, 10);
    assert_int_equal(kit_writes(w, "am", "aa_m_1"), 200);
    assert_int_equal(kit_writes(w, "ar", "aa_r_1"), 200);
    legs(w, DRSTOR_LEG_JOINED, DRSTOR_LEG_JOINED);
    sim_link_set(w, NULL, NULL, false);
    legs(w, DRSTOR_LEG_SURVIVOR, DRSTOR_LEG_DETACHED);
    assert_int_equal(kit_access(w, "am", "aa_m"), DRSTOR_ACCESS_READ_WRITE);
    assert_int_equal(kit_access(w, "ar", "aa_r"), DRSTOR_ACCESS_NONE);
    refused(KIT_CALL(w, SIM_OP_VERIFY_DUAL_WRITE, "ar", "aa_r"), "no-dual-write");
    seconds(w, 10);
    sim_link_set(w, NULL, NULL, true);
    seconds(w, 10);
    assert_int_equal(kit_access(w, "ar", "aa_r"), DRSTOR_ACCESS_READ_WRITE);
    done(KIT_CALL(w, SIM_OP_VERIFY_DUAL_WRITE, "ar", "aa_r"));
    done(KIT_CALL(w, SIM_OP_SET_PREFERRED, "ar", "aa_r", .name = "rome"));
    sim_site_set(w, "rome", SIM_SITE_DEAD);
    assert_int_equal(kit_access(w, "am", "aa_m"), DRSTOR_ACCESS_READ_WRITE);
    no_violations(w);
}

static void
a_probe_arrives_while_the_legs_are_joined_and_no_token_keeps_it_out(void **state)
{
    struct sim_world *w = *state;
    done(KIT_CALL(w, SIM_OP_TAG, "ar", "aa_r", .epoch = 5, .token = 9));
    done(KIT_CALL(w, SIM_OP_PROBE_WRITE, "am", "aa_m", .name = "m1"));
    done(KIT_CALL(w, SIM_OP_PROBE_WRITE, "ar", "aa_r", .name = "r1", .expect = "m1"));
    done(KIT_CALL(w, SIM_OP_PROBE_WRITE, "am", "aa_m", .name = "m1", .expect = "r1"));
    assert_int_equal(kit_writes(w, "am", "aa_m_1"), 0);
    sim_link_set(w, NULL, NULL, false);
    refused(KIT_CALL(w, SIM_OP_PROBE_WRITE, "am", "aa_m", .name = "m2", .expect = "r2"), "probe");
    refused(KIT_CALL(w, SIM_OP_PROBE_WRITE, "ar", "aa_r", .name = "r2"), "not-writable");
    refused(KIT_CALL(w, SIM_OP_PROBE_WRITE, "am", "erp_m", .name = "m2"), "no-dual-write");
}

static void
leg_without_arbiter_stands_until_forced(void **state)
{
    struct sim_world *w = *state;
    sim_arbiter_set(w, "aa", DRSTOR_ARBITER_ABSENT);
    sim_site_set(w, "milan", SIM_SITE_DEAD);
    legs(w, DRSTOR_LEG_UNKNOWN, DRSTOR_LEG_SUSPENDED);
    assert_int_equal(kit_access(w, "ar", "aa_r"), DRSTOR_ACCESS_NONE);
    refused(KIT_CALL(w, SIM_OP_FORCE_ACCESS, "ar", "aa_r"), "no-evidence");
    done(KIT_CALL(w, SIM_OP_FORCE_ACCESS, "ar", "aa_r", .n_evidence = 1));
    legs(w, DRSTOR_LEG_DETACHED, DRSTOR_LEG_SURVIVOR);
    assert_int_equal(kit_access(w, "ar", "aa_r"), DRSTOR_ACCESS_READ_WRITE);
    refused(KIT_CALL(w, SIM_OP_VERIFY_DUAL_WRITE, "ar", "aa_r"), "no-dual-write");
    sim_site_set(w, "milan", SIM_SITE_UP);
    seconds(w, 10);
    done(KIT_CALL(w, SIM_OP_SET_PREFERRED, "ar", "aa_r", .name = "rome"));
}

/* ---- fences, images, exposure ---------------------------------------------------------------- */

static void
older_epoch_or_token_is_refused(void **state)
{
    struct sim_world *w = *state;
    struct sim_counters n;
    done(KIT_CALL(w, SIM_OP_TAG, ERP_M, .epoch = 5, .token = 9));
    struct sim_reply r = KIT_CALL(w, SIM_OP_SET_ACCESS, ERP_M, RO, .epoch = 4, .token = 10);
    assert_string_equal(r.words, "array am knows epoch 5 token 9 of group erp_m; this call brings "
                                 "epoch 4 token 10 of an older controller");
    refused(KIT_CALL(w, SIM_OP_SET_ACCESS, ERP_M, RO, .epoch = 5, .token = 8), "stale");
    done(KIT_CALL(w, SIM_OP_SET_ACCESS, ERP_M, RO, .epoch = 5, .token = 9));
    sim_counters(w, "am", &n);
    assert_int_equal(n.fenced, 2);
    assert_int_equal(n.mutating, 4);
    struct sim_view v = kit_view(w, ERP_M);
    assert_int_equal(v.epoch, 5);
    sim_view_clear(&v);
    no_violations(w);
}

static void
drill_touches_nothing_but_its_clone(void **state)
{
    struct sim_world *w = *state;
    const char *hosts[] = {"rhv-rome"}, *wrong[] = {"rhv-oslo"};
    char(*ids)[SIM_NAME];
    size_t n, before, after;
    struct json_object *luns;
    sim_discover(w, "ar", &ids, &before);
    free(ids);
    refused(KIT_CALL(w, SIM_OP_TEST_START, ERP_R, .op_id = "d1", .host_groups = wrong,
                     .n_host_groups = 1),
            "no-such-host-group");
    for (int i = 0; i < 2; i++) /* asking twice is harmless */
        done(KIT_CALL(w, SIM_OP_TEST_START, ERP_R, .op_id = "d1", .host_groups = hosts,
                      .n_host_groups = 1));
    sim_discover(w, "ar", &ids, &n);
    free(ids);
    assert_int_equal(n, before + 1);
    struct sim_view v = kit_view(w, "ar", "test-d1");
    assert_int_equal(v.access, DRSTOR_ACCESS_READ_WRITE);
    assert_int_equal(v.n_paths, 2);
    assert_int_equal(sim_lun_writer(w, "rome", v.members[0].wwid, "drill", true), 0);
    sim_view_clear(&v);
    assert_int_equal(sim_lun_list(w, "rome", &luns), 0);
    assert_int_equal(json_object_array_length(luns), 2 + 2); /* the clone and the active leg */
    json_object_put(luns);
    assert_int_equal(kit_access(w, ERP_R), DRSTOR_ACCESS_READ_ONLY);
    for (int i = 0; i < 2; i++)
        done(KIT_CALL(w, SIM_OP_TEST_STOP, ERP_R, .op_id = "d1"));
    sim_discover(w, "ar", &ids, &after);
    free(ids);
    assert_int_equal(after, before);
    no_violations(w);
}

static void
hosts_write_only_what_they_see_writable(void **state)
{
    struct sim_world *w = *state;
    struct json_object *doc = json_tokener_parse("{\"domain\": \"d1\"}"), *got;
    struct sim_view m = kit_view(w, ERP_M), r = kit_view(w, ERP_R);
    const char *there[] = {"rhv-rome"};
    assert_int_equal(sim_lun_write(w, "milan", m.members[0].wwid, doc), 0);
    assert_int_equal(sim_lun_write(w, "rome", r.members[0].wwid, doc), -ENOENT);
    done(KIT_CALL(w, SIM_OP_EXPOSE, ERP_R, .host_groups = there, .n_host_groups = 1));
    assert_int_equal(sim_lun_write(w, "rome", r.members[0].wwid, doc), -EROFS);
    assert_int_equal(sim_lun_writer(w, "rome", r.members[0].wwid, "x", true), -EROFS);
    assert_int_equal(sim_doc_get(w, "ar", "erp_r_1", &got), 0);
    assert_string_equal(json_object_to_json_string_ext(got, JSON_C_TO_STRING_PLAIN), "{}");
    json_object_put(got);
    sync_and_wait(w, ERP_R);
    assert_int_equal(sim_doc_get(w, "ar", "erp_r_1", &got), 0);
    assert_string_equal(json_object_to_json_string_ext(got, JSON_C_TO_STRING_PLAIN),
                        "{\"domain\":\"d1\"}");
    json_object_put(got);
    json_object_put(doc);
    sim_view_clear(&m);
    sim_view_clear(&r);
}

static void
unexpected_state_is_a_conflict(void **state)
{
    struct sim_world *w = *state;
    refused(KIT_CALL(w, SIM_OP_SET_ACCESS, ERP_M, RO, .expected = DRSTOR_ACCESS_NONE),
            "state-changed");
    refused(KIT_CALL(w, SIM_OP_SET_ACCESS, "am", "nobody", RO), "no-such-group");
    refused(KIT_CALL(w, SIM_OP_EXPOSE, ERP_M), "no-host-group");
    refused(KIT_CALL(w, SIM_OP_RESYNC, ERP_R), "ends");
    refused(KIT_CALL(w, SIM_OP_SET_ACCESS, "am", "aa_m", RO), "no-roles");
}

/* ---- the same from the same seed ------------------------------------------------------------- */

static char *
story(struct sim_world *w)
{
    struct sim_fault fault = {.kind = SIM_FAULT_REFUSE, .permille = 400};
    sim_fault_add(w, &fault);
    kit_writer(w, "milan", ERP_M, true);
    for (int i = 0; i < 20; i++) {
        seconds(w, 7);
        KIT_CALL(w, i % 2 ? SIM_OP_SUSPEND : SIM_OP_RESUME, ERP_M, .op_id = "s");
        KIT_CALL(w, SIM_OP_SYNC_ONCE, ERP_R, .op_id = "t");
    }
    struct json_object *o = sim_world_save(w);
    char *text = strdup(json_object_to_json_string(o));
    json_object_put(o);
    return text;
}

static void
same_seed_tells_the_same_story(void **state)
{
    struct sim_world *copy;
    assert_int_equal(sim_world_copy(*state, 7, &copy), 0);
    struct sim_world *other;
    assert_int_equal(sim_world_copy(*state, 8, &other), 0);
    char *a = story(*state), *b = story(copy), *c = story(other);
    assert_string_equal(a, b);
    assert_string_not_equal(a, c);
    free(a);
    free(b);
    free(c);
    sim_world_free(copy);
    sim_world_free(other);
}

static void
saved_world_goes_on_as_if_nothing_was(void **state)
{
    struct sim_world *w = *state, *again;
    kit_writer(w, "milan", ERP_M, true);
    seconds(w, 61);
    KIT_CALL(w, SIM_OP_SYNC_ONCE, ERP_R, .op_id = "t");
    KIT_CALL(w, SIM_OP_TEST_START, ERP_R, .op_id = "d1");
    struct json_object *o = sim_world_save(w);
    assert_int_equal(sim_world_new(o, &again, NULL), 0);
    json_object_put(o);
    char *a = story(w), *b = story(again);
    assert_string_equal(a, b);
    free(a);
    free(b);
    sim_world_free(again);
}

/* Time may pass in one piece or in many: the same world. */
static void
time_in_pieces_is_the_same_time(void **state)
{
    struct sim_world *w = *state, *copy;
    assert_int_equal(sim_world_copy(w, 7, &copy), 0);
    kit_writer(w, "milan", ERP_M, true);
    kit_writer(copy, "milan", ERP_M, true);
    seconds(w, 1000);
    for (int i = 0; i < 1000; i++)
        seconds(copy, 1);
    struct json_object *a = sim_world_save(w), *b = sim_world_save(copy);
    assert_string_equal(json_object_to_json_string(a), json_object_to_json_string(b));
    json_object_put(a);
    json_object_put(b);
    sim_world_free(copy);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(planned_move_loses_nothing),
        T(called_off_move_returns_to_its_source),
        T(planned_needs_the_other_side),
        T(resync_reverses_and_leads_back),
        T(unplanned_over_an_answering_source_needs_evidence),
        T(lost_site_costs_what_was_not_replicated),
        T(returning_source_is_writable_and_a_window),
        T(dual_writable_by_a_call_is_counted),
        T(writes_nobody_gave_up_are_missed_when_overwritten),
        T(writes_given_up_may_be_overwritten),
        T(asynchronous_point_moves_with_time),
        T(synchronous_source_stops_when_alone),
        T(suspended_group_stands_still),
        T(cut_link_fails_the_transfer),
        T(cancelled_job_changes_nothing),
        T(legs_survive_by_preference_and_arbiter),
        T(a_probe_arrives_while_the_legs_are_joined_and_no_token_keeps_it_out),
        T(leg_without_arbiter_stands_until_forced),
        T(older_epoch_or_token_is_refused),
        T(drill_touches_nothing_but_its_clone),
        T(hosts_write_only_what_they_see_writable),
        T(unexpected_state_is_a_conflict),
        T(same_seed_tells_the_same_story),
        T(saved_world_goes_on_as_if_nothing_was),
        T(time_in_pieces_is_the_same_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
