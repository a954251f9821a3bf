/* Recovery points: what a copy can be taken back to, and cloned from. */
#include "world_kit.h"

#define ERP_M "am", "erp_m"
#define ERP_R "ar", "erp_r"
#define WEB_R "ar", "web_r"
#define RW .access = DRSTOR_ACCESS_READ_WRITE
#define RO .access = DRSTOR_ACCESS_READ_ONLY
#define BACK(to) RW, .point = (to), .n_evidence = 1

static void
done(struct sim_reply r)
{
    assert_string_equal(r.words, "");
    assert_int_equal(r.outcome, DRSTOR_OUTCOME_DONE);
}

static void
refused(struct sim_reply r, const char *code)
{
    assert_string_equal(r.code, code);
    assert_int_equal(r.outcome, DRSTOR_OUTCOME_REFUSED);
}

static void
seconds(struct sim_world *w, uint64_t n)
{
    assert_int_equal(sim_advance(w, n * SIM_SECOND), 0);
}

static void
fetch(struct sim_world *w, const char *array, const char *group)
{
    struct sim_reply r = KIT_CALL(w, SIM_OP_SYNC_ONCE, array, group, .planned = true);
    assert_int_equal(r.outcome, DRSTOR_OUTCOME_JOB);
    assert_int_equal(kit_job(w, array, r.job), DRSTOR_JOB_SUCCEEDED);
}

/* The ids of what is listed, with blanks between. */
static const char *
points(struct sim_world *w, const char *array, const char *group)
{
    static char text[512];
    struct sim_view_point *list = NULL;
    size_t n = 0;
    text[0] = '\0';
    assert_int_equal(sim_view_points(w, array, group, &list, &n), 0);
    for (size_t i = 0; i < n; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "",
                 list[i].id);
    free(list);
    return text;
}

