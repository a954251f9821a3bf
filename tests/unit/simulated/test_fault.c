#include "world_kit.h"

#define RW .access = DRSTOR_ACCESS_READ_WRITE
#define RO .access = DRSTOR_ACCESS_READ_ONLY
#define DEMOTE SIM_OP_SET_ACCESS, "am", "erp_m"

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
inject(struct sim_world *w, enum sim_fault_kind kind, enum sim_op op)
{
    const struct sim_fault fault = {.kind = kind, .op = op, .times = 1};
    assert_int_equal(sim_fault_add(w, &fault), 0);
}

static struct sim_ticket
send_demote(struct sim_world *w)
{
    struct sim_ticket t;
    const struct sim_request r = {.op = SIM_OP_SET_ACCESS,
                                  .member = -1,
                                  .array = "am",
                                  .group = "erp_m",
                                  .deadline_ns = sim_now(w) + 10 * SIM_SECOND,
                                  RO};
    assert_int_equal(sim_begin(w, &r, &t), 0);
    return t;
}

static void
no_answer(struct sim_world *w, const struct sim_ticket *t)
{
    uint64_t look;
    assert_int_equal(sim_poll(w, t->id, &look), 0);
    assert_true(look == SIM_NEVER);
}

static void
reply_lost_before_the_effect(void **state)
{
    inject(*state, SIM_FAULT_LOST_BEFORE, 0);
    struct sim_ticket t = send_demote(*state);
    sim_advance(*state, SIM_SECOND);
    no_answer(*state, &t);
    assert_int_equal(kit_access(*state, "am", "erp_m"), DRSTOR_ACCESS_READ_WRITE);
}

static void
reply_lost_after_the_effect(void **state)
{
    inject(*state, SIM_FAULT_LOST_AFTER, 0);
    struct sim_ticket t = send_demote(*state);
    sim_advance(*state, SIM_SECOND);
    no_answer(*state, &t);
    assert_int_equal(kit_access(*state, "am", "erp_m"), DRSTOR_ACCESS_READ_ONLY);
}

static void
late_effect_comes_within_settle(void **state)
{
    inject(*state, SIM_FAULT_LATE, 0);
    struct sim_ticket t = send_demote(*state);
    sim_advance(*state, 10 * SIM_SECOND);
    sim_abandon(*state, t.id);
    assert_int_equal(kit_access(*state, "am", "erp_m"), DRSTOR_ACCESS_READ_WRITE);
    sim_advance(*state, 2 * SIM_SECOND);
    assert_int_equal(kit_access(*state, "am", "erp_m"), DRSTOR_ACCESS_READ_ONLY);
}

static void
duplicate_strikes_again_later(void **state)
{
    inject(*state, SIM_FAULT_DUPLICATE, 0);
    KIT_CALL(*state, DEMOTE, RO);
    KIT_CALL(*state, DEMOTE, RW, .planned = true);
    assert_int_equal(kit_access(*state, "am", "erp_m"), DRSTOR_ACCESS_READ_WRITE);
    sim_advance(*state, 2 * SIM_SECOND);
    assert_int_equal(kit_access(*state, "am", "erp_m"), DRSTOR_ACCESS_READ_ONLY);
}

static void
fence_stops_the_duplicate_of_an_older_call(void **state)
{
    inject(*state, SIM_FAULT_DUPLICATE, 0);
    KIT_CALL(*state, DEMOTE, RO, .epoch = 1);
    KIT_CALL(*state, DEMOTE, RW, .planned = true, .epoch = 2);
    sim_advance(*state, 2 * SIM_SECOND);
    assert_int_equal(kit_access(*state, "am", "erp_m"), DRSTOR_ACCESS_READ_WRITE);
}

static void
slow_call_answers_later(void **state)
{
    const struct sim_fault fault = {.kind = SIM_FAULT_SLOW, .delay_ms = 3000};
    sim_fault_add(*state, &fault);
    uint64_t begun = sim_now(*state);
    KIT_CALL(*state, DEMOTE, RO);
    assert_int_equal((sim_now(*state) - begun) / SIM_MS, 3005);
}