/* erp is written at milan; rome was brought up to date twice, and kept each time. */
static int
set_up(void **state)
{
    struct sim_world *w = kit_world();
    kit_writer(w, "milan", ERP_M, true);
    seconds(w, 20);
    fetch(w, ERP_R);
    done(KIT_CALL(w, SIM_OP_SNAPSHOT, ERP_R, .name = "s1", .op_id = "r1/snapshot:erp"));
    seconds(w, 11);
    fetch(w, ERP_R);
    done(KIT_CALL(w, SIM_OP_SNAPSHOT, ERP_R, .name = "s2"));
    seconds(w, 7);
    fetch(w, ERP_R);
    *state = w;
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
lose_milan(struct sim_world *w)
{
    assert_int_equal(sim_site_set(w, "milan", SIM_SITE_DEAD), 0);
}

/* Writes that S1 holds of each volume of erp: 20 s at 10 a second, and what the calls took. */
static void
is_at_s1(struct sim_world *w)
{
    assert_in_range(kit_writes(w, "ar", "erp_r_1"), 200, 202);
    assert_int_equal(kit_writes(w, "ar", "erp_r_1"), kit_writes(w, "ar", "erp_r_2"));
}

/* ---- which there are ------------------------------------------------------------------------- */

static void
snapshots_of_the_copy_are_listed_newest_first(void **state)
{
    struct sim_world *w = *state;
    struct sim_view_point *list = NULL;
    size_t n = 0;
    done(KIT_CALL(w, SIM_OP_SNAPSHOT, ERP_M, .name = "of-the-other"));
    done(KIT_CALL(w, SIM_OP_TEST_START, ERP_R, .name = "a-clone"));
    done(KIT_CALL(w, SIM_OP_POINTS, ERP_R));
    refused(KIT_CALL(w, SIM_OP_POINTS, "ar", "nobody"), "no-such-group");
    assert_string_equal(points(w, ERP_R), "s2 s1");
    assert_int_equal(sim_view_points(w, ERP_R, &list, &n), 0);
    assert_int_equal(list[1].kind, DRSTOR_POINT_ON_REQUEST);
    assert_string_equal(list[1].label, "made by r1/snapshot:erp");
    assert_string_equal(list[0].label, "");
    assert_int_equal(list[1].utc, sim_utc(w, 0) + 1000 + 20); /* the data's moment */
    struct sim_view v = kit_view(w, ERP_R);
    assert_in_range(v.point_utc, list[0].utc + 7, list[0].utc + 8);
    sim_view_clear(&v);
    free(list);
}

static void
what_a_resync_overwrote_is_no_point(void **state)
{
    struct sim_world *w = *state;
    struct sim_view v;
    done(KIT_CALL(w, SIM_OP_SNAPSHOT, ERP_M, .name = "shared"));
    fetch(w, ERP_R);
    lose_milan(w);
    done(KIT_CALL(w, SIM_OP_SET_ACCESS, ERP_R, RW, .n_evidence = 1));
    assert_int_equal(sim_site_set(w, "milan", SIM_SITE_UP), 0);
    seconds(w, 5); /* milan has writes of its own now */
    kit_writer(w, "milan", ERP_M, false);
    done(KIT_CALL(w, SIM_OP_SET_ACCESS, ERP_M, RO));
    done(KIT_CALL(w, SIM_OP_SNAPSHOT, ERP_M, .name = "left-behind"));
    assert_string_equal(points(w, ERP_M), "left-behind shared");
    done(KIT_CALL(w, SIM_OP_WITHDRAW, ERP_M, .host_groups = (const char *[]){"rhv-milan"},
                  .n_host_groups = 1));
    v = kit_view(w, ERP_M);
    struct sim_reply r = KIT_CALL(w, SIM_OP_RESYNC, ERP_M, .source = "erp_r", .target = "erp_m",
                                  .expect = v.generation);
    assert_int_equal(r.outcome, DRSTOR_OUTCOME_JOB);
    sim_view_clear(&v);
    assert_int_equal(kit_job(w, "am", r.job), DRSTOR_JOB_SUCCEEDED);
    assert_string_equal(points(w, ERP_M), "shared");
    lose_milan(w);
    assert_int_equal(sim_site_set(w, "milan", SIM_SITE_UP), 0);
    refused(KIT_CALL(w, SIM_OP_SET_ACCESS, ERP_M, BACK("left-behind")), "no-such-point");
    assert_int_equal(sim_violations_total(w), 0);
}

static struct sim_world *
world_with_retention(void)
{
    struct json_object *spec = kit_spec("virtual"), *groups, *erp;
    struct sim_world *w = NULL;
    assert_true(json_object_object_get_ex(spec, "groups", &groups));
    assert_true(json_object_object_get_ex(groups, "erp", &erp));
    json_object_object_add(erp, "point_every_s", json_object_new_int(60));
    json_object_object_add(erp, "points_kept", json_object_new_int(3));
    assert_int_equal(sim_world_new(spec, &w, NULL), 0);
    json_object_put(spec);
    assert_int_equal(sim_enter(w), 0);
    return w;
}

static void
periodic_points_come_and_go(void **state)
{
    (void)state;
    struct sim_world *w = world_with_retention(), *again = NULL;
    struct sim_view_point *list = NULL;
    char before[512];
    size_t n = 0;
    kit_writer(w, "milan", ERP_M, true);
    seconds(w, 130);
    done(KIT_CALL(w, SIM_OP_SNAPSHOT, ERP_R, .name = "kept"));
    seconds(w, 600);
    assert_int_equal(sim_view_points(w, ERP_R, &list, &n), 0);
    assert_int_equal(n, 3 + 1);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(list[i].kind, DRSTOR_POINT_PERIODIC);
        assert_string_equal(list[i].label, "every 60 s");
        assert_int_equal(strncmp(list[i].id, "point.2026", 10), 0);
        assert_true(i == 0 || list[i].utc < list[i - 1].utc);
    }
    assert_string_equal(list[3].id, "kept");
    free(list);
    snprintf(before, sizeof(before), "%s", points(w, ERP_R));

    /* A copy that follows nobody keeps what it has. */
    struct json_object *saved = sim_world_save(w);
    lose_milan(w);
    done(KIT_CALL(w, SIM_OP_SET_ACCESS, ERP_R, RW, .n_evidence = 1));
    seconds(w, 600);
    assert_string_equal(points(w, ERP_R), before);
    assert_int_equal(sim_world_new(saved, &again, NULL), 0);
    json_object_put(saved);
    assert_int_equal(sim_enter(again), 0);
    assert_string_equal(points(again, ERP_R), before);
    sim_leave(again);
    sim_world_free(again);
    sim_leave(w);
    sim_world_free(w);
}

static void
nothing_new_is_no_new_point(void **state)
{
    (void)state;
    struct sim_world *w = world_with_retention();
    assert_int_equal(sim_site_set(w, "milan", SIM_SITE_DEAD), 0);
    seconds(w, 1000);
    struct sim_view_point *list = NULL;
    size_t n = 0;
    assert_int_equal(sim_view_points(w, ERP_R, &list, &n), 0);
    assert_int_equal(n, 1);
    free(list);
    sim_leave(w);
    sim_world_free(w);
}

static void
a_clones_lun_does_not_move_when_snapshots_come_and_go(void **state)
{
    (void)state;
    struct sim_world *w = world_with_retention();
    seconds(w, 70);
    done(KIT_CALL(w, SIM_OP_TEST_START, ERP_R, .name = "drill",
                  .host_groups = (const char *[]){"rhv-rome"}, .n_host_groups = 1));
    struct sim_view v = kit_view(w, "ar", "drill");
    int lun = v.paths[0].lun;
    sim_view_clear(&v);
    seconds(w, 600);
    v = kit_view(w, "ar", "drill");
    assert_int_equal(v.paths[0].lun, lun);
    sim_view_clear(&v);
    sim_leave(w);
    sim_world_free(w);
}

/* ---- going back ------------------------------------------------------------------------------ */

static void
a_promotion_from_a_point_gives_up_what_came_after_it(void **state)
{
    struct sim_world *w = *state;
    size_t n;
    seconds(w, 3);
    lose_milan(w);
    uint64_t had = kit_writes(w, "am", "erp_m_1");
    done(KIT_CALL(w, SIM_OP_SET_ACCESS, ERP_R, BACK("s1")));
    is_at_s1(w);
    struct sim_view v = kit_view(w, ERP_R);
    assert_int_equal(v.access, DRSTOR_ACCESS_READ_WRITE);
    assert_int_equal(v.relation, DRSTOR_RELATION_NONE);
    sim_view_clear(&v);
    const struct sim_loss *losses = sim_losses(w, &n);
    assert_int_equal(n, 1);
    assert_int_equal(losses[0].writes, 2 * (had - kit_writes(w, "ar", "erp_r_1")));
    assert_in_range(losses[0].ns / SIM_SECOND, 21, 22);
    assert_string_equal(points(w, ERP_R), "s1"); /* s2 is of another future */
    assert_int_equal(sim_violations_total(w), 0);
}

static void
what_is_writable_is_never_taken_back(void **state)
{
    struct sim_world *w = *state;
    lose_milan(w);
    done(KIT_CALL(w, SIM_OP_SET_ACCESS, ERP_R, BACK("s1"), .op_id = "o"));
    done(KIT_CALL(w, SIM_OP_EXPOSE, ERP_R, .host_groups = (const char *[]){"rhv-rome"},
                  .n_host_groups = 1));
    kit_writer(w, "rome", ERP_R, true);
    seconds(w, 4);
    uint64_t had = kit_writes(w, "ar", "erp_r_1");
    done(KIT_CALL(w, SIM_OP_SET_ACCESS, ERP_R, BACK("s1"), .op_id = "o"));
    assert_in_range(kit_writes(w, "ar", "erp_r_1"), had, had + 1);
    assert_in_range(had, 240, 242);
    assert_int_equal(sim_violations_total(w), 0);
}

static void
halfway_it_ends_at_the_same_point(void **state)
{
    struct sim_world *w = *state;
    const struct sim_fault halfway = {.kind = SIM_FAULT_HALFWAY, .times = 1};
    const struct sim_request request = {
        .op = SIM_OP_SET_ACCESS, .member = -1, .array = "ar", .group = "erp_r", BACK("s1")};
    struct sim_ticket ticket;
    uint64_t look;
    assert_int_equal(sim_fault_add(w, &halfway), 0);
    assert_int_equal(sim_begin(w, &request, &ticket), 0);
    seconds(w, 130); /* replication would have brought more by now */
    assert_int_equal(sim_poll(w, ticket.id, &look), 0);
    assert_int_equal(kit_access(w, ERP_R), DRSTOR_ACCESS_READ_ONLY);
    is_at_s1(w);
    for (int i = 0; i < 2; i++) {
        done(kit_call(w, request));
        assert_int_equal(kit_access(w, ERP_R), DRSTOR_ACCESS_READ_WRITE);
        is_at_s1(w);
    }
}