static void
refusal_carries_the_code_and_changes_nothing(void **state)
{
    struct sim_fault fault = {.kind = SIM_FAULT_REFUSE, .code = "4711", .nth = 2, .times = 1};
    sim_fault_add(*state, &fault);
    KIT_CALL(*state, SIM_OP_TAG, "am", "erp_m");
    struct sim_reply r = KIT_CALL(*state, DEMOTE, RO);
    assert_string_equal(r.code, "4711");
    assert_int_equal(r.outcome, DRSTOR_OUTCOME_REFUSED);
    assert_int_equal(kit_access(*state, "am", "erp_m"), DRSTOR_ACCESS_READ_WRITE);
    r = KIT_CALL(*state, DEMOTE, RO);
    assert_int_equal(r.outcome, DRSTOR_OUTCOME_DONE);
}

static void
crash_is_the_callers(void **state)
{
    struct sim_counters before, after;
    inject(*state, SIM_FAULT_CRASH_BEFORE, 0);
    inject(*state, SIM_FAULT_CRASH, 0);
    sim_counters(*state, "am", &before);
    struct sim_ticket t = send_demote(*state);
    assert_true(t.crash);
    sim_counters(*state, "am", &after);
    assert_int_equal(before.calls, after.calls);
    t = send_demote(*state);
    assert_true(t.crash);
    sim_advance(*state, SIM_SECOND);
    assert_int_equal(kit_access(*state, "am", "erp_m"), DRSTOR_ACCESS_READ_ONLY);
}

static void
split_leaves_both_sides_with_writes(void **state)
{
    inject(*state, SIM_FAULT_SPLIT, 0);
    KIT_CALL(*state, SIM_OP_SUSPEND, "am", "erp_m");
    struct sim_view v = kit_view(*state, "ar", "erp_r");
    assert_int_equal(v.sync, DRSTOR_SYNC_DIVERGED);
    sim_view_clear(&v);
    assert_int_equal(sim_violations_total(*state), 0);
}

static void
partial_demotion_names_its_members(void **state)
{
    inject(*state, SIM_FAULT_PARTIAL, 0);
    struct sim_reply r = KIT_CALL(*state, DEMOTE, RO);
    assert_int_equal(r.outcome, DRSTOR_OUTCOME_PARTIAL);
    assert_int_equal(r.changed, 1);
    assert_int_equal(kit_access(*state, "am", "erp_m"), DRSTOR_ACCESS_UNKNOWN);
}

static void
torn_transfer_shows_as_unequal_points(void **state)
{
    struct sim_world *w = *state;
    kit_writer(w, "milan", "am", "erp_m", true);
    sim_advance(w, 10 * SIM_SECOND);
    inject(w, SIM_FAULT_PARTIAL, SIM_OP_SYNC_ONCE);
    struct sim_reply r = KIT_CALL(w, SIM_OP_SYNC_ONCE, "ar", "erp_r");
    assert_int_equal(kit_job(w, "ar", r.job), DRSTOR_JOB_SUCCEEDED);
    struct sim_view v = kit_view(w, "ar", "erp_r");
    assert_int_equal(v.point_utc, -1);
    sim_view_clear(&v);
    sim_site_set(w, "milan", SIM_SITE_DEAD);
    KIT_CALL(w, SIM_OP_SET_ACCESS, "ar", "erp_r", RW);
    assert_int_equal(sim_violations(w, SIM_V_UNEQUAL_POINTS), 1);
}

static void
start_on_a_partly_promoted_group_is_counted(void **state)
{
    struct sim_world *w = *state;
    struct sim_view v = kit_view(w, "am", "erp_m");
    inject(w, SIM_FAULT_PARTIAL, 0);
    KIT_CALL(w, DEMOTE, RO);
    assert_int_equal(sim_lun_writer(w, "milan", v.members[1].wwid, "vm", true), 0);
    sim_view_clear(&v);
    assert_int_equal(sim_violations(w, SIM_V_START_PARTIAL), 1);
}

static void
unguarded_array_lets_mistakes_do_harm(void **state)
{
    struct json_object *spec = kit_spec("virtual"), *arrays;
    struct sim_world *w;
    (void)state;
    json_object_object_get_ex(spec, "arrays", &arrays);
    json_object_object_foreach(arrays, name, value)
    {
        (void)name;
        json_object_object_add(value, "guards", json_object_new_boolean(0));
        json_object_object_add(value, "fence", json_object_new_string("none"));
    }
    assert_int_equal(sim_world_new(spec, &w, NULL), 0);
    json_object_put(spec);
    assert_int_equal(sim_enter(w), 0);
    kit_writer(w, "milan", "am", "erp_m", true);
    sim_advance(w, 10 * SIM_SECOND);
    KIT_CALL(w, SIM_OP_TAG, "ar", "erp_r", .epoch = 5);
    KIT_CALL(w, SIM_OP_SET_ACCESS, "ar", "erp_r", RW, .planned = true, .epoch = 4);
    assert_int_equal(sim_violations(w, SIM_V_STALE), 1);
    assert_int_equal(sim_violations(w, SIM_V_PLANNED_LOSS), 1);
    sim_advance(w, 10 * SIM_SECOND);
    KIT_CALL(w, SIM_OP_RESYNC, "am", "erp_m", .source = "erp_r", .target = "erp_m");
    assert_int_equal(sim_violations(w, SIM_V_RESYNC_WRITABLE), 1);
    assert_int_equal(sim_violations(w, SIM_V_RESYNC_EXPOSED), 1);
    assert_int_equal(sim_violations(w, SIM_V_DESTROYED), 1);
    KIT_CALL(w, SIM_OP_SET_ACCESS, "am", "erp_m", RW);
    assert_int_equal(sim_violations(w, SIM_V_INCONSISTENT), 1);
    sim_leave(w);
    sim_world_free(w);
}

static void
call_after_its_deadline_is_counted(void **state)
{
    KIT_CALL(*state, DEMOTE, RO, .deadline_ns = 1);
    assert_int_equal(sim_violations(*state, SIM_V_SENT_LATE), 1);
}

static void
silent_site_keeps_working_and_says_nothing(void **state)
{
    struct sim_world *w = *state;
    struct sim_counters n;
    kit_writer(w, "milan", "am", "erp_m", true);
    sim_site_set(w, "milan", SIM_SITE_SILENT);
    struct sim_ticket t = send_demote(w);
    assert_int_equal(t.id, 0);
    sim_advance(w, 100 * SIM_SECOND);
    no_answer(w, &t);
    assert_int_equal(kit_access(w, "am", "erp_m"), DRSTOR_ACCESS_READ_WRITE);
    assert_true(kit_writes(w, "ar", "erp_r_1") > 500);
    sim_counters(w, "am", &n);
    assert_int_equal(n.calls, 1);
    assert_int_equal(n.effects, 0);
}

static void
array_at_its_limit_is_busy(void **state)
{
    struct sim_world *w = *state;
    struct sim_ticket t[5];
    const struct sim_request r = {
        .op = SIM_OP_OBSERVE, .member = -1, .array = "am", .group = "erp_m"};
    for (int i = 0; i < 4; i++)
        assert_int_equal(sim_begin(w, &r, &t[i]), 0);
    assert_int_equal(sim_begin(w, &r, &t[4]), DRSTOR_E_BUSY);
    sim_advance(w, SIM_SECOND); /* nobody fetched an answer, and yet the slots are free */
    assert_int_equal(sim_begin(w, &r, &t[4]), 0);
}

static int
count_contacts(const struct sim_log_entry *e, void *user)
{
    unsigned *n = user;
    n[e->effect ? 1 : 0]++;
    if (e->effect)
        assert_int_equal(e->op, SIM_OP_SET_ACCESS);
    return 0;
}