static void
members_that_go_one_by_one_end_at_one_moment(void **state)
{
    struct sim_world *w = *state;
    kit_writer(w, "milan", "am", "web_m", true);
    seconds(w, 3);
    done(KIT_CALL(w, SIM_OP_SNAPSHOT, WEB_R, .name = "s3"));
    seconds(w, 3);
    lose_milan(w);
    for (int i = 0; i < 2; i++) {
        struct sim_request one = {
            .op = SIM_OP_SET_ACCESS, .member = i, .array = "ar", .group = "web_r", BACK("s3")};
        done(kit_call(w, one));
    }
    assert_int_equal(kit_writes(w, "ar", "web_r_1"), kit_writes(w, "ar", "web_r_2"));
    assert_int_equal(sim_violations_total(w), 0);
}

static void
members_of_two_moments_are_counted(void **state)
{
    struct sim_world *w = *state;
    kit_writer(w, "milan", "am", "web_m", true);
    seconds(w, 3);
    done(KIT_CALL(w, SIM_OP_SNAPSHOT, WEB_R, .name = "s3"));
    seconds(w, 3);
    lose_milan(w);
    struct sim_request one = {
        .op = SIM_OP_SET_ACCESS, .member = 0, .array = "ar", .group = "web_r", BACK("s3")};
    done(kit_call(w, one));
    one.member = 1;
    one.point = NULL;
    done(kit_call(w, one));
    assert_int_equal(sim_violations(w, SIM_V_UNEQUAL_POINTS), 1);
}

static void
a_job_goes_back_at_its_end(void **state)
{
    (void)state;
    struct json_object *spec = kit_spec("virtual"), *arrays, *rome;
    struct sim_world *w = NULL;
    assert_true(json_object_object_get_ex(spec, "arrays", &arrays));
    assert_true(json_object_object_get_ex(arrays, "ar", &rome));
    json_object_object_add(rome, "access_ms", json_object_new_int(3000));
    assert_int_equal(sim_world_new(spec, &w, NULL), 0);
    json_object_put(spec);
    assert_int_equal(sim_enter(w), 0);
    kit_writer(w, "milan", ERP_M, true);
    seconds(w, 20);
    fetch(w, ERP_R);
    done(KIT_CALL(w, SIM_OP_SNAPSHOT, ERP_R, .name = "s1"));
    seconds(w, 20);
    fetch(w, ERP_R);
    lose_milan(w);
    refused(KIT_CALL(w, SIM_OP_SET_ACCESS, ERP_R, BACK("s0")), "no-such-point");
    struct sim_reply r = KIT_CALL(w, SIM_OP_SET_ACCESS, ERP_R, BACK("s1"));
    assert_int_equal(r.outcome, DRSTOR_OUTCOME_JOB);
    assert_int_equal(kit_access(w, ERP_R), DRSTOR_ACCESS_READ_ONLY);
    assert_int_equal(kit_job(w, "ar", r.job), DRSTOR_JOB_SUCCEEDED);
    assert_int_equal(kit_access(w, ERP_R), DRSTOR_ACCESS_READ_WRITE);
    is_at_s1(w);
    sim_leave(w);
    sim_world_free(w);
}