static void
log_has_every_contact_and_every_effect(void **state)
{
    unsigned n[2] = {0, 0};
    KIT_CALL(*state, SIM_OP_OBSERVE, "am", "erp_m");
    inject(*state, SIM_FAULT_LOST_AFTER, 0);
    send_demote(*state);
    sim_advance(*state, SIM_SECOND);
    sim_site_set(*state, "milan", SIM_SITE_SILENT);
    send_demote(*state);
    assert_int_equal(sim_log_each(*state, count_contacts, n), 0);
    assert_int_equal(n[0], 3);
    assert_int_equal(n[1], 1);
}

/* Entered, with an array whose changes of access are jobs. */
static struct sim_world *
slow_world(void)
{
    struct json_object *spec = kit_spec("virtual"), *arrays, *am;
    struct sim_world *w;
    json_object_object_get_ex(spec, "arrays", &arrays);
    json_object_object_get_ex(arrays, "am", &am);
    json_object_object_add(am, "access_ms", json_object_new_int(5000));
    assert_int_equal(sim_world_new(spec, &w, NULL), 0);
    json_object_put(spec);
    assert_int_equal(sim_enter(w), 0);
    return w;
}

static void
a_job_whose_end_is_fenced_off_fails(void **state)
{
    (void)state;
    struct sim_world *w = slow_world();
    struct sim_reply r = KIT_CALL(w, DEMOTE, RO, .epoch = 1, .token = 2);
    assert_int_equal(r.outcome, DRSTOR_OUTCOME_JOB);
    assert_int_equal(KIT_CALL(w, SIM_OP_TAG, "am", "erp_m", .epoch = 1, .token = 9).outcome,
                     DRSTOR_OUTCOME_DONE);
    assert_int_equal(kit_job(w, "am", r.job), DRSTOR_JOB_FAILED);
    assert_int_equal(kit_access(w, "am", "erp_m"), DRSTOR_ACCESS_READ_WRITE);
    sim_leave(w);
    sim_world_free(w);
}

static void
access_as_a_job_takes_effect_at_its_end(void **state)
{
    (void)state;
    struct sim_world *w = slow_world();
    struct sim_reply r = KIT_CALL(w, DEMOTE, RO);
    assert_int_equal(r.outcome, DRSTOR_OUTCOME_JOB);
    assert_int_equal(kit_access(w, "am", "erp_m"), DRSTOR_ACCESS_READ_WRITE);
    assert_int_equal(kit_job(w, "am", r.job), DRSTOR_JOB_SUCCEEDED);
    assert_int_equal(kit_access(w, "am", "erp_m"), DRSTOR_ACCESS_READ_ONLY);
    sim_leave(w);
    sim_world_free(w);
}

static void
stepwise_group_goes_member_by_member(void **state)
{
    struct sim_world *w = *state;
    const struct sim_request r = {.op = SIM_OP_SET_ACCESS, .array = "am", .group = "web_m", RO};
    assert_int_equal(sim_steps(w, &r), 2);
    struct sim_request second = r;
    second.member = 1;
    struct sim_reply one = kit_call(w, second);
    assert_int_equal(one.outcome, DRSTOR_OUTCOME_DONE);
    assert_int_equal(kit_access(w, "am", "web_m"), DRSTOR_ACCESS_UNKNOWN);
}

static uint64_t
draw(uint64_t *state, uint64_t n)
{
    *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (*state >> 33) % n;
}

static void
random_step(struct sim_world *w, uint64_t *seed)
{
    static const char *const ids[2][4] = {{"erp_m", "db_m", "web_m", "aa_m"},
                                          {"erp_r", "db_r", "web_r", "aa_r"}};
    static const char *const hosts[2][1] = {{"rhv-milan"}, {"rhv-rome"}};
    static const char *const sites[2] = {"milan", "rome"};
    size_t side = draw(seed, 2), group = draw(seed, 4);
    struct sim_view v = kit_view(w, side ? "ar" : "am", ids[side][group]);
    char job[SIM_NAME];
    snprintf(job, sizeof(job), "job-%u", (unsigned)draw(seed, 60));
    const struct sim_request r = {.op = (enum sim_op)(1 + draw(seed, SIM_OP_COUNT - 1)),
                                  .member = draw(seed, 4) ? -1 : (int)draw(seed, 2),
                                  .planned = draw(seed, 2),
                                  .array = side ? "ar" : "am",
                                  .op_id = draw(seed, 2) ? "a" : "b",
                                  .group = ids[side][group],
                                  .epoch = draw(seed, 3),
                                  .access = draw(seed, 2) ? DRSTOR_ACCESS_READ_WRITE
                                                          : DRSTOR_ACCESS_READ_ONLY,
                                  .n_evidence = draw(seed, 2),
                                  .host_groups = hosts[side],
                                  .n_host_groups = 1,
                                  .source = ids[!side][group],
                                  .target = ids[side][group],
                                  .expect = v.generation,
                                  .name = draw(seed, 2) ? "rome" : NULL,
                                  .job = job};
    struct sim_ticket t;
    sim_begin(w, &r, &t);
    sim_view_clear(&v);
    sim_advance(w, draw(seed, 3) ? draw(seed, 200) * SIM_MS : draw(seed, 100) * SIM_SECOND);
    if (draw(seed, 20) == 0)
        sim_site_set(w, sites[draw(seed, 2)], (enum sim_site_state)(1 + draw(seed, 3)));
    if (draw(seed, 20) == 0)
        sim_link_set(w, NULL, NULL, draw(seed, 2));
    struct json_object *luns;
    assert_int_equal(sim_lun_list(w, sites[side], &luns), 0);
    size_t n = json_object_array_length(luns);
    if (n) {
        struct json_object *wwid;
        json_object_object_get_ex(json_object_array_get_idx(luns, draw(seed, n)), "wwid", &wwid);
        sim_lun_writer(w, sites[side], json_object_get_string(wwid), "w", draw(seed, 3) != 0);
    }
    json_object_put(luns);
}

/* Any calls, any faults, any fate: the world stays whole, and saving changes nothing. */
static void
random_fate_never_breaks_the_world(void **state)
{
    for (uint64_t round = 1; round <= 150; round++) {
        struct sim_world *w, *again;
        uint64_t seed = round, same;
        assert_int_equal(sim_world_copy(*state, round, &w), 0);
        for (uint32_t kind = 1; kind < SIM_FAULT_COUNT; kind++) {
            const struct sim_fault fault = {.kind = kind, .permille = 20, .delay_ms = 500};
            assert_int_equal(sim_fault_add(w, &fault), 0);
        }
        for (int i = 0; i < 60; i++)
            random_step(w, &seed);
        struct json_object *o = sim_world_save(w);
        char why[SIM_WORDS] = "";
        if (sim_world_new(o, &again, why) < 0)
            fail_msg("round %u: %s", (unsigned)round, why);
        json_object_put(o);
        same = seed;
        for (int i = 0; i < 20; i++) {
            random_step(w, &seed);
            random_step(again, &same);
        }
        struct json_object *a = sim_world_save(w), *b = sim_world_save(again);
        assert_string_equal(json_object_to_json_string(a), json_object_to_json_string(b));
        json_object_put(a);
        json_object_put(b);
        sim_world_free(w);
        sim_world_free(again);
    }
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(reply_lost_before_the_effect),
        T(reply_lost_after_the_effect),
        T(late_effect_comes_within_settle),
        T(duplicate_strikes_again_later),
        T(fence_stops_the_duplicate_of_an_older_call),
        T(slow_call_answers_later),
        T(refusal_carries_the_code_and_changes_nothing),
        T(crash_is_the_callers),
        T(split_leaves_both_sides_with_writes),
        T(partial_demotion_names_its_members),
        T(torn_transfer_shows_as_unequal_points),
        T(start_on_a_partly_promoted_group_is_counted),
        T(unguarded_array_lets_mistakes_do_harm),
        T(call_after_its_deadline_is_counted),
        T(silent_site_keeps_working_and_says_nothing),
        T(array_at_its_limit_is_busy),
        T(log_has_every_contact_and_every_effect),
        T(access_as_a_job_takes_effect_at_its_end),
        T(a_job_whose_end_is_fenced_off_fails),
        T(stepwise_group_goes_member_by_member),
        T(random_fate_never_breaks_the_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