static void
a_copy_in_the_middle_of_a_resync_has_its_points(void **state)
{
    struct sim_world *w = *state;
    struct sim_view v;
    kit_writer(w, "milan", ERP_M, false);
    done(KIT_CALL(w, SIM_OP_SNAPSHOT, ERP_M, .name = "before"));
    fetch(w, ERP_R);
    done(KIT_CALL(w, SIM_OP_SET_ACCESS, ERP_M, RO, .planned = true));
    done(KIT_CALL(w, SIM_OP_SET_ACCESS, ERP_R, RW, .planned = true));
    done(KIT_CALL(w, SIM_OP_WITHDRAW, ERP_M, .host_groups = (const char *[]){"rhv-milan"},
                  .n_host_groups = 1));
    v = kit_view(w, ERP_M);
    struct sim_reply r = KIT_CALL(w, SIM_OP_RESYNC, ERP_M, .source = "erp_r", .target = "erp_m",
                                  .expect = v.generation);
    assert_int_equal(r.outcome, DRSTOR_OUTCOME_JOB);
    sim_view_clear(&v);
    refused(KIT_CALL(w, SIM_OP_SET_ACCESS, ERP_M, RW, .n_evidence = 1), "resync-running");
    done(KIT_CALL(w, SIM_OP_SET_ACCESS, ERP_M, BACK("before")));
    assert_int_equal(sim_violations(w, SIM_V_INCONSISTENT), 0);
}

static void
a_point_goes_with_nothing_else(void **state)
{
    struct sim_world *w = *state;
    refused(KIT_CALL(w, SIM_OP_SET_ACCESS, ERP_R, BACK("s1"), .planned = true), "point");
    refused(KIT_CALL(w, SIM_OP_SET_ACCESS, ERP_R, RO, .point = "s1"), "point");
    refused(KIT_CALL(w, SIM_OP_SUSPEND, ERP_R, .point = "s1"), "point");
    refused(KIT_CALL(w, SIM_OP_SET_ACCESS, ERP_R, BACK("s9")), "no-such-point");
    kit_writer(w, "milan", ERP_M, false);
    done(KIT_CALL(w, SIM_OP_SNAPSHOT, ERP_M, .name = "m"));
    done(KIT_CALL(w, SIM_OP_SET_ACCESS, ERP_M, RO, .planned = true));
    refused(KIT_CALL(w, SIM_OP_SET_ACCESS, ERP_M, BACK("m")), "source");
}

/* ---- clones ---------------------------------------------------------------------------------- */

static void
a_clone_of_a_point_holds_exactly_that(void **state)
{
    struct sim_world *w = *state;
    struct json_object *luns, *lun, *writes;
    const char *hosts[] = {"rhv-rome"};
    refused(KIT_CALL(w, SIM_OP_TEST_START, ERP_R, .name = "drill", .point = "s9"), "no-such-point");
    for (int i = 0; i < 2; i++) /* asking twice is harmless */
        done(KIT_CALL(w, SIM_OP_TEST_START, ERP_R, .name = "drill", .point = "s1",
                      .host_groups = hosts, .n_host_groups = 1));
    assert_int_equal(sim_lun_list(w, "rome", &luns), 0);
    assert_int_equal(json_object_array_length(luns), 2 + 2); /* the clone and the active leg */
    for (size_t i = 0, clones = 0; i < 4; i++) {
        lun = json_object_array_get_idx(luns, i);
        assert_true(json_object_object_get_ex(lun, "writes", &writes));
        if (json_object_get_int64(writes) == 0)
            continue;
        assert_in_range(json_object_get_int64(writes), 200, 202);
        assert_true(++clones <= 2);
    }
    json_object_put(luns);
    assert_string_equal(points(w, ERP_R), "s2 s1");
    struct sim_view v = kit_view(w, "ar", "drill");
    assert_int_equal(v.point_utc, sim_utc(w, 0) + 1000 + 20);
    sim_view_clear(&v);
    assert_int_equal(sim_violations_total(w), 0);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(snapshots_of_the_copy_are_listed_newest_first),
        T(what_a_resync_overwrote_is_no_point),
        cmocka_unit_test(periodic_points_come_and_go),
        cmocka_unit_test(nothing_new_is_no_new_point),
        cmocka_unit_test(a_clones_lun_does_not_move_when_snapshots_come_and_go),
        T(a_promotion_from_a_point_gives_up_what_came_after_it),
        T(what_is_writable_is_never_taken_back),
        T(halfway_it_ends_at_the_same_point),
        T(members_that_go_one_by_one_end_at_one_moment),
        T(members_of_two_moments_are_counted),
        cmocka_unit_test(a_job_goes_back_at_its_end),
        T(a_copy_in_the_middle_of_a_resync_has_its_points),
        T(a_point_goes_with_nothing_else),
        T(a_clone_of_a_point_holds_exactly_that),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
